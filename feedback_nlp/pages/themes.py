"""Themes: every top-level theme in one sortable table, its sub-themes below, and a way into each."""

from __future__ import annotations

import polars as pl
import streamlit as st

from feedback_nlp import charts
from feedback_nlp.analysis.marks import marked_labels
from feedback_nlp.analysis.outcomes import Outcome, choose_outcome
from feedback_nlp.analysis.themes import theme_table, unthemed_row
from feedback_nlp.errors import NothingToShow
from feedback_nlp.pages import marks, shell, tables
from feedback_nlp.pages.data import Slice, current_slice
from feedback_nlp.pages.wording import count, number, percent, percent_interval, plain

CHARTED = 25


def _page() -> None:
    shell.heading("themes", "What people talk about, and how each theme goes with the score.")
    part = current_slice()
    shell.view_sentence(part)
    if not part.loaded.has_themes:
        shell.no_themes()
        return
    outcome = part.compute(choose_outcome, name=part.outcome_name)
    table = part.compute(theme_table, level=1, outcome=outcome)
    if table.is_empty():
        raise NothingToShow("No theme is mentioned by enough people in this view. Take a filter away.")
    weighed = table.filter(pl.col("impact").is_not_null())
    if not weighed.is_empty():
        shell.draw(
            charts.impact_bars(marked_labels(weighed.head(CHARTED)), higher_is_better=outcome.higher_is_better),
            f"Impact of themes on {outcome.label}",
        )
    st.caption(
        "Most damage first; click a heading to sort otherwise, and a row to open its theme. Impacts are associated "
        "with a theme, not proven to be caused by it. " + outcome.orientation
    )
    _clickable(table, outcome, "themes_table")
    marks.key(table)
    if table["suppressed"].any():
        shell.withheld_note(part.loaded.settings.privacy_minimum)
    if table.filter("low_base", ~table["suppressed"]).height:
        shell.low_base_note(part.loaded.settings.low_base)
    _unthemed(part, outcome)
    st.subheader("Sub-themes")
    for row in table.iter_rows(named=True):
        _sub_themes(part, row["theme_id"], row["label"], outcome)


def _clickable(table: pl.DataFrame, outcome: Outcome, key: str) -> None:
    """Show a theme table in which a click on a row opens the theme."""
    event = tables.show(
        tables.theme_view(table),
        tables.theme_columns(table, outcome.label),
        on_select="rerun",
        selection_mode="single-cell",
        key=key,
    )
    cells = event["selection"]["cells"]
    if cells:
        st.switch_page(shell.page_path("theme"), query_params={"theme": table["theme_id"][cells[0][0]]})


def _unthemed(part: Slice, outcome: Outcome) -> None:
    facts = part.compute(unthemed_row, outcome=outcome).row(0, named=True)
    if facts["n_feedback"] is None:
        return
    share, low_high = percent(facts["share"]), percent_interval(facts["share_low"], facts["share_high"])
    st.caption(
        f"Unthemed: {count(facts['n_feedback'])} answers ({share}, 95% interval {low_high}) mention no theme; "
        f"their net sentiment is {number(facts['net_sentiment'], signed=True, digits=0)}."
    )


def _sub_themes(part: Slice, theme_id: str, label: str, outcome: Outcome) -> None:
    """One theme's sub-themes, computed when its expander is opened."""
    children = part.loaded.frames.themes.filter(pl.col("parent_id") == theme_id).height
    if children == 0:
        return
    box = st.expander(
        f"{plain(label)} \u2013 {children} sub-theme{'s' * (children > 1)}", key=f"sub_{theme_id}", on_change="rerun"
    )
    with box:
        if not box.open:
            return
        table = part.compute(theme_table, level=2, parent_id=theme_id, outcome=outcome)
        if table.is_empty():
            st.caption("None is mentioned by enough people in this view.")
            return
        _clickable(table, outcome, f"table_{theme_id}")
        marks.key(table)
        if table["suppressed"].any():
            shell.withheld_note(part.loaded.settings.privacy_minimum)


_page()
