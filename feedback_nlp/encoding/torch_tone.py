"""Tones in torch, as the last step of a ``SentenceTransformer``. Imports torch, so it is imported where torch is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from sentence_transformers import SentenceTransformer

from feedback_nlp.encoding.tone import Tone


class ToneStep(torch.nn.Module):
    """Puts the tone behind the vector: the embedding becomes (b, d + T), its first d numbers of length 1."""

    query: torch.Tensor
    mean: torch.Tensor
    pooled: torch.Tensor
    bias: torch.Tensor

    def __init__(self, tone: Tone) -> None:
        super().__init__()
        weights = tone.read()
        self._mean_layers = tone.mean_layers
        self._query_layer = tone.query_layer
        for name in ("query", "mean", "pooled", "bias"):
            self.register_buffer(name, torch.from_numpy(getattr(weights, name)), persistent=False)

    def forward(self, features: dict[str, Any]) -> dict[str, Any]:
        """Read "all_layer_embeddings", a tuple of (b, s, d), and "attention_mask" (b, s)."""
        states = features["all_layer_embeddings"]
        mask = features["attention_mask"].to(states[0].dtype)
        shares = mask / mask.sum(dim=1, keepdim=True)
        means = [torch.einsum("bs,bsd->bd", shares, states[layer]) for layer in self._mean_layers]
        attended = states[self._query_layer]
        scores = (attended @ self.query.T).masked_fill(mask[:, :, None] == 0, -torch.inf)
        pooled = torch.einsum("bsq,bsd->bqd", scores.softmax(dim=1), attended).flatten(1)
        tones = torch.cat(means, dim=1) @ self.mean + pooled @ self.pooled + self.bias
        vectors = torch.nn.functional.normalize(features["sentence_embedding"], p=2, dim=1)
        features["sentence_embedding"] = torch.cat([vectors, tones], dim=1)
        return features


def with_tone(model: SentenceTransformer, tone: Tone) -> SentenceTransformer:
    """Return a model of the same modules, weights shared, with a :class:`ToneStep` behind them."""
    return SentenceTransformer(modules=[*model, ToneStep(tone)], device=str(model.device))


@contextmanager
def all_layers(model: SentenceTransformer) -> Iterator[None]:
    """Let the encoder hand out every layer's states, which costs memory, for as long as this lasts."""
    transformer: Any = model[0]
    config = transformer.auto_model.config
    before = config.output_hidden_states
    config.output_hidden_states = True
    try:
        yield
    finally:
        config.output_hidden_states = before
