"""Two segments crossed on the comparison page."""

from __future__ import annotations

import html
import re
from pathlib import Path

import polars as pl
import pytest

from feedback_nlp.analysis.frames import AnalysisFrames, build_frames
from feedback_nlp.analysis.outcomes import choose_outcome
from feedback_nlp.analysis.scores_compared import scores_compared
from feedback_nlp.analysis.segments import compare_segments
from feedback_nlp.pages import crossing, wording
from feedback_nlp.settings import Settings
from tests.app_data import fill_store
from tests.app_driver import Open, body, frames_of, open_app, trouble
from tests.sample import raw_frames

__all__ = ["open_app"]  # a fixture
BAD = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return fill_store(Path(tmp_path_factory.mktemp("crossing")) / "made-up.db", 500)


def test_an_address_crosses_two_columns(open_app: Open, url: str) -> None:
    app = open_app(url, "compare", by="Plan", across="Region")
    assert trouble(app) == []
    assert app.selectbox(key="across").value == "region"
    frames, shown = frames_of(url), body(app)
    scores = scores_compared(frames, "plan", across="region")
    for row in scores.filter(~pl.col("suppressed"), pl.col("n") > 0).iter_rows(named=True):
        assert f"<b>{wording.number(row['value'])}" in shown
        assert f"<small>n {row['n']}" in shown
    assert [header.value for header in app.subheader] == [
        "NPS by Plan and Region",
        "Net sentiment by Plan and Region",
        "What each combination of Plan and Region talks about",
    ]
    shares = compare_segments(frames, "plan", across="region")
    assert len(app.dataframe[0].value) == shares["difference"].drop_nulls().len()
    app.selectbox(key="across").set_value(None).run()
    assert trouble(app) == []
    assert "Words that set each group apart" in [header.value for header in app.subheader]


def test_a_column_is_not_crossed_with_itself(open_app: Open, url: str) -> None:
    app = open_app(url, "compare", by="Plan", across="Region")
    assert "Plan" not in app.selectbox(key="across").options
    app.segmented_control(key="by").select("region").run()
    assert trouble(app) == []
    assert app.selectbox(key="across").value is None
    app = open_app(url, "compare", by="Plan", across="NPS segment")
    assert trouble(app) == []
    assert app.subheader[0].value == "Net sentiment by Plan and NPS segment"


def test_values_are_text_and_marks_stand_for_colour() -> None:
    schema = {"segment_value": pl.String, "across_value": pl.String, "n": pl.Int64, "value": pl.Float64}
    schema |= dict.fromkeys(("low", "high", "difference", "difference_low", "difference_high", "q"), pl.Float64)
    rows = [
        (BAD, "مكتب", 40, -20.0, -30.0, -10.0, -15.0, -20.0, -10.0, 0.001, False, False),
        (BAD, "en", 12, 20.0, 10.0, 30.0, 5.0, 1.0, 9.0, 0.2, True, False),
        ("b", "مكتب", None, None, None, None, None, None, None, None, True, True),
        ("b", "en", 0, None, None, None, None, None, None, None, True, False),
    ]
    table = pl.DataFrame(rows, schema={**schema, "low_base": pl.Boolean, "suppressed": pl.Boolean}, orient="row")
    margin = table.drop("across_value").head(1)
    outcome = choose_outcome(made_up_frames(), "sentiment")
    shown = crossing.scores_html(table, [margin, margin], "plan", "branch", outcome)
    assert BAD not in shown
    assert shown.count(f"<bdi>{html.escape(BAD)}</bdi>") == 1
    assert "<bdi>مكتب</bdi>" in shown
    cells = re.findall(r"<td.*?</td>", shown)
    assert f"{wording.MINUS}20.0 {crossing.LESS}</b>" in cells[0]
    assert "fb-bad" in cells[0]
    assert crossing.MORE not in cells[1]
    assert "n 12 \u26a0" in cells[1]
    assert [">too few<" in cell for cell in cells] == [False, False, False, True, False, False, False, False, False]
    assert ">\u2013<" in cells[4]


def made_up_frames() -> AnalysisFrames:
    return build_frames(raw_frames(10), Settings())
