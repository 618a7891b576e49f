"""Tagging over the store: statements in, mentions out. The same for history and for tonight's batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from feedback_nlp.pipeline.codebooks import load_codebook, publish_edits
from feedback_nlp.pipeline.corpus import vectors_of
from feedback_nlp.pipeline.ingest import encode_pending
from feedback_nlp.pipeline.progress import Progress, silent
from feedback_nlp.records import Mention, Tag
from feedback_nlp.settings import Settings

if TYPE_CHECKING:
    import polars as pl

    from feedback_nlp.encoding import LoadedEncoder
    from feedback_nlp.store import Store
    from feedback_nlp.themes.codebook import Codebook
    from feedback_nlp.themes.tagging import Tagging

TAG_AT_ONCE = 20_000


@dataclass(frozen=True)
class TagSummary:
    """How many statements were tagged now, and how many of all tagged ones have a theme (``coverage``, 0..1).

    ``n_review`` of those tagged now lie so near to a boundary that a person should look at them.
    """

    codebook_version: int
    n_tagged: int
    n_themed: int
    coverage: float
    n_review: int


def tag_statements(
    store: Store,
    settings: Settings,
    *,
    encoder: LoadedEncoder | None = None,
    version: int | None = None,
    keep_history: bool = False,
    progress: Progress = silent,
) -> TagSummary:
    """Tag every statement that the codebook has not tagged yet.

    Without a ``version`` it is the newest codebook with all of people's edits, which readers see from then on. With
    ``keep_history`` statements that an older codebook tagged keep what it said; trends mark where the codebook changes.
    The next call without it tags them anew. Raises NothingToShow when there is no codebook, EncoderError when its
    encoder is not the one in force.
    """
    from feedback_nlp.encoding import load_encoder

    codebook = load_codebook(store, publish_edits(store) if version is None else version)
    assert codebook.version is not None
    encoder = encoder or load_encoder(settings)
    codebook.require_encoder(encoder.identity.key)
    encode_pending(store, encoder, progress)
    waiting = store.statements_to_tag(codebook.version, only_new=True, keep_history=keep_history)
    n_review = 0
    for start in range(0, waiting.height, TAG_AT_ONCE):
        part = waiting.slice(start, TAG_AT_ONCE)
        tags, mentions = _tagged(store, codebook, part, settings.themes_per_statement)
        store.write_tags(codebook.version, tags, mentions)
        n_review += sum(tag.review is not None for tag in tags)
        progress("tag", min(start + TAG_AT_ONCE, waiting.height), waiting.height)
    if codebook.version == store.latest_codebook_version():
        store.mark_ready(codebook.version)
        if not keep_history:
            store.drop_superseded_tags(codebook.version)
    tagged, themed = store.count_tagged(codebook.version)
    return TagSummary(codebook.version, waiting.height, themed, themed / tagged if tagged else 0.0, n_review)


def _tagged(store: Store, codebook: Codebook, statements: pl.DataFrame, most: int) -> tuple[list[Tag], list[Mention]]:
    """Return what the codebook says of statements (statement_id, text_hash, language)."""
    from feedback_nlp.themes.tagging import facets, tag

    vectors = vectors_of(store, codebook.encoder_key, statements["text_hash"].to_list())
    languages = statements["language"].to_list()
    statement_ids = statements["statement_id"].to_list()
    result = tag(codebook, vectors, languages, most=most)
    ids = [theme.theme_id for theme in codebook.themes]
    tags = [
        Tag(
            statement_id,
            ids[nearest] if themed else None,
            float(similarity),
            reason,
            float(margin),
            review,
            values,
        )
        for statement_id, nearest, themed, similarity, reason, margin, review, values in zip(
            statement_ids,
            result.nearest,
            result.themed,
            result.similarity,
            result.reason,
            result.margin,
            result.review,
            facets(codebook, vectors, languages),
            strict=True,
        )
    ]
    return tags, _mentions(codebook, statement_ids, result)


def _mentions(codebook: Codebook, statement_ids: Sequence[str], result: Tagging) -> list[Mention]:
    """Return a mention for each theme tagged, and one for its parent with the confidence of its likeliest part."""
    assert codebook.version is not None
    best: dict[tuple[str, str], float] = {}
    for row, number, confidence in zip(result.rows, result.themes, result.confidence, strict=True):
        theme = codebook.themes[number]
        for theme_id in (theme.theme_id, theme.parent_id):
            if theme_id is not None:
                key = (statement_ids[row], theme_id)
                best[key] = max(best.get(key, 0.0), float(confidence))
    return [Mention(statement, theme_id, value, codebook.version) for (statement, theme_id), value in best.items()]
