"""drivers, priorities, segments: what moves a score, what to do first, and who differs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from feedback_nlp.cli.output import analysis_frames
from feedback_nlp.cli.shared import common_options, open_store, say, say_json, view_from, view_options
from feedback_nlp.cli.theme_names import theme_named
from feedback_nlp.errors import NothingToShow
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
    if as_json:
        say_json({**_facts(found), "themes": found.table.to_dicts()})
        return
    unit = found.outcome.unit
    say(f"{found.outcome.label} {found.score:+.1f} over {found.n:,} responses of {found.n_people:,} people; in {unit}")
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
    if as_json:
        say_json({"outcome": asdict(found.outcome), "sort": sort, "n": found.n, "themes": table.to_dicts()})
        return
    say(f"{found.outcome.label}, {found.n:,} responses; severity and damage in {found.outcome.unit}")
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


@click.command()
@click.option(
    "--by", required=True, metavar="SEGMENT", help="Segment, or language, question, source, channel, nps_segment."
)
@click.option("--theme", metavar="THEME", help="One theme, by its id or label (default: all of the level).")
@click.option("--words", is_flag=True, help="Words that set each value apart, by language.")
@_OUTCOME
@_LEVEL
@view_options
@common_options
def segments(
    by: str,
    theme: str | None,
    words: bool,
    outcome: str | None,
    level: int,
    settings: Settings,
    as_json: bool,
    **view: Any,
) -> None:
    """Compare segments: the score of each value against everybody else, themes said more or less often, and words."""
    from feedback_nlp.analysis.distinctive import distinctive_words
    from feedback_nlp.analysis.outcomes import choose_outcome
    from feedback_nlp.analysis.scores_compared import scores_compared
    from feedback_nlp.analysis.segments import compare_segments, theme_by_segment

    with open_store(settings, must_exist=True) as store:
        frames = analysis_frames(store, settings, view_from(**view))
        themes = store.codebook(store.latest_codebook_version(ready=True)).themes
    measured = choose_outcome(frames, outcome)
    scores = scores_compared(frames, by, measured)
    if theme is not None:
        table = theme_by_segment(frames, theme_named(themes, theme), by, measured)
    else:
        table = compare_segments(frames, by, level=level)
    said = distinctive_words(frames, by) if words else None
    if as_json:
        shown = {"outcome": asdict(measured), "scores": scores.to_dicts(), "themes": table.to_dicts()}
        say_json({**shown, **({} if said is None else {"words": said.to_dicts()})})
        return
    say(f"{measured.label} by {by}, against everybody else")
    for row in scores.iter_rows(named=True):
        if row["suppressed"]:
            say(
                f"  {row['segment_value']}: fewer than {settings.privacy_minimum} people, or to be found by subtraction"
            )
            continue
        low_base = f"  low base (n < {settings.low_base})" if row["low_base"] else ""
        compared = ""
        if row["difference"] is not None:
            interval = f"{row['difference_low']:+.1f} to {row['difference_high']:+.1f}"
            compared = f"  difference {row['difference']:+.1f} ({interval}), q {row['q']:.2f}"
        say(
            f"  {row['segment_value']}: {row['value']:+.1f} ({row['low']:+.1f} to {row['high']:+.1f}), n {row['n']:,}"
            f"{compared}{low_base}"
        )
    say("Themes: share there, with its interval; n of base")
    for row in table.iter_rows(named=True):
        name = row.get("label", "")
        if row["share"] is None:
            continue
        apart = ""
        if row.get("difference_low") is not None and (row["difference_low"] > 0 or row["difference_high"] < 0):
            apart = f"  {100 * row['difference']:+.1f} pp against all"
        say(
            f"  {row['segment_value']}: {row['share']:.1%} ({row['share_low']:.1%} to {row['share_high']:.1%}), "
            f"{row['n_feedback']:,} of {row['base']:,}  {name}{apart}"
        )
    if said is not None:
        say("Words said more often there than elsewhere: people there, people elsewhere")
        for row in said.iter_rows(named=True):
            people = f"{row['n_people']}, {_others(row, settings)}"
            say(f"  {row['segment_value']} [{row['language']}] {row['word']}: {people}")


def moved(
    frames: AnalysisFrames, settings: Settings, outcome: str | None, *, level: int = 1, plain: bool = False
) -> Drivers:
    """Return what moves the outcome; raises NothingToShow where too few people have it."""
    from feedback_nlp.analysis.drivers import drivers as find
    from feedback_nlp.analysis.outcomes import choose_outcome

    measured = choose_outcome(frames, outcome)
    found = find(frames, outcome=measured, level=level, controlled=not plain, seed=settings.seed)
    if found is None:
        raise NothingToShow(
            f"Fewer than {settings.privacy_minimum} people in view wrote something and have {measured.label}. "
            "Widen the view, or choose another score with --outcome."
        )
    return found


def _others(row: dict[str, Any], settings: Settings) -> str:
    return f"fewer than {settings.privacy_minimum}" if row["n_others"] is None else f"{row['n_others']}"


def _frames(settings: Settings, view: dict[str, Any]) -> AnalysisFrames:
    with open_store(settings, must_exist=True) as store:
        return analysis_frames(store, settings, view_from(**view))


def _facts(found: Drivers) -> dict[str, Any]:
    names = ("score", "n", "n_people", "baseline", "baseline_low", "baseline_high", "signed_baseline", "rest", "n_rest")
    more = ("impact_total", "controls", "ridge", "order_error")
    return {"outcome": asdict(found.outcome), **{name: getattr(found, name) for name in (*names, *more)}}


def _cell(value: float | None, width: int) -> str:
    return f"{'-':>{width}}" if value is None else f"{value:+{width}.1f}"
