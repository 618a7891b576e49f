"""Which candidate each theme gets: all are chosen together, so that no two names say the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from feedback_nlp.themes.labels.keywords import TOKEN
from feedback_nlp.themes.labels.scores import NamedTheme, ThemeWords
from feedback_nlp.themes.labels.words import joined

ALIKE = 0.92  # cosine from which two names say the same
WIDEST_PAIR = 6  # words in a name of two
COVERS = 0.6  # share of a theme whose sub-themes a name must cover, else two of them name it


class Choice:
    """Names chosen one after the other, each apart from those chosen before."""

    def __init__(self, words: ThemeWords, themes: Sequence[NamedTheme], evidence: Sequence[Mapping[str, Any]]) -> None:
        self._words, self._themes, self._evidence = words, themes, evidence
        self._taken: dict[int, tuple[frozenset[str], np.ndarray | None]] = {}
        self._labels: dict[int, str] = {}

    def labels(self) -> list[str]:
        """Return the names in the order of the themes: what is widest and then what is largest chooses first."""
        order = sorted(range(len(self._themes)), key=lambda r: (not self._themes[r].children, -self._themes[r].size, r))
        for row in order:
            self._name(row)
        return [self._labels[row] for row in range(len(self._themes))]

    def _name(self, row: int) -> None:
        theme = self._themes[row]
        ranked = self._ranked(row)
        if theme.children and (not ranked or theme.covered[ranked[0]] < COVERS) and self._pair(row):
            return
        for i in ranked:
            phrase = theme.phrases[i]
            label = self._words.written(phrase.words, theme.language)
            key = self._words.key(phrase.words, theme.language)
            if self._is_free(label, key, theme.vectors[i]):
                self._take(row, label, key, theme.vectors[i])
                return
        self._fall_back(row, ranked)

    def _ranked(self, row: int) -> list[int]:
        """Return the candidates, best first, once what is like a sibling's name has lost by it."""
        theme = self._themes[row]
        siblings = [r for r in self._taken if r != row and self._themes[r].parent == theme.parent and r != theme.parent]
        scores = theme.scores.copy() if theme.phrases else np.empty(0)
        for i, phrase in enumerate(theme.phrases):
            key = self._words.key(phrase.words, theme.language)
            for r in siblings:
                other, vector = self._taken[r]
                scores[i] -= 0.15 * len(key & other) / max(1, len(key | other)) / (1 if theme.parent is not None else 2)
                if vector is not None:
                    scores[i] -= 0.2 * max(0.0, float(theme.vectors[i] @ vector) - 0.6)
        return sorted(range(len(scores)), key=lambda i: (-round(float(scores[i]), 4), theme.phrases[i].words))

    def _pair(self, row: int) -> bool:
        """Name a theme after its two largest sub-themes that have short names; False where there are none."""
        theme = self._themes[row]
        parts: list[tuple[str, frozenset[str]]] = []
        for child in sorted(theme.children, key=lambda r: (-self._themes[r].size, r)):
            sub = self._themes[child]
            stop = self._words.grammars[sub.language].stop
            short = [i for i, p in enumerate(sub.phrases) if len(p.words) <= 3 and not stop & {p.words[0], p.words[-1]}]
            if sub.language != theme.language or not short:
                continue
            best = max(short, key=lambda i: (float(sub.scores[i]), sub.phrases[i].words))
            if sub.scores[best] < sub.scores.max() - 0.2:
                continue  # nothing short says what it is about
            key = self._words.key(sub.phrases[best].words, sub.language)
            if all(not key & other for _, other in parts):
                name = self._words.written(sub.phrases[best].words, sub.language, begins=not parts)
                parts.append((name, key))
            if len(parts) == 2:
                break
        if len(parts) < 2:
            return False
        label = joined([name for name, _ in parts], theme.language)
        key = parts[0][1] | parts[1][1]
        if len(label.split()) > WIDEST_PAIR or not self._is_free(label, key, None):
            return False
        self._take(row, label, key, None)
        return True

    def _is_free(self, label: str, key: frozenset[str], vector: np.ndarray | None) -> bool:
        for row, (other, known) in self._taken.items():
            if label.casefold() == self._labels[row].casefold() or key == other:
                return False
            if vector is not None and known is not None and float(vector @ known) >= ALIKE:
                return False
        return True

    def _take(self, row: int, label: str, key: frozenset[str], vector: np.ndarray | None) -> None:
        self._taken[row] = (key, vector)
        self._labels[row] = label

    def _fall_back(self, row: int, ranked: Sequence[int]) -> None:
        """Name a theme that has no phrase of its own: by keywords, or by a number as the last resort."""
        theme = self._themes[row]
        keywords = self._evidence[row]["keywords"]
        words = keywords.get(theme.language) or next((found for _, found in sorted(keywords.items()) if found), ())
        best = self._words.written(theme.phrases[ranked[0]].words, theme.language) if ranked else ""
        options = [f"{best}: {word}" for word in words if best and word.casefold() not in best.casefold()]
        options += [] if best else [word[:1].upper() + word[1:] for word in words]
        taken = {label.casefold() for label in self._labels.values()}
        label = next((option for option in options if option.casefold() not in taken), best or "Unnamed theme")
        keys = {key for key, _ in self._taken.values()}
        own = self._words.key(TOKEN.findall(label.lower()), theme.language)
        number, free = 2, label
        while free.casefold() in taken or (number == 2 and free == label and own in keys):
            free, number = f"{label} ({number})", number + 1
        self._take(row, free, own, None)
