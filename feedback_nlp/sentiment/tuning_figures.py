"""How right and how honest probabilities are, before and after, with the interval of the difference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
BINS = 10
_AT_ONCE = 50  # resamples whose weights are held together

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Figures:
    """Of n rows: ``macro_f1`` (0..1, mean over the labels that occur), ``accuracy`` (0..1), ``log_loss`` (nats, mean
    over rows, less is better), ``ece`` (0..1, less is better): how far confidence and share of right labels lie apart
    in 10 bins (Naeini et al. 2015, "Obtaining Well Calibrated Probabilities Using Bayesian Binning")."""

    macro_f1: float
    accuracy: float
    log_loss: float
    ece: float


@dataclass(frozen=True, slots=True)
class Gain:
    """By how much a figure got better, below 0 where it got worse, with its 95 % interval."""

    value: float
    low: float
    high: float


def softmax(logits: NDArray[np.floating]) -> Floats:
    """Return float64 probabilities of shape (n, k); rows add up to 1."""
    from scipy.special import softmax as of_scipy

    return np.asarray(of_scipy(np.asarray(logits, np.float64), axis=1))


def compared(
    before: Floats, after: Floats, truths: Whole, groups: Whole, *, seed: int = 0
) -> tuple[Figures, Figures, Mapping[str, Gain]]:
    """Return the figures of two sets of probabilities (n, k) for the same rows, and the gains from one to the other.

    The intervals are percentiles of a paired bootstrap over ``groups`` (n,), so that rows that belong together are
    drawn together; with every row a group of its own it is one over rows.
    """
    _, group = np.unique(groups, return_inverse=True)
    sums = np.zeros((int(group.max()) + 1, 0))
    for probabilities in (before, after):
        sums = np.concatenate([sums, _summed(_statistics(probabilities, truths), group)], axis=1)
    k, width = before.shape[1], sums.shape[1] // 2
    whole = sums.sum(axis=0)
    found = [_figures(whole[None, :width], k), _figures(whole[None, width:], k)]
    rng = np.random.default_rng(seed)
    n = len(sums)
    gains = []
    for start in range(0, RESAMPLES, _AT_ONCE):
        size = min(_AT_ONCE, RESAMPLES - start)
        weights = np.stack([np.bincount(rng.integers(n, size=n), minlength=n) for _ in range(size)]).astype(float)
        drawn = weights @ sums
        gains.append(_gain(_figures(drawn[:, :width], k), _figures(drawn[:, width:], k)))
    low, high = np.nanpercentile(np.concatenate(gains), (2.5, 97.5), axis=0)
    value = _gain(*found)[0]
    names = [*asdict(Figures(0, 0, 0, 0))]
    told = [Figures(*map(float, np.round(row[0], 6))) for row in found]
    return (
        told[0],
        told[1],
        {
            name: Gain(*(round(float(number), 6) for number in (value[place], low[place], high[place])))
            for place, name in enumerate(names)
        },
    )


def _statistics(probabilities: Floats, truths: Whole) -> Floats:
    """Return what a row adds to each sum: the confusion matrix, the loss, its bin of confidence, itself."""
    n, k = probabilities.shape
    rows = np.arange(n)
    said = probabilities.argmax(axis=1)
    confidence = probabilities[rows, said]
    confusion = np.eye(k * k)[truths * k + said]
    apart = np.eye(BINS)[np.minimum((confidence * BINS).astype(int), BINS - 1)]
    loss = -np.log(np.maximum(probabilities[rows, truths], 1e-12))
    return np.concatenate(
        [confusion, apart * (confidence - (said == truths))[:, None], loss[:, None], np.ones((n, 1))], axis=1
    )


def _summed(statistics: Floats, group: Whole) -> Floats:
    sums = np.zeros((int(group.max()) + 1, statistics.shape[1]))
    np.add.at(sums, group, statistics)
    return sums


def _figures(sums: Floats, k: int) -> Floats:
    """Return (resamples, 4) figures in the order of :class:`Figures` from (resamples, k * k + BINS + 2) sums."""
    confusion = sums[:, : k * k].reshape(-1, k, k)
    n = sums[:, -1]
    right = np.diagonal(confusion, axis1=1, axis2=2)
    either = confusion.sum(axis=1) + confusion.sum(axis=2)
    with np.errstate(invalid="ignore", divide="ignore"):
        f1 = np.where(confusion.sum(axis=2) > 0, 2 * right / either, np.nan)  # a label without rows has none
    return np.stack(
        [
            np.nanmean(f1, axis=1),
            right.sum(axis=1) / n,
            sums[:, k * k + BINS] / n,
            np.abs(sums[:, k * k : k * k + BINS]).sum(axis=1) / n,
        ],
        axis=1,
    )


def _gain(before: Floats, after: Floats) -> Floats:
    """Return what got better: macro-F1 and accuracy by growing, log loss and calibration error by falling."""
    return (after - before) * np.array([1, 1, -1, -1])
