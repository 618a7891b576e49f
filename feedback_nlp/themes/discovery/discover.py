"""Discovery: from statements and their vectors to a codebook of themes and sub-themes, by way of BERTopic."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from feedback_nlp.errors import DiscoveryError, SettingError, did_you_mean
from feedback_nlp.plugins import Labeller, find_plugin
from feedback_nlp.records import Theme
from feedback_nlp.settings import Settings
from feedback_nlp.themes.codebook import Codebook, Prototypes
from feedback_nlp.themes.discovery.clusterers import LabelsClusterer, umap_hdbscan
from feedback_nlp.themes.discovery.clustering import ConsensusClusterer, default_minimum
from feedback_nlp.themes.discovery.describing import described, named
from feedback_nlp.themes.discovery.found import Corpus, Discovered, mode_of, notes_of
from feedback_nlp.themes.discovery.kmeans import centroids_of, nearest
from feedback_nlp.themes.discovery.shaping import shaped
from feedback_nlp.themes.discovery.thresholds import thresholds_of
from feedback_nlp.themes.labels.keywords import StopWords, tokenize
from feedback_nlp.themes.labels.labelling import KeyphraseLabeller
from feedback_nlp.themes.space import PreparedSpace
from feedback_nlp.themes.tagging import tag

FEWEST = 20  # distinct statements below which themes would be anecdotes
FEWEST_PEOPLE = 5  # who say a sub-theme: what one customer says in many ways is no theme
Encode = Callable[[Sequence[str]], np.ndarray]
EncodePrepared = Callable[[Sequence[str], Sequence[str]], np.ndarray]  # texts and languages -> (n, p), prepared


def discover(
    corpus: Corpus,
    *,
    encoder_key: str,
    encode: Encode,
    stop_words: StopWords,
    settings: Settings,
    negations: StopWords = lambda language: frozenset(),
    projection: np.ndarray | None = None,
    labeller: Callable[[EncodePrepared], Labeller] | None = None,
) -> Discovered:
    """Return the themes found in ``corpus`` as a codebook; the same corpus in any order gives the same codebook.

    ``encode`` is used for label candidates and for talk about nothing; ``projection`` is what ``load_projection`` has
    for the encoder; ``labeller`` makes what names themes, given how phrases are encoded. A theme whose stability is
    below 0.6 is a candidate (see ``stability.py``). Raises :class:`DiscoveryError` with fewer than 20 distinct
    statements or when no group of them is alike enough.
    """
    corpus = corpus.sorted()
    n = len(corpus.texts)
    if n < FEWEST:
        raise DiscoveryError(
            f"{n} distinct statements: themes need at least {FEWEST}. Add feedback, or read these few directly."
        )
    space = PreparedSpace.fit(corpus.vectors, corpus.languages, projection)
    prepared = space.prepare(corpus.vectors, corpus.languages)
    minimum = settings.min_theme_statements or default_minimum(n)
    clusterer = _clusterer(settings, minimum, corpus.languages)
    found = _fit_topics(corpus.texts, prepared, clusterer)
    fewest = min(minimum, FEWEST_PEOPLE, max(1, len(frozenset().union(*corpus.people)) // 4))
    near, centroids = _settled(corpus, prepared, found, fewest)
    k = len(centroids)
    if k < 1:
        many = f", said by at least {fewest} people," if found.max() >= 0 else ""
        raise DiscoveryError(
            f"No group of at least {minimum} statements among {n}{many} is alike enough to be a theme. Add feedback, "
            "or lower min_theme_statements."
        )
    consensus = clusterer if isinstance(clusterer, ConsensusClusterer) else None
    shape = shaped(
        corpus,
        prepared,
        space,
        _own(corpus, found, near, fewest),
        centroids,
        encode,
        consensus,
        fewest=max(fewest, minimum),
        most_themes=settings.max_themes,
    )
    near, centroids, group_of, stability = shape.near, shape.centroids, shape.group_of, shape.stability
    # Talk about nothing is judged by what stayed: it would draw every threshold down to itself.
    said = ~shape.is_empty
    thresholds = thresholds_of(prepared[said], near[said], centroids)
    leaf_of = _as_tagged(encoder_key, space, corpus, centroids, thresholds, near)
    themes, rows = described(corpus, prepared, leaf_of, centroids, thresholds, group_of, stability, stop_words)
    parents = {theme.parent_id for theme in themes}
    leaves = [row for row, theme in enumerate(themes) if theme.theme_id not in parents]
    prototypes = Prototypes.found(rows[leaves], np.array([themes[row].threshold for row in leaves]), leaves)
    codebook = Codebook(encoder_key, tuple(themes), rows, prototypes, space)

    def encode_prepared(texts: Sequence[str], languages: Sequence[str]) -> np.ndarray:
        return space.prepare(encode(texts), languages)

    if labeller is None:
        namer: Labeller = KeyphraseLabeller(encode_prepared, stop_words, settings.reading_language, negations)
    else:
        namer = labeller(encode_prepared)
    codebook = named(codebook, corpus, prepared, leaf_of, namer)
    mode = mode_of(n, consensus is not None)
    return Discovered(codebook, shape.candidates, mode, notes_of(mode, n, codebook.themes, settings.clusterer))


def _settled(corpus: Corpus, prepared: np.ndarray, topic_of: np.ndarray, fewest: int) -> tuple[np.ndarray, np.ndarray]:
    """Return each statement's nearest sub-theme, (n,), and their centroids (k, p); enough people are near each."""
    leaf_of = _said_by(corpus, topic_of, fewest)
    while True:
        centroids = centroids_of(prepared, leaf_of)
        near = nearest(prepared, centroids)
        kept = _said_by(corpus, near, fewest)
        if int(kept.max()) + 1 == len(centroids):
            return near, centroids
        leaf_of = kept


