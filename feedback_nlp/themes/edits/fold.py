"""People's edits, folded over a codebook in their order. An edit that no longer fits is reported, never guessed at.

Undoing an edit is leaving it out of the fold, so nothing here is ever lost or rewritten. The words of a theme (rename,
define, hide, unhide) and what a person said of single statements (assign, unassign) are laid on by those who read and
tag; here they are only looked at for themes that are not there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from feedback_nlp.errors import UsageError, did_you_mean
from feedback_nlp.records import EDIT_KINDS, STRUCTURAL_EDITS, Conflict, Edit, Theme
from feedback_nlp.themes.codebook import Codebook
from feedback_nlp.themes.edits.drafting import Draft, mean_direction, words_of
from feedback_nlp.themes.edits.examples import Examples, example_threshold
from feedback_nlp.themes.edits.folding import Fold, add, insert, make_theme, theme_of
from feedback_nlp.themes.edits.rules import CannotError, check_split, check_words, new_theme_id

__all__ = ["Edited", "Examples", "apply_edits", "new_theme_id", "validate_edit"]

NO_EXAMPLES = Examples.none()


@dataclass(frozen=True)
class Edited:
    """A codebook with people's edits in it.

    ``conflicts`` are the edits that did not apply, or only in part; ``merged`` maps a theme that was merged away to the
    theme of the codebook that its statements now have, for what people said of single statements.
    """

    codebook: Codebook
    conflicts: tuple[Conflict, ...] = ()
    merged: Mapping[str, str] = field(default_factory=dict)
    pinned: frozenset[str] = frozenset()


def apply_edits(base: Codebook, edits: Sequence[Edit], examples: Mapping[int, Examples]) -> Edited:
    """Return ``base`` with the active ``edits`` in it, in their order; ``base`` itself when none changes its shape.

    ``examples`` holds, by edit id, the vectors of the statements that an edit names, as far as they still exist. An
    edit that cannot apply changes nothing and becomes a conflict with its reason; one of a theme that was merged away
    goes to the theme that it was merged into.
    """
    fold = Fold(Draft.of(base), base.space, example_threshold(base))
    conflicts: list[Conflict] = []
    changed = False
    for edit in edits:
        before, pinned = fold.draft.copy(), set(fold.pinned)
        fold.remarks = []
        try:
            _apply(fold, edit, examples.get(edit.edit_id, NO_EXAMPLES))
            changed |= edit.kind in STRUCTURAL_EDITS
        except CannotError as reason:
            fold.draft, fold.pinned = before, pinned
            fold.remarks = [str(reason)]
        conflicts += [Conflict(edit.edit_id, edit.theme_id, remark) for remark in fold.remarks]
    draft = fold.draft
    merged = {gone: theme.theme_id for gone in draft.merged if (theme := draft.find(gone)) is not None}
    if not changed:
        return Edited(base, tuple(conflicts), merged, frozenset())
    _set_states(fold, base)
    return Edited(draft.codebook(base), tuple(conflicts), merged, frozenset(fold.pinned & set(draft.themes)))


def validate_edit(codebook: Codebook, kind: str, theme_id: str, payload: Mapping[str, Any]) -> None:
    """Raise :class:`UsageError` unless an edit means something for the codebook as it is now, edits included."""
    if kind not in EDIT_KINDS:
        raise UsageError(f"{kind!r} is not a kind of edit.{did_you_mean(kind, EDIT_KINDS)}")
    fold = Fold(Draft.of(codebook), codebook.space, 0.5)
    liked = bool(payload.get("like") or payload.get("statements"))
    dummy = np.zeros((1, len(codebook.space.corpus_mean)), np.float32)
    none, und = (dummy[:0], ()), (dummy, ("und",))
    # One dummy cannot be both like and unlike a theme; that there is something it is like is all that has to be known.
    given = Examples(*(und if liked else none), *(und if payload.get("unlike") and not liked else none))
    try:
        check_words(kind, payload)
        if kind == "split":
            check_split(fold.draft, theme_id, payload)
        if kind != "create" and theme_id not in fold.draft.themes:
            raise CannotError(f"There is no theme {theme_id!r}.{did_you_mean(theme_id, fold.draft.themes)}")
        plain = {**payload, "unlike": []} if liked else payload
        _APPLY.get(kind, _look)(fold, theme_id, plain, given)
        if fold.remarks:
            raise CannotError(fold.remarks[0])
    except CannotError as reason:
        raise UsageError(str(reason)) from None


def _apply(fold: Fold, edit: Edit, examples: Examples) -> None:
    if edit.kind not in EDIT_KINDS:
        raise CannotError(f"{edit.kind!r} is a kind of edit that this version does not know. Update the program.")
    check_words(edit.kind, edit.payload)
    _APPLY.get(edit.kind, _look)(fold, edit.theme_id, edit.payload, examples)


def _look(fold: Fold, theme_id: str, payload: Mapping[str, Any], examples: Examples) -> None:
    """Words and statements: only whether the theme is there. What is said of a statement follows a merge."""
    theme_of(fold, theme_id, follow="statement" in payload)


def _merge(fold: Fold, theme_id: str, payload: Mapping[str, Any], examples: Examples) -> None:
    draft = fold.draft
    source, target = theme_of(fold, theme_id), theme_of(fold, payload["into"])
    if source.theme_id == target.theme_id:
        if theme_id in draft.merged and payload["into"] == target.theme_id != theme_id:
            return  # what it asks for is so already
        raise CannotError(f"{theme_id!r} and {payload['into']!r} are one theme already. Choose another to merge into.")
    if target.parent_id == source.theme_id:
        raise CannotError(
            f"{target.theme_id!r} is a sub-theme of {source.theme_id!r}: it cannot be merged into a part of itself. "
            f"Move {target.theme_id!r} to the top first."
        )
    for child in draft.children(source.theme_id):
        if target.level == 1:
            draft.themes[child.theme_id] = replace(child, parent_id=target.theme_id)
        else:
            draft.points[target.theme_id] += draft.points[child.theme_id]
            draft.remove(child.theme_id, target.theme_id)
    n = source.n_statements
    keywords, quotes = words_of((target, source))
    centroid = mean_direction(
        [draft.centroids[target.theme_id], draft.centroids[source.theme_id]], [max(1, target.n_statements), max(1, n)]
    )
    is_part = source.parent_id == target.theme_id
    whole = replace(
        target,
        keywords=keywords,
        quote_ids=quotes,
        n_statements=target.n_statements + (0 if is_part else n),
        threshold=min(target.threshold, source.threshold),
        state="active" if "active" in (target.state, source.state) else target.state,
        stability=None,  # nobody measured it of the two together
        is_emerging=target.is_emerging and source.is_emerging,
    )
    points = draft.points[target.theme_id] + draft.points[source.theme_id]
    draft.remove(source.theme_id, target.theme_id)
    draft.put(whole, centroid, points)
    draft.clear_against(target.theme_id)
    fold.pinned.discard(source.theme_id)
    if not is_part:
        draft.count(source.parent_id, -n)
        draft.count(target.parent_id, n)


def _split(fold: Fold, theme_id: str, payload: Mapping[str, Any], examples: Examples) -> None:
    source, new_id = theme_of(fold, theme_id), payload["new_theme_id"]
    if payload.get("sub_themes"):
        _split_by_sub_themes(fold, source, new_id, payload)
        return
    make_theme(fold, new_id, payload["label"], source.parent_id, examples, after=source.theme_id)
    # What was picked leaves the theme: it is what the theme, and those of its sub-themes that reach it, are not.
    add(fold, source.theme_id, examples.turned())


def _split_by_sub_themes(fold: Fold, source: Theme, new_id: str, payload: Mapping[str, Any]) -> None:
    draft = fold.draft
    named = {asked: draft.find(asked) for asked in payload["sub_themes"]}
    parts = {
        theme.theme_id: theme
        for theme in named.values()
        if theme is not None and theme.theme_id != source.theme_id and not draft.children(theme.theme_id)
    }
    if not parts:
        raise CannotError(f"None of the sub-themes {sorted(named)} is there any more. Undo the split, or split anew.")
    left_out = sorted(asked for asked, theme in named.items() if theme is None or theme.theme_id not in parts)
    if left_out:
        fold.remarks.append(f"Split without {left_out}: no sub-themes any more. Undo the split, or split anew.")
    keywords, quotes = words_of(list(parts.values()))
    new = Theme(
        theme_id=new_id,
        label=payload["label"],
        level=1,
        parent_id=None,
        state="active",
        threshold=min(theme.threshold for theme in parts.values()),
        keywords=keywords,
        quote_ids=quotes,
        source="person",
        label_source="person",
    )
    top = source.parent_id or source.theme_id
    insert(fold, new, draft.centroids[next(iter(parts))], after=top)
    for part in parts:
        draft.place(part, new_id)


def _move(fold: Fold, theme_id: str, payload: Mapping[str, Any], examples: Examples) -> None:
    draft, theme, asked = fold.draft, theme_of(fold, theme_id, follow=False), payload["parent"]
    if asked is None:
        draft.place(theme.theme_id, None)
        return
    parent = theme_of(fold, asked)
    if parent.theme_id == theme.theme_id:
        raise CannotError(f"{theme_id!r} cannot be moved under itself. Choose another parent, or none.")
    if parent.level != 1:
        raise CannotError(
            f"{parent.theme_id!r} is a sub-theme of {parent.parent_id!r}: there are two levels only. "
            f"Move under {parent.parent_id!r}, or move {parent.theme_id!r} to the top first."
        )
    if draft.children(theme.theme_id):
        raise CannotError(
            f"{theme_id!r} has sub-themes: there are two levels only. Merge it into {parent.theme_id!r}, or move its "
            "sub-themes one by one."
        )
    draft.place(theme.theme_id, parent.theme_id)


def _pin(fold: Fold, theme_id: str, payload: Mapping[str, Any], examples: Examples) -> None:
    fold.pinned.add(theme_of(fold, theme_id).theme_id)


def _unpin(fold: Fold, theme_id: str, payload: Mapping[str, Any], examples: Examples) -> None:
    fold.pinned.discard(theme_of(fold, theme_id).theme_id)


def _example(fold: Fold, theme_id: str, payload: Mapping[str, Any], examples: Examples) -> None:
    theme = theme_of(fold, theme_id)
    sides = {"like": len(examples.like), "unlike": len(examples.unlike)}
    gone = [side for side, left in sides.items() if payload.get(side) and not left]
    if not any(sides.values()):
        raise CannotError("None of the examples is stored any more. Undo this, or give other statements.")
    add(fold, theme.theme_id, examples)
    fold.remarks += [f"None of the examples of what it is {side} is stored any more. Give others." for side in gone]


def _create(fold: Fold, theme_id: str, payload: Mapping[str, Any], examples: Examples) -> None:
    parent_id = None
    if payload.get("parent") is not None:
        parent = theme_of(fold, payload["parent"])
        if parent.level != 1:
            raise CannotError(
                f"{parent.theme_id!r} is a sub-theme: there are two levels only. Create it under {parent.parent_id!r}."
            )
        parent_id = parent.theme_id
    make_theme(fold, theme_id, payload["label"], parent_id, examples)
    add(fold, theme_id, replace(examples, like=examples.like[:0], like_languages=()))


def _set_states(fold: Fold, base: Codebook) -> None:
    """A pinned theme is active; one that edits left without statements is kept, retired, so that it can be undone."""
    draft, before = fold.draft, Draft.of(base)
    for theme_id, theme in draft.themes.items():
        if theme_id in fold.pinned:
            draft.themes[theme_id] = replace(theme, state="active")
        elif draft.is_empty(theme_id) and theme_id in before.themes and not before.is_empty(theme_id):
            draft.themes[theme_id] = replace(theme, state="retired")


_APPLY = {
    "merge": _merge,
    "split": _split,
    "move": _move,
    "pin": _pin,
    "unpin": _unpin,
    "example": _example,
    "create": _create,
}
