"""Dates as people and programs write them: one decision for a whole column, then every value by it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import polars as pl

NumberKind = Literal["excel", "seconds", "milliseconds"]

FIRST_YEAR, LAST_YEAR = 1900, 2100
_EXCEL_EPOCH = datetime(1899, 12, 30)
# A column is numbers of one kind when all of its numbers lie here: about 1954 to 2064, and 1973 to 2100.
_NUMBER_RANGES: dict[NumberKind, tuple[float, float]] = {
    "excel": (20_000, 60_000),
    "seconds": (1e8, 4.2e9),
    "milliseconds": (1e11, 4.2e12),
}
_NUMBER_NAMES = {
    "excel": "Excel day numbers",
    "seconds": "seconds since 1970 (UTC)",
    "milliseconds": "milliseconds since 1970 (UTC)",
}

_CLOCK = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"\s*(?P<half>[ap]\.?m\.?)?\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?"
)
_TIME = rf"(?:(?:[T,]\s*|\s+){_CLOCK})?"
_YEAR_FIRST = re.compile(rf"(?P<year>\d{{4}})([-/.])(?P<month>\d{{1,2}})\2(?P<day>\d{{1,2}}){_TIME}", re.IGNORECASE)
_YEAR_LAST = re.compile(rf"(?P<a>\d{{1,2}})\s?([-/.])\s?(?P<b>\d{{1,2}})\2\s?(?P<year>\d{{4}}|\d{{2}}){_TIME}", re.I)
_COMPACT = re.compile(r"(?P<year>(?:19|20)\d{2})(?P<month>[01]\d)(?P<day>[0-3]\d)")
_MONTH_ONLY = re.compile(r"(?:(?P<year>\d{4})[-/.](?P<month>\d{1,2})|(?P<month2>\d{1,2})[-/.](?P<year2>\d{4}))")
_YEAR_ONLY = re.compile(r"(?:19|20)\d{2}")
_NUMBER = re.compile(r"\d{5,13}(?:[.,]\d+)?")
_CLOCK_WITHIN = re.compile(rf"(?:^|(?<=\s)){_CLOCK}(?=\s|$)", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")
_DIGITS = re.compile(r"\d+")

# First letters that tell a month in English, Romanian, Russian, Italian and Polish (and their short forms).
_MONTH_STEMS = (
    ("jan", "ian", "янв", "gen", "sty"),
    ("feb", "фев", "lut"),
    ("mar", "мар"),
    ("apr", "апр", "kwi"),
    ("may", "mai", "май", "мая", "mag", "maj"),
    ("jun", "iun", "июн", "giu", "cze"),
    ("jul", "iul", "июл", "lug", "lip"),
    ("aug", "авг", "ago", "sie"),
    ("sep", "сен", "set", "wrz"),
    ("oct", "oct", "окт", "ott", "paź", "paz"),
    ("nov", "noi", "ноя", "lis"),
    ("dec", "дек", "dic", "gru"),
)
_ARABIC_MONTHS = (
    ("يناير", "كانون الثاني", "جانفي"),
    ("فبراير", "شباط", "فيفري"),
    ("مارس", "آذار", "اذار"),
    ("أبريل", "ابريل", "إبريل", "نيسان", "أفريل"),
    ("مايو", "أيار", "ايار", "ماي"),
    ("يونيو", "يونيه", "حزيران", "جوان"),
    ("يوليو", "يوليه", "تموز", "جويلية"),
    ("أغسطس", "اغسطس", "آب", "أوت"),
    ("سبتمبر", "أيلول", "ايلول"),
    ("أكتوبر", "اكتوبر", "تشرين الأول", "تشرين الاول"),
    ("نوفمبر", "تشرين الثاني"),
    ("ديسمبر", "كانون الأول", "كانون الاول"),
)
_STEMS = {stem: number for number, stems in enumerate(_MONTH_STEMS, start=1) for stem in stems}
_ARABIC = {name: number for number, names in enumerate(_ARABIC_MONTHS, start=1) for name in names}
# Days of the week that begin like a month: Italian "mar" (Tuesday), Romanian "mar", "lun" and so on.
_WEEKDAYS = re.compile(r"^(?:mar(?:ți|ti|ţi|tedì|tedi)|mart[iț]|sep[tț]?imana)$")


@dataclass(frozen=True, slots=True)
class DateFormat:
    """How the dates of one column are read; ``explanation`` says it to the user.

    ``day_first`` orders dates such as 03/04/2024. ``numbers`` is None where the dates are written as text.
    ``ambiguous`` is True where nothing in the column decides the order and nobody told it.
    """

    day_first: bool = True
    numbers: NumberKind | None = None
    ambiguous: bool = False
    explanation: str = ""


def decide_format(values: Iterable[str], *, day_first: bool | None = None) -> DateFormat:
    """Decide for a whole column how its dates are read; ``day_first`` is the user's word, None when not given.

    A first part above 12 means day first, a second part above 12 month first; the majority wins. Where no value
    decides, day first is taken and ``ambiguous`` is set, except for dates with dots, which are day first.
    """
    texts = [_tidy(value) for value in values if value and value.strip()]
    numbers = [float(text.replace(",", ".")) for text in texts if _NUMBER.fullmatch(text)]
    if numbers and len(numbers) >= 0.9 * len(texts) and not all(_COMPACT.fullmatch(text) for text in texts):
        for kind, (low, high) in _NUMBER_RANGES.items():
            if sum(low <= number <= high for number in numbers) >= 0.9 * len(numbers):
                return DateFormat(numbers=kind, explanation=f"read as {_NUMBER_NAMES[kind]}")
    votes: Counter[str] = Counter()
    for text in texts:
        match = _YEAR_LAST.fullmatch(text)
        if match is None:
            continue
        first, second = int(match["a"]), int(match["b"])
        votes["day" if first > 12 >= second else "month" if second > 12 >= first else "open"] += 1
        votes["dotted"] += "." in match[0][:6]
    if not votes:
        return DateFormat(day_first is not False, explanation="the order of year, month and day is plain")
    if day_first is not None:
        return DateFormat(day_first, explanation=f"read {_order(day_first)}, as told")
    if votes["day"] != votes["month"]:
        decided = votes["day"] > votes["month"]
        part = "first" if decided else "second"
        both = min(votes["day"], votes["month"])
        odd = f"; {both} values only fit the other order and are not read" if both else ""
        count = max(votes["day"], votes["month"])
        return DateFormat(
            decided, explanation=f"read {_order(decided)}: the {part} part exceeds 12 in {count} values{odd}"
        )
    if votes["dotted"] > votes["open"] / 2:
        return DateFormat(True, explanation="read day.month.year, as dates with dots are written")
    return DateFormat(
        True,
        ambiguous=True,
        explanation="read day/month/year, but no value shows the order: if it is month/day/year, "
        "give --date COLUMN:mdy",
    )


def _order(day_first: bool) -> str:
    return "day/month/year" if day_first else "month/day/year"


def parse_dates(values: pl.Series | Sequence[str], form: DateFormat | None = None) -> list[datetime | None]:
    """Return one naive datetime (UTC where the value has a zone, else as written) or None for each value.

    ``form`` is decided from the values when it is not given. Years outside 1900 to 2100 count as unreadable.
    """
    texts: list[str] = ["" if value is None else str(value) for value in values]
    decided = decide_format(texts) if form is None else form
    known: dict[str, datetime | None] = {}
    for text in texts:
        if text not in known:
            known[text] = parse_date(text, decided)
    return [known[text] for text in texts]


def parse_date(value: str, form: DateFormat) -> datetime | None:
    """Return the date of one value by the column's format, or None when it is none."""
    text = _tidy(value)
    if not text:
        return None
    try:
        if form.numbers and _NUMBER.fullmatch(text):
            found: datetime | None = _from_number(float(text.replace(",", ".")), form.numbers)
        else:
            found = _from_text(text, form.day_first)
    except (ValueError, OverflowError):
        return None
    return found if found is not None and FIRST_YEAR <= found.year <= LAST_YEAR else None


