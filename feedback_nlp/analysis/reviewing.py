"""Statements whose tag is near a boundary, for a person to judge."""

from __future__ import annotations

import polars as pl

from feedback_nlp.analysis.frames import AnalysisFrames
from feedback_nlp.analysis.privacy import UNTHEMED


def statements_to_review(frames: AnalysisFrames) -> pl.DataFrame:
    """Return the statements of the view that a person should look at, the closest calls first.

    Columns are those of ``frames.statements``, with theme_ids: those that it mentions now, sub-themes before themes.
    Left out are statements of feedback that mentions a withheld theme, or none where that is withheld, and all of a
    view of fewer people than the privacy minimum.
    """
    found = frames.statements.filter(pl.col("review").is_not_null())
    if frames.feedback["person_id"].n_unique() < frames.privacy_minimum:
        found = found.clear()
    hidden = frames.mentions.filter(pl.col("theme_id").is_in(list(frames.withheld))).select("feedback_id")
    found = found.join(hidden, on="feedback_id", how="anti")
    if UNTHEMED in frames.withheld:
        found = found.join(frames.mentions.select("feedback_id"), on="feedback_id", how="semi")
    levels = frames.themes.select("theme_id", "level")
    mentions = (
        frames.mentions.join(found.select("statement_id"), on="statement_id", how="semi")
        .join(levels, on="theme_id", how="inner")
        .sort(["level", "confidence", "theme_id"], descending=[True, True, False])
        .group_by("statement_id", maintain_order=True)
        .agg(pl.col("theme_id").alias("theme_ids"))
    )
    return (
        found.join(mentions, on="statement_id", how="left")
        .with_columns(pl.col("theme_ids").fill_null([]))
        .sort("margin", "statement_id", nulls_last=True)
    )
