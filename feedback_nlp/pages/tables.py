"""Tables of themes and segments: what each column is called, how it is written and how it is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
import streamlit as st

from feedback_nlp.analysis.marks import STABILITY_HELP, two_digits
from feedback_nlp.pages.marks import marks_words
from feedback_nlp.pages.wording import clear_of_zero, interval, percent_interval, short_label

LOW_BASE = "\u26a0"
TOO_FEW = "too few people"


def theme_view(table: pl.DataFrame) -> pl.DataFrame:
    """Return the columns of a theme table that a reader sees, intervals written out, in the table's own order.

    Marks and stability are left out where no theme has any.
    """
    rows = [
        {
            "theme": row["label"],
            "marks": marks_words(row) or None,
            "stability": None if row["stability"] is None else two_digits(row["stability"]),
            "low_base": LOW_BASE if row["low_base"] and not row["suppressed"] else "",
            "impact": row["impact"],
            "impact_interval": _interval(row["impact_low"], row["impact_high"], signed=True),
            "share": _percent(row["share"]),
            "share_interval": TOO_FEW if row["suppressed"] else _percent_interval(row["share_low"], row["share_high"]),
            "n_feedback": row["n_feedback"],
            "net_sentiment": row["net_sentiment"],
            "value_with": row["value_with"],
            "value_without": row["value_without"],
            "n_with": row["n_with"],
        }
        for row in table.iter_rows(named=True)
    ]
    shown = pl.DataFrame(rows, schema=_THEME_SCHEMA, orient="row")
    return shown.drop([name for name in ("marks", "stability") if shown[name].is_null().all()])


_THEME_SCHEMA: dict[str, Any] = {
    "theme": pl.String,
    "marks": pl.String,
    "stability": pl.Float64,
    "low_base": pl.String,
    "impact": pl.Float64,
    "impact_interval": pl.String,
    "share": pl.Float64,
    "share_interval": pl.String,
    "n_feedback": pl.Int64,
    "net_sentiment": pl.Float64,
    "value_with": pl.Float64,
    "value_without": pl.Float64,
    "n_with": pl.Int64,
}


def theme_columns(table: pl.DataFrame, outcome_label: str) -> dict[str, Any]:
    """The column configuration that goes with :func:`theme_view`."""
    column, name = st.column_config, short_label(outcome_label)
    greatest = float(table["share"].max() or 0) if table.height else 0.0  # type: ignore[arg-type]
    return {
        "theme": column.TextColumn("Theme", width=270, help="Click a row to open the theme."),
        "marks": column.TextColumn("Marks", width=170, help="What sets the theme apart; the key is below the table."),
        "stability": column.NumberColumn("Stability", width=80, format="%.2f", help=STABILITY_HELP),
        "impact": column.NumberColumn(
            f"Impact on {name}",
            format="%+.1f",
            help=f"{outcome_label} of everybody, minus {outcome_label} of those who do not mention the theme. "
            "Negative: the theme is associated with a lower score. It tells a connection, not a cause.",
        ),
        "impact_interval": column.TextColumn(
            "95% interval", help="Where the impact would lie in 95 of 100 such samples. It includes 0: not clear."
        ),
        "share": column.ProgressColumn(
            "Share",
            format="%.0f%%",
            min_value=0.0,
            max_value=max(100 * greatest, 1.0),
            help="Answers that mention the theme, of all answers that say something (the base).",
        ),
        "share_interval": column.TextColumn("95% interval ", help="Wilson interval of the share."),
        "n_feedback": column.NumberColumn("Answers", help="Answers that mention the theme (n)."),
        "value_with": column.NumberColumn(
            f"{name} with", format="%.1f", help="Among responses that mention the theme."
        ),
        "value_without": column.NumberColumn(
            f"{name} without", format="%.1f", help="Among scored responses that do not mention it."
        ),
        "n_with": column.NumberColumn(
            "Scores", help="Scored responses that mention the theme (n of \u201cwith\u201d)."
        ),
        "net_sentiment": column.NumberColumn(
            "Net sentiment",
            format="%+.0f",
            help="Positive minus negative statements of the theme, in points from \u2212100 to +100.",
        ),
        "low_base": column.TextColumn(LOW_BASE, width=40, help="A low base: few scores, read it as a hint."),
    }


def segment_view(table: pl.DataFrame, names: Mapping[Any, str]) -> pl.DataFrame:
    """Return a theme's split by segment or facet as a reader sees it; ``names`` says how values are called.

    A facet's split has no scores, and so no columns of them.
    """
    rows = [
        {
            "segment": names.get(row["segment_value"], row["segment_value"]),
            "share": _percent(row["share"]),
            "share_interval": TOO_FEW if row["suppressed"] else _percent_interval(row["share_low"], row["share_high"]),
            "n_feedback": row["n_feedback"],
            "base": row["base"],
            "value_with": row.get("value_with"),
            "value_interval": _interval(row.get("value_with_low"), row.get("value_with_high")),
            "n_with": row.get("n_with"),
            "net_sentiment": row["net_sentiment"],
        }
        for row in table.iter_rows(named=True)
    ]
    shown = pl.DataFrame(rows, schema=_SEGMENT_SCHEMA, orient="row")
    return shown if "value_with" in table.columns else shown.drop("value_with", "value_interval", "n_with")


_SEGMENT_SCHEMA: dict[str, Any] = {
    "segment": pl.String,
    "share": pl.Float64,
    "share_interval": pl.String,
    "n_feedback": pl.Int64,
    "base": pl.Int64,
    "value_with": pl.Float64,
    "value_interval": pl.String,
    "n_with": pl.Int64,
    "net_sentiment": pl.Float64,
}


def segment_columns(dimension: str, outcome_label: str) -> dict[str, Any]:
    """The column configuration that goes with :func:`segment_view`."""
    column = st.column_config
    return {
        "segment": column.TextColumn(dimension),
        "share": column.ProgressColumn(
            "Share", format="%.0f%%", min_value=0.0, max_value=100.0, help="Of this group's answers (its base)."
        ),
        "share_interval": column.TextColumn("95% interval", help="Wilson interval of the share."),
        "n_feedback": column.NumberColumn("Answers", help="Answers of this group that mention the theme (n)."),
        "base": column.NumberColumn("Base", help="Answers of this group that say something."),
        "value_with": column.NumberColumn(
            f"{short_label(outcome_label)} with",
            format="%.1f",
            help="Among this group's responses that mention the theme.",
        ),
        "value_interval": column.TextColumn("95% interval ", help="Of the score with the theme."),
        "n_with": column.NumberColumn("Scores", help="Scores behind it (n)."),
        "net_sentiment": column.NumberColumn("Net sentiment", format="%+.0f", help="From \u2212100 to +100."),
    }


def difference_view(table: pl.DataFrame, names: dict[str | None, str]) -> pl.DataFrame:
    """Return theme shares of segments against the whole as a reader sees them, clearest difference first."""
    rows = [
        {
            "theme": row["label"],
            "segment": names.get(row["segment_value"], row["segment_value"]),
            "difference": round(100 * row["difference"], 1) + 0.0,
            "interval": _points(row["difference_low"], row["difference_high"]),
            "share": _percent(row["share"]),
            "overall": _percent(row["overall_share"]),
            "n_feedback": row["n_feedback"],
            "base": row["base"],
            "clear": "\u2713" if clear_of_zero(row["difference_low"], row["difference_high"]) else "",
            "q": row["q"],
        }
        for row in table.iter_rows(named=True)
        if row["difference"] is not None
    ]
    rows.sort(key=lambda row: (not row["clear"], -abs(row["difference"]), row["theme"], row["segment"]))
    schema = {"theme": pl.String, "segment": pl.String, "difference": pl.Float64, "interval": pl.String}
    schema |= {"share": pl.Float64, "overall": pl.Float64, "n_feedback": pl.Int64, "base": pl.Int64}
    return pl.DataFrame(rows, schema={**schema, "clear": pl.String, "q": pl.Float64}, orient="row")


def difference_columns(dimension: str) -> dict[str, Any]:
    """The column configuration that goes with :func:`difference_view`."""
    column = st.column_config
    return {
        "theme": column.TextColumn("Theme", width=230),
        "segment": column.TextColumn(dimension),
        "difference": column.NumberColumn(
            "Difference", format="%+.1f pp", help="The group's share minus everybody's, in percentage points."
        ),
        "interval": column.TextColumn("95% interval", help="It leaves 0 out: the difference is clear."),
        "share": column.NumberColumn("Share in group", format="%.0f%%"),
        "overall": column.NumberColumn("Share overall", format="%.0f%%"),
        "n_feedback": column.NumberColumn("Answers", help="The group's answers that mention the theme (n)."),
        "base": column.NumberColumn("Base", help="The group's answers that say something."),
        "clear": column.TextColumn("Clear", width="small", help="The interval leaves 0 out."),
        "q": column.NumberColumn("q", format="%.3f", help="Allows for how many differences are listed."),
    }


def show(rows: pl.DataFrame, columns: dict[str, Any], **options: Any) -> Any:
    """Draw a table the way every page does; a dash stands for what is withheld or unknown."""
    return st.dataframe(
        rows, hide_index=True, **{"height": "content"} | options, column_config=columns, placeholder="\u2013"
    )


def _percent(ratio: float | None) -> float | None:
    return None if ratio is None else 100 * ratio


def _interval(low: float | None, high: float | None, **form: Any) -> str | None:
    return None if low is None or high is None else interval(low, high, **form)


def _percent_interval(low: float | None, high: float | None) -> str | None:
    return None if low is None or high is None else percent_interval(low, high)


def _points(low: float | None, high: float | None) -> str | None:
    if low is None or high is None:
        return None
    return interval(100 * low, 100 * high, signed=True)


def score_view(table: pl.DataFrame, names: dict[str | None, str]) -> pl.DataFrame:
    """Return a score by segment, against everybody else where that is told, as a reader sees it."""
    return pl.DataFrame(
        [
            {
                "segment": names.get(row["segment_value"], row["segment_value"]),
                "value": row["value"],
                "interval": TOO_FEW if row["suppressed"] else _interval(row["low"], row["high"]),
                "n": row["n"],
                "difference": row.get("difference"),
                "difference_interval": _interval(row.get("difference_low"), row.get("difference_high"), signed=True),
                "q": row.get("q"),
                "low_base": LOW_BASE if row.get("low_base") and not row["suppressed"] else "",
            }
            for row in table.iter_rows(named=True)
        ],
        schema={
            "segment": pl.String,
            "value": pl.Float64,
            "interval": pl.String,
            "n": pl.Int64,
            "difference": pl.Float64,
            "difference_interval": pl.String,
            "q": pl.Float64,
            "low_base": pl.String,
        },
        orient="row",
    )


def score_columns(dimension: str, outcome: Any) -> dict[str, Any]:
    """The column configuration that goes with :func:`score_view`."""
    column = st.column_config
    return {
        "segment": column.TextColumn(dimension),
        "value": column.NumberColumn(
            outcome.label, format="%.1f", help=f"Of the group's scored responses, in {outcome.unit}."
        ),
        "interval": column.TextColumn("95% interval", help="Two groups whose intervals overlap may not differ at all."),
        "n": column.NumberColumn("Scores", help="Scored responses of the group (n)."),
        "difference": column.NumberColumn(
            "Against all others", format="%+.1f", help=f"The group less everybody else, in {outcome.unit}."
        ),
        "difference_interval": column.TextColumn("95% interval ", help="It leaves 0 out: the difference is clear."),
        "q": column.NumberColumn(
            "q", format="%.3f", help="Share of false alarms among groups called different at this value."
        ),
        "low_base": column.TextColumn(LOW_BASE, width=40, help="A low base: few scores, read it as a hint."),
    }
