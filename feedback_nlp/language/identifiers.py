"""Find identifiers of people in a text: patterns first, then checksums and number plans to be sure.

Each finder yields what it is sure of. Things that look alike but are no identifiers (years, dates, prices, order
and version numbers, scores) are told apart by checksum, by number plan and by the words in front of them.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple


class Found(NamedTuple):
    """An identifier at text[start:end]; ``value`` is equal for two spellings of the same one."""

    start: int
    end: int
    kind: str
    value: str


_FILE = Path(__file__).parent / "data" / "contexts.json"

BLANK = "\0"  # stands for every character of what is already redacted; no pattern crosses it
_DIGITS = {0x660 + digit: str(digit) for digit in range(10)} | {0x6F0 + digit: str(digit) for digit in range(10)}

_SITES = "com|org|net|info|io|app|me|co|eu|uk|de|fr|es|nl|ro|md|ru|su|ua|by|kz|it|pl|sa|ae|eg|ma|jo|kw|qa|lb|gl|ly"
_URL = re.compile(
    rf"\b(?:https?|ftp)://[^\s<>\"'،\0]+|\bwww\.[^\s<>\"'،\0]+|(?<![\w@.-])(?:[a-z0-9-]+\.)+(?:{_SITES})/[^\s<>\"'،\0]+",
    re.I,
)
_BARE_SITE = re.compile(r"(?:[a-z]+://)?[^/?#@]+/?", re.I)

_NAME = r"[^\W_](?:[\w.+%'’-]*\w)?"
_DOMAIN = r"(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W\d_]{2,24}"
_EMAIL = re.compile(rf"(?<![\w.+-]){_NAME}_*@{_DOMAIN}(?!\w)")
_MAIL_SITES = (
    "gmail|googlemail|hotmail|yahoo|outlook|live|icloud|yandex|mail|proton|protonmail|wp|o2|onet|interia|libero|virgilio|"
    "tiscali|aol|gmx|web|rambler|bk|inbox|list"
)
_AT = r" ?[\[({](?:at|@|chiocciola|собака|małpa)[\])}] ?"
_DOT = r"(?:\.| ?[\[({](?:dot|punto|\.)[\])}] ?)"
_SPELT_EMAIL = re.compile(
    rf"(?<![\w.+-]){_NAME}(?:{_AT}[\w-]+(?:{_DOT}[\w-]+)+| ?@ ?(?:{_MAIL_SITES})\.\w{{2,3}}(?!\w))", re.I
)
_HANDLE = re.compile(r"(?<![\w@./<])@[a-z_]\w{1,29}(?!\w)", re.I)

_IBAN = re.compile(r"(?<![\w-])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}(?![a-z])", re.I)
_IBAN_LENGTHS = {
    length: countries.split()
    for length, countries in {
        15: "NO", 16: "BE", 18: "DK FI FO GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU MN XK",
        21: "CH HR LI LV", 22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG", 25: "LY PT ST", 26: "IS TR", 27: "FR GR IT MC MR SM BI DJ",
        28: "AL AZ BY CY DO GT HU LB NI PL SV", 29: "BR EG PS QA UA", 30: "JO KW MU", 31: "MT SC", 32: "LC",
        33: "RU",
    }.items()
}  # fmt: skip
_IBAN_LENGTH = {country: length for length, countries in _IBAN_LENGTHS.items() for country in countries}
_POLISH_ACCOUNT = re.compile(r"(?<![\w-])\d{2}(?:[ -]?\d{4}){6}(?!\w)")

_CARD = re.compile(r"(?<![\w.,+-])\d(?:[ -]?\d){11,18}(?![\w-]|[.,]\d)")
_CARD_ISSUER = re.compile(  # first digits and lengths of ISO/IEC 7812 issuers in use
    r"4(?:\d{12}|\d{15})|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}|35\d{14}"
    r"|(?:2131|1800)\d{11}|(?:50|5[6-8]|6\d)\d{10,17}"
)
_MASKED_CARD = re.compile(r"(?<!\w)(?:\d{4}[ -]?)?(?:[*xX•]{4}[ -]?){2,3}\d{4}(?!\w)")

_IP4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\w|\.\d)")
_IP6 = re.compile(r"(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])", re.I)
_LEAST_IP = 11  # characters; a shorter one is more often a version or a paragraph, unless the text says "IP"
_IP_BEFORE = re.compile(r"(?<!\w)ip\b[^\d\n\0]*$", re.I)

_ITALIAN_CODE = re.compile(
    r"(?<!\w)[A-Z]{6}[\dLMNP-V]{2}[ABCDEHLMPRST][\dLMNP-V]{2}[A-Z][\dLMNP-V]{3}[A-Z](?!\w)", re.I
)
_NATIONAL = re.compile(r"(?<![\w.,+/-])\d[\d -]{7,13}\d(?![\w-]|[.,/]\d)")
_SNILS = re.compile(r"\d{3}[- ]\d{3}[- ]\d{3}[- ]\d{2}")
_SSN = re.compile(r"\d{3}-\d{2}-\d{4}")
_EMIRATES = re.compile(r"(?<!\w)784[- ]?(?:19|20)\d{2}[- ]?\d{7}[- ]?\d(?!\w)")
_NAMED_NUMBER = r"(?P<id>(?=[\w -]*\d{4})[A-Z]{0,3}[ -]?\d[\dA-Z]*(?:[ -]?\d+)*[A-Z]?)(?!\w)"

_PHONE_LIKE = re.compile(
    r"(?<!\d[.,:])(?<![\w/@#№$€£-])(?:\+|00)?\(?\d(?:[ ().\u2011\u2013/-]{0,3}\d){6,14}"
    r"(?:\s?(?:x|ext\.?|доб\.?)\s?\d{1,5})?(?!\w|[.:/-]\d|,\d{1,3}(?!\d))"
)
_NO_PHONE = re.compile(
    r"[0-3]?\d( ?[./-] ?| )[0-3]?\d\1(?:(?:19|20)?\d{2}|\d{2})"  # dates
    r"|(?:19|20)\d{2}([./-])\d{1,2}\2\d{1,2}(?: \d{1,2})?"
    r"|(?:19|20)\d{2} ?[-\u2013/ ] ?(?:19|20)\d{2}|(?:19|20)\d{2}[01]\d[0-3]\d"  # from year to year, 20240131
    r"|[0-2]?\d[.:]?[0-5]\d ?[-\u2013] ?[0-2]?\d[.:]?[0-5]\d"  # opening hours
    r"|\d{1,2}(?:[ .]\d{3}){1,2}|\d+(?: [-\u2013] \d+){2,}|\d+\.\d{2} ?[-\u2013].*"  # amounts, lists of amounts
)
_REGIONS = {
    "en": "US GB IE AU IN ZA", "ro": "RO MD", "ru": "RU KZ BY UA", "it": "IT CH", "pl": "PL",
    "ar": "SA AE EG MA JO KW QA LB IQ OM BH DZ TN", "de": "DE AT CH", "fr": "FR BE CH", "es": "ES MX AR CO",
    "nl": "NL BE", "pt": "PT BR", "uk": "UA", "cs": "CZ", "sk": "SK", "hu": "HU", "bg": "BG", "el": "GR", "tr": "TR",
    "sv": "SE", "he": "IL", "fa": "IR", "hi": "IN",
}  # fmt: skip
_ANY_REGION = "US GB RO RU IT PL"
_LEAST_BARE_DIGITS = 9  # shorter ones, written without a space, are as often an order or a customer number


@lru_cache(maxsize=1)
def _contexts() -> dict[str, re.Pattern[str]]:
    """Return the patterns of the words around numbers, in all languages at once: people mix them."""
    lists = json.loads(_FILE.read_text(encoding="utf-8"))

    def words(name: str) -> str:
        """Return the listed words as alternatives; ``*`` stands for any ending."""
        listed = lists[name]
        if isinstance(listed, dict):
            listed = {word for of_language in listed.values() for word in of_language}
        escaped = (
            re.escape(word).replace(r"\*", r"\w*") for word in sorted(listed, key=lambda word: (-len(word), word))
        )
        return "[وفبل]{0,2}(?:" + "|".join(escaped) + ")"  # Arabic writes "and", "for" onto the word

    def before(name: str, reach: int) -> re.Pattern[str]:
        return re.compile(rf"(?<!\w){words(name)}(?!\w)[^\d\n\0]{{0,{reach}}}$", re.I)

    between = r"[\s:#№.,()-]{0,5}"
    named = rf"(?<!\w){words('id')}(?!\w){between}(?:{words('id_filler')}(?!\w){between}){{0,3}}{_NAMED_NUMBER}"
    return {
        "phone": before("phone", 25),
        "order": before("order", 15),
        "card": before("card", 20),
        "version": re.compile(rf"(?<!\w){words('version')}[ .:]*$|=$", re.I),
        "amount": re.compile(rf"\s?{words('amount')}(?!\w)", re.I),
        "id": re.compile(named, re.I),
    }


def western_digits(text: str) -> str:
    """Return the text with Arabic-Indic and Persian digits as 0-9; every offset stays."""
    return text if text.isascii() else text.translate(_DIGITS)


def find_urls(text: str, language: str) -> Iterator[Found]:
    """Yield addresses that lead further than a site's front page: paths, queries and logins can name a person."""
    if "." not in text:
        return
    for match in _URL.finditer(text):
        url = match[0].rstrip(".,;:!?)]}»…")
        if not _BARE_SITE.fullmatch(url):
            yield Found(match.start(), match.start() + len(url), "URL", url)


