"""Replace personal data by numbered placeholders, before a text is stored, encoded or shown.

What is found and how: :mod:`.identifiers` through :mod:`.presidio_engine`, and people's names through
:mod:`.person_names`. A value gets the same number everywhere in one feedback ("mail me at <EMAIL_1>, not at
<EMAIL_2>"), so that the text stays readable; numbers say nothing across feedback.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Self

from feedback_nlp.language.redaction.contexts import BLANK, Found, western_digits
from feedback_nlp.language.redaction.person_links import link_people
from feedback_nlp.language.redaction.phrases import Phrases

if TYPE_CHECKING:
    from feedback_nlp.language.redaction.presidio_engine import RecognizerEngine
    from feedback_nlp.settings import Settings

PLACEHOLDER = re.compile(r"<([A-Z]+)_(\d+)>")
# What every identifier that the built-in finders know has one of; most texts have none and go no further.
_SURE_TRACE = re.compile(r"[\d@_]")
_RARE_TRACE = re.compile(r"://|www\.|[a-z]\.[a-z]{2,4}/|[(\[{](?:at|chiocciola|собака|małpa)[)\]}]", re.I)
_CODE_TRACE = re.compile(r"(?<![\w-])[A-Z]{6}(?![\w-])")
_EDGES = " \t\n\r\v\f,;:.!?()[]\"'«»„“”…-\u2013\u2014"
_LETTER = re.compile(r"[^\W\d_]")


class Replacement(NamedTuple):
    """text[start:end] as it came became text[new_start:new_end] of the redacted text, a placeholder of this kind."""

    start: int
    end: int
    new_start: int
    new_end: int
    kind: str


@contextmanager
def _hidden(library: str) -> Iterator[None]:
    """Let imports within find a library missing, unless it is loaded already and costs nothing more."""
    if library in sys.modules:
        yield
        return
    sys.modules[library] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[library]


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text without the personal data that was found, how many of each kind there were, and where, in order."""

    text: str
    counts: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    replacements: tuple[Replacement, ...] = ()


def redact(text: str, language: str) -> Redacted:
    """Return the text with each structured identifier replaced by its kind and number, such as ``<PHONE_1>``.

    ``language`` is an ISO 639-1 code; it decides which countries' phone and tax numbers are tried without a country
    code. Placeholders already there stay as they are, so redacting twice changes nothing. Names are not looked for:
    :class:`Redactor` does.
    """
    return _structured().redact_many([text], [language])[0]


@lru_cache(maxsize=1)
def _structured() -> Redactor:
    return Redactor(names=False)


class Redactor:
    """Replaces structured identifiers and, with ``names``, people's names and street addresses as trained.

    ``deny`` are words and phrases that are always replaced (kind DENIED). ``allow`` are never: a value stays when it
    is one of them, or when they take in each of its words. ``recognizers`` is a Presidio YAML file of further
    recognizers. Models are loaded with the first text that needs them.
    """

    def __init__(
        self,
        *,
        names: bool = True,
        deny: Sequence[str] = (),
        allow: Sequence[str] = (),
        recognizers: Path | None = None,
    ) -> None:
        self.names = names
        self.deny = deny
        self.allow = allow
        self.recognizers = recognizers
        self._denied = Phrases(deny)
        self._allowed = Phrases(allow)
        self._engine: RecognizerEngine | None = None

    @classmethod
    def from_settings(cls, settings: Settings, *, names: bool) -> Self:
        """Return a redactor with the settings' words and recognizers."""
        return cls(
            names=names,
            deny=settings.redact_deny,
            allow=settings.redact_allow,
            recognizers=Path(settings.redact_recognizers) if settings.redact_recognizers else None,
        )

    def redact_many(self, texts: Sequence[str], languages: Sequence[str]) -> list[Redacted]:
        """Return each text redacted; ``languages`` are ISO 639-1 codes or ``und``, one a text.

        Raises SettingError when ``recognizers`` is no file that Presidio takes.
        """
        drafts = [_Draft(text, language) for text, language in zip(texts, languages, strict=True)]
        for draft in drafts:
            self._find_structured(draft)
        pending = drafts if self.names else []
        # A placeholder can make another name plain, so what changed is looked at again until nothing is found. Each
        # round replaces at least one more letter, and redacting the outcome once more finds nothing.
        while pending:
            pending = [
                draft for draft, found in zip(pending, _names_in(pending), strict=True) if self._add(draft, found)
            ]
            for draft in pending:
                self._find_structured(draft)
        return [draft.redacted() for draft in drafts]

    def _find_structured(self, draft: _Draft) -> None:
        """Take what is denied and what the recognizers find, until there is nothing more.

        What is taken is blanked: a recognizer then sees its surroundings as it would in the redacted text, which is
        why redacting twice finds nothing new.
        """
        denied = [
            Found(start, end, "DENIED", draft.text[start:end].casefold())
            for start, end in self._denied.find(draft.shadow)
        ]
        self._take(draft, denied)
        while self._has_trace(draft.shadow):
            found = self._recognizer_engine().find(draft.shadow, draft.language)
            if not self._take(draft, [item for item in found if not self._is_allowed(draft, item)]):
                return

    def _has_trace(self, shadow: str) -> bool:
        if self.recognizers is not None or _SURE_TRACE.search(shadow):
            return True
        return _RARE_TRACE.search(shadow) is not None or _CODE_TRACE.search(shadow) is not None

    def _recognizer_engine(self) -> RecognizerEngine:
        if self._engine is None:
            # Presidio imports transformers, and with it torch, for recognizers that only a YAML file can name.
            with _hidden("transformers") if self.recognizers is None else nullcontext():
                from feedback_nlp.language.redaction.presidio_engine import RecognizerEngine

            self._engine = RecognizerEngine(self.recognizers)
        return self._engine

    def _is_allowed(self, draft: _Draft, item: Found) -> bool:
        return self._allowed.cover(draft.text[item.start : item.end])

    def _add(self, draft: _Draft, names: Sequence[Found]) -> bool:
        return self._take(draft, [item for item in names if not self._is_allowed(draft, item)])

    @staticmethod
    def _take(draft: _Draft, items: Sequence[Found]) -> bool:
        """Take the items that overlap nothing taken before; return whether there was one."""
        before = len(draft.found)
        for item in items:
            if item.start < item.end and 1 not in draft.taken[item.start : item.end]:
                draft.taken[item.start : item.end] = b"\1" * (item.end - item.start)
                draft.found.append(item)
        fresh = sorted(draft.found[before:])
        draft.blank([(item.start, item.end) for item in fresh])
        return bool(fresh)


