"""What surrounds a page: its heading, the sentence that says the view, and what is shown instead of a traceback."""

from __future__ import annotations

import logging
import secrets
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Streamlit imports it with the first chart or table. Altair looks into it as soon as that import has begun, and fails
# on half a module when a second run of a page draws at that moment: so it is there before any page.
import pandas  # noqa: F401
import streamlit as st
from streamlit.errors import StreamlitAPIException

from feedback_nlp.errors import FeedbackError, NothingToShow
from feedback_nlp.pages.data import NoData, Slice
from feedback_nlp.pages.filters import clear_filters, period_words
from feedback_nlp.pages.quotes import STYLE
from feedback_nlp.pages.wording import count, plain, view_words

if TYPE_CHECKING:
    import polars as pl

logger = logging.getLogger(__name__)

# Drawn here: a named icon would be fetched from a font host.
ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="#4338CA" d="M5 4h22a3 3 0 0 1 3 3v14a3 3 '
    '0 0 1-3 3H15l-8 6v-6H5a3 3 0 0 1-3-3V7a3 3 0 0 1 3-3z"/><path stroke="#fff" stroke-width="2.6" '
    'stroke-linecap="round" d="M9 11h14M9 17h8"/></svg>'
)
MESSAGE_KEY = "_message"
_FOLDER = Path(__file__).parent
PAGES = {
    "overview": ("Overview", ":material/dashboard:"),
    "themes": ("Themes", ":material/category:"),
    "theme": ("Theme", ":material/forum:"),
    "compare": ("Compare", ":material/compare_arrows:"),
    "drivers": ("Drivers", ":material/balance:"),
    "watch": ("Watch", ":material/monitoring:"),
    "actions": ("Actions", ":material/task_alt:"),
    "review": ("Review", ":material/rule:"),
    "changes": ("Changes", ":material/history:"),
    "add": ("Add feedback", ":material/upload_file:"),
    "about": ("About this data", ":material/info:"),
}
RUN_COMMAND = "feedback-nlp run survey.csv"
DISCOVER_COMMAND = "feedback-nlp discover"
LEVELS = {1: "Themes", 2: "Sub-themes"}


def page_path(name: str) -> Path:
    """Return the file of a page, for links to it."""
    return _FOLDER / f"{name}.py"


def style() -> None:
    """Put the app's few style rules on the page."""
    st.html(STYLE)


@contextmanager
def guarded(where: str, leave: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Show what goes wrong inside as a message: a known error by its words, an unknown one by a number in the log.

    Errors of the types in ``leave`` pass.
    """
    try:
        yield
    except leave:
        raise
    except NoData as error:
        _way_in(str(error))
    except NothingToShow as error:
        st.info(str(error), icon=":material/visibility_off:")
        st.button("Clear filters", icon=":material/filter_alt_off:", on_click=clear_filters, key=f"clear_on_{where}")
    except FeedbackError as error:
        st.warning(str(error), icon=":material/error:")
    except Exception as error:
        number = secrets.token_hex(4)
        # The message of an unknown exception may quote a customer: only its type and where it arose are logged.
        places = "".join(traceback.format_tb(error.__traceback__))
        logger.error("Error %s on page %s: %s\n%s", number, where, type(error).__name__, places)
        st.error(
            f"This page could not be drawn. Reload it; if it happens again, look for error **{number}** "
            "in the log of the app.",
            icon=":material/report:",
        )


def rerun_part() -> None:
    """Draw again the fragment that a click was in, or the whole page when that is being drawn."""
    try:
        st.rerun(scope="fragment")
    except StreamlitAPIException:
        st.rerun()


def prepare(step: Callable[[], None]) -> None:
    """Run a step that comes before the page. A known error is left to the page, which meets and shows it again."""
    try:
        with guarded("filters", leave=(FeedbackError,)):
            step()
    except FeedbackError:
        pass


def leave_message(text: str) -> None:
    """Keep a message for the next page to show once."""
    st.session_state[MESSAGE_KEY] = text


def show_message() -> None:
    """Show the message that the page before left."""
    if MESSAGE_KEY in st.session_state:
        st.success(st.session_state.pop(MESSAGE_KEY), icon=":material/check_circle:")


def heading(name: str, lead: str = "") -> None:
    """The title of a page and one line that says what it is for."""
    st.title(PAGES[name][0])
    if lead:
        st.caption(lead)


def view_sentence(part: Slice) -> None:
    """Say in one sentence what the reader looks at, with n and base."""
    import html

    from feedback_nlp.analysis.overview import overview
    from feedback_nlp.analysis.weighting import view_weighting

    facts, whole = part.compute(overview), part.loaded.frames.feedback["response_id"].n_unique()
    words = view_words(part.view)
    dates = "" if part.view.since else f" ({period_words(part.frames)})" if period_words(part.frames) else ""
    base = (
        f"shares are of the {count(facts.n_meaningful)} answers that say something (the base)."
        if facts.n_answered is None
        else f"{count(facts.n_meaningful)} of {count(facts.n_answered)} answers say something, the base of every share."
    )
    weighting = part.compute(view_weighting)
    weighted = f" · weighted; effective n = {weighting.effective_n:,.0f}" if weighting.weighted else ""
    st.html(
        f'<div class="fb-view" dir="auto">You are looking at <b>{html.escape(words)}</b>{html.escape(dates)}: '
        f"{count(facts.n_responses)} of {count(whole)} responses from {count(facts.n_people)} people; "
        f"{base}{weighted}</div>"
    )


def choose_level() -> int:
    """Let the reader choose between themes (1) and sub-themes (2), and return the level."""
    level = st.segmented_control(
        "Level",
        list(LEVELS),
        default=1,
        required=True,
        format_func=LEVELS.__getitem__,
        key="level",
        bind="query-params",
    )
    return int(level or 1)


def no_themes() -> None:
    """What a page of themes shows before the first codebook."""
    st.info("There are no themes yet. Find them with the command below; a few hundred answers are a good start.")
    st.code(DISCOVER_COMMAND, language="bash")


def draw(chart: Any, words: str) -> None:
    """Draw a chart over the whole width; ``words`` say it to those who cannot see it."""
    # Fitted in width alone: the chart's own height is that of its marks, and legend and axes come on top.
    chart = chart.properties(autosize={"type": "fit-x", "contains": "padding"})
    st.altair_chart(chart, width="stretch", theme=None, alt=words)


def breaks_note(breaks: pl.DataFrame) -> None:
    """Say below a trend of themes from when on another codebook tells them; nothing where one tells all."""
    for row in breaks.iter_rows(named=True):
        why = f" ({plain(row['reason'])})" if row["reason"] else ""
        st.caption(
            f":material/swap_horiz: From {row['period']} on codebook v{row['codebook_version']} tells the themes{why}, "
            f"before that v{row['previous_version']} did: a step there need not be one in what customers say. "
            "`feedback-nlp tag` tags the history anew."
        )


def low_base_note(minimum: int) -> None:
    """Explain the low-base mark once on a page."""
    st.caption(f":material/warning: marks a low base: fewer than {minimum} scores, read it as a hint.")


def withheld_note(minimum: int) -> None:
    """Explain once on a page what is not shown."""
    st.caption(
        f":material/visibility_off: too few people: fewer than {minimum} people are behind the figure, or it would "
        "give so few away by subtraction."
    )


def _way_in(message: str) -> None:
    st.info(f"{message} Read a file of feedback in the terminal, or add a small one here.", icon=":material/inbox:")
    st.code(RUN_COMMAND, language="bash")
    st.page_link(page_path("add"), label="Add feedback", icon=PAGES["add"][1])
