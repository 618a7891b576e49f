"""Near-duplicates: which texts are nearly the same, and that nearly the same texts share a key."""

from __future__ import annotations

import random
import time

import pytest

from feedback_nlp.language.near_duplicates import near_keys, nearly_same, similarity

TICKETS = {
    "en": "My heating has been off since Friday and the technician you promised for Saturday morning never came.",
    "ro": "Căldura nu merge de vineri, iar tehnicianul pe care l-ați promis pentru sâmbătă dimineața nu a mai venit.",
    "ru": "Отопление не работает с пятницы, а мастер, которого вы обещали прислать утром в субботу, так и не пришёл.",
    "it": "Il riscaldamento è spento da venerdì e il tecnico che avevate promesso per sabato mattina non è mai venuto.",
    "ar": "التدفئة متوقفة منذ يوم الجمعة والفني الذي وعدتم بإرساله صباح يوم السبت لم يأت إلى بيتنا حتى هذه الساعة.",
    "pl": "Ogrzewanie nie działa od piątku, a technik, którego obiecaliście na sobotę rano, wcale nie przyszedł.",
    "ja": "金曜日から暖房が止まっていて、土曜の朝に来ると約束した技術者は結局来ませんでした。",
}
SAME = (
    "{}",
    "Fwd: RE: {}",
    "RT @shop: {}",
    "{} 4711",
    "{} https://example.com/x?y=1",
    "{} <EMAIL_7>",
    "  {}!!! 😡",
    "Hi {}",
)


@pytest.mark.parametrize("language", TICKETS)
def test_what_is_nearly_the_same_shares_a_key(language: str) -> None:
    text = TICKETS[language]
    for form in SAME:
        other = form.format(text.upper() if language != "ja" else text)
        assert nearly_same(text, other)
        assert set(near_keys(text)) & set(near_keys(other))
    others = [other for code, other in TICKETS.items() if code != language]
    assert not any(nearly_same(text, other) or set(near_keys(text)) & set(near_keys(other)) for other in others)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("The app is slow when I pay for parking on it", "the APP is slow, when I pay for parking on it", 1.0),
        (
            "I paid 20 euros to <NAME_1> for two of these lamps",
            "I paid 35 euros to <NAME_2> for two of these lamps",
            1.0,
        ),
        # 10 words and 9 pairs; one other word at the end changes 1 and 1 of them
        ("The app is slow when I pay for parking here", "The app is slow when I pay for parking there", 17 / 21),
        # and in the middle 1 and 2
        ("The app is slow when I pay for parking here", "The app is slow when you pay for parking here", 16 / 22),
        ("The app is slow", "The app is slow", 0.0),  # too short to be nearly anything
        ("1 2 3 4 5 6 7 8 9 10 11", "2 2 3 4 5 6 7 8 9 10 11", 0.0),  # so are numbers alone
        ("", "", 0.0),
    ],
)
def test_similarity_is_the_overlap_of_words_and_word_pairs(first: str, second: str, expected: float) -> None:
    assert similarity(first, second) == similarity(second, first) == pytest.approx(expected)
    assert nearly_same(first, second) == (expected >= 0.8)


def test_a_short_text_has_no_keys() -> None:
    assert near_keys("Seven words are not enough for it") == ()
    assert len(near_keys("Eight words are just enough for it here")) == 10
    assert near_keys("") == near_keys("!!! ??? 😀 5 5 5 5 5 5 5 5") == ()


def test_a_forwarded_ticket_with_a_header_is_nearly_the_same_and_a_longer_story_is_not() -> None:
    ticket = f"{TICKETS['en']} It is four degrees outside and we have a small child, so please send somebody today."
    forwarded = f"From: <NAME_1> Sent: Monday To: <EMAIL_1> Subject: no heating at all\n\n{ticket}"
    assert similarity(ticket, forwarded) < 0.8
    assert nearly_same(ticket, forwarded)
    assert nearly_same(forwarded, ticket)
    story = (
        "We called again at noon and were told that nobody had noted our first appointment. In the evening a colleague "
        "offered us another one next week, which is far too late."
    )
    assert not nearly_same(ticket, f"{ticket} {story}")
    short = "The app is slow when I pay for parking here"
    assert not nearly_same(short, f"{short} and I am really quite unhappy")  # short texts are no tickets


