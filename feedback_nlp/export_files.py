"""One frame into one file of the suffix's format, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl

from feedback_nlp.errors import UsageError, did_you_mean
from feedback_nlp.whole_files import replacing

LIST_SEPARATOR = "|"  # between the parts of a list in a CSV or XLSX cell; within a part it is written as "¦"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes for a formula (OWASP, CSV injection)
EXCEL_ROWS = 1_048_576  # with the header
EXCEL_CELL = 32_767  # characters
_MOMENT = "%Y-%m-%dT%H:%M:%S"

Writer = Callable[[pl.DataFrame, Path, Mapping[str, str]], tuple[str, ...]]


def check_target(path: Path) -> None:
    """Raise :class:`UsageError` unless the suffix is known and the folder is there."""
    suffix = path.suffix.lower()
    if suffix not in WRITERS:
        raise UsageError(f"{path.name!r} ends in {suffix!r}, which is no export format.{did_you_mean(suffix, WRITERS)}")
    if path.is_dir():
        raise UsageError(f"{str(path)!r} is a folder. Name a file in it.")
    if not path.parent.is_dir():
        raise UsageError(f"There is no folder {str(path.parent)!r} for {path.name!r}. Make it first.")


def write_table(frame: pl.DataFrame, path: Path, metadata: Mapping[str, str]) -> tuple[str, ...]:
    """Write ``frame`` to ``path`` and return notes for the user; a failure leaves what was there untouched.

    ``metadata`` goes into Parquet files. Raises :class:`UsageError` as :func:`check_target` does and for more rows
    than an Excel sheet holds, :class:`FeedbackError` when the disk refuses.
    """
    check_target(path)
    with replacing(path) as part:
        return WRITERS[path.suffix.lower()](frame, part, metadata)


def flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame as spreadsheets can take it: lists joined, moments as ISO text, no text that runs as a formula.

    Text that starts like a formula gets a leading apostrophe, column names too; numbers stay numbers.
    """
    lists = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.List)]
    joined = frame.with_columns(
        pl.col(name)
        .list.eval(pl.element().cast(pl.String).str.replace_all(LIST_SEPARATOR, "¦", literal=True))
        .list.join(LIST_SEPARATOR)
        for name in lists
    )
    joined = joined.with_columns(pl.col(pl.Datetime).dt.strftime(_MOMENT))
    texts = [name for name, dtype in joined.schema.items() if dtype == pl.String]
    harmless = joined.with_columns(
        pl.when(pl.any_horizontal(pl.col(name).str.starts_with(start) for start in FORMULA_STARTS))
        .then(pl.lit("'") + pl.col(name))
        .otherwise(pl.col(name))
        .alias(name)
        for name in texts
    )
    return harmless.rename({name: f"'{name}" for name in harmless.columns if name.startswith(FORMULA_STARTS)})


def _parquet(frame: pl.DataFrame, path: Path, metadata: Mapping[str, str]) -> tuple[str, ...]:
    frame.write_parquet(path, metadata=dict(metadata))
    return ()


def _csv(frame: pl.DataFrame, path: Path, metadata: Mapping[str, str]) -> tuple[str, ...]:
    flat(frame).write_csv(path, include_bom=True, check_extension=False)  # Excel takes UTF-8 for UTF-8 by its mark
    return ()


def _json(frame: pl.DataFrame, path: Path, metadata: Mapping[str, str]) -> tuple[str, ...]:
    frame.with_columns(pl.col(pl.Datetime).dt.strftime(_MOMENT)).write_json(path)
    return ()


def _json_lines(frame: pl.DataFrame, path: Path, metadata: Mapping[str, str]) -> tuple[str, ...]:
    frame.with_columns(pl.col(pl.Datetime).dt.strftime(_MOMENT)).write_ndjson(path, check_extension=False)
    return ()


def _xlsx(frame: pl.DataFrame, path: Path, metadata: Mapping[str, str]) -> tuple[str, ...]:
    import xlsxwriter

    if frame.height >= EXCEL_ROWS:
        raise UsageError(
            f"{frame.height} rows do not fit an Excel sheet, which holds {EXCEL_ROWS - 1} below its header. "
            "Write .parquet or .csv."
        )
    cells = flat(frame)
    texts = [name for name, dtype in cells.schema.items() if dtype == pl.String]
    n_long = sum(int((cells[name].str.len_chars() > EXCEL_CELL).sum()) for name in texts)
    cells = cells.with_columns(
        pl.when(pl.col(name).str.len_chars() > EXCEL_CELL)
        .then(pl.col(name).str.head(EXCEL_CELL - 1) + pl.lit("…"))
        .otherwise(pl.col(name))
        .alias(name)
        for name in texts
    )
    # Rows go to disk as they are written, and text stays text: never a formula, a link or a number.
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        sheet = book.add_worksheet("export")
        sheet.freeze_panes(1, 0)
        bold = book.add_format({"bold": True})
        for column, name in enumerate(cells.columns):
            sheet.write_string(0, column, name, bold)
        for row, values in enumerate(cells.iter_rows(), start=1):
            for column, value in enumerate(values):
                if value is None:
                    continue
                if isinstance(value, str):
                    sheet.write_string(row, column, value)
                elif isinstance(value, bool):
                    sheet.write_boolean(row, column, value)
                else:
                    sheet.write_number(row, column, value)
        sheet.autofilter(0, 0, max(cells.height, 1), cells.width - 1)
    return (f"{n_long} cells longer than {EXCEL_CELL} characters were cut, as Excel does.",) if n_long else ()


WRITERS: dict[str, Writer] = {
    ".parquet": _parquet,
    ".csv": _csv,
    ".json": _json,
    ".jsonl": _json_lines,
    ".xlsx": _xlsx,
}
