"""Files that know types: workbooks and Parquet, turned into text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from feedback_nlp.errors import ReadError, UsageError, did_you_mean
from feedback_nlp.language.reading.records_in_text import Findings
from feedback_nlp.language.reading.tables import LINE, heading_note, is_heading, named_columns, rows_at_once

if TYPE_CHECKING:
    import polars as pl

_SLICE_BYTES = 32 << 20
_MESSAGE = 120  # characters of a library's own message that are passed on


def read_workbook(path: Path, sheet: str | None, findings: Findings) -> Iterator[pl.DataFrame]:
    """Yield the rows of a sheet (default: the first that holds any) as frames of strings.

    A sheet has at most 1,048,576 rows by its format and is held in memory as a whole while it is read. Nothing is
    yielded for an empty workbook. Raises :class:`ReadError` for what is no workbook, :class:`UsageError` for a
    sheet that it has not.
    """
    import polars as pl

    rows, notes = _sheet_rows(path, sheet)
    if rows is None:
        return
    findings.notes.extend(notes)
    while rows.height > 1 and is_heading([value or "" for value in rows.row(0)[:-1]], list(rows.row(1)[:-1])):
        findings.notes.append(heading_note(rows[LINE][0]))
        rows = rows[1:]
    header = [value or "" for value in rows.row(0)[:-1]]
    kept = [i for i, title in enumerate(header) if title.strip() or rows[1:, i].null_count() < rows.height - 1]
    names, renamed = named_columns([header[i] for i in kept])
    findings.notes.extend(renamed)
    data = [rows[1:, i].fill_null("").alias(name) for i, name in zip(kept, names, strict=True)]
    body = pl.DataFrame([*data, rows[1:][LINE]])
    if body.height == 0:
        yield body
    yield from body.iter_slices(rows_at_once(len(names)))


def _sheet_rows(path: Path, sheet: str | None) -> tuple[pl.DataFrame | None, list[str]]:
    """Return the rows of the sheet with those numbers that Excel shows, and a note; None when all is empty."""
    import fastexcel
    import polars as pl

    try:
        book = fastexcel.read_excel(path)
        sheets = list(book.sheet_names)
        if sheet is not None and sheet not in sheets:
            raise UsageError(f"--sheet {sheet!r} is not in {path.name}.{did_you_mean(sheet, sheets)}")
        for name in [sheet] if sheet is not None else sheets:
            # skip_rows=0 keeps empty rows at the top, so that row numbers are those that Excel shows.
            raw = book.load_sheet(name, header_row=None, skip_rows=0, dtypes="string").to_polars()
            rows = raw.with_columns(pl.Series(LINE, range(1, raw.height + 1), dtype=pl.Int64))
            rows = rows.filter(pl.any_horizontal(pl.col(raw.columns).is_not_null())) if raw.width else rows.clear()
            if rows.height:
                return rows, [f"Sheet: {name!r}" + (f" of {', '.join(map(repr, sheets))}." if len(sheets) > 1 else ".")]
    except (fastexcel.FastExcelError, pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError) as error:
        raise ReadError(
            f"{path} cannot be read as a workbook ({_first_line(error)}). Open it and save it as .xlsx again."
        ) from None
    return None, []


def read_parquet(path: Path, findings: Findings) -> Iterator[pl.DataFrame]:
    """Yield the rows of a Parquet file as frames of strings, a slice at a time.

    Raises :class:`ReadError` for what is no Parquet file or a damaged one.
    """
    import polars as pl
    from polars.selectors import by_name  # a plain name may be a pattern, such as "*"

    try:
        scan = pl.scan_parquet(path, glob=False, hive_partitioning=False, parallel="none", low_memory=True)
        schema = scan.collect_schema()
        names, notes = named_columns(schema.names())
        findings.notes.extend(notes)
        titles = dict(zip(schema.names(), names, strict=True))
        kept = [old for old, dtype in schema.items() if dtype not in (pl.Binary, pl.Object)]
        findings.notes.extend(
            f"Column {new!r} holds bytes and is left out." for old, new in titles.items() if old not in kept
        )
        if not kept:
            raise ReadError(f"{path} has no column of text or numbers. Write the answers as a column of text.")
        # A slice skips what comes before it; streaming would hold whole row groups, decoded.
        line, size = 1, min(1024, rows_at_once(len(kept)))
        while (raw := scan.select(by_name(kept)).slice(line - 1, size).collect()).height:
            for part in raw.iter_slices(rows_at_once(len(kept))):
                lines = pl.Series(LINE, range(line, line + part.height), dtype=pl.Int64)
                yield pl.DataFrame([*(_as_strings(part[old].alias(titles[old])) for old in kept), lines])
                line += part.height
            wanted = raw.height * _SLICE_BYTES // max(1, int(raw.estimated_size()))  # long texts come a few at a time
            size = max(1, min(4 * rows_at_once(len(kept)), wanted))
        if line == 1:
            yield pl.DataFrame(schema={**dict.fromkeys((titles[old] for old in kept), pl.String), LINE: pl.Int64})
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError) as error:
        raise ReadError(
            f"{path} cannot be read as Parquet ({_first_line(error)}). Write it again, or save it as .csv."
        ) from None


def _first_line(error: BaseException) -> str:
    """Return what a library says is wrong; a crash within it (no Exception) says nothing that helps a person."""
    if not isinstance(error, Exception):
        return "it is damaged"
    return (str(error).splitlines() or [type(error).__name__])[0][:_MESSAGE]


def _as_strings(series: pl.Series) -> pl.Series:
    """Return any Polars column as text: nested values as JSON, times with a zone in UTC, empty cells as ""."""
    import json

    import polars as pl

    if series.dtype.is_nested():
        values = [None if v is None else json.dumps(v, ensure_ascii=False, default=str) for v in series.to_list()]
        series = pl.Series(series.name, values, dtype=pl.String)
    elif isinstance(series.dtype, pl.Datetime) and series.dtype.time_zone is not None:
        series = series.dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
    elif series.dtype.is_float():
        series = series.fill_nan(None).cast(pl.String)
    else:
        series = series.cast(pl.String)
    return series.fill_null("")
