"""From a table and its mapping to one raw feedback for every answer, and a reject for every loss."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from feedback_nlp.language.language_codes import language_code
from feedback_nlp.language.reading.conversations import Conversations
from feedback_nlp.language.reading.rejects import Reject
from feedback_nlp.language.reading.row_keys import RowKeys
from feedback_nlp.language.reading.row_reader import RawFeedback, ReadRow, RowReader, question_of, segments_of, value_of

if TYPE_CHECKING:
    from feedback_nlp.language.reading.columns import ColumnMapping
    from feedback_nlp.language.reading.tables import Table

__all__ = ["RawFeedback", "iter_rows"]


def iter_rows(
    table: Table, mapping: ColumnMapping, *, source: str = "survey", counts: Counter[str] | None = None
) -> Iterator[RawFeedback | Reject]:
    """Yield every answer of the table, and a :class:`Reject` for all that is not taken in.

    ``source`` is used where no source column says otherwise. A score, date or weight that cannot be read costs only
    itself (kinds "score", "date" and "weight"); a row without text and without a score is rejected whole. Where a
    column says who speaks, the turns of agents and machines are not rejected but set aside: ``counts["set_aside"]``
    grows by them.

    The rows are read in batches and never held together. Those of one response need not be neighbours: what names a
    response is its key.
    """
    reader = RowReader(mapping)
    keys = RowKeys(table, mapping)
    talks = Conversations(table, mapping, source) if mapping.speaker is not None else None
    place = 0
    for frame in table.batches():
        keys.begin(place, frame)
        for number, row in enumerate(reader.rows(frame)):
            if talks is not None and talks.take(place + number, row):
                yield from talks.heard()
            else:
                yield from _taken(row, mapping, source, keys, number)
        place += frame.height
    if talks is not None and counts is not None:
        counts["set_aside"] += talks.n_set_aside


def _taken(
    row: ReadRow, mapping: ColumnMapping, source: str, keys: RowKeys, number: int
) -> Iterator[RawFeedback | Reject]:
    """Yield the answers of row ``number`` of a batch, or why there are none."""
    yield from row.problems
    answers = row.answers
    if not answers:
        if not row.scores:
            yield Reject(row.line, "no text and no score")
            return
        answers = ((mapping.text_columns[0], ""),)
    key, first = keys.key(number, row.cells)
    if first is not None:
        whose = "id" if mapping.id else "customer"
        yield Reject(row.line, f"it has the same {whose} and the same content as line {first}")
        return
    cells = row.cells
    segments = segments_of(cells, mapping)
    for column, text in answers:
        yield RawFeedback(
            line=row.line,
            row_key=key,
            text=text,
            external_id=value_of(cells, mapping.id),
            customer_id=value_of(cells, mapping.customer),
            source=value_of(cells, mapping.source) or source,
            channel=value_of(cells, mapping.channel) or "",
            question=question_of(cells, mapping, column),
            language=language_code(cells[mapping.language]) if mapping.language else None,
            created_at=row.moment,
            scores=row.scores,
            segments=segments,
            weight=1.0 if row.weight is None else row.weight,
        )
