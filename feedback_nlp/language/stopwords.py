"""Words that say nothing about a theme: left out of keywords and labels, never out of the texts themselves."""

from __future__ import annotations

import json
import unicodedata
from functools import lru_cache
from pathlib import Path

_FILE = Path(__file__).parent / "data" / "stopwords.json"
_ARABIC_PARTICLES = ("و", "ف")  # "and", "so": written onto the word that follows
_COMMA_FOR_CEDILLA = str.maketrans("şţ", "șț")
_DIACRITICS_OFTEN_LEFT_OUT = ("ro", "pl", "it")


@lru_cache
def stop_words(language: str) -> frozenset[str]:
    """Return the stop words of an ISO 639-1 language, lower-case and in NFC; none for a language nobody listed.

    The lists are stopwords-iso's, from which words that can be a theme are taken out ("price", "work", "number")
    and to which the small talk of feedback is added ("company", "really", "would"). Words are listed as people type
    them: with and without diacritics, and in Arabic with "and" or "so" in front.
    """
    from stopwordsiso import has_lang, stopwords

    ours = _lists().get(language, {})
    words = set(stopwords(language)) if has_lang(language) else set()
    words = {unicodedata.normalize("NFC", word.lower()) for word in words}
    words |= set(ours.get("add", ()))
    if language == "ro":
        words |= {word.translate(_COMMA_FOR_CEDILLA) for word in words}
    if language in _DIACRITICS_OFTEN_LEFT_OUT:
        words |= {_without_marks(word) for word in words}
    if language == "ar":
        words |= {particle + word for particle in _ARABIC_PARTICLES for word in words}
    return frozenset(words - set(ours.get("keep", ())))


@lru_cache
def negations(language: str) -> frozenset[str]:
    """Return a language's words for no, lower-case: stop words that turn what follows into its contrary."""
    return frozenset(_lists().get(language, {}).get("negations", ()))


@lru_cache
def _lists() -> dict[str, dict[str, list[str]]]:
    loaded: dict[str, dict[str, list[str]]] = json.loads(_FILE.read_text(encoding="utf-8"))
    return loaded


def _without_marks(word: str) -> str:
    decomposed = unicodedata.normalize("NFD", word.replace("ł", "l"))
    return "".join(character for character in decomposed if not unicodedata.combining(character))
