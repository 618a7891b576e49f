"""Forms: the headings, labels and check boxes of issue templates and ticket forms, and fields that hold no words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from feedback_nlp.language.asides.aside_words import (
    FIRST_WORD,
    Line,
    alternatives,
    first_words,
    is_prose,
    keys,
    label_key,
)
from feedback_nlp.records import Aside

_LONGEST_HEADING = 400
_NUMBER = re.compile(r"(?:\(?\d{1,2}[.)]|[-*•])\s+")
_MARKED = re.compile(r"#{1,6}\s|\*\*|__")
_BOX = re.compile(r"(?:[-*•+]|\d+[.)])?\s*\[\s{0,2}(?P<tick>[xX✓✔]?)\s{0,2}\]\s+|[☐☑☒✅]\s+")
_BOLD_LABEL = re.compile(r"(?:#{1,6}\s+)?(\*\*|__)(?P<label>[^\n]{1,260}?)\1:?\s*")
_QUESTION_LABEL = re.compile(r"(?P<label>[^?\n]{8,260}\?):?\s*")
_LABEL = re.compile(r"(?P<label>[^:\n]{1,160}?)\s*:(?!//)\s*")
_EMPTY_ITEM = re.compile(r"(?:\d{1,2}[.)]|[-*•+])")
_IMAGE = re.compile(
    r"(?:!\[[^\]\n]{0,200}\](?:\([^)\n]{0,500}\))?\s*)+|<?(?:https?://)?\S{0,100}(?:user-images|user-attachments)\S{0,300}"
)
_COMMENT = re.compile(r"<!--|-->")
_AUTOMATED = re.compile(r"\((?:automated|optional|required)\)", re.IGNORECASE)
_PARENTHESIS = re.compile(r"\([^()]*\)")
_ONE_WORD_NEEDS_MARK = 1
_LONG_HEADING = 5  # spaces in a heading that is a whole sentence
_SURE = 3  # evidence from which a text counts as a filled-in form


def template_parts(lines: Sequence[Line]) -> list[Aside]:
    """Return headings, labels, ticked-off pledges, empty fields, and fields that hold a number, date or name."""
    marks: list[Aside] = []
    evidence = _evidence(lines)
    section = None  # what the heading above asks for
    comment = False
    boxes = {index for index, line in enumerate(lines) if _BOX.match(line.text)}
    for index, line in enumerate(lines):
        text = line.text
        if not text:
            continue
        if comment or text.startswith("<!--"):
            comment = "-->" not in text
            marks.append(line.aside("template"))
            continue
        if index - 1 in boxes and index + 1 in boxes and index not in boxes:
            marks.append(line.aside("template"))  # goes on with the box above
            continue
        found, opens = _part(line, evidence, section, index == 0)
        if found:
            marks.append(found)
        if opens is not None:
            section = opens
        elif section == "environment" and found is None:
            if len(text) <= 80 and not is_prose(text, 4):
                marks.append(line.aside("log"))
            section = None
        elif found is None or found.end == line.end:
            section = None if found is None else section
    return marks


def _part(line: Line, evidence: int, section: str | None, first: bool) -> tuple[Aside | None, str | None]:
    """Return what of a line is the form's, and the kind of section that it opens, if any."""
    text = line.text
    box = _BOX.match(text)
    if box:
        return _box(line, box), None
    if _IMAGE.fullmatch(text) or text == "-->" or _image_name().fullmatch(text):
        return line.aside("template"), None
    if _EMPTY_ITEM.fullmatch(text) and evidence:
        return line.aside("template"), None
    sure = evidence >= _SURE
    if len(text) <= 40 and section is not None and _says_nothing(text):
        return line.aside("template"), None
    if len(text) <= _LONGEST_HEADING and not first and (kind := _heading(text, sure)):
        return line.aside("template"), kind
    for pattern in (_BOLD_LABEL, _QUESTION_LABEL, _LABEL):
        match = pattern.match(text)
        if match and (found := _labelled(line, match, evidence, pattern is _LABEL)):
            return found, None
    return None, None


def _box(line: Line, box: re.Match[str]) -> Aside:
    """An empty box is set aside with its words; of a ticked one only the words of a pledge are."""
    words = label_key(line.text[box.end() :])
    ticked = ("tick" in box.re.groupindex and (box["tick"] or "").strip() != "") or line.text[:1] in "☑☒✅"
    if ticked and not any(words.startswith(pledge) for pledge in keys("checks")):
        return Aside(line.start, line.start + len(box[0].rstrip()), "template")
    return line.aside("template")


