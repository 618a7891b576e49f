"""Answers whose score says one thing and whose text another: to be looked at, not to be corrected.

A nine above an angry text can be a slip on a scale read the wrong way round, a customer who likes the company and not
what happened last, irony that the scorer missed, or an answer to a question that asks for faults.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from feedback_nlp.analysis.frames import OUTCOME_ORDER, AnalysisFrames
from feedback_nlp.analysis.outcomes import Outcome, choose_outcome, oriented
from feedback_nlp.errors import UsageError
from feedback_nlp.language.questions import question_polarity
from feedback_nlp.records import FACT_KINDS

CONFIDENT = 0.8  # least probability of the label of a statement that shows how the text is meant
STRONG = 0.5  # and its least distance from 0
_NPS_TOP, _NPS_BOTTOM = 9, 6
HOW_TO_READ = (
    "Score at the top of its scale (NPS 9-10, else the top boxes) with a text that is surely negative, or at the "
    "bottom (NPS 0-6, else the bottom boxes) with one that is surely positive: at least one statement with a "
    "probability of 80 % or more and nothing clear to the contrary. Left out: answers that say nothing, mixed ones, "
    "and those to a question that asks for that side. The gap, 0 to 1, is half the distance between the "
    "score's rank among all responses in view and the text's polarity, both from -1 to 1. To be looked at, not errors."
)


@dataclass(frozen=True, slots=True, eq=False)
class Disagreements:
    """A review list of ``total`` answers, of which ``items`` is one page, the widest gap first.

    ``items`` has feedback_id, person_id, score_name, score_value (as given), sentiment (-1..1), sentiment_label, gap
    (0..1) and reason. ``base`` counts the answers that were compared: with a score, a text that is not mixed, and a
    question that does not ask for that side. ``suppressed``: too few people are behind it; then base and total are 0.
    """

    total: int
    base: int
    suppressed: bool
    items: pl.DataFrame
    how_to_read: str = HOW_TO_READ


def disagreements(
    frames: AnalysisFrames, *, score: str | None = None, limit: int = 100, offset: int = 0
) -> Disagreements:
    """Return the answers of the view whose text contradicts their score, see :data:`HOW_TO_READ`.

    ``score`` None looks at all scores whose direction is known; an answer that contradicts several is listed once,
    with the one it is farthest from. The rank of a score is its ridit (Bross 1958): the share of responses below it
    and half of those equal to it, so that it means the same on every scale, however it is used. It lists answers, so
    that survey weights are left out. The privacy minimum is held against the people compared. Raises
    :class:`~feedback_nlp.errors.UsageError` for an unknown score.
    """
    names = _scores(frames) if score is None else (score,)
    facts = frames.scales.filter(pl.col("kind").is_in(FACT_KINDS))["name"].to_list()
    if score in facts:
        raise UsageError(f"{score!r} tells what happened, not what somebody thinks: no text can contradict it.")
    answers = _answers(frames)
    compared = [_compared(answers, choose_outcome(frames, name), _ranks(frames, name)) for name in names]
    table = pl.concat([_nothing(), *compared])
    people = frames.feedback["person_id"].n_unique(), table["person_id"].n_unique()
    if not table.is_empty() and min(people) < frames.privacy_minimum:
        return Disagreements(0, 0, True, _nothing().drop("is_contrary"))
    found = (
        table.filter("is_contrary")
        .sort(["gap", "feedback_id", "score_name"], descending=[True, False, False])
        .unique("feedback_id", keep="first", maintain_order=True)
        .drop("is_contrary")
    )
    return Disagreements(found.height, table["feedback_id"].n_unique(), False, found.slice(offset, limit))


def _scores(frames: AnalysisFrames) -> tuple[str, ...]:
    known = frames.scales.filter(pl.col("kind").is_in(OUTCOME_ORDER))["name"]
    return tuple(name for name in frames.score_names if name in set(known))


def _answers(frames: AnalysisFrames) -> pl.DataFrame:
    """Return the answers that feel one way or none, with whether they surely do, and what their question asks for."""
    sure = (pl.col("sentiment_confidence") >= CONFIDENT) & (pl.col("sentiment").abs() >= STRONG)
    surely = (
        frames.statements.filter(sure)
        .select("feedback_id", "sentiment_label", pl.lit(True).alias("is_sure"))
        .unique(["feedback_id", "sentiment_label"])
    )
    asked = {question: question_polarity(question) for question in frames.feedback["question"].unique()}
    return (
        frames.feedback.filter(
            pl.col("meaningful") & pl.col("sentiment_label").is_in(["negative", "neutral", "positive"])
        )
        .join(surely, on=["feedback_id", "sentiment_label"], how="left", maintain_order="left")
        .with_columns(
            pl.col("is_sure").fill_null(False),
            pl.col("question").replace_strict(asked, return_dtype=pl.String, default=None).alias("asked"),
        )
    )


def _ranks(frames: AnalysisFrames, name: str) -> pl.DataFrame:
    """Return each value of a score with its ridit over the responses of the view, drawn out to -1..1."""
    outcome = choose_outcome(frames, name)
    responses = frames.feedback.sort("response_id", "feedback_id").group_by("response_id", maintain_order=True)
    values = responses.agg(oriented(outcome).drop_nulls().first().alias("oriented")).drop_nulls("oriented")
    counts = values.group_by("oriented").agg(pl.len().alias("n")).sort("oriented")
    below = pl.col("n").cum_sum() - pl.col("n") / 2
    return counts.select("oriented", (2 * below / max(values.height, 1) - 1).alias("rank"))


def _compared(answers: pl.DataFrame, outcome: Outcome, ranks: pl.DataFrame) -> pl.DataFrame:
    """Return the answers that have the score in the columns of :func:`_nothing`."""
    low, high, _ = outcome.scale
    is_nps = outcome.kind == "nps"
    top = pl.col("oriented") >= (_NPS_TOP if is_nps else outcome.top_from)
    bottom = pl.col("oriented") <= (_NPS_BOTTOM if is_nps else low + high - outcome.top_from)
    label, asked = pl.col("sentiment_label"), pl.col("asked")
    told_off = top & (label == "negative") & asked.ne_missing("improve")
    praised = bottom & (label == "positive") & asked.ne_missing("praise")
    excused = (top & (label == "negative") & ~told_off) | (bottom & (label == "positive") & ~praised)
    where = pl.when(top).then(pl.lit("top")).otherwise(pl.lit("bottom"))
    reason = pl.format(
        "{} {} is at the {} of its scale, and the text is {}", pl.lit(outcome.label), "value", where, label
    )
    return (
        answers.with_columns(oriented(outcome).alias("oriented"))
        .filter(pl.col("oriented").is_not_null() & ~excused)
        .join(ranks, on="oriented", how="left", maintain_order="left")
        .with_columns(_written(pl.col(f"score.{outcome.name}")).alias("value"))
        .select(
            "feedback_id",
            "person_id",
            pl.lit(outcome.name).alias("score_name"),
            pl.col(f"score.{outcome.name}").alias("score_value"),
            "sentiment",
            "sentiment_label",
            ((pl.col("rank") - pl.col("sentiment")).abs() / 2).round(6).alias("gap"),
            reason.alias("reason"),
            (pl.col("is_sure") & (told_off | praised)).alias("is_contrary"),
        )
    )


def _written(value: pl.Expr) -> pl.Expr:
    """Return a number as people write it: 9 and not 9.0."""
    return value.cast(pl.String).str.strip_suffix(".0")


def _nothing() -> pl.DataFrame:
    names = ("feedback_id", "person_id", "score_name", "score_value", "sentiment", "sentiment_label", "gap", "reason")
    numbers = ("score_value", "sentiment", "gap")
    schema: dict[str, type[pl.DataType]] = {name: pl.Float64 if name in numbers else pl.String for name in names}
    return pl.DataFrame(schema={**schema, "is_contrary": pl.Boolean})
