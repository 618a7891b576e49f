"""How a database gets to the schema of now: numbered steps, each in one transaction together with its record.

A new database is made from ``schema`` as it is and counts every step as taken. An older one takes the steps that
it lacks, in order. A change of the schema is therefore two edits: the table in ``schema`` and a step here that
brings an existing table to the same place, in SQL that both databases understand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from feedback_nlp.errors import StoreError
from feedback_nlp.store import schema
from feedback_nlp.store.bulk import insert_rows, to_json

_LOCK = 7_204_611  # any number that two openings of one database agree on


@dataclass(frozen=True, slots=True)
class Migration:
    """One step. ``number`` counts from 1 without gaps; ``apply`` runs in a transaction of its own."""

    number: int
    name: str
    apply: Callable[[Connection], None]


def _first_tables(connection: Connection) -> None:
    schema.metadata.create_all(connection)
    if connection.execute(sa.select(schema.meta.c.id)).first() is None:
        connection.execute(schema.meta.insert().values(id=1, data_version=0))


def _text_floor(connection: Connection) -> None:
    for statement in (
        "ALTER TABLE feedback ADD COLUMN non_answer TEXT",
        "ALTER TABLE feedback ADD COLUMN asides TEXT NOT NULL DEFAULT '[]'",
        "ALTER TABLE feedback ADD COLUMN duplicate_kind TEXT CHECK (duplicate_kind IN ('exact', 'near'))",
        "ALTER TABLE feedback ADD COLUMN is_compared BOOLEAN NOT NULL DEFAULT false",
        "ALTER TABLE meta ADD COLUMN erasure_key TEXT",
        "ALTER TABLE meta ADD COLUMN wipe_due BOOLEAN NOT NULL DEFAULT false",
        "UPDATE feedback SET non_answer = 'nothing' WHERE is_non_answer",
        "UPDATE feedback SET duplicate_kind = 'exact' WHERE duplicate_of IS NOT NULL",
    ):
        connection.execute(sa.text(statement))
    for index in schema.feedback.indexes:
        index.create(connection, checkfirst=True)
    schema.metadata.create_all(connection, tables=[schema.near_key, schema.erased])


def _people_shape_themes(connection: Connection) -> None:
    sources = "CHECK (source IN ('discovered', 'guided', 'person'))"
    label_sources = "CHECK (label_source IN ('phrases', 'llm', 'codebook', 'person'))"
    blob = "BYTEA" if connection.dialect.name == "postgresql" else "BLOB"
    number = "DOUBLE PRECISION"
    for statement in (
        "ALTER TABLE codebook ADD COLUMN base_version INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE codebook ADD COLUMN kind TEXT NOT NULL DEFAULT 'fit' CHECK (kind IN ('fit', 'import', 'edit'))",
        "ALTER TABLE codebook ADD COLUMN base_arrays TEXT NOT NULL DEFAULT '[]'",
        "ALTER TABLE codebook ADD COLUMN is_ready BOOLEAN NOT NULL DEFAULT false",
        "UPDATE codebook SET base_version = version, is_ready = true",
        f"ALTER TABLE codebook_theme ADD COLUMN source TEXT NOT NULL DEFAULT 'discovered' {sources}",
        f"ALTER TABLE codebook_theme ADD COLUMN label_source TEXT NOT NULL DEFAULT 'phrases' {label_sources}",
        f"ALTER TABLE codebook_theme ADD COLUMN stability {number}",
        "ALTER TABLE codebook_theme ADD COLUMN is_emerging BOOLEAN NOT NULL DEFAULT false",
        f"ALTER TABLE theme_edit ADD COLUMN examples {blob}",
        f"ALTER TABLE tag ADD COLUMN margin {number}",
        "ALTER TABLE tag ADD COLUMN review TEXT",
        "ALTER TABLE tag ADD COLUMN facets TEXT NOT NULL DEFAULT '{}'",
    ):
        connection.exec_driver_sql(statement)
    # What people said of a statement was a mention of one codebook: from now on it is an edit, which holds for all.
    said = connection.exec_driver_sql(
        "SELECT DISTINCT statement_id, theme_id FROM mention WHERE provenance = 'person' "
        "ORDER BY statement_id, theme_id"
    ).all()
    now = datetime.now(UTC)
    insert_rows(
        connection,
        schema.theme_edit,
        [
            {
                "theme_id": theme_id,
                "kind": "assign",
                "payload": to_json({"statement": statement_id}),
                "author": "unknown",
                "created_at": now,
            }
            for statement_id, theme_id in said
        ],
    )
    for statement in (
        "DELETE FROM mention WHERE provenance = 'person'",
        "DROP INDEX mention_by_person",
        "ALTER TABLE mention DROP COLUMN provenance",
    ):
        connection.exec_driver_sql(statement)


def _tones(connection: Connection) -> None:
    schema.metadata.create_all(connection, tables=[schema.tone])
    for column in ("emotions", "intents"):
        connection.exec_driver_sql(f"ALTER TABLE statement ADD COLUMN {column} TEXT")


def _actions(connection: Connection) -> None:
    schema.metadata.create_all(connection, tables=[schema.action, schema.call_back])


def _weights(connection: Connection) -> None:
    connection.exec_driver_sql(
        "ALTER TABLE feedback ADD COLUMN weight DOUBLE PRECISION NOT NULL DEFAULT 1 CHECK (weight > 0)"
    )


def _facts(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE feedback ADD COLUMN facts TEXT NOT NULL DEFAULT '{}'")


MIGRATIONS: tuple[Migration, ...] = (
    Migration(1, "first tables", _first_tables),
    Migration(2, "non-answer kinds, asides, near-duplicates, erasure", _text_floor),
    Migration(3, "edits that shape themes, codebooks that are ready", _people_shape_themes),
    Migration(4, "tones, emotions, intents", _tones),
    Migration(5, "actions and calls", _actions),
    Migration(6, "survey weights", _weights),
    Migration(7, "facts that come after the text", _facts),
)


def schema_version(connection: Connection) -> int:
    """Return the number of the last step taken, 0 for a database without our tables."""
    if not sa.inspect(connection).has_table(schema.migration.name):
        return 0
    return connection.execute(sa.select(sa.func.max(schema.migration.c.number))).scalar() or 0


def check(connection: Connection, migrations: Sequence[Migration] = MIGRATIONS) -> int:
    """Return the database's schema version; raises StoreError when it is newer than this program."""
    version = schema_version(connection)
    if version > migrations[-1].number:
        raise StoreError(
            f"The database has schema {version}, and this program knows schemas up to {migrations[-1].number}. "
            "Upgrade feedback-nlp, or name another database."
        )
    return version


def migrate(engine: Engine, migrations: Sequence[Migration] = MIGRATIONS) -> list[int]:
    """Take the steps that the database lacks and return their numbers.

    A step that fails leaves the database as the step before left it. Raises StoreError for a newer schema.
    """
    taken: list[int] = []
    with engine.begin() as connection:  # a look first, so that opening does not wait for another program's write
        if check(connection, migrations) == migrations[-1].number:
            return taken
    writing = engine.execution_options(store_writes=True)
    while True:
        with writing.begin() as connection:
            if engine.dialect.name == "postgresql":  # SQLite's BEGIN IMMEDIATE is such a lock already
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            version = check(connection, migrations)
            missing = [step for step in migrations if step.number > version]
            if not missing:
                return taken
            if version == 0:  # the tables of now include what all later steps would do
                _first_tables(connection)
            else:
                missing = missing[:1]
                missing[0].apply(connection)
            now = datetime.now(UTC)
            records = [{"number": step.number, "name": step.name, "applied_at": now} for step in missing]
            connection.execute(schema.migration.insert(), records)
            taken += [step.number for step in missing]
