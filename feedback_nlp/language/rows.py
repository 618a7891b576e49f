"""From a table and its mapping to one raw feedback for every answer, and a reject for every loss."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from feedback_nlp.language.columns import ColumnMapping, MappedScore
from feedback_nlp.language.dates import parse_dates
from feedback_nlp.language.language_codes import language_code
from feedback_nlp.language.rejects import Reject
from feedback_nlp.language.scales import is_missing, parse_score, printable, score_problem
from feedback_nlp.language.tables import LINE, Table
from feedback_nlp.records import stable_hash

if TYPE_CHECKING:
    import polars as pl


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


def iter_rows(table: Table, mapping: ColumnMapping, *, source: str = "survey") -> Iterator[RawFeedback | Reject]:
    """Yield every answer of the table, and a :class:`Reject` for all that is not taken in.

    ``source`` is used where no source column says otherwise. A score or a date that cannot be read costs only
    itself (kinds "score" and "date"); a row without text and without a score is rejected whole.
    """
    frame = table.frame
    read_score = {score.name: _score_reader(score) for score in mapping.scores}
    moments = _moments(table, mapping)
    keys = _RowKeys(frame, mapping)
    for number, row in enumerate(frame.iter_rows(named=True)):
        line: int = row[LINE]
        scores: dict[str, float] = {}
        for score in mapping.scores:
            value, problem = read_score[score.name](row[score.column])
            if problem is not None:
                yield Reject(line, problem, "score")
            elif value is not None:
                scores[score.name] = value
        moment = moments[number] if moments is not None else None
        if mapping.date and moment is None and not is_missing(row[mapping.date]):
            yield Reject(line, f"date: {printable(row[mapping.date])} cannot be read as a date", "date")
        answers = [(column, text) for column in mapping.text_columns if (text := row[column].strip())]
        if not answers:
            if not scores:
                yield Reject(line, "no text and no score")
                continue
            answers = [(mapping.text_columns[0], "")]
        key, first = keys.key(row)
        if first is not None:
            whose = "id" if mapping.id else "customer"
            yield Reject(line, f"it has the same {whose} and the same content as line {first}")
            continue
        segments = {column: v for column in mapping.segments if not is_missing(v := row[column].strip())}
        for column, text in answers:
            yield RawFeedback(
                line=line,
                row_key=key,
                text=text,
                external_id=_value(row, mapping.id),
                customer_id=_value(row, mapping.customer),
                source=_value(row, mapping.source) or source,
                channel=_value(row, mapping.channel) or "",
                question=_question(row, mapping, column),
                language=language_code(row[mapping.language]) if mapping.language else None,
                created_at=moment,
                scores=scores,
                segments=segments,
            )


def _value(row: Mapping[str, Any], column: str | None) -> str | None:
    if column is None:
        return None
    value: str = row[column].strip()
    return None if is_missing(value) else value


def _question(row: Mapping[str, Any], mapping: ColumnMapping, text_column: str) -> str:
    if len(mapping.text_columns) > 1:
        return text_column
    return _value(row, mapping.question_column) or mapping.question_text


def _moments(table: Table, mapping: ColumnMapping) -> list[datetime | None] | None:
    return parse_dates(table.frame[mapping.date], mapping.date_format) if mapping.date else None


def _score_reader(score: MappedScore) -> Callable[[str], tuple[float | None, str | None]]:
    """Return a function from a cell to (score, problem); both None for an empty cell. Each value is parsed once."""
    known: dict[str, tuple[float | None, str | None]] = {}

    def read(raw: str) -> tuple[float | None, str | None]:
        if raw not in known:
            number = None if is_missing(raw) else parse_score(raw, score.scale.maximum)
            problem = None if is_missing(raw) else score_problem(number, raw, score.scale)
            known[raw] = (None if problem else number, problem)
        return known[raw]

    return read


class _RowKeys:
    """Names every response by what it is, never by its place in the file.

    In a file with one answer a row and a question column, the rows of one respondent (and date) are one response
    when no question occurs twice among them. Else a row is a response: named by its id, or by its content.
    """

    def __init__(self, frame: pl.DataFrame, mapping: ColumnMapping) -> None:
        self._mapping = mapping
        content = [*mapping.text_columns, *(score.column for score in mapping.scores)]
        others = (mapping.customer, mapping.date, mapping.question_column)
        self._content = sorted({*content, *(column for column in others if column)})
        self._seen: Counter[str] = Counter()
        self._first_line: dict[str, int] = {}
        self._repeated: frozenset[str] = frozenset()
        self._group: list[str] = []
        self._least_id: dict[str, str] = {}
        question = mapping.question_column
        if mapping.customer and question:
            group = [mapping.customer, *([mapping.date] if mapping.date else [])]
            if _distinct_within(frame, mapping.customer, [*group, question]):
                self._group = group
                if mapping.id and not mapping.date:
                    # Without a date, the id keeps apart what the same person answers in another wave's file.
                    pairs = frame.select(mapping.customer, mapping.id).sort(mapping.id, descending=True)
                    self._least_id = dict(pairs.iter_rows())
        if mapping.id and not (question and _distinct_within(frame, mapping.id, [mapping.id, question])):
            # A row that was copied whole does not make its id a doubtful one: the copy is rejected.
            counts = frame.drop(LINE).unique()[mapping.id].str.strip_chars().value_counts()
            self._repeated = frozenset(counts.filter(counts["count"] > 1)[mapping.id].to_list())

    def key(self, row: Mapping[str, Any]) -> tuple[str, int | None]:
        """Return the row's key, and the line of an earlier row with the same id and content, if there is one."""
        mapping = self._mapping
        content = stable_hash("content", *(row[column].strip() for column in self._content))
        if self._group and _value(row, mapping.customer):
            customer = row[mapping.customer] if mapping.customer else ""
            key = stable_hash("respondent", *(row[c].strip() for c in self._group), self._least_id.get(customer, ""))
            return key, self._earlier(key, content, row[LINE])
        external_id = _value(row, mapping.id)
        if external_id is not None:
            repeated = external_id in self._repeated
            key = stable_hash("id", external_id, content) if repeated else stable_hash("id", external_id)
            return key, self._earlier(key, content, row[LINE])
        self._seen[content] += 1  # rows without an id that are alike are as many people
        return stable_hash("row", content, str(self._seen[content])), None

    def _earlier(self, key: str, content: str, line: int) -> int | None:
        """Return the line of an earlier row with this key and content, or None for the first one."""
        first = self._first_line.setdefault(stable_hash(key, content), line)
        return None if first == line else first


def _distinct_within(frame: pl.DataFrame, filled: str, columns: list[str]) -> bool:
    """Whether the rows with something in ``filled`` differ from each other in ``columns``, copies of a row aside."""
    import polars as pl

    rows = frame.filter(pl.col(filled).str.strip_chars() != "").drop(LINE).unique()
    return rows.height > 0 and rows.select(columns).n_unique() == rows.height
