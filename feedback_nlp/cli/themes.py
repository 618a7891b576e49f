"""themes: read the codebook and correct it. Every correction has an author and can be undone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from feedback_nlp.cli.granularity import table_lines
from feedback_nlp.cli.output import analysis_frames
from feedback_nlp.cli.shared import common_options, note, open_store, say, say_json
from feedback_nlp.cli.theme_edits import EDITS
from feedback_nlp.cli.theme_files import FILES
from feedback_nlp.cli.theme_names import conflict_words, edit_words, theme_named, themes_in_force
from feedback_nlp.cli.theme_statements import review, statements
from feedback_nlp.cli.theme_versions import compare
from feedback_nlp.cli.weighting import say_weighting, weighting_facts
from feedback_nlp.errors import NothingToShow
from feedback_nlp.records import Theme, View
from feedback_nlp.settings import Settings

if TYPE_CHECKING:
    from feedback_nlp.analysis.frames import AnalysisFrames
    from feedback_nlp.store import Store

_MOST_QUOTED = 500  # characters of a verbatim on the command line; the app shows all of it
_FACTS = ("source", "label_source", "stability", "is_emerging")


@click.group()
def themes() -> None:
    """List themes, show one, shape them (rename, merge, split, move, show by example), and undo that.

    THEME is a theme's id, or its label where only one has it.
    """


@themes.command("list")
@click.option("--version", type=int, help="Codebook version (default: the one that the app shows).")
@common_options
def list_themes(version: int | None, settings: Settings, as_json: bool) -> None:
    """List themes, the most damaging first, each with its sub-themes. Hidden ones are only named."""
    with open_store(settings, must_exist=True) as store:
        frames = _frames(store, settings, version)
        last = {edit.theme_id: edit.kind for edit in store.active_edits(("hide", "unhide"))}
    from feedback_nlp.analysis.outcomes import choose_outcome
    from feedback_nlp.analysis.themes import theme_table

    top, below = (theme_table(frames, level=level) for level in (1, 2))
    if as_json:
        say_json([*top.to_dicts(), *below.to_dicts()])
        return
    say_weighting(weighting_facts(frames, choose_outcome(frames), meaningful=True))
    unit = top["outcome"][0] if top.height else ""
    say(f"{'theme':12}  {'feedback':>8}  {'share':>6}  {'impact on ' + unit:>21}  label")
    for row in top.iter_rows(named=True):
        _say_row(row, "")
        for sub in below.filter(below["parent_id"] == row["theme_id"]).iter_rows(named=True):
            _say_row(sub, "  ")
    say("Impact: the score minus the score without this theme's responses, and its 95 % interval.")
    if orientation := choose_outcome(frames).orientation:
        say(orientation)
    hidden = sorted(theme_id for theme_id, kind in last.items() if kind == "hide")
    if hidden:
        say(f"Hidden: {', '.join(hidden)}. Show one again with: feedback-nlp themes unhide THEME_ID")


@themes.command()
@click.argument("theme")
@common_options
def show(theme: str, settings: Settings, as_json: bool) -> None:
    """Show one THEME: its keywords, parts, figures, quotes, history, and edits that do not fit it."""
    from feedback_nlp.pipeline.editing import conflicts_in, folded

    with open_store(settings, must_exist=True) as store:
        frames = analysis_frames(store, settings, View())
        stored = {found.theme_id: found for found in themes_in_force(store)}
        theme_id = theme_named(stored.values(), theme)
        lineage = store.lineage(theme_id)
        edits = store.edits(theme_id)
        pinned = folded(store).pinned
        numbers = {edit["edit_id"] for edit in edits}
        conflicts = [conflict for conflict in conflicts_in(store) if conflict.edit_id in numbers]
    from feedback_nlp.analysis.passages import said_text
    from feedback_nlp.analysis.themes import theme_table
    from feedback_nlp.analysis.verbatims import find_verbatims

    found = stored[theme_id]
    table = theme_table(frames, level=found.level)
    figures = table.filter(table["theme_id"] == theme_id).to_dicts()
    # A hidden theme has no figures and quotes, as in the app.
    page = find_verbatims(frames, theme_id=theme_id, limit=5) if figures else None
    parts = [sub for sub in stored.values() if sub.parent_id == theme_id]
    if as_json:
        say_json(
            {
                "theme": _facts(found),
                "parts": [_facts(sub) for sub in parts],
                "figures": figures[0] if figures else None,
                "quotes": [{"feedback_id": v.feedback_id, "text": v.text} for v in (page.items if page else ())],
                "lineage": lineage,
                "edits": edits,
                "conflicts": conflicts,
            }
        )
        return
    say(f"{found.label}  ({theme_id}, level {found.level}{_remarks(_facts(found))})")
    if found.definition:
        say(f"  {found.definition}")
    for language, words in found.keywords.items():
        say(f"  {language}: {', '.join(words)}")
    if theme_id in pinned:
        say("  Pinned: a later discovery leaves it as it is.")
    for sub in parts:
        say(f"  part: {sub.label}  ({sub.theme_id}{_remarks(_facts(sub))})")
    for row in figures:
        _say_row(row, "")
    for verbatim in page.items if page else ():
        said = " ".join(said_text(verbatim.text, verbatim.asides).split())
        say(f"  {verbatim.feedback_id}: {said if len(said) <= _MOST_QUOTED else said[:_MOST_QUOTED] + '…'}")
    if page and page.suppressed:
        say(f"  Fewer than {settings.privacy_minimum} people mention it: no verbatims are shown.")
    for event in lineage:
        say(f"  codebook {event['version']}: {event['event']} ({event['reason']})")
    for edit in edits:
        say(f"  {edit_words(edit)}")
    for conflict in conflicts:
        say(f"  {conflict_words(conflict)}")


for command in (*EDITS, statements, review, compare, *FILES):
    themes.add_command(command)


@themes.command()
@common_options
def history(settings: Settings, as_json: bool) -> None:
    """List codebook versions and people's edits."""
    with open_store(settings, must_exist=True) as store:
        versions, edits = store.codebook_versions(), store.edits()
    if as_json:
        say_json({"codebooks": versions, "edits": edits})
        return
    for version in versions:
        when = f"{version['created_at']:%Y-%m-%d %H:%M}"
        ready = ", ready" if version["is_ready"] else ""
        say(f"codebook {version['version']}: {version['n_themes']} themes, {when}, {version['reason']}{ready}")
    for edit in edits:
        say(edit_words(edit))
    if not versions:
        say("No codebook yet. Start with: feedback-nlp run FILE")


