"""The network behind tone and head while it learns, and how it is folded into the few matrices that the program runs.

Means of some layers' token states, and attention queries over the token states of one layer (attention pooling with
learnt queries, as in Lee et al. 2019, https://arxiv.org/abs/1810.00825), make the tone by one linear map; surface
features are added, then a GELU and one more linear map give the logits of 3 classes of polarity, 7 emotions and 6
intents, learnt together and masked where a set cannot say.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
import torch
from sentiment_folded import Tensors, stored
from sentiment_marks import CLASSES, EMOTIONS, MARKS
from sentiment_sources import BY_NAME, EQUALS, OWN
from sentiment_states import States
from torch import nn
from torch.nn import functional as F

from feedback_nlp.sentiment.surface import N_SURFACE

TONE = 256
QUERIES, VALUE = 8, 64  # each query's pooled state passes through so many numbers
DROPOUT, SMOOTHING, EPOCHS, RATE, DECAY = 0.4, 0.1, 6, 1e-3, 0.02
BATCH, MOST_BATCH_TOKENS = 128, 8192
REPEATED = 4  # our own sentences come so often an epoch, each time with a part of their weight: few rows, much weight
EMOTION_SHARE, INTENT_SHARE = 0.7, 0.5  # of the loss, beside 1 for polarity
OUTPUTS = len(CLASSES) + len(MARKS)


@dataclass(frozen=True, slots=True)
class Rows:
    """What the network learns from: states and surface features of n texts, and their labels."""

    frame: pl.DataFrame
    states: States
    surface: np.ndarray  # (n, N_SURFACE) float32
    polarity: np.ndarray  # (n,) int64, -1 unknown
    marks: np.ndarray  # (n, len(MARKS)) int8, -1 unknown

    def where(self, expression: pl.Expr) -> np.ndarray:
        """Return the indices of the rows for which a Polars expression holds."""
        return np.flatnonzero(self.frame.select(expression).to_series().to_numpy())


class Network(nn.Module):
    """Standardised means and surface features, and raw token states, to logits (b, OUTPUTS).

    Tokens are standardised after pooling, which comes to the same since attention sums to 1, and is cheaper.
    """

    def __init__(self, means: int, level: torch.Tensor, spread: torch.Tensor, tone: int) -> None:
        super().__init__()
        width = len(level)
        self.level, self.spread = level, spread
        self.query = nn.Linear(width, QUERIES, bias=False)
        self.value = nn.Parameter(torch.randn(QUERIES, width, VALUE) / math.sqrt(width))
        self.hidden = nn.Linear(means + QUERIES * VALUE + N_SURFACE, tone)
        self.out = nn.Linear(tone, OUTPUTS)

    def forward(
        self, means: torch.Tensor, tokens: torch.Tensor, mask: torch.Tensor, surface: torch.Tensor
    ) -> torch.Tensor:
        scores = F.linear(tokens, self.query.weight / self.spread)
        weights = scores.masked_fill(~mask[..., None], -1e4).softmax(dim=1)
        pooled = (torch.bmm(weights.transpose(1, 2), tokens) - self.level) / self.spread
        values = torch.einsum("bqd,qdv->bqv", pooled, self.value)
        features = self._dropped(torch.cat([means, values.flatten(1), surface], dim=1))
        with torch.autocast("cpu", torch.bfloat16, enabled=self.training):  # nine tenths of the multiplications
            hidden = self.hidden(features)
        return self.out(self._dropped(F.gelu(hidden.float())))

    def _dropped(self, values: torch.Tensor) -> torch.Tensor:
        """Dropout; several times faster on one thread than PyTorch's, which draws from a Bernoulli distribution."""
        if not self.training:
            return values
        return values * (torch.rand_like(values) >= DROPOUT).float() / (1 - DROPOUT)


