"""Discovery and tagging over the store: statements in, a published codebook and mentions out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from feedback_nlp.pipeline.corpus import corpus_of, fingerprint, vectors_of
from feedback_nlp.pipeline.ingest import encode_pending, score_pending
from feedback_nlp.pipeline.progress import Progress, silent
from feedback_nlp.records import Mention, Tag
from feedback_nlp.settings import Settings

if TYPE_CHECKING:
    from feedback_nlp.encoding import LoadedEncoder
    from feedback_nlp.store import Store
    from feedback_nlp.themes.codebook import Codebook

TAG_AT_ONCE = 20_000


@dataclass(frozen=True)
class DiscoverySummary:
    """What discovery published. ``changed`` is False when the last codebook was learnt from just these statements."""

    codebook_version: int
    changed: bool
    n_statements: int
    n_themes: int
    n_sub_themes: int
    lineage: dict[str, int]


@dataclass(frozen=True)
class TagSummary:
    """How many statements were tagged now, and how many of all tagged ones have a theme (``coverage``, 0..1)."""

    codebook_version: int
    n_tagged: int
    n_themed: int
    coverage: float


def discover_themes(
    store: Store, settings: Settings, *, encoder: LoadedEncoder | None = None, progress: Progress = silent
) -> DiscoverySummary:
    """Learn themes from all stored statements and publish them as the next codebook version.

    Themes that the last codebook had keep their ids. The same statements and settings publish nothing new. Raises
    DiscoveryError when there is too little text.
    """
    from feedback_nlp.encoding import load_encoder
    from feedback_nlp.language.stopwords import negations, stop_words
    from feedback_nlp.themes.continuing import continue_codebook
    from feedback_nlp.themes.discovery import discover
    from feedback_nlp.themes.space import load_projection

    encoder = encoder or load_encoder(settings)
    encode_pending(store, encoder, progress)
    score_pending(store, encoder, settings, progress)
    corpus = corpus_of(store, encoder.identity.key, settings)
    projection = load_projection(encoder.identity)
    learnt_from = fingerprint(corpus, encoder.identity.key, projection, settings)
    known = _learnt_already(store, learnt_from)
    if known is not None:
        return _discovery_summary(store, known, False, len(corpus.texts))
    progress("discover", 0, 1)
    codebook = discover(
        corpus,
        encoder_key=encoder.identity.key,
        encode=_label_encode(encoder),
        stop_words=stop_words,
        negations=negations,
        settings=settings,
        projection=projection,
    ).codebook
    # Another run may have published meanwhile: its themes are continued, and what it learnt just so is not repeated.
    known = _learnt_already(store, learnt_from)
    if known is not None:
        return _discovery_summary(store, known, False, len(corpus.texts))
    old = load_codebook(store) if store.latest_codebook_version() else None
    lineage: list[dict[str, Any]] = [
        {"theme_id": t.theme_id, "event": "born", "other_theme_id": None, "reason": "first codebook"}
        for t in codebook.themes
    ]
    reason = "first codebook"
    if old is not None:
        reason = "learnt again"
        if old.encoder_key == codebook.encoder_key:
            continued = continue_codebook(codebook, old, (), {}, corpus.vectors, corpus.languages)
            codebook, lineage = continued.codebook, continued.lineage
        else:
            reason = "another encoder: no theme can be continued"
    version = store.publish_codebook(
        encoder_key=codebook.encoder_key,
        themes=codebook.themes,
        arrays=codebook.arrays(),
        settings={"learnt_from": learnt_from, **codebook.facts(), "n_statements": len(corpus.texts)},
        reason=reason,
        lineage=lineage,
    )
    progress("discover", 1, 1)
    return _discovery_summary(store, version, True, len(corpus.texts))


def tag_statements(
    store: Store,
    settings: Settings,
    *,
    encoder: LoadedEncoder | None = None,
    version: int | None = None,
    progress: Progress = silent,
) -> TagSummary:
    """Tag every statement that the codebook (default: the newest) has not tagged yet.

    Raises NothingToShow when there is no codebook, EncoderError when its encoder is not the one in force.
    """
    from feedback_nlp.encoding import load_encoder
    from feedback_nlp.themes.tagging import FAR, tag

    codebook = load_codebook(store, version)
    assert codebook.version is not None
    if encoder is None:
        encoder = load_encoder(settings)
    codebook.require_encoder(encoder.identity.key)
    encode_pending(store, encoder, progress)
    waiting = store.statements_to_tag(codebook.version, only_new=True)
    ids = [theme.theme_id for theme in codebook.themes]
    parents = [theme.parent_id for theme in codebook.themes]
    for start in range(0, waiting.height, TAG_AT_ONCE):
        part = waiting.slice(start, TAG_AT_ONCE)
        vectors = vectors_of(store, codebook.encoder_key, part["text_hash"].to_list())
        statement_ids = part["statement_id"].to_list()
        result = tag(codebook, vectors, part["language"].to_list(), most=settings.themes_per_statement)
        tags = [
            Tag(
                statement_id,
                ids[row] if themed else None,
                float(similarity),
                None if themed else FAR,
            )
            for statement_id, row, themed, similarity in zip(
                statement_ids, result.nearest, result.themed, result.similarity, strict=True
            )
        ]
        mentions = _mentions(codebook.version, statement_ids, ids, parents, result)
        store.write_tags(codebook.version, tags, mentions)
        progress("tag", min(start + TAG_AT_ONCE, waiting.height), waiting.height)
    tagged, themed_total = store.count_tagged(codebook.version)
    return TagSummary(codebook.version, waiting.height, themed_total, themed_total / tagged if tagged else 0.0)


def load_codebook(store: Store, version: int | None = None) -> Codebook:
    """Return a stored codebook (default: the newest) ready for tagging, with people's edits on top."""
    from feedback_nlp.themes.codebook import Codebook

    stored = store.codebook(version)
    return Codebook.from_stored(
        encoder_key=stored.encoder_key,
        themes=stored.themes,
        arrays=stored.arrays,
        facts=stored.settings,
        version=stored.version,
    )


