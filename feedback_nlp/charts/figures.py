"""The figures. Each shows its interval and tells its base on hover; colour never speaks alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import altair as alt
import polars as pl

from feedback_nlp.charts import palette

if TYPE_CHECKING:
    from feedback_nlp.analysis.scores import ScoreSummary

_ZERO = "datum.value === 0 ? '0' : datum.label"
# Pixels before a label ends in an ellipsis (its tooltip has it whole). There is no window on paper.
_LABEL_LIMIT: Any = alt.ExprRef("windowSize()[0] < 640 ? 120 : 240")
_GAPS: Final = "break-paths-show-domains"  # a hidden month breaks the line; it is not bridged
_PARTS = {
    "detractors": ("Detractors", palette.NEGATIVE),
    "bottom": ("Bottom", palette.NEGATIVE),
    "negative": ("Negative", palette.NEGATIVE),
    "passives": ("Passives", palette.NEUTRAL),
    "middle": ("Middle", palette.NEUTRAL),
    "neutral": ("Neutral", palette.NEUTRAL),
    "mixed": ("Mixed", palette.MIXED),
    "promoters": ("Promoters", palette.POSITIVE),
    "top": ("Top", palette.POSITIVE),
    "positive": ("Positive", palette.POSITIVE),
}


def impact_bars(theme_table: pl.DataFrame) -> alt.LayerChart:
    """Draw a bar a theme from 0 to its impact, in the order of the table, with its 95 % interval as a whisker.

    Themes without an impact (too few people) are left out. A bar whose interval includes 0 is pale.
    """
    rows = theme_table.filter(pl.col("impact").is_not_null()).select(
        *("theme_id", "label", "impact", "impact_low", "impact_high", "n_with", "n_without"),
        *("value_with", "value_without", "gap", "share", "unit"),
        pl.when((pl.col("impact_low") < 0) & (pl.col("impact_high") > 0))
        .then(pl.lit("could be chance"))
        .otherwise(pl.lit("beyond chance"))
        .alias("reading"),
        pl.when(pl.col("impact") < 0)
        .then(pl.min_horizontal("impact", "impact_low").fill_null(pl.col("impact")))
        .otherwise(pl.max_horizontal("impact", "impact_high").fill_null(pl.col("impact")))
        .alias("end"),
    )
    unit = rows["unit"][0] if len(rows) else "points"
    greatest = rows["impact"].abs().max()
    digits = 2 if isinstance(greatest, float) and greatest < 2 else 1  # a mean of 1 to 5 moves by hundredths
    y = alt.Y("theme_id:N", sort=rows["theme_id"].to_list(), title=None, axis=_label_axis(rows))
    base = alt.Chart(_data(rows)).encode(y=y)
    tooltip = [
        alt.Tooltip("label:N", title="Theme"),
        alt.Tooltip("impact:Q", title=f"Impact ({unit})", format=f"+.{digits}f"),
        alt.Tooltip("impact_low:Q", title="95% interval from", format=f"+.{digits}f"),
        alt.Tooltip("impact_high:Q", title="to", format=f"+.{digits}f"),
        alt.Tooltip("reading:N", title="Read as"),
        alt.Tooltip("share:Q", title="Share of meaningful feedback", format=".1%"),
        alt.Tooltip("value_with:Q", title="Score with the theme", format=".1f"),
        alt.Tooltip("n_with:Q", title="Responses with it", format=","),
        alt.Tooltip("value_without:Q", title="Score without", format=".1f"),
        alt.Tooltip("n_without:Q", title="Responses without", format=","),
    ]
    sign = alt.condition("datum.impact < 0", alt.value(palette.NEGATIVE), alt.value(palette.POSITIVE))
    certain = alt.condition("datum.reading == 'beyond chance'", alt.value(1), alt.value(0.4))
    ends = [0.0, *rows["end"], *rows["impact_low"].drop_nulls(), *rows["impact_high"].drop_nulls()]
    room = 0.26 * (max(ends) - min(ends))  # for the figures beside the whiskers, on a narrow screen too
    left_room, right_room = (room if side.any() else 0.1 * room for side in (rows["impact"] < 0, rows["impact"] >= 0))
    scale = alt.Scale(domain=[min(ends) - left_room, max(ends) + right_room], nice=False)
    shared: Any = {
        "title": f"Impact, {unit}",
        "axis": alt.Axis(format="+~f", tickCount=6, labelExpr=_ZERO),
        "scale": scale,
    }
    x = alt.X("impact:Q", **shared)
    bars = base.mark_bar(height=14, cornerRadius=2).encode(x=x, color=sign, opacity=certain, tooltip=tooltip)
    spread = base.encode(x=alt.X("impact_low:Q", **shared), x2="impact_high:Q", tooltip=tooltip)
    halo = spread.mark_rule(color=palette.PAPER, strokeWidth=4, opacity=0.75)  # keeps the whisker legible on its bar
    whiskers = spread.mark_rule(color=palette.INK, strokeWidth=1.4)
    text = base.transform_calculate(shown=f"replace(format(datum.impact, '+.{digits}f'), '-', '\u2212')")
    figures: Any = {"fontSize": 12, "fontWeight": 600, "color": palette.INK}
    left = text.transform_filter("datum.impact < 0").mark_text(align="right", dx=-6, **figures)
    right = text.transform_filter("datum.impact >= 0").mark_text(align="left", dx=6, **figures)
    zero = alt.Chart(_data(pl.DataFrame({"zero": [0.0]}))).mark_rule(color=palette.MUTED).encode(x="zero:Q")
    labels = [side.encode(x=alt.X("end:Q", **shared), text="shown:N") for side in (left, right)]
    return _styled(alt.layer(bars, halo, zero, whiskers, *labels), height=alt.Step(30))


def share_trend(df: pl.DataFrame) -> alt.LayerChart:
    """Draw a theme's share of meaningful feedback by month with its 95 % band; hidden months are gaps."""
    tooltip = [
        alt.Tooltip("month:O", title="Month"),
        alt.Tooltip("share:Q", title="Share", format=".1%"),
        alt.Tooltip("share_low:Q", title="95% interval from", format=".1%"),
        alt.Tooltip("share_high:Q", title="to", format=".1%"),
        alt.Tooltip("n_feedback:Q", title="Feedback with it", format=","),
        alt.Tooltip("base:Q", title="Meaningful feedback", format=","),
    ]
    axis = alt.Axis(format=".0%", tickCount=5)
    return _trend(df, ("share", "share_low", "share_high"), tooltip, "Share of feedback", axis, alt.Scale(zero=True))