@themes.command()
@common_options
def conflicts(settings: Settings, as_json: bool) -> None:
    """List edits that no longer fit the themes as they are: kept, and for a person to decide."""
    from feedback_nlp.pipeline.editing import conflicts_in

    with open_store(settings, must_exist=True) as store:
        found = conflicts_in(store)
    if as_json:
        say_json(list(found))
        return
    for conflict in found:
        say(conflict_words(conflict))
    say("Undo one with: feedback-nlp themes undo EDIT" if found else "Every edit fits.")


@themes.command()
@common_options
def candidates(settings: Settings, as_json: bool) -> None:
    """List the numbers of themes that discovery tried, with the figures by which it chose."""
    with open_store(settings, must_exist=True) as store:
        rows: Sequence[dict[str, Any]] = store.codebook().settings.get("candidates", [])
    if as_json:
        say_json(list(rows))
        return
    if not rows:
        raise NothingToShow(
            "This codebook keeps no table of what was tried. Learn themes anew with: feedback-nlp discover"
        )
    for line in table_lines(rows):
        say(line)


def _frames(store: Store, settings: Settings, version: int | None) -> AnalysisFrames:
    """Return the tables of a codebook version, and say so where its tags are not all there."""
    from feedback_nlp.analysis.frames import build_frames

    if version is None:
        return analysis_frames(store, settings, View())
    raw = store.read_frames(version)
    facts = next(row for row in store.codebook_versions() if row["version"] == version)
    if not facts["is_ready"] and version != store.latest_codebook_version(ready=True):
        note(
            f"Codebook {version} is not ready (it is being tagged, or another version took its place): "
            "its figures do not count all statements."
        )
    return build_frames(raw, settings)


def _facts(theme: Theme) -> dict[str, Any]:
    names = ("theme_id", "label", "level", "parent_id", "state", "definition", *_FACTS)
    return {name: getattr(theme, name) for name in names} | {"keywords": dict(theme.keywords)}


def _remarks(row: dict[str, Any]) -> str:
    """Return what sets a theme apart from an ordinary one."""
    remarks = []
    if row["state"] != "active":
        remarks.append("hidden" if row["state"] == "retired" else row["state"])
    if row.get("source", "discovered") != "discovered":
        remarks.append(row["source"])
    if row.get("is_emerging"):
        remarks.append("emerging")
    if row.get("stability") is not None:
        remarks.append(f"stability {row['stability']:.2f}")
    return "".join(f", {remark}" for remark in remarks)


def _cell(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else "-" if value is None else str(value)


def _say_row(row: dict[str, Any], indent: str) -> None:
    if row["impact"] is None:
        impact = "-"
    elif row["impact_low"] is None:
        impact = f"{row['impact']:+.1f}"
    else:
        impact = f"{row['impact']:+.1f} [{row['impact_low']:+.1f}, {row['impact_high']:+.1f}]"
    count = "-" if row["n_feedback"] is None else f"{row['n_feedback']:,}"
    share = "-" if row["share"] is None else f"{row['share']:.1%}"
    remarks = _remarks(row).removeprefix(", ")
    label = f"{row['label']}  ({remarks})" if remarks else row["label"]
    say(f"{row['theme_id']:12}  {count:>8}  {share:>6}  {impact:>21}  {indent}{label}")
