"""Headline scores with their intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from feedback_nlp.analysis import intervals
from feedback_nlp.analysis.frames import FACT_ORDER, OUTCOME_ORDER, AnalysisFrames
from feedback_nlp.analysis.outcomes import SENTIMENT, Outcome, choose_outcome, oriented, response_values
from feedback_nlp.analysis.times import TimeSummary, summarise_times
from feedback_nlp.analysis.weighting import WEIGHT, Weighting, effective, scaled, total_weight, totals, weighting_of
from feedback_nlp.records import FACT_KINDS, FLAG_KINDS

_RANK = {kind: place for place, kind in enumerate((*OUTCOME_ORDER, *FACT_ORDER, "flag", "other", SENTIMENT))}


@dataclass(frozen=True, slots=True)
class ScoreSummary:
    """A score of all respondents in the view.

    ``value`` with its 95 % interval ``low``..``high`` is in ``unit``; ``n`` counts responses with the score;
    ``parts`` counts what it is made of; ``meaningful_value`` and ``meaningful_n`` are the same over responses that
    hold a meaningful feedback, the base of theme impacts. ``minimum`` and ``maximum`` bound ``value``. Of a time the
    ``median`` is told too, with its interval. In a ``weighted`` survey ``n`` and ``parts`` still count responses;
    value, interval and ``part_shares`` (0..1) go by weights, with the certainty of ``effective_n`` responses.
    """

    name: str
    label: str
    kind: str
    unit: str
    value: float
    low: float
    high: float
    n: int
    parts: Mapping[str, int]
    low_base: bool
    how_to_read: str
    meaningful_value: float | None = None
    meaningful_n: int = 0
    minimum: float = -100.0
    maximum: float = 100.0
    median: float | None = None
    median_low: float | None = None
    median_high: float | None = None
    part_shares: Mapping[str, float] = field(default_factory=dict)
    weighted: bool = False
    effective_n: float = 0.0

    @property
    def suffix(self) -> str:
        """What stands after the value: "%", " h" or nothing."""
        return {"%": "%", "hours": "\u00a0h"}.get(self.unit, "")


def nps_interval(promoters: int, passives: int, detractors: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the adjusted-Wald interval of an NPS, in points (-100..100).

    Adds 3 to n: 3/4 to promoters, 3/4 to detractors, the rest to passives; best of six methods in Rocks (2016), as
    reported by MeasuringU. Raises ValueError for negative counts or none at all.
    """
    n = promoters + passives + detractors
    if min(promoters, passives, detractors) < 0 or n == 0:
        raise ValueError(f"nps_interval({promoters}, {passives}, {detractors}): give counts of 0 or more, not all 0.")
    low, high = intervals.net_score(100 * (promoters - detractors), 100**2 * (promoters + detractors), n, confidence)
    return float(low), float(high)


def summarise_scores(frames: AnalysisFrames) -> tuple[ScoreSummary, ...]:
    """Return a summary for each score in the view, NPS first and net sentiment last.

    A score given by fewer people than the privacy minimum is left out.
    """
    summaries = [summarise_score(frames, choose_outcome(frames, name)) for name in (*frames.score_names, SENTIMENT)]
    return tuple(sorted((s for s in summaries if s), key=lambda s: (_RANK[s.kind], s.name != s.kind, s.name)))


