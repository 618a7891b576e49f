"""What arrives: runs, feedback with its statements, score scales."""

from __future__ import annotations

import hashlib
import json
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa

from feedback_nlp.errors import MappingError, StoreError
from feedback_nlp.records import Feedback, ScoreScale, Statement
from feedback_nlp.store import schema
from feedback_nlp.store.bulk import delete_where_in, insert_rows, select_where_in, to_json
from feedback_nlp.store.database import Database
from feedback_nlp.store.facts import kept_facts


@dataclass(frozen=True, slots=True)
class UpsertCounts:
    """What one batch changed, in feedback; repeated ids are counted once."""

    added: int
    updated: int
    unchanged: int


class Ingest(Database):
    """The part of the store that takes feedback in."""

    def begin_run(self, file_name: str, file_hash: str, settings: Mapping[str, Any]) -> int:
        """Record that a file is being taken in, and return the run's id."""
        row = {
            "file_name": file_name,
            "file_hash": file_hash,
            "settings": to_json(dict(settings)),
            "started_at": datetime.now(UTC),
            "state": "running",
            "counts": "{}",
            "process": _process(os.getpid()),
        }
        with self._write() as connection:
            query = schema.ingest_run.insert().values(row).returning(schema.ingest_run.c.run_id)
            return int(connection.execute(query).scalar_one())

    def finish_run(self, run_id: int, counts: Mapping[str, int], state: Literal["done", "failed"] = "done") -> None:
        """Close a run with what it counted. Raises StoreError for a run that is not there."""
        run = schema.ingest_run
        values = {"finished_at": datetime.now(UTC), "state": state, "counts": to_json(dict(counts))}
        with self._write() as connection:
            if connection.execute(run.update().where(run.c.run_id == run_id).values(values)).rowcount != 1:
                raise StoreError(f"There is no ingest run {run_id}. Begin one first.")

    def runs(self) -> list[dict[str, Any]]:
        """Return the runs, oldest first.

        Keys: run_id, file_name, file_hash, settings, started_at, finished_at, state, counts. ``state``
        is running, done, failed, or interrupted: begun on this machine by a process that is gone.
        """
        with self._read() as connection:
            rows = connection.execute(sa.select(schema.ingest_run).order_by(schema.ingest_run.c.run_id)).mappings()
            return [_run(dict(row)) for row in rows]

    def known_content(self, feedback_ids: Sequence[str]) -> dict[str, str]:
        """Return the content hash of each of the feedback that is stored."""
        f = schema.feedback
        with self._read() as connection:
            rows = select_where_in(
                connection, sa.select(f.c.feedback_id, f.c.content_hash), f.c.feedback_id, list(feedback_ids)
            )
            return dict(tuple(row) for row in rows)

    def upsert_feedback(
        self, batch: Sequence[Feedback], statements: Mapping[str, Sequence[Statement]], run_id: int
    ) -> UpsertCounts:
        """Store a batch in one transaction, all or nothing.

        ``statements`` maps a feedback id to its statements (none when it is missing). A feedback whose content hash
        is stored already is left as it is; one whose hash differs is replaced with its statements, and the tags and
        mentions of the old ones go with them; facts that came later stay, see :mod:`~feedback_nlp.store.facts`. Of a
        repeated id the last counts.
        """
        wanted = {feedback.feedback_id: feedback for feedback in batch}
        f = schema.feedback
        with self._write() as connection:
            query = sa.select(f.c.feedback_id, f.c.content_hash)
            known = {row[0]: row[1] for row in select_where_in(connection, query, f.c.feedback_id, list(wanted))}
            added = [item for key, item in wanted.items() if key not in known]
            changed = [item for key, item in wanted.items() if key in known and known[key] != item.content_hash]
            changed, memory = kept_facts(connection, changed)
            delete_where_in(connection, f.c.feedback_id, [item.feedback_id for item in changed])
            written = added + changed
            insert_rows(connection, f, [_feedback_row(item, run_id, memory) for item in written])
            insert_rows(connection, schema.near_key, [row for item in written for row in _near_rows(item)])
            rows = [_statement_row(s) for item in written for s in statements.get(item.feedback_id, ())]
            insert_rows(connection, schema.statement, rows)
        return UpsertCounts(len(added), len(changed), len(wanted) - len(written))

    def upsert_scales(self, scales: Sequence[ScoreScale]) -> None:
        """Remember what the scores mean. Raises MappingError when a name is known with another meaning."""
        with self._write() as connection:
            known = {scale.name: scale for scale in _scales(connection)}
            for scale in scales:
                before = known.setdefault(scale.name, scale)
                if before != scale:
                    raise MappingError(
                        f"Score {scale.name!r} is {_spell(scale)} here but {_spell(before)} in the database, and "
                        "scores of two scales must not be mixed. Correct the scale or give the score another name."
                    )
            insert_rows(connection, schema.score_scale, [_scale_row(scale) for scale in scales], on_conflict="nothing")

    def scales(self) -> list[ScoreScale]:
        """Return the score scales by name."""
        with self._read() as connection:
            return _scales(connection)


