"""Quotes for the page: a few, different ones, with the evidence marked and everything escaped.

Only what the customer says is quoted: an ellipsis stands for what was set aside (a signature, a log), and placeholders
of personal data are written as words in brackets, "[person 1]".
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup, escape

from feedback_nlp.analysis.frames import AnalysisFrames
from feedback_nlp.analysis.passages import passages, placeholder_pieces
from feedback_nlp.analysis.verbatims import Span, Verbatim, find_verbatims
from feedback_nlp.language_names import language_name
from feedback_nlp.records import Aside
from feedback_nlp.report import wording

ELLIPSIS = "[\u2026]"
LONGEST = 420  # characters of a verbatim before it is cut to the surroundings of its evidence
BEFORE, AFTER = 110, 200
CANDIDATES = 40
LEAST_LETTERS = 12


@dataclass(frozen=True, slots=True)
class Quote:
    """One verbatim, ready for the page. ``html`` is safe."""

    feedback_id: str
    html: Markup
    language: str
    facts: tuple[str, ...]
    question: str


def choose_quotes(
    frames: AnalysisFrames,
    *,
    theme_id: str | None = None,
    sentiment: str | None = None,
    intent: str | None = None,
    limit: int = 3,
    used: Collection[str] = (),
) -> tuple[Quote, ...]:
    """Return up to ``limit`` quotes of different texts, the most fitting first, then ones in further languages.

    Feedback whose id is in ``used`` is quoted only when there is no other.

    With a theme and a sentiment, quotes with that feeling about the theme; all of the theme's when there are none.
    With an intent, quotes that have it, about any theme; the statements that do are the evidence. Without a theme and
    an intent, quotes that mention no theme.
    """
    unthemed = theme_id is None and intent is None
    page = find_verbatims(
        frames, theme_id=theme_id, unthemed=unthemed, sentiment=sentiment, intent=intent, limit=CANDIDATES
    )
    if intent is not None and theme_id is None:
        page = replace(page, items=tuple(_evident(verbatim, intent) for verbatim in page.items))
    if not page.items and sentiment is not None:
        page = find_verbatims(frames, theme_id=theme_id, unthemed=unthemed, intent=intent, limit=CANDIDATES)
    telling = [v for v in page.items if len(_evidence_text(v)) >= LEAST_LETTERS] or list(page.items)
    telling.sort(key=lambda v: v.feedback_id in used)  # stable: within each half the most fitting stay first
    chosen: list[Verbatim] = []
    for fresh in (True, False):  # first those in a language not heard yet, then the rest
        for verbatim in telling:
            if len(chosen) == limit:
                break
            heard = {v.language for v in chosen}
            said = {_evidence_text(v).casefold() for v in chosen}
            stale = verbatim.language in heard or verbatim.feedback_id in used
            if _evidence_text(verbatim).casefold() in said or (fresh and stale):
                continue
            chosen.append(verbatim)
    return tuple(as_quote(verbatim) for verbatim in chosen)


def _evident(verbatim: Verbatim, intent: str) -> Verbatim:
    spans = (replace(span, is_evidence=intent in span.intents) for span in verbatim.spans)
    return replace(verbatim, spans=tuple(spans))


def marked(text: str, spans: Sequence[Span], asides: Sequence[Aside] = ()) -> Markup:
    """Escape ``text`` and put its evidence into ``<mark>``; a long text is cut to the surroundings of the evidence."""
    text, evidence = _said(text, spans, asides)
    start, end = _window(text, evidence)
    if start > 0 and text.startswith(f"{ELLIPSIS} ", start):
        start += len(ELLIPSIS) + 1
    if end < len(text) and text.endswith(f" {ELLIPSIS}", start, end):
        end -= len(ELLIPSIS) + 1
    parts = [Markup(f"{ELLIPSIS} ")] if start > 0 else []
    position = start
    for first, last in evidence:
        shown = max(first, position), min(last, end)
        if shown[0] >= shown[1]:
            continue
        before, said = text[position : shown[0]], text[slice(*shown)]
        parts += [_escaped(before), Markup("<mark>"), _escaped(said), Markup("</mark>")]
        position = shown[1]
    parts.append(_escaped(text[position:end]))
    if end < len(text):
        parts.append(Markup(f" {ELLIPSIS}"))
    return Markup("").join(parts)


def _escaped(text: str) -> Markup:
    pieces = placeholder_pieces(text)
    # Isolated and left to right: brackets and a Latin word within Arabic would be drawn in pieces.
    return Markup("").join(
        Markup('<bdi dir="ltr">[{}]</bdi>').format(piece) if is_placeholder else escape(piece)
        for piece, is_placeholder in pieces
    )


def _said(text: str, spans: Sequence[Span], asides: Sequence[Aside]) -> tuple[str, list[tuple[int, int]]]:
    """Return what the customer says, an ellipsis for each gap, and where the evidence stands in it."""
    parts: list[str] = []
    evidence: list[tuple[int, int]] = []
    length, gap = 0, False
    for passage in passages(text, spans, asides):
        gap = gap or passage.kind is not None
        piece = "" if passage.kind is not None else text[passage.start : passage.end]
        piece = piece.lstrip() if gap else piece
        if not piece:
            continue
        if gap:
            length += _leave_out(parts)
            gap = False
        if passage.span is not None:
            evidence.append((length, length + len(piece.rstrip())))
        parts.append(piece)
        length += len(piece)
    if gap:
        _leave_out(parts)
    return "".join(parts).rstrip() if asides else text, evidence


def _leave_out(parts: list[str]) -> int:
    """Append an ellipsis in place of the white space at the end; return by how much the whole became longer."""
    lost = 0
    if parts:
        bare = parts[-1].rstrip()
        lost, parts[-1] = len(parts[-1]) - len(bare), bare
    parts.append(f" {ELLIPSIS} " if parts else f"{ELLIPSIS} ")
    return len(parts[-1]) - lost


def _window(text: str, evidence: Sequence[tuple[int, int]]) -> tuple[int, int]:
    if len(text) <= LONGEST:
        return 0, len(text)
    first, last = evidence[0] if evidence else (0, 0)
    start = max(0, first - BEFORE)
    end = min(len(text), max(last + AFTER, start + LONGEST))
    end = min(end, start + 2 * LONGEST)  # a statement can be as long as the text
    if start > 0:
        space = text.find(" ", start)
        start = space + 1 if 0 <= space < first else start
    if end < len(text):
        space = text.rfind(" ", start, end)
        end = space if space >= min(max(last, start), end) else end
    return start, end


def _evidence_text(verbatim: Verbatim) -> str:
    said, evidence = _said(verbatim.text, verbatim.spans, verbatim.asides)
    return " ".join(said[start:end] for start, end in evidence) or said


def as_quote(verbatim: Verbatim) -> Quote:
    """Return a verbatim ready for the page, with its evidence marked."""
    facts = [language_name(verbatim.language)]
    if verbatim.created_at is not None:
        facts.append(wording.day(verbatim.created_at))
    facts += [f"{name.upper() if len(name) <= 4 else name} {value:g}" for name, value in verbatim.scores.items()]
    facts += list(verbatim.segments.values())
    return Quote(
        feedback_id=verbatim.feedback_id,
        html=marked(verbatim.text, verbatim.spans, verbatim.asides),
        language=verbatim.language,
        facts=tuple(facts),
        question=verbatim.question,
    )
