"""Records in text files, one at a time: delimited lines with quoted line breaks, and JSON Lines."""

from __future__ import annotations

import csv
import json
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from feedback_nlp.errors import ReadError
from feedback_nlp.language.decoding import DELIMITER_NAMES, UNDECODABLE, open_text, sniff_delimiter
from feedback_nlp.language.rejects import Reject
from feedback_nlp.language.tables import LINE, heading_note, is_heading, named_columns

if TYPE_CHECKING:
    import polars as pl

_BATCH = 50_000  # rows held as Python objects before they become a Polars frame
_SNIFFED_LINES = 200
_LONGEST_RECORD_LINES = 10_000  # a quote still open after so many lines was never closed
_NO_DELIMITER = "\x1f"  # the csv module wants some delimiter; this one is in nobody's sentence
_TEXT_HEADERS = frozenset({"text", "comment", "comments", "feedback", "verbatim", "review", "answer", "message"})


class _Lines:
    """Physical lines with a memory of the current record, so that a failed record can be taken up again."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        self.record: list[str] = []
        self.start = 0  # 1-based line on which the current record begins
        self._next = 1

    def begin(self) -> None:
        self.record = []
        self.start = self._next

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if len(self.record) >= _LONGEST_RECORD_LINES:
            raise StopIteration
        line = self._again.popleft() if self._again else next(self._lines)
        self.record.append(line)
        self._next += 1
        return line

    def retry_after_first(self) -> None:
        """Give back all lines of the current record but its first."""
        self._again.extendleft(reversed(self.record[1:]))
        self._next = self.start + 1


class _Batches:
    """Rows on their way into one frame, without ever holding the whole file as Python objects."""

    def __init__(self, names: list[str]) -> None:
        self._names = names
        self._rows: list[list[str]] = []
        self._lines: list[int] = []
        self._frames: list[pl.DataFrame] = []

    def add(self, line: int, row: list[str]) -> None:
        self._rows.append(row)
        self._lines.append(line)
        if len(self._rows) >= _BATCH:
            self._flush()

    def _flush(self) -> None:
        import polars as pl

        columns = list(zip(*self._rows, strict=True)) if self._rows else [()] * len(self._names)
        data = [pl.Series(name, col, dtype=pl.String) for name, col in zip(self._names, columns, strict=True)]
        self._frames.append(pl.DataFrame([*data, pl.Series(LINE, self._lines, dtype=pl.Int64)]))
        self._rows, self._lines = [], []

    def frame(self) -> pl.DataFrame:
        import polars as pl

        self._flush()
        return pl.concat(self._frames, rechunk=False)


def read_delimited(
    path: Path, kind: str, encoding: str, delimiter: str | None
) -> tuple[pl.DataFrame | None, list[str], list[Reject], str | None]:
    """Return the frame (None for an empty file), notes, rejects and the delimiter (None for a single column)."""
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    notes: list[str] = []
    with open_text(path, encoding) as handle:
        sample = [line.replace("\0", "") for line in islice(handle, _SNIFFED_LINES)]
    skipped = 0
    if sample and sample[0].lower().startswith("sep=") and len(sample[0].strip()) == 5:  # a line that Excel writes
        skipped, delimiter = 1, delimiter or sample[0].strip()[4]
        sample = sample[1:]
    if not any(line.strip() for line in sample):
        return None, notes, [], None
    told = delimiter is not None
    if delimiter is None:
        delimiter = sniff_delimiter(sample, "\t" if kind == "tsv" else None)
    word = DELIMITER_NAMES.get(delimiter or "", repr(delimiter))
    how = "as told" if told else "sniffed from the first lines; --delimiter overrides it"
    notes.append(f"Delimiter: {word}, {how}." if delimiter else "Delimiter: none found; the file is a single column.")
    # Tab-separated files and lists of sentences often know no quoting: there a quote is somebody's own.
    quoted = delimiter not in ("\t", None) or _quotes_hold(sample, delimiter or _NO_DELIMITER)
    if not quoted:
        notes.append("Quotes are taken as part of the text: as marks around fields they do not pair up.")
    rejects: list[Reject] = []
    with open_text(path, encoding) as handle:
        if kind == "txt" and delimiter is None:
            return _read_plain_lines(handle, notes, rejects), notes, rejects, None
        lines = _Lines(iter(handle))
        for _ in range(skipped):
            next(lines)
        frame = _read_records(lines, delimiter or _NO_DELIMITER, quoted, notes, rejects)
    return frame, notes, rejects, delimiter


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
        damage = _damage(lines.record)
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


def _damage(record: list[str]) -> str | None:
    for line in record:
        if "\0" in line:
            return "it holds NUL bytes"
        if not line.isascii() and UNDECODABLE in line:
            return "it holds bytes that the file's encoding cannot decode"
    return None


def _read_records(
    lines: _Lines, delimiter: str, quoted: bool, notes: list[str], rejects: list[Reject]
) -> pl.DataFrame | None:
    records = _records(lines, delimiter, quoted, rejects)
    records, line, header = _header(records, notes)
    if rejects and (header is None or rejects[0].line < line):
        raise ReadError(
            f"Line {rejects[0].line} should hold the column names, but {rejects[0].reason}. "
            "Mend that line, or tell --encoding or --delimiter."
        )
    if header is None:
        return None
    names, renamed = named_columns(header)
    notes.extend(renamed)
    width = len(names)
    batches = _Batches(names)
    empty = 0
    for line, fields in records:
        if not any(fields) or not any(map(str.strip, fields)):
            empty += bool(fields)
            continue
        if len(fields) != width:
            if len(fields) < width or any(field.strip() for field in fields[width:]):
                rejects.append(Reject(line, f"it has {len(fields)} fields where the header has {width}"))
                continue
            del fields[width:]  # surplus delimiters at the end of a line, with nothing behind them
        batches.add(line, fields)
    if empty:
        notes.append(f"{empty} rows with nothing in any column are ignored.")
    return batches.frame()


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


def _read_plain_lines(handle: Iterable[str], notes: list[str], rejects: list[Reject]) -> pl.DataFrame:
    """Read a text file of one answer a line; a first line such as 'comment' is taken as its column's name."""
    batches = _Batches(["text"])
    notes.append("Every line is one answer.")
    for number, line in enumerate(handle, start=1):
        text = line.removeprefix("\ufeff").strip()
        damage = _damage([line])
        if damage:
            rejects.append(Reject(number, damage))
        elif number == 1 and text.casefold() in _TEXT_HEADERS:
            notes.append("The first line is taken as the column's name.")
        elif text:
            batches.add(number, [text])
    return batches.frame()


