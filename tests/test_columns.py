"""Columns: told or guessed, always explained, and no score on a scale that it was not asked on."""

from __future__ import annotations

from pathlib import Path

import pytest

from feedback_nlp.errors import MappingError
from feedback_nlp.language.reading.columns import ColumnFlags, ColumnMapping, MappedScore, map_columns
from feedback_nlp.language.reading.files import Table, read_file
from feedback_nlp.language.reading.scales import parse_score
from feedback_nlp.records import ScoreScale

WORDS = (
    "the delivery came late again",
    "friendly staff in the shop",
    "the app crashes when I pay",
    "prices went up without notice",
    "nobody answers the phone here",
    "quick and easy to set up",
)
NPS = ScoreScale("nps", "nps", 0, 10)
STARS = ScoreScale("stars", "stars", 1, 5)
LIKELY = ScoreScale("likely", "likely", 1, 10)


def table_of(folder: Path, columns: dict[str, list[object]]) -> Table:
    """A table as read from a file with these columns."""
    path = folder / "t.csv"
    lines = ["|".join(columns), *("|".join(map(str, row)) for row in zip(*columns.values(), strict=True))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_file(path, delimiter="|")


def texts(n: int = 60) -> list[object]:
    return [f"{WORDS[i % 6]} {i}" for i in range(n)]


def cycle(*values: object, n: int = 60) -> list[object]:
    return [values[i % len(values)] for i in range(n)]


def guessed(folder: Path, **columns: list[object]) -> ColumnMapping:
    return map_columns(table_of(folder, columns))


def test_a_usual_survey_is_understood_without_flags(tmp_path: Path) -> None:
    columns = {
        "Response ID": [f"r{i}" for i in range(60)],
        "CustomerID": cycle(*(f"c{i}" for i in range(45))),
        "Created At": [f"{i % 28 + 1:02d}/02/2024" for i in range(60)],
        "NPS": cycle(*range(11)),
        "NPS Segment": cycle("promoter", "detractor"),
        "Comment": texts(),
        "Title": texts(),
        "plan": cycle("free", "pro", "team"),
        "country": ["RO"] * 60,
        "email": [f"a{i}@example.com" for i in range(60)],
        "sentiment": cycle("positive", "negative"),
        "wifi": cycle(1, 2, 3, 4, 5),
        "lang": cycle("en", "English"),
    }
    mapping = map_columns(table_of(tmp_path, columns))
    assert mapping == ColumnMapping(
        text_columns=("Comment",),
        id="Response ID",
        customer="CustomerID",
        date="Created At",
        date_format=mapping.date_format,
        scores=(MappedScore("nps", "NPS", NPS),),
        segments=("plan",),
        language="lang",
        explanation=mapping.explanation,
    )
    assert mapping.date_format.day_first
    assert mapping.explanation == (
        "Text: 'Comment', by its name.",
        "Customer: 'CustomerID', by its name.",
        "Id: 'Response ID', by its name.",
        "Date: 'Created At', by its name; read day/month/year: the first part exceeds 12 in 32 values.",
        "Language: 'lang', by its name.",
        "Score 'nps': 'NPS'; 0 to 10, a high number is good; values 0 to 10, taken as 0-10 by its name.",
        "Left out: 'NPS Segment': it is derived from the score, and counted again from it.",
        "Left out: 'Title': it holds titles of the texts; read them as a question of their own with --text 'Title'.",
        "Segment: 'plan', 3 distinct values.",
        "Left out: 'country': it says the same in every row.",
        "Left out: 'email': it holds personal data.",
        "Left out: 'sentiment': it was read out of the texts by somebody already, so comparing themes with it would "
        "be circular; keep it with --segment 'sentiment'.",
        "Left out: 'wifi': it looks like a score from 1 to 5; keep it with --score NAME=wifi:1-5 or --segment 'wifi'.",
    )


@pytest.mark.parametrize(
    ("text", "date", "score"),
    [
        ("comentariu", "data", "notă"),
        ("Отзыв", "Дата", "Оценка"),
        ("Commento", "Data", "Voto"),
        ("التعليق", "التاريخ", "التقييم"),
        ("Opinia", "Data odpowiedzi", "Ocena"),
        ("review_text", "created_at", "star rating"),
    ],
)
def test_names_in_six_languages(tmp_path: Path, text: str, date: str, score: str) -> None:
    day = [f"2024-03-{i % 28 + 1:02d}" for i in range(60)]
    mapping = guessed(tmp_path, **{"x": texts(), text: texts(), date: day, score: cycle(1, 2, 3, 4, 5)})
    assert (mapping.text_columns, mapping.date) == ((text,), date)
    assert mapping.scores == (MappedScore("stars", score, STARS),)
    assert "Left out: 'x': it looks like free text too; keep it as a question of its own with --text 'x'." in (
        mapping.explanation
    )


def test_open_questions_are_kept_apart(tmp_path: Path) -> None:
    columns = {"What did you like?": texts(), "Why this score": texts(), "plan": cycle("a", "b")}
    mapping = guessed(tmp_path, **columns)
    assert mapping.text_columns == ("What did you like?", "Why this score")
    assert mapping.question is None
    assert mapping.explanation[2] == "Question: each of the 2 text columns is a question of its own."
    one = guessed(tmp_path, **{"What did you like?": texts(), "plan": cycle("a", "b")})
    assert (one.text_columns, one.question) == (("What did you like?",), "What did you like?")
    siblings = guessed(tmp_path, comment=texts(), comment_2=texts())
    assert siblings.text_columns == ("comment", "comment_2")


def test_text_by_its_values(tmp_path: Path) -> None:
    mapping = guessed(tmp_path, a=cycle("north", "south"), b=texts(), c=[f"{t} and more besides" for t in texts()])
    assert mapping.text_columns == ("c",)
    assert mapping.explanation[0] == "Text: 'c', the longest texts of the file, 47 characters on average."


def test_numbered_text_columns_are_sibling_questions(tmp_path: Path) -> None:
    mapping = guessed(tmp_path, Q1=cycle(*range(11)), Q2=texts(), Q3=[f"{t} and more" for t in texts()], notes=texts())
    assert mapping.text_columns == ("Q2", "Q3")


def test_a_name_that_promises_text_needs_values_that_are(tmp_path: Path) -> None:
    columns = {
        "Ticket": [f"T{i}" for i in range(60)],
        "When": [f"2024-03-{i % 28 + 1:02d}" for i in range(60)],
        "Beschreibung": texts(),
        "Rating": cycle(1, 2, 3, 4, 5),
    }
    mapping = map_columns(table_of(tmp_path, columns))
    assert (mapping.text_columns, mapping.id, mapping.date) == (("Beschreibung",), "Ticket", "When")
    assert mapping.explanation[0] == (
        "Text: 'Beschreibung', the longest texts of the file, 30 characters on average; "
        "'Ticket' is named like text, but its values do not read like it."
    )
    assert guessed(tmp_path, **(columns | {"Ticket": texts()})).text_columns == ("Ticket",)
    assert guessed(tmp_path, Ticket=[f"T{i}" for i in range(60)]).text_columns == ("Ticket",)
    short: list[object] = [f"dear {'abcdefghij'[i % 10]}{'klmnop'[i // 10]}" for i in range(60)]
    brief = guessed(tmp_path, comment=short, question=cycle("And why is that?"))
    assert (brief.text_columns, brief.question) == (("comment",), "question")
    answers = guessed(tmp_path, answer=cycle("T1", "T2", n=60), comment=texts(), verbatim=[""] * 60)
    assert answers.text_columns == ("comment",)
    asked = guessed(tmp_path, message=[f"m-{i}" for i in range(60)], **{"What did you like?": texts()})
    assert asked.text_columns == ("What did you like?",)


@pytest.mark.parametrize(
    ("ids", "found"),
    [
        ([*range(60), 0], "id"),  # with the row copied whole
        ([*range(60), 1], "id"),  # one id twice among 61
        ([*range(60), ""], "id"),  # one row without an id
        ([*range(59), 0, 1], None),
        ([*range(30), *range(31)], None),
    ],
)
def test_an_id_may_have_an_exception(tmp_path: Path, ids: list[object], found: str | None) -> None:
    mapping = guessed(tmp_path, id=ids, comment=[*texts(60), texts(60)[0]], plan=[*cycle("a", "b"), "a"])
    assert mapping.id == found


def test_an_id_repeated_with_every_question_may_be_copied(tmp_path: Path) -> None:
    columns = {
        "id": [*(i // 2 for i in range(60)), 0],
        "question": [*cycle("Liked?", "Missed?"), "Liked?"],
        "comment": [*texts(), texts()[0]],
    }
    mapping = guessed(tmp_path, **columns)
    assert (mapping.id, mapping.question_column) == ("id", "question")


def test_no_text_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match=r"No column looks like free text.*--text COLUMN.*Columns: plan, nps"):
        guessed(tmp_path, plan=cycle("a", "b"), nps=cycle(*range(11)))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((1, 2, 3, 4, 5), (MappedScore("stars", "rating", STARS),)),
        ((0, 3, 7, 10), (MappedScore("nps", "rating", NPS),)),
        ((1, 3, 7, 10), (MappedScore("likely", "rating", LIKELY),)),
        ((1, 50, 100), ()),
        (("5 stars", "4 stars", "1 star"), (MappedScore("stars", "rating", STARS),)),
        (("9/10", "0/10", "10/10"), (MappedScore("nps", "rating", NPS),)),
    ],
)
def test_a_rating_is_guessed_by_its_values(
    tmp_path: Path, values: tuple[object, ...], expected: tuple[MappedScore, ...]
) -> None:
    assert guessed(tmp_path, text=texts(), rating=cycle(*values)).scores == expected


