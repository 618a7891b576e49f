"""Actions: what teams do about themes, whether it shows in what customers say, and who asked to be called back."""

from __future__ import annotations

from datetime import date
from typing import Any

import streamlit as st

from feedback_nlp import charts
from feedback_nlp.analysis.frames import NOT_GIVEN, AnalysisFrames
from feedback_nlp.analysis.outcomes import Outcome, choose_outcome
from feedback_nlp.analysis.watching.follow_up import FollowUp, Measure, follow_up
from feedback_nlp.errors import FeedbackError
from feedback_nlp.pages import acting, shell
from feedback_nlp.pages.call_list import show_call_list
from feedback_nlp.pages.data import Slice, current_slice, open_store
from feedback_nlp.pages.editing import theme_names
from feedback_nlp.pages.wording import count, dimension_name, interval, listed, number, plain
from feedback_nlp.records import ACTION_STATES, Action

NOBODY = "everybody"
MEASURES: dict[Measure, str] = {"negative": "Negative mentions", "mention": "All mentions", "score": "The score"}
VERDICT_ICONS = {
    "better": ":material/thumb_up:",
    "worse": ":material/thumb_down:",
    "no clear change": ":material/trending_flat:",
    "not enough data yet": ":material/hourglass_empty:",
}
EFFORT_WORDS = {1: "1 (hours)", 2: "2 (days)", 3: "3 (weeks)", 4: "4 (a month)", 5: "5 (quarters)"}


def _page() -> None:
    shell.show_message()
    shell.heading("actions", "What is done about themes, whether it shows, and customers who asked to be called back.")
    part = current_slice()
    shell.view_sentence(part)
    settings = part.loaded.settings
    acting.author_box(settings, "actions")
    if part.loaded.has_themes:
        names = theme_names(part)
        with st.expander("Register an action", icon=":material/add_task:"):
            _register(part, names)
        _list(part, names)
    else:
        shell.no_themes()
    show_call_list(part)


def _register(part: Slice, names: dict[str, str]) -> None:
    segment_names = part.loaded.frames.segment_names
    segment = NOBODY
    if segment_names:
        segment = st.selectbox(
            "It touches",
            [NOBODY, *segment_names],
            format_func=lambda name: name if name == NOBODY else f"some, by {dimension_name(name)}",
            key="action_segment",
            help="If it touches some only, everybody else serves as control.",
        )
    with st.form("register_action", border=False):
        theme = st.selectbox(
            "Theme", list(names), index=None, format_func=names.__getitem__, placeholder="Choose a theme"
        )
        title = st.text_input("What is done", max_chars=200, key="action_title")
        values: list[str] = []
        if segment != NOBODY:
            values = st.multiselect(
                f"Only these: {dimension_name(segment)}", _values(part.loaded.frames, segment), key="action_values"
            )
        left, middle, right = st.columns(3)
        owner = left.text_input("Owner", max_chars=80, key="action_owner")
        since = middle.date_input(
            "Should show from",
            value=None,
            format="YYYY-MM-DD",
            key="action_since",
            help="Whole periods after it count.",
        )
        due = right.date_input("Due", value=None, format="YYYY-MM-DD", key="action_due")
        effort = left.selectbox(
            "Effort", list(EFFORT_WORDS), index=None, format_func=EFFORT_WORDS.__getitem__, placeholder="Not known"
        )
        control = middle.selectbox(
            "Compare with the theme",
            list(names),
            index=None,
            format_func=names.__getitem__,
            placeholder="None",
            help="A theme that it does not touch, but that the same seasons move.",
        )
        state = right.selectbox("State", ACTION_STATES)
        hypothesis = st.text_input(
            "Hypothesis", max_chars=400, key="action_hypothesis", help="What is expected to change, and by how much."
        )
        if not st.form_submit_button("Register", type="primary", icon=":material/save:"):
            return
    if theme is None or not title.strip():
        st.warning("An action needs a theme and a few words that say what is done.", icon=":material/error:")
        return
    if segment != NOBODY and not values:
        st.warning(f"Choose the values of {plain(dimension_name(segment))} that it touches.", icon=":material/error:")
        return
    facts: dict[str, Any] = {
        "owner": owner.strip(),
        "hypothesis": hypothesis.strip(),
        "since": since.isoformat() if isinstance(since, date) else None,
        "due": due.isoformat() if isinstance(due, date) else None,
        "effort": effort,
        "state": state,
        "segments": {segment: tuple(values)} if values else {},
        "control_theme_id": control,
    }
    settings = part.loaded.settings
    try:
        number_ = open_store(settings.db).add_action(theme, title.strip(), acting.author_name(settings), **facts)
    except FeedbackError as error:
        st.warning(plain(str(error)), icon=":material/error:")
        return
    shell.leave_message(f"Action {number_} is registered: {plain(title.strip())}.")
    st.rerun()


def _values(frames: AnalysisFrames, segment: str) -> list[str]:
    column = frames.feedback[f"segment.{segment}"]
    found = [value for value in column.drop_nulls().unique().sort().to_list() if value != ""]
    return [*found, NOT_GIVEN] if column.null_count() else found


