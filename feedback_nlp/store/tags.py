"""Tags and mentions: which statement is about which theme of which codebook, and who said so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
import sqlalchemy as sa

from feedback_nlp.records import Mention, Tag
from feedback_nlp.store import schema
from feedback_nlp.store.bulk import delete_where_in, insert_rows, read_frame, select_where_in, to_json
from feedback_nlp.store.codebooks import readable_version
from feedback_nlp.store.database import Database

_TO_TAG = {"statement_id": pl.String, "text_hash": pl.String, "language": pl.String, "feedback_id": pl.String}


class Tags(Database):
    """The part of the store that keeps tags and mentions."""

    def statements_to_tag(self, codebook_version: int, *, only_new: bool, keep_history: bool = False) -> pl.DataFrame:
        """Return statement_id, text_hash, language and feedback_id of the statements, sorted by statement_id.

        ``only_new`` leaves out those that this version has tagged already, with ``keep_history`` those too that an
        older one has.
        """
        s, t = schema.statement, schema.tag
        query = sa.select(*(s.c[name] for name in _TO_TAG))
        if only_new:
            by_it = t.c.codebook_version == codebook_version
            known = t.c.codebook_version <= codebook_version if keep_history else by_it
            tagged = sa.exists().where(known, t.c.statement_id == s.c.statement_id)
            query = query.where(~tagged)
        with self._read() as connection:
            return read_frame(connection, query, _TO_TAG).sort("statement_id")

    def count_tagged(self, codebook_version: int) -> tuple[int, int]:
        """Return how many statements this version has tagged, and how many of those it found a theme for."""
        t = schema.tag
        counts = sa.select(sa.func.count(t.c.statement_id), sa.func.count(t.c.best_theme_id))
        with self._read() as connection:
            tagged, themed = connection.execute(counts.where(t.c.codebook_version == codebook_version)).one()
        return int(tagged), int(themed)

    def mention_pairs(self) -> pl.DataFrame:
        """Return statement_id and theme_id of every mention that the model made by the version that readers see."""
        columns = {"statement_id": pl.String, "theme_id": pl.String}
        m = schema.mention
        with self._read() as connection:
            version = readable_version(connection)
            query = sa.select(m.c.statement_id, m.c.theme_id).where(m.c.codebook_version == version)
            return read_frame(connection, query, columns)

    def write_tags(self, codebook_version: int, tags: Sequence[Tag], mentions: Sequence[Mention]) -> None:
        """Store the outcome of tagging in one transaction; the same call again changes nothing.

        The tagged statements' earlier tags and mentions of this version are replaced. Statements deleted meanwhile are
        left out. What people say of a statement is not written here: it is an edit ("assign", "unassign") and laid on
        whenever mentions are read. Raises ValueError for a mention of another version, or by a person.
        """
        others = {mention.codebook_version for mention in mentions} - {codebook_version}
        if others:
            raise ValueError(f"Mentions of versions {sorted(others)} were given for version {codebook_version}.")
        if any(mention.provenance != "model" for mention in mentions):
            raise ValueError("A person's mention was given to be stored: add an edit of kind 'assign' instead.")
        m = schema.mention
        tagged = sorted({tag.statement_id for tag in tags})
        touched = sorted({*tagged, *(mention.statement_id for mention in mentions)})
        with self._write() as connection:
            found = select_where_in(
                connection, sa.select(schema.statement.c.statement_id), schema.statement.c.statement_id, touched
            )
            alive = {row[0] for row in found}
            delete_where_in(connection, m.c.statement_id, tagged, m.c.codebook_version == codebook_version)
            last = {tag.statement_id: tag for tag in tags}
            rows = [_tag_row(codebook_version, last[key]) for key in tagged if key in alive]
            insert_rows(connection, schema.tag, rows, on_conflict="replace")
            said = {(mention.statement_id, mention.theme_id): mention for mention in mentions}
            rows = [_mention_row(said[key]) for key in sorted(said) if key[0] in alive]
            insert_rows(connection, m, rows, on_conflict="replace")


def _tag_row(version: int, tag: Tag) -> dict[str, Any]:
    return {
        "codebook_version": version,
        "statement_id": tag.statement_id,
        "best_theme_id": tag.best_theme_id,
        "best_similarity": float(tag.best_similarity),
        "unthemed_reason": tag.unthemed_reason,
        "margin": None if tag.margin is None else float(tag.margin),
        "review": tag.review,
        "facets": to_json(dict(tag.facets)),
    }


def _mention_row(mention: Mention) -> dict[str, Any]:
    return {
        "codebook_version": mention.codebook_version,
        "statement_id": mention.statement_id,
        "theme_id": mention.theme_id,
        "confidence": float(mention.confidence),
    }
