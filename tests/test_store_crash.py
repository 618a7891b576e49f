"""Two programs at once, and a program that is killed in the middle."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from feedback_nlp.records import Feedback, Statement
from feedback_nlp.store import Store, UpsertCounts
from feedback_nlp.store.database import parse_url
from tests.store_rows import feedback, ingest, statements

PEOPLE, BATCH, WRITERS = 60, 20, 4

# Each round rewrites every feedback with other words, so that a torn write shows as words of two rounds.
ENDLESS = """
import itertools, sys
from feedback_nlp.store import Store
from tests.test_store_crash import write_round
with Store.open(sys.argv[1]) as store:
    for number in itertools.count(1):
        write_round(store, number)
        print(number, flush=True)
"""
STALLING = """
import sys, time
from feedback_nlp.store import Store
from tests.test_store_crash import write_round
def stall():
    print("inside", flush=True)
    time.sleep(60)
with Store.open(sys.argv[1]) as store:
    write_round(store, 1)
    write_round(store, 2, "f030", stall)
"""


def round_of(number: int) -> list[Feedback]:
    """The feedback of one round: always the same people, always three statements each."""
    words = f"Round {number} begins. Round {number} goes on. Round {number} ends."
    return [feedback(f"f{person:03}", words) for person in range(PEOPLE)]


class Stalling(dict[str, Sequence[Statement]]):
    """Statements of which one takes its time, while the transaction that asked for it is open."""

    def __init__(self, cut: Mapping[str, Sequence[Statement]], stall_at: str, stall: Callable[[], Any]) -> None:
        super().__init__(cut)
        self.stall_at, self.stall = stall_at, stall

    def get(self, key: str, default: Any = None) -> Any:
        """Look one up, slowly if it is the one."""
        if key == self.stall_at:
            self.stall()
        return super().get(key, default)


def write_round(store: Store, number: int, stall_at: str = "", stall: Callable[[], Any] = bool) -> list[UpsertCounts]:
    """Write a round in several transactions."""
    run_id = store.begin_run("rounds.csv", str(number), {})
    items = round_of(number)
    cut = Stalling({item.feedback_id: statements(item) for item in items}, stall_at, stall)
    counts = [store.upsert_feedback(items[at : at + BATCH], cut, run_id) for at in range(0, PEOPLE, BATCH)]
    store.finish_run(run_id, {})
    return counts


@contextmanager
def killed_at_the_end(script: str, url: str) -> Iterator[Callable[[], str]]:
    """Run a script in a process of its own, give a way to read its next line, and kill it without warning."""
    command = [sys.executable, "-c", script, url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]) as child:
        try:
            yield lambda: child.stdout.readline().strip() if child.stdout else ""
        finally:
            child.send_signal(signal.SIGKILL)


def check_file(url: str) -> None:
    """Ask SQLite itself whether the file is whole."""
    if url.startswith("sqlite"):
        connection = sqlite3.connect(parse_url(url).database or "")
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        connection.close()


def test_killed_inside_a_transaction_nothing_of_it_is_there(store_url: str) -> None:
    with killed_at_the_end(STALLING, store_url) as next_line:
        assert next_line() == "inside"
    check_file(store_url)
    with Store.open(store_url) as store:
        frames = store.read_frames()
        old, new = round_of(1), round_of(2)
        expected = [*new[:BATCH], *old[BATCH:]]  # one batch was committed, the second one was being written
        assert frames["feedback"].select("feedback_id", "text").rows() == [(i.feedback_id, i.text) for i in expected]
        assert frames["statements"].select("statement_id", "text").rows() == [
            (statement.statement_id, statement.text) for item in expected for statement in statements(item)
        ]
        assert [run["state"] for run in store.runs()] == ["done", "interrupted"]
        left = (PEOPLE - BATCH) // BATCH
        assert write_round(store, 2) == [UpsertCounts(0, 0, BATCH), *[UpsertCounts(0, BATCH, 0)] * left]
        assert store.read_frames()["feedback"]["text"].to_list() == [item.text for item in new]


@pytest.mark.parametrize("seconds", [0.01, 0.025])
def test_killed_at_any_moment_every_row_is_whole(store_url: str, seconds: float) -> None:
    with killed_at_the_end(ENDLESS, store_url) as next_line:
        assert next_line() == "1"
        time.sleep(seconds)
    check_file(store_url)
    with Store.open(store_url) as store:
        frames = store.read_frames()
    joined = frames["feedback"].join(frames["statements"], on="feedback_id", suffix="_of_statement")
    assert frames["feedback"]["n_statements"].to_list() == [3] * PEOPLE
    assert joined.height == 3 * PEOPLE
    cut = joined.select(pl.col("text").str.slice("start", pl.col("end") - pl.col("start"))).to_series()
    assert cut.to_list() == joined["text_of_statement"].to_list()


def test_readers_see_the_old_data_until_a_writer_is_done(store_url: str) -> None:
    reached, go = threading.Event(), threading.Event()

    def stall() -> None:
        reached.set()
        assert go.wait(20)

    new = feedback("f1", "Now it works.")
    with Store.open(store_url) as writer, Store.open(store_url) as reader:
        ingest(writer, feedback("f1"))
        run_id = writer.begin_run("x.csv", "0", {})
        version, before = reader.data_version(), reader.read_frames()
        slow = Stalling({"f1": statements(new)}, "f1", stall)
        thread = threading.Thread(target=writer.upsert_feedback, args=([new], slow, run_id))
        thread.start()
        try:
            assert reached.wait(20)  # the old statements are deleted, the transaction is open
            during = reader.read_frames()
            assert all(during[name].equals(before[name]) for name in before)
            assert reader.data_version() == version
            for read_only in (False, True):
                with Store.open(store_url, read_only=read_only) as late:  # opening does not wait either
                    assert late.read_frames()["feedback"].equals(before["feedback"])
        finally:
            go.set()
            thread.join()
        assert reader.data_version() == version + 1
        assert reader.read_frames()["statements"]["text"].to_list() == ["Now it works."]


def test_writers_take_turns(store_url: str) -> None:
    problems: list[BaseException] = []

    def write(number: int) -> None:
        try:
            with Store.open(store_url) as store:
                run_id = store.begin_run("x.csv", str(number), {})
                for at in range(10):
                    items = [feedback(f"f{(at * 7 + n) % 30}", f"Writer {number}. Turn {at}.") for n in range(20)]
                    items.sort(key=lambda item: item.text if number % 2 else item.feedback_id)
                    store.upsert_feedback(items, {item.feedback_id: statements(item) for item in items}, run_id)
        except BaseException as error:
            problems.append(error)

    with Store.open(store_url) as store:
        threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert problems == []
        assert store.data_version() == WRITERS * 11
        frames = store.read_frames()
    assert frames["feedback"]["n_statements"].to_list() == [2] * 30
