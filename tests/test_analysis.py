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
from feedback_nlp.analysis.overview import overview
from feedback_nlp.analysis.scores import nps_interval, summarise_scores
from feedback_nlp.analysis.segments import compare_segments, over_represented, score_by_segment, theme_by_segment
from feedback_nlp.analysis.themes import theme_table, unthemed_row
from feedback_nlp.analysis.trends import changing_themes, score_by_month, theme_by_month, themes_by_month
from feedback_nlp.analysis.verbatims import find_verbatims, is_right_to_left
from feedback_nlp.errors import UsageError
from feedback_nlp.records import View
from feedback_nlp.settings import Settings
from tests.sample import raw_frames


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
        praise = any(w == "positive" and p >= 0.3 for w, p in zip(words, polarity, strict=True))
        complaint = any(w == "negative" and p <= -0.3 for w, p in zip(words, polarity, strict=True))
        assert (label == "mixed") == (praise and complaint)
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
    assert counts.n_feedback == counts.n_meaningful + counts.n_non_answers == 511
    assert counts.languages["n"].sum() == counts.n_meaningful
    assert counts.n_themed_statements == frames.mentions["statement_id"].n_unique()
    assert counts.coverage == counts.n_themed_statements / counts.n_statements
    assert counts.meaningful_share == counts.n_meaningful / 511


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
