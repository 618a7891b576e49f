"""The sentiment of statements, read off the vectors that the encoder has made already.

A head is a pair of files in ``models/``: ``sentiment-NAME.json`` says which encoder it belongs to and how it is
calibrated, ``sentiment-NAME.safetensors`` holds its weights. ``models/train_sentiment.py`` makes them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from feedback_nlp.errors import EncoderError
from feedback_nlp.records import EncoderIdentity, SentimentLabel, SentimentScore, stable_hash
from feedback_nlp.resources import resource_path

LABELS: tuple[SentimentLabel, ...] = ("negative", "neutral", "positive")
OTHER_LANGUAGES = "other"  # the temperature of languages without one of their own
_SLICE_ROWS = 8192  # rows at a time, so that a million statements need little memory


@dataclass(frozen=True, slots=True, eq=False)
class Scorer:
    """A perceptron with one hidden layer over a statement's vector, calibrated per language by a temperature.

    ``key`` names the head, its weights and temperatures; scores of two keys are not comparable.
    Temperature scaling after Guo et al. 2017, "On Calibration of Modern Neural Networks".
    """

    key: str
    dimensions: int
    temperatures: Mapping[str, float]
    hidden_weight: np.ndarray  # (dimensions, width)
    hidden_bias: np.ndarray  # (width,)
    out_weight: np.ndarray  # (width, 3)
    out_bias: np.ndarray  # (3,)

    def score(self, vectors: np.ndarray, texts: Sequence[str], languages: Sequence[str], /) -> list[SentimentScore]:
        """Return one score a row of ``vectors`` (n, dimensions), which are the encoder's own unit vectors.

        ``languages`` are ISO 639-1 codes, 'und' allowed; they choose the temperature only, never the label.
        ``texts`` are not looked at. Raises :class:`EncoderError` when the vectors have another length.
        """
        probabilities = self.probabilities(vectors, languages)
        best = probabilities.argmax(axis=1)
        confidences = probabilities[np.arange(len(best)), best]
        polarities = np.clip(probabilities[:, 2] - probabilities[:, 0], -1, 1)
        return [
            SentimentScore(polarity, LABELS[label], confidence)
            for polarity, label, confidence in zip(
                polarities.tolist(), best.tolist(), confidences.tolist(), strict=True
            )
        ]

    def probabilities(self, vectors: np.ndarray, languages: Sequence[str]) -> np.ndarray:
        """Return float64 probabilities of shape (n, 3) in the order of :data:`LABELS`; rows add up to 1."""
        if vectors.ndim != 2 or vectors.shape[1] != self.dimensions or len(vectors) != len(languages):
            raise EncoderError(
                f"The sentiment head {self.key} got vectors of shape {vectors.shape} and {len(languages)} languages; "
                f"({len(languages)}, {self.dimensions}) was expected. Encode the statements with the encoder in force."
            )
        logits = np.empty((len(vectors), len(LABELS)), np.float32)
        for start in range(0, len(vectors), _SLICE_ROWS):
            rows = slice(start, start + _SLICE_ROWS)
            hidden = np.maximum(vectors[rows].astype(np.float32) @ self.hidden_weight + self.hidden_bias, 0)
            logits[rows] = hidden @ self.out_weight + self.out_bias
        default = self.temperatures[OTHER_LANGUAGES]
        temperatures = np.array([self.temperatures.get(language, default) for language in languages], np.float64)
        scaled = logits / temperatures[:, None]
        powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)


def load_scorer(identity: EncoderIdentity) -> Scorer | None:
    """Return the sentiment head of that encoder, or None when it has none.

    Raises :class:`EncoderError` when the head's weights are damaged.
    """
    try:
        folder = resource_path("models")
    except FileNotFoundError:
        return None
    for path in sorted(folder.glob("sentiment-*.json")):
        description = path.read_text(encoding="utf-8")
        head = json.loads(description)
        if "encoder" in head and _belongs(head["encoder"], identity):
            # The description holds the temperatures and the hash of the weights, so its hash stands for both.
            return _read_head(
                path.with_suffix(".safetensors"), head, f"{head['name']}-{stable_hash(description, size=6)}"
            )
    return None


def _belongs(encoder: Mapping[str, Any], identity: EncoderIdentity) -> bool:
    """Tell whether a head was made for vectors like this encoder's.

    The revision and the hash of the weights do not count: 8-bit and float32 forms of one model agree to a cosine of
    about 0.997, which a head does not notice. Another model, pooling or prefix gives other vectors.
    """
    return (identity.name, identity.dimensions, identity.pooling, identity.prefix) == (
        encoder["name"],
        encoder["dimensions"],
        encoder["pooling"],
        encoder["prefix"],
    )


def _read_head(path: Path, head: Mapping[str, Any], key: str) -> Scorer:
    from safetensors.numpy import load

    content = path.read_bytes() if path.is_file() else b""
    found = hashlib.sha256(content).hexdigest()
    if found != head["sha256"]:
        raise EncoderError(
            f"{path.name} has the SHA-256 {found[:12]}… where {head['sha256'][:12]}… is expected: it is missing or "
            "damaged. Install feedback-nlp again."
        )
    tensors = {name: values.astype(np.float32) for name, values in load(content).items()}
    return Scorer(
        key=key,
        dimensions=head["encoder"]["dimensions"],
        temperatures=head["temperatures"],
        hidden_weight=tensors["hidden.weight"],
        hidden_bias=tensors["hidden.bias"],
        out_weight=tensors["out.weight"],
        out_bias=tensors["out.bias"],
    )
