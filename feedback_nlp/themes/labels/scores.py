"""How well each candidate names its theme: by meaning, by the theme's own words, and by shape."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from feedback_nlp.themes.labels.keywords import PLACEHOLDER, TOKEN
from feedback_nlp.themes.labels.phrases import Candidate, Grammar, Phrase, candidates_in, phrases_of, shares
from feedback_nlp.themes.labels.word_forms import Spelling, spelling_of, stems_of
from feedback_nlp.themes.labels.words import is_declined, is_speaking

READ = 400  # statements read for each theme
CANDIDATES = 30  # phrases encoded for each theme, the likeliest by their words
NEAREST = 12  # clauses of the nearest statements that are encoded as well
SHAPE = {1: 0.0, 2: 0.9, 3: 1.0, 4: 1.0, 5: 0.85}  # one word hints at a theme, two to four name it
TOPIC = {1: 0.65, 2: 1.0, 3: 0.9, 4: 0.5}  # what covers several sub-themes is short
SAID_IN = 0.06  # share of a sub-theme's people who use a word, for the word to cover it
UNUSUAL = 0.05  # share of a word's forms below which a form is a slip, or stands for an odd case
USUAL = 20  # times that the forms of a word are said, for the share to tell something
TONED = 12  # likeliest phrases of a theme that are read for praise and blame
CLEAR_TONE = 0.25  # |polarity| from which a text praises or blames
MOST_PEOPLE = (
    0.4,
    0.6,
)  # share of a theme's people of a name's own tone: up to the first it misleads, from the second not
MISLEADS = 0.4  # what a name loses by it
CAPITAL_NOUNS = ("de", "lb")  # where capitals tell no names


@dataclass
class NamedTheme:
    """What is known of one theme while names are chosen; ``vectors`` (len(phrases), p), ``scores`` (len(phrases),)."""

    language: str
    parent: int | None
    children: list[int]
    size: float
    phrases: list[Phrase]
    vectors: np.ndarray
    scores: np.ndarray
    covered: np.ndarray


@dataclass(frozen=True)
class _Read:
    """What is read of a theme in one language, (m,) each: texts, who said them, cosine to the theme, sentiment."""

    texts: list[str]
    people: np.ndarray
    nearness: np.ndarray
    polarity: np.ndarray | None


class ThemeWords:
    """The words of all themes, so that those of one can be held against the others'."""

    def __init__(self, evidence: Sequence[Mapping[str, Any]], grammars: Sequence[Grammar]) -> None:
        """``grammars`` has one a theme: of the language that it is named in."""
        self.evidence = evidence
        self.languages = [grammar.language for grammar in grammars]
        self.parents: list[int | None] = [item.get("parent") for item in evidence]
        self.children = [[r for r, parent in enumerate(self.parents) if parent == row] for row in range(len(evidence))]
        self.grammars = {grammar.language: grammar for grammar in grammars}
        self.stems: dict[str, dict[str, str]] = {}
        self.spelling: dict[str, Spelling] = {}
        self._codes = [np.asarray(item["languages"]) for item in evidence]
        self._read: dict[tuple[int, str], _Read] = {}
        self._shares: dict[tuple[int, str], Counter[str]] = {}
        self._everywhere: dict[tuple[bool, str], tuple[Counter[str], int]] = {}
        self._weights_of: dict[tuple[int, str], dict[str, float]] = {}
        self._candidates: dict[tuple[str, str], tuple[Candidate, ...]] = {}
        self._unusual: dict[str, frozenset[str]] = {}
        for code, grammar in self.grammars.items():
            self._learn(code, grammar.stop)

    def _learn(self, code: str, stop: frozenset[str]) -> None:
        """Learn a language's spelling and stems, and the share of each theme's people who use a stem."""
        texts = sorted({text for row in range(len(self.evidence)) for text in self._own(row, code).texts})
        self.spelling[code] = spelling_of(texts, TOKEN)
        words_of = {text: TOKEN.findall(PLACEHOLDER.sub(" ", text).lower().replace("’", "'")) for text in texts}
        said = Counter(chain.from_iterable(words_of.values()))
        stems = self.stems[code] = stems_of(said)
        forms = Counter[str]()
        for word, n in said.items():
            forms[stems[word]] += n
        self._unusual[code] = frozenset(
            word for word, n in said.items() if forms[stems[word]] >= USUAL and n < UNUSUAL * forms[stems[word]]
        )
        stems_in = {text: {stems[word] for word in words if word not in stop} for text, words in words_of.items()}
        for row in range(len(self.evidence)):
            own = self._own(row, code)
            self._shares[row, code] = shares([sorted(stems_in[text]) for text in own.texts], own.people)
        for wide in (False, True):
            heard = [self._shares[row, code] for row in self._peers(wide)]
            total = Counter[str]()
            for own_shares in heard:
                for stem, share in own_shares.items():
                    total[stem] += share
            self._everywhere[wide, code] = (total, sum(map(bool, heard)))

    def _peers(self, wide: bool) -> list[int]:
        """Return the rows that a theme is held against: of the top level where it is ``wide``, else of the lowest."""
        every = range(len(self.evidence))
        return [row for row in every if (self.parents[row] is None if wide else not self.children[row])]

    def _own(self, row: int, language: str) -> _Read:
        """Return what is read of a theme in a language; spread out where the theme is wide."""
        if (row, language) not in self._read:
            item = self.evidence[row]
            rows = np.flatnonzero(self._codes[row] == language)
            if self.children[row] and len(rows) > READ:
                rows = rows[np.linspace(0, len(rows) - 1, READ).astype(int)]
            rows = rows[:READ]
            people = np.asarray(item.get("weights", np.ones(len(item["texts"]))), dtype=np.float64)[rows]
            polarity = item.get("polarity")
            self._read[row, language] = _Read(
                [item["texts"][r] for r in rows],
                people,
                np.asarray(item["nearness"])[rows],
                None if polarity is None else np.asarray(polarity)[rows],
            )
        return self._read[row, language]

    def _candidates_in(self, text: str, language: str) -> tuple[Candidate, ...]:
        if (text, language) not in self._candidates:
            self._candidates[text, language] = tuple(candidates_in(text, self.grammars[language]))
        return self._candidates[text, language]

    def key(self, phrase: Sequence[str], language: str) -> frozenset[str]:
        """Return what a phrase is about: the stems of its words without small ones. Names with one key are alike."""
        stems = self.stems[language]
        return frozenset(stems.get(word, word) for word in self.grammars[language].content(phrase))

    def theme(self, row: int) -> NamedTheme:
        """Return a theme with the candidates that are worth encoding."""
        language = self.languages[row]
        own = self._own(row, language)
        found = phrases_of([self._candidates_in(text, language) for text in own.texts], own.people)
        total = float(own.people.sum())
        several = 1 if total < 8 else max(2, round(0.008 * total))
        weights = self._weights(row, language)
        found = [p for p in found if not self._names_somebody(p, language, several)]
        likely = [p for p in found if p.people >= several]
        likely.sort(key=lambda p: (-self._worth(p, weights, language, total), p.words))
        near = sorted((p for p in found if p.whole and 2 <= len(p.words) <= 5), key=lambda p: (p.rows[0], p.words))
        kept = {p.words: p for p in likely[:CANDIDATES] + near[:NEAREST]}
        return NamedTheme(
            language, self.parents[row], self.children[row], total, [kept[w] for w in sorted(kept)],
            np.empty(0), np.empty(0), np.empty(0),
        )  # fmt: skip

    def _names_somebody(self, phrase: Phrase, language: str, several: float) -> bool:
        """Return whether it holds a name that hardly anybody else gives: a place or a person is no theme."""
        if language in CAPITAL_NOUNS or phrase.people >= max(3, several):
            return False
        return any(word in self.spelling[language].proper for word in phrase.words)

    def _weights(self, row: int, language: str) -> dict[str, float]:
        """Return how much each stem is the theme's own: its share, and how far that is above other themes' share."""
        if (row, language) in self._weights_of:
            return self._weights_of[row, language]
        own = self._shares[row, language]
        wide = self.parents[row] is None and bool(self.children[row])
        everywhere, heard = self._everywhere[wide, language]
        family = {row, self.parents[row], *self.children[row]} & set(self._peers(wide))
        kin = [self._shares[r, language] for r in sorted(r for r in family if r is not None)]
        others = heard - sum(map(bool, kin))
        weights = {}
        for stem, share in own.items():
            outside = max(0.0, everywhere[stem] - sum(k[stem] for k in kin)) / others if others else 0.0
            weights[stem] = math.sqrt(share) * math.log2(1 + share / (outside + 0.01))
        best = max(weights.values(), default=1.0)
        found = self._weights_of[row, language] = {stem: weight / best for stem, weight in weights.items()}
        return found

    def _worth(self, phrase: Phrase, weights: Mapping[str, float], language: str, total: float) -> float:
        stems = self.key(phrase.words, language)
        own = sum(weights.get(stem, 0.0) for stem in stems) / len(stems)
        return own + 0.5 * math.log1p(phrase.people) / math.log1p(total)

    def score(self, row: int, theme: NamedTheme, themes: Sequence[NamedTheme], centroids: np.ndarray) -> None:
        """Set how well each candidate names the theme, and how much of its sub-themes it covers, 0..1."""
        if not theme.phrases:
            return
        language = theme.language
        own = self._own(row, language)
        people, nearness, polarity = own.people, own.nearness, own.polarity
        weights = self._weights(row, language)
        shape = TOPIC if theme.children else SHAPE
        cosines = theme.vectors @ centroids.T
        family = {row, theme.parent, *theme.children}
        others = [r for r, t in enumerate(themes) if r not in family and bool(t.children) == bool(theme.children)]
        elsewhere = cosines[:, others].max(axis=1) if others else np.zeros(len(theme.phrases))
        stop = self.grammars[language].stop
        several = 1 if theme.size < 8 else 2 if theme.size < 100 else 3
        felt = np.average(polarity, weights=people) if polarity is not None else 0.0
        scores, covered = [], []
        for i, p in enumerate(theme.phrases):
            rows = list(p.rows)
            covered.append(self._covered(p, theme, themes))
            near = float(cosines[i, row])
            score = (
                0.5 * near
                + 0.4 * float(np.average(nearness[rows], weights=people[rows]))
                - 0.4 * max(0.0, float(elsewhere[i]) - near + 0.1)
                + 0.45 * self._worth(p, weights, language, theme.size)
                + 0.4 * shape.get(len(p.words), 0.2)
                + (0.08 if p.whole and not theme.children else 0.0)
                - (0.2 if p.words[-1] in stop else 0.0)
                - (0.15 if p.people < several else 0.0)
                - (0.2 if is_declined(p.words[0], language) else 0.0)
                - 0.15 * sum(word in self._unusual[language] for word in p.words)
                - 0.12 * sum(is_speaking(word, language) for word in p.words)
            )
            if polarity is not None:
                score -= 0.25 * abs(float(np.average(polarity[rows], weights=people[rows])) - float(felt))
            if theme.children:
                score += 0.5 * covered[-1]
            scores.append(round(score, 4))
        theme.scores, theme.covered = np.array(scores), np.array(covered)

    def likeliest(self, theme: NamedTheme) -> list[int]:
        """Return the candidates of several words that are read for their tone, best first."""
        several = [i for i, phrase in enumerate(theme.phrases) if len(phrase.words) > 1]
        return sorted(several, key=lambda i: (-theme.scores[i], theme.phrases[i].words))[:TONED]

    def judge_tone(self, row: int, theme: NamedTheme, polarity: Mapping[int, float]) -> None:
        """Lower the candidates that praise a theme most of whose people do not, or blame it; ``polarity`` by candidate.

        A thing alone ("invoice") praises nothing; what nobody read for its tone ranks behind what was read.
        """
        for i, phrase in enumerate(theme.phrases):
            if len(phrase.words) > 1:
                theme.scores[i] -= MISLEADS * (self._misleads(row, polarity[i]) if i in polarity else 1.0)

    def _misleads(self, row: int, tone: float) -> float:
        """Return how far a name of that tone speaks for others than most of the theme's people, 0..1."""
        if abs(tone) < CLEAR_TONE:
            return 0.0
        item = self.evidence[row]
        felt = np.asarray(item["polarity"])
        people = np.asarray(item.get("weights", np.ones(len(felt))), dtype=np.float64)
        alike = float(people[felt * np.sign(tone) >= CLEAR_TONE].sum() / people.sum())
        least, most = MOST_PEOPLE
        return float(np.clip((most - alike) / (most - least), 0.0, 1.0))

    def _covered(self, phrase: Phrase, theme: NamedTheme, themes: Sequence[NamedTheme]) -> float:
        sizes = [themes[child].size for child in theme.children]
        stems = self.key(phrase.words, theme.language)
        heard = [
            sum(self._shares[child, theme.language][stem] >= SAID_IN for stem in stems) / len(stems)
            for child in theme.children
        ]
        return float(np.average(heard, weights=sizes)) if heard and sum(sizes) > 0 else 0.0

    def written(self, phrase: Sequence[str], language: str, *, begins: bool = True) -> str:
        """Return a phrase as people write it, beginning with a capital unless it goes on."""
        natural = self.spelling[language].natural
        text = " ".join(natural.get(word, word) for word in phrase)
        if language == "en":
            text = re.sub(r"\bi\b", "I", text)
        return text[:1].upper() + text[1:] if begins else text
