"""A tiny sentiment head over the tones of ``tests/fake_encoder.py``, written as real heads are: real code reads it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from feedback_nlp.records import EMOTIONS, INTENTS, SENTIMENT_LABELS
from feedback_nlp.sentiment.surface import N_SURFACE
from tests.fake_encoder import TONE_SHA256, TOPIC_WORDS

# What the head takes each topic for: who names staff is pleased, who names waiting is not.
FEELS = {"staff": ("positive", "gratitude", "praise"), "waiting": ("negative", "anger", "complaint")}
WANTS = {"billing": "churn", "app": "question"}
ASKS = {"staff": 2, "waiting": 0}  # a question that names staff asks for what is good, waiting for what is bad


def write_head(folder: Path, name: str = "topics", *, question_shift: float = 4.0) -> str:
    """Write the head's two files into ``folder`` and return what to set ``sentiment`` to."""
    topics, found = list(TOPIC_WORDS), [*EMOTIONS, *INTENTS]
    out = np.zeros((len(topics), 3 + len(found)), np.float32)
    for topic, (label, emotion, intent) in FEELS.items():
        out[topics.index(topic), SENTIMENT_LABELS.index(label)] = 12
        for word in (emotion, intent):
            out[topics.index(topic), 3 + found.index(word)] = 6
    for topic, intent in WANTS.items():
        out[topics.index(topic), 3 + found.index(intent)] = 6
    question = np.zeros((len(topics), 3), np.float32)
    for topic, side in ASKS.items():
        question[topics.index(topic), side] = 20
    content = save(
        {
            "surface.weight": np.zeros((N_SURFACE, len(topics)), np.float32),
            "surface.bias": np.zeros(len(topics), np.float32),
            "out.weight": out,
            "out.bias": np.array([0, 2, 0, *[-3] * len(found)], np.float32),
            "question.weight": question,
            "question.bias": np.array([0, 5, 0], np.float32),
        }
    )
    described = {
        "name": name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "tone": TONE_SHA256,
        "labels": SENTIMENT_LABELS,
        "emotions": EMOTIONS,
        "intents": INTENTS,
        "temperatures": {"other": 1.0},
        "calibration": {word: [1.0, 0.0] for word in found},
        "thresholds": dict.fromkeys(found, 0.5),
        "question_shift": question_shift,
    }
    path = folder / f"{name}.safetensors"
    path.write_bytes(content)
    path.with_suffix(".json").write_text(json.dumps(described), encoding="utf-8")
    return str(path)
