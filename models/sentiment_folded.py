"""Tone and head as the program runs them: a few matrices, from raw states."""

from __future__ import annotations

import numpy as np
from sentiment_states import States

Tensors = dict[str, np.ndarray]
HALF = ("mean.weight", "pooled.weight")  # stored as float16; the rest is small


def stored(tensors: Tensors) -> Tensors:
    """Return the tensors in the types that they are stored in."""
    return {
        name: np.ascontiguousarray(values, np.float16 if name in HALF else np.float32)
        for name, values in tensors.items()
    }


def tones(states: States, chosen: np.ndarray, tone: Tensors) -> np.ndarray:
    """Return (len(chosen), T) float32, rounded through float16 as the store does."""
    query = tone["query.weight"]
    mean, pooled, bias = (tone[name].astype(np.float32) for name in ("mean.weight", "pooled.weight", "bias"))
    found = np.empty((len(chosen), len(bias)), np.float16)
    for start in range(0, len(chosen), 512):
        block = chosen[start : start + 512]
        attended = np.empty((len(block), len(pooled)), np.float32)
        for place, row in enumerate(block):
            tokens = states.tokens(row).astype(np.float32)
            scores = tokens @ query.T
            weights = np.exp(scores - scores.max(axis=0))
            attended[place] = ((weights / weights.sum(axis=0)).T @ tokens).reshape(-1)
        found[start : start + 512] = states.means[block].astype(np.float32) @ mean + attended @ pooled + bias
    return found.astype(np.float32)


def gelu(values: np.ndarray) -> np.ndarray:
    """Return the exact GELU."""
    from scipy.special import erf

    return (values * 0.5 * (1 + erf(values / np.float32(np.sqrt(2))))).astype(np.float32)


def head_logits(tone_rows: np.ndarray, surface: np.ndarray, head: Tensors) -> np.ndarray:
    """Return logits (n, outputs) float32 from tones (n, T) and surface features."""
    hidden = gelu(tone_rows + surface @ head["surface.weight"] + head["surface.bias"])
    return hidden @ head["out.weight"] + head["out.bias"]
