"""Theme: one theme in full, from its figures down to what customers wrote. ``?theme=ID`` names it."""

from __future__ import annotations

import json
import re
from typing import Any

import polars as pl
import streamlit as st

from feedback_nlp import charts
from feedback_nlp.analysis.codebook_breaks import codebook_breaks
from feedback_nlp.analysis.facets import facet_names, theme_by_facet
from feedback_nlp.analysis.frames import NOT_GIVEN
from feedback_nlp.analysis.outcomes import Outcome, choose_outcome
from feedback_nlp.analysis.segments import theme_by_segment
from feedback_nlp.analysis.themes import theme_table
from feedback_nlp.analysis.trends import theme_by_month
from feedback_nlp.errors import NothingToShow
from feedback_nlp.language_names import language_name
from feedback_nlp.pages import acting, marks, rename, shell, tables
from feedback_nlp.pages.data import Slice, current_slice
from feedback_nlp.pages.editing import edit_area
from feedback_nlp.pages.feelings import show_theme_feelings
from feedback_nlp.pages.filters import FACET_PREFIX, dimensions
from feedback_nlp.pages.quotes import chips_html
from feedback_nlp.pages.reading import read_verbatims
from feedback_nlp.pages.wording import (
    count,
    dimension_name,
    interval,
    number,
    percent,
    percent_interval,
    plain,
    short_label,
    value_name,
)

PARAMETER = "theme"


def _page() -> None:
    part = current_slice()
    if not part.loaded.has_themes:
        shell.no_themes()
        return
    theme = _chosen(part)
    _title(part, theme)
    marks.explain(theme)
    shell.view_sentence(part)
    acting.show_outcome(part.loaded.settings)
    edit_area(part, theme)
    outcome = part.compute(choose_outcome, name=part.outcome_name)
    table = part.compute(theme_table, level=theme["level"], parent_id=theme["parent_id"], outcome=outcome)
    rows = table.filter(pl.col("theme_id") == theme["theme_id"])
    if rows.is_empty() or not rows["n_feedback"][0]:
        least = part.loaded.settings.privacy_minimum
        raise NothingToShow(
            f"Too few people: in this view, or in what its filters leave out, fewer than {least} people mention this "
            "theme or one that it could be subtracted from. Take a filter away."
        )
    _figures(rows.row(0, named=True), outcome, part)
    _sub_themes(part, theme, outcome)
    show_theme_feelings(part, theme, rows.row(0, named=True), outcome)
    _trend(part, theme, outcome)
    _splits(part, theme, outcome)
    _keywords(theme)
    read_verbatims(part, theme)


def _chosen(part: Slice) -> dict[str, Any]:
    """The theme that the URL names, or the first of the list; the box changes the URL."""
    themes = part.loaded.frames.themes
    labels = dict(themes.select("theme_id", "label").iter_rows())
    parents = dict(themes.select("theme_id", "parent_id").iter_rows())
    ids = sorted(labels, key=lambda i: (labels[parents[i] or i], parents[i] is not None, labels[i], i))
    wanted = st.query_params.get(PARAMETER)
    if wanted is not None and wanted not in labels:
        st.warning(
            f"There is no theme {re.sub(r'[^A-Za-z0-9_-]', '', wanted)[:40]} in codebook version "
            f"{part.loaded.codebook_version}; showing the one with the most damage.",
            icon=":material/link_off:",
        )
    current = wanted if wanted is not None and wanted in labels else _first(part) or ids[0]
    st.session_state["theme_box"] = current
    st.selectbox(
        "Theme",
        ids,
        format_func=lambda i: f"{labels.get(parents[i], '')} \u203a {labels[i]}" if parents[i] else labels[i],
        key="theme_box",
        on_change=_follow,
        help="Type to search. Sub-themes stand after the theme they belong to.",
    )
    st.query_params[PARAMETER] = current
    return themes.row(by_predicate=pl.col("theme_id") == current, named=True)


def _first(part: Slice) -> str | None:
    """The theme with the most damage in this view."""
    table = part.compute(theme_table, level=1, outcome=part.compute(choose_outcome, name=part.outcome_name))
    return None if table.is_empty() else str(table["theme_id"][0])


