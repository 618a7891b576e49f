"""Records in delimited text, one at a time: fields with quoted line breaks, and bad rows that cost only themselves."""

from __future__ import annotations

import csv
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from feedback_nlp.errors import ReadError
from feedback_nlp.language.reading.decoding import DELIMITER_NAMES, UNDECODABLE, open_text, sniff_delimiter
from feedback_nlp.language.reading.rejects import Reject
from feedback_nlp.language.reading.tables import (
    BATCH_CHARACTERS,
    LINE,
    heading_note,
    is_heading,
    named_columns,
    rows_at_once,
)

if TYPE_CHECKING:
    import polars as pl

_SNIFFED_LINES = 200
_LONGEST_RECORD_LINES = 10_000  # a quote still open after so many lines was never closed
_LONGEST_RECORD = 1 << 26  # characters: nor one that is open after so many
_NO_DELIMITER = "\x1f"  # the csv module wants some delimiter; this one is in nobody's sentence
_NOTHING = " \t\r\n\v\f\x1a\x85\xa0\u2028\u2029\u3000\ufeff"  # white space, Windows' end of file, byte order marks
_TEXT_HEADERS = frozenset({"text", "comment", "comments", "feedback", "verbatim", "review", "answer", "message"})


@dataclass
class Findings:
    """What one reading of a text file found out besides its rows."""

    delimiter: str | None = None
    notes: list[str] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    empty_rows: int = 0

    @property
    def said(self) -> list[str]:
        """The lines for the user."""
        if not self.empty_rows:
            return self.notes
        return [*self.notes, f"{self.empty_rows} rows with nothing in any column are ignored."]


class Unkept(list[Reject]):
    """Rejects of a later reading: they are those of the first, which are kept once."""

    def append(self, item: Reject) -> None:
        """Forget the reject."""


class _Lines:
    """Physical lines with a memory of the current record, so that a failed record can be taken up again."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        self.record: list[str] = []
        self.start = 0  # 1-based line on which the current record begins
        self._next = 1
        self._left = _LONGEST_RECORD

    def begin(self) -> None:
        self.record = []
        self.start = self._next
        self._left = _LONGEST_RECORD

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if self.record and (len(self.record) >= _LONGEST_RECORD_LINES or self._left < 0):
            raise StopIteration
        line = self._again.popleft() if self._again else next(self._lines)
        if line.startswith("\ufeff"):  # files put together keep the mark that each of them began with
            line = line.lstrip("\ufeff")
        self.record.append(line)
        self._left -= len(line)
        self._next += 1
        return line

    def retry_after_first(self) -> None:
        """Give back all lines of the current record but its first."""
        self._again.extendleft(reversed(self.record[1:]))
        self._next = self.start + 1


class _Batches:
    """Rows on their way into frames: never more of them as Python objects than fit in one."""

    def __init__(self, names: list[str]) -> None:
        self._names = names
        self._most = rows_at_once(len(names))
        self._rows: list[list[str]] = []
        self._lines: list[int] = []
        self._size = 0

    def add(self, line: int, row: list[str], size: int) -> bool:
        """Take in a row of ``size`` characters; whether the frame is full."""
        self._rows.append(row)
        self._lines.append(line)
        self._size += size
        return len(self._rows) >= self._most or self._size >= BATCH_CHARACTERS

    def frame(self) -> pl.DataFrame:
        """Return the rows taken in since the last frame."""
        import polars as pl

        columns = list(zip(*self._rows, strict=True)) if self._rows else [()] * len(self._names)
        data = [pl.Series(name, col, dtype=pl.String) for name, col in zip(self._names, columns, strict=True)]
        frame = pl.DataFrame([*data, pl.Series(LINE, self._lines, dtype=pl.Int64)])
        self._rows, self._lines, self._size = [], [], 0
        return frame


def read_delimited(
    path: Path, kind: str, encoding: str, delimiter: str | None, findings: Findings
) -> Iterator[pl.DataFrame]:
    """Yield the rows of a delimited file (or of plain lines) as frames; add to ``findings`` what else there is.

    The last frame may be empty: it says which columns there are. Nothing is yielded for an empty file.
    """
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    with open_text(path, encoding) as handle:
        blank, first = next(((n, line) for n, line in enumerate(handle) if line.strip(_NOTHING)), (0, None))
        if first is None:
            return
        sample = [line.replace("\0", "") for line in chain([first.lstrip("\ufeff")], islice(handle, _SNIFFED_LINES))]
    skipped = blank
    if sample[0].lower().startswith("sep=") and len(sample[0].strip()) == 5:  # a line that Excel writes
        skipped, delimiter = blank + 1, delimiter or sample[0].strip()[4]
        sample = sample[1:]
    told = delimiter is not None
    if delimiter is None:
        delimiter = sniff_delimiter(sample, "\t" if kind == "tsv" else None)
    findings.delimiter = delimiter
    word = DELIMITER_NAMES.get(delimiter or "", repr(delimiter))
    how = "as told" if told else "sniffed from the first lines; --delimiter overrides it"
    findings.notes.append(
        f"Delimiter: {word}, {how}." if delimiter else "Delimiter: none found; the file is a single column."
    )
    # Tab-separated files and lists of sentences often know no quoting: there a quote is somebody's own.
    quoted = delimiter not in ("\t", None) or _quotes_hold(sample, delimiter or _NO_DELIMITER)
    if not quoted:
        findings.notes.append("Quotes are taken as part of the text: as marks around fields they do not pair up.")
    with open_text(path, encoding) as handle:
        if kind == "txt" and delimiter is None:
            yield from _read_plain_lines(handle, findings)
            return
        lines = _Lines(iter(handle))
        for _ in range(skipped):  # so that lines keep their numbers
            next(lines)
        yield from _read_records(lines, delimiter or _NO_DELIMITER, quoted, findings)


def _quotes_hold(sample: list[str], delimiter: str) -> bool:
    """Whether the sample has at least as many well-quoted records as ones on which quoting fails."""
    failures: list[Reject] = []
    lines = _Lines(iter(sample))
    well_quoted = sum(any('"' in line for line in lines.record) for _ in _records(lines, delimiter, True, failures))
    return well_quoted >= len(failures)


def _records(lines: _Lines, delimiter: str, quoted: bool, rejects: list[Reject]) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, fields) of every record that is well-formed on its own; the others go to ``rejects``."""

    def begin_reading() -> Iterator[list[str]]:
        quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
        return csv.reader(lines, delimiter=delimiter, strict=True, quoting=quoting)

    reader = begin_reading()
    while True:
        lines.begin()
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # The record may have swallowed good rows up to the next quote: only its first line is given up.
            rejects.append(Reject(lines.start, _quote_reason(str(error))))
            lines.retry_after_first()
            reader = begin_reading()
            continue
        damage = damage_in(lines.record)
        if damage:
            rejects.append(Reject(lines.start, damage))
        else:
            yield lines.start, fields


