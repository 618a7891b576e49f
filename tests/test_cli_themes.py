"""Shaping themes from the command line: what is printed, what can be undone, and errors that tell the next step."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from feedback_nlp.records import Tag
from feedback_nlp.store import Store
from tests.command import Answer, run_command, settle_in
from tests.topic_store import PLACES, fill_and_publish, publish

DB = "sqlite:///feedback.db"
Shell = Callable[..., Answer]


@pytest.fixture
def themes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Run `themes ...` as Ana on four topics in three languages, without an encoder that could be loaded."""
    settle_in(monkeypatch, tmp_path)
    monkeypatch.setenv("FEEDBACK_AUTHOR", "Ana")
    monkeypatch.setenv("FEEDBACK_ENCODER", "there-is-no-such-encoder")
    fill_and_publish(tmp_path / "feedback.db").close()
    return partial(run_command, capsys, "themes")


def counts(themes: Shell) -> dict[str, int]:
    return {row["theme_id"]: row["n_feedback"] for row in themes("list", "--json").json}


def test_a_merge_says_who_when_what_changed_and_how_to_undo_it(themes: Shell) -> None:
    done = themes("merge", "t-app", "About t-staff", "--into", "about T-Delivery")
    lines = done.out.splitlines()
    assert (done.code, len(lines)) == (0, 3)
    for number, source in ((1, "t-app"), (2, "t-staff")):
        line = lines[number - 1]
        assert line.startswith(f"Edit {number}: merge {source} into t-delivery by Ana, 2")
        assert line.endswith(f" UTC. Undo it with: feedback-nlp themes undo {number}")
    assert lines[2] == "Codebook 2: 72 statements have other themes than before."
    assert counts(themes)["t-delivery"] == 108
    undone = themes("undo", "2")
    assert undone.out == "Edit 2 is undone.\nCodebook 3: 36 statements have other themes than before.\n"
    assert counts(themes) == {"t-delivery": 72, "t-staff": 36, "t-tech": 36}
    assert themes("history").out.splitlines()[-1].count("undone by Ana") == 1


def test_themes_are_made_split_moved_and_shown_by_example(themes: Shell) -> None:
    likes = ("s-price-en-00", "f-price-it-01", "s-price-ru-02")
    made = themes("create", "--label", "Prețuri", "--like", *likes, "--unlike", "s-app-en-00", "--json").json
    assert {key: made[key] for key in ("edit_id", "kind", "author", "label", "like", "unlike", "parent", "undo")} == {
        "edit_id": 1,
        "kind": "create",
        "author": "Ana",
        "label": "Prețuri",
        "like": ["s-price-en-00", "s-price-it-01", "s-price-ru-02"],
        "unlike": ["s-app-en-00"],
        "parent": None,
        "undo": "feedback-nlp themes undo 1",
    }
    assert (made["codebook_version"], made["n_retagged"], made["conflicts"]) == (2, 36, [])
    new = made["theme_id"]
    assert counts(themes)[new] == 36
    assert themes("move", "prețuri", "--to", "t-delivery").code == 0
    assert counts(themes)["t-delivery"] == 72
    assert themes("move", new, "--to-top").code == 0
    split = themes("split", "t-tech", "--label", "People", "--sub", "t-staff", "--json").json
    assert counts(themes)[split["theme_id"]] == 36 if split["theme_id"] != "t-tech" else True
    people = split["new_theme_id"]
    assert counts(themes)[people] == 36
    shown = themes("show", people, "--json").json
    assert [part["theme_id"] for part in shown["parts"]] == ["t-staff"]
    assert shown["theme"]["source"] == "person"
    assert themes("example", "t-app", "--like", "s-app-en-01", "s-app-it-01", "--json").json["like"] == [
        "s-app-en-01",
        "s-app-it-01",
    ]
    assert themes("pin", "t-app").code == 0
    assert "  Pinned: a later discovery leaves it as it is.\n" in themes("show", "t-app").out
    assert themes("unpin", "t-app").code == 0
    assert "Pinned" not in themes("show", "t-app").out


def test_the_list_says_what_a_theme_is(themes: Shell) -> None:
    themes("create", "--label", "Prices", "--like", "s-price-en-00", "s-price-it-01")
    lines = themes("list").out.splitlines()
    assert [line for line in lines if line.endswith("Prices  (person)")] != []
    assert themes("list", "--version", "2").out == "\n".join(lines) + "\n"
    older = themes("list", "--version", "1")
    assert "Prices" not in older.out
    assert older.err.startswith("Codebook 1 is not ready (it is being tagged, or another version took its place)")
    assert themes("list", "--version", "9").code == 2


