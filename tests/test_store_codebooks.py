"""Codebooks, people's edits, tags, mentions, and the frames that analysis reads."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
import pytest

from feedback_nlp.errors import NothingToShow, StoreError, UsageError
from feedback_nlp.records import Mention, Tag
from feedback_nlp.store import Store
from tests.store_rows import ENCODER, SENTENCES, feedback, ingest, publish, tag_all, themes

FRAMES = {
    "feedback": {
        "feedback_id": pl.String,
        "response_id": pl.String,
        "external_id": pl.String,
        "customer_id": pl.String,
        "source": pl.String,
        "channel": pl.String,
        "question": pl.String,
        "language": pl.String,
        "created_at": pl.Datetime("us"),
        "text": pl.String,
        "is_non_answer": pl.Boolean,
        "non_answer": pl.String,
        "asides": pl.String,
        "duplicate_of": pl.String,
        "duplicate_kind": pl.String,
        "scores": pl.String,
        "segments": pl.String,
        "weight": pl.Float64,
        "n_statements": pl.Int64,
    },
    "statements": {
        "statement_id": pl.String,
        "feedback_id": pl.String,
        "start": pl.Int64,
        "end": pl.Int64,
        "text": pl.String,
        "language": pl.String,
        "text_hash": pl.String,
        "sentiment": pl.Float64,
        "sentiment_label": pl.String,
        "sentiment_confidence": pl.Float64,
        "emotions": pl.String,
        "intents": pl.String,
        "best_theme_id": pl.String,
        "best_similarity": pl.Float64,
        "unthemed_reason": pl.String,
        "margin": pl.Float64,
        "review": pl.String,
        "facets": pl.String,
        "codebook_version": pl.Int64,
    },
    "mentions": {
        "statement_id": pl.String,
        "feedback_id": pl.String,
        "theme_id": pl.String,
        "confidence": pl.Float64,
        "provenance": pl.String,
    },
    "themes": {
        "theme_id": pl.String,
        "label": pl.String,
        "level": pl.Int64,
        "parent_id": pl.String,
        "state": pl.String,
        "threshold": pl.Float64,
        "keywords": pl.String,
        "definition": pl.String,
        "quote_ids": pl.String,
        "n_statements": pl.Int64,
        "source": pl.String,
        "label_source": pl.String,
        "stability": pl.Float64,
        "is_emerging": pl.Boolean,
    },
    "scales": {
        "name": pl.String,
        "kind": pl.String,
        "minimum": pl.Float64,
        "maximum": pl.Float64,
        "higher_is_better": pl.Boolean,
    },
    "codebooks": {"version": pl.Int64, "reason": pl.String},
}


def test_a_codebook_comes_back_as_it_was_published(store_url: str) -> None:
    arrays = {
        "centroids": np.arange(12, dtype=np.float32).reshape(4, 3).T,  # not contiguous
        "counts": np.array([1, 2, 3], dtype=np.int64),
    }
    began = datetime.now(UTC)
    with Store.open(store_url) as store:
        assert store.latest_codebook_version() is None
        assert publish(store, arrays=arrays, settings={"seed": 3, "languages": ("en",)}, reason="first") == 1
        assert publish(store, themes=themes()[:2], reason="second") == 2
        assert store.latest_codebook_version() == 2
        book = store.codebook(1)
        assert store.codebook().version == 2
        assert [theme.theme_id for theme in store.codebook().themes] == ["t-delivery", "t-late"]
        versions = store.codebook_versions()
    assert (book.version, book.encoder_key, book.reason) == (1, ENCODER.key, "first")
    assert (book.themes, book.settings, book.hidden) == (tuple(themes()), {"seed": 3, "languages": ["en"]}, frozenset())
    assert began <= book.created_at <= datetime.now(UTC)
    assert set(book.arrays) == set(arrays)
    for name, array in arrays.items():
        assert book.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(book.arrays[name], array)
    assert [(row["version"], row["encoder_key"], row["reason"], row["n_themes"]) for row in versions] == [
        (1, ENCODER.key, "first", 3),
        (2, ENCODER.key, "second", 2),
    ]


def test_a_codebook_that_is_not_there(store_url: str) -> None:
    with Store.open(store_url) as store:
        with pytest.raises(NothingToShow, match=r"There is no codebook yet. Discover themes first."):
            store.codebook()
        publish(store)
        with pytest.raises(UsageError, match="There is no codebook version 7; the newest is 1"):
            store.codebook(7)
        with pytest.raises(UsageError, match="There is no codebook version 7; the newest is 1"):
            store.read_frames(7)


@pytest.mark.parametrize(
    "themes",
    [[themes()[0], themes()[0]], [themes()[1]]],
    ids=["a theme twice", "a parent that is not there"],
)
def test_a_set_of_themes_that_does_not_hold_together_is_refused(store_url: str, themes: list[Any]) -> None:
    with Store.open(store_url) as store:
        with pytest.raises(StoreError, match="names each theme once and every parent in it"):
            publish(store, themes=themes)
        assert store.latest_codebook_version() is None


def test_a_codebook_needs_an_encoder_that_is_known(store_url: str) -> None:
    with Store.open(store_url) as store:
        with pytest.raises(StoreError):
            store.publish_codebook(
                encoder_key="unknown", themes=themes(), arrays={}, settings={}, reason="", lineage=[]
            )
        assert store.latest_codebook_version() is None


def test_lineage_tells_where_a_theme_came_from(store_url: str) -> None:
    born = [{"theme_id": "t-delivery", "event": "born"}, {"theme_id": "t-staff", "event": "born", "reason": "new"}]
    split = [{"theme_id": "t-late", "event": "split", "other_theme_id": "t-delivery", "reason": "overlap 0.4"}]
    with Store.open(store_url) as store:
        publish(store, lineage=born)
        publish(store, lineage=split)
        rows = [tuple(row.values()) for row in store.lineage()]
        assert [row["event"] for row in store.lineage("t-delivery")] == ["born", "split"]
    assert rows == [
        (1, "t-delivery", "born", None, ""),
        (1, "t-staff", "born", None, "new"),
        (2, "t-late", "split", "t-delivery", "overlap 0.4"),
    ]


def test_edits_lie_on_every_version_and_can_be_undone(store_url: str) -> None:
    with Store.open(store_url) as store:
        publish(store)
        first = store.add_edit("t-late", "rename", {"label": " Too late "}, "ana")
        second = store.add_edit("t-late", "rename", {"label": "متأخر"}, "omar")
        store.add_edit("t-late", "define", {"definition": "After the promised day"}, "ana")
        hide = store.add_edit("t-staff", "hide", {}, "ana")
        publish(store)
        delivery, late, staff = themes()
        for version in (1, 2):
            book = store.codebook(version)
            edited = replace(late, label="متأخر", definition="After the promised day", label_source="person")
            assert book.themes == (delivery, edited, replace(staff, state="retired"))
            assert book.hidden == {"t-staff"}
        assert store.read_frames()["themes"].select("label", "state").rows() == [
            ("Delivery", "active"),
            ("متأخر", "active"),
            ("Staff", "retired"),
        ]
        store.undo_edit(second, "ana")
        store.undo_edit(hide, "omar")
        assert [theme.label for theme in store.codebook().themes] == ["Delivery", "Too late", "Staff"]
        assert store.codebook().themes[2] == staff
        store.undo_edit(first, "ana")
        assert store.codebook().themes[1].label == "Late parcels"
        with pytest.raises(UsageError, match=f"There is no edit {first} left to undo"):
            store.undo_edit(first, "ana")
        history = store.edits("t-late")
    assert [(e["kind"], e["payload"], e["author"], e["undone_by"]) for e in history] == [
        ("rename", {"label": "Too late"}, "ana", "ana"),
        ("rename", {"label": "متأخر"}, "omar", "ana"),
        ("define", {"definition": "After the promised day"}, "ana", None),
    ]
    assert history[0]["created_at"] <= history[0]["undone_at"]


def test_hiding_and_showing_again(store_url: str) -> None:
    with Store.open(store_url) as store:
        publish(store)
        store.add_edit("t-staff", "hide", {}, "ana")
        store.add_edit("t-staff", "unhide", {}, "omar")
        assert (store.codebook().themes, store.codebook().hidden) == (tuple(themes()), frozenset())


def test_only_new_statements_are_left_to_tag(store_url: str) -> None:
    with Store.open(store_url) as store:
        old = ingest(store, feedback("f1"))
        version = publish(store)
        tag_all(store, version, old)
        new = ingest(store, feedback("f2", SENTENCES["pl"], language="pl"))
        rows = sorted((s.statement_id, s.text_hash, s.language, s.feedback_id) for s in [*old, *new])
        everything = store.statements_to_tag(version, only_new=False)
        assert everything.columns == ["statement_id", "text_hash", "language", "feedback_id"]
        assert everything.rows() == rows
        assert store.statements_to_tag(version, only_new=True).rows() == [row for row in rows if row[3] == "f2"]
        assert store.statements_to_tag(publish(store), only_new=True).rows() == rows


def test_tagging_again_replaces_what_the_model_said(store_url: str) -> None:
    with Store.open(store_url) as store:
        one, two = ingest(store, feedback("f1"))
        version = publish(store)
        first = (
            [Tag(one.statement_id, "t-late", 0.75), Tag(two.statement_id, "t-staff", 0.5)],
            [
                Mention(one.statement_id, "t-late", 0.75, version),
                Mention(one.statement_id, "t-delivery", 0.75, version),
                Mention(two.statement_id, "t-staff", 0.5, version),
            ],
        )
        for _ in range(2):
            store.write_tags(version, *first)
            assert _said(store) == {
                (one.statement_id, "t-late", 0.75, "model"),
                (one.statement_id, "t-delivery", 0.75, "model"),
                (two.statement_id, "t-staff", 0.5, "model"),
            }
        gone = Tag("no-such-statement", "t-late", 0.9)
        store.write_tags(
            version,
            [Tag(one.statement_id, "t-late", 0.25, "below the threshold"), gone],
            [Mention("no-such-statement", "t-late", 0.9, version)],
        )
        assert _said(store) == {(two.statement_id, "t-staff", 0.5, "model")}
        tagged = store.read_frames()["statements"].select("text", "best_theme_id", "best_similarity", "unthemed_reason")
    assert tagged.rows() == [
        (one.text, "t-late", 0.25, "below the threshold"),
        (two.text, "t-staff", 0.5, None),
    ]


def test_mentions_of_another_version_are_refused(store_url: str) -> None:
    with Store.open(store_url) as store:
        found = ingest(store, feedback("f1"))
        version = publish(store)
        with pytest.raises(ValueError, match=r"Mentions of versions \[2\] were given for version 1"):
            store.write_tags(version, [], [Mention(found[0].statement_id, "t-late", 0.5, 2)])


def test_what_a_person_says_is_an_edit_and_not_a_stored_mention(store_url: str) -> None:
    with Store.open(store_url) as store:
        found = ingest(store, feedback("f1"))
        version = publish(store)
        with pytest.raises(ValueError, match="add an edit of kind 'assign' instead"):
            store.write_tags(version, [], [Mention(found[0].statement_id, "t-late", 1.0, version, "person")])
        assert _said(store) == set()


def test_frames_have_their_columns_even_when_empty(store_url: str) -> None:
    with Store.open(store_url) as store:
        empty = store.read_frames()
        assert {name: dict(frame.schema) for name, frame in empty.items()} == FRAMES
        assert {name: frame.height for name, frame in empty.items()} == dict.fromkeys(FRAMES, 0)
        found = ingest(store, feedback("f1"), feedback("f2", ""))
        before = store.read_frames()
        assert before["feedback"]["n_statements"].to_list() == [2, 0]
        assert (
            before["statements"].select("best_theme_id", "best_similarity", "unthemed_reason").rows()
            == [(None, None, None)] * 2
        )
        tag_all(store, publish(store), found)
        full = store.read_frames()
    for frames in (before, full):
        assert {name: dict(frame.schema) for name, frame in frames.items()} == FRAMES
    assert full["themes"].row(1, named=True) == {
        "theme_id": "t-late",
        "label": "Late parcels",
        "level": 2,
        "parent_id": "t-delivery",
        "state": "active",
        "threshold": 0.5,
        "keywords": '{"en":["late"]}',
        "definition": "Came late",
        "quote_ids": '["s1","s2"]',
        "n_statements": 4,
        "source": "discovered",
        "label_source": "phrases",
        "stability": None,
        "is_emerging": False,
    }
    assert json.loads(full["themes"]["keywords"][0]) == {"ar": ["متأخر"], "en": ["late", "parcel"]}


def test_frames_do_not_depend_on_the_order_of_arrival(store_url: str, tmp_path: Any) -> None:
    items = [feedback(f"f{n}", text, language=code) for n, (code, text) in enumerate(SENTENCES.items())]
    frames = []
    for url, rows in ((store_url, items), (f"sqlite:///{tmp_path / 'other.db'}", items[::-1])):
        with Store.open(url) as store:
            tag_all(store, publish(store), ingest(store, *rows))
            frames.append(store.read_frames())
    assert all(frames[0][name].equals(frames[1][name]) for name in FRAMES)


def test_an_older_codebook_is_read_with_its_own_tags(store_url: str) -> None:
    with Store.open(store_url) as store:
        found = ingest(store, feedback("f1"))
        tag_all(store, publish(store), found, "t-late")
        tag_all(store, publish(store), found, "t-staff")
        assert store.read_frames(1)["mentions"]["theme_id"].to_list() == ["t-late"] * 2
        assert store.read_frames(1)["statements"]["best_theme_id"].to_list() == ["t-late"] * 2
        assert store.read_frames(2)["mentions"]["theme_id"].to_list() == ["t-staff"] * 2


def _said(store: Store) -> set[tuple[str, str, float, str]]:
    return set(store.read_frames()["mentions"].select("statement_id", "theme_id", "confidence", "provenance").rows())
