"""The sentiment of statements: of each its own, since what a question asks for shades how its answers are meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from feedback_nlp.errors import EncoderError
from feedback_nlp.records import EMOTIONS, INTENTS, SentimentScore
from feedback_nlp.store import schema
from feedback_nlp.store.bulk import to_json
from feedback_nlp.store.database import Database

_PLACES = 4  # of a probability of an emotion or intent


class AskedStatement(NamedTuple):
    """A statement with the question that its feedback answers ("" for none)."""

    statement_id: str
    text_hash: str
    text: str
    language: str
    question: str


class Sentiment(Database):
    """The part of the store that keeps sentiment, emotions and intents."""

    def unscored(self, scorer: str, limit: int | None = None, *, after: str = "") -> list[AskedStatement]:
        """Return the statements not scored by this scorer, sorted by id, from behind the id ``after``."""
        s, f = schema.statement, schema.feedback
        query = (
            sa.select(s.c.statement_id, s.c.text_hash, s.c.text, s.c.language, f.c.question)
            .join_from(s, f, s.c.feedback_id == f.c.feedback_id)
            .where(_not_by(scorer), s.c.statement_id > after)
            .order_by(s.c.statement_id)
            .limit(limit)
        )
        with self._read() as connection:
            return [AskedStatement(*row) for row in connection.execute(query)]

    def asked_statement(self, statement_id: str) -> AskedStatement | None:
        """Return one statement, or None when there is none of that id."""
        s, f = schema.statement, schema.feedback
        query = (
            sa.select(s.c.statement_id, s.c.text_hash, s.c.text, s.c.language, f.c.question)
            .join_from(s, f, s.c.feedback_id == f.c.feedback_id)
            .where(s.c.statement_id == statement_id)
        )
        with self._read() as connection:
            row = connection.execute(query).first()
            return None if row is None else AskedStatement(*row)

    def count_unscored(self, scorer: str) -> int:
        """Return how many statements this scorer has not scored."""
        query = sa.select(sa.func.count(schema.statement.c.statement_id)).where(_not_by(scorer))
        with self._read() as connection:
            return int(connection.execute(query).scalar_one())

    def unscored_without_tones(
        self, scorer: str, tone_key: str, limit: int | None = None, *, after: str = ""
    ) -> list[tuple[str, str]]:
        """Return (text hash, text) of each distinct text that the scorer has not scored and that lacks the tone.

        Sorted by hash, from behind the hash ``after``.
        """
        s = schema.statement
        query = (
            sa.select(s.c.text_hash, sa.func.min(s.c.text))
            .where(_not_by(scorer), _without_tone(tone_key), s.c.text_hash > after)
            .group_by(s.c.text_hash)
            .order_by(s.c.text_hash)
            .limit(limit)
        )
        with self._read() as connection:
            return [(row[0], row[1]) for row in connection.execute(query)]

    def count_unscored_without_tones(self, scorer: str, tone_key: str) -> int:
        """Return how many distinct texts the scorer has not scored and lack the tone."""
        distinct = sa.func.count(sa.distinct(schema.statement.c.text_hash))
        with self._read() as connection:
            found = connection.execute(sa.select(distinct).where(_not_by(scorer), _without_tone(tone_key)))
            return int(found.scalar_one())

    def set_sentiment(self, scorer: str, statement_ids: Sequence[str], scores: Sequence[SentimentScore]) -> None:
        """Write one score a statement, in one transaction; a statement deleted meanwhile is left out.

        What an earlier scorer said of the statement is replaced: emotions and intents become null where this one does
        not look for them. Probabilities are kept to four places. Raises EncoderError for an emotion or intent that is
        none of :data:`~feedback_nlp.records.EMOTIONS` or :data:`~feedback_nlp.records.INTENTS`.
        """
        if not statement_ids:
            return
        s = schema.statement
        query = (
            s.update()
            .where(s.c.statement_id == sa.bindparam("of_statement"))
            .values(
                sentiment=sa.bindparam("polarity"),
                sentiment_label=sa.bindparam("label"),
                sentiment_confidence=sa.bindparam("sure"),
                emotions=sa.bindparam("felt"),
                intents=sa.bindparam("wanted"),
                sentiment_scorer=scorer,
            )
        )
        rows = [
            {
                "of_statement": statement_id,
                "polarity": float(score.polarity),
                "label": score.label,
                "sure": float(score.confidence),
                "felt": _found(scorer, score.emotions, EMOTIONS),
                "wanted": _found(scorer, score.intents, INTENTS),
            }
            for statement_id, score in zip(statement_ids, scores, strict=True)
        ]
        with self._write() as connection:
            connection.execute(query, rows)


def _not_by(scorer: str) -> sa.ColumnElement[bool]:
    return schema.statement.c.sentiment_scorer.is_distinct_from(scorer)


def _without_tone(tone_key: str) -> sa.ColumnElement[bool]:
    t = schema.tone
    return ~sa.exists().where(t.c.tone_key == tone_key, t.c.text_hash == schema.statement.c.text_hash)


def _found(scorer: str, probabilities: Mapping[str, float] | None, known: Sequence[str]) -> str | None:
    """Return what was found as JSON, None where it was not looked for."""
    if probabilities is None:
        return None
    strange = sorted(set(probabilities) - set(known))
    if strange:
        raise EncoderError(
            f"The sentiment scorer {scorer!r} found {', '.join(map(repr, strange))}; what can be found is "
            f"{', '.join(known)}. Mend the scorer or choose another with --sentiment."
        )
    return to_json({name: round(float(value), _PLACES) for name, value in probabilities.items()})
