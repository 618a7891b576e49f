"""The marks on themes (candidate, emerging, from the codebook ...) as badges, signs and a key to them."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

import polars as pl
import streamlit as st

from feedback_nlp.analysis.marks import MARKS, STABILITY_HELP, Mark, stability_words, theme_marks


def badges_html(theme: Mapping[str, Any]) -> str:
    """Return a theme's marks and stability as a row of badges, each with its meaning; empty where it has none."""
    badges = [
        f'<span class="fb-badge fb-mark-{mark.key}" title="{html.escape(mark.meaning, quote=True)}">'
        f"{mark.sign} {html.escape(mark.word)}</span>"
        for mark in theme_marks(theme)
    ]
    if theme.get("stability") is not None:
        badges.append(
            f'<span class="fb-badge" title="{html.escape(STABILITY_HELP, quote=True)}">'
            f"stability {stability_words(theme['stability'])}</span>"
        )
    return f'<div class="fb-badges">{"".join(badges)}</div>' if badges else ""


def explain(theme: Mapping[str, Any]) -> None:
    """Draw a theme's badges, and below them what its marks mean: a tooltip is not for everybody."""
    badges = badges_html(theme)
    if not badges:
        return
    meanings = "".join(
        f"<li><b>{html.escape(_titled(mark))}.</b> {html.escape(mark.meaning)}</li>" for mark in theme_marks(theme)
    )
    st.html(badges + (f'<ul class="fb-list fb-key">{meanings}</ul>' if meanings else ""))


def marks_words(theme: Mapping[str, Any]) -> str:
    """Return a theme's marks as words for a table's cell: "◌ candidate, ✦ emerging"."""
    return ", ".join(f"{mark.sign} {mark.word}" for mark in theme_marks(theme))


def key(table: pl.DataFrame) -> None:
    """Draw what the marks in a theme table mean, and how many themes have each; nothing where none has any."""
    counts: dict[str, int] = {}
    for row in table.iter_rows(named=True):
        for mark in theme_marks(row):
            counts[mark.key] = counts.get(mark.key, 0) + 1
    if not counts:
        return
    lines = "".join(
        f"<li>{mark.sign} <b>{html.escape(_titled(mark))}</b> ({counts[mark.key]} of {table.height}): "
        f"{html.escape(mark.meaning)}</li>"
        for mark in MARKS
        if mark.key in counts
    )
    st.html(f'<ul class="fb-list fb-key">{lines}</ul>')


def _titled(mark: Mark) -> str:
    return mark.word[:1].upper() + mark.word[1:]
