"""What a response is named by, found in one reading of the file and kept in a few bytes a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from feedback_nlp.language.reading.row_reader import value_of
from feedback_nlp.language.reading.sampling import WHITE, WHOLE_ROW, hash_cells, row_hashes, tells_rows_apart
from feedback_nlp.language.reading.scales import MISSING
from feedback_nlp.language.reading.tables import LINE
from feedback_nlp.records import stable_hash

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from feedback_nlp.language.reading.columns import ColumnMapping
    from feedback_nlp.language.reading.tables import Table


class RowKeys:
    """Names every response by what it is, never by its place in the file.

    In a file with one answer a row and a question column, the rows of one respondent (and date) are one response
    when no question occurs twice among them. Else a row is a response: named by its id, or by its content.
    """

    def __init__(self, table: Table, mapping: ColumnMapping) -> None:
        self._mapping = mapping
        content = [*mapping.text_columns, *(score.column for score in mapping.scores)]
        others = (mapping.customer, mapping.date, mapping.question_column)
        self._content = sorted({*content, *(column for column in others if column)})
        self._seen = _Seen()
        self._repeats: Counter[str] = Counter()
        self._group: list[str] = []
        self._least_id: dict[str, str] = {}
        question = mapping.question_column
        if mapping.customer and question:
            group = [mapping.customer, *([mapping.date] if mapping.date else [])]
            if _distinct_within(table, [*group, question]):
                self._group = group
                if mapping.id and not mapping.date:
                    # Without a date, the id keeps apart what the same person answers in another wave's file.
                    self._least_id = _least(table, mapping.customer, mapping.id)
        self._id_doubtful: NDArray[np.bool_] | None = None
        self._copies = True
        if mapping.id:
            self._judge_ids(table, mapping.id, question)
        self._doubtful: list[bool] = []  # of the batch: whether other rows have the id too
        self._first: list[int] = []  # of the batch: the line on which its id and content came first

    def _judge_ids(self, table: Table, name: str, question: str | None) -> None:
        """Find the rows whose id other rows have too, and whether any row may be a copy of another."""
        import numpy as np

        rows, ids = row_hashes(table, [WHOLE_ROW, name])
        repeated = _repeated(ids)
        self._copies = bool(len(repeated) or (ids == 0).any() or self._group)
        if not len(repeated) or (question and _distinct_within(table, [name, question])):
            return
        # A row that was copied whole does not make its id a doubtful one: the copy is rejected.
        _, first = np.unique(rows, return_index=True)
        self._id_doubtful = np.isin(ids, _repeated(ids[first]))

    def begin(self, place: int, frame: pl.DataFrame) -> None:
        """Take up the batch whose first row has this place in the file."""
        mapping, n = self._mapping, frame.height
        self._doubtful = [False] * n if self._id_doubtful is None else self._id_doubtful[place : place + n].tolist()
        if mapping.id and not self._copies:
            self._first = frame[LINE].to_list()
            return
        hashes = hash_cells(frame, self._content)
        if mapping.id:
            extra = hash_cells(_named(frame, mapping.id), [mapping.id])
            if self._group:  # there the content, which holds the customer and the date, says it all
                extra[hash_cells(_named(frame, self._group[0]), self._group[:1]) != 0] = 0
            hashes = hashes + extra
        self._first = self._seen.first_lines(hashes, frame[LINE].to_numpy()).tolist()

    def key(self, number: int, row: Mapping[str, Any]) -> tuple[str, int | None]:
        """Return the key of row ``number`` of the batch, and the line of an earlier row with the same id and content,
        if there is one."""
        mapping = self._mapping
        first = self._first[number]
        earlier = None if first == row[LINE] else first
        if self._group and value_of(row, mapping.customer):
            customer = row[self._group[0]].strip()
            parts = (row[column].strip() for column in self._group)
            return stable_hash("respondent", *parts, self._least_id.get(customer, "")), earlier
        external_id = value_of(row, mapping.id)
        if external_id is not None:
            if self._doubtful[number]:
                return stable_hash("id", external_id, self._said(row)), earlier
            return stable_hash("id", external_id), earlier
        said, occurrence = self._said(row), 1
        if earlier is not None or not self._copies:  # rows without an id that are alike are as many people
            self._repeats[said] += 1
            occurrence = self._repeats[said] + self._copies
        return stable_hash("row", said, str(occurrence)), None

    def _said(self, row: Mapping[str, Any]) -> str:
        return stable_hash("content", *(row[column].strip() for column in self._content))


class _Seen:
    """Numbers seen so far and the line of each first one: sorted runs that are merged as they grow, 16 bytes a row."""

    def __init__(self) -> None:
        self._runs: list[tuple[NDArray[np.uint64], NDArray[np.int64]]] = []

    def first_lines(self, numbers: NDArray[np.uint64], lines: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return for each number the line on which it came first, which is its own line when it is new."""
        import numpy as np

        distinct, first, back = np.unique(numbers, return_index=True, return_inverse=True)
        found = lines[first]
        new = np.ones(len(distinct), dtype=bool)
        for values, places in self._runs:
            at = np.minimum(np.searchsorted(values, distinct), len(values) - 1)
            known = values[at] == distinct
            found[known] = places[at[known]]
            new &= ~known
        answer: NDArray[np.int64] = found[back]
        run = (distinct[new], found[new])
        while self._runs and len(self._runs[-1][0]) <= 2 * len(run[0]):
            values, places = self._runs.pop()
            values, places = np.concatenate([values, run[0]]), np.concatenate([places, run[1]])
            order = np.argsort(values, kind="stable")
            run = (values[order], places[order])
        if len(run[0]):
            self._runs.append(run)
        return answer


def _repeated(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the numbers that occur more than once, each at least once, in order."""
    import numpy as np

    ordered = np.sort(numbers)
    return ordered[1:][ordered[1:] == ordered[:-1]]


def _named(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """Return a column stripped, with "" for every word that says that nothing is there."""
    import polars as pl

    cells = frame[column].str.strip_chars(WHITE).alias("cell")
    absent = pl.col("cell").str.to_lowercase().is_in(list(MISSING))
    named = pl.DataFrame([cells]).select(pl.when(absent).then(pl.lit("")).otherwise(pl.col("cell")))
    return pl.DataFrame([named.to_series().alias(column)])


def _distinct_within(table: Table, columns: list[str]) -> bool:
    """Whether the rows with something in the first column differ from each other in ``columns``, copies aside."""
    _, filled, apart = tells_rows_apart(table, columns)
    return filled > 0 and filled == apart


def _least(table: Table, customer: str, name: str) -> dict[str, str]:
    """Return the least id of every customer: some 200 bytes a customer, in files where only this names a response."""
    least: dict[str, str] = {}
    for frame in table.batches():
        pairs = zip(frame[customer].to_list(), frame[name].to_list(), strict=True)
        for who, value in pairs:
            known = least.get(who.strip())
            if known is None or value < known:
                least[who.strip()] = value
    return least
