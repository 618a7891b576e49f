"""Sentiment, emotions and intents of statements, and databases from before there were tones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from feedback_nlp.errors import EncoderError
from feedback_nlp.records import SentimentScore, stable_hash
from feedback_nlp.store import Store, schema
from feedback_nlp.store.database import connect
from feedback_nlp.store.migrations import MIGRATIONS, migrate
from tests.store_rows import ENCODER, SENTENCES, feedback, ingest

LATE, KIND = "The parcel came late.", "The driver was kind."
COLUMNS = ("sentiment", "sentiment_label", "sentiment_confidence", "emotions", "intents")
ANGRY = SentimentScore(-0.75, "negative", 0.875, {"worry": 0.5, "anger": 0.912345}, {})
PLAIN = SentimentScore(0.25, "positive", 0.5)
# Tables that this step changes, as a database of schema 3 has them.
BEFORE = (
    "CREATE TABLE statement (statement_id TEXT NOT NULL PRIMARY KEY, feedback_id TEXT NOT NULL REFERENCES feedback "
    '(feedback_id) ON DELETE CASCADE, start INTEGER NOT NULL, "end" INTEGER NOT NULL, text TEXT NOT NULL, '
    "language TEXT NOT NULL, text_hash TEXT NOT NULL, sentiment DOUBLE PRECISION, sentiment_label TEXT, "
    "sentiment_confidence DOUBLE PRECISION, sentiment_scorer TEXT)",
    "CREATE INDEX ix_statement_feedback_id ON statement (feedback_id)",
    "CREATE INDEX ix_statement_text_hash ON statement (text_hash)",
)


def scored(store: Store) -> list[tuple[Any, ...]]:
    return store.read_frames()["statements"].select(COLUMNS).rows()


def test_each_statement_has_a_score_of_its_own(store_url: str) -> None:
    with Store.open(store_url) as store:
        late, kind, again, _ = ingest(store, feedback("f1", question="What was wrong?"), feedback("f2"))
        rows = sorted(
            (s.statement_id, s.text_hash, s.text, "en", "What was wrong?" if s.feedback_id == "f1" else "")
            for s in (late, kind, again, _)
        )
        assert store.unscored("head-1") == rows
        assert store.count_unscored("head-1") == 4
        assert store.unscored("head-1", limit=2) == rows[:2]
        assert store.unscored("head-1", limit=2, after=rows[1][0]) == rows[2:]
        store.set_sentiment("head-1", [late.statement_id, "gone", again.statement_id], [ANGRY, PLAIN, PLAIN])
        assert late.text_hash == again.text_hash
        assert scored(store) == [
            (-0.75, "negative", 0.875, '{"anger":0.9123,"worry":0.5}', "{}"),
            (None, None, None, None, None),
            (0.25, "positive", 0.5, None, None),
            (None, None, None, None, None),
        ]
        left = [row for row in rows if row[0] not in (late.statement_id, again.statement_id)]
        assert (store.unscored("head-1"), store.count_unscored("head-1")) == (left, 2)
        assert store.unscored("head-2") == rows
        store.set_sentiment("head-2", [late.statement_id], [PLAIN])  # it does not look for emotions
        assert scored(store)[0] == (0.25, "positive", 0.5, None, None)
        store.set_sentiment("head-2", [], [])


def test_an_emotion_that_is_none_is_refused(store_url: str) -> None:
    with Store.open(store_url) as store:
        late, _ = ingest(store, feedback("f1"))
        for score, words in (
            (SentimentScore(0, "neutral", 1, {"joy": 1, "glee": 1}), "scorer 'mine' found 'glee'; what .* anger, "),
            (SentimentScore(0, "neutral", 1, None, {"sale": 1}), "scorer 'mine' found 'sale'; what .* complaint, "),
        ):
            with pytest.raises(EncoderError, match=words):
                store.set_sentiment("mine", [late.statement_id], [score])
        assert store.count_unscored("mine") == 2


def test_texts_without_a_tone_are_those_that_are_to_be_scored(store_url: str) -> None:
    with Store.open(store_url) as store:
        late, kind, *rest = ingest(store, feedback("f1"), feedback("f2"), feedback("f3", SENTENCES["ar"]))
        todo = sorted({(s.text_hash, s.text) for s in (late, kind, *rest)})
        assert store.unscored_without_tones("head-1", "tone-1") == todo
        assert store.count_unscored_without_tones("head-1", "tone-1") == 4
        store.add_tones("tone-1", [late.text_hash], np.ones((1, 2), np.float32))
        left = [row for row in todo if row[0] != late.text_hash]
        assert store.unscored_without_tones("head-1", "tone-1") == left
        assert store.unscored_without_tones("head-1", "tone-1", limit=1) == left[:1]
        assert store.unscored_without_tones("head-1", "tone-1", limit=2, after=left[0][0]) == left[1:]
        assert store.count_unscored_without_tones("head-1", "tone-2") == 4
        every = [s.statement_id for s in (late, kind, *rest) if s.text_hash != stable_hash(KIND)]
        store.set_sentiment("head-1", every, [PLAIN] * len(every))
        assert store.unscored_without_tones("head-1", "tone-1") == [(stable_hash(KIND), KIND)]
        assert store.count_unscored_without_tones("head-1", "tone-1") == 1


def shape(store: Store) -> dict[str, Any]:
    inspector = sa.inspect(store._engine)
    return {
        table: (
            {column["name"]: column["nullable"] for column in inspector.get_columns(table)},
            inspector.get_pk_constraint(table)["constrained_columns"],
            sorted(str(index["name"]) for index in inspector.get_indexes(table)),
        )
        for table in ("statement", "tone")
    }


def test_a_database_from_before_tones_is_brought_up_to_date_and_scored_anew(store_url: str) -> None:
    with Store.open(store_url) as store:
        found = ingest(store, feedback("f1"))
        key = store.register_encoder(ENCODER)
        store.add_vectors(key, [s.text_hash for s in found], np.ones((2, 4), np.float32))
        fresh = shape(store)
        with store._write() as connection:
            for table in ("mention", "tag", "tone", "statement"):
                connection.exec_driver_sql(f"DROP TABLE {table}")
            for words in BEFORE:
                connection.exec_driver_sql(words)
            for s in found:
                old = (s.statement_id, s.feedback_id, s.start, s.end, s.text, s.language, s.text_hash)
                values = dict(zip("abcdefg", old, strict=True))
                names = ", ".join(f":{name}" for name in values)
                connection.execute(
                    sa.text(f"INSERT INTO statement VALUES ({names}, -0.5, 'negative', 0.75, 'head-0')"), values
                )
            connection.exec_driver_sql("ALTER TABLE feedback DROP COLUMN weight")
            connection.exec_driver_sql("ALTER TABLE feedback DROP COLUMN facts")
            connection.exec_driver_sql("DELETE FROM migration WHERE number > 3")
            schema.metadata.create_all(connection, tables=[schema.tag, schema.mention])
    engine = connect(store_url)
    assert migrate(engine) == [step.number for step in MIGRATIONS[3:]]
    engine.dispose()
    with Store.open(store_url) as store:
        assert shape(store) == fresh
        assert scored(store) == [(-0.5, "negative", 0.75, None, None)] * 2
        assert store.unscored_without_tones("head-1", "tone-1") == sorted((s.text_hash, s.text) for s in found)
        assert store.count_without_vectors(key) == 0
        assert [row.statement_id for row in store.unscored("head-1")] == sorted(s.statement_id for s in found)
        store.set_sentiment("head-1", [found[0].statement_id], [ANGRY])
        assert scored(store)[0] == (-0.75, "negative", 0.875, '{"anger":0.9123,"worry":0.5}', "{}")
