"""Codebooks: numbered and immutable.

A discovery or an import publishes a base. What people change in its shape is published as an edit version of it, and
what they change in its words is laid on when a codebook is read. Readers see a version once it is ready: when all
statements are tagged with it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
import sqlalchemy as sa
from safetensors.numpy import load, save

from feedback_nlp.errors import NothingToShow, StoreError, UsageError
from feedback_nlp.records import WORDING_EDITS, Theme
from feedback_nlp.store import schema
from feedback_nlp.store.bulk import delete_where_in, insert_rows, to_json
from feedback_nlp.store.database import Database
from feedback_nlp.store.edits import active_edits
from feedback_nlp.store.wiping import zero_deleted

CodebookKind = Literal["fit", "import", "edit"]
_NO_ARRAYS = save({})


@dataclass(frozen=True, slots=True, eq=False)
class StoredCodebook:
    """A published codebook with people's words laid on top.

    ``themes`` are in the order of the arrays' rows. A theme that a person hid has state "retired" and its id is in
    ``hidden``; renamed and redefined ones carry the new words. ``base_version`` is the version itself for a ``kind``
    of "fit" or "import". ``is_ready`` is False until :meth:`Codebooks.mark_ready`.
    """

    version: int
    created_at: datetime
    encoder_key: str
    reason: str
    themes: tuple[Theme, ...]
    arrays: dict[str, np.ndarray]
    settings: dict[str, Any]
    hidden: frozenset[str]
    base_version: int
    kind: CodebookKind
    is_ready: bool


class Codebooks(Database):
    """The part of the store that keeps codebooks and their lineage."""

    def publish_codebook(
        self,
        *,
        encoder_key: str,
        themes: Sequence[Theme],
        arrays: Mapping[str, np.ndarray],
        settings: Mapping[str, Any],
        reason: str,
        lineage: Sequence[Mapping[str, Any]] = (),
        base_version: int | None = None,
        kind: CodebookKind = "fit",
    ) -> int:
        """Store a codebook under the next version, for good, and return the version. It is not ready yet.

        ``lineage`` rows have theme_id, event (born, continued, retired, split, merged), other_theme_id and reason.
        ``base_version`` None makes it a base; an edit version names the base that it lies on, and of its arrays only
        those that differ from the base's are stored. Raises StoreError for a theme id that comes twice, a parent that
        is not there, an unknown encoder, or a base that is none or of another encoder.
        """
        ids = [theme.theme_id for theme in themes]
        twice = sorted({theme_id for theme_id in ids if ids.count(theme_id) > 1})
        orphans = sorted({theme.parent_id for theme in themes if theme.parent_id is not None} - set(ids))
        if twice or orphans:
            raise StoreError(
                f"A codebook names each theme once and every parent in it; twice: {twice}, missing: {orphans}. "
                "Publish the whole set of themes."
            )
        if (base_version is None) == (kind == "edit"):
            raise ValueError(f"A codebook of kind {kind!r} cannot have base version {base_version}.")
        own = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        shared: list[str] = []
        with self._write() as connection:
            version = (_latest(connection) or 0) + 1
            if base_version is not None:
                base = _base_arrays(connection, base_version, encoder_key)
                shared = sorted(name for name, array in own.items() if name in base and _same(array, base[name]))
            connection.execute(
                schema.codebook.insert().values(
                    version=version,
                    created_at=datetime.now(UTC),
                    encoder_key=encoder_key,
                    settings=to_json(dict(settings)),
                    reason=reason,
                    arrays=save({name: array for name, array in own.items() if name not in shared}),
                    base_version=version if base_version is None else base_version,
                    kind=kind,
                    base_arrays=to_json(shared),
                    is_ready=False,
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

    def latest_codebook_version(self, ready: bool = False) -> int | None:
        """Return the newest version, None when nothing was published yet.

        With ``ready`` the one that readers see: the newest that is ready, or the newest of all when none is.
        """
        with self._read() as connection:
            return readable_version(connection) if ready else _latest(connection)

    def mark_ready(self, version: int) -> None:
        """Let readers see a version: all statements are tagged with it. Raises UsageError for an unknown version."""
        c = schema.codebook
        with self._write() as connection:
            known_version(connection, version)
            connection.execute(c.update().where(c.c.version == version).values(is_ready=True))

    def drop_superseded_tags(self, version: int) -> list[int]:
        """Delete what older versions of the same base hold beside their themes, and return those versions.

        They lose their tags, their mentions and, being no longer ready, their readers; edit versions also lose their
        own arrays, in which the vectors of people's examples may be. What was made of another base stays, so that
        the last version of each base can be compared with the next one's. Raises UsageError for an unknown version,
        ValueError for one that is not ready, as nothing that can be read would be left.
        """
        c, t, m = schema.codebook, schema.tag, schema.mention
        with self._write() as connection:
            known_version(connection, version)
            this = connection.execute(sa.select(c.c.base_version, c.c.is_ready).where(c.c.version == version)).one()
            if not this.is_ready:
                raise ValueError(f"Codebook version {version} is not ready: it cannot supersede others.")
            older = sa.select(c.c.version).where(c.c.base_version == this.base_version, c.c.version < version)
            versions = list(connection.execute(older.order_by(c.c.version)).scalars())
            zero_deleted(connection)
            for table in (t, m):
                delete_where_in(connection, table.c.codebook_version, versions)
            connection.execute(c.update().where(c.c.version.in_(versions)).values(is_ready=False))
            own = c.update().where(c.c.version.in_(versions), c.c.kind == "edit")
            connection.execute(own.values(arrays=_NO_ARRAYS, base_arrays="[]"))
        return versions

    def codebook_versions(self) -> list[dict[str, Any]]:
        """Return facts about every codebook, oldest first.

        Keys: version, created_at, encoder_key, reason, base_version, kind, is_ready, n_themes.
        """
        c, t = schema.codebook, schema.codebook_theme
        columns = (c.c.version, c.c.created_at, c.c.encoder_key, c.c.reason, c.c.base_version, c.c.kind, c.c.is_ready)
        query = (
            sa.select(*columns, sa.func.count(t.c.theme_id).label("n_themes"))
            .select_from(c.outerjoin(t, t.c.version == c.c.version))
            .group_by(*columns)
            .order_by(c.c.version)
        )
        with self._read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def codebook(self, version: int | None = None, *, worded: bool = True) -> StoredCodebook:
        """Return a codebook (None: the newest, ready or not), ``worded`` with people's words on top.

        Raises NothingToShow when nothing was published yet, UsageError for a version that is not there, or an edit
        version whose arrays are gone since a newer one superseded it.
        """
        with self._read() as connection:
            known = _latest(connection) if version is None else known_version(connection, version)
            if known is None:
                raise NothingToShow("There is no codebook yet. Discover themes first.")
            row = connection.execute(sa.select(schema.codebook).where(schema.codebook.c.version == known)).one()
            themes, hidden = edited_themes(connection, known, WORDING_EDITS if worded else ())
            arrays = load(bytes(row.arrays))
            shared = json.loads(row.base_arrays)
            if shared:
                base = _base_arrays(connection, row.base_version, row.encoder_key)
                arrays |= {name: base[name] for name in shared}
        if bytes(row.arrays) == _NO_ARRAYS and row.kind == "edit" and not shared:
            raise UsageError(
                f"Codebook version {known} was superseded by another edit of version {row.base_version}, and only the "
                "words of its themes are kept. Name a version that `themes history` calls ready."
            )
        return StoredCodebook(
            version=row.version,
            created_at=row.created_at,
            encoder_key=row.encoder_key,
            reason=row.reason,
            themes=themes,
            arrays=arrays,
            settings=json.loads(row.settings),
            hidden=hidden,
            base_version=row.base_version,
            kind=row.kind,
            is_ready=row.is_ready,
        )

    def lineage(self, theme_id: str | None = None) -> list[dict[str, Any]]:
        """Return version, theme_id, event, other_theme_id and reason of every change of identity, oldest first."""
        row = schema.lineage
        query = sa.select(row.c.version, row.c.theme_id, row.c.event, row.c.other_theme_id, row.c.reason)
        if theme_id is not None:
            query = query.where(sa.or_(row.c.theme_id == theme_id, row.c.other_theme_id == theme_id))
        with self._read() as connection:
            return [dict(found) for found in connection.execute(query.order_by(row.c.lineage_id)).mappings()]


def known_version(connection: sa.Connection, version: int) -> int:
    """Return the version itself; raises UsageError for one that was never published."""
    c = schema.codebook
    found = connection.execute(sa.select(c.c.version).where(c.c.version == version)).scalar()
    if found is None:
        raise UsageError(f"There is no codebook version {version}; the newest is {_latest(connection)}.")
    return int(found)


def readable_version(connection: sa.Connection) -> int | None:
    """Return the newest version that is ready, the newest of all when none is, None before the first one."""
    c = schema.codebook
    ready = connection.execute(sa.select(sa.func.max(c.c.version)).where(c.c.is_ready)).scalar()
    return _latest(connection) if ready is None else int(ready)


def edited_themes(
    connection: sa.Connection, version: int, kinds: Sequence[str] = WORDING_EDITS
) -> tuple[tuple[Theme, ...], frozenset[str]]:
    """Return the version's themes with people's words on top, in the arrays' order, and the ids of the hidden ones.

    ``kinds`` are those of WORDING_EDITS that are laid on.
    """
    t = schema.codebook_theme
    rows = connection.execute(sa.select(t).where(t.c.version == version).order_by(t.c.position))
    themes = {row.theme_id: _theme(row) for row in rows}
    hidden: set[str] = set()
    for edit in active_edits(connection, kinds):
        theme = themes.get(edit.theme_id)
        if theme is None:
            continue
        if edit.kind == "hide":
            hidden.add(edit.theme_id)
        elif edit.kind == "unhide":
            hidden.discard(edit.theme_id)
        elif edit.kind == "rename":
            themes[edit.theme_id] = replace(theme, label=edit.payload["label"], label_source="person")
        else:
            themes[edit.theme_id] = replace(theme, definition=edit.payload["definition"])
    for theme_id in hidden:
        themes[theme_id] = replace(themes[theme_id], state="retired")
    return tuple(themes.values()), frozenset(hidden)


def _latest(connection: sa.Connection) -> int | None:
    return connection.execute(sa.select(sa.func.max(schema.codebook.c.version))).scalar()


def _base_arrays(connection: sa.Connection, base_version: int, encoder_key: str) -> dict[str, np.ndarray]:
    c = schema.codebook
    base = connection.execute(sa.select(c).where(c.c.version == base_version, c.c.base_version == base_version)).first()
    if base is None or base.encoder_key != encoder_key:
        raise StoreError(
            f"Version {base_version} is no base of encoder {encoder_key} that edits could lie on. "
            "Lay them on a version that a discovery or an import published."
        )
    return load(bytes(base.arrays))


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()


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
        "source": theme.source,
        "label_source": theme.label_source,
        "stability": None if theme.stability is None else float(theme.stability),
        "is_emerging": bool(theme.is_emerging),
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
        source=row.source,
        label_source=row.label_source,
        stability=row.stability,
        is_emerging=row.is_emerging,
    )
