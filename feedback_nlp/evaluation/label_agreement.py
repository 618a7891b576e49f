"""Agreement with a column of known labels, one a cell or several."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass

import numpy as np
import polars as pl

from feedback_nlp.errors import NothingToShow
from feedback_nlp.evaluation.across_languages import best_of_feedback
from feedback_nlp.evaluation.figures import UNTHEMED, Evidence, Figure, FigureTable
from feedback_nlp.evaluation.scoring import SetScores, set_scores
from feedback_nlp.records import stable_hash
from feedback_nlp.themes import quality

SEPARATOR = "|"
GROUPS = 10  # of people, left out one after the other for the interval of an adjusted figure

EXPLAINED = {
    "ami": "Adjusted mutual information with the label, 0 as if by chance, 1 the same grouping (Vinh et al. 2010); "
    "interval: jackknife over people.",
    "ari": "Adjusted Rand index: pairs grouped alike, 0 by chance, 1 the same (Hubert & Arabie 1985). Falls fast "
    "when a label is split over several themes.",
    "homogeneity": "1 when no theme mixes labels; rises with the number of themes (Rosenberg & Hirschberg 2007).",
    "completeness": "1 when no label is spread over themes; falls with the number of themes.",
    "v_measure": "Harmonic mean of homogeneity and completeness; not corrected for chance.",
}
F1_EXPLAINED = (
    "F1 of labels after each theme took the label that most of its feedback has. That was learnt on one half of the "
    "people and is scored here on the other, so that the mapping is not scored on itself. micro: all decisions, "
    "macro: each label alike, weighted: by how common it is; 95 % bootstrap over people. With fewer "
    "themes than labels some labels cannot be reached."
)


@dataclass(frozen=True, slots=True)
class LabelAgreement:
    """What :func:`label_agreement` found."""

    figures: tuple[Figure, ...]
    tables: tuple[FigureTable, ...]


def labels_of(cell: str) -> frozenset[str]:
    """Return the labels in a cell: a JSON list of texts, or texts between "|"; "[]" is none at all."""
    text = cell.strip()
    if text.startswith("[") and text.endswith("]"):
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        if isinstance(found, list) and all(isinstance(item, str | int | float) for item in found):
            return frozenset(str(item).strip() for item in found) - {""}
    return frozenset(part.strip() for part in text.split(SEPARATOR)) - {""}


def label_agreement(evidence: Evidence, column: str, seed: int) -> LabelAgreement:
    """Return agreement of best sub-theme and theme with the labels in a feedback column, and the F1 of each.

    AMI, ARI and V-measure are over all feedback with exactly one label, where the theme of a feedback is that of its
    most confident statement and unthemed is a class of its own. When a cell holds several labels, F1 compares them with
    all themes that the feedback mentions. Raises NothingToShow when no feedback has a label.
    """
    rows = (
        evidence.frames.feedback.filter(pl.col(column).is_not_null() & (pl.col(column).str.strip_chars() != ""))
        .select("feedback_id", "person_id", "language", pl.col(column).alias("cell"))
        .join(best_of_feedback(evidence), on="feedback_id", how="left", maintain_order="left")
        .with_columns(pl.col("leaf", "top").fill_null(UNTHEMED))
        .sort("feedback_id")
    )
    if rows.is_empty():
        raise NothingToShow("No feedback has a value in the label column. Name another column with --label.")
    parsed = {cell: labels_of(cell) for cell in rows["cell"].unique()}
    rows = rows.with_columns(
        pl.Series("labels", [sorted(parsed[cell]) for cell in rows["cell"]], dtype=pl.List(pl.String))
    )
    several = bool((rows["labels"].list.len() > 1).any())
    single = rows.filter(pl.col("labels").list.len() == 1).with_columns(pl.col("labels").list.first().alias("label"))
    figures = [*_grouping(single, rows.height)] if single.height > 1 else []
    tables = [_grouping_by_language(single, evidence)] if len(evidence.languages) > 1 else []
    rows = _with_sets(rows, evidence, several)
    mapped_at: dict[str, _Mapped] = {}
    for level in ("sub_theme", "theme"):
        scored, mapped = _scored(rows, level, seed)
        mapped_at[level] = mapped
        figures += _f1_figures(scored, level)
        tables.append(_theme_table(mapped, evidence, level))
        if level == "sub_theme":
            tables.append(_label_table(scored))
    if len(evidence.languages) > 1:
        tables.append(_f1_by_language(mapped_at, evidence, seed))
    return LabelAgreement(tuple(figures), tuple(table for table in tables if table.rows))


def _grouping(single: pl.DataFrame, n_rows: int) -> tuple[Figure, ...]:
    """Return AMI, ARI and V-measure at both levels."""
    apart = (
        ""
        if single.height == n_rows
        else f" This and the next four over the {single.height:,} of {n_rows:,} with exactly one label."
    )
    figures = []
    agreed = {
        name: asdict(quality.agreement(single[column].to_list(), single["label"].to_list()))
        for name, column in (("sub_theme", "leaf"), ("theme", "top"))
    }
    errors = {name: _jackknife(single, column) for name, column in (("sub_theme", "leaf"), ("theme", "top"))}
    for number, (name, how) in enumerate(EXPLAINED.items()):
        for level, result in agreed.items():
            value, error = float(result[name]), errors[level].get(name)
            ends = (None, None) if error is None else (max(value - 1.96 * error, -1.0), min(value + 1.96 * error, 1.0))
            figures.append(Figure(f"{name}_{level}", value, single.height, how if number else how + apart, *ends))
    return tuple(figures)


def _jackknife(single: pl.DataFrame, column: str) -> dict[str, float]:
    """Return the standard error of each figure from leaving out one of ten groups of people after the other."""
    group_of = {person: int(stable_hash(str(person), size=4), 16) % GROUPS for person in single["person_id"].unique()}
    groups = np.array([group_of[person] for person in single["person_id"]])
    if len(set(groups)) < GROUPS:
        return {}
    # Numbers for names: comparing text ten times over would take most of the time.
    found = np.unique(single[column].to_numpy(), return_inverse=True)[1]
    labels = np.unique(single["label"].to_numpy(), return_inverse=True)[1]
    left = [asdict(quality.agreement(found[groups != group], labels[groups != group])) for group in range(GROUPS)]
    spread = {name: np.array([result[name] for result in left]) for name in EXPLAINED}
    return {
        name: float(np.sqrt((GROUPS - 1) / GROUPS * ((values - values.mean()) ** 2).sum()))
        for name, values in spread.items()
    }


def _grouping_by_language(single: pl.DataFrame, evidence: Evidence) -> FigureTable:
    rows = []
    for code in evidence.languages:
        own = single.filter(pl.col("language") == code)
        if own.height > 1:
            leaf = quality.agreement(own["leaf"].to_list(), own["label"].to_list())
            top = quality.agreement(own["top"].to_list(), own["label"].to_list())
            rows.append(
                {
                    "language": code,
                    "n": own.height,
                    "ami_sub_theme": leaf.ami,
                    "ari_sub_theme": leaf.ari,
                    "v_measure_sub_theme": leaf.v_measure,
                    "ami_theme": top.ami,
                    "ari_theme": top.ari,
                    "v_measure_theme": top.v_measure,
                }
            )
    return FigureTable(
        "agreement_by_language", "The same figures within each language; small languages vary more.", tuple(rows)
    )


def _with_sets(rows: pl.DataFrame, evidence: Evidence, several: bool) -> pl.DataFrame:
    """Add the lists ``sub_theme`` and ``theme`` that a feedback mentions: the best alone when it has one label."""
    if not several:
        themed = pl.col("leaf") != UNTHEMED
        return rows.with_columns(
            pl.when(themed)
            .then(pl.concat_list("leaf"))
            .otherwise(pl.lit([], dtype=pl.List(pl.String)))
            .alias("sub_theme"),
            pl.when(themed).then(pl.concat_list("top")).otherwise(pl.lit([], dtype=pl.List(pl.String))).alias("theme"),
        )
    said = evidence.mentions.group_by("feedback_id").agg(
        pl.col("leaf").unique().sort().alias("sub_theme"), pl.col("top").unique().sort().alias("theme")
    )
    return rows.join(said, on="feedback_id", how="left", maintain_order="left").with_columns(
        pl.col("sub_theme", "theme").fill_null([])
    )


_Row = tuple[frozenset[str], frozenset[str], str, str]  # labels, themes, person, language


@dataclass(frozen=True, slots=True)
class _Mapped:
    """The half that is scored, with the label that each theme took on the other half, and how well each theme did."""

    label_of: dict[str, str]
    rows: tuple[_Row, ...]


def _scored(rows: pl.DataFrame, level: str, seed: int) -> tuple[SetScores, _Mapped]:
    """Map each theme to the label that most of its feedback has, on one half of the people; score on the other."""
    learnt: list[_Row] = []
    judged: list[_Row] = []
    halves = {
        person: int(stable_hash("half", str(seed), str(person), size=4), 16) % 2
        for person in rows["person_id"].unique()
    }
    for labels, themes, person, language in rows.select("labels", level, "person_id", "language").iter_rows():
        (judged if halves[person] else learnt).append((frozenset(labels), frozenset(themes), person, language))
    met: dict[str, Counter[str]] = {}
    common = Counter(label for labels, *_ in learnt for label in labels)
    for labels, themes, *_ in learnt:
        for theme_id in themes:
            met.setdefault(theme_id, Counter()).update(labels)
    label_of = {
        # Of labels that always come together, the rarer one is the theme's own.
        theme_id: min(counts, key=lambda label: (-counts[label], common[label], label))
        for theme_id, counts in met.items()
        if counts
    }
    found = [frozenset(label_of[t] for t in themes if t in label_of) for _, themes, *_ in judged]
    scores = set_scores([row[0] for row in judged], found, [row[2] for row in judged], seed=seed)
    return scores, _Mapped(label_of, tuple(judged))


def _f1_figures(scores: SetScores, level: str) -> tuple[Figure, ...]:
    return tuple(
        Figure(f"f1_{name}_{level}", found.value, scores.n, F1_EXPLAINED, found.low, found.high)
        for name, found in (("micro", scores.micro), ("macro", scores.macro), ("weighted", scores.weighted))
    )


def _theme_table(mapped: _Mapped, evidence: Evidence, level: str) -> FigureTable:
    """Return each theme's precision, recall and F1 against its own label, on the half that it was not learnt on."""
    labels = dict(evidence.frames.themes.select("theme_id", "label").iter_rows())
    ids = sorted(mapped.label_of)
    true = [frozenset(t for t in ids if mapped.label_of[t] in row[0]) for row in mapped.rows]
    found = [frozenset(t for t in row[1] if t in mapped.label_of) for row in mapped.rows]
    scores = set_scores(true, found, [row[2] for row in mapped.rows])
    rows = [
        {
            "theme_id": score.name,
            "label": labels.get(score.name, ""),
            "taken_for": mapped.label_of[score.name],
            "n_found": score.n_found,
            "n_true": score.n_true,
            **score.columns(),
        }
        for score in sorted(scores.classes, key=lambda score: (-score.n_found, score.name))
    ]
    return FigureTable(
        f"{level}s_against_labels",
        "Each theme against the label that it was taken for. A theme that is one of several for a label has a low "
        "recall by nature; a low precision says that it mixes labels. n_found, n_true: feedback in the half that is "
        "scored.",
        tuple(rows),
    )


