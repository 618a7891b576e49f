"""Tagging: what a statement mentions, how sure that is, and that no batch changes it."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback_nlp.errors import EncoderError
from feedback_nlp.records import Theme
from feedback_nlp.themes.codebook import PROTOTYPE_KINDS, Codebook, Facets, Prototypes
from feedback_nlp.themes.discovery.thresholds import UNTHEMED, thresholds_of
from feedback_nlp.themes.fixed_point import STEPS, as_units, whole_map, whole_units
from feedback_nlp.themes.space import PreparedSpace, unit_rows
from feedback_nlp.themes.tagging import (
    BAND,
    BETWEEN_THEMES,
    FAR,
    JUST_BELOW,
    NEAR_THRESHOLD,
    NO_THEMES,
    REVIEW_REASONS,
    SECOND_MARGIN,
    SET_APART,
    UNTHEMED_REASONS,
    Tagging,
    confidence_of,
    facets,
    tag,
)


def theme(number: int, parent: str | None = None, threshold: float = 0.5) -> Theme:
    return Theme(f"t{number}", f"Theme {number}", 2 if parent else 1, parent, "active", threshold)


def plain_space(dimensions: int) -> PreparedSpace:
    return PreparedSpace(np.zeros(dimensions, np.float32), (), np.zeros((0, dimensions), np.float32))


def book_of(rows: np.ndarray, thresholds: list[float], parents: list[str | None] | None = None) -> Codebook:
    themes = tuple(
        theme(n, parent, threshold)
        for n, (threshold, parent) in enumerate(zip(thresholds, parents or [None] * len(thresholds), strict=True))
    )
    leaves = [n for n in range(len(themes)) if f"t{n}" not in (parents or [])]
    prototypes = Prototypes.found(rows[leaves], np.array(thresholds)[leaves], leaves)
    return Codebook("key", themes, rows.astype(np.float32), prototypes, plain_space(rows.shape[1]))


def points_of(points: list[tuple[list[float], float, int, str]], n_themes: int, **more: object) -> Codebook:
    """A codebook of (vector, threshold, row of the theme, kind)."""
    prototypes = Prototypes(
        unit_rows(np.array([vector for vector, *_ in points], np.float32)),
        np.array([threshold for _, threshold, *_ in points]),
        np.array([row for *_, row, _ in points]),
        np.array([PROTOTYPE_KINDS.index(kind) for *_, kind in points], np.int8),
    )
    dimensions = prototypes.vectors.shape[1]
    centroids = np.zeros((n_themes, dimensions), np.float32)
    book = Codebook("key", tuple(map(theme, range(n_themes))), centroids, prototypes, plain_space(dimensions))
    return replace(book, **more)


def tagged(book: Codebook, *rows: list[float], most: int = 3) -> Tagging:
    return tag(book, unit_rows(np.array(rows, np.float32)), ["en"] * len(rows), most=most)


def mentions(found: Tagging) -> list[tuple[int, int]]:
    return list(zip(found.rows.tolist(), found.themes.tolist(), strict=True))


# -- thresholds and windows


def test_a_threshold_is_reached_or_not():
    book = book_of(np.eye(3), [0.9, 0.5, 0.5])
    found = tagged(book, [1, 0, 0], [0.8, 0.6, 0], [0, 0.8, 0.6], [0, 0, 1])
    assert found.nearest.tolist() == found.prototype.tolist() == [0, 0, 1, 2]
    assert found.similarity.tolist() == [1.0, 0.8, 0.8, 1.0]
    assert found.themed.tolist() == [True, False, True, True]
    # The second is nearest to a theme whose threshold it misses: it is unthemed, not given to the next one.
    assert found.labels().tolist() == [0, -1, 1, 2]
    assert mentions(found) == [(0, 0), (2, 1), (3, 2)]
    assert found.margin.tolist() == [0.1, 0.1, 0.2, 0.5]
    assert found.review.tolist() == [None] * 4
    assert found.reason.tolist() == [None, FAR, None, None]


def test_a_threshold_is_reached_at_its_fifth_decimal():
    book = points_of([([1.0, 0.0], 0.6, 0, "found")], 1)
    edge = [[c, float(np.sqrt(1 - c * c))] for c in (0.6, 0.599997, 0.599993, 0.60004)]
    assert tagged(book, *edge).themed.tolist() == [True, True, False, True]


def test_a_statement_between_themes_mentions_both_best_first():
    book = book_of(np.eye(4), [0.3, 0.3, 0.3, 0.3])
    near = [[0.72, 0.69, 0.05, 0], [0.8, 0.6, 0, 0], [0.5, 0.52, 0.49, 0.49]]
    found = tagged(book, *near)
    assert mentions(found) == [(0, 0), (0, 1), (1, 0), (2, 1), (2, 0), (2, 2)]
    assert abs(0.72 - 0.69) < SECOND_MARGIN < 0.8 - 0.6
    one = tagged(book, *near, most=1)
    assert mentions(one) == [(0, 0), (1, 0), (2, 1)]
    for row in range(3):
        confidence = found.confidence[found.rows == row]
        assert (np.diff(confidence) <= 0).all()


def test_only_themes_with_prototypes_are_tagged():
    book = book_of(np.eye(4), [0.1] * 4, [None, "t0", "t0", None])
    assert book.leaves == (1, 2, 3)
    found = tag(book, np.eye(4, dtype=np.float32), ["en"] * 4)
    assert (found.themes.tolist(), found.labels().tolist()) == ([1, 2, 3], [-1, 1, 2, 3])


def test_a_hidden_theme_keeps_its_statements():
    book = book_of(np.eye(2), [0.5, 0.5])
    hidden = replace(book, themes=(replace(book.themes[0], state="retired"), book.themes[1]))
    assert tagged(hidden, [1, 0.2]).labels().tolist() == tagged(book, [1, 0.2]).labels().tolist() == [0]


def test_nothing_to_tag_and_nothing_to_tag_with():
    none = tag(book_of(np.eye(2), [0.5, 0.5]), np.empty((0, 2), np.float32), [])
    assert [len(getattr(none, field.name)) for field in fields(Tagging)] == [0] * 10
    empty = tag(book_of(np.empty((0, 2)), []), np.eye(2, dtype=np.float32), ["en", "en"])
    assert (empty.labels().tolist(), empty.themed.tolist(), empty.rows.tolist()) == ([-1, -1], [False, False], [])
    assert empty.reason.tolist() == [NO_THEMES] * 2
    only_against = points_of([([1.0, 0.0], 1.0, 0, "against")], 1)
    assert tagged(only_against, [1, 0]).reason.tolist() == [NO_THEMES]


# -- several prototypes a theme


def test_a_theme_of_several_prototypes_is_mentioned_once_by_the_nearest():
    book = points_of([([1, 0, 0], 0.5, 0, "found"), ([0.98, 0.2, 0], 0.5, 0, "found"), ([0, 0, 1], 0.5, 1, "found")], 2)
    found = tagged(book, [1, 0.15, 0], [0, 0.1, 1], [1, 0, 0])
    assert mentions(found) == [(0, 0), (1, 1), (2, 0)]
    assert found.prototype.tolist() == [1, 2, 0]
    # A theme's own other prototype is no rival: the margin is to the threshold.
    assert found.margin.tolist() == [pytest.approx(0.5 - 0.0013, abs=2e-3), pytest.approx(0.495, abs=2e-3), 0.5]


def test_merging_two_themes_moves_no_other_statement():
    numbers = np.random.default_rng(4)
    centres, statements = unit_rows(numbers.normal(size=(6, 8))), unit_rows(numbers.normal(size=(500, 8)))
    apart = points_of([(row.tolist(), 0.5, n, "found") for n, row in enumerate(centres)], 6)
    merged = replace(apart, prototypes=replace(apart.prototypes, theme_rows=np.array([0, 0, 2, 3, 4, 5])))
    before, after = (tag(book, statements, ["en"] * 500, most=6) for book in (apart, merged))
    joined = sorted({(row, 0 if number == 1 else number) for row, number in mentions(before)})
    assert sorted(mentions(after)) == joined


def test_what_a_person_gave_needs_no_more_than_its_own_threshold():
    book = points_of([([1, 0, 0], 0.5, 0, "found"), ([0, 1, 0], 0.5, 1, "phrase"), ([0, 0, 1], 0.6, 2, "example")], 3)
    found = tagged(book, [0.84, 0.54, 0.05], [0.4, 0.6, 0.69], [0.45, 0.8, 0.4], [0.87, 0.49, 0.05])
    assert mentions(found) == [(0, 0), (0, 1), (1, 2), (1, 1), (2, 1), (3, 0)]
    # Nearer to what was found, whose threshold it misses, but within the phrase's own: it has the phrase's theme.
    strict = replace(book, prototypes=replace(book.prototypes, thresholds=np.array([0.95, 0.5, 0.6])))
    assert mentions(tagged(strict, [0.84, 0.54, 0.05])) == [(0, 1)]
    first = tagged(strict, [0.84, 0.54, 0.05])
    assert (first.nearest.tolist(), first.prototype.tolist(), first.reason.tolist()) == ([1], [1], [None])
    assert first.similarity[0] == pytest.approx(0.5397, abs=1e-3)


def test_found_themes_compete_with_each_other_only():
    book = points_of([([1, 0], 0.2, 0, "found"), ([0.95, 0.31], 0.2, 1, "phrase")], 2)
    found = tagged(book, [0.97, 0.05])
    assert mentions(found) == [(0, 0), (0, 1)]
    assert found.margin[0] == pytest.approx(0.8, abs=0.01)  # to its threshold; the phrase is no rival


def test_a_parent_s_own_prototype_is_no_rival_of_its_parts():
    points = [([1, 0, 0], 0.3, 0, "found"), ([0.96, 0.28, 0], 0.3, 1, "found"), ([0, 0, 1], 0.3, 2, "found")]
    family = (theme(0), theme(1, "t0"), theme(2))
    together = tagged(points_of(points, 3, themes=family), [0.98, 0.14, 0])
    strangers = tagged(points_of(points, 3), [0.98, 0.14, 0])
    assert mentions(together) == mentions(strangers)
    assert strangers.margin[0] < 0.01
    assert together.margin[0] > 0.6
    assert (together.review[0], strangers.review[0]) == (None, BETWEEN_THEMES)


def test_what_a_theme_is_not_like_bars_it_and_does_not_stand_in_the_way():
    points = [([1, 0, 0], 0.5, 0, "found"), ([0.8, 0.6, 0], 1.0, 0, "against"), ([0, 1, 0], 0.5, 1, "found")]
    book = points_of(points, 2)
    found = tagged(book, [1, 0.1, 0], [0.8, 0.58, 0], [0.82, 0.4, 0.4])
    # The second is like what the first theme is not; the next theme may have it. The third reaches no other.
    assert mentions(found) == [(0, 0), (1, 1)]
    assert found.reason.tolist() == [None, None, SET_APART]
    assert found.nearest.tolist() == [0, 1, 0]
    assert found.prototype.tolist() == [0, 2, 0]
    unopposed = replace(book, prototypes=Prototypes.found(book.prototypes.vectors[[0, 2]], [0.5, 0.5], [0, 1]))
    assert mentions(tagged(unopposed, [0.82, 0.4, 0.4])) == [(0, 0)]


def test_against_a_theme_without_any_prototype_of_its_own_says_nothing():
    book = points_of([([1, 0], 0.5, 0, "found"), ([0.9, 0.1], 1.0, 1, "against")], 2)
    assert mentions(tagged(book, [0.9, 0.1])) == [(0, 0)]


# -- why, how sure, what to look at


def test_every_unthemed_statement_has_its_reason_and_no_other_has():
    points = [([1, 0, 0], 0.6, 0, "found"), ([0.9, 0, 0.44], 1.0, 0, "against")]
    found = tagged(points_of(points, 1), [0.61, 0.79, 0], [0.585, 0.811, 0], [0.2, 0.98, 0], [0.9, 0.0, 0.4])
    assert found.reason.tolist() == [None, JUST_BELOW, FAR, SET_APART]
    assert found.themed.tolist() == [True, False, False, False]
    assert {FAR, JUST_BELOW, SET_APART, NO_THEMES} == set(UNTHEMED_REASONS)


def test_what_is_near_a_boundary_is_for_a_person():
    book = book_of(np.eye(3), [0.5, 0.5, 0.5])
    angle = [[c, 0, float(np.sqrt(1 - c * c))] for c in (0.51, 0.48)]
    rows = [*angle, [0.7, 0.69, 0], [0.9, 0.2, 0], [0.44, 0.897, 0]]
    found = tagged(points_of([([1, 0, 0], 0.5, 0, "found"), ([0, 1, 0], 0.5, 1, "found")], 2), *rows)
    assert found.review.tolist() == [NEAR_THRESHOLD, NEAR_THRESHOLD, BETWEEN_THEMES, None, None]
    assert [value < BAND for value in found.margin.tolist()] == [True, True, True, False, False]
    assert set(found.review) - {None} == set(REVIEW_REASONS)
    assert (tagged(book, *rows).margin >= 0).all()


def test_confidence_is_read_as_a_share_and_grows_with_the_margin():
    assert confidence_of(np.array([-0.05, 0.0, 0.106, 0.286])).round(2).tolist() == [0.23, 0.31, 0.5, 0.8]
    book = book_of(np.eye(2), [0.2, 0.2])
    turns = [[float(np.cos(a)), float(np.sin(a))] for a in np.linspace(0, np.pi / 4, 9)]
    found = tagged(book, *turns, most=1)
    assert (np.diff(found.confidence) < 0).all()
    np.testing.assert_allclose(found.confidence, confidence_of(found.margin), atol=1e-4)
    assert ((found.confidence > 0) & (found.confidence < 1)).all()


def test_facets_have_the_nearest_value_that_is_reached():
    vectors = np.eye(4, dtype=np.float32)
    own = Facets(("stage", "stage", "touchpoint", "stage"), ("use", "support", "app", "use"), vectors, np.full(4, 0.5))
    book = replace(book_of(np.eye(4), [0.5] * 4), facets=own)
    rows = unit_rows(np.array([[0.6, 0.8, 0, 0], [0.7, 0, 0.7, 0.1], [0.4, 0.4, 0.4, 0.72], [0.5] * 4, [-1, 0, 0, 0]]))
    assert facets(book, rows, ["en"] * 5) == [
        {"stage": "support"},
        {"stage": "use", "touchpoint": "app"},
        {"stage": "use"},
        {"stage": "use", "touchpoint": "app"},
        {},
    ]
    assert facets(book_of(np.eye(4), [0.5] * 4), rows, ["en"] * 5) == [{}] * 5


# -- vectors that cannot be


def test_vectors_of_another_length_or_of_no_numbers_are_refused():
    book = book_of(np.eye(3), [0.5] * 3)
    with pytest.raises(EncoderError, match=r"shape \(2, 4\): this codebook was made from vectors of 3 dimensions"):
        tag(book, np.eye(4, dtype=np.float32)[:2], ["en"] * 2)
    for wrong in (np.nan, np.inf):
        with pytest.raises(EncoderError, match="no numbers"):
            tag(book, np.array([[1, 0, 0], [wrong, 0, 0]], np.float32), ["en"] * 2)
    with pytest.raises(ValueError, match="1 languages for 2 vectors"):
        tag(book, np.eye(3, dtype=np.float32)[:2], ["en"])


def test_a_row_of_nothing_is_far_from_everything():
    found = tagged(book_of(np.eye(3), [0.5] * 3), [0, 0, 0])
    assert (found.similarity.tolist(), found.reason.tolist()) == ([0.0], [FAR])


# -- a batch of one is a batch of ten thousand


CODES = ("en", "ro", "ru", "it", "ar", "pl", "und", "sw")


def crowded() -> tuple[Codebook, np.ndarray, list[str]]:
    """Many statements near many boundaries, in a learnt space with a map, with prototypes of every kind."""
    numbers = np.random.default_rng(11)
    languages = [CODES[n] for n in numbers.integers(len(CODES), size=700)]
    vectors = unit_rows(numbers.normal(size=(700, 48)) + 0.4)
    space = PreparedSpace.fit(vectors, languages, numbers.normal(size=(48, 20)).astype(np.float32))
    prepared = space.prepare(vectors, languages)
    own = unit_rows(np.vstack([prepared[:24], prepared[24:30] + 0.3 * prepared[:6]]))
    similarity = np.round(prepared.astype(np.float64) @ own.T.astype(np.float64), 5)
    prototypes = Prototypes(
        own,
        similarity[100:130, :].max(axis=0),  # thresholds that some statement reaches exactly
        numbers.integers(12, size=30),
        np.array([0] * 18 + [1] * 5 + [2] * 4 + [3] * 3, np.int8),
    )
    facet = Facets(("stage",) * 4, ("a", "b", "c", "d"), prepared[40:44], np.full(4, 0.2))
    return Codebook("key", tuple(map(theme, range(12))), own[:12], prototypes, space, facet), vectors, languages


def assert_same(one: Tagging, other: Tagging) -> None:
    for field in fields(Tagging):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name), err_msg=field.name)


def joined(parts: list[tuple[int, Tagging]]) -> Tagging:
    columns = {
        field.name: np.concatenate(
            [getattr(part, field.name) + (start if field.name == "rows" else 0) for start, part in parts]
            if field.name == "rows"
            else [getattr(part, field.name) for _, part in parts]
        )
        for field in fields(Tagging)
    }
    return Tagging(**columns)


BOOK, VECTORS, LANGUAGES = crowded()


@pytest.mark.parametrize("block", [1, 7, 64, 699, 700, 70_000])
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_the_size_of_a_block_decides_nothing(block: int, dtype: type):
    vectors = VECTORS.astype(dtype)
    assert_same(tag(BOOK, vectors, LANGUAGES, block=block), tag(BOOK, vectors, LANGUAGES))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 700), max_size=12), st.sampled_from([np.float32, np.float16]))
def test_any_split_into_batches_gives_the_same(cuts: list[int], dtype: type):
    vectors = VECTORS.astype(dtype)
    edges = [0, *sorted(cuts), 700]
    parts = [(start, tag(BOOK, vectors[start:end], LANGUAGES[start:end])) for start, end in pairwise(edges)]
    assert_same(joined(parts), tag(BOOK, vectors, LANGUAGES))


def test_one_row_at_a_time_gives_the_same():
    parts = [(row, tag(BOOK, VECTORS[row : row + 1], LANGUAGES[row : row + 1])) for row in range(len(VECTORS))]
    whole = tag(BOOK, VECTORS, LANGUAGES)
    assert_same(joined(parts), whole)
    assert 0.3 < whole.themed.mean() < 0.99
    assert len(whole.rows) > whole.themed.sum()
    assert set(whole.reason) == {None, FAR, JUST_BELOW, SET_APART}
    assert set(whole.review) == {None, *REVIEW_REASONS}
    alone = [facets(BOOK, VECTORS[row : row + 1], LANGUAGES[row : row + 1])[0] for row in range(len(VECTORS))]
    assert alone == facets(BOOK, VECTORS, LANGUAGES)


@settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False), st.booleans())
def test_rows_in_another_order_get_the_same(shuffle: object, by_column: bool):
    order = list(range(len(VECTORS)))
    shuffle.shuffle(order)  # type: ignore[attr-defined]
    mixed = VECTORS[order]
    moved = tag(BOOK, np.asfortranarray(mixed) if by_column else mixed, [LANGUAGES[row] for row in order])
    whole = tag(BOOK, VECTORS, LANGUAGES)
    for name in ("nearest", "similarity", "prototype", "themed", "margin", "review", "reason"):
        np.testing.assert_array_equal(getattr(moved, name), getattr(whole, name)[order])
    again = sorted(zip([order[row] for row in moved.rows], moved.themes, moved.confidence, strict=True))
    assert again == sorted(zip(whole.rows.tolist(), whole.themes, whole.confidence, strict=True))


def test_sums_in_whole_numbers_are_exact():
    numbers = np.random.default_rng(0)
    rows, matrix = numbers.normal(size=(50, 384)), whole_map(numbers.normal(size=(384, 30)) * 1e3)
    units = whole_units(rows * 10.0 ** numbers.integers(-6, 6, size=(50, 1)))
    exact = [[sum(int(a) * int(b) for a, b in zip(row, column, strict=True)) for column in matrix.T] for row in units]
    assert max(abs(value) for row in exact for value in row) < 2**53
    assert (units @ matrix).astype(np.int64).tolist() == exact
    order = numbers.permutation(384)
    np.testing.assert_array_equal(units[:, order] @ matrix[order], units @ matrix)
    np.testing.assert_allclose(units / STEPS, unit_rows(rows), atol=1e-6)
    np.testing.assert_array_equal(as_units(units).astype(np.float64) * STEPS, units)
    assert whole_units(np.zeros((1, 4))).tolist() == [[0.0] * 4]


# -- thresholds that are learnt


def around(centres: np.ndarray, spreads: list[float], each: int) -> tuple[np.ndarray, np.ndarray]:
    numbers = np.random.default_rng(3)
    labels = np.repeat(np.arange(len(centres)), each)
    noise = numbers.normal(size=(len(labels), centres.shape[1])) / np.sqrt(centres.shape[1])
    return unit_rows(centres[labels] + np.array(spreads)[labels][:, None] * noise), labels


def test_a_fixed_share_of_what_was_learnt_is_unthemed():
    centres = np.eye(8, 64, dtype=np.float32)
    vectors, labels = around(centres, [0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2], 250)
    found = thresholds_of(vectors, labels, centres)
    similarity = vectors @ centres.T
    nearest = similarity.argmax(axis=1)
    reached = similarity.max(axis=1) >= found[nearest]
    assert 1 - reached.mean() == pytest.approx(UNTHEMED, abs=0.002)
    assert (np.diff(found) < 0).all()  # a tight theme asks for more than a loose one
    loosest = np.mean(reached[labels == 7])
    flat = np.mean((similarity.max(axis=1) >= np.quantile(similarity.max(axis=1), UNTHEMED))[labels == 7])
    assert loosest > flat + 0.08  # one threshold for all would empty it


def test_a_small_theme_has_little_word_of_its_own():
    centres = np.eye(3, 64, dtype=np.float32)
    vectors, labels = around(centres, [0.9, 0.9, 0.2], 200)
    many = thresholds_of(vectors, labels, centres)
    kept = np.concatenate([np.arange(400), np.arange(400, 403)])
    few = thresholds_of(vectors[kept], labels[kept], centres)
    assert many[2] - many[0] > 3 * (few[2] - few[0]) > 0


def test_thresholds_of_odd_corpora_are_still_numbers():
    one = np.eye(4, dtype=np.float32)
    assert thresholds_of(one, np.array([0, 1, 2, -1]), one[:3]).tolist() == pytest.approx([0.21] * 3)
    assert thresholds_of(one, np.full(4, -1), one[:1]).tolist() == [0.0]
    same = np.repeat(one[:1], 30, axis=0)
    assert thresholds_of(same, np.zeros(30, int), one[:1]).tolist() == pytest.approx([1.0])
