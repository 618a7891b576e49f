"""The figures of an evaluation: each with its base and how to read it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from feedback_nlp.analysis.frames import AnalysisFrames
from feedback_nlp.errors import NothingToShow
from feedback_nlp.records import UNDETERMINED
from feedback_nlp.themes import quality
from feedback_nlp.themes.keywords import tokenize

if TYPE_CHECKING:
    from feedback_nlp.store import Store
    from feedback_nlp.themes.codebook import Codebook

UNTHEMED = "unthemed"
LANGUAGE_MINIMUM = 30  # statements in a language below which its figures are noise
SEPARATION_SAMPLE = 50_000  # distinct statements; the mean of so many is exact to three digits

COVERAGE_WARN = 0.7  # over three in ten statements unthemed: readers will ask what they say
DOMINANCE_WARN = 0.35  # over a third in one theme: too broad to act on
SEPARATION_WARN = 0.05  # members are hardly nearer to their own sub-theme than to its neighbour; also tagging's margin
LEAKAGE_WARN = 0.10  # vectors not centred by language give 0.4 on parallel texts, centred ones 0.0
DIVERSITY_WARN = 0.5  # half of the keywords are in several sub-themes: readers cannot tell them apart
ONE_LANGUAGE = 0.90  # share of one language from which a theme is that language's
ONE_LANGUAGE_CHANCE = 0.001
ONE_LANGUAGE_FEWEST = 10  # members of a theme below which its languages say little


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its base. ``value`` is None where there is too little to measure; ``n`` is what it is over."""

    name: str
    value: float | None
    n: int
    how_to_read: str


@dataclass(frozen=True, slots=True)
class OneLanguageTheme:
    """A theme of which ``share`` (0..1) of ``n_statements`` are in one language, far more than in the corpus."""

    theme_id: str
    label: str
    language: str
    share: float
    n_statements: int


def best_themes(frames: AnalysisFrames) -> pl.DataFrame:
    """Return the statements with ``leaf`` and ``top``: the most confident sub-theme and its theme, null if unthemed."""
    parents = frames.themes["parent_id"].drop_nulls().unique().implode()
    leaves = frames.themes.filter(~pl.col("theme_id").is_in(parents)).select(
        pl.col("theme_id").alias("leaf"), pl.coalesce("parent_id", "theme_id").alias("top")
    )
    best = (
        frames.mentions.rename({"theme_id": "leaf"})
        .join(leaves, on="leaf", how="inner")
        .sort(["statement_id", "confidence", "leaf"], descending=[False, True, False])
        .unique("statement_id", keep="first", maintain_order=True)
        .select("statement_id", "leaf", "top", "confidence")
    )
    return frames.statements.join(best, on="statement_id", how="left", maintain_order="left")


def spoken_languages(statements: pl.DataFrame) -> list[str]:
    """Return the languages with enough statements to measure, the commonest first."""
    counts = Counter(statements["language"].to_list())
    enough = [code for code, n in counts.items() if n >= LANGUAGE_MINIMUM and code != UNDETERMINED]
    return sorted(enough, key=lambda code: (-counts[code], code))


def coverage(frames: AnalysisFrames, statements: pl.DataFrame) -> tuple[Figure, ...]:
    """Return how much of what was said has a theme."""
    themed = statements["leaf"].is_not_null()
    meaningful = frames.feedback.filter("meaningful")["feedback_id"]
    covered = meaningful.is_in(statements.filter(themed)["feedback_id"].unique().implode())
    waiting = statements.filter(pl.col("leaf").is_null() & pl.col("best_similarity").is_null()).height
    return (
        Figure(
            "coverage_statements",
            _mean(themed),
            len(themed),
            f"Share of statements with a theme, 0 to 1. Below {COVERAGE_WARN} read the unthemed ones; 1.0 would mean "
            "that even small talk was given a theme.",
        ),
        Figure(
            "coverage_feedback",
            _mean(covered),
            len(covered),
            "Share of meaningful feedback with a theme in at least one statement, 0 to 1. Usually higher than "
            "that of statements.",
        ),
        Figure("untagged_statements", float(waiting), len(themed), "Statements that came after the last tagging."),
    )


