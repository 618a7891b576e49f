"""The one place where the minimum number of people is enforced.

After the usual practice of statistical disclosure control:

* a group of fewer people than the minimum is not shown: neither those who mention a theme somewhere, nor those who do
  not (what a base leaves when the mentions are taken away);
* when hidden groups could be found by subtracting the shown ones from a total, further groups are hidden, smallest
  first, until at least two groups and at least the minimum of people are hidden together;
* a split in two (with and without a theme) hides both halves when either is small;
* a theme is hidden in a view when the filters leave out so few of those who mention it that subtracting the view from
  everything would show them, and a sub-theme when so few say its theme but not the sub-theme.

How a group that is shown divides (its scores, its sentiment) is a figure about that group.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import polars as pl

from feedback_nlp.errors import NothingToShow

if TYPE_CHECKING:
    from feedback_nlp.analysis.frames import AnalysisFrames

SUPPRESSED = "suppressed"
UNTHEMED = "unthemed"  # stands for a theme id: feedback that mentions none


def suppress_small(
    df: pl.DataFrame,
    people_column: str,
    minimum: int,
    group_columns: Sequence[str] | None = (),
    *,
    blank: Sequence[str] | None = None,
    flag: str = SUPPRESSED,
    hidden: str | None = None,
    distinct: str | None = None,
) -> pl.DataFrame:
    """Hide the rows of ``df`` that stand for fewer than ``minimum`` people, and those that would give them away.

    ``people_column`` counts distinct people a row. Rows that agree on ``group_columns`` are the parts of one known
    total (``()``: all rows are parts of one total); None means that rows overlap and cannot be subtracted.
    With ``blank``, those columns become null and the row stays; without, the row is dropped. ``flag`` (Bool) says
    which rows were hidden. ``hidden`` names a Bool column of rows that an earlier rule hid, so that they count here.
    ``distinct`` names a column with the distinct people of each total, where one person can be in several rows: then
    hidden rows count for no more people than they surely hold.
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
        if distinct is not None:
            repeated = (people.sum() - pl.col(distinct).max()).over(keys)
            largest = people.cum_max().shift(1, fill_value=0).over(keys)
            people_before = pl.max_horizontal(people_before - repeated, largest)
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


def suppress_mentions(
    df: pl.DataFrame, minimum: int, group_columns: Sequence[str] = (), *, blank: Sequence[str]
) -> pl.DataFrame:
    """Null the ``blank`` columns of cells (a theme in a segment or month) that would show a small group.

    ``df`` has people_said and people_unsaid (distinct people of the cell whose feedback mentions the theme, and whose
    feedback does not), all_said and all_unsaid (the same over the cell's whole total, that is over the rows which
    agree on ``group_columns``), and :data:`SUPPRESSED` for cells whose base is hidden. A cell that nobody mentions
    stays 0. :data:`SUPPRESSED` says in the result what is hidden.
    """
    flagged, n_hidden = df, -1
    while n_hidden != (n_hidden := int(flagged[SUPPRESSED].sum())):  # to hide for one side can bare the other
        for side in ("said", "unsaid"):
            flagged = (
                suppress_small(
                    *(flagged, f"people_{side}", minimum, group_columns),
                    blank=(),
                    flag="__more__",
                    hidden=SUPPRESSED,
                    distinct=f"all_{side}",
                )
                .with_columns(pl.col(SUPPRESSED) | pl.col("__more__"))
                .drop("__more__")
            )
    return flagged.with_columns(pl.when(SUPPRESSED).then(None).otherwise(pl.col(c)).alias(c) for c in blank)


def who_says_what(feedback: pl.DataFrame, mentions: pl.DataFrame) -> pl.DataFrame:
    """Return theme_id, feedback_id, person_id, one row each, of meaningful feedback; :data:`UNTHEMED` is a theme."""
    meaningful = feedback.filter("meaningful").select("feedback_id", "person_id")
    pairs = mentions.select("theme_id", "feedback_id").unique()
    unthemed = meaningful.join(pairs, on="feedback_id", how="anti").select(pl.lit(UNTHEMED).alias("theme_id"), pl.all())
    return pl.concat([pairs.join(meaningful, on="feedback_id", how="inner"), unthemed])


