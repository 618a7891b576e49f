"""What edits share while they are folded over a codebook: finding the theme that is meant, and making a new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from feedback_nlp.records import Theme
from feedback_nlp.themes.edits.drafting import Draft, Point, mean_direction
from feedback_nlp.themes.edits.examples import Examples, add_examples, example_points
from feedback_nlp.themes.edits.rules import CannotError
from feedback_nlp.themes.space import PreparedSpace


@dataclass
class Fold:
    """The codebook as the edits so far left it."""

    draft: Draft
    space: PreparedSpace
    threshold: float  # of a single example
    pinned: set[str] = field(default_factory=set)
    remarks: list[str] = field(default_factory=list)  # what of the edit in hand could not be done


def theme_of(fold: Fold, theme_id: str, follow: bool = True) -> Theme:
    """Return a theme that an edit names, or the one that it was merged into."""
    theme = fold.draft.find(theme_id)
    if theme is None:
        raise CannotError(f"There is no theme {theme_id!r} any more. Undo this, or make it again on one that is there.")
    if theme.theme_id != theme_id and not follow:
        raise CannotError(
            f"{theme_id!r} was merged into {theme.theme_id!r}. Undo the merge, or edit {theme.theme_id!r} instead."
        )
    return theme


def add(fold: Fold, theme_id: str, examples: Examples) -> None:
    """Add examples to a theme; what would leave it without any raises."""
    if not add_examples(fold.draft, fold.space, theme_id, examples, fold.threshold):
        raise CannotError(f"This would leave {theme_id!r} without any example. Give it others first, or merge it.")


def make_theme(
    fold: Fold, theme_id: str, label: str, parent_id: str | None, examples: Examples, after: str | None = None
) -> None:
    """Add a theme that is known by its examples alone."""
    if not len(examples.like):
        raise CannotError(f"No example of {theme_id!r} is stored any more. Undo this, or give other statements.")
    against = fold.space.prepare(examples.unlike, examples.unlike_languages) if len(examples.unlike) else None
    points = example_points(fold.space.prepare(examples.like, examples.like_languages), fold.threshold, against)
    new = Theme(
        theme_id=theme_id,
        label=label,
        level=1 if parent_id is None else 2,
        parent_id=parent_id,
        state="active",
        threshold=round(min(point.threshold for point in points), 5),
        n_statements=len(examples.like),
        source="person",
        label_source="person",
    )
    insert(fold, new, mean_direction([point.vector for point in points]), after, points)


def insert(fold: Fold, theme: Theme, centroid: np.ndarray, after: str | None, points: Sequence[Point] = ()) -> None:
    """Add a new theme right behind another one."""
    draft = fold.draft
    if draft.find(theme.theme_id) is not None:
        raise CannotError(f"There is a theme {theme.theme_id!r} already. Undo this, and make it again.")
    order = list(draft.themes)
    at = order.index(after) + 1 if after in draft.themes else len(order)
    draft.put(theme, centroid, points)
    draft.themes = {key: draft.themes[key] for key in [*order[:at], theme.theme_id, *order[at:]]}
