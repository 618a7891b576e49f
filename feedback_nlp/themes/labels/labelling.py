"""Names for themes: phrases that customers used, near the theme's centroid and rare outside it.

After KeyBERT (Grootendorst 2020, https://doi.org/10.5281/zenodo.4461265): candidate phrases are encoded and ranked by
cosine to the theme; here among phrases that are whole in themselves and made of the theme's own words, and with all
names chosen together, so that no two of them say the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from feedback_nlp.themes.labels.choice import Choice
from feedback_nlp.themes.labels.keywords import StopWords
from feedback_nlp.themes.labels.phrases import Grammar
from feedback_nlp.themes.labels.scores import NamedTheme, ThemeWords

Feel = Callable[[Sequence[str], Sequence[str]], np.ndarray]  # texts and languages -> polarity (n,), -1..1


@dataclass(frozen=True)
class LabelledTheme:
    """A theme's name, what belongs to it in a sentence ("" where nobody says), and one of LABEL_SOURCES."""

    label: str
    definition: str
    source: Literal["phrases", "llm"]


class KeyphraseLabeller:
    """The default labeller: deterministic, offline, in the reading language where the theme has it."""

    def __init__(
        self,
        encode: Callable[[Sequence[str], Sequence[str]], np.ndarray],
        stop_words: StopWords,
        reading_language: str = "en",
        negations: StopWords = lambda language: frozenset(),
        feel: Feel | None = None,
    ) -> None:
        """``encode(phrases, languages)`` returns vectors (n, p) in the prepared space.

        ``stop_words`` and ``negations`` list a language's words; a negation is a stop word that may open a label.
        ``feel(phrases, languages)`` returns the polarity of each, (n,) in -1..1: with it, no theme that most blame is
        named by praise. None where nothing tells.
        """
        self.encode = encode
        self._feel = feel
        self._stop_words = stop_words
        self._negations = negations
        self.reading_language = reading_language

    def label(self, evidence: Sequence[Mapping[str, Any]], /) -> list[str]:
        """Return one label a theme; no two are equal or differ by case, inflection or word order alone.

        Each evidence has ``texts`` and ``languages`` (nearest first), ``centroid`` (p,), ``keywords`` by language, and
        ``nearness``, each text's cosine to the centroid: a phrase from the theme's edge is no name for it. It may have
        ``weights``, how many people said each text; ``polarity``, the sentiment of each text, so that a pain is not
        named by the praise within it; and ``parent``, the row of the theme that it is a sub-theme of, or None.
        """
        words = ThemeWords(evidence, [self.grammar(self.language_of(item)) for item in evidence])
        themes = [words.theme(row) for row in range(len(evidence))]
        asked = [(" ".join(p.words), theme.language) for theme in themes for p in theme.phrases]
        vectors = self.encode([text for text, _ in asked], [code for _, code in asked]) if asked else np.empty((0, 0))
        start = 0
        for theme in themes:
            theme.vectors = vectors[start : start + len(theme.phrases)]
            start += len(theme.phrases)
        centroids = np.stack([item["centroid"] for item in evidence]) if evidence else np.empty((0, 0))
        for row, theme in enumerate(themes):
            words.score(row, theme, themes, centroids)
        if self._feel is not None:
            self._judge_tones(words, themes, self._feel)
        return Choice(words, themes, evidence).labels()

    @staticmethod
    def _judge_tones(words: ThemeWords, themes: Sequence[NamedTheme], feel: Feel) -> None:
        """Lower what praises a theme that most blame, where it is known who does."""
        felt = [row for row, item in enumerate(words.evidence) if item.get("polarity") is not None]
        read = [(row, i) for row in felt for i in words.likeliest(themes[row])]
        if not read:
            return
        tones = feel([" ".join(themes[row].phrases[i].words) for row, i in read], [themes[r].language for r, _ in read])
        found: dict[int, dict[int, float]] = {row: {} for row in felt}
        for (row, i), tone in zip(read, tones, strict=True):
            found[row][i] = float(tone)
        for row, own in found.items():
            words.judge_tone(row, themes[row], own)

    def describe(self, evidence: Sequence[Mapping[str, Any]], /) -> list[LabelledTheme]:
        """Return what :meth:`label` does, with its source."""
        return [LabelledTheme(label, "", "phrases") for label in self.label(evidence)]

    def language_of(self, item: Mapping[str, Any]) -> str:
        """Return the language to name a theme in: the reading language where two of its texts are in it."""
        counts = Counter(item["languages"])
        if counts[self.reading_language] >= min(2, sum(counts.values())):
            return self.reading_language
        return min(counts, key=lambda code: (-counts[code], code))

    def grammar(self, language: str) -> Grammar:
        """Return what is known of a language's small words."""
        return Grammar(language, self._stop_words(language), self._negations(language))
