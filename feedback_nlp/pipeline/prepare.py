"""From a row as read and its prepared texts to records as stored: ids, hashes and counts."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from feedback_nlp.language.redaction.redactor import redact
from feedback_nlp.language.text_floor import PreparedText, WrittenText
from feedback_nlp.records import Feedback, Statement, stable_hash

if TYPE_CHECKING:
    from feedback_nlp.language.reading.rows import RawFeedback

# Part of every content hash: raise it when the text floor finds anything else in the same text, so that rows read
# again update.
TEXT_VERSION = "2"

_PERSONAL = frozenset({"EMAIL", "PHONE", "CARD", "IBAN", "ID", "IP", "HANDLE"})
_LEAST_DIGITS = 7  # of any such number

Rows = Sequence[Sequence["RawFeedback"]]


class Record(NamedTuple):
    """A feedback with its statements, ready to be stored."""

    feedback: Feedback
    statements: tuple[Statement, ...]


def written_texts(rows: Rows) -> list[WrittenText]:
    """Return the texts of a batch of rows in the form that the text floor takes."""
    return [WrittenText(answer.text, answer.language, answer.question) for answers in rows for answer in answers]


@dataclass
class Preparer:
    """Turns rows and their prepared texts into records. Counts as it goes; raw text is kept nowhere.

    ``redactions`` counts what was replaced by language and kind. Rows without an id that say the very same are
    numbered, so that each of them is a feedback and reading the file again finds the same ones.
    """

    redactions: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    non_answers: Counter[str] = field(default_factory=Counter)
    asides: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    _said: set[int] = field(default_factory=set)
    _repeats: Counter[int] = field(default_factory=Counter)

    def records(self, rows: Rows, prepared: Sequence[PreparedText]) -> list[Record]:
        """Return the records of each response; one inner sequence holds the answers of one row of the file."""
        records: list[Record] = []
        start = 0
        for answers in rows:
            end = start + len(answers)
            records += self._response(answers, prepared[start:end])
            start = end
        for item in prepared:
            self.languages[item.language] += 1
            if item.redactions:
                self.redactions[item.language].update(item.redactions)
            if item.non_answer:
                self.non_answers[item.non_answer] += 1
            self.asides.update(aside.kind for aside in item.asides)
        return records

    def _response(self, answers: Sequence[RawFeedback], prepared: Sequence[PreparedText]) -> list[Record]:
        first = answers[0]
        external_id = safe_id(first.external_id)
        customer_id = safe_id(first.customer_id)
        contents = [_content(answer, item.text, customer_id) for answer, item in zip(answers, prepared, strict=True)]
        if external_id or (customer_id and first.question):
            # The reader knows which rows one respondent filled in, and tells repeated ids apart.
            key = stable_hash("response", first.source, first.row_key)
        else:
            said = stable_hash("row", *contents)
            key = stable_hash(said, str(self._occurrence(said)))
        records = []
        for answer, item, content in zip(answers, prepared, contents, strict=True):
            feedback = Feedback(
                feedback_id="f_" + stable_hash(key, answer.question, size=8),
                response_id="r_" + key[:16],
                text=item.text,
                external_id=safe_id(answer.external_id),  # the rows of one respondent have an id each
                customer_id=customer_id,
                source=answer.source,
                channel=safe_id(answer.channel),
                question=answer.question or "",
                language=item.language,
                created_at=answer.created_at,
                scores=answer.scores,
                segments={name: safe_id(value) or "" for name, value in answer.segments.items()},
                weight=answer.weight,
                non_answer=item.non_answer,
                asides=item.asides,
                duplicate_key=item.duplicate_key,
                near_keys=item.near_keys,
                content_hash=stable_hash(TEXT_VERSION, content, item.language, _shape(item), *_weighed(answer)),
            )
            records.append(Record(feedback, tuple(_statements(feedback, item.statements))))
        return records

    def _occurrence(self, said: str) -> int:
        """Return how often this was said so far, this time included; most things are said once."""
        number = int(said[:15], 16)
        if number not in self._said:
            self._said.add(number)
            return 1
        self._repeats[number] += 1
        return self._repeats[number] + 1


def _statements(feedback: Feedback, spans: Sequence[tuple[int, int]]) -> list[Statement]:
    return [
        Statement(
            statement_id="s_" + stable_hash(feedback.feedback_id, str(start), str(end), size=8),
            feedback_id=feedback.feedback_id,
            start=start,
            end=end,
            text=feedback.text[start:end],
            language=feedback.language,
            text_hash=stable_hash(feedback.text[start:end]),
        )
        for start, end in spans
    ]


def _shape(item: PreparedText) -> str:
    """Return how the settings of the text floor cut this text: other settings make the row another one."""
    return json.dumps([item.non_answer, item.asides, item.statements])


def _weighed(answer: RawFeedback) -> list[str]:
    """Return the weight where there is one. A survey weighted anew is the same survey: no id depends on it."""
    return [] if answer.weight == 1.0 else [repr(answer.weight)]


def _content(answer: RawFeedback, text: str, customer_id: str | None) -> str:
    """Return all that was said in one answer, redacted, as one string to be hashed."""
    return json.dumps(
        [
            text,
            customer_id,
            answer.source,
            safe_id(answer.channel),
            answer.question,
            answer.created_at.isoformat() if answer.created_at else None,
            sorted(answer.scores.items()),
            sorted((name, safe_id(value)) for name, value in answer.segments.items()),
        ],
        ensure_ascii=False,
    )


@lru_cache(maxsize=50_000)
def safe_id(value: str | None) -> str | None:
    """Return an id, channel or segment value as it is stored: one that is itself an e-mail address, a phone, card or
    account number or a national id becomes a pseudonym.

    Digits alone are no phone number here: most ids are such, and have to be found again in the system they are from.
    """
    if not value or (value.isascii() and "@" not in value and sum(map(str.isdigit, value)) < _LEAST_DIGITS):
        return value or None
    kinds = redact(value, "en").counts.keys() & _PERSONAL
    return "p_" + stable_hash(value) if kinds - ({"PHONE"} if value.isdecimal() else set()) else value
