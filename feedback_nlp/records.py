"""The nouns: frozen records that every floor shares. No verbs here, and nothing heavy is imported."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

UNDETERMINED = "und"  # ISO 639-2's code for a language that could not be told
NPS_SEGMENTS = ("promoter", "passive", "detractor")
SENTIMENT_LABELS = ("negative", "neutral", "positive")
# What a statement can express; several at once, or none. "anger" takes in frustration, "disappointment" sadness, "joy"
# delight.
EMOTIONS = ("anger", "confusion", "disappointment", "worry", "joy", "gratitude", "surprise")
# What a statement wants. "churn": the customer leaves or means to; "urgent": harm, safety, law, a vulnerable person.
INTENTS = ("complaint", "suggestion", "question", "praise", "churn", "urgent")

# What an answer that says nothing is: see ``language/nonanswers.py``.
NON_ANSWER_KINDS = (
    "empty", "nothing", "not_applicable", "generic", "number", "noise", "nothing_to_improve", "nothing_good",
)  # fmt: skip
# What in a ticket, e-mail or chat is set aside because the customer does not say it: see ``language/asides``.
ASIDE_KINDS = ("quote", "signature", "greeting", "disclaimer", "log", "code", "template", "agent")

# How a theme can come into a codebook, and who worded its label ("llm": a model did, and no person has accepted it).
THEME_SOURCES = ("discovered", "guided", "person")
LABEL_SOURCES = ("phrases", "llm", "codebook", "person")
# What people can do to themes. The structural ones change what statements are tagged with.
WORDING_EDITS = ("rename", "define", "hide", "unhide")
STRUCTURAL_EDITS = ("merge", "split", "move", "pin", "unpin", "example", "create")
STATEMENT_EDITS = ("assign", "unassign")
EDIT_KINDS = (*WORDING_EDITS, *STRUCTURAL_EDITS, *STATEMENT_EDITS)

# What becomes of an action, and of a call to a customer who asked for one.
ACTION_STATES = ("planned", "doing", "done", "dropped")
CALL_STATES = ("open", "reached", "not_reached", "declined")

SentimentLabel = Literal["negative", "neutral", "positive", "mixed"]
ThemeState = Literal["candidate", "active", "retired"]
# The first five and "other" people gave; the rest are facts of a customer or ticket: yes or no, and a time in hours.
ScoreKind = Literal["nps", "csat", "ces", "stars", "likely", "other", "churn", "fcr", "flag", "resolution"]
FLAG_KINDS: tuple[ScoreKind, ...] = ("churn", "fcr", "flag")  # fcr: resolved at the first contact
FACT_KINDS: tuple[ScoreKind, ...] = (*FLAG_KINDS, "resolution")

_EMPTY: Mapping[str, Any] = MappingProxyType({})


def stable_hash(*parts: str, size: int = 12) -> str:
    """Return a hexadecimal BLAKE2b of the parts: the same on every machine, ``2 * size`` characters long."""
    return hashlib.blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=size).hexdigest()


@dataclass(frozen=True, slots=True)
class ScoreScale:
    """What a score's numbers mean. ``higher_is_better`` is False for an effort score where 1 is best."""

    name: str
    kind: ScoreKind
    minimum: float
    maximum: float
    higher_is_better: bool = True


class Aside(NamedTuple):
    """A part of a feedback that is not what the customer says: ``text[start:end]``, of one of ASIDE_KINDS."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class Feedback:
    """What one person wrote once, in answer to one question; ``text`` is already redacted.

    ``response_id`` is shared by the answers of one filled-in form (one row of a file), so that scores are
    counted once per response and not once per question. ``segments`` maps a segment column to its value.
    """

    feedback_id: str
    response_id: str
    text: str
    external_id: str | None = None
    customer_id: str | None = None
    source: str = "survey"
    channel: str | None = None
    question: str = ""
    language: str = UNDETERMINED
    created_at: datetime | None = None
    scores: Mapping[str, float] = field(default_factory=lambda: _EMPTY)
    segments: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    weight: float = 1.0  # above 0: how much the response counts, as a survey's weighting column says
    non_answer: str | None = None  # one of NON_ANSWER_KINDS, or None for an answer that says something
    asides: tuple[Aside, ...] = ()
    duplicate_key: str = ""  # hash of the text after normalising: equal keys are exact duplicates
    near_keys: tuple[int, ...] = ()  # 64-bit keys: feedback that shares one may be a near-duplicate
    content_hash: str = ""  # hash of everything above: a changed row has another one

    @property
    def is_non_answer(self) -> bool:
        """Whether there is nothing in it to analyse."""
        return self.non_answer is not None


@dataclass(frozen=True, slots=True)
class Statement:
    """One idea in a feedback: ``text == feedback.text[start:end]``. What is embedded, themed and scored."""

    statement_id: str
    feedback_id: str
    start: int
    end: int
    text: str
    language: str
    text_hash: str  # key of the vector cache


@dataclass(frozen=True, slots=True)
class EncoderIdentity:
    """Everything that decides a vector. Vectors of two identities must never meet."""

    name: str
    revision: str
    weights_sha256: str
    dimensions: int
    pooling: str
    prefix: str

    @property
    def key(self) -> str:
        """The short hash under which vectors and codebooks are stored."""
        return stable_hash(
            self.name, self.revision, self.weights_sha256, str(self.dimensions), self.pooling, self.prefix, size=8
        )


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme of a codebook. ``theme_id`` is an identity, never a rank; ``level`` is 1 (theme) or 2 (sub-theme)."""

    theme_id: str
    label: str
    level: int
    parent_id: str | None
    state: ThemeState
    threshold: float  # least cosine, in the prepared space, for a statement to be tagged with it
    keywords: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _EMPTY)  # by language
    definition: str = ""
    quote_ids: tuple[str, ...] = ()  # statement ids nearest to the centroid, one per feedback
    n_statements: int = 0  # members when it was discovered
    source: Literal["discovered", "guided", "person"] = "discovered"
    label_source: Literal["phrases", "llm", "codebook", "person"] = "phrases"
    stability: float | None = None  # 0..1: how much of it resampled fits find again; None where it was not measured
    is_emerging: bool = False  # discovered beside a guided codebook, outside all of its themes


