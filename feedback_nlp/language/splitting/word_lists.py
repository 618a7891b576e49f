"""The word lists that the rules for sentences and clauses work with, per language, from ``data/clauses.json``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from feedback_nlp.language.splitting.tokens import facts_of
from feedback_nlp.language.stopwords import stop_words

_FILE = Path(__file__).parents[1] / "data" / "clauses.json"
_WITHOUT_COPULA = frozenset({"ru", "uk", "be", "ar", "he"})  # "staff polite, but ..." is a whole clause
_LINK_PREFIXES = {"ar": "و"}


class Phrases(dict[str, list[tuple[str, ...]]]):
    """Phrases as tuples of normalised tokens, by their first token, longest first."""

    def at(self, norms: Sequence[str], place: int, last: int) -> int:
        """Return the number of tokens of the longest phrase at ``place`` that ends by ``last``, or 0."""
        for phrase in self.get(norms[place], ()):
            length = len(phrase)
            if place + length <= last and (length == 1 or tuple(norms[place : place + length]) == phrase):
                return length
        return 0


@dataclass(frozen=True, slots=True)
class WordLists:
    """What the rules need to know of one language; all empty but ``without_content`` for one that nobody listed."""

    contrast: Phrases  # where a clause is cut, the phrase left out
    after_comma: Phrases  # the same, after a comma only
    turns: Phrases  # where a clause is cut after a comma, and the phrase, which says something, stays
    concession: Phrases  # at the start of a sentence: its first comma is the contrast
    guards: Phrases  # after which the next contrast is none: "not only ... but"
    fixed: Phrases  # never cut: "nothing but", "but also"
    links: Phrases  # where long text may be cut
    abbreviations: frozenset[str]  # after which a full stop ends no sentence,
    ending_abbreviations: frozenset[str]  # unless a capital follows these,
    before_number: frozenset[str]  # or anything but a number these
    without_content: frozenset[str]
    triggers: frozenset[str]  # the first words of whatever can cut a sentence in two
    link_prefix: str  # "and" where it is written onto the next word
    least_right: int  # words that a clause after a comma has


def _function_words(language: str) -> frozenset[str]:
    """Return our stop words that stopwords-iso lists too: unlike in labels, "recommend" says something here."""
    from stopwordsiso import has_lang, stopwords

    listed = {facts_of(word)[0] for word in stopwords(language)} if has_lang(language) else set()
    return frozenset(listed & {facts_of(word)[0] for word in stop_words(language)})


@lru_cache
def word_lists(language: str) -> WordLists:
    """Return the lists of an ISO 639-1 language."""
    lists = json.loads(_FILE.read_text(encoding="utf-8")).get(language, {})

    def phrases(name: str) -> Phrases:
        found = Phrases()
        for phrase in sorted(lists.get(name, ()), key=lambda phrase: (-len(phrase.split()), phrase)):
            words = tuple(facts_of(word)[0] for word in phrase.split())
            found.setdefault(words[0], []).append(words)
        return found

    def words(name: str) -> frozenset[str]:
        return frozenset(facts_of(word)[0] for word in lists.get(name, ()))

    cutting = {name: phrases(name) for name in ("contrast", "after_comma", "turns", "concession")}
    return WordLists(
        **cutting,
        guards=phrases("guards"),
        fixed=phrases("fixed"),
        links=phrases("links"),
        abbreviations=words("abbreviations") | words("ending_abbreviations"),
        ending_abbreviations=words("ending_abbreviations"),
        before_number=words("before_number"),
        without_content=words("small_talk") | _function_words(language),
        triggers=frozenset(first for group in cutting.values() for first in group),
        link_prefix=_LINK_PREFIXES.get(language, ""),
        least_right=2 if language in _WITHOUT_COPULA else 3,
    )
