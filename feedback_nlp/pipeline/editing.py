"""What people do to themes, carried out over the store: written down, folded over the base, published, tagged.

The log of edits is the truth and every step after it can be repeated: whoever is killed in between leaves a database
that readers see as it was, and :func:`republish`, which every edit and undo ends with, completes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from feedback_nlp.errors import UsageError
from feedback_nlp.pipeline.codebooks import base_codebook, conflicts_in, edits_are_published, folded
from feedback_nlp.pipeline.edit_examples import NAMED, examples_in_force, resolve_statements, stored_examples
from feedback_nlp.pipeline.late_encoder import late_encoder
from feedback_nlp.pipeline.progress import Progress, silent
from feedback_nlp.pipeline.tagging import tag_statements
from feedback_nlp.records import STRUCTURAL_EDITS, Conflict, Edit
from feedback_nlp.settings import Settings

if TYPE_CHECKING:
    from feedback_nlp.encoding import LoadedEncoder
    from feedback_nlp.store import Store
    from feedback_nlp.store.edits import StoredExamples


@dataclass(frozen=True)
class EditSummary:
    """What became of an edit. ``theme_id`` is the theme's, for a create or split the new one's.

    ``codebook_version`` is the one that readers see now; ``n_retagged`` statements have other themes in it than
    before. ``conflicts`` are of all edits in force, not only of this one.
    """

    edit_id: int
    kind: str
    theme_id: str
    codebook_version: int
    n_retagged: int
    conflicts: tuple[Conflict, ...]


def edit_theme(
    store: Store,
    settings: Settings,
    kind: str,
    theme_id: str,
    payload: Mapping[str, Any],
    author: str,
    *,
    publish: bool = True,
    encoder: LoadedEncoder | None = None,
    progress: Progress = silent,
) -> EditSummary:
    """Carry out an edit of one of EDIT_KINDS, and return what became of it.

    ``payload`` is as :class:`~feedback_nlp.records.Edit` says; empty lists and the id of a new theme may be left out
    (``theme_id`` is "" for a create), and a feedback id does for a statement's where it has only one. The encoder is
    loaded only for texts that have no vector yet. ``publish`` False only writes the edit down, for one of several that
    are published with the last. Raises UsageError for what does not fit the themes as they are,
    NothingToShow when there is no codebook, EncoderError when its encoder is needed and not the one in force.
    """
    from feedback_nlp.themes.edits.fold import new_theme_id, validate_edit

    codebook = folded(store).codebook
    plain = _with_defaults(kind, payload)
    if "statement" in plain:
        plain["statement"] = resolve_statements(store, [plain["statement"]])[0]
    for name in NAMED.get(kind, ()):
        if name in plain:
            plain[name] = resolve_statements(store, plain[name])
    if kind == "create":
        theme_id = theme_id or new_theme_id(kind, "", plain, store.theme_ids())
    if kind == "split" and not plain.get("new_theme_id"):
        plain["new_theme_id"] = new_theme_id(kind, theme_id, plain, store.theme_ids())
    validate_edit(codebook, kind, theme_id, plain)
    if encoder is not None:
        codebook.require_encoder(encoder.identity.key)
    examples = None
    if any(plain.get(name) for name in NAMED.get(kind, ())):
        encoder = encoder or late_encoder(store, settings, codebook.encoder_key)
        examples = stored_examples(store, encoder, codebook.encoder_key, plain, progress)
        _try(store, kind, theme_id, plain, examples)
    edit_id = store.add_edit(theme_id, kind, plain, author, examples)
    made = plain["new_theme_id"] if kind == "split" else theme_id
    return _carry_on(store, settings, edit_id, kind, made, encoder, progress, publish=publish)


def undo(
    store: Store,
    settings: Settings,
    edit_id: int,
    author: str,
    *,
    encoder: LoadedEncoder | None = None,
    progress: Progress = silent,
) -> EditSummary:
    """Take an edit back; it stays in the history. Raises UsageError when it is not there or already undone."""
    edit = next((edit for edit in store.active_edits() if edit.edit_id == edit_id), None)
    store.undo_edit(edit_id, author)
    assert edit is not None
    return _carry_on(store, settings, edit_id, edit.kind, edit.theme_id, encoder, progress)


def republish(
    store: Store, settings: Settings, *, encoder: LoadedEncoder | None = None, progress: Progress = silent
) -> int:
    """Bring the codebook to what the base and the edits in force say, tagged and ready, and return its version.

    Writes nothing when it is there already. Safe to repeat, and to run beside another one: the last to finish looks
    at the log once more. Raises NothingToShow when there is no codebook.
    """
    while True:
        stored = store.codebook(worded=False)
        published = edits_are_published(stored, store.active_edits(STRUCTURAL_EDITS))
        if published and stored.is_ready and not _superseded(store, stored.version):
            return stored.version
        late = encoder or late_encoder(store, settings, stored.encoder_key)
        tag_statements(store, settings, encoder=late, progress=progress)


def _carry_on(
    store: Store,
    settings: Settings,
    edit_id: int,
    kind: str,
    theme_id: str,
    encoder: LoadedEncoder | None,
    progress: Progress,
    *,
    publish: bool = True,
) -> EditSummary:
    n_retagged = 0
    if publish and kind in STRUCTURAL_EDITS:  # the others are laid on when it is read
        before = store.mention_pairs()
        republish(store, settings, encoder=encoder, progress=progress)
        after = store.mention_pairs()
        both = list(before.columns)
        changed = pl.concat([before.join(after, on=both, how="anti"), after.join(before, on=both, how="anti")])
        n_retagged = changed["statement_id"].n_unique()
    version = store.latest_codebook_version(ready=True)
    assert version is not None
    return EditSummary(edit_id, kind, theme_id, version, n_retagged, conflicts_in(store))


def _try(store: Store, kind: str, theme_id: str, payload: Mapping[str, Any], examples: StoredExamples) -> None:
    """Raise UsageError when an edit with these examples would not apply."""
    from feedback_nlp.themes.edits.fold import Examples, apply_edits

    base, edits = base_codebook(store), store.active_edits()
    edit = Edit(max((edit.edit_id for edit in edits), default=0) + 1, theme_id, kind, payload, "", datetime.now(UTC))
    own = Examples(examples.like, examples.like_languages, examples.unlike, examples.unlike_languages)
    tried = apply_edits(base, [*edits, edit], {**examples_in_force(store, base.encoder_key), edit.edit_id: own})
    for conflict in tried.conflicts:
        if conflict.edit_id == edit.edit_id:
            raise UsageError(conflict.reason)


def _with_defaults(kind: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    plain = dict(payload)
    if kind in ("example", "create"):
        plain = {"like": [], "unlike": [], **plain}
    if kind == "create":
        plain.setdefault("parent", None)
    return plain


def _superseded(store: Store, version: int) -> bool:
    """Return whether an older version of the same base still is ready: a run was killed before it was dropped."""
    facts = {row["version"]: row for row in store.codebook_versions()}
    base = facts[version]["base_version"]
    return any(row["is_ready"] and row["base_version"] == base and row["version"] < version for row in facts.values())
