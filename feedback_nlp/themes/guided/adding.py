"""Put guided themes into a codebook: prototypes, thresholds, facets, keywords and quotes, beside what was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import numpy as np

from feedback_nlp.records import Theme
from feedback_nlp.themes.codebook import PROTOTYPE_KINDS, Codebook, Facets, Prototypes
from feedback_nlp.themes.discovery.discover import Corpus
from feedback_nlp.themes.guided.codebook import GuidedCodebook, GuidedTheme, Phrases, load_guided
from feedback_nlp.themes.guided.matching import FACETS, THEMES, WITHOUT_UNLIKE, Matcher
from feedback_nlp.themes.guided.saying import Encode, Said, phrases_of, said_of
from feedback_nlp.themes.labels.keywords import tokenize
from feedback_nlp.themes.space import PreparedSpace, unit_rows

__all__ = ["GuidedCodebook", "GuidedTheme", "Phrases", "add_guided", "empty_codebook", "load_guided"]

StopWords = Callable[[str], Collection[str]]
SAMPLE = 20_000  # statements that teach the matcher; more of them change it no further
BLOCK = 65_536
KEYWORDS = 5
QUOTES = 5
PHRASE = PROTOTYPE_KINDS.index("phrase")


def empty_codebook(encoder_key: str, space: PreparedSpace) -> Codebook:
    """Return a codebook without themes, to add guided ones to where nothing was discovered."""
    wide = len(space.corpus_mean) if space.projection is None else space.projection.shape[1]
    return Codebook(
        encoder_key,
        (),
        np.empty((0, wide), np.float32),
        Prototypes.found(np.empty((0, wide), np.float32), [], []),
        space,
    )


def add_guided(
    base: Codebook,
    guided: GuidedCodebook,
    *,
    encode: Encode,
    reading_language: str,
    corpus: Corpus | None = None,
    stop_words: StopWords | None = None,
) -> Codebook:
    """Return ``base`` with the themes and facets of ``guided``; a theme or facet that it has already is replaced.

    ``encode`` gives unit vectors (n, d) of the base's encoder; labels and definitions are in ``reading_language``, and
    so are phrases without a language. With a ``corpus`` of 200 statements or more the prototypes learn its words and
    thresholds; without, they are the phrases' own. The same corpus in any order gives the same codebook.
    ``stop_words`` gives the words of a language that are no keywords.
    """
    ours = None if corpus is None else corpus.sorted()
    sample = np.empty((0, base.centroids.shape[1]), np.float32)
    if ours is not None:
        # Hashes order statements at random, so that the first are a fair sample.
        sample = base.space.prepare(ours.vectors[:SAMPLE], ours.languages[:SAMPLE])
    codebook = base
    if guided.topics:
        codebook = _with_topics(codebook, guided.topics, encode, reading_language, ours, sample, stop_words)
    if guided.facet_values:
        codebook = replace(codebook, facets=_facets(codebook, guided.facet_values, encode, reading_language, sample))
    written = {row["theme_id"]: row for row in base.guided} | {theme.theme_id: theme.plain() for theme in guided.themes}
    return replace(codebook, guided=tuple(written.values()))


def _with_topics(
    base: Codebook,
    topics: Sequence[GuidedTheme],
    encode: Encode,
    reading_language: str,
    corpus: Corpus | None,
    sample: np.ndarray,
    stop_words: StopWords | None,
) -> Codebook:
    parents = {theme.parent for theme in topics}
    phrases = [phrases_of(theme, theme.theme_id in parents) for theme in topics]
    said = said_of(base.space, topics, phrases, encode, reading_language)
    rows = np.unique(said.theme_of)
    matcher = said.matcher(sample, rows, THEMES if len(said.unlike) else WITHOUT_UNLIKE)
    sizes = np.zeros(len(topics), dtype=np.int64)
    quotes: dict[int, tuple[str, ...]] = {}
    if corpus is not None:
        sizes[rows] = _reached(base.space, matcher, corpus)
        near = np.round(sample.astype(np.float64) @ matcher.vectors.T.astype(np.float64), 5)
        quotes = {int(row): _quotes(corpus, near[:, i], matcher.thresholds[i]) for i, row in enumerate(rows)}
    limits = dict(zip(rows.tolist(), matcher.thresholds.tolist(), strict=True))
    words = _keywords(topics, stop_words)
    centres = _centres(topics, said, matcher, rows, sample)

    places = dict(base.row_of)
    themes = list(base.themes)
    centroids = list(base.centroids)
    for i, theme in enumerate(topics):
        family = [
            limits[j] for j, other in enumerate(topics) if j in limits and (j == i or other.parent == theme.theme_id)
        ]
        made = Theme(
            theme_id=theme.theme_id,
            label=theme.label(reading_language),
            level=1 if theme.parent is None else 2,
            parent_id=theme.parent,
            state="active",
            threshold=limits.get(i, min(family, default=1.0)),
            keywords=words[i],
            definition=theme.definition(reading_language),
            quote_ids=quotes.get(i, ()),
            n_statements=int(sizes[i]),
            source="guided",
            label_source="codebook",
        )
        if theme.theme_id in places:
            themes[places[theme.theme_id]], centroids[places[theme.theme_id]] = made, centres[i]
        else:
            places[theme.theme_id] = len(themes)
            themes.append(made)
            centroids.append(centres[i])
    kept = base.prototypes
    replaced = [places[theme.theme_id] for theme in topics]
    stay = ~(np.isin(kept.theme_rows, replaced) & (kept.kinds == PHRASE))
    prototypes = Prototypes(
        np.vstack([kept.vectors[stay], matcher.vectors]).astype(np.float32),
        np.concatenate([kept.thresholds[stay], matcher.thresholds]),
        np.concatenate([kept.theme_rows[stay], np.array([replaced[row] for row in rows], dtype=np.int64)]),
        np.concatenate([kept.kinds[stay], np.full(len(rows), PHRASE, dtype=np.int8)]),
    )
    return replace(base, themes=tuple(themes), centroids=np.vstack(centroids).astype(np.float32), prototypes=prototypes)


def _facets(
    base: Codebook, values: Sequence[GuidedTheme], encode: Encode, reading_language: str, sample: np.ndarray
) -> Facets:
    """Return the base's facets with those of ``values``: each facet's values compete among themselves only."""
    names = list(dict.fromkeys(str(theme.facet) for theme in values))
    kept = [i for i, name in enumerate(base.facets.names) if name not in names]
    parts = [(base.facets.vectors[kept], base.facets.thresholds[kept])] if kept else []
    said_names = [base.facets.names[i] for i in kept]
    said_values = [base.facets.values[i] for i in kept]
    for name in names:
        own = [theme for theme in values if theme.facet == name]
        said = said_of(base.space, own, [phrases_of(theme, False) for theme in own], encode, reading_language)
        matcher = said.matcher(sample, np.arange(len(own)), FACETS)
        parts.append((matcher.vectors, matcher.thresholds))
        said_names += [name] * len(own)
        said_values += [theme.theme_id.removeprefix(f"{name}.") for theme in own]
    return Facets(
        tuple(said_names),
        tuple(said_values),
        np.vstack([vectors for vectors, _ in parts]),
        np.concatenate([limits for _, limits in parts]),
    )


def _reached(space: PreparedSpace, matcher: Matcher, corpus: Corpus) -> np.ndarray:
    """Return how many of the corpus's statements reach each theme, (k,)."""
    reached = np.zeros(len(matcher.thresholds), dtype=np.int64)
    for start in range(0, len(corpus.texts), BLOCK):
        rows = slice(start, start + BLOCK)
        prepared = space.prepare(corpus.vectors[rows], corpus.languages[rows]).astype(np.float64)
        near = np.round(prepared @ matcher.vectors.T.astype(np.float64), 5)
        reached += (near >= matcher.thresholds).sum(axis=0)
    return reached


