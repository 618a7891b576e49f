"""Finders one by one: checksums, forms and context; and the same ones as Presidio recognizers."""

from __future__ import annotations

import logging
import socket
import time
from pathlib import Path

import pytest

from feedback_nlp.errors import SettingError
from feedback_nlp.language.redaction.contexts import Digits, Named, digits_of, named_before
from feedback_nlp.language.redaction.identifiers import FINDERS
from feedback_nlp.language.redaction.national_ids import find_national_ids, is_kuwaiti, is_saudi, is_snils
from feedback_nlp.language.redaction.person_links import link_people
from feedback_nlp.language.redaction.phrases import Phrases
from feedback_nlp.language.redaction.presidio_engine import RecognizerEngine, kind_of
from feedback_nlp.language.redaction.redactor import Redactor

RECOGNIZERS = """
recognizers:
  - name: badges
    supported_entity: BADGE_NO
    patterns: [{name: weak, regex: 'B-\\d{3}', score: 0.1}]
    context: [badge]
  - name: Projekte
    supported_entity: PROJEKT
    supported_language: de
    deny_list: [Blaubeere]
  - name: postaláda
    supported_entity: POSTA
    supported_languages: [{language: hu, context: [fiók]}, {language: ka, context: [ყუთი]}]
    patterns: [{name: weak, regex: 'PF\\d+', score: 0.2}]
  - name: mail
    type: predefined
    class_name: EmailRecognizer
"""


def recognizers(folder: Path, text: str = RECOGNIZERS) -> Path:
    path = folder / "recognizers.yml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("order 48213", Named("order", False)),
        ("order no. 48213", Named("order", True)),
        ("order number is: 48213", Named("order", True)),
        ("order placed yesterday under number 48213", Named("order", True)),
        ("numărul comenzii mele este 48213", Named("order", True)),
        ("номер моего заказа 48213", Named("order", False)),
        ("L'ordine n. 48213", Named("order", True)),
        ("رقم الطلب 48213", Named("order", True)),
        ("numer klienta to 48213", Named("account", True)),
        ("My order. 48213", None),
        ("my order, 48213", None),
        ("order total 48213", None),
        ("border 48213", None),
        ("48213", None),
    ],
)
def test_words_in_front_say_what_a_number_is(text: str, named: Named | None) -> None:
    assert named_before(text, text.index("48213"), ("order", "account")) == named


@pytest.mark.parametrize(
    ("language", "number", "is_one"),
    [
        ("ro", "1800101221144", True),  # CNP
        ("ro", "1800101221145", False),
        ("pl", "44051401359", True),  # PESEL
        ("pl", "44051401358", False),
        ("ru", "500100732259", True),  # INN
        ("en", "500100732259", False),
        ("ru", "112-233-445 95", True),  # SNILS
        ("ru", "112-233-445 96", False),
        ("it", "RSSMRA85T10A562S", True),
        ("it", "RSSMRA85T10A562T", False),
        ("en", "536-90-4399", True),  # SSN
        ("en", "000-90-4399", False),
        ("en", "AB 12 34 56 C", True),  # NINO
        ("en", "BG 12 34 56 C", False),
        ("ar", "784-1990-1234567-1", True),
        ("ar", "1000000008", True),  # Saudi Arabia
        ("ar", "1000000009", False),
        ("es", "X1234567L", True),
        ("es", "X1234567M", False),
        ("de", "36574261809", True),
        ("en", "36574261809", False),
        ("fr", "295109912611193", True),
        ("pt", "123.456.789-09", True),
        ("pt", "123.456.789-00", False),
        ("cs", "710319/2745", True),
        ("pl", "ABA300000", True),  # an identity card
        ("pl", "ABA300001", False),
    ],
)
def test_national_ids_by_checksum(language: str, number: str, is_one: bool) -> None:
    text = f"({number})"
    found = [text[item.start : item.end] for item in find_national_ids(text, language)]
    assert found == ([number] if is_one else [])


def test_checksums_of_our_own() -> None:
    assert [is_snils("11223344595"), is_snils("11223344590"), is_snils("00000000000")] == [True, False, False]
    assert [is_saudi("1000000008"), is_saudi("3000000004"), is_saudi("100000000")] == [True, False, False]
    # Born on 5 May 1985: one check digit at most fits a serial number, and none an impossible month.
    assert [d for d in "0123456789" if is_kuwaiti("28505050001" + d)] == ["3"]
    assert [d for d in "0123456789" if is_kuwaiti("28513050001" + d)] == []


def test_numbers_are_counted_across_signs() -> None:
    assert digits_of("call (415) 555-2671 or 22") == Digits(12, 10)
    assert digits_of("none") == Digits(0, 0)


