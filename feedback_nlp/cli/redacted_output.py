"""Writing a redacted file in the format of its suffix, whole or not at all, and with the types of its source."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from feedback_nlp.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    import polars as pl

    from feedback_nlp.language.reading.tables import Table
    from feedback_nlp.pipeline.redact_file import FileRedaction

FORMATS = (".csv", ".tsv", ".jsonl", ".parquet", ".xlsx")
_SLICE = 32_768  # rows of a Parquet file read at a time
_FEWEST_DIGITS = 10**7  # a smaller number identifies nobody
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,15})?")  # what a spreadsheet holds without loss
_SIGNED_NUMBER = r"^[+-][0-9][0-9 .,]*%?$"  # no formula, though it starts like one


def check_format(out: Path) -> None:
    """Raise :class:`UsageError` unless the suffix is one that can be written."""
    suffix = out.suffix.lower()
    if suffix not in FORMATS:
        raise UsageError(f"{out.name!r} ends in {suffix!r}, which cannot be written.{did_you_mean(suffix, FORMATS)}")


def redactable(path: Path, table: Table, names: list[str]) -> list[str]:
    """Return those of the columns that can hold an identifier: in Parquet not truth values, times or small numbers."""
    if table.format != "parquet":
        return names
    import polars as pl

    scan, titles = _scan(path)
    schema = scan.collect_schema()
    old = {title: name for name, title in titles.items()}
    numbers = [old[name] for name in names if schema[old[name]].is_numeric()]
    largest = scan.select(pl.col(name).abs().max().cast(pl.Float64) for name in numbers).collect()
    small = {name for name in numbers if (largest[name][0] or 0) < _FEWEST_DIGITS}
    return [
        name
        for name in names
        if old[name] not in small and not schema[old[name]].is_temporal() and schema[old[name]] != pl.Boolean
    ]


def write_redacted(redaction: FileRedaction, path: Path, out: Path) -> tuple[str, ...]:
    """Write the redacted rows of the file at ``path`` to ``out``, in its order, and return notes for the user.

    A failure leaves what was at ``out`` untouched. Text that a spreadsheet would run as a formula gets a leading
    apostrophe in .csv, .tsv and .xlsx. Raises FeedbackError when the disk refuses, UsageError for more rows than a
    sheet of Excel holds.
    """
    suffix, table = out.suffix.lower(), redaction.table
    if suffix == ".xlsx":
        return _write_workbook(redaction, out)
    from feedback_nlp.whole_files import replacing

    with replacing(out) as part:
        if suffix == ".jsonl" and table.format == "jsonl" and _keeps_names(table, path):
            with part.open("w", encoding="utf-8", newline="\n") as handle:
                for record in _records(redaction, path):
                    handle.write(json.dumps(record, ensure_ascii=False) + "\n")
        elif suffix == ".parquet":
            _write_parquet(redaction, path, part)
        elif suffix == ".jsonl":
            frames = _typed(redaction, path) if table.format == "parquet" else _plain(redaction)
            with part.open("wb") as raw:
                for frame in frames:
                    frame.write_ndjson(raw, check_extension=False)
        else:
            same = suffix == ".csv" and table.format == "csv" and table.delimiter
            with part.open("wb") as raw:
                _write_delimited(_plain(redaction), table.columns, raw, "\t" if suffix == ".tsv" else same or ",")
    if suffix == ".parquet" and table.format != "parquet":
        return ("Its columns are text, as a file of text does not tell their types.",)
    return ()


def _plain(redaction: FileRedaction) -> Iterator[pl.DataFrame]:
    """Yield the rows as strings."""
    for frame in redaction.batches():
        yield frame.select(redaction.table.columns)


def _write_delimited(frames: Iterator[pl.DataFrame], columns: list[str], handle: IO[bytes], delimiter: str) -> None:
    import polars as pl

    from feedback_nlp.export_files import FORMULA_STARTS

    handle.write(b"\xef\xbb\xbf")  # Excel takes UTF-8 for UTF-8 by its mark
    heads = {name: f"'{name}" if name.startswith(FORMULA_STARTS) else name for name in columns}
    pl.DataFrame(schema=dict.fromkeys(heads.values(), pl.String)).write_csv(handle, separator=delimiter)
    for frame in frames:
        frame.with_columns(
            pl.when(
                pl.any_horizontal(pl.col(name).str.starts_with(start) for start in FORMULA_STARTS)
                & ~pl.col(name).str.contains(_SIGNED_NUMBER)
            )
            .then(pl.lit("'") + pl.col(name))
            .when(pl.col(name) != "")  # an empty cell stays one, without quotes
            .then(pl.col(name))
            .alias(name)
            for name in columns
        ).write_csv(handle, include_header=False, separator=delimiter)


def _write_workbook(redaction: FileRedaction, out: Path) -> tuple[str, ...]:
    """A sheet holds at most a million rows and is written as a whole."""
    import polars as pl

    from feedback_nlp.export_files import write_table

    empty = pl.DataFrame(schema=dict.fromkeys(redaction.table.columns, pl.String))
    frame = pl.concat([empty, *_plain(redaction)])
    frame = frame.with_columns(pl.when(pl.col(pl.String) != "").then(pl.col(pl.String)).name.keep())
    numbers = [column.name for column in frame if column.null_count() < frame.height and _holds_numbers(column)]
    notes = write_table(frame.with_columns(pl.col(numbers).cast(pl.Float64)), out, {})
    return ("Columns of numbers are written as numbers, all others, dates too, as text.", *notes)


def _holds_numbers(column: pl.Series) -> bool:
    return bool(column.drop_nulls().str.contains(f"^{_NUMBER.pattern}$").all())


def _write_parquet(redaction: FileRedaction, path: Path, part: Path) -> None:
    import polars as pl
    from polars.io.plugins import register_io_source

    if redaction.table.format == "parquet":
        scan, titles = _scan(path)
        schema = {
            titles[name]: pl.String() if titles[name] in redaction.columns else dtype
            for name, dtype in scan.collect_schema().items()
            if titles[name] in redaction.table.columns
        }
        frames = _typed(redaction, path)
    else:
        schema = {name: pl.String() for name in redaction.table.columns}
        frames = _plain(redaction)

    def source(*_: Any) -> Iterator[pl.DataFrame]:
        yield from frames

    register_io_source(source, schema=schema).sink_parquet(part)


def _scan(path: Path) -> tuple[pl.LazyFrame, dict[str, str]]:
    """Return a Parquet file and the name in the table of each of its columns."""
    import polars as pl

    from feedback_nlp.language.reading.tables import named_columns

    scan = pl.scan_parquet(path, glob=False, hive_partitioning=False, parallel="none", low_memory=True)
    names = scan.collect_schema().names()
    return scan, dict(zip(names, named_columns(names)[0], strict=True))


def _typed(redaction: FileRedaction, path: Path) -> Iterator[pl.DataFrame]:
    """Yield the rows of a Parquet file with its own types; columns that are redacted are text."""
    import polars as pl

    scan, titles = _scan(path)
    scan = scan.select(pl.col(name).alias(title) for name, title in titles.items() if title in redaction.table.columns)
    held = scan.head(0).collect()
    start = 0
    for frame in redaction.batches():
        while held.height < frame.height and (more := scan.slice(start, _SLICE).collect()).height:
            start += more.height
            held = pl.concat([held, more])
        raw, held = held.head(frame.height), held.slice(frame.height)
        yield raw.with_columns(
            pl.when(raw[name].is_not_null()).then(frame[name]).alias(name) for name in redaction.columns
        )


def _keeps_names(table: Table, path: Path) -> bool:
    """Whether every field of a JSON Lines file is a column of that very name, so that fields can be told by it."""
    from feedback_nlp.language.reading.decoding import open_text

    columns = set(table.columns)
    with open_text(path, table.encoding or "utf-8") as handle:
        return all(name in columns for _, record in _objects(handle) for name, *_ in _leaves("", record))


def _records(redaction: FileRedaction, path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSON Lines file with their own types and nesting; only what was replaced is another."""
    from feedback_nlp.language.reading.decoding import open_text
    from feedback_nlp.language.reading.tables import LINE

    with open_text(path, redaction.table.encoding or "utf-8") as handle:
        objects = _objects(handle)
        for frame in redaction.batches():
            for row in frame.select(LINE, *redaction.columns).iter_rows(named=True):
                record = next(record for number, record in objects if number == row[LINE])
                for name, value, holder, key in list(_leaves("", record)):
                    if name in row and row[name] != _shown(value):
                        holder[key] = row[name]
                yield record


def _objects(handle: IO[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield line number and object of each line that is one: what the reader rejected is left out by its number."""
    for number, line in enumerate(handle, start=1):
        try:
            value = json.loads(line.strip(" \t\r\n\ufeff\x1a") or "null")
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            yield number, value


def _leaves(prefix: str, record: dict[str, Any]) -> Iterator[tuple[str, Any, dict[str, Any], str]]:
    """Yield the column, the value, and the object and key that hold it, of all that is no object."""
    for key, value in record.items():
        if isinstance(value, dict):
            yield from _leaves(f"{prefix}{key}.", value)
        else:
            yield f"{prefix}{key}", value, record, key


def _shown(value: Any) -> str:
    """Return a value as the reader shows it."""
    if isinstance(value, str):
        return value
    return "" if value is None or value != value else json.dumps(value, ensure_ascii=False)
