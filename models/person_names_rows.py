"""Make the sentences that the name finder learns from and is measured on: templates filled with Faker's names.

A row is a text and its spans (start, end, label). The labels ORG and PLACE are decoys: the model learns to tell them
from people and the program ignores them. ``held_out=True`` gives rows of templates and names that training never saw.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache

from person_names_inflection import decline
from person_names_invented import invented
from person_names_streets import street_address
from person_names_words import (
    GIVEN,
    LANGUAGES,
    OWN,
    SURNAME,
    gazetteer,
    is_held_out,
    names,
    romanised,
    spelt_words,
    words,
)

from feedback_nlp.language.cleaning.texts import fold

Row = tuple[str, list[tuple[int, int, str]]]

_SLOT = re.compile(r"\{(\w+)(?:\.([mf]))?(?::(\w+))?\}")
_PARTICLES = (
    "van",
    "van der",
    "van den",
    "de",
    "de la",
    "von",
    "von der",
    "di",
    "del",
    "al-",
    "el ",
    "O'",
    "Mc",
    "bin",
)
_LOOKALIKES = {"o": "0", "l": "1", "e": "3", "s": "5", "a": "@", "E": "€", "g": "9", "z": "2", "B": "8", "m": "rn"}
_HANDLES = [
    "united",
    "JetBlue",
    "SouthwestAir",
    "AmericanAir",
    "USAirways",
    "VirginAmerica",
    "BritishAirways",
    "VodafoneUK",
    "askebay",
    "help",
]
_WITHOUT_MARKS = str.maketrans("ăâîșşțţąćęłńóśźżĂÂÎȘŞȚŢĄĆĘŁŃÓŚŹŻàèéìòù", "aaissttacelnoszzAAISSTTACELNOSZZaeeiou")
_ARABIC_AS_TYPED = str.maketrans("أإآةى", "اااهي")


def _split(templates: Sequence[str], held_out: bool) -> list[str]:
    """Return the templates to measure on, an eighth of them by their hash, or those to learn from."""
    ranked = sorted(templates, key=lambda template: hashlib.blake2b(template.encode(), digest_size=8).digest())
    measured = max(1, len(ranked) // 8)
    return ranked[:measured] if held_out else ranked[measured:]


@cache
def _frequent_words(language: str) -> tuple[str, ...]:
    """Return the 15,000 commonest words of a language in wordfreq's lists that are not on a list of names."""
    entries = gazetteer(held_out=True).entries
    kept = []
    for word in spelt_words(language)[:18_000]:
        lists = entries.get(fold(word), "")
        if "C" in lists or not (GIVEN in lists or SURNAME in lists):
            kept.append(word)
    return tuple(kept)


@cache
def _pool(locale: str, kind: str, held_out: bool) -> tuple[str, ...]:
    pool = tuple(name for name in names(locale)[kind] if is_held_out(name) == held_out)
    return pool or names(locale)[kind]