def sizes_of_themes(frames: AnalysisFrames, statements: pl.DataFrame) -> tuple[Figure, ...]:
    """Return how many themes there are and how even their sizes."""
    themes = frames.themes
    parents = themes["parent_id"].drop_nulls().unique().implode()
    leaves = themes.filter(~pl.col("theme_id").is_in(parents))["theme_id"].to_list()
    tops = themes.filter(pl.col("level") == 1)["theme_id"].to_list()
    of_leaf = Counter(statements["leaf"].drop_nulls().to_list())
    of_top = Counter(statements["top"].drop_nulls().to_list())
    sizes, top_sizes = quality.spread([of_leaf[t] for t in leaves]), quality.spread([of_top[t] for t in tops])
    n_themed = sum(of_leaf.values())
    sub_themes = [theme_id for theme_id in leaves if theme_id not in set(tops)]
    hidden = themes.filter(pl.col("state") == "retired").height
    best = "its most confident theme counts for a statement"
    return (
        Figure("themes", float(len(tops)), len(tops), "Top-level themes. 8 to 25 can be read in one sitting."),
        Figure("sub_themes", float(len(sub_themes)), len(sub_themes), "Sub-themes below them."),
        Figure("hidden_themes", float(hidden), themes.height, "Themes of either level that a person hid."),
        Figure(
            "largest_theme_share",
            top_sizes.largest_share if top_sizes else None,
            n_themed,
            f"Share of themed statements in the largest theme, 0 to 1 ({best}). Above {DOMINANCE_WARN} it is too "
            "broad to act on.",
        ),
        Figure(
            "effective_themes",
            top_sizes.effective if top_sizes else None,
            n_themed,
            "How many themes of equal size would be as varied (exp of Shannon's entropy, Hill 1973). Near the number "
            "of themes: even sizes; far below: a few hold nearly everything.",
        ),
        *(
            Figure(
                f"{name}_sub_theme",
                float(getattr(sizes, name)) if sizes else None,
                len(leaves),
                "Statements in it, over the sub-themes and the themes without any. Sizes differ by nature; one of 0 is "
                "of no use any more.",
            )
            for name in ("smallest", "median", "largest")
        ),
    )


def words(frames: AnalysisFrames, statements: pl.DataFrame, spoken: list[str]) -> tuple[Figure, ...]:
    """Return coherence and diversity of the sub-themes' keywords for each language of ``spoken``."""
    parents = frames.themes["parent_id"].drop_nulls().unique().implode()
    listed = [json.loads(text) for text in frames.themes.filter(~pl.col("theme_id").is_in(parents))["keywords"]]
    keywords = {code: [words[code] for words in listed if words.get(code)] for code in spoken}
    coherence, diversity = [], []
    for code in spoken:
        texts = statements.filter(pl.col("language") == code)["text"].unique().sort()
        scores = quality.npmi_coherence([tokenize(text) for text in texts], keywords[code])
        measured = [score for score in scores if score is not None]
        coherence.append(
            Figure(
                f"coherence_npmi_{code}",
                float(np.mean(measured)) if measured else None,
                len(measured),
                "Do a sub-theme's keywords occur in the same statements? Mean NPMI over so many sub-themes, -1 never, "
                "0 by chance, 1 always (Bouma 2009, Lau et al. 2014). Statements are short, so that values below 0 "
                "are no fault: compare codebooks of one corpus by it, not corpora.",
            )
        )
        diversity.append(
            Figure(
                f"keyword_diversity_{code}",
                quality.keyword_diversity(keywords[code]),
                len(keywords[code]),
                "Distinct keywords among all keywords of so many sub-themes, 0 to 1 (Dieng et al. 2020). Above 0.7 is "
                f"good; below {DIVERSITY_WARN} sub-themes say the same.",
            )
        )
    return (*coherence, *diversity)


