"""Did the fix work? What happened to a series after a date, against what it would have gone on to be.

A segmented regression (Wagner et al. 2002; Bernal, Cummins & Gasparrini 2017, "Interrupted time series regression for
the evaluation of public health interventions"): y_t = a + b t + c after_t + d (t - t0) after_t + e_t. With a control, y
is the difference to it, so that what moved both drops out.

The error e_t is in part carried over from one period to the next and in part each period's own, the more of that the
less feedback it holds. How much carries over cannot be known from a dozen months, and whatever single figure is put
there makes intervals too narrow (Turner et al. 2021, "Evaluation of statistical methods used in the analysis of
interrupted time series studies"). So every figure counts, for as much as the data have it likely: the interval is that
of a mixture of Student's t over carry-over and own part (Zellner & Tiao 1964, "Bayesian analysis of the regression
model with autocorrelated errors"), flat before the data, whose weights are the restricted likelihood.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp, stdtr, stdtrit

from feedback_nlp.analysis import intervals

LEAST_PERIODS = 8  # on either side (field practice: 8 to 10)
_CARRIED, _OWN = (axis.ravel() for axis in np.meshgrid(np.linspace(0, 0.95, 20), np.linspace(0, 1, 5)))
_HALVINGS = 60


@dataclass(frozen=True, slots=True, eq=False)
class Interruption:
    """What a series did after a date; all in the unit of the series.

    ``effect`` is how far the periods after it lie from where the time before would have led them, on average, with
    its 95 % interval ``low``..``high`` and ``p_value``; ``step`` and ``slope`` are its parts: the jump, and the change
    of trend per period. ``expected`` (n,) is what would have gone on, NaN before the date.
    """

    effect: float
    low: float
    high: float
    p_value: float
    step: float
    slope: float
    n_before: int
    n_after: int
    expected: np.ndarray


def interrupt(y: np.ndarray, weight: np.ndarray, start: int) -> Interruption | None:
    """Compare ``y`` (n,) from place ``start`` on with what came before.

    ``weight`` (n,) is how much feedback a period holds, 0 to leave it out. None where fewer than :data:`LEAST_PERIODS`
    count on either side.
    """
    time = np.arange(len(y), dtype=np.float64)
    known = (weight > 0) & np.isfinite(y)
    n_before, n_after = int(known[:start].sum()), int(known[start:].sum())
    if min(n_before, n_after) < LEAST_PERIODS:
        return None
    after = (time >= start).astype(np.float64)
    design = np.column_stack([np.ones(len(y)), time - start, after, (time - start) * after])
    coefficients, covariance, likelihood = fit_errors(y[known], design[known], time[known], weight[known])
    reach = float((time - start)[known & (after > 0)].mean())
    contrast = np.array([0.0, 0.0, 1.0, reach])
    mixture = _Mixture(
        coefficients @ contrast,
        np.sqrt(np.einsum("q,gqr,r->g", contrast, covariance, contrast)),
        np.exp(likelihood - logsumexp(likelihood)),
        int(known.sum()) - design.shape[1],
    )
    found = mixture.share @ coefficients
    below = mixture.below(0.0)
    return Interruption(
        effect=float(contrast @ found),
        low=mixture.quantile((1 - intervals.CONFIDENCE) / 2),
        high=mixture.quantile((1 + intervals.CONFIDENCE) / 2),
        p_value=min(1.0, 2 * min(below, 1 - below)),
        step=float(found[2]),
        slope=float(found[3]),
        n_before=n_before,
        n_after=n_after,
        expected=np.where(after > 0, design[:, :2] @ found[:2], np.nan),
    )


def fit_errors(
    y: np.ndarray, design: np.ndarray, time: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fit ``y`` (n,) on ``design`` (n, q) by generalised least squares under each of g kinds of error.

    Returns coefficients (g, q), their covariance (g, q, q) and the restricted log-likelihood (g,), up to a constant.
    """
    q = design.shape[1]
    whitened, log_determinant = _whitened(np.column_stack([design, y]), time, weight)
    x, target = whitened[..., :q], whitened[..., q]
    information = np.einsum("gnq,gnr->gqr", x, x)
    inverse = np.linalg.inv(information)
    coefficients = np.einsum("gqr,gnr,gn->gq", inverse, x, target)
    residuals = target - np.einsum("gnq,gq->gn", x, coefficients)
    # A series without any noise has an interval of no width, not one that cannot be computed.
    square = np.maximum((residuals**2).sum(axis=1), 1e-20 * (1 + (y**2).sum()))
    degrees = len(y) - q
    likelihood = -0.5 * (log_determinant + np.linalg.slogdet(information)[1] + degrees * np.log(square))
    return coefficients, inverse * (square / degrees)[:, None, None], likelihood


def _whitened(rows: np.ndarray, time: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return ``rows`` (n, c) with the errors of each kind taken out, (g, n, c), and their log-determinants (g,).

    The error of a period has variance 1 - own + own d, where d is 1 on average and falls with the weight; what two
    periods share is (1 - own) carried^gap. A Kalman filter (Harvey 1989) needs no n x n matrix and minds the gaps.
    """
    noise = 1 / weight
    own = _OWN * (noise / noise.mean())[:, None]
    level = np.zeros((len(_OWN), rows.shape[1]))
    variance = 1 - _OWN
    result, log_determinant = np.empty((len(_OWN), *rows.shape)), np.zeros(len(_OWN))
    for place, row in enumerate(rows):
        if place:
            kept = _CARRIED ** (time[place] - time[place - 1])
            level, variance = kept[:, None] * level, kept**2 * variance + (1 - _OWN) * (1 - kept**2)
        total = variance + own[place]
        surprise = row - level
        result[:, place] = surprise / np.sqrt(total)[:, None]
        log_determinant += np.log(total)
        level = level + (variance / total)[:, None] * surprise
        variance = variance * own[place] / total
    return result, log_determinant


@dataclass(frozen=True, slots=True, eq=False)
class _Mixture:
    """Student's t distributions of ``degrees``: centre, spread and share (sums to 1), all (g,)."""

    centre: np.ndarray
    spread: np.ndarray
    share: np.ndarray
    degrees: int

    def below(self, value: float) -> float:
        """Return the chance of less than ``value``."""
        return float(self.share @ stdtr(self.degrees, (value - self.centre) / self.spread))

    def quantile(self, chance: float) -> float:
        """Return the value with so much chance below it; it lies between the least and largest of the parts'."""
        ends = self.centre + self.spread * stdtrit(self.degrees, chance)
        low, high = float(ends.min()), float(ends.max())
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if self.below(middle) < chance else (low, middle)
        return (low + high) / 2
