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
from feedback_nlp.analysis.weighting import (
    BASE_SQUARES,
    BASE_WEIGHT,
    SAID_WEIGHT,
    WEIGHT,
    effective,
    net_sentiment,
    scaled,
    total_squares,
    total_weight,
    totals,
    weighted_sum,
)

CELL = "cell"
PART = "part"  # cells that agree on it are the parts of one known total
_ORDER = (pl.col("cell") == NOT_GIVEN, pl.col("cell"))
SHARE_FIGURES = ("n_feedback", "base", "share", "share_low", "share_high")
# What further tests of a share need: p against everybody else, and the counts that stand for it, see ``weighting``.
TESTED = ("p", "said_effective", "base_effective")
VALUE_FIGURES = ("n_with", "value_with", "value_with_low", "value_with_high")


def theme_cells(
    frames: AnalysisFrames, theme_id: str, column: str, outcome: Outcome, part: pl.Expr | None = None
) -> pl.DataFrame:
    """Return one row a value of ``column``: cell, :data:`SHARE_FIGURES`, :data:`VALUE_FIGURES`, net_sentiment.

    Figures are null where the people of the cell, those of them who mention the theme, or those who do not, are too
    few, and where others have to be hidden with them; net_sentiment and the figures of a score go with them. ``part``
    splits the cells into totals that are published elsewhere. All but the base is null for a theme withheld.
    """
    theme_label(frames, theme_id)
    feedback = _meaningful(frames, column, part)
    mentions = frames.mentions.filter(pl.col("theme_id") == theme_id).join(
        feedback.select("feedback_id", "response_id", "person_id", CELL, PART, WEIGHT), on="feedback_id", how="inner"
    )
    feelings = mentions.group_by(CELL).agg(net_sentiment())
    values = response_values(frames, outcome).filter("meaningful").select("response_id", "g", WEIGHT)
    scored = feedback.select("response_id", "person_id", CELL, PART).unique().join(values, on="response_id")
    with_theme = scored.join(mentions.select("response_id", CELL).unique(), on=["response_id", CELL], how="semi")
    without = scored.join(mentions.select("response_id", CELL).unique(), on=["response_id", CELL], how="anti")
    themes = pl.DataFrame({"theme_id": [theme_id]})
    minimum = frames.privacy_minimum
    figures = ("n_feedback", *VALUE_FIGURES, "net_sentiment")
    table = (
        _mention_counts(themes, mentions, feedback, minimum)
        .join(feelings, on=CELL, how="left")
        .join(value_cells(with_theme, outcome, "with"), on=CELL, how="left")
        .join(without.group_by(CELL).agg(_distinct("person_id").alias("people_without")), on=CELL, how="left")
        .join(with_theme.group_by(PART).agg(_distinct("person_id").alias("all_with")), on=PART, how="left")
        .with_columns(pl.col("n_with", "people_with", "people_without", "all_with").fill_null(0))
    )
    table = privacy.suppress_mentions(table, minimum, (PART,), blank=figures)
    # Splits come before their complements, so that a cell hidden by one counts as hidden when others are judged.
    table = privacy.suppress_split(
        table.with_columns(pl.col(privacy.SUPPRESSED).alias("hidden_value")),
        *("people_with", "people_without", minimum),
        blank=VALUE_FIGURES,
        flag="hidden_value",
    )
    table = privacy.suppress_small(
        *(table, "people_with", minimum, (PART,)),
        blank=VALUE_FIGURES,
        flag="hidden_score",
        hidden="hidden_value",
        distinct="all_with",
    )
    table = privacy.withhold_all(table, theme_id in frames.withheld, blank=figures)
    table = table.with_columns(share_columns("n_feedback", "base", weighted=True)).sort(*_ORDER)
    return table.select(CELL, *SHARE_FIGURES, *VALUE_FIGURES, "net_sentiment", privacy.SUPPRESSED)


def score_cells(frames: AnalysisFrames, column: str, outcome: Outcome, part: pl.Expr | None = None) -> pl.DataFrame:
    """Return one row a value of ``column``: cell, n (responses with the score), value, low, high, low_base.

    Cells of too few people are null, and so are those that would give them away. ``part`` is as in
    :func:`theme_cells`.
    """
    cells = frames.feedback.select("response_id", _cell(column), _part(part)).unique(["response_id", CELL])
    scored = cells.join(response_values(frames, outcome), on="response_id", how="inner")
    table = value_cells(scored, outcome, "cell").sort(*_ORDER)
    table = table.join(scored.select(CELL, PART).unique(CELL), on=CELL, maintain_order="left").join(
        scored.group_by(PART).agg(_distinct("person_id").alias("all_people")), on=PART, maintain_order="left"
    )
    table = table.rename({"n_cell": "n", "value_cell": "value", "value_cell_low": "low", "value_cell_high": "high"})
    table = privacy.suppress_small(
        *(table, "people_cell", frames.privacy_minimum, (PART,)),
        blank=("n", "value", "low", "high"),
        distinct="all_people",
    ).with_columns((pl.col("n").fill_null(0) < frames.low_base).alias("low_base"))
    return table.select(CELL, "n", "value", "low", "high", "low_base", privacy.SUPPRESSED)