def score_trend(df: pl.DataFrame, *, label: str = "Score") -> alt.LayerChart:
    """Draw a score by month with its 95 % band; hidden months are gaps."""
    tooltip = [
        alt.Tooltip("month:O", title="Month"),
        alt.Tooltip("value:Q", title=label, format=".1f"),
        alt.Tooltip("low:Q", title="95% interval from", format=".1f"),
        alt.Tooltip("high:Q", title="to", format=".1f"),
        alt.Tooltip("n:Q", title="Responses", format=","),
    ]
    scale = alt.Scale(zero=False, nice=True)
    return _trend(df, ("value", "low", "high"), tooltip, label, alt.Axis(tickCount=5), scale)


def sparkline(df: pl.DataFrame) -> alt.LayerChart:
    """Draw the share by month as a bare line with its last shown month as a dot, for the margin of a text."""
    rows = df.select("month", "share")
    base = alt.Chart(_data(rows)).encode(
        x=alt.X("month:O", axis=None, scale=alt.Scale(paddingOuter=0.1)),
        y=alt.Y("share:Q", axis=None, scale=alt.Scale(domainMin=0)),
    )
    ground = alt.Chart(_data(pl.DataFrame({"zero": [0.0]}))).mark_rule(color=palette.NEUTRAL)
    ground = ground.encode(y=alt.Y("zero:Q", axis=None))
    line = base.mark_line(color=palette.ACCENT, strokeWidth=1.8, invalid=_GAPS)
    last = rows.filter(pl.col("share").is_not_null())["month"].max()
    dot = base.transform_filter(f"datum.month == {json.dumps(last)}").mark_point(
        color=palette.ACCENT, filled=True, size=40, opacity=1
    )
    return _styled(alt.layer(ground, line, dot), height=34, padding=3)


