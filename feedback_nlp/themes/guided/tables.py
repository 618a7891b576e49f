"""Codebooks as tables: one row a theme and language, phrases of one cell parted by ``|``. CSV and XLSX."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from feedback_nlp.errors import ReadError, UsageError, did_you_mean
from feedback_nlp.records import UNDETERMINED
from feedback_nlp.themes.guided.codebook import GuidedCodebook, GuidedTheme, Phrases, id_for

COLUMNS = (
    "theme_id", "language", "label", "parent", "facet", "definition", "negative", "positive", "phrases", "unlike",
    "colour",
)  # fmt: skip
# What people call the columns, in lower case without signs.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "theme_id": ("theme id", "id", "code id", "key"),
    "language": ("language", "lang", "locale"),
    "label": ("label", "theme", "name", "topic", "code", "code name", "theme name", "title", "category", "sub theme"),
    "parent": ("parent", "parent id", "parent theme", "parent code", "parent label", "group", "main theme"),
    "facet": ("facet", "dimension"),
    "definition": ("definition", "description", "meaning", "memo"),
    "negative": ("negative", "negative phrases"),
    "positive": ("positive", "positive phrases"),
    "phrases": ("phrases", "phrase", "examples", "example", "keywords", "keyword", "quote", "text"),
    "unlike": ("unlike", "not this", "not", "exclude", "excludes", "exclusions", "counterexamples"),
    "colour": ("colour", "color"),
    "pole": ("pole", "polarity", "sentiment"),
}
POLES = {
    "": "phrases", "neutral": "phrases", "0": "phrases", "both": "phrases",
    "negative": "negative", "neg": "negative", "-": "negative", "-1": "negative",
    "positive": "positive", "pos": "positive", "+": "positive", "1": "positive",
    "unlike": "unlike", "not": "unlike", "not this": "unlike",
}  # fmt: skip
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
EXCEL_CELL = 32_767  # characters
_BY_NAME = {name: column for column, names in SYNONYMS.items() for name in names}
_QUOTED_FORMULA = re.compile(r"'+[=+\-@\t\r]")
_PART = re.compile(r"(?:\\.|[^|\\\n])+", re.DOTALL)
_ESCAPED = re.compile(r"\\([|\\])")
_LANGUAGE = re.compile(r"[a-zA-Z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")


@dataclass
class _Draft:
    """A theme while its rows are gathered."""

    labels: dict[str, tuple[str, int]] = field(default_factory=dict)  # text and the line that it is from
    definitions: dict[str, tuple[str, int]] = field(default_factory=dict)
    phrases: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    once: dict[str, tuple[str, int]] = field(default_factory=dict)  # parent, facet, colour


def read_csv(data: bytes, source: str) -> GuidedCodebook:
    """Return the codebook of a CSV file in any usual encoding, parted by comma, semicolon or tab."""
    text = _decoded(data, source)
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    csv.field_size_limit(1_000_000)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[int, list[str]]] = []
    try:
        rows.extend((reader.line_num, cells) for cells in reader)
    except csv.Error as error:
        raise ReadError(f"{source}, line {reader.line_num}: {error}. Save the table as CSV again.") from None
    return from_rows(rows, source)


def read_xlsx(data: bytes, source: str) -> GuidedCodebook:
    """Return the codebook of the first sheet of an Excel file."""
    import polars as pl

    try:
        table = pl.read_excel(io.BytesIO(data), has_header=False, infer_schema_length=0)
    except Exception as error:  # the reader's own errors are of many kinds
        raise ReadError(
            f"{source}: no Excel workbook that can be read ({type(error).__name__}). Save it as .xlsx again."
        ) from None
    rows = [(i, ["" if cell is None else str(cell) for cell in cells]) for i, cells in enumerate(table.rows(), start=1)]
    return from_rows(rows, source)


def from_rows(rows: Sequence[tuple[int, Sequence[str]]], source: str) -> GuidedCodebook:
    """Return the codebook in ``rows`` of (line, cells), the first of them the header.

    A table of one column without a known header is a list of labels. Rows with the same id, or without ids the same
    label, are one theme. A parent is named by id or label. Raises :class:`ReadError` with the line and the column.
    """
    filled = [(line, [cell.strip() for cell in cells]) for line, cells in rows if any(cell.strip() for cell in cells)]
    if not filled:
        raise ReadError(f"{source} is empty. Write one theme a row, with a column 'label'.")
    columns = _columns(filled[0], max(len(cells) for _, cells in filled), source)
    body = filled if columns == ["label"] and _column(filled[0][1][0]) is None else filled[1:]
    drafts: dict[str, _Draft] = {}
    with_ids = "theme_id" in columns
    for line, cells in body:
        row: dict[str, str] = {}
        for column, cell in zip(columns, cells, strict=False):
            if column is not None and cell:
                row[column] = cell[1:] if _QUOTED_FORMULA.match(cell) else cell
        if row:
            _add_row(drafts, row, line, source)
    return GuidedCodebook(Path(source).stem, _themes(drafts, with_ids, source)).checked(source)


def _columns(head: tuple[int, Sequence[str]], width: int, source: str) -> list[str | None]:
    columns = [_column(cell) for cell in head[1]]
    columns += [None] * (width - len(columns))
    if width == 1 and columns[0] is None:
        return ["label"]
    if "label" not in columns and "theme_id" not in columns:
        unknown = next((cell for cell in head[1] if cell), "")
        raise ReadError(
            f"{source}, line {head[0]}: no column for the label; the first one is called {unknown[:40]!r}."
            f"{did_you_mean(unknown[:40], COLUMNS)} The first row names the columns; 'label' is needed."
        )
    for column in columns:
        if column is not None and columns.count(column) > 1:
            raise ReadError(f"{source}, line {head[0]}: two columns mean {column!r}. Rename or remove one of them.")
    return columns


def _column(name: str) -> str | None:
    return _BY_NAME.get(" ".join(re.sub(r"[\W_]+", " ", name.casefold()).split()))


def _add_row(drafts: dict[str, _Draft], row: Mapping[str, str], line: int, source: str) -> None:
    key = row.get("theme_id") or _key_of(drafts, row)
    if not key:
        raise ReadError(f"{source}, line {line}: neither an id nor a label. Write which theme the row belongs to.")
    draft = drafts.setdefault(key, _Draft())
    language = row.get("language", UNDETERMINED).replace("_", "-").lower()
    if not _LANGUAGE.fullmatch(language):
        raise ReadError(
            f"{source}, line {line}, column 'language': {row['language'][:20]!r} is no language code. "
            "Write two or three letters, such as 'en' or 'pl'."
        )
    for column, words in (("label", draft.labels), ("definition", draft.definitions)):
        if column in row:
            _say_once(words, language, row[column], line, f"{source}, line {line}, column {column!r}")
    for column in ("parent", "facet", "colour"):
        if column in row:
            _say_once(draft.once, column, row[column], line, f"{source}, line {line}, column {column!r}")
    pole = POLES.get(row.get("pole", "").casefold())
    if pole is None:
        raise ReadError(
            f"{source}, line {line}, column 'pole': {row['pole'][:20]!r} is none of negative, positive, neutral and "
            "unlike. Write one of them."
        )
    for column in ("negative", "positive", "phrases", "unlike"):
        said = [_ESCAPED.sub(r"\1", part).strip() for part in _PART.findall(row.get(column, ""))]
        if said:
            where = pole if column == "phrases" else column
            draft.phrases.setdefault(language, {}).setdefault(where, []).extend(said)


def _key_of(drafts: Mapping[str, _Draft], row: Mapping[str, str]) -> str:
    """Return the id of a row without one: of the theme that has its label, else a new one; "" without one."""
    label = row.get("label", "")
    if "parent" not in row:
        for key, draft in drafts.items():
            if label in [known for known, _ in draft.labels.values()]:
                return key
    return id_for(label, row.get("parent")) if label else ""


def _say_once(words: dict[str, tuple[str, int]], key: str, text: str, line: int, where: str) -> None:
    before = words.setdefault(key, (text, line))
    if before[0] != text:
        raise ReadError(f"{where}: another wording than in line {before[1]} for the same theme. Keep one of them.")


def _themes(drafts: Mapping[str, _Draft], with_ids: bool, source: str) -> tuple[GuidedTheme, ...]:
    by_label: dict[str, str] = {}
    for key, draft in drafts.items():
        for label, _ in draft.labels.values():
            by_label.setdefault(label.casefold(), key)
    themes: dict[str, GuidedTheme] = {}
    for key, draft in drafts.items():
        parent = draft.once.get("parent", (None, 0))[0]
        if parent is not None and parent not in drafts:
            named = by_label.get(parent.casefold())
            if named is None and not with_ids:  # a column of groups that have no row of their own
                named = id_for(parent)
                themes.setdefault(named, GuidedTheme(named, {UNDETERMINED: parent}))
            elif named is None:
                raise ReadError(
                    f"{source}, line {draft.once['parent'][1]}, column 'parent': {parent[:40]!r} is no theme of the "
                    f"table.{did_you_mean(parent, [*drafts, *by_label])}"
                )
            parent = named
        themes[key] = GuidedTheme(
            theme_id=key,
            labels={code: text for code, (text, _) in draft.labels.items()},
            definitions={code: text for code, (text, _) in draft.definitions.items()},
            parent=parent,
            phrases={
                code: Phrases(*(tuple(poles.get(pole, ())) for pole in ("positive", "negative", "phrases")))
                for code, poles in draft.phrases.items()
                if poles.keys() != {"unlike"}
            },
            unlike={code: tuple(poles["unlike"]) for code, poles in draft.phrases.items() if "unlike" in poles},
            facet=draft.once.get("facet", (None, 0))[0],
            colour=draft.once.get("colour", (None, 0))[0],
        )
    return tuple(themes.values())


def csv_bytes(guided: GuidedCodebook) -> bytes:
    """Return the codebook as CSV, one row a theme and language; nothing in it runs as a formula."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(_table(guided))
    return text.getvalue().encode("utf-8-sig", "replace")  # Excel takes UTF-8 for UTF-8 by its mark


