"""A sentiment head: from a text's tone and what its letters tell to polarity, emotions and intents.

A head is a pair of files. ``NAME.safetensors`` holds its weights; ``NAME.json`` says which tones it reads, what its
outputs mean and how they are calibrated: polarity by a temperature per language (Guo et al. 2017, "On Calibration of
Modern Neural Networks"), each emotion and intent by a slope and an offset of its logit (Platt 1999).
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
from feedback_nlp.records import SENTIMENT_LABELS, SentimentLabel, SentimentScore, stable_hash
from feedback_nlp.sentiment.questions import question_shift
from feedback_nlp.sentiment.surface import N_SURFACE, surface_features

OTHER_LANGUAGES = "other"  # the temperature of languages without one of their own
LABELS: tuple[SentimentLabel, ...] = ("negative", "neutral", "positive")
_SLICE_ROWS = 4096  # rows at a time, so that a million statements need little memory
# A statement is one idea: what is clearly blame does not praise as well, and the other way round.
_ONE_SIDED = 0.25
_NOT_OF_BLAME = ("joy", "gratitude", "praise")
_NOT_OF_PRAISE = ("anger", "disappointment", "worry", "complaint", "churn", "urgent")
_DECIMALS = 6  # far above what the order of a sum changes in float64, so that a score is the same in every batch
_REINSTALL = "Install feedback-nlp again."


@dataclass(frozen=True, slots=True, eq=False)
class Scorer:
    """A perceptron with one hidden layer, whose hidden units are the tone's numbers.

    ``key`` names the head, its weights and its calibration: scores of two keys are not comparable. ``tone_key`` is the
    key of the tones that it was loaded for. Shapes: T numbers in a tone, H outputs: three of polarity, then the
    emotions, then the intents.
    """

    key: str
    tone_key: str | None
    tone_sha256: str  # of the tone file that it belongs to
    emotions: tuple[str, ...]
    intents: tuple[str, ...]
    temperatures: Mapping[str, float]
    calibration: np.ndarray  # (H - 3, 2): slope and offset
    thresholds: np.ndarray  # (H - 3,): least probability with which one counts as found
    question_shift: float  # logits by which a leading question moves a short, unclear answer
    surface_weight: np.ndarray  # (N_SURFACE, T)
    surface_bias: np.ndarray  # (T,)
    out_weight: np.ndarray  # (T, H)
    out_bias: np.ndarray  # (H,)
    question_weight: np.ndarray  # (T, 3)
    question_bias: np.ndarray  # (3,)

    def score(
        self,
        vectors: np.ndarray | None,
        texts: Sequence[str],
        languages: Sequence[str],
        /,
        *,
        tones: np.ndarray | None = None,
        leanings: np.ndarray | Sequence[float] | None = None,
    ) -> list[SentimentScore]:
        """Return one score a text; ``vectors`` are not looked at.

        ``languages`` are ISO 639-1 codes, 'und' allowed; they choose the temperature only, never the label.
        ``leanings`` (n,) in -1..1 are what the questions ask for, see :meth:`question_leanings`; None means unknown.
        Raises :class:`EncoderError` when the tones (n, T) are missing or of another shape.
        """
        scores: list[SentimentScore] = []
        for start in range(0, len(texts), _SLICE_ROWS):
            rows = slice(start, start + _SLICE_ROWS)
            logits = self.logits(self._checked(tones, len(texts))[rows], texts[rows])
            shifts = 0.0 if leanings is None else self._shift(texts[rows], np.asarray(leanings, np.float64)[rows])
            polarity = self.probabilities(logits[:, :3] + shifts, languages[rows])
            scores += self._told(polarity, self._chances(logits[:, 3:]))
        return scores

    def hidden(self, tones: np.ndarray, texts: Sequence[str]) -> np.ndarray:
        """Return the float64 activations of the hidden layer, shape (n, T)."""
        surface = surface_features(texts).astype(np.float64)
        return gelu(self._checked(tones, len(texts)) + surface @ self.surface_weight + self.surface_bias)

    def logits(self, tones: np.ndarray, texts: Sequence[str]) -> np.ndarray:
        """Return float64 logits of shape (n, H) before any calibration: polarity, emotions, intents."""
        return self.hidden(tones, texts) @ self.out_weight + self.out_bias

    def probabilities(self, polarity: np.ndarray, languages: Sequence[str]) -> np.ndarray:
        """Return the calibrated probabilities of logits of polarity, both (n, 3) in the order of :data:`LABELS`."""
        from scipy.special import softmax

        default = self.temperatures[OTHER_LANGUAGES]
        temperatures = np.array([self.temperatures.get(language, default) for language in languages], np.float64)
        return np.asarray(softmax(polarity / temperatures[:, None], axis=1))

    def question_leanings(self, questions: Sequence[str], tones: np.ndarray) -> np.ndarray:
        """Return what questions ask for, float64 of shape (n,): 1 what is good, -1 what is bad, 0 neither or unknown.

        ``tones`` (n, T) are those of the questions. It is the probability that a question asks for what is good less
        that it asks for what is bad; 0 for an empty question.
        """
        from scipy.special import softmax

        hidden = gelu(self._checked(tones, len(questions)))
        asked = softmax(hidden @ self.question_weight + self.question_bias, axis=1)
        leanings = np.round(asked[:, 2] - asked[:, 0], _DECIMALS)
        return np.where([bool(question.strip()) for question in questions], leanings, 0.0)

    def _shift(self, texts: Sequence[str], leanings: np.ndarray) -> np.ndarray:
        return question_shift(texts, leanings, self.question_shift)

    def _checked(self, tones: np.ndarray | None, rows: int) -> np.ndarray:
        width = len(self.out_weight)
        if tones is None or tones.shape != (rows, width):
            found = "no tones" if tones is None else f"tones of shape {tones.shape}"
            raise EncoderError(
                f"The sentiment head {self.key} got {found} for {rows} texts; ({rows}, {width}) was expected. "
                "Encode the texts with the encoder that the head was loaded for."
            )
        return tones.astype(np.float64)

    def _chances(self, logits: np.ndarray) -> np.ndarray:
        """Return the probability of each emotion and intent, (n, H - 3)."""
        from scipy.special import expit

        slopes, offsets = self.calibration.T
        return np.round(expit(logits * slopes + offsets), _DECIMALS)

    def _told(self, polarity: np.ndarray, chances: np.ndarray) -> list[SentimentScore]:
        best = polarity.argmax(axis=1)
        confidences = np.round(polarity[np.arange(len(best)), best], _DECIMALS)
        balance = np.round(polarity[:, 2] - polarity[:, 0], _DECIMALS) + 0.0  # no -0.0
        found: list[tuple[dict[str, float], dict[str, float]]] = [({}, {}) for _ in best]
        names = (*self.emotions, *self.intents)
        told = chances >= self.thresholds
        for side, contrary in ((-balance, _NOT_OF_BLAME), (balance, _NOT_OF_PRAISE)):
            told[np.ix_(side >= _ONE_SIDED, [name in contrary for name in names])] = False
        rows, columns = np.nonzero(told)
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            found[row][column >= len(self.emotions)][names[column]] = float(chances[row, column])
        return [
            SentimentScore(balance_, LABELS[label], confidence, emotions, intents)
            for balance_, label, confidence, (emotions, intents) in zip(
                balance.tolist(), best.tolist(), confidences.tolist(), found, strict=True
            )
        ]


def gelu(values: np.ndarray) -> np.ndarray:
    """Return x * Phi(x), exactly as the heads were trained with (Hendrycks & Gimpel 2016)."""
    from scipy.special import ndtr

    return np.asarray(values * ndtr(values))


def read_head(path: Path, *, tone_key: str | None = None, advice: str = _REINSTALL) -> Scorer:
    """Return the head whose weights lie in ``path`` (.safetensors), with its JSON beside it.

    ``advice`` is the next step in the message when they are damaged. Raises :class:`EncoderError` when a file is
    missing, altered, not a head, or one of other outputs than this program knows.
    """
    described = path.with_suffix(".json")
    try:
        description = described.read_text(encoding="utf-8")
        said = json.loads(description)
        sha256 = said["sha256"]
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError):
        raise EncoderError(f"{described.name} is missing beside {path.name}, or is not a head's. {advice}") from None
    content = path.read_bytes() if path.is_file() else b""
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise EncoderError(
            f"{path.name} has the SHA-256 {found[:12]}… where {str(sha256)[:12]}… is expected: it is missing or "
            f"damaged. {advice}"
        )
    try:
        # The description holds the calibration and the hash of the weights, so its hash stands for both.
        return _assembled(said, content, f"{said['name']}-{stable_hash(description, size=6)}", tone_key)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise EncoderError(
            f"{path.name} and {described.name} are not a head of this version ({type(error).__name__}). {advice}"
        ) from error


def _assembled(said: Mapping[str, Any], content: bytes, key: str, tone_key: str | None) -> Scorer:
    from safetensors.numpy import load

    tensors = {name: values.astype(np.float64) for name, values in load(content).items()}
    names = (*said["emotions"], *said["intents"])
    width, outputs = tensors["out.weight"].shape
    expected = {
        "surface.weight": (N_SURFACE, width),
        "surface.bias": (width,),
        "out.bias": (outputs,),
        "question.weight": (width, 3),
        "question.bias": (3,),
    }
    if outputs != len(LABELS) + len(names) or tuple(said["labels"]) != SENTIMENT_LABELS:
        raise ValueError("outputs and their names differ")
    if any(tensors[name].shape != shape for name, shape in expected.items()):
        raise ValueError("a tensor has another shape")
    return Scorer(
        key=key,
        tone_key=tone_key,
        tone_sha256=said["tone"],
        emotions=tuple(said["emotions"]),
        intents=tuple(said["intents"]),
        temperatures={**said["temperatures"]},
        calibration=np.array([said["calibration"][name] for name in names], np.float64).reshape(len(names), 2),
        thresholds=np.array([said["thresholds"][name] for name in names], np.float64),
        question_shift=float(said["question_shift"]),
        **{name.replace(".", "_"): tensors[name] for name in (*expected, "out.weight")},
    )
