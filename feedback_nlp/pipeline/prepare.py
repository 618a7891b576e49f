"""From a row as read to records as stored: clean, detect the language, redact, tell non-answers, split."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from feedback_nlp.language.cleaning import clean_text, text_key
from feedback_nlp.language.detection import LanguageDetector
from feedback_nlp.language.nonanswers import is_non_answer
from feedback_nlp.language.redaction import redact
from feedback_nlp.language.splitting import split_statements
from feedback_nlp.records import UNDETERMINED, Feedback, Statement, stable_hash

if TYPE_CHECKING:
    from feedback_nlp.language.rows import RawFeedback

# Part of every content hash: raise it when cleaning, redaction or splitting change, so that rows read again update.
TEXT_VERSION = "1"
# A non-answer is often too short to tell its language by ("нет", "nimic"): it is then looked for in each of these.
SPOKEN = ("en", "ro", "ru", "it", "ar", "pl")


@dataclass
class Preparer:
    """Turns batches of raw rows into redacted feedback. Counts as it goes; raw text is kept nowhere.

    ``occurrences`` numbers rows without an id that say the very same, so that each of them is a feedback and reading
    the file again finds the same ones.
    """

    detector: LanguageDetector
    redactions: Counter[str] = field(default_factory=Counter)
    occurrences: Counter[str] = field(default_factory=Counter)

    def prepare(self, rows: Sequence[Sequence[RawFeedback]]) -> list[Feedback]:
        """Return the feedback of each response; one inner sequence holds the answers of one row of the file."""
        raw = [answer for answers in rows for answer in answers]
        cleaned = [clean_text(answer.text) for answer in raw]
        unknown = [i for i, answer in enumerate(raw) if not answer.language]
        languages = [answer.language or UNDETERMINED for answer in raw]
        for i, found in zip(unknown, self.detector.detect_many([cleaned[i] for i in unknown]), strict=True):
            languages[i] = found
        texts = []
        for text, language in zip(cleaned, languages, strict=True):
            result = redact(text, language)
            self.redactions.update(result.counts)
            texts.append(result.text)
        prepared = []
        start = 0
        for answers in rows:
            end = start + len(answers)
            prepared += self._response(answers, texts[start:end], languages[start:end])
            start = end
        return prepared

    def _response(
        self, answers: Sequence[RawFeedback], texts: Sequence[str], languages: Sequence[str]
    ) -> list[Feedback]:
        first = answers[0]
        external_id = _safe(first.external_id)
        customer_id = _safe(first.customer_id)
        if external_id or (customer_id and first.question):
            # The reader knows which rows one respondent filled in, and tells repeated ids apart.
            key = stable_hash("response", first.source, first.row_key)
        else:
            contents = (_content(answer, text, customer_id) for answer, text in zip(answers, texts, strict=True))
            said = stable_hash("row", *contents)
            self.occurrences[said] += 1
            key = stable_hash(said, str(self.occurrences[said]))
        feedback = []
        for answer, text, language in zip(answers, texts, languages, strict=True):
            content = _content(answer, text, customer_id)
            feedback.append(
                Feedback(
                    feedback_id="f_" + stable_hash(key, answer.question, size=8),
                    response_id="r_" + key[:16],
                    text=text,
                    external_id=external_id,
                    customer_id=customer_id,
                    source=answer.source,
                    channel=_safe(answer.channel),
                    question=answer.question or "",
                    language=language,
                    created_at=answer.created_at,
                    scores=answer.scores,
                    segments={name: _safe(value) or "" for name, value in answer.segments.items()},
                    non_answer="nothing" if _says_nothing(text, language) else None,
                    duplicate_key=stable_hash(text_key(text), size=8) if text else "",
                    content_hash=stable_hash(TEXT_VERSION, content, language),
                )
            )
        return feedback


def statements_of(feedback: Feedback) -> list[Statement]:
    """Return the statements of a feedback; a non-answer has none."""
    if feedback.is_non_answer:
        return []
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
        for start, end in split_statements(feedback.text, feedback.language)
    ]


def _says_nothing(text: str, language: str) -> bool:
    return any(is_non_answer(text, code) for code in (SPOKEN if language == UNDETERMINED else (language,)))


def _content(answer: RawFeedback, text: str, customer_id: str | None) -> str:
    """Return all that was said in one answer, redacted, as one string to be hashed."""
    return json.dumps(
        [
            text,
            customer_id,
            answer.source,
            _safe(answer.channel),
            answer.question,
            answer.created_at.isoformat() if answer.created_at else None,
            sorted(answer.scores.items()),
            sorted((name, _safe(value)) for name, value in answer.segments.items()),
        ],
        ensure_ascii=False,
    )


@lru_cache(maxsize=50_000)
def _safe(value: str | None) -> str | None:
    """Return an id or a segment value; one that is itself an e-mail address or a phone number becomes a pseudonym."""
    if not value:
        return None
    return value if redact(value, "en").text == value else "p_" + stable_hash(value)
