"""How fine the themes are: candidates from coarse to fine, what was measured of each, and which was chosen and why.

The rule for themes is that of prediction strength: the finest division that still holds when other statements are drawn
(Tibshirani & Walther 2005, https://doi.org/10.1198/106186005X59243). To hold is a mean Jaccard index of 0.75, from
which Hennig (2007) calls a cluster valid and stable. Where themes lie clearly apart, as they seldom do in text, the
division with the best silhouette among the highly stable ones (0.85) is all there is, be they few, and only what is
highly stable too divides them.

Sub-themes are for reading on, and each says how far to trust it: a theme that by itself is below 0.6 is marked as a
candidate. Their division has the most that are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from feedback_nlp.themes.discovery.stability import HIGHLY_STABLE, PATTERN, STABLE

FEWEST_THEMES = 8  # fewer hide what there is to read, unless they are clear, and so all there is
CLEAR = 0.5  # silhouette from which a structure is reasonable (Kaufman & Rousseeuw 1990)
SUB_THEMES = 4  # for each theme that may be: what is read is a page or two, however many statements there are
DIVIDED = 1.5  # times the themes that sub-themes must be
WORTH_DIVIDING = 50  # statements a theme, on average: fewer are read as they are
NEARLY = 0.05  # about a standard error of the mean stability of ten themes
STEP = 2**0.5  # from one candidate to the next


@dataclass(frozen=True)
class Candidate:
    """One way to divide the corpus. All but the first two are None where they were not measured.

    ``n_themes`` are found, of which the least has ``smallest`` statements. ``coverage`` (0..1) is the share of
    statements that at least half of the resampled fits put into the same theme; ``stability`` (0..1) the mean over
    themes of how well fits find it again (Jaccard index), ``held`` (0..1) the share of themes for which that is 0.6 or
    more; ``agreement`` (-1..1) the mean adjusted Rand index of two fits; ``separation`` (0..1) how much nearer
    statements are to their theme than to the next one, as the mean simplified silhouette (Hruschka et al. 2004).
    ``chosen`` is "themes", "sub-themes" or empty.
    """

    n_themes: int
    smallest: int
    coverage: float | None = None
    stability: float | None = None
    held: float | None = None
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
    cap = min(most_themes, most)
    return sorted({*(number for number in tried if abs(number - cap) > 0.15 * cap), cap, most})


@dataclass(frozen=True)
class Chosen:
    """The ``candidates`` with what was chosen and why, and the rows of the ones for themes and for sub-themes.

    The two rows are the same where there are no sub-themes. ``is_clear`` where themes lie clearly apart.
    """

    candidates: tuple[Candidate, ...]
    top: int
    leaf: int
    is_clear: bool = False


def choose(candidates: Sequence[Candidate], most_themes: int, n_statements: int) -> Chosen:
    """Return which of ``candidates``, coarse to fine, the themes and sub-themes of a corpus are taken from."""
    readable = [row for row, c in enumerate(candidates) if c.n_themes <= most_themes] or [0]
    top, why_top, limit = _finest(candidates, readable)
    leaf, why_leaf = _sub_themes(candidates, top, n_statements, limit)
    told = []
    for row, candidate in enumerate(candidates):
        measured = f"stability {candidate.stability or 0.0:.2f}"
        chosen = "themes" if row == top else "sub-themes" if row == leaf else ""
        if row == top:
            why = f"{measured}: {why_top}" + (f"; {why_leaf}" if row == leaf else "")
        elif row == leaf:
            why = f"{measured}: {why_leaf}"
        elif candidate.n_themes <= candidates[top].n_themes:
            why = f"{measured}: coarser than need be" if row < top else f"{measured}: no finer than the themes"
        else:
            why = f"{measured}: {_held(candidate)} of {candidate.n_themes} reach {PATTERN}"
        told.append(replace(candidate, chosen=chosen, reason=why))
    return Chosen(tuple(told), top, leaf, limit > STABLE)


def regrouped(candidates: Sequence[Candidate], sizes: np.ndarray, stability: np.ndarray) -> tuple[Candidate, ...]:
    """Return the ``candidates`` with the themes that were made of sub-themes among them, of ``sizes`` (k,) statements.

    ``stability`` (k,) is each theme's, 0..1.
    """
    made = Candidate(
        n_themes=len(sizes),
        smallest=int(sizes.min()),
        stability=round(float(stability.mean()), 3),
        held=round(float(np.mean(stability >= PATTERN)), 3),
        chosen="themes",
        reason=f"stability {stability.mean():.2f}: sub-themes that are alike, as one theme each",
    )
    others = [
        replace(c, chosen="", reason=f"stability {c.stability or 0.0:.2f}: as one division, not by likeness")
        if c.chosen == "themes"
        else c
        for c in candidates
    ]
    return tuple(sorted([*others, made], key=lambda c: (c.n_themes, c.chosen != "themes")))


def _sub_themes(candidates: Sequence[Candidate], top: int, n_statements: int, limit: float) -> tuple[int, str]:
    """Return the row for sub-themes, ``top`` where there are none, and why.

    It is, of the divisions that are patterns on the whole (0.6), the one with the most themes that hold by themselves;
    among those within a standard error of so many, the coarsest. Where none is a pattern it is the coarsest
    that is about as stable as any, for a theme without parts tells a reader less than parts that are marked as
    candidates. What few statements say, and what lies clearly apart, is divided only where that holds as themes must.
    """
    finer = [row for row, c in enumerate(candidates) if c.n_themes >= DIVIDED * candidates[top].n_themes]
    if limit > STABLE or n_statements < WORTH_DIVIDING * candidates[top].n_themes:
        finer = [row for row in finer if _holds(candidates[row], limit)]
        if not finer:
            return top, f"no finer division reaches {limit}, so there are no sub-themes"
    if not finer:
        return top, "nothing finer was found, so there are no sub-themes"
    patterns = [row for row in finer if _holds(candidates[row], PATTERN)]
    if not patterns:
        best = max(candidates[row].stability or 0.0 for row in finer)
        row = next(row for row in finer if (candidates[row].stability or 0.0) >= best - NEARLY)
        return (
            row,
            f"none that divides the themes reaches {PATTERN}; the coarsest of about the most stable",
        )
    finer = patterns
    most = max(finer, key=lambda row: (_held(candidates[row]), -row))
    share = candidates[most].held or 0.0
    least = _held(candidates[most]) - (candidates[most].n_themes * share * (1 - share)) ** 0.5
    row = next(row for row in finer if _held(candidates[row]) >= least)
    return row, f"{_held(candidates[row])} of {candidates[row].n_themes} reach {PATTERN}, and hardly more do in any"


def _held(candidate: Candidate) -> int:
    return round(candidate.n_themes * (candidate.held or 0.0))


def _holds(candidate: Candidate, limit: float) -> bool:
    return (candidate.stability or 0.0) >= limit


def _finest(candidates: Sequence[Candidate], readable: Sequence[int]) -> tuple[int, str, float]:
    """Return the row for themes, why, and the stability that a finer division must reach to be sub-themes."""

    def stability(row: int) -> float:
        return candidates[row].stability or 0.0

    fewest = min(FEWEST_THEMES, max(candidates[row].n_themes for row in readable))
    enough = [row for row in readable if candidates[row].n_themes >= fewest]
    clear = [
        row for row in readable if stability(row) >= HIGHLY_STABLE and (candidates[row].separation or 0.0) >= CLEAR
    ]
    if clear:
        row = max(clear, key=lambda r: (candidates[r].separation or 0.0, -r))
        return row, "highly stable, and the most clearly apart", HIGHLY_STABLE
    if stable := [row for row in enough if stability(row) >= STABLE]:
        why = f"the finest readable one that reaches {STABLE}"
        return stable[-1], why, STABLE
    row = max(enough, key=lambda r: (stability(r), r))
    return row, f"none reaches {STABLE}, and this is the most stable", STABLE
