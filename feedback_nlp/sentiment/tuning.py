"""Fits a head's polarity to labelled rows of one's own, and says by cross-validation whether that helped.

The head's last layer is moved, not replaced: multinomial logistic regression on the hidden activations and the head's
own logits, with those logits as offset and an L2 penalty on every change, the intercept's included. With few rows, or
labels that say nothing new, the head stays as it is. The penalty is the strongest one within a standard error of the
best in an inner cross-validation (Breiman et al. 1984, "Classification and Regression Trees", on the choice of size),
temperatures are fitted to rows that the fit did not see (Guo et al. 2017). Before and after are compared in an outer
cross-validation on the same rows with a paired bootstrap (Efron & Tibshirani 1993); rows of one group stay together
in all of them. The figures of "before" are fair only when the head did not learn from the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.records import SENTIMENT_LABELS
from feedback_nlp.sentiment.tuning_figures import Figures, Gain, compared, softmax

LEAST_ROWS = 50
LEAST_OF_A_LABEL = 10
LEAST_GROUPS = 10
LEAST_OF_A_LANGUAGE = 100  # rows, for a language to be measured by itself
OUTER_FOLDS, INNER_FOLDS = 5, 4
PENALTIES = (np.inf, 300.0, 100.0, 30.0, 10.0, 3.0, 1.0, 0.3)  # on the sum of the losses; inf leaves the head as it is
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


@dataclass(frozen=True, slots=True)
class Tuned:
    """The change fitted to all rows, and what cross-validation says of it.

    ``gains`` are by figure (macro_f1, accuracy, log_loss, ece), above 0 where tuning is better. ``refusal`` is why the
    change should not be used, None when it should. ``languages`` holds (code, n, before, after, gains) of those with
    enough rows; ``warnings`` are sentences for the user.
    """

    n: int
    n_labels: Mapping[str, int]
    refusal: str | None
    before: Figures | None = None
    after: Figures | None = None
    gains: Mapping[str, Gain] = field(default_factory=dict)
    languages: tuple[tuple[str, int, Figures, Figures, Mapping[str, Gain]], ...] = ()
    warnings: tuple[str, ...] = ()
    change: Change | None = None


def tune(
    rows: LabelledRows,
    temperatures: Mapping[str, float],
    *,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Tuned:
    """Fit the change to ``rows`` and measure it.

    ``temperatures`` are the head's, by language, with one for "other". With two of the three labels alone among the
    rows, only the balance between those two is fitted and measured; with one, there is nothing to fit.
    """
    present = np.unique(rows.labels)
    counts = {SENTIMENT_LABELS[label]: int((rows.labels == label).sum()) for label in present}
    problem = _too_little(rows, counts)
    if problem is not None:
        return Tuned(len(rows.labels), counts, problem)
    steps = OUTER_FOLDS + 1
    before = softmax(rows.logits[:, present] / _of(rows.languages, temperatures)[:, None])
    after = np.empty_like(before)
    progress(0, steps)
    for number, (train, held_out) in enumerate(_folds(rows, OUTER_FOLDS, seed), start=1):
        change = _chosen(rows.take(train), present, temperatures, seed)
        unseen = rows.take(held_out)
        after[held_out] = softmax(
            change.logits(unseen)[:, present] / _of(unseen.languages, change.temperatures)[:, None]
        )
        progress(number, steps)
    change = _chosen(rows, present, temperatures, seed)
    progress(steps, steps)
    truths = np.searchsorted(present, rows.labels)
    figures = compared(before, after, truths, rows.groups, seed=seed)
    by_language, warnings = [], _missing_words(present)
    spoken = np.array(rows.languages)
    for language in np.unique(spoken).tolist():
        of_it = np.flatnonzero(spoken == language)
        if LEAST_OF_A_LANGUAGE <= len(of_it) < len(spoken):
            found = compared(before[of_it], after[of_it], truths[of_it], rows.groups[of_it], seed=seed)
            by_language.append((language, len(of_it), *found))
            if found[2]["macro_f1"].high < 0:
                warnings.append(
                    f"In the language {language!r} the macro-F1 falls by {-found[2]['macro_f1'].value:.3f}."
                )
    refusal = _refusal(figures[2])
    return Tuned(
        n=len(rows.labels),
        n_labels=counts,
        refusal=refusal,
        before=figures[0],
        after=figures[1],
        gains=figures[2],
        languages=tuple(by_language),
        warnings=tuple(warnings),
        change=change,
    )


def _too_little(rows: LabelledRows, counts: Mapping[str, int]) -> str | None:
    n, groups = len(rows.labels), len(np.unique(rows.groups))
    if n < LEAST_ROWS:
        return f"{n} rows can be used, and fewer than {LEAST_ROWS} say too little. Label more rows."
    if len(counts) < 2:
        return f"All {n} rows are labelled {next(iter(counts))!r}. Label rows of another kind as well."
    few = [f"{count} {name}" for name, count in counts.items() if count < LEAST_OF_A_LABEL]
    if few:
        return f"Only {', '.join(few)} among {n} rows; {LEAST_OF_A_LABEL} of each label are needed. Label more of them."
    if groups < LEAST_GROUPS:
        return f"The rows fall into {groups} groups, and {LEAST_GROUPS} are needed. Leave --group out, or add rows."
    return None


def _missing_words(present: Whole) -> list[str]:
    missing = [name for label, name in enumerate(SENTIMENT_LABELS) if label not in present]
    if not missing:
        return []
    return [
        f"No row is labelled {missing[0]!r}: what counts as {missing[0]} was neither fitted nor measured, and all "
        "figures are of the choice between the other two."
    ]


def _refusal(gains: Mapping[str, Gain]) -> str | None:
    """Return why not, or None: macro-F1 or log loss has to get better for certain, and neither worse for certain."""
    chief = {"macro-F1": gains["macro_f1"], "log loss": gains["log_loss"]}
    worse = [name for name, gain in chief.items() if gain.high < 0]
    if worse:
        return f"Tuning makes the {' and the '.join(worse)} worse on rows that it did not learn from."
    if not any(gain.low > 0 for gain in chief.values()):
        words = " and ".join(
            f"{name} {gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})" for name, gain in chief.items()
        )
        return (
            f"Tuning did not help for certain: the gain in {words} can be nothing. The head in force stays the better "
            "choice. Label more rows, or look whether the labels agree with each other."
        )
    return None


def _folds(rows: LabelledRows, number: int, seed: int) -> list[tuple[Whole, Whole]]:
    """Return (train, held out) rows of each fold: groups whole, each fold with its share of every label."""
    from sklearn.model_selection import KFold, StratifiedKFold

    _, first, group = np.unique(rows.groups, return_index=True, return_inverse=True)
    labels = rows.labels[first]
    enough = np.unique(labels, return_counts=True)[1].min() >= number
    folds = (StratifiedKFold if enough else KFold)(number, shuffle=True, random_state=seed)
    return [
        (np.flatnonzero(np.isin(group, train)), np.flatnonzero(np.isin(group, held_out)))
        for train, held_out in folds.split(labels, labels)
    ]


def _of(languages: Sequence[str], temperatures: Mapping[str, float]) -> Floats:
    return np.array([temperatures.get(language, temperatures["other"]) for language in languages], np.float64)


def _chosen(rows: LabelledRows, present: Whole, temperatures: Mapping[str, float], seed: int) -> Change:
    """Choose the penalty by cross-validation, fit with it, and fit the temperatures to what the folds left out."""
    folds = _folds(rows, INNER_FOLDS, seed)
    fits = [_Fit(rows.take(train), present, temperatures) for train, _ in folds]
    heat = _of(rows.languages, temperatures)
    truths = np.searchsorted(present, rows.labels)
    tried: list[tuple[Floats, Floats]] = []
    best = 0
    for penalty in PENALTIES:
        unseen = np.empty((len(truths), 3))
        for fit, (_, held_out) in zip(fits, folds, strict=True):
            unseen[held_out] = fit.change(penalty).logits(rows.take(held_out))
        tried.append((unseen, _losses(unseen[:, present] / heat[:, None], truths)))
        if tried[-1][1].mean() < tried[best][1].mean():
            best = len(tried) - 1
        elif len(tried) - best > 2:  # weaker penalties would only lose more
            break
    least = tried[best][1]
    near = [loss.mean() - least.mean() <= (loss - least).std() / np.sqrt(len(truths)) for _, loss in tried]
    place = near.index(True)
    fitted = _Fit(rows, present, temperatures).change(PENALTIES[place])
    if place == 0:
        return fitted
    spoken = np.array(rows.languages)
    changed = dict(temperatures)
    for language in np.unique(spoken).tolist():
        of_it = spoken == language
        changed[language] = _temperature(tried[place][0][of_it][:, present], truths[of_it], float(heat[of_it][0]))
    return Change(fitted.weight, fitted.mixing, fitted.bias, changed, fitted.penalty)


class _Fit:
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
        self._heat = _of(rows.languages, temperatures)[:, None]
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
        return (_losses(logits, self._truths).sum() + penalty / 2 * (weights**2).sum()) / n, (slope * step).ravel() / n


def _losses(logits: Floats, truths: Whole) -> Floats:
    """Return the log loss of each row."""
    from scipy.special import log_softmax

    return -np.asarray(log_softmax(logits, axis=1))[np.arange(len(truths)), truths]


def _temperature(logits: Floats, truths: Whole, before: float) -> float:
    """Return the temperature that fits rows unseen, which few rows hardly move."""
    from scipy.optimize import minimize_scalar

    def cost(step: float) -> float:
        return float(_losses(logits / (before * np.exp(step)), truths).sum() + (step / _LOG_TEMPERATURE_SD) ** 2 / 2)

    return round(before * float(np.exp(minimize_scalar(cost, bounds=(-1.5, 1.5), method="bounded").x)), 3)
