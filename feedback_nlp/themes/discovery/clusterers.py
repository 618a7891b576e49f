"""What can group vectors: EVōC, average linkage for the few, UMAP with HDBSCAN, or a plug-in."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from feedback_nlp.themes.discovery.kmeans import centroids_of


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


def evoc(vectors: np.ndarray, minimum_size: int, seed: int) -> np.ndarray:
    """Return the finest layer of one EVōC run, which the number of cores does not change.

    It runs in one thread: with several its outcome depends on how many there are, and on a machine that has other
    things to do its many short parallel steps wait for one another (8,000 rows: 0.9 s in one thread, 12 s in two).
    """
    import numba
    from evoc import EVoC

    model = EVoC(noise_level=0.3, base_min_cluster_size=minimum_size, random_state=seed)
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        model.fit_predict(vectors)
    finally:
        numba.set_num_threads(threads)
    return np.asarray(model.cluster_layers_[0])


def agglomerate(vectors: np.ndarray, minimum_size: int) -> np.ndarray:
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
