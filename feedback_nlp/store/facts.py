"""Facts that come after the text: scores and segments of feedback that is stored already.

``scores`` and ``segments`` of a feedback hold what is in force. ``facts`` remembers for each name that a fact has set
what the file of the text had said (null where it said nothing). So the file can be read again: as long as it says what
it said, the fact stays; where the file itself changes its mind, it is the later word and wins.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import polars as pl
import sqlalchemy as sa

from feedback_nlp.records import Feedback
from feedback_nlp.store import schema
from feedback_nlp.store.bulk import read_frame, select_where_in, to_json
from feedback_nlp.store.database import Database

FactKey = Literal["external_id", "customer_id"]
_KINDS = ("scores", "segments")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is to be set of one response or customer: ``scores`` by name, ``segments`` by column."""

    scores: Mapping[str, float]
    segments: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FactCounts:
    """What one batch changed, in feedback."""

    changed: int
    unchanged: int


class FactStore(Database):
    """The part of the store that takes facts in."""

    def feedback_keys(self, by: FactKey) -> pl.DataFrame:
        """Return feedback_id and ``by`` of all feedback that has it."""
        f = schema.feedback
        columns = {"feedback_id": pl.String(), by: pl.String()}
        with self._read() as connection:
            return read_frame(connection, sa.select(f.c.feedback_id, f.c[by]).where(f.c[by].is_not(None)), columns)

    def set_facts(self, facts: Mapping[str, Facts], run_id: int) -> FactCounts:
        """Set scores and segments of feedback, by its id, in one transaction; ids that are not stored are passed over.

        Names that a fact does not give stay as they are, and so do texts, statements, vectors, tags and edits.
        """
        f = schema.feedback
        query = sa.select(f.c.feedback_id, *(f.c[kind] for kind in _KINDS), f.c.facts)
        changes: list[dict[str, Any]] = []
        n_seen = 0
        with self._write() as connection:
            for row in select_where_in(connection, query, f.c.feedback_id, list(facts)):
                n_seen += 1
                values = dict(zip((*_KINDS, "facts"), map(json.loads, row[1:]), strict=True))
                if _set(values, facts[row[0]]):
                    written = {f"new_{name}": to_json(value) for name, value in values.items()}
                    changes.append({"key": row[0], "run": run_id, **written})
            if changes:
                new: dict[str, Any] = {name: sa.bindparam(f"new_{name}") for name in (*_KINDS, "facts")}
                update = f.update().where(f.c.feedback_id == sa.bindparam("key"))
                connection.execute(update.values(run_id=sa.bindparam("run"), **new), changes)
        return FactCounts(len(changes), n_seen - len(changes))


def kept_facts(connection: sa.Connection, changed: Sequence[Feedback]) -> tuple[list[Feedback], dict[str, str]]:
    """Return changed feedback with the facts that still hold laid on, and the memory of them by feedback id, as JSON.

    Call it before the stored rows go.
    """
    f = schema.feedback
    query = sa.select(f.c.feedback_id, *(f.c[kind] for kind in _KINDS), f.c.facts).where(f.c.facts != "{}")
    stored = {
        row[0]: row[1:] for row in select_where_in(connection, query, f.c.feedback_id, [i.feedback_id for i in changed])
    }
    memory: dict[str, str] = {}
    kept = []
    for item in changed:
        if item.feedback_id in stored:
            *old, facts = map(json.loads, stored[item.feedback_id])
            new: list[dict[str, Any]] = [dict(item.scores), dict(item.segments)]
            still: dict[str, dict[str, Any]] = {}
            for kind, values, before in zip(_KINDS, new, old, strict=True):
                for name, of_file in facts.get(kind, {}).items():
                    if values.get(name) == of_file and name in before:
                        values[name] = before[name]
                        still.setdefault(kind, {})[name] = of_file
            memory[item.feedback_id] = to_json(still)
            item = replace(item, scores=new[0], segments=new[1])
        kept.append(item)
    return kept, memory


def _set(values: dict[str, dict[str, Any]], told: Facts) -> bool:
    """Lay a fact on the values in force and remember what the file said; return whether anything differs."""
    differs = False
    for kind, given in (("scores", told.scores), ("segments", told.segments)):
        now, memory = values[kind], values["facts"].get(kind, {})
        for name, value in given.items():
            if now.get(name) == value:
                continue
            differs = True
            of_file = memory.setdefault(name, now.get(name))
            now[name] = value
            if of_file == value:  # what the file says anyway
                del memory[name]
        if memory:
            values["facts"][kind] = memory
        else:
            values["facts"].pop(kind, None)
    return differs
