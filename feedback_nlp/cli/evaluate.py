"""evaluate: whether the themes are fit to publish, and a sample for a person to code."""

from __future__ import annotations

from pathlib import Path

import click

from feedback_nlp.cli.shared import common_options, note, open_store, require_place, say, say_json
from feedback_nlp.errors import UsageError
from feedback_nlp.settings import Settings

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.option("--label", metavar="SEGMENT", help="Segment column with known labels; several in a cell apart by '|'.")
@click.option("--parallel", metavar="SEGMENT", help="Segment column whose value translations of a text share.")
@click.option("--second-encoder", metavar="NAME", help="Judge how far themes lie apart with another encoder too.")
@click.option("--sample", type=_FILE, metavar="OUT", help="Write a random sample for a person to code (.csv, .xlsx).")
@click.option("--size", type=click.IntRange(1, 100_000), help="Statements in the sample (200).")
@click.option("--coded", type=_FILE, metavar="FILE", multiple=True, help="A sample that a person coded; twice for two.")
@click.option("--rejects", type=_FILE, help="File for rows of --coded that cannot be read.")
@click.option("--codebook", "version", type=int, help="Codebook version (the newest, or that of the coded sample).")
@common_options
def evaluate(
    label: str | None,
    parallel: str | None,
    second_encoder: str | None,
    sample: Path | None,
    size: int | None,
    coded: tuple[Path, ...],
    rejects: Path | None,
    version: int | None,
    settings: Settings,
    as_json: bool,
) -> None:
    """Measure the themes: are they fit to publish, and why (not)?

    Coverage, coherence, separation, stability, language leakage and drift; with --label agreement with known labels,
    with --coded agreement with people. First `evaluate --sample sample.xlsx`, let one or two people fill it in,
    then `evaluate --coded theirs.xlsx`.
    """
    _require_sense(sample, size, coded, rejects, settings)
    if sample is not None:
        if label or parallel or second_encoder or coded:
            raise UsageError("--sample only writes a sample. Run evaluate again without it for the figures.")
        _write_sample(sample, size or 200, version, settings, as_json)
        return
    from feedback_nlp.evaluation import evaluate as measure

    if second_encoder is not None:
        note(f"Encoding a sample of each sub-theme with {second_encoder!r} as well ...")
    with open_store(settings, must_exist=True) as store:
        quality = measure(
            store,
            settings,
            label_column=label,
            parallel_column=parallel,
            second_encoder=second_encoder,
            coded=coded,
            rejects_file=rejects,
            codebook_version=version,
        )
    if as_json:
        say_json(quality.to_dict())
    else:
        say(quality.to_text())


def _require_sense(
    sample: Path | None, size: int | None, coded: tuple[Path, ...], rejects: Path | None, settings: Settings
) -> None:
    if size is not None and sample is None:
        raise UsageError("--size is for --sample. Write: feedback-nlp evaluate --sample OUT.xlsx --size N")
    if rejects is not None and not coded:
        raise UsageError("--rejects is for the rows of --coded FILE. Leave it out, or give a coded file.")
    if len({file.resolve() for file in coded}) < len(coded):
        raise UsageError("--coded names the same file twice. Give each coder's own file.")
    if rejects is not None:
        for file in coded:
            require_place(rejects, "rejects", settings, file)


def _write_sample(out: Path, size: int, version: int | None, settings: Settings, as_json: bool) -> None:
    from feedback_nlp.evaluation.sample import draw_sample

    require_place(out, "sample", settings)
    for file in (out, out.with_name(f"{out.stem}-themes{out.suffix}")):
        if file.exists():
            raise UsageError(f"{file} is there already, and somebody may have coded in it. Name another file.")
    with open_store(settings, must_exist=True) as store:
        drawn = draw_sample(store, settings, out, size=size, codebook_version=version)
    if as_json:
        say_json(drawn)
    else:
        languages = ", ".join(f"{code} {n}" for code, n in drawn.languages.items())
        say(f"Sample: {drawn.n_statements:,} of {drawn.n_population:,} distinct statements in {out} ({languages}).")
        if drawn.themes_file is not None:
            say(f"Themes to code with: {drawn.themes_file}")
        say("Next: one or two people, each alone, write theme ids or labels into the column 'coder_themes', several")
        say("separated by |, or 'none'. Then: feedback-nlp evaluate --coded FILE [--coded SECOND_FILE]")
    note("The sample holds what customers wrote. Keep it as safe as the data, and delete it when it is coded.")