def _label_table(scores: SetScores) -> FigureTable:
    rows = [
        {
            "label": score.name,
            "n_true": score.n_true,
            "n_found": score.n_found,
            **score.columns(),
        }
        for score in sorted(scores.classes, key=lambda score: (-score.n_true, score.name))
    ]
    return FigureTable(
        "labels_by_sub_themes",
        "Each label against all sub-themes that were taken for it. Recall 0: no sub-theme has it for its commonest "
        "label, so that the codebook does not know it.",
        tuple(rows),
    )


def _f1_by_language(mapped: dict[str, _Mapped], evidence: Evidence, seed: int) -> FigureTable:
    """Return F1 for each language; themes take their labels from all languages."""
    listed = []
    for code in evidence.languages:
        row: dict[str, object] = {"language": code}
        for level, learnt in mapped.items():
            own = [found for found in learnt.rows if found[3] == code]
            scores = set_scores(
                [labels for labels, *_ in own],
                [frozenset(learnt.label_of[t] for t in themes if t in learnt.label_of) for _, themes, *_ in own],
                [person for _, _, person, _ in own],
                seed=seed,
            )
            row |= {
                "n": scores.n,
                f"micro_{level}": scores.micro.value,
                f"macro_{level}": scores.macro.value,
                f"weighted_{level}": scores.weighted.value,
            }
        listed.append(row)
    return FigureTable("f1_by_language", "F1 within each language, on the half that is scored.", tuple(listed))
