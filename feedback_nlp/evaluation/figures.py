"""What a report is made of: figures and tables, each with its base and how to read it, and the rows they are over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from feedback_nlp.analysis.frames import AnalysisFrames
from feedback_nlp.analysis.intervals import wilson
from feedback_nlp.records import UNDETERMINED

UNTHEMED = "unthemed"
LANGUAGE_MINIMUM = 30  # statements in a language below which its figures are noise


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its base. ``value`` is None where there is too little to measure; ``n`` is what it is over.

    ``low`` and ``high`` are the ends of its 95 % interval, None where it has none.
    """

    name: str
    value: float | None
    n: int
    how_to_read: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class FigureTable:
    """Figures that belong together, such as one row a theme; every row has the same keys and plain values."""

    name: str
    how_to_read: str
    rows: tuple[Mapping[str, Any], ...] = field(default=())

    def to_frame(self) -> pl.DataFrame:
        """Return the rows as a frame."""
        return pl.DataFrame([dict(row) for row in self.rows], infer_schema_length=None)


@dataclass(frozen=True, slots=True)
class OneLanguageTheme:
    """A theme of which ``share`` (0..1) of ``n_statements`` are in one language, far more than in the corpus."""

    theme_id: str
    label: str
    language: str
    share: float
    n_statements: int


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """The rows that figures are over, of one codebook.

    ``statements`` are all, with ``leaf`` (the most confident sub-theme, or theme where no sub-theme of it is
    mentioned), ``top`` (its theme), ``confidence`` (null in these where unthemed) and ``person_id``. ``mentions`` has a
    row a statement and ``leaf`` with its ``top``. ``languages`` are those with enough statements, the commonest first.
    """

    frames: AnalysisFrames
    statements: pl.DataFrame
    mentions: pl.DataFrame
    languages: tuple[str, ...]


def gather(frames: AnalysisFrames) -> Evidence:
    """Return the evidence of a codebook's frames."""
    mentions = own_mentions(frames.mentions, frames.themes)
    best = (
        mentions.sort(["statement_id", "confidence", "leaf"], descending=[False, True, False])
        .unique("statement_id", keep="first", maintain_order=True)
        .select("statement_id", "leaf", "top", "confidence")
    )
    statements = frames.statements.join(best, on="statement_id", how="left", maintain_order="left").join(
        frames.feedback.select("feedback_id", "person_id"), on="feedback_id", how="left", maintain_order="left"
    )
    return Evidence(frames, statements, mentions, spoken_languages(statements))


def own_mentions(mentions: pl.DataFrame, themes: pl.DataFrame) -> pl.DataFrame:
    """Return the mentions as ``leaf`` and ``top``, less those of a theme that only its own sub-themes imply."""
    placed = mentions.join(themes.select("theme_id", "parent_id"), on="theme_id", how="inner")
    implied = placed.filter(pl.col("parent_id").is_not_null()).select("statement_id", theme_id="parent_id").unique()
    return (
        placed.join(implied, on=["statement_id", "theme_id"], how="anti")
        .with_columns(pl.coalesce("parent_id", "theme_id").alias("top"))
        .drop("parent_id")
        .rename({"theme_id": "leaf"})
        .sort("statement_id", "leaf")
    )


def spoken_languages(statements: pl.DataFrame) -> tuple[str, ...]:
    """Return the languages with enough statements to measure, the commonest first."""
    counts = Counter(statements["language"].to_list())
    enough = [code for code, n in counts.items() if n >= LANGUAGE_MINIMUM and code != UNDETERMINED]
    return tuple(sorted(enough, key=lambda code: (-counts[code], code)))


def share_figure(name: str, hits: pl.Series, people: pl.Series, how_to_read: str) -> Figure:
    """Return the share of ``hits`` (Boolean) with an interval that knows that a person's rows are alike.

    Wilson's interval with the effective sample size of a sample clustered by person (Dean & Pagano 2015,
    https://doi.org/10.1093/jssam/smv024); with one row a person it is the plain one.
    """
    n = len(hits)
    if not n:
        return Figure(name, None, 0, how_to_read)
    groups = (
        pl.DataFrame({"person": people, "hit": hits.cast(pl.Float64)})
        .group_by("person")
        .agg(pl.col("hit").sum().alias("hits"), pl.len().cast(pl.Float64).alias("rows"))
        .sort("person")
    )
    share = float(hits.sum()) / n
    residual = groups["hits"].to_numpy() - share * groups["rows"].to_numpy()
    k = groups.height
    variance = k / max(k - 1, 1) * float((residual**2).sum()) / n**2
    effective = min(float(n), share * (1 - share) / variance) if variance > 0 else float(k)
    low, high = wilson(share * effective, effective)
    return Figure(name, share, n, how_to_read, float(low), float(high))


def mean_figure(name: str, values: np.ndarray, how_to_read: str) -> Figure:
    """Return the mean of ``values`` (n,) with its normal interval; None without a value."""
    n = len(values)
    if not n:
        return Figure(name, None, 0, how_to_read)
    mean = float(values.mean())
    half = 1.96 * float(values.std(ddof=1)) / n**0.5 if n > 1 else None
    return Figure(
        name, mean, n, how_to_read, None if half is None else mean - half, None if half is None else mean + half
    )