def _follow() -> None:
    st.query_params[PARAMETER] = st.session_state["theme_box"]


def _title(part: Slice, theme: dict[str, Any]) -> None:
    themes = part.loaded.frames.themes
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(f'<h1 class="fb-title" dir="auto">{_escaped(theme["label"])}</h1>', width="content")
        if theme["parent_id"]:
            parent = themes.filter(pl.col("theme_id") == theme["parent_id"])["label"]
            if len(parent):
                st.page_link(
                    shell.page_path("theme"),
                    label=f"Part of {plain(parent[0])}",
                    icon=":material/arrow_upward:",
                    query_params={PARAMETER: theme["parent_id"]},
                )
        rename.rename_box(part.loaded.settings, theme["theme_id"], theme["label"], theme["label_source"])
    if theme["definition"]:
        st.html(f'<div class="fb-note" dir="auto">{_escaped(theme["definition"])}</div>')


def _escaped(text: str) -> str:
    import html

    return html.escape(text)


def _figures(row: dict[str, Any], outcome: Outcome, part: Slice) -> None:
    mark = f" {tables.LOW_BASE}" if row["low_base"] else ""
    name, suffix = short_label(outcome.label), outcome.suffix
    figures = (
        (
            "Share of answers",
            percent(row["share"]),
            f"{percent_interval(row['share_low'], row['share_high'])} · "
            f"{count(row['n_feedback'])} of {count(row['base'])}",
            "Answers that mention the theme, of those that say something (the base), with a 95% Wilson interval.",
        ),
        (
            f"{name} with it{mark}",
            number(row["value_with"]) + suffix,
            f"{interval(row['value_with_low'], row['value_with_high'])} · n = {count(row['n_with'])}",
            "Among scored responses that mention the theme, with a 95% interval.",
        ),
        (
            f"{name} without it",
            number(row["value_without"]) + suffix,
            f"n = {count(row['n_without'])} · gap {number(row['gap'], signed=True)} "
            f"({interval(row['gap_low'], row['gap_high'], signed=True)})",
            "Among scored responses that do not mention it. The gap is with minus without.",
        ),
        (
            f"Impact on {name}",
            number(row["impact"], signed=True),
            f"{interval(row['impact_low'], row['impact_high'], signed=True)} {outcome.unit}",
            f"{outcome.label} of everybody minus that of those who do not mention the theme: what the theme is "
            "associated with in the whole score. If the interval holds 0, the direction is not clear. Not a cause. "
            + outcome.orientation,
        ),
        (
            "Net sentiment",
            number(row["net_sentiment"], signed=True, digits=0),
            f"{count(row['n_positive'])} positive · {count(row['n_neutral'])} neutral · "
            f"{count(row['n_negative'])} negative",
            "Positive minus negative statements of the theme, from \u2212100 to +100.",
        ),
    )
    for column, (label, value, note, how_to_read) in zip(st.columns(len(figures)), figures, strict=True):
        with column, st.container(border=True, height="stretch"):
            st.metric(label, value, help=how_to_read)
            st.caption(note)
    if row["low_base"]:
        shell.low_base_note(part.loaded.settings.low_base)


def _sub_themes(part: Slice, theme: dict[str, Any], outcome: Outcome) -> None:
    if theme["level"] != 1:
        return
    table = part.compute(theme_table, level=2, parent_id=theme["theme_id"], outcome=outcome)
    if table.is_empty():
        return
    st.subheader("Sub-themes")
    event = tables.show(
        tables.theme_view(table),
        tables.theme_columns(table, outcome.label),
        on_select="rerun",
        selection_mode="single-cell",
        key=f"sub_of_{theme['theme_id']}",
    )
    cells = event["selection"]["cells"]
    if cells:
        st.switch_page(shell.page_path("theme"), query_params={PARAMETER: table["theme_id"][cells[0][0]]})
    if table["suppressed"].any():
        shell.withheld_note(part.loaded.settings.privacy_minimum)


