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

from feedback_nlp.themes.discovery.clusterers import agglomerate, evoc
from feedback_nlp.themes.discovery.granularity import Candidate, choose, grid
from feedback_nlp.themes.discovery.hierarchy import POLARITY_WEIGHT, cut, group_means, ward
from feedback_nlp.themes.discovery.kmeans import centroids_of, nearest, refine, sample, separation
from feedback_nlp.themes.discovery.stability import PATTERN, agreement_of, consensus, stability_of
from feedback_nlp.themes.space import unit_rows

SMALL_CORPUS = 200  # below this many distinct statements a density estimate has too little to stand on
LARGEST_FIT = 8_000  # statements in one fit of a large corpus
WHOLE = 12_500  # statements up to which a fit reads its share of them all
SHARE = 0.8  # of the statements, in one fit of a smaller corpus
RUNS = ((8_000, 16), (WHOLE, 8))  # fits of a corpus of up to so many statements: of few, each costs little
LARGE_RUNS = 6
SETTLING = 5  # k-means steps within a fit
Refine = Callable[[np.ndarray, np.ndarray], np.ndarray]  # labels and their rows in the corpus -> finer labels


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
    """One resampled fit: the ``vectors`` (m, d) that it read, fine ``centroids`` (k, d), their ``sizes`` and tree."""

    vectors: np.ndarray
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
        share = SHARE if n <= WHOLE else LARGEST_FIT / n
        fits = [self._fit_one(vectors, sample(strata, share, 1000 * self.seed + run), run) for run in range(runs)]
        self._judged = sample(strata, min(1.0, WHOLE / max(1, n)), -1)
        judged = vectors[self._judged]
        finest = int(np.median([len(fit.centroids) for fit in fits]))
        if not finest:
            self.centroids_ = np.empty((0, vectors.shape[1]), np.float32)
            self.labels_, self.n_themes_ = np.full(n, -1), 0
            self.candidates_: tuple[Candidate, ...] = ()
            self._said: list[list[np.ndarray]] = []
            self._tops, self.is_graded_ = np.empty(0, np.int64), False
            return self
        tried = grid(self.most_themes, finest)
        if self.fixed_minimum:
            tried = sorted({number for number in tried if number <= self.most_themes} | {finest})
        divisions = [self._divide(judged, fits, number, n / len(judged)) for number in tried]
        chosen = choose([d.candidate for d in divisions], self.most_themes, n)
        top, leaf = divisions[chosen.top], divisions[chosen.leaf]
        if self.fixed_minimum:
            leaf = divisions[-1]
        self.candidates_, self.n_themes_ = chosen.candidates, top.candidate.n_themes
        self._said = [division.said for division in divisions]
        self.is_graded_ = chosen.leaf != chosen.top and not chosen.is_clear
        self._tops = nearest(judged, top.centroids)
        self.centroids_ = refine(vectors, leaf.centroids, self.minimum_size)
        self.labels_ = nearest(vectors, self.centroids_)
        self._nest(vectors, top.centroids)
        return self

    def fit_predict(self, vectors: np.ndarray, y: object = None) -> np.ndarray:
        """Return ``fit(vectors).labels_``."""
        return self.fit(vectors).labels_

    def stability(self, labels: np.ndarray, refine: Refine | None = None) -> np.ndarray:
        """Return how well the fits find each theme of ``labels`` (n,) again, (k,), 0..1, at the grain that does best.

        Each fit is a tree: a theme is found again where it is a branch, whatever other themes are divided into (so is
        the support of a branch counted in phylogenetics: Felsenstein 1985, https://doi.org/10.2307/2408678).
        ``refine`` does to the fits' themes what was done to those of ``labels`` since they were fitted.
        """
        own, k = labels[self._judged], int(labels.max(initial=-1)) + 1
        found = [np.zeros(k)]
        for said in self._said:
            others = said if refine is None else [refine(other, self._judged) for other in said]
            found.append(stability_of(own, k, others))
        return np.asarray(np.max(found, axis=0))

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

    def _nest(self, vectors: np.ndarray, tops: np.ndarray) -> None:
        """Let sub-themes stand on the statements that they share with their theme, so that the levels agree.

        A sub-theme across the border of two themes would take the statements beyond it along; ``labels_`` is -1 there.
        """
        outer, k = nearest(vectors, tops), len(tops)
        shared = np.bincount(self.labels_ * k + outer, minlength=len(self.centroids_) * k).reshape(-1, k)
        labels = np.where(shared.argmax(axis=1)[self.labels_] == outer, self.labels_, -1)
        self.centroids_, self.labels_ = centroids_of(vectors, labels), labels

    def _fit_one(self, vectors: np.ndarray, rows: np.ndarray, run: int) -> _Fit:
        own = vectors[rows]
        least = max(3, round(self.minimum_size * len(rows) / len(vectors)))
        if len(vectors) < SMALL_CORPUS:
            centroids = agglomerate(own, least)
        else:
            labels = evoc(own, least, 1000 * self.seed + run)
            centroids = refine(own, centroids_of(own, labels), least, SETTLING)
        sizes = np.bincount(nearest(own, centroids), minlength=len(centroids)) if len(centroids) else np.empty(0)
        return _Fit(own, centroids, sizes, ward(centroids, np.maximum(sizes, 1)))

    def _divide(self, judged: np.ndarray, fits: Sequence[_Fit], number: int, each: float) -> _Division:
        """Return the division into about ``number`` themes; a judged row stands for ``each`` rows of the corpus."""
        least = max(2, round(self.minimum_size / each))
        proposals = []
        for fit in fits:
            groups = cut(fit.tree, number) if len(fit.centroids) else np.empty(0, np.int64)
            start = group_means(fit.centroids, np.maximum(fit.sizes, 1), groups)
            proposals.append(refine(fit.vectors, start, 2, SETTLING))
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
            separation=round(separation(judged, centroids), 3),
        )
        return _Division(candidate, centroids, said)


@dataclass(frozen=True)
class _Division:
    candidate: Candidate
    centroids: np.ndarray
    said: list[np.ndarray]
