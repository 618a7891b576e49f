"""Cleaning: texts are repaired without eating what their writers meant; keys tell duplicates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback_nlp.language.cleaning import clean_text, fold, text_key

CLEANED = [
    ("  plain   text  ", "plain text"),
    ("I <3 it, a < b and c > d, 1<2", "I <3 it, a < b and c > d, 1<2"),
    ("a <b and c> d", "a <b and c> d"),
    ("write to <EMAIL_1>", "write to <EMAIL_1>"),
    ("Tom & Jerry, AT&T; R&D", "Tom & Jerry, AT&T; R&D"),
    ("<p>Slow&nbsp;delivery</p><p>Bad</p>", "Slow delivery\n\nBad"),
    ("one<br/>two<BR>three", "one\ntwo\nthree"),
    ("<ul><li>price</li><li>speed</li></ul>", "- price\n- speed"),
    ('<a href="http://x.y/z">here</a> <b>now</b>', "here now"),
    ("<style>p {color: red}</style>text<!-- note --><script>alert(1)</script>", "text"),
    ("&lt;br&gt; twice &amp;amp; escaped", "twice & escaped"),
    ("Itâ€™s a cafÃ©", "It’s a café"),
    ("don\ufffdt know why\ufffd", "don't know why"),
    ("a\u200bb\ufeff c\u00add\u202e", "ab cd"),
    ("no\u00a0break\u2003space\ttab", "no break space tab"),
    ("one\r\n\r\n\r\n\r\ntwo \n three", "one\n\ntwo\nthree"),
    ("nul\x00 bell\x07 lone\ud800", "nul bell lone"),
    ("cafe\u0301", "café"),
    ("👨‍👩‍👧 ❤️ 👍🏽", "👨‍👩‍👧 ❤️ 👍🏽"),
    ("ﻣﺮﺣﺒﺎ", "مرحبا"),
    ("Foarte bună, mulțumesc! 10/10 :)", "Foarte bună, mulțumesc! 10/10 :)"),
    ("", ""),
    (" \n \t ", ""),
]


@pytest.mark.parametrize(("text", "cleaned"), CLEANED)
def test_clean_text(text: str, cleaned: str) -> None:
    assert clean_text(text) == cleaned


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Șerviciu bun, însă scump!", "serviciu bun insa scump"),
        ("ţară frumoasă", "țară frumoasă"),
        ("SOOOO good!!!", "so good"),
        ("Ещё раз", "еще раз"),
        ("Łódź jest świetna", "lodz jest swietna"),
        ("perché è così", "perche e cosi"),
        ("إلى مدرسة ممتـــازة", "الي مدرسه ممتازه"),
        ("مُمْتَازٌ", "ممتاز"),
        ("١٢٣ ريال", "123 ريال"),
        ("don't", "dont"),
        ("👍🏽 ❤️", "👍 ❤"),
        ("ﬁne  ＷＯＲＫ", "fine work"),
    ],
)
def test_equal_keys(one: str, other: str) -> None:
    assert text_key(one) == text_key(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("pay 100", "pay 10"),
        ("👍", "👎"),
        ("good", "bad"),
        ("the rapist", "therapist"),
        ("한국", "한글"),
        ("हिंदी", "हिंद"),
    ],
)
def test_different_keys(one: str, other: str) -> None:
    assert text_key(one) != text_key(other)


def test_a_folded_text_keeps_its_double_letters() -> None:
    assert fold("  Ottimo, ALLE!  ") == "ottimo alle"


@given(st.text())
def test_cleaning_twice_changes_nothing(text: str) -> None:
    once = clean_text(text)
    assert clean_text(once) == once


@given(st.text(alphabet="<>/&;abp =\"'lti#39\n -!3"))
def test_cleaning_html_twice_changes_nothing(text: str) -> None:
    once = clean_text(text)
    assert clean_text(once) == once


@given(st.text())
def test_the_key_of_a_key_is_the_key(text: str) -> None:
    assert text_key(text_key(text)) == text_key(text)


@given(st.text())
def test_a_clean_text_can_be_stored(text: str) -> None:
    cleaned = clean_text(text)
    assert cleaned.encode("utf-8").decode("utf-8") == cleaned
    assert "\x00" not in cleaned and "\n\n\n" not in cleaned