def _tidy(value: str) -> str:
    """Fold spaces and marks of writing direction, and turn Arabic-Indic and Persian digits into ASCII."""
    text = " ".join(value.replace("\u200e", "").replace("\u200f", "").split())
    if text.isascii():
        return text
    return "".join(str(int(char)) if char.isdecimal() else char for char in text)


def _from_number(number: float, kind: NumberKind) -> datetime | None:
    low, high = _NUMBER_RANGES[kind]
    if not low <= number <= high:
        return None
    if kind == "excel":
        return _EXCEL_EPOCH + timedelta(seconds=round(number * 86_400))
    return datetime(1970, 1, 1) + timedelta(milliseconds=round(number * (1000 if kind == "seconds" else 1)))


def _from_text(text: str, day_first: bool) -> datetime | None:
    match = _YEAR_FIRST.fullmatch(text)
    if match:
        return _moment(int(match["year"]), int(match["month"]), int(match["day"]), match)
    match = _YEAR_LAST.fullmatch(text)
    if match:
        day, month = (match["a"], match["b"]) if day_first else (match["b"], match["a"])
        return _moment(_full_year(match["year"]), int(month), int(day), match)
    match = _COMPACT.fullmatch(text)
    if match:
        return datetime(int(match["year"]), int(match["month"]), int(match["day"]))
    match = _MONTH_ONLY.fullmatch(text)
    if match:
        return datetime(int(match["year"] or match["year2"]), int(match["month"] or match["month2"]), 1)
    if _YEAR_ONLY.fullmatch(text):
        return datetime(int(text), 1, 1)
    if text.replace(".", "").replace(",", "").isdigit():
        return None
    return _from_words(text) or _from_dateutil(text, day_first)


