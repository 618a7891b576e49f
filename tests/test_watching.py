"""Alarms, series before and after, words: against reference results and against simulations with a known truth."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from scipy.optimize import minimize
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from feedback_nlp.analysis import intervals
from feedback_nlp.analysis.call_backs import asking_column, call_backs
from feedback_nlp.analysis.distinctive import distinctive_words
from feedback_nlp.analysis.frames import AnalysisFrames, build_frames
from feedback_nlp.analysis.outcomes import choose_outcome
from feedback_nlp.analysis.periods import all_periods, period_labels
from feedback_nlp.analysis.trends import score_by_period, theme_by_period, themes_by_month, themes_by_period
from feedback_nlp.analysis.watching.alerts import alerts
from feedback_nlp.analysis.watching.counts import _USUAL_CHANGE, _Fit, _iterate, expect
from feedback_nlp.analysis.watching.follow_up import _peak, follow_up
from feedback_nlp.analysis.watching.interrupted import _CARRIED, _OWN, LEAST_PERIODS, fit_errors, interrupt
from feedback_nlp.errors import NothingToShow, UsageError
from feedback_nlp.records import Action, Call
from feedback_nlp.settings import Settings
from tests.sample import FIRST_DAY, raw_frames


@pytest.fixture(scope="module")
def frames() -> AnalysisFrames:
    return build_frames(raw_frames(900), Settings())


def counted(
    seed: int, *, periods: int = 24, year: float = 12.0, k: int = 40
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return counts (k, periods) with trend, season and overdispersion, the volume, and the true means."""
    rng = np.random.default_rng(seed)
    time = np.arange(periods)
    often = np.exp(rng.uniform(np.log(0.01), np.log(0.2), k))
    volume = rng.poisson(400 * (1 + 0.2 * np.sin(time))).astype(float)
    season = 0.3 * np.sin(2 * np.pi * time / year + rng.uniform(0, 2 * np.pi, k)[:, None])
    trend = rng.normal(0, 0.3, k)[:, None] * (time / periods)
    mean = volume * often[:, None] * np.exp(season + trend)
    return rng.negative_binomial(mean / 0.5, 1 / 1.5), volume, mean


def test_the_regression_is_a_penalised_poisson_regression() -> None:
    """The likelihood of statsmodels, Firth's penalty (half the log-determinant of the information), a weak prior."""
    counts, volume, _ = counted(1, k=3)
    counts[2] = 0
    counts[2, -1] = 1  # a plain regression would have no finite slope here
    time = np.arange(24)
    design = np.column_stack([np.ones(24), (time - 11.5) / 12, np.sin(time), np.cos(time)])
    coefficients, _, mu = _iterate(counts.astype(float), design, np.log(volume), np.ones(counts.shape))
    prior = np.diag([0, *[_USUAL_CHANGE**-2.0] * 3])
    for row, found, mean in zip(counts, coefficients, mu, strict=True):
        model = sm.GLM(row, design, family=sm.families.Poisson(), offset=np.log(volume))

        def worth(at: np.ndarray, model: sm.GLM = model) -> float:
            rate = np.exp(design @ at + np.log(volume))
            information = design.T @ (rate[:, None] * design) + prior
            return -(model.loglike(at) + np.linalg.slogdet(information)[1] / 2 - at @ prior @ at / 2)

        reference = minimize(worth, found + 0.3, method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10})
        np.testing.assert_allclose(found, reference.x, atol=2e-5)
        np.testing.assert_allclose(mean, np.exp(design @ reference.x) * volume, rtol=1e-4)


def growing(seed: int, periods: int) -> tuple[np.ndarray, np.ndarray]:
    """Return counts (25, periods) and volume of a survey that grows from 3 answers a period to 180."""
    rng = np.random.default_rng(seed)
    volume = np.maximum(rng.poisson(3 * np.exp(np.arange(periods) / periods * np.log(60))), 1).astype(float)
    mean = volume * np.exp(rng.uniform(np.log(0.003), np.log(0.08), 25))[:, None]
    return rng.negative_binomial(mean / 0.5, 1 / 1.5), volume


