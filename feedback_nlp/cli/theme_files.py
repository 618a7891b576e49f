"""themes import, export, save, load, remove: codebooks in and out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from feedback_nlp.cli.shared import common_options, open_store, progress_bars, require_place, say, say_json
from feedback_nlp.cli.theme_names import conflict_words, theme_named
from feedback_nlp.settings import Settings

if TYPE_CHECKING:
    from feedback_nlp.pipeline.importing import ImportSummary


@click.command("import")
@click.argument("file")
@common_options
def import_themes(file: str, settings: Settings, as_json: bool) -> None:
    """Add the themes of FILE (.csv, .xlsx, .json, .qdc) to the codebook, or "starter": the one that ships.

    They live beside the discovered ones and stay until `themes remove`. Imported again, they are replaced.
    """
    from feedback_nlp.pipeline.importing import import_guided

    with open_store(settings, must_exist=True) as store, progress_bars(as_json) as progress:
        summary = import_guided(store, settings, file, progress=progress)
    _tell(summary, f"{summary.n_guided} of them guided", as_json)


@click.command()
@click.argument("themes", nargs=-1)
@click.option("--guided", "every", is_flag=True, help="Remove all imported themes, with their facets.")
@common_options
def remove(themes: tuple[str, ...], every: bool, settings: Settings, as_json: bool) -> None:
    """Take imported THEMES out of the codebook again; what was discovered under them goes to the top."""
    from feedback_nlp.errors import UsageError
    from feedback_nlp.pipeline.codebooks import base_codebook
    from feedback_nlp.pipeline.importing import remove_guided

    if bool(themes) == every:
        raise UsageError("Name the imported themes to remove, or give --guided for all of them.")
    with open_store(settings, must_exist=True) as store, progress_bars(as_json) as progress:
        known = [*store.codebook().themes, *base_codebook(store).themes]
        ids = tuple(theme_named({theme.theme_id: theme for theme in known}.values(), name) for name in themes)
        summary = remove_guided(store, settings, ids, progress=progress)
    _tell(summary, f"{summary.n_guided} of them guided", as_json)
    if settings.guided and not as_json:
        say(f"The setting guided is {settings.guided!r}: the next discovery adds its themes again unless it is empty.")


@click.command("export")
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@common_options
def export_themes(out: Path, settings: Settings, as_json: bool) -> None:
    """Write the codebook for people to OUT (.csv, .xlsx, .json, .qdc): names, definitions, phrases, sub-themes.

    Discovered themes are in it, with their keywords as phrases; hidden ones are not. `themes import` reads it.
    """
    from feedback_nlp.pipeline.codebooks import load_codebook
    from feedback_nlp.themes.guided.exchange import as_guided, write_codebook_file

    require_place(out, "codebook", settings)
    with open_store(settings, must_exist=True) as store:
        codebook = load_codebook(store)
    guided = as_guided(codebook, language=settings.reading_language)
    write_codebook_file(guided, out, language=settings.reading_language)
    if as_json:
        say_json({"file": str(out), "n_themes": len(guided.topics), "n_facet_values": len(guided.facet_values)})
        return
    say(f"{out}: {len(guided.topics)} themes, {len(guided.facet_values)} values of facets.")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@common_options
def save(folder: Path, settings: Settings, as_json: bool) -> None:
    """Write the codebook for machines into FOLDER: it tags the same anywhere, after `themes load` there."""
    from feedback_nlp.pipeline.codebooks import load_codebook
    from feedback_nlp.themes.files import save_codebook

    with open_store(settings, must_exist=True) as store:
        codebook = load_codebook(store)
    save_codebook(codebook, folder)
    if as_json:
        say_json({"folder": str(folder), "codebook_version": codebook.version, "n_themes": len(codebook.themes)})
        return
    say(f"{folder}: codebook {codebook.version} with {len(codebook.themes)} themes.")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@common_options
def load(folder: Path, settings: Settings, as_json: bool) -> None:
    """Make the codebook in FOLDER the one of this database, and tag all statements with it.

    It takes the place of the themes that there are; `themes compare` tells what changed.
    """
    from feedback_nlp.pipeline.importing import load_portable

    with open_store(settings) as store, progress_bars(as_json) as progress:
        summary = load_portable(store, settings, folder, progress=progress)
    _tell(summary, "loaded", as_json)


FILES = (import_themes, export_themes, save, load, remove)


def _tell(summary: ImportSummary, what: str, as_json: bool) -> None:
    if as_json:
        say_json(summary)
        return
    counted = f"{summary.n_themes} themes, {summary.n_sub_themes} sub-themes, {what}"
    if summary.changed:
        events = ", ".join(f"{count} {event}" for event, count in summary.lineage.items())
        say(f"Codebook {summary.codebook_version}: {counted} ({events}).")
    else:
        say(f"Codebook {summary.codebook_version} stands ({counted}): the same was imported last.")
    tagging = summary.tagging
    say(f"Tagged {tagging.n_tagged:,} statements; {tagging.coverage:.0%} of all statements have a theme.")
    for conflict in summary.conflicts:
        words = conflict_words(conflict)
        say(f"{words[0].upper()}{words[1:]}")
