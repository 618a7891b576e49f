"""One row a theme: how often it is said, how it feels, and what it goes with."""

from __future__ import annotations

import numpy as np
import polars as pl

from feedback_nlp.analysis import intervals, privacy
from feedback_nlp.analysis.frames import AnalysisFrames
from feedback_nlp.analysis.impact import FIGURES, impact_table
from feedback_nlp.analysis.outcomes import Outcome, choose_outcome, response_values
from feedback_nlp.analysis.privacy import UNTHEMED
from feedback_nlp.analysis.weighting import (
    BASE_SQUARES,
    BASE_WEIGHT,
    SAID_WEIGHT,
    WEIGHT,
    effective,
    net_sentiment,
    scaled,
    total_weight,
    totals,
    weighted_mean,
)

UNTHEMED_LABEL = "No theme yet"
_ALWAYS = ("theme_id", "label", "parent_id", "level", "state")
_TRUST = ("source", "label_source", "stability", "is_emerging")
_COUNTS = ("n_feedback", "n_responses", "n_people")
_SHARES = ("share", "share_low", "share_high")
_SENTIMENTS = ("n_positive", "n_neutral", "n_negative", "net_sentiment", "sentiment_mean")


def theme_table(
    frames: AnalysisFrames, *, level: int = 1, parent_id: str | None = None, outcome: Outcome | None = None
) -> pl.DataFrame:
    """Return one row a theme of ``level`` (under ``parent_id``, if given), most damage first, nulls last.

    Columns: theme_id, label, parent_id, level, state; n_feedback, n_responses, n_people and base (meaningful
    feedback) with share, share_low, share_high (Wilson, 0..1); outcome and unit with the figures of
    :mod:`~feedback_nlp.analysis.impact` over meaningful responses with the score; n_positive, n_neutral, n_negative
    (statements), net_sentiment (-100..100), sentiment_mean (-1..1); low_base (fewer scores than ``low_base``) and
    suppressed (a group of too few people would show: all figures null); source, label_source, stability (0..1) and
    is_emerging, see :mod:`~feedback_nlp.analysis.marks`. Gap and impact are associations, not effects. Shares, scores
    and sentiment go by the weights of a survey, counts do not: see :mod:`~feedback_nlp.analysis.weighting`.
    """
    outcome = outcome or choose_outcome(frames)
    themes = frames.themes.filter(pl.col("level") == level)
    if parent_id is not None:
        themes = themes.filter(pl.col("parent_id") == parent_id)
    mentions = frames.mentions.join(themes.select("theme_id"), on="theme_id", how="semi")
    return _table(frames, themes, mentions, outcome)


def unthemed_row(frames: AnalysisFrames, outcome: Outcome | None = None) -> pl.DataFrame:
    """Return one row, in the columns of :func:`theme_table`, for meaningful feedback that mentions no theme."""
    themed = frames.mentions["feedback_id"].unique().implode()
    feedback = frames.feedback.filter(pl.col("meaningful") & ~pl.col("feedback_id").is_in(themed))
    mentions = frames.statements.join(feedback.select("feedback_id"), on="feedback_id", how="semi").select(
        "statement_id", "feedback_id", pl.lit(UNTHEMED).alias("theme_id"), "sentiment", "sentiment_label"
    )
    row = {"theme_id": UNTHEMED, "label": UNTHEMED_LABEL, "parent_id": None, "level": 0, "state": "active"}
    row |= {"source": None, "label_source": None, "stability": None, "is_emerging": False}
    themes = pl.DataFrame([row], schema={c: frames.themes.schema[c] for c in (*_ALWAYS, *_TRUST)})
    return _table(frames, themes, mentions, outcome or choose_outcome(frames))


def _table(frames: AnalysisFrames, themes: pl.DataFrame, mentions: pl.DataFrame, outcome: Outcome) -> pl.DataFrame:
    feedback = scaled(frames.feedback.filter("meaningful").select("feedback_id", "response_id", "person_id", WEIGHT))
    base = feedback.height
    weights = pl.DataFrame([totals(feedback)], schema=[BASE_WEIGHT, BASE_SQUARES], orient="row")
    said = mentions.join(feedback, on="feedback_id", how="inner")
    label = pl.col("sentiment_label")
    counts = said.group_by("theme_id").agg(
        *(
            pl.col(column).n_unique().cast(pl.Int64).alias(name)
            for column, name in zip(("feedback_id", "response_id", "person_id"), _COUNTS, strict=True)
        ),
        *((label == word).sum().cast(pl.Int64).alias(f"n_{word}") for word in ("positive", "neutral", "negative")),
        weighted_mean(pl.col("sentiment")).round(9).alias("sentiment_mean"),
        net_sentiment(),
    )
    each = said.unique(["theme_id", "feedback_id"]).group_by("theme_id").agg(total_weight().alias(SAID_WEIGHT))
    pairs = said.select("theme_id", "response_id").unique()
    values = response_values(frames, outcome).filter("meaningful")
    figures = impact_table(values, pairs, outcome, frames.privacy_minimum)
    table = (
        themes.select(*_ALWAYS, *_TRUST)
        .join(counts, on="theme_id", how="left")
        .join(each, on="theme_id", how="left")
        .join(figures, on="theme_id", how="left")
        .join(weights, how="cross")
        .with_columns(
            pl.col(*_COUNTS, "n_positive", "n_neutral", "n_negative", SAID_WEIGHT).fill_null(0),
            pl.lit(base, dtype=pl.Int64).alias("base"),
            pl.lit(outcome.name).alias("outcome"),
            pl.lit(outcome.unit).alias("unit"),
        )
        .with_columns(share_columns("n_feedback", "base", weighted=True))
        .with_columns((pl.col("n_with").fill_null(0) < frames.low_base).alias("low_base"))
    )
    table = privacy.withhold(table, frames.withheld, blank=(*_COUNTS, *_SHARES, *FIGURES, *_SENTIMENTS))
    order = (*_ALWAYS, *_COUNTS, "base", *_SHARES, "outcome", "unit", *FIGURES, *_SENTIMENTS, "low_base", "suppressed")
    return table.select(*order, *_TRUST).sort(outcome.sign * pl.col("impact"), "theme_id", nulls_last=True)


def share_columns(count: str, base: str, *, weighted: bool = False) -> pl.Expr:
    """Return share, share_low and share_high (Wilson, 0..1; null without base or count) as one expression.

    ``weighted`` shares need the columns said_weight, base_weight and base_squares beside the counts.
    """
    weights = (SAID_WEIGHT, BASE_WEIGHT, BASE_SQUARES) if weighted else ()

    def figures(columns: pl.Series) -> pl.Series:
        k, n, *weighed = (
            columns.struct.field(c).cast(pl.Float64).fill_null(np.nan).to_numpy() for c in (count, base, *weights)
        )
        if weighed:
            known = ~(np.isnan(k) | np.isnan(n))
            said, weight, squares = (np.where(known, one, np.nan) for one in weighed)
            n, k = effective(weight, squares, np.minimum(said, weight))
        low, high = intervals.wilson(k, n)
        share = np.divide(k, n, out=np.full_like(k, np.nan), where=n > 0)
        frame = pl.DataFrame({"share": share, "share_low": low, "share_high": high})
        return frame.with_columns(pl.all().fill_nan(None)).to_struct("shares")

    dtype = pl.Struct(dict.fromkeys(_SHARES, pl.Float64))
    return pl.struct(count, base, *weights).map_batches(figures, return_dtype=dtype).struct.unnest()
