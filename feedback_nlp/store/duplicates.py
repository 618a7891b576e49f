"""Duplicates: which feedback says the same as another answer to the same question, word for word or nearly so."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from feedback_nlp.store import schema
from feedback_nlp.store.bulk import chunks, select_where_in
from feedback_nlp.store.database import Database
from feedback_nlp.store.representatives import Member, Representatives, Turn, turn

NearlySame = Callable[[str, str], bool]

_F = schema.feedback
_COUNTED = sa.and_(_F.c.duplicate_key != "", _F.c.text != "")
_ROW = (_F.c.feedback_id, _F.c.created_at, _F.c.duplicate_key, _F.c.question)
_ROLE = (_F.c.duplicate_of, _F.c.duplicate_kind, _F.c.is_compared)


@dataclass(frozen=True, slots=True)
class _Row:
    feedback_id: str
    created_at: datetime | None
    duplicate_key: str
    question: str
    duplicate_of: str | None
    duplicate_kind: str | None
    is_compared: bool

    @property
    def turn(self) -> Turn:
        return turn(self.created_at, self.feedback_id)


class Duplicates(Database):
    """The part of the store that tells duplicates."""

    def refresh_duplicates(self, nearly_same: NearlySame | None = None) -> int:
        """Compare what is new or changed with all other feedback, and return how many duplicates there are now.

        Feedback with the same duplicate key and question is an exact duplicate; feedback that shares a near key and
        for which ``nearly_same(text, other)``, asides left out, is a near-duplicate. Each names its representative in
        ``duplicate_of``: the earliest by ``created_at`` (those without a time last), then by the smallest id, that
        itself is no duplicate of an earlier one. So every duplicate is like its representative itself, the outcome
        does not depend on the order or the batches in which rows came, and later feedback displaces no
        representative. Copies of a near-duplicate are near-duplicates of its representative too.

        Only what is new or changed since the last call, and what that concerns, is compared. A key that very many
        different texts share is looked up among its earliest representatives only. Raises ValueError when near keys
        are stored and ``nearly_same`` is None.
        """
        with self._write() as connection:
            if nearly_same is None:
                if connection.execute(sa.select(schema.near_key.c.near_key).limit(1)).first():
                    raise ValueError("There are near keys in the store: pass nearly_same, which decides about texts.")
                nearly_same = _never
            _forget_the_lost(connection)
            groups = _groups_with_news(connection)
            displaced = [row for rows in groups.values() if not rows[0].is_compared for row in rows if row.is_compared]
            if displaced:  # an earlier copy came: whoever was first until now, and who follows it, has its turn again
                _forget(connection, _F.c.duplicate_of, [row.feedback_id for row in displaced if not row.duplicate_of])
                _forget(connection, _F.c.feedback_id, [row.feedback_id for row in displaced])
                groups = _groups_with_news(connection)
            first = {rows[0].feedback_id: rows[0] for rows in groups.values()}
            new = [row.turn for row in first.values() if not row.is_compared]
            targets = {row.feedback_id: row.duplicate_of for row in first.values() if row.is_compared}
            if new:
                targets |= Representatives(_Stored(connection, nearly_same, min(new))).settle(new)
            others = _groups_of(connection, sorted(targets.keys() - first.keys()))
            _write(connection, [*groups.values(), *others.values()], targets)
            return int(connection.execute(sa.select(sa.func.count(_F.c.duplicate_of))).scalar_one())


def _never(first: str, second: str) -> bool:
    return False


def _forget_the_lost(connection: Connection) -> None:
    """Let those have their turn again whose representative is gone or was changed; it is then not compared either."""
    other = schema.feedback.alias("other")
    there = sa.exists().where(other.c.feedback_id == _F.c.duplicate_of, other.c.is_compared)
    lost = _F.update().where(_F.c.duplicate_of.is_not(None), ~there)
    connection.execute(lost.values(duplicate_of=None, duplicate_kind=None, is_compared=False))


def _forget(connection: Connection, column: sa.Column[Any], values: Sequence[str]) -> None:
    for chunk in chunks(values):
        rows = _F.update().where(column.in_(chunk))
        connection.execute(rows.values(duplicate_of=None, duplicate_kind=None, is_compared=False))


def _groups_with_news(connection: Connection) -> dict[tuple[str, str], list[_Row]]:
    """Return all groups of equal texts that hold a row not compared yet, each in the order of turns."""
    news = sa.select(_F.c.duplicate_key, _F.c.question).where(~_F.c.is_compared, _COUNTED).distinct().subquery()
    same = sa.and_(news.c.duplicate_key == _F.c.duplicate_key, news.c.question == _F.c.question)
    return _grouped(connection.execute(sa.select(*_ROW, *_ROLE).join(news, same).where(_COUNTED)))


def _groups_of(connection: Connection, ids: Sequence[str]) -> dict[tuple[str, str], list[_Row]]:
    """Return the groups of equal texts that these feedback are in."""
    one = schema.feedback.alias("one")
    same = sa.and_(one.c.duplicate_key == _F.c.duplicate_key, one.c.question == _F.c.question)
    query = sa.select(*_ROW, *_ROLE).join(one, same).where(_COUNTED)
    return _grouped(select_where_in(connection, query, one.c.feedback_id, ids))


def _grouped(rows: Iterable[Sequence[Any]]) -> dict[tuple[str, str], list[_Row]]:
    groups: dict[tuple[str, str], list[_Row]] = defaultdict(list)
    for values in rows:
        row = _Row(*values)
        groups[row.duplicate_key, row.question].append(row)
    for members in groups.values():
        members.sort(key=lambda row: row.turn)
    return groups


def _write(connection: Connection, groups: Iterable[list[_Row]], targets: Mapping[str, str | None]) -> None:
    """Give every row of the groups the role of its group's first one."""
    changed = []
    for rows in groups:
        first = rows[0].feedback_id
        target = targets[first]
        for row in rows:
            of, kind = (first, "exact") if target is None else (target, "near")
            role = (None, None) if of == row.feedback_id else (of, kind)
            if role != (row.duplicate_of, row.duplicate_kind):
                changed.append({"row": row.feedback_id, "of": role[0], "kind": role[1]})
    if changed:
        update = _F.update().where(_F.c.feedback_id == sa.bindparam("row"))
        update = update.values(duplicate_of=sa.bindparam("of"), duplicate_kind=sa.bindparam("kind"))
        connection.execute(update, changed)
    connection.execute(_F.update().where(~_F.c.is_compared).values(is_compared=True))


