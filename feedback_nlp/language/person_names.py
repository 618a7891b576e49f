"""Find names of people and street addresses with a small spaCy pipeline trained on made-up sentences.

How it was trained, what it finds and what not: ``models/person_names_card.md``. The pipeline (spaCy's transition-based
recogniser over hashed features, https://spacy.io/api/entityrecognizer) reads only the neighbourhoods of words that may
belong to a name (:mod:`.name_tokens`), so most of a text costs no more than looking its words up.

What the model says passes a few plain rules, which keep products, brands and places where they are. A name that was
found once is found again wherever the same feedback repeats it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from feedback_nlp.errors import InstallationError
from feedback_nlp.language.name_tokens import (
    BRAND,
    COMMON,
    CUE,
    GIVEN,
    PLACE,
    STREET,
    SURNAME,
    TITLE,
    Gazetteer,
    Token,
    make_doc,
    regions_of,
    tokens_of,
)
from feedback_nlp.resources import resource_path

PERSON, ADDRESS = "PERSON", "ADDRESS"
Span = tuple[int, int, str]

_MODEL = "models/person-names"
_LONGEST_PIECE = 20_000  # characters read at once; a piece ends at a line or a blank where there is one
_TEXTS_AT_ONCE = 512
_DOCS_AT_ONCE = 256
_LEARNT = frozenset({"en", "ro", "ru", "it", "ar", "pl", "und"})  # elsewhere only listed given names count
_NOT_INITIALS = frozenset({"ps", "рs", "пс", "те", "тк", "тд", "тп", "тр", "гр"})
_PARTICLE_WORDS = "van von der den de la del della di da do dos al el bin ben ibn lui ter y i e"
_PARTICLES = frozenset(_PARTICLE_WORDS.split())
_STREET_END = re.compile(
    r"(?:stra(?:ß|ss)e|str|weg|platz|gasse|allee|gatan|vägen|gade|vej|straat|laan|katu|tie|utca)$", re.I
)
_LETTERS = re.compile(r"[^\W\d_]")
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
                inside = _kept(entity.label_, region, entity.start, entity.end, languages[index] in _LEARNT)
                if not inside:
                    continue
                end = _word_end(piece, inside[-1].end)
                found[index].append((inside[0].start + offset, end + offset, entity.label_))
                if entity.label_ == PERSON:
                    names[index].update(token.word.folded for token in inside if _may_repeat(token))
            for inside in _listed_pairs(region):
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
            if token.word.folded in names and _may_repeat(token)
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


def _listed_pairs(region: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """Yield each given name and surname that the lists leave no doubt of, for where the model passed over them.

    The given name is no other word, and the next word is a surname, or on no list and written like one.
    """
    for index in range(len(region) - 1):
        given, last = region[index], region[index + 1]
        if GIVEN not in given.word.lists or _is_doubtful(given) or last.start != given.end + 1:
            continue
        if index and STREET in region[index - 1].word.lists:
            continue
        if _is_arabic(given.text):
            if SURNAME in last.word.lists and not _is_doubtful(last):
                yield region[index : index + 2]
        elif (
            _is_large(given) and _is_large(last) and (_is_name(last) or not last.word.lists) and not _is_doubtful(last)
        ):
            yield region[index : index + 2]


def _is_large(token: Token) -> bool:
    return len(token.text) > 2 and token.text[0].isupper() and token.text[1:].islower()


def _is_doubtful(token: Token) -> bool:
    return any(mark in token.word.lists for mark in (COMMON, PLACE, BRAND, TITLE, STREET))


def _kept(label: str, region: Sequence[Token], first: int, last: int, is_home: bool) -> Sequence[Token]:
    """Return the tokens of what the model took for a name or an address, or () where the rules do not allow it."""
    if label == ADDRESS:
        return _kept_address(region[first:last])
    if label != PERSON:
        return ()
    while first < last and (_is_title(region[first]) or not _is_word(region[first])):
        first += 1
    while first < last and not _is_word(region[last - 1]):
        last -= 1
    inside = region[first:last]
    words = [token for token in inside if _is_word(token)]
    if not words or any(token.text[0] in "<@#" for token in inside):
        return ()
    is_titled = first > 0 and _is_title(_before(region, first))
    if _is_arabic(words[0].text):
        is_cued = first > 0 and CUE in _before(region, first).word.lists
        sure = sum(_is_surely_name(token) for token in words)
        return inside if is_titled or sure > 1 or (is_cued and sure) else ()
    if any(any(letter.isdigit() for letter in token.text[1:-1]) and not token.text[-1].islower() for token in words):
        return ()
    small = [token for token in words if token.text[0].islower() and token.word.folded not in _PARTICLES]
    if small and not all(_is_surely_name(token) or (is_titled and _is_name(token)) for token in small):
        return ()
    if small and not is_titled and (len(words) == 1 or not any(GIVEN in token.word.lists for token in words)):
        return ()
    if len(words) == 1:
        return inside if _is_name_alone(words[0], is_titled, is_home) else ()
    return inside if is_titled or _are_names_together(words, is_home) else ()


def _is_name_alone(token: Token, is_titled: bool, is_home: bool) -> bool:
    """Whether one word may be a name by itself: a listed name that is no other word, or what a title announces."""
    lists = token.word.lists
    if is_titled:
        is_shouted = token.text.isupper() and len(token.text) < 5
        return not _says_no(lists) and len(token.text) > 2 and (bool(lists) or not is_shouted)
    if is_home and GIVEN in lists and _is_large(token):  # Grace and Felice too, where the model takes them for people
        return PLACE not in lists and BRAND not in lists
    return len(token.text) > 2 and not _is_doubtful(token) and (GIVEN in lists or (is_home and SURNAME in lists))


def _are_names_together(words: Sequence[Token], is_home: bool) -> bool:
    """Whether several words may be a name: one is on a list of given names or only of names, or two are initials."""
    if any(BRAND in token.word.lists and not _is_name(token) for token in words):
        return False
    if any(_is_surely_name(token) and (is_home or GIVEN in token.word.lists) for token in words):
        return True
    if is_home and any(GIVEN in token.word.lists and _is_large(token) for token in words):
        return True
    initials = "".join(token.word.folded for token in words if len(token.text) == 1)
    return len(initials) == 2 and initials not in _NOT_INITIALS and any(_is_large(token) for token in words)


def _kept_address(inside: Sequence[Token]) -> Sequence[Token]:
    """Return an address when it has a number, a name, and a word for a street or the look of a posted address."""
    numbers = [token for token in inside if token.text[0].isdigit()]
    named = [token for token in inside if _is_word(token) and STREET not in token.word.lists and len(token.text) > 2]
    large = [token for token in named if _is_large(token) and COMMON not in token.word.lists]
    has_street = any(
        (STREET in token.word.lists and len(token.text) > 1) or _STREET_END.search(token.text) for token in inside
    )
    looks_posted = bool(numbers and large) and inside[0] is numbers[0] and len(numbers) + len(large) > 2
    is_latin = not any("\u0400" <= token.text[0] <= "\u06ff" for token in inside)
    return inside if numbers and named and (has_street or (looks_posted and is_latin)) else ()


def _before(region: Sequence[Token], index: int) -> Token:
    token = region[index - 1]
    return region[index - 2] if token.text in ".:" and index > 1 else token


def _is_word(token: Token) -> bool:
    return bool(_LETTERS.search(token.text))


def _is_arabic(text: str) -> bool:
    return "\u0620" <= text[0] <= "\u06ff"


def _is_title(token: Token) -> bool:
    return TITLE in token.word.lists


def _is_name(token: Token) -> bool:
    return GIVEN in token.word.lists or SURNAME in token.word.lists


def _is_surely_name(token: Token) -> bool:
    return _is_name(token) and COMMON not in token.word.lists


def _says_no(lists: str) -> bool:
    """Whether a word is on a list of other things and on no list of names."""
    return bool(lists) and GIVEN not in lists and SURNAME not in lists


def _may_repeat(token: Token) -> bool:
    """Whether a word of a found name counts as that name elsewhere: written large or in Arabic, on no other list."""
    return not _is_doubtful(token) and len(token.text) > 2 and _is_word(token) and not token.text[0].islower()


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
