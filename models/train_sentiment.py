"""Train tone and sentiment head of a bundled encoder: ``python models/train_sentiment.py DATA_FOLDER --cache FOLDER``.

Writes ``tone-NAME`` and ``sentiment-NAME`` (.safetensors and .json) and the figures at the end of
``sentiment_card.md``; prints the figures. With ``--encoder english`` the head learns from English rows only, and the
card stays as it is. Sets under non-commercial terms only test; ``--non-commercial`` learns from them too, and writes
the artefacts to another folder. Seeds are fixed and one thread learns, so a second run on the same machine writes
the same bytes.

Temperatures, calibration and thresholds come from rows that the head they are fitted on had not seen: two heads each
learn from one half of the rows and score the other. The shipped head learns from both halves. Rows to test are seen
by none of them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from safetensors.numpy import save
from sentiment_calibration import (
    fit_marks,
    fit_temperatures,
    fit_thresholds,
    mark_probabilities,
    polarity_probabilities,
)
from sentiment_figures import (
    Scored,
    emotions,
    facts,
    goals,
    held_out,
    intents,
    languages,
    leaning_figures,
    mark_calibration,
    sets,
)
from sentiment_folded import Tensors, head_logits, stored, tones
from sentiment_marks import CLASSES, EMOTIONS, INTENTS
from sentiment_network import TONE, Rows, learn
from sentiment_questions import (
    ASKED,
    STRENGTH,
    course_answers,
    fit_leaning,
    held_out_accuracy,
    leanings,
    question_features,
    read_questions,
)
from sentiment_sources import EQUALS, HERE, NON_COMMERCIAL, read_held_out, read_sources
from sentiment_states import LAYERS, read_states
from threadpoolctl import threadpool_limits

from feedback_nlp.encoding.bundled import BUNDLED
from feedback_nlp.sentiment.surface import surface_features

FIGURES = "## Figures"


def main() -> None:
    """Train, measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder with the labelled sets as parquet files")
    parser.add_argument("--encoder", default="multilingual", choices=sorted(LAYERS))
    parser.add_argument("--cache", type=Path, help="folder to keep inner states in between runs; some gigabytes")
    parser.add_argument("--non-commercial", action="store_true", help="learn from such sets too; needs --out")
    parser.add_argument("--out", type=Path, default=HERE, help="folder for the artefacts")
    options = parser.parse_args()
    if options.non_commercial and options.out == HERE:
        parser.error("--non-commercial makes another head than the shipped one: name a folder with --out")
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as temporary, threadpool_limits(1):
        cache = options.cache or Path(temporary)
        rows = read_rows(options.data, options.encoder, cache)
        figures = train(rows, options.encoder, cache, options.non_commercial, options.out)
    print(figures)
    if options.encoder == "multilingual" and options.out == HERE:
        card = HERE / "sentiment_card.md"
        card.write_text(card.read_text(encoding="utf-8").split(FIGURES)[0] + figures, encoding="utf-8")


def read_rows(folder: Path, encoder: str, cache: Path) -> Rows:
    """Return all rows with their states and surface features; English ones alone for the English encoder."""
    return _rows(read_sources(folder), encoder, cache)


def _rows(frame: pl.DataFrame, encoder: str, cache: Path) -> Rows:
    if encoder == "english":
        frame = frame.filter(pl.col("lang") == "en")
    return Rows(
        frame,
        read_states(frame, encoder, cache),
        surface_features(frame["text"].to_list()),
        frame["polarity"].to_numpy().astype(np.int64),
        np.array(frame["marks"].to_list(), np.int8),
    )


