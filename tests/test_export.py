"""Exports: the columns others build on, in every format, before and after a codebook."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from feedback_nlp.errors import FeedbackError, UsageError
from feedback_nlp.export import ExportSummary, export_frame, export_table
from feedback_nlp.export_files import write_table
from feedback_nlp.records import (
    Aside,
    EncoderIdentity,
    Feedback,
    Mention,
    ScoreScale,
    SentimentScore,
    Statement,
    Tag,
    Theme,
    stable_hash,
)
from feedback_nlp.settings import Settings
from feedback_nlp.store import Store

SETTINGS = Settings()
TEXTS = {
    "f1": ("=2+5 is slow. Staff | nice.", ((0, 13), (14, 27))),
    "f2": ("Курьер опоздал.", ((0, 15),)),
    "f3": ("-", ()),
}
STATEMENTS = (
    *("feedback_id", "statement_id", "start", "end", "text", "language", "theme_ids", "theme_labels", "confidence"),
    *("best_theme_id", "best_similarity", "sentiment", "sentiment_label", "emotion", "unthemed_reason"),
    *("parent_theme_ids", "external_id", "codebook_version", "margin", "review", "journey_stage", "touchpoint"),
    *("facets", "sentiment_confidence", "emotions", "intents"),
)
FEEDBACK = (
    *("feedback_id", "external_id", "source", "language", "created_at", "nps", "score_text", "nps_segment"),
    *("theme_ids", "theme_labels", "sentiment", "sentiment_label", "is_non_answer", "duplicate_of", "n_statements"),
    *("=plan", "segment_NPS", "segment_source", "question", "channel", "customer_id", "response_id", "text"),
    *("codebook_version", "non_answer", "duplicate_kind", "asides", "emotions", "intents", "weight"),
)
THEMES = (
    *("theme_id", "label", "parent_id", "level", "state", "keywords", "n_feedback", "n_statements", "quotes"),
    *("definition", "threshold", "codebook_version", "source", "label_source", "stability", "is_emerging", "n_people"),
)
CUSTOMERS = (
    *("customer_id", "n_feedback", "n_responses", "n_statements", "theme_ids", "theme_labels", "sentiment"),
    *("sentiment_label", "last_nps", "last_text", "nps_segment", "first_date", "last_date", "codebook_version"),
    *("emotions", "intents"),
)
MENTIONS = (
    *("statement_id", "feedback_id", "theme_id", "theme_label", "level", "confidence", "sentiment"),
    *("sentiment_label", "codebook_version", "provenance"),
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Three answers, three statements; one statement has no tag, since it came after the last tagging."""
    opened = Store.open(f"sqlite:///{tmp_path / 'made-up.db'}")
    opened.upsert_scales([ScoreScale("nps", "nps", 0, 10), ScoreScale("text", "other", 0, 5)])
    run = opened.begin_run("made-up.csv", "hash", {})
    feedback = [
        Feedback(
            feedback_id,
            f"r-{feedback_id}",
            text,
            external_id="+4" if feedback_id == "f1" else None,
            language="ru" if feedback_id == "f2" else "en",
            question="Why?",
            created_at=datetime(2025, 3, 1, 12, 30) if feedback_id == "f1" else None,
            scores={"nps": 9.0, "text": 2.0} if feedback_id == "f1" else {},
            segments={"source": "web", "NPS": "yes", "=plan": "basic"} if feedback_id == "f1" else {},
            non_answer="nothing" if feedback_id == "f3" else None,
            duplicate_key=feedback_id,
            content_hash=feedback_id,
        )
        for feedback_id, (text, _) in TEXTS.items()
    ]
    statements = {
        item.feedback_id: [
            Statement(
                f"s{item.feedback_id[1]}{chr(ord('a') + number)}",
                item.feedback_id,
                start,
                end,
                item.text[start:end],
                item.language,
                stable_hash(item.text[start:end]),
            )
            for number, (start, end) in enumerate(TEXTS[item.feedback_id][1])
        ]
        for item in feedback
    }
    opened.upsert_feedback(feedback, statements, run)
    opened.set_sentiment(
        "made-up",
        [statement.statement_id for statement in statements["f1"]],
        [
            SentimentScore(-0.5, "negative", 0.9, {"worry": 0.6, "anger": 0.8}, {"churn": 0.7}),
            SentimentScore(0.75, "positive", 0.9, {}, {}),
        ],
    )
    opened.finish_run(run, {})
    yield opened
    opened.close()


