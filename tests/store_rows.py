"""Made-up records for the store's tests."""

from __future__ import annotations

from typing import Any

from feedback_nlp.records import EncoderIdentity, Feedback, Mention, Statement, Tag, Theme, stable_hash
from feedback_nlp.store import Store

ENCODER = EncoderIdentity("made-up", "1", "00ff", 4, "mean", "query: ")

SENTENCES = {
    "en": "The parcel came late. The driver was kind.",
    "ro": "Coletul a întârziat. Șoferul a fost amabil.",
    "ru": "Посылка опоздала. Курьер был вежлив.",
    "it": "Il pacco è arrivato tardi. L'autista era gentile.",
    "ar": "وصل الطرد متأخرًا. كان السائق لطيفًا.",
    "pl": "Paczka przyszła późno. Kierowca był miły 🙂.",
}


def feedback(feedback_id: str, text: str = SENTENCES["en"], **values: Any) -> Feedback:
    """One feedback whose content hash and duplicate key follow from its text."""
    defaults = {
        "response_id": f"r-{feedback_id}",
        "language": "en",
        "duplicate_key": stable_hash(text) if text else "",
        "content_hash": stable_hash(text, repr(sorted(values.items()))),
    }
    return Feedback(feedback_id=feedback_id, text=text, **{**defaults, **values})


def statements(item: Feedback) -> list[Statement]:
    """The sentences of a feedback, cut after each full stop."""
    found, start = [], 0
    for sentence in item.text.split(". ") if item.text else ():
        end = min(start + len(sentence) + 1, len(item.text))
        text = item.text[start:end]
        key = stable_hash(item.feedback_id, str(start), text)
        found.append(Statement(key, item.feedback_id, start, end, text, item.language, stable_hash(text)))
        start = end + 1
    return found


def ingest(store: Store, *items: Feedback) -> list[Statement]:
    """Store the feedback with its statements in a run of its own, and return the statements."""
    run_id = store.begin_run("made-up.csv", "0", {})
    cut = {item.feedback_id: statements(item) for item in items}
    store.upsert_feedback(items, cut, run_id)
    store.finish_run(run_id, {})
    return [statement for item in items for statement in cut[item.feedback_id]]


def themes() -> list[Theme]:
    """Two themes, the first with a sub-theme."""
    return [
        Theme(
            "t-delivery", "Delivery", 1, None, "active", 0.4, {"en": ("late", "parcel"), "ar": ("متأخر",)}, "", (), 7
        ),
        Theme(
            "t-late", "Late parcels", 2, "t-delivery", "active", 0.5, {"en": ("late",)}, "Came late", ("s1", "s2"), 4
        ),
        Theme("t-staff", "Staff", 1, None, "candidate", 0.45, {"en": ("kind",)}, "", (), 3),
    ]


def publish(store: Store, **values: Any) -> int:
    """Publish the made-up themes as the next codebook."""
    key = store.register_encoder(ENCODER)
    defaults: dict[str, Any] = {"themes": themes(), "arrays": {}, "settings": {}, "reason": "made up", "lineage": []}
    return store.publish_codebook(encoder_key=key, **{**defaults, **values})


def tag_all(store: Store, version: int, found: list[Statement], theme_id: str = "t-staff") -> None:
    """Tag every statement with one theme."""
    tags = [Tag(statement.statement_id, theme_id, 0.75) for statement in found]
    store.write_tags(version, tags, [Mention(tag.statement_id, theme_id, 0.5, version) for tag in tags])
