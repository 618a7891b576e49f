"""Which encoder a name means, what the encoder asks of what runs behind it, and how vectors are stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from feedback_nlp.encoding import LoadedEncoder, encoder_status, from_half, load_encoder, loading, prepare, to_half
from feedback_nlp.errors import EncoderError
from feedback_nlp.records import EncoderIdentity
from feedback_nlp.settings import Settings
from tests.fake_encoder import TopicEncoder


class Recorder:
    """A backend that remembers what it was asked; its vectors are (length of the text, 1, 0)."""

    def __init__(self, rows: Callable[[list[str]], Any] | None = None) -> None:
        self.identity = EncoderIdentity("recorder", "1", "", 3, "none", "")
        self.asked: list[list[str]] = []
        self._rows = rows or (lambda texts: [[len(text), 1, 0] for text in texts])

    def encode_distinct(self, texts: list[str], batch_size: int | None, advance: Callable[[int], Any]) -> np.ndarray:
        self.asked.append(texts)
        advance(len(texts))
        return np.array(self._rows(texts), np.float32)

    def as_sentence_transformer(self) -> Any:
        return self


def test_equal_texts_are_encoded_once_and_come_back_in_place():
    backend = Recorder()
    vectors = LoadedEncoder(backend).encode(["aaa", "b", "aaa", "", "b"], show_progress=True)
    assert backend.asked == [["aaa", "b", ""]]
    root = np.sqrt([10, 2, 10, 1, 2])
    np.testing.assert_allclose(
        vectors, np.array([[3, 1, 0], [1, 1, 0], [3, 1, 0], [0, 1, 0], [1, 1, 0]]) / root[:, None]
    )


def test_nothing_to_encode_asks_nothing():
    backend = Recorder()
    assert LoadedEncoder(backend).encode([]).shape == (0, 3)
    assert backend.asked == []


def test_a_single_text_gives_a_single_vector():
    np.testing.assert_allclose(LoadedEncoder(Recorder()).encode("aaaa"), np.array([4, 1, 0]) / np.sqrt(17), rtol=1e-6)


def test_vectors_of_a_wrong_shape_or_not_finite_are_refused():
    with pytest.raises(
        EncoderError, match=r"'recorder' returned the shape \(1, 2\) for 1 texts; \(1, 3\) was expected"
    ):
        LoadedEncoder(Recorder(lambda texts: [[1, 2]])).encode(["a"])
    with pytest.raises(EncoderError, match="not finite"):
        LoadedEncoder(Recorder(lambda texts: [[1, np.nan, 0]])).encode(["a"])


def test_a_plug_in_is_found_by_name(monkeypatch: pytest.MonkeyPatch):
    asked = []

    def find(group: str, name: str) -> Any:
        asked.append((group, name))
        return (lambda settings: TopicEncoder(32)) if name == "mine" else None

    monkeypatch.setattr(loading, "find_plugin", find)
    encoder = load_encoder(Settings(encoder="mine"))
    assert asked == [("encoders", "mine")]
    assert encoder.identity == TopicEncoder(32).identity
    np.testing.assert_array_equal(encoder.encode(["slow app"]), TopicEncoder(32).encode(["slow app"]))
    assert prepare(Settings(encoder="mine", sentiment="off")) == ["encoder topic-encoder: loaded, 32 dimensions"]
    assert encoder_status(Settings(encoder="mine"))[-1] == ("encoder mine", True, "topic-encoder, 32 dimensions")


def test_a_plug_in_without_identity_gets_one_from_its_class(monkeypatch: pytest.MonkeyPatch):
    class Bare:
        def encode(self, texts: list[str], /) -> list[list[float]]:
            return [[float(len(text)), 1.0] for text in texts]

    monkeypatch.setattr(loading, "find_plugin", lambda group, name: lambda settings: Bare())
    encoder = load_encoder(Settings(encoder="bare", encoder_prefix="about: "))
    assert (encoder.identity.name, encoder.dimensions, encoder.identity.prefix) == ("bare", 2, "about: ")
    assert encoder.identity.revision.endswith("Bare")
    np.testing.assert_allclose(encoder.encode(["ab"]), np.array([[9, 1]]) / np.sqrt(82), rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("multilingul", r"^There is no encoder 'multilingul'\. Did you mean 'multilingual'\?$"),
        ("all-MiniLM-L6-v2", r"cannot be reached from here\. The bundled encoder 'english' is that model"),
        ("someone/some-model", r"cannot be reached from here\. Bundled, and always there: multilingual, english"),
    ],
)
def test_unknown_names_say_the_next_step(monkeypatch: pytest.MonkeyPatch, name: str, message: str):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(EncoderError, match=message):
        load_encoder(Settings(encoder=name, device="cpu"))


def test_a_folder_without_a_model_is_said(tmp_path):
    with pytest.raises(EncoderError, match=r"does not hold a sentence-transformers model.*modules\.json"):
        load_encoder(Settings(encoder=str(tmp_path), device="cpu"))


def test_half_precision_keeps_vectors():
    vectors = np.random.default_rng(0).normal(size=(50, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    blobs = to_half(vectors)
    assert len(blobs) == 50 and {len(blob) for blob in blobs} == {768}
    back = from_half(blobs, 384)
    assert back.dtype == np.float32
    np.testing.assert_allclose((back * vectors).sum(axis=1), 1, atol=1e-6)
    assert to_half(np.array([[1.0, -2.0]])) == [b"\x00\x3c\x00\xc0"]
    assert from_half([], 384).shape == (0, 384)


def test_a_stored_vector_of_another_encoder_is_refused():
    with pytest.raises(EncoderError, match="A stored vector has 2 dimensions where the encoder has 3"):
        from_half(to_half(np.ones((1, 2))), 3)