class _Stored:
    """The stored texts as :class:`~feedback_nlp.store.representatives.Neighbourhood`."""

    def __init__(self, connection: Connection, nearly_same: NearlySame, earliest: Turn) -> None:
        """``earliest`` is the first turn of this run: who follows an earlier one keeps doing so."""
        self._connection = connection
        self._nearly_same = nearly_same
        self._earliest = earliest
        self._texts: dict[str, str] = {}

    def load(self, ids: Sequence[str]) -> tuple[dict[str, list[int]], list[Member]]:
        """Return the keys that others share, and who has them."""
        n = schema.near_key
        rows = [tuple(row) for row in self._select(sa.select(n.c.feedback_id, n.c.near_key), n.c.feedback_id, ids)]
        count = Counter(key for _, key in rows)
        members = list(self._members(sorted(count)))
        shared = {member.key for member in members}
        keys: dict[str, list[int]] = defaultdict(list)
        for name, key in rows:
            if count[key] > 1 or key in shared:
                keys[name].append(key)
        return keys, members

    def _members(self, keys: Sequence[int]) -> Iterator[Member]:
        """Yield who was compared in an earlier run, leads or follows one that comes after the first of this run."""
        n, of = schema.near_key, schema.feedback.alias("of")
        without_time, created_at, feedback_id = self._earliest
        later: sa.ColumnElement[bool] = sa.and_(of.c.created_at.is_(None), of.c.feedback_id > feedback_id)
        if not without_time:
            same = sa.and_(of.c.created_at == created_at, of.c.feedback_id > feedback_id)
            later = sa.or_(of.c.created_at.is_(None), of.c.created_at > created_at, same)
        query = (
            sa.select(n.c.near_key, *_ROW, of.c.feedback_id, of.c.created_at)
            .join(_F, _F.c.feedback_id == n.c.feedback_id)
            .join(of, of.c.feedback_id == _F.c.duplicate_of, isouter=True)
            .where(_F.c.is_compared, sa.or_(_F.c.duplicate_of.is_(None), sa.and_(_F.c.duplicate_kind == "near", later)))
        )
        if not self._connection.execute(sa.select(_F.c.feedback_id).where(_F.c.is_compared).limit(1)).first():
            return
        first: dict[tuple[int, str], Member] = {}  # copies of a near-duplicate have their turn with its first one
        for key, name, created, text, _, leader, led_at in self._select(query, n.c.near_key, keys):
            target = None if leader is None else turn(led_at, leader)
            member = Member(key, turn(created, name), target)
            if member.turn < first.setdefault((key, text), member).turn:
                first[key, text] = member
        yield from first.values()

    def followers(self, name: str) -> list[Turn]:
        """Return the first of each group of equal texts that follow this one."""
        first: dict[str, Turn] = {}
        near = sa.and_(_F.c.duplicate_kind == "near", _F.c.is_compared)
        for row in self._connection.execute(sa.select(*_ROW).where(_F.c.duplicate_of == name, near)):
            one = turn(row.created_at, row.feedback_id)
            first[row.duplicate_key] = min(one, first.get(row.duplicate_key, one))
        return list(first.values())

    def read(self, ids: Iterable[str], *, more: bool = False) -> None:
        """Keep these texts at hand, and let go of the others unless there are to be ``more``."""
        wanted = set(ids)
        if not more:
            self._texts = {name: text for name, text in self._texts.items() if name in wanted}
        self._fetch(sorted(wanted - self._texts.keys()))

    def alike(self, first: str, second: str) -> bool:
        """Return whether two texts are nearly the same, asides left out."""
        if missing := [name for name in (first, second) if name not in self._texts]:
            self._fetch(missing)
        return self._nearly_same(self._texts[first], self._texts[second])

    def _fetch(self, ids: Sequence[str]) -> None:
        query = sa.select(_F.c.feedback_id, _F.c.text, _F.c.asides)
        for name, text, asides in self._select(query, _F.c.feedback_id, ids):
            for start, end, _ in reversed(json.loads(asides)):
                text = f"{text[:start]}\n{text[end:]}"
            self._texts[name] = text

    def _select(
        self, query: sa.Select[Any], column: sa.ColumnElement[Any], values: Sequence[Any]
    ) -> Iterator[Sequence[Any]]:
        return select_where_in(self._connection, query, column, values)
