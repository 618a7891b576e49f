"""Sentiment over the store: what the scorer in force has not scored is scored, with what the question asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from feedback_nlp.pipeline.progress import Progress, silent
from feedback_nlp.settings import Settings

if TYPE_CHECKING:
    from feedback_nlp.encoding import LoadedEncoder
    from feedback_nlp.sentiment import AnyScorer
    from feedback_nlp.store import Store
    from feedback_nlp.store.sentiment import AskedStatement

SCORE_AT_ONCE = 4096  # statements scored before they are stored: what a killed process has to do again
TONES_AT_ONCE = 512  # texts encoded for their tones before those are stored

_LISTED = {"praise": 1.0, "improve": -1.0}


def score_pending(store: Store, encoder: LoadedEncoder, settings: Settings, progress: Progress = silent) -> int:
    """Score every statement that the scorer in force has not scored, and return how many.

    Their texts have been encoded. With sentiment "off" nothing is scored, and what was scored stays. Tones that a text
    lacks are made first: in a database from before there were any, or with an encoder that makes none. Each batch is
    stored at once, so that after a killed run it goes on where it stopped. Raises what
    :func:`~feedback_nlp.sentiment.load_scorer` raises.
    """
    from feedback_nlp.encoding import load_tone_encoder
    from feedback_nlp.sentiment import load_scorer

    if settings.sentiment == "off":
        return 0
    toner = load_tone_encoder(settings, encoder)
    scorer = load_scorer(settings, toner.tone_key)
    if scorer is None:
        return 0
    total = store.count_unscored(scorer.key)
    if total and scorer.tone_key is not None:
        _make_tones(store, toner, scorer, progress)
    key = store.register_encoder(encoder.identity)
    leanings: dict[str, float] = {"": 0.0}
    done, last = 0, ""
    while waiting := store.unscored(scorer.key, SCORE_AT_ONCE, after=last):
        last = waiting[-1].statement_id
        _lean(leanings, {row.question for row in waiting}, scorer, toner)
        done += _score(store, key, scorer, waiting, leanings)
        progress("sentiment", done, total)
    return done


def phrase_polarity(settings: Settings, encoder: LoadedEncoder) -> Callable[..., np.ndarray] | None:
    """Return what reads phrases for how they sound: (phrases, languages) to polarities (n,), -1..1.

    None with sentiment "off" and where no scorer is.
    """
    from feedback_nlp.encoding import load_tone_encoder
    from feedback_nlp.sentiment import load_scorer

    if settings.sentiment == "off":
        return None
    toner = load_tone_encoder(settings, encoder)
    scorer = load_scorer(settings, toner.tone_key)
    if scorer is None:
        return None

    def polarity(phrases: Sequence[str], languages: Sequence[str]) -> np.ndarray:
        texts = list(phrases)
        vectors, tones = toner.encode_with_tone(texts) if scorer.tone_key else (encoder.encode(texts), None)
        return np.array([score.polarity for score in scorer.score(vectors, texts, list(languages), tones=tones)])

    return polarity


def _make_tones(store: Store, toner: LoadedEncoder, scorer: AnyScorer, progress: Progress) -> None:
    """Encode the texts to be scored that have no tone yet, chunk by chunk."""
    assert scorer.tone_key is not None
    total = store.count_unscored_without_tones(scorer.key, scorer.tone_key)
    done, last = 0, ""
    while missing := store.unscored_without_tones(scorer.key, scorer.tone_key, TONES_AT_ONCE, after=last):
        last = missing[-1][0]
        tones = _tones_of(toner, [text for _, text in missing])
        store.add_tones(scorer.tone_key, [text_hash for text_hash, _ in missing], tones)
        done += len(missing)
        progress("encode", min(done, total), total)


def _lean(leanings: dict[str, float], questions: set[str], scorer: AnyScorer, toner: LoadedEncoder) -> None:
    """Add what these questions ask for, -1..1: by the wordings that are listed, else as the scorer reads them."""
    from feedback_nlp.language.questions import question_polarity

    if scorer.tone_key is None:
        return
    new = sorted(questions - leanings.keys())
    leanings |= {question: _LISTED[asked] for question in new if (asked := question_polarity(question))}
    unlisted = [question for question in new if question not in leanings]
    if unlisted:
        found = scorer.question_leanings(unlisted, _tones_of(toner, unlisted))
        leanings |= zip(unlisted, map(float, found), strict=True)


def _score(
    store: Store, key: str, scorer: AnyScorer, waiting: Sequence[AskedStatement], leanings: dict[str, float]
) -> int:
    """Score and store these statements but those that another process has just added and is encoding."""
    hashes = [row.text_hash for row in waiting]
    known, vectors = store.vectors(key, hashes)
    place = {text_hash: row for row, text_hash in enumerate(known)}
    toned: dict[str, int] = place
    tones: np.ndarray | None = None
    if scorer.tone_key is not None:
        with_tone, tones = store.tones(scorer.tone_key, hashes)
        toned = {text_hash: row for row, text_hash in enumerate(with_tone)}
    rows = [row for row in waiting if row.text_hash in place and row.text_hash in toned]
    if not rows:
        return 0
    scores = scorer.score(
        vectors[[place[row.text_hash] for row in rows]],
        [row.text for row in rows],
        [row.language for row in rows],
        tones=None if tones is None else tones[[toned[row.text_hash] for row in rows]],
        leanings=np.array([leanings.get(row.question, 0.0) for row in rows]),
    )
    store.set_sentiment(scorer.key, [row.statement_id for row in rows], scores)
    return len(rows)


def _tones_of(toner: LoadedEncoder, texts: Sequence[str]) -> np.ndarray:
    tones = toner.encode_with_tone(texts)[1]
    assert tones is not None  # it has a tone key
    return tones
