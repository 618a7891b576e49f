"""The log of edits, codebook versions that are made of it, what people say of statements, and older databases."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from feedback_nlp.errors import StoreError, UsageError
from feedback_nlp.records import EDIT_KINDS, Mention, Statement, Tag, Theme
from feedback_nlp.store import Store, schema
from feedback_nlp.store.database import connect
from feedback_nlp.store.edits import StoredExamples
from feedback_nlp.store.migrations import MIGRATIONS, migrate
from tests.store_rows import ENCODER, SENTENCES, feedback, ingest, publish, tag_all, themes

ARRAYS = {"centroids": np.arange(12, dtype=np.float32).reshape(3, 4), "projection": np.ones((50, 50), np.float32)}
# What a payload of each kind looks like, in the form in which it comes back; "s-1" is a statement.
PAYLOADS: dict[str, dict[str, Any]] = {
    "rename": {"label": "متأخر"},
    "define": {"definition": "After the promised day"},
    "hide": {},
    "unhide": {},
    "merge": {"into": "t-delivery"},
    "split": {"label": "Staff", "new_theme_id": "t-new", "sub_themes": ["t-late"]},
    "move": {"parent": None},
    "pin": {},
    "unpin": {},
    "example": {"like": ["s1", "s2"], "unlike": []},
    "create": {"label": "Prețuri", "parent": "t-delivery", "like": ["s1"], "unlike": ["s2"]},
    "assign": {"statement": "S"},
    "unassign": {"statement": "S"},
}


def examples(n: int, m: int = 0, first: int = 1, key: str = ENCODER.key) -> StoredExamples:
    """Vectors of which each is told apart from the others, exact in half precision."""
    rows = np.arange(first, 4 * (n + m) + first, dtype=np.float32).reshape(n + m, 4) / 4
    return StoredExamples(key, rows[:n], ("ro",) * n, rows[n:], ("ar",) * m)


def same(one: StoredExamples, other: StoredExamples) -> bool:
    words = ("encoder_key", "like_languages", "unlike_languages")
    return all(getattr(one, name) == getattr(other, name) for name in words) and all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in ("like", "unlike")
    )


# -- the log


def test_every_kind_of_edit_comes_back_as_it_was_given(store_url: str) -> None:
    with Store.open(store_url) as store:
        found = ingest(store, feedback("f1"))
        publish(store)
        given = []
        for kind in EDIT_KINDS:
            payload = {key: found[0].statement_id if value == "S" else value for key, value in PAYLOADS[kind].items()}
            theme_id = "t-made" if kind == "create" else "t-late"
            given.append((store.add_edit(theme_id, kind, payload, "ana"), theme_id, kind, payload, "ana"))
        active = store.active_edits()
        assert [(e.edit_id, e.theme_id, e.kind, e.payload, e.author) for e in active] == given
        assert [e.kind for e in store.active_edits(("merge", "pin"))] == ["merge", "pin"]
        assert store.edit_examples() == {}
        store.undo_edit(given[0][0], "omar")
        assert store.active_edits() == active[1:]
        assert store.theme_ids() == {"t-delivery", "t-late", "t-staff", "t-new", "t-made"}
        by_theme = {name: [e["kind"] for e in store.edits(name)] for name in ("t-delivery", "t-new", "t-made")}
    assert by_theme == {"t-delivery": ["merge", "create"], "t-new": ["split"], "t-made": ["create"]}


def test_words_are_stripped_and_ids_are_named_once(store_url: str) -> None:
    with Store.open(store_url) as store:
        publish(store)
        store.add_edit("t-late", "split", {"label": " New ", "new_theme_id": "t-n", "statements": ("a", "b", "a")}, "x")
        assert store.active_edits()[0].payload == {"label": "New", "new_theme_id": "t-n", "statements": ["a", "b"]}


@pytest.mark.parametrize(
    ("theme_id", "kind", "payload", "message"),
    [
        ("t-lat", "hide", {}, "There is no theme 't-lat' in any codebook. Did you mean 't-late'?"),
        ("t-late", "renam", {}, "'renam' is not a kind of edit. Did you mean 'rename'?"),
        ("t-late", "rename", {"label": " "}, "An edit of kind 'rename' needs {'label': words}; it came with the keys"),
        ("t-late", "rename", {}, "An edit of kind 'rename' needs {'label': words}; it came with the keys []."),
        ("t-late", "hide", {"label": "x"}, "An edit of kind 'hide' needs an empty payload; it came with the keys"),
        ("t-late", "merge", {}, "An edit of kind 'merge' needs {'into': id}; it came with the keys []."),
        ("t-late", "merge", {"into": "t-staf"}, "There is no theme 't-staf' in any codebook. Did you mean 't-staff'?"),
        (
            "t-late",
            "move",
            {"parent": ""},
            "An edit of kind 'move' needs {'parent': id or None}; it came with the keys",
        ),
        ("t-late", "move", {"parent": "t-none"}, "There is no theme 't-none' in any codebook."),
        (
            *("t-late", "split", {"label": "x", "new_theme_id": "t-x"}),
            "An edit of kind 'split' needs {'label': words, 'new_theme_id': id, 'sub_themes': list of ids} or "
            "{'label': words, 'new_theme_id': id, 'statements': list of ids}; it came with the keys",
        ),
        (
            *("t-late", "split", {"label": "x", "new_theme_id": "t-staff", "statements": ["s"]}),
            "There is a theme 't-staff' already. Give the new theme an id of its own.",
        ),
        (
            *("t-late", "example", {"like": [], "unlike": []}),
            "An edit of kind 'example' needs {'like': list of ids, 'unlike': list of ids}; all its lists are empty.",
        ),
        (
            *("t-late", "example", {"like": ["a", "b"], "unlike": ["b"]}),
            "An edit of kind 'example' needs {'like': list of ids, 'unlike': list of ids}; "
            "'b' stands in 'like' and in 'unlike'.",
        ),
        ("t-late", "example", {"like": "s1", "unlike": []}, "An edit of kind 'example' needs"),
        (
            *("t-new", "create", {"label": "x", "parent": None, "like": [], "unlike": ["s"]}),
            "An edit of kind 'create' needs {'label': words, 'parent': id or None, 'like': list of ids, "
            "'unlike': list of ids}; 'like' is empty, and a new theme needs a statement that it is about.",
        ),
        (
            *("t-late", "create", {"label": "x", "parent": None, "like": ["s"], "unlike": []}),
            "There is a theme 't-late' already.",
        ),
        ("t-late", "assign", {"statement": "s-none"}, "There is no statement 's-none'."),
    ],
)
def test_an_edit_that_cannot_be_meant_is_refused(
    store_url: str, theme_id: str, kind: str, payload: dict[str, Any], message: str
) -> None:
    with Store.open(store_url) as store:
        publish(store)
        with pytest.raises(UsageError) as caught:
            store.add_edit(theme_id, kind, payload, "ana")
        assert str(caught.value).startswith(message)
        assert store.edits() == []


def test_a_theme_that_an_edit_makes_can_be_edited(store_url: str) -> None:
    with Store.open(store_url) as store:
        publish(store)
        store.add_edit("t-made", "create", {"label": "x", "parent": None, "like": ["s1"], "unlike": []}, "ana")
        store.add_edit("t-late", "split", {"label": "y", "new_theme_id": "t-off", "statements": ["s1"]}, "ana")
        store.add_edit("t-made", "merge", {"into": "t-off"}, "ana")
        assert [edit.kind for edit in store.active_edits()] == ["create", "split", "merge"]


def test_vectors_of_examples_come_back_and_have_to_match(store_url: str) -> None:
    with Store.open(store_url) as store:
        publish(store)
        both = {"like": ["s1", "s2"], "unlike": ["s3"]}
        first = store.add_edit("t-late", "example", both, "ana", examples(2, 1))
        split = {"label": "x", "new_theme_id": "t-x", "statements": ["s4"]}
        second = store.add_edit("t-late", "split", split, "ana", examples(1))
        with pytest.raises(ValueError, match=r"Vectors of \(1, 1\) examples came for \(2, 1\)"):
            store.add_edit("t-late", "example", both, "ana", examples(1, 1))
        back = store.edit_examples()
        assert list(back) == [first, second]
        assert same(back[first], examples(2, 1))
        assert same(back[second], examples(1))
        assert back[first].like.dtype == np.float32
        store.undo_edit(first, "ana")
        assert list(store.edit_examples()) == [second]


def test_statements_are_named_by_themselves_or_by_their_feedback(store_url: str) -> None:
    with Store.open(store_url) as store:
        one, two = ingest(store, feedback("f1"))
        three = ingest(store, feedback("f2", "Отлично.", language="ru"))[0]
        named = store.statements_named([two.statement_id, "f1", "f2", "nothing"])
    assert {key: [tuple(row) for row in rows] for key, rows in named.items()} == {
        two.statement_id: [_named(two)],
        "f1": [_named(one), _named(two)],
        "f2": [_named(three)],
    }


def _named(statement: Statement) -> tuple[str, ...]:
    return (statement.statement_id, statement.feedback_id, statement.text_hash, statement.language)


# -- versions


def test_an_edit_version_stores_what_differs_from_its_base(store_url: str) -> None:
    with Store.open(store_url) as store:
        base = publish(store, arrays=ARRAYS)
        changed = {"centroids": ARRAYS["centroids"][:2] + 1, "projection": ARRAYS["projection"].copy()}
        rest = replace(themes()[2], source="person", label_source="person", stability=0.75, is_emerging=True)
        edited = publish(store, themes=[themes()[0], rest], arrays=changed, base_version=base, kind="edit")
        book = store.codebook(edited)
        with store._read() as connection:
            c = schema.codebook.c
            sizes = connection.execute(sa.select(sa.func.length(c.arrays)).order_by(c.version)).scalars().all()
        rows = [(r["version"], r["base_version"], r["kind"], r["is_ready"]) for r in store.codebook_versions()]
    assert (book.base_version, book.kind, book.is_ready, book.themes) == (base, "edit", False, (themes()[0], rest))
    assert {name: array.tolist() for name, array in book.arrays.items()} == {
        name: array.tolist() for name, array in changed.items()
    }
    assert sizes[0] > 10_000 > 400 > sizes[1]
    assert rows == [(1, 1, "fit", False), (2, 1, "edit", False)]


def test_edits_lie_on_a_base_of_the_same_encoder(store_url: str) -> None:
    with Store.open(store_url) as store:
        base = publish(store, arrays=ARRAYS)
        edited = publish(store, arrays=ARRAYS, base_version=base, kind="edit")
        other = store.register_encoder(replace(ENCODER, revision="2"))
        for values in ({"base_version": edited}, {"base_version": 9}, {"base_version": base, "encoder_key": other}):
            with pytest.raises(StoreError, match="is no base of encoder"):
                store.publish_codebook(
                    **{"encoder_key": ENCODER.key, "themes": themes(), "arrays": {}, "settings": {}, "reason": ""}
                    | values,
                    kind="edit",
                )
        for kind, version in (("edit", None), ("fit", base), ("import", base)):
            with pytest.raises(ValueError, match=f"A codebook of kind '{kind}' cannot have base version {version}"):
                publish(store, base_version=version, kind=kind)
        assert publish(store, kind="import") == 3


def test_readers_see_the_newest_version_that_is_ready(store_url: str) -> None:
    with Store.open(store_url) as store:
        assert store.latest_codebook_version(ready=True) is None
        found = ingest(store, feedback("f1"))
        base = publish(store, arrays=ARRAYS)
        tag_all(store, base, found, "t-late")
        assert store.latest_codebook_version(ready=True) == base  # the only one there is
        store.mark_ready(base)
        edited = publish(store, themes=themes()[2:], arrays=ARRAYS, base_version=base, kind="edit")
        tag_all(store, edited, found[:1])
        assert (store.latest_codebook_version(), store.latest_codebook_version(ready=True)) == (edited, base)
        half = store.read_frames()
        assert half["themes"].height == 3
        assert half["mentions"]["theme_id"].to_list() == ["t-late"] * 2
        tag_all(store, edited, found)
        store.mark_ready(edited)
        assert store.read_frames()["mentions"]["theme_id"].to_list() == ["t-staff"] * 2
        with pytest.raises(UsageError, match="There is no codebook version 7"):
            store.mark_ready(7)


def test_what_is_superseded_goes_and_other_bases_keep_theirs(store_url: str) -> None:
    with Store.open(store_url) as store:
        found = ingest(store, feedback("f1"))
        bases = []
        for _ in range(2):
            bases.append(base := publish(store, arrays=ARRAYS))
            for _ in range(2):
                other = {**ARRAYS, "centroids": np.zeros((3, 4), np.float32)}
                tag_all(store, publish(store, arrays=other, base_version=base, kind="edit"), found)
            tag_all(store, base, found)
        with pytest.raises(ValueError, match="Codebook version 3 is not ready"):
            store.drop_superseded_tags(3)
        for version in (1, 3, 4, 6):
            store.mark_ready(version)
        assert store.drop_superseded_tags(3) == [1, 2]
        assert store.drop_superseded_tags(6) == [4, 5]
        with store._read() as connection:
            t, m = schema.tag.c.codebook_version, schema.mention.c.codebook_version
            left = [connection.execute(sa.select(c).distinct().order_by(c)).scalars().all() for c in (t, m)]
        assert left == [[3, 6], [3, 6]]
        assert [row["version"] for row in store.codebook_versions() if row["is_ready"]] == [3, 6]
        assert store.codebook(1).arrays.keys() == ARRAYS.keys()  # a base stays: edits are folded over it
        with pytest.raises(UsageError, match="Codebook version 2 was superseded by another edit of version 1"):
            store.codebook(2)
        assert store.read_frames(2)["themes"]["theme_id"].to_list() == [theme.theme_id for theme in themes()]
        assert store.drop_superseded_tags(6) == [4, 5]


def test_words_reach_themes_of_edit_versions_and_can_be_left_out(store_url: str) -> None:
    new = Theme("t-made", "Made", 1, None, "active", 0.5, source="person", label_source="person")
    with Store.open(store_url) as store:
        base = publish(store, arrays=ARRAYS)
        store.add_edit("t-made", "create", {"label": "Made", "parent": None, "like": ["s1"], "unlike": []}, "ana")
        publish(store, themes=[*themes(), new], arrays=ARRAYS, base_version=base, kind="edit")
        store.add_edit("t-made", "rename", {"label": "Făcută"}, "ana")
        store.add_edit("t-made", "define", {"definition": "By hand"}, "ana")
        store.add_edit("t-staff", "rename", {"label": "Personnel"}, "ana")
        store.add_edit("t-made", "hide", {}, "ana")
        book = store.codebook()
        assert book.themes[2].label_source == "person"
        assert book.themes[3] == replace(new, label="Făcută", definition="By hand", state="retired")
        assert store.codebook(worded=False).themes == (*themes(), new)


# -- what people say of statements


@pytest.fixture
def store(store_url: str) -> Any:
    """Two statements: of late parcels, and of staff; both tagged by one codebook."""
    with Store.open(store_url) as store:
        ingest(store, feedback("f1"))
        retag(store, publish(store))
        yield store


def of(store: Store) -> tuple[str, str]:
    ids = store.read_frames()["statements"].sort("start")["statement_id"].to_list()
    return ids[0], ids[1]


def retag(store: Store, version: int, late: float = 0.75, whole: float = 0.75) -> None:
    one, two = of(store)
    tags = [Tag(one, "t-late", 0.8, margin=0.01, review="close"), Tag(two, "t-staff", 0.6, facets={"stage": "use"})]
    said = [(one, "t-late", late), (one, "t-delivery", whole), (two, "t-staff", 0.5)]
    store.write_tags(version, tags, [Mention(*row, version) for row in said])


def mentions(store: Store, version: int | None = None) -> set[tuple[str, str, float, str]]:
    frame = store.read_frames(version)["mentions"]
    return set(frame.select("statement_id", "theme_id", "confidence", "provenance").rows())


def tags(store: Store) -> list[tuple[Any, ...]]:
    names = ("best_theme_id", "best_similarity", "unthemed_reason", "margin", "review", "facets")
    return store.read_frames()["statements"].sort("start").select(names).rows()


def test_a_person_s_word_is_laid_on_and_its_undoing_too(store: Store) -> None:
    one, two = of(store)
    before, model = tags(store), mentions(store)
    edit = store.add_edit("t-late", "assign", {"statement": two}, "ana")
    assert mentions(store) == model | {(two, "t-late", 1.0, "person"), (two, "t-delivery", 1.0, "person")}
    assert tags(store) == before
    store.undo_edit(edit, "ana")
    assert (mentions(store), tags(store)) == (model, before)
    store.add_edit("t-late", "unassign", {"statement": one}, "ana")
    assert mentions(store) == {(two, "t-staff", 0.5, "model")}  # and the parent that stood by it alone
    assert tags(store) == [(None, 0.8, "a person took the theme off", 0.01, None, "{}"), before[1]]
    store.add_edit("t-staff", "assign", {"statement": one}, "ana")
    assert mentions(store) == {(two, "t-staff", 0.5, "model"), (one, "t-staff", 1.0, "person")}
    assert tags(store)[0] == ("t-staff", 0.8, None, 0.01, None, "{}")


def test_the_last_word_counts(store: Store) -> None:
    one, _ = of(store)
    for kind in ("assign", "unassign", "assign", "unassign"):
        store.add_edit("t-staff", kind, {"statement": one}, "ana")
        has = (one, "t-staff", 1.0, "person") in mentions(store)
        assert has == (kind == "assign")


def test_a_parent_that_is_taken_off_takes_its_parts_along(store: Store) -> None:
    one, _ = of(store)
    store.add_edit("t-delivery", "unassign", {"statement": one}, "ana")
    assert {row for row in mentions(store) if row[0] == one} == set()
    store.add_edit("t-late", "assign", {"statement": one}, "ana")  # a later word brings both back
    assert {row for row in mentions(store) if row[0] == one} == {
        (one, "t-late", 1.0, "person"),
        (one, "t-delivery", 1.0, "person"),
    }


def test_a_parent_that_stands_by_itself_stays(store: Store) -> None:
    one, _ = of(store)
    retag(store, 1, late=0.4, whole=0.75)
    store.add_edit("t-late", "unassign", {"statement": one}, "ana")
    assert {row for row in mentions(store) if row[0] == one} == {(one, "t-delivery", 0.75, "model")}
    assert tags(store)[0][:3] == ("t-delivery", 0.8, None)


def test_a_person_s_word_survives_tagging_again_and_other_codebooks(store: Store) -> None:
    one, two = of(store)
    store.add_edit("t-staff", "assign", {"statement": one}, "ana")
    store.add_edit("t-staff", "unassign", {"statement": two}, "ana")
    expected = {(one, "t-late", 0.75, "model"), (one, "t-delivery", 0.75, "model"), (one, "t-staff", 1.0, "person")}
    assert mentions(store) == expected
    retag(store, 1)
    assert mentions(store) == expected
    retag(store, publish(store))
    assert mentions(store) == expected
    publish(store)  # not tagged yet: the word alone
    assert mentions(store) == {(one, "t-staff", 1.0, "person")}
    retag(store, publish(store, themes=themes()[:2]))
    assert (one, "t-staff", 1.0, "person") not in mentions(store)  # a theme that is gone
    retag(store, publish(store))
    assert mentions(store) == expected  # until it is back


def test_words_go_to_the_theme_that_a_theme_was_merged_into(store: Store) -> None:
    one, two = of(store)
    store.add_edit("t-late", "assign", {"statement": two}, "ana")
    store.add_edit("t-late", "unassign", {"statement": one}, "ana")
    values = {"themes": themes()[2:], "settings": {"merged": {"t-late": "t-staff"}}, "arrays": ARRAYS}
    version = publish(store, **values, base_version=1, kind="edit")
    store.write_tags(version, [Tag(one, "t-staff", 0.7)], [Mention(one, "t-staff", 0.7, version)])
    assert mentions(store) == {(two, "t-staff", 1.0, "person")}
    store.add_edit("t-staff", "assign", {"statement": one}, "ana")  # said of the theme itself: it goes first
    store.add_edit("t-staff", "unassign", {"statement": two}, "ana")
    assert mentions(store) == {(one, "t-staff", 1.0, "person")}


# -- erasure


def test_who_is_erased_goes_from_edits_with_every_vector(store_url: str) -> None:
    with Store.open(store_url) as store:
        mine = ingest(store, feedback("f1", customer_id="me"))
        others = ingest(store, feedback("f2", SENTENCES["ro"]))
        publish(store)
        a, b, c, d = (statement.statement_id for statement in [*mine, *others])
        store.add_edit("t-late", "example", {"like": [c, a, d], "unlike": [b]}, "ana", examples(3, 1))
        split = {"label": "x", "new_theme_id": "t-x", "statements": [a, c]}
        gone = store.add_edit("t-late", "split", split, "ana", examples(2, first=101))
        store.undo_edit(gone, "ana")  # what is undone is forgotten too
        store.add_edit("t-staff", "assign", {"statement": a}, "ana")
        store.add_edit("t-staff", "unassign", {"statement": d}, "ana")
        store.add_edit("t-staff", "pin", {}, "ana")
        assert store.traces(["me"]).n_in_edits == 4
        assert store.erase(["me"]).n_in_edits == 4
        assert store.traces(["me"]).n_in_edits == 0
        assert [(edit["kind"], edit["payload"]) for edit in store.edits()] == [
            ("example", {"like": [c, d], "unlike": []}),
            ("split", {"label": "x", "new_theme_id": "t-x", "statements": [c]}),
            ("unassign", {"statement": d}),
            ("pin", {}),
        ]
        kept = store.edit_examples()[1]
        assert kept.like.tolist() == examples(3, 1).like[[0, 2]].tolist()
        assert kept.unlike.shape == (0, 4)
        with store._read() as connection:
            blobs = connection.execute(sa.select(schema.theme_edit.c.examples)).scalars().all()
            words = repr([connection.execute(sa.select(table)).all() for table in schema.metadata.sorted_tables])
        assert len(blobs) == 4
        lost = [examples(3, 1).like[1], examples(3, 1).unlike[0], examples(2, first=101).like[0]]
        held = b"".join(bytes(blob) for blob in blobs if blob is not None)
        assert [row.astype("<f2").tobytes() in held for row in lost] == [False] * 3
        assert [name in words for name in (a, b, c)] == [False, False, True]


# -- older databases

# The tables that step 3 changes, as they were before it.
BEFORE = (
    "CREATE TABLE codebook (version INTEGER NOT NULL PRIMARY KEY, created_at TIMESTAMP NOT NULL, encoder_key TEXT NOT "
    "NULL REFERENCES encoder (encoder_key), settings TEXT NOT NULL, reason TEXT NOT NULL, arrays {blob} NOT NULL)",
    "CREATE TABLE codebook_theme (version INTEGER NOT NULL REFERENCES codebook (version), theme_id TEXT NOT NULL, "
    "position INTEGER NOT NULL, label TEXT NOT NULL, level INTEGER NOT NULL CHECK (level IN (1, 2)), parent_id TEXT, "
    "state TEXT NOT NULL CHECK (state IN ('candidate', 'active', 'retired')), threshold DOUBLE PRECISION NOT NULL, "
    "keywords TEXT NOT NULL, definition TEXT NOT NULL, quote_ids TEXT NOT NULL, n_statements INTEGER NOT NULL, "
    "PRIMARY KEY (version, theme_id))",
    "CREATE TABLE theme_edit (edit_id {serial}, theme_id TEXT NOT NULL, kind TEXT NOT NULL, payload TEXT NOT NULL, "
    "author TEXT NOT NULL, created_at TIMESTAMP NOT NULL, undone_at TIMESTAMP, undone_by TEXT)",
    "CREATE TABLE tag (codebook_version INTEGER NOT NULL REFERENCES codebook (version), statement_id TEXT NOT NULL "
    "REFERENCES statement (statement_id) ON DELETE CASCADE, best_theme_id TEXT, best_similarity DOUBLE PRECISION NOT "
    "NULL, unthemed_reason TEXT, PRIMARY KEY (codebook_version, statement_id)){options}",
    "CREATE INDEX ix_tag_statement_id ON tag (statement_id)",
    "CREATE TABLE mention (codebook_version INTEGER NOT NULL REFERENCES codebook (version), statement_id TEXT NOT NULL "
    "REFERENCES statement (statement_id) ON DELETE CASCADE, theme_id TEXT NOT NULL, confidence DOUBLE PRECISION NOT "
    "NULL, provenance TEXT NOT NULL CHECK (provenance IN ('model', 'person')), "
    "PRIMARY KEY (codebook_version, statement_id, theme_id)){options}",
    "CREATE INDEX ix_mention_statement_id ON mention (statement_id)",
    "CREATE INDEX mention_by_person ON mention (provenance) WHERE provenance = 'person'",
    "CREATE TABLE lineage (lineage_id {serial}, version INTEGER NOT NULL REFERENCES codebook (version), theme_id TEXT "
    "NOT NULL, event TEXT NOT NULL, other_theme_id TEXT, reason TEXT NOT NULL)",
    "CREATE INDEX ix_lineage_version ON lineage (version)",
)
CHANGED = ("lineage", "mention", "tag", "theme_edit", "codebook_theme", "codebook")


def shape(store: Store) -> dict[str, Any]:
    """Columns, keys and indices of the tables that the step changes."""
    inspector = sa.inspect(store._engine)
    return {
        table: (
            {column["name"]: column["nullable"] for column in inspector.get_columns(table)},
            inspector.get_pk_constraint(table)["constrained_columns"],
            sorted(str(index["name"]) for index in inspector.get_indexes(table)),
        )
        for table in CHANGED
    }


def test_a_database_from_before_edits_shaped_themes_is_brought_up_to_date(store_url: str, tmp_path: Any) -> None:
    with Store.open(store_url) as store:
        one, two = ingest(store, feedback("f1"))
        key = store.register_encoder(ENCODER)
        fresh = shape(store)
        on_sqlite = store_url.startswith("sqlite")
        forms = {
            "blob": "BLOB" if on_sqlite else "BYTEA",
            "serial": "INTEGER NOT NULL PRIMARY KEY" if on_sqlite else "SERIAL PRIMARY KEY",
            "options": " WITHOUT ROWID" if on_sqlite else "",
        }
        arrays = sa.select(schema.codebook.c.arrays).where(schema.codebook.c.version == publish(store, arrays=ARRAYS))
        with store._write() as connection:
            blob = bytes(connection.execute(arrays).scalar_one())
            for table in CHANGED:
                connection.exec_driver_sql(f"DROP TABLE {table}")
            for statement in BEFORE:
                connection.exec_driver_sql(statement.format(**forms))
            when = "2026-01-02 03:04:05.000000"
            for version in (1, 2):
                insert = sa.text("INSERT INTO codebook VALUES (:v, :w, :k, '{}', 'made up', :a)")
                connection.execute(insert, {"v": version, "w": when, "k": key, "a": blob})
                for place, theme in enumerate(themes()):
                    row = (version, theme.theme_id, place, theme.label, theme.level, theme.parent_id, theme.state)
                    words = {name: list(found) for name, found in theme.keywords.items()}
                    rest = (theme.threshold, json.dumps(words), theme.definition, json.dumps(theme.quote_ids))
                    values = dict(zip("abcdefghijkl", (*row, *rest, theme.n_statements), strict=True))
                    names = ", ".join(f":{name}" for name in values)
                    connection.execute(sa.text(f"INSERT INTO codebook_theme VALUES ({names})"), values)
            for words in (
                f"INSERT INTO theme_edit VALUES (1, 't-staff', 'rename', '{{\"label\":\"Crew\"}}', 'ana', '{when}')",
                f"INSERT INTO tag VALUES (2, '{one.statement_id}', 't-late', 0.75, NULL)",
                f"INSERT INTO mention VALUES (2, '{one.statement_id}', 't-late', 0.5, 'model')",
                f"INSERT INTO mention VALUES (1, '{two.statement_id}', 't-staff', 0.9, 'person')",
                f"INSERT INTO mention VALUES (2, '{two.statement_id}', 't-staff', 0.8, 'person')",
                "INSERT INTO lineage VALUES (1, 1, 't-late', 'born', NULL, 'first')",
                *(f"ALTER TABLE statement DROP COLUMN {column}" for column in ("emotions", "intents")),
                "DROP TABLE tone",
                "ALTER TABLE feedback DROP COLUMN weight",
                "ALTER TABLE feedback DROP COLUMN facts",
                f"DELETE FROM migration WHERE number > {2}",
            ):
                connection.exec_driver_sql(words.replace(f"'{when}')", f"'{when}', NULL, NULL)"))
            if not on_sqlite:  # the numbers that rows above took by hand
                connection.exec_driver_sql("SELECT setval('theme_edit_edit_id_seq', 1)")
    engine = connect(store_url)
    assert migrate(engine) == [step.number for step in MIGRATIONS[2:]]
    engine.dispose()
    with Store.open(store_url) as store:
        assert shape(store) == fresh
        rows = [(r["version"], r["base_version"], r["kind"], r["is_ready"]) for r in store.codebook_versions()]
        assert rows == [(1, 1, "fit", True), (2, 2, "fit", True)]
        crew = replace(themes()[2], label="Crew", label_source="person")
        assert store.codebook().themes == (*themes()[:2], crew)
        assert store.codebook(1).arrays["centroids"].tolist() == ARRAYS["centroids"].tolist()
        expected = {(one.statement_id, "t-late", 0.5, "model"), (two.statement_id, "t-staff", 1.0, "person")}
        assert mentions(store) == expected
        assert tags(store)[0] == ("t-late", 0.75, None, None, None, "{}")
        assert [(e.kind, e.theme_id, e.author) for e in store.active_edits()] == [
            ("rename", "t-staff", "ana"),
            ("assign", "t-staff", "unknown"),
        ]
        edited = publish(store, arrays=ARRAYS, base_version=2, kind="edit")
        assert store.codebook(edited).base_version == 2
        store.undo_edit(2, "ana")
        assert mentions(store, 2) == {(one.statement_id, "t-late", 0.5, "model")}
