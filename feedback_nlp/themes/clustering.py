"""Grouping prepared vectors: a consensus of EVōC runs, refined to centroids that tagging can use as they are.

One run of a stochastic clusterer answers otherwise under another seed. Here several runs each propose centroids;
proposals that lie close together are one theme, and a theme that most runs did not propose is dropped (consensus
clustering: Monti et al. 2003, https://doi.org/10.1023/A:1023949509487; for topic models Belford et al. 2018,
https://arxiv.org/abs/1702.07186). Spherical k-means steps then settle each centroid among its members.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from feedback_nlp.themes.space import unit_rows

SMALL_CORPUS = 200  # below this many distinct statements a density estimate has too little to stand on
LARGE_CORPUS = 30_000  # above it, runs agree well enough for fewer of them
SAME_THEME = 0.42  # cosine distance under which two runs' centroids are one theme
REFINEMENTS = 20
POLARITY_WEIGHT = 0.15  # of the difference in sentiment, against a cosine
LARGEST_SHARE = 0.15  # of the corpus, in one top-level group


def default_minimum(n_statements: int) -> int:
    """Return the least size of a sub-theme: 5 for a few hundred distinct statements, 16 for 6,500, 63 for 100,000."""
    return max(5, round(math.sqrt(n_statements) / 5))


def warm_up() -> float:
    """Cluster made-up vectors once, so that numba compiles now and keeps the result; return the seconds it took."""
    import time

    started = time.monotonic()
    vectors = unit_rows(np.random.default_rng(0).normal(size=(2 * SMALL_CORPUS, 32)))
    ConsensusClusterer(runs=1).fit(vectors)
    return time.monotonic() - started


class ConsensusClusterer:
    """EVōC several times over, agreed on by centroid. Usable as BERTopic's clustering model.

    ``fit`` learns ``labels_`` (n,), -1 where no theme has the statement among its nearest, and ``centroids_`` (k, d),
    unit rows. Vectors are of length 1. The same vectors in the same order give the same labels.
    """

    def __init__(self, *, minimum_size: int = 5, seed: int = 0, runs: int | None = None) -> None:
        self.minimum_size = minimum_size
        self.seed = seed
        self.runs = runs

    def fit(self, vectors: np.ndarray, y: object = None) -> ConsensusClusterer:
        """Learn themes from unit ``vectors`` (n, d); ``y`` is ignored."""
        if len(vectors) < SMALL_CORPUS:
            proposals = [_agglomerate(vectors, self.minimum_size)]
            needed = 1.0
        else:
            runs = self.runs or (5 if len(vectors) <= LARGE_CORPUS else 3)
            proposals = [
                centroids_of(vectors, _evoc(vectors, self.minimum_size, 1000 * self.seed + run)) for run in range(runs)
            ]
            needed = runs / 2
        self.centroids_ = refine(vectors, _agree(proposals, needed), self.minimum_size)
        self.labels_ = nearest(vectors, self.centroids_)
        return self

    def fit_predict(self, vectors: np.ndarray, y: object = None) -> np.ndarray:
        """Return ``fit(vectors).labels_``."""
        return self.fit(vectors).labels_


class LabelsClusterer:
    """Any clusterer with ``fit_predict`` in the shape that BERTopic and tagging want: labels plus centroids."""

    def __init__(self, fit_predict: Callable[[np.ndarray], np.ndarray]) -> None:
        self._fit_predict = fit_predict

    def fit(self, vectors: np.ndarray, y: object = None) -> LabelsClusterer:
        """Learn ``labels_`` (n,) and ``centroids_`` (k, d) from unit ``vectors`` (n, d)."""
        self.labels_ = np.asarray(self._fit_predict(vectors))
        self.centroids_ = centroids_of(vectors, self.labels_)
        return self

    def fit_predict(self, vectors: np.ndarray, y: object = None) -> np.ndarray:
        """Return ``fit(vectors).labels_``."""
        return self.fit(vectors).labels_


def umap_hdbscan(minimum_size: int, seed: int) -> LabelsClusterer:
    """Return BERTopic's own pair, UMAP to five dimensions and HDBSCAN, as a :class:`LabelsClusterer`."""

    def fit_predict(vectors: np.ndarray) -> np.ndarray:
        from hdbscan import HDBSCAN
        from umap import UMAP

        reduced = UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=seed, n_jobs=1)
        return HDBSCAN(min_cluster_size=minimum_size).fit_predict(reduced.fit_transform(vectors))

    return LabelsClusterer(fit_predict)


