"""Lists that wait for somebody: who needs a person now, who may leave, and whose score and text disagree."""

from __future__ import annotations

import html
import io
from collections.abc import Callable
from typing import Any

import polars as pl
import streamlit as st

from feedback_nlp.analysis.acting import to_act_on
from feedback_nlp.analysis.disagreement import disagreements
from feedback_nlp.analysis.feeling_words import NOT_SURE, WORDS
from feedback_nlp.analysis.feelings import INTENT
from feedback_nlp.analysis.passages import read_asides
from feedback_nlp.analysis.verbatims import Span
from feedback_nlp.export_files import flat
from feedback_nlp.language_names import language_name
from feedback_nlp.pages import shell
from feedback_nlp.pages.data import Slice
from feedback_nlp.pages.quotes import marked_text, score_badges
from feedback_nlp.pages.wording import count, percent

INTENT_LISTS = {"urgent": "Urgent", "churn": "May leave"}
DISAGREEMENTS = "Score and text disagree"
LISTS = (*INTENT_LISTS.values(), DISAGREEMENTS)
PER_PAGE = 10
_CONTACT = ("external_id", "customer_id", "source", "channel")  # of the feedback, so that somebody can reply


def show_intent(part: Slice, intent: str) -> None:
    """Draw the statements of the view that have an intent, newest first, with a file of all of them."""
    word = WORDS[INTENT][intent]
    if part.frames.statements["intents"].is_null().all():
        st.info("Intents were not looked for in these texts: the scorer in force does not tell them.")
        return
    pager = f"waiting_{intent}"
    first = (st.session_state.get(pager, 1) - 1) * PER_PAGE
    found = part.compute(to_act_on, intent=intent, limit=PER_PAGE, offset=first)
    if _withheld(found.suppressed):
        return
    n = part.frames.statements.height
    st.caption(
        f"{count(found.total)} of the view\u2019s {count(n)} statements ({percent(found.total / max(n, 1), 1)}). "
        f"{word.meaning} Newest first. {NOT_SURE}"
    )
    if found.total == 0:
        st.info("No statement of this view says so.", icon=":material/task_alt:")
        return

    def everything() -> bytes:
        return csv_bytes(with_contact(part, to_act_on(part.frames, intent=intent, limit=found.total).items))

    _download(everything, f"feedback-{intent}.csv")
    statement_of = _by_key(part.frames.statements, "statement_id", found.items)
    feedback_of = _by_key(part.frames.feedback, "feedback_id", found.items)
    cards = []
    for item in found.items.iter_rows(named=True):
        said = statement_of[item["statement_id"]]
        themes = ", ".join(f"<bdi>{html.escape(label)}</bdi>" for label in item["theme_labels"])
        facts = [f"<span>{html.escape(word.word)}, probability {percent(item['probability'])}</span>"]
        facts += [f"<span>about {themes}</span>"] if themes else []
        cards.append(_card(feedback_of[item["feedback_id"]], (_span(said),), facts))
    st.html("".join(cards))
    _pages(found.total, pager)


def show_disagreements(part: Slice) -> None:
    """Draw the answers whose score contradicts their text, the widest gap first, with a file of all of them."""
    pager = "waiting_disagreements"
    first = (st.session_state.get(pager, 1) - 1) * PER_PAGE
    found = part.compute(disagreements, limit=PER_PAGE, offset=first)
    if _withheld(found.suppressed):
        return
    if found.base == 0:
        st.info("No answer of this view has both a score of a known direction and a text that was scored.")
        return
    st.caption(
        f"{count(found.total)} of the {count(found.base)} answers that were compared "
        f"({percent(found.total / found.base, 1)}).",
        help=found.how_to_read,
    )
    if found.total == 0:
        st.info("No score contradicts its text.", icon=":material/task_alt:")
        return
    st.caption(
        "A slip on a scale read the wrong way round, a loyal customer on a bad day, irony, or a text misread. "
        "Widest gap first."
    )

    def everything() -> bytes:
        items = disagreements(part.frames, limit=found.total).items
        texts = part.frames.feedback.select("feedback_id", "created_at", "language", "question", "text")
        return csv_bytes(with_contact(part, items.join(texts, on="feedback_id", how="left", maintain_order="left")))

    _download(everything, "feedback-score-and-text.csv")
    feedback_of = _by_key(part.frames.feedback, "feedback_id", found.items)
    said = part.frames.statements.join(found.items.select("feedback_id"), on="feedback_id", how="semi")
    cards = []
    for item in found.items.iter_rows(named=True):
        own = said.filter(pl.col("feedback_id") == item["feedback_id"]).sort("start")
        spans = tuple(_span(row) for row in own.iter_rows(named=True))
        facts = [f"<span><b>{html.escape(item['reason'])}</b></span>", f"<span>gap {item['gap']:.2f} of 1</span>"]
        cards.append(_card(feedback_of[item["feedback_id"]], spans, facts))
    st.html("".join(cards))
    _pages(found.total, pager)


