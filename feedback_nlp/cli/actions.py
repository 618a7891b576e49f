"""actions, callbacks: what teams do about themes and whether it shows, and customers who asked to be called back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from feedback_nlp.cli.output import analysis_frames
from feedback_nlp.cli.shared import (
    common_options,
    named_values,
    open_store,
    require_place,
    say,
    say_json,
    view_from,
    view_options,
)
from feedback_nlp.cli.theme_names import author_of, theme_named, themes_in_force
from feedback_nlp.errors import UsageError
from feedback_nlp.records import ACTION_STATES, CALL_STATES, Action, View
from feedback_nlp.settings import Settings


@click.group()
def actions() -> None:
    """What teams do about themes: register it, change it, and see whether it shows."""


def _facts(command: Any) -> Any:
    for option in (
        click.option("--control", metavar="THEME", help="A theme that it does not touch, to compare with."),
        click.option("--where", multiple=True, metavar="SEGMENT=VALUE", help="Only these are touched; repeatable."),
        click.option("--effort", type=click.IntRange(1, 5), help="1 (hours) to 5 (quarters)."),
        click.option("--state", type=click.Choice(ACTION_STATES), help="How far it is."),
        click.option("--due", metavar="DATE", help="ISO date by which it is to be done."),
        click.option("--since", metavar="DATE", help="ISO date from which it should show."),
        click.option("--hypothesis", metavar="TEXT", help="What is expected to change, and by how much."),
        click.option("--owner", metavar="NAME", help="Who does it."),
    ):
        command = option(command)
    return command


@actions.command()
@click.argument("theme")
@click.argument("title")
@_facts
@common_options
def add(theme: str, title: str, settings: Settings, as_json: bool, **facts: Any) -> None:
    """Register an action about THEME (its id or label); TITLE says in a few words what is done."""
    with open_store(settings, must_exist=True) as store:
        themes = themes_in_force(store)
        number = store.add_action(theme_named(themes, theme), title, author_of(settings), **_given(facts, themes))
        action = store.action(number)
    _tell([action], {t.theme_id: t.label for t in themes}, as_json)


@actions.command()
@click.argument("action_id", type=int)
@click.option("--title", metavar="TEXT", help="What is done.")
@_facts
@common_options
def edit(action_id: int, settings: Settings, as_json: bool, **facts: Any) -> None:
    """Change what is known of an action."""
    with open_store(settings, must_exist=True) as store:
        themes = themes_in_force(store)
        given = _given(facts, themes)
        if not given:
            raise UsageError("Nothing to change. Name a field, such as --state done or --since YYYY-MM-DD.")
        store.change_action(action_id, **given)
        action = store.action(action_id)
    _tell([action], {t.theme_id: t.label for t in themes}, as_json)


@actions.command("list")
@common_options
def list_actions(settings: Settings, as_json: bool) -> None:
    """List the actions, oldest first."""
    with open_store(settings, must_exist=True) as store:
        found = store.actions()
        version = store.latest_codebook_version(ready=True)
        themes = store.codebook(version).themes if version is not None else ()
    _tell(found, {t.theme_id: t.label for t in themes}, as_json)
    if not found and not as_json:
        say("No action is registered. Add one with: feedback-nlp actions add THEME TITLE --since YYYY-MM-DD")


@actions.command()
@click.argument("action_id", type=int)
@click.option("--unit", type=click.Choice(("week", "month")), default="month", show_default=True, help="Period.")
@click.option(
    "--measure",
    type=click.Choice(("negative", "mention", "score")),
    default="negative",
    show_default=True,
    help="Negative mentions of the theme, all of them, or the score of those whom the action touches.",
)
@click.option("--outcome", metavar="NAME", help="With --measure score: which one (default: NPS, else the first).")
@common_options
def effect(action_id: int, unit: str, measure: Any, outcome: str | None, settings: Settings, as_json: bool) -> None:
    """Did it work? Compare what came after the action with what the time before would have led to."""
    from feedback_nlp.analysis.outcomes import choose_outcome
    from feedback_nlp.analysis.watching.follow_up import follow_up

    if outcome is not None and measure != "score":
        raise UsageError("--outcome says which score to follow. Add --measure score, or leave it out.")
    with open_store(settings, must_exist=True) as store:
        action = store.action(action_id)
        frames = analysis_frames(store, settings, View())
    measured = choose_outcome(frames, outcome) if measure == "score" else None
    found = follow_up(frames, action, unit=unit, measure=measure, outcome=measured)
    effect = found.found
    if as_json:
        numbers = None
        if effect is not None:
            names = ("effect", "low", "high", "p_value", "step", "slope", "n_before", "n_after")
            numbers = {name: getattr(effect, name) for name in names}
        facts = {name: getattr(found, name) for name in ("verdict", "reason", "control", "measure", "points")}
        say_json({"action": action, **facts, "found": numbers, "series": found.series.to_dicts()})
        return
    said = {"negative": "Share of negative mentions", "mention": "Share of mentions"}
    what = said[measure] if measured is None else measured.label
    say(f"{action.title}: {found.verdict}. {found.reason}")
    if effect is not None:
        against = f", against {found.control}" if found.control else ""
        say(
            f"{what}{against}: {effect.effect:+.1f} {found.points} on average ({effect.low:+.1f} to "
            f"{effect.high:+.1f}), p {effect.p_value:.3f}; {effect.n_before} {unit}s before, {effect.n_after} after"
        )
    name, base, form = ("share", "base", "{:.1f} %") if measured is None else ("value", "n", "{:+.1f}")
    for row in found.series.iter_rows(named=True):
        value = "-" if row[name] is None else form.format(row[name])
        count = "few" if row[base] is None else f"{row[base]:,}"
        expected = "" if row["expected"] is None else f"  expected {form.format(row['expected'])}"
        say(f"  {row['period']}  {value:>7}  of {count}{expected}{'  left out' if row['left_out'] else ''}")


@click.command()
@click.option("--asked", metavar="SEGMENT", help="Segment that says who asked (default: the one named so).")
@click.option("--everybody", is_flag=True, help="Passives and promoters too, not detractors alone.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the list to this CSV, XLSX or JSON file.")
@click.option("--call", "feedback_ids", multiple=True, metavar="FEEDBACK", help="Change these calls; repeatable.")
@click.option("--owner", metavar="NAME", help="With --call: who calls.")
@click.option("--due", metavar="DATE", help="With --call: by when (ISO date).")
@click.option("--state", type=click.Choice(CALL_STATES), help="With --call: what became of it.")
@view_options
@common_options
def callbacks(
    asked: str | None,
    everybody: bool,
    out: Path | None,
    feedback_ids: tuple[str, ...],
    owner: str | None,
    due: str | None,
    state: str | None,
    settings: Settings,
    as_json: bool,
    **view: Any,
) -> None:
    """List the detractors who asked to be called back, with owner, due date and state; write them to a file."""
    from feedback_nlp.analysis.call_backs import call_backs
    from feedback_nlp.export_files import check_target, write_table

    if out is not None:
        check_target(out)
        require_place(out, "list", settings)
    if not feedback_ids and (owner or due or state):
        raise UsageError("--owner, --due and --state change calls. Say which with --call FEEDBACK.")
    with open_store(settings, must_exist=True) as store:
        if feedback_ids:
            store.set_calls(feedback_ids, author_of(settings), owner=owner, due=due, state=state)
        table = call_backs(
            analysis_frames(store, settings, view_from(**view)), asked=asked, calls=store.calls(), everybody=everybody
        )
    if out is not None:
        write_table(table, out, {})
    if as_json:
        say_json({"file": str(out) if out else None, "calls": table.to_dicts()})
        return
    for row in table.iter_rows(named=True):
        urgent = "  URGENT" if row["is_urgent"] else ""
        score = "-" if row["score"] is None else f"{row['score']:.0f}"
        who = row["owner"] or "nobody yet"
        say(f"{row['feedback_id']}  score {score}  due {row['due'] or '-'}  {row['state']}  {who}{urgent}")
    say(f"{table.height:,} to call" + (f"; written to {out}" if out else ""))


def _given(facts: dict[str, Any], themes: Any) -> dict[str, Any]:
    """Return the fields that were named, as the store takes them."""
    given = {name: value for name, value in facts.items() if value is not None and name not in ("where", "control")}
    if facts.get("where"):
        given["segments"] = named_values(facts["where"], "where", "SEGMENT=VALUE, such as --where region=East")
    if facts.get("control"):
        given["control_theme_id"] = theme_named(themes, facts["control"])
    return given


def _tell(found: list[Action], labels: dict[str, str], as_json: bool) -> None:
    if as_json:
        say_json({"actions": found})
        return
    for action in found:
        where = ", ".join(f"{name} = {' or '.join(values)}" for name, values in action.segments.items())
        say(f"{action.action_id}  {action.state}  {action.title}  ({labels.get(action.theme_id, action.theme_id)})")
        facts = (
            ("owner", action.owner),
            ("since", action.since),
            ("due", action.due),
            ("effort", action.effort),
            ("touches", where),
            ("hypothesis", action.hypothesis),
        )
        said = "; ".join(f"{name} {value}" for name, value in facts if value)
        if said:
            say(f"    {said}")
