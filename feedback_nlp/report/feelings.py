"""The report's section on emotions and intents: how many express each, and who needs an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl
from markupsafe import Markup

from feedback_nlp import charts
from feedback_nlp.analysis.feeling_words import NOT_SURE, WORDS, named_feelings
from feedback_nlp.analysis.feelings import EMOTION, INTENT, NONE, feelings
from feedback_nlp.analysis.frames import AnalysisFrames
from feedback_nlp.report import wording
from feedback_nlp.report.quotes import Quote, choose_quotes

HEADINGS = {EMOTION: "What they feel", INTENT: "What they want"}
WAITING = {"urgent": "need a person now", "churn": "have left, are leaving or mean to"}
HOW_TO_READ = (
    "An answer expresses what any of its statements does, several at a time or nothing; shares are of the meaningful "
    "answers that were looked at, with 95% intervals. A sign says whether it speaks for (+) or against (\u2212). "
    + NOT_SURE
)


@dataclass(frozen=True, slots=True)
class KindOfFeeling:
    """Emotions or intents as the template shows them; ``bars`` is empty when none may be shown."""

    heading: str
    bars: Markup
    base: int | None
    none: str  # how many express no emotion, in words; empty where that is not told
    n_hidden: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Answers that somebody should see to."""

    word: str
    means: str
    n: int
    base: int
    share: float
    low: float
    high: float
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class Feelings:
    """The whole section."""

    kinds: tuple[KindOfFeeling, ...]
    waiting: tuple[Waiting, ...]
    how_to_read: str = HOW_TO_READ


def feelings_section(frames: AnalysisFrames) -> Feelings | None:
    """Return the section, None where neither emotions nor intents were looked for."""
    table = feelings(frames)
    kinds = tuple(_kind(table.filter(kind=kind), kind) for kind in HEADINGS if table.filter(kind=kind).height)
    if not kinds:
        return None
    shown = table.filter(pl.col("kind") == INTENT, pl.col("n_feedback") > 0)
    rows = {row["name"]: row for row in shown.iter_rows(named=True)}
    waiting = tuple(_waiting(frames, rows[intent]) for intent in WAITING if intent in rows)
    return Feelings(kinds, waiting)


def _kind(table: pl.DataFrame, kind: str) -> KindOfFeeling:
    shown = named_feelings(table, kind).filter(pl.col("n") > 0, pl.col("name") != NONE)
    says = "; ".join(f"{row['word']} {wording.percent(row['share'])}" for row in shown.iter_rows(named=True))
    bars = charts.to_svg(charts.feeling_bars(shown), width=230, label=f"{HEADINGS[kind]}: {says}") if says else ""
    none = table.filter(pl.col("name") == NONE, pl.col("n_feedback").is_not_null()).to_dicts()
    return KindOfFeeling(
        heading=HEADINGS[kind],
        bars=Markup(bars),
        base=table["base"][0],
        none=f"no emotion was found in {wording.percent(none[0]['share'])} ({wording.number(none[0]['n_feedback'])})"
        if none
        else "",
        n_hidden=int(table["suppressed"].sum()),
    )


def _waiting(frames: AnalysisFrames, row: dict[str, Any]) -> Waiting:
    intent = row["name"]
    return Waiting(
        word=WORDS[INTENT][intent].word,
        means=WAITING[intent],
        n=row["n_feedback"],
        base=row["base"],
        share=row["share"],
        low=row["share_low"],
        high=row["share_high"],
        quotes=choose_quotes(frames, intent=intent, limit=1),
    )