def read_json_lines(path: Path, encoding: str) -> tuple[pl.DataFrame | None, list[str], list[Reject]]:
    """Return the frame (None for an empty file), notes and rejects; nested objects become ``outer.inner`` columns."""
    import polars as pl

    rejects: list[Reject] = []
    rows: list[dict[str, str]] = []
    numbers: list[int] = []
    frames: list[pl.DataFrame] = []
    seen = False
    with open_text(path, encoding) as handle:
        for number, line in enumerate(handle, start=1):
            if not line.strip(" \t\r\n\ufeff"):
                continue
            if not seen and line.lstrip(" \t\ufeff").startswith("["):
                raise ReadError(f"{path} is a JSON array. Write one object a line: that is what .jsonl means.")
            seen = True
            row = _json_row(number, line, rejects)
            if row is None:
                continue
            rows.append(row)
            numbers.append(number)
            if len(rows) >= _BATCH:
                frames.append(_frame_of(rows, numbers))
                rows, numbers = [], []
    if not seen:
        return None, [], rejects
    if rows:
        frames.append(_frame_of(rows, numbers))
    if not frames:
        raise ReadError(
            f"{path}: none of its lines is a JSON object; the first problem: line {rejects[0].line}, "
            f"{rejects[0].reason}. Write one object a line."
        )
    frame = pl.concat(frames, how="diagonal").with_columns(pl.col(pl.String).fill_null(""))
    lines = frame[LINE]
    names, notes = named_columns(name for name in frame.columns if name != LINE)
    frame = frame.drop(LINE)
    return frame.rename(dict(zip(frame.columns, names, strict=True))).with_columns(lines), notes, rejects


def _frame_of(rows: list[dict[str, str]], numbers: list[int]) -> pl.DataFrame:
    import polars as pl

    names = dict.fromkeys(name for row in rows for name in row)
    data = [pl.Series(name, [row.get(name, "") for row in rows], dtype=pl.String) for name in names if name != LINE]
    return pl.DataFrame([*data, pl.Series(LINE, numbers, dtype=pl.Int64)])


def _json_row(number: int, line: str, rejects: list[Reject]) -> dict[str, str] | None:
    """Return the line's object as flat strings, or None after noting why it is none."""
    damage = _damage([line])
    if damage:
        rejects.append(Reject(number, damage))
        return None
    try:
        value = json.loads(line.strip().removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        rejects.append(Reject(number, f"it is not valid JSON ({error.msg} at column {error.colno})"))
        return None
    except (RecursionError, ValueError):
        rejects.append(Reject(number, "it is JSON nested too deeply, or with a number of too many digits"))
        return None
    if not isinstance(value, dict):
        rejects.append(Reject(number, "it is JSON and not an object with named fields"))
        return None
    row: dict[str, str] = {}
    _flatten("", value, row)
    try:
        "".join(row.values()).encode("utf-8")
        "".join(row).encode("utf-8")
    except UnicodeEncodeError:
        rejects.append(Reject(number, "it holds half of a surrogate pair, which is no character"))
        return None
    return row


def _flatten(prefix: str, value: dict[str, Any], row: dict[str, str]) -> None:
    for key, item in value.items():
        name = f"{prefix}{key}"
        if isinstance(item, dict):
            _flatten(f"{name}.", item, row)
        elif item is None or item != item:  # NaN is the only value that differs from itself
            row[name] = ""
        elif isinstance(item, str):
            row[name] = item
        else:
            row[name] = json.dumps(item, ensure_ascii=False)
