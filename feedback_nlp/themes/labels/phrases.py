"""Candidates for a theme's name: phrases whole in themselves, cut out of what people wrote, with who says them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from feedback_nlp.themes.labels.keywords import PLACEHOLDER, TOKEN
from feedback_nlp.themes.labels.word_forms import folded
from feedback_nlp.themes.labels.words import conjunction, first_person, openers, particles, prepositions

LONGEST = 4  # words in a phrase between stop words
LONGEST_CLAUSE = 5  # words in a clause that can stand as a name
WIDEST = 48  # characters in a name
Candidate = tuple[tuple[str, ...], bool]  # words, and whether they are a whole clause
BROKEN = "\x00"  # where a value was taken out: a clause around it says too little
_BREAK = re.compile(r"[.,;:!?()\[\]{}\"“”„«»…،؛؟。，！？、\n/|—–*]+|\s-+\s")
_SHORTENED = re.compile(r"\b([^\W\d_]{1,4})\.(?=\s?([^\W\d_]))")
_WORDLIKE = re.compile(r"\w")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True)
class Grammar:
    """What is known of a language's small words; ``stop`` is empty for a language that nobody listed."""

    language: str
    stop: frozenset[str]
    negations: frozenset[str]

    @property
    def speakers(self) -> frozenset[str]:
        """Words for who speaks."""
        return first_person(self.language)

    @property
    def prepositions(self) -> frozenset[str]:
        """Prepositions, where nouns are declined after them."""
        return prepositions(self.language)

    @property
    def particles(self) -> frozenset[str]:
        """Words that may belong to the verb before them."""
        return particles(self.language)

    @cached_property
    def openers(self) -> frozenset[str]:
        """Stop words that may open a name."""
        return self.negations | openers(self.language)

    def content(self, words: Sequence[str]) -> tuple[str, ...]:
        """Return the words that say what it is about; all where there are only small ones."""
        return tuple(word for word in words if word.lower() not in self.stop) or tuple(words)


@dataclass(frozen=True)
class Phrase:
    """A candidate; ``words`` in lower case, ``people`` who said it, ``whole`` where it is a clause of somebody's."""

    words: tuple[str, ...]
    people: float
    whole: bool
    rows: tuple[int, ...]  # texts that say it


def phrases_of(
    texts: Sequence[Iterable[Candidate]], people: Sequence[float] | np.ndarray, key: Callable[[str], str] = folded
) -> list[Phrase]:
    """Return the candidates in texts, each given by its :func:`candidates_in`; ``people`` (n,) is how many said each.

    A phrase is counted under the ``key`` of its words, so that accents, case and inflection do not split it, and shown
    in its commonest wording.
    """
    said: dict[tuple[str, ...], dict[int, float]] = {}
    wordings: dict[tuple[str, ...], dict[tuple[str, ...], float]] = {}
    clauses: set[tuple[str, ...]] = set()
    for row, (text, n) in enumerate(zip(texts, people, strict=True)):
        for words, whole in text:
            group = tuple(map(key, words))
            said.setdefault(group, {})[row] = n
            forms = wordings.setdefault(group, {})
            forms[words] = forms.get(words, 0) + n
            if whole:
                clauses.add(group)
    return [
        Phrase(min(forms, key=lambda words: (-forms[words], words)), sum(rows.values()), group in clauses, tuple(rows))
        for (group, rows), forms in zip(said.items(), wordings.values(), strict=True)
    ]


