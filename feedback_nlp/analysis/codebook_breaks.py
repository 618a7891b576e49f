"""Which codebook tagged the feedback of each period, and where another one took over.

Publishing a codebook tags the whole history anew, so that a trend is of one codebook. Where the history was left to an
older one, a theme may be said more or less often from one period to the next only because it is told in another way.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from feedback_nlp.analysis.frames import AnalysisFrames
from feedback_nlp.analysis.periods import PERIOD, all_periods, period_label, period_of

VERSIONS = "codebook_versions"
WHOLE = 0.95  # of a period's statements by one codebook: the period counts as tagged by it


def period_versions(frames: AnalysisFrames, unit: str = "month") -> pl.DataFrame:
    """Return one row a period from the first feedback to the last, none left out; no row where none has a date.

    Columns: period (its first day), codebook_versions (those that tagged its meaningful feedback, sorted; empty where
    none did), codebook_version (the one that tagged most, the newer one of two alike; null where none did) and whole
    (whether it tagged at least :data:`WHOLE` of the statements; true where none did).
    """
    if frames.feedback["created_at"].null_count() == frames.feedback.height:
        return pl.DataFrame(schema=_SCHEMA)
    dated = frames.feedback.filter("meaningful").select("feedback_id", period_of(unit)).drop_nulls(PERIOD)
    counts = (
        frames.statements.select("feedback_id", "codebook_version")
        .drop_nulls("codebook_version")
        .join(dated, on="feedback_id", how="inner")
        .group_by(PERIOD, "codebook_version")
        .agg(pl.len().alias("n"))
        .sort(PERIOD, "n", "codebook_version")
        .group_by(PERIOD, maintain_order=True)
        .agg(
            pl.col("codebook_version").sort().alias(VERSIONS),
            pl.col("codebook_version").last(),
            (pl.col("n").last() >= WHOLE * pl.col("n").sum()).alias("whole"),
        )
    )
    grid = all_periods(frames, unit).to_frame().join(counts, on=PERIOD, how="left", maintain_order="left")
    empty = pl.lit([], pl.List(pl.Int64))
    return grid.select(
        PERIOD,
        pl.col(VERSIONS).fill_null(empty).cast(pl.List(pl.Int64)),
        pl.col("codebook_version").cast(pl.Int64),
        pl.col("whole").fill_null(True),
    )


def codebook_breaks(frames: AnalysisFrames, unit: str = "month") -> pl.DataFrame:
    """Return one row a period from which on another codebook tagged most of the feedback, oldest first.

    Columns: period ("YYYY-Www" or "YYYY-MM"), codebook_version (from there on), previous_version and reason (why the
    codebook was published). Empty where all periods are tagged by one codebook.
    """
    told = period_versions(frames, unit).drop_nulls("codebook_version")
    told = told.with_columns(pl.col("codebook_version").shift(1).alias("previous_version"))
    reasons = frames.codebooks.select(pl.col("version").alias("codebook_version"), "reason")
    return (
        told.filter(
            pl.col("previous_version").is_not_null() & (pl.col("previous_version") != pl.col("codebook_version"))
        )
        .join(reasons, on="codebook_version", how="left", maintain_order="left")
        .select(
            period_label(unit, PERIOD).alias(PERIOD),
            "codebook_version",
            "previous_version",
            pl.col("reason").fill_null(""),
        )
    )


def with_versions(table: pl.DataFrame, frames: AnalysisFrames, unit: str) -> pl.DataFrame:
    """Return a table of period labels with the column codebook_versions at its end."""
    told = period_versions(frames, unit).select(period_label(unit, PERIOD).alias(PERIOD), VERSIONS)
    return table.join(told, on=PERIOD, how="left", maintain_order="left")


def one_run(told: pl.DataFrame, place: int) -> np.ndarray:
    """Return which periods (n,) of :func:`period_versions` can be compared with the one at ``place``.

    Those are around it and tagged by the same codebook, without another in between; periods that nobody tagged go with
    the ones before them. A period of several codebooks belongs to the one that tagged most of it.
    """
    versions = told["codebook_version"].forward_fill().backward_fill().fill_null(0).to_numpy()
    runs = np.concatenate([[0], np.cumsum(versions[1:] != versions[:-1])])
    return runs == runs[place]


_SCHEMA: dict[str, Any] = {
    PERIOD: pl.Date,
    VERSIONS: pl.List(pl.Int64),
    "codebook_version": pl.Int64,
    "whole": pl.Boolean,
}
