"""Tell a first line that holds values from one that holds column names: its cells may be what somebody wrote."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

_DATE = r"^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T\s,].*)?$"
_MAIL = r"^\S+@\S+\.\S+$"
_NUMBER = r"^[-+]?\d+(?:[.,]\d+)?$"
_SENTENCE_WORDS = 5  # a name with so many words that asks nothing is rather an answer
_ALIKE = 0.8  # share of a column's filled cells that have to be like its name


def value_in_header(frame: pl.DataFrame, columns: list[str]) -> str | None:
    """Return what gives the first line away as values ("position 3 holds a date, as the rows below do"), or None.

    A date, an address or a code above its like is enough (a code is a word with a number: T1 above T2, T3); a number
    above numbers is one only beside a sentence above sentences, because answers to a matrix may be called 1, 2, 3.
    """
    from feedback_nlp.language.reading.column_names import is_question

    numbers, sentences = 0, 0
    for position, name in enumerate(columns, start=1):
        cells = frame[name].str.strip_chars()
        cells = cells.filter(cells != "")
        if cells.is_empty():
            continue
        kinds = {"a date": _DATE, "an e-mail address": _MAIL}
        if re.search(r"[^\W\d_]", name) and re.fullmatch(r"\S*\d\S*", name) and cells.n_unique() > len(cells) // 2:
            kinds["a code"] = "^" + re.sub(r"\d+", r"\\d+", re.escape(name)) + "$"
        for kind, pattern in kinds.items():
            if re.search(pattern, name) and _share(cells, pattern) >= _ALIKE:
                return f"position {position} holds {kind}, as the rows below do"
        numbers += bool(re.search(_NUMBER, name)) and _share(cells, _NUMBER) >= _ALIKE
        spaced = _share(cells, r"\S\s+\S+\s+\S") >= 0.25
        sentences += len(name.split()) >= _SENTENCE_WORDS and not is_question(name) and spaced
    return "it holds a number and a sentence, as the rows below do" if numbers and sentences else None


def _share(cells: pl.Series, pattern: str) -> float:
    return int(cells.str.contains(pattern).sum()) / len(cells)
