"""Stop words: function words and small talk go, words that can be a theme stay."""

from __future__ import annotations

import unicodedata

import pytest

from feedback_nlp.language.stopwords import stop_words

SIX = ("en", "ro", "ru", "it", "ar", "pl")
LISTED = {
    "en": "the and not really just would company get don't dont i'm very recommend",
    "ro": "și si că ca nu însă insa dar foarte pentru deși desi această aceasta companie recomand",
    "ru": "и не но очень это ещё еще компания просто который рекомендую",
    "it": "e non ma però pero molto è azienda perché perche consiglio",
    "ar": "و في من وهو ولكن لكن جدا الشركة وكان هذا وهذا على فقط",
    "pl": "i nie się sie ale bardzo jest są sa firma żeby zeby polecam",
}
THEMES = {
    "en": "price staff delivery system problem work order help number room",
    "ro": "preț livrare angajați calitate telefon urgent",
    "ru": "цена доставка деньги работа вопрос дорога",
    "it": "prezzo consegna cortesia attesa tempo persone",
    "ar": "السعر التوصيل زيارة خدمة الموظفين",
    "pl": "cena dostawa obsługa jakość lekarz",
}


@pytest.mark.parametrize("language", SIX)
def test_function_words_and_small_talk_are_listed(language: str) -> None:
    assert set(LISTED[language].split()) - stop_words(language) == set()


@pytest.mark.parametrize("language", SIX)
def test_words_that_can_be_a_theme_are_not(language: str) -> None:
    assert set(THEMES[language].split()) & stop_words(language) == set()


@pytest.mark.parametrize("language", [*SIX, "de", "fr", "uk"])
def test_words_are_lower_case_and_composed(language: str) -> None:
    words = stop_words(language)
    assert len(words) > 70
    assert {
        word for word in words if word != unicodedata.normalize("NFC", word.lower()) or word != word.strip()
    } == set()


def test_a_language_nobody_listed_has_none() -> None:
    assert stop_words("und") == stop_words("tlh") == frozenset()


def test_the_set_is_made_once() -> None:
    assert stop_words("ro") is stop_words("ro")