def _own(corpus: Corpus, topic_of: np.ndarray, near: np.ndarray, fewest: int) -> np.ndarray:
    """Return ``near`` (n,) with -1 for what too few people say: it lies near a sub-theme and is none of it."""
    return np.where((topic_of >= 0) & (_said_by(corpus, topic_of, fewest) < 0), -1, near)


def _as_tagged(
    encoder_key: str,
    space: PreparedSpace,
    corpus: Corpus,
    centroids: np.ndarray,
    thresholds: np.ndarray,
    near: np.ndarray,
) -> np.ndarray:
    """Return the sub-theme that tagging gives each statement, (n,), or -1; so are sizes, words, names and quotes."""
    leaves = tuple(Theme(str(leaf), "", 1, None, "active", 0.0) for leaf in range(len(centroids)))
    limits = np.array([round(float(threshold), 5) for threshold in thresholds])
    book = Codebook(encoder_key, leaves, centroids, Prototypes.found(centroids, limits, range(len(centroids))), space)
    leaf_of = tag(book, corpus.vectors, corpus.languages, most=1).labels()
    for leaf in np.flatnonzero(np.bincount(leaf_of[leaf_of >= 0], minlength=len(centroids)) == 0):
        leaf_of[near == leaf] = leaf
    return leaf_of


def _clusterer(settings: Settings, minimum: int, languages: Sequence[str]) -> Any:
    if settings.clusterer == "evoc":
        return ConsensusClusterer(
            minimum_size=minimum,
            fixed_minimum=bool(settings.min_theme_statements),
            most_themes=settings.max_themes,
            seed=settings.seed,
            strata=languages,
        )
    if settings.clusterer == "umap-hdbscan":
        return umap_hdbscan(minimum, settings.seed)
    plugin = find_plugin("clusterers", settings.clusterer)
    if plugin is None:
        raise SettingError(
            f"clusterer = {settings.clusterer!r}: no such clusterer."
            + did_you_mean(settings.clusterer, ("evoc", "umap-hdbscan"))
        )
    return LabelsClusterer(plugin(settings).fit_predict)


def _fit_topics(texts: Sequence[str], prepared: np.ndarray, clusterer: Any) -> np.ndarray:
    """Return BERTopic's topic of each text, (n,), numbered by size from 0; -1 is its outlier topic."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from bertopic import BERTopic
    from bertopic.dimensionality import BaseDimensionalityReduction
    from sklearn.feature_extraction.text import CountVectorizer

    model = BERTopic(
        language="multilingual",  # its default strips every letter outside A-Z, even with vectors given
        embedding_model=None,
        umap_model=BaseDimensionalityReduction(),
        hdbscan_model=clusterer,
        vectorizer_model=CountVectorizer(analyzer=tokenize),
        calculate_probabilities=False,
        verbose=False,
    )
    try:
        topics, _ = model.fit_transform(list(texts), embeddings=prepared)
    except ValueError as error:
        if "empty vocabulary" in str(error):
            raise DiscoveryError("The statements hold no words: only numbers, signs or placeholders.") from None
        raise
    return np.asarray(topics)


def _said_by(corpus: Corpus, topic_of: np.ndarray, fewest: int) -> np.ndarray:
    """Return the sub-theme of each text, (n,), those of most people first; -1 where too few people say it."""
    rows = [np.flatnonzero(topic_of == topic) for topic in range(int(topic_of.max()) + 1)]
    kept = [own for own in rows if len(frozenset().union(*(corpus.people[i] for i in own))) >= fewest]
    weights = corpus.weights
    kept.sort(key=lambda own: (-float(weights[own].sum()), -len(own), int(own[0])))
    leaf_of = np.full(len(topic_of), -1)
    for leaf, own in enumerate(kept):
        leaf_of[own] = leaf
    return leaf_of