@dataclass(slots=True)
class Learnt:
    """A network that has learnt, with the standardisation of what goes in."""

    network: Network
    scales: dict[str, tuple[torch.Tensor, torch.Tensor]]  # means, surface, tokens: mean and spread

    def inputs(self, rows: Rows, batch: np.ndarray) -> tuple[torch.Tensor, ...]:
        """Return standardised means, raw tokens, mask and standardised surface features of some rows."""
        tokens, mask = rows.states.padded(batch)
        raw = {"means": rows.states.means[batch].astype(np.float32), "surface": rows.surface[batch]}
        means, surface = (
            (torch.from_numpy(values) - self.scales[kind][0]) / self.scales[kind][1] for kind, values in raw.items()
        )
        return means, torch.from_numpy(tokens).float(), torch.from_numpy(mask), surface

    def logits(self, rows: Rows, chosen: np.ndarray) -> np.ndarray:
        """Return (n, OUTPUTS) float32: logits of the chosen rows, zero elsewhere."""
        self.network.eval()
        found = np.zeros((len(rows.frame), OUTPUTS), np.float32)
        with torch.no_grad():
            for batch in _batches(rows.states.lengths, chosen, None):
                found[batch] = self.network(*self.inputs(rows, batch)).numpy()
        return found

    def tensors(self) -> tuple[Tensors, Tensors]:
        """Return the tensors of the tone and of the head, standardisation folded in, float32."""
        state = {name: tensor.numpy().astype(np.float64) for name, tensor in self.network.state_dict().items()}
        scales = {kind: (a.numpy().astype(np.float64), b.numpy().astype(np.float64))
                  for kind, (a, b) in self.scales.items()}  # fmt: skip
        hidden = state["hidden.weight"].T
        n = len(scales["means"][0])
        means, mixed, surface = np.split(hidden, [n, n + QUERIES * VALUE])
        values = [state["value"][q] @ mixed[q * VALUE : (q + 1) * VALUE] for q in range(QUERIES)]
        (mean, spread), (level, unit), (token_mean, token_spread) = scales.values()
        tone = {
            "query.weight": state["query.weight"] / token_spread,
            "mean.weight": means / spread[:, None],
            "pooled.weight": np.concatenate([value / token_spread[:, None] for value in values]),
            "bias": -(mean / spread) @ means - (token_mean / token_spread) @ np.sum(values, axis=0),
        }
        head = {
            "surface.weight": surface / unit[:, None],
            "surface.bias": state["hidden.bias"] - (level / unit) @ surface,
            "out.weight": state["out.weight"].T,
            "out.bias": state["out.bias"],
        }
        return stored(tone), stored(head)


def learn(rows: Rows, chosen: np.ndarray, *, tone: int = TONE, epochs: int = EPOCHS, seed: int = 0) -> Learnt:
    """Return the network learnt from the rows at ``chosen``; deterministic, in one thread."""
    torch.manual_seed(seed)
    chance = np.random.default_rng(seed)
    scales = _scales(rows, chosen, chance)
    learnt = Learnt(Network(rows.states.means.shape[1], *scales["tokens"], tone), scales)
    network = learnt.network
    weights, mark_weights = (torch.from_numpy(found) for found in row_weights(rows, chosen))
    own = chosen[rows.frame["set"].is_in(OWN).to_numpy()[chosen]]
    weights[own] /= REPEATED
    mark_weights[own] /= REPEATED
    seen = np.concatenate([chosen, np.repeat(own, REPEATED - 1)])
    rarer = torch.from_numpy(_rarity(rows.marks[chosen]))
    polarity, marks = torch.from_numpy(rows.polarity), torch.from_numpy(rows.marks)
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY, fused=True)
    steps, step = epochs * sum(1 for _ in _batches(rows.states.lengths, seen, chance)), 0
    for _ in range(epochs):
        network.train()
        for batch in _batches(rows.states.lengths, seen, chance):
            for group in optimiser.param_groups:
                warm = min(1.0, step / (0.1 * steps))
                group["lr"] = RATE * warm * (0.5 + 0.5 * math.cos(math.pi * min(step, steps) / steps)) + 1e-6
            step += 1
            logits = network(*learnt.inputs(rows, batch))
            classes, marked = polarity[batch].clamp(min=0), marks[batch].clamp(min=0).float()
            loss = F.cross_entropy(logits[:, :3], classes, reduction="none", label_smoothing=SMOOTHING)
            each = F.binary_cross_entropy_with_logits(logits[:, 3:], marked, reduction="none", pos_weight=rarer)
            total = (loss * weights[batch]).mean() + (each * mark_weights[batch]).sum(dim=1).mean()
            optimiser.zero_grad()
            total.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
    return learnt


