"""Tones: what the graph computes, that nothing but the text decides it, and that vectors do not notice."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from safetensors.numpy import save

from feedback_nlp.encoding import LoadedEncoder, tone
from feedback_nlp.encoding.bundled import BundledEncoder
from feedback_nlp.encoding.onnx_backend import OnnxBackend
from feedback_nlp.encoding.onnx_graph import build_model
from feedback_nlp.encoding.prepared import onnx_path
from feedback_nlp.encoding.tone import Tone, find_tone
from feedback_nlp.errors import EncoderError
from feedback_nlp.settings import Settings
from tests.tiny_encoder import HIDDEN, TEXTS, make_encoder, numpy_states, text_ids

WIDTH, QUERIES = 7, 3


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BundledEncoder:
    return make_encoder(tmp_path, monkeypatch)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(cache_dir=str(tmp_path / "cache"), device="cpu", threads=2)


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which tones are looked for; empty."""
    folder = tmp_path / "models"
    folder.mkdir()
    monkeypatch.setattr(tone, "resource_path", lambda name: {"models": folder}[name])
    return folder


def write_tone(folder: Path, encoder: BundledEncoder, seed: int = 0) -> Tone:
    """Write a tone of layers 1 and 2, attending over layer 1, and return it as it is found."""
    rng = np.random.default_rng(seed)
    tensors = {
        "query.weight": rng.normal(size=(QUERIES, HIDDEN)).astype(np.float32),
        "mean.weight": rng.normal(size=(2 * HIDDEN, WIDTH)).astype(np.float16),
        "pooled.weight": rng.normal(size=(QUERIES * HIDDEN, WIDTH)).astype(np.float16),
        "bias": rng.normal(size=WIDTH).astype(np.float32),
    }
    content = save(tensors)
    (folder / "tone-tiny.safetensors").write_bytes(content)
    described = {
        "name": "tiny",
        "sha256": hashlib.sha256(content).hexdigest(),
        "encoder": {"name": encoder.model, "dimensions": HIDDEN, "pooling": "mean", "prefix": ""},
        "mean_layers": [1, 2],
        "query_layer": 1,
        "dimensions": WIDTH,
    }
    (folder / "tone-tiny.json").write_text(json.dumps(described), encoding="utf-8")
    found = find_tone(encoder.identity)
    assert found is not None
    return found


def expected_tone(encoder: BundledEncoder, made: Tone, text: str) -> np.ndarray:
    first, last = numpy_states(text_ids(encoder, text)[0])
    weights = made.read()
    scores = np.exp(first @ weights.query.T)
    pooled = (scores / scores.sum(axis=0)).T @ first
    means = np.concatenate([first.mean(axis=0), last.mean(axis=0)])
    return means @ weights.mean + pooled.ravel() @ weights.pooled + weights.bias


def test_the_graph_computes_the_projection(tiny: BundledEncoder, models: Path) -> None:
    made = write_tone(models, tiny)
    session = onnxruntime.InferenceSession(build_model(tiny.read_weights(), None, made).SerializeToString())
    for text in TEXTS:
        (found,) = session.run(["tones"], {"input_ids": text_ids(tiny, text)})
        expected = expected_tone(tiny, made, text)
        np.testing.assert_allclose(found[0], expected, atol=0.02 * np.abs(expected).max())  # its vocabulary: 8 bits


def test_tones_come_with_the_vectors_that_encode_gives(tiny: BundledEncoder, models: Path, settings: Settings) -> None:
    plain = LoadedEncoder(OnnxBackend(tiny, settings))
    assert (plain.tone_key, plain.tone_dimensions) == (None, None)
    vectors, missing = plain.encode_with_tone(TEXTS)
    assert missing is None
    made = write_tone(models, tiny)
    encoder = LoadedEncoder(OnnxBackend(tiny, settings))
    assert encoder.identity == plain.identity
    assert encoder.tone_key == f"{made.sha256[:12]}-{tiny.identity.key}"
    assert encoder.tone_dimensions == WIDTH
    again, tones = encoder.encode_with_tone([*TEXTS, TEXTS[0]])
    np.testing.assert_array_equal(again, vectors[[0, 1, 2, 3, 4, 0]])
    np.testing.assert_array_equal(encoder.encode(TEXTS), vectors)
    assert tones is not None and tones.shape == (6, WIDTH) and tones.dtype == np.float32
    np.testing.assert_array_equal(tones, tones.astype(np.float16).astype(np.float32))
    np.testing.assert_array_equal(tones[5], tones[0])
    expected = np.stack([expected_tone(tiny, made, text) for text in TEXTS])
    assert np.corrcoef(tones[:5].ravel(), expected.ravel())[0, 1] > 0.99  # 8 bits
    empty, none = encoder.encode_with_tone([])
    assert none is not None
    assert (empty.shape, none.shape) == ((0, HIDDEN), (0, WIDTH))


def test_another_tone_is_another_graph(tiny: BundledEncoder, models: Path, settings: Settings) -> None:
    without = onnx_path(tiny, settings)
    first = write_tone(models, tiny, seed=1)
    paths = {without, onnx_path(tiny, settings)}
    old = LoadedEncoder(OnnxBackend(tiny, settings)).encode_with_tone(TEXTS)[1]
    second = write_tone(models, tiny, seed=2)
    paths.add(onnx_path(tiny, settings))
    encoder = LoadedEncoder(OnnxBackend(tiny, settings))
    new = encoder.encode_with_tone(TEXTS)[1]
    assert len(paths) == 3
    assert first.key(tiny.identity) != second.key(tiny.identity) == encoder.tone_key
    assert old is not None and new is not None and np.abs(old - new).mean() > 1


def test_a_tone_belongs_to_every_form_of_its_model_and_to_no_other(tiny: BundledEncoder, models: Path) -> None:
    made = write_tone(models, tiny)
    other_form = replace(tiny.identity, revision="float32", weights_sha256="0" * 64)
    assert find_tone(other_form) == made
    assert made.key(other_form) != made.key(tiny.identity)
    for change in ({"name": "made-up/other"}, {"dimensions": 32}, {"pooling": "cls"}, {"prefix": "query: "}):
        assert find_tone(replace(tiny.identity, **change)) is None


@pytest.mark.parametrize("damage", ["missing", "altered"])
def test_damaged_weights_are_told(damage: str, tiny: BundledEncoder, models: Path, settings: Settings) -> None:
    path = write_tone(models, tiny).path
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-1] + b"\x7f")
    with pytest.raises(EncoderError, match=r"tone-tiny\.safetensors has the SHA-256 .* Install feedback-nlp again"):
        OnnxBackend(tiny, settings)


def test_tones_that_are_not_finite_are_refused(tiny: BundledEncoder, settings: Settings, models: Path) -> None:
    backend = OnnxBackend(tiny, settings)
    backend.tone = write_tone(models, tiny)

    def encode(texts: list[str], batch_size: int | None, advance: object, tones: np.ndarray) -> np.ndarray:
        tones[:] = 1e6  # more than float16 holds
        return np.ones((len(texts), HIDDEN), np.float32)

    backend.encode_distinct = encode  # type: ignore[method-assign]
    with pytest.raises(EncoderError, match=r"'made-up/tiny' returned numbers that are not finite"):
        LoadedEncoder(backend).encode_with_tone(["a"])
