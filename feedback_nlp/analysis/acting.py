"""Who waits for an answer: statements that ask, warn or want something, newest first, so that somebody replies."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from feedback_nlp.analysis.feelings import INTENT, require_name
from feedback_nlp.analysis.frames import AnalysisFrames, theme_label


@dataclass(frozen=True, slots=True, eq=False)
class ToActOn:
    """``total`` statements with an intent, of which ``items`` is one page. ``suppressed``: too few people; total is 0.

    ``items`` has statement_id, feedback_id, person_id, created_at, language, question, text (of the statement,
    redacted), probability (0..1, of the intent), theme_ids and theme_labels (aligned lists, without themes that the
    privacy minimum withholds), sentiment (-1..1) and sentiment_label.
    """

    total: int
    suppressed: bool
    items: pl.DataFrame


def to_act_on(
    frames: AnalysisFrames, *, intent: str = "urgent", theme_id: str | None = None, limit: int = 50, offset: int = 0
) -> ToActOn:
    """Return the statements of the view that have an intent (of ``records.INTENTS``), newest first, undated ones last.

    ``theme_id`` keeps what mentions the theme. The privacy minimum is held as in
    :func:`~feedback_nlp.analysis.verbatims.find_verbatims`: against the people behind the view, and nothing is listed
    of a theme that the view withholds. Raises :class:`~feedback_nlp.errors.UsageError` for an unknown intent or theme.
    """
    require_name(INTENT, intent)
    if theme_id is not None:
        theme_label(frames, theme_id)
    found = _with_intent(frames, intent)
    if theme_id is not None:
        of_theme = frames.mentions.filter(pl.col("theme_id") == theme_id)
        found = found.join(of_theme, on="statement_id", how="semi", maintain_order="left")
    small = frames.feedback["person_id"].n_unique() < frames.privacy_minimum and not found.is_empty()
    if small or theme_id in frames.withheld:
        return ToActOn(0, True, _page(frames, found.clear()))
    return ToActOn(found.height, False, _page(frames, found.slice(offset, limit)))


def _with_intent(frames: AnalysisFrames, intent: str) -> pl.DataFrame:
    feedback = frames.feedback.filter("meaningful").select("feedback_id", "person_id", "created_at", "question")
    place = pl.col("intents").list.eval(pl.element() == intent).list.arg_max()
    return (
        frames.statements.filter(pl.col("intents").list.contains(intent))
        .with_columns(pl.col("intent_confidence").list.get(place).alias("probability"))
        .join(feedback, on="feedback_id", how="inner")
        .sort(
            ["created_at", "feedback_id", "start", "statement_id"],
            descending=[True, False, False, False],
            nulls_last=True,
        )
    )


def _page(frames: AnalysisFrames, found: pl.DataFrame) -> pl.DataFrame:
    """Return the statements with the themes that may be named, sub-themes after their themes."""
    shown = frames.themes.filter(~pl.col("theme_id").is_in(list(frames.withheld))).select("theme_id", "label", "level")
    themes = (
        frames.mentions.join(found, on="statement_id", how="semi")
        .join(shown, on="theme_id", how="inner")
        .sort("statement_id", "level", "theme_id")
        .group_by("statement_id", maintain_order=True)
        .agg(pl.col("theme_id").alias("theme_ids"), pl.col("label").alias("theme_labels"))
    )
    return (
        found.join(themes, on="statement_id", how="left", maintain_order="left")
        .with_columns(pl.col("theme_ids", "theme_labels").fill_null([]))
        .select(
            *("statement_id", "feedback_id", "person_id", "created_at", "language", "question", "text", "probability"),
            *("theme_ids", "theme_labels", "sentiment", "sentiment_label"),
        )
    )
