"""Charts show what their tables say, in both themes of use: a specification, and SVG for paper."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import polars as pl
import pytest
import vl_convert

from feedback_nlp import charts
from feedback_nlp.analysis.frames import AnalysisFrames, build_frames
from feedback_nlp.analysis.scores import summarise_scores
from feedback_nlp.analysis.segments import compare_segments, score_by_segment, theme_by_segment
from feedback_nlp.analysis.themes import theme_table
from feedback_nlp.analysis.trends import score_by_month, theme_by_month
from feedback_nlp.charts import driving, palette
from feedback_nlp.settings import Settings
from tests.sample import raw_frames


@pytest.fixture(scope="module")
def frames() -> AnalysisFrames:
    return build_frames(raw_frames(), Settings())


def texts(svg: str) -> list[str]:
    return [
        t
        for t in ("".join(node.itertext()) for node in ElementTree.fromstring(svg).iter() if node.tag.endswith("text"))
        if t
    ]


def test_impact_bars_keep_order_sign_and_uncertainty(frames: AnalysisFrames) -> None:
    table = theme_table(frames, level=2)
    svg = charts.to_svg(charts.impact_bars(table), label="Impact of themes")
    shown = texts(svg)
    assert [t for t in shown if t in table["label"].to_list()] == table["label"].to_list()
    figures = [f"{v:+.1f}".replace("-", "\u2212") for v in table["impact"]]
    assert [t for t in shown if t in figures] == [f for f in figures if f[0] == "\u2212"] + [
        f for f in figures if f[0] == "+"
    ]
    assert palette.NEGATIVE.lower() in svg.lower()
    assert palette.POSITIVE.lower() in svg.lower()
    unsure = table.filter((pl.col("impact_low") < 0) & (pl.col("impact_high") > 0)).height
    assert unsure > 0
    assert svg.count('opacity="0.4"') == unsure


def test_labels_leave_room_on_a_narrow_screen(frames: AnalysisFrames) -> None:
    long = pl.lit("Nobody picks up the telephone, whatever I try, and no one calls me back either")
    chart = charts.impact_bars(theme_table(frames).with_columns(long.alias("label")).head(3))
    spec = chart.properties(width=400, autosize={"type": "fit-x", "contains": "padding"}).to_dict()
    svg = vl_convert.vegalite_to_svg(json.dumps(spec).replace("windowSize()[0]", "420"))
    labels = [text for text in texts(svg) if text.startswith("Nobody")]
    assert len(labels) == 3
    assert all(text.endswith("\u2026") and len(text) < 25 for text in labels)
    places = re.findall(r'text-anchor="end" transform="translate\(([-\d.]+),[^>]*font-weight="600"', svg)
    assert places
    assert all(float(place) > 40 for place in places)  # a figure is about 40 pixels wide, and ends there
    assert spec["padding"] == {"left": 5, "right": 5, "top": 5, "bottom": 5}


def test_small_impacts_keep_their_hundredths(frames: AnalysisFrames) -> None:
    impacts = pl.col("impact", "impact_low", "impact_high") / 100
    shown = texts(charts.to_svg(charts.impact_bars(theme_table(frames, level=2).with_columns(impacts).head(1))))
    assert any(re.fullmatch("\u22120\\.[0-9]{2}", text) for text in shown)


def test_hidden_themes_are_not_drawn(frames: AnalysisFrames) -> None:
    shown = texts(charts.to_svg(charts.impact_bars(theme_table(frames))))
    assert "Customer service" in shown
    assert "Contract terms" not in shown


def test_two_themes_of_one_name_stay_two(frames: AnalysisFrames) -> None:
    table = theme_table(frames).with_columns(pl.lit("Other").alias("label")).head(3)
    assert texts(charts.to_svg(charts.impact_bars(table))).count("Other") == 3


def test_labels_cannot_break_out(frames: AnalysisFrames) -> None:
    nasty = "</svg><script>alert('x')</script>\"\\"
    table = theme_table(frames).with_columns(pl.lit(nasty).alias("label")).head(1)
    svg = charts.to_svg(charts.impact_bars(table), label=nasty)
    assert "<script" not in svg
    assert nasty in texts(svg)
    assert ElementTree.fromstring(svg).attrib["aria-label"] == nasty


def test_every_chart_renders_without_fetching(frames: AnalysisFrames) -> None:
    table = theme_table(frames)
    months = theme_by_month(frames, "t-waiting")
    waiting = pl.col("theme_id") == "t-waiting"
    drawn = {
        "impact": charts.impact_bars(table),
        "share": charts.share_trend(months),
        "score": charts.score_trend(score_by_month(frames), label="NPS"),
        "spark": charts.sparkline(months),
        "dots": charts.segment_dots(theme_by_segment(frames, "t-waiting", "plan")),
        "compare": charts.segment_dots(compare_segments(frames, "plan", level=2).filter(waiting)),
        "scores": charts.segment_dots(score_by_segment(frames, "region")),
        "nps": charts.nps_bar(summarise_scores(frames)[0]),
        "sentiment": charts.sentiment_bar(table),
    }
    for name, chart in drawn.items():
        svg = charts.to_svg(chart, label=name)
        ElementTree.fromstring(svg)
        addresses = set(re.findall(r"https?://[^\"' )]+", svg))
        assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}, name
        assert "NaN" not in svg, name
        assert chart.to_dict()["$schema"].startswith("https://vega.github.io/schema/vega-lite/")


def test_svg_is_the_same_every_time_and_ids_do_not_clash(frames: AnalysisFrames) -> None:
    ours, others = theme_table(frames), theme_table(frames, level=2)
    first, second, third = (charts.to_svg(charts.impact_bars(table)) for table in (ours, others, ours))
    assert first == third
    ids = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in (first, second)]
    assert ids[0]
    assert not ids[0] & ids[1]
    assert set(re.findall(r"url\(#([^)]+)\)", first)) <= ids[0]


def test_nps_bar_adds_up_to_the_whole(frames: AnalysisFrames) -> None:
    summary = summarise_scores(frames)[0]
    shares = [f"{100 * count / summary.n:.0f}%" for count in summary.parts.values()]
    shown = texts(charts.to_svg(charts.nps_bar(summary)))
    assert set(shown) == {"Promoters", "Passives", "Detractors", *shares}


def test_a_hidden_month_breaks_the_line(frames: AnalysisFrames) -> None:
    months = theme_by_month(frames, "t-waiting").head(7)
    hole = pl.when(pl.col("month") == "2025-04").then(None)
    months = months.with_columns(hole.otherwise(pl.col(c)).alias(c) for c in ("share", "share_low", "share_high"))
    svg = charts.to_svg(charts.share_trend(months))
    line = max(re.findall(rf'd="(M[^"]+)" stroke="{palette.ACCENT}"', svg, flags=re.I), key=len)
    assert line.count("M") == 2


def test_feelings_have_sign_share_and_count_and_what_is_hidden_is_left_out() -> None:
    rows = [
        {"name": "churn", "word": "\u2212 may leave", "tone": "negative", "n": 1204, "base": 4000, "share": 0.301}
        | {"share_low": 0.287, "share_high": 0.315},
        {"name": "joy", "word": "+ joy", "tone": "positive", "n": 8, "base": 4000, "share": 0.002}
        | {"share_low": 0.001, "share_high": 0.004},
        {"name": "worry", "word": "\u2212 worry", "tone": "negative", "n": None, "base": 4000, "share": None}
        | {"share_low": None, "share_high": None},
    ]
    svg = charts.to_svg(charts.feeling_bars(pl.DataFrame(rows)), label="Feelings")
    assert texts(svg) == ["\u2212 may leave", "+ joy", "30%  n\u00a0=\u00a01,204", "0.2%  n\u00a0=\u00a08"]
    assert palette.NEGATIVE.lower() in svg.lower()
    assert palette.POSITIVE.lower() in svg.lower()
    ElementTree.fromstring(charts.to_svg(charts.feeling_bars(pl.DataFrame(rows).clear())))


def test_empty_tables_make_empty_charts(frames: AnalysisFrames) -> None:
    empty = theme_table(frames).clear()
    assert not set(texts(charts.to_svg(charts.impact_bars(empty)))) & set(theme_table(frames)["label"])
    ElementTree.fromstring(charts.to_svg(charts.sentiment_bar(empty)))
    ElementTree.fromstring(charts.to_svg(charts.share_trend(theme_by_month(frames, "t-waiting").clear())))
    ElementTree.fromstring(charts.to_svg(charts.segment_dots(theme_by_segment(frames, "t-waiting", "plan").clear())))


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("ink", [palette.NEGATIVE, palette.POSITIVE, palette.ACCENT, palette.INK, palette.MUTED])
@pytest.mark.parametrize("ground", [palette.PAPER, palette.TINT])
def test_text_colours_are_legible(ink: str, ground: str) -> None:
    light, dark = sorted((_luminance(ink), _luminance(ground)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5  # WCAG 2.1 AA


# Machado, Oliveira & Fernandes 2009, severity 1.0: protanopia, deuteranopia, tritanopia.
_BLINDNESS = (
    ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
)


def _seen(colour: str, matrix: tuple[tuple[float, ...], ...]) -> tuple[float, float, float]:
    """CIELAB of a colour as a colour-blind reader sees it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    r, g, b = (min(max(sum(m * x for m, x in zip(row, linear, strict=True)), 0), 1) for row in matrix)
    xyz = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505, 0.2126 * r + 0.7152 * g + 0.0722 * b
    xyz = (*xyz, (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089)
    fx, fy, fz = (v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in xyz)
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


@pytest.mark.parametrize("matrix", _BLINDNESS, ids=["protanopia", "deuteranopia", "tritanopia"])
def test_harm_and_good_differ_for_colour_blind_readers(matrix: tuple[tuple[float, ...], ...]) -> None:
    harm, good = _seen(palette.NEGATIVE, matrix), _seen(palette.POSITIVE, matrix)
    assert sum((a - b) ** 2 for a, b in zip(harm, good, strict=True)) ** 0.5 >= 25


MOVED = pl.DataFrame(
    {
        "theme_id": ["t-a", "t-b", "t-c"],
        "label": ["Waiting on the phone, then being cut off in the end", "</svg><b>", "Staff"],
        "contribution": [-8.04, 0.4, None],
        "contribution_low": [-10.0, -1.0, None],
        "contribution_high": [-6.0, 1.8, None],
        "contribution_q": [0.001, 0.6, None],
        "damage": [-9.0, -1.0, None],
        "lift": [0.5, 1.5, None],
        "n_with": [120, 60, 3],
    }
)


def test_contributions_show_both_sides_the_sum_between_and_what_could_be_chance() -> None:
    svg = charts.to_svg(charts.contribution_bars(MOVED, unit="NPS points"), label="Contributions")
    shown = texts(svg)
    assert [text for text in shown if text in MOVED["label"].to_list()] == MOVED["label"].to_list()[:2]
    assert "<b>" not in svg
    assert [text for text in shown if text in ("\u22128.0", "+0.4")] == ["\u22128.0", "+0.4"]
    assert {"Damage: negative mentions", "Lift: positive mentions", driving.NET, driving.UNSURE} <= set(shown)
    marks = re.findall(r'<path[^>]*fill="(#[0-9A-Fa-f]{6})"[^>]*stroke="#1E2233"[^>]*opacity="1"', svg)
    assert [mark.upper() for mark in marks if mark.upper() in (palette.INK, palette.PAPER)][:2] == [
        palette.INK,
        palette.PAPER,
    ]
    ElementTree.fromstring(charts.to_svg(charts.contribution_bars(MOVED.clear(), unit="points")))


def test_steps_lead_from_first_to_last_and_small_ones_are_taken_together() -> None:
    steps = [("Waiting", -8.04), ("Staff", 5.0), ("<i>App</i>", 0.3), ("Shop", -0.2)]
    shown = texts(charts.to_svg(charts.steps_chart(("Nobody", 10.0), steps, ("NPS", 7.06), unit="NPS points")))
    figures = ["10.0", "\u22128.0", "+5.0", "+0.3", "\u22120.2", "7.1"]
    labels = ["Nobody", "Waiting", "Staff", "<i>App</i>", "Shop", "NPS"]
    assert sorted(t for t in shown if t in figures) == sorted(figures)
    assert [t for t in shown if t in labels] == labels
    few = charts.steps_chart(("Nobody", 10.0), steps, ("NPS", 7.06), unit="NPS points", most=3)
    shown = texts(charts.to_svg(few))
    assert [t for t in shown if t in (*labels, "2 further themes")] == [
        "Nobody",
        "Waiting",
        "Staff",
        "2 further themes",
        "NPS",
    ]
    assert "+0.1" in shown


def test_a_follow_up_draws_what_was_expected_and_where_it_began_and_breaks_at_hidden_weeks() -> None:
    n = 20
    weeks = [f"2025-W{i:02d}" for i in range(1, n + 1)]
    share = [None if i == 5 else 20.0 - i / 2 for i in range(n)]
    series = pl.DataFrame(
        {
            "period": weeks,
            "share": share,
            "share_low": [None if v is None else v - 3 for v in share],
            "share_high": [None if v is None else v + 3 for v in share],
            "expected": [None] * 10 + [20.0] * 10,
            "control_share": [None] * n,
            "base": [40] * n,
        },
        schema_overrides={"control_share": pl.Float64},
    )
    drawn = charts.to_svg(charts.follow_up_trend(series, start="2025-W11", title="Share"))
    shown = texts(drawn)
    assert {"Observed", "Expected from the time before", "action begins", "2025-W01"} <= set(shown)
    assert "Compared with" not in shown
    lines = re.findall(r'<path[^>]*\bd="(M[^"]*)"[^>]*stroke="#4338CA"', drawn, re.IGNORECASE)
    assert max(line.count("M") for line in lines) == 2
    early = texts(charts.to_svg(charts.follow_up_trend(series.with_columns(expected=None), start=None, title="Share")))
    assert not {"Expected from the time before", "action begins"} & set(early)


def test_alarms_are_told_by_shape_and_figure() -> None:
    table = pl.DataFrame(
        {
            "name": ["Delivery", "Staff", "Hidden"],
            "period": ["2025-09-01"] * 3,
            "n_feedback": [31, 12, None],
            "expected": [10.4, 11.0, None],
            "expected_low": [5.0, 6.0, None],
            "expected_high": [17.0, 18.0, None],
            "ratio": [2.98, 1.1, None],
            "q": [0.001, 0.8, None],
            "alarm": [True, False, False],
        }
    )
    svg = charts.to_svg(charts.alert_bands(table))
    shown = texts(svg)
    assert [t for t in shown if t in ("Delivery", "Staff", "Hidden")] == ["Delivery", "Staff"]
    assert [t for t in shown if "\u00d7" in t] == ["3.0\u00d7"]
    assert svg.lower().count(palette.NEGATIVE.lower()) == 1
    ElementTree.fromstring(charts.to_svg(charts.alert_bands(table.clear())))