@pytest.fixture
def themed(store: Store) -> Store:
    """The store with a codebook: a theme with two sub-themes, and one that has none."""
    key = store.register_encoder(EncoderIdentity("made-up", "1", "0" * 64, 2, "mean", ""))
    themes = [
        Theme("t-service", "Service", 1, None, "active", 0.3),
        Theme("t-slow", "Slow|late", 2, "t-service", "active", 0.4, {"en": ("slow",)}, "", ("s1a", "gone")),
        Theme("t-staff", "@Staff", 2, "t-service", "active", 0.5, {}, "Who serves.", ("s1b", "s1a")),
        Theme("t-app", "App", 1, None, "active", 0.5),
    ]
    version = store.publish_codebook(
        encoder_key=key, themes=themes, arrays={"centroids": np.eye(4, 2)}, settings={}, reason="first"
    )
    store.add_edit("t-app", "hide", {}, "someone")
    said = (("s1a", "t-slow", 0.6), ("s1a", "t-service", 0.6), ("s1b", "t-staff", 0.7), ("s1b", "t-service", 0.7))
    store.write_tags(
        version,
        [Tag("s1a", "t-slow", 0.55), Tag("s1b", "t-staff", 0.75)],
        [Mention(statement_id, theme_id, confidence, version) for statement_id, theme_id, confidence in said],
    )
    store.add_edit("t-app", "assign", {"statement": "s1a"}, "someone")
    return store


def test_statements_have_the_columns_of_the_contract(themed: Store) -> None:
    table = export_frame(themed, "statements", settings=SETTINGS)
    assert tuple(table.columns) == STATEMENTS
    both = {"language": "en", "unthemed_reason": None, "external_id": "+4", "codebook_version": 1}
    both |= {"margin": None, "review": None, "journey_stage": None, "touchpoint": None, "facets": "{}"}
    assert table.to_dicts() == [
        {
            "feedback_id": "f1",
            "statement_id": "s1a",
            "start": 0,
            "end": 13,
            "text": "=2+5 is slow.",
            **both,
            "theme_ids": ["t-app", "t-slow"],
            "theme_labels": ["App", "Slow|late"],
            "confidence": [1.0, 0.6],
            "best_theme_id": "t-slow",
            "best_similarity": 0.55,
            "sentiment": -0.5,
            "sentiment_label": "negative",
            "sentiment_confidence": 0.9,
            "emotion": "anger",
            "emotions": ["anger", "worry"],
            "intents": ["churn"],
            "parent_theme_ids": ["t-app", "t-service"],
        },
        {
            "feedback_id": "f1",
            "statement_id": "s1b",
            "start": 14,
            "end": 27,
            "text": "Staff | nice.",
            **both,
            "theme_ids": ["t-staff"],
            "theme_labels": ["@Staff"],
            "confidence": [0.7],
            "best_theme_id": "t-staff",
            "best_similarity": 0.75,
            "sentiment": 0.75,
            "sentiment_label": "positive",
            "sentiment_confidence": 0.9,
            "emotion": "none",
            "emotions": [],
            "intents": [],
            "parent_theme_ids": ["t-service"],
        },
        {
            "feedback_id": "f2",
            "statement_id": "s2a",
            "start": 0,
            "end": 15,
            "text": "Курьер опоздал.",
            **both,
            "language": "ru",
            "theme_ids": [],
            "theme_labels": [],
            "confidence": [],
            "parent_theme_ids": [],
            "best_theme_id": None,
            "best_similarity": None,
            **dict.fromkeys(("sentiment", "sentiment_label", "sentiment_confidence", "emotion", "emotions", "intents")),
            "unthemed_reason": "not tagged yet",
            "external_id": None,
        },
    ]


