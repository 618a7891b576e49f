"""Identity across refits: ids continue, people's themes stay, and what no longer fits is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from feedback_nlp.errors import EncoderError
from feedback_nlp.themes.codebook import Codebook
from feedback_nlp.themes.edits.fold import Examples, apply_edits
from feedback_nlp.themes.refit.continuing import Continued, continue_codebook
from feedback_nlp.themes.space import PreparedSpace, unit_rows
from feedback_nlp.themes.tagging import tag
from tests.clustered import CENTRES, around, book_of, edit

OLD = (((0,), (1,)), ((2,),), ((3,), (4,)))


def refit(
    old: Codebook, new: Codebook, clusters: list[int], edits: tuple = (), examples: dict | None = None
) -> Continued:
    vectors, languages, _ = around(clusters)
    return continue_codebook(new, old, edits, examples or {}, vectors, languages)


def shape(codebook: Codebook) -> list[tuple[str, str | None]]:
    return [(theme.theme_id, theme.parent_id) for theme in codebook.themes]


def events(found: Continued) -> list[tuple[str | None, ...]]:
    return sorted((row["event"], row["theme_id"], row["other_theme_id"]) for row in found.lineage)


def theme_of(codebook: Codebook, centre: int) -> str:
    """What a statement at a centre is tagged with."""
    label = tag(codebook, CENTRES[[centre]], ["und"], most=1).labels()[0]
    return codebook.themes[label].theme_id if label >= 0 else "unthemed"


def test_the_same_fit_under_other_ids_keeps_every_id_and_name() -> None:
    old = book_of(OLD)
    new = book_of(OLD, prefix="x")
    new = replace(new, themes=tuple(replace(theme, label=f"New {theme.label}") for theme in new.themes))
    found = refit(old, new, [0, 1, 2, 3, 4])
    assert shape(found.codebook) == shape(old)
    assert [theme.label for theme in found.codebook.themes] == [theme.label for theme in old.themes]
    assert events(found) == sorted(("continued", theme.theme_id, None) for theme in old.themes)
    np.testing.assert_allclose(found.codebook.prototypes.vectors, old.prototypes.vectors, atol=1e-6)
    assert found.conflicts == ()


def test_births_and_retirements_are_told() -> None:
    old, new = book_of(OLD), book_of((((0,), (1,)), ((3,), (4,)), ((5,),)), prefix="x")
    found = refit(old, new, [0, 1, 3, 4, 5])
    born = new.themes[-1].theme_id
    assert [e for e in events(found) if e[0] != "continued"] == [("born", born, None), ("retired", "T2", None)]
    assert found.codebook.row_of.keys() == {"T0-1", "s0", "s1", "T3-4", "s3", "s4", born}


def test_splits_and_merges_are_told_with_their_shares() -> None:
    old, new = book_of((((0, 1),), ((2,),), ((3,),))), book_of((((0,),), ((1,),), ((2, 3),)), prefix="x")
    found = refit(old, new, [0, 0, 1, 2, 2, 3])
    told = {row["event"]: row for row in found.lineage if row["event"] != "continued"}
    assert (told["split"]["other_theme_id"], told["merged"]["theme_id"]) == ("T0-1", "T3")
    assert told["merged"]["other_theme_id"] == "T2"
    assert told["split"]["reason"] == "100% of its 12 statements were there"
    assert told["merged"]["reason"] == "100% of its 12 statements are there now"


def test_a_theme_that_hardly_changed_keeps_its_parent() -> None:
    old = book_of((((0,), (1,)), ((2,), (3,), (4,))))
    new = book_of((((0,), (1,), (2,)), ((3,), (4,))), prefix="x")
    found = refit(old, new, [0, 1, 2, 3, 4]).codebook
    assert sorted(shape(found), key=str) == sorted(shape(old), key=str)
    assert [theme.n_statements for theme in found.themes if theme.level == 1] == [24, 36]


def test_a_coarser_tree_is_the_fit_s_word() -> None:
    old = book_of((((0,),), ((1,),), ((2,),), ((3,),)))
    new = book_of((((0,), (1,)), ((2,), (3,))), prefix="x")
    found = refit(old, new, [0, 1, 2, 3]).codebook
    assert sum(theme.level == 1 for theme in found.themes) == 2
    assert {"T0", "T1", "T2", "T3"} < found.row_of.keys()


def test_what_people_touched_is_carried_over_with_its_prototypes() -> None:
    old = book_of(OLD)
    new = book_of((((5,),), ((6,),)), prefix="x")
    edits = (edit(1, "s0", "rename", label="Waits"), edit(2, "T2", "hide"), edit(3, "s3", "merge", into="s4"))
    found = refit(old, new, [5, 6], edits)
    kept = found.codebook.row_of
    assert {"s0", "T2", "s3", "s4"} < kept.keys()
    assert "s1" not in kept
    assert [theme_of(found.codebook, c) for c in (0, 2, 3, 4)] == ["s0", "T2", "s3", "s4"]
    edited = apply_edits(found.codebook, edits, {})
    assert edited.conflicts == ()
    assert theme_of(edited.codebook, 3) == "s4"


def test_a_parent_that_people_named_keeps_its_sub_themes() -> None:
    old, new = book_of(OLD), book_of((((0,), (3,), (5,)), ((1,), (4,), (6,)), ((2,),)), prefix="x")
    found = refit(old, new, [0, 1, 2, 3, 4, 5, 6], (edit(1, "T0-1", "rename", label="Delivery"),))
    parents = dict(shape(found.codebook))
    assert (parents["s0"], parents["s1"]) == ("T0-1", "T0-1")


def test_a_pinned_theme_keeps_its_shape_and_nothing_grows_inside_it() -> None:
    old = book_of((((0, 1),), ((2,),)))
    new = book_of((((0,),), ((1,),), ((2,),)), prefix="x")
    pinned = (edit(1, "T0-1", "pin"),)
    found = refit(old, new, [0, 0, 1, 2], pinned)
    assert shape(found.codebook) == [("T0-1", None), ("T2", None)]
    np.testing.assert_array_equal(found.codebook.prototypes.vectors[0], old.prototypes.vectors[0])
    assert [e for e in events(found) if e[0] == "merged"] == [("merged", new.themes[1].theme_id, "T0-1")]
    free = refit(old, new, [0, 0, 1, 2])
    assert len(free.codebook.themes) == 3


def held(old: Codebook, new: Codebook, clusters: list[int], edits: tuple = (), each: int = 12) -> Continued:
    """A refit on a corpus that has hardly grown, and the figures of the last one as they were counted then."""
    vectors, languages, _ = around(clusters, each)
    found = continue_codebook(new, old, edits, {}, vectors, languages, settled_on=len(vectors))
    found.codebook.check()
    assert found.settled_on == len(vectors)
    return found


def test_a_corpus_that_has_hardly_grown_splits_and_merges_nothing() -> None:
    old = book_of((((0, 1),), ((2,),), ((3,),)))
    new = book_of((((0,),), ((1,),), ((2, 3),)), prefix="x")
    found = held(old, new, [0, 1, 2, 3])
    assert shape(found.codebook) == shape(old)
    assert [theme_of(found.codebook, centre) for centre in (0, 1, 2, 3)] == ["T0-1", "T0-1", "T2", "T3"]
    assert {event for event, *_ in events(found)} == {"continued"}
    assert [theme.n_statements for theme in found.codebook.themes] == [24, 12, 12]


def test_what_is_new_is_born_though_the_rest_is_held() -> None:
    old = book_of((((0,), (1,)), ((2,),)))
    new = book_of((((0, 1),), ((2,),), ((5,),)), prefix="x")
    found = held(old, new, [0, 1, 2, 5])
    born = new.themes[-1].theme_id
    assert shape(found.codebook) == [*shape(old), (born, None)]
    assert ("born", born, None) in events(found)
    assert theme_of(found.codebook, 5) == born


@pytest.mark.parametrize(
    ("n_old", "stability", "is_born"),
    [(0, 0.6, True), (0, 0.59, False), (0, None, True), (7, 0.75, True), (7, 0.74, False), (9, 0.9, False)],
)
def test_the_less_of_it_is_new_the_more_stable_a_theme_must_be(
    n_old: int, stability: float | None, is_born: bool
) -> None:
    old, new = book_of((((0,),), ((2,),))), book_of((((0,),), ((2,),), ((5,),)), prefix="x")
    new = replace(new, themes=(*new.themes[:2], replace(new.themes[2], stability=stability)))
    vectors, languages, _ = around([0, 2, 5])
    both = unit_rows((1.15 * CENTRES[5] + CENTRES[2]).reshape(1, -1))[0]  # some of what is found there was known
    vectors[24 : 24 + n_old] = unit_rows(vectors[24 : 24 + n_old] - CENTRES[5] + 2 * both)
    assert (tag(old, vectors, languages, most=1).labels()[24:] >= 0).sum() == n_old
    found = continue_codebook(new, old, (), {}, vectors, languages, settled_on=36)
    assert (len(found.codebook.themes) == 3) is is_born


def test_a_crowd_that_an_old_theme_took_in_is_a_theme_of_its_own_and_not_that_one() -> None:
    vectors, languages, _ = around([0, 1, 1, 1, 2, 3, 4])
    lean = unit_rows((CENTRES[1] + CENTRES[0]).reshape(1, -1))[0]  # near enough to be tagged with 0
    vectors[12:48] = unit_rows(vectors[12:48] - CENTRES[1] + 1.5 * lean)
    old = book_of((((0,),), ((2,),), ((3,),), ((4,),)))
    new = book_of((((0,),), ((1,),), ((2,),), ((3,),), ((4,),)), prefix="x")
    places = np.stack([new.centroids[0], lean, *new.centroids[2:]])
    new = replace(new, centroids=places, prototypes=replace(new.prototypes, vectors=places))
    assert tag(old, vectors, languages, most=1).labels()[12:48].tolist() == [0] * 36
    found = continue_codebook(new, old, (), {}, vectors, languages, settled_on=60)
    labels = tag(found.codebook, vectors, languages, most=1).labels()
    names = [found.codebook.themes[label].theme_id for label in labels]
    assert names == ["T0"] * 12 + [new.themes[1].theme_id] * 36 + ["T2"] * 12 + ["T3"] * 12 + ["T4"] * 12


def test_a_theme_with_many_more_statements_than_before_is_still_that_theme() -> None:
    old, new = book_of((((0,),), ((2,),), ((3,),))), book_of((((0,),), ((2,),), ((3,),)), prefix="x")
    vectors, languages, _ = around([0, 0, 0, 2, 3])
    found = continue_codebook(new, old, (), {}, vectors, languages, settled_on=50)
    assert shape(found.codebook) == shape(old)
    assert [theme.n_statements for theme in found.codebook.themes] == [36, 12, 12]


def test_what_fades_is_retired_unless_people_touched_it() -> None:
    old, new = book_of((((0,),), ((2,),), ((3,),))), book_of((((0,),), ((2,),)), prefix="x")
    assert held(old, new, [0, 2]).codebook.row_of.keys() == {"T0", "T2"}
    kept = held(old, new, [0, 2], (edit(1, "T3", "rename", label="A"),))
    assert kept.codebook.row_of.keys() == {"T0", "T2", "T3"}


@pytest.mark.parametrize(("settled_on", "n_themes"), [(24, 3), (25, 2), (36, 2), (53, 2), (54, 3), (None, 3)])
def test_the_fit_has_its_way_once_the_corpus_has_grown_by_half(settled_on: int | None, n_themes: int) -> None:
    old, new = book_of((((0, 1),), ((2,),))), book_of((((0,),), ((1,),), ((2,),)), prefix="x")
    vectors, languages, _ = around([0, 1, 2])
    found = continue_codebook(new, old, (), {}, vectors, languages, settled_on=settled_on)
    assert (len(found.codebook.themes), found.settled_on) == (n_themes, 36 if n_themes == 3 else settled_on)


def test_held_themes_are_drawn_to_their_members_and_pinned_ones_are_not() -> None:
    old = book_of((((0,),), ((2,),)))
    vectors, languages, _ = around([0, 2])
    vectors[:12] = unit_rows(vectors[:12] + 0.5 * CENTRES[5])
    new = book_of((((0,),), ((2,),)), prefix="x")
    free = continue_codebook(new, old, (), {}, vectors, languages, settled_on=24).codebook
    pinned = continue_codebook(new, old, (edit(1, "T0", "pin"),), {}, vectors, languages, settled_on=24).codebook
    mean = unit_rows(unit_rows(vectors[:12]).mean(axis=0, keepdims=True))[0]
    wanted = unit_rows((0.2 * mean + 0.8 * CENTRES[0]).reshape(1, -1))[0]
    np.testing.assert_allclose(free.prototypes.vectors[0], wanted, atol=1e-5)
    np.testing.assert_array_equal(pinned.prototypes.vectors[0], old.prototypes.vectors[0])


def test_held_leaves_find_the_guided_theme_that_was_written_since() -> None:
    old, new = book_of((((0,),), ((1,),), ((3,),))), book_of((((0, 1),), ((3,),)), prefix="x")
    waits = replace(new.themes[0], theme_id="waits", source="guided")
    new = book_of((((0, 1),), ((0,),), ((1,),), ((3,),)), prefix="x")
    new = replace(new, themes=(waits, *new.themes[1:]), guided=({"theme_id": "waits"},))
    limits = new.prototypes.thresholds.copy()
    limits[0] = 0.4
    kinds = new.prototypes.kinds.copy()
    kinds[0] = 1
    new = replace(new, prototypes=replace(new.prototypes, thresholds=limits, kinds=kinds))
    vectors, languages, _ = around([0, 1, 3])
    found = continue_codebook(new, old, (), {}, vectors, languages, settled_on=36).codebook
    assert dict(shape(found)) == {"waits": None, "T0": "waits", "T1": "waits", "T3": None}
    again = continue_codebook(new, found, (), {}, vectors, languages, settled_on=36).codebook
    assert dict(shape(again)) == dict(shape(found))


@pytest.mark.parametrize(("missing", "parent"), [(0.67, "waits"), (0.92, None)])
def test_a_leaf_whose_centre_reaches_a_guided_theme_goes_under_it(missing: float, parent: str | None) -> None:
    """A third of its members reach the guided theme one by one, and their centre does; or hardly one of them."""
    direction = unit_rows((0.5 * CENTRES[0] + CENTRES[5])[None])[0]
    vectors, languages, _ = around([0, 3])
    new = book_of((((0,),), ((3,),)), prefix="x")
    limit = float(np.quantile(vectors[: len(vectors) // 2] @ direction, missing))
    waits = replace(new.themes[0], theme_id="waits", source="guided", threshold=limit)
    new = replace(
        new,
        themes=(waits, *new.themes),
        centroids=np.vstack([direction[None], new.centroids]),
        prototypes=replace(
            new.prototypes,
            vectors=np.vstack([direction[None], new.prototypes.vectors]).astype(np.float32),
            thresholds=np.append(limit, new.prototypes.thresholds),
            theme_rows=np.append(0, new.prototypes.theme_rows + 1),
            kinds=np.append(np.int8(1), new.prototypes.kinds),
        ),
        guided=({"theme_id": "waits"},),
    )
    found = continue_codebook(new, book_of((((3,),),)), (), {}, vectors, languages).codebook
    parents = dict(shape(found))
    assert parents[new.themes[1].theme_id] == parent
    assert parents["T3"] is None


def test_a_fragment_of_merged_themes_joins_them() -> None:
    old = book_of((((0, 5),), ((1,),), ((2,),)))
    new = book_of((((0,),), ((5,),), ((1,),), ((2,),)), prefix="x")
    edits = (edit(1, "T0-5", "merge", into="T1"),)
    found = refit(old, new, [0, 0, 5, 1, 2], edits)
    assert found.codebook.row_of.keys() == {"T0-5", "T1", "T2"}
    edited = apply_edits(found.codebook, edits, {}).codebook
    assert [theme_of(edited, centre) for centre in (0, 5, 1, 2)] == ["T1", "T1", "T1", "T2"]


def test_a_renamed_theme_that_splits_is_reported_not_decided() -> None:
    old = book_of((((0, 1),), ((2,),)))
    new = book_of((((0,),), ((1,),), ((2,),)), prefix="x")
    edits = (edit(7, "T0-1", "rename", label="Delivery"),)
    found = refit(old, new, [0, 0, 1, 2], edits)
    assert [(c.edit_id, c.theme_id) for c in found.conflicts] == [(7, "T0-1")]
    assert "33% of the 36 statements of 'T0-1' are in" in found.conflicts[0].reason
    assert "T0-1" in found.codebook.row_of


def test_what_people_renamed_keeps_its_words_however_it_changed() -> None:
    old, new = book_of((((0, 1, 5),), ((2,),))), book_of((((0,),), ((1,),), ((5,),), ((2,),)), prefix="x")
    for edits, label in (((), "About T0"), ((edit(1, "T0-1-5", "rename", label="A"),), "About T0-1-5")):
        found = refit(old, new, [0, 0, 1, 5, 2], edits).codebook
        assert found.themes[found.row_of["T0-1-5"]].label == label


def test_a_theme_made_from_examples_takes_in_what_is_found_there() -> None:
    old, new = book_of((((0,),), ((1,),))), book_of((((0,),), ((1,),), ((2,),)), prefix="x")
    made = (edit(1, "t_new", "create", label="Parking", parent=None, like=["a"], unlike=[]),)
    examples = {1: Examples(CENTRES[[2]], ("und",), CENTRES[:0], ())}
    found = refit(old, new, [0, 1, 2], made, examples)
    assert found.codebook.row_of.keys() == {"T0", "T1"}
    assert theme_of(apply_edits(found.codebook, made, examples).codebook, 2) == "t_new"


def test_discovered_leaves_find_their_guided_theme_and_the_others_are_emerging() -> None:
    old = book_of((((0, 1),), ((2,),)))
    guided = tuple(
        replace(theme, theme_id="waits", source="guided", label="Waits") if theme.theme_id == "T0-1" else theme
        for theme in old.themes
    )
    old = replace(old, themes=guided, guided=({"theme_id": "waits"},))
    new = book_of((((0,),), ((1,),), ((3,),)), prefix="x")
    found = refit(old, new, [0, 1, 3])
    parents = dict(shape(found.codebook))
    names = [theme.theme_id for theme in new.themes]
    assert parents == {"waits": None, names[0]: "waits", names[1]: "waits", names[2]: None}
    assert {t.theme_id for t in found.codebook.themes if t.is_emerging} == {names[2]}
    assert found.codebook.guided == ({"theme_id": "waits"},)


def test_the_order_of_the_rows_changes_nothing() -> None:
    old, new = book_of(OLD), book_of((((0,), (1, 2)), ((3,),), ((5,),)), prefix="x")
    vectors, languages, _ = around([0, 1, 2, 3, 4, 5])
    order = np.random.default_rng(1).permutation(len(vectors))
    edits = (edit(1, "s4", "rename", label="A"), edit(2, "s0", "pin"))
    one = continue_codebook(new, old, edits, {}, vectors, languages)
    other = continue_codebook(new, old, edits, {}, vectors[order], [languages[i] for i in order])
    assert one.codebook.themes == other.codebook.themes
    assert (one.lineage, one.conflicts) == (other.lineage, other.conflicts)
    np.testing.assert_array_equal(one.codebook.prototypes.vectors, other.codebook.prototypes.vectors)


def test_another_encoder_is_refused_unless_the_old_tags_are_given() -> None:
    turn = np.linalg.qr(np.random.default_rng(3).normal(size=(24, 24)))[0].astype(np.float32)
    vectors, languages, clusters = around([0, 1, 2, 3, 4])
    old = book_of(OLD)
    labels = np.array([old.row_of[{0: "s0", 1: "s1", 2: "T2", 3: "s3", 4: "s4"}[c]] for c in clusters])
    new = book_of(OLD, prefix="x", encoder_key="other")
    turned = new.prototypes.vectors @ turn
    new = replace(new, centroids=new.centroids @ turn, prototypes=replace(new.prototypes, vectors=turned))
    with pytest.raises(EncoderError, match="made with encoder key, this one with other"):
        continue_codebook(new, old, (), {}, vectors @ turn, languages)
    found = continue_codebook(new, old, (), {}, vectors @ turn, languages, old_labels=labels)
    assert shape(found.codebook) == shape(old)
    label = tag(found.codebook, CENTRES[[3]] @ turn, ["und"]).labels()[0]
    assert found.codebook.themes[label].theme_id == "s3"


def test_another_projection_moves_what_is_carried_over_to_its_members() -> None:
    turn = np.linalg.qr(np.random.default_rng(3).normal(size=(24, 24)))[0].astype(np.float32)
    old = book_of(OLD)
    new = book_of((((0,),), ((1,),)), PreparedSpace(old.space.corpus_mean, (), old.space.language_means, turn), "x")
    vectors, languages, _ = around([0, 1, 2])
    found = continue_codebook(new, old, (edit(1, "T2", "rename", label="A"),), {}, vectors, languages)
    assert theme_of(found.codebook, 2) == "T2"
    np.testing.assert_allclose(
        found.codebook.centroids[found.codebook.row_of["T2"]], unit_rows(CENTRES[[2]] @ turn)[0], atol=0.1
    )


def test_two_themes_never_share_a_name() -> None:
    old = book_of((((0,),), ((1,),)))
    new = book_of((((0,),), ((2,),)), prefix="x")
    new = replace(new, themes=tuple(replace(theme, label="About T0") for theme in new.themes))
    found = refit(old, new, [0, 2])
    assert [theme.label for theme in found.codebook.themes] == ["About T0", "About T0 · word2"]
