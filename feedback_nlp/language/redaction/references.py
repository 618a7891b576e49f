"""Find values that only their context tells from any other number: orders, accounts, documents, plates, births.

"Order 48213" leads a company to a person as surely as an e-mail address does; "48213 steps" does not. The word itself
stays in the text, so that a reader still sees what the complaint is about.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from feedback_nlp.language.redaction.contexts import (
    Found,
    alternatives,
    amount,
    before,
    digits_of,
    lists,
    named_before,
    only_digits,
)

# What each list of words makes of the value behind it.
_KINDS = {
    "order": "ORDER", "order_marked": "ORDER", "locator": "ORDER", "account": "ACCOUNT", "id": "ID", "plate": "PLATE",
    "postcode": "ADDRESS",
}  # fmt: skip
TOPICS = ("id", "locator", "plate", "postcode", "account", "order", "order_marked")  # the first to list a word has it

_CAPITALS = "A-ZÀ-ÖØ-ÞĂĄĆĘŁŃŚŹŻȘȚŞŢА-ЯЁ"
_CHUNK = r"(?=[^\W\d_]*\d)[^\W_]++"  # possessive everywhere: what cannot match must fail at once
_VALUE = re.compile(
    rf"(?<![\w,/@+$€£₽%])(?<!\d\.)(?P<series>[{_CAPITALS}]{{1,6}}-)?{_CHUNK}(?:[-/.](?:{_CHUNK}|[{_CAPITALS}]{{1,5}}(?![^\W_])))*+"
    rf"(?:/ {_CHUNK})?+"
    rf"(?![\w%$€£₽°]|[.,:]\d|[-/]\d)"
)
_DIGITS = re.compile(r"\d+")
_HEAD = re.compile(rf"(?:(?<!\w)[{_CAPITALS}]{{1,6}}-)?[^\W\d_]*$")  # the letters that a value begins with
_LONGEST_HEAD = 24
_LETTERS = re.compile(r"(?<![\w-])[A-Z]{6}(?![\w-])")  # a booking code without a digit
_MORE_GROUPS = re.compile(r"(?:[ -](?=[A-Z]*\d)[A-Z\d]{2,}+(?!\w|[.,:/-]\d|%)){1,7}+")
_MORE_NUMBERS = re.compile(r"(?: \d{3,}+(?!\w|[.,:/-]\d|%)){1,7}+")
_PLATE_END = re.compile(rf"[ -]?[{_CAPITALS}]{{1,3}}(?: \d{{2,3}})?(?!\w)")
_SERIES = re.compile(rf"(?<!\w)([{_CAPITALS}]{{1,3}})[ -]$")
_FLIGHT = re.compile(r"[A-Z]{2}\d{1,4}(?:[-/][A-Z]{2}\d{1,4})*")  # says nothing of who was on it
_MEASURE = re.compile(r"\d+[^\W\d_]{3,}")
_MASK = re.compile(r"[ -]?\*{2,}[\w/*-]*")  # "408178****1234"
_YEAR = re.compile(r"(?:19|20)\d\d(?:[-/](?:19|20)?\d\d)?")
_DATE = re.compile(r"\d{1,2}([./-])\d{1,2}\1(?:\d{4}|\d{2})[^\W\d_]?|(?:19|20)\d\d([./-])\d{1,2}\2\d{1,2}")
_SUM = re.compile(r"\d{1,3}(?:\.\d{3})+|\d+\.\d{1,2}")
_LEAST_MIXED = 6  # letters and digits of a code such as MY8YB4
_LEAST_BARE = 5  # digits of a number behind "order" without "no.", "#" or ":"
_LEAST_MARKED = 3
_LEAST_LONG = 9  # digits; so long a number is a reference though other words stand before it, but not more than
_MOST_BEFORE_LONG = 4
_LEAST_ID = 4

_MONTH = r"[^\W\d_]{3,12}"
_BIRTH_DATE = re.compile(
    rf"(?<![\w.,/-])(?:\d{{1,2}}([./-] ?)\d{{1,2}}\1(?:(?:19|20)\d\d|\d\d)|(?:19|20)\d\d([./-])\d{{1,2}}\2\d{{1,2}}"
    rf"|\d{{1,2}}(?:st|nd|rd|th|-?го|[.º°])?(?: (?:of|de|del))? {_MONTH}\.?,?(?: (?:of|de|del))? (?:19|20)\d\d"
    rf"|{_MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?,? (?:19|20)\d\d)(?!\w|[./-]\d)"
)
_COORDINATES = re.compile(r"(?<![\w.])[-+]?\d{1,2}\.\d{3,}°?[NS]?[,;]? ?[-+]?\d{1,3}\.\d{3,}°?[EW]?(?![\w.]\d)")

_CREDENTIAL_GAP = r"(?P<told>\s{0,2}[:=]\s{0,2}|\s(?:is|was|este|e|è|to|это|هي|هو)\s)|\s"


def find_named(text: str, language: str) -> Iterator[Found]:
    """Yield ORDER, ACCOUNT, ID and PLATE numbers and postal codes (ADDRESS) that words in front of them announce."""
    for match in _values(text):
        start, end = match.span()
        named = named_before(text, start, TOPICS)
        if named is None and match["series"]:  # "CNP-1800101221144": what looked like a series is the word itself
            start = match.end("series")
            named = named_before(text, start, TOPICS)
        long = len(only_digits(match[0])) >= _LEAST_LONG
        if named is None and long and not before("phone", 25).search(text[max(0, start - 40) : start]):
            named = named_before(text, start, TOPICS, strangers=_MOST_BEFORE_LONG)
        if named is None:
            continue
        kind = _KINDS[named.topic]
        groups = _MORE_GROUPS if kind != "ORDER" else _MORE_NUMBERS if named.marked else None
        more = groups.match(text, end) if groups else None
        if more and not amount().match(text, more.end()):  # "order no. 48213 150 lei" is two numbers
            end = more.end()
        if kind in ("ID", "PLATE", "ACCOUNT"):
            if kind == "PLATE" and (more := _PLATE_END.match(text, end)):
                end = more.end()
            series = _SERIES.search(text, max(0, start - 5), start)
            if series and named_before(text, series.start(), TOPICS):
                start = series.start()
        if masked := _MASK.match(text, end):
            end = masked.end()
        value = text[start:end]
        if _is_reference(value, named.topic, named.marked) and not amount().match(text, end):
            yield Found(start, end, kind, re.sub(r"[^\w]", "", value).upper())
    for match in _LETTERS.finditer(text):
        named = named_before(text, match.start(), ("locator",))
        if named is not None:
            yield Found(*match.span(), "ORDER", match[0])


def _values(text: str) -> Iterator[re.Match[str]]:
    """Yield what could be a reference, from its digits outwards: far fewer places to look at than every word."""
    done = 0
    for digits in _DIGITS.finditer(text):
        start = digits.start()
        if start < done:
            continue
        head = _HEAD.search(text, max(done, start - _LONGEST_HEAD), start)
        match = _VALUE.match(text, head.start() if head else start)
        if match:
            yield match
            done = match.end()


def _is_reference(value: str, topic: str, marked: bool) -> bool:
    """Whether a value has the form of a reference: not a year, a date, a round sum or a small count."""
    digits = len(only_digits(value))
    if (
        _MEASURE.fullmatch(value)
        or _DATE.fullmatch(value)
        or _SUM.fullmatch(value)
        or (_YEAR.fullmatch(value) and not marked)
    ):
        return False
    mixed = any(letter.isupper() for letter in value) and len(value) >= _LEAST_MIXED
    if topic == "id":
        return digits >= _LEAST_ID or (mixed and digits >= 2)
    if topic in ("plate", "postcode"):
        return digits >= 2 and len(value) >= _LEAST_ID
    if topic == "locator" or marked:
        return digits >= _LEAST_MARKED or (mixed and digits >= 1)
    if topic == "order_marked":
        return False
    if _FLIGHT.fullmatch(value):
        return False
    return (mixed and digits >= 2) or (digits >= _LEAST_BARE and not value.endswith("000") and value[0] != "0")


def find_birth_dates(text: str, language: str) -> Iterator[Found]:
    """Yield dates that the text calls somebody's birth; any other date identifies nobody and stays."""
    for match in _BIRTH_DATE.finditer(text) if digits_of(text).total >= 5 else ():
        after = _born_after().match(text, match.end())
        if after or named_before(text, match.start(), ("birth",), linked=True):
            yield Found(*match.span(), "BIRTHDATE", re.sub(r"\W", "", match[0]).casefold())


