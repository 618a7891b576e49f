"""Names of people and addresses: found in six languages, left alone where a name is a product, a place or a word."""

from __future__ import annotations

import csv
import random
import time

import pytest

from feedback_nlp.language.redaction.name_tokens import Gazetteer, regions_of, tokens_of
from feedback_nlp.language.redaction.person_names import find_names_many, person_names_status
from feedback_nlp.resources import resource_path


def found(text: str, language: str = "en") -> list[tuple[str, str]]:
    (spans,) = find_names_many([text], [language])
    return [(text[start:end], kind) for start, end, kind in spans]


@pytest.mark.parametrize(
    ("language", "text", "names"),
    [
        ("en", "I spoke to Karen Whitfield on Tuesday and she fixed my router.", ["Karen Whitfield"]),
        ("en", "Thanks to Maria at the front desk!", ["Maria"]),
        ("en", "Mr. Hargreaves never called me back.", ["Hargreaves"]),
        ("ro", "Am vorbit cu doamna Elena Popescu de la relații clienți.", ["Elena Popescu"]),
        ("ro", "Domnul Andrei Munteanu mi-a rezolvat problema.", ["Andrei Munteanu"]),
        ("ru", "Хочу поблагодарить менеджера Ольгу Петрову за помощь.", ["Ольгу Петрову"]),
        ("ru", "Говорил с Иваном Сидоровым, он ничего не решил.", ["Иваном Сидоровым"]),
        ("it", "La signora Giulia Bianchi è stata gentilissima.", ["Giulia Bianchi"]),
        ("it", "Ho parlato con Marco Esposito del servizio clienti.", ["Marco Esposito"]),
        ("ar", "تحدثت مع الموظف أحمد الغامدي وكان متعاونا", ["أحمد الغامدي"]),
        ("ar", "كل الشكر للأستاذة فاطمة العتيبي على المساعدة", ["فاطمة العتيبي"]),
        ("pl", "Rozmawiałem z panią Anną Kowalską z infolinii.", ["Anną Kowalską"]),
        ("pl", "Nie polecam, pan Tomasz Nowak był nieuprzejmy.", ["Tomasz Nowak"]),
    ],
)
def test_names_are_found_in_six_languages(language: str, text: str, names: list[str]):
    assert found(text, language) == [(name, "PERSON") for name in names]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Will you ever fix the app? May I have a refund? The Samsung Galaxy broke in June."),
        ("en", "Flew British Airways from Dallas to Florence, worst flight of the summer."),
        ("ro", "Am cumpărat un telefon Samsung de la eMAG din Cluj și merge prima."),
        ("ru", "Надежда умирает последней, Газпромбанк в Москве деньги не вернул."),
        ("it", "Felice di aver comprato la lavatrice Bosch a Bologna, bella e silenziosa."),
        ("ar", "الخدمة ممتازة والسعر جميل والله كريم"),
        ("pl", "Róża w bukiecie była zwiędła, paczka InPost szła do Warszawy tydzień."),
    ],
)
def test_products_brands_places_and_words_stay(language: str, text: str):
    assert found(text, language) == []


@pytest.mark.parametrize(
    ("language", "text", "names"),
    [
        ("en", "Mrs. Okonjwela explained everything to us.", ["Okonjwela"]),
        ("en", "We spoke to Taryo Belminster about the invoice.", ["Taryo Belminster"]),
        ("pl", "Z reklamacją pomógł mi Gniewko Zabrzycki z działu zwrotów.", ["Gniewko Zabrzycki"]),
        ("ru", "Ответ подписал Тюльганбаев К. М. и больше ничего.", ["Тюльганбаев К. М"]),
    ],
)
def test_names_on_no_list_are_found_where_a_title_or_the_sentence_speaks_for_them(language, text, names):
    assert found(text, language) == [(name, "PERSON") for name in names]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ar", "الموظفة ردت على سؤالي بسرعة"),
        ("ar", "الفني شاب محترم ونظف المكان"),
        ("ar", "أشكر الموظف الذي خدمني، والبنت اللي ردت علي"),
        ("en", "Flew to San Diego and then to Punta Cana with mad queues, linnea bags and muli seats."),
        ("en", "Install React dev tools in June, says the page."),
        ("it", "La commessa è stata molto gentile. Scrivetemi presto."),
        ("ru", "Сотрудник Банка сказал, что Сила Интернета не растёт."),
        ("de", "Nach zwei Tage Wartezeit kam die Ware, das Beste an der Liste war der Rahmen, mir gefällt es."),
    ],
)
def test_jobs_places_and_words_in_small_letters_announce_no_name(language: str, text: str):
    assert found(text, language) == []


def test_german_asks_for_a_title_or_a_given_name_with_a_surname():
    assert found("Danke an Frau Moser und an Sebastian Brandtner!", "de") == [
        ("Moser", "PERSON"),
        ("Sebastian Brandtner", "PERSON"),
    ]


