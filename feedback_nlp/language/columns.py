"""Which column is what: told by flags, else guessed from names and values, and always explained."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from feedback_nlp.errors import MappingError, did_you_mean
from feedback_nlp.language import column_names as names
from feedback_nlp.language.column_profile import SEGMENT_VALUES, Profile, profile, score_range
from feedback_nlp.language.dates import DateFormat, decide_format, parse_dates
from feedback_nlp.language.language_codes import language_code
from feedback_nlp.language.leftovers import left_out_reason
from feedback_nlp.language.scales import declared_scale, guessed_scale, parse_score_flag
from feedback_nlp.records import ScoreScale

if TYPE_CHECKING:
    from feedback_nlp.language.tables import Table

_ROLES: tuple[Literal["question", "customer", "id", "date", "language", "source", "channel"], ...] = (
    "question",
    "customer",
    "id",
    "date",
    "language",
    "source",
    "channel",
)
_MOST_SOURCES = 100  # a source or channel column with more values names something else
_NUMERIC_DATE = r"^\s*\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T\s,].*)?$"


@dataclass(frozen=True, slots=True)
class ColumnFlags:
    """What the user told about the columns; what is empty is guessed.

    ``scores`` are raw ``NAME=COLUMN[:MIN-MAX][:higher|lower]``, ``date`` is ``COLUMN[:dmy|mdy]``, ``question`` is a
    column or the wording of the question itself.
    """

    text: tuple[str, ...] = ()
    id: str | None = None
    customer: str | None = None
    date: str | None = None
    scores: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    question: str | None = None
    source: str | None = None
    language: str | None = None
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class MappedScore:
    """A score, the column that it is read from, and what its numbers mean."""

    name: str
    column: str
    scale: ScoreScale


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """What every column became. ``explanation`` holds lines for the user: what, why, and what was left out.

    Several ``text_columns`` are several questions, each named by its column. Otherwise the question is found in
    ``question_column``, or is ``question_text`` for every row ("" when nothing asks).
    """

    text_columns: tuple[str, ...]
    id: str | None = None
    customer: str | None = None
    date: str | None = None
    date_format: DateFormat = field(default_factory=DateFormat)
    scores: tuple[MappedScore, ...] = ()
    segments: tuple[str, ...] = ()
    question_column: str | None = None
    question_text: str = ""
    source: str | None = None
    channel: str | None = None
    language: str | None = None
    explanation: tuple[str, ...] = ()

    @property
    def question(self) -> str | None:
        """The question's column, or its wording, or None."""
        return self.question_column or self.question_text or None


def map_columns(table: Table, flags: ColumnFlags | None = None) -> ColumnMapping:
    """Return what each column of ``table`` is.

    Raises :class:`MappingError` for a flag that names no column, a column told twice, a score on a scale that
    cannot be, or a table in which no text can be found.
    """
    return _Draft(table, flags or ColumnFlags()).finish()


