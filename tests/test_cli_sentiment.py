"""`feedback-nlp sentiment ...`: the lists, explanations and tuning, their JSON, and errors that tell the next step."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from feedback_nlp.records import SentimentScore
from tests.command import Answer, run_command, settle_in
from tests.topic_store import fill_and_publish

ANGRY = SentimentScore(-0.9, "negative", 0.95, {"anger": 0.9, "worry": 0.6}, {"complaint": 0.9})
LEAVING = SentimentScore(-0.7, "negative", 0.9, {"anger": 0.7}, {"churn": 0.8, "urgent": 0.6})
HAPPY = SentimentScore(0.9, "positive", 0.95, {}, {})


Shell = Callable[..., Answer]


@pytest.fixture
def sentiment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Run `sentiment ...` in an empty folder."""
    settle_in(monkeypatch, tmp_path)
    return lambda *words: run_command(capsys, "sentiment", *words)


@pytest.fixture
def filled(sentiment: Shell, tmp_path: Path) -> Shell:
    """The same on four topics in three languages: two of three apps annoy, one makes people leave, staff pleases."""
    with fill_and_publish(tmp_path / "feedback.db") as store:
        statements = store.read_frames()["statements"].sort("statement_id")["statement_id"].to_list()
        scores = [HAPPY if "-app-" not in name else LEAVING if name.endswith("2") else ANGRY for name in statements]
        store.set_sentiment("made-up", statements, scores)
    return sentiment


def test_summary_counts_answers_with_share_and_interval(filled: Shell):
    rows = {(row["kind"], row["name"]): row for row in filled("summary", "--json").json}
    anger, churn = rows["emotion", "anger"], rows["intent", "churn"]
    assert (anger["n_feedback"], anger["base"], anger["share"]) == (36, 144, 0.25)
    assert 0.18 < anger["share_low"] < 0.25 < anger["share_high"] < 0.34
    assert churn["n_feedback"] == 12 and rows["emotion", "none"]["n_feedback"] == 108
    told = filled("summary").out.splitlines()
    assert any(line.split()[:5] == ["emotion", "anger", "36", "144", "25.0%"] for line in told)


def test_views_and_themes_narrow_what_is_counted(filled: Shell):
    rows = {row["name"]: row for row in filled("summary", "--only-language", "ru", "--json").json}
    assert (rows["anger"]["n_feedback"], rows["anger"]["base"]) == (12, 48)
    rows = {row["name"]: row for row in filled("summary", "--theme", "t-staff", "--json").json}
    assert rows["none"]["n_feedback"] == rows["none"]["base"] == 36


def test_lists_show_ids_probabilities_and_how_many_more(filled: Shell):
    found = filled("churn", "--limit", "2", "--json").json
    assert found["total"] == 12 and len(found["statements"]) == 2 and not found["suppressed"]
    assert {row["probability"] for row in found["statements"]} == {0.8}
    assert all(row["statement_id"].startswith("s-app-") for row in found["statements"])
    told = filled("churn", "--limit", "2").out
    assert "12 statements. 10 more: raise --limit." in told and found["statements"][0]["statement_id"] in told
    assert filled("urgent", "--json").json["total"] == 12
    assert filled("urgent", "--theme", "t-staff", "--json").json["total"] == 0


def test_any_emotion_or_intent_can_be_listed(filled: Shell):
    worried = filled("list", "--emotion", "worry", "--json").json
    assert worried["total"] == 24 and worried["statements"][0]["probability"] == 0.6
    assert filled("list", "--emotion", "worry", "--theme", "t-delivery", "--json").json["total"] == 0
    assert filled("list", "--intent", "complaint", "--json").json["total"] == 24
    assert filled("list", "--emotion", "anger", "--only-language", "it", "--json").json["total"] == 12


