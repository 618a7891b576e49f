"""Find numbers that a state gives a person, by their form and checksum.

Those that only their context tells are found by :mod:`.references`. A number is taken without context only when form
and checksum leave little to chance, in the language of the country where they do not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from feedback_nlp.language.redaction.contexts import Found, digits_of, named_before, only_digits

_ITALIAN_CODE = re.compile(
    r"(?<!\w)[A-Z]{6}[\dLMNP-V]{2}[ABCDEHLMPRST][\dLMNP-V]{2}[A-Z][\dLMNP-V]{3}[A-Z](?!\w)", re.I
)
_NATIONAL = re.compile(r"(?<![\w.,+/-])\d(?:[ -]?\d){8,17}(?![\w-]|[.,/]\d)")
_LETTERED = re.compile(
    r"(?<!\w)(?:[XYZ][ -]?\d{7}[ -]?[A-Z]|\d{8}[ -]?[A-Z])(?!\w)"  # Spain's NIE and DNI
    r"|(?<!\w)(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D](?!\w)"  # NINO
)
_POLISH_CARD = re.compile(r"(?<!\w)[A-Z]{3} ?\d{6}(?!\w|[.,]\d)")
_POLISH_WEIGHTS = (7, 3, 1, 9, 7, 3, 1, 7, 3)
_PUNCTUATED = (
    ("br.cpf", re.compile(r"(?<![\w.])\d{3}\.\d{3}\.\d{3}-\d{2}(?!\w)")),
    ("cz.rc", re.compile(r"(?<![\w./])\d{6}/\d{3,4}(?![\w/])")),
    ("se.personnummer", re.compile(r"(?<![\w.])\d{6}[-+]\d{4}(?!\w)")),
)
_FORMS = {
    "ssn": re.compile(r"\d{3}-\d{2}-\d{4}"),
    "snils": re.compile(r"\d{3}[- ]\d{3}[- ]\d{3}[- ]\d{2}"),
    "emirates": re.compile(r"784[- ]?(?:19|20)\d{2}[- ]?\d{7}[- ]?\d"),
    "nip": re.compile(r"\d{3}-\d{3}-\d{2}-\d{2}"),
}
_EGYPTIAN = re.compile(r"[23]\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:0[1-4]|1[1-9]|2[1-9]|3[1-5]|88)\d{5}")
_KUWAITI = re.compile(r"[23]\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{5}")
_KUWAITI_WEIGHTS = (2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
# Written as one, with this many digits, in this language ("" for any): the checks that tell a number of its kind.
_PLAIN = (
    ("", 13, "ro.cnp"), ("", 11, "pl.pesel"), ("ro", 13, "idnp"), ("ru", 12, "ru.inn"), ("ru", 11, "snils"),
    ("ar", 14, "egypt"), ("ar", 12, "kuwait"), ("ar", 10, "saudi"), ("", 15, "fr.nir"), ("", 15, "emirates"),
    ("de", 11, "de.idnr"), ("tr", 11, "tr.tckimlik"), ("bg", 10, "bg.egn"), ("el", 11, "gr.amka"),
    ("cs", 10, "cz.rc"), ("sk", 10, "cz.rc"),
)  # fmt: skip
_LEAST_DIGITS = 5  # of all together; 7 in an Italian code, where letters may stand for some
_LEAST_NUMBER = 9
NO_PERSON = ("order", "order_marked", "account", "no_phone")  # a number of one of these is no person's, by chance only


def find_national_ids(text: str, language: str) -> Iterator[Found]:
    """Yield CNP, IDNP, PESEL, NIP, SNILS, INN, codice fiscale, SSN, ITIN, NINO and the like with right checksums."""
    digits = digits_of(text)
    if digits.total < _LEAST_DIGITS:
        return
    for match in _ITALIAN_CODE.finditer(text):
        if _check("it.codicefiscale")(match[0]):
            yield Found(*match.span(), "ID", match[0].upper())
    for match in _LETTERED.finditer(text):
        written = re.sub(r"[ -]", "", match[0])
        if written[:2].isalpha() or _check("es.nie" if written[0].isalpha() else "es.dni")(written):
            yield Found(*match.span(), "ID", written)
    for match in _POLISH_CARD.finditer(text) if language == "pl" else ():
        if is_polish_card(match[0].replace(" ", "")):
            yield Found(*match.span(), "ID", match[0].replace(" ", ""))
    if digits.longest < _LEAST_NUMBER:
        return
    for name, pattern in _PUNCTUATED:
        for match in pattern.finditer(text):
            if _check(name)(match[0]):
                yield Found(*match.span(), "ID", only_digits(match[0]))
    for match in _NATIONAL.finditer(text):
        written = match[0]
        if _is_formatted(written) or (
            _is_plain(written, language) and not named_before(text, match.start(), NO_PERSON)
        ):
            yield Found(*match.span(), "ID", only_digits(written))


def _is_formatted(written: str) -> bool:
    """Whether a number is written the way that only one kind of number is, with its checksum right."""
    if _FORMS["ssn"].fullmatch(written):
        return _check("us.ssn")(written) or _check("us.itin")(written)
    if _FORMS["snils"].fullmatch(written):
        return is_snils(only_digits(written))
    if _FORMS["emirates"].fullmatch(written) and not written.isdigit():
        return True
    if _FORMS["nip"].fullmatch(written):
        return _check("pl.nip")(written)
    return False


def _is_plain(written: str, language: str) -> bool:
    digits = only_digits(written)
    groups = len(written) - len(digits)
    return any(
        spoken in ("", language)
        and len(digits) == length
        and (groups == 0 or (spoken == "" and (groups == 1 or name == "fr.nir")))
        and _check(name)(digits)
        for spoken, length, name in _PLAIN
    )


@lru_cache(maxsize=64)
def _check(name: str) -> Callable[[str], bool]:
    """Return the function that says whether a number is valid, python-stdnum's where it has one."""
    if ours := _OURS.get(name):
        return ours
    from importlib import import_module

    module = import_module(f"stdnum.{name}")
    valid: Callable[[str], bool] = module.is_valid
    return valid