def test_a_survey_that_grows_raises_no_alarm_of_its_own() -> None:
    """Themes that hardly anybody could mention while few wrote are not expected never to come up."""
    screens = []
    for seed in range(60):
        judged = expect(*growing(seed, 14), 12.0, 1)
        assert judged.expected.min() > 1e-3
        screens.append((intervals.false_discovery(judged.p_value) <= 0.05).any())
    assert np.mean(screens) <= 0.1  # it was 0.4


def test_a_past_outbreak_does_not_raise_what_is_expected() -> None:
    counts, volume, _ = counted(2, k=10)
    quiet = expect(counts, volume, 12.0, 1)
    spoilt = counts.copy()
    spoilt[4, 9:11] *= 5
    after = expect(spoilt, volume, 12.0, 1)
    assert after.expected[4] < 1.25 * quiet.expected[4]
    plain = sm.GLM(spoilt[4, :22], np.ones(22), family=sm.families.Poisson(), offset=np.log(volume[:22])).fit()
    assert np.exp(plain.params[0]) * volume[-1] > 1.2 * quiet.expected[4]


@pytest.mark.parametrize(("periods", "year", "skip"), [(24, 12.0, 1), (104, 52.1775, 4)])
def test_alarms_are_few_without_an_outbreak_and_find_one_of_three_times(periods: int, year: float, skip: int) -> None:
    screens, found = [], []
    for seed in range(150):
        counts, volume, mean = counted(seed, periods=periods, year=year)
        quiet = intervals.false_discovery(expect(counts, volume, year, skip).p_value)
        screens.append((quiet <= 0.05).any())
        rng = np.random.default_rng(10_000 + seed)
        theme = int(np.argsort(np.abs(mean[:, -1] - 15))[0])  # about 15 cases are usual
        seen = False
        for _ in range(2):  # the outbreak lasts two periods
            counts = np.column_stack([counts, counts[:, -1]])
            volume = np.append(volume, volume[-1])
            counts[theme, -1] = rng.negative_binomial(3 * mean[theme, -1] / 0.5, 1 / 1.5)
            seen = seen or intervals.false_discovery(expect(counts, volume, year, skip).p_value)[theme] <= 0.05
        found.append(seen)
    # 5 % is due; of 150 screens, 9.3 % and more would come about by chance once in a hundred.
    assert np.mean(screens) <= 0.093
    assert np.mean(found) >= 0.9


def test_too_little_past_or_too_few_cases_raise_no_alarm() -> None:
    counts, volume, _ = counted(3, periods=6, k=2)
    assert np.isnan(expect(counts, volume, 12.0).p_value).all()
    rare = np.zeros((2, 24), int)
    rare[0, -1] = 4
    rare[1, -1] = 5
    judged = expect(rare, np.full(24, 400.0), 12.0, 1)
    assert judged.p_value[0] == 1.0
    assert judged.p_value[1] < 0.001


def test_alerts_name_the_theme_that_broke_out() -> None:
    raw = with_months(raw_frames(1200), 20)
    before = alerts(build_frames(raw, Settings()))
    assert not before["alarm"].any()
    theme = before["theme_id"][0]
    last = raw["feedback"].filter(pl.col("created_at") >= pl.col("created_at").max() - timedelta(days=45))
    struck = raw["statements"].join(last.select("feedback_id"), on="feedback_id").unique("feedback_id", keep="first")
    struck = struck.sort("feedback_id").head(int(0.6 * len(struck)))
    extra = struck.select("statement_id", "feedback_id").with_columns(
        theme_id=pl.lit(theme), confidence=pl.lit(0.9), provenance=pl.lit("model")
    )
    raw["mentions"] = pl.concat([raw["mentions"], extra.select(raw["mentions"].columns)]).unique(
        ["statement_id", "theme_id"]
    )
    found = alerts(build_frames(raw, Settings()))
    alarmed = found.filter("alarm")
    assert set(alarmed["theme_id"]) == {theme}
    row = alarmed.row(0, named=True)
    assert row["n_feedback"] > row["expected_high"] > row["expected"]
    assert row["ratio"] > 1.5
    assert row["share_low"] < row["share"] < row["share_high"]
    strict = alerts(build_frames(raw, Settings(privacy_minimum=900)))
    assert strict["n_feedback"].null_count() == strict.height
    assert not strict["alarm"].any()


