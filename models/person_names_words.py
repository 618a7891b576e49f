"""Names of people from Faker's locales and words of other kinds: where the name finder's lists come from.

Faker's lists are MIT-licensed. What Faker lacks (short forms, Romanian surnames, Kazakh names, Arabic names in Latin
letters and the reverse, brands, ordinary words that are also names) is written here and in
``person_names_sentences/*.json``.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import json
import re
import unicodedata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import srsly
from person_names_inflection import decline

from feedback_nlp.language.cleaning.texts import fold
from feedback_nlp.language.redaction.name_tokens import (
    BRAND,
    COMMON,
    CUE,
    GIVEN,
    LISTS,
    PLACE,
    STREET,
    SURNAME,
    TITLE,
    Gazetteer,
)  # fmt: skip

FOLDER = Path(__file__).resolve().parent / "person_names_sentences"
LANGUAGES = ("en", "ro", "ru", "it", "ar", "pl")
CASES = {"pl": ("gen", "dat", "acc", "ins", "loc"), "ru": ("gen", "dat", "acc", "ins", "loc"), "ro": ("gen",)}
_WORLD = (
    "en_US en_US en_US en_US en_GB en_GB en_GB en_IE en_IN en_IN en_NZ en_KE en_NG en_PK de_DE de_AT "
    "fr_FR es_ES es_MX nl_NL sv_SE da_DK no_NO fi_FI tr_TR cs_CZ sk_SK hu_HU pt_BR pt_PT hr_HR sl_SI "
    "pl_PL ro_RO it_IT lt_LT lv_LV et_EE id_ID fr_DZ ga_IE ru_RU uk_UA zu_ZA az_AZ extra_la "
)
WORLD = _WORLD.split()
OWN = {
    "en": WORLD,
    "ro": ["ro_RO"] * 30 + ["extra_ro"] * 30 + WORLD[:30],
    "it": ["it_IT"] * 60 + WORLD[:30],
    "pl": ["pl_PL"] * 60 + ["extra_pl"] * 15 + WORLD[:20],
    "ru": ["ru_RU"] * 60 + ["extra_ru"] * 15 + ["uk_UA", "bg_BG"],
    "ar": ["ar_AA"] * 20 + ["ar_SA"] * 8 + ["ar_PS"] * 8 + ["ar_DZ"] * 8 + ["extra_ar"] * 25,
}
_RANKED = "en ro ru it ar pl de fr es nl sv da fi tr cs sk hu pt sl lt lv id uk bg"
_ELSEWHERE = ("de", "fr", "es", "nl", "pt", "sv", "tr", "cs")  # Tage and Beste are names in the north
_WITH_RANKS = set(_RANKED.split())
_LATIN = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюяіїєґ",
        [
            "a",
            "b",
            "v",
            "g",
            "d",
            "e",
            "e",
            "zh",
            "z",
            "i",
            "y",
            "k",
            "l",
            "m",
            "n",
            "o",
            "p",
            "r",
            "s",
            "t",
            "u",
            "f",
            "kh",
            "ts",
            "ch",
            "sh",
            "shch",
            "",
            "y",
            "",
            "e",
            "yu",
            "ya",
            "i",
            "yi",
            "ye",
            "g",
        ],
        strict=True,
    )
)


@functools.cache
def words(name: str) -> dict[str, Any]:
    """Return one of the hand-written files: a language's, or "lists"."""
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return found


@functools.cache
def faker(locale: str) -> Any:
    """Return Faker's generator for a locale."""
    from faker import Faker

    return Faker(locale)


def _provider(locale: str, kind: str) -> Any:
    prefix = f"faker.providers.{kind}"
    return next(p for p in faker(locale).factories[0].providers if type(p).__module__.startswith(prefix))


@functools.cache
def names(locale: str) -> dict[str, tuple[str, ...]]:
    """Return "m" and "f" given names, "lm" and "lf" surnames, "pm" and "pf" patronymics of a locale, sorted."""
    if locale.startswith("extra_"):
        extra = words("lists")[locale]
        found = {kind: extra.get(kind, "").split() for kind in ("m", "f", "lm", "lf")}
        found["lf"] = found["lf"] or found["lm"]
        return {kind: tuple(sorted(set(listed))) for kind, listed in found.items()} | {"pm": (), "pf": ()}
    person = _provider(locale, "person")
    last = list(getattr(person, "last_names", ()))
    found = {
        "m": list(getattr(person, "first_names_male", ())) or list(person.first_names),
        "f": list(getattr(person, "first_names_female", ())) or list(person.first_names),
        "lm": list(getattr(person, "last_names_male", None) or last),
        "lf": list(getattr(person, "last_names_female", None) or last),
        "pm": list(getattr(person, "middle_names_male", ())) if locale in ("ru_RU", "uk_UA") else [],
        "pf": list(getattr(person, "middle_names_female", ())) if locale in ("ru_RU", "uk_UA") else [],
    }
    if locale == "pl_PL":  # its surnames come from a method, not from a list
        fake = faker(locale)
        fake.seed_instance(0)
        found["lm"] = [fake.last_name_male() for _ in range(9000)]
        found["lf"] = [fake.last_name_female() for _ in range(9000)]
    return {
        kind: tuple(sorted({_plain(name) for name in listed if _is_usable(name)})) for kind, listed in found.items()
    }


