"""What damage is measured on: one number per response, oriented so that higher is better.

Flags (churn, first-contact resolution) are shares of yes, with Wilson's interval. Times are means of hours with
Student's t: they are skewed, but only a mean adds up to the total time and to the sum of what themes add, and for such
questions the arithmetic mean is the one to compare (Thompson & Barber 2000, "How should cost data in pragmatic
randomised trials be analysed?"; Lumley et al. 2002 on t with skewed data). The median is told beside it.

Scores that people gave are turned round on their own scale where lower is better. Flags and times are not: a churn rate
of 8 % stays one, and what is shown of it (values, gaps, impacts) is as it is counted, so that above 0 is more churn and
damage. :meth:`Outcome.as_counted` leads from the one to the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from feedback_nlp.analysis import intervals
from feedback_nlp.analysis.frames import AnalysisFrames
from feedback_nlp.analysis.weighting import WEIGHT
from feedback_nlp.errors import UsageError, did_you_mean
from feedback_nlp.records import FACT_KINDS, FLAG_KINDS

SENTIMENT = "sentiment"
Family = Literal["net", "share", "mean"]
_LABELS = {
    "nps": "NPS",
    "csat": "CSAT (satisfied)",
    "stars": "Star rating (top ratings)",
    "likely": "Likelihood to return",
    "ces": "Ease (effort score)",
    "churn": "Churn rate",
    "fcr": "First-contact resolution",
    "resolution": "Time to resolution (mean)",
    "flag": "Flag (share of yes)",
    SENTIMENT: "Net sentiment",
}
_KINDS = {"nps": "NPS", "csat": "CSAT", "stars": "stars", "likely": "likelihood", "ces": "effort"}
_KINDS |= {"churn": "churn rate", "fcr": "first contact", "resolution": "mean time", "flag": "share of yes"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """A score that themes are weighed against.

    ``kind`` is a score kind or "sentiment"; ``unit`` names the unit of gaps and impacts; ``minimum`` and ``maximum``
    bound what is shown. ``scale`` is the score's own (minimum, maximum, higher_is_better). ``higher_is_better`` is of
    what is shown: False for flags and times of which less is better, whose impacts above 0 are damage.
    """

    name: str
    kind: str
    unit: str
    label: str
    minimum: float
    maximum: float
    scale: tuple[float, float, bool] = (-1.0, 1.0, True)
    higher_is_better: bool = True

    @property
    def sign(self) -> int:
        """1 where more of what is shown is better, -1 where it is worse: what is shown times this is oriented."""
        return 1 if self.higher_is_better else -1

    @property
    def worse(self) -> str:
        """The word for what is worse, such as "lower"."""
        return self._words[self.higher_is_better]

    @property
    def better(self) -> str:
        """The word for what is better, such as "higher"."""
        return self._words[not self.higher_is_better]

    @property
    def _words(self) -> tuple[str, str]:
        return ("longer", "shorter") if self.kind == "resolution" else ("higher", "lower")

    @property
    def suffix(self) -> str:
        """What stands after a value: "%", " h" or nothing."""
        return "\u00a0h" if self.kind == "resolution" else "%" if self.family == "share" else ""

    @property
    def digits(self) -> int:
        """Decimals of a gap or an impact: a mean on a short scale moves by hundredths."""
        return 2 if self.family == "mean" and self.kind != "resolution" else 1

    @property
    def axis(self) -> str:
        """What stands at an axis of values: the label, with its unit where the label does not say it."""
        unit = {"%": ", %", "\u00a0h": ", hours"}.get(self.suffix, "")
        return f"{self.label}{unit}" if self.kind in FACT_KINDS else self.label

    def written(self, value: float) -> str:
        """Write a value as it is shown in plain text: "+34.0", "8.3%", "14.2 h"."""
        plain = self.family == "net" or not self.suffix
        return f"{value:+.1f}" if plain else f"{value + 0.0:.1f}{self.suffix}".replace("\u00a0", " ")

    @property
    def orientation(self) -> str:
        """What the sign of an impact means, in a sentence; "" where more is better, as one expects."""
        return (
            ""
            if self.higher_is_better
            else f"{self.label.partition(' (')[0]}: {self.better} is better, above 0 is damage."
        )

    @property
    def family(self) -> Family:
        """How g is spread: "net" -100/0/+100, "share" 0/100, "mean" any number of the scale."""
        if self.kind in ("nps", SENTIMENT):
            return "net"
        return "share" if self.kind in ("csat", "stars", *FLAG_KINDS) else "mean"

    @property
    def top_from(self) -> float:
        """The least oriented value that counts as top-2-box (the top quarter on a scale of more than 11 steps)."""
        low, high, _ = self.scale
        if high - low < 3:
            return high
        return high - 1 if high - low <= 10 else low + 0.75 * (high - low)

    def interval(
        self, total: ArrayLike, squares: ArrayLike, n: ArrayLike, cubes: ArrayLike | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the 95 % interval of the mean of g from the sums of g and g squared over n responses.

        With the sum of cubes, that of a time allows for its skew.
        """
        if self.family == "net":
            return intervals.net_score(total, squares, n)
        if self.family == "share":
            low, high = intervals.wilson(self.sign * np.asarray(total, dtype=float) / 100, n)
            return (100 * low, 100 * high) if self.higher_is_better else (-100 * high, -100 * low)
        if cubes is not None and self.kind == "resolution":
            low, high = intervals.skewed_mean(total, squares, cubes, n)
        else:
            low, high = intervals.student_mean(total, squares, n)
        least, most = sorted((self.sign * self.minimum, self.sign * self.maximum))
        return np.clip(low, least, most), np.clip(high, least, most)

    def as_counted(self, table: pl.DataFrame, *names: str) -> pl.DataFrame:
        """Return ``table`` with oriented figures of these names, and their _low and _high, as they are shown.

        Doing it twice gives the oriented ones back.
        """
        if self.higher_is_better:
            return table
        columns = set(table.columns)
        turned = {name: 0.0 - pl.col(name) for name in names}
        for name in names:
            if f"{name}_low" in columns:
                turned |= {f"{name}_low": 0.0 - pl.col(f"{name}_high"), f"{name}_high": 0.0 - pl.col(f"{name}_low")}
        return table.with_columns(**turned)


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
    if kind in FLAG_KINDS:
        return Outcome(name, kind, "percentage points", label, 0.0, 100.0, scale, scale[2])
    if kind == "resolution":
        return Outcome(name, kind, "hours", label, low, high, scale, higher_is_better=False)
    if kind in ("csat", "stars"):
        return Outcome(name, kind, "percentage points", label, 0.0, 100.0, scale)
    return Outcome(name, kind, "points", label, low, high, scale)


def response_values(frames: AnalysisFrames, outcome: Outcome) -> pl.DataFrame:
    """Return one row a response that has the outcome: response_id, person_id, g, meaningful, weight; by response.

    g is +100/0/-100 for NPS and sentiment (the mean over the answers of a form for sentiment; mixed is 0), 100/0 for
    top-2-box scores, 100/0 for flags and hours for times, below 0 where less is better, else the score turned so that
    higher is better. ``meaningful`` says that the response holds at
    least one meaningful feedback. ``weight`` is as given, that of the response's first answer, and 1 where none is.
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
            pl.col(WEIGHT).first(),
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
    if outcome.kind in FLAG_KINDS:
        return outcome.sign * 100 * pl.col(f"score.{outcome.name}")
    if outcome.family == "share":
        return (score >= outcome.top_from).cast(pl.Float64) * 100
    return score


def oriented(outcome: Outcome) -> pl.Expr:
    """Return the score as an expression, turned round on its own scale when lower is better; a time is negated."""
    low, high, higher_is_better = outcome.scale
    score = pl.col(f"score.{outcome.name}")
    if outcome.kind == "resolution":
        return -score
    return score if higher_is_better else (low + high) - score
