"""Codebooks: numbered and immutable. What people change lies on top, with who and when, and can be undone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
import sqlalchemy as sa
from safetensors.numpy import load, save

from feedback_nlp.errors import NothingToShow, StoreError, UsageError, did_you_mean
from feedback_nlp.records import Theme
from feedback_nlp.store import schema
from feedback_nlp.store.bulk import insert_rows, to_json
from feedback_nlp.store.database import Database

EditKind = Literal["rename", "hide", "unhide", "define"]
_PAYLOAD = {"rename": "label", "define": "definition", "hide": None, "unhide": None}  # the key that a kind needs


@dataclass(frozen=True, slots=True, eq=False)
class StoredCodebook:
    """A published codebook with people's edits laid on top.

    ``themes`` are in the order of the arrays' rows. A theme that a person hid has state "retired" and its id is in
    ``hidden``; renamed and redefined ones carry the new words.
    """

    version: int
    created_at: datetime
    encoder_key: str
    reason: str
    themes: tuple[Theme, ...]
    arrays: dict[str, np.ndarray]
    settings: dict[str, Any]
    hidden: frozenset[str]


class Codebooks(Database):
    """The part of the store that keeps codebooks, their lineage and people's edits."""

    def publish_codebook(
        self,
        *,
        encoder_key: str,
        themes: Sequence[Theme],
        arrays: Mapping[str, np.ndarray],
        settings: Mapping[str, Any],
        reason: str,
        lineage: Sequence[Mapping[str, Any]] = (),
    ) -> int:
        """Store a codebook under the next version, for good, and return the version.

        ``lineage`` rows have theme_id, event (born, continued, retired, split, merged), other_theme_id and reason.
        Raises StoreError for a theme id that comes twice, a parent that is not there, or an unknown encoder.
        """
        ids = [theme.theme_id for theme in themes]
        twice = sorted({theme_id for theme_id in ids if ids.count(theme_id) > 1})
        orphans = sorted({theme.parent_id for theme in themes if theme.parent_id is not None} - set(ids))
        if twice or orphans:
            raise StoreError(
                f"A codebook names each theme once and every parent in it; twice: {twice}, missing: {orphans}. "
                "Publish the whole set of themes."
            )
        blob = save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
        with self._write() as connection:
            version = (_latest(connection) or 0) + 1
            connection.execute(
                schema.codebook.insert().values(
                    version=version,
                    created_at=datetime.now(UTC),
                    encoder_key=encoder_key,
                    settings=to_json(dict(settings)),
                    reason=reason,
                    arrays=blob,
                )
            )
            rows = [_theme_row(version, position, theme) for position, theme in enumerate(themes)]
            insert_rows(connection, schema.codebook_theme, rows)
            events = [
                {
                    "version": version,
                    "theme_id": row["theme_id"],
                    "event": row["event"],
                    "other_theme_id": row.get("other_theme_id"),
                    "reason": row.get("reason") or "",
                }
                for row in lineage
            ]
            insert_rows(connection, schema.lineage, events)
        return version

    def latest_codebook_version(self) -> int | None:
        """Return the newest version, None when nothing was published yet."""
        with self._read() as connection:
            return _latest(connection)

    def codebook_versions(self) -> list[dict[str, Any]]:
        """Return version, created_at, encoder_key, reason and n_themes of every codebook, oldest first."""
        c, t = schema.codebook, schema.codebook_theme
        query = (
            sa.select(c.c.version, c.c.created_at, c.c.encoder_key, c.c.reason, sa.func.count(t.c.theme_id))
            .select_from(c.outerjoin(t, t.c.version == c.c.version))
            .group_by(c.c.version, c.c.created_at, c.c.encoder_key, c.c.reason)
            .order_by(c.c.version)
        )
        names = ("version", "created_at", "encoder_key", "reason", "n_themes")
        with self._read() as connection:
            return [dict(zip(names, row, strict=True)) for row in connection.execute(query)]

    def codebook(self, version: int | None = None) -> StoredCodebook:
        """Return a codebook with people's edits on top (None: the newest).

        Raises NothingToShow when nothing was published yet, UsageError for a version that is not there.
        """
        with self._read() as connection:
            known = known_version(connection, version)
            if known is None:
                raise NothingToShow("There is no codebook yet. Discover themes first.")
            row = connection.execute(sa.select(schema.codebook).where(schema.codebook.c.version == known)).one()
            themes, hidden = edited_themes(connection, known)
        return StoredCodebook(
            version=row.version,
            created_at=row.created_at,
            encoder_key=row.encoder_key,
            reason=row.reason,
            themes=themes,
            arrays=load(bytes(row.arrays)),
            settings=json.loads(row.settings),
            hidden=hidden,
        )

    def lineage(self, theme_id: str | None = None) -> list[dict[str, Any]]:
        """Return version, theme_id, event, other_theme_id and reason of every change of identity, oldest first."""
        row = schema.lineage
        query = sa.select(row.c.version, row.c.theme_id, row.c.event, row.c.other_theme_id, row.c.reason)
        if theme_id is not None:
            query = query.where(sa.or_(row.c.theme_id == theme_id, row.c.other_theme_id == theme_id))
        with self._read() as connection:
            return [dict(found) for found in connection.execute(query.order_by(row.c.lineage_id)).mappings()]

    def add_edit(self, theme_id: str, kind: EditKind, payload: Mapping[str, Any], author: str) -> int:
        """Lay an edit on a theme of every version, and return its id.

        ``payload`` is {"label": ...} for rename, {"definition": ...} for define and {} for hide and unhide.
        Raises UsageError for an unknown theme or kind, or a payload that does not fit.
        """
        if kind not in _PAYLOAD:
            raise UsageError(f"{kind!r} is not a kind of edit.{did_you_mean(kind, _PAYLOAD)}")
        needed = _PAYLOAD[kind]
        words = payload.get(needed) if needed else None
        fits = isinstance(words, str) and words.strip() if needed else True
        if not fits or set(payload) != ({needed} if needed else set()):
            needs = f"{{{needed!r}: words}}" if needed else "an empty payload"
            raise UsageError(f"An edit of kind {kind!r} needs {needs}; it came with the keys {sorted(payload)}.")
        values = {"theme_id": theme_id, "kind": kind, "author": author, "created_at": datetime.now(UTC)}
        values["payload"] = to_json({needed: words.strip()} if needed and words else {})
        t, e = schema.codebook_theme, schema.theme_edit
        with self._write() as connection:
            known = connection.execute(sa.select(t.c.theme_id).distinct().order_by(t.c.theme_id)).scalars().all()
            if theme_id not in known:
                raise UsageError(f"There is no theme {theme_id!r} in any codebook.{did_you_mean(theme_id, known)}")
            return int(connection.execute(e.insert().values(values).returning(e.c.edit_id)).scalar_one())

    def undo_edit(self, edit_id: int, author: str) -> None:
        """Take an edit off again; it stays in the history. Raises UsageError when it is not there or already undone."""
        e = schema.theme_edit
        undo = e.update().where(e.c.edit_id == edit_id, e.c.undone_at.is_(None))
        with self._write() as connection:
            if connection.execute(undo.values(undone_at=datetime.now(UTC), undone_by=author)).rowcount != 1:
                raise UsageError(f"There is no edit {edit_id} left to undo. List the edits for their ids.")

    def edits(self, theme_id: str | None = None) -> list[dict[str, Any]]:
        """Return the edits, oldest first, undone ones too.

        Keys: edit_id, theme_id, kind, payload, author, created_at, undone_at, undone_by.
        """
        query = sa.select(schema.theme_edit).order_by(schema.theme_edit.c.edit_id)
        if theme_id is not None:
            query = query.where(schema.theme_edit.c.theme_id == theme_id)
        with self._read() as connection:
            rows = connection.execute(query).mappings()
            return [dict(row) | {"payload": json.loads(row["payload"])} for row in rows]


