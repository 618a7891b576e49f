"""Rows become raw feedback: every loss is a reject, and a response is named by what it is."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from feedback_nlp.language.language_codes import language_code
from feedback_nlp.language.reading.columns import ColumnFlags, map_columns
from feedback_nlp.language.reading.files import read_file
from feedback_nlp.language.reading.rejects import Reject
from feedback_nlp.language.reading.rows import RawFeedback, iter_rows


def rows_of(folder: Path, content: str, flags: ColumnFlags) -> list[RawFeedback | Reject]:
    path = folder / "t.csv"
    path.write_text(content, encoding="utf-8")
    table = read_file(path)
    return list(iter_rows(table, map_columns(table, flags), source="survey 1"))


FLAGS = ColumnFlags(
    text=("good", "bad"),
    id="id",
    customer="who",
    date="when",
    scores=("nps=nps",),
    segments=("plan",),
    language="lang",
    channel="channel",
)
HEADER = "id,who,when,nps,plan,lang,channel,good,bad\n"


def test_each_answer_is_one_feedback_and_each_loss_is_a_reject(tmp_path: Path) -> None:
    content = (
        HEADER + "1,c1,2024-03-05,9,pro,English,web,fast, slow app \n"
        "2,,soon,9/10,n/a,xx,,,\n"
        "3,c3,31/31/2024,11,pro,pol,shop,ok,\n"
        "4,c4,,bad words here,,,,,\n"
        "5,c5,,,free,,,,only this\n"
    )
    found = rows_of(tmp_path, content, FLAGS)
    first = next(item for item in found if isinstance(item, RawFeedback))
    assert first == RawFeedback(
        line=2,
        row_key=first.row_key,
        text="fast",
        external_id="1",
        customer_id="c1",
        source="survey 1",
        channel="web",
        question="good",
        language="en",
        created_at=datetime(2024, 3, 5),
        scores={"nps": 9.0},
        segments={"plan": "pro"},
    )
    assert [
        (r.line, r.question, r.text, dict(r.scores), dict(r.segments), r.language)
        if isinstance(r, RawFeedback)
        else (r.line, r.kind, r.reason)
        for r in found
    ] == [
        (2, "good", "fast", {"nps": 9.0}, {"plan": "pro"}, "en"),
        (2, "bad", "slow app", {"nps": 9.0}, {"plan": "pro"}, "en"),
        (3, "date", "date: the value cannot be read as a date"),
        (3, "good", "", {"nps": 9.0}, {}, None),
        (4, "score", "nps: '11' lies outside 0 to 10"),
        (4, "date", "date: '31/31/2024' cannot be read as a date"),
        (4, "good", "ok", {}, {"plan": "pro"}, "pl"),
        (5, "score", "nps: the value is not a score from 0 to 10"),
        (5, "row", "no text and no score"),
        (6, "bad", "only this", {}, {"plan": "free"}, None),
    ]


def test_the_answers_of_one_row_share_a_key_and_the_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    lines = ["c1,9,a,b\n", "c2,3,a,b\n", "c1,9,a,b\n", "c3,0,x,\n"]
    flags = ColumnFlags(text=("good", "bad"), customer="who", scores=("nps=nps",))

    def keys(order: list[str]) -> list[tuple[str, str, str]]:
        found = rows_of(tmp_path, "who,nps,good,bad\n" + "".join(order), flags)
        return sorted((r.row_key, r.question, r.text) for r in found if isinstance(r, RawFeedback))

    forward = keys(lines)
    assert forward == keys(lines[::-1])
    assert len(forward) == 7
    assert len({key for key, _, _ in forward}) == 4


def test_a_repeated_id_loses_nothing_but_true_repeats(tmp_path: Path) -> None:
    content = "id,text,nps\n1,first,9\n1,second,2\n1,first,9\n2,third,5\n"
    found = rows_of(tmp_path, content, ColumnFlags(text=("text",), id="id", scores=("nps=nps",)))
    feedback = [r for r in found if isinstance(r, RawFeedback)]
    assert [(r.external_id, r.text) for r in feedback] == [("1", "first"), ("1", "second"), ("2", "third")]
    assert len({r.row_key for r in feedback}) == 3
    assert [r for r in found if isinstance(r, Reject)] == [
        Reject(4, "it has the same id and the same content as line 2")
    ]


def test_a_copied_row_is_rejected_and_leaves_every_id_as_it_was(tmp_path: Path) -> None:
    flags = ColumnFlags(text=("text",), id="id", segments=("plan",))
    plain = rows_of(tmp_path, "id,text,plan\n1,slow app,a\n2,late again,b\n", flags)
    copied = rows_of(tmp_path, "id,text,plan\n1,slow app,a\n2,late again,b\n1,slow app,a\n", flags)
    assert copied == [*plain, Reject(4, "it has the same id and the same content as line 2")]
    changed = rows_of(tmp_path, "id,text,plan\n1,fast app,a\n1,fast app,a\n2,late again,b\n", flags)
    assert [row.row_key for row in changed if isinstance(row, RawFeedback)] == [
        row.row_key for row in plain if isinstance(row, RawFeedback)
    ]


@pytest.mark.parametrize("name", ["id", "customer"])
def test_a_copied_answer_leaves_its_response_whole(tmp_path: Path, name: str) -> None:
    flags = ColumnFlags(text=("text",), question="q", **{name: "who"})
    rows = "who,q,text\n1,Liked?,the app\n1,Missed?,a chat\n2,Liked?,the price\n"
    plain = rows_of(tmp_path, rows, flags)
    copied = rows_of(tmp_path, rows + "1,Missed?,a chat\n", flags)
    assert copied == [*plain, Reject(5, f"it has the same {name} and the same content as line 3")]
    keys = [row.row_key for row in plain if isinstance(row, RawFeedback)]
    assert keys[0] == keys[1] != keys[2]


def test_one_answer_a_row_is_gathered_into_responses(tmp_path: Path) -> None:
    content = (
        "id,respondent_id,question,text,nps\n"
        "1,a,What is good?,the price,9\n2,b,What is good?,the staff,3\n"
        "3,a,What is bad?,the queue,9\n4,,What is bad?,the noise,5\n"
    )
    found = rows_of(tmp_path, content, ColumnFlags())
    feedback = [r for r in found if isinstance(r, RawFeedback)]
    assert [r.question for r in feedback] == ["What is good?", "What is good?", "What is bad?", "What is bad?"]
    key = [r.row_key for r in feedback]
    assert key[0] == key[2]
    assert len(set(key)) == 3


@pytest.mark.parametrize("named", [True, False])
def test_repeats_are_found_far_apart_in_a_large_file(tmp_path: Path, named: bool) -> None:
    n = 25_000
    lines = [f"{f'r{i}' if named else ''},c{i},late again {i},{i % 11}\n" for i in range(n)]
    lines[24_000] = lines[10]  # copied whole
    lines[24_001] = lines[11].replace("late", "slow")  # the same id or customer, another answer
    found = rows_of(
        tmp_path, "id,who,text,nps\n" + "".join(lines), ColumnFlags(text=("text",), id="id", customer="who")
    )
    feedback = {item.line: item for item in found if isinstance(item, RawFeedback)}
    rejects = [item for item in found if isinstance(item, Reject)]
    if named:
        assert rejects == [Reject(24_002, "it has the same id and the same content as line 12")]
    else:  # alike without an id are as many people
        assert (rejects, feedback[24_002].text) == ([], feedback[12].text)
    assert len({item.row_key for item in feedback.values()}) == len(feedback) == n - len(rejects)
    alone = rows_of(
        tmp_path, "id,who,text,nps\n" + lines[10] + lines[12], ColumnFlags(text=("text",), id="id", customer="who")
    )
    assert [item.row_key for item in alone if isinstance(item, RawFeedback)] == [
        feedback[12].row_key,
        feedback[14].row_key,
    ]


def test_the_answers_of_a_respondent_are_found_far_apart_in_a_large_file(tmp_path: Path) -> None:
    n = 15_000
    rows = [
        f"c{i},{question},{word} {i}\n" for question, word in (("Good?", "price"), ("Bad?", "queue")) for i in range(n)
    ]
    flags = ColumnFlags(text=("text",), question="q", customer="who")
    keys: dict[str, set[str]] = {}
    for item in rows_of(tmp_path, "who,q,text\n" + "".join(rows), flags):
        assert isinstance(item, RawFeedback)
        keys.setdefault(item.customer_id or "", set()).add(item.row_key)
    assert len(keys) == n
    assert {len(found) for found in keys.values()} == {1}
    small = rows_of(tmp_path, "who,q,text\n" + rows[7] + rows[n + 7], flags)
    assert {item.row_key for item in small if isinstance(item, RawFeedback)} == keys["c7"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("EN", "en"),
        ("pt_BR", "pt"),
        ("zh-Hans", "zh"),
        ("pol", "pl"),
        ("English", "en"),
        ("English (US)", "en"),
        ("română", "ro"),
        ("limba romana", "ro"),
        ("Русский", "ru"),
        ("العربية", "ar"),
        ("język włoski", "it"),
        ("Klingon", None),
        ("xx", None),
        ("", None),
    ],
)
def test_language_code(name: str, code: str | None) -> None:
    assert language_code(name) == code
