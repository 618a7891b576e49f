"""Puts the report together: figures from analysis, drawings from charts, words from here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import jinja2
import polars as pl
from markupsafe import Markup

from feedback_nlp import charts
from feedback_nlp.analysis import privacy
from feedback_nlp.analysis.codebook_breaks import codebook_breaks
from feedback_nlp.analysis.frames import AnalysisFrames
from feedback_nlp.analysis.marks import (
    DOUBTFUL,
    MARKS,
    STABILITY_HELP,
    Mark,
    marked_labels,
    stability_words,
    theme_marks,
)
from feedback_nlp.analysis.outcomes import Outcome, choose_outcome
from feedback_nlp.analysis.overview import overview
from feedback_nlp.analysis.replaced import replaced
from feedback_nlp.analysis.scores import ScoreSummary, summarise_scores
from feedback_nlp.analysis.segments import over_represented
from feedback_nlp.analysis.themes import theme_table, unthemed_row
from feedback_nlp.analysis.trends import changing_themes, score_by_month, theme_by_month
from feedback_nlp.analysis.weighting import view_weighting
from feedback_nlp.charts import palette
from feedback_nlp.language_names import language_name
from feedback_nlp.records import FACT_KINDS, FLAG_KINDS, View
from feedback_nlp.report import wording
from feedback_nlp.report.driving import alarms, change_section, moves_section
from feedback_nlp.report.feelings import feelings_section
from feedback_nlp.report.quotes import Quote, choose_quotes

PAIN_POINTS = 7
STRENGTHS = 5
CHARTED = 15
LEAST_DIFFERENCE = 0.02  # a large survey makes a point of difference sure, but not worth a line
FALSE_ALARMS = 0.1  # least q for a theme's change to be told
_PARTS = {
    "nps": (("detractors", "bad"), ("passives", "plain"), ("promoters", "good")),
    "share": (("bottom", "bad"), ("middle", "plain"), ("top", "good")),
    "sentiment": (("negative", "bad"), ("neutral", "plain"), ("mixed", "torn"), ("positive", "good")),
}


@dataclass(frozen=True, slots=True)
class _Card:
    """One theme as the template shows it."""

    rank: int
    row: dict[str, Any]
    chance: bool
    split: tuple[tuple[str, str, int, float], ...]  # word, class, statements, share
    spark: Markup
    spark_says: str
    open_months: int  # hidden for privacy
    segments: tuple[str, ...]
    children: tuple[dict[str, Any], ...]
    quotes: tuple[Quote, ...]
    marks: tuple[Mark, ...]
    stability: str  # in words; empty where it was not measured


def render_report(
    frames: AnalysisFrames,
    *,
    view: View,
    title: str,
    codebook_version: int,
    created: datetime,
    notes: Sequence[str] = (),
    outcome: Outcome | None = None,
    level: int = 1,
) -> str:
    """Return the report as one HTML document that needs no network and no script.

    ``frames`` are those of the ``view``, which the subtitle spells out. ``notes`` are further lines of method.
    ``outcome`` is what damage is measured on (the data's default otherwise), ``level`` the level of themes.
    Raises :class:`~feedback_nlp.errors.NothingToShow` for a view of too few people.
    """
    privacy.require_enough(frames)
    outcome = outcome or choose_outcome(frames)
    table = theme_table(frames, level=level, outcome=outcome)
    known = _against_their_theme(frames, table, level, outcome)
    oriented = outcome.sign * pl.col("impact")  # below 0 is damage
    pains = known.filter(oriented < 0).head(PAIN_POINTS)
    strengths = known.filter(oriented > 0).sort(oriented, "theme_id", descending=[True, False]).head(STRENGTHS)
    where = pl.concat([over_represented(frames, level=lvl) for lvl in (level, level + 1)])
    where = where.filter(pl.col("difference") >= LEAST_DIFFERENCE)
    summaries = sorted(summarise_scores(frames), key=lambda summary: summary.name != outcome.name)
    pain, strength = _surely(outcome)
    sure_pains, sure_strengths = pains.filter(pain), strengths.filter(strength)
    noun = wording.outcome_noun(outcome)
    labels = dict(frames.themes.select("theme_id", "label").iter_rows())
    used: set[str] = set()
    context = {
        "title": title,
        "view": wording.in_words(view),
        "created": wording.day(created),
        "codebook_version": codebook_version,
        "notes": list(notes),
        "outcome": outcome,
        "noun": noun,
        "bare": noun.removeprefix("the ") if not outcome.higher_is_better else noun,
        "worse": f"a {outcome.worse}" if noun.startswith("the churn") else outcome.worse,
        "better": f"a {outcome.better}" if noun.startswith("the churn") else outcome.better,
        "facts": overview(frames),
        "weighting": view_weighting(frames),
        "replaced": replaced(frames),
        "scores": [_score(summary) for summary in summaries],
        "pains": [_card(frames, i, row, outcome, "negative", where, used) for i, row in _ranked(pains)],
        "strengths": [_card(frames, i, row, outcome, "positive", where, used) for i, row in _ranked(strengths)],
        "moves": moves_section(frames, outcome, level),
        "alarms": alarms(frames, level),
        "score_change": change_section(frames, outcome, level),
        "feelings": feelings_section(frames),
        "labels": labels,
        "known_pain": sure_pains.row(0, named=True) if len(sure_pains) else None,
        "known_strength": sure_strengths.row(0, named=True) if len(sure_strengths) else None,
        "total": known["value_without"][0] + known["impact"][0] if len(known) else 0.0,
        "signs": [mark for mark, _ in _marks(frames.themes) if mark in DOUBTFUL],
        "n_all_themes": frames.themes.height,
        "marks": _marks(frames.themes),
        "stability_help": STABILITY_HELP if frames.themes["stability"].drop_nulls().len() else "",
        "n_hidden": int(table["suppressed"].sum()),
        "n_themes": table.height,
        "impact_chart": _impact_chart(known, noun, outcome),
        "n_charted": min(len(known), CHARTED),
        "trend_chart": _trend_chart(frames, outcome),
        "unthemed": unthemed_row(frames, outcome).row(0, named=True),
        "unthemed_quotes": choose_quotes(frames, limit=3),
        "changes": changing_themes(frames, level).filter(pl.col("q") <= FALSE_ALARMS).to_dicts(),
        "how_to_read": [(summary.label, summary.how_to_read) for summary in summaries],
        "minimum": frames.privacy_minimum,
        "low_base": frames.low_base,
        "value_digits": wording.value_digits(outcome),
        "suffix": outcome.suffix,
        "change_digits": outcome.digits,
        "palette": palette,
    }
    return _template().render(context)


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("feedback_nlp.report", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        number=wording.number,
        percent=wording.percent,
        day=wording.day,
        language=language_name,
        script_language=wording.script_language,
    )
    environment.globals.update(
        share_range=wording.share_range,
        theme_marks=theme_marks,
        period=wording.period,
        non_answers=wording.non_answers,
        replaced_line=wording.replaced_line,
    )
    return environment.get_template("report.html.j2")


def _against_their_theme(frames: AnalysisFrames, table: pl.DataFrame, level: int, outcome: Outcome) -> pl.DataFrame:
    """The themes with an impact, and the sub-themes that go the other way than their theme, beyond chance.

    A theme such as service holds both waiting and kindness: its own impact would hide the one behind the other.
    """
    known = table.filter(pl.col("impact").is_not_null())
    themes = known.select(pl.col("theme_id").alias("parent_id"), pl.col("impact").alias("of_theme"))
    children = theme_table(frames, level=level + 1, outcome=outcome).join(themes, on="parent_id", how="inner")
    pain, strength = _surely(outcome)
    of_theme = outcome.sign * pl.col("of_theme")
    contrary = children.filter((pain & (of_theme > 0)) | (strength & (of_theme < 0)))
    return pl.concat([known, contrary.select(known.columns)]).sort(outcome.sign * pl.col("impact"), "theme_id")


def _surely(outcome: Outcome) -> tuple[pl.Expr, pl.Expr]:
    """Whether an impact is surely damage, and whether it is surely for the good."""
    below, above = pl.col("impact_high") < 0, pl.col("impact_low") > 0
    return (below, above) if outcome.higher_is_better else (above, below)


def _marks(themes: pl.DataFrame) -> list[tuple[Mark, int]]:
    """The marks that themes and sub-themes have, and how many have each."""
    found = [mark for row in themes.iter_rows(named=True) for mark in theme_marks(row)]
    return [(mark, found.count(mark)) for mark in MARKS if mark in found]


def _ranked(table: pl.DataFrame) -> enumerate[dict[str, Any]]:
    return enumerate(table.iter_rows(named=True), start=1)


def _score(summary: ScoreSummary) -> dict[str, Any]:
    key = summary.kind if summary.kind in _PARTS else "flag" if summary.kind in FLAG_KINDS else ""
    key = key or ("share" if summary.unit == "%" else "")
    styles = zip(summary.parts, ("good", "bad"), strict=True) if key == "flag" else _PARTS.get(key, ())
    named = [(name, style, summary.parts[name], summary.part_shares[name]) for name, style in styles]
    parts = [(name.removeprefix("good ").removeprefix("bad "), *rest) for name, *rest in named]
    mean = summary.unit == "points" and summary.kind != "sentiment"
    digits = 2 if mean else 1 if summary.kind in FACT_KINDS else 0
    return {
        "summary": summary,
        "parts": parts,
        "digits": digits,
        "suffix": summary.suffix,
    }


def _card(
    frames: AnalysisFrames,
    rank: int,
    row: dict[str, Any],
    outcome: Outcome,
    feeling: str,
    where: pl.DataFrame,
    used: set[str],
) -> _Card:
    """One theme's card; the feedback that it quotes is added to ``used``."""
    theme_id = row["theme_id"]
    counts = [(word, style, row[f"n_{word}"]) for word, style in _FEELINGS]
    total = sum(count for _, _, count in counts) or 1
    spark, says, open_months = _spark(frames, row, outcome)
    children = theme_table(frames, level=row["level"] + 1, parent_id=theme_id, outcome=outcome)
    children = children.filter(pl.col("n_feedback") > 0).sort(["n_feedback", "theme_id"], descending=[True, False])
    found = where.filter(pl.col("theme_id") == theme_id).head(3)
    quotes = choose_quotes(frames, theme_id=theme_id, sentiment=feeling, used=used)
    used.update(quote.feedback_id for quote in quotes)
    return _Card(
        rank=rank,
        row=row,
        chance=row["impact_low"] is None or row["impact_low"] <= 0 <= row["impact_high"],
        split=tuple((word, style, count, count / total) for word, style, count in counts),
        spark=spark,
        spark_says=says,
        open_months=open_months,
        segments=tuple(_segment(pair) for pair in found.iter_rows(named=True)),
        children=tuple(children.head(4).to_dicts()),
        quotes=quotes,
        marks=theme_marks(row),
        stability="" if row["stability"] is None else stability_words(row["stability"]),
    )


_FEELINGS = (("negative", "bad"), ("neutral", "plain"), ("positive", "good"))


def _segment(pair: dict[str, Any]) -> str:
    by, value = pair["by"], pair["segment_value"]
    column = f"{by[:1].upper()}{by[1:]}".replace("_", " ")
    name = language_name(value) if by == "language" else f"{column} {value}"
    return (
        f"{name}: {wording.percent(pair['share'])} mention it, against {wording.percent(pair['overall_share'])} "
        f"overall ({pair['n_feedback']:,} of {pair['base']:,})"
    )


def _spark(frames: AnalysisFrames, row: dict[str, Any], outcome: Outcome) -> tuple[Markup, str, int]:
    """The share by month, the same in words, and how many months are hidden; nothing with fewer than three to show."""
    months = theme_by_month(frames, row["theme_id"], outcome)
    shown = months.filter(pl.col("share").is_not_null())
    if len(shown) < 3:
        return Markup(""), "", 0
    first, last = shown.row(0, named=True), shown.row(-1, named=True)
    says = (
        f"{wording.percent(first['share'])} in {wording.month(first['month'])}, "
        f"{wording.percent(last['share'])} in {wording.month(last['month'])}"
    )
    breaks = codebook_breaks(frames)
    says += "".join(f"; from {wording.month(at)} on told by codebook {v}" for at, v, *_ in breaks.iter_rows())
    svg = charts.to_svg(charts.sparkline(months, breaks=breaks), width=150, label=f"Share by month: {says}")
    return Markup(svg), says, int(months["suppressed"].sum())


def _impact_chart(known: pl.DataFrame, noun: str, outcome: Outcome) -> Markup:
    """All themes at one look; when there are many, those furthest from 0."""
    if known.is_empty():
        return Markup("")
    furthest = known.sort([pl.col("impact").abs(), "theme_id"], descending=[True, False]).head(CHARTED)
    shown = marked_labels(furthest.sort(outcome.sign * pl.col("impact"), "theme_id"))
    chart = charts.impact_bars(shown, higher_is_better=outcome.higher_is_better)
    return Markup(charts.to_svg(chart, width=610, label=f"Impact of themes on {noun}"))


def _trend_chart(frames: AnalysisFrames, outcome: Outcome) -> Markup:
    months = score_by_month(frames, outcome)
    if len(months.filter(pl.col("value").is_not_null())) < 3:
        return Markup("")
    svg = charts.to_svg(charts.score_trend(months, label=outcome.axis), width=745, label=f"{outcome.label} by month")
    return Markup(svg)
