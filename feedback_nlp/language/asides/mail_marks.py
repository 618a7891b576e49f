"""E-mail: quoted and forwarded messages, and signatures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from feedback_nlp.language.asides.aside_words import (
    ARABIC_WORD,
    NAME_WORD,
    Line,
    alternatives,
    first_words,
    is_name,
    is_prose,
    keys,
    label_key,
)
from feedback_nlp.language.asides.disclaimers import disclaimer_opening
from feedback_nlp.records import Aside

_LONGEST_HEADER = 300  # characters of "On ... X wrote:"
_MOST_SIGNATURE_LINES = 12
_LONGEST_SIGNATURE_LINE = 90
_QUOTED = re.compile(r">+(?:[> ]|$|(?=[^\W\d]|[\"'«„“*`\[(#-]))")
# A Python prompt, ">:(" and ">:O" (but not "> On Monday"), "> 5 min".
_NOT_QUOTED = re.compile(r">{3} |>+ ?[.:;_]?(?:[<(>]|[oO](?!\w))|> ?\d[\d.,]*\s*\S{0,4}$")
_RULE = r"[-_=*#~ ]*"
_RULE_LINE = re.compile(r"[-_=*]{5,}")
_DATE = re.compile(r"\b(?:19|20)\d\d\b|\b\d{1,2}[:.]\d\d\b|\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b|[٠-٩]{4}")
_MAILBOX = re.compile(r"[^\s<>@]{1,100}@[^\s<>@]{1,200}")
_LONGEST_CLOSING = 120
_AFTER_SENTENCE = re.compile(r"[.!?…;,)؟،]\s+([^\W\d_]+)")
_DASHES = re.compile(r"--|—|__|-- ?\*?")
_CONTACT = re.compile(
    r"(?:tel|phone|mobile?|mob|cell|fax|t|m|f|e|p|w|e-?mail|mail|web|www|telefon|kom|cellulare|тел|моб|факс|почта|"
    r"هاتف|جوال|موبايل|فاكس|بريد|skype|linkedin|website|site|сайт|strona|sito)\b[.:]?.{0,80}"
    r"|[+(]?\d[\d\s()./-]{6,25}|[^\s@]{1,80}@[^\s@]{1,80}|(?:https?://|www\.)\S{1,150}|<?(?:PHONE|EMAIL|URL)_?\d*>?",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.!?…؟]$")
_PASSED_ON = re.compile(r"\s*(?:fwd?|fw|pd|i|tr|wg|пересл\w*|تحويل)\s*:", re.IGNORECASE)
_REPLY = re.compile(r"(?:\s*(?:re|fwd?|fw|odp|pd|r|i|rif|rép|ответ|на|رد|تحويل)\s*(?:\[\d+\])?\s*:)+", re.IGNORECASE)


class _Mail:
    """The patterns of mail in all languages, compiled once."""

    def __init__(self) -> None:
        def whole(pattern: str) -> re.Pattern[str]:
            return re.compile(pattern, re.IGNORECASE)

        self.separator = whole(rf"{_RULE}(?:{alternatives('separators', 'forwards')})\s*:?{_RULE}")
        self.forward = whole(rf"{_RULE}(?:{alternatives('forwards')})\s*:?{_RULE}")
        self.wrote = whole(rf"(?:^|[\s(>,])(?:{alternatives('wrote')})(?=[\s:]|$)")
        self.on = whole(rf"(?:{alternatives('on')})\s|\d|[^\W\d_]{{1,4}}[.,]\s?\d|[^\W\d_]{{2,12}}, ")
        self.inline = re.compile(
            rf"(?<!-)-{{3,}}+ ?(?:{alternatives('separators')}) ?-{{2,}}|"
            r"\bOn (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|\d)[^\n]{8,120}? wrote:",
            re.IGNORECASE,
        )
        name = rf"(?:[ ,]+{NAME_WORD}){{0,5}}"
        arabic = rf"{ARABIC_WORD}(?: {ARABIC_WORD})?"
        self.closing = whole(rf"(?:{alternatives('closings')})\b[\s,.!;:،–—-]*(?:{NAME_WORD}{name}|{arabic})?[.!]?")
        self.thanks = whole(
            rf"(?:{alternatives('closings_with_name')})(?:\s*[,،–—-]\s*(?P<name>{NAME_WORD}{name})?[.!]?|[.!]*)"
        )
        self.closing_at_end = whole(
            rf"(?:{alternatives('closings')})\b[\s,.!،–—-]*(?:{NAME_WORD}{name}|{arabic})?[.!]*"
        )
        self.closing_words = first_words("closings")
        self.sent_from = whole(rf"[-_*\s]*(?:{alternatives('sent_from')})\b.{{0,80}}")
        self.disclaimer = disclaimer_opening()
        self.postscript = whole(rf"(?:{alternatives('postscripts')})\b")
        self.from_keys = keys("from")
        self.field_keys = keys("from", "mail_fields", "subject")
        self.subject_keys = keys("subject")


@lru_cache(maxsize=1)
def _mail() -> _Mail:
    return _Mail()


def quotes(lines: Sequence[Line], *, keep: str = "nothing") -> list[Aside]:
    """Return quoted replies and forwarded messages with their headers.

    Below a header everything is quoted, unless it goes on in lines that begin with ">": then only those are, and
    answers between them stay. With ``keep`` "forwarded" the first message below a
    forward's header stays, with "any" the first below any header.
    """
    marks: list[Aside] = []
    index = 0
    kept = False
    while index < len(lines):
        line = lines[index]
        size = _header_size(lines, index) if line.text else 0
        if size:
            header = lines[index : index + size]
            stays = not kept and (keep == "any" or (keep == "forwarded" and _is_forward(header)))
            marks += _header_marks(header, whole=not _is_first(lines, index))
            index += size
            following = next((other for other in lines[index : index + 3] if other.text), None)
            if (following and _is_quoted(following.text)) or _is_first(lines, index - size) or stays:
                kept = True
                continue
            marks += _rest(lines, index)
            break
        if _is_quoted(line.text):
            marks.append(line.aside("quote"))
        index += 1
    return marks


def _rest(lines: Sequence[Line], index: int) -> list[Aside]:
    return [line.aside("quote") for line in lines[index:] if line.text]


def _is_first(lines: Sequence[Line], index: int) -> bool:
    return not any(line.text for line in lines[max(0, index - 6) : index]) and index < 7


def _header_marks(header: Sequence[Line], *, whole: bool) -> list[Aside]:
    """Set a header aside; the subject of a mail that is itself the text says what it is about, and stays."""
    marks = []
    for line in header:
        label, _, value = line.text.partition(":")
        subject = not whole and bool(value.strip()) and label_key(label) in _mail().subject_keys
        if subject and not _REPLY.match(value):
            marks.append(Aside(line.start, line.start + len(label) + 1, "quote"))
        elif line.text:
            marks.append(line.aside("quote"))
    return marks


def _is_forward(header: Sequence[Line]) -> bool:
    """Whether a header says that its message was passed on, and not answered."""
    mail = _mail()
    for line in header:
        label, colon, value = line.text.partition(":")
        if mail.forward.fullmatch(line.text):
            return True
        if colon and label_key(label) in mail.subject_keys and _PASSED_ON.match(value):
            return True
    return False


def _is_quoted(text: str) -> bool:
    return text.startswith(">") and bool(_QUOTED.match(text)) and not _NOT_QUOTED.match(text)


def _header_size(lines: Sequence[Line], index: int) -> int:
    """Return how many lines, from this one on, make up the header of a quoted message: 0 for none."""
    mail = _mail()
    text = lines[index].text
    if len(text) > _LONGEST_HEADER:
        return 0
    if mail.separator.fullmatch(text):
        size = 1
        while index + size < len(lines) and not lines[index + size].text and size < 3:
            size += 1
        return size + _fields_size(lines, index + size) if index + size < len(lines) else 1
    if _RULE_LINE.fullmatch(text):
        size = next((ahead for ahead in (1, 2) if index + ahead < len(lines) and lines[index + ahead].text), 0)
        fields = _fields_size(lines, index + size) if size else 0
        return size + fields if fields else 0
    if ":" in text or "<" in text or text.endswith("@"):
        fields = _fields_size(lines, index)
        if fields:
            return fields
    if _is_attribution(text):
        return 1
    following = lines[index + 1].text if index + 1 < len(lines) else ""
    if following and mail.on.match(text) and len(following) <= 160 and _is_attribution(f"{text} {following}"):
        return 2
    return 0


def _is_attribution(text: str) -> bool:
    """Whether this is "On 5 January 2024 X <x@y> wrote:" in any language."""
    mail = _mail()
    text = text.lstrip("> ")
    if not text.endswith((":", ">")) or not _DATE.search(text):
        return bool(text.endswith(":") and _MAILBOX.search(text) and mail.wrote.search(text))
    if mail.wrote.search(text):
        return bool(mail.on.match(text) or _MAILBOX.search(text))
    return text.endswith(">:") and bool(_MAILBOX.search(text))


def _fields_size(lines: Sequence[Line], index: int) -> int:
    """Return how many lines a block of "From: ... Sent: ... Subject: ..." has: 0 when it is none."""
    mail = _mail()
    found: list[str] = []
    size = 0
    for line in lines[index : index + 14]:
        label, colon, _ = line.text.lstrip("> *").partition(":")
        key = label_key(label) if colon and len(label) < 30 else ""
        if key not in mail.field_keys:
            break
        found.append(key)
        size += 1
    distinct = set(found)
    return size if len(distinct) >= 3 and distinct & mail.from_keys else 0


def signatures(lines: Sequence[Line], *, alone: bool) -> list[Aside]:
    """Return closing formulas with the names, titles and telephone numbers below them, and "Sent from my iPhone".

    ``alone`` says that the text is one line, in which only a formula at its very end counts.
    """
    mail = _mail()
    marks: list[Aside] = []
    index = 0
    while index < len(lines):
        text = lines[index].text
        below = 0
        if not text or (len(text) > _LONGEST_HEADER and not alone):
            pass
        elif mail.sent_from.fullmatch(text) and not alone:
            below = 1
        elif _DASHES.fullmatch(text) and index:
            below = _signature_size(lines, index + 1, named=True)
            below = below + 1 if below else 0
        elif len(text) <= 120 and index and mail.closing.fullmatch(text) and not alone:
            below = 1 + _signature_size(lines, index + 1, named=True)
        elif len(text) <= 80 and index and not alone and (match := mail.thanks.fullmatch(text)):
            size = _signature_size(lines, index + 1, named=True)
            below = 1 + size if size or match["name"] else 0
        marks += [line.aside("signature") for line in lines[index : index + below] if line.text]
        index += max(below, 1)
    return _merged_with_tail(lines, marks)


def _merged_with_tail(lines: Sequence[Line], marks: list[Aside]) -> list[Aside]:
    """Add a closing formula that ends the last line, and a block of contacts without any formula."""
    taken = {mark.start for mark in marks}
    left = [line for line in lines if line.text and line.start not in taken]
    if not left:
        return marks
    contacts: list[Line] = []
    for line in reversed(left[-8:]):
        if not (_is_contact(line.text) or (contacts and is_name(line.text))):
            break
        contacts.append(line)
    reachable = [line.text for line in contacts if _is_contact(line.text)]
    links = sum(text.startswith(("http", "www.")) for text in reachable)
    if len(reachable) >= 2 and links < len(reachable) and len(contacts) < len(left):
        marks += [line.aside("signature") for line in contacts]
        left = left[: -len(contacts)]
    last = left[-1]
    mail = _mail()
    for opening in _AFTER_SENTENCE.finditer(last.text, max(0, len(last.text) - _LONGEST_CLOSING)):
        known = opening[1].lower() in mail.closing_words
        if known and mail.closing_at_end.fullmatch(last.text, opening.start(1)):
            marks.append(Aside(last.start + opening.start(1), last.end, "signature"))
            break
    return sorted(marks)


def _is_contact(text: str) -> bool:
    return len(text) <= 120 and bool(_CONTACT.fullmatch(text)) and any(mark in text for mark in ".:@_0123456789")


def _signature_size(lines: Sequence[Line], index: int, *, named: bool) -> int:
    """Return how many lines of name, title and contacts follow: 0 when something is said there."""
    mail = _mail()
    size = 0
    blanks = 0
    for offset, line in enumerate(lines[index : index + _MOST_SIGNATURE_LINES]):
        text = line.text
        if not text:
            blanks += 1
            if blanks > 2:
                break
            continue
        if len(text) > _LONGEST_SIGNATURE_LINE or mail.postscript.match(text) or mail.disclaimer.match(text):
            break
        contact = _is_contact(text) or bool(mail.sent_from.fullmatch(text))
        first = size == 0
        after_blank = offset > 0 and not lines[index + offset - 1].text
        name = is_name(text) or (first and len(text.split()) == 1 and text.isalpha())
        title = not first and not after_blank and not _SENTENCE_END.search(text) and not is_prose(text, 7)
        if not (contact or (name and (first or not after_blank or (named and size <= 1 and "." not in text))) or title):
            break
        if text.startswith(">") or _header_size(lines, index + offset):
            break
        size = offset + 1
    return size


def flattened_quote(line: Line) -> list[Aside]:
    """Return the quoted message in a mail whose line breaks were lost: from its header to the line's end."""
    if "---" not in line.text and " wrote:" not in line.text:
        return []
    found = _mail().inline.search(line.text)
    return [Aside(line.start + found.start(), line.end, "quote")] if found and found.start() else []
