"""The statements that edits name, and their vectors, which outlive them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from feedback_nlp.errors import UsageError
from feedback_nlp.pipeline.corpus import vectors_of
from feedback_nlp.pipeline.ingest import encode_pending
from feedback_nlp.pipeline.progress import Progress

if TYPE_CHECKING:
    from feedback_nlp.encoding import LoadedEncoder
    from feedback_nlp.store import Store
    from feedback_nlp.store.edits import StoredExamples
    from feedback_nlp.themes.edits.fold import Examples

# The lists of statements that a payload of each kind may have.
NAMED = {"example": ("like", "unlike"), "create": ("like", "unlike"), "split": ("statements",)}
_MOST_LISTED = 10  # statements of a feedback that an error names


def resolve_statements(store: Store, ids: Sequence[str]) -> list[str]:
    """Return statement ids, once each and in order, for ids of statements or of feedback that has only one.

    Raises UsageError for an id that names neither, and for a feedback of several statements, with their ids.
    """
    named = store.statements_named(ids)
    found: list[str] = []
    for given in ids:
        statements = named.get(given, [])
        if not statements:
            raise UsageError(
                f"There is no statement or feedback {given!r}. "
                "List those of a theme with: feedback-nlp themes statements THEME"
            )
        if len(statements) > 1:
            listed = ", ".join(statement.statement_id for statement in statements[:_MOST_LISTED])
            more = ", …" if len(statements) > _MOST_LISTED else ""
            raise UsageError(f"Feedback {given!r} has {len(statements)} statements: {listed}{more}. Name those meant.")
        found.append(statements[0].statement_id)
    return list(dict.fromkeys(found))


def stored_examples(
    store: Store, encoder: LoadedEncoder, encoder_key: str, payload: Mapping[str, Any], progress: Progress
) -> StoredExamples:
    """Return the vectors of the statements in a payload, encoding what is missing."""
    from feedback_nlp.store.edits import StoredExamples

    if store.count_without_vectors(encoder_key):
        encode_pending(store, encoder, progress)
    found = _vectors(store, encoder_key, payload)
    return StoredExamples(encoder_key, found.like, found.like_languages, found.unlike, found.unlike_languages)


def _vectors(store: Store, encoder_key: str, payload: Mapping[str, Any]) -> Examples:
    """Return the vectors of those statements in a payload that are stored with one."""
    from feedback_nlp.themes.edits.fold import Examples

    sides = (payload.get("like") or payload.get("statements") or (), payload.get("unlike") or ())
    named = store.statements_named([statement_id for ids in sides for statement_id in ids])
    hashes = {statement.text_hash for statements in named.values() for statement in statements}
    known = set(store.vectors(encoder_key, sorted(hashes))[0])
    arrays: list[Any] = []
    for ids in sides:
        kept = [s for statement_id in ids for s in named.get(statement_id, ()) if s.text_hash in known]
        arrays += [vectors_of(store, encoder_key, [s.text_hash for s in kept]), tuple(s.language for s in kept)]
    return Examples(*arrays)


def examples_in_force(store: Store, encoder_key: str) -> dict[int, Examples]:
    """Return the examples of the edits in force, as vectors of this encoder: of another one's, what is stored still."""
    from feedback_nlp.themes.edits.fold import Examples

    payloads = {edit.edit_id: edit.payload for edit in store.active_edits(tuple(NAMED))}
    return {
        edit_id: Examples(stored.like, stored.like_languages, stored.unlike, stored.unlike_languages)
        if stored.encoder_key == encoder_key
        else _vectors(store, encoder_key, payloads[edit_id])
        for edit_id, stored in store.edit_examples().items()
        if edit_id in payloads
    }
