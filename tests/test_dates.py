"""Dates: one order for a whole column, six languages, and never a made-up part."""

from __future__ import annotations

from datetime import datetime

import polars as pl
import pytest

from feedback_nlp.language.reading.dates import DateFormat, decide_format, parse_dates

DAY = datetime(2024, 3, 5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-03-05", DAY),
        ("2024/3/5", DAY),
        ("20240305", DAY),
        ("2024-03-05T14:30:00Z", datetime(2024, 3, 5, 14, 30)),
        ("2024-03-05T14:30:00+02:00", datetime(2024, 3, 5, 12, 30)),
        ("2024-03-05 23:30:00.250000-0300", datetime(2024, 3, 6, 2, 30, 0, 250_000)),
        ("05.03.2024 14:30", datetime(2024, 3, 5, 14, 30)),
        ("5.3.24", DAY),
        ("5/3/2024 2:30 PM", datetime(2024, 3, 5, 14, 30)),
        ("Mar 2018", datetime(2018, 3, 1)),
        ("2018-03", datetime(2018, 3, 1)),
        ("03/2018", datetime(2018, 3, 1)),
        ("March 5, 2024 at 14:30", datetime(2024, 3, 5, 14, 30)),
        ("5th March 2024", DAY),
        ("05-Mar-24", DAY),
        ("marți, 5 martie 2024", DAY),
        ("5 noiembrie 2024", datetime(2024, 11, 5)),
        ("5 марта 2024 г.", DAY),
        ("5 мая 2024, 09:15", datetime(2024, 5, 5, 9, 15)),
        ("martedì 5 marzo 2024", DAY),
        ("5 luglio 2024", datetime(2024, 7, 5)),
        ("5 marca 2024", DAY),
        ("5 października 2024", datetime(2024, 10, 5)),
        ("5 مارس 2024", DAY),
        ("٥ مارس ٢٠٢٤", DAY),
        ("٥/٣/٢٠٢٤", DAY),
        ("5 كانون الثاني 2024", datetime(2024, 1, 5)),
        ("5 كانون الأول 2024", datetime(2024, 12, 5)),
        ("2023", datetime(2023, 1, 1)),
        ("Tue Mar 5 14:30:00 2024", datetime(2024, 3, 5, 14, 30)),
        ("Tue, 05 Mar 2024 14:30:00 +0200", datetime(2024, 3, 5, 12, 30)),
        ("", None),
        ("yesterday", None),
        ("5 March", None),
        ("2024-13-05", None),
        ("31/02/2024", None),
        ("5/3/1024", None),
        ("14:30", None),
        ("12345678901234567890", None),
    ],
)
def test_one_value(text: str, expected: datetime | None) -> None:
    assert parse_dates([text]) == [expected]


def test_a_first_part_above_12_decides_for_the_column() -> None:
    assert parse_dates(["03/04/2024", "25/04/2024"]) == [datetime(2024, 4, 3), datetime(2024, 4, 25)]
    assert parse_dates(["03/04/2024", "04/25/2024"]) == [datetime(2024, 3, 4), datetime(2024, 4, 25)]


def test_the_minority_that_fits_the_other_order_is_not_read() -> None:
    values = ["13/04/2024", "14/04/2024", "04/15/2024"]
    assert parse_dates(values) == [datetime(2024, 4, 13), datetime(2024, 4, 14), None]
    assert decide_format(values) == DateFormat(
        True,
        explanation="read day/month/year: the first part exceeds 12 in 2 values; "
        "1 values only fit the other order and are not read",
    )


def test_an_ambiguous_column_says_so_and_obeys_the_user() -> None:
    decided = decide_format(["03/04/2024"])
    assert (decided.day_first, decided.ambiguous) == (True, True)
    assert "--date COLUMN:mdy" in decided.explanation
    told = decide_format(["03/04/2024"], day_first=False)
    assert parse_dates(["03/04/2024"], told) == [datetime(2024, 3, 4)]
    assert not decide_format(["03.04.2024"]).ambiguous


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (["45356", "45356.5"], "excel", [DAY, datetime(2024, 3, 5, 12)]),
        (["1709596800", "1709683200"], "seconds", [DAY, datetime(2024, 3, 6)]),
        (["1709596800000", "x"], None, [None, None]),
        (["1709596800000", "1709596800500"], "milliseconds", [DAY, datetime(2024, 3, 5, 0, 0, 0, 500_000)]),
    ],
)
def test_numbers(values: list[str], kind: str | None, expected: list[datetime | None]) -> None:
    assert decide_format(values).numbers == kind
    assert parse_dates(pl.Series(values)) == expected
