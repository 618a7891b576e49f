"""Discovery over the store: statements in, the next codebook out, with the ids of the last one and people's edits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from feedback_nlp.pipeline.codebooks import conflicts_in, lineage_counts, newest_base, publish_edits, ready_to_tag
from feedback_nlp.pipeline.corpus import corpus_of, fingerprint
from feedback_nlp.pipeline.edit_examples import examples_in_force
from feedback_nlp.pipeline.importing import guided_in_force
from feedback_nlp.pipeline.ingest import encode_pending
from feedback_nlp.pipeline.progress import Progress, silent
from feedback_nlp.pipeline.scoring import phrase_polarity, score_pending
from feedback_nlp.records import Conflict
from feedback_nlp.settings import Settings

if TYPE_CHECKING:
    from feedback_nlp.encoding import LoadedEncoder
    from feedback_nlp.plugins import Labeller
    from feedback_nlp.store import Store
    from feedback_nlp.themes.codebook import Codebook
    from feedback_nlp.themes.discovery.discover import Corpus, EncodePrepared
    from feedback_nlp.themes.discovery.found import Discovered
    from feedback_nlp.themes.guided.adding import GuidedCodebook
    from feedback_nlp.themes.refit.continuing import Continued


@dataclass(frozen=True)
class DiscoverySummary:
    """What discovery published. ``changed`` is False when the last codebook was learnt from just these statements.

    ``candidates`` is the table by which the granularity was chosen, ``mode`` how themes were learnt, ``notes`` what a
    reader should know of that. ``n_candidate_themes`` counts themes and sub-themes that resampled fits do not find
    again, ``n_emerging`` discovered themes outside a guided codebook. ``conflicts`` are people's edits to look at.
    """

    codebook_version: int
    changed: bool
    n_statements: int
    n_themes: int
    n_sub_themes: int
    n_candidate_themes: int
    n_emerging: int
    lineage: dict[str, int]
    mode: str
    notes: tuple[str, ...]
    candidates: tuple[Mapping[str, Any], ...]
    conflicts: tuple[Conflict, ...]


def discover_themes(
    store: Store, settings: Settings, *, encoder: LoadedEncoder | None = None, progress: Progress = silent
) -> DiscoverySummary:
    """Learn themes from all stored statements and publish them as the next codebook version.

    Themes that the last codebook had keep their ids, and people's edits are laid on again. The same statements and
    settings publish nothing new. Raises DiscoveryError when there is too little text.
    """
    from feedback_nlp.encoding import load_encoder
    from feedback_nlp.themes.space import load_projection

    guided = guided_in_force(store, settings)
    encoder = encoder or load_encoder(settings)
    encode_pending(store, encoder, progress)
    score_pending(store, encoder, settings, progress)
    corpus = corpus_of(store, encoder.identity.key, settings)
    projection = load_projection(encoder.identity)
    learnt_from = fingerprint(corpus, encoder.identity.key, projection, settings, guided)
    if _learnt_already(store, learnt_from):
        return _summary(store, changed=False)
    progress("discover", 0, 1)
    found = _found(corpus, encoder, settings, projection, guided)
    # Another run may have published meanwhile: its themes are continued, and what it learnt just so is not repeated.
    if _learnt_already(store, learnt_from):
        return _summary(store, changed=False)
    continued, reason = _continued(store, found.codebook, corpus, settings)
    store.publish_codebook(
        encoder_key=continued.codebook.encoder_key,
        themes=continued.codebook.themes,
        arrays=continued.codebook.arrays(),
        settings={
            **continued.codebook.facts(),
            "learnt_from": learnt_from,
            "n_statements": len(corpus.texts),
            "mode": found.mode,
            "notes": list(found.notes),
            "candidates": [candidate.to_dict() for candidate in found.candidates],
            "conflicts": [asdict(conflict) for conflict in continued.conflicts],
            "settled_on": continued.settled_on,
            "settled_with": _granularity(settings),
        },
        reason=reason,
        lineage=continued.lineage,
    )
    publish_edits(store)
    progress("discover", 1, 1)
    return _summary(store, changed=True)


def _found(
    corpus: Corpus,
    encoder: LoadedEncoder,
    settings: Settings,
    projection: np.ndarray | None,
    guided: GuidedCodebook | None,
) -> Discovered:
    """Return what discovery finds in the corpus, with the guided themes beside it."""
    from feedback_nlp.encoding.prepared import cache_folder
    from feedback_nlp.language.stopwords import negations, stop_words
    from feedback_nlp.themes.discovery.discover import discover
    from feedback_nlp.themes.guided.adding import add_guided
    from feedback_nlp.themes.labels.llm_naming import make_labeller

    def encode(texts: Sequence[str]) -> np.ndarray:
        return encoder.encode(list(texts))

    def labeller(encode_prepared: EncodePrepared) -> Labeller:
        names, feel = cache_folder(settings) / "names", phrase_polarity(settings, encoder)
        return make_labeller(settings, encode_prepared, stop_words, negations, names, feel=feel)

    found = discover(
        corpus,
        encoder_key=encoder.identity.key,
        encode=encode,
        stop_words=stop_words,
        negations=negations,
        settings=settings,
        projection=projection,
        labeller=labeller,
    )
    if guided is None:
        return found
    codebook = add_guided(
        found.codebook,
        guided,
        encode=encode,
        reading_language=settings.reading_language,
        corpus=corpus,
        stop_words=stop_words,
    )
    return replace(found, codebook=codebook)


def _continued(store: Store, new: Codebook, corpus: Corpus, settings: Settings) -> tuple[Continued, str]:
    """Return the next base: the new fit with the ids of the last base, and why it is published."""
    from feedback_nlp.themes.guided.adding import empty_codebook
    from feedback_nlp.themes.refit.continuing import continue_codebook

    edits, examples = store.active_edits(), examples_in_force(store, new.encoder_key)
    sample = (corpus.vectors, corpus.languages)
    stored = newest_base(store)
    if stored is None:
        old = empty_codebook(new.encoder_key, new.space)
        return continue_codebook(new, old, edits, examples, *sample), "first codebook"
    old, before = ready_to_tag(stored), stored.settings
    # Asked for another grain, a discovery gives it, whatever that does to the themes that were there.
    settled_on = before.get("settled_on") if before.get("settled_with") == _granularity(settings) else None
    if old.encoder_key == new.encoder_key:
        return continue_codebook(new, old, edits, examples, *sample, settled_on=settled_on), "learnt again"
    labels = _tagged_before(store, old, corpus)
    continued = continue_codebook(new, old, edits, examples, *sample, old_labels=labels)
    return continued, "learnt again with another encoder"


def _granularity(settings: Settings) -> list[Any]:
    return [settings.clusterer, settings.min_theme_statements, settings.max_themes]


def _tagged_before(store: Store, old: Codebook, corpus: Corpus) -> np.ndarray:
    """Return the row of the theme that each statement of the corpus was tagged with, -1 for none."""
    best = dict(store.read_frames()["statements"].select("statement_id", "best_theme_id").iter_rows())
    rows = old.row_of
    return np.array([rows.get(best.get(statement_id) or "", -1) for statement_id in corpus.statement_ids])


def _learnt_already(store: Store, learnt_from: str) -> bool:
    """Return whether the last base was learnt from just this."""
    base = newest_base(store)
    return base is not None and base.settings.get("learnt_from") == learnt_from


def _summary(store: Store, *, changed: bool) -> DiscoverySummary:
    newest, base = store.codebook(), newest_base(store)
    assert base is not None
    themes = [theme for theme in newest.themes if theme.state != "retired"]
    return DiscoverySummary(
        codebook_version=newest.version,
        changed=changed,
        n_statements=base.settings.get("n_statements", 0),
        n_themes=sum(theme.level == 1 for theme in themes),
        n_sub_themes=sum(theme.level == 2 for theme in themes),
        n_candidate_themes=sum(theme.state == "candidate" for theme in themes),
        n_emerging=sum(theme.is_emerging and theme.level == 1 for theme in themes),
        lineage=lineage_counts(store, base.version),
        mode=base.settings.get("mode", ""),
        notes=tuple(base.settings.get("notes", ())),
        candidates=tuple(base.settings.get("candidates", ())),
        conflicts=conflicts_in(store),
    )