class Maker:
    """Makes rows of one language; the same seed gives the same rows."""

    def __init__(self, language: str, *, held_out: bool, seed: int) -> None:
        self.language = language
        self.held_out = held_out
        self.random = random.Random(f"{language} {held_out} {seed}")
        own = words(language)
        self.own = own
        self.templates = {kind: _split(own[kind], held_out) for kind in ("person", "address", "none")}

    def rows(self, count: int) -> Iterator[Row]:
        """Yield ``count`` rows."""
        for _ in range(count):
            yield self._row()

    def _row(self) -> Row:
        chance = self.random.random
        sentences = [self._sentence() for _ in range(self.random.choices((1, 2, 3, 4), (5, 4, 2, 1))[0])]
        text, spans = "", []
        glue = self.random.choice((". ", ". ", ". ", ".\n", "\n", "! ", " ", ", ", " - ", "... ", "?? ", ".", ".\n\n"))
        for index, (piece, found) in enumerate(sentences):
            if index:
                ends_itself = text.endswith((".", "!", "?", ":", ",", ";", "\n"))
                text += (" " if ends_itself and glue != "\n" else glue) if piece[:1] != "\n" else ""
            spans += [(start + len(text), end + len(text), label) for start, end, label in found]
            text += piece
        if chance() < 0.5 and text[-1:].isalnum():
            text += self.random.choice((".", ".", "!", "!!!", "...", "?", " :)"))
        row = (text, spans)
        if self.language == "ar":
            return _mapped(row, _ARABIC_AS_TYPED) if chance() < 0.35 else row
        if self.language in ("ro", "pl", "it") and chance() < (0.45 if self.language == "ro" else 0.12):
            row = _mapped(row, _WITHOUT_MARKS)
        if chance() < 0.07 and not self._is_doubtful_small(row):
            row = _cased(row, str.lower)
        elif chance() < 0.06:
            row = _cased(row, str.upper)
        return _spaced(row) if self.language == "pl" and chance() < 0.3 else row

    def _is_doubtful_small(self, row: Row) -> bool:
        entries = gazetteer(held_out=False).entries
        return any(
            "C" in entries.get(fold(word), "")
            for start, end, label in row[1]
            if label == "PERSON"
            for word in re.findall(r"\w+", row[0][start:end])
        )

    def _sentence(self) -> Row:
        draw = self.random.random()
        if draw < 0.40:
            return self._filled(self.random.choice(self.templates["person"]))
        if draw < 0.58:
            return self._filled(self.random.choice(self.templates["address"]))
        if draw < 0.75 or self.held_out:
            return self._filled(self.random.choice(self.templates["none"]))
        return self._soup()

    def _soup(self) -> Row:
        """Frequent words in no order, now and then with a brand, a place, a number or a name among them."""
        pool = _frequent_words(self.language)
        pick = self.random.choices(pool, [1 / (rank + 300) for rank in range(len(pool))], k=self.random.randint(1, 14))
        style = self.random.random()
        text, spans = "", []
        for index, word in enumerate(pick):
            if style < 0.12:
                word = word.upper()
            elif style < 0.22 or index == 0 or self.random.random() < 0.07:
                word = word[:1].upper() + word[1:]
            text += (" " if index else "") + word
            draw = self.random.random()
            if draw < 0.10 and index < len(pick) - 1:
                text += self.random.choice((",", ".", "!", ":", " -", ";", "?", "..."))
                continue
            slot = {
                1: "{org}",
                2: "{place}",
                3: "{num}",
                4: "{product}",
                5: "{name}",
                6: "{first}",
                7: "{name}",
                8: "{first}",
            }.get(int(draw * 45) - 4)
            if slot and not (slot in ("{name}", "{first}") and (style < 0.22 or self.language == "ar")):
                piece, found = self._filled(slot)
                spans += [(start + len(text) + 1, end + len(text) + 1, label) for start, end, label in found]
                text += " " + piece
        return text, spans

    def _filled(self, template: str) -> Row:
        text, spans, last = "", [], 0
        for match in _SLOT.finditer(template):
            text += template[last : match.start()]
            last = match.end()
            if match[1] == "p":
                text += {"l": "ل", "b": "ب", "w": "و"}[match[3]]
                continue
            piece, label = self._slot(match[1], match[2] or self.random.choice("mf"), match[3] or "nom")
            if label:
                spans.append((len(text), len(text) + len(piece), label))
            text += piece
        return text + template[last:], spans

    def _slot(self, slot: str, gender: str, case: str) -> tuple[str, str]:
        choice, number = self.random.choice, self.random.randint
        lists = words("lists")
        if slot == "org":
            return choice(lists["brands"]) if self.random.random() < 0.75 else self._company(), "ORG"
        if slot == "place":
            return choice(self.own["places"]), "PLACE"
        if slot == "addr":
            return street_address(self.language, self.random), "ADDRESS"
        if slot == "mr":
            return choice(self.own["titles_m" if gender == "m" else "titles_f"]), ""
        plain = {
            "product": lambda: choice(self.own["products"]),
            "month": lambda: choice(self.own["months"]),
            "day": lambda: choice(self.own["days"]),
            "num": lambda: str(number(1, 2020) if self.random.random() < 0.2 else number(1, 60)),
            "date": lambda: f"{number(1, 28):02}{choice('./-')}{number(1, 12):02}.{number(2001, 2025)}",
            "code": lambda: f"{choice('ABCDEFGHKLMNRSTUVX')}{choice('ABDEFKLMRSX')}{number(100, 99999)}",
            "handle": lambda: choice(_HANDLES),
        }
        if slot in plain:
            return plain[slot](), ""
        return self._person(slot, gender, case), "PERSON"

    def _company(self) -> str:
        locale = self.random.choice(OWN[self.language])
        last = romanised(self.random.choice(_pool(locale, "lm", self.held_out))) if self.language == "en" else ""
        ends = {
            "en": (f"{last} Ltd", f"{last} LLC", f"{last} & Sons", f"{last} Group", f"{last} Insurance", f"{last} Inc"),
            "ro": ("Alfa Impex SRL", "Medlife SA", "Electro Total SRL", "Auto Trans SRL"),
            "ru": ("ООО Ромашка", "ИП Сервис", "АО Техно", "ООО «Вектор»"),
            "it": ("Nuova Edil Srl", "Studio Casa Spa", "Tecno Service Srl", "Fratelli Moda"),
            "ar": ("شركة النور", "مؤسسة الأمل", "مجموعة الخليج", "شركة السلام"),
            "pl": (
                "FPUH Tęcza s.c.",
                "Grupa Omega S.A.",
                "Auto-Max Sp. z o.o.",
                "Stowarzyszenie Razem",
                "PPUH Metal i syn s.c.",
            ),
        }
        return self.random.choice(ends[self.language])

    def _part(self, kind: str, case: str, locale: str) -> str:
        name = self.random.choice(_pool(locale, kind, self.held_out))
        if self.language != "ar" and not self.held_out and self.random.random() < 0.12:
            name = invented(self.language, self.random)
        if self.language not in ("ru", "ar") or (self.language == "ru" and self.random.random() < 0.02):
            name = romanised(name)
        if name.isupper():
            name = name.title()
        part = "last" if kind[0] == "l" else "patronymic" if kind[0] == "p" else "given"
        return decline(name, self.language, kind[-1], case, part)

    def _person(self, slot: str, gender: str, case: str) -> str:
        chance, choice = self.random.random, self.random.choice
        locale = choice(OWN[self.language])
        first = self._part(gender, case, locale)
        if first.startswith("lui ") and slot.startswith("l"):
            first = first[4:]
        last = self._part("l" + gender, case, locale)
        if slot == "person":
            slot = "first" if chance() < 0.5 else "name"
        if chance() < 0.03 and self.language in ("en", "it", "ro"):
            last = (
                choice(_PARTICLES) + " " + last
                if chance() < 0.6
                else f"{last}-{self._part('l' + gender, case, locale)}"
            )
            last = last.replace("- ", "-").replace("' ", "'").replace("Mc ", "Mc").replace("  ", " ")
        elif chance() < 0.05 and self.language in ("pl", "ru", "en"):
            last = f"{last}-{self._part('l' + gender, case, locale)}"
        found = {
            "first": lambda: first,
            "last": lambda: last,
            "lowfirst": lambda: first.lower(),
            "lowname": lambda: f"{first} {last}".lower(),
            "fullcaps": lambda: f"{first} {last}".upper(),
            "lastfirst": lambda: f"{last}, {first}" if self.language in ("en", "it") else f"{last} {first}",
            "kunya": lambda: f"{choice(('أبو', 'ابو', 'ابو', 'أم', 'ام', 'بو'))} {self._part('m', case, locale)}",
        }.get(slot)
        if found:
            return self._misspelt(found())
        if slot in ("nameio", "fio", "fini"):
            russian = choice(("ru_RU", "ru_RU", "ru_RU", "uk_UA"))
            first, last = (
                self._part(gender, case, "ru_RU"),
                self._part("l" + gender, case, choice(("ru_RU", "extra_ru"))),
            )
            father = self._part("p" + gender, case, "ru_RU" if russian == "uk_UA" else russian)
            if slot == "nameio":
                return f"{first} {father}"
            if slot == "fio":
                return f"{last} {first} {father}" if chance() < 0.7 else f"{last} {first[0]}.{choice('АВИНСПМ')}."
            space = choice(("", " "))
            return choice(
                (
                    f"{last} {first[0]}.{space}{father[0]}.",
                    f"{first[0]}.{space}{father[0]}. {last}",
                    f"{last} {first[0]}.",
                )
            )
        if slot == "initials":
            return f"{first[0]}. {last}" if self.language != "ru" else f"{last} {first[0]}."
        return self._misspelt(self._full(first, last, gender, case, locale))

    def _full(self, first: str, last: str, gender: str, case: str, locale: str) -> str:
        draw = self.random.random()
        if self.language == "ar":
            if draw < 0.2:
                return f"{first} {self._part('m', case, locale)} {last}"
            if draw < 0.3:
                return f"{first} {self.random.choice(('بن', 'ابن', 'بنت'))} {self._part('m', case, locale)}"
            return f"{first} {last}"
        if self.language == "ru" and draw < 0.25:
            father = self._part("p" + gender, case, "ru_RU")
            return (
                f"{first} {father} {last}" if draw < 0.1 else f"{last} {first}" if draw < 0.18 else f"{first} {father}"
            )
        if draw < 0.04:
            return f"{first} {self._part(gender, case, locale)} {last}"
        if draw < 0.07:
            return f"{first} {self.random.choice('ABCDEFGHJKLMPRST')}. {last}"
        if draw < 0.10:
            return f"{first[0]}. {last}" if self.language != "ar" else f"{first} {last}"
        if draw < 0.13 and self.language != "en":
            return f"{last} {first}"
        if draw < 0.15:
            return f"{first}-{self._part(gender, case, locale)} {last}"
        return f"{first} {last}"

    def _misspelt(self, name: str) -> str:
        """Return the name, one in twenty with a slip of the finger or a letter read wrongly by a scanner."""
        if len(name) < 5 or self.random.random() > 0.06:
            return name
        at = self.random.randrange(1, len(name) - 1)
        kind = self.random.random()
        if name[at] == " " or name[at + 1] == " ":
            return name
        if kind < 0.35:
            return name[:at] + name[at + 1 :]
        if kind < 0.6:
            return name[:at] + name[at + 1] + name[at] + name[at + 2 :]
        if kind < 0.75:
            return name[:at] + name[at] + name[at:]
        return name[:at] + _LOOKALIKES.get(name[at], name[at]) + name[at + 1 :]


