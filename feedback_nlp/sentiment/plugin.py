"""Fits scorers from other packages to what the pipeline calls."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from feedback_nlp.errors import EncoderError
from feedback_nlp.plugins import SentimentScorer
from feedback_nlp.records import SentimentScore


class PluginScorer:
    """A plug-in scorer: it needs no tones and is told nothing of the question."""

    tone_key: str | None = None

    def __init__(self, name: str, part: SentimentScorer) -> None:
        """``part`` may say ``key``; otherwise its name, class and ``revision`` do."""
        self._part = part
        self._name = name
        where = f"{type(part).__module__}.{type(part).__qualname__}"
        self.key = str(getattr(part, "key", "") or f"{name}-{where}-{getattr(part, 'revision', '')}".rstrip("-"))

    def score(
        self,
        vectors: np.ndarray,
        texts: Sequence[str],
        languages: Sequence[str],
        /,
        *,
        tones: np.ndarray | None = None,
        leanings: np.ndarray | Sequence[float] | None = None,
    ) -> list[SentimentScore]:
        """Return the plug-in's scores, one a text; ``tones`` and ``leanings`` are not looked at.

        Raises :class:`EncoderError` when it gives another number of scores.
        """
        scores = list(self._part.score(vectors, texts, languages))
        if len(scores) != len(texts):
            raise EncoderError(
                f"The sentiment plug-in {self._name!r} returned {len(scores)} scores for {len(texts)} statements. "
                "Mend the plug-in or choose another with --sentiment."
            )
        return scores

    def question_leanings(self, questions: Sequence[str], tones: np.ndarray) -> np.ndarray:
        """Return zeros: a plug-in does not look at questions."""
        return np.zeros(len(questions))