@dataclass(frozen=True, slots=True)
class Edit:
    """What a person did to a theme; ``kind`` is one of EDIT_KINDS, ``payload`` holds plain JSON types.

    merge: {"into": theme_id} · split: {"label", "new_theme_id", "sub_themes": [ids] or "statements": [ids]} ·
    move: {"parent": theme_id or None} · pin, unpin, hide, unhide: {} · rename: {"label"} · define: {"definition"} ·
    example: {"like": [statement ids], "unlike": [statement ids]} · create: {"label", "parent": theme_id or None,
    "like": [...], "unlike": [...]} (``theme_id`` is the new one) · assign, unassign: {"statement": statement id}.
    """

    edit_id: int
    theme_id: str
    kind: str
    payload: Mapping[str, Any]
    author: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Conflict:
    """An edit that no longer fits the themes as they are. It is kept and reported; a person decides."""

    edit_id: int
    theme_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class SentimentScore:
    """How a statement feels: ``polarity`` in -1..1 (P(positive) - P(negative)) and the likeliest label.

    ``emotions`` and ``intents`` map those that were found, of EMOTIONS and INTENTS, to their probability (0..1); empty
    when there are none, None from a scorer that does not look for them.
    """

    polarity: float
    label: SentimentLabel
    confidence: float  # probability of the label, 0..1
    emotions: Mapping[str, float] | None = None
    intents: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Mention:
    """Statement x theme."""

    statement_id: str
    theme_id: str
    confidence: float
    codebook_version: int
    provenance: Literal["model", "person"] = "model"


@dataclass(frozen=True, slots=True)
class Action:
    """What a team does about a theme, and what it expects of it.

    ``since`` is the day (ISO date) from which it should show, None while that is open; ``segments`` maps a segment to
    the values that it touches (empty: everybody), whose others then serve as control; ``control_theme_id`` is a theme
    that it does not touch. ``effort`` is the team's own guess, 1 (hours) to 5 (quarters).
    """

    action_id: int
    theme_id: str
    title: str
    author: str
    created_at: datetime
    owner: str = ""
    hypothesis: str = ""
    since: str | None = None
    due: str | None = None
    state: str = "planned"  # one of ACTION_STATES
    effort: int | None = None
    segments: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _EMPTY)
    control_theme_id: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """The call back to a customer: who makes it, by when (ISO date), and what became of it (one of CALL_STATES)."""

    feedback_id: str
    owner: str
    due: str | None
    state: str
    author: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class View:
    """Which slice the reader looks at; the URL, the CLI flags and a report's subtitle all spell it out.

    ``segments`` maps a segment column to the values kept. ``facets`` maps a facet, such as touchpoint, to values of
    which one of a feedback's statements must have one. ``since`` is inclusive, ``until`` exclusive, both ISO dates.
    Empty means everything.
    """

    segments: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _EMPTY)
    languages: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    nps_segments: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    facets: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _EMPTY)
    since: str | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Tag:
    """What tagging said of one statement: its nearest theme, or why it has none."""

    statement_id: str
    best_theme_id: str | None
    best_similarity: float  # cosine to the nearest theme in the prepared space, whether or not it reached the threshold
    unthemed_reason: str | None = None
    margin: float | None = None  # cosine by which the outcome stands: to the threshold or to the next theme, whichever
    # is less; never below 0
    review: str | None = None  # why a person should look at it; None when the margin is wide enough
    facets: Mapping[str, str] = field(default_factory=lambda: _EMPTY)  # facet -> value, such as journey_stage -> use
