"""What the database holds, read once a data version and shared by every reader. Frames are never changed in place."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import streamlit as st

from feedback_nlp.errors import NothingToShow
from feedback_nlp.records import View
from feedback_nlp.settings import Settings, load_settings

if TYPE_CHECKING:
    from feedback_nlp.analysis.frames import AnalysisFrames
    from feedback_nlp.store import Store

T = TypeVar("T")
VIEW_KEY = "_view"  # where the sidebar leaves the view for the page
OUTCOME_KEY = "_outcome"


class NoData(NothingToShow):
    """There is no database yet, or nothing in it; the page offers the way in."""


@dataclass(frozen=True)
class Loaded:
    """Everything of one data version: ``key`` names it in caches."""

    key: tuple[Any, ...]
    codebook_version: int | None
    settings: Settings
    frames: AnalysisFrames

    @property
    def has_themes(self) -> bool:
        """Whether a codebook was published and holds a theme."""
        return self.frames.themes.height > 0


@dataclass(frozen=True)
class Slice:
    """The part of the data that the reader looks at."""

    loaded: Loaded
    view: View
    outcome_name: str | None
    frames: AnalysisFrames

    def compute(self, function: Callable[..., T], **arguments: Any) -> T:
        """Return ``function(frames, **arguments)``, computed once for this slice; treat the answer as read-only."""
        name = f"{function.__module__}.{function.__name__}"
        return _computed((self.loaded.key, view_key(self.view)), name, arguments, function, self.frames)


def view_key(view: View) -> tuple[Any, ...]:
    """Return a view as something that a cache can compare."""
    segments, facets = (
        tuple(sorted((name, tuple(values)) for name, values in chosen.items()))
        for chosen in (view.segments, view.facets)
    )
    lists = (view.languages, view.questions, view.sources, view.nps_segments, view.channels)
    return (segments, facets, *lists, view.since, view.until)


def database_exists(url: str) -> bool:
    """Whether opening ``url`` for reading makes sense: a SQLite file must be there already."""
    path = sqlite_path(url)
    return path is None or path.is_file()


def sqlite_path(url: str) -> Path | None:
    """Return the file behind a SQLite URL, None for another kind of database."""
    if not url.startswith("sqlite"):
        return None
    return Path(url.partition(":///")[2].partition("?")[0])


def open_store(url: str) -> Store:
    """Return the store, opened once a process and again when its file was replaced. Creates a missing one."""
    path = sqlite_path(url)
    if path is None:
        return _store(url, 0)
    if not path.is_file():
        from feedback_nlp.store import Store

        Store.open(url).close()  # made now, so that the store that is kept is known by its file
    return _store(url, path.stat().st_ino)


def load() -> Loaded:
    """Read the current data version. Raises :class:`NoData` when there is none."""
    settings = load_settings()
    if not database_exists(settings.db):
        raise NoData(f"There is no database at {_shown(settings.db)} yet.")
    store = open_store(settings.db)
    stamp = (settings.db, settings.privacy_minimum, settings.low_base)
    version = _last_reads().worth_reading(stamp, store.data_version())
    started = time.monotonic()
    codebook, frames = _frames((*stamp, version), store, settings)
    _last_reads().note(stamp, version, time.monotonic() - started)
    loaded = Loaded((*stamp, version, codebook), codebook, settings, frames)
    if loaded.frames.feedback.height == 0:
        raise NoData(f"The database at {_shown(settings.db)} holds no feedback yet.")
    return loaded


def current_slice() -> Slice:
    """Return what the sidebar's filters select. Raises NothingToShow when that is too little to show."""
    from feedback_nlp.analysis.privacy import require_enough

    loaded = load()
    view = st.session_state.get(VIEW_KEY, View())
    frames = _filtered(loaded.key, view_key(view), loaded.frames, view)
    if frames.feedback.height == 0:
        raise NothingToShow("No feedback fits these filters. Take one away, or clear them all.")
    require_enough(frames)
    return Slice(loaded, view, st.session_state.get(OUTCOME_KEY), frames)


def forget() -> None:
    """Make the next :func:`load` read the newest data, after this reader changed it."""
    _last_reads().versions.clear()


@dataclass
class _LastReads:
    """Which data version was read last, when, and how long that took: (version, end, seconds) by database.

    While a batch writes, the version rises with every commit; reading a large database again for each click would
    make the app useless. It may lag by ten times the time that reading takes, a minute at most.
    """

    versions: dict[tuple[Any, ...], tuple[int, float, float]] = field(default_factory=dict)

    def worth_reading(self, stamp: tuple[Any, ...], newest: int) -> int:
        version, end, seconds = self.versions.get(stamp, (newest, 0.0, 0.0))
        fresh = time.monotonic() - end < min(10 * seconds, 60)
        return version if fresh else newest

    def note(self, stamp: tuple[Any, ...], version: int, seconds: float) -> None:
        if stamp not in self.versions or self.versions[stamp][0] != version:
            self.versions[stamp] = (version, time.monotonic(), seconds)


@st.cache_resource(show_spinner=False)
def _last_reads() -> _LastReads:
    return _LastReads()


def _shown(url: str) -> str:
    """A database URL without user and password."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


@st.cache_resource(max_entries=4, show_spinner=False)
def _store(url: str, stamp: int) -> Store:
    from feedback_nlp.store import Store

    return Store.open(url)


@st.cache_resource(max_entries=2, show_spinner="Reading the feedback …")
def _frames(key: tuple[Any, ...], _store: Store, _settings: Settings) -> tuple[int | None, AnalysisFrames]:
    from feedback_nlp.analysis.frames import build_frames

    codebook = _store.latest_codebook_version(ready=True)
    return codebook, build_frames(_store.read_frames(codebook), _settings)


@st.cache_resource(max_entries=12, show_spinner=False)
def _filtered(key: tuple[Any, ...], view_key: tuple[Any, ...], _frames: AnalysisFrames, _view: View) -> AnalysisFrames:
    from feedback_nlp.analysis.frames import apply_view

    return apply_view(_frames, _view)


@st.cache_resource(max_entries=200, show_spinner=False)
def _computed(
    key: tuple[Any, ...],
    name: str,
    arguments: Mapping[str, Any],
    _function: Callable[..., Any],
    _frames: AnalysisFrames,
) -> Any:
    return _function(_frames, **arguments)