def _scales(connection: sa.Connection) -> list[ScoreScale]:
    rows = connection.execute(sa.select(schema.score_scale).order_by(schema.score_scale.c.name))
    return [ScoreScale(*row) for row in rows]


def _scale_row(scale: ScoreScale) -> dict[str, Any]:
    row = dict(zip(schema.score_scale.columns.keys(), astuple(scale), strict=True))
    # PostgreSQL takes a column's values as one list, and a list of one type only.
    return row | {"minimum": float(scale.minimum), "maximum": float(scale.maximum)}


def _spell(scale: ScoreScale) -> str:
    better = "higher" if scale.higher_is_better else "lower"
    return f"{scale.kind} {scale.minimum:g}-{scale.maximum:g} with {better} better"


def _feedback_row(item: Feedback, run_id: int, memory: Mapping[str, str]) -> dict[str, Any]:
    return {
        "feedback_id": item.feedback_id,
        "response_id": item.response_id,
        "external_id": item.external_id,
        "customer_id": item.customer_id,
        "source": item.source,
        "channel": item.channel,
        "question": item.question,
        "language": item.language,
        "created_at": None if item.created_at is None else schema.naive_utc(item.created_at),
        "text": item.text,
        "is_non_answer": item.is_non_answer,
        "non_answer": item.non_answer,
        "asides": to_json([list(aside) for aside in item.asides]),
        "scores": to_json(dict(item.scores)),
        "segments": to_json(dict(item.segments)),
        "facts": memory.get(item.feedback_id, "{}"),
        "weight": item.weight,
        "duplicate_key": item.duplicate_key,
        "content_hash": item.content_hash,
        "run_id": run_id,
    }


def _near_rows(item: Feedback) -> list[dict[str, Any]]:
    """Return a feedback's keys mixed with its question: answers to two questions do not meet."""
    if not item.near_keys:
        return []
    question = int.from_bytes(hashlib.blake2b(item.question.encode(), digest_size=8).digest(), "big", signed=True)
    return [{"near_key": key ^ question, "feedback_id": item.feedback_id} for key in sorted(set(item.near_keys))]


def _statement_row(item: Statement) -> dict[str, Any]:
    return {
        "statement_id": item.statement_id,
        "feedback_id": item.feedback_id,
        "start": item.start,
        "end": item.end,
        "text": item.text,
        "language": item.language,
        "text_hash": item.text_hash,
    }


def _process(pid: int) -> str:
    """Name a process so that a later one with the same number is not taken for it; '' where that cannot be told."""
    try:
        started = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[19]
    except OSError:
        started = ""
    return f"{socket.gethostname()}:{pid}:{started}"


def _run(row: dict[str, Any]) -> dict[str, Any]:
    host, pid, started = row.pop("process").rsplit(":", 2)
    here = host == socket.gethostname()
    if row["state"] == "running" and here and started and _process(int(pid)) != f"{host}:{pid}:{started}":
        row["state"] = "interrupted"
    return row | {"settings": json.loads(row["settings"]), "counts": json.loads(row["counts"])}
