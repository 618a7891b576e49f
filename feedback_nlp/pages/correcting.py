"""Correcting by statements: what a theme is like and not like, a new theme of some, and single tags put right."""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import polars as pl
import streamlit as st

from feedback_nlp.pages import acting, shell
from feedback_nlp.pages.data import Slice
from feedback_nlp.pages.editing import THEME_PARAMETER, theme_names
from feedback_nlp.pages.quotes import marked_text
from feedback_nlp.pages.wording import count, plain

CHOSEN_KEY = "_chosen_statements"  # statement id -> "like" or "unlike"
SIDES = {"like": ":material/thumb_up: like it", "unlike": ":material/thumb_down: unlike it"}
_RETAG = " All statements are tagged again, which takes some seconds."


@dataclass(frozen=True, slots=True)
class Said:
    """A statement of a shown answer, and the themes that it mentions and that the view does not withhold."""

    statement_id: str
    text: str
    language: str
    theme_ids: tuple[str, ...]


def statements_of(part: Slice, feedback_ids: Iterable[str]) -> dict[str, list[Said]]:
    """Return the statements of some answers by feedback id, in the order of the text."""
    frames = part.frames
    ids = pl.DataFrame({"feedback_id": list(feedback_ids)}, schema={"feedback_id": pl.String})
    mentions = (
        frames.mentions.join(ids, on="feedback_id", how="semi")
        .filter(~pl.col("theme_id").is_in(list(frames.withheld)))
        .join(frames.themes.select("theme_id", "level"), on="theme_id", how="inner")
        .sort(["level", "confidence", "theme_id"], descending=[True, True, False])
    )
    themes: dict[str, list[str]] = {}
    for statement_id, theme_id in mentions.select("statement_id", "theme_id").iter_rows():
        themes.setdefault(statement_id, []).append(theme_id)
    found: dict[str, list[Said]] = {}
    rows = frames.statements.join(ids, on="feedback_id", how="semi").sort("feedback_id", "start")
    for feedback_id, statement_id, text, language in rows.select(
        "feedback_id", "statement_id", "text", "language"
    ).iter_rows():
        said = Said(statement_id, text, language, tuple(themes.get(statement_id, ())))
        found.setdefault(feedback_id, []).append(said)
    return found


def correct_statements(part: Slice, theme_id: str, statements: list[Said]) -> None:
    """Draw the statements of one answer, each to be chosen as an example, or to be tagged otherwise."""
    chosen = _chosen()
    for number, said in enumerate(statements, start=1):
        key = f"pick_{theme_id}_{said.statement_id}"
        st.session_state[key] = chosen.get(said.statement_id)
        with st.container(horizontal=True, vertical_alignment="center", key=f"said_{theme_id}_{said.statement_id}"):
            language = html.escape(said.language, quote=True)
            st.html(
                f'<div class="fb-said" dir="auto" lang="{language}">{marked_text(said.text, ())}</div>', width="stretch"
            )
            st.segmented_control(
                f"Statement {number} as an example",
                list(SIDES),
                format_func=SIDES.__getitem__,
                key=key,
                label_visibility="collapsed",
                on_change=_choose,
                args=(said.statement_id, key),
            )
            _tags(part, theme_id, said, number)


