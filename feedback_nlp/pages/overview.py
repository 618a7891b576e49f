"""Overview: how many answered, how they score, which themes move with the score, and where things are heading."""

from __future__ import annotations

import polars as pl
import streamlit as st

from feedback_nlp import charts
from feedback_nlp.analysis.marks import marked_labels
from feedback_nlp.analysis.outcomes import Outcome, choose_outcome
from feedback_nlp.analysis.overview import Overview, overview
from feedback_nlp.analysis.scores import ScoreSummary, summarise_scores
from feedback_nlp.analysis.themes import theme_table
from feedback_nlp.analysis.trends import score_by_month
from feedback_nlp.charts.palette import INK
from feedback_nlp.language_names import language_name
from feedback_nlp.pages import marks, shell, tables
from feedback_nlp.pages.data import Slice, current_slice
from feedback_nlp.pages.feelings import show_feelings
from feedback_nlp.pages.wording import answers_words, count, interval, number, percent

EITHER_END = 5  # themes shown with the most damage, and with the most good


def _page() -> None:
    shell.show_message()
    shell.heading("overview", "What people say, how they feel about it, and how it goes with their scores.")
    part = current_slice()
    shell.view_sentence(part)
    facts = part.compute(overview)
    _counts(facts)
    summaries = part.compute(summarise_scores)
    _scores(part, summaries)
    outcome = part.compute(choose_outcome, name=part.outcome_name)
    _themes(part, outcome)
    show_feelings(part)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _trend(part, outcome)
    with right:
        _languages(facts)


def _counts(facts: Overview) -> None:
    with st.container(horizontal=True):
        st.metric("Responses", count(facts.n_responses), border=True, help="Forms, tickets or reviews filled in.")
        st.metric(
            "People", count(facts.n_people), border=True, help="Customers, or responses where no customer is known."
        )
        st.metric(
            "Answers that say something",
            count(facts.n_meaningful),
            border=True,
            help="The base of every share: answers (one a question and response) without those such as "
            "\u201cn/a\u201d, \u201cnothing\u201d or a bare \u201cgood\u201d.",
        )
        st.metric("Statements", count(facts.n_statements), border=True, help="Single ideas that answers were split in.")
        st.metric(
            "Statements with a theme",
            percent(facts.coverage),
            border=True,
            help=f"{count(facts.n_themed_statements)} of {count(facts.n_statements)} statements. "
            "The rest is too short, too rare or unlike any theme, and is shown as unthemed.",
        )
    st.caption(" ".join(answers_words(facts)))


def _scores(part: Slice, summaries: tuple[ScoreSummary, ...]) -> None:
    st.subheader("Scores")
    if not summaries:
        st.info("No score came with this feedback; themes are compared on net sentiment instead.")
        return
    for column, summary in zip(st.columns(min(len(summaries), 3)) * len(summaries), summaries, strict=False):
        with column, st.container(border=True, height="stretch"):
            st.metric(
                summary.label + (f" {tables.LOW_BASE}" if summary.low_base else ""),
                number(summary.value) + summary.suffix,
                help=summary.how_to_read,
            )
            median = f" · median {number(summary.median)}{summary.suffix}" if summary.median is not None else ""
            st.caption(f"95% interval {interval(summary.low, summary.high)} · n\u00a0=\u00a0{count(summary.n)}{median}")
            if sum(summary.parts.values()):
                bar = charts.nps_bar(summary).configure_legend(
                    labelFontSize=11, labelColor=INK, offset=4, columnPadding=6
                )
                shell.draw(bar, f"What {summary.label} is made of")


def _themes(part: Slice, outcome: Outcome) -> None:
    st.subheader(f"Themes and {outcome.label}")
    if not part.loaded.has_themes:
        shell.no_themes()
        return
    table = part.compute(theme_table, level=1, outcome=outcome)
    weighed = table.filter(pl.col("impact").is_not_null())
    if weighed.is_empty():
        st.info("No theme is mentioned by enough people with a score in this view.")
        return
    ends = weighed.height > 2 * EITHER_END
    shown = pl.concat([weighed.head(EITHER_END), weighed.tail(EITHER_END)]) if ends else weighed
    st.caption(
        ("The five themes at either end. " if ends else "")
        + f"How far each theme is associated with a lower or higher {outcome.label}, most damage first; whiskers are "
        "95% intervals. A connection in what people say, not a proven cause. " + outcome.orientation
    )
    shell.draw(
        charts.impact_bars(marked_labels(shown), higher_is_better=outcome.higher_is_better),
        f"Impact of themes on {outcome.label}",
    )
    marks.key(table)
    st.page_link(shell.page_path("themes"), label=f"All {table.height} themes", icon=":material/arrow_forward:")


def _trend(part: Slice, outcome: Outcome) -> None:
    st.subheader(f"{outcome.label} by month")
    months = part.compute(score_by_month, outcome=outcome)
    if months["value"].drop_nulls().len() < 2:
        st.info("A trend needs two months or more with enough dated scores.")
        return
    shell.draw(charts.score_trend(months, label=outcome.axis), f"{outcome.label} by month, with 95% intervals")


def _languages(facts: Overview) -> None:
    st.subheader("Languages")
    shown = facts.languages.with_columns(
        pl.Series("language", [language_name(code) for code in facts.languages["language"].to_list()], dtype=pl.String),
        pl.col("share") * 100,
    )
    st.dataframe(
        shown.select("language", "share", "n"),
        hide_index=True,
        column_config={
            "language": "Language",
            "share": st.column_config.ProgressColumn("Share", format="%.0f%%", min_value=0.0, max_value=100.0),
            "n": st.column_config.NumberColumn("Answers", help="Answers that say something (n)."),
        },
    )


_page()
