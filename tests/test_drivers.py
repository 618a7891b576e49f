"""What moves a score: exact sums, reference results, and intervals that hold on surveys whose truth is known."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from polars.testing import assert_frame_equal
from scipy import sparse

from feedback_nlp.analysis.drivers import drivers
from feedback_nlp.analysis.drivers.changes import score_change
from feedback_nlp.analysis.drivers.contributions import fit_contributions
from feedback_nlp.analysis.drivers.numbering import numbered
from feedback_nlp.analysis.drivers.removal import MOST_EXACT, shapley_of_removal
from feedback_nlp.analysis.drivers.resampling import interval_of
from feedback_nlp.analysis.drivers.responses import LEAST_RESPONSES, ScoredResponses, scored_responses
from feedback_nlp.analysis.frames import AnalysisFrames, build_frames
from feedback_nlp.analysis.outcomes import choose_outcome, response_values
from feedback_nlp.analysis.priorities import priorities
from feedback_nlp.analysis.themes import theme_table
from feedback_nlp.errors import NothingToShow, UsageError
from feedback_nlp.records import Action, View
from feedback_nlp.settings import Settings
from tests.sample import FIRST_DAY, raw_frames
from tests.simulated_surveys import Population, Survey, contributions_of, people_behind, removals_of


@pytest.fixture(scope="module")
def frames() -> AnalysisFrames:
    return build_frames(raw_frames(900), Settings())


@pytest.fixture(scope="module")
def weighted() -> AnalysisFrames:
    raw = raw_frames(900)
    weight = 0.4 + (pl.int_range(pl.len()) % 3).cast(pl.Float64)
    raw["feedback"] = raw["feedback"].sort("feedback_id").with_columns(weight=weight)
    return build_frames(raw, Settings())


@pytest.fixture(scope="module")
def survey() -> Survey:
    return Population(3, themes=6).draw(700, seed=1)


def _weights(survey: Survey) -> np.ndarray:
    """Return whole weights (n,): those who are pleased count two or three times."""
    return 1.0 + (survey.g > 0) + (survey.mentions[:, 0] > 0)


def test_contributions_are_least_squares_and_sum_to_the_score(survey: Survey) -> None:
    fitted = fit_contributions(survey.g, sparse.csr_array(survey.mentions), survey.controls, survey.person, draws=0)
    design = sm.add_constant(np.column_stack([survey.mentions, survey.controls.toarray()]))
    reference = sm.OLS(survey.g, design).fit()
    np.testing.assert_allclose(fitted.effects, reference.params[1:7], rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(fitted.shares, survey.mentions.mean(axis=0), rtol=1e-12)
    assert fitted.score == pytest.approx(survey.g.mean(), abs=1e-12)
    assert fitted.baseline + fitted.parts.sum() == pytest.approx(survey.g.mean(), abs=1e-9)
    assert fitted.ridge == 0.0


def test_the_bootstrap_spreads_as_cluster_robust_errors_do(survey: Survey) -> None:
    fitted = fit_contributions(survey.g, sparse.csr_array(survey.mentions), survey.controls, survey.person, draws=2000)
    design = sm.add_constant(np.column_stack([survey.mentions, survey.controls.toarray()]))
    robust = sm.OLS(survey.g, design).fit(cov_type="cluster", cov_kwds={"groups": survey.person})
    effects = np.where(fitted.drawn_shares > 0, fitted.draws[:, 1:] / np.maximum(fitted.drawn_shares, 1e-9), 0)
    np.testing.assert_allclose(effects.std(axis=0), robust.bse[1:7], rtol=0.1)
    sums = fitted.draws.sum(axis=1)  # every draw adds up to a score of its own
    assert sums.std() == pytest.approx(survey.g.std() / math.sqrt(len(survey.g)), rel=0.15)


def test_survey_weights_make_it_weighted_least_squares(survey: Survey) -> None:
    weight = _weights(survey)
    fitted = fit_contributions(
        *(survey.g, sparse.csr_array(survey.mentions), survey.controls, survey.person), weight=weight, draws=2000
    )
    design = sm.add_constant(np.column_stack([survey.mentions, survey.controls.toarray()]))
    reference = sm.WLS(survey.g, design, weights=weight).fit(cov_type="cluster", cov_kwds={"groups": survey.person})
    score = np.average(survey.g, weights=weight)
    np.testing.assert_allclose(fitted.effects, reference.params[1:7], rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(fitted.shares, np.average(survey.mentions, axis=0, weights=weight), rtol=1e-12)
    assert fitted.score == pytest.approx(score, abs=1e-9)
    assert fitted.baseline + fitted.parts.sum() == pytest.approx(score, abs=1e-9)
    effects = np.where(fitted.drawn_shares > 0, fitted.draws[:, 1:] / np.maximum(fitted.drawn_shares, 1e-9), 0)
    np.testing.assert_allclose(effects.std(axis=0), reference.bse[1:7], rtol=0.1)


@pytest.mark.parametrize("themes", [6, MOST_EXACT + 1])
def test_a_weight_of_two_is_the_same_response_of_the_same_person_twice(themes: int) -> None:
    drawn = Population(3, themes=themes).draw(700, seed=1)
    weight = _weights(drawn)
    twice = np.repeat(np.arange(len(drawn.g)), weight.astype(int))
    again = Survey(
        *(drawn.g[twice], drawn.mentions[twice], drawn.negative[twice], drawn.controls[twice], drawn.person[twice])
    )
    for what in (contributions_of, removals_of):
        values, draws = what(again, 50)
        weighed, weighed_draws = what(drawn, 50, weight)
        np.testing.assert_allclose(weighed, values, atol=1e-9)
        np.testing.assert_allclose(weighed_draws, draws, atol=1e-9)


def test_themes_that_always_come_together_share_their_effect_and_still_add_up() -> None:
    drawn = Population(5, themes=3).draw(400, seed=2)
    twin = np.column_stack([drawn.mentions, drawn.mentions[:, 0]])
    fitted = fit_contributions(drawn.g, sparse.csr_array(twin), drawn.controls, drawn.person, draws=50)
    alone = fit_contributions(drawn.g, sparse.csr_array(drawn.mentions), drawn.controls, drawn.person, draws=0)
    assert fitted.ridge > 0
    assert fitted.parts[0] == pytest.approx(fitted.parts[3], abs=1e-6)
    assert fitted.parts[0] + fitted.parts[3] == pytest.approx(alone.parts[0], rel=0.02)
    assert fitted.baseline + fitted.parts.sum() == pytest.approx(drawn.g.mean(), abs=1e-9)
    assert np.isfinite(fitted.draws).all()


def test_removal_is_the_shapley_value_by_definition(survey: Survey) -> None:
    values, _ = removals_of(survey)
    k = survey.mentions.shape[1]

    def worth(themes: tuple[int, ...]) -> float:
        kept = ~survey.mentions[:, list(themes)].any(axis=1)
        return survey.g.mean() - survey.g[kept].mean() if kept.any() else 0.0

    expected = np.zeros(k)
    for theme in range(k):
        others = [other for other in range(k) if other != theme]
        for size in range(k):
            share = math.factorial(size) * math.factorial(k - size - 1) / math.factorial(k)
            for chosen in itertools.combinations(others, size):
                expected[theme] += share * (worth((*chosen, theme)) - worth(chosen))
    np.testing.assert_allclose(values, expected, atol=1e-9)
    assert values.sum() == pytest.approx(worth(tuple(range(k))), abs=1e-9)


def test_orders_of_many_themes_come_near_the_exact_value_and_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = Population(4, themes=10).draw(900, seed=1)
    exact, _ = removals_of(drawn)
    monkeypatch.setattr("feedback_nlp.analysis.drivers.removal.MOST_EXACT", 0)
    row, theme = np.nonzero(drawn.mentions)
    some = shapley_of_removal(drawn.g, row, theme, 10, drawn.person, draws=0)
    assert (np.abs(some.values - exact) < 5 * some.order_error + 1e-9).all()
    assert drawn.g.mean() - some.rest == pytest.approx(some.values.sum(), abs=1e-9)
    assert some.rest == pytest.approx(drawn.g[~drawn.mentions.any(axis=1)].mean(), abs=1e-9)
    assert 0 < some.order_error.max() < 0.2 * np.abs(exact).max()
    assert MOST_EXACT >= 10


def test_everybody_mentions_something_and_removal_says_nothing_of_nobody() -> None:
    g = np.array([100.0, 100.0, -100.0, -100.0])
    mentions = np.array([[1, 0], [1, 0], [0, 1], [0, 1]])
    row, theme = np.nonzero(mentions)
    found = shapley_of_removal(g, row, theme, 2, np.arange(4), draws=0)
    # Each alone moves the score by 100, one way or the other; with both out nobody is left, and that is worth 0.
    np.testing.assert_allclose(found.values, [100.0, -100.0], atol=1e-9)


def test_leave_one_out_does_not_add_up_where_the_others_do() -> None:
    """Three pains that come together: the market's number blames each for the others."""
    rng = np.random.default_rng(0)
    mood = rng.normal(size=3000)
    mentions = (mood[:, None] + rng.normal(size=(3000, 3)) > 1.2).astype(float)
    g = np.where(rng.random(3000) < 0.8 - 0.5 * mentions.any(axis=1), 100.0, -100.0)
    survey = Survey(g, mentions, mentions, sparse.csr_array((3000, 0)), np.arange(3000))
    alone = [g.mean() - g[mentions[:, j] == 0].mean() for j in range(3)]
    together = g.mean() - g[~mentions.any(axis=1)].mean()
    values, _ = removals_of(survey)
    assert values.sum() == pytest.approx(together, abs=1e-9)
    assert sum(alone) < 1.1 * together < 0  # a tenth too much at the least, all of it damage


