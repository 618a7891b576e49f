"""Opening the store: URLs, schema, errors, and who sees what while another one writes."""

from __future__ import annotations

import logging
import sqlite3
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from feedback_nlp.errors import StoreError, UsageError
from feedback_nlp.store import Store, schema
from feedback_nlp.store.database import connect, parse_url
from feedback_nlp.store.migrations import MIGRATIONS, Migration, migrate
from tests.store_rows import feedback, ingest, publish, statements, tag_all

FORMS = "Write sqlite:///FILE for a file or postgresql://USER:PASSWORD@HOST/NAME for PostgreSQL."


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("sqlite:///x.db", "sqlite"),
        ("sqlite+pysqlite:///x.db", "sqlite"),
        ("postgresql://me@here/x", "postgresql+psycopg"),
        ("postgres://me@here/x", "postgresql+psycopg"),
        ("postgresql+psycopg://me@here/x", "postgresql+psycopg"),
    ],
)
def test_every_usual_form_of_url_is_taken(url: str, driver: str) -> None:
    assert parse_url(url).drivername == driver


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("x.db", f"'x.db' is not a database URL. Did you mean 'sqlite:///x.db'? {FORMS}"),
        ("", f"'' is not a database URL. {FORMS}"),
        ("sqlite://x.db", "'sqlite://x.db' names a server, but SQLite is a file: write sqlite:///x.db."),
        ("sqlite://", f"'sqlite://' names no file, and feedback has to outlive the program. {FORMS}"),
        ("sqlite:///:memory:", f"'sqlite:///:memory:' names no file, and feedback has to outlive the program. {FORMS}"),
        ("mysql://me:secret@here/x", f"'mysql://me:***@here/x': there is no store for 'mysql'. {FORMS}"),
    ],
)
def test_another_form_is_refused_with_the_right_one(url: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        Store.open(url)
    assert str(caught.value) == message


def test_a_missing_folder_and_a_missing_file_are_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"There is no folder .*nowhere.* for the database 'x.db'"):
        Store.open(f"sqlite:///{tmp_path}/nowhere/x.db")
    with pytest.raises(StoreError, match=r"There is no database .*x\.db"):
        Store.open(f"sqlite:///{tmp_path}/x.db", read_only=True)
    with pytest.raises(StoreError, match="is a folder"):
        Store.open(f"sqlite:///{tmp_path}")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_text("These are notes and not a database. " * 100)
    with pytest.raises(StoreError, match=r"the file is not a SQLite database. Name another file"):
        Store.open(f"sqlite:///{path}")
    assert path.read_text() == "These are notes and not a database. " * 100


def test_a_server_that_is_not_there_is_said_without_the_password() -> None:
    with pytest.raises(StoreError) as caught:
        Store.open("postgresql://me:secret@127.0.0.1:1/x")
    assert "postgresql+psycopg://me:***@127.0.0.1:1/x" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_the_password_is_not_shown() -> None:
    store = Store(connect("postgresql://me:secret@here/x"))
    assert store.url == "postgresql+psycopg://me:***@here/x"
    assert repr(store) == "Store('postgresql+psycopg://me:***@here/x')"


def test_sqlite_runs_in_wal_mode_with_foreign_keys(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    with Store.open(url) as store, store._read() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
        }
    assert found == {"journal_mode": "wal", "synchronous": 1, "busy_timeout": 30_000, "foreign_keys": 1}


def test_an_empty_database_gets_the_tables_and_one_record_a_step(store_url: str) -> None:
    for _ in range(2):  # opening again changes nothing
        with Store.open(store_url) as store, store._read() as connection:
            tables = set(sa.inspect(connection).get_table_names())
            steps = connection.execute(sa.select(schema.migration.c.number, schema.migration.c.name)).all()
            assert store.counts()["schema_version"] == MIGRATIONS[-1].number
    assert tables == set(schema.metadata.tables)
    assert steps == [(step.number, step.name) for step in MIGRATIONS]


def test_the_steps_are_numbered_without_gaps() -> None:
    assert [step.number for step in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))


def test_an_older_schema_takes_the_steps_it_lacks_and_keeps_its_rows(store_url: str) -> None:
    with Store.open(store_url) as store:
        ingest(store, feedback("f1"))

    def add_column(connection: sa.Connection) -> None:
        connection.exec_driver_sql("ALTER TABLE feedback ADD COLUMN mood TEXT DEFAULT 'calm'")

    last = MIGRATIONS[-1].number
    engine = connect(store_url)
    assert migrate(engine, [*MIGRATIONS, Migration(last + 1, "add a mood", add_column)]) == [last + 1]
    with engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT feedback_id, mood FROM feedback").all() == [("f1", "calm")]
        numbers = connection.execute(sa.select(schema.migration.c.number)).scalars().all()
    assert numbers == [*(step.number for step in MIGRATIONS), last + 1]
    engine.dispose()


