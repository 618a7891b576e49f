"""Tables of what moves a score: what each column is called, how it is written and how it is read."""

from __future__ import annotations

from typing import Any

import pandas as pd
import polars as pl
import streamlit as st

from feedback_nlp.analysis.drivers import Drivers
from feedback_nlp.analysis.drivers.changes import ScoreChange
from feedback_nlp.analysis.drivers.table import CLEAR_Q
from feedback_nlp.analysis.outcomes import Outcome
from feedback_nlp.pages.wording import interval

GREY = "color: #6B7285"
CLEAR, UNSURE = "\u2713", "could be chance"
KIND_WORDS = {
    "must-have": "must-have: hurts when bad, no lift when good",
    "satisfier": "satisfier: moves the score both ways",
    "delighter": "delighter: lifts when good, no harm when bad",
    "none clear": "none clear",
}


def drivers_view(found: Drivers) -> pd.DataFrame:
    """Return the three views of each theme as a reader sees them, in the order of the table."""
    digits = found.outcome.digits
    rows = [
        {
            "theme": row["label"],
            "adds": row["contribution"],
            "interval": _interval(row, "contribution", digits) or row["left_out"],
            "q": row["contribution_q"],
            "clear": None if row["contribution_q"] is None else CLEAR if row["contribution_q"] <= CLEAR_Q else UNSURE,
            "n": row["n_with"],
            "kind": row["kind"],
            "damage": row["damage"],
            "lift": row["lift"],
            "removed": row["shapley"],
            "removed_interval": _interval(row, "shapley", digits),
            "alone": row["impact"],
            "alone_interval": _interval(row, "impact", digits),
        }
        for row in found.table.iter_rows(named=True)
    ]
    return pd.DataFrame(rows, columns=list(drivers_columns(found.outcome)))


def drivers_columns(outcome: Outcome) -> dict[str, Any]:
    """The column configuration that goes with :func:`drivers_view`."""
    column, figure = st.column_config, f"%+.{outcome.digits}f"
    return {
        "theme": column.TextColumn("Theme", width=230, help="Click a row to open the theme."),
        "adds": column.NumberColumn(
            "Adds",
            format=figure,
            help=f"The adjusted contribution, in {outcome.unit}: what the score of those who mention the theme adds to "
            "the score, all else equal. With the baseline, these sum to the score exactly. " + outcome.orientation,
        ),
        "interval": column.TextColumn("95% interval", help="Bootstrap over people. It includes 0: not clear."),
        "q": column.NumberColumn(
            "q", format="%.3f", help="Share of false alarms among themes called clear at this value."
        ),
        "clear": column.TextColumn("Clear", help=f"q of at most {CLEAR_Q}; other rows are grey."),
        "n": column.NumberColumn("n", help="Scored responses that mention the theme (n)."),
        "kind": column.TextColumn("Kind", help="; ".join(KIND_WORDS.values()) + "."),
        "damage": column.NumberColumn("Damage", format=figure, help="Of negative mentions, fitted beside the lift."),
        "lift": column.NumberColumn("Lift", format=figure, help="Of positive mentions, fitted beside the damage."),
        "removed": column.NumberColumn(
            "Removed",
            format=figure,
            help="Shapley value of leaving out the responses that mention the theme, nothing held constant. These sum "
            "to the score less that of responses without a theme.",
        ),
        "removed_interval": column.TextColumn("95% interval "),
        "alone": column.NumberColumn(
            "Alone",
            format=figure,
            help="The impact that the market publishes: the score less that of those who do not mention the theme. "
            "These do not add up where themes overlap.",
        ),
        "alone_interval": column.TextColumn("95% interval  "),
    }


def priorities_view(table: pl.DataFrame, outcome: Outcome) -> pd.DataFrame:
    """Return the factors of a decision as a reader sees them, in the order of the table."""
    digits = outcome.digits
    rows = [
        {
            "theme": row["label"],
            "severity": row["severity"],
            "reach": None if row["reach"] is None else 100 * row["reach"],
            "damage": row["damage"],
            "interval": _interval(row, "damage", digits),
            "trend": None if row["trend"] is None else 100 * row["trend"],
            "confidence": row["confidence"],
            "effort": row["effort"],
            "n": row["n_with"],
            "owner": row["owner"] or None,
            "state": row["state"],
        }
        for row in table.iter_rows(named=True)
    ]
    return pd.DataFrame(rows, columns=list(priorities_columns(outcome)))


