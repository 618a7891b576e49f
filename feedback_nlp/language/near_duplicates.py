"""Tell texts that are nearly the same: resent, retweeted or forwarded, with a word or a number changed.

Candidates are found by banded MinHash (Broder 1997, https://doi.org/10.1109/SEQUEN.1997.666900; banding as in
Leskovec, Rajaraman & Ullman, Mining of Massive Datasets, chapter 3) and decided by the exact overlap of their words
and word pairs. The keys are stored, so they must come out equal on every machine and after every upgrade: the hashes
are CRC-32 and multiply-shift with constants written down here, and not a library's that may change with its version.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from feedback_nlp.language.cleaning.texts import text_key

if TYPE_CHECKING:
    import numpy as np

FEWEST_WORDS = 8  # below it a changed word makes another text, and only the very same counts
BANDS, ROWS = 10, 3  # a key is made of 3 minima: two texts that share 70 % of their word pairs share a key in 98 %
NEARLY_SAME = 0.8
NEARLY_WHOLE = 0.95  # of a shorter text found in a longer one ...
AT_MOST_LONGER = 1.5  # ... with at most half as much again around it
WORTH_FORWARDING = 20  # words
MOST_CHARACTERS = 200_000  # read of a text: what comes after a hundred pages decides nothing

_PLACEHOLDER = re.compile(r"<([A-Z]+)_\d+>")
_LINK = re.compile(r"<URL_\d+>|(?:https?://|www\.)\S+", re.I)
# "Re:" and "Fwd:" of mail programs in several languages, and the head of a retweet.
_PREFIX = re.compile(
    r"\s*(?:(?:re|fwd?|aw|wg|antw|odp|pd|i|r|rif|tr|rv|sv|vb|răsp|rasp|отв|ответ|пересл|رد|إعادة توجيه)\s?(?:\[\d+\])?:"
    r"|rt\s+(?:@\w+|<HANDLE_\d+>)\s?:?)",
    re.I,
)
_DIGITS = re.compile(r"\d+")
# A word; of scripts that leave no spaces between words, each letter.
_WORD = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
    r"|[^\W\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+"
)
# Words for no of every language together, as a text's language may not be known. Left out are those that mostly say
# something else in another of the languages: French and Italian "ne", Dutch "nee" (a key makes "ne" of it), French
# "plus" and "personne".
_NEGATIONS = """
    no not never none nor neither nobody nothing nowhere without cannot n't ain't aren't can't couldn't didn't doesn't
    don't hadn't hasn't haven't isn't mustn't needn't shouldn't wasn't weren't won't wouldn't
    nu nici niciun nicio niciuna niciunul niciodată nicăieri nimic nimeni nimănui fără
    не нет нету ни ничего ничто ничем никто никого никому никем никогда нигде никак никакой никакая никакое никакие
    никакого никакую никаких никаким нельзя без невозможно
    non nessun nessuno nessuna niente nulla mai mica neanche nemmeno neppure senza
    لا ولا فلا لم ولم فلم لن ولن ليس وليس ليست ليسوا ما وما مش ومش مو ومو بدون وبدون دون بلا غير وغير
    nie nigdy nikt nikogo nikomu nikim nic niczego nigdzie żaden żadna żadne żadnego żadnej żadnych bez brak ani
    nicht nichts nein kein keine keinen keinem keiner keines keins niemals niemand niemanden nirgends ohne weder
    pas jamais aucun aucune rien sans ni
    nunca jamás nada nadie ningún ninguno ninguna sin tampoco
    não nem ninguém nenhum nenhuma sem tampouco
    niet niets geen nooit nergens zonder noch
