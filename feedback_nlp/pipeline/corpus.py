"""What discovery learns from: every distinct statement once, with the people who said it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from feedback_nlp.errors import DiscoveryError
from feedback_nlp.records import stable_hash
from feedback_nlp.settings import Settings

if TYPE_CHECKING:
    from feedback_nlp.store import Store
    from feedback_nlp.themes.discovery.discover import Corpus
    from feedback_nlp.themes.guided.codebook import GuidedCodebook

DISCOVERY_VERSION = "5"  # raise it when discovery would find other themes in the same statements


def corpus_of(store: Store, encoder_key: str, settings: Settings) -> Corpus:
    """Return the distinct statements to learn from; raises DiscoveryError where nothing with words is stored.

    Statements are the same when case, accents, punctuation and spacing are ignored. One stands for all, in the
    language in which most people said it. A person is a customer or, where that is not known, a response.
    Statements of near-duplicates are not learnt from again; who wrote one counts as having said what the feedback
    that it nearly repeats says.
    """
    from feedback_nlp.themes.discovery.discover import Corpus

    frames = store.read_frames()
    said = _said(frames["statements"], frames["feedback"])
    distinct = _sampled(_distinct(said), settings.discovery_sample)
    if distinct.is_empty():
        raise DiscoveryError(_nothing_to_learn_from(store))
    hashes = distinct["text_hash"].to_list()
    return Corpus(
        tuple(hashes),
        tuple(distinct["text"]),
        tuple(distinct["language"]),
        tuple(distinct["statement_id"]),
        tuple(distinct["feedback_id"]),
        tuple(distinct["person_id"]),
        tuple(frozenset(people) for people in distinct["people"].to_list()),
        vectors=vectors_of(store, encoder_key, hashes),
        polarity=distinct["sentiment"].fill_null(0.0).to_numpy() if distinct["sentiment"].count() else None,
    )


def fingerprint(
    corpus: Corpus,
    encoder_key: str,
    projection: np.ndarray | None,
    settings: Settings,
    guided: GuidedCodebook | None = None,
) -> str:
    """Return a hash of all that decides a codebook but people's edits, whatever the order of the statements."""
    knobs = (
        DISCOVERY_VERSION,
        encoder_key,
        "" if projection is None else stable_hash(projection.tobytes().hex()),
        settings.clusterer,
        settings.min_theme_statements,
        settings.max_themes,
        settings.reading_language,
        settings.seed,
        settings.naming_url and settings.naming_model,
        "" if guided is None else json.dumps([theme.plain() for theme in guided.themes], sort_keys=True),
    )
    said = [
        stable_hash(text_hash, language, *sorted(people))
        for text_hash, language, people in zip(corpus.text_hashes, corpus.languages, corpus.people, strict=True)
    ]
    languages = Counter(corpus.languages)
    return stable_hash(*map(str, knobs), str(sorted(languages.items())), *sorted(said))


def vectors_of(store: Store, key: str, hashes: Sequence[str]) -> np.ndarray:
    """Return one vector for each hash, in order and with repeats."""
    found, vectors = store.vectors(key, sorted(set(hashes)))
    row_of = {text_hash: row for row, text_hash in enumerate(found)}
    return vectors[[row_of[text_hash] for text_hash in hashes]]


def _said(statements: pl.DataFrame, feedback: pl.DataFrame) -> pl.DataFrame:
    """Return the statements that hold words, with their key, their person and how their feedback repeats another."""
    from feedback_nlp.language.cleaning.texts import text_key
    from feedback_nlp.themes.labels.keywords import tokenize

    texts = statements.select("text_hash", "text").unique("text_hash")
    keys = [text_key(text) if tokenize(text) else None for text in texts["text"]]
    person = pl.coalesce(pl.col("customer_id").replace("", None), "response_id").alias("person_id")
    return statements.join(
        texts.select("text_hash", pl.Series("key", keys, dtype=pl.String)).drop_nulls(), on="text_hash", how="inner"
    ).join(
        feedback.select("feedback_id", person, "duplicate_of", near=pl.col("duplicate_kind").eq_missing("near")),
        on="feedback_id",
        how="inner",
    )


def _distinct(said: pl.DataFrame) -> pl.DataFrame:
    """Return one row a key, sorted by text hash: one statement that says it, its commonest language, its people."""
    learnt = said.filter(~pl.col("near"))
    languages = (
        learnt.group_by("key", "language")
        .agg(pl.col("person_id").n_unique().alias("n"))
        .sort(["key", "n", "language"], descending=[False, True, False])
        .unique("key", keep="first", maintain_order=True)
    )
    # A copy of a feedback comes last, so that copying changes no wording and no quotation.
    named = learnt.sort(pl.col("duplicate_of").is_not_null(), "statement_id").unique(
        "key", keep="first", maintain_order=True
    )
    repeated = said.filter("near").select("person_id", pl.col("duplicate_of").alias("feedback_id")).unique()
    # The same words can be praise under one question and blame under another.
    feeling = learnt.group_by("key").agg(pl.col("sentiment").sort().mean().round(6))
    heard = pl.concat(
        [
            said.select("key", "person_id"),
            repeated.join(said.select("feedback_id", "key"), on="feedback_id", how="inner").select("key", "person_id"),
        ]
    )
    people = heard.group_by("key").agg(pl.col("person_id").unique().sort().alias("people"))
    return (
        named.select("key", "text_hash", "text", "statement_id", "feedback_id", "person_id")
        .join(feeling, on="key")
        .join(languages.select("key", "language"), on="key")
        .join(people, on="key")
        .sort("text_hash")
    )


def _nothing_to_learn_from(store: Store) -> str:
    n_feedback = store.counts()["feedback"]
    if n_feedback == 0:
        return "No feedback is stored yet. Ingest a file with at least one row first."
    return (
        f"No words are stored to find themes in: the {n_feedback:,} feedback hold non-answers, numbers or emoji. "
        "Ingest a file of written answers, or tell another text column with --text COLUMN."
    )


def _sampled(distinct: pl.DataFrame, most: int) -> pl.DataFrame:
    """Return at most ``most`` statements, each language by its share; hashes are as good as random to choose by."""
    if distinct.height <= most:
        return distinct
    share = most / distinct.height
    keep = pl.int_range(pl.len()).over("language") < (pl.len().over("language") * share).ceil()
    return distinct.sort("text_hash").filter(keep)
