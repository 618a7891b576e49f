"""Statements that a person gives as examples, as prototypes: "like these five, not like those two"."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from feedback_nlp.themes.codebook import Codebook
from feedback_nlp.themes.drafting import AGAINST, EXAMPLE, FOUND, SAME_POINT, Draft, Point, mean_direction
from feedback_nlp.themes.space import PreparedSpace

FEWEST_FOR_A_CENTRE = 3  # examples
USUAL_THRESHOLD = 0.5  # where a codebook has no prototype to go by


@dataclass(frozen=True, eq=False)
class Examples:
    """Raw unit vectors (n, d) of the encoder, and the languages (n,), of what a theme is like and not like."""

    like: np.ndarray
    like_languages: tuple[str, ...]
    unlike: np.ndarray
    unlike_languages: tuple[str, ...]

    @classmethod
    def none(cls) -> Examples:
        """Return no examples at all: the statements are not stored any more."""
        return cls(np.empty((0, 0), np.float32), (), np.empty((0, 0), np.float32), ())

    def turned(self) -> Examples:
        """Return what the theme is like as what another one is not like, and nothing else."""
        return Examples(self.like[:0], (), self.like, self.like_languages)


def example_threshold(codebook: Codebook) -> float:
    """Return the least cosine to a single example, 0..1: the median of the codebook's found prototypes.

    A statement is farther from one member of a theme than from the centre of all, so this is stricter for an example
    than for a cluster: one statement says less about where a theme ends.
    """
    own = codebook.prototypes
    for kinds in (own.kinds == FOUND, own.kinds != AGAINST):
        if kinds.any():
            return round(float(np.median(own.thresholds[kinds])), 5)
    return USUAL_THRESHOLD


def example_points(prepared: np.ndarray, threshold: float) -> list[Point]:
    """Return the prototypes for prepared examples (n, p): each of them and, where they are alike, their centre.

    The centre of a few examples speaks for what they share (prototypical networks: Snell et al. 2017,
    https://arxiv.org/abs/1703.05175); each example for itself makes sure that it has the theme. The centre's threshold
    is the single example's, loosened to what the examples reach when each is left out of the centre in turn.
    """
    points: list[Point] = []
    for vector in prepared:
        if not points or max(float(vector @ point.vector) for point in points) < SAME_POINT:
            points.append(Point(vector, threshold, EXAMPLE))
    distinct = np.stack([point.vector for point in points])
    if len(points) >= FEWEST_FOR_A_CENTRE:
        reached = min(
            float(vector @ mean_direction([*distinct[:i], *distinct[i + 1 :]])) for i, vector in enumerate(distinct)
        )
        if reached >= threshold / 2:
            points.append(
                Point(mean_direction([*distinct]), round(min(max(reached, threshold * 0.8), threshold), 5), EXAMPLE)
            )
    return points


def add_examples(draft: Draft, space: PreparedSpace, theme_id: str, examples: Examples, threshold: float) -> bool:
    """Add examples to a theme of the draft; False where they would leave it with nothing that it is like.

    What the theme is not like also bars those of its sub-themes that reach it. The newer word of a person replaces the
    older one about the same statement.
    """
    if len(examples.like):
        draft.points[theme_id] += example_points(space.prepare(examples.like, examples.like_languages), threshold)
        draft.clear_against(theme_id)
    if not len(examples.unlike):
        return True
    against = space.prepare(examples.unlike, examples.unlike_languages)
    for member in [theme_id, *(child.theme_id for child in draft.children(theme_id))]:
        own = draft.points[member]
        if not draft.live(member):
            continue
        kept = [p for p in own if p.kind != EXAMPLE or float((against @ p.vector).max()) < SAME_POINT]
        live = [p for p in kept if p.kind != AGAINST]
        if not live:
            return False
        reached = any(float((against @ point.vector).max()) >= point.threshold for point in live)
        if member == theme_id or reached:
            draft.points[member] = kept + [Point(vector, 1.0, AGAINST) for vector in against]
    return True
