"""facts: what is known of feedback only after it was read."""

from __future__ import annotations

from pathlib import Path

import click

from feedback_nlp.cli.shared import common_options, note, open_store, progress_bars, require_place, say, say_json
from feedback_nlp.settings import Settings


@click.command()
@click.argument("file", type=click.Path(path_type=Path, readable=False))
@click.option("--id", "id_column", metavar="COLUMN", help="Column with the id that the feedback was read with.")
@click.option("--customer", metavar="COLUMN", help="Column that names the customer, for facts of all that they wrote.")
@click.option(
    "--score",
    "scores",
    multiple=True,
    metavar="NAME=COLUMN",
    help="Fact or score to set, such as churn=cancelled, fcr=COLUMN, resolution_hours=COLUMN; repeatable.",
)
@click.option("--segment", "segments", multiple=True, metavar="COLUMN", help="Segment to set; repeatable.")
@click.option("--encoding", help="Encoding of a text file (default: detected).")
@click.option("--delimiter", help="Delimiter of a text file (default: detected).")
@click.option("--sheet", help="Sheet of a workbook (default: the first).")
@click.option("--rejects", type=click.Path(dir_okay=False, path_type=Path), help="File for rows that were not used.")
@common_options
def facts(
    file: Path,
    id_column: str | None,
    customer: str | None,
    scores: tuple[str, ...],
    segments: tuple[str, ...],
    encoding: str | None,
    delimiter: str | None,
    sheet: str | None,
    rejects: Path | None,
    settings: Settings,
    as_json: bool,
) -> None:
    """Add facts from FILE to feedback that is stored, or correct them: churn, resolution time, plan and the like.

    FILE needs no text: its rows are matched by --id or --customer. Empty cells and scores that are not named leave what
    is stored. Nothing is encoded or tagged again, and adding the same file again changes nothing.
    """
    from feedback_nlp.language.reading.columns import ColumnFlags
    from feedback_nlp.pipeline.facts import add_facts

    if rejects:
        require_place(rejects, "rejects", settings, file)
    flags = ColumnFlags(id=id_column, customer=customer, scores=scores, segments=segments)
    with open_store(settings, must_exist=True) as store, progress_bars() as progress:
        summary = add_facts(
            *(store, file, flags, settings),
            rejects_file=rejects,
            progress=progress,
            encoding=encoding,
            delimiter=delimiter,
            sheet=sheet,
        )
    if as_json:
        say_json(summary)
        return
    for line in summary.explanation:
        note(f"  {line}")
    say(
        f"{summary.file}: {summary.n_read:,} rows read; {summary.n_matched:,} matched, {summary.n_unmatched:,} "
        f"unmatched, {summary.n_rejected:,} rejected, {summary.n_empty:,} empty. Feedback updated "
        f"{summary.n_updated:,}, unchanged {summary.n_unchanged:,}."
    )
    if summary.rejects_file:
        say(
            f"{summary.n_unmatched + summary.n_rejected:,} rows were not used and {summary.n_warnings:,} values could "
            f"not be read: {summary.rejects_file}"
        )
