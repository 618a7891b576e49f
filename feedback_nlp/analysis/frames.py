"""The tables that analysis works on: built once for a data version, then filtered in memory by a view."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import polars as pl

from feedback_nlp.analysis import privacy
from feedback_nlp.analysis.facet_values import facet_column, require_facet
from feedback_nlp.analysis.passages import said_column
from feedback_nlp.analysis.roll_up import found_by, found_columns, sentiment_by
from feedback_nlp.analysis.weighting import WEIGHT
from feedback_nlp.errors import UsageError, did_you_mean
from feedback_nlp.records import View
from feedback_nlp.settings import Settings

NOT_GIVEN = "(not given)"
OUTCOME_ORDER = ("nps", "csat", "stars", "likely", "ces")
FACT_ORDER = ("churn", "fcr", "resolution")  # outcomes that nobody was asked for come after those
FACETS = ("nps_segment", "language", "question", "source", "channel")
_FEELINGS = ("sentiment", "sentiment_label", "sentiment_confidence", "emotions", "intents")  # of a statement
# What frames written down before these were known lack; null, or false, stands for "not known".
_ROW_FACTS = {WEIGHT: pl.lit(1.0)}
_TAG_FACTS = {"margin": pl.lit(None, pl.Float64), "review": pl.lit(None, pl.String), "facets": pl.lit("{}")}
_TAG_FACTS |= {"codebook_version": pl.lit(None, pl.Int64)}
_SCORE_FACTS = {
    "sentiment_confidence": pl.lit(None, pl.Float64),
    "emotions": pl.lit(None, pl.String),
    "intents": pl.lit(None, pl.String),
}
_THEME_FACTS = {
    "source": pl.lit("discovered"),
    "label_source": pl.lit("phrases"),
    "stability": pl.lit(None, pl.Float64),
    "is_emerging": pl.lit(False),
}


_CODEBOOKS = {"version": pl.Int64, "reason": pl.String}


@dataclass(frozen=True, slots=True, eq=False)
class AnalysisFrames:
    """Tidy tables of one data version and codebook, or of a view on them.

    ``feedback`` has one row a feedback, with ``score.<name>`` (Float64), ``segment.<name>`` (String), ``weight``
    (Float64, above 0, 1 where none was given), ``person_id`` (the customer, else the response), ``month`` ("YYYY-MM" or
    null), ``nps_segment``, ``sentiment`` (-1..1), ``sentiment_label`` (negative, neutral, positive, mixed or null),
    ``emotions`` and ``intents`` (of its statements), ``meaningful`` and ``said`` (the text with asides blanked, null
    where there are none). ``statements`` have
    sentiment, sentiment_label, sentiment_confidence, emotions and intents with emotion_confidence and
    intent_confidence, say how sure their tags are (margin, review) and hold facets, a JSON object; ``mentions`` has
    one row a statement and theme, with what the statement feels. Emotions and intents are lists of names, the
    likeliest first, empty when there are none and null when they were not looked for; see
    :mod:`~feedback_nlp.analysis.roll_up`. ``themes`` say where they are from (source, label_source, is_emerging) and
    their stability (0..1, null where not measured). ``withheld`` are the ids of themes whose figures and texts the
    privacy minimum keeps back. ``codebooks`` (version, reason) are those published; ``codebook_version`` of
    a statement is the one that tagged it. Row order does not depend on the store's.
    """

    feedback: pl.DataFrame
    statements: pl.DataFrame
    mentions: pl.DataFrame
    themes: pl.DataFrame
    scales: pl.DataFrame
    segment_names: tuple[str, ...]
    score_names: tuple[str, ...]
    outcome_name: str
    privacy_minimum: int = 5
    low_base: int = 30
    withheld: frozenset[str] = frozenset()
    codebooks: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_CODEBOOKS))


def build_frames(raw: Mapping[str, pl.DataFrame], settings: Settings, *, keep_hidden: bool = False) -> AnalysisFrames:
    """Return the analysis tables for the store's frames, without the themes that a person hid unless told to."""
    feedback = _with(raw["feedback"], _ROW_FACTS).sort("feedback_id")
    statements = _with(raw["statements"], _TAG_FACTS | _SCORE_FACTS).sort("feedback_id", "start", "statement_id")
    statements = found_columns(statements)
    scores, score_names = _unpack(feedback["scores"], "score.", pl.Float64())
    segments, segment_names = _unpack(feedback["segments"], "segment.", pl.String())
    scales = _complete_scales(raw["scales"], scores, score_names)
    feedback = feedback.drop("scores", "segments").hstack(scores).hstack(segments)
    with_values = scales.filter(pl.col("name").is_in(score_names))
    feedback = feedback.with_columns(
        pl.coalesce(pl.col("customer_id").replace("", None), "response_id").alias("person_id"),
        pl.col(WEIGHT).cast(pl.Float64).fill_null(1.0),
        pl.col("created_at").dt.strftime("%Y-%m").alias("month"),
        (~pl.col("is_non_answer") & (pl.col("n_statements") > 0)).alias("meaningful"),
        _nps_segment(with_values).alias("nps_segment"),
        said_column(feedback),
    )
    for rolled_up in (sentiment_by(statements, "feedback_id"), found_by(statements, "feedback_id")):
        feedback = feedback.join(rolled_up, on="feedback_id", how="left", maintain_order="left")
    every = _with(raw["themes"], _THEME_FACTS)
    themes = every.sort("level", "theme_id") if keep_hidden else _shown(every)
    mentions = (
        raw["mentions"]
        .join(themes.select("theme_id"), on="theme_id", how="semi")
        .unique(["statement_id", "theme_id"])
        .join(statements.select("statement_id", *_FEELINGS), on="statement_id", how="left")
        .sort("feedback_id", "statement_id", "theme_id")
    )
    names = tuple(with_values["name"])
    return AnalysisFrames(
        feedback=feedback,
        statements=statements,
        mentions=mentions,
        themes=themes,
        scales=scales,
        segment_names=segment_names,
        score_names=names,
        outcome_name=_default_outcome(with_values),
        privacy_minimum=settings.privacy_minimum,
        low_base=settings.low_base,
        withheld=privacy.withheld_themes(
            themes, feedback, privacy.who_says_what(feedback, mentions), settings.privacy_minimum
        ),
        codebooks=raw.get("codebooks", pl.DataFrame(schema=_CODEBOOKS)),
    )