def separation(store: Store, codebook: Codebook, statements: pl.DataFrame) -> Figure:
    """Return how far sub-themes lie apart in the prepared space, over distinct statements."""
    how = (
        "Cosine of a statement to its own sub-theme's centre minus that to the nearest other one, on average "
        f"(simplified silhouette, Hruschka et al. 2004). Below {SEPARATION_WARN} sub-themes blur into one another; "
        "0.1 and more is clear."
    )
    leaves = list(codebook.leaves)
    row_of = {codebook.themes[row].theme_id: i for i, row in enumerate(leaves)}
    distinct = (
        statements.filter(pl.col("leaf").is_in(list(row_of)))
        .sort("text_hash", "language", "leaf")
        .unique("text_hash", keep="first", maintain_order=True)
        .head(SEPARATION_SAMPLE)  # hashes are as good as random to choose by
    )
    if len(leaves) < 2 or distinct.is_empty():
        return Figure("separation", None, distinct.height, how)
    hashes, vectors = store.vectors(codebook.encoder_key, distinct["text_hash"].to_list())
    distinct = distinct.filter(pl.col("text_hash").is_in(hashes))  # both sorted by hash
    prepared = codebook.space.prepare(vectors, distinct["language"].to_list())
    own = np.array([row_of[theme_id] for theme_id in distinct["leaf"]], dtype=np.int64)
    margins = quality.separation(prepared, own, codebook.centroids[leaves])
    return Figure("separation", float(margins.mean()) if len(margins) else None, len(margins), how)


def language_leakage(statements: pl.DataFrame, spoken: list[str]) -> Figure:
    """Return how far top-level themes go with the languages of ``spoken``."""
    rows = statements.filter(pl.col("top").is_not_null() & pl.col("language").is_in(spoken))
    value = quality.agreement(rows["top"].to_list(), rows["language"].to_list()).ami if rows.height else None
    return Figure(
        "language_leakage",
        value,
        rows.height,
        "Do themes follow the language and not the topic? Adjusted mutual information of theme and language (Vinh et "
        f"al. 2010): 0 as if by chance, 1 every language has themes of its own. Above {LEAKAGE_WARN} look at the "
        "themes of one language; people of two countries may also really speak of different things.",
    )


def one_language_themes(
    frames: AnalysisFrames, statements: pl.DataFrame, spoken: list[str]
) -> tuple[tuple[OneLanguageTheme, ...], int]:
    """Return the themes at both levels that one language dominates, and how many were looked at."""
    if len(spoken) < 2:
        return (), 0
    fewest = max(ONE_LANGUAGE_FEWEST, frames.privacy_minimum)
    labels = dict(frames.themes.select("theme_id", "label").iter_rows())
    rows = statements.filter(pl.col("language").is_in(spoken) & pl.col("leaf").is_not_null())
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


def label_agreement(frames: AnalysisFrames, statements: pl.DataFrame, column: str) -> tuple[Figure, ...]:
    """Return agreement of best sub-theme and theme with the labels, over all feedback that has a label.

    The theme of a feedback is that of its most confident statement; feedback without one is a class of its own.
    Raises NothingToShow when no feedback has a label.
    """
    best = (
        statements.filter(pl.col("leaf").is_not_null())
        .sort(["feedback_id", "confidence", "start"], descending=[False, True, False])
        .unique("feedback_id", keep="first", maintain_order=True)
        .select("feedback_id", "leaf", "top")
    )
    rows = (
        frames.feedback.filter(pl.col(column).is_not_null() & (pl.col(column) != ""))
        .select("feedback_id", pl.col(column).alias("label"))
        .join(best, on="feedback_id", how="left", maintain_order="left")
        .with_columns(pl.col("leaf", "top").fill_null(UNTHEMED))
    )
    if rows.is_empty():
        raise NothingToShow("No feedback has a value in the label column. Name another column with --label.")
    explained = {
        "ami": "Adjusted mutual information with the label, 0 as if by chance, 1 the same grouping (Vinh et al. 2010).",
        "ari": "Adjusted Rand index: pairs grouped alike, 0 by chance, 1 the same (Hubert & Arabie 1985). Falls fast "
        "when a label is split over several themes.",
        "homogeneity": "1 when no theme mixes labels; rises with the number of themes (Rosenberg & Hirschberg 2007).",
        "completeness": "1 when no label is spread over themes; falls with the number of themes.",
        "v_measure": "Harmonic mean of homogeneity and completeness; not corrected for chance.",
    }
    agreed = {
        name: asdict(quality.agreement(rows[column].to_list(), rows["label"].to_list()))
        for name, column in (("sub_theme", "leaf"), ("theme", "top"))
    }
    return tuple(
        Figure(f"{name}_{level}", result[name], rows.height, how)
        for name, how in explained.items()
        for level, result in agreed.items()
    )


def _mean(flags: pl.Series) -> float | None:
    return float(flags.sum()) / len(flags) if len(flags) else None
