"""Which column is what: told by flags, else guessed from names and values, and always explained."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from feedback_nlp.errors import MappingError, did_you_mean
from feedback_nlp.language.reading import column_names as names
from feedback_nlp.language.reading.column_guesses import Evidence, guess_date, guess_role, guess_scores, guess_text
from feedback_nlp.language.reading.column_mapping import ColumnFlags, ColumnMapping, MappedScore
from feedback_nlp.language.reading.column_names import Role
from feedback_nlp.language.reading.column_profile import SEGMENT_VALUES, score_range
from feedback_nlp.language.reading.dates import DateFormat, decide_format, parse_dates
from feedback_nlp.language.reading.leftovers import left_out_reason
from feedback_nlp.language.reading.scales import declared_scale, parse_score, parse_score_flag
from feedback_nlp.language.reading.speaker_guesses import guess_conversation, guess_speaker, speaker_flag, told_column
from feedback_nlp.language.reading.speakers import SpeakerColumn
from feedback_nlp.language.reading.ticket_values import cell_parser, time_unit
from feedback_nlp.language.reading.weights import told_weight
from feedback_nlp.records import FLAG_KINDS, ScoreScale

if TYPE_CHECKING:
    from feedback_nlp.language.reading.tables import Table

__all__ = ["ColumnFlags", "ColumnMapping", "MappedScore", "map_columns", "map_facts"]

# The question comes first: an id may repeat where each row answers another question.
_ROLES: tuple[Role, ...] = ("question", "customer", "id", "date", "language", "source", "channel")
_MOST_SAID = 40  # columns that are listed one by one
NONE = "none"  # what a flag says to keep a role from being guessed


def map_columns(table: Table, flags: ColumnFlags | None = None) -> ColumnMapping:
    """Return what each column of ``table`` is.

    Raises :class:`MappingError` for a flag that names no column, a column told twice, a score on a scale that
    cannot be, or a table in which no text can be found.
    """
    return _Draft(table, flags or ColumnFlags()).finish()


def map_facts(table: Table, flags: ColumnFlags) -> ColumnMapping:
    """Return what the told columns of a table without texts are: an id or a customer, scores and segments.

    Nothing is guessed. Raises :class:`MappingError` as :func:`map_columns` does.
    """
    return _Draft(table, replace(flags, guess=False)).facts()


class _Draft:
    """A mapping in the making: the columns still free, and the lines said about the others."""

    def __init__(self, table: Table, flags: ColumnFlags) -> None:
        self.table = table
        self.flags = flags
        self.evidence = Evidence(table)
        self.said: list[str] = []
        self.free = list(table.columns)

    def finish(self) -> ColumnMapping:
        told = self._told()
        text = self._text(told["text"])
        if not self.table.is_whole:
            self.said.insert(0, f"Columns are judged by {self.table.sample.height:,} of {self.table.n_rows:,} rows.")
        speaker = self._speaker(told["speaker"])
        question_text = self._question_text(text)
        roles: dict[str, str | None] = {}
        date_format = DateFormat()
        for role in _ROLES:
            if role == "date":
                roles[role], date_format = self._date(told["date"])
            elif told[role]:
                roles[role] = told[role][0]
                self._take(told[role][0], f"{role.capitalize()}: {told[role][0]!r}, as told.")
            elif not self._guesses(role) or (role == "question" and (question_text or speaker or len(text) > 1)):
                roles[role] = None
            elif role == "id" and speaker is not None and (name := guess_conversation(self.evidence, self.free)):
                roles[role] = name
                self._take(name, f"Id: {name!r}, which names the conversation.")
            else:
                roles[role] = guess_role(self.evidence, self.free, role, roles.get("question"))
                self._take(roles[role], f"{role.capitalize()}: {roles[role]!r}, by its name.")
        weight = next(iter(told["weight"]), None)
        if weight is not None:
            self._take(weight, told_weight(self.table.sample[weight]))
        scores = self._told_scores() if self._given(self.flags.scores) else self._guessed_scores()
        if not scores:
            self.said.append("Score: none; tell one with --score NAME=COLUMN, such as 'nps=rating'.")
        return ColumnMapping(
            text_columns=text,
            id=roles["id"],
            customer=roles["customer"],
            date=roles["date"],
            date_format=date_format,
            scores=tuple(scores),
            segments=self._segments(told["segments"]),
            question_column=roles["question"],
            question_text=question_text,
            source=roles["source"],
            channel=roles["channel"],
            language=roles["language"],
            speaker=speaker,
            weight=weight,
            explanation=tuple(self.said),
        )

    def facts(self) -> ColumnMapping:
        told = self._told()
        keys = {role: next(iter(told[role]), None) for role in ("id", "customer")}
        for role, column in keys.items():
            self._take(column, f"{role.capitalize()}: {column!r}, as told.")
        scores = self._told_scores()
        self.said.extend(f"Segment: {column!r}, as told." for column in told["segments"])
        return ColumnMapping(
            text_columns=(),
            id=keys["id"],
            customer=keys["customer"],
            scores=tuple(scores),
            segments=tuple(told["segments"]),
            explanation=tuple(self.said),
        )

    # -- what was told

    def _given(self, values: Iterable[str | None]) -> list[str]:
        """Return the values of a flag without None and without the word that keeps the role empty."""
        return [v for v in values if v is not None and not (v.strip().casefold() == NONE and self._find(v) is None)]

    def _guesses(self, role: str) -> bool:
        """Whether a role may be guessed: guessing is on, and its flag does not say "none"."""
        value = getattr(self.flags, role)
        return self.flags.guess and not (value or ())

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
            "speaker": (speaker_flag(flags.speaker, self._find)[0],),
            "weight": (flags.weight,),
        }
        told: dict[str, list[str]] = {}
        owner: dict[str, str] = {}

        def own(column: str, flag: str) -> None:
            if column in owner:
                raise MappingError(
                    f"Column {column!r} is told as {owner[column]} and {flag}; a column has one role. Drop one."
                )
            owner[column] = flag

        for role, given in wanted.items():
            flag = "--" + role.removesuffix("s")
            told[role] = [self._column(name, flag) for name in self._given(given)]
            for column in told[role]:
                own(column, flag)
        for raw in self._given(flags.scores):
            own(self._column(parse_score_flag(raw, self.table.columns).column, "--score"), "--score")
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
            hint = did_you_mean(name, self.table.columns)
            raise MappingError(
                f"{flag} {name!r}: there is no such column.{hint if 'Did you mean' in hint else ''} "
                f"Columns: {_listed(self.table.columns)}."
            )
        return column

    def _take(self, column: str | None, line: str) -> None:
        """Say what a column became and offer it to no other role; says nothing for None."""
        if column is None:
            return
        if column in self.free:
            self.free.remove(column)
        self.said.append(line)

    # -- the roles

    def _speaker(self, told: list[str]) -> SpeakerColumn | None:
        if told:
            found, line = told_column(self.evidence, told[0], speaker_flag(self.flags.speaker, self._find)[1])
        elif self._guesses("speaker") and (guess := guess_speaker(self.evidence, self.free)) is not None:
            found, line = guess, f"Speaker: {guess.column!r}, by its name and its values."
        else:
            return None
        self._take(found.column, f"{line} Only what customers wrote is read; other rows are set aside.")
        return found

    def _text(self, told: list[str]) -> tuple[str, ...]:
        chosen, why = told, "as told"
        if not told and self.flags.guess:
            chosen, why = guess_text(self.evidence, self.free)
        if not chosen:
            raise MappingError(
                "No column looks like free text. Tell which one it is with --text COLUMN. "
                f"Columns: {_listed(self.table.columns)}."
            )
        for column in chosen:
            self._take(column, f"Text: {column!r}, {why}.")
        if len(chosen) > 1:
            self.said.append(f"Question: each of the {len(chosen)} text columns is a question of its own.")
        return tuple(chosen)

    def _question_text(self, text: tuple[str, ...]) -> str:
        """Return the wording told, or the name of a single text column when it is a question."""
        wording = next(iter(self._given((self.flags.question,))), None)
        if wording is not None and len(text) > 1:
            raise MappingError(
                f"--question {wording!r} with {len(text)} text columns: each column is a question already. Drop one."
            )
        if wording is not None and self._find(wording) is None:
            self.said.append("Question: the wording given, for every row.")
            return wording.strip()
        if self._guesses("question") and names.is_question(text[0]) and len(text) == 1:
            self.said.append("Question: the name of the text column.")
            return text[0]
        return ""

    def _date(self, told: list[str]) -> tuple[str | None, DateFormat]:
        if told:
            column = told[0]
            _, day_first = _date_flag(self.flags.date, self.table.columns)
            values = self.evidence.filled_values(column)
            form = decide_format(values, day_first=day_first)
            if values and not any(parse_dates(values, form)):
                raise MappingError(
                    f"--date {column!r}: none of its {len(values)} values is a date that can be read. "
                    "Write dates as 2024-03-05, or tell another column."
                )
            self._take(column, f"Date: {column!r}, as told; {form.explanation.replace('COLUMN', repr(column))}.")
            return column, form
        found = guess_date(self.evidence, self.free) if self._guesses("date") else None
        if found is None:
            self.said.append("Date: none; trends need one (--date COLUMN).")
            return None, DateFormat()
        self._take(found[0], f"Date: {found[0]!r}, {found[2]}.")
        return found[0], found[1]

    def _told_scores(self) -> list[MappedScore]:
        scores: list[MappedScore] = []
        for raw in self._given(self.flags.scores):
            flag = parse_score_flag(raw, self.table.columns)
            column = self._column(flag.column, "--score")
            if any(flag.name == other.name for other in scores):
                raise MappingError(f"--score {raw!r}: there is a score {flag.name!r} already. Give it another name.")
            fact = flag.fact
            unit = time_unit(column, fact.unit) if fact and fact.kind == "resolution" else ""
            parse = (cell_parser(fact.kind, unit) if fact else None) or parse_score
            found, share = score_range(self.table.sample[column], parse)
            if self.evidence.facts[column].filled and share < 0.5:
                what = "numbers; a score is a number" if fact is None else "a yes, a no or a time, as it should be"
                raise MappingError(
                    f"--score {raw!r}: {share:.0%} of the values in {column!r} are {what}. Tell another column."
                )
            scale, warnings = declared_scale(replace(flag, column=column), found)
            scores.append(MappedScore(flag.name, column, scale, unit))
            self._take(column, f"Score {flag.name!r}: {column!r}, as told; {_scale_words(scale)}.")
            self.said.extend(warnings)
        return scores

    def _guessed_scores(self) -> list[MappedScore]:
        scores: list[MappedScore] = []
        for column, scale, why in guess_scores(self.evidence, self.free) if self._guesses("scores") else ():
            if scale is None:
                self._take(column, f"Left out: {column!r}: {why}.")
            else:
                unit = time_unit(column) if scale.kind == "resolution" else ""
                scores.append(MappedScore(scale.name, column, scale, unit))
                self._take(column, f"Score {scale.name!r}: {column!r}; {_scale_words(scale)}; {why}.")
        return scores

    def _segments(self, told: list[str]) -> tuple[str, ...]:
        facts = self.evidence.facts
        for column in told:
            many = facts[column].distinct > SEGMENT_VALUES[1]
            warning = f" Its {facts[column].distinct} distinct values make small groups." if many else ""
            self.said.append(f"Segment: {column!r}, as told.{warning}")
        chosen = list(told)
        n_left_out = 0
        for column in self.free:
            reason = left_out_reason(column, facts[column], self.table.sample[column])
            if reason is None and not self._guesses("segments"):
                reason = "it was not asked for"
            if reason is None:
                chosen.append(column)
                self.said.append(f"Segment: {column!r}, {facts[column].distinct} distinct values.")
            else:
                n_left_out += 1
                if n_left_out <= _MOST_SAID:
                    self.said.append(f"Left out: {column!r}: {reason}.")
        if n_left_out > _MOST_SAID:
            self.said.append(f"Left out: {n_left_out - _MOST_SAID:,} more columns.")
        return tuple(chosen)


def _listed(columns: list[str]) -> str:
    more = len(columns) - _MOST_SAID
    return ", ".join(columns[:_MOST_SAID]) + (f" and {more:,} more" if more > 0 else "")


def _scale_words(scale: ScoreScale) -> str:
    if scale.kind in FLAG_KINDS:
        return f"yes or no, {'yes' if scale.higher_is_better else 'no'} is good"
    if scale.kind == "resolution":
        return "a time, kept in hours, short is good"
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