def _quote_reason(message: str) -> str:
    if "unexpected end" in message:
        return "a quote is opened and never closed"
    if "field larger" in message:
        return "a field is longer than 2 GiB"
    return "a quote is never closed, or one inside a quoted field is not doubled"


def damage_in(record: list[str]) -> str | None:
    """Return why the lines of a record cannot be text, or None when they can."""
    for line in record:
        if "\0" in line:
            return "it holds NUL bytes"
        if not line.isascii() and UNDECODABLE in line:
            return "it holds bytes that the file's encoding cannot decode"
    return None


def _read_records(lines: _Lines, delimiter: str, quoted: bool, findings: Findings) -> Iterator[pl.DataFrame]:
    rejects = findings.rejects
    records = _records(lines, delimiter, quoted, rejects)
    records, line, header = _header(records, findings.notes)
    if rejects and (header is None or rejects[0].line < line):
        raise ReadError(
            f"Line {rejects[0].line} should hold the column names, but {rejects[0].reason}. "
            "Mend that line, or tell --encoding or --delimiter."
        )
    if header is None:
        return
    names, renamed = named_columns(header)
    findings.notes.extend(renamed)
    width = len(names)
    batches = _Batches(names)
    for line, fields in records:
        if not any(fields) or not any(map(str.strip, fields)):
            findings.empty_rows += bool(fields)
            continue
        if len(fields) != width:
            if len(fields) == 1 and not fields[0].strip(_NOTHING):
                continue  # the mark at the end of files from DOS
            if len(fields) < width or any(field.strip() for field in fields[width:]):
                rejects.append(Reject(line, _width_reason(len(fields), width)))
                continue
            del fields[width:]  # surplus delimiters at the end of a line, with nothing behind them
        if fields == header and width > 1:
            rejects.append(Reject(line, "it repeats the column names, as where files were put together"))
        elif batches.add(line, fields, sum(map(len, fields))):
            yield batches.frame()
    yield batches.frame()


@lru_cache(maxsize=1000)
def _width_reason(found: int, width: int) -> str:
    return f"it has {found} fields where the header has {width}"


def _header(
    records: Iterator[tuple[int, list[str]]], notes: list[str]
) -> tuple[Iterator[tuple[int, list[str]]], int, list[str] | None]:
    """Return the records after the column names, the line of these, and they themselves; None in an empty file."""
    filled = ((line, fields) for line, fields in records if any(field.strip() for field in fields))
    line, header = next(filled, (0, None))
    while header is not None and len(header) >= 3 and sum(bool(field.strip()) for field in header) == 1:
        below = next(filled, None)
        if below is None or not is_heading(header, below[1]):
            return (records if below is None else chain([below], records)), line, header
        notes.append(heading_note(line))
        line, header = below
    return records, line, header


def _read_plain_lines(handle: Iterable[str], findings: Findings) -> Iterator[pl.DataFrame]:
    """Read a text file of one answer a line; a first line such as 'comment' is taken as its column's name."""
    batches = _Batches(["text"])
    findings.notes.append("Every line is one answer.")
    for number, line in enumerate(handle, start=1):
        text = line.strip(_NOTHING)
        damage = damage_in([line])
        if damage:
            findings.rejects.append(Reject(number, damage))
        elif number == 1 and text.casefold() in _TEXT_HEADERS:
            findings.notes.append("The first line is taken as the column's name.")
        elif text and batches.add(number, [text], len(text)):
            yield batches.frame()
    yield batches.frame()
