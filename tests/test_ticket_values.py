"""Flags and times of tickets: how they are written, what columns promise them, and how a kind is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from feedback_nlp.errors import MappingError
from feedback_nlp.language.reading.columns import ColumnFlags, ColumnMapping, map_columns
from feedback_nlp.language.reading.files import Table, read_file
from feedback_nlp.language.reading.rejects import Reject
from feedback_nlp.language.reading.rows import iter_rows
from feedback_nlp.language.reading.ticket_values import (
    LONGEST_HOURS,
    fact_promised,
    parse_flag,
    parse_hours,
    unit_named,
)
from feedback_nlp.records import ScoreScale

N = 40
TEXTS = [f"the parcel came late and nobody told me, number {i}" for i in range(N)]
CHURN = ScoreScale("churn", "churn", 0, 1, False)
TIME = ScoreScale("resolution", "resolution", 0, LONGEST_HOURS, False)


def table_of(folder: Path, columns: dict[str, list[object]]) -> Table:
    path = folder / "t.csv"
    lines = ["|".join(columns), *("|".join(map(str, row)) for row in zip(*columns.values(), strict=True))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_file(path, delimiter="|")


def mapped(folder: Path, columns: dict[str, list[object]], *scores: str) -> ColumnMapping:
    return map_columns(table_of(folder, {"comment": list(TEXTS), **columns}), ColumnFlags(scores=scores))


def cycle(*values: object) -> list[object]:
    return [values[i % len(values)] for i in range(N)]


@pytest.mark.parametrize(
    ("yes", "no"),
    [("yes", "No"), ("Y", "n"), ("TRUE", "false"), ("1", "0"), ("1.0", "0.0"), ("da", "nu"), ("Да", "нет"),
     ("sì", "no"), ("si", "NO"), ("نعم", "لا"), ("tak", "Nie")],
)  # fmt: skip
def test_flags_are_read_in_six_languages(yes: str, no: str) -> None:
    assert (parse_flag(yes), parse_flag(no)) == (1.0, 0.0)


@pytest.mark.parametrize("value", ["maybe", "2", "10", "churned", "0.5", "", "yes and no"])
def test_what_is_neither_yes_nor_no_is_no_flag(value: str) -> None:
    assert parse_flag(value) is None


@pytest.mark.parametrize(
    ("written", "hours"),
    [
        ("12", 12), ("1,5", 1.5), ("0", 0), ("1e-05", 1e-05), ("PT1H30M", 1.5), ("P2DT3H", 51), ("P1W", 168),
        ("PT0.5S", 0.5 / 3600), ("2d 3h", 51), ("2 days, 3 hours and 30 min", 51.5), ("1 day, 02:30:00", 26.5),
        ("26:10:00", 26 + 1 / 6), ("1:30", 1.5), ("90 min", 1.5), ("1d2h30m", 26.5), ("2 ore și 30 minute", 2.5),
        ("3 zile", 72), ("3 ч 30 мин", 3.5), ("2 дня", 48), ("2 giorni e 4 ore", 52), ("3 ساعات", 3), ("يوم", None),
        ("2 dni 4 godz.", 52), ("-3", -3), ("-2h", -2), ("P1M", None), ("P1Y", None), ("12:75:00", None),
        ("2 apples", None), ("2 days 3", None), ("PT", None), ("soon", None), ("", None),
    ],
)  # fmt: skip
def test_times_are_read_as_hours(written: str, hours: float | None) -> None:
    assert parse_hours(written) == (None if hours is None else pytest.approx(hours))


def test_plain_numbers_are_of_the_unit_and_words_of_their_own() -> None:
    assert parse_hours("90", "minutes") == 1.5
    assert parse_hours("2", "days") == 48
    assert parse_hours("90 min", "days") == 1.5


@pytest.mark.parametrize(
    ("column", "kind", "unit"),
    [
        ("Churn", "churn", ""), ("is_churned", "churn", ""), ("Churn Flag", "churn", ""), ("Reziliat", "churn", ""),
        ("Отток", "churn", ""), ("ألغى الاشتراك", "churn", ""), ("Klient odszedł", "churn", ""),
        ("Cliente perso", "churn", ""), ("FCR", "fcr", ""), ("First Contact Resolution", "fcr", ""),
        ("Rezolvat la primul contact", "fcr", ""), ("Решено при первом обращении", "fcr", ""),
        ("Risolto al primo contatto", "fcr", ""), ("تم الحل من أول اتصال", "fcr", ""),
        ("Rozwiązane przy pierwszym kontakcie", "fcr", ""), ("Time to resolution", "resolution", ""),
        ("resolution_minutes", "resolution", "minutes"), ("Timp de rezolvare (ore)", "resolution", "hours"),
        ("Время решения, мин", "resolution", "minutes"), ("Tempo di risoluzione (giorni)", "resolution", "days"),
        ("وقت الحل", "resolution", ""), ("Czas rozwiązania (godz.)", "resolution", "hours"),
        ("Churn reason", None, ""), ("churn_score", None, ""), ("resolution", None, ""), ("resolved", None, ""),
        ("plan", None, ""),
    ],
)  # fmt: skip
def test_columns_promise_facts_only_where_they_can_mean_nothing_else(column: str, kind: str | None, unit: str) -> None:
    assert (fact_promised(column), unit_named(column)) == (kind, unit)


def test_facts_are_found_by_name_and_values(tmp_path: Path) -> None:
    found = mapped(
        tmp_path,
        {"Churn": cycle("Yes", "No", "No"), "FCR": cycle(1, 0), "resolution_minutes": [30 * i for i in range(N)]},
    )
    fcr = ScoreScale("fcr", "fcr", 0, 1)
    assert [(s.column, s.scale, s.unit) for s in found.scores] == [
        ("Churn", CHURN, ""), ("FCR", fcr, ""), ("resolution_minutes", TIME, "minutes"),
    ]  # fmt: skip
    assert found.segments == ()


def test_numbers_without_a_unit_are_left_out_and_words_with_one_are_not(tmp_path: Path) -> None:
    found = mapped(tmp_path, {"Resolution time": [3 + i for i in range(N)]})
    assert found.scores == ()
    assert any("'Resolution time': its numbers have no unit" in line for line in found.explanation)
    assert [s.unit for s in mapped(tmp_path, {"Resolution time": [f"{i} h" for i in range(N)]}).scores] == ["hours"]


def test_a_name_without_such_values_is_no_fact(tmp_path: Path) -> None:
    found = mapped(tmp_path, {"Churn": cycle("price", "moved", "quality")})
    assert (found.scores, found.segments) == ((), ("Churn",))


def test_kinds_are_told_by_name_or_behind_the_column(tmp_path: Path) -> None:
    columns: dict[str, list[object]] = {
        "gone": cycle("да", "нет"), "first": cycle("tak", "nie"), "took_minutes": list(range(N)),
        "wait": list(range(N)), "upset": cycle("yes", "no"), "promised": cycle(1, 0), "left": cycle(0, 1),
    }  # fmt: skip
    told = (
        "churn=gone", "fcr=first", "resolution_hours=took_minutes", "waiting=wait:days", "upset=upset:flag:lower",
        "kept=promised:flag", "lost=left:churn",
    )  # fmt: skip
    found = {s.name: (s.scale.kind, s.scale.higher_is_better, s.unit) for s in mapped(tmp_path, columns, *told).scores}
    assert found == {
        "churn": ("churn", False, ""),
        "fcr": ("fcr", True, ""),
        "resolution_hours": ("resolution", False, "minutes"),  # the column's name says what its numbers are
        "waiting": ("resolution", False, "days"),
        "upset": ("flag", False, ""),
        "kept": ("flag", True, ""),
        "lost": ("churn", False, ""),
    }


@pytest.mark.parametrize(
    ("flag", "reason"),
    [
        ("churn=wait", "2% of the values in 'wait' are a yes, a no or a time"),
        ("churn=gone:higher", "churn is better when lower"),
        ("fcr=gone:lower", "fcr is better when higher"),
        ("mine=wait", "or its kind: :flag for yes or no, :seconds"),
        ("resolution=gone", "0% of the values in 'gone' are a yes, a no or a time"),
    ],
)
def test_a_kind_that_does_not_fit_says_what_to_do(tmp_path: Path, flag: str, reason: str) -> None:
    columns: dict[str, list[object]] = {"gone": cycle("yes", "no"), "wait": [i + 1 for i in range(N)]}
    flags = ColumnFlags(scores=(flag,))
    with pytest.raises(MappingError, match=reason):
        map_columns(table_of(tmp_path, {"comment": list(TEXTS), **columns}), flags)


def test_bounds_keep_a_score_of_ones_own(tmp_path: Path) -> None:
    (score,) = mapped(tmp_path, {"wait": cycle(1, 2, 3, 4, 5)}, "wait_days=wait:1-5").scores
    assert score.scale == ScoreScale("wait_days", "other", 1, 5)


def test_bad_facts_cost_only_themselves_and_say_why(tmp_path: Path) -> None:
    times = ["-3", "2d", "soon", "9999999", "", *range(N - 5)]
    table = table_of(tmp_path, {"comment": list(TEXTS), "gone": ["perhaps", *cycle("yes", "no")[1:]], "took": times})
    mapping = map_columns(table, ColumnFlags(scores=("churn=gone", "resolution=took")))
    items = list(iter_rows(table, mapping))
    rejects = [(item.line, item.kind, item.reason) for item in items if isinstance(item, Reject)]
    assert rejects == [
        (2, "score", "churn: the value is neither yes nor no"),
        (2, "score", "resolution: '-3' is below 0: it would end before it began"),
        (4, "score", "resolution: the value is not a time, such as 5.5, 2d 3h, 26:10:00 or PT1H30M"),
        (5, "score", "resolution: '9999999' is over 1,000,000 hours"),
    ]
    scores = [dict(item.scores) for item in items if not isinstance(item, Reject)]
    assert scores[:5] == [{}, {"churn": 0.0, "resolution": 48.0}, {"churn": 1.0}, {"churn": 0.0}, {"churn": 1.0}]
