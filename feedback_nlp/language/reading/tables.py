"""The table that every file becomes, read in batches, and the names of its columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from feedback_nlp.errors import ReadError
from feedback_nlp.language.reading.rejects import Reject

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

LINE = "__line__"  # the column with the 1-based physical line, or row of a sheet
BATCH_ROWS = 8192
BATCH_CELLS = 1 << 20  # a file of 5,000 columns is read some 200 rows at a time
BATCH_CHARACTERS = 1 << 24
MOST_COLUMNS = 16_384  # as many as a sheet of Excel has
LONGEST_NAME = 500  # characters: a whole question fits
MOST_NOTES = 20  # about names of columns


@dataclass(frozen=True, slots=True)
class Table:
    """A file as read. Frames of it have String columns ("" where a cell is empty) and Int64 ``__line__``.

    ``sample`` holds every row of a small file, and rows spread over a large one; ``n_rows`` counts all of them and
    ``batches`` reads them, from the file again when the sample does not hold them. ``format`` is csv, tsv, txt, xlsx,
    jsonl or parquet; ``encoding`` and ``delimiter`` are None where there is none. ``notes`` are lines for the user:
    what was detected and what was put right. ``rejects`` are bad rows.
    """

    sample: pl.DataFrame
    n_rows: int
    format: str
    encoding: str | None = None
    delimiter: str | None = None
    notes: tuple[str, ...] = ()
    rejects: list[Reject] = field(default_factory=list)
    stream: Callable[[], Iterator[pl.DataFrame]] | None = field(default=None, repr=False, compare=False)
    hashes: dict[str, NDArray[np.uint64]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def columns(self) -> list[str]:
        """The names of the file's own columns, in its order."""
        return [name for name in self.sample.columns if name != LINE]

    @property
    def is_whole(self) -> bool:
        """Whether the sample holds every row."""
        return self.sample.height == self.n_rows

    def batches(self, size: int = BATCH_ROWS) -> Iterator[pl.DataFrame]:
        """Yield all rows in the file's order, at most ``size`` at a time, without ever holding them all.

        Raises :class:`ReadError` when the file was changed or taken away since it was first read.
        """
        if self.is_whole or self.stream is None:
            yield from self.sample.iter_slices(size)
            return
        for frame in self.stream():
            yield from frame.iter_slices(size)

    @property
    def frame(self) -> pl.DataFrame:
        """Every row in one frame: as large in memory as the file."""
        import polars as pl

        return self.sample if self.is_whole else pl.concat(list(self.batches()), rechunk=False)


def rows_at_once(columns: int) -> int:
    """How many rows of so many columns are held as one frame."""
    return max(1, min(BATCH_ROWS, BATCH_CELLS // max(1, columns)))


def is_heading(row: Sequence[str | None], following: Sequence[str | None]) -> bool:
    """Whether a row above the column names is a heading: one cell stands alone over three or more."""
    filled, below = (sum(bool(cell and cell.strip()) for cell in cells) for cells in (row, following))
    return filled == 1 and below >= 3


def heading_note(line: int) -> str:
    """Return what the user is told about a heading on this line."""
    return f"Row {line} is a heading over the whole table and is left out; the column names come below it."


def _shown(raw: str) -> str:
    """Return a column name as it can be printed and looked up: without marks that turn or colour a line of a terminal,
    and without the ^ that would make a pattern of it for Polars."""
    cut = raw if len(raw) <= LONGEST_NAME else raw[:LONGEST_NAME] + "\u2026"
    spaced = " ".join(cut.split())
    if spaced.endswith("$"):
        spaced = spaced.lstrip("^ ")
    return spaced if spaced.isprintable() else "".join(c for c in spaced if c.isprintable() or c in "\u200c\u200d")


def named_columns(header: Iterable[str], taken: Iterable[str] = (LINE,)) -> tuple[list[str], list[str]]:
    """Return usable, unique column names for a header, and notes about those that had to change.

    Raises :class:`ReadError` for more columns than a table has.
    """
    names: list[str] = []
    notes: list[str] = []
    used = set(taken)
    numbers: dict[str, int] = {}
    for position, raw in enumerate(header, start=1):
        if position > MOST_COLUMNS:
            raise ReadError(
                f"The file has more than {MOST_COLUMNS:,} columns, which no table of answers has. Keep the columns "
                "that hold answers, or check --delimiter."
            )
        name = _shown(raw) or f"column_{position}"
        unique, number = name, numbers.get(name, 2)
        while unique in used:
            unique, number = f"{name}_{number}", number + 1
        numbers[name] = number
        used.add(unique)
        names.append(unique)
        if not _shown(raw):
            notes.append(f"Column {position} has no name; it is called {unique!r}.")
        elif unique != name:
            notes.append(
                f"The column name {name!r} occurs again at position {position}; that one is called {unique!r}."
            )
    if len(notes) > MOST_NOTES:
        notes[MOST_NOTES:] = [f"{len(notes) - MOST_NOTES} more columns are named in the same way."]
    return names, notes
