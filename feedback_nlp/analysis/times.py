"""Times, which are skewed: their mean with an interval that counts people, and the median beside it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from feedback_nlp.analysis import intervals
from feedback_nlp.analysis.weighting import WEIGHT, effective_n


class TimeSummary(NamedTuple):
    """Mean and median, each with its 95 % interval, in the unit of the values."""

    mean: float
    low: float
    high: float
    median: float
    median_low: float
    median_high: float


def summarise_times(values: pl.DataFrame) -> TimeSummary:
    """Return mean and median of ``g`` over responses (person_id, g, weight), at least one.

    The mean's interval is :func:`~feedback_nlp.analysis.intervals.skewed_mean` over people, so that several tickets of
    one person count as one; NaN for one person. The median's is that of the share of values below it, Wilson's at 0.5
    with the effective number of responses, read off the values (Woodruff 1952, "Confidence intervals for medians and
    other position measures").
    """
    ordered = values.sort("g", "person_id")
    g, weight = ordered["g"].to_numpy(), ordered[WEIGHT].to_numpy()
    weight = weight / weight.mean()
    mean = float((weight * g).sum() / weight.sum())
    people = ordered["person_id"].rank("dense").to_numpy().astype(np.int64) - 1
    n_people = int(people.max()) + 1
    # What each person moves the mean by, times the people: their spread is that of the mean, clustered by person.
    moved = mean + n_people * np.bincount(people, weights=weight * (g - mean)) / weight.sum()
    low, high = intervals.skewed_mean(moved.sum(), (moved**2).sum(), (moved**3).sum(), n_people)
    n = effective_n(weight)
    share_low, share_high = intervals.wilson(n / 2, n)
    reached = weight.cumsum() / weight.sum()
    return TimeSummary(
        *(mean, max(float(low), 0.0), float(high)),
        *(_quantile(g, reached, float(share)) for share in (0.5, share_low, share_high)),
    )


def _quantile(ordered: np.ndarray, reached: np.ndarray, share: float) -> float:
    """Return the value up to which ``share`` of the weight lies, the middle of two where it ends between them."""
    place = min(int(np.searchsorted(reached, share - 1e-12)), len(ordered) - 1)
    following = min(place + 1, len(ordered) - 1)
    if abs(reached[place] - share) < 1e-12:
        return float(ordered[place] + ordered[following]) / 2
    return float(ordered[place])
