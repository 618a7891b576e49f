"""Tell answers that say nothing ("n/a", "nothing to add", "asdf", "7") from those that may hold a theme.

Such answers lie so close together that they would become the densest theme of all; they are counted apart instead.
The rule: a non-answer gives no content, and no judgement beyond one generic word. "Good" and "ok, thanks" are
non-answers; "very good", "it is okay I guess" and "no good" judge, and are answers.

The phrases per language lie in ``data/nonanswers.json``: an answer says nothing when it is one of the listed answers,
repeated or combined as one likes with the words that people put around them ("nothing really at this time, thanks").
A generic word stands alone, beside a courtesy, or before such an answer ("ok, nothing to add"): words around it would
make it a judgement.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path

from feedback_nlp.language.cleaning import text_key

_FILE = Path(__file__).parent / "data" / "nonanswers.json"
_EMOTICON = re.compile(r"[:;=][-'^o]?[()\[\]DPp3/|](?!\w)|<3|\)\)+|\(\(+")
_LONGEST = 120  # characters; whoever writes more says something
_LEAST_MASH = 4  # letters in a run along the keyboard


def is_non_answer(text: str, language: str) -> bool:
    """Return whether a text holds nothing to analyse: empty, a stock phrase, a number, marks, or keys hit at random.

    ``language`` is an ISO 639-1 code; English phrases count in every language. Emoji and emoticons are answers,
    because they hold a sentiment.
    """
    if len(text) > _LONGEST:
        return False
    key = text_key(text)
    if _EMOTICON.search(text) or any(_is_symbol(character) for character in key):
        return False
    if key.replace(" ", "").isdecimal() or not key:
        return True
    return any(pattern.fullmatch(key) for pattern in _patterns(language)) or all(map(_is_mash, key.split()))


def _is_symbol(character: str) -> bool:
    """Whether a character is an emoji or another pictograph."""
    return character >= "\u2190" and not character.isalnum()


def _is_mash(word: str) -> bool:
    """Whether a word is keys hit at random: one letter again and again, or a run along a row of the keyboard."""
    if len(set(word)) == 1 and not word.isdecimal():
        return len(word) > 1 or word.isascii()
    runs = _keyboard_runs()
    covered = [False] * len(word)
    for start in range(len(word) - _LEAST_MASH + 1):
        if word[start : start + _LEAST_MASH] in runs:
            covered[start : start + _LEAST_MASH] = [True] * _LEAST_MASH
    return all(covered)


@lru_cache(maxsize=1)
def _lists() -> dict[str, dict[str, list[str]] | list[str]]:
    loaded: dict[str, dict[str, list[str]] | list[str]] = json.loads(_FILE.read_text(encoding="utf-8"))
    return loaded


@lru_cache(maxsize=1)
def _keyboard_runs() -> frozenset[str]:
    """Return every ``_LEAST_MASH`` neighbouring keys, in both directions, as they look in a key."""
    rows = [text_key(row) for row in _lists()["keyboard"]]
    both = rows + [row[::-1] for row in rows]
    return frozenset(row[start : start + _LEAST_MASH] for row in both for start in range(len(row) - _LEAST_MASH + 1))


@lru_cache
def _patterns(language: str) -> tuple[re.Pattern[str], ...]:
    """Return the patterns that a key of this language may match as a whole."""
    found = []
    for name in dict.fromkeys(("any", "en", language)):
        lists = _lists().get(name)
        if isinstance(lists, dict):
            answers = _alternatives(lists["answers"])
            around = _alternatives(lists["around"])
            generic = _alternatives(lists["generic"])
            courtesies = _alternatives(lists["courtesies"])
            nothing = rf"(?:(?:{around}) )*(?:{answers})(?: (?:{answers}|{around}))*"
            judged = rf"(?:(?:{courtesies}) )*(?:{generic})(?: (?:{generic}|{courtesies}))*"
            found.append(re.compile(rf"{nothing}|{judged}(?: {nothing})?"))
    return tuple(found)


def _alternatives(phrases: list[str]) -> str:
    """Return a pattern for any of the phrases; one that never matches when there are none."""
    keys = {text_key(phrase) for phrase in phrases} - {""}
    if not keys:
        return "(?!)"
    return "|".join(re.escape(key) for key in sorted(keys, key=lambda key: (-len(key), key)))
