"""Finds an encoder by name: a bundled one, a plug-in, a sentence-transformers folder or model id."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

import numpy as np

from feedback_nlp.encoding.bundled import BUNDLED
from feedback_nlp.encoding.encoder import Backend, LoadedEncoder
from feedback_nlp.encoding.prepared import is_prepared, onnx_path, prepared_onnx
from feedback_nlp.errors import EncoderError, did_you_mean
from feedback_nlp.plugins import find_plugin
from feedback_nlp.records import EncoderIdentity
from feedback_nlp.settings import Settings
from feedback_nlp.torch_models import quiet, torch_device


def load_encoder(settings: Settings) -> LoadedEncoder:
    """Return the encoder that ``settings.encoder`` names.

    Raises :class:`EncoderError` when its weights are missing or altered, or when the name is neither bundled, nor a
    plug-in, nor a folder, nor a model that can be loaded.
    """
    name = settings.encoder
    if name in BUNDLED:
        return LoadedEncoder(_bundled(name, settings))
    make = find_plugin("encoders", name)
    if make is not None:
        return LoadedEncoder(PluginBackend(name, make(settings), settings))
    return LoadedEncoder(_sentence_transformer(name, settings))


def load_tone_encoder(settings: Settings, encoder: LoadedEncoder) -> LoadedEncoder:
    """Return what makes the tones of texts: the encoder itself when it can, else the bundled multilingual one.

    The second costs a forward pass of its own. Raises :class:`EncoderError` as :func:`load_encoder` does.
    """
    if encoder.tone_key is not None:
        return encoder
    return load_encoder(_tone_settings(settings))


def prepare(settings: Settings) -> list[str]:
    """Build whatever the named encoder needs, so that the first run is fast; return what was done, one line each.

    So is the encoder that makes the tones for sentiment, where that is another one. Raises :class:`EncoderError` as
    :func:`load_encoder` does.
    """
    if settings.encoder not in BUNDLED:
        encoder = load_encoder(settings)
        encoder.encode(["a"])
        lines = [f"encoder {encoder.identity.name}: loaded, {encoder.dimensions} dimensions"]
    else:
        encoder, line = _prepared(settings)
        lines = [line]
    if encoder.tone_key is None and settings.sentiment != "off":
        lines.append(f"{_prepared(_tone_settings(settings))[1]}, for sentiment")
    return lines


def _prepared(settings: Settings) -> tuple[LoadedEncoder, str]:
    """Build what a bundled encoder needs; return it and what was done."""
    named = BUNDLED[settings.encoder]
    ready = is_prepared(named, settings)
    path = prepared_onnx(named, settings)
    encoder = load_encoder(settings)
    encoder.encode(["a"])
    return encoder, f"encoder {named.name}: {'already prepared' if ready else 'prepared'} in {path}"


def _tone_settings(settings: Settings) -> Settings:
    """Return the settings of the encoder that makes the tones for those that make none."""
    return replace(settings, encoder="multilingual", encoder_prefix="")


def encoder_status(settings: Settings) -> list[tuple[str, bool, str]]:
    """Return (what was checked, whether it is well, detail) for the named encoder and the bundled ones."""
    found = []
    for encoder in BUNDLED.values():
        try:
            encoder.weights.verified()
            encoder.tokenizer.verified()
        except EncoderError as error:
            found.append((f"encoder {encoder.name}", False, str(error)))
            continue
        where = onnx_path(encoder, settings)
        ready = f"prepared in {where}" if is_prepared(encoder, settings) else "weights found; prepared at first use"
        found.append((f"encoder {encoder.name}", True, f"{encoder.model}, {encoder.dimensions} dimensions, {ready}"))
    if settings.encoder not in BUNDLED:
        try:
            identity = load_encoder(settings).identity
            found.append((f"encoder {settings.encoder}", True, f"{identity.name}, {identity.dimensions} dimensions"))
        except EncoderError as error:
            found.append((f"encoder {settings.encoder}", False, str(error)))
    return found


class PluginBackend:
    """An encoder from another package. It may say ``identity``; otherwise its class and its vectors' length do."""

    def __init__(self, name: str, part: Any, settings: Settings) -> None:
        self._part = part
        self.identity = getattr(part, "identity", None) or EncoderIdentity(
            name=name,
            revision=str(getattr(part, "revision", "") or f"{type(part).__module__}.{type(part).__qualname__}"),
            weights_sha256=str(getattr(part, "weights_sha256", "")),
            dimensions=int(np.asarray(part.encode(["a"])).shape[1]),
            pooling="plug-in",
            prefix=settings.encoder_prefix,
        )

    def encode_distinct(self, texts: list[str], batch_size: int | None, advance: Callable[[int], Any]) -> np.ndarray:
        """Return the plug-in's vectors, shape (len(texts), d)."""
        vectors = np.asarray(self._part.encode([self.identity.prefix + text for text in texts]))
        advance(len(texts))
        return vectors

    def as_sentence_transformer(self) -> Any:
        """Return the plug-in itself, which has the same ``encode``."""
        return self._part


