"""Closing the loop: the unhappy customers who asked to be called back, and what became of the call.

Nothing here is a figure about a group: it is a list of people who asked to be spoken to, for those who speak to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import polars as pl

from feedback_nlp.analysis.frames import AnalysisFrames, segment_column
from feedback_nlp.errors import NothingToShow
from feedback_nlp.records import Call

# How columns that ask "may we call you?" are named, and how such a question is answered, in our six languages.
_ASKED = (
    *("call.?back", "call.?me", "contact.?me", "may.?we.?(call|contact)", "follow.?up", "re-?contact", "be.?contacted"),
    *("contacta", r"suna[tț]", "перезвон", "связаться", r"обратн\w* связ", "ricontatt", "richiam", "contattat"),
    *("معاودة", "الاتصال", "التواصل", "kontakt", "oddzwon"),
)
_YES = ("yes", "y", "true", "1", "ok", "sure", "da", "tak", "si", "sì", "да", "نعم", "أجل")
DAYS_DUE = 2  # after the answer (field practice: within 48 hours)
_COLUMNS = (
    *("feedback_id", "external_id", "customer_id", "created_at", "language", "score", "text", "theme_labels"),
    *("is_urgent", "owner", "due", "state"),
)


def asking_column(frames: AnalysisFrames, column: str | None = None) -> str:
    """Return the segment that says who asked to be called back: ``column``, or the one whose name says so.

    Raises UsageError when there is no such segment, NothingToShow when none is named so.
    """
    if column is not None:
        segment_column(frames, column)
        return column
    names = pl.Series(list(frames.segment_names), dtype=pl.String)
    found = names.filter(names.str.to_lowercase().str.contains("|".join(_ASKED))).to_list()
    if not found:
        raise NothingToShow(
            "No segment says who asked to be called back. Keep that column when you ingest (--segment COLUMN), and "
            "name it with --asked COLUMN."
        )
    return found[0]


def call_backs(
    frames: AnalysisFrames, *, asked: str | None = None, calls: Sequence[Call] = (), everybody: bool = False
) -> pl.DataFrame:
    """Return the detractors who asked to be called back, most urgent first, then lowest score, then oldest.

    Columns: feedback_id, external_id, customer_id, created_at, language, score (NPS, null without), text (redacted),
    theme_labels (list), is_urgent, owner ("" while nobody has it), due (ISO date: two days after the answer unless a
    person set it; null without a date) and state (of ``records.CALL_STATES``, "open" at first). ``everybody`` keeps
    passives and promoters too; without an NPS the unhappy are those whose text is negative. ``asked`` is the segment
    that says who asked (default: :func:`asking_column`).
    """
    column = segment_column(frames, asking_column(frames, asked))
    nps = [row["name"] for row in frames.scales.iter_rows(named=True) if row["kind"] == "nps"]
    score = (
        pl.col(f"score.{nps[0]}") if nps and f"score.{nps[0]}" in frames.feedback.columns else pl.lit(None, pl.Float64)
    )
    unhappy = (
        pl.when(score.is_not_null())
        .then(pl.col("nps_segment") == "detractor")
        .otherwise(pl.col("sentiment_label").is_in(["negative", "mixed"]))
    )
    said_yes = pl.col(column).str.strip_chars().str.to_lowercase().is_in(_YES).fill_null(False)
    people = frames.feedback.filter(said_yes & (pl.lit(True) if everybody else unhappy.fill_null(False)))
    labels = frames.themes.select("theme_id", "label", "level")
    shown = (pl.col("level") == 1) & ~pl.col("theme_id").is_in(list(frames.withheld))
    themes = (
        frames.mentions.join(labels.filter(shown), on="theme_id")
        .group_by("feedback_id")
        .agg(pl.col("label").unique().sort().alias("theme_labels"))
    )
    urgent = pl.col("intents").list.contains("urgent") if "intents" in people.columns else pl.lit(False)
    known = pl.DataFrame(
        [(call.feedback_id, call.owner, call.due, call.state) for call in calls],
        schema={"feedback_id": pl.String, "owner": pl.String, "set_due": pl.String, "set_state": pl.String},
        orient="row",
    )
    due = (pl.col("created_at") + timedelta(days=DAYS_DUE)).dt.strftime("%Y-%m-%d")
    return (
        people.with_columns(score.alias("score"), urgent.fill_null(False).alias("is_urgent"))
        .join(themes, on="feedback_id", how="left")
        .join(known, on="feedback_id", how="left")
        .with_columns(
            pl.col("theme_labels").fill_null([]),
            pl.col("owner").fill_null(""),
            pl.coalesce("set_due", due).alias("due"),
            pl.col("set_state").fill_null("open").alias("state"),
        )
        .sort(
            ["is_urgent", "score", "created_at", "feedback_id"], descending=[True, False, False, False], nulls_last=True
        )
        .select(_COLUMNS)
    )