@pytest.mark.parametrize("what", [contributions_of, removals_of])
def test_intervals_hold_the_truth_in_about_95_of_100_surveys(what: object) -> None:
    held: list[np.ndarray] = []
    for number in range(5):
        population = Population(number, themes=7)
        truth, _ = what(population.draw(200_000, seed=10**6))  # type: ignore[operator]
        for seed in range(40):
            drawn = population.draw(500, seed)
            estimate, draws = what(drawn, 200)  # type: ignore[operator]
            low, high, _ = interval_of(estimate, draws, people_behind(drawn))
            held.append((low <= truth) & (truth <= high))
    assert 0.93 <= np.mean(held) <= 0.97


def test_a_theme_without_an_effect_is_called_clear_no_more_often_than_it_may() -> None:
    """The market's leave-one-out blames a theme for the company it keeps; the adjusted contribution does not."""
    wrong, blamed = [], []
    for seed in range(120):
        rng = np.random.default_rng(seed)
        pain = rng.random(600) < 0.2
        bystander = rng.random(600) < np.where(pain, 0.6, 0.1)  # comes with the pain, does nothing itself
        g = np.where(rng.random(600) < np.where(pain, 0.2, 0.6), 100.0, -100.0)
        columns = np.column_stack([pain, bystander]).astype(float)
        fitted = fit_contributions(g, sparse.csr_array(columns), sparse.csr_array((600, 0)), np.arange(600), draws=150)
        degrees = np.minimum(columns.sum(axis=0), 600 - columns.sum(axis=0)) - 1
        _, _, p = interval_of(fitted.parts, fitted.draws[:, 1:], degrees)
        wrong.append(p[1] < 0.05)
        gap = g[bystander].mean() - g[~bystander].mean()
        error = math.sqrt(g[bystander].var() / bystander.sum() + g[~bystander].var() / (~bystander).sum())
        blamed.append(abs(gap / error) > 1.96)
    assert np.mean(wrong) <= 0.1
    assert np.mean(blamed) >= 0.9


