"""Does a count stand out from what was to be expected? A regression on the past that outbreaks in it do not spoil.

After Farrington et al. 1996 ("A statistical algorithm for the early detection of outbreaks of infectious disease") and
Noufaily et al. 2013 ("An improved algorithm for outbreak detection in multiple surveillance systems"): an overdispersed
Poisson regression on time and season with the volume of feedback as offset; the latest periods stay out of the past;
past outbreaks weigh less; no alarm under five cases in four periods. Unlike there, the trend always stays in, with what
is uncertain about it: dropped where it is not significant, or capped at what has been seen, it gave twice the nominal
false alarms on simulated themes. The upper tail is that of a negative binomial whose spread takes in how
uncertain the expectation itself is. A theme's dispersion, known from a few periods only, is drawn towards that of the
others, and tails are those of Student's t (Smyth 2004, "Linear models and empirical Bayes methods", section 4). Fitted
for all themes at once.

Rare themes, and surveys that grow from a few answers a month, need more: rates are Firth's (1993, "Bias reduction of
maximum likelihood estimates"), never 0, for not to have been said while few wrote is not never to be said; trend and
season are drawn to none by a weak prior. Without the two, four of ten screens of a growing survey held a false alarm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, ndtri, polygamma, stdtr
from scipy.stats import nbinom, poisson

LEAST_PAST = 6  # periods
LEAST_CASES, CASES_WITHIN = 5, 4  # cases, periods
_OUTBREAK = 2.58  # residuals beyond it weigh less, by their square (Noufaily et al. 2013)
_SEASON_PERIODS = 18  # and a whole year, before a season is looked for
_TREND_PERIODS = 12
_USUAL_CHANGE = 0.5  # of trend and season, a standard deviation: the logarithm of a rate, 2.7 times from end to end
_REWEIGHTINGS = 3
_STEPS = 30


@dataclass(frozen=True, slots=True, eq=False)
class Expectation:
    """What each theme was expected to have in the period that is judged; all (k,).

    ``low`` and ``high`` bound 95 % of such periods; ``p_value`` is the chance of as many cases or more, NaN where there
    is too little to judge by. ``dispersion`` is variance over mean, at least 1.
    """

    expected: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p_value: np.ndarray
    dispersion: np.ndarray


def expect(
    counts: np.ndarray, volume: np.ndarray, year: float, skip: int = 0, due: np.ndarray | None = None
) -> Expectation:
    """Judge the last period of ``counts`` (k, periods), given ``volume`` (periods,), the feedback it is out of.

    ``due`` (k, periods) is how many of each theme that feedback would have held at unchanged rates, where those who
    wrote were not always the same kind of people; None: the volume alone counts.

    ``year`` is how many periods make one (12 months, 52.18 weeks); the ``skip`` periods before the last are left out
    of the past, so that an outbreak under way does not hide itself. Periods without feedback count for nothing.
    """
    k, periods = counts.shape
    past = np.arange(periods - 1 - skip)
    past = past[volume[past] > 0]
    nothing = np.full(k, np.nan)
    if len(past) < LEAST_PAST or volume[-1] <= 0 or k == 0:
        return Expectation(nothing, nothing, nothing, nothing, nothing)
    due = np.broadcast_to(volume, counts.shape) if due is None else due
    y, offset = counts[:, past].astype(np.float64), np.log(due[:, past])
    here = _design(np.array([periods - 1]), past, year)
    design = _design(past, past, year)
    fit = _Fit.of(y, design, offset)
    mean = fit.predict(here) * due[:, -1]
    variance, dispersion = fit.variance(here) * mean**2, fit.dispersion
    # What it may be, and what it may be off by: variance over mean of a new count.
    spread = np.maximum(dispersion + variance / np.maximum(mean, 1e-12), 1.0)
    now = counts[:, -1].astype(np.float64)
    size = mean / np.maximum(spread - 1, 1e-9)
    overdispersed = spread > 1 + 1e-6
    p_value = np.where(
        overdispersed, nbinom.sf(now - 1, size, 1 / spread), poisson.sf(now - 1, np.maximum(mean, 1e-12))
    )
    p_value = stdtr(fit.degrees, ndtri(np.clip(p_value, 1e-300, 1 - 1e-16)))
    low, high = (
        np.where(overdispersed, nbinom.ppf(q, size, 1 / spread), poisson.ppf(q, np.maximum(mean, 1e-12)))
        for q in (0.025, 0.975)
    )
    recent = counts[:, -CASES_WITHIN:].sum(axis=1)
    p_value = np.where(recent >= LEAST_CASES, p_value, 1.0)
    return Expectation(mean, low, high, p_value, dispersion)


def _design(at: np.ndarray, past: np.ndarray, year: float) -> np.ndarray:
    """Return columns (len(at), q): 1, time over the past (centred, about -1..1), and the season once it can be seen."""
    columns = [np.ones(len(at))]
    if len(past) >= _TREND_PERIODS:
        columns.append(2 * (at - past.mean()) / max(float(past[-1] - past[0]), 1.0))
        if len(past) >= _SEASON_PERIODS and past[-1] - past[0] + 1 >= year:
            columns += [np.sin(2 * np.pi * at / year), np.cos(2 * np.pi * at / year)]
    return np.column_stack(columns)


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """Quasi-Poisson regressions of k series: coefficients (k, q), their covariance (k, q, q), dispersion (k,).

    ``degrees`` (k,) of freedom are those of the dispersion.
    """

    coefficients: np.ndarray
    covariance: np.ndarray
    dispersion: np.ndarray
    degrees: np.ndarray

    @classmethod
    def of(cls, y: np.ndarray, design: np.ndarray, offset: np.ndarray) -> _Fit:
        """Fit ``y`` (k, n) on ``design`` (n, q) with a log link, again and again: outbreaks weigh ever less."""
        most = max(y.shape[1] - design.shape[1], 1)
        weights = np.ones_like(y)
        for _ in range(_REWEIGHTINGS):
            coefficients, information, mu = _iterate(y, design, offset, weights)
            # Drawn to the common one: an outbreak would hide behind the dispersion that it made itself.
            dispersion, _ = _moderated(*_dispersion(y, mu, weights, information, design), most)
            residuals = _anscombe(y, mu, weights, dispersion, information, design)
            # One case where a tenth of one was due looks large and is no outbreak: without it, rates come out too low.
            outbreak = (residuals > _OUTBREAK) & (y >= LEAST_CASES)
            lighter = np.where(outbreak, np.maximum(residuals, _OUTBREAK) ** -2.0, 1.0)
            weights = lighter * y.shape[1] / lighter.sum(axis=1, keepdims=True)
        coefficients, information, mu = _iterate(y, design, offset, weights)
        dispersion, degrees = _moderated(*_dispersion(y, mu, weights, information, design), most)
        return cls(coefficients, np.linalg.inv(information) * dispersion[:, None, None], dispersion, degrees)

    def predict(self, design: np.ndarray) -> np.ndarray:
        """Return the expected rates (k,) for a design of one row."""
        return np.exp(np.clip(self.coefficients @ design[0], -50, 20))

    def variance(self, design: np.ndarray) -> np.ndarray:
        """Return the variance (k,) of the logarithm of the expected rate, for a design of one row."""
        return np.einsum("q,kqr,r->k", design[0], self.covariance, design[0])


def _iterate(
    y: np.ndarray, design: np.ndarray, offset: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return coefficients (k, q), information (k, q, q) and means (k, n) by iteratively reweighted least squares."""
    k, q = len(y), design.shape[1]
    rate = (y.sum(axis=1) + 0.5) / np.exp(offset).sum(axis=-1)
    coefficients = np.zeros((k, q))
    coefficients[:, 0] = np.log(rate)
    known_before = np.diag([0.0] + [_USUAL_CHANGE**-2.0] * (q - 1))
    for _ in range(_STEPS):
        linear = np.clip(coefficients @ design.T, -50, 20)
        mu = np.exp(linear + offset)
        working = weights * mu
        information = np.einsum("kn,nq,nr->kqr", working, design, design) + known_before
        surplus = weights * (y - mu) + _leverage(working, information, design) / 2
        score = np.einsum("kn,nq->kq", working * linear + surplus, design)
        updated = np.linalg.solve(information, score[..., None])[..., 0]
        step = np.clip(updated - coefficients, -3, 3)
        coefficients = coefficients + step
        if np.abs(step).max() < 1e-9:
            break
    return coefficients, information, mu