def romanised(name: str) -> str:
    """Return a Cyrillic name in Latin letters as passports write it, near enough."""
    if not re.search("[а-яіїєґё]", name.lower()):
        return name
    return "".join(_LATIN.get(letter, letter) for letter in name.lower()).title()


def is_held_out(name: str) -> bool:
    """Whether a name is kept out of training and of the lists, to measure on: one in ten, by a hash of its form."""
    return hashlib.blake2b(("name " + fold(name)).encode(), digest_size=2).digest()[0] % 10 == 0


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", re.sub("[\u064b-\u065f\u0640]", "", name)).strip()


def _is_usable(name: str) -> bool:
    return len(name) >= 2 and not re.search(r"[\d(/]", name) and not name.endswith(".") and len(name.split()) <= 3


@functools.cache
def spelt_words(language: str) -> tuple[str, ...]:
    """Return the words of a language in wordfreq's lists (CC BY-SA 4.0; read, not copied), the commonest first."""
    found = find_spec("wordfreq")
    if found is None or found.origin is None:
        raise SystemExit("wordfreq is not installed. Install it with: pip install wordfreq")
    path = Path(found.origin).parent / "data" / f"small_{language}.msgpack.gz"
    buckets = srsly.msgpack_loads(gzip.decompress(path.read_bytes()))[1:]
    return tuple(word for bucket in buckets for word in bucket if len(word) > 1 and word.isalpha())


@functools.cache
def ranks(language: str) -> dict[str, int]:
    """Return the rank of the 20,000 commonest words of a language, folded (0: the commonest)."""
    ranked: dict[str, int] = {}
    if language not in _WITH_RANKS:
        return ranked
    for word in spelt_words(language):
        ranked.setdefault(fold(word), len(ranked))
        if len(ranked) == 20_000:
            break
    return ranked


def _language_of(locale: str) -> str:
    return {"la": "en"}.get(locale[6:], locale[6:]) if locale.startswith("extra_") else locale[:2]


@functools.cache
def _all_names(held_out: bool) -> dict[str, dict[str, set[str]]]:
    """Return for each folded name, or part of one, its marks, its languages and its declined forms."""
    found: dict[str, dict[str, set[str]]] = {}
    locales = {locale for own in OWN.values() for locale in own} | {"fa_IR", "mk_MK", "de_CH", "fr_CA", "es_CL"}
    for locale in sorted(locales):
        language = _language_of(locale)
        for kind, listed in names(locale).items():
            mark = SURNAME if kind[0] == "l" else GIVEN
            part = "last" if kind[0] == "l" else "patronymic" if kind[0] == "p" else "given"
            for name in listed:
                if is_held_out(name) and not held_out:
                    continue
                for piece in re.split(r"[\s'-]+", name):
                    if len(piece) < 2 or (len(piece) < 3 and " " in name):
                        continue
                    entry = found.setdefault(
                        _folded(piece), {"marks": set(), "languages": set(), "by_hand": set(), "forms": set()}
                    )
                    entry["marks"].add(mark)
                    entry["languages"].add(language)
                    if locale.startswith("extra_"):
                        entry["by_hand"].add(language)
                    entry["forms"].add(_folded(romanised(piece)))
                    for case in CASES.get(language, ()):
                        entry["forms"].add(_folded(decline(piece, language, kind[-1], case, part).removeprefix("lui ")))
    return found


def _is_ordinary(name: str, entry: dict[str, set[str]]) -> bool:
    """Whether a name is better known as another word: commoner in a language that does not have it as a name."""
    home = min(ranks(language).get(name, 20_000) for language in entry["languages"])
    for language in (*LANGUAGES, *_ELSEWHERE):
        rank = ranks(language).get(name, 20_000)
        if language in _ELSEWHERE:
            is_foreign = language not in entry["languages"] and not entry["by_hand"]
            if is_foreign and (rank < 400 or (rank < 1_500 and rank * 2.5 < home)):
                return True
        elif language not in entry["languages"]:
            if rank * 2.5 < home and rank < 12_000:
                return True
        elif language == "ar":
            if rank < 7_000 and "ar" not in entry["by_hand"]:
                return True
        elif language != "en" and entry["marks"] == {SURNAME} and rank < 3_000 and language not in entry["by_hand"]:
            return True
    return False


def _folded(word: str) -> str:
    return fold(word).replace(" ", "")


