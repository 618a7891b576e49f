"""The table that every file becomes, and the names of its columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from feedback_nlp.language.rejects import Reject

if TYPE_CHECKING:
    import polars as pl

LINE = "__line__"  # the column with the 1-based physical line, or row of a sheet


@dataclass(frozen=True, slots=True)
class Table:
    """A file as read: every column of ``frame`` is String ("" where a cell is empty) besides Int64 ``__line__``.

    ``format`` is csv, tsv, txt, xlsx, jsonl or parquet; ``encoding`` and ``delimiter`` are None where there is
    none. ``notes`` are lines for the user: what was detected and what was put right. ``rejects`` are bad rows.
    """

    frame: pl.DataFrame
    format: str
    encoding: str | None = None
    delimiter: str | None = None
    notes: tuple[str, ...] = ()
    rejects: list[Reject] = field(default_factory=list)

    @property
    def columns(self) -> list[str]:
        """The names of the file's own columns, in its order."""
        return [name for name in self.frame.columns if name != LINE]


def is_heading(row: Sequence[str | None], following: Sequence[str | None]) -> bool:
    """Whether a row above the column names is a heading: one cell stands alone over three or more."""
    filled, below = (sum(bool(cell and cell.strip()) for cell in cells) for cells in (row, following))
    return filled == 1 and below >= 3


def heading_note(line: int) -> str:
    """Return what the user is told about a heading on this line."""
    return f"Row {line} is a heading over the whole table and is left out; the column names come below it."


def named_columns(header: Iterable[str], taken: Iterable[str] = (LINE,)) -> tuple[list[str], list[str]]:
    """Return usable, unique column names for a header, and notes about those that had to change."""
    names: list[str] = []
    notes: list[str] = []
    used = set(taken)
    for position, raw in enumerate(header, start=1):
        name = " ".join(raw.replace("\ufeff", "").split()) or f"column_{position}"
        unique, number = name, 2
        while unique in used:
            unique, number = f"{name}_{number}", number + 1
        used.add(unique)
        names.append(unique)
        if not raw.strip():
            notes.append(f"Column {position} has no name; it is called {unique!r}.")
        elif unique != name:
            notes.append(
                f"The column name {name!r} occurs again at position {position}; that one is called {unique!r}."
            )
    return names, notes
