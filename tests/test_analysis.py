"""Scores, outcomes, impact, segments, trends and verbatims, against numbers worked out another way."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import datetime

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from feedback_nlp.analysis.frames import AnalysisFrames, apply_view, build_frames
from feedback_nlp.analysis.outcomes import choose_outcome, response_values
from feedback_nlp.analysis.overview import NothingSaid, overview
from feedback_nlp.analysis.passages import Passage, passages, placeholder_pieces
from feedback_nlp.analysis.replaced import Replaced, ReplacedTable, replaced
from feedback_nlp.analysis.scores import nps_interval, summarise_scores
from feedback_nlp.analysis.segments import compare_segments, over_represented, score_by_segment, theme_by_segment
from feedback_nlp.analysis.themes import theme_table, unthemed_row
from feedback_nlp.analysis.trends import changing_themes, score_by_month, theme_by_month, themes_by_month
from feedback_nlp.analysis.verbatims import Span, find_verbatims, is_right_to_left
from feedback_nlp.errors import UsageError
from feedback_nlp.records import NON_ANSWER_KINDS, Aside, View
from feedback_nlp.settings import Settings
from tests.sample import GREETINGS, LOG, SIGNATURES, raw_frames, with_tickets


@pytest.fixture(scope="module")
def frames() -> AnalysisFrames:
    return build_frames(raw_frames(), Settings())


@pytest.fixture(scope="module")
def open_frames() -> AnalysisFrames:
    return build_frames(raw_frames(), Settings(privacy_minimum=1))


def with_scale(kind: str, minimum: float, maximum: float, higher: bool, values: list[float]) -> AnalysisFrames:
    """Frames with one score "s" of the given kind; one person, one response and one feedback a value."""
    raw = raw_frames(len(values))
    ids = raw["feedback"]["response_id"].unique(maintain_order=True)
    scores = pl.DataFrame({"response_id": ids, "scores": [json.dumps({"s": v}) for v in values]})
    raw["feedback"] = raw["feedback"].drop("scores").join(scores, on="response_id").sort("feedback_id")
    row = {"name": "s", "kind": kind, "minimum": minimum, "maximum": maximum, "higher_is_better": higher}
    raw["scales"] = pl.DataFrame([row], schema=raw["scales"].schema)
    return build_frames(raw, Settings(privacy_minimum=1))


def test_frames_unpack_scores_segments_and_feelings(frames: AnalysisFrames) -> None:
    assert frames.score_names == ("csat", "nps")
    assert frames.segment_names == ("plan", "region")
    assert frames.outcome_name == "nps"
    feedback = frames.feedback
    assert set(feedback["nps_segment"].drop_nulls()) == {"promoter", "passive", "detractor"}
    row = feedback.row(by_predicate=pl.col("feedback_id") == "f-r00003-0", named=True)
    assert (row["score.nps"], row["score.csat"], row["nps_segment"], row["person_id"]) == (
        4.0,
        3.0,
        "detractor",
        "c00003",
    )
    assert row["month"] == row["created_at"].strftime("%Y-%m")
    labels = frames.statements.group_by("feedback_id").agg(pl.col("sentiment_label"), pl.col("sentiment"))
    said = dict(
        zip(labels["feedback_id"], zip(labels["sentiment_label"], labels["sentiment"], strict=True), strict=True)
    )
    for feedback_id, label in feedback.select("feedback_id", "sentiment_label").iter_rows():
        if feedback_id not in said:
            assert label is None
            continue
        words, polarity = said[feedback_id]
        praise = sum(p for w, p in zip(words, polarity, strict=True) if w == "positive" and p >= 0.3)
        blame = -sum(p for w, p in zip(words, polarity, strict=True) if w == "negative" and p <= -0.3)
        assert (label == "mixed") == (praise > 0 and blame > 0 and min(praise, blame) >= (praise + blame) / 4)
        if label == "neutral":
            assert set(words) == {"neutral"}


def test_frames_do_not_depend_on_row_order(frames: AnalysisFrames) -> None:
    raw = {name: frame.sample(fraction=1, shuffle=True, seed=3) for name, frame in raw_frames().items()}
    shuffled = build_frames(raw, Settings())
    for outcome in ("nps", "csat", "sentiment"):
        ours = theme_table(frames, level=2, outcome=choose_outcome(frames, outcome))
        theirs = theme_table(shuffled, level=2, outcome=choose_outcome(shuffled, outcome))
        assert_frame_equal(ours, theirs, check_exact=True)


@pytest.mark.parametrize(("n", "half_width"), [(20, 34), (100, 16), (200, 12), (1000, 5.3)])
def test_nps_interval_has_the_known_width(n: int, half_width: float) -> None:
    low, high = nps_interval(round(0.45 * n), round(0.25 * n), round(0.3 * n))
    assert (high - low) / 2 == pytest.approx(half_width, rel=0.03)


def test_nps_interval_is_not_certain_of_five_alike() -> None:
    assert nps_interval(5, 0, 0) == pytest.approx((17.5, 100), abs=0.05)
    assert nps_interval(0, 0, 5) == pytest.approx((-100, -17.5), abs=0.05)


def test_nps_interval_by_its_own_formula() -> None:
    n, p, d = 43.0, 12.75, 9.75
    nps = (p - d) / n
    half = 1.959963985 * np.sqrt(((p + d) / n - nps**2) / n)
    assert nps_interval(12, 19, 9) == pytest.approx((100 * (nps - half), 100 * (nps + half)))
    with pytest.raises(ValueError, match=r"nps_interval\(0, 0, 0\)"):
        nps_interval(0, 0, 0)


def test_scores_count_each_response_once(frames: AnalysisFrames) -> None:
    nps, csat, sentiment = summarise_scores(frames)
    one = frames.feedback.unique("response_id")["score.nps"].drop_nulls()
    promoters, detractors = int((one >= 9).sum()), int((one <= 6).sum())
    assert nps.parts == {
        "promoters": promoters,
        "passives": len(one) - promoters - detractors,
        "detractors": detractors,
    }
    assert nps.n == len(one)
    assert nps.value == pytest.approx(100 * (promoters - detractors) / len(one))
    assert (nps.low, nps.high) == pytest.approx(nps_interval(**nps.parts))
    stars = frames.feedback.unique("response_id")["score.csat"].drop_nulls()
    assert csat.value == pytest.approx(100 * (stars >= 4).mean())
    assert sum(csat.parts.values()) == csat.n == len(stars)
    assert sentiment.kind == "sentiment"
    assert sentiment.low < sentiment.value < sentiment.high
    assert f"{nps.n:,} responses" in nps.how_to_read
    assert f"{nps.meaningful_n:,} of them who also wrote something meaningful" in nps.how_to_read


@pytest.mark.parametrize(
    ("kind", "scale", "values", "expected"),
    [
        ("csat", (1, 5, True), [1, 2, 3, 4, 5, 5], 50.0),
        ("csat", (1, 5, False), [1, 2, 3, 4, 5, 5], 100 / 3),  # 1 is best: 1 and 2 are the top boxes
        ("stars", (1, 5, True), [5, 5, 4, 1], 75.0),
        ("csat", (0, 100, True), [80, 75, 74, 10], 50.0),
        ("csat", (0, 1, True), [1, 0, 0, 0], 25.0),
        ("ces", (1, 7, True), [7, 6, 5], 6.0),
        ("ces", (1, 7, False), [7, 6, 5], 2.0),  # an effort of 5 of 7 is an ease of 3
        ("likely", (0, 10, True), [10, 5], 7.5),
        ("nps", (0, 10, True), [10, 9, 8, 6], 25.0),
    ],
)
def test_outcome_values(kind: str, scale: tuple[float, float, bool], values: list[float], expected: float) -> None:
    data = with_scale(kind, *scale, [float(v) for v in values])
    summary = summarise_scores(data)[0]
    assert (summary.name, summary.kind, summary.n) == ("s", kind, len(values))
    assert summary.value == pytest.approx(expected)
    assert summary.low <= summary.value <= summary.high
    assert summary.low_base


def test_effort_direction_is_said_and_interval_is_students() -> None:
    summary = summarise_scores(with_scale("ces", 1, 7, False, [1, 2, 3, 4]))[0]
    assert "easier" in summary.how_to_read
    assert "7 (worst) to 1 (best)" in summary.how_to_read
    half = 3.182446 * np.std([7, 6, 5, 4], ddof=1) / 2
    assert (summary.value, summary.low, summary.high) == pytest.approx((5.5, 5.5 - half, min(5.5 + half, 7)))
    assert choose_outcome(with_scale("ces", 1, 7, False, [1, 2])).name == "s"


def test_one_score_alone_is_anywhere_on_its_scale() -> None:
    summary = summarise_scores(with_scale("ces", 1, 7, True, [4]))[0]
    assert (summary.value, summary.low, summary.high) == (4, 1, 7)


def test_unknown_outcome_names_the_near_one(frames: AnalysisFrames) -> None:
    with pytest.raises(UsageError, match="Did you mean 'csat'"):
        choose_outcome(frames, "csta")


def _plain_impact(frames: AnalysisFrames, theme_id: str, people: np.ndarray | None = None) -> tuple[float, float]:
    """Impact and gap from the definition, optionally over a resample of people."""
    values = response_values(frames, choose_outcome(frames)).filter("meaningful")
    said = set(
        frames.mentions.filter(pl.col("theme_id") == theme_id).join(frames.feedback, on="feedback_id")["response_id"]
    )
    g = values["g"].to_numpy()
    m = np.array([r in said for r in values["response_id"]])
    weight = np.ones(len(g))
    if people is not None:
        weight = people[values["person_id"].rank("dense").to_numpy() - 1]
    whole = np.average(g, weights=weight)
    without = np.average(g[~m], weights=weight[~m])
    return whole - without, np.average(g[m], weights=weight[m]) - without


@pytest.mark.parametrize("theme_id", ["t-waiting", "t-staff", "t-bill"])
def test_impact_is_leave_one_out_and_its_interval_agrees_with_a_bootstrap(
    open_frames: AnalysisFrames, theme_id: str
) -> None:
    row = theme_table(open_frames, level=2).row(by_predicate=pl.col("theme_id") == theme_id, named=True)
    impact, gap = _plain_impact(open_frames, theme_id)
    assert (row["impact"], row["gap"]) == pytest.approx((impact, gap))
    n, rest = row["n_with"], row["n_without"]
    assert row["impact"] == pytest.approx(n / (n + rest) * row["gap"])
    assert row["gap"] == pytest.approx(row["value_with"] - row["value_without"])
    values = response_values(open_frames, choose_outcome(open_frames)).filter("meaningful")
    n_people = values["person_id"].n_unique()
    rng = np.random.default_rng(0)
    draws = np.array(
        [
            _plain_impact(
                open_frames, theme_id, rng.multinomial(n_people, np.full(n_people, 1 / n_people)).astype(float)
            )
            for _ in range(600)
        ]
    )
    spread = draws.std(axis=0)
    ours = np.array([row["impact_high"] - row["impact_low"], row["gap_high"] - row["gap_low"]]) / (2 * 1.96)
    assert ours == pytest.approx(spread, rel=0.18)


def test_saying_everything_twice_makes_nothing_more_certain() -> None:
    raw = raw_frames(300)
    raw["feedback"] = raw["feedback"].with_columns(pl.coalesce("customer_id", "response_id").alias("customer_id"))
    doubled = {}
    for name, frame in raw.items():
        ids = [c for c in ("feedback_id", "response_id", "statement_id") if c in frame.columns]
        again = frame.with_columns(pl.format("{}b", c).alias(c) for c in ids)
        doubled[name] = pl.concat([frame, again]) if ids else frame
    once = theme_table(build_frames(raw, Settings()), level=2).sort("theme_id")
    twice = theme_table(build_frames(doubled, Settings()), level=2).sort("theme_id")
    assert twice["n_with"].to_list() == [2 * n for n in once["n_with"]]
    for column in ("impact", "impact_low", "impact_high", "gap"):
        assert twice[column].to_list() == pytest.approx(once[column].to_list())


def test_theme_table_counts(frames: AnalysisFrames) -> None:
    table = theme_table(frames)
    assert table["impact"].drop_nulls().is_sorted()
    assert table["theme_id"].to_list()[-1] == "t-legal"  # too few people: figures null, last
    row = table.row(by_predicate=pl.col("theme_id") == "t-money", named=True)
    said = frames.mentions.filter(pl.col("theme_id") == "t-money").join(frames.feedback, on="feedback_id")
    assert row["n_feedback"] == said["feedback_id"].n_unique()
    assert row["n_people"] == said["person_id"].n_unique()
    assert row["base"] == frames.feedback["meaningful"].sum()
    assert row["share"] == pytest.approx(row["n_feedback"] / row["base"])
    assert row["share_low"] < row["share"] < row["share_high"]
    signs = said["sentiment_label"].value_counts()
    counts = dict(zip(signs["sentiment_label"], signs["count"], strict=True))
    assert row["n_negative"] == counts["negative"]
    assert row["net_sentiment"] == pytest.approx(100 * (counts.get("positive", 0) - counts["negative"]) / len(said))
    children = theme_table(frames, level=2, parent_id="t-product")
    assert set(children["theme_id"]) == {"t-crash", "t-ease"}
    assert children["impact"][0] < 0 < children["impact"][1]


def test_unthemed_row_is_the_rest(frames: AnalysisFrames) -> None:
    row = unthemed_row(frames)
    themed = frames.mentions["feedback_id"].n_unique()
    assert row["n_feedback"].to_list() == [int(frames.feedback["meaningful"].sum()) - themed]
    assert row.columns == theme_table(frames).columns


def test_theme_table_without_scores_or_themes() -> None:
    raw = raw_frames(40)
    raw["feedback"] = raw["feedback"].with_columns(pl.lit("{}").alias("scores"))
    raw["scales"] = raw["scales"].clear()
    frames = build_frames(raw, Settings())
    assert frames.outcome_name == "sentiment"
    assert theme_table(frames)["unit"][0] == "points"
    raw["mentions"] = raw["mentions"].clear()
    empty = theme_table(build_frames(raw, Settings()))
    assert empty["n_feedback"].to_list() == [0] * 5
    assert empty["impact"].null_count() == 5


def test_view_keeps_what_it_says(frames: AnalysisFrames) -> None:
    view = View(segments={"plan": ("Basic", "Plus")}, languages=("ro", "ar"), since="2025-03-01", until="2025-06-01")
    kept = apply_view(frames, view)
    assert set(kept.feedback["language"]) == {"ro", "ar"}
    assert set(kept.feedback["segment.plan"]) == {"Basic", "Plus"}
    assert kept.feedback["created_at"].min() >= datetime(2025, 3, 1)
    assert kept.feedback["created_at"].max() < datetime(2025, 6, 1)
    assert set(kept.mentions["feedback_id"]) <= set(kept.feedback["feedback_id"])
    assert apply_view(frames, View()).feedback.height == frames.feedback.height
    with pytest.raises(UsageError, match="Did you mean 'plan'"):
        apply_view(frames, View(segments={"plam": ("x",)}))
    with pytest.raises(UsageError, match="YYYY-MM-DD"):
        apply_view(frames, View(since="March"))


def test_overview_adds_up(frames: AnalysisFrames) -> None:
    counts = overview(frames)
    assert counts.n_feedback == counts.n_answered == counts.n_meaningful + counts.n_non_answers == 511
    assert counts.non_answers["n"].sum() == counts.n_non_answers
    assert counts.languages["n"].sum() == counts.n_meaningful
    assert counts.n_themed_statements == frames.mentions["statement_id"].n_unique()
    assert counts.coverage == counts.n_themed_statements / counts.n_statements
    assert counts.meaningful_share == counts.n_meaningful / 511


def answered(kinds: dict[str | None, list[str]], question: str = "What could we do better?") -> AnalysisFrames:
    """Frames of answers of these kinds (None says something) by these people, to one question."""
    raw = raw_frames(sum(map(len, kinds.values())))
    people = [(kind, person) for kind, names in kinds.items() for person in names]
    feedback = raw["feedback"].unique("response_id", maintain_order=True).sort("feedback_id")
    raw["feedback"] = feedback.with_columns(
        pl.Series("non_answer", [kind for kind, _ in people], dtype=pl.String),
        pl.Series("is_non_answer", [kind is not None for kind, _ in people]),
        pl.Series("n_statements", [int(kind is None) for kind, _ in people]),
        pl.Series("customer_id", [person for _, person in people]),
        pl.lit(question).alias("question"),
    )
    return build_frames(raw, Settings(privacy_minimum=5))


def persons(first: int, n: int) -> list[str]:
    return [f"c{number}" for number in range(first, first + n)]


def test_non_answers_are_told_by_kind_and_a_small_kind_takes_the_next_along() -> None:
    kinds = {None: persons(0, 40), "nothing_to_improve": persons(40, 12), "generic": persons(60, 9)}
    counts = overview(answered({**kinds, "number": persons(70, 6)}))
    assert (counts.n_answered, counts.n_meaningful, counts.n_non_answers) == (67, 40, 27)
    assert counts.non_answers.rows() == [("nothing_to_improve", 12), ("generic", 9), ("number", 6)]
    counts = overview(answered({**kinds, "number": persons(70, 2)}))
    assert counts.non_answers.rows() == [("nothing_to_improve", 12), ("other", 11)]
    # The one who said three times "7" is one person.
    counts = overview(answered({**kinds, "number": ["c70"] * 6}))
    assert counts.non_answers.rows() == [("nothing_to_improve", 12), ("other", 15)]


def test_few_who_say_nothing_are_not_told_by_subtraction_either() -> None:
    counts = overview(answered({None: persons(0, 40), "nothing_to_improve": persons(40, 3)}))
    assert (counts.n_answered, counts.n_meaningful, counts.n_non_answers) == (None, 40, None)
    assert counts.non_answers.is_empty()
    assert counts.meaningful_share is None
    assert counts.nothing_to_improve is None


def test_no_kind_shown_or_left_over_is_of_too_few_people() -> None:
    rng = np.random.default_rng(5)
    names = [kind for kind in NON_ANSWER_KINDS if kind != "empty"]
    for _ in range(60):
        kinds: dict[str | None, list[str]] = {None: persons(0, 20)}
        for kind in names:
            # Few people, some of whom answer more than once.
            kinds[kind] = [f"c{person}" for person in rng.integers(100, 130, int(rng.choice([0, 1, 2, 3, 6, 9, 20])))]
        frames = answered(kinds)
        counts, silent = overview(frames), frames.feedback.filter("is_non_answer")
        if counts.n_answered is None:
            assert 0 < silent["person_id"].n_unique() < 5
            assert counts.non_answers.is_empty()
            continue
        assert counts.non_answers["n"].sum() == silent.height
        shown = counts.non_answers.filter(pl.col("kind") != "other")["kind"].to_list()
        assert all(len(set(kinds[kind])) >= 5 for kind in shown)
        left = silent.filter(~pl.col("non_answer").is_in(shown))["person_id"].n_unique()
        assert left == 0 or left >= 5


@pytest.mark.parametrize(
    ("question", "kind"),
    [("What could we do better?", "nothing_to_improve"), ("Cosa ti è piaciuto di più?", "nothing_good")],
)
def test_nothing_is_praise_or_complaint_by_the_question(question: str, kind: str) -> None:
    counts = overview(answered({None: persons(0, 30), kind: persons(30, 8), "number": persons(40, 7)}, question))
    found = {"nothing_to_improve": counts.nothing_to_improve, "nothing_good": counts.nothing_good}
    assert found.pop(kind) == NothingSaid(8, 45)
    assert list(found.values()) == [None]
    few_others = overview(answered({None: persons(0, 2), kind: persons(30, 8), "number": ["c1"]}, question))
    assert (few_others.nothing_to_improve, few_others.nothing_good) == (None, None)


def test_what_holds_nothing_but_asides_says_nothing_and_no_text_is_no_answer() -> None:
    frames = answered({None: persons(0, 30), "empty": persons(30, 12), "noise": persons(50, 6)})
    nothing_left = pl.when(pl.int_range(pl.len()) < 7).then(0).otherwise("n_statements").alias("n_statements")
    feedback = frames.feedback.with_columns(nothing_left)
    meaningful = (pl.col("non_answer").is_null() & (pl.col("n_statements") > 0)).alias("meaningful")
    text = pl.when(pl.int_range(pl.len()).is_between(30, 35)).then(pl.lit(" \n")).otherwise(pl.lit("-")).alias("text")
    counts = overview(replace(frames, feedback=feedback.with_columns(meaningful, text)))
    assert (counts.n_feedback, counts.n_answered, counts.n_meaningful) == (48, 42, 23)
    assert counts.non_answers.rows() == [("set_aside", 7), ("empty", 6), ("noise", 6)]


def test_exact_and_near_repeats_are_counted_apart() -> None:
    frames = answered({None: persons(0, 60)})
    row = pl.int_range(pl.len())
    kind = pl.when(row < 9).then(pl.lit("exact")).when(row < 12).then(pl.lit("near")).alias("duplicate_kind")
    of = pl.when(row < 12).then(pl.lit("f-x")).alias("duplicate_of")
    counts = overview(replace(frames, feedback=frames.feedback.with_columns(kind, of)))
    assert (counts.n_exact_duplicates, counts.n_near_duplicates) == (9, None)  # three people
    nobody = [pl.lit(None, dtype=pl.String).alias(name) for name in ("duplicate_of", "duplicate_kind")]
    counts = overview(replace(frames, feedback=frames.feedback.with_columns(nobody)))
    assert (counts.n_exact_duplicates, counts.n_near_duplicates) == (0, 0)


def test_what_was_replaced_is_counted_by_kind_and_language_without_values() -> None:
    frames = answered({None: persons(0, 60)})
    row = pl.int_range(pl.len())
    text = (
        pl.when(row < 20)
        .then(pl.lit("Ask <PERSON_1>, not <PERSON_2> or <EMAIL_1>"))
        .when(row < 27)
        .then(pl.lit("اتصلت ب<PERSON_1>"))
        .when(row < 30)
        .then(pl.lit("Zadzwoń do <PERSON_1>, <IBAN_1>"))
        .otherwise(pl.lit("<b> PERSON_1 <PERSON_> <person_1>"))
    )
    language = pl.when(row < 20).then(pl.lit("en")).when(row < 27).then(pl.lit("ar")).otherwise(pl.lit("pl"))
    frames = replace(frames, feedback=frames.feedback.with_columns(text.alias("text"), language.alias("language")))
    # Three people are behind the Polish names, so that the Arabic ones, the next smallest, stay back with them.
    assert replaced(frames) == ReplacedTable(
        (Replaced("PERSON", 50, 30, (("en", 40),), 10), Replaced("EMAIL", 20, 20, (("en", 20),), 0)), n_withheld=1
    )
    assert replaced(answered({None: persons(0, 10)})) == ReplacedTable((), 0)


def test_segments_compare_with_the_whole(frames: AnalysisFrames) -> None:
    by_plan = theme_by_segment(frames, "t-waiting", "plan")
    assert by_plan["segment_value"].to_list() == ["Basic", "Enterprise", "Plus"]
    assert by_plan["base"].sum() == frames.feedback["meaningful"].sum()
    table = compare_segments(frames, "plan", level=2).filter(pl.col("theme_id") == "t-waiting")
    assert table["share"].to_list() == pytest.approx(by_plan["share"].to_list())
    weights = table["base"] / table["base"].sum()
    assert (weights * table["difference"]).sum() == pytest.approx(0, abs=1e-12)
    assert ((table["difference_low"] <= table["difference"]) & (table["difference"] <= table["difference_high"])).all()
    scores = score_by_segment(frames, "plan")
    nps = summarise_scores(frames)[0]
    assert scores["n"].sum() == nps.n
    assert (scores["n"] * scores["value"]).sum() / nps.n == pytest.approx(nps.value)
    with pytest.raises(UsageError, match="Did you mean 'region'"):
        theme_by_segment(frames, "t-waiting", "regoin")
    with pytest.raises(UsageError, match="no theme 't-nowhere'"):
        theme_by_segment(frames, "t-nowhere", "plan")


def test_over_represented_finds_what_was_planted() -> None:
    raw = raw_frames(900)
    pairs = over_represented(build_frames(raw, Settings()), level=2)
    assert pairs.select("by", "segment_value", "theme_id").rows() == [("plan", "Basic", "t-waiting")]


def test_months_have_no_holes(frames: AnalysisFrames) -> None:
    months = [f"2025-0{m}" for m in range(1, 10)]
    table = theme_by_month(frames, "t-waiting")
    assert table["month"].to_list() == months
    assert score_by_month(frames)["month"].to_list() == months
    feedback = frames.feedback.filter("meaningful", pl.col("month") == "2025-03")
    said = frames.mentions.filter(pl.col("theme_id") == "t-waiting").join(feedback, on="feedback_id", how="semi")
    march = table.row(2, named=True)
    assert (march["n_feedback"], march["base"]) == (said["feedback_id"].n_unique(), feedback.height)
    gap = frames.feedback.filter(pl.col("month") != "2025-03")
    holed = replace(frames, feedback=gap, mentions=frames.mentions.join(gap, on="feedback_id", how="semi"))
    march = theme_by_month(holed, "t-waiting").row(2, named=True)
    assert (march["month"], march["n_feedback"], march["base"], march["share"]) == ("2025-03", 0, 0, None)
    assert themes_by_month(frames).filter(pl.col("theme_id") == "t-money")["month"].to_list() == months


def test_changing_themes_sees_a_rise() -> None:
    raw = raw_frames(600)
    late = raw["feedback"].filter(pl.col("created_at") >= datetime(2025, 8, 1))["feedback_id"]
    quiet = raw["mentions"].filter(pl.col("theme_id") == "t-late")["statement_id"]
    gone = pl.col("statement_id").is_in(quiet.implode()) & ~pl.col("feedback_id").is_in(late.implode())
    raw["mentions"] = raw["mentions"].filter(~gone | (pl.col("feedback_id").hash(seed=1) % 5 == 0))
    top = changing_themes(build_frames(raw, Settings()), level=2).row(0, named=True)
    assert top["theme_id"] == "t-late"
    assert top["change_low"] > 0
    assert top["q"] < 0.05
    assert top["change"] == pytest.approx(top["share_recent"] - top["share_before"])


def test_verbatims_carry_their_evidence(frames: AnalysisFrames) -> None:
    page = find_verbatims(frames, theme_id="t-waiting", limit=5)
    assert page.total == theme_table(frames, level=2).filter(pl.col("theme_id") == "t-waiting")["n_feedback"].item()
    assert len(page.items) == 5
    sentences = dict(frames.statements.select("statement_id", "text").iter_rows())
    for item in page.items:
        evidence = [span for span in item.spans if span.is_evidence]
        assert evidence
        for span in evidence:
            assert item.text[span.start : span.end] in sentences.values()
            assert "Waiting time" in span.theme_labels
    quotes = json.loads(frames.themes.filter(pl.col("theme_id") == "t-waiting")["quote_ids"][0])
    assert {item.feedback_id for item in page.items} <= {quote.rsplit("-", 1)[0] for quote in quotes}


def test_verbatims_search_filter_and_order(frames: AnalysisFrames) -> None:
    folded = find_verbatims(frames, search="ASTEPTAT telefon")
    assert folded.total > 0
    assert all("Am așteptat patruzeci de minute la telefon." in item.text for item in folded.items)
    newest = [item.created_at for item in find_verbatims(frames, order="newest").items]
    assert newest == sorted(newest, reverse=True)
    arabic = find_verbatims(frames, search="الانتظار", limit=3).items
    assert arabic
    assert all(item.right_to_left for item in arabic)
    angry = find_verbatims(frames, theme_id="t-service", sentiment="negative", order="most_negative", limit=1000)
    happy = find_verbatims(frames, theme_id="t-service", sentiment="positive", limit=1000)
    torn = find_verbatims(frames, theme_id="t-service", sentiment="mixed", limit=1000)
    everything = find_verbatims(frames, theme_id="t-service", limit=1000)
    assert angry.total + happy.total + torn.total == everything.total
    assert torn.total > 0
    unthemed = find_verbatims(frames, unthemed=True, limit=1000)
    assert unthemed.total == unthemed_row(frames)["n_feedback"].item()
    assert all(not span.theme_ids for item in unthemed.items for span in item.spans)
    first, second = (find_verbatims(frames, limit=20, offset=offset).items for offset in (0, 20))
    assert not {item.feedback_id for item in first} & {item.feedback_id for item in second}
    with pytest.raises(UsageError, match="Did you mean 'newest'"):
        find_verbatims(frames, order="newst")  # type: ignore[arg-type]


def test_verbatims_say_what_was_set_aside_and_search_does_not_look_there() -> None:
    frames = build_frames(with_tickets(raw_frames()), Settings())
    page = find_verbatims(frames, theme_id="t-waiting", limit=1000)
    tickets = [item for item in page.items if item.source == "ticket"]
    assert len(tickets) > 10
    for item in tickets:
        greeting, signature, log = (item.text[start:end] for start, end, _ in item.asides)
        assert (greeting, signature, log) == (GREETINGS[item.language], SIGNATURES[item.language], LOG)
        assert [aside.kind for aside in item.asides] == ["greeting", "signature", "log"]
        assert item.right_to_left == (item.language == "ar")
    assert all(item.asides == () for item in page.items if item.source == "survey")
    sentences = set(frames.statements["text"])
    assert all(item.text[span.start : span.end] in sentences for item in page.items for span in item.spans)
    assert find_verbatims(frames, theme_id="t-waiting", search="minutes").total > 0
    for word in ("timeout", "dear", "email", "person_1"):
        assert frames.feedback["text"].str.to_lowercase().str.contains(word, literal=True).any()
        assert find_verbatims(frames, search=word).total == 0
    named = pl.col("text").str.replace("The queue", "Says <PERSON_1>: the queue", literal=True)
    named_frames = replace(frames, feedback=frames.feedback.filter(source="survey").with_columns(named))
    assert find_verbatims(named_frames, search="says queue").total > 0
    assert find_verbatims(named_frames, search="person_1").total == 0


def test_direction_is_that_of_what_is_said() -> None:
    raw = with_tickets(raw_frames())
    english = pl.col("text").str.replace("السلام عليكم،", "Dear team, hi", literal=True)
    assert raw["feedback"]["asides"].str.contains("greeting").sum() > 0
    raw["feedback"] = raw["feedback"].with_columns(english)
    frames = build_frames(raw, Settings())
    found = [item for item in find_verbatims(frames, limit=1000).items if item.language == "ar" and item.asides]
    assert found
    assert all(item.text.startswith("Dear team, hi") and item.right_to_left for item in found)


def evidence(start: int, end: int) -> Span:
    return Span(start, end, ("t",), ("T",), None, True)


def test_passages_put_together_are_the_text() -> None:
    text = "Hi all, it crashes when I call `pay()` at night.\nBye"
    first, second = evidence(8, 48), evidence(30, 40)
    found = passages(
        text, [second, first], [Aside(49, 99, "signature"), Aside(0, 7, "greeting"), Aside(31, 38, "code")]
    )
    assert found == (
        Passage(0, 7, "greeting"),
        Passage(7, 8),
        Passage(8, 31, None, first),
        Passage(31, 38, "code"),
        Passage(38, 48, None, first),
        Passage(48, 49),
        Passage(49, 52, "signature"),
    )
    rng = np.random.default_rng(3)
    for _ in range(200):
        ends = np.sort(rng.integers(0, 30, 8)).tolist()
        asides = [Aside(a, b, "log") for a, b in zip(ends[::2], ends[1::2], strict=True)]
        spans = [evidence(int(a), int(a + n)) for a, n in rng.integers(0, 20, (4, 2))]
        cut = passages("x" * 25, spans, asides)
        assert [p.start for p in cut] == [0, *(p.end for p in cut[:-1])]
        assert cut[-1].end == 25
        assert {i for p in cut if p.kind for i in range(p.start, p.end)} == {
            i for a in asides for i in range(a.start, min(a.end, 25))
        }


def test_passages_of_a_long_ticket_take_linear_time() -> None:
    asides = [Aside(10 * i, 10 * i + 4, "code") for i in range(50_000)]
    spans = [evidence(10 * i + 5, 10 * i + 9) for i in range(50_000)]
    started = time.process_time()
    assert len(passages("x" * 500_000, spans, asides)) == 200_000
    assert time.process_time() - started < 5


def test_placeholders_are_read_as_words() -> None:
    assert list(placeholder_pieces("<PERSON_2> of <BADGE_1>: <b>")) == [
        ("person 2", True),
        (" of ", False),
        ("badge 1", True),
        (": <b>", False),
    ]


@pytest.mark.parametrize(
    ("text", "expected"), [("شكرا 12", True), ("12 thanks شكرا", False), ("", False), ("<3", False)]
)
def test_direction_of_a_text(text: str, expected: bool) -> None:
    assert is_right_to_left(text) is expected


def test_large_tables_are_fast() -> None:
    raw = raw_frames(2000)
    for name in ("feedback", "statements", "mentions"):
        ids = [c for c in raw[name].columns if c in ("feedback_id", "response_id", "customer_id", "statement_id")]
        copies = [raw[name].with_columns(pl.format("{}-{}", c, pl.lit(i)).alias(c) for c in ids) for i in range(42)]
        raw[name] = pl.concat(copies)
    frames = build_frames(raw, Settings())
    assert frames.mentions.height > 200_000
    theme_table(frames)  # the first call pays for starting polars' threads
    started = time.perf_counter()
    theme_table(frames, level=2)
    assert time.perf_counter() - started < 3  # about 0.3 s on one idle core; the rest is room for a busy machine


def test_a_hidden_theme_and_its_sub_themes_are_left_out_everywhere() -> None:
    raw = raw_frames()
    parent = raw["themes"].filter(pl.col("parent_id").is_not_null())["parent_id"][0]
    family = {parent, *raw["themes"].filter(pl.col("parent_id") == parent)["theme_id"]}
    hidden = pl.when(pl.col("theme_id") == parent).then(pl.lit("retired")).otherwise("state").alias("state")
    frames = build_frames({**raw, "themes": raw["themes"].with_columns(hidden)}, Settings())
    assert len(family) > 1
    for level in (1, 2):
        assert not family & set(theme_table(frames, level=level)["theme_id"])
    assert not family & set(frames.mentions["theme_id"])
