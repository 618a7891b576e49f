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
