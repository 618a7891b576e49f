"""What a statement feels and wants, and the words that say so: what the command line and the app show on demand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from feedback_nlp.errors import NothingToShow, SettingError
from feedback_nlp.records import SentimentScore
from feedback_nlp.settings import Settings

if TYPE_CHECKING:
    from feedback_nlp.encoding import LoadedEncoder
    from feedback_nlp.sentiment import AnyScorer
    from feedback_nlp.sentiment.evidence import Evidence
    from feedback_nlp.store import Store


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a text was scored, and why.

    ``leaning`` (-1..1) is what the question asks for: above 0 what is good, below 0 what is bad. ``evidence`` are the
    words that moved the score, the strongest first; they do not overlap, and their contributions do not add up to the
    score. ``scorer_key`` names what scored it.
    """

    text: str
    language: str
    question: str
    leaning: float
    score: SentimentScore
    evidence: tuple[Evidence, ...]
    scorer_key: str
    statement_id: str | None = None


def explain_text(
    text: str, language: str | None, question: str, settings: Settings, encoder: LoadedEncoder | None = None
) -> Explanation:
    """Return how ``text`` is scored and by which of its words, after at most 60 encodings in one batch.

    ``language`` is an ISO 639-1 code, None to have it detected; ``question`` is what was asked, "" when unknown. The
    text is cleaned and redacted first, as ingest does, and the explanation holds it so. Raises NothingToShow for a
    text without a word, SettingError when sentiment is off, and what loading the encoder and scorer raises.
    """
    from feedback_nlp.language.text_floor import TextFloor, WrittenText

    _require_on(settings)
    (prepared,) = TextFloor(settings).prepare([WrittenText(text, language, question)])
    return _explained(prepared.text, prepared.language, question, settings, encoder, None)


def explain_statement(
    store: Store, statement_id: str, settings: Settings, encoder: LoadedEncoder | None = None
) -> Explanation:
    """Return the same of a stored statement, under the question that it answers.

    Raises NothingToShow when there is no such statement, and what :func:`explain_text` raises.
    """
    _require_on(settings)
    found = store.asked_statement(statement_id)
    if found is None:
        raise NothingToShow(
            f"There is no statement {statement_id!r}. `feedback-nlp sentiment list` and `themes statements` show ids."
        )
    return _explained(found.text, found.language, found.question, settings, encoder, statement_id)


def word_spans(text: str, language: str) -> tuple[tuple[int, int], ...]:
    """Return the (start, end) of the words and emoji of a text.

    Clipped words go with their neighbour ("isn't", "l'app"), a run of letters without spaces (Chinese, Japanese,
    Thai) is taken in pairs of characters; marks alone and placeholders such as <PERSON_1> are no words.
    """
    from feedback_nlp.language.redaction.redactor import PLACEHOLDER
    from feedback_nlp.language.splitting.tokens import MARK, tokenize

    tokens = tokenize(text, language)
    hidden = [match.span() for match in PLACEHOLDER.finditer(text)]
    spans: list[tuple[int, int]] = []
    last_clipped = False
    for start, end, kind, size in zip(tokens.starts, tokens.ends, tokens.kinds, tokens.sizes, strict=True):
        if kind == MARK or any(first <= start < last for first, last in hidden):
            last_clipped = False
            continue
        clipped = size == 0 and any(character.isalpha() for character in text[start:end])
        if spans and spans[-1][1] == start and (clipped or last_clipped):
            spans[-1] = (spans[-1][0], end)
        elif size > 1:
            step = round((end - start) / size)
            spans += [(at, min(at + step, end)) for at in range(start, end, step)]
        else:
            spans.append((start, end))
        last_clipped = clipped
    return tuple(spans)


def _explained(
    text: str,
    language: str,
    question: str,
    settings: Settings,
    encoder: LoadedEncoder | None,
    statement_id: str | None,
) -> Explanation:
    from feedback_nlp.sentiment.evidence import find_evidence

    scoring = _Scoring(settings, encoder)
    words = word_spans(text, language)
    if not words:
        raise NothingToShow("The text holds no word and no emoji, so that there is nothing to score. Give another one.")
    leaning = scoring.leaning(question)
    score, evidence = find_evidence(text, words, lambda texts: scoring.scores(texts, language, leaning))
    return Explanation(text, language, question, leaning, score, evidence, scoring.scorer.key, statement_id)


def _require_on(settings: Settings) -> None:
    if settings.sentiment == "off":
        raise SettingError("sentiment = 'off', so that nothing is scored. Set it to 'bundled' to see a score.")


class _Scoring:
    """The encoder and the scorer in force, for a few texts that are stored nowhere."""

    def __init__(self, settings: Settings, encoder: LoadedEncoder | None) -> None:
        from feedback_nlp.encoding import load_encoder, load_tone_encoder
        from feedback_nlp.sentiment import load_scorer

        self._encoder = encoder or load_encoder(settings)
        self._toner = load_tone_encoder(settings, self._encoder)
        scorer = load_scorer(settings, self._toner.tone_key)
        if scorer is None:
            raise SettingError("There is no sentiment head for this encoder. Choose encoder = 'multilingual'.")
        self.scorer: AnyScorer = scorer

    def leaning(self, question: str) -> float:
        """Return what a question asks for."""
        if not question.strip() or self.scorer.tone_key is None:
            return 0.0
        tones = self._toner.encode_with_tone([question])[1]
        assert tones is not None  # it has a tone key
        return float(self.scorer.question_leanings([question], tones)[0])

    def scores(self, texts: Sequence[str], language: str, leaning: float) -> list[SentimentScore]:
        """Return the scores of texts of one language and question, encoded in one batch."""
        vectors, tones = self._encoder.encode_with_tone(texts)
        if tones is None and self.scorer.tone_key is not None:
            tones = self._toner.encode_with_tone(texts)[1]
        leanings = np.full(len(texts), leaning)
        return self.scorer.score(vectors, texts, [language] * len(texts), tones=tones, leanings=leanings)