def test_an_unthemed_statement_says_why_and_keeps_its_similarity(themed: Store) -> None:
    themed.write_tags(1, [Tag("s2a", None, 0.125, "far from every theme")], [])
    row = export_frame(themed, "statements", settings=SETTINGS).to_dicts()[2]
    assert (row["best_theme_id"], row["best_similarity"], row["unthemed_reason"]) == (
        None,
        0.125,
        "far from every theme",
    )
    themed.add_edit("t-app", "assign", {"statement": "s2a"}, "someone")
    row = export_frame(themed, "statements", settings=SETTINGS).to_dicts()[2]
    assert (row["theme_ids"], row["unthemed_reason"]) == (["t-app"], None)


def test_feedback_has_scores_and_segments_under_names_of_their_own(themed: Store) -> None:
    table = export_frame(themed, "feedback", settings=SETTINGS)
    assert tuple(table.columns) == FEEDBACK
    assert table.to_dicts()[0] == {
        "feedback_id": "f1",
        "external_id": "+4",
        "source": "survey",
        "language": "en",
        "created_at": datetime(2025, 3, 1, 12, 30),
        "nps": 9.0,
        "score_text": 2.0,
        "nps_segment": "promoter",
        "theme_ids": ["t-app", "t-staff", "t-slow"],
        "theme_labels": ["App", "@Staff", "Slow|late"],
        "sentiment": 0.125,
        "sentiment_label": "mixed",
        "is_non_answer": False,
        "duplicate_of": None,
        "n_statements": 2,
        "=plan": "basic",
        "segment_NPS": "yes",
        "segment_source": "web",
        "question": "Why?",
        "channel": None,
        "customer_id": None,
        "response_id": "r-f1",
        "text": TEXTS["f1"][0],
        "codebook_version": 1,
        "non_answer": None,
        "duplicate_kind": None,
        "asides": "[]",
        "emotions": ["anger", "worry"],
        "intents": ["churn"],
        "weight": 1.0,
    }
    assert table["emotions"].to_list()[1:] == [None, None]
    assert table["is_non_answer"].to_list() == [False, False, True]
    assert table["theme_ids"].to_list()[1:] == [[], []]


def test_feedback_says_why_it_says_nothing_whom_it_repeats_and_what_was_set_aside(themed: Store) -> None:
    run = themed.begin_run("more.csv", "hash", {})
    values = {"question": "Why?", "language": "ru", "duplicate_key": "f2"}
    more = [
        Feedback("f4", "r-f4", "Курьер  опоздал!", content_hash="f4", **values),
        Feedback(
            "f5",
            "r-f5",
            "Hi,\n12",
            duplicate_key="f5",
            content_hash="f5",
            non_answer="number",
            asides=(Aside(0, 3, "greeting"),),
        ),
    ]
    themed.upsert_feedback(more, {}, run)
    themed.refresh_duplicates()
    table = export_frame(themed, "feedback", settings=SETTINGS)
    assert table.select("feedback_id", "duplicate_of", "non_answer", "duplicate_kind", "asides").rows() == [
        ("f1", None, None, None, "[]"),
        ("f2", None, None, None, "[]"),
        ("f3", None, "nothing", None, "[]"),
        ("f4", "f2", None, "exact", "[]"),
        ("f5", None, "number", None, '[[0,3,"greeting"]]'),
    ]


