"""Carrying out an edit: one at a time, with a sign that it works, what came of it, and a way back."""

from __future__ import annotations

import getpass
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import streamlit as st

from feedback_nlp.errors import FeedbackError, StoreError
from feedback_nlp.pages.data import forget, open_store
from feedback_nlp.pages.wording import count, plain
from feedback_nlp.records import STRUCTURAL_EDITS
from feedback_nlp.settings import Settings

if TYPE_CHECKING:
    from feedback_nlp.pipeline.editing import EditSummary
    from feedback_nlp.store import Store

T = TypeVar("T")

OUTCOME_KEY = "_edit_outcome"
AUTHOR_KEY = "_edit_author"
SETTLED_KEY = "_settled"  # what the reader said of statements under review: statement id -> edit kind or "skipped"
MOST_CONFLICTS = 5  # told at once; the page of changes lists them all


@dataclass(frozen=True)
class Done:
    """What became of edits made at once, kept until the reader has seen it; no ``edit_ids`` when they were undone."""

    words: str
    kind: str
    edit_ids: tuple[int, ...]
    conflicts: tuple[str, ...]


def author_name(settings: Settings) -> str:
    """Return the name written beside edits: what the reader gave, the setting, else the system's user."""
    given = str(st.session_state.get(AUTHOR_KEY) or "").strip()
    if given or settings.author:
        return given or settings.author
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        raise StoreError("Edits need an author. Set FEEDBACK_AUTHOR or author in feedback.toml.") from None


def author_box(settings: Settings, key: str) -> None:
    """Let the reader say who they are; kept for the session, on every page."""
    box = f"author_{key}"
    st.session_state.setdefault(box, author_name(settings))

    def keep() -> None:
        st.session_state[AUTHOR_KEY] = st.session_state[box]

    st.text_input(
        "Your name", key=box, max_chars=80, on_change=keep, help="Kept beside each edit, with the time, for everybody."
    )


def carry_out(
    settings: Settings, kind: str, theme_id: str, payload: Mapping[str, Any], words: str
) -> EditSummary | None:
    """Carry out an edit and keep ``words`` (safe Markdown) for the next run; None where it does not fit, and say so.

    Nothing is drawn while it works, so that a click elsewhere cannot end it half-way.
    """
    from feedback_nlp.pipeline.editing import edit_theme

    def edit(store: Store, author: str) -> EditSummary:
        return edit_theme(store, settings, kind, theme_id, payload, author)

    return carry_out_as(settings, kind, edit, words)


def carry_out_as(
    settings: Settings, kind: str, edit: Callable[[Store, str], EditSummary], words: str
) -> EditSummary | None:
    """Do the same with an edit of a kind that is made by a call with the store and the author."""
    store, author = open_store(settings.db), author_name(settings)

    def made() -> EditSummary:
        summary = edit(store, author)
        st.session_state[OUTCOME_KEY] = _done(summary, f"{words} By {plain(author)}.", (summary.edit_id,))
        return summary

    return _one_at_a_time(made, kind, True)


def settle(settings: Settings, kind: str, theme_id: str, statements: Sequence[str], words: str) -> bool:
    """Assign a theme to statements, or unassign it, and return whether that went well.

    The frames are left as they are: statements are settled one after the other, and reading all again takes time.
    """
    from feedback_nlp.pipeline.editing import edit_theme

    store, author = open_store(settings.db), author_name(settings)

    def edit() -> EditSummary:
        done = [edit_theme(store, settings, kind, theme_id, {"statement": i}, author) for i in statements]
        ids = tuple(summary.edit_id for summary in done)
        st.session_state[OUTCOME_KEY] = _done(done[-1], f"{words} By {plain(author)}.", ids)
        return done[-1]

    return _one_at_a_time(edit, kind, False) is not None


def take_back(settings: Settings, edit_ids: Sequence[int], kind: str) -> bool:
    """Undo edits of a kind; False where somebody else has already, and say so."""
    from feedback_nlp.pipeline.editing import undo

    store, author = open_store(settings.db), author_name(settings)

    def take() -> EditSummary:
        summaries = [undo(store, settings, edit_id, author) for edit_id in reversed(edit_ids)]
        words = f"{_edits(edit_ids)} {'is' if len(edit_ids) == 1 else 'are'} undone. By {plain(author)}."
        st.session_state[OUTCOME_KEY] = _done(summaries[-1], words, ())
        settled = st.session_state.get(SETTLED_KEY, {})
        for statement_id in [i for i, said in settled.items() if said != "skipped"]:
            del settled[statement_id]  # the figures are read anew, and say which are settled still
        return summaries[-1]

    return _one_at_a_time(take, kind, True) is not None


def finish_edits(settings: Settings) -> bool:
    """Publish edits that are written down but not carried out; whether that went well."""
    from feedback_nlp.pipeline.editing import republish

    store = open_store(settings.db)
    return _one_at_a_time(lambda: republish(store, settings), "merge", True) is not None


def show_outcome(settings: Settings) -> None:
    """Say what became of the last edit, once, with a button that takes it back."""
    done: Done | None = st.session_state.get(OUTCOME_KEY)
    if done is None:
        return
    with st.container(border=True, key="edit_outcome"):
        st.success(done.words, icon=":material/check_circle:")
        for conflict in done.conflicts:
            st.warning(conflict, icon=":material/error:")
        with st.container(horizontal=True):
            ids = done.edit_ids
            undo = bool(ids) and st.button(f"Undo {_edits(ids).lower()}", icon=":material/undo:", key="undo_last")
            if undo and take_back(settings, ids, done.kind):
                st.rerun()
            if st.button("Close", key="close_outcome"):
                del st.session_state[OUTCOME_KEY]
                st.rerun()


def _edits(ids: Sequence[int]) -> str:
    return f"Edit {ids[0]}" if len(ids) == 1 else f"Edits {ids[0]} to {ids[-1]}"


def _done(summary: EditSummary, words: str, edit_ids: tuple[int, ...]) -> Done:
    if summary.kind in STRUCTURAL_EDITS:
        words += (
            f" {count(summary.n_retagged)} statement{'s have' if summary.n_retagged != 1 else ' has'} other themes "
            f"than before (codebook version {summary.codebook_version})."
        )
    told = [
        f"Edit {conflict.edit_id} no longer fits: {plain(conflict.reason)}"
        for conflict in summary.conflicts[:MOST_CONFLICTS]
    ]
    return Done(words, summary.kind, edit_ids, tuple(told))


def _one_at_a_time(act: Callable[[], T], kind: str, reread: bool) -> T | None:
    words = "Tagging all statements again \u2026" if kind in STRUCTURAL_EDITS else "Writing it down \u2026"
    turn = _turn()
    if not turn.acquire(blocking=False):
        with st.spinner("Somebody else\u2019s edit is being carried out; yours is next \u2026", show_time=True):
            turn.acquire()
    try:
        with st.spinner(words, show_time=True):
            result = act()
            if reread:
                forget()
        return result
    except FeedbackError as error:
        st.warning(plain(str(error)), icon=":material/error:")
        return None
    finally:
        turn.release()


@st.cache_resource(show_spinner=False)
def _turn() -> threading.Lock:
    """One edit at a time in this process; other processes are kept apart by the database."""
    return threading.Lock()
