"""What a question asks for: a small head on the question's own tone, and how far it moves what is answered."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from sentiment_calibration import softmax
from sentiment_folded import Tensors, gelu, tones
from sentiment_marks import CLASSES, MARKS
from sentiment_network import Rows
from sentiment_sources import EQUALS, HERE
from sentiment_states import read_states
from sklearn.linear_model import LogisticRegression

from feedback_nlp.sentiment.questions import question_shift

QUESTIONS = "question_leanings"
SHRINKAGE = 0.03  # of the logistic regression, on standardised features
# How many logits a leading question is worth. Read off the answers to two questions of a course evaluation: short ones
# come out right more often, and what is said plainly keeps its sign.
STRENGTH = 0.5
# The course evaluation asked for the best and for what to change; its own wording is not in the set.
ASKED = {"best": "What did you like best?", "change": "What should we change?"}
COURSE = "en_course_eval_openended"


def read_questions(languages: tuple[str, ...] = EQUALS) -> pl.DataFrame:
    """Return one row a made-up question and language: set, lang, text, polarity, statement (the English one)."""
    wide = pl.read_csv(HERE / f"{QUESTIONS}.tsv", separator="\t", quote_char=None, infer_schema=False)
    return (
        wide.with_columns(statement="en")
        .unpivot(list(languages), index=["asks", "statement"], variable_name="lang", value_name="text")
        .select(
            "lang",
            "text",
            "statement",
            set=pl.lit(QUESTIONS),
            polarity=pl.col("asks").replace_strict({name: i for i, name in enumerate(CLASSES)}, return_dtype=pl.Int8),
        )
        .drop_nulls()
    )


def question_features(texts: pl.DataFrame, encoder: str, cache: Path, tone: Tensors) -> np.ndarray:
    """Return gelu(tone) (n, T) of texts (columns set, text)."""
    states = read_states(texts, encoder, cache)
    return gelu(tones(states, np.arange(len(texts)), tone))


def fit_leaning(features: np.ndarray, asks: np.ndarray) -> Tensors:
    """Return the tensors of the question head."""
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-3
    model = LogisticRegression(C=SHRINKAGE, max_iter=1000).fit((features - mean) / spread, asks)
    weight = (model.coef_ / spread).T
    return {
        "question.weight": np.ascontiguousarray(weight, np.float32),
        "question.bias": (model.intercept_ - mean @ weight).astype(np.float32),
    }


def leanings(features: np.ndarray, head: Tensors) -> np.ndarray:
    """Return (n,) in -1..1: how much more a question asks for the good than for the bad."""
    given = softmax(features @ head["question.weight"] + head["question.bias"])
    return given[:, 2] - given[:, 0]


def held_out_accuracy(questions: pl.DataFrame, features: np.ndarray) -> dict[str, float]:
    """Return the share of right answers a language: of sentences left out in five folds, and when the language
    itself is left out."""
    asks, langs = questions["polarity"].to_numpy(), questions["lang"].to_numpy()
    order = {statement: i for i, statement in enumerate(sorted(set(questions["statement"])))}
    fold = np.array([order[statement] % 5 for statement in questions["statement"]])
    guess, foreign = np.zeros(len(asks), int), np.zeros(len(asks), int)
    for k in range(5):
        for language in (None, *sorted(set(langs))):
            out = fold == k if language is None else (fold == k) & (langs == language)
            learn = fold != k if language is None else (fold != k) & (langs != language)
            if out.any() and len(set(langs)) > (language is not None):
                head = fit_leaning(features[learn], asks[learn])
                answer = (features[out] @ head["question.weight"] + head["question.bias"]).argmax(axis=1)
                (guess if language is None else foreign)[out] = answer
    found = {language: float((guess == asks)[langs == language].mean()) for language in dict.fromkeys(langs)}
    if len(found) > 1:
        found["all, language left out"] = float((foreign == asks).mean())
    return {"all": float((guess == asks).mean()), **found}


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers to the two questions of the course evaluation: logits of polarity (n, 3) before temperatures."""

    texts: list[str]
    asked: np.ndarray  # "best" or "change"
    words: np.ndarray
    logits: np.ndarray


def answers(scored: Answers, leaning: dict[str, float], strength: float) -> pl.DataFrame:
    """Return how often short and long answers to the two questions of the course evaluation come out as asked for.

    Columns: asked, words, answers, right, opposite.
    """
    lines = []
    for asked, good in (("best", 2), ("change", 0)):
        for low, high in ((1, 4), (5, 15), (16, 10_000)):
            here = (scored.asked == asked) & (scored.words >= low) & (scored.words <= high)
            texts = [text for text, wanted in zip(scored.texts, here, strict=True) if wanted]
            moved = scored.logits[here] + question_shift(texts, np.full(len(texts), leaning[asked]), strength)
            label = moved.argmax(axis=1)
            span = f"{low}-{high}" if high < 10_000 else f"{low}+"
            lines.append((asked, span, len(texts), float((label == good).mean()), float((label == 2 - good).mean())))
    return pl.DataFrame(lines, schema=["asked", "words", "answers", "right", "opposite"], orient="row")


def course_answers(rows: Rows, logits: np.ndarray, part: pl.Expr) -> Answers:
    """Return the answers of a part; ``logits`` are those of all rows."""
    suggestion = MARKS.index("suggestion")
    here = rows.where(part & (pl.col("set") == COURSE))
    here = here[rows.marks[here, suggestion] >= 0]
    texts = rows.frame["text"].gather(here).to_list()
    asked = np.where(rows.marks[here, suggestion] == 1, "change", "best")
    return Answers(texts, asked, np.array([len(text.split()) for text in texts]), logits[here, :3])
