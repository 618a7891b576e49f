"""What the finders of asides share: lines with their places, the word lists of ``data/asides.json``, and prose.

The lists of all languages are always used together, because a Polish ticket may end in an English disclaimer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from feedback_nlp.language.cleaning.texts import fold
from feedback_nlp.records import Aside

_FILE = Path(__file__).parents[1] / "data" / "asides.json"
# Letters that people also write without their marks, and letters that stand for one another.
_VARIANTS = (
    "aăâàáą",
    "cćç",
    "eęèé",
    "iîìí",
    "lł",
    "nńñ",
    "oóòô",
    "sșşś",
    "tțţ",
    "uùúû",
    "zźż",
    "её",
    "اأإآٱ",
    "ىي",
    "هة",
)
_CLASSES = {letter: f"[{group}]" for group in _VARIANTS for letter in group}
_ARABIC_MARKS = "[\u064b-\u0652\u0640]*"
_PLAIN_WORD = re.compile(r"[\"'«„“”(\[]*[^\W\d_]+(?:['’\-/][^\W\d_]+)*[\"'»“”)\]]*[.,;:!?…،؛؟]*[\"'»”)]*")
FIRST_WORD = re.compile(r"[\W\d_]*([^\W\d_]+)")
_CAMEL = re.compile(r"[a-z][A-Z]")
_UPPER = "A-ZÀ-ÖØ-ÞĂȘŞȚŢĄĆĘŁŃŚŹŻА-ЯЁІЇЄ"
NAME_WORD = rf"(?-i:[{_UPPER}][\w'’.\-]*)"
ARABIC_WORD = r"[\u0620-\u064a]+"  # could be a name, since Arabic has no capitals
_ANY_NAME = rf"(?:{NAME_WORD}|{ARABIC_WORD})"
_PARTICLES = r"de|van|von|der|di|da|al|el|bin|and|-|&|\|"
_NAME_LINE = re.compile(rf"(?:{_ANY_NAME}|{_PARTICLES})(?:[ ,/]+(?:{_ANY_NAME}|{_PARTICLES}))*\.?")


class Line(NamedTuple):
    """A line, or what is left of one: its number in the text, where it starts, and its trimmed text."""

    number: int
    start: int
    text: str

    @property
    def end(self) -> int:
        """Where it ends in the text."""
        return self.start + len(self.text)

    def aside(self, kind: str) -> Aside:
        """Return the whole line as an aside."""
        return Aside(self.start, self.end, kind)


def lines_of(text: str) -> list[Line]:
    """Return every line of a text, the empty ones too."""
    found = []
    start = 0
    for number, line in enumerate(text.split("\n")):
        bare = line.strip()
        found.append(Line(number, start + line.index(bare) if bare else start, bare))
        start += len(line) + 1
    return found


def remaining(lines: Iterable[Line], asides: Iterable[Aside]) -> list[Line]:
    """Return what is left of the lines beside the asides; a line that is wholly set aside is dropped.

    Asides are sorted and disjoint. Empty lines stay, unless they lie within an aside.
    """
    left = []
    waiting = iter(asides)
    aside = next(waiting, None)
    for line in lines:
        at = line.start
        while aside and aside.end <= at:
            aside = next(waiting, None)
        if not line.text:
            if not (aside and aside.start <= at < aside.end):
                left.append(line)
            continue
        while aside and aside.start < line.end:
            if aside.start > at:
                left.extend(_part(line, at, aside.start))
            at = max(at, min(aside.end, line.end))
            if aside.end > line.end:
                break
            aside = next(waiting, None)
        if at < line.end:
            left.extend(_part(line, at, line.end))
    return left


def _part(line: Line, start: int, end: int) -> list[Line]:
    piece = line.text[start - line.start : end - line.start]
    bare = piece.strip()
    return [Line(line.number, start + piece.index(bare), bare)] if bare else []


def is_prose(text: str, least: int = 4) -> bool:
    """Whether a line reads like words of a sentence: at least ``least`` of them, and hardly anything else."""
    tokens = text.split()
    if len(tokens) < least:
        return False
    plain = sum(1 for token in tokens if _PLAIN_WORD.fullmatch(token) and not _CAMEL.search(token))
    return plain >= max(least, 0.7 * len(tokens))


def is_name(text: str, most: int = 5) -> bool:
    """Whether a line could be somebody's name or a company's: a few words with capitals and no digits."""
    return len(text) <= 60 and len(text.split()) <= most and bool(_NAME_LINE.fullmatch(text))


@lru_cache(maxsize=1)
def _lists() -> dict[str, dict[str, list[str]]]:
    loaded: dict[str, dict[str, list[str]]] = json.loads(_FILE.read_text(encoding="utf-8"))
    return loaded


def phrases(*names: str) -> list[str]:
    """Return the phrases of the named lists in all languages, longest first."""
    every = {phrase for lists in _lists().values() for name in names for phrase in lists[name]}
    return sorted(every, key=lambda phrase: (-len(phrase), phrase))


@lru_cache
def keys(*names: str) -> frozenset[str]:
    """Return the phrases of the named lists as :func:`label_key` makes them."""
    return frozenset(map(label_key, phrases(*names))) - {""}


@lru_cache
def first_words(*names: str) -> frozenset[str]:
    """Return the words that the named lists' phrases begin with, in lower case, with and without their accents.

    Whether a line begins with one of them is a cheap test before a dear one.
    """
    words = [match[1] for phrase in phrases(*names) if (match := FIRST_WORD.match(phrase))]
    return frozenset(word.lower() for word in words) | frozenset(map(label_key, words))


@lru_cache(maxsize=8192)
def label_key(text: str) -> str:
    """Return a label without case, accents, Markdown and punctuation."""
    return fold(text.replace("_", " "))


def alternatives(*names: str) -> str:
    """Return a pattern for any phrase of the named lists, with or without its diacritics."""
    return "|".join(map(loose, phrases(*names)))


def loose(phrase: str) -> str:
    """Return a pattern for one phrase that forgives missing diacritics and Arabic vowel signs."""
    pieces = []
    for character in phrase:
        piece = _CLASSES.get(character, re.escape(character) if not character.isalnum() else character)
        if character in "'’":
            piece = "['’ʼ`]"
        pieces.append(piece + _ARABIC_MARKS if "\u0620" <= character <= "\u064a" else piece)
    return "".join(pieces)
