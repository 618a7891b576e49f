"""Emerging pains: groups of statements that no theme covers, from several customers in more than one period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from feedback_nlp.errors import NothingToShow, UsageError
from feedback_nlp.pipeline.codebooks import load_codebook
from feedback_nlp.pipeline.corpus import vectors_of
from feedback_nlp.pipeline.editing import EditSummary, edit_theme
from feedback_nlp.pipeline.progress import Progress, silent
from feedback_nlp.records import stable_hash
from feedback_nlp.settings import Settings

if TYPE_CHECKING:
    from feedback_nlp.encoding import LoadedEncoder
    from feedback_nlp.store import Store

LEAST_MONTHS = 2
EXAMPLES = 20  # statements of a group that define the theme once it is accepted


@dataclass(frozen=True)
class EmergingGroup:
    """Statements of like meaning that no theme covers.

    ``group_id`` is the same as long as its statements are. ``statement_ids`` come nearest to the centre first;
    ``n_people`` said it in ``n_months`` months from ``first`` to ``last``; ``languages`` counts statements;
    ``sentiment`` is their mean polarity (-1..1, None where not scored).
    """

    group_id: str
    label: str
    keywords: Mapping[str, tuple[str, ...]]
    statement_ids: tuple[str, ...]
    n_statements: int
    n_people: int
    n_months: int
    first: datetime | None
    last: datetime | None
    languages: Mapping[str, int]
    sentiment: float | None


def find_emerging(
    store: Store,
    settings: Settings,
    *,
    encoder: LoadedEncoder | None = None,
    least_months: int = LEAST_MONTHS,
    progress: Progress = silent,
) -> tuple[EmergingGroup, ...]:
    """Return the groups that at least the privacy minimum of people speak of in ``least_months`` months, largest first.

    Undated statements count as one month. Of very many unthemed statements, the newest are looked at. Raises
    NothingToShow when there is no codebook.
    """
    from feedback_nlp.encoding import load_encoder
    from feedback_nlp.encoding.prepared import cache_folder
    from feedback_nlp.language.stopwords import negations, stop_words
    from feedback_nlp.themes.discovery.emerging import describe_groups, group_unthemed
    from feedback_nlp.themes.labels.llm_naming import make_labeller

    codebook = load_codebook(store)
    rest = _unthemed(store)
    if rest.is_empty():
        return ()
    encoder = encoder or load_encoder(settings)
    codebook.require_encoder(encoder.identity.key)
    progress("emerging", 0, 1)
    languages = rest["language"].to_list()
    vectors = codebook.space.prepare(vectors_of(store, codebook.encoder_key, rest["text_hash"].to_list()), languages)
    groups = _heard(rest, group_unthemed(vectors, codebook), settings.privacy_minimum, least_months)

    def encode(phrases: Sequence[str], codes: Sequence[str]) -> np.ndarray:
        return codebook.space.prepare(encoder.encode(list(phrases)), codes)

    labeller = make_labeller(settings, encode, stop_words, negations, cache_folder(settings) / "names")
    found = describe_groups(rest["text"].to_list(), languages, vectors, groups, labeller, stop_words)
    progress("emerging", 1, 1)
    return tuple(_group(rest[one["rows"].tolist()], one["label"], one["keywords"]) for one in found)


def emerging_table(groups: Sequence[EmergingGroup]) -> pl.DataFrame:
    """Return one row a group, in their order.

    Columns: group_id, label, n_statements, n_people, n_months, first, last, languages ("en 13, pl 11") and sentiment.
    """
    names = ("group_id", "label", "n_statements", "n_people", "n_months", "first", "last")
    rows = [
        (
            *(getattr(group, name) for name in names),
            ", ".join(f"{code} {n}" for code, n in group.languages.items()),
            group.sentiment,
        )
        for group in groups
    ]
    schema: dict[str, Any] = dict.fromkeys(("group_id", "label"), pl.String)
    schema |= dict.fromkeys(("n_statements", "n_people", "n_months"), pl.Int64)
    schema |= {**dict.fromkeys(("first", "last"), pl.Datetime("us")), "languages": pl.String, "sentiment": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def accept_emerging(
    store: Store,
    settings: Settings,
    group: EmergingGroup,
    author: str,
    *,
    label: str | None = None,
    parent_id: str | None = None,
    encoder: LoadedEncoder | None = None,
    progress: Progress = silent,
) -> EditSummary:
    """Make a group a theme, defined by its statements, as an edit that can be undone and that no refit loses."""
    return edit_theme(
        store,
        settings,
        "create",
        f"t_{stable_hash('emerging', group.group_id, size=5)}",
        {
            "label": label or group.label,
            "parent": parent_id,
            "like": list(group.statement_ids[:EXAMPLES]),
            "unlike": [],
        },
        author,
        encoder=encoder,
        progress=progress,
    )


def chosen_group(groups: Sequence[EmergingGroup], group_id: str) -> EmergingGroup:
    """Return the group of that id. Raises UsageError when there is none (any more)."""
    for group in groups:
        if group.group_id == group_id:
            return group
    raise UsageError(
        f"There is no emerging group {group_id!r} among the {len(groups)}. Its statements may have changed: list the "
        "groups again with: feedback-nlp emerging"
    )


def _unthemed(store: Store) -> pl.DataFrame:
    """Return the statements without a theme, one a text and person, the newest first where there are too many."""
    from feedback_nlp.themes.discovery.emerging import MOST
    from feedback_nlp.themes.tagging import SET_APART

    frames = store.read_frames()
    if frames["themes"].is_empty():
        raise NothingToShow("There are no themes yet. Find some first: feedback-nlp discover")
    person = pl.coalesce(pl.col("customer_id").replace("", None), "response_id").alias("person_id")
    mentioned = frames["mentions"].select("statement_id").unique()
    return (
        frames["statements"]
        .filter(pl.col("unthemed_reason").is_not_null() & (pl.col("unthemed_reason") != SET_APART))
        .join(mentioned, on="statement_id", how="anti")
        .join(
            frames["feedback"]
            .filter(pl.col("duplicate_of").is_null())
            .select("feedback_id", person, "created_at", month=pl.col("created_at").dt.strftime("%Y-%m")),
            on="feedback_id",
        )
        .sort(["created_at", "statement_id"], descending=[True, False], nulls_last=True)
        .unique(["text_hash", "person_id"], keep="first", maintain_order=True)
        .head(MOST)
        .sort("text_hash", "statement_id")
    )


def _heard(rest: pl.DataFrame, groups: np.ndarray, fewest: int, least_months: int) -> np.ndarray:
    """Return the groups numbered anew, -1 for those that too few people speak of, or in too few months."""
    counts = (
        rest.with_columns(pl.Series("group", groups))
        .filter(pl.col("group") >= 0)
        .group_by("group")
        .agg(pl.col("person_id").n_unique().alias("people"), pl.col("month").n_unique().alias("months"))
        .filter((pl.col("people") >= fewest) & (pl.col("months") >= least_months))
        .sort(["people", "group"], descending=[True, False])
    )
    number = np.full(int(groups.max(initial=-1)) + 2, -1)  # the last place is that of -1
    number[counts["group"].to_numpy()] = np.arange(counts.height)
    return number[groups]


def _group(members: pl.DataFrame, label: str, keywords: Mapping[str, tuple[str, ...]]) -> EmergingGroup:
    languages = members["language"].value_counts().sort(["count", "language"], descending=[True, False])
    polarity = members["sentiment"].drop_nulls()
    dates = members["created_at"].drop_nulls().sort()
    return EmergingGroup(
        group_id="e_" + stable_hash(*sorted(members["statement_id"]), size=5),
        label=label,
        keywords=keywords,
        statement_ids=tuple(members["statement_id"]),
        n_statements=members.height,
        n_people=members["person_id"].n_unique(),
        n_months=members["month"].n_unique(),
        first=dates[0] if len(dates) else None,
        last=dates[-1] if len(dates) else None,
        languages=dict(languages.iter_rows()),
        sentiment=float(polarity.sort().sum()) / len(polarity) if len(polarity) else None,
    )