def find_emails(text: str, language: str) -> Iterator[Found]:
    """Yield e-mail addresses, also ones spelt "name (at) site.com"."""
    if "@" in text:
        for match in _EMAIL.finditer(text):
            yield Found(*match.span(), "EMAIL", match[0].casefold())
    if "@" in text or "(" in text or "[" in text:
        for match in _SPELT_EMAIL.finditer(text):
            yield Found(*match.span(), "EMAIL", re.sub(r"[\s()\[\]{}]", "", match[0]).casefold())


def find_handles(text: str, language: str) -> Iterator[Found]:
    """Yield user names written @like_this."""
    if "@" in text:
        for match in _HANDLE.finditer(text):
            yield Found(*match.span(), "HANDLE", match[0].casefold())


def find_ibans(text: str, language: str) -> Iterator[Found]:
    """Yield bank accounts: IBANs of the country's length, and Polish ones without "PL"."""
    from stdnum import iban

    for match in _IBAN.finditer(text):
        length = _IBAN_LENGTH.get(match[0][:2].upper(), 0)
        end = _end_after(text, match.start(), match.end(), length)
        if not end:
            continue
        value = re.sub(r"[ -]", "", text[match.start() : end]).upper()
        written_as_one = end - match.start() == length and not text[end : end + 1].isalnum()
        if written_as_one or iban.is_valid(value, check_country=False):
            yield Found(match.start(), end, "IBAN", value)
    for match in _POLISH_ACCOUNT.finditer(text):
        value = "PL" + _only_digits(match[0])
        if iban.is_valid(value, check_country=False):
            yield Found(*match.span(), "IBAN", value)


