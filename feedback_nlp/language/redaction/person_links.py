"""Tell which mentions of names in one feedback mean the same person: "Anna Kowalska ... Anna ... pani Kowalskiej".

Two mentions are one person only when that is plain: every word of the shorter one is a word of the longer one, up to
inflection where the language inflects names, and no third person fits as well. In doubt they are two.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from feedback_nlp.language.cleaning.texts import fold
from feedback_nlp.language.redaction.contexts import lists

_INFLECTING = frozenset({"pl", "ru", "ro", "uk", "be", "cs", "sk", "bg", "hr", "sr", "sl", "el", "lt", "lv", "und"})
_WORD = re.compile(r"[^\W\d_]+")
_LEAST_STEM = 3
_LONGEST_ENDING = 3


def link_people(names: Sequence[str], language: str) -> list[int]:
    """Return for each name, in the order of the text, the number of its person: 0, 1, ... by first mention."""
    words = [_words(name) for name in names]
    people: list[tuple[str, ...]] = []  # the fullest form of each person's name
    person_of: dict[tuple[str, ...], int] = {}
    # Full names first, so that a bare first name finds its person even when it comes earlier.
    for name in sorted(dict.fromkeys(words), key=lambda name: -len(name)):
        fitting = _fitting(name, people, language) if name else []
        if len(fitting) != 1:
            people.append(name)
            fitting = [len(people) - 1]
        person_of[name] = fitting[0]
    numbers: dict[int, int] = {}
    return [numbers.setdefault(person_of[name], len(numbers)) for name in words]


def _fitting(name: tuple[str, ...], people: Sequence[tuple[str, ...]], language: str) -> list[int]:
    """Return the people that a name can mean: those it equals in part word by word, else up to inflection."""
    exact = [i for i, person in enumerate(people) if _is_part(name, person, inflect=False)]
    if exact or language not in _INFLECTING:
        return exact
    return [i for i, person in enumerate(people) if _is_part(name, person, inflect=True)]


def _is_part(name: Sequence[str], person: Sequence[str], *, inflect: bool) -> bool:
    left = list(person)
    for word in name:
        same = next((other for other in left if _is_same(word, other, inflect=inflect)), None)
        if same is None:
            return False
        left.remove(same)
    return True


def _is_same(one: str, other: str, *, inflect: bool) -> bool:
    if one == other:
        return True
    if not inflect:
        return False
    stem = 0
    while stem < min(len(one), len(other)) and one[stem] == other[stem]:
        stem += 1
    ending = max(len(one), len(other)) - stem
    return stem >= _LEAST_STEM and ending <= min(_LONGEST_ENDING, stem)


def _words(name: str) -> tuple[str, ...]:
    return tuple(word for word in map(fold, _WORD.findall(name)) if word not in _titles())


@lru_cache(maxsize=1)
def _titles() -> frozenset[str]:
    return frozenset(fold(part) for title in lists()["title"] for part in _WORD.findall(title))
