"""What no theme covers yet: groups of like statements from several people, to read and to accept as a theme."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import polars as pl
import streamlit as st

from feedback_nlp.language_names import language_name
from feedback_nlp.pages import acting, shell
from feedback_nlp.pages.data import Slice, open_store
from feedback_nlp.pages.quotes import marked_text
from feedback_nlp.pages.wording import count, number, plain
from feedback_nlp.settings import Settings

if TYPE_CHECKING:
    from feedback_nlp.pipeline.editing import EditSummary
    from feedback_nlp.pipeline.emerging import EmergingGroup
    from feedback_nlp.store import Store

ASKED_KEY = "_emerging_asked"  # the reader wants them looked for, in this session
SAMPLES = 3
SHOWN = 12  # groups at once


def show_emerging(part: Slice) -> None:
    """Draw the groups, looked for when the reader asks: it takes the encoder and some seconds."""
    st.subheader("Not covered by any theme yet")
    settings = part.loaded.settings
    st.caption(
        f"Statements of like meaning that no theme covers, from at least {settings.privacy_minimum} people. All "
        "feedback is looked at: the filters do not hold here."
    )
    left, right = st.columns([2, 3], vertical_alignment="bottom")
    with left:
        months = int(st.number_input("Said in at least so many months", 1, 24, 2, key="emerging_months"))
    with right:
        if st.button("Look for emerging groups", icon=":material/travel_explore:", key="find_emerging"):
            st.session_state[ASKED_KEY] = True
    if not st.session_state.get(ASKED_KEY):
        return
    with shell.guarded("emerging"):
        groups = _groups(part.loaded.key, open_store(settings.db), settings, months)
        if not groups:
            st.info(
                f"No group of at least {settings.privacy_minimum} people in {months} month{'s' * (months > 1)} is "
                "without a theme.",
                icon=":material/task_alt:",
            )
            return
        acting.author_box(settings, "emerging")
        for group in groups[:SHOWN]:
            _group(part, group)
        if len(groups) > SHOWN:
            st.caption(f"{SHOWN} of {len(groups)} groups, those of most people.")


@st.cache_resource(max_entries=4, show_spinner="Looking for what no theme covers \u2026")
def _groups(key: tuple[Any, ...], _store: Store, _settings: Settings, months: int) -> tuple[EmergingGroup, ...]:
    from feedback_nlp.pipeline.emerging import find_emerging

    return find_emerging(_store, _settings, least_months=months)


def _group(part: Slice, group: EmergingGroup) -> None:
    languages = ", ".join(f"{language_name(code)} {n}" for code, n in group.languages.items())
    when = "" if group.first is None or group.last is None else f", {group.first:%d %b %Y} to {group.last:%d %b %Y}"
    feeling = "" if group.sentiment is None else f", sentiment {number(group.sentiment, signed=True, digits=2)}"
    with st.container(border=True, key=f"emerging_{group.group_id}"):
        st.html(
            f'<div class="fb-text" dir="auto"><b>{html.escape(group.label)}</b></div>'
            f'<div class="fb-meta"><span>{count(group.n_people)} people</span><span>{count(group.n_statements)} '
            f"statements in {count(group.n_months)} month{'s' * (group.n_months != 1)}{when}</span>"
            f"<span>{html.escape(languages)}{feeling}</span></div>" + samples_html(part, group.statement_ids)
        )
        with (
            st.form(f"accept_{group.group_id}", border=False),
            st.container(horizontal=True, vertical_alignment="bottom"),
        ):
            label = st.text_input("Label", value=group.label, max_chars=120, key=f"label_{group.group_id}")
            if st.form_submit_button("Make it a theme", icon=":material/add:"):
                _accept(part.loaded.settings, group, label.strip() or group.label)


def samples_html(part: Slice, statement_ids: tuple[str, ...]) -> str:
    """Return a few statements of a group as quotes, escaped, each in its own direction.

    Those nearest to the centre come first, of different words; one a language before a second of any.
    """
    wanted = pl.DataFrame({"statement_id": list(statement_ids)}, schema={"statement_id": pl.String})
    letters = pl.col("text").str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", "")
    found = (
        wanted.join(part.loaded.frames.statements, on="statement_id", how="inner", maintain_order="left")
        .unique(letters, keep="first", maintain_order=True)
        .with_columns(pl.int_range(pl.len()).over("language").alias("__nth__"))
        .sort("__nth__", maintain_order=True)
        .head(SAMPLES)
    )
    return "".join(
        f'<div class="fb-said" style="margin-top:.45rem" dir="auto" '
        f'lang="{html.escape(row["language"] or "und", quote=True)}">{marked_text(row["text"], ())}</div>'
        for row in found.iter_rows(named=True)
    )


def _accept(settings: Settings, group: EmergingGroup, label: str) -> None:
    from feedback_nlp.pipeline.emerging import accept_emerging

    def edit(store: Store, author: str) -> EditSummary:
        return accept_emerging(store, settings, group, author, label=label)

    if acting.carry_out_as(settings, "create", edit, f"\u201c{plain(label)}\u201d is a theme now."):
        st.rerun()
