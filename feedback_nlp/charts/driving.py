"""What moves a score: bars of damage and lift with the contribution between them, and sums drawn step by step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import altair as alt
import polars as pl

from feedback_nlp.charts import palette
from feedback_nlp.charts.styling import WIDE_LABELS, inline, label_axis, styled

if TYPE_CHECKING:
    from feedback_nlp.analysis.drivers import Drivers
    from feedback_nlp.analysis.drivers.changes import ScoreChange

SIDES = {"damage": "Damage: negative mentions", "lift": "Lift: positive mentions"}
NET = "Adds, with its 95% interval"
UNSURE = "Adds, but could be chance"
_ZERO = "datum.value === 0 ? '0' : datum.label"


def contribution_bars(table: pl.DataFrame, *, unit: str, clear: float = 0.1, digits: int = 1) -> alt.LayerChart:
    """Draw a row a theme in the order of the table: damage and lift as bars, the contribution as a mark on a whisker.

    ``table`` is that of ``analysis.drivers``; themes without a contribution are left out. The mark of one whose q is
    above ``clear`` is hollow.
    """
    rows = table.filter(pl.col("contribution").is_not_null()).select(
        *("theme_id", "label", "contribution", "contribution_low", "contribution_high", "contribution_q"),
        *("damage", "lift", "n_with"),
        pl.when(pl.col("contribution_q") <= clear).then(pl.lit(NET)).otherwise(pl.lit(UNSURE)).alias("reading"),
        pl.max_horizontal(pl.lit(0.0), "damage", "lift", "contribution", "contribution_high").alias("end"),
    )
    style = f"+.{digits}f"
    tooltip = [
        alt.Tooltip("label:N", title="Theme"),
        alt.Tooltip("contribution:Q", title=f"Adds ({unit})", format=style),
        alt.Tooltip("contribution_low:Q", title="95% interval from", format=style),
        alt.Tooltip("contribution_high:Q", title="to", format=style),
        alt.Tooltip("contribution_q:Q", title="q", format=".3f"),
        alt.Tooltip("damage:Q", title="Damage of negative mentions", format=style),
        alt.Tooltip("lift:Q", title="Lift of positive mentions", format=style),
        alt.Tooltip("n_with:Q", title="Responses that mention it (n)", format=","),
    ]
    reach = rows.select(
        pl.min_horizontal(pl.lit(0.0), "damage", "lift", "contribution_low", "contribution").alias("low"), "end"
    )
    low, high = (_extreme(reach["low"], lowest=True), _extreme(reach["end"], lowest=False))
    span = (high - low) or 1.0
    shared: Any = {
        "title": f"Associated with, {unit}",
        "axis": alt.Axis(format="+~f", tickCount=6, labelExpr=_ZERO),
        "scale": alt.Scale(domain=[low - 0.04 * span, high + 0.24 * span], nice=False),
    }
    y = alt.Y("theme_id:N", sort=rows["theme_id"].to_list(), title=None, axis=label_axis(rows, limit=WIDE_LABELS))
    sides = pl.concat(
        [
            rows.filter(pl.col(name).is_not_null()).with_columns(
                pl.col(name).alias("part"), pl.lit(SIDES[name]).alias("side")
            )
            for name in SIDES
        ]
    )
    legend = alt.Legend(orient="top", direction="vertical", title=None, labelLimit=0, symbolType="square")
    colours = alt.Scale(domain=list(SIDES.values()), range=[palette.NEGATIVE, palette.POSITIVE])
    bars = (
        alt.Chart(inline(sides))
        .mark_bar(height=14, cornerRadius=2, opacity=0.5)
        .encode(
            y=y, x=alt.X("part:Q", **shared), color=alt.Color("side:N", scale=colours, legend=legend), tooltip=tooltip
        )
    )
    base = alt.Chart(inline(rows)).encode(y=y, tooltip=tooltip)
    spread = base.encode(x=alt.X("contribution_low:Q", **shared), x2="contribution_high:Q")
    halo = spread.mark_rule(color=palette.PAPER, strokeWidth=4, opacity=0.8)
    whiskers = spread.mark_rule(color=palette.INK, strokeWidth=1.5)
    words = [NET, UNSURE]
    fills = alt.Scale(domain=words, range=[palette.INK, palette.PAPER])
    marks = base.mark_point(shape="diamond", size=95, stroke=palette.INK, strokeWidth=1.5, opacity=1).encode(
        x=alt.X("contribution:Q", **shared),
        fill=alt.Fill(
            "reading:N",
            scale=fills,
            legend=alt.Legend(
                orient="bottom",
                direction="vertical",
                title=None,
                labelLimit=0,
                symbolType="diamond",
                symbolStrokeColor=palette.INK,
            ),
        ),
    )
    figures = (
        base.transform_calculate(shown=f"replace(format(datum.contribution, '{style}'), '-', '\u2212')")
        .mark_text(align="left", dx=8, fontSize=12, fontWeight=600, color=palette.INK)
        .encode(x=alt.X("end:Q", **shared), text="shown:N")
    )
    zero = alt.Chart(inline(pl.DataFrame({"zero": [0.0]}))).mark_rule(color=palette.MUTED).encode(x="zero:Q")
    layers = alt.layer(bars, zero, halo, whiskers, marks, figures).resolve_scale(
        color="independent", fill="independent"
    )
    return styled(layers, height=alt.Step(30))


def contribution_steps(found: Drivers, *, score: str | None = None) -> alt.LayerChart:
    """Draw how the contributions lead from the baseline to the score, called ``score`` (default: the outcome)."""
    known = found.table.filter(pl.col("contribution").is_not_null())
    return steps_chart(
        ("Nobody mentions a theme", found.baseline),
        list(known.select("label", "contribution").iter_rows()),
        (score or found.outcome.label, found.score),
        unit=found.outcome.unit,
        digits=found.outcome.digits,
        higher_is_better=found.outcome.higher_is_better,
    )


def change_steps(found: ScoreChange, *, before: str = "Before", after: str = "After") -> alt.LayerChart:
    """Draw how the themes, and what none of them accounts for, lead from one period's score to the next one's."""
    return steps_chart(
        (before, found.before),
        [*found.table.select("label", "total").iter_rows(), ("No theme accounts for", found.baseline)],
        (after, found.after),
        unit=found.outcome.unit,
        digits=found.outcome.digits,
        higher_is_better=found.outcome.higher_is_better,
    )


def steps_chart(
    first: tuple[str, float],
    steps: Sequence[tuple[str, float]],
    last: tuple[str, float],
    *,
    unit: str,
    digits: int = 1,
    most: int = 14,
    higher_is_better: bool = True,
) -> alt.LayerChart:
    """Draw a sum step by step: from ``first`` (a label and a value) over the steps' sizes to ``last``.

    Of more than ``most`` steps, the smallest are taken together. First and last are ticks, since no bar need start
    at 0; a step says its size with its sign, and is red where it is for the worse.
    """
    shown = list(steps)
    if len(shown) > most:
        large = sorted(range(len(shown)), key=lambda i: (-abs(shown[i][1]), i))[: most - 1]
        rest = [size for i, (_, size) in enumerate(shown) if i not in large]
        shown = [shown[i] for i in sorted(large)] + [(f"{len(rest)} further themes", sum(rest))]
    table, at = [_level("0", first, digits)], first[1]
    for place, (label, size) in enumerate(shown, start=1):
        ends = {
            "start": at,
            "end": at + size,
            "right": max(at, at + size),
            "below": (size < 0) == higher_is_better and size != 0,
        }
        table.append(
            {"theme_id": str(place), "label": label, "shown": _figure(size, digits, "+"), **ends, "step": True}
        )
        at += size
    table.append(_level(str(len(table)), last, digits))
    rows = pl.DataFrame(table)
    lowest = _extreme(rows.select(pl.min_horizontal("start", "end"))["start"], lowest=True)
    highest = _extreme(rows["right"], lowest=False)
    span = (highest - lowest) or 1.0
    shared: Any = {
        "title": unit[:1].upper() + unit[1:],
        "axis": alt.Axis(tickCount=6),
        "scale": alt.Scale(domain=[lowest - 0.06 * span, highest + 0.2 * span], nice=False, zero=False),
    }
    tooltip = [alt.Tooltip("label:N", title=" "), alt.Tooltip("shown:N", title=unit)]
    y = alt.Y("theme_id:N", sort=rows["theme_id"].to_list(), title=None, axis=label_axis(rows, limit=WIDE_LABELS))
    base = alt.Chart(inline(rows)).encode(y=y, tooltip=tooltip)
    sign = alt.condition("datum.below", alt.value(palette.NEGATIVE), alt.value(palette.POSITIVE))
    bars = (
        base.transform_filter("datum.step")
        .mark_bar(height=14, cornerRadius=1)
        .encode(x=alt.X("start:Q", **shared), x2="end:Q", color=sign)
    )
    ticks = (
        base.transform_filter("!datum.step")
        .mark_tick(thickness=4, size=22, color=palette.ACCENT)
        .encode(x=alt.X("start:Q", **shared))
    )
    text = base.mark_text(align="left", dx=8, fontSize=12, fontWeight=600, color=palette.INK).encode(
        x=alt.X("right:Q", **shared), text="shown:N"
    )
    return styled(alt.layer(bars, ticks, text), height=alt.Step(26))


def _level(place: str, named: tuple[str, float], digits: int) -> dict[str, Any]:
    label, value = named
    ends = {"start": value, "end": value, "right": value, "below": False, "step": False}
    return {"theme_id": place, "label": label, "shown": _figure(value, digits, ""), **ends}


def _figure(value: float, digits: int, sign: str) -> str:
    return f"{round(value, digits) + 0.0:{sign}.{digits}f}".replace("-", "\u2212")


def _extreme(values: pl.Series, *, lowest: bool) -> float:
    found = values.min() if lowest else values.max()
    return float(found) if isinstance(found, float) else 0.0
