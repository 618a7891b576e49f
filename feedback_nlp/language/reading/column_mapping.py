"""What the user told about the columns, and what each of them became."""

from __future__ import annotations

from dataclasses import dataclass, field

from feedback_nlp.language.reading.dates import DateFormat
from feedback_nlp.language.reading.speakers import SpeakerColumn
from feedback_nlp.records import ScoreScale


@dataclass(frozen=True, slots=True)
class ColumnFlags:
    """What the user told about the columns; what is empty is guessed.

    ``scores`` are raw ``NAME=COLUMN[:MIN-MAX][:higher|lower]``, ``date`` is ``COLUMN[:dmy|mdy]``, ``question`` is a
    column or the wording of the question itself, ``speaker`` is ``COLUMN[:VALUE,VALUE]`` with the customer's values.
    ``weight`` is never guessed. The word "none" keeps a role empty; with ``guess`` False nothing at all is guessed.
    """

    text: tuple[str, ...] = ()
    id: str | None = None
    customer: str | None = None
    date: str | None = None
    scores: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    question: str | None = None
    source: str | None = None
    language: str | None = None
    channel: str | None = None
    speaker: str | None = None
    weight: str | None = None
    guess: bool = True


@dataclass(frozen=True, slots=True)
class MappedScore:
    """A score, the column that it is read from, and what its numbers mean; ``unit`` is that of a time's numbers."""

    name: str
    column: str
    scale: ScoreScale
    unit: str = ""


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """What every column became. ``explanation`` holds lines for the user: what, why, and what was left out.

    Several ``text_columns`` are several questions, each named by its column. Otherwise the question is found in
    ``question_column``, or is ``question_text`` for every row ("" when nothing asks). With a ``speaker`` the rows are
    turns of conversations, which ``id`` names. ``weight`` says how much a response counts.
    """

    text_columns: tuple[str, ...]
    id: str | None = None
    customer: str | None = None
    date: str | None = None
    date_format: DateFormat = field(default_factory=DateFormat)
    scores: tuple[MappedScore, ...] = ()
    segments: tuple[str, ...] = ()
    question_column: str | None = None
    question_text: str = ""
    source: str | None = None
    channel: str | None = None
    language: str | None = None
    speaker: SpeakerColumn | None = None
    weight: str | None = None
    explanation: tuple[str, ...] = ()

    @property
    def question(self) -> str | None:
        """The question's column, or its wording, or None."""
        return self.question_column or self.question_text or None