def known_version(connection: sa.Connection, version: int | None) -> int | None:
    """Return the version itself, or the newest for None; raises UsageError for one that was never published."""
    if version is None:
        return _latest(connection)
    c = schema.codebook
    found = connection.execute(sa.select(c.c.version).where(c.c.version == version)).scalar()
    if found is None:
        raise UsageError(f"There is no codebook version {version}; the newest is {_latest(connection)}.")
    return int(found)


def edited_themes(connection: sa.Connection, version: int) -> tuple[tuple[Theme, ...], frozenset[str]]:
    """Return the version's themes with people's edits on top, in the arrays' order, and the ids of the hidden ones."""
    t, e = schema.codebook_theme, schema.theme_edit
    rows = connection.execute(sa.select(t).where(t.c.version == version).order_by(t.c.position))
    themes = {row.theme_id: _theme(row) for row in rows}
    hidden: set[str] = set()
    for edit in connection.execute(sa.select(e).where(e.c.undone_at.is_(None)).order_by(e.c.edit_id)):
        theme = themes.get(edit.theme_id)
        if theme is None:
            continue
        if edit.kind == "hide":
            hidden.add(edit.theme_id)
        elif edit.kind == "unhide":
            hidden.discard(edit.theme_id)
        else:
            themes[edit.theme_id] = replace(theme, **json.loads(edit.payload))
    for theme_id in hidden:
        themes[theme_id] = replace(themes[theme_id], state="retired")
    return tuple(themes.values()), frozenset(hidden)


def _latest(connection: sa.Connection) -> int | None:
    return connection.execute(sa.select(sa.func.max(schema.codebook.c.version))).scalar()


def _theme_row(version: int, position: int, theme: Theme) -> dict[str, Any]:
    return {
        "version": version,
        "theme_id": theme.theme_id,
        "position": position,
        "label": theme.label,
        "level": theme.level,
        "parent_id": theme.parent_id,
        "state": theme.state,
        "threshold": float(theme.threshold),
        "keywords": to_json({language: list(words) for language, words in theme.keywords.items()}),
        "definition": theme.definition,
        "quote_ids": to_json(list(theme.quote_ids)),
        "n_statements": int(theme.n_statements),
    }


def _theme(row: Any) -> Theme:
    keywords = {language: tuple(words) for language, words in json.loads(row.keywords).items()}
    return Theme(
        theme_id=row.theme_id,
        label=row.label,
        level=row.level,
        parent_id=row.parent_id,
        state=row.state,
        threshold=row.threshold,
        keywords=keywords,
        definition=row.definition,
        quote_ids=tuple(json.loads(row.quote_ids)),
        n_statements=row.n_statements,
    )
