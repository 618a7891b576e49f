"""Changes: what people did to the themes and what discovery did, how to take it back, and what no longer fits."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

import streamlit as st

from feedback_nlp.errors import FeedbackError
from feedback_nlp.pages import acting, shell, versions
from feedback_nlp.pages.data import Loaded, load, open_store
from feedback_nlp.pages.wording import count, plain
from feedback_nlp.records import STRUCTURAL_EDITS
from feedback_nlp.store import Store

PER_PAGE = 10


def _page() -> None:
    shell.heading(
        "changes",
        "Every edit with who and when, and what became of themes from version to version; filters do not count here.",
    )
    loaded = load()
    if loaded.codebook_version is None:
        shell.no_themes()
        return
    store = open_store(loaded.settings.db)
    acting.show_outcome(loaded.settings)
    labels = every_label(store, loaded.codebook_version)
    _unfinished(store, loaded)
    _conflicts(store, loaded, labels)
    _edits(store, loaded, labels)
    _hidden(store, loaded)
    versions.draw_versions(store, loaded)
    versions.compare_box(store, loaded)
    versions.draw_lineage(store, labels)
    versions.draw_granularity(store, loaded)


def every_label(store: Store, version: int) -> dict[str, str]:
    """Return the label of each theme of a version, hidden ones too."""
    return {theme.theme_id: theme.label for theme in store.codebook(version).themes}


def _unfinished(store: Store, loaded: Loaded) -> None:
    """An edit that was written down before the program was stopped is completed on request."""
    from feedback_nlp.pipeline.codebooks import edits_are_published

    shown = store.codebook(loaded.codebook_version, worded=False)
    if edits_are_published(shown, store.active_edits(STRUCTURAL_EDITS)):
        return
    st.warning(
        "Not all edits are carried out yet: another program is at work on them, or was stopped. What you see is the "
        "themes as they were before.",
        icon=":material/pending:",
    )
    if st.button("Carry them out now", key="finish_edits") and acting.finish_edits(loaded.settings):
        st.rerun()


def _conflicts(store: Store, loaded: Loaded, labels: Mapping[str, str]) -> None:
    from feedback_nlp.pipeline.editing import conflicts_in

    try:
        found = conflicts_in(store)
    except FeedbackError as error:
        st.warning(plain(str(error)), icon=":material/error:")
        return
    if not found:
        return
    st.subheader("Edits that no longer fit")
    st.caption("Kept, and never decided for you: undo an edit, or make it again on themes as they are now.")
    kinds = {edit["edit_id"]: edit["kind"] for edit in store.edits()}
    for number, conflict in enumerate(found):
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            name = html.escape(labels.get(conflict.theme_id, conflict.theme_id))
            st.html(
                f'<div dir="auto"><b>Edit {conflict.edit_id}</b> of <bdi>{name}</bdi>: '
                f"{html.escape(conflict.reason)}</div>",
                width="stretch",
            )
            _undo_button(loaded, conflict.edit_id, kinds.get(conflict.edit_id, "pin"), f"conflict_{number}")


def _edits(store: Store, loaded: Loaded, labels: Mapping[str, str]) -> None:
    st.subheader("What people did")
    edits = list(reversed(store.edits()))
    if not edits:
        st.caption("Nobody has changed a theme yet. A theme\u2019s page has an area for it.")
        return
    pages = -(-len(edits) // PER_PAGE)
    at = min(st.session_state.get("edits_page", 1), pages)
    active = sum(edit["undone_at"] is None for edit in edits)
    st.caption(f"{count(active)} edits are in force, {count(len(edits) - active)} undone; the newest first.")
    for edit in edits[(at - 1) * PER_PAGE : at * PER_PAGE]:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            undone = edit["undone_at"]
            told = f"undone by {edit['undone_by']}, {undone:%d %b %Y, %H:%M} UTC" if undone else ""
            st.html(
                f'<div dir="auto"{" class=fb-undone" if undone else ""}><b>{edit["edit_id"]}.</b> '
                f"{_edit_html(edit, labels)}</div>"
                f'<div class="fb-meta"><bdi>{html.escape(edit["author"])}</bdi>'
                f"<span>{edit['created_at']:%d %b %Y, %H:%M} UTC</span><span>{html.escape(told)}</span></div>",
                width="stretch",
            )
            if not undone:
                _undo_button(loaded, edit["edit_id"], edit["kind"], "edit")
    if pages > 1:
        st.pagination(pages, key="edits_page")


def _undo_button(loaded: Loaded, edit_id: int, kind: str, where: str) -> None:
    asked = st.button(
        "Undo",
        icon=":material/undo:",
        key=f"undo_{where}_{edit_id}",
        help=f"Take edit {edit_id} back; it stays listed.",
    )
    if asked and acting.take_back(loaded.settings, (edit_id,), kind):
        st.rerun()


def _edit_html(edit: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    """Say an edit in words, as safe HTML."""
    payload = edit["payload"]

    def name(theme_id: str | None) -> str:
        return f"\u201c<bdi>{html.escape(labels.get(theme_id or '', theme_id or ''))}</bdi>\u201d"

    def said(key: str) -> str:
        return f"\u201c<bdi>{html.escape(str(payload.get(key, '')))}</bdi>\u201d"

    theme = name(edit["theme_id"])
    n_like, n_unlike = (len(payload.get(side, ())) for side in ("like", "unlike"))
    parts = ", ".join(name(part) for part in payload.get("sub_themes", ()))
    words = {
        "rename": lambda: f"{theme} was named {said('label')}",
        "define": lambda: f"{theme} was described: {said('definition')}",
        "hide": lambda: f"{theme} was hidden",
        "unhide": lambda: f"{theme} is shown again",
        "merge": lambda: f"{theme} was merged into {name(payload['into'])}",
        "split": lambda: (
            f"{said('label')} was split off {theme}: "
            + (parts or f"what is like {len(payload.get('statements', ()))} statements")
        ),
        "move": lambda: (
            f"{theme} was moved " + (f"under {name(payload['parent'])}" if payload["parent"] else "to the top")
        ),
        "pin": lambda: f"{theme} was accepted and is kept as it is",
        "unpin": lambda: f"{theme} may change again",
        "example": lambda: f"{theme} was shown {n_like} examples of what it is like and {n_unlike} of what it is not",
        "create": lambda: f"{said('label')} was made of {n_like} statements",
        "assign": lambda: f"a statement was tagged with {theme}",
        "unassign": lambda: f"{theme} was taken off a statement",
    }
    return words.get(edit["kind"], lambda: f"{html.escape(edit['kind'])} {theme}")()


def _hidden(store: Store, loaded: Loaded) -> None:
    book = store.codebook(loaded.codebook_version)
    hidden = [theme for theme in book.themes if theme.theme_id in book.hidden]
    if not hidden:
        return
    st.subheader("Hidden themes")
    for theme in hidden:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.html(f'<div dir="auto">{html.escape(theme.label)}</div>', width="stretch")
            if st.button("Show again", icon=":material/visibility:", key=f"unhide_{theme.theme_id}"):
                words = f"\u201c{plain(theme.label)}\u201d is shown again."
                if acting.carry_out(loaded.settings, "unhide", theme.theme_id, {}, words) is not None:
                    st.rerun()


_page()