def row_weights(rows: Rows, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how much each row counts, (n,) for polarity and (n, len(MARKS)) for marks, float32, on average as
    the loss shares them out: a set by the root of its size, a language by the root of its sets' total, the six
    languages double, classes of a set by their frequency to the power -0.5.
    """
    every = np.zeros(len(rows.frame), np.float32)
    labelled = chosen[rows.polarity[chosen] >= 0]
    every[labelled] = _balanced(rows.frame[labelled]) * (len(chosen) / len(labelled))
    marked = np.zeros((len(rows.frame), len(MARKS)), np.float32)
    for column in range(len(MARKS)):
        known = chosen[rows.marks[chosen, column] >= 0]
        if len(known) == 0:
            continue
        share = EMOTION_SHARE / len(EMOTIONS) if column < len(EMOTIONS) else INTENT_SHARE / (len(MARKS) - len(EMOTIONS))
        frame = rows.frame[known].with_columns(polarity=pl.lit(0, pl.Int8))
        marked[known, column] = _balanced(frame) * (share * len(chosen) / len(known))
    return every, marked


def _balanced(frame: pl.DataFrame) -> np.ndarray:
    """Return weights with mean 1."""
    of_set = {name: source.weight for name, source in BY_NAME.items()}
    frame = frame.with_columns(count=pl.len().over("set", "lang"), cell=pl.len().over("set", "lang", "polarity"))
    frame = frame.with_columns(
        share=pl.col("count").sqrt() * pl.col("set").replace_strict(of_set, return_dtype=pl.Float64),
        rare=(pl.col("cell") / pl.col("count")).pow(-0.5),
    )
    sets = frame.group_by("set", "lang", maintain_order=True).agg(pl.col("share").first())
    totals = sets.group_by("lang", maintain_order=True).agg(total=pl.col("share").sum())
    weights = (
        frame.join(totals, "lang", how="left", maintain_order="left")
        .select(
            pl.when(pl.col("lang").is_in(EQUALS)).then(2.0).otherwise(1.0)
            * pl.col("share") / pl.col("total").sqrt()
            * pl.col("rare") / pl.col("rare").sum().over("set", "lang")
        )
        .to_series()
        .to_numpy()
    )  # fmt: skip
    return (weights / weights.mean()).astype(np.float32)


def _rarity(marks: np.ndarray) -> np.ndarray:
    known, present = (marks >= 0).sum(axis=0), (marks == 1).sum(axis=0)
    return np.sqrt(np.clip(known / np.maximum(present, 1), 1, 60)).astype(np.float32)


def _scales(rows: Rows, chosen: np.ndarray, chance: np.random.Generator) -> dict:
    """Return mean and spread of means, token states and surface features, from a sample of the chosen rows."""
    sample = np.sort(chance.choice(chosen, min(8000, len(chosen)), replace=False))
    tokens = np.concatenate([rows.states.tokens(row) for row in sample[:: max(1, len(sample) // 1500)]])
    found = {"means": rows.states.means[sample], "surface": rows.surface[sample], "tokens": tokens}
    least = {"means": 1e-4, "surface": 1e-2, "tokens": 1e-3}
    return {
        kind: (
            torch.from_numpy(values.astype(np.float32).mean(axis=0)),
            torch.from_numpy(values.astype(np.float32).std(axis=0) + np.float32(least[kind])),
        )
        for kind, values in found.items()
    }


def _batches(lengths: np.ndarray, chosen: np.ndarray, chance: np.random.Generator | None) -> Iterator[np.ndarray]:
    """Yield indices of texts of like length; in random order, and with other neighbours each time, given ``chance``."""
    blur = chance.uniform(0, 6, len(chosen)) if chance else 0
    order = chosen[np.argsort(lengths[chosen] + blur, kind="stable")]
    found, position = [], 0
    while position < len(order):
        longest = int(lengths[order[position : position + BATCH]].max())
        size = min(BATCH, max(16, MOST_BATCH_TOKENS // longest))
        found.append(order[position : position + size])
        position += size
    if chance:
        chance.shuffle(found)
    yield from found