def withheld_themes(
    themes: pl.DataFrame,
    feedback: pl.DataFrame,
    said: pl.DataFrame,
    minimum: int,
    left_out: Sequence[pl.DataFrame] = (),
) -> frozenset[str]:
    """Return the ids of themes that no table, list or page may tell figures of.

    ``said`` is :func:`who_says_what` of the ``feedback`` in view; ``left_out`` is the same of what each filter of the
    view leaves out.
    """
    by_theme = {str(key[0]): rows for key, rows in said.partition_by("theme_id", as_dict=True).items()}
    people = {theme_id: rows["person_id"].n_unique() for theme_id, rows in by_theme.items()}
    base = feedback.filter("meaningful")
    everybody = base["person_id"].n_unique()

    def few_besides(whole: pl.DataFrame, n_whole: int, theme_id: str) -> bool:
        if n_whole - people[theme_id] >= minimum:
            return False
        rest = whole.join(by_theme[theme_id], on="feedback_id", how="anti")
        return 0 < rest["person_id"].n_unique() < minimum

    hidden = {t for t, n in people.items() if n < minimum or few_besides(base, everybody, t)}
    for missing in left_out:
        counts = missing.group_by("theme_id").agg(pl.col("person_id").n_unique().alias("people"))
        hidden |= set(counts.filter(_few("people", minimum))["theme_id"]) & set(people)
    parents = {t: p for t, p in themes.select("theme_id", "parent_id").iter_rows() if t in people}
    for theme_id, parent in parents.items():
        if parent in hidden or (parent in people and few_besides(by_theme[parent], people[parent], theme_id)):
            hidden.add(theme_id)
    families: dict[str | None, list[str]] = {}
    for theme_id in sorted(parents, key=lambda t: (people[t], t)):
        families.setdefault(parents[theme_id], []).append(theme_id)
    for parent, family in families.items():
        whole = by_theme[parent] if parent in by_theme else pl.concat([by_theme[t] for t in family])
        hidden |= _given_away(whole, {t: by_theme[t] for t in family}, hidden, minimum)
    return frozenset(hidden)


def withhold(df: pl.DataFrame, withheld: frozenset[str], *, blank: Sequence[str]) -> pl.DataFrame:
    """Null the ``blank`` columns of the themes in ``withheld``; :data:`SUPPRESSED` says which."""
    marked = df.with_columns(pl.col("theme_id").is_in(list(withheld)).alias(SUPPRESSED))
    return marked.with_columns(pl.when(SUPPRESSED).then(None).otherwise(pl.col(c)).alias(c) for c in blank)


def withhold_all(df: pl.DataFrame, withheld: bool, *, blank: Sequence[str]) -> pl.DataFrame:
    """Null the ``blank`` columns of the whole table of one theme where that theme is withheld."""
    if not withheld:
        return df
    return df.with_columns(pl.lit(True).alias(SUPPRESSED), *(pl.lit(None, df.schema[c]).alias(c) for c in blank))


def _given_away(
    whole: pl.DataFrame, family: Mapping[str, pl.DataFrame], hidden: set[str], minimum: int
) -> frozenset[str]:
    """Return further themes of a family, smallest first, to hide so that the whole less the shown ones shows nobody.

    Only themes that do not overlap can be subtracted one after the other.
    """
    shown = [theme_id for theme_id in family if theme_id not in hidden]
    more: set[str] = set()
    while shown:
        subtracted = pl.concat([family[theme_id].select("feedback_id") for theme_id in shown])
        if subtracted["feedback_id"].n_unique() < len(subtracted):
            break
        rest = whole.join(subtracted, on="feedback_id", how="anti")["person_id"].n_unique()
        if rest == 0 or (rest >= minimum and len(family) - len(shown) != 1):
            break
        more.add(shown.pop(0))
    return frozenset(more)


def _few(column: str, minimum: int) -> pl.Expr:
    return pl.col(column).fill_null(0).is_between(1, minimum - 1)


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
