"""The inner states of a bundled encoder that the heads are learnt from, kept in a folder between runs.

They come from the same 8-bit graph that the program runs, one text's states as they are there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import polars as pl
from tokenizers import Tokenizer

from feedback_nlp.encoding.bundled import BUNDLED, BundledEncoder, ranges_sha256
from feedback_nlp.encoding.onnx_graph import build_model
from feedback_nlp.resources import resource_path

MOST_TOKENS = 256  # of a text; what comes after is not learnt from
_BATCH_TOKENS = 640


@dataclass(frozen=True, slots=True)
class Layers:
    """Which states a tone is made of: the means of some layers' tokens, and queries over the tokens of one layer."""

    means: tuple[int, ...]
    query: int


LAYERS = {"multilingual": Layers((3, 6, 8, 10, 12), 10), "english": Layers((2, 3, 4, 5, 6), 5)}


class States:
    """States of n texts: ``means`` (n, layers * d) float16, ``lengths`` (n,) tokens, and the tokens' own states."""

    def __init__(self, shards: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> None:
        self.means = np.concatenate([means for means, _, _ in shards])
        self.lengths = np.concatenate([lengths for _, _, lengths in shards])
        self._tokens = [tokens for _, tokens, _ in shards]
        self._shard = np.repeat(np.arange(len(shards)), [len(lengths) for _, _, lengths in shards])
        self._start = np.concatenate([np.cumsum(lengths) - lengths for _, _, lengths in shards])

    def tokens(self, row: int) -> np.ndarray:
        """Return the token states of one text, (tokens, d) float16."""
        start = self._start[row]
        return self._tokens[self._shard[row]][start : start + self.lengths[row]]

    def padded(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return token states (b, longest, d) float16, zero after a text's end, and where they count (b, longest)."""
        lengths = self.lengths[rows]
        block = np.zeros((len(rows), int(lengths.max()), self._tokens[0].shape[1]), np.float16)
        for i, row in enumerate(rows):
            block[i, : lengths[i]] = self.tokens(row)
        return block, np.arange(block.shape[1]) < lengths[:, None]


def read_states(rows: pl.DataFrame, encoder_name: str, folder: Path) -> States:
    """Return the states of ``rows`` (columns set and text, sets in one piece), encoding the sets not in ``folder``."""
    return States([_shard(frame["text"].to_list(), encoder_name, folder) for frame in _sets(rows)])


def _sets(rows: pl.DataFrame) -> list[pl.DataFrame]:
    return rows.partition_by("set", maintain_order=True)


def _shard(texts: list[str], encoder_name: str, folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    encoder, layers = BUNDLED[encoder_name], LAYERS[encoder_name]
    ranges = ranges_sha256(resource_path(encoder.ranges))
    named = "\x1f".join([encoder.identity.key, ranges, str(layers), str(MOST_TOKENS), *texts])
    stem = folder / hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    files = [stem.with_suffix(f".{part}.npy") for part in ("means", "tokens", "lengths")]
    if not files[-1].exists():  # written last
        folder.mkdir(parents=True, exist_ok=True)
        _encode(texts, encoder, layers, files)
    means, tokens, lengths = (np.load(file, mmap_mode="r") for file in files)
    return np.asarray(means), np.asarray(tokens), np.asarray(lengths)


def _encode(texts: list[str], encoder: BundledEncoder, layers: Layers, files: list[Path]) -> None:
    session, names = _session(encoder, layers)
    tokenizer = Tokenizer.from_file(str(encoder.tokenizer.verified()))
    tokenizer.no_padding()
    tokenizer.enable_truncation(min(MOST_TOKENS, encoder.max_tokens))
    ids = [encoding.ids for encoding in tokenizer.encode_batch([encoder.prefix + text for text in texts])]
    lengths = np.array([len(row) for row in ids], np.int64)
    starts = np.cumsum(lengths) - lengths
    width = encoder.dimensions
    means = np.zeros((len(texts), len(layers.means), width), np.float16)
    tokens = np.lib.format.open_memmap(files[1], "w+", np.float16, (int(lengths.sum()), width))

    def run(batch: np.ndarray) -> None:
        found = session.run([names[k] for k in names], {"input_ids": np.array([ids[row] for row in batch], np.int64)})
        states = dict(zip(names, found, strict=True))
        for place, layer in enumerate(layers.means):
            means[batch, place] = states[layer].mean(axis=1)
        for row, state in zip(batch, states[layers.query].astype(np.float16), strict=True):
            tokens[starts[row] : starts[row] + lengths[row]] = state

    with ThreadPoolExecutor(2) as pool:
        for _ in pool.map(run, _batches(lengths)):
            pass
    tokens.flush()
    np.save(files[0], means.reshape(len(texts), -1))
    np.save(files[2], lengths)


def _batches(lengths: np.ndarray) -> Iterator[np.ndarray]:
    """Yield rows of texts with the same number of tokens, as the program encodes them."""
    order, position = np.argsort(-lengths, kind="stable"), 0
    while position < len(order):
        length = lengths[order[position]]
        rows = order[position : position + max(1, _BATCH_TOKENS // int(length))]
        rows = rows[lengths[rows] == length]
        yield rows
        position += len(rows)


@cache
def _session(encoder: BundledEncoder, layers: Layers) -> tuple[Any, dict[int, str]]:
    """Return the graph of the vectors with the tokens' states after each layer as outputs, and the outputs' names."""
    import onnxruntime

    with np.load(resource_path(encoder.ranges), allow_pickle=False) as ranges:
        model = build_model(encoder.read_weights(word_embeddings=False), dict(ranges))
    norms = [node.output[0] for node in model.graph.node if node.op_type == "LayerNormalization"]
    # The first norm is of the embeddings, then come two a layer.
    names = {layer: norms[2 * layer] for layer in sorted({*layers.means, layers.query})}
    for name in names.values():
        model.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["b", "s", None]))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session, names
