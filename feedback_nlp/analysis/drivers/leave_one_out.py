"""The market's number beside the others: what leaving out the responses that mention a theme does to the score."""

from __future__ import annotations

import numpy as np
import polars as pl

from feedback_nlp.analysis import privacy
from feedback_nlp.analysis.drivers.responses import mentions_of, row_of_feedback
from feedback_nlp.analysis.frames import AnalysisFrames
from feedback_nlp.analysis.impact import impact_table
from feedback_nlp.analysis.outcomes import Outcome, response_values
from feedback_nlp.analysis.weighting import WEIGHT, scaled

_FIGURES = ("n_with", "gap", "gap_low", "gap_high", "impact", "impact_low", "impact_high", "impact_q")


def leave_one_out(frames: AnalysisFrames, outcome: Outcome, level: int) -> pl.DataFrame:
    """Return one row a theme of ``level``, for :func:`~feedback_nlp.analysis.drivers.numbering.numbered` frames.

    Columns, with the figures that :func:`~feedback_nlp.analysis.themes.theme_table` has of them: theme_id, label, share
    (0..1), n_with, gap and impact with _low and _high, impact_q, suppressed.
    """
    themes = frames.themes.filter(pl.col("level") == level).select("theme_id", "label")
    names = themes["theme_id"].sort()
    values = response_values(frames, outcome).filter("meaningful")
    row, theme, _ = mentions_of(frames, row_of_feedback(frames, values), names)
    pairs = pl.DataFrame({"theme_id": theme, "response_id": values["response_id"].gather(row)})
    figures = impact_table(values, pairs, outcome, frames.privacy_minimum).select("theme_id", *_FIGURES)
    table = (
        themes.join(pl.DataFrame({"theme_id": names, "share": _shares(frames, names)}), on="theme_id")
        .join(figures.with_columns(names.gather(figures["theme_id"].cast(pl.Int64))), on="theme_id", how="left")
        .with_columns(pl.col("share").fill_nan(None))
    )
    return privacy.withhold(table, frames.withheld, blank=("share", *_FIGURES))


def _shares(frames: AnalysisFrames, names: pl.Series) -> np.ndarray:
    """Return which share of meaningful feedback, by weight, mentions each theme."""
    meaningful = frames.feedback["meaningful"].fill_null(False).to_numpy()
    weight = np.zeros(len(meaningful))
    weight[meaningful] = scaled(frames.feedback.filter(meaningful).select(WEIGHT))[WEIGHT].to_numpy()
    place, theme, _ = mentions_of(frames, np.arange(len(meaningful)), names)
    with np.errstate(invalid="ignore"):
        return np.bincount(theme, weight[place], len(names)) / weight.sum()
