"""Themes: the space they live in."""

from __future__ import annotations

import numpy as np

from feedback_nlp.themes.space import SHRINKAGE, PreparedSpace, unit_rows

# -- the prepared space


def test_a_language_loses_its_mean_and_vectors_keep_length_one():
    numbers = np.random.default_rng(0)
    shift = {"en": 3 * np.eye(8)[0], "ar": 3 * np.eye(8)[1]}
    languages = ["en"] * 400 + ["ar"] * 400
    vectors = unit_rows(numbers.normal(size=(800, 8)) + np.stack([shift[code] for code in languages]))
    prepared = PreparedSpace.fit(vectors, languages).prepare(vectors, languages)
    np.testing.assert_allclose(np.linalg.norm(prepared, axis=1), 1, atol=1e-5)
    apart = prepared[:400].mean(axis=0) - prepared[400:].mean(axis=0)
    assert np.linalg.norm(apart) < 0.2 < 1 < np.linalg.norm(vectors[:400].mean(axis=0) - vectors[400:].mean(axis=0))
    assert prepared.dtype == np.float32


def test_a_small_language_s_mean_is_drawn_to_the_corpus_s():
    en, pl = np.array([[1.0, 0, 0]], np.float32), np.array([[0, 1.0, 0]], np.float32)
    space = PreparedSpace.fit(
        np.vstack([np.repeat(en, 100, axis=0), np.repeat(pl, 5, axis=0)]), ["en"] * 100 + ["pl"] * 5
    )
    middle = (en[0] + pl[0]) / 2  # languages weigh alike, however many statements they have
    np.testing.assert_allclose(space.corpus_mean, middle, atol=1e-6)
    assert space.languages == ("en", "pl")
    np.testing.assert_allclose(
        space.language_means,
        [(100 * en[0] + SHRINKAGE * middle) / (100 + SHRINKAGE), (5 * pl[0] + SHRINKAGE * middle) / (5 + SHRINKAGE)],
        atol=1e-6,
    )


def test_a_language_unseen_at_the_fit_gets_the_corpus_mean():
    numbers = np.random.default_rng(0)
    vectors = unit_rows(numbers.normal(size=(60, 8)))
    space = PreparedSpace.fit(vectors, ["en"] * 30 + ["ro"] * 30)
    one = vectors[:3]
    np.testing.assert_allclose(space.prepare(one, ["sw", "und", "sw"]), unit_rows(one - space.corpus_mean), atol=1e-6)
    assert not np.allclose(space.prepare(one, ["sw"] * 3), space.prepare(one, ["en"] * 3))


def test_when_no_language_is_known_the_mean_is_everybody_s():
    vectors = unit_rows(np.random.default_rng(1).normal(size=(20, 4)))
    space = PreparedSpace.fit(vectors, ["und"] * 20)
    assert (space.languages, space.language_means.shape) == ((), (0, 4))
    np.testing.assert_allclose(space.corpus_mean, vectors.mean(axis=0), atol=1e-6)


def test_a_row_of_nothing_stays_nothing():
    assert unit_rows(np.zeros((2, 3), np.float32)).tolist() == [[0, 0, 0]] * 2
