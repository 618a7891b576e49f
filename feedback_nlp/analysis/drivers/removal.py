"""What the score would be without the responses that mention a theme, shared out fairly between themes that overlap.

Leaving out one theme's responses changes the score by T - B; such changes do not add up where responses mention
several themes. With v(S) = T - mean(g of the responses that mention nothing of S), the Shapley value of theme j is its
mean marginal contribution over all orders of leaving out (Shapley 1953), and the values sum to v(all) exactly, without
a model. Exact for up to twelve themes; above that over seeded orders, each with its reverse (Mitchell et al. 2022,
"Sampling Permutations for Shapley Value Estimation"). Where nobody is left nothing can be said, and v is 0. Survey
weights make the means weighted ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial

import numpy as np

from feedback_nlp.analysis.drivers.resampling import draw_weights, n_blocks

MOST_EXACT = 12
ORDERS = 64  # of leaving out, where there are too many themes for all of them


@dataclass(frozen=True, slots=True, eq=False)
class Removal:
    """``values`` (k,) sum to the score less ``rest``, the mean of the ``n_rest`` responses that mention no theme.

    ``draws`` (n_draws, k) are the values of the bootstrap; ``order_error`` (k,) is the standard error that comes from
    having tried some orders only, 0 when all were.
    """

    rest: float
    n_rest: int
    values: np.ndarray
    draws: np.ndarray
    order_error: np.ndarray


def shapley_of_removal(
    g: np.ndarray,
    row: np.ndarray,
    theme: np.ndarray,
    n_themes: int,
    person: np.ndarray,
    *,
    weight: np.ndarray | None = None,
    seed: int = 0,
    draws: int = 1000,
) -> Removal:
    """Share out the score of ``g`` (n,) between themes; ``row`` and ``theme`` (m,) are the mentions, sorted by row.

    ``weight`` (n,) are survey weights, above 0; without them all responses count alike.
    """
    weight = np.ones(len(g)) if weight is None else weight
    people = int(person.max()) + 1
    if n_themes <= MOST_EXACT:
        blocks = n_blocks(people, 2 * 2**n_themes) if draws else 1
        sums = _pattern_sums(g, weight, row, theme, n_themes, person % blocks, blocks)
        drawn = np.vstack([np.ones((1, blocks)), draw_weights(blocks, seed, draws)])
        values = np.concatenate([_exact(part, n_themes) for part in _chunks(drawn, sums)])
        error = np.zeros(n_themes)
    else:
        blocks = n_blocks(people, 2 * (n_themes + 1)) if draws else 1
        values, error = _by_orders(g, weight, row, theme, n_themes, person % blocks, blocks, seed, draws)
    mentioning = np.zeros(len(g), bool)
    mentioning[row] = True
    score = float((weight * g).sum() / weight.sum())
    return Removal(
        rest=score - float(values[0].sum()),
        n_rest=int((~mentioning).sum()),
        values=values[0],
        draws=values[1:],
        order_error=error,
    )


def _pattern_sums(
    g: np.ndarray, weight: np.ndarray, row: np.ndarray, theme: np.ndarray, k: int, block: np.ndarray, blocks: int
) -> np.ndarray:
    """Return (blocks, 2, 2**k): the weight of the responses that mention just the themes of a bit pattern, and of g."""
    pattern = np.zeros(len(g), np.int64)
    np.bitwise_or.at(pattern, row, np.left_shift(1, theme))
    cell = block * 2**k + pattern
    sums = [np.bincount(cell, values, blocks * 2**k).reshape(blocks, -1) for values in (weight, weight * g)]
    return np.stack(sums, axis=1)


def _chunks(weights: np.ndarray, sums: np.ndarray) -> list[np.ndarray]:
    flat = sums.reshape(len(sums), -1)
    step = max(1, 20_000_000 // flat.shape[1])
    return [
        (weights[start : start + step] @ flat).reshape(-1, *sums.shape[1:]) for start in range(0, len(weights), step)
    ]


def _exact(sums: np.ndarray, k: int) -> np.ndarray:
    """Return the Shapley values (b, k) from sums by pattern (b, 2, 2**k)."""
    inside = sums.copy()
    for bit in range(k):  # afterwards: sums over all patterns within a pattern (a zeta transform)
        shaped = inside.reshape(*inside.shape[:2], -1, 2, 2**bit)
        shaped[..., 1, :] += shaped[..., 0, :]
    whole = (1 << k) - 1
    left_out = np.arange(2**k)
    inside = inside[:, :, whole ^ left_out]  # what is left when the themes of a pattern are out
    counts, totals = inside[:, 0], inside[:, 1]
    value = totals[:, :1] / counts[:, :1] - _mean_left(counts, totals)  # v(S)
    sizes = np.array([int(pattern).bit_count() for pattern in left_out])
    result = np.zeros((len(sums), k))
    shares = [factorial(size) * factorial(k - size - 1) / factorial(k) for size in range(k)]
    for bit in range(k):
        without = left_out[(left_out >> bit & 1) == 0]
        share = np.array([shares[size] for size in sizes[without]])
        result[:, bit] = (value[:, without | (1 << bit)] - value[:, without]) @ share
    return result


def _by_orders(
    g: np.ndarray,
    weight: np.ndarray,
    row: np.ndarray,
    theme: np.ndarray,
    k: int,
    block: np.ndarray,
    blocks: int,
    seed: int,
    draws: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the values of the data and of each draw (1 + draws, k), and the error of having tried some orders."""
    rng = np.random.default_rng(seed)
    weights = draw_weights(blocks, seed, draws)
    mentions = np.bincount(row, minlength=len(g))
    # Those who mention most come first, so that those with a first, second, ... mention are the first so many.
    rows = np.argsort(-mentions, kind="stable")
    starts = (np.cumsum(mentions) - mentions)[rows]
    mentions = mentions[rows]
    small = theme.astype(np.int32)
    said = [small[starts[: np.searchsorted(-mentions, -place)] + place] for place in range(mentions[0])]
    start_of_block = block[rows] * (k + 1)
    w, wg = weight[rows], (weight * g)[rows]
    point = np.zeros((ORDERS, k))
    drawn = np.zeros((draws, k))
    for number in range(0, ORDERS, 2):
        forward = rng.permutation(k)
        for order in (forward, forward[::-1]):
            rank = np.empty(k, np.int32)
            rank[order] = np.arange(k)
            first = np.full(len(g), k, np.int32)
            for themes in said:
                np.minimum(first[: len(themes)], rank[themes], out=first[: len(themes)])
            cell = start_of_block + first
            counts, totals = (np.bincount(cell, each, blocks * (k + 1)).reshape(blocks, k + 1) for each in (w, wg))
            at = number + (order is not forward)
            point[at, order] = _steps(counts.sum(axis=0)[None], totals.sum(axis=0)[None])[0]
            if draws:
                drawn[:, order] += _steps(weights @ counts, weights @ totals)
    pairs = point.reshape(-1, 2, k).mean(axis=1)
    values = np.vstack([pairs.mean(axis=0)[None], drawn / ORDERS])
    return values, pairs.std(axis=0, ddof=1) / np.sqrt(len(pairs))


def _steps(counts: np.ndarray, totals: np.ndarray) -> np.ndarray:
    """Return what each step of an order changes, (b, k); (b, k + 1) are the responses that go at each step, or stay."""
    mean = _mean_left(
        np.cumsum(counts[:, ::-1], axis=1)[:, ::-1],
        np.cumsum(totals[:, ::-1], axis=1)[:, ::-1],
    )
    return mean[:, :-1] - mean[:, 1:]


def _mean_left(counts: np.ndarray, totals: np.ndarray) -> np.ndarray:
    """Return means (b, s) of those who are left; the mean of all, the first column, where nobody is."""
    everybody = totals[:, :1] / counts[:, :1]
    return np.where(counts > 0, totals / np.where(counts > 0, counts, 1), everybody)
