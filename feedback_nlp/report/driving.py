"""The report's section on what moves the score, what comes up unusually often, and what changed the score."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
from markupsafe import Markup

from feedback_nlp import charts
from feedback_nlp.analysis.drivers import Drivers, drivers
from feedback_nlp.analysis.drivers.changes import ScoreChange, score_change_on
from feedback_nlp.analysis.drivers.table import CLEAR_Q
from feedback_nlp.analysis.frames import AnalysisFrames
from feedback_nlp.analysis.outcomes import Outcome
from feedback_nlp.analysis.watching.alerts import alerts
from feedback_nlp.errors import NothingToShow
from feedback_nlp.report import wording

CHARTED = 15
TOLD = 3  # themes that are named in the sentence of what changed


@dataclass(frozen=True, slots=True)
class Moves:
    """The whole section. ``rows`` are the contributions, most damaging first; ``held`` says what is held constant."""

    found: Drivers
    bars: Markup
    rows: tuple[dict[str, Any], ...]
    n_known: int
    total: float
    held: str
    clear: float = CLEAR_Q


@dataclass(frozen=True, slots=True)
class Change:
    """What changed the score from the first half of the dated feedback to the second, beyond chance."""

    found: ScoreChange
    day: datetime
    themes: tuple[dict[str, Any], ...]


def moves_section(frames: AnalysisFrames, outcome: Outcome, level: int) -> Moves | None:
    """Return the section, None where too few people have the outcome or no theme can be weighed."""
    try:
        found = drivers(frames, outcome=outcome, level=level)
    except NothingToShow:
        return None
    known = found.table.filter(pl.col("contribution").is_not_null())
    if known.is_empty():
        return None
    furthest = known.sort([pl.col("contribution").abs(), "theme_id"], descending=[True, False]).head(CHARTED)
    shown = furthest.sort(outcome.sign * pl.col("contribution"), "theme_id")
    noun = wording.outcome_noun(outcome)
    bars = charts.contribution_bars(shown, unit=outcome.unit, clear=CLEAR_Q, digits=outcome.digits)
    held = sorted({name.partition("=")[0].replace("_", " ") for name in found.controls})
    return Moves(
        found=found,
        bars=Markup(charts.to_svg(bars, width=470, label=f"What each theme adds to {noun}")),
        rows=tuple(shown.to_dicts()),
        n_known=known.height,
        total=float(known["contribution"].sum()),
        held=", ".join(held),
    )


def alarms(frames: AnalysisFrames, level: int) -> tuple[dict[str, Any], ...]:
    """Return the alarms of the latest two months, newest first; none where nothing is dated."""
    try:
        found = alerts(frames, level=level)
    except NothingToShow:
        return ()
    return tuple(found.filter("alarm").to_dicts())


def change_section(frames: AnalysisFrames, outcome: Outcome, level: int) -> Change | None:
    """Return what changed the outcome from the first half to the second, None unless the interval leaves 0 out."""
    dates = frames.feedback["created_at"].drop_nulls().sort()
    if dates.is_empty() or dates[0].date() == dates[-1].date():
        return None
    day = dates[len(dates) // 2]
    try:
        found = score_change_on(frames, f"{day:%Y-%m-%d}", outcome=outcome, level=level)
    except NothingToShow:
        return None
    if found.change_low <= 0 <= found.change_high:
        return None
    return Change(found, day, tuple(found.table.head(TOLD).to_dicts()))
