"""What a language model's answer must be like before any of it is shown."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from feedback_nlp.themes.labels.keywords import tokenize
from feedback_nlp.themes.labels.word_forms import stems_of

MOST_WORDS = 5
WIDEST_NAME = 60  # characters
WIDEST_TEXT = 300  # characters of a definition, of what it includes and of what it leaves out
ECHO = 4  # words from which a name that is a quote, word for word, has been copied
ECHO_IN_TEXT = 7  # words in a row from a quote that a definition may not hold
_FORBIDDEN = re.compile(r"[<>{}\[\]`|\\#*~^=]|__|https?:|www\.|\S@\S|(?:\d[\s().-]?){4,}|\b[A-Z]{2,}_\d", re.IGNORECASE)
_FENCE = re.compile(r"\A\s*```(?:json)?\s*|\s*```\s*\Z")


@dataclass(frozen=True)
class Answer:
    """A theme as the model words it."""

    name: str
    definition: str
    include: str
    exclude: str

    @property
    def text(self) -> str:
        """The definition with what belongs to the theme and what does not, a line each."""
        lines = [self.definition, self.include and f"+ {self.include}", self.exclude and f"\u2212 {self.exclude}"]
        return "\n".join(line for line in lines if line)


class Rejected(Exception):
    """An answer that must not be shown; the message is a reason to count, never the answer."""


def answers_in(content: str, n: int) -> list[Answer]:
    """Return the ``n`` themes in a model's answer: an object, or one with a list of them under "themes".

    Raises :class:`Rejected` where it is no such JSON.
    """
    try:
        found = json.loads(_FENCE.sub("", content))
    except (ValueError, RecursionError):
        raise Rejected("no JSON") from None
    if isinstance(found, dict) and isinstance(found.get("themes"), list):
        found = found["themes"]
    items = found if isinstance(found, list) else [found]
    if len(items) != n:
        raise Rejected("another number of themes than asked for")
    return [_answer(item) for item in items]


def _answer(item: Any) -> Answer:
    if not isinstance(item, dict):
        raise Rejected("no JSON object")
    texts = []
    for field in ("name", "definition", "include", "exclude"):
        value = item.get(field, "")
        if isinstance(value, list) and all(isinstance(part, str) for part in value):
            value = "; ".join(value)
        if not isinstance(value, str):
            raise Rejected(f"{field} is no text")
        texts.append(" ".join(value.split()))
    return Answer(texts[0].strip(" .\"'«»“”„"), *texts[1:])


def check(answer: Answer, quotes: Sequence[str]) -> None:
    """Raise :class:`Rejected` where a name or a definition is empty, too long, copied, or not plain words."""
    if not answer.name or not any(map(str.isalpha, answer.name)):
        raise Rejected("an empty name")
    if len(answer.name.split()) > MOST_WORDS or len(answer.name) > WIDEST_NAME:
        raise Rejected("a name that is too long")
    if not answer.definition:
        raise Rejected("an empty definition")
    for text in (answer.name, answer.definition, answer.include, answer.exclude):
        if len(text) > WIDEST_TEXT:
            raise Rejected("a definition that is too long")
        # Invisible and text-turning characters would let a name look like another one.
        if _FORBIDDEN.search(text) or any(map(_is_hidden, text)):
            raise Rejected("a placeholder, address, number or markup")
    name = tokenize(answer.name)
    said = [" ".join(tokenize(quote)) for quote in quotes]
    if len(name) >= ECHO and " ".join(name) in said:
        raise Rejected("a quote, word for word")
    for text in (answer.definition, answer.include, answer.exclude):
        words = tokenize(text)
        runs = (" ".join(words[i : i + ECHO_IN_TEXT]) for i in range(len(words) - ECHO_IN_TEXT + 1))
        if any(f" {run} " in f" {quote} " for run in runs for quote in said):
            raise Rejected("a quote, word for word")


def _is_hidden(character: str) -> bool:
    """Return whether a character is a control or turns the text; joiners are letters' own in Persian and Hindi."""
    return unicodedata.category(character) in ("Cc", "Cf", "Co", "Cs") and character not in "\u200c\u200d"


def alike(names: Sequence[str]) -> list[frozenset[str]]:
    """Return a key for each name: two names with one key differ by case, inflection or word order alone."""
    words = [tokenize(name) or [name.casefold()] for name in names]
    stems = stems_of({word: sum(word in own for own in words) for own in words for word in own})
    return [frozenset(stems[word] for word in own) for own in words]
