"""Edits carried out over a store: what is tagged afterwards, what undoing brings back, and being killed in between."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from feedback_nlp.errors import EncoderError, NothingToShow, UsageError
from feedback_nlp.pipeline import editing
from feedback_nlp.pipeline.editing import edit_theme, folded, republish, resolve_statements, undo
from feedback_nlp.pipeline.late_encoder import late_encoder
from feedback_nlp.records import Conflict, EncoderIdentity, Feedback, Statement, stable_hash
from feedback_nlp.settings import Settings
from feedback_nlp.store import Store
from tests.fake_encoder import TopicEncoder
from tests.topic_store import count_mentions, fill_and_publish, publish

# An encoder that cannot be loaded: nothing here may need one, as every statement has its vector.
SETTINGS = Settings(encoder="there-is-no-such-encoder")
COUNTS = {"t-app": 36, "t-delivery": 36, "t-staff": 36, "t-tech": 72}
PRICES = {"label": "Prices", "like": ["s-price-en-00", "f-price-it-01", "s-price-ru-02"]}

KILLED = """
import sys
from feedback_nlp.pipeline.editing import edit_theme
from feedback_nlp.store import Store
from tests.test_editing import SETTINGS, stall
with Store.open(sys.argv[1]) as store:
    stall(store, sys.argv[2], sys.argv[3])
    edit_theme(store, SETTINGS, "merge", "t-app", {"into": "t-delivery"}, "ana")
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Four topics in three languages; "price" has no theme. Published, tagged and ready."""
    with fill_and_publish(tmp_path / "x.db") as store:
        yield store


def of_topic(store: Store, theme_id: str) -> dict[str, int]:
    """How many statements of each topic mention the theme."""
    frame = store.read_frames()["mentions"]
    ids = frame.filter(theme_id=theme_id)["statement_id"]
    return dict(sorted(Counter(name.split("-")[1] for name in ids).items()))


def snapshot(store: Store) -> tuple[Any, ...]:
    frames = store.read_frames()
    return frames["themes"].rows(), frames["mentions"].rows(), frames["statements"].rows()


def stall(store: Store, method: str, when: str) -> None:
    """Have the store say so and wait for its end before or after it does something."""
    real: Callable[..., Any] = getattr(store, method)

    def slow(*args: Any, **kwargs: Any) -> Any:
        if when == "after":
            real(*args, **kwargs)
        print("inside", flush=True)
        signal.pause()

    setattr(store, method, slow)


# -- what an edit does


def test_a_merge_is_published_tagged_and_undone(store: Store) -> None:
    summary = edit_theme(store, SETTINGS, "merge", "t-app", {"into": "t-delivery"}, "ana")
    assert summary == editing.EditSummary(1, "merge", "t-app", 2, 36, ())
    assert count_mentions(store) == {"t-delivery": 72, "t-staff": 36, "t-tech": 36}
    assert of_topic(store, "t-delivery") == {"app": 36, "delivery": 36}
    facts = [(r["version"], r["base_version"], r["kind"], r["is_ready"]) for r in store.codebook_versions()]
    assert facts == [(1, 1, "fit", False), (2, 1, "edit", True)]
    assert store.count_tagged(1) == (0, 0)
    assert undo(store, SETTINGS, 1, "omar") == editing.EditSummary(1, "merge", "t-app", 3, 36, ())
    assert count_mentions(store) == COUNTS
    assert [theme.theme_id for theme in store.codebook().themes] == sorted(COUNTS)
    with pytest.raises(UsageError, match="There is no edit 1 left to undo"):
        undo(store, SETTINGS, 1, "ana")
    with pytest.raises(UsageError, match="There is no edit 9 left to undo"):
        undo(store, SETTINGS, 9, "ana")


def test_a_theme_is_made_of_examples_in_several_languages(store: Store) -> None:
    made = edit_theme(store, SETTINGS, "create", "", PRICES, "ana")
    assert (made.kind, made.codebook_version, made.n_retagged) == ("create", 2, 36)
    assert of_topic(store, made.theme_id) == {"price": 36}
    payload = store.active_edits()[0].payload
    assert payload == {
        "label": "Prices",
        "parent": None,
        "like": ["s-price-en-00", "s-price-it-01", "s-price-ru-02"],
        "unlike": [],
    }
    examples = store.edit_examples()[made.edit_id]
    assert (examples.like.shape[0], examples.like_languages, examples.unlike.shape[0]) == (3, ("en", "it", "ru"), 0)
    theme = next(theme for theme in store.codebook().themes if theme.theme_id == made.theme_id)
    assert (theme.label, theme.source, theme.label_source, theme.level) == ("Prices", "person", "person", 1)
    moved = edit_theme(store, SETTINGS, "move", made.theme_id, {"parent": "t-delivery"}, "ana")
    assert moved.codebook_version == 3
    assert of_topic(store, "t-delivery") == {"delivery": 36, "price": 36}
    again = edit_theme(store, SETTINGS, "rename", made.theme_id, {"label": "Prețuri"}, "ana")
    assert again.codebook_version == 3  # words need no new version
    assert store.read_frames()["themes"].filter(theme_id=made.theme_id)["label"].to_list() == ["Prețuri"]
    undo(store, SETTINGS, again.edit_id, "ana")
    assert store.read_frames()["themes"].filter(theme_id=made.theme_id)["label"].to_list() == ["Prices"]


def test_a_theme_is_split_by_its_sub_themes(store: Store) -> None:
    parts = {"label": "People", "sub_themes": ["t-staff"]}
    made = edit_theme(store, SETTINGS, "split", "t-tech", parts, "ana")
    assert made.theme_id == store.active_edits()[0].payload["new_theme_id"] not in COUNTS
    assert count_mentions(store) == dict(sorted((COUNTS | {"t-tech": 36, made.theme_id: 36}).items()))
    parents = {theme.theme_id: theme.parent_id for theme in store.codebook().themes}
    assert parents == {
        "t-app": "t-tech",
        "t-delivery": None,
        "t-staff": made.theme_id,
        "t-tech": None,
        made.theme_id: None,
    }


def test_what_a_person_says_of_a_statement_survives_every_edit(store: Store) -> None:
    word = edit_theme(store, SETTINGS, "assign", "t-app", {"statement": "f-price-en-00"}, "ana")
    off = edit_theme(store, SETTINGS, "unassign", "t-delivery", {"statement": "s-delivery-it-11"}, "ana")
    assert (word.codebook_version, off.codebook_version) == (1, 1)  # laid on, not published
    assert of_topic(store, "t-app") == {"app": 36, "price": 1}
    assert of_topic(store, "t-delivery") == {"delivery": 35}
    edit_theme(store, SETTINGS, "merge", "t-app", {"into": "t-staff"}, "ana")
    assert of_topic(store, "t-staff") == {"app": 36, "price": 1, "staff": 36}
    assert of_topic(store, "t-tech") == {"app": 36, "price": 1, "staff": 36}
    assert of_topic(store, "t-delivery") == {"delivery": 35}
    undo(store, SETTINGS, word.edit_id, "ana")
    assert of_topic(store, "t-staff") == {"app": 36, "staff": 36}


def test_several_edits_are_published_once(store: Store) -> None:
    first = edit_theme(store, SETTINGS, "merge", "t-app", {"into": "t-delivery"}, "ana", publish=False)
    assert (first.codebook_version, first.n_retagged) == (1, 0)
    assert count_mentions(store) == COUNTS
    last = edit_theme(store, SETTINGS, "merge", "t-staff", {"into": "t-delivery"}, "ana")
    assert last.codebook_version == 2
    assert of_topic(store, "t-delivery") == {"app": 36, "delivery": 36, "staff": 36}


@pytest.mark.parametrize(
    ("kind", "theme_id", "payload", "message"),
    [
        ("merge", "t-ap", {"into": "t-staff"}, "There is no theme 't-ap'. Did you mean 't-app'?"),
        ("merge", "t-app", {"into": "t-app"}, "one theme already"),
        ("move", "t-tech", {"parent": "t-delivery"}, "'t-tech' has sub-themes: there are two levels only."),
        ("split", "t-tech", {"label": "x", "sub_themes": ["t-delivery"]}, "is no sub-theme of 't-tech'."),
        ("assign", "t-app", {"statement": "f-none"}, "There is no statement or feedback 'f-none'."),
        ("example", "t-app", {"like": ["s-app-en-00", "nobody"]}, "There is no statement or feedback 'nobody'."),
        ("example", "t-app", {}, "An example needs 'like' or 'unlike'; it came with none."),
        ("mergee", "t-app", {}, "'mergee' is not a kind of edit. Did you mean 'merge'?"),
    ],
)
def test_what_does_not_fit_is_refused_and_leaves_nothing(
    store: Store, kind: str, theme_id: str, payload: dict[str, Any], message: str
) -> None:
    before = store.data_version()
    with pytest.raises(UsageError) as caught:
        edit_theme(store, SETTINGS, kind, theme_id, payload, "ana")
    assert message in str(caught.value)
    assert (store.data_version(), store.edits()) == (before, [])


def test_a_feedback_with_several_statements_says_which(store: Store) -> None:
    text = "One. Two."
    item = Feedback("f-two", "r-two", text, language="en", duplicate_key="two", content_hash="two")
    cut = [Statement(f"s-{n}", "f-two", n, n + 4, text[n : n + 4], "en", stable_hash(text[n : n + 4])) for n in (0, 5)]
    run = store.begin_run("made-up.csv", "0", {})
    store.upsert_feedback([item], {"f-two": cut}, run)
    store.finish_run(run, {})
    with pytest.raises(UsageError, match=r"Feedback 'f-two' has 2 statements: s-0, s-5. Name those meant."):
        resolve_statements(store, ["f-two"])
    assert resolve_statements(store, ["s-5", "f-app-en-00", "s-5"]) == ["s-5", "s-app-en-00"]


def test_without_a_codebook_there_is_nothing_to_edit(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'empty.db'}") as empty:
        for act in (folded, lambda store: republish(store, SETTINGS)):
            with pytest.raises(NothingToShow, match="There is no codebook yet"):
                act(empty)


# -- encoders


def test_only_texts_without_a_vector_need_the_encoder(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "Please look at the price"
    item = Feedback("f-new", "r-new", text, language="en", duplicate_key="new", content_hash="new")
    run = store.begin_run("made-up.csv", "0", {})
    store.upsert_feedback([item], {"f-new": [Statement("s-new", "f-new", 0, 24, text, "en", "new-text")]}, run)
    store.finish_run(run, {})
    with pytest.raises(EncoderError, match="there-is-no-such-encoder"):
        edit_theme(store, SETTINGS, "pin", "t-app", {}, "ana")
    # The edit is written down; the next command that can, carries it out.
    assert [edit.kind for edit in store.active_edits()] == ["pin"]
    monkeypatch.setattr("feedback_nlp.encoding.load_encoder", lambda settings: TopicEncoder())
    late = late_encoder(store, SETTINGS, TopicEncoder().identity.key)
    assert late.encode([text]).tolist() == TopicEncoder().encode([text]).tolist()
    assert republish(store, SETTINGS) == 2
    assert store.codebook().settings["pinned"] == ["t-app"]
    assert store.count_tagged(2)[0] == 145


def test_another_encoder_is_refused(store: Store) -> None:
    key = store.register_encoder(EncoderIdentity("other", "1", "0" * 64, 4, "mean", ""))

    class Other:
        identity = store.encoders()[key]

    with pytest.raises(EncoderError, match="Vectors of two encoders cannot be compared"):
        edit_theme(store, SETTINGS, "pin", "t-app", {}, "ana", encoder=Other())  # type: ignore[arg-type]
    assert store.edits() == []


# -- other bases, erased people


def test_edits_are_folded_over_the_next_base_and_what_does_not_fit_is_said(store: Store) -> None:
    edit_theme(store, SETTINGS, "merge", "t-app", {"into": "t-delivery"}, "ana")
    prices = edit_theme(store, SETTINGS, "create", "", PRICES, "ana")
    places = {"app": ("t-app", None), "staff": None, "delivery": ("t-other", None), "price": None}
    assert publish(store, lambda topic, language: places[topic]) == 4
    assert count_mentions(store)["t-delivery"] == 72  # readers still see the last one that is ready
    assert republish(store, SETTINGS) == 5
    assert count_mentions(store) == {"t-app": 36, "t-other": 36, prices.theme_id: 36}
    assert [(c.edit_id, c.theme_id) for c in folded(store).conflicts] == [(1, "t-app")]
    assert isinstance(folded(store).conflicts[0], Conflict)
    assert republish(store, SETTINGS) == 5
    ready = [row["version"] for row in store.codebook_versions() if row["is_ready"]]
    assert ready == [3, 5]  # the last one of each base


def test_publishing_again_without_a_reason_writes_nothing(store: Store) -> None:
    edit_theme(store, SETTINGS, "pin", "t-app", {}, "ana")
    before = store.data_version()
    assert republish(store, SETTINGS) == 2
    assert store.data_version() == before


def test_examples_of_who_was_erased_leave_the_theme_and_the_files(store: Store, tmp_path: Path) -> None:
    like = ["s-price-en-00", "s-price-it-01"]
    made = edit_theme(store, SETTINGS, "create", "", {"label": "Prices", "like": like}, "ana")
    assert len(store.codebook().arrays["prototypes"]) == 6  # of three themes, the two examples and their centre
    run = store.begin_run("made-up.csv", "0", {})
    text = store.read_frames()["feedback"].filter(feedback_id="f-price-en-00")["text"][0]
    mine = Feedback("f-price-en-00", "r", text, customer_id="me", language="en", content_hash="me", duplicate_key="me")
    said = Statement("s-price-en-00", "f-price-en-00", 0, len(text), text, "en", stable_hash(text))
    store.upsert_feedback([mine], {"f-price-en-00": [said]}, run)
    store.finish_run(run, {})
    # (The encoder gives other texts the same vector, so that the vector itself proves nothing.)
    secrets = [b"s-price-en-00", store.codebook().arrays["prototypes"][3].tobytes()]

    def held() -> list[bool]:
        files = b"".join(file.read_bytes() for file in tmp_path.iterdir())
        return [secret in files for secret in secrets]

    assert held() == [True] * 2
    assert store.erase(["me"]).n_in_edits == 1
    assert republish(store, SETTINGS) == 3
    assert store.wipe()
    assert held() == [False] * 2
    assert len(store.codebook().arrays["prototypes"]) == 4
    assert of_topic(store, made.theme_id).keys() == {"price"}
    with pytest.raises(UsageError, match="Codebook version 2 was superseded"):
        store.codebook(2)


# -- being killed


@pytest.mark.parametrize(
    ("method", "when"),
    [
        ("add_edit", "before"),
        ("add_edit", "after"),
        ("publish_codebook", "after"),
        ("write_tags", "after"),
        ("mark_ready", "after"),
        ("drop_superseded_tags", "after"),
    ],
)
def test_killed_at_any_step_readers_see_a_whole_codebook_and_the_next_command_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, when: str
) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    with fill_and_publish(tmp_path / "x.db") as store:
        before = snapshot(store)
    command = [sys.executable, "-c", KILLED, url, method, when]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "inside\n"
        child.send_signal(signal.SIGKILL)
    with Store.open(url) as store:
        done = method in ("mark_ready", "drop_superseded_tags")
        assert (snapshot(store) == before) is not done
        written = when == "after"
        assert republish(store, SETTINGS) == (2 if written else 1)
        assert count_mentions(store) == ({"t-delivery": 72, "t-staff": 36, "t-tech": 36} if written else COUNTS)
        assert [row["version"] for row in store.codebook_versions() if row["is_ready"]] == [2 if written else 1]
        if written:
            assert store.count_tagged(1) == (0, 0)
            undo(store, SETTINGS, 1, "ana")
            assert count_mentions(store) == COUNTS
