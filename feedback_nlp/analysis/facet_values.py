"""What statements carry beside their themes: facets, kept as one JSON object a statement."""

from __future__ import annotations

import json

import polars as pl

from feedback_nlp.errors import UsageError, did_you_mean


def facet_values(statements: pl.DataFrame) -> dict[str, tuple[str, ...]]:
    """Return the facets that statements carry, such as journey_stage and touchpoint, and their values, in order."""
    found: dict[str, set[str]] = {}
    for text in _distinct(statements):
        for name, value in json.loads(text).items():
            found.setdefault(name, set()).add(value)
    return {name: tuple(sorted(values)) for name, values in sorted(found.items())}


def facet_column(statements: pl.DataFrame, facet: str) -> pl.Series:
    """Return each statement's value of a facet, null where it has none."""
    texts = _distinct(statements)
    values = pl.DataFrame(
        {"facets": texts, facet: [json.loads(text).get(facet) for text in texts]},
        schema={"facets": pl.String, facet: pl.String},
    )
    return statements.select("facets").join(values, on="facets", how="left", maintain_order="left")[facet]


def require_facet(statements: pl.DataFrame, facet: str) -> None:
    """Raise :class:`~feedback_nlp.errors.UsageError` for a facet that no statement carries."""
    known = facet_values(statements)
    if facet not in known:
        raise UsageError(f"No statement has a facet {facet!r}.{did_you_mean(facet, known)}")


def _distinct(statements: pl.DataFrame) -> list[str]:
    return statements["facets"].drop_nulls().unique().sort().to_list()
