"""What teams do about themes, and the calls to customers who asked for one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from feedback_nlp.errors import UsageError, did_you_mean
from feedback_nlp.records import ACTION_STATES, CALL_STATES, Action, Call
from feedback_nlp.store import schema
from feedback_nlp.store.bulk import insert_rows, to_json
from feedback_nlp.store.database import Database
from feedback_nlp.store.edits import all_themes

_CHANGEABLE = ("title", "owner", "hypothesis", "since", "due", "state", "effort", "segments", "control_theme_id")
_EFFORTS = range(1, 6)


class Actions(Database):
    """The part of the store that keeps actions and calls."""

    def add_action(self, theme_id: str, title: str, author: str, **facts: Any) -> int:
        """Write an action down and return its id. ``facts`` are further fields of :class:`~..records.Action`.

        Raises UsageError for an unknown theme, and for facts that :meth:`change_action` refuses.
        """
        values = {"state": ACTION_STATES[0], "segments": {}, **facts, "title": title}
        with self._write() as connection:
            row = _checked(connection, {**values, "theme_id": theme_id})
            row |= {"author": author, "created_at": datetime.now(UTC)}
            query = schema.action.insert().values(row).returning(schema.action.c.action_id)
            return int(connection.execute(query).scalar_one())

    def change_action(self, action_id: int, **facts: Any) -> None:
        """Change fields of an action: title, owner, hypothesis, since, due, state, effort, segments, control_theme_id.

        Raises UsageError when there is no such action, theme or field, for an empty title, a date that is not ISO, a
        state that is not one of ACTION_STATES, or an effort that is not 1 to 5.
        """
        a = schema.action
        with self._write() as connection:
            for name in facts:
                if name not in _CHANGEABLE:
                    raise UsageError(f"An action has no field {name!r}.{did_you_mean(name, _CHANGEABLE)}")
            row = _checked(connection, facts)
            if connection.execute(a.update().where(a.c.action_id == action_id).values(row)).rowcount != 1:
                raise UsageError(f"There is no action {action_id}. List them with: feedback-nlp actions list")

    def actions(self) -> list[Action]:
        """Return all actions, oldest first."""
        with self._read() as connection:
            rows = connection.execute(sa.select(schema.action).order_by(schema.action.c.action_id)).mappings()
            return [
                Action(**{**row, "segments": {k: tuple(v) for k, v in json.loads(row["segments"]).items()}})
                for row in rows
            ]

    def action(self, action_id: int) -> Action:
        """Return one action. Raises UsageError when there is none of that id."""
        for found in self.actions():
            if found.action_id == action_id:
                return found
        raise UsageError(f"There is no action {action_id}. List them with: feedback-nlp actions list")

    def set_calls(
        self,
        feedback_ids: Sequence[str],
        author: str,
        *,
        owner: str | None = None,
        due: str | None = None,
        state: str | None = None,
    ) -> None:
        """Say who calls, by when (ISO date), and what became of it; None leaves a fact as it is.

        Raises UsageError for feedback that is not stored, a date that is not ISO or a state not of CALL_STATES.
        """
        given = {"owner": owner, "due": _day("due", due), "state": _word("state", state, CALL_STATES)}
        facts = {name: value for name, value in given.items() if value is not None}
        c, f = schema.call_back, schema.feedback
        with self._write() as connection:
            for feedback_id in feedback_ids:
                if connection.execute(sa.select(f.c.feedback_id).where(f.c.feedback_id == feedback_id)).first() is None:
                    raise UsageError(f"There is no feedback {feedback_id!r}. Take an id from: feedback-nlp callbacks")
                now = datetime.now(UTC)
                new = {"feedback_id": feedback_id, "state": CALL_STATES[0], "author": author, "updated_at": now}
                insert_rows(connection, c, [new], on_conflict="nothing")
                changed = {**facts, "author": author, "updated_at": now}
                connection.execute(c.update().where(c.c.feedback_id == feedback_id).values(changed))

    def calls(self) -> list[Call]:
        """Return what is known of calls, by feedback id."""
        with self._read() as connection:
            rows = connection.execute(sa.select(schema.call_back).order_by(schema.call_back.c.feedback_id)).mappings()
            return [Call(**row) for row in rows]


def _checked(connection: sa.Connection, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts as they are stored; raise UsageError for those that cannot be."""
    row = dict(facts)
    known = sorted(all_themes(connection))
    for name in ("theme_id", "control_theme_id"):
        theme = row.get(name)
        if theme is not None and theme not in known:
            raise UsageError(f"There is no theme {theme!r} in any codebook.{did_you_mean(theme, known)}")
    if "title" in row and not str(row["title"]).strip():
        raise UsageError("An action needs a title: say in a few words what is done.")
    for name in ("since", "due"):
        if name in row:
            row[name] = _day(name, row[name])
    if "state" in row:
        row["state"] = _word("state", row["state"], ACTION_STATES)
    effort = row.get("effort")
    if effort is not None and effort not in _EFFORTS:
        raise UsageError(f"effort = {effort!r}: give a whole number from 1 (hours) to 5 (quarters).")
    if "segments" in row:
        row["segments"] = to_json({name: list(values) for name, values in row["segments"].items()})
    return row


def _day(name: str, value: str | None) -> str | None:
    try:
        return None if value is None else date.fromisoformat(value).isoformat()
    except ValueError:
        raise UsageError(f"{name} = {value!r} is not a date. Write it as YYYY-MM-DD.") from None


def _word(name: str, value: str | None, choices: Sequence[str]) -> str | None:
    if value is not None and value not in choices:
        raise UsageError(f"{name} = {value!r} is not one of {', '.join(choices)}.{did_you_mean(value, choices)}")
    return value
