"""What people do to themes: a log that is only ever added to. Undoing an edit leaves it in the log, out of force."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
import sqlalchemy as sa
from safetensors.numpy import load, save

from feedback_nlp.errors import UsageError, did_you_mean
from feedback_nlp.records import EDIT_KINDS, Edit
from feedback_nlp.store import schema
from feedback_nlp.store.bulk import select_where_in, to_json
from feedback_nlp.store.database import Database

_WORDS, _ID, _ID_OR_NONE, _IDS = "words", "id", "id or None", "list of ids"
# What a payload holds, one form or several.
_FORMS: dict[str, tuple[dict[str, str], ...]] = {
    "rename": ({"label": _WORDS},),
    "define": ({"definition": _WORDS},),
    "merge": ({"into": _ID},),
    "split": (
        {"label": _WORDS, "new_theme_id": _ID, "sub_themes": _IDS},
        {"label": _WORDS, "new_theme_id": _ID, "statements": _IDS},
    ),
    "move": ({"parent": _ID_OR_NONE},),
    "example": ({"like": _IDS, "unlike": _IDS},),
    "create": ({"label": _WORDS, "parent": _ID_OR_NONE, "like": _IDS, "unlike": _IDS},),
    "assign": ({"statement": _ID},),
    "unassign": ({"statement": _ID},),
} | dict.fromkeys(("hide", "unhide", "pin", "unpin"), ({},))
_MAKING = ("create", "split")  # kinds of edit that make a theme
_STATEMENT_LISTS = ("like", "statements", "unlike")
_FITS: dict[str, Callable[[Any], bool]] = {
    _WORDS: lambda value: isinstance(value, str) and bool(value.strip()),
    _ID: lambda value: isinstance(value, str) and bool(value),
    _ID_OR_NONE: lambda value: value is None or (isinstance(value, str) and bool(value)),
    _IDS: lambda value: isinstance(value, list | tuple) and all(isinstance(item, str) and item for item in value),
}


@dataclass(frozen=True, slots=True, eq=False)
class StoredExamples:
    """The vectors, straight from the encoder, of the statements that an edit names: they outlive the statements.

    ``like`` (n, d) and ``unlike`` (m, d) are float32 and in the order of the payload's lists of these names (for a
    split, ``like`` are its "statements"), with one language code a row. Stored as float16.
    """

    encoder_key: str
    like: np.ndarray
    like_languages: tuple[str, ...]
    unlike: np.ndarray
    unlike_languages: tuple[str, ...]

    def to_bytes(self) -> bytes:
        """Return safetensors; the words among them as JSON in UTF-8."""
        facts = to_json([self.encoder_key, list(self.like_languages), list(self.unlike_languages)])
        return save(
            {
                "like": np.ascontiguousarray(self.like, np.float16),
                "unlike": np.ascontiguousarray(self.unlike, np.float16),
                "facts": np.frombuffer(facts.encode(), np.uint8),
            }
        )

    @classmethod
    def from_bytes(cls, blob: bytes) -> StoredExamples:
        """Return what :meth:`to_bytes` wrote."""
        arrays = load(blob)
        encoder_key, like_languages, unlike_languages = json.loads(arrays["facts"].tobytes())
        return cls(
            encoder_key,
            arrays["like"].astype(np.float32),
            tuple(like_languages),
            arrays["unlike"].astype(np.float32),
            tuple(unlike_languages),
        )

    def keep(self, like: Sequence[bool], unlike: Sequence[bool]) -> StoredExamples:
        """Return the rows for which a flag is true."""
        return StoredExamples(
            self.encoder_key,
            self.like[np.array(like, bool)],
            tuple(code for code, stays in zip(self.like_languages, like, strict=True) if stays),
            self.unlike[np.array(unlike, bool)],
            tuple(code for code, stays in zip(self.unlike_languages, unlike, strict=True) if stays),
        )


class NamedStatement(NamedTuple):
    """What is needed of a statement to make an example of it."""

    statement_id: str
    feedback_id: str
    text_hash: str
    language: str


class Edits(Database):
    """The part of the store that keeps what people did to themes, with who and when."""

    def add_edit(
        self,
        theme_id: str,
        kind: str,
        payload: Mapping[str, Any],
        author: str,
        examples: StoredExamples | None = None,
    ) -> int:
        """Write an edit down, in force for every version, and return its id.

        ``kind`` is one of EDIT_KINDS, ``payload`` as :class:`~feedback_nlp.records.Edit` says; ``examples`` holds the
        vectors of the statements in it. Whether the edit makes sense for the themes as they are is not asked here.
        Raises UsageError for an unknown theme, statement or kind, an id that a new theme cannot have, or a payload
        that does not fit; ValueError for examples that do not match the payload.
        """
        if kind not in EDIT_KINDS:
            raise UsageError(f"{kind!r} is not a kind of edit.{did_you_mean(kind, EDIT_KINDS)}")
        plain = _plain_payload(kind, payload)
        if examples is not None:
            named = (len(plain.get("like", plain.get("statements", ()))), len(plain.get("unlike", ())))
            if named != (len(examples.like), len(examples.unlike)):
                raise ValueError(f"Vectors of {(len(examples.like), len(examples.unlike))} examples came for {named}.")
        e = schema.theme_edit
        values = {
            "theme_id": theme_id,
            "kind": kind,
            "payload": to_json(plain),
            "author": author,
            "created_at": datetime.now(UTC),
            "examples": None if examples is None else examples.to_bytes(),
        }
        with self._write() as connection:
            known = sorted(all_themes(connection))
            new = {"create": theme_id, "split": plain.get("new_theme_id")}.get(kind)
            if new in known:
                raise UsageError(f"There is a theme {new!r} already. Give the new theme an id of its own.")
            needed = [plain.get("into"), plain.get("parent"), *plain.get("sub_themes", ())]
            for other in [*([theme_id] if kind != "create" else []), *needed]:
                if other is not None and other not in known:
                    raise UsageError(f"There is no theme {other!r} in any codebook.{did_you_mean(other, known)}")
            if "statement" in plain:
                _require_statement(connection, plain["statement"])
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

        Keys: edit_id, theme_id, kind, payload, author, created_at, undone_at, undone_by. With ``theme_id`` those of
        that theme, and those of others that name it, such as a merge into it.
        """
        columns = [column for column in schema.theme_edit.c if column.name != "examples"]
        with self._read() as connection:
            rows = connection.execute(sa.select(*columns).order_by(schema.theme_edit.c.edit_id)).mappings()
            found = [dict(row) | {"payload": json.loads(row["payload"])} for row in rows]
        return [row for row in found if theme_id is None or _names(row, theme_id)]

    def active_edits(self, kinds: Collection[str] | None = None) -> list[Edit]:
        """Return the edits in force, of these kinds (None: of all), oldest first."""
        with self._read() as connection:
            return active_edits(connection, kinds)

    def theme_ids(self) -> set[str]:
        """Return every theme id ever used: of all codebooks, and of the themes that edits make, undone ones too."""
        with self._read() as connection:
            return all_themes(connection)

    def statements_named(self, ids: Sequence[str]) -> dict[str, list[NamedStatement]]:
        """Return the statement that each id names, or all statements of the feedback that it names, in their order.

        An id that names neither is left out.
        """
        s = schema.statement
        columns = (s.c.statement_id, s.c.feedback_id, s.c.text_hash, s.c.language, s.c.start)
        wanted = list(dict.fromkeys(ids))
        found: dict[str, list[NamedStatement]] = {}
        with self._read() as connection:
            for row in select_where_in(connection, sa.select(*columns), s.c.statement_id, wanted):
                found[row[0]] = [NamedStatement(*row[:4])]
            query = sa.select(*columns).order_by(s.c.feedback_id, s.c.start)
            for row in select_where_in(
                connection, query, s.c.feedback_id, [name for name in wanted if name not in found]
            ):
                found.setdefault(row[1], []).append(NamedStatement(*row[:4]))
        return found

    def edit_examples(self) -> dict[int, StoredExamples]:
        """Return the vectors that came with edits in force, by edit id."""
        e = schema.theme_edit
        query = sa.select(e.c.edit_id, e.c.examples).where(e.c.undone_at.is_(None), e.c.examples.is_not(None))
        with self._read() as connection:
            rows = connection.execute(query.order_by(e.c.edit_id))
            return {row.edit_id: StoredExamples.from_bytes(bytes(row.examples)) for row in rows}


