"""What damage is measured on: one number per response, oriented so that higher is better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from feedback_nlp.analysis import intervals
from feedback_nlp.analysis.frames import AnalysisFrames
from feedback_nlp.errors import UsageError, did_you_mean

SENTIMENT = "sentiment"
Family = Literal["net", "share", "mean"]
_LABELS = {
    "nps": "NPS",
    "csat": "CSAT (satisfied)",
    "stars": "Star rating (top ratings)",
    "likely": "Likelihood to return",
    "ces": "Ease (effort score)",
    SENTIMENT: "Net sentiment",
}
_KINDS = {"nps": "NPS", "csat": "CSAT", "stars": "stars", "likely": "likelihood", "ces": "effort"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """A score that themes are weighed against.

    ``kind`` is a score kind or "sentiment"; ``unit`` names the unit of values, gaps and impacts; ``minimum`` and
    ``maximum`` bound the per-response value g. ``scale`` is the score's own (minimum, maximum, higher_is_better).
    """

    name: str
    kind: str
    unit: str
    label: str
    minimum: float
    maximum: float
    scale: tuple[float, float, bool] = (-1.0, 1.0, True)

    @property
    def family(self) -> Family:
        """How g is spread: "net" -100/0/+100, "share" 0/100, "mean" any number of the scale."""
        if self.kind in ("nps", SENTIMENT):
            return "net"
        return "share" if self.kind in ("csat", "stars") else "mean"

    @property
    def top_from(self) -> float:
        """The least oriented value that counts as top-2-box (the top quarter on a scale of more than 11 steps)."""
        low, high, _ = self.scale
        if high - low < 3:
            return high
        return high - 1 if high - low <= 10 else low + 0.75 * (high - low)

    def interval(self, total: ArrayLike, squares: ArrayLike, n: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Return the 95 % interval of the mean of g from the sums of g and g squared over n responses."""
        if self.family == "net":
            return intervals.net_score(total, squares, n)
        if self.family == "share":
            low, high = intervals.wilson(np.asarray(total, dtype=float) / 100, n)
            return 100 * low, 100 * high
        low, high = intervals.student_mean(total, squares, n)
        return np.clip(low, self.minimum, self.maximum), np.clip(high, self.minimum, self.maximum)


def choose_outcome(frames: AnalysisFrames, name: str | None = None) -> Outcome:
    """Return the outcome called ``name`` (a score, or "sentiment"), or the data's default one.

    Raises :class:`UsageError` for a name that the data does not hold.
    """
    name = frames.outcome_name if name is None else name
    if name == SENTIMENT:
        return Outcome(SENTIMENT, SENTIMENT, "points", _LABELS[SENTIMENT], -100.0, 100.0)
    if name not in frames.score_names:
        raise UsageError(f"There is no score {name!r}.{did_you_mean(name, (*frames.score_names, SENTIMENT))}")
    row = frames.scales.row(by_predicate=pl.col("name") == name, named=True)
    kind, low, high = str(row["kind"]), float(row["minimum"]), float(row["maximum"])
    scale = (low, high, bool(row["higher_is_better"]))
    label = _LABELS.get(kind, name)
    if name != kind:
        label = f"{name} ({_KINDS[kind]})" if kind in _KINDS else name
    if kind == "nps":
        return Outcome(name, kind, "NPS points", label, -100.0, 100.0, scale)
    if kind in ("csat", "stars"):
        return Outcome(name, kind, "percentage points", label, 0.0, 100.0, scale)
    return Outcome(name, kind, "points", label, low, high, scale)


def response_values(frames: AnalysisFrames, outcome: Outcome) -> pl.DataFrame:
    """Return one row a response that has the outcome: response_id, person_id, g, meaningful; sorted by response.

    g is +100/0/-100 for NPS and sentiment (the mean over the answers of a form for sentiment; mixed is 0), 100/0 for
    top-2-box scores, else the score turned so that higher is better. ``meaningful`` says that the response holds at
    least one meaningful feedback.
    """
    return (
        frames.feedback.sort("response_id", "feedback_id")
        .group_by("response_id", maintain_order=True)
        .agg(
            pl.col("person_id").first(),
            feedback_value(outcome).drop_nulls().mean().alias("g")
            if outcome.name == SENTIMENT
            else feedback_value(outcome).drop_nulls().first().alias("g"),
            pl.col("meaningful").any(),
        )
        .filter(pl.col("g").is_not_null())
    )


def feedback_value(outcome: Outcome) -> pl.Expr:
    """Return g as an expression over ``AnalysisFrames.feedback``."""
    if outcome.name == SENTIMENT:
        label = pl.col("sentiment_label")
        return (
            pl.when(~pl.col("meaningful") | label.is_null())
            .then(None)
            .when(label == "positive")
            .then(100.0)
            .when(label == "negative")
            .then(-100.0)
            .otherwise(0.0)
        )
    score = oriented(outcome)
    if outcome.kind == "nps":
        net = pl.when(score >= 9).then(100.0).when(score >= 7).then(0.0).otherwise(-100.0)
        return pl.when(score.is_not_null()).then(net)
    if outcome.family == "share":
        return (score >= outcome.top_from).cast(pl.Float64) * 100
    return score


def oriented(outcome: Outcome) -> pl.Expr:
    """Return the score as an expression, turned round on its own scale when lower is better."""
    low, high, higher_is_better = outcome.scale
    score = pl.col(f"score.{outcome.name}")
    return score if higher_is_better else (low + high) - score
