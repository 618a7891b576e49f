"""Find values that their form gives away: card numbers with a wrong digit, document codes, passwords.

Nobody types "2294-6239-5875" or "xM5N)so6&x" into feedback to say something about a product. Codes of a few capitals
and digits are products and flights as often as documents, so they need words about identity near them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from feedback_nlp.language.redaction.contexts import BLANK, Found, alternatives, before, digits_of, lists, only_digits
from feedback_nlp.language.redaction.payment import CARD_ISSUER

_FOURS = re.compile(r"(?<![\w.,+-])(?<!\d )\d{4}(?:([ -])\d{4}\1\d{4}\1\d{4}|-\d{4}-\d{4})(?![\w-]|[., ]\d)")
_CODE = re.compile(
    r"(?<![\w&.+/#-])(?:[A-Z]{2,3}(?:\d{4,9}|[ -]\d{6,9})|(?=\w{6})(?P<harmed>[A-Zl]{2,3}[\dlOoISsBbZzEAhGTgq]{3,6}))"
    r"(?![\w%+/-]|[.,]\d)"
)
_LONG = re.compile(r"(?<![\w.,+/=-])\d{16}(?![\w-]|[.,]\d)")
_YEAR = re.compile(r"[A-Z]+[ -]?(?:(?:19|20)\d\d|\d+00)")  # "ES2015", "GT3500"
_LEAST_CODE_DIGITS = 3
_WINDOW = 100  # characters on both sides in which words about identity count
_BESIDE = re.compile(rf"{BLANK}[\"'”»)]?(?:, ?| ?[+&/] ?| (?:and|și|si|и|e|و|i|oraz|lub|or|sau|или|o|und|et|y) )$")
_BEFORE_BLANK = re.compile(rf"(?:, ?| ?[+&/] ?| (?:and|și|si|и|e|و|i|oraz|lub|or|sau|или|o|und|et|y) )[\"'„«(]?{BLANK}")
_PASSWORD = re.compile(r"(?<![^\s\"'„“«(])[!-~]{9,28}+(?![^\s\"'”“»,.;?!])")
_CLASSES = (str.islower, str.isupper, str.isdigit)
_SIGN = re.compile(r"[!#$%^&*()+=@~]")
_NO_PASSWORD = re.compile(  # addresses, hashtags, emphasis, calls, paths
    r"[\w.+-]+@[\w.-]+|[@#]\w+[!?]*|\*+\w+\*+"
    r"|.*(?:[a-z]{4}|\d{4}|://|::|\)\(|\w\([^()]*\)|\w=|\w[./:]\w|[<>{}\[\]\\;]).*|[^()]*\w\(+\d+"
)
_LEAST_CHANGES = 5  # from one class of signs to another: words and formulas have fewer


def find_codes(text: str, language: str) -> Iterator[Found]:
    """Yield numbers of a card's form (CARD, ID), codes among words about identity (ID), and passwords (SECRET)."""
    digits = digits_of(text)
    if digits.longest >= 12:
        for match in _FOURS.finditer(text):
            yield Found(*match.span(), "CARD" if match[1] else "ID", only_digits(match[0]))
        for match in _LONG.finditer(text):
            if CARD_ISSUER.fullmatch(match[0]):
                yield Found(*match.span(), "CARD", match[0])
    if digits.total >= _LEAST_CODE_DIGITS:
        for match in _CODE.finditer(text):
            if _is_code(text, match):
                yield Found(*match.span(), "ID", re.sub("[ -]", "", match[0]))
    if _SIGN.search(text):
        for match in _PASSWORD.finditer(text):
            value = match[0].rstrip(".,:;?")
            value = value if "(" in value else value.rstrip(")")
            if looks_random(value):
                yield Found(match.start(), match.start() + len(value), "SECRET", value)


def _is_code(text: str, match: re.Match[str]) -> bool:
    written = match[0]
    if len(only_digits(written)) < _LEAST_CODE_DIGITS:
        return False
    if before("id", 40).search(text[max(0, match.start() - 60) : match.start()]):
        return True
    if _YEAR.fullmatch(written):
        return False
    low, high = max(0, match.start() - _WINDOW), match.end() + _WINDOW
    left, right = text[low : match.start()], text[match.end() : high]
    if _elsewhere().search(left) or _elsewhere().search(right):
        return False
    if _BESIDE.search(left[-8:]) or _BEFORE_BLANK.match(right):
        return True
    if match["harmed"]:
        return False
    return _identity().search(left) is not None or _identity().search(right) is not None


@lru_cache(maxsize=1)
def _identity() -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){alternatives(lists()['identity'])}(?!\w)", re.I)


@lru_cache(maxsize=1)
def _elsewhere() -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){alternatives(lists()['no_document'])}(?!\w)", re.I)


def looks_random(value: str) -> bool:
    """Whether a word mixes small and capital letters, digits and signs as only a password does."""
    kinds = [next((i for i, is_one in enumerate(_CLASSES) if is_one(sign)), len(_CLASSES)) for sign in value]
    changes = sum(one != other for one, other in pairwise(kinds))
    return (
        len(value) >= 9
        and len(set(kinds)) == len(_CLASSES) + 1
        and changes >= _LEAST_CHANGES
        and _SIGN.search(value) is not None
        and not _NO_PASSWORD.fullmatch(value)
    )
