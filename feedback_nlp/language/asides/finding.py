"""Find what in a ticket, e-mail or chat the customer does not say: quotes, signatures, logs, forms, the agent's turns.

Everything works line by line and with the marks of all languages at once, so that nothing has to be known about a
text beforehand. The rule above all others: what the customer says is never set aside. Doubtful lines stay, and when
nothing would be left, the longest part that a person wrote is kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from feedback_nlp.language.asides.aside_words import Line, is_prose, lines_of, remaining
from feedback_nlp.language.asides.chat_turns import agent_turns
from feedback_nlp.language.asides.disclaimers import disclaimers
from feedback_nlp.language.asides.greetings import find_greetings
from feedback_nlp.language.asides.machine_text import fenced, inline_code, machine_lines
from feedback_nlp.language.asides.mail_marks import flattened_quote, quotes, signatures
from feedback_nlp.language.asides.ticket_forms import template_parts
from feedback_nlp.records import Aside

_WORD = re.compile(r"[^\W_]")
_MARKS = re.compile(r"[>`~|={}\[\]<#@\\:;/$_☐☑☒]|--|\*\*|\d\.\d")  # without any of them no machine, form or mail
_MOST_ROUNDS = 4  # what one round uncovers, such as a greeting below a header, the next finds
_FEW_WORDS = 4  # fewer of them above a forwarded message only pass it on
_KEPT_FIRST = ("quote", "signature", "greeting", "agent", "disclaimer")


def find_asides(text: str) -> tuple[Aside, ...]:
    """Return the parts of a cleaned text that the customer does not say, in any language.

    They are sorted, do not overlap, hold no white space at either end, and leave at least one word unless only
    machines and forms wrote the text. Finding asides in what :func:`without_asides` returns finds none.
    """
    found: tuple[Aside, ...] = ()
    blanked = text
    for _ in range(_MOST_ROUNDS):
        more = _find(blanked)
        if not more:
            break
        found = _merged((*found, *more), text)
        blanked = without_asides(text, found)
    return found


def without_asides(text: str, asides: Iterable[Aside]) -> str:
    """Return the text with every aside blanked: of the same length, so that all places in it stay what they are.

    Line breaks stay. An aside within a line becomes a line break, so that no sentence runs across it; only code in
    the middle of a sentence leaves a gap of spaces.
    """
    pieces = []
    at = 0
    for aside in asides:
        pieces.append(text[at : aside.start])
        blank = "".join("\n" if character == "\n" else " " for character in text[aside.start : aside.end])
        if aside.kind != "code" or "\n" in blank:
            if _goes_on(text, aside.start - 1, -1):
                blank = "\n" + blank[1:]
            if _goes_on(text, aside.end, 1):
                blank = blank[:-1] + "\n"
        pieces.append(blank)
        at = aside.end
    pieces.append(text[at:])
    return "".join(pieces)


def _goes_on(text: str, at: int, step: int) -> bool:
    """Whether the line holds more than spaces from here on, going forwards or backwards."""
    while 0 <= at < len(text) and text[at] == " ":
        at += step
    return 0 <= at < len(text) and text[at] != "\n"


def _find(text: str) -> list[Aside]:
    """Return the asides of one round."""
    lines = lines_of(text)
    said = sum(1 for line in lines if line.text)
    if not said:
        return []
    marked = bool(_MARKS.search(text))
    asides = _run(lines, _passes(said, marked, keep="nothing"))
    left = _words_left(text, asides)
    if asides and left < _FEW_WORDS and any(aside.kind == "quote" for aside in asides):
        kept = _run(lines, _passes(said, marked, keep="forwarded" if left else "any"))
        if _words_left(text, kept) > left:
            asides, left = kept, _words_left(text, kept)
    if asides and not left:
        asides = _keep_longest(asides, text)
    return asides


_Pass = Callable[[Sequence[Line]], list[Aside]]


def _passes(said: int, marked: bool, *, keep: str) -> list[_Pass]:
    """Return the finders to run, in the order in which their marks count."""
    alone = said == 1
    passes: list[_Pass] = []
    if marked and not alone:
        passes += [fenced, lambda lines: quotes(lines, keep=keep)]
    if marked:
        passes.append(agent_turns)
    if marked and alone:
        passes += [lambda lines: [aside for line in lines if line.text for aside in flattened_quote(line)]]
    passes += [disclaimers, lambda lines: signatures(lines, alone=alone)]
    if not alone:
        passes.append(template_parts)
    if marked and not alone:
        passes += [machine_lines, inline_code]
    passes.append(find_greetings)
    return passes


def _run(lines: list[Line], passes: Iterable[_Pass]) -> list[Aside]:
    found: list[Aside] = []
    for finder in passes:
        more = _disjoint(finder(lines))
        if more:
            found += more
            lines = remaining(lines, more)
    return sorted(found)


def _disjoint(asides: list[Aside]) -> list[Aside]:
    kept: list[Aside] = []
    for aside in sorted(asides):
        if kept and aside.start < kept[-1].end:
            aside = aside._replace(start=kept[-1].end)
        if aside.start < aside.end:
            kept.append(aside)
    return kept


def _words_left(text: str, asides: Sequence[Aside]) -> int:
    """Return how many words stay, counting no further than a few."""
    at = 0
    words = 0
    for start, end in [*((aside.start, aside.end) for aside in asides), (len(text), len(text))]:
        for match in re.finditer(r"\S+", text[at:start]):
            words += bool(_WORD.search(match[0]))
            if words >= _FEW_WORDS:
                return words
        at = end
    return words


def _keep_longest(asides: Sequence[Aside], text: str) -> list[Aside]:
    """Leave out the asides of the kind that comes nearest to what a customer says.

    Where there is none, a lone line of a machine stays, and so do lines that are words in spite of their marks.
    """
    kinds = {aside.kind for aside in asides}
    for kind in _KEPT_FIRST:
        if kind in kinds:
            longest = max((aside for aside in asides if aside.kind == kind), key=lambda aside: aside.end - aside.start)
            return [aside for aside in asides if (aside.kind != kind if kind == "quote" else aside != longest)]
    machine = [text[aside.start : aside.end] for aside in asides if aside.kind in ("code", "log")]
    lone = len(asides) == 1 and "\n" not in text[asides[0].start : asides[0].end]
    if lone or is_prose(" ".join(machine), 3):
        return []
    return list(asides)


def _merged(asides: Iterable[Aside], text: str) -> tuple[Aside, ...]:
    """Join neighbours of one kind that only white space parts, and trim all."""
    joined: list[Aside] = []
    for aside in sorted(asides):
        last = joined[-1] if joined else None
        if last and last.kind == aside.kind and not text[last.end : aside.start].strip():
            joined[-1] = last._replace(end=aside.end)
        else:
            joined.append(aside)
    trimmed = []
    for start, end, kind in joined:
        piece = text[start:end]
        bare = piece.strip()
        if bare:
            start += piece.index(bare)
            trimmed.append(Aside(start, start + len(bare), kind))
    return tuple(trimmed)
