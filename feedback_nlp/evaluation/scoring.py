"""Precision, recall and F1 of sets of themes against sets that are taken for true, with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

ROUNDS = 400  # of the bootstrap: its ends are then good to about 0.01
MOST_NUMBERS = 40_000_000  # rounds are fewer for very many people and classes


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with the ends of its 95 % interval (percentile bootstrap over people); all None where undefined."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class ClassScore:
    """How one class was found. ``n_true`` and ``n_found`` count rows; precision is None where it was never found."""

    name: str
    n_true: int
    n_found: int
    precision: float | None
    recall: float | None
    f1: Estimate

    def columns(self) -> dict[str, float | None]:
        """Return precision, recall and F1 with the ends of its interval, as columns of a table's row."""
        return {
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1.value,
            "low": self.f1.low,
            "high": self.f1.high,
        }


@dataclass(frozen=True, slots=True)
class SetScores:
    """F1 over classes: ``micro`` of all decisions, ``macro`` each class alike, ``weighted`` by how often it is true."""

    n: int
    n_people: int
    micro: Estimate
    macro: Estimate
    weighted: Estimate
    classes: tuple[ClassScore, ...]


def set_scores(
    true: Sequence[frozenset[str]],
    found: Sequence[frozenset[str]],
    people: Sequence[str],
    *,
    weights: np.ndarray | None = None,
    seed: int = 0,
    rounds: int = ROUNDS,
) -> SetScores:
    """Return the scores of n rows, each with the classes that are true and those that were found.

    ``people`` says who each row is from: the bootstrap draws people, not rows. ``weights`` (n,) is what a row stands
    for, 1 each where it is None. A class that is neither true nor found anywhere is left out; empty sets on both sides
    agree and count for nothing, as is usual for F1.
    """
    from scipy.sparse import csr_matrix, hstack

    names = sorted(set().union(*true, *found))
    column = {name: number for number, name in enumerate(names)}
    known, k = sorted(set(people)), len(names)
    if not names:
        nothing = Estimate(None, None, None)
        return SetScores(len(true), len(known), nothing, nothing, nothing, ())

    def marked(rows: Sequence[frozenset[str]]):
        pairs = [(row, column[name]) for row, classes in enumerate(rows) for name in sorted(classes)]
        at = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
        return csr_matrix((np.ones(len(pairs)), (at[:, 0], at[:, 1])), shape=(len(rows), k))

    is_true, is_found = marked(true), marked(found)
    both = is_true.multiply(is_found)
    decided = csr_matrix(hstack([both, is_found - both, is_true - both]))  # hits, false alarms, misses
    row_of = {person: number for number, person in enumerate(known)}
    who = np.fromiter((row_of[person] for person in people), np.int64, len(people))
    worth = np.ones(len(people)) if weights is None else np.asarray(weights, dtype=float)
    by_person = csr_matrix((worth, (who, np.arange(len(people)))), shape=(len(known), len(people))) @ decided
    whole = np.asarray(by_person.sum(axis=0)).ravel()[None, :]
    rng = np.random.default_rng(seed)
    rounds = max(50, min(rounds, MOST_NUMBERS // max(1, len(known) + 3 * k)))
    drawn = np.empty((rounds, 3 * k))
    for number in range(rounds):
        times = np.bincount(rng.integers(0, len(known), len(known)), minlength=len(known))
        drawn[number] = times @ by_person
    points, samples = _averages(whole, k), _averages(drawn, k)
    of_class, resampled = _f1(whole, k)[0], _f1(drawn, k)
    hits, alarms, misses = whole[0, :k], whole[0, k : 2 * k], whole[0, 2 * k :]
    n_true, n_found = np.asarray(is_true.sum(axis=0)).ravel(), np.asarray(is_found.sum(axis=0)).ravel()
    classes = tuple(
        ClassScore(
            name,
            int(n_true[i]),
            int(n_found[i]),
            float(hits[i] / (hits[i] + alarms[i])) if hits[i] + alarms[i] > 0 else None,
            float(hits[i] / (hits[i] + misses[i])) if hits[i] + misses[i] > 0 else None,
            _estimate(of_class[i], resampled[:, i]),
        )
        for i, name in enumerate(names)
    )
    micro, macro, weighted = (_estimate(points[i][0], samples[i]) for i in range(3))
    return SetScores(len(true), len(known), micro, macro, weighted, classes)


def _f1(decided: np.ndarray, k: int) -> np.ndarray:
    """Return F1 (rounds, k) from hits, false alarms and misses side by side; NaN for a class that is not there."""
    hits = decided[:, :k]
    total = 2 * hits + decided[:, k : 2 * k] + decided[:, 2 * k :]
    return np.divide(2 * hits, total, out=np.full(hits.shape, np.nan), where=total > 0)


def _averages(decided: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return micro, macro and weighted F1, (rounds,) each."""
    f1 = _f1(decided, k)
    there = ~np.isnan(f1)
    support = decided[:, :k] + decided[:, 2 * k :]
    filled = np.where(there, f1, 0.0)
    hits = decided[:, :k].sum(axis=1)
    total = decided.sum(axis=1) + hits

    def ratio(over: np.ndarray, under: np.ndarray) -> np.ndarray:
        return np.divide(over, under, out=np.full(over.shape, np.nan), where=under > 0)

    return (
        ratio(2 * hits, total),
        ratio(filled.sum(axis=1), there.sum(axis=1).astype(float)),
        ratio((filled * support).sum(axis=1), support.sum(axis=1)),
    )


def _estimate(value: float, samples: np.ndarray) -> Estimate:
    if np.isnan(value):
        return Estimate(None, None, None)
    defined = samples[~np.isnan(samples)]
    if len(defined) < 2:
        return Estimate(float(value), None, None)
    low, high = np.quantile(defined, [0.025, 0.975])
    return Estimate(float(value), float(low), float(high))
