"""Whether a codebook is fit to publish: figures with how to read each, and a verdict with its reasons.

Nothing here is a target to tune towards: the limits are rules of thumb, named with their reasons, and whoever
knows the corpus may overrule them. Figures are over statements and feedback of the whole database and hold no verbatim.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from feedback_nlp import evaluation_figures as measured
from feedback_nlp.analysis.frames import AnalysisFrames, build_frames, segment_column
from feedback_nlp.errors import NothingToShow
from feedback_nlp.evaluation_figures import Figure, OneLanguageTheme
from feedback_nlp.pipeline.themes import load_codebook
from feedback_nlp.settings import Settings

if TYPE_CHECKING:
    from feedback_nlp.store import Store

COVERAGE_UNFIT = 0.5  # most of what people said would be outside the themes
FEWEST_THEMES = 2  # one theme tells nothing apart
DOMINANCE_UNFIT = 0.6  # one theme that holds most of everything is not a theme but the corpus
INDENT = "      "

Verdict = Literal["fit", "fit with warnings", "not fit to publish"]


@dataclass(frozen=True, slots=True)
class QualityReport:
    """What :func:`evaluate` found. ``groups`` maps a heading to its figures, in the order in which to read them."""

    codebook_version: int
    verdict: Verdict
    reasons: tuple[str, ...]
    groups: Mapping[str, tuple[Figure, ...]]
    one_language_themes: tuple[OneLanguageTheme, ...]

    def figure(self, name: str) -> Figure:
        """Return the figure of this name; raises KeyError when the report has none."""
        return {figure.name: figure for figures in self.groups.values() for figure in figures}[name]

    def to_dict(self) -> dict[str, Any]:
        """Return plain types, ready for JSON; figures that could not be measured are None."""
        return {
            "codebook_version": self.codebook_version,
            "verdict": self.verdict,
            "reasons": list(self.reasons),
            "groups": {name: [asdict(figure) for figure in figures] for name, figures in self.groups.items()},
            "one_language_themes": [asdict(theme) for theme in self.one_language_themes],
        }

    def to_text(self) -> str:
        """Return the report as lines for a terminal; figures that are read alike are explained once."""
        lines = [f"Codebook {self.codebook_version}: {self.verdict}", *(f"  - {reason}" for reason in self.reasons)]
        for heading, figures in self.groups.items():
            lines += ["", heading]
            for figure, following in zip(figures, [*figures[1:], None], strict=True):
                value = "-" if figure.value is None else f"{figure.value:.3f}".rstrip("0").rstrip(".")
                lines.append(f"  {figure.name:<28} {value:>8}  (n = {figure.n})")
                if following is None or following.how_to_read != figure.how_to_read:
                    lines += wrap(figure.how_to_read, 100, initial_indent=INDENT, subsequent_indent=INDENT)
        if self.one_language_themes:
            lines += ["", "Themes of one language"]
            lines += [
                f"  {theme.theme_id}  {theme.label}: {theme.share:.0%} {theme.language} (n = {theme.n_statements})"
                for theme in self.one_language_themes
            ]
        return "\n".join(lines)


def evaluate(
    store: Store, settings: Settings, *, label_column: str | None = None, codebook_version: int | None = None
) -> QualityReport:
    """Return the quality of a codebook (default: the newest) over everything stored.

    ``label_column`` names a stored segment that holds reference labels, such as a hand-coded reason; agreement with
    it is shown and never part of the verdict, since people may have coded something else than what was said. Raises
    NothingToShow without a codebook or statements, UsageError for an unknown label column or version.
    """
    codebook = load_codebook(store, codebook_version)
    assert codebook.version is not None
    frames = build_frames(store.read_frames(codebook.version), settings)
    if frames.statements.is_empty():
        raise NothingToShow("There is no statement to evaluate themes on. Ingest a file of feedback first.")
    labels = segment_column(frames, label_column) if label_column is not None else None
    statements = measured.best_themes(frames)
    spoken = measured.spoken_languages(statements)
    one_language, n_compared = measured.one_language_themes(frames, statements, spoken)
    groups = {
        "Coverage": measured.coverage(frames, statements),
        "Themes and their sizes": measured.sizes_of_themes(frames, statements),
        "Words": measured.words(frames, statements, spoken),
        "Vectors": (measured.separation(store, codebook, statements),),
    }
    if len(spoken) > 1:
        groups["Languages"] = (
            measured.language_leakage(statements, spoken),
            measured.one_language_figure(one_language, n_compared),
        )
    if labels is not None:
        groups[f"Agreement with {label_column}"] = measured.label_agreement(frames, statements, labels)
    verdict, reasons = _verdict(groups, frames)
    return QualityReport(codebook.version, verdict, reasons, groups, one_language)


def _verdict(groups: Mapping[str, tuple[Figure, ...]], frames: AnalysisFrames) -> tuple[Verdict, tuple[str, ...]]:
    """Return the verdict with a reason for everything that is below its limit, the gravest first."""
    value = {figure.name: figure.value for figures in groups.values() for figure in figures}
    unfit, warnings = [], []
    covered, largest = value["coverage_statements"] or 0.0, value["largest_theme_share"]
    active = frames.themes.filter((pl.col("level") == 1) & (pl.col("state") != "retired")).height
    if covered < COVERAGE_UNFIT:
        unfit.append(f"Only {covered:.0%} of statements have a theme; at least {COVERAGE_UNFIT:.0%} must.")
    elif covered < measured.COVERAGE_WARN:
        warnings.append(f"{covered:.0%} of statements have a theme; read the unthemed ones before publishing.")
    if active < FEWEST_THEMES:
        unfit.append(f"{active} top-level themes in use; at least {FEWEST_THEMES} are needed to tell anything apart.")
    elif largest is not None and largest > DOMINANCE_UNFIT:
        unfit.append(f"One theme holds {largest:.0%} of themed statements; at most {DOMINANCE_UNFIT:.0%} may.")
    elif largest is not None and largest > measured.DOMINANCE_WARN:
        warnings.append(f"One theme holds {largest:.0%} of themed statements; read its sub-themes instead.")
    if value["untagged_statements"]:
        warnings.append(f"{value['untagged_statements']:.0f} statements are not tagged yet; tag them first.")
    margin = value["separation"]
    if margin is not None and margin < measured.SEPARATION_WARN:
        warnings.append(f"Sub-themes lie close together (separation {margin:.3f}); trust the top-level themes more.")
    leakage = value.get("language_leakage")
    if leakage is not None and leakage > measured.LEAKAGE_WARN:
        warnings.append(f"Themes follow languages (adjusted mutual information {leakage:.2f}).")
    if value.get("one_language_themes"):
        warnings.append(f"Themes that are nearly all in one language: {value['one_language_themes']:.0f}.")
    for name, diversity in value.items():
        if name.startswith("keyword_diversity_") and diversity is not None and diversity < measured.DIVERSITY_WARN:
            language = name.removeprefix("keyword_diversity_")
            warnings.append(f"Sub-themes share many keywords in {language} (diversity {diversity:.2f}).")
    verdict: Verdict = "not fit to publish" if unfit else "fit with warnings" if warnings else "fit"
    return verdict, (*unfit, *warnings)