"""
_AFTER_N = frozenset(
    {"am", "ai", "a", "are", "au", "avem", "aveti", "as", "ar", "o", "aveam", "avea", "aveau"}
)  # "n-am"
_NO_PAIR = -1  # where the text begins or ends
_PAIR = 0x9E3779B97F4A7C15  # 2**64 / golden ratio


def near_keys(text: str) -> tuple[int, ...]:
    """Return the keys of a text, signed 64-bit: texts that are nearly the same share at least one, with few exceptions.

    A text of fewer than 8 words besides numbers has none. All numbers count as one, placeholders by their kind; links,
    case, accents, punctuation and a leading "Fwd:" do not count. The time is linear in the length of the text.
    """
    words = _words(text)
    if not words:
        return ()
    import numpy as np

    hashed = np.array(_hashes(words), np.uint64)
    pairs = _mixed(np.unique(hashed[:-1] * np.uint64(_PAIR) + hashed[1:]))
    factors, summands = _permutations()
    minima = np.full(BANDS * ROWS, np.iinfo(np.uint64).max, np.uint64)
    for start in range(0, len(pairs), 1024):
        permuted = factors * pairs[None, start : start + 1024] + summands
        np.minimum(minima, permuted.min(axis=1), out=minima)
    bands = _mixed(minima.reshape(BANDS, ROWS) + np.arange(BANDS, dtype=np.uint64)[:, None])
    keys = _mixed(bands @ np.array([1, _PAIR, _PAIR * _PAIR % 2**64], np.uint64))
    return tuple(keys.view(np.int64).tolist())


def similarity(first: str, second: str) -> float:
    """Return the share of words and word pairs that two texts have in common (Jaccard index), 0..1."""
    a, b = _read(first).shingles, _read(second).shingles
    shared = len(a & b)
    return shared / max(len(a) + len(b) - shared, 1)


def nearly_same(first: str, second: str) -> bool:
    """Return whether two texts are nearly the same: alike by 0.8, or one holds 0.95 of the other and not much else.

    The latter is a text forwarded with a few lines around it: the shorter has at least 20 words, the longer at most
    half as many more. Of fewer than 8 words, no text is nearly another one. Nor are texts of which one says no where
    the other does not: "it will not be mended" is no copy of "it will be mended", whatever else they share. A no among
    words that the other text lacks, as in the subject of a forwarded mail, does not count. Words for no of eleven
    languages count in each: where "mai" is "more", adding it makes another text too.
    """
    one, other = _read(first), _read(second)
    a, b = one.shingles, other.shingles
    if len(a) > len(b):
        a, b = b, a
    if not a or len(b) > AT_MOST_LONGER * len(a):
        return False
    shared = len(a & b)
    alike = shared >= NEARLY_SAME * (len(a) + len(b) - shared)
    held = shared >= NEARLY_WHOLE * len(a) and len(a) >= 2 * WORTH_FORWARDING - 1
    return (alike or held) and _says_no(one, other) == _says_no(other, one)


class _Read(NamedTuple):
    """What is compared of a text."""

    shingles: frozenset[int]  # hashes of the words and word pairs; none of a text too short to be nearly another
    around_no: tuple[tuple[int, int], ...]  # of each word for no: the word pairs before and after it


def _says_no(one: _Read, other: _Read) -> int:
    """Return how often a text says no next to words that the other has too."""
    return sum(before in other.shingles or after in other.shingles for before, after in one.around_no)


def _words(text: str) -> list[str]:
    """Return the words that count, every number as "0"; none of a text with too few others."""
    text = text[:MOST_CHARACTERS]
    start = 0
    while match := _PREFIX.match(text, start):
        start = match.end()
    text = _PLACEHOLDER.sub(r" \1 ", _LINK.sub(" ", text[start:]))
    words: list[str] = _WORD.findall(_DIGITS.sub("0", text_key(text)))
    return words if len(words) - words.count("0") >= FEWEST_WORDS else []


def _hashes(words: Sequence[str]) -> list[int]:
    return [zlib.crc32(word.encode("utf-8", "surrogatepass")) for word in words]


@lru_cache(maxsize=4096)
def _read(text: str) -> _Read:
    words = _words(text)
    hashes = _hashes(words)
    pairs = [(first + 1 << 32) + second for first, second in pairwise(hashes)]
    negations = _negation_keys()
    around = []
    for place, word in enumerate(words):
        if word in negations or (word == "n" and words[place + 1 : place + 2] and words[place + 1] in _AFTER_N):
            before = pairs[place - 2] if place > 1 else _NO_PAIR
            after = pairs[place + 1] if place + 1 < len(pairs) else _NO_PAIR
            around.append((before, after))
    return _Read(frozenset([*hashes, *pairs]), tuple(around))


@cache
def _negation_keys() -> frozenset[str]:
    return frozenset(map(text_key, _NEGATIONS.split()))


def _mixed(numbers: np.ndarray) -> np.ndarray:
    """Return uint64 numbers with every bit depending on every other: SplitMix64's finalizer (Steele et al. 2014)."""
    import numpy as np

    mixed = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


@cache
def _permutations() -> tuple[np.ndarray, np.ndarray]:
    """Return odd factors and summands, each (30, 1): multiply-shift hashing (Dietzfelbinger et al. 1997)."""
    import numpy as np

    constants = _mixed(np.arange(1, 2 * BANDS * ROWS + 1, dtype=np.uint64) * np.uint64(_PAIR))
    return constants[::2, None] | np.uint64(1), constants[1::2, None]
