"""Find names of people and street addresses with a small spaCy pipeline trained on made-up sentences.

How it was trained, what it finds and what not: ``models/person_names_card.md``. The pipeline (spaCy's transition-based
recogniser over hashed features, https://spacy.io/api/entityrecognizer) reads only the neighbourhoods of words that may
belong to a name (:mod:`.name_tokens`), so most of a text costs no more than looking its words up.

What the model says passes a few plain rules (:mod:`.name_rules`), which keep products, brands and places where they
are. A name that was found once is found again wherever the same feedback repeats it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from feedback_nlp.errors import InstallationError
from feedback_nlp.language.redaction.name_rules import PERSON, kept, listed_names, may_repeat
from feedback_nlp.language.redaction.name_tokens import Gazetteer, Token, make_doc, regions_of, tokens_of
from feedback_nlp.resources import resource_path

Span = tuple[int, int, str]

_MODEL = "models/person-names"
_LONGEST_PIECE = 20_000  # characters read at once; a piece ends at a line or a blank where there is one
_TEXTS_AT_ONCE = 512
_DOCS_AT_ONCE = 256
_READ = re.compile(r"[A-Za-z\u00c0-\u024f\u0400-\u052f\u0620-\u06ff\u1e00-\u1eff]")  # the scripts that it learnt


class NameFinder:
    """Finds names and addresses with a loaded pipeline and its lists of words."""

    def __init__(self, nlp: Any, gazetteer: Gazetteer) -> None:
        self.nlp = nlp
        self.gazetteer = gazetteer

    @classmethod
    def from_disk(cls, folder: Path, gazetteer: Gazetteer | None = None) -> NameFinder:
        """Load a pipeline that ``models/train_person_names.py`` wrote; other lists may take the place of its own."""
        import spacy

        return cls(spacy.load(folder), gazetteer or Gazetteer.from_disk(folder / "gazetteer.json"))

    def find(self, texts: Sequence[str], languages: Sequence[str] = ()) -> list[list[Span]]:
        """Return the (start, end, kind) spans of each text, sorted, apart from each other.

        In languages that it did not learn it is stricter; without ``languages`` all texts count as English.
        """
        found: list[list[Span]] = []
        languages = languages or ["en"] * len(texts)
        for first in range(0, len(texts), _TEXTS_AT_ONCE):
            with self.nlp.memory_zone():
                found += self._find_some(
                    texts[first : first + _TEXTS_AT_ONCE], languages[first : first + _TEXTS_AT_ONCE]
                )
        return found

    def _find_some(self, texts: Sequence[str], languages: Sequence[str]) -> list[list[Span]]:
        places: list[tuple[int, int, str, list[Token]]] = []
        docs = []
        for index, text in enumerate(texts):
            for offset, piece in _pieces(text):
                tokens = tokens_of(piece, self.gazetteer)
                for first, last in regions_of(tokens):
                    region = tokens[first:last]
                    places.append((index, offset, piece, region))
                    docs.append(make_doc(self.nlp.vocab, piece, region))
        found: list[list[Span]] = [[] for _ in texts]
        listed: list[list[Span]] = [[] for _ in texts]
        names: list[set[str]] = [set() for _ in texts]
        ner = self.nlp.get_pipe("ner")
        for (index, offset, piece, region), doc in zip(places, ner.pipe(docs, batch_size=_DOCS_AT_ONCE), strict=True):
            for entity in doc.ents:
                inside = kept(entity.label_, region, entity.start, entity.end, languages[index])
                if not inside:
                    continue
                end = _word_end(piece, inside[-1].end)
                found[index].append((inside[0].start + offset, end + offset, entity.label_))
                if entity.label_ == PERSON:
                    names[index].update(token.word.folded for token in inside if may_repeat(token))
            for inside in listed_names(region, languages[index]):
                listed[index].append((inside[0].start + offset, inside[-1].end + offset, PERSON))
        return [
            self._with_repeats(text, _apart(_apart(spans), pairs), repeated)
            for text, spans, pairs, repeated in zip(texts, found, listed, names, strict=True)
        ]

    def _with_repeats(self, text: str, spans: list[Span], names: set[str]) -> list[Span]:
        """Return the spans and the other places where a word of a found name stands as a name would."""
        if not names:
            return spans
        more = [
            (token.start + offset, token.end + offset, PERSON)
            for offset, piece in _pieces(text)
            for token in tokens_of(piece, self.gazetteer)
            if token.word.folded in names and may_repeat(token)
        ]
        return _apart(spans, more)


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """Yield the text in pieces (offset, piece), cut at a line's end or a blank, nothing that has no letter it reads."""
    start = 0
    while start < len(text):
        end = start + _LONGEST_PIECE
        if end < len(text):
            middle = start + _LONGEST_PIECE // 2
            end = max(text.rfind("\n", middle, end), 0) or max(text.rfind(" ", middle, end), 0) or end
        piece = text[start:end]
        if _READ.search(piece):
            yield start, piece
        start = end


def _apart(spans: Sequence[Span], more: Sequence[Span] = ()) -> list[Span]:
    """Return the spans, and those of ``more`` that touch none of them, in order."""
    kept: list[Span] = []
    for span in sorted([*((*span, 0) for span in spans), *((*span, 1) for span in more)], key=lambda s: (s[0], s[3])):
        start, end, kind, is_more = span
        if kept and start < kept[-1][1]:
            if not is_more and end > kept[-1][1]:
                kept[-1] = (kept[-1][0], end, kept[-1][2])
            continue
        kept.append((start, end, kind))
    return kept


def _word_end(text: str, end: int) -> int:
    """Return where the word ends that a sign like "€" or "|" in place of a letter has cut in two."""
    while end + 1 < len(text) and text[end] in "€|$£@§!<>%+" and text[end + 1].isalpha() and text[end + 1].islower():
        end += 1
        while end < len(text) and text[end].isalnum():
            end += 1
    return end


@lru_cache(maxsize=1)
def _finder() -> NameFinder:
    return NameFinder.from_disk(resource_path(_MODEL))


def find_names_many(texts: Sequence[str], languages: Sequence[str]) -> list[list[Span]]:
    """Return for each text the (start, end, kind) spans of people's names and street addresses, sorted, apart.

    ``kind`` is "PERSON" or "ADDRESS"; offsets are in characters. Titles ("Mrs") stay outside. Placeholders such as
    ``<EMAIL_1>`` are never part of a name. ``languages`` are ISO 639-1 codes, one a text; the model is one for all
    languages and reads Latin, Cyrillic and Arabic letters. A text's result does not depend on the others.

    Raises ValueError when there is not one language a text, InstallationError when the model is not installed.
    """
    if len(texts) != len(languages):
        raise ValueError(f"{len(languages)} languages for {len(texts)} texts. Give one language a text.")
    return _finder().find(texts, languages) if texts else []


def person_names_status() -> str:
    """Return one line for ``doctor``: which model would find names. Raises InstallationError when there is none."""
    import json

    folder = resource_path(_MODEL)
    for name in ("meta.json", "gazetteer.json", "ner/model"):
        if not (folder / name).is_file():
            raise InstallationError(f"{_MODEL}/{name} is not part of this installation. Install feedback-nlp again.")
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    return f"{meta['lang']}_{meta['name']} {meta['version']}"