def priorities_columns(outcome: Outcome) -> dict[str, Any]:
    """The column configuration that goes with :func:`priorities_view`."""
    column, figure = st.column_config, f"%+.{outcome.digits}f"
    return {
        "theme": column.TextColumn("Theme", width=230, help="Click a row to open the theme."),
        "severity": column.NumberColumn(
            "Severity",
            format=figure,
            help=f"How much {outcome.worse} the score of those who mention it is than everybody else's, in "
            f"{outcome.unit}.",
        ),
        "reach": column.NumberColumn(
            "Reach", format="%.0f%%", help="Answers that mention it, of those that say something."
        ),
        "damage": column.NumberColumn("Adds", format=figure, help="The adjusted contribution, as above."),
        "interval": column.TextColumn("95% interval"),
        "trend": column.NumberColumn(
            "Trend", format="%+.1f pp", help="Change of its share in the last two months, in percentage points."
        ),
        "confidence": column.TextColumn(
            "Confidence",
            help=f"clear: q of at most {CLEAR_Q}; likely: the interval leans to one side by three quarters; open: "
            "could well be chance.",
        ),
        "effort": column.NumberColumn("Effort", help="1 (hours) to 5 (quarters), as its open action says."),
        "n": column.NumberColumn("Responses", help="Scored responses that mention the theme (n)."),
        "owner": column.TextColumn("Owner", help="Of its open action."),
        "state": column.TextColumn("Action", help="How far its open action is."),
    }


def change_view(found: ScoreChange) -> pd.DataFrame:
    """Return what changed a score, theme by theme, as a reader sees it, largest first."""
    digits = found.outcome.digits
    rows = [
        {
            "theme": row["label"],
            "total": row["total"],
            "interval": _interval(row, "total", digits),
            "q": row["total_q"],
            "clear": None if row["total_q"] is None else CLEAR if row["total_q"] <= CLEAR_Q else UNSURE,
            "mix": row["mix"],
            "effect": row["effect"],
            "before": 100 * row["share_before"],
            "after": 100 * row["share_after"],
            "n_before": row["n_before"],
            "n_after": row["n_after"],
        }
        for row in found.table.iter_rows(named=True)
    ]
    return pd.DataFrame(rows, columns=list(change_columns(found.outcome)))


def change_columns(outcome: Outcome) -> dict[str, Any]:
    """The column configuration that goes with :func:`change_view`."""
    column, figure = st.column_config, f"%+.{outcome.digits}f"
    return {
        "theme": column.TextColumn("Theme", width=230, help="Click a row to open the theme."),
        "total": column.NumberColumn("Total", format=figure, help="Mix plus effect; with the baseline, the change."),
        "interval": column.TextColumn("95% interval", help="Bootstrap over people. It includes 0: not clear."),
        "q": column.NumberColumn(
            "q", format="%.3f", help="Share of false alarms among themes called clear at this value."
        ),
        "clear": column.TextColumn("Clear", help=f"q of at most {CLEAR_Q}; other rows are grey."),
        "mix": column.NumberColumn("Mix", format=figure, help="More or fewer people mention it."),
        "effect": column.NumberColumn(
            "Effect", format=figure, help="Mentioning it goes with another score than before."
        ),
        "before": column.NumberColumn("Share before", format="%.0f%%", help="Of the scored responses before."),
        "after": column.NumberColumn("Share after", format="%.0f%%", help="Of the scored responses after."),
        "n_before": column.NumberColumn("n before", help="Scored responses that mention it before."),
        "n_after": column.NumberColumn("n after", help="Scored responses that mention it after."),
    }


def open_theme_on_click(rows: pd.DataFrame, columns: dict[str, Any], theme_ids: list[str], key: str) -> None:
    """Draw a table, its unclear rows in grey, in which a click on a row opens the theme."""
    from feedback_nlp.pages.shell import page_path

    def grey(row: pd.Series) -> list[str]:
        unsure = row.get("clear") not in (CLEAR,) if "clear" in row else row.get("confidence") == "open"
        return [GREY if unsure else ""] * len(row)

    event = st.dataframe(
        rows.style.apply(grey, axis=1),
        hide_index=True,
        height=min(38 + 35 * len(rows), 640),
        column_config=columns,
        placeholder="\u2013",
        on_select="rerun",
        selection_mode="single-cell",
        key=key,
    )
    cells = event["selection"]["cells"]
    if cells:
        st.switch_page(page_path("theme"), query_params={"theme": theme_ids[cells[0][0]]})


def _interval(row: dict[str, Any], name: str, digits: int) -> str | None:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return None if low is None or high is None else interval(low, high, signed=True, digits=digits)