def test_disagreements_come_with_text_and_how_to_read(filled: Shell):
    found = filled("disagreements", "--json").json
    # Delivery is praised and gave 3 of 10, the price is praised and gave 6; apps annoy and gave 0.
    assert found["total"] == 72 and found["items"][0]["score_value"] == 3.0
    assert "NPS 3 is at the bottom of its scale, and the text is positive" in found["items"][0]["reason"]
    told = filled("disagreements", "--limit", "1").out
    assert found["items"][0]["feedback_id"] in told and "To be looked at, not errors." in told


@pytest.mark.parametrize("words", [("summary",), ("churn",), ("list", "--emotion", "anger"), ("disagreements",)])
def test_too_few_people_are_not_listed(filled: Shell, words: tuple[str, ...]):
    answer = filled(*words, "--set", "privacy_minimum=500")
    assert answer.code == 1 and answer.out == "" and "fewer than 500 people" in answer.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("list",), "Name one: --intent (complaint,"),
        (("list", "--intent", "churn", "--emotion", "anger"), "Name one: --intent"),
        (("churn", "--theme", "nowhere"), "There is no theme 'nowhere'"),
        (("disagreements", "--score", "csat"), "There is no score 'csat'"),
        (("explain",), "Name one thing to explain"),
        (("explain", "s-app-en-00", "--text", "x"), "Name one thing to explain"),
        (("explain", "s-app-en-00", "--language", "en"), "--language and --question are for --text"),
        (("explain", "--text", "x", "--language", "zz9"), "is no language code"),
        (("explain", "--text", "x", "--set", "sentiment=off"), "sentiment = 'off'"),
    ],
)
def test_what_cannot_be_meant_is_refused(filled: Shell, words: tuple[str, ...], message: str):
    answer = filled(*words)
    assert answer.code == 2 and message in answer.err


def test_a_database_that_is_not_there_is_not_made(sentiment: Shell, tmp_path: Path):
    answer = sentiment("summary")
    assert answer.code == 1 and "There is no database feedback.db yet" in answer.err
    assert not (tmp_path / "feedback.db").exists()


@pytest.mark.slow
def test_explain_shows_the_score_and_its_words(sentiment: Shell):
    found = sentiment("explain", "--text", "The app is slow", "--language", "English", "--json").json
    assert found["score"]["label"] == "negative" and found["language"] == "en"
    assert found["evidence"][0]["text"] == "slow" and found["evidence"][0]["contribution"] < 0
    told = sentiment("explain", "--text", "The app is slow").out
    assert "negative, probability" in told and "  slow\n" in told and "do not add up" in told


def write(path: Path, rows: list[tuple[str, ...]]) -> Path:
    path.write_text("\n".join(",".join(row) for row in rows) + "\n", encoding="utf-8")
    return path


def labelled() -> list[tuple[str, ...]]:
    """120 rows whose labels turn the feelings round: what the bundled head gets wrong for certain, and can learn."""
    things = ("app", "driver", "hotel", "menu", "router", "shop")
    good, bad = ("great", "lovely", "fast", "clean", "perfect"), ("slow", "rude", "broken", "dirty", "awful")
    rows = [
        (f"The {thing} was {word} {when}", *label)
        for words, label in ((good, ("neg", "1")), (bad, ("POS", "5")))
        for when in ("today", "on Monday")
        for thing in things
        for word in words
    ]
    return [("comment", "mood", "stars"), *rows]


