"""drivers, priorities: what moves a score, and what to do first."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from feedback_nlp.cli.output import analysis_frames
from feedback_nlp.cli.shared import common_options, open_store, say, say_json, view_from, view_options
from feedback_nlp.cli.weighting import say_weighting, weighting_facts
from feedback_nlp.settings import Settings

if TYPE_CHECKING:
    from feedback_nlp.analysis.drivers import Drivers
    from feedback_nlp.analysis.frames import AnalysisFrames

_OUTCOME = click.option(
    "--outcome", metavar="NAME", help="Score to weigh themes against (default: NPS, else the first)."
)
_LEVEL = click.option(
    "--level", type=click.IntRange(1, 2), default=1, show_default=True, help="1 for themes, 2 for sub-themes."
)
_PLAIN = click.option("--plain", is_flag=True, help="Hold no segments, channels, languages and months constant.")
_NOT_EFFECTS = "Associations, not effects: a theme goes with a score, which does not mean that mending it changes it."


@click.command()
@_OUTCOME
@_LEVEL
@_PLAIN
@view_options
@common_options
def drivers(outcome: str | None, level: int, plain: bool, settings: Settings, as_json: bool, **view: Any) -> None:
    """What moves the score: for each theme three views that reconcile, with 95 % intervals.

    `adds` is the adjusted contribution: with the baseline it sums to the score exactly. Its parts are the damage of
    negative mentions and the lift of positive ones. `removed` is the Shapley value of leaving out who mentions it, and
    sums to the score less that of answers without a theme. `alone` is the market's leave-one-out impact, which does
    not add up where themes overlap.
    """
    frames = _frames(settings, view)
    found = moved(frames, settings, outcome, level=level, plain=plain)
    weighting = weighting_facts(frames, found.outcome, meaningful=True)
    if as_json:
        say_json({**_facts(found), **weighting, "themes": found.table.to_dicts()})
        return
    unit = found.outcome.unit
    score = found.outcome.written(found.score)
    say(f"{found.outcome.label} {score} over {found.n:,} responses of {found.n_people:,} people; in {unit}")
    say_weighting(weighting)
    if found.outcome.orientation:
        say(found.outcome.orientation)
    say(
        f"{'adds':>7} {'95 % interval':>16} {'q':>5} {'damage':>7} {'lift':>7} {'removed':>8} "
        f"{'alone':>7} {'n':>6}  theme"
    )
    for row in found.table.iter_rows(named=True):
        if row["contribution"] is None:
            say(f"{'-':>7} {row['left_out'] or '':>45}  {row['label']}")
            continue
        interval = f"{row['contribution_low']:+.1f} to {row['contribution_high']:+.1f}"
        figures = " ".join(_cell(row[name], width) for name, width in (("damage", 7), ("lift", 7), ("shapley", 8)))
        say(
            f"{row['contribution']:+7.1f} {interval:>16} {row['contribution_q']:5.2f} {figures} "
            f"{_cell(row['impact'], 7)} {row['n_with']:6,}  {row['label']}  [{row['kind'] or 'kind not known'}]"
        )
    total = found.table["contribution"].sum()
    say(f"{found.baseline:+7.1f} baseline: nobody mentions a theme, and all else is as on average")
    say(f"{found.score:+7.1f} = {found.baseline:+.1f} {total:+.1f}: what adds is the score")
    if found.rest is not None:
        removed = found.table["shapley"].sum()
        say(
            f"{found.score:+7.1f} = {found.rest:+.1f} {removed:+.1f}: the {found.n_rest:,} responses without a theme, "
            "and removed"
        )
    say(f"The impacts alone sum to {found.impact_total:+.1f}.")
    if found.controls:
        say(f"Held constant: {', '.join(sorted({name.partition('=')[0] for name in found.controls}))}.")
    say(_NOT_EFFECTS)


@click.command()
@click.option("--sort", default="damage", show_default=True, metavar="FACTOR", help="Which factor comes first.")
@_OUTCOME
@view_options
@common_options
def priorities(sort: str, outcome: str | None, settings: Settings, as_json: bool, **view: Any) -> None:
    """What to do first: severity, reach, damage, trend, confidence and effort side by side.

    FACTOR is one of them. Effort is what a team said in an open action; see `feedback-nlp actions`.
    """
    from feedback_nlp.analysis.priorities import priorities as weighed

    with open_store(settings, must_exist=True) as store:
        frames, actions = analysis_frames(store, settings, view_from(**view)), store.actions()
    found = moved(frames, settings, outcome)
    table = weighed(frames, found, actions=actions, sort=sort)
    weighting = weighting_facts(frames, found.outcome, meaningful=True)
    if as_json:
        facts = {"outcome": asdict(found.outcome), "sort": sort, "n": found.n, **weighting}
        say_json({**facts, "themes": table.to_dicts()})
        return
    say(f"{found.outcome.label}, {found.n:,} responses; severity and damage in {found.outcome.unit}")
    say_weighting(weighting)
    if found.outcome.orientation:
        say(found.outcome.orientation)
    say(
        f"{'severity':>8} {'reach':>6} {'damage':>7} {'95 % interval':>16} {'trend':>7} {'sure':>7} "
        f"{'effort':>6}  theme"
    )
    for row in table.iter_rows(named=True):
        interval = "" if row["damage_low"] is None else f"{row['damage_low']:+.1f} to {row['damage_high']:+.1f}"
        trend = "-" if row["trend"] is None else f"{100 * row['trend']:+.1f} pp"
        owner = f"  ({row['owner']}, {row['state']})" if row["owner"] else ""
        say(
            f"{_cell(row['severity'], 8)} {row['reach']:6.1%} {_cell(row['damage'], 7)} {interval:>16} {trend:>7} "
            f"{row['confidence']:>7} {row['effort'] or '-':>6}  {row['label']}{owner}"
        )
    say(_NOT_EFFECTS)


def moved(
    frames: AnalysisFrames, settings: Settings, outcome: str | None, *, level: int = 1, plain: bool = False
) -> Drivers:
    """Return what moves the outcome called ``outcome``, or the data's default one."""
    from feedback_nlp.analysis.drivers import drivers as find
    from feedback_nlp.analysis.outcomes import choose_outcome

    measured = choose_outcome(frames, outcome)
    return find(frames, outcome=measured, level=level, controlled=not plain, seed=settings.seed)


def _frames(settings: Settings, view: dict[str, Any]) -> AnalysisFrames:
    with open_store(settings, must_exist=True) as store:
        return analysis_frames(store, settings, view_from(**view))


def _facts(found: Drivers) -> dict[str, Any]:
    names = ("score", "n", "n_people", "baseline", "baseline_low", "baseline_high", "signed_baseline", "rest", "n_rest")
    more = ("impact_total", "controls", "ridge", "order_error")
    return {"outcome": asdict(found.outcome), **{name: getattr(found, name) for name in (*names, *more)}}


def _cell(value: float | None, width: int) -> str:
    return f"{'-':>{width}}" if value is None else f"{value:+{width}.1f}"
