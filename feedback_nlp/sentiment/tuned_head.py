"""Writes a head that was tuned, in the form in which the bundled ones are shipped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from feedback_nlp.sentiment.head import LABELS, Scorer
from feedback_nlp.sentiment.tuning_fit import Change
from feedback_nlp.whole_files import replacing


def write_tuned(path: Path, head: Scorer, change: Change, tuned_on: Mapping[str, Any]) -> None:
    """Write ``head`` with its polarity changed to ``path`` (.safetensors) and the JSON beside it.

    Emotions, intents and what questions ask for stay as they are. ``tuned_on`` goes into the JSON: counts, hashes and
    figures, never texts. Raises :class:`FeedbackError` when the disk refuses.
    """
    from safetensors.numpy import save

    weight, bias = head.out_weight.copy(), head.out_bias.copy()
    polarity = slice(0, len(LABELS))
    # The change adds hidden @ weight + logits @ mixing + bias, and the logits are linear in the hidden layer as well.
    weight[:, polarity] += change.weight + head.out_weight[:, polarity] @ change.mixing
    bias[polarity] += change.bias + head.out_bias[polarity] @ change.mixing
    tensors = {
        "surface.weight": head.surface_weight,
        "surface.bias": head.surface_bias,
        "out.weight": weight,
        "out.bias": bias,
        "question.weight": head.question_weight,
        "question.bias": head.question_bias,
    }
    content = save({name: np.ascontiguousarray(values, np.float32) for name, values in tensors.items()})
    names = (*head.emotions, *head.intents)
    described = {
        "name": "tuned",
        "sha256": hashlib.sha256(content).hexdigest(),
        "tone": head.tone_sha256,
        "labels": list(LABELS),
        "emotions": list(head.emotions),
        "intents": list(head.intents),
        "temperatures": dict(sorted(change.temperatures.items())),
        "calibration": dict(zip(names, head.calibration.tolist(), strict=True)),
        "thresholds": dict(zip(names, head.thresholds.tolist(), strict=True)),
        "question_shift": head.question_shift,
        "tuned": {"from": head.key, **tuned_on},
    }
    with replacing(path) as part:
        part.write_bytes(content)
    with replacing(path.with_suffix(".json")) as part:
        part.write_text(json.dumps(described, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
