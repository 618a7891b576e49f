"""The codebook as a whole: it comes back as it was stored, and what is no codebook is refused with the reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from feedback_nlp.errors import EncoderError, ReadError
from feedback_nlp.records import Theme
from feedback_nlp.themes.codebook import Codebook, Facets
from feedback_nlp.themes.space import PreparedSpace
from feedback_nlp.themes.tagging import tag
from tests.clustered import DIMENSIONS, around, book_of

VECTORS, LANGUAGES, _ = around([0, 1, 2, 3])


@pytest.fixture
def codebook() -> Codebook:
    space = PreparedSpace.fit(VECTORS, LANGUAGES)
    book = book_of((((0,), (1,)), ((2,),), ((3,),)), space)
    facets = Facets(("stage",), ("use",), book.centroids[:1], np.array([0.5]))
    return replace(book, facets=facets, guided=({"theme_id": "T2"},))


def stored(codebook: Codebook, themes: tuple[Theme, ...] | None = None, **arrays: np.ndarray) -> Codebook:
    kept = {name: array.copy() for name, array in codebook.arrays().items()} | arrays
    return Codebook.from_stored(
        encoder_key=codebook.encoder_key,
        themes=codebook.themes if themes is None else themes,
        arrays={name: array for name, array in kept.items() if array.size or name != "projection"},
        facts=codebook.facts(),
        version=3,
        base_version=2,
    )


def test_a_codebook_comes_back_from_its_arrays(codebook: Codebook) -> None:
    back = stored(codebook)
    assert (back.themes, back.encoder_key, back.version, back.base_version) == (codebook.themes, "key", 3, 2)
    assert (back.guided, back.facets.names, back.facets.values) == (codebook.guided, ("stage",), ("use",))
    assert {name: (a.dtype, a.shape) for name, a in codebook.arrays().items()} == {
        "centroids": (np.float32, (5, DIMENSIONS)),
        "prototypes": (np.float32, (4, DIMENSIONS)),
        "prototype_thresholds": (np.float64, (4,)),
        "prototype_themes": (np.int64, (4,)),
        "prototype_kinds": (np.int8, (4,)),
        "corpus_mean": (np.float32, (DIMENSIONS,)),
        "language_means": (np.float32, (3, DIMENSIONS)),
        "facets": (np.float32, (1, DIMENSIONS)),
        "facet_thresholds": (np.float64, (1,)),
    }
    one, other = (tag(book, VECTORS, LANGUAGES) for book in (codebook, back))
    np.testing.assert_array_equal(one.similarity, other.similarity)
    np.testing.assert_array_equal(one.confidence, other.confidence)


def test_a_codebook_of_before_prototypes_has_one_for_each_leaf(codebook: Codebook) -> None:
    arrays = {name: array for name, array in codebook.arrays().items() if not name.startswith("prototype")}
    back = Codebook.from_stored(encoder_key="key", themes=codebook.themes, arrays=arrays, facts=codebook.facts())
    assert back.leaves == codebook.leaves
    np.testing.assert_array_equal(back.prototypes.vectors, codebook.prototypes.vectors)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"centroids": np.zeros((4, DIMENSIONS))}, r"centroids are \(4, 24\); with its themes they are \(5, 24\)"),
        ({"prototypes": np.zeros((4, 7))}, r"prototypes are \(4, 7\); .* \(4, 24\)"),
        ({"prototypes": np.full((4, DIMENSIONS), np.nan)}, "prototypes hold values that are no numbers"),
        ({"prototype_thresholds": np.zeros(3)}, "prototype_thresholds are"),
        ({"prototype_themes": np.array([0, 1, 2, 5])}, "prototype_themes run from 0 to 5; they go from 0 to 4"),
        ({"prototype_themes": np.array([-1, 1, 2, 3])}, "prototype_themes run from -1 to 3"),
        ({"prototype_themes": np.array([0.0, 1, 2, 3])}, "prototype_themes are float64; they are whole numbers"),
        ({"prototype_kinds": np.array([0, 1, 2, 4])}, "prototype_kinds run from 0 to 4; they go from 0 to 3"),
        ({"language_means": np.zeros((2, DIMENSIONS))}, "language_means are"),
        ({"projection": np.zeros((7, 5))}, "projection are"),
        ({"facets": np.zeros((2, DIMENSIONS))}, "facets are"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(codebook: Codebook, arrays: dict[str, Any], said: str) -> None:
    with pytest.raises(ReadError, match=said) as caught:
        stored(codebook, **arrays)
    assert str(caught.value).endswith("Export the codebook again, or discover themes anew.")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"theme_id": "T2"}, "'T2' comes twice"),
        ({"parent_id": "gone"}, "parent 'gone' of sub-theme 's0' is not in the codebook"),
        ({"parent_id": "s1"}, "parent 's1' of sub-theme 's0' is a sub-theme itself"),
        ({"parent_id": "s0"}, "parent 's0' of sub-theme 's0' is a sub-theme itself"),
        ({"level": 1}, "'s0' of level 1 has parent 'T0-1'"),
        ({"level": 3}, "'s0' has level 3"),
    ],
)
def test_themes_that_are_no_tree_are_refused(codebook: Codebook, change: dict[str, Any], said: str) -> None:
    themes = tuple(replace(theme, **change) if theme.theme_id == "s0" else theme for theme in codebook.themes)
    with pytest.raises(ReadError, match=said):
        stored(codebook, themes)


def test_what_lacks_a_part_is_refused(codebook: Codebook) -> None:
    arrays = {name: array for name, array in codebook.arrays().items() if name != "centroids"}
    with pytest.raises(ReadError, match=r"without \['centroids'\] cannot be read"):
        Codebook.from_stored(encoder_key="key", themes=codebook.themes, arrays=arrays, facts=codebook.facts())


def test_vectors_of_another_encoder_are_refused(codebook: Codebook) -> None:
    codebook.require_encoder("key")
    with pytest.raises(EncoderError, match="the vectors come from other"):
        codebook.require_encoder("other")
