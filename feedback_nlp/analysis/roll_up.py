"""What statements express, rolled up to feedback, themes and customers without hiding mixed feelings."""

from __future__ import annotations

import json

import polars as pl

CLEAR = 0.3  # a statement this far from 0 is clearly positive or negative
# Least share of the weaker side in what is clearly positive or negative, for a feedback to be mixed. Without it nearly
# every long review is: of one that pans everything, some sentence concedes a point. Chosen on reviews with ratings.
BOTH_SIDES = 0.25
# What is found in a statement, and how sure each is: two aligned lists, the likeliest first.
FOUND = {"emotions": "emotion_confidence", "intents": "intent_confidence"}


def found_columns(statements: pl.DataFrame) -> pl.DataFrame:
    """Return the statements with emotions and intents, JSON objects of probabilities, as lists of names.

    The likeliest comes first, and ``emotion_confidence`` and ``intent_confidence`` hold the probabilities (0..1) in
    the same order. Empty means that there are none, null that they were not looked for.
    """
    for name, confidence in FOUND.items():
        texts = statements[name].drop_nulls().unique()
        # Sorted by name first, so that of two as likely ones the same comes first everywhere.
        ranked = [sorted(sorted(json.loads(text).items()), key=lambda found: -found[1]) for text in texts]
        lookup = pl.DataFrame(
            {
                "__json__": texts,
                name: [[key for key, _ in found] for found in ranked],
                confidence: [[float(value) for _, value in found] for found in ranked],
            },
            schema={"__json__": pl.String, name: pl.List(pl.String), confidence: pl.List(pl.Float64)},
        )
        statements = statements.rename({name: "__json__"}).join(
            lookup, on="__json__", how="left", maintain_order="left"
        )
        statements = statements.drop("__json__")
    return statements


def found_by(statements: pl.DataFrame, key: str) -> pl.DataFrame:
    """Return one row a value of ``key`` with the emotions and intents of its statements, each once, likeliest first.

    Null where no statement was looked at for them. ``statements`` come from :func:`found_columns`.
    """
    table = statements.select(key).unique(maintain_order=True)
    for name, confidence in FOUND.items():
        looked_at = statements.filter(pl.col(name).is_not_null())
        found = (
            looked_at.filter(pl.col(name).list.len() > 0)
            .select(key, name, confidence)
            .explode(name, confidence)
            .group_by(key, name)
            .agg(pl.col(confidence).max())
            .sort([key, confidence, name], descending=[False, True, False])
            .group_by(key, maintain_order=True)
            .agg(name)
        )
        found = looked_at.select(key).unique().join(found, on=key, how="left").with_columns(pl.col(name).fill_null([]))
        table = table.join(found, on=key, how="left", maintain_order="left")
    return table


def sentiment_by(statements: pl.DataFrame, key: str) -> pl.DataFrame:
    """Return one row a value of ``key``: how its statements feel, taken together.

    ``sentiment`` is the mean polarity (-1..1). ``sentiment_label`` is "mixed" where some statements are clearly
    positive and some clearly negative (labelled so, and at least :data:`CLEAR` from 0), and the polarities of the
    weaker side add up to at least :data:`BOTH_SIDES` of those of both: one against one is mixed, and so is one against
    two or three as clear. A statement that leans the other way less than that does not make it mixed. Otherwise it is
    the side to which the polarities of the positive and negative statements add up, so that neutral ones do not water
    down the others; "neutral" where there are none, or where they cancel out.
    """
    polarity, label = pl.col("sentiment"), pl.col("sentiment_label")
    polar = polarity.filter(label.is_in(["negative", "positive"])).sum().round(9)
    weaker, both = pl.min_horizontal("__praise__", "__blame__"), pl.col("__praise__") + pl.col("__blame__")
    return (
        statements.filter(polarity.is_not_null())
        .group_by(key, maintain_order=True)
        .agg(
            polarity.mean().round(9).alias("sentiment"),
            polar.alias("__polar__"),
            polarity.filter((label == "positive") & (polarity >= CLEAR)).sum().round(9).alias("__praise__"),
            (-polarity.filter((label == "negative") & (polarity <= -CLEAR)).sum()).round(9).alias("__blame__"),
        )
        .select(
            key,
            "sentiment",
            pl.when((weaker > 0) & (weaker >= BOTH_SIDES * both))
            .then(pl.lit("mixed"))
            .when(pl.col("__polar__") > 0)
            .then(pl.lit("positive"))
            .when(pl.col("__polar__") < 0)
            .then(pl.lit("negative"))
            .otherwise(pl.lit("neutral"))
            .alias("sentiment_label"),
        )
    )
