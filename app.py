"""The app's door, ``streamlit run app.py``: it chooses the page. Everything else is in ``feedback_nlp/pages``."""

import streamlit as st

from feedback_nlp.pages import filters, shell

st.set_page_config(page_title="Feedback themes", page_icon=shell.ICON, layout="wide")
pages = {
    name: st.Page(shell.page_path(name), title=title, icon=icon, url_path=name, default=name == "overview")
    for name, (title, icon) in shell.PAGES.items()
}
page = st.navigation(
    {
        "Understand": [pages["overview"], pages["themes"], pages["theme"], pages["compare"]],
        "Act": [pages["drivers"], pages["watch"], pages["actions"]],
        "Correct": [pages["review"], pages["changes"]],
        "Data": [pages["add"], pages["about"]],
    }
)
shell.style()
shell.prepare(filters.draw_filters)
with shell.guarded(page.title):
    page.run()
