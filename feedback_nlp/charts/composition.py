"""What something is made of: the parts of a score, the feelings of a theme."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import altair as alt
import polars as pl

from feedback_nlp.charts import palette
from feedback_nlp.charts.styling import inline, label_axis, styled

if TYPE_CHECKING:
    from feedback_nlp.analysis.scores import ScoreSummary

_PARTS = {
    "detractors": ("Detractors", palette.NEGATIVE),
    "bottom": ("Bottom", palette.NEGATIVE),
    "negative": ("Negative", palette.NEGATIVE),
    "churned": ("Left", palette.NEGATIVE),
    "needed more contacts": ("Needed more contacts", palette.NEGATIVE),
    "no": ("No", palette.NEGATIVE),
    "bad yes": ("Yes", palette.NEGATIVE),
    "passives": ("Passives", palette.NEUTRAL),
    "middle": ("Middle", palette.NEUTRAL),
    "neutral": ("Neutral", palette.NEUTRAL),
    "mixed": ("Mixed", palette.MIXED),
    "promoters": ("Promoters", palette.POSITIVE),
    "top": ("Top", palette.POSITIVE),
    "positive": ("Positive", palette.POSITIVE),
    "stayed": ("Stayed", palette.POSITIVE),
    "solved at first contact": ("Resolved at first contact", palette.POSITIVE),
    "yes": ("Yes", palette.POSITIVE),
    "good no": ("No", palette.POSITIVE),
}


def nps_bar(summary: ScoreSummary) -> alt.LayerChart:
    """Draw what a score is made of as one bar of 100 %: detractors, passives, promoters, or the like."""
    return _stacked([("", summary.parts)], height=30, axis=False, shares=[summary.part_shares])


def sentiment_bar(theme_table: pl.DataFrame) -> alt.LayerChart:
    """Draw a bar of 100 % a theme: negative, neutral and positive statements, in the order of the table."""
    shown = theme_table.filter(pl.col("n_positive").is_not_null())
    words = ("negative", "neutral", "positive")
    rows = [(row["label"], {word: row[f"n_{word}"] for word in words}) for row in shown.iter_rows(named=True)]
    return _stacked(rows, height=alt.Step(26), axis=True)


def feeling_bars(df: pl.DataFrame) -> alt.LayerChart:
    """Draw a bar an emotion or intent with its share and 95 % whisker, in the order of the table.

    ``df`` has name, word, tone (negative, neutral or positive), n, base, share, share_low and share_high (0..1). What
    is hidden (share null) is left out. The sign before a word says its tone to those who cannot tell the colours.
    """
    rows = df.filter(pl.col("share").is_not_null()).with_columns(
        (pl.col("share_high").fill_null(pl.col("share"))).alias("end"),
        pl.format("{} of {}", "n", "base").alias("counted"),
    )
    greatest = rows["end"].max()
    scale = alt.Scale(domain=[0, 1.5 * (greatest if isinstance(greatest, float) and greatest else 1.0)], nice=False)
    tooltip = [
        alt.Tooltip("word:N", title="Found"),
        alt.Tooltip("share:Q", title="Share", format=".1%"),
        alt.Tooltip("share_low:Q", title="95% interval from", format=".1%"),
        alt.Tooltip("share_high:Q", title="to", format=".1%"),
        alt.Tooltip("counted:N", title="Answers"),
    ]
    names = rows.select(pl.col("name").alias("theme_id"), pl.col("word").alias("label"))
    base = alt.Chart(inline(rows)).encode(
        y=alt.Y("name:N", sort=rows["name"].to_list(), title=None, axis=label_axis(names)), tooltip=tooltip
    )
    x: Any = {"title": None, "axis": None, "scale": scale}
    tones = list(palette.TONE)
    colour = alt.Color(
        "tone:N", legend=None, scale=alt.Scale(domain=tones, range=[palette.TONE[tone] for tone in tones])
    )
    bars = base.mark_bar(height=13, cornerRadius=2).encode(x=alt.X("share:Q", **x), color=colour)
    spread = base.encode(x=alt.X("share_low:Q", **x), x2="share_high:Q")
    halo = spread.mark_rule(color=palette.PAPER, strokeWidth=4, opacity=0.75)
    whiskers = spread.mark_rule(color=palette.INK, strokeWidth=1.4)
    figures = base.mark_text(align="left", dx=7, fontSize=12, color=palette.INK).encode(
        x=alt.X("end:Q", **x), text="shown:N"
    )
    shown = figures.transform_calculate(
        shown="format(datum.share, datum.share < 0.0095 ? '.1%' : '.0%') + '  n\u00a0=\u00a0' + format(datum.n, ',')"
    )
    return styled(alt.layer(bars, halo, whiskers, shown), height=alt.Step(24))


def _stacked(
    rows: Sequence[tuple[str, Mapping[str, int]]],
    *,
    height: Any,
    axis: bool,
    shares: Sequence[Mapping[str, float]] = (),
) -> alt.LayerChart:
    """Draw the parts of each row; ``shares`` (0..1) say how wide they are where that is not by their counts."""
    parts = [name for name in _PARTS if any(name in counts for _, counts in rows)]
    table: list[dict[str, Any]] = []
    for place, (label, counts) in enumerate(rows):
        total = sum(counts.values())
        at = 0.0
        for name in parts:
            count = counts.get(name, 0)
            width = shares[place].get(name, 0.0) if shares else count / total if total else 0.0
            part = {"row": str(place), "label": label, "part": _PARTS[name][0], "n": count, "share": width}
            table.append({**part, "start": at, "end": at + width, "middle": at + width / 2, "name": name})
            at += width
    schema = dict.fromkeys(("row", "label", "part", "name"), pl.String) | {"n": pl.Int64}
    figures = dict.fromkeys(("share", "start", "end", "middle"), pl.Float64)
    shown = inline(pl.DataFrame(table, schema={**schema, **figures}))
    names = pl.DataFrame({"theme_id": [str(i) for i in range(len(rows))], "label": [label for label, _ in rows]})
    y = alt.Y("row:N", sort=names["theme_id"].to_list(), title=None, axis=label_axis(names) if axis else None)
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
    base = alt.Chart(shown).encode(y=y)
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
    return styled(alt.layer(bars, text).resolve_scale(color="independent"), height=height)
