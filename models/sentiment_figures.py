"""The figures of the card: held-out rows only, as Markdown tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from sentiment_calibration import (
    calibration_error,
    cells,
    chance_error,
    macro_f1,
    polarity_cells,
)
from sentiment_marks import CLASSES, EMOTIONS, INTENTS, MADE_UP_INTENTS, MARKS
from sentiment_network import Rows
from sentiment_questions import Answers, answers
from sentiment_sources import BY_NAME, EQUALS, MADE_UP, OWN
from sklearn.metrics import confusion_matrix, f1_score

TWO_CLASSES = "ro_laroseda_reviews"
GOALS = {
    "en_airline_tweets": 0.79,
    "en_tweeteval_sentiment": 0.70,
    "multi_xlmt_tweet_sentiment": 0.66,
    "pl_wccrs_hotel_medicine": 0.80,
    TWO_CLASSES: 0.93,
    "ru_sentirueval16_bank_telecom": 0.72,
    "ar_reviews_elsahar": 0.64,
    "ar_astd_tweets": 0.58,
    "de_germeval2017_bahn": 0.55,
}
PARALLEL = ("multi_xlmt_tweet_sentiment", "multi_mabsa_aspects_parallel", "multi_xed_emotions", MADE_UP)
EMOTION_SETS = ("en_goemotions", "ro_red_emotions", "en_tweeteval_emotion", "multi_xed_emotions")
_GRID = np.round(np.arange(0.02, 0.99, 0.02), 2)


@dataclass(frozen=True, slots=True)
class Scored:
    """Probabilities of every row: polarity (n, 3), marks (n, len(MARKS)), and what is said of the marks."""

    rows: Rows
    polarity: np.ndarray
    marks: np.ndarray
    thresholds: Mapping[str, float]

    @property
    def said(self) -> np.ndarray:
        """Which marks are said, (n, len(MARKS)) bool."""
        return self.marks >= np.array([self.thresholds[name] for name in MARKS])


def table(header: list[str], lines: list[list[object]]) -> str:
    """Return a Markdown table."""
    rows = [header, ["---"] * len(header), *([str(cell) for cell in line] for line in lines)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def goals(scored: Scored) -> str:
    """Return macro-F1 (for two-class reviews accuracy) beside what is aimed at."""
    found: dict[str, list[float]] = {}
    for name, _, index in polarity_cells(scored.rows, "test"):
        truth, given = scored.rows.polarity[index], scored.polarity[index]
        two = (given[:, [0, 2]].argmax(axis=1) * 2 == truth).mean()
        found.setdefault(name, []).append(float(two) if name == TWO_CLASSES else macro_f1(truth, given))
    return table(
        ["set", "figure", "aim"],
        [[name, f"{np.mean(found[name]):.3f}", f"{goal:.2f}"] for name, goal in GOALS.items() if name in found],
    )


def sets(scored: Scored, learnt: np.ndarray) -> str:
    """Return one line a set and language."""
    rows, lines = scored.rows, []
    counts = rows.frame[learnt].group_by("set", "lang").len()
    taught = {(name, language): count for name, language, count in counts.rows()}
    for name, language, index in polarity_cells(rows, "test"):
        truth, given = rows.polarity[index], scored.polarity[index]
        confusions = confusion_matrix(truth, given.argmax(axis=1), labels=range(len(CLASSES)))
        lines.append([
            name, BY_NAME[name].licence, language, taught.get((name, language), 0), len(index),
            f"{macro_f1(truth, given):.2f}", f"{calibration_error(truth, given):.2f}",
            " / ".join(" ".join(map(str, row)) for row in confusions),
        ])  # fmt: skip
    header = ["set", "licence", "language", "rows learnt from", "rows tested", "macro-F1", "ECE", "confusions"]
    return table(header, lines)


def languages(scored: Scored) -> str:
    """Return means a language, its calibration error, and the sets that several languages share."""
    rows, by_language, lines = scored.rows, {}, []
    for name, language, index in polarity_cells(rows, "test"):
        by_language.setdefault(language, {})[name] = index
    for language in sorted(by_language, key=lambda code: (code not in EQUALS, code)):
        index = by_language[language]
        figures = {name: macro_f1(rows.polarity[i], scored.polarity[i]) for name, i in index.items()}
        public = [figure for name, figure in figures.items() if name != MADE_UP]
        sure = [i for name, i in index.items() if name not in ("multi_xed_emotions", MADE_UP)] or list(index.values())
        every = np.concatenate(sure)
        error = calibration_error(rows.polarity[every], scored.polarity[every])
        least = chance_error(scored.polarity[every])
        shared = [f"{figures[name]:.2f}" if name in figures else "" for name in PARALLEL]
        lines.append([language, len(public), f"{np.mean(public):.2f}", len(every), f"{error:.3f}", f"{least:.3f}",
                      *shared])  # fmt: skip
    return table(["language", "public sets", "mean macro-F1", "rows", "ECE", "ECE by chance", *PARALLEL], lines)


def emotions(scored: Scored) -> str:
    """Return F1 of each emotion, with the shared thresholds; macro-F1 with thresholds of the set's own beside it."""
    rows, lines = scored.rows, []
    names, langs = rows.frame["set"].to_numpy(), rows.frame["lang"].to_numpy()
    for name in EMOTION_SETS:
        for language in sorted({*langs[names == name]}, key=lambda code: (code not in EQUALS, code)):
            here = (names == name) & (langs == language)
            test, other = (here & (rows.frame["part"].to_numpy() == part) for part in ("test", "validation"))
            figures, own, cell = [], [], []
            for column in range(len(EMOTIONS)):
                truth, given = rows.marks[test, column], scored.marks[test, column]
                if (truth == 1).sum() <= 3:
                    cell.append("")
                    continue
                figures.append(f1_score(truth, scored.said[test, column], zero_division=0))
                best = _best(rows.marks[other, column], scored.marks[other, column])
                own.append(f1_score(truth, given >= best, zero_division=0))
                cell.append(f"{figures[-1]:.2f}")
            if len(figures) < 3:
                continue
            nothing = (rows.marks[test, : len(EMOTIONS)] == 1).sum(axis=1) == 0
            silent = ~scored.said[test, : len(EMOTIONS)].any(axis=1)
            none = f"{f1_score(nothing, silent):.2f}" if nothing.mean() > 0.05 else ""
            lines.append(
                [name, language, int(test.sum()), *cell, none, f"{np.mean(figures):.3f}", f"{np.mean(own):.3f}"]
            )
    header = ["set", "language", "rows tested", *EMOTIONS, "none", "macro-F1", "with the set's own thresholds"]
    return table(header, lines)