def test_what_is_not_nps_is_said(tmp_path: Path) -> None:
    mapping = guessed(tmp_path, text=texts(), rating=cycle(1, 5, 10))
    assert any("which is not NPS (NPS is asked on 0-10)" in line for line in mapping.explanation)


def test_ces_is_never_guessed(tmp_path: Path) -> None:
    mapping = guessed(tmp_path, text=texts(), ces=cycle(1, 4, 7))
    assert mapping.scores == ()
    assert any("Left out: 'ces'" in line and "'ces=ces:1-7:higher'" in line for line in mapping.explanation)


def declared(folder: Path, flag: str, *values: object, n: int = 60) -> ColumnMapping:
    table = table_of(folder, {"text": texts(n), "x:y": cycle(*values, n=n), "b": cycle("q", "w", n=n)})
    return map_columns(table, ColumnFlags(text=("text",), scores=(flag,)))


@pytest.mark.parametrize(
    ("flag", "values", "scale"),
    [
        ("nps=x:y", (0, 10), NPS),
        ("NPS=x:y:0-10:higher", (3, 9), NPS),
        ("csat=x:y", (1, 5), ScoreScale("csat", "csat", 1, 5)),
        ("csat=x:y:1-7", (1, 7), ScoreScale("csat", "csat", 1, 7)),
        ("ces=x:y:1-7:higher", (1, 7), ScoreScale("ces", "ces", 1, 7, True)),
        ("ces=x:y:1-5:lower", (1, 5), ScoreScale("ces", "ces", 1, 5, False)),
        ("likely=x:y", (1, 10), LIKELY),
        ("wait time=x:y:0-2.5:lower", (0, 2), ScoreScale("wait time", "other", 0, 2.5, False)),
    ],
)
def test_declared_scales(tmp_path: Path, flag: str, values: tuple[object, ...], scale: ScoreScale) -> None:
    mapping = declared(tmp_path, flag, *values)
    assert mapping.scores == (MappedScore(scale.name, "x:y", scale),)
    assert mapping.segments == ("b",)