# Each says the contrary with the word in brackets, or with what is after the bar for what is before it.
FLIPPED = {
    "en": (
        "On Saturday I wrote to your shop about the kettle and a friendly woman told me that she would [not] send "
        "another one to my address",
        "For three weeks now the door at the back of our building in the new street [can|cannot] be opened from the "
        "outside with the key you sent",
        "Your colleague told me on the phone that the new contract [does|doesn't] hold for the flat of my mother from "
        "the first of next month on",
        "[Not] all of my letters to the office in the old town were answered by the people there within the week that "
        "the law allows them for it",
        "I asked the driver twice to bring the heavy box up to the third floor for my old father and in the end he "
        "surely [did|didn't]",
    ),
    "ro": (
        "Am sunat sâmbătă la magazinul din centru și o doamnă de acolo mi-a spus că ceainicul [nu] se repară în "
        "garanție la voi",
        "Colega voastră mi-a spus la telefon că de luna viitoare [n-]am voie să plătesc factura cu cardul la ghișeul "
        "din centru dimineața",
    ),
    "ru": (
        "В субботу я звонил в магазин на площади, и девушка сказала мне, что чайник [не] будут чинить по гарантии в "
        "вашей мастерской за углом",
        "Мастер пришёл к нам вечером во вторник и починил стиральную машину на кухне, но [никогда|сразу] уже больше "
        "звонил нам потом по этому делу в контору у вокзала снова",
    ),
    "it": (
        "Sabato ho chiamato il negozio in piazza e una signora mi ha detto che il bollitore [non] viene riparato in "
        "garanzia da voi",
        "Il tecnico è arrivato da noi martedì sera [senza|con] tutti gli attrezzi per la lavatrice che avevamo chiesto "
        "nella telefonata della settimana prima",
    ),
    "ar": (
        "اتصلت يوم السبت بالمتجر في وسط المدينة وقالت لي السيدة هناك إن الغلاية [لا] تصلح في الضمان عندكم هذا الشهر",
        "قال لي زميلكم في الهاتف إن العقد الجديد لشقة أمي [ليس] صالح من أول الشهر القادم وحتى نهاية السنة في كل المدن",
    ),
    "pl": (
        "W sobotę zadzwoniłem do sklepu na rynku i miła pani powiedziała mi, że czajnik [nie] będzie naprawiany na "
        "gwarancji w waszym zakładzie",
        "Technik przyszedł do nas we wtorek wieczorem [bez|z] narzędzi do pralki, o które prosiliśmy w rozmowie przez "
        "telefon tydzień wcześniej w biurze",
    ),
    "de": (
        "Am Samstag habe ich im Laden am Markt angerufen und eine Frau sagte mir, dass der Kessel [nicht] auf Garantie "
        "repariert wird",
    ),
    "fr": (
        "Samedi j'ai appelé le magasin de la place et une dame m'a dit que la bouilloire serait [pas] réparée sous "
        "garantie chez vous",
    ),
    "es": (
        "El sábado llamé a la tienda de la plaza y una señora me dijo que el hervidor [no] se repara con garantía en "
        "su taller",
    ),
    "pt": (
        "No sábado liguei para a loja da praça e uma senhora me disse que a chaleira [não] vai ser reparada na "
        "garantia por vocês",
    ),
    "nl": (
        "Zaterdag belde ik de winkel op het plein en een mevrouw zei mij dat de waterkoker [niet] onder de garantie "
        "wordt gemaakt",
    ),
}


@pytest.mark.parametrize("language", FLIPPED)
def test_who_says_no_says_something_else(language: str) -> None:
    for form in FLIPPED[language]:
        before, _, rest = form.partition("[")
        choice, _, after = rest.partition("]")
        no, _, yes = choice.partition("|")
        first, second = f"{before}{no}{after}", f"{before}{yes}{after}"
        assert similarity(first, second) > 0.8
        assert not nearly_same(first, second)
        assert not nearly_same(second, first.upper())
        assert nearly_same(first, f"Hi, {first}!")


def test_a_no_in_what_two_texts_share_counts_and_one_beside_it_does_not() -> None:
    words = TICKETS["en"].split() + TICKETS["it"].split()
    flipped = [*words[:4], "not", *words[4:]]
    header = "From: <NAME_1> Sent: Monday To: <EMAIL_1> Subject: heating in the big house of ours"
    assert nearly_same(" ".join(words), f"{header} {' '.join(words)}")
    assert not nearly_same(" ".join(words), f"{header} {' '.join(flipped)}")
    assert nearly_same(" ".join(words), f"{' '.join(words)} It is still not mended!")  # no is said of something else


def test_the_same_no_in_another_spelling_is_no_other_text() -> None:
    said = "I have asked you twice by now and you {} answer me about the money for the lamp that came broken"
    assert nearly_same(said.format("do not"), said.format("don't"))
    assert nearly_same(said.format("cannot"), said.format("can't"))
    assert nearly_same(said.format("cannot"), said.format("can not"))
    marked = "Vreau să știu de ce {} a venit curierul la noi acasă marți cu masa pe care am plătit-o luna trecută"
    assert nearly_same(marked.format("niciodată nu"), marked.format("niciodata nu"))


def test_most_texts_that_are_nearly_the_same_share_a_key() -> None:
    numbers = random.Random(0)
    words = ["".join(numbers.choices("abdefgiklmnoprstuvz", k=5)) for _ in range(400)]
    alike = found = unlike = 0
    for _ in range(1500):
        text = numbers.choices(words, k=numbers.randint(14, 60))
        other = list(text)
        for _ in range(numbers.randint(1, 3)):
            other[numbers.randrange(len(other))] = numbers.choice(words)
        if nearly_same(" ".join(text), " ".join(other)):
            alike += 1
            found += bool(set(near_keys(" ".join(text))) & set(near_keys(" ".join(other))))
        unlike += bool(set(near_keys(" ".join(text))) & set(near_keys(" ".join(numbers.choices(words, k=30)))))
    assert alike > 1000
    assert found / alike > 0.98
    assert unlike == 0


def test_stored_keys_stay_what_they_are() -> None:
    """A key that comes out otherwise after an upgrade would silently miss every duplicate stored before it."""
    assert near_keys(TICKETS["en"])[:3] == (7752869586565294225, -2852977729678313725, 8599830251536678692)


def test_time_is_linear_in_the_text() -> None:
    for text in ("word other " * 500_000, "Re: " * 1_000_000, "(" * 50_000 + "\u0301" * 100_000, "字" * 1_000_000):
        started = time.process_time()
        near_keys(text)
        nearly_same(text, text + " more")
        assert time.process_time() - started < 2
