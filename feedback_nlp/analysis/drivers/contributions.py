"""What each theme adds to the score: a regression whose parts sum to it.

With g the outcome of a response, m_j whether it mentions theme j and x its controls, centred, least squares gives
g = a + sum_j b_j m_j + c'x + e with e of mean 0, so that mean(g) = a + sum_j w_j b_j, where w_j is the share that
mentions j: the contributions w_j b_j and the baseline a add up to the score exactly. Survey weights make it weighted
least squares, mean and share weighted ones, and the sum stays exact. Where themes nearly always come together, the
least ridge penalty that brings the condition number of the standardised columns to 30 (Belsley, Kuh & Welsch 1980,
"Regression Diagnostics") is put on the themes; intercept and controls stay free, so the sum stays exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits

from feedback_nlp.analysis.drivers.resampling import draw_weights, n_blocks

CONDITION = 30.0
_CHUNK_NUMBERS = 4_000_000
_CHUNK_ROWS = 1 << 15


@dataclass(frozen=True, slots=True, eq=False)
class Contributions:
    """A fitted score. ``score`` = ``baseline`` + the sum of ``parts`` (k,), to rounding.

    ``effects`` (k,) are the b_j in the unit of the outcome, ``shares`` (k,) the w_j (0..1). ``draws`` (n_draws, k + 1)
    are baseline and parts of the bootstrap, ``drawn_shares`` (n_draws, k) its w_j; ``ridge`` is the penalty, 0 where
    none was needed.
    """

    score: float
    baseline: float
    parts: np.ndarray
    effects: np.ndarray
    shares: np.ndarray
    draws: np.ndarray
    drawn_shares: np.ndarray
    ridge: float


def fit_contributions(
    g: np.ndarray,
    columns: sparse.csr_array,
    controls: sparse.csr_array,
    person: np.ndarray,
    *,
    weight: np.ndarray | None = None,
    seed: int = 0,
    draws: int = 1000,
) -> Contributions:
    """Fit ``g`` (n,) on the themes' ``columns`` (n, k) and ``controls`` (n, c), all 0/1.

    ``person`` (n,) numbers people from 0; they are what the bootstrap draws. ``weight`` (n,) are survey weights, above
    0; without them all count alike. ``draws`` 0 leaves the bootstrap out.
    """
    weights = np.ones(len(g)) if weight is None else weight
    return fit_periods([(g, columns, controls, person, weights)], seed=seed, draws=draws)[0]


def fit_periods(
    periods: Sequence[tuple[np.ndarray, sparse.csr_array, sparse.csr_array, np.ndarray, np.ndarray]],
    *,
    seed: int = 0,
    draws: int = 1000,
) -> list[Contributions]:
    """Fit each period (g, columns, controls, person, weight) as :func:`fit_contributions` does.

    A draw holds the same people in all of them.
    """
    widest = max(2 + columns.shape[1] + controls.shape[1] for _, columns, controls, *_ in periods)
    people = 1 + max(int(person.max()) for *_, person, _ in periods)
    blocks = n_blocks(people, len(periods) * widest * (widest + 1) // 2) if draws else 1
    drawn = draw_weights(blocks, seed, draws)
    return [
        _fit(g, columns, controls, person % blocks, weight, blocks, drawn)
        for g, columns, controls, person, weight in periods
    ]


def _fit(
    g: np.ndarray,
    columns: sparse.csr_array,
    controls: sparse.csr_array,
    block: np.ndarray,
    weight: np.ndarray,
    blocks: int,
    drawn_blocks: np.ndarray,
) -> Contributions:
    k, draws = columns.shape[1], len(drawn_blocks)
    size = 2 + k + controls.shape[1]
    upper = np.triu_indices(size)
    moments = _moments_by_block(g, sparse.hstack([columns, controls], format="csr"), block, weight, blocks)
    whole = _square(moments.sum(axis=0)[None], size, upper)
    ridge = _least_ridge(whole[0], k)
    effects = _solve(whole, k, ridge)[0]
    shares = whole[0, 0, 1 : 1 + k] / whole[0, 0, 0]
    score = float(whole[0, 0, -1] / whole[0, 0, 0])
    parts = shares * effects
    drawn, drawn_shares = np.empty((draws, k + 1)), np.empty((draws, k))
    step = max(1, _CHUNK_NUMBERS // (size * size))
    for start in range(0, draws, step):
        rows = slice(start, start + step)
        part = _square(drawn_blocks[rows] @ moments, size, upper)
        n = _above_none(part[:, 0, 0])
        drawn_shares[rows] = part[:, 0, 1 : 1 + k] / n[:, None]
        totals = part[:, 0, -1].copy()
        drawn[rows, 1:] = drawn_shares[rows] * _solve(part, k, ridge)
        drawn[rows, 0] = totals / n - drawn[rows, 1:].sum(axis=1)
    return Contributions(score, score - float(parts.sum()), parts, effects, shares, drawn, drawn_shares, ridge)


def _moments_by_block(
    g: np.ndarray, columns: sparse.csr_array, block: np.ndarray, weight: np.ndarray, blocks: int
) -> np.ndarray:
    """Return weighted sums of products of (1, columns, g) by block: the upper triangles, row by row, (blocks, m).

    That of g with itself, which no fit needs, is left 0.
    """
    size = columns.shape[1] + 2
    m = size * (size + 1) // 2
    before = np.arange(size) * (2 * size - 1 - np.arange(size)) // 2  # (i, j) is number before[i] + j of a triangle
    order = np.argsort(block, kind="stable")  # the sums of a block then stay in the cache
    z, block, weight, g = columns[order], block[order], weight[order], g[order]
    moments = np.zeros(blocks * m)

    def add(first: int, last: int, cells: np.ndarray, weights: np.ndarray) -> None:
        """Add to the triangles of the blocks ``first`` to ``last``."""
        moments[first * m : (last + 1) * m] += np.bincount(cells - first * m, weights, (last + 1 - first) * m)

    for start in range(0, len(g), _CHUNK_ROWS):
        rows = slice(start, start + _CHUNK_ROWS)
        triangle, w, wg = block[rows] * m, weight[rows], (weight * g)[rows]
        part = z[rows]
        row, column = np.repeat(np.arange(len(w)), np.diff(part.indptr)), part.indices + 1
        until = part.indptr[1:].astype(np.int64)[row]  # where the row of an entry ends
        ends = triangle + size - 1
        cells = [triangle, ends, triangle[row] + column, triangle[row] + before[column] + column]
        cells.append(triangle[row] + before[column] + size - 1)
        weights = [w, wg, w[row], w[row], wg[row]]
        left = triangle[row] + before[column]
        at, ahead = np.arange(len(row)), 1
        while (at := at[at + ahead < until[at]]).size:  # each entry with the one so far ahead in its row
            cells.append(left[at] + column[at + ahead])
            weights.append(w[row[at]])
            ahead += 1
        add(int(block[rows][0]), int(block[rows][-1]), np.concatenate(cells), np.concatenate(weights))
    return moments.reshape(blocks, m)


def _square(flat: np.ndarray, size: int, upper: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Return symmetric matrices (b, size, size) from their upper triangles (b, m)."""
    square = np.empty((len(flat), size, size))
    square[:, upper[0], upper[1]] = flat
    square[:, upper[1], upper[0]] = flat
    return square


