"""Find identifiers of people in a text: patterns first, then checksums, number plans and context to be sure.

Each finder yields what it is sure of. Things that look alike but are no identifiers (years, dates, prices, models and
version numbers, scores) are told apart by checksum, by number plan and by the words in front of them. This module has
the addresses of networks, and the list of all finders; the others are in modules of their own.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

from feedback_nlp.language.redaction.addresses import find_addresses
from feedback_nlp.language.redaction.codes import find_codes
from feedback_nlp.language.redaction.contexts import Found, alternatives, lists
from feedback_nlp.language.redaction.misread import find_behind_misread, find_misread
from feedback_nlp.language.redaction.national_ids import find_national_ids
from feedback_nlp.language.redaction.payment import find_cards, find_ibans, find_wallets
from feedback_nlp.language.redaction.phones import find_phones
from feedback_nlp.language.redaction.references import (
    TOPICS,
    find_birth_dates,
    find_coordinates,
    find_credentials,
    find_named,
)

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
_MISREAD_EMAIL = re.compile(  # "ana@examp|e.n€t", "jan@ex@mple.0rg", "wil<tor@example.com"
    r"(?<![^\s\"'„“«(<:,;])[^\W_][\w.+%'’<|€-]{0,63}+@(?=[^\s@]{0,40}(?:@[^\s@]{0,40})?\.)(?:[\w€|!%*$@-]{1,40}+\.){1,3}"
    r"(?=\S?[^\W\d_])[\w€!|]{2,4}+(?!\w)(?!>)"
)
_HANDLE = re.compile(r"(?<![\w@./<])@[a-z_]\w{1,29}(?!\w)", re.I)

_IP4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\w|\.\d|-[a-z])")
_DOTTED = re.compile(r"\d\.\d{1,3}\.\d")
_IP6 = re.compile(r"(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])", re.I)
_LEAST_IP = 11  # characters; a shorter one is more often a version or a paragraph, unless the text says "IP"
_IP_BEFORE = re.compile(r"(?<!\w)ip\b[^\d\n\0]*$", re.I)
_MAC = re.compile(r"(?<![\w:-])(?:[0-9a-f]{2}([:-]))(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}(?![\w:-])", re.I)


def find_urls(text: str, language: str) -> Iterator[Found]:
    """Yield addresses that lead further than a site's front page: paths, queries and logins can name a person."""
    if "." not in text or ("/" not in text and "www." not in text.lower()):
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
        for match in _MISREAD_EMAIL.finditer(text):
            if not match[0][0].isdigit() and not _EMAIL.fullmatch(match[0]):
                yield Found(*match.span(), "EMAIL", match[0].casefold())
    if "@" in text or "(" in text or "[" in text:
        for match in _SPELT_EMAIL.finditer(text):
            yield Found(*match.span(), "EMAIL", re.sub(r"[\s()\[\]{}]", "", match[0]).casefold())


def find_handles(text: str, language: str) -> Iterator[Found]:
    """Yield user names written @like_this."""
    if "@" in text:
        for match in _HANDLE.finditer(text):
            yield Found(*match.span(), "HANDLE", match[0].casefold())


def find_hosts(text: str, language: str) -> Iterator[Found]:
    """Yield IPv4 and IPv6 addresses, but no version numbers, and the hardware addresses of devices (MAC)."""
    if text.count(":") >= 5 or text.count("-") >= 5:
        for match in _MAC.finditer(text):
            yield Found(*match.span(), "MAC", match[0].replace("-", ":").upper())
    matches: list[re.Match[str]] = []
    if text.count(".") >= 3 and _DOTTED.search(text):
        matches += _IP4.finditer(text)
    if text.count(":") >= 2:
        matches += _IP6.finditer(text)
    for match in matches:
        try:
            address = ipaddress.ip_address(match[0])
        except ValueError:
            continue
        before = text[max(0, match.start() - 20) : match.start()]
        clear = len(match[0]) >= _LEAST_IP or _IP_BEFORE.search(before)
        if clear and not _version().search(before):
            yield Found(*match.span(), "IP", str(address))


@lru_cache(maxsize=1)
def _version() -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){alternatives(lists()['version'])}[ .:]*$|=$", re.I)


class Finder(NamedTuple):
    """A function that yields what it finds in a text of a language, and how sure it is (0..1): the surer one wins."""

    find: Callable[[str, str], Iterator[Found]]
    kinds: tuple[str, ...]
    score: float
    topics: tuple[str, ...] = ()  # the lists of context words in data/contexts.json that it reads


FINDERS: tuple[Finder, ...] = (
    Finder(find_urls, ("URL",), 1.0),
    Finder(find_emails, ("EMAIL",), 0.99),
    Finder(find_ibans, ("IBAN",), 0.98),
    Finder(find_cards, ("CARD",), 0.97, ("card",)),
    Finder(find_wallets, ("CRYPTO",), 0.96),
    Finder(find_hosts, ("IP", "MAC"), 0.95, ("version",)),
    Finder(find_misread, ("PHONE", "ID", "CARD", "BIRTHDATE"), 0.945, ("phone", "card", "birth")),
    Finder(find_national_ids, ("ID",), 0.94),
    Finder(find_addresses, ("ADDRESS",), 0.93),
    Finder(find_birth_dates, ("BIRTHDATE",), 0.92, ("birth", "born_after")),
    Finder(find_coordinates, ("COORDINATES",), 0.91, ("coordinates",)),
    Finder(find_credentials, ("SECRET", "HANDLE"), 0.9, ("secret", "login")),
    Finder(
        find_named,
        ("ID", "ORDER", "ACCOUNT", "PLATE", "ADDRESS"),
        0.85,
        ("id", "order", "order_marked", "locator", "account", "plate", "postcode"),
    ),
    Finder(find_phones, ("PHONE",), 0.8, ("phone",)),
    Finder(find_handles, ("HANDLE",), 0.75),
    Finder(
        find_behind_misread,
        ("PHONE", "ORDER", "ACCOUNT", "ID", "PLATE", "ADDRESS"),
        0.7,
        ("phone", *TOPICS),
    ),
    Finder(find_codes, ("CARD", "ID", "SECRET"), 0.65, ("identity",)),
)
