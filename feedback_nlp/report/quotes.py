"""Quotes for the page: a few, different ones, with the evidence marked and everything escaped."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from feedback_nlp.analysis.frames import AnalysisFrames
from feedback_nlp.analysis.verbatims import Span, Verbatim, find_verbatims
from feedback_nlp.language_names import language_name
from feedback_nlp.report import wording

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
    limit: int = 3,
    used: Collection[str] = (),
) -> tuple[Quote, ...]:
    """Return up to ``limit`` quotes of different texts, the most fitting first, then ones in further languages.

    Feedback whose id is in ``used`` is quoted only when there is no other.

    With a theme and a sentiment, quotes with that feeling about the theme; all of the theme's when there are none.
    Without a theme, quotes that mention none.
    """
    unthemed = theme_id is None
    page = find_verbatims(frames, theme_id=theme_id, unthemed=unthemed, sentiment=sentiment, limit=CANDIDATES)
    if not page.items and sentiment is not None:
        page = find_verbatims(frames, theme_id=theme_id, unthemed=unthemed, limit=CANDIDATES)
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
    return tuple(_quote(verbatim) for verbatim in chosen)


def marked(text: str, spans: Sequence[Span]) -> Markup:
    """Escape ``text`` and put its evidence into ``<mark>``; a long text is cut to the surroundings of the evidence."""
    evidence = sorted((s for s in spans if s.is_evidence), key=lambda s: (s.start, s.end))
    start, end = _window(text, evidence)
    parts = [Markup("[\u2026] ")] if start > 0 else []
    position = start
    for span in evidence:
        first, last = max(span.start, position), min(span.end, end)
        if first >= last:
            continue
        parts += [escape(text[position:first]), Markup("<mark>"), escape(text[first:last]), Markup("</mark>")]
        position = last
    parts.append(escape(text[position:end]))
    if end < len(text):
        parts.append(Markup(" [\u2026]"))
    return Markup("").join(parts)


def _window(text: str, evidence: Sequence[Span]) -> tuple[int, int]:
    if len(text) <= LONGEST:
        return 0, len(text)
    anchor = evidence[0] if evidence else None
    start = max(0, anchor.start - BEFORE) if anchor else 0
    end = min(len(text), max(anchor.end + AFTER, start + LONGEST) if anchor else LONGEST)
    end = min(end, start + 2 * LONGEST)  # a statement can be as long as the text
    if start > 0:
        space = text.find(" ", start)
        limit = anchor.start if anchor else start
        start = space + 1 if 0 <= space < limit else start
    if end < len(text):
        space = text.rfind(" ", start, end)
        floor = min(anchor.end, end) if anchor else start
        end = space if space >= floor else end
    return start, end


def _evidence_text(verbatim: Verbatim) -> str:
    evidence = [verbatim.text[s.start : s.end] for s in verbatim.spans if s.is_evidence]
    return " ".join(evidence) or verbatim.text


def _quote(verbatim: Verbatim) -> Quote:
    facts = [language_name(verbatim.language)]
    if verbatim.created_at is not None:
        facts.append(wording.day(verbatim.created_at))
    facts += [f"{name.upper() if len(name) <= 4 else name} {value:g}" for name, value in verbatim.scores.items()]
    facts += list(verbatim.segments.values())
    return Quote(
        feedback_id=verbatim.feedback_id,
        html=marked(verbatim.text, verbatim.spans),
        language=verbatim.language,
        facts=tuple(facts),
        question=verbatim.question,
    )