def test_themes_count_what_mentions_them_now_and_show_what_a_person_hid(themed: Store) -> None:
    table = export_frame(themed, "themes", settings=SETTINGS)
    assert tuple(table.columns) == THEMES
    assert table.select("theme_id", "parent_id", "level", "state", "n_feedback", "n_statements").rows() == [
        ("t-app", None, 1, "retired", 1, 1),
        ("t-service", None, 1, "active", 1, 2),
        ("t-slow", "t-service", 2, "active", 1, 1),
        ("t-staff", "t-service", 2, "active", 1, 1),
    ]
    assert table["quotes"].to_list() == [[], [], ["f1"], ["f1"]]
    assert [json.loads(words) for words in table["keywords"]] == [{}, {}, {"en": ["slow"]}, {}]
    assert table["definition"].to_list() == ["", "", "", "Who serves."]


def test_mentions_are_at_both_levels_with_who_said_so(themed: Store) -> None:
    table = export_frame(themed, "mentions", settings=SETTINGS)
    assert tuple(table.columns) == MENTIONS
    assert table.rows() == [
        ("s1a", "f1", "t-app", "App", 1, 1.0, -0.5, "negative", 1, "person"),
        ("s1a", "f1", "t-service", "Service", 1, 0.6, -0.5, "negative", 1, "model"),
        ("s1a", "f1", "t-slow", "Slow|late", 2, 0.6, -0.5, "negative", 1, "model"),
        ("s1b", "f1", "t-service", "Service", 1, 0.7, 0.75, "positive", 1, "model"),
        ("s1b", "f1", "t-staff", "@Staff", 2, 0.7, 0.75, "positive", 1, "model"),
    ]


def test_without_a_codebook_the_theme_columns_are_empty(store: Store) -> None:
    statements = export_frame(store, "statements", settings=SETTINGS)
    assert tuple(statements.columns) == STATEMENTS
    assert statements["theme_ids"].to_list() == [[], [], []]
    assert statements["unthemed_reason"].to_list() == [None, None, None]
    assert statements["codebook_version"].to_list() == [None, None, None]
    assert tuple(export_frame(store, "feedback", settings=SETTINGS).columns) == FEEDBACK
    assert export_frame(store, "customers", settings=SETTINGS).height == 0  # nobody is known
    for kind, columns in (("themes", THEMES), ("mentions", MENTIONS)):
        table = export_frame(store, kind, settings=SETTINGS)
        assert (tuple(table.columns), table.height) == (columns, 0)


