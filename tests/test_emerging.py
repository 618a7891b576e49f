"""Groups of what no theme covers: found, held to people and months, and accepted as an edit that lasts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from feedback_nlp.errors import NothingToShow, UsageError
from feedback_nlp.pipeline.editing import undo
from feedback_nlp.pipeline.emerging import EXAMPLES, accept_emerging, chosen_group, find_emerging
from feedback_nlp.settings import Settings
from feedback_nlp.store import Store
from tests.fake_encoder import TopicEncoder
from tests.topic_store import count_mentions, fill, fill_and_publish

SETTINGS = Settings(encoder="topics")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Four topics in three languages; "price" has no theme."""
    with fill_and_publish(tmp_path / "x.db") as store:
        yield store


def test_what_no_theme_covers_is_one_group_in_three_languages(store: Store) -> None:
    groups = find_emerging(store, SETTINGS, encoder=TopicEncoder(), least_months=1)
    assert len(groups) == 1
    group = groups[0]
    assert {name.split("-")[1] for name in group.statement_ids} == {"price"}
    assert (group.n_statements, group.n_people, group.n_months) == (36, 36, 1)
    assert group.languages == {"en": 12, "it": 12, "ru": 12}
    assert group.label
    assert find_emerging(store, SETTINGS, encoder=TopicEncoder(), least_months=1) == groups


def test_too_few_people_or_months_are_no_candidate(store: Store) -> None:
    assert find_emerging(store, SETTINGS, encoder=TopicEncoder()) == ()  # undated statements count as one month
    strict = replace(SETTINGS, privacy_minimum=37)
    assert find_emerging(store, strict, encoder=TopicEncoder(), least_months=1) == ()


def test_an_accepted_group_is_a_theme_until_it_is_undone(store: Store) -> None:
    (group,) = find_emerging(store, SETTINGS, encoder=TopicEncoder(), least_months=1)
    before = count_mentions(store)
    summary = accept_emerging(store, SETTINGS, group, "ana", label="Prices", encoder=TopicEncoder())
    assert summary.n_retagged == 36
    assert count_mentions(store) == {**before, summary.theme_id: 36}
    theme = next(theme for theme in store.codebook().themes if theme.theme_id == summary.theme_id)
    assert (theme.label, theme.source) == ("Prices", "person")
    assert find_emerging(store, SETTINGS, encoder=TopicEncoder(), least_months=1) == ()
    assert len(store.active_edits()[0].payload["like"]) == EXAMPLES
    undo(store, SETTINGS, summary.edit_id, "ana", encoder=TopicEncoder())
    assert count_mentions(store) == before


def test_a_group_that_is_gone_is_told_so(store: Store) -> None:
    groups = find_emerging(store, SETTINGS, encoder=TopicEncoder(), least_months=1)
    assert chosen_group(groups, groups[0].group_id) is groups[0]
    with pytest.raises(UsageError, match="feedback-nlp emerging"):
        chosen_group(groups, "e_0")


def test_without_themes_there_is_nothing_beside_them(tmp_path: Path) -> None:
    with fill(tmp_path / "y.db") as empty, pytest.raises(NothingToShow):
        find_emerging(empty, SETTINGS, encoder=TopicEncoder())


def test_groups_do_not_depend_on_the_order_of_rows() -> None:
    from feedback_nlp.themes.codebook import Prototypes
    from feedback_nlp.themes.discovery.emerging import group_unthemed

    rng = np.random.default_rng(0)
    centres = np.eye(3, 8)
    vectors = np.repeat(centres, [5, 9, 3], axis=0) + rng.normal(0, 0.05, (17, 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)

    class Book:
        prototypes = Prototypes.found(centres, [0.7, 0.7, 0.7], [0, 1, 2])

    found = group_unthemed(vectors, Book())  # type: ignore[arg-type]
    assert np.bincount(found).tolist() == [9, 5, 3]
    order = rng.permutation(17)
    np.testing.assert_array_equal(group_unthemed(vectors[order], Book()), found[order])  # type: ignore[arg-type]
