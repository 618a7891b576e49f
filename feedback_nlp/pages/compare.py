"""Compare: which groups talk about which themes more than everybody does, and how each group scores."""

from __future__ import annotations

import polars as pl
import streamlit as st

from feedback_nlp import charts
from feedback_nlp.analysis.frames import NOT_GIVEN, segment_column
from feedback_nlp.analysis.outcomes import SENTIMENT, Outcome, choose_outcome
from feedback_nlp.analysis.scores_compared import scores_compared
from feedback_nlp.analysis.segments import compare_segments
from feedback_nlp.pages import shell, tables
from feedback_nlp.pages.crossing import CLEAR, show_crossing
from feedback_nlp.pages.data import Slice, current_slice
from feedback_nlp.pages.filters import dimensions
from feedback_nlp.pages.telling_words import show_words
from feedback_nlp.pages.wording import dimension_name, value_name


def _page() -> None:
    shell.heading("compare", "How groups of customers differ: in their scores, and in what they talk about.")
    part = current_slice()
    shell.view_sentence(part)
    names = dimensions(part.frames)
    if not names:
        st.info(
            "There is nothing to compare: this view has one value in every column. Take a filter away, or add feedback "
            "with a segment column.",
            icon=":material/compare_arrows:",
        )
        return
    by = st.segmented_control(
        "Compare by",
        names,
        default=next((name for name in names if name in part.frames.segment_names), names[0]),
        required=True,
        format_func=dimension_name,
        key="by",
        bind="query-params",
    )
    across = _across([name for name in names if name != by])
    outcome = part.compute(choose_outcome, name=part.outcome_name)
    if across is not None:
        show_crossing(part, str(by), across, outcome)
        return
    if by != "nps_segment" or outcome.kind != "nps":  # every detractor's NPS is -100: nothing to learn
        _scores(part, str(by), outcome)
    if outcome.name != SENTIMENT and part.frames.feedback["sentiment_label"].drop_nulls().len():
        _scores(part, str(by), part.compute(choose_outcome, name=SENTIMENT))
    if part.loaded.has_themes:
        _themes(part, str(by))
    else:
        shell.no_themes()
    values = part.frames.feedback[segment_column(part.frames, str(by))].fill_null(NOT_GIVEN).unique().to_list()
    show_words(part, str(by), {value: value_name(str(by), value) for value in values})


def _across(names: list[str]) -> str | None:
    """Let the reader cross the groups with a second column; None where they do not, or there is none."""
    if not names:
        return None
    if st.session_state.get("across") not in names:
        st.session_state["across"] = None  # it is what is compared by now
    return st.selectbox(
        "Across",
        names,
        index=None,
        format_func=dimension_name,
        placeholder="Cross with a second column",
        key="across",
        bind="query-params",
        width=320,
        help="Every combination of the two columns’ values is compared with everybody else.",
    )


def _names(table: pl.DataFrame, by: str) -> dict[str | None, str]:
    return {value: value_name(by, value) for value in table["segment_value"].unique().to_list()}


def _scores(part: Slice, by: str, outcome: Outcome) -> None:
    st.subheader(f"{outcome.label} by {dimension_name(by)}")
    table = part.compute(scores_compared, by=by, outcome=outcome)
    if table["value"].drop_nulls().is_empty():
        st.info("No group in this view has enough scores to show.")
        return
    names = _names(table, by)
    shown = table.with_columns(pl.Series("segment_value", [names[v] for v in table["segment_value"].to_list()]))
    shell.draw(charts.segment_dots(shown), f"{outcome.label} by {dimension_name(by)}, with 95% intervals")
    tables.show(tables.score_view(table, names), tables.score_columns(dimension_name(by), outcome))
    if table["suppressed"].any():
        shell.withheld_note(part.loaded.settings.privacy_minimum)


def _themes(part: Slice, by: str) -> None:
    st.subheader("What each group talks about")
    level = shell.choose_level()
    table = part.compute(compare_segments, by=by, level=level)
    shown = tables.difference_view(table, _names(table, by)) if not table.is_empty() else pl.DataFrame()
    if shown.is_empty():
        st.info("No group in this view is large enough to compare.")
        return
    clear = shown.filter(shown["clear"] != "")
    if clear.is_empty():
        st.info("No difference is clear: every 95% interval holds 0. The table lists them all, largest first.")
    else:
        st.caption(
            f"{clear.height} of {shown.height} differences are clear: their 95% interval leaves 0 out. With this many "
            f"comparisons about {max(1, round(0.05 * shown.height))} would look clear by chance alone; "
            f"{int((shown['q'] <= CLEAR).sum())} have q up to {CLEAR}, which allows for that."
        )
    tables.show(shown, tables.difference_columns(dimension_name(by)), height=min(38 + 35 * shown.height, 560))
    hidden = int(table["suppressed"].sum())
    if hidden:
        st.caption(
            f"{hidden} of {table.height} pairs are not listed: fewer than {part.loaded.settings.privacy_minimum} "
            "people of the group mention the theme, or the pair would give so few away by subtraction."
        )


_page()
