"""How far the model agrees with one or two people who coded a sample, and these with one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from feedback_nlp.errors import UsageError
from feedback_nlp.evaluation.coded_files import CodedFile, note_of, read_coded
from feedback_nlp.evaluation.figures import Evidence, Figure, FigureTable, own_mentions
from feedback_nlp.evaluation.reliability import (
    RELIABLE,
    TENTATIVE,
    krippendorff_alpha,
    masi_distance,
    nominal_distance,
    reading,
)
from feedback_nlp.evaluation.sample import strata
from feedback_nlp.evaluation.scoring import SetScores, set_scores
from feedback_nlp.settings import Settings

if TYPE_CHECKING:
    from feedback_nlp.store import Store
    from feedback_nlp.themes.codebook import Codebook

MOST_CODERS = 2
LEVELS = ("theme", "sub_theme")
Answers = dict[str, dict[str, frozenset[str]]]  # level -> statement id -> themes at that level


@dataclass(frozen=True, slots=True)
class CoderAgreement:
    """Figures by heading, tables and lines about the files."""

    groups: dict[str, tuple[Figure, ...]]
    tables: tuple[FigureTable, ...]
    notes: tuple[str, ...]


def coder_agreement(
    evidence: Evidence,
    store: Store,
    codebook: Codebook,
    paths: Sequence[Path],
    settings: Settings,
    rejects_file: Path | None = None,
) -> CoderAgreement:
    """Return the model's F1 and alpha against each coder, and the coders' alpha with one another.

    What people assigned by hand is not the model's and is left out. F1 is weighted back to all distinct statements,
    since the sample holds more of small languages and themes than chance would give (post-stratification). Raises
    UsageError for more than two files or two that have no statement in common, and as ``read_coded`` does.
    """
    if len(paths) > MOST_CODERS:
        raise UsageError(f"{len(paths)} coded files were given; agreement is measured between {MOST_CODERS} at most.")
    frames = evidence.frames
    ids = frozenset(frames.statements["statement_id"])
    coded = [
        read_coded(path, frames.themes, ids, _rejects_place(rejects_file, number))
        for number, path in enumerate(paths, start=1)
    ]
    parent_of = {row[0]: row[1] for row in frames.themes.select("theme_id", "parent_id").iter_rows()}
    parents = set(parent_of.values()) - {None}
    model = _model(evidence)
    people = dict(evidence.statements.select("statement_id", "person_id").iter_rows())
    groups: dict[str, tuple[Figure, ...]] = {}
    tables: list[FigureTable] = []
    answers = [_at_levels(file, parent_of, parents) for file in coded]
    for number, own in enumerate(answers, start=1):
        figures: list[Figure] = []
        for level in LEVELS:
            keys = sorted(own[level])
            weights = _weights(evidence, keys)
            true = [own[level][key] for key in keys]
            found = [model[level].get(key, frozenset()) for key in keys]
            scores = set_scores(true, found, [people[key] for key in keys], weights=weights, seed=settings.seed)
            figures += _f1_figures(scores, level, number)
            figures.append(
                _alpha_figure(
                    f"alpha_{level}_coder{number}", list(zip(true, found, strict=True)), settings.seed, number
                )
            )
            tables.append(_by_theme(scores, evidence, level, number))
            if level == "theme":
                tables.append(_by_language(evidence, keys, true, found, weights, people, settings.seed, number))
        groups[f"Agreement of the model with coder {number}"] = tuple(figures)
    if len(answers) == MOST_CODERS:
        groups["Agreement of the coders with one another"] = _ceiling(answers, settings.seed)
    return CoderAgreement(groups, tuple(table for table in tables if table.rows), note_of(coded))


def _rejects_place(told: Path | None, number: int) -> Path | None:
    if told is None or number == 1:
        return told
    return told.with_name(f"{told.stem}-{number}{told.suffix}")


def _model(evidence: Evidence) -> Answers:
    """Return the model's themes of each statement that has any."""
    mentions = own_mentions(evidence.frames.mentions.filter(pl.col("provenance") == "model"), evidence.frames.themes)
    return {
        level: {
            key: frozenset(themes)
            for key, themes in mentions.group_by("statement_id").agg(pl.col(column).unique()).iter_rows()
        }
        for level, column in (("theme", "top"), ("sub_theme", "leaf"))
    }


def _at_levels(file: CodedFile, parent_of: dict[str, str | None], parents: set[str | None]) -> Answers:
    """Return a coder's themes at each level.

    A sub-theme counts for its theme. At the level of sub-themes an answer that names a theme without saying which of
    its sub-themes is left out: it is neither right nor wrong there.
    """
    top = {key: frozenset(parent_of[t] or t for t in themes) for key, themes in file.answers.items()}
    leaf = {}
    for key, themes in file.answers.items():
        told = frozenset(t for t in themes if not any(parent_of[other] == t for other in themes))
        if not told & parents:
            leaf[key] = told
    return {"theme": top, "sub_theme": leaf}


