"""Drivers: what moves the score, what to do first, and what changed the score from one time to the next."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import streamlit as st

from feedback_nlp import charts
from feedback_nlp.analysis.drivers import Drivers, drivers
from feedback_nlp.analysis.drivers.changes import ScoreChange, score_change_on
from feedback_nlp.analysis.outcomes import Outcome, choose_outcome
from feedback_nlp.analysis.priorities import SORTS, priorities
from feedback_nlp.pages import driver_tables as views
from feedback_nlp.pages import shell
from feedback_nlp.pages.data import Slice, current_slice, open_store
from feedback_nlp.pages.wording import MINUS, clear_of_zero, count, dimension_name, interval, number, plain, short_label

CHARTED = 20  # the themes furthest from 0; the table has all
SORT_WORDS = {
    "damage": "Adds (most damage)",
    "severity": "Severity",
    "reach": "Reach",
    "trend": "Trend (rising)",
    "confidence": "Confidence",
    "effort": "Effort (least)",
}


def _page() -> None:
    shell.heading("drivers", "What goes with a lower or higher score, what to do first, and what changed the score.")
    part = current_slice()
    shell.view_sentence(part)
    if not part.loaded.has_themes:
        shell.no_themes()
        return
    outcome = part.compute(choose_outcome, name=part.outcome_name)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        level = shell.choose_level()
        uncontrolled = st.toggle(
            "Hold nothing else constant",
            key="plain",
            bind="query-params",
            help="By default segments, channel, language, source, question and month are held constant, so that a "
            "theme is not blamed for where or when it is said.",
        )
    with st.spinner("Weighing themes against the score \u2026"):
        found = part.compute(
            drivers, outcome=outcome, level=level, controlled=not uncontrolled, seed=part.loaded.settings.seed
        )
    _moves(part, found)
    _first(part, found)
    _changed(part, outcome, level)


def _moves(part: Slice, found: Drivers) -> None:
    outcome, digits = found.outcome, found.outcome.digits
    st.subheader(f"What moves {outcome.label}")
    known = found.table.filter(pl.col("contribution").is_not_null())
    if known.is_empty():
        st.info("No theme of this view is mentioned by enough scored responses to be weighed.")
        return
    furthest = known.sort([pl.col("contribution").abs(), "theme_id"], descending=[True, False]).head(CHARTED)
    shown = furthest.sort(outcome.sign * pl.col("contribution"), "theme_id")
    st.caption(
        ("The twenty themes furthest from 0, most" if known.height > CHARTED else "Most")
        + f" damaging first. Bars tell negative and positive mentions apart; the mark between them is what the theme "
        f"adds to {short_label(outcome.label)} with the other themes held constant. " + outcome.orientation
    )
    said = "; ".join(f"{r['label']} {number(r['contribution'], signed=True, digits=digits)}" for r in shown.to_dicts())
    shell.draw(
        charts.contribution_bars(shown, unit=outcome.unit, digits=digits), f"Contributions to {outcome.label}: {said}"
    )
    with st.expander(
        f"How these sum to {outcome.label} {number(found.score, digits=digits)}{outcome.suffix}", expanded=True
    ):
        st.markdown(_sums(found, known, digits))
        name = short_label(outcome.label)
        shell.draw(
            charts.contribution_steps(found, score=name),
            f"From {number(found.baseline, digits=digits)} step by step to {name} {number(found.score, digits=digits)}",
        )
    views.open_theme_on_click(
        views.drivers_view(found), views.drivers_columns(outcome), found.table["theme_id"].to_list(), "drivers_table"
    )
    if found.table["suppressed"].any():
        shell.withheld_note(part.loaded.settings.privacy_minimum)
    _how_to_read(found)


def _sums(found: Drivers, known: pl.DataFrame, digits: int) -> str:
    """The two sums that hold exactly, and the one that does not, in words."""

    def figure(value: float, signed: bool = False) -> str:
        return number(value, signed=signed, digits=digits)

    def level(value: float) -> str:
        return figure(value) + found.outcome.suffix

    def added(value: float) -> str:
        return f"{'+' if value >= 0 else MINUS} {figure(abs(value))}"

    name = plain(short_label(found.outcome.label))
    total = float(known["contribution"].sum())
    lines = [
        f"**Adds:** {name} {level(found.score)} = {level(found.baseline)} {added(total)}: "
        f"the baseline, when nobody mentions a theme "
        f"({interval(found.baseline_low, found.baseline_high, digits=digits)}), and what {count(known.height)} themes "
        f"add, over {count(found.n)} responses of {count(found.n_people)} people.",
    ]
    if found.rest is not None:
        lines.append(
            f"**Removed:** {name} {level(found.score)} = {level(found.rest)} "
            f"{added(float(known['shapley'].sum()))}: the {count(found.n_rest)} responses without a theme, and what "
            "those with one take away or bring."
        )
    lines.append(
        f"**Alone:** the impacts alone sum to {figure(found.impact_total, True)}, which equals neither: an answer "
        "about two themes counts in both."
    )
    return "\n\n".join(lines)


def _how_to_read(found: Drivers) -> None:
    held = sorted({dimension_name(name.partition("=")[0]) for name in found.controls})
    with st.expander("How to read this", icon=":material/help:"):
        st.markdown(
            "- **Associations, not effects.** A theme goes with a score; mending it need not move the score. Register "
            "what you do on the page Actions and see whether it shows.\n"
            "- **Adds** is the contribution: the share that mentions the theme times how far their score lies from "
            "that of others who are alike in everything held constant. The contributions and the baseline sum to the "
            "score. **Damage** and **lift** split negative from positive mentions in a model of their own, so they "
            "need not sum to what it adds.\n"
            "- **Removed** asks what the score would be without those responses, shared fairly between themes that "
            "come together. **Alone** is the usual impact, one theme at a time: it does not add up.\n"
            "- **Intervals** come from drawing people anew, 95%; **q** allows for the number of themes looked at. Grey "
            "rows and hollow marks (q above 0.1) could be chance.\n"
            + (
                f"- **Held constant:** the other themes, and {plain(', '.join(held))}."
                if held
                else "- **Held constant:** the other themes, nothing else."
            )
        )


def _first(part: Slice, found: Drivers) -> None:
    st.subheader("What to do first")
    sort = st.selectbox("Sort by", SORTS, format_func=SORT_WORDS.__getitem__, key="first_by", bind="query-params")
    actions = open_store(part.loaded.settings.db).actions()
    table = priorities(part.frames, found, actions=actions, sort=sort)
    if table.is_empty():
        st.info(f"No theme of this view goes with a {found.outcome.worse} score, or may.")
        return
    st.caption(
        "The factors of a decision side by side, never multiplied into one number: which of them counts most is for "
        "you to say. Sort by any, or click a heading. Effort is what a team said in an action."
    )
    views.open_theme_on_click(
        views.priorities_view(table, found.outcome),
        views.priorities_columns(found.outcome),
        table["theme_id"].to_list(),
        "priorities_table",
    )


def _changed(part: Slice, outcome: Outcome, level: int) -> None:
    st.subheader("What changed the score")
    dates = part.frames.feedback["created_at"].drop_nulls().sort()
    if dates.is_empty() or dates[0].date() == dates[-1].date():
        st.info("This needs feedback with dates, of more than one day.")
        return
    first, last = dates[0].date(), dates[-1].date()
    day = st.date_input(
        "From before this day to the time since",
        value=dates[len(dates) // 2].date(),
        min_value=first,
        max_value=last,
        format="YYYY-MM-DD",
        key=f"changed_{first}_{last}",  # another view has other days
        width=320,
        help="Default: the day that halves the dated feedback of the view.",
    )
    if not isinstance(day, date):
        return
    with shell.guarded("change"):
        with st.spinner("Comparing the two times \u2026"):
            arguments: dict[str, Any] = {"day": day.isoformat(), "outcome": outcome, "level": level}
            found = part.compute(score_change_on, **arguments, seed=part.loaded.settings.seed)
        _tell_change(found, day)


def _tell_change(found: ScoreChange, day: date) -> None:
    digits, name = found.outcome.digits, short_label(found.outcome.label)

    def figure(value: float, signed: bool = False) -> str:
        return number(value, signed=signed, digits=digits)

    def level(value: float) -> str:
        return figure(value) + found.outcome.suffix

    clear = clear_of_zero(found.change_low, found.change_high)
    spread = interval(found.change_low, found.change_high, signed=True, digits=digits)
    base = interval(found.baseline_low, found.baseline_high, signed=True, digits=digits)
    st.markdown(
        f"**{plain(name)} went from {level(found.before)} (n = {count(found.n_before)}) to {level(found.after)} "
        f"(n = {count(found.n_after)}): {figure(found.change, True)}**, 95% interval {spread}. "
        + ("" if clear else "The interval includes 0: this could be chance. ")
        + f"{figure(float(found.table['total'].sum()), True)} go with themes, {figure(found.baseline, True)} ({base}) "
        f"with none of them. {plain(found.outcome.orientation)} Associations, not causes."
    )
    if found.table.is_empty():
        return
    shell.draw(
        charts.change_steps(found, before=f"Before {day}", after=f"Since {day}"),
        f"{name} from {figure(found.before)} before {day} to {figure(found.after)} since, theme by theme",
    )
    views.open_theme_on_click(
        views.change_view(found), views.change_columns(found.outcome), found.table["theme_id"].to_list(), "change_table"
    )
    st.caption("Mix: more or fewer people mention it. Effect: those who do score otherwise than before.")


_page()
