"""segments: who differs from everybody else, by one segment or by two crossed."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from feedback_nlp.cli.output import analysis_frames
from feedback_nlp.cli.shared import common_options, open_store, say, say_json, view_from, view_options
from feedback_nlp.cli.theme_names import theme_named, themes_in_force
from feedback_nlp.cli.weighting import say_weighting, weighting_facts
from feedback_nlp.errors import UsageError
from feedback_nlp.settings import Settings

if TYPE_CHECKING:
    import polars as pl

    from feedback_nlp.analysis.outcomes import Outcome


@click.command()
@click.option(
    "--by", required=True, metavar="SEGMENT", help="Segment, or language, question, source, channel, nps_segment."
)
@click.option("--across", metavar="SEGMENT", help="A second one to cross it with: every combination of their values.")
@click.option("--theme", metavar="THEME", help="One theme, by its id or label (default: all of the level).")
@click.option("--words", is_flag=True, help="Words that set each value apart, by language.")
@click.option("--outcome", metavar="NAME", help="Score to compare (default: NPS, else the first).")
@click.option(
    "--level", type=click.IntRange(1, 2), default=1, show_default=True, help="1 for themes, 2 for sub-themes."
)
@view_options
@common_options
def segments(
    by: str,
    across: str | None,
    theme: str | None,
    words: bool,
    outcome: str | None,
    level: int,
    settings: Settings,
    as_json: bool,
    **view: Any,
) -> None:
    """Compare segments: the score and net sentiment of each value against everybody else, themes and words.

    With --across every combination of two segments' values is a group of its own, such as plan Basic in country RO.
    Differences have 95 % intervals, and q values over all that are shown. A group of too few people stays hidden, and
    so do others from which it could be worked out.
    """
    from feedback_nlp.analysis.distinctive import distinctive_words
    from feedback_nlp.analysis.outcomes import SENTIMENT, choose_outcome
    from feedback_nlp.analysis.scores_compared import scores_compared
    from feedback_nlp.analysis.segments import compare_segments, theme_by_segment

    if words and across is not None:
        raise UsageError("--words tells words by the values of one segment. Leave --across out, or --words.")
    with open_store(settings, must_exist=True) as store:
        frames = analysis_frames(store, settings, view_from(**view))
        themes = themes_in_force(store)
    measured = choose_outcome(frames, outcome)
    feeling = choose_outcome(frames, SENTIMENT)
    scores = scores_compared(frames, by, measured, across=across)
    sentiment = scores_compared(frames, by, feeling, across=across)
    if theme is None:
        table = compare_segments(frames, by, across=across, level=level)
    elif across is None:
        table = theme_by_segment(frames, theme_named(themes, theme), by, measured)
    else:
        theme_id = theme_named(themes, theme)
        level = next(found.level for found in themes if found.theme_id == theme_id)
        table = compare_segments(frames, by, across=across, level=level)
        table = table.filter(table["theme_id"] == theme_id)
    said = distinctive_words(frames, by) if words else None
    weighting = weighting_facts(frames, measured)
    if as_json:
        tables = {"scores": scores, "sentiment": sentiment, "themes": table}
        tables |= {} if said is None else {"words": said}
        say_json({"outcome": asdict(measured)} | weighting | {name: rows.to_dicts() for name, rows in tables.items()})
        return
    say_weighting(weighting)
    groups = by if across is None else f"{by} and {across}"
    _say_scores(scores, measured, groups, settings)
    if measured.name != SENTIMENT and not sentiment.is_empty():
        _say_scores(sentiment, feeling, groups, settings)
    _say_themes(table)
    if said is not None:
        say("Words said more often there than elsewhere: people there, people elsewhere")
        for row in said.iter_rows(named=True):
            others = f"fewer than {settings.privacy_minimum}" if row["n_others"] is None else row["n_others"]
            say(f"  {row['segment_value']} [{row['language']}] {row['word']}: {row['n_people']}, {others}")


def _group(row: dict[str, Any]) -> str:
    return row["segment_value"] if "across_value" not in row else f"{row['segment_value']}, {row['across_value']}"


def _say_scores(table: pl.DataFrame, outcome: Outcome, groups: str, settings: Settings) -> None:
    say(f"{outcome.label} by {groups}, against everybody else" + f" ({outcome.better} is better)" * (outcome.sign < 0))
    for row in table.iter_rows(named=True):
        if row["suppressed"]:
            say(f"  {_group(row)}: fewer than {settings.privacy_minimum} people, or to be found by subtraction")
            continue
        if not row["n"]:
            continue
        low_base = f"  low base (n < {settings.low_base})" if row["low_base"] else ""
        compared = ""
        if row["difference"] is not None:
            interval = f"{row['difference_low']:+.1f} to {row['difference_high']:+.1f}"
            compared = f"  difference {row['difference']:+.1f} ({interval}), q {row['q']:.2f}"
        value, *ends = (outcome.written(row[name]) for name in ("value", "low", "high"))
        say(f"  {_group(row)}: {value} ({' to '.join(ends)}), n {row['n']:,}{compared}{low_base}")


def _say_themes(table: pl.DataFrame) -> None:
    say("Themes: share there, with its interval; n of base")
    for row in table.iter_rows(named=True):
        if row["share"] is None:
            continue
        apart = ""
        if row.get("difference_low") is not None and (row["difference_low"] > 0 or row["difference_high"] < 0):
            apart = f"  {100 * row['difference']:+.1f} pp against all, q {row['q']:.2f}"
        say(
            f"  {_group(row)}: {row['share']:.1%} ({row['share_low']:.1%} to {row['share_high']:.1%}), "
            f"{row['n_feedback']:,} of {row['base']:,}  {row.get('label', '')}{apart}"
        )
    hidden = int(table["suppressed"].sum())
    if hidden:
        say(f"{hidden} of {table.height} are hidden: too few people, or to be found by subtraction")