def test_drivers_reconcile_to_the_score_three_ways(frames: AnalysisFrames) -> None:
    found = drivers(frames, draws=200)
    assert found is not None
    table = found.table
    values = scored_responses(numbered(frames), choose_outcome(frames)).g
    assert found.score == pytest.approx(values.mean(), abs=1e-9)
    assert found.baseline + table["contribution"].sum() == pytest.approx(found.score, abs=1e-9)
    assert found.signed_baseline + table["damage"].sum() + table["lift"].sum() == pytest.approx(found.score, abs=1e-9)
    assert found.rest is not None
    assert found.rest + table["shapley"].sum() == pytest.approx(found.score, abs=1e-9)
    impacts = theme_table(frames).select("theme_id", "impact").drop_nulls()
    assert found.impact_total == pytest.approx(impacts["impact"].sum(), abs=1e-9)
    for name in ("contribution", "shapley"):
        known = table.drop_nulls(name)
        assert (known[f"{name}_low"] <= known[name]).all()
        assert (known[name] <= known[f"{name}_high"]).all()
        assert known[f"{name}_q"].is_between(0, 1).all()
    assert table.filter(pl.col("contribution").is_null())["left_out"].null_count() == 0
    assert table.filter(pl.col("contribution").is_not_null())["left_out"].null_count() == table["contribution"].count()
    assert set(table["kind"].drop_nulls()) <= {"must-have", "satisfier", "delighter", "none clear"}


