"""Discovery: from statements and their vectors to a codebook of themes and sub-themes, by way of BERTopic."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from feedback_nlp.errors import DiscoveryError, SettingError, did_you_mean
from feedback_nlp.plugins import Labeller, find_plugin
from feedback_nlp.records import Theme, stable_hash
from feedback_nlp.settings import Settings
from feedback_nlp.themes.clustering import (
    ConsensusClusterer,
    LabelsClusterer,
    centroids_of,
    default_minimum,
    group_centroids,
    umap_hdbscan,
)
from feedback_nlp.themes.codebook import Codebook, Prototypes
from feedback_nlp.themes.keywords import StopWords, keywords_by_language, tokenize
from feedback_nlp.themes.labelling import KeyphraseLabeller
from feedback_nlp.themes.space import PreparedSpace
from feedback_nlp.themes.thresholds import thresholds_of

FEWEST = 20  # distinct statements below which themes would be anecdotes
FEWEST_PEOPLE = 5  # who say a sub-theme: what one customer says in many ways is no theme
QUOTES = 5
Encode = Callable[[Sequence[str]], np.ndarray]
T = TypeVar("T")


@dataclass(frozen=True)
class Corpus:
    """Distinct statements to learn from; every field is aligned, ``vectors`` is (n, d) of unit rows.

    ``statement_ids`` names one statement for each distinct text, ``feedback_ids`` the feedback that it is from and
    ``person_ids`` who wrote that; ``people`` are all who said the same. ``polarity`` (n,) is each text's sentiment,
    -1..1, or None where nothing scores it. Themes are learnt from every text once; their sizes, words and names count
    its people.
    """

    text_hashes: tuple[str, ...]
    texts: tuple[str, ...]
    languages: tuple[str, ...]
    statement_ids: tuple[str, ...]
    feedback_ids: tuple[str, ...]
    person_ids: tuple[str, ...]
    people: tuple[frozenset[str], ...]
    vectors: np.ndarray
    polarity: np.ndarray | None = None

    @property
    def weights(self) -> np.ndarray:
        """How many people said each text, (n,)."""
        return np.array([len(people) for people in self.people], dtype=np.float64)

    def sorted(self) -> Corpus:
        """Return the corpus in the order of its hashes, so that nothing depends on the order of the file's rows."""
        order = sorted(range(len(self.text_hashes)), key=self.text_hashes.__getitem__)

        def put(column: tuple[T, ...]) -> tuple[T, ...]:
            return tuple(column[i] for i in order)

        return Corpus(
            text_hashes=put(self.text_hashes),
            texts=put(self.texts),
            languages=put(self.languages),
            statement_ids=put(self.statement_ids),
            feedback_ids=put(self.feedback_ids),
            person_ids=put(self.person_ids),
            people=put(self.people),
            vectors=self.vectors[order],
            polarity=None if self.polarity is None else self.polarity[order],
        )


