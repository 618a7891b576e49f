"""What a ticket system writes of a ticket: yes or no, and how long it took."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from feedback_nlp.errors import MappingError
from feedback_nlp.language.reading.column_names import listed_names, normal_name
from feedback_nlp.records import FLAG_KINDS, ScoreKind, ScoreScale

LONGEST_HOURS = 1_000_000.0  # 114 years: a greater number is of another unit, or no time at all
UNITS = {"seconds": 1 / 3600, "minutes": 1 / 60, "hours": 1.0, "days": 24.0, "weeks": 168.0}  # in hours

_YES = frozenset(
    listed_names(
        "yes, y, true, t, 1, on, da, adevărat, да, истина, sì, si, vero, نعم, أجل, صحيح, tak, prawda, oui, ja, sí, sim"
    )
)
_NO = frozenset(
    listed_names("no, n, false, f, 0, off, nu, fals, нет, ложь, falso, لا, كلا, خطأ, nie, fałsz, non, nein, nee, não")
)
# Words for units after a number, and in the name of a column: English, Romanian, Russian, Italian, Arabic, Polish.
_UNIT_WORDS: dict[str, str] = {
    word: unit
    for unit, words in {
        "seconds": "s, sec, secs, second, seconds, secunde, secundă, с, сек, секунд, секунда, секунды, secondi, "
        "secondo, ثانية, ثواني, ثوان, sek, sekund, sekunda, sekundy",
        "minutes": "m, min, mins, minute, minutes, minut, мин, минут, минута, минуты, minuti, minuto, دقيقة, دقائق, "
        "minuty, minuta",
        "hours": "h, hr, hrs, hour, hours, ore, oră, ora, ч, час, часа, часов, часы, ساعة, ساعات, godz, godzin, "
        "godzina, godziny",
        "days": "d, day, days, zi, zile, д, дн, день, дня, дней, дни, сут, сутки, giorno, giorni, gg, g, يوم, أيام, "
        "dni, dzień, dnia",
        "weeks": "w, wk, week, weeks, săptămână, săptămâni, нед, неделя, недели, недель, settimana, settimane, "
        "أسبوع, أسابيع, tydz, tydzień, tygodnie, tygodni",
    }.items()
    for word in listed_names(words)
}
_NUMBER = r"\d+(?:[.,]\d+)?"
_BARE = re.compile(rf"[+-]?{_NUMBER}(?:[eE][+-]?\d+)?")
_CLOCK = re.compile(r"(?P<hours>\d+):(?P<minutes>\d{1,2})(?::(?P<seconds>\d{1,2}(?:[.,]\d+)?))?")
_ISO = re.compile(
    rf"P(?:(?P<weeks>{_NUMBER})W)?(?:(?P<days>{_NUMBER})D)?"
    rf"(?:T(?:(?P<hours>{_NUMBER})H)?(?:(?P<minutes>{_NUMBER})M)?(?:(?P<seconds>{_NUMBER})S)?)?",
    re.IGNORECASE,
)
_PART = re.compile(rf"({_NUMBER})\s*([^\W\d_]+)\.?")
_BETWEEN = re.compile(r"[\s,;]*(?:\b(?:and|și|si|и|e|و|i)\b)?[\s,;]*")

# Names that promise a fact of a ticket, as ``normal_name`` writes them. Only what can mean nothing else.
_FACTS: tuple[tuple[ScoreKind, re.Pattern[str]], ...] = (
    (
        "fcr",
        re.compile(
            r"\bfcr\b|\bfirst (?:contact|call|touch) resol(?:ution|ved)\b|\b(?:re)?solved (?:on|at|in) first"
            r"|\brezolv\w* (?:la|din) prim\w+ (?:contact|apel)|\bпри первом (?:обращении|контакте|звонке)"
            r"|\bс первого (?:обращения|контакта|звонка)|\b(?:risol\w+) al prim\w+ (?:contatto|chiamata)"
            r"|\bحل\w* .*اول (?:اتصال|تواصل)|الحل .*اول (?:اتصال|تواصل)"
            r"|\brozwiaz\w+ (?:przy|w|za) pierwszym (?:kontakcie|razem)"
        ),
    ),
    (
        "churn",
        re.compile(
            r"^(?:(?:has|is|was|customer|client|user|account|subscriber) )*churn(?:ed)?(?: (?:flag|label|value))?$"
            r"|^(?:client )?(?:a )?reziliat$|^client pierdut$|^отток(?: клиента)?$|^(?:клиент )?ушел$"
            r"|^(?:cliente )?perso$|^ha disdetto$|^(?:العميل )?غادر(?: العميل)?$|^الغى الاشتراك$|^klient odszedl$"
            r"|^rezygnacja klienta$"
        ),
    ),
    (
        "resolution",
        re.compile(
            r"\btime to (?:resol(?:ution|ve)|close)\b|\b(?:resolution|resolve) (?:time|duration)\b|^m?ttr\b"
            r"|^(?:resolution|resolved (?:in|after)) (?:seconds|minutes|hours|days|h|min)$"
            r"|\b(?:seconds|minutes|hours|days) to (?:resol(?:ution|ve)|close)\b"
            r"|\b(?:timp\w*|durata) (?:de |pana la )?(?:rezolv|solution)\w+"
            r"|\b(?:время|срок|длительность) (?:до )?решения"
            r"|\b(?:tempo|durata) (?:di |della )?(?:risoluzione|chiusura)|\b(?:وقت|مدة|زمن) (?:ال)?حل\b"
            r"|\bczas (?:do )?rozwiazania"
        ),
    ),
)


class Forced(NamedTuple):
    """A kind that a name or a word after the column asks for; ``unit`` is one of :data:`UNITS`, "" where none is."""

    kind: ScoreKind
    unit: str = ""


def fact_promised(column: str) -> ScoreKind | None:
    """Return the fact of a ticket that a column's name promises, or None."""
    plain = normal_name(column)
    return next((kind for kind, pattern in _FACTS if pattern.search(plain)), None)