@pytest.mark.parametrize(
    ("flag", "values", "message"),
    [
        ("nps=x:y", (1, 2, 3, 4, 5), "values run from 1 to 5 in 60 rows.*no NPS.*--score stars=x:y"),
        ("nps=x:y", (0, 50, 100), "values run from 0 to 100 in 60 rows.*never converted.*likely=x:y:0-100"),
        ("nps=x:y:1-10", (1, 10), "NPS is defined on 0-10"),
        ("ces=x:y", (1, 7), "must say its scale and its direction.*higher.*lower.*Values seen: 1 to 7"),
        ("ces=x:y:1-7", (1, 7), "must say its direction"),
        ("mood=x:y", (1, 7), "needs its scale, such as 'mood=x:y:1-5'.*Values seen: 1 to 7"),
        ("mood=x:y:5-1", (1, 5), "from MIN to a greater MAX"),
        ("csat=x:y", (1, 7), "the scale 1-5 does not fit; values seen: 1 to 7.*csat=x:y:1-7"),
        ("csat=x:y:2-9", (2, 9), "a CSAT scale is one of"),
        ("nps=b", (0, 10), "0% of the values in 'b' are numbers"),
        ("nps", (0, 10), r"lacks a part: it is NAME=COLUMN\[:MIN-MAX\]"),
        ("nps=texx", (0, 10), r"no such column\. Did you mean 'text'\? Columns: text, x:y, b\."),
        ("nps=text", (0, 10), "is told as --text and --score"),
    ],
)
def test_scores_that_cannot_be(tmp_path: Path, flag: str, values: tuple[object, ...], message: str) -> None:
    with pytest.raises(MappingError, match=message):
        declared(tmp_path, flag, *values)


def test_a_declared_nps_without_zero_is_accepted_with_a_warning(tmp_path: Path) -> None:
    mapping = declared(tmp_path, "nps=x:y", 1, 5, 10, n=240)
    assert mapping.scores == (MappedScore("nps", "x:y", NPS),)
    assert any("no 0 among 240 scores" in line for line in mapping.explanation)
    few = declared(tmp_path, "nps=x:y", 1, 5, n=4)
    assert any("too few to doubt" in line for line in few.explanation)


