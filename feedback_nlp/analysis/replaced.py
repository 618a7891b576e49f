"""What was replaced in the texts, by type and language, without a single value."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from feedback_nlp.analysis import privacy
from feedback_nlp.analysis.frames import AnalysisFrames
from feedback_nlp.language.redaction.redactor import PLACEHOLDER


@dataclass(frozen=True, slots=True)
class Replaced:
    """Placeholders of one ``kind`` ("PERSON") in the view: ``n`` places, in ``n_feedback`` feedback.

    ``languages`` has (language, places), most first; ``n_elsewhere`` places are in languages of too few people.
    """

    kind: str
    n: int
    n_feedback: int
    languages: tuple[tuple[str, int], ...]
    n_elsewhere: int


@dataclass(frozen=True, slots=True)
class ReplacedTable:
    """``rows``, most places first. ``n_withheld`` kinds are in the texts of fewer people than the privacy minimum."""

    rows: tuple[Replaced, ...]
    n_withheld: int


def replaced(frames: AnalysisFrames) -> ReplacedTable:
    """Count the placeholders in the texts of the view, those of non-answers and of what was set aside with them."""
    found = (
        frames.feedback.filter(pl.col("text").str.contains(PLACEHOLDER.pattern))
        .select("feedback_id", "person_id", "language", pl.col("text").str.extract_all(PLACEHOLDER.pattern))
        .explode("text", empty_as_null=False)
        .with_columns(pl.col("text").str.extract(PLACEHOLDER.pattern, 1).alias("kind"))
    )
    people = pl.col("person_id").n_unique()
    kinds = found.group_by("kind").agg(
        pl.len().cast(pl.Int64).alias("n"),
        pl.col("feedback_id").n_unique().cast(pl.Int64).alias("n_feedback"),
        people.alias("people"),
    )
    # A text can hold placeholders of several kinds, so that kinds cannot be subtracted from one another.
    shown = privacy.suppress_small(kinds, "people", frames.privacy_minimum, None)
    cells = (
        found.join(shown.select("kind", pl.col("people").alias("all_people")), on="kind", how="inner")
        .group_by("kind", "language", "all_people")
        .agg(pl.len().cast(pl.Int64).alias("n"), people.alias("people"))
        .sort(["kind", "n", "language"], descending=[False, True, False])
    )
    cells = privacy.suppress_small(cells, "people", frames.privacy_minimum, ("kind",), distinct="all_people")
    languages: dict[str, list[tuple[str, int]]] = {}
    for kind, language, n in cells.select("kind", "language", "n").iter_rows():
        languages.setdefault(kind, []).append((language, n))
    rows = []
    for kind, n, n_feedback in (
        shown.sort(["n", "kind"], descending=[True, False]).select("kind", "n", "n_feedback").iter_rows()
    ):
        told = tuple(languages.get(kind, ()))
        rows.append(Replaced(kind, n, n_feedback, told, n - sum(count for _, count in told)))
    return ReplacedTable(tuple(rows), kinds.height - shown.height)
