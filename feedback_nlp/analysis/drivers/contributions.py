"""What each theme adds to the score: a regression whose parts sum to it.

With g the outcome of a response, m_j whether it mentions theme j and x its controls, centred, least squares gives
g = a + sum_j b_j m_j + c'x + e with e of mean 0, so that mean(g) = a + sum_j w_j b_j, where w_j is the share that
mentions j: the contributions w_j b_j and the baseline a add up to the score exactly. Where themes nearly always come
together, the least ridge penalty that brings the condition number of the standardised columns to 30 (Belsley, Kuh &
Welsch 1980, "Regression Diagnostics") is put on the themes; intercept and controls stay free, so the sum stays exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from feedback_nlp.analysis.drivers.resampling import draw_weights, n_blocks

CONDITION = 30.0
_CHUNK_NUMBERS = 4_000_000


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
    seed: int = 0,
    draws: int = 1000,
) -> Contributions:
    """Fit ``g`` (n,) on the themes' ``columns`` (n, k) and ``controls`` (n, c), all 0/1.

    ``person`` (n,) numbers people from 0; they are what the bootstrap draws. ``draws`` 0 leaves it out.
    """
    return fit_periods([(g, columns, controls, person)], seed=seed, draws=draws)[0]


def fit_periods(
    periods: Sequence[tuple[np.ndarray, sparse.csr_array, sparse.csr_array, np.ndarray]],
    *,
    seed: int = 0,
    draws: int = 1000,
) -> list[Contributions]:
    """Fit each period as :func:`fit_contributions` does; a draw holds the same people in all of them."""
    widest = max(2 + columns.shape[1] + controls.shape[1] for _, columns, controls, _ in periods)
    people = 1 + max(int(person.max()) for *_, person in periods)
    blocks = n_blocks(people, len(periods) * widest * (widest + 1) // 2) if draws else 1
    weights = draw_weights(blocks, seed, draws)
    return [_fit(g, columns, controls, person % blocks, blocks, weights) for g, columns, controls, person in periods]


def _fit(
    g: np.ndarray,
    columns: sparse.csr_array,
    controls: sparse.csr_array,
    block: np.ndarray,
    blocks: int,
    weights: np.ndarray,
) -> Contributions:
    k, draws = columns.shape[1], len(weights)
    size = 2 + k + controls.shape[1]
    upper = np.triu_indices(size)
    moments = _moments_by_block(g, columns, controls, block, blocks, upper)
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
        part = _square(weights[rows] @ moments, size, upper)
        n = np.maximum(part[:, 0, 0], 1)  # a draw may miss a small period altogether
        drawn_shares[rows] = part[:, 0, 1 : 1 + k] / n[:, None]
        drawn[rows, 1:] = drawn_shares[rows] * _solve(part, k, ridge)
        drawn[rows, 0] = part[:, 0, -1] / n - drawn[rows, 1:].sum(axis=1)
    return Contributions(score, score - float(parts.sum()), parts, effects, shares, drawn, drawn_shares, ridge)


def _moments_by_block(
    g: np.ndarray,
    columns: sparse.csr_array,
    controls: sparse.csr_array,
    block: np.ndarray,
    blocks: int,
    upper: tuple[np.ndarray, np.ndarray],
) -> np.ndarray:
    """Return sums of products of (1, columns, controls, g) by block: the upper triangles, (blocks, m)."""
    n = len(g)
    z = sparse.hstack([np.ones((n, 1)), columns, controls, g[:, None]], format="csr")
    size = z.shape[1]
    # The same rows, each in the columns of its block: one sparse product then gives all blocks' moments.
    spread = sparse.csr_array(
        (z.data, z.indices + np.repeat(block * size, np.diff(z.indptr)), z.indptr), shape=(n, blocks * size)
    )
    moments = np.empty((blocks, len(upper[0])))
    products = (spread.T.tocsr() @ z).tocsr()
    step = max(1, _CHUNK_NUMBERS // (size * size))
    for start in range(0, blocks, step):
        end = min(start + step, blocks)
        part = products[start * size : end * size].toarray().reshape(-1, size, size)
        moments[start:end] = part[:, upper[0], upper[1]]
    return moments


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
    """Return the effects of the k columns, (b, k), for a stack of moments (b, size, size)."""
    n = np.maximum(moments[:, 0, 0], 1)[:, None, None]
    first = moments[:, 0, 1:]
    centred = moments[:, 1:, 1:] - first[:, :, None] * first[:, None, :] / n
    left, right = centred[:, :-1, :-1], centred[:, :-1, -1]
    variances = np.diagonal(left, axis1=1, axis2=2)
    scale = np.sqrt(np.where(variances > 1e-9 * n[:, :, 0], variances, np.inf))  # a column without spread has effect 0
    penalty = np.zeros(left.shape[1])
    penalty[:k] = ridge
    matrix = left / scale[:, :, None] / scale[:, None, :]
    # The smallest number that keeps a draw solvable in which two columns happen to be one.
    matrix = matrix + np.eye(left.shape[1]) * (penalty + 1e-10)
    matrix = matrix + np.eye(left.shape[1]) * np.isinf(scale)[:, None, :]
    solved = np.linalg.solve(matrix, (right / scale)[..., None])[..., 0] / scale
    return solved[:, :k]