def test_a_step_that_fails_leaves_nothing_behind(store_url: str) -> None:
    Store.open(store_url).close()

    def half(connection: sa.Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE halfway (x INTEGER)")
        raise RuntimeError("power cut")

    engine = connect(store_url)
    with pytest.raises(RuntimeError, match="power cut"):
        migrate(engine, [*MIGRATIONS, Migration(MIGRATIONS[-1].number + 1, "half", half)])
    assert "halfway" not in sa.inspect(engine).get_table_names()
    engine.dispose()
    with Store.open(store_url) as store:
        assert store.counts()["schema_version"] == MIGRATIONS[-1].number


@pytest.mark.parametrize("read_only", [False, True])
def test_a_newer_schema_is_refused(store_url: str, read_only: bool) -> None:
    with Store.open(store_url) as store, store._write() as connection:
        newer = {"number": 99, "name": "from the future", "applied_at": sa.func.current_timestamp()}
        connection.execute(schema.migration.insert().values(newer))
    with pytest.raises(StoreError) as caught:
        Store.open(store_url, read_only=read_only)
    assert str(caught.value) == (
        f"The database has schema 99, and this program knows schemas up to {MIGRATIONS[-1].number}. "
        "Upgrade feedback-nlp, or name another database."
    )


def test_openings_at_the_same_moment_make_one_schema(store_url: str) -> None:
    problems: list[BaseException] = []
    gate = threading.Barrier(4)

    def open_it() -> None:
        gate.wait()
        try:
            Store.open(store_url).close()
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    with Store.open(store_url) as store:
        assert store.counts()["schema_version"] == MIGRATIONS[-1].number


def test_read_only_reads_and_does_not_write(store_url: str) -> None:
    with Store.open(store_url) as store:
        ingest(store, feedback("f1"))
    with Store.open(store_url, read_only=True) as reader:
        assert reader.known_content(["f1"]) == {"f1": feedback("f1").content_hash}
        with pytest.raises(StoreError, match="open for reading only"):
            reader.begin_run("x.csv", "0", {})


def test_a_file_that_cannot_be_made_says_what_to_check(tmp_path: Path) -> None:
    (tmp_path / "feedback.db").symlink_to(tmp_path / "gone" / "feedback.db")
    with pytest.raises(StoreError, match=r"cannot be opened or made\. Check the rights of the file and its folder"):
        Store.open(f"sqlite:///{tmp_path}/feedback.db")


def test_read_only_needs_the_tables_of_now(store_url: str) -> None:
    if store_url.startswith("sqlite"):
        sqlite3.connect(parse_url(store_url).database or "").execute("VACUUM").connection.close()
    with pytest.raises(StoreError, match=rf"schema 0 and reading needs {MIGRATIONS[-1].number}"):
        Store.open(store_url, read_only=True)


def test_the_data_version_counts_writes_and_only_those(store_url: str) -> None:
    with Store.open(store_url) as store:
        seen = [store.data_version()]
        run_id = store.begin_run("x.csv", "0", {})
        seen.append(store.data_version())
        store.upsert_feedback([feedback("f1")], {}, run_id)
        seen.append(store.data_version())
        store.read_frames()
        store.counts()
        seen.append(store.data_version())
        with pytest.raises(StoreError):
            store.upsert_feedback([feedback("f2")], {}, run_id=99)  # rolled back
        seen.append(store.data_version())
    assert seen == [0, 1, 2, 2, 2]


@pytest.mark.parametrize("fault", ["twice", "surrogate"])
def test_no_verbatim_in_errors_or_logs(store_url: str, fault: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "My neighbour Zebediah is ill." + ("\udcff" if fault == "surrogate" else "")
    item = feedback("f1", secret, content_hash="1", duplicate_key="1")
    cut = [statement for statement in statements(feedback("f1"))[:1] for _ in range(2 if fault == "twice" else 1)]
    with Store.open(store_url) as store:
        run_id = store.begin_run("x.csv", "0", {})
        with pytest.raises(StoreError) as caught:
            store.upsert_feedback([item], {"f1": cut}, run_id)
        assert store.known_content(["f1"]) == {}
    assert "Zebediah" not in str(caught.value) + caplog.text
    assert "parcel" not in str(caught.value) + caplog.text
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_counts_say_how_much_there_is(store_url: str) -> None:
    with Store.open(store_url) as store:
        found = ingest(store, feedback("f1"), feedback("f2"), feedback("f3", "", non_answer="nothing"))
        store.refresh_duplicates()
        version = publish(store)
        tag_all(store, version, found[:3])
        store.add_edit("t-staff", "hide", {}, "ana")
        key = next(iter(store.encoders()))
        assert store.counts() == {
            "schema_version": MIGRATIONS[-1].number,
            "data_version": store.data_version(),
            "feedback": 3,
            "responses": 3,
            "non_answers": 1,
            "duplicates": 1,
            "statements": 4,
            "distinct_texts": 2,
            "statements_with_sentiment": 0,
            "vectors": {key: 0},
            "codebooks": 1,
            "latest_codebook_version": 1,
            "themes": 3,
            "tagged_statements": 3,
            "mentions": 3,
            "edits": 1,
            "runs": 1,
        }
