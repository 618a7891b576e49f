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

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from feedback_nlp.records import SENTIMENT_LABELS
from feedback_nlp.sentiment.tuning_figures import Figures, Gain, compared, softmax
from feedback_nlp.sentiment.tuning_fit import (
    Change,
    Fit,
    Floats,
    LabelledRows,
    Whole,
    losses,
    temperature,
    temperatures_of,
)

LEAST_ROWS = 50
LEAST_OF_A_LABEL = 10
LEAST_GROUPS = 10
LEAST_OF_A_LANGUAGE = 100  # rows, for a language to be measured by itself
OUTER_FOLDS, INNER_FOLDS = 5, 4
PENALTIES = (np.inf, 300.0, 100.0, 30.0, 10.0, 3.0, 1.0, 0.3)  # on the sum of the losses; inf leaves the head as it is


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
    before = softmax(rows.logits[:, present] / temperatures_of(rows.languages, temperatures)[:, None])
    after = np.empty_like(before)
    progress(0, steps)
    for number, (train, held_out) in enumerate(_folds(rows, OUTER_FOLDS, seed), start=1):
        change = _chosen(rows.take(train), present, temperatures, seed)
        unseen = rows.take(held_out)
        after[held_out] = softmax(
            change.logits(unseen)[:, present] / temperatures_of(unseen.languages, change.temperatures)[:, None]
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
    refusal = _refusal(figures[1], figures[2], counts)
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


def _refusal(after: Figures, gains: Mapping[str, Gain], counts: Mapping[str, int]) -> str | None:
    """Return why not, or None.

    Macro-F1 or log loss has to get better for certain, and neither worse for certain. And the labels have to have
    something to do with the texts: a head that tells every text the shares of the labels would get better too.
    """
    shares = np.array([*counts.values()]) / sum(counts.values())
    if after.log_loss >= -(shares * np.log(shares)).sum():
        return (
            "The labels cannot be told from the texts: answering every text with the shares of the labels would do as "
            "well. Look whether the columns belong together and the labels are of the feeling."
        )
    chief = {"macro-F1": gains["macro_f1"], "log loss": gains["log_loss"]}
    worse = [name for name, gain in chief.items() if gain.high < 0]
    if worse:
        return f"Tuning makes the {' and the '.join(worse)} worse on rows that it did not learn from."
    if not any(gain.low > 0 for gain in chief.values()):
        words = " and ".join(
            f"{name} {gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})" for name, gain in chief.items()
        )
        return (
            f"Tuning did not help for certain: the gain in {words} can be nothing. The bundled head stays the better "
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


def _chosen(rows: LabelledRows, present: Whole, temperatures: Mapping[str, float], seed: int) -> Change:
    """Choose the penalty by cross-validation, fit with it, and fit the temperatures to what the folds left out."""
    folds = _folds(rows, INNER_FOLDS, seed)
    fits = [Fit(rows.take(train), present, temperatures) for train, _ in folds]
    heat = temperatures_of(rows.languages, temperatures)
    truths = np.searchsorted(present, rows.labels)
    tried: list[tuple[Floats, Floats]] = []
    best = 0
    for penalty in PENALTIES:
        unseen = np.empty((len(truths), 3))
        for fit, (_, held_out) in zip(fits, folds, strict=True):
            unseen[held_out] = fit.change(penalty).logits(rows.take(held_out))
        tried.append((unseen, losses(unseen[:, present] / heat[:, None], truths)))
        if tried[-1][1].mean() < tried[best][1].mean():
            best = len(tried) - 1
        elif len(tried) - best > 2:  # weaker penalties would only lose more
            break
    least = tried[best][1]
    near = [loss.mean() - least.mean() <= (loss - least).std() / np.sqrt(len(truths)) for _, loss in tried]
    place = near.index(True)
    fitted = Fit(rows, present, temperatures).change(PENALTIES[place])
    if place == 0:
        return fitted
    spoken = np.array(rows.languages)
    changed = dict(temperatures)
    for language in np.unique(spoken).tolist():
        of_it = spoken == language
        changed[language] = temperature(tried[place][0][of_it][:, present], truths[of_it], float(heat[of_it][0]))
    return Change(fitted.weight, fitted.mixing, fitted.bias, changed, fitted.penalty)
