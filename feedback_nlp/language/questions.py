"""Read what a survey question asks for, by its wording: what was good, what was bad, or yes or no.

"Nothing" says little by itself; to "what would you change?" it is a compliment, to "what did you like?" a complaint.
The wordings lie in ``data/questions.json``, with a ``*`` where a word may go on. A question's language is seldom
known, and a column's name has none, so the wordings of all languages are tried together.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from feedback_nlp.language.cleaning.texts import fold

Polarity = Literal["improve", "praise"]

_FILE = Path(__file__).parent / "data" / "questions.json"
_LONGEST = 600  # characters of a question that are read; what follows is instructions
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")  # whatToImprove
_NUMBER = re.compile(r"(?<![^\W\d_])[a-z]?\d+[a-z]?(?![^\W\d_])")  # Q3, 12b
_MARKS = ("?", "؟", "？")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question asks for.

    ``polarity`` is "improve" when it asks what was bad or should change, "praise" when it asks what was good, None for
    neither or both. ``yes_no`` is whether it can be answered by yes or no, ``anything`` whether a "no" to it says that
    there is nothing to tell ("any other comments?") and judges nothing.
    """

    polarity: Polarity | None
    yes_no: bool
    anything: bool


def question_polarity(question: str) -> Polarity | None:
    """Return "improve" for a question about faults, "praise" for one about merits, None for any other or for both.

    ``question`` is a question or a column's name in any of the languages listed ("what_improve", "Cosa cambieresti?").
    """
    return read_question(question).polarity


@lru_cache(maxsize=4096)
def read_question(question: str) -> Asked:
    """Return what a question or a column's name asks for; an empty one asks for nothing in particular."""
    words = fold(_NUMBER.sub(" ", _HUMP.sub(" ", question[:_LONGEST]).replace("_", " ").casefold()))
    if not words:
        return Asked(None, yes_no=False, anything=False)
    neutral, improve, praise, asks, yes_no, anything, settled = _wordings()
    rest = neutral.sub(" | ", words)
    blames = bool(improve.search(rest)) and not settled.search(words)  # "was your problem solved?" asks for no faults
    praises = bool(praise.search(improve.sub(" | ", rest)))  # "like least" is no praise: what blames is taken out first
    polarity: Polarity | None = None
    if blames != praises:
        polarity = "improve" if blames else "praise"
    begins, begins_otherwise = yes_no.match(words), asks.match(words)  # the longer wins: "was" is English and German
    said = any(mark in question[:_LONGEST] for mark in _MARKS) and " " in words
    return Asked(
        polarity,
        yes_no=(
            (begins is not None and (begins_otherwise is None or begins.end() > begins_otherwise.end()))
            or (said and not asks.search(words))
        ),
        anything=bool(anything.search(words)),
    )


@lru_cache(maxsize=1)
def _wordings() -> tuple[re.Pattern[str], ...]:
    """Return the patterns of all languages together: in the order of :func:`read_question`."""
    lists = json.loads(_FILE.read_text(encoding="utf-8"))
    return tuple(
        _pattern({wording for language in lists.values() for wording in language[name]})
        for name in ("neutral", "improve", "praise", "asks", "yes_no", "any", "settled")
    )


def _pattern(wordings: set[str]) -> re.Pattern[str]:
    """Return a pattern for any of the wordings as whole words, longest first."""
    found = []
    for wording in sorted(wordings, key=lambda wording: (-len(wording), wording)):
        parts = [re.escape(fold(part)) for part in wording.split("*")]
        found.append(r"\w*".join(parts))
    return re.compile(rf"(?<!\w)(?:{'|'.join(found)})(?!\w)")
