"""The text floor: from a text as it was written to what may be stored and learnt from.

Clean, set aside what the customer did not say, tell the language, redact, tell non-answers, split into statements,
and take the keys by which duplicates are found. Each text is judged alone: neither its batch nor its process counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from feedback_nlp.language.asides.finding import find_asides, without_asides
from feedback_nlp.language.cleaning.texts import clean_text, text_key
from feedback_nlp.language.detection import LanguageDetector
from feedback_nlp.language.near_duplicates import near_keys
from feedback_nlp.language.nonanswers import non_answer_kind
from feedback_nlp.language.redaction.redactor import Redacted, Redactor, Replacement
from feedback_nlp.language.splitting.statements import load_splitter
from feedback_nlp.records import Aside, stable_hash
from feedback_nlp.settings import Settings


@dataclass(frozen=True, slots=True)
class WrittenText:
    """A text as it stands in a file: not cleaned, not redacted. ``language`` is what a column says, or None."""

    text: str
    language: str | None = None
    question: str = ""


@dataclass(frozen=True, slots=True)
class PreparedText:
    """What may be kept of a text. All offsets are into the redacted ``text``.

    ``redactions`` counts what was replaced by kind ("EMAIL": 2). ``statements`` are (start, end); a non-answer has
    none. ``duplicate_key`` is "" for an empty text; ``near_keys`` are signed 64-bit numbers.
    """

    text: str
    language: str
    non_answer: str | None
    asides: tuple[Aside, ...] = ()
    statements: tuple[tuple[int, int], ...] = ()
    duplicate_key: str = ""
    near_keys: tuple[int, ...] = ()
    redactions: Mapping[str, int] = field(default_factory=dict)


class TextFloor:
    """Prepares texts as the settings say. Raises SettingError for a language, splitter or recognizer not to be had."""

    def __init__(self, settings: Settings) -> None:
        self._detector = LanguageDetector(settings.languages)
        self._split = load_splitter(settings.splitter, settings)
        self._redactor = Redactor.from_settings(settings, names=settings.redact_names == "on")

    def prepare(self, written: Sequence[WrittenText]) -> list[PreparedText]:
        """Return what may be kept of each text, in order."""
        cleaned = [clean_text(item.text) for item in written]
        asides = [find_asides(text) for text in cleaned]
        said = [without_asides(text, found) if found else text for text, found in zip(cleaned, asides, strict=True)]
        languages = [item.language or self._detector.detect(text) for item, text in zip(written, said, strict=True)]
        redacted = self._redactor.redact_many(cleaned, languages)
        return [
            self._prepared(result, moved_asides(found, result), language, item.question)
            for result, found, language, item in zip(redacted, asides, languages, written, strict=True)
        ]

    def _prepared(self, redacted: Redacted, asides: tuple[Aside, ...], language: str, question: str) -> PreparedText:
        said = without_asides(redacted.text, asides) if asides else redacted.text
        non_answer = non_answer_kind(said, language, question)
        key = text_key(said)
        return PreparedText(
            text=redacted.text,
            language=language,
            non_answer=non_answer,
            asides=asides,
            statements=() if non_answer else tuple(_outside(self._split(said, language), asides, said)),
            duplicate_key=stable_hash(key, size=8) if key else "",
            near_keys=() if non_answer else near_keys(said),
            redactions=redacted.counts,
        )


def _outside(spans: Iterable[tuple[int, int]], asides: Sequence[Aside], said: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of statements, cut where one reaches over an aside; parts without letters are left out."""
    for start, end in spans:
        within = [aside for aside in asides if aside.start < end and aside.end > start]
        if not within:
            yield start, end
            continue
        edges = [start, *(edge for aside in within for edge in (aside.start, aside.end)), end]
        for left, right in zip(edges[::2], edges[1::2], strict=True):
            part = said[left:right] if left < right else ""
            if any(character.isalnum() for character in part):
                yield left + len(part) - len(part.lstrip()), left + len(part.rstrip())


def moved_asides(asides: Sequence[Aside], redacted: Redacted) -> tuple[Aside, ...]:
    """Return the asides of a cleaned text at their places in the redacted one.

    A placeholder is never cut: one that stands across the edge of an aside belongs to the aside.
    """
    if not asides or not redacted.replacements:
        return tuple(asides)
    moved: list[Aside] = []
    replacements = redacted.replacements
    place = 0
    for aside in asides:
        while place and replacements[place - 1].end > aside.start:
            place -= 1
        while place < len(replacements) and replacements[place].end <= aside.start:
            place += 1
        start = _moved(aside.start, replacements[place - 1] if place else None)
        if place < len(replacements) and replacements[place].start < aside.start:
            start = replacements[place].new_start
        while place < len(replacements) and replacements[place].start < aside.end:
            place += 1
        last = replacements[place - 1] if place else None
        end = last.new_end if last is not None and last.end > aside.end else _moved(aside.end, last)
        if moved and start < moved[-1].end:
            start = moved[-1].end
        if start < end:
            moved.append(Aside(start, end, aside.kind))
    return tuple(moved)


def _moved(place: int, last: Replacement | None) -> int:
    """Return an offset after the last replacement that ends before it."""
    return place if last is None else place - last.end + last.new_end
