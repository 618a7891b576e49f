"""Where the lines, list items and paragraphs of a text begin, and how much of each is a bullet or a number."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from feedback_nlp.language.splitting.tokens import Tokens

_BULLET = re.compile(r"[ \t]*(?:[-*•·–—‣▪●○◦>+]+[ \t]+|[•‣▪●◦]|\(?(?:\d{1,2}[.)]|[^\W\d_]\))[ \t]+)")
_INNER_BULLET = re.compile(r"[•‣▪●◦]")
_TIGHT_DASH = re.compile(r"(?:^|(?<=\s))[-+](?=[^\W\d_]{2})")  # "-never on time -never polite"
_NUMBERING = re.compile(r"(?:^|(?<=\s))\(?(\d{1,2})[.)]\s")
_WRAPPED_LINE = 60  # a line at least this long that ends in mid-sentence was broken by a program


def blocks(text: str, tokens: Tokens) -> Iterator[tuple[int, int]]:
    """Yield the first and last token (exclusive) of each block, bullets and numbers left out, none of them empty."""
    found = sorted(_starts(text).items())
    last = 0
    for number, (_, content) in enumerate(found):
        first = max(last, bisect_right(tokens.ends, content))  # a token that a bullet is part of stays
        after = found[number + 1][0] if number + 1 < len(found) else len(text)
        last = bisect_left(tokens.starts, after)
        if first < last:
            yield first, last


def _starts(text: str) -> dict[int, int]:
    """Return the offset at which each block begins, and that at which its content does."""
    starts = {0: 0}
    if "\n" in text or _BULLET.match(text):
        line_start = 0
        previous = ""
        for line in text.split("\n"):
            bullet = _BULLET.match(line)
            wrapped = len(previous) >= _WRAPPED_LINE and previous[-1] not in ".!?…:;" and line[:1].islower()
            if bullet and bullet.end() < len(line):
                starts[line_start] = line_start + bullet.end()
            elif bullet or not wrapped:
                starts[line_start] = line_start
            line_start += len(line) + 1
            previous = line.rstrip()
    numbers = list(_NUMBERING.finditer(text))
    if len(numbers) > 1 and [int(match[1]) for match in numbers] == list(range(1, len(numbers) + 1)):
        for match in numbers:
            starts[match.start()] = match.end()
    dashes = list(_TIGHT_DASH.finditer(text))
    if len(dashes) > 1:
        for match in dashes:
            starts[match.start()] = match.end()
    for match in _INNER_BULLET.finditer(text):
        starts[match.start()] = max(match.end(), starts.get(match.start(), 0))
    return starts
