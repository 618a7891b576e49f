"""Words and phrases that a setting lists, found in any script: whole words, upper and lower case alike."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

_WORD = re.compile(r"\w+")


class Phrases:
    """A list of phrases to be found. Time is linear in the text, however long the list is."""

    def __init__(self, phrases: Iterable[str]) -> None:
        entries: dict[str, set[tuple[int, str]]] = {}
        for phrase in phrases:
            written = " ".join(phrase.split())
            if first := _WORD.search(written):
                entries.setdefault(first[0].casefold(), set()).add((first.start(), written))
        self._starting = {
            word: [
                (before, re.compile(rf"{re.escape(written)}(?!\w)".replace(r"\ ", r"\s+"), re.I))
                for before, written in sorted(listed, key=lambda entry: (-len(entry[1]), entry))
            ]
            for word, listed in entries.items()
        }

    def __bool__(self) -> bool:
        return bool(self._starting)

    def find(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield start and end of each phrase in the text, the longest where several begin; none overlap."""
        done = 0
        for word in _WORD.finditer(text) if self._starting else ():
            for before, pattern in self._starting.get(word[0].casefold(), ()):
                start = word.start() - before
                match = pattern.match(text, start) if start >= done else None
                # Vowel signs of Indic and Arabic scripts are no letters to Python, but the word goes on.
                if match and not unicodedata.category(text[match.end() : match.end() + 1] or " ").startswith("M"):
                    yield match.span()
                    done = match.end()
                    break

    def cover(self, text: str) -> bool:
        """Whether the phrases take in every word of the text, as "Acme Bank" does with "acme" and "bank"."""
        covered = [False] * len(text)
        for start, end in self.find(text):
            covered[start:end] = [True] * (end - start)
        words = list(_WORD.finditer(text)) if self._starting else []
        return bool(words) and all(covered[word.start()] for word in words)
