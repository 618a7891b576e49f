"""Themes and scores by segment: plan, region, language, question, source, channel or NPS segment, or two crossed."""

from __future__ import annotations

import polars as pl

from feedback_nlp.analysis import intervals
from feedback_nlp.analysis.cells import TESTED, named, score_cells, share_cells, theme_cells
from feedback_nlp.analysis.crossing_cells import SEGMENT
from feedback_nlp.analysis.crossings import crossed_shares
from feedback_nlp.analysis.frames import AnalysisFrames, segment_column
from feedback_nlp.analysis.outcomes import Outcome, choose_outcome


def theme_by_segment(frames: AnalysisFrames, theme_id: str, by: str, outcome: Outcome | None = None) -> pl.DataFrame:
    """Return one row a value of ``by``: how often the theme is said there, and the score of those who say it.

    Columns: segment_value, n_feedback, base (meaningful feedback of the segment), share with share_low and
    share_high (Wilson, 0..1), n_with, value_with with value_with_low and value_with_high, net_sentiment
    (-100..100), suppressed. Figures of too few people are null. Raises :class:`~feedback_nlp.errors.UsageError` for an
    unknown theme or segment.
    """
    table = theme_cells(frames, theme_id, segment_column(frames, by), outcome or choose_outcome(frames))
    return named(table, SEGMENT)


def compare_segments(frames: AnalysisFrames, by: str, *, across: str | None = None, level: int = 1) -> pl.DataFrame:
    """Return one row a theme and value of ``by``, tidy, with the share there against the share overall.

    Columns: theme_id, label, segment_value, n_feedback, base, share, share_low, share_high, overall_share, difference
    (share - overall_share) with difference_low and difference_high, suppressed, q (Benjamini-Hochberg over all pairs
    shown, on pooled z tests against everybody else). A theme is said more often there than overall, beyond chance for
    this one pair, when difference_low is above 0; among pairs with q at most 0.05, about 5 % are chance.

    With ``across``, a second segment, there is a row for each combination of values, empty ones too, with the column
    across_value after segment_value. Cells are hidden beside the one-way tables of both segments too, so that rows,
    columns and bases give nobody away: see :mod:`~feedback_nlp.analysis.crossed_privacy`. Raises UsageError for an
    unknown segment, or one crossed with itself.
    """
    table = _tested(frames, by, level) if across is None else crossed_shares(frames, by, across, level)
    return table.with_columns(_false_discovery(table)).drop(TESTED)


def score_by_segment(frames: AnalysisFrames, by: str, outcome: Outcome | None = None) -> pl.DataFrame:
    """Return one row a value of ``by``: segment_value, n (responses), value, low, high, low_base, suppressed."""
    table = score_cells(frames, segment_column(frames, by), outcome or choose_outcome(frames))
    return named(table, SEGMENT)


def over_represented(frames: AnalysisFrames, *, level: int = 1, false_alarms: float = 0.1) -> pl.DataFrame:
    """Return the theme-segment pairs said more often than by everybody else, most so first.

    Columns as :func:`compare_segments`, with ``by`` in front and ``q`` at the end. Segments and languages are
    searched, all pairs at once: of those returned, at most the share ``false_alarms`` is expected to be chance
    (Benjamini-Hochberg on pooled z tests). NPS segments are left out, since a theme's impact says it already.
    """
    tables = [
        _tested(frames, by, level).with_columns(pl.lit(by).alias("by")) for by in (*frames.segment_names, "language")
    ]
    table = pl.concat(tables)
    return (
        table.with_columns(_false_discovery(table))
        .drop(TESTED)
        .filter(
            (pl.col("difference_low") > 0)
            & (pl.col("q") <= false_alarms)
            & (pl.col("n_feedback") >= frames.privacy_minimum)
        )
        .sort(["difference", "theme_id", "by", SEGMENT], descending=[True, False, False, False])
        .select("by", pl.exclude("by"))
    )


def _tested(frames: AnalysisFrames, by: str, level: int) -> pl.DataFrame:
    return named(share_cells(frames, segment_column(frames, by), level), SEGMENT)


def _false_discovery(table: pl.DataFrame) -> pl.Series:
    """Return q of each row, null where the share is hidden, or nobody is there or elsewhere."""
    return pl.Series("q", intervals.false_discovery(table["p"].to_numpy()), dtype=pl.Float64).fill_nan(None)