def chosen_bar(part: Slice, theme: dict[str, Any]) -> None:
    """Draw what can be done with the chosen statements; nothing before one is chosen."""
    like = [statement_id for statement_id, side in _chosen().items() if side == "like"]
    unlike = [statement_id for statement_id, side in _chosen().items() if side == "unlike"]
    if not like and not unlike:
        st.caption(
            "Mark statements below as like or unlike the theme to show by example what belongs to it; those marked as "
            "like can become a new theme, too. \u201cTags\u201d puts a single statement right."
        )
        return
    name, theme_id = f"\u201c{plain(theme['label'])}\u201d", theme["theme_id"]
    with st.container(border=True, key="chosen_bar"):
        st.markdown(f"**{_statements(len(like))} marked as like, {_statements(len(unlike))} as unlike**")
        actions = ["Show by example"] + (["Split off", "New theme"] if like else [])
        action = st.segmented_control("What to do with them", actions, default=actions[0], key=f"with_{theme_id}")
        label, parent = "", None
        payload: dict[str, Any] = {}
        if action in ("Split off", "New theme"):
            label = " ".join(st.text_input("Name of the new theme", max_chars=80, key=f"made_{theme_id}").split())
        if action == "New theme":
            tops = dict(part.loaded.frames.themes.filter(level=1).select("theme_id", "label").iter_rows())
            parent = st.selectbox(
                "Place",
                ["", *tops],
                format_func=lambda i: f"under {tops[i]}" if i else "a theme of its own",
                key=f"place_{theme_id}",
            )
        if action == "Show by example":
            kind, payload = "example", {"like": like, "unlike": unlike}
            will = f"Statements like the {len(like)} marked so are tagged with {name}" * bool(like)
            will += "; " * bool(like and unlike)
            will += f"those nearer to the {len(unlike)} marked as unlike lose it" * bool(unlike) + "."
            will, done = will[:1].upper() + will[1:], f"{name} learnt from the examples."
        elif not label:
            st.caption("Name the new theme.")
            will = ""
        elif action == "Split off":
            kind, payload = "split", {"label": label, "statements": like}
            will = (
                f"Statements like the {len(like)} marked so leave {name} for a new theme, \u201c{plain(label)}\u201d."
            )
            done = f"\u201c{plain(label)}\u201d was split off {name}."
        else:
            kind, payload = "create", {"label": label, "parent": parent or None, "like": like, "unlike": unlike}
            new = f"\u201c{plain(label)}\u201d"
            will = f"Statements like the {len(like)} marked so are tagged with a new theme, {new}, too."
            done = f"\u201c{plain(label)}\u201d is a theme now."
        ready = bool(action and will)
        if ready:
            st.info(f"**What will happen:** {will}{_RETAG}", icon=":material/info:")
            acting.author_box(part.loaded.settings, f"chosen_{theme_id}")
        with st.container(horizontal=True):
            go = ready and st.button("Carry out", type="primary", key=f"carry_{theme_id}")
            if st.button("Clear the marks", key=f"clear_marks_{theme_id}"):
                _chosen().clear()
                shell.rerun_part()
        if go:
            target = "" if kind == "create" else theme_id
            summary = acting.carry_out(part.loaded.settings, kind, target, payload, done)
            if summary is not None:
                _chosen().clear()
                if kind in ("create", "split"):
                    st.query_params[THEME_PARAMETER] = summary.theme_id
                st.rerun()


def _tags(part: Slice, theme_id: str, said: Said, number: int) -> None:
    """What this statement is tagged with, to take off or to add to; it holds for this statement alone."""
    settings = part.loaded.settings
    names = theme_names(part)
    key = f"{theme_id}_{said.statement_id}"
    with st.popover("Tags", icon=":material/label:", help=f"Themes of statement {number}, to take off or add to."):
        st.caption("For this statement alone, now and after every discovery.")
        for tagged in said.theme_ids:
            name = plain(names.get(tagged, tagged))
            if st.button(f"Not \u201c{name}\u201d", icon=":material/label_off:", key=f"off_{tagged}_{key}"):
                words = f"A statement is not tagged with \u201c{name}\u201d any more."
                if acting.carry_out(settings, "unassign", tagged, {"statement": said.statement_id}, words) is not None:
                    st.rerun()
        if not said.theme_ids:
            st.caption("It has no theme that can be shown.")
        others = [i for i in names if i not in said.theme_ids]
        other = st.selectbox("Also belongs to", others, index=None, format_func=names.__getitem__, key=f"also_{key}")
        if other is not None and st.button("Add the theme", type="primary", key=f"add_{key}"):
            words = f"A statement is tagged with \u201c{plain(names[other])}\u201d, too."
            if acting.carry_out(settings, "assign", other, {"statement": said.statement_id}, words) is not None:
                st.rerun()


def _chosen() -> dict[str, str]:
    return st.session_state.setdefault(CHOSEN_KEY, {})


def _choose(statement_id: str, key: str) -> None:
    side = st.session_state[key]
    if side is None:
        _chosen().pop(statement_id, None)
    else:
        _chosen()[statement_id] = side


def _statements(n: int) -> str:
    return f"{count(n)} statement{'s' * (n != 1)}"
