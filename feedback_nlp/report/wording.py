"""Numbers, dates, languages and views in words, as the report writes them."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime, timedelta

from feedback_nlp.analysis.outcomes import SENTIMENT, Outcome
from feedback_nlp.analysis.overview import NON_ANSWER_WORDS, Overview
from feedback_nlp.analysis.passages import placeholder_words
from feedback_nlp.analysis.replaced import Replaced
from feedback_nlp.language_names import language_name
from feedback_nlp.records import FACT_KINDS, View

MINUS = "\u2212"
DASH = "\u2013"
_NOUNS = {
    "nps": "NPS",
    "csat": "CSAT",
    "stars": "the star rating",
    "likely": "likelihood to return",
    "ces": "ease",
    "churn": "the churn rate",
    "fcr": "first-contact resolution",
    "resolution": "time to resolution",
    SENTIMENT: "net sentiment",
}
_SCRIPTS = {"ARABIC": "ar", "HEBREW": "he"}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def number(value: float, digits: int = 0, *, signed: bool = False) -> str:
    """Write a number with a true minus sign and thousands apart; nothing is written as minus zero."""
    rounded = round(value, digits) + 0.0
    text = f"{abs(rounded):,.{digits}f}"
    if rounded < 0:
        return MINUS + text
    return f"+{text}" if signed and rounded > 0 else text


def percent(share: float) -> str:
    """Write a share (0..1) as a percentage; below one per cent with a decimal."""
    return f"{100 * share:.1f}%" if 0 < share < 0.0095 else f"{100 * share:.0f}%"


def share_range(low: float, high: float) -> str:
    """Write the ends of a share's interval."""
    digits = 1 if 0 < high < 0.0095 else 0
    return f"{100 * low:.{digits}f} to {100 * high:.{digits}f}%"


def value_digits(outcome: Outcome) -> int:
    """Decimals of a value: a mean on a short scale needs two."""
    return outcome.digits if outcome.family == "mean" or outcome.kind in FACT_KINDS else 0


def outcome_noun(outcome: Outcome) -> str:
    """Name the outcome within a sentence: "NPS", "net sentiment", or a score's own name."""
    return (
        _NOUNS[outcome.kind]
        if outcome.name == outcome.kind and outcome.kind in _NOUNS
        else f"\u201c{outcome.name}\u201d"
    )


def non_answers(facts: Overview) -> str:
    """Say what the answers that say nothing are, by kind: "12 “n/a”, 8 a bare number"."""
    return ", ".join(f"{n:,} {NON_ANSWER_WORDS.get(kind, kind)}" for kind, n in facts.non_answers.iter_rows())


def replaced_line(row: Replaced) -> str:
    """Say how often a kind of personal data was replaced, and in which languages."""
    places = [f"{language_name(language)} {n:,}" for language, n in row.languages]
    if row.n_elsewhere:
        places.append(f"elsewhere {row.n_elsewhere:,}" if places else "too few people in each language")
    return f"{placeholder_words(row.kind)} {row.n:,} ({', '.join(places)})"


def script_language(text: str) -> str | None:
    """Return the language to read a label in by its script, where the page's own would not do: "ar" or "he"."""
    for name, code in _SCRIPTS.items():
        if any(unicodedata.name(character, "").startswith(name) for character in text):
            return code
    return None


def day(moment: date | datetime) -> str:
    """Write a day as 6 Jan 2025, in any locale."""
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def month(text: str) -> str:
    """Write "2025-03" as Mar 2025."""
    return f"{_MONTHS[int(text[5:7]) - 1]} {text[:4]}"


def period(first: datetime | None, last: datetime | None) -> str:
    """Write a period, or say that nothing is dated."""
    if first is None or last is None:
        return "no dates"
    return day(first) if first.date() == last.date() else f"{day(first)} {DASH} {day(last)}"


def in_words(view: View) -> list[str]:
    """Spell a view out, one part a filter; a view without filters is said to be one."""
    parts = [(name[:1].upper() + name[1:], values) for name, values in sorted(view.segments.items())]
    parts += [
        ("Language", tuple(language_name(code) for code in view.languages)),
        ("Question", view.questions),
        ("Source", view.sources),
        ("Channel", view.channels),
        ("NPS segment", view.nps_segments),
        *((f"{name[:1].upper() + name[1:]} as said", values) for name, values in sorted(view.facets.items())),
    ]
    words = [f"{name.replace('_', ' ')}: {', '.join(values)}" for name, values in parts if values]
    if view.since:
        words.append(f"From {_iso_day(view.since)}")
    if view.until:
        words.append(f"To {_iso_day(view.until, before=True)}")
    return words or ["All feedback"]


def _iso_day(text: str, *, before: bool = False) -> str:
    moment = datetime.fromisoformat(text)
    if before and moment.time() == datetime.min.time():
        moment -= timedelta(days=1)  # the end is exclusive: until 1 June means to 31 May
    return day(moment)
