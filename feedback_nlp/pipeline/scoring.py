"""Sentiment over the store: what the scorer in force has not scored is scored, with what the question asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from feedback_nlp.pipeline.progress import Progress, silent
from feedback_nlp.settings import Settings

if TYPE_CHECKING:
    from feedback_nlp.encoding import LoadedEncoder
    from feedback_nlp.store import Store

SCORE_AT_ONCE = 8192  # statements scored and stored in one transaction


def score_pending(store: Store, encoder: LoadedEncoder, settings: Settings, progress: Progress = silent) -> int:
    """Score every statement that the scorer in force has not scored, and return how many; all have their vectors.

    With sentiment "off" nothing is scored, and what was scored stays. Tones that a text lacks, as in a database from
    before there were any or with an encoder that makes none, are made first. Each batch is stored at once, so that
    after a killed run it goes on where it stopped.
    """
    from feedback_nlp.encoding.sentiment import load_scorer

    if settings.sentiment == "off":
        return 0
    scorer = load_scorer(encoder.identity)
    if scorer is None:
        return 0
    total = store.count_unscored(scorer.key)
    key = store.register_encoder(encoder.identity)
    done, last = 0, ""
    while rows := store.unscored(scorer.key, SCORE_AT_ONCE, after=last):
        last = rows[-1].statement_id
        # What another process added meanwhile has no vector yet, and is scored by that one.
        hashes, vectors = store.vectors(key, [row.text_hash for row in rows])
        place = {text_hash: number for number, text_hash in enumerate(hashes)}
        rows = [row for row in rows if row.text_hash in place]
        at = [place[row.text_hash] for row in rows]
        scores = scorer.score(vectors[at], [row.text for row in rows], [row.language for row in rows])
        store.set_sentiment(scorer.key, [row.statement_id for row in rows], scores)
        done += len(rows)
        progress("sentiment", done, total)
    return done