def share_cells(frames: AnalysisFrames, column: str, level: int, part: pl.Expr | None = None) -> pl.DataFrame:
    """Return one row a theme of ``level`` and value of ``column``: theme_id, label, cell and shares, zeros included.

    ``overall_share`` is the theme's share of all; ``difference`` is share - overall_share, with Newcombe's interval
    against everybody else scaled to the whole; :data:`TESTED` has ``p`` of a pooled z test against them. Cells are
    hidden as in :func:`theme_cells`; themes withheld, and those that nobody mentions, are left out.
    """
    feedback = _meaningful(frames, column, part)
    themes = frames.themes.filter(pl.col("level") == level, ~pl.col("theme_id").is_in(list(frames.withheld))).select(
        "theme_id", "label"
    )
    pairs = (
        frames.mentions.select("theme_id", "feedback_id")
        .unique()
        .join(themes, on="theme_id", how="semi")
        .join(feedback.select("feedback_id", "person_id", CELL, PART, WEIGHT), on="feedback_id", how="inner")
    )
    overall = pairs.group_by("theme_id").agg(total_weight().alias("overall_weight"))
    themes = themes.join(overall, on="theme_id", how="inner")
    table = _mention_counts(themes, pairs, feedback, frames.privacy_minimum)
    table = privacy.suppress_mentions(
        table, frames.privacy_minimum, ("theme_id", PART), blank=("n_feedback",)
    ).with_columns(share_columns("n_feedback", "base", weighted=True))
    weight, squares = totals(feedback)
    table = table.with_columns(
        (pl.col("overall_weight").clip(upper_bound=weight) / (weight or 1.0)).alias("overall_share")
    )
    table = table.with_columns((pl.col("share") - pl.col("overall_share")).alias("difference"))
    k1, n1, w1 = (table[c].to_numpy() for c in (SAID_WEIGHT, BASE_WEIGHT, BASE_SQUARES))
    # Everybody else: what is left of the sums, and nothing at all where nobody is left.
    left = (table["base"] < feedback.height).fill_null(False).to_numpy()
    k2 = np.where(left, np.maximum(table["overall_weight"].to_numpy() - k1, 0), 0)
    n2, w2 = (np.where(left, whole - part, 0) for whole, part in ((weight, n1), (squares, w1)))
    (n1_, k1_), (n2_, k2_) = effective(n1, w1, k1), effective(n2, w2, k2)
    low, high = intervals.share_difference(k1_, n1_, k2_, n2_)
    rest = 1 - n1 / (weight or 1.0)  # share - overall = (1 - base / all) (share - share of everybody else)
    ends = ("difference_low", "difference_high")
    table = table.with_columns(
        *(pl.Series(name, rest * end) for name, end in zip(ends, (low, high), strict=True)),
        *(pl.Series(name, one) for name, one in zip(TESTED[1:], (k1_, n1_), strict=True)),
        pl.Series("p", intervals.pooled_p_value(k1_, n1_, k2_, n2_)),
    )
    table = table.with_columns(
        pl.when(pl.col("share").is_not_null()).then(pl.col(*ends, *TESTED[1:]).fill_nan(None)).name.keep()
    ).with_columns(pl.when(pl.col("difference_low").is_not_null()).then("p").alias("p"))
    figures = ("difference", *ends, *TESTED)
    table = table.select("theme_id", "label", CELL, *SHARE_FIGURES, "overall_share", *figures, privacy.SUPPRESSED)
    return table.sort("theme_id", *_ORDER)