def train(rows: Rows, encoder: str, cache: Path, non_commercial: bool, out: Path) -> str:
    """Learn, calibrate, write to ``out``; return the figures of the rows to test."""
    taught = rows.where((pl.col("part") != "test") & (pl.lit(non_commercial) | (pl.col("terms") != NON_COMMERCIAL)))
    unseen = cross_fitted(rows, taught)
    temperatures = fit_temperatures(rows, unseen, taught)
    calibration = fit_marks(rows, unseen, taught)
    thresholds = fit_thresholds(rows, mark_probabilities(unseen, calibration), taught)

    tone, head = learn(rows, taught).tensors()
    questions = read_questions(("en",) if encoder == "english" else EQUALS)
    features = question_features(questions, encoder, cache, tone)
    head |= fit_leaning(features, questions["polarity"].to_numpy())
    course = pl.DataFrame({"set": "course", "text": list(ASKED.values())})
    leaning = dict(zip(ASKED, leanings(question_features(course, encoder, cache, tone), head).tolist(), strict=True))
    described = {
        "temperatures": temperatures,
        "calibration": calibration,
        "thresholds": thresholds,
        "question_shift": STRENGTH,
    }
    key = write(encoder, tone, head, described, out)

    tested = rows.where(pl.col("part") == "test")
    logits = unseen.copy()
    logits[tested] = head_logits(tones(rows.states, tested, tone), rows.surface[tested], head)
    scored = Scored(
        rows,
        polarity_probabilities(rows, logits, temperatures),
        mark_probabilities(logits, calibration),
        thresholds,
    )
    apart = _rows(read_held_out(), encoder, cache)
    told = head_logits(tones(apart.states, np.arange(len(apart.frame)), tone), apart.surface, head)
    scored_apart = Scored(
        apart, polarity_probabilities(apart, told, temperatures), mark_probabilities(told, calibration), thresholds
    )
    answered = course_answers(rows, logits, pl.col("part") == "test")
    return report(
        scored,
        scored_apart,
        taught,
        key,
        leaning_figures(answered, leaning, STRENGTH, held_out_accuracy(questions, features)),
    )


def cross_fitted(rows: Rows, taught: np.ndarray) -> np.ndarray:
    """Return logits (n, outputs) of the taught rows, each from a head that learnt from the other half."""
    half = rows.frame["half"].to_numpy()[taught]
    found = [learn(rows, taught[half != k]).logits(rows, taught[half == k]) for k in (0, 1)]
    return found[0] + found[1]


def write(encoder: str, tone: Tensors, head: Tensors, described: dict[str, Any], out: Path) -> str:
    """Write the four files; return the beginning of the head's hash."""
    out.mkdir(parents=True, exist_ok=True)
    identity, layers = BUNDLED[encoder].identity, LAYERS[encoder]
    tone_bytes, head_bytes = save(stored(tone)), save(stored(head))
    tone_hash, head_hash = (hashlib.sha256(content).hexdigest() for content in (tone_bytes, head_bytes))
    tone_json = {
        "name": f"tone-{encoder}",
        "sha256": tone_hash,
        "encoder": {
            "name": identity.name,
            "dimensions": identity.dimensions,
            "pooling": identity.pooling,
            "prefix": identity.prefix,
        },
        "mean_layers": list(layers.means),
        "query_layer": layers.query,
        "dimensions": TONE,
    }
    head_json = {
        "name": f"sentiment-{encoder}",
        "sha256": head_hash,
        "tone": tone_hash,
        "labels": CLASSES,
        "emotions": EMOTIONS,
        "intents": INTENTS,
        **described,
    }
    for name, content, text in (("tone", tone_bytes, tone_json), ("sentiment", head_bytes, head_json)):
        (out / f"{name}-{encoder}.safetensors").write_bytes(content)
        (out / f"{name}-{encoder}.json").write_text(json.dumps(text, indent=2) + "\n", encoding="utf-8")
    return f"sentiment-{encoder}, weights {head_hash[:12]}, tone {tone_hash[:12]}"


def report(scored: Scored, apart: Scored, taught: np.ndarray, key: str, leaning: str) -> str:
    """Return the figures as the end of the card."""
    return "\n".join(
        [
            f"{FIGURES}\n",
            f"Head `{key}`. Rows to test only, learnt from by no head. Macro-F1 is over the classes that a set has.\n",
            "### What was aimed at\n",
            "Macro-F1; for the reviews in Romanian, which have two classes, accuracy of positive against negative.\n",
            goals(scored),
            "### Languages\n",
            "Macro-F1 of the sets that several languages share stands beside. ECE is the expected calibration error "
            "over ten\nbins, without film dialogue and made-up statements where a language has other sets; *by chance* "
            "is what a perfectly\ncalibrated head would show on so many rows.\n",
            languages(scored),
            "### Emotions\n",
            "F1 with the shipped thresholds, the same for all sets and languages. *none*: rows without any.\n",
            emotions(scored),
            "### Intents\n",
            "Precision / recall / F1; where fewer than three rows have an intent, of how many it is said.\n",
            intents(scored),
            "### Intents of sentences written apart\n",
            "Precision / recall / F1 on `intent_statements_held_out.tsv`, which nothing was learnt from.\n",
            held_out(apart),
            "### Neutral facts\n",
            facts(scored),
            "### Probabilities and thresholds\n",
            mark_calibration(scored),
            "### Questions\n",
            leaning,
            "### Sets\n",
            "Confusions: rows are the truth, columns the head's label, in the order negative, neutral, positive.\n",
            sets(scored, taught),
        ]
    )


if __name__ == "__main__":
    main()