def group_centroids(
    centroids: np.ndarray, sizes: np.ndarray, most: int, polarity: np.ndarray | None = None
) -> np.ndarray:
    """Return a top-level group for each sub-theme centroid (k, d): at most ``most`` groups, numbered from 0.

    Average linkage over the members: ``sizes`` (k,) weigh the centroids, so that the dot product of two groups' means
    is the mean cosine of their members. What is praised and what is blamed are kept apart where possible: two groups
    are less alike by 0.15 times the difference of their mean ``polarity`` (k,; -1..1). A group never grows past 15 %
    of the corpus while another merger is left, for average linkage would otherwise chain. The number of groups grows
    with the square root of the number of sub-themes, so that both levels stay readable.
    """
    k = len(centroids)
    target = min(most, k, max(8, round(2.5 * math.sqrt(k))))
    members = [[i] for i in range(k)]
    means = centroids.astype(np.float64)
    weights = np.asarray(sizes, dtype=np.float64)
    leaning = np.zeros(k) if polarity is None else np.asarray(polarity, dtype=np.float64)
    while len(members) > target:
        apart = np.abs(leaning[:, None] - leaning[None, :])
        similarity = np.round(means @ means.T - POLARITY_WEIGHT * apart, 9)
        similarity[np.tril_indices(len(members))] = -np.inf
        joint = np.add.outer(weights, weights)
        allowed = np.where(joint <= LARGEST_SHARE * weights.sum(), similarity, -np.inf)
        chosen = allowed if np.isfinite(allowed).any() else similarity
        first, second = divmod(int(chosen.argmax()), len(members))
        both, shares = [first, second], weights[[first, second]] / joint[first, second]
        means[first], leaning[first] = shares @ means[both], shares @ leaning[both]
        weights[first] = joint[first, second]
        members[first] += members[second]
        means, weights, leaning = (np.delete(column, second, axis=0) for column in (means, weights, leaning))
        del members[second]
    groups = np.empty(k, dtype=np.int64)
    for number, rows in enumerate(members):
        groups[rows] = number
    return groups


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
    used = np.unique(labels[labels >= 0])
    if not len(used):
        return np.empty((0, vectors.shape[1]), np.float32)
    return unit_rows(np.vstack([vectors[labels == label].mean(axis=0) for label in used]))


def refine(vectors: np.ndarray, centroids: np.ndarray, minimum_size: int) -> np.ndarray:
    """Return centroids after spherical k-means steps (Dhillon & Modha 2001); those with too few members are dropped."""
    for _ in range(REFINEMENTS):
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


def _evoc(vectors: np.ndarray, minimum_size: int, seed: int) -> np.ndarray:
    """Return the finest layer of one EVōC run."""
    from evoc import EVoC

    model = EVoC(noise_level=0.3, base_min_cluster_size=minimum_size, random_state=seed)
    model.fit_predict(vectors)
    return np.asarray(model.cluster_layers_[0])


def _agglomerate(vectors: np.ndarray, minimum_size: int) -> np.ndarray:
    """Return centroids of average-linkage groups: for corpora too small for a density estimate."""
    from sklearn.cluster import AgglomerativeClustering

    if len(vectors) < 2:
        return np.empty((0, vectors.shape[1]), np.float32)
    labels = AgglomerativeClustering(None, metric="cosine", linkage="average", distance_threshold=0.7).fit_predict(
        vectors
    )
    counts = np.bincount(labels)
    labels[(counts < min(3, minimum_size))[labels]] = -1
    return centroids_of(vectors, labels)


def _agree(proposals: list[np.ndarray], needed: float) -> np.ndarray:
    """Return the centroids that at least ``needed`` of the runs proposed, as unit means of the proposals."""
    from sklearn.cluster import AgglomerativeClustering

    stack = np.vstack(proposals)
    if len(stack) < 2 or len(proposals) == 1:
        return stack
    run = np.repeat(np.arange(len(proposals)), [len(p) for p in proposals])
    labels = AgglomerativeClustering(
        None, metric="cosine", linkage="average", distance_threshold=SAME_THEME
    ).fit_predict(stack)
    kept = [label for label in range(labels.max() + 1) if len(np.unique(run[labels == label])) >= needed]
    labels = np.where(np.isin(labels, kept), labels, -1)
    return centroids_of(stack, labels)
