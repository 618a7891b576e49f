"""What a statement feels and wants. Importing this package loads nothing heavy: names are fetched when first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from feedback_nlp.sentiment.head import Scorer as Scorer
    from feedback_nlp.sentiment.head import read_head as read_head
    from feedback_nlp.sentiment.loading import AnyScorer as AnyScorer
    from feedback_nlp.sentiment.loading import load_scorer as load_scorer

_HOMES = {"AnyScorer": "loading", "Scorer": "head", "load_scorer": "loading", "read_head": "head"}
__all__ = ["AnyScorer", "Scorer", "load_scorer", "read_head"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
