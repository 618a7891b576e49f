"""Feedback, statements, runs, scales and duplicates: what comes back is what went in."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone

import polars as pl
import pytest

from feedback_nlp.errors import MappingError, StoreError
from feedback_nlp.records import ScoreScale
from feedback_nlp.store import Store, UpsertCounts
from tests.store_rows import SENTENCES, feedback, ingest, publish, statements, tag_all


def test_every_language_comes_back_letter_by_letter(store_url: str) -> None:
    items = [feedback(f"f-{code}", text, language=code) for code, text in SENTENCES.items()]
    with Store.open(store_url) as store:
        ingest(store, *items)
        frames = store.read_frames()
    assert dict(frames["feedback"].select("feedback_id", "text").iter_rows()) == {i.feedback_id: i.text for i in items}
    expected = [
        (s.statement_id, s.feedback_id, s.start, s.end, s.text, s.language, s.text_hash)
        for item in sorted(items, key=lambda item: item.feedback_id)
        for s in statements(item)
    ]
    columns = ["statement_id", "feedback_id", "start", "end", "text", "language", "text_hash"]
    assert frames["statements"].select(columns).rows() == expected
    assert len(expected) == 12


def test_a_whole_row_comes_back(store_url: str) -> None:
    full = feedback(
        "f1",
        response_id="r1",
        external_id="17",
        customer_id="c9",
        source="ticket",
        channel="e-mail",
        question="Di' perché",
        created_at=datetime(2026, 3, 1, 1, 30, 0, 250, tzinfo=timezone(timedelta(hours=2))),
        scores={"nps": 9.0, "csat": 4.5},
        segments={"plan": "Żółty", "region": "الشرق"},
        non_answer="nothing",
        weight=0.1,
    )
    with Store.open(store_url) as store:
        ingest(store, full, feedback("f2", created_at=datetime(2026, 3, 2, 12)))
        rows = store.read_frames()["feedback"].rows(named=True)
    assert rows[0] == {
        "feedback_id": "f1",
        "response_id": "r1",
        "external_id": "17",
        "customer_id": "c9",
        "source": "ticket",
        "channel": "e-mail",
        "question": "Di' perché",
        "language": "en",
        "created_at": datetime(2026, 2, 28, 23, 30, 0, 250),
        "text": SENTENCES["en"],
        "is_non_answer": True,
        "non_answer": "nothing",
        "asides": "[]",
        "duplicate_of": None,
        "duplicate_kind": None,
        "scores": '{"csat":4.5,"nps":9.0}',
        "segments": '{"plan":"Żółty","region":"الشرق"}',
        "weight": 0.1,
        "n_statements": 2,
    }
    assert (rows[1]["created_at"], rows[1]["customer_id"], rows[1]["scores"]) == (datetime(2026, 3, 2, 12), None, "{}")
    assert rows[1]["weight"] == 1.0


def test_the_same_batch_again_changes_nothing(store_url: str) -> None:
    items = [feedback("f1"), feedback("f2", SENTENCES["ar"])]
    cut = {item.feedback_id: statements(item) for item in items}
    with Store.open(store_url) as store:
        run_id = store.begin_run("x.csv", "0", {})
        assert store.upsert_feedback(items, cut, run_id) == UpsertCounts(added=2, updated=0, unchanged=0)
        before = store.read_frames()
        assert store.upsert_feedback(items[::-1], cut, run_id) == UpsertCounts(added=0, updated=0, unchanged=2)
        after = store.read_frames()
    assert all(before[name].equals(after[name]) for name in before)


def test_a_changed_row_is_replaced_with_all_that_hangs_on_it(store_url: str) -> None:
    with Store.open(store_url) as store:
        found = ingest(store, feedback("f1"), feedback("f2", SENTENCES["it"]))
        tag_all(store, publish(store), found)
        new = feedback("f1", "Now it works.")
        run_id = store.begin_run("x.csv", "0", {})
        counts = store.upsert_feedback([new, feedback("f2", SENTENCES["it"])], {"f1": statements(new)}, run_id)
        frames = store.read_frames()
    assert counts == UpsertCounts(added=0, updated=1, unchanged=1)
    assert frames["feedback"]["text"].to_list() == ["Now it works.", SENTENCES["it"]]
    assert frames["feedback"]["n_statements"].to_list() == [1, 2]
    kept = [s.statement_id for s in found if s.feedback_id == "f2"]
    assert frames["statements"].select("statement_id", "best_theme_id").rows() == [
        (statements(new)[0].statement_id, None),
        *((statement_id, "t-staff") for statement_id in kept),
    ]
    assert frames["mentions"]["statement_id"].to_list() == sorted(kept)


def test_of_a_repeated_id_the_last_counts(store_url: str) -> None:
    first, last = feedback("f1", "First."), feedback("f1", "Last.")
    with Store.open(store_url) as store:
        run_id = store.begin_run("x.csv", "0", {})
        counts = store.upsert_feedback([first, last], {"f1": statements(last)}, run_id)
        texts = store.read_frames()["feedback"]["text"].to_list()
    assert (counts, texts) == (UpsertCounts(added=1, updated=0, unchanged=0), ["Last."])


def test_a_batch_is_stored_whole_or_not_at_all(store_url: str) -> None:
    items = [feedback("f1"), feedback("f2", SENTENCES["ro"])]
    cut = {"f1": statements(items[0]), "f2": statements(items[1]) * 2}  # the second one's statements come twice
    with Store.open(store_url) as store:
        run_id = store.begin_run("x.csv", "0", {})
        with pytest.raises(StoreError):
            store.upsert_feedback(items, cut, run_id)
        assert [store.counts()[name] for name in ("feedback", "statements")] == [0, 0]


def test_more_ids_than_a_database_takes_in_one_list(store_url: str) -> None:
    items = [feedback(f"f{number:05}", f"Text {number}.") for number in range(12_000)]
    with Store.open(store_url) as store:
        run_id = store.begin_run("x.csv", "0", {})
        store.upsert_feedback(items, {}, run_id)
        asked = [f"f{number:05}" for number in range(-20_000, 40_000)]
        assert store.known_content(asked) == {item.feedback_id: item.content_hash for item in items}
        assert store.known_content([]) == {}


def test_duplicates_point_to_the_smallest_id_of_what_came_together(store_url: str) -> None:
    items = [
        feedback("f3", "Fine."),
        feedback("f1", "Fine."),
        feedback("F2", "Fine."),  # capital letters sort first, in both databases
        feedback("f4", "Fine.", question="Another question"),
        feedback("f5", "Good."),
        feedback("f6", ""),
        feedback("f7", ""),
        feedback("f8", "", duplicate_key="same"),
        feedback("f9", "", duplicate_key="same"),
    ]
    with Store.open(store_url) as store:
        ingest(store, *items)
        assert store.refresh_duplicates() == 2
        assert _duplicates(store) == {"f1": "F2", "f3": "F2"}
        ingest(store, feedback("F2", "Changed."), feedback("A", "Good."))
        assert store.refresh_duplicates() == 2
        assert _duplicates(store) == {"f3": "f1", "A": "f5"}
        ingest(store, feedback("f3", "No longer."))
        assert store.refresh_duplicates() == 1
        assert _duplicates(store) == {"A": "f5"}


def _duplicates(store: Store) -> dict[str, str]:
    frame = store.read_frames()["feedback"].filter(pl.col("duplicate_of").is_not_null())
    return dict(frame.select("feedback_id", "duplicate_of").iter_rows())


def test_runs_keep_what_they_counted(store_url: str) -> None:
    with Store.open(store_url) as store:
        first = store.begin_run("a.csv", "aa", {"languages": ("en", "ar")})
        second = store.begin_run("b.csv", "bb", {})
        store.finish_run(first, {"added": 3, "rejected": 1})
        store.finish_run(second, {}, state="failed")
        third = store.begin_run("c.csv", "cc", {})
        runs = store.runs()
        with pytest.raises(StoreError, match="There is no ingest run 99"):
            store.finish_run(99, {})
    shown = [(run["run_id"], run["file_name"], run["file_hash"], run["state"], run["counts"]) for run in runs]
    assert shown == [
        (first, "a.csv", "aa", "done", {"added": 3, "rejected": 1}),
        (second, "b.csv", "bb", "failed", {}),
        (third, "c.csv", "cc", "running", {}),
    ]
    assert runs[0]["settings"] == {"languages": ["en", "ar"]}
    assert runs[0]["started_at"] <= runs[0]["finished_at"] <= datetime.now(UTC)
    assert runs[2]["finished_at"] is None


def test_a_run_whose_process_is_gone_is_interrupted(store_url: str) -> None:
    begin = f"from feedback_nlp.store import Store; Store.open({store_url!r}).begin_run('x.csv', '0', {{}})"
    subprocess.run([sys.executable, "-c", begin], check=True)
    with Store.open(store_url) as store:
        assert [run["state"] for run in store.runs()] == ["interrupted"]


def test_a_scale_is_never_changed_silently(store_url: str) -> None:
    nps = ScoreScale("nps", "nps", 0, 10)
    effort = ScoreScale("effort", "ces", 1, 5, higher_is_better=False)
    with Store.open(store_url) as store:
        store.upsert_scales([nps, effort])
        store.upsert_scales([nps])
        with pytest.raises(MappingError) as caught:
            store.upsert_scales([ScoreScale("csat", "csat", 1, 5), ScoreScale("effort", "ces", 1, 7)])
        assert store.scales() == [effort, nps]  # all or nothing: csat is not there
        assert store.read_frames()["scales"].rows() == [
            ("effort", "ces", 1.0, 5.0, False),
            ("nps", "nps", 0.0, 10.0, True),
        ]
    assert str(caught.value) == (
        "Score 'effort' is ces 1-7 with higher better here but ces 1-5 with lower better in the database, and scores "
        "of two scales must not be mixed. Correct the scale or give the score another name."
    )
