"""Figures by the values of one column (a segment, a facet or the month), with the privacy rules applied.

Segments and trends are the same arithmetic over different columns; this module holds it once.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from feedback_nlp.analysis import intervals, privacy
from feedback_nlp.analysis.frames import NOT_GIVEN, AnalysisFrames, theme_label
from feedback_nlp.analysis.outcomes import Outcome, response_values
from feedback_nlp.analysis.themes import share_columns

CELL = "cell"
SHARE_FIGURES = ("n_feedback", "base", "share", "share_low", "share_high")
VALUE_FIGURES = ("n_with", "value_with", "value_with_low", "value_with_high")


def theme_cells(frames: AnalysisFrames, theme_id: str, column: str, outcome: Outcome) -> pl.DataFrame:
    """Return one row a value of ``column``: cell, :data:`SHARE_FIGURES`, :data:`VALUE_FIGURES`, net_sentiment.

    All figures are null for a theme of too few people; single ones where their own group is too small.
    """
    theme_label(frames, theme_id)
    feedback = _meaningful(frames, column)
    mentions = frames.mentions.filter(pl.col("theme_id") == theme_id).join(
        feedback.select("feedback_id", "response_id", "person_id", CELL), on="feedback_id", how="inner"
    )
    label = pl.col("sentiment_label")
    positive, negative = ((label == word).sum().cast(pl.Int64) for word in ("positive", "negative"))
    said = mentions.group_by(CELL).agg(
        _distinct("feedback_id").alias("n_feedback"),
        _distinct("person_id").alias("people_said"),
        pl.when(label.is_not_null().any())
        .then(100 * (positive - negative) / label.is_not_null().sum())
        .alias("net_sentiment"),
    )
    values = response_values(frames, outcome).filter("meaningful").select("response_id", "g")
    scored = feedback.select("response_id", "person_id", CELL).unique().join(values, on="response_id")
    with_theme = scored.join(mentions.select("response_id", CELL).unique(), on=["response_id", CELL], how="semi")
    without = scored.join(mentions.select("response_id", CELL).unique(), on=["response_id", CELL], how="anti")
    table = (
        _bases(feedback)
        .join(said, on=CELL, how="left")
        .join(value_cells(with_theme, outcome, "with"), on=CELL, how="left")
        .join(without.group_by(CELL).agg(_distinct("person_id").alias("people_without")), on=CELL, how="left")
        .with_columns(pl.col("n_feedback", "n_with").fill_null(0))
        .with_columns(share_columns("n_feedback", "base"))
        .sort(CELL, nulls_last=True)
    )
    minimum = frames.privacy_minimum
    table = privacy.suppress_small(table, "people", minimum, blank=(*SHARE_FIGURES, *VALUE_FIGURES, "net_sentiment"))
    # Splits come first, so that a cell hidden by one counts as hidden when its neighbours are judged.
    table = privacy.suppress_split(
        table.with_columns(pl.col(privacy.SUPPRESSED).alias("hidden_value")),
        *("people_with", "people_without", minimum),
        blank=VALUE_FIGURES,
        flag="hidden_value",
    )
    for people, blank, hidden in (
        ("people_said", ("net_sentiment",), privacy.SUPPRESSED),
        ("people_with", VALUE_FIGURES, "hidden_value"),
    ):
        table = privacy.suppress_small(table, people, minimum, blank=blank, flag=f"{people}_hidden", hidden=hidden)
    if mentions["person_id"].n_unique() < minimum:
        table = table.with_columns(
            pl.when(mentions.is_empty()).then(pl.col(c)).otherwise(None).alias(c)
            for c in ("n_feedback", "share", "share_low", "share_high", *VALUE_FIGURES, "net_sentiment")
        )
    return table.select(CELL, *SHARE_FIGURES, *VALUE_FIGURES, "net_sentiment", privacy.SUPPRESSED)


def score_cells(frames: AnalysisFrames, column: str, outcome: Outcome) -> pl.DataFrame:
    """Return one row a value of ``column``: cell, n (responses with the score), value, low, high, low_base.

    Cells of too few people are null, and so are those that would give them away.
    """
    cells = frames.feedback.select("response_id", pl.col(column).alias(CELL)).unique()
    scored = cells.join(response_values(frames, outcome), on="response_id", how="inner")
    table = value_cells(scored, outcome, "cell").sort(CELL, nulls_last=True)
    table = table.rename({"n_cell": "n", "value_cell": "value", "value_cell_low": "low", "value_cell_high": "high"})
    table = privacy.suppress_small(
        table, "people_cell", frames.privacy_minimum, blank=("n", "value", "low", "high")
    ).with_columns((pl.col("n").fill_null(0) < frames.low_base).alias("low_base"))
    return table.select(CELL, "n", "value", "low", "high", "low_base", privacy.SUPPRESSED)


def share_cells(frames: AnalysisFrames, column: str, level: int) -> pl.DataFrame:
    """Return one row a theme of ``level`` and value of ``column``: theme_id, label, cell and shares, zeros included.

    ``overall_share`` is the theme's share of all; ``difference`` is share - overall_share, with Newcombe's interval
    against everybody else scaled to the whole. Themes of too few people are left out.
    """
    feedback = _meaningful(frames, column)
    total = feedback.height
    themes = frames.themes.filter(pl.col("level") == level).select("theme_id", "label")
    pairs = (
        frames.mentions.select("theme_id", "feedback_id")
        .unique()
        .join(themes, on="theme_id", how="semi")
        .join(feedback.select("feedback_id", "person_id", CELL), on="feedback_id", how="inner")
    )
    overall = pairs.group_by("theme_id").agg(
        _distinct("person_id").alias("people_said"), pl.len().cast(pl.Int64).alias("n_overall")
    )
    overall = privacy.suppress_small(overall, "people_said", frames.privacy_minimum, None).drop(privacy.SUPPRESSED)
    counts = pairs.group_by("theme_id", CELL).agg(pl.len().cast(pl.Int64).alias("n_feedback"))
    bases = privacy.suppress_small(
        _bases(feedback).sort(CELL, nulls_last=True), "people", frames.privacy_minimum, blank=()
    )
    table = (
        themes.join(overall, on="theme_id", how="inner")
        .join(bases, how="cross")
        .join(counts, on=["theme_id", CELL], how="left", nulls_equal=True)
        .with_columns(pl.col("n_feedback").fill_null(0), (pl.col("n_overall") / max(total, 1)).alias("overall_share"))
        .with_columns(share_columns("n_feedback", "base"))
        .with_columns((pl.col("share") - pl.col("overall_share")).alias("difference"))
    )
    k, n, k_all = (table[c].cast(pl.Float64).to_numpy() for c in ("n_feedback", "base", "n_overall"))
    low, high = intervals.share_difference(k, n, k_all - k, np.maximum(total - n, 0))
    rest = 1 - n / max(total, 1)  # share - overall = (1 - base / total) (share - share of everybody else)
    table = table.with_columns(
        pl.Series("difference_low", rest * low), pl.Series("difference_high", rest * high)
    ).with_columns(pl.col("difference_low", "difference_high").fill_nan(None))
    figures = (*SHARE_FIGURES, "difference", "difference_low", "difference_high")
    table = table.with_columns(pl.when("suppressed").then(None).otherwise(pl.col(c)).alias(c) for c in figures)
    return table.select("theme_id", "label", CELL, *SHARE_FIGURES, "overall_share", *figures[5:], "suppressed").sort(
        "theme_id", CELL, nulls_last=True
    )


def value_cells(scored: pl.DataFrame, outcome: Outcome, suffix: str) -> pl.DataFrame:
    """Return n, value with interval and people by cell, for rows of cell, person_id and g."""
    g = pl.col("g")
    sums = scored.group_by(CELL).agg(
        pl.len().cast(pl.Int64).alias(f"n_{suffix}"),
        g.sum().alias("total"),
        (g**2).sum().alias("squares"),
        _distinct("person_id").alias(f"people_{suffix}"),
    )
    low, high = outcome.interval(sums["total"].to_numpy(), sums["squares"].to_numpy(), sums[f"n_{suffix}"].to_numpy())
    value = f"value_{suffix}"
    return (
        sums.with_columns(
            (pl.col("total") / pl.col(f"n_{suffix}")).alias(value),
            pl.Series(f"{value}_low", low, dtype=pl.Float64),
            pl.Series(f"{value}_high", high, dtype=pl.Float64),
        )
        .with_columns(pl.col(f"{value}_low", f"{value}_high").fill_nan(None))
        .with_columns(pl.col(value, f"{value}_low", f"{value}_high").round(9))
        .drop("total", "squares")
    )


def named(table: pl.DataFrame, name: str) -> pl.DataFrame:
    """Rename the cell column, and call an empty value :data:`~feedback_nlp.analysis.frames.NOT_GIVEN`."""
    return table.with_columns(pl.col(CELL).fill_null(NOT_GIVEN)).rename({CELL: name})


def _meaningful(frames: AnalysisFrames, column: str) -> pl.DataFrame:
    return frames.feedback.filter("meaningful").with_columns(pl.col(column).alias(CELL))


def _bases(feedback: pl.DataFrame) -> pl.DataFrame:
    return feedback.group_by(CELL).agg(pl.len().cast(pl.Int64).alias("base"), _distinct("person_id").alias("people"))


def _distinct(column: str) -> pl.Expr:
    return pl.col(column).n_unique().cast(pl.Int64)
