"""Non-answers: stock phrases, numbers and keyboard mash say nothing; short opinions do."""

from __future__ import annotations

import pytest

from feedback_nlp.language.nonanswers import is_non_answer

NOTHING = {
    "en": "N/A|n.a.|none|None!!|NOTHING|no comment|No comments.|nothing to add|Nothing to add at this time, thanks|"
    "I don't know|dont know|not sure|nope|nothing really|can't think of anything right now|ok|Good|"
    "see above|no, none|ok, thanks|Good good good|Ok, nothing to add|yes, good",
    "ro": "nimic|Nu am.|nu am nimic de adăugat|nu am nimic de adaugat|Nu știu|nu stiu|fără comentarii|niciunul|"
    "nu e cazul|Nimic deocamdată, mulțumesc|bine|nu|habar nu am|nu am comentarii|idem",
    "ru": "нет|Ничего|ничего не могу сказать|Без комментариев|не знаю|затрудняюсь ответить|пока ничего|нормально|"
    "нечего добавить|хорошо, спасибо|нет предложений|-|хз",
    "it": "niente|Nulla|nessuno|Nessun commento|niente da aggiungere|non so|non saprei|"
    "Per ora niente|nessun suggerimento|"
    "ok, grazie|va bene|nulla di particolare|boh",
    "ar": "لا شيء|لا يوجد|لا تعليق|لا توجد ملاحظات|لا أعرف|لا اعرف|لا يوجد حالياً|ما في|مفيش|تمام|شكرا|بدون تعليق|لاشئ|"
    "ما عندي شي|جيد شكرا",
    "pl": "nic|brak|Brak uwag|nie mam|nie mam zdania|Nie wiem|bez komentarza|nic do dodania|na razie brak|nie dotyczy|"
    "trudno powiedzieć|w porządku|żadnych",
}
SOMETHING = {
    "en": "slow|no refunds|No internet for a week|nothing works|not good value|The price|ok but slow|"
    "none of the staff helped|"
    "Nothing! It was perfect!|customer service|too expensive|I know nothing about the fees",
    "ro": "scump|nimic nu merge|nu am internet de o săptămână|livrarea|nu răspunde nimeni la telefon|bun dar scump",
    "ru": "дорого|нет интернета|ничего не работает|не знаю куда платить|хорошо, но дорого|очереди",
    "it": "caro|niente funziona|non ho internet da ieri|nessuno risponde al telefono|i prezzi|bene ma lento",
    "ar": "غالي|لا يوجد إنترنت|لا أحد يرد على الهاتف|بطيء جدا|الأسعار|جيد ولكن غالي",
    "pl": "drogo|nic nie działa|brak internetu|nie mam zasięgu w domu|ceny|dobrze, ale drogo",
}


MILD = {  # neutral, but a judgement
    "en": "It is okay I guess.|All fine so far.|very good|It's good|no good|nothing good|it was ok|Average|not good",
    "ro": "Deocamdată e bine.|deocamdata e bine|E ok, nimic deosebit.|Așa și așa.|foarte bun|nimic bun|totul e ok",
    "ru": "В целом нормально.|всё хорошо|очень хорошо|не хорошо|всё в порядке",
    "it": "per ora tutto ok|Niente di speciale|così così|molto buono|non va bene|tutto bene",
    "ar": "الخدمة عادية|كل شيء تمام|جيد جدا|لا بأس بها|ماشي الحال",
    "pl": "Może być.|wszystko w porządku|bardzo dobrze|Ogólnie w porządku.|jest ok|nie jest dobrze",
}


@pytest.mark.parametrize("language", MILD)
def test_a_mild_judgement_is_an_answer(language: str) -> None:
    phrases = MILD[language].split("|")
    assert [phrase for phrase in phrases if is_non_answer(phrase, language)] == []


@pytest.mark.parametrize("language", NOTHING)
def test_stock_phrases_say_nothing(language: str) -> None:
    phrases = NOTHING[language].split("|")
    assert [phrase for phrase in phrases if not is_non_answer(phrase, language)] == []


@pytest.mark.parametrize("language", SOMETHING)
def test_short_opinions_say_something(language: str) -> None:
    phrases = SOMETHING[language].split("|")
    assert [phrase for phrase in phrases if is_non_answer(phrase, language)] == []


@pytest.mark.parametrize(
    "text",
    ["", "   ", "...", "????", "-", "7", "10/10", "١٠", "asdf", "asdfghjkl", "qwerty", "фывапр", "aaaa", "x", "xxx"],
)
def test_marks_numbers_and_mash_say_nothing_in_any_language(text: str) -> None:
    assert [language for language in [*NOTHING, "und", "de"] if not is_non_answer(text, language)] == []


@pytest.mark.parametrize("text", ["👍", "😡😡😡", ":)", ":-(", "<3", "ok 👍", "👎"])
def test_emoji_and_emoticons_are_answers(text: str) -> None:
    assert not is_non_answer(text, "en")


def test_english_phrases_count_in_every_language() -> None:
    assert is_non_answer("N/A", "ro") and is_non_answer("nothing to add", "ar")


def test_a_phrase_of_another_language_is_left_alone() -> None:
    assert is_non_answer("brak", "pl")
    assert not is_non_answer("brak", "en")


def test_a_long_text_is_an_answer_whatever_it_repeats() -> None:
    assert not is_non_answer("nothing " * 40, "en")
