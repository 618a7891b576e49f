"""What machines wrote: code, logs, stack traces, compilers' messages, dumps and tables of versions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from feedback_nlp.language.asides.aside_words import Line, is_prose, keys, label_key
from feedback_nlp.language.asides.machine_patterns import CODE, COMMAND, LOG, VERSION
from feedback_nlp.records import Aside

_STRONG, _WEAK, _NEUTRAL, _PROSE = 3, 2, 1, 0
_LONGEST_LINE = 2000  # of a longer line only the beginning is judged
_MOST_GLUED = 3  # lines between two of a machine that go with them
_MOST_SINGLE = 200  # lines between two lone backticks
_LEAST_INLINE = 40  # characters of `code` in a sentence that is set aside
_FENCE = re.compile(r"`{3,}|~{3,}")
_INFORMED = re.compile(r"(?:`{3,}|~{3,}) ?[A-Za-z]")
_INLINE = re.compile(rf"(?<!`)`([^`\n]{{{_LEAST_INLINE},}})`(?!`)")
_WORTH_A_LOOK = re.compile(r"[\d:=;{}()\[\]<>|\\/$#_]|^at |^npm|^[A-Z][A-Za-z]{2,}ing ")
_SYMBOL = re.compile(r"[{}\[\];=<>\\|$]|[^\W_]_[^\W_]|\w\(|\)\.|::|->")
_URL = re.compile(r"(?:https?://|www\.)\S+|!?\[[^\]\n]*\]\([^)\n]*\)|<[A-Z]+_\d+>")
_ENVIRONMENT = re.compile(r"[-*•|>\s]*\**(?P<label>[^:=|;\n]{1,100}?)\**\s*(?::|=>|=|\||;)\s*(?P<value>[^\n]{0,200})")
_SEPARATOR = re.compile(r"[:=|;]")
_PARENTHESIS = re.compile(r"\([^()]*\)|`")
_RATING = re.compile(r"\d+(?:[.,]\d+)? ?(?:/|of|out of|из|din|su|z|من) ?\d+\b|\d ?(?:stars?|\*|★)", re.IGNORECASE)
_MESSAGE = re.compile(r"\w: \w|\w=\w|\[\w+\]|\(\d+\)|\w/\w+/\w")
_COMMENT = re.compile(r"(?:#|//|/\*|\*)")
_LONG_TOKEN = re.compile(r"(?=\S*[\d_:=;./\\])\S{36,}$")


def fenced(lines: Sequence[Line]) -> list[Aside]:
    """Return blocks between fences (``` or ~~~). Prose that somebody put into one stays; the fences go.

    Some forms wrap whatever is typed into a fence, so a block is judged by its lines.
    """
    marks: list[Aside] = []
    opened: tuple[int, Aside] | None = None
    below = 0  # lines of a block between single backticks are done
    for index, line in enumerate(lines):
        if index < below:
            continue
        if opened is None and line.text.startswith("`") and line.text.count("`") == 1:
            size = _single_size(lines, index)
            below = index + size
            marks += [other.aside("code") for other in lines[index:below] if other.text]
        if "```" not in line.text and not line.text.startswith("~~~"):
            continue
        places = [(match.start(), match.end()) for match in _FENCE.finditer(line.text)]
        if opened is not None and opened[0] != index and _INFORMED.match(line.text):
            continue  # a closing fence names no language, so this one lies inside the block
        for start, end in places:
            if opened is None:
                opened = (index, Aside(line.start + start, line.end, "code"))
            elif opened[0] == index:
                marks.append(Aside(opened[1].start, line.start + end, "code"))  # opened and closed within a line
                opened = None
            else:
                marks += _block(lines[opened[0] + 1 : index], opened[1], Aside(line.start, line.start + end, "code"))
                opened = None
    if opened is not None:
        block = list(lines[opened[0] + 1 :])
        marks += _block(block, opened[1], None)
    return sorted(marks)


def _single_size(lines: Sequence[Line], index: int) -> int:
    """Return how many lines lie between a lone backtick here and the next one, which ends its line: 0 for none."""
    for size, line in enumerate(lines[index + 1 : index + _MOST_SINGLE], start=2):
        if "`" in line.text:
            return size if line.text.endswith("`") and line.text.count("`") == 1 else 0
    return 0


def _block(block: Sequence[Line], opening: Aside, closing: Aside | None) -> list[Aside]:
    said = [line for line in block if line.text]
    prose = sum(len(line.text) for line in said if _is_sentence(line.text))
    human = prose >= 0.4 * max(1, sum(len(line.text) for line in said))
    judged = [_strength(line.text) for line in said]
    clean = all(strength < _WEAK for strength, _ in judged) and not any(_MESSAGE.search(line.text) for line in said)
    human = human or (clean and any(is_prose(line.text) for line in said))
    kinds = [kind for _, kind in judged]
    kind = "log" if kinds.count("log") > kinds.count("code") else "code"
    marks = [opening._replace(kind=kind)]
    if not human:
        marks += [line.aside(kind) for line in said]
    if closing:
        marks.append(closing._replace(kind=kind))
    return marks


def _is_sentence(text: str) -> bool:
    """Whether a line in a fence is what somebody says: a whole sentence, unlike the messages of programs."""
    ends = text.endswith((".", "?", "!", ":", ")", "…", "؟")) or len(text.split()) >= 12
    return (
        ends
        and is_prose(text, 5)
        and not _MESSAGE.search(text)
        and not _COMMENT.match(text)
        and _strength(text)[0] == _PROSE
    )


def inline_code(lines: Sequence[Line]) -> list[Aside]:
    """Return long pieces of `code` within sentences; short ones are names of things and stay."""
    marks = []
    for line in lines:
        if "`" in line.text:
            marks += [
                Aside(line.start + match.start(), line.start + match.end(), "code")
                for match in _INLINE.finditer(line.text)
                if not is_prose(match[1])
            ]
    return marks


def machine_lines(lines: Sequence[Line]) -> list[Aside]:
    """Return lines outside fences that a machine wrote: clear ones, and doubtful ones beside others."""
    judged = [_strength(line.text) for line in lines]
    taken = [False] * len(lines)
    near: list[int] = []  # the nearest lines with text, before and behind
    for index, (strength, _) in enumerate(judged):
        if lines[index].text:
            near.append(index)
        taken[index] = strength == _STRONG
    for place, index in enumerate(near):
        beside = near[max(0, place - 1) : place] + near[place + 1 : place + 2]
        if judged[index][0] == _WEAK:
            close = [other for other in beside if abs(lines[other].number - lines[index].number) <= 2]
            taken[index] = any(judged[other][0] >= _WEAK for other in close)
    if near and near[0] == 0 and not (len(near) > 1 and taken[near[1]] and lines[near[1]].number <= 1):
        taken[0] = False  # the first line is the subject, even when it quotes an error
    _glue(lines, judged, near, taken)
    kinds = [kind for _, kind in judged]
    return [line.aside(kinds[index] or "log") for index, line in enumerate(lines) if taken[index] and line.text]


def _glue(lines: Sequence[Line], judged: list[tuple[int, str]], near: list[int], taken: list[bool]) -> None:
    """Take the few undecided lines that stand directly between two lines of a machine, or after a traceback's file."""
    last = None
    for place, index in enumerate(near):
        if not taken[index]:
            continue
        if last is not None and 1 < place - last <= _MOST_GLUED + 1:
            between = near[last + 1 : place]
            joined = lines[index].number - lines[near[last]].number == place - last
            if joined and all(judged[other][0] >= _NEUTRAL for other in between):
                for other in between:
                    taken[other] = True
                    judged[other] = (_WEAK, judged[near[last]][1])
        last = place


def _strength(text: str) -> tuple[int, str]:
    """Return how surely a line was written by a machine, and whether it is code or log."""
    if not text or not _WORTH_A_LOOK.search(text[:_LONGEST_LINE]):
        return (_PROSE, "") if is_prose(text, 3) else (_NEUTRAL, "")
    text = text[:_LONGEST_LINE]
    environment = _environment(text)
    if environment:
        return environment, "log"
    if LOG.match(text):
        return _STRONG, "log"
    prose = is_prose(text)
    if _COMMENT.match(text) and CODE.match(text):
        return (_NEUTRAL if prose else _WEAK), "code"
    if not prose and COMMAND.match(text) and not text.endswith(("!", "?")):
        return _STRONG if " -" in text or "/" in text else _WEAK, "log"
    if CODE.match(text) and not (prose and not text.endswith(("{", "};"))):
        return _WEAK, "code"
    bare = _URL.sub("", text)
    if prose or not bare.strip():
        return _PROSE, ""
    if len(_SYMBOL.findall(bare)) >= max(3, len(bare) // 12) or _LONG_TOKEN.match(bare):
        return _WEAK, "code"
    return (_PROSE, "") if is_prose(text, 3) else (_NEUTRAL, "")


def _environment(text: str) -> int:
    """Return how surely a line is a row of a table of versions, such as "OS: Windows 10": 0 when it is none."""
    match = _ENVIRONMENT.match(text) if _SEPARATOR.search(text[:120]) else None
    if not match or _label(match["label"]) not in _labels():
        return 0
    value = match["value"].strip()
    if _RATING.search(value) or is_prose(value, 5) or value.endswith(("!", "?")):
        return 0
    return _STRONG if VERSION.search(value) else _WEAK


@lru_cache(maxsize=4096)
def _label(label: str) -> str:
    return label_key(_PARENTHESIS.sub("", label)) or label_key(label)


@lru_cache(maxsize=1)
def _labels() -> frozenset[str]:
    return keys("environment") | frozenset(label_key(_PARENTHESIS.sub("", label)) for label in keys("environment"))
