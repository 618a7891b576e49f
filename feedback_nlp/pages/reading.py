"""The list of verbatims on a theme's page: filter, search, order, and page through what customers wrote."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from feedback_nlp.analysis.feeling_words import WORDS
from feedback_nlp.analysis.feelings import EMOTION, INTENT, feelings
from feedback_nlp.analysis.verbatims import find_verbatims
from feedback_nlp.pages import shell
from feedback_nlp.pages.correcting import chosen_bar, correct_statements, statements_of
from feedback_nlp.pages.data import Slice
from feedback_nlp.pages.quotes import verbatim_html
from feedback_nlp.pages.why import show_why
from feedback_nlp.pages.wording import count
from feedback_nlp.records import stable_hash

PER_PAGE = 10
ORDERS = {
    "relevant": "Most typical first",
    "newest": "Newest first",
    "oldest": "Oldest first",
    "most_negative": "Most negative first",
    "most_positive": "Most positive first",
}
SENTIMENTS = ("negative", "mixed", "neutral", "positive")


def read_verbatims(part: Slice, theme: dict[str, Any]) -> None:
    """Draw the verbatims of a theme; only this part is drawn again when its own filters change."""
    st.subheader("What people wrote")
    _list(part, theme)


@st.fragment
def _list(part: Slice, theme: dict[str, Any]) -> None:
    # A fragment is drawn again without the router around it, so it brings its own guard.
    with shell.guarded("verbatims"):
        _draw(part, theme)


def _draw(part: Slice, theme: dict[str, Any]) -> None:
    theme_id = theme["theme_id"]
    columns = st.columns([10, 9, 7], vertical_alignment="bottom")
    found = part.compute(feelings, theme_id=theme_id)
    with columns[0]:
        tone = st.segmented_control("Sentiment", SENTIMENTS, key="sentiment", bind="query-params")
    with columns[1]:
        search = st.text_input(
            "Search", key="search", bind="query-params", placeholder="Words, any language", type="search"
        )
    with columns[2]:
        labels = list(ORDERS)
        order = st.selectbox("Order", labels, key="order", bind="query-params", format_func=lambda name: ORDERS[name])
    with st.container(horizontal=True, gap="large"):
        expressed = {kind: _kind_filter(found, kind) for kind in (EMOTION, INTENT)}
    picked = {"theme_id": theme_id, "sentiment": tone, **expressed}
    picked |= {"search": (search or "").strip() or None, "order": order}
    # Filters that change start again at the first page: the key of the pager names them.
    pager = "page_" + stable_hash(*(str(value or "") for value in picked.values()), size=6)
    at = st.session_state.get(pager, 1)
    page = find_verbatims(part.frames, **picked, limit=PER_PAGE, offset=(at - 1) * PER_PAGE)
    if page.suppressed:
        st.info("Too few people wrote this to show it without showing who they are.", icon=":material/visibility_off:")
        return
    if page.total == 0:
        st.info(
            "Nothing fits. Choose another sentiment, emotion or intent, or other words.", icon=":material/search_off:"
        )
        return
    first = (at - 1) * PER_PAGE + 1
    aside = any(item.asides for item in page.items)
    st.caption(
        f"{count(first)}\u2013{count(first + len(page.items) - 1)} of {count(page.total)} answers. "
        "Marked: the words that belong to the theme, coloured by how they sound; the chip behind them says so in "
        "words, with emotions and intents."
        + (
            " Small and grey: what was set aside, such as signatures or logs; search does not look there."
            if aside
            else ""
        )
    )
    with st.container(horizontal=True):
        correct = st.toggle(
            "Correct",
            key="correct",
            help="Choose statements as examples of what the theme is like or not like, make a new theme of some, or "
            "put the tags of a single one right.",
        )
        explain = part.loaded.settings.sentiment != "off" and st.toggle(
            "Why this sentiment", key="why", help="Below each answer: the words that made it positive or negative."
        )
    if explain or correct:
        if correct:
            chosen_bar(part, theme)
        statements = statements_of(part, [item.feedback_id for item in page.items])
        for item in page.items:
            own = statements.get(item.feedback_id, [])
            with st.container(key=f"verbatim_{item.feedback_id}"):
                st.html(verbatim_html(item))
                if explain:
                    show_why(part, [said for said in own if theme_id in said.theme_ids], item.feedback_id)
                if correct:
                    correct_statements(part, theme_id, own)
    else:
        st.html("".join(verbatim_html(item) for item in page.items))
    pages = -(-page.total // PER_PAGE)
    if pages > 1:
        st.pagination(pages, key=pager)


def _kind_filter(found: pl.DataFrame, kind: str) -> str | None:
    """A choice among the emotions or intents that are expressed; not drawn when there is none."""
    # One whose count is withheld can be chosen all the same: it only picks among texts that may be listed anyway.
    some = (pl.col("n_feedback") > 0) | pl.col("suppressed")
    names = found.filter(pl.col("kind") == kind, some)["name"].to_list()
    chosen = st.session_state.get(kind)
    if chosen is not None and chosen not in names and chosen in WORDS[kind]:
        names.append(chosen)  # a copied address names one that nobody expresses in this view
    if not names:
        return None
    return st.pills(
        kind.capitalize(), names, key=kind, bind="query-params", format_func=lambda name: WORDS[kind][name].word
    )