class _Draft:
    """A mapping in the making: the columns still free, and the lines said about the others."""

    def __init__(self, table: Table, flags: ColumnFlags) -> None:
        self.table = table
        self.flags = flags
        self.said: list[str] = []
        self.free = list(table.columns)

    @cached_property
    def facts(self) -> dict[str, Profile]:
        return {name: profile(self.table.frame[name]) for name in self.table.columns}

    def finish(self) -> ColumnMapping:
        told = self._told()
        text = self._text(told["text"])
        question_text = self._question_text(text)
        roles: dict[str, str | None] = {}
        date_format = DateFormat()
        for role in _ROLES:
            if told[role]:
                roles[role] = told[role][0]
                self._take(roles[role], f"{role.capitalize()}: {roles[role]!r}, as told.")
            elif role == "question" and (question_text or len(text) > 1):
                roles[role] = None
            elif role == "date":
                roles[role], date_format = self._guessed_date()
            else:
                roles[role] = self._guessed_role(role, roles)
        if told["date"]:
            date_format = self._told_date(told["date"][0])
        scores = self._scores()
        segments = self._segments(told["segments"])
        return ColumnMapping(
            text,
            roles["id"],
            roles["customer"],
            roles["date"],
            date_format,
            scores,
            segments,
            roles["question"],
            question_text,
            roles["source"],
            roles["channel"],
            roles["language"],
            tuple(self.said),
        )

    # -- what was told

    def _told(self) -> dict[str, list[str]]:
        """Return the columns that flags name, by role, each checked to exist and to be told once."""
        flags = self.flags
        date, _ = _date_flag(flags.date, self.table.columns)
        question = flags.question
        if question is not None and self._find(question) is None and (" " in question.strip() or "?" in question):
            question = None  # the wording of the question itself
        wanted: dict[str, Iterable[str | None]] = {
            "text": flags.text,
            "segments": flags.segments,
            "id": (flags.id,),
            "customer": (flags.customer,),
            "date": (date,),
            "question": (question,),
            "source": (flags.source,),
            "language": (flags.language,),
            "channel": (flags.channel,),
        }
        told: dict[str, list[str]] = {}
        owner: dict[str, str] = {}
        for role, given in wanted.items():
            flag = "--" + role.removesuffix("s")
            told[role] = [self._column(name, flag) for name in given if name is not None]
            for column in told[role]:
                if column in owner:
                    raise MappingError(
                        f"Column {column!r} is told as {owner[column]} and {flag}; a column has one role. Drop one."
                    )
                owner[column] = flag
        for raw in flags.scores:
            column = self._column(parse_score_flag(raw, self.table.columns).column, "--score")
            if column in owner:
                raise MappingError(
                    f"Column {column!r} is told as {owner[column]} and --score; a column has one role. Drop one."
                )
        self.free = [name for name in self.free if name not in owner]
        return told

    def _find(self, name: str) -> str | None:
        """Return the column of that name: exactly, else the only one that differs in case or punctuation."""
        if name in self.table.columns:
            return name
        alike = [column for column in self.table.columns if names.normal_name(column) == names.normal_name(name)]
        return alike[0] if len(alike) == 1 else None

    def _column(self, name: str, flag: str) -> str:
        column = self._find(name.strip())
        if column is None:
            raise MappingError(
                f"{flag} {name!r}: there is no such column.{did_you_mean(name, self.table.columns)}"
                f" Columns: {', '.join(self.table.columns)}."
            )
        return column

    def _take(self, column: str | None, line: str) -> None:
        if column in self.free:
            self.free.remove(column)
        self.said.append(line)

    # -- text and question

    def _text(self, told: list[str]) -> tuple[str, ...]:
        if told:
            chosen, why = told, "as told"
        else:
            chosen, why = self._guessed_text()
        for column in chosen:
            self._take(column, f"Text: {column!r}, {why}.")
        if len(chosen) > 1:
            self.said.append(f"Question: each of the {len(chosen)} text columns is a question of its own.")
        return tuple(chosen)

    def _guessed_text(self) -> tuple[list[str], str]:
        facts = self.facts
        usable = [c for c in self.free if not (names.is_coded(c) or names.is_title(c))]
        open_ended = [c for c in usable if facts[c].reads_like_text or facts[c].filled == 0]
        questions = [c for c in open_ended if names.is_question(c)]
        by_stem = {names.stem(c): c for c in reversed(usable) if facts[c].could_be_text}
        named = names.named_for("text", list(by_stem))
        if named:
            best = by_stem[named[0]]
            siblings = [c for c in open_ended if names.stem(c) == names.stem(best) and c != best]
            chosen = [c for c in self.free if c == best or c in siblings or c in questions]
            return chosen, "by its name" if len(chosen) == 1 else "by their names"
        if questions:
            return questions, "because its name asks an open question"
        written = [c for c in usable if facts[c].reads_like_text and not names.is_personal(c)]
        written = written or [c for c in self.free if names.is_title(c) and facts[c].reads_like_text]
        if not written:
            raise MappingError(
                "No column looks like free text. Tell which one it is with --text COLUMN. "
                f"Columns: {', '.join(self.table.columns)}."
            )
        longest = max(written, key=lambda c: (facts[c].mean_length, -self.free.index(c)))
        return [longest], f"the longest texts of the file, {facts[longest].mean_length:.0f} characters on average"

    def _question_text(self, text: tuple[str, ...]) -> str:
        """Return the wording told, or the name of a single text column when it is a question."""
        wording = self.flags.question
        if wording is not None and len(text) > 1:
            raise MappingError(
                f"--question {wording!r} with {len(text)} text columns: each column is a question already. Drop one."
            )
        if wording is not None and self._find(wording) is None:
            self.said.append("Question: the wording given, for every row.")
            return wording.strip()
        if wording is None and names.is_question(text[0]) and len(text) == 1:
            self.said.append("Question: the name of the text column.")
            return text[0]
        return ""

    # -- the roles that one column fills

    def _guessed_role(
        self,
        role: Literal["question", "customer", "id", "date", "language", "source", "channel"],
        roles: dict[str, str | None],
    ) -> str | None:
        for column in names.named_for(role, self.free):
            if self._fits(role, column, roles):
                self._take(column, f"{role.capitalize()}: {column!r}, by its name.")
                return column
        return None

    def _fits(self, role: str, column: str, roles: dict[str, str | None]) -> bool:
        facts = self.facts[column]
        if facts.filled == 0:
            return self.table.frame.height == 0
        if role == "id":
            return facts.unique or (bool(roles.get("question")) and self._unique_with(column, roles["question"]))
        if role == "language":
            values = self.table.frame[column].unique().to_list()
            known = [language_code(v) is not None for v in values if v.strip()]
            return sum(known) >= 0.5 * len(known)
        if role in ("source", "channel", "question"):
            return facts.distinct <= _MOST_SOURCES and not (facts.unique and facts.distinct > 10)
        return True

    def _unique_with(self, column: str, other: str | None) -> bool:
        frame = self.table.frame
        return other is not None and frame.select(column, other).n_unique() == frame.height

    def _guessed_date(self) -> tuple[str | None, DateFormat]:
        named = names.named_for("date", self.free)
        frame = self.table.frame
        dated = [c for c in self.free if c not in named and self._dated_share(c) >= 0.95]
        for column in [*named, *dated]:
            if frame.height == 0 and column in named:
                self._take(column, f"Date: {column!r}, by its name.")
                return column, DateFormat()
            values = [v for v in frame[column].unique().sort().to_list() if v.strip()]
            form = decide_format(v for v in frame[column].to_list() if v.strip())
            read = sum(moment is not None for moment in parse_dates(values, form))
            if values and read >= 0.8 * len(values):
                why = "by its name" if column in named else "by its values"
                self._take(column, f"Date: {column!r}, {why}; {form.explanation}.")
                return column, form
        self.said.append("Date: none found; trends need one (--date COLUMN).")
        return None, DateFormat()

    def _dated_share(self, column: str) -> float:
        filled = self.facts[column].filled
        share = int(self.table.frame[column].str.contains(_NUMERIC_DATE).sum())
        return share / filled if filled else 0.0

    def _told_date(self, column: str) -> DateFormat:
        _, day_first = _date_flag(self.flags.date, self.table.columns)
        values = [v for v in self.table.frame[column].to_list() if v.strip()]
        form = decide_format(values, day_first=day_first)
        if values and not any(parse_dates(values, form)):
            raise MappingError(
                f"--date {column!r}: none of its {len(values)} values is a date that can be read. "
                "Write dates as 2024-03-05, or tell another column."
            )
        self.said.append(f"Date: {column!r} is {form.explanation}.")
        return form

    # -- scores and segments

    def _scores(self) -> tuple[MappedScore, ...]:
        scores = self._told_scores() if self.flags.scores else self._guessed_scores()
        if not scores:
            self.said.append("Score: none; tell one with --score NAME=COLUMN, such as 'nps=rating'.")
        return tuple(scores)

    def _told_scores(self) -> list[MappedScore]:
        scores: list[MappedScore] = []
        for raw in self.flags.scores:
            flag = parse_score_flag(raw, self.table.columns)
            column = self._column(flag.column, "--score")
            for other in scores:
                if flag.name == other.name or column == other.column:
                    raise MappingError(f"--score {raw!r}: the name or the column is told twice. Drop one of them.")
            found, share = score_range(self.table.frame[column])
            if self.facts[column].filled and share < 0.5:
                raise MappingError(
                    f"--score {raw!r}: {share:.0%} of the values in {column!r} are numbers; a score is a number. "
                    "Tell another column."
                )
            scale, warnings = declared_scale(flag, found)
            scores.append(MappedScore(flag.name, column, scale))
            self._take(column, f"Score {flag.name!r}: {column!r}, as told; {_scale_words(scale)}.")
            self.said.extend(warnings)
        return scores

    def _guessed_scores(self) -> list[MappedScore]:
        order = ("nps", "csat", "ces", "likely", "stars", "")
        promised = [(order.index(kind), c) for c in self.free if (kind := names.score_name(c)) is not None]
        scores: list[MappedScore] = []
        for kind_rank, column in sorted(promised, key=lambda pair: pair[0]):
            found, share = score_range(self.table.frame[column])
            if share < 0.8:
                continue  # words such as "very satisfied": a segment perhaps
            scale, why = guessed_scale(order[kind_rank], found)
            if scale is None:
                self._take(column, f"Left out: {column!r}: {why.replace('COLUMN', column)}.")
            elif any(scale.name == score.name for score in scores):
                self._take(
                    column,
                    f"Left out: {column!r}: there is a score {scale.name!r} already; "
                    f"name it to keep it, such as --score NAME={column}:{scale.minimum:g}-{scale.maximum:g}.",
                )
            else:
                scores.append(MappedScore(scale.name, column, scale))
                self._take(column, f"Score {scale.name!r}: {column!r}; {_scale_words(scale)}; {why}.")
        return scores

    def _segments(self, told: list[str]) -> tuple[str, ...]:
        for column in told:
            many = self.facts[column].distinct
            warning = f" It has {many} distinct values; most groups will be small." if many > SEGMENT_VALUES[1] else ""
            self.said.append(f"Segment: {column!r}, as told.{warning}")
        chosen = list(told)
        for column in self.free:
            reason = left_out_reason(column, self.facts[column], self.table.frame[column])
            if reason is None and self.flags.segments:
                reason = "the segments are told"
            if reason is None:
                chosen.append(column)
                self.said.append(f"Segment: {column!r}, {self.facts[column].distinct} distinct values.")
            else:
                self.said.append(f"Left out: {column!r}: {reason}.")
        return tuple(chosen)


def _scale_words(scale: ScoreScale) -> str:
    direction = "a high number is good" if scale.higher_is_better else "a low number is good"
    return f"{scale.minimum:g} to {scale.maximum:g}, {direction}"


def _date_flag(raw: str | None, columns: list[str]) -> tuple[str | None, bool | None]:
    """Take ``COLUMN[:dmy|mdy]`` apart: the column, and whether the day comes first (None when not told)."""
    if raw is None or raw in columns:
        return raw, None
    column, colon, order = raw.rpartition(":")
    if not colon:
        return raw, None
    if order.casefold() not in ("dmy", "mdy"):
        raise MappingError(f"--date {raw!r}: the order {order!r} is unknown; after the column comes :dmy or :mdy.")
    return column, order.casefold() == "dmy"
