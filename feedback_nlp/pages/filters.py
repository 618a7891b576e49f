"""The sidebar: filters that live in the URL (one parameter a field) and hold on every page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from feedback_nlp.language_names import language_name
from feedback_nlp.pages.data import OUTCOME_KEY, VIEW_KEY, Loaded, load
from feedback_nlp.pages.wording import dimension_name, month_after, month_name
from feedback_nlp.records import NPS_SEGMENTS, View

if TYPE_CHECKING:
    from feedback_nlp.analysis.frames import AnalysisFrames

SEGMENT_PREFIX = "segment."
FACET_PREFIX = "facet."  # a segment column may have the same name as a facet
DEFAULTS_KEY = "_filter_defaults"
_SHOWN_SEGMENTS = 4  # more segment columns than this fold away


def draw_filters() -> None:
    """Draw the sidebar and leave the view and the outcome in the session for the page. Raises as :func:`load` does."""
    st.session_state[VIEW_KEY] = View()
    st.session_state[OUTCOME_KEY] = None
    loaded = load()
    defaults: dict[str, Any] = {}
    with st.sidebar:
        st.session_state[OUTCOME_KEY] = _outcome_box(loaded)
        st.markdown("**Filters**")
        since, until = _period_slider(loaded, defaults)
        nps = _choice(loaded, "nps_segment", NPS_SEGMENTS, defaults)
        languages = _choice(loaded, "language", (), defaults)
        questions = _choice(loaded, "question", (), defaults)
        sources = _choice(loaded, "source", (), defaults)
        channels = _choice(loaded, "channel", (), defaults)
        facets = {name: _facet(name, values, defaults) for name, values in _facets(loaded).items()}
        names = loaded.frames.segment_names
        segments = {name: _choice(loaded, SEGMENT_PREFIX + name, (), defaults) for name in names[:_SHOWN_SEGMENTS]}
        if len(names) > _SHOWN_SEGMENTS:
            with st.expander(f"{len(names) - _SHOWN_SEGMENTS} more segment columns"):
                for name in names[_SHOWN_SEGMENTS:]:
                    segments[name] = _choice(loaded, SEGMENT_PREFIX + name, (), defaults)
        st.session_state[DEFAULTS_KEY] = defaults
        st.button("Clear filters", icon=":material/filter_alt_off:", on_click=clear_filters, key="clear_in_sidebar")
    st.session_state[VIEW_KEY] = View(
        segments={name: values for name, values in segments.items() if values},
        languages=languages,
        questions=questions,
        sources=sources,
        nps_segments=nps,
        channels=channels,
        facets={name: values for name, values in facets.items() if values},
        since=since,
        until=until,
    )


def clear_filters() -> None:
    """Set every filter back to everything; for a button's ``on_click``."""
    for key, default in st.session_state.get(DEFAULTS_KEY, {}).items():
        st.session_state[key] = default


def _outcome_box(loaded: Loaded) -> str | None:
    from feedback_nlp.analysis.outcomes import choose_outcome

    names = [*loaded.frames.score_names, "sentiment"]
    default = choose_outcome(loaded.frames).name
    labels = {name: choose_outcome(loaded.frames, name).label for name in names}
    if len(names) == 1:
        return names[0]
    return st.selectbox(
        "Outcome",
        names,
        index=names.index(default) if default in names else 0,
        format_func=lambda name: labels[name],
        key="outcome",
        bind="query-params",
        help="The score that themes are compared on. Impact, \u201cwith\u201d and \u201cwithout\u201d figures use it.",
    )


def _period_slider(loaded: Loaded, defaults: dict[str, Any]) -> tuple[str | None, str | None]:
    """Months from the first to the last with feedback; ``until`` is exclusive."""
    months = _months(loaded.frames.feedback["month"].drop_nulls().unique().sort().to_list())
    if len(months) < 2:
        return None, None
    whole = (months[0], months[-1])
    defaults["period"] = whole
    first, last = st.select_slider(
        "Period",
        months,
        value=whole,
        key="period",
        bind="query-params",
        help="Months of the feedback. Undated feedback shows only while the whole period is chosen.",
    )
    since = None if first == months[0] and last == months[-1] else f"{first}-01"
    return since, None if since is None else f"{month_after(last)}-01"


def _choice(loaded: Loaded, field: str, order: tuple[str, ...], defaults: dict[str, Any]) -> tuple[str, ...]:
    """A multiselect over the values of one column; not drawn when there is nothing to choose between."""
    from feedback_nlp.analysis.frames import NOT_GIVEN

    column = loaded.frames.feedback[field]
    found = [value for value in column.drop_nulls().unique().sort().to_list() if value != ""]
    values = [value for value in order if value in found] if order else found
    if values and column.null_count():
        values.append(NOT_GIVEN)
    if len(values) < 2:
        return ()
    defaults[field] = []
    name = field.removeprefix(SEGMENT_PREFIX)
    return tuple(
        st.multiselect(
            dimension_name(name),
            values,
            key=field,
            bind="query-params",
            placeholder="All",
            format_func=language_name if field == "language" else str,
        )
    )


def _facets(loaded: Loaded) -> dict[str, tuple[str, ...]]:
    from feedback_nlp.analysis.facet_values import facet_values

    return facet_values(loaded.frames.statements)


def _facet(name: str, values: tuple[str, ...], defaults: dict[str, Any]) -> tuple[str, ...]:
    """A multiselect over what statements say of a facet, such as where along the journey they speak of."""
    key = FACET_PREFIX + name
    defaults[key] = []
    return tuple(
        st.multiselect(
            f"{dimension_name(name)} (as said)",
            values,
            key=key,
            bind="query-params",
            placeholder="All",
            format_func=dimension_name,
            help="Read from the statements themselves: keeps answers of which one statement says so.",
        )
    )


def _months(found: list[str]) -> list[str]:
    """Every month from the first to the last, without gaps."""
    if not found:
        return []
    months = [found[0]]
    while months[-1] < found[-1]:
        months.append(month_after(months[-1]))
    return months


def dimensions(frames: AnalysisFrames) -> list[str]:
    """The columns that a page can split by: those with two values or more in these frames."""
    from feedback_nlp.analysis.frames import FACETS, segment_column

    names = (*FACETS, *frames.segment_names)
    return [name for name in names if frames.feedback[segment_column(frames, name)].drop_nulls().n_unique() > 1]


def period_words(frames: AnalysisFrames) -> str:
    """The first and the last month of these frames; empty when nothing is dated."""
    months = frames.feedback["month"].drop_nulls()
    if months.is_empty():
        return ""
    first, last = str(months.min()), str(months.max())
    return month_name(first) if first == last else f"{month_name(first)} to {month_name(last)}"
