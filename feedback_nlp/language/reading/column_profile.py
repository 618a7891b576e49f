"""What the values of a column look like: the evidence on which a column's role is guessed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from feedback_nlp.language.reading.scales import ScoreRange, is_missing, parse_score

if TYPE_CHECKING:
    import polars as pl

SEGMENT_VALUES = (2, 30)  # least and most distinct values of a segment
_SEGMENT_LENGTH = 60  # characters; longer values are sentences


@dataclass(frozen=True, slots=True)
class Profile:
    """Counts over one column; every share is 0..1 of the cells that hold something."""

    filled: int
    distinct: int
    mean_length: float  # characters
    longest: int
    spaced: float  # share with at least two spaces inside: phrases and sentences
    wordy: float  # share with a letter in it
    at_signs: float
    coded: float  # share of single words with a digit in them: T-1001, 7f3a
    empty: int

    @property
    def unique(self) -> bool:
        """Whether every row has a value of its own."""
        return self.filled > 0 and self.distinct == self.filled and self.empty == 0

    @property
    def reads_like_text(self) -> bool:
        """Whether people wrote this freely: phrases, and not the same few over and over."""
        few = self.distinct <= SEGMENT_VALUES[1] and self.distinct * 4 <= self.filled
        return self.filled > 0 and self.wordy >= 0.5 and self.spaced >= 0.25 and not (few and self.mean_length < 60)

    @property
    def could_be_text(self) -> bool:
        """Whether a column whose name promises text may hold it: words, and not a short list of choices."""
        choices = self.distinct <= SEGMENT_VALUES[1] and self.distinct * 2 <= self.filled and self.spaced < 0.25
        return self.filled == 0 or (self.wordy >= 0.3 and not choices)


def profile(column: pl.Series) -> Profile:
    """Count what :class:`Profile` holds over a String column."""
    import polars as pl

    stripped = column.str.strip_chars()
    filled = stripped.filter(stripped != "")
    if filled.is_empty():
        return Profile(0, 0, 0.0, 0, 0.0, 0.0, 0.0, 0.0, len(column))
    facts = pl.DataFrame({"v": filled}).select(
        mean=pl.col("v").str.len_chars().mean(),
        longest=pl.col("v").str.len_chars().max(),
        spaced=pl.col("v").str.contains(r"\S\s+\S+\s+\S").mean(),
        wordy=pl.col("v").str.contains(r"\p{L}").mean(),
        at_signs=pl.col("v").str.contains(r"\S@\S+\.\S").mean(),
        coded=pl.col("v").str.contains(r"^\S*\d\S*$").mean(),
    )
    mean, longest, spaced, wordy, at_signs, coded = facts.row(0)
    return Profile(
        len(filled), filled.n_unique(), mean, longest, spaced, wordy, at_signs, coded, len(column) - len(filled)
    )


def score_range(column: pl.Series, parse: Callable[[str], float | None] = parse_score) -> tuple[ScoreRange, float]:
    """Return the scores in a String column, as ``parse`` reads them, and the share (0..1) of its filled cells that
    are scores."""
    counts: dict[float, int] = {}
    filled = 0
    for value, n in column.value_counts().iter_rows():
        if is_missing(value):
            continue
        filled += n
        number = parse(value)
        if number is not None:
            counts[number] = counts.get(number, 0) + n
    found = ScoreRange(dict(sorted(counts.items())))
    return found, found.n / filled if filled else 0.0


def segment_problem(facts: Profile) -> str | None:
    """Return why a column cannot be a segment, or None when it can."""
    low, high = SEGMENT_VALUES
    if facts.filled == 0:
        return "it is empty"
    if facts.distinct == 1:
        return "it says the same in every row"
    if facts.distinct == facts.filled:
        return "it says something else in every row"
    if facts.longest > _SEGMENT_LENGTH:
        return "its values are long texts"
    if not low <= facts.distinct <= high:
        return f"it has {facts.distinct} distinct values; a segment has {low} to {high}"
    return None
