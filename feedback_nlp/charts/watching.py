"""What is watched over time: a theme before and after an action, and counts against what was to be expected."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import altair as alt
import polars as pl

from feedback_nlp.analysis.periods import period_label
from feedback_nlp.charts import palette
from feedback_nlp.charts.styling import GAPS, WIDE_LABELS, inline, label_axis, period_axis, styled

if TYPE_CHECKING:
    from feedback_nlp.analysis.watching.follow_up import FollowUp

EXPECTED = "Expected from the time before"
OBSERVED = "Observed"
CONTROL = "Compared with"


def follow_up_chart(found: FollowUp, *, title: str | None = None, suffix: str | None = None) -> alt.LayerChart:
    """Draw what became of an action as :func:`follow_up_trend` does, with its first day marked.

    ``title`` and ``suffix`` say what its figures are; by default what the comparison itself knows of them.
    """
    begins = None
    if found.action.since is not None:
        day = pl.DataFrame({"day": [date.fromisoformat(found.action.since)]})
        begins = day.select(period_label(found.unit, "day")).item()
    if found.measure == "score":
        return follow_up_trend(found.series, start=begins, title=title or found.points, suffix=suffix or "")
    said = "negative mentions" if found.measure == "negative" else "mentions"
    return follow_up_trend(found.series, start=begins, title=title or f"Share of answers, {said}")


def follow_up_trend(series: pl.DataFrame, *, start: str | None, title: str, suffix: str = "%") -> alt.LayerChart:
    """Draw a share or a score by period with its 95 % band, what was expected (dashed), and where the action began.

    ``series`` is that of ``analysis.watching.follow_up`` (shares in per cent); hidden periods are gaps. ``start`` is
    the label of the period in which the action began, None to draw no line. ``suffix`` stands behind the axis figures.
    """
    is_score = "value" in series.columns
    told = "Score" if is_score else "Share, %"
    if is_score:
        names = {"value": "share", "low": "share_low", "high": "share_high", "control_value": "control_share"}
        series = series.rename({**names, "n": "base"})
    labels = series["period"].to_list()
    x = alt.X("period:O", axis=period_axis(labels), scale=alt.Scale(padding=0.3), sort=labels)
    scale = alt.Scale(zero=not is_score, nice=True)
    axis = alt.Axis(tickCount=5, labelExpr=f"datum.label + '{suffix}'")
    tooltip = [
        alt.Tooltip("period:O", title="Period"),
        alt.Tooltip("share:Q", title=told, format=".1f"),
        alt.Tooltip("share_low:Q", title="95% interval from", format=".1f"),
        alt.Tooltip("share_high:Q", title="to", format=".1f"),
        alt.Tooltip("expected:Q", title="Expected", format=".1f"),
        alt.Tooltip("control_share:Q", title="Compared with", format=".1f"),
        alt.Tooltip("base:Q", title="Responses" if is_score else "Answers (base)", format=","),
    ]
    base = alt.Chart(inline(series)).encode(x=x)
    area = base.mark_area(color=palette.ACCENT, opacity=0.13, invalid=GAPS).encode(
        y=alt.Y("share_low:Q", title=title, scale=scale, axis=axis), y2="share_high:Q"
    )
    layers: list[Any] = [area]
    kinds = [("share", OBSERVED, palette.ACCENT, [1, 0], 2.0), ("expected", EXPECTED, palette.INK, [5, 4], 1.8)]
    if series["control_share"].drop_nulls().len():
        kinds.insert(1, ("control_share", CONTROL, palette.MUTED, [2, 2], 1.4))
    named = [kind for kind in kinds if series[kind[0]].drop_nulls().len()]
    words = [word for _, word, *_ in named]
    legend = alt.Legend(orient="top", direction="vertical", title=None, labelLimit=0, symbolType="stroke")
    colours = alt.Scale(domain=words, range=[colour for _, _, colour, *_ in named])
    dashes = alt.Scale(domain=words, range=[dash for *_, dash, _ in named])
    for column, word, _, _, width in named:
        layers.append(
            base.transform_calculate(kind=f"'{word}'")
            .mark_line(strokeWidth=width, invalid=GAPS)
            .encode(
                y=alt.Y(f"{column}:Q", title=title, scale=scale, axis=axis),
                color=alt.Color("kind:N", scale=colours, legend=legend),
                strokeDash=alt.StrokeDash("kind:N", scale=dashes, legend=legend),
            )
        )
    dots = base.mark_point(color=palette.ACCENT, filled=True, size=42, opacity=1)
    layers.append(dots.encode(y=alt.Y("share:Q", title=title, scale=scale, axis=axis), tooltip=tooltip))
    if start in labels:
        mark = alt.Chart(inline(pl.DataFrame({"period": [start], "word": ["action begins"]}))).encode(x=x)
        layers.append(mark.mark_rule(color=palette.MUTED, strokeWidth=1.5))
        layers.append(
            mark.mark_text(align="left", baseline="top", dx=5, dy=2, fontSize=12, color=palette.MUTED).encode(
                y=alt.value(0), text="word:N"
            )
        )
    return styled(alt.layer(*layers), height=230)


def alert_bands(table: pl.DataFrame) -> alt.LayerChart:
    """Draw a row a theme and period: a grey band of what was to be expected, and what came as a mark.

    ``table`` holds rows of ``analysis.watching.alerts``; a column "name" says what stands on the axis (default: the
    label, with its period where there are several). An alarm is a filled diamond with its ratio, anything else a
    hollow circle.
    """
    table = table.filter(pl.col("n_feedback").is_not_null(), pl.col("expected").is_not_null())
    if "name" not in table.columns:
        one_period = table["period"].n_unique() < 2
        name = pl.col("label") if one_period else pl.format("{} ({})", "label", "period")
        table = table.with_columns(name.alias("name"))
    rows = table.with_columns(
        pl.int_range(pl.len()).cast(pl.String).alias("theme_id"),
        pl.col("name").alias("label"),
        pl.col("period").cast(pl.String),
        pl.max_horizontal("n_feedback", "expected_high").alias("end"),
        pl.when("alarm").then(pl.format("{}\u00d7", pl.col("ratio").round(1))).otherwise(pl.lit("")).alias("shown"),
    )
    greatest = rows["end"].max()
    top = float(greatest) if isinstance(greatest, float | int) and greatest else 1.0
    shared: Any = {
        "title": "Answers in the period",
        "axis": alt.Axis(tickCount=5, format="d"),
        "scale": alt.Scale(domain=[0, 1.15 * top], nice=False),
    }
    tooltip = [
        alt.Tooltip("label:N", title="Theme"),
        alt.Tooltip("n_feedback:Q", title="Answers", format=","),
        alt.Tooltip("expected:Q", title="Expected", format=".1f"),
        alt.Tooltip("expected_low:Q", title="95% of such periods from", format=".0f"),
        alt.Tooltip("expected_high:Q", title="to", format=".0f"),
        alt.Tooltip("ratio:Q", title="Times expected", format=".2f"),
        alt.Tooltip("q:Q", title="q", format=".3f"),
    ]
    y = alt.Y("theme_id:N", sort=rows["theme_id"].to_list(), title=None, axis=label_axis(rows, limit=WIDE_LABELS))
    base = alt.Chart(inline(rows)).encode(y=y, tooltip=tooltip)
    bands = base.mark_bar(height=12, color=palette.NEUTRAL, opacity=0.6, cornerRadius=2).encode(
        x=alt.X("expected_low:Q", **shared), x2="expected_high:Q"
    )
    middle = base.mark_tick(color=palette.MUTED, thickness=2, size=12).encode(x=alt.X("expected:Q", **shared))
    plain = base.transform_filter("!datum.alarm").mark_point(
        shape="circle", size=60, stroke=palette.INK, fill=palette.PAPER, opacity=1
    )
    loud = base.transform_filter("datum.alarm").mark_point(
        shape="diamond", size=120, filled=True, color=palette.NEGATIVE, opacity=1
    )
    text = base.mark_text(align="left", dx=9, fontSize=12, fontWeight=600, color=palette.INK).encode(
        x=alt.X("end:Q", **shared), text="shown:N"
    )
    marks = [layer.encode(x=alt.X("n_feedback:Q", **shared)) for layer in (plain, loud)]
    return styled(alt.layer(bands, middle, *marks, text), height=alt.Step(26))