def discover(
    corpus: Corpus,
    *,
    encoder_key: str,
    encode: Encode,
    stop_words: StopWords,
    settings: Settings,
    negations: StopWords = lambda language: frozenset(),
    projection: np.ndarray | None = None,
    labeller: Labeller | None = None,
) -> Codebook:
    """Return a codebook of themes found in ``corpus``; the same corpus in any order gives the same codebook.

    ``encode`` is used for label candidates; ``projection`` is what ``load_projection`` has for the encoder. Raises
    :class:`DiscoveryError` with fewer than 20 distinct statements or when no group of them is alike enough.
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
    found = _fit_topics(corpus.texts, prepared, _clusterer(settings, minimum))
    fewest = min(minimum, FEWEST_PEOPLE, max(1, len(frozenset().union(*corpus.people)) // 4))
    leaf_of = _said_by(corpus, found, fewest)
    k = int(leaf_of.max()) + 1
    if k < 1:
        many = f", said by at least {fewest} people," if found.max() >= 0 else ""
        raise DiscoveryError(
            f"No group of at least {minimum} statements among {n}{many} is alike enough to be a theme. Add feedback, "
            "or lower min_theme_statements."
        )
    centroids = centroids_of(prepared, leaf_of)
    sizes = np.bincount(leaf_of[leaf_of >= 0], corpus.weights[leaf_of >= 0], minlength=k)
    polarity = None
    if corpus.polarity is not None:
        polarity = np.array([_mean_polarity(corpus, leaf_of == leaf) for leaf in range(k)])
    group_of = group_centroids(centroids, sizes, settings.max_themes, polarity)
    themes, rows = _build(corpus, prepared, leaf_of, centroids, group_of, stop_words)
    parents = {theme.parent_id for theme in themes}
    leaves = [row for row, theme in enumerate(themes) if theme.theme_id not in parents]
    prototypes = Prototypes.found(rows[leaves], np.array([themes[row].threshold for row in leaves]), leaves)
    codebook = Codebook(encoder_key, tuple(themes), rows, prototypes, space)
    namer = labeller or KeyphraseLabeller(
        lambda texts, languages: space.prepare(encode(texts), languages),
        stop_words,
        settings.reading_language,
        negations,
    )
    return _named(codebook, corpus, prepared, leaf_of, namer)


def _clusterer(settings: Settings, minimum: int) -> Any:
    if settings.clusterer == "evoc":
        return ConsensusClusterer(minimum_size=minimum, seed=settings.seed)
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


def _mean_polarity(corpus: Corpus, members: np.ndarray) -> float:
    assert corpus.polarity is not None
    return float(np.average(corpus.polarity[members], weights=corpus.weights[members]))


def _build(
    corpus: Corpus,
    prepared: np.ndarray,
    leaf_of: np.ndarray,
    centroids: np.ndarray,
    group_of: np.ndarray,
    stop_words: StopWords,
) -> tuple[list[Theme], np.ndarray]:
    """Return the themes of both levels, a theme before its sub-themes, and their centroids (k, d)."""
    thresholds = thresholds_of(prepared, leaf_of, centroids)
    top_of = np.where(leaf_of >= 0, group_of[np.maximum(leaf_of, 0)], -1)
    weights = corpus.weights
    groups = sorted(set(group_of.tolist()), key=lambda g: (-float(weights[top_of == g].sum()), g))
    top_centroids = {g: centroids_of(prepared, np.where(top_of == g, 0, -1))[0] for g in groups}
    top_words = keywords_by_language(
        corpus.texts, corpus.languages, top_of, int(group_of.max()) + 1, stop_words, weights
    )
    leaf_words = keywords_by_language(corpus.texts, corpus.languages, leaf_of, len(centroids), stop_words, weights)
    themes: list[Theme] = []
    rows: list[np.ndarray] = []

    def add(
        level: int, parent_id: str | None, members: np.ndarray, centroid: np.ndarray, words: Any, limit: float
    ) -> str:
        order = members[np.argsort(-(prepared[members] @ centroid), kind="stable")]
        theme = Theme(
            theme_id="t_" + stable_hash(str(level), *(corpus.text_hashes[i] for i in members), size=5),
            label="",
            level=level,
            parent_id=parent_id,
            state="active",
            threshold=round(float(limit), 5),
            keywords=words,
            quote_ids=_quotes(corpus, order),
            n_statements=len(members),
        )
        themes.append(theme)
        rows.append(centroid)
        return theme.theme_id

    for group in groups:
        leaves = sorted(np.flatnonzero(group_of == group).tolist())  # numbered by size
        members = np.flatnonzero(top_of == group)
        parent = add(1, None, members, top_centroids[group], top_words[group], thresholds[leaves].min())
        if len(leaves) > 1:
            for leaf in leaves:
                add(2, parent, np.flatnonzero(leaf_of == leaf), centroids[leaf], leaf_words[leaf], thresholds[leaf])
    return themes, np.vstack(rows).astype(np.float32)


def _quotes(corpus: Corpus, order: np.ndarray) -> tuple[str, ...]:
    """Return the statements to quote: near the centroid, long enough to say something, each from another person."""
    chosen: dict[str, str] = {}
    for shortest in (5, 1):
        for i in order[:60]:
            if len(chosen) < QUOTES and len(corpus.texts[i].split()) >= shortest:
                chosen.setdefault(corpus.person_ids[i], corpus.statement_ids[i])
    return tuple(chosen.values())


def _named(
    codebook: Codebook, corpus: Corpus, prepared: np.ndarray, leaf_of: np.ndarray, labeller: Labeller
) -> Codebook:
    """Return the codebook with labels; both levels are named together, so that no two themes share a name."""
    nearest_row = np.full(len(corpus.texts), -1)
    leaves = list(codebook.leaves)
    nearest_row[leaf_of >= 0] = np.asarray(leaves)[
        (prepared[leaf_of >= 0] @ codebook.centroids[leaves].T).argmax(axis=1)
    ]
    row_of: dict[str | None, int] = {theme.theme_id: row for row, theme in enumerate(codebook.themes)}
    evidence = []
    for row, theme in enumerate(codebook.themes):
        family = [r for r, other in enumerate(codebook.themes) if r == row or other.parent_id == theme.theme_id]
        members = np.flatnonzero(np.isin(nearest_row, family))
        order = members[np.argsort(-(prepared[members] @ codebook.centroids[row]), kind="stable")]
        evidence.append(
            {
                "texts": [corpus.texts[i] for i in order],
                "languages": [corpus.languages[i] for i in order],
                "weights": corpus.weights[order],
                "centroid": codebook.centroids[row],
                "nearness": prepared[order] @ codebook.centroids[row],
                "keywords": theme.keywords,
                "parent": row_of.get(theme.parent_id),
                "polarity": None if corpus.polarity is None else corpus.polarity[order],
            }
        )
    labels = labeller.label(evidence)
    return replace(
        codebook,
        themes=tuple(replace(theme, label=label) for theme, label in zip(codebook.themes, labels, strict=True)),
    )