def test_an_alarm_says_when_it_only_goes_with_who_wrote() -> None:
    raw = with_months(raw_frames(2400), 20)
    theme = raw["themes"].filter(pl.col("level") == 1)["theme_id"][0]
    rng = np.random.default_rng(5)
    feedback = raw["feedback"].with_columns(pl.col("created_at").dt.strftime("%Y-%m").alias("month"))
    last = (feedback["month"] == feedback["month"].max()).to_numpy()
    app = rng.random(len(feedback)) < np.where(last, 0.9, 0.2)  # in the last month, most come from the app
    raw["feedback"] = feedback.drop("month").with_columns(
        channel=pl.Series(np.where(app, "app", "web")), segments=pl.lit("{}"), language=pl.lit("en")
    )
    first = raw["statements"].unique("feedback_id", keep="first").sort("feedback_id")

    def alarms(often_app: np.ndarray, often_web: np.ndarray) -> list[tuple[str, str | None]]:
        often = pl.DataFrame(
            {"feedback_id": feedback["feedback_id"], "said": rng.random(len(app)) < np.where(app, often_app, often_web)}
        )
        said = first.join(often.filter("said"), on="feedback_id", how="semi").with_columns(
            theme_id=pl.lit(theme), confidence=pl.lit(0.9), provenance=pl.lit("model")
        )
        built = build_frames({**raw, "mentions": said.select(raw["mentions"].columns)}, Settings())
        return alerts(built, latest=1).filter("alarm").select("theme_id", "goes_with").rows()

    same = np.ones(len(app))
    assert alarms(0.5 * same, 0.1 * same) == [(theme, "channel")]  # as often as ever, each of them
    assert alarms(np.where(last, 0.5, 0.12), np.where(last, 0.5, 0.1)) == [(theme, None)]  # more often, all of them


def with_months(raw: dict[str, pl.DataFrame], months: int) -> dict[str, pl.DataFrame]:
    """Spread the feedback evenly over so many months."""
    n = raw["feedback"].height
    days = np.linspace(0, 30.4 * months - 1, n).astype(int)
    order = np.random.default_rng(0).permutation(n)
    dates = [datetime(2024, 1, 1) + timedelta(days=int(days[place])) for place in order]
    raw["feedback"] = raw["feedback"].with_columns(pl.Series("created_at", dates, dtype=pl.Datetime("us")))
    return raw


