"""report, export: what leaves the database."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from feedback_nlp.cli.shared import (
    common_options,
    open_store,
    require_place,
    say,
    say_json,
    view_from,
    view_options,
)
from feedback_nlp.cli.weighting import say_weighting, weighting_facts
from feedback_nlp.errors import FeedbackError
from feedback_nlp.records import View
from feedback_nlp.settings import Settings

if TYPE_CHECKING:
    import polars as pl

    from feedback_nlp.analysis.frames import AnalysisFrames
    from feedback_nlp.store import Store

KINDS = ("statements", "feedback", "themes", "mentions", "customers")


@click.command()
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path), default=Path("feedback-report.html"))
@click.option("--title", help="Title of the report.")
@click.option("--outcome", help="Score that damage is measured on (default: NPS where there is one).")
@view_options
@common_options
def report(out: Path, title: str | None, outcome: str | None, settings: Settings, as_json: bool, **view: Any) -> None:
    """Write the report on a view of the data to OUT, one HTML file that needs no network."""
    require_place(out, "report", settings)
    with open_store(settings, must_exist=True) as store:
        table, weighting = write_report(store, settings, view_from(**view), out, title=title, outcome=outcome)
    if as_json:
        say_json({"report": str(out), **weighting, "themes": table.to_dicts()})
        return
    say_weighting(weighting)
    say(f"Report: {out}")


@click.command()
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--codebook", "version", type=int, help="Codebook version (default: the newest).")
@common_options
def export(kind: str, out: Path, version: int | None, settings: Settings, as_json: bool) -> None:
    """Write a table of KIND to OUT: .parquet, .csv, .json, .jsonl or .xlsx by its suffix.

    Rows are single answers, not groups: keep the file as safe as the data itself.
    """
    from feedback_nlp.export import export_table

    with open_store(settings, must_exist=True) as store:
        summary = export_table(store, kind, out, codebook_version=version, settings=settings)  # type: ignore[arg-type]
    if as_json:
        say_json(summary)
        return
    say(f"{summary.n_rows:,} {kind} in {out}")


def analysis_frames(store: Store, settings: Settings, view: View) -> AnalysisFrames:
    """Return the tables of a view. Raises NothingToShow before the first codebook or without feedback."""
    from feedback_nlp.analysis.loading import load_frames

    return load_frames(store, settings, view)


def write_report(
    store: Store, settings: Settings, view: View, out: Path, *, title: str | None, outcome: str | None = None
) -> tuple[pl.DataFrame, dict[str, Any]]:
    """Write the report of ``view`` to ``out``; return its table of themes, and how responses are weighted."""
    from feedback_nlp.analysis.outcomes import choose_outcome
    from feedback_nlp.analysis.themes import theme_table
    from feedback_nlp.report import render_report

    frames = analysis_frames(store, settings, view)
    measured = choose_outcome(frames, outcome)
    html = render_report(
        frames,
        view=view,
        title=title or "What customers tell us",
        codebook_version=store.latest_codebook_version(ready=True) or 0,
        created=datetime.now(),
        outcome=measured,
    )
    try:
        out.write_text(html, encoding="utf-8")
    except OSError as error:
        raise FeedbackError(
            f"The report {out} cannot be written ({error.strerror}). Check the disk and the rights, or choose another "
            "place."
        ) from None
    return theme_table(frames, outcome=measured), weighting_facts(frames, measured)
