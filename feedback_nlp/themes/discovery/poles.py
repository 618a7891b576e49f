"""Praise and blame of the same thing: a sub-theme that holds much of both is two, where words tell them apart.

Vectors are near where the subject is the same, whatever is said of it: "the internet always works" and "the internet
always drops" share a cluster. The sentiment of each text tells them apart; tagging has vectors only, so that a group
is split just where the nearer of the two means is the right one for most of its statements.
"""

from __future__ import annotations

import numpy as np

from feedback_nlp.themes.space import unit_rows

CLEAR_TONE = 0.25  # |polarity| from which a text praises or blames
LEAST_SHARE = 0.25  # of a group, for either side
RIGHT = (
    0.75  # share of the texts with a clear tone that are nearer to the mean of their own side, either side by itself
)

AGAIN = 0.4  # least stability of a half: it has two borders that may move, that of its group and that of the split


def split_by_tone(vectors: np.ndarray, labels: np.ndarray, polarity: np.ndarray, fewest: int) -> np.ndarray:
    """Return ``labels`` (n,) with groups that praise and blame split in two; new groups are numbered from the largest.

    ``vectors`` (n, p) are unit rows, ``polarity`` (n,) is -1..1; each half has at least ``fewest`` statements. Label -1
    stays.
    """
    result, following = labels.copy(), int(labels.max(initial=-1)) + 1
    for label in range(following):
        rows = np.flatnonzero(labels == label)
        side = _side(vectors[rows], polarity[rows], fewest)
        if side is not None:
            result[rows[side]] = following
            following += 1
    return result


def _side(vectors: np.ndarray, polarity: np.ndarray, fewest: int) -> np.ndarray | None:
    """Return which rows are on the side that praises, or None where the group is one."""
    blames, praises = polarity <= -CLEAR_TONE, polarity >= CLEAR_TONE
    if min(blames.sum(), praises.sum()) < max(fewest, LEAST_SHARE * len(polarity)):
        return None
    means = unit_rows(np.vstack([vectors[own].mean(axis=0) for own in (blames, praises)]))
    praised = (vectors @ means.T).argmax(axis=1) == 1
    if min(np.mean(~praised[blames]), np.mean(praised[praises])) < RIGHT:
        return None
    if min(praised.sum(), (~praised).sum()) < fewest:
        return None
    return np.asarray(praised)
