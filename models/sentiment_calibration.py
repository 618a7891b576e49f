"""From logits to honest probabilities: temperatures, Platt scaling and thresholds of emotions and intents."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from sentiment_marks import EMOTIONS, MARKS
from sentiment_network import Rows
from sentiment_sources import EQUALS, MADE_UP, OWN
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

OTHER = "other"
SILVER = ("multi_xed_emotions", "ru_bank_clauses_llm_silver", MADE_UP)  # cannot tell how sure the head may be
# Least precision on our own sentences. Public sets, where half the rows ask, would have questions said too readily.
PRECISE = {"suggestion": 0.65, "question": 0.8, "churn": 0.75, "urgent": 0.8}
# Of how many rows of public sets it may be said at most, and of which: all that are not negative, or all. Few reviews
# and tweets ask for a change; hardly any complaint there is of harm, law or somebody vulnerable.
ALARMS = {"suggestion": (0.1, 0), "churn": (0.005, 1), "urgent": (0.001, 0)}
_TEMPERATURES = np.round(np.arange(0.4, 4.01, 0.05), 2)
_PROBABILITIES = np.round(np.arange(0.02, 0.99, 0.01), 2)
# F1 is best where the rare ones are told at one chance in eight, which no reader would stand by.
LIKELY_ENOUGH = 0.16


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return probabilities of shape (n, 3)."""
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Return probabilities of any shape."""
    return 1 / (1 + np.exp(-np.clip(logits, -50, 50)))


def fit_temperatures(rows: Rows, logits: np.ndarray, chosen: np.ndarray) -> dict[str, float]:
    """Return a temperature for each of the six languages and one for all others, least log loss on ``chosen``
    (Guo et al. 2017, https://arxiv.org/abs/1706.04599)."""
    silver = rows.frame["set"].is_in(SILVER).to_numpy()
    chosen = chosen[(rows.polarity[chosen] >= 0) & ~silver[chosen]]
    languages = rows.frame["lang"].to_numpy()[chosen]
    found = {}
    for language in (*EQUALS, OTHER):
        here = chosen[languages == language] if language != OTHER else chosen[~np.isin(languages, EQUALS)]
        if len(here) >= 40:
            losses = [_log_loss(logits[here, :3] / t, rows.polarity[here]) for t in _TEMPERATURES]
            found[language] = float(_TEMPERATURES[int(np.argmin(losses))])
    return {**found, OTHER: found.get(OTHER, max(found.values()))}  # languages never seen: be modest


def _log_loss(logits: np.ndarray, truth: np.ndarray) -> float:
    return float(-np.log(softmax(logits)[np.arange(len(truth)), truth] + 1e-12).mean())


def polarity_probabilities(rows: Rows, logits: np.ndarray, temperatures: dict[str, float]) -> np.ndarray:
    """Return (n, 3) float64 probabilities."""
    each = [temperatures.get(language, temperatures[OTHER]) for language in rows.frame["lang"]]
    return softmax(logits[:, :3].astype(np.float64) / np.array(each)[:, None])


def fit_marks(rows: Rows, logits: np.ndarray, chosen: np.ndarray) -> dict[str, tuple[float, float]]:
    """Return slope and offset of each emotion and intent: logistic regression on its logit (Platt 1999), each set
    and language counting by the root of its size."""
    found = {}
    for column, name in enumerate(MARKS):
        known = chosen[rows.marks[chosen, column] >= 0]
        sizes = rows.frame[known].select(pl.len().over("set", "lang")).to_series().to_numpy()
        model = LogisticRegression(C=1e6).fit(
            logits[known, 3 + column][:, None], rows.marks[known, column], sample_weight=sizes**-0.5
        )
        found[name] = (round(max(float(model.coef_[0, 0]), 0.05), 4), round(float(model.intercept_[0]), 4))
    return found


def mark_probabilities(logits: np.ndarray, calibration: dict[str, tuple[float, float]]) -> np.ndarray:
    """Return (n, len(MARKS)) probabilities."""
    slopes, offsets = np.array([calibration[name] for name in MARKS]).T
    return sigmoid(logits[:, 3:] * slopes + offsets)


def fit_thresholds(rows: Rows, probabilities: np.ndarray, chosen: np.ndarray) -> dict[str, float]:
    """Return for each emotion and intent the probability from which it is said: the best mean F1 over the sets (and
    languages) that know it, our own sentences counting as much as the public sets of an intent together; for
    PRECISE intents the least threshold with that precision on our own sentences, and with few alarms elsewhere."""
    found = {}
    for column, name in enumerate(MARKS):
        known = chosen[rows.marks[chosen, column] >= 0]
        own = rows.frame[known]["set"].is_in(OWN).to_numpy()
        truth, given = rows.marks[known, column], probabilities[known, column]
        if name in PRECISE:
            found[name] = precise_threshold(truth[own], given[own], PRECISE[name])
            if name in ALARMS:
                share, least = ALARMS[name]
                calm = chosen[(rows.polarity[chosen] >= least) & ~rows.frame["set"].is_in(OWN).to_numpy()[chosen]]
                quiet = float(np.ceil(np.quantile(probabilities[calm, column], 1 - share) * 100) / 100)
                found[name] = max(found[name], quiet)
            continue
        groups = [known[~own]] if name in EMOTIONS else [known[~own], known[own]]
        scores = [
            sum(_mean_f1(rows, probabilities, group, column, threshold) for group in groups)
            for threshold in _PROBABILITIES
        ]
        best = float(_PROBABILITIES[int(np.argmax(scores))])
        found[name] = max(best, LIKELY_ENOUGH) if name in EMOTIONS else best
    return found


def _mean_f1(rows: Rows, probabilities: np.ndarray, known: np.ndarray, column: int, threshold: float) -> float:
    """Return the mean over sets of the mean F1 over a set's languages."""
    by_set: dict[str, list[float]] = {}
    names = rows.frame["set"]
    for cell in cells(rows, known, column):
        said = probabilities[cell, column] >= threshold
        by_set.setdefault(names[int(cell[0])], []).append(
            float(f1_score(rows.marks[cell, column], said, zero_division=0))
        )
    return float(np.mean([np.mean(figures) for figures in by_set.values()])) if by_set else 0.0


def cells(rows: Rows, known: np.ndarray, column: int) -> list[np.ndarray]:
    """Return the rows of each set and language among ``known`` that has at least three with the mark."""
    frame = rows.frame[known].select("set", "lang", row=pl.Series(known), mark=pl.Series(rows.marks[known, column]))
    groups = frame.partition_by("set", "lang", maintain_order=True)
    return [group["row"].to_numpy() for group in groups if (group["mark"] == 1).sum() >= 3]


def precise_threshold(truth: np.ndarray, probabilities: np.ndarray, precision: float) -> float:
    """Return the least threshold that reaches a precision with at least ten hits, 0.99 if none does."""
    for threshold in _PROBABILITIES:
        said = probabilities >= threshold
        if truth[said].sum() >= 10 and truth[said].mean() >= precision:
            return float(threshold)
    return 0.99


def macro_f1(truth: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the mean F1 over the classes that ``truth`` holds, choosing among these only."""
    present = np.unique(truth)
    guess = present[probabilities[:, present].argmax(axis=1)]
    return float(f1_score(truth, guess, labels=present, average="macro", zero_division=0))


def calibration_error(truth: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the expected calibration error over ten equal bins of confidence."""
    return _gap(probabilities.max(axis=1), probabilities.argmax(axis=1) == truth)


def chance_error(probabilities: np.ndarray, draws: int = 200) -> float:
    """Return the calibration error that a perfectly calibrated head would show on so many rows: the mean of draws of
    what is right, each with the head's own probability."""
    confidence, chance = probabilities.max(axis=1), np.random.default_rng(0)
    return float(np.mean([_gap(confidence, chance.random(len(confidence)) < confidence) for _ in range(draws)]))


def _gap(confidence: np.ndarray, right: np.ndarray) -> float:
    bins = np.minimum((confidence * 10).astype(int), 9)
    gaps = [abs(confidence[bins == b].mean() - right[bins == b].mean()) * (bins == b).sum() for b in np.unique(bins)]
    return float(sum(gaps) / len(confidence))


def polarity_cells(rows: Rows, part: str) -> list[tuple[str, str, np.ndarray]]:
    """Return (set, language, rows) of the labelled rows of a part, where there are at least thirty."""
    chosen = rows.where((pl.col("part") == part) & (pl.col("polarity") >= 0))
    frame = rows.frame[chosen].select("set", "lang", row=pl.Series(chosen))
    groups = frame.partition_by("set", "lang", as_dict=True)
    found = [(str(name), str(lang), group["row"].to_numpy()) for (name, lang), group in groups.items()]
    return sorted((cell for cell in found if len(cell[2]) >= 30), key=lambda cell: cell[:2])


def mean_of_public(rows: Rows, probabilities: np.ndarray, part: str, skip: Sequence[str] = (MADE_UP,)) -> float:
    """Return the mean macro-F1 of polarity over public sets and languages."""
    return float(
        np.mean([macro_f1(rows.polarity[index], probabilities[index])
                 for name, _, index in polarity_cells(rows, part) if name not in skip])
    )  # fmt: skip
