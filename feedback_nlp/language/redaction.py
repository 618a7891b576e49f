"""Replace personal identifiers by numbered placeholders, before a text is stored, encoded or shown.

What is found and how: :mod:`.identifiers`. A value gets the same number everywhere in one feedback ("mail me at
<EMAIL_1>, not at <EMAIL_2>"), so that the text stays readable; numbers say nothing across feedback.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from feedback_nlp.language.identifiers import BLANK, FINDERS, Found, western_digits

PLACEHOLDER = re.compile(r"<([A-Z]+)_(\d+)>")
_ANY_TRACE = re.compile(r"[\d@]|://|www\.|\((?:at|chiocciola)\)|\[at\]", re.I)  # what every identifier has one of


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text without the identifiers that were found, and how many of each kind there were ("EMAIL": 2)."""

    text: str
    counts: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))


def redact(text: str, language: str) -> Redacted:
    """Return the text with each identifier replaced by its kind and number, such as ``<PHONE_1>``.

    ``language`` is an ISO 639-1 code; it decides which countries' phone and tax numbers are tried without a country
    code. Placeholders already there stay as they are, so redacting twice changes nothing.
    """
    if not _ANY_TRACE.search(text):
        return Redacted(text)
    found = _find_all(PLACEHOLDER.sub(_blank, western_digits(text)), language)
    if not found:
        return Redacted(text)
    return _replaced(text, sorted(found, key=lambda item: item.start))


def _find_all(shadow: str, language: str) -> list[Found]:
    """Return what the finders find, the surest first to take its part of the text, until there is nothing more.

    What is taken is blanked, in the second round too: a finder then sees its surroundings as it would in the
    redacted text, which is why redacting twice finds nothing new.
    """
    found: list[Found] = []
    more = True
    while more:
        more = False
        for finder in FINDERS:
            for item in list(finder(shadow, language)):
                if BLANK not in shadow[item.start : item.end]:
                    shadow = shadow[: item.start] + BLANK * (item.end - item.start) + shadow[item.end :]
                    found.append(item)
                    more = True
    return found


def _blank(match: re.Match[str]) -> str:
    return BLANK * len(match[0])


def _replaced(text: str, found: list[Found]) -> Redacted:
    numbers: dict[tuple[str, str], int] = {}
    last = Counter[str]()
    for match in PLACEHOLDER.finditer(text):
        last[match[1]] = max(last[match[1]], int(match[2]))
    pieces: list[str] = []
    counts = Counter[str]()
    end = 0
    for item in found:
        same = (item.kind, item.value)
        if same not in numbers:
            last[item.kind] += 1
            numbers[same] = last[item.kind]
        counts[item.kind] += 1
        pieces += [text[end : item.start], f"<{item.kind}_{numbers[same]}>"]
        end = item.end
    return Redacted("".join([*pieces, text[end:]]), MappingProxyType(dict(sorted(counts.items()))))
