"""Chats in one cell: the agent's turns, the speakers' labels and the system's lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from feedback_nlp.language.asides.aside_words import Line, alternatives, keys, label_key
from feedback_nlp.records import Aside

_LONGEST_LABEL = 60
_TIME = (
    r"[\[(<]?(?:\d{1,4}[./-]\d{1,2}[./-]\d{1,4},?[ T])?"
    r"\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,6})?(?: ?[ap]\.?m\.?)?[\])>]?"
    r"|[\[(]\d{1,4}[./-]\d{1,2}[./-]\d{1,4}[^\])\n]{0,20}[\])]"
)
_OPENING = re.compile(
    rf"(?P<time>(?:{_TIME})\s*[-–—|,]?\s*)?(?P<label>[^:\n]{{1,{_LONGEST_LABEL}}}?)\s*:(?!//|\d\d\b)\s*", re.IGNORECASE
)
_TIME_BEHIND = re.compile(rf"\s*[,(\[]?\s*(?:{_TIME})\s*[)\]]?\s*$", re.IGNORECASE)
_ROLE = re.compile(r"[(\[]([^()\[\]]{2,40})[)\]]")
_LABEL_WORD = re.compile(r"(?<![\w@#/.])([^\W\d_]+(?: [^\W\d_]+){0,2}) ?:(?!//|\d)")
_NUMBERED = re.compile(r"\s*[#№]?\d+$")


class _Turn(NamedTuple):
    """A label and where its turn starts; ``who`` is agent, customer, or the label's key when that is not known."""

    line: int
    start: int
    after: int
    who: str
    timed: bool


@lru_cache(maxsize=1)
def _event() -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{alternatives('chat_events')})(?!\w)", re.IGNORECASE)


def agent_turns(lines: Sequence[Line]) -> list[Aside]:
    """Return the labels of all speakers and everything that the agents say.

    A chat is told by labels of both sides, or by times before labels. Speakers who are called by name are on the
    side that is otherwise missing; an unknown label is somebody's when it has a time or comes back.
    """
    turns = _turns(lines)
    said = {turn.who for turn in turns}
    timed = sum(turn.timed for turn in turns)
    both = {"agent", "customer"} <= said
    agents = [turn for turn in turns if turn.who == "agent"]
    if not (
        both or (agents and (timed >= 2 or len(agents) >= 2)) or ("customer" in said and len(said) > 1 and timed >= 2)
    ):
        return _events(lines) if timed else []
    unknown = "agent" if "customer" in said and "agent" not in said else "customer"
    times = Counter(turn.who for turn in turns)
    turns = [turn for turn in turns if turn.who in ("agent", "customer") or turn.timed or times[turn.who] >= 2]
    marks = _events(lines)
    held = {mark.start for mark in marks}
    for number, turn in enumerate(turns):
        who = turn.who if turn.who in ("agent", "customer") else unknown
        following = turns[number + 1] if number + 1 < len(turns) else None
        if who != "agent":
            marks.append(Aside(turn.start, turn.after, "agent"))
            continue
        last = following.line if following else len(lines) - 1
        for index in range(turn.line, last + 1):
            line = lines[index]
            start = max(line.start, turn.start)
            end = min(line.end, following.start) if following else line.end
            if index > turn.line and len(said) == 1 and not turn.timed:
                break  # nobody else is ever named, so the lines between may be the customer's
            end = start + len(line.text[start - line.start : end - line.start].rstrip()) if end > start else end
            if end > start and start not in held:
                marks.append(Aside(start, end, "agent"))
    return sorted(marks)


def _turns(lines: Sequence[Line]) -> list[_Turn]:
    turns = []
    for index, line in enumerate(lines):
        if ":" not in line.text:
            continue
        match = _OPENING.match(line.text)
        turn = _turn(index, line, match) if match else None
        if turn:
            turns.append(turn)
        if line.text.count(":") > (1 if turn else 0) and (turn is None or turn.who in ("agent", "customer")):
            turns += _inside(index, line, turn.after if turn else line.start)
    return turns


def _turn(index: int, line: Line, match: re.Match[str]) -> _Turn | None:
    label = match["label"].strip("*_ >-•")
    if not label[:1].isalnum() and label[:1] not in ("(", "["):
        return None
    behind = _TIME_BEHIND.search(label) if match["time"] is None else None
    timed = match["time"] is not None or behind is not None
    who = _side(_TIME_BEHIND.sub("", label) if behind else label)
    if (who is None and timed and len(label.split()) <= 4 and not label.endswith((".", "!", "?", ","))) or (
        who is None and len(label.split()) <= 2 and _is_titled(label)
    ):
        who = label_key(label) or None
    return _Turn(index, line.start, line.start + len(match[0].rstrip()), who, timed) if who else None


def _inside(index: int, line: Line, least: int) -> list[_Turn]:
    """Return the turns that start within a line: "AGENT: ... CUSTOMER: ...", where line breaks were lost."""
    found = []
    for match in _LABEL_WORD.finditer(line.text):
        if line.start + match.start() < least:
            continue
        words = match[1].split(" ")
        for first in range(len(words)):
            label = " ".join(words[first:])
            who = _side(label, whole=False)
            if who and label[:1].lower() != label[:1].upper() and label[:1].islower():
                continue
            if who:
                start = line.start + match.start() + len(match[1]) - len(label)
                found.append(_Turn(index, start, line.start + match.end(), who, False))
                break
    return found


def _side(label: str, *, whole: bool = True) -> str | None:
    """Return the side that a label names: "Agent", "Agent 2", "Maria (Support)", "Support - Maria".

    ``whole`` says that the label is all that stands before its colon.
    """
    if label_key(label) in keys("environment"):
        return None  # "User agent: Mozilla/5.0"
    role = _ROLE.search(label)
    names = [role[1]] if role else []
    names += [_ROLE.sub("", label)]
    names += re.split(r" ?[-–—|,/] ?", label) if len(label) <= _LONGEST_LABEL else []
    for name in names:
        key = label_key(_NUMBERED.sub("", name))
        first = key.split(" ")[0] if name[:1].isupper() and len(key.split()) == 2 else key
        if key in keys("customers"):
            return "customer"
        if key in keys("agents") or (first in keys("agents") and _is_titled(name)):
            return "agent"
        last = key.split(" ")[-1] if 2 <= len(key.split(" ")) <= 3 and _is_titled(name) else ""
        if first in keys("customers") and _is_titled(name):
            return "customer"
        if whole and last in keys("agents"):
            return "agent"
    return None


def _is_titled(name: str) -> bool:
    return all(word[:1].isupper() for word in name.split())


def _events(lines: Sequence[Line]) -> list[Aside]:
    return [line.aside("agent") for line in lines if 8 < len(line.text) <= 120 and _event().search(line.text)]
