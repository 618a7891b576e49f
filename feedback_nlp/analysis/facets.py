"""Where along the journey, or at which touchpoint, people speak of a theme: what statements say beside their themes."""

from __future__ import annotations

import polars as pl

from feedback_nlp.analysis import privacy
from feedback_nlp.analysis.facet_values import facet_column, facet_values, require_facet
from feedback_nlp.analysis.frames import NOT_GIVEN, AnalysisFrames, theme_label
from feedback_nlp.analysis.themes import share_columns
from feedback_nlp.analysis.weighting import (
    BASE_SQUARES,
    BASE_WEIGHT,
    SAID_WEIGHT,
    WEIGHT,
    net_sentiment,
    scaled,
    total_weight,
    totals,
)

_FIGURES = ("n_feedback", "share", "share_low", "share_high", "net_sentiment")


def facet_names(frames: AnalysisFrames) -> tuple[str, ...]:
    """Return the facets that statements of the view carry, such as journey_stage and touchpoint, in order."""
    return tuple(facet_values(frames.statements))


def theme_by_facet(frames: AnalysisFrames, theme_id: str, facet: str) -> pl.DataFrame:
    """Return one row a value of a facet among the answers that mention a theme.

    Columns: segment_value, n_feedback (answers of which a statement has the theme and the value), base (answers that
    mention the theme), share with share_low and share_high (Wilson, 0..1), net_sentiment (-100..100, of these
    statements), suppressed. An answer may have several values, so shares need not add up to 1. Figures are null where
    the people behind them, or the others who mention the theme, are too few, and where those could be found by
    subtraction; all of them for a withheld theme. Raises :class:`~feedback_nlp.errors.UsageError` for an unknown
    theme or facet.
    """
    theme_label(frames, theme_id)
    require_facet(frames.statements, facet)
    feedback = frames.feedback.filter("meaningful").select("feedback_id", "person_id", WEIGHT)
    statements = frames.statements.select(
        "statement_id", facet_column(frames.statements, facet).fill_null(NOT_GIVEN).alias("segment_value")
    )
    said = (
        frames.mentions.filter(pl.col("theme_id") == theme_id)
        .join(statements, on="statement_id", how="inner")
        .join(feedback, on="feedback_id", how="inner")
    )
    everybody, base = said["person_id"].n_unique(), said["feedback_id"].n_unique()
    answers = scaled(said.select("feedback_id", "segment_value", WEIGHT).unique())
    each = answers.group_by("segment_value").agg(total_weight().alias(SAID_WEIGHT))
    weight, squares = totals(answers.unique("feedback_id"))
    table = said.group_by("segment_value").agg(
        pl.col("feedback_id").n_unique().cast(pl.Int64).alias("n_feedback"),
        pl.col("person_id").n_unique().cast(pl.Int64).alias("people"),
        net_sentiment(),
    )
    # The others: those who mention the theme and never with this value.
    table = table.join(each, on="segment_value").with_columns(
        pl.lit(weight).alias(BASE_WEIGHT),
        pl.lit(squares).alias(BASE_SQUARES),
        (everybody - pl.col("people")).alias("others"),
        pl.lit(base, dtype=pl.Int64).alias("base"),
        pl.lit(everybody, dtype=pl.Int64).alias("all_people"),
    )
    table = table.with_columns(share_columns("n_feedback", "base", weighted=True))
    table = privacy.suppress_split(table, "people", "others", frames.privacy_minimum, blank=_FIGURES, flag="few")
    table = privacy.suppress_small(
        table, "people", frames.privacy_minimum, blank=_FIGURES, hidden="few", distinct="all_people"
    )
    table = privacy.withhold_all(table, theme_id in frames.withheld, blank=(*_FIGURES, "base"))
    last = pl.col("segment_value") == NOT_GIVEN
    order = pl.col("n_feedback").fill_null(-1)
    return table.sort([last, order, "segment_value"], descending=[False, True, False]).select(
        "segment_value", "n_feedback", "base", "share", "share_low", "share_high", "net_sentiment", privacy.SUPPRESSED
    )
