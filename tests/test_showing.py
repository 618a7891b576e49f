"""What a notebook shows: verbatims as quotes and as a table, tables with their intervals, charts without a network."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import altair as alt
import polars as pl
import pytest

import feedback_nlp as fb
from feedback_nlp import charts
from feedback_nlp.analysis.frames import AnalysisFrames
from feedback_nlp.errors import NothingToShow, UsageError
from feedback_nlp.pipeline.emerging import EmergingGroup
from feedback_nlp.settings import Settings
from feedback_nlp.store import Store
from tests.app_data import HOSTILE, fill_store
from tests.topic_store import fill


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> AnalysisFrames:
    with Store.open(fill_store(tmp_path_factory.mktemp("shown") / "feedback.db", 300)) as store:
        return fb.load_frames(store, Settings())


def test_frames_are_of_the_view_and_need_themes(tmp_path: Path, frames: AnalysisFrames) -> None:
    with Store.open(fill_store(tmp_path / "x.db", 120)) as store:
        everything, polish = (fb.load_frames(store, Settings(), view) for view in (None, fb.View(languages=("pl",))))
    assert everything.feedback.filter(language="pl").equals(polish.feedback)
    with fill(tmp_path / "y.db") as store, pytest.raises(NothingToShow, match="feedback-nlp run FILE"):
        fb.load_frames(store, Settings())


def test_verbatims_are_a_table_with_their_evidence(frames: AnalysisFrames) -> None:
    page = fb.find_verbatims(frames, theme_id="t-waiting", limit=6)
    table = page.table()
    assert table.columns[:6] == ["feedback_id", "created_at", "language", "source", "question", "nps_segment"]
    assert {"score.nps", "score.csat", "segment.plan"} <= set(table.columns)
    assert table["feedback_id"].to_list() == [item.feedback_id for item in page.items]
    assert table["text"].to_list() == [item.text for item in page.items]
    for row, item in zip(table.iter_rows(named=True), page.items, strict=True):
        evidence = [span for span in item.spans if span.is_evidence]
        assert row["evidence"] == " \u2026 ".join(item.text[span.start : span.end] for span in evidence)
        assert row["feels"] == [span.sentiment_label for span in evidence]
    assert fb.find_verbatims(frames, limit=1).table()["evidence"].to_list() == [None]
    nothing = fb.find_verbatims(frames, search="nobody said this").table()
    assert (nothing.height, nothing.columns[-3:]) == (0, ["evidence", "feels", "text"])


def test_verbatims_are_shown_marked_escaped_and_in_their_own_direction(frames: AnalysisFrames) -> None:
    found = fb.read_verbatims(frames, theme_id="t-waiting", sentiment="negative", limit=3)
    label = frames.themes.filter(theme_id="t-waiting")["label"][0]
    assert repr(found) == f"<{label}, negative: 3 of {found.page.total} answers>"
    html = found._repr_html_()
    assert (html.count('<blockquote dir="auto">'), html.count("<mark>") >= 3) == (3, True)
    assert all(item.text not in repr(found) for item in found.page.items)  # a log of it holds no verbatim
    hostile = fb.read_verbatims(frames, search="bold", limit=1)
    assert hostile.page.items[0].text.endswith(HOSTILE)
    assert "<script>" not in hostile._repr_html_()
    few = replace(frames, privacy_minimum=1000)
    assert repr(fb.read_verbatims(few)) == "<All: too few people to show what they wrote>"


def test_a_table_shows_an_estimate_with_its_interval() -> None:
    frame = pl.DataFrame(
        {
            "label": ["<b>انتظار</b>", "Price"],
            "gap": [-6.058, None],
            "gap_low": [-7.471, None],
            "gap_high": [-4.72, None],
            "share": [0.1234, 0.005],
            "share_low": [0.11, 0.002],
            "share_high": [0.135, 0.0089],
            "q": [0.0004, 0.25],
            "n": [1234, 5],
            "clear": [True, False],
            "names": [["a", "b"], []],
            "weights": [[0.51234], None],
            "day": [date(2026, 3, 16), None],
        }
    )
    shown = fb.show_table(frame)
    assert shown.columns == ("label", "gap", "share", "q", "n", "clear", "names", "weights", "day")
    assert shown.frame.columns == frame.columns
    html = shown._repr_html_()
    body = html[html.index("<tbody>") + 7 : html.index("</tbody>")].split("</tr>")
    assert body[0] == (
        '<tr><td dir="auto">&lt;b&gt;انتظار&lt;/b&gt;</td>'
        '<td class="n">\u22126.06 <small>(\u22127.47 to \u22124.72)</small></td>'
        '<td class="n">12% <small>(11 to 14%)</small></td><td class="n">0.000</td><td class="n">1,234</td>'
        '<td>\u2713</td><td>a, b</td><td>0.51</td><td class="n">2026-03-16</td>'
    )
    assert body[1] == (
        '<tr><td dir="auto">Price</td><td class="n">\u2013</td>'
        '<td class="n">0.5% <small>(0.2 to 0.9%)</small></td><td class="n">0.250</td><td class="n">5</td>'
        '<td></td><td></td><td>\u2013</td><td class="n">\u2013</td>'
    )
    assert "and 1 more rows" in fb.show_table(frame, rows=1)._repr_html_()
    assert "no rows" in fb.show_table(frame.clear())._repr_html_()
    with pytest.raises(UsageError, match="Did you mean 'label'"):
        fb.show_table(frame, "labl")


def test_low_and_high_belong_to_the_column_before_them() -> None:
    frame = pl.DataFrame({"n": [9], "value": [2.5], "low": [1.0], "high": [4.0], "other": [3.0]})
    shown = fb.show_table(frame, "value", "other", "n", digits=1)
    assert shown.frame.columns == ["value", "low", "high", "other", "n"]
    assert '<td class="n">2.5 <small>(1.0 to 4.0)</small></td><td class="n">3.0</td>' in shown._repr_html_()


def test_differences_of_shares_are_percentage_points() -> None:
    frame = pl.DataFrame({"change": [-0.0004, 0.041], "change_low": [-0.02, 0.01], "change_high": [0.0204, 0.07]})
    cells = re.findall(r'<td class="n">(.*?)</td>', fb.show_table(frame, points=("change",))._repr_html_())
    assert cells == ["0.0 pp <small>(\u22122.0 to 2.0)</small>", "+4.1 pp <small>(1.0 to 7.0)</small>"]


def test_three_views_add_up_and_the_market_s_does_not(frames: AnalysisFrames) -> None:
    found = fb.drivers(frames)
    assert found is not None
    sums = fb.reconcile(found)
    assert sums.columns == ["view", "start", "themes", "total", "score", "off_by"]
    assert sums["start"].to_list() == [found.baseline, found.signed_baseline, found.rest, found.rest]
    assert sums["themes"][0] == pytest.approx(found.table["contribution"].sum())
    assert [abs(value) for value in sums["off_by"].head(3)] == [0.0] * 3
    assert abs(sums["off_by"][3]) > 0.1


def test_charts_of_drivers_changes_actions_and_alarms_take_what_analysis_gives(frames: AnalysisFrames) -> None:
    found, half = fb.drivers(frames), f"{frames.feedback['created_at'].median():%Y-%m-%d}"
    changed = fb.score_change(frames, fb.View(until=half), fb.View(since=half))
    assert found is not None and changed is not None
    action = fb.Action(0, "t-waiting", "More agents", "ana", frames.feedback["created_at"][0], since=half)
    drawn = {
        "contribution": charts.contribution_steps(found),
        "change": charts.change_steps(changed, before="Then", after="Now"),
        "action": charts.follow_up_chart(fb.follow_up(frames, action, unit="week")),
        "alarms": charts.alert_bands(fb.alerts(frames, unit="week", latest=16)),
        "weeks": charts.score_trend(fb.score_by_period(frames, "week")),
        "share": charts.share_trend(fb.theme_by_period(frames, "t-waiting", "week")),
    }
    said = {name: str(chart.to_dict()) for name, chart in drawn.items()}
    assert "Nobody mentions a theme" in said["contribution"]
    assert "'Then'" in said["change"] and "'Now'" in said["change"]
    assert "action begins" in said["action"]
    shown = fb.alerts(frames, unit="week", latest=16).drop_nulls(["n_feedback", "expected"])
    named = [f"{row['label']} ({row['period']})" for row in shown.iter_rows(named=True)]
    assert shown["period"].n_unique() > 1
    assert all(repr(name) in said["alarms"] for name in named)
    assert "-W" in said["weeks"] and "-W" in said["share"]


def test_charts_in_a_notebook_are_svg_made_here() -> None:
    before = alt.renderers.active, alt.theme.active
    try:
        charts.use_in_notebook(width=321)
        drawn = charts.segment_dots(
            pl.DataFrame({"segment_value": ["a"], "n": [9], "value": [1.0], "low": [0.0], "high": [2.0]})
        )
        assert drawn.to_dict()["config"]["view"]["continuousWidth"] == 321
        assert drawn.to_dict()["config"]["font"]  # what the chart itself asks for stays
        bundle = drawn._repr_mimebundle_()
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        assert list(data) == ["image/svg+xml"]
        assert data["image/svg+xml"].startswith("<svg")
    finally:
        alt.renderers.enable(before[0])
        alt.theme.enable(before[1])


def test_a_quality_report_is_a_frame(frames: AnalysisFrames, tmp_path: Path) -> None:
    from feedback_nlp.evaluation.figures import Figure, FigureTable
    from feedback_nlp.evaluation.report import QualityReport

    table = FigureTable("by_language", "how", ({"language": "pl", "n": 3}, {"language": "ar", "n": 4}))
    groups = {"A": (Figure("a", 0.5, 10, "read a", 0.4, 0.6),), "B": (Figure("b", None, 0, "read b"),)}
    report = QualityReport(1, "fit", (), groups, (), (table,))
    assert report.to_frame().rows() == [
        ("A", "a", 0.5, 0.4, 0.6, 10, "read a"),
        ("B", "b", None, None, None, 0, "read b"),
    ]
    assert report.table("by_language").to_frame().rows() == [("pl", 3), ("ar", 4)]


def test_the_readme_s_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readme = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```python\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(tmp_path)  # no feedback.toml here
    monkeypatch.setenv("FEEDBACK_DB", fill_store(tmp_path / "feedback.db", 200))
    names: dict[str, object] = {}
    exec(block, names)
    assert names["moved"].table.height == 5  # type: ignore[attr-defined]


def test_emerging_groups_are_a_table() -> None:
    first, last = datetime(2026, 1, 5), datetime(2026, 3, 9)
    group = EmergingGroup("e_1", "Roaming", {}, ("s1", "s2"), 2, 2, 3, first, last, {"pl": 12, "ar": 3}, -0.5)
    assert fb.emerging_table([group]).rows() == [("e_1", "Roaming", 2, 2, 3, first, last, "pl 12, ar 3", -0.5)]
    assert fb.emerging_table(()).schema == fb.emerging_table([group]).schema