def with_contact(part: Slice, items: pl.DataFrame) -> pl.DataFrame:
    """Add what is needed to find the customer again to a table with feedback_id."""
    known = part.frames.feedback.select("feedback_id", *_CONTACT)
    return items.join(known, on="feedback_id", how="left", maintain_order="left")


def csv_bytes(table: pl.DataFrame) -> bytes:
    """Return a table as a CSV file for spreadsheets, in which no text can run as a formula."""
    buffer = io.BytesIO()
    flat(table).write_csv(buffer, include_bom=True)
    return buffer.getvalue()


def _span(row: dict[str, Any]) -> Span:
    found = {name: tuple(row[name] or ()) for name in ("emotions", "intents")}
    return Span(row["start"], row["end"], (), (), row["sentiment_label"], True, **found)


def _by_key(table: pl.DataFrame, key: str, wanted: pl.DataFrame) -> dict[str, dict[str, Any]]:
    rows = table.join(wanted.select(key).unique(), on=key, how="semi")
    return {row[key]: row for row in rows.iter_rows(named=True)}


def _card(feedback: dict[str, Any], spans: tuple[Span, ...], facts: list[str]) -> str:
    language = html.escape(feedback["language"] or "und", quote=True)
    scores = {name.removeprefix("score."): v for name, v in feedback.items() if name.startswith("score.")}
    known = {name: value for name, value in scores.items() if value is not None}
    meta = [f"<span>{feedback['created_at']:%d %b %Y}</span>"] if feedback["created_at"] is not None else []
    meta.append(f"<span>{html.escape(language_name(feedback['language']))}</span>")
    meta += [f'<span dir="auto">\u201c{html.escape(feedback["question"])}\u201d</span>'] if feedback["question"] else []
    meta.append(f"<span>id {html.escape(feedback['external_id'] or feedback['feedback_id'])}</span>")
    text = marked_text(feedback["text"], spans, read_asides(feedback["asides"]), feelings=True)
    return (
        f'<article class="fb-verbatim"><div class="fb-badges">{"".join(score_badges(known, feedback["nps_segment"]))}'
        f'</div><div class="fb-text" dir="auto" lang="{language}">{text}</div>'
        f'<div class="fb-meta">{"".join(facts)}</div><div class="fb-meta">{"".join(meta)}</div></article>'
    )


def _download(data: Callable[[], bytes], name: str) -> None:
    st.download_button(
        "Download all as CSV", data, name, "text/csv", icon=":material/download:", on_click="ignore", key=f"get_{name}"
    )


def _withheld(suppressed: bool) -> bool:
    if suppressed:
        st.info("Too few people wrote this to show it without showing who they are.", icon=":material/visibility_off:")
    return suppressed


def _pages(total: int, key: str) -> None:
    pages = -(-total // PER_PAGE)
    if pages > 1:
        st.pagination(pages, key=key)


@st.fragment
def show_list(part: Slice, name: str) -> None:
    """Draw one of :data:`LISTS`; only this part is drawn again when the reader turns a page."""
    with shell.guarded("waiting"):
        for intent, list_name in INTENT_LISTS.items():
            if list_name == name:
                show_intent(part, intent)
        if name == DISAGREEMENTS:
            show_disagreements(part)
