"""What people wrote, with the evidence marked by its place in the text."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

import polars as pl

from feedback_nlp.analysis import privacy
from feedback_nlp.analysis.feelings import EMOTION, INTENT, expressing, require_name
from feedback_nlp.analysis.frames import AnalysisFrames, theme_label
from feedback_nlp.analysis.passages import read_asides, said_text
from feedback_nlp.analysis.roll_up import sentiment_by
from feedback_nlp.errors import UsageError, did_you_mean
from feedback_nlp.language.redaction.redactor import PLACEHOLDER
from feedback_nlp.records import Aside

Order = Literal["relevant", "newest", "oldest", "most_negative", "most_positive"]
_SENTIMENTS = ("negative", "neutral", "positive", "mixed")


@dataclass(frozen=True, slots=True)
class Span:
    """A statement within a verbatim: ``text[start:end]``. ``is_evidence``: it mentions the theme asked for.

    ``emotions`` and ``intents`` are those it expresses, the likeliest first.
    """

    start: int
    end: int
    theme_ids: tuple[str, ...]
    theme_labels: tuple[str, ...]
    sentiment_label: str | None
    is_evidence: bool
    emotions: tuple[str, ...] = ()
    intents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verbatim:
    """One redacted feedback. ``asides`` are the parts of ``text`` that the customer did not say, in order.

    ``right_to_left`` is the direction of what is said. Segment values held by too few people in the view are left out.
    """

    feedback_id: str
    text: str
    language: str
    right_to_left: bool
    created_at: datetime | None
    scores: Mapping[str, float]
    segments: Mapping[str, str]
    nps_segment: str | None
    question: str
    source: str
    spans: tuple[Span, ...]
    asides: tuple[Aside, ...] = ()


@dataclass(frozen=True, slots=True)
class VerbatimPage:
    """``total`` matches, of which ``items`` are this page. ``suppressed``: too few people; then total is 0."""

    total: int
    suppressed: bool
    items: tuple[Verbatim, ...]

    def table(self) -> pl.DataFrame:
        """Return one row a verbatim of this page, in its order.

        Columns: feedback_id, created_at, language, source, question, nps_segment, ``score.NAME`` (Float64) and
        ``segment.NAME`` for those that any of them has, evidence (the statements that mention the theme asked for, as
        written, joined by " … "; null where none was asked for), feels (list: how each of these statements sounds),
        text (redacted, whole).
        """
        schema: dict[str, Any] = {"feedback_id": pl.String, "created_at": pl.Datetime("us")}
        schema |= dict.fromkeys(("language", "source", "question", "nps_segment"), pl.String)
        schema |= {f"score.{name}": pl.Float64 for item in self.items for name in item.scores}
        schema |= {f"segment.{name}": pl.String for item in self.items for name in item.segments}
        schema |= {"evidence": pl.String, "feels": pl.List(pl.String), "text": pl.String}
        return pl.DataFrame([_row(item) for item in self.items], schema=schema)


def find_verbatims(
    frames: AnalysisFrames,
    *,
    theme_id: str | None = None,
    unthemed: bool = False,
    sentiment: str | None = None,
    emotion: str | None = None,
    intent: str | None = None,
    search: str | None = None,
    order: Order = "relevant",
    limit: int = 50,
    offset: int = 0,
) -> VerbatimPage:
    """Return meaningful feedback of the view, one page of it.

    ``theme_id`` keeps what mentions the theme, ``unthemed`` what mentions none, ``sentiment`` (negative, neutral,
    positive, mixed) what feels so, ``emotion`` (of ``records.EMOTIONS``, or "none") and ``intent`` (of
    ``records.INTENTS``) what expresses it: about the theme when one is given, else as a whole. ``search`` holds words
    that must all occur in what the customer says (not in signatures, logs and the like, nor in placeholders), in any
    case and without regard to accents. "relevant" puts the theme's own quotes first, then the surest mentions;
    without a theme it is the newest first.

    The privacy minimum is held against the people behind the view, and nothing is listed of a theme that the view
    withholds: sentiment, emotion, intent and search only choose among texts that may be listed anyway. Raises
    :class:`UsageError` for an unknown theme, order, sentiment, emotion or intent.
    """
    if order not in get_args(Order):
        raise UsageError(f"There is no order {order!r}.{did_you_mean(order, get_args(Order))}")
    if sentiment is not None and sentiment not in _SENTIMENTS:
        raise UsageError(f"There is no sentiment {sentiment!r}.{did_you_mean(sentiment, _SENTIMENTS)}")
    expressed = [(kind, name) for kind, name in ((EMOTION, emotion), (INTENT, intent)) if name is not None]
    for kind, name in expressed:
        require_name(kind, name)
    if theme_id is not None:
        theme_label(frames, theme_id)
    found = frames.feedback.filter("meaningful")
    small = frames.feedback["person_id"].n_unique() < frames.privacy_minimum
    if theme_id is not None:
        found = found.join(_about(frames, theme_id), on="feedback_id", how="inner")
    else:
        found = found.with_columns(
            pl.col("sentiment").alias("__feeling__"),
            pl.col("sentiment_label").alias("__label__"),
            pl.lit(1).alias("__quote__"),
            pl.lit(0.0).alias("__confidence__"),
        )
    if unthemed:
        found = found.join(frames.mentions.select("feedback_id"), on="feedback_id", how="anti")
    withheld = (theme_id in frames.withheld) or (unthemed and privacy.UNTHEMED in frames.withheld)
    if withheld or (small and not found.is_empty()):
        return VerbatimPage(0, True, ())
    if sentiment is not None:
        found = found.filter(pl.col("__label__") == sentiment)
    said = frames.statements if theme_id is None else frames.mentions.filter(pl.col("theme_id") == theme_id)
    for kind, name in expressed:
        found = found.join(expressing(said, kind, name), on="feedback_id", how="semi")
    for word in (search or "").split():
        found = found.filter(_folded(_said()).str.contains(_fold(word), literal=True))
    page = _ordered(found, order).slice(offset, limit)
    return VerbatimPage(found.height, False, _verbatims(frames, page, theme_id))


def _row(item: Verbatim) -> dict[str, Any]:
    evidence = [span for span in item.spans if span.is_evidence]
    names = ("feedback_id", "created_at", "language", "source", "question", "nps_segment", "text")
    return {
        **{name: getattr(item, name) for name in names},
        **{f"score.{name}": value for name, value in item.scores.items()},
        **{f"segment.{name}": value for name, value in item.segments.items()},
        "evidence": " \u2026 ".join(item.text[span.start : span.end] for span in evidence) or None,
        "feels": [span.sentiment_label for span in evidence],
    }


def is_right_to_left(text: str) -> bool:
    """Whether the first letter with a direction is a right-to-left one (Unicode bidirectional classes R and AL)."""
    for character in text:
        direction = unicodedata.bidirectional(character)
        if direction in ("R", "AL"):
            return True
        if direction == "L":
            return False
    return False


def _about(frames: AnalysisFrames, theme_id: str) -> pl.DataFrame:
    """One row a feedback that mentions the theme: how it feels about it, and how good a quote it makes."""
    quotes = frames.themes.filter(pl.col("theme_id") == theme_id)["quote_ids"][0]
    quoted = pl.col("statement_id").is_in(json.loads(quotes or "[]"))
    said = frames.mentions.filter(pl.col("theme_id") == theme_id)
    feeling = sentiment_by(said, "feedback_id").rename({"sentiment": "__feeling__", "sentiment_label": "__label__"})
    return (
        said.group_by("feedback_id")
        .agg(
            (~quoted).all().cast(pl.Int32).alias("__quote__"),
            pl.col("confidence").max().alias("__confidence__"),
        )
        .join(feeling, on="feedback_id", how="left")
    )


def _ordered(found: pl.DataFrame, order: Order) -> pl.DataFrame:
    keys: dict[str, tuple[list[str], list[bool]]] = {
        "relevant": (["__quote__", "__confidence__", "created_at"], [False, True, True]),
        "newest": (["created_at"], [True]),
        "oldest": (["created_at"], [False]),
        "most_negative": (["__feeling__"], [False]),
        "most_positive": (["__feeling__"], [True]),
    }
    columns, descending = keys[order]
    return found.sort([*columns, "feedback_id"], descending=[*descending, False], nulls_last=True)


def _verbatims(frames: AnalysisFrames, page: pl.DataFrame, theme_id: str | None) -> tuple[Verbatim, ...]:
    ids = page.select("feedback_id")
    statements = frames.statements.join(ids, on="feedback_id", how="semi", maintain_order="left")
    shown = frames.themes.filter(~pl.col("theme_id").is_in(list(frames.withheld))).select("theme_id", "label", "level")
    mentions = (
        frames.mentions.join(ids, on="feedback_id", how="semi", maintain_order="left")
        .join(shown, on="theme_id", how="inner", maintain_order="left")
        .sort("statement_id", "level", "theme_id")
    )
    themes: dict[str, list[tuple[str, str]]] = {}
    for statement_id, mentioned, label in mentions.select("statement_id", "theme_id", "label").iter_rows():
        themes.setdefault(statement_id, []).append((mentioned, label))
    spans: dict[str, list[Span]] = {}
    for row in statements.iter_rows(named=True):
        named = themes.get(row["statement_id"], [])
        span = Span(
            start=row["start"],
            end=row["end"],
            theme_ids=tuple(mentioned for mentioned, _ in named),
            theme_labels=tuple(label for _, label in named),
            sentiment_label=row["sentiment_label"],
            is_evidence=any(mentioned == theme_id for mentioned, _ in named),
            emotions=tuple(row["emotions"] or ()),
            intents=tuple(row["intents"] or ()),
        )
        spans.setdefault(row["feedback_id"], []).append(span)
    common = {name: _common_values(frames, f"segment.{name}") for name in frames.segment_names}
    return tuple(
        _verbatim(frames, row, common, tuple(spans.get(row["feedback_id"], ()))) for row in page.iter_rows(named=True)
    )


def _verbatim(
    frames: AnalysisFrames, row: dict[str, Any], common: dict[str, frozenset[str]], spans: tuple[Span, ...]
) -> Verbatim:
    scores = {name: row[f"score.{name}"] for name in frames.score_names}
    segments = {name: row[f"segment.{name}"] for name in frames.segment_names}
    asides = read_asides(row["asides"])
    return Verbatim(
        feedback_id=row["feedback_id"],
        text=row["text"],
        language=row["language"],
        right_to_left=is_right_to_left(said_text(row["text"], asides)),
        created_at=row["created_at"],
        scores={name: value for name, value in scores.items() if value is not None},
        segments={name: value for name, value in segments.items() if value in common[name]},
        nps_segment=row["nps_segment"],
        question=row["question"],
        source=row["source"],
        spans=spans,
        asides=asides,
    )


def _common_values(frames: AnalysisFrames, column: str) -> frozenset[str]:
    people = frames.feedback.group_by(column).agg(pl.col("person_id").n_unique().alias("people"))
    return frozenset(people.filter(pl.col("people") >= frames.privacy_minimum)[column].drop_nulls())


def _said() -> pl.Expr:
    return pl.coalesce("said", "text").str.replace_all(PLACEHOLDER.pattern, " ")


def _folded(text: pl.Expr) -> pl.Expr:
    return text.str.normalize("NFKD").str.replace_all(r"\p{M}", "").str.to_lowercase()


def _fold(word: str) -> str:
    decomposed = unicodedata.normalize("NFKD", word)
    return "".join(c for c in decomposed if not unicodedata.category(c).startswith("M")).lower()
