"""Which column says who speaks in a row, and which one names the conversation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from feedback_nlp.errors import MappingError
from feedback_nlp.language.reading.column_names import listed_names, named_for, normal_name
from feedback_nlp.language.reading.speakers import SpeakerColumn, could_name_speaker, guessed_speaker, told_speaker

if TYPE_CHECKING:
    from feedback_nlp.language.reading.column_guesses import Evidence

_CONVERSATIONS = listed_names(
    "conversation id, conversation, conversation key, thread id, thread, chat id, chat, session id, dialogue id",
    "dialog id, interaction id, call id, ticket id, ticket number, ticket no, ticket, case id, case number, issue id",
    "id conversație, nr conversație, id discuție, id tichet, nr tichet, id диалога, id чата, id обращения, id беседы",
    "номер обращения, номер диалога, диалог, id conversazione, conversazione, id ticket, numero ticket, id chat",
    "معرف المحادثة, رقم المحادثة, المحادثة, رقم التذكرة, معرف التذكرة, id rozmowy, id konwersacji, rozmowa",
    "numer rozmowy, id zgłoszenia, numer zgłoszenia, id czatu",
)


def speaker_flag(raw: str | None, find: Callable[[str], str | None]) -> tuple[str | None, tuple[str, ...]]:
    """Take ``COLUMN[:VALUE,VALUE]`` apart: the column, which may hold colons itself, and the customer's values."""
    if raw is None or find(raw) is not None:
        return raw, ()
    head = raw
    while ":" in head:
        head = head.rpartition(":")[0]
        if find(head) is not None:
            values = tuple(value.strip() for value in raw[len(head) + 1 :].split(",") if value.strip())
            return head, values
    return raw.partition(":")[0], ()


def told_column(evidence: Evidence, column: str, values: tuple[str, ...]) -> tuple[SpeakerColumn, str]:
    """Return the column that the user told and a line about it.

    Raises :class:`MappingError` when no cell is the customer's: then no feedback at all would be read.
    """
    found = told_speaker(column, values)
    cells = evidence.filled_values(column)
    n, wanted = len(set(cells)), ", ".join(map(repr, values))
    if cells and not any(found.is_customer(cell) for cell in set(cells)):
        if values:
            raise MappingError(
                f"--speaker {column!r}: none of its {n} different values is one of {wanted}. "
                "Check how the customer is written there."
            )
        raise MappingError(
            f"--speaker {column!r}: none of its {n} different values is a usual word for a customer. "
            f"Tell those that are, such as --speaker '{column}:customer,visitor'."
        )
    how = (
        f"the customer's values are {', '.join(map(repr, values))}" if values else "the customer is told by usual words"
    )
    return found, f"Speaker: {column!r}, as told; {how}."


def guess_speaker(evidence: Evidence, free: Sequence[str]) -> SpeakerColumn | None:
    """Return the column that says who speaks, or None."""
    usable = [column for column in free if could_name_speaker(column)]
    if not usable:
        return None
    talks = _conversations(evidence, [column for column in free if column not in usable])
    for column in usable:
        counts = dict(evidence.table.sample[column].value_counts().iter_rows())
        found = guessed_speaker(column, counts, in_conversations=bool(talks))
        if found is not None:
            return found
    return None


def guess_conversation(evidence: Evidence, free: Sequence[str]) -> str | None:
    """Return the column that names the conversation of a turn, or None where no such column names several turns."""
    return next(iter([*_conversations(evidence, free), *_repeating(evidence, named_for("id", free))]), None)


def _conversations(evidence: Evidence, free: Sequence[str]) -> list[str]:
    named = [column for column in free if normal_name(column) in _CONVERSATIONS]
    return _repeating(evidence, sorted(named, key=lambda column: _CONVERSATIONS.index(normal_name(column))))


def _repeating(evidence: Evidence, columns: Sequence[str]) -> list[str]:
    facts = evidence.facts
    return [column for column in columns if facts[column].distinct < facts[column].filled]