@functools.cache
def gazetteer(*, held_out: bool) -> Gazetteer:
    """Return the lists; ``held_out`` says whether the names that are kept to measure on are among them."""
    if held_out:
        return _full_gazetteer()
    known = {form for name, entry in _all_names(False).items() for form in (name, *entry["forms"])}
    everyone = {form for name, entry in _all_names(True).items() for form in (name, *entry["forms"])}
    hidden = everyone - known
    return Gazetteer({word: marks for word, marks in _full_gazetteer().entries.items() if word not in hidden})


@functools.cache
def _full_gazetteer() -> Gazetteer:
    found: dict[str, set[str]] = {}

    def add(word: str, mark: str) -> None:
        folded = _folded(word)
        if len(folded) >= 2:
            found.setdefault(folded, set()).add(mark)

    people = _all_names(held_out=True)
    for name, entry in people.items():
        is_ordinary = _is_ordinary(name, entry)
        best = min(ranks(language).get(name, 20_000) for language in LANGUAGES)
        for form in {name, *entry["forms"]}:
            rank = min(ranks(language).get(form, 20_000) for language in LANGUAGES)
            for mark in entry["marks"]:
                add(form, mark)
            if is_ordinary or (form not in people and rank * 1.5 < best):
                add(form, COMMON)
    lists = words("lists")
    for language in LANGUAGES:
        own = words(language)
        for title in own["titles_m"] + own["titles_f"]:
            add(title, TITLE)
        for place in own["places"]:
            for piece in re.split(r"[\s'-]+", place):
                add(piece, PLACE)
        for sentence in own["none"] + (own["person"] if language != "ar" else []):
            for word in re.findall(r"(?<![{\w])[^\W\d_]+", re.sub(r"\{[^}]*\}", "", sentence)):
                if word.islower() or language == "ar":
                    add(word, COMMON)
        for word in own["months"] + own["days"]:
            add(word, COMMON)
    for brand in lists["brands"]:
        for piece in re.split(r"[\s'&.-]+", brand):
            if " " not in brand or GIVEN not in found.get(_folded(piece), ()):  # Michael Kors is one, Michael is not
                add(piece, BRAND)
    for word in {*_faker_words(), *_function_words((*LANGUAGES, *_ELSEWHERE))}:
        if GIVEN not in found.get(fold(word), ()):
            add(word, COMMON)
    for word in _function_words(("en",)):  # "made" and "said" are names as well
        add(word, COMMON)
    for place in _places():
        if place not in found or found[place] <= {SURNAME}:
            add(place, PLACE)
    for mark, name in ((TITLE, "titles"), (STREET, "street_words"), (COMMON, "common"), (CUE, "cues")):
        for word in lists[name].split():
            add(word, mark)
    for name in ("not_names", "titles", "street_words", "cues", "units"):
        for word in lists[name].split():
            found.get(fold(word), set()).difference_update((GIVEN, SURNAME))
    return Gazetteer({word: "".join(m for m in LISTS if m in marks) for word, marks in found.items() if marks})


@functools.cache
def _places() -> frozenset[str]:
    """Return the words of the place names that the phonenumbers library (Apache-2.0) knows area codes of, folded."""
    from phonenumbers.geodata import GEOCODE_DATA

    found: set[str] = set()
    prefixes = ("1", "20", "27", "30", "31", "32", "33", "34", "353", "36", "373", "39", "40", "41", "43", "44", "45",
                "46", "47", "48", "49", "61", "64", "7", "90", "91", "966", "971", "212", "380", "359")  # fmt: skip
    for prefix, by_language in GEOCODE_DATA.items():
        if prefix.startswith(prefixes):
            for language in ("en", "ru", "pl", "it", "ro", "ar"):
                for piece in re.split(r"[\s,/()'.-]+", by_language.get(language, "")):
                    if len(piece) > 3 and piece[0].isalpha():
                        found.add(_folded(piece))
    for locale in ("en_US", "ru_RU", "pl_PL", "it_IT", "ro_RO", "de_DE", "fr_FR", "es_ES"):
        for country in _provider(locale, "address").countries:
            found.update(_folded(piece) for piece in re.split(r"[\s,/()'.-]+", country) if len(piece) > 3)
    return frozenset(found)


def _faker_words() -> set[str]:
    found: set[str] = set()
    for locale in ("en_US", "it_IT", "ru_RU", "pl_PL", "ro_RO", "ar_AA", "de_DE", "fr_FR"):
        listed = _provider(locale, "lorem").word_list
        if "accusamus" not in listed:  # the Latin words of locales without a list of their own
            found.update(word for word in listed if word == word.lower() and len(word) > 1)
    return found


def _function_words(languages: tuple[str, ...]) -> set[str]:
    """Return the stop words of stopwordsiso (MIT) of some languages."""
    import stopwordsiso

    listed = (stopwordsiso.stopwords(language) for language in languages)
    return {word for words_of in listed for word in words_of if len(word) > 1 and word.isalpha()}
