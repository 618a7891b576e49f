"""Krippendorff's alpha: whether coders who worked apart would agree again, for single themes and for sets of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np

RELIABLE, TENTATIVE = 0.80, 0.667  # Krippendorff 2013, Content Analysis, 3rd edition, ch. 11
ROUNDS = 1000


@dataclass(frozen=True, slots=True)
class Alpha:
    """``value`` at most 1, 0 as by chance; None where it is not defined: nothing in common, or one value throughout.

    ``low`` and ``high`` are a 95 % percentile bootstrap over units, ``n_units`` those with two values or more.
    """

    value: float | None
    low: float | None
    high: float | None
    n_units: int


def nominal_distance(one: Hashable, other: Hashable) -> float:
    """Return 0 for the same value and 1 for another."""
    return float(one != other)


def masi_distance(one: frozenset[str], other: frozenset[str]) -> float:
    """Return how far two sets are apart, 0 the same, 1 nothing in common, less when one holds the other.

    One minus Jaccard times monotonicity: 1 for equal sets, 2/3 when one holds the other, 1/3 when they overlap
    (Passonneau 2006, https://aclanthology.org/L06-1392). Two empty sets are the same.
    """
    if one == other:
        return 0.0
    shared = len(one & other)
    if not shared:
        return 1.0
    monotony = 2 / 3 if one <= other or other <= one else 1 / 3
    return 1.0 - shared / len(one | other) * monotony


def krippendorff_alpha(
    units: Sequence[Sequence[Hashable | None]], distance: Callable[..., float] = nominal_distance, *, seed: int = 0
) -> Alpha:
    """Return alpha over ``units``, each with one value a coder, None where a coder gave none.

    One minus observed over expected disagreement; a unit with fewer than two values says nothing and is left out
    (Krippendorff 2011, https://repository.upenn.edu/asc_papers/43). ``distance`` is between two values, 0 to 1.
    """
    given = [[value for value in unit if value is not None] for unit in units]
    pairable = [values for values in given if len(values) > 1]
    values = sorted({value for unit in pairable for value in unit}, key=_order)
    if len(values) < 2:
        return Alpha(None, None, None, len(pairable))
    number = {value: i for i, value in enumerate(values)}
    apart = np.array([[distance(one, other) for other in values] for one in values])
    counts = np.zeros((len(pairable), len(values)))
    for row, unit in enumerate(pairable):
        for value in unit:
            counts[row, number[value]] += 1
    sizes = counts.sum(axis=1)
    observed = np.einsum("uv,uv->u", counts @ apart, counts) / (sizes - 1)
    value = _alpha(np.ones((1, len(pairable))), observed, sizes, counts, apart)[0]
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(pairable), np.full(len(pairable), 1 / len(pairable)), size=ROUNDS)
    samples = _alpha(drawn.astype(float), observed, sizes, counts, apart)
    samples = samples[~np.isnan(samples)]
    low, high = np.quantile(samples, [0.025, 0.975]) if len(samples) > 1 else (np.nan, np.nan)
    return Alpha(
        float(value),
        None if np.isnan(low) else float(low),
        None if np.isnan(high) else float(high),
        len(pairable),
    )


def reading(alpha: float) -> str:
    """Return what is usually said of an alpha."""
    if alpha >= RELIABLE:
        return "reliable"
    return "tentative conclusions only" if alpha >= TENTATIVE else "not reliable"


def _alpha(
    times: np.ndarray, observed: np.ndarray, sizes: np.ndarray, counts: np.ndarray, apart: np.ndarray
) -> np.ndarray:
    """Return alpha (r,) for units that are taken ``times`` (r, u) each."""
    n = times @ sizes
    of_value = times @ counts
    expected = np.einsum("rv,rv->r", of_value @ apart, of_value) / (n - 1)
    disagreement = np.divide(times @ observed, expected, out=np.full(len(n), np.nan), where=expected > 0)
    return 1 - disagreement


def _order(value: Hashable) -> str:
    return "|".join(sorted(map(str, value))) if isinstance(value, frozenset) else str(value)
