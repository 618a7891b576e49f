"""Scored responses as arrays: what each is worth, who gave it, which themes it mentions and how, what else is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import sparse

from feedback_nlp.analysis.frames import NOT_GIVEN, AnalysisFrames
from feedback_nlp.analysis.outcomes import Outcome, response_values

LEAST_RESPONSES = 10  # a theme that fewer scored responses mention has no figure of its own
ROWS_A_COLUMN = 10  # responses for each column of a model (Harrell 2015, "Regression Modeling Strategies", 4.4)
_LEAST_CONTROL = 5  # responses with a value, below which it counts as "other"
_OTHER = "(other)"
_THEMES_AT_ONCE = 256
CONTROLS = ("channel", "language", "source", "question", "month")


@dataclass(frozen=True, slots=True, eq=False)
class ScoredResponses:
    """Meaningful responses that have the outcome, one row each, sorted by id.

    ``g`` (n,) is the outcome; ``person`` (n,) numbers people from 0, in the order of ``person_ids``. ``row`` and
    ``theme`` (m,) are the pairs of response and theme, sorted, with ``negative`` and ``positive`` (m,) telling what is
    said of the theme there: one, both or neither. ``controls`` (n, c) are 0/1 columns of segments, channel, language
    and month; ``control_names`` (c,) say "column=value". ``theme_ids`` are those with figures of their own;
    ``left_out`` those that too few responses mention, or all but a few.
    """

    g: np.ndarray
    person: np.ndarray
    row: np.ndarray
    theme: np.ndarray
    negative: np.ndarray
    positive: np.ndarray
    theme_ids: tuple[str, ...]
    left_out: tuple[str, ...]
    controls: sparse.csr_array
    control_names: tuple[str, ...]
    person_ids: np.ndarray

    @property
    def n(self) -> int:
        """The number of responses."""
        return len(self.g)

    @property
    def n_people(self) -> int:
        """The number of people."""
        return len(self.person_ids)

    def degrees(self, row: np.ndarray, theme: np.ndarray, spare: int = 1) -> np.ndarray:
        """Return how many people mention each theme or do not, whichever is less, minus ``spare``, (k,).

        ``row`` and ``theme`` (m,) are the mentions that count.
        """
        k = len(self.theme_ids)
        people = np.empty(k, np.int64)
        for start in range(0, k, _THEMES_AT_ONCE):
            chosen = (theme >= start) & (theme < start + _THEMES_AT_ONCE)
            mention = np.zeros((self.n_people, min(_THEMES_AT_ONCE, k - start)), bool)
            mention[self.person[row[chosen]], theme[chosen] - start] = True
            people[start : start + _THEMES_AT_ONCE] = mention.sum(axis=0)
        return np.minimum(people, self.n_people - people) - spare

    def columns(self, kind: str = "mention") -> sparse.csr_array:
        """Return 0/1 of shape (n, k): which responses mention which theme ("mention", "negative" or "positive")."""
        chosen = np.ones(len(self.row), bool) if kind == "mention" else getattr(self, kind)
        ones = np.ones(int(chosen.sum()))
        return sparse.csr_array((ones, (self.row[chosen], self.theme[chosen])), shape=(self.n, len(self.theme_ids)))


def scored_responses(
    frames: AnalysisFrames, outcome: Outcome, *, level: int = 1, controlled: bool = True
) -> ScoredResponses:
    """Return the responses of a view. Themes withheld for privacy are left out without being named."""
    values = response_values(frames, outcome).filter("meaningful").sort("response_id")
    people = values["person_id"].unique().sort()
    code = values["person_id"].replace_strict(people, range(len(people)), return_dtype=pl.Int64).to_numpy()
    rows = values.select("response_id", pl.int_range(pl.len(), dtype=pl.Int64).alias("row"))
    shown = frames.themes.filter(pl.col("level") == level, ~pl.col("theme_id").is_in(list(frames.withheld))).select(
        "theme_id"
    )
    label = pl.col("sentiment_label")
    pairs = (
        frames.mentions.join(shown, on="theme_id", how="semi")
        .join(frames.feedback.filter("meaningful").select("feedback_id", "response_id"), on="feedback_id")
        .join(rows, on="response_id")
        .group_by("theme_id", "row")
        .agg((label == "negative").any().alias("negative"), (label == "positive").any().alias("positive"))
        .with_columns(pl.col("negative", "positive").fill_null(False))
    )
    counts = pairs.group_by("theme_id").len("n").sort(["n", "theme_id"], descending=[True, False])
    controls, names = _controls(frames, values) if controlled else (sparse.csr_array((len(values), 0)), ())
    most = max(1, len(values) // ROWS_A_COLUMN - len(names) - 1)
    # A theme that all mention, or all but a few, has nothing to be compared with.
    fitting = counts.filter(pl.col("n").is_between(LEAST_RESPONSES, len(values) - LEAST_RESPONSES))
    kept = sorted(fitting["theme_id"].head(most))
    pairs = pairs.filter(pl.col("theme_id").is_in(kept)).with_columns(
        pl.col("theme_id").replace_strict(kept, range(len(kept)), return_dtype=pl.Int64).alias("theme")
        if kept
        else pl.lit(0, pl.Int64).alias("theme")
    )
    pairs = pairs.sort("row", "theme")
    return ScoredResponses(
        g=values["g"].to_numpy().astype(np.float64),
        person=code.astype(np.int64),
        row=pairs["row"].to_numpy(),
        theme=pairs["theme"].to_numpy(),
        negative=pairs["negative"].to_numpy(),
        positive=pairs["positive"].to_numpy(),
        theme_ids=tuple(kept),
        left_out=tuple(sorted(set(counts["theme_id"]) - set(kept))),
        controls=controls,
        control_names=names,
        person_ids=people.to_numpy().astype(str),
    )


def _controls(frames: AnalysisFrames, values: pl.DataFrame) -> tuple[sparse.csr_array, tuple[str, ...]]:
    """Return 0/1 columns (n, c) of what else differs between responses, and their names.

    The commonest value of a column is the one that others are compared with; rare values go together. Columns that
    take too many values for the number of responses are left out, the ones with most values first.
    """
    columns = [*(f"segment.{name}" for name in frames.segment_names), *CONTROLS]
    facts = values.select("response_id").join(
        frames.feedback.sort("response_id", "feedback_id")
        .group_by("response_id", maintain_order=True)
        .agg(pl.col(column).first() for column in columns),
        on="response_id",
        how="left",
        maintain_order="left",
    )
    found: list[tuple[str, list[str], np.ndarray]] = []
    for column in columns:
        words = facts[column].cast(pl.String).fill_null(NOT_GIVEN).rename("value")
        counts = words.value_counts().sort(["count", "value"], descending=[True, False])
        common = counts.filter(pl.col("count") >= _LEAST_CONTROL)["value"].to_list()
        rare = len(words) - int(counts["count"].head(len(common)).sum())
        names = common + ([_OTHER] if rare >= _LEAST_CONTROL else [])
        if len(names) < 2:
            continue
        code = words.replace_strict(common, range(len(common)), default=len(common), return_dtype=pl.Int64).to_numpy()
        code = np.where(code < len(names), code, 0)  # too few to tell: with the commonest
        found.append((column.removeprefix("segment."), names, code))
    most = len(values) // (2 * ROWS_A_COLUMN)  # half of the columns that the responses can carry are for themes
    rows, places, shown = [], [], list[str]()
    for column, names, code in sorted(found, key=lambda item: (len(item[1]), item[0])):
        if len(shown) + len(names) - 1 > most:
            continue
        differing = np.flatnonzero(code)
        rows.append(differing)
        places.append(code[differing] - 1 + len(shown))
        shown += [f"{column}={name}" for name in names[1:]]
    shape = (len(values), len(shown))
    if not shown:
        return sparse.csr_array(shape), ()
    at = (np.concatenate(rows), np.concatenate(places))
    return sparse.csr_array((np.ones(len(at[0])), at), shape=shape), tuple(shown)
