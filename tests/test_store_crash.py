"""Two programs at once, and a program that is killed in the middle."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from feedback_nlp.records import Feedback, Statement
from feedback_nlp.store import Store, UpsertCounts
from feedback_nlp.store.database import parse_url
from tests.store_rows import feedback, ingest, statements

PEOPLE, BATCH, WRITERS = 60, 20, 4

# Each round rewrites every feedback with other words, so that a torn write shows as words of two rounds.
ENDLESS = """
import sys
from feedback_nlp.store import Store
from tests.test_store_crash import write_round
with Store.open(sys.argv[1]) as store:
    number = 0
    while True:
        number += 1
        write_round(store, number)
        print(number, flush=True)
"""


def round_of(number: int) -> list[Feedback]:
    """The feedback of one round: always the same people, always three statements each."""
    words = f"Round {number} begins. Round {number} goes on. Round {number} ends."
    return [feedback(f"f{person:03}", words) for person in range(PEOPLE)]


def write_round(store: Store, number: int) -> list[UpsertCounts]:
    """Write a round in several transactions."""
    run_id = store.begin_run("endless.csv", str(number), {})
    items = round_of(number)
    cut = {item.feedback_id: statements(item) for item in items}
    counts = [store.upsert_feedback(items[at : at + BATCH], cut, run_id) for at in range(0, PEOPLE, BATCH)]
    store.finish_run(run_id, {})
    return counts


def test_a_killed_writer_leaves_whole_rows_and_can_be_run_again(store_url: str) -> None:
    for rounds in (1, 3, 2):
        command = [sys.executable, "-c", ENDLESS, store_url]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1])
        assert child.stdout is not None
        for _ in range(rounds):
            assert child.stdout.readline().strip().isdigit()
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        with Store.open(store_url) as store:
            frames = store.read_frames()
            states = [run["state"] for run in store.runs()]
        assert set(states) <= {"done", "interrupted"}
        joined = frames["feedback"].join(frames["statements"], on="feedback_id", suffix="_of_statement")
        assert frames["feedback"]["n_statements"].to_list() == [3] * PEOPLE
        assert joined.height == 3 * PEOPLE
        cut = joined.select(pl.col("text").str.slice("start", pl.col("end") - pl.col("start"))).to_series()
        assert cut.to_list() == joined["text_of_statement"].to_list()
    if store_url.startswith("sqlite"):
        with sqlite3.connect(parse_url(store_url).database or "") as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    with Store.open(store_url) as store:
        write_round(store, 1_000_000)
        assert write_round(store, 1_000_000) == [UpsertCounts(0, 0, BATCH)] * (PEOPLE // BATCH)
        assert {row[0] for row in store.read_frames()["feedback"].select("text").iter_rows()} == {
            round_of(1_000_000)[0].text
        }


class Slow(Mapping[str, Sequence[Statement]]):
    """Statements that stop a write in the middle of its transaction until they are let go."""

    def __init__(self, cut: dict[str, list[Statement]]) -> None:
        self.cut, self.reached, self.go = cut, threading.Event(), threading.Event()

    def __getitem__(self, key: str) -> Sequence[Statement]:
        self.reached.set()
        assert self.go.wait(20)
        return self.cut[key]

    def __iter__(self) -> Any:
        return iter(self.cut)

    def __len__(self) -> int:
        return len(self.cut)


def test_readers_see_the_old_data_until_a_writer_is_done(store_url: str) -> None:
    new = feedback("f1", "Now it works.")
    slow = Slow({"f1": statements(new)})
    with Store.open(store_url) as writer, Store.open(store_url, read_only=True) as reader:
        ingest(writer, feedback("f1"))
        run_id = writer.begin_run("x.csv", "0", {})
        version, before = reader.data_version(), reader.read_frames()
        thread = threading.Thread(target=writer.upsert_feedback, args=([new], slow, run_id))
        thread.start()
        try:
            assert slow.reached.wait(20)  # the old statements are deleted, the transaction is open
            during = reader.read_frames()
            assert all(during[name].equals(before[name]) for name in before)
            assert reader.data_version() == version
        finally:
            slow.go.set()
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
