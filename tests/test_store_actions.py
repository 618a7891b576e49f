"""Actions and calls in both databases: written, changed, refused, and gone with the feedback."""

from __future__ import annotations

from pathlib import Path

import pytest

from feedback_nlp.errors import UsageError
from feedback_nlp.records import Call, Feedback
from feedback_nlp.store import Store
from tests.topic_store import fill_and_publish


def test_an_action_is_kept_as_it_was_said_and_changed_field_by_field(tmp_path: Path) -> None:
    with fill_and_publish(tmp_path / "x.db") as store:
        first = store.add_action("t-app", "Faster login", "ana", owner="web", since="2026-02-01", effort=2)
        second = store.add_action("t-staff", "Training", "ben", segments={"topic": ("staff", "app")})
        assert (first, second) == (1, 2)
        store.change_action(first, state="done", hypothesis="fewer complaints about login", due="2026-03-01")
        action = store.action(first)
        assert (action.theme_id, action.title, action.author, action.owner) == ("t-app", "Faster login", "ana", "web")
        assert (action.since, action.due, action.state, action.effort) == ("2026-02-01", "2026-03-01", "done", 2)
        assert action.hypothesis == "fewer complaints about login"
        assert [found.action_id for found in store.actions()] == [1, 2]
        assert store.action(second).segments == {"topic": ("staff", "app")}


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"since": "1 March"}, "since = '1 March' is not a date"),
        ({"state": "finished"}, "state = 'finished' is not one of planned, doing, done, dropped"),
        ({"effort": 6}, "from 1 .hours. to 5"),
        ({"control_theme_id": "t-ap"}, "no theme 't-ap' in any codebook. Did you mean 't-app'"),
        ({"title": "  "}, "needs a title"),
        ({"ownr": "x"}, "no field 'ownr'"),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(tmp_path: Path, facts: dict[str, object], said: str) -> None:
    with fill_and_publish(tmp_path / "x.db") as store:
        number = store.add_action("t-app", "Faster login", "ana")
        before = store.action(number)
        with pytest.raises(UsageError, match=said):
            store.change_action(number, **facts)
        assert store.action(number) == before
        with pytest.raises(UsageError, match="no action 99"):
            store.change_action(99, owner="x")
        with pytest.raises(UsageError, match="no theme 't-nothing'"):
            store.add_action("t-nothing", "x", "ana")


def test_a_call_is_opened_changed_and_forgotten_with_the_feedback(tmp_path: Path) -> None:
    with fill_and_publish(tmp_path / "x.db") as store:
        ids = ["f-app-en-00", "f-app-en-01"]
        store.set_calls(ids, "ana", owner="care", due="2026-01-05")
        store.set_calls(ids[:1], "ben", state="reached")
        calls = store.calls()
        assert [(c.feedback_id, c.owner, c.due, c.state, c.author) for c in calls] == [
            (ids[0], "care", "2026-01-05", "reached", "ben"),
            (ids[1], "care", "2026-01-05", "open", "ana"),
        ]
        assert isinstance(calls[0], Call)
        with pytest.raises(UsageError, match="no feedback 'f-none'"):
            store.set_calls(["f-none"], "ana", state="reached")
        with pytest.raises(UsageError, match="not one of open, reached"):
            store.set_calls(ids, "ana", state="rang")
        run = store.begin_run("more.csv", "more", {})
        store.upsert_feedback([Feedback("f-x", "r-x", "Call me", customer_id="C1", content_hash="x")], {"f-x": []}, run)
        store.set_calls(["f-x"], "ana")
        store.erase(["C1"])
        assert [c.feedback_id for c in store.calls()] == ids


def test_actions_live_in_both_databases(store_url: str) -> None:
    with Store.open(store_url) as store:
        assert store.actions() == []
        assert store.calls() == []
        with pytest.raises(UsageError, match="no theme"):
            store.add_action("t-app", "x", "ana")
