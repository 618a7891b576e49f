"""Exports: the contract for machines, version 1. The columns of a kind, by name and in this order, are what others
build on; a new column is appended, and a change of meaning raises ``EXPORT_VERSION``.

**statements**, a row a statement, by feedback_id and start
    feedback_id, statement_id, start, end (places in the feedback's text, so that ``text == feedback.text[start:end]``),
    text (redacted), language, theme_ids, theme_labels, confidence (three aligned lists of the sub-themes mentioned, a
    theme without sub-themes counting as one; most confident first), best_theme_id (the nearest of them by vector, null
    when it is too far), best_similarity (its cosine, -1..1, near enough or not; null when not tagged), sentiment
    (-1..1), sentiment_label, emotion (the likeliest one; "none" when none was found, null when none was looked for),
    unthemed_reason (null when a theme is mentioned; "not tagged yet" for a statement that came after the last tagging),
    parent_theme_ids (level-1 themes mentioned, each once, most confident first), external_id, codebook_version, margin
    (cosine by which the tag stands: to the threshold or to the next theme, whichever is less), review (why a person
    should look at it; null when the margin is wide enough or a person has), journey_stage, touchpoint (what it is about
    beside its themes; null where it does not say, and without a guided codebook), facets (these and further ones, as a
    JSON object in a string), sentiment_confidence (0..1, probability of the label), emotions (list of anger, confusion,
    disappointment, worry, joy, gratitude, surprise) and intents (list of complaint, suggestion, question, praise,
    churn, urgent), the likeliest first, empty when none was found, null when none was looked for
**feedback**, a row a feedback, by feedback_id
    feedback_id, external_id, source, language, created_at (no zone: as written, or UTC), one column a score,
    nps_segment, theme_ids, theme_labels (aligned, the most confident first), sentiment (-1..1, mean of the statements),
    sentiment_label (negative, neutral, positive or mixed), is_non_answer, duplicate_of (the feedback that says the
    same, or nearly so), n_statements, one column a segment, question, channel, customer_id, response_id (shared by the
    answers of one form: count its scores once), text, codebook_version, non_answer (why it says nothing: empty,
    nothing, not_applicable, generic, number, noise, nothing_to_improve, which is praise, or nothing_good; null when it
    says something), duplicate_kind (exact or near, null without duplicate_of), asides (a JSON list in a string of
    [start, end, kind]: places in the text that the customer did not say; kind is quote, signature, greeting,
    disclaimer, log, code, template or agent), emotions, intents (of any of its statements, as in statements), weight
    (how much the response counts; 1 where none was given)
**themes**, a row a theme, by theme_id
    theme_id, label, parent_id, level (1 theme, 2 sub-theme), state ("retired" when a person hid it), keywords (a JSON
    object in a string, language to words), n_feedback and n_statements (that mention it now), quotes (list of feedback
    ids), definition, threshold (least cosine to be tagged), codebook_version, source (discovered, guided or person),
    label_source (phrases, codebook, person, or llm: a model worded it and no person has accepted it), stability (0..1:
    how much of it resampled fits find again, null where not measured; below 0.6 its state is "candidate"), is_emerging
    (outside all themes of the guided codebook), n_people (customers, or responses without one, that mention it now)
**mentions**, a row a statement and theme at both levels, by statement_id and theme_id
    statement_id, feedback_id, theme_id, theme_label, level, confidence (0..1), sentiment, sentiment_label (of the
    statement), codebook_version, provenance (model or person)
**customers**, a row a customer, by customer_id; responses without a customer are in the other tables only
    customer_id, n_feedback, n_responses, n_statements (all of theirs), theme_ids, theme_labels (aligned, of their
    statements; what most of them mention first), sentiment (-1..1, mean of the statements), sentiment_label (negative,
    neutral, positive or mixed, as in feedback), one column last_NAME a score (their newest one), nps_segment (of the
    newest NPS), first_date, last_date (of their feedback), codebook_version, emotions, intents (of any of their
    statements, as in statements)

A score or segment whose name another column has is called ``score_NAME`` or ``segment_NAME``. Before the first
codebook the theme columns are null or empty. Lists are lists in Parquet and JSON. In CSV and XLSX they are joined by
"|", a "|" within a label is written "¦", and text that starts like a formula has a leading apostrophe; a moment is ISO
text in all but Parquet. CSV is UTF-8 with a byte order mark. Parquet files carry ``feedback_nlp.export_version`` and
``feedback_nlp.export_kind``.

Exports hold rows, not groups: nothing is suppressed, whatever ``privacy_minimum`` is. They are as confidential as the
database; keep them so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import polars as pl

from feedback_nlp.analysis.facets import facet_column
from feedback_nlp.analysis.feelings import NONE
from feedback_nlp.analysis.frames import AnalysisFrames, build_frames
from feedback_nlp.analysis.roll_up import found_by, sentiment_by
from feedback_nlp.analysis.weighting import WEIGHT
from feedback_nlp.errors import UsageError, did_you_mean
from feedback_nlp.export_files import check_target, write_table
from feedback_nlp.settings import Settings

if TYPE_CHECKING:
    from feedback_nlp.store import Store

EXPORT_VERSION = 1
NOT_TAGGED = "not tagged yet"

ExportKind = Literal["statements", "feedback", "themes", "mentions", "customers"]


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """What was written where. ``notes`` are lines for the user: what the format could not hold."""

    kind: str
    path: Path
    n_rows: int
    n_columns: int
    columns: tuple[str, ...]
    notes: tuple[str, ...] = ()


def export_table(
    store: Store, kind: ExportKind, out: Path, *, codebook_version: int | None = None, settings: Settings
) -> ExportSummary:
    """Write one table to ``out``, in the format of its suffix: .parquet, .csv, .json, .jsonl or .xlsx.

    ``codebook_version`` None means the newest. The file is replaced in one step, so that nobody reads half of it.
    Raises :class:`UsageError` for an unknown kind, suffix, folder or version.
    """
    if kind not in TABLES:
        raise UsageError(f"{kind!r} is not a table to export.{did_you_mean(kind, TABLES)}")
    check_target(out)
    table = export_frame(store, kind, codebook_version=codebook_version, settings=settings)
    metadata = {"feedback_nlp.export_version": str(EXPORT_VERSION), "feedback_nlp.export_kind": kind}
    notes = write_table(table, out, metadata)
    return ExportSummary(kind, out, table.height, table.width, tuple(table.columns), notes)


def export_frame(
    store: Store, kind: ExportKind, *, codebook_version: int | None = None, settings: Settings
) -> pl.DataFrame:
    """Return the table that :func:`export_table` writes, with its columns and order of rows."""
    version = codebook_version if codebook_version is not None else store.latest_codebook_version(ready=True)
    frames = build_frames(store.read_frames(version), settings, keep_hidden=True)
    table = TABLES[kind](frames)
    return table.with_columns(pl.lit(version, dtype=pl.Int64).alias("codebook_version"))


def _statements(frames: AnalysisFrames) -> pl.DataFrame:
    mentions = _ranked(frames, "statement_id")
    leaves = mentions.filter("is_leaf").group_by("statement_id").agg(_THEME_IDS, _THEME_LABELS, pl.col("confidence"))
    parents = (
        mentions.filter(pl.col("level") == 1)
        .group_by("statement_id")
        .agg(pl.col("theme_id").alias("parent_theme_ids"), pl.lit(True).first().alias("is_themed"))
    )
    table = (
        frames.statements.join(leaves, on="statement_id", how="left")
        .join(parents, on="statement_id", how="left")
        .join(frames.feedback.select("feedback_id", "external_id"), on="feedback_id", how="left")
        .sort("feedback_id", "start", "statement_id")
    )
    themed = pl.col("is_themed").fill_null(False) | pl.col("theme_ids").is_not_null()
    reason = pl.col("unthemed_reason")
    untagged = pl.col("best_similarity").is_null() & pl.lit(frames.themes.height > 0)
    return table.select(
        *("feedback_id", "statement_id", "start", "end", "text", "language"),
        *(_or_empty(name) for name in ("theme_ids", "theme_labels", "confidence")),
        # A tag that says why there is no theme names the nearest one all the same.
        pl.when(reason.is_null()).then("best_theme_id").alias("best_theme_id"),
        *("best_similarity", "sentiment", "sentiment_label"),
        pl.when(pl.col("emotions").is_not_null())
        .then(pl.coalesce(pl.col("emotions").list.first(), pl.lit(NONE)))
        .alias("emotion"),
        pl.when(~themed & untagged)
        .then(pl.coalesce(reason, pl.lit(NOT_TAGGED)))
        .when(~themed)
        .then(reason)
        .alias("unthemed_reason"),
        _or_empty("parent_theme_ids"),
        *("external_id", _VERSION, "margin", "review"),
        *(facet_column(table, name) for name in ("journey_stage", "touchpoint")),
        pl.col("facets").fill_null("{}"),
        *("sentiment_confidence", "emotions", "intents"),
    )


def _feedback(frames: AnalysisFrames) -> pl.DataFrame:
    leaves = _ranked(frames, "feedback_id").filter("is_leaf").group_by("feedback_id").agg(_THEME_IDS, _THEME_LABELS)
    fixed_before = ("feedback_id", "external_id", "source", "language", "created_at")
    fixed_between = (
        *("nps_segment", "theme_ids", "theme_labels", "sentiment", "sentiment_label"),
        *("is_non_answer", "duplicate_of", "n_statements"),
    )
    fixed_after = ("question", "channel", "customer_id", "response_id", "text")
    appended = ("non_answer", "duplicate_kind", "asides", "emotions", "intents", WEIGHT)
    taken = {*fixed_before, *fixed_between, *fixed_after, "codebook_version", *appended}
    scores = [pl.col(f"score.{name}").alias(_free(name, "score_", taken)) for name in frames.score_names]
    segments = [pl.col(f"segment.{name}").alias(_free(name, "segment_", taken)) for name in frames.segment_names]
    return (
        frames.feedback.join(leaves, on="feedback_id", how="left")
        .with_columns(_or_empty("theme_ids"), _or_empty("theme_labels"))
        .sort("feedback_id")
        .select(*fixed_before, *scores, *fixed_between, *segments, *fixed_after, _VERSION, *appended)
    )


def _themes(frames: AnalysisFrames) -> pl.DataFrame:
    people = frames.feedback.select("feedback_id", "person_id")
    counts = (
        frames.mentions.join(people, on="feedback_id", how="left")
        .group_by("theme_id")
        .agg(
            pl.col("feedback_id").n_unique().cast(pl.Int64).alias("n_feedback"),
            pl.col("statement_id").n_unique().cast(pl.Int64).alias("said"),
            pl.col("person_id").n_unique().cast(pl.Int64).alias("n_people"),
        )
    )
    quotes = (
        frames.themes.select("theme_id", pl.col("quote_ids").str.json_decode(pl.List(pl.String)).alias("statement_id"))
        .explode("statement_id", empty_as_null=True)
        .join(frames.statements.select("statement_id", "feedback_id"), on="statement_id", maintain_order="left")
        .group_by("theme_id", maintain_order=True)
        .agg(pl.col("feedback_id").unique(maintain_order=True).alias("quotes"))
    )
    return (
        frames.themes.join(counts, on="theme_id", how="left")
        .join(quotes, on="theme_id", how="left")
        .sort("theme_id")
        .select(
            *("theme_id", "label", "parent_id", "level", "state", "keywords"),
            pl.col("n_feedback").fill_null(0),
            pl.col("said").fill_null(0).alias("n_statements"),
            _or_empty("quotes"),
            *("definition", "threshold", _VERSION),
            *("source", "label_source", "stability", "is_emerging"),
            pl.col("n_people").fill_null(0),
        )
    )


def _mentions(frames: AnalysisFrames) -> pl.DataFrame:
    themes = frames.themes.select("theme_id", pl.col("label").alias("theme_label"), "level")
    return (
        frames.mentions.join(themes, on="theme_id", how="left")
        .sort("statement_id", "theme_id")
        .select(
            *("statement_id", "feedback_id", "theme_id", "theme_label", "level"),
            *("confidence", "sentiment", "sentiment_label"),
            _VERSION,
            "provenance",
        )
    )


def _customers(frames: AnalysisFrames) -> pl.DataFrame:
    feedback = frames.feedback.filter(pl.col("customer_id").fill_null("") != "").sort("created_at", "feedback_id")
    statements = frames.statements.join(feedback.select("feedback_id", "customer_id"), on="feedback_id", how="inner")
    leaves = _ranked(frames, "statement_id").filter("is_leaf").select("statement_id", "theme_id", "theme_label")
    themes = (
        leaves.join(statements.select("statement_id", "customer_id"), on="statement_id", how="inner")
        .group_by("customer_id", "theme_id")
        .agg(pl.len().alias("n"), pl.col("theme_label").first())
        .sort(["customer_id", "n", "theme_id"], descending=[False, True, False])
        .group_by("customer_id", maintain_order=True)
        .agg(_THEME_IDS, _THEME_LABELS)
    )
    before = ("customer_id", "n_feedback", "n_responses", "n_statements", "theme_ids", "theme_labels", "sentiment")
    found = ("emotions", "intents")
    taken = {*before, "sentiment_label", "nps_segment", "first_date", "last_date", "codebook_version", *found}
    scores = {name: _free(f"last_{name}", "score_", taken) for name in frames.score_names}
    counts = feedback.group_by("customer_id").agg(
        pl.len().cast(pl.Int64).alias("n_feedback"),
        pl.col("response_id").n_unique().cast(pl.Int64).alias("n_responses"),
        *(pl.col(f"score.{name}").drop_nulls().last().alias(column) for name, column in scores.items()),
        pl.col("nps_segment").drop_nulls().last(),
        pl.col("created_at").min().alias("first_date"),
        pl.col("created_at").max().alias("last_date"),
    )
    said = statements.group_by("customer_id").agg(pl.len().cast(pl.Int64).alias("n_statements"))
    return (
        counts.join(themes, on="customer_id", how="left")
        .join(sentiment_by(statements, "customer_id"), on="customer_id", how="left")
        .join(found_by(statements, "customer_id"), on="customer_id", how="left")
        .join(said, on="customer_id", how="left")
        .with_columns(_or_empty("theme_ids"), _or_empty("theme_labels"), pl.col("n_statements").fill_null(0))
        .sort("customer_id")
        .select(
            *before, "sentiment_label", *scores.values(), "nps_segment", "first_date", "last_date", _VERSION, *found
        )
    )


def _ranked(frames: AnalysisFrames, of: str) -> pl.DataFrame:
    """Return each theme of a statement or feedback once, with label, level and ``is_leaf``, most confident first."""
    parents = frames.themes["parent_id"].drop_nulls().unique().implode()
    themes = frames.themes.select(
        "theme_id", pl.col("label").alias("theme_label"), "level", ~pl.col("theme_id").is_in(parents).alias("is_leaf")
    )
    return (
        frames.mentions.group_by(of, "theme_id")
        .agg(pl.col("confidence").max())
        .join(themes, on="theme_id", how="inner")
        .sort([of, "confidence", "theme_id"], descending=[False, True, False])
    )


def _or_empty(name: str) -> pl.Expr:
    return pl.col(name).fill_null([])


def _free(name: str, prefix: str, taken: set[str]) -> str:
    """Return a column name that is not taken yet, and take it. Case does not tell names apart: it does not in Excel."""
    folded = {other.casefold() for other in taken}
    while name.casefold() in folded:
        name = prefix + name
    taken.add(name)
    return name


_VERSION = pl.lit(None, dtype=pl.Int64).alias("codebook_version")  # its place; the value comes with all the others
_THEME_IDS = pl.col("theme_id").alias("theme_ids")
_THEME_LABELS = pl.col("theme_label").alias("theme_labels")
TABLES: dict[str, Callable[[AnalysisFrames], pl.DataFrame]] = {
    "statements": _statements,
    "feedback": _feedback,
    "themes": _themes,
    "mentions": _mentions,
    "customers": _customers,
}
