"""Read what a person wrote into a sample, also after a spreadsheet had it; bad rows are told apart with reasons."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from feedback_nlp.errors import UsageError, did_you_mean
from feedback_nlp.evaluation.sample import CODER_COLUMN, NO_THEME
from feedback_nlp.language.reading.column_names import normal_name
from feedback_nlp.language.reading.files import read_file
from feedback_nlp.language.reading.rejects import Reject, write_rejects
from feedback_nlp.language.reading.tables import LINE

NO_THEME_WORDS = frozenset((NO_THEME, "no theme", "unthemed", "no", "-", "–", "—", "0"))
_BETWEEN = re.compile(r"[|\n\r]+")
_ALSO_BETWEEN = re.compile(r"[;,|\n\r]+")


@dataclass(frozen=True, slots=True)
class CodedFile:
    """A coder's answers: ``answers`` maps a statement id to the theme ids given, empty for "none".

    ``n_blank`` rows were left empty, ``n_rejected`` could not be read; ``rejects_file`` says why.
    """

    path: Path
    answers: Mapping[str, frozenset[str]]
    n_blank: int
    n_rejected: int
    rejects_file: Path | None


def version_of(path: Path) -> int | None:
    """Return the codebook version that a sample was drawn for, None where the file does not say one version."""
    _, columns, rows = _rows(path)
    if "codebook_version" not in columns:
        return None
    found = {value.strip().removesuffix(".0") for value in rows[columns["codebook_version"]].to_list()} - {""}
    only = found.pop() if len(found) == 1 else ""
    return int(only) if only.isdecimal() else None


def read_coded(
    path: Path, themes: pl.DataFrame, statement_ids: frozenset[str], rejects_file: Path | None = None
) -> CodedFile:
    """Return a coder's answers for themes given by id or label.

    ``themes`` has theme_id, label and parent_id. A row is rejected when its statement is not stored, when it comes
    twice with different answers, or when an answer is no theme of the codebook or a label of two. Reasons never quote
    the cell. Raises ReadError for a file that cannot be read, UsageError when a column is missing or no row was coded.
    """
    rejects, columns, rows = _rows(path)
    for needed in ("statement_id", CODER_COLUMN):
        if needed not in columns:
            raise UsageError(
                f"{path.name} has no column {needed!r}.{did_you_mean(needed, columns.values())} Give a file that "
                "`feedback-nlp evaluate --sample` wrote and a person filled in, with its header."
            )
    known = _Names(themes)
    answers: dict[str, frozenset[str]] = {}
    twice: set[str] = set()
    n_blank = 0
    for line, raw_id, cell in rows.select(LINE, columns["statement_id"], columns[CODER_COLUMN]).iter_rows():
        statement_id, text = raw_id.strip().lstrip("'").strip(), cell.strip().lstrip("'").strip()
        if not text:
            n_blank += bool(statement_id)
            continue
        if statement_id not in statement_ids:
            rejects.append(Reject(line, "no such statement is stored: the id was changed, or another database drew it"))
            continue
        answer = known.read(text)
        if isinstance(answer, str):
            rejects.append(Reject(line, answer))
        elif answers.get(statement_id, answer) != answer:
            rejects.append(Reject(line, "the statement comes twice, with different answers; neither is counted"))
            twice.add(statement_id)
        else:
            answers[statement_id] = answer
    for statement_id in twice:
        del answers[statement_id]
    lost = [reject for reject in rejects if reject.kind == "row"]
    target = None
    if lost:
        target = rejects_file or path.with_name(f"{path.stem}.rejects.csv")
        write_rejects(target, lost, path)
    if not answers:
        where = f" {len(lost)} rows could not be read: see {target}." if target else ""
        raise UsageError(
            f"No row of {path.name} has a theme or '{NO_THEME}' in the column {CODER_COLUMN!r}.{where} "
            "Fill it in first."
        )
    return CodedFile(path, answers, n_blank, len(lost), target)


class _Names:
    """Theme ids and labels as people write them."""

    def __init__(self, themes: pl.DataFrame) -> None:
        label_of = dict(themes.select("theme_id", "label").iter_rows())
        self.ids = {_plain(theme_id): theme_id for theme_id in label_of}
        self.labels: dict[str, set[str]] = {}
        for theme_id, label, parent_id in themes.select("theme_id", "label", "parent_id").iter_rows():
            # A label with "|" in it was written with "¦"; "theme > sub-theme" tells labels that come twice apart.
            self.labels.setdefault(_plain(label), set()).add(theme_id)
            if parent_id in label_of:
                self.labels.setdefault(_plain(f"{label_of[parent_id]} > {label}"), set()).add(theme_id)

    def read(self, cell: str) -> frozenset[str] | str:
        """Return the theme ids that a cell names, or why it cannot be read."""
        if _plain(cell) in NO_THEME_WORDS:
            return frozenset()
        problem = ""
        for between in (_BETWEEN, _ALSO_BETWEEN):  # labels may hold commas, so that these part only as a last resort
            found = [self._one(part) for part in between.split(cell) if part.strip()]
            if not found:
                return "the cell holds no theme"
            wrong = [(place, answer) for place, answer in enumerate(found, start=1) if answer[0] is None]
            if not wrong:
                ids = [theme_id for theme_id, _ in found if theme_id]
                if len(ids) < len(found) and ids:
                    return f"'{NO_THEME}' stands beside a theme"
                return frozenset(ids)
            problem = problem or f"answer {wrong[0][0]} of {len(found)} {wrong[0][1][1]}"
        return problem

    def _one(self, part: str) -> tuple[str | None, str]:
        """Return a theme id ("" for no theme), or None and the reason."""
        name = _plain(part)
        if name in NO_THEME_WORDS:
            return "", ""
        if name in self.ids:
            return self.ids[name], ""
        ids = self.labels.get(name, set())
        if len(ids) == 1:
            return next(iter(ids)), ""
        if ids:
            return None, f"is the label of {len(ids)} themes; write the theme_id"
        return None, "is no theme_id and no label of this codebook"


def _plain(text: str) -> str:
    """Return a name without case, outer marks and doubled spaces, as spreadsheets and people change them."""
    folded = (
        unicodedata.normalize("NFKC", text).casefold().replace("¦", "|").replace("\u200f", "").replace("\u200e", "")
    )
    return " ".join(folded.split()).strip("'\"“”«» ")


def _rows(path: Path) -> tuple[list[Reject], dict[str, str], pl.DataFrame]:
    """Return the rejects, the columns by their plain names, and all rows as text."""
    table = read_file(path)
    columns: dict[str, str] = {}
    for name in table.columns:
        columns.setdefault(normal_name(name).replace(" ", "_"), name)
    frame = table.frame
    return list(table.rejects), columns, frame


def note_of(coded: Sequence[CodedFile]) -> tuple[str, ...]:
    """Return a line a file: how much of it was counted."""
    return tuple(
        f"Coder {number}: {len(file.answers):,} statements coded, {file.n_blank:,} left empty"
        + (f", {file.n_rejected:,} rows rejected (reasons in {file.rejects_file})" if file.rejects_file else "")
        + "."
        for number, file in enumerate(coded, start=1)
    )
