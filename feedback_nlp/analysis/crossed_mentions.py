"""Which mentions and bases of a crossing stay hidden beside the one-way tables of its two segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from feedback_nlp.analysis.cells import CELL, people_who_say, share_cells
from feedback_nlp.analysis.crossed_privacy import Counts, Flags, Side, hide_more
from feedback_nlp.analysis.crossing_cells import CROSSING, Crossing

_PAIRS = {"theme_id": pl.String, CELL: pl.String}


@dataclass(frozen=True, slots=True, eq=False)
class _Theme:
    """Who mentions a theme and who does not, or who wrote at all; the cells hidden so far, and the known margins."""

    sides: tuple[Side, ...]
    hidden: Flags
    rows: Counts
    columns: Counts
    cost: Counts
    minimum: int

    def hide(self, bases: Flags, whole: _Theme | None = None) -> Flags | None:
        """Return the cells to hide with those whose base is.

        With ``whole``, who wrote at all, the bases of all these cells are to be hidden too: then people may be moved
        from cell to cell with what they said, as far as the margins of the bases allow.
        """
        known = self if whole is None else whole
        return hide_more(
            *(self.sides, self.hidden | bases),
            rows=known.rows,
            columns=known.columns,
            cost=self.cost,
            minimum=self.minimum,
            bounded=whole is None,
        )


def hidden_mentions(crossing: Crossing, table: pl.DataFrame, level: int) -> tuple[pl.DataFrame, pl.Series]:
    """Return the pairs theme_id and cell whose mentions are hidden, and the cells whose base is.

    ``table`` has theme_id, cell, base and suppressed, all cells of each theme, hidden as if there were no one-way
    tables.
    """
    # Margins can only tell of what is hidden; a theme of which everything is shown has nothing to give away.
    at_risk = table.filter("suppressed").select("theme_id").unique()
    if at_risk.is_empty():
        return pl.DataFrame(schema=_PAIRS), pl.Series(CELL, [], pl.String)
    every = crossing.frames
    frames = replace(every, themes=every.themes.join(at_risk, on="theme_id", how="semi", maintain_order="left"))
    feedback = frames.feedback.filter("meaningful").with_columns(pl.col(CROSSING).alias(CELL))
    one_way = [share_cells(frames, column, level) for column in crossing.columns]
    base, themes = _people(
        crossing, table.join(at_risk, on="theme_id", how="semi", maintain_order="left"), feedback, one_way
    )
    everything = np.ones(crossing.shape, bool)

    def more_bases(hidden: Flags) -> Flags:
        found = base.hide(hidden)
        return everything if found is None else found

    bases, unbounded = more_bases(base.hidden), set[str]()
    while True:
        before, found = bases, dict[str, Flags]()
        for theme_id, theme in themes.items():
            hidden = None if theme_id in unbounded else theme.hide(bases)
            if hidden is None:  # bases tell too much of it
                unbounded.add(theme_id)
                hidden = theme.hide(bases, base)
                hidden = everything if hidden is None else hidden
                bases = bases | hidden
            found[theme_id] = hidden
        bases = more_bases(bases)
        if (bases == before).all():
            break
    pairs = [
        crossing.where(hidden).to_frame().select(pl.lit(theme_id).alias("theme_id"), CELL)
        for theme_id, hidden in found.items()
    ]
    without_base = table.select("theme_id").unique().join(crossing.where(bases).to_frame(), how="cross")
    return pl.concat([without_base.select(*_PAIRS), *pairs]).unique(), crossing.where(bases)


def _people(
    crossing: Crossing, table: pl.DataFrame, feedback: pl.DataFrame, one_way: Sequence[pl.DataFrame]
) -> tuple[_Theme, dict[str, _Theme]]:
    """Return who wrote in each cell, and by theme who mentions it."""
    frames = crossing.frames
    pairs = (
        frames.mentions.select("theme_id", "feedback_id")
        .unique()
        .join(table.select("theme_id").unique(), on="theme_id", how="semi")
        .join(feedback.select("feedback_id", "person_id", CELL), on="feedback_id", how="inner")
    )
    everybody = crossing.side(feedback)
    people, minimum = everybody.people, frames.privacy_minimum
    wrote = crossing.cells.select(CELL, pl.Series("people", people.ravel()))
    counts = (
        table.select("theme_id", CELL)
        .join(people_who_say(pairs, feedback, CELL), on=["theme_id", CELL], how="left")
        .join(wrote, on=CELL)
        .with_columns(pl.col("said", "only").fill_null(0))
        .with_columns((pl.col("people") - pl.col("only")).alias("unsaid"))
    )
    few = {side: counts.filter(pl.col(side).is_between(1, minimum - 1)) for side in ("said", "unsaid")}
    keys = ["theme_id", CELL]
    who = {
        "said": pairs.join(few["said"], on=keys, how="semi"),
        "unsaid": few["unsaid"]
        .join(feedback.select("feedback_id", "person_id", CELL), on=CELL)
        .join(pairs, on=["theme_id", "feedback_id"], how="anti"),
    }

    def margins(hidden: pl.Expr) -> tuple[Counts, Counts]:
        rows, columns = (set(found.filter(hidden)[CELL].to_list()) for found in one_way)
        return crossing.margins(0, rows), crossing.margins(1, columns)

    def of_theme(rows: pl.DataFrame, theme_id: str) -> _Theme:
        mine = pl.col("theme_id") == theme_id
        found = counts.filter(mine)
        said, unsaid = (crossing.matrix(found, side) for side in ("said", "unsaid"))
        return _Theme(
            (crossing.side(who["said"].filter(mine), said), crossing.side(who["unsaid"].filter(mine), unsaid)),
            crossing.matrix(rows, "suppressed") > 0,
            *margins(mine & pl.col("suppressed")),
            cost=people,
            minimum=minimum,
        )

    no_base = table.group_by(CELL).agg(pl.col("base").is_null().any().alias("hidden"))
    base = _Theme(
        (everybody,),
        crossing.matrix(no_base, "hidden") > 0,
        *margins(pl.col("base").is_null()),
        cost=people,
        minimum=minimum,
    )
    by_theme = table.partition_by("theme_id", as_dict=True, maintain_order=True)
    return base, {str(theme_id): of_theme(rows, str(theme_id)) for (theme_id,), rows in by_theme.items()}
