"""The edit area of a theme's page: describe, keep, hide, merge, move and split it. Statements are below, in the list.

Nothing is done before the reader has read what will happen; everything can be undone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from feedback_nlp.pages import acting
from feedback_nlp.pages.data import Slice, open_store
from feedback_nlp.pages.wording import plain

THEME_PARAMETER = "theme"
LONGEST_DEFINITION = 600
_RETAG = " All statements are tagged again, which takes some seconds."


@dataclass(frozen=True)
class _Plan:
    """An edit that the reader has put together: ``will`` and ``done`` say it before and after, as safe Markdown.

    ``show`` is the theme to show afterwards: None for the same one, "" for the list's first.
    """

    kind: str
    payload: dict[str, Any]
    will: str
    done: str
    button: str
    show: str | None = None


def theme_names(part: Slice) -> dict[str, str]:
    """Return theme ids and what to call them in a list: sub-themes after their theme, "Theme › Sub-theme"."""
    rows = list(part.loaded.frames.themes.select("theme_id", "label", "parent_id").iter_rows())
    labels = {theme_id: label for theme_id, label, _ in rows}
    parents = {theme_id: parent for theme_id, _, parent in rows}
    ids = sorted(labels, key=lambda i: (labels.get(parents[i] or i, ""), parents[i] is not None, labels[i], i))
    return {
        i: f"{labels.get(parent, '')} \u203a {labels[i]}" if (parent := parents[i]) is not None else labels[i]
        for i in ids
    }


def edit_area(part: Slice, theme: dict[str, Any]) -> None:
    """Draw the edit area of a theme."""
    theme_id = theme["theme_id"]
    box = st.expander("Edit this theme", icon=":material/tune:", key=f"edit_{theme_id}", on_change="rerun")
    with box:
        if not box.open:
            return
        pinned = theme_id in _pinned(part.loaded.key, open_store(part.loaded.settings.db))
        candidate = theme["state"] == "candidate"
        actions: dict[str, Callable[[Slice, dict[str, Any]], _Plan | None]] = {
            ("Let it change" if pinned else "Accept" if candidate else "Keep as it is"): _unpin if pinned else _pin,
            "Describe": _define,
            "Merge": _merge,
            "Move": _move,
            "Split": _split,
            "Hide": _hide,
        }
        if pinned:
            st.caption(":material/keep: Pinned: a later discovery leaves it as it is.")
        chosen = st.pills("What to do", list(actions), key=f"action_{theme_id}")
        if chosen is None:
            st.caption(
                "Choose what to do; you read what will happen before it does, and every edit can be undone. To show "
                "by example what belongs here, or to make a theme of some statements, turn on \u201cCorrect\u201d at "
                "the list of what people wrote."
            )
            return
        plan = actions[chosen](part, theme)
        if plan is None:
            return
        st.info(f"**What will happen:** {plan.will}", icon=":material/info:")
        acting.author_box(part.loaded.settings, theme_id)
        if st.button(plan.button, type="primary", key=f"do_{plan.kind}_{theme_id}"):
            if acting.carry_out(part.loaded.settings, plan.kind, theme_id, plan.payload, plan.done) is None:
                return
            if plan.show:
                st.query_params[THEME_PARAMETER] = plan.show
            elif plan.show == "" and THEME_PARAMETER in st.query_params:
                del st.query_params[THEME_PARAMETER]
            st.rerun()


def _name(theme: dict[str, Any]) -> str:
    return f"\u201c{plain(theme['label'])}\u201d"


def _pin(part: Slice, theme: dict[str, Any]) -> _Plan:
    accepted = " It is no candidate any more." if theme["state"] == "candidate" else ""
    return _Plan(
        "pin",
        {},
        f"{_name(theme)} stays as it is, with its name and what belongs to it, whatever a later discovery "
        f"finds.{accepted} No statement changes its themes.",
        f"{_name(theme)} is {'accepted and ' if accepted else ''}kept as it is.",
        "Accept it" if accepted else "Keep it",
    )


def _unpin(part: Slice, theme: dict[str, Any]) -> _Plan:
    return _Plan(
        "unpin",
        {},
        f"A later discovery may change {_name(theme)} again. No statement changes its themes now.",
        f"{_name(theme)} may change again.",
        "Let it change",
    )


def _define(part: Slice, theme: dict[str, Any]) -> _Plan | None:
    words = st.text_area(
        "What belongs to it", value=theme["definition"], max_chars=LONGEST_DEFINITION, key=f"define_{theme['theme_id']}"
    )
    words = " ".join((words or "").split())
    if not words or words == theme["definition"]:
        st.caption("Write in a sentence or two what belongs to the theme and what does not.")
        return None
    return _Plan(
        "define",
        {"definition": words},
        f"{_name(theme)} is described so for everybody. No statement changes its themes.",
        f"{_name(theme)} has a new description.",
        "Save the description",
    )


def _hide(part: Slice, theme: dict[str, Any]) -> _Plan:
    children = part.loaded.frames.themes.filter(parent_id=theme["theme_id"]).height
    subs = f" and its {children} sub-theme{'s' * (children > 1)}" if children else ""
    return _Plan(
        "hide",
        {},
        f"{_name(theme)}{subs} will be in no list, figure or report; answers that mention nothing else count as "
        "unthemed. Its tags are kept: \u201cChanges\u201d lists what is hidden and shows it again.",
        f"{_name(theme)} is hidden.",
        "Hide it",
        show="",
    )


def _merge(part: Slice, theme: dict[str, Any]) -> _Plan | None:
    names = {i: name for i, name in theme_names(part).items() if i != theme["theme_id"]}
    into = st.selectbox(
        "Merge into", list(names), index=None, format_func=names.__getitem__, key=f"into_{theme['theme_id']}"
    )
    if into is None:
        st.caption("Choose the theme that takes it in.")
        return None
    target = f"\u201c{plain(names[into])}\u201d"
    return _Plan(
        "merge",
        {"into": into},
        f"Every statement of {_name(theme)} is tagged with {target} instead, which keeps its name. {_name(theme)} is "
        f"in no list any more.{_RETAG}",
        f"{_name(theme)} is part of {target} now.",
        "Merge",
        show=into,
    )


def _move(part: Slice, theme: dict[str, Any]) -> _Plan | None:
    theme_id, frames = theme["theme_id"], part.loaded.frames
    if frames.themes.filter(parent_id=theme_id).height:
        st.caption("It has sub-themes, and there are two levels only: move those one by one, or merge it.")
        return None
    tops = frames.themes.filter(level=1)
    names = {
        i: label for i, label in tops.select("theme_id", "label").iter_rows() if i not in (theme_id, theme["parent_id"])
    }
    places = [*([""] if theme["parent_id"] else []), *sorted(names, key=lambda i: names[i])]
    to = st.selectbox(
        "Move to",
        places,
        index=None,
        format_func=lambda i: f"under {names[i]}" if i else "the top: a theme of its own",
        key=f"to_{theme_id}",
    )
    if to is None:
        st.caption("Choose the theme that it becomes a part of.")
        return None
    where = f"a sub-theme of \u201c{plain(names[to])}\u201d" if to else "a theme of its own"
    counted = f" Who mentions it counts for \u201c{plain(names[to])}\u201d, too." if to else ""
    return _Plan(
        "move",
        {"parent": to or None},
        f"{_name(theme)} becomes {where}.{counted}{_RETAG}",
        f"{_name(theme)} is {where} now.",
        "Move",
    )


def _split(part: Slice, theme: dict[str, Any]) -> _Plan | None:
    theme_id = theme["theme_id"]
    children = part.loaded.frames.themes.filter(parent_id=theme_id)
    names = dict(children.select("theme_id", "label").iter_rows())
    if not names:
        st.caption(
            "It has no sub-themes to take out. To make a new theme of some of its statements, turn on "
            "\u201cCorrect\u201d at the list of what people wrote, choose them, and take \u201cSplit off\u201d."
        )
        return None
    parts = st.multiselect(
        "Sub-themes to take out", list(names), format_func=names.__getitem__, key=f"parts_{theme_id}"
    )
    label = " ".join(st.text_input("Name of the new theme", max_chars=80, key=f"split_{theme_id}").split())
    if not parts or not label:
        st.caption("Choose sub-themes and name the theme that they make.")
        return None
    taken = ", ".join(f"\u201c{plain(names[i])}\u201d" for i in parts)
    return _Plan(
        "split",
        {"label": label, "sub_themes": parts},
        f"{taken} leave {_name(theme)} and become parts of a new theme, \u201c{plain(label)}\u201d.{_RETAG}",
        f"\u201c{plain(label)}\u201d is a theme of its own now.",
        "Split",
    )


@st.cache_resource(max_entries=4, show_spinner=False)
def _pinned(key: tuple[Any, ...], _store: Any) -> frozenset[str]:
    """The themes that people pinned, in the version that is shown."""
    version = _store.latest_codebook_version(ready=True)
    return frozenset(_store.codebook(version, worded=False).settings.get("pinned", ()))
