"""Asides: what the customer does not say is found in six languages, and what the customer says is never lost."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback_nlp.language.asides.finding import find_asides, without_asides
from feedback_nlp.language.cleaning.texts import clean_text
from feedback_nlp.records import ASIDE_KINDS, Aside

CASES = Path(__file__).parent / "asides_cases"


def cases() -> list[object]:
    """Every case of the files: a name, a text, and what is left of it with single spaces."""
    found: list[object] = []
    for path in sorted(CASES.glob("*.txt")):
        for block in path.read_text(encoding="utf-8").split("=== ")[1:]:
            name, _, rest = block.partition("\n")
            text, _, left = rest.partition("\n--->\n")
            found.append(pytest.param(text, left.strip(), id=f"{path.stem}: {name}"))
    return found


def left_of(text: str) -> str:
    return " ".join(without_asides(text, find_asides(text)).split())


@pytest.mark.parametrize(("text", "left"), cases())
def test_what_is_left(text: str, left: str) -> None:
    cleaned = clean_text(text)
    assert left_of(cleaned) == left
    blanked = without_asides(cleaned, find_asides(cleaned))
    assert find_asides(blanked) == ()
    assert len(blanked) == len(cleaned)


def test_each_language_has_cases() -> None:
    counts = {path.stem: path.read_text(encoding="utf-8").count("=== ") for path in CASES.glob("*.txt")}
    assert sorted(counts) == ["ar", "en", "it", "pl", "ro", "ru"]
    assert min(counts.values()) >= 25


KINDS = [
    ("Hi team,\nit broke.", "greeting", "Hi team,"),
    ("It broke.\n> really?", "quote", "> really?"),
    ("It broke.\n\nRegards,\nAnn", "signature", "Regards,\nAnn"),
    ("It broke.\n\nThis email is confidential.", "disclaimer", "This email is confidential."),
    ("It broke:\n```\nx = f(1)\n```", "code", "```\nx = f(1)\n```"),
    ("It broke:\nnpm ERR! code E404", "log", "npm ERR! code E404"),
    ("It broke.\n- [ ] I have read the rules", "template", "- [ ] I have read the rules"),
    ("Agent: what happened?\nCustomer: it broke.", "agent", "Agent: what happened?\nCustomer:"),
]


@pytest.mark.parametrize(("text", "kind", "part"), KINDS)
def test_kinds_and_places(text: str, kind: str, part: str) -> None:
    start = text.index(part)
    assert find_asides(text) == (Aside(start, start + len(part), kind),)


def test_every_kind_is_tested() -> None:
    assert sorted(kind for _, kind, _ in KINDS) == sorted(ASIDE_KINDS)


def test_no_sentence_runs_across_a_hole() -> None:
    text = "AGENT: hello CUSTOMER: it is slow AGENT: since when CUSTOMER: since monday"
    blanked = without_asides(text, find_asides(text))
    assert [line.strip() for line in blanked.split("\n") if line.strip()] == ["it is slow", "since monday"]


def test_code_in_a_sentence_leaves_a_gap() -> None:
    code = "`connection.execute(query, timeout=30, retries=5)`"
    text = f"When\nI call {code} it hangs."
    assert without_asides(text, find_asides(text)) == "When\nI call " + " " * len(code) + " it hangs."


PARTS = [
    "Hi team,",
    "Здравствуйте!",
    "> quoted line",
    "On 5 Jan 2024 at 10:00 X <x@y.com> wrote:",
    "It does not work.",
    "Nie działa od tygodnia",
    "Best regards,",
    "Cu stimă,",
    "John Smith",
    "Tel: +40 722 000 000",
    "",
    "--",
    "```",
    "`",
    "x = f(1);",
    "2024-01-05 10:00:01 ERROR a.b: c=d",
    "Agent: hello",
    "Customer: it broke",
    "From: a@b.c",
    "To: d@e.f",
    "Subject: broken",
    "- [ ] done",
    "### Version",
    "3.10",
    "No response",
    "العميل: المنتج سيء",
    "السلام عليكم",
    "-----Original Message-----",
    "Order number: 12345",
    "Description: slow",
    "This email is confidential.",
    "P.S. late",
    "Sent from my iPhone",
    "<!-- note",
    "-->",
    "https://example.com/a",
    "10/10",
    "Segmentation fault",
    "   ",
]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PARTS), max_size=14).map("\n".join))
def test_asides_are_sorted_trimmed_and_final(text: str) -> None:
    found = find_asides(text)
    assert list(found) == sorted(found)
    assert all(one.end <= other.start for one, other in pairwise(found))
    assert all(text[aside.start : aside.end] == text[aside.start : aside.end].strip() != "" for aside in found)
    blanked = without_asides(text, found)
    assert len(blanked) == len(text)
    assert find_asides(blanked) == ()


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200))
def test_any_text_can_be_blanked(text: str) -> None:
    found = find_asides(text)
    blanked = without_asides(text, found)
    assert len(blanked) == len(text)
    assert all(blanked[aside.start : aside.end].strip() == "" for aside in found)


LONG = [
    "`" * 60_000, "> " * 60_000, "a: " * 60_000, "[" * 60_000, "(" * 60_000, "\n" * 60_000, "```\n" * 20_000,
    "Hi, " * 40_000, "x=1; " * 40_000, "Agent: a Customer: b " * 6_000,
    "From: a\n" * 10_000, "Agent: a\nCustomer: b\n" * 15_000,
    "at a.b(c)\n" * 10_000,
    "Regards,\n" * 10_000, "`\n" * 40_000, "On 5 Jan 2024 " * 10_000, "- [ ] a\n" * 10_000, "word " * 40_000,
    "C:\\" * 20_000, "a_" * 60_000, "- " * 60_000, "confidential " * 10_000, "مرحبا " * 20_000, "* a: b\n" * 20_000,
]  # fmt: skip


@pytest.mark.parametrize("text", LONG, ids=[repr(text[:8]) for text in LONG])
def test_time_is_linear_in_length(text: str) -> None:
    started = time.process_time()
    find_asides(text)
    assert time.process_time() - started < 4  # seconds; far more when time grows with the square
