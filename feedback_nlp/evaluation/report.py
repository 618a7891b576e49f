"""A quality report: its figures, as data and as lines for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from textwrap import wrap
from typing import Any

import polars as pl

from feedback_nlp.evaluation.figures import Figure, FigureTable, OneLanguageTheme
from feedback_nlp.evaluation.verdict import Verdict

WIDTH = 100  # columns
INDENT = "      "
MOST_ROWS = 15  # of a table in the text; JSON has them all
SHORTEST = 12  # characters of a label that are shown at least
WHOLE = ("theme_id", "language")  # never cut


@dataclass(frozen=True, slots=True)
class QualityReport:
    """What :func:`evaluate` found. ``groups`` maps a heading to its figures, in the order in which to read them.

    ``notes`` are lines about the files that were read.
    """

    codebook_version: int
    verdict: Verdict
    reasons: tuple[str, ...]
    groups: Mapping[str, tuple[Figure, ...]]
    one_language_themes: tuple[OneLanguageTheme, ...]
    tables: tuple[FigureTable, ...] = ()
    notes: tuple[str, ...] = ()

    def figure(self, name: str) -> Figure:
        """Return the figure of this name; raises KeyError when the report has none."""
        return {figure.name: figure for figures in self.groups.values() for figure in figures}[name]

    def table(self, name: str) -> FigureTable:
        """Return the table of this name; raises KeyError when the report has none."""
        return {table.name: table for table in self.tables}[name]

    def to_frame(self) -> pl.DataFrame:
        """Return one row a figure, in the order in which to read them.

        Columns: group, figure, value, low, high (95 %, null where there is none), n and how_to_read.
        """
        rows = [
            (group, figure.name, figure.value, figure.low, figure.high, figure.n, figure.how_to_read)
            for group, figures in self.groups.items()
            for figure in figures
        ]
        schema: dict[str, type[pl.DataType]] = {"group": pl.String, "figure": pl.String}
        schema |= {**dict.fromkeys(("value", "low", "high"), pl.Float64), "n": pl.Int64, "how_to_read": pl.String}
        return pl.DataFrame(rows, schema=schema, orient="row")

    def to_dict(self) -> dict[str, Any]:
        """Return plain types, ready for JSON; figures that could not be measured are None."""
        return {
            "codebook_version": self.codebook_version,
            "verdict": self.verdict,
            "reasons": list(self.reasons),
            "groups": {name: [asdict(figure) for figure in figures] for name, figures in self.groups.items()},
            "one_language_themes": [asdict(theme) for theme in self.one_language_themes],
            "tables": [
                {"name": table.name, "how_to_read": table.how_to_read, "rows": [dict(row) for row in table.rows]}
                for table in self.tables
            ],
            "notes": list(self.notes),
        }

    def to_text(self) -> str:
        """Return the report as lines of at most 100 columns; figures that are read alike are explained once."""
        lines = [f"Codebook {self.codebook_version}: {self.verdict}"]
        for reason in self.reasons:
            lines += wrap(reason, WIDTH, initial_indent="  - ", subsequent_indent="    ")
        for remark in self.notes:
            lines += wrap(remark, WIDTH, initial_indent="  ", subsequent_indent="  ")
        explained: set[str] = set()
        for heading, figures in self.groups.items():
            lines += ["", heading]
            for figure, following in zip(figures, [*figures[1:], None], strict=True):
                lines.append(_line(figure))
                how = figure.how_to_read
                if how not in explained and (following is None or following.how_to_read != how):
                    lines += wrap(how, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT)
                    explained.add(how)
        if self.one_language_themes:
            lines += ["", "Themes of one language"]
            lines += [
                f"  {theme.theme_id}  {theme.label}: {theme.share:.0%} {theme.language} (n = {theme.n_statements})"[
                    :WIDTH
                ]
                for theme in self.one_language_themes
            ]
        for table in self.tables:
            lines += ["", table.name.replace("_", " ").capitalize()]
            if table.how_to_read not in explained:
                lines += wrap(table.how_to_read, WIDTH, initial_indent="  ", subsequent_indent="  ")
                explained.add(table.how_to_read)
            lines += _table_lines(table)
        return "\n".join(lines)


def _line(figure: Figure) -> str:
    between = "" if figure.low is None or figure.high is None else f"{_number(figure.low)} to {_number(figure.high)}"
    return f"  {figure.name:<30} {_number(figure.value):>8}  {between:<16}  (n = {figure.n:,})"


def _number(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        text = f"{value:.3f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return "0" if text == "-0" else text
    return f"{value:,}" if isinstance(value, int) else str(value)


def _table_lines(table: FigureTable) -> list[str]:
    """Return a heading and a line a row; words are cut, and columns that do not fit are left to JSON."""
    names = list(table.rows[0])
    shown = [{name: _number(value) for name, value in row.items()} for row in table.rows[:MOST_ROWS]]
    words = {name for name in names if any(isinstance(row[name], str) for row in table.rows)}
    widths = {name: max(len(_heading(name)), *(len(row[name]) for row in shown)) for name in names}
    cut = [name for name in names if name in words and name not in WHOLE]
    spare = WIDTH - sum(width + 2 for name, width in widths.items() if name not in cut) - 2 * len(cut)
    for name in cut:
        widths[name] = min(widths[name], max(SHORTEST, spare // len(cut)))
    while sum(width + 2 for width in widths.values()) > WIDTH:
        widths.popitem()

    def line(cells: Mapping[str, str]) -> str:
        fitted = {n: cells[n] if len(cells[n]) <= w else cells[n][: w - 1] + "…" for n, w in widths.items()}
        parts = [fitted[n].ljust(width) if n in words else fitted[n].rjust(width) for n, width in widths.items()]
        return ("  " + "  ".join(parts)).rstrip()

    lines = [line({name: _heading(name) for name in widths}), *(line(row) for row in shown)]
    if len(table.rows) > MOST_ROWS:
        lines.append(f"  ... and {len(table.rows) - MOST_ROWS} more; --json has them all")
    return lines


def _heading(name: str) -> str:
    return name.replace("_", " ").replace("sub theme", "sub").replace("precision", "prec.")
