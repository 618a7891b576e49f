"""themes statements, themes review: single statements, so that one can pick examples and judge what is unsure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from feedback_nlp.cli.output import analysis_frames
from feedback_nlp.cli.shared import common_options, open_store, say, say_json
from feedback_nlp.cli.theme_names import theme_named, themes_in_force
from feedback_nlp.records import View
from feedback_nlp.settings import Settings

if TYPE_CHECKING:
    import polars as pl

_MOST_SHOWN = 120  # characters of a statement in the list


@click.command()
@click.argument("theme")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Statements to list at most.")
@common_options
def statements(theme: str, limit: int, settings: Settings, as_json: bool) -> None:
    """List the statements that mention THEME, the surest first, with the ids that examples are given by."""
    with open_store(settings, must_exist=True) as store:
        frames = analysis_frames(store, settings, View())
        theme_id = theme_named(themes_in_force(store), theme)
    import polars as pl

    said = frames.mentions.filter(pl.col("theme_id") == theme_id).select("statement_id", "confidence", "provenance")
    found = frames.statements.join(said, on="statement_id", how="inner")
    if theme_id in frames.withheld:
        _say_withheld(settings, as_json)
        return
    found = found.sort(["confidence", "statement_id"], descending=[True, False])
    columns = ("statement_id", "feedback_id", "text", "language", "confidence", "provenance")
    _tell(found.select(columns), limit, as_json, lambda row: f"{row['confidence']:.2f} {row['provenance']:6}")


@click.command()
@click.option("--theme", metavar="THEME", help="Only statements whose nearest theme this is.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Statements to list at most.")
@common_options
def review(theme: str | None, limit: int, settings: Settings, as_json: bool) -> None:
    """List the statements that a person should look at, the closest calls first, and why.

    Settle one with: feedback-nlp themes assign STATEMENT THEME, or unassign.
    """
    with open_store(settings, must_exist=True) as store:
        frames = analysis_frames(store, settings, View())
        themes = themes_in_force(store)
    import polars as pl

    from feedback_nlp.analysis.reviewing import statements_to_review

    found = statements_to_review(frames)
    if theme is not None:
        found = found.filter(pl.col("best_theme_id") == theme_named(themes, theme))
    labels = {row.theme_id: row.label for row in themes}
    columns = ("statement_id", "feedback_id", "text", "language", "best_theme_id", "margin", "review")
    table = found.select(columns).with_columns(
        best_theme_label=pl.col("best_theme_id").replace_strict(labels, default=None, return_dtype=pl.String)
    )

    def told(row: dict[str, Any]) -> str:
        return f"{row['review']} ({row['best_theme_label'] or 'no theme'})"

    _tell(table, limit, as_json, told)


def _say_withheld(settings: Settings, as_json: bool) -> None:
    if as_json:
        say_json({"total": 0, "suppressed": True, "statements": []})
    else:
        say(f"Fewer than {settings.privacy_minimum} people would be shown: no statements are listed.")


def _tell(table: pl.DataFrame, limit: int, as_json: bool, told: Any) -> None:
    rows = table.head(limit).to_dicts()
    if as_json:
        say_json({"total": table.height, "suppressed": False, "statements": rows})
        return
    for row in rows:
        words = " ".join(row["text"].split())
        short = words if len(words) <= _MOST_SHOWN else words[:_MOST_SHOWN] + "…"
        say(f"{row['statement_id']}  {told(row)}  {short}")
    more = f" {table.height - len(rows):,} more: raise --limit." if table.height > len(rows) else ""
    say(f"{table.height:,} statements.{more}")
