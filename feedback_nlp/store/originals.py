"""Originals: texts as their writers wrote them, in a database of their own that fewer people may open."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from feedback_nlp.errors import NothingToShow, SettingError, StoreError
from feedback_nlp.store import schema
from feedback_nlp.store.bulk import delete_where_in, insert_rows, select_where_in
from feedback_nlp.store.database import connect, parse_url, plain_errors
from feedback_nlp.store.wiping import wipe, zero_deleted

SCHEMA = 1

metadata = sa.MetaData()

original = sa.Table(
    "original",
    metadata,
    sa.Column("feedback_id", schema.Words, primary_key=True),
    # UTF-8 bytes: as written may hold a NUL, which PostgreSQL's text does not take.
    sa.Column("text", sa.LargeBinary, nullable=False),
)

original_meta = sa.Table(
    "original_meta",
    metadata,
    sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1"), primary_key=True, autoincrement=False),
    sa.Column("schema_version", sa.Integer, nullable=False),
)


class Originals:
    """Texts before redaction, by feedback id. Use it in a ``with`` or call ``close()``; safe to share between threads.

    ``url`` is the address with its password hidden.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.url = engine.url.render_as_string(hide_password=True)

    @classmethod
    def open(cls, url: str, *, apart_from: str = "", must_exist: bool = False) -> Self:
        """Open the database, making it first unless ``must_exist``; a SQLite file is for its owner's eyes only.

        Raises SettingError when ``url`` is the database ``apart_from``, or one that holds redacted feedback, UsageError
        for no database URL, NothingToShow when it must exist and does not, StoreError when it cannot be opened or is
        of a newer program.
        """
        parsed = parse_url(url)
        if apart_from and _same(url, apart_from):
            raise _not_apart(url)
        if parsed.drivername == "sqlite":
            if not must_exist:
                _guard(Path(parsed.database or ""))
            elif not Path(parsed.database or "").is_file():
                raise _missing(url)
        originals = cls(connect(url))
        try:
            with originals._begin(writes=not must_exist) as connection:
                tables = sa.inspect(connection)
                if tables.has_table(schema.feedback.name):
                    raise _not_apart(url)
                if not must_exist:
                    metadata.create_all(connection)
                    insert_rows(connection, original_meta, [{"id": 1, "schema_version": SCHEMA}], on_conflict="nothing")
                elif not tables.has_table(original_meta.name):
                    raise _missing(url)
                version = connection.execute(sa.select(original_meta.c.schema_version)).scalar_one()
                if version > SCHEMA:
                    raise StoreError(
                        f"The originals have schema {version}, and this program knows schemas up to {SCHEMA}. "
                        "Upgrade feedback-nlp."
                    )
        except BaseException:
            originals.close()
            raise
        return originals

    def put(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Store (feedback id, text) pairs in one transaction; an id that is there already gets the new text."""
        rows = [
            {"feedback_id": feedback_id, "text": text.encode("utf-8", "surrogatepass")}
            for feedback_id, text in dict(pairs).items()
        ]
        with self._begin(writes=True) as connection:
            insert_rows(connection, original, rows, on_conflict="replace")

    def get(self, ids: Sequence[str]) -> dict[str, str]:
        """Return the texts of those of the feedback that have one."""
        query = sa.select(original.c.feedback_id, original.c.text)
        with self._begin() as connection:
            rows = select_where_in(connection, query, original.c.feedback_id, list(dict.fromkeys(ids)))
            return {row[0]: bytes(row[1]).decode("utf-8", "surrogatepass") for row in rows}

    def remove(self, ids: Sequence[str]) -> int:
        """Delete the texts of these feedback, with their bytes in the database's files, and return how many there were.

        Raises StoreError when the bytes may still be there; removing the same ids again then goes on.
        """
        with self._begin(writes=True) as connection:
            n = self._count(connection, ids)
            delete_where_in(connection, original.c.feedback_id, list(ids))
        with plain_errors(self.url):
            done = wipe(self._engine, [original])
        if not done:
            raise StoreError(
                f"{n} originals were removed from {self.url}, but their bytes may still be in its files: another "
                "program is reading it, or the disk is full. See to that and run the same command again."
            )
        return n

    def count(self, ids: Sequence[str] | None = None) -> int:
        """Return how many texts are kept (of these feedback, or of all)."""
        with self._begin() as connection:
            return self._count(connection, ids)

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()

    @staticmethod
    def _count(connection: Connection, ids: Sequence[str] | None) -> int:
        query = sa.select(sa.func.count()).select_from(original)
        if ids is None:
            return int(connection.execute(query).scalar_one())
        unique = list(dict.fromkeys(ids))
        return sum(row[0] for row in select_where_in(connection, query, original.c.feedback_id, unique))

    @contextmanager
    def _begin(self, *, writes: bool = False) -> Iterator[Connection]:
        engine = self._engine.execution_options(store_writes=writes)
        with plain_errors(self.url), engine.begin() as connection:
            if writes:
                zero_deleted(connection)
            yield connection

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Originals({self.url!r})"


def _guard(path: Path) -> None:
    """Make the file, if need be, so that nobody but its owner may open it; SQLite's log beside it takes after it."""
    if not path.parent.is_dir() or path.is_dir():
        return  # connecting says what is wrong
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        path.chmod(0o600)
    except OSError as error:
        raise StoreError(
            f"The originals {str(path)!r} cannot be opened for their owner alone ({error.strerror}). Name a file of "
            "your own in the setting 'originals'."
        ) from None


def _missing(url: str) -> NothingToShow:
    shown = parse_url(url).render_as_string(hide_password=True)
    return NothingToShow(f"There are no originals at {shown!r}. Check the setting 'originals': ingest kept them there.")


def _same(url: str, other: str) -> bool:
    one, two = parse_url(url), parse_url(other)
    if one.drivername != two.drivername:
        return False
    if one.drivername == "sqlite":
        return os.path.realpath(one.database or "") == os.path.realpath(two.database or "")
    places = [((u.host or "localhost").lower(), u.port or 5432, u.database) for u in (one, two)]
    return places[0] == places[1]


def _not_apart(url: str) -> SettingError:
    shown = parse_url(url).render_as_string(hide_password=True)
    return SettingError(
        f"originals = {shown!r} is the database of the redacted feedback, and originals are kept apart so that fewer "
        "people can open them. Name another database."
    )
