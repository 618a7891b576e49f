"""The connection: URLs, SQLite's pragmas, one kind of read and one kind of write, and the driver's errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from feedback_nlp.errors import StoreError, UsageError
from feedback_nlp.store import schema

BUSY_SECONDS = 30  # how long a writer waits for another one
_ABOUT_THE_SERVER = ("08", "28", "3D", "53", "57")  # SQLSTATE classes: connection, login, name, resources, operator
_FORMS = "Write sqlite:///FILE for a file or postgresql://USER:PASSWORD@HOST/NAME for PostgreSQL."


def parse_url(url: str) -> URL:
    """Return the database's address with its driver filled in; raises UsageError when it is not one."""
    shown = re.sub(r"(://[^:@/]*):[^@]*@", r"\1:***@", url)
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        meant = f" Did you mean 'sqlite:///{url}'?" if url and "://" not in url else ""
        raise UsageError(f"{shown!r} is not a database URL.{meant} {_FORMS}") from None
    if parsed.drivername in ("sqlite", "sqlite+pysqlite"):
        if parsed.host:
            raise UsageError(f"{shown!r} names a server, but SQLite is a file: write sqlite:///{parsed.host}.")
        if parsed.database in (None, "", ":memory:"):
            raise UsageError(f"{shown!r} names no file, and feedback has to outlive the program. {_FORMS}")
        return parsed.set(drivername="sqlite")
    if parsed.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        return parsed.set(drivername="postgresql+psycopg")
    raise UsageError(f"{shown!r}: there is no store for {parsed.drivername!r}. {_FORMS}")


def connect(url: str, *, read_only: bool = False) -> Engine:
    """Return an engine for the URL. Raises UsageError for a bad URL, StoreError when the place cannot be there."""
    parsed = parse_url(url)
    if parsed.drivername == "sqlite":
        return _connect_sqlite(parsed, read_only)
    engine = sa.create_engine(
        parsed, hide_parameters=True, pool_pre_ping=True, connect_args={"client_encoding": "utf8"}
    )
    if read_only:

        @event.listens_for(engine, "connect")
        def forbid_writing(connection: Any, record: Any) -> None:
            connection.read_only = True

    return engine


def _connect_sqlite(url: URL, read_only: bool) -> Engine:
    path = Path(url.database or "")
    try:
        path.exists()
    except OSError as error:  # a name too long, or a folder that may not be looked into
        raise StoreError(f"The database cannot be {str(path)!r} ({error.strerror}). Name another file.") from None
    if not path.parent.is_dir():
        raise StoreError(f"There is no folder {str(path.parent)!r} for the database {path.name!r}. Make it first.")
    if path.is_dir():
        raise StoreError(f"{str(path)!r} is a folder and not a database file. Name a file in it.")
    if read_only and not path.is_file():
        raise StoreError(f"There is no database {str(path)!r}. Check --db, or ingest feedback first.")
    engine = sa.create_engine(url, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, record: Any) -> None:
        # The driver's own transactions begin late and commit before DDL; ours begin where the code says so.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.execute("PRAGMA cache_size = -65536")  # 64 MiB
        if read_only:
            cursor.execute("PRAGMA query_only = ON")
        elif cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            cursor.execute("PRAGMA journal_mode = WAL")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("store_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


@contextmanager
def plain_errors(place: str) -> Iterator[None]:
    """Turn whatever the driver raises into StoreError, without the values that were being written."""
    try:
        yield
    except DBAPIError as error:
        raise StoreError(f"The database {place} said no: {_reason(error)}") from None
    except PoolTimeout:
        raise StoreError(f"The database {place} has no free connection. Close some readers and try again.") from None
    except SQLAlchemyError as error:
        raise StoreError(f"The database {place} could not be used ({type(error).__name__}).") from None
    except UnicodeEncodeError:
        raise StoreError(
            f"The database {place} takes only valid Unicode, and a value holds half a surrogate pair. Clean it first."
        ) from None


def _reason(error: DBAPIError) -> str:
    """What went wrong in words that cannot hold a verbatim: PostgreSQL quotes values in some of its messages."""
    driver = error.orig
    words = next(iter(str(driver).strip().splitlines()), type(driver).__name__)
    state = getattr(driver, "sqlstate", None)
    if state == "25006" or "readonly database" in words:
        return "it is open for reading only. Check the rights of the file, its folder or the user."
    if state is not None and state[:2] not in _ABOUT_THE_SERVER:
        diagnosis = driver.diag  # type: ignore[union-attr]
        where = ", ".join(part for part in (diagnosis.table_name, diagnosis.constraint_name) if part)
        return f"{type(driver).__name__} {state}{f' ({where})' if where else ''}."
    if words == "database is locked":
        return f"another program has been writing for over {BUSY_SECONDS} s. Let it finish or stop it, then retry."
    if words == "file is not a database":
        return "the file is not a SQLite database. Name another file."
    if words == "database or disk is full":
        return "the disk is full. Make room and run again; what was committed is safe."
    if words == "unable to open database file":
        return "its file cannot be opened or made. Check the rights of the file and its folder, or name another place."
    return f"{words}."


class Database:
    """An open database: consistent reads, and writes that count up the data version. Base of the store's parts."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.url = engine.url.render_as_string(hide_password=True)
        snapshot = {} if engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
        self._reading = engine.execution_options(**snapshot)
        self._writing = engine.execution_options(store_writes=True)

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        """One snapshot: every query in it sees the same data, whatever is being written meanwhile."""
        with plain_errors(self.url), self._reading.begin() as connection:
            yield connection

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        """One transaction, all or nothing. Writers take turns: the data version's row is their token."""
        with plain_errors(self.url), self._writing.begin() as connection:
            connection.execute(sa.update(schema.meta).values(data_version=schema.meta.c.data_version + 1))
            yield connection

    def data_version(self) -> int:
        """Return the number of write transactions so far: what was cached under the same number is still true."""
        with self._read() as connection:
            return int(connection.execute(sa.select(schema.meta.c.data_version)).scalar_one())

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()
