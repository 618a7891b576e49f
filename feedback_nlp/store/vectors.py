"""What is computed once for each distinct text: its vector for an encoder, and its sentiment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import sqlalchemy as sa

from feedback_nlp.errors import EncoderError
from feedback_nlp.records import EncoderIdentity, SentimentScore
from feedback_nlp.store import schema
from feedback_nlp.store.bulk import CHUNK, chunks, insert_rows
from feedback_nlp.store.database import Database

_STORED = np.dtype("<f2")


class Vectors(Database):
    """The part of the store that keeps vectors and sentiment."""

    def register_encoder(self, identity: EncoderIdentity) -> str:
        """Remember the encoder and return the key of its vectors."""
        with self._read() as connection:
            known = connection.execute(_encoder_query(identity.key)).first()
        if known is None:
            with self._write() as connection:
                row = {"encoder_key": identity.key, **asdict(identity)}
                insert_rows(connection, schema.encoder, [row], on_conflict="nothing")
        return identity.key

    def encoders(self) -> dict[str, EncoderIdentity]:
        """Return the encoders that vectors or codebooks can belong to, by key."""
        with self._read() as connection:
            rows = connection.execute(sa.select(schema.encoder).order_by(schema.encoder.c.encoder_key))
            return {row[0]: EncoderIdentity(*row[1:]) for row in rows}

    def statements_without_vectors(self, key: str, limit: int | None = None) -> list[tuple[str, str]]:
        """Return (text hash, text) of each distinct text that the encoder has not seen, sorted by hash."""
        s = schema.statement
        query = (
            sa.select(s.c.text_hash, sa.func.min(s.c.text))
            .where(_without_vector(key))
            .group_by(s.c.text_hash)
            .order_by(s.c.text_hash)
            .limit(limit)
        )
        with self._read() as connection:
            return [(row[0], row[1]) for row in connection.execute(query)]

    def count_without_vectors(self, key: str) -> int:
        """Return how many distinct texts the encoder has not seen."""
        query = sa.select(sa.func.count(sa.distinct(schema.statement.c.text_hash))).where(_without_vector(key))
        with self._read() as connection:
            return int(connection.execute(query).scalar_one())

    def add_vectors(self, key: str, text_hashes: Sequence[str], vectors: np.ndarray) -> None:
        """Store one vector a text, (n, d), as float16; a text that has one already keeps it.

        Raises EncoderError when the encoder is not registered, d is not its dimensions, or a number is not finite.
        """
        with self._write() as connection:
            dimensions = _dimensions(connection, key)
            if vectors.shape != (len(text_hashes), dimensions):
                raise EncoderError(
                    f"Vectors of shape {vectors.shape} came for {len(text_hashes)} texts, but encoder {key} makes "
                    f"{dimensions} dimensions. Encode with the registered encoder."
                )
            stored = np.ascontiguousarray(vectors, dtype=_STORED)
            if not np.isfinite(stored).all():
                raise EncoderError(f"Encoder {key} made numbers that are not finite. Check its weights and device.")
            rows = [
                {"encoder_key": key, "text_hash": text_hash, "vector": row.tobytes()}
                for text_hash, row in zip(text_hashes, stored, strict=True)
            ]
            insert_rows(connection, schema.vector, rows, on_conflict="nothing")

    def vectors(self, key: str, text_hashes: Sequence[str] | None = None) -> tuple[list[str], np.ndarray]:
        """Return the stored vectors of these texts (None: of all), as hashes in order and float32 (n, d).

        A text without a vector is left out. Raises EncoderError for an encoder that is not registered.
        """
        v = schema.vector
        query = sa.select(v.c.text_hash, v.c.vector).where(v.c.encoder_key == key)
        hashes: list[str] = []
        parts: list[np.ndarray] = []
        with self._read() as connection:
            dimensions = _dimensions(connection, key)
            if text_hashes is None:
                queries = [query.order_by(v.c.text_hash)]
            else:
                wanted = sorted(set(text_hashes))
                queries = [query.where(v.c.text_hash.in_(c)).order_by(v.c.text_hash) for c in chunks(wanted)]
            for one in queries:
                for rows in connection.execute(one.execution_options(yield_per=CHUNK)).partitions():
                    hashes += [row[0] for row in rows]
                    parts.append(_matrix(rows, dimensions))
        return hashes, np.concatenate(parts) if parts else np.empty((0, dimensions), np.float32)

    def iter_vectors(self, key: str, batch: int) -> Iterator[tuple[list[str], np.ndarray]]:
        """Yield what :meth:`vectors` returns, in runs of at most ``batch``."""
        v = schema.vector
        last = ""
        while True:
            query = (
                sa.select(v.c.text_hash, v.c.vector)
                .where(v.c.encoder_key == key, v.c.text_hash > last)
                .order_by(v.c.text_hash)
                .limit(batch)
            )
            with self._read() as connection:
                dimensions = _dimensions(connection, key)
                rows = connection.execute(query).all()
            if not rows:
                return
            last = rows[-1][0]
            yield [row[0] for row in rows], _matrix(rows, dimensions)

    def statements_without_sentiment(self, scorer: str, limit: int | None = None) -> list[tuple[str, str, str]]:
        """Return (text hash, text, language) of each distinct text not yet scored by this scorer, sorted by hash."""
        s = schema.statement
        query = (
            sa.select(s.c.text_hash, sa.func.min(s.c.text), sa.func.min(s.c.language))
            .where(s.c.sentiment_scorer.is_distinct_from(scorer))
            .group_by(s.c.text_hash)
            .order_by(s.c.text_hash)
            .limit(limit)
        )
        with self._read() as connection:
            return [(row[0], row[1], row[2]) for row in connection.execute(query)]

    def set_sentiment(self, scorer: str, text_hashes: Sequence[str], scores: Sequence[SentimentScore]) -> None:
        """Write one score a text to all its statements, in one transaction."""
        if not text_hashes:
            return
        s = schema.statement
        query = (
            s.update()
            .where(s.c.text_hash == sa.bindparam("of_text"))
            .values(
                sentiment=sa.bindparam("polarity"),
                sentiment_label=sa.bindparam("label"),
                sentiment_confidence=sa.bindparam("sure"),
                sentiment_scorer=scorer,
            )
        )
        rows = [
            {
                "of_text": text_hash,
                "polarity": float(score.polarity),
                "label": score.label,
                "sure": float(score.confidence),
            }
            for text_hash, score in zip(text_hashes, scores, strict=True)
        ]
        with self._write() as connection:
            connection.execute(query, rows)


def _encoder_query(key: str) -> sa.Select[Any]:
    return sa.select(schema.encoder.c.dimensions).where(schema.encoder.c.encoder_key == key)


def _dimensions(connection: sa.Connection, key: str) -> int:
    dimensions = connection.execute(_encoder_query(key)).scalar()
    if dimensions is None:
        raise EncoderError(f"No encoder {key!r} is registered in this database. Encode some feedback with it first.")
    return int(dimensions)


def _without_vector(key: str) -> sa.ColumnElement[bool]:
    v = schema.vector
    return ~sa.exists().where(v.c.encoder_key == key, v.c.text_hash == schema.statement.c.text_hash)


def _matrix(rows: Sequence[Any], dimensions: int) -> np.ndarray:
    """Return the rows' vectors as float32 (n, d)."""
    flat = np.frombuffer(b"".join([row[1] for row in rows]), dtype=_STORED)
    return flat.reshape(len(rows), dimensions).astype(np.float32)
