"""trends, emerging: what changes over time, what stands out, what no theme covers yet."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from feedback_nlp.cli.output import analysis_frames
from feedback_nlp.cli.shared import common_options, open_store, progress_bars, say, say_json, view_from, view_options
from feedback_nlp.cli.theme_names import author_of, theme_named, themes_in_force
from feedback_nlp.cli.weighting import say_weighting, weighting_facts
from feedback_nlp.errors import NothingToShow, UsageError
from feedback_nlp.settings import Settings

if TYPE_CHECKING:
    import polars as pl

_UNIT = click.option("--unit", type=click.Choice(("week", "month")), default="month", show_default=True, help="Period.")
_LEVEL = click.option(
    "--level", type=click.IntRange(1, 2), default=1, show_default=True, help="1 for themes, 2 for sub-themes."
)


@click.command()
@_UNIT
@click.option("--theme", metavar="THEME", help="One theme over time, by its id or label.")
@click.option("--changed", "changed", metavar="DATE", help="What changed the score from before this ISO date to after.")
@click.option("--outcome", metavar="NAME", help="Score (default: NPS, else the first).")
@_LEVEL
@view_options
@common_options
def trends(
    unit: str,
    theme: str | None,
    changed: str | None,
    outcome: str | None,
    level: int,
    settings: Settings,
    as_json: bool,
    **view: Any,
) -> None:
    """The score by period, one theme's share, themes that stand out, or what changed the score.

    Without --theme or --changed: the score by period, and the latest two periods of every theme against what was to
    be expected from trend, season and volume, past outbreaks set aside. With --changed DATE, the change of the score
    is shared out exactly between mix (more or fewer people mention a theme) and effect (it goes with another score).
    """
    from feedback_nlp.analysis.codebook_breaks import codebook_breaks
    from feedback_nlp.analysis.outcomes import choose_outcome
    from feedback_nlp.analysis.trends import score_by_period, theme_by_period
    from feedback_nlp.analysis.watching.alerts import alerts

    if theme is not None and changed is not None:
        raise UsageError("--theme and --changed ask for two things. Leave one of them out.")
    with open_store(settings, must_exist=True) as store:
        frames = analysis_frames(store, settings, view_from(**view))
        themes = themes_in_force(store)
    measured = choose_outcome(frames, outcome)
    weighting = weighting_facts(frames, measured)
    breaks = codebook_breaks(frames, unit)
    told = {"breaks": breaks.to_dicts()}
    if changed is not None:
        _tell_change(frames, changed, measured, level, settings, told if as_json else None)
        if not as_json:
            _say_breaks(breaks)
        return
    if theme is not None:
        table = theme_by_period(frames, theme_named(themes, theme), unit, measured)
        if as_json:
            say_json({"outcome": asdict(measured), **weighting, **told, "periods": table.to_dicts()})
            return
        say_weighting(weighting)
        for row in table.iter_rows(named=True):
            if row["share"] is None:
                say(f"{row['period']}  -  {_why(row, settings)}")
                continue
            interval = f"{row['share_low']:.1%} to {row['share_high']:.1%}"
            say(f"{row['period']}  {row['share']:6.1%} ({interval})  {row['n_feedback']:,} of {row['base']:,}")
        _say_breaks(breaks)
        return
    scores, judged = score_by_period(frames, unit, measured), alerts(frames, unit=unit, level=level)
    if as_json:
        tables = {"scores": scores.to_dicts(), "themes": judged.to_dicts()}
        say_json({"outcome": asdict(measured), **weighting, **told, **tables})
        return
    say_weighting(weighting)
    say(f"{measured.label} by {unit}")
    for row in scores.iter_rows(named=True):
        if row["value"] is None:
            say(f"  {row['period']}  -  {_why(row, settings)}")
            continue
        few = f"  low base (n < {settings.low_base})" if row["n"] < settings.low_base else ""
        value, *ends = (measured.written(row[name]) for name in ("value", "low", "high"))
        say(f"  {row['period']}  {value:>6} ({' to '.join(ends)})  n {row['n']:,}{few}")
    alarmed = judged.filter("alarm")
    n_judged = int(judged["judged"].sum())
    say(f"{alarmed.height} of {n_judged} themes and periods stand out (about 5 % of alarms may be chance)")
    for row in alarmed.iter_rows(named=True):
        say(
            f"  {row['period']}  {row['label']}: {row['n_feedback']:,} of {row['base']:,}, expected "
            f"{row['expected']:.0f} ({row['expected_low']:.0f} to {row['expected_high']:.0f}), "
            f"{row['ratio']:.1f} times, q {row['q']:.3f}"
        )
    if not n_judged:
        reasons = judged["reason"].drop_nulls()
        say("Too little past to judge by." + (f" {reasons[0]}" if len(reasons) else ""))
    _say_breaks(breaks)


@click.command()
@click.option("--accept", metavar="GROUP", help="Make this group a theme, as an edit that can be undone.")
@click.option("--label", metavar="TEXT", help="With --accept: the theme's label (default: the group's).")
@click.option("--under", metavar="THEME", help="With --accept: the theme that it becomes a sub-theme of.")
@click.option("--months", type=click.IntRange(1), default=2, show_default=True, help="Least months it was said in.")
@common_options
def emerging(
    accept: str | None, label: str | None, under: str | None, months: int, settings: Settings, as_json: bool
) -> None:
    """Groups of statements that no theme covers, from several people in several months; accept one as a theme."""
    from feedback_nlp.pipeline.emerging import accept_emerging, chosen_group, find_emerging

    if accept is None and (label or under):
        raise UsageError("--label and --under say what becomes of the group of --accept. Name that too.")
    with open_store(settings, must_exist=True) as store, progress_bars() as progress:
        if store.latest_codebook_version(ready=True) is None:
            raise NothingToShow("There are no themes yet. Start with: feedback-nlp run FILE, or discover and tag.")
        groups = find_emerging(store, settings, least_months=months, progress=progress)
        if accept is not None:
            themes = themes_in_force(store)
            parent = theme_named(themes, under) if under else None
            group = chosen_group(groups, accept)
            summary = accept_emerging(
                *(store, settings, group, author_of(settings)), label=label, parent_id=parent, progress=progress
            )
            if as_json:
                say_json(summary)
                return
            say(f"{summary.theme_id}  {label or group.label}: {summary.n_retagged:,} statements have it now")
            say(f"Take it back with: feedback-nlp themes undo {summary.edit_id}")
            return
    if as_json:
        say_json({"groups": [asdict(group) for group in groups]})
        return
    if not groups:
        say(f"No group of at least {settings.privacy_minimum} people in {months} months is without a theme.")
    for group in groups:
        feeling = "" if group.sentiment is None else f", sentiment {group.sentiment:+.2f}"
        languages = ", ".join(f"{code} {n}" for code, n in group.languages.items())
        say(f"{group.group_id}  {group.label}")
        say(f"    {group.n_people:,} people, {group.n_months} months, {languages}{feeling}")
        say(f"    statements: {', '.join(group.statement_ids[:5])}")
    if groups:
        say("Read them with `feedback-nlp sentiment explain STATEMENT`; accept one with --accept GROUP --label TEXT.")


def _say_breaks(breaks: pl.DataFrame) -> None:
    for row in breaks.iter_rows(named=True):
        say(
            f"From {row['period']} on codebook {row['codebook_version']} tells the themes ({row['reason']}), before "
            f"that {row['previous_version']} did: a step there need not be one in what customers say."
        )


def _tell_change(
    frames: Any, changed: str, measured: Any, level: int, settings: Settings, told: dict[str, Any] | None
) -> None:
    from feedback_nlp.analysis.drivers.changes import score_change_on

    weighting = weighting_facts(frames, measured, meaningful=True)
    found = score_change_on(frames, changed, outcome=measured, level=level, seed=settings.seed)
    if told is not None:
        names = ("before", "after", "n_before", "n_after", "change", "change_low", "change_high", "baseline")
        more = ("baseline_low", "baseline_high")
        facts = {name: getattr(found, name) for name in (*names, *more)}
        say_json({"outcome": asdict(measured), **weighting, **told, **facts, "themes": found.table.to_dicts()})
        return
    say_weighting(weighting)
    interval = f"{found.change_low:+.1f} to {found.change_high:+.1f}"
    say(
        f"{measured.label} {measured.written(found.before)} (n {found.n_before:,}) before, "
        f"{measured.written(found.after)} (n {found.n_after:,}) "
        f"after {changed}: {found.change:+.1f} ({interval})"
    )
    say(
        f"{'total':>7} {'95 % interval':>16} {'q':>5} {'mix':>6} {'effect':>7} {'share before':>13} {'after':>6}  theme"
    )
    for row in found.table.iter_rows(named=True):
        spread = f"{row['total_low']:+.1f} to {row['total_high']:+.1f}"
        say(
            f"{row['total']:+7.1f} {spread:>16} {row['total_q']:5.2f} {row['mix']:+6.1f} {row['effect']:+7.1f} "
            f"{row['share_before']:13.1%} {row['share_after']:6.1%}  {row['label']}"
        )
    if measured.orientation:
        say(measured.orientation)
    rest = f"{found.baseline_low:+.1f} to {found.baseline_high:+.1f}"
    say(f"{found.baseline:+7.1f} {rest:>16}  what no theme accounts for")
    say(f"{found.change:+7.1f} is the sum. Associations, not causes.")


def _why(row: dict[str, Any], settings: Settings) -> str:
    return f"fewer than {settings.privacy_minimum} people" if row["suppressed"] else "nobody wrote"