def find_cards(text: str, language: str) -> Iterator[Found]:
    """Yield payment cards: of a known issuer with a right Luhn digit, said to be one (12 to 19 digits), or masked."""
    from stdnum import luhn

    for match in _CARD.finditer(text):
        digits = _only_digits(match[0])
        said = _contexts()["card"].search(text[max(0, match.start() - 30) : match.start()]) is not None
        if said or (len(digits) >= 13 and _CARD_ISSUER.fullmatch(digits) and luhn.is_valid(digits)):
            yield Found(*match.span(), "CARD", digits)
    for match in _MASKED_CARD.finditer(text):
        yield Found(*match.span(), "CARD", _only_digits(match[0]))


def find_ips(text: str, language: str) -> Iterator[Found]:
    """Yield IPv4 and IPv6 addresses, but no version numbers."""
    for match in [*_IP4.finditer(text), *_IP6.finditer(text)]:
        try:
            address = ipaddress.ip_address(match[0])
        except ValueError:
            continue
        before = text[max(0, match.start() - 20) : match.start()]
        clear = len(match[0]) >= _LEAST_IP or _IP_BEFORE.search(before)
        if clear and not _contexts()["version"].search(before):
            yield Found(*match.span(), "IP", str(address))


def find_ids(text: str, language: str) -> Iterator[Found]:
    """Yield numbers that a state gives a person: by checksum, or because the text says what they are."""
    for match in _contexts()["id"].finditer(text):
        yield Found(*match.span("id"), "ID", re.sub(r"[ -]", "", match["id"]).upper())
    if match_code := _ITALIAN_CODE.search(text):
        from stdnum.it import codicefiscale

        for match in _ITALIAN_CODE.finditer(text, match_code.start()):
            if codicefiscale.is_valid(match[0]):
                yield Found(*match.span(), "ID", match[0].upper())
    for match in _EMIRATES.finditer(text):
        yield Found(*match.span(), "ID", _only_digits(match[0]))
    for match in _NATIONAL.finditer(text):
        if _is_national_id(match[0], language):
            yield Found(*match.span(), "ID", _only_digits(match[0]))


