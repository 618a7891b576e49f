"""Redaction: identifiers go, numbers that identify nobody stay. All values are made up or published examples."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback_nlp.language.redaction.redactor import PLACEHOLDER, Redacted, Redactor, Replacement, redact

REDACTED = [
    ("en", "Mail john.doe+x@example.com please", "Mail <EMAIL_1> please"),
    ("en", "jane (at) example (dot) com, or bob @ gmail.com", "<EMAIL_1>, or <EMAIL_2>"),
    ("en", "Call (415) 555-2671 or +44 20 7946 0958.", "Call <PHONE_1> or <PHONE_2>."),
    ("en", "My card 4111 1111 1111 1111 was charged", "My card <CARD_1> was charged"),
    ("en", "paid with 5555555555554444 and **** **** **** 1234", "paid with <CARD_1> and <CARD_2>"),
    ("en", "IBAN GB82 WEST 1234 5698 7654 32 is mine", "IBAN <IBAN_1> is mine"),
    ("en", "from 192.168.10.25 and 2001:db8::ff00:42:8329", "from <IP_1> and <IP_2>"),
    ("en", "see https://example.com/u/jane?token=abc.", "see <URL_1>."),
    ("en", "SSN 536-90-4399, thanks @jane_doe!", "SSN <ID_1>, thanks <HANDLE_1>!"),
    ("en", "my passport number is 123456789", "my passport number is <ID_1>"),
    ("ro", "sunați la 0722 123 456 sau 0722123456", "sunați la <PHONE_1> sau <PHONE_1>"),
    ("ro", "CNP 1800101221144, cont RO49AAAA1B31007593840000", "CNP <ID_1>, cont <IBAN_1>"),
    ("ru", "звоните 8 (912) 345-67-89, СНИЛС 112-233-445 95", "звоните <PHONE_1>, СНИЛС <ID_1>"),
    ("ru", "ИНН 500100732259, почта ivan@example.ru", "ИНН <ID_1>, почта <EMAIL_1>"),
    ("it", "codice fiscale RSSMRA85T10A562S, cell. 333 1234567", "codice fiscale <ID_1>, cell. <PHONE_1>"),
    ("it", "IBAN IT60X0542811101000000123456", "IBAN <IBAN_1>"),
    ("ar", "اتصل بي على 0501234567", "اتصل بي على <PHONE_1>"),
    ("ar", "جوالي ٠٥٠١٢٣٤٥٦٧ وبريدي ali@example.com", "جوالي <PHONE_1> وبريدي <EMAIL_1>"),
    ("ar", "رقم الهوية 784-1990-1234567-1", "رقم الهوية <ID_1>"),
    ("pl", "PESEL 44051401359, tel. 601 234 567", "PESEL <ID_1>, tel. <PHONE_1>"),
    ("pl", "konto 61 1090 1014 0000 0712 1981 2874", "konto <IBAN_1>"),
    ("und", "write to me: ana@example.org", "write to me: <EMAIL_1>"),
    ("en", "Order 48213 and ticket #20456789, ref 4155552671", "Order <ORDER_1> and ticket #<ORDER_2>, ref <ORDER_3>"),
    ("en", "Customer 40395817, booking reference XKJHGT", "Customer <ACCOUNT_1>, booking reference <ORDER_1>"),
    ("en", "I was born on March 12, 1985 (DOB 12/03/1985)", "I was born on <BIRTHDATE_1> (DOB <BIRTHDATE_2>)"),
    ("en", "I live at 12 Oak Street, Apt 4, Springfield", "I live at <ADDRESS_1>, Springfield"),
    ("en", "my NI number is AB 12 34 56 C and NHS number 943 476 5919", "my NI number is <ID_1> and NHS number <ID_2>"),
    ("en", "ITIN 912-90-3456, plate number AB12 CDE", "ITIN <ID_1>, plate number <PLATE_1>"),
    ("en", "username: jo_smith, password: hunter2!x", "username: <HANDLE_1>, password: <SECRET_1>"),
    ("en", "GPS 44.4268, 26.1025; router 00:1B:44:11:3A:B7", "GPS <COORDINATES_1>; router <MAC_1>"),
    ("en", "sent to 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "sent to <CRYPTO_1>"),
    (
        "ro",
        "comanda nr. 123456 nu a venit, cod client 88123",
        "comanda nr. <ORDER_1> nu a venit, cod client <ACCOUNT_1>",
    ),
    ("ro", "născut la 15.03.1985, IDNP 2002004037345", "născut la <BIRTHDATE_1>, IDNP <ID_1>"),
    ("ro", "stau pe str. Mihai Eminescu nr. 4, bl. B2, ap. 7, Iași", "stau pe <ADDRESS_1>, Iași"),
    ("ro", "CNP-1800101221144 și contului bancar 225100013104", "CNP-<ID_1> și contului bancar <ACCOUNT_1>"),
    ("ro", "buletin seria XT nr.123456", "buletin seria XT nr.<ID_1>"),
    ("ru", "заказ № 12345 и договор 40817-А/22", "заказ № <ORDER_1> и договор <ACCOUNT_1>"),
    ("ru", "д.р. 12.03.1990, паспорт 4506 123456", "д.р. <BIRTHDATE_1>, паспорт <ID_1>"),
    ("ru", "живу в Твери, ул. Ленина, д. 5, кв. 12", "живу в Твери, <ADDRESS_1>"),
    ("it", "ordine n. 4455, nato il 3 marzo 1980", "ordine n. <ORDER_1>, nato il <BIRTHDATE_1>"),
    ("it", "abito in via Garibaldi 12, Torino, targa AB 123 CD", "abito in <ADDRESS_1>, Torino, targa <PLATE_1>"),
    ("ar", "رقم الطلب 12345 وتاريخ الميلاد 12/3/1990", "رقم الطلب <ORDER_1> وتاريخ الميلاد <BIRTHDATE_1>"),
    ("ar", "أسكن في شارع الملك فهد 12", "أسكن في <ADDRESS_1>"),
    ("ar", "هويتي 1000000008 ورقم الحساب ٤٤٥٥٦٦", "هويتي <ID_1> ورقم الحساب <ACCOUNT_1>"),
    ("ar", "الرقم القومي 29001011234567", "الرقم القومي <ID_1>"),
    ("pl", "zamówienie nr 8812, numer klienta 7731", "zamówienie nr <ORDER_1>, numer klienta <ACCOUNT_1>"),
    ("pl", "ur. 12.03.1990, NIP 526-000-12-46", "ur. <BIRTHDATE_1>, NIP <ID_1>"),
    ("pl", "mieszkam na ul. Długiej 7/3 w Gdyni", "mieszkam na <ADDRESS_1> w Gdyni"),
    ("pl", "faktury z numerem 735 772 922 za 500 zł", "faktury z numerem <ORDER_1> za 500 zł"),
    ("ro", "comanda nr. 48213 150 lei", "comanda nr. <ORDER_1> 150 lei"),
    ("de", "Hauptstraße 12, Bestellung Nr. 4711", "<ADDRESS_1>, Bestellung Nr. <ORDER_1>"),
    ("es", "mi DNI 12345678Z y pedido 556677", "mi DNI <ID_1> y pedido <ORDER_1>"),
    ("fr", "habite 12 rue de la Paix, commande n° 556677", "habite <ADDRESS_1>, commande n° <ORDER_1>"),
    # Misread by a scanner, or typed letter for digit.
    ("en", "te1: +44 2O 7946 O958, card 4111 l111 11I1 1111", "te1: <PHONE_1>, card <CARD_1>"),
    ("ro", "sunați-mă la 0722 l23 4S6, CNP 180O1012211A4", "sunați-mă la <PHONE_1>, CNP <ID_1>"),
    ("ru", "мой номер +7 9l2 345 67 8О, карта 4276 О900 1090 9О75", "мой номер <PHONE_1>, карта <CARD_1>"),
    ("it", "chiamatemi al 33S 123 45G7, nata il 12.O3.199O", "chiamatemi al <PHONE_1>, nata il <BIRTHDATE_1>"),
    ("ar", "جوالي +966 5O 123 4S67", "جوالي <PHONE_1>"),
    ("pl", "nr te1. 6O1 234 S67, PE5EL 44O514O1359", "nr te1. <PHONE_1>, PE5EL <ID_1>"),
    ("pl", "konto 61 1090 1014 0000 0712 1981 2875", "konto <IBAN_1>"),
    # Their form says what they are, or the words around them.
    ("en", "they charged 4111 1111 1111 1112 and 2294-6239-5875", "they charged <CARD_1> and <ID_1>"),
    ("en", "I gave them KX2964 and it was lost", "I gave them <ID_1> and it was lost"),
    ("ro", "am introdus KX2964 de trei ori", "am introdus <ID_1> de trei ori"),
    ("ru", "указал QL571902 в анкете", "указал <ID_1> в анкете"),
    ("it", "ho fornito AT309155 al banco", "ho fornito <ID_1> al banco"),
    ("ar", "أدخلت KX2964 ولم يعمل", "أدخلت <ID_1> ولم يعمل"),
    ("pl", "podałem KX2964, ana@example.pl i NJ7445", "podałem <ID_1>, <EMAIL_1> i <ID_2>"),
    ("en", "it wanted xM5N)so6&x from me", "it wanted <SECRET_1> from me"),
    ("en", "write to ana@examp|e.com, jan@ex@mple.org", "write to <EMAIL_1>, <EMAIL_2>"),
    ("ru", "пишите на ivan@exampl€.ru", "пишите на <EMAIL_1>"),
    ("ro", "contul pentru plata primelor este 225100013104", "contul pentru plata primelor este <ACCOUNT_1>"),
    ("en", "order not arrived call me 0044 20 7946 0958", "order not arrived call me <PHONE_1>"),
    ("en", "12 Oak Street, 28-64-66-98 office, 455 6186-Mobile", "<ADDRESS_1>, <PHONE_1> office, <PHONE_2>-Mobile"),
]
KEPT = [
    ("en", "From 2015-2019 I paid $1,200.50, then 1 250 000 and 12.500,00 EUR."),
    ("en", "On 12/05/2019, 2019-05-12 and 22.12.2013 at 10:30 I waited 20 minutes."),
    ("en", "Open 08.20-09.40 and 0630-0730, 24/7, 365 days. 10/10 would buy."),
    ("en", "Version 1.2.3.4 on iOS 17.4.1.2 is broken, see chapter 2.3.1.3"),
    ("en", "I saw it on https://www.example.com/ and www.example.com and booking.com"),
    ("en", "We bought 3 x 1000 pieces, flight 2679484, iPhone 14, JBL 3000, Galaxy S22 and a Model 3"),
    ("en", "My order of 15000 pieces in 2019, order 2 pizzas, an invoice of 1500 EUR, ticket 250 euro"),
    ("en", "Flew BA2678 to Rome via London 7 days ago and waited 20 minutes in Terminal 5."),
    ("en", "100 200 300 or 1688 1561 1562 apples; meet @ 5pm, @9am"),
    ("en", "The row was 1200 1315 4411 9012 4444 1234 and then 1688 1561 1562"),
    ("en", "2 friends, 4G, 5GHz, A4, 50% and 3.5 stars"),
    ("en", "iPhone 14 Pro, B2B, 5G, S21, a 100l barrel, 3080 16GB 750W, 8 h 30 s, A350-1000, 12 l 500 g and 18B 19 l"),
    ("en", "Gave up on flight BA2678, the new GT3500 model and ES2015; 2020-12-12T15:09, Ram+64GB, f(x1)*G(Y2)"),
    ("pl", "podali lot LO3921 i model KX2964, a w pokoju 2O stopni"),
    ("ro", "Am plătit 1.250.000 lei pe 12.05.2019, comanda din 2019 nu a venit, abonamentul de 24 luni"),
    ("ru", "Заказ от 12.05.2019 за 15 000 руб., скорость 120Кбайт/с, договор на 24 месяца"),
    ("it", "Ordine del 12/05/2019, costo 1.250,00 euro, preparazione in corso 2012-12-10"),
    ("ar", "دفعت ٥٠٠٠ ريال في ٢٠١٩ والطلب لم يصل منذ ١٢ يوما"),
    ("pl", "Zamówienie z 12.05.2019 za 1 250,00 zł, ulica jest głośna, umowa na 24 miesiące"),
    ("de", "Laufende Nr. 125/2015, Objekt Nr. 26238358, Zimmer 4, am 27.12.15 05.12.2015"),
    ("en", "no digits, no signs"),
    ("en", ""),
]


@pytest.mark.parametrize(("language", "text", "expected"), REDACTED)
def test_identifiers_go(language: str, text: str, expected: str) -> None:
    assert redact(text, language).text == expected


@pytest.mark.parametrize(("language", "text"), KEPT)
def test_other_numbers_stay(language: str, text: str) -> None:
    redacted = redact(text, language)
    assert (redacted.text, dict(redacted.counts)) == (text, {})


def test_a_value_keeps_its_number_within_one_feedback() -> None:
    redacted = redact("a@x.org wrote to b@x.org; A@X.org called +40 722 123 456 and 0722123456", "ro")
    assert redacted.text == "<EMAIL_1> wrote to <EMAIL_2>; <EMAIL_1> called <PHONE_1> and <PHONE_1>"
    assert dict(redacted.counts) == {"EMAIL": 3, "PHONE": 2}


def test_placeholders_already_there_stay_and_new_ones_count_on() -> None:
    redacted = redact("<EMAIL_1>, <EMAIL_2> and c@x.org, tel <PHONE_1>", "en")
    assert redacted.text == "<EMAIL_1>, <EMAIL_2> and <EMAIL_3>, tel <PHONE_1>"
    assert dict(redacted.counts) == {"EMAIL": 1}


@pytest.mark.parametrize(("language", "text", "expected"), REDACTED)
def test_redacting_twice_changes_nothing(language: str, text: str, expected: str) -> None:
    again = redact(expected, language)
    assert (again.text, dict(again.counts)) == (expected, {})


PARTS = st.sampled_from(
    [part for _, text, _ in REDACTED for part in text.split()]
    + [part for _, text in KEPT for part in text.split()]
    + [
        "tel",
        "order",
        "card",
        "CNP",
        "+",
        "@",
        "/",
        ".",
        ",",
        "-",
        "(",
        ")",
        "#",
        "<",
        ">",
        "<PHONE_1>",
        "12",
        "3456789",
    ]
)


@given(
    st.lists(st.tuples(PARTS, st.sampled_from(["", " ", "\n"])), max_size=12),
    st.sampled_from(["en", "ru", "ar", "und"]),
)
def test_redacting_any_mixture_twice_changes_nothing(parts: list[tuple[str, str]], language: str) -> None:
    once = redact("".join(part + space for part, space in parts), language)
    again = redact(once.text, language)
    assert (again.text, dict(again.counts)) == (once.text, {})


@given(st.text())
def test_what_is_around_identifiers_stays(text: str) -> None:
    before = text.replace("@", "")
    redacted = redact(f"{before} \n ana@example.org \n", "en").text
    assert redacted.endswith(" \n <EMAIL_1> \n")


NAMES = {
    "Anna Kowalska": "PERSON", "pani Kowalskiej": "PERSON", "Anna": "PERSON", "Jan Nowak": "PERSON", "Ana": "PERSON",
    "Иван Петров": "PERSON", "Петрову": "PERSON", "أحمد علي": "PERSON", "Oak Hill Farm": "ADDRESS", "Acme": "PERSON",
    "kowalska": "PERSON",
}  # fmt: skip


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A names pipeline that knows the names above; the list grows by the number of texts it is asked about."""
    asked: list[int] = []

    def find_names_many(texts: Sequence[str], languages: Sequence[str]) -> list[list[tuple[int, int, str]]]:
        asked.append(len(texts))
        pattern = re.compile("|".join(sorted(map(re.escape, NAMES), key=len, reverse=True)))
        return [[(*match.span(), NAMES[match[0]]) for match in pattern.finditer(text)] for text in texts]

    monkeypatch.setattr("feedback_nlp.language.redaction.person_names.find_names_many", find_names_many)
    return asked