def forced_by_word(word: str) -> Forced | None:
    """Return what a word after ``NAME=COLUMN:`` asks for: flag, churn, fcr, or the unit of a time; None for others."""
    if word in FLAG_KINDS:
        return Forced(word)
    return Forced("resolution", word) if word in UNITS else None


def forced_by_name(name: str) -> Forced | None:
    """Return what a score's own name asks for: churn, fcr, resolution, or one that ends in a unit: wait_minutes."""
    words = normal_name(name).split()
    if not words:
        return None
    unit = words[-1] if words[-1] in UNITS else ""
    bare = " ".join(words[:-1] if unit else words)
    if not unit and bare in ("churn", "churned"):
        return Forced("churn")
    if not unit and bare in ("fcr", "first contact resolution"):
        return Forced("fcr")
    if unit or bare in ("resolution", "resolution time", "time to resolution", "ttr"):
        return Forced("resolution", unit)
    return None


def unit_named(column: str) -> str:
    """Return the unit that a column's name ends in or holds: "resolution_minutes", "czas (godz.)"; "" for none."""
    found = [_UNIT_WORDS[word] for word in normal_name(column).split() if len(word) > 1 and word in _UNIT_WORDS]
    return found[-1] if found else ""


def fact_scale(name: str, kind: ScoreKind, *, higher_is_better: bool | None = None) -> ScoreScale:
    """Return the scale of a fact: flags are 0 or 1, times are hours. Only a plain flag can be better either way."""
    if kind == "resolution":
        return ScoreScale(name, kind, 0, LONGEST_HOURS, False)
    return ScoreScale(name, kind, 0, 1, kind == "fcr" or (kind == "flag" and higher_is_better is not False))


def told_fact(name: str, column: str, fact: Forced, higher_is_better: bool | None) -> tuple[ScoreScale, list[str]]:
    """Return the scale of a fact that was told, and lines for the user. Raises :class:`MappingError` for a direction
    that the kind does not have."""
    scale = fact_scale(name, fact.kind, higher_is_better=higher_is_better)
    if higher_is_better not in (None, scale.higher_is_better):
        better, worse = ("higher", "lower") if scale.higher_is_better else ("lower", "higher")
        raise MappingError(
            f"--score {name}={column}: {fact.kind} is better when {better}. Leave the direction out, or make it a flag "
            f"of your own: 'NAME={column}:flag:{worse}'."
        )
    if fact.kind != "resolution":
        return scale, []
    unit = time_unit(column, fact.unit)
    sure = "" if fact.unit or unit_named(column) else f"; if they are not, say so: {name}={column}:minutes"
    return scale, [f"Score {name!r}: plain numbers of {column!r} are read as {unit}{sure}."]


def time_unit(column: str, told: str = "") -> str:
    """Return the unit of a column's plain numbers: what was told, else what its name says, else hours."""
    return told or unit_named(column) or "hours"


def parse_flag(value: str) -> float | None:
    """Return 1 for yes, 0 for no (yes, true, 1, да, sì, نعم, tak and the like, in any case), None for all else."""
    text = normal_name(value)
    if text.endswith(" 0") and text[:-2] in ("0", "1"):  # 1.0
        text = text[:-2]
    return 1.0 if text in _YES else 0.0 if text in _NO else None


def parse_hours(value: str, unit: str = "hours") -> float | None:
    """Return how many hours a cell says, below 0 where it has a minus before it, or None when it says no time.

    Reads numbers (of ``unit``), "PT1H30M" (ISO 8601; not years and months, whose length varies), "2d 3h", "1 day,
    02:03:04", "26:10:00" and "1:30" (hours and minutes), with the units' words in six languages.
    """
    text = value.strip().replace("\u2212", "-")
    if _BARE.fullmatch(text):
        return float(text.replace(",", ".")) * UNITS[unit]
    sign = -1.0 if text.startswith("-") else 1.0
    text = text.lstrip("+-").strip()
    iso = _ISO.fullmatch(text)
    if iso:
        parts = {name: _float(found) for name, found in iso.groupdict().items() if found is not None}
        return sign * sum(number * UNITS[name] for name, number in parts.items()) if parts else None
    clock = _CLOCK.search(text)
    hours = 0.0
    if clock:
        if clock.end() != len(text) or int(clock["minutes"]) > 59 or _float(clock["seconds"] or "0") >= 60:
            return None
        hours = int(clock["hours"]) + int(clock["minutes"]) / 60 + _float(clock["seconds"] or "0") / 3600
        text = text[: clock.start()]
    found = 0.0 if clock else None
    place = 0
    while match := _PART.match(text, place):
        name = _UNIT_WORDS.get(normal_name(match[2]))
        if name is None:
            return None
        found = (found or 0.0) + _float(match[1]) * UNITS[name]
        place = match.end()
        between = _BETWEEN.match(text, place)
        place = between.end() if between else place
    return None if found is None or text[place:].strip() else sign * (found + hours)


def cell_parser(kind: ScoreKind, unit: str) -> Callable[[str], float | None] | None:
    """Return what reads a cell of a fact; None for scores that people gave, which have a reader of their own."""
    if kind in FLAG_KINDS:
        return parse_flag
    return (lambda value: parse_hours(value, unit or "hours")) if kind == "resolution" else None


def _float(text: str) -> float:
    return float(text.replace(",", "."))