@pytest.mark.slow
def test_tune_writes_a_head_that_the_setting_takes(sentiment: Shell, tmp_path: Path):
    file = write(tmp_path / "rows.csv", labelled())
    words = ("--text", "comment", "--set", "workers=1")
    answer = sentiment("tune", str(file), *words, "--label", "mood", "--out", "head.safetensors", "--json")
    found = answer.json
    assert answer.code == 0 and found["refusal"] is None and found["n_labels"] == {"negative": 60, "positive": 60}
    assert found["gains"]["macro_f1"]["low"] > 0 and found["after"]["accuracy"] > 0.8 > found["before"]["accuracy"]
    described = json.loads((tmp_path / "head.json").read_text(encoding="utf-8"))
    assert described["tuned"]["n"] == 120 and described["tuned"]["after"] == found["after"]
    assert "driver" not in json.dumps(described)
    told = ("explain", "--text", "The driver was lovely!", "--language", "en", "--json")
    bundled, tuned = sentiment(*told).json, sentiment(*told, "--set", "sentiment=head.safetensors").json
    assert (bundled["score"]["label"], tuned["score"]["label"]) == ("positive", "negative")
    # What is likely stays so; but joy is not told of what has become blame.
    assert "joy" in bundled["score"]["emotions"] and "joy" not in tuned["score"]["emotions"]
    assert tuned["score"]["emotions"].items() <= bundled["score"]["emotions"].items()
    assert tuned["scorer_key"].startswith("tuned-") and tuned["scorer_key"] != bundled["scorer_key"]
    # The order of the rows counts for nothing, and scores say the same as labels.
    turned = write(tmp_path / "turned.csv", [labelled()[0], *labelled()[:0:-1]])
    sentiment("tune", str(turned), *words, "--score", "stars=stars", "--out", "again.safetensors", "--json")
    assert (tmp_path / "again.safetensors").read_bytes() == (tmp_path / "head.safetensors").read_bytes()


@pytest.mark.slow
def test_tune_says_why_it_writes_nothing(sentiment: Shell, tmp_path: Path):
    rows = [("comment", "mood"), *((f"The parcel is number {i}", "neg") for i in range(30))]
    answer = sentiment("tune", str(write(tmp_path / "few.csv", rows)), *("--text", "comment", "--label", "mood"),
                       *("--out", "head.safetensors"))  # fmt: skip
    assert answer.code == 1 and "Not written. 30 rows can be used, and fewer than 50" in answer.out
    assert not (tmp_path / "head.safetensors").exists() and not (tmp_path / "head.json").exists()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--label", "mood"), "numbers from 1 to 3, and which of them is negative is not said"),
        (("--label", "remark"), "3 distinct values, 3 of which are no label"),
        (("--label", "kind"), "'fast', 'slow' (3 of 3 rows) cannot be understood"),
        (("--label", "comment"), "--label 'comment' is told as --text already"),
        (("--label", "moods"), "Did you mean 'mood'?"),
        ((), "either --label COLUMN or --score NAME=COLUMN"),
        (("--label", "mood", "--score", "stars=mood"), "either --label COLUMN or --score NAME=COLUMN"),
        (("--score", "mood=mood"), "a score of one's own needs its scale"),
        (("--score", "stars=kind"), "0% of the values in 'kind' are numbers"),
        (("--label", "mood", "--group", "who"), "--group 'who': the file has no such column"),
    ],
)
def test_what_a_file_does_not_hold_is_said_without_a_text(
    sentiment: Shell, tmp_path: Path, flags: tuple[str, ...], message: str
):
    rows = [("comment", "mood", "kind", "remark"), *(
        (f"remark of Anna {i}", str(i), ("slow", "fast")[i % 2], f"what Bob said about them and the rest of it {i}")
        for i in (1, 2, 3)
    )]  # fmt: skip
    file = write(tmp_path / "rows.csv", rows)
    answer = sentiment("tune", str(file), "--text", "comment", *flags, "--out", "head.safetensors")
    assert answer.code == 2 and message in answer.err
    assert "Anna" not in answer.err and "Bob" not in answer.err


@pytest.mark.parametrize(
    ("out", "message"),
    [("head.bin", "Name it head.safetensors"), ("nowhere/head.safetensors", "The folder nowhere of the head")],
)
def test_a_place_that_cannot_be_written_is_said_before_the_work(sentiment: Shell, out: str, message: str):
    answer = sentiment("tune", "rows.csv", "--text", "a", "--label", "b", "--out", out)
    assert answer.code == 2 and message in answer.err
