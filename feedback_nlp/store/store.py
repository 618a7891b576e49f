"""The store: one class for a SQLite file and for PostgreSQL, chosen by URL."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa

from feedback_nlp.errors import StoreError
from feedback_nlp.store import schema
from feedback_nlp.store.actions import Actions
from feedback_nlp.store.codebooks import Codebooks
from feedback_nlp.store.database import connect, plain_errors
from feedback_nlp.store.duplicates import Duplicates
from feedback_nlp.store.edits import Edits
from feedback_nlp.store.erasure import Erasure
from feedback_nlp.store.facts import FactStore
from feedback_nlp.store.frames import Frames
from feedback_nlp.store.ingest import Ingest
from feedback_nlp.store.migrations import MIGRATIONS, check, migrate, schema_version
from feedback_nlp.store.sentiment import Sentiment
from feedback_nlp.store.tags import Tags
from feedback_nlp.store.vectors import Vectors


class Store(Ingest, FactStore, Duplicates, Erasure, Vectors, Sentiment, Codebooks, Edits, Actions, Tags, Frames):
    """All that is kept, behind one URL. Safe to share between threads; use it in a ``with`` or call ``close()``.

    Many may read while one writes: SQLite runs in WAL mode, and every read sees one committed state.
    ``url`` is the address with its password hidden.
    """

    @classmethod
    def open(cls, url: str, *, read_only: bool = False) -> Self:
        """Open the database, making or migrating its tables first unless ``read_only``.

        ``url`` is sqlite:///FILE, postgresql://... or postgresql+psycopg://... Raises UsageError for any other form,
        StoreError when the folder, file or server is not there, or the schema is newer than this program.
        """
        engine = connect(url, read_only=read_only)
        store = cls(engine)
        try:
            with plain_errors(store.url):
                if not read_only:
                    migrate(engine)
                else:
                    with engine.begin() as connection:
                        version = check(connection)
                    if version < MIGRATIONS[-1].number:
                        raise StoreError(
                            f"The database has schema {version} and reading needs {MIGRATIONS[-1].number}. "
                            "Open it once for writing, for example by ingesting feedback, to bring it up to date."
                        )
        except BaseException:
            store.close()
            raise
        return store

    def counts(self) -> dict[str, Any]:
        """Return how much of everything is stored, for a look at its health.

        Keys: schema_version, data_version, feedback, responses, non_answers, duplicates, statements, distinct_texts,
        statements_with_sentiment, vectors (by encoder key), codebooks, latest_codebook_version, themes,
        tagged_statements and mentions (of the newest codebook), edits (in force), runs.
        """
        f, s, v, e = schema.feedback, schema.statement, schema.vector, schema.theme_edit

        with self._read() as connection:

            def count(what: sa.ColumnElement[Any], *where: sa.ColumnElement[bool]) -> int:
                return int(connection.execute(sa.select(sa.func.count(what)).where(*where)).scalar_one())

            latest = connection.execute(sa.select(sa.func.max(schema.codebook.c.version))).scalar()
            by_encoder = (
                sa.select(schema.encoder.c.encoder_key, sa.func.count(v.c.text_hash))
                .select_from(schema.encoder.outerjoin(v, v.c.encoder_key == schema.encoder.c.encoder_key))
                .group_by(schema.encoder.c.encoder_key)
                .order_by(schema.encoder.c.encoder_key)
            )
            return {
                "schema_version": schema_version(connection),
                "data_version": connection.execute(sa.select(schema.meta.c.data_version)).scalar_one(),
                "feedback": count(f.c.feedback_id),
                "responses": count(sa.distinct(f.c.response_id)),
                "non_answers": count(f.c.feedback_id, f.c.is_non_answer),
                "duplicates": count(f.c.duplicate_of),
                "statements": count(s.c.statement_id),
                "distinct_texts": count(sa.distinct(s.c.text_hash)),
                "statements_with_sentiment": count(s.c.sentiment),
                "vectors": {row[0]: row[1] for row in connection.execute(by_encoder)},
                "codebooks": count(schema.codebook.c.version),
                "latest_codebook_version": latest,
                "themes": count(schema.codebook_theme.c.theme_id, schema.codebook_theme.c.version == latest),
                "tagged_statements": count(schema.tag.c.statement_id, schema.tag.c.codebook_version == latest),
                "mentions": count(schema.mention.c.theme_id, schema.mention.c.codebook_version == latest),
                "edits": count(e.c.edit_id, e.c.undone_at.is_(None)),
                "runs": count(schema.ingest_run.c.run_id),
            }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Store({self.url!r})"
