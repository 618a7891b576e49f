"""A random sample of statements for a person to code, and the list of themes to code with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from feedback_nlp.analysis.frames import build_frames
from feedback_nlp.errors import NothingToShow, UsageError
from feedback_nlp.evaluation.figures import UNTHEMED, Evidence, gather
from feedback_nlp.export_files import flat, write_table
from feedback_nlp.records import stable_hash
from feedback_nlp.settings import Settings
from feedback_nlp.whole_files import replacing

if TYPE_CHECKING:
    from feedback_nlp.store import Store

CODER_COLUMN = "coder_themes"
NO_THEME = "none"
SUFFIXES = (".csv", ".xlsx")
INSTRUCTIONS = (
    f"Write into '{CODER_COLUMN}' the theme_id or the label of each theme that the statement is about, several "
    f"separated by |. Write {NO_THEME} when no theme fits. Leave the cell empty when you cannot tell. Prefer a "
    "sub-theme where one fits. Code alone, without looking at another coder's file."
)


@dataclass(frozen=True, slots=True)
class SampleSummary:
    """What was written: ``themes_file`` is None where the themes are a sheet of the same file."""

    path: Path
    themes_file: Path | None
    codebook_version: int
    n_statements: int
    n_population: int
    n_cells: int
    languages: Mapping[str, int]


def draw_sample(
    store: Store, settings: Settings, out: Path, *, size: int = 200, codebook_version: int | None = None
) -> SampleSummary:
    """Write a stratified random sample of statements to ``out`` (.csv or .xlsx) for a person to code.

    Distinct statements, by language and top-level theme: each cell by the square root of its size, so that small ones
    are seen too (power allocation, Bankier 1988), spread over channel and score within. The same seed and data give
    the same file. The model's own answer is not in it and cannot be told from the order. Themes go on a second sheet,
    or with .csv into a second file. The file holds verbatims: it is as confidential as the database. Raises
    NothingToShow without statements, UsageError for another suffix, a folder that is not there or a size below 1.
    """
    if out.suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"A sample is written as .csv or .xlsx; {out.name!r} is neither. Give it one of these endings."
        )
    if size < 1:
        raise UsageError(f"A sample of {size} statements cannot be drawn. Give a size of 1 or more; 200 is a good one.")
    version = codebook_version if codebook_version is not None else store.latest_codebook_version(ready=True)
    if version is None:
        raise NothingToShow("There is no codebook yet. Discover themes first.")
    evidence = gather(build_frames(store.read_frames(version), settings))
    cells = strata(evidence)
    if cells.is_empty():
        raise NothingToShow("There is no statement to draw a sample from. Ingest a file of feedback first.")
    chosen = _chosen(cells, size, settings.seed)
    rows = (
        chosen.join(evidence.frames.feedback.select("feedback_id", "question", "channel"), on="feedback_id", how="left")
        .sort("order")
        .select(
            *("statement_id", "feedback_id"),
            pl.lit(version, dtype=pl.Int64).alias("codebook_version"),
            *("language", "channel", "question", "text"),
            pl.lit("").alias(CODER_COLUMN),
            pl.lit("").alias("comment"),
        )
    )
    themes = _theme_list(evidence)
    themes_file = None if out.suffix.lower() == ".xlsx" else out.with_name(f"{out.stem}-themes{out.suffix}")
    if themes_file is None:
        _write_workbook(out, rows, themes)
    else:
        write_table(rows, out, {})
        write_table(themes, themes_file, {})
    languages = dict(rows.group_by("language").len().sort("len", "language", descending=[True, False]).iter_rows())
    n_cells = chosen.select("language", "cell").unique().height
    return SampleSummary(out, themes_file, version, rows.height, cells.height, n_cells, languages)


def strata(evidence: Evidence) -> pl.DataFrame:
    """Return the distinct statements (by text and language) with ``cell``, their top-level theme or "unthemed"."""
    facts = evidence.frames.feedback.select("feedback_id", "channel", "nps_segment")
    return (
        evidence.statements.sort("statement_id")
        .unique(["text_hash", "language"], keep="first", maintain_order=True)
        .join(facts, on="feedback_id", how="left", maintain_order="left")
        .select(
            *("statement_id", "feedback_id", "person_id", "language", "text", "leaf"),
            pl.col("top").fill_null(UNTHEMED).alias("cell"),
            # Without an NPS score the sentiment stands for how content they are.
            pl.concat_str(
                pl.col("channel").fill_null(""),
                pl.coalesce("nps_segment", "sentiment_label", pl.lit("")),
                separator=" ",
            ).alias("band"),
        )
    )


def _chosen(cells: pl.DataFrame, size: int, seed: int) -> pl.DataFrame:
    """Return the sample with ``order``, a random rank that says nothing about the strata."""
    ranked = cells.with_columns(
        pl.Series("order", [stable_hash(str(seed), key, size=8) for key in cells["statement_id"]])
    )
    sizes = {
        (language, cell): n
        for language, cell, n in ranked.group_by("language", "cell").len().sort(pl.all()).iter_rows()
    }
    shares = _allocation(sizes, size)
    parts = []
    for (language, cell), wanted in shares.items():
        own = ranked.filter((pl.col("language") == language) & (pl.col("cell") == cell)).sort("band", "order")
        # Every k-th of the list by band, from a place that the seed decides: each band by its share.
        step = own.height / wanted if wanted else 0.0
        start = int(stable_hash(str(seed), language, cell, size=4), 16) / 2**32 * step
        parts.append(own[[int(start + step * i) for i in range(wanted)]])
    return pl.concat(parts)


def _allocation(sizes: Mapping[tuple[str, str], int], size: int) -> dict[tuple[str, str], int]:
    """Return how many of each cell, in proportion to the roots of their sizes and never more than there are."""
    left, result = min(size, sum(sizes.values())), dict.fromkeys(sizes, 0)
    while left:
        open_cells = {cell: n for cell, n in sizes.items() if result[cell] < n}
        total = sum(n**0.5 for n in open_cells.values())
        wanted = {cell: left * n**0.5 / total for cell, n in open_cells.items()}
        given = {cell: min(int(share), sizes[cell] - result[cell]) for cell, share in wanted.items()}
        if not any(given.values()):  # the last few go to the largest remainders
            for cell in sorted(wanted, key=lambda c: (-round(wanted[c] % 1, 9), -sizes[c], stable_hash(*c)))[:left]:
                given[cell] = 1
        for cell, n in given.items():
            result[cell] += n
            left -= n
    return result


def _theme_list(evidence: Evidence) -> pl.DataFrame:
    """Return the themes in the order of their parents' labels, each followed by its sub-themes."""
    themes = evidence.frames.themes
    label_of = dict(themes.select("theme_id", "label").iter_rows())
    rows = []
    for theme in themes.iter_rows(named=True):
        words: dict[str, list[str]] = json.loads(theme["keywords"])
        parent = label_of.get(theme["parent_id"] or "", "")
        rows.append(
            {
                "theme_id": theme["theme_id"],
                "theme": parent or theme["label"],
                "sub_theme": theme["label"] if parent else "",
                "definition": theme["definition"] or "",
                "keywords": "; ".join(f"{code}: {', '.join(found[:6])}" for code, found in sorted(words.items())),
            }
        )
    schema = dict.fromkeys(("theme_id", "theme", "sub_theme", "definition", "keywords"), pl.String)
    listed = pl.DataFrame(rows, schema=schema).sort("theme", "sub_theme", "theme_id")
    none = pl.DataFrame(
        [{"theme_id": NO_THEME, "theme": "", "sub_theme": "", "definition": "No theme fits.", "keywords": ""}],
        schema=schema,
    )
    return pl.concat([listed, none])


def _write_workbook(out: Path, rows: pl.DataFrame, themes: pl.DataFrame) -> None:
    """Write the sample, the themes and how to code as three sheets; text stays text in all."""
    import xlsxwriter

    if not out.parent.is_dir():
        raise UsageError(f"There is no folder {str(out.parent)!r} for {out.name!r}. Make it first.")
    how = pl.DataFrame({"how_to_code": [INSTRUCTIONS]})
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with replacing(out) as part, xlsxwriter.Workbook(str(part), options) as book:
        bold, wrapped = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
        for name, frame in (("sample", rows), ("themes", themes), ("how to code", how)):
            cells = flat(frame)
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 0)
            widths: dict[str, Any] = {"text": 70, CODER_COLUMN: 40, "how_to_code": 100, "keywords": 60, "question": 30}
            for column, title in enumerate(cells.columns):
                sheet.set_column(column, column, widths.get(title, 22 if name == "themes" else 14), wrapped)
                sheet.write_string(0, column, title, bold)
            for row, values in enumerate(cells.iter_rows(), start=1):
                for column, value in enumerate(values):
                    if isinstance(value, str):
                        sheet.write_string(row, column, value, wrapped)
                    elif value is not None:
                        sheet.write_number(row, column, value, wrapped)
