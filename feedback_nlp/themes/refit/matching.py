"""Which themes of two codebooks are the same ones: by the statements that both tag, and by where their centres lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from feedback_nlp.themes.codebook import Codebook
from feedback_nlp.themes.tagging import tag

SAME_JACCARD = 0.25  # least overlap of members for two themes to be one
SURELY_SAME = 0.5  # overlap from which a theme keeps its name too
CENTRE_WEIGHT = 0.2  # of the centres' cosine, against the overlap's 0.8


@dataclass(frozen=True)
class Match:
    """The theme of the new codebook that is a theme of the old one, and how far they share members (0..1)."""

    new_id: str
    old_id: str
    jaccard: float


@dataclass(frozen=True)
class Members:
    """Which of n statements have each theme, (k, n) in the order of ``ids``; a sub-theme's are its parent's too."""

    ids: tuple[str, ...]
    has: np.ndarray

    @classmethod
    def of(cls, codebook: Codebook, labels: np.ndarray) -> Members:
        """Return the members by ``labels`` (n,): the row of each statement's best theme, -1 for none."""
        row_of = codebook.row_of
        has = np.zeros((len(codebook.themes), len(labels)), dtype=bool)
        for row, theme in enumerate(codebook.themes):
            has[row] |= labels == row
            if theme.parent_id is not None:
                has[row_of[theme.parent_id]] |= labels == row
        return cls(tuple(row_of), has)

    @classmethod
    def by(cls, codebook: Codebook, vectors: np.ndarray, languages: Sequence[str]) -> Members:
        """Return the members among raw unit ``vectors`` (n, d), by each one's best theme."""
        return cls.of(codebook, tag(codebook, vectors, languages, most=1).labels())

    def of_theme(self, theme_id: str) -> np.ndarray:
        """Return which statements (n,) have a theme."""
        return np.asarray(self.has[self.ids.index(theme_id)])

    def common(self, mine: np.ndarray) -> dict[str, int]:
        """Return how many of the statements ``mine`` (n,) each theme has."""
        return dict(zip(self.ids, (self.has & mine).sum(axis=1).tolist(), strict=True))

    def share(self, mine: np.ndarray) -> dict[str, float]:
        """Return the share of the statements ``mine`` (n,) that each theme has, 0..1."""
        return {theme_id: count / max(1, int(mine.sum())) for theme_id, count in self.common(mine).items()}

    def shared(self, other: Members) -> np.ndarray:
        """Return how many statements each pair of themes shares, (k, other's k)."""
        return self.has.astype(np.float32) @ other.has.astype(np.float32).T


def jaccard(new: Members, old: Members) -> np.ndarray:
    """Return the overlap of every pair of themes, (new, old): shared members over the members of either, 0..1."""
    shared = new.shared(old)
    union = new.has.sum(axis=1)[:, None] + old.has.sum(axis=1)[None, :] - shared
    return np.divide(shared, union, out=np.zeros_like(shared, dtype=np.float64), where=union > 0)


def match_themes(
    new: Codebook, old: Codebook, overlap: np.ndarray, *, known: Mapping[str, str], same_space: bool
) -> list[Match]:
    """Match themes one to one, level by level, then what is left of either level with each other.

    ``overlap`` is :func:`jaccard` of their members; ``known`` (new id -> old id) are pairs that need no matching, and
    what people or guidance made is matched in no other way. The assignment is the Hungarian one on overlap and the
    cosine of the centres, the latter only where both codebooks share a space (as in Greene et al. 2014,
    https://arxiv.org/abs/1404.4606). Labels have no say.
    """
    alike = (
        np.clip(new.centroids.astype(np.float64) @ old.centroids.T.astype(np.float64), 0, 1) if same_space else overlap
    )
    score = np.round((1 - CENTRE_WEIGHT) * overlap + CENTRE_WEIGHT * alike, 6)
    new_row, old_row = new.row_of, old.row_of
    matches = [Match(n, o, float(overlap[new_row[n], old_row[o]])) for n, o in known.items()]
    left = [row for row, theme in enumerate(new.themes) if theme.source == "discovered" and theme.theme_id not in known]
    free = [row for row, theme in enumerate(old.themes) if theme.source == "discovered"]
    free = [row for row in free if old.themes[row].theme_id not in known.values()]
    for levels in (((1,), (1,)), ((2,), (2,)), ((1, 2), (1, 2))):
        ours = [row for row in left if new.themes[row].level in levels[0]]
        theirs = [row for row in free if old.themes[row].level in levels[1]]
        for i, j in _assign(score[np.ix_(ours, theirs)], overlap[np.ix_(ours, theirs)]):
            row, other = ours[i], theirs[j]
            matches.append(Match(new.themes[row].theme_id, old.themes[other].theme_id, float(overlap[row, other])))
            left.remove(row)
            free.remove(other)
    return matches


def _assign(score: np.ndarray, overlap: np.ndarray) -> Sequence[tuple[int, int]]:
    if not score.size:
        return []
    from scipy.optimize import linear_sum_assignment

    # A pair that cannot be one is worth nothing, so that it takes no partner from a pair that can.
    rows, columns = linear_sum_assignment(-np.where(overlap >= SAME_JACCARD, score, 0.0))
    return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if overlap[i, j] >= SAME_JACCARD]