def xlsx_bytes(guided: GuidedCodebook) -> bytes:
    """Return the codebook as an Excel file. Raises :class:`UsageError` when a cell would be too long for Excel."""
    import xlsxwriter

    table = _table(guided)
    for row in table:
        if max(map(len, row)) > EXCEL_CELL:
            raise UsageError(
                f"Theme {row[0]!r} has more phrases in one language than an Excel cell's {EXCEL_CELL} characters. "
                "Write .csv or .json."
            )
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}) as book:
        book.set_properties({"created": datetime(2000, 1, 1)})  # the same codebook gives the same file
        sheet = book.add_worksheet("codebook")
        sheet.freeze_panes(1, 0)
        for number, row in enumerate(table):
            for column, cell in enumerate(row):
                if cell:
                    sheet.write_string(number, column, cell)
    return file.getvalue()


def _table(guided: GuidedCodebook) -> list[list[str]]:
    rows = [row for theme in guided.themes for row in _rows_of(theme)]
    return [list(COLUMNS), *([_harmless(row[column] or "") for column in COLUMNS] for row in rows)]


def _harmless(cell: str) -> str:
    """Return a cell that a spreadsheet takes for text (OWASP, CSV injection); reading takes the apostrophe off."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) or _QUOTED_FORMULA.match(cell) else cell


def _rows_of(theme: GuidedTheme) -> list[dict[str, Any]]:
    parts: tuple[Mapping[str, object], ...] = (theme.labels, theme.definitions, theme.phrases, theme.unlike)
    rows = []
    for code in dict.fromkeys(code for part in parts for code in part):
        poles = theme.phrases.get(code, Phrases())
        cells = {
            "theme_id": theme.theme_id,
            "language": None if code == UNDETERMINED else code,
            "label": theme.labels.get(code),
            "parent": theme.parent,
            "facet": theme.facet,
            "definition": theme.definitions.get(code),
            "negative": _cell(poles.negative),
            "positive": _cell(poles.positive),
            "phrases": _cell(poles.neutral),
            "unlike": _cell(theme.unlike.get(code, ())),
            "colour": theme.colour,
        }
        rows.append(cells)
    return rows


def _cell(said: Sequence[str]) -> str | None:
    return " | ".join(phrase.replace("\\", "\\\\").replace("|", "\\|") for phrase in said) or None


def _decoded(data: bytes, source: str) -> str:
    for encoding in ("utf-16",) if data.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig",):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            pass
    from charset_normalizer import from_bytes

    best = from_bytes(data).best()
    if best is None or "\x00" in str(best):
        raise ReadError(f"{source}: no text in an encoding that can be told. Save it as CSV in UTF-8.")
    return str(best)