def _least_ridge(moments: np.ndarray, k: int) -> float:
    """Return the least penalty, in the scale of correlations, that the themes' columns need."""
    inner = moments[1:-1, 1:-1] - np.outer(moments[0, 1:-1], moments[0, 1:-1]) / moments[0, 0]
    scale = np.sqrt(np.maximum(np.diag(inner), 0))
    varying = scale > 1e-9 * max(float(scale.max(initial=0)), 1.0)
    if k == 0 or not varying.any():
        return 0.0
    correlations = inner[np.ix_(varying, varying)] / np.outer(scale[varying], scale[varying])
    eigenvalues = np.linalg.eigvalsh(correlations)
    return max(0.0, float((eigenvalues[-1] - CONDITION**2 * eigenvalues[0]) / (CONDITION**2 - 1)))


def _solve(moments: np.ndarray, k: int, ridge: float) -> np.ndarray:
    """Return the effects of the k columns, (b, k), for a stack of moments (b, size, size), which it uses up."""
    n = _above_none(moments[:, 0, 0])[:, None]
    first = moments[:, 0, 1:].copy()
    centred = moments[:, 1:, 1:]
    centred -= first[:, :, None] * (first / n)[:, None, :]
    matrix, right = centred[:, :-1, :-1], centred[:, :-1, -1]
    variances = np.diagonal(matrix, axis1=1, axis2=2)
    scale = np.sqrt(np.where(variances > 1e-9 * n, variances, np.inf))  # a column without spread has effect 0
    matrix /= scale[:, :, None]
    matrix /= scale[:, None, :]
    penalty = np.zeros(matrix.shape[1])
    penalty[:k] = ridge
    at = np.arange(matrix.shape[1])
    # The smallest number that keeps a draw solvable in which two columns happen to be one.
    matrix[:, at, at] += penalty + 1e-10 + np.isinf(scale)
    with threadpool_limits(1, user_api="blas"):  # on small systems BLAS threads spend their time on waiting
        solved = np.linalg.solve(matrix, (right / scale)[..., None])[..., 0] / scale
    return solved[:, :k]


def _above_none(n: np.ndarray) -> np.ndarray:
    """Return sums of weights to divide by; a draw may miss a small period altogether."""
    return np.where(n > 0, n, 1)
