"""Did what was done about a theme show in what customers say?

What is done about a theme is often done because it has just peaked, and after a peak a share falls by itself
(regression to the mean: Barnett, van der Pols & Dobson 2005, "Regression to the mean: what it is and how to deal with
it"). So where the worst period of the time before came shortly before the start, it is left out of that time, and the
reason given says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

import numpy as np
import polars as pl

from feedback_nlp.analysis import privacy
from feedback_nlp.analysis.codebook_breaks import one_run, period_versions
from feedback_nlp.analysis.frames import NOT_GIVEN, AnalysisFrames, segment_column, theme_label
from feedback_nlp.analysis.outcomes import Outcome, choose_outcome
from feedback_nlp.analysis.periods import PERIOD, UNITS, all_periods, period_label
from feedback_nlp.analysis.watching.interrupted import LEAST_PERIODS, Interruption, interrupt
from feedback_nlp.analysis.watching.watched import FIGURES, Watched, watched_score, watched_share
from feedback_nlp.errors import UsageError
from feedback_nlp.records import Action

Verdict = Literal["better", "worse", "no clear change", "not enough data yet"]
Measure = Literal["negative", "mention", "score"]
CLEAR = 0.05
_SHORTLY = {"week": 13, "month": 3}  # a quarter: how long before the start a peak may have led to the action
_SHARES = {"value": "share", "low": "share_low", "high": "share_high", "control_value": "control_share"}


@dataclass(frozen=True, slots=True, eq=False)
class FollowUp:
    """What became of a theme, or of a score, after an action.

    ``series`` has one row a period, oldest first. Of a theme: period, n_feedback that counts (mentions, or negative
    ones), base with share, share_low, share_high (per cent, 0..100) and control_share (per cent, null without a
    control). Of a score: period, n (responses), value, low, high and control_value. Then expected (what the time before
    would have led to), left_out (a peak shortly before the start; false where the period is hidden) and suppressed.
    ``found`` holds the effect in ``points``, None while there is too little data; then ``reason`` says what is missing.
    ``control`` says what was compared with.
    """

    action: Action
    measure: Measure
    unit: str
    points: str
    verdict: Verdict
    reason: str
    control: str | None
    found: Interruption | None
    series: pl.DataFrame


def follow_up(
    frames: AnalysisFrames,
    action: Action,
    *,
    unit: str = "month",
    measure: Measure = "negative",
    outcome: Outcome | None = None,
) -> FollowUp:
    """Return what became of the action's theme by "week" or "month", or, with the measure "score", of ``outcome``.

    The period in which the action began counts on neither side, unless both began on one day. Where the action touches
    a segment, everybody else is the control, otherwise the theme that it names (not for a score). Shares of too few
    people are hidden; what they were still counts in the comparison. Raises UsageError when the action has no day from
    which it should show, or names a theme or segment that the data does not hold; NothingToShow when no feedback has a
    date.
    """
    theme_label(frames, action.theme_id)
    if action.since is None:
        raise UsageError(
            f"Action {action.action_id} has no day from which it should show. Give it one: "
            f"feedback-nlp actions edit {action.action_id} --since YYYY-MM-DD"
        )
    periods = all_periods(frames, unit)
    stop, start = _places(action.since, periods, unit)
    touched, others = _touched(frames, action)
    measured = (outcome or choose_outcome(frames)) if measure == "score" else None

    def watch(scope: AnalysisFrames, theme_id: str) -> Watched:
        if measured is not None:
            return watched_score(scope, measured, periods, unit)
        return watched_share(frames, scope, theme_id, periods, unit, negative=measure == "negative")

    watched, control = watch(touched, action.theme_id), None
    counts = (np.arange(len(periods)) < stop) | (np.arange(len(periods)) >= start)
    comparable = _of_one_codebook(frames, unit, start) if measured is None else np.ones(len(periods), bool)
    counts &= comparable
    weight = np.where(counts, watched.weight, 0.0)
    series, base = watched.rows, np.zeros(len(periods))
    if others is not None:
        control, compared = "everybody else", watch(others, action.theme_id)
        # Where one half of everybody is hidden, subtracting the other would show it.
        unseen = watched.rows[privacy.SUPPRESSED] | compared.rows[privacy.SUPPRESSED]
        series = series.with_columns(unseen).with_columns(
            pl.when(privacy.SUPPRESSED).then(None).otherwise(pl.col(c)).alias(c)
            for c in (*FIGURES, "n_feedback" if measured is None else "n")
        )
    elif measured is None and action.control_theme_id is not None:
        control = f"the theme {theme_label(frames, action.control_theme_id)!r}"
        compared = watch(touched, action.control_theme_id)
        unseen = compared.rows[privacy.SUPPRESSED]
    if control is not None:
        beside = compared.rows.select(pl.when(unseen).then(None).otherwise("value").alias("control_value"))
        series, base = series.hstack(beside), compared.y
        weight = _of_difference(weight, compared.weight)
    less_is_better = measured is None or not measured.higher_is_better
    peak = _peak(watched.y if less_is_better else -watched.y, weight, stop, _SHORTLY[unit])
    # What is usual is told of periods that are shown: an average with a hidden one in it would give that one away.
    seen = np.where(series[privacy.SUPPRESSED], 0.0, weight)[:stop]
    usual = np.nan
    if peak is not None:
        weight[peak] = 0
        seen[peak] = 0
        usual = float(np.average(watched.y[:stop][seen > 0], weights=seen[seen > 0])) if seen.any() else np.nan
    found = interrupt(watched.y - base, weight, start)
    expected = np.full(len(periods), np.nan)
    if found is not None:
        # Where the control may not be shown, what it leads to may not either.
        expected = found.expected + (base if control is None else beside["control_value"].to_numpy())
    shown = peak is not None and not series[privacy.SUPPRESSED][peak]
    least, most = (0.0, 100.0) if measured is None else (measured.minimum, measured.maximum)
    series = series.with_columns(
        pl.col("control_value") if control else pl.lit(None, pl.Float64).alias("control_value"),
        pl.Series("expected", expected).fill_nan(None).clip(least, most),
        pl.Series("left_out", np.arange(len(periods)) == (peak if shown else -1)),
        period_label(unit, PERIOD).alias(PERIOD),
    )
    verdict, reason = _verdict(found, start, weight, unit, measured, less_is_better)
    if not comparable.all():
        reason += f" Left out: {unit}s that another codebook tagged, in which themes may be told in another way."
    if peak is not None:
        row = series.row(peak, named=True) if shown else None
        reason = f"{reason} {_told(row, usual, unit, measured, less_is_better)}"
    points = "percentage points" if measured is None else measured.unit
    series = series.rename(_SHARES) if measured is None else series
    last = ("expected", "left_out", privacy.SUPPRESSED)
    series = series.select(*(c for c in series.columns if c not in last), *last)
    return FollowUp(action, measure, unit, points, verdict, reason, control, found, series)


def _of_one_codebook(frames: AnalysisFrames, unit: str, start: int) -> np.ndarray:
    """Return which periods (n,) the codebook tagged that tagged the one at ``start``, or the last one, without another
    in between; not those that several tagged.
    """
    told = period_versions(frames, unit)
    return one_run(told, min(start, told.height - 1)) & told["whole"].to_numpy()


def _places(since: str, periods: pl.Series, unit: str) -> tuple[int, int]:
    """Return the places after the last period that ended before the action, and of the first that began after it did.

    Each is the number of periods where there is none yet.
    """
    try:
        day = date.fromisoformat(since)
    except ValueError:
        raise UsageError(f"since = {since!r} is not a date. Write it as YYYY-MM-DD.") from None
    first = pl.select(pl.lit(day).dt.truncate(UNITS[unit])).item()
    return int((periods < first).sum()), int((periods < day).sum())


def _touched(frames: AnalysisFrames, action: Action) -> tuple[AnalysisFrames, AnalysisFrames | None]:
    """Return the frames of those whom the action touches, and of the others, None where it touches all."""
    if not action.segments:
        return frames, None
    mask = pl.lit(True)
    for name, values in action.segments.items():
        mask = mask & pl.col(segment_column(frames, name)).fill_null(NOT_GIVEN).is_in(list(values))
    return (
        replace(frames, feedback=frames.feedback.filter(mask)),
        replace(frames, feedback=frames.feedback.filter(~mask)),
    )


def _of_difference(weight: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the weight of a difference: variances, which are one over the weights, add up."""
    both = (weight > 0) & (other > 0)
    return np.where(both, weight * other / np.where(both, weight + other, 1.0), 0.0)


