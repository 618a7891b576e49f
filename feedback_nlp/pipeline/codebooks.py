"""Codebooks out of the store, as they were published or with people's edits folded over them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from feedback_nlp.pipeline.edit_examples import examples_in_force
from feedback_nlp.records import STRUCTURAL_EDITS, Conflict, Edit, stable_hash

if TYPE_CHECKING:
    from feedback_nlp.store import Store
    from feedback_nlp.store.codebooks import StoredCodebook
    from feedback_nlp.themes.codebook import Codebook
    from feedback_nlp.themes.edits.fold import Edited


def load_codebook(store: Store, version: int | None = None) -> Codebook:
    """Return a stored codebook (default: the newest) ready for tagging, with people's edits on top."""
    return ready_to_tag(store.codebook(version))


def newest_base(store: Store) -> StoredCodebook | None:
    """Return what the newest codebook lies on: as a discovery or an import published it, without people's words.

    None before the first.
    """
    versions = store.codebook_versions()
    return store.codebook(versions[-1]["base_version"], worded=False) if versions else None


def base_codebook(store: Store) -> Codebook:
    """Return the newest base ready for tagging. Raises NothingToShow when there is no codebook."""
    return ready_to_tag(newest_base(store) or store.codebook())


def folded(store: Store) -> Edited:
    """Return the newest base with the edits in force folded over it, whether or not that is published yet.

    Its conflicts are the edits that do not fit the base. Raises NothingToShow when there is no codebook.
    """
    from feedback_nlp.themes.edits.fold import apply_edits

    base = base_codebook(store)
    return apply_edits(base, store.active_edits(), examples_in_force(store, base.encoder_key))


def conflicts_in(store: Store) -> tuple[Conflict, ...]:
    """Return the edits in force that do not fit the newest base, and those that its refit called into question."""
    found = list(folded(store).conflicts)
    active = {edit.edit_id for edit in store.active_edits()}
    told = {conflict.edit_id for conflict in found}
    questioned = store.codebook(worded=False).settings.get("conflicts", [])
    found += [Conflict(**row) for row in questioned if row["edit_id"] in active - told]
    return tuple(sorted(found, key=lambda conflict: conflict.edit_id))


def edits_are_published(stored: StoredCodebook, edits: Sequence[Edit]) -> bool:
    """Return whether a codebook was folded from just these structural edits."""
    return bool(stored.settings.get("edits", "") == _signature(edits))


def publish_edits(store: Store) -> int:
    """Publish the newest base with the structural edits in force, unless it is there already; return the version."""
    from feedback_nlp.themes.edits.fold import apply_edits

    newest = store.codebook(worded=False)
    edits = store.active_edits(STRUCTURAL_EDITS)
    if edits_are_published(newest, edits):
        return newest.version
    stored = newest_base(store)
    assert stored is not None
    base = ready_to_tag(stored)
    edited = apply_edits(base, edits, examples_in_force(store, base.encoder_key))
    last = f"the last is {edits[-1].edit_id}, a {edits[-1].kind} by {edits[-1].author}" if edits else "all undone"
    return store.publish_codebook(
        encoder_key=base.encoder_key,
        themes=edited.codebook.themes,
        arrays=edited.codebook.arrays(),
        settings={
            **stored.settings,
            **edited.codebook.facts(),
            "edits": _signature(edits),
            "merged": dict(edited.merged),
            "pinned": sorted(edited.pinned),
        },
        reason=f"version {base.version} with {len(edits)} edits: {last}",
        base_version=base.version,
        kind="edit",
    )


def lineage_counts(store: Store, version: int) -> dict[str, int]:
    """Return how often each event of identity came about in a version, by its name."""
    return dict(sorted(Counter(row["event"] for row in store.lineage() if row["version"] == version).items()))


def ready_to_tag(stored: StoredCodebook) -> Codebook:
    """Return a codebook as tagging wants it. Raises ReadError where its parts do not fit together."""
    from feedback_nlp.themes.codebook import Codebook

    return Codebook.from_stored(
        encoder_key=stored.encoder_key,
        themes=stored.themes,
        arrays=stored.arrays,
        facts=stored.settings,
        version=stored.version,
        base_version=stored.base_version,
    )


def _signature(edits: Sequence[Edit]) -> str:
    """Return what tells whether a version was folded from just these edits; an erased example makes another one."""
    if not edits:
        return ""
    return stable_hash(*(f"{e.edit_id} {e.theme_id} {e.kind} {sorted(e.payload.items())}" for e in edits))
