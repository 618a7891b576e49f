"""What all figures share: how rows get in, how names stand on an axis, fonts and colours."""

from __future__ import annotations

import json
from typing import Any

import altair as alt
import polars as pl

from feedback_nlp.charts import palette

# Pixels before a label ends in an ellipsis (its tooltip has it whole). There is no window on paper.
_LABEL_LIMIT: Any = alt.ExprRef("windowSize()[0] < 640 ? 120 : 240")


def inline(frame: pl.DataFrame) -> alt.Data:
    """Return rows as inline data: altair's own conversion would ask for more than polars."""
    return alt.Data(values=frame.to_dicts())


def label_axis(rows: pl.DataFrame) -> alt.Axis:
    """Return the axis of themes, told apart by id and shown by label, so that two themes of one name stay two."""
    labels = json.dumps(dict(rows.select("theme_id", "label").iter_rows()), ensure_ascii=False)
    return plain_axis(labelExpr=f"({labels})[datum.value]")


def plain_axis(**more: Any) -> alt.Axis:
    """Return the axis of named rows: names only, cut where the window is narrow."""
    return alt.Axis(
        ticks=False, domain=False, grid=False, labelLimit=_LABEL_LIMIT, labelPadding=10, labelColor=palette.INK, **more
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