def _mentions(
    version: int, statement_ids: Sequence[str], ids: Sequence[str], parents: Sequence[str | None], result: Any
) -> list[Mention]:
    """Return a mention for each leaf, and one for its parent with the confidence of its likeliest leaf."""
    best: dict[tuple[str, str], float] = {}
    for row, theme, confidence in zip(result.rows, result.themes, result.confidence, strict=True):
        for theme_id in (ids[theme], parents[theme]):
            if theme_id is not None:
                key = (statement_ids[row], theme_id)
                best[key] = max(best.get(key, 0.0), float(confidence))
    return [Mention(statement_id, theme_id, value, version) for (statement_id, theme_id), value in best.items()]


def _learnt_already(store: Store, learnt_from: str) -> int | None:
    """Return the version of the last codebook when it was learnt from just this, else None."""
    last = store.latest_codebook_version()
    return last if last and store.codebook(last).settings.get("learnt_from") == learnt_from else None


def _label_encode(encoder: LoadedEncoder) -> Callable[[Sequence[str]], np.ndarray]:
    return lambda texts: encoder.encode(list(texts))


def _discovery_summary(store: Store, version: int, changed: bool, n_statements: int) -> DiscoverySummary:
    themes = store.codebook(version).themes
    events = Counter(row["event"] for row in store.lineage() if row["version"] == version)
    return DiscoverySummary(
        codebook_version=version,
        changed=changed,
        n_statements=n_statements,
        n_themes=sum(theme.level == 1 for theme in themes),
        n_sub_themes=sum(theme.level == 2 for theme in themes),
        lineage=dict(sorted(events.items())),
    )
