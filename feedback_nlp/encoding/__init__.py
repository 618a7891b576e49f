"""Texts to vectors. Importing this package loads nothing heavy: its names are fetched when they are first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from feedback_nlp.encoding.encoder import LoadedEncoder as LoadedEncoder
    from feedback_nlp.encoding.loading import encoder_status as encoder_status
    from feedback_nlp.encoding.loading import load_encoder as load_encoder
    from feedback_nlp.encoding.loading import load_tone_encoder as load_tone_encoder
    from feedback_nlp.encoding.loading import prepare as prepare
    from feedback_nlp.encoding.vectors import from_half as from_half
    from feedback_nlp.encoding.vectors import to_half as to_half

_HOMES = {
    "LoadedEncoder": "encoder",
    "load_encoder": "loading",
    "load_tone_encoder": "loading",
    "prepare": "loading",
    "encoder_status": "loading",
    "to_half": "vectors",
    "from_half": "vectors",
}
__all__ = ["LoadedEncoder", "encoder_status", "from_half", "load_encoder", "load_tone_encoder", "prepare", "to_half"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
