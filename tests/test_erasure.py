"""Erasing people: all that was made of what they wrote goes, the bytes too, and others keep theirs."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import psycopg
import pytest
import sqlalchemy as sa

from feedback_nlp.records import Feedback
from feedback_nlp.store import Store, schema
from feedback_nlp.store.erasure import Traces
from tests.store_rows import ENCODER, feedback, ingest, publish, statements, tag_all, themes

WORD = "Quibblewort"  # stands nowhere else
OLD_WORD = "Zwiebelturm"  # stood in the text before it was changed
CUSTOMER = "customer-Xylophilia"
SHARED = "The parcel came late."
MINE, THEIRS, COMMON = [1.5, -2.25, 3.125, 0.0625], [1, 1, 1, 1], [2, 2, 2, 2]
MY_TONE, OTHER_TONE = [7.25, -0.375, 9.5], [3, 3, 3]
STALLING = """
import sys, time
import sqlalchemy as sa
from feedback_nlp.store import Store
from tests.test_erasure import CUSTOMER
with Store.open(sys.argv[1]) as store:
    @sa.event.listens_for(store._engine, "before_cursor_execute")
    def stall(connection, cursor, statement, *rest):
        if statement.startswith("DELETE FROM vector"):
            print("inside", flush=True)
            time.sleep(60)
    store.erase([CUSTOMER], keep_out=True)
"""


def people() -> list[Feedback]:
    """One person with two answers, of which the first is the representative of somebody else's, and two others."""
    return [
        feedback("f1", f"{SHARED} The {WORD} broke.", customer_id=CUSTOMER, external_id="e1", near_keys=(7, 8)),
        feedback("f2", "Coletul a întârziat.", customer_id=CUSTOMER, external_id="e2", language="ro"),
        feedback("f3", f"{SHARED} The {WORD} broke.", customer_id="other", external_id="e3", near_keys=(7, 9)),
        feedback("f4", SHARED, external_id="e4"),
    ]


def without_copy(items: list[Feedback]) -> list[Feedback]:
    """The same, but nobody else uses the word."""
    return [replace(item, text=SHARED) if item.feedback_id == "f3" else item for item in items]


def fill(store: Store, items: list[Feedback]) -> None:
    """Store the feedback, tagged, with vectors and tones, and quoted by a codebook of two versions."""
    ingest(store, feedback("f1", f"A {OLD_WORD} came.", customer_id=CUSTOMER))
    found = ingest(store, *items)
    store.refresh_duplicates(lambda first, second: False)
    key = store.register_encoder(ENCODER)
    by_hash = {s.text_hash: COMMON if s.text == SHARED else MINE if s.feedback_id == "f1" else THEIRS for s in found}
    tones = np.array([MY_TONE if vector is MINE else OTHER_TONE for vector in by_hash.values()])
    store.add_vectors(key, list(by_hash), np.array(list(by_hash.values())), tone_key="tone-1", tones=tones)
    quoting = [
        replace(theme, quote_ids=tuple(s.statement_id for s in found if s.feedback_id in ids))
        for theme, ids in zip(themes(), (("f1", "f4"), ("f4",), ("f2",)), strict=True)
    ]
    for _ in range(2):
        tag_all(store, publish(store, themes=quoting), found)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with Store.open(store_url) as store:
        yield store


