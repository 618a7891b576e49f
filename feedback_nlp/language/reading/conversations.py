"""Conversations out of logs with one turn a row: all that the customer wrote in one becomes one feedback."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from feedback_nlp.language.language_codes import language_code
from feedback_nlp.language.reading.rejects import Reject
from feedback_nlp.language.reading.row_reader import RawFeedback, ReadRow, question_of, segments_of, value_of
from feedback_nlp.language.reading.sampling import WHOLE_ROW, row_hashes
from feedback_nlp.language.reading.scales import is_missing
from feedback_nlp.records import stable_hash

if TYPE_CHECKING:
    from feedback_nlp.language.reading.columns import ColumnMapping
    from feedback_nlp.language.reading.tables import Table

_UNKNOWN = (
    "its speaker is neither a usual word for a customer nor for an agent; tell the customer's values with "
    "--speaker COLUMN:VALUE"
)


@dataclass(slots=True)
class _Talk:
    """What was heard so far of one conversation."""

    turns: list[ReadRow] = field(default_factory=list)  # the customer's
    scored: list[ReadRow] = field(default_factory=list)  # anybody's, with a score in them
    copies: dict[int, int] = field(default_factory=dict)  # hash of a dated turn -> its line


class Conversations:
    """Takes rows in the file's order, holds the customer's turns, and gives a conversation out once its last row came.

    A first reading counts the rows of each conversation (16 bytes a row), so that only the conversations still open
    are held in memory: hardly any where the turns of one are neighbours, all of them in a file sorted by speaker.
    Without an id column a customer's turn is a feedback of its own.
    """

    def __init__(self, table: Table, mapping: ColumnMapping, source: str) -> None:
        import numpy as np

        assert mapping.speaker is not None
        self._mapping, self._speaker, self._source = mapping, mapping.speaker, source
        self.n_set_aside = 0
        self._ready: list[RawFeedback | Reject] = []
        self._open: dict[int, _Talk] = {}
        if mapping.id:
            rows, ids = row_hashes(table, [WHOLE_ROW, mapping.id])
            self._rows = rows
            _, self._talk_of, self._left = np.unique(ids, return_inverse=True, return_counts=True)

    def take(self, place: int, row: ReadRow) -> bool:
        """Take in the row at this place of the file; False when it stands for itself and is left to the caller."""
        cells = row.cells
        is_customer = self._speaker.is_customer(cells[self._speaker.column])
        name = value_of(cells, self._mapping.id)
        if name is None:
            if is_customer:
                return False
            self._pass_over(row, is_customer)
            return True
        number = int(self._talk_of[place])
        talk = self._open.setdefault(number, _Talk())
        if is_customer and row.moment is not None:  # without a date, "yes" may have been said twice
            first = talk.copies.setdefault(int(self._rows[place]), row.line)
            if first != row.line:
                reason = f"it has the same id and the same content as line {first}"
                self._ready.append(Reject(row.line, reason))
                self._close(number, name)
                return True
        if row.scores:
            talk.scored.append(row)
        if is_customer:
            self._ready.extend(row.problems)
            talk.turns.append(row)
        else:
            self._pass_over(row, is_customer)
        self._close(number, name)
        return True

    def heard(self) -> Iterator[RawFeedback | Reject]:
        """Yield what is ready: whole conversations, and the rows that could not be read."""
        yield from self._ready
        self._ready.clear()

    def _pass_over(self, row: ReadRow, is_customer: bool | None) -> None:
        if is_customer is None:
            empty = is_missing(row.cells[self._speaker.column])
            self._ready.append(Reject(row.line, "it does not say who speaks" if empty else _UNKNOWN))
        else:
            self.n_set_aside += 1
            self._ready.extend(problem for problem in row.problems if problem.kind == "score")

    def _close(self, number: int, name: str) -> None:
        self._left[number] -= 1
        if self._left[number] == 0:
            self._ready.extend(self._feedback(name, self._open.pop(number)))

    def _feedback(self, name: str, talk: _Talk) -> Iterator[RawFeedback | Reject]:
        """Yield one feedback for each text column of a conversation: the turns in their order, a line for each."""
        mapping, turns = self._mapping, _in_order(talk.turns)
        scores: dict[str, float] = {}
        for row in _in_order(talk.scored):
            scores.update(row.scores)  # the score given last counts, and once
        if not turns and not scores:
            return
        texts: dict[str, list[str]] = {}
        for row in turns:
            for column, text in row.answers:
                texts.setdefault(column, []).append(text)
        if not texts:
            if not scores:
                yield from (Reject(row.line, "no text and no score") for row in turns)
                return
            texts = {mapping.text_columns[0]: []}
        told = turns or _in_order(talk.scored)  # where only others wrote, the score still counts
        segments: dict[str, str] = {}
        for row in reversed(told):
            segments |= segments_of(row.cells, mapping)  # as they were when the customer first wrote

        def first(column: str | None) -> str | None:
            return next((value for row in told if (value := value_of(row.cells, column)) is not None), None)

        for column in (column for column in mapping.text_columns if column in texts):
            yield RawFeedback(
                line=min(row.line for row in told),
                row_key=stable_hash("id", name),
                text="\n".join(texts[column]),
                external_id=name,
                customer_id=first(mapping.customer) if turns else None,
                source=first(mapping.source) or self._source,
                channel=first(mapping.channel) or "",
                question=question_of(told[0].cells, mapping, column),
                language=language_code(first(mapping.language) or "") if mapping.language else None,
                created_at=min((row.moment for row in told if row.moment is not None), default=None),
                scores=scores,
                segments=segments,
                weight=next((row.weight for row in told if row.weight is not None), 1.0),
            )


def _in_order(rows: list[ReadRow]) -> list[ReadRow]:
    """Return turns by date where all have one, and as they stand in the file where not."""
    if all(row.moment is not None for row in rows):
        return sorted(rows, key=lambda row: (row.moment or datetime.min, row.line))
    return sorted(rows, key=lambda row: row.line)
