"""Closing the loop: unhappy customers who asked to be called back, with owner, due date and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd
import polars as pl
import streamlit as st

from feedback_nlp.analysis.call_backs import DAYS_DUE, asking_column, call_backs
from feedback_nlp.analysis.passages import placeholder_pieces
from feedback_nlp.errors import FeedbackError, NothingToShow
from feedback_nlp.language_names import language_name
from feedback_nlp.pages import acting, shell
from feedback_nlp.pages.data import Slice, open_store
from feedback_nlp.pages.waiting import csv_bytes
from feedback_nlp.pages.wording import count, dimension_name, plain
from feedback_nlp.records import CALL_STATES

if TYPE_CHECKING:
    from feedback_nlp.store import Store

EDITABLE = ("owner", "due", "state")
# The editor's own file would hold what customers wrote as it is, formulas too: only the button below writes one.
_NO_OTHER_FILE = '<style>.st-key-call_list [aria-label="Download as CSV"] {display:none}</style>'


def show_call_list(part: Slice) -> None:
    """Draw the list, a way to edit it, and a file of it."""
    st.subheader("Call-backs")
    with shell.guarded("call_list"), st.container(key="call_list"):
        st.html(_NO_OTHER_FILE)
        _draw(part)


def _draw(part: Slice) -> None:
    asked = _asked(part)
    if asked is None:
        return
    everybody = st.toggle(
        "Passives and promoters too", key="call_everybody", help="By default only the unhappy who asked."
    )
    settings = part.loaded.settings
    store = open_store(settings.db)
    table = call_backs(part.frames, asked=asked, calls=store.calls(), everybody=everybody)
    if table.is_empty():
        st.info("Nobody in this view is unhappy and asked to be called back.", icon=":material/task_alt:")
        return
    waiting = table.filter(state="open").height
    st.caption(
        f"{count(table.height)} customers said yes in \u201c{plain(dimension_name(asked))}\u201d, {count(waiting)} of "
        f"them still open; the urgent first, then the lowest score. Due {DAYS_DUE} days after the answer unless you "
        "say otherwise. Owner, due and state can be edited; then save."
    )
    key = f"calls_{asked}_{everybody}_{st.session_state.get('_calls_saved', 0)}"
    st.data_editor(
        _shown(table),
        hide_index=True,
        height=min(38 + 35 * table.height, 560),
        column_config=_columns(),
        disabled=[name for name in _columns() if name not in EDITABLE],
        num_rows="fixed",
        key=key,
    )
    with st.container(horizontal=True):
        edited = st.session_state.get(key, {}).get("edited_rows", {})
        save = st.button("Save changes", type="primary", icon=":material/save:", key="save_calls", disabled=not edited)
        st.download_button(
            "Download all as CSV",
            lambda: csv_bytes(table),
            "feedback-call-backs.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
            key="get_calls",
        )
    if save:
        try:
            n = save_calls(store, acting.author_name(settings), table, edited)
        except FeedbackError as error:
            st.warning(plain(str(error)), icon=":material/error:")
            return
        st.session_state["_calls_saved"] = st.session_state.get("_calls_saved", 0) + 1
        shell.leave_message(f"{count(n)} call{'s are' if n != 1 else ' is'} changed.")
        st.rerun()


def _asked(part: Slice) -> str | None:
    """The segment that says who asked: the one named so, or the one that the reader chooses."""
    names = list(part.frames.segment_names)
    try:
        return asking_column(part.frames)
    except NothingToShow:
        pass
    if not names:
        st.info("No column says who asked to be called back: this feedback has no segments.")
        return None
    st.caption("No segment is named as if it said who asked to be called back. Choose the one that does, if any.")
    return st.selectbox(
        "Who asked is said by",
        names,
        index=None,
        format_func=dimension_name,
        placeholder="Choose a segment",
        key="asked",
        help="Its value is yes (or sì, da, tak, да, نعم) for those who asked.",
    )


def save_calls(store: Store, author: str, table: pl.DataFrame, edited: Mapping[int, Mapping[str, Any]]) -> int:
    """Write the edited rows of the list down and return how many; raises what ``Store.set_calls`` raises.

    ``edited`` maps a row's place to the columns that changed, as the editor tells it.
    """
    for place, facts in sorted(edited.items()):
        # A day that is taken away stays as it was: every call has one.
        given = {name: _fact(facts[name]) for name in EDITABLE if name in facts and (facts[name] or name == "owner")}
        store.set_calls([table["feedback_id"][int(place)]], author, **given)
    return len(edited)


def _fact(value: Any) -> str | None:
    if isinstance(value, date):
        return value.isoformat()[:10]
    return "" if value is None else str(value)[:80].strip()


def _shown(table: pl.DataFrame) -> pd.DataFrame:
    rows = [
        {
            "urgent": "urgent" if row["is_urgent"] else "",
            "score": row["score"],
            "text": "".join(f"[{piece}]" if hole else piece for piece, hole in placeholder_pieces(row["text"])),
            "themes": ", ".join(row["theme_labels"]),
            "owner": row["owner"],
            "due": None if row["due"] is None else date.fromisoformat(row["due"]),
            "state": row["state"],
            "customer": row["customer_id"] or row["external_id"] or row["feedback_id"],
            "answered": None if row["created_at"] is None else row["created_at"].date(),
            "language": language_name(row["language"]),
        }
        for row in table.iter_rows(named=True)
    ]
    return pd.DataFrame(rows, columns=list(_columns()))


def _columns() -> dict[str, Any]:
    column = st.column_config
    return {
        "urgent": column.TextColumn("Urgent", width=70),
        "score": column.NumberColumn("NPS", format="%.0f", width=50),
        "text": column.TextColumn("What they wrote", width=380),
        "themes": column.TextColumn("Themes", width=180),
        "owner": column.TextColumn("Owner", max_chars=80, help="Who calls. Click to edit."),
        "due": column.DateColumn("Due", format="YYYY-MM-DD", help="Click to edit."),
        "state": column.SelectboxColumn("State", options=list(CALL_STATES), required=True, help="Click to edit."),
        "customer": column.TextColumn("Customer", help="The customer, else the id of the answer."),
        "answered": column.DateColumn("Answered", format="YYYY-MM-DD"),
        "language": column.TextColumn("Language"),
    }
