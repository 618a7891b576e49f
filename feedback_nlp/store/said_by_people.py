"""What people said of single statements, laid on what the model says whenever it is read.

The edits are the truth and the stored mentions are the model's alone, so that a person's word holds for every version
of the codebook, survives every refit, and is gone as soon as it is undone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from feedback_nlp.records import Edit, Theme

TAKEN_OFF = "a person took the theme off"
BY_MODEL, BY_PERSON = "model", "person"


@dataclass(frozen=True, slots=True)
class _Word:
    """That a statement has this theme of the version, or has it not; ``is_own`` when no merge lies between."""

    theme_id: str
    has: bool
    is_own: bool


def lay_on(
    tags: pl.DataFrame,
    mentions: pl.DataFrame,
    themes: Sequence[Theme],
    edits: Sequence[Edit],
    merged: Mapping[str, str],
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the tags and mentions of a codebook version with edits of STATEMENT_EDITS, oldest first, on top.

    ``merged`` maps themes that are in this version no more to those that they were merged into. ``mentions``
    (statement_id, theme_id, confidence, provenance) come as the model's. The last word on a statement and theme
    counts. A theme that was merged into another one passes its words on, behind what was said of that one itself;
    words on a theme that is not in the version wait for one in which it is. A mention by a person has confidence 1.
    A sub-theme brings its parent along; taking a parent off takes its sub-themes with it, and a parent whose last
    sub-theme is taken off goes unless it stands by itself. A statement that a person judged needs no review. Its best
    theme stays the nearest one, or is the surest that is left; without one it says why.
    """
    words = _words(themes, edits, merged)
    if not words:
        return tags, mentions
    parents = {theme.theme_id: theme.parent_id for theme in themes}
    touched = pl.col("statement_id").is_in(list(words))
    by_model: dict[str, dict[str, float]] = {}
    for statement_id, theme_id, confidence in mentions.filter(touched).select(mentions.columns[:3]).iter_rows():
        by_model.setdefault(statement_id, {})[theme_id] = confidence
    said: list[tuple[str, str, float, str]] = []
    judged: list[dict[str, Any]] = []
    for tag in tags.filter(touched).iter_rows(named=True):
        statement_id = tag["statement_id"]
        had = by_model.pop(statement_id, {})
        found = _fold(had, words.pop(statement_id), parents, tag["best_theme_id"])
        said += [(statement_id, theme_id, *found[theme_id]) for theme_id in sorted(found)]
        judged.append(_judged(tag, had, found, parents))
    for statement_id in sorted(words):  # not tagged yet
        found = _fold({}, words[statement_id], parents, None)
        said += [(statement_id, theme_id, *found[theme_id]) for theme_id in sorted(found)]
    return (
        pl.concat([tags.filter(~touched), pl.DataFrame(judged, schema=tags.schema)]),
        pl.concat([mentions.filter(~touched), pl.DataFrame(said, schema=mentions.schema, orient="row")]),
    )


def _words(themes: Sequence[Theme], edits: Sequence[Edit], merged: Mapping[str, str]) -> dict[str, list[_Word]]:
    """Return what people said of each statement, in the order in which it is to be heard: the last word counts."""
    there = {theme.theme_id for theme in themes}
    last: dict[tuple[str, str], tuple[int, bool]] = {}
    for edit in edits:
        last[edit.payload["statement"], edit.theme_id] = (edit.edit_id, edit.kind == "assign")
    words: dict[str, list[tuple[tuple[bool, bool, int], _Word]]] = {}
    for (statement_id, theme_id), (edit_id, has) in last.items():
        home = theme_id if theme_id in there else merged.get(theme_id)
        if home in there:
            assert home is not None
            is_own = home == theme_id
            # Of what is passed on, having counts for more: who is in a part is in the whole.
            rank = (is_own, has and not is_own, edit_id)
            words.setdefault(statement_id, []).append((rank, _Word(home, has, is_own)))
    return {
        statement_id: [word for _, word in sorted(found, key=lambda item: item[0])]
        for statement_id, found in words.items()
    }


def _fold(
    had: Mapping[str, float], words: Sequence[_Word], parents: Mapping[str, str | None], best: str | None
) -> dict[str, tuple[float, str]]:
    """Return confidence and provenance of each theme of one statement after the words."""
    found = {theme_id: (confidence, BY_MODEL) for theme_id, confidence in had.items()}
    by_itself = set(had) - {parent for theme_id in had if (parent := parents.get(theme_id)) is not None}
    # The model's parent has the confidence of its likeliest sub-theme, or a greater one of its own.
    for parent in set(had) - by_itself:
        if best == parent or had[parent] > max(had[sub] for sub in had if parents.get(sub) == parent):
            by_itself.add(parent)
    for word in words:
        parent = parents.get(word.theme_id)
        if word.has:
            by_itself.add(word.theme_id)
            for theme_id in (word.theme_id, parent):
                if theme_id is not None:
                    found[theme_id] = (1.0, BY_PERSON)
            continue
        for theme_id in [theme_id for theme_id in found if parents.get(theme_id) == word.theme_id]:
            del found[theme_id]
        found.pop(word.theme_id, None)
        by_itself.discard(word.theme_id)
        if parent in found and parent not in by_itself:
            left = [found[sub] for sub in found if parents.get(sub) == parent]
            if left:
                found[parent] = max(left)
            else:
                del found[parent]
    return found


def _judged(
    tag: dict[str, Any],
    had: Mapping[str, float],
    found: Mapping[str, tuple[float, str]],
    parents: Mapping[str, str | None],
) -> dict[str, Any]:
    """Return the tag of a statement as the words left it."""
    changed = {**tag, "review": None}
    whole = {parents.get(theme_id) for theme_id in found}
    leaves = sorted((theme_id for theme_id in found if theme_id not in whole), key=lambda t: (-found[t][0], t))
    if not leaves:
        changed["best_theme_id"] = None
        changed["unthemed_reason"] = TAKEN_OFF if had else tag["unthemed_reason"]
        return changed
    changed["unthemed_reason"] = None
    if tag["best_theme_id"] not in found:
        changed["best_theme_id"] = leaves[0]
    return changed
