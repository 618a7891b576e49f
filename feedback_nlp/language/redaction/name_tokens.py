"""Words of a text as the name finder sees them: folded, with the lists they are on, where a name may be near.

The lists (given names, surnames, places, brands, ordinary words, titles, street words, Arabic cues such as "my name
is") lie in ``gazetteer.json`` beside the model that was trained with them. Case, accents, Arabic prefixes and vowel
signs make no difference to a list.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from feedback_nlp.language.cleaning.texts import fold

GIVEN, SURNAME, PLACE, BRAND, COMMON, TITLE, STREET, CUE = LISTS = "GSPBCTAN"

_MARKS = "\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670"
# Pieces have a greatest length, so that a cell without a blank is still read in pieces.
_TOKEN = re.compile(rf"<[A-Z]+_\d+>|(?:https?://|www\.)[^\s<>]{{1,200}}|[@#]\w{{1,60}}|[\w{_MARKS}]{{1,40}}|[^\w\s]")
_ARABIC = re.compile(r"[\u0620-\u06ff]")
_ARABIC_PREFIXES = ("وال", "بال", "لل", "ال", "و", "ب", "ل", "ف")
_CONTEXT = 6  # tokens kept on either side of a possible name; more than the model looks at
_LONGEST_REGION = 240
_MOST_WORDS_KEPT = 100_000


@dataclass(frozen=True, slots=True)
class Word:
    """What is known of a token by itself: its folded form, the lists it is on, whether a name may be near it."""

    folded: str
    lists: str
    is_candidate: bool


@dataclass(frozen=True, slots=True)
class Token:
    """A token's place in its text, [start, end) in characters, and its word."""

    start: int
    end: int
    text: str
    word: Word


class Gazetteer:
    """Which lists a word is on. ``entries`` gives for each folded word its lists, such as "GC" for Grace."""

    def __init__(self, entries: Mapping[str, str]) -> None:
        self.entries = entries
        self._words: dict[str, Word] = {}

    @classmethod
    def from_disk(cls, path: Path) -> Gazetteer:
        """Read the lists: a JSON object from the lists' letters to words joined by blanks."""
        entries: dict[str, str] = {}
        for lists, words in json.loads(path.read_text(encoding="utf-8")).items():
            entries.update(dict.fromkeys(words.split(" "), lists))
        return cls(entries)

    def to_disk(self, path: Path) -> None:
        """Write the lists as :meth:`from_disk` reads them, sorted."""
        by_lists: dict[str, list[str]] = {}
        for word, lists in sorted(self.entries.items()):
            by_lists.setdefault(lists, []).append(word)
        lines = {lists: " ".join(words) for lists, words in sorted(by_lists.items())}
        path.write_text(json.dumps(lines, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")

    def word(self, text: str) -> Word:
        """Return what is known of a token."""
        known = self._words.get(text)
        if known is None:
            if len(self._words) >= _MOST_WORDS_KEPT:
                self._words.clear()
            known = self._words[text] = self._look_up(text)
        return known

    def _look_up(self, text: str) -> Word:
        first = text[0]
        if first == "<" and len(text) > 1:
            return Word("<>", "", False)
        if first in "@#" or "://" in text or text.startswith("www."):
            return Word(first if first in "@#" else "://", "", False)
        if text.isdigit():
            return Word("0" * min(len(text), 6), "", False)
        folded = fold(text).replace(" ", "") or text
        lists = self.entries.get(folded, "")
        if not lists and len(folded) > 6:  # Газпромбанка, Мегалайном: a brand or a place in another case
            stem = self.entries.get(folded[:-1]) or self.entries.get(folded[:-2]) or ""
            lists = stem if stem in (BRAND, PLACE) else ""
        if _ARABIC.match(text):
            if not lists:
                lists = self._without_prefix(folded)
            is_candidate = TITLE in lists or STREET in lists or CUE in lists or _is_name(lists)
        elif not first.isalpha():
            is_candidate = False
        elif first.isupper():
            is_candidate = not (COMMON in lists and GIVEN not in lists and SURNAME not in lists)
            is_candidate = is_candidate and (len(text) > 1 or not lists)
        else:
            is_candidate = TITLE in lists or STREET in lists or (GIVEN in lists and COMMON not in lists)
        return Word(folded, lists, is_candidate)

    def _without_prefix(self, folded: str) -> str:
        for prefix in _ARABIC_PREFIXES:
            if folded.startswith(prefix) and len(folded) - len(prefix) >= 3:
                lists = self.entries.get(folded[len(prefix) :], "")
                if lists:
                    return lists
        return ""


def _is_name(lists: str) -> bool:
    return (GIVEN in lists or SURNAME in lists) and COMMON not in lists


def tokens_of(text: str, gazetteer: Gazetteer) -> list[Token]:
    """Return the tokens of a text: words, single signs, links, and placeholders such as ``<EMAIL_1>`` whole."""
    word = gazetteer.word
    return [Token(m.start(), m.end(), m[0], word(m[0])) for m in _TOKEN.finditer(text)]


def regions_of(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Yield the stretches [first, last) of tokens around possible names, apart from each other, in order."""
    start = end = -1
    for index, token in enumerate(tokens):
        if not token.word.is_candidate:
            continue
        if start >= 0 and index - _CONTEXT <= end and end - start < _LONGEST_REGION:
            end = min(len(tokens), index + _CONTEXT + 1)
            continue
        if start >= 0:
            yield start, end
        start, end = max(0, end, index - _CONTEXT), min(len(tokens), index + _CONTEXT + 1)
    if start >= 0:
        yield start, end


def make_doc(vocab: Any, text: str, tokens: Sequence[Token], lists: Sequence[str] | None = None) -> Any:
    """Return a spaCy Doc of these tokens: lemma is the folded word, tag the lists it is on (or ``lists``)."""
    from spacy.tokens import Doc

    spaces = [
        left.end < right.start and not text[left.end : right.start].count("\n") for left, right in pairwise(tokens)
    ]
    return Doc(
        vocab,
        words=[token.text for token in tokens],
        spaces=[*spaces, False],
        lemmas=[token.word.folded for token in tokens],
        tags=list(lists) if lists is not None else [token.word.lists for token in tokens],
    )
