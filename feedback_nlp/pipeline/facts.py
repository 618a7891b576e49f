"""Ticket facts: what is known of feedback only later, matched by an id and laid on what is stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback_nlp.errors import UsageError
from feedback_nlp.pipeline.ingest import default_rejects_file, file_hash
from feedback_nlp.pipeline.progress import Progress, silent
from feedback_nlp.settings import Settings

if TYPE_CHECKING:
    from feedback_nlp.language.reading.columns import ColumnFlags, ColumnMapping
    from feedback_nlp.language.reading.rejects import Reject
    from feedback_nlp.language.reading.tables import Table
    from feedback_nlp.store import Store
    from feedback_nlp.store.facts import FactKey, Facts


@dataclass(frozen=True, slots=True)
class FactsSummary:
    """What became of a file of facts.

    Of ``n_read`` rows, ``n_matched`` have the id of stored feedback and ``n_unmatched`` do not; ``n_rejected`` have no
    id, or contradict another row of the same one; ``n_empty`` say nothing (an empty cell leaves what is stored).
    ``n_warnings`` counts values that could not be read, whose row went in without them. ``n_updated`` and
    ``n_unchanged`` count the feedback that the matched rows speak of.
    """

    file: str
    matched_by: str
    n_read: int
    n_matched: int
    n_unmatched: int
    n_rejected: int
    n_empty: int
    n_warnings: int
    n_updated: int
    n_unchanged: int
    rejects_file: str | None
    explanation: tuple[str, ...]


@dataclass(slots=True)
class _Told:
    """What the rows of one id say together; ``lines`` are theirs."""

    scores: dict[str, float]
    segments: dict[str, str]
    lines: list[int]
    contradicts: bool = False


def add_facts(
    store: Store,
    path: Path,
    flags: ColumnFlags,
    settings: Settings,
    *,
    rejects_file: Path | None = None,
    progress: Progress = silent,
    **reading: Any,
) -> FactsSummary:
    """Set scores and segments of stored feedback from a file that names it by ``flags.id`` or ``flags.customer``.

    The text is not needed, and nothing is encoded or tagged again. Scores and segments that the flags do not name
    stay. Adding a file again changes nothing. Rows that match nothing or cannot be read are told in ``rejects_file``.
    Raises UsageError unless the flags tell one id and something to set; MappingError for columns that do not fit, and
    for a score that is stored on another scale.
    """
    from feedback_nlp.language.reading.columns import map_facts
    from feedback_nlp.language.reading.files import read_file
    from feedback_nlp.language.reading.rejects import write_rejects

    if (flags.id is None) == (flags.customer is None):
        raise UsageError(
            "Say which column names the feedback: --id COLUMN (the id it was read with), or --customer COLUMN for "
            "facts of all that a customer wrote."
        )
    if not flags.scores and not flags.segments:
        raise UsageError("Say what to set: --score NAME=COLUMN, such as churn=cancelled, or --segment COLUMN.")
    table = read_file(path, **reading)
    mapping = map_facts(table, flags)
    by: FactKey = "external_id" if mapping.id else "customer_id"
    store.upsert_scales([score.scale for score in mapping.scores])
    rejects = list(table.rejects)
    told, n_empty = _told(table, mapping, rejects, progress)
    run = store.begin_run(path.name, file_hash(path), {"facts": by})
    counts = {"read": table.n_rows, "matched": 0, "updated": 0, "unchanged": 0}
    try:
        unmatched = _match(store, told, by, rejects, counts, run, settings, progress)
    except BaseException:
        store.finish_run(run, counts, state="failed")
        raise
    lost = sum(reject.kind == "row" for reject in rejects)
    counts |= {"unmatched": unmatched, "rejected": lost - unmatched}
    store.finish_run(run, counts)
    target = None
    if rejects:
        target = rejects_file or default_rejects_file(path)
        write_rejects(target, rejects, path)
    return FactsSummary(
        file=path.name,
        matched_by=by,
        n_read=table.n_rows,
        n_matched=counts["matched"],
        n_unmatched=unmatched,
        n_rejected=lost - unmatched,
        n_empty=n_empty,
        n_warnings=len(rejects) - lost,
        n_updated=counts["updated"],
        n_unchanged=counts["unchanged"],
        rejects_file=str(target) if target else None,
        explanation=(*table.notes, *mapping.explanation),
    )


def _told(
    table: Table, mapping: ColumnMapping, rejects: list[Reject], progress: Progress
) -> tuple[dict[str, _Told], int]:
    """Return what the file says of each id, and how many rows say nothing; rows without an id are rejected.

    Several rows of one id go together; where they contradict each other all are rejected, since their order means
    nothing.
    """
    from feedback_nlp.language.reading.rejects import Reject
    from feedback_nlp.language.reading.row_reader import RowReader, segments_of, value_of
    from feedback_nlp.pipeline.prepare import safe_id

    reader = RowReader(mapping)
    told: dict[str, _Told] = {}
    n_empty = n_read = 0
    for frame in table.batches():
        for row in reader.rows(frame):
            rejects.extend(row.problems)
            key = safe_id(value_of(row.cells, mapping.id or mapping.customer))
            if key is None:
                rejects.append(Reject(row.line, "it has no id by which to find its feedback"))
                continue
            segments = {name: safe_id(value) or "" for name, value in segments_of(row.cells, mapping).items()}
            n_empty += not row.scores and not segments
            known = told.setdefault(key, _Told({}, {}, []))
            known.lines.append(row.line)
            known.contradicts |= _differ(known.scores, row.scores) or _differ(known.segments, segments)
            known.scores |= row.scores
            known.segments |= segments
        n_read += frame.height
        progress("read", n_read, table.n_rows)
    for key in [key for key, found in told.items() if found.contradicts]:
        lines = told.pop(key).lines
        for line in lines:
            other = next(number for number in lines if number != line)
            rejects.append(Reject(line, f"its id says something else in line {other}"))
    return told, n_empty


def _differ(known: Mapping[str, object], new: Mapping[str, object]) -> bool:
    return any(known.get(name, value) != value for name, value in new.items())


def _match(
    store: Store,
    told: Mapping[str, _Told],
    by: FactKey,
    rejects: list[Reject],
    counts: dict[str, int],
    run: int,
    settings: Settings,
    progress: Progress,
) -> int:
    """Set what was told of stored feedback, batch by batch; add to ``counts`` and ``rejects``, and return how many rows
    match nothing."""
    import polars as pl

    from feedback_nlp.language.reading.rejects import Reject

    keys = pl.Series(by, list(told), dtype=pl.String).to_frame()
    found = store.feedback_keys(by).join(keys, on=by, how="semi").sort("feedback_id")
    known = set(found[by])
    unmatched = 0
    for key, what in told.items():
        if key in known:
            counts["matched"] += len(what.lines)
        else:
            unmatched += len(what.lines)
            rejects.extend(Reject(line, "no stored feedback has its id") for line in what.lines)
    for done, batch in _batches(found, settings.batch_size, told):
        stored = store.set_facts(batch, run)
        counts["updated"] += stored.changed
        counts["unchanged"] += stored.unchanged
        progress("facts", done, found.height)
    return unmatched


def _batches(found: Any, size: int, told: Mapping[str, _Told]) -> Iterator[tuple[int, dict[str, Facts]]]:
    from feedback_nlp.store.facts import Facts

    for start in range(0, found.height, size):
        rows = found.slice(start, size).iter_rows()
        batch = {feedback_id: Facts(told[key].scores, told[key].segments) for feedback_id, key in rows}
        yield start + len(batch), batch
