"""Find identifiers that a scan or a hurried finger has harmed: "+48 78E 379 E64", "te1. 0722 l23 456", "4111 l111 ...".

Letters that look like digits are read as digits (and digits within a context word as letters), and what then has the
grouping of a phone, a card or an account number, or the date within a national number, is taken for one. A check digit
says nothing about a value that was read wrongly, so it is the form that decides, and a few letters only are allowed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from feedback_nlp.language.redaction.contexts import Found, amount, before, digits_of, lists, named_before, only_digits
from feedback_nlp.language.redaction.national_ids import NO_PERSON
from feedback_nlp.language.redaction.payment import CARD_ISSUER
from feedback_nlp.language.redaction.phones import find_phones, number_in_plan
from feedback_nlp.language.redaction.references import TOPICS, find_named

# What a reader of scans takes a digit for, in Latin, Cyrillic and Arabic (whose alef is a one and heh a five).
_READ_AS = {
    "0": "OoQDОо°", "1": "lI|!iІ\u0627", "2": "Zz", "3": "EЗз", "4": "AhЧч", "5": "SsЅ\u0647", "6": "Gbб", "7": "T",
    "8": "BВ", "9": "gqд",
}  # fmt: skip
_AS_DIGITS = {ord(sign): digit for digit, signs in _READ_AS.items() for sign in signs}
_SIGNS = re.escape("".join(sign for signs in _READ_AS.values() for sign in signs))
_AS_LETTERS = str.maketrans("0135|", "olesl")
_NEXT_TO = re.compile(rf"\d[{_SIGNS}]|[{_SIGNS}]\d")
_GROUP = rf"(?=[{_SIGNS}]{{0,3}}\d)[\d{_SIGNS}]"
_RUN = re.compile(
    rf"(?<![\w@#/$€£%|!])(?<![\w.,]-)(?<!\d[.,:])\+?{_GROUP}++"
    rf"(?:(?P<gap>[ -]){_GROUP}{{2,}}+(?:(?P=gap){_GROUP}{{2,}}+)*+)?(?![\w@]|[.,:/-]\w)"
)
_DATE = re.compile(
    rf"(?<![\w.-])(?:[\d{_SIGNS}]{{4}}-[\d{_SIGNS}]{{2}}-[\d{_SIGNS}]{{2}}"
    rf"|[\d{_SIGNS}]{{1,2}}([./-])[\d{_SIGNS}]{{1,2}}\1[\d{_SIGNS}]{{4}})(?!\w|[./-]\w)"
)
_MIXED_WORD = re.compile(r"(?<!\w)(?=[^\W\d_]*[\d|])(?=[\d|]*[^\W\d_])(?:[^\W_]|\|){2,14}+(?![\w|])")
_MOST_MISREAD = 3
_LEAST_READ = 6  # digits that are plainly digits
_PHONE_DIGITS = (8, 15)
_BARE_PHONE_DIGITS = (9, 11)
_UNIT_LIKE = "glhsbBATGDE"  # a number in front of one of these may be an amount: "70g", "20A"
_BORN = re.compile(r"\d\d(?:[02468][1-9]|[13579][0-2])(?:0[1-9]|[12]\d|3[01])\d{5,6}")  # as PESEL and CNP go on
_BORN_LENGTH = {"pl": 11, "ro": 13}
_PLAIN = re.compile(r"(?<![\w.,+/-])\d{11,13}(?![\w-]|[.,/]\d)")


def find_misread(text: str, language: str) -> Iterator[Found]:
    """Yield phones, cards, accounts, national numbers and births of which some digits were read as letters.

    Polish and Romanian national numbers that have a date in them but a wrong check digit are yielded too.
    """
    if (length := _BORN_LENGTH.get(language)) and digits_of(text).longest >= length:
        for match in _PLAIN.finditer(text):
            if _is_born(match[0], length) and not named_before(text, match.start(), NO_PERSON):
                yield Found(*match.span(), "ID", match[0])
    if _NEXT_TO.search(text):
        for match in _RUN.finditer(text):
            if kind := _kind_of(match, language):
                yield Found(*match.span(), kind, only_digits(match[0].translate(_AS_DIGITS)))
        for match in _DATE.finditer(text):
            harmed = sum(not sign.isdigit() for sign in match[0]) - 2
            if 1 <= harmed <= _MOST_MISREAD and named_before(text, match.start(), ("birth",), linked=True):
                yield Found(*match.span(), "BIRTHDATE", only_digits(match[0].translate(_AS_DIGITS)))


def find_behind_misread(text: str, language: str) -> Iterator[Found]:
    """Yield what a misread word announces: "nr k0nta 4711", "te1. 555 0123"."""
    mended = _MIXED_WORD.sub(_mend, text)
    if mended != text:
        yield from find_named(mended, language)
        yield from find_phones(mended, language)


def _kind_of(match: re.Match[str], language: str) -> str:
    """Return what a run of digits and look-alikes is by its form and by the words in front of it, or ""."""
    text, start = match.string, match.start()
    written = match[0]
    bare = written.lstrip("+")
    groups = re.split("[ -]", bare)
    signs = sum(map(len, groups))
    plain = sum(sign.isdigit() for sign in bare)
    harmed = signs - plain
    if written.endswith("!") and harmed == 1:
        return ""  # that number is sound, and the sentence ends
    if not 1 <= harmed <= _MOST_MISREAD or plain < _LEAST_READ:
        return ""
    shape = tuple(map(len, groups))
    if shape == (4, 4, 4, 4) or (shape == (4, 4, 4) and match["gap"] == "-"):
        return "CARD" if len(shape) == 4 else "ID"
    read = bare.translate(_AS_DIGITS)
    if written[0] == "+":
        return "PHONE" if _PHONE_DIGITS[0] <= signs <= _PHONE_DIGITS[1] else ""
    said = before("phone", 25).search(text[max(0, start - 40) : start]) is not None
    if len(groups) == 1:
        if _is_born(read, 11) or _is_born(read, 13):
            return "ID"
        if signs == 16 and CARD_ISSUER.fullmatch(read):
            return "CARD"
        if signs >= 12 and before("card", 30).search(text[max(0, start - 40) : start]):
            return "CARD"
        return "PHONE" if said and _BARE_PHONE_DIGITS[0] <= signs <= _BARE_PHONE_DIGITS[1] else ""
    if not _BARE_PHONE_DIGITS[0] <= signs <= _BARE_PHONE_DIGITS[1] or max(shape) > 4 or len(groups) < 3:
        return ""
    if said:
        return "PHONE"
    if amount().match(text, match.end()) or (bare[-1] in _UNIT_LIKE and harmed == 1 and groups[-1][:-1].isdigit()):
        return ""
    return "PHONE" if number_in_plan(read, language) else ""


def _is_born(digits: str, length: int) -> bool:
    """Whether digits are as many as a PESEL (11) or a CNP (13) has and hold a date of birth where it does."""
    return len(digits) == length and _BORN.fullmatch(digits, length == 13) is not None


def _mend(match: re.Match[str]) -> str:
    """Return a word with its digits read as letters when it is then a context word, else as it is."""
    mended = match[0].translate(_AS_LETTERS)
    return mended if mended.isalpha() and mended.casefold() in _context_words() else match[0]


@lru_cache(maxsize=1)
def _context_words() -> frozenset[str]:
    return frozenset(
        word for topic in ("phone", "number_word", *TOPICS) for word in lists()[topic] if len(word) > 2
    ) | frozenset(word.rstrip("*") for topic in ("phone", *TOPICS) for word in lists()[topic] if len(word) > 3)
