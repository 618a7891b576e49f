"""A person's own name for a theme: an edit laid on top of the codebook, with who and when."""

from __future__ import annotations

import getpass

import streamlit as st

from feedback_nlp.errors import StoreError
from feedback_nlp.pages.data import forget, open_store
from feedback_nlp.settings import Settings

LONGEST = 80


def rename_box(settings: Settings, theme_id: str, label: str) -> None:
    """Draw a small box that renames the theme for everybody."""
    with st.popover("Rename", icon=":material/edit:"), st.form(f"rename_{theme_id}", border=False):
        new = st.text_input("Name of the theme", value=label, max_chars=LONGEST, key=f"name_{theme_id}")
        st.caption("Kept as an edit with your name and the time; later codebooks keep it.")
        if not st.form_submit_button("Save", type="primary"):
            return
        new = " ".join((new or "").split())
        if not new:
            st.warning("A theme needs a name. Write one and save again.")
            return
        if new != label:
            open_store(settings.db).add_edit(theme_id, "rename", {"label": new}, author_name(settings))
            forget()
            st.rerun()


def author_name(settings: Settings) -> str:
    """Return the name written beside edits: the setting, else the system's user."""
    if settings.author:
        return settings.author
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        raise StoreError("Edits need an author. Set FEEDBACK_AUTHOR or author in feedback.toml.") from None
