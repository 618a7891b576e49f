"""Scored responses as arrays: what each is worth, who gave it, which themes it mentions and how, what else is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import sparse

from feedback_nlp.analysis.drivers.numbering import numbers_among, starts
from feedback_nlp.analysis.frames import NOT_GIVEN, AnalysisFrames
from feedback_nlp.analysis.outcomes import Outcome, response_values
from feedback_nlp.analysis.weighting import WEIGHT, effective, effective_n, scaled
from feedback_nlp.errors import NothingToShow

LEAST_RESPONSES = 10  # a theme that fewer scored responses mention has no figure of its own
ROWS_A_COLUMN = 10  # responses for each column of a model (Harrell 2015, "Regression Modeling Strategies", 4.4)
_LEAST_CONTROL = 5  # responses with a value, below which it counts as "other"
_OTHER = "(other)"
CONTROLS = ("channel", "language", "source", "question", "month")
_NEGATIVE, _POSITIVE = 2, 1  # bits of what is said of a theme


@dataclass(frozen=True, slots=True, eq=False)
class ScoredResponses:
    """Meaningful responses that have the outcome, one row each, sorted by id.

    ``g`` (n,) is the outcome and ``weight`` (n,) the survey weight, of mean 1; ``person`` (n,) numbers people from 0,
    and ``people`` (p,) are their numbers in the frames, ascending. ``row`` and ``theme`` (m,) are the pairs of response
    and theme, sorted, with ``negative`` and ``positive`` (m,) telling what is said of the theme there: one, both or
    neither. ``controls`` (n, c) are 0/1 columns of segments, channel, language and month; ``control_names`` (c,) say
    "column=value". ``theme_ids`` are those with figures of their own; ``left_out`` those that too few responses
    mention, or all but a few.
    """

    g: np.ndarray
    weight: np.ndarray
    person: np.ndarray
    people: np.ndarray
    row: np.ndarray
    theme: np.ndarray
    negative: np.ndarray
    positive: np.ndarray
    theme_ids: tuple[str, ...]
    left_out: tuple[str, ...]
    controls: sparse.csr_array
    control_names: tuple[str, ...]

    @property
    def n(self) -> int:
        """The number of responses."""
        return len(self.g)

    @property
    def n_people(self) -> int:
        """The number of people."""
        return len(self.people)

    @property
    def effective_people(self) -> float:
        """Kish's effective number of people: ``n_people`` where all weights are alike."""
        return effective_n(self._weight_of_people())

    def fewer_people(self, kind: str = "mention") -> np.ndarray:
        """Return how many people mention each theme or do not, whichever is less, (k,). ``kind``: see ``columns``."""
        counts = np.bincount(self._mentioning(kind)[1], minlength=len(self.theme_ids))
        return np.minimum(counts, self.n_people - counts)

    def degrees(self, kind: str = "mention") -> np.ndarray:
        """Return the degrees of freedom of what is said of each theme, (k,): ``fewer_people`` less 1.

        Where weights differ, those people count for as many as Kish's effective number.
        """
        person, theme = self._mentioning(kind)
        k = len(self.theme_ids)
        weight = self._weight_of_people()
        counts = np.bincount(theme, minlength=k)
        said, squares = (np.bincount(theme, values[person], minlength=k) for values in (weight, weight**2))
        (mentioning,) = effective(said, squares)
        (others,) = effective(weight.sum() - said, (weight**2).sum() - squares)
        return np.minimum(mentioning, np.where(counts < self.n_people, others, 0)) - 1

    def _weight_of_people(self) -> np.ndarray:
        """Return the mean weight of each person's responses, (p,)."""
        return np.bincount(self.person, self.weight) / np.bincount(self.person)

    def columns(self, kind: str = "mention") -> sparse.csr_array:
        """Return 0/1 of shape (n, k): which responses mention which theme ("mention", "negative" or "positive")."""
        chosen = self._chosen(kind)
        ends = np.cumsum(np.bincount(self.row[chosen], minlength=self.n))
        theme = self.theme[chosen]
        return sparse.csr_array((np.ones(len(theme)), theme, np.r_[0, ends]), shape=(self.n, len(self.theme_ids)))

    def _chosen(self, kind: str) -> np.ndarray | slice:
        chosen: np.ndarray | slice = slice(None) if kind == "mention" else getattr(self, kind)
        return chosen

    def _mentioning(self, kind: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the distinct pairs of person and theme, sorted."""
        chosen, k = self._chosen(kind), max(len(self.theme_ids), 1)
        pairs = np.sort(self.person[self.row[chosen]] * k + self.theme[chosen])
        person, theme = np.divmod(pairs[starts(pairs)], k)
        return person, theme


def scored_responses(
    frames: AnalysisFrames, outcome: Outcome, *, level: int = 1, controlled: bool = True
) -> ScoredResponses:
    """Return the responses of a view on :func:`~feedback_nlp.analysis.drivers.numbering.numbered` frames.

    Themes withheld for privacy are left out without being named.
    """
    values = scaled(response_values(frames, outcome).filter("meaningful"))
    n = len(values)
    rows = row_of_feedback(frames, values)
    people, person = numbers_among(values["person_id"].to_numpy())
    shown = frames.themes.filter(pl.col("level") == level, ~pl.col("theme_id").is_in(list(frames.withheld)))
    names = shown["theme_id"].sort()
    row, theme, said = mentions_of(frames, rows, names)
    counts = np.bincount(theme, minlength=len(names))
    controls, control_names = (
        _controls(frames, rows, n) if controlled else (sparse.csr_array((n, 0)), tuple[str, ...]())
    )
    most = max(1, n // ROWS_A_COLUMN - len(control_names) - 1)
    # A theme that all mention, or all but a few, has nothing to be compared with.
    fitting = np.flatnonzero((counts >= LEAST_RESPONSES) & (counts <= n - LEAST_RESPONSES))
    kept = np.sort(fitting[np.argsort(-counts[fitting], kind="stable")][:most])
    code = np.full(len(names), -1)
    code[kept] = np.arange(len(kept))
    chosen = code[theme] >= 0
    return ScoredResponses(
        g=values["g"].to_numpy().astype(np.float64),
        weight=values[WEIGHT].to_numpy(),
        person=person,
        people=people,
        row=row[chosen],
        theme=code[theme[chosen]],
        negative=said[chosen] & _NEGATIVE > 0,
        positive=said[chosen] & _POSITIVE > 0,
        theme_ids=tuple(names.gather(kept)),
        left_out=tuple(names.gather(np.flatnonzero((counts > 0) & (code < 0)))),
        controls=controls,
        control_names=control_names,
    )


def row_of_feedback(frames: AnalysisFrames, values: pl.DataFrame) -> np.ndarray:
    """Return which row of ``values``, one a response, each feedback belongs to; -1 for none."""
    ids = frames.feedback["response_id"].to_numpy()
    rows = np.full(int(ids.max(initial=0)) + 1, -1)
    rows[values["response_id"].to_numpy()] = np.arange(len(values))
    return rows[ids]


def mentions_of(
    frames: AnalysisFrames, rows: np.ndarray, names: pl.Series
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the distinct pairs of row and theme (its place in ``names``), sorted, and the bits of what is said.

    ``rows`` are those of the feedback, -1 for none; mentions count where the feedback is meaningful.
    """
    ids = frames.feedback["feedback_id"].to_numpy()
    meaningful = frames.feedback["meaningful"].fill_null(False).to_numpy()
    at = np.full(int(ids.max(initial=0)) + 1, -1)
    at[ids] = np.where(meaningful, rows, -1)
    row = at[frames.mentions["feedback_id"].to_numpy()]
    theme = frames.mentions["theme_id"].cast(pl.Enum(names), strict=False).to_physical()
    code = theme.cast(pl.Int64).fill_null(-1).to_numpy()
    label = frames.mentions["sentiment_label"]
    negative, positive = ((label == word).fill_null(False).to_numpy() for word in ("negative", "positive"))
    said = negative * _NEGATIVE + positive * _POSITIVE
    known = (row >= 0) & (code >= 0)
    k = max(len(names), 1)
    key = ((row * k + code) << 2 | said)[known]
    key.sort()
    pair = key >> 2
    first = np.flatnonzero(starts(pair))
    said = np.bitwise_or.reduceat(key & 3, first) if len(first) else key
    row, theme = np.divmod(pair[first], k)
    return row, theme, said


def require_people(frames: AnalysisFrames, outcome: Outcome, responses: ScoredResponses, when: str = "") -> None:
    """Raise NothingToShow where fewer people than the privacy minimum have the outcome; ``when`` ends the sentence."""
    least = max(frames.privacy_minimum, 2)
    if responses.n_people < least:
        raise NothingToShow(
            f"Fewer than {least} people in view wrote something and have {outcome.label}{when}. Widen the view, or "
            "choose another score or date."
        )


def _controls(frames: AnalysisFrames, rows: np.ndarray, n: int) -> tuple[sparse.csr_array, tuple[str, ...]]:
    """Return 0/1 columns (n, c) of what else differs between responses, and their names.

    The commonest value of a column is the one that others are compared with; rare values go together. Columns that
    take too many values for the number of responses are left out, the ones with most values first.
    """
    columns = [*(f"segment.{name}" for name in frames.segment_names), *CONTROLS]
    scored = np.flatnonzero(rows >= 0)
    first = np.full(n, len(rows))
    np.minimum.at(first, rows[scored], scored)  # feedback is sorted: a response's first answer
    found: list[tuple[str, list[str], np.ndarray]] = []
    for column in columns:
        words = frames.feedback[column].gather(first).cast(pl.String).fill_null(NOT_GIVEN).rename("value")
        counts = words.value_counts().sort(["count", "value"], descending=[True, False])
        common = counts.filter(pl.col("count") >= _LEAST_CONTROL)["value"].to_list()
        rare = len(words) - int(counts["count"].head(len(common)).sum())
        names = common + ([_OTHER] if rare >= _LEAST_CONTROL else [])
        if len(names) < 2:
            continue
        code = words.replace_strict(common, range(len(common)), default=len(common), return_dtype=pl.Int64).to_numpy()
        code = np.where(code < len(names), code, 0)  # too few to tell: with the commonest
        found.append((column.removeprefix("segment."), names, code))
    most = n // (2 * ROWS_A_COLUMN)  # half of the columns that the responses can carry are for themes
    places, shown = [np.empty((n, 0), np.int64)], list[str]()
    for column, names, code in sorted(found, key=lambda item: (len(item[1]), item[0])):
        if len(shown) + len(names) - 1 > most:
            continue
        places.append(np.where(code > 0, code - 1 + len(shown), -1)[:, None])
        shown += [f"{column}={name}" for name in names[1:]]
    place = np.hstack(places)
    differing = place >= 0
    at = place[differing]
    ends = np.cumsum(differing.sum(axis=1))
    return sparse.csr_array((np.ones(len(at)), at, np.r_[0, ends]), shape=(n, len(shown))), tuple(shown)
