"""Themes and scores by month. Months without feedback are there with a base of 0, so that gaps are seen as gaps."""

from __future__ import annotations

import polars as pl

from feedback_nlp.analysis import intervals
from feedback_nlp.analysis.cells import CELL, score_cells, share_cells, theme_cells
from feedback_nlp.analysis.frames import AnalysisFrames
from feedback_nlp.analysis.outcomes import Outcome, choose_outcome

MONTH = "month"


def theme_by_month(frames: AnalysisFrames, theme_id: str, outcome: Outcome | None = None) -> pl.DataFrame:
    """Return one row a month ("YYYY-MM"), oldest first.

    Columns: month, n_feedback, base (meaningful feedback of the month), share with share_low and share_high
    (Wilson, 0..1), value_with (the outcome of those who say it), n_with. Null where too few people would show.
    """
    table = _monthly(theme_cells(frames, theme_id, MONTH, outcome or choose_outcome(frames)), frames)
    return table.with_columns(_no_feedback("n_feedback", "base", "n_with")).select(
        MONTH, "n_feedback", "base", "share", "share_low", "share_high", "value_with", "n_with"
    )


def score_by_month(frames: AnalysisFrames, outcome: Outcome | None = None) -> pl.DataFrame:
    """Return one row a month, oldest first: month, n (responses), value, low, high; null under too few people."""
    table = _monthly(score_cells(frames, MONTH, outcome or choose_outcome(frames)), frames)
    return table.with_columns(_no_feedback("n")).select(MONTH, "n", "value", "low", "high")


def themes_by_month(frames: AnalysisFrames, level: int = 1) -> pl.DataFrame:
    """Return one row a theme of ``level`` and month: theme_id, label, month, n_feedback, base, share and interval."""
    table = share_cells(frames, MONTH, level).filter(pl.col(CELL).is_not_null()).rename({CELL: MONTH})
    months = _months(frames)
    if table.is_empty() or not months:
        return table.select("theme_id", "label", MONTH, "n_feedback", "base", "share", "share_low", "share_high")
    grid = table.select("theme_id", "label").unique().join(pl.DataFrame({MONTH: months}), how="cross")
    table = grid.join(table.drop("label"), on=["theme_id", MONTH], how="left").with_columns(
        _no_feedback("n_feedback", "base")
    )
    return table.select("theme_id", "label", MONTH, "n_feedback", "base", "share", "share_low", "share_high").sort(
        "theme_id", MONTH
    )


def changing_themes(frames: AnalysisFrames, level: int = 1, recent: int = 2) -> pl.DataFrame:
    """Compare the last ``recent`` months with the months before them, theme by theme, largest rise first.

    Columns: theme_id, label, n_recent, base_recent, share_recent, n_before, base_before, share_before, change with
    change_low and change_high (Newcombe, -1..1), q (Benjamini-Hochberg over the themes). Empty with fewer than
    ``recent + 2`` months. Months hidden for privacy do not count.
    """
    schema = {
        "theme_id": pl.String,
        "label": pl.String,
        **dict.fromkeys(("n_recent", "base_recent"), pl.Int64),
        "share_recent": pl.Float64,
        **dict.fromkeys(("n_before", "base_before"), pl.Int64),
        **dict.fromkeys(("share_before", "change", "change_low", "change_high", "q"), pl.Float64),
    }
    months = _months(frames)
    if len(months) < recent + 2:
        return pl.DataFrame(schema=schema)
    late = pl.col(MONTH) >= months[-recent]
    count, base = pl.col("n_feedback"), pl.col("base")
    table = (
        themes_by_month(frames, level)
        .group_by("theme_id", "label")
        .agg(
            count.filter(late).sum().alias("n_recent"),
            base.filter(late).sum().alias("base_recent"),
            count.filter(~late).sum().alias("n_before"),
            base.filter(~late).sum().alias("base_before"),
        )
        .filter((pl.col("base_recent") > 0) & (pl.col("base_before") > 0))
        .with_columns(
            (pl.col("n_recent") / pl.col("base_recent")).alias("share_recent"),
            (pl.col("n_before") / pl.col("base_before")).alias("share_before"),
        )
        .with_columns((pl.col("share_recent") - pl.col("share_before")).alias("change"))
        .sort("theme_id")
    )
    k1, n1, k2, n2 = (
        table[c].cast(pl.Float64).to_numpy() for c in ("n_recent", "base_recent", "n_before", "base_before")
    )
    low, high = intervals.share_difference(k1, n1, k2, n2)
    p = intervals.pooled_p_value(k1, n1, k2, n2)
    return (
        table.with_columns(
            pl.Series("change_low", low, dtype=pl.Float64),
            pl.Series("change_high", high, dtype=pl.Float64),
            pl.Series("q", intervals.false_discovery(p), dtype=pl.Float64),
        )
        .with_columns(pl.col("q").fill_nan(None))
        .select(*schema)
        .sort(["change", "theme_id"], descending=[True, False])
    )


def _monthly(table: pl.DataFrame, frames: AnalysisFrames) -> pl.DataFrame:
    """Drop undated rows, which only served the privacy rule, and add the months in which nobody wrote."""
    grid = pl.DataFrame({MONTH: _months(frames)}, schema={MONTH: pl.String})
    return grid.join(table.rename({CELL: MONTH}), on=MONTH, how="left").sort(MONTH)


def _no_feedback(*columns: str) -> pl.Expr:
    """Counts are 0, not null, in a month that no row describes; null stays for a month that is hidden."""
    return pl.when(pl.col("suppressed").is_null()).then(0).otherwise(pl.col(*columns)).name.keep()


def _months(frames: AnalysisFrames) -> list[str]:
    """Every month from the first to the last with feedback."""
    present = sorted(frames.feedback["month"].drop_nulls().unique())
    if not present:
        return []
    first, last = (int(text[:4]) * 12 + int(text[5:]) - 1 for text in (present[0], present[-1]))
    return [f"{month // 12:04d}-{month % 12 + 1:02d}" for month in range(first, last + 1)]
