"""The words around a value that say what it is: "order number 48213", "numer klienta 8812", "رقم الطلب 12345".

Looked up from the value backwards, word by word, so the time is linear in the number of values whatever the text.
The lists are in ``data/contexts.json``; all languages count at once, because people mix them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from feedback_nlp.language.cleaning.texts import fold

BLANK = "\0"  # stands for every character of what is already redacted; no pattern crosses it

_FILE = Path(__file__).parents[1] / "data" / "contexts.json"
_DIGITS = {0x660 + digit: str(digit) for digit in range(10)} | {0x6F0 + digit: str(digit) for digit in range(10)}
_WORD = re.compile(r"(?<!\w)[^\W\d_]++")
_GAP = re.compile(r"[\s:#№°º.()\[\]\"“”„«»'*=_>→–-]{0,8}")
_LONGEST_GAP = 10
_JOINED = " .-'’\""
_MARK = re.compile(r"[:#№=]")
_NUMBER_SIGN = re.compile(r"[#№]")
_FULL_STOP = re.compile(r"\.[\s\"”»)]")
_ABBREVIATION = 4  # letters; a full stop after a word this short is no end of a sentence ("nr.", "cust.")
_ARABIC_PREFIX = re.compile(r"^(?:[وفبك]?ال|و?لل)(?=\w\w)")  # "the", "and the", "by the", "to the"
_SERIES = 3  # capital letters that can belong to a number ("seria AB nr. 123456")
_REACH = 90  # characters looked back
_MOST_WORDS = 8
_MOST_STRANGERS = 2  # other words between a topic and the number word: "order from yesterday, number 48213"
_LONGEST_PHRASE = 4


class Found(NamedTuple):
    """A value at text[start:end]; ``value`` is equal for two spellings of the same one."""

    start: int
    end: int
    kind: str
    value: str


class Named(NamedTuple):
    """What the words in front of a value say: a list's name, and whether they announce a number ("no.", "#", ":")."""

    topic: str
    marked: bool


def western_digits(text: str) -> str:
    """Return the text with Arabic-Indic and Persian digits as 0-9; every offset stays."""
    return text if text.isascii() else text.translate(_DIGITS)


def only_digits(written: str) -> str:
    """Return the digits of a number as written, without what stands between them."""
    return "".join(character for character in written if character.isdigit())


_NUMBER = re.compile(r"\d(?:[^\w\0]{0,3}\d)*")


class Digits(NamedTuple):
    """How many digits a text has, and how many the longest number has that signs may divide into groups."""

    total: int
    longest: int


@lru_cache(maxsize=4)  # all finders ask for the same text one after the other
def digits_of(text: str) -> Digits:
    """Return how many digits there are: most texts with a number have too few for most identifiers."""
    numbers = [len(only_digits(match[0])) for match in _NUMBER.finditer(text)]
    return Digits(sum(numbers), max(numbers, default=0))


@lru_cache(maxsize=1)
def lists() -> dict[str, frozenset[str]]:
    """Return the words and phrases of each list, of all languages together."""
    read = json.loads(_FILE.read_text(encoding="utf-8"))
    return {
        name: frozenset(word for words in (listed.values() if isinstance(listed, dict) else [listed]) for word in words)
        for name, listed in read.items()
    }


def words_of(name: str, language: str) -> list[str]:
    """Return the words of a list in one language, or in all of them where it has none of its own."""
    listed = json.loads(_FILE.read_text(encoding="utf-8"))[name]
    if isinstance(listed, list):
        return listed
    return listed.get(language) or sorted({word for words in listed.values() for word in words})


def alternatives(words: Iterable[str]) -> str:
    """Return words as a pattern, longest first; ``*`` stands for any ending."""
    ordered = sorted(set(words), key=lambda word: (-len(word), word))
    return "(?:" + "|".join(re.escape(word).replace(r"\*", r"\w*") for word in ordered) + ")"


@lru_cache(maxsize=64)
def before(name: str, reach: int) -> re.Pattern[str]:
    """Return the pattern of a listed word that ends at most ``reach`` characters before the end, digits between barred.

    Search it in a short window before a value. Arabic writes "and" and "for" onto the word.
    """
    return re.compile(rf"(?<!\w)[وفبل]{{0,2}}{alternatives(lists()[name])}(?!\w)[^\d\n\0]{{0,{reach}}}$", re.I)


