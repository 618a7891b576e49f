"""Reading files of feedback: CSV, TSV, XLSX, JSON Lines and Parquet become one table of strings.

Bad rows are set aside one by one, with their line and a reason, and never take good rows with them. A file is read
in batches, and again for each pass over it: no row of it is ever written to a temporary file.
"""

from __future__ import annotations

import gzip
import stat
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from feedback_nlp.errors import ReadError, UsageError, did_you_mean
from feedback_nlp.language.reading.decoding import (
    checked_delimiter,
    checked_encoding,
    detect_encoding,
    not_text,
    not_typed,
)
from feedback_nlp.language.reading.json_lines import read_json_lines
from feedback_nlp.language.reading.missing_header import value_in_header
from feedback_nlp.language.reading.records_in_text import Findings, Unkept, read_delimited
from feedback_nlp.language.reading.rejects import Reject
from feedback_nlp.language.reading.sampling import Sampler
from feedback_nlp.language.reading.tables import LINE, Table, named_columns
from feedback_nlp.language.reading.typed_files import read_parquet, read_workbook

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
_SIGNS = {"xlsx": (b"PK", b"\xd0\xcf\x11\xe0"), "parquet": (b"PAR1", b"PARE")}  # the second: encrypted, said later


def read_file(
    path: Path, *, encoding: str | None = None, delimiter: str | None = None, sheet: str | None = None
) -> Table:
    """Read ``path`` once by its suffix: .csv .tsv .txt .jsonl .ndjson (each also .gz), .xlsx or .parquet.

    The table holds a sample of the rows (all of a small file) and reads the others again when asked for batches.
    ``encoding`` and ``delimiter`` override what is detected in text files, ``sheet`` names a sheet of a workbook.
    Raises :class:`ReadError` for a file that cannot be read at all, :class:`UsageError` for a flag that cannot be.
    """
    path = Path(path)
    with _problems_said(path):
        kind = _format_of(path)
        mark = _mark(path)
    if encoding is not None and kind not in _TEXTUAL:
        raise UsageError(f"--encoding {encoding!r} does not apply to {path.name}: {kind} says its own. Leave it out.")
    if delimiter is not None and kind not in ("csv", "tsv", "txt"):
        raise UsageError(f"--delimiter {delimiter!r} does not apply to {path.name}: {kind} has none. Leave it out.")
    if sheet is not None and kind != "xlsx":
        raise UsageError(f"--sheet {sheet!r} does not apply to {path.name}: only .xlsx has sheets. Leave it out.")
    findings, sampler = Findings(), Sampler()
    with _problems_said(path):
        if kind in _TEXTUAL:
            encoding, note = _encoding_of(path, kind, encoding)
            findings.notes.append(note)
        else:
            _require_kind(path, kind)
        how = _How(path, kind, encoding or "", None if delimiter is None else checked_delimiter(delimiter), sheet)
        columns: dict[str, None] = {}
        held: list[pl.DataFrame] = []
        for frame in how.frames(findings):
            columns.update(dict.fromkeys(frame.columns))
            sampler.add(frame)
            if kind == "xlsx":  # which cannot be read in parts, so that a second reading would cost as much memory
                held.append(frame)
    _require_unchanged(path, mark)
    columns.pop(LINE, None)
    if not columns:
        raise _empty(path, kind)
    names, renamed = named_columns(columns)
    titles = dict(zip(columns, names, strict=True))

    def stream() -> Iterator[pl.DataFrame]:
        with _problems_said(path):
            _require_unchanged(path, mark)
            for frame in held or how.frames(Findings(rejects=Unkept()), list(titles)):
                yield frame.rename(titles)
            _require_unchanged(path, mark)

    table = Table(
        sampler.sample(titles),
        sampler.n_rows,
        kind,
        encoding.removesuffix("-sig") if encoding else None,
        findings.delimiter,
        (*findings.said, *renamed, *_emptiness(sampler.n_rows, findings.rejects)),
        findings.rejects,
        stream=stream,
        hashes=sampler.hashes(titles),
    )
    return _require_names(path, table)


