"""Themes and scores over time. Periods without feedback are there with a base of 0, so that gaps are seen as gaps."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from feedback_nlp.analysis import intervals
from feedback_nlp.analysis.cells import CELL, score_cells, share_cells, theme_cells
from feedback_nlp.analysis.codebook_breaks import VERSIONS, one_run, period_versions, with_versions
from feedback_nlp.analysis.frames import AnalysisFrames
from feedback_nlp.analysis.outcomes import Outcome, choose_outcome
from feedback_nlp.analysis.periods import PERIOD, all_periods, in_periods, period_labels

MONTH = "month"
RECENT = 2  # months that are compared with the time before
_PERIODS = {PERIOD: pl.String}
_SUPPRESSED = pl.col("suppressed").fill_null(False)


def theme_by_month(frames: AnalysisFrames, theme_id: str, outcome: Outcome | None = None) -> pl.DataFrame:
    """Return :func:`theme_by_period` by month, with the column month ("YYYY-MM") for the period."""
    return theme_by_period(frames, theme_id, "month", outcome).rename({PERIOD: MONTH})


def theme_by_period(
    frames: AnalysisFrames, theme_id: str, unit: str = "month", outcome: Outcome | None = None
) -> pl.DataFrame:
    """Return one row a week ("YYYY-Www") or month ("YYYY-MM"), oldest first.

    Columns: period, n_feedback, base (meaningful feedback of the period) with share, share_low and share_high (Wilson,
    0..1), value_with (the outcome of those who say it), n_with, suppressed, codebook_versions (those that tagged the
    period, sorted: see :mod:`~feedback_nlp.analysis.codebook_breaks`). Null where too few people would show.
    """
    outcome, split = outcome or choose_outcome(frames), in_periods(frames, unit)
    table = _row_by_row(theme_cells(split, theme_id, PERIOD, outcome, _part_of(frames, unit)), split, unit)
    table = with_versions(table.with_columns(_no_feedback("n_feedback", "base", "n_with"), _SUPPRESSED), frames, unit)
    return table.select(
        *(PERIOD, "n_feedback", "base", "share", "share_low", "share_high", "value_with", "n_with", "suppressed"),
        VERSIONS,
    )


def score_by_month(frames: AnalysisFrames, outcome: Outcome | None = None) -> pl.DataFrame:
    """Return :func:`score_by_period` by month, with the column month ("YYYY-MM") for the period."""
    return score_by_period(frames, "month", outcome).rename({PERIOD: MONTH})


def score_by_period(frames: AnalysisFrames, unit: str = "month", outcome: Outcome | None = None) -> pl.DataFrame:
    """Return one row a period, oldest first: period, n (responses), value, low, high; null under too few people."""
    split = in_periods(frames, unit)
    table = _row_by_row(
        score_cells(split, PERIOD, outcome or choose_outcome(frames), _part_of(frames, unit)), split, unit
    )
    return table.with_columns(_no_feedback("n"), _SUPPRESSED).select(PERIOD, "n", "value", "low", "high", "suppressed")


def themes_by_month(frames: AnalysisFrames, level: int = 1) -> pl.DataFrame:
    """Return :func:`themes_by_period` by month, with the column month ("YYYY-MM") for the period."""
    return themes_by_period(frames, "month", level).rename({PERIOD: MONTH})


def themes_by_period(frames: AnalysisFrames, unit: str = "month", level: int = 1) -> pl.DataFrame:
    """Return one row a theme of ``level`` and period.

    Columns: theme_id, label, period, n_feedback, base, share and interval, suppressed, codebook_versions; null under
    too few people.
    """
    split = in_periods(frames, unit)
    table = share_cells(split, PERIOD, level, _part_of(frames, unit)).rename({CELL: PERIOD})
    grid = (
        table.select("theme_id", "label")
        .unique()
        .join(pl.DataFrame({PERIOD: period_labels(frames, unit)}, _PERIODS), how="cross")
    )
    table = grid.join(table.drop("label"), on=["theme_id", PERIOD], how="left").with_columns(
        _no_feedback("n_feedback", "base"), _SUPPRESSED
    )
    columns = ("theme_id", "label", PERIOD, "n_feedback", "base", "share", "share_low", "share_high", "suppressed")
    return with_versions(table, frames, unit).select(*columns, VERSIONS).sort("theme_id", PERIOD)


def changing_themes(frames: AnalysisFrames, level: int = 1) -> pl.DataFrame:
    """Compare the last :data:`RECENT` months with all feedback before them, theme by theme, largest rise first.

    Columns: theme_id, label, n_recent, base_recent, share_recent, n_before, base_before, share_before, change with
    change_low and change_high (Newcombe, -1..1), q (Benjamini-Hochberg over the themes). Feedback without a date counts
    as before: left out, it would be found by subtraction. Themes that too few people mention in either period, though
    somebody does, are left out, and so are months that another codebook tagged than the last one. Empty with fewer than
    ``RECENT + 2`` months.
    """
    period = _halves(frames)
    if period is None:
        return pl.DataFrame(schema=_CHANGES)
    marked = replace(frames, feedback=frames.feedback.with_columns(period.alias("__period__")))
    shares = share_cells(marked, "__period__", level).filter(pl.col("share").is_not_null())
    halves = [
        shares.filter(pl.col(CELL) == name).select(
            *("theme_id", "label"),
            *(pl.col(c).alias(f"{short}_{name}") for c, short in _COUNTED),
        )
        for name in ("recent", "before")
    ]
    table = (
        halves[0]
        .join(halves[1].drop("label"), on="theme_id")
        .with_columns((pl.col("share_recent") - pl.col("share_before")).alias("change"))
        .sort("theme_id")
    )
    k1, n1, k2, n2 = (table[c].to_numpy() for c in ("said_recent", "of_recent", "said_before", "of_before"))
    low, high = intervals.share_difference(k1, n1, k2, n2)
    p = intervals.pooled_p_value(k1, n1, k2, n2)
    return (
        table.with_columns(
            pl.Series("change_low", low, dtype=pl.Float64),
            pl.Series("change_high", high, dtype=pl.Float64),
            pl.Series("q", intervals.false_discovery(p), dtype=pl.Float64),
        )
        .with_columns(pl.col("q").fill_nan(None))
        .select(*_CHANGES)
        .sort(["change", "theme_id"], descending=[True, False])
    )


_COUNTED = (
    *(("n_feedback", "n"), ("base", "base"), ("share", "share")),
    *(("said_effective", "said"), ("base_effective", "of")),
)
_CHANGES = {
    "theme_id": pl.String,
    "label": pl.String,
    **dict.fromkeys(("n_recent", "base_recent"), pl.Int64),
    "share_recent": pl.Float64,
    **dict.fromkeys(("n_before", "base_before"), pl.Int64),
    **dict.fromkeys(("share_before", "change", "change_low", "change_high", "q"), pl.Float64),
}


def _halves(frames: AnalysisFrames) -> pl.Expr | None:
    """Return "recent" for the last :data:`RECENT` months, "before", or "earlier" for what another codebook tagged.

    None with too few months to compare. The periods are totals that :func:`changing_themes` shows, or that follow from
    them, so that each has to hide its own months well.
    """
    months = period_labels(frames, "month")
    if len(months) < RECENT + 2:
        return None
    known = [
        month for month, same in zip(months, one_run(period_versions(frames), len(months) - 1), strict=True) if same
    ]
    if len(known) < RECENT + 2:
        return None
    month = pl.col(MONTH)
    return (
        pl.when(month >= months[-RECENT])
        .then(pl.lit("recent"))
        .when(month < known[0])
        .then(pl.lit("earlier"))
        .otherwise(pl.lit("before"))
    )


def _part_of(frames: AnalysisFrames, unit: str) -> pl.Expr | None:
    """Return the published total that a period is a part of, so that no hidden one is found by subtracting the others.

    Months make up the two periods of :func:`changing_themes`. Weeks make up months only where both begin on one day:
    from one Monday that is the first of a month to the next, the sums of both are known.
    """
    if unit == "month":
        return _halves(frames)
    monday = pl.col("created_at").dt.truncate("1w")
    starts = [day for day in all_periods(frames, "month") if day.weekday() == 0] if period_labels(frames, unit) else []
    return pl.sum_horizontal(pl.lit(0), *((monday >= day).fill_null(False).cast(pl.Int64) for day in starts))


def _row_by_row(table: pl.DataFrame, frames: AnalysisFrames, unit: str) -> pl.DataFrame:
    """Drop undated rows, which only served the privacy rule, and add the periods in which nobody wrote."""
    grid = pl.DataFrame({PERIOD: period_labels(frames, unit)}, _PERIODS)
    return grid.join(table.rename({CELL: PERIOD}), on=PERIOD, how="left").sort(PERIOD)


def _no_feedback(*columns: str) -> pl.Expr:
    """Counts are 0, not null, in a month that no row describes; null stays for a month that is hidden."""
    return pl.when(pl.col("suppressed").is_null()).then(0).otherwise(pl.col(*columns)).name.keep()