@lru_cache(maxsize=1)
def _born_after() -> re.Pattern[str]:
    return re.compile(rf"\s?{alternatives(lists()['born_after'])}(?!\w)".replace("\\ ", r"\.? ?"), re.I)


def find_coordinates(text: str, language: str) -> Iterator[Found]:
    """Yield latitude and longitude where the text says that they are a place."""
    for match in _COORDINATES.finditer(text) if digits_of(text).longest >= 8 else ():
        if named_before(text, match.start(), ("coordinates",), linked=True):
            yield Found(*match.span(), "COORDINATES", match[0].replace(" ", ""))


def find_credentials(text: str, language: str) -> Iterator[Found]:
    """Yield passwords and PINs (SECRET) and user names (HANDLE) behind the word that names them."""
    lowered = text.lower()
    for kind, words, pattern in _credentials():
        if not any(word in lowered for word in words):
            continue
        for match in pattern.finditer(text):
            value = match["value"].rstrip(".,;:!?)\"'»”")
            if _is_credential(value, kind, told=match["told"] is not None):
                yield Found(match.start("value"), match.start("value") + len(value), kind, value)


@lru_cache(maxsize=1)
def _credentials() -> tuple[tuple[str, tuple[str, ...], re.Pattern[str]], ...]:
    """Return for each kind the words that come before, to look for first, and the pattern of both."""
    return tuple(
        (
            kind,
            _shortest(word.rstrip("*") for word in lists()[name]),
            re.compile(
                rf"(?<!\w){alternatives(lists()[name])}(?:{_CREDENTIAL_GAP})[\"'«„]?(?P<value>[^\s\0<>,;]{{3,64}}+)",
                re.I,
            ),
        )
        for kind, name in (("SECRET", "secret"), ("HANDLE", "login"))
    )


def _shortest(words: Iterable[str]) -> tuple[str, ...]:
    """Return the words that hold no other of them: a text with any of the words has one of these."""
    every = sorted(set(words), key=lambda word: (len(word), word))
    return tuple(word for i, word in enumerate(every) if not any(other in word for other in every[:i]))


def _is_credential(value: str, kind: str, *, told: bool) -> bool:
    """Whether a value looks like one; without "is" or ":" in front it has to look so more plainly."""
    letters = any(letter.isalpha() for letter in value)
    digits = any(letter.isdigit() for letter in value)
    signs = any(not letter.isalnum() for letter in value)
    if kind == "HANDLE":
        return len(value) >= 3 and letters and ("_" in value or digits or (told and signs))
    if "<" in value or len(value) < 4 or value[0] in "/\\$":
        return False
    return digits or signs if told else letters and digits and signs
