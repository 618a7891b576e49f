"""What sets a theme apart from an ordinary one, in the words that the app and the report share.

How to read a stability, after Hennig (2007, https://doi.org/10.1016/j.csda.2006.11.025): 0.85 and more is highly
stable, 0.75 and more stable; from 0.6 the pattern is there, though which statements belong to it is in doubt; below
that it is not to be trusted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark on a theme: its ``key``, the ``sign`` where there is room for one character, ``word`` and ``meaning``."""

    key: str
    sign: str
    word: str
    meaning: str


CANDIDATE = Mark(
    "candidate",
    "\u25cc",
    "candidate",
    "Not established yet: when themes are learnt again from parts of the statements, less than 0.6 of it is found "
    "again. Read it as a hint, or accept it to keep it.",
)
EMERGING = Mark("emerging", "\u2726", "emerging", "Found in the texts, outside all themes of your codebook.")
GUIDED = Mark("guided", "\u25a4", "from your codebook", "Written in your codebook: its phrases say what belongs to it.")
PERSON = Mark("person", "\u270e", "made by a person", "A person made it, from statements or parts of other themes.")
MACHINE_NAMED = Mark(
    "llm",
    "\u2248",
    "name not accepted yet",
    "A language model worded the name, and no person has accepted it.",
)
EMPTY = Mark("retired", "\u2205", "empty", "Edits left it without statements; undo them to have it back.")
MARKS = (CANDIDATE, EMERGING, GUIDED, PERSON, MACHINE_NAMED, EMPTY)
DOUBTFUL = (CANDIDATE, EMERGING, MACHINE_NAMED)  # shown in charts, too

STABILITY_HELP = (
    "How much of the theme is found again when themes are learnt from other samples of the statements, from 0 to 1 "
    "(mean Jaccard index). 0.85 and more: highly stable. 0.75: stable. 0.6 to 0.75: a pattern that is there, though "
    "which statements belong to it is in doubt. Below 0.6: not stable, a candidate until a person accepts it."
)


def theme_marks(theme: Mapping[str, Any]) -> tuple[Mark, ...]:
    """Return the marks of a theme, from its state, source, label_source and is_emerging; none for an ordinary one."""
    found = []
    if theme.get("state") == "candidate":
        found.append(CANDIDATE)
    if theme.get("is_emerging"):
        found.append(EMERGING)
    if theme.get("source") == "guided":
        found.append(GUIDED)
    if theme.get("source") == "person":
        found.append(PERSON)
    if theme.get("label_source") == "llm":
        found.append(MACHINE_NAMED)
    if theme.get("state") == "retired":
        found.append(EMPTY)
    return tuple(found)


def marked_labels(table: pl.DataFrame) -> pl.DataFrame:
    """Return a theme table whose labels begin with the signs of doubtful themes, for charts."""
    labels = []
    for row in table.iter_rows(named=True):
        signs = [mark.sign for mark in theme_marks(row) if mark in DOUBTFUL]
        labels.append(" ".join([*signs, row["label"]]))  # first: a long name is cut at its end
    return table.with_columns(pl.Series("label", labels, dtype=pl.String))


def two_digits(stability: float) -> float:
    """Cut a stability (0..1) to two decimals: rounded up, 0.599 would look like what it is not."""
    return math.floor(100 * stability + 1e-9) / 100


def stability_words(stability: float) -> str:
    """Say a stability (0..1) in words: "0.58, not stable"."""
    words = (
        "highly stable"
        if stability >= 0.85
        else "stable"
        if stability >= 0.75
        else "a pattern, its borders in doubt"
        if stability >= 0.6
        else "not stable"
    )
    return f"{two_digits(stability):.2f}, {words}"
