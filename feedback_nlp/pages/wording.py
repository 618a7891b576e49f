"""Numbers, languages and views in words; what every page says the same way."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from feedback_nlp.language_names import language_name
from feedback_nlp.records import View

if TYPE_CHECKING:
    from feedback_nlp.analysis.overview import Overview
    from feedback_nlp.analysis.replaced import Replaced

MINUS = "\u2212"
DIMENSION_NAMES = {
    "nps_segment": "NPS segment",
    "language": "Language",
    "question": "Question",
    "source": "Source",
    "channel": "Channel",
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


_MARKDOWN = re.compile(r"([!-/:-@\[-`{-~])")  # ASCII punctuation
_JOINER = "\u2060"  # takes no room; where it stands, an address or a colon is only text


def plain(text: str) -> str:
    """Return words of others so that they stand in Markdown as they are: no link, picture, heading or emoji."""
    text = " ".join(text.split())
    text = re.sub(r"([:@])(?=\S)", rf"\1{_JOINER}", text)
    text = re.sub(r"(www)(?=\.)", rf"\1{_JOINER}", text, flags=re.IGNORECASE)
    return _MARKDOWN.sub(r"\\\1", text)


def dimension_name(name: str) -> str:
    """Return what a split is called on screen; a segment column keeps its own name, with a capital."""
    return DIMENSION_NAMES.get(name) or (name[:1].upper() + name[1:]).replace("_", " ")


def value_name(dimension: str, value: str | None) -> str:
    """Return one value of a split as it is shown."""
    if value is None or value == "":
        return "Not given"
    return language_name(value) if dimension == "language" else value


def month_name(month: str) -> str:
    """``2025-03`` becomes ``Mar 2025``."""
    year, number = month.split("-")[:2]
    return f"{_MONTHS[int(number) - 1]} {year}"


def _missing(value: float | None) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def count(value: int | None) -> str:
    """A whole number with thin separators; a dash when it is withheld."""
    return "\u2013" if value is None else f"{value:,}"


def percent(ratio: float | None, digits: int = 0) -> str:
    """A ratio in 0..1 as a percentage."""
    return "\u2013" if ratio is None or _missing(ratio) else f"{100 * ratio:.{digits}f}%"


def percent_interval(low: float | None, high: float | None) -> str:
    """A 95% interval of a ratio, as percentages."""
    if low is None or high is None or _missing(low) or _missing(high):
        return "no interval"
    return f"{100 * low:.0f}\u2013{100 * high:.0f}%"


def number(value: float | None, *, signed: bool = False, digits: int = 1) -> str:
    """A number with a true minus sign, and a plus sign when ``signed``."""
    if value is None or _missing(value):
        return "\u2013"
    text = f"{abs(value):.{digits}f}"
    if float(text) == 0:
        return text
    return (MINUS if value < 0 else "+" if signed else "") + text


def interval(low: float | None, high: float | None, *, signed: bool = False, digits: int = 1) -> str:
    """A 95% interval of a number."""
    if low is None or high is None or _missing(low) or _missing(high):
        return "no interval"
    return f"{number(low, signed=signed, digits=digits)} to {number(high, signed=signed, digits=digits)}"


def short_label(label: str) -> str:
    """An outcome's label without what stands in brackets, for headings of columns and figures."""
    return label.partition(" (")[0]


def clear_of_zero(low: float | None, high: float | None) -> bool:
    """Whether an interval leaves zero out."""
    return low is not None and high is not None and not _missing(low) and not _missing(high) and (low > 0 or high < 0)


def listed(words: Iterable[str]) -> str:
    """``a``, ``a or b``, ``a, b or c``."""
    items = list(words)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} or {items[-1]}" if items else ""


def answers_words(facts: Overview) -> list[str]:
    """Say what the answers that say nothing are, what "nothing" means by the question, and how many answers repeat.

    One sentence each; what is withheld is not said.
    """
    from feedback_nlp.analysis.overview import NON_ANSWER_WORDS

    said = []
    if facts.n_non_answers:
        kinds = [f"{count(n)} {NON_ANSWER_WORDS.get(kind, kind)}" for kind, n in facts.non_answers.iter_rows()]
        said.append(f"{count(facts.n_non_answers)} answers say nothing: {'; '.join(kinds)}.")
    if facts.nothing_to_improve is not None and facts.nothing_to_improve.n:
        some = facts.nothing_to_improve
        said.append(
            f"{count(some.n)} of the {count(some.n_asked)} answers about what to improve say \u201cnothing\u201d: "
            "a compliment."
        )
    if facts.nothing_good is not None and facts.nothing_good.n:
        some = facts.nothing_good
        said.append(
            f"{count(some.n)} of the {count(some.n_asked)} answers about what was good say \u201cnothing\u201d: "
            "a complaint."
        )
    repeats = [
        f"{count(n)} {words}"
        for n, words in ((facts.n_exact_duplicates, "word for word"), (facts.n_near_duplicates, "nearly so"))
        if n
    ]
    if repeats:
        said.append(f"Answers that repeat another one: {', '.join(repeats)}; they count.")
    return said


def replaced_languages(row: Replaced) -> str:
    """Say in which languages how many placeholders of a kind stand; languages of too few people are taken together."""
    parts = [f"{language_name(language)} {count(n)}" for language, n in row.languages]
    if row.n_elsewhere:
        parts.append(f"elsewhere {count(row.n_elsewhere)}" if parts else "too few people in each language")
    return ", ".join(parts)


def view_words(view: View) -> str:
    """Say a view in words; an empty view is ``all feedback``."""
    parts = []
    if view.nps_segments:
        parts.append(f"of {listed(f'{name}s' for name in view.nps_segments)}")
    if view.languages:
        parts.append(f"in {listed(map(language_name, view.languages))}")
    if view.since or view.until:
        parts.append(_period(view))
    if view.questions:
        parts.append("answering " + listed(f"\u201c{question}\u201d" for question in view.questions))
    if view.sources:
        parts.append(f"from source {listed(view.sources)}")
    if view.channels:
        parts.append(f"by {listed(view.channels)}")
    parts.extend(f"{name} {listed(values)}" for name, values in sorted(view.segments.items()) if values)
    for name, values in sorted(view.facets.items()):
        if values:
            parts.append(f"{dimension_name(name).lower()} (as said) {listed(map(dimension_name, values))}")
    return f"feedback {', '.join(parts)}" if parts else "all feedback"


def _period(view: View) -> str:
    """The months of a view whose bounds are first days of months (``until`` is exclusive)."""
    first = month_name(view.since) if view.since else None
    last = month_name(month_before(view.until)) if view.until else None
    if first and last:
        return f"in {first}" if first == last else f"from {first} to {last}"
    return f"since {first}" if first else f"up to {last}"


def month_after(month: str) -> str:
    """The month after ``YYYY-MM``, as ``YYYY-MM``."""
    year, number_ = (int(part) for part in month.split("-")[:2])
    return f"{year + number_ // 12:04d}-{number_ % 12 + 1:02d}"


def month_before(month: str) -> str:
    """The month before ``YYYY-MM`` (a day may follow), as ``YYYY-MM``."""
    year, number_ = (int(part) for part in month.split("-")[:2])
    return f"{year - (number_ == 1):04d}-{(number_ - 2) % 12 + 1:02d}"
