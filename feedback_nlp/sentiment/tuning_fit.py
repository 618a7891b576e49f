"""One fit of the change to a head's polarity, for one penalty after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.records import SENTIMENT_LABELS
from feedback_nlp.sentiment.tuning_figures import softmax

_LOG_TEMPERATURE_SD = 0.3  # how far a temperature is expected to move: a normal prior on its logarithm

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class LabelledRows:
    """What the head says of n labelled texts. Sort the rows by their content: then no order of a file counts.

    ``hidden`` (n, H) are the activations below the last layer, ``logits`` (n, 3) what it makes of them, before any
    temperature. ``labels`` (n,) are places in SENTIMENT_LABELS. ``groups`` (n,) are whole numbers: rows of one group,
    such as repeated texts or one customer's, are never on both sides of a split.
    """

    hidden: NDArray[np.floating]
    logits: NDArray[np.floating]
    labels: Whole
    languages: Sequence[str]
    groups: Whole

    def take(self, rows: NDArray[np.integer]) -> LabelledRows:
        """Return some of the rows."""
        spoken = [self.languages[row] for row in rows.tolist()]
        return LabelledRows(self.hidden[rows], self.logits[rows], self.labels[rows], spoken, self.groups[rows])


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """What is added to the logits: ``hidden @ weight + logits @ mixing + bias``, and the temperatures after it.

    Shapes (H, 3), (3, 3) and (3,). ``penalty`` is the one chosen; at infinity the rest is zero.
    """

    weight: Floats
    mixing: Floats
    bias: Floats
    temperatures: Mapping[str, float]
    penalty: float

    def logits(self, rows: LabelledRows) -> Floats:
        """Return the changed logits (n, 3), before temperatures."""
        added = rows.hidden @ self.weight + rows.logits @ self.mixing + self.bias
        return np.asarray(rows.logits + added, np.float64)


def temperatures_of(languages: Sequence[str], temperatures: Mapping[str, float]) -> Floats:
    """Return the temperature of each row (n,) by its language."""
    return np.array([temperatures.get(language, temperatures["other"]) for language in languages], np.float64)


class Fit:
    """Logistic regression on rows for one penalty after the other, from strong to weak: each starts from the last.

    The inputs are turned to their principal axes and each is scaled by what the loss and the penalty curve along it,
    which is the same problem and takes a tenth of the steps.
    """

    def __init__(self, rows: LabelledRows, present: Whole, temperatures: Mapping[str, float]) -> None:
        inputs = np.concatenate([rows.hidden, rows.logits], axis=1).astype(np.float64)
        self._width, self._present = rows.hidden.shape[1], present
        self._centre = inputs.mean(axis=0)
        spread = inputs.var(axis=0)
        parts = [spread[: self._width].sum(), spread[self._width :].sum()]
        # Both parts vary by 1 in all, so that one penalty means the same whatever the head.
        self._scale = np.sqrt(np.repeat(parts, [self._width, inputs.shape[1] - self._width])) + 1e-9
        features = (inputs - self._centre) / self._scale
        self._temperatures = dict(temperatures)
        self._heat = temperatures_of(rows.languages, temperatures)[:, None]
        curves, axes = np.linalg.eigh(features.T @ (features / self._heat**2))
        self._axes = np.pad(axes, ((0, 1), (0, 1)))
        self._axes[-1, -1] = 1
        self._features = np.pad(features @ axes, ((0, 0), (0, 1)), constant_values=1)  # the intercept's input last
        self._curves = np.append(np.maximum(curves, 0), (1 / self._heat**2).sum()) / 4
        self._offset = rows.logits[:, present].astype(np.float64)
        self._truths = np.searchsorted(present, rows.labels)
        self._wanted = np.eye(len(present))[self._truths]
        self._weights = np.zeros((self._features.shape[1], len(present)))

    def change(self, penalty: float) -> Change:
        """Return the change for a penalty."""
        if np.isfinite(penalty):
            from scipy.optimize import minimize

            step = 1 / np.sqrt(self._curves + penalty)[:, None]
            options = {"maxiter": 200, "ftol": 1e-9, "gtol": 1e-7}
            start = (self._weights / step).ravel()
            found = minimize(self._loss, start, (step, penalty), "L-BFGS-B", jac=True, options=options)
            self._weights = found.x.reshape(self._weights.shape) * step
        moved = np.zeros((len(self._axes), len(SENTIMENT_LABELS)))
        moved[:, self._present] = self._axes @ self._weights
        linear = moved[:-1] / self._scale[:, None]
        bias = moved[-1] - self._centre @ linear
        return Change(linear[: self._width], linear[self._width :], bias, self._temperatures, float(penalty))

    def _loss(self, flat: Floats, step: Floats, penalty: float) -> tuple[float, Floats]:
        weights = flat.reshape(self._weights.shape) * step
        logits = (self._offset + self._features @ weights) / self._heat
        slope = self._features.T @ ((softmax(logits) - self._wanted) / self._heat) + penalty * weights
        n = len(self._truths)
        return (losses(logits, self._truths).sum() + penalty / 2 * (weights**2).sum()) / n, (slope * step).ravel() / n


def losses(logits: Floats, truths: Whole) -> Floats:
    """Return the log loss of each row."""
    from scipy.special import log_softmax

    return -np.asarray(log_softmax(logits, axis=1))[np.arange(len(truths)), truths]


def temperature(logits: Floats, truths: Whole, before: float) -> float:
    """Return the temperature that fits rows unseen, which few rows hardly move."""
    from scipy.optimize import minimize_scalar

    def cost(step: float) -> float:
        return float(losses(logits / (before * np.exp(step)), truths).sum() + (step / _LOG_TEMPERATURE_SD) ** 2 / 2)

    return round(before * float(np.exp(minimize_scalar(cost, bounds=(-1.5, 1.5), method="bounded").x)), 3)