def _is_national_id(written: str, language: str) -> bool:
    """Whether a number has the form and checksum of a CNP, PESEL, SNILS, INN, SSN or Egyptian national id."""
    from stdnum.pl import pesel
    from stdnum.ro import cnp
    from stdnum.ru import inn
    from stdnum.us import ssn

    digits = _only_digits(written)
    if _SSN.fullmatch(written):
        return bool(ssn.is_valid(written))
    if _SNILS.fullmatch(written):
        return _is_snils(digits)
    if digits != written:
        return False
    if len(digits) == 13:
        return bool(cnp.is_valid(digits))
    if len(digits) == 11:
        return bool(pesel.is_valid(digits)) or (language == "ru" and digits[0] not in "78" and _is_snils(digits))
    if len(digits) == 14:
        return language == "ar" and re.fullmatch(r"[23]\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{7}", digits) is not None
    return len(digits) == 12 and language == "ru" and bool(inn.is_valid(digits))


def _is_snils(digits: str) -> bool:
    """Check the last two digits of a Russian pension insurance number (its weights are 9 down to 1)."""
    total = sum(int(digit) * weight for digit, weight in zip(digits, range(9, 0, -1), strict=False))
    return len(digits) == 11 and total % 101 % 100 == int(digits[9:])


def find_phones(text: str, language: str) -> Iterator[Found]:
    """Yield phone numbers: valid in the number plan of a country where the language is spoken, or said to be one."""
    contexts = _contexts()
    for match in _PHONE_LIKE.finditer(text):
        written = match[0]
        digits = _only_digits(written)
        before = text[max(0, match.start() - 40) : match.start()]
        said = contexts["phone"].search(before) is not None
        international = written.startswith(("+", "00"))
        if not 7 <= len(digits) <= 20 or _NO_PHONE.fullmatch(written.strip("()")):
            continue
        if (
            not said
            and not international
            and (contexts["order"].search(before) or contexts["amount"].match(text, match.end()))
        ):
            continue
        claimed = said and (international or len(digits) >= 8 or not written.isdigit())
        if claimed or len(digits) >= _LEAST_BARE_DIGITS or not written.isdigit():
            number = _valid_phone(written, language) or (digits if claimed else "")
            if number:
                yield Found(*match.span(), "PHONE", number)


def _valid_phone(written: str, language: str) -> str:
    """Return the number in international form when some country's plan has it, else ""."""
    phonenumbers = _phonenumbers()
    for region in _REGIONS.get(language, _ANY_REGION).split():
        for match in phonenumbers.PhoneNumberMatcher(written, region):
            return str(phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164))
        if written.startswith("+"):
            break
    return ""


@lru_cache(maxsize=1)
def _phonenumbers() -> Any:
    import phonenumbers

    return phonenumbers


def _only_digits(written: str) -> str:
    return "".join(character for character in written if character.isdigit())


def _end_after(text: str, start: int, end: int, length: int) -> int:
    """Return where ``length`` letters and digits from ``start`` end, or 0 when there are fewer or a word goes on."""
    seen = 0
    for place in range(start, end):
        seen += text[place].isalnum()
        if length and seen == length:
            return 0 if text[place + 1 : place + 2].isalnum() else place + 1
    return 0


Finder = Callable[[str, str], Iterator[Found]]
FINDERS: tuple[Finder, ...] = (
    find_urls,
    find_emails,
    find_ibans,
    find_cards,
    find_ips,
    find_ids,
    find_phones,
    find_handles,
)
