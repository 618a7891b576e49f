"""Did what was done about a theme show in what customers say?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

import numpy as np
import polars as pl

from feedback_nlp.analysis import privacy
from feedback_nlp.analysis.frames import NOT_GIVEN, AnalysisFrames, segment_column, theme_label
from feedback_nlp.analysis.periods import PERIOD, all_periods, period_label, period_of
from feedback_nlp.analysis.themes import share_columns
from feedback_nlp.analysis.watching.interrupted import LEAST_PERIODS, Interruption, interrupt
from feedback_nlp.errors import UsageError
from feedback_nlp.records import Action

Verdict = Literal["better", "worse", "no clear change", "not enough data yet"]
Measure = Literal["negative", "mention"]
CLEAR = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class FollowUp:
    """What became of a theme after an action.

    ``series`` has one row a period, oldest first: period, n_feedback that counts (mentions, or negative ones), base
    with share, share_low, share_high (per cent, 0..100); control_share (per cent, null without a control) and expected
    (per cent: what the time before would have led to); suppressed. ``found`` holds the effect in percentage points,
    None while there is too little data; then ``reason`` says what is missing. ``control`` says what was compared with.
    """

    action: Action
    measure: Measure
    unit: str
    verdict: Verdict
    reason: str
    control: str | None
    found: Interruption | None
    series: pl.DataFrame


def follow_up(
    frames: AnalysisFrames, action: Action, *, unit: str = "month", measure: Measure = "negative"
) -> FollowUp:
    """Return what became of the action's theme, by "week" or "month".

    Shares of too few people are hidden; what they were still counts in the comparison. Raises UsageError when the
    action has no day from which it should show, or names a theme or segment that the data does not hold;
    NothingToShow when no feedback has a date.
    """
    theme_label(frames, action.theme_id)
    if action.since is None:
        raise UsageError(
            f"Action {action.action_id} has no day from which it should show. Give it one: "
            f"feedback-nlp actions edit {action.action_id} --since YYYY-MM-DD"
        )
    periods = all_periods(frames, unit)
    start = _place(action.since, periods, unit)
    touched, others = _touched(frames, action)
    series = _shares(frames, touched, action.theme_id, periods, unit, measure)
    y, weight = series["y"].to_numpy(), series["weight"].to_numpy().astype(float)
    control, compared_y, hidden = None, np.zeros(len(periods)), np.zeros(len(periods), bool)
    if action.control_theme_id is not None or others is not None:
        theme = action.control_theme_id or action.theme_id
        compared = _shares(frames, touched if others is None else others, theme, periods, unit, measure)
        control = f"the theme {theme_label(frames, theme)!r}" if others is None else "everybody else"
        series = series.with_columns(compared["share"].alias("control_share"))
        hidden = compared["share"].is_null().to_numpy()
        both = np.minimum(weight, compared["weight"].to_numpy())
        weight = np.where(both > 0, weight, 0.0)
        compared_y = compared["y"].to_numpy()
        y = y - compared_y
    found = interrupt(y, weight, start) if start is not None else None
    expected = np.full(len(periods), np.nan)
    if found is not None:
        # Where the control may not be shown, what it leads to may not either.
        expected = np.where(hidden, np.nan, found.expected + compared_y)
    verdict, reason = _verdict(found, start, weight, unit)
    series = series.with_columns(
        pl.col("control_share") if control else pl.lit(None, pl.Float64).alias("control_share"),
        pl.Series("expected", expected).fill_nan(None).clip(0, 100),
        period_label(unit, PERIOD).alias(PERIOD),
    ).drop("weight", "y")
    return FollowUp(action, measure, unit, verdict, reason, control, found, series)


def _place(since: str, periods: pl.Series, unit: str) -> int | None:
    """Return the place of the first whole period after the action began; None when there is none yet."""
    try:
        day = date.fromisoformat(since)
    except ValueError:
        raise UsageError(f"since = {since!r} is not a date. Write it as YYYY-MM-DD.") from None
    later = np.flatnonzero((periods >= day).to_numpy())
    return int(later[0]) if len(later) else None


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


def _shares(
    frames: AnalysisFrames, scope: AnalysisFrames, theme_id: str, periods: pl.Series, unit: str, measure: Measure
) -> pl.DataFrame:
    """Return period, n_feedback, base, share and interval (per cent), suppressed; weight and y to compare with."""
    feedback = (
        scope.feedback.filter("meaningful").select("feedback_id", "person_id", period_of(unit)).drop_nulls(PERIOD)
    )
    said = frames.mentions.filter(pl.col("theme_id") == theme_id)
    if measure == "negative":
        said = said.filter(pl.col("sentiment_label") == "negative")
    marked = feedback.with_columns(pl.col("feedback_id").is_in(said["feedback_id"].unique().implode()).alias("said"))
    people = pl.col("person_id").n_unique().cast(pl.Int64)
    table = marked.group_by(PERIOD).agg(
        pl.col("said").sum().cast(pl.Int64).alias("n_feedback"),
        pl.len().cast(pl.Int64).alias("base"),
        pl.col("person_id").filter("said").n_unique().cast(pl.Int64).alias("people_said"),
        pl.col("person_id").filter(~pl.col("said")).n_unique().cast(pl.Int64).alias("people_unsaid"),
        people.alias("people"),
    )
    grid = (
        periods.to_frame().join(table, on=PERIOD, how="left").with_columns(pl.col(pl.Int64).fill_null(0)).sort(PERIOD)
    )
    shown = grid.with_columns(
        share_columns("n_feedback", "base"),
        ((pl.col("people") < frames.privacy_minimum) & (pl.col("people") > 0)).alias(privacy.SUPPRESSED),
    ).with_columns(pl.col("share", "share_low", "share_high") * 100)
    # What may not be shown by itself still counts in the regression, which tells of no single period.
    weight = pl.when(privacy.SUPPRESSED).then(0).otherwise(pl.col("base")).alias("weight")
    figures = ("n_feedback", "share", "share_low", "share_high")
    known = privacy.suppress_split(
        shown.with_columns(weight, pl.col("share").alias("y")),
        *("people_said", "people_unsaid", frames.privacy_minimum),
        blank=figures,
    )
    return known.select(PERIOD, "n_feedback", "base", *figures[1:], privacy.SUPPRESSED, "weight", "y")


def _verdict(found: Interruption | None, start: int | None, weight: np.ndarray, unit: str) -> tuple[Verdict, str]:
    if found is None:
        before = int((weight[:start] > 0).sum()) if start is not None else int((weight > 0).sum())
        after = int((weight[start:] > 0).sum()) if start is not None else 0
        return (
            "not enough data yet",
            f"{before} {unit}s before and {after} after can be shown; {LEAST_PERIODS} are needed on either side.",
        )
    if found.p_value > CLEAR:
        return "no clear change", "The interval holds 0: it may have helped, done nothing or harmed."
    return (
        ("better", "It is said less than the time before would have led to.")
        if found.effect < 0
        else ("worse", "It is said more than the time before would have led to.")
    )
