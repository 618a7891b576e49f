"""Texts made to break or to stall: each step from a cell to statements takes them, in a time linear in the length."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback_nlp.language.asides.finding import find_asides, without_asides
from feedback_nlp.language.cleaning.texts import clean_text, clean_with_map, text_key
from feedback_nlp.language.detection import LanguageDetector
from feedback_nlp.language.near_duplicates import near_keys
from feedback_nlp.language.nonanswers import is_non_answer
from feedback_nlp.language.redaction.redactor import redact
from feedback_nlp.language.splitting.statements import split_statements
from feedback_nlp.language.text_floor import TextFloor, WrittenText
from feedback_nlp.settings import Settings

LANGUAGES = ("en", "ro", "ru", "it", "ar", "pl")
CELL = 5_000_000  # characters of the largest cell
FLOOR = 0.3  # CPU seconds below which a ratio says nothing

UNITS = {
    "brackets": "(", "letters": "a", "words": "a ", "dots": ".. ", "at signs": "@", "less-than signs": "<",
    "digits": "1", "spaced digits": "1 ", "dashes": "-", "Arabic digits": "١", "empty links": "[](", "ampersands": "&",
    "backticks": "`", "quoted lines": "> x\n", "numbered lines": "1. x\n", "fences": "```\n", "short marks": "\u0301",
    "marks in the wrong order": "\u0301\u0316", "overrides": "\u202e", "families": "👨‍👩‍👧", "zero width": "\u200b",
    "joiners": "\u200d", "line breaks": "\n", "surrogates": "\ud800", "nul": "\x00", "stars": "*", "emphasis": "*a_",
    "bars": "|", "tags": "<b>", "open tags": "<a b=", "comments": "<!--", "scripts": "<script>", "entities": "&amp;",
    "chained entities": "amp;", "mojibake": "Ã", "mail": "a@", "links": "http://a.b/ ", "colons": "a: ", "Thai": "ก",
    "Russian": "но ", "Arabic": "لكن ", "contrasts": "but ",
}  # fmt: skip
STEPS: dict[str, Callable[[str], object]] = {
    "text_key": text_key,
    "detect": lambda text: detector().detect(text),
    "redact": lambda text: redact(text, "en"),
    "is_non_answer": lambda text: is_non_answer(text, "en"),
    "split_statements": lambda text: split_statements(text, "en"),
    "find_asides": lambda text: without_asides(text, find_asides(text)),
    "near_keys": near_keys,
    "the whole floor": lambda text: floor().prepare([WrittenText(text)]),
}
HOSTILE = (
    "\ud800", "\udfff", "\ud83d", "\ude00", "\x00", "\x1b[", "\u0301", "\u0316", "\u064b", "\u0e31", "\u202e",
    "\u2067", "\u2069", "\u200b", "\u200c", "\u200d", "\ufeff", "\u00ad", "\ufe0f", "\u20e3", "👨", "👩🏽", "🇷", "🏴",
    "\U000e0067", "ﷺ", "ﻻ", "İ", "ß", "Ã", "â€", "\ufffd", "\x85", "\u2028", "\r", "\n", "\t", " ", "<", ">", "<b",
    "</b>", "<!--", "-->", "&", "&lt;", "&#0;", "&#xd800;", "&#1114112;", "[", "](", ")", "`", "```\n", "*", "_", "~~",
    "|", "#", "> ", "- ", "1. ", "@", "a.b", "+", "40", "١", "x", "да", "لا", "no", "<EMAIL_1>", "http://", "\ue000",
    "\uffff", "\U0010ffff",
)  # fmt: skip
hostile_texts = st.one_of(st.text(max_size=40), st.lists(st.sampled_from(HOSTILE), max_size=30).map("".join))


@cache
def floor() -> TextFloor:
    return TextFloor(Settings())


@cache
def detector() -> LanguageDetector:
    return LanguageDetector(LANGUAGES)


def seconds(step: Callable[[str], object], text: str) -> float:
    start = time.process_time()
    step(text)
    return time.process_time() - start


def assert_linear(step: Callable[[str], object], text_of: Callable[[int], str], length: int) -> None:
    """Four times the text may take eight times as long, but not the sixteen times of quadratic growth."""
    step(text_of(40))  # loads what is loaded once
    allowed = max(FLOOR, 8 * seconds(step, text_of(length)))
    taken = seconds(step, text_of(4 * length))
    if taken > allowed:  # once more: something else may have run within it
        taken = seconds(step, text_of(4 * length))
    assert taken <= allowed


@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS)
def test_cleaning_takes_linear_time(unit: str) -> None:
    assert_linear(clean_text, lambda length: unit * (length // len(unit)), 25_000)


@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS)
@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_each_step_takes_linear_time(step: Callable[[str], object], unit: str) -> None:
    assert_linear(step, lambda length: clean_text(unit * (length // len(unit))), 2_000)


@pytest.mark.parametrize("unit", ["\u0301\u0316", "\u0e31", "\u202e", "\ud800", "\x00", "<", "("])
def test_a_key_of_a_text_not_cleaned_takes_linear_time(unit: str) -> None:
    assert_linear(text_key, lambda length: unit * (length // len(unit)), 25_000)


@pytest.mark.parametrize(
    "opening,closing", [("<", "b>"), ("[", "](/a)"), ("*_", "_*"), ("<b", ">"), ("&", "amp;"), ("**~~", "~~**")]
)
def test_nesting_costs_no_more_than_length(opening: str, closing: str) -> None:
    def nested(depth: int) -> str:
        return opening * depth + "word" + closing * depth

    once = seconds(clean_text, nested(5_000))
    assert seconds(clean_text, nested(20_000)) <= max(FLOOR, 8 * once)
    cleaned = clean_text(nested(5_000))
    assert clean_text(cleaned) == cleaned and "word" in cleaned


@pytest.mark.parametrize("unit", ["(", "a", "a ", "1", "-", "١", "&", "<", "@", "\u0301", "\u200b", "> x\n", "[]("])
def test_a_cell_of_five_megabytes_is_cleaned(unit: str) -> None:
    text = unit * (CELL // len(unit))
    start = time.process_time()
    cleaned = clean_text(text)
    assert time.process_time() - start < 5
    assert len(cleaned.encode("utf-8")) <= len(text.encode("utf-8"))


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("\ud800\udc00 ok \udfff", "𐀀 ok"),
        ("\x00\x00", ""),
        ("\u200b\u200c\u200d\u2060\ufeff\u00ad", ""),
        ("\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c", ""),
        ("x" + "\u0301" * 100_000, "x" + "\u0301" * 4),
        ("ب" + "\u064b" * 100_000, "ب" + "\u064b" * 8),
        ("&#0;&#xd800;&#1114112; ok", "ok"),
        ("👨‍👩‍👧" * 1000, "👨‍👩‍👧" * 1000),
        ("🏳️‍🌈 1️⃣ 👍🏽 🇵🇱", "🏳️‍🌈 1️⃣ 👍🏽 🇵🇱"),
    ],
)
def test_hostile_texts_come_out_clean(text: str, cleaned: str) -> None:
    assert clean_text(text) == cleaned
    assert clean_with_map(text).text == cleaned


def test_the_map_of_a_long_text_takes_linear_time() -> None:
    unit = "Itâ€™s <b>slow</b> &amp; e\u0301 \u200b ok  \n"
    line = "It’s slow & é ok\n"
    long = clean_with_map(unit * 1000)
    assert long.text == (line * 1000).strip()
    for at in range(0, 1000 * len(line), 777 * len(line)):
        assert long.original[slice(*long.origin(at + 5, at + 9))] == "slow"
    assert_linear(lambda text: clean_with_map(text).origin(0, 4), lambda length: unit * (length // len(unit)), 20_000)


@settings(deadline=None)
@given(hostile_texts)
def test_nothing_stops_the_chain(raw: str) -> None:
    text = clean_text(raw)
    text.encode("utf-8")
    assert clean_text(text) == text
    for key in (text_key(text), text_key(raw)):
        assert text_key(key) == key
    language = detector().detect(text)
    assert language in (*LANGUAGES, "und")
    is_non_answer(text, language)
    said = redact(text, language).text
    said.encode("utf-8")
    ends = [0, *(place for span in split_statements(said, language) for place in span), len(said)]
    assert ends == sorted(ends)


@settings(deadline=None)
@given(hostile_texts)
def test_nothing_stops_the_floor_and_every_letter_has_one_place(raw: str) -> None:
    (item,) = floor().prepare([WrittenText(raw)])
    item.text.encode("utf-8")
    for spans in (item.statements, [(aside.start, aside.end) for aside in item.asides]):
        ends = [0, *(place for span in spans for place in span), len(item.text)]
        assert ends == sorted(ends)
    aside = {place for found in item.asides for place in range(found.start, found.end)}
    assert not aside & {place for start, end in item.statements for place in range(start, end)}
    assert bool(item.statements) <= (item.non_answer is None)
