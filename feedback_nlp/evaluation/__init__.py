"""Whether a codebook is fit to publish: figures with how to read each, people's samples, and a verdict with reasons.

Nothing here is a target to tune towards: the limits are rules of thumb, named with their reasons, and whoever
knows the corpus may overrule them. A report holds figures, labels and ids, and no verbatim; a sample for a coder holds
verbatims, and is as confidential as the database.
"""

from __future__ import annotations

from feedback_nlp.evaluation.figures import Figure, FigureTable, OneLanguageTheme
from feedback_nlp.evaluation.measuring import evaluate
from feedback_nlp.evaluation.report import QualityReport
from feedback_nlp.evaluation.sample import SampleSummary, draw_sample
from feedback_nlp.evaluation.verdict import Verdict

__all__ = [
    "Figure",
    "FigureTable",
    "OneLanguageTheme",
    "QualityReport",
    "SampleSummary",
    "Verdict",
    "draw_sample",
    "evaluate",
]
