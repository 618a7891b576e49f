"""Scores: what their numbers mean, how they are written, and what may be called an NPS."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from feedback_nlp.errors import MappingError
from feedback_nlp.language.reading.ticket_values import (
    UNITS,
    Forced,
    forced_by_name,
    forced_by_word,
    told_fact,
    unit_named,
)
from feedback_nlp.records import FLAG_KINDS, ScoreKind, ScoreScale

# Below this many scores a file can lack the upper half of a 0-10 scale by chance (a quiet night, an angry one).
FEWEST_TO_DOUBT = 10
FEWEST_TO_MISS_ZERO = 200

_BOUNDS = re.compile(r"(?P<low>-?\d+(?:[.,]\d+)?)\s*(?:-|\.\.|–)\s*(?P<high>-?\d+(?:[.,]\d+)?)")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?")
_OUT_OF = re.compile(
    r"(?P<value>\d+(?:[.,]\d+)?)\s*(?:/|out of|of|din|из|su|z|na|من)\s*(?P<top>\d+)(?:\s[^\d]*)?", re.IGNORECASE
)
_LABELLED = re.compile(r"(?P<value>\d+(?:[.,]\d+)?)\s*(?:[-–—:.)]\s*)?[^\d\s.,:;/%-][^\d]*")
_STARS = "★⭐🌟"
_EMPTY_STARS = "☆"
_PRINTABLE = re.compile(r"[\d.,+\-/ ★☆⭐%]{1,12}")
# What a cell holds that says that there is no value.
MISSING = frozenset({"", "na", "n/a", "#n/a", "nan", "null", "none", "nil", "-", "--", "–", "—", ".", "?", "n.a."})

_STANDARD: Mapping[str, tuple[ScoreKind, float, float]] = {
    "nps": ("nps", 0, 10),
    "csat": ("csat", 1, 5),
    "stars": ("stars", 1, 5),
    "likely": ("likely", 1, 10),
}
_CSAT_RANGES = ((1, 5), (1, 7), (1, 10), (0, 10), (0, 100), (1, 3), (1, 4))
_CES_RULE = (
    "The two conventions run against each other: 'the company made it easy' (1-7, a high number is good, "
    "'ces=COLUMN:1-7:higher') and 'how much effort did it take' (a high number is bad, 'ces=COLUMN:1-5:lower')."
)


@dataclass(frozen=True, slots=True)
class ScoreFlag:
    """One ``--score NAME=COLUMN[:MIN-MAX|:KIND][:higher|lower]`` taken apart; None where it says nothing.

    ``fact`` is what the kind, or else the name, asks for: a yes or no, or a time and its unit.
    """

    name: str
    column: str
    bounds: tuple[float, float] | None = None
    higher_is_better: bool | None = None
    fact: Forced | None = None


@dataclass(frozen=True, slots=True)
class ScoreRange:
    """The scores found in a column: how many, least and most, how many are whole, and their distinct values."""

    counts: Mapping[float, int]

    @property
    def n(self) -> int:
        """How many scores there are."""
        return sum(self.counts.values())

    @property
    def low(self) -> float:
        """The least score; raises ValueError when there is none."""
        return min(self.counts)

    @property
    def high(self) -> float:
        """The greatest score; raises ValueError when there is none."""
        return max(self.counts)

    def share_within(self, low: float, high: float, *, whole: bool = False) -> float:
        """Share (0..1) of the scores that lie in ``low``..``high`` and, if asked, are whole numbers."""
        inside = sum(n for v, n in self.counts.items() if low <= v <= high and (not whole or v.is_integer()))
        return inside / self.n if self.counts else 0.0

    def fits(self, low: float, high: float, least: float) -> bool:
        """Whether ``least`` (0..1) of the scores lie in the bounds, or most do and the one or two others are slips."""
        share = self.share_within(low, high)
        return not self.counts or share >= least or (share > 0.5 and round(self.n * (1 - share)) < 3)

    def seen(self) -> str:
        """Words for a message: "1 to 5 in 240 rows"."""
        return f"{self.low:g} to {self.high:g} in {self.n} rows" if self.counts else "no number at all"


def is_missing(value: str) -> bool:
    """Whether a cell says that there is no value: empty, NA, null, a dash and the like."""
    word = value.strip()
    return len(word) <= 4 and word.casefold() in MISSING


def parse_score(value: str, top: float | None = None) -> float | None:
    """Return the number that a score cell holds, or None when it holds none.

    Reads "9", "9.0", "9,0", "9/10", "4 out of 5", "10 - Extremely likely", "5 stars" and "★★★★☆". When ``top`` is
    given, a stated maximum such as the 10 of "9/10" must equal it, or the value is of another scale: None.
    """
    text = value.strip()
    if _NUMBER.fullmatch(text):
        return float(text.replace(",", "."))
    marks = text.replace("\ufe0f", "").replace(" ", "")
    if marks and not marks.strip(_STARS + _EMPTY_STARS):
        stars = float(sum(marks.count(star) for star in _STARS))
        return stars or None
    match = _OUT_OF.fullmatch(text)
    if match:
        return None if top is not None and float(match["top"]) != top else float(match["value"].replace(",", "."))
    match = _LABELLED.fullmatch(text)
    return float(match["value"].replace(",", ".")) if match else None


def printable(value: str) -> str:
    """Return the value in quotes when it is short and looks like a number, else words that give nothing away."""
    text = value.strip()
    return repr(text) if _PRINTABLE.fullmatch(text) else "the value"


def score_problem(number: float | None, raw: str, scale: ScoreScale) -> str | None:
    """Return why a score cannot be taken, or None when it can. No text of the file is repeated."""
    bounds = f"{scale.minimum:g} to {scale.maximum:g}"
    if scale.kind in FLAG_KINDS:
        return f"{scale.name}: {printable(raw)} is neither yes nor no" if number is None else None
    if scale.kind == "resolution" and (number is None or not 0 <= number <= scale.maximum):
        said = printable(raw)
        if number is None:
            return f"{scale.name}: {said} is not a time, such as 5.5, 2d 3h, 26:10:00 or PT1H30M"
        why = "is below 0: it would end before it began" if number < 0 else f"is over {scale.maximum:,.0f} hours"
        return f"{scale.name}: {said} {why}"
    if number is None:
        return f"{scale.name}: {printable(raw)} is not a score from {bounds}"
    if not scale.minimum <= number <= scale.maximum:
        return f"{scale.name}: {printable(raw)} lies outside {bounds}"
    if scale.kind == "nps" and not number.is_integer():
        return f"{scale.name}: {printable(raw)} is not a whole number from {bounds}"
    return None


def parse_score_flag(raw: str, columns: Collection[str]) -> ScoreFlag:
    """Take one ``NAME=COLUMN[:MIN-MAX|:KIND][:higher|lower]`` apart; a column may hold colons of its own.

    KIND is flag, churn or fcr (yes or no), or the unit of a time: seconds, minutes, hours, days or weeks.

    Raises :class:`MappingError` for a flag without a name or a column, or with its bounds the wrong way round.
    """
    name, equals, rest = raw.partition("=")
    name, rest = name.strip().casefold(), rest.strip()
    if not equals or not name or not rest:
        raise MappingError(
            f"--score {raw!r} lacks a part: it is NAME=COLUMN[:MIN-MAX][:higher|lower], such as 'nps=rating'."
        )
    if not re.fullmatch(r"\w[\w -]{0,39}", name):
        raise MappingError(f"--score {raw!r}: a score's name is up to 40 letters, digits, '_' or '-'. Choose another.")
    bounds: tuple[float, float] | None = None
    higher: bool | None = None
    fact: Forced | None = None
    while rest not in columns and ":" in rest:
        head, _, tail = rest.rpartition(":")
        tail = tail.strip().casefold()
        match = _BOUNDS.fullmatch(tail)
        if tail in ("higher", "lower") and higher is None and bounds is None and fact is None:
            higher = tail == "higher"
        elif (word := forced_by_word(tail)) and bounds is None and fact is None:
            fact = word
        elif match and bounds is None and fact is None:
            bounds = (float(match["low"].replace(",", ".")), float(match["high"].replace(",", ".")))
        else:
            break
        rest = head.strip()
    if bounds and bounds[0] >= bounds[1]:
        raise MappingError(f"--score {raw!r}: the scale {bounds[0]:g}-{bounds[1]:g} runs from MIN to a greater MAX.")
    if fact is None and bounds is None and (named := forced_by_name(name)) is not None:
        fact = named._replace(unit=unit_named(rest) or named.unit) if named.kind == "resolution" else named
    return ScoreFlag(name, rest, bounds, higher, fact)


def declared_scale(flag: ScoreFlag, found: ScoreRange) -> tuple[ScoreScale, list[str]]:
    """Return the scale that a flag declares and warnings for the user, after holding it against the values.

    NPS is 0-10 and nothing else; CES must say its direction; a name of one's own must say its bounds. Raises
    :class:`MappingError` where the declaration is incomplete or the values belong to another scale.
    """
    name, spec = flag.name, f"--score {flag.name}={flag.column}"
    if flag.fact is not None:
        return told_fact(name, flag.column, flag.fact, flag.higher_is_better)
    if name == "nps":
        _refuse_false_nps(flag, found, spec)
        return ScoreScale("nps", "nps", 0, 10), _nps_warnings(flag, found)
    if name == "ces":
        if flag.higher_is_better is None or flag.bounds is None:
            lacking = "its direction" if flag.bounds else "its scale and its direction"
            raise MappingError(f"{spec}: an effort score must say {lacking}. {_CES_RULE} Values seen: {found.seen()}.")
        scale = ScoreScale("ces", "ces", *flag.bounds, flag.higher_is_better)
    elif name in _STANDARD:
        kind, low, high = _STANDARD[name]
        bounds = flag.bounds or (low, high)
        if name == "csat" and bounds not in _CSAT_RANGES:
            allowed = ", ".join(f"{a}-{b}" for a, b in _CSAT_RANGES)
            raise MappingError(
                f"{spec}:{bounds[0]:g}-{bounds[1]:g}: a CSAT scale is one of {allowed}. Give another name for others."
            )
        scale = ScoreScale(name, kind, *bounds, flag.higher_is_better is not False)
    else:
        if flag.bounds is None:
            known = ", ".join((*_STANDARD, "ces", "churn", "fcr", "resolution"))
            raise MappingError(
                f"{spec}: a score of one's own needs its scale, such as '{name}={flag.column}:1-5', or its kind: "
                f":flag for yes or no, :{', :'.join(UNITS)} for a time. "
                f"Values seen: {found.seen()}. Names with a scale: {known}."
            )
        scale = ScoreScale(name, "other", *flag.bounds, flag.higher_is_better is not False)
    least = 0.5 if flag.bounds else 0.95  # bounds that were not told are doubted sooner than told ones
    if not found.fits(scale.minimum, scale.maximum, least):
        raise MappingError(
            f"{spec}: the scale {scale.minimum:g}-{scale.maximum:g} does not fit; values seen: {found.seen()}. "
            f"Say the scale that was asked, such as '{name}={flag.column}:{found.low:g}-{found.high:g}'."
        )
    return scale, []


def _refuse_false_nps(flag: ScoreFlag, found: ScoreRange, spec: str) -> None:
    if flag.bounds not in (None, (0, 10)) or flag.higher_is_better is False:
        raise MappingError(
            f"{spec}: NPS is defined on 0-10 with 10 the best, and other scales are not converted to it. "
            f"Use another name, such as 'likely={flag.column}:1-10' or 'stars={flag.column}'."
        )
    if not found.counts:
        return
    small = found.high <= 5 and found.n >= FEWEST_TO_DOUBT
    if small or not found.fits(0, 10, 0.95):
        offer = f"stars={flag.column}" if found.high <= 5 else f"likely={flag.column}:{found.low:g}-{found.high:g}"
        raise MappingError(
            f"{spec}: values run from {found.seen()}, so the question was not asked on 0-10 and has no NPS. "
            f"Scores are never converted between scales. Use '--score {offer}' or a name of your own with MIN-MAX."
        )


def _nps_warnings(flag: ScoreFlag, found: ScoreRange) -> list[str]:
    if found.counts and found.high <= 5:
        return [f"Score 'nps': only {found.seen()} seen in {flag.column!r}; too few to doubt that it is 0-10."]
    if found.n >= FEWEST_TO_MISS_ZERO and found.low >= 1:
        return [
            f"Score 'nps': no 0 among {found.n} scores of {flag.column!r}. If it was asked on 1-10 it is no NPS: "
            f"use --score likely={flag.column}."
        ]
    return []


def guessed_scale(name: str, found: ScoreRange) -> tuple[ScoreScale | None, str]:
    """Guess the scale of a column whose name promises ``name``: nps, csat, ces, stars, likely or "" (any rating).

    Returns the scale, or None where guessing would be wrong, and the reason for either.
    """
    if not found.counts:
        return None, "it holds no numbers"
    seen = f"values {found.low:g} to {found.high:g}"
    whole = found.share_within(-1e9, 1e9, whole=True) >= 0.99
    if name == "ces":
        return None, f"an effort score must say its direction. {_CES_RULE}"
    if name == "csat":
        if found.share_within(1, 5) >= 0.99:
            return ScoreScale("csat", "csat", 1, 5), f"{seen}, taken as 1-5 by its name"
        return None, f"{seen} do not fit 1-5; say its scale, such as --score csat=COLUMN:1-7"
    if name == "nps":
        if found.share_within(0, 10, whole=True) >= 0.95 and not (found.high <= 5 and found.n >= FEWEST_TO_DOUBT):
            return ScoreScale("nps", "nps", 0, 10), f"{seen}, taken as 0-10 by its name"
        return None, f"{seen} do not look like 0-10; name the scale, such as --score stars=COLUMN"
    if name != "likely" and whole and found.share_within(1, 5) >= 0.99:
        return ScoreScale("stars", "stars", 1, 5), f"whole numbers from {found.low:g} to {found.high:g} within 1-5"
    if name != "stars" and whole and found.share_within(0, 10) >= 0.99 and found.counts.get(0.0) and found.high > 5:
        return ScoreScale("nps", "nps", 0, 10), f"whole numbers from 0 to {found.high:g}, as NPS is asked"
    if name != "stars" and found.share_within(1, 10) >= 0.99 and found.high > 5:
        return (
            ScoreScale("likely", "likely", 1, 10),
            f"{seen} without a 0: a 1-10 scale, which is not NPS (NPS is asked on 0-10)",
        )
    return None, f"{seen} fit no usual scale; name it, such as --score rating=COLUMN:{found.low:g}-{found.high:g}"
