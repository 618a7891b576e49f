"""drivers, priorities, segments, trends, emerging, actions, callbacks: words, JSON, and errors with a next step."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.app_data import fill_store
from tests.command import Answer, run_command, settle_in
from tests.topic_store import fill_and_publish

Shell = Callable[..., Answer]


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Run a command in an empty folder."""
    settle_in(monkeypatch, tmp_path)
    return partial(run_command, capsys)


@pytest.fixture
def filled(shell: Shell, tmp_path: Path) -> Shell:
    """The same on 300 made-up responses over eight months."""
    fill_store(tmp_path / "feedback.db", 300, hostile=False)
    return shell


def ids(shell: Shell) -> dict[str, str]:
    """Theme ids by label."""
    rows: Any = shell("themes", "list", "--json").json
    rows = rows if isinstance(rows, list) else rows["themes"]
    return {row["label"]: row["theme_id"] for row in rows}


def test_drivers_add_up_in_json_as_in_words(filled: Shell) -> None:
    found = filled("drivers", "--json").json
    parts = [row["contribution"] for row in found["themes"] if row["contribution"] is not None]
    assert parts
    assert found["baseline"] + sum(parts) == pytest.approx(found["score"], abs=1e-9)
    said = filled("drivers")
    assert said.code == 0
    assert f"{found['score']:+.1f} over {found['n']:,} responses" in said.out
    assert "Associations, not effects" in said.out
    assert "what adds is the score" in said.out
    assert filled("drivers", "--outcome", "csat", "--level", "2", "--plain", "--json").json["controls"] == []
    assert filled("drivers", "--json").out == filled("drivers", "--json").out


def test_too_few_people_end_in_a_next_step(filled: Shell) -> None:
    answer = filled("drivers", "--set", "privacy_minimum=1000")
    assert answer.code == 1
    assert "Widen" in answer.err
    assert filled("drivers", "--outcome", "npss").err.startswith("Error: There is no score 'npss'. Did you mean 'nps'")


def test_priorities_sort_by_a_factor_and_name_who_does_it(filled: Shell) -> None:
    theme = filled("priorities", "--json").json["themes"][0]
    filled("actions", "add", theme["theme_id"], "More agents", "--owner", "care", "--effort", "2")
    rows = filled("priorities", "--sort", "reach", "--json").json["themes"]
    assert [row["reach"] for row in rows] == sorted((row["reach"] for row in rows), reverse=True)
    assert next(row for row in rows if row["theme_id"] == theme["theme_id"])["owner"] == "care"
    assert "(care, planned)" in filled("priorities").out
    assert filled("priorities", "--sort", "magic").code == 2


def test_segments_are_compared_with_everybody_else(filled: Shell) -> None:
    found = filled("segments", "--by", "plan", "--words", "--json").json
    shown = [row for row in found["scores"] if row["difference"] is not None]
    assert shown
    for row in shown:
        assert row["difference_low"] <= row["difference"] <= row["difference_high"]
        assert 0 <= row["q"] <= 1
    assert set(found) == {"outcome", "weighted", "effective_n", "scores", "sentiment", "themes", "words"}
    assert not found["weighted"]
    assert found["sentiment"][0]["value"] != found["scores"][0]["value"]
    label, theme = next(iter(ids(filled).items()))
    assert (
        filled("segments", "--by", "plan", "--theme", label, "--json").json
        == filled("segments", "--by", "plan", "--theme", theme, "--json").json
    )
    assert "Did you mean 'plan'" in filled("segments", "--by", "plann").err


def test_segments_are_crossed(filled: Shell) -> None:
    found = filled("segments", "--by", "plan", "--across", "region", "--json").json
    assert [len(found[name]) for name in ("scores", "sentiment")] == [12, 12]
    assert {row["across_value"] for row in found["themes"]} == {"East", "North", "South", "West"}
    assert any(row["q"] is not None for row in found["themes"])
    said = filled("segments", "--by", "plan", "--across", "region").out
    assert "NPS by plan and region, against everybody else" in said
    assert "Net sentiment by plan and region" in said
    assert "  Basic, North: " in said
    assert "are hidden: too few people, or to be found by subtraction" in said
    label, theme = next(iter(ids(filled).items()))
    of_one = filled("segments", "--by", "plan", "--across", "region", "--theme", label, "--json").json["themes"]
    assert {row["theme_id"] for row in of_one} == {theme}
    assert filled("segments", "--by", "plan", "--across", "region", "--words").code == 2
    assert "cannot be crossed with itself" in filled("segments", "--by", "plan", "--across", "plan").err
    assert "Did you mean 'region'" in filled("segments", "--by", "plan", "--across", "regio").err


