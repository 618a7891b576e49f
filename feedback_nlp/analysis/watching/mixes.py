"""Is an alarm about what people say, or about who wrote? What each kind of people would have said as before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from feedback_nlp.analysis.frames import FACETS, NOT_GIVEN, AnalysisFrames

_LEAST_OF_VALUE = 30  # feedback a value, on average, for the mix by a column to tell anything


@dataclass(frozen=True, slots=True, eq=False)
class Mix:
    """Feedback by the values of one column over time.

    ``counts`` (k, values, periods) are those of each theme, ``volume`` (values, periods) of all.
    """

    name: str
    counts: np.ndarray
    volume: np.ndarray

    def due(self, start: int, past: int, end: int) -> np.ndarray:
        """Return what each theme would have had from ``start`` to ``end``, (k, periods), at the rates up to ``past``.

        Indirect standardisation: every value keeps its own rate. A rate is drawn to that of all by one case, so that a
        value which is new counts as any other.
        """
        said, wrote = self.counts[..., start:past].sum(axis=2), self.volume[:, start:past].sum(axis=1)
        overall = (said.sum(axis=1, keepdims=True) + 0.5) / max(float(wrote.sum()), 1.0)
        return np.asarray(((said + 1) / (wrote + 1 / overall)) @ self.volume[:, start:end])


def mixes(frames: AnalysisFrames, dated: pl.DataFrame, pairs: pl.DataFrame, themes: int, periods: int) -> list[Mix]:
    """Return the mix by each facet and segment of several values with enough feedback each; not by the score.

    ``dated`` has feedback_id and place (0..periods-1), ``pairs`` feedback_id, place and theme (0..themes-1).
    """
    columns = {name: name for name in FACETS if name != "nps_segment"}
    columns |= {name: f"segment.{name}" for name in frames.segment_names}
    found = []
    for name, column in columns.items():
        given = frames.feedback.select("feedback_id", pl.col(column).fill_null(NOT_GIVEN).alias("value"))
        values = dated.select("feedback_id", "place").join(given, on="feedback_id")
        many = values["value"].n_unique()
        if many < 2 or len(values) < _LEAST_OF_VALUE * many:
            continue
        values = values.with_columns((pl.col("value").rank("dense") - 1).cast(pl.Int64).alias("value"))
        said = pairs.join(values.select("feedback_id", "value"), on="feedback_id")
        cell = (said["theme"].cast(pl.Int64) * many + said["value"]) * periods + said["place"].cast(pl.Int64)
        volume = np.bincount((values["value"] * periods + values["place"]).to_numpy(), minlength=many * periods)
        counts = np.bincount(cell.to_numpy(), minlength=themes * many * periods)
        found.append(Mix(name, counts.reshape(themes, many, periods), volume.reshape(many, periods).astype(np.float64)))
    return found
