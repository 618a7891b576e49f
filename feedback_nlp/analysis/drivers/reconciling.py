"""Whether the views of what moves a score add up to it, as one table."""

from __future__ import annotations

import polars as pl

from feedback_nlp.analysis.drivers.table import Drivers


def reconcile(found: Drivers) -> pl.DataFrame:
    """Return one row a view of the drivers: where it starts, what its themes sum to, and what that gives.

    Columns: view ("adds", "damage and lift", "removed", "alone"), start (the score when no theme is mentioned, as the
    view sees it), themes (sum over the themes), total (start + themes), score, off_by (total - score, rounded to nine
    decimals). off_by is 0 for the first three; "alone", the leave-one-out impacts, is off by what overlapping themes
    count twice. Null where too few responses mention no theme. All in the outcome's unit.
    """
    table = found.table
    views = (
        ("adds", found.baseline, float(table["contribution"].sum())),
        ("damage and lift", found.signed_baseline, float(table["damage"].sum()) + float(table["lift"].sum())),
        ("removed", found.rest, float(table["shapley"].sum())),
        ("alone", found.rest, found.impact_total),
    )
    return (
        pl.DataFrame(views, schema={"view": pl.String, "start": pl.Float64, "themes": pl.Float64}, orient="row")
        .with_columns((pl.col("start") + pl.col("themes")).alias("total"), pl.lit(found.score).alias("score"))
        .with_columns((pl.col("total") - pl.col("score")).round(9).alias("off_by"))
    )