def _mapped(row: Row, table: dict[int, int]) -> Row:
    return row[0].translate(table), row[1]


def _cased(row: Row, case: Callable[[str], str]) -> Row:
    kept = re.split(r"(<[A-Z]+_\d+>)", row[0])
    changed = "".join(piece if index % 2 else case(piece) for index, piece in enumerate(kept))
    return (changed, row[1]) if len(changed) == len(row[0]) else row


def _spaced(row: Row) -> Row:
    """Return the row with blanks around its signs, as tokenised texts have them."""
    text, moved, spans = "", [], []
    for index, sign in enumerate(row[0]):
        if sign in ".,!?():" and text and not text.endswith((" ", "\n")) and not row[0][index - 1].isdigit():
            text += " "
        moved.append(len(text))
        text += sign
    moved.append(len(text))
    for start, end, label in row[1]:
        spans.append((moved[start], moved[end - 1] + 1, label))
    return text, spans


def mixed_rows(count: int, *, held_out: bool, seed: int) -> list[tuple[str, Row]]:
    """Return ``count`` (language, row) pairs, three in ten English, the other languages alike, in a shuffled order."""
    shares = {language: 0.30 if language == "en" else 0.14 for language in LANGUAGES}
    found = [
        (language, row)
        for language, share in shares.items()
        for row in Maker(language, held_out=held_out, seed=seed).rows(round(count * share))
    ]
    random.Random(seed).shuffle(found)
    return found
