"""Names for themes: phrases that customers used, near the theme's centroid and rare outside it.

After KeyBERT (Grootendorst 2020, https://doi.org/10.5281/zenodo.4461265): candidate phrases are encoded and ranked by
cosine to the theme; here among phrases that are also distinctive, and with siblings kept apart.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from feedback_nlp.themes.keywords import PLACEHOLDER, TOKEN, StopWords

CANDIDATES = 24  # phrases encoded for each theme
READ = 300  # statements read for each theme, nearest first
LONGEST = 4  # words in a phrase
SHORT = (3, 6)  # words in a statement that can stand as a name
POLARITY_WEIGHT = 0.25  # of how far a phrase's sentiment is from its theme's, against a cosine
_BREAK = re.compile(r"[.,;:!?()\[\]{}\"“”«»…،؛؟\n/|]+")


@dataclass(frozen=True)
class _Phrase:
    text: str
    words: frozenset[str]
    weight: float  # 0 for a whole statement
    polarity: float = 0.0  # mean sentiment of the statements that say it, -1..1
    nearness: float = 0.0  # mean cosine to the theme's centre of the statements that say it


class KeyphraseLabeller:
    """The default labeller: deterministic, offline, in the reading language where the theme has it."""

    def __init__(
        self,
        encode: Callable[[Sequence[str], Sequence[str]], np.ndarray],
        stop_words: StopWords,
        reading_language: str = "en",
        negations: StopWords = lambda language: frozenset(),
    ) -> None:
        """``encode(phrases, languages)`` returns vectors (n, p) in the prepared space.

        ``stop_words`` and ``negations`` list a language's words; a negation is a stop word that may open a label.
        """
        self._encode = encode
        self._stop_words = stop_words
        self._negations = negations
        self._reading_language = reading_language

    def label(self, evidence: Sequence[Mapping[str, Any]], /) -> list[str]:
        """Return one distinct label a theme.

        Each evidence has ``texts`` and ``languages`` (nearest first), ``centroid`` (p,), ``keywords`` by language, and
        ``nearness``, each text's cosine to the centroid: a phrase from the theme's edge is no name for it. It may have
        ``weights``, how many people said each text, and ``polarity``, the sentiment of each text, so that a pain is not
        named by the praise within it.
        """
        chosen = [self._language_of(item) for item in evidence]
        documents = Counter[tuple[str, str]]()
        for item, language in zip(evidence, chosen, strict=True):
            for phrase in {p for text in self._texts(item, language) for p in self._phrases(text, language)}:
                documents[language, phrase] += 1
        candidates = [
            self._candidates(item, language, documents, len(evidence))
            for item, language in zip(evidence, chosen, strict=True)
        ]
        phrases = [p.text for found in candidates for p in found]
        spoken = [language for found, language in zip(candidates, chosen, strict=True) for _ in found]
        vectors = self._encode(phrases, spoken) if phrases else np.empty((0, 0), np.float32)
        labels: list[str] = []
        taken: set[str] = set()
        start = 0
        for item, found, language in zip(evidence, candidates, chosen, strict=True):
            own = vectors[start : start + len(found)]
            start += len(found)
            label = self._choose(item, found, own, taken)
            if language == "en":
                label = re.sub(r"\bi\b", "I", label)
            taken.add(label.casefold())
            labels.append(label)
        return labels

    def _language_of(self, item: Mapping[str, Any]) -> str:
        counts = Counter(item["languages"])
        share = counts[self._reading_language] / max(1, sum(counts.values()))
        if counts[self._reading_language] >= 5 or share >= 0.2:
            return self._reading_language
        return min(counts, key=lambda code: (-counts[code], code))

    def _texts(self, item: Mapping[str, Any], language: str) -> list[str]:
        return [text for text, code in zip(item["texts"], item["languages"], strict=True) if code == language][:READ]

    def _own(self, values: Sequence[float], item: Mapping[str, Any], language: str) -> list[float]:
        return [value for value, code in zip(values, item["languages"], strict=True) if code == language][:READ]

    def _phrases(self, text: str, language: str) -> list[str]:
        """Return the runs of 1 to 4 words of a text that cross no punctuation and do not break off at a stop word."""
        stop = self._stop_words(language)
        found = []
        for part in _BREAK.split(PLACEHOLDER.sub(".", text).lower()):
            words = TOKEN.findall(part)
            for length in range(1, LONGEST + 1):
                for start in range(len(words) - length + 1):
                    run = words[start : start + length]
                    # "merge deloc" says the contrary of "nu merge deloc": a negation may open a phrase.
                    opens = run[0] not in stop or (length > 1 and run[0] in self._negations(language))
                    # "picks" is cut off, "picks up" is not: a stop word may close a phrase where a clause ends.
                    closes = run[-1] not in stop or (length > 1 and start + length == len(words))
                    if not (opens and closes) or (length == 1 and len(run[0]) < 3):
                        continue
                    found.append(" ".join(run))
        return found

    def _candidates(
        self, item: Mapping[str, Any], language: str, documents: Counter[tuple[str, str]], n_themes: int
    ) -> list[_Phrase]:
        texts = self._texts(item, language)
        people = self._own(item.get("weights", np.ones(len(item["texts"]))), item, language)
        counts = Counter[str]()
        for text, n in zip(texts, people, strict=True):
            for phrase in set(self._phrases(text, language)):
                counts[phrase] += round(n)
        nested = _within_longer(counts)
        total = sum(people)
        fewest = max(2, round(0.03 * total)) if total > 6 else 1  # of a single word
        several = max(2, round(0.01 * total))
        stop = self._stop_words(language)
        scored = []
        for phrase, count in counts.items():
            words = phrase.split()
            if count < (fewest if len(words) == 1 else min(fewest, several)) or len(set(words)) < len(words):
                continue
            # After the C-value (Frantzi et al. 2000): "worst customer" is nothing beside "worst customer service".
            # A phrase that may only stand at a clause's end can be rarer than a longer one around it.
            alone = max(0.0, count - 0.8 * nested.get(phrase, 0))
            rarity = math.sqrt(math.log(1 + n_themes / documents[language, phrase]))
            # Two or three words name a pain; one word hints at it.
            shape = {1: 0.6, 2: 1.0, 3: 1.1, 4: 1.0}[len(words)]
            scored.append(_Phrase(phrase, frozenset(words) - stop, math.log(1 + alone) * rarity * shape))
        scored.sort(key=lambda p: (-p.weight, p.text))
        best = scored[:CANDIDATES] + self._short_statements(texts, stop)
        lowered = [text.lower() for text in texts]

        def mean_of(values: Sequence[float] | None, phrase: _Phrase) -> float:
            if values is None:
                return 0.0
            return _mean_where(phrase.text.lower(), lowered, self._own(values, item, language))

        return [
            replace(p, polarity=mean_of(item.get("polarity"), p), nearness=mean_of(item["nearness"], p)) for p in best
        ]

    def _short_statements(self, texts: Sequence[str], stop: frozenset[str]) -> list[_Phrase]:
        """Return the nearest statements short enough to be a name, for themes without a phrase of their own."""
        found: dict[str, _Phrase] = {}
        for text in texts[:60]:
            if PLACEHOLDER.search(text) or not SHORT[0] <= len(text.split()) <= SHORT[1]:
                continue
            bare = text.strip(" .,;:!?…،؛؟\"'()-–—*")
            found.setdefault(bare.lower(), _Phrase(bare, frozenset(bare.lower().split()) - stop, 0.0))
            if len(found) == 6:
                break
        return list(found.values())

    def _choose(self, item: Mapping[str, Any], found: list[_Phrase], vectors: np.ndarray, taken: set[str]) -> str:
        if not found:
            words = next((words for _, words in sorted(item["keywords"].items()) if words), ())
            return _distinct(_sentence(", ".join(words[:2])) or "Unnamed theme", taken)
        weights = np.array([p.weight for p in found])
        weights /= max(float(weights.max()), 1e-9)
        several = np.array([len(p.text.split()) > 1 for p in found])
        score = (
            0.6 * (vectors @ item["centroid"] + np.array([p.nearness for p in found]))
            + item.get("phrase_weight", 0.3) * weights
            + np.where(weights > 0, 0.2 * several, 0.12)
        )
        if item.get("polarity") is not None:
            score -= POLARITY_WEIGHT * np.abs(np.array([p.polarity for p in found]) - np.mean(item["polarity"]))
        order = sorted(range(len(found)), key=lambda i: (-round(float(score[i]), 5), found[i].text))
        first = found[order[0]]
        # A second phrase says what the first leaves open; two single words would be a list, not a name.
        second = next(
            (
                found[i]
                for i in order[1:8]
                if min(first.weight, found[i].weight) > 0
                and not set(found[i].text.split()) & set(first.text.split())
                and len(first.text.split()) + len(found[i].text.split()) >= 3
                and float(vectors[i] @ vectors[order[0]]) < 0.8
            ),
            None,
        )
        options = [f"{first.text}, {second.text}"] if second else []
        options += [first.text] + [found[i].text for i in order[1:]]
        for option in options:
            if _sentence(option).casefold() not in taken:
                return _sentence(option)
        return _distinct(_sentence(options[0]), taken)


def _mean_where(phrase: str, texts: Sequence[str], values: Sequence[float]) -> float:
    """Return the mean of the values whose text holds the phrase, 0 where none does."""
    found = [value for text, value in zip(texts, values, strict=True) if phrase in text]
    return float(np.mean(found)) if found else 0.0


def _within_longer(counts: Counter[str]) -> dict[str, int]:
    """Return how often each phrase occurs inside its commonest longer phrase."""
    nested: dict[str, int] = {}
    for phrase, count in counts.items():
        words = phrase.split()
        for length in range(1, len(words)):
            for start in range(len(words) - length + 1):
                inner = " ".join(words[start : start + length])
                nested[inner] = max(nested.get(inner, 0), count)
    return nested


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _distinct(label: str, taken: set[str]) -> str:
    number = 2
    option = label
    while option.casefold() in taken:
        option = f"{label} ({number})"
        number += 1
    return option
