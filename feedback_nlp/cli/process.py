"""run, ingest, discover, tag: feedback in, themes tagged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, TypeVar

import click

from feedback_nlp.cli.granularity import say_trust, table_lines
from feedback_nlp.cli.shared import common_options, note, open_store, progress_bars, require_place, say, say_json
from feedback_nlp.errors import FeedbackError
from feedback_nlp.settings import Settings

if TYPE_CHECKING:
    from feedback_nlp.language.reading.columns import ColumnFlags, ColumnMapping
    from feedback_nlp.language.reading.tables import Table
    from feedback_nlp.pipeline import DiscoverySummary, IngestSummary, TagSummary

F = TypeVar("F", bound=Callable[..., Any])
SOURCES = ("survey", "ticket", "chat", "review", "e-mail", "phone", "social")


def _column_options(command: F) -> F:
    """Add the flags that say which column is what, and how a file is to be read."""
    decorated: Any = command
    for option in (
        click.option("--rejects", type=click.Path(dir_okay=False, path_type=Path), help="File for unreadable rows."),
        click.option("--sheet", help="Sheet of a workbook (default: the first)."),
        click.option("--delimiter", help="Delimiter of a text file (default: detected)."),
        click.option("--encoding", help="Encoding of a text file (default: detected)."),
        click.option(
            "--speaker",
            metavar="COLUMN[:VALUE,VALUE]",
            help="Column of a chat or ticket log that says who speaks, and the customer's values in it; other rows "
            "are set aside, and what a customer wrote in one conversation is one feedback.",
        ),
        click.option("--channel", metavar="COLUMN", help="Column of the channel."),
        click.option(
            "--weight",
            metavar="COLUMN",
            help="Column of the survey's weights, numbers above 0: how much a response counts (default: all alike).",
        ),
        click.option("--language", metavar="COLUMN", help="Column of the language (default: detected row by row)."),
        click.option("--source", metavar="COLUMN|KIND", help=f"Column of the source, or one of {', '.join(SOURCES)}."),
        click.option("--question", metavar="COLUMN|TEXT", help="Column of the question, or its wording."),
        click.option("--segment", "segments", multiple=True, metavar="COLUMN", help="Segment column; repeatable."),
        click.option(
            "--score",
            "scores",
            multiple=True,
            metavar="NAME=COLUMN",
            help="Score column: nps, csat, stars, likely, ces=COLUMN:MIN-MAX:higher|lower, any name with its scale; or "
            "a fact: churn, fcr, resolution=COLUMN:minutes, NAME=COLUMN:flag.",
        ),
        click.option(
            "--date", metavar="COLUMN", help="Column of the date; COLUMN:dmy or COLUMN:mdy settles the order."
        ),
        click.option("--customer", metavar="COLUMN", help="Column that names the customer."),
        click.option("--id", "id_column", metavar="COLUMN", help="Column that names the response."),
        click.option("--text", multiple=True, metavar="COLUMN", help="Text column; several are several questions."),
    ):
        decorated = option(decorated)
    return decorated


_FILE = click.argument("file", type=click.Path(path_type=Path, readable=False))  # the reader says why not


@click.command()
@_FILE
@_column_options
@click.option(
    "--report",
    "report_file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("feedback-report.html"),
    show_default=True,
    help="Where to write the report.",
)
@common_options
def run(file: Path, report_file: Path, settings: Settings, as_json: bool, **columns: Any) -> None:
    """Read FILE, discover themes, tag, and write the report.

    FILE is .csv, .tsv, .xlsx, .jsonl or .parquet. Columns that no flag names are guessed, and the guess is printed.
    Running the same file again adds nothing.
    """
    from feedback_nlp.cli.output import write_report
    from feedback_nlp.pipeline import run_pipeline
    from feedback_nlp.records import View

    require_place(report_file, "report", settings, file)
    table, mapping, source = _understood(file, columns, settings)
    _say_explanation(table, mapping)
    stored: list[IngestSummary] = []
    with open_store(settings) as store, _told_on_failure(stored), progress_bars() as progress:
        summary = run_pipeline(
            store,
            file,
            _flags(columns),
            settings,
            progress=progress,
            read=(table, mapping),
            source=source,
            rejects_file=columns["rejects"],
            on_ingested=stored.append,
        )
        write_report(store, settings, View(), report_file, title=None)
    if as_json:
        say_json(
            {
                "ingest": summary.ingest,
                "discovery": summary.discovery,
                "tagging": summary.tagging,
                "seconds": round(summary.seconds, 2),
                "report": str(report_file),
                "db": _shown(settings),
            }
        )
        return
    _say_ingest(summary.ingest)
    _say_discovery(summary.discovery, settings)
    _say_tagging(summary.tagging, settings)
    say(f"Report: {report_file} ({summary.seconds:.0f} s in all)")
    say(f"Next: open the report in a browser, or run: feedback-nlp app{_db_flag(settings)}")


@click.command()
@_FILE
@_column_options
@common_options
def ingest(file: Path, settings: Settings, as_json: bool, **columns: Any) -> None:
    """Read FILE into the database: redacted, split into statements, encoded and scored.

    Reading a file twice adds nothing; a changed row updates. Rows that cannot be read go to a rejects file.
    """
    from feedback_nlp.pipeline import ingest as ingest_file

    table, mapping, source = _understood(file, columns, settings)
    _say_explanation(table, mapping)
    with open_store(settings) as store, progress_bars() as progress:
        summary = ingest_file(
            store,
            file,
            _flags(columns),
            settings,
            progress=progress,
            read=(table, mapping),
            source=source,
            rejects_file=columns["rejects"],
        )
    if as_json:
        say_json(summary)
        return
    _say_ingest(summary)
    say(f"Next: feedback-nlp discover{_db_flag(settings)} (new themes) or tag (the themes you have).")


@click.command()
@common_options
def discover(settings: Settings, as_json: bool) -> None:
    """Learn themes from all stored feedback and publish them as the next codebook version."""
    from feedback_nlp.pipeline import discover_themes

    with open_store(settings, must_exist=True) as store, progress_bars() as progress:
        summary = discover_themes(store, settings, progress=progress)
    if as_json:
        say_json(summary)
        return
    _say_discovery(summary, settings)
    if summary.candidates and summary.changed:
        say("How fine the themes are was chosen among:")
        for line in table_lines(summary.candidates):
            say(f"  {line}")
    say(f"Next: feedback-nlp tag{_db_flag(settings)}")


@click.command()
@click.option("--codebook", "version", type=int, help="Codebook version (default: the newest).")
@click.option(
    "--keep-history",
    is_flag=True,
    help="Tag only what no codebook has tagged: older feedback keeps what older ones said, and trends mark the change.",
)
@common_options
def tag(settings: Settings, as_json: bool, version: int | None, keep_history: bool) -> None:
    """Tag statements that have no tags yet with the themes of the newest codebook: what a nightly job runs."""
    from feedback_nlp.pipeline import tag_statements

    with open_store(settings, must_exist=True) as store, progress_bars() as progress:
        summary = tag_statements(store, settings, version=version, keep_history=keep_history, progress=progress)
    if as_json:
        say_json(summary)
        return
    _say_tagging(summary, settings)


def _understood(file: Path, columns: dict[str, Any], settings: Settings) -> tuple[Table, ColumnMapping, str]:
    """Return the table, what its columns are, and the source of rows that do not say theirs."""
    from feedback_nlp.language.reading.columns import map_columns
    from feedback_nlp.language.reading.files import read_file

    if columns["rejects"]:
        require_place(columns["rejects"], "rejects", settings, file)
    note(f"Reading {file.name} ...")
    table = read_file(file, encoding=columns["encoding"], delimiter=columns["delimiter"], sheet=columns["sheet"])
    flags = _flags(columns)
    source = "survey"
    if flags.source in SOURCES and flags.source not in table.columns:
        source = str(flags.source)
        flags = replace(flags, source=None)
        columns["source"] = None
    return table, map_columns(table, flags), source


def _flags(columns: dict[str, Any]) -> ColumnFlags:
    from feedback_nlp.language.reading.columns import ColumnFlags

    return ColumnFlags(
        text=columns["text"],
        id=columns["id_column"],
        customer=columns["customer"],
        date=columns["date"],
        scores=columns["scores"],
        segments=columns["segments"],
        question=columns["question"],
        source=columns["source"],
        language=columns["language"],
        channel=columns["channel"],
        speaker=columns["speaker"],
        weight=columns["weight"],
    )


def _say_explanation(table: Table, mapping: ColumnMapping) -> None:
    for line in (*table.notes, *mapping.explanation):
        note(f"  {line}")


@contextmanager
def _told_on_failure(stored: Sequence[IngestSummary]) -> Iterator[None]:
    """Say on stderr what was stored when a later step fails: it stays."""
    try:
        yield
    except FeedbackError:
        for summary in stored:
            _say_ingest(summary, note)
        raise


def _say_ingest(summary: IngestSummary, say: Callable[[str], None] = say) -> None:
    say(
        f"{summary.file}: {summary.n_read:,} rows read; feedback added {summary.n_added:,}, "
        f"updated {summary.n_updated:,}, unchanged {summary.n_unchanged:,}."
    )
    if summary.n_rejected or summary.n_warnings:
        say(
            f"{summary.n_rejected:,} rows could not be read and {summary.n_warnings:,} went in without a score, "
            f"date or weight: {summary.rejects_file}"
        )
    if summary.n_set_aside:
        say(f"{summary.n_set_aside:,} turns of agents and machines were set aside.")
    if summary.n_kept_out:
        say(f"{summary.n_kept_out:,} answers of people who were erased were left out.")
    kinds = f" (non-answers: {_counted(summary.non_answers)})" if summary.non_answers else ""
    say(f"{summary.n_answers:,} answered, {summary.n_said_something:,} said something{kinds}.")
    say(f"Languages: {_counted(summary.languages)}. New statements: {summary.n_statements:,}.")
    if summary.n_duplicates:
        say(f"{summary.n_duplicates:,} answers in the database repeat another one, word for word or nearly so.")
    if summary.asides:
        say(f"Set aside in texts, as the customer did not say it: {_counted(summary.asides)}.")
    if summary.redactions:
        kinds_of = Counter[str]()
        for found in summary.redactions.values():
            kinds_of.update(found)
        say(f"Redacted: {_counted(dict(kinds_of.most_common()), most=20)}.")
    if summary.public_accounts:
        say(f"Accounts taken for public and kept: {' '.join(summary.public_accounts)}.")


def _counted(counts: Mapping[str, int], most: int = 8) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in list(counts.items())[:most])


def _say_discovery(summary: DiscoverySummary, settings: Settings) -> None:
    counted = f"{summary.n_themes} themes, {summary.n_sub_themes} sub-themes"
    if not summary.changed:
        say(f"Codebook {summary.codebook_version} stands ({counted}): nothing new to learn from.")
        return
    events = ", ".join(f"{count} {event}" for event, count in summary.lineage.items())
    say(f"Codebook {summary.codebook_version}: {counted} from {summary.n_statements:,} distinct statements ({events}).")
    say_trust(summary, say, _db_flag(settings))


def _say_tagging(summary: TagSummary, settings: Settings) -> None:
    say(
        f"Tagged {summary.n_tagged:,} statements with codebook {summary.codebook_version}; "
        f"{summary.coverage:.0%} of all statements have a theme."
    )
    if summary.n_review:
        say(f"{summary.n_review:,} of them lie near a boundary: feedback-nlp themes review{_db_flag(settings)}")


def _shown(settings: Settings) -> str:
    from feedback_nlp.cli.machine import without_password

    return without_password(settings.db)


def _db_flag(settings: Settings) -> str:
    return "" if settings.db == Settings().db else f" --db {quote(_shown(settings))}"
