"""A verbatim cut into what the customer says, what was set aside, and the placeholders of personal data within."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from feedback_nlp.language.asides.finding import without_asides
from feedback_nlp.language.redaction.redactor import PLACEHOLDER
from feedback_nlp.records import Aside

if TYPE_CHECKING:
    from feedback_nlp.analysis.verbatims import Span

ASIDE_WORDS = {
    "quote": "quoted message",
    "signature": "signature",
    "greeting": "greeting",
    "disclaimer": "disclaimer",
    "log": "log",
    "code": "code",
    "template": "form",
    "agent": "agent\u2019s words",
}
# A kind that a recognizer of one's own brings is shown by its own name, in small letters.
PLACEHOLDER_WORDS = {
    "ACCOUNT": "account",
    "ADDRESS": "address",
    "BIRTHDATE": "date of birth",
    "CARD": "card",
    "COORDINATES": "coordinates",
    "CRYPTO": "crypto wallet",
    "EMAIL": "e-mail",
    "HANDLE": "user name",
    "IBAN": "IBAN",
    "ID": "identity number",
    "IP": "IP address",
    "MAC": "device address",
    "ORDER": "order",
    "PERSON": "person",
    "PHONE": "phone",
    "PLATE": "number plate",
    "SECRET": "password",
    "URL": "link",
}


class Passage(NamedTuple):
    """``text[start:end]``: of one aside (``kind``), of one piece of evidence (``span``), or plain (neither)."""

    start: int
    end: int
    kind: str | None = None
    span: Span | None = None


def read_asides(stored: str | None) -> tuple[Aside, ...]:
    """Return the asides of a feedback as the store keeps them: a JSON list of [start, end, kind]."""
    if not stored or stored == "[]":
        return ()
    return tuple(Aside(*aside) for aside in json.loads(stored))


def said_text(text: str, asides: Sequence[Aside]) -> str:
    """Return the text with asides blanked: of the same length, so that places in it stay what they are."""
    return without_asides(text, asides) if asides else text


def said_column(feedback: pl.DataFrame) -> pl.Series:
    """Return "said": what customers say, row by row; null where that is the whole text."""
    said = [
        said_text(text, asides) if (asides := read_asides(stored)) else None
        for text, stored in feedback.select("text", "asides").iter_rows()
    ]
    return pl.Series("said", said, dtype=pl.String)


def passages(text: str, spans: Sequence[Span], asides: Sequence[Aside]) -> tuple[Passage, ...]:
    """Cut ``text`` into passages that, put together again, are the text.

    Evidence that overlaps an earlier piece of evidence is skipped. An aside within evidence (code in the middle of a
    sentence) parts it in two.
    """
    found: list[Passage] = []
    evidence = _apart([Passage(s.start, s.end, None, s) for s in spans if s.is_evidence], len(text))
    aside_at, evidence_at, position = 0, 0, 0
    cuts = _apart([Passage(*aside) for aside in asides], len(text))
    while position < len(text):
        while aside_at < len(cuts) and cuts[aside_at].end <= position:
            aside_at += 1
        while evidence_at < len(evidence) and evidence[evidence_at].end <= position:
            evidence_at += 1
        aside = cuts[aside_at] if aside_at < len(cuts) else None
        mark = evidence[evidence_at] if evidence_at < len(evidence) else None
        if aside is not None and aside.start <= position:
            found.append(aside)
        else:
            ahead = [len(text)] if aside is None else [aside.start]
            inside = mark is not None and mark.start <= position
            if mark is not None:
                ahead.append(mark.end if inside else mark.start)
            found.append(Passage(position, min(ahead), None, mark.span if inside and mark else None))
        position = found[-1].end
    return tuple(found)


def placeholder_words(kind: str) -> str:
    """Return what a kind of placeholder is called: "PERSON" is "person"."""
    return PLACEHOLDER_WORDS.get(kind, kind.lower())


def placeholder_pieces(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the pieces of a text: as they are (False), or the words for a placeholder (True): "person 1"."""
    position = 0
    for match in PLACEHOLDER.finditer(text):
        if match.start() > position:
            yield text[position : match.start()], False
        yield f"{placeholder_words(match[1])} {match[2]}", True
        position = match.end()
    if position < len(text):
        yield text[position:], False


def aside_size(text: str) -> str:
    """Say how long an aside is: its lines or, where there is but one, its words."""
    lines = sum(1 for line in text.splitlines() if line.strip())
    words = len(text.split())
    if lines > 1:
        return f"{lines:,} lines"
    return f"{words:,} words" if words > 1 else f"{len(text):,} characters"


def _apart(passages: list[Passage], length: int) -> list[Passage]:
    """Return them in order, within the text, without those that overlap one before."""
    kept: list[Passage] = []
    for passage in sorted(passages, key=lambda p: (p.start, p.end)):
        start, end = max(passage.start, 0), min(passage.end, length)
        if start < end and (not kept or start >= kept[-1].end):
            kept.append(Passage(start, end, passage.kind, passage.span))
    return kept