def test_the_leave_one_out_of_the_drivers_is_that_of_the_themes(weighted: AnalysisFrames) -> None:
    found = drivers(weighted, draws=0)
    assert found is not None
    names = ["theme_id", "label", "share", "n_with", "gap", "gap_low", "gap_high", "impact", "impact_low"]
    names += ["impact_high", "impact_q", "suppressed"]
    expected = theme_table(weighted).select(names).sort("theme_id")
    assert_frame_equal(found.table.select(names).sort("theme_id"), expected, abs_tol=1e-9)


def test_weights_count_in_all_views_of_the_drivers_and_all_still_reconcile(weighted: AnalysisFrames) -> None:
    found = drivers(weighted, draws=100)
    assert found is not None
    table, values = found.table, response_values(weighted, choose_outcome(weighted)).filter("meaningful")
    score = np.average(values["g"], weights=values["weight"])
    assert found.score == pytest.approx(score, abs=1e-9)
    assert found.score != pytest.approx(values["g"].mean(), abs=0.1)
    assert found.baseline + table["contribution"].sum() == pytest.approx(score, abs=1e-9)
    assert found.signed_baseline + table["damage"].sum() + table["lift"].sum() == pytest.approx(score, abs=1e-9)
    assert found.rest is not None
    assert found.rest + table["shapley"].sum() == pytest.approx(score, abs=1e-9)
    assert found.n == len(values)
    change = score_change(weighted, View(until="2025-05-01"), View(since="2025-05-01"), draws=100)
    assert change is not None
    assert change.baseline + change.table["total"].sum() == pytest.approx(change.after - change.before, abs=1e-9)
    assert change.change_low < change.change < change.change_high


def test_weights_that_are_all_alike_change_no_digit(frames: AnalysisFrames) -> None:
    heavy = replace(frames, feedback=frames.feedback.with_columns(weight=pl.lit(7.3)))
    first, second = drivers(frames, draws=50), drivers(heavy, draws=50)
    assert first is not None
    assert second is not None
    assert_frame_equal(first.table, second.table, check_exact=True)
    assert (first.score, first.baseline, first.baseline_low) == (second.score, second.baseline, second.baseline_low)


def test_people_whose_weights_differ_count_for_fewer_but_privacy_counts_them_all() -> None:
    # Two who mention theme 0, of weights 1 and 3 (the mean of 2 and 4): (1 + 3)^2 / (1 + 9) = 1.6.
    responses = ScoredResponses(
        g=np.zeros(5),
        weight=np.array([1.0, 2.0, 4.0, 5.0, 5.0]),
        person=np.array([0, 1, 1, 2, 3]),
        people=np.arange(4),
        row=np.array([0, 1, 2, 3, 4]),
        theme=np.array([0, 0, 0, 1, 1]),
        negative=np.array([True, False, False, True, True]),
        positive=np.zeros(5, bool),
        theme_ids=("a", "b"),
        left_out=(),
        controls=sparse.csr_array((5, 0)),
        control_names=(),
    )
    np.testing.assert_allclose(responses.degrees(), [0.6, 0.6])
    np.testing.assert_allclose(responses.degrees("negative"), [0.0, 0.6])
    assert responses.fewer_people().tolist() == [2, 2]
    assert responses.fewer_people("negative").tolist() == [1, 2]
    assert responses.effective_people == pytest.approx(14**2 / 60)


@pytest.mark.parametrize("name", ["frames", "weighted"])
def test_drivers_do_not_depend_on_the_order_of_rows(name: str, request: pytest.FixtureRequest) -> None:
    frames: AnalysisFrames = request.getfixturevalue(name)
    shuffled = replace(
        frames,
        feedback=frames.feedback.sample(fraction=1, shuffle=True, seed=5),
        mentions=frames.mentions.sample(fraction=1, shuffle=True, seed=6),
        statements=frames.statements.sample(fraction=1, shuffle=True, seed=7),
    )
    first, second = drivers(frames, draws=100), drivers(shuffled, draws=100)
    assert first is not None
    assert second is not None
    assert_frame_equal(first.table, second.table, check_exact=True)
    assert first.controls == second.controls


