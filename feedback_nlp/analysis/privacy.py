"""The one place where the minimum number of people is enforced.

Three rules, after the usual practice of statistical disclosure control:

* a group of fewer people than the minimum is not shown;
* when hidden groups could be found by subtracting the shown ones from a total, further groups are hidden, smallest
  first, until at least two groups and at least the minimum of people are hidden together;
* a split in two (with and without a theme) hides both halves when either is small.

A share is a figure about its base (everybody in the month or segment); a score or a sentiment of those who mention
something is a figure about them. Each is held to the people whom it is about.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from feedback_nlp.errors import NothingToShow

if TYPE_CHECKING:
    from feedback_nlp.analysis.frames import AnalysisFrames

SUPPRESSED = "suppressed"


def suppress_small(
    df: pl.DataFrame,
    people_column: str,
    minimum: int,
    group_columns: Sequence[str] | None = (),
    *,
    blank: Sequence[str] | None = None,
    flag: str = SUPPRESSED,
    hidden: str | None = None,
) -> pl.DataFrame:
    """Hide the rows of ``df`` that stand for fewer than ``minimum`` people, and those that would give them away.

    ``people_column`` counts distinct people a row. Rows that agree on ``group_columns`` are the parts of one known
    total (``()``: all rows are parts of one total); None means that rows overlap and cannot be subtracted.
    With ``blank``, those columns become null and the row stays; without, the row is dropped. ``flag`` (Bool) says
    which rows were hidden. ``hidden`` names a Bool column of rows that an earlier rule hid, so that they count here.
    A row of 0 people holds nobody's figures and is left as it is. Row order is kept.
    """
    people = pl.col(people_column).fill_null(0)
    small = (people > 0) & (people < minimum)
    if hidden is not None:
        small = small | ((people > 0) & pl.col(hidden))
    if group_columns is None:
        marked = df.with_columns(small.alias(flag))
    else:
        order = "__order__"
        keys = [pl.col(c) for c in group_columns] or [pl.lit(0)]
        hidden_before = pl.int_range(pl.len()).over(keys)
        people_before = (people.cum_sum() - people).over(keys)
        enough = (hidden_before >= 2) & (people_before >= minimum)
        marked = (
            df.with_row_index(order)
            .with_columns(small.alias(flag), (people == 0).alias("__empty__"))
            .sort("__empty__", pl.col(flag).not_(), people_column, order)
            .with_columns(pl.col(flag) | (pl.col(flag).any().over(keys) & ~enough & (people > 0)))
            .sort(order)
            .drop(order, "__empty__")
        )
    if blank is None:
        return marked.filter(~pl.col(flag))
    return marked.with_columns(pl.when(pl.col(flag)).then(None).otherwise(pl.col(c)).alias(c) for c in blank)


def suppress_split(
    df: pl.DataFrame,
    with_column: str,
    without_column: str,
    minimum: int,
    *,
    blank: Sequence[str],
    flag: str = SUPPRESSED,
) -> pl.DataFrame:
    """Null the ``blank`` columns where either half of a split in two holds 1 to ``minimum - 1`` people.

    ``flag`` (Bool) says where; rows that it marks already stay marked.
    """
    small = pl.col(flag) if flag in df.columns else pl.lit(False)
    for column in (with_column, without_column):
        people = pl.col(column).fill_null(0)
        small = small | ((people > 0) & (people < minimum))
    marked = df.with_columns(small.alias(flag))
    return marked.with_columns(pl.when(pl.col(flag)).then(None).otherwise(pl.col(c)).alias(c) for c in blank)


def require_enough(frames: AnalysisFrames) -> None:
    """Raise :class:`NothingToShow` when the view holds nobody, or fewer people than the minimum."""
    if frames.feedback.is_empty():
        raise NothingToShow("The view holds no feedback. Widen it: fewer filters, or a longer period.")
    people = frames.feedback["person_id"].n_unique()
    if people < frames.privacy_minimum:
        raise NothingToShow(
            f"The view holds feedback of fewer than {frames.privacy_minimum} people, the minimum (privacy_minimum) "
            "for showing figures. Widen it: fewer filters, or a longer period."
        )


def require_enough_left_out(people: int, minimum: int, facet: str) -> None:
    """Raise :class:`NothingToShow` when a filter leaves out so few people that subtracting would show them."""
    if 0 < people < minimum:
        raise NothingToShow(
            f"The filter by {facet} leaves out fewer than {minimum} people, the minimum (privacy_minimum): subtracting "
            "the view from everything would show them. Keep them in, or leave out more."
        )
