"""The score of each value of a segment, or of two crossed, against everybody else: difference, interval, q value."""

from __future__ import annotations

import numpy as np
import polars as pl

from feedback_nlp.analysis import intervals
from feedback_nlp.analysis.cells import CELL, named, score_cells
from feedback_nlp.analysis.crossing_cells import CROSSING, SEGMENT, cross
from feedback_nlp.analysis.crossings import crossed_scores
from feedback_nlp.analysis.frames import NOT_GIVEN, AnalysisFrames, segment_column
from feedback_nlp.analysis.outcomes import Outcome, choose_outcome, response_values
from feedback_nlp.analysis.weighting import WEIGHT, scaled

_FIGURES = ("difference", "difference_low", "difference_high", "p")


def scores_compared(
    frames: AnalysisFrames, by: str, outcome: Outcome | None = None, *, across: str | None = None
) -> pl.DataFrame:
    """Return one row a value of ``by``: segment_value, n (responses), value, low, high, low_base, suppressed, and the
    difference to everybody else with difference_low and difference_high (95 %), p and q (Benjamini-Hochberg).

    With ``across``, a second segment, a row for each combination of values, with across_value after segment_value; n is
    0 where nobody has the score.

    Values, differences and errors go by the weights of a survey. Errors are clustered by person (a person with answers
    in both groups counts in both), with Student's t at the people of the smaller group less one. Null where a group, or
    everybody else, is too small to show.
    """
    outcome = outcome or choose_outcome(frames)
    if across is None:
        column = segment_column(frames, by)
        table = score_cells(frames, column, outcome)
    else:
        crossing = cross(frames, by, across)
        frames, column, table = crossing.frames, CROSSING, crossed_scores(crossing, outcome)
    cells = frames.feedback.select("response_id", pl.col(column).fill_null(NOT_GIVEN).cast(pl.String).alias(CELL))
    scored = (
        cells.sort("response_id", CELL)
        .unique("response_id", keep="first", maintain_order=True)
        .join(response_values(frames, outcome), on="response_id", how="inner")
        .sort("response_id")
    )
    shown = table.filter(~pl.col("suppressed"), pl.col("n") > 0)[CELL].to_list()
    g, weight = scored["g"].to_numpy(), scaled(scored)[WEIGHT].to_numpy()
    people = scored["person_id"].unique().sort()
    person = scored["person_id"].replace_strict(people, range(len(people)), return_dtype=pl.Int64).to_numpy()
    rows = []
    for value in shown:
        inside = (scored[CELL] == value).to_numpy()
        n_in, n_out = len(np.unique(person[inside])), len(np.unique(person[~inside]))
        if min(n_in, n_out) < max(frames.privacy_minimum, 2):
            continue
        difference, error = _difference(g, weight, inside, person, len(people))
        degrees = min(n_in, n_out) - 1
        half = float(intervals.t_value(degrees)) * error
        p = float(intervals.t_p_value(difference / error, degrees)) if error > 0 else float(difference == 0)
        rows.append((value, difference, difference - half, difference + half, p))
    compared = pl.DataFrame(rows, schema={CELL: pl.String, **dict.fromkeys(_FIGURES, pl.Float64)}, orient="row")
    compared = compared.with_columns(pl.Series("q", intervals.false_discovery(compared["p"].to_numpy())))
    table = table.join(outcome.as_counted(compared, "difference"), on=CELL, how="left", maintain_order="left")
    return named(table, SEGMENT) if across is None else table.drop(CELL)


def _difference(
    g: np.ndarray, weight: np.ndarray, inside: np.ndarray, person: np.ndarray, n_people: int
) -> tuple[float, float]:
    """Return mean(g inside) - mean(g outside), weighted, and its standard error, clustered by person."""
    totals = weight[inside].sum(), weight[~inside].sum()
    means = (weight * g)[inside].sum() / totals[0], (weight * g)[~inside].sum() / totals[1]
    influence = weight * np.where(inside, (g - means[0]) / totals[0], -(g - means[1]) / totals[1])
    sums = np.bincount(person, weights=influence, minlength=n_people)
    return float(means[0] - means[1]), float(np.sqrt((sums**2).sum() * n_people / max(n_people - 1, 1)))
