"""Words that set a group's answers apart, language by language, each in its own direction."""

from __future__ import annotations

import html

import polars as pl
import streamlit as st

from feedback_nlp.analysis.distinctive import distinctive_words
from feedback_nlp.language_names import language_name
from feedback_nlp.pages.data import Slice
from feedback_nlp.pages.wording import count, dimension_name

SPLIT_BY_LANGUAGE = "language"  # words are compared within a language, so that nothing is left to compare


def show_words(part: Slice, by: str, names: dict[str | None, str]) -> None:
    """Draw the words that each value of ``by`` says more often than the others do."""
    if by == SPLIT_BY_LANGUAGE:
        return
    st.subheader("Words that set each group apart")
    with st.spinner("Counting words \u2026"):
        table = part.compute(distinctive_words, by=by)
    if table.is_empty():
        st.info(
            f"{dimension_name(by)}: no word is said clearly more often in one group than in the others, by enough "
            "people, in any language."
        )
        return
    st.caption(
        "Words that people of a group use clearly more often than everybody else, within each language (log-odds with "
        "an informative prior, false discovery rate 10%). Behind each word: how many people of the group say it, and "
        "how many others."
    )
    st.html(words_html(table, names, part.loaded.settings.privacy_minimum))


def words_html(table: pl.DataFrame, names: dict[str | None, str], minimum: int) -> str:
    """Return the words as lists by group and language; every word escaped and in its own direction.

    Others who say a word are not counted where they are fewer than ``minimum``.
    """
    parts = []
    for (value,), of_group in table.group_by("segment_value", maintain_order=True):
        parts.append(
            f'<div class="fb-note" style="margin-top:.8rem"><b><bdi>{_escaped(names.get(value, value))}</bdi></b></div>'
        )
        for (language,), words in of_group.group_by("language", maintain_order=True):
            code = _escaped(language or "und")
            # The page's direction for the list and a word's own for the word: lists stand below one another.
            chips = " ".join(
                f'<span class="fb-chip"><bdi lang="{code}">{_escaped(row["word"])}</bdi> '
                f'<bdi dir="ltr" style="opacity:.75">{_counted(row["n_people"], row["n_others"], minimum)}</bdi></span>'
                for row in words.iter_rows(named=True)
            )
            parts.append(
                f'<div class="fb-chips" style="margin-top:.35rem"><span class="fb-meta" style="min-width:5rem">'
                f"{_escaped(language_name(language))}</span>{chips}</div>"
            )
    return "".join(parts)


def _counted(n: int, n_others: int | None, minimum: int) -> str:
    few = n_others is None or n_others < minimum
    return f"{count(n)} vs {_escaped(f'<{minimum}') if few else count(n_others)}"


def _escaped(text: object) -> str:
    return html.escape(str(text), quote=True)
