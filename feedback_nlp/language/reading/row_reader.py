"""One row after the other, with its scores, dates and texts read by a mapping."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from feedback_nlp.language.reading.dates import parse_dates
from feedback_nlp.language.reading.rejects import Reject
from feedback_nlp.language.reading.scales import is_missing, parse_score, printable, score_problem
from feedback_nlp.language.reading.tables import LINE
from feedback_nlp.language.reading.ticket_values import cell_parser
from feedback_nlp.language.reading.weights import weight_reader

if TYPE_CHECKING:
    import polars as pl

    from feedback_nlp.language.reading.columns import ColumnMapping, MappedScore

_MOST_KNOWN = 10_000  # distinct cells of a score column that are remembered
_UNSEEN = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")  # letters and signs that are drawn as nothing


@dataclass(frozen=True, slots=True)
class RawFeedback:
    """One answer as it stands in the file. ``text`` is not redacted yet: it must not be stored or logged.

    ``row_key`` is shared by the answers of one response; with ``question`` it names a feedback, whatever the order
    of the rows. ``created_at`` is naive (UTC where the file gives a zone). ``text`` is "" for a response that has
    scores and no words: it counts for the score.
    """

    line: int
    row_key: str
    text: str
    external_id: str | None = None
    customer_id: str | None = None
    source: str = "survey"
    channel: str = ""
    question: str = ""
    language: str | None = None
    created_at: datetime | None = None
    scores: Mapping[str, float] = field(default_factory=dict)
    segments: Mapping[str, str] = field(default_factory=dict)
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class ReadRow:
    """One row with its cells, its answers (text column, text), its scores, its date, and what could not be read.

    ``weight`` is None where no column says it, or the cell holds none.
    """

    line: int
    cells: Mapping[str, Any]
    answers: tuple[tuple[str, str], ...]
    scores: Mapping[str, float]
    moment: datetime | None
    problems: tuple[Reject, ...]
    weight: float | None = None


def value_of(row: Mapping[str, Any], column: str | None) -> str | None:
    """Return the stripped cell of a column, or None when there is no column or the cell says that nothing is there."""
    if column is None:
        return None
    value: str = row[column].strip()
    return None if is_missing(value) else value


def segments_of(cells: Mapping[str, Any], mapping: ColumnMapping) -> dict[str, str]:
    """Return the segments of a row that say something."""
    return {column: value for column in mapping.segments if not is_missing(value := cells[column].strip())}


def question_of(cells: Mapping[str, Any], mapping: ColumnMapping, text_column: str) -> str:
    """Return what was asked: the text column itself among several, else the question of the row or of the file."""
    if len(mapping.text_columns) > 1:
        return text_column
    return value_of(cells, mapping.question_column) or mapping.question_text


class RowReader:
    """Reads the scores, dates and texts of one row after the other by a mapping."""

    def __init__(self, mapping: ColumnMapping) -> None:
        self._mapping = mapping
        self._scores = [(score.name, score.column, _score_reader(score)) for score in mapping.scores]
        self._weight = weight_reader()

    def rows(self, frame: pl.DataFrame) -> Iterator[ReadRow]:
        """Yield every row of a batch."""
        mapping = self._mapping
        moments = parse_dates(frame[mapping.date], mapping.date_format) if mapping.date else [None] * frame.height
        for row, moment in zip(frame[[LINE, *_used(mapping)]].iter_rows(named=True), moments, strict=True):
            line: int = row[LINE]
            problems: list[Reject] = []
            scores: dict[str, float] = {}
            for name, column, read in self._scores:
                value, problem = read(row[column])
                if problem is not None:
                    problems.append(Reject(line, problem, "score"))
                elif value is not None:
                    scores[name] = value
            if mapping.date and moment is None and not is_missing(row[mapping.date]):
                reason = f"date: {printable(row[mapping.date])} cannot be read as a date"
                problems.append(Reject(line, reason, "date"))
            weight = None
            if mapping.weight:
                weight, problem = self._weight(row[mapping.weight])
                if problem is not None:
                    problems.append(Reject(line, problem, "weight"))
            texts = ((column, row[column].strip()) for column in mapping.text_columns)
            answers = tuple((column, text) for column, text in texts if text and not shows_nothing(text))
            yield ReadRow(line, row, answers, scores, moment, tuple(problems), weight)


def shows_nothing(text: str) -> bool:
    """Whether a text is made of marks alone that are drawn as nothing: joiners, marks of direction, fillers."""
    if text[0].isalnum() and text[0] not in _FILLERS:  # nearly every text is settled by its first letter
        return False
    return all(character in _FILLERS or unicodedata.category(character) in _UNSEEN for character in text)


def _used(mapping: ColumnMapping) -> list[str]:
    """Return the columns that a mapping reads, each once."""
    single = (mapping.id, mapping.customer, mapping.date, mapping.question_column)
    others = (mapping.source, mapping.channel, mapping.language, mapping.speaker and mapping.speaker.column)
    numbers = (*(score.column for score in mapping.scores), mapping.weight)
    named = (*mapping.text_columns, *single, *others, *numbers, *mapping.segments)
    return list(dict.fromkeys(column for column in named if column))


def _score_reader(score: MappedScore) -> Callable[[str], tuple[float | None, str | None]]:
    """Return a function from a cell to (score, problem); both None for an empty cell. Each value is parsed once."""
    known: dict[str, tuple[float | None, str | None]] = {}
    parse_fact = cell_parser(score.scale.kind, score.unit)

    def parse(raw: str) -> float | None:
        return parse_fact(raw) if parse_fact is not None else parse_score(raw, score.scale.maximum)

    def read(raw: str) -> tuple[float | None, str | None]:
        found = known.get(raw)
        if found is None:
            number = None if is_missing(raw) else parse(raw)
            problem = None if is_missing(raw) else score_problem(number, raw, score.scale)
            if len(known) >= _MOST_KNOWN:
                known.clear()
            found = known[raw] = (None if problem else number, problem)
        return found

    return read