def test_parquet_keeps_types_and_names_the_version_of_the_contract(themed: Store, tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    summary = export_table(themed, "statements", out, settings=SETTINGS)
    assert summary == ExportSummary("statements", out, 3, 26, STATEMENTS)
    assert pl.read_parquet(out).equals(export_frame(themed, "statements", settings=SETTINGS))
    metadata = pl.read_parquet_metadata(out)
    assert metadata["feedback_nlp.export_version"] == "1"
    assert metadata["feedback_nlp.export_kind"] == "statements"


def test_statements_say_how_sure_their_tags_are_and_hold_facets(themed: Store) -> None:
    facets = {"journey_stage": "use", "mood": "odd"}
    tag = Tag("s2a", None, 0.375, "just below", margin=0.025, review="near the threshold", facets=facets)
    themed.write_tags(1, [tag], [])
    row = export_frame(themed, "statements", settings=SETTINGS).to_dicts()[2]
    assert [row[name] for name in ("margin", "review", "journey_stage", "touchpoint", "facets")] == [
        0.025,
        "near the threshold",
        "use",
        None,
        '{"journey_stage":"use","mood":"odd"}',
    ]


def test_themes_say_where_they_are_from_and_how_stable_they_are(themed: Store) -> None:
    book = themed.codebook(1)
    changed = {
        "t-slow": {"state": "candidate", "stability": 0.5, "is_emerging": True, "label_source": "llm"},
        "t-service": {"source": "guided", "label_source": "codebook"},
    }
    themed.publish_codebook(
        encoder_key=book.encoder_key,
        themes=[replace(theme, **changed.get(theme.theme_id, {})) for theme in book.themes],
        arrays=dict(book.arrays),
        settings={},
        reason="second",
    )
    columns = ("theme_id", "state", "source", "label_source", "stability", "is_emerging", "n_people")
    table = export_frame(themed, "themes", codebook_version=2, settings=SETTINGS)
    assert table.select(columns).rows() == [
        ("t-app", "retired", "discovered", "phrases", None, False, 1),
        ("t-service", "active", "guided", "codebook", None, False, 0),
        ("t-slow", "candidate", "discovered", "llm", 0.5, True, 0),
        ("t-staff", "active", "discovered", "phrases", None, False, 0),
    ]


def test_customers_have_their_themes_and_newest_scores(themed: Store) -> None:
    run = themed.begin_run("more.csv", "hash", {})
    known = {"customer_id": "c1", "question": "Why?", "language": "en"}
    more = [
        Feedback("f4", "r4", "Late.", created_at=datetime(2025, 1, 2), scores={"nps": 2.0, "text": 1.0}, **known),
        Feedback("f5", "r5", "Kind and quick.", created_at=datetime(2025, 5, 6), scores={"nps": 8.0}, **known),
        Feedback("f6", "r6", "Slow.", customer_id="c0"),
    ]
    more = [replace(item, duplicate_key=item.feedback_id, content_hash=item.feedback_id) for item in more]
    said = {
        "f4": [Statement("s4a", "f4", 0, 5, "Late.", "en", "h4")],
        "f5": [Statement("s5a", "f5", 0, 4, "Kind", "en", "h5"), Statement("s5b", "f5", 9, 14, "quick", "en", "h6")],
    }
    themed.upsert_feedback(more, said, run)
    themed.set_sentiment(
        "made-up",
        ["s4a", "s5a"],
        [
            SentimentScore(-0.5, "negative", 0.9, {"anger": 0.5}, {}),
            SentimentScore(0.75, "positive", 0.9, {"joy": 0.6, "anger": 0.7}, {}),
        ],
    )
    mentions = (("s4a", "t-slow"), ("s4a", "t-service"), ("s5a", "t-staff"), ("s5b", "t-staff"), ("s5b", "t-service"))
    themed.write_tags(
        1,
        [Tag(name, "t-slow", 0.5) for name in ("s4a", "s5a", "s5b")],
        [Mention(statement_id, theme_id, 0.5, 1) for statement_id, theme_id in mentions],
    )
    table = export_frame(themed, "customers", settings=SETTINGS)
    assert tuple(table.columns) == CUSTOMERS
    assert table.rows() == [
        ("c0", 1, 1, 0, [], [], None, None, None, None, None, None, None, 1, None, None),
        (
            *("c1", 2, 2, 3, ["t-staff", "t-slow"], ["@Staff", "Slow|late"], 0.125, "mixed", 8.0, 1.0, "passive"),
            *(datetime(2025, 1, 2), datetime(2025, 5, 6), 1, ["anger", "joy"], []),
        ),
    ]


@pytest.mark.parametrize("kind", ["statements", "feedback", "themes", "mentions", "customers"])
def test_json_holds_what_the_frame_holds(themed: Store, tmp_path: Path, kind: str) -> None:
    rows = export_frame(themed, kind, settings=SETTINGS).to_dicts()
    for row in rows:
        if row.get("created_at"):
            row["created_at"] = row["created_at"].isoformat()
    export_table(themed, kind, tmp_path / "out.json", settings=SETTINGS)
    export_table(themed, kind, tmp_path / "out.jsonl", settings=SETTINGS)
    assert json.loads((tmp_path / "out.json").read_text("utf-8")) == rows
    lines = (tmp_path / "out.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == rows


def test_csv_opens_in_a_spreadsheet_and_runs_nothing(themed: Store, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    export_table(themed, "statements", out, settings=SETTINGS)
    assert out.read_bytes().startswith(b"\xef\xbb\xbffeedback_id,")
    table = pl.read_csv(out, infer_schema=False)
    assert table["text"].to_list() == ["'=2+5 is slow.", "Staff | nice.", "Курьер опоздал."]
    assert table["theme_labels"].to_list() == ["App|Slow¦late", "'@Staff", ""]
    assert table["confidence"].to_list() == ["1.0|0.6", "0.7", ""]
    assert table["sentiment"].to_list() == ["-0.5", "0.75", None]
    assert table["emotions"].to_list() == ["anger|worry", "", None]
    assert table["external_id"].to_list() == ["'+4", "'+4", None]
    export_table(themed, "feedback", out, settings=SETTINGS)
    table = pl.read_csv(out, infer_schema=False)
    assert table.columns[15] == "'=plan"
    assert table["created_at"].to_list() == ["2025-03-01T12:30:00", None, None]
    assert table["text"].to_list()[2] == "'-"


def test_xlsx_has_text_numbers_and_booleans(themed: Store, tmp_path: Path) -> None:
    out = tmp_path / "out.xlsx"
    export_table(themed, "feedback", out, settings=SETTINGS)
    table = pl.read_excel(out)
    assert tuple(table.columns) == tuple("'=plan" if name == "=plan" else name for name in FEEDBACK)
    assert table["text"].to_list() == ["'=2+5 is slow. Staff | nice.", "Курьер опоздал.", "'-"]
    assert table["nps"].to_list() == [9, None, None]
    assert table["is_non_answer"].to_list() == [False, False, True]


def test_xlsx_says_which_cells_it_cut(tmp_path: Path) -> None:
    frame = pl.DataFrame({"text": ["a" * 40_000, "https://example.org"]})
    notes = write_table(frame, tmp_path / "out.xlsx", {})
    assert notes == ("1 cells longer than 32767 characters were cut, as Excel does.",)
    assert pl.read_excel(tmp_path / "out.xlsx")["text"].to_list() == ["a" * 32_766 + "…", "https://example.org"]


def test_xlsx_refuses_more_rows_than_a_sheet_holds(tmp_path: Path) -> None:
    frame = pl.DataFrame({"n": pl.int_range(1_048_576, eager=True)})
    with pytest.raises(UsageError, match=r"1048576 rows do not fit an Excel sheet.*Write \.parquet or \.csv"):
        write_table(frame, tmp_path / "out.xlsx", {})
    assert list(tmp_path.iterdir()) == []


def test_the_same_export_again_is_the_same_file(themed: Store, tmp_path: Path) -> None:
    first = (export_table(themed, "feedback", tmp_path / "a.csv", settings=SETTINGS), (tmp_path / "a.csv").read_bytes())
    again = export_table(themed, "feedback", tmp_path / "a.csv", settings=SETTINGS)
    assert (again, (tmp_path / "a.csv").read_bytes()) == first


def test_wrong_names_say_what_is_known(themed: Store, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"'statement' is not a table to export\. Did you mean 'statements'\?"):
        export_table(themed, "statement", tmp_path / "a.csv", settings=SETTINGS)
    with pytest.raises(UsageError, match=r"Known: \.parquet, \.csv, \.json, \.jsonl, \.xlsx"):
        export_table(themed, "themes", tmp_path / "a.doc", settings=SETTINGS)
    with pytest.raises(UsageError, match=r"There is no folder .*nowhere.* for 'a.csv'"):
        export_table(themed, "themes", tmp_path / "nowhere" / "a.csv", settings=SETTINGS)
    with pytest.raises(UsageError, match="There is no codebook version 7"):
        export_table(themed, "themes", tmp_path / "a.csv", codebook_version=7, settings=SETTINGS)


def test_a_failure_leaves_the_last_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out.csv"
    out.write_text("before")

    def refuse(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(FeedbackError, match="could not be written"):
        write_table(pl.DataFrame({"a": [1]}), out, {})
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
    assert out.read_text() == "before"


def test_privacy_minimum_does_not_touch_rows(themed: Store) -> None:
    strict = replace(SETTINGS, privacy_minimum=1000)
    assert export_frame(themed, "mentions", settings=strict).equals(export_frame(themed, "mentions", settings=SETTINGS))