def redact_with(redactor: Redactor, text: str, language: str) -> str:
    """The text redacted, after checking that a second time changes nothing and that the offsets fit."""
    (once,) = redactor.redact_many([text], [language])
    (twice,) = redactor.redact_many([once.text], [language])
    assert (twice.text, dict(twice.counts), twice.replacements) == (once.text, {}, ())
    assert sum(once.counts.values()) == len(once.replacements)
    rest, new_rest, end, new_end = "", "", 0, 0
    for part in once.replacements:
        assert PLACEHOLDER.fullmatch(once.text[part.new_start : part.new_end])[1] == part.kind
        assert (part.start - end, part.start < part.end) == (part.new_start - new_end, True)
        rest += text[end : part.start]
        new_rest += once.text[new_end : part.new_start]
        end, new_end = part.end, part.new_end
    assert rest + text[end:] == new_rest + once.text[new_end:]
    return once.text


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        (
            "pl",
            "Anna Kowalska pisała. Potem Anna i Jan Nowak dzwonili do pani Kowalskiej.",
            "<PERSON_1> pisała. Potem <PERSON_1> i <PERSON_2> dzwonili do <PERSON_1>.",
        ),
        (
            "ru",
            "Иван Петров, тел. 8 912 345-67-89. Верните Петрову!",
            "<PERSON_1>, тел. <PHONE_1>. Верните <PERSON_1>!",
        ),
        ("ar", "اتصل أحمد علي من 0501234567", "اتصل <PERSON_1> من <PHONE_1>"),
        ("pl", "Napisz na anna.kowalska@example.pl do Anna", "Napisz na <EMAIL_1> do <PERSON_1>"),
        ("en", "I live at Oak Hill Farm, 12 Oak Street. Jan Nowak.", "I live at <ADDRESS_1>, <ADDRESS_2>. <PERSON_1>."),
        ("en", "<PERSON_1> met Jan Nowak", "<PERSON_1> met <PERSON_2>"),
        ("en", "nobody here", "nobody here"),
    ],
)
def test_names_go_too(names: list[int], language: str, text: str, expected: str) -> None:
    assert redact_with(Redactor(names=True), text, language) == expected