def test_statements_are_assigned_and_listed(themes: Shell) -> None:
    assert themes("assign", "f-price-en-00", "About t-app").out.startswith(
        "Edit 1: assign t-app to statement s-price-en-00 by Ana, 2"
    )
    listed = themes("statements", "t-app", "--limit", "2", "--json").json
    assert (listed["total"], listed["suppressed"], len(listed["statements"])) == (37, False, 2)
    assert listed["statements"][0] == {
        "statement_id": "s-price-en-00",
        "feedback_id": "f-price-en-00",
        "text": "I mean the cost",
        "language": "en",
        "confidence": 1.0,
        "provenance": "person",
    }
    lines = themes("statements", "t-app", "--limit", "2").out.splitlines()
    assert lines[0] == "s-price-en-00  1.00 person  I mean the cost"
    assert lines[-1] == "37 statements. 35 more: raise --limit."
    assert themes("unassign", "s-price-en-00", "t-app").code == 0
    assert themes("statements", "t-app", "--json").json["total"] == 36


def test_what_a_person_should_look_at_is_listed_until_it_is_judged(themes: Shell) -> None:
    with Store.open(DB) as store:
        tags = [
            Tag("s-app-en-00", "t-app", 0.6, margin=0.02, review="close to another theme"),
            Tag("s-price-en-00", None, 0.4, "far from every theme", margin=0.01, review="just below the threshold"),
            Tag("s-staff-en-00", "t-staff", 0.9, margin=0.3),
        ]
        store.write_tags(1, tags, [])
    rows = themes("review", "--json").json["statements"]
    assert [(row["statement_id"], row["best_theme_label"], row["review"]) for row in rows] == [
        ("s-price-en-00", None, "just below the threshold"),
        ("s-app-en-00", "About t-app", "close to another theme"),
    ]
    assert themes("review", "--theme", "t-app").out.splitlines() == [
        "s-app-en-00  close to another theme (About t-app)  I mean the app",
        "1 statements.",
    ]
    assert themes("assign", "s-app-en-00", "t-app").code == 0
    assert [row["statement_id"] for row in themes("review", "--json").json["statements"]] == ["s-price-en-00"]


def test_too_few_people_are_not_quoted(themes: Shell) -> None:
    with Store.open(DB) as store:
        tags = [Tag(f"s-{topic}-en-00", f"t-{topic}", 0.6, review="close") for topic in ("app", "delivery")]
        store.write_tags(1, tags, [])  # without mentions: of feedback that has no theme
    few = "--set", "privacy_minimum=37"  # 36 people mention each theme but the largest
    said = "Fewer than 37 people would be shown: no statements are listed.\n"
    assert themes("statements", "t-app", *few) == Answer(0, said, "")
    nothing = {"total": 0, "suppressed": True, "statements": []}
    assert themes("statements", "t-app", "--json", *few).json == nothing
    assert len(themes("review", "--json", *few).json["statements"]) == 2  # 38 people have no theme
    assert themes("review", "--json", "--set", "privacy_minimum=39").json["statements"] == []
    assert themes("review", "--set", "privacy_minimum=1000").code == 1


def test_an_edit_that_no_longer_fits_is_said(themes: Shell) -> None:
    assert themes("conflicts").out == "Every edit fits.\n"
    assert themes("conflicts", "--json").json == []
    themes("merge", "t-app", "--into", "t-delivery")
    with Store.open(DB) as store:
        places = {**PLACES, "delivery": ("t-parcels", None)}
        store.mark_ready(publish(store, lambda topic, language: places[topic]))
    found = themes("conflicts", "--json").json
    assert [(row["edit_id"], row["theme_id"]) for row in found] == [(1, "t-app")]
    assert themes("conflicts").out.splitlines()[-1] == "Undo one with: feedback-nlp themes undo EDIT"
    assert [row["edit_id"] for row in themes("show", "t-app", "--json").json["conflicts"]] == [1]
    assert "  conflict: edit 1 of t-app: " in themes("show", "t-app").out
    assert themes("undo", "1").code == 0
    assert themes("conflicts", "--json").json == []