def _with(frame: pl.DataFrame, facts: Mapping[str, pl.Expr]) -> pl.DataFrame:
    return frame.with_columns(**{name: value for name, value in facts.items() if name not in frame.columns})


def _shown(themes: pl.DataFrame) -> pl.DataFrame:
    """Return the themes that no person hid, without the sub-themes of a hidden one.

    Feedback that mentions hidden themes alone counts as feedback without a theme.
    """
    hidden = themes.filter(pl.col("state") == "retired")["theme_id"].implode()
    within = pl.col("theme_id").is_in(hidden) | pl.col("parent_id").is_in(hidden).fill_null(False)
    return themes.filter(~within).sort("level", "theme_id")


def apply_view(frames: AnalysisFrames, view: View) -> AnalysisFrames:
    """Return the frames of the feedback that the view keeps.

    A theme is withheld where the filters leave out so few of those who mention it that subtraction would show them.
    Raises :class:`NothingToShow` when the view holds fewer people than the privacy minimum, or when its filters leave
    out so few people altogether (dates are not held to that: two periods that differ by a day can);
    :class:`UsageError` for an unknown segment or facet, or a date that is not ISO.
    """
    kept = {
        column: values
        for column, values in (
            ("language", view.languages),
            ("question", view.questions),
            ("source", view.sources),
            ("nps_segment", view.nps_segments),
            ("channel", view.channels),
            *((segment_column(frames, name), values) for name, values in view.segments.items()),
        )
        if values
    }
    feedback = frames.feedback
    since, until = _date(view.since, "since"), _date(view.until, "until")
    if since is not None:
        feedback = feedback.filter(pl.col("created_at") >= since)
    if until is not None:
        feedback = feedback.filter(pl.col("created_at") < until)
    masks = {c: pl.col(c).fill_null(NOT_GIVEN).is_in(list(values)) for c, values in kept.items()}
    masks |= {f"facet.{name}": _says(frames.statements, name, values) for name, values in view.facets.items() if values}
    whole = feedback
    for mask in masks.values():
        feedback = feedback.filter(mask)
    view_frames = frames
    if feedback.height < frames.feedback.height:
        ids = feedback.select("feedback_id")
        view_frames = replace(
            frames,
            feedback=feedback,
            statements=frames.statements.join(ids, on="feedback_id", how="semi", maintain_order="left"),
            mentions=frames.mentions.join(ids, on="feedback_id", how="semi", maintain_order="left"),
        )
    privacy.require_enough(view_frames)
    if not masks and view_frames is frames:
        return frames
    said = privacy.who_says_what(whole, frames.mentions)
    left_out = []
    for column in masks:
        others = [mask for name, mask in masks.items() if name != column]
        left_out.append((column.removeprefix("segment.").removeprefix("facet."), whole.filter(~masks[column], *others)))
    if len(masks) > 1:
        left_out.append(("all of these", whole.join(feedback, on="feedback_id", how="anti")))
    for facet, missing in left_out:
        privacy.require_enough_left_out(missing["person_id"].n_unique(), frames.privacy_minimum, facet)
    withheld = privacy.withheld_themes(
        frames.themes,
        feedback,
        said.join(feedback, on="feedback_id", how="semi"),
        frames.privacy_minimum,
        [said.join(missing, on="feedback_id", how="semi") for _, missing in left_out],
    )
    return replace(view_frames, withheld=withheld)


