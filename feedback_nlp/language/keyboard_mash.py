"""Tell keys hit at random ("asdfgh", "sdfgsdfg", "ыыыы") from words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from feedback_nlp.language.cleaning.texts import text_key

_ROWS = (
    "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "azertyuiop", "qsdfghjklm",
    "йцукенгшщзхъ", "фывапролджэ", "фівапролджє", "ячсмитьбю", "ضصثقفغعهخحجد", "شسيبلاتنمكط", "1234567890",
)  # fmt: skip
_RUN = 4  # neighbouring keys: words have three in a row ("were"), hardly ever four
_CONSONANTS = re.compile(r"[bcdfghjklmnpqrstvwxz]{6,}|[бвгджзйклмнпрстфхцчшщ]{6,}")
_REPEATED = re.compile(r"(\w{3,6})\1+\w{0,5}")
# R and l carry syllables in some languages, and Arabic is typed in Latin letters without its short vowels.
_WITHOUT_VOWELS = frozenset({"ar", "bs", "cs", "hr", "mk", "sk", "sl", "sr"})
_LAUGHTER = "ه"  # "هههه"
_LAST_LETTER = "\u06ff"  # of the alphabets from Latin to Arabic; further on, one character may be a word


def is_mash(words: Sequence[str], language: str) -> bool:
    """Return whether none of the words is one: a letter again and again, keys in a row, or consonants only.

    ``words`` are those of a :func:`~feedback_nlp.language.cleaning.texts.text_key`, where repeated letters are one.
    Different letters with spaces between them may be a word that somebody spaced out, or short words.
    """
    if len(set(words)) > 1 and all(len(word) == 1 for word in words):
        return False
    return all(_is_mash(word, language) for word in words)


def _is_mash(word: str, language: str) -> bool:
    if len(word) == 1:
        return word.isalpha() and word <= _LAST_LETTER and word != _LAUGHTER
    if language not in _WITHOUT_VOWELS and _CONSONANTS.fullmatch(word):
        return True
    if (again := _REPEATED.fullmatch(word)) and again[1][:3] in _runs(3):
        return True
    long_runs = _covered(word, _RUN)
    if all(long_runs):
        return True
    in_a_row = any(set(word) <= set(row) for row in _ROWS)
    return in_a_row and any(long_runs) and all(_covered(word, _RUN - 1))  # "asdfjkl"


def _covered(word: str, length: int) -> list[bool]:
    """Return for each letter whether it lies in a run of so many neighbouring keys."""
    covered = [False] * len(word)
    for start in range(len(word) - length + 1):
        if word[start : start + length] in _runs(length):
            covered[start : start + length] = [True] * length
    return covered


@lru_cache
def _runs(length: int) -> frozenset[str]:
    """Return every so many neighbouring keys, in both directions, as they look in a key."""
    rows = [text_key(row) for row in _ROWS]
    both = rows + [row[::-1] for row in rows]
    return frozenset(row[start : start + length] for row in both for start in range(len(row) - length + 1))