def test_each_kind_of_error_is_generalised_least_squares() -> None:
    rng = np.random.default_rng(7)
    time = np.delete(np.arange(26.0), [4, 15])  # two periods are missing
    weight = rng.integers(80, 300, 24).astype(float)
    y = 20 + 0.1 * time + np.where(time >= 13, -5.0, 0) + rng.normal(size=24)
    after = (time >= 13).astype(float)
    design = np.column_stack([np.ones(24), time - 13, after, (time - 13) * after])
    coefficients, covariance, likelihood = fit_errors(y, design, time, weight)
    noise = 1 / weight
    restricted = []
    for kind, (carried, own) in enumerate(zip(_CARRIED, _OWN, strict=True)):
        gap = np.abs(time[:, None] - time)
        sigma = (1 - own) * np.where(gap == 0, 1.0, carried**gap) + own * np.diag(noise / noise.mean())
        reference = sm.GLS(y, design, sigma=sigma).fit()
        np.testing.assert_allclose(coefficients[kind], reference.params, rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(covariance[kind], reference.cov_params(), rtol=1e-6, atol=1e-10)
        information = design.T @ np.linalg.inv(sigma) @ design
        square = float(reference.scale * reference.df_resid)
        logs = np.linalg.slogdet(sigma)[1] + np.linalg.slogdet(information)[1] + 20 * np.log(square)
        restricted.append(-0.5 * logs)
    np.testing.assert_allclose(likelihood, restricted, atol=1e-6)


@pytest.mark.parametrize("carried", [0.0, 0.3, 0.5])
def test_intervals_of_a_broken_series_hold_the_truth(carried: float) -> None:
    held, p_values = [], []
    for seed in range(200):
        y, weight = noisy(np.random.default_rng(seed), 24, carried)
        y += 20 + 0.1 * np.arange(24)
        y[12:] -= 4.0
        found = interrupt(y, weight, 12)
        assert found is not None
        held.append(found.low <= -4.0 <= found.high)
        p_values.append((found.p_value <= 0.05) == (found.high < 0 or found.low > 0))
    assert np.mean(held) >= 0.93
    assert all(p_values)


def noisy(rng: np.random.Generator, periods: int, carried: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the errors of a series, in part carried over, and how much feedback each period holds."""
    weight = rng.integers(100, 300, periods).astype(float)
    error = np.zeros(periods)
    error[0] = rng.normal()
    for place in range(1, periods):
        error[place] = carried * error[place - 1] + np.sqrt(1 - carried**2) * rng.normal()
    return 1.5 * error + rng.normal(size=periods) * np.sqrt(200 / weight), weight


def test_a_fall_after_a_peak_is_not_taken_for_what_was_done() -> None:
    praised = {"with": [], "without": []}
    for seed in range(4000):
        rng = np.random.default_rng(seed)
        y, weight = noisy(rng, 30, 0.3)
        if np.argmax(y[:18]) != 17:  # the action follows the highest of 18 months
            continue
        found = interrupt(y, weight, 18)
        assert found is not None
        praised["with"].append(found.high < 0)
        assert _peak(y, weight, 18, 3) == 17
        weight[17] = 0
        found = interrupt(y, weight, 18)
        assert found is not None
        praised["without"].append(found.high < 0)
    # 2.5 % is due; of some 220 series, 5.5 % and more would come about by chance once in a hundred.
    assert np.mean(praised["without"]) <= 0.055
    assert np.mean(praised["without"]) < np.mean(praised["with"])
    assert _peak(np.array([1.0, 9, 1, 1, 1, 1, 2, 1, 1]), np.ones(9), 9, 3) is None


def test_too_few_periods_are_called_so_and_nothing_is_guessed() -> None:
    y = np.arange(20.0)
    weight = np.ones(20)
    assert interrupt(y, weight, 20 - LEAST_PERIODS + 1) is None
    weight[:5] = 0
    assert interrupt(y, weight, 12) is None
    assert interrupt(y, np.ones(20), 12) is not None


def test_a_fix_that_worked_is_seen_and_one_that_did_not_is_not_praised() -> None:
    raw = with_months(raw_frames(2400), 24)
    theme = raw["themes"].filter(pl.col("level") == 1)["theme_id"][0]
    rng = np.random.default_rng(1)
    first = raw["statements"].unique("feedback_id", keep="first").sort("feedback_id")
    dated = first.join(raw["feedback"].select("feedback_id", "created_at"), on="feedback_id", maintain_order="left")
    late = (dated["created_at"] >= datetime(2025, 1, 1)).to_numpy()

    def mentions(share_late: float) -> pl.DataFrame:
        said = rng.random(len(dated)) < np.where(late, share_late, 0.4)
        rows = dated.filter(pl.Series(said)).with_columns(
            theme_id=pl.lit(theme), confidence=pl.lit(0.9), provenance=pl.lit("model")
        )
        return rows.select(raw["mentions"].columns)

    action = Action(7, theme, "Call back within a day", "ana", FIRST_DAY, since="2025-01-01")
    worked = follow_up(build_frames({**raw, "mentions": mentions(0.2)}, Settings()), action, measure="mention")
    assert worked.verdict == "better"
    assert worked.found is not None
    assert worked.found.high < 0
    assert worked.series["expected"].null_count() == 12
    same = follow_up(build_frames({**raw, "mentions": mentions(0.4)}, Settings()), action, measure="mention")
    assert same.verdict == "no clear change"
    young = Action(8, theme, "x", "ana", FIRST_DAY, since="2025-10-01")
    early = follow_up(build_frames({**raw, "mentions": mentions(0.4)}, Settings()), young, measure="mention")
    assert early.verdict == "not enough data yet"
    assert "8 are needed" in early.reason
    with pytest.raises(UsageError, match="--since"):
        follow_up(build_frames(raw, Settings()), Action(9, theme, "x", "ana", FIRST_DAY))


def test_a_peak_before_the_start_is_left_out_and_told() -> None:
    raw = with_months(raw_frames(2400), 24)
    theme = raw["themes"].filter(pl.col("level") == 1)["theme_id"][0]
    first = raw["statements"].unique("feedback_id", keep="first").sort("feedback_id")
    dated = first.join(raw["feedback"].select("feedback_id", "created_at"), on="feedback_id", maintain_order="left")
    peak = dated["created_at"].dt.strftime("%Y-%m") == "2024-11"
    said = np.random.default_rng(2).random(len(dated)) < np.where(peak, 0.6, 0.2)
    rows = dated.filter(pl.Series(said)).with_columns(
        theme_id=pl.lit(theme), confidence=pl.lit(0.9), provenance=pl.lit("model")
    )
    built = build_frames({**raw, "mentions": rows.select(raw["mentions"].columns)}, Settings())
    # It began within January: that month counts on neither side.
    found = follow_up(built, Action(1, theme, "x", "ana", FIRST_DAY, since="2025-01-20"), measure="mention")
    assert found.series.filter("left_out")["period"].to_list() == ["2024-11"]
    assert found.found is not None
    assert (found.found.n_before, found.found.n_after) == (11, 11)
    assert found.series.filter(pl.col("expected").is_not_null())["period"][0] == "2025-02"
    row = found.series.filter("left_out").row(0, named=True)
    usual = re.search(r"\(2024-11: (.*) %, otherwise (.*) % on average\)", found.reason)
    assert usual is not None and usual[1] == f"{row['share']:.1f}"
    others = found.series.filter(pl.col("period") < "2025-01", pl.col("period") != "2024-11")["share"]
    assert others.min() < float(usual[2]) < others.max()  # type: ignore[operator]
    assert "after a peak a share falls by itself" in found.reason
    assert found.points == "percentage points"
    late = follow_up(built, Action(1, theme, "x", "ana", FIRST_DAY, since="2025-03-01"), measure="mention")
    assert not late.series["left_out"].any()
    assert "by itself" not in late.reason


def test_a_control_takes_out_what_moved_both(frames: AnalysisFrames) -> None:
    theme = frames.themes.filter(pl.col("level") == 1)["theme_id"][0]
    segment = frames.segment_names[0]
    value = frames.feedback[f"segment.{segment}"].drop_nulls().unique().sort()[0]
    action = Action(1, theme, "x", "ana", FIRST_DAY, since="2025-05-01", segments={segment: (value,)})
    found = follow_up(frames, action, unit="week")
    assert found.control == "everybody else"
    shown = found.series.filter(~pl.col("suppressed"))
    assert shown["control_share"].count() > 0
    # A hidden week of one half would be found by subtracting the other.
    assert found.series.filter("suppressed").select("share", "n_feedback", "control_share", "expected").sum_horizontal(
        ignore_nulls=True
    ).sum() in (0, None)


def test_the_score_of_those_touched_is_followed_up_against_everybody_else() -> None:
    raw = with_months(raw_frames(2400), 24)
    feedback = raw["feedback"]
    rng = np.random.default_rng(3)
    late = (feedback["created_at"] >= datetime(2025, 1, 1)).to_numpy()
    east = rng.random(len(feedback)) < 0.5
    pleased = rng.random(len(feedback)) < 0.3 + 0.1 * late + 0.3 * (late & east)  # all rise, the east more
    raw["feedback"] = feedback.with_columns(
        scores=pl.Series(
            [json.dumps({"nps": 10.0, "churn": 0.0} if yes else {"nps": 3.0, "churn": 1.0}) for yes in pleased]
        ),
        segments=pl.Series([json.dumps({"region": "east" if yes else "west"}) for yes in east]),
        response_id=pl.col("feedback_id"),
        customer_id=pl.col("feedback_id"),
    )
    flag = {"name": "churn", "kind": "churn", "minimum": 0.0, "maximum": 1.0, "higher_is_better": False}
    raw["scales"] = pl.concat([raw["scales"], pl.DataFrame([flag], schema=raw["scales"].schema)])
    built = build_frames(raw, Settings())
    theme = built.themes["theme_id"][0]
    action = Action(1, theme, "x", "ana", FIRST_DAY, since="2025-01-01", segments={"region": ("east",)})
    found = follow_up(built, action, measure="score")
    assert (found.verdict, found.control, found.points) == ("better", "everybody else", "NPS points")
    assert found.found is not None
    lost = follow_up(built, action, measure="score", outcome=choose_outcome(built, "churn"))
    assert (lost.verdict, lost.reason) == ("better", "The score is lower than the time before would have led to.")
    assert lost.found is not None
    assert lost.found.effect == pytest.approx(-found.found.effect / 2)  # the mirror image, of half the width
    assert found.found.low < 60 < found.found.high
    assert found.series.columns == [
        *("period", "n", "value", "low", "high", "control_value", "expected", "left_out", "suppressed")
    ]
    east_only = feedback_score(raw["feedback"].filter(pl.Series(east)), "2025-03")
    assert found.series.filter(pl.col("period") == "2025-03")["value"].item() == pytest.approx(east_only)
    west = Action(1, theme, "x", "ana", FIRST_DAY, since="2025-01-01", segments={"region": ("west",)})
    assert follow_up(built, west, measure="score").verdict == "worse"


def feedback_score(feedback: pl.DataFrame, month: str) -> float:
    """NPS of a month, counted out."""
    of_month = feedback.filter(pl.col("created_at").dt.strftime("%Y-%m") == month)
    values = [json.loads(scores)["nps"] for scores in of_month["scores"]]
    return 100 * (sum(value >= 9 for value in values) - sum(value <= 6 for value in values)) / len(values)


def test_weeks_and_months_leave_no_gap(frames: AnalysisFrames) -> None:
    for unit, gap in (("week", 7), ("month", 31)):
        starts = all_periods(frames, unit)
        assert starts.diff().drop_nulls().max() <= timedelta(days=gap)
        labels = period_labels(frames, unit)
        assert len(labels) == len(set(labels)) == len(starts)
        table = score_by_period(frames, unit)
        assert table["period"].to_list() == labels
        theme = theme_by_period(frames, frames.themes["theme_id"][0], unit)
        assert theme["period"].to_list() == labels
        shown = themes_by_period(frames, unit).drop_nulls("share")
        assert (shown["n_feedback"] <= shown["base"]).all()
    assert themes_by_month(frames).columns[2] == "month"
    assert period_labels(frames, "week")[0] == date(2025, 1, 6).strftime("%G-W%V")
    with pytest.raises(UsageError, match="no period 'mnth'"):
        period_labels(frames, "mnth")


def test_distinctive_words_follow_the_formula_and_count_people() -> None:
    texts = {
        "a": ["queue queue router"] * 12 + ["polite courier"] * 8,
        "b": ["polite courier"] * 16 + ["queue ferry"] * 4,
    }
    built = worded(texts)
    table = distinctive_words(built, "group", clear=1.0)
    row = table.filter((pl.col("segment_value") == "a") & (pl.col("word") == "queue")).row(0, named=True)
    assert (row["n_people"], row["n_others"]) == (12, None)  # once a person; four others are too few to tell
    inside, outside = 12 + 12 + 8 + 8, 16 + 16 + 4 + 4
    prior, total = 0.1 * 40 * 16 / 80, 0.1 * 40
    odds = np.log((12 + prior) / (inside + total - 12 - prior)) - np.log((4 + prior) / (outside + total - 4 - prior))
    z = odds / np.sqrt(1 / (12 + prior) + 1 / (4 + prior))
    assert row["log_odds"] == pytest.approx(odds, abs=1e-12)
    assert row["z"] == pytest.approx(z, abs=1e-12)
    assert "ferry" not in set(table["word"])  # four people: below the minimum
    assert table.filter(pl.col("segment_value") == "b")["word"].to_list() == ["courier", "polite"]


def test_the_forms_of_a_word_are_one_and_a_person_who_uses_both_counts_once() -> None:
    texts = {"a": ["invoice invoices"] * 4 + ["invoices"] * 3 + ["ferry"] * 9, "b": ["ferry"] * 30 + ["invoice"]}
    table = distinctive_words(worded(texts), "group")
    assert table.select("segment_value", "word", "n_people").rows() == [("a", "invoices", 7), ("b", "ferry", 30)]


def worded(texts: dict[str, list[str]]) -> AnalysisFrames:
    """Frames of these texts, a person each, with the segment "group"."""
    said = [(group, text) for group, rows in texts.items() for text in rows]
    raw = raw_frames(len(said))
    feedback = raw["feedback"].unique("response_id", keep="first", maintain_order=True).sort("feedback_id")
    raw["feedback"] = feedback.with_columns(
        text=pl.Series([text for _, text in said]),
        segments=pl.Series([json.dumps({"group": group}) for group, _ in said]),
        is_non_answer=pl.lit(False),
        n_statements=pl.lit(1, pl.Int64),
        language=pl.lit("en"),
    )
    columns = raw["statements"].columns
    raw["statements"] = (
        raw["statements"]
        .unique("feedback_id", keep="first", maintain_order=True)
        .head(0)
        .pipe(lambda empty: pl.concat([empty, statements_of(raw["feedback"], columns, empty.schema)], how="diagonal"))
    )
    raw["mentions"] = raw["mentions"].clear()
    return build_frames(raw, Settings())


def statements_of(feedback: pl.DataFrame, columns: list[str], schema: pl.Schema) -> pl.DataFrame:
    """One statement a feedback, its whole text."""
    found = feedback.select(
        (pl.lit("s-") + pl.col("feedback_id")).alias("statement_id"), "feedback_id", "text", "language"
    )
    return found.select([name for name in columns if name in found.columns]).cast(
        {name: schema[name] for name in columns if name in found.columns}
    )


def called() -> Iterator[tuple[str, str, float]]:
    """Answers to "may we call you", the score, and what is expected to happen."""
    yield from (
        ("yes", "detractor", 2.0),
        ("Да", "detractor", 0.0),
        ("no", "detractor", 1.0),
        ("yes", "promoter", 10.0),
    )


def test_call_backs_are_the_detractors_who_asked() -> None:
    raw = raw_frames(4)
    feedback = raw["feedback"].unique("response_id", keep="first", maintain_order=True)
    answers = list(called())
    raw["feedback"] = feedback.with_columns(
        segments=pl.Series([json.dumps({"may_we_call_you": said}, ensure_ascii=False) for said, *_ in answers]),
        scores=pl.Series([json.dumps({"nps": score}) for *_, score in answers]),
    )
    ids = feedback["feedback_id"].to_list()
    built = build_frames(raw, Settings(privacy_minimum=1))
    assert asking_column(built) == "may_we_call_you"
    table = call_backs(built)
    assert table["feedback_id"].to_list() == [ids[1], ids[0]]
    assert table["state"].to_list() == ["open", "open"]
    written = raw["feedback"].filter(pl.col("feedback_id") == ids[1])["created_at"][0]
    assert table["due"][0] == (written + timedelta(days=2)).strftime("%Y-%m-%d")
    call = Call(ids[0], "ben", "2026-01-05", "reached", "ana", FIRST_DAY)
    row = call_backs(built, calls=(call,)).row(1, named=True)
    assert (row["owner"], row["due"], row["state"]) == ("ben", "2026-01-05", "reached")
    assert call_backs(built, everybody=True)["feedback_id"].to_list() == [ids[1], ids[0], ids[3]]
    with pytest.raises(NothingToShow, match="--asked"):
        call_backs(build_frames(raw_frames(4), Settings(privacy_minimum=1)))


def test_intervals_agree_with_statsmodels() -> None:
    counts, totals = np.array([0, 3, 17, 40]), np.array([12, 30, 60, 40])
    low, high = intervals.wilson(counts, totals)
    expected = proportion_confint(counts, totals, method="wilson")
    np.testing.assert_allclose(low, expected[0], atol=1e-12)
    np.testing.assert_allclose(high, expected[1], atol=1e-12)
    p = np.array([0.001, 0.04, 0.03, 0.2, 0.9, 0.012])
    np.testing.assert_allclose(intervals.false_discovery(p), multipletests(p, method="fdr_bh")[1], atol=1e-12)


def test_a_theme_that_nobody_mentioned_breaks_nothing() -> None:
    counts = np.zeros((3, 24), int)
    counts[1] = 10
    found = expect(counts, np.full(24, 100.0), 12.0, 1)
    assert found.p_value[0] == 1.0
    assert found.expected[1] == pytest.approx(10, rel=0.01)
    assert _Fit.of(counts[:, :20].astype(float), np.ones((20, 1)), np.zeros(20)).dispersion.min() >= 1
