"""Did the fix work? What happened to a series after a date, against what it would have gone on to be.

A segmented regression (Wagner et al. 2002; Bernal, Cummins & Gasparrini 2017, "Interrupted time series regression for
the evaluation of public health interventions"): y_t = a + b t + c after_t + d (t - t0) after_t, weighted by how much
feedback each period holds, with errors that carry over from one period to the next (Prais & Winsten 1954). The carry-
over is corrected for its bias in short series; Newey-West errors covered 84 % at 24 periods where 95 % was due. With a
control, y is the difference to it, so that what moved both drops out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from feedback_nlp.analysis import intervals

_STEPS = 50
LEAST_PERIODS = 8  # on either side (field practice: 8 to 10)


@dataclass(frozen=True, slots=True, eq=False)
class Interruption:
    """What a series did after a date; all in the unit of the series.

    ``effect`` is how far the periods after it lie from where the time before would have led them, on average, with
    its 95 % interval ``low``..``high`` and ``p_value``; ``step`` and ``slope`` are its parts: the jump, and the change
    of trend per period. ``expected`` (n,) is what would have gone on, NaN before the date.
    """

    effect: float
    low: float
    high: float
    p_value: float
    step: float
    slope: float
    n_before: int
    n_after: int
    expected: np.ndarray


def interrupt(y: np.ndarray, weight: np.ndarray, start: int) -> Interruption | None:
    """Compare ``y`` (n,) from place ``start`` on with what came before.

    ``weight`` (n,) is how much a period counts, 0 to leave it out. None where fewer than :data:`LEAST_PERIODS` count on
    either side.
    """
    time = np.arange(len(y), dtype=np.float64)
    known = (weight > 0) & np.isfinite(y)
    n_before, n_after = int(known[:start].sum()), int(known[start:].sum())
    if min(n_before, n_after) < LEAST_PERIODS:
        return None
    after = (time >= start).astype(np.float64)
    design = np.column_stack([np.ones(len(y)), time - start, after, (time - start) * after])
    root = np.sqrt(weight[known] / weight[known].mean())
    x, target = design[known] * root[:, None], y[known] * root
    carried = 0.0
    degrees = int(known.sum()) - x.shape[1]
    for _ in range(_STEPS):
        left, right = _without_carry(x, carried), _without_carry(target[:, None], carried)[:, 0]
        inverse = np.linalg.inv(left.T @ left)
        coefficients = inverse @ (left.T @ right)
        residuals = target - x @ coefficients
        before, carried = carried, _carry(residuals, x.shape[1])
        if abs(before - carried) < 1e-6:
            break
    covariance = inverse * float(((right - left @ coefficients) ** 2).sum()) / degrees
    reach = float((time - start)[known & (after > 0)].mean())
    contrast = np.array([0.0, 0.0, 1.0, reach])
    effect, error = float(contrast @ coefficients), float(np.sqrt(contrast @ covariance @ contrast))
    half = float(intervals.t_value(degrees)) * error
    p_value = float(intervals.t_p_value(effect / error, degrees)) if error > 0 else float(effect == 0)
    expected = np.where(after > 0, design[:, :2] @ coefficients[:2], np.nan)
    return Interruption(
        *(effect, effect - half, effect + half, p_value),
        step=float(coefficients[2]),
        slope=float(coefficients[3]),
        n_before=n_before,
        n_after=n_after,
        expected=expected,
    )


def _carry(residuals: np.ndarray, columns: int) -> float:
    """Return the autocorrelation of residuals, 0..0.8, less the bias (Kendall 1954) of having fitted ``columns``."""
    n, square = len(residuals), float((residuals**2).sum())
    if square <= 0:
        return 0.0
    raw = float((residuals[1:] * residuals[:-1]).sum()) / square
    return float(np.clip((n * raw + columns) / (n - columns - 2), 0.0, 0.8))


def _without_carry(values: np.ndarray, carried: float) -> np.ndarray:
    """Return ``values`` (n, q) less what carries over from the row before, the first row scaled to match."""
    first = np.sqrt(1 - carried**2) * values[:1]
    return np.concatenate([first, values[1:] - carried * values[:-1]])