def is_snils(digits: str) -> bool:
    """Check the last two digits of a Russian pension insurance number (its weights are 9 down to 1)."""
    total = sum(int(digit) * weight for digit, weight in zip(digits, range(9, 0, -1), strict=False))
    return len(digits) == 11 and digits[:3] != "000" and total % 101 % 100 == int(digits[9:])


def is_kuwaiti(digits: str) -> bool:
    """Check a Kuwaiti civil id: century, birth date, serial and a modulo 11 digit (12 digits)."""
    if not _KUWAITI.fullmatch(digits):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(digits, _KUWAITI_WEIGHTS, strict=False))
    return 11 - total % 11 == int(digits[11])


def is_saudi(digits: str) -> bool:
    """Check a Saudi national id or residence permit: ten digits from 1 or 2, the last one by Luhn."""
    from stdnum import luhn

    return len(digits) == 10 and digits[0] in "12" and bool(luhn.is_valid(digits))


def is_polish_card(written: str) -> bool:
    """Check the number of a Polish identity card: three letters (A is 10) and six digits, weighted, modulo 10."""
    values = [int(sign, 36) for sign in written]
    return sum(value * weight for value, weight in zip(values, _POLISH_WEIGHTS, strict=True)) % 10 == 0


def _is_idnp(digits: str) -> bool:
    from stdnum.md import idno

    return digits[0] in "02" and bool(idno.is_valid(digits))  # 1 is a company


def _is_egyptian(digits: str) -> bool:
    return _EGYPTIAN.fullmatch(digits) is not None


def _is_emirati(digits: str) -> bool:
    from stdnum import luhn

    return _FORMS["emirates"].fullmatch(digits) is not None and bool(luhn.is_valid(digits))


_OURS: dict[str, Callable[[str], bool]] = {
    "idnp": _is_idnp,
    "snils": is_snils,
    "egypt": _is_egyptian,
    "kuwait": is_kuwaiti,
    "saudi": is_saudi,
    "emirates": _is_emirati,
}
