"""Codebooks as files: a folder that tags anywhere, without the database and without what found the themes.

``codebook.json`` holds the themes and facts in plain words, ``codebook.safetensors`` the arrays. Each is checked when
it is read: the first carries a checksum of itself and of the second. No statement is in them: a theme's quotes are ids.
What a person wrote is: labels, definitions and the phrases of guided themes.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import numpy as np

from feedback_nlp.errors import ReadError, UsageError
from feedback_nlp.records import LABEL_SOURCES, THEME_SOURCES, Theme, ThemeState
from feedback_nlp.themes.codebook import Codebook

FORMAT = "feedback-nlp codebook"
SCHEMA = 1  # raised when what this program writes would mean something else to the one before
WORDS, ARRAYS = "codebook.json", "codebook.safetensors"


def save_codebook(codebook: Codebook, folder: Path) -> None:
    """Write a codebook into ``folder``, which is made when it is not there; one that it holds already is replaced.

    The same codebook gives the same bytes. Raises :class:`UsageError` when ``folder`` is a file or cannot be
    written.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; a codebook is written into a folder. Give another name.")
    packed = _packed(codebook)
    words = _words(codebook, packed)
    # The words name the arrays' checksum: written last, they never speak for arrays that are not there yet.
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace(folder / ARRAYS, packed)
        _replace(folder / WORDS, (json.dumps(words, ensure_ascii=False, indent=1) + "\n").encode("utf-8"))
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be written ({error.strerror}). Choose another folder, or free space."
        ) from None


def load_codebook_files(folder: Path) -> Codebook:
    """Return the codebook that :func:`save_codebook` wrote, ready to tag with.

    Raises :class:`ReadError` when a part is missing, damaged, or written by a newer version of the program.
    """
    words = _read_words(folder / WORDS)
    arrays = _read_arrays(folder / ARRAYS, words.get("arrays_sha256", ""))
    try:
        return Codebook.from_stored(
            encoder_key=words["encoder"],
            themes=[_theme(row) for row in words["themes"]],
            arrays=arrays,
            facts=words["facts"],
            version=words["version"],
            base_version=words["base_version"],
        )
    except ReadError as error:
        raise ReadError(f"{folder}: {error}") from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise ReadError(f"{folder}: this codebook does not fit together ({what}). Save it again.") from None


def checksum_of(codebook: Codebook) -> str:
    """Return the checksum that tells a codebook from any other one: that of its files."""
    return str(_words(codebook, _packed(codebook))["sha256"])


def _packed(codebook: Codebook) -> bytes:
    from safetensors.numpy import save

    packed: bytes = save({name: np.ascontiguousarray(array) for name, array in sorted(codebook.arrays().items())})
    return packed


def _words(codebook: Codebook, packed: bytes) -> dict[str, Any]:
    words = {
        "format": FORMAT,
        "schema": SCHEMA,
        "encoder": codebook.encoder_key,
        "version": codebook.version,
        "base_version": codebook.base_version,
        "facts": codebook.facts(),
        "themes": [_plain(theme) for theme in codebook.themes],
        "arrays_sha256": hashlib.sha256(packed).hexdigest(),
    }
    return words | {"sha256": _checksum(words)}


def _read_words(path: Path) -> dict[str, Any]:
    try:
        words = json.loads(_bytes(path))
    except ValueError:
        raise ReadError(
            f"{path} is damaged: it is no JSON. Copy the folder again, or save the codebook again."
        ) from None
    if not isinstance(words, dict) or words.get("format") != FORMAT:
        raise ReadError(f"{path} is no codebook of this program. Give the folder that a codebook was saved into.")
    schema = words.get("schema")
    if not isinstance(schema, int) or schema < 1:
        raise ReadError(f"{path} is damaged: schema {schema!r} is no number. Copy the folder again.")
    if schema > SCHEMA:
        raise ReadError(
            f"{path} has schema {schema}, this program reads schemas up to {SCHEMA}: a newer one wrote it. "
            "Update feedback-nlp."
        )
    if words.get("sha256") != _checksum({key: value for key, value in words.items() if key != "sha256"}):
        raise ReadError(
            f"{path} was changed after it was saved: its checksum does not fit. Copy the folder again; to change a "
            "theme, edit it in the database and save the codebook again."
        )
    return words


def _read_arrays(path: Path, wanted: str) -> dict[str, np.ndarray]:
    from safetensors.numpy import load

    packed = _bytes(path)
    if hashlib.sha256(packed).hexdigest() != wanted:
        raise ReadError(
            f"{path} is damaged or of another codebook: its checksum is not the one in {WORDS}. "
            "Copy both files again from where they were saved."
        )
    arrays: dict[str, np.ndarray] = load(packed)
    return arrays


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise ReadError(f"{path} is missing: a codebook is {WORDS} and {ARRAYS} in one folder.") from None
    except OSError as error:
        raise ReadError(f"{path} cannot be read ({error.strerror}). Check the folder and its permissions.") from None


def _plain(theme: Theme) -> dict[str, Any]:
    row = {name: getattr(theme, name) for name in _THEME_FIELDS}
    return row | {
        "keywords": {code: list(said) for code, said in theme.keywords.items()},
        "quote_ids": list(theme.quote_ids),
    }


def _theme(row: Mapping[str, Any]) -> Theme:
    theme = Theme(
        **{
            **{name: row[name] for name in _THEME_FIELDS if name in row},  # one added later has its default
            "keywords": {code: tuple(said) for code, said in row["keywords"].items()},
            "quote_ids": tuple(row["quote_ids"]),
        }
    )
    known = (theme.state in get_args(ThemeState), theme.source in THEME_SOURCES, theme.label_source in LABEL_SOURCES)
    if not all(known) or theme.level not in (1, 2):
        raise ValueError(f"theme {theme.theme_id!r} has a state, source or level that does not exist")
    return theme


_THEME_FIELDS = tuple(field.name for field in fields(Theme))


def _checksum(words: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the words however the file is laid out."""
    said = json.dumps(words, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


def _replace(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