def _leverage(working: np.ndarray, information: np.ndarray, design: np.ndarray) -> np.ndarray:
    """Return how much each count has to say in its own mean, (k, n); the sum is the number of columns."""
    return working * np.einsum("nq,kqr,nr->kn", design, np.linalg.inv(information), design)


def _dispersion(
    y: np.ndarray, mu: np.ndarray, weights: np.ndarray, information: np.ndarray, design: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return variance over mean, (k,), and how many degrees of freedom there are to know it by, (k,), at least 1.

    The square of a count's residual varies by 2 + 1 / mean, not by 2 as a normal one's: a period in which hardly any
    case was due tells hardly anything, whatever it holds, and counts for as little.
    """
    telling = 2 * mu / (2 * mu + 1)
    degrees = (telling * (1 - _leverage(weights * mu, information, design))).sum(axis=1)
    square = (telling * weights * (y - mu) ** 2 / np.maximum(mu, 1e-9)).sum(axis=1)
    return square / np.maximum(degrees, 1e-9), np.maximum(degrees, 1.0)


def _moderated(dispersion: np.ndarray, degrees: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Return dispersions drawn towards the common one, at least 1, and their degrees of freedom (Smyth 2004, 6.2).

    ``most`` is how many degrees there would be if every period told all it can.
    """
    known = dispersion > 1e-6
    if known.sum() < 3:
        return np.maximum(dispersion, 1.0), np.full(len(dispersion), float(most))
    half = degrees[known] / 2
    logs = np.log(dispersion[known]) - digamma(half) + np.log(half)
    excess = float(logs.var(ddof=1) - polygamma(1, half).mean())
    # The others never count for more than a theme that all periods tell of, since how alike they are is a guess too.
    prior = min(2 * _trigamma_inverse(excess) if excess > 1e-3 else np.inf, float(most))
    common = float(np.exp(logs.mean() + digamma(prior / 2) - np.log(prior / 2)))
    moderated = (prior * common + degrees * dispersion) / (prior + degrees)
    return np.maximum(moderated, 1.0), degrees + prior


def _trigamma_inverse(value: float) -> float:
    """Return the x whose trigamma is ``value`` > 0, by Newton's method (Smyth 2004, appendix)."""
    x = 0.5 + 1 / value
    for _ in range(50):
        at = float(polygamma(1, x))
        step = at * (1 - at / value) / float(polygamma(2, x))
        x += step
        if abs(step) < 1e-8 * x:
            break
    return x


def _anscombe(
    y: np.ndarray,
    mu: np.ndarray,
    weights: np.ndarray,
    dispersion: np.ndarray,
    information: np.ndarray,
    design: np.ndarray,
) -> np.ndarray:
    """Return standardised Anscombe residuals, (k, n), as Farrington et al. 1996 define them."""
    leverage = _leverage(weights * mu, information, design)
    spread = np.sqrt(dispersion[:, None] * np.maximum(1 - leverage, 1e-3))
    third = np.maximum(mu, 1e-9)
    return 1.5 * (y ** (2 / 3) - third ** (2 / 3)) / (third ** (1 / 6) * spread)
