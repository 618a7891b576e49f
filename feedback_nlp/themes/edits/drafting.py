"""A codebook while it is being changed: themes by id, prototypes by theme, and back to a codebook in one piece."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from feedback_nlp.records import Theme
from feedback_nlp.themes.codebook import PROTOTYPE_KINDS, Codebook, Prototypes
from feedback_nlp.themes.space import unit_rows

FOUND, PHRASE, EXAMPLE, AGAINST = range(len(PROTOTYPE_KINDS))
QUOTES = 5  # kept of a theme that is put together from others
KEYWORDS = 10  # in each language
SAME_POINT = 0.9995  # cosine from which two prototypes are one place


class Point(NamedTuple):
    """One prototype: where it is (p,), the least cosine to it, and its kind."""

    vector: np.ndarray
    threshold: float
    kind: int


@dataclass
class Draft:
    """The parts of a codebook by theme id; ``merged`` says where the statements of a theme that is gone went."""

    themes: dict[str, Theme]
    centroids: dict[str, np.ndarray]
    points: dict[str, list[Point]]
    merged: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, codebook: Codebook) -> Draft:
        """Return a draft that is the codebook; the codebook itself never changes."""
        ids = [theme.theme_id for theme in codebook.themes]
        points: dict[str, list[Point]] = {theme_id: [] for theme_id in ids}
        own = codebook.prototypes
        for vector, threshold, row, kind in zip(own.vectors, own.thresholds, own.theme_rows, own.kinds, strict=True):
            points[ids[row]].append(Point(vector, float(threshold), int(kind)))
        return cls(
            dict(zip(ids, codebook.themes, strict=True)), dict(zip(ids, codebook.centroids, strict=True)), points
        )

    def copy(self) -> Draft:
        """Return another draft with the same content."""
        points = {theme_id: list(own) for theme_id, own in self.points.items()}
        return Draft(dict(self.themes), dict(self.centroids), points, dict(self.merged))

    def find(self, theme_id: str | None) -> Theme | None:
        """Return the theme, or the one that it was merged into; None when there is neither."""
        for _ in range(len(self.merged) + 1):
            if theme_id not in self.merged or theme_id in self.themes:
                break
            theme_id = self.merged[theme_id]
        return self.themes.get(theme_id or "")

    def children(self, theme_id: str) -> list[Theme]:
        """Return the sub-themes of a theme."""
        return [theme for theme in self.themes.values() if theme.parent_id == theme_id]

    def live(self, theme_id: str) -> list[Point]:
        """Return the prototypes by which statements are tagged with the theme itself: all but "against"."""
        return [point for point in self.points[theme_id] if point.kind != AGAINST]

    def is_empty(self, theme_id: str) -> bool:
        """Whether no statement can be tagged with the theme or with a sub-theme of it."""
        family = [theme_id, *(child.theme_id for child in self.children(theme_id))]
        return not any(self.live(member) for member in family)

    def put(self, theme: Theme, centroid: np.ndarray, points: Iterable[Point]) -> None:
        """Add a theme, or put it in the place of the one with its id."""
        self.themes[theme.theme_id] = theme
        self.centroids[theme.theme_id] = centroid
        self.points[theme.theme_id] = list(points)

    def remove(self, theme_id: str, into: str | None = None) -> None:
        """Take a theme out; ``into`` is where its statements go from now on."""
        del self.themes[theme_id], self.centroids[theme_id], self.points[theme_id]
        if into is not None:
            self.merged[theme_id] = into

    def place(self, theme_id: str, parent_id: str | None) -> None:
        """Put a theme without sub-themes under a parent, or at the top, with its numbers; both parents follow."""
        theme = self.themes[theme_id]
        if theme.parent_id == parent_id:
            return
        self.themes[theme_id] = replace(theme, parent_id=parent_id, level=1 if parent_id is None else 2)
        self.count(theme.parent_id, -theme.n_statements)
        self.count(parent_id, theme.n_statements)

    def count(self, theme_id: str | None, more: int) -> None:
        """Add to a theme's number of members and let its centre follow its sub-themes; None is no theme."""
        theme = self.themes.get(theme_id or "")
        if theme is None:
            return
        self.themes[theme.theme_id] = replace(theme, n_statements=max(0, theme.n_statements + more))
        parts = [(child.n_statements, self.centroids[child.theme_id]) for child in self.children(theme.theme_id)]
        own = [point.vector for point in self.live(theme.theme_id)]
        if own:
            rest = self.themes[theme.theme_id].n_statements - sum(n for n, _ in parts)
            parts.append((rest, mean_direction(own)))
        if parts:
            self.centroids[theme.theme_id] = mean_direction([c for _, c in parts], [max(1, n) for n, _ in parts])

    def clear_against(self, theme_id: str) -> None:
        """Drop what a theme is not where one of its own prototypes lies at the same place."""
        own = self.live(theme_id)
        if own and len(own) < len(self.points[theme_id]):
            places = np.stack([point.vector for point in own])
            self.points[theme_id] = [
                point
                for point in self.points[theme_id]
                if point.kind != AGAINST or float((places @ point.vector).max()) < SAME_POINT
            ]

    def codebook(self, like: Codebook) -> Codebook:
        """Return the draft as a codebook: each theme before its sub-themes, the rest as in ``like``."""
        ordered: list[Theme] = []
        for top in self.themes.values():
            if top.parent_id is None:
                ordered += [top, *self.children(top.theme_id)]
        found = [(row, point) for row, theme in enumerate(ordered) for point in self.points[theme.theme_id]]
        width = like.centroids.shape[1]
        prototypes = Prototypes(
            np.array([point.vector for _, point in found], dtype=np.float32).reshape(len(found), width),
            np.array([point.threshold for _, point in found], dtype=np.float64),
            np.array([row for row, _ in found], dtype=np.int64),
            np.array([point.kind for _, point in found], dtype=np.int8),
        )
        centroids = np.array([self.centroids[theme.theme_id] for theme in ordered], dtype=np.float32)
        return replace(
            like, themes=tuple(ordered), centroids=centroids.reshape(len(ordered), width), prototypes=prototypes
        )


def mean_direction(vectors: Sequence[np.ndarray], weights: Sequence[float] | None = None) -> np.ndarray:
    """Return the mean of unit vectors, scaled to length 1, (p,) float32."""
    mean = np.average(np.stack(vectors).astype(np.float64), axis=0, weights=weights)
    return unit_rows(mean[None, :])[0]


def words_of(themes: Sequence[Theme]) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """Return the keywords by language and the quotes of several themes together: the best of each in turn."""
    languages = dict.fromkeys(language for theme in themes for language in theme.keywords)
    keywords = {
        language: _in_turn([theme.keywords.get(language, ()) for theme in themes], KEYWORDS) for language in languages
    }
    return keywords, _in_turn([theme.quote_ids for theme in themes], QUOTES)


def _in_turn(lists: Sequence[Sequence[str]], most: int) -> tuple[str, ...]:
    longest = max(map(len, lists), default=0)
    taken = dict.fromkeys(own[i] for i in range(longest) for own in lists if i < len(own))
    return tuple(taken)[:most]
