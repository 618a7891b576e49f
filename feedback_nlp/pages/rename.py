"""A person's own name for a theme: an edit laid on top of the codebook, with who and when."""

from __future__ import annotations

import streamlit as st

from feedback_nlp.pages.acting import carry_out
from feedback_nlp.pages.wording import plain
from feedback_nlp.settings import Settings

LONGEST = 80


def rename_box(settings: Settings, theme_id: str, label: str, label_source: str) -> None:
    """Draw a small box that renames the theme for everybody; saving a model's name as it is accepts it."""
    machine = label_source == "llm"
    name = "Accept or change the name" if machine else "Rename"
    with st.popover(name, icon=":material/edit:"), st.form(f"rename_{theme_id}", border=False):
        new = st.text_input("Name of the theme", value=label, max_chars=LONGEST, key=f"name_{theme_id}")
        if machine:
            st.caption("A language model worded this name. Save it as it is to accept it, or write a better one.")
        st.caption("Kept as an edit with your name and the time; later codebooks keep it.")
        if not st.form_submit_button("Save", type="primary"):
            return
        new = " ".join((new or "").split())
        if not new:
            st.warning("A theme needs a name. Write one and save again.")
            return
        if new != label or machine:
            words = f"The theme is called \u201c{plain(new)}\u201d now."
            if carry_out(settings, "rename", theme_id, {"label": new}, words) is not None:
                st.rerun()