def summarise_score(frames: AnalysisFrames, outcome: Outcome) -> ScoreSummary | None:
    """Return the summary of one outcome, or None when fewer people than the privacy minimum have it."""
    values = response_values(frames, outcome)
    if values["person_id"].n_unique() < max(frames.privacy_minimum, 1):
        return None
    n, weighting = len(values), weighting_of(values[WEIGHT])
    value, low, high = mean_with_interval(values, outcome)
    times = summarise_times(values.with_columns(-pl.col("g"))) if outcome.kind == "resolution" else None
    if times is not None:
        value, low, high = times.mean, times.low, times.high
    meaningful = values.filter("meaningful")
    shown = meaningful["person_id"].n_unique() >= frames.privacy_minimum and not _few_between(values, frames)
    parts = _parts(frames, outcome)
    meaningful_value = mean_with_interval(meaningful, outcome)[0] if shown else None
    return ScoreSummary(
        name=outcome.name,
        label=outcome.label,
        kind=outcome.kind,
        unit=_value_unit(outcome),
        value=value,
        low=low,
        high=high,
        n=n,
        parts={name: count for name, count, _ in parts},
        low_base=n < frames.low_base,
        how_to_read=_how_to_read(outcome, weighting, meaningful_value, len(meaningful), times),
        meaningful_value=meaningful_value,
        meaningful_n=len(meaningful) if shown else 0,
        minimum=outcome.minimum,
        maximum=outcome.maximum,
        **({} if times is None else {name: getattr(times, name) for name in ("median", "median_low", "median_high")}),
        part_shares={name: share for name, _, share in parts},
        weighted=weighting.weighted,
        effective_n=weighting.effective_n,
    )


def mean_with_interval(values: pl.DataFrame, outcome: Outcome) -> tuple[float, float, float]:
    """Return mean, low and high of rows with g and weight, one a response, as they are shown; one value alone says no
    more than the scale's ends."""
    values = scaled(values)
    g, weight = values["g"].rechunk(), values[WEIGHT].rechunk()
    mean = float((weight * g).mean()) / float(weight.mean())  # type: ignore[arg-type]
    n, total, squares = effective(*totals(values), float((weight * g).sum()), float((weight * g**2).sum()))
    ends = outcome.interval(total, squares, n)
    low, high = sorted(outcome.sign * float(end) for end in ends)
    return outcome.sign * mean + 0.0, outcome.minimum if low != low else low, outcome.maximum if high != high else high


def _few_between(values: pl.DataFrame, frames: AnalysisFrames) -> bool:
    """Whether the two bases differ by so few people that publishing both would show those few."""
    between = values.filter(~pl.col("meaningful"))["person_id"].n_unique()
    return 0 < between < frames.privacy_minimum


def _parts(frames: AnalysisFrames, outcome: Outcome) -> list[tuple[str, int, float]]:
    """Return what a score is made of: name of each part, how many have it, and their share by weight (0..1)."""
    if outcome.name == SENTIMENT:
        rows = frames.feedback.filter(pl.col("meaningful")).select(pl.col("sentiment_label").alias("part"), WEIGHT)
        names = ["positive", "neutral", "mixed", "negative"]
    else:
        rows = (
            frames.feedback.sort("response_id", "feedback_id")
            .group_by("response_id", maintain_order=True)
            .agg(oriented(outcome).drop_nulls().first().alias("part"), pl.col(WEIGHT).first())
            .drop_nulls("part")
        )
        found = _part_of(outcome)
        if found is None and rows["part"].n_unique() > 11:
            return []
        names = [f"{value:g}" for value in rows["part"].unique().sort()] if found is None else list(found)
        part = pl.coalesce(pl.when(holds).then(pl.lit(name)) for name, holds in found.items()) if found else None
        written = {value: f"{value:g}" for value in rows["part"].unique()}
        rows = rows.with_columns(
            pl.col("part").replace_strict(written, return_dtype=pl.String) if part is None else part.alias("part")
        )
    rows = scaled(rows.drop_nulls("part"))
    sums = rows.group_by("part").agg(pl.len().alias("n"), total_weight())
    known = {name: (n, weight) for name, n, weight in sums.iter_rows()}
    whole = totals(rows)[0] or 1.0
    return [(name, n, weight / whole) for name in names for n, weight in (known.get(name, (0, 0.0)),)]


def _part_of(outcome: Outcome) -> dict[str, pl.Expr] | None:
    """Return the names of a score's parts and which oriented score (``part``) is in each, the first that holds.

    None where each value is a part of its own.
    """
    score = pl.col("part")
    if outcome.kind == "nps":
        return {"promoters": score >= 9, "passives": score >= 7, "detractors": pl.lit(True)}
    if outcome.kind in FLAG_KINDS:
        good, bad = _flag_parts(outcome)
        return {good: score > 0.5, bad: pl.lit(True)}
    if outcome.family == "share":
        low, high, _ = outcome.scale
        bottom = score <= low + high - outcome.top_from
        return {"top": score >= outcome.top_from, "middle": ~bottom, "bottom": pl.lit(True)}
    return None