def segment_dots(df: pl.DataFrame) -> alt.LayerChart:
    """Draw a dot with a 95 % whisker a segment: shares where the table has them, else scores.

    Takes the rows of one theme of ``theme_by_segment`` or ``compare_segments``, or ``score_by_segment``. Where the
    table has ``overall_share``, a dashed line marks it. Hidden segments are left out.
    """
    shares = "share" in df.columns
    value, low, high = ("share", "share_low", "share_high") if shares else ("value", "low", "high")
    n = "base" if shares else "n"
    rows = df.filter(pl.col(value).is_not_null()).sort([value, "segment_value"], descending=[True, False])
    style = ".1%" if shares else ".1f"
    tooltip = [
        alt.Tooltip("segment_value:N", title="Segment"),
        alt.Tooltip(f"{value}:Q", title="Share" if shares else "Score", format=style),
        alt.Tooltip(f"{low}:Q", title="95% interval from", format=style),
        alt.Tooltip(f"{high}:Q", title="to", format=style),
        alt.Tooltip(f"{n}:Q", title="Meaningful feedback" if shares else "Responses", format=","),
    ]
    title = "Share of the segment's feedback" if shares else "Score"
    axis = alt.Axis(format=".0%", tickCount=5) if shares else alt.Axis(tickCount=5)
    base = alt.Chart(_data(rows)).encode(
        y=alt.Y("segment_value:N", sort=rows["segment_value"].to_list(), title=None, axis=_plain_axis()),
        tooltip=tooltip,
    )
    scale = alt.Scale(zero=shares)
    whiskers = base.mark_rule(color=palette.MUTED, strokeWidth=1.4).encode(
        x=alt.X(f"{low}:Q", title=title, axis=axis, scale=scale), x2=f"{high}:Q"
    )
    dots = base.mark_point(filled=True, size=80, color=palette.ACCENT, opacity=1).encode(
        x=alt.X(f"{value}:Q", title=title, axis=axis, scale=scale)
    )
    layers: list[Any] = [whiskers, dots]
    if "overall_share" in rows.columns and len(rows):
        overall = alt.Chart(_data(rows.select("overall_share").head(1)))
        layers.insert(0, overall.mark_rule(color=palette.MUTED, strokeDash=[4, 3]).encode(x="overall_share:Q"))
    return _styled(alt.layer(*layers), height=alt.Step(28))


def nps_bar(summary: ScoreSummary) -> alt.LayerChart:
    """Draw what a score is made of as one bar of 100 %: detractors, passives, promoters, or the like."""
    return _stacked([("", summary.parts)], height=30, axis=False)


def sentiment_bar(theme_table: pl.DataFrame) -> alt.LayerChart:
    """Draw a bar of 100 % a theme: negative, neutral and positive statements, in the order of the table."""
    shown = theme_table.filter(pl.col("n_positive").is_not_null())
    words = ("negative", "neutral", "positive")
    rows = [(row["label"], {word: row[f"n_{word}"] for word in words}) for row in shown.iter_rows(named=True)]
    return _stacked(rows, height=alt.Step(26), axis=True)