class _Draft:
    """A text on its way: ``shadow`` is as long, with Western digits and all that is ``taken`` blanked."""

    def __init__(self, text: str, language: str) -> None:
        self.text = text
        self.language = language
        self.found: list[Found] = []
        self.taken = bytearray(len(text))
        # A NUL that the text came with must not pass for something taken.
        self.shadow = western_digits(text.replace(BLANK, " "))
        placeholders = [match.span() for match in PLACEHOLDER.finditer(text)]
        for start, end in placeholders:
            self.taken[start:end] = b"\1" * (end - start)
        self.blank(placeholders)

    def blank(self, spans: Sequence[tuple[int, int]]) -> None:
        """Blank sorted spans of the shadow."""
        pieces = []
        done = 0
        for start, end in spans:
            pieces += [self.shadow[done:start], BLANK * (end - start)]
            done = end
        self.shadow = "".join([*pieces, self.shadow[done:]])

    def redacted(self) -> Redacted:
        if not self.found:
            return Redacted(self.text)
        numbers: dict[tuple[str, str], int] = {}
        last = Counter[str]()
        for match in PLACEHOLDER.finditer(self.text):
            last[match[1]] = max(last[match[1]], int(match[2]))
        pieces: list[str] = []
        replacements: list[Replacement] = []
        end = length = 0
        for item in self._with_linked_names():
            if (item.kind, item.value) not in numbers:
                last[item.kind] += 1
                numbers[item.kind, item.value] = last[item.kind]
            placeholder = f"<{item.kind}_{numbers[item.kind, item.value]}>"
            start = length + item.start - end
            pieces += [self.text[end : item.start], placeholder]
            end, length = item.end, start + len(placeholder)
            replacements.append(Replacement(item.start, end, start, length, item.kind))
        counts = Counter(item.kind for item in self.found)
        return Redacted(
            "".join([*pieces, self.text[end:]]), MappingProxyType(dict(sorted(counts.items()))), tuple(replacements)
        )

    def _with_linked_names(self) -> list[Found]:
        """Return what was found in the order of the text, with one value for all mentions of a person."""
        found = sorted(self.found)
        people = [i for i, item in enumerate(found) if item.kind == "PERSON"]
        mentions = [self.text[found[i].start : found[i].end] for i in people]
        for i, person in zip(people, link_people(mentions, self.language), strict=True):
            found[i] = found[i]._replace(value=str(person))
        return found


def _names_in(drafts: Sequence[_Draft]) -> list[list[Found]]:
    """Return the names in each text as redacted so far, as parts of the text as it came."""
    from feedback_nlp.language.redaction.person_names import find_names_many

    redacted = [draft.redacted() for draft in drafts]
    names = find_names_many([result.text for result in redacted], [draft.language for draft in drafts])
    return [
        [part for start, end, kind in spans for part in _parts(draft, result, start, end, kind)]
        for draft, result, spans in zip(drafts, redacted, names, strict=True)
    ]


def _parts(draft: _Draft, redacted: Redacted, start: int, end: int, kind: str) -> list[Found]:
    """Return what of a name is no placeholder: "Anna Kowalska <PHONE_1>" is a name with something behind it."""
    starts = [replacement.new_start for replacement in redacted.replacements]
    parts = []
    position = start
    for match in [*PLACEHOLDER.finditer(redacted.text, start, end), None]:
        piece = redacted.text[position : match.start() if match else end]
        name = piece.strip(_EDGES)
        if _LETTER.search(name):
            at = position + piece.index(name)
            before = bisect_right(starts, at)
            shift = redacted.replacements[before - 1].end - redacted.replacements[before - 1].new_end if before else 0
            value = " ".join(name.casefold().split())
            parts.append(Found(at + shift, at + shift + len(name), kind, value))
        position = match.end() if match else end
    return parts
