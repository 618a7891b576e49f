"""Labelled rows of a file, for tuning: texts as ingest would prepare them, labels or scores as one of three labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from feedback_nlp.errors import UsageError, did_you_mean
from feedback_nlp.pipeline.progress import Progress, silent
from feedback_nlp.records import FACT_KINDS, SENTIMENT_LABELS, ScoreScale
from feedback_nlp.settings import Settings

if TYPE_CHECKING:
    from feedback_nlp.language.reading.tables import Table

_TEXTS_AT_ONCE = 512
_MOST_STRANGE = 0.1  # share of labels that may not be understood; more, and the column is another one
_MOST_SHOWN, _LONGEST_SHOWN = 8, 30  # values of a label column in a message: a longer one may be what somebody wrote
_MOST_LABELS = 40  # distinct values of a column of labels


@dataclass(frozen=True, slots=True)
class LabelledText:
    """One row: its redacted text, language, place of its label in SENTIMENT_LABELS, and what it belongs to."""

    text: str
    language: str
    label: int
    group: str
    text_key: str  # the same for texts that differ in case or punctuation only


@dataclass(frozen=True, slots=True)
class LabelledFile:
    """The rows that can be used, sorted by content, and why others cannot: reason to number of rows.

    ``explanation`` holds lines for the user: how columns and labels were understood.
    """

    rows: tuple[LabelledText, ...]
    left_out: Mapping[str, int]
    explanation: tuple[str, ...]
    n_read: int


@dataclass(frozen=True, slots=True)
class _Row:
    text: str
    language: str | None
    label: str
    score: float | None
    group: str


def read_labelled(
    path: Path,
    settings: Settings,
    *,
    text: str,
    label: str | None = None,
    score: str | None = None,
    language: str | None = None,
    group: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    progress: Progress = silent,
) -> LabelledFile:
    """Read a file of labelled texts; ``label``, ``text``, ``language`` and ``group`` name columns.

    ``score`` is NAME=COLUMN[:MIN-MAX][:higher|lower], as ingest takes it; give either it or ``label``. Texts are
    cleaned and redacted as ingest does, and nothing is stored. Raises ReadError for a file that cannot be read,
    MappingError for a score that does not fit, UsageError for a column that is not there or holds other than labels.
    """
    from feedback_nlp.language.reading.files import read_file

    if (label is None) == (score is None):
        raise UsageError("Say what the rows are labelled with: either --label COLUMN or --score NAME=COLUMN.")
    table = read_file(path, encoding=encoding, delimiter=delimiter, sheet=sheet)
    _require_columns(table, {"--text": text, "--label": label, "--language": language, "--group": group})
    found, scale, notes = _rows(table, text, label, score, language, group)
    left_out: Counter[str] = Counter()
    if table.rejects:
        left_out["the row cannot be read"] += sum(reject.kind == "row" for reject in table.rejects)
    labels, how = _by_score(found, scale, left_out) if scale else _by_label(found, str(label), left_out)
    kept = [(row, place) for row, place in zip(found, labels, strict=True) if place is not None]
    rows = _prepared(kept, settings, left_out, progress)
    rows.sort(key=lambda row: (row.text, row.label, row.language, row.group))
    return LabelledFile(tuple(rows), dict(left_out.most_common()), (*table.notes, *notes, how), table.n_rows)


def _require_columns(table: Table, wanted: Mapping[str, str | None]) -> None:
    told: dict[str, str] = {}
    for flag, column in wanted.items():
        if column is None:
            continue
        if column not in table.columns:
            raise UsageError(f"{flag} {column!r}: the file has no such column.{did_you_mean(column, table.columns)}")
        if column in told:
            raise UsageError(f"{flag} {column!r} is told as {told[column]} already. A column has one role: drop one.")
        told[column] = flag


def _rows(
    table: Table, text: str, label: str | None, score: str | None, language: str | None, group: str | None
) -> tuple[list[_Row], ScoreScale | None, tuple[str, ...]]:
    from feedback_nlp.language.language_codes import language_code
    from feedback_nlp.language.reading.columns import ColumnFlags, map_columns
    from feedback_nlp.language.reading.row_reader import RowReader, value_of

    others = tuple(column for column in (label, group) if column is not None)
    flags = ColumnFlags(text=(text,), scores=(score,) if score else (), segments=others, language=language, guess=False)
    mapping = map_columns(table, flags)
    reader = RowReader(mapping)
    rows = [
        _Row(
            text=row.answers[0][1] if row.answers else "",
            language=language_code(row.cells[language]) if language else None,
            label=(value_of(row.cells, label) or _sign(row.cells, label)) if label else "",
            score=next(iter(row.scores.values()), None),
            group=(value_of(row.cells, group) or "") if group else "",
        )
        for frame in table.batches()
        for row in reader.rows(frame)
    ]
    scale = mapping.scores[0].scale if mapping.scores else None
    if scale is not None and scale.kind in FACT_KINDS:
        raise UsageError(f"--score {score!r}: {scale.kind} tells what happened, not how a text feels. Name a rating.")
    return rows, scale, tuple(line for line in mapping.explanation if line.startswith("Score '"))


def _sign(cells: Mapping[str, str], column: str) -> str:
    """Return a label that ingest would take for an empty cell: "-" means negative here, "none" none of the three."""
    cell = cells[column].strip()
    return cell if cell in ("-", "--", "–", "—") else ""


def _by_score(rows: Sequence[_Row], scale: ScoreScale, left_out: Counter[str]) -> tuple[list[int | None], str]:
    """Return a label for each score, and how they were cut: NPS as it is read, other scales in thirds."""

    def place(score: float) -> int:
        if scale.kind == "nps":
            return 0 if score <= 6 else 1 if score <= 8 else 2
        share = (score - scale.minimum) / (scale.maximum - scale.minimum)
        share = share if scale.higher_is_better else 1 - share
        return 0 if share < 1 / 3 - 1e-9 else 2 if share > 2 / 3 + 1e-9 else 1

    labels = [None if row.score is None else place(row.score) for row in rows]
    missing = labels.count(None)
    if missing:
        left_out["no score"] += missing
    seen: dict[int, list[float]] = {}
    for row, label in zip(rows, labels, strict=True):
        if label is not None and row.score is not None:
            seen.setdefault(label, []).append(row.score)
    parts = []
    for label, found in sorted(seen.items()):
        low, high = min(found), max(found)
        parts.append(f"{low:g}{f' to {high:g}' if high > low else ''} {SENTIMENT_LABELS[label]}")
    cut = "as NPS is read" if scale.kind == "nps" else "in thirds of the scale"
    return labels, f"Labels from the score {scale.name!r}, cut {cut}: {', '.join(parts) or 'no scores'}."


def _by_label(rows: Sequence[_Row], column: str, left_out: Counter[str]) -> tuple[list[int | None], str]:
    """Return the label that each cell names, and which cells were taken for which."""
    from feedback_nlp.sentiment.label_names import LEFT_OUT, label_named, signed_labels

    counts = Counter(row.label for row in rows if row.label)
    if not counts:
        raise UsageError(f"--label {column!r}: the column is empty. Tell the one that holds the labels.")
    meant = {cell: label_named(cell) for cell in counts} | signed_labels(counts)
    strange = {cell: n for cell, n in counts.items() if meant[cell] is None}
    known = {cell for cell in counts if cell not in strange}
    if not known or sum(strange.values()) > _MOST_STRANGE * counts.total():
        raise UsageError(_not_labels(column, strange, counts))
    named = {cell: int(place) for cell in known if (place := meant[cell]) != LEFT_OUT and place is not None}
    for reason, n in (
        ("no label", sum(not row.label for row in rows)),
        ("a label that is none of negative, neutral, positive", sum(counts[c] for c in known if c not in named)),
        ("a label that is not understood", sum(strange.values())),
    ):
        if n:
            left_out[reason] += n
    parts = [
        f"{name} from {', '.join(repr(cell) for cell in sorted(named) if named[cell] == place)}"
        for place, name in enumerate(SENTIMENT_LABELS)
        if place in named.values()
    ]
    return [named.get(row.label) for row in rows], f"Labels: {'; '.join(parts)}."


def _not_labels(column: str, strange: Mapping[str, int], counts: Counter[str]) -> str:
    rule = "A label is negative, neutral or positive, in words of any of the six languages, or -1, 0 and 1."
    numbers = [cell for cell in strange if cell.strip().lstrip("+-").replace(".", "", 1).isdigit()]
    if len(numbers) == len(counts):
        values = sorted(map(float, numbers))
        return (
            f"--label {column!r} holds numbers from {values[0]:g} to {values[-1]:g}, and which of them is negative is "
            f"not said. {rule} Tell numbers as a score: --score rating={column}:{values[0]:g}-{values[-1]:g}"
        )
    n = sum(strange.values())
    if len(counts) > _MOST_LABELS or any(len(cell) > _LONGEST_SHOWN for cell in strange):
        return (
            f"--label {column!r} holds {len(counts):,} distinct values, {len(strange):,} of which are no label. {rule} "
            "Tell another column, or a score with --score NAME=COLUMN."
        )
    shown = ", ".join(repr(cell) for cell in sorted(strange, key=lambda cell: (-strange[cell], cell))[:_MOST_SHOWN])
    more = f" and {len(strange) - _MOST_SHOWN} more" if len(strange) > _MOST_SHOWN else ""
    return f"--label {column!r}: {shown}{more} ({n:,} of {counts.total():,} rows) cannot be understood. {rule}"


def _prepared(
    kept: Sequence[tuple[_Row, int]], settings: Settings, left_out: Counter[str], progress: Progress
) -> list[LabelledText]:
    from feedback_nlp.language.asides.finding import without_asides
    from feedback_nlp.language.text_floor import WrittenText
    from feedback_nlp.pipeline.text_workers import prepared_batches, process_count

    batches = [kept[start : start + _TEXTS_AT_ONCE] for start in range(0, len(kept), _TEXTS_AT_ONCE)]
    written = ((batch, [WrittenText(row.text, row.language) for row, _ in batch]) for batch in batches)
    rows: list[LabelledText] = []
    done = 0
    for batch, prepared in prepared_batches(written, settings, processes=process_count(settings, len(kept))):
        for (row, label), item in zip(batch, prepared, strict=True):
            said = without_asides(item.text, item.asides) if item.asides else item.text
            if item.non_answer or not said.strip():
                left_out["no text, or one that says nothing"] += 1
                continue
            words = " ".join(said.split())
            rows.append(LabelledText(words, item.language, label, row.group, item.duplicate_key))
        done += len(batch)
        progress("read", done, len(kept))
    return rows
