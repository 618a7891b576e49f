"""Keywords of themes, language by language, by BERTopic's class-based TF-IDF."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from feedback_nlp.themes.labels.word_forms import spelling_of, stems_of

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

PLACEHOLDER = re.compile(r"<[A-Z]+_\d+>")  # what redaction left in place of a value is never a keyword
TOKEN = re.compile(r"[^\W\d_](?:[\w'’-]*[^\W_])?")
SPELLING = 5_000  # texts to learn a language's spelling from
SEVERAL = 5  # people, of whom one alone gives a theme no keyword
MINIMUM_STATEMENTS = 3  # a theme that fewer people speak of in a language has no keywords worth reading in it

StopWords = Callable[[str], frozenset[str]]


def tokenize(text: str) -> list[str]:
    """Return the lower-cased words of ``text`` in any script; numbers and placeholders are left out."""
    return TOKEN.findall((PLACEHOLDER.sub(" ", text) if "<" in text else text).lower())


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
    """Return what :func:`keywords_of` does for one division of ``texts``."""
    return keywords_of(counted(texts, languages, stop_words, weights), labels, n_themes, most=most)


def keywords_of(
    words: Sequence[WordCounts], labels: np.ndarray, n_themes: int, *, most: int = 10
) -> list[dict[str, tuple[str, ...]]]:
    """Return, for each theme from 0 to ``n_themes - 1``, its likeliest words and word pairs in each language.

    ``labels`` (n,) holds a theme number for each of the texts that were :func:`counted`, -1 for none. A theme is
    compared with the other themes in the same language only: c-TF-IDF over mixed languages would list one idea four
    times (Grootendorst 2022, https://arxiv.org/abs/2203.05794).
    """
    result: list[dict[str, tuple[str, ...]]] = [{} for _ in range(n_themes)]
    for own in words:
        for theme, found in _class_keywords(own, labels[own.rows], n_themes, most).items():
            result[theme][own.language] = found
    return result


@dataclass(frozen=True)
class WordCounts:
    """The words of one language's texts, read once for every division of them into themes.

    ``rows`` (n,) are the texts among all, ``people`` (n,) how many said each. ``words`` (t,) is every word said, one
    after the other, as a row of ``spelt`` (how it is mostly written) and of ``stem_of`` (its row in ``stems``);
    ``goes_on`` (t,) is whether the next word is of the same text. ``counts`` (n, m) tells how often each text has each
    of the terms that several people use; ``terms`` (m,) numbers them, as :meth:`term` reads.
    """

    language: str
    rows: np.ndarray
    people: np.ndarray
    words: np.ndarray
    goes_on: np.ndarray
    spelt: Sequence[str]
    stems: Sequence[str]
    stem_of: np.ndarray
    counts: csr_matrix
    terms: np.ndarray

    def term(self, number: int) -> str:
        """Return a term as its stems: a word or a pair of neighbours."""
        one, other = divmod(number, len(self.stems) + 1)
        return self.stems[one] if other == 0 else f"{self.stems[one]} {self.stems[other - 1]}"

    def shown(self, numbers: np.ndarray) -> dict[int, str]:
        """Return how people mostly say each of the terms, with its accents."""
        stems, names = self.stem_of[self.words], self.spelt
        singles = np.flatnonzero(np.isin(stems * (len(self.stems) + 1), numbers))
        pairs = np.flatnonzero(self.goes_on)
        pairs = pairs[np.isin(_pair(stems[pairs], stems[pairs + 1], len(self.stems)), numbers)]
        forms: dict[int, Counter[str]] = defaultdict(Counter)
        for word, n in Counter(self.words[singles].tolist()).items():
            forms[int(self.stem_of[word]) * (len(self.stems) + 1)][names[word]] += n
        said = Counter(zip(self.words[pairs].tolist(), self.words[pairs + 1].tolist(), strict=True))
        for (word, after), n in said.items():
            number = _pair(self.stem_of[word], self.stem_of[after], len(self.stems))
            forms[int(number)][f"{names[word]} {names[after]}"] += n
        return {number: min(found, key=lambda form: (-found[form], form)) for number, found in forms.items()}


def counted(
    texts: Sequence[str], languages: Sequence[str], stop_words: StopWords, weights: np.ndarray | None = None
) -> list[WordCounts]:
    """Return the words of ``texts`` (n,) in each language that is spoken enough, one language code each.

    ``weights`` (n,) says how many people said each text, 1 each where it is None.
    """
    codes = np.asarray(languages)
    people = np.ones(len(texts)) if weights is None else weights
    found = []
    for language in sorted(set(languages)):
        rows = np.flatnonzero(codes == language)
        if people[rows].sum() >= MINIMUM_STATEMENTS:
            found.append(_count(language, rows, [texts[int(r)] for r in rows], people[rows], stop_words(language)))
    return found


def _count(
    language: str, rows: np.ndarray, texts: Sequence[str], people: np.ndarray, stop: frozenset[str]
) -> WordCounts:
    from scipy.sparse import csr_matrix

    number: dict[str, int] = {}
    said = [
        [number.setdefault(word, len(number)) for word in tokenize(text) if len(word) > 1 and word not in stop]
        for text in texts
    ]
    words = np.fromiter(chain.from_iterable(said), np.int64)
    text_of = np.repeat(np.arange(len(texts)), [len(own) for own in said])
    goes_on = np.append(text_of[1:] == text_of[:-1], False)[: len(words)]
    occurrences = np.bincount(words, minlength=len(number)).tolist()
    stem_by_word = stems_of(dict(zip(number, occurrences, strict=True)))
    stems = sorted(set(stem_by_word.values()))
    place = {stem: row for row, stem in enumerate(stems)}
    stem_of = np.fromiter((place[stem_by_word[word]] for word in number), np.int64, len(number))
    natural = spelling_of(texts[:: 1 + len(texts) // SPELLING], TOKEN).natural
    own, pairs = stem_of[words], np.flatnonzero(goes_on)
    every = np.concatenate([own * (len(stems) + 1), _pair(own[pairs], own[pairs + 1], len(stems))])
    terms, column = np.unique(every, return_inverse=True)
    place_of = np.concatenate([text_of, text_of[pairs]])
    counts = csr_matrix((np.ones(len(every)), (place_of, column)), shape=(len(texts), len(terms)))
    counts.sum_duplicates()
    heard = np.bincount(counts.indices, np.repeat(people, np.diff(counts.indptr)), minlength=len(terms))
    common = np.flatnonzero(heard >= (2 if people.sum() >= 50 else 1))
    spelt = [natural.get(word, word).lower() for word in number]
    return WordCounts(
        language, rows, people, words, goes_on, spelt, stems, stem_of, counts[:, common], terms[common]
    )  # fmt: skip


def _pair(one: np.ndarray, other: np.ndarray, n_stems: int) -> np.ndarray:
    """Return the numbers of pairs of stems; a stem alone has the number of a pair with nothing."""
    numbers: np.ndarray = one * (n_stems + 1) + other + 1
    return numbers


def _class_keywords(own: WordCounts, labels: np.ndarray, n_themes: int, most: int) -> dict[int, tuple[str, ...]]:
    from bertopic.vectorizers import ClassTfidfTransformer
    from scipy.sparse import csr_matrix

    n = len(own.rows)
    membership = csr_matrix((own.people, (labels + 1, np.arange(n))), shape=(n_themes + 1, n))
    by_class = csr_matrix(membership @ own.counts)
    filled = np.flatnonzero(np.diff(by_class.indptr))
    if not len(filled):
        return {}
    occurrences = by_class[filled]
    weights = csr_matrix(ClassTfidfTransformer(reduce_frequent_words=True).fit_transform(occurrences.copy()))
    sizes = np.bincount(labels + 1, own.people, minlength=n_themes + 1)
    chosen: dict[int, tuple[int, ...]] = {}
    for row, label in enumerate(filled):
        if label == 0 or sizes[label] < MINIMUM_STATEMENTS:
            continue
        # c-TF-IDF alone puts a rare word of one statement before what the theme's people all say.
        fewest = max(2 if sizes[label] >= SEVERAL else 1, round(0.03 * float(sizes[label])))
        said, worth = occurrences[row], weights[row]
        weight_of = dict(zip(worth.indices.tolist(), worth.data.tolist(), strict=True))
        often = [(own.term(int(own.terms[i])), i) for i in said.indices[said.data >= fewest].tolist()]
        # Ties go by spelling, so that the list never depends on the order of rows.
        best = sorted((-weight_of.get(i, 0.0), name, i) for name, i in often)[: 4 * most]
        kept = set(_without_repeats([name for weight, name, _ in best if weight < 0], most))
        chosen[int(label) - 1] = tuple(int(own.terms[i]) for _, name, i in best if name in kept)
    shown = own.shown(np.unique([number for numbers in chosen.values() for number in numbers]))
    return {theme: tuple(shown[number] for number in numbers) for theme, numbers in chosen.items()}


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