def test_only_texts_that_changed_are_looked_at_again(names: list[int]) -> None:
    texts = ["Anna here", "nothing", "mail ana@example.org"]
    results = Redactor(names=True).redact_many(texts, ["en"] * 3)
    assert [result.text for result in results] == ["<PERSON_1> here", "nothing", "mail <EMAIL_1>"]
    assert names == [3, 1]


def test_a_batch_makes_no_difference(names: list[int]) -> None:
    redactor = Redactor(names=True, deny=["Zarya"], allow=["Acme"])
    texts = [text for _, text, _ in REDACTED] + ["Anna and Jan Nowak of Acme, project Zarya"]
    languages = [language for language, _, _ in REDACTED] + ["en"]
    together = redactor.redact_many(texts, languages)
    assert together == [redactor.redact_many([t], [lang])[0] for t, lang in zip(texts, languages, strict=True)]
    assert together[::-1] == redactor.redact_many(texts[::-1], languages[::-1])


def test_what_is_denied_always_goes_and_what_is_allowed_stays(names: list[int]) -> None:
    redactor = Redactor(
        names=True,
        deny=["Project Zarya", "проект Заря", "النور", "48213"],
        allow=["Acme", "Acme Support", "help@acme.com"],
    )
    text = "project  zarya: order 48213 of Acme, ask help@acme.com or anna@acme.com, Anna"
    assert redact_with(redactor, text, "en") == (
        "<DENIED_1>: order <DENIED_2> of Acme, ask help@acme.com or <EMAIL_1>, <PERSON_1>"
    )
    assert redact_with(redactor, "Про ПРОЕКТ ЗАРЯ и Зарянку", "ru") == "Про <DENIED_1> и Зарянку"
    assert redact_with(redactor, "في مشروع النور", "ar") == "في مشروع <DENIED_1>"


