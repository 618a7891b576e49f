"""The doors for parts of one's own: five protocols, found by name through entry points.

A part is registered in another package's ``pyproject.toml``::

    [project.entry-points."feedback_nlp.encoders"]
    mine = "my_package:make_encoder"

and chosen with ``--encoder mine``. The groups are ``feedback_nlp.encoders``, ``feedback_nlp.clusterers``,
``feedback_nlp.labellers``, ``feedback_nlp.sentiment`` and ``feedback_nlp.splitters``; each entry is a callable that
takes the :class:`~feedback_nlp.settings.Settings` and returns the part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from feedback_nlp.records import SentimentScore

if TYPE_CHECKING:
    import numpy as np


@runtime_checkable
class Encoder(Protocol):
    """Turns texts into unit vectors. A ``SentenceTransformer`` is one already."""

    def encode(self, texts: Sequence[str], /) -> np.ndarray:
        """Return float32 vectors of shape (len(texts), d), rows of length 1."""
        ...


@runtime_checkable
class Clusterer(Protocol):
    """Groups vectors. A scikit-learn clusterer is one already."""

    def fit_predict(self, vectors: np.ndarray, /) -> np.ndarray:
        """Return one integer label a row, -1 for noise."""
        ...


@runtime_checkable
class Labeller(Protocol):
    """Names themes from their evidence."""

    def label(self, evidence: Sequence[Mapping[str, Any]], /) -> list[str]:
        """Return one short, distinct label for each theme's evidence (keywords by language, quotes, siblings)."""
        ...


@runtime_checkable
class SentimentScorer(Protocol):
    """Scores statements from their vectors, so that no second forward pass is needed.

    It is told nothing of the question. Statements are scored again when its ``key``, or without one its ``revision``,
    changes.
    """

    def score(self, vectors: np.ndarray, texts: Sequence[str], languages: Sequence[str], /) -> list[SentimentScore]:
        """Return one score a row of ``vectors`` (n, d), which are the encoder's own unit vectors.

        Polarity is -1..1, confidence 0..1. ``emotions`` and ``intents`` map those found, of ``records.EMOTIONS`` and
        ``records.INTENTS``, to their probability: {} for none, None where it does not look for them.
        """
        ...


@runtime_checkable
class Splitter(Protocol):
    """Cuts feedback into statements, one idea each."""

    def split(self, text: str, language: str, /) -> list[tuple[int, int]]:
        """Return the (start, end) of each statement in the text: ordered, apart, none empty.

        ``language`` is an ISO 639-1 code, or "und".
        """
        ...


def find_plugin(group: str, name: str) -> Any | None:
    """Return the callable registered under ``name`` in ``feedback_nlp.<group>``, or None.

    Raises whatever the plug-in's own import raises.
    """
    from importlib.metadata import entry_points

    for entry in entry_points(group=f"feedback_nlp.{group}", name=name):
        return entry.load()
    return None
