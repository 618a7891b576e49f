"""What no theme covers, in groups: candidates for themes that people may accept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from feedback_nlp.plugins import Labeller
from feedback_nlp.themes.codebook import Codebook
from feedback_nlp.themes.discovery.kmeans import centroids_of
from feedback_nlp.themes.labels.keywords import StopWords, counted, keywords_of

MOST = 6000  # statements grouped at once: average linkage takes memory by their square


def group_unthemed(vectors: np.ndarray, codebook: Codebook) -> np.ndarray:
    """Return a group for each of ``vectors`` (n, p) in the prepared space, numbered by size from 0, -1 for none.

    Two groups stay apart where their statements lie farther from each other, on average, than the codebook's own
    statements may lie from their theme (average linkage at the median threshold). At most :data:`MOST` rows.
    """
    from sklearn.cluster import AgglomerativeClustering

    n = len(vectors)
    if n < 2 or not len(codebook.prototypes):
        return np.full(n, -1)
    near = float(np.median(codebook.prototypes.thresholds))
    found = AgglomerativeClustering(None, metric="cosine", linkage="average", distance_threshold=1 - near).fit_predict(
        vectors
    )
    counts = np.bincount(found)
    first = np.full(len(counts), n)
    np.minimum.at(first, found, np.arange(n))
    order = np.lexsort((first, -counts))  # by size, then by the first member: the numbers mean the same every time
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return np.where(counts[found] > 1, rank[found], -1)


def describe_groups(
    texts: Sequence[str],
    languages: Sequence[str],
    vectors: np.ndarray,
    groups: np.ndarray,
    labeller: Labeller,
    stop_words: StopWords,
) -> list[dict[str, Any]]:
    """Return, for each group, its label, keywords by language, and rows nearest to its centre first."""
    k = int(groups.max(initial=-1)) + 1
    centroids = centroids_of(vectors, groups)
    words = keywords_of(counted(texts, languages, stop_words), groups, k)
    evidence, orders = [], []
    for group in range(k):
        members = np.flatnonzero(groups == group)
        nearness = vectors[members] @ centroids[group]
        order = np.argsort(-nearness, kind="stable")
        orders.append(members[order])
        evidence.append(
            {
                "texts": [texts[row] for row in members[order]],
                "languages": [languages[row] for row in members[order]],
                "centroid": centroids[group],
                "nearness": nearness[order],
                "keywords": words[group],
                "parent": None,
            }
        )
    labels = labeller.label(evidence) if evidence else []
    return [
        {"label": label, "keywords": found, "rows": order}
        for label, found, order in zip(labels, words, orders, strict=True)
    ]
