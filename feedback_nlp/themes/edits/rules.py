"""What an edit's payload has to hold, before anything is changed."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from feedback_nlp.errors import did_you_mean
from feedback_nlp.records import stable_hash
from feedback_nlp.themes.edits.drafting import Draft


class CannotError(Exception):
    """Why an edit does not apply, in words for a person: value, rule, next step."""


_LISTS = {"split": ("sub_themes", "statements"), "example": ("like", "unlike"), "create": ("like",)}
_WORDS = {
    "rename": ("label",),
    "define": ("definition",),
    "merge": ("into",),
    "split": ("label", "new_theme_id"),
    "create": ("label",),
    "assign": ("statement",),
    "unassign": ("statement",),
}


def new_theme_id(kind: str, theme_id: str, payload: Mapping[str, Any], taken: Collection[str] = ()) -> str:
    """Return the id for the theme that a split or create makes: the same for the same words, never one of ``taken``.

    ``theme_id`` is the theme that is split, "" for create. ``taken`` are all ids ever used: of every codebook and edit.
    """
    said = json.dumps({key: payload[key] for key in sorted(payload) if key != "new_theme_id"}, sort_keys=True)
    attempt = 0
    while (found := "t_" + stable_hash(kind, theme_id, said, str(attempt), size=5)) in taken:
        attempt += 1
    return found


def check_words(kind: str, payload: Mapping[str, Any]) -> None:
    """Raise unless a payload has the words and lists that its kind needs."""
    for key in _WORDS.get(kind, ()):
        if not isinstance(payload.get(key), str) or not payload[key].strip():
            raise CannotError(f"{_a(kind)} needs {key!r}; it came with {sorted(payload)}. Say {key!r} in words.")
    for key in ("sub_themes", "statements", "like", "unlike"):
        listed = payload.get(key) or []
        if isinstance(listed, str) or not all(isinstance(item, str) for item in listed):
            raise CannotError(f"{key!r} of {_a(kind).lower()} is not a list of ids. Give the ids one by one.")
    needed = _LISTS.get(kind)
    if needed and not any(payload.get(key) for key in needed):
        listed = " or ".join(map(repr, needed))
        raise CannotError(f"{_a(kind)} needs {listed}; it came with none. Name at least one id.")
    parent = payload.get("parent")
    if (kind == "move" and "parent" not in payload) or not (parent is None or isinstance(parent, str)):
        raise CannotError(
            f"{_a(kind)} needs 'parent', a theme's id or null for the top; it came with {sorted(payload)}."
        )


def _a(kind: str) -> str:
    return f"{'An' if kind[0] in 'aeiou' else 'A'} {kind}"


def check_split(draft: Draft, theme_id: str, payload: Mapping[str, Any]) -> None:
    """Raise where a split that is asked for now takes what the theme does not have, or all that it has."""
    asked = payload.get("sub_themes") or []
    own = [child.theme_id for child in draft.children(theme_id)]
    strangers = sorted(set(asked) - set(own))
    if strangers:
        raise CannotError(f"{strangers[0]!r} is no sub-theme of {theme_id!r}.{did_you_mean(strangers[0], own)}")
    if asked and set(asked) == set(own) and not draft.live(theme_id):
        raise CannotError(f"That is every sub-theme of {theme_id!r}: nothing would be left. Rename it instead.")
