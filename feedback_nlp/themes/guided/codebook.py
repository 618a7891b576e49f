"""A guided codebook: themes that a person wrote down, with phrases in several languages; no labelled statements.

The phrases are what customers would say. ``guided.py`` makes them prototypes with thresholds.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from feedback_nlp.errors import ReadError, UsageError, did_you_mean
from feedback_nlp.records import stable_hash
from feedback_nlp.resources import resource_path

STARTER = "starter"
MOST_THEMES = 2_000  # of one file: a person's codebook is never so long, a wrong file often is
MOST_PHRASES = 50_000
LONGEST_PHRASE = 1_000  # characters
_THEME_ID = re.compile(r"[^\s\x00-\x1f\x7f]{1,80}")
_EMPTY: Mapping[str, Any] = MappingProxyType({})


class Phrases(NamedTuple):
    """What customers say about a theme in one language; ``neutral`` holds those written down without a pole."""

    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()
    neutral: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """Every phrase: negative, positive, neutral."""
        return self.negative + self.positive + self.neutral


@dataclass(frozen=True)
class GuidedTheme:
    """A theme as a person wrote it. Labels, definitions, phrases and ``unlike`` are by language code.

    ``unlike`` holds phrases that look like the theme and are not. With a ``facet`` it is no theme but a value of that
    facet, such as "support" of "journey_stage". ``parent`` is the id of a level-1 theme of the same codebook.
    A language that nobody named is "und".
    """

    theme_id: str
    labels: Mapping[str, str]
    definitions: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    parent: str | None = None
    phrases: Mapping[str, Phrases] = field(default_factory=lambda: _EMPTY)
    unlike: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _EMPTY)
    facet: str | None = None
    colour: str | None = None  # "#rrggbb", as other programs wrote it

    def label(self, language: str) -> str:
        """Return the label in ``language``, else in English, else in the first language that it has one in."""
        return in_language(self.labels, language) or self.theme_id

    def definition(self, language: str) -> str:
        """Return the definition in ``language``, else in English, else in the first; "" without one."""
        return in_language(self.definitions, language)

    def plain(self) -> dict[str, Any]:
        """Return it in plain JSON types, empty parts left out; :func:`theme_from_plain` reads it back."""
        row: dict[str, Any] = {"theme_id": self.theme_id, "labels": dict(self.labels)}
        if self.definitions:
            row["definitions"] = dict(self.definitions)
        if self.phrases:
            row["phrases"] = {
                code: {pole: list(said) for pole, said in phrases._asdict().items() if said}
                for code, phrases in self.phrases.items()
            }
        if self.unlike:
            row["unlike"] = {code: list(said) for code, said in self.unlike.items()}
        row |= {
            key: value
            for key, value in (("parent", self.parent), ("facet", self.facet), ("colour", self.colour))
            if value is not None
        }
        return row


@dataclass(frozen=True)
class GuidedCodebook:
    """Guided themes in the order in which they were written; ids are unique, parents are themes of level 1."""

    name: str
    themes: tuple[GuidedTheme, ...]

    @property
    def topics(self) -> tuple[GuidedTheme, ...]:
        """The themes proper, without the values of facets."""
        return tuple(theme for theme in self.themes if theme.facet is None)

    @property
    def facet_values(self) -> tuple[GuidedTheme, ...]:
        """The values of facets."""
        return tuple(theme for theme in self.themes if theme.facet is not None)

    @property
    def languages(self) -> tuple[str, ...]:
        """Every language that a phrase or a label is written in, sorted."""
        return tuple(sorted({code for theme in self.themes for part in (theme.labels, theme.phrases) for code in part}))

    def checked(self, source: str) -> GuidedCodebook:
        """Return it in tidy form: spaces trimmed, phrases written twice kept once.

        Raises :class:`ReadError`, naming ``source`` and the theme, when ids repeat, a label or parent is missing, or
        there is more than a codebook can hold.
        """
        if not self.themes:
            raise ReadError(f"{source} holds no theme. Write one theme a row, with a label.")
        if len(self.themes) > MOST_THEMES:
            raise ReadError(
                f"{source} holds {len(self.themes)} themes, a codebook at most {MOST_THEMES}. "
                "Is it the codebook, and not the coded answers?"
            )
        themes = tuple(_tidy(theme, source) for theme in self.themes)
        known: dict[str, GuidedTheme] = {}
        for theme in themes:
            if theme.theme_id in known:
                raise ReadError(f"{source}: two themes have the id {theme.theme_id!r}. Give each its own.")
            known[theme.theme_id] = theme
        for theme in themes:
            _check_parent(theme, known, source)
        n_phrases = sum(len(phrases.all) for theme in themes for phrases in theme.phrases.values())
        if n_phrases > MOST_PHRASES:
            raise ReadError(
                f"{source} holds {n_phrases} phrases, a codebook at most {MOST_PHRASES}. Keep the clearest."
            )
        return replace(self, themes=themes)


def load_guided(name: str) -> GuidedCodebook:
    """Return the codebook that ships as "starter", or the one in the file ``name`` (CSV, XLSX, JSON or QDC).

    Raises :class:`UsageError` when there is neither, :class:`ReadError` when the file is no codebook.
    """
    if name == STARTER:
        return _starter()
    from feedback_nlp.themes.guided.exchange import read_codebook_file

    if not Path(name).exists() and not Path(name).suffix:
        raise UsageError(
            f"guided = {name!r}: neither a codebook that ships nor a file.{did_you_mean(name, (STARTER,))}"
            " Give 'starter' or the path of a CSV, XLSX, JSON or QDC file."
        )
    return read_codebook_file(Path(name))


def _starter() -> GuidedCodebook:
    """Return the starter codebook: one file a language, put together by theme id in the order of the English one."""
    parts = {path.stem: _starter_part(path) for path in sorted(resource_path("data/starter").glob("*.json"))}
    order = ["en", *sorted(set(parts) - {"en"})]
    themes = [
        _joined(theme_id, {code: parts[code]["themes"][theme_id] for code in order}, None)
        for theme_id in parts["en"]["themes"]
    ]
    for facet, values in parts["en"]["facets"].items():
        themes += [
            _joined(value, {code: parts[code]["facets"][facet][value] for code in order}, facet) for value in values
        ]
    return GuidedCodebook(STARTER, tuple(themes)).checked("The starter codebook")


def _starter_part(path: Path) -> dict[str, Any]:
    part: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return part


def _joined(key: str, by_language: Mapping[str, Mapping[str, Any]], facet: str | None) -> GuidedTheme:
    return GuidedTheme(
        theme_id=key if facet is None else f"{facet}.{key}",
        labels={code: words["label"] for code, words in by_language.items()},
        definitions={code: words["definition"] for code, words in by_language.items() if "definition" in words},
        phrases={
            code: Phrases(
                tuple(words.get("positive", ())), tuple(words.get("negative", ())), tuple(words.get("phrases", ()))
            )
            for code, words in by_language.items()
        },
        unlike={code: tuple(words["unlike"]) for code, words in by_language.items() if "unlike" in words},
        facet=facet,
    )


def theme_from_plain(row: Mapping[str, Any]) -> GuidedTheme:
    """Return the theme that :meth:`GuidedTheme.plain` wrote."""
    return GuidedTheme(
        theme_id=row["theme_id"],
        labels=dict(row["labels"]),
        definitions=dict(row.get("definitions", {})),
        parent=row.get("parent"),
        phrases={
            code: Phrases(**{pole: tuple(said) for pole, said in poles.items()})
            for code, poles in row.get("phrases", {}).items()
        },
        unlike={code: tuple(said) for code, said in row.get("unlike", {}).items()},
        facet=row.get("facet"),
        colour=row.get("colour"),
    )


def in_language(words: Mapping[str, str], language: str) -> str:
    """Return the wording in ``language``, else in English, else the first that is not empty; "" without any."""
    return words.get(language) or words.get("en") or next((word for word in words.values() if word), "")


def id_for(label: str, parent: str | None = None) -> str:
    """Return the id of a theme that came without one: the same for the same label under the same parent."""
    folded = unicodedata.normalize("NFKC", label).casefold().strip()
    return f"g_{stable_hash(folded, parent or '', size=5)}"


def _tidy(theme: GuidedTheme, source: str) -> GuidedTheme:
    named = f"{source}, theme {theme.theme_id!r}"
    if not _THEME_ID.fullmatch(theme.theme_id):
        raise ReadError(f"{named}: an id is 1 to 80 characters without spaces. Choose a short word such as 'waits'.")
    labels = {code: " ".join(label.split()) for code, label in theme.labels.items() if label.strip()}
    if not labels:
        raise ReadError(f"{named} has no label. Write what the theme is called.")
    phrases = {code: Phrases(*(_once(said, named) for said in poles)) for code, poles in theme.phrases.items()}
    unlike = {code: _once(said, named) for code, said in theme.unlike.items()}
    return replace(
        theme,
        labels=labels,
        definitions={code: text.strip() for code, text in theme.definitions.items() if text.strip()},
        phrases={code: poles for code, poles in phrases.items() if poles.all},
        unlike={code: said for code, said in unlike.items() if said},
    )


def _once(said: Iterable[str], named: str) -> tuple[str, ...]:
    kept = dict.fromkeys(" ".join(phrase.split()) for phrase in said)
    for phrase in kept:
        if len(phrase) > LONGEST_PHRASE:
            raise ReadError(
                f"{named}: a phrase has {len(phrase)} characters, at most {LONGEST_PHRASE} are read. "
                "Write single statements, as customers say them."
            )
    kept.pop("", None)
    return tuple(kept)


def _check_parent(theme: GuidedTheme, known: Mapping[str, GuidedTheme], source: str) -> None:
    if theme.parent is None:
        return
    parent = known.get(theme.parent)
    if parent is None:
        raise ReadError(
            f"{source}, theme {theme.theme_id!r}: its parent {theme.parent!r} is no theme of the codebook."
            f"{did_you_mean(theme.parent, known)}"
        )
    if parent.parent is not None:
        raise ReadError(
            f"{source}, theme {theme.theme_id!r}: its parent {theme.parent!r} has a parent too. "
            "Themes have two levels: put it under the parent's own."
        )
    if parent.facet is not None or theme.facet is not None:
        raise ReadError(
            f"{source}, theme {theme.theme_id!r}: values of facets have no parents. Leave the parent empty."
        )
