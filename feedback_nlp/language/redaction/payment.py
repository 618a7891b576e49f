"""Find payment cards (Luhn), bank accounts (IBAN, modulo 97) and crypto wallets in a text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from feedback_nlp.language.redaction.contexts import Found, before, digits_of, only_digits

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
_LEAST_IBAN = 6  # digits; a few countries' account numbers are mostly letters
_POLISH_ACCOUNT = re.compile(r"(?<![\w-])(?:PL ?)?\d{2}(?:[ -]?\d{4}){6}(?!\w)")
_POLISH_GROUPS = re.compile(r"(?:PL ?)?\d{2}([ -])\d{4}(?:\1\d{4}){5}")  # nothing else is written so

_CARD = re.compile(r"(?<![\w.,+-])\d(?:[ -]?\d){11,18}(?![\w-]|[.,]\d)")
CARD_ISSUER = re.compile(  # first digits and lengths of ISO/IEC 7812 issuers in use
    r"4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}|35\d{14}"
    r"|(?:2131|1800)\d{11}|(?:50|5[6-8]|6\d)\d{10,17}"
)
_MASKED_CARD = re.compile(r"(?<!\w)(?:\d{4}[ -]?)?(?:[*xX•]{4}[ -]?){2,3}\d{4}(?!\w)")
_CARD_END = re.compile(r"(?<![*•])[*•]{2,16} ?\d{4}(?!\w|[.,]\d)")  # Markdown has stars too: only behind "card"

_BITCOIN = re.compile(r"(?<!\w)(?:bc1[a-z0-9]{25,60}|[13][1-9A-HJ-NP-Za-km-z]{25,34})(?!\w)")
_ETHEREUM = re.compile(r"(?<!\w)0x[0-9a-fA-F]{40}(?!\w)")


def find_ibans(text: str, language: str) -> Iterator[Found]:
    """Yield bank accounts: IBANs of the country's length, and Polish ones without "PL"."""
    if digits_of(text).total < _LEAST_IBAN:
        return
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
        value = "PL" + only_digits(match[0])
        if iban.is_valid(value, check_country=False) or _POLISH_GROUPS.fullmatch(match[0]):
            yield Found(*match.span(), "IBAN", value)


def _end_after(text: str, start: int, end: int, length: int) -> int:
    """Return where ``length`` letters and digits from ``start`` end, or 0 when there are fewer or a word goes on."""
    for position in range(start, end):
        length -= text[position].isalnum()
        if not length:
            return position + 1
    return 0


def find_cards(text: str, language: str) -> Iterator[Found]:
    """Yield payment cards: of a known issuer with a right Luhn digit, said to be one (12 to 19 digits), or masked."""
    longest = digits_of(text).longest
    if longest < 4:
        return
    from stdnum import luhn

    for match in _CARD.finditer(text) if longest >= 12 else ():
        digits = only_digits(match[0])
        said = before("card", 20).search(text[max(0, match.start() - 30) : match.start()]) is not None
        if said or (len(digits) >= 13 and CARD_ISSUER.fullmatch(digits) and luhn.is_valid(digits)):
            yield Found(*match.span(), "CARD", digits)
    if not any(sign in text for sign in "*•xX"):
        return
    for match in _MASKED_CARD.finditer(text):
        yield Found(*match.span(), "CARD", only_digits(match[0]))
    for match in _CARD_END.finditer(text):
        if before("card", 20).search(text[max(0, match.start() - 30) : match.start()]):
            yield Found(*match.span(), "CARD", only_digits(match[0]))


def find_wallets(text: str, language: str) -> Iterator[Found]:
    """Yield Bitcoin addresses with a right checksum and Ethereum addresses."""
    for match in _BITCOIN.finditer(text) if digits_of(text).total >= 2 else ():
        from stdnum import bitcoin

        if bitcoin.is_valid(match[0]):
            yield Found(*match.span(), "CRYPTO", match[0])
    if "0x" in text:
        for match in _ETHEREUM.finditer(text):
            yield Found(*match.span(), "CRYPTO", match[0].lower())
