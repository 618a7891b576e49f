"""The figures. Each shows its interval and tells its base on hover; colour never speaks alone."""

from __future__ import annotations

import json
from typing import Any

import altair as alt
import polars as pl

from feedback_nlp.charts import palette
from feedback_nlp.charts.breaks import break_marks
from feedback_nlp.charts.styling import GAPS, inline, label_axis, period_axis, plain_axis, styled

_ZERO = "datum.value === 0 ? '0' : datum.label"


def impact_bars(theme_table: pl.DataFrame, *, higher_is_better: bool = True) -> alt.LayerChart:
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
    y = alt.Y("theme_id:N", sort=rows["theme_id"].to_list(), title=None, axis=label_axis(rows))
    base = alt.Chart(inline(rows)).encode(y=y)
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
    sign = alt.condition(
        f"datum.impact {'<' if higher_is_better else '>'} 0", alt.value(palette.NEGATIVE), alt.value(palette.POSITIVE)
    )
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
    zero = alt.Chart(inline(pl.DataFrame({"zero": [0.0]}))).mark_rule(color=palette.MUTED).encode(x="zero:Q")
    labels = [side.encode(x=alt.X("end:Q", **shared), text="shown:N") for side in (left, right)]
    return styled(alt.layer(bars, halo, zero, whiskers, *labels), height=alt.Step(30))


def share_trend(df: pl.DataFrame, *, breaks: pl.DataFrame | None = None) -> alt.LayerChart:
    """Draw a theme's share of meaningful feedback with its 95 % band; hidden periods are gaps.

    ``df`` is that of ``theme_by_month`` or ``theme_by_period``, ``breaks`` that of ``codebook_breaks``: a dashed line
    where another codebook takes over.
    """
    tooltip = [
        alt.Tooltip("month:O", title="Period"),
        alt.Tooltip("share:Q", title="Share", format=".1%"),
        alt.Tooltip("share_low:Q", title="95% interval from", format=".1%"),
        alt.Tooltip("share_high:Q", title="to", format=".1%"),
        alt.Tooltip("n_feedback:Q", title="Feedback with it", format=","),
        alt.Tooltip("base:Q", title="Meaningful feedback", format=","),
    ]
    axis = alt.Axis(format=".0%", tickCount=5)
    columns = ("share", "share_low", "share_high")
    return _trend(df, columns, tooltip, "Share of feedback", axis, alt.Scale(zero=True), breaks)


def score_trend(df: pl.DataFrame, *, label: str = "Score") -> alt.LayerChart:
    """Draw a score with its 95 % band; hidden periods are gaps.

    ``df`` is that of ``score_by_month`` or ``score_by_period``.
    """
    tooltip = [
        alt.Tooltip("month:O", title="Period"),
        alt.Tooltip("value:Q", title=label, format=".1f"),
        alt.Tooltip("low:Q", title="95% interval from", format=".1f"),
        alt.Tooltip("high:Q", title="to", format=".1f"),
        alt.Tooltip("n:Q", title="Responses", format=","),
    ]
    scale = alt.Scale(zero=False, nice=True)
    return _trend(df, ("value", "low", "high"), tooltip, label, alt.Axis(tickCount=5), scale)


def sparkline(df: pl.DataFrame, *, breaks: pl.DataFrame | None = None) -> alt.LayerChart:
    """Draw the share by month as a bare line with its last shown month as a dot, for the margin of a text.

    A dashed line marks each of the ``breaks`` (see ``codebook_breaks``).
    """
    rows = df.select("month", "share")
    x = alt.X("month:O", axis=None, scale=alt.Scale(paddingOuter=0.1))
    base = alt.Chart(inline(rows)).encode(
        x=x,
        y=alt.Y("share:Q", axis=None, scale=alt.Scale(domainMin=0)),
    )
    ground = alt.Chart(inline(pl.DataFrame({"zero": [0.0]}))).mark_rule(color=palette.NEUTRAL)
    ground = ground.encode(y=alt.Y("zero:Q", axis=None))
    line = base.mark_line(color=palette.ACCENT, strokeWidth=1.8, invalid=GAPS)
    last = rows.filter(pl.col("share").is_not_null())["month"].max()
    dot = base.transform_filter(f"datum.month == {json.dumps(last)}").mark_point(
        color=palette.ACCENT, filled=True, size=40, opacity=1
    )
    marks = break_marks(breaks, rows["month"].to_list(), x, named=False)
    return styled(alt.layer(ground, *marks, line, dot), height=34, padding=3)


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
    base = alt.Chart(inline(rows)).encode(
        y=alt.Y("segment_value:N", sort=rows["segment_value"].to_list(), title=None, axis=plain_axis()),
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
        overall = alt.Chart(inline(rows.select("overall_share").head(1)))
        layers.insert(0, overall.mark_rule(color=palette.MUTED, strokeDash=[4, 3]).encode(x="overall_share:Q"))
    return styled(alt.layer(*layers), height=alt.Step(28))


def _trend(
    df: pl.DataFrame,
    columns: tuple[str, str, str],
    tooltip: list[alt.Tooltip],
    title: str,
    y_axis: alt.Axis,
    scale: alt.Scale,
    breaks: pl.DataFrame | None = None,
) -> alt.LayerChart:
    df = df.rename({"period": "month"}, strict=False)
    labels = df["month"].to_list()
    x = alt.X("month:O", axis=period_axis(labels), scale=alt.Scale(padding=0.3), sort=labels)
    base = alt.Chart(inline(df)).encode(x=x)
    value, low, high = columns
    area = base.mark_area(color=palette.ACCENT, opacity=0.13, invalid=GAPS).encode(
        y=alt.Y(f"{low}:Q", title=title, scale=scale, axis=y_axis), y2=f"{high}:Q"
    )
    y = alt.Y(f"{value}:Q", title=title, scale=scale, axis=y_axis)
    line = base.mark_line(color=palette.ACCENT, strokeWidth=2, invalid=GAPS).encode(y=y)
    dots = base.mark_point(color=palette.ACCENT, filled=True, size=46, opacity=1).encode(y=y, tooltip=tooltip)
    return styled(alt.layer(area, *break_marks(breaks, labels, x), line, dots), height=220)