def test_offsets_lead_from_the_text_to_the_redacted_one() -> None:
    redacted = redact("a@x.org, order 48213", "en")
    assert redacted == Redacted(
        "<EMAIL_1>, order <ORDER_1>",
        {"EMAIL": 1, "ORDER": 1},
        (Replacement(0, 7, 0, 9, "EMAIL"), Replacement(15, 20, 17, 26, "ORDER")),
    )


def test_a_value_of_another_script_s_digits_is_the_same_value() -> None:
    assert redact("طلب رقم 48213 نعم طلب رقم ٤٨٢١٣", "ar").text == "طلب رقم <ORDER_1> نعم طلب رقم <ORDER_1>"


def test_nul_and_half_characters_are_no_obstacle() -> None:
    assert redact("\0 a@x.org \ud800 \0", "en").text == "\0 <EMAIL_1> \ud800 \0"


@pytest.mark.parametrize(
    "piece", ["a@x.org ", "order 48213 ", "+40 722 123 456, ", "<EMAIL_1>", "1 ", "é", "ul. Nowa 5 "]
)
def test_a_long_text_takes_time_in_proportion(piece: str) -> None:
    def seconds(count: int) -> float:
        began = time.process_time()
        redact(piece * count, "pl")
        return time.process_time() - began

    seconds(10)
    assert seconds(4_000) < 10 * seconds(1_000) + 0.3
