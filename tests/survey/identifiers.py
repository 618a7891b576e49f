"""Identifiers that belong to nobody: example domains, numbers reserved for fiction, test cards, IBANs of the manuals.

Telephone numbers: Ofcom's ranges for drama (01632 960, 020 7946 0, 07700 900) and NANPA's 555-01xx. Cards: the
payment industry's published test numbers. IBANs: the examples of the SWIFT IBAN registry and of national guides.
"""

from __future__ import annotations

from collections.abc import Mapping

IDENTIFIERS: Mapping[str, tuple[str, ...]] = {
    "email": ("maria.p@example.com", "ion_v@example.ro", "k.novak82@example.org", "office@example.com"),
    "phone": ("+44 7700 900123", "+44 20 7946 0018", "+44 1632 960 958", "+1 202-555-0143", "+1 (303) 555-0187"),
    "card": ("4111 1111 1111 1111", "5555 5555 5555 4444", "4012888888881881", "5105-1051-0510-5100"),
    "iban": (
        "GB82 WEST 1234 5698 7654 32",
        "RO49 AAAA 1B31 0075 9384 0000",
        "IT60X0542811101000000123456",
        "PL61 1090 1014 0000 0712 1981 2874",
        "DE89 3704 0044 0532 0130 00",
    ),
}

NOTES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "email": "You can write to me at {}.",
        "phone": "Call me back on {}",
        "card": "I paid with card {}.",
        "iban": "My bank account is {}",
    },
    "ro": {
        "email": "Îmi puteți scrie la {}.",
        "phone": "Sunați-mă la {}",
        "card": "Am plătit cu cardul {}.",
        "iban": "Contul meu este {}",
    },
    "ru": {
        "email": "Пишите мне на {}.",
        "phone": "Перезвоните мне по номеру {}",
        "card": "Я платил картой {}.",
        "iban": "Мой счёт: {}",
    },
    "it": {
        "email": "Scrivetemi a {}.",
        "phone": "Richiamatemi al {}",
        "card": "Ho pagato con la carta {}.",
        "iban": "Il mio IBAN è {}",
    },
    "ar": {
        "email": "راسلوني على {}",
        "phone": "اتصلوا بي على الرقم {}",
        "card": "دفعت بالبطاقة {}",
        "iban": "رقم حسابي {}",
    },
    "pl": {
        "email": "Proszę pisać na {}.",
        "phone": "Proszę oddzwonić pod {}",
        "card": "Płaciłam kartą {}.",
        "iban": "Moje konto to {}",
    },
}
