"""Everything that analysis reads, as frames of one snapshot: whole columns, never row by row."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import sqlalchemy as sa

from feedback_nlp.records import STATEMENT_EDITS, Theme
from feedback_nlp.store import schema
from feedback_nlp.store.bulk import read_frame, to_json
from feedback_nlp.store.codebooks import edited_themes, known_version, readable_version
from feedback_nlp.store.database import Database
from feedback_nlp.store.edits import active_edits
from feedback_nlp.store.said_by_people import BY_MODEL, lay_on

FEEDBACK_COLUMNS: dict[str, Any] = {
    "feedback_id": pl.String,
    "response_id": pl.String,
    "external_id": pl.String,
    "customer_id": pl.String,
    "source": pl.String,
    "channel": pl.String,
    "question": pl.String,
    "language": pl.String,
    "created_at": pl.Datetime("us"),
    "text": pl.String,
    "is_non_answer": pl.Boolean,
    "non_answer": pl.String,
    "asides": pl.String,
    "duplicate_of": pl.String,
    "duplicate_kind": pl.String,
    "scores": pl.String,
    "segments": pl.String,
    "weight": pl.Float64,
}
STATEMENT_COLUMNS: dict[str, Any] = {
    "statement_id": pl.String,
    "feedback_id": pl.String,
    "start": pl.Int64,
    "end": pl.Int64,
    "text": pl.String,
    "language": pl.String,
    "text_hash": pl.String,
    "sentiment": pl.Float64,
    "sentiment_label": pl.String,
    "sentiment_confidence": pl.Float64,
    "emotions": pl.String,
    "intents": pl.String,
}
TAG_COLUMNS: dict[str, Any] = {
    "statement_id": pl.String,
    "best_theme_id": pl.String,
    "best_similarity": pl.Float64,
    "unthemed_reason": pl.String,
    "margin": pl.Float64,
    "review": pl.String,
    "facets": pl.String,
    "codebook_version": pl.Int64,
}
MENTION_COLUMNS: dict[str, Any] = {
    "statement_id": pl.String,
    "theme_id": pl.String,
    "confidence": pl.Float64,
}
THEME_COLUMNS: dict[str, Any] = {
    "theme_id": pl.String,
    "label": pl.String,
    "level": pl.Int64,
    "parent_id": pl.String,
    "state": pl.String,
    "threshold": pl.Float64,
    "keywords": pl.String,
    "definition": pl.String,
    "quote_ids": pl.String,
    "n_statements": pl.Int64,
    "source": pl.String,
    "label_source": pl.String,
    "stability": pl.Float64,
    "is_emerging": pl.Boolean,
}
CODEBOOK_COLUMNS: dict[str, Any] = {"version": pl.Int64, "reason": pl.String}
SCALE_COLUMNS: dict[str, Any] = {
    "name": pl.String,
    "kind": pl.String,
    "minimum": pl.Float64,
    "maximum": pl.Float64,
    "higher_is_better": pl.Boolean,
}


class Frames(Database):
    """The part of the store that analysis reads."""

    def read_frames(self, codebook_version: int | None = None) -> dict[str, pl.DataFrame]:
        """Return feedback, statements, mentions, themes, scales and codebooks as one consistent set of frames.

        ``codebook_version`` None means the newest that is ready (of all, when none is); before the first one the
        statements' theme columns are null, and mentions and themes are empty. Rows come sorted by their ids
        (statements by place, themes in the codebook's order). ``created_at`` has no zone: as it was written, or in
        UTC when it came with one. What people said of statements is laid on, see
        :func:`~feedback_nlp.store.said_by_people.lay_on`. A statement that a ready version has not tagged has what
        the newest version before it said, as far as its themes are still there; ``codebook_version`` says which one
        tagged it. Raises UsageError for an unknown version.
        """
        with self._read() as connection:
            version = (
                readable_version(connection)
                if codebook_version is None
                else known_version(connection, codebook_version)
            )
            feedback = read_frame(connection, _select(schema.feedback, FEEDBACK_COLUMNS), FEEDBACK_COLUMNS)
            statements = read_frame(connection, _select(schema.statement, STATEMENT_COLUMNS), STATEMENT_COLUMNS)
            scales = read_frame(connection, _select(schema.score_scale, SCALE_COLUMNS), SCALE_COLUMNS)
            themes = edited_themes(connection, version)[0] if version is not None else ()
            tags, mentions = _tags_and_mentions(connection, version, themes, statements.height)
            codebooks = read_frame(connection, _select(schema.codebook, CODEBOOK_COLUMNS), CODEBOOK_COLUMNS)
        n_statements = statements.group_by("feedback_id").agg(pl.len().cast(pl.Int64).alias("n_statements"))
        return {
            "feedback": feedback.join(n_statements, on="feedback_id", how="left")
            .with_columns(pl.col("n_statements").fill_null(0))
            .sort("feedback_id"),
            "statements": statements.join(tags, on="statement_id", how="left").sort("feedback_id", "start"),
            "mentions": mentions.join(statements.select("statement_id", "feedback_id"), on="statement_id", how="inner")
            .select("statement_id", "feedback_id", "theme_id", "confidence", "provenance")
            .sort("statement_id", "theme_id"),
            "themes": _theme_frame(themes),
            "scales": scales.sort("name"),
            "codebooks": codebooks.sort("version"),
        }


def _select(table: sa.Table, columns: dict[str, Any]) -> sa.Select[Any]:
    return sa.select(*(table.c[name] for name in columns))


def _tags_and_mentions(
    connection: sa.Connection, version: int | None, themes: tuple[Theme, ...], n_statements: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    if version is None:
        no_mentions = pl.DataFrame(schema={**MENTION_COLUMNS, "provenance": pl.String})
        return pl.DataFrame(schema=TAG_COLUMNS), no_mentions
    t, m = schema.tag, schema.mention
    tags = read_frame(connection, _select(t, TAG_COLUMNS).where(t.c.codebook_version == version), TAG_COLUMNS)
    every = _select(m, MENTION_COLUMNS).where(m.c.codebook_version == version)
    mentions = read_frame(connection, every, MENTION_COLUMNS).with_columns(provenance=pl.lit(BY_MODEL))
    c = schema.codebook
    book = connection.execute(sa.select(c.c.settings, c.c.is_ready).where(c.c.version == version)).one()
    merged = json.loads(book.settings).get("merged", {})
    if book.is_ready and tags.height < n_statements:  # the history may have been left to an older version
        kept = _kept(connection, version, tags, themes, merged)
        tags, mentions = pl.concat([tags, kept[0]]), pl.concat([mentions, kept[1]])
    return lay_on(tags, mentions, themes, active_edits(connection, STATEMENT_EDITS), merged)


def _kept(
    connection: sa.Connection, version: int, tags: pl.DataFrame, themes: tuple[Theme, ...], merged: dict[str, str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the tags and mentions of statements that only older versions tagged, by the newest of these.

    Themes that were merged since are those they were merged into, and themes that are gone are left out.
    """
    t, m = schema.tag, schema.mention
    older = read_frame(connection, _select(t, TAG_COLUMNS).where(t.c.codebook_version < version), TAG_COLUMNS)
    older = older.join(tags.select("statement_id"), on="statement_id", how="anti")
    older = older.sort("statement_id", "codebook_version").unique("statement_id", keep="last", maintain_order=True)
    columns = {**MENTION_COLUMNS, "codebook_version": pl.Int64}
    said = read_frame(connection, _select(m, columns).where(m.c.codebook_version < version), columns)
    said = said.join(older.select("statement_id", "codebook_version"), on=["statement_id", "codebook_version"])
    there = {theme.theme_id: theme.theme_id for theme in themes}
    homes = {theme_id: home for theme_id, home in merged.items() if home in there} | there
    parents = {theme.theme_id: theme.parent_id for theme in themes if theme.parent_id is not None}

    def at_home(name: str) -> pl.Expr:
        return pl.col(name).replace_strict(homes, default=None, return_dtype=pl.String)

    said = said.with_columns(at_home("theme_id")).drop_nulls("theme_id").select(*MENTION_COLUMNS)
    whole = said.with_columns(pl.col("theme_id").replace_strict(parents, default=None, return_dtype=pl.String))
    said = (
        pl.concat([said, whole.drop_nulls("theme_id")])
        .group_by("statement_id", "theme_id")
        .agg(pl.col("confidence").max())
    )
    older = older.with_columns(
        at_home("best_theme_id"),
        pl.when(pl.col("best_theme_id").is_not_null() & at_home("best_theme_id").is_null())
        .then(pl.format("its theme of codebook {} is no more", "codebook_version"))
        .otherwise("unthemed_reason")
        .alias("unthemed_reason"),
    )
    return older, said.select(*MENTION_COLUMNS).with_columns(provenance=pl.lit(BY_MODEL))


def _theme_frame(themes: tuple[Theme, ...]) -> pl.DataFrame:
    rows = [
        (
            theme.theme_id,
            theme.label,
            theme.level,
            theme.parent_id,
            theme.state,
            theme.threshold,
            to_json({language: list(words) for language, words in theme.keywords.items()}),
            theme.definition,
            to_json(list(theme.quote_ids)),
            theme.n_statements,
            theme.source,
            theme.label_source,
            theme.stability,
            theme.is_emerging,
        )
        for theme in themes
    ]
    return pl.DataFrame(rows, schema=THEME_COLUMNS, orient="row")
