"""Repair what a text went through before it came here, and reduce texts to keys that tell duplicates."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import cached_property

from feedback_nlp.language.cleaning.characters import cut_piled_marks, has_piled_marks, mend_characters
from feedback_nlp.language.cleaning.markdown import read_markdown
from feedback_nlp.language.cleaning.markup import read_html
from feedback_nlp.language.cleaning.offsets import Draft, Origins, Span

_SPACES = re.compile(r" {2,}")
_AROUND_BREAK = re.compile(r" *+\n *+")
_BREAKS = re.compile(r"\n{3,}")
_ENDS = re.compile(r"\A[ \n]+|[ \n]+\Z")
_SAME_LETTER = re.compile(r"([^\W\d_])\1+")
_MANY_PASSES = 10
_NO_MARKUP = dict.fromkeys(map(ord, "<>&[]*_`~#|"), " ")

_LETTERS_WITHOUT_MARKS = {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
# Letters of Persian, Urdu and the Quran that stand for an Arabic one, by habit or by keyboard; tatweel is no letter.
_ARABIC_LETTERS = (
    dict.fromkeys("ٱٲٳ", "ا") | dict.fromkeys("ىیېۍؠ", "ي") | dict.fromkeys("ةۀہۂۃھە", "ه") | dict.fromkeys("کڪ", "ك")
    | {"ـ": ""}
)  # fmt: skip
_APOSTROPHES = "'’‘‛ʼʻʹ′`׳"


class _KeyTable(dict[int, "str | int | None"]):
    """What becomes of each character in a key, after NFKD and casefolding."""

    def __missing__(self, code: int) -> str | int | None:
        character = chr(code)
        category = unicodedata.category(character)
        kept: str | int | None = code
        if character in _LETTERS_WITHOUT_MARKS:
            kept = _LETTERS_WITHOUT_MARKS[character]
        elif character in _ARABIC_LETTERS:
            kept = _ARABIC_LETTERS[character]
        elif category == "Nd":
            kept = str(unicodedata.decimal(character))
        elif character in _APOSTROPHES or category in ("Cf", "Me", "Sk") or _is_folded_mark(code):
            kept = None
        elif category[0] in "PZC" or category == "Sm":
            kept = " "
        self[code] = kept
        return kept


def _is_folded_mark(code: int) -> bool:
    """Whether this is a mark over a Latin, Greek, Cyrillic, Hebrew or Arabic letter, or a variation selector."""
    return (
        0x300 <= code <= 0x36F or 0x591 <= code <= 0x5C7 or 0x610 <= code <= 0x61A or 0x64B <= code <= 0x65F
        or code == 0x670 or 0x6D6 <= code <= 0x6ED or 0x8CA <= code <= 0x8FF or 0xFE00 <= code <= 0xFE0F
        or 0xE0100 <= code <= 0xE01EF
    )  # fmt: skip


_KEY = _KeyTable()


@dataclass(frozen=True)
class Cleaned:
    """A cleaned text that knows where each piece of it stood in the original."""

    text: str
    original: str = field(repr=False)

    @cached_property
    def origins(self) -> Origins:
        """The way back to the original, found when it is first asked for, in a time linear in the text."""
        draft = Draft(self.original, remember=True)
        _clean(draft)
        return Origins(draft.steps or ())

    def origin(self, start: int, end: int) -> Span:
        """Return the smallest span of the original that made text[start:end]: a start and an end, in characters.

        What was not changed maps exactly; a letter put together from several characters, or a text shown for an
        HTML entity, maps to all of them. An empty span gives one.
        """
        if not 0 <= start <= end <= len(self.text):
            raise ValueError(
                f"span {start}:{end} of {len(self.text)} characters: needs 0 <= start <= end <= length; clip it"
            )
        if self.text == self.original:
            return start, end
        if start < end:
            return self.origins.origin(start, end)
        if start < len(self.text):
            at = self.origins.origin(start, start + 1)[0]
        else:
            at = self.origins.origin(start - 1, start)[1] if start else 0
        return at, at


def clean_text(text: str) -> str:
    """Return the text as its writer saw it: mojibake repaired, HTML and Markdown read, invisible characters gone.

    Letters are in NFC; emoji, case, punctuation and spelling stay. Line breaks stay too, at most two in a row;
    other runs of white space become one space. Quotes (">"), fenced code and bullets stay. Cleaning a clean text
    changes nothing, and the time is linear in the length whatever the text.
    """
    draft = Draft(text)
    _clean(draft)
    return draft.text


def clean_with_map(text: str) -> Cleaned:
    """Return the cleaned text, the same as :func:`clean_text` gives, with the way back to the original."""
    return Cleaned(clean_text(text), text)


def text_key(text: str) -> str:
    """Return what is left of a text when case, accents, punctuation, spacing and repeated letters are ignored.

    Two answers with equal keys count as the same answer. Romanian with and without diacritics, Arabic with and
    without hamza, vowel signs or tatweel, digits of any script, and "sooo good!!" and "so good" come out equal.
    Emoji and words in other scripts stay.
    """
    return _SAME_LETTER.sub(r"\1", fold(text))


def fold(text: str) -> str:
    """Return a text without case, accents, punctuation and extra spaces: what :func:`text_key` starts from."""
    if text.isascii():
        return " ".join(text.lower().translate(_KEY).split())
    if has_piled_marks(text):  # sorting a heap of marks would take a time quadratic in its height
        draft = Draft(text)
        cut_piled_marks(draft)
        text = draft.text
    # NFKD would make a space of the acute accent in "don´t".
    folded = unicodedata.normalize("NFKD", text.replace("´", "'").casefold()).casefold()
    folded = unicodedata.normalize("NFC", folded.translate(_KEY))
    return " ".join(folded.split())


def _clean(draft: Draft) -> None:
    """Clean until nothing changes: what one step uncovers may need another, as mojibake of escaped HTML does."""
    passes = 0
    while True:
        _tidy_space(draft)
        tidied = draft.text
        mend_characters(draft)
        if "<" in draft.text or "&" in draft.text:
            read_html(draft)
        read_markdown(draft)
        if draft.text == tidied:
            return
        passes += 1
        if passes == _MANY_PASSES:  # nobody nests this deep but to make cleaning slow
            draft.translate(_NO_MARKUP)


def _tidy_space(draft: Draft) -> None:
    text = draft.text
    if "  " in text:
        draft.sub(_SPACES, " ")
    if "\n" in text:
        draft.sub(_AROUND_BREAK, "\n")
        draft.sub(_BREAKS, "\n\n")
    if text.startswith((" ", "\n")) or text.endswith((" ", "\n")):
        draft.sub(_ENDS, "")
