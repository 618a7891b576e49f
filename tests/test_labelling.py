"""Keywords and labels: the words of a theme, and its name."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from feedback_nlp.language.stopwords import negations, stop_words
from feedback_nlp.themes.labels.keywords import TOKEN, keywords_by_language, tokenize
from feedback_nlp.themes.labels.labelling import KeyphraseLabeller
from feedback_nlp.themes.labels.phrases import Grammar, candidates_in
from feedback_nlp.themes.labels.word_forms import are_forms, bare, spelling_of, stems_of
from feedback_nlp.themes.labels.words import joined
from feedback_nlp.themes.space import unit_rows
from tests.fake_encoder import TopicEncoder

ENCODER = TopicEncoder()


def encode(texts: Sequence[str], languages: Sequence[str]) -> np.ndarray:
    return ENCODER.encode(list(texts))


def grammar(language: str) -> Grammar:
    return Grammar(language, stop_words(language), negations(language))


def evidence_of(*themes: Sequence[str], language: str = "en", parents: Sequence[int | None] = ()) -> list[dict]:
    """Evidence as discovery hands it over, of texts each said by one person."""
    found: list[dict[str, Any]] = []
    for row, texts in enumerate(themes):
        vectors = ENCODER.encode(list(texts))
        centroid = unit_rows(vectors.mean(axis=0)[None, :])[0]
        order = np.argsort(-(vectors @ centroid), kind="stable")
        found.append(
            {
                "texts": [texts[i] for i in order],
                "languages": [language] * len(texts),
                "weights": np.ones(len(texts)),
                "centroid": centroid,
                "nearness": (vectors @ centroid)[order],
                "keywords": {},
                "parent": parents[row] if parents else None,
                "polarity": None,
            }
        )
    return found


def labels_of(evidence: list[dict], reading_language: str = "en") -> list[str]:
    return KeyphraseLabeller(encode, stop_words, reading_language, negations).label(evidence)


# -- words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The <EMAIL_1> app, v2!", ["the", "app", "v2"]),
        ("Coletul n-a ajuns; șoferul", ["coletul", "n-a", "ajuns", "șoferul"]),
        ("Посылка не пришла 3 раза", ["посылка", "не", "пришла", "раза"]),
        ("l'applicazione è lenta", ["l'applicazione", "è", "lenta"]),
        ("التطبيق لا يعمل", ["التطبيق", "لا", "يعمل"]),
        ("Zażółć gęślą jaźń", ["zażółć", "gęślą", "jaźń"]),
        ("12 <PHONE_2> !!", []),
    ],
)
def test_words_of_any_script_are_words(text: str, words: list[str]):
    assert tokenize(text) == words


def test_a_theme_rare_in_a_language_has_no_keywords_in_it():
    texts = ["parcel late", "parcel lost", "parcel gone", "colet pierdut", "colet lipsă"]
    found = keywords_by_language(texts, ["en"] * 3 + ["ro"] * 2, np.zeros(5, int), 1, stop_words)
    assert [sorted(words) for words in found] == [["en"]]


@pytest.mark.parametrize(
    ("language", "texts", "expected"),
    [
        ("en", ["invoice wrong", "invoices wrong", "wrong invoiced sum"], ("invoice", "wrong", "sum")),
        ("ru", ["посылка опоздала", "посылки опоздали", "посылку потеряли"], ("опоздала", "посылка", "потеряли")),
        ("ar", ["التوصيل متأخر", "توصيل متأخر", "والتوصيل بطيء"], ("التوصيل متأخر", "بطيء")),
    ],
)
def test_forms_of_one_word_are_one_keyword(language: str, texts: list[str], expected: tuple[str, ...]):
    found = keywords_by_language(texts, [language] * 3, np.zeros(3, int), 1, stop_words)
    assert found == [{language: expected}]


def test_keywords_have_the_accents_that_some_leave_out():
    texts = ["aplicația e înceată", "aplicația blocată", "aplicatia merge greu", "aplicația cade"]
    (found,) = keywords_by_language(texts, ["ro"] * 4, np.zeros(4, int), 1, stop_words)
    assert [word for phrase in found["ro"] for word in phrase.split() if word.startswith("aplica")] == ["aplicația"]


# -- forms of a word


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("price", "prices", True),
        ("delivery", "delivered", True),
        ("цена", "цены", True),
        ("приложение", "приложения", True),
        ("obsługa", "obsługi", True),
        ("livrare", "livrarea", True),
        ("consegna", "consegne", True),
        ("التوصيل", "وتوصيل", True),
        ("care", "card", False),
        ("contract", "contact", False),
        ("speed", "speak", False),
        ("контракт", "контакт", False),
        ("الشحن", "الشاشة", False),
    ],
)
def test_forms_of_one_word_are_told_by_their_endings(one: str, other: str, same: bool):
    assert are_forms(bare(one), bare(other)) is same
    assert are_forms(bare(other), bare(one)) is same


def test_a_group_of_forms_has_its_commonest_word_at_the_centre():
    words = {"invoice": 9, "invoices": 4, "Invoiced": 1, "price": 2, "prices": 3}
    assert stems_of(words) == {
        "invoice": "invoice",
        "invoices": "invoice",
        "Invoiced": "invoice",
        "price": "prices",
        "prices": "prices",
    }


def test_words_are_spelt_as_people_write_them_within_sentences():
    texts = ["My Wi-Fi drops", "the Wi-Fi is slow", "wi-fi again", "SLOW SLOW WIFI", "Parcel lost", "ask Bogdan please"]
    found = spelling_of(texts, TOKEN)
    assert [found.natural[word] for word in ("wi-fi", "parcel", "slow")] == ["Wi-Fi", "parcel", "slow"]
    assert found.proper == {"bogdan"}


def test_accents_are_put_back_where_those_who_write_them_do():
    texts = ["aplicația nu merge", "aplicația e înceată", "aplicatia nu merge", "mașina e în față", "o fata și o față"]
    natural = spelling_of(texts, TOKEN).natural
    assert [natural[word] for word in ("aplicatia", "aplicația", "fata")] == ["aplicația", "aplicația", "fata"]


def test_a_script_without_capitals_has_no_proper_words():
    assert spelling_of(["التطبيق بطيء جدا", "网速太慢 了"], TOKEN).proper == frozenset()


# -- candidates


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "I think the invoice was wrong.", {"invoice was wrong"}),
        ("en", "No technician came!", {"no technician came"}),
        ("en", "The staff were rude to me", {"staff were rude"}),
        ("en", "Never had an outage", {"never had an outage"}),
        ("en", "After 20 minutes", set()),
        ("en", "Ask <PERSON_1> about it", set()),
        ("en", "Costs between20-30 dollars", set()),
        ("en", "Bought a galaxy s8", {"bought a galaxy s8"}),
        ("pl", "Po przesłaniu wyników czekałam", set()),
        ("ru", "Курьер опоздал", {"курьер опоздал"}),
        ("ar", "التطبيق بطيء جدا", {"التطبيق بطيء جدا"}),
    ],
)
def test_a_clause_is_taken_without_what_opens_it(language: str, text: str, expected: set[str]):
    found = {" ".join(words) for words, whole in candidates_in(text, grammar(language)) if whole}
    assert found == expected


def test_phrases_break_off_at_neither_end():
    found = {" ".join(words) for words, whole in candidates_in("the customer service is slow", grammar("en"))}
    assert {"customer service", "customer service is slow", "slow"} <= found
    assert not {"customer", "service", "service is slow"} & found


def test_what_is_denied_is_no_candidate_without_its_denial():
    found = {" ".join(words) for words, _ in candidates_in("there was never an outage", grammar("en"))}
    assert found == {"never an outage"}


# -- labels


DELIVERY = ["The parcel came late.", "My parcel came late", "parcel came late again", "the parcel came late today"] * 2
BILLING = ["The invoice was wrong.", "Our invoice was wrong", "invoice was wrong again", "wrong invoice in May"] * 2


def test_a_theme_is_named_by_what_its_people_say():
    assert labels_of(evidence_of(DELIVERY, BILLING)) == ["Parcel came late", "Invoice was wrong"]


def test_labels_do_not_look_at_the_order_of_the_rows():
    def shuffled(texts: list[str]) -> list[str]:
        return random.Random(1).sample(texts, len(texts))

    evidence = evidence_of(shuffled(DELIVERY), shuffled(BILLING))
    assert labels_of(evidence) == labels_of(evidence_of(DELIVERY, BILLING))


def test_no_two_labels_differ_by_case_inflection_or_order_alone():
    same = ["late parcel", "late parcels", "Late Parcel", "parcel late", "the parcels late"] * 2
    assert labels_of(evidence_of(same, same, same)) == ["Late parcel", "Late parcel (2)", "Late parcel (3)"]


def test_a_parent_is_named_by_what_its_sub_themes_share():
    late = ["the delivery was late", "delivery came late", "late delivery again", "a late delivery"] * 2
    lost = ["the delivery got lost", "delivery lost in town", "lost delivery again", "a lost delivery"] * 2
    found = labels_of(evidence_of([*late, *lost], late, lost, BILLING, parents=[None, 0, 0, None]))
    assert found[0] == "Delivery"
    assert "late" in found[1].lower()
    assert "lost" in found[2].lower()


def test_a_parent_whose_sub_themes_share_nothing_is_named_by_two_of_them():
    app = ["the app crashes", "app crashes daily", "my app crashes", "app crashes"] * 2
    bill = ["the invoice was wrong", "wrong invoice", "a wrong invoice", "our wrong invoice"] * 2
    found = labels_of(evidence_of([*app, *bill], app, bill, DELIVERY, parents=[None, 0, 0, None]))
    assert found[0] == "App crashes and wrong invoice"
    assert len({label.casefold() for label in found}) == 4


@pytest.mark.parametrize(
    ("language", "label"),
    [
        ("en", "Price and staff"), ("ro", "Price și staff"), ("ru", "Price и staff"), ("it", "Price e staff"),
        ("ar", "Price وstaff"), ("pl", "Price i staff"), ("zh", "Price和staff"), ("xx", "Price & staff"),
    ],
)  # fmt: skip
def test_two_names_are_joined_by_the_language_s_own_and(language: str, label: str):
    assert joined(["Price", "staff"], language) == label


def test_the_reading_language_comes_first_where_the_theme_has_it():
    evidence = evidence_of([*DELIVERY, "coletul a venit târziu", "Coletul a venit târziu.", "colet întârziat"])
    for item in evidence:
        item["languages"] = ["ro" if "colet" in text.lower() else "en" for text in item["texts"]]
    assert labels_of(evidence, "ro") == ["Colet întârziat"]
    assert labels_of(evidence, "en") == ["Parcel came late"]
    assert labels_of(evidence, "pl") == ["Parcel came late"]


def test_a_pain_is_not_named_by_the_praise_within_it():
    evidence = evidence_of(["the staff were polite"] * 5 + ["the staff were rude"] * 5)
    evidence[0]["polarity"] = np.array([0.9 if "polite" in text else -0.9 for text in evidence[0]["texts"]])
    evidence[0]["weights"] = np.array([1.0 if "polite" in text else 1.6 for text in evidence[0]["texts"]])
    assert labels_of(evidence) == ["Staff were rude"]


def test_no_theme_that_most_blame_is_named_by_praise() -> None:
    drops = ["internet drops daily", "no internet at night", "our internet is gone", "internet keeps dropping"]
    evidence = evidence_of([*drops, *["the internet always works"] * 3], ["late parcel at the door", "late parcel"])
    evidence[0]["polarity"] = np.array([0.4 if "works" in text else -0.3 for text in evidence[0]["texts"]])
    asked: list[str] = []

    def feel(phrases: Sequence[str], languages: Sequence[str]) -> np.ndarray:
        asked.extend(phrases)
        return np.array([0.9 if "works" in phrase else -0.9 for phrase in phrases])

    told = KeyphraseLabeller(encode, stop_words, "en", negations, feel).label(evidence)
    assert (labels_of(evidence)[0], told[0]) == ("Internet always works", "No internet")
    assert "internet always works" in asked and "late parcel" not in asked  # nobody knows how the parcels feel


def test_neither_placeholders_nor_rare_names_come_into_a_label():
    texts = ["ask <PERSON_1> about the parcel", "the parcel came to <ADDRESS_1>", "a parcel for Bogdan came late"] * 3
    found = labels_of(evidence_of([*texts, "my parcel was late", "late parcel"]))
    assert not set("<>_") & set(found[0])
    assert "person" not in found[0].lower()
    assert "Bogdan" not in labels_of(evidence_of(["the parcel for Bogdan came", *DELIVERY]))[0]


def test_a_theme_without_a_phrase_of_its_own_is_named_by_its_keywords():
    evidence = evidence_of(["<EMAIL_1> 12", "13 <PHONE_1>"], ["77 <EMAIL_1>"], ["78"])
    evidence[0]["keywords"] = {"en": ("parcel", "courier")}
    assert labels_of(evidence) == ["Parcel", "Unnamed theme", "Unnamed theme (2)"]


def test_a_language_without_spaces_or_stop_words_is_named_too():
    chinese = ["网速太慢", "网速太慢", "网速很慢", "价格太贵"]
    assert labels_of(evidence_of(chinese, language="zh"))[0] in {"网速太慢", "网速很慢", "价格太贵"}
    swahili = ["bei ni ghali", "bei ghali sana", "bei ghali"] * 2
    assert "bei" in labels_of(evidence_of(swahili, language="xx"))[0].lower()


def test_nothing_is_named_nothing():
    assert labels_of([]) == []


def test_a_phrase_that_is_commoner_within_a_longer_one_is_no_name():
    texts = ["it drops off every evening"] * 9 + ["it drops off"] * 2
    assert labels_of(evidence_of(texts)) == ["Drops off every evening"]


def test_a_shortened_word_and_a_quantity_cut_no_name():
    support = candidates_in("Звонишь в тех. поддержку", grammar("ru"))
    assert not {words for words, _ in support} & {("звонишь", "в", "тех"), ("тех",)}
    later = {words for words, _ in candidates_in("Через несколько минут снова сбои", grammar("ru"))}
    assert not {words for words in later if words[0] == "минут"}
    assert (("works", "great"), True) in list(candidates_in("Works great. Thanks", grammar("en")))


def test_a_name_is_spelt_as_most_people_spell_it():
    texts = [f"The parcel was delivered late number {n}" for n in "abcdefghijklmnopqrstuvwxyz"]
    others = ["The app crashes", "The app crashes again", "App crashes daily"]
    slip = ["Parcels late delivere"] * 3
    label = labels_of(evidence_of([*texts, *slip], others))[0]
    assert "delivere" not in label.lower().split()