def active_edits(connection: sa.Connection, kinds: Collection[str] | None = None) -> list[Edit]:
    """Return the edits in force, oldest first."""
    e = schema.theme_edit
    query = sa.select(e.c.edit_id, e.c.theme_id, e.c.kind, e.c.payload, e.c.author, e.c.created_at)
    query = query.where(e.c.undone_at.is_(None)).order_by(e.c.edit_id)
    if kinds is not None:
        query = query.where(e.c.kind.in_(list(kinds)))
    return [
        Edit(row.edit_id, row.theme_id, row.kind, json.loads(row.payload), row.author, row.created_at)
        for row in connection.execute(query)
    ]


def count_statements_in_edits(connection: sa.Connection, statements: Collection[str]) -> int:
    """Return in how many places of edits these statements stand."""
    e = schema.theme_edit
    payloads = connection.execute(sa.select(e.c.payload)).scalars() if statements else ()
    return sum(_places(json.loads(words), statements) for words in payloads)


def forget_statements_in_edits(connection: sa.Connection, statements: Collection[str]) -> None:
    """Take statements out of all edits, undone ones too, with their vectors; an edit of nothing else goes."""
    e = schema.theme_edit
    if not statements:
        return
    for row in connection.execute(sa.select(e.c.edit_id, e.c.payload, e.c.examples)).all():
        payload = json.loads(row.payload)
        if not _places(payload, statements):
            continue
        if "statement" in payload:
            connection.execute(e.delete().where(e.c.edit_id == row.edit_id))
            continue
        lists = {name: payload[name] for name in _STATEMENT_LISTS if name in payload}
        stays = {name: [item not in statements for item in ids] for name, ids in lists.items()}
        kept = {name: [item for item in ids if item not in statements] for name, ids in lists.items()}
        values: dict[str, Any] = {"payload": to_json(payload | kept)}
        if row.examples is not None:
            like, unlike = stays.get("like", stays.get("statements", [])), stays.get("unlike", [])
            values["examples"] = StoredExamples.from_bytes(bytes(row.examples)).keep(like, unlike).to_bytes()
        connection.execute(e.update().where(e.c.edit_id == row.edit_id).values(values))


