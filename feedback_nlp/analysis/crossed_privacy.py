"""What else a table of two segments has to hide, so that its margins do not give small cells away.

A hidden cell can be worked out from the totals of rows and columns, which are published too, and two hidden cells in
every row and column are no safeguard: where two groups of hidden cells hang together by one cell, that one is the
difference of known sums (Gusfield 1988, "A graph theoretic approach to statistical data security", SIAM J. Comput.
17(3)). So the attacker is asked: how much could each small cell be, given all that is published? The answer is the
optimum of a linear program (Cox 1980, "Suppression methodology and statistical disclosure control", JASA 75;
Hundepool et al. 2012, "Statistical Disclosure Control", ch. 4), and here that of a flow: what may be added to the cell
has to be taken from others of its row and column. The least cut tells which further cells help; the smallest of them is
hidden, until every small cell may hold as many people as the minimum, for all that anybody can find out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

Counts: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

_NO_BOUND = 2**20  # people; how much a cell may grow when nothing published bounds it


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """Those of whom the cells (r, c) of a table tell.

    ``people`` are distinct in each cell. ``own`` are the same where they are as many as the privacy minimum; in cells
    of fewer, those of them who are counted in no other such cell, so that sums of ``own`` count nobody twice.
    """

    people: Counts
    own: Counts


def hide_more(
    sides: Sequence[Side],
    hidden: Flags,
    *,
    rows: Counts,
    columns: Counts,
    cost: Counts,
    minimum: int,
    bounded: bool = True,
) -> Flags | None:
    """Return which cells of a table (r, c) to hide so that margins tell of no cell that it holds a few people only.

    ``sides`` is one, or the two parts of a base: those who mention something, and those who do not. ``bounded`` says
    that the base of every cell is published, so that one side can only grow by as many as the other one has; else
    nothing says how great a cell may be. ``hidden`` are the cells hidden so far, all that hold 1 to ``minimum - 1``
    people on a side among them. ``rows`` (r,) and ``columns`` (c,) number the margins; those whose total is not
    published share a number. ``cost`` says how much is lost with a cell, the least goes first (0, an empty cell, goes
    last). None where hiding the whole table would not do: then margins and bases tell of a cell already.
    """
    margins = _Margins(rows, columns, minimum)
    known, hidden = hidden, hidden.copy()
    few = []
    for side, other in zip(sides, reversed(sides), strict=True):
        take = np.minimum(side.own, minimum)
        give = np.minimum(other.own, minimum) if bounded and len(sides) == 2 else np.full_like(take, _NO_BOUND)
        small = np.argwhere((side.people > 0) & (side.people < minimum))
        few += [((take, give), at) for at in sorted({(int(rows[r]), int(columns[c])) for r, c in small})]
    for (take, give), at in few:
        while (cut := margins.short(hidden, take, give, at)) is not None:
            missing, forward, backward = cut
            gain = np.where(forward, take, np.where(backward, give, 0)) * ~hidden
            if not gain.any():
                return None
            order = np.lexsort((cost.ravel(), (cost == 0).ravel(), (gain < missing).ravel(), (gain <= 0).ravel()))
            hidden.ravel()[order[0]] = True
    # What was hidden early may be of no use after what was hidden late.
    for r, c in sorted(np.argwhere(hidden & ~known).tolist(), key=lambda place: (-int(cost[tuple(place)]), place)):
        hidden[r, c] = False
        hidden[r, c] = any(margins.short(hidden, *side, at) is not None for side, at in few)
    return hidden


@dataclass(frozen=True, slots=True, eq=False)
class _Margins:
    """The published totals of a table: the number of each row's and column's, and how many people are enough."""

    rows: Counts
    columns: Counts
    enough: int

    def short(self, hidden: Flags, take: Counts, give: Counts, at: tuple[int, int]) -> tuple[int, Flags, Flags] | None:
        """Return None where the cell at these margins could hold enough people, for all that is published.

        Else how many are missing, and the cells (r, c) that would make up for it: those from which more could be
        taken, and those to which more could be given.
        """
        taken, given = (self._sums(np.where(hidden, side, 0)) for side in (take, give))
        row, column = at
        enough = self.enough
        if taken[at] >= enough:
            return None
        if ((taken[row] >= enough)[None, :] & (given >= enough) & (taken[:, column] >= enough)[:, None]).any():
            return None  # the other three corners of one rectangle will do
        n_rows, n_columns = taken.shape
        capacity = np.zeros((n_rows + n_columns,) * 2, np.int32)
        capacity[:n_rows, n_rows:] = np.minimum(taken, _NO_BOUND)
        capacity[n_rows:, :n_rows] = np.minimum(given, _NO_BOUND).T
        graph = csr_array(capacity)
        found = maximum_flow(graph, row, n_rows + column)
        if found.flow_value >= enough:
            return None
        left = csr_array(graph - found.flow)
        left.eliminate_zeros()
        reached = np.zeros(n_rows + n_columns, bool)
        reached[breadth_first_order(left, row, return_predecessors=False)] = True
        inside, within = reached[:n_rows][self.rows], reached[n_rows:][self.columns]
        return enough - int(found.flow_value), np.outer(inside, ~within), np.outer(~inside, within)

    def _sums(self, table: Counts) -> Counts:
        sums = np.zeros((int(self.rows.max()) + 1, int(self.columns.max()) + 1), np.int64)
        np.add.at(sums, (self.rows[:, None], self.columns[None, :]), table)
        return sums
