"""Grouping prepared vectors: EVōC on resampled statements, the granularity that holds, and what the fits agree on.

One run of a stochastic clusterer answers otherwise under another seed or another tenth of the statements. Here each of
several fits reads its own stratified sample: EVōC gives fine centroids, Ward's linkage a tree over them, and each cut
of the tree is a division, settled by spherical k-means steps. For every number of themes the fits' divisions of the
same rows are compared (``stability.py``), one is chosen (``granularity.py``), and what the fits agree on becomes the
themes: centroids that tagging can use as they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from feedback_nlp.themes.granularity import Candidate, choose, grid
from feedback_nlp.themes.hierarchy import POLARITY_WEIGHT, cut, group_means, ward
from feedback_nlp.themes.space import unit_rows
from feedback_nlp.themes.stability import PATTERN, agreement_of, consensus, stability_of

SMALL_CORPUS = 200  # below this many distinct statements a density estimate has too little to stand on
LARGEST_FIT = 16_000  # statements in one fit; a larger corpus is read by several samples
SHARE = 0.8  # of the statements, in one fit of a smaller corpus
RUNS = ((10_000, 16), (20_000, 8))  # fits of a corpus of up to so many statements: of few, each costs little
LARGE_RUNS = 6
SETTLING, REFINEMENTS = 5, 20  # k-means steps within a fit, and for the themes themselves


def default_minimum(n_statements: int) -> int:
    """Return the least size of a sub-theme: 5 up to 2,500 distinct statements, 8 for 6,500, 32 for 100,000.

    It is a floor for what is tried; how fine themes are is decided by their stability.
    """
    return max(5, round(math.sqrt(n_statements) / 10))


def warm_up() -> float:
    """Cluster made-up vectors once, so that numba compiles now and keeps the result; return the seconds it took."""
    import time

    started = time.monotonic()
    vectors = unit_rows(np.random.default_rng(0).normal(size=(2 * SMALL_CORPUS, 32)))
    ConsensusClusterer(runs=1).fit(vectors)
    return time.monotonic() - started


@dataclass(frozen=True)
class _Fit:
    """One resampled fit: its ``rows``, fine ``centroids`` (k, d), their ``sizes`` (k,) and the tree over them."""

    rows: np.ndarray
    centroids: np.ndarray
    sizes: np.ndarray
    tree: list[tuple[int, int]]


class ConsensusClusterer:
    """Resampled fits, agreed on by shared members. Usable as BERTopic's clustering model.

    ``fit`` learns ``labels_`` (n,), each statement's nearest theme or -1 where there is none; ``centroids_`` (k, d),
    unit rows; ``candidates_``, what was measured; ``n_themes_``, how many the top level should have; and, for
    :meth:`stability`, what each fit says of the same rows. The same vectors in the same order give the same labels.
    """

    def __init__(
        self,
        *,
        minimum_size: int = 5,
        fixed_minimum: bool = False,
        most_themes: int = 25,
        seed: int = 0,
        runs: int | None = None,
        strata: Sequence[str] | None = None,
    ) -> None:
        """``strata`` names a stratum for each row; ``fixed_minimum`` takes the finest themes of ``minimum_size``."""
        self.minimum_size = minimum_size
        self.fixed_minimum = fixed_minimum
        self.most_themes = most_themes
        self.seed = seed
        self.runs = runs
        self.strata = strata

    def fit(self, vectors: np.ndarray, y: object = None) -> ConsensusClusterer:
        """Learn themes from unit ``vectors`` (n, d); ``y`` is ignored."""
        n = len(vectors)
        strata = np.asarray(self.strata if self.strata is not None else [""] * n)
        runs = self.runs or next((fits for most, fits in RUNS if n <= most), LARGE_RUNS)
        share = min(SHARE, LARGEST_FIT / max(1, n))
        fits = [self._fit_one(vectors, sample(strata, share, 1000 * self.seed + run), run) for run in range(runs)]
        self._judged = sample(strata, min(1.0, LARGEST_FIT / SHARE / max(1, n)), -1)
        judged = vectors[self._judged]
        finest = int(np.median([len(fit.centroids) for fit in fits]))
        if not finest:
            self.centroids_ = np.empty((0, vectors.shape[1]), np.float32)
            self.labels_, self.n_themes_ = np.full(n, -1), 0
            self.candidates_: tuple[Candidate, ...] = ()
            self._said: dict[int, list[np.ndarray]] = {1: [], 2: []}
            self._tops = np.empty(0, np.int64)
            return self
        tried = grid(self.most_themes, finest)
        if self.fixed_minimum:
            tried = sorted({number for number in tried if number <= self.most_themes} | {finest})
        divisions = [self._divide(vectors, judged, fits, number, n / len(judged)) for number in tried]
        candidates, top, leaf = choose([d.candidate for d in divisions], self.most_themes)
        if self.fixed_minimum:
            leaf = len(divisions) - 1
        self.candidates_, self.n_themes_ = candidates, candidates[top].n_themes
        self._said = {1: divisions[top].said, 2: divisions[leaf].said}
        self._tops = nearest(judged, divisions[top].centroids)
        self.centroids_ = refine(vectors, divisions[leaf].centroids, self.minimum_size)
        self.labels_ = nearest(vectors, self.centroids_)
        return self

    def fit_predict(self, vectors: np.ndarray, y: object = None) -> np.ndarray:
        """Return ``fit(vectors).labels_``."""
        return self.fit(vectors).labels_

    def stability(self, labels: np.ndarray, level: int) -> np.ndarray:
        """Return how well the fits find each theme of ``labels`` (n,) again, 0..1; ``level`` is 1 or 2."""
        own = labels[self._judged]
        return stability_of(own, int(labels.max(initial=-1)) + 1, self._said[level])

    def parents(self, labels: np.ndarray, polarity: np.ndarray | None = None) -> np.ndarray:
        """Return the top-level theme of each sub-theme of ``labels`` (n,), (k,), numbered from 0.

        It is the one, of those that the fits agree on at the coarser granularity, that has most of its statements. What
        is praised and what is blamed are kept apart where it costs little: 0.15 of the difference in mean ``polarity``
        (k,; -1..1) counts against a share.
        """
        own = labels[self._judged]
        k, many = int(labels.max(initial=-1)) + 1, int(self._tops.max(initial=-1)) + 1
        kept = own >= 0
        shared = np.bincount(own[kept] * many + self._tops[kept], minlength=k * many).reshape(k, many)
        fit = shared / np.maximum(shared.sum(axis=1, keepdims=True), 1)
        if polarity is not None:
            leaning = polarity @ shared / np.maximum(shared.sum(axis=0), 1)
            fit = fit - POLARITY_WEIGHT * np.abs(polarity[:, None] - leaning[None, :])
        return np.asarray(np.unique(fit.argmax(axis=1), return_inverse=True)[1], dtype=np.int64)

    def _fit_one(self, vectors: np.ndarray, rows: np.ndarray, run: int) -> _Fit:
        own = vectors[rows]
        least = max(3, round(self.minimum_size * len(rows) / len(vectors)))
        if len(vectors) < SMALL_CORPUS:
            centroids = _agglomerate(own, least)
        else:
            labels = _evoc(own, least, 1000 * self.seed + run)
            centroids = refine(own, centroids_of(own, labels), least, SETTLING)
        sizes = np.bincount(nearest(own, centroids), minlength=len(centroids)) if len(centroids) else np.empty(0)
        return _Fit(rows, centroids, sizes, ward(centroids, np.maximum(sizes, 1)))

    def _divide(
        self, vectors: np.ndarray, judged: np.ndarray, fits: Sequence[_Fit], number: int, each: float
    ) -> _Division:
        """Return the division into about ``number`` themes; a judged row stands for ``each`` rows of the corpus."""
        least = max(2, round(self.minimum_size / each))
        proposals = []
        for fit in fits:
            groups = cut(fit.tree, number) if len(fit.centroids) else np.empty(0, np.int64)
            start = group_means(fit.centroids, np.maximum(fit.sizes, 1), groups)
            proposals.append(refine(vectors[fit.rows], start, 2, SETTLING))
        said = [nearest(judged, centroids) for centroids in proposals]
        agreed = consensus(said, [len(centroids) for centroids in proposals])
        stack = np.vstack(proposals)
        weights = np.concatenate([np.bincount(own, minlength=len(p)) for own, p in zip(said, proposals, strict=True)])
        centroids = refine(judged, group_means(stack, np.maximum(weights, 1), agreed.group_of), least)
        labels = nearest(judged, centroids)
        stability = stability_of(labels, len(centroids), said)
        candidate = Candidate(
            n_themes=len(centroids),
            smallest=round(each * int(np.bincount(labels).min())) if len(centroids) else 0,
            coverage=round(float(np.mean(agreed.agreed >= 0)), 3),
            stability=round(float(np.mean(stability)), 3) if len(centroids) else 0.0,
            held=round(float(np.mean(stability >= PATTERN)), 3) if len(centroids) else 0.0,
            agreement=round(agreement_of(said), 3),
            separation=round(_separation(judged, centroids), 3),
        )
        return _Division(candidate, centroids, said)


@dataclass(frozen=True)
class _Division:
    candidate: Candidate
    centroids: np.ndarray
    said: list[np.ndarray]


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


def _separation(vectors: np.ndarray, centroids: np.ndarray) -> float:
    """Return the mean simplified silhouette: 1 - distance to the nearest centroid / distance to the next one."""
    if len(centroids) < 2:
        return 0.0
    two = np.partition(1.0 - vectors @ centroids.T, 1, axis=1)[:, :2].clip(1e-9)
    return float(np.mean(1.0 - two[:, 0] / two[:, 1]))


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
