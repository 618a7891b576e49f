"""Weeks and months: the period of a feedback, and the unbroken row of periods of a view.

Other periods are left out: what is hidden in one row of periods could be found by subtracting two of them.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from feedback_nlp.analysis.frames import AnalysisFrames
from feedback_nlp.errors import NothingToShow, UsageError, did_you_mean

UNITS: dict[str, str] = {"week": "1w", "month": "1mo"}
PER_YEAR: dict[str, float] = {"week": 52.1775, "month": 12.0}
PERIOD = "period"


def check_unit(unit: str) -> str:
    """Return ``unit``, or raise :class:`UsageError` when there is no such period."""
    if unit not in UNITS:
        raise UsageError(f"There is no period {unit!r}.{did_you_mean(unit, UNITS)}")
    return unit


def period_of(unit: str) -> pl.Expr:
    """Return the first day (Date) of the period of ``created_at``, null without a date; weeks begin on Monday."""
    return pl.col("created_at").dt.truncate(UNITS[check_unit(unit)]).dt.date().alias(PERIOD)


def period_label(unit: str, day: str = "created_at") -> pl.Expr:
    """Return "YYYY-Www" (ISO 8601) or "YYYY-MM" for the column ``day``; null without a date."""
    return pl.col(day).dt.strftime("%G-W%V" if check_unit(unit) == "week" else "%Y-%m")


def in_periods(frames: AnalysisFrames, unit: str) -> AnalysisFrames:
    """Return the frames with a column "period" in the feedback: the label of each one's period."""
    return replace(frames, feedback=frames.feedback.with_columns(period_label(unit).alias(PERIOD)))


def period_labels(frames: AnalysisFrames, unit: str) -> list[str]:
    """Return the labels of all periods from the first feedback to the last; none where no feedback has a date."""
    if frames.feedback["created_at"].null_count() == frames.feedback.height:
        return []
    return all_periods(frames, unit).to_frame().select(period_label(unit, PERIOD))[PERIOD].to_list()


def all_periods(frames: AnalysisFrames, unit: str) -> pl.Series:
    """Return the first days of all periods from the first feedback to the last, none left out.

    Raises :class:`NothingToShow` when no feedback has a date.
    """
    dates = frames.feedback.select(period_of(unit))[PERIOD].drop_nulls()
    if dates.is_empty():
        raise NothingToShow("No feedback in view has a date. Name the column of dates with --date when you ingest.")
    dates = dates.sort()
    return pl.select(pl.date_range(dates[0], dates[-1], UNITS[unit]).alias(PERIOD))[PERIOD]
