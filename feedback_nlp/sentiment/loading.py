"""Finds the scorer that ``settings.sentiment`` names: the bundled head, a tuned one, a plug-in, a transformer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from feedback_nlp.errors import EncoderError, InstallationError, SettingError
from feedback_nlp.plugins import find_plugin
from feedback_nlp.records import SentimentScore
from feedback_nlp.resources import resource_path
from feedback_nlp.sentiment.head import Scorer, read_head
from feedback_nlp.sentiment.plugin import PluginScorer
from feedback_nlp.settings import Settings

_TUNE_AGAIN = "Write it again with 'feedback-nlp sentiment tune', or set sentiment to 'bundled'."


class AnyScorer(Protocol):
    """What every scorer has; ``tone_key`` is None for one that needs no tones."""

    @property
    def key(self) -> str:
        """What names the scorer and everything that decides its scores."""
        ...

    @property
    def tone_key(self) -> str | None:
        """The key of the tones that it reads."""
        ...

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
        """Return one score a text; see :meth:`feedback_nlp.sentiment.head.Scorer.score`."""
        ...

    def question_leanings(self, questions: Sequence[str], tones: np.ndarray) -> np.ndarray:
        """Return what each question asks for, (n,) in -1..1."""
        ...


def load_scorer(settings: Settings, tone_key: str | None) -> AnyScorer | None:
    """Return the scorer in force, or None when sentiment is off or no bundled head reads these tones.

    ``tone_key`` is the one of the encoder that makes the tones, None when there is none. Raises
    :class:`EncoderError` when a head is damaged or reads other tones, :class:`SettingError` when the name is none of
    what the setting can name.
    """
    name = settings.sentiment
    if name == "off":
        return None
    if name == "bundled":
        return _bundled(tone_key)
    path = Path(name).expanduser()
    if path.suffix == ".safetensors":
        return _tuned(path, tone_key)
    make = find_plugin("sentiment", name)
    if make is not None:
        return PluginScorer(name, make(settings))
    from feedback_nlp.sentiment.transformer import load_transformer

    found: AnyScorer = load_transformer(name, settings)
    return found


def _bundled(tone_key: str | None) -> Scorer | None:
    if tone_key is None:
        return None
    try:
        folder = resource_path("models")
    except InstallationError:
        return None
    for path in sorted(folder.glob("sentiment-*.json")):
        if _reads(json.loads(path.read_text(encoding="utf-8")).get("tone", ""), tone_key):
            return read_head(path.with_suffix(".safetensors"), tone_key=tone_key)
    return None


def _tuned(path: Path, tone_key: str | None) -> Scorer:
    if not path.is_file():
        raise SettingError(f"sentiment = {str(path)!r}: there is no such file. {_TUNE_AGAIN}")
    head = read_head(path, tone_key=tone_key, advice=_TUNE_AGAIN)
    if not _reads(head.tone_sha256, tone_key):
        raise EncoderError(
            f"The sentiment head {path.name} was tuned over another encoder's tones than the one in force makes. "
            f"Choose the encoder it was tuned with. {_TUNE_AGAIN}"
        )
    return head


def _reads(tone_sha256: str, tone_key: str | None) -> bool:
    """Tell whether a head of that tone file reads these tones: a tone's key begins with the hash of its file."""
    beginning = (tone_key or "").partition("-")[0]
    return beginning != "" and tone_sha256.startswith(beginning)
