"""The cells of two segments crossed, as rows of a table and as matrices."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from feedback_nlp.analysis.cells import CELL
from feedback_nlp.analysis.crossed_privacy import Counts, Flags, Side
from feedback_nlp.analysis.frames import NOT_GIVEN, AnalysisFrames, segment_column
from feedback_nlp.errors import UsageError

SEGMENT, ACROSS = "segment_value", "across_value"
CROSSING = "crossing"  # a column of feedback: the number of its cell


@dataclass(frozen=True, slots=True, eq=False)
class Crossing:
    """Two segments crossed.

    ``frames`` have the column :data:`CROSSING` in their feedback. ``columns`` are those of the two segments, ``cells``
    all combinations of values in order: cell, segment_value, across_value. Matrices are (values, values across).
    """

    frames: AnalysisFrames
    columns: tuple[str, str]
    cells: pl.DataFrame

    @property
    def shape(self) -> tuple[int, int]:
        """How many values the two segments have."""
        return self.cells[SEGMENT].n_unique(), self.cells[ACROSS].n_unique()

    def margins(self, axis: int, hidden: Collection[str]) -> Counts:
        """Return a number for each value of the first (0) or second segment (1); those in ``hidden`` share one."""
        values = self.cells[(SEGMENT, ACROSS)[axis]].unique(maintain_order=True).to_list()
        own = [-1 if value in hidden else place for place, value in enumerate(values)]
        return np.unique(own, return_inverse=True)[1].astype(np.int64)

    def matrix(self, table: pl.DataFrame, column: str) -> Counts:
        """Return a column of a table with at most a row a cell as a matrix, 0 where there is none or null."""
        rows = self.cells.select(CELL).join(table.select(CELL, column), on=CELL, how="left", maintain_order="left")
        return rows[column].cast(pl.Int64).fill_null(0).to_numpy().reshape(self.shape)

    def side(self, who: pl.DataFrame, people: Counts | None = None) -> Side:
        """Return the people of cells, for rows of cell and person_id; all people, or all of cells of few of them.

        ``people`` are those of each cell, where ``who`` has only those of cells of few.
        """
        distinct = who.select(CELL, "person_id").unique()
        if people is None:
            people = self.matrix(distinct.group_by(CELL).agg(pl.len().alias("n")), "n")
        few = (people > 0) & (people < self.frames.privacy_minimum)
        once = (
            distinct.filter(pl.col(CELL).is_in(self.where(few).implode())).sort(CELL).unique("person_id", keep="first")
        )
        own = self.matrix(once.group_by(CELL).agg(pl.len().alias("n")), "n")
        return Side(people, np.where(few, own, people))

    def where(self, flags: Flags) -> pl.Series:
        """Return the cells that a matrix marks."""
        return self.cells[CELL].filter(pl.Series(flags.ravel()))


def cross(frames: AnalysisFrames, by: str, across: str) -> Crossing:
    """Return two segments crossed. Raises UsageError where one is unknown, or both are the same."""
    columns = segment_column(frames, by), segment_column(frames, across)
    if by == across:
        raise UsageError(f"{by!r} cannot be crossed with itself. Name another segment to cross it with.")
    given = [frames.feedback[name].cast(pl.String).fill_null(NOT_GIVEN) for name in columns]
    values = [sorted(found.unique().to_list(), key=lambda value: (value == NOT_GIVEN, value)) for found in given]
    place, place_across = (
        found.replace_strict(names, range(len(names)), return_dtype=pl.Int64)
        for found, names in zip(given, values, strict=True)
    )
    number = (place * len(values[1]) + place_across).cast(pl.String).alias(CROSSING)
    pairs = [(one, other) for one in values[0] for other in values[1]]
    cells = pl.DataFrame(pairs, schema={SEGMENT: pl.String, ACROSS: pl.String}, orient="row")
    cells = cells.select(pl.int_range(pl.len()).cast(pl.String).alias(CELL), pl.all())
    return Crossing(replace(frames, feedback=frames.feedback.with_columns(number)), columns, cells)
