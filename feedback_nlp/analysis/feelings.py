"""Which emotions people express and what they want: in the whole view, or of one theme."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from feedback_nlp.analysis import privacy
from feedback_nlp.analysis.frames import AnalysisFrames, theme_label
from feedback_nlp.analysis.themes import share_columns
from feedback_nlp.analysis.weighting import BASE_SQUARES, BASE_WEIGHT, SAID_WEIGHT, WEIGHT, scaled, totals
from feedback_nlp.errors import UsageError, did_you_mean
from feedback_nlp.records import EMOTIONS, INTENTS

NONE = "none"  # looked for, and not found
EMOTION, INTENT = "emotion", "intent"
# By kind: the column of statements and feedback that holds them, and all that can be asked for.
NAMES: dict[str, tuple[str, tuple[str, ...]]] = {
    EMOTION: ("emotions", (*EMOTIONS, NONE)),
    INTENT: ("intents", INTENTS),
}
_FIGURES = ("n_feedback", "n_people", "share", "share_low", "share_high")


def feelings(frames: AnalysisFrames, *, theme_id: str | None = None) -> pl.DataFrame:
    """Return one row an emotion and one an intent, the commonest of each kind first.

    Columns: kind ("emotion" or "intent"), name ("none" for answers in which no emotion was found), n_feedback,
    n_people, base (meaningful answers that were looked at), share with share_low and share_high (Wilson, 0..1),
    suppressed. An answer expresses what any of its statements does; with ``theme_id`` only the statements that mention
    the theme count, and the base are the answers that do. Several can be expressed at once, so that shares need not
    add up to 1. A kind that the scorer does not look for has no rows. Figures are null where the people behind them,
    or those behind the other answers, are too few, and where those could be found by subtraction; all of them for a
    withheld theme. Raises :class:`~feedback_nlp.errors.UsageError` for an unknown theme.
    """
    if theme_id is not None:
        theme_label(frames, theme_id)
    said = frames.statements if theme_id is None else frames.mentions.filter(pl.col("theme_id") == theme_id)
    answers = frames.feedback.filter("meaningful").select("feedback_id", "person_id", WEIGHT)
    said = said.select("feedback_id", *(column for column, _ in NAMES.values())).join(answers, on="feedback_id")
    withheld = theme_id is not None and theme_id in frames.withheld
    return pl.concat([_of_kind(kind, said, frames.privacy_minimum, withheld) for kind in NAMES])


def require_name(kind: str, name: str) -> None:
    """Raise :class:`~feedback_nlp.errors.UsageError` for a name that no emotion, or no intent, has."""
    known: Sequence[str] = NAMES[kind][1]
    if name not in known:
        raise UsageError(f"There is no {kind} {name!r}.{did_you_mean(name, known)}")


def expressing(statements: pl.DataFrame, kind: str, name: str) -> pl.DataFrame:
    """Return the feedback_id, each once, of these statements that express an emotion or intent.

    "none" are those of which statements were looked at for emotions, and none was found in any.
    """
    column = NAMES[kind][0]
    looked_at = statements.filter(pl.col(column).is_not_null())
    if name != NONE:
        return looked_at.filter(pl.col(column).list.contains(name)).select("feedback_id").unique()
    some = looked_at.filter(pl.col(column).list.len() > 0)
    return looked_at.select("feedback_id").unique().join(some, on="feedback_id", how="anti")


def _of_kind(kind: str, said: pl.DataFrame, minimum: int, withheld: bool) -> pl.DataFrame:
    column, names = NAMES[kind]
    looked_at = said.filter(pl.col(column).is_not_null())
    answers = scaled(looked_at.select("feedback_id", "person_id", WEIGHT).unique())
    base = totals(answers)
    wrote = answers.group_by("person_id").agg(pl.len().alias("wrote"))
    everybody = wrote.height
    rows = []
    for name in names:
        found = answers.join(expressing(looked_at, kind, name), on="feedback_id", how="semi")
        by_person = found.group_by("person_id").agg(pl.len().alias("said")).join(wrote, on="person_id")
        only = by_person.filter(pl.col("said") == pl.col("wrote")).height  # all they wrote expresses it
        people = (everybody - only, everybody)
        rows.append((kind, name, found.height, by_person.height, answers.height, *people, totals(found)[0], *base))
    counts = ("n_feedback", "n_people", "base", "others", "all_people")
    schema: dict[str, type[pl.DataType]] = {"kind": pl.String, "name": pl.String, **dict.fromkeys(counts, pl.Int64)}
    schema |= dict.fromkeys((SAID_WEIGHT, BASE_WEIGHT, BASE_SQUARES), pl.Float64)
    table = pl.DataFrame(rows if everybody else [], schema=schema, orient="row")
    table = table.with_columns(share_columns("n_feedback", "base", weighted=True), pl.col("n_people").alias("people"))
    table = privacy.suppress_split(table, "people", "others", minimum, blank=_FIGURES, flag="few")
    table = privacy.suppress_small(table, "people", minimum, blank=_FIGURES, hidden="few", distinct="all_people")
    table = privacy.withhold_all(table, withheld or everybody < minimum, blank=(*_FIGURES, "base"))
    return table.sort(pl.col("n_feedback").fill_null(-1), "name", descending=[True, False]).select(
        "kind", "name", "n_feedback", "n_people", "base", "share", "share_low", "share_high", privacy.SUPPRESSED
    )
