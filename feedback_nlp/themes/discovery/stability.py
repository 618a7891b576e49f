"""Stability: which themes are found again when other statements are drawn, and what the fits agree on.

Several fits of resampled statements each divide the same rows. Two themes of two fits are one where they share most of
their statements (the Jaccard index of their members), so that no constant of the space decides what "the same theme"
is; the groups that most fits propose are the consensus (meta-clustering: Strehl & Ghosh 2002,
https://jmlr.org/papers/v3/strehl02a.html; consensus clustering: Monti et al. 2003,
https://doi.org/10.1023/A:1023949509487).

A theme's stability is the mean over fits of its Jaccard index with the theme most like it (Hennig 2007,
https://doi.org/10.1016/j.csda.2006.11.025), here over rows that a fit may not have seen, which asks a little more. How
to read it, after the same paper: 0.85 and more, highly stable; 0.75 and more, a valid and stable theme; 0.6 to 0.75, a
pattern that is there, though which statements belong to it is in doubt; below 0.6 not to be trusted; 0.5 and less, it
comes apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

HIGHLY_STABLE = 0.85
STABLE = 0.75
PATTERN = 0.6  # a theme below it is a candidate
SAME = 0.5  # Jaccard index at which two fits' themes are one
BLOCK = 65_536


@dataclass(frozen=True)
class Consensus:
    """What fits agree on: ``group_of`` (m,) is the theme of each proposal in the order of the fits, -1 where too few
    fits propose it; ``agreed`` (n,) the theme that at least half of the fits gave a row, -1 where there is none."""

    group_of: np.ndarray
    agreed: np.ndarray


def overlap(one: np.ndarray, other: np.ndarray, k_one: int, k_other: int) -> np.ndarray:
    """Return the Jaccard index of each pair of labels, (k_one, k_other); label -1 (n,) belongs to no theme."""
    sizes_one = np.bincount(one[one >= 0], minlength=k_one)
    sizes_other = np.bincount(other[other >= 0], minlength=k_other)
    both = (one >= 0) & (other >= 0)
    shared = np.bincount(one[both] * k_other + other[both], minlength=k_one * k_other).reshape(k_one, k_other)
    union = sizes_one[:, None] + sizes_other[None, :] - shared
    return np.asarray(shared / np.maximum(union, 1))


def consensus(labels: Sequence[np.ndarray], counts: Sequence[int]) -> Consensus:
    """Return what fits agree on. ``labels`` are each fit's label for the same n rows, 0 to its ``counts`` - 1.

    Proposals are joined by average linkage of their Jaccard index down to 0.5; half of the fits must propose a theme.
    """
    from scipy.cluster.hierarchy import fcluster, linkage

    starts = np.concatenate([[0], np.cumsum(counts)])
    total = int(starts[-1])
    fit_of = np.repeat(np.arange(len(counts)), counts)
    if total < 2:
        groups = np.zeros(total, np.int64)
    else:
        apart = np.zeros((total, total))
        for a in range(len(counts)):
            for b in range(a, len(counts)):
                block = 1 - overlap(labels[a], labels[b], counts[a], counts[b])
                apart[starts[a] : starts[a + 1], starts[b] : starts[b + 1]] = block
        tree = linkage(apart[np.triu_indices(total, 1)].round(9), "average")
        groups = fcluster(tree, 1 - SAME, "distance") - 1
    number = int(groups.max(initial=-1)) + 1
    support = np.array([len(np.unique(fit_of[groups == group])) for group in range(number)])
    kept = np.flatnonzero(support >= len(counts) / 2)
    new = np.full(number, -1)
    new[kept] = np.arange(len(kept))
    group_of = new[groups] if total else groups
    return Consensus(group_of, _agreed(labels, starts, group_of, len(kept)))


def _agreed(labels: Sequence[np.ndarray], starts: np.ndarray, group_of: np.ndarray, k: int) -> np.ndarray:
    n = len(labels[0])
    agreed = np.full(n, -1)
    for start in range(0, n if k else 0, BLOCK):
        rows = slice(start, min(n, start + BLOCK))
        votes = np.zeros((rows.stop - rows.start, k), np.int16)
        for fit, own in enumerate(labels):
            group = np.concatenate([group_of[starts[fit] : starts[fit + 1]], [-1]])[own[rows]]
            votes[np.flatnonzero(group >= 0), group[group >= 0]] += 1
        most = votes.max(axis=1)
        agreed[rows] = np.where(2 * most >= len(labels), votes.argmax(axis=1), -1)
    return agreed


def stability_of(labels: np.ndarray, k: int, others: Sequence[np.ndarray]) -> np.ndarray:
    """Return each theme's stability, (k,), 0..1: how well ``others`` (labels of the same rows) find it again."""
    if not k:
        return np.empty(0)
    best = [overlap(labels, other, k, int(other.max(initial=0)) + 1).max(axis=1) for other in others]
    return np.asarray(np.mean(best, axis=0))


def agreement_of(labels: Sequence[np.ndarray]) -> float:
    """Return the mean adjusted Rand index of all pairs of fits (Hubert & Arabie 1985): 0 by chance, 1 the same."""
    from sklearn.metrics import adjusted_rand_score

    pairs = [(a, b) for a in range(len(labels)) for b in range(a)]
    return float(np.mean([adjusted_rand_score(labels[a], labels[b]) for a, b in pairs])) if pairs else 1.0
