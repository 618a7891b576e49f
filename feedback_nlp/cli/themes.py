"""themes: read the codebook and correct it. Every correction has an author and can be undone."""

from __future__ import annotations

import getpass
from typing import Any

import click

from feedback_nlp.cli.output import analysis_frames
from feedback_nlp.cli.shared import common_options, open_store, say, say_json
from feedback_nlp.errors import UsageError, did_you_mean
from feedback_nlp.records import View
from feedback_nlp.settings import Settings

_MOST_QUOTED = 500  # characters of a verbatim on the command line; the app shows all of it


@click.group()
def themes() -> None:
    """List themes, show one, rename, define or hide it, and undo that."""


@themes.command("list")
@common_options
def list_themes(settings: Settings, as_json: bool) -> None:
    """List themes, the most damaging first, each with its sub-themes. Hidden ones are only named."""
    with open_store(settings, must_exist=True) as store:
        frames = analysis_frames(store, settings, View())
        hidden = sorted(store.codebook().hidden)
    from feedback_nlp.analysis.themes import theme_table

    top = theme_table(frames)
    below = theme_table(frames, level=2)
    if as_json:
        say_json([*top.to_dicts(), *below.to_dicts()])
        return
    unit = top["outcome"][0] if top.height else ""
    say(f"{'theme':12}  {'feedback':>8}  {'share':>6}  {'impact on ' + unit:>21}  label")
    for row in top.iter_rows(named=True):
        _say_row(row, "")
        for sub in below.filter(below["parent_id"] == row["theme_id"]).iter_rows(named=True):
            _say_row(sub, "  ")
    say("Impact: the score minus the score without this theme's responses, and its 95 % interval.")
    if hidden:
        say(f"Hidden: {', '.join(hidden)}. Show one again with: feedback-nlp themes unhide THEME_ID")


@themes.command()
@click.argument("theme_id")
@common_options
def show(theme_id: str, settings: Settings, as_json: bool) -> None:
    """Show one theme: its keywords, figures, quotes and history."""
    with open_store(settings, must_exist=True) as store:
        frames = analysis_frames(store, settings, View())
        lineage = store.lineage(theme_id)
        edits = store.edits(theme_id)
        stored = {theme.theme_id: theme for theme in store.codebook().themes}
    if theme_id not in stored:
        raise UsageError(f"There is no theme {theme_id!r}.{did_you_mean(theme_id, stored)}")
    from feedback_nlp.analysis.passages import said_text
    from feedback_nlp.analysis.themes import theme_table
    from feedback_nlp.analysis.verbatims import find_verbatims

    theme = stored[theme_id]
    table = theme_table(frames, level=theme.level)
    figures = table.filter(table["theme_id"] == theme_id).to_dicts()
    page = find_verbatims(frames, theme_id=theme_id, limit=5)
    if as_json:
        say_json(
            {
                "theme": {"theme_id": theme_id, "label": theme.label, "keywords": dict(theme.keywords)},
                "figures": figures[0] if figures else None,
                "quotes": [{"feedback_id": v.feedback_id, "text": v.text} for v in page.items],
                "lineage": lineage,
                "edits": edits,
            }
        )
        return
    say(f"{theme.label}  ({theme_id}, level {theme.level})")
    for language, words in theme.keywords.items():
        say(f"  {language}: {', '.join(words)}")
    for row in figures:
        _say_row(row, "")
    for verbatim in page.items:
        said = " ".join(said_text(verbatim.text, verbatim.asides).split())
        say(f"  {verbatim.feedback_id}: {said if len(said) <= _MOST_QUOTED else said[:_MOST_QUOTED] + '…'}")
    if page.suppressed:
        say(f"  Fewer than {settings.privacy_minimum} people mention it: no verbatims are shown.")
    for event in lineage:
        say(f"  codebook {event['version']}: {event['event']} ({event['reason']})")
    for edit in edits:
        undone = f", undone by {edit['undone_by']}" if edit["undone_at"] else ""
        say(f"  edit {edit['edit_id']}: {edit['kind']} by {edit['author']}, {edit['created_at']:%Y-%m-%d}{undone}")


@themes.command()
@click.argument("theme_id")
@click.argument("label")
@common_options
def rename(theme_id: str, label: str, settings: Settings, as_json: bool) -> None:
    """Give a theme another name; a later discovery does not touch it."""
    _edit(settings, as_json, theme_id, "rename", {"label": label})


@themes.command()
@click.argument("theme_id")
@click.argument("definition")
@common_options
def define(theme_id: str, definition: str, settings: Settings, as_json: bool) -> None:
    """Write down what belongs to a theme."""
    _edit(settings, as_json, theme_id, "define", {"definition": definition})


@themes.command()
@click.argument("theme_id")
@common_options
def hide(theme_id: str, settings: Settings, as_json: bool) -> None:
    """Leave a theme out of the app and the report; its tags are kept."""
    _edit(settings, as_json, theme_id, "hide", {})


@themes.command()
@click.argument("theme_id")
@common_options
def unhide(theme_id: str, settings: Settings, as_json: bool) -> None:
    """Show a hidden theme again."""
    _edit(settings, as_json, theme_id, "unhide", {})


@themes.command()
@click.argument("edit_id", type=int)
@common_options
def undo(edit_id: int, settings: Settings, as_json: bool) -> None:
    """Take an edit back; it stays in the history."""
    with open_store(settings, must_exist=True) as store:
        store.undo_edit(edit_id, _author(settings))
    if as_json:
        say_json({"undone": edit_id})
    else:
        say(f"Edit {edit_id} is undone.")


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
        say(f"codebook {version['version']}: {version['n_themes']} themes, {when}, {version['reason']}")
    for edit in edits:
        undone = " (undone)" if edit["undone_at"] else ""
        say(f"edit {edit['edit_id']}: {edit['kind']} {edit['theme_id']} by {edit['author']}{undone}")
    if not versions:
        say("No codebook yet. Start with: feedback-nlp run FILE")


def _edit(settings: Settings, as_json: bool, theme_id: str, kind: Any, payload: dict[str, str]) -> None:
    for name, words in payload.items():
        if not words.strip():
            raise UsageError(f"The {name} is empty. Write it after the theme's id, in quotes.")
    with open_store(settings, must_exist=True) as store:
        edit_id = store.add_edit(theme_id, kind, payload, _author(settings))
    if as_json:
        say_json({"edit_id": edit_id, "theme_id": theme_id, "kind": kind, **payload})
    else:
        say(f"Edit {edit_id}: {kind} {theme_id}. Undo it with: feedback-nlp themes undo {edit_id}")


def _author(settings: Settings) -> str:
    """Return the name in the settings, else the system's user name."""
    try:
        return settings.author or getpass.getuser()
    except (KeyError, OSError):  # a container without a user entry
        return "unknown"


def _say_row(row: dict[str, Any], indent: str) -> None:
    if row["impact"] is None:
        impact = "-"
    elif row["impact_low"] is None:
        impact = f"{row['impact']:+.1f}"
    else:
        impact = f"{row['impact']:+.1f} [{row['impact_low']:+.1f}, {row['impact_high']:+.1f}]"
    count = "-" if row["n_feedback"] is None else f"{row['n_feedback']:,}"
    share = "-" if row["share"] is None else f"{row['share']:.1%}"
    say(f"{row['theme_id']:12}  {count:>8}  {share:>6}  {impact:>21}  {indent}{row['label']}")
