"""The table of granularities that discovery tried, and what it says of the themes that it chose."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from feedback_nlp.pipeline import DiscoverySummary

_HEADINGS = {
    "n_themes": "themes",
    "smallest": "smallest",
    "coverage": "coverage",
    "stability": "stability",
    "agreement": "agreement",
    "separation": "separation",
    "chosen": "chosen for",
}
HOW_TO_READ = (
    "coverage: share of statements that most resampled fits put into the same theme. stability: how well they find the "
    "themes again (mean Jaccard index, 0..1; 0.75 holds, below 0.6 is not to be trusted). agreement: adjusted Rand "
    "index of two fits. separation: mean silhouette."
)


def table_lines(candidates: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the table as lines, one a granularity, coarse to fine, and how to read it."""
    names = [name for name in _HEADINGS if any(name in row for row in candidates)]
    cells = [[_HEADINGS[name] for name in names]]
    cells += [[_cell(row.get(name)) for name in names] for row in candidates]
    widths = [max(len(line[column]) for line in cells) for column in range(len(names))]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    why = [
        f"{row['chosen'].capitalize()}: {row['reason']}"
        for row in candidates
        if row.get("chosen") and row.get("reason")
    ]
    return [*lines, *why, HOW_TO_READ]


def say_trust(summary: DiscoverySummary, say: Callable[[str], None], db_flag: str) -> None:
    """Say how far the themes can be trusted and what a person should look at."""
    if summary.n_emerging:
        say(f"{summary.n_emerging} themes are emerging: the guided codebook does not cover them.")
    for line in summary.notes:
        say(f"Note: {line}")
    if summary.conflicts:
        say(
            f"{len(summary.conflicts)} edits of people need a look, as the themes have changed under them: "
            f"feedback-nlp themes conflicts{db_flag}"
        )


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.2f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
