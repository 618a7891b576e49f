"""Columns that nobody asked for: which of them may be segments, and why the others may not."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from feedback_nlp.language.reading import column_names as names
from feedback_nlp.language.reading.column_profile import Profile, score_range, segment_problem

if TYPE_CHECKING:
    import polars as pl

_SINGLE_ROLES: tuple[names.Role, ...] = ("id", "customer", "date")


def left_out_reason(column: str, facts: Profile, values: pl.Series) -> str | None:
    """Return why a left-over column is no segment, or None when it is one."""
    if names.is_nps_group(column):
        return "it is derived from the score, and counted again from it"
    if names.is_title(column):
        return f"it holds titles of the texts; read them as a question of their own with --text {column!r}"
    if names.is_coded(column):
        return (
            "it was read out of the texts by somebody already, so comparing themes with it would be circular; "
            f"keep it with --segment {column!r}"
        )
    if names.is_personal(column) or facts.at_signs >= 0.3:
        return "it holds personal data"
    if facts.reads_like_text:
        return f"it looks like free text too; keep it as a question of its own with --text {column!r}"
    for role in _SINGLE_ROLES:
        if names.name_rank(role, column) is not None:
            if role == "id" and facts.distinct < facts.filled:
                return (
                    f"it names no single rows: {facts.distinct} distinct values in {facts.filled} rows; take it "
                    f"all the same with --id {column!r}"
                )
            return f"its name promises another {role}, of which there is one already or which its values do not fit"
    problem = segment_problem(facts)
    if problem:
        return problem
    found, share = score_range(values)
    if share == 1 and len(found.counts) > 2 and found.low >= 0 and found.high <= 10:
        low = min(found.low, 1)
        return (
            f"it looks like a score from {found.low:g} to {found.high:g}; keep it with "
            f"--score {quote(f'NAME={column}:{low:g}-{found.high:g}')} or --segment {column!r}"
        )
    return None
