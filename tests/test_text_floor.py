"""The whole way of a text: from what was written to what may be kept, in one process or several."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from feedback_nlp.errors import SettingError
from feedback_nlp.language.redaction.redactor import Redacted, Replacement
from feedback_nlp.language.text_floor import PreparedText, TextFloor, WrittenText, moved_asides
from feedback_nlp.pipeline import text_workers
from feedback_nlp.pipeline.text_workers import prepared_batches, process_count
from feedback_nlp.records import Aside
from feedback_nlp.settings import Settings

TICKETS = {
    "en": ("Hello,", "The app logs me out daily and nobody answers under 020 7946 0018.", "Best regards,", "Tom Baker"),
    "ro": (
        "Bună ziua,", "Aplicația mă deconectează zilnic și nimeni nu răspunde la ion@exemplu.ro.", "Cu stimă,",
        "Ion Popescu",
    ),
    "ru": (
        "Здравствуйте!", "Приложение каждый день выкидывает меня, и на ivan@primer.ru никто не отвечает.",
        "С уважением,", "Иван Петров",
    ),
    "it": (
        "Buongiorno,", "L'app mi disconnette ogni giorno e nessuno risponde a maria@esempio.it.", "Cordiali saluti,",
        "Maria Rossi",
    ),
    "ar": ("السلام عليكم", "التطبيق يخرجني كل يوم ولا أحد يرد على ahmed@example.com.", "مع خالص التحية", "أحمد علي"),
    "pl": (
        "Dzień dobry,", "Aplikacja wylogowuje mnie codziennie i nikt nie odpisuje z anna@przyklad.pl.", "Z poważaniem",
        "Anna Nowak",
    ),
}  # fmt: skip


def ticket(language: str, end: str = "") -> str:
    greeting, complaint, closing, name = TICKETS[language]
    return f"{greeting}\n{complaint}\n\n{closing}\n{name}{end}"


@pytest.fixture(scope="module")
def floor() -> TextFloor:
    return TextFloor(Settings())


def said(item: PreparedText) -> list[str]:
    return [item.text[start:end] for start, end in item.statements]


@pytest.mark.parametrize("language", TICKETS)
def test_of_a_ticket_only_the_complaint_is_a_statement(floor: TextFloor, language: str):
    (item,) = floor.prepare([WrittenText(ticket(language))])
    assert item.language == language
    assert item.non_answer is None
    kinds = {aside.kind for aside in item.asides}
    assert kinds == {"greeting", "signature"}
    covered = " ".join(said(item))
    for aside in item.asides:
        assert item.text[aside.start : aside.end] not in covered
    assert "@" not in item.text and "7946" not in item.text
    assert sum(item.redactions.values()) >= 1
    assert 1 <= len(item.statements) <= 2


def test_offsets_of_asides_follow_the_placeholders(floor: TextFloor):
    text = "Mail me at tom@example.com, the refund is late.\n\nBest regards,\nTom Baker\n+44 20 7946 0018"
    (item,) = floor.prepare([WrittenText(text, "en")])
    assert [item.text[a.start : a.end].split(",")[0] for a in item.asides] == ["Best regards"]
    assert item.text.startswith("Mail me at <EMAIL_1>, the refund is late.")
    assert item.asides[-1].end == len(item.text)


@pytest.mark.parametrize(
    ("aside", "expected"),
    [
        ((0, 3), (0, 3)),  # before
        ((2, 8), (2, 12)),  # around the first: "abcd" became "<NAME_1>"
        ((5, 9), (4, 13)),  # begins within it
        ((0, 6), (0, 12)),  # ends within it
        ((8, 12), (12, 16)),  # between the two
        ((10, 25), (14, 29)),  # over the second, which became shorter
        ((25, 30), (29, 34)),  # after both
    ],
)
def test_an_aside_never_cuts_a_placeholder(aside: tuple[int, int], expected: tuple[int, int]):
    replacements = (Replacement(4, 8, 4, 12, "NAME"), Replacement(14, 22, 18, 26, "NAME"))
    redacted = Redacted("x" * 40, {"NAME": 2}, replacements)
    assert moved_asides([Aside(*aside, "quote")], redacted) == (Aside(*expected, "quote"),)


def test_nothing_to_improve_is_told_from_nothing(floor: TextFloor):
    asked = ["", "What could we improve?", "What did you like most?"]
    found = floor.prepare([WrittenText("Nothing at all", "en", question) for question in asked])
    assert [item.non_answer for item in found] == ["nothing", "nothing_to_improve", "nothing_good"]
    assert [item.statements for item in found] == [(), (), ()]


def test_a_column_s_language_wins_and_candidates_can_be_restricted(floor: TextFloor):
    text = "Il prezzo è troppo alto per quello che offre"
    written = [WrittenText(text), WrittenText(text, "ro")]
    assert [item.language for item in floor.prepare(written)] == ["it", "ro"]
    assert TextFloor(Settings(languages=("en", "pl"))).prepare(written)[0].language in ("en", "pl", "und")


def batches() -> Iterator[tuple[int, list[WrittenText]]]:
    texts = [WrittenText(ticket(language, f"\nRef {number}")) for number in range(8) for language in TICKETS]
    texts += [WrittenText("\ud800 broken"), WrittenText(""), WrittenText("a\0b " * 50)]
    for start in range(0, len(texts), 7):
        yield start, texts[start : start + 7]


def test_processes_change_nothing():
    alone = list(prepared_batches(batches(), Settings(), processes=1))
    together = list(prepared_batches(batches(), Settings(), processes=2))
    assert together == alone


def test_a_killed_worker_costs_nothing(monkeypatch: pytest.MonkeyPatch):
    alone = list(prepared_batches(batches(), Settings(), processes=1))
    started = []
    start = text_workers._start

    def start_and_kill(settings: Settings):
        process = start(settings)
        if not started:
            os.kill(process.pid, signal.SIGKILL)
        started.append(process)
        return process

    monkeypatch.setattr(text_workers, "_start", start_and_kill)
    assert list(prepared_batches(batches(), Settings(), processes=2)) == alone
    assert [process.poll() is not None for process in started] == [True, True]


def test_a_wrong_setting_is_said_before_any_work():
    with pytest.raises(SettingError, match="xx"):
        next(iter(prepared_batches(batches(), Settings(languages=("xx",)), processes=2)))


def test_few_texts_are_not_worth_a_process():
    assert process_count(Settings(workers=8), 100) == 1
    assert process_count(Settings(workers=8), 100_000) == 8
    assert process_count(Settings(), 100_000) == os.cpu_count()