def test_the_survey_that_comes_with_the_program_has_next_to_no_names():
    with resource_path("feedback_nlp/data/survey.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 2400
    spans = find_names_many([row["comment"] for row in rows], [row["language"] for row in rows])
    redacted = [row["response_id"] for row, listed in zip(rows, spans, strict=True) if listed]
    assert len(redacted) <= 2, redacted


@pytest.mark.parametrize(
    ("language", "text", "address"),
    [
        ("en", "Please deliver it to 42 Maple Street, Springfield, not next door.", "42 Maple Street"),
        ("ro", "Locuiesc pe str. Mihai Eminescu nr. 12, bl. 4 și nu am internet.", "str. Mihai Eminescu nr. 12"),
        ("ru", "Живу по адресу ул. Лесная, д. 5, кв. 12, связи нет.", "ул. Лесная, д. 5"),
        ("it", "Abito in via Garibaldi 15 e il corriere non arriva mai.", "via Garibaldi 15"),
        ("ar", "أسكن في شارع الملك فهد 12 ولم يصل الطلب", "شارع الملك فهد 12"),
        ("pl", "Mieszkam przy ul. Polna 7/3, 00-950 Warszawa i kurier nie trafił.", "ul. Polna 7/3"),
    ],
)
def test_addresses_are_found_in_six_languages(language: str, text: str, address: str):
    hidden = [text for text, kind in found(text, language) if kind == "ADDRESS"]
    assert len(hidden) == 1 and address in hidden[0], hidden


def test_a_name_is_found_wherever_the_feedback_repeats_it():
    text = "My agent was Zbigniew Kowalczyk. I asked twice. KOWALCZYK said no."
    assert found(text) == [("Zbigniew Kowalczyk", "PERSON"), ("KOWALCZYK", "PERSON")]


def test_placeholders_are_never_part_of_a_name():
    text = "Regards, Karen Whitfield <EMAIL_1> <PHONE_1>"
    assert found(text) == [("Karen Whitfield", "PERSON")]


def test_a_result_does_not_depend_on_the_batch():
    texts = [
        "I spoke to Karen Whitfield.", "", "Спасибо, Ольга!", "WORST SERVICE EVER, ask Tom Baker", "…",
        "Pan Nowak był miły.",
        "شكرا أحمد", "Thanks\nMaria", "x" * 500, "Deliver to 42 Maple Street please, Anna Kowalska",
    ] * 60  # fmt: skip
    languages = ["en"] * len(texts)
    together = find_names_many(texts, languages)
    assert together == [find_names_many([text], ["en"])[0] for text in texts[:10]] * 60
    order = random.Random(1).sample(range(len(texts)), len(texts))
    assert find_names_many([texts[at] for at in order], languages) == [together[at] for at in order]


@pytest.mark.parametrize(
    "text",
    [
        "ab" * 400_000,
        "\u0301" * 100_000,
        "Anna " * 20_000,
        "(" * 50_000,
        "A" * 100_000,
        "@" * 50_000,
        "\u202e \x00 \ud800",
    ],
    ids=["no blank", "marks", "names", "brackets", "large", "at", "odd"],
)
def test_time_is_linear(text: str):
    began = time.process_time()
    find_names_many([text], ["en"])
    assert time.process_time() - began < 20


def test_offsets_hold_behind_a_long_text():
    text = "The queue was long and nobody came to help. " * 1200 + "I spoke to Karen Whitfield on Tuesday."
    assert found(text) == [("Karen Whitfield", "PERSON")]


def test_one_language_a_text_is_asked_for():
    with pytest.raises(ValueError, match="1 languages for 2 texts"):
        find_names_many(["a", "b"], ["en"])


def test_the_model_is_there():
    assert person_names_status() == "xx_person_names 1.0.0"


def test_words_are_looked_up_without_case_accents_and_arabic_prefixes(tmp_path):
    lists = {"maria": "G", "lukasz": "G", "احمد": "G", "the": "C"}
    Gazetteer(lists).to_disk(tmp_path / "lists.json")
    gazetteer = Gazetteer.from_disk(tmp_path / "lists.json")
    assert gazetteer.entries == lists
    tokens = tokens_of("MARIA Łukasz لأحمد the <EMAIL_1>", gazetteer)
    assert [(token.text, token.word.lists) for token in tokens] == [
        ("MARIA", "G"), ("Łukasz", "G"), ("لأحمد", "G"), ("the", "C"), ("<EMAIL_1>", ""),
    ]  # fmt: skip


def test_only_the_neighbourhoods_of_possible_names_are_read():
    gazetteer = Gazetteer({"maria": "G"})
    tokens = tokens_of("a " * 50 + "maria" + " a" * 50, gazetteer)
    assert list(regions_of(tokens)) == [(44, 57)]
