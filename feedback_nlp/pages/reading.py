"""The list of verbatims on a theme's page: filter, search, order, and page through what customers wrote."""

from __future__ import annotations

from typing import Any

import streamlit as st

from feedback_nlp.analysis.verbatims import find_verbatims
from feedback_nlp.pages import shell
from feedback_nlp.pages.correcting import chosen_bar, correct_statements, statements_of
from feedback_nlp.pages.data import Slice
from feedback_nlp.pages.quotes import verbatim_html
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
    with columns[0]:
        tone = st.segmented_control("Sentiment", SENTIMENTS, key="sentiment", bind="query-params")
    with columns[1]:
        search = st.text_input(
            "Search", key="search", bind="query-params", placeholder="Words, any language", type="search"
        )
    with columns[2]:
        labels = list(ORDERS)
        order = st.selectbox("Order", labels, key="order", bind="query-params", format_func=lambda name: ORDERS[name])
    picked = {"theme_id": theme_id, "sentiment": tone, "search": (search or "").strip() or None, "order": order}
    # Filters that change start again at the first page: the key of the pager names them.
    pager = "page_" + stable_hash(theme_id, tone or "", picked["search"] or "", order, size=6)
    at = st.session_state.get(pager, 1)
    page = find_verbatims(part.frames, **picked, limit=PER_PAGE, offset=(at - 1) * PER_PAGE)
    if page.suppressed:
        st.info("Too few people wrote this to show it without showing who they are.", icon=":material/visibility_off:")
        return
    if page.total == 0:
        st.info("Nothing fits. Choose another sentiment or other words.", icon=":material/search_off:")
        return
    first = (at - 1) * PER_PAGE + 1
    aside = any(item.asides for item in page.items)
    st.caption(
        f"{count(first)}\u2013{count(first + len(page.items) - 1)} of {count(page.total)} answers. "
        "Marked: the words that belong to the theme, coloured by how they sound."
        + (
            " Small and grey: what was set aside, such as signatures or logs; search does not look there."
            if aside
            else ""
        )
    )
    if st.toggle(
        "Correct",
        key="correct",
        help="Choose statements as examples of what the theme is like or not like, make a new theme of some, or put "
        "the tags of a single one right.",
    ):
        chosen_bar(part, theme)
        statements = statements_of(part, [item.feedback_id for item in page.items])
        for item in page.items:
            with st.container(key=f"verbatim_{item.feedback_id}"):
                st.html(verbatim_html(item))
                correct_statements(part, theme_id, statements.get(item.feedback_id, []))
    else:
        st.html("".join(verbatim_html(item) for item in page.items))
    pages = -(-page.total // PER_PAGE)
    if pages > 1:
        st.pagination(pages, key=pager)
