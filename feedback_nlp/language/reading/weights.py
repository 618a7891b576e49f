"""Survey weights: how much a row counts, as a column of the file says."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from feedback_nlp.errors import MappingError
from feedback_nlp.language.reading.scales import is_missing, printable

if TYPE_CHECKING:
    import polars as pl

_NUMBER = re.compile(r"\+?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?")
_LEAST_NUMBERS = 0.5  # share of a weight column's filled cells
_MOST_KNOWN = 10_000  # distinct cells that are remembered
_COUNTS_AS_1 = "the row counts with weight 1"


def parse_weight(value: str) -> float | None:
    """Return the weight that a cell holds, a finite number above 0 such as "1.25", "1,25" or "8e-1"; None for none."""
    text = value.strip()
    number = float(text.replace(",", ".")) if _NUMBER.fullmatch(text) else 0.0
    return number if 0 < number < math.inf else None


def told_weight(column: pl.Series) -> str:
    """Return a line for the user about the weight column that they told.

    Raises :class:`MappingError` when most of its cells are no weights: then another column was meant.
    """
    name = column.name
    filled = [value for value in column.to_list() if not is_missing(value)]
    found = [weight for value in filled if (weight := parse_weight(value)) is not None]
    if filled and len(found) < _LEAST_NUMBERS * len(filled):
        raise MappingError(
            f"--weight {name!r}: {len(found) / len(filled):.0%} of its values are numbers above 0, as a weight is. "
            "Tell another column."
        )
    seen = f"; {min(found):g} to {max(found):g}" if found else ""
    return f"Weight: {name!r}, as told{seen}."


def weight_reader() -> Callable[[str], tuple[float | None, str | None]]:
    """Return a function from a cell to (weight, None) or (None, why it is none). Each value is parsed once."""
    known: dict[str, tuple[float | None, str | None]] = {}

    def read(raw: str) -> tuple[float | None, str | None]:
        found = known.get(raw)
        if found is None:
            weight = parse_weight(raw)
            if len(known) >= _MOST_KNOWN:
                known.clear()
            found = known[raw] = (weight, None if weight is not None else _problem(raw))
        return found

    return read


def _problem(raw: str) -> str:
    if is_missing(raw):
        return f"weight: there is none; {_COUNTS_AS_1}"
    return f"weight: {printable(raw)} is not a number above 0; {_COUNTS_AS_1}"