def candidates_in(text: str, grammar: Grammar) -> Iterator[Candidate]:
    """Yield (words, whether they are a whole clause) for each candidate in a text."""
    for part in _BREAK.split(_SHORTENED.sub(_without_stop, PLACEHOLDER.sub(BROKEN, text))):
        pieces: list[list[str]] = [[]]
        broken = BROKEN in part
        for piece in part.lower().replace("’", "'").split():
            words = TOKEN.findall(piece)
            said = "".join(filter(_WORDLIKE.match, piece)).replace("_", "")
            # "20-30" is a number and "s8" a name; what is no word is a number, or where a value was taken out.
            plain = (words == [piece] or "".join(words) == said) and sum(map(str.isdigit, piece)) < 2
            if plain:
                pieces[-1] += words
            else:
                pieces.append([])
                broken = True
        if not broken and (trimmed := _trimmed(pieces[0], grammar)) and _fits(trimmed, LONGEST_CLAUSE):
            yield trimmed, True
        if not _UNSPACED.search(part):
            for place, words in enumerate(pieces):
                cut = (place > 0, place + 1 < len(pieces))
                yield from ((run, False) for run in _runs(words, grammar, *cut))


def _without_stop(found: re.Match[str]) -> str:
    """Return a short word and what follows without the stop between them: "tech. support" goes on, though broken."""
    return f"{found[1]} {BROKEN} " if found[2].islower() else found[0]


def _fits(words: Sequence[str], most: int) -> bool:
    return len(words) <= most and len(" ".join(words)) <= WIDEST and len(set(words)) == len(words)


def _trimmed(words: Sequence[str], grammar: Grammar) -> tuple[str, ...]:
    """Return a clause without what opens it ("I think the", "there is") and without a speaker at its end ("to me")."""
    start, end = 0, len(words)
    while start < end and words[start] in grammar.stop and words[start] not in grammar.openers:
        start += 1
    if start and words[start - 1] in grammar.prepositions:
        return ()
    tail = end
    while tail > start and words[tail - 1] in grammar.stop:
        tail -= 1
    if set(words[tail:]) & grammar.speakers:
        end = tail
    kept = tuple(words[start:end])
    return kept if any(word not in grammar.stop for word in kept) else ()


def _runs(
    words: Sequence[str], grammar: Grammar, cut_before: bool = False, cut_after: bool = False
) -> Iterator[tuple[str, ...]]:
    """Yield runs of 1 to 4 words that break off at neither end: stop words or the clause's ends are beside them.

    What follows a negation is not counted without it: "never had an outage" does not say "outage". A number beside
    them (``cut_before``, ``cut_after``) is no end: "20 minutes to speak to somebody" is not "minutes".
    """
    stop, n = grammar.stop, len(words)
    denied = False
    for start in range(n):
        word = words[start]
        opens = (word not in stop and len(word) > 1) or word in grammar.openers
        whole_left = not cut_before if start == 0 else words[start - 1] in stop or not stop
        whole_left = whole_left and not (start and words[start - 1] in grammar.prepositions)
        if opens and whole_left and not (denied and word not in grammar.openers):
            for end in range(start + 1, min(n, start + LONGEST) + 1):
                whole_right = not cut_after if end == n else words[end] in stop or not stop
                whole_right = whole_right and not (end < n and words[end] in grammar.particles)
                closes = words[end - 1] not in stop and len(words[end - 1]) > 1
                run = tuple(words[start:end])
                if (
                    whole_right
                    and closes
                    and len("".join(run)) >= 3
                    and _fits(run, LONGEST)
                    and not _crosses(run, grammar)
                ):
                    yield run
        denied = denied or word in grammar.openers


def _crosses(run: Sequence[str], grammar: Grammar) -> bool:
    """Return whether another clause begins inside: "home and the connection", unlike "fast and reliable"."""
    joint = conjunction(grammar.language)
    return any(one == joint and other in grammar.stop for one, other in pairwise(run))


def shares(stems: Sequence[Iterable[str]], people: Sequence[float] | np.ndarray) -> Counter[str]:
    """Return, for each stem, the share of people whose text has it, 0..1; ``stems`` (n,) has each of a text once."""
    total = max(1e-9, float(sum(people)))
    found: dict[str, float] = {}
    for text, n in zip(stems, people, strict=True):
        share = n / total
        for stem in text:
            found[stem] = found.get(stem, 0.0) + share
    return Counter(found)  # a count that is a share
