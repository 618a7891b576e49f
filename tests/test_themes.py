"""Themes: the space they live in, and the tree that is made of what was found."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np

from feedback_nlp.resources import resource_path
from feedback_nlp.themes.discovery.dissolving import about_nothing, joined
from feedback_nlp.themes.discovery.granularity import Candidate, regrouped
from feedback_nlp.themes.discovery.hierarchy import related
from feedback_nlp.themes.discovery.kmeans import centroids_of
from feedback_nlp.themes.discovery.poles import split_by_tone
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


# -- the tree


def around(axes: Sequence[Sequence[float]], each: int, spread: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """``each`` unit vectors around every axis, and which axis each is of."""
    numbers = np.random.default_rng(3)
    of = np.repeat(np.arange(len(axes)), each)
    return unit_rows(np.asarray(axes, np.float64)[of] + spread * numbers.normal(size=(len(of), len(axes[0])))), of


def test_groups_that_come_apart_singly_and_not_together_are_one():
    vectors, labels = around([[1, 0.1, 0, 0], [1, -0.1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], 20)

    def stability(found: np.ndarray) -> np.ndarray:
        """The first two are one thing; the third is sound, and the last comes apart whatever one does."""
        worth = {frozenset({0}): 0.4, frozenset({1}): 0.45, frozenset({0, 1}): 0.9, frozenset({2}): 0.8}
        return np.array([worth.get(frozenset(labels[found == k].tolist()), 0.2) for k in range(found.max() + 1)])

    together, apart = joined(labels, vectors, stability)
    assert together.tolist() == [0] * 40 + [1] * 20 + [2] * 20
    assert apart.tolist() == [False, False, True]


def test_a_corpus_that_comes_apart_everywhere_loses_a_quarter_at_most():
    vectors, labels = around(np.eye(4).tolist(), 10)
    _, apart = joined(labels, vectors, lambda found: np.array([0.1, 0.2, 0.3, 0.4]))
    assert apart.tolist() == [True, False, False, False]


def test_talk_about_nothing_is_told_from_a_theme():
    talk = json.loads(resource_path("data/talk_without_object.json").read_text(encoding="utf-8"))
    assert set(talk) == {"en", "ro", "ru", "it", "ar", "pl"}
    empty, real = np.eye(4, dtype=np.float32)[0], np.eye(4, dtype=np.float32)[1]
    vectors, labels = around([[1, 0, 0, 0.05], [0, 1, 0, 0.05]], 30, 0.3)
    space = PreparedSpace(np.zeros(4, np.float32), ("en",), np.zeros((1, 4), np.float32))

    def encode(texts: Sequence[str]) -> np.ndarray:
        assert list(texts) == talk["en"]
        return np.tile(empty, (len(texts), 1))

    means = centroids_of(vectors, labels)
    assert about_nothing(vectors, labels, means, space, encode).tolist() == [True, False]
    assert about_nothing(vectors, np.where(labels, 1, -1), means, space, encode).tolist() == [False, False]
    other = PreparedSpace(np.zeros(4, np.float32), ("sw",), np.zeros((1, 4), np.float32))
    assert about_nothing(vectors, labels, means, other, lambda texts: np.tile(real, (len(texts), 1))).sum() == 0


def test_praise_and_blame_of_one_thing_part_where_words_tell_them_apart():
    vectors, side = around([[1, 0.5, 0], [1, -0.5, 0]], 20)
    polarity = np.where(side == 0, 0.8, -0.8)
    split = split_by_tone(vectors, np.zeros(40, np.int64), polarity, 5)
    assert split.tolist() == [1] * 20 + [0] * 20
    mixed = np.where(np.arange(40) % 2, 0.8, -0.8)  # the words say nothing of the tone
    assert split_by_tone(vectors, np.zeros(40, np.int64), mixed, 5).tolist() == [0] * 40
    few = np.where(np.arange(40) < 4, 0.8, -0.8)
    assert split_by_tone(vectors, np.zeros(40, np.int64), few, 5).tolist() == [0] * 40
    assert split_by_tone(vectors, np.full(40, -1), polarity, 5).tolist() == [-1] * 40


def test_sub_themes_that_are_alike_are_one_theme_within_the_bounds():
    axes = unit_rows(np.array([[1, 0, 0, 0.3], [1, 0.2, 0, 0.3], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0.1, 1, 0]]))
    assert related(axes, None, 1, 25).tolist() == [0, 0, 1, 2, 2]
    assert len(set(related(axes, None, 4, 25).tolist())) == 4
    assert len(set(related(axes, None, 1, 2).tolist())) == 2
    assert related(axes[:1], None, 8, 25).tolist() == [0]
    apart = related(axes[:2], np.array([1.0, -1.0]), 1, 25)
    assert apart.tolist() == [0, 0]  # tone alone does not part what is nearly the same


def test_the_table_shows_the_themes_that_were_made_of_sub_themes():
    table = (Candidate(9, 50, 0.9, 0.8, 1.0, chosen="themes"), Candidate(30, 10, 0.8, 0.7, 0.9, chosen="sub-themes"))
    found = regrouped(table, np.array([40, 30, 20]), np.array([0.9, 0.7, 0.5]))
    assert [(c.n_themes, c.smallest, c.chosen) for c in found] == [
        (3, 20, "themes"),
        (9, 50, ""),
        (30, 10, "sub-themes"),
    ]
    assert (found[0].stability, found[0].held) == (0.7, 0.667)