def _places(payload: Mapping[str, Any], statements: Collection[str]) -> int:
    named = [item for name in _STATEMENT_LISTS for item in payload.get(name, ())] + [payload.get("statement")]
    return sum(item in statements for item in named)


def _plain_payload(kind: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the payload in plain types, words stripped and ids once each; raises UsageError when it does not fit."""
    for form in _FORMS[kind]:
        if set(payload) == set(form) and all(_FITS[what](payload[key]) for key, what in form.items()):
            break
    else:
        raise UsageError(_misfit(kind, f"it came with the keys {sorted(payload)}"))
    plain: dict[str, Any] = {}
    for key, what in form.items():
        value = payload[key]
        plain[key] = value.strip() if what == _WORDS else list(dict.fromkeys(value)) if what == _IDS else value
    lists = [plain[key] for key, what in form.items() if what == _IDS]
    if lists and not any(lists):
        raise UsageError(_misfit(kind, "all its lists are empty"))
    if kind == "create" and not plain["like"]:
        raise UsageError(_misfit(kind, "'like' is empty, and a new theme needs a statement that it is about"))
    both = sorted(set(plain.get("like", ())) & set(plain.get("unlike", ())))
    if both:
        raise UsageError(_misfit(kind, f"{both[0]!r} stands in 'like' and in 'unlike'"))
    return plain


def _misfit(kind: str, trouble: str) -> str:
    forms = [", ".join(f"{key!r}: {what}" for key, what in form.items()) for form in _FORMS[kind]]
    needs = " or ".join(f"{{{form}}}" for form in forms) if forms != [""] else "an empty payload"
    return f"An edit of kind {kind!r} needs {needs}; {trouble}."


def all_themes(connection: sa.Connection) -> set[str]:
    """Return the ids of all themes of any version, and of those that people made."""
    e = schema.theme_edit
    known = set(connection.execute(sa.select(schema.codebook_theme.c.theme_id).distinct()).scalars())
    for row in connection.execute(sa.select(e.c.theme_id, e.c.kind, e.c.payload).where(e.c.kind.in_(_MAKING))):
        known.add(row.theme_id if row.kind == "create" else json.loads(row.payload)["new_theme_id"])
    return known


def _require_statement(connection: sa.Connection, statement_id: str) -> None:
    s = schema.statement
    if connection.execute(sa.select(s.c.statement_id).where(s.c.statement_id == statement_id)).first() is None:
        raise UsageError(f"There is no statement {statement_id!r}. List a theme's statements for their ids.")


def _names(row: Mapping[str, Any], theme_id: str) -> bool:
    payload = row["payload"]
    others = (payload.get("into"), payload.get("parent"), payload.get("new_theme_id"), *payload.get("sub_themes", ()))
    return theme_id in (row["theme_id"], *others)
