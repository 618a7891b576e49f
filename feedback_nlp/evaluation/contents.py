"""What the themes hold: how much was given one, how large they are, whether their words go together, how stable."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from feedback_nlp.analysis.intervals import wilson
from feedback_nlp.evaluation.figures import LANGUAGE_MINIMUM, Evidence, Figure, FigureTable, share_figure
from feedback_nlp.records import Theme
from feedback_nlp.themes import quality
from feedback_nlp.themes.labels.keywords import tokenize

COVERAGE_WARN = 0.7  # over three in ten statements unthemed: readers will ask what they say
DOMINANCE_WARN = 0.35  # over a third in one theme: too broad to act on
DIVERSITY_WARN = 0.5  # half of the keywords are in several sub-themes: readers cannot tell them apart
STABLE = 0.6  # of Jaccard over resampled fits; below it a cluster is no pattern one may rely on (Hennig 2007)
LEAST_STABLE = 10  # themes that are listed
WORDS_SAMPLE = 20_000  # distinct statements of a language; coherence of so many is exact to two digits


def coverage(evidence: Evidence) -> tuple[Figure, ...]:
    """Return how much of what was said has a theme, by statement, feedback and person."""
    frames, statements = evidence.frames, evidence.statements
    themed = statements["leaf"].is_not_null()
    meaningful = frames.feedback.filter("meaningful")
    covered = meaningful["feedback_id"].is_in(statements.filter(themed)["feedback_id"].unique().implode())
    people = (
        meaningful.select("person_id", covered.alias("covered"))
        .group_by("person_id")
        .agg(pl.col("covered").any())
        .sort("person_id")
    )
    waiting = statements.filter(pl.col("leaf").is_null() & pl.col("best_similarity").is_null()).height
    return (
        share_figure(
            "coverage_statements",
            themed,
            statements["person_id"],
            f"Share of statements with a theme, 0 to 1. Below {COVERAGE_WARN} read the unthemed ones; 1.0 would mean "
            "that even small talk was given a theme. The interval (95 %, Wilson, as elsewhere for shares) allows for "
            "several statements of one person.",
        ),
        share_figure(
            "coverage_feedback",
            covered,
            meaningful["person_id"],
            "Share of meaningful feedback with a theme in at least one statement, 0 to 1. Usually higher than "
            "that of statements.",
        ),
        share_figure(
            "coverage_people",
            people["covered"],
            people["person_id"],
            "Share of people with a theme in anything they wrote, 0 to 1; a person is a customer or, where that is not "
            "known, a response.",
        ),
        Figure("untagged_statements", float(waiting), len(themed), "Statements that came after the last tagging."),
    )


def coverage_by_language(evidence: Evidence) -> FigureTable:
    """Return coverage for each language with enough statements."""
    rows = []
    for code in evidence.languages:
        own = evidence.statements.filter(pl.col("language") == code)
        found = share_figure(code, own["leaf"].is_not_null(), own["person_id"], "")
        rows.append({"language": code, "n": found.n, "coverage": found.value, "low": found.low, "high": found.high})
    return FigureTable(
        "coverage_by_language",
        f"Share of statements with a theme in each language of at least {LANGUAGE_MINIMUM} statements, with its 95 % "
        "interval. Languages whose intervals lie apart are not served alike.",
        tuple(rows),
    )


def sizes_of_themes(evidence: Evidence) -> tuple[Figure, ...]:
    """Return how many themes there are and how even their sizes."""
    themes, statements = evidence.frames.themes, evidence.statements
    parents = themes["parent_id"].drop_nulls().unique().implode()
    leaves = themes.filter(~pl.col("theme_id").is_in(parents))["theme_id"].to_list()
    tops = themes.filter(pl.col("level") == 1)["theme_id"].to_list()
    of_leaf = Counter(statements["leaf"].drop_nulls().to_list())
    of_top = Counter(statements["top"].drop_nulls().to_list())
    sizes, top_sizes = quality.spread([of_leaf[t] for t in leaves]), quality.spread([of_top[t] for t in tops])
    n_themed = sum(of_leaf.values())
    sub_themes = [theme_id for theme_id in leaves if theme_id not in set(tops)]
    low, high = wilson(top_sizes.largest, n_themed) if top_sizes else (None, None)
    best = "its most confident theme counts for a statement"
    return (
        Figure("themes", float(len(tops)), len(tops), "Top-level themes. 8 to 25 can be read in one sitting."),
        Figure("sub_themes", float(len(sub_themes)), len(sub_themes), "Sub-themes below them."),
        Figure(
            "largest_theme_share",
            top_sizes.largest_share if top_sizes else None,
            n_themed,
            f"Share of themed statements in the largest theme, 0 to 1 ({best}). Above {DOMINANCE_WARN} it is too "
            "broad to act on.",
            None if low is None else float(low),
            None if high is None else float(high),
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


def hidden_themes(themes: Sequence[Theme]) -> Figure:
    """Return how many themes a person hid; ``themes`` are all of the codebook."""
    hidden = sum(theme.state == "retired" for theme in themes)
    return Figure("hidden_themes", float(hidden), len(themes), "Themes of either level that a person hid.")


def words(evidence: Evidence) -> tuple[Figure, ...]:
    """Return coherence and diversity of the sub-themes' keywords for each language with enough statements."""
    themes = evidence.frames.themes
    parents = themes["parent_id"].drop_nulls().unique().implode()
    listed = [json.loads(text) for text in themes.filter(~pl.col("theme_id").is_in(parents))["keywords"]]
    keywords = {code: [words[code] for words in listed if words.get(code)] for code in evidence.languages}
    coherence, diversity = [], []
    for code in evidence.languages:
        distinct = evidence.statements.filter(pl.col("language") == code).unique("text_hash", keep="any")
        texts = distinct.sort("text_hash")["text"].head(WORDS_SAMPLE)  # hashes are as good as random to choose by
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