def test_two_versions_are_compared(themes: Shell) -> None:
    assert themes("merge", "t-app", "--into", "t-delivery").code == 0
    found = themes("compare", "1", "2", "--json").json
    assert {name: found[name] for name in ("old", "new", "n", "surviving", "kept_surviving")} == {
        "old": 1,
        "new": 2,
        "n": 144,
        "surviving": 0.8,  # of 108 best themes and 72 parents, the 36 of the merged one are gone
        "kept_surviving": 0.75,  # and its parent has lost as many
    }
    rows = [(r["theme_id"], r["outcome"], r["n_old"], r["n_new"], r["n_kept"], r["other_id"]) for r in found["themes"]]
    assert sorted(rows) == [
        ("t-app", "merged", 36, 0, 0, "t-delivery"),
        ("t-delivery", "grown", 36, 72, 36, None),
        ("t-staff", "continued", 36, 36, 36, None),
        ("t-tech", "shrunk", 72, 36, 36, None),
    ]
    assert {(flow["old_id"], flow["new_id"], flow["n"]) for flow in found["flows"]} == {
        ("t-app", "t-delivery", 36),
        ("t-delivery", "t-delivery", 36),
        ("t-staff", "t-staff", 36),
        (None, None, 36),
    }
    told = themes("compare", "1", "2", "--set", "privacy_minimum=37").out.splitlines()
    assert told[0] == "144 statements. Mentions of 1 whose theme is in 2: 80.0%."
    assert "t-app                -         -         -  merged (t-delivery): About t-app" in told
    assert themes("merge", "t-staff", "--into", "t-delivery").code == 0
    answer = themes("compare", "1", "2")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("Error: Codebook version 2 was superseded by another edit of version 1")
    assert themes("compare", "1", "9").code == 2


def test_the_table_of_what_was_tried(themes: Shell) -> None:
    none = themes("candidates")
    assert (none.code, none.out) == (1, "")
    assert none.err == (
        "Error: This codebook keeps no table of what was tried. Learn themes anew with: feedback-nlp discover\n"
    )
    rows = [
        {"n_themes": 8, "stability": 0.75, "chosen": "", "reason": ""},
        {"n_themes": 1200, "stability": None, "chosen": "themes", "reason": "it holds"},
    ]
    with Store.open(DB) as store:
        book = store.codebook()
        store.publish_codebook(
            encoder_key=book.encoder_key,
            themes=book.themes,
            arrays=book.arrays,
            settings={"candidates": rows},
            reason="",
        )
    assert themes("candidates", "--json").json == rows
    assert themes("candidates").out.splitlines()[:4] == [
        "themes  stability  chosen for",
        "     8       0.75",
        " 1,200          -      themes",
        "Themes: it holds",
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["merge", "t-ap", "--into", "t-staff"], "There is no theme 't-ap'. Did you mean 't-app'?"),
        (
            ["merge", "About t-stff", "--into", "t-app"],
            "There is no theme 'About t-stff'. Did you mean 'About t-staff'?",
        ),
        (["rename", "zzzzz", "x"], "There is no theme 'zzzzz'. List them with: feedback-nlp themes list"),
        (["merge", "t-app", "--into", "t-app"], "one theme already"),
        (["merge", "t-app"], "Missing option '--into'"),
        (["split", "t-tech", "--label", "x"], "A split needs --sub THEME... or --statements ID..., one of the two."),
        (["split", "t-tech", "--label", " ", "--sub", "t-app"], "The label is empty. Write it in quotes."),
        (["split", "t-tech", "--label", "x", "--sub", "t-delivery"], "'t-delivery' is no sub-theme of 't-tech'."),
        (["move", "t-app"], "A move needs --to THEME or --to-top, one of the two."),
        (["move", "t-app", "--to", "t-tech", "--to-top"], "A move needs --to THEME or --to-top, one of the two."),
        (["move", "t-tech", "--to", "t-delivery"], "there are two levels only"),
        (["example", "t-app"], "An example needs --like ID... or --unlike ID..., or both."),
        (["create", "--label", "x"], "Missing option '--like'"),
        (["create", "--label", "x", "--like", "s-none"], "There is no statement or feedback 's-none'."),
        (["assign", "s-none", "t-app"], "There is no statement or feedback 's-none'."),
        (["undo", "7"], "There is no edit 7 left to undo. List the edits for their ids."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_slip_says_the_rule_and_changes_nothing(themes: Shell, words: list[str], said: str) -> None:
    answer = themes(*words)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    assert themes("history", "--json").json["edits"] == []
    assert themes(*words, "--json").json["error"]["exit_code"] == 2


def test_a_label_that_two_themes_have_is_asked_back(themes: Shell) -> None:
    assert themes("rename", "t-app", "About t-staff").code == 0
    answer = themes("hide", "About t-staff")
    assert (answer.code, answer.err) == (
        2,
        "Error: 2 themes are called 'About t-staff'. Name one by its id: t-app, t-staff.\n",
    )


def test_those_merged_before_a_slip_stand_and_are_published(themes: Shell) -> None:
    answer = themes("merge", "t-app", "t-delivery", "--into", "t-delivery")
    assert (answer.code, answer.out) == (2, "")
    assert [edit["theme_id"] for edit in themes("history", "--json").json["edits"]] == ["t-app"]
    assert counts(themes)["t-delivery"] == 72
