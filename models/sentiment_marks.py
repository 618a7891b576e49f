"""What the labels of each set say about our emotions and intents: present, absent, or nothing (then it is masked)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from feedback_nlp.records import EMOTIONS, INTENTS
from feedback_nlp.records import SENTIMENT_LABELS as CLASSES

__all__ = ["CLASSES", "EMOTIONS", "INTENTS", "MADE_UP_INTENTS", "MARKS", "marks_of"]

MARKS = (*EMOTIONS, *INTENTS)
MADE_UP_INTENTS = "intent_statements"
_AT = {name: i for i, name in enumerate(MARKS)}
Row = Mapping[str, Any]

# The labels of the emotion sets in our terms; what is not named here (curiosity, trust, ...) is none of ours.
_OURS = {
    **dict.fromkeys(("anger", "annoyance", "disapproval", "disgust"), "anger"),
    "confusion": "confusion",
    **dict.fromkeys(("disappointment", "sadness", "grief", "remorse"), "disappointment"),
    **dict.fromkeys(("fear", "nervousness"), "worry"),
    **dict.fromkeys(
        ("joy", "amusement", "excitement", "love", "admiration", "pride", "relief"),
        "joy",
    ),
    "gratitude": "gratitude",
    "surprise": "surprise",
}
_EMOTIONS_OF_SETS = {
    "en_goemotions": EMOTIONS,
    "ro_red_emotions": ("anger", "disappointment", "worry", "joy", "surprise"),
    "multi_xed_emotions": ("anger", "disappointment", "worry", "joy", "surprise"),
    "en_tweeteval_emotion": ("anger", "disappointment", "joy"),
}
_ASKS = re.compile(
    r"^(?:(?:hi|hello|hey|please|so|and|ok)[,!]? )*"
    r"(what|how|when|where|why|who|which|is|are|can|could|do|does|did|will|would|should|am|has|have|may|was)\b",
    re.IGNORECASE,
)
_URGENT_LABELS = frozenset(
    (
        "compromised_card",
        "lost_or_stolen_card",
        "lost_or_stolen_phone",
        "cash_withdrawal_not_recognised",
        "card_payment_not_recognised",
        "direct_debit_payment_not_recognised",
        "report_fraud",
        "report_lost_card",
        "freeze_account",
    )
)
_HARMFUL_DOMAINS = ("medicine",)  # where a complaint may well be of harm
_LEAVING_LABELS = frozenset(("terminate_account", "delete_account"))


def marks_of(file: str, feedback: bool, row: Row) -> list[int]:
    """Return one of 1, 0, -1 (unknown) for each of MARKS. ``row`` is a row of the set, with ``polarity`` (-1 to 2)."""
    marks = [-1] * len(MARKS)
    said: dict[str, int] = {}
    if file in _EMOTIONS_OF_SETS:
        found = {_OURS.get(name) for name in (row["emotions"] or "").split(";")}
        said = {name: int(name in found) for name in _EMOTIONS_OF_SETS[file]}
    elif file in _RULES:
        said = _RULES[file](row)
    elif feedback and row["polarity"] >= 0:
        said = {"complaint": int(row["polarity"] == 0), "praise": int(row["polarity"] == 2)}
    if file not in _EMOTIONS_OF_SETS and file not in _RULES and row["polarity"] >= 1:
        said |= {"churn": 0, "urgent": 0}  # who is content, or says how things are, neither leaves nor calls for help
    elif feedback and row["polarity"] == 0 and row.get("domain") not in _HARMFUL_DOMAINS:
        said["urgent"] = 0  # hardly any complaint there is of harm, law or somebody vulnerable; churn stays open
    for name, value in said.items():
        marks[_AT[name]] = value
    return marks


def _statement(row: Row) -> dict[str, int]:
    """Our own statements: a neutral one is a plain fact. None asks, suggests, leaves or is urgent."""
    polarity = row["polarity"]
    said = dict.fromkeys(("suggestion", "question", "churn", "urgent"), 0)
    return said | {"complaint": int(polarity == 0), "praise": int(polarity == 2)} | _unfelt(polarity)


def _intents(row: Row) -> dict[str, int]:
    named = set(filter(None, (row["intents"] or "").replace(" ", "").split(",")))
    if not named <= set(INTENTS):
        raise ValueError(f"{MADE_UP_INTENTS}.tsv names an unknown intent: {sorted(named - set(INTENTS))}.")
    return {name: int(name in named) for name in INTENTS} | _unfelt(row["polarity"])


def _unfelt(polarity: int) -> dict[str, int]:
    """Return the emotions that statements of a polarity do not express; a plain fact has none."""
    never = {0: ("joy", "gratitude"), 1: EMOTIONS, 2: ("anger", "disappointment", "worry", "confusion")}
    return dict.fromkeys(never.get(polarity, ()), 0)


def _app_review(row: Row) -> dict[str, int]:
    return {
        "feature request": {"suggestion": 1, "question": 0, "urgent": 0},
        "bug report": {"suggestion": 0, "complaint": 1, "praise": 0, "urgent": 0},
        "rating": {"suggestion": 0, "question": 0, "urgent": 0},
    }.get(row["label"], {})


def _ticket(row: Row) -> dict[str, int]:
    label = row["label"]
    said = {"suggestion": int(label == "feature"), "question": int(label == "question")}
    said |= {"churn": 0, "urgent": 0, "praise": 0}
    return said | ({"complaint": 1} if label == "bug" else {})


def _course(row: Row) -> dict[str, int]:
    return {
        "best": {"suggestion": 0, "question": 0, "churn": 0, "urgent": 0, "praise": 1},
        "change": {"suggestion": 1, "question": 0, "churn": 0, "urgent": 0},
        "growth": {"question": 0, "churn": 0, "urgent": 0},
    }.get(row["question"], {})


def _request(row: Row) -> dict[str, int]:
    """What people say to assistants. Whether it asks is told by its form, as the labels are topics."""
    asks = bool(_ASKS.match(row["text"])) or "?" in row["text"]
    return {"question": int(asks), "suggestion": 0, "praise": 0}


def _labelled_request(row: Row) -> dict[str, int]:
    label = row["label"]
    return _request(row) | {"urgent": int(label in _URGENT_LABELS), "churn": int(label in _LEAVING_LABELS)}


def _clinc(row: Row) -> dict[str, int]:
    return _labelled_request(row) | {"complaint": 0, "praise": int(row["label"] == "thank_you")}


def _bitext(row: Row) -> dict[str, int]:
    return _labelled_request(row) | {"complaint": int(row["label"] == "complaint")}


def _nlupp(row: Row) -> dict[str, int]:
    # Cancelling a booking is not leaving, so those rows stay unknown.
    return _request(row) | ({"churn": 0} if row["labels"] and "cancel_close" not in row["labels"] else {})


_RULES = {
    "sentiment_statements": _statement,
    MADE_UP_INTENTS: _intents,
    "en_app_reviews_bug_feature": _app_review,
    "en_github_issue_tickets": _ticket,
    "en_course_eval_openended": _course,
    "en_clinc150": _clinc,
    "en_banking77": _labelled_request,
    "en_bitext_support": _bitext,
    "en_nlupp_multilabel": _nlupp,
    "en_hint3_chatbots": _request,
}
