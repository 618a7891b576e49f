"""Facts that come after the text, and what they are worth as outcomes: by store, command line, report and app."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from feedback_nlp.analysis.drivers import drivers
from feedback_nlp.analysis.drivers.changes import score_change
from feedback_nlp.analysis.frames import AnalysisFrames
from feedback_nlp.analysis.intervals import skewed_mean, student_mean
from feedback_nlp.analysis.outcomes import choose_outcome
from feedback_nlp.analysis.priorities import priorities
from feedback_nlp.analysis.scores import summarise_scores
from feedback_nlp.analysis.scores_compared import scores_compared
from feedback_nlp.analysis.segments import theme_by_segment
from feedback_nlp.analysis.themes import theme_table
from feedback_nlp.analysis.times import summarise_times
from feedback_nlp.analysis.trends import score_by_month
from feedback_nlp.errors import MappingError, UsageError
from feedback_nlp.language.reading.columns import ColumnFlags
from feedback_nlp.pipeline.facts import FactsSummary, add_facts
from feedback_nlp.records import Feedback, View
from feedback_nlp.settings import Settings
from feedback_nlp.store import Store
from tests.app_data import fill_store
from tests.app_driver import Open, frames_of, go, open_app, trouble
from tests.command import Answer, run_command, settle_in
from tests.ticket_facts import NAMES, save, write_facts

__all__ = ["open_app"]
Shell = Callable[..., Answer]
FLAGS = ColumnFlags(id="ticket", scores=NAMES, segments=("tier",))
PAGES = ("themes", "theme", "drivers", "compare", "watch", "actions")


def told(url: str, path: Path, flags: ColumnFlags = FLAGS) -> FactsSummary:
    with Store.open(url) as store:
        return add_facts(store, path, flags, Settings(), rejects_file=path.with_suffix(".rejects"))


def stored(url: str) -> dict[str, tuple[str, str]]:
    with Store.open(url) as store:
        rows = store.read_frames()["feedback"].select("feedback_id", "scores", "segments").iter_rows()
        return {key: (scores, segments) for key, scores, segments in rows}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("facts")
    address = fill_store(folder / "feedback.db", 400, scores=(), hostile=False)
    write_facts(address, folder / "facts.csv")
    told(address, folder / "facts.csv")
    return address


@pytest.fixture(scope="module")
def frames(url: str) -> AnalysisFrames:
    return frames_of(url)


@pytest.fixture
def own(tmp_path: Path) -> str:
    return fill_store(tmp_path / "feedback.db", 60, scores=("nps",), hostile=False)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], own: str) -> Shell:
    settle_in(monkeypatch, tmp_path)
    return partial(run_command, capsys)


# -- adding facts


def test_facts_are_matched_counted_and_added_once(own: str, tmp_path: Path) -> None:
    rows = write_facts(own, tmp_path / "facts.csv")
    extra = [
        {**rows[0], "ticket": "nobody"},
        {**rows[0], "ticket": ""},
        {**rows[1], "gone": "perhaps", "took_minutes": "-4"},
        {**rows[2], "tier": "bronze"},
    ]
    before = stored(own)
    summary = told(own, save(tmp_path / "more.csv", rows + extra))
    n = len(rows)
    assert (summary.n_read, summary.n_matched, summary.n_unmatched) == (n + 4, n, 1)  # row 2 and its contrary are out
    assert (summary.n_rejected, summary.n_empty, summary.n_warnings) == (3, 0, 2)
    feedback = frames_of(own).feedback
    n_out = feedback.filter(pl.col("external_id") == rows[2]["ticket"]).height
    assert (summary.n_updated, summary.n_unchanged) == (feedback.height - n_out, 0)
    assert sum(before[key] != now for key, now in stored(own).items()) == summary.n_updated
    lines = (tmp_path / "more.rejects").read_text(encoding="utf-8").splitlines()
    assert lines == [
        "file,line,kind,reason",
        f"more.csv,4,row,its id says something else in line {n + 5}",
        f"more.csv,{n + 2},row,no stored feedback has its id",
        f"more.csv,{n + 3},row,it has no id by which to find its feedback",
        f"more.csv,{n + 4},score,churn: the value is neither yes nor no",
        f"more.csv,{n + 4},score,resolution: '-4' is below 0: it would end before it began",
        f"more.csv,{n + 5},row,its id says something else in line 4",
    ]
    after = stored(own)
    again = told(own, tmp_path / "more.csv")
    assert (again.n_updated, again.n_unchanged) == (0, summary.n_updated)
    assert stored(own) == after


def test_facts_do_not_depend_on_the_order_of_rows_and_lose_no_score(own: str, tmp_path: Path) -> None:
    other = fill_store(tmp_path / "other.db", 60, scores=("nps",), hostile=False)
    rows = write_facts(own, tmp_path / "facts.csv")
    before = frames_of(own).feedback
    told(own, tmp_path / "facts.csv")
    told(other, save(tmp_path / "turned.csv", rows[::-1]))
    assert stored(own) == stored(other)
    after = frames_of(own).feedback
    assert after.select("feedback_id", "score.nps", "segment.plan").equals(
        before.select("feedback_id", "score.nps", "segment.plan")
    )
    assert after["score.churn"].null_count() == 0


def test_facts_need_no_encoding_and_no_tagging(own: str, tmp_path: Path) -> None:
    write_facts(own, tmp_path / "facts.csv")
    with Store.open(own) as store:
        before = store.counts()
    told(own, tmp_path / "facts.csv")
    with Store.open(own) as store:
        after = store.counts()
    same = set(before) - {"data_version", "runs"}
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    assert after["runs"] == before["runs"] + 1


def test_facts_of_a_customer_reach_all_that_they_wrote(own: str, tmp_path: Path) -> None:
    feedback = frames_of(own).feedback.filter(pl.col("customer_id").is_not_null())
    customer, n = feedback["customer_id"].value_counts().sort("count", "customer_id")[-1].row(0)
    path = tmp_path / "c.csv"
    path.write_text(f"who,gone\n{customer},yes\n", encoding="utf-8")
    summary = told(own, path, ColumnFlags(customer="who", scores=("churn=gone",)))
    assert (summary.matched_by, summary.n_matched, summary.n_updated) == ("customer_id", 1, n)
    churned = frames_of(own).feedback.filter(pl.col("score.churn") == 1)
    assert churned["customer_id"].to_list() == [customer] * n


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (ColumnFlags(scores=("churn=gone",)), "which column names the feedback"),
        (ColumnFlags(id="ticket", customer="tier", scores=("churn=gone",)), "which column names the feedback"),
        (ColumnFlags(id="ticket"), "Say what to set"),
    ],
)
def test_too_little_said_is_told(own: str, tmp_path: Path, flags: ColumnFlags, reason: str) -> None:
    write_facts(own, tmp_path / "facts.csv")
    with pytest.raises(UsageError, match=reason):
        told(own, tmp_path / "facts.csv", flags)


def test_a_score_of_another_scale_is_refused(own: str, tmp_path: Path) -> None:
    write_facts(own, tmp_path / "facts.csv")
    with pytest.raises(MappingError, match="'nps' is flag 0-1 with higher better here but nps 0-10"):
        told(own, tmp_path / "facts.csv", ColumnFlags(id="ticket", scores=("nps=gone:flag",)))


def test_the_later_word_holds_when_the_file_is_read_again(store_url: str, tmp_path: Path) -> None:
    def read_again(store: Store, text: str, **scores: float) -> None:
        item = Feedback("f", "r", text, external_id="x", scores=scores, segments={"plan": "Basic"}, content_hash=text)
        store.upsert_feedback([item], {}, run)

    path = tmp_path / "facts.csv"
    path.write_text("ticket,gone,hours,plan\nx,yes,5,Family\n", encoding="utf-8")
    flags = ColumnFlags(id="ticket", scores=("churn=gone", "resolution=hours"), segments=("plan",))
    with Store.open(store_url) as store:
        run = store.begin_run("a.csv", "hash", {})

        def now() -> tuple[str, str]:
            row = store.read_frames()["feedback"].row(0, named=True)
            return row["scores"], row["segments"]

        read_again(store, "one", churn=0.0, nps=7.0)
        add_facts(store, path, flags, Settings())
        fact = ('{"churn":1.0,"nps":7.0,"resolution":5.0}', '{"plan":"Family"}')
        assert now() == fact
        read_again(store, "one", churn=0.0, nps=7.0)  # unchanged
        assert now() == fact
        read_again(store, "two", churn=0.0, nps=3.0)  # another text and NPS, and what it said of churn before
        assert now() == ('{"churn":1.0,"nps":3.0,"resolution":5.0}', '{"plan":"Family"}')
        read_again(store, "three", nps=3.0)  # the file takes its own word back
        assert now() == ('{"nps":3.0,"resolution":5.0}', '{"plan":"Family"}')
        read_again(store, "four", nps=3.0, resolution=2.0)  # and has one where it had none
        assert now() == ('{"nps":3.0,"resolution":2.0}', '{"plan":"Family"}')


# -- facts as outcomes


def test_scores_say_their_unit_their_direction_and_the_median(frames: AnalysisFrames) -> None:
    found = {summary.name: summary for summary in summarise_scores(frames)}
    assert [*found][:3] == ["churn", "fcr", "resolution"]
    assert choose_outcome(frames).name == "churn"
    values = frames.feedback.sort("response_id", "feedback_id").unique("response_id", keep="first")
    churn, stays, time = found["churn"], found["kept"], found["resolution"]
    assert churn.value == pytest.approx(100 * values["score.churn"].mean())
    assert (churn.unit, churn.suffix, churn.minimum, churn.maximum) == ("%", "%", 0, 100)
    assert (churn.value, churn.low, churn.high) == pytest.approx((100 - stays.value, 100 - stays.high, 100 - stays.low))
    assert dict(churn.parts) == {"stayed": stays.parts["yes"], "churned": stays.parts["no"]}
    assert dict(found["upset"].parts) == {"good no": stays.parts["yes"], "bad yes": stays.parts["no"]}
    assert "lower is better, so an impact above 0 is damage" in churn.how_to_read
    hours = values["score.resolution"].to_numpy()
    assert (time.value, time.median) == pytest.approx((hours.mean(), np.median(hours)))
    assert 0 < time.median_low < time.median < time.median_high < time.low < time.value < time.high
    assert (time.unit, time.suffix) == ("hours", "\u00a0h")
    assert "the median" in time.how_to_read


def test_churn_is_the_contrary_of_staying_in_every_analysis(frames: AnalysisFrames) -> None:
    churn, kept = choose_outcome(frames, "churn"), choose_outcome(frames, "kept")
    assert (churn.sign, churn.worse, kept.sign, kept.worse) == (-1, "higher", 1, "lower")
    halves = (View(until="2025-05-01"), View(since="2025-05-01"))
    pairs: list[tuple[pl.DataFrame, ...]] = [
        tuple(theme_table(frames, level=level, outcome=outcome) for outcome in (churn, kept)) for level in (1, 2)
    ]
    weighed = [drivers(frames, outcome=outcome, level=2) for outcome in (churn, kept)]
    changes = [score_change(frames, *halves, outcome=outcome) for outcome in (churn, kept)]
    pairs.append((weighed[0].table, weighed[1].table))
    pairs.append((changes[0].table, changes[1].table))
    pairs += [
        tuple(priorities(frames, found, sort=sort) for found in weighed)
        for sort in ("damage", "severity", "confidence")
    ]
    for analyse in (
        lambda outcome: scores_compared(frames, "tier", outcome),
        lambda outcome: score_by_month(frames, outcome),
        lambda outcome: theme_by_segment(frames, "t-waiting", "plan", outcome),
    ):
        pairs.append((analyse(churn), analyse(kept)))
    differences = {"gap", "impact", "contribution", "damage", "lift", "shapley", "mix", "effect", "total", "severity"}
    differences |= {"difference"}
    levels = {"value_with", "value_without", "value"}
    for lower, higher in pairs:
        assert lower.columns == higher.columns
        assert lower.height > 0
        for name in lower.columns:
            end = name.removesuffix("_low").removesuffix("_high")
            swapped = name.replace("_low", "_?").replace("_high", "_low").replace("_?", "_high")
            mirrored = {"low": "high", "high": "low"}.get(name, swapped)
            if end in differences:
                expected = -higher[swapped]
            elif end in levels or (name in ("low", "high") and "value" in lower.columns):
                expected = 100 - higher[mirrored]
            elif name in ("outcome", "q", "p", "impact_q"):
                continue
            else:
                expected = higher[name]
            assert_same(lower[name], expected, name)
    first, second = weighed
    assert (first.score, first.baseline) == pytest.approx((100 - second.score, 100 - second.baseline))
    assert changes[0].change == pytest.approx(-changes[1].change)
    assert changes[0].change_low == pytest.approx(-changes[1].change_high)


def assert_same(found: pl.Series, expected: pl.Series, name: str) -> None:
    if found.dtype == pl.Float64:
        assert found.is_null().equals(expected.is_null()), name
        assert np.allclose(found.drop_nulls(), expected.drop_nulls(), atol=1e-6), name
    else:
        assert found.to_list() == expected.to_list(), name


@pytest.mark.parametrize(("name", "culprit"), [("churn", "t-waiting"), ("fcr", "t-crash"), ("resolution", "t-crash")])
def test_the_planted_damage_comes_first_and_everything_adds_up(frames: AnalysisFrames, name: str, culprit: str) -> None:
    outcome = choose_outcome(frames, name)
    found = drivers(frames, outcome=outcome, level=2)
    assert found is not None
    known = found.table.filter(pl.col("contribution").is_not_null())
    worst = known.row(0, named=True)
    assert worst["theme_id"] == culprit
    assert outcome.sign * worst["contribution"] < 0
    assert worst["contribution_q"] < 0.01
    assert found.baseline + known["contribution"].sum() == pytest.approx(found.score, abs=1e-9)
    assert found.rest is not None
    assert found.score - found.rest == pytest.approx(known["shapley"].sum(), abs=1e-9)
    table = theme_table(frames, level=2, outcome=outcome)
    assert table["theme_id"][0] == culprit
    assert (table["gap_low"] <= table["gap_high"]).drop_nulls().all()
    assert priorities(frames, found)["theme_id"][0] == culprit
    change = score_change(frames, View(until="2025-05-01"), View(since="2025-05-01"), outcome=outcome)
    assert change is not None
    assert change.baseline + change.table["total"].sum() == pytest.approx(change.change, abs=1e-9)
    assert change.change == pytest.approx(change.after - change.before)


def test_the_interval_of_skewed_times_holds_the_mean_more_often_than_plain_t() -> None:
    draw = np.random.default_rng(5)
    truth, held = math.exp(0.5 * 1.2**2), {"skewed": 0, "plain": 0}
    for _ in range(400):
        g = np.exp(draw.normal(0, 1.2, 40))
        sums = g.sum(), (g**2).sum(), (g**3).sum()
        for name, (low, high) in (
            ("skewed", skewed_mean(*sums, 40)),
            ("plain", student_mean(*sums[:2], 40)),
        ):
            held[name] += bool(low <= truth <= high)
    assert held["skewed"] / 400 > 0.9
    assert held["skewed"] > held["plain"] + 10
    even = np.array([1.0, 2, 3, 4, 5])
    assert np.allclose(
        skewed_mean(even.sum(), (even**2).sum(), (even**3).sum(), 5), student_mean(even.sum(), (even**2).sum(), 5)
    )


def test_several_tickets_of_one_person_are_one_and_weights_count() -> None:
    hours = [1.0, 2, 3, 4, 8, 20]
    once = pl.DataFrame({"person_id": list("abcdef"), "g": hours, "weight": 1.0})
    thrice = pl.concat([once] * 3)
    first, second = summarise_times(once), summarise_times(thrice)
    assert (first.mean, first.low, first.high) == pytest.approx((second.mean, second.low, second.high))
    assert first.median == 3.5
    heavy = summarise_times(once.with_columns(pl.Series("weight", [1.0, 1, 1, 1, 1, 7])))
    assert heavy.mean == pytest.approx((18 + 140) / 12)
    assert heavy.median == 20


# -- through the command line, the report and the app


def test_the_command_adds_facts_and_the_others_read_them(shell: Shell, own: str, tmp_path: Path) -> None:
    write_facts(own, tmp_path / "facts.csv")
    options = [word for name in NAMES for word in ("--score", name)]
    found: Any = shell("facts", "facts.csv", "--id", "ticket", *options, "--segment", "tier", "--json").json
    assert (found["n_matched"], found["n_unmatched"], found["rejects_file"]) == (60, 0, None)
    said = shell("facts", "facts.csv", "--id", "ticket", *options)
    assert "60 rows read; 60 matched, 0 unmatched, 0 rejected, 0 empty. Feedback updated 0" in said.out
    assert "plain numbers of 'took_minutes' are read as minutes" in said.err
    driven = shell("drivers", "--outcome", "churn")
    assert "Churn rate: lower is better, above 0 is damage." in driven.out
    assert "% over " in driven.out.splitlines()[0]
    assert shell("drivers", "--outcome", "churn", "--json").json["outcome"]["higher_is_better"] is False
    assert " h over " in shell("drivers", "--outcome", "resolution").out
    assert "shorter is better" in shell("priorities", "--outcome", "resolution").out
    assert " h to " in shell("trends", "--outcome", "resolution").out
    assert "% to " in shell("segments", "--by", "tier", "--outcome", "churn").out
    for outcome in ("churn", "fcr", "resolution", "upset"):
        assert shell("report", "r.html", "--outcome", outcome).code == 0
        assert shell("trends", "--changed", "2025-05-01", "--outcome", outcome).code == 0
    assert shell("facts", "facts.csv", "--score", "churn=gone").code == 2
    assert "no text can contradict it" in shell("sentiment", "disagreements", "--score", "churn").err


def test_the_report_tells_more_churn_as_damage(url: str, tmp_path: Path) -> None:
    from datetime import datetime

    from feedback_nlp.report import render_report

    frames = frames_of(url)
    outcome = choose_outcome(frames, "churn")
    text = render_report(
        frames, view=View(), title="t", codebook_version=1, created=datetime(2026, 1, 1), outcome=outcome, level=2
    )
    pains = text[text.index("Top pain points") : text.index("What goes with a lower churn rate")]
    assert "Waiting time" in pains[:4000]
    assert "associated with a higher churn rate, most damage first" in pains
    assert "lower is better, above 0 is damage" in text
    assert "median" in text


@pytest.mark.parametrize("outcome", ["churn", "fcr", "resolution", "upset"])
def test_every_page_works_with_facts_as_outcomes(open_app: Open, url: str, outcome: str) -> None:
    app = open_app(url)
    assert trouble(app) == []
    app = app.selectbox(key="outcome").set_value(outcome).run()
    values = {metric.label: metric.value for metric in app.metric}
    assert values["Churn rate"].endswith("%")
    assert values["Time to resolution (mean)"].endswith("\u00a0h")
    captions = " ".join(element.value for element in app.caption)
    assert ("above 0 is damage" in captions) == (outcome != "fcr")
    for page in PAGES:
        assert trouble(go(app, page)) == [], page
        assert app.selectbox(key="outcome").value == outcome
    captions = " ".join(element.value for element in go(app, "drivers").caption)
    assert ("above 0 is damage" in captions) == (outcome != "fcr")