def _flag_parts(outcome: Outcome) -> tuple[str, str]:
    """Return what the good and the bad value are called; names say what it is, and whether it is good."""
    return {
        "churn": ("stayed", "churned"),
        "fcr": ("solved at first contact", "needed more contacts"),
    }.get(outcome.kind, ("yes", "no") if outcome.higher_is_better else ("good no", "bad yes"))


def _value_unit(outcome: Outcome) -> str:
    if outcome.family == "share":
        return "%"
    if outcome.kind == "resolution":
        return "hours"
    return "points" if outcome.family == "mean" else outcome.unit


def _how_to_read(
    outcome: Outcome,
    weighting: Weighting,
    meaningful_value: float | None,
    meaningful_n: int,
    times: TimeSummary | None = None,
) -> str:
    low, high, higher_is_better = outcome.scale
    each = "counts by its survey weight" if weighting.weighted else "counts once"
    base = f"Base: all {weighting.n:,} responses in view with this score; each response {each}."
    counted = outcome.kind in FACT_KINDS
    turned = (
        ""
        if counted or higher_is_better
        else f" The scale runs from {high:g} (worst) to {low:g} (best), so it is turned."
    )
    if outcome.name == SENTIMENT:
        text = "Share of positive minus share of negative answers, from −100 to 100; neutral and mixed count as 0."
        by_weight = f"; each {each}" if weighting.weighted else ""
        base = f"Base: {weighting.n:,} responses with a meaningful answer{by_weight}."
    elif outcome.kind == "nps":
        text = "Share of promoters (9–10) minus share of detractors (0–6), from −100 to 100."
    elif counted:
        text = _fact_words(outcome, times)
    elif outcome.family == "share":
        top = outcome.top_from if higher_is_better else low + high - outcome.top_from
        bound = f"{top:g} or better"
        text = f"Share of responses that chose the top of the scale ({bound}, {low:g} to {high:g})."
    elif outcome.kind == "ces":
        text = f"Mean effort score, {low:g} to {high:g}; a higher value here means that it was easier."
    else:
        text = f"Mean score, {low:g} to {high:g}; higher is better."
    method = {
        "net": "adjusted Wald",
        "share": "Wilson",
        "mean": "t",
    }[outcome.family]
    if times is not None:
        method = "t without the skewness, counting people"
    text += (
        f"{turned} {base} The interval is a 95% one ({method}): repeat the survey and the score could well lie in it."
    )
    if weighting.weighted:
        text += f" Unequal weights make it as wide as that of {weighting.effective_n:,.0f} responses (effective n)."
    if meaningful_value is not None and outcome.name != SENTIMENT:
        text += (
            f" The {meaningful_n:,} of them who also wrote something meaningful average "
            f"{_written(meaningful_value)}{outcome.suffix}; themes are weighed on those, so the two can differ."
        )
    return text


def _fact_words(outcome: Outcome, times: TimeSummary | None) -> str:
    better = (
        "higher is better"
        if outcome.higher_is_better
        else f"{outcome.better} is better, so an impact above 0 is damage"
    )
    if times is not None:
        return (
            f"Mean time in hours; {better}. Times are skewed: half of them took at most {_written(times.median)} h "
            f"(the median; {_written(times.median_low)} to {_written(times.median_high)}), and few long ones pull the "
            "mean up. Themes are weighed on the mean, since only it adds up."
        )
    what = {
        "churn": "whose customer left",
        "fcr": "that were resolved at the first contact",
    }.get(outcome.kind, f"with yes in {outcome.name!r}")
    return f"Share of responses {what}; {better}."


def _written(value: float) -> str:
    return f"{value:.1f}".replace("-", "\u2212")
