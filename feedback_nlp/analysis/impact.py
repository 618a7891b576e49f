"""What a theme goes with: the gap between those who mention it and those who do not, and its leave-one-out impact.

With T the mean of g over N scored responses, A and B the means with and without the theme, and w = n/N the share
that mentions it, the impact is T - B = w(A - B) = n(A - T)/(N - n): the one number that Thematic, Kapiche and
Qualtrics publish. It is an association. Impacts of overlapping themes do not add up.

Intervals are delta-method ones, clustered by person: response i has influence
(g_i - T)/N - (1 - m_i)(g_i - B)/(N - n) on the impact and m_i(g_i - A)/n - (1 - m_i)(g_i - B)/(N - n) on the gap,
summed within a person before squaring. Degrees of freedom are those of the smaller half, less one. With the weights of
a survey, N and n are sums of weights, T, A and B weighted means, and an influence is times the response's weight.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from feedback_nlp.analysis import intervals
from feedback_nlp.analysis.outcomes import Outcome
from feedback_nlp.analysis.privacy import SUPPRESSED, suppress_split
from feedback_nlp.analysis.weighting import WEIGHT, effective, scaled

FIGURES = (
    *("n_with", "value_with", "value_with_low", "value_with_high", "n_without", "value_without"),
    *("gap", "gap_low", "gap_high", "impact", "impact_low", "impact_high", "impact_q"),
)


def impact_table(values: pl.DataFrame, pairs: pl.DataFrame, outcome: Outcome, minimum: int) -> pl.DataFrame:
    """Return one row a theme with :data:`FIGURES`, blanked where either half holds fewer than ``minimum`` people.

    ``values`` has response_id, person_id, g, weight, one row a response; ``pairs`` has theme_id, response_id, one row
    each. Values, gaps and impacts are as they are counted: of a churn rate, above 0 is more churn. ``impact_q`` is the
    Benjamini-Hochberg q value over the themes of this table. Work grows with the number of pairs, not with themes times
    responses.
    """
    values = scaled(values.select("response_id", "person_id", "g", WEIGHT).sort("response_id")).with_row_index("row")
    values = values.with_columns(
        (pl.col(WEIGHT) * pl.col("g")).alias("sum"), (pl.col(WEIGHT) * pl.col("g") ** 2).alias("squares")
    )
    found = pairs.join(values.select("response_id", "row"), on="response_id", how="inner")
    if found.is_empty():
        return pl.DataFrame(schema={"theme_id": pl.String, **dict.fromkeys(FIGURES, pl.Float64)}).cast(
            {"n_with": pl.Int64, "n_without": pl.Int64}
        )
    weight, sums = values[WEIGHT].to_numpy(), values["sum"].to_numpy()
    person = values["person_id"].rank("dense").cast(pl.Int64).to_numpy() - 1
    people = np.bincount(person)
    n_all, n_people = len(values), len(people)
    themes = found["theme_id"].unique().sort()
    said = found["theme_id"].replace_strict(themes, range(len(themes)), return_dtype=pl.Int64).to_numpy()
    row = found["row"].cast(pl.Int64).to_numpy()
    # One number a pair, which sorts by theme, person and response: whole numbers sort many times as fast as rows of a
    # frame, and no digit of a sum depends on the order of the pairs.
    cells, row = np.divmod(np.sort((said * n_people + person[row]) * n_all + row), n_all)
    begins = np.concatenate([[True], cells[1:] != cells[:-1]])
    cell = np.cumsum(begins) - 1
    code, who = np.divmod(cells[begins], n_people)

    def by_cell(each: np.ndarray) -> np.ndarray:
        return np.bincount(cell, each[row])

    def by_theme(each: np.ndarray) -> np.ndarray:
        return np.bincount(code, each, len(themes))

    person_sum, person_weight = np.bincount(person, sums), np.bincount(person, weight)
    total, all_ = person_sum.sum(), person_weight.sum()
    mean = total / all_
    sums_with, weights_with, counts_with = by_cell(sums), by_cell(weight), np.bincount(cell)
    with_, sum_with, squares = (
        by_theme(weights_with),
        by_theme(sums_with),
        by_theme(by_cell(values["squares"].to_numpy())),
    )
    n_with = by_theme(counts_with)
    n_without = n_all - n_with
    people_with = by_theme(np.ones(len(code)))
    people_without = n_people - by_theme(people[who] == counts_with)
    with_squares = by_theme(by_cell(weight**2))
    effective_with, effective_sum, effective_squares = effective(with_, with_squares, sum_with, squares)
    with np.errstate(invalid="ignore", divide="ignore"):
        left = np.where(n_without > 0, all_ - with_, np.nan)
        with_mean, without_mean = sum_with / with_, (total - sum_with) / left
        a, b = with_mean - mean, without_mean - mean  # centred: the whole has mean 0
        # Moments of (centred sum, weight) over all people; exact sums first.
        s2, sk, k2 = (person_sum**2).sum(), (person_sum * person_weight).sum(), (person_weight**2).sum()
        hh, hk, kk = s2 - 2 * mean * sk + mean**2 * k2, sk - mean * k2, k2
        k = person_weight[who]
        h = person_sum[who] - mean * k
        h_with = sums_with - mean * weights_with
        a_, b_, left_ = a[code], b[code], left[code]
        rest = ((h - h_with) - b_ * (k - weights_with)) / left_
        nobody = (h - b_ * k) / left_  # what rest would be, had the person not mentioned the theme
        impact_squares = _all_people(1 / all_ - 1 / left, b / left, hh, hk, kk) + by_theme(
            (h / all_ - rest) ** 2 - (h / all_ - nobody) ** 2
        )
        gap_squares = _all_people(-1 / left, b / left, hh, hk, kk) + by_theme(
            ((h_with - a_ * weights_with) / with_[code] - rest) ** 2 - nobody**2
        )
        clusters = n_people / max(n_people - 1, 1)
        impact_error = np.sqrt(np.maximum(impact_squares, 0) * clusters)
        effective_without = effective(left, float((weight**2).sum()) - with_squares)[0]
        least = _least_gap_variance(outcome, values, effective_with, effective_without)
        gap_error = np.sqrt(np.maximum(gap_squares * clusters, least))
        degrees = np.minimum(people_with, people_without) - 1
        t = intervals.t_value(degrees)
        q = intervals.false_discovery(intervals.t_p_value(-b / impact_error, degrees))
    low, high = outcome.interval(effective_sum, effective_squares, effective_with)
    table = pl.DataFrame(
        {
            "theme_id": themes,
            "n_with": n_with.astype(np.int64),
            "value_with": with_mean,
            "value_with_low": low,
            "value_with_high": high,
            "n_without": n_without.astype(np.int64),
            "value_without": without_mean,
            "gap": a - b,
            "gap_low": a - b - t * gap_error,
            "gap_high": a - b + t * gap_error,
            "impact": -b,
            "impact_low": -b - t * impact_error,
            "impact_high": -b + t * impact_error,
            "impact_q": q,
            "people_with": people_with,
            "people_without": people_without,
        }
    ).with_columns(pl.selectors.float().fill_nan(None).round(9))
    table = outcome.as_counted(table, "value_with", "value_without", "gap", "impact")
    return suppress_split(table, "people_with", "people_without", minimum, blank=FIGURES).drop(
        "people_with", "people_without", SUPPRESSED
    )


def _all_people(c: np.ndarray, e: np.ndarray, hh: float, hk: float, kk: float) -> np.ndarray:
    """Sum (c h + e k)^2 over all people, by theme, from the moments of h and k."""
    return c**2 * hh + 2 * c * e * hk + e**2 * kk


def _least_gap_variance(
    outcome: Outcome, values: pl.DataFrame, n_with: np.ndarray, n_without: np.ndarray
) -> np.ndarray | float:
    """A floor for the gap's variance, so that five detractors in a row are not taken for certainty.

    Adds 3 imaginary answers to each half (as the adjusted Wald interval does) at the overall spread; only for
    bounded outcomes, where a half can be unanimous by luck. Halves are counted by their effective number of responses.
    """
    if outcome.family == "mean":
        return 0.0
    weight, total, squares = (float(values[column].sum()) for column in (WEIGHT, "sum", "squares"))
    spread = squares / weight - (total / weight) ** 2
    return spread * 3 * (1 / (n_with + 3) ** 2 + 1 / (n_without + 3) ** 2)
