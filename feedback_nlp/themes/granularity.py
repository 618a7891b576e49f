"""How fine the themes are: candidates from coarse to fine, what was measured of each, and which was chosen and why.

The rule is that of prediction strength: the finest division that still holds when other statements are drawn
(Tibshirani & Walther 2005, https://doi.org/10.1198/106186005X59243), with the limits that Hennig (2007) gives for a
theme's mean Jaccard index: 0.75 for themes, which are to be valid and stable, 0.6 for sub-themes, which are to be
patterns at least. Sub-themes that fall short one by one are marked as candidates. Fewer than eight themes are taken
where so few are highly stable (0.85) and more are not stable: they are all there is, and only what is highly stable
too divides them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from feedback_nlp.themes.stability import HIGHLY_STABLE, PATTERN, STABLE

FEWEST_THEMES = 8  # fewer hide what there is to read, unless they are all there is: then they are highly stable
SUB_THEMES = 4  # for each theme that may be: what is read is a page or two, however many statements there are
STEP = 2**0.5  # from one candidate to the next


@dataclass(frozen=True)
class Candidate:
    """One way to divide the corpus. All but the first two are None where they were not measured.

    ``n_themes`` are found, of which the least has ``smallest`` statements. ``coverage`` (0..1) is the share of
    statements that at least half of the resampled fits put into the same theme; ``stability`` (0..1) the mean over
    themes of how well fits find it again (Jaccard index); ``agreement`` (-1..1) the mean adjusted Rand index of two
    fits; ``separation`` (0..1) how much nearer statements are to their theme than to the next one, as the mean
    simplified silhouette (Hruschka et al. 2004). ``chosen`` is "themes", "sub-themes" or empty.
    """

    n_themes: int
    smallest: int
    coverage: float | None = None
    stability: float | None = None
    agreement: float | None = None
    separation: float | None = None
    chosen: str = ""
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain JSON types."""
        return asdict(self)


def grid(most_themes: int, finest: int) -> list[int]:
    """Return the numbers of themes to try: from 4 up by a factor of √2, to ``finest`` or to four for each theme."""
    most = max(1, min(finest, SUB_THEMES * most_themes))
    steps = [round(4 * STEP**power) for power in range(40)]
    tried = {step for step in steps if step * STEP**0.5 < most}
    return sorted({*tried, min(most_themes, most), most})


def choose(candidates: Sequence[Candidate], most_themes: int) -> tuple[tuple[Candidate, ...], int, int]:
    """Return the candidates with what was chosen and why, and the rows of the one for themes and for sub-themes.

    The two rows are the same where no finer division holds. Candidates go from coarse to fine.
    """
    readable = [row for row, c in enumerate(candidates) if c.n_themes <= most_themes] or [0]
    top, why_top, limit = _finest(candidates, readable)
    finer = [row for row in range(len(candidates)) if candidates[row].n_themes > candidates[top].n_themes]
    held = [row for row in finer if (candidates[row].stability or 0.0) >= limit]
    leaf = held[-1] if held else top
    told = []
    for row, candidate in enumerate(candidates):
        measured = f"stability {candidate.stability or 0.0:.2f}"
        if row == top and row == leaf:
            chosen, why = "themes", f"{why_top}; no finer division reaches {limit}, so there are no sub-themes"
        elif row == top:
            chosen, why = "themes", why_top
        elif row == leaf:
            chosen, why = "sub-themes", f"{measured}: the finest that reaches {limit}"
        elif row in finer:
            short = (candidate.stability or 0.0) < limit
            chosen, why = "", f"{measured}: below {limit}" if short else f"{measured}: a finer one holds as well"
        else:
            chosen, why = "", f"{measured}: coarser than need be"
        told.append(replace(candidate, chosen=chosen, reason=why))
    return tuple(told), top, leaf


def _finest(candidates: Sequence[Candidate], readable: Sequence[int]) -> tuple[int, str, float]:
    """Return the row for themes, why, and the stability that a finer division must reach to be sub-themes."""

    def stability(row: int) -> float:
        return candidates[row].stability or 0.0

    fewest = min(FEWEST_THEMES, max(candidates[row].n_themes for row in readable))
    enough = [row for row in readable if candidates[row].n_themes >= fewest]
    few = [row for row in readable if row not in enough and stability(row) >= HIGHLY_STABLE]
    if stable := [row for row in enough if stability(row) >= STABLE]:
        return (
            stable[-1],
            f"stability {stability(stable[-1]):.2f}: the finest readable one that reaches {STABLE}",
            PATTERN,
        )
    if few:
        return (
            few[-1],
            f"stability {stability(few[-1]):.2f}: so few are highly stable, and more are not stable",
            HIGHLY_STABLE,
        )
    row = max(enough, key=lambda r: (stability(r), r))
    return row, f"stability {stability(row):.2f}: none reaches {STABLE}, and this is the most stable", PATTERN
