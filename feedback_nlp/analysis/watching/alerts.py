"""Themes that come up more often than was to be expected."""

from __future__ import annotations

import numpy as np
import polars as pl

from feedback_nlp.analysis import intervals, privacy
from feedback_nlp.analysis.codebook_breaks import one_run, period_versions
from feedback_nlp.analysis.frames import AnalysisFrames
from feedback_nlp.analysis.periods import PER_YEAR, PERIOD, all_periods, period_of
from feedback_nlp.analysis.themes import share_columns
from feedback_nlp.analysis.watching.counts import LEAST_PAST, expect
from feedback_nlp.analysis.watching.mixes import Mix, mixes

FALSE_ALARMS = 0.05  # share of alarms that may be chance (false discovery rate)
_SKIP = {"week": 4, "month": 1}  # periods before the one that is judged, left out of the past
_COLUMNS = ("n_feedback", "n_people", "share", "share_low", "share_high", "expected", "expected_low", "expected_high")


def alerts(frames: AnalysisFrames, *, unit: str = "month", level: int = 1, latest: int = 2) -> pl.DataFrame:
    """Judge the ``latest`` periods ("week" or "month") of each theme of ``level``, newest and surest first.

    Columns: theme_id, label, period (its first day), n_feedback that mention it, n_people, base (meaningful feedback of
    the period), share and interval (Wilson, 0..1), expected with expected_low and expected_high (feedback, 95 % of
    such periods), ratio (n over expected), p, q (Benjamini-Hochberg over the themes of the period), alarm (q at most
    :data:`FALSE_ALARMS` and more than expected), goes_with (of an alarm: the facet or segment whose mix accounts for it
    best, where others wrote than before and none of them says it clearly more often; else null), judged (false with
    fewer than six earlier periods), suppressed and reason (why it is not judged, else null). Periods that another
    codebook tagged are not in the past of a period, and one that several tagged is not judged: themes may be told in
    another way there, which is no alarm. Counts are of what arrived: survey weights are left out. How:
    :mod:`~feedback_nlp.analysis.watching.counts`. Raises NothingToShow when no feedback has a date.
    """
    feedback = frames.feedback.filter("meaningful").select("feedback_id", "person_id", period_of(unit)).drop_nulls()
    periods = all_periods(frames, unit)
    place = pl.DataFrame({PERIOD: periods}).with_row_index("place")
    dated = feedback.join(place, on=PERIOD, how="inner")
    volume = np.bincount(dated["place"].to_numpy(), minlength=len(periods)).astype(np.float64)
    shown = frames.themes.filter(pl.col("level") == level, ~pl.col("theme_id").is_in(list(frames.withheld)))
    themes = shown.select("theme_id", "label").sort("theme_id").with_row_index("theme")
    pairs = (
        frames.mentions.select("theme_id", "feedback_id")
        .unique()
        .join(themes, on="theme_id", how="inner")
        .join(dated, on="feedback_id", how="inner")
    )
    cell = pairs["theme"].to_numpy().astype(np.int64) * len(periods) + pairs["place"].to_numpy()
    counts = np.bincount(cell, minlength=len(themes) * len(periods)).reshape(len(themes), len(periods))
    people = pairs.group_by("theme", "place").agg(pl.col("person_id").n_unique().cast(pl.Int64).alias("n_people"))
    ends = range(len(periods), max(0, len(periods) - latest), -1)
    told = period_versions(frames, unit)
    starts = {end: int(np.argmax(one_run(told, end - 1))) for end in ends}
    by = mixes(frames, dated, pairs, len(themes), len(periods))
    judged = [_judged(counts, volume, by, periods, starts[end], end, unit, told["whole"][end - 1]) for end in ends]
    if not judged or themes.is_empty():
        judged = [_judged(np.zeros((0, 1)), np.zeros(1), [], periods[:1], 0, 1, unit, True)]
    base_people = dated.group_by("place").agg(pl.col("person_id").n_unique().alias("base_people"))
    table = (
        pl.concat(judged)
        .join(themes, on="theme", how="inner")
        .join(people, on=["theme", "place"], how="left")
        .join(base_people, on="place", how="left")
        .with_columns(pl.col("n_people").fill_null(0))
    )
    figures = table.with_columns(
        share_columns("n_feedback", "base"),
        (pl.col("n_feedback") / pl.col("expected")).alias("ratio"),
        (pl.col("base_people").fill_null(0) - pl.col("n_people")).alias("people_without"),
    )
    return (
        privacy.suppress_split(
            *(figures, "n_people", "people_without", frames.privacy_minimum), blank=(*_COLUMNS, "ratio", "p", "q")
        )
        .with_columns(
            ((pl.col("q") <= FALSE_ALARMS) & (pl.col("ratio") > 1)).fill_null(False).alias("alarm"),
        )
        .with_columns(
            pl.selectors.float().fill_nan(None), pl.when("alarm").then("goes_with").otherwise(None).alias("goes_with")
        )
        .sort([PERIOD, "q", "theme_id"], descending=[True, False, False], nulls_last=True)
        .select(
            "theme_id",
            "label",
            PERIOD,
            *_COLUMNS[:2],
            "base",
            *_COLUMNS[2:],
            "ratio",
            "p",
            "q",
            "alarm",
            "goes_with",
            "judged",
            "suppressed",
            "reason",
        )
    )


def _judged(
    counts: np.ndarray,
    volume: np.ndarray,
    by: list[Mix],
    periods: pl.Series,
    start: int,
    end: int,
    unit: str,
    whole: bool,
) -> pl.DataFrame:
    """Judge the period before ``end`` by those from ``start`` on, if one codebook tagged it (``whole``)."""
    k, n = len(counts), end - start
    past = counts[:, start:end] if whole else counts[:, end - 1 : end]  # of one period nothing can be said
    skip = min(_SKIP[unit], max(0, n - 1 - LEAST_PAST))
    found = expect(past, volume[start:end] if whole else volume[end - 1 : end], PER_YEAR[unit], skip if whole else 0)
    q = intervals.false_discovery(found.p_value)
    best, goes_with = np.full(k, FALSE_ALARMS), np.full(k, None, dtype=object)
    for mix in by if whole and (q <= FALSE_ALARMS).any() else ():
        due = mix.due(start, end - 1 - skip, end)
        at_unchanged_rates = expect(past, volume[start:end], PER_YEAR[unit], skip, due).p_value
        better = at_unchanged_rates > best
        best, goes_with = np.where(better, at_unchanged_rates, best), np.where(better, mix.name, goes_with)
    reason = None
    if not whole:
        reason = f"Several codebooks tagged this {unit}, so that nothing before can be compared with it."
    elif np.isnan(found.p_value).any():
        since = f" since another codebook took over on {periods[start]}" if start else ""
        reason = f"At least {LEAST_PAST} {unit}s with feedback have to come before{since}."
    return pl.DataFrame(
        {
            "theme": np.arange(k, dtype=np.uint32),
            "place": np.full(k, end - 1, np.uint32),
            PERIOD: pl.Series([periods[end - 1]] * k, dtype=pl.Date),
            "n_feedback": counts[:, end - 1].astype(np.int64),
            "base": np.full(k, int(volume[end - 1]), np.int64),
            "expected": found.expected,
            "expected_low": found.low,
            "expected_high": found.high,
            "p": found.p_value,
            "q": q,
            "goes_with": pl.Series(goes_with.tolist(), dtype=pl.String),
            "judged": ~np.isnan(found.p_value),
            "reason": pl.Series([reason] * k, dtype=pl.String),
        }
    )
