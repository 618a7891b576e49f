"""Which words moved a score: leave each out and look how the score changes.

Erasure after Li, Monroe & Jurafsky 2016, "Understanding Neural Networks through Representation Erasure": what a word
contributes is the score with it less the score without it. The score is the log odds of positive against negative.
A negation is left out together with the word after it, since they work as one: without "not" alone, "not good" turns
to praise. What is left of a text is a text that nobody wrote, and words stand in for each other, so contributions do
not add up to the score, and a small one can have the wrong sign: they rank words, they do not divide a score.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from feedback_nlp.records import SentimentScore
from feedback_nlp.sentiment.surface import SURFACE_FEATURES, surface_features

MOST_VARIANTS = 60  # texts scored for one explanation
LEAST = 0.1  # log odds: what moves a score by less is not shown
_LEAST_PROBABILITY = 1e-6

Span = tuple[int, int]
ScoreTexts = Callable[[Sequence[str]], Sequence[SentimentScore]]


@dataclass(frozen=True, slots=True)
class Evidence:
    """``text[start:end]`` and its contribution in log odds: above 0 it speaks for positive, below 0 for negative.

    0.7 doubles (or halves) the odds of positive against negative, 2.3 makes them ten times as large.
    """

    start: int
    end: int
    contribution: float


def find_evidence(
    text: str, words: Sequence[Span], score_texts: ScoreTexts
) -> tuple[SentimentScore, tuple[Evidence, ...]]:
    """Return the score of ``text`` and the words that moved it, the strongest first; none of them overlap.

    ``words`` are the (start, end) of its words and emoji, in order, at least one; those of a long text are taken
    several at a time, so that at most :data:`MOST_VARIANTS` texts are scored. ``score_texts`` scores texts in the same
    circumstances (language, question). A text of one word is its own evidence, and its contribution the whole score.
    """
    units = _units(text, words)
    if len(units) == 1:
        (score,) = score_texts([text])
        return score, (Evidence(*units[0], round(log_odds(score), 4)),)
    scores = score_texts([text, *(_without(text, unit) for unit in units)])
    whole = log_odds(scores[0])
    moved = [round(whole - log_odds(score), 4) for score in scores[1:]]
    evidence = [Evidence(*unit, value) for unit, value in zip(units, moved, strict=True) if abs(value) >= LEAST]
    return scores[0], tuple(sorted(evidence, key=lambda item: (-abs(item.contribution), item.start)))


def log_odds(score: SentimentScore) -> float:
    """Return log P(positive) - log P(negative), which a score's polarity, label and confidence determine."""
    from math import log

    if score.label == "positive":
        positive, negative = score.confidence, score.confidence - score.polarity
    elif score.label == "negative":
        positive, negative = score.confidence + score.polarity, score.confidence
    else:
        rest = 1 - score.confidence
        positive, negative = (rest + score.polarity) / 2, (rest - score.polarity) / 2
    return log(max(positive, _LEAST_PROBABILITY)) - log(max(negative, _LEAST_PROBABILITY))


def _units(text: str, words: Sequence[Span]) -> list[Span]:
    """Return what is left out at a time: words, a negation with the next, and in a long text several neighbours."""
    negates = surface_features([text[start:end] for start, end in words])[:, SURFACE_FEATURES.index("is negated")] > 0
    joined: list[Span] = []
    open_negation = False
    for (start, end), is_negation in zip(words, negates.tolist(), strict=True):
        if open_negation:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
        open_negation = is_negation
    size = -(-len(joined) // (MOST_VARIANTS - 1))
    parts = [joined[at : at + size] for at in range(0, len(joined), size)]
    return [(part[0][0], part[-1][1]) for part in parts]


def _without(text: str, gap: Span) -> str:
    before, after = text[: gap[0]], text[gap[1] :]
    return (before + (after.lstrip() if before[-1:].isspace() else after)).strip()