def _trend(part: Slice, theme: dict[str, Any], outcome: Outcome) -> None:
    st.subheader("By month")
    months = part.compute(theme_by_month, theme_id=theme["theme_id"], outcome=outcome)
    if months["share"].drop_nulls().len() < 2:
        st.info(
            f"A trend needs two months or more in which at least {part.loaded.settings.privacy_minimum} people mention "
            "the theme."
        )
        return
    breaks = part.compute(codebook_breaks)
    shell.draw(charts.share_trend(months, breaks=breaks), "Share of answers by month, with 95% intervals")
    st.caption(
        "Share of each month's answers that mention the theme, with 95% intervals."
        + " Months with too few people are left open." * bool(months["suppressed"].any())
    )
    shell.breaks_note(breaks)


def _splits(part: Slice, theme: dict[str, Any], outcome: Outcome) -> None:
    facets = part.compute(facet_names)
    names = [*dimensions(part.frames), *(FACET_PREFIX + name for name in facets)]
    if not names:
        return
    st.subheader("Who says it")
    by = st.segmented_control(
        "Split by", names, default=names[0], required=True, format_func=_split_name, key="split", bind="query-params"
    )
    if str(by).startswith(FACET_PREFIX):
        _by_facet(part, theme, str(by).removeprefix(FACET_PREFIX))
        return
    table = part.compute(theme_by_segment, theme_id=theme["theme_id"], by=by, outcome=outcome)
    values = {value: value_name(str(by), value) for value in table["segment_value"].to_list()}
    shown = table.with_columns(pl.Series("segment_value", [values[v] for v in table["segment_value"].to_list()]))
    if shown["share"].drop_nulls().is_empty():
        st.info(
            f"No group in this view has {part.loaded.settings.privacy_minimum} people who mention the theme and can be "
            "shown without giving others away."
        )
        return
    shell.draw(charts.segment_dots(shown), f"Share of answers by {dimension_name(str(by))}, with 95% intervals")
    circular = by == "nps_segment" and outcome.kind == "nps"  # every detractor's NPS is -100: nothing to learn
    rows = tables.segment_view(table, values)
    tables.show(
        rows.drop("value_with", "value_interval", "n_with") if circular else rows,
        tables.segment_columns(dimension_name(str(by)), outcome.label),
    )
    if table["suppressed"].any():
        shell.withheld_note(part.loaded.settings.privacy_minimum)


def _split_name(by: str) -> str:
    return (
        f"{dimension_name(by.removeprefix(FACET_PREFIX))} (as said)"
        if by.startswith(FACET_PREFIX)
        else dimension_name(by)
    )


def _by_facet(part: Slice, theme: dict[str, Any], facet: str) -> None:
    """Where along the journey, or at what, people speak of the theme: told by their words, so not by all of them."""
    table = part.compute(theme_by_facet, theme_id=theme["theme_id"], facet=facet)
    words = {v: "Not said" if v == NOT_GIVEN else dimension_name(v) for v in table["segment_value"]}
    shown = table.with_columns(pl.Series("segment_value", [words[v] for v in table["segment_value"]], dtype=pl.String))
    st.caption(
        "Read from the statements themselves, so many do not say. Shares are of the answers that mention the theme; an "
        "answer may have several."
    )
    told = shown.filter(pl.col("segment_value") != "Not said", pl.col("share").is_not_null())
    if not told.is_empty():
        shell.draw(charts.segment_dots(told), f"Share of the theme's answers by {dimension_name(facet)}")
    columns = tables.segment_columns(dimension_name(facet), "")
    columns["share"] = st.column_config.ProgressColumn(
        "Share", format="%.0f%%", min_value=0.0, max_value=100.0, help="Of the answers that mention the theme (Base)."
    )
    columns["base"] = st.column_config.NumberColumn("Base", help="Answers that mention the theme.")
    tables.show(tables.segment_view(table, words), columns)
    if table["suppressed"].any():
        shell.withheld_note(part.loaded.settings.privacy_minimum)


def _keywords(theme: dict[str, Any]) -> None:
    keywords = json.loads(theme["keywords"] or "{}")
    if not any(keywords.values()):
        return
    st.subheader("Words")
    for language, words in sorted(keywords.items()):
        if words:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.caption(language_name(language), width=110)
                st.html(chips_html(words, language), width="stretch")


_page()