def stability(evidence: Evidence, themes: Sequence[Theme], settings: Mapping[str, Any]) -> tuple[Figure, ...]:
    """Return how far discovery would find the same again.

    ``themes`` are the codebook's, ``settings`` what was stored with it: its ``stability`` is a number in 0..1, or a
    mapping that has one as ``ari``.
    """
    shown = {theme.theme_id: theme for theme in themes if theme.state != "retired"}
    found = [theme for theme in shown.values() if theme.source == "discovered"]
    measured = [theme.stability for theme in found if theme.stability is not None]
    candidates = {theme.theme_id for theme in found if theme.state == "candidate"}
    best = evidence.statements.filter(pl.col("leaf").is_not_null())
    in_candidates = best["leaf"].is_in(sorted(candidates)) | best["top"].is_in(sorted(candidates))
    whole = settings.get("stability")
    if isinstance(whole, Mapping):
        whole = whole.get("ari")
    known = isinstance(whole, int | float) and not isinstance(whole, bool)
    low, high = wilson(len(candidates), len(found)) if found else (None, None)
    return (
        Figure(
            "theme_stability",
            float(np.mean(measured)) if measured else None,
            len(measured),
            "How much of a theme fits on resampled statements find again, on average over the discovered themes of "
            f"either level: 1 always the same, below {STABLE} no pattern to rely on (Jaccard, Hennig 2007). Where it "
            "is missing, the codebook was published without measuring it.",
        ),
        Figure(
            "least_stable_theme",
            min(measured) if measured else None,
            len(measured),
            "The lowest of them; the table of the least stable themes shows which.",
        ),
        Figure(
            "candidate_themes",
            len(candidates) / len(found) if found else None,
            len(found),
            "Share of discovered themes that are candidates: too unstable to count as themes yet. Above a third, the "
            "corpus has too little structure or too few statements for so many themes.",
            None if low is None else float(low),
            None if high is None else float(high),
        ),
        share_figure(
            "statements_in_candidates", in_candidates, best["person_id"], "Share of themed statements that lie in them."
        ),
        Figure(
            "corpus_stability",
            float(whole) if known and whole is not None else None,
            len(found),
            "How far two fits on resampled statements group them alike, over the whole corpus (adjusted Rand index): "
            "0 by chance, 1 the same.",
        ),
    )


def least_stable(evidence: Evidence, themes: Sequence[Theme]) -> FigureTable:
    """Return the themes that resampled fits found least again; no row where stability was not measured."""
    measured = [
        (theme.stability, theme) for theme in themes if theme.stability is not None and theme.state != "retired"
    ]
    counts = Counter(evidence.statements["leaf"].drop_nulls().to_list())
    counts.update(evidence.statements.filter(pl.col("leaf") != pl.col("top"))["top"].to_list())
    rows = [
        {
            "theme_id": theme.theme_id,
            "label": theme.label,
            "level": theme.level,
            "state": theme.state,
            "stability": value,
            "statements": counts[theme.theme_id],
        }
        for value, theme in sorted(measured, key=lambda pair: (pair[0], pair[1].theme_id))[:LEAST_STABLE]
    ]
    return FigureTable(
        "least_stable_themes",
        f"The themes that resampled fits found least again. Below {STABLE} do not report their figures as facts; a "
        "larger sample, or a merge with a neighbour, makes them steadier.",
        tuple(rows),
    )
