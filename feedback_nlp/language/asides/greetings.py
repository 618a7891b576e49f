"""Greetings: "Hi team,", "Bună ziua,", "Здравствуйте!" before what is said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from feedback_nlp.language.asides.aside_words import FIRST_WORD, NAME_WORD, Line, alternatives, first_words
from feedback_nlp.records import Aside

_MOST_LINES = 6  # a greeting stands in one of the first lines that say something
_MOST_A_LINE = 3  # "Hello, good morning, dear team,"
_LONGEST = 120


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    words = rf"(?:(?:{alternatives('addressees')})(?!\w)|{NAME_WORD})"
    greeting = rf"(?:{alternatives('greetings')})(?!\w)(?:(?:,? |/){words}){{0,6}}"
    dear = rf"(?:{alternatives('dear')})(?!\w)(?:(?: |/){words}){{1,7}}"
    alone = rf"(?:{alternatives('greetings_alone')})(?!\w)(?:(?: {words}){{1,4}}[,!.]|[,!.]?$)"
    unmarked = rf"(?:{alternatives('greetings_before_anyone')})(?!\w)(?= )"
    end = r"\s*(?:[,!.:;…،؛–—-]+(?!\w)[)\s]*(?:[\U0001f300-\U0001faff]\s*)*|$)"
    return re.compile(rf"(?:{dear}{end}|{greeting}{end}|{alone}|{unmarked})", re.IGNORECASE)


def find_greetings(lines: Sequence[Line]) -> list[Aside]:
    """Return the greetings that open the text, a line of its own, or a turn: each up to its comma or line end."""
    marks: list[Aside] = []
    pattern = _pattern()
    known = first_words("greetings", "greetings_before_anyone", "greetings_alone", "dear")
    met = 0
    for line in lines:
        if not line.text:
            continue
        met += 1
        if met > _MOST_LINES:
            break
        at = 0
        for _ in range(_MOST_A_LINE):
            part = line.text[at : at + _LONGEST]
            word = FIRST_WORD.match(part)
            match = pattern.match(part) if word and word[1].lower() in known else None
            if not match or (match.end() == _LONGEST < len(line.text) - at):
                break
            marks.append(Aside(line.start + at, line.start + at + len(match[0].rstrip()), "greeting"))
            at += match.end()
            at += len(part) - match.end() - len(part[match.end() :].lstrip())
    return marks
