"""Numbers in place of ids, so that a million mentions are joined and counted as whole numbers, not as words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from feedback_nlp.analysis.frames import AnalysisFrames

# What no driver reads, so that a view on the frames need not copy it.
_UNREAD = ("external_id", "customer_id", "text", "said", "non_answer", "asides", "emotions", "intents", "statement_id")


def numbered(frames: AnalysisFrames, *, statements: bool = False) -> AnalysisFrames:
    """Return the frames with feedback_id, response_id and person_id as UInt32, numbered from 0 in the order of the ids.

    Feedback is sorted by id. Columns that no driver reads are left out, and so are statements unless asked for: only a
    view by facet needs them. Theme ids stay as they are.
    """
    feedback = frames.feedback.select(pl.exclude(*_UNREAD)).sort("feedback_id")
    numbers = feedback.select("feedback_id", pl.int_range(pl.len(), dtype=pl.UInt32).alias("number"))
    # A response of one answer is often called as its answer is: then there is nothing to rank.
    alike = feedback["response_id"].equals(feedback["feedback_id"])
    response = numbers["number"] if alike else _ranks(feedback["response_id"])
    return replace(
        frames,
        feedback=feedback.with_columns(
            numbers["number"].alias("feedback_id"),
            response.alias("response_id"),
            _ranks(feedback["person_id"]).alias("person_id"),
        ),
        statements=_renamed(
            (frames.statements if statements else frames.statements.clear()).select("feedback_id", "facets"), numbers
        ),
        mentions=_renamed(frames.mentions.select(pl.exclude(*_UNREAD)), numbers),
    )


def _ranks(ids: pl.Series) -> pl.Series:
    return ids.rank("dense").cast(pl.UInt32) - 1


def _renamed(rows: pl.DataFrame, numbers: pl.DataFrame) -> pl.DataFrame:
    found = rows.select("feedback_id").join(numbers, on="feedback_id", how="left", maintain_order="left")
    return rows.with_columns(found["number"].alias("feedback_id")).drop_nulls("feedback_id")


def numbers_among(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct numbers among ``ids``, ascending, and of each id its place among them.

    On millions of ids many times as fast as ``np.unique``.
    """
    found = np.zeros(int(ids.max(initial=0)) + 1, bool)
    found[ids] = True
    return np.flatnonzero(found), (np.cumsum(found) - 1)[ids]


def starts(values: np.ndarray) -> np.ndarray:
    """Return where in sorted ``values`` (n,) another value begins, (n,) bool."""
    return np.concatenate([np.ones(min(len(values), 1), bool), values[1:] != values[:-1]])
