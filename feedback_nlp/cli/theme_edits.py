"""themes rename, merge, split, ...: what people do to themes. Every edit has an author and can be undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from feedback_nlp.cli.shared import common_options, open_store, progress_bars, say, say_json
from feedback_nlp.cli.theme_names import author_of, edit_row, tell_edits, tell_outcome, theme_named
from feedback_nlp.errors import UsageError
from feedback_nlp.settings import Settings

_THEME_KEYS = ("into", "parent")  # keys of payloads that name a theme


class _Ids(click.Command):
    """A command whose options take any number of values: "--like A B C" is "--like A --like B --like C"."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        many = {
            flag
            for option in self.params
            if isinstance(option, click.Option) and option.multiple and option.name != "overrides"
            for flag in option.opts
        }
        spread: list[str] = []
        current = None
        for word in args:
            if word.startswith("-"):
                current = word if word in many else None
                spread.append(word)
            elif current is not None and spread[-1] != current:
                spread += [current, word]
            else:
                spread.append(word)
        return super().parse_args(ctx, spread)


@click.command()
@click.argument("theme")
@click.argument("label")
@common_options
def rename(theme: str, label: str, settings: Settings, as_json: bool) -> None:
    """Give THEME another name; a later discovery does not touch it."""
    _require_words(label, "label")
    _edit(settings, as_json, "rename", [theme], {"label": label})


@click.command()
@click.argument("theme")
@click.argument("definition")
@common_options
def define(theme: str, definition: str, settings: Settings, as_json: bool) -> None:
    """Write down what belongs to THEME."""
    _require_words(definition, "definition")
    _edit(settings, as_json, "define", [theme], {"definition": definition})


@click.command()
@click.argument("theme")
@common_options
def hide(theme: str, settings: Settings, as_json: bool) -> None:
    """Leave THEME out of the app and the report; its tags are kept."""
    _edit(settings, as_json, "hide", [theme], {})


@click.command()
@click.argument("theme")
@common_options
def unhide(theme: str, settings: Settings, as_json: bool) -> None:
    """Show a hidden THEME again."""
    _edit(settings, as_json, "unhide", [theme], {})


@click.command()
@click.argument("themes", nargs=-1, required=True)
@click.option("--into", required=True, metavar="THEME", help="Theme that takes them in; it keeps its id and name.")
@common_options
def merge(themes: tuple[str, ...], into: str, settings: Settings, as_json: bool) -> None:
    """Make THEMES part of another one: their statements are tagged with it."""
    _edit(settings, as_json, "merge", themes, {"into": into})


@click.command(cls=_Ids)
@click.argument("theme")
@click.option("--label", required=True, help="Name of the new theme.")
@click.option("--sub", "sub_themes", multiple=True, metavar="THEME...", help="Sub-themes that make the new theme.")
@click.option("--statements", multiple=True, metavar="ID...", help="Statements that the new theme is about.")
@common_options
def split(
    theme: str,
    label: str,
    sub_themes: tuple[str, ...],
    statements: tuple[str, ...],
    settings: Settings,
    as_json: bool,
) -> None:
    """Make a new theme of a part of THEME: of some of its sub-themes, or of what is like some statements."""
    _require_words(label, "label")
    if bool(sub_themes) == bool(statements):
        raise UsageError("A split needs --sub THEME... or --statements ID..., one of the two.")
    part = {"sub_themes": list(sub_themes)} if sub_themes else {"statements": list(statements)}
    _edit(settings, as_json, "split", [theme], {"label": label, **part})


@click.command()
@click.argument("theme")
@click.option("--to", metavar="THEME", help="Theme whose sub-theme it becomes.")
@click.option("--to-top", is_flag=True, help="Make it a theme of its own.")
@common_options
def move(theme: str, to: str | None, to_top: bool, settings: Settings, as_json: bool) -> None:
    """Put THEME under another one, or to the top."""
    if (to is None) != to_top:
        raise UsageError("A move needs --to THEME or --to-top, one of the two.")
    _edit(settings, as_json, "move", [theme], {"parent": to})


@click.command()
@click.argument("theme")
@common_options
def pin(theme: str, settings: Settings, as_json: bool) -> None:
    """Keep THEME as it is whatever a later discovery finds."""
    _edit(settings, as_json, "pin", [theme], {})


@click.command()
@click.argument("theme")
@common_options
def unpin(theme: str, settings: Settings, as_json: bool) -> None:
    """Let a later discovery change THEME again."""
    _edit(settings, as_json, "unpin", [theme], {})


