"""Reading files of feedback: CSV, TSV, XLSX, JSON Lines and Parquet become one table of strings.

Bad rows are set aside one by one, with their line and a reason, and never take good rows with them.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from feedback_nlp.errors import ReadError, UsageError, did_you_mean
from feedback_nlp.language.decoding import checked_delimiter, checked_encoding, detect_encoding, not_text
from feedback_nlp.language.missing_header import value_in_header
from feedback_nlp.language.records_in_text import read_delimited, read_json_lines
from feedback_nlp.language.rejects import Reject
from feedback_nlp.language.tables import LINE, Table, heading_note, is_heading, named_columns

if TYPE_CHECKING:
    import polars as pl

__all__ = ["LINE", "Reject", "Table", "read_file"]

FORMATS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".txt": "txt",
    ".xlsx": "xlsx",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
_TEXTUAL = ("csv", "tsv", "txt", "jsonl")


def read_file(
    path: Path, *, encoding: str | None = None, delimiter: str | None = None, sheet: str | None = None
) -> Table:
    """Read ``path`` by its suffix: .csv .tsv .txt .jsonl .ndjson (each also .gz), .xlsx or .parquet.

    ``encoding`` and ``delimiter`` override what is detected in text files, ``sheet`` names a sheet of a workbook.
    Raises :class:`ReadError` for a file that cannot be read at all, :class:`UsageError` for a flag that cannot be.
    """
    path = Path(path)
    try:
        kind = _format_of(path)
    except OSError as error:  # a name too long, or a folder that may not be looked into
        raise _unreadable(path, error) from None
    if encoding is not None and kind not in _TEXTUAL:
        raise UsageError(f"--encoding {encoding!r} does not apply to {path.name}: {kind} says its own. Leave it out.")
    if delimiter is not None and kind not in ("csv", "tsv", "txt"):
        raise UsageError(f"--delimiter {delimiter!r} does not apply to {path.name}: {kind} has none. Leave it out.")
    if sheet is not None and kind != "xlsx":
        raise UsageError(f"--sheet {sheet!r} does not apply to {path.name}: only .xlsx has sheets. Leave it out.")
    try:
        if kind == "parquet":
            return _read_parquet(path)
        table = _read_xlsx(path, sheet) if kind == "xlsx" else _read_textual(path, kind, encoding, delimiter)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise ReadError(f"{path} is not a whole gzip file. Copy it again, or unpack it and read the result.") from None
    except OSError as error:
        raise _unreadable(path, error) from None
    return _require_names(path, table)


def _require_names(path: Path, table: Table) -> Table:
    """Return the table, or raise when its column names are values: they would be quoted wherever a column is named."""
    sign = value_in_header(table.frame, table.columns) if table.format != "jsonl" else None
    if sign is not None:
        raise ReadError(
            f"The first line of {path} should hold column names, but {sign}. Put a line of names such as "
            "'id,date,comment' above it."
        )
    return table


def _format_of(path: Path) -> str:
    if not path.exists():
        near = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
        hint = did_you_mean(path.name, near) if near else ""
        raise ReadError(
            f"{path} does not exist.{hint if 'Did you mean' in hint else ' Check the name and the folder.'}"
        )
    if path.is_dir():
        raise ReadError(f"{path} is a folder. Give one file of it.")
    suffixes = [suffix.lower() for suffix in path.suffixes]
    zipped = suffixes[-1:] == [".gz"]
    suffix = suffixes[-2] if zipped and len(suffixes) > 1 else (suffixes[-1] if suffixes and not zipped else "")
    kind = FORMATS.get(suffix)
    if kind is None or (zipped and kind not in _TEXTUAL):
        raise ReadError(
            f"{path.name}: the suffix {''.join(suffixes[-2:]) or '(none)'} is not read. "
            f"Read are {' '.join(FORMATS)}, and the text formats also as .gz. Save it as one of these."
        )
    if path.stat().st_size == 0:
        raise _empty(path)
    return kind


def _unreadable(path: Path, error: OSError) -> ReadError:
    return ReadError(f"{path} cannot be read ({error.strerror or error}). Check that it may be opened.")


def _empty(path: Path) -> ReadError:
    return ReadError(f"{path} is empty. A line of column names and at least one row are needed.")


def _read_textual(path: Path, kind: str, encoding: str | None, delimiter: str | None) -> Table:
    other = not_text(path) if encoding is None else None
    if other is not None:
        what, remedy = other
        raise ReadError(f"{path} is {what}, whatever its name: .{kind} is text. {remedy}.")
    if encoding is None:
        encoding, note = detect_encoding(path)
    else:
        encoding = checked_encoding(encoding)
        note = f"Encoding: {encoding}, as told."
    if kind == "jsonl":
        frame, notes, rejects = read_json_lines(path, encoding)
    else:
        told = None if delimiter is None else checked_delimiter(delimiter)
        frame, notes, rejects, delimiter = read_delimited(path, kind, encoding, told)
    if frame is None:
        raise _empty(path)
    return Table(
        frame, kind, encoding.removesuffix("-sig"), delimiter, (note, *notes, *_emptiness(frame, rejects)), rejects
    )


def _emptiness(frame: pl.DataFrame, rejects: Sequence[Reject] = ()) -> tuple[str, ...]:
    if frame.height:
        return ()
    if rejects:
        first = rejects[0]
        return (f"None of its rows can be read; the first: line {first.line}, {first.reason}.",)
    return ("The file holds column names and no rows.",)


def _read_xlsx(path: Path, sheet: str | None) -> Table:
    import fastexcel
    import polars as pl

    try:
        sheets = list(fastexcel.read_excel(path).sheet_names)
    except (fastexcel.FastExcelError, ValueError) as error:
        raise ReadError(
            f"{path} cannot be read as a workbook ({str(error).splitlines()[0]}). Open it and save it as .xlsx again."
        ) from None
    if sheet is not None and sheet not in sheets:
        raise UsageError(f"--sheet {sheet!r} is not in {path.name}.{did_you_mean(sheet, sheets)}")
    for name in [sheet] if sheet is not None else sheets:
        # skip_rows=0 keeps empty rows at the top, so that row numbers are those that Excel shows.
        raw = pl.read_excel(
            path,
            sheet_name=name,
            engine="calamine",
            has_header=False,
            drop_empty_rows=False,
            drop_empty_cols=False,
            raise_if_empty=False,
            read_options={"dtypes": "string", "skip_rows": 0},
        )
        rows = raw.with_columns(pl.Series(LINE, range(1, raw.height + 1), dtype=pl.Int64))
        rows = rows.filter(pl.any_horizontal(pl.col(raw.columns).is_not_null())) if raw.width else rows.clear()
        if rows.height:
            break
    else:
        raise _empty(path)
    notes = [f"Sheet: {name!r}" + (f" of {', '.join(map(repr, sheets))}." if len(sheets) > 1 else ".")]
    while rows.height > 1 and is_heading([value or "" for value in rows.row(0)[:-1]], list(rows.row(1)[:-1])):
        notes.append(heading_note(rows[LINE][0]))
        rows = rows[1:]
    header = [value or "" for value in rows.row(0)[:-1]]
    kept = [i for i, title in enumerate(header) if title.strip() or rows[1:, i].null_count() < rows.height - 1]
    names, renamed = named_columns([header[i] for i in kept])
    body = rows[1:].select(*[raw.columns[i] for i in kept], LINE)
    frame = body.rename(dict(zip(body.columns, [*names, LINE], strict=True))).with_columns(pl.col(names).fill_null(""))
    return Table(frame, "xlsx", notes=(*notes, *renamed, *_emptiness(frame)))


def _read_parquet(path: Path) -> Table:
    import polars as pl

    try:
        raw = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, ValueError) as error:
        raise ReadError(
            f"{path} cannot be read as Parquet ({str(error).splitlines()[0][:120]}). "
            "Write it again, or save it as .csv."
        ) from None
    names, notes = named_columns(raw.columns)
    columns: list[pl.Series] = []
    for name, series in zip(names, raw.iter_columns(), strict=True):
        if series.dtype == pl.Binary or series.dtype == pl.Object:
            notes.append(f"Column {name!r} holds bytes and is left out.")
            continue
        columns.append(_as_strings(series).alias(name))
    lines = pl.Series(LINE, range(1, raw.height + 1), dtype=pl.Int64)
    frame = pl.DataFrame([*columns, lines])
    return Table(frame, "parquet", notes=(*notes, *_emptiness(frame)))


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
