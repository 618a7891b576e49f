"""The verdict on a codebook, with a reason for everything that is outside its limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from feedback_nlp.evaluation.across_languages import LEAKAGE_WARN
from feedback_nlp.evaluation.apartness import SEPARATION_WARN
from feedback_nlp.evaluation.contents import COVERAGE_WARN, DIVERSITY_WARN, DOMINANCE_WARN, STABLE
from feedback_nlp.evaluation.drift import refit_reasons
from feedback_nlp.evaluation.figures import Evidence, Figure
from feedback_nlp.evaluation.reliability import TENTATIVE, reading

Verdict = Literal["fit", "fit with warnings", "not fit to publish"]

COVERAGE_UNFIT = 0.5  # most of what people said would be outside the themes
FEWEST_THEMES = 2  # one theme tells nothing apart
DOMINANCE_UNFIT = 0.6  # one theme that holds most of everything is not a theme but the corpus
UNSTABLE = 0.4  # of mean stability: below it most of what a refit finds is something else
WITHHELD_WARN = 1 / 3  # of themes; more, and readers see a codebook full of holes
CANDIDATES_WARN = 1 / 3  # of discovered themes
IN_CANDIDATES_WARN = 0.2  # of themed statements
F1_WARN = 0.6  # against a person; two people reach some 0.7 to 0.8 with one another
F1_UNFIT = 0.4  # even the upper end of the interval: more of the tags are wrong or missing than right
CEILING_GAP = 0.15  # of alpha below what two people reach with one another


def judge(groups: Mapping[str, Sequence[Figure]], evidence: Evidence) -> tuple[Verdict, tuple[str, ...]]:
    """Return the verdict with a reason for everything that is outside its limit, the gravest first."""
    of = {figure.name: figure for figures in groups.values() for figure in figures}
    unfit: list[str] = []
    warnings: list[str] = []
    for check in (_people, _coverage, _sizes, _stability, _languages, _words, _person):
        worse, bad = check(of, evidence)
        unfit += worse
        warnings += bad
    reasons = refit_reasons(list(of.values()))
    if reasons:
        warnings.append(f"A refit is advised (feedback-nlp discover): {'; '.join(reasons)}.")
    verdict: Verdict = "not fit to publish" if unfit else "fit with warnings" if warnings else "fit"
    return verdict, (*unfit, *warnings)


Found = tuple[list[str], list[str]]  # reasons against publishing, and warnings


def _value(of: Mapping[str, Figure], name: str) -> float | None:
    return of[name].value if name in of else None


def _people(of: Mapping[str, Figure], evidence: Evidence) -> Found:
    frames = evidence.frames
    people = of["coverage_people"].n
    if people < frames.privacy_minimum:
        return [f"{people} people wrote something meaningful; figures need at least {frames.privacy_minimum}."], []
    if people < frames.low_base:
        return [], [f"Only {people} people wrote something meaningful; themes of so few are anecdotes."]
    if len(frames.withheld) > WITHHELD_WARN * frames.themes.height:
        return [], [
            f"{len(frames.withheld)} of {frames.themes.height} themes are withheld from readers, since fewer than "
            f"{frames.privacy_minimum} people mention them."
        ]
    return [], []


def _coverage(of: Mapping[str, Figure], evidence: Evidence) -> Found:
    unfit, warnings = [], []
    covered = _value(of, "coverage_statements") or 0.0
    if covered < COVERAGE_UNFIT:
        unfit.append(f"Only {covered:.0%} of statements have a theme; at least {COVERAGE_UNFIT:.0%} must.")
    elif covered < COVERAGE_WARN:
        warnings.append(f"{covered:.0%} of statements have a theme; read the unthemed ones before publishing.")
    if waiting := _value(of, "untagged_statements"):
        warnings.append(f"{waiting:.0f} statements are not tagged yet; tag them first.")
    return unfit, warnings


def _sizes(of: Mapping[str, Figure], evidence: Evidence) -> Found:
    unfit, warnings = [], []
    active, largest = int(_value(of, "themes") or 0), _value(of, "largest_theme_share")
    if active < FEWEST_THEMES:
        unfit.append(f"{active} top-level themes in use; at least {FEWEST_THEMES} are needed to tell anything apart.")
    elif largest is not None and largest > DOMINANCE_UNFIT:
        unfit.append(f"One theme holds {largest:.0%} of themed statements; at most {DOMINANCE_UNFIT:.0%} may.")
    elif largest is not None and largest > DOMINANCE_WARN:
        warnings.append(f"One theme holds {largest:.0%} of themed statements; read its sub-themes instead.")
    margin = _value(of, "separation")
    if margin is not None and margin < SEPARATION_WARN:
        warnings.append(f"Sub-themes lie close together (separation {margin:.3f}); trust the top-level themes more.")
    second = of.get("separation_second")
    if second is not None and second.high is not None and second.high <= 0:
        warnings.append(
            f"For the second encoder sub-themes do not lie apart (separation {second.value:.3f}): they may be "
            "artefacts of the first."
        )
    return unfit, warnings


def _stability(of: Mapping[str, Figure], evidence: Evidence) -> Found:
    unfit, warnings = [], []
    stable, candidates = _value(of, "theme_stability"), _value(of, "candidate_themes")
    inside = _value(of, "statements_in_candidates")
    if stable is not None and stable < UNSTABLE:
        unfit.append(f"Themes are found again by {stable:.0%} only (stability); at least {UNSTABLE:.0%} must be.")
    elif stable is not None and stable < STABLE:
        warnings.append(f"Stability is low ({stable:.2f}); another sample of the same people would give other themes.")
    if candidates is not None and candidates > CANDIDATES_WARN:
        warnings.append(f"{candidates:.0%} of the themes are candidates, too unstable to count on.")
    elif inside is not None and inside > IN_CANDIDATES_WARN:
        warnings.append(f"{inside:.0%} of themed statements lie in candidates, themes too unstable to count on.")
    return unfit, warnings


def _languages(of: Mapping[str, Figure], evidence: Evidence) -> Found:
    warnings = []
    leakage = _value(of, "language_leakage")
    if leakage is not None and leakage > LEAKAGE_WARN:
        warnings.append(f"Themes follow languages (adjusted mutual information {leakage:.2f}).")
    if lonely := _value(of, "one_language_themes"):
        warnings.append(f"Themes that are nearly all in one language: {lonely:.0f}.")
    return [], warnings


def _words(of: Mapping[str, Figure], evidence: Evidence) -> Found:
    warnings = []
    for name, figure in of.items():
        if name.startswith("keyword_diversity_") and figure.value is not None and figure.value < DIVERSITY_WARN:
            language = name.removeprefix("keyword_diversity_")
            warnings.append(f"Sub-themes share many keywords in {language} (diversity {figure.value:.2f}).")
    return [], warnings


def _person(of: Mapping[str, Figure], evidence: Evidence) -> Found:
    """Judge by the coders who read a sample, on top-level themes."""
    unfit, warnings = [], []
    ceiling = _value(of, "alpha_theme_coders")
    for coder in (1, 2):
        f1, alpha = of.get(f"f1_weighted_theme_coder{coder}"), _value(of, f"alpha_theme_coder{coder}")
        if f1 is not None and f1.value is not None:
            if f1.high is not None and f1.high < F1_UNFIT:
                unfit.append(f"Themes agree too little with coder {coder} (weighted F1 {f1.value:.2f}).")
            elif f1.value < F1_WARN:
                warnings.append(f"Themes agree little with coder {coder} (weighted F1 {f1.value:.2f}).")
        if alpha is None:
            continue
        if ceiling is not None and alpha < min(TENTATIVE, ceiling - CEILING_GAP):
            warnings.append(
                f"The model agrees with coder {coder} less (alpha {alpha:.2f}) than the coders with one another "
                f"({ceiling:.2f})."
            )
        elif ceiling is None and alpha < TENTATIVE:
            warnings.append(f"Alpha of the model with coder {coder} is {alpha:.2f}: {reading(alpha)}.")
    if ceiling is not None and ceiling < TENTATIVE:
        warnings.append(
            f"The two coders agree too little with one another (alpha {ceiling:.2f}); sharpen the themes' definitions."
        )
    return unfit, warnings
