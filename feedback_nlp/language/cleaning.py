"""Repair what a text went through before it came here, and reduce texts to keys that tell duplicates."""

from __future__ import annotations

import html
import re
import unicodedata

_BLOCK_TAGS = "address|article|blockquote|dd|div|dl|dt|h[1-6]|header|footer|hr|ol|p|pre|section|table|tbody|tr|ul"
_INLINE_TAGS = (
    "a|abbr|b|big|body|button|caption|center|cite|code|del|em|font|form|head|html|i|iframe|img|input|ins|kbd|label|"
    "li|link|mark|meta|nobr|o:p|option|q|s|samp|select|small|span|strike|strong|sub|sup|svg|td|textarea|th|tt|u|var|wbr"
)
# An attribute must have a value, so that "a <b and c> d" stays.
_ATTRIBUTES = r"(?:\s+[\w:-]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'<>]+))*\s*/?"
_UNSEEN = re.compile(r"<!--.*?-->|<(script|style|title)\b[^<>]*>.*?</\1\s*>|<!doctype[^<>]*>", re.I | re.S)
_ITEM = re.compile(rf"<li{_ATTRIBUTES}>", re.I)
_BREAK = re.compile(rf"</?(?:br|{_BLOCK_TAGS}){_ATTRIBUTES}>", re.I)
_TAG = re.compile(rf"</?(?:{_INLINE_TAGS}){_ATTRIBUTES}>", re.I)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});", re.I)

_PRINTABLE_ASCII = re.compile(r"[\n -~]*\Z")
_PRESENTATION_FORMS = re.compile(r"[\ufb50-\ufdff\ufe70-\ufefc]+")  # Arabic letters as a PDF draws them
_LOST_APOSTROPHE = re.compile(r"(?<=[^\W\d_])\ufffd+(?=(?:s|t|m|d|re|ve|ll)\b)", re.I)
_JOINER = re.compile(
    r"(?<![\u2190-\u2bff\ufe0f\U0001f000-\U0001faff])\u200d|\u200d(?![\u2190-\u2bff\U0001f000-\U0001faff])"
)
_SPACES = re.compile(r" {2,}")
_AROUND_BREAK = re.compile(r" *\n *")
_BREAKS = re.compile(r"\n{3,}")
_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_SAME_LETTER = re.compile(r"([^\W\d_])\1+")

_LETTERS_WITHOUT_MARKS = {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
_ARABIC_LETTERS = {"ٱ": "ا", "ى": "ي", "ی": "ي", "ې": "ي", "ة": "ه", "ۀ": "ه", "ہ": "ه", "ک": "ك", "ـ": ""}
_UNSEEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_APOSTROPHES = "'’‘ʼ`´"


class _CleanTable(dict[int, "str | int | None"]):
    """What becomes of each character in a cleaned text; learnt as characters are met."""

    def __missing__(self, code: int) -> str | int | None:
        character = chr(code)
        category = unicodedata.category(character)
        kept: str | int | None = code
        if category == "Zs" or character == "\t":
            kept = " "
        elif character == "\ufffd" or (category in _UNSEEN_CATEGORIES and character not in "\n\u200d"):
            kept = None
        self[code] = kept
        return kept


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
    """Whether this is a mark over a Latin, Greek, Cyrillic or Arabic letter, or an emoji's variation selector."""
    return (
        0x300 <= code <= 0x36F or 0x610 <= code <= 0x61A or 0x64B <= code <= 0x65F or code == 0x670
        or 0x6D6 <= code <= 0x6ED or 0xFE00 <= code <= 0xFE0F
    )  # fmt: skip


_CLEAN = _CleanTable()
_KEY = _KeyTable()


def clean_text(text: str) -> str:
    """Return the text as its writer saw it: mojibake repaired, HTML read, invisible characters gone.

    Letters are in NFC; emoji, case, punctuation and spelling stay. Line breaks stay too, at most two in a row;
    other runs of white space become one space. Cleaning a clean text changes nothing.
    """
    while True:
        cleaned = _clean_once(text)  # what one repair uncovers may need the next: mojibake of escaped HTML
        if cleaned == text:
            return text
        text = cleaned


def text_key(text: str) -> str:
    """Return what is left of a text when case, accents, punctuation, spacing and repeated letters are ignored.

    Two answers with equal keys count as the same answer. Romanian with and without diacritics, Arabic with and
    without hamza, vowel signs or tatweel, digits of any script, and "sooo good!!" and "so good" come out equal.
    Emoji and words in other scripts stay.
    """
    return _SAME_LETTER.sub(r"\1", fold(text))


def fold(text: str) -> str:
    """Return a text without case, accents, punctuation and extra spaces: what :func:`text_key` starts from."""
    folded = unicodedata.normalize("NFKD", text.casefold()).casefold()
    folded = unicodedata.normalize("NFC", folded.translate(_KEY))
    return " ".join(folded.split())


def _clean_once(text: str) -> str:
    if not _PRINTABLE_ASCII.match(text):
        text = _repair(text)
    if "<" in text or "&" in text:
        text = _repair(_read_html(text))
    text = _SPACES.sub(" ", text)
    if "\n" in text:
        text = _BREAKS.sub("\n\n", _AROUND_BREAK.sub("\n", text))
    return text.strip()


def _repair(text: str) -> str:
    """Undo wrong decodings, and drop or replace characters that nobody sees."""
    if not text.isascii():
        text = _fix_mojibake(text)
        text = _LOST_APOSTROPHE.sub("'", text)
        text = _PRESENTATION_FORMS.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
    text = _LINE_ENDS.sub("\n", text).translate(_CLEAN)
    if "\u200d" in text:
        text = _JOINER.sub("", text)
    return unicodedata.normalize("NFC", text)


def _fix_mojibake(text: str) -> str:
    from ftfy import TextFixerConfig, fix_text

    # Quotes and full-width letters are the writer's own; HTML is read here, where "<3" is known to be no tag.
    config = TextFixerConfig(unescape_html=False, uncurl_quotes=False, fix_character_width=False, explain=False)
    return fix_text(text, config)


def _read_html(text: str) -> str:
    """Turn tags into line breaks or nothing, and entities into characters."""
    if "<" in text:
        text = _UNSEEN.sub(" ", text)
        text = _ITEM.sub("\n- ", text)
        text = _BREAK.sub("\n", text)
        text = _TAG.sub("", text)
    if "&" in text:
        text = _ENTITY.sub(lambda match: html.unescape(match[0]), text)
    return text