def _weights(evidence: Evidence, keys: Sequence[str]) -> np.ndarray:
    """Return how many distinct statements each coded one stands for, (n,), by language and the model's theme.

    Cells that no coded statement is from are shared out over the language's others.
    """
    cells = strata(evidence)
    everyone = cells.group_by("language", "cell").agg(pl.len().alias("all"))
    # A statement that was coded may be the double of the one that stands for its text today: cells are by its own row.
    own = evidence.statements.select("statement_id", "language", pl.col("top").fill_null("unthemed").alias("cell"))
    coded = pl.DataFrame({"statement_id": list(keys)}, schema={"statement_id": pl.String}).join(
        own, on="statement_id", how="left", maintain_order="left"
    )
    counted = coded.group_by("language", "cell").agg(pl.len().alias("coded"))
    met = everyone.join(counted, on=["language", "cell"], how="inner").with_columns(
        (pl.col("all") / pl.col("coded")).alias("each")
    )
    whole = everyone.group_by("language").agg(pl.col("all").sum().alias("in_language"))
    seen = met.group_by("language").agg(pl.col("all").sum().alias("seen"))
    scaled = met.join(whole, on="language").join(seen, on="language")
    scaled = scaled.with_columns((pl.col("each") * pl.col("in_language") / pl.col("seen")).alias("weight"))
    joined = coded.join(
        scaled.select("language", "cell", "weight"), on=["language", "cell"], how="left", maintain_order="left"
    )
    return joined["weight"].fill_null(1.0).to_numpy()


def _f1_figures(scores: SetScores, level: str, number: int) -> tuple[Figure, ...]:
    how = (
        "F1 of the model's themes against the coder's, 0 to 1, with a bootstrap over people, each statement weighted "
        "by how many it stands for. weighted: themes by how often the coder gave them; macro: each alike; micro: all "
        "decisions. Two people who code alone reach some 0.7 to 0.8 with one another; statements without a theme on "
        "both sides count for nothing."
    )
    return tuple(
        Figure(f"f1_{name}_{level}_coder{number}", found.value, scores.n, how, found.low, found.high)
        for name, found in (("weighted", scores.weighted), ("macro", scores.macro), ("micro", scores.micro))
    )


def _alpha_figure(
    name: str, units: Sequence[tuple[frozenset[str], frozenset[str]]], seed: int, number: int | None
) -> Figure:
    """Return alpha of two coders' sets, nominal where every set is one theme or none, else with MASI."""
    several = any(len(answer) > 1 for unit in units for answer in unit)
    alpha = krippendorff_alpha(units, masi_distance if several else nominal_distance, seed=seed)
    kind = "sets of themes, MASI distance (Passonneau 2006)" if several else "one theme or none each, nominal"
    between = f"the model and coder {number}" if number else "the two coders: as a rule the most that a model can reach"
    said = "" if alpha.value is None else f" This one: {reading(alpha.value)}."
    return Figure(
        name,
        alpha.value,
        alpha.n_units,
        f"Krippendorff's alpha of {between}; {kind}. 0 as by chance, 1 always the same; {RELIABLE:.2f} and more is "
        f"reliable, {TENTATIVE} to {RELIABLE:.2f} allows tentative conclusions (Krippendorff 2013).{said}",
        alpha.low,
        alpha.high,
    )


def _by_theme(scores: SetScores, evidence: Evidence, level: str, number: int) -> FigureTable:
    labels = dict(evidence.frames.themes.select("theme_id", "label").iter_rows())
    rows = [
        {
            "theme_id": score.name,
            "label": labels.get(score.name, ""),
            "n_coder": score.n_true,
            "n_model": score.n_found,
            **score.columns(),
        }
        for score in sorted(scores.classes, key=lambda score: (-score.n_true, score.name))
    ]
    return FigureTable(
        f"{level}s_against_coder_{number}",
        "Each theme against the coder. n_coder and n_model: statements to which the coder and the model gave it; under "
        "10 say little. Precision: of the model's, how many the coder gave; recall: of the coder's, how many the model "
        "found.",
        tuple(rows),
    )


def _by_language(
    evidence: Evidence,
    keys: Sequence[str],
    true: Sequence[frozenset[str]],
    found: Sequence[frozenset[str]],
    weights: np.ndarray,
    people: dict[str, str],
    seed: int,
    number: int,
) -> FigureTable:
    language_of = dict(evidence.statements.select("statement_id", "language").iter_rows())
    rows = []
    for code in sorted({language_of[key] for key in keys}):
        at = [i for i, key in enumerate(keys) if language_of[key] == code]
        own, other = [true[i] for i in at], [found[i] for i in at]
        scores = set_scores(own, other, [people[keys[i]] for i in at], weights=weights[at], seed=seed)
        several = any(len(answer) > 1 for answer in (*own, *other))
        alpha = krippendorff_alpha(
            list(zip(own, other, strict=True)), masi_distance if several else nominal_distance, seed=seed
        )
        rows.append(
            {
                "language": code,
                "n": len(at),
                "f1_weighted": scores.weighted.value,
                "low": scores.weighted.low,
                "high": scores.weighted.high,
                "f1_macro": scores.macro.value,
                "f1_micro": scores.micro.value,
                "alpha": alpha.value,
            }
        )
    return FigureTable(
        f"languages_against_coder_{number}",
        "Top-level themes against the coder within each language, with the 95 % interval of the weighted F1; under 30 "
        "statements say little.",
        tuple(rows),
    )


def _ceiling(answers: Sequence[Answers], seed: int) -> tuple[Figure, ...]:
    figures = []
    for level in LEVELS:
        one, other = answers[0][level], answers[1][level]
        shared = sorted(one.keys() & other.keys())
        if not shared and level == "theme":
            raise UsageError(
                "The two coded files have no statement in common. Give two people the same sample to code alone."
            )
        figures.append(_alpha_figure(f"alpha_{level}_coders", [(one[key], other[key]) for key in shared], seed, None))
    return tuple(figures)
