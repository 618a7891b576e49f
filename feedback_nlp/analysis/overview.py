"""How much there is, of what, from whom and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from feedback_nlp.analysis import privacy
from feedback_nlp.analysis.frames import AnalysisFrames
from feedback_nlp.language.questions import Polarity, question_polarity

# A kind of non-answer for the eye: nothing is left once quotes, logs and the like are taken out.
SET_ASIDE = "set_aside"
OTHER = "other"  # kinds of too few people, taken together
NON_ANSWER_WORDS = {
    "nothing": "\u201cnothing\u201d and the like",
    "not_applicable": "\u201cn/a\u201d",
    "generic": "one generic word, such as \u201cgood\u201d",
    "number": "a bare number",
    "noise": "noise, such as \u201casdf\u201d",
    "empty": "no words, such as \u201c-\u201d",
    "nothing_to_improve": "\u201cnothing\u201d to improve",
    "nothing_good": "\u201cnothing\u201d was good",
    SET_ASIDE: "only quoted, signed or machine-written text",
    OTHER: "other kinds",
}
# "nothing" in an answer to such a question is one of these kinds
_ASKED: dict[Polarity, str] = {"improve": "nothing_to_improve", "praise": "nothing_good"}


@dataclass(frozen=True, slots=True)
class NothingSaid:
    """``n`` of the ``n_asked`` answers to questions of one sort say "nothing". Both count answers (feedback)."""

    n: int
    n_asked: int


@dataclass(frozen=True, slots=True)
class Overview:
    """Counts of a view: each of responses, people, feedback (answers) or statements, as its name says.

    Nothing here goes by survey weights: it tells what arrived.

    ``n_feedback`` is everything stored; ``n_answered`` what holds any text, were it a dash: ``n_meaningful`` and
    ``n_non_answers`` together. ``non_answers`` has kind (of ``records.NON_ANSWER_KINDS``, :data:`SET_ASIDE` or
    :data:`OTHER`) and n, largest first, the others last. ``nothing_to_improve`` is praise: asked what to improve,
    they name nothing; ``nothing_good`` is the reverse. Duplicates are feedback that says the same, or nearly, as
    another one does. ``coverage`` is the share (0..1) of statements with at least one theme, 0 without any.
    ``languages`` has language, n (meaningful feedback) and share, largest first.

    The privacy minimum: a count of fewer people, or one from which theirs could be subtracted, is None or, in a
    table, left out. ``n_answered`` is None with ``n_non_answers``, since ``n_meaningful`` is the base of every share.
    """

    n_responses: int
    n_people: int
    n_feedback: int
    n_answered: int | None
    n_meaningful: int
    n_non_answers: int | None
    non_answers: pl.DataFrame
    nothing_to_improve: NothingSaid | None
    nothing_good: NothingSaid | None
    n_exact_duplicates: int | None
    n_near_duplicates: int | None
    n_statements: int
    n_themed_statements: int
    coverage: float
    first_date: datetime | None
    last_date: datetime | None
    languages: pl.DataFrame

    @property
    def meaningful_share(self) -> float | None:
        """Share (0..1) of answers that say something; None when the answers that do not are withheld."""
        return None if self.n_answered is None else self.n_meaningful / self.n_answered if self.n_answered else 0.0


def overview(frames: AnalysisFrames) -> Overview:
    """Return the counts of the view."""
    feedback = frames.feedback
    meaningful = feedback.filter("meaningful")
    n_statements = frames.statements.height
    n_themed = frames.mentions["statement_id"].n_unique()
    answered = feedback.filter(pl.col("text").str.strip_chars() != "")
    silent = answered.filter(~pl.col("meaningful")).with_columns(
        pl.col("non_answer").fill_null(SET_ASIDE).alias("kind")
    )
    withheld = _few(silent, frames.privacy_minimum)
    kinds = _kinds(silent, 0 if withheld else frames.privacy_minimum)
    return Overview(
        n_responses=feedback["response_id"].n_unique(),
        n_people=feedback["person_id"].n_unique(),
        n_feedback=feedback.height,
        n_answered=None if withheld else answered.height,
        n_meaningful=meaningful.height,
        n_non_answers=None if withheld else silent.height,
        non_answers=kinds.clear() if withheld else kinds,
        nothing_to_improve=_nothing_said(answered, "improve", kinds, frames.privacy_minimum),
        nothing_good=_nothing_said(answered, "praise", kinds, frames.privacy_minimum),
        n_exact_duplicates=_repeats(feedback, near=False, minimum=frames.privacy_minimum),
        n_near_duplicates=_repeats(feedback, near=True, minimum=frames.privacy_minimum),
        n_statements=n_statements,
        n_themed_statements=n_themed,
        coverage=n_themed / n_statements if n_statements else 0.0,
        first_date=feedback["created_at"].min(),  # type: ignore[arg-type]
        last_date=feedback["created_at"].max(),  # type: ignore[arg-type]
        languages=_languages(meaningful, frames.privacy_minimum),
    )


def _few(feedback: pl.DataFrame, minimum: int) -> bool:
    return 0 < feedback["person_id"].n_unique() < minimum


def _counted(feedback: pl.DataFrame, column: str) -> pl.DataFrame:
    """One row a value of ``column``: n, people, and the people of all of them together, largest first."""
    return (
        feedback.group_by(column)
        .agg(pl.len().cast(pl.Int64).alias("n"), pl.col("person_id").n_unique().alias("people"))
        .with_columns(pl.lit(feedback["person_id"].n_unique(), dtype=pl.Int64).alias("all_people"))
        .sort(["n", column], descending=[True, False])
    )


def _languages(meaningful: pl.DataFrame, minimum: int) -> pl.DataFrame:
    languages = _counted(meaningful, "language").with_columns((pl.col("n") / max(meaningful.height, 1)).alias("share"))
    shown = privacy.suppress_small(languages, "people", minimum, distinct="all_people")
    return shown.select("language", "n", "share")


def _kinds(silent: pl.DataFrame, minimum: int) -> pl.DataFrame:
    """The kinds that may be shown, and the rest as one: the total is known, so the rest is, too."""
    shown = privacy.suppress_small(_counted(silent, "kind"), "people", minimum, distinct="all_people")
    rest = silent.height - int(shown["n"].sum())
    others = pl.DataFrame({"kind": [OTHER], "n": [rest]}, schema={"kind": pl.String, "n": pl.Int64})
    return pl.concat([shown.select("kind", "n"), others.filter(pl.col("n") > 0)])


def _nothing_said(answered: pl.DataFrame, polarity: Polarity, shown: pl.DataFrame, minimum: int) -> NothingSaid | None:
    """How many of those asked say "nothing"; None when nobody was asked, or either half is of too few people."""
    kind = _ASKED[polarity]
    nothing = answered.filter(pl.col("non_answer") == kind)
    asking = {question for question in answered["question"].unique() if question_polarity(question) == polarity}
    asked = answered.filter(pl.col("question").is_in(list(asking | set(nothing["question"]))))
    others = asked.filter(pl.col("non_answer").ne_missing(kind))
    hidden = not nothing.is_empty() and kind not in shown["kind"]
    if asked.is_empty() or hidden or _few(nothing, minimum) or _few(others, minimum):
        return None
    return NothingSaid(nothing.height, asked.height)


def _repeats(feedback: pl.DataFrame, *, near: bool, minimum: int) -> int | None:
    is_near = pl.col("duplicate_kind").eq_missing("near")
    found = feedback.filter(pl.col("duplicate_of").is_not_null() & (is_near if near else ~is_near))
    return None if _few(found, minimum) else found.height
