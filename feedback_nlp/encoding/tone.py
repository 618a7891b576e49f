"""The tone of a text: what sentiment needs of it beyond its vector, read off the encoder's states in the same pass.

A tone is a linear projection of the means of some layers' states over the tokens, and of one layer's states pooled by
attention with learnt queries (as the sentence embeddings of Lin et al. 2017, https://arxiv.org/abs/1703.03130). What
lies above it, the non-linear part, is a sentiment head's, so that heads can be changed without encoding again.

``models/tone-NAME.json`` says which encoder a projection belongs to and which layers it reads,
``models/tone-NAME.safetensors`` holds its weights.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from feedback_nlp.errors import EncoderError, InstallationError
from feedback_nlp.records import EncoderIdentity
from feedback_nlp.resources import resource_path

_KEY_DIGITS = 12


@dataclass(frozen=True, slots=True, eq=False)
class ToneWeights:
    """All in float32; d is the encoder's width, T the tone's. A mean is over the tokens, special ones too."""

    query: np.ndarray  # (queries, d): a token's scores, whose softmax over the tokens weighs them
    mean: np.ndarray  # (layers * d, T), in the order of ``Tone.mean_layers``
    pooled: np.ndarray  # (queries * d, T)
    bias: np.ndarray  # (T,)


@dataclass(frozen=True, slots=True)
class Tone:
    """One projection. Layers count from 1; the last is the one that vectors are made of."""

    name: str
    sha256: str
    mean_layers: tuple[int, ...]
    query_layer: int
    dimensions: int
    path: Path  # of its weights

    def key(self, identity: EncoderIdentity) -> str:
        """Return the key under which tones are stored: the beginning of the weights' hash, a dash, the encoder's key.

        A sentiment head names the hash of its tone file, which is how it knows the tones that it can read.
        """
        return f"{self.sha256[:_KEY_DIGITS]}-{identity.key}"

    def read(self) -> ToneWeights:
        """Return the weights. Raises :class:`EncoderError` when they are missing or altered."""
        from safetensors.numpy import load

        content = self.path.read_bytes() if self.path.is_file() else b""
        found = hashlib.sha256(content).hexdigest()
        if found != self.sha256:
            raise EncoderError(
                f"{self.path.name} has the SHA-256 {found[:12]}… where {self.sha256[:12]}… is expected: it is missing "
                "or damaged. Install feedback-nlp again."
            )
        tensors = {name: values.astype(np.float32) for name, values in load(content).items()}
        return ToneWeights(tensors["query.weight"], tensors["mean.weight"], tensors["pooled.weight"], tensors["bias"])


def find_tone(identity: EncoderIdentity) -> Tone | None:
    """Return the projection that was made for that encoder's states, or None.

    Revision and hash of the weights do not count: 8-bit and float32 forms of one model have nearly the same states.
    """
    try:
        folder = resource_path("models")
    except InstallationError:
        return None
    wanted = (identity.name, identity.dimensions, identity.pooling, identity.prefix)
    for path in sorted(folder.glob("tone-*.json")):
        said = json.loads(path.read_text(encoding="utf-8"))
        encoder = said["encoder"]
        if wanted == (encoder["name"], encoder["dimensions"], encoder["pooling"], encoder["prefix"]):
            return Tone(
                name=said["name"],
                sha256=said["sha256"],
                mean_layers=tuple(said["mean_layers"]),
                query_layer=said["query_layer"],
                dimensions=said["dimensions"],
                path=path.with_suffix(".safetensors"),
            )
    return None


def halved(tones: np.ndarray) -> np.ndarray:
    """Return float32 tones rounded to what float16 holds, as they are stored: fresh and stored, a tone is the same."""
    with np.errstate(over="ignore"):  # the caller refuses what is not finite
        return tones.astype(np.float16).astype(np.float32)
