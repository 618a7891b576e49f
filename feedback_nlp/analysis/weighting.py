"""Survey weights: what each response stands for, and how much less sure unequal weights make an estimate.

A weighted estimate is sum(w g) / sum(w). Its interval is that of Kish's effective number of responses, (sum w)^2 /
sum(w^2) (Kish 1965, "Survey Sampling"): every formula that takes counts takes sums of w times sum(w) / sum(w^2) in
their place. With all weights alike that is 1 and the sums are the counts. Counts that are shown (n, base) stay counts
of what arrived, and the privacy rules count people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from feedback_nlp.analysis.intervals import Floats

if TYPE_CHECKING:
    from feedback_nlp.analysis.frames import AnalysisFrames

WEIGHT = "weight"
# Of those who say something, and of all who could: sum(w), and sum(w^2) of all.
SAID_WEIGHT, BASE_WEIGHT, BASE_SQUARES = "said_weight", "base_weight", "base_squares"


@dataclass(frozen=True, slots=True)
class Weighting:
    """How unequally ``n`` responses count: ``weighted`` says that they do, ``effective_n`` (1..n) is Kish's n."""

    weighted: bool
    n: int
    effective_n: float


def weighting_of(weights: pl.Series) -> Weighting:
    """Return the weighting of responses with these weights; those without any, or all alike, are not weighted."""
    alike = weights.n_unique() <= 1
    return Weighting(not alike, len(weights), float(len(weights)) if alike else effective_n(weights.to_numpy()))


def view_weighting(frames: AnalysisFrames) -> Weighting:
    """Return the weighting of all responses in view. A response has the weight of its first answer."""
    return weighting_of(frames.feedback.sort("response_id", "feedback_id").unique("response_id", keep="first")[WEIGHT])


def effective_n(weights: ArrayLike) -> float:
    """Return Kish's effective number of responses, (sum w)^2 / sum(w^2); 0 without any."""
    w = np.asarray(weights, dtype=float)
    if not w.size:
        return 0.0
    w = w / w.max()  # however large or small the weights are, their squares stay numbers
    return float(effective(w.sum(), (w**2).sum())[0])


def effective(weight: ArrayLike, squares: ArrayLike, *sums: ArrayLike) -> tuple[Floats, ...]:
    """Return Kish's effective n of groups, and weighted ``sums`` over them rescaled to it.

    ``weight`` and ``squares`` are sum(w) and sum(w^2) by group; NaN stays NaN, and a group without weight has n 0.
    """
    w, w2 = np.asarray(weight, dtype=float), np.asarray(squares, dtype=float)
    factor = np.divide(w, w2, out=np.ones(np.broadcast(w, w2).shape), where=w2 != 0)
    return w * factor, *(np.asarray(one, dtype=float) * factor for one in sums)


def scaled(table: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with weights of mean 1: each exactly 1 where all are alike."""
    if table[WEIGHT].n_unique() <= 1:
        return table.with_columns(pl.lit(1.0).alias(WEIGHT))
    mean = float(np.sort(table[WEIGHT].to_numpy()).mean())
    return table.with_columns(pl.col(WEIGHT) / mean)


def totals(table: pl.DataFrame) -> tuple[float, float]:
    """Return sum(w) and sum(w^2) of the rows."""
    w = np.sort(table[WEIGHT].to_numpy())
    return float(w.sum()), float((w**2).sum())


def total_weight() -> pl.Expr:
    """Return sum(w) of a group. Sums are of sorted terms: no order of rows and no number of threads changes a digit."""
    return pl.col(WEIGHT).sort().sum()


def total_squares() -> pl.Expr:
    """Return sum(w^2) of a group."""
    return (pl.col(WEIGHT) ** 2).sort().sum()


def weighted_sum(value: pl.Expr) -> pl.Expr:
    """Return sum(w x) over the rows that have a value."""
    return (pl.col(WEIGHT) * value).sort().sum()


def weighted_mean(value: pl.Expr) -> pl.Expr:
    """Return sum(w x) / sum(w) over the rows that have a value, null without any."""
    return (pl.col(WEIGHT) * value).sort().mean() / pl.col(WEIGHT).filter(value.is_not_null()).sort().mean()


def net_sentiment() -> pl.Expr:
    """Return the weighted share of positive statements minus that of negative ones, -100..100; null without labels."""
    label = pl.col("sentiment_label")
    positive, negative, all_ = (
        pl.col(WEIGHT).filter(which).sort().sum()
        for which in (label == "positive", label == "negative", label.is_not_null())
    )
    return pl.when(label.is_not_null().any()).then(100 * (positive - negative) / all_).alias("net_sentiment")
