"""sentiment tune: the head fitted to labelled rows of one's own, or the reason why it was not."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from feedback_nlp.cli.shared import common_options, note, progress_bars, require_place, say, say_json
from feedback_nlp.errors import UsageError
from feedback_nlp.settings import Settings

if TYPE_CHECKING:
    from feedback_nlp.pipeline.sentiment_tuning import TuningSummary

_FIGURES = {"macro_f1": "macro-F1", "accuracy": "accuracy", "log_loss": "log loss", "ece": "calibration error"}
_HOW_TO_READ = (
    "5-fold cross-validation: every row is judged by a head that did not learn from it. Gain: above 0 is better, with "
    "its 95 % interval (paired bootstrap). macro-F1 and accuracy: 1 is best; log loss and calibration error: 0 is best."
)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, readable=False))  # the reader says why not
@click.option("--text", required=True, metavar="COLUMN", help="Column of the texts.")
@click.option("--label", metavar="COLUMN", help="Column of labels: negative, neutral, positive, or -1, 0, 1.")
@click.option(
    "--score",
    metavar="NAME=COLUMN",
    help="Score column instead of labels: nps, csat, stars, likely, or any name with its scale, NAME=COLUMN:MIN-MAX.",
)
@click.option("--language", metavar="COLUMN", help="Column of the language (default: detected row by row).")
@click.option("--group", metavar="COLUMN", help="Column whose equal values are kept on one side, such as customers.")
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="HEAD.safetensors",
    help="Where to write the head; a JSON file of the same name goes beside it.",
)
@click.option("--sheet", help="Sheet of a workbook (default: the first).")
@click.option("--delimiter", help="Delimiter of a text file (default: detected).")
@click.option("--encoding", help="Encoding of a text file (default: detected).")
@common_options
def tune(file: Path, out: Path, settings: Settings, as_json: bool, **columns: Any) -> None:
    """Fit the sentiment head to the labelled rows of FILE, and write it when it helps.

    Nothing is stored and no text leaves this machine. With less than 50 rows, or when cross-validation does not show
    for certain that labels or probabilities get better, nothing is written and the exit code is 1. Emotions and
    intents stay as they are.
    """
    from feedback_nlp.pipeline.sentiment_tuning import tune_sentiment

    if out.suffix != ".safetensors":
        raise UsageError(f"--out {str(out)!r}: a head is a .safetensors file. Name it {out.stem}.safetensors")
    for place in (out, out.with_suffix(".json")):
        require_place(place, "head", settings, file)
    note(f"Reading {file.name} ...")
    with progress_bars() as progress:
        summary = tune_sentiment(file, out, settings, progress=progress, **columns)
    if as_json:
        say_json(summary.to_dict())
    else:
        _say(summary)
    if summary.out is None:
        raise SystemExit(1)


def _say(summary: TuningSummary) -> None:
    result = summary.result
    for line in summary.explanation:
        note(f"  {line}")
    labels = ", ".join(f"{count:,} {name}" for name, count in result.n_labels.items())
    languages = ", ".join(f"{code} {count:,}" for code, count in list(summary.languages.items())[:8])
    say(f"{result.n:,} of {summary.n_read:,} rows used: {labels or 'none'} ({languages or 'no language'}).")
    for reason, count in summary.left_out.items():
        say(f"Left out: {count:,} rows, {reason}.")
    if result.before is not None and result.after is not None:
        say(f"{'':18} {'before':>7} {'after':>7}   gain (95 % interval)")
        for name, words in _FIGURES.items():
            gain = result.gains[name]
            before, after = getattr(result.before, name), getattr(result.after, name)
            say(f"{words:18} {before:7.3f} {after:7.3f}  {gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})")
        for code, n, before, after, gains in result.languages:
            gain = gains["macro_f1"]
            say(
                f"{code:3} {n:6,} rows    macro-F1 {before.macro_f1:.3f} to {after.macro_f1:.3f}, "
                f"{gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})"
            )
        say(_HOW_TO_READ)
    for line in result.warnings:
        say(f"Note: {line}")
    if summary.out is None:
        say(f"Not written. {result.refusal}")
        return
    if result.gains["macro_f1"].low <= 0:
        say("The probabilities get better for certain, the labels themselves do not.")
    say(f"Head: {summary.out}")
    say(f"Next: feedback-nlp ingest FILE --set sentiment={quote(summary.out)}, or set it in feedback.toml.")