def _says(statements: pl.DataFrame, facet: str, values: tuple[str, ...]) -> pl.Expr:
    """Return which feedback has a statement with one of the values of a facet. Raises :class:`UsageError`."""
    require_facet(statements, facet)
    ids = statements.filter(facet_column(statements, facet).is_in(list(values)))["feedback_id"].unique()
    return pl.col("feedback_id").is_in(ids.implode())


def segment_column(frames: AnalysisFrames, by: str) -> str:
    """Return the feedback column that ``by`` names: a built-in facet or a segment. Raises :class:`UsageError`."""
    if by in FACETS:
        return by
    if by in frames.segment_names:
        return f"segment.{by}"
    known = (*frames.segment_names, *FACETS)
    raise UsageError(f"There is no segment {by!r} in this data.{did_you_mean(by, known)}")


def theme_label(frames: AnalysisFrames, theme_id: str) -> str:
    """Return the label of a theme; raises :class:`UsageError` for an id that the codebook does not hold."""
    found = frames.themes.filter(pl.col("theme_id") == theme_id)
    if found.is_empty():
        raise UsageError(f"There is no theme {theme_id!r} in this codebook. Take an id from the table of themes.")
    return str(found["label"][0])


def _unpack(column: pl.Series, prefix: str, dtype: pl.DataType) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return the JSON objects of a column as one column a key, in the order of the rows."""
    texts = column.fill_null("{}")
    distinct = texts.unique().sort()
    objects = [json.loads(text) for text in distinct]
    names = tuple(sorted({name for found in objects for name, value in found.items() if value is not None}))
    number = dtype == pl.Float64
    columns = {
        prefix + name: pl.Series(
            [
                None if (value := found.get(name)) is None else float(value) if number else str(value)
                for found in objects
            ],
            dtype=dtype,
        )
        for name in names
    }
    lookup = pl.DataFrame({"__json__": distinct, **columns})
    rows = pl.DataFrame({"__json__": texts}).join(lookup, on="__json__", how="left", maintain_order="left")
    return rows.drop("__json__"), names


def _complete_scales(scales: pl.DataFrame, scores: pl.DataFrame, names: tuple[str, ...]) -> pl.DataFrame:
    """Add a scale of kind "other", from the values seen, for a score that came without one."""
    missing = [name for name in names if name not in scales["name"]]
    rows = [
        {
            "name": name,
            "kind": "other",
            "minimum": scores[f"score.{name}"].min(),
            "maximum": scores[f"score.{name}"].max(),
            "higher_is_better": True,
        }
        for name in missing
    ]
    scales = scales.with_columns(pl.col("minimum", "maximum").cast(pl.Float64))
    return pl.concat([scales, pl.DataFrame(rows, schema=scales.schema)]).sort("name")


def _default_outcome(scales: pl.DataFrame) -> str:
    for kind in (*OUTCOME_ORDER, *FACT_ORDER):
        found = scales.filter(pl.col("kind") == kind)["name"].sort().to_list()
        if found:
            return kind if kind in found else found[0]
    return "sentiment"


def _nps_segment(scales: pl.DataFrame) -> pl.Expr:
    found = scales.filter(pl.col("kind") == "nps")["name"].sort().to_list()
    if not found:
        return pl.lit(None, dtype=pl.String)
    score = pl.col(f"score.{'nps' if 'nps' in found else found[0]}")
    return (
        pl.when(score >= 9)
        .then(pl.lit("promoter"))
        .when(score >= 7)
        .then(pl.lit("passive"))
        .when(score.is_not_null())
        .then(pl.lit("detractor"))
    )


def _date(text: str | None, name: str) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        raise UsageError(f"{name} = {text!r} is not a date. Write it as YYYY-MM-DD.") from None