def value_cells(scored: pl.DataFrame, outcome: Outcome, suffix: str) -> pl.DataFrame:
    """Return n, value with interval and people by cell, for rows of cell, person_id, g, weight; as they are shown."""
    g = pl.col("g")
    sums = (
        scaled(scored)
        .group_by(CELL)
        .agg(
            pl.len().cast(pl.Int64).alias(f"n_{suffix}"),
            weighted_sum(g).alias("total"),
            weighted_sum(g**2).alias("squares"),
            weighted_sum(g**3).alias("cubes"),
            total_weight().alias(BASE_WEIGHT),
            total_squares().alias(BASE_SQUARES),
            _distinct("person_id").alias(f"people_{suffix}"),
        )
    )
    powers = ("total", "squares", "cubes")
    n, total, squares, cubes = effective(*(sums[c].to_numpy() for c in (BASE_WEIGHT, BASE_SQUARES, *powers)))
    low, high = outcome.interval(total, squares, n, cubes)
    value = f"value_{suffix}"
    table = (
        sums.with_columns(
            (pl.col("total") / pl.col(BASE_WEIGHT)).alias(value),
            pl.Series(f"{value}_low", low, dtype=pl.Float64),
            pl.Series(f"{value}_high", high, dtype=pl.Float64),
        )
        .with_columns(pl.col(f"{value}_low", f"{value}_high").fill_nan(None))
        .with_columns(pl.col(value, f"{value}_low", f"{value}_high").round(9))
        .drop(*powers, BASE_WEIGHT, BASE_SQUARES)
    )
    return outcome.as_counted(table, value)


def _mention_counts(themes: pl.DataFrame, mentions: pl.DataFrame, feedback: pl.DataFrame, minimum: int) -> pl.DataFrame:
    """Return a row a theme and cell: n_feedback, base, their weights, and the people that the privacy rules ask for.

    ``mentions`` has theme_id, feedback_id, person_id, CELL, PART and weight; several rows a theme and feedback count
    once.
    """
    pairs = mentions.select("theme_id", "feedback_id", "person_id", CELL, PART, WEIGHT).unique()
    bases = feedback.group_by(CELL, PART).agg(
        pl.len().cast(pl.Int64).alias("base"),
        total_weight().alias(BASE_WEIGHT),
        total_squares().alias(BASE_SQUARES),
        _distinct("person_id").alias("people"),
    )
    whole = feedback.group_by(PART).agg(_distinct("person_id").alias("all_people"))
    bases = privacy.suppress_small(
        bases.join(whole, on=PART).sort(*_ORDER), "people", minimum, (PART,), blank=("base",), distinct="all_people"
    )
    counts = pairs.group_by("theme_id", CELL).agg(
        pl.len().cast(pl.Int64).alias("n_feedback"), total_weight().alias(SAID_WEIGHT)
    )
    # Who mentions it, and who does so in all that he wrote: the others are those who are left by subtraction.
    of_cell, of_part = (people_who_say(pairs, feedback, key) for key in (CELL, PART))
    return (
        themes.join(bases, how="cross")
        .join(counts, on=["theme_id", CELL], how="left")
        .join(of_cell.rename({"said": "people_said"}), on=["theme_id", CELL], how="left")
        .join(of_part.rename({"said": "all_said"}), on=["theme_id", PART], how="left", suffix="_part")
        .with_columns(pl.col("n_feedback", SAID_WEIGHT, "people_said", "all_said", "only", "only_part").fill_null(0))
        .with_columns(
            (pl.col("people") - pl.col("only")).alias("people_unsaid"),
            (pl.col("all_people") - pl.col("only_part")).alias("all_unsaid"),
            pl.when(privacy.SUPPRESSED).then(None).otherwise("n_feedback").alias("n_feedback"),
        )
    )


def people_who_say(pairs: pl.DataFrame, feedback: pl.DataFrame, key: str) -> pl.DataFrame:
    """Return theme_id, ``key``, said (people who mention it) and only (those of them whose every feedback does)."""
    wrote = feedback.group_by(key, "person_id").agg(pl.len().alias("wrote"))
    return (
        pairs.group_by("theme_id", key, "person_id")
        .agg(pl.len().alias("said"))
        .join(wrote, on=[key, "person_id"])
        .group_by("theme_id", key)
        .agg(
            pl.len().cast(pl.Int64).alias("people"),
            (pl.col("said") == pl.col("wrote")).sum().cast(pl.Int64).alias("only"),
        )
        .rename({"people": "said"})
    )


def named(table: pl.DataFrame, name: str) -> pl.DataFrame:
    """Rename the cell column; an empty value is called :data:`~feedback_nlp.analysis.frames.NOT_GIVEN`."""
    return table.rename({CELL: name})


def _cell(column: str) -> pl.Expr:
    return pl.col(column).fill_null(NOT_GIVEN).alias(CELL)


def _meaningful(frames: AnalysisFrames, column: str, part: pl.Expr | None) -> pl.DataFrame:
    return scaled(frames.feedback.filter("meaningful").with_columns(_cell(column), _part(part)))


def _part(part: pl.Expr | None) -> pl.Expr:
    return (pl.lit("") if part is None else part.cast(pl.String).fill_null("")).alias(PART)


def _distinct(column: str) -> pl.Expr:
    return pl.col(column).n_unique().cast(pl.Int64)
