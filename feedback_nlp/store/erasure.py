"""Erasure: a person's feedback and all that was made of it goes, for good, and may be kept out of what comes later."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from feedback_nlp.store import schema
from feedback_nlp.store.bulk import chunks, delete_where_in, insert_rows, select_where_in, to_json
from feedback_nlp.store.database import Database, plain_errors
from feedback_nlp.store.edits import count_statements_in_edits, forget_statements_in_edits
from feedback_nlp.store.wiping import wipe, zero_deleted

IdKind = Literal["customer", "external"]

_F = schema.feedback
_S = schema.statement
_HOLDING = (schema.feedback, schema.statement, schema.near_key, schema.tag, schema.mention, schema.vector, schema.tone)
_WIPED = (*_HOLDING, schema.codebook, schema.codebook_theme, schema.theme_edit)


@dataclass(frozen=True, slots=True)
class Traces:
    """What is stored about some people.

    ``customer_ids`` and ``external_ids`` are those asked for that somebody has. ``n_vectors`` counts the vectors of
    texts that nobody else wrote, ``n_quotes`` the places in codebooks that point to their statements, ``n_elsewhere``
    feedback of the same customers that was not asked for, and ``n_in_edits`` the places in people's edits that name
    their statements.
    """

    customer_ids: frozenset[str]
    external_ids: frozenset[str]
    feedback_ids: tuple[str, ...]
    n_statements: int
    n_vectors: int
    n_quotes: int
    n_elsewhere: int
    n_in_edits: int = 0


class Erasure(Database):
    """The part of the store that forgets."""

    def traces(self, customer_ids: Sequence[str], external_ids: Sequence[str] = ()) -> Traces:
        """Return what is stored about the people with these ids, compared letter by letter."""
        with self._read() as connection:
            return _Person(connection, customer_ids, external_ids).traces()

    def erase(self, customer_ids: Sequence[str], external_ids: Sequence[str] = (), *, keep_out: bool = False) -> Traces:
        """Delete all feedback with these ids and what was made of it, in one transaction, and return what went.

        That is statements, tags, mentions, keys of duplicates, vectors and tones of texts that nobody else wrote,
        quotes in every codebook, and their places in edits with the vectors there. Where there were such places,
        publish the edits again: until then themes made of examples still go by them. Feedback whose representative
        goes is to be compared again: call ``refresh_duplicates``.
        With ``keep_out`` :meth:`is_erased` knows the ids from now on, found or not. Call :meth:`wipe` afterwards:
        until then the bytes may still be in the files.
        """
        with self._write() as connection:
            zero_deleted(connection)
            person = _Person(connection, customer_ids, external_ids)
            found = person.traces()
            if found.feedback_ids:
                person.delete()
                connection.execute(sa.update(schema.meta).values(wipe_due=True))
            if keep_out:
                key = _key(connection) or _new_key(connection)
                now = datetime.now(UTC)
                ids = [("customer", value) for value in customer_ids] + [("external", value) for value in external_ids]
                rows = [
                    {"customer_hash": _hash(key, kind, value), "erased_at": now} for kind, value in dict.fromkeys(ids)
                ]
                insert_rows(connection, schema.erased, rows, on_conflict="nothing")
        return found

    def is_erased(self, ids: Sequence[str], kind: IdKind = "customer") -> set[str]:
        """Return those of the ids whose people were erased and are to be kept out: in the form they were stored in.

        One short query when nobody is kept out.
        """
        with self._read() as connection:
            key = _key(connection)
            if key is None:
                return set()
            by_hash = {_hash(key, kind, value): value for value in ids}
            column = schema.erased.c.customer_hash
            return {by_hash[row[0]] for row in select_where_in(connection, sa.select(column), column, list(by_hash))}

    def wipe_due(self) -> bool:
        """Return whether people were erased whose bytes may still be in the files."""
        with self._read() as connection:
            return bool(connection.execute(sa.select(schema.meta.c.wipe_due)).scalar_one())

    def wipe(self) -> bool:
        """Make the bytes of who was erased go from the database's files; False when that has to be tried again.

        See :func:`~feedback_nlp.store.wiping.wipe`. Takes as long as writing the database anew.
        """
        with plain_errors(self.url):
            if not wipe(self._engine, _WIPED):
                return False
        with self._write() as connection:
            connection.execute(sa.update(schema.meta).values(wipe_due=False))
        return True


class _Person:
    """All that is stored about some people, within one transaction."""

    def __init__(self, connection: Connection, customer_ids: Sequence[str], external_ids: Sequence[str]) -> None:
        self._connection = connection
        asked = {
            _F.c.customer_id: list(dict.fromkeys(customer_ids)),
            _F.c.external_id: list(dict.fromkeys(external_ids)),
        }
        self._found: dict[str, set[str]] = {}
        feedback: set[str] = set()
        for column, ids in asked.items():
            rows = list(select_where_in(connection, sa.select(_F.c.feedback_id, column), column, ids))
            feedback |= {row[0] for row in rows}
            self._found[column.name] = {row[1] for row in rows}
        self._feedback = sorted(feedback)
        query = sa.select(_S.c.statement_id, _S.c.text_hash)
        statements = [tuple(row) for row in select_where_in(connection, query, _S.c.feedback_id, self._feedback)]
        self._statements = {row[0] for row in statements}
        hashes = sorted({row[1] for row in statements})
        others = sa.select(_S.c.text_hash, _S.c.feedback_id).distinct()
        shared = {
            row[0] for row in select_where_in(connection, others, _S.c.text_hash, hashes) if row[1] not in feedback
        }
        self._hashes = [text_hash for text_hash in hashes if text_hash not in shared]

    def traces(self) -> Traces:
        """Return the counts."""
        return Traces(
            customer_ids=frozenset(self._found["customer_id"]),
            external_ids=frozenset(self._found["external_id"]),
            feedback_ids=tuple(self._feedback),
            n_statements=len(self._statements),
            n_vectors=self._count(schema.vector.c.text_hash, self._hashes),
            n_quotes=sum(len(quotes) - len(kept) for _, _, quotes, kept in self._quotes()),
            n_elsewhere=self._elsewhere(),
            n_in_edits=count_statements_in_edits(self._connection, self._statements),
        )

    def delete(self) -> None:
        """Delete it all."""
        connection = self._connection
        t = schema.codebook_theme
        for version, theme_id, _, kept in list(self._quotes()):
            theme = t.update().where(t.c.version == version, t.c.theme_id == theme_id)
            connection.execute(theme.values(quote_ids=to_json(kept)))
        forget_statements_in_edits(connection, self._statements)
        for chunk in chunks(self._feedback):
            led = _F.update().where(_F.c.duplicate_of.in_(chunk))
            connection.execute(led.values(duplicate_of=None, duplicate_kind=None, is_compared=False))
        # What hangs on a feedback goes with it: statements, their tags and mentions, near keys.
        delete_where_in(connection, _F.c.feedback_id, self._feedback)
        for table in (schema.vector, schema.tone):
            delete_where_in(connection, table.c.text_hash, self._hashes)

    def _quotes(self) -> Iterable[tuple[int, str, list[str], list[str]]]:
        """Yield version, theme, quotes, and the quotes that stay, of every theme that quotes these people."""
        t = schema.codebook_theme
        if not self._statements:
            return
        for version, theme_id, words in self._connection.execute(sa.select(t.c.version, t.c.theme_id, t.c.quote_ids)):
            quotes = json.loads(words)
            kept = [quote for quote in quotes if quote not in self._statements]
            if len(kept) < len(quotes):
                yield version, theme_id, quotes, kept

    def _elsewhere(self) -> int:
        """Count other feedback of the same customers."""
        query = sa.select(_F.c.customer_id).distinct().where(_F.c.customer_id.is_not(None))
        customers = [row[0] for row in select_where_in(self._connection, query, _F.c.feedback_id, self._feedback)]
        return self._count(_F.c.customer_id, customers) - self._count(
            _F.c.feedback_id, self._feedback, _F.c.customer_id.is_not(None)
        )

    def _count(self, column: sa.Column[str], values: Sequence[str], *also: sa.ColumnElement[bool]) -> int:
        query = sa.select(sa.func.count()).select_from(column.table).where(*also)
        return sum(row[0] for row in select_where_in(self._connection, query, column, values))


def _key(connection: Connection) -> str | None:
    return connection.execute(sa.select(schema.meta.c.erasure_key)).scalar_one()


def _new_key(connection: Connection) -> str:
    key = secrets.token_hex(32)
    connection.execute(sa.update(schema.meta).values(erasure_key=key))
    return key


def _hash(key: str, kind: str, value: str) -> str:
    """Return a keyed hash of an id. Whoever has the database has the key, and can try ids that they can think of."""
    words = f"{kind}\x1f{value}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(words, key=bytes.fromhex(key), digest_size=32).hexdigest()