@pytest.mark.parametrize(
    ("language", "names", "people"),
    [
        ("pl", ["Anna Kowalska", "Anna", "pani Kowalskiej", "Jan Nowak", "Nowakiem"], [0, 0, 0, 1, 1]),
        ("pl", ["Jan Kowalski", "Anna Kowalska", "Kowalska", "Kowalskich"], [0, 1, 1, 2]),
        ("ru", ["Иван Петров", "Петрову", "Мария Сидорова", "Ивана"], [0, 0, 1, 0]),
        ("ro", ["Maria Popescu", "Mariei", "doamna Popescu"], [0, 0, 0]),
        ("it", ["Mario Rossi", "Maria Rossi", "Rossi", "sig. Mario Rossi"], [0, 1, 2, 0]),
        ("en", ["Ann", "Ann Smith", "Anna", "Mr. Smith"], [0, 0, 1, 0]),
        ("ar", ["أحمد علي", "السيد احمد", "فاطمة"], [0, 0, 1]),
        ("en", ["???", "Bob"], [0, 1]),
        ("en", [], []),
    ],
)
def test_mentions_of_one_person_are_told_from_another(language: str, names: list[str], people: list[int]) -> None:
    assert link_people(names, language) == people


def test_phrases_are_whole_words_in_any_script() -> None:
    phrases = Phrases(["Acme", "Acme Bank", "проект Заря", "مشروع النور", "C++", "हिन्दी", "  ", "@team"])
    text = "ACME bank, acmeology; Проект  заря! مشروع النور C++ C हिन्दीं हिन्दी @Team"
    assert [text[start:end] for start, end in phrases.find(text)] == [
        "ACME bank", "Проект  заря", "مشروع النور", "C++", "हिन्दी", "@Team",
    ]  # fmt: skip
    assert [phrases.cover(text) for text in ("the Acme", "acme bank", "Acme-Acme", "", "!")] == [
        False, True, True, False, False,
    ]  # fmt: skip
    assert not Phrases([])


def test_the_registry_has_a_recognizer_for_each_finder_and_language() -> None:
    engine = RecognizerEngine()
    for language in ("en", "ro", "ru", "it", "ar", "pl", "de", "und"):
        registry = engine.registry(language)
        assert [recognizer.name for recognizer in registry.recognizers] == [f.find.__name__ for f in FINDERS]
        assert {recognizer.supported_language for recognizer in registry.recognizers} == {language}
    phones = next(r for r in engine.registry("pl").recognizers if r.name == "find_phones")
    assert (phones.supported_entities, "dzwon*" in phones.context, "звон*" in phones.context) == (
        ["PHONE"],
        True,
        False,
    )


def test_recognizers_of_one_s_own_work_in_every_language_they_name(tmp_path: Path) -> None:
    engine = RecognizerEngine(recognizers(tmp_path))

    def kinds(text: str, language: str) -> list[str]:
        return [item.kind for item in engine.find(text, language)]

    assert kinds("my badge is B-123", "en") == ["BADGENO"]
    assert kinds("insigna mea, badge B-123", "ro") == ["BADGENO"]
    assert kinds("level B-123", "en") == []  # too weak without its context word
    assert kinds("das Blaubeere Team", "de") == ["PROJEKT"]
    assert kinds("das Blaubeere Team", "und") == ["PROJEKT"]
    assert kinds("the Blaubeere team", "en") == []
    assert kinds("a fiók PF77", "hu") == ["POSTA"]
    assert kinds("ყუთი PF77", "ka") == ["POSTA"]
    # Ours finds it too; the user's own goes first.
    assert kinds("to ana@example.org", "en") == ["EMAILADDRESS", "EMAIL"]
    assert [kind_of("EMPLOYEE_ID_2"), kind_of("42")] == ["EMPLOYEEID", "CUSTOM"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "not a readable YAML file (FileNotFoundError)"),
        ("recognizers: [", "not a readable YAML file"),
        ("patterns: []", "no list of recognizers in it"),
        ("recognizers:\n  - name: x\n", "recognizer 1 is none that Presidio takes"),
        (RECOGNIZERS.replace(r"B-\d{3}", "("), "recognizer 1 is none that Presidio takes"),
    ],
)
def test_a_bad_file_of_recognizers_says_what_it_needs(tmp_path: Path, text: str | None, message: str) -> None:
    path = recognizers(tmp_path, text) if text else tmp_path / "none.yml"
    with pytest.raises(SettingError, match="redact_recognizers = ") as error:
        RecognizerEngine(path)
    assert message in str(error.value)


def test_nothing_is_fetched_and_no_text_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("redaction reached for the network")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    redactor = Redactor(names=False, recognizers=recognizers(tmp_path))
    text = "my badge is B-123, write to ana@example.org or call +40 722 123 456, order 48213"
    with caplog.at_level(logging.DEBUG):
        redacted = redactor.redact_many([text], ["en"])[0].text
    assert redacted == "my badge is <BADGENO_1>, write to <EMAILADDRESS_1> or call <PHONE_1>, order <ORDER_1>"
    values = ("B-123", "ana@", "722", "48213", "badge is", "write")
    assert [record for record in caplog.records if any(value in record.getMessage() for value in values)] == []


@pytest.mark.parametrize(
    "piece",
    ["1", "1 ", "a.", "(", "@", "A1-", "1-", "A-", "+1 ", "\u0301", "://", "order ", "ul. A", "*", "no. ", "1.", "x@"],
)
def test_time_is_linear_in_the_length(piece: str) -> None:
    def seconds(length: int) -> float:
        text = (piece * (length // len(piece) + 1))[:length] + " 1"
        began = time.process_time()
        for finder in FINDERS:
            list(finder.find(text, "it"))
        return time.process_time() - began

    seconds(1_000)
    assert seconds(60_000) < 12 * seconds(15_000) + 0.05