def _stacked(rows: Sequence[tuple[str, Mapping[str, int]]], *, height: Any, axis: bool) -> alt.LayerChart:
    parts = [name for name in _PARTS if any(name in counts for _, counts in rows)]
    table: list[dict[str, Any]] = []
    for place, (label, counts) in enumerate(rows):
        total = sum(counts.values())
        at = 0.0
        for name in parts:
            count = counts.get(name, 0)
            width = count / total if total else 0.0
            part = {"row": str(place), "label": label, "part": _PARTS[name][0], "n": count, "share": width}
            table.append({**part, "start": at, "end": at + width, "middle": at + width / 2, "name": name})
            at += width
    schema = dict.fromkeys(("row", "label", "part", "name"), pl.String) | {"n": pl.Int64}
    figures = dict.fromkeys(("share", "start", "end", "middle"), pl.Float64)
    data = _data(pl.DataFrame(table, schema={**schema, **figures}))
    names = pl.DataFrame({"theme_id": [str(i) for i in range(len(rows))], "label": [label for label, _ in rows]})
    y = alt.Y("row:N", sort=names["theme_id"].to_list(), title=None, axis=_label_axis(names) if axis else None)
    colour = alt.Color(
        "part:N",
        title=None,
        sort=[_PARTS[name][0] for name in parts],
        scale=alt.Scale(domain=[_PARTS[n][0] for n in parts], range=[_PARTS[n][1] for n in parts]),
        legend=alt.Legend(orient="top", symbolType="square", symbolSize=90),
    )
    tooltip = [
        alt.Tooltip("part:N", title=" "),
        alt.Tooltip("n:Q", title="Count", format=","),
        alt.Tooltip("share:Q", title="Share", format=".1%"),
    ]
    x = alt.X("start:Q", title=None, axis=None, scale=alt.Scale(domain=[0, 1], nice=False))
    base = alt.Chart(data).encode(y=y)
    bars = base.mark_bar(stroke=palette.PAPER, strokeWidth=1.5).encode(x=x, x2="end:Q", color=colour, tooltip=tooltip)
    dark = alt.condition(
        "datum.name == 'passives' || datum.name == 'middle' || datum.name == 'neutral' || datum.name == 'mixed'",
        alt.value(palette.INK),
        alt.value(palette.PAPER),
    )
    text = (
        base.transform_filter("datum.share >= 0.06")
        .mark_text(fontSize=12, fontWeight=600)
        .encode(x=alt.X("middle:Q", axis=None), text=alt.Text("share:Q", format=".0%"), color=dark, tooltip=tooltip)
    )
    return _styled(alt.layer(bars, text).resolve_scale(color="independent"), height=height)


def _trend(
    df: pl.DataFrame,
    columns: tuple[str, str, str],
    tooltip: list[alt.Tooltip],
    title: str,
    y_axis: alt.Axis,
    scale: alt.Scale,
) -> alt.LayerChart:
    months = df["month"].to_list()
    every = max(1, -(-len(months) // 12))
    axis = alt.Axis(
        title=None,
        labelAngle=0,
        grid=False,
        values=months[::every],
        labelExpr="timeFormat(utcParse(datum.value, '%Y-%m'), month(utcParse(datum.value, '%Y-%m')) == 0 || "
        f"datum.value == {json.dumps(months[0] if months else '')} ? '%b %Y' : '%b')",
    )
    base = alt.Chart(_data(df)).encode(x=alt.X("month:O", axis=axis, scale=alt.Scale(padding=0.3)))
    value, low, high = columns
    area = base.mark_area(color=palette.ACCENT, opacity=0.13, invalid=_GAPS).encode(
        y=alt.Y(f"{low}:Q", title=title, scale=scale, axis=y_axis), y2=f"{high}:Q"
    )
    y = alt.Y(f"{value}:Q", title=title, scale=scale, axis=y_axis)
    line = base.mark_line(color=palette.ACCENT, strokeWidth=2, invalid=_GAPS).encode(y=y)
    dots = base.mark_point(color=palette.ACCENT, filled=True, size=46, opacity=1).encode(y=y, tooltip=tooltip)
    return _styled(alt.layer(area, line, dots), height=220)


def _data(frame: pl.DataFrame) -> alt.Data:
    """Inline rows: altair's own conversion would ask for more than polars."""
    return alt.Data(values=frame.to_dicts())


def _label_axis(rows: pl.DataFrame) -> alt.Axis:
    """Themes are told apart by id and shown by label, so that two themes of one name stay two."""
    labels = json.dumps(dict(rows.select("theme_id", "label").iter_rows()), ensure_ascii=False)
    return _plain_axis(labelExpr=f"({labels})[datum.value]")


def _plain_axis(**more: Any) -> alt.Axis:
    return alt.Axis(
        ticks=False, domain=False, grid=False, labelLimit=_LABEL_LIMIT, labelPadding=10, labelColor=palette.INK, **more
    )


def _styled(chart: Any, *, height: Any, padding: float = 5) -> alt.LayerChart:
    return (
        chart.properties(height=height, padding=dict.fromkeys(("left", "right", "top", "bottom"), padding))
        .configure(font=palette.FONT, background="transparent")
        .configure_view(stroke=None)
        .configure_axis(
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
            labelColor=palette.MUTED,
            titleColor=palette.MUTED,
            gridColor=palette.LINE,
            domainColor=palette.LINE,
            tickColor=palette.LINE,
            titlePadding=10,
        )
        .configure_legend(labelFontSize=12, labelColor=palette.INK, offset=4)
    )
