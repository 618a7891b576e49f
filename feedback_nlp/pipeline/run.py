"""The whole way: a file in, themes tagged."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback_nlp.pipeline.discovering import DiscoverySummary, discover_themes
from feedback_nlp.pipeline.ingest import IngestSummary, ingest
from feedback_nlp.pipeline.progress import Progress, silent
from feedback_nlp.pipeline.tagging import TagSummary, tag_statements
from feedback_nlp.settings import Settings

if TYPE_CHECKING:
    from feedback_nlp.encoding import LoadedEncoder
    from feedback_nlp.language.reading.columns import ColumnFlags
    from feedback_nlp.store import Store


@dataclass(frozen=True)
class RunSummary:
    """What a run did, step by step, and in how many seconds."""

    ingest: IngestSummary
    discovery: DiscoverySummary
    tagging: TagSummary
    seconds: float


def run_pipeline(
    store: Store,
    path: Path,
    flags: ColumnFlags,
    settings: Settings,
    *,
    encoder: LoadedEncoder | None = None,
    progress: Progress | None = None,
    on_ingested: Callable[[IngestSummary], None] | None = None,
    **ingesting: Any,
) -> RunSummary:
    """Ingest ``path``, discover themes over everything stored, and tag it. Takes what :func:`ingest` takes.

    ``on_ingested`` hears what was stored before discovery begins: it stays, also when there is too little for themes.
    """
    from feedback_nlp.encoding import load_encoder

    started = time.monotonic()
    show = progress or silent
    encoder = encoder or load_encoder(settings)
    taken = ingest(store, path, flags, settings, encoder=encoder, progress=show, **ingesting)
    if on_ingested is not None:
        on_ingested(taken)
    found = discover_themes(store, settings, encoder=encoder, progress=show)
    tagged = tag_statements(store, settings, encoder=encoder, progress=show)
    return RunSummary(taken, found, tagged, time.monotonic() - started)
