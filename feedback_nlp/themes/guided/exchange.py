"""A user's own codebook in and out: CSV, XLSX, JSON and REFI-QDA (.qdc).

CSV, XLSX and JSON hold everything; a .qdc file holds labels and definitions in one language (``qdc.py``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from feedback_nlp.errors import ReadError, UsageError, did_you_mean
from feedback_nlp.records import UNDETERMINED
from feedback_nlp.themes.codebook import Codebook
from feedback_nlp.themes.guided.codebook import GuidedCodebook, GuidedTheme, Phrases, id_for, theme_from_plain
from feedback_nlp.themes.guided.qdc import qdc_bytes, read_qdc
from feedback_nlp.themes.guided.tables import csv_bytes, read_csv, read_xlsx, xlsx_bytes
from feedback_nlp.whole_files import replacing

LARGEST = 20_000_000  # bytes
FORMAT = "feedback-nlp codebook"
VERSION = 1
POLES = Phrases._fields
SUFFIXES = (".csv", ".xlsx", ".json", ".qdc")


def read_codebook_file(path: Path) -> GuidedCodebook:
    """Return the codebook in a CSV, XLSX, JSON or QDC file; words without a language are of "und".

    Raises :class:`UsageError` for another suffix or no file, :class:`ReadError` with the line, cell or key otherwise.
    """
    suffix = _suffix(path)
    try:
        if path.stat().st_size > LARGEST:
            raise ReadError(f"{path.name!r} has {path.stat().st_size} bytes, a codebook at most {LARGEST}.")
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{str(path)!r} cannot be read ({error.strerror or type(error).__name__}). Check the path and the rights."
        ) from None
    readers = {".csv": read_csv, ".xlsx": read_xlsx, ".json": _read_json, ".qdc": read_qdc}
    return replace(readers[suffix](data, path.name), name=path.stem)


def write_codebook_file(guided: GuidedCodebook, path: Path, *, language: str = "en") -> None:
    """Write the codebook as the suffix says; ``language`` is the one that a .qdc file is written in.

    Raises :class:`UsageError` for another suffix or folder, :class:`FeedbackError` when the disk refuses; what was
    there stays until all is written.
    """
    suffix = _suffix(path)
    if not path.parent.is_dir() or path.is_dir():
        raise UsageError(f"{str(path)!r}: name a file in a folder that is there.")
    if suffix == ".qdc":
        data = qdc_bytes(guided, language)
    else:
        data = {".csv": csv_bytes, ".xlsx": xlsx_bytes, ".json": _json_bytes}[suffix](guided)
    with replacing(path) as part:
        part.write_bytes(data)


def _json_bytes(guided: GuidedCodebook) -> bytes:
    themes = [theme.plain() for theme in guided.themes]
    document = {"format": FORMAT, "version": VERSION, "name": guided.name, "themes": themes}
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "replace")


def as_guided(codebook: Codebook, *, language: str = UNDETERMINED) -> GuidedCodebook:
    """Return a codebook's themes as they can be written down: guided ones as they were, others with their keywords.

    ``language`` is that of the labels and definitions, the reading language of the discovery. Keywords become phrases
    without a pole. Retired themes are left out, facets are in.
    """
    written = {row["theme_id"]: theme_from_plain(row) for row in codebook.guided}
    live = [theme for theme in codebook.themes if theme.state != "retired"]
    ids = {theme.theme_id for theme in live}
    themes = []
    for theme in live:
        made = written.get(theme.theme_id) or GuidedTheme(
            theme.theme_id, {}, phrases={code: Phrases(neutral=tuple(words)) for code, words in theme.keywords.items()}
        )
        labels, definitions = dict(made.labels), dict(made.definitions)
        if theme.label not in labels.values():  # discovered, or renamed by a person
            labels[language] = theme.label or theme.theme_id
        if theme.definition and theme.definition not in definitions.values():
            definitions[language] = theme.definition
        parent = theme.parent_id if theme.parent_id in ids else None
        themes.append(replace(made, labels=labels, definitions=definitions, parent=parent))
    themes += [theme for theme in written.values() if theme.facet is not None]
    return GuidedCodebook("codebook", tuple(themes)).checked("The codebook")


def _suffix(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UsageError(
            f"{path.name!r} ends in {suffix!r}, which is no codebook format.{did_you_mean(suffix, SUFFIXES)}"
        )
    return suffix


def _read_json(data: bytes, source: str) -> GuidedCodebook:
    try:
        document = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ReadError(f"{source}: JSON is written in UTF-8. Save it so.") from None
    except json.JSONDecodeError as error:
        raise ReadError(f"{source}, line {error.lineno}, column {error.colno}: no JSON ({error.msg}).") from None
    except RecursionError:
        raise ReadError(f"{source}: nested too deep for a codebook.") from None
    if isinstance(document, dict):
        version = document.get("version", VERSION)
        if version != VERSION:
            raise ReadError(f"{source}: version {str(version)[:20]} of the format, this program reads {VERSION}.")
        document = document.get("themes")
    if not isinstance(document, list):
        raise ReadError(f"{source}: no list of themes. Write {{'themes': [...]}} or the list alone.")
    themes = tuple(_json_theme(row, f"{source}, themes[{i}]") for i, row in enumerate(document))
    return GuidedCodebook(source, themes).checked(source)


def _json_theme(row: Any, where: str) -> GuidedTheme:
    """Return a theme from JSON: as :meth:`GuidedTheme.plain` writes it, or short: a label, or label and phrases."""
    if isinstance(row, str):
        row = {"label": row}
    if not isinstance(row, dict):
        raise ReadError(f"{where}: neither a theme nor a label.")
    known = {field: field for field in GuidedTheme.__dataclass_fields__} | {
        "label": "labels",
        "definition": "definitions",
    }
    for key in row:
        if key not in known:
            raise ReadError(f"{where}: the key {key[:40]!r} means nothing here.{did_you_mean(key[:40], known)}")
    plain = {known[key]: value for key, value in row.items() if value is not None}
    labels = _words(plain.get("labels", {}), f"{where}.labels")
    phrases = _by_language(plain.get("phrases", {}), f"{where}.phrases")
    single = {
        key: _text(plain[key], f"{where}.{key}") for key in ("theme_id", "parent", "facet", "colour") if key in plain
    }
    return GuidedTheme(
        theme_id=single.get("theme_id") or id_for(next(iter(labels.values()), ""), single.get("parent")),
        labels=labels,
        definitions=_words(plain.get("definitions", {}), f"{where}.definitions"),
        parent=single.get("parent"),
        phrases={code: _poles(said, f"{where}.phrases.{code}") for code, said in phrases.items()},
        unlike={
            code: _texts(said, f"{where}.unlike.{code}")
            for code, said in _by_language(plain.get("unlike", {}), f"{where}.unlike").items()
        },
        facet=single.get("facet"),
        colour=single.get("colour"),
    )


def _by_language(value: Any, where: str) -> Mapping[str, Any]:
    """Return what is said by language; what is not an object by language is of none that is known."""
    if isinstance(value, dict) and not (value and value.keys() <= set(POLES)):
        for code in value:
            if not code or len(code) > 20:
                raise ReadError(
                    f"{where}: {code[:20]!r} is no language code. Write two or three letters, such as 'en'."
                )
        return value
    return {UNDETERMINED: value}


def _words(value: Any, where: str) -> dict[str, str]:
    return {code: _text(text, f"{where}.{code}") for code, text in _by_language(value, where).items()}


def _poles(value: Any, where: str) -> Phrases:
    if not isinstance(value, dict):
        return Phrases(neutral=_texts(value, where))
    for pole in value:
        if pole not in POLES:
            raise ReadError(f"{where}: {pole[:40]!r} is no pole.{did_you_mean(pole[:40], POLES)}")
    return Phrases(**{pole: _texts(said, f"{where}.{pole}") for pole, said in value.items()})


def _texts(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        value = [value]
    return tuple(_text(text, f"{where}[{i}]") for i, text in enumerate(value))


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise ReadError(f"{where}: a {type(value).__name__} where text belongs.")
    return value
