"""Survey weights in the figures: against statsmodels, rows written several times, and surveys with a known truth."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from polars.testing import assert_frame_equal
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint
from statsmodels.stats.weightstats import DescrStatsW

from feedback_nlp.analysis.facets import theme_by_facet
from feedback_nlp.analysis.feelings import feelings
from feedback_nlp.analysis.frames import AnalysisFrames, build_frames
from feedback_nlp.analysis.outcomes import Outcome, choose_outcome, response_values
from feedback_nlp.analysis.scores import ScoreSummary, mean_with_interval, nps_interval, summarise_scores
from feedback_nlp.analysis.scores_compared import scores_compared
from feedback_nlp.analysis.segments import compare_segments, over_represented, score_by_segment, theme_by_segment
from feedback_nlp.analysis.themes import theme_table, unthemed_row
from feedback_nlp.analysis.trends import changing_themes, score_by_month, theme_by_period, themes_by_month
from feedback_nlp.analysis.watching.follow_up import follow_up
from feedback_nlp.analysis.weighting import effective_n, scaled, view_weighting, weighting_of
from feedback_nlp.records import Action
from feedback_nlp.settings import Settings
from tests.sample import raw_frames
from tests.simulated_surveys import Population

NPS = Outcome("nps", "nps", "NPS points", "NPS", -100.0, 100.0, (0.0, 10.0, True))
Raw = dict[str, pl.DataFrame]


def weighted(raw: Raw, weight: Callable[[int], float]) -> Raw:
    """The same with a weight for each response, by its place."""
    ids = raw["feedback"]["response_id"].unique().sort()
    weights = pl.DataFrame({"response_id": ids, "weight": [float(weight(i)) for i in range(len(ids))]})
    return {**raw, "feedback": raw["feedback"].join(weights, on="response_id").sort("feedback_id")}


@pytest.fixture(scope="module")
def frames() -> AnalysisFrames:
    """600 responses, each with a weight of its own between 0.3 and 3."""
    drawn = np.random.default_rng(4).uniform(0.3, 3, 10_000)
    return build_frames(weighted(raw_frames(600), lambda i: drawn[i]), Settings())


def tables(frames: AnalysisFrames) -> Iterator[tuple[str, pl.DataFrame]]:
    """Every table of shares and scores, by name."""
    for name in ("nps", "csat", "sentiment"):
        outcome = choose_outcome(frames, name)
        for level in (1, 2):
            yield f"themes {name} {level}", theme_table(frames, level=level, outcome=outcome)
        yield f"unthemed {name}", unthemed_row(frames, outcome)
        yield f"scores compared {name}", scores_compared(frames, "plan", outcome)
        yield f"crossed {name}", scores_compared(frames, "plan", outcome, across="region")
        yield f"score by segment {name}", score_by_segment(frames, "region", outcome)
        yield f"theme by segment {name}", theme_by_segment(frames, "t-waiting", "region", outcome)
        yield f"theme by week {name}", theme_by_period(frames, "t-waiting", "week", outcome)
        yield f"score by month {name}", score_by_month(frames, outcome)
    yield "segments", compare_segments(frames, "plan")
    yield "segments crossed", compare_segments(frames, "plan", across="region")
    yield "over-represented", over_represented(frames, false_alarms=1.0)
    yield "months", themes_by_month(frames, level=2)
    yield "changes", changing_themes(frames)
    yield "feelings", feelings(frames)


def score(summaries: tuple[ScoreSummary, ...], name: str) -> ScoreSummary:
    return next(summary for summary in summaries if summary.name == name)


@pytest.mark.parametrize(
    ("weights", "expected"), [([1, 2, 3], 36 / 14), ([1, 1, 1, 1], 4), ([5], 1), ([], 0), ([1e-200, 3e-200], 1.6)]
)
def test_the_effective_number_is_kishs(weights: list[float], expected: float) -> None:
    assert effective_n(weights) == pytest.approx(expected, rel=1e-12)


def test_weights_all_alike_are_no_weights() -> None:
    found = weighting_of(pl.Series([0.7, 0.7, 0.7]))
    assert (found.weighted, found.n, found.effective_n) == (False, 3, 3.0)
    assert scaled(pl.DataFrame({"weight": [0.7, 0.7]}))["weight"].to_list() == [1.0, 1.0]
    assert weighting_of(pl.Series([1.0, 3.0])).weighted


def test_with_all_weights_alike_no_digit_changes() -> None:
    raw = raw_frames(600, 1)
    without = build_frames(raw, Settings())
    for weight in (1.0, 2.7):
        alike = build_frames(weighted(raw, lambda _, weight=weight: weight), Settings())
        assert summarise_scores(alike) == summarise_scores(without)
        for (name, ours), (_, theirs) in zip(tables(alike), tables(without), strict=True):
            assert ours.equals(theirs), name
    missing = {**raw, "feedback": raw["feedback"].with_columns(pl.lit(None, pl.Float64).alias("weight"))}
    assert build_frames(missing, Settings()).feedback["weight"].unique().to_list() == [1.0]


def test_no_order_of_rows_changes_a_digit(frames: AnalysisFrames) -> None:
    drawn = np.random.default_rng(4).uniform(0.3, 3, 10_000)
    raw = weighted(raw_frames(600), lambda i: drawn[i])
    mixed = {name: table.sample(fraction=1, shuffle=True, seed=5) for name, table in raw.items()}
    shuffled = build_frames(mixed, Settings())
    assert summarise_scores(shuffled) == summarise_scores(frames)
    for (name, ours), (_, theirs) in zip(tables(shuffled), tables(frames), strict=True):
        assert ours.equals(theirs), name


def test_a_weight_of_three_is_three_such_responses_of_one_person() -> None:
    raw = raw_frames(400, 2)
    raw["feedback"] = raw["feedback"].with_columns(
        pl.coalesce(pl.col("customer_id").replace("", None), "response_id").alias("customer_id")
    )
    raw = weighted(raw, lambda i: 1 + i % 3)
    times = raw["feedback"].select("feedback_id", pl.col("weight").cast(pl.Int64).alias("times"))

    def written_out(table: pl.DataFrame) -> pl.DataFrame:
        if "feedback_id" not in table.columns:
            return table
        each = table.join(times, on="feedback_id").with_columns(pl.int_ranges("times").alias("copy")).explode("copy")
        ids = [c for c in ("feedback_id", "response_id", "statement_id") if c in table.columns]
        copies = each.with_columns(pl.format("{}-{}", c, "copy").alias(c) for c in ids)
        return copies.drop("times", "copy", "weight", strict=False)

    once = build_frames(raw, Settings())
    copied = build_frames({name: written_out(table) for name, table in raw.items()}, Settings())
    same = ("share", "value_with", "value_without", "gap", "impact", "impact_low", "impact_high", "impact_q")
    for name in ("nps", "csat", "sentiment"):
        outcome = choose_outcome(once, name)
        for level in (1, 2):
            ours, theirs = (theme_table(f, level=level, outcome=outcome).sort("theme_id") for f in (once, copied))
            columns = ["theme_id", *same, "net_sentiment", "sentiment_mean"]
            assert_frame_equal(ours.select(columns), theirs.select(columns), rel_tol=1e-8)
        ours, theirs = (scores_compared(f, "plan", outcome) for f in (once, copied))
        columns = ["segment_value", "value", "difference", "difference_low", "difference_high", "p", "q"]
        assert_frame_equal(ours.select(columns), theirs.select(columns), rel_tol=1e-8)
        assert score(summarise_scores(once), name).value == pytest.approx(score(summarise_scores(copied), name).value)
        ours, theirs = (score_by_month(f, outcome) for f in (once, copied))
        assert_frame_equal(ours.select("month", "value"), theirs.select("month", "value"), rel_tol=1e-8)
    compared = (compare_segments(f, "plan", level=2) for f in (once, copied))
    shares = ["theme_id", "segment_value", "share", "overall_share", "difference"]
    assert_frame_equal(*(table.select(shares) for table in compared), rel_tol=1e-8)
    felt = (feelings(f).sort("kind", "name").select("kind", "name", "share") for f in (once, copied))
    assert_frame_equal(*felt, rel_tol=1e-8)


def test_what_is_counted_stays_a_count(frames: AnalysisFrames) -> None:
    plain = build_frames(raw_frames(600), Settings())
    counts = ["n_feedback", "n_responses", "n_people", "base", "n_with", "n_positive", "n_negative", "low_base"]
    for (name, ours), (_, theirs) in zip(tables(frames), tables(plain), strict=True):
        if name.startswith("over"):
            continue
        same = [c for c in (*counts, "n", "suppressed") if c in ours.columns]
        key = [c for c in ("theme_id", "segment_value", "across_value", "month", "period", "kind", "name") if c in ours]
        assert_frame_equal(ours.select(*key, *same).sort(key), theirs.select(*key, *same).sort(key))
    ours, theirs = (score(summarise_scores(f), "nps") for f in (frames, plain))
    assert (ours.n, ours.parts, ours.meaningful_n) == (theirs.n, theirs.parts, theirs.meaningful_n)
    assert ours.value != theirs.value
    assert frames.withheld == plain.withheld


def test_privacy_counts_people_whatever_they_weigh() -> None:
    raw = raw_frames(300)
    few = build_frames(raw, Settings())
    heavy = set(
        few.mentions.filter(pl.col("theme_id") == "t-legal").join(few.feedback, on="feedback_id")["response_id"]
    )
    ids = raw["feedback"]["response_id"].unique().sort().to_list()
    found = build_frames(weighted(raw, lambda i: 500.0 if ids[i] in heavy else 1.0), Settings())
    assert 0 < len(heavy) < 5
    row = theme_table(found).row(by_predicate=pl.col("theme_id") == "t-legal", named=True)
    assert (row["suppressed"], row["share"], row["n_feedback"], row["impact"]) == (True, None, None, None)
    assert "t-legal" not in set(compare_segments(found, "plan")["theme_id"])


def test_a_weighted_mean_has_students_interval_at_the_effective_number() -> None:
    rng = np.random.default_rng(0)
    g, weight = rng.integers(1, 8, 80).astype(float), rng.uniform(0.2, 4, 80)
    ease = Outcome("ces", "ces", "points", "Ease", 1.0, 7.0, (1.0, 7.0, True))
    stats = DescrStatsW(g, weights=weight * weight.sum() / (weight**2).sum())
    assert stats.nobs == pytest.approx(effective_n(weight))
    found = mean_with_interval(pl.DataFrame({"g": g, "weight": weight}), ease)
    assert found == pytest.approx((stats.mean, *stats.tconfint_mean()), rel=1e-10)


def test_scores_by_hand(frames: AnalysisFrames) -> None:
    values = response_values(frames, choose_outcome(frames, "nps"))
    g, w = values["g"].to_numpy(), values["weight"].to_numpy()
    nps, csat = (score(summarise_scores(frames), name) for name in ("nps", "csat"))
    n = w.sum() ** 2 / (w**2).sum()
    shares = [w[g == part].sum() / w.sum() for part in (100, 0, -100)]
    assert nps.value == pytest.approx(100 * (shares[0] - shares[2]))
    assert (nps.low, nps.high) == pytest.approx(nps_interval(*(n * share for share in shares)))
    assert (nps.weighted, nps.effective_n) == (True, pytest.approx(n))
    assert list(nps.part_shares.values()) == pytest.approx(shares)
    assert f"Unequal weights make it as wide as that of {n:,.0f} responses" in nps.how_to_read
    top = response_values(frames, choose_outcome(frames, "csat"))
    share, n = np.average(top["g"] / 100, weights=top["weight"]), effective_n(top["weight"])
    low, high = proportion_confint(share * n, n, method="wilson")
    assert (csat.value, csat.low, csat.high) == pytest.approx((100 * share, 100 * low, 100 * high))


def test_shares_are_wilsons_and_differences_newcombes_at_the_effective_number(frames: AnalysisFrames) -> None:
    meaningful = frames.feedback.filter("meaningful")
    said = frames.mentions.filter(pl.col("theme_id") == "t-waiting")["feedback_id"].unique().implode()
    rows = meaningful.select("segment.plan", "weight", pl.col("feedback_id").is_in(said).alias("said"))
    row = theme_table(frames, level=2).row(by_predicate=pl.col("theme_id") == "t-waiting", named=True)
    n, share = effective_n(rows["weight"]), np.average(rows["said"], weights=rows["weight"])
    interval = proportion_confint(share * n, n, method="wilson")
    assert (row["share"], row["share_low"], row["share_high"]) == pytest.approx((share, *interval))
    cells = compare_segments(frames, "plan", level=2).filter(pl.col("theme_id") == "t-waiting", ~pl.col("suppressed"))
    assert cells.height > 1
    for cell in cells.iter_rows(named=True):
        here = rows.filter(pl.col("segment.plan").fill_null("(not given)") == cell["segment_value"])
        there = rows.filter(pl.col("segment.plan").fill_null("(not given)") != cell["segment_value"])
        n1, n2 = effective_n(here["weight"]), effective_n(there["weight"])
        p1, p2 = (np.average(part["said"], weights=part["weight"]) for part in (here, there))
        assert cell["share"] == pytest.approx(p1)
        low, high = confint_proportions_2indep(p1 * n1, n1, p2 * n2, n2, method="newcomb", compare="diff")
        rest = there["weight"].sum() / rows["weight"].sum()
        assert (cell["difference_low"], cell["difference_high"]) == pytest.approx((rest * low, rest * high), rel=1e-6)


def test_gaps_and_differences_are_those_of_weighted_least_squares(frames: AnalysisFrames) -> None:
    outcome = choose_outcome(frames, "nps")
    values = response_values(frames, outcome).filter("meaningful")
    mentions = frames.mentions.filter(pl.col("theme_id") == "t-waiting").join(frames.feedback, on="feedback_id")
    said = values["response_id"].is_in(mentions["response_id"].implode()).to_numpy().astype(float)
    groups = values["person_id"].rank("dense").to_numpy().astype(int)
    model = sm.WLS(values["g"].to_numpy(), sm.add_constant(said), weights=values["weight"].to_numpy())
    # G / (G - 1) is ours; statsmodels multiplies it by (n - 1) / (n - k) as well.
    fitted = model.fit(cov_type="cluster", cov_kwds={"groups": groups})
    n = len(values)
    error = fitted.bse[1] / np.sqrt((n - 1) / (n - 2))
    row = theme_table(frames, level=2).row(by_predicate=pl.col("theme_id") == "t-waiting", named=True)
    assert row["gap"] == pytest.approx(fitted.params[1])
    people = [len(set(groups[said == side])) for side in (0, 1)]
    from scipy.stats import t

    assert row["gap_high"] - row["gap"] == pytest.approx(t.ppf(0.975, min(people) - 1) * error, rel=1e-3)
    assert row["impact"] == pytest.approx(row["gap"] * np.average(said, weights=values["weight"]))


def test_the_last_months_are_compared_by_weight(frames: AnalysisFrames) -> None:
    months = frames.feedback["month"].drop_nulls().unique().sort().to_list()
    rows = frames.feedback.filter("meaningful")
    said = frames.mentions.filter(pl.col("theme_id") == "t-service")["feedback_id"].unique().implode()
    recent = (rows["month"] >= months[-2]).fill_null(False)
    found = changing_themes(frames).row(by_predicate=pl.col("theme_id") == "t-service", named=True)
    for name, part in (("recent", rows.filter(recent)), ("before", rows.filter(~recent))):
        mentions = part["feedback_id"].is_in(said)
        assert found[f"share_{name}"] == pytest.approx(np.average(mentions, weights=part["weight"]))
        assert (found[f"n_{name}"], found[f"base_{name}"]) == (mentions.sum(), part.height)
    assert found["change_low"] < found["change"] < found["change_high"]


def test_what_became_of_an_action_is_told_by_weight(frames: AnalysisFrames) -> None:
    action = Action(1, "t-service", "More staff", "ana", datetime(2025, 5, 1), since="2025-05-01")
    found = follow_up(frames, action, measure="mention").series
    said = frames.mentions.filter(pl.col("theme_id") == "t-service")["feedback_id"].unique().implode()
    rows = frames.feedback.filter("meaningful").with_columns(pl.col("feedback_id").is_in(said).alias("said"))
    assert found["share"].null_count() == 1  # the last month is of too few people
    for row in found.filter(~pl.col("suppressed")).iter_rows(named=True):
        month = rows.filter(pl.col("month") == row["period"])
        assert row["share"] == pytest.approx(100 * np.average(month["said"], weights=month["weight"]))
        assert (row["n_feedback"], row["base"]) == (month["said"].sum(), month.height)


def test_a_facet_and_a_view_are_weighted(frames: AnalysisFrames) -> None:
    raw = weighted(raw_frames(300), lambda i: 1.0 + 3 * (i % 2))
    facets = [json.dumps({"touchpoint": ("app", "shop")[i % 2]}) for i in range(raw["statements"].height)]
    raw["statements"] = raw["statements"].with_columns(pl.Series("facets", facets))
    touched = build_frames(raw, Settings())
    table = theme_by_facet(touched, "t-waiting", "touchpoint")
    said = touched.mentions.filter(pl.col("theme_id") == "t-waiting").join(
        touched.statements.select("statement_id", "facets"), on="statement_id"
    )
    answers = said.select("feedback_id").unique().join(touched.feedback, on="feedback_id")
    in_app = said.filter(pl.col("facets").str.contains("app"))["feedback_id"].unique().implode()
    expected = np.average(answers["feedback_id"].is_in(in_app), weights=answers["weight"])
    row = table.row(by_predicate=pl.col("segment_value") == "app", named=True)
    assert row["share"] == pytest.approx(expected)
    found = view_weighting(frames)
    weights = frames.feedback.unique("response_id")["weight"]
    assert (found.weighted, found.n, found.effective_n) == (True, len(weights), pytest.approx(effective_n(weights)))


@pytest.mark.parametrize("biased_by", ["segment", "score"])
def test_weights_undo_unequal_response_and_their_intervals_hold_the_truth(biased_by: str) -> None:
    drawn = Population(seed=11).draw(60_000, 0)
    first = np.unique(drawn.person, return_index=True)[1]  # one response a person
    g, segment = drawn.g[first], drawn.controls.toarray()[first, 0] > 0
    answers = (
        np.where(segment, 1.0, 0.3) if biased_by == "segment" else np.where(g > 0, 1.0, np.where(g < 0, 0.25, 0.5))
    )
    chance = answers * 600 / answers.sum()
    truth = g.mean()
    held, held_unweighted = [], []
    for seed in range(200):
        there = np.random.default_rng([5, seed]).random(len(g)) < chance
        for found, weight in ((held, 1 / chance[there]), (held_unweighted, np.ones(there.sum()))):
            _, low, high = mean_with_interval(pl.DataFrame({"g": g[there], "weight": weight}), NPS)
            found.append(low <= truth <= high)
    assert 0.92 <= np.mean(held) <= 0.98
    assert np.mean(held_unweighted) < 0.1
