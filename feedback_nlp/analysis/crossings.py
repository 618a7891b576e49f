"""Two segments crossed: every combination of their values as a cell, with the figures that one segment's values have.

What a cell hides is decided twice: among all cells, as for one segment, and against the two one-way tables, which are
published beside it, see :mod:`~feedback_nlp.analysis.crossed_privacy`.
"""

from __future__ import annotations

import polars as pl

from feedback_nlp.analysis.cells import CELL, TESTED, score_cells, share_cells
from feedback_nlp.analysis.crossed_mentions import hidden_mentions
from feedback_nlp.analysis.crossed_privacy import hide_more
from feedback_nlp.analysis.crossing_cells import ACROSS, CROSSING, SEGMENT, Crossing, cross
from feedback_nlp.analysis.frames import AnalysisFrames
from feedback_nlp.analysis.outcomes import Outcome, response_values


def crossed_shares(frames: AnalysisFrames, by: str, across: str, level: int = 1) -> pl.DataFrame:
    """Return one row a theme of ``level`` and combination of values, empty ones included, in the order of the values.

    Columns: theme_id, label, segment_value, across_value and the figures of
    :func:`~feedback_nlp.analysis.cells.share_cells`.
    """
    crossing = cross(frames, by, across)
    table = share_cells(crossing.frames, CROSSING, level)
    themes = table.select("theme_id", "label", "overall_share").unique("theme_id").sort("theme_id")
    table = themes.join(crossing.cells, how="cross", maintain_order="left_right").join(
        table.drop("label", "overall_share"), on=["theme_id", CELL], how="left", maintain_order="left"
    )
    nobody = pl.col("suppressed").is_null()
    table = table.with_columns(
        pl.when(nobody).then(0).otherwise(pl.col("n_feedback", "base")).name.keep(),
        pl.col("suppressed").fill_null(False),
    )
    mentions, bases = hidden_mentions(crossing, table, level)
    hidden = pl.struct("theme_id", CELL).is_in(mentions.to_struct().implode()) | pl.col("suppressed")
    differences = ("difference", "difference_low", "difference_high", *TESTED)
    figures = ("n_feedback", "share", "share_low", "share_high", *differences)
    return table.with_columns(
        pl.when(~hidden).then(pl.col(*figures)).name.keep(),
        pl.when(~pl.col(CELL).is_in(bases.implode())).then("base").alias("base"),
        hidden.alias("suppressed"),
    ).select(
        *("theme_id", "label", SEGMENT, ACROSS, "n_feedback", "base", "share", "share_low", "share_high"),
        *("overall_share", *differences, "suppressed"),
    )


def crossed_scores(crossing: Crossing, outcome: Outcome) -> pl.DataFrame:
    """Return one row a combination of values: cell, segment_value, across_value and the figures of
    :func:`~feedback_nlp.analysis.cells.score_cells`, n 0 where nobody has the score.
    """
    frames = crossing.frames
    table = score_cells(frames, CROSSING, outcome)
    table = crossing.cells.join(table, on=CELL, how="left", maintain_order="left").with_columns(
        pl.when(pl.col("suppressed").is_null()).then(0).otherwise("n").alias("n"),
        pl.col("suppressed").fill_null(False),
        pl.col("low_base").fill_null(True),
    )
    cells = frames.feedback.select("response_id", pl.col(CROSSING).alias(CELL)).unique()
    scored = cells.join(response_values(frames, outcome), on="response_id", how="inner").select(CELL, "person_id")
    side = crossing.side(scored)
    rows, columns = (score_cells(frames, column, outcome).filter("suppressed")[CELL] for column in crossing.columns)
    found = hide_more(
        *([side], crossing.matrix(table, "suppressed") > 0),
        rows=crossing.margins(0, rows.to_list()),
        columns=crossing.margins(1, columns.to_list()),
        cost=side.people,
        minimum=frames.privacy_minimum,
    )
    hidden = pl.lit(True) if found is None else pl.col(CELL).is_in(crossing.where(found).implode())
    return table.with_columns(
        pl.when(~hidden).then(pl.col("n", "value", "low", "high")).name.keep(), hidden.alias("suppressed")
    ).with_columns((pl.col("n").fill_null(0) < frames.low_base).alias("low_base"))
