"""Emotions and intents on a page: how many express each, praise against blame, and a way to what they wrote."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from feedback_nlp import charts
from feedback_nlp.analysis.acting import to_act_on
from feedback_nlp.analysis.feeling_words import NOT_SURE, WORDS, named_feelings
from feedback_nlp.analysis.feelings import EMOTION, INTENT, NONE, feelings
from feedback_nlp.analysis.outcomes import Outcome
from feedback_nlp.analysis.themes import theme_table
from feedback_nlp.analysis.verbatims import find_verbatims
from feedback_nlp.pages import shell
from feedback_nlp.pages.data import Slice
from feedback_nlp.pages.quotes import verbatim_html
from feedback_nlp.pages.waiting import INTENT_LISTS
from feedback_nlp.pages.wording import count, percent, percent_interval

HEADINGS = {EMOTION: "What they feel", INTENT: "What they want"}
_LONGEST = 420  # characters of an answer that stands for praise or blame


def show_feelings(part: Slice) -> None:
    """Draw the feelings and intents of the whole view, and how many statements wait for somebody."""
    table = part.compute(feelings)
    if table.is_empty():
        return
    st.subheader("Feelings and intents")
    _side_by_side(part, table, "answers that say something")
    with st.container(horizontal=True):
        for intent, name in INTENT_LISTS.items():
            found = part.compute(to_act_on, intent=intent, limit=0)
            if found.total:
                word = WORDS[INTENT][intent].word
                st.page_link(
                    shell.page_path("review"),
                    label=f"{count(found.total)} statements: {word}",
                    icon=":material/priority_high:" if intent == "urgent" else ":material/logout:",
                    query_params={"queue": name},
                )


def show_theme_feelings(part: Slice, theme: dict[str, Any], row: dict[str, Any], outcome: Outcome) -> None:
    """Draw praise against blame within a theme, its emotions and its intents; a button filters the list below."""
    table = part.compute(feelings, theme_id=theme["theme_id"])
    n_scored = sum(row[f"n_{tone}"] or 0 for tone in _TONES)
    if not n_scored and table.is_empty():
        return
    st.subheader("How people feel about it")
    if n_scored:
        _praise_and_blame(part, theme, row, outcome)
    if not table.is_empty():
        _side_by_side(part, table, "answers that mention the theme", choose=True)


def filter_by(kind: str, name: str) -> None:
    """Set the filter of the list of verbatims to an emotion or intent; for a button's ``on_click``."""
    st.session_state[kind] = name


def _praise_and_blame(part: Slice, theme: dict[str, Any], row: dict[str, Any], outcome: Outcome) -> None:
    theme_id = theme["theme_id"]
    rows = [{"label": "The whole theme", **{f"n_{word}": row[f"n_{word}"] for word in _TONES}}]
    if theme["level"] == 1:
        parts = part.compute(theme_table, level=2, parent_id=theme_id, outcome=outcome)
        parts = parts.filter(pl.col("n_feedback") > 0).sort(["n_feedback", "theme_id"], descending=[True, False])
        rows += parts.select("label", *(f"n_{word}" for word in _TONES)).head(_MOST_PARTS).to_dicts()
    bars = pl.DataFrame(rows, schema={"label": pl.String, **{f"n_{word}": pl.Int64 for word in _TONES}}, orient="row")
    shell.draw(charts.sentiment_bar(bars), "Negative, neutral and positive statements of the theme and its sub-themes")
    torn = part.compute(find_verbatims, theme_id=theme_id, sentiment="mixed", limit=0)
    st.caption(
        f"Statements by how they sound. {count(torn.total)} of the {count(row['n_feedback'])} answers that mention the "
        "theme praise one thing in it and blame another."
    )
    for column, (tone, heading) in zip(st.columns(2, gap="large"), _SIDES.items(), strict=True):
        with column:
            found = part.compute(
                find_verbatims, theme_id=theme_id, sentiment=tone, order=f"most_{tone}", limit=_CANDIDATES
            )
            clearest = next((item for item in found.items if len(item.text) <= _LONGEST), None)
            st.caption(f"{heading}: {'the clearest of ' if clearest else ''}{count(found.total)} answers")
            if clearest is not None:
                st.html(f'<div class="fb-typical">{verbatim_html(clearest)}</div>')


_TONES = ("negative", "neutral", "positive")
_SIDES = {"positive": "Praise", "negative": "Blame"}
_MOST_PARTS = 6
_CANDIDATES = 20


def _side_by_side(part: Slice, table: pl.DataFrame, base_words: str, *, choose: bool = False) -> None:
    kinds = [kind for kind in HEADINGS if table.filter(kind=kind).height]
    for column, kind in zip(st.columns(len(kinds), gap="large"), kinds, strict=True):
        with column:
            _bars(part, table.filter(kind=kind), kind, base_words, choose)
    if table["suppressed"].any():
        shell.withheld_note(part.loaded.settings.privacy_minimum)


def _bars(part: Slice, table: pl.DataFrame, kind: str, base_words: str, choose: bool) -> None:
    words = WORDS[kind]
    meanings = " ".join(f"{feeling.word}: {feeling.meaning}" for feeling in words.values())
    st.markdown(f"**{HEADINGS[kind]}**", help=f"{meanings} {NOT_SURE}")
    shown = named_feelings(table, kind).filter(pl.col("n") > 0, pl.col("name") != NONE)
    if shown.is_empty():
        st.caption("None is expressed by enough people to be shown.")
    else:
        shell.draw(charts.feeling_bars(shown), f"{HEADINGS[kind]}: share of {base_words}, with 95% intervals")
    said = f"Share of the {count(table['base'][0])} {base_words}; one may express several."
    nothing = table.filter(pl.col("name") == NONE, pl.col("n_feedback").is_not_null())
    if nothing.height:
        none = nothing.row(0, named=True)
        interval = percent_interval(none["share_low"], none["share_high"])
        said += f" No emotion was found in {percent(none['share'])} ({interval}; {count(none['n_feedback'])})."
    st.caption(said)
    if choose and not shown.is_empty():
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key=f"choose_{kind}"):
            st.caption("Read those with:", width="content")
            for row in shown.iter_rows(named=True):
                word = words[row["name"]]
                st.button(
                    f"{word.word} ({count(row['n'])})",
                    key=f"read_{kind}_{row['name']}",
                    type="tertiary",
                    help=f"{word.meaning} Filters the list at the end of the page.",
                    on_click=filter_by,
                    args=(kind, row["name"]),
                )
