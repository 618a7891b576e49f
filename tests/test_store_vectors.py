"""Vectors and tones: once for each distinct text."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from feedback_nlp.errors import EncoderError
from feedback_nlp.records import stable_hash
from feedback_nlp.store import Store
from tests.store_rows import ENCODER, SENTENCES, feedback, ingest

LATE, KIND = "The parcel came late.", "The driver was kind."


def made_up(count: int) -> np.ndarray:
    """Vectors that float16 holds exactly."""
    return (np.arange(count * 4, dtype=np.float32).reshape(count, 4) - 3) / 64


def test_each_distinct_text_is_encoded_once(store_url: str) -> None:
    with Store.open(store_url) as store:
        key = store.register_encoder(ENCODER)
        assert store.register_encoder(ENCODER) == key == ENCODER.key
        assert store.encoders() == {key: ENCODER}
        ingest(store, feedback("f1"), feedback("f2"), feedback("f3", SENTENCES["ar"]))
        todo = store.statements_without_vectors(key)
        assert todo == sorted(
            (stable_hash(text), text) for text in (LATE, KIND, "وصل الطرد متأخرًا.", "كان السائق لطيفًا.")
        )
        assert store.statements_without_vectors(key, limit=3) == todo[:3]
        assert store.count_without_vectors(key) == 4
        store.add_vectors(key, [text_hash for text_hash, _ in todo[:3]], made_up(3))
        assert store.statements_without_vectors(key) == todo[3:]
        assert store.count_without_vectors(key) == 1
        other = store.register_encoder(replace(ENCODER, revision="2"))
        assert store.count_without_vectors(other) == 4


def test_vectors_come_back_by_hash_in_order(store_url: str) -> None:
    hashes = ["c", "a", "d", "b"]
    vectors = made_up(4)
    with Store.open(store_url) as store:
        key = store.register_encoder(ENCODER)
        store.add_vectors(key, hashes, vectors)
        store.add_vectors(key, ["a", "e"], np.ones((2, 4), np.float32))  # "a" keeps the vector it has
        names, found = store.vectors(key)
        assert names == ["a", "b", "c", "d", "e"]
        assert found.dtype == np.float32
        expected = np.vstack([vectors[[1, 3, 0, 2]], np.ones((1, 4), np.float32)])
        np.testing.assert_array_equal(found, expected)
        some, part = store.vectors(key, ["d", "missing", "a", "d"])
        assert some == ["a", "d"]
        np.testing.assert_array_equal(part, expected[[0, 3]])
        runs = list(store.iter_vectors(key, 2))
        assert [names for names, _ in runs] == [["a", "b"], ["c", "d"], ["e"]]
        np.testing.assert_array_equal(np.concatenate([part for _, part in runs]), expected)


def test_nothing_stored_is_an_empty_matrix_of_the_right_width(store_url: str) -> None:
    with Store.open(store_url) as store:
        key = store.register_encoder(ENCODER)
        assert store.vectors(key)[1].shape == store.vectors(key, [])[1].shape == (0, 4)
        store.add_vectors(key, [], np.empty((0, 4), np.float32))
        assert list(store.iter_vectors(key, 10)) == []


def test_vectors_are_stored_as_little_endian_float16(store_url: str) -> None:
    with Store.open(store_url) as store:
        key = store.register_encoder(ENCODER)
        store.add_vectors(key, ["a"], np.array([[1, -2, 0.5, 0]], np.float32))
        with store._read() as connection:
            stored = connection.exec_driver_sql("SELECT vector FROM vector").scalar_one()
    assert bytes(stored) == bytes.fromhex("003c 00c0 0038 0000")


def test_vectors_that_do_not_fit_are_refused(store_url: str) -> None:
    with Store.open(store_url) as store:
        key = store.register_encoder(ENCODER)
        with pytest.raises(EncoderError, match=r"shape \(1, 3\) came for 1 texts, but encoder .* makes 4 dimensions"):
            store.add_vectors(key, ["a"], np.ones((1, 3), np.float32))
        with pytest.raises(EncoderError, match="not finite"):
            store.add_vectors(key, ["a"], np.array([[1, np.nan, 0, 0]], np.float32))
        with pytest.raises(EncoderError, match="No encoder 'other' is registered"):
            store.add_vectors("other", ["a"], np.ones((1, 4), np.float32))
        with pytest.raises(EncoderError, match="No encoder 'other' is registered"):
            store.vectors("other")
        assert store.vectors(key)[0] == []


def test_tones_are_stored_with_their_vectors_or_alone(store_url: str) -> None:
    with Store.open(store_url) as store:
        key = store.register_encoder(ENCODER)
        tones = np.array([[0.5, -2], [4, 0.25], [1, 1]], np.float32)
        store.add_vectors(key, ["c", "a"], made_up(2), tone_key="tone-1", tones=tones[:2])
        store.add_tones("tone-1", ["a", "b"], np.stack([tones[2], tones[2]]))  # "a" keeps the tone it has
        store.add_tones("tone-2", ["a"], np.array([[9, 9, 9]], np.float32))
        names, found = store.tones("tone-1")
        assert (names, found.dtype, found.tolist()) == (["a", "b", "c"], np.float32, tones[[1, 2, 0]].tolist())
        some, part = store.tones("tone-1", ["c", "missing", "a", "c"])
        assert (some, part.tolist()) == (["a", "c"], tones[[1, 0]].tolist())
        assert store.tones("tone-2")[1].tolist() == [[9, 9, 9]]
        assert store.tones("tone-3")[0] == store.tones("tone-1", ["x"])[0] == []
        assert store.tones("tone-3")[1].shape == (0, 0)
        with store._read() as connection:
            stored = connection.exec_driver_sql("SELECT tone FROM tone WHERE text_hash = 'c'").scalar_one()
        assert bytes(stored) == bytes.fromhex("0038 00c0")


def test_a_tone_that_does_not_fit_leaves_nothing_of_its_chunk(store_url: str) -> None:
    with Store.open(store_url) as store:
        key = store.register_encoder(ENCODER)
        for tones, words in (
            (np.ones((1, 2), np.float32), r"Tones of shape \(1, 2\) came for 2 texts from tone-1; one row a text"),
            (np.array([[1, np.inf], [1, 1]], np.float32), "made tones with numbers that are not finite"),
        ):
            with pytest.raises(EncoderError, match=words):
                store.add_vectors(key, ["a", "b"], made_up(2), tone_key="tone-1", tones=tones)
        assert store.vectors(key)[0] == store.tones("tone-1")[0] == []