def _quotes(corpus: Corpus, near: np.ndarray, threshold: float) -> tuple[str, ...]:
    """Return the statements to quote: the nearest ones that say something, each from another person."""
    chosen: dict[str, str] = {}
    order = np.argsort(-near, kind="stable")[:60]
    for shortest in (5, 1):
        for i in order:
            if near[i] >= threshold and len(chosen) < QUOTES and len(corpus.texts[i].split()) >= shortest:
                chosen.setdefault(corpus.person_ids[i], corpus.statement_ids[i])
    return tuple(chosen.values())


def _centres(
    topics: Sequence[GuidedTheme], said: Said, matcher: Matcher, rows: np.ndarray, sample: np.ndarray
) -> list[np.ndarray]:
    """Return what each theme looks like, (p,): its phrases and the statements that reach it, in equal parts."""
    centres: dict[str, np.ndarray] = {}
    for i, row in enumerate(rows):
        near = np.round(sample.astype(np.float64) @ matcher.vectors[i].astype(np.float64), 5)
        parts = [said.vectors[said.theme_of == row].mean(axis=0)]
        if (near >= matcher.thresholds[i]).any():
            parts.append(sample[near >= matcher.thresholds[i]].mean(axis=0))
        centres[topics[row].theme_id] = unit_rows(unit_rows(np.stack(parts)).mean(axis=0, keepdims=True))[0]
    for theme in topics:
        if theme.theme_id not in centres:  # a parent that is known by its sub-themes
            below = [centres[child.theme_id] for child in topics if child.parent == theme.theme_id]
            centres[theme.theme_id] = unit_rows(np.stack(below).mean(axis=0, keepdims=True))[0]
    return [centres[theme.theme_id] for theme in topics]


def _keywords(topics: Sequence[GuidedTheme], stop_words: StopWords | None) -> list[dict[str, tuple[str, ...]]]:
    """Return each theme's words by language: those that its phrases repeat and other themes' phrases lack (TF-IDF)."""
    codes = {code for theme in topics for code in theme.phrases}
    no_words = {code: frozenset(stop_words(code)) if stop_words is not None else frozenset() for code in codes}
    counts: list[dict[str, Counter[str]]] = [
        {
            code: Counter(word for text in poles.all for word in set(tokenize(text)) - no_words[code] if len(word) > 2)
            for code, poles in theme.phrases.items()
        }
        for theme in topics
    ]
    spread: dict[str, Counter[str]] = {}
    for said in counts:
        for code, words in said.items():
            spread.setdefault(code, Counter()).update(words.keys())
    return [
        {
            code: tuple(sorted(words, key=lambda word: (-words[word] / spread[code][word] ** 1.5, word))[:KEYWORDS])
            for code, words in said.items()
        }
        for said in counts
    ]
