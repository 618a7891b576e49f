"""How much there is, of what, from whom and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from feedback_nlp.analysis import privacy
from feedback_nlp.analysis.frames import AnalysisFrames


@dataclass(frozen=True, slots=True)
class Overview:
    """Counts of a view. ``coverage`` is the share (0..1) of statements with at least one theme, 0 without any.

    ``languages`` has language, n (meaningful feedback) and share, largest first; languages of too few people are
    left out.
    """

    n_responses: int
    n_people: int
    n_feedback: int
    n_meaningful: int
    n_non_answers: int
    n_duplicates: int
    n_statements: int
    n_themed_statements: int
    coverage: float
    first_date: datetime | None
    last_date: datetime | None
    languages: pl.DataFrame

    @property
    def meaningful_share(self) -> float:
        """Share (0..1) of feedback that says something."""
        return self.n_meaningful / self.n_feedback if self.n_feedback else 0.0


def overview(frames: AnalysisFrames) -> Overview:
    """Return the counts of the view."""
    feedback = frames.feedback
    meaningful = feedback.filter("meaningful")
    n_statements = frames.statements.height
    n_themed = frames.mentions["statement_id"].n_unique()
    languages = (
        meaningful.group_by("language")
        .agg(pl.len().cast(pl.Int64).alias("n"), pl.col("person_id").n_unique().alias("people"))
        .with_columns(
            (pl.col("n") / max(meaningful.height, 1)).alias("share"),
            pl.lit(meaningful["person_id"].n_unique(), dtype=pl.Int64).alias("all_people"),
        )
        .sort(["n", "language"], descending=[True, False])
    )
    return Overview(
        n_responses=feedback["response_id"].n_unique(),
        n_people=feedback["person_id"].n_unique(),
        n_feedback=feedback.height,
        n_meaningful=meaningful.height,
        n_non_answers=int(feedback["is_non_answer"].sum()),
        n_duplicates=int(feedback["duplicate_of"].is_not_null().sum()),
        n_statements=n_statements,
        n_themed_statements=n_themed,
        coverage=n_themed / n_statements if n_statements else 0.0,
        first_date=feedback["created_at"].min(),  # type: ignore[arg-type]
        last_date=feedback["created_at"].max(),  # type: ignore[arg-type]
        languages=privacy.suppress_small(languages, "people", frames.privacy_minimum, distinct="all_people").select(
            "language", "n", "share"
        ),
    )
