"""Mend the characters of a text: wrong decodings, what nobody sees, marks piled up, ways to write one letter."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

from feedback_nlp.language.cleaning.offsets import Draft, Edit

_CAPITALS = "".join(filter(str.isupper, map(chr, range(0x100, 0x180))))
# Every sign of mojibake that ftfy.badness knows holds one of these characters, and is one of these cases: an
# undecoded byte, a lonely ligature, a capital A with a hat before a space, or two such characters in a row. Ordinary
# text of most languages has none, and finding that out costs a tenth of asking ftfy.
_SUSPECT = re.compile(
    rf"[\x80-\x9f\xa1-\xac\xae-\xde\xf7{_CAPITALS}œƒˆˇ˘˛˜˝΄΅ЂҐ\u2018\u201a-\u2025\u2027-\u25ca\uf8ff\ufffd]"
    r"(?:(?<=[\x80-\x9f])|(?<=[Œœ])(?![A-Za-z])|(?<=[ÂÃ])(?= )"
    r"|(?<=[\x80-\u052f\u2010-\u25ca\uf8ff\ufb01\ufb02\ufffd][\x80-\uffff])"
    r"|(?=[\x80-\u052f\u2010-\u25ca\uf8ff\ufb01\ufb02\ufffd]))"
)

_ESCAPE_CODE = re.compile(r"\x1b\[[\d;]*[a-zA-Z]")
_SURROGATES = re.compile(r"[\ud800-\udbff][\udc00-\udfff]")
_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\u2028\u2029]")
_LOST_APOSTROPHE = re.compile(r"(?<=[^\W\d_])\ufffd+(?=(?:s|t|m|d|re|ve|ll)\b)", re.I)
# Letters as a PDF draws them, joined letters, letters in a fancy style made of mathematical symbols, and characters
# that print and yet show nothing.
_RARE = re.compile(
    r"[\u0132\u0133\u0149\u01c4-\u01cc\u01f1-\u01f3\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\ufb00-\ufdff"
    r"\ufe00-\ufe0f\ufe70-\ufefc\uffa0\ufffc\ufffd\U0001d400-\U0001d7ff]"
)
_DRAWN_LETTERS = re.compile(
    r"[\u0132\u0133\u0149\u01c4-\u01cc\u01f1-\u01f3\ufb00-\ufb06\ufb50-\ufdff\ufe70-\ufefc\U0001d400-\U0001d7ff]+"
)
_EMOJI = "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
_LONE_SELECTOR = re.compile(rf"(?<![{_EMOJI}])(?:(?<![0-9#*])[\ufe0e\ufe0f]|(?<=[0-9#*])[\ufe0e\ufe0f](?!\u20e3))")
# A joiner means something between emoji, and after a virama before a letter. A non-joiner does between Indic letters,
# and between Arabic ones where the first would else join the second: Persian and Urdu are misspelt without it.
_UNJOINING = "ءآأؤإاةدذرزوٱڈ-ڙۀۃ-ۋۍےۓەۮۯ"
_JOINER = re.compile(
    r"\u200d(?<![\u2190-\u2bff\ufe0f\U0001f000-\U0001faff]\u200d)(?<![\u0900-\u0dff]\u200d)"
    r"|(?<=[\u2190-\u2bff\ufe0f\U0001f000-\U0001faff])\u200d(?![\u2190-\u2bff\U0001f000-\U0001faff])"
    r"|(?<=[\u0900-\u0dff])\u200d(?![\u0900-\u0dff])"
    rf"|\u200c(?<![\u0620-\u065f\u066e-\u06ef\u0900-\u0dff]\u200c)|(?<=[{_UNJOINING}])\u200c"
    r"|\u200c(?![\u0620-\u065f\u066e-\u06ef\u0900-\u0dff])"
)
_TAGS = re.compile(r"(?<!\U0001f3f4)(?<![\U000e0020-\U000e007e])[\U000e0020-\U000e007f]+")
_OVER_AND_UNDER = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_PILED = re.compile(rf"(?P<kept>[{_OVER_AND_UNDER}]{{4}})[{_OVER_AND_UNDER}]+")
_KEPT_UNSEEN = frozenset(
    "\n\u200c\u200d\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f" + "".join(map(chr, range(0xE0020, 0xE0080)))
)
_BULLETS_AND_FACES = {0xF0A7: "•", 0xF0B7: "•", 0xF0D8: "•", 0xF04A: "🙂", 0xF04B: "😐", 0xF04C: "🙁"}  # Wingdings
_BLANKS = frozenset("\t\u115f\u1160\u2800\u3164\uffa0")


class _CleanTable(dict[int, "str | int | None"]):
    """What becomes of each character in a cleaned text; learnt as characters are met."""

    def __missing__(self, code: int) -> str | int | None:
        character = chr(code)
        category = unicodedata.category(character)
        kept: str | int | None = code
        if category == "Zs" or character in _BLANKS:
            kept = " "
        elif 0x80 <= code <= 0x9F:  # as every browser reads them
            kept = bytes([code]).decode("cp1252", "ignore") or None
        elif code in _BULLETS_AND_FACES:
            kept = _BULLETS_AND_FACES[code]
        elif character in "\ufffc\ufffd\u034f\u17b4\u17b5" or (
            category in ("Cc", "Cf", "Cs", "Co", "Cn") and character not in _KEPT_UNSEEN
        ):
            kept = None
        self[code] = kept
        return kept


_CLEAN = _CleanTable()


def mend_characters(draft: Draft) -> None:
    """Undo wrong decodings, and drop or replace the characters that nobody sees; letters come out in NFC."""
    text = draft.text
    unseen = not (text.replace("\n", " ") if "\n" in text else text).isprintable()
    if text.isascii():
        if unseen:
            _drop_unseen(draft)
        return
    if has_piled_marks(text):
        cut_piled_marks(draft)
    if _SUSPECT.search(draft.text):
        _mend_decoding(draft)
        unseen = unseen or draft.text != text  # mending may uncover anything
    if unseen or _RARE.search(draft.text):
        if "\ufffd" in draft.text:
            draft.sub(_LOST_APOSTROPHE, "'")
        draft.sub(_DRAWN_LETTERS, lambda match: unicodedata.normalize("NFKC", match[0]))
        _drop_unseen(draft)
        draft.sub(_LONE_SELECTOR, "")
    draft.compose()


def has_piled_marks(text: str) -> bool:
    """Whether so many marks stand on one letter that some may have to go."""
    return _marks()[0].search(text) is not None


def cut_piled_marks(draft: Draft) -> None:
    """Leave at most four marks of the kind that any letter takes, and eight of whatever kind, on one letter.

    Vowel signs of Arabic, Hebrew, Indic and Thai stay: no spelling needs eight. It has to come before any
    normalisation, which sorts marks in quadratic time.
    """
    draft.keep_group(_PILED)
    draft.keep_group(_marks()[1])


@cache
def _marks() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return a quick sign of five marks in a row, and what more than eight are; learnt from Unicode's categories."""
    marks = [code for code in (*range(0x300, 0x20000), *range(0xE0100, 0xE01F0)) if _is_mark(code)]
    starts = [code for code in marks if not _is_mark(code - 1)]
    ends = [code for code in marks if not _is_mark(code + 1)]
    ranges = list(zip(starts, ends, strict=True))
    group = "".join(f"{chr(start)}-{chr(end)}" for start, end in ranges)
    # Beyond the first plane the sign takes all for marks but emoji: a long list of ranges is slow to look through.
    quick = "".join(f"{chr(start)}-{chr(end)}" for start, end in ranges if end < 0x10000)
    quick += f"{chr(0x10000)}-{chr(0x1EFFF)}{chr(0xE0100)}-{chr(0xE01EF)}"
    return re.compile(f"[{quick}](?=[{quick}]{{4}})"), re.compile(f"(?P<kept>[{group}]{{8}})[{group}]+")


def _is_mark(code: int) -> bool:
    return unicodedata.category(chr(code))[0] == "M"


def _drop_unseen(draft: Draft) -> None:
    text = draft.text
    if "\x1b" in text:
        draft.sub(_ESCAPE_CODE, "")
    if not text.isascii():
        draft.sub(_SURROGATES, lambda match: match[0].encode("utf-16", "surrogatepass").decode("utf-16"))
    draft.sub(_LINE_ENDS, "\n")
    draft.translate(_CLEAN)
    if not text.isascii():
        draft.sub(_JOINER, "")
        draft.sub(_TAGS, "")


def _mend_decoding(draft: Draft) -> None:
    from ftfy import fix_encoding
    from ftfy.badness import is_bad

    def edits() -> Iterator[Edit]:
        start = 0
        for line in draft.text.split("\n"):  # each line may have come from elsewhere
            if _SUSPECT.search(line) and is_bad(line):
                mended = fix_encoding(line)
                if mended != line:
                    yield from draft.mend(start, start + len(line), mended)
            start += len(line) + 1

    draft.edit(edits())
