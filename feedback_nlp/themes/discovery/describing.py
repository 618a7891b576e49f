"""Describing themes: from the members of each to records with words, quotes, sizes, stability and labels."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np

from feedback_nlp.plugins import Labeller
from feedback_nlp.records import Theme, stable_hash
from feedback_nlp.themes.codebook import Codebook
from feedback_nlp.themes.discovery.found import Corpus
from feedback_nlp.themes.discovery.kmeans import centroids_of
from feedback_nlp.themes.discovery.stability import PATTERN
from feedback_nlp.themes.labels.keywords import StopWords, counted, keywords_of

QUOTES = 5


def described(
    corpus: Corpus,
    prepared: np.ndarray,
    leaf_of: np.ndarray,
    centroids: np.ndarray,
    thresholds: np.ndarray,
    group_of: np.ndarray,
    stability: tuple[np.ndarray, np.ndarray] | None,
    stop_words: StopWords,
) -> tuple[list[Theme], np.ndarray]:
    """Return the themes of both levels, a theme before its sub-themes, and their centroids (k, d)."""
    top_of = np.where(leaf_of >= 0, group_of[np.maximum(leaf_of, 0)], -1)
    weights = corpus.weights
    groups = sorted(set(group_of.tolist()), key=lambda g: (-float(weights[top_of == g].sum()), g))
    top_centroids = {g: centroids_of(prepared, np.where(top_of == g, 0, -1))[0] for g in groups}
    words_said = counted(corpus.texts, corpus.languages, stop_words, _voices(corpus, top_of))
    top_words = keywords_of(words_said, top_of, int(group_of.max()) + 1)
    leaf_words = keywords_of(words_said, leaf_of, len(centroids))
    themes: list[Theme] = []
    rows: list[np.ndarray] = []

    def add(
        level: int,
        number: int,
        parent_id: str | None,
        members: np.ndarray,
        centroid: np.ndarray,
        words: Any,
        limit: float,
    ) -> str:
        again = None if stability is None else round(float(stability[level - 1][number]), 3)
        order = members[np.argsort(-(prepared[members] @ centroid), kind="stable")]
        theme = Theme(
            theme_id="t_" + stable_hash(str(level), *(corpus.text_hashes[i] for i in members), size=5),
            label="",
            level=level,
            parent_id=parent_id,
            state="active" if again is None or again >= PATTERN else "candidate",
            threshold=round(float(limit), 5),
            keywords=words,
            quote_ids=_quotes(corpus, order),
            n_statements=len(members),
            stability=again,
        )
        themes.append(theme)
        rows.append(centroid)
        return theme.theme_id

    for group in groups:
        leaves = sorted(np.flatnonzero(group_of == group).tolist())  # numbered by size
        members, centre = np.flatnonzero(top_of == group), top_centroids[group]
        if len(leaves) == 1:  # a theme without sub-themes is tagged itself
            centre = centroids[leaves[0]]
        parent = add(1, group, None, members, centre, top_words[group], thresholds[leaves].min())
        for leaf in leaves if len(leaves) > 1 else ():
            own = np.flatnonzero(leaf_of == leaf)
            add(2, leaf, parent, own, centroids[leaf], leaf_words[leaf], thresholds[leaf])
    return themes, np.vstack(rows).astype(np.float32)


def _voices(corpus: Corpus, top_of: np.ndarray) -> np.ndarray:
    """Return what each text counts when words are counted, (n,): a person has one voice in a theme, however talkative.

    ``top_of`` (n,) is the top-level theme of each text, -1 for none.
    """
    said = Counter((person, top) for people, top in zip(corpus.people, top_of, strict=True) for person in people)
    return np.array(
        [sum(1 / said[person, top] for person in people) for people, top in zip(corpus.people, top_of, strict=True)]
    )


def _quotes(corpus: Corpus, order: np.ndarray) -> tuple[str, ...]:
    """Return the statements to quote: near the centroid, long enough to say something, each from another person."""
    chosen: dict[str, str] = {}
    for shortest in (5, 1):
        for i in order[:60]:
            if len(chosen) < QUOTES and len(corpus.texts[i].split()) >= shortest:
                chosen.setdefault(corpus.person_ids[i], corpus.statement_ids[i])
    return tuple(chosen.values())


def named(
    codebook: Codebook, corpus: Corpus, prepared: np.ndarray, leaf_of: np.ndarray, labeller: Labeller
) -> Codebook:
    """Return the codebook with labels; both levels are named together, so that no two themes share a name."""
    nearest_row = np.full(len(corpus.texts), -1)
    leaves = list(codebook.leaves)
    nearest_row[leaf_of >= 0] = np.asarray(leaves)[
        (prepared[leaf_of >= 0] @ codebook.centroids[leaves].T).argmax(axis=1)
    ]
    row_of: dict[str | None, int] = {theme.theme_id: row for row, theme in enumerate(codebook.themes)}
    weights = corpus.weights
    evidence = []
    for row, theme in enumerate(codebook.themes):
        family = [r for r, other in enumerate(codebook.themes) if r == row or other.parent_id == theme.theme_id]
        members = np.flatnonzero(np.isin(nearest_row, family))
        order = members[np.argsort(-(prepared[members] @ codebook.centroids[row]), kind="stable")]
        evidence.append(
            {
                "texts": [corpus.texts[i] for i in order],
                "languages": [corpus.languages[i] for i in order],
                "weights": weights[order],
                "centroid": codebook.centroids[row],
                "nearness": prepared[order] @ codebook.centroids[row],
                "keywords": theme.keywords,
                "parent": row_of.get(theme.parent_id),
                "polarity": None if corpus.polarity is None else corpus.polarity[order],
            }
        )
    describe = getattr(labeller, "describe", None)
    words = (
        [
            {"label": found.label, "definition": found.definition, "label_source": found.source}
            for found in describe(evidence)
        ]
        if describe is not None
        else [{"label": label} for label in labeller.label(evidence)]
    )
    return replace(
        codebook, themes=tuple(replace(theme, **own) for theme, own in zip(codebook.themes, words, strict=True))
    )
