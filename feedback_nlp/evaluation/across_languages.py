"""Whether themes are topics or languages: leakage, themes of one language, and translations of one another."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import polars as pl

from feedback_nlp.analysis.frames import segment_column
from feedback_nlp.errors import NothingToShow
from feedback_nlp.evaluation.figures import (
    UNTHEMED,
    Evidence,
    Figure,
    FigureTable,
    OneLanguageTheme,
    share_figure,
)
from feedback_nlp.evaluation.reliability import krippendorff_alpha
from feedback_nlp.themes import quality

LEAKAGE_WARN = 0.10  # vectors not centred by language give 0.4 on parallel texts, centred ones 0.0
ONE_LANGUAGE = 0.90  # share of one language from which a theme is that language's
ONE_LANGUAGE_CHANCE = 0.001
ONE_LANGUAGE_FEWEST = 10  # members of a theme below which its languages say little


def language_leakage(evidence: Evidence) -> Figure:
    """Return how far top-level themes go with the languages that have enough statements."""
    rows = evidence.statements.filter(pl.col("top").is_not_null() & pl.col("language").is_in(list(evidence.languages)))
    value = quality.agreement(rows["top"].to_list(), rows["language"].to_list()).ami if rows.height else None
    return Figure(
        "language_leakage",
        value,
        rows.height,
        "Do themes follow the language and not the topic? Adjusted mutual information of theme and language (Vinh et "
        f"al. 2010): 0 as if by chance, 1 every language has themes of its own. Above {LEAKAGE_WARN} look at the "
        "themes of one language; people of two countries may also really speak of different things.",
    )


def one_language_themes(evidence: Evidence) -> tuple[tuple[OneLanguageTheme, ...], int]:
    """Return the themes at both levels that one language dominates, and how many were looked at."""
    if len(evidence.languages) < 2:
        return (), 0
    frames = evidence.frames
    fewest = max(ONE_LANGUAGE_FEWEST, frames.privacy_minimum)
    labels = dict(frames.themes.select("theme_id", "label").iter_rows())
    rows = evidence.statements.filter(pl.col("language").is_in(list(evidence.languages)) & pl.col("leaf").is_not_null())
    found: dict[str, OneLanguageTheme] = {}
    looked_at: set[str] = set()
    for column in ("top", "leaf"):
        ids = sorted(set(rows[column].to_list()))
        number_of = {theme_id: number for number, theme_id in enumerate(ids)}
        groups = [number_of[theme_id] for theme_id in rows[column]]
        looked_at |= {ids[number] for number, n in Counter(groups).items() if n >= fewest}
        for leaning in quality.leanings(
            groups, rows["language"].to_list(), least_share=ONE_LANGUAGE, fewest=fewest, chance=ONE_LANGUAGE_CHANCE
        ):
            theme_id = ids[leaning.group]
            found[theme_id] = OneLanguageTheme(theme_id, labels[theme_id], leaning.language, leaning.share, leaning.n)
    return tuple(sorted(found.values(), key=lambda theme: (-theme.n_statements, theme.theme_id))), len(looked_at)


def one_language_figure(themes: tuple[OneLanguageTheme, ...], n_compared: int) -> Figure:
    """Return how many themes one language dominates."""
    return Figure(
        "one_language_themes",
        float(len(themes)),
        n_compared,
        f"Themes of either level with at least {ONE_LANGUAGE:.0%} of their statements in one language, more than the "
        "language's share of the corpus explains (binomial, p < 0.001). 0 is best; they are listed below.",
    )


def theme_by_language(evidence: Evidence, themes: tuple[OneLanguageTheme, ...]) -> FigureTable:
    """Return how many statements of each language the themes of one language hold, and all themes together."""
    languages = list(evidence.languages)
    rows = evidence.statements.filter(pl.col("leaf").is_not_null() & pl.col("language").is_in(languages))
    listed = []
    for theme in themes:
        own = rows.filter((pl.col("leaf") == theme.theme_id) | (pl.col("top") == theme.theme_id))
        counts = Counter(own["language"].to_list())
        listed.append({"theme_id": theme.theme_id, "label": theme.label} | {code: counts[code] for code in languages})
    everywhere = Counter(rows["language"].to_list())
    listed.append({"theme_id": "", "label": "all themes"} | {code: everywhere[code] for code in languages})
    return FigureTable(
        "theme_by_language",
        "Statements in each language of the themes that one language dominates; the last line is all themes, which is "
        "what a theme of no language in particular would look like.",
        tuple(listed),
    )


def translations(evidence: Evidence, column: str) -> tuple[Figure, ...]:
    """Return whether feedback that shares a value in ``column`` and is in other languages gets the same theme.

    The theme of a feedback is that of its most confident statement; unthemed counts as a theme. Raises NothingToShow
    when no two feedback in different languages share a value, UsageError for an unknown column.
    """
    name = segment_column(evidence.frames, column)
    best = best_of_feedback(evidence)
    rows = (
        evidence.frames.feedback.filter(pl.col(name).is_not_null() & (pl.col(name) != ""))
        .select("feedback_id", "language", "person_id", pl.col(name).alias("key"))
        .join(best, on="feedback_id", how="left", maintain_order="left")
        .with_columns(pl.col("top", "leaf").fill_null(UNTHEMED))
        .sort("key", "language", "feedback_id")
        .unique(["key", "language"], keep="first", maintain_order=True)
    )
    groups = [list(zip(*part.get_columns(), strict=True)) for _, part in _by_key(rows)]
    figures = []
    for level, place in (("theme", 1), ("sub_theme", 2)):
        same, keys = [], []
        for number, members in enumerate(groups):
            for one, other in combinations(members, 2):
                same.append(one[place] == other[place])
                keys.append(str(number))
        if not same:
            raise NothingToShow(
                f"No two feedback in different languages share a value of {column!r}. Name the column that says which "
                "texts are translations of one another."
            )
        figures.append(
            share_figure(
                f"same_{level}_translated",
                pl.Series(same),
                pl.Series(keys),
                f"Share of pairs of translations with the same theme or sub-theme, over {len(groups):,} texts, 0 to 1; "
                "unthemed counts as a theme. With few large themes some pairs agree by chance.",
            )
        )
        languages = sorted(set(rows["language"].to_list()))
        units = [[{row[0]: row[place] for row in members}.get(code) for code in languages] for members in groups]
        alpha = krippendorff_alpha(units)
        figures.append(
            Figure(
                f"alpha_{level}_translated",
                alpha.value,
                alpha.n_units,
                "The same corrected for chance: Krippendorff's alpha with a language as a coder, 0 as by chance, 1 "
                "always the same.",
                alpha.low,
                alpha.high,
            )
        )
    return tuple(figures)


def best_of_feedback(evidence: Evidence) -> pl.DataFrame:
    """Return feedback_id, leaf and top of each feedback's most confident statement that has a theme."""
    return (
        evidence.statements.filter(pl.col("leaf").is_not_null())
        .sort(["feedback_id", "confidence", "start"], descending=[False, True, False])
        .unique("feedback_id", keep="first", maintain_order=True)
        .select("feedback_id", "leaf", "top")
    )


def _by_key(rows: pl.DataFrame):
    """Yield the language, top and leaf of the rows of every key with two or more."""
    kept = rows.filter(pl.len().over("key") > 1)
    for key, part in kept.group_by("key", maintain_order=True):
        yield key, part.select("language", "top", "leaf")
