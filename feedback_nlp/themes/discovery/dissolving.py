"""Which groups of statements are no themes: those that come apart, and talk that is about nothing.

Clustering leaves nothing over: what belongs to no group is nearest to some, and gathers in groups of its own. Such a
group is not found again when other statements are drawn, or it is what people say around their point ("hope this
helps"). It is dissolved: its statements go to the themes that they reach, or stay unthemed. Groups that come apart
singly and not together are one: only the border between them was in doubt.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np

from feedback_nlp.resources import resource_path
from feedback_nlp.themes.discovery.hierarchy import RELATED
from feedback_nlp.themes.discovery.kmeans import centroids_of
from feedback_nlp.themes.space import PreparedSpace

COMES_APART = 0.5  # stability: "dissolved" in Hennig's reading
LARGEST_LOSS = 1 / 4  # of the statements in unstable groups: where more is, that is how the corpus is
NEARER = 0.15  # share of a group's statements that are nearer to talk about nothing than to their own centre
LIKE_IT = 0.5  # cosine of a group's centre to some talk about nothing


def joined(
    labels: np.ndarray, prepared: np.ndarray, stability: Callable[[np.ndarray], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Return ``labels`` (n,) with groups joined that come apart singly and not together, and which still do, (k,).

    A border that is not found again is none. The worst group goes first: with the group most like it where the two are
    found again better than either (``stability`` takes labels and returns 0..1 for each), else it is marked. Groups
    are numbered from 0; label -1 is of none. At most a quarter of all statements are marked.
    """
    again, room = stability(labels), LARGEST_LOSS * len(labels)
    marked = np.zeros(len(again), dtype=bool)
    while True:
        doubtful = np.flatnonzero((again < COMES_APART) & ~marked)
        if not len(doubtful):
            return labels, marked & (again < COMES_APART)
        worst = int(min(doubtful, key=lambda row: (again[row], row)))
        means = centroids_of(prepared, labels)
        likeness = means @ means[worst]
        likeness[worst] = -1.0
        likeness[marked] = -1.0
        other = int(likeness.argmax())
        keep, drop = min(worst, other), max(worst, other)
        if likeness[other] >= RELATED:
            together = np.where(labels == drop, keep, labels)
            together = np.where(together > drop, together - 1, together)
            better = stability(together)
            if better[keep] > max(again[worst], again[other]):
                labels, again, marked = together, better, np.delete(marked, drop)
                continue
        size = float(np.sum(labels == worst))
        marked[worst] = True
        if size > room:
            again[worst] = COMES_APART
        else:
            room -= size


def about_nothing(
    prepared: np.ndarray,
    near: np.ndarray,
    centroids: np.ndarray,
    space: PreparedSpace,
    encode: Callable[[Sequence[str]], np.ndarray],
) -> np.ndarray:
    """Return which groups are talk without an object, (k,) of bool.

    ``near`` (n,) is the group of each ``prepared`` row (n, p), -1 for none. The talk is
    compared in the corpus's own languages.
    """
    said = [(code, text) for code, texts in _talk().items() if code in space.languages for text in texts]
    if not said:
        return np.zeros(len(centroids), dtype=bool)
    talk = space.prepare(np.asarray(encode([text for _, text in said]), np.float32), [code for code, _ in said])
    to_talk = (prepared @ talk.T).max(axis=1)
    kept = near >= 0
    own = np.einsum("ij,ij->i", prepared[kept], centroids[near[kept]])
    sizes = np.bincount(near[kept], minlength=len(centroids))
    nearer = np.bincount(near[kept], to_talk[kept] > own, minlength=len(centroids)) / np.maximum(sizes, 1)
    return np.asarray((nearer >= NEARER) & ((centroids @ talk.T).max(axis=1) >= LIKE_IT))


@lru_cache
def _talk() -> dict[str, list[str]]:
    """Return what people say around their point, by language."""
    said: dict[str, list[str]] = json.loads(resource_path("data/talk_without_object.json").read_text(encoding="utf-8"))
    return said
