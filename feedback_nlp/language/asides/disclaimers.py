"""The small print below a mail: notices of confidentiality, and the footers of mailing lists."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from feedback_nlp.language.asides.aside_words import Line, alternatives, keys, label_key, phrases
from feedback_nlp.records import Aside


@lru_cache(maxsize=1)
def disclaimer_opening() -> re.Pattern[str]:
    """Return the pattern of the words that a notice begins with, at a line's start."""
    return re.compile(rf"[\W_]*(?:{alternatives('disclaimers')})\b", re.IGNORECASE)


@lru_cache(maxsize=1)
def _inside() -> re.Pattern[str]:
    return re.compile(rf"(?<=[.!?\s])(?:{alternatives('disclaimers')})\b", re.IGNORECASE)


@lru_cache(maxsize=1)
def _stems() -> tuple[str, ...]:
    return tuple(phrases("disclaimer_stems"))


def disclaimers(lines: Sequence[Line]) -> list[Aside]:
    """Return confidentiality notices and the footers of mailing lists: from the first words to the paragraph's end."""
    opening, inside = disclaimer_opening(), _inside()
    marks: list[Aside] = []
    running = False
    for index, line in enumerate(lines):
        text = line.text
        if not text:
            running = False
            continue
        if not running and index and opening.match(text[:120]):
            running = True
        if running or (
            index
            and len(text) <= 120
            and any(label_key(part) in keys("disclaimers_alone") for part in re.split(r"[|•·]", text))
        ):
            marks.append(line.aside("disclaimer"))
        elif len(text) > 60 and _is_confidential(text) and (found := inside.search(text)) and found.start() > 0:
            marks.append(Aside(line.start + found.start(), line.end, "disclaimer"))
    return marks


def _is_confidential(text: str) -> bool:
    """Whether it is worth looking for a disclaimer inside a line: a cheap test before a dear one."""
    lowered = text.lower()
    return any(stem in lowered for stem in _stems())
