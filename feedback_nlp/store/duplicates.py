"""Duplicates: which feedback says the same as another answer to the same question, word for word or nearly so."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from feedback_nlp.store import schema
from feedback_nlp.store.bulk import select_where_in
from feedback_nlp.store.database import Database
from feedback_nlp.store.representatives import Turn, settle, turn

NearlySame = Callable[[str, str], bool]

_F = schema.feedback
_COUNTED = sa.and_(_F.c.duplicate_key != "", _F.c.text != "")
_FORGOTTEN: dict[str, Any] = {"duplicate_of": None, "duplicate_kind": None, "is_compared": False}
_FEW = 256  # so many texts under a key are read at once with those under others

_Group = tuple[str, str]  # a duplicate key and a question
_Role = tuple[str, bool]  # the representative of a group, and whether it is only nearly the same


class Duplicates(Database):
    """The part of the store that tells duplicates."""

    def refresh_duplicates(self, nearly_same: NearlySame | None = None) -> int:
        """Compare what is new or changed with all other feedback, and return how many duplicates there are now.

        Feedback with the same duplicate key and question is an exact duplicate; feedback that shares a near key and
        for which ``nearly_same(text, other)``, asides left out, is a near-duplicate. Each names its representative in
        ``duplicate_of``, which is itself no duplicate: every duplicate is like its representative, one step away.
        Copies of a near-duplicate are near-duplicates of its representative too.

        Who is stored and compared already comes first: new feedback becomes a duplicate of it and displaces no
        representative, so that what a report said yesterday stays true. Feedback that comes together takes turns by
        ``created_at`` (without a time last), then by id; the order of rows within a run decides nothing. Batches that
        come in the order of time thus end as one run over all of it would; a file of older feedback, or of feedback
        without times, that is read later may have other representatives than it would have had if read first.
        Feedback that was changed counts as new. When a representative goes or changes, those it represented are
        compared again, as if new.

        The time depends on what is new and what it shares keys with. A key that very many different texts share is
        looked up among 32 of its representatives only: the first of a run, and of earlier ones those with the smallest
        ids. Raises ValueError when near keys are stored and ``nearly_same`` is None.
        """
        with self._write() as connection:
            if nearly_same is None:
                if connection.execute(sa.select(schema.near_key.c.near_key).limit(1)).first():
                    raise ValueError("There are near keys in the store: pass nearly_same, which decides about texts.")
                nearly_same = _never
            _forget_the_lost(connection)
            groups = _new_groups(connection)
            roles = _stored_roles(connection)
            first = {rows[0][2]: group for group, rows in groups.items() if group not in roles}
            targets = settle([groups[group][0] for group in first.values()], _Stored(connection, nearly_same))
            for name, target in targets.items():
                roles[first[name]] = (target or name, target is not None)
            _write(connection, groups, roles)
            return int(connection.execute(sa.select(sa.func.count(_F.c.duplicate_of))).scalar_one())


def _never(first: str, second: str) -> bool:
    return False


def _forget_the_lost(connection: Connection) -> None:
    """Let those have their turn again whose representative is gone or was changed; it is then not compared either."""
    other = schema.feedback.alias("other")
    there = sa.exists().where(other.c.feedback_id == _F.c.duplicate_of, other.c.is_compared)
    lost = sa.and_(_F.c.duplicate_of.is_not(None), sa.or_(~there, ~_F.c.is_compared))
    connection.execute(_F.update().where(lost).values(_FORGOTTEN))


def _new_groups(connection: Connection) -> dict[_Group, list[Turn]]:
    """Return the feedback that is not compared yet by what it says, each group in the order of turns."""
    groups: dict[_Group, list[Turn]] = defaultdict(list)
    query = sa.select(_F.c.duplicate_key, _F.c.question, _F.c.created_at, _F.c.feedback_id)
    for key, question, created_at, name in connection.execute(query.where(~_F.c.is_compared, _COUNTED)):
        groups[key, question].append(turn(created_at, name))
    for turns in groups.values():
        turns.sort()
    return groups


def _stored_roles(connection: Connection) -> dict[_Group, _Role]:
    """Return what earlier runs decided about texts of which there are new copies."""
    if not _any_compared(connection):
        return {}
    new = sa.select(_F.c.duplicate_key, _F.c.question).where(~_F.c.is_compared, _COUNTED).distinct().subquery()
    same = sa.and_(new.c.duplicate_key == _F.c.duplicate_key, new.c.question == _F.c.question)
    # All copies have the same representative, or are it: any of them tells.
    representative = sa.func.min(sa.func.coalesce(_F.c.duplicate_of, _F.c.feedback_id))
    query = sa.select(_F.c.duplicate_key, _F.c.question, representative, sa.func.max(_F.c.duplicate_kind) == "near")
    query = query.join(new, same).where(_F.c.is_compared, _COUNTED).group_by(_F.c.duplicate_key, _F.c.question)
    return {(key, question): (of, bool(near)) for key, question, of, near in connection.execute(query)}


def _any_compared(connection: Connection) -> bool:
    return connection.execute(sa.select(_F.c.feedback_id).where(_F.c.is_compared).limit(1)).first() is not None


def _write(connection: Connection, groups: Mapping[_Group, Iterable[Turn]], roles: Mapping[_Group, _Role]) -> None:
    """Give everything new the role of its group."""
    changed = []
    for group, turns in groups.items():
        of, near = roles[group]
        kind = "near" if near else "exact"
        changed += [{"row": name, "of": of, "kind": kind} for _, _, name in turns if name != of]
    if changed:
        update = _F.update().where(_F.c.feedback_id == sa.bindparam("row"))
        connection.execute(update.values(duplicate_of=sa.bindparam("of"), duplicate_kind=sa.bindparam("kind")), changed)
    connection.execute(_F.update().where(~_F.c.is_compared).values(is_compared=True))


class _Stored:
    """The stored texts as :class:`~feedback_nlp.store.representatives.Neighbourhood`."""

    def __init__(self, connection: Connection, nearly_same: NearlySame) -> None:
        self._connection = connection
        self._nearly_same = nearly_same
        self._texts: dict[str, str] = {}

    def keys(self, ids: Sequence[str]) -> dict[str, list[int]]:
        """Return the keys of texts."""
        n = schema.near_key
        found: dict[str, list[int]] = defaultdict(list)
        for name, key in self._select(sa.select(n.c.feedback_id, n.c.near_key), n.c.feedback_id, ids):
            found[name].append(key)
        return found

    def representatives(self, keys: Sequence[int], most: int) -> dict[int, list[Turn]]:
        """Return who was compared in an earlier run and represents, by key: those with the smallest ids."""
        found: dict[int, list[Turn]] = defaultdict(list)
        if not _any_compared(self._connection):
            return found
        n = schema.near_key
        sizes = sa.select(n.c.near_key, sa.func.count()).group_by(n.c.near_key)
        size = {row[0]: row[1] for row in self._select(sizes, n.c.near_key, keys)}
        query = sa.select(n.c.near_key, n.c.feedback_id, _F.c.created_at)
        query = query.join(_F, _F.c.feedback_id == n.c.feedback_id)
        query = query.where(_F.c.is_compared, _F.c.duplicate_of.is_(None))
        few = [key for key in keys if 0 < size.get(key, 0) <= _FEW]
        for key, name, created_at in self._select(query, n.c.near_key, few):
            found[key].append(turn(created_at, name))
        for key, turns in found.items():
            found[key] = sorted(turns, key=lambda one: one[2])[:most]
        # The database finds these by walking along the key in the order of ids until it has enough.
        walk = query.where(n.c.near_key == sa.bindparam("key")).order_by(n.c.feedback_id).limit(most)
        for key in keys:
            if size.get(key, 0) > _FEW:
                for _, name, created_at in self._connection.execute(walk, {"key": key}):
                    found[key].append(turn(created_at, name))
        return found

    def read(self, ids: Iterable[str]) -> None:
        """Keep these texts at hand, and let go of the others."""
        wanted = set(ids)
        self._texts = {name: text for name, text in self._texts.items() if name in wanted}
        query = sa.select(_F.c.feedback_id, _F.c.text, _F.c.asides)
        for name, text, asides in self._select(query, _F.c.feedback_id, sorted(wanted - self._texts.keys())):
            for start, end, _ in reversed(json.loads(asides)):
                text = f"{text[:start]}\n{text[end:]}"
            self._texts[name] = text

    def alike(self, first: str, second: str) -> bool:
        """Return whether two texts are nearly the same, asides left out."""
        return self._nearly_same(self._texts[first], self._texts[second])

    def _select(
        self, query: sa.Select[Any], column: sa.ColumnElement[Any], values: Sequence[Any]
    ) -> Iterator[Sequence[Any]]:
        return select_where_in(self._connection, query, column, values)