def _peak(bad: np.ndarray, weight: np.ndarray, stop: int, within: int) -> int | None:
    """Return the place of the worst period of the time before, None unless it is one of the ``within`` last ones."""
    before = np.flatnonzero(weight[:stop] > 0)
    if len(before) < 2:
        return None
    worst = int(before[np.argmax(bad[before])])
    return worst if worst >= stop - within else None


def _told(row: dict[str, float] | None, usual: float, unit: str, outcome: Outcome | None, less_is_better: bool) -> str:
    """Say which period was left out and why; ``row`` is None where the period is hidden."""
    most, one, moves = ("highest", "a peak", "falls") if less_is_better else ("lowest", "a low", "rises")
    which = f"The {most} {unit} of the time before"
    if row is not None:
        figure, other = (
            (f"{value:.1f} %" for value in (row["value"], usual))
            if outcome is None
            else (outcome.written(value) for value in (row["value"], usual))
        )
        which += (
            f" ({row[PERIOD]}: {figure})"
            if np.isnan(usual)
            else f" ({row[PERIOD]}: {figure}, otherwise {other} on average)"
        )
    what = "share" if outcome is None else "score"
    return f"{which} came shortly before the start and is left out: after {one} a {what} {moves} by itself."


def _verdict(
    found: Interruption | None,
    start: int,
    weight: np.ndarray,
    unit: str,
    outcome: Outcome | None,
    less_is_better: bool,
) -> tuple[Verdict, str]:
    if found is None:
        before, after = int((weight[:start] > 0).sum()), int((weight[start:] > 0).sum())
        return (
            "not enough data yet",
            f"{before} {unit}s before and {after} after count; {LEAST_PERIODS} are needed on either side.",
        )
    if found.p_value > CLEAR:
        return "no clear change", "The interval holds 0: it may have helped, done nothing or harmed."
    lower = found.effect < 0
    said = (
        f"It is said {'less' if lower else 'more'}"
        if outcome is None
        else f"The score is {'lower' if lower else 'higher'}"
    )
    return "better" if lower == less_is_better else "worse", f"{said} than the time before would have led to."
