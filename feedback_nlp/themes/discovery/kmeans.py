"""Spherical k-means steps and what they stand on: nearest centroids, means of members, samples."""

from __future__ import annotations

import math

import numpy as np

from feedback_nlp.themes.space import unit_rows

REFINEMENTS = 20


def sample(strata: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Return sorted rows, ``share`` (0..1) of each stratum of ``strata`` (n,), rounded up."""
    if share >= 1:
        return np.arange(len(strata))
    order = np.random.default_rng(seed + 1).permutation(len(strata))
    kept = []
    for stratum in np.unique(strata):
        own = order[strata[order] == stratum]
        kept.append(own[: math.ceil(share * len(own))])
    return np.sort(np.concatenate(kept))


def nearest(vectors: np.ndarray, centroids: np.ndarray, block: int = 65_536) -> np.ndarray:
    """Return the row number of the nearest centroid for each vector, (n,); -1 where there is no centroid at all."""
    if not len(centroids):
        return np.full(len(vectors), -1)
    return np.concatenate(
        [(vectors[start : start + block] @ centroids.T).argmax(axis=1) for start in range(0, len(vectors), block)]
        or [np.empty(0, np.int64)]
    )


def centroids_of(vectors: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the unit mean of each label from 0 up, (k, d); label -1 is left out and empty labels are skipped."""
    order = np.argsort(labels, kind="stable")
    used, starts = np.unique(labels[order], return_index=True)
    members = [own for label, own in zip(used, np.split(order, starts[1:]), strict=True) if label >= 0]
    if not members:
        return np.empty((0, vectors.shape[1]), np.float32)
    return unit_rows(np.vstack([vectors[own].mean(axis=0) for own in members]))


def refine(vectors: np.ndarray, centroids: np.ndarray, minimum_size: int, steps: int = REFINEMENTS) -> np.ndarray:
    """Return centroids after spherical k-means steps (Dhillon & Modha 2001); those with too few members are dropped."""
    for _ in range(steps):
        if not len(centroids):
            break
        labels = nearest(vectors, centroids)
        counts = np.bincount(labels, minlength=len(centroids))
        labels[(counts < minimum_size)[labels]] = -1
        moved = centroids_of(vectors, labels)
        if moved.shape == centroids.shape and np.allclose(moved, centroids, atol=1e-5):
            return moved
        centroids = moved
    return centroids


def separation(vectors: np.ndarray, centroids: np.ndarray) -> float:
    """Return the mean simplified silhouette: 1 - distance to the nearest centroid / distance to the next one."""
    if len(centroids) < 2:
        return 0.0
    two = np.partition(1.0 - vectors @ centroids.T, 1, axis=1)[:, :2].clip(1e-9)
    return float(np.mean(1.0 - two[:, 0] / two[:, 1]))
