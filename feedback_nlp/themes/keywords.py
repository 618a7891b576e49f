"""Keywords of themes, language by language, by BERTopic's class-based TF-IDF."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import numpy as np

from feedback_nlp.themes.word_forms import spelling_of, stems_of

PLACEHOLDER = re.compile(r"<[A-Z]+_\d+>")  # what redaction left in place of a value is never a keyword
TOKEN = re.compile(r"[^\W\d_](?:[\w'’-]*[^\W_])?")
SPELLING = 20_000  # texts to learn a language's spelling from
MINIMUM_STATEMENTS = 3  # a theme that fewer people speak of in a language has no keywords worth reading in it

StopWords = Callable[[str], frozenset[str]]


def tokenize(text: str) -> list[str]:
    """Return the lower-cased words of ``text`` in any script; numbers and placeholders are left out."""
    return TOKEN.findall(PLACEHOLDER.sub(" ", text).lower())


def keywords_by_language(
    texts: Sequence[str],
    languages: Sequence[str],
    labels: np.ndarray,
    n_themes: int,
    stop_words: StopWords,
    weights: np.ndarray | None = None,
    *,
    most: int = 10,
) -> list[dict[str, tuple[str, ...]]]:
    """Return, for each theme from 0 to ``n_themes - 1``, its likeliest words and word pairs in each language.

    ``labels`` (n,) holds a theme number a text, -1 for none; ``weights`` (n,) how many people said it, 1 each where
    it is None. A theme is compared with the other themes in the same
    language only: c-TF-IDF over mixed languages would list one idea four times (Grootendorst 2022,
    https://arxiv.org/abs/2203.05794).
    """
    result: list[dict[str, tuple[str, ...]]] = [{} for _ in range(n_themes)]
    codes = np.asarray(languages)
    counted = np.ones(len(texts)) if weights is None else weights
    for language in sorted(set(languages)):
        rows = np.flatnonzero(codes == language)
        if counted[rows].sum() < MINIMUM_STATEMENTS:
            continue
        own = [texts[int(row)] for row in rows]
        found = _class_keywords(own, labels[rows], counted[rows], n_themes, stop_words(language), most)
        for theme, words in found.items():
            result[theme][language] = words
    return result


def _class_keywords(
    texts: Sequence[str], labels: np.ndarray, people: np.ndarray, n_themes: int, stop: frozenset[str], most: int
) -> dict[int, tuple[str, ...]]:
    from bertopic.vectorizers import ClassTfidfTransformer
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import CountVectorizer

    said = [[word for word in tokenize(text) if word not in stop and len(word) > 1] for text in texts]
    stems = stems_of(Counter(word for words in said for word in words))
    vectorizer = CountVectorizer(analyzer=lambda words: _terms([stems[word] for word in words]))
    try:
        counts = vectorizer.fit_transform(said)
    except ValueError:  # only stop words
        return {}
    common = np.flatnonzero((counts > 0).T @ people >= (2 if people.sum() >= 50 else 1))
    counts = counts[:, common]
    membership = csr_matrix((people, (labels + 1, np.arange(len(texts)))), shape=(n_themes + 1, len(texts)))
    by_class = csr_matrix(membership @ counts)
    filled = np.flatnonzero(np.asarray(by_class.sum(axis=1)).ravel())
    if not len(filled):
        return {}
    weights = ClassTfidfTransformer(reduce_frequent_words=True).fit_transform(by_class[filled]).toarray()
    names = vectorizer.get_feature_names_out()[common]
    sizes = np.bincount(labels + 1, people, minlength=n_themes + 1)
    chosen: dict[int, tuple[str, ...]] = {}
    occurrences = by_class[filled].toarray()
    for row, label in enumerate(filled):
        if label == 0 or sizes[label] < MINIMUM_STATEMENTS:
            continue
        # c-TF-IDF alone puts a rare word of one statement before what the theme's people all say.
        fewest = max(1, round(0.03 * float(sizes[label])))
        weights[row, occurrences[row] < fewest] = 0
        order = np.lexsort((names, -weights[row]))  # ties by spelling, so that the list never depends on row order
        best = [str(names[i]) for i in order[: 4 * most] if weights[row, i] > 0]
        chosen[int(label) - 1] = _without_repeats(best, most)
    spelt = spelling_of(texts[:: 1 + len(texts) // SPELLING], TOKEN).natural
    shown = _commonest_forms(said, stems, spelt, {term for terms in chosen.values() for term in terms})
    return {theme: tuple(shown[term] for term in terms) for theme, terms in chosen.items()}


def _terms(words: Sequence[str]) -> list[str]:
    """Return the words and the pairs of neighbours."""
    return [*words, *(f"{one} {other}" for one, other in pairwise(words))]


def _commonest_forms(
    said: Sequence[Sequence[str]], stems: Mapping[str, str], natural: Mapping[str, str], wanted: set[str]
) -> dict[str, str]:
    """Return how people mostly say each wanted term, with its accents."""
    forms: dict[str, Counter[str]] = defaultdict(Counter)
    for words in said:
        wordings = _terms([natural.get(word, word).lower() for word in words])
        for term, wording in zip(_terms([stems[word] for word in words]), wordings, strict=True):
            if term in wanted:
                forms[term][wording] += 1
    return {term: min(found, key=lambda wording: (-found[wording], wording)) for term, found in forms.items()}


def _without_repeats(terms: Sequence[str], most: int) -> tuple[str, ...]:
    """Return the best terms, leaving out a word that a better pair holds already and pairs that only add to one."""
    kept: list[str] = []
    for term in terms:
        words = set(term.split())
        if any(words <= set(other.split()) or set(other.split()) <= words for other in kept):
            continue
        kept.append(term)
        if len(kept) == most:
            break
    return tuple(kept)
