"""Guessing what a column is, from its name first and its values second."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from shlex import quote
from typing import TYPE_CHECKING

from feedback_nlp.language.language_codes import language_code
from feedback_nlp.language.reading import column_names as names
from feedback_nlp.language.reading.column_names import Role
from feedback_nlp.language.reading.column_profile import Profile, profile, score_range
from feedback_nlp.language.reading.dates import DateFormat, decide_format, parse_dates
from feedback_nlp.language.reading.sampling import tells_rows_apart
from feedback_nlp.language.reading.scales import guessed_scale, is_missing
from feedback_nlp.language.reading.ticket_values import cell_parser, fact_promised, fact_scale, unit_named
from feedback_nlp.records import ScoreScale

if TYPE_CHECKING:
    from feedback_nlp.language.reading.tables import Table

_MOST_SOURCES = 100  # a source or channel column with more values names something else
_NUMERIC_DATE = r"^\s*\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T\s,].*)?$"
_BARE_NUMBER = re.compile(r"\s*[+-]?\d+(?:[.,]\d+)?\s*")
_NOT_TEXT: tuple[Role, ...] = ("id", "customer", "date", "question", "source", "channel", "language")
_MUCH_LONGER = 3.0  # times the length at which a text column beats one that is only named like text
_SCORE_ORDER = ("nps", "csat", "ces", "likely", "stars", "")


@dataclass(frozen=True)
class Evidence:
    """A table and the facts about its columns, counted once."""

    table: Table

    @cached_property
    def facts(self) -> dict[str, Profile]:
        """The profile of every column."""
        return {name: profile(self.table.sample[name]) for name in self.table.columns}

    def filled_values(self, column: str) -> list[str]:
        """The cells of a column that hold a value, in the file's order."""
        return [value for value in self.table.sample[column].to_list() if not is_missing(value)]


def guess_text(evidence: Evidence, free: Sequence[str]) -> tuple[list[str], str]:
    """Return the text columns in the file's order and why; none when no column looks like text.

    A name that promises text counts for more than anything else, unless its values are no texts ("Ticket": T1, T2)
    and another column's are. Short answers ("the queue") are texts, unless another column's are several times as long.
    """
    facts = evidence.facts
    usable = [c for c in free if not (names.is_coded(c) or names.is_title(c))]
    read = [c for c in usable if facts[c].reads_like_text]
    open_ended = [c for c in usable if c in read or facts[c].filled == 0]
    questions = [c for c in open_ended if names.is_question(c)]
    by_stem = {names.stem(c): c for c in reversed(usable) if facts[c].could_be_text}
    by_stem |= {names.stem(c): c for c in reversed(read)}
    named = names.named_for("text", list(by_stem))
    written = [c for c in read if not names.is_personal(c)]
    rivals = [facts[c].mean_length for c in written if not any(names.named_for(role, [c]) for role in _NOT_TEXT)]
    brief = [n for n in named if facts[by_stem[n]].coded < 0.5]
    brief = [n for n in brief if max(rivals, default=0.0) < _MUCH_LONGER * facts[by_stem[n]].mean_length]
    best = next((n for n in [*(n for n in named if by_stem[n] in read), *brief]), None)
    if named and (best or not written):
        name = best or named[0]
        siblings = [c for c in open_ended if names.stem(c) == name]
        return [c for c in free if c == by_stem[name] or c in siblings or c in questions], "by its name"
    if questions and (not written or any(c in read for c in questions)):
        return questions, "because its name asks an open question"
    written = written or [c for c in free if names.is_title(c) and facts[c].reads_like_text]
    if not written:
        return [], ""
    longest = max(written, key=lambda c: (facts[c].mean_length, -free.index(c)))
    why = f"the longest texts of the file, {facts[longest].mean_length:.0f} characters on average"
    if named:
        why += f"; {by_stem[named[0]]!r} is named like text, but its values do not read like it"
    numbered = names.stem(longest) != names.normal_name(longest)  # Q2 and Q3 are sibling questions
    return [c for c in written if c == longest or (numbered and names.stem(c) == names.stem(longest))], why


def guess_role(evidence: Evidence, free: Sequence[str], role: Role, question: str | None) -> str | None:
    """Return the column with the best name for a role whose values fit it, or None."""
    return next((c for c in names.named_for(role, free) if _fits(evidence, role, c, question)), None)


