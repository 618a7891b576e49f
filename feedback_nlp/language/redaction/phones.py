"""Find phone numbers: valid in the number plan of a country where the language is spoken, or said to be one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from feedback_nlp.language.redaction.contexts import Found, amount, before, digits_of, named_before, only_digits

_PHONE_LIKE = re.compile(
    r"(?<!\d[.,:])(?<![\w/@#№$€£=*<>-])(?:\+ ?|00)?\(?\d(?:[ ().\u2011\u2013/-]{0,3}\d){6,14}"
    r"(?:\s?(?:x|ext\.?|доб\.?)\s?\d{1,5})?(?!\w|[.:/-]\d|,\d{1,3}(?!\d))"
)
_NO_PHONE = re.compile(
    r"[0-3]?\d( ?[./-] ?| )[0-3]?\d\1(?:(?:19|20)?\d{2}|\d{2})"  # dates
    r"|(?:19|20)\d{2}([./-])\d{1,2}\2\d{1,2}(?: \d{1,2})?"
    r"|(?:19|20)\d{2} ?[-\u2013/ ] ?(?:19|20)\d{2}|(?:19|20)\d{2}[01]\d[0-3]\d"  # from year to year, 20240131
    r"|[0-2]?\d[.:]?[0-5]\d ?[-\u2013] ?[0-2]?\d[.:]?[0-5]\d"  # opening hours
    r"|.*(?<!\d)[0-3]?\d\.[01]?\d\.(?:19|20)\d\d.*"
    r"|\d{1,3}\. ?\d{4,}|(?:\d+\.)*\d{5,}(?:\.\d+)+|(?:\d+\.)+\d{5,}|(?:\d+\.){2,}\d"  # decimals, versions
    r"|(\d+)[ -]\3"  # a process id, twice
    r"|\d+(?: [-\u2013] \d+){2,}|\d+\.\d{2} ?[-\u2013].*"  # lists of amounts
)
_PHONE_AFTER = re.compile(
    r"[ -]\(?(?:office|mobile|cell|fax|serviciu|mobil|факс|моб|раб|ufficio|cellulare|جوال|مكتب|biuro)(?!\w)",
    re.I,
)
_MORE_BEFORE = re.compile(r"\d[ -]")  # the middle of a row of numbers
_SUM = re.compile(r"\d{1,2}(?:[ .]\d{3}){1,2}")
_REGIONS = {
    "en": "US GB IE AU IN ZA", "ro": "RO MD", "ru": "RU KZ BY UA", "it": "IT CH", "pl": "PL",
    "ar": "SA AE EG MA JO KW QA LB IQ OM BH DZ TN", "de": "DE AT CH", "fr": "FR BE CH", "es": "ES MX AR CO",
    "nl": "NL BE", "pt": "PT BR", "uk": "UA", "cs": "CZ", "sk": "SK", "hu": "HU", "bg": "BG", "el": "GR", "tr": "TR",
    "sv": "SE", "he": "IL", "fa": "IR", "hi": "IN", "ja": "JP", "ko": "KR", "zh": "CN TW HK", "vi": "VN", "id": "ID",
    "da": "DK", "no": "NO", "fi": "FI", "kk": "KZ RU", "be": "BY",
}  # fmt: skip
_ANY_REGION = "US GB RO RU IT PL"
_LEAST_BARE_DIGITS = 9  # shorter ones, written without a space, are as often an order or a customer number
_NOT_ONES = ("order", "order_marked", "locator", "account", "no_phone")


def find_phones(text: str, language: str) -> Iterator[Found]:
    """Yield phone numbers; numbers of orders, amounts, dates and opening hours are none."""
    for match in _PHONE_LIKE.finditer(text) if digits_of(text).longest >= 7 else ():
        written = match[0]
        if written[0] != "+" and match.start() > 2 and _MORE_BEFORE.fullmatch(text, match.start() - 2, match.start()):
            continue
        digits = only_digits(written)
        if not 7 <= len(digits) <= 20 or _NO_PHONE.fullmatch(written.strip("()")):
            continue
        said = before("phone", 25).search(text[max(0, match.start() - 40) : match.start()]) is not None
        said = said or _PHONE_AFTER.match(text, match.end()) is not None
        international = written.startswith(("+", "00"))
        if (
            not said
            and not international
            and (
                _SUM.fullmatch(written)
                or named_before(text, match.start(), _NOT_ONES)
                or amount().match(text, match.end())
            )
        ):
            continue
        least = (
            7
            if said
            and not _PHONE_AFTER.match(text, match.end())
            and before("phone", 12).search(text[max(0, match.start() - 25) : match.start()])
            else 8
        )
        claimed = said and (international or len(digits) >= least or not written.isdigit())
        if claimed or len(digits) >= _LEAST_BARE_DIGITS or not written.isdigit():
            number = number_in_plan(written, language) or (digits if claimed else "")
            if number:
                yield Found(*match.span(), "PHONE", number)


@lru_cache(maxsize=4096)  # all copies of a text ask again, and so do cells full of one number
def number_in_plan(written: str, language: str) -> str:
    """Return the number in international form when some country's plan has it, else "" (``language`` as ISO 639-1)."""
    import phonenumbers

    for region in _REGIONS.get(language, _ANY_REGION).split():
        for match in phonenumbers.PhoneNumberMatcher(written, region):
            return str(phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164))
        if written.startswith("+"):
            break
    return ""
