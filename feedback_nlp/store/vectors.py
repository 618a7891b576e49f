"""What is computed once for each distinct text: its vector for an encoder, and its tone, what sentiment reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import sqlalchemy as sa

from feedback_nlp.errors import EncoderError
from feedback_nlp.records import EncoderIdentity
from feedback_nlp.store import schema
from feedback_nlp.store.bulk import CHUNK, chunks, insert_rows
from feedback_nlp.store.database import Database

_STORED = np.dtype("<f2")


class Vectors(Database):
    """The part of the store that keeps vectors and tones."""

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

    def add_vectors(
        self,
        key: str,
        text_hashes: Sequence[str],
        vectors: np.ndarray,
        *,
        tone_key: str | None = None,
        tones: np.ndarray | None = None,
    ) -> None:
        """Store one vector a text, (n, d), as float16; a text that has one already keeps it.

        With ``tones`` also one tone a text, (n, T), under ``tone_key``, in the same transaction. Raises EncoderError
        when the encoder is not registered, d is not its dimensions, or a number is not finite.
        """
        with self._write() as connection:
            dimensions = _dimensions(connection, key)
            if vectors.shape != (len(text_hashes), dimensions):
                raise EncoderError(
                    f"Vectors of shape {vectors.shape} came for {len(text_hashes)} texts, but encoder {key} makes "
                    f"{dimensions} dimensions. Encode with the registered encoder."
                )
            _insert(connection, schema.vector, key, text_hashes, vectors)
            if tones is not None and tone_key is not None:
                _insert(connection, schema.tone, tone_key, text_hashes, tones)

    def add_tones(self, tone_key: str, text_hashes: Sequence[str], tones: np.ndarray) -> None:
        """Store one tone a text, (n, T), as float16; a text that has one already keeps it.

        Raises EncoderError when there is not one row a text, or a number is not finite.
        """
        with self._write() as connection:
            _insert(connection, schema.tone, tone_key, text_hashes, tones)

    def vectors(self, key: str, text_hashes: Sequence[str] | None = None) -> tuple[list[str], np.ndarray]:
        """Return the stored vectors of these texts (None: of all), as hashes in order and float32 (n, d).

        A text without a vector is left out. Raises EncoderError for an encoder that is not registered.
        """
        with self._read() as connection:
            return _stored(connection, schema.vector, key, text_hashes, _dimensions(connection, key))

    def tones(self, tone_key: str, text_hashes: Sequence[str] | None = None) -> tuple[list[str], np.ndarray]:
        """Return the stored tones of these texts (None: of all), as hashes in order and float32 (n, T).

        A text without a tone is left out; where none has one, T is 0.
        """
        with self._read() as connection:
            return _stored(connection, schema.tone, tone_key, text_hashes, 0)

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
                _dimensions(connection, key)
                rows = connection.execute(query).all()
            if not rows:
                return
            last = rows[-1][0]
            yield [row[0] for row in rows], _matrix(rows)


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


def _insert(
    connection: sa.Connection, table: sa.Table, key: str, text_hashes: Sequence[str], numbers: np.ndarray
) -> None:
    """Insert a row of float16 a text into ``vector`` or ``tone``, whose columns are key, text hash and numbers."""
    if numbers.ndim != 2 or len(numbers) != len(text_hashes):
        raise EncoderError(
            f"{table.name.capitalize()}s of shape {numbers.shape} came for {len(text_hashes)} texts from {key}; "
            "one row a text was expected. Mend the encoder."
        )
    stored = np.ascontiguousarray(numbers, dtype=_STORED)
    if not np.isfinite(stored).all():
        raise EncoderError(
            f"Encoder {key} made {table.name}s with numbers that are not finite. Check its weights and device."
        )
    names = table.columns.keys()
    rows = [
        dict(zip(names, (key, text_hash, row.tobytes()), strict=True))
        for text_hash, row in zip(text_hashes, stored, strict=True)
    ]
    insert_rows(connection, table, rows, on_conflict="nothing")


def _stored(
    connection: sa.Connection, table: sa.Table, key: str, text_hashes: Sequence[str] | None, width: int
) -> tuple[list[str], np.ndarray]:
    """Return hashes in order and their rows of ``vector`` or ``tone``; of ``width`` where there are none."""
    of_key, text_hash, numbers = table.columns
    query = sa.select(text_hash, numbers).where(of_key == key).order_by(text_hash)
    queries = [query]
    if text_hashes is not None:
        queries = [query.where(text_hash.in_(some)) for some in chunks(sorted(set(text_hashes)))]
    hashes: list[str] = []
    parts: list[np.ndarray] = []
    for one in queries:
        for rows in connection.execute(one.execution_options(yield_per=CHUNK)).partitions():
            hashes += [row[0] for row in rows]
            parts.append(_matrix(rows))
    return hashes, np.concatenate(parts) if parts else np.empty((0, width), np.float32)


def _matrix(rows: Sequence[Any]) -> np.ndarray:
    """Return the rows' numbers as float32 (n, d)."""
    flat = np.frombuffer(b"".join([row[1] for row in rows]), dtype=_STORED)
    return flat.reshape(len(rows), -1).astype(np.float32)