def test_themes_of_few_people_are_neither_shown_nor_in_the_sum(frames: AnalysisFrames) -> None:
    found = drivers(frames, draws=20)
    assert found is not None
    modelled = scored_responses(numbered(frames), choose_outcome(frames))
    counts = np.bincount(modelled.theme, minlength=len(modelled.theme_ids))
    assert counts.min() >= LEAST_RESPONSES
    assert not set(modelled.theme_ids) & set(frames.withheld)
    strict = build_frames(raw_frames(900), Settings(privacy_minimum=1000))
    with pytest.raises(NothingToShow, match="Fewer than 1000 people in view wrote something and have NPS"):
        drivers(strict, draws=20)
    with pytest.raises(NothingToShow, match="fewer than 1000 people"):
        score_change(strict, View(until="2025-05-01"), View(since="2025-05-01"))


def test_a_change_is_mix_and_effect_and_adds_up(frames: AnalysisFrames) -> None:
    middle = "2025-05-01"
    found = score_change(frames, View(until=middle), View(since=middle), draws=200)
    assert found is not None
    assert found.baseline + found.table["mix"].sum() + found.table["effect"].sum() == pytest.approx(
        found.change, abs=1e-9
    )
    assert found.change == pytest.approx(found.after - found.before, abs=1e-12)
    assert found.change_low < found.change < found.change_high
    back = score_change(frames, View(since=middle), View(until=middle), draws=200)
    assert back is not None
    joined = found.table.join(back.table, on="theme_id")
    np.testing.assert_allclose(joined["total"].to_numpy(), -joined["total_right"].to_numpy(), atol=1e-9)


def test_a_planted_change_is_laid_at_the_right_door() -> None:
    """More people mention the pain (mix), or the same number suffer more from it (effect)."""
    rng = np.random.default_rng(0)
    raw = raw_frames(900)
    themes = raw["themes"].filter(pl.col("level") == 1)["theme_id"].to_list()
    half = raw["feedback"]["created_at"].median()
    later = raw["feedback"].filter(pl.col("created_at") >= half)["feedback_id"]
    pain, other = themes[0], themes[1]
    statements = (
        raw["statements"].select("statement_id", "feedback_id").unique("feedback_id", keep="first").sort("feedback_id")
    )
    draws = rng.random((len(statements), 2))
    is_late = statements["feedback_id"].is_in(later.implode()).to_numpy()
    says = {pain: draws[:, 0] < np.where(is_late, 0.45, 0.15), other: draws[:, 1] < 0.2}
    rows = [
        statements.filter(pl.Series(mask)).with_columns(
            theme_id=pl.lit(theme), confidence=pl.lit(0.9), provenance=pl.lit("model")
        )
        for theme, mask in says.items()
    ]
    raw["mentions"] = pl.concat(rows).select(raw["mentions"].columns)
    score = np.where(says[pain], 3, 9) - np.where(rng.random(len(statements)) < 0.2, 2, 0)
    scores = pl.DataFrame({"feedback_id": statements["feedback_id"], "scores": [f'{{"nps": {s}}}' for s in score]})
    raw["feedback"] = raw["feedback"].drop("scores").join(scores, on="feedback_id", how="inner").sort("feedback_id")
    built = build_frames(raw, Settings())
    day = half.strftime("%Y-%m-%d")  # type: ignore[union-attr]
    found = score_change(built, View(until=day), View(since=day), draws=200)
    assert found is not None
    first = found.table.row(0, named=True)
    assert first["theme_id"] == pain
    assert first["mix"] < -20
    assert first["mix_high"] < 0
    assert first["effect_low"] < 0 < first["effect_high"]


def test_priorities_show_factors_and_never_only_a_product(frames: AnalysisFrames) -> None:
    moved = drivers(frames, draws=100)
    assert moved is not None
    worst = moved.table["theme_id"][0]
    action = Action(1, worst, "More people on the phone", "ana", FIRST_DAY, owner="care", state="doing", effort=3)
    done = replace(action, action_id=2, state="done", effort=1)
    table = priorities(frames, moved, actions=(action, done))
    first = table.row(0, named=True)
    assert (first["theme_id"], first["owner"], first["state"], first["effort"]) == (worst, "care", "doing", 3)
    assert table["damage"].drop_nulls().is_sorted()
    assert "priority" not in table.columns
    by_reach = priorities(frames, moved, sort="reach")
    assert by_reach["reach"].is_sorted(descending=True)
    with pytest.raises(UsageError, match="no factor 'dammage'"):
        priorities(frames, moved, sort="dammage")
