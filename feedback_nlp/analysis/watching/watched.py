"""The series that are watched before and after an action: a theme's share, or a score, of some people by period."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from feedback_nlp.analysis import privacy
from feedback_nlp.analysis.frames import AnalysisFrames
from feedback_nlp.analysis.outcomes import Outcome
from feedback_nlp.analysis.periods import PERIOD, period_label, period_of
from feedback_nlp.analysis.themes import share_columns
from feedback_nlp.analysis.trends import score_by_period
from feedback_nlp.analysis.weighting import (
    BASE_SQUARES,
    BASE_WEIGHT,
    SAID_WEIGHT,
    WEIGHT,
    effective,
    scaled,
    total_squares,
    total_weight,
)

FIGURES = ("value", "low", "high")


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """One series of n periods.

    ``rows`` has what may be shown: period (Date), counts, :data:`FIGURES`, suppressed. ``y`` (n,) is compared and
    ``weight`` (n,) says how much feedback is behind it, 0 where a period does not count.
    """

    rows: pl.DataFrame
    y: np.ndarray
    weight: np.ndarray


def watched_share(
    frames: AnalysisFrames, scope: AnalysisFrames, theme_id: str, periods: pl.Series, unit: str, *, negative: bool
) -> Watched:
    """Return the share (per cent) of the feedback of ``scope`` that mentions a theme, or does so in a negative way.

    Counts: n_feedback, base. With survey weights, shares go by them, and periods count by their effective numbers. A
    share that may not be shown still counts, unless hardly anybody wrote in the period.
    """
    feedback = scaled(
        scope.feedback.filter("meaningful")
        .select("feedback_id", "person_id", WEIGHT, period_of(unit))
        .drop_nulls(PERIOD)
    )
    said = frames.mentions.filter(pl.col("theme_id") == theme_id)
    if negative:
        said = said.filter(pl.col("sentiment_label") == "negative")
    marked = feedback.with_columns(pl.col("feedback_id").is_in(said["feedback_id"].unique().implode()).alias("said"))
    people = pl.col("person_id").n_unique().cast(pl.Int64)
    table = marked.group_by(PERIOD).agg(
        pl.col("said").sum().cast(pl.Int64).alias("n_feedback"),
        pl.len().cast(pl.Int64).alias("base"),
        pl.col("person_id").filter("said").n_unique().cast(pl.Int64).alias("people_said"),
        pl.col("person_id").filter(~pl.col("said")).n_unique().cast(pl.Int64).alias("people_unsaid"),
        people.alias("people"),
        pl.col(WEIGHT).filter("said").sort().sum().alias(SAID_WEIGHT),
        total_weight().alias(BASE_WEIGHT),
        total_squares().alias(BASE_SQUARES),
    )
    grid = periods.to_frame().join(table, on=PERIOD, how="left").sort(PERIOD)
    grid = grid.with_columns(pl.col(pl.Int64, pl.Float64).fill_null(0))
    few = pl.col("people").is_between(1, frames.privacy_minimum - 1)
    shares = share_columns("n_feedback", "base", weighted=True)
    shown = grid.with_columns(shares, few.alias(privacy.SUPPRESSED)).with_columns(
        *(
            (pl.col(column) * 100).alias(name)
            for column, name in zip(("share", "share_low", "share_high"), FIGURES, strict=True)
        ),
    )
    known = privacy.suppress_split(
        *(shown, "people_said", "people_unsaid", frames.privacy_minimum), blank=("n_feedback", *FIGURES)
    )
    certain = effective(grid[BASE_WEIGHT].to_numpy(), grid[BASE_SQUARES].to_numpy())[0]
    return Watched(
        known.select(PERIOD, "n_feedback", "base", *FIGURES, privacy.SUPPRESSED),
        shown["value"].to_numpy(),
        np.where(shown[privacy.SUPPRESSED].to_numpy(), 0.0, certain),
    )


def watched_score(scope: AnalysisFrames, outcome: Outcome, periods: pl.Series, unit: str) -> Watched:
    """Return the score of ``scope``; its only count is n (responses). What may not be shown does not count."""
    found = score_by_period(scope, unit, outcome).rename({PERIOD: "name"})
    rows = (
        periods.to_frame()
        .with_columns(period_label(unit, PERIOD).alias("name"))
        .join(found, on="name", how="left", maintain_order="left")
        .with_columns(pl.when(pl.col(privacy.SUPPRESSED).is_null()).then(0).otherwise("n").alias("n"))
        .with_columns(pl.col(privacy.SUPPRESSED).fill_null(False))
        .select(PERIOD, "n", *FIGURES, privacy.SUPPRESSED)
    )
    return Watched(rows, rows["value"].to_numpy(), rows["n"].fill_null(0).to_numpy().astype(np.float64))
