"""What the commands about themes share: who edits, which theme is meant, and how an edit is told."""

from __future__ import annotations

import getpass
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from feedback_nlp.cli.shared import say, say_json
from feedback_nlp.errors import UsageError, did_you_mean
from feedback_nlp.records import Conflict, Theme
from feedback_nlp.settings import Settings

if TYPE_CHECKING:
    from feedback_nlp.pipeline.editing import EditSummary
    from feedback_nlp.store import Store

_LIST = " List them with: feedback-nlp themes list"


def author_of(settings: Settings) -> str:
    """Return the name in the settings, else the system's user name."""
    try:
        return settings.author or getpass.getuser()
    except (KeyError, OSError):  # a container without a user entry
        return "unknown"


def themes_in_force(store: Store) -> tuple[Theme, ...]:
    """Return the themes of the latest codebook with which all statements are tagged; what ``Store.codebook`` raises."""
    return store.codebook(store.latest_codebook_version(ready=True)).themes


def theme_named(themes: Iterable[Theme], name: str) -> str:
    """Return the id of the theme with this id, or with this label when only one has it.

    Raises UsageError, with the nearest name, when there is none, or several have the label.
    """
    themes = list(themes)
    if any(theme.theme_id == name for theme in themes):
        return name
    labelled = [theme.theme_id for theme in themes if theme.label.casefold() == name.strip().casefold()]
    if len(labelled) > 1:
        raise UsageError(f"{len(labelled)} themes are called {name!r}. Name one by its id: {', '.join(labelled)}.")
    if labelled:
        return labelled[0]
    hint = did_you_mean(name, [theme.theme_id for theme in themes] + [theme.label for theme in themes])
    raise UsageError(f"There is no theme {name!r}.{_LIST if hint.startswith(' Known') or not hint else hint}")


def edit_row(store: Store, edit_id: int) -> dict[str, Any]:
    """Return an edit with who and when."""
    return next(row for row in store.edits() if row["edit_id"] == edit_id)


def edit_words(row: Mapping[str, Any]) -> str:
    """Return an edit in a few words: what, of which theme, with what else, by whom and when."""
    payload = row["payload"]
    more = {
        "merge": lambda: f" into {payload['into']}",
        "split": lambda: f" off {payload['new_theme_id']} {payload['label']!r}",
        "move": lambda: f" to {payload['parent'] or 'the top'}",
        "rename": lambda: f" to {payload['label']!r}",
        "create": lambda: f" {payload['label']!r}",
        "example": lambda: f" with {len(payload['like'])} like it and {len(payload['unlike'])} unlike it",
        "assign": lambda: f" to statement {payload['statement']}",
        "unassign": lambda: f" from statement {payload['statement']}",
    }.get(row["kind"], str)()
    words = f"edit {row['edit_id']}: {row['kind']} {row['theme_id']}{more} by {row['author']}"
    undone = f" (undone by {row['undone_by']}, {row['undone_at']:%Y-%m-%d %H:%M})" if row["undone_at"] else ""
    return f"{words}, {row['created_at']:%Y-%m-%d %H:%M} UTC{undone}"


def conflict_words(conflict: Conflict) -> str:
    """Return an edit that no longer fits, and why."""
    return f"conflict: edit {conflict.edit_id} of {conflict.theme_id}: {conflict.reason}"


def tell_edits(store: Store, summaries: list[EditSummary], as_json: bool) -> None:
    """Say what became of one edit, or of several that belong together, and how each can be undone."""
    rows = [edit_row(store, summary.edit_id) for summary in summaries]
    last = summaries[-1]
    if as_json:
        told = [
            {
                **row["payload"],
                "edit_id": row["edit_id"],
                "kind": row["kind"],
                "theme_id": row["theme_id"],
                "author": row["author"],
                "created_at": row["created_at"],
                "codebook_version": last.codebook_version,
                "n_retagged": last.n_retagged,
                "conflicts": list(last.conflicts),
                "undo": f"feedback-nlp themes undo {row['edit_id']}",
            }
            for row in rows
        ]
        say_json(told[0] if len(told) == 1 else told)
        return
    for row in rows:
        words = edit_words(row)
        say(f"{words[0].upper()}{words[1:]}. Undo it with: feedback-nlp themes undo {row['edit_id']}")
    tell_outcome(last)


def tell_outcome(summary: EditSummary) -> None:
    """Say how the codebook came out of an edit, and which edits do not fit it."""
    from feedback_nlp.records import STRUCTURAL_EDITS

    if summary.kind in STRUCTURAL_EDITS:
        say(f"Codebook {summary.codebook_version}: {summary.n_retagged:,} statements have other themes than before.")
    for conflict in summary.conflicts:
        words = conflict_words(conflict)
        say(f"{words[0].upper()}{words[1:]}")