def _list(part: Slice, names: dict[str, str]) -> None:
    actions = open_store(part.loaded.settings.db).actions()
    st.subheader(f"Actions ({len(actions)})")
    if not actions:
        st.info("No action is registered yet. Register one above, with the day from which it should show.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        unit = st.segmented_control("Before and after by", ["month", "week"], default="month", required=True, key="by")
        measure = st.segmented_control(
            "Follow",
            list(MEASURES),
            default="negative",
            required=True,
            format_func=MEASURES.__getitem__,
            key="measure",
            help="The score is the outcome chosen at the side: of the segment that an action touches, else of all.",
        )
        states = st.pills("State", ACTION_STATES, selection_mode="multi", key="action_states")
    st.caption("Before and after are told of all feedback: the filters at the side do not hold for them.")
    for action in reversed(actions):
        if not states or action.state in states:
            _card(part, action, names, str(unit), measure or "negative")


def _card(part: Slice, action: Action, names: dict[str, str], unit: str, measure: Measure) -> None:
    with st.container(border=True, key=f"action_{action.action_id}"):
        left, right = st.columns([4, 1], vertical_alignment="top")
        with left:
            st.markdown(
                f"**{plain(action.title)}** \u2013 {plain(names.get(action.theme_id, action.theme_id))}  \n"
                + " · ".join(_facts(action, names))
            )
            if action.hypothesis:
                st.caption(f"Hypothesis: {plain(action.hypothesis)}")
        with right:
            # Keyed by the state as it is stored: one that somebody else changed meanwhile is not set back.
            state = st.selectbox(
                "State",
                ACTION_STATES,
                index=ACTION_STATES.index(action.state),
                key=f"state_{action.action_id}_{action.state}",
            )
            if state != action.state:
                open_store(part.loaded.settings.db).change_action(action.action_id, state=state)
                st.rerun()
        if action.since is None:
            st.caption("Before and after need the day from which it should show.")
            _give_day(part, action)
            return
        with shell.guarded(f"action_{action.action_id}"):
            outcome = part.compute(choose_outcome, name=part.outcome_name) if measure == "score" else None
            _before_and_after(_followed(part, action, unit, measure, outcome), action, unit, outcome)


def _facts(action: Action, names: dict[str, str]) -> list[str]:
    touches = "; ".join(f"{dimension_name(name)} {listed(values)}" for name, values in action.segments.items())
    control = action.control_theme_id
    told = (
        ("", f"no. {action.action_id}"),
        ("owner ", action.owner),
        ("from ", action.since),
        ("due ", action.due),
        ("effort ", EFFORT_WORDS.get(action.effort or 0)),
        ("touches ", touches),
        ("compared with ", names.get(control, control) if control else None),
        ("by ", action.author),
    )
    return [f"{word}{plain(fact)}" for word, fact in told if fact]


def _give_day(part: Slice, action: Action) -> None:
    with st.popover("Give it one", icon=":material/event:"):
        day = st.date_input("Should show from", value=None, format="YYYY-MM-DD", key=f"since_{action.action_id}")
        if isinstance(day, date) and st.button("Save", key=f"save_since_{action.action_id}"):
            open_store(part.loaded.settings.db).change_action(action.action_id, since=day.isoformat())
            st.rerun()


def _followed(part: Slice, action: Action, unit: str, measure: Measure, outcome: Outcome | None) -> FollowUp:
    segments = tuple(sorted((name, tuple(values)) for name, values in action.segments.items()))
    facts = (action.action_id, action.theme_id, action.since, segments, action.control_theme_id, unit, measure, outcome)
    with st.spinner("Comparing before and after \u2026"):
        return _follow_up((part.loaded.key, *facts), part.loaded.frames, action, unit, measure, outcome)


@st.cache_resource(max_entries=60, show_spinner=False)
def _follow_up(
    key: tuple[Any, ...],
    _frames: AnalysisFrames,
    _action: Action,
    _unit: str,
    _measure: Measure,
    _outcome: Outcome | None,
) -> FollowUp:
    return follow_up(_frames, _action, unit=_unit, measure=_measure, outcome=_outcome)


def _before_and_after(found: FollowUp, action: Action, unit: str, outcome: Outcome | None) -> None:
    icon, verdict = VERDICT_ICONS[found.verdict], found.verdict[:1].upper() + found.verdict[1:]
    words = f"{icon} **{verdict}.** {plain(found.reason)}"
    if found.found is not None:
        effect = found.found
        against = f", against {plain(found.control)}" if found.control else ""
        words += (
            f" On average {number(effect.effect, signed=True)} {found.points}{against} "
            f"({interval(effect.low, effect.high, signed=True)}), p {effect.p_value:.3f}; {count(effect.n_before)} "
            f"{unit}s before and {count(effect.n_after)} after."
        )
    st.markdown(words)
    if found.series["share" if outcome is None else "value"].drop_nulls().is_empty():
        st.caption(f"No {unit} can be shown: too few people.")
        return
    title = f"{MEASURES[found.measure]}, share of answers" if outcome is None else outcome.label
    shell.draw(
        charts.follow_up_chart(found, title=title, suffix=None if outcome is None else outcome.suffix),
        f"{title}, by {unit}, before and after {action.since}: {found.verdict}",
    )
    hidden = int(found.series["suppressed"].sum())
    notes = ["The band is the 95% interval."]
    if found.found is not None:
        notes.append("The dashed line is what the time before would have led to.")
    if hidden:
        notes.append(f"Left open for too few people: {count(hidden)} of {count(found.series.height)} {unit}s.")
    st.caption(" ".join(notes))


_page()