def _best(truth: np.ndarray, given: np.ndarray) -> float:
    return float(max(_GRID, key=lambda threshold: f1_score(truth == 1, given >= threshold, zero_division=0)))


def facts(scored: Scored) -> str:
    """Return how often anything is said of made-up neutral facts, by language."""
    rows = scored.rows
    chosen = rows.where((pl.col("part") == "test") & (pl.col("set") == MADE_UP) & (pl.col("polarity") == 1))
    langs, lines = rows.frame["lang"].to_numpy()[chosen], []
    for language in EQUALS:
        index = chosen[langs == language]
        if len(index):
            said = scored.said[index]
            neutral = (scored.polarity[index].argmax(axis=1) == 1).mean()
            feels, wants = (part.any(axis=1).mean() for part in (said[:, : len(EMOTIONS)], said[:, len(EMOTIONS) :]))
            lines.append([language, len(index), f"{neutral:.2f}", f"{feels:.2f}", f"{wants:.2f}"])
    return table(["language", "neutral facts tested", "called neutral", "given an emotion", "given an intent"], lines)


def intents(scored: Scored) -> str:
    """Return precision / recall / F1 of each intent on our own sentences, by language, and on public sets."""
    rows, lines = scored.rows, []
    own = rows.where((pl.col("part") == "test") & pl.col("set").is_in(OWN))
    langs = rows.frame["lang"].to_numpy()
    for language in ("all", *EQUALS):
        index = own if language == "all" else own[langs[own] == language]
        if len(index):
            lines.append([f"made-up, {language}", len(index), *(_three(scored, index, name) for name in INTENTS)])
    asked = rows.where(
        (pl.col("part") == "test") & (pl.col("set") == MADE_UP_INTENTS) & ~pl.col("text").str.contains("[?؟]")
    )
    lines.append(["made-up, no question mark", len(asked), *(_three(scored, asked, name) for name in INTENTS)])
    public = rows.where((pl.col("part") == "test") & ~pl.col("set").is_in(OWN))
    marks = rows.marks[public][:, len(EMOTIONS) :]
    for name in sorted(set(rows.frame["set"].to_numpy()[public][(marks >= 0).any(axis=1)])):
        index = public[rows.frame["set"].to_numpy()[public] == name]
        told = [_three(scored, index, intent) for intent in INTENTS]
        lines.append([name, len(index), *told])
    return table(["rows", "tested", *INTENTS], lines)


