"""Where the steps meet: read, clean, redact, split, encode, score; discover, publish; tag."""

from __future__ import annotations

from feedback_nlp.pipeline.codebooks import load_codebook
from feedback_nlp.pipeline.discovering import DiscoverySummary, discover_themes
from feedback_nlp.pipeline.ingest import IngestSummary, ingest, preview
from feedback_nlp.pipeline.progress import Progress
from feedback_nlp.pipeline.run import RunSummary, run_pipeline
from feedback_nlp.pipeline.tagging import TagSummary, tag_statements

__all__ = [
    "DiscoverySummary",
    "IngestSummary",
    "Progress",
    "RunSummary",
    "TagSummary",
    "discover_themes",
    "ingest",
    "load_codebook",
    "preview",
    "run_pipeline",
    "tag_statements",
]
