"""Logs with one message a row: what a customer wrote in one conversation is one feedback, others are set aside."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from random import Random

import pytest

from feedback_nlp.errors import MappingError
from feedback_nlp.language.reading.columns import ColumnFlags, ColumnMapping, map_columns
from feedback_nlp.language.reading.files import read_file
from feedback_nlp.language.reading.rejects import Reject
from feedback_nlp.language.reading.rows import RawFeedback, iter_rows
from feedback_nlp.language.reading.speakers import SpeakerColumn

NO_DATE = "it does not say who speaks"


def read(
    folder: Path, content: str, flags: ColumnFlags | None = None
) -> tuple[list[RawFeedback], list[Reject], int, ColumnMapping]:
    """The feedback by its first line, the rejects, how many rows were set aside, and the mapping of a CSV file."""
    path = folder / "log.csv"
    path.write_text(content, encoding="utf-8")
    table = read_file(path)
    mapping = map_columns(table, flags)
    counts: Counter[str] = Counter()
    found = list(iter_rows(table, mapping, counts=counts))
    feedback = sorted((item for item in found if isinstance(item, RawFeedback)), key=lambda item: item.line)
    return feedback, [item for item in found if isinstance(item, Reject)], counts["set_aside"], mapping


# In each language: column names (conversation, speaker, text), the customer's and the agent's word, five messages.
CHATS = {
    "en": (
        ("conversation_id", "Sender Type", "message"),
        ("Customer", "Agent 2"),
        ("My parcel is late.", "Let me look.", "It was promised for Monday.", "The app crashes.", "Please update it."),
    ),
    "ro": (
        ("id_conversație", "expeditor", "mesaj"),
        ("client", "operator"),
        ("Coletul întârzie.", "Verific acum.", "Trebuia să vină luni.", "Aplicația se blochează.", "Actualizați-o."),
    ),
    "ru": (
        ("ID диалога", "Отправитель", "сообщение"),
        ("Клиент", "Оператор"),
        ("Посылка опаздывает.", "Сейчас проверю.", "Обещали в понедельник.", "Приложение зависает.", "Обновите его."),
    ),
    "it": (
        ("id conversazione", "mittente", "messaggio"),
        ("cliente", "operatore"),
        ("Il pacco è in ritardo.", "Controllo subito.", "Doveva arrivare lunedì.", "L'app si blocca.", "La aggiorni."),
    ),
    "ar": (
        ("معرف المحادثة", "المرسل", "رسالة"),
        ("العميل", "الموظف"),
        ("الطرد متأخر.", "سأتحقق الآن.", "كان موعده الإثنين.", "التطبيق يتعطل.", "يرجى تحديثه."),
    ),
    "pl": (
        ("id_rozmowy", "nadawca", "wiadomość"),
        ("klient", "konsultant"),
        ("Paczka się spóźnia.", "Już sprawdzam.", "Miała być w poniedziałek.", "Aplikacja się zawiesza.", "Proszę."),
    ),
}


@pytest.mark.parametrize("language", CHATS)
def test_the_customer_s_voice_in_six_languages(tmp_path: Path, language: str) -> None:
    names, (customer, agent), (late, look, monday, crash, update) = CHATS[language]
    rows = [
        ("c1", customer, late),
        ("c2", customer, crash),  # conversations run side by side
        ("c1", agent, look),
        ("c1", customer, monday),
        ("c2", agent, update),
    ]
    lines = [",".join(names), *(",".join(row) for row in rows)]
    feedback, rejects, n_set_aside, mapping = read(tmp_path, "\n".join(lines))
    assert (mapping.id, mapping.speaker, mapping.text_columns) == (names[0], SpeakerColumn(names[1]), (names[2],))
    assert [(item.line, item.external_id, item.text) for item in feedback] == [
        (2, "c1", f"{late}\n{monday}"),
        (3, "c2", crash),
    ]
    assert (rejects, n_set_aside) == ([], 2)


LOG = (
    "ticket_id,created_at,author_type,body,csat,plan\n"
    "7,2024-03-05 10:02,customer,And it is dear.,,pro\n"
    "7,2024-03-05 10:00,customer,The delivery is late.,,pro\n"
    "7,2024-03-05 10:01,agent,I am sorry.,,\n"
    "8,2024-03-06 09:00,customer,Thank you!,5,free\n"
    "7,2024-03-05 10:03,system,Please rate us.,2,\n"
    "9,2024-03-07 09:00,bot,Are you there?,,\n"
    "10,2024-03-08 09:00,agent,Rate the call.,4,\n"
    "7,2024-03-05 10:00,customer,The delivery is late.,,pro\n"
)


def test_turns_are_joined_by_date_and_a_score_counts_once(tmp_path: Path) -> None:
    feedback, rejects, n_set_aside, mapping = read(tmp_path, LOG)
    assert mapping.explanation[:3] == (
        "Text: 'body', by its name.",
        "Speaker: 'author_type', by its name and its values. Only what customers wrote is read; other rows are set "
        "aside.",
        "Id: 'ticket_id', which names the conversation.",
    )
    late, thanks, called = feedback
    assert late == RawFeedback(
        line=2,
        row_key=late.row_key,
        text="The delivery is late.\nAnd it is dear.",
        external_id="7",
        created_at=datetime(2024, 3, 5, 10),
        scores={"csat": 2.0},
        segments={"plan": "pro"},
    )
    assert (thanks.external_id, thanks.text, dict(thanks.scores)) == ("8", "Thank you!", {"csat": 5.0})
    assert (called.line, called.external_id, called.text, dict(called.scores)) == (8, "10", "", {"csat": 4.0})
    assert (rejects, n_set_aside) == ([Reject(9, "it has the same id and the same content as line 3")], 4)


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_rows_decides_nothing_where_dates_are(tmp_path: Path, seed: int) -> None:
    head, *rows = LOG.splitlines()[:-1]
    Random(seed).shuffle(rows)

    def said(content: str) -> dict[str | None, tuple[str, str, dict[str, float], datetime | None]]:
        feedback, _, n_set_aside, _ = read(tmp_path, content)
        assert n_set_aside == 4
        return {f.external_id: (f.row_key, f.text, dict(f.scores), f.created_at) for f in feedback}

    assert said("\n".join([head, *rows])) == said(LOG)


@pytest.mark.parametrize(
    ("name", "yes", "no"),
    [
        ("inbound", "True", "False"),
        ("inbound", "1", "0"),
        ("is_agent", "no", "yes"),
        ("direction", "inbound", "outbound"),
    ],
)
def test_yes_and_no_and_directions(tmp_path: Path, name: str, yes: str, no: str) -> None:
    content = f"thread_id,{name},text\n1,{yes},the app is slow\n1,{no},we are sorry\n2,{yes},late again today\n"
    feedback, _, n_set_aside, mapping = read(tmp_path, content)
    assert mapping.speaker is not None
    assert ([item.text for item in feedback], n_set_aside) == (["the app is slow", "late again today"], 1)


def test_a_told_column_takes_its_values_and_may_hold_colons(tmp_path: Path) -> None:
    content = "id,who:said,text\n1,Anna,the app is slow\n1,Tom,we are sorry\n2,Ewa,late again today\n2,,hm\n"
    told = ColumnFlags(text=("text",), id="id", speaker="who:said:anna,EWA")
    feedback, rejects, n_set_aside, mapping = read(tmp_path, content, told)
    assert [item.text for item in feedback] == ["the app is slow", "late again today"]
    assert (rejects, n_set_aside) == ([Reject(5, NO_DATE)], 1)
    assert "Speaker: 'who:said', as told; the customer's values are 'anna', 'EWA'." in mapping.explanation[1]
    with pytest.raises(MappingError, match=r"none of its 3 different values is one of 'Bob'\."):
        read(tmp_path, content, ColumnFlags(speaker="who:said:Bob"))
    with pytest.raises(MappingError, match=r"is a usual word for a customer\. Tell those that are") as caught:
        read(tmp_path, content, ColumnFlags(speaker="who:said"))
    assert "Anna" not in str(caught.value)
    with pytest.raises(MappingError, match="--speaker 'nobody': there is no such column"):
        read(tmp_path, content, ColumnFlags(speaker="nobody:x"))


def test_a_speaker_of_no_known_kind_is_rejected_and_not_guessed_at(tmp_path: Path) -> None:
    content = "chat_id,speaker,text\n1,user,the app is slow\n1,assistant,we are sorry\n1,Zorro,who am I\n"
    feedback, rejects, n_set_aside, _ = read(tmp_path, content, ColumnFlags(speaker="speaker"))
    assert ([item.text for item in feedback], n_set_aside) == (["the app is slow"], 1)
    assert [(reject.line, reject.reason[:47]) for reject in rejects] == [
        (4, "its speaker is neither a usual word for a custo")
    ]
    assert read(tmp_path, content)[3].speaker is None


@pytest.mark.parametrize(
    "content",
    [
        # a job, an author's name, a survey that asks both sides without conversations
        "id,role,comment\n1,user,the app is slow\n2,admin,late again today\n3,user,fine by me now\n",
        "chat_id,author,comment\n1,Anna,the app is slow\n1,Tom,late again today\n2,Anna,fine by me now\n",
        "id,author,comment\n1,customer,the app is slow\n2,employee,late again today\n3,customer,fine by me now\n",
        "id,sender,comment\n1,customer,the app is slow\n2,customer,late again today\n3,customer,fine by me now\n",
    ],
)
def test_other_columns_are_no_speakers(tmp_path: Path, content: str) -> None:
    feedback, _, n_set_aside, mapping = read(tmp_path, content)
    assert (mapping.speaker, len(feedback), n_set_aside) == (None, 3, 0)


def test_a_role_in_conversations_is_a_speaker(tmp_path: Path) -> None:
    content = (
        "session_id,role,content\n1,system,Be kind.\n1,user,the app is slow\n1,assistant,Sorry.\n2,user,late again\n"
    )
    feedback, _, n_set_aside, mapping = read(tmp_path, content)
    assert mapping.speaker == SpeakerColumn("role")
    assert ([item.text for item in feedback], n_set_aside) == (["the app is slow", "late again"], 2)
    assert read(tmp_path, content, ColumnFlags(speaker="none"))[3].speaker is None


def test_without_a_conversation_every_message_stands_for_itself(tmp_path: Path) -> None:
    content = "speaker,text\ncustomer,the app is slow\nagent,sorry\ncustomer,yes\ncustomer,yes\n"
    feedback, rejects, n_set_aside, mapping = read(tmp_path, content)
    assert (mapping.id, [item.text for item in feedback]) == (None, ["the app is slow", "yes", "yes"])
    assert (len({item.row_key for item in feedback}), rejects, n_set_aside) == (3, [], 1)


def test_the_same_words_twice_without_a_date_are_said_twice(tmp_path: Path) -> None:
    content = "chat_id,speaker,text\n1,customer,yes\n1,agent,sure?\n1,customer,yes\n,customer,no id here\n,agent,hm\n"
    feedback, rejects, n_set_aside, _ = read(tmp_path, content)
    assert [(item.external_id, item.text) for item in feedback] == [("1", "yes\nyes"), (None, "no id here")]
    assert (rejects, n_set_aside) == ([], 2)


def test_a_long_log_gives_the_same_whether_turns_are_neighbours(tmp_path: Path) -> None:
    n = 9000
    messages = [(f"t{i}", who, f"{text} {i}") for i in range(n) for who, text in (("user", "slow"), ("bot", "sorry"))]
    apart = [*messages[::2], *messages[1::2], *((f"t{i}", "user", f"still {i}") for i in range(n))]

    def texts(rows: list[tuple[str, str, str]]) -> dict[str | None, str]:
        path = tmp_path / "log.jsonl"
        lines = (json.dumps(dict(zip(("ticket_id", "speaker", "text"), row, strict=True))) for row in rows)
        path.write_text("\n".join(lines), encoding="utf-8")
        table = read_file(path)
        assert not table.is_whole
        counts: Counter[str] = Counter()
        found = list(iter_rows(table, map_columns(table), counts=counts))
        assert counts["set_aside"] == n
        return {item.external_id: item.text for item in found if isinstance(item, RawFeedback)}

    near = [row for i in range(n) for row in (*messages[2 * i : 2 * i + 2], apart[2 * n + i])]
    assert texts(apart) == texts(near) == {f"t{i}": f"slow {i}\nstill {i}" for i in range(n)}
