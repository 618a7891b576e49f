"""Codebooks from outside: guided themes beside what was found, and whole codebooks, published as a base and tagged.

Publishing is one step and tagging another that can be repeated: whoever is killed in between leaves a database that
readers see as it was, and the same command again completes it. What people did to themes is laid on again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from feedback_nlp.errors import NothingToShow
from feedback_nlp.pipeline.codebooks import conflicts_in, lineage_counts, newest_base, ready_to_tag
from feedback_nlp.pipeline.corpus import corpus_of, fingerprint
from feedback_nlp.pipeline.edit_examples import examples_in_force
from feedback_nlp.pipeline.editing import republish
from feedback_nlp.pipeline.ingest import encode_pending
from feedback_nlp.pipeline.late_encoder import late_encoder
from feedback_nlp.pipeline.progress import Progress, silent
from feedback_nlp.pipeline.scoring import score_pending
from feedback_nlp.pipeline.tagging import TagSummary, tag_statements
from feedback_nlp.records import Conflict
from feedback_nlp.settings import Settings

if TYPE_CHECKING:
    from feedback_nlp.encoding import LoadedEncoder
    from feedback_nlp.store import Store
    from feedback_nlp.store.codebooks import StoredCodebook
    from feedback_nlp.themes.codebook import Codebook
    from feedback_nlp.themes.guided.adding import GuidedCodebook

MODE = "imported"  # of a codebook that no discovery of this database made


@dataclass(frozen=True)
class ImportSummary:
    """What an import published and tagged. ``changed`` is False when the same was imported last.

    ``lineage`` counts what became of themes. ``conflicts`` are the edits in force that do not fit any more.
    """

    codebook_version: int
    changed: bool
    n_guided: int
    n_themes: int
    n_sub_themes: int
    lineage: dict[str, int]
    tagging: TagSummary
    conflicts: tuple[Conflict, ...]


def import_guided(
    store: Store, settings: Settings, name: str, *, encoder: LoadedEncoder | None = None, progress: Progress = silent
) -> ImportSummary:
    """Add the guided themes of ``name`` ("starter" or a file) to the newest base, or make a codebook of them alone.

    A theme that is there already is replaced. Everything is tagged anew. Raises UsageError and ReadError when ``name``
    is no codebook, DiscoveryError when no statement is stored, EncoderError when the base is of another encoder.
    """
    from feedback_nlp.encoding import load_encoder
    from feedback_nlp.language.stopwords import stop_words
    from feedback_nlp.themes.guided.adding import add_guided, empty_codebook, load_guided
    from feedback_nlp.themes.guided.joining import join_guided
    from feedback_nlp.themes.space import PreparedSpace, load_projection

    guided = load_guided(name)
    encoder = encoder or load_encoder(settings)
    encode_pending(store, encoder, progress)
    score_pending(store, encoder, settings, progress)
    corpus = corpus_of(store, encoder.identity.key, settings)
    stored = newest_base(store)
    if stored is not None:
        start = ready_to_tag(stored)
        start.require_encoder(encoder.identity.key)
    else:
        space = PreparedSpace.fit(corpus.vectors, corpus.languages, load_projection(encoder.identity))
        start = empty_codebook(encoder.identity.key, space)
    imported = fingerprint(corpus, start.encoder_key, start.space.projection, settings, guided)
    if _imported(stored) == imported:
        return _completed(store, settings, encoder, progress, changed=False)

    def encode(texts: Sequence[str]) -> np.ndarray:
        return encoder.encode(list(texts))

    new = add_guided(
        start,
        guided,
        encode=encode,
        reading_language=settings.reading_language,
        corpus=corpus,
        stop_words=stop_words,
    )
    examples = examples_in_force(store, start.encoder_key)
    joined = join_guided(new, start, store.active_edits(), examples, corpus.vectors, corpus.languages)
    facts = {"n_statements": len(corpus.texts)} if stored is None else stored.settings
    _publish(
        store,
        joined.codebook,
        {
            "mode": MODE,
            **facts,
            "imported": imported,
            "conflicts": [asdict(conflict) for conflict in joined.conflicts],
        },
        joined.lineage,
        f"imported {guided.name!r}",
    )
    return _completed(store, settings, encoder, progress, changed=True)


def remove_guided(
    store: Store,
    settings: Settings,
    theme_ids: Collection[str] = (),
    *,
    encoder: LoadedEncoder | None = None,
    progress: Progress = silent,
) -> ImportSummary:
    """Take guided themes out of the newest base, all of them when none is named, and tag everything anew.

    What was found under one goes to the top. Raises NothingToShow when there is none, UsageError for another id.
    """
    from feedback_nlp.themes.guided.joining import replaced_lineage, without_guided

    stored = newest_base(store) or store.codebook()  # raises before the first
    old = ready_to_tag(stored)
    if not any(theme.source == "guided" for theme in old.themes) and not theme_ids:
        raise NothingToShow("The codebook has no imported themes. Import some with: feedback-nlp themes import starter")
    left = without_guided(old, theme_ids)
    encoder = encoder or late_encoder(store, settings, old.encoder_key)
    left.require_encoder(encoder.identity.key)
    named = ", ".join(theme_ids) if theme_ids else "all"
    lineage = replaced_lineage(left, old, f"guided themes were removed: {named}")
    facts = {**stored.settings, "learnt_from": "", "imported": ""}
    for key in ("guided", "facet_names", "facet_values"):
        facts.pop(key, None)
    _publish(store, left, facts, lineage, f"guided themes removed: {named}")
    return _completed(store, settings, encoder, progress, changed=True)


def load_portable(
    store: Store, settings: Settings, folder: Path, *, encoder: LoadedEncoder | None = None, progress: Progress = silent
) -> ImportSummary:
    """Publish the codebook that ``folder`` holds as a base of this database, and tag everything with it.

    Its themes take the place of those that there were: what has the same id continues, the others are retired. Works
    in an empty database too, for what is ingested later. Raises ReadError for a folder that holds no codebook,
    EncoderError when it was made with another encoder than the one in force.
    """
    from feedback_nlp.encoding import load_encoder
    from feedback_nlp.themes.files import checksum_of, load_codebook_files
    from feedback_nlp.themes.guided.adding import empty_codebook
    from feedback_nlp.themes.guided.joining import replaced_lineage

    codebook = load_codebook_files(folder)
    encoder = encoder or load_encoder(settings)
    codebook.require_encoder(encoder.identity.key)
    encode_pending(store, encoder, progress)  # makes the encoder known
    score_pending(store, encoder, settings, progress)
    last = newest_base(store)
    imported = checksum_of(codebook)
    if _imported(last) == imported:
        return _completed(store, settings, encoder, progress, changed=False)
    said = set(store.read_frames()["statements"]["statement_id"])
    here = tuple(
        replace(theme, quote_ids=tuple(name for name in theme.quote_ids if name in said)) for theme in codebook.themes
    )
    before = empty_codebook(codebook.encoder_key, codebook.space) if last is None else ready_to_tag(last)
    _publish(
        store,
        replace(codebook, themes=here),
        {"mode": MODE, "imported": imported, "n_statements": max((theme.n_statements for theme in here), default=0)},
        replaced_lineage(codebook, before, "loaded from a saved codebook"),
        f"loaded from {folder.resolve().name!r}",
    )
    return _completed(store, settings, encoder, progress, changed=True)


def guided_in_force(store: Store, settings: Settings) -> GuidedCodebook | None:
    """Return the guided themes to look for: those of the setting, and others that were imported before; None for none.

    What a person wrote stays until a person removes it, whatever the setting says at the next discovery.
    """
    from feedback_nlp.themes.guided.adding import GuidedCodebook, load_guided
    from feedback_nlp.themes.guided.codebook import theme_from_plain

    own = load_guided(settings.guided) if settings.guided else None
    base = newest_base(store)
    known = {theme.theme_id for theme in own.themes} if own is not None else set()
    rows = () if base is None else base.settings.get("guided", ())
    imported = tuple(theme_from_plain(row) for row in rows if row["theme_id"] not in known)
    if own is None and not imported:
        return None
    name = own.name if own is not None else MODE
    return GuidedCodebook(name, (*(own.themes if own is not None else ()), *imported)).checked("The codebook")


def _imported(base: StoredCodebook | None) -> str | None:
    """Return what tells which import a base is of; None where it is of none."""
    return base.settings.get("imported") if base is not None and base.kind == "import" else None


def _publish(
    store: Store,
    codebook: Codebook,
    settings: Mapping[str, Any],
    lineage: Sequence[Mapping[str, Any]],
    reason: str,
) -> None:
    store.publish_codebook(
        encoder_key=codebook.encoder_key,
        themes=codebook.themes,
        arrays=codebook.arrays(),
        settings={**settings, **codebook.facts()},
        reason=reason,
        lineage=lineage,
        kind="import",
    )


def _completed(
    store: Store, settings: Settings, encoder: LoadedEncoder, progress: Progress, *, changed: bool
) -> ImportSummary:
    """Lay the edits on, tag, let readers see it, and say what there is now."""
    tagging = tag_statements(store, settings, encoder=encoder, progress=progress)
    republish(store, settings, encoder=encoder, progress=progress)
    newest = store.codebook()
    themes = [theme for theme in newest.themes if theme.state != "retired"]
    return ImportSummary(
        newest.version,
        changed,
        sum(theme.source == "guided" for theme in themes),
        sum(theme.level == 1 for theme in themes),
        sum(theme.level == 2 for theme in themes),
        lineage_counts(store, newest.base_version),
        tagging,
        conflicts_in(store),
    )
