"""The bootstrap over customers that every interval of the drivers comes from.

Customers are drawn, not responses, so that several answers of one person do not pass for several people (a cluster
bootstrap, Cameron, Gelbach & Miller 2008, "Bootstrap-based improvements for inference with clustered errors"). Where
there are many customers they are dealt into blocks, and blocks are drawn: sums over blocks are all that is kept, so
that a thousand refits cost a few matrix products, whatever the number of responses.
"""

from __future__ import annotations

import numpy as np

from feedback_nlp.analysis import intervals

DRAWS = 1000
_LARGEST_BLOCKS = 800  # a spread over so many is known to 2.5 %, whatever is in them
_MOST_NUMBERS = 40_000_000  # of sums kept at once: 320 MB


def n_blocks(n_people: int, numbers_per_block: int) -> int:
    """Return into how many blocks to deal ``n_people``, each of which keeps ``numbers_per_block`` sums."""
    return max(1, min(n_people, _LARGEST_BLOCKS, _MOST_NUMBERS // max(numbers_per_block, 1)))


def draw_weights(blocks: int, seed: int, draws: int = DRAWS) -> np.ndarray:
    """Return how often each block is drawn, (draws, blocks) float64; each row adds up to ``blocks``."""
    return np.random.default_rng(seed).multinomial(blocks, np.full(blocks, 1 / blocks), size=draws).astype(np.float64)


def interval_of(
    estimate: np.ndarray, draws: np.ndarray, degrees: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return low, high and the two-sided p value of ``estimate`` (m,) from ``draws`` (n_draws, m).

    The bootstrap gives the spread, Student's t with ``degrees`` (m,) of freedom the reach: with few customers behind
    a figure, plain percentiles come out too narrow (Hesterberg 2015, "What Teachers Should Know About the Bootstrap").
    The skew of the draws is kept by letting each side have a spread of its own. NaN where nothing varies or was drawn.
    """
    if not len(draws):
        return (np.full(estimate.shape, np.nan),) * 3
    below = np.where(draws < estimate, draws - estimate, np.nan)
    above = np.where(draws > estimate, draws - estimate, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.sqrt(np.mean((draws - draws.mean(axis=0)) ** 2, axis=0))
        spread = np.where(spread > 0, spread, np.nan)
        left = _root_mean_square(below)
        right = _root_mean_square(above)
        # Scaled so that together they span what the overall spread does.
        scale = 2 * spread / (left + right)
        t = intervals.t_value(degrees)
        low, high = estimate - t * left * scale, estimate + t * right * scale
        p = intervals.t_p_value(estimate / spread, degrees)
    return low, high, p


def _root_mean_square(values: np.ndarray) -> np.ndarray:
    counts = np.isfinite(values).sum(axis=0)
    squares = np.nansum(values**2, axis=0)
    return np.sqrt(np.where(counts > 0, squares / np.maximum(counts, 1), np.nan))
