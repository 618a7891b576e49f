"""Two segments crossed: scores as a matrix with its margins, and how often each combination speaks of each theme."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

import polars as pl
import streamlit as st

from feedback_nlp.analysis.outcomes import SENTIMENT, Outcome, choose_outcome
from feedback_nlp.analysis.scores_compared import scores_compared
from feedback_nlp.analysis.segments import compare_segments
from feedback_nlp.pages import shell, tables
from feedback_nlp.pages.data import Slice
from feedback_nlp.pages.wording import (
    count,
    dimension_name,
    interval,
    number,
    percent,
    percent_interval,
    value_name,
)

CLEAR = 0.05  # false discovery rate up to which a difference is called clear
MORE, LESS = "\u25b2", "\u25bc"
STYLE = """<style>
.fb-scroll {overflow-x:auto; max-width:100%; border:1px solid #DDE0EA; border-radius:.5rem}
.fb-matrix {border-collapse:separate; border-spacing:0; font-size:.85rem; line-height:1.35; width:100%}
.fb-matrix th, .fb-matrix td {padding:.35rem .55rem; text-align:center; border-bottom:1px solid #ECEDF2;
  border-inline-start:1px solid #ECEDF2; background:#fff; font-weight:400; vertical-align:middle}
.fb-matrix thead th {background:#F4F5FA; color:#3B4256; font-weight:600; overflow-wrap:break-word; min-width:4.2rem}
.fb-matrix th.fb-row {text-align:start; position:sticky; inset-inline-start:0; z-index:1;
  border-inline-start:0; min-width:6.5rem; max-width:15rem; overflow-wrap:break-word; font-weight:600; color:#1E2233}
.fb-matrix tbody tr:last-child > * {border-bottom:0}
.fb-matrix .fb-from {border-inline-start:2px solid #C9CDDC}
.fb-matrix td > b {font-size:1rem; font-weight:600; white-space:nowrap}
.fb-matrix small {display:block; color:#5B6274; font-size:.75rem; white-space:nowrap}
.fb-matrix .fb-bad {background:#F9E4E1} .fb-matrix .fb-good {background:#DDF1EE}
.fb-matrix .fb-apart {background:#E9E8FB}
.fb-matrix .fb-none {color:#656C7E} .fb-matrix .fb-all {background:#F4F5FA}
.fb-matrix.fb-many th, .fb-matrix.fb-many td {padding:.3rem .4rem; min-width:3.1rem}
@media (max-width: 640px) {.fb-matrix th.fb-row {min-width:6.2rem; max-width:8rem; font-size:.8rem}}
</style>"""


def show_crossing(part: Slice, by: str, across: str, outcome: Outcome) -> None:
    """Draw the figures of every combination of two segments' values."""
    st.html(STYLE)
    feeling = part.compute(choose_outcome, name=SENTIMENT)
    for measured in (outcome,) if outcome.name == SENTIMENT else (outcome, feeling):
        if measured.kind == "nps" and "nps_segment" in (by, across):
            continue  # every detractor's NPS is -100: nothing to learn
        _scores(part, by, across, measured)
    if part.loaded.has_themes:
        _themes(part, by, across)
    else:
        shell.no_themes()


def _title(by: str, across: str) -> str:
    return f"{dimension_name(by)} and {dimension_name(across)}"


def _scores(part: Slice, by: str, across: str, outcome: Outcome) -> None:
    table = part.compute(scores_compared, by=by, outcome=outcome, across=across)
    if table["value"].drop_nulls().is_empty():
        if outcome.name != SENTIMENT:
            st.info(f"No combination in this view has enough scores to show for {outcome.label}.")
        return
    st.subheader(f"{outcome.label} by {_title(by, across)}")
    margins = [part.compute(scores_compared, by=name, outcome=outcome) for name in (by, across)]
    st.html(scores_html(table, margins, by, across, outcome))
    least = part.loaded.settings.low_base
    worse, better = (MORE, LESS)[outcome.higher_is_better], (LESS, MORE)[outcome.higher_is_better]
    words = "scores" if outcome.name != SENTIMENT else "answers with a sentiment"
    st.caption(
        f"Below each figure its 95% interval, and the {words} behind it (n). {better} better and {worse} worse than "
        f"everybody else, at a false discovery rate of {percent(CLEAR)} over the "
        f"{count(table['q'].drop_nulls().len())} combinations compared. {tables.LOW_BASE} n under {least}: a hint."
    )
    if table["suppressed"].any():
        shell.withheld_note(part.loaded.settings.privacy_minimum)


def scores_html(table: pl.DataFrame, margins: list[pl.DataFrame], by: str, across: str, outcome: Outcome) -> str:
    """Return a score by two segments as an HTML table, its margins last; every value escaped and in its direction.

    ``table`` is that of :func:`~feedback_nlp.analysis.scores_compared.scores_compared` with ``across``, ``margins`` are
    those of each segment alone.
    """
    rows = table["segment_value"].unique(maintain_order=True).to_list()
    columns = table["across_value"].unique(maintain_order=True).to_list()
    cells = {(row["segment_value"], row["across_value"]): row for row in table.iter_rows(named=True)}
    sides = [{row["segment_value"]: row for row in margin.iter_rows(named=True)} for margin in margins]
    head = "".join(f"<th>{_name(across, value)}</th>" for value in columns)
    lines = [
        f'<tr><th class="fb-row">{_name(by, value)}</th>'
        + "".join(_score_cell(cells[value, other], outcome) for other in columns)
        + _score_cell(sides[0].get(value), outcome, "fb-from fb-all")
        + "</tr>"
        for value in rows
    ]
    last = "".join(_score_cell(sides[1].get(value), outcome, "fb-all") for value in columns)
    corner = f"{_name(None, dimension_name(by))} \u2193 {_name(None, dimension_name(across))} \u2192"
    return (
        '<div class="fb-scroll" tabindex="0"><table class="fb-matrix"><thead><tr>'
        f'<th class="fb-row">{corner}</th>{head}'
        f'<th class="fb-from">All</th></tr></thead><tbody>{"".join(lines)}'
        f'<tr><th class="fb-row fb-all">All</th>{last}<td class="fb-from fb-all"></td></tr></tbody></table></div>'
    )


def _score_cell(row: Mapping[str, Any] | None, outcome: Outcome, place: str = "") -> str:
    if row is None or not (row["suppressed"] or row["n"]):
        return f'<td class="fb-none {place}" title="Nobody">\u2013</td>'
    if row["suppressed"]:
        return f'<td class="fb-none {place}" title="Too few people, or to be found by subtraction">too few</td>'
    mark, tone = "", ""
    if not place and row["q"] is not None and row["q"] <= CLEAR:
        better = (row["difference"] > 0) == outcome.higher_is_better
        mark = f" {MORE if row['difference'] > 0 else LESS}"
        tone = "fb-good" if better else "fb-bad"
    few = f" {tables.LOW_BASE}" if row["low_base"] else ""
    told = ""
    if row.get("difference") is not None:
        told = (
            f' title="Against everybody else {number(row["difference"], signed=True)} '
            f'({interval(row["difference_low"], row["difference_high"], signed=True)}), q {row["q"]:.3f}"'
        )
    return (
        f'<td class="{tone} {place}"{told}><b>{number(row["value"])}{outcome.suffix}{mark}</b>'
        f"<small>{interval(row['low'], row['high'], digits=0)}</small><small>n {count(row['n'])}{few}</small></td>"
    )


def _themes(part: Slice, by: str, across: str) -> None:
    st.subheader(f"What each combination of {_title(by, across)} talks about")
    table = part.compute(compare_segments, by=by, across=across, level=shell.choose_level())
    shown = table.filter(pl.col("share").is_not_null())
    if shown.is_empty():
        st.info("No combination in this view is large enough to compare.")
        return
    st.html(themes_html(table, by, across))
    clear = int((shown["q"] <= CLEAR).sum())
    st.caption(
        f"Share of the combination\u2019s answers that mention the theme. {MORE} more and {LESS} less than everybody "
        f"else: {count(clear)} of {count(shown['q'].drop_nulls().len())} differences, at a false discovery rate of "
        f"{percent(CLEAR)} over all of them."
    )
    names = {
        (one, other): f"{value_name(by, one)}, {value_name(across, other)}"
        for one, other in table.select("segment_value", "across_value").unique().iter_rows()
    }
    joined = [names[pair] for pair in table.select("segment_value", "across_value").iter_rows()]
    with st.expander("All figures"):
        rows = tables.difference_view(table.with_columns(pl.Series("segment_value", joined)), {})
        tables.show(rows, tables.difference_columns(_title(by, across)), height=min(38 + 35 * rows.height, 560))
    hidden = int(table["suppressed"].sum())
    if hidden:
        st.caption(
            f":material/visibility_off: {count(hidden)} of {count(table.height)} shares are not shown: too few people "
            "are behind them, or they would give so few away by subtraction from what is shown here or by one column."
        )


def themes_html(table: pl.DataFrame, by: str, across: str) -> str:
    """Return theme shares by two segments as an HTML table, a row a theme, those with the clearest difference first.

    ``table`` is that of :func:`~feedback_nlp.analysis.segments.compare_segments` with ``across``. Combinations in which
    nobody wrote are left out, and themes of which nothing may be shown.
    """
    pairs = table.filter(pl.col("base").is_null() | (pl.col("base") > 0)).select("segment_value", "across_value")
    groups = pairs.unique(maintain_order=True).rows()
    cells = {(row["theme_id"], row["segment_value"], row["across_value"]): row for row in table.iter_rows(named=True)}
    themes = (
        table.group_by("theme_id", "label", "overall_share")
        .agg(pl.col("q").min(), pl.col("share").is_not_null().any().alias("shown"))
        .filter("shown")
        .sort("q", "overall_share", "theme_id", descending=[False, True, False], nulls_last=True)
    )
    values = list(dict.fromkeys(one for one, _ in groups))
    top = "".join(
        f'<th class="fb-from" colspan="{sum(one == value for one, _ in groups)}">{_name(by, value)}</th>'
        for value in values
    )
    starts = {next(group for group in groups if group[0] == value) for value in values}
    edge = {group: "fb-from" if group in starts else "" for group in groups}
    below = "".join(f'<th class="{edge[group]}">{_name(across, group[1])}</th>' for group in groups)
    lines = [
        f'<tr><th class="fb-row">{_name(None, row["label"])}</th>'
        f'<td class="fb-from fb-all"><b>{percent(row["overall_share"])}</b></td>'
        + "".join(_share_cell(cells[row["theme_id"], *group], edge[group]) for group in groups)
        + "</tr>"
        for row in themes.iter_rows(named=True)
    ]
    return (
        '<div class="fb-scroll" tabindex="0"><table class="fb-matrix fb-many"><thead>'
        '<tr><th rowspan="2" class="fb-row">Theme</th><th rowspan="2" class="fb-from">All</th>'
        f"{top}</tr><tr>{below}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def _share_cell(row: Mapping[str, Any], place: str) -> str:
    if row["share"] is None:
        why, word = (
            ("Too few people, or to be found by subtraction", "\u00b7") if row["suppressed"] else ("Nobody", "\u2013")
        )
        return f'<td class="fb-none {place}" title="{why}">{word}</td>'
    mark, tone = "", ""
    if row["q"] is not None and row["q"] <= CLEAR:
        mark, tone = f" {MORE if row['difference'] > 0 else LESS}", "fb-apart"
    told = (
        f"{count(row['n_feedback'])} of {count(row['base'])} answers, "
        f"{percent_interval(row['share_low'], row['share_high'])}; all {percent(row['overall_share'])}"
        + ("" if row["q"] is None else f"; q {row['q']:.3f}")
    )
    return (
        f'<td class="{tone} {place}" title="{html.escape(told)}"><b>{percent(row["share"])}{mark}</b>'
        f"<small>n {count(row['base'])}</small></td>"
    )


def _name(dimension: str | None, value: str) -> str:
    text = value if dimension is None else value_name(dimension, value)
    return f"<bdi>{html.escape(text, quote=True)}</bdi>"