def _full_year(year: str) -> int:
    """Two digits are 1970 to 2069, as POSIX reads them nearly."""
    number = int(year)
    return number if len(year) == 4 else number + (1900 if number >= 70 else 2000)


def _moment(year: int, month: int, day: int, clock: re.Match[str] | None) -> datetime:
    """Put a date and the named time groups of a match together; a zone is turned into UTC."""
    if clock is None or clock["hour"] is None:
        return datetime(year, month, day)
    hour = int(clock["hour"])
    if clock["half"]:
        if not 1 <= hour <= 12:
            raise ValueError("a twelve-hour clock has hours 1 to 12")
        hour = hour % 12 + (12 if clock["half"].lower().startswith("p") else 0)
    micro = int((clock["fraction"] or "0")[:6].ljust(6, "0"))
    moment = datetime(year, month, day, hour, int(clock["minute"]), int(clock["second"] or 0), micro)
    zone = clock["zone"]
    if zone and zone[0] in "+-":
        digits = zone[1:].replace(":", "").ljust(4, "0")
        offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        moment += -offset if zone[0] == "+" else offset
    return moment


def _from_words(text: str) -> datetime | None:
    """Read a date with its month as a word in one of the six languages: "5 marca 2024", "Mar 2018", "May 5, 2024"."""
    clock = _CLOCK_WITHIN.search(text)
    rest = text if clock is None else f"{text[: clock.start()]} {text[clock.end() :]}"
    month = next((number for name, number in _ARABIC.items() if re.search(rf"(?<!\w){name}(?!\w)", rest)), None)
    for word in _WORD.findall(rest.casefold()) if month is None else ():
        if len(word) >= 3 and not _WEEKDAYS.match(word) and word[:3] in _STEMS:
            month = _STEMS[word[:3]]
    numbers = _DIGITS.findall(rest)
    years = [number for number in numbers if len(number) == 4]
    days = [number for number in numbers if len(number) <= 2]
    if month is None or len(years) + len(days) != len(numbers):
        return None
    if len(years) == 1 and len(days) <= 1:
        return _moment(int(years[0]), month, int(days[0]) if days else 1, clock)
    if not years and len(days) == 2:  # 05-Mar-18
        return _moment(_full_year(days[1].zfill(2)), month, int(days[0]), clock)
    return None


def _from_dateutil(text: str, day_first: bool) -> datetime | None:
    """Let dateutil try what is left; two defaults show which parts it would have made up."""
    import warnings

    from dateutil import parser

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an unknown zone name is read as no zone
            found, other = (
                parser.parse(text, dayfirst=day_first, default=default)
                for default in (datetime(2000, 1, 1), datetime(2001, 2, 2))
            )
    except (ValueError, OverflowError, TypeError, AttributeError):
        return None
    if found.date() != other.date():
        return None
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found