def held_out(scored: Scored) -> str:
    """Return precision / recall of each intent on the sentences written apart, by language, and what is said of the
    neutral facts among them."""
    rows, lines = scored.rows, []
    langs = rows.frame["lang"].to_numpy()
    facts_ = (rows.marks[:, len(EMOTIONS) :] == 0).all(axis=1)
    for language in ("all", *EQUALS):
        here = np.full(len(langs), True) if language == "all" else langs == language
        index, plain = np.flatnonzero(here), here & facts_
        if not len(index):
            continue
        neutral = (scored.polarity[plain].argmax(axis=1) == 1).mean()
        blamed, praised = (scored.said[plain, MARKS.index(name)].mean() for name in ("complaint", "praise"))
        lines.append([language, len(index), *(_three(scored, index, name) for name in INTENTS),
                      f"{neutral:.2f}", f"{blamed:.2f}", f"{praised:.2f}"])  # fmt: skip
    header = ["language", "tested", *INTENTS, "neutral facts: called neutral", "called a complaint", "called praise"]
    return table(header, lines)


def _three(scored: Scored, index: np.ndarray, name: str) -> str:
    column = MARKS.index(name)
    known = index[scored.rows.marks[index, column] >= 0]
    truth, said = scored.rows.marks[known, column] == 1, scored.said[known, column]
    if len(known) == 0:
        return ""
    if truth.sum() < 3:
        return f"said of {said.mean():.1%}"
    hits = (truth & said).sum()
    precision, recall = hits / max(said.sum(), 1), hits / truth.sum()
    f1 = 2 * precision * recall / max(precision + recall, 1e-9)
    return f"{precision:.2f} / {recall:.2f} / {f1:.2f}"


def mark_calibration(scored: Scored) -> str:
    """Return the mean gap of each mark's probability over ten bins of it, and its threshold."""
    rows, lines = scored.rows, []
    test = rows.where(pl.col("part") == "test")
    for column, name in enumerate(MARKS):
        known = test[rows.marks[test, column] >= 0]
        truth, given = rows.marks[known, column] == 1, scored.marks[known, column]
        bins = np.minimum((given * 10).astype(int), 9)
        gaps = [abs(given[bins == b].mean() - truth[bins == b].mean()) * (bins == b).sum() for b in np.unique(bins)]
        sets_known = len(cells(rows, known, column))
        lines.append([name, sets_known, f"{truth.mean():.2f}", f"{sum(gaps) / len(known):.3f}",
                      f"{scored.thresholds[name]:.2f}"])  # fmt: skip
    return table(["said", "sets and languages", "share of rows", "calibration error", "threshold"], lines)


def leaning_figures(scored: Answers, leaning: dict[str, float], strength: float, accuracy: dict[str, float]) -> str:
    """Return how well questions are read, and what reading them changes in answers to them."""
    told = ", ".join(f"{name} {value:.2f}" for name, value in accuracy.items())
    before, after = (answers(scored, leaning, value) for value in (0.0, strength))
    lines = [
        [old["asked"], old["words"], old["answers"], *(f"{row[name]:.2f}" for name in ("right", "opposite")
                                                       for row in (old, new))]
        for old, new in zip(before.to_dicts(), after.to_dicts(), strict=True)
    ]  # fmt: skip
    asked = ", ".join(f"{name} {value:+.2f}" for name, value in leaning.items())
    return (
        f"Made-up questions told right, of sentences left out: {told}.\n\nAnswers of the course evaluation "
        f"(leanings {asked}, strength {strength}); *right*: positive to what was best, negative to what to change.\n\n"
        + table(["asked", "words", "answers", "right before", "right", "opposite before", "opposite"], lines)
    )
