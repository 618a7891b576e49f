"""Originals kept apart: what is put comes back as written, for their owner alone, and goes without a trace."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from feedback_nlp.errors import NothingToShow, SettingError, StoreError, UsageError
from feedback_nlp.store import Store
from feedback_nlp.store.originals import Originals

TEXTS = {
    "f1": "Call me: Ioana, 0722 123 456.",
    "f2": "Mă numesc Ștefan.\r\n\ttab ",
    "f3": "Меня зовут Ольга",
    "f4": "اسمي ليلى",
    "f5": "Nazywam się Łukasz 🙂",
    "f6": "a\0b \ud800",
    "f7": "",
}
WORD = "Quibblewort"


@pytest.fixture
def originals(store_url: str) -> Iterator[Originals]:
    with Originals.open(store_url) as originals:
        yield originals


def test_texts_come_back_as_they_were_written(originals: Originals) -> None:
    originals.put(list(TEXTS.items()))
    assert originals.get(["f0", *TEXTS, "f1"]) == TEXTS
    assert originals.get([]) == {}
    assert (originals.count(), originals.count(["f1", "f1", "f0"])) == (7, 1)


def test_putting_again_changes_nothing_and_another_text_replaces(originals: Originals) -> None:
    for _ in range(2):
        originals.put(list(TEXTS.items()))
    originals.put([("f1", "twice"), ("f1", "last")])
    originals.put([])
    assert originals.get(list(TEXTS)) == TEXTS | {"f1": "last"}


def test_what_is_removed_is_counted_and_gone(originals: Originals) -> None:
    originals.put([(f"f{n}", f"text {n}") for n in range(6_000)])
    assert originals.remove([f"f{n}" for n in range(1, 7_000)]) == 5_999
    assert originals.remove(["f1"]) == 0
    assert originals.get(["f0", "f1"]) == {"f0": "text 0"}


def test_they_stay_when_opened_again(store_url: str) -> None:
    with Originals.open(store_url) as first:
        first.put([("f1", "kept")])
    with Originals.open(store_url, must_exist=True) as again:
        assert again.get(["f1"]) == {"f1": "kept"}


def test_a_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "originals.db"
    path.touch(0o644)
    with Originals.open(f"sqlite:///{path}") as originals:
        originals.put(list(TEXTS.items()))
        modes = {file.name: oct(file.stat().st_mode & 0o777) for file in tmp_path.iterdir()}
    assert modes == {"originals.db": "0o600", "originals.db-wal": "0o600", "originals.db-shm": "0o600"}
    with Originals.open(f"sqlite:///{tmp_path / 'new.db'}"):
        assert (tmp_path / "new.db").stat().st_mode & 0o777 == 0o600


def test_no_byte_of_what_was_removed_or_replaced_is_left(tmp_path: Path) -> None:
    def held() -> bool:
        return any(WORD.encode() in file.read_bytes() for file in tmp_path.iterdir())

    with Originals.open(f"sqlite:///{tmp_path / 'originals.db'}") as originals:
        originals.put([("f1", WORD * 2_000), ("f2", f"{WORD}."), ("f3", "stays")])
        originals.put([("f2", "another text")])
        assert held()
        assert originals.remove(["f1"]) == 1
        assert not held()
        assert originals.get(["f2", "f3"]) == {"f2": "another text", "f3": "stays"}


def test_a_reader_in_the_way_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feedback_nlp.store.database.BUSY_SECONDS", 0)
    with Originals.open(f"sqlite:///{tmp_path / 'originals.db'}") as originals:
        originals.put([("f1", WORD)])
        reader = sqlite3.connect(tmp_path / "originals.db", isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM original").fetchone()
        with pytest.raises(StoreError, match=r"^1 originals were removed from .* bytes may still be in its files"):
            originals.remove(["f1"])
        reader.close()
        assert originals.remove(["f1"]) == 0
        assert WORD.encode() not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


def test_the_database_of_the_feedback_is_refused(store_url: str) -> None:
    with pytest.raises(SettingError, match=r"is the database of the redacted feedback, .* Name another database\.$"):
        Originals.open(store_url, apart_from=store_url)
    with Store.open(store_url):
        pass
    with pytest.raises(SettingError, match="is the database of the redacted feedback"):
        Originals.open(store_url)
    with pytest.raises(SettingError):
        Originals.open(store_url, must_exist=True)


def test_another_name_of_the_same_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link.db").symlink_to(tmp_path / "x.db")
    for url in ("sqlite:///x.db", "sqlite:///./x.db", "sqlite:///link.db", f"sqlite+pysqlite:///{tmp_path}/x.db"):
        with pytest.raises(SettingError):
            Originals.open(url, apart_from="sqlite:///x.db")
    assert [file.name for file in tmp_path.iterdir()] == ["link.db"]
    with Originals.open("sqlite:///y.db", apart_from="sqlite:///x.db") as originals:
        assert repr(originals) == "Originals('sqlite:///y.db')"


def test_one_server_under_two_users_is_the_same_database() -> None:
    with pytest.raises(SettingError) as caught:
        Originals.open("postgresql://me:secret@here:5432/x", apart_from="postgresql+psycopg://you@HERE/x")
    assert "secret" not in str(caught.value)


def test_what_is_not_there_is_not_made_by_looking(tmp_path: Path) -> None:
    with pytest.raises(NothingToShow, match=r"There are no originals at .*none\.db"):
        Originals.open(f"sqlite:///{tmp_path / 'none.db'}", must_exist=True)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(StoreError, match=r"There is no folder .*nowhere"):
        Originals.open(f"sqlite:///{tmp_path}/nowhere/x.db")
    with pytest.raises(UsageError, match="is not a database URL"):
        Originals.open("originals.db")
    sqlite3.connect(tmp_path / "empty.db").close()
    with pytest.raises(NothingToShow, match=r"There are no originals at .*empty\.db"):
        Originals.open(f"sqlite:///{tmp_path / 'empty.db'}", must_exist=True)


def test_originals_of_a_newer_program_are_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    Originals.open(url).close()
    with sqlite3.connect(tmp_path / "x.db") as connection:
        connection.execute("UPDATE original_meta SET schema_version = 99")
    with pytest.raises(StoreError, match="The originals have schema 99, and this program knows schemas up to 1"):
        Originals.open(url)