def contents(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables but the versions of data and schema."""
    with store._read() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(sa.select(table))), key=repr)
            for table in schema.metadata.sorted_tables
            if table.name not in ("meta", "migration")
        }


def test_traces_are_counted_without_touching_anything(store: Store) -> None:
    fill(store, without_copy(people()))
    before = contents(store)
    assert store.traces([CUSTOMER, "nobody"]) == Traces(
        customer_ids=frozenset({CUSTOMER}),
        external_ids=frozenset(),
        feedback_ids=("f1", "f2"),
        n_statements=3,
        n_vectors=2,
        n_quotes=6,
        n_elsewhere=0,
    )
    assert store.traces([], ["e2", "e4"]) == Traces(
        customer_ids=frozenset(),
        external_ids=frozenset({"e2", "e4"}),
        feedback_ids=("f2", "f4"),
        n_statements=2,
        n_vectors=1,
        n_quotes=6,
        n_elsewhere=1,
    )
    assert store.traces(["nobody"], []).feedback_ids == ()
    assert contents(store) == before


def test_everything_of_a_person_goes_and_others_keep_theirs(store: Store) -> None:
    fill(store, people())
    before = contents(store)
    erased = store.erase([CUSTOMER])
    assert store.traces([CUSTOMER]).feedback_ids == ()
    after = contents(store)
    gone = {s.statement_id for item in people()[:2] for s in statements(item)}
    mine = {s.text_hash for s in statements(people()[1])}  # the words of the first answer are another's too
    assert len(gone) == erased.n_statements == 3
    columns = {"feedback": 0, "near_key": 1, "statement": 0, "tag": 1, "mention": 1, "vector": 1, "tone": 1}
    for name, column in columns.items():
        lost = {"feedback": {"f1", "f2"}, "near_key": {"f1"}, "vector": mine, "tone": mine}.get(name, gone)
        kept = [row for row in before[name] if row[column] not in lost]
        assert len(kept) < len(before[name])
        if name == "feedback":
            assert [row[0] for row in after[name]] == ["f3", "f4"]
        else:
            assert after[name] == kept
    quotes = [theme.quote_ids for version in (1, 2) for theme in store.codebook(version).themes]
    f4 = tuple(s.statement_id for s in statements(people()[3]))
    assert quotes == [f4, f4, ()] * 2
    assert after["erased"] == []
    assert [after[name] == before[name] for name in ("codebook", "lineage", "encoder", "ingest_run")] == [True] * 4


def test_a_copy_whose_representative_goes_stands_on_its_own(store: Store) -> None:
    copies = [feedback(name, "Same words.", customer_id=name) for name in ("c1", "c2", "c3")]
    ingest(store, *copies)
    assert store.refresh_duplicates() == 2
    store.erase(["c1"])
    with store._read() as connection:
        f = schema.feedback.c
        rows = connection.execute(sa.select(f.duplicate_of, f.duplicate_kind, f.is_compared))
        assert [tuple(row) for row in rows] == [(None, None, False)] * 2
    assert store.refresh_duplicates() == 1
    frame = store.read_frames()["feedback"]
    assert dict(frame.select("feedback_id", "duplicate_of").iter_rows()) == {"c2": None, "c3": "c2"}


def test_an_id_that_nobody_has_changes_nothing(store: Store) -> None:
    fill(store, people())
    before = contents(store)
    for ids in (["customer"], [CUSTOMER.lower()], [f"{CUSTOMER} "], ["%"], [""], []):
        assert store.erase(ids).feedback_ids == ()
    assert contents(store) == before
    assert not store.wipe_due()


def test_more_people_than_fit_one_query(store: Store) -> None:
    items = [feedback(f"f{n}", f"Words {n}.", customer_id=f"c{n}") for n in range(6_000)]
    ingest(store, *items)
    erased = store.erase([f"c{n}" for n in range(5_999)])
    assert (len(erased.feedback_ids), erased.n_statements, erased.n_elsewhere) == (5_999, 5_999, 0)
    assert [row[0] for row in contents(store)["feedback"]] == ["f5999"]


# -- kept out


def test_who_is_kept_out_is_known_by_a_hash_alone(store: Store) -> None:
    fill(store, people())
    assert store.is_erased([CUSTOMER, "other"]) == set()
    store.erase([CUSTOMER], ["e4"], keep_out=True)
    assert store.is_erased([CUSTOMER, "other", "e4", CUSTOMER]) == {CUSTOMER}
    assert store.is_erased(["e4", CUSTOMER], "external") == {"e4"}
    assert store.is_erased([]) == set()
    first = contents(store)["erased"]
    assert len(first) == 2
    assert {len(str(row[0])) for row in first} == {64}
    assert CUSTOMER not in repr(contents(store))
    store.erase([CUSTOMER], keep_out=True)  # again: the key stays, and so does the moment
    assert contents(store)["erased"] == first


def test_two_databases_hash_differently(tmp_path: Path) -> None:
    hashes = []
    for name in ("one.db", "two.db"):
        with Store.open(f"sqlite:///{tmp_path / name}") as store:
            store.erase([CUSTOMER], keep_out=True)
            hashes.append(contents(store)["erased"][0][0])
    assert hashes[0] != hashes[1]


# -- bytes


def traces_of_bytes() -> list[bytes]:
    """What must be found in no file."""
    words = [text.encode() for text in (WORD, OLD_WORD, CUSTOMER, "întârziat", "customer-Xylo")]
    return [*words, *(np.array(numbers, "<f2").tobytes() for numbers in (MINE, MY_TONE))]


def found_in(folder: Path) -> set[bytes]:
    files = list(folder.iterdir())
    assert files
    held = b"".join(file.read_bytes() for file in files)
    return {trace for trace in traces_of_bytes() if trace in held}


def test_nothing_of_a_person_is_left_in_sqlite_s_files(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'x.db'}") as store:
        fill(store, without_copy(people()))
        assert found_in(tmp_path) == set(traces_of_bytes())  # in the log beside the database, or in it
        store.erase([CUSTOMER], keep_out=True)
        assert found_in(tmp_path) != set()
        assert store.wipe_due()
        assert store.wipe()
        assert not store.wipe_due()
        assert found_in(tmp_path) == set()  # while it is open, with its log there
        assert (tmp_path / "x.db-wal").exists()
        assert SHARED.encode() in (tmp_path / "x.db").read_bytes()
    assert found_in(tmp_path) == set()


def test_a_reader_in_the_way_is_said_and_wiping_again_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feedback_nlp.store.database.BUSY_SECONDS", 0)
    with Store.open(f"sqlite:///{tmp_path / 'x.db'}") as store:
        fill(store, without_copy(people()))
        reader = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM feedback").fetchone()
        store.erase([CUSTOMER])
        assert not store.wipe()
        assert store.wipe_due()
        reader.close()
        assert store.wipe()
        assert not store.wipe_due()
    assert found_in(tmp_path) == set()


def test_nothing_of_a_person_is_left_in_postgresql_s_tables(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE erasure")
    url = postgres_url.replace("/postgres?", "/erasure?")
    # Tables and indexes of ours, and where PostgreSQL puts what is too long for a row.
    relations = "relkind IN ('r', 'i', 't') AND (relnamespace = 'public'::regnamespace OR relkind = 't')"
    files = f"SELECT pg_read_binary_file(pg_relation_filepath(oid)) FROM pg_class WHERE {relations}"

    def found() -> set[bytes]:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CHECKPOINT")  # so that the files hold what was committed
            held = b"".join(bytes(row[0]) for row in connection.execute(files) if row[0] is not None)
            stats = connection.execute("SELECT string_agg(s::text, '') FROM pg_stats s WHERE schemaname = 'public'")
            held += (stats.fetchone()[0] or "").encode()
        return {trace for trace in traces_of_bytes() if trace in held}

    with Store.open(url) as store:
        fill(store, without_copy(people()))
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("ANALYZE")
        assert found() == set(traces_of_bytes())
        store.erase([CUSTOMER])
        assert store.wipe()
        assert not store.wipe_due()
        assert found() == set()


def test_an_erasure_that_is_killed_erased_nothing(store_url: str) -> None:
    with Store.open(store_url) as store:
        fill(store, people())
        before = contents(store)
    process = subprocess.Popen([sys.executable, "-c", STALLING, store_url], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "inside\n"
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    with Store.open(store_url) as store:
        assert contents(store) == before
        assert store.is_erased([CUSTOMER]) == set()
        assert len(store.erase([CUSTOMER]).feedback_ids) == 2
