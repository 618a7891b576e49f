"""From the database to the tables that every question is asked of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from feedback_nlp.analysis.frames import AnalysisFrames, apply_view, build_frames
from feedback_nlp.errors import NothingToShow
from feedback_nlp.records import View
from feedback_nlp.settings import Settings

if TYPE_CHECKING:
    from feedback_nlp.store import Store


def load_frames(store: Store, settings: Settings, view: View | None = None) -> AnalysisFrames:
    """Return the tables of a view (default: of everything), with the themes of the newest codebook that is ready.

    Raises NothingToShow before the first codebook and, like UsageError, as
    :func:`~feedback_nlp.analysis.frames.apply_view` does.
    """
    if store.latest_codebook_version() is None:
        raise NothingToShow("There are no themes yet. Start with: feedback-nlp run FILE, or discover and tag.")
    return apply_view(build_frames(store.read_frames(), settings), view or View())