def test_flags_find_columns_whatever_their_case_and_say_what_is_wrong(tmp_path: Path) -> None:
    table = table_of(tmp_path, {"Comment": texts(), "Region Name": cycle("a", "b"), "when": cycle("01/02/2024")})
    flags = ColumnFlags(text=("comment",), segments=("region_name",), date="when:mdy", question="What went wrong?")
    mapping = map_columns(table, flags)
    assert (mapping.text_columns, mapping.segments, mapping.date) == (("Comment",), ("Region Name",), "when")
    assert (mapping.question, mapping.date_format.day_first) == ("What went wrong?", False)
    with pytest.raises(MappingError, match=r"--segment 'regions': there is no such column"):
        map_columns(table, ColumnFlags(segments=("regions",)))
    with pytest.raises(MappingError, match=r"--question 'questin'"):
        map_columns(table, ColumnFlags(question="questin"))
    with pytest.raises(MappingError, match=r"after the column comes :dmy or :mdy"):
        map_columns(table, ColumnFlags(date="when:ymd"))
    with pytest.raises(MappingError, match=r"is told as --text and --segment"):
        map_columns(table, ColumnFlags(text=("Comment",), segments=("Comment",)))
    with pytest.raises(MappingError, match=r"none of its 60 values is a date"):
        map_columns(table, ColumnFlags(date="Region Name"))


def test_none_and_guess_keep_columns_out(tmp_path: Path) -> None:
    columns = {"text": texts(), "nps": cycle(*range(11)), "date": cycle("2024-01-02"), "plan": cycle("a", "b")}
    table = table_of(tmp_path, columns)
    mapping = map_columns(table, ColumnFlags(date="none", scores=("none",), segments=("none",)))
    assert (mapping.date, mapping.scores, mapping.segments) == (None, (), ())
    strict = map_columns(table, ColumnFlags(text=("text",), segments=("plan",), guess=False))
    assert (strict.date, strict.scores, strict.segments) == (None, (), ("plan",))


def test_a_header_without_rows_is_mapped_by_names(tmp_path: Path) -> None:
    mapping = guessed(tmp_path, id=[], comment=[], nps=[], date=[])
    assert (mapping.text_columns, mapping.id, mapping.date) == (("comment",), "id", "date")


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("9", 9.0),
        (" 9.0 ", 9.0),
        ("9,5", 9.5),
        ("9/10", 9.0),
        ("4 out of 5", 4.0),
        ("4 из 5", 4.0),
        ("10 - Extremely likely", 10.0),
        ("5 stars", 5.0),
        ("★★★★☆", 4.0),
        ("⭐⭐ ⭐", 3.0),
        ("٩", 9.0),
        ("-1", -1.0),
        ("nine", None),
        ("9-10", None),
        ("12 of 2024 or 3", None),
        ("50%", None),
        ("", None),
    ],
)
def test_parse_score(cell: str, number: float | None) -> None:
    assert parse_score(cell) == number


def test_a_stated_maximum_must_be_the_scales_own() -> None:
    assert (parse_score("4/5", 5), parse_score("4/5", 10)) == (4.0, None)


def test_a_large_file_is_judged_by_a_sample_and_its_ids_by_all_rows(tmp_path: Path) -> None:
    n = 25_000
    columns: dict[str, list[object]] = {
        "id": [f"r{i % (n // 2)}" for i in range(n)],  # each twice, which a sample shows of some of them only
        "ticket id": [f"t{i}" for i in range(n)],
        "comment": [f"{WORDS[i % 6]} {i}" for i in range(n)],
        "plan": cycle("free", "pro", n=n),
        "nps": [i % 11 for i in range(n)],
    }
    table = table_of(tmp_path, columns)
    assert 0 < table.sample["id"].n_unique() < table.sample.height < n
    mapping = map_columns(table)
    assert (mapping.id, mapping.text_columns, mapping.segments) == ("ticket id", ("comment",), ("plan",))
    assert mapping.scores == (MappedScore("nps", "nps", NPS),)
    assert mapping.explanation[0] == f"Columns are judged by {table.sample.height:,} of 25,000 rows."


def test_a_sample_does_not_keep_step_with_a_file_that_alternates(tmp_path: Path) -> None:
    n = 24_000
    asked = ("What is good?", "What is bad?", "What is missing?", "What else?")
    columns: dict[str, list[object]] = {
        "respondent_id": [f"c{i // 4}" for i in range(n)],
        "question": cycle(*asked, n=n),
        "comment": [f"{WORDS[i % 6]} {i}" for i in range(n)],
    }
    table = table_of(tmp_path, columns)
    counts = dict(table.sample["question"].value_counts().iter_rows())
    assert all(0.23 < counts[question] / table.sample.height < 0.27 for question in asked)
    assert map_columns(table).question_column == "question"
