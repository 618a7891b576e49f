"""Emotions and intents in analysis: rolled up, counted, listed, and held against the scores."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from feedback_nlp.analysis import intervals
from feedback_nlp.analysis.acting import to_act_on
from feedback_nlp.analysis.disagreement import disagreements
from feedback_nlp.analysis.feelings import NAMES, feelings
from feedback_nlp.analysis.frames import AnalysisFrames, build_frames
from feedback_nlp.analysis.roll_up import CLEAR, sentiment_by
from feedback_nlp.analysis.verbatims import find_verbatims
from feedback_nlp.errors import UsageError
from feedback_nlp.records import EMOTIONS, INTENTS
from feedback_nlp.settings import Settings
from tests.sample import raw_frames

Said = tuple[float, str, float, Mapping[str, float] | None, Mapping[str, float] | None]
PLAIN: Said = (0.1, "neutral", 0.9, {}, {})
FURIOUS: Said = (-0.9, "negative", 0.95, {"anger": 0.9}, {"complaint": 0.8})
GLAD: Said = (0.9, "positive", 0.95, {"joy": 0.7, "gratitude": 0.9}, {"praise": 0.8})
LEAVING: Said = (-0.6, "negative", 0.85, {"disappointment": 0.6}, {"churn": 0.7, "complaint": 0.7})


def made_up(
    answers: Mapping[str, list[Said]],
    minimum: int = 1,
    scores: Mapping[str, Mapping[str, float]] | None = None,
    questions: Mapping[str, str] | None = None,
    people: Mapping[str, str] | None = None,
    scales: list[tuple[str, str, float, float, bool]] | None = None,
) -> AnalysisFrames:
    """Frames of one answer a key, each of one person unless ``people`` says more, on one theme "t-staff"."""
    sample = raw_frames(1)
    feedback, statements, mentions = [], [], []
    for number, (name, said) in enumerate(answers.items()):
        row: dict[str, Any] = dict.fromkeys(sample["feedback"].columns)
        row |= {"feedback_id": name, "response_id": f"r-{name}", "customer_id": (people or {}).get(name, f"c-{name}")}
        row |= {"source": "survey", "question": (questions or {}).get(name, ""), "language": "en", "segments": "{}"}
        row |= {"text": "Words. " * len(said), "is_non_answer": False, "asides": "[]", "n_statements": len(said)}
        row |= {"scores": json.dumps((scores or {}).get(name, {})), "created_at": datetime(2025, 1, 1 + number % 28)}
        feedback.append(row)
        for place, (polarity, label, confidence, emotions, intents) in enumerate(said):
            key = f"{name}-{place}"
            row = {"statement_id": key, "feedback_id": name, "start": 7 * place, "end": 7 * place + 6, "text": "Words."}
            row |= {"language": "en", "text_hash": "h", "sentiment": polarity, "sentiment_label": label}
            row |= {"sentiment_confidence": confidence, "best_theme_id": "t-staff", "best_similarity": 0.5}
            row |= {"emotions": _json(emotions), "intents": _json(intents), "unthemed_reason": None}
            statements.append(row)
            if place == 0:
                mentions.append((key, name, "t-staff", 0.5, "model"))
    extra = {"sentiment_confidence": pl.Float64, "emotions": pl.String, "intents": pl.String}
    raw = {
        "feedback": pl.DataFrame(feedback, schema=sample["feedback"].schema),
        "statements": pl.DataFrame(statements, schema={**sample["statements"].schema, **extra}),
        "mentions": pl.DataFrame(mentions, schema=sample["mentions"].schema, orient="row"),
        "themes": raw_frames(60)["themes"].filter(pl.col("theme_id").is_in(["t-staff", "t-service"])),
        "scales": pl.DataFrame(
            scales or [("nps", "nps", 0.0, 10.0, True)], schema=sample["scales"].schema, orient="row"
        ),
    }
    return build_frames(raw, Settings(privacy_minimum=minimum))


def _json(found: Mapping[str, float] | None) -> str | None:
    return None if found is None else json.dumps(found)


@pytest.fixture(scope="module")
def sample() -> dict[str, pl.DataFrame]:
    """The sample, with emotions and intents drawn at random."""
    draw = random.Random(7)
    raw = raw_frames()
    columns: dict[str, list[str]] = {"emotions": [], "intents": []}
    for _ in range(raw["statements"].height):
        for name, known in (("emotions", EMOTIONS), ("intents", INTENTS)):
            some = [word for place, word in enumerate(known) if draw.random() < 0.12 / (place + 1)]
            columns[name].append(json.dumps({word: round(draw.uniform(0.5, 1), 4) for word in some}))
    raw["statements"] = raw["statements"].with_columns(
        *(pl.Series(name, values) for name, values in columns.items()), sentiment_confidence=pl.lit(0.9)
    )
    return raw


# -- rolled up


def test_what_statements_express_is_the_feedback_s_likeliest_first() -> None:
    frames = made_up({"a": [LEAVING, GLAD, FURIOUS], "b": [PLAIN], "c": [(0.5, "positive", 0.9, None, None)]})
    statements = frames.statements.select("emotions", "emotion_confidence", "intents", "intent_confidence").rows()
    assert statements == [
        (["disappointment"], [0.6], ["churn", "complaint"], [0.7, 0.7]),
        (["gratitude", "joy"], [0.9, 0.7], ["praise"], [0.8]),
        (["anger"], [0.9], ["complaint"], [0.8]),
        ([], [], [], []),
        (None, None, None, None),
    ]
    assert frames.feedback.select("feedback_id", "emotions", "intents").rows() == [
        ("a", ["anger", "gratitude", "joy", "disappointment"], ["complaint", "praise", "churn"]),
        ("b", [], []),
        ("c", None, None),
    ]
    assert frames.mentions.select("emotions", "intents", "sentiment_confidence").rows()[0] == (
        ["disappointment"],
        ["churn", "complaint"],
        0.85,
    )


def test_frames_from_before_emotions_have_none_looked_for() -> None:
    frames = build_frames(raw_frames(40), Settings())
    for table in (frames.statements, frames.feedback, frames.mentions):
        assert table["emotions"].dtype == table["intents"].dtype == pl.List(pl.String)
        assert table["emotions"].null_count() == table.height
    assert frames.statements["sentiment_confidence"].null_count() == frames.statements.height
    assert feelings(frames).is_empty()


@pytest.mark.parametrize(
    ("said", "label"),
    [
        ([("positive", 0.9), ("negative", -0.9)], "mixed"),
        ([("positive", CLEAR), ("negative", -CLEAR)], "mixed"),
        ([("positive", 0.9), ("negative", -CLEAR)], "mixed"),
        ([("positive", 0.9), ("negative", -CLEAR + 0.01)], "positive"),
        ([("negative", -0.6), ("negative", -0.6), ("positive", 0.6), ("negative", -0.6)], "mixed"),
        ([("negative", -0.6), ("negative", -0.6), ("positive", 0.6), ("negative", -0.7)], "negative"),
        ([("positive", 0.8)] * 9 + [("negative", -0.9)] * 2, "positive"),
        ([("positive", CLEAR - 0.01), ("negative", -0.9), ("neutral", 0.3)], "negative"),
        ([("positive", 0.9), ("neutral", -0.4)], "positive"),
        ([("negative", -0.4), ("neutral", 0.0), ("neutral", 0.2)], "negative"),
        ([("positive", 0.2), ("negative", -0.2)], "neutral"),
        ([("neutral", 0.2)], "neutral"),
    ],
)
def test_a_feedback_is_mixed_where_both_sides_are_clear(said: list[tuple[str, float]], label: str) -> None:
    statements = pl.DataFrame(
        {"id": "f", "sentiment": [p for _, p in said], "sentiment_label": [word for word, _ in said]}
    )
    assert sentiment_by(statements, "id")["sentiment_label"].to_list() == [label]


def test_a_scale_that_no_feedback_has_a_score_on_is_no_outcome() -> None:
    raw = raw_frames(40)
    raw["feedback"] = raw["feedback"].with_columns(scores=pl.lit("{}"))
    frames = build_frames(raw, Settings())
    assert (frames.outcome_name, frames.score_names) == ("sentiment", ())
    assert frames.feedback["nps_segment"].null_count() == frames.feedback.height
    assert set(frames.scales["name"]) == {"nps", "csat"}
    raw["feedback"] = raw["feedback"].with_columns(scores=pl.lit('{"csat": 4}'))
    frames = build_frames(raw, Settings())
    assert (frames.outcome_name, frames.score_names) == ("csat", ("csat",))


# -- counted


def test_feelings_are_counted_by_answer(sample: dict[str, pl.DataFrame]) -> None:
    frames = build_frames(sample, Settings(privacy_minimum=1))
    for theme_id in (None, "t-waiting"):
        table = feelings(frames, theme_id=theme_id)
        said = frames.statements if theme_id is None else frames.mentions.filter(pl.col("theme_id") == theme_id)
        people = dict(frames.feedback.filter("meaningful").select("feedback_id", "person_id").iter_rows())
        expected = []
        for kind, (column, names) in NAMES.items():
            by_answer: dict[str, set[str]] = {}
            for feedback_id, found in said.select("feedback_id", column).iter_rows():
                by_answer.setdefault(feedback_id, set()).update(found)
            for name in names:
                those = [f for f, found in by_answer.items() if name in found or (name == "none" and not found)]
                low, high = intervals.wilson(len(those), len(by_answer))
                row = (kind, name, len(those), len({people[f] for f in those}), len(by_answer))
                expected.append((*row, len(those) / len(by_answer), float(low), float(high), False))
        expected.sort(key=lambda row: (row[0], -row[2], row[1]))
        assert table.rows() == expected
        assert table["n_feedback"].sum() > 0


def test_a_kind_that_is_not_looked_for_has_no_rows() -> None:
    some = (0.5, "positive", 0.9, {"joy": 0.9}, None)
    frames = made_up({"a": [some], "b": [(0.0, "neutral", 0.9, {}, None)], "c": [(0.0, "neutral", 0.9, None, None)]})
    table = feelings(frames)
    assert set(table["kind"]) == {"emotion"}
    assert set(table["base"]) == {2}
    assert dict(table.select("name", "n_feedback").iter_rows()) == {
        **dict.fromkeys(EMOTIONS, 0),
        "joy": 1,
        "none": 1,
    }


def test_feelings_of_few_people_are_hidden_and_so_is_what_would_show_them() -> None:
    answers = {f"n{i:02}": [PLAIN] for i in range(20)} | {f"g{i:02}": [GLAD] for i in range(9)}
    answers |= {f"a{i:02}": [FURIOUS] for i in range(3)}
    hidden = {row["name"]: row["suppressed"] for row in feelings(made_up(answers, 5)).to_dicts()}
    # Three are angry. One of the next smallest goes with them: else 32 less the others would show them.
    assert [name for name in ("anger", "complaint") if not hidden[name]] == []
    assert sum(hidden[name] for name in ("joy", "gratitude", "none")) >= 1
    assert hidden["praise"]
    table = feelings(made_up(answers, 5))
    figures = ("n_feedback", "n_people", "share", "share_low", "share_high")
    for row in table.to_dicts():
        assert [row[name] is None for name in figures] == [row["suppressed"]] * 5
    # All but three are glad: the three others would be told by subtraction.
    few = made_up({f"g{i:02}": [GLAD] for i in range(20)} | {f"n{i}": [PLAIN] for i in range(3)}, 5)
    assert {row["name"] for row in feelings(few).to_dicts() if row["suppressed"]} == {
        *("gratitude", "joy", "none", "praise")
    }


def test_no_shown_feeling_and_no_rest_is_of_too_few_people(sample: dict[str, pl.DataFrame]) -> None:
    for seed in range(20):
        raw = dict(sample)
        raw["feedback"] = raw["feedback"].sample(60, seed=seed)
        frames = build_frames(raw, Settings(privacy_minimum=5))
        for theme_id in (None, "t-waiting", "t-legal"):
            base = frames.feedback.filter("meaningful")
            if theme_id is not None:
                of_theme = frames.mentions.filter(pl.col("theme_id") == theme_id)
                base = base.join(of_theme, on="feedback_id", how="semi")
            for row in feelings(frames, theme_id=theme_id).to_dicts():
                if row["suppressed"] or not row["n_people"]:
                    continue
                assert row["n_people"] >= 5
                page = find_verbatims(frames, theme_id=theme_id, **{row["kind"]: row["name"]}, limit=1000)
                assert page.total == row["n_feedback"]
                rest = base.filter(~pl.col("feedback_id").is_in([item.feedback_id for item in page.items]))
                assert rest["person_id"].n_unique() == 0 or rest["person_id"].n_unique() >= 5


def test_a_theme_withheld_and_a_small_base_tell_nothing() -> None:
    answers = {f"a{i}": [FURIOUS] for i in range(4)} | {f"b{i}": [] for i in range(9)}
    for theme_id in (None, "t-staff"):
        table = feelings(made_up(answers, 5), theme_id=theme_id)
        assert table["suppressed"].all()
        assert table["base"].null_count() == table["n_feedback"].null_count() == table.height > 0
    with pytest.raises(UsageError, match="There is no theme 't-x'"):
        feelings(made_up(answers), theme_id="t-x")


def test_the_order_of_rows_changes_nothing(sample: dict[str, pl.DataFrame]) -> None:
    shuffled = {name: frame.sample(fraction=1, shuffle=True, seed=3) for name, frame in sample.items()}
    ours, theirs = (build_frames(raw, Settings()) for raw in (sample, shuffled))
    for make in (feelings, lambda f: disagreements(f).items, lambda f: to_act_on(f, intent="churn").items):
        assert_frame_equal(make(ours), make(theirs), check_exact=True)
    assert_frame_equal(
        ours.feedback.select("feedback_id", "emotions", "intents"),
        theirs.feedback.select("feedback_id", "emotions", "intents"),
    )


# -- score against text


def test_scores_that_the_text_contradicts_are_listed_with_the_widest_gap_first() -> None:
    unsure = (-0.6, "negative", 0.79, {}, {})
    weak = (-0.49, "negative", 0.9, {}, {})
    answers = {
        "nine": [FURIOUS],
        "ten": [FURIOUS, PLAIN],
        "zero": [GLAD],
        "six": [GLAD],
        "seven": [FURIOUS],  # neither top nor bottom
        "mixed": [FURIOUS, GLAD],
        "unsure": [unsure],
        "weak": [weak],
        "agrees": [GLAD],
        "asked": [FURIOUS],
        "nothing": [],
        "no score": [FURIOUS],
    }
    nps = {"nine": 9, "ten": 10, "zero": 0, "six": 6, "seven": 7, "mixed": 10, "unsure": 10, "weak": 10, "agrees": 10}
    nps |= {"asked": 10, "nothing": 10}
    frames = made_up(
        answers,
        scores={name: {"nps": float(value)} for name, value in nps.items()},
        questions={"asked": "What should we improve?", "zero": "What should we improve?"},
    )
    found = disagreements(frames)
    # Ranks of 11 scores: one 0, one 6, one 7, one 9 and seven 10s.
    rank = {0: 1 / 11 - 1, 6: 3 / 11 - 1, 9: 7 / 11 - 1, 10: 15 / 11 - 1}
    mean = {"zero": 0.9, "ten": -0.4, "nine": -0.9, "six": 0.9}
    gaps = {name: round(abs(rank[nps[name]] - mean[name]) / 2, 6) for name in mean}
    expected = sorted(gaps, key=lambda name: (-gaps[name], name))
    assert (found.total, found.base, found.suppressed) == (4, 8, False)
    assert found.items.select("feedback_id", "score_value", "gap").rows() == [
        (name, float(nps[name]), gaps[name]) for name in expected
    ]
    first = found.items.row(0, named=True)
    assert first == {
        "feedback_id": "zero",
        "person_id": "c-zero",
        "score_name": "nps",
        "score_value": 0.0,
        "sentiment": 0.9,
        "sentiment_label": "positive",
        "gap": gaps["zero"],
        "reason": "NPS 0 is at the bottom of its scale, and the text is positive",
    }
    page = disagreements(frames, limit=1, offset=1)
    assert (page.total, page.items["feedback_id"].to_list()) == (4, expected[1:2])


def test_scales_that_run_the_other_way_and_several_scores() -> None:
    scales = [("ease", "ces", 1.0, 7.0, False), ("nps", "nps", 0.0, 10.0, True), ("z", "other", 0.0, 9.0, True)]
    frames = made_up(
        {"a": [FURIOUS], "b": [FURIOUS], "c": [GLAD], "d": [PLAIN]},
        scores={
            "a": {"ease": 1.0, "nps": 9.0, "z": 9.0},  # 1 is the least effort, so the top
            "b": {"ease": 7.0, "z": 9.0},  # agrees
            "c": {"ease": 6.5},
            "d": {"nps": 1.0},
        },
        scales=scales,
    )
    rows = disagreements(frames).items.select("feedback_id", "score_name", "score_value", "reason").rows()
    assert rows == [
        ("a", "ease", 1.0, "ease (effort) 1 is at the top of its scale, and the text is negative"),
        ("c", "ease", 6.5, "ease (effort) 6.5 is at the bottom of its scale, and the text is positive"),
    ]
    assert disagreements(frames, score="nps").items["feedback_id"].to_list() == ["a"]
    with pytest.raises(UsageError, match="There is no score 'npd'"):
        disagreements(frames, score="npd")
    assert disagreements(made_up({"a": [FURIOUS]})).items.is_empty()


def test_a_review_list_of_too_few_people_is_withheld() -> None:
    answers = {f"a{i}": [FURIOUS] for i in range(8)}
    scored = {f"a{i}": {"nps": 9.0} for i in range(4)}
    few = disagreements(made_up(answers, 5, scores=scored))
    assert (few.total, few.base, few.suppressed, few.items.height) == (0, 0, True, 0)
    enough = disagreements(made_up(answers, 4, scores=scored))
    assert (enough.total, enough.base, enough.suppressed) == (4, 4, False)


# -- to act on


def test_who_waits_for_an_answer_is_listed_newest_first() -> None:
    frames = made_up({"a": [LEAVING, PLAIN], "b": [GLAD, LEAVING], "c": [PLAIN]})
    found = to_act_on(frames, intent="churn")
    assert (found.total, found.suppressed) == (2, False)
    assert found.items.drop("text", "language", "question").rows() == [
        ("b-1", "b", "c-b", datetime(2025, 1, 2), 0.7, [], [], -0.6, "negative"),
        ("a-0", "a", "c-a", datetime(2025, 1, 1), 0.7, ["t-staff"], ["Friendly staff"], -0.6, "negative"),
    ]
    assert to_act_on(frames, intent="churn", theme_id="t-staff").items["statement_id"].to_list() == ["a-0"]
    assert to_act_on(frames, intent="churn", limit=1, offset=1).items["statement_id"].to_list() == ["a-0"]
    assert to_act_on(frames).total == 0
    with pytest.raises(UsageError, match=r"There is no intent 'chrun'\. Did you mean 'churn'\?"):
        to_act_on(frames, intent="chrun")
    with pytest.raises(UsageError, match="There is no theme 't-x'"):
        to_act_on(frames, intent="churn", theme_id="t-x")


def test_of_too_few_people_nothing_is_listed() -> None:
    few = made_up({f"a{i}": [LEAVING] for i in range(4)}, 5)
    assert (to_act_on(few, intent="churn").suppressed, to_act_on(few, intent="churn").items.height) == (True, 0)
    # Four of seven mention the theme: it is withheld, and its name with it, while the view may be listed.
    some = made_up({f"a{i}": [LEAVING] for i in range(4)} | {f"b{i}": [] for i in range(3)}, 5)
    assert "t-staff" in some.withheld
    assert to_act_on(some, intent="churn", theme_id="t-staff").suppressed
    page = to_act_on(some, intent="churn")
    assert (page.total, page.suppressed, page.items["theme_labels"].to_list()) == (4, False, [[]] * 4)


def test_verbatims_are_found_by_what_they_express() -> None:
    frames = made_up(
        {"a": [PLAIN, LEAVING], "b": [GLAD, FURIOUS], "c": [PLAIN], "d": [(0.1, "neutral", 0.9, None, None)]}
    )

    def found(**how: Any) -> list[str]:
        return sorted(item.feedback_id for item in find_verbatims(frames, **how).items)

    assert found(intent="churn") == ["a"]
    assert found(intent="complaint") == ["a", "b"]
    assert found(emotion="joy", intent="complaint") == ["b"]
    assert found(emotion="none") == ["c"]
    # About the theme, which only the first statement of each mentions.
    assert found(emotion="anger", theme_id="t-staff") == []
    assert found(emotion="gratitude", theme_id="t-staff") == ["b"]
    assert found(emotion="none", theme_id="t-staff") == ["a", "c"]
    spans = find_verbatims(frames, intent="churn").items[0].spans
    assert [(span.emotions, span.intents) for span in spans] == [
        ((), ()),
        (("disappointment",), ("churn", "complaint")),
    ]
    with pytest.raises(UsageError, match=r"There is no emotion 'angre'\. Did you mean 'anger'\?"):
        find_verbatims(frames, emotion="angre")
    with pytest.raises(UsageError, match="There is no intent 'none'"):
        find_verbatims(frames, intent="none")
