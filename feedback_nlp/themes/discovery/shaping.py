"""From groups of statements to a tree that a person can read.

What is no theme is dissolved (``dissolving.py``), what holds praise and blame of one thing is split where words tell
them apart (``poles.py``), and sub-themes that are alike make a theme (``hierarchy.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from feedback_nlp.themes.discovery.clustering import ConsensusClusterer
from feedback_nlp.themes.discovery.dissolving import about_nothing, joined
from feedback_nlp.themes.discovery.found import Corpus
from feedback_nlp.themes.discovery.granularity import FEWEST_THEMES, Candidate, regrouped
from feedback_nlp.themes.discovery.hierarchy import group_centroids, related
from feedback_nlp.themes.discovery.kmeans import centroids_of, nearest
from feedback_nlp.themes.discovery.poles import AGAIN, split_by_tone
from feedback_nlp.themes.space import PreparedSpace

Encode = Callable[[Sequence[str]], np.ndarray]


@dataclass(frozen=True)
class Shape:
    """A tree of themes, sub-themes by size.

    ``near`` (n,) is the nearest sub-theme of each statement, ``is_empty`` (n,) whether it was in a group that is about
    nothing; ``centroids`` (k, p) are the unit means of the groups that stayed, ``group_of`` (k,) the theme of each.
    ``stability`` holds that of the themes and that of the sub-themes, 0..1, or is None where no fits were compared;
    ``candidates`` are what was measured of each granularity.
    """

    near: np.ndarray
    is_empty: np.ndarray
    centroids: np.ndarray
    group_of: np.ndarray
    stability: tuple[np.ndarray, np.ndarray] | None
    candidates: tuple[Candidate, ...]


def shaped(
    corpus: Corpus,
    prepared: np.ndarray,
    space: PreparedSpace,
    near: np.ndarray,
    centroids: np.ndarray,
    encode: Encode,
    consensus: ConsensusClusterer | None,
    *,
    fewest: int,
    most_themes: int,
) -> Shape:
    """Return the tree of the groups in which ``near`` (n,) puts the ``prepared`` (n, p) statements of ``corpus``.

    ``near`` is -1 for statements of no group that is to be judged; ``centroids`` (k, p) are the groups' own;
    ``fewest`` statements make a sub-theme; ``encode`` is for the talk that groups are compared with.
    """
    empty = about_nothing(prepared, near, centroids, space, encode)
    if empty.all():
        empty[:] = False
    is_empty = (near >= 0) & empty[near]
    core = _numbered(np.where(is_empty, -1, near))
    if consensus is not None:
        core, apart = joined(core, prepared, consensus.stability)
        if not apart.all():
            core = _numbered(np.where((core >= 0) & apart[core], -1, core))
    if corpus.polarity is not None:
        core = _split(corpus, prepared, core, consensus, fewest)
    core = _by_size(corpus, core)
    means = centroids_of(prepared, core)
    nearest_of = nearest(prepared, means)
    polarity = _polarity(corpus, nearest_of, len(means))
    learnt = core >= 0
    inner = np.where(learnt, nearest_of, -1)
    if consensus is None:
        weights = np.bincount(nearest_of, corpus.weights, minlength=len(means))
        number = min(most_themes, max(FEWEST_THEMES, round(2.5 * len(means) ** 0.5)))
        groups = group_centroids(means, weights, number, polarity)
        return Shape(nearest_of, is_empty, means, groups, None, ())
    graded = consensus.is_graded_
    groups = related(means, polarity, FEWEST_THEMES, most_themes) if graded else consensus.parents(nearest_of, polarity)
    tops, leaves = _stability(corpus, prepared, inner, groups, consensus, fewest)
    candidates = consensus.candidates_
    if graded:
        candidates = regrouped(candidates, np.bincount(groups[inner[learnt]], minlength=len(tops)), tops)
    return Shape(nearest_of, is_empty, means, groups, (tops, leaves), candidates)


def _numbered(labels: np.ndarray) -> np.ndarray:
    """Return ``labels`` (n,) numbered from 0 without gaps, in their order; -1 stays."""
    kept = labels >= 0
    result = np.full(len(labels), -1)
    result[kept] = np.unique(labels[kept], return_inverse=True)[1]
    return result


def _split(
    corpus: Corpus, prepared: np.ndarray, core: np.ndarray, consensus: ConsensusClusterer | None, fewest: int
) -> np.ndarray:
    """Return ``core`` (n,) with praise and blame apart, where the halves are found again when they are learnt anew."""
    assert corpus.polarity is not None
    split = split_by_tone(prepared, core, corpus.polarity, fewest)
    if consensus is None:
        return split
    again = consensus.stability(split, _splitter(corpus, prepared, fewest))
    for half in range(int(core.max()) + 1, len(again)):
        whole = core[split == half][0]
        if min(again[half], again[whole]) < AGAIN:
            split[split == half] = whole
    return split


def _splitter(corpus: Corpus, prepared: np.ndarray, fewest: int) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Return what splits the themes of a fit, given its labels and the rows that they are of."""
    polarity = corpus.polarity
    assert polarity is not None
    return lambda labels, rows: split_by_tone(prepared[rows], labels, polarity[rows], fewest)


def _by_size(corpus: Corpus, core: np.ndarray) -> np.ndarray:
    """Return ``core`` (n,) numbered from 0, groups of most people first; -1 stays."""
    used = np.unique(core[core >= 0])
    weights = np.bincount(core[core >= 0], corpus.weights[core >= 0], minlength=int(core.max()) + 1)
    place = np.full(int(core.max()) + 2, -1)
    place[used[np.argsort(-weights[used], kind="stable")]] = np.arange(len(used))
    return place[core]


def _polarity(corpus: Corpus, near: np.ndarray, k: int) -> np.ndarray | None:
    """Return the mean polarity of each sub-theme's people, (k,), -1..1; None where nothing scores it."""
    if corpus.polarity is None:
        return None
    people = np.bincount(near, corpus.weights, minlength=k)
    return np.asarray(np.bincount(near, corpus.weights * corpus.polarity, minlength=k) / np.maximum(people, 1e-9))


def _stability(
    corpus: Corpus,
    prepared: np.ndarray,
    inner: np.ndarray,
    groups: np.ndarray,
    consensus: ConsensusClusterer,
    fewest: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the stability of each theme and of each sub-theme; themes of the fits are split by tone as ours are.

    A theme without sub-themes is one of both levels: it counts where the fits find it again best.
    """
    outer = np.where(inner >= 0, groups[np.maximum(inner, 0)], -1)
    ways = [None] if corpus.polarity is None else [None, _splitter(corpus, prepared, fewest)]
    tops, leaves = (np.max([consensus.stability(labels, way) for way in ways], axis=0) for labels in (outer, inner))
    for group in np.flatnonzero(np.bincount(groups) == 1):
        tops[group] = max(tops[group], leaves[groups == group][0])
    return tops, leaves