def test_trends_tell_the_score_the_theme_and_what_changed(filled: Shell) -> None:
    found = filled("trends", "--json").json
    assert len(found["scores"]) == 9
    assert {"expected", "alarm", "q"} <= set(found["themes"][0])
    weeks = filled("trends", "--unit", "week", "--json").json["scores"]
    assert len(weeks) > 4 * 8
    assert filled("trends", "--unit", "quarter").code == 2
    change = filled("trends", "--changed", "2025-05-01", "--json").json
    total = sum(row["total"] for row in change["themes"])
    assert change["baseline"] + total == pytest.approx(change["change"], abs=1e-9)
    assert "is the sum. Associations, not causes." in filled("trends", "--changed", "2025-05-01").out
    theme = next(iter(ids(filled).values()))
    assert len(filled("trends", "--theme", theme, "--json").json["periods"]) == 9
    assert filled("trends", "--theme", theme, "--changed", "2025-05-01").code == 2
    assert filled("trends", "--changed", "1 May").code == 2


def test_an_action_is_registered_changed_and_followed_up(filled: Shell) -> None:
    theme = next(iter(ids(filled).values()))
    words = ("actions", "add", theme, "Call back in a day", "--since", "2025-05-01", "--where", "plan=Basic", "--json")
    added = filled(*words).json["actions"][0]
    assert (added["action_id"], added["state"], added["segments"]) == (1, "planned", {"plan": ["Basic"]})
    assert filled("actions", "edit", "1", "--state", "done", "--json").json["actions"][0]["state"] == "done"
    listed = filled("actions", "list")
    assert "Call back in a day" in listed.out
    assert "touches plan = Basic" in listed.out
    effect = filled("actions", "effect", "1", "--json").json
    assert effect["verdict"] == "not enough data yet"
    assert effect["control"] == "everybody else"
    assert "8 are needed on either side" in filled("actions", "effect", "1").out
    scores = filled("actions", "effect", "1", "--measure", "score", "--outcome", "nps", "--unit", "week", "--json").json
    assert (scores["control"], scores["points"]) == ("everybody else", "NPS points")
    assert {"value", "control_value", "expected", "left_out"} <= set(scores["series"][0])
    assert "weeks" in filled("actions", "effect", "1", "--measure", "score", "--unit", "week").out
    assert filled("actions", "effect", "1", "--outcome", "nps").code == 2
    assert filled("actions", "edit", "1").code == 2
    assert "no action 9" in filled("actions", "edit", "9", "--state", "done").err
    assert "not a date" in filled("actions", "add", theme, "x", "--since", "May").err


def test_call_backs_ask_for_the_column_and_are_written_harmlessly(filled: Shell, tmp_path: Path) -> None:
    assert "--asked COLUMN" in filled("callbacks").err
    assert filled("callbacks", "--asked", "plan", "--json").json["calls"] == []
    assert filled("callbacks", "--owner", "ben").code == 2
    assert filled("callbacks", "--asked", "plan", "--out", "calls.csv").code == 0
    assert (tmp_path / "calls.csv").read_text(encoding="utf-8-sig").startswith("feedback_id,")
    assert filled("callbacks", "--asked", "plan", "--out", "calls.doc").code == 2


def test_emerging_groups_are_listed_and_refused_by_name(shell: Shell, tmp_path: Path) -> None:
    fill_and_publish(tmp_path / "feedback.db").close()
    answer = shell("emerging", "--label", "x")
    assert answer.code == 2
    assert "--accept" in answer.err


def test_without_a_database_the_first_step_is_told(shell: Shell) -> None:
    for words in (
        ("drivers",),
        ("priorities",),
        ("segments", "--by", "plan"),
        ("trends",),
        ("emerging",),
        ("callbacks",),
    ):
        answer = shell(*words, "--json")
        assert answer.code == 1
        assert "feedback-nlp run FILE" in json.loads(answer.out)["error"]["message"]
