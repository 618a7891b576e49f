"""Tagging: one matrix product and a threshold for each theme. The same function for history and for tonight's batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from feedback_nlp.themes.codebook import Codebook

SECOND_MARGIN = 0.05  # a further theme must be this near to the best one, in cosine
TEMPERATURE = 0.05  # of the softmax that turns cosines into a confidence
FAR = "far from every theme"


@dataclass(frozen=True)
class Tagging:
    """What each of n statements mentions. Rows of a codebook's ``themes`` are leaves; -1 is said as "unthemed".

    ``nearest`` (n,) is the nearest leaf whether or not it is near enough, ``similarity`` (n,) its cosine, ``themed``
    (n,) whether it passed its threshold. ``rows``, ``themes`` and ``confidence`` (m,) list every mention, best first
    within a statement.
    """

    nearest: np.ndarray
    similarity: np.ndarray
    themed: np.ndarray
    rows: np.ndarray
    themes: np.ndarray
    confidence: np.ndarray

    def labels(self) -> np.ndarray:
        """Return the best theme's row for each statement, -1 where unthemed."""
        return np.where(self.themed, self.nearest, -1)


def tag(
    codebook: Codebook, vectors: np.ndarray, languages: Sequence[str], *, most: int = 3, block: int = 65_536
) -> Tagging:
    """Tag unit ``vectors`` (n, d) straight from the codebook's encoder, one language code each.

    A statement mentions its nearest leaf when the cosine reaches the leaf's threshold, and further leaves that reach
    theirs within 0.05 of it. Confidence is a softmax of cosines over all leaves (temperature 0.05), 0..1: how far the
    theme stands out from its rivals, not a calibrated probability.
    """
    leaves = codebook.prototypes.theme_rows
    n = len(vectors)
    if not len(leaves) or not n:
        empty = np.empty(0, np.int64)
        return Tagging(np.full(n, -1), np.zeros(n), np.zeros(n, bool), empty, empty, np.empty(0))
    centroids = codebook.prototypes.vectors.T.astype(np.float64)
    thresholds = codebook.prototypes.thresholds
    parts = []
    for start in range(0, n, block):
        prepared = codebook.space.prepare(vectors[start : start + block], languages[start : start + block])
        # The order of a product's sums varies with the batch: double precision and rounding keep that out.
        similarity = np.round(prepared.astype(np.float64) @ centroids, 5)
        parts.append(_tag_block(similarity, thresholds, most, start))
    nearest, best, themed, rows, themes, confidence = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Tagging(leaves[nearest], best, themed, rows, leaves[themes], confidence)


def _tag_block(similarity: np.ndarray, thresholds: np.ndarray, most: int, offset: int) -> tuple[np.ndarray, ...]:
    nearest = similarity.argmax(axis=1)
    best = similarity[np.arange(len(similarity)), nearest]
    themed = best >= thresholds[nearest]
    near = (similarity >= thresholds) & (similarity >= best[:, None] - SECOND_MARGIN) & themed[:, None]
    weight = np.exp((similarity - best[:, None]) / TEMPERATURE)
    confidence = weight / weight.sum(axis=1, keepdims=True)
    rank = np.argsort(np.argsort(-similarity, axis=1, kind="stable"), axis=1, kind="stable")
    rows, themes = np.nonzero(near & (rank < most))
    order = np.lexsort((rank[rows, themes], rows))
    rows, themes = rows[order], themes[order]
    return nearest, best, themed, rows + offset, themes, confidence[rows, themes]
