"""The bundled survey, mined once for a whole test session with the real encoder. About a minute on two cores."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from feedback_nlp.resources import resource_path
from feedback_nlp.settings import Settings

if TYPE_CHECKING:
    import polars as pl

    from feedback_nlp.analysis.frames import AnalysisFrames
    from feedback_nlp.pipeline import RunSummary

TRUTHS = Path(__file__).parent / "survey"


@dataclass(frozen=True)
class MinedSurvey:
    """What a run over the bundled survey left behind. ``raw`` is what the store read, ``frames`` what analysis sees.

    ``statements`` has a row a planted statement: response_id (the file's), theme_key, start and end in the comment as
    it stands in the file. ``truths`` is ``survey_truths.json``.
    """

    url: str
    file: Path
    settings: Settings
    summary: RunSummary
    raw: Mapping[str, pl.DataFrame]
    frames: AnalysisFrames
    truths: Mapping[str, Any]
    comments: Mapping[str, str]
    statements: pl.DataFrame
    responses: pl.DataFrame


@pytest.fixture(scope="session")
def mined_survey(tmp_path_factory: pytest.TempPathFactory) -> MinedSurvey:
    """Run the whole pipeline over the bundled survey, as ``feedback-nlp run`` does."""
    import polars as pl

    from feedback_nlp.analysis.frames import build_frames
    from feedback_nlp.language.reading.columns import ColumnFlags
    from feedback_nlp.pipeline import run_pipeline
    from feedback_nlp.store import Store

    folder = tmp_path_factory.mktemp("mined")
    file = resource_path("data/survey.csv")
    url = f"sqlite:///{folder / 'feedback.db'}"
    settings = Settings(db=url)
    with Store.open(url) as store:
        summary = run_pipeline(store, file, ColumnFlags(), settings, rejects_file=folder / "rejects.csv")
        raw = store.read_frames()
    with file.open(encoding="utf-8", newline="") as handle:
        comments = {row["response_id"]: row["comment"] for row in csv.DictReader(handle)}
    return MinedSurvey(
        url=url,
        file=file,
        settings=settings,
        summary=summary,
        raw=raw,
        frames=build_frames(raw, settings),
        truths=json.loads(resource_path("data/survey_truths.json").read_text(encoding="utf-8")),
        comments=comments,
        statements=pl.read_csv(TRUTHS / "truth_statements.csv"),
        responses=pl.read_csv(TRUTHS / "truth_responses.csv"),
    )