@lru_cache(maxsize=1)
def amount() -> re.Pattern[str]:
    """Return the pattern of a unit or a currency: match it right behind a number, which is then an amount."""
    return re.compile(rf"\s?{alternatives(lists()['amount'])}(?!\w)", re.I)


class _Lexicon:
    """Which list a phrase is in, by its folded words; a phrase ending in ``*`` is a beginning."""

    def __init__(self, topics: tuple[str, ...]) -> None:
        self.exact: dict[str, str] = {}
        self.stems: dict[str, str] = {}
        for topic in topics:
            for phrase in lists()[topic]:
                into = self.stems if phrase.endswith("*") else self.exact
                into.setdefault(_folded(phrase.rstrip("*")), topic)
        self.shortest = min(map(len, self.stems), default=0)

    def find(self, phrase: str) -> str:
        """Return the list's name, or ""."""
        if topic := self.exact.get(phrase):
            return topic
        last = phrase.rfind(" ")
        for end in range(len(phrase), max(self.shortest - 1, last), -1):  # what follows a beginning is no other word
            if topic := self.stems.get(phrase[:end]):
                return topic
        return ""


@lru_cache(maxsize=16)
def _lexicon(topics: tuple[str, ...]) -> _Lexicon:
    return _Lexicon(topics)


@lru_cache(maxsize=1)
def _small_words() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    number_words, fillers, linking = (
        frozenset(map(_folded, lists()[name])) for name in ("number_word", "filler", "linking")
    )
    return number_words, fillers, linking


def _folded(phrase: str) -> str:
    return " ".join(_fold_word(word) for word in _WORD.findall(phrase))


@lru_cache(maxsize=20_000)
def _fold_word(word: str) -> str:
    folded = fold(word)
    return _ARABIC_PREFIX.sub("", folded) if "\u0621" <= folded[:1] <= "\u06d3" else folded


def named_before(
    text: str, start: int, topics: tuple[str, ...], *, linked: bool = False, strangers: int = 0
) -> Named | None:
    """Return which of the ``topics`` the words right before text[start] name, or None.

    Only number words ("no.", "номер"), fillers ("is", "este") and punctuation may stand between; a comma, another
    number or the end of a sentence may not. Prepositions may when a number word follows them ("order under number"),
    or always when ``linked`` ("born on"). That many ``strangers``, other words, may stand between in any case.
    """
    last = start - 1
    while last >= 0 and start - last < _LONGEST_GAP and not text[last].isalnum():
        last -= 1
    if last < 0 or text[last].isdigit():
        return None  # at once: in a table of numbers this is asked for each
    lexicon = _lexicon(topics)
    number_words, fillers, linking = _small_words()
    low = max(0, start - _REACH)
    words = list(_WORD.finditer(text, low, start))[-_MOST_WORDS - _LONGEST_PHRASE :]
    folded = [_fold_word(match[0]) for match in words]
    marked = False
    announced_number = strangers > 0
    most_strangers = strangers or _MOST_STRANGERS
    seen = 0
    end = start
    for i in range(len(words) - 1, max(-1, len(words) - 1 - _MOST_WORDS), -1):
        word = words[i]
        gap = text[word.end() : end]
        if not _GAP.fullmatch(gap):
            return None
        abbreviated = len(word[0]) <= _ABBREVIATION or folded[i] in number_words
        if _FULL_STOP.match(gap) and not abbreviated:
            return None
        marked = marked or _MARK.search(gap) is not None
        announced_number = announced_number or _NUMBER_SIGN.search(gap) is not None
        for length in range(min(_LONGEST_PHRASE, i + 1), 0, -1):
            first = i - length + 1
            if topic := lexicon.find(" ".join(folded[first : i + 1])):
                said = folded[first : i + 1]  # "numer klienta" says so itself, "numer mojego klienta" in front
                if first > 0 and not text[words[first - 1].end() : words[first].start()].strip(_JOINED):
                    said = folded[first - 1 : i + 1]
                return Named(topic, marked or any(part in number_words for part in said))
        if folded[i] in number_words:
            marked = announced_number = True
        elif not (
            folded[i] in fillers
            or ((marked or linked) and folded[i] in linking)
            or (len(word[0]) <= _SERIES and word[0].isupper())
        ):
            seen += 1
            if not announced_number or seen > most_strangers:
                return None
        end = word.start()
    return None
