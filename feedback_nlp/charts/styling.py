"""What all figures share: how rows get in, how names stand on an axis, fonts and colours."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import altair as alt
import polars as pl

from feedback_nlp.charts import palette

GAPS: Final = "break-paths-show-domains"  # a hidden period breaks the line; it is not bridged

# Pixels before a label ends in an ellipsis (its tooltip has it whole). There is no window on paper.
WIDE_LABELS = 340
_LABEL_LIMIT = "windowSize()[0] < 640 ? 120 : {}"


def inline(frame: pl.DataFrame) -> alt.Data:
    """Return rows as inline data: altair's own conversion would ask for more than polars."""
    return alt.Data(values=frame.to_dicts())


def label_axis(rows: pl.DataFrame, *, limit: int = 240) -> alt.Axis:
    """Return the axis of themes, told apart by id and shown by label, so that two themes of one name stay two."""
    labels = json.dumps(dict(rows.select("theme_id", "label").iter_rows()), ensure_ascii=False)
    return plain_axis(limit=limit, labelExpr=f"({labels})[datum.value]")


def plain_axis(*, limit: int = 240, **more: Any) -> alt.Axis:
    """Return the axis of named rows: names only, cut at ``limit`` pixels, sooner where the window is narrow."""
    longest: Any = alt.ExprRef(_LABEL_LIMIT.format(limit))
    return alt.Axis(
        ticks=False, domain=False, grid=False, labelLimit=longest, labelPadding=10, labelColor=palette.INK, **more
    )


def period_axis(labels: Sequence[str]) -> alt.Axis:
    """Return the axis of months ("2025-03") or weeks ("2025-W12"), at most a dozen of them named."""
    every = max(1, -(-len(labels) // 12))
    first = json.dumps(labels[0] if labels else "")
    if any("W" in label for label in labels):
        words = f"datum.value == {first} || slice(datum.value, 6) == '01' ? datum.value : slice(datum.value, 5)"
    else:
        parsed = "utcParse(datum.value, '%Y-%m')"
        words = f"timeFormat({parsed}, month({parsed}) == 0 || datum.value == {first} ? '%b %Y' : '%b')"
    return alt.Axis(
        title=None, labelAngle=0, grid=False, labelOverlap="greedy", values=list(labels[::every]), labelExpr=words
    )


def styled(chart: Any, *, height: Any, padding: float = 5) -> alt.LayerChart:
    """Return the chart in the fonts and colours of all figures."""
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
