"""Where a trend changes hands: from one period on, another codebook tells the themes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import polars as pl

from feedback_nlp.charts import palette
from feedback_nlp.charts.styling import inline

_ROOM = 0.6  # of the axis; from there on the words stand left of the line, which would else leave the figure


def break_marks(breaks: pl.DataFrame | None, labels: Sequence[str], x: alt.X, *, named: bool = True) -> list[Any]:
    """Return the layers that mark ``breaks``: a dashed line, and what it stands for unless not ``named``.

    ``breaks`` is that of :func:`~feedback_nlp.analysis.codebook_breaks.codebook_breaks`, ``labels`` are the periods on
    the axis ``x``; its field is filled with the period. No layer where no break falls into the figure.
    """
    if breaks is None:
        return []
    field = str(x.shorthand).partition(":")[0]
    places = {label: place for place, label in enumerate(labels)}
    rows = breaks.filter(pl.col("period").is_in(list(places))).select(
        pl.col("period").alias(field),
        pl.format("codebook v{} from here", "codebook_version").alias("word"),
        pl.format("v{}", "previous_version").alias("before"),
        pl.col("reason"),
        pl.col("period").replace_strict(places, return_dtype=pl.Int64).gt(_ROOM * len(labels)).alias("late"),
    )
    if rows.is_empty():
        return []
    tooltip = [
        alt.Tooltip(f"{field}:O", title="Period"),
        alt.Tooltip("word:N", title="Themes are told by"),
        alt.Tooltip("before:N", title="Before that by"),
        alt.Tooltip("reason:N", title="Published for"),
    ]
    mark = alt.Chart(inline(rows)).encode(x=x, tooltip=tooltip)
    line = mark.mark_rule(color=palette.INK, strokeDash=[3, 3], strokeWidth=1.3)
    if not named:
        return [line]
    sides: tuple[tuple[str, Any, int], ...] = (("false", "left", 5), ("true", "right", -5))
    words = [
        mark.transform_filter(f"datum.late == {late}")
        .mark_text(align=side, baseline="top", dx=dx, dy=2, fontSize=12, color=palette.INK)
        .encode(y=alt.value(0), text="word:N")
        for late, side, dx in sides
    ]
    return [line, *words]
