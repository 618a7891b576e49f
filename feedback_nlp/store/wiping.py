"""Making deleted rows' bytes go from the files, not only the rows from the tables."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError

from feedback_nlp.store.database import BUSY_SECONDS


def zero_deleted(connection: Connection) -> None:
    """Have SQLite overwrite with zeros what this connection deletes; call it before deleting."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete = ON")


def wipe(engine: Engine, tables: Sequence[sa.Table]) -> bool:
    """Rewrite the database without what was deleted from ``tables``, and return whether that could be done.

    SQLite's file is written anew, which also drops what earlier updates left on free pages, and its write-ahead log
    is emptied. PostgreSQL's tables and their statistics, which quote values, are written anew; its write-ahead log,
    replicas and backups are the server's own. False when another program keeps reading an older state, or the disk
    is full: what was deleted stays deleted, and calling again goes on. Call it outside of a transaction.
    """
    if engine.dialect.name == "sqlite":
        return _wipe_sqlite(engine)
    preparer = engine.dialect.identifier_preparer
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f"SET lock_timeout = '{BUSY_SECONDS}s'")
            for table in tables:
                # Without FULL the bytes would stay in the gaps between the rows of a page.
                connection.exec_driver_sql(f"VACUUM (FULL, ANALYZE) {preparer.format_table(table)}")
            connection.exec_driver_sql("RESET lock_timeout")
    except DBAPIError:
        return False
    return True


def _wipe_sqlite(engine: Engine) -> bool:
    raw = engine.raw_connection()  # SQLAlchemy's own connections begin a transaction, in which VACUUM is not allowed
    error = engine.dialect.loaded_dbapi.Error
    try:
        cursor = raw.cursor()
        done = True
        for command in ("PRAGMA secure_delete = ON", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
            try:
                row = cursor.execute(command).fetchone()
            except error:
                done = False
            else:
                done &= not (command.startswith("PRAGMA wal") and row[0])  # 1: a reader was in the way
        return done
    finally:
        raw.close()