@dataclass(frozen=True, slots=True)
class _How:
    """How a file is read, the first time and each time after."""

    path: Path
    kind: str
    encoding: str
    delimiter: str | None
    sheet: str | None

    def frames(self, findings: Findings, names: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        """Yield the file's rows; ``names`` are its columns where they are known from an earlier reading."""
        if self.kind == "parquet":
            return read_parquet(self.path, findings)
        if self.kind == "xlsx":
            return read_workbook(self.path, self.sheet, findings)
        if self.kind == "jsonl":
            return read_json_lines(self.path, self.encoding, findings, names)
        return read_delimited(self.path, self.kind, self.encoding, self.delimiter, findings)


@contextmanager
def _problems_said(path: Path) -> Iterator[None]:
    """Turn what the file system and gzip complain about into a :class:`ReadError`."""
    try:
        yield
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise ReadError(f"{path} is not a whole gzip file. Copy it again, or unpack it and read the result.") from None
    except OSError as error:  # also a name too long, or a folder that may not be looked into
        raise ReadError(f"{path} cannot be read ({error.strerror or error}). Check that it may be opened.") from None


def _mark(path: Path) -> tuple[int, int]:
    """Return what tells whether a file was written to: its size and the time of its last change."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _require_unchanged(path: Path, mark: tuple[int, int]) -> None:
    if _mark(path) != mark:
        raise ReadError(f"{path} was changed while it was being read. Read it again when nothing writes to it.")


def _require_names(path: Path, table: Table) -> Table:
    """Return the table, or raise when its column names are values: they would be quoted wherever a column is named."""
    sign = value_in_header(table.sample, table.columns) if table.format != "jsonl" else None
    if sign is not None:
        raise ReadError(
            f"The first line of {path} should hold column names, but {sign}. Put a line of names such as "
            "'id,date,comment' above it."
        )
    return table


def _format_of(path: Path) -> str:
    if "\0" in str(path):
        raise ReadError("A file's name cannot hold a NUL character. Check the name.")
    if not path.exists():
        near = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
        hint = did_you_mean(path.name, near) if near else ""
        raise ReadError(
            f"{path} does not exist.{hint if 'Did you mean' in hint else ' Check the name and the folder.'}"
        )
    found = path.stat()
    if stat.S_ISDIR(found.st_mode):
        raise ReadError(f"{path} is a folder. Give one file of it.")
    if not stat.S_ISREG(found.st_mode):
        raise ReadError(
            f"{path} is a pipe or a device, and a file is read more than once. Save what comes out of it as a file "
            "such as answers.csv, and read that."
        )
    suffixes = [suffix.lower() for suffix in path.suffixes]
    zipped = suffixes[-1:] == [".gz"]
    suffix = suffixes[-2] if zipped and len(suffixes) > 1 else (suffixes[-1] if suffixes and not zipped else "")
    kind = FORMATS.get(suffix)
    if kind is None or (zipped and kind not in _TEXTUAL):
        raise ReadError(
            f"{path.name}: the suffix {''.join(suffixes[-2:]) or '(none)'} is not read. "
            f"Read are {' '.join(FORMATS)}, and the text formats also as .gz. Save it as one of these."
        )
    if found.st_size == 0:
        raise _empty(path, kind)
    return kind


def _empty(path: Path, kind: str) -> ReadError:
    needed = "One object with named fields" if kind == "jsonl" else "A line of column names and at least one row"
    return ReadError(f"{path} is empty. {needed} {'is' if kind == 'jsonl' else 'are'} needed.")


def _require_kind(path: Path, kind: str) -> None:
    """Raise when a typed file is known to be something else than its name says."""
    other = not_typed(path, _SIGNS[kind])
    if other is not None:
        what, remedy = other
        raise ReadError(f"{path} is {what}, whatever its name: it is no .{kind}. {remedy}.")


def _encoding_of(path: Path, kind: str, told: str | None) -> tuple[str, str]:
    """Return the encoding of a text file and a line that says how it was found; raises for what is no text."""
    if told is not None:
        encoding = checked_encoding(told)
        return encoding, f"Encoding: {encoding}, as told."
    other = not_text(path)
    if other is not None:
        what, remedy = other
        raise ReadError(f"{path} is {what}, whatever its name: .{kind} is text. {remedy}.")
    return detect_encoding(path)


def _emptiness(n_rows: int, rejects: Sequence[Reject]) -> tuple[str, ...]:
    if n_rows:
        return ()
    if rejects:
        first = rejects[0]
        return (f"None of its rows can be read; the first: line {first.line}, {first.reason}.",)
    return ("The file holds column names and no rows.",)
