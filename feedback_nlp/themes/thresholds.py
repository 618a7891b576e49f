"""Thresholds: how near a statement must be to a theme to mention it."""

from __future__ import annotations

import numpy as np


def thresholds_of(prepared: np.ndarray, leaf_of: np.ndarray, centroids: np.ndarray) -> np.ndarray:
    """Return the least cosine for each leaf, (k,): what all but 5 % of its members reach, within the corpus's bounds.

    ``prepared`` is (n, p) of unit rows, ``leaf_of`` (n,) the leaf of each or -1, ``centroids`` (k, p). A loose theme
    would otherwise take in anything and a tight one refuse its own paraphrases, so the bounds are the 3rd and 20th
    percentile of every statement's best cosine.
    """
    best = np.max(prepared @ centroids.T, axis=1)
    low, high = np.quantile(best, [0.03, 0.20])
    own = [
        np.quantile(prepared[leaf_of == leaf] @ centroids[leaf], 0.05) if np.any(leaf_of == leaf) else high
        for leaf in range(len(centroids))
    ]
    return np.clip(np.asarray(own), low, high)
