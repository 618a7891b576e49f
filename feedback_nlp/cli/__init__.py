"""The command line. Importing it loads nothing heavy: each command imports what it needs when it runs."""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path

import click

from feedback_nlp import __version__
from feedback_nlp.cli import (
    actions,
    drivers,
    evaluate,
    facts,
    machine,
    output,
    privacy,
    process,
    segments,
    sentiment,
    themes,
    watching,
)
from feedback_nlp.errors import FeedbackError, did_you_mean

INTERRUPTED = 130


class _Commands(click.Group):
    """Commands in the order in which one needs them, with a suggestion for a misspelt one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            ctx.fail(f"There is no command {args[0]!r}.{did_you_mean(args[0], self.commands)}")
        return super().resolve_command(ctx, args)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="feedback-nlp")
def cli() -> None:
    """Themes, sentiment and NPS drivers from open-ended customer feedback.

    Start with `feedback-nlp run FILE`: it reads the file, finds the themes and writes a report. Then
    `feedback-nlp app` opens the app on the same data. Nothing leaves this machine.
    """


for command in (
    process.run,
    process.ingest,
    facts.facts,
    process.discover,
    process.tag,
    output.report,
    themes.themes,
    sentiment.sentiment,
    drivers.drivers,
    drivers.priorities,
    segments.segments,
    watching.trends,
    watching.emerging,
    actions.actions,
    actions.callbacks,
    output.export,
    evaluate.evaluate,
    privacy.redact,
    privacy.erase,
    privacy.original,
    machine.app,
    machine.settings,
    machine.doctor,
    machine.prepare,
):
    cli.add_command(command)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with 0 (done), 1 (an error of the data or the machine) or 2 (of usage)."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        code = cli.main(args=words, prog_name="feedback-nlp", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except FeedbackError as error:
        _fail(words, type(error).__name__, str(error), error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        sys.exit(2)
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "feedback-nlp"
        _fail(words, "UsageError", f"{error.format_message()} See '{where} --help'.", 2)
    except (click.Abort, KeyboardInterrupt):
        _fail(words, "Interrupted", "Stopped. What was stored stays; run the same command again to go on.", INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        _fail(words, type(error).__name__, _unexpected(error), 1)


def _fail(words: list[str], kind: str, message: str, code: int) -> None:
    if "--json" in words:
        click.echo(json.dumps({"error": {"kind": kind, "message": message, "exit_code": code}}, ensure_ascii=False))
    click.echo(f"Error: {message}", err=True)
    sys.exit(code)


def _unexpected(error: Exception) -> str:
    """Say where an unforeseen error came from without its message, which could hold what a customer wrote."""
    if os.environ.get("FEEDBACK_DEBUG"):
        traceback.print_exc()
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "feedback_nlp" in frame.filename] or frames
    place = f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else "an unknown place"
    return (
        f"{type(error).__name__} at {place}. This is a fault of the program, not of your data. "
        "Set FEEDBACK_DEBUG=1 for the traceback (it may quote feedback: read it before you share it)."
    )


__all__ = ["cli", "main"]
