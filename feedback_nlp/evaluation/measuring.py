"""Measure a codebook over everything that is stored."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from feedback_nlp.analysis.frames import build_frames, segment_column
from feedback_nlp.errors import NothingToShow
from feedback_nlp.evaluation import across_languages, apartness, contents
from feedback_nlp.evaluation.drift import drift
from feedback_nlp.evaluation.figures import Figure, gather
from feedback_nlp.evaluation.label_agreement import label_agreement
from feedback_nlp.evaluation.report import QualityReport
from feedback_nlp.evaluation.verdict import judge
from feedback_nlp.pipeline.codebooks import load_codebook
from feedback_nlp.settings import Settings

if TYPE_CHECKING:
    from feedback_nlp.encoding import LoadedEncoder
    from feedback_nlp.store import Store


def evaluate(
    store: Store,
    settings: Settings,
    *,
    label_column: str | None = None,
    parallel_column: str | None = None,
    second_encoder: str | None = None,
    coded: Sequence[Path] = (),
    rejects_file: Path | None = None,
    codebook_version: int | None = None,
    encoder: LoadedEncoder | None = None,
) -> QualityReport:
    """Return the quality of a codebook (default: the newest) over everything stored.

    ``label_column`` names a stored segment that holds reference labels, such as a hand-coded reason; agreement with
    it is shown and never part of the verdict, since people may have coded something else than what was said.
    ``parallel_column`` names one that translations of one another share. ``second_encoder`` is an encoder to judge
    separation by (``encoder`` stands for it when it is loaded already). ``coded`` are one or two coders' files from
    :func:`draw_sample`; bad rows of them go to ``rejects_file`` (default: beside each). Raises NothingToShow
    without a codebook or statements, UsageError for an unknown column, encoder, file or version.
    """
    if coded and codebook_version is None:
        from feedback_nlp.evaluation.coded_files import version_of

        codebook_version = version_of(coded[0])
    codebook = load_codebook(store, codebook_version)
    assert codebook.version is not None
    frames = build_frames(store.read_frames(codebook.version), settings)
    if frames.statements.is_empty():
        raise NothingToShow("There is no statement to evaluate themes on. Ingest a file of feedback first.")
    labels = segment_column(frames, label_column) if label_column is not None else None
    evidence = gather(frames)
    groups: dict[str, tuple[Figure, ...]] = {
        "Coverage": contents.coverage(evidence),
        "Themes and their sizes": (*contents.sizes_of_themes(evidence), contents.hidden_themes(codebook.themes)),
        "Words": contents.words(evidence),
        "Vectors": (apartness.separation(store, codebook, evidence),),
    }
    tables = []
    notes: tuple[str, ...] = ()
    if second_encoder is not None:
        groups["Vectors"] += apartness.second_separation(evidence, codebook, settings, second_encoder, encoder)
    groups["Stability"] = contents.stability(evidence, codebook.themes, store.codebook(codebook.version).settings)
    shaky = contents.least_stable(evidence, codebook.themes)
    if shaky.rows:
        tables.append(shaky)
    one_language, n_compared = across_languages.one_language_themes(evidence)
    if len(evidence.languages) > 1:
        tables.append(contents.coverage_by_language(evidence))
        groups["Languages"] = (
            across_languages.language_leakage(evidence),
            across_languages.one_language_figure(one_language, n_compared),
        )
        if one_language:
            tables.append(across_languages.theme_by_language(evidence, one_language))
    if parallel_column is not None:
        groups.setdefault("Languages", ())
        groups["Languages"] += across_languages.translations(evidence, parallel_column)
    moved = drift(evidence, settings.seed)
    if moved:
        groups["Drift"] = moved
    if labels is not None:
        agreed = label_agreement(evidence, labels, settings.seed)
        groups[f"Agreement with {label_column}"] = agreed.figures
        tables += agreed.tables
    if coded:
        from feedback_nlp.evaluation.coder_agreement import coder_agreement

        people = coder_agreement(evidence, store, codebook, coded, settings, rejects_file)
        groups |= people.groups
        tables += people.tables
        notes = people.notes
    verdict, reasons = judge(groups, evidence)
    return QualityReport(codebook.version, verdict, reasons, groups, one_language, tuple(tables), notes)
