"""JSON Lines, one object at a time: nested objects become ``outer.inner`` columns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback_nlp.errors import ReadError
from feedback_nlp.language.reading.decoding import open_text
from feedback_nlp.language.reading.records_in_text import Findings, damage_in
from feedback_nlp.language.reading.rejects import Reject
from feedback_nlp.language.reading.tables import BATCH_CHARACTERS, LINE, MOST_COLUMNS, rows_at_once

if TYPE_CHECKING:
    import polars as pl


_AROUND = " \t\r\n\ufeff\x1a"
_DECODER = json.JSONDecoder()


def read_json_lines(
    path: Path, encoding: str, findings: Findings, names: Sequence[str] | None = None
) -> Iterator[pl.DataFrame]:
    """Yield the objects of a file as frames of strings; what is none of them is added to ``findings.rejects``.

    ``names`` are the columns to read; without them every frame has the columns that its own objects have, and the
    first reading finds out which there are. Nothing is yielded for a file without a line. Raises :class:`ReadError`
    for a JSON array and for a file in which no line is an object.
    """
    rows: list[dict[str, str]] = []
    numbers: list[int] = []
    seen = found = False
    size = 0
    most = rows_at_once(len(names or ()))
    known: set[str] = set(names or ())
    with open_text(path, encoding) as handle:
        for number, line in enumerate(handle, start=1):
            line = line.strip(_AROUND)
            if not line:
                continue
            if not seen and line.startswith("["):
                raise ReadError(f"{path} is a JSON array. Write one object a line: that is what .jsonl means.")
            seen = True
            row = _json_row(number, line, findings.rejects)
            if row is None:
                continue
            found = True
            rows.append(row)
            numbers.append(number)
            size += len(line)
            if names is None and not known.issuperset(row):
                known.update(row)
                most = rows_at_once(len(known))
                if len(known) > MOST_COLUMNS:
                    raise ReadError(
                        f"{path}: its objects have more than {MOST_COLUMNS:,} different field names up to line "
                        f"{number}. Write the same names in every object, and what differs as their values."
                    )
            if len(rows) >= most or size >= BATCH_CHARACTERS:
                yield _frame_of(rows, numbers, names)
                rows, numbers, size = [], [], 0
    if rows:
        yield _frame_of(rows, numbers, names)
    if seen and not found:
        first = findings.rejects[0]
        raise ReadError(
            f"{path}: none of its lines is a JSON object; the first problem: line {first.line}, {first.reason}. "
            "Write one object a line."
        )


def _frame_of(rows: list[dict[str, str]], numbers: list[int], names: Sequence[str] | None) -> pl.DataFrame:
    import polars as pl

    if names is None:
        names = list(dict.fromkeys(chain.from_iterable(rows)))
    if all(len(row) == len(names) for row in rows):
        data = [pl.Series(name, list(map(itemgetter(name), rows)), dtype=pl.String) for name in names]
    else:
        data = [pl.Series(name, [row.get(name, "") for row in rows], dtype=pl.String) for name in names]
    return pl.DataFrame([*data, pl.Series(LINE, numbers, dtype=pl.Int64)])


def _json_row(number: int, line: str, rejects: list[Reject]) -> dict[str, str] | None:
    """Return the line's object as flat strings, or None after noting why it is none."""
    damage = damage_in([line])
    if damage:
        rejects.append(Reject(number, damage))
        return None
    row: dict[str, str] = {}
    try:
        value, end = _DECODER.raw_decode(line)
        if end != len(line):
            raise json.JSONDecodeError("Extra data", line, end)
        if not isinstance(value, dict):
            rejects.append(Reject(number, "it is JSON and not an object with named fields"))
            return None
        _flatten("", value, row)
    except json.JSONDecodeError as error:
        rejects.append(Reject(number, f"it is not valid JSON ({error.msg} at column {error.colno})"))
        return None
    except (RecursionError, ValueError):
        rejects.append(Reject(number, "it is JSON nested too deeply, or with a number of too many digits"))
        return None
    if not line.isascii() or "\\u" in line:
        try:
            "".join((*row, *row.values())).encode("utf-8")
        except UnicodeEncodeError:
            rejects.append(Reject(number, "it holds half of a surrogate pair, which is no character"))
            return None
    if LINE in row:  # a name that this program keeps for itself
        row[f"{LINE}_2"] = row.pop(LINE)
    return row


def _flatten(prefix: str, value: dict[str, Any], row: dict[str, str]) -> None:
    for key, item in value.items():
        name = f"{prefix}{key}"
        if isinstance(item, str):
            row[name] = item
        elif isinstance(item, dict):
            _flatten(f"{name}.", item, row)
        elif item is None or item != item:  # NaN is the only value that differs from itself
            row[name] = ""
        else:
            row[name] = json.dumps(item, ensure_ascii=False)