def _fits(evidence: Evidence, role: Role, column: str, question: str | None) -> bool:
    facts, table = evidence.facts[column], evidence.table
    if facts.filled == 0:
        return table.n_rows == 0
    if role == "id":
        return _names_rows(table, [column] if question is None else [column, question])
    if role == "language":
        known = [language_code(value) is not None for value in table.sample[column].unique().to_list() if value.strip()]
        return sum(known) >= 0.5 * len(known)
    if role in ("source", "channel", "question"):
        return facts.distinct <= _MOST_SOURCES and not (facts.unique and facts.distinct > 10)
    return True


def _names_rows(table: Table, columns: list[str]) -> bool:
    """Whether the columns tell nearly all rows apart: rows that were copied whole count once, and one in a hundred
    rows (one at all in a file of 20 or more) may lack an id or share it."""
    rows, _, named = tells_rows_apart(table, columns)
    return named > 0 and rows - named <= max(rows // 100, int(rows >= 20))


def guess_date(evidence: Evidence, free: Sequence[str]) -> tuple[str, DateFormat, str] | None:
    """Return the date column, its format and why: named for a date, or full of dates; None when there is none."""
    named = names.named_for("date", free)
    dated = [c for c in free if c not in named and _dated_share(evidence, c) >= 0.95]
    for column in [*named, *dated]:
        if evidence.table.n_rows == 0:
            return column, DateFormat(), "by its name"
        values = evidence.filled_values(column)
        form = decide_format(values)
        read = sum(moment is not None for moment in parse_dates(values, form))
        if values and read >= 0.8 * len(values):
            why = "by its name" if column in named else "by its values"
            return column, form, f"{why}; {form.explanation.replace('COLUMN', repr(column))}"
    return None


def _dated_share(evidence: Evidence, column: str) -> float:
    filled = evidence.facts[column].filled
    return int(evidence.table.sample[column].str.contains(_NUMERIC_DATE).sum()) / filled if filled else 0.0


def guess_scores(evidence: Evidence, free: Sequence[str]) -> list[tuple[str, ScoreScale | None, str]]:
    """Return (column, scale, why) of every column whose name promises a score and whose cells hold numbers.

    The scale is None where the column has to be left out. Every score name occurs once.
    """
    promised = [(_SCORE_ORDER.index(kind), c) for c in free if (kind := names.score_name(c)) is not None]
    found: list[tuple[str, ScoreScale | None, str]] = []
    taken: set[str] = set()
    for rank, column in sorted(promised, key=lambda pair: pair[0]):
        numbers, share = score_range(evidence.table.sample[column])
        if share < 0.8:
            continue  # words such as "very satisfied": a segment perhaps
        scale, why = guessed_scale(_SCORE_ORDER[rank], numbers)
        if scale is not None and scale.name in taken:
            why = (
                f"there is a score {scale.name!r} already; name it to keep it, such as "
                f"--score {quote(f'NAME={column}:{scale.minimum:g}-{scale.maximum:g}')}"
            )
            scale = None
        if scale is not None:
            taken.add(scale.name)
        found.append((column, scale, why.replace("COLUMN", column)))
    return found + _guess_facts(evidence, [c for c in free if names.score_name(c) is None], taken)


def _guess_facts(evidence: Evidence, free: Sequence[str], taken: set[str]) -> list[tuple[str, ScoreScale | None, str]]:
    """Return what :func:`guess_scores` does, of the columns whose name promises a fact of a ticket or a customer.

    A plain number is a time only where the name says its unit: hours taken for minutes would go unseen.
    """
    found: list[tuple[str, ScoreScale | None, str]] = []
    for column in free:
        kind = fact_promised(column)
        parse = cell_parser(kind, unit_named(column)) if kind is not None else None
        if kind is None or parse is None:
            continue
        values = evidence.filled_values(column)
        numbers, share = score_range(evidence.table.sample[column], parse)
        if not values or share < 0.95:
            continue
        if kind in taken:
            why = (
                f"there is a score {kind!r} already; name it to keep it, such as --score {quote(f'NAME={column}')}:flag"
            )
            found.append((column, None, why.replace(":flag", ":hours") if kind == "resolution" else why))
        elif kind == "resolution" and not unit_named(column) and any(_BARE_NUMBER.fullmatch(v) for v in values):
            told = quote(f"resolution={column}:hours")
            found.append((column, None, f"its numbers have no unit; say it, such as --score {told}, :minutes or :days"))
        else:
            taken.add(kind)
            spread = f", {numbers.low:.3g} to {numbers.high:.3g} hours" if kind == "resolution" else ""
            found.append((column, fact_scale(kind, kind), f"by its name and its values{spread}"))
    return found
