"""Where the prototypes of the last codebook lie in the next one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from feedback_nlp.themes.codebook import Codebook
from feedback_nlp.themes.edits.drafting import AGAINST, FOUND, Draft, Point, mean_direction
from feedback_nlp.themes.refit.matching import Members
from feedback_nlp.themes.space import PreparedSpace

MOST_MEMORY = 0.8  # most weight of the last codebook's prototype in a continued theme's, beside the new fit's
REACHED_BY = 0.05  # quantile of the members' cosines that is a re-anchored prototype's threshold


def memory(n_before: int, n_now: int) -> float:
    """Return how much of its old place a continued theme keeps, 0 to 0.8: its old members as a share of those it has.

    With a fifth more statements a theme moves by a fifth of the way, as a running mean does (sequential k-means:
    MacQueen 1967); with five times as many the old place hardly counts. A window that moves on without growing still
    takes it a fifth of the way each time.
    """
    return min(MOST_MEMORY, n_before / max(1, n_now))


def blended(new: Sequence[Point], old: Sequence[Point], weight: float) -> list[Point]:
    """Return a continued theme's prototypes: each of the new fit's drawn to the old one nearest to it.

    ``weight`` is the old one's, 0 (forget it) to 1 (keep it). What a person gave as examples never moves and is added
    by the edits themselves.
    """
    before = [point for point in old if point.kind != AGAINST]
    if not before:
        return list(new)
    places = np.stack([point.vector for point in before])
    drawn = []
    for point in new:
        nearest = before[int(np.argmax(np.round(places @ point.vector, 6)))]
        vector = mean_direction([point.vector, nearest.vector], [1 - weight, weight])
        threshold = (1 - weight) * point.threshold + weight * nearest.threshold
        drawn.append(Point(vector, round(threshold, 5), point.kind))
    return drawn


def one_space(space: PreparedSpace, other: PreparedSpace) -> bool:
    """Return whether two spaces of one encoder have the same projection: a prototype lies in both at one place."""
    mine, its = space.projection, other.projection
    return np.array_equal(mine, its) if mine is not None and its is not None else mine is its


def moved_into(
    space: PreparedSpace, old: Codebook, prepared: np.ndarray, labels: np.ndarray, *, same_encoder: bool
) -> Codebook:
    """Return the last codebook as it is in the ``space`` of the next one.

    With the same encoder and projection the two spaces differ only in the languages' means, which move by the share of
    statements that are new; prototypes keep their place. For one that is pinned or guided, and so never drawn to its
    members, that changes 0.0 to 0.4 of 100 mentions with a fifth more statements or a window moved by a fifth (seven
    sets, 2,500 to 4,000 texts; at most 0.9 with two new topics), in the worst theme one in 20. In any other space a
    theme lies where its members do: ``prepared`` (n, p) are the sample's vectors there and ``labels`` (n,) their rows
    in ``old``. A theme that has no members in the sample has no prototype then.
    """
    if same_encoder and one_space(space, old.space):
        return replace(old, space=space)
    members = Members.of(old, labels).has
    width = prepared.shape[1]
    draft = Draft.of(old)
    for row, theme in enumerate(old.themes):
        family = np.flatnonzero(members[row])
        draft.centroids[theme.theme_id] = (
            mean_direction([*prepared[family]]) if len(family) else np.zeros(width, np.float32)
        )
        own = np.flatnonzero(labels == row)
        points = []
        if draft.live(theme.theme_id) and len(own):
            centre = mean_direction([*prepared[own]])
            threshold = float(np.quantile(prepared[own] @ centre, REACHED_BY))
            points = [Point(centre, round(threshold, 5), FOUND)]
        draft.points[theme.theme_id] = points
    bare = replace(old, space=space, centroids=np.zeros((len(old.themes), width), np.float32))
    return draft.codebook(bare)