@click.command(cls=_Ids)
@click.argument("theme")
@click.option("--like", multiple=True, metavar="ID...", help="Statements that the theme is about.")
@click.option("--unlike", multiple=True, metavar="ID...", help="Statements that the theme is not about.")
@common_options
def example(theme: str, like: tuple[str, ...], unlike: tuple[str, ...], settings: Settings, as_json: bool) -> None:
    """Show by statements what THEME is about and what it is not about."""
    if not like and not unlike:
        raise UsageError("An example needs --like ID... or --unlike ID..., or both.")
    _edit(settings, as_json, "example", [theme], {"like": list(like), "unlike": list(unlike)})


@click.command(cls=_Ids)
@click.option("--label", required=True, help="Name of the new theme.")
@click.option("--like", multiple=True, required=True, metavar="ID...", help="Statements that it is about.")
@click.option("--unlike", multiple=True, metavar="ID...", help="Statements that it is not about.")
@click.option("--parent", metavar="THEME", help="Theme whose sub-theme it becomes.")
@common_options
def create(
    label: str, like: tuple[str, ...], unlike: tuple[str, ...], parent: str | None, settings: Settings, as_json: bool
) -> None:
    """Make a new theme of what is like some statements."""
    _require_words(label, "label")
    payload = {"label": label, "parent": parent, "like": list(like), "unlike": list(unlike)}
    _edit(settings, as_json, "create", [""], payload)


@click.command()
@click.argument("statement")
@click.argument("theme")
@common_options
def assign(statement: str, theme: str, settings: Settings, as_json: bool) -> None:
    """Say that STATEMENT has THEME, whatever the model says, now and after every discovery."""
    _edit(settings, as_json, "assign", [theme], {"statement": statement})


@click.command()
@click.argument("statement")
@click.argument("theme")
@common_options
def unassign(statement: str, theme: str, settings: Settings, as_json: bool) -> None:
    """Say that STATEMENT has not THEME, whatever the model says, now and after every discovery."""
    _edit(settings, as_json, "unassign", [theme], {"statement": statement})


@click.command()
@click.argument("edit_id", type=int)
@common_options
def undo(edit_id: int, settings: Settings, as_json: bool) -> None:
    """Take an edit back; it stays in the history."""
    from feedback_nlp.pipeline.editing import undo as take_back

    with open_store(settings, must_exist=True) as store, progress_bars(as_json) as progress:
        summary = take_back(store, settings, edit_id, author_of(settings), progress=progress)
        row = edit_row(store, edit_id)
    if as_json:
        say_json(
            {
                "undone": edit_id,
                "undone_by": row["undone_by"],
                "undone_at": row["undone_at"],
                "codebook_version": summary.codebook_version,
                "n_retagged": summary.n_retagged,
                "conflicts": list(summary.conflicts),
            }
        )
        return
    say(f"Edit {edit_id} is undone.")
    tell_outcome(summary)


EDITS = (
    *(rename, define, hide, unhide, merge, split, move, pin, unpin, example, create, assign, unassign),
    undo,
)


def _require_words(words: str, name: str) -> None:
    if not words.strip():
        raise UsageError(f"The {name} is empty. Write it in quotes.")


def _edit(settings: Settings, as_json: bool, kind: str, names: Sequence[str], payload: Mapping[str, Any]) -> None:
    """Carry out one edit a theme, all with the same payload, and publish once."""
    from feedback_nlp.pipeline.editing import edit_theme, republish

    with open_store(settings, must_exist=True) as store, progress_bars(as_json) as progress:
        known = store.codebook().themes
        plain = dict(payload)
        for key in _THEME_KEYS:
            if plain.get(key) is not None:
                plain[key] = theme_named(known, plain[key])
        if "sub_themes" in plain:
            plain["sub_themes"] = [theme_named(known, name) for name in plain["sub_themes"]]
        ids = [theme_named(known, name) if name else "" for name in dict.fromkeys(names)]
        summaries = []
        author = author_of(settings)
        try:
            for number, theme_id in enumerate(ids, start=1):
                last = number == len(ids)
                summaries.append(
                    edit_theme(store, settings, kind, theme_id, plain, author, publish=last, progress=progress)
                )
        except UsageError:
            if summaries:  # those before it stand
                republish(store, settings, progress=progress)
            raise
        tell_edits(store, summaries, as_json)