def _bundled(name: str, settings: Settings) -> Backend:
    device = torch_device(settings)
    if device == "cpu":
        from feedback_nlp.encoding.onnx_backend import OnnxBackend

        return OnnxBackend(BUNDLED[name], settings)
    from feedback_nlp.encoding.torch_backend import bundled_backend

    return bundled_backend(BUNDLED[name], settings, device)


def _sentence_transformer(name: str, settings: Settings) -> Backend:
    folder = Path(name).expanduser()
    if not folder.is_dir():
        _refuse_misspelling(name)
    from feedback_nlp.encoding.torch_backend import named_backend

    device = torch_device(settings)
    try:
        with quiet():
            return named_backend(str(folder) if folder.is_dir() else name, settings, device, offline=True)
    except Exception as error:  # the library raises many kinds, from OSError to its own
        if folder.is_dir():
            raise EncoderError(
                f"The folder {name!r} does not hold a sentence-transformers model that can be loaded "
                f"({type(error).__name__}). Give one that has modules.json, or one of: {', '.join(BUNDLED)}."
            ) from error
    if _hub_answers():
        print(f"Fetching the encoder {name!r} from the model hub (once).", file=sys.stderr, flush=True)
        try:
            return named_backend(name, settings, device, offline=False)
        except Exception as error:
            raise _unknown(name, f"the model hub did not give it ({type(error).__name__})") from error
    raise _unknown(name, "the model hub cannot be reached from here")


def _refuse_misspelling(name: str) -> None:
    """Raise at once for a name that is nearly a known one, rather than after looking for it on a hub."""
    known = [*BUNDLED, *(entry.name for entry in entry_points(group="feedback_nlp.encoders"))]
    hint = did_you_mean(name, known)
    if "/" not in name and hint.startswith(" Did you mean"):
        raise EncoderError(f"There is no encoder {name!r}.{hint}")


def _unknown(name: str, why: str) -> EncoderError:
    same = [encoder.name for encoder in BUNDLED.values() if name.casefold() in encoder.model.casefold()]
    advice = (
        f"The bundled encoder {same[0]!r} is that model: choose --encoder {same[0]}."
        if same
        else f"Bundled, and always there: {', '.join(BUNDLED)}. To use another, fetch it once where there is a network "
        "and give its folder."
    )
    return EncoderError(
        f"There is no encoder {name!r}: it is not bundled, not a plug-in, not a folder, not among the models fetched "
        f"before, and {why}. {advice}"
    )


def _hub_answers() -> bool:
    """Tell within three seconds whether the hub can be reached; its client alone would retry for a minute."""
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}:
        return False
    address = urlsplit(os.environ.get("HF_ENDPOINT") or "https://huggingface.co")
    if address.scheme in getproxies():
        return True  # only the proxy can tell
    try:
        socket.create_connection((address.hostname or "", address.port or 443), timeout=3).close()
    except OSError:
        return False
    return True