@lru_cache(maxsize=1)
def _image_name() -> re.Pattern[str]:
    """What is left of a picture that was put into the text: its name."""
    number = r"[ _-]*(?:\(?\d[\d _.,:\-]*(?:(?:at|um|à|o|в|alle) \d[\d .:\-]*)?(?:[AP]M)?\)?)?"
    suffix = r"(?:\.(?:png|jpe?g|gif|webp|bmp|mp4|mov|txt|log|zip|pdf|csv|json))"
    return re.compile(rf"(?:{alternatives('images')}){number}{suffix}?|[^\s/]{{1,120}}{suffix}", re.IGNORECASE)


def _heading(text: str, sure: bool) -> str | None:
    """Return what a line that is only a heading opens: "environment", "words", or None when it is no heading.

    A heading of one word, a prompt or a row of versions needs marks, or a text that is ``sure`` to be a form.
    """
    first = FIRST_WORD.match(text)
    if first and first[1].lower() not in first_words("headings", "environment", "prompts"):
        return None
    marked = bool(_MARKED.match(text)) or (text.endswith((":", "：")) and len(text) > 1)
    bare = _AUTOMATED.sub("", _NUMBER.sub("", text.strip("#*_ ")))
    key = label_key(bare)
    if not key:
        return "words" if text.strip("#* ") == "" and "#" in text else None
    words = key.count(" ") + 1
    short = label_key(_PARENTHESIS.sub("", bare))  # "OS (e.g. Linux):"
    if key in keys("environment") or short in keys("environment"):
        return "environment" if sure or text.startswith("#") else None
    if key in keys("headings") or short in keys("headings"):
        return "words" if marked or sure or words > _ONE_WORD_NEEDS_MARK else None
    if key in keys("prompts"):
        return "words" if sure and marked else None
    return "words" if _is_long_heading(key) else None


@lru_cache(maxsize=1)
def _long_headings() -> tuple[str, ...]:
    """Return the headings that are whole sentences, which forms lengthen with explanations."""
    return tuple(sorted(key for key in keys("headings") if key.count(" ") >= _LONG_HEADING))


def _is_long_heading(key: str) -> bool:
    return key.count(" ") >= _LONG_HEADING and key.startswith(_long_headings())


def _labelled(line: Line, match: re.Match[str], evidence: int, plain: bool) -> Aside | None:
    """Return the label, or with it a value that says nothing."""
    label = match["label"].strip("#*_-• ")
    if len(label) > 260 or not label:
        return None
    key = label_key(_AUTOMATED.sub("", _NUMBER.sub("", label)))
    value = line.text[match.end() :].strip("*_ ")
    only_label = Aside(line.start, line.start + len(match[0].rstrip()), "template")
    if key in keys("environment"):
        return None if value else only_label
    if key in keys("headings") or _is_long_heading(key):
        if plain and key.count(" ") == 0 and evidence < 2:
            return None
        return line.aside("template") if _says_nothing(value) else only_label
    if not plain:
        return None
    if key in keys("identifiers") and _is_identifier(value):
        return line.aside("template")
    if evidence < _SURE:
        return None
    if key in keys("prompts"):
        return line.aside("template") if _says_nothing(value) else only_label
    if key in keys("identifiers", "fields"):
        short = len(value.split()) <= 5 and not value.endswith((".", "!", "?")) and not value[:1].islower()
        return line.aside("template") if short or _says_nothing(value) else None
    return None


def _says_nothing(value: str) -> bool:
    key = label_key(value)
    return not key or key in keys("no_response") or key in {"yes", "no"}


def _is_identifier(value: str) -> bool:
    """Whether a value is a number, code, date or address, and not words that happen to hold a number."""
    tokens = value.split()
    marked = sum(any(character.isdigit() or character in "@<" for character in token) for token in tokens)
    return 0 < len(tokens) <= 8 and marked * 2 >= len(tokens)


def _evidence(lines: Sequence[Line]) -> int:
    """Return how sure it is that the text came from a form: the number of its known labels, at least one telling."""
    known = 0
    telling = 0
    for line in lines:
        text = line.text
        if not text or (len(text) > _LONGEST_HEADING and ":" not in text[:60]):
            continue
        kind = _heading(text, True) if len(text) <= _LONGEST_HEADING else None
        if kind:
            telling += (kind == "words") + bool(_MARKED.match(text))
            known += 1
            continue
        label, colon, value = text.partition(":")
        if not colon or len(label) > 60:
            continue
        key = label_key(label)
        if (key in keys("identifiers") and _is_identifier(value)) or key in keys("headings") or key in keys("prompts"):
            telling += 1
            known += 1
        elif key in keys("fields", "identifiers", "environment"):
            known += 1
    return known + telling if telling else 0
