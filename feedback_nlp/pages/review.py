"""Review: what a person should look at. Statements whose tag is a close call, to settle, and customers who wait."""

from __future__ import annotations

import html
from typing import Any

import polars as pl
import streamlit as st

from feedback_nlp.analysis.passages import read_asides
from feedback_nlp.analysis.reviewing import statements_to_review
from feedback_nlp.analysis.verbatims import Span
from feedback_nlp.language_names import language_name
from feedback_nlp.pages import acting, shell
from feedback_nlp.pages.data import Slice, current_slice, forget
from feedback_nlp.pages.editing import theme_names
from feedback_nlp.pages.quotes import marked_text
from feedback_nlp.pages.waiting import LISTS, show_list
from feedback_nlp.pages.wording import count, plain

AT_ONCE = 8
CLOSE_CALLS = "Close calls"
MOST_ALIKE = 20  # statements of the same words that one answer settles; each is an edit
_REASONS = {
    "near the threshold": "Near the threshold: a little nearer or farther, and it would (not) have the theme.",
    "between two themes": "Between two themes: another one is nearly as near.",
}


def _page() -> None:
    shell.heading("review", "What a person should look at: close calls of themes, and customers who wait for somebody.")
    part = current_slice()
    shell.view_sentence(part)
    chosen = st.segmented_control(
        "List", [CLOSE_CALLS, *LISTS], default=CLOSE_CALLS, required=True, key="queue", bind="query-params"
    )
    if chosen in LISTS:
        show_list(part, str(chosen))
        return
    st.caption("Statements whose theme is in doubt. Settle a few; each answer holds for good.")
    if not part.loaded.has_themes:
        shell.no_themes()
        return
    acting.author_box(part.loaded.settings, "review")
    _queue(part)


@st.fragment
def _queue(part: Slice) -> None:
    with shell.guarded("review"):
        _draw(part)


def _draw(part: Slice) -> None:
    settled: dict[str, str] = st.session_state.setdefault(acting.SETTLED_KEY, {})
    acting.show_outcome(part.loaded.settings)
    names = theme_names(part)
    found = part.compute(statements_to_review).filter(pl.col("best_theme_id").is_in(list(names)))
    left, right = st.columns(2)
    with left:
        about = sorted(found["best_theme_id"].unique(), key=lambda i: names[i])
        theme = st.selectbox(
            "Theme in question", about, index=None, format_func=names.__getitem__, placeholder="All", key="review_theme"
        )
    with right:
        reasons = sorted(found["review"].unique())
        reason = st.pills(
            "Why", reasons, key="review_reason", help=" ".join(_REASONS.get(r, r) for r in reasons) or None
        )
    if theme is not None:
        found = found.filter(best_theme_id=theme)
    if reason is not None:
        found = found.filter(review=reason)
    total = found.height
    waiting = found.filter(~pl.col("statement_id").is_in(list(settled)))
    if settled:
        with st.container(horizontal=True, vertical_alignment="center"):
            skipped = sum(said == "skipped" for said in settled.values())
            st.caption(f"Settled now: {count(len(settled) - skipped)}; skipped: {count(skipped)}.", width="content")
            if st.button("Bring figures up to date", icon=":material/refresh:", key="review_refresh"):
                settled.clear()
                forget()
                st.rerun()
    if waiting.is_empty():
        st.info(
            "Nothing is left to settle here." if total else "No statement that may be shown is near a boundary here.",
            icon=":material/task_alt:",
        )
        return
    st.caption(
        f"{count(waiting.height)} of the view\u2019s {count(part.frames.statements.height)} statements are close "
        "calls; the closest come first. Statements of themes with too few people are not shown."
    )
    # The same words with the same theme in question are settled with one answer.
    first = pl.all().exclude("statement_id", "text_hash", "best_theme_id").first()
    alike = waiting.group_by("text_hash", "best_theme_id", maintain_order=True).agg(
        pl.col("statement_id").first(), pl.col("statement_id").head(MOST_ALIKE).alias("same"), first
    )
    for row in alike.head(AT_ONCE).iter_rows(named=True):
        _card(part, row, names, settled)


def _card(part: Slice, row: dict[str, Any], names: dict[str, str], settled: dict[str, str]) -> None:
    statement_id, best = row["statement_id"], row["best_theme_id"]
    feedback = part.frames.feedback.row(by_predicate=pl.col("feedback_id") == row["feedback_id"], named=True)
    has = best in row["theme_ids"]
    with st.container(border=True, key=f"review_{statement_id}"):
        span = Span(row["start"], row["end"], (best,), (names[best],), row["sentiment_label"], True)
        language = html.escape(row["language"] or "und", quote=True)
        tagged = [i for i in row["theme_ids"] if i in names and i not in part.frames.withheld]
        now = ", ".join(f"<bdi>{html.escape(names[i])}</bdi>" for i in tagged) or "no theme"
        said_often = f"<span>said {count(len(row['same']))} times</span>" if len(row["same"]) > 1 else ""
        st.html(
            '<article class="fb-plain">'
            f'<div class="fb-text" dir="auto" lang="{language}">'
            f"{marked_text(feedback['text'], (span,), read_asides(feedback['asides']))}</div>"
            f'<div class="fb-meta"><span>{html.escape(language_name(row["language"]))}</span>'
            f"<span>tagged with: {now}</span>"
            f"{said_often}<span>{html.escape(row['review'])}, margin {_margin(row['margin'])}</span></div>"
            "</article>"
        )
        name = plain(names[best])
        st.markdown(f"Does the marked statement belong to **{name}**? It {'does' if has else 'does not'} now.")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            if st.button("Yes", icon=":material/check:", key=f"yes_{statement_id}", help=f"It belongs to {name}."):
                _settle(part, settled, row, "assign", best, name)
            if st.button(
                "No", icon=":material/close:", key=f"no_{statement_id}", help=f"It does not belong to {name}."
            ):
                _settle(part, settled, row, "unassign", best, name)
            with st.popover("Another theme", icon=":material/label:"):
                others = [i for i in names if i != best]
                other = st.selectbox(
                    "It belongs to", others, index=None, format_func=names.__getitem__, key=f"other_{statement_id}"
                )
                if other is not None and st.button("Add the theme", type="primary", key=f"add_{statement_id}"):
                    _settle(part, settled, row, "assign", other, plain(names[other]))
            if st.button("Skip", icon=":material/skip_next:", key=f"skip_{statement_id}"):
                settled.update(dict.fromkeys(row["same"], "skipped"))
                shell.rerun_part()


def _margin(margin: float | None) -> str:
    return "unknown" if margin is None else f"{margin:.3f}" if margin >= 0.001 else "under 0.001"


def _settle(part: Slice, settled: dict[str, str], row: dict[str, Any], kind: str, theme_id: str, name: str) -> None:
    """Write the answer down; figures are read again when the reader moves on, not after each click."""
    n = len(row["same"])
    what = "A statement" if n == 1 else f"{count(n)} statements of the same words"
    verb = (
        ("belongs to" if n == 1 else "belong to")
        if kind == "assign"
        else ("is not" if n == 1 else "are not") + " about"
    )
    if acting.settle(part.loaded.settings, kind, theme_id, row["same"], f"{what} {verb} \u201c{name}\u201d."):
        settled.update(dict.fromkeys(row["same"], kind))
        shell.rerun_part()


_page()
