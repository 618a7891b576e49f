"""redact, erase, original: personal data out of a file, a person out of the database, a text as it was written."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from feedback_nlp.cli.shared import common_options, note, open_store, progress_bars, require_place, say, say_json
from feedback_nlp.errors import FeedbackError, NothingToShow, SettingError, UsageError
from feedback_nlp.settings import Settings

if TYPE_CHECKING:
    from feedback_nlp.language.reading.columns import ColumnMapping
    from feedback_nlp.language.reading.tables import Table
    from feedback_nlp.pipeline.privacy import ErasurePlan, ErasureSummary
    from feedback_nlp.pipeline.redact_file import RedactionReport


@click.command()
@click.argument("file", type=click.Path(path_type=Path, readable=False))
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--text", "texts", multiple=True, metavar="COLUMN", help="Column to redact; repeatable (default: text).")
@click.option("--all-columns", is_flag=True, help="Redact every column: ids, names and segments too.")
@click.option("--language", metavar="COLUMN", help="Column of the language (default: detected row by row).")
@click.option("--names/--no-names", default=None, help="Look for people's names (default: the setting redact_names).")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="File for the counts as JSON.")
@click.option("--rejects", type=click.Path(dir_okay=False, path_type=Path), help="File for unreadable rows.")
@click.option("--sheet", help="Sheet of a workbook (default: the first).")
@click.option("--delimiter", help="Delimiter of a text file (default: detected).")
@click.option("--encoding", help="Encoding of a text file (default: detected).")
@common_options
def redact(
    file: Path,
    out: Path,
    texts: tuple[str, ...],
    all_columns: bool,
    language: str | None,
    names: bool | None,
    report: Path | None,
    rejects: Path | None,
    settings: Settings,
    as_json: bool,
    **reading: str | None,
) -> None:
    """Write FILE to OUT with personal data replaced by placeholders, and all else as it was.

    FILE is .csv, .tsv, .xlsx, .jsonl or .parquet, and so is OUT, by its suffix. Text columns are found unless --text
    names them. What is found is counted, never shown. No program finds all: look through OUT before you hand it on.
    """
    from feedback_nlp.cli.redacted_output import check_format, redactable, write_redacted
    from feedback_nlp.language.reading.files import read_file
    from feedback_nlp.language.reading.rejects import write_rejects
    from feedback_nlp.pipeline.redact_file import FileRedaction

    check_format(out)
    _require_places(file, settings, [(out, "redacted file"), (report, "report"), (rejects, "list of rejected rows")])
    note(f"Reading {file.name} ...")
    table = read_file(file, **reading)
    if rejects is None and table.rejects:
        rejects = Path(f"{file.stem.encode('utf-8', 'ignore')[:200].decode('utf-8', 'ignore')}.rejects.csv")
        _require_places(
            file, settings, [(out, "redacted file"), (report, "report"), (rejects, "list of rejected rows")]
        )
    mapping = _mapping(table, texts, language, all_columns)
    found = mapping.text_columns if mapping else ()
    columns = redactable(file, table, table.columns if all_columns else list(found))
    for line in (*table.notes, f"Redacted columns: {', '.join(map(repr, columns)) or 'none'}."):
        note(f"  {line}")
    with progress_bars() as progress:
        redaction = FileRedaction(
            table,
            columns,
            [name for name in found if name in columns],
            mapping.language if mapping else None,
            settings,
            settings.redact_names == "on" if names is None else names,
            progress,
        )
        notes = write_redacted(redaction, file, out)
    if rejects is not None and table.rejects:
        write_rejects(rejects, table.rejects, file)
    outcome = redaction.report()
    document = {"file": file.name, "out": str(out), **asdict(outcome)}
    document["rejects_file"] = str(rejects) if table.rejects else None
    if report is not None:
        _write_json(report, document)
    for line in notes:
        note(f"  {line}")
    if as_json:
        say_json(document)
        return
    _say_redaction(outcome, out)
    if table.rejects:
        say(f"{outcome.n_rejected:,} rows could not be read and are not in it: {rejects}")


@click.command()
@click.option("--customer", "customers", multiple=True, metavar="ID", help="Customer id of a person; repeatable.")
@click.option(
    "--id",
    "external_ids",
    multiple=True,
    metavar="ID",
    help="Id of a response, for who has no customer id; repeatable.",
)
@click.option("--keep-out", is_flag=True, help="Leave the rows of these people out of files that are read later.")
@click.option("--yes", is_flag=True, help="Erase without asking.")
@common_options
def erase(
    customers: tuple[str, ...],
    external_ids: tuple[str, ...],
    keep_out: bool,
    yes: bool,
    settings: Settings,
    as_json: bool,
) -> None:
    """Erase a person: all feedback with this id and what was made of it, from the database and the originals.

    The bytes go too, not only the rows. Exit code 1 when nobody has that id, or when bytes may be left because another
    program is reading. Files outside of the database, such as exports and reports, are not touched.
    """
    from feedback_nlp.pipeline.privacy import carry_out, plan_erasure

    if not yes and (as_json or not sys.stdin.isatty()):
        raise UsageError("There is nobody to ask whether to erase. Say --yes to erase without asking.")
    with open_store(settings, must_exist=True) as store:
        plan = plan_erasure(store, settings, customers, external_ids)
        if not plan.feedback_ids:
            if not store.wipe_due():
                raise NothingToShow(
                    "Nobody in this database has that id, so that nothing was erased. Ids are compared letter by "
                    "letter, capitals too: give it as it stood in the file."
                )
            done = store.wipe()
            if as_json:
                say_json({"n_feedback": 0, "wiped": done, "not_found": plan.not_found})
            else:
                say(_wiped(done, "Nobody has that id. Of who was erased before, "))
            raise SystemExit(0 if done else 1)
        for line in _planned(plan):
            note(line)
        if not yes and not click.confirm("Erase for good?", err=True):
            note("Nothing was erased.")
            raise SystemExit(1)
        summary = carry_out(store, settings, plan, keep_out=keep_out)
    if as_json:
        say_json(summary)
    else:
        _say_erasure(summary)
    if not summary.wiped or summary.not_found:
        raise SystemExit(1)


@click.command()
@click.argument("feedback_id")
@common_options
def original(feedback_id: str, settings: Settings, as_json: bool) -> None:
    """Print the text of FEEDBACK_ID as it was written, where the setting 'originals' says that it is kept.

    It holds whatever personal data its writer put there.
    """
    from feedback_nlp.pipeline.privacy import open_originals

    if not settings.originals:
        raise SettingError(
            "originals = '': texts as written are not kept, or not said where. Name their database with --set "
            "originals=URL."
        )
    with open_originals(settings, must_exist=True) as originals:
        text = originals.get([feedback_id]).get(feedback_id)
    if text is None:
        raise NothingToShow(
            f"There is no original of {feedback_id!r}. `feedback-nlp export feedback OUT` lists the ids."
        )
    if as_json:
        say_json({"feedback_id": feedback_id, "text": text})
    else:
        say(_harmless(text) if sys.stdout.isatty() else text)


def _require_places(file: Path, settings: Settings, places: list[tuple[Path | None, str]]) -> None:
    """Raise before the work when something cannot be written, or would overwrite another thing."""
    taken: set[Path] = set()
    for place, what in places:
        if place is None:
            continue
        require_place(place, what, settings, file)
        if place.resolve() in taken:
            raise UsageError(f"{place} is named twice. Give the {what} a place of its own.")
        taken.add(place.resolve())


def _mapping(table: Table, texts: tuple[str, ...], language: str | None, all_columns: bool) -> ColumnMapping | None:
    """Return what the columns are; None when no text is among them and all are to be redacted anyway."""
    from feedback_nlp.errors import MappingError
    from feedback_nlp.language.reading.columns import ColumnFlags, map_columns

    try:
        return map_columns(table, ColumnFlags(text=texts, language=language))
    except MappingError:
        if not all_columns or texts or language:
            raise
        return None


def _write_json(path: Path, document: dict[str, Any]) -> None:
    try:
        path.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise FeedbackError(f"The report {path} cannot be written ({error.strerror}). Choose another place.") from None


def _say_redaction(outcome: RedactionReport, out: Path) -> None:
    say(f"{out}: {outcome.n_rows:,} rows, {outcome.n_changed:,} of them with something replaced.")
    if outcome.replaced:
        say("Replaced: " + _listed(outcome.replaced) + ".")
        for language, counts in outcome.by_language.items():
            say(f"  {language}: {_listed(counts)}")
    if not outcome.names:
        say("Names of people were not looked for.")


def _listed(counts: Any) -> str:
    return ", ".join(f"{kind} {count:,}" for kind, count in counts.items())


def _planned(plan: ErasurePlan) -> list[str]:
    """Say what would go, what is not there, and what stays."""
    lines = [f"Found: {_parts(plan)}."]
    if plan.not_found:
        lines.append(f"Nobody has the id given as {', '.join(plan.not_found)}.")
    if plan.n_elsewhere:
        lines.append(
            f"The same customers have {plan.n_elsewhere:,} more feedback, which stays: --customer takes it too."
        )
    return [*lines, *plan.notes]


def _parts(counts: ErasurePlan | ErasureSummary) -> str:
    return (
        f"{counts.n_feedback:,} feedback, {counts.n_statements:,} statements, {counts.n_vectors:,} vectors of texts "
        f"that nobody else wrote, {counts.n_quotes:,} quotes in codebooks, {counts.n_originals:,} originals"
    )


def _say_erasure(summary: ErasureSummary) -> None:
    say(f"Erased: {_parts(summary)}.")
    if summary.kept_out:
        say("Kept out: rows of the same ids are left out of files that are read from now on.")
    say(_wiped(summary.wiped, "In the database's files "))
    if summary.not_found:
        say(f"Nobody has the id given as {', '.join(summary.not_found)}.")
    for line in summary.notes:
        say(line)


def _wiped(done: bool, opening: str) -> str:
    if done:
        return f"{opening}no byte is left."
    return (
        f"{opening}bytes may be left: another program is reading the database, or the disk is full. See to that and "
        "run the same command again."
    )


def _harmless(text: str) -> str:
    """Return a text without characters that would command a terminal."""
    return "".join(c if c.isprintable() or c in "\n\t" or ord(c) > 159 else f"\\x{ord(c):02x}" for c in text)
