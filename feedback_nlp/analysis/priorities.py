"""What to do first: the factors of a decision side by side. Which one counts most is for people to say.

A product of factors hides why a theme is on top, and a theme without one of them falls out; so there is none.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from feedback_nlp.analysis.drivers.table import CLEAR_Q, Drivers
from feedback_nlp.analysis.frames import AnalysisFrames
from feedback_nlp.analysis.trends import changing_themes
from feedback_nlp.errors import UsageError, did_you_mean
from feedback_nlp.records import Action

SORTS = ("damage", "severity", "reach", "trend", "confidence", "effort")
CONFIDENCES = ("clear", "likely", "open")
_OPEN = ("planned", "doing")


def priorities(
    frames: AnalysisFrames, moved: Drivers, *, actions: Sequence[Action] = (), sort: str = "damage"
) -> pl.DataFrame:
    """Return one row a theme that goes with a worse score or may, with the factors of a decision.

    Columns: theme_id, label; severity (the gap between those who mention it and those who do not, in the outcome's
    unit, with severity_low and severity_high), reach (share of meaningful feedback, 0..1) with n_with (responses),
    damage (the contribution, with damage_low and damage_high), trend (change of the share in the last two months,
    -1..1, with trend_q), confidence ("clear": q of the contribution at most 0.1, "likely": its interval leans to one
    side by three quarters, else "open"), effort (1..5, what a team said in its latest open action, null where nobody
    did), owner and state of that action. Sorted by ``sort``, worst first (effort: least first), nulls last.
    Themes whose contribution is clearly for the better are left out. Raises UsageError for an unknown ``sort``.
    """
    if sort not in SORTS:
        raise UsageError(f"There is no factor {sort!r}.{did_you_mean(sort, SORTS)}")
    changes = changing_themes(frames).select("theme_id", pl.col("change").alias("trend"), pl.col("q").alias("trend_q"))
    outcome = moved.outcome
    weighed = outcome.as_counted(moved.table, "gap", "contribution")  # oriented: below 0 is damage
    width = pl.col("contribution_high") - pl.col("contribution_low")
    lopsided = (
        pl.when(pl.col("contribution") < 0).then(-pl.col("contribution_low")).otherwise(pl.col("contribution_high"))
    )
    table = (
        weighed.filter(
            ~((pl.col("contribution") > 0) & (pl.col("contribution_q") <= CLEAR_Q)).fill_null(False),
            ~pl.col("suppressed"),
        )
        .select(
            "theme_id",
            "label",
            pl.col("gap").alias("severity"),
            pl.col("gap_low").alias("severity_low"),
            pl.col("gap_high").alias("severity_high"),
            pl.col("share").alias("reach"),
            "n_with",
            pl.col("contribution").alias("damage"),
            pl.col("contribution_low").alias("damage_low"),
            pl.col("contribution_high").alias("damage_high"),
            pl.when(pl.col("contribution_q") <= CLEAR_Q)
            .then(pl.lit(CONFIDENCES[0]))
            .when(lopsided >= 0.75 * width)
            .then(pl.lit(CONFIDENCES[1]))
            .otherwise(pl.lit(CONFIDENCES[2]))
            .alias("confidence"),
        )
        .join(changes, on="theme_id", how="left")
        .join(_latest_open(actions), on="theme_id", how="left")
    )
    ranked = table.with_columns(
        pl.col("confidence").replace_strict({name: i for i, name in enumerate(CONFIDENCES)}).alias("__rank__")
    )
    by, falling = {
        "damage": ("damage", False),
        "severity": ("severity", False),
        "reach": ("reach", True),
        "trend": ("trend", True),
        "confidence": ("__rank__", False),
        "effort": ("effort", False),
    }[sort]
    order = ("severity", "severity_low", "severity_high", "reach", "n_with", "damage", "damage_low", "damage_high")
    ranked = ranked.sort([by, "damage", "theme_id"], descending=[falling, False, False], nulls_last=True).select(
        "theme_id", "label", *order, "trend", "trend_q", "confidence", "effort", "owner", "state"
    )
    return outcome.as_counted(ranked, "severity", "damage")


def _latest_open(actions: Sequence[Action]) -> pl.DataFrame:
    """Return theme_id, effort, owner and state of each theme's latest action that is neither done nor dropped."""
    latest = {action.theme_id: action for action in sorted(actions, key=lambda a: a.action_id) if action.state in _OPEN}
    rows = [(theme, action.effort, action.owner, action.state) for theme, action in sorted(latest.items())]
    schema = {"theme_id": pl.String, "effort": pl.Int64, "owner": pl.String, "state": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")
