"""Which encoding and which delimiter a text file has: found from its bytes, and said."""

from __future__ import annotations

import codecs
import contextlib
import csv
import gzip
import io
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from feedback_nlp.errors import UsageError

# An undecodable byte becomes this lone surrogate, so that one bad row can be rejected and the rest kept.
UNDECODABLE = "\udcff"
ERROR_HANDLER = "feedback_nlp.mark"
DELIMITERS = (",", ";", "\t", "|")
DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}

_LEGACY = ("cp1252", "cp1250", "iso8859_2", "cp1251", "koi8_r", "cp1256")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# The first bytes of what is often sent under a wrong name, and what to do about it.
_KNOWN_BYTES = (
    (b"PK\x03\x04", "a workbook or a zip archive", "If Excel wrote it, name it .xlsx; else unpack it"),
    (b"\xd0\xcf\x11\xe0", "an Office file of before 2007", "Open it and save it as .xlsx"),
    (b"PAR1\x15", "a Parquet file", "Name it .parquet"),
    (b"\x1f\x8b", "compressed by gzip", "Add .gz to its name"),
    (b"SQLite format 3\0", "a SQLite database", "Export the table of answers as .csv"),
    (b"%PDF", "a PDF document", "Export the answers as .csv"),
    (b"{\\rtf", "a formatted document", "Save it as plain text"),
    (b"\x89PNG", "a picture", "Export the answers as .csv"),
    (b"\xff\xd8\xff", "a picture", "Export the answers as .csv"),
    (b"GIF8", "a picture", "Export the answers as .csv"),
)
_PLAIN = bytes((0, *b"\t\n\r", *range(32, 127)))
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\r\f\v\x1a\x1b\x1f")
# Codecs of Python that write escapes or host names: no program saves a file in them.
_NO_FILE_ENCODINGS = frozenset(
    {
        "idna",
        "punycode",
        "unicode_escape",
        "raw_unicode_escape",
        "raw-unicode-escape",
        "unicode-escape",
        "utf-7",
        "utf_7",
        "undefined",
    }
)
_CHUNK = 1 << 20
_SAMPLE_BYTES = 1 << 18
# Letters and signs that writing in Latin letters really uses: the code pages differ in where these lie. The first
# are those of Romanian, Polish and Italian, the second those of their neighbours, which decide when the first do not.
_LATIN = frozenset("ăâîșțşţąćęłńóśźżàèéìòù„”“’‘«»–—…€°©®™×½´· \xa0")
_LATIN_NEIGHBOURS = frozenset("çêôûëïœáíúñäöüß")
_CYRILLIC_COMMON = frozenset("оеаинтсрвлкмдпу")
_ARABIC_COMMON = frozenset("اليمنورتبةعدسفهكقحجأ")

codecs.register_error(ERROR_HANDLER, lambda error: (UNDECODABLE, cast(UnicodeDecodeError, error).end))


def open_bytes(path: Path) -> BinaryIO:
    """Open ``path`` for reading bytes, through gzip when its name ends in .gz."""
    return cast(BinaryIO, gzip.open(path, "rb")) if path.suffix.lower() == ".gz" else path.open("rb")


def open_text(path: Path, encoding: str) -> io.TextIOWrapper:
    """Open ``path`` as text; undecodable bytes become :data:`UNDECODABLE`, line ends are kept as they are."""
    return io.TextIOWrapper(open_bytes(path), encoding=encoding, errors=ERROR_HANDLER, newline="")


def checked_encoding(name: str) -> str:
    """Return Python's name of a text encoding; raises :class:`UsageError` for one that it does not know."""
    try:
        "".encode(name)
        found = codecs.lookup(name).name
        if found in _NO_FILE_ENCODINGS:
            raise LookupError(name)
        return found
    except (LookupError, UnicodeError, ValueError):
        known = ("utf-8", "utf-16", *(codec.replace("_", "-") for codec in _LEGACY))
        raise UsageError(
            f"--encoding {name!r} is not a text encoding. Usual ones: {', '.join(known)}; leave it out to detect it."
        ) from None


def checked_delimiter(name: str) -> str:
    """Return the one character that ``name`` stands for: itself, or "tab"; raises :class:`UsageError` otherwise."""
    words = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "bar": "|"}
    delimiter = words.get(name.strip().lower(), name)
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise UsageError(
            f"--delimiter {name!r} is not one character. Give a single one such as ';', or the word 'tab'."
        )
    return delimiter


def detect_encoding(path: Path) -> tuple[str, str]:
    """Return the encoding of ``path`` and a line that says how it was found.

    A byte order mark decides; then strict UTF-8; then UTF-8 with a few damaged bytes (their rows are rejected
    later); then charset-normalizer among cp1250, cp1251, cp1252, cp1256, ISO-8859-2 and KOI8-R.
    """
    with open_bytes(path) as handle:
        head = handle.read(1 << 14)
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding, f"Encoding: {encoding.removesuffix('-sig').upper()}, by its byte order mark."
    wide = _unmarked_utf16(head)
    if wide:
        return wide, f"Encoding: {wide.upper()} without a byte order mark, by its zero bytes."
    good, bad = _count_utf8(path)
    if bad == 0:
        return "utf-8", "Encoding: UTF-8."
    sample = _telling_lines(path)
    encoding = "utf-8" if good >= bad else _legacy_encoding(sample)
    if encoding == "utf-8" or _plausibility(sample, encoding) < 0.5:
        return "utf-8", f"Encoding: UTF-8 with {bad} undecodable byte sequences; their rows are rejected."
    return encoding, f"Encoding: {encoding.replace('_', '-')}, guessed from the letters. --encoding overrides it."


def not_text(path: Path) -> tuple[str, str] | None:
    """Return what ``path`` holds instead of text and what to do about it, or None when it may be text."""
    with open_bytes(path) as handle:
        head = handle.read(1 << 14)
    known = _known_kind(head)
    if known is not None:
        return known
    if head.startswith(tuple(mark for mark, _ in _BOMS)) or _unmarked_utf16(head):
        return None
    controls = len(head) - len(head.translate(None, _CONTROLS))
    return ("binary data", "Export the answers as .csv") if controls > len(head) // 20 else None


def not_typed(path: Path, signs: tuple[bytes, ...]) -> tuple[str, str] | None:
    """Return what ``path`` holds when it begins with none of ``signs``, or None when nothing is known about it."""
    with path.open("rb") as handle:
        head = handle.read(1 << 14)
    if head.startswith(signs):
        return None
    known = _known_kind(head)
    if known is None and not_text(path) is None:
        return "plain text", "Name it .csv, or .jsonl if every line is an object"
    return known


def _known_kind(head: bytes) -> tuple[str, str] | None:
    for first, what, remedy in _KNOWN_BYTES:
        if head.startswith(first):
            return what, remedy
    start = head[:1000].removeprefix(codecs.BOM_UTF8).lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "a web page", "Open it in Excel and save it as .xlsx"
    return ("an XML document", "Export the answers as .csv") if start.startswith(b"<?xml") else None


def _unmarked_utf16(head: bytes) -> str | None:
    even, odd = head[0::2].count(0), head[1::2].count(0)
    zeros = even + odd
    if len(head) < 4 or zeros < max(2, len(head) // 50):
        return None
    if zeros < len(head) // 3 and not head.translate(None, _PLAIN):
        return None  # plain letters with some damage between them: every other byte of UTF-16 would be none of these
    if odd > 20 * even:
        return "utf-16-le"
    return "utf-16-be" if even > 20 * odd else None


def _count_utf8(path: Path) -> tuple[int, int]:
    """Count the characters above ASCII that UTF-8 reads, and the sequences that it cannot; stops when hopeless."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors=ERROR_HANDLER)
    good = bad = 0
    with open_bytes(path) as handle:
        while True:
            chunk = handle.read(_CHUNK)
            text = decoder.decode(chunk, final=not chunk)
            if not text.isascii():
                broken = text.count(UNDECODABLE)
                bad += broken
                good += len(text) - len(text.encode("ascii", "ignore")) - broken
            if not chunk or (bad > 1000 and bad > good):
                return good, bad


def _telling_lines(path: Path) -> bytes:
    """Return the first lines that hold a byte above ASCII: only these can tell one code page from another."""
    lines: list[bytes] = []
    size = 0
    with open_bytes(path) as handle:
        while line := handle.readline(_CHUNK):  # a file of a single line is not read whole
            if not line.isascii():
                lines.append(line)
                size += len(line)
                if size >= _SAMPLE_BYTES:
                    break
    return b"".join(lines)[:_SAMPLE_BYTES]


def _legacy_encoding(sample: bytes) -> str:
    from charset_normalizer import from_bytes

    accepted = {match.encoding for match in from_bytes(sample, cp_isolation=list(_LEGACY))}

    # charset-normalizer leaves neighbouring code pages level (Italian reads as well-formed cp1250), so the letters
    # of the languages that this program is for have the first word, and its verdict has the second.
    def rank(name: str) -> tuple[float, int]:
        return _plausibility(sample, name) + 0.1 * (name in accepted), -_LEGACY.index(name)

    return max(_LEGACY, key=rank)


def _plausibility(sample: bytes, encoding: str) -> float:
    """Share (0..1) of the characters above ASCII that real writing in one script uses."""
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError:
        text = sample.decode(encoding, errors="ignore")
    letters = Counter(char for char in text if not char.isascii())
    total = sum(letters.values()) or 1
    latin: float = sum(n for char, n in letters.items() if char.lower() in _LATIN)
    latin += 0.9 * sum(n for char, n in letters.items() if char.lower() in _LATIN_NEIGHBOURS)
    cyrillic = sum(n for char, n in letters.items() if char in _CYRILLIC_COMMON)
    arabic = sum(n for char, n in letters.items() if char in _ARABIC_COMMON)
    # The common letters make up some four fifths of a script, and no word mixes it with a-z.
    mixed = len(re.findall(r"[A-Za-z][^\x00-\x9f]|[^\x00-\x9f][A-Za-z]", text))
    other_script = min(1.0, 1.3 * max(cyrillic, arabic) / total) - mixed / total
    return max(latin / total, other_script if total >= 3 else 0.0)  # one stray byte is a letter in any code page


def sniff_delimiter(sample: list[str], preferred: str | None = None) -> str | None:
    """Return the delimiter that splits the header and the following lines alike, or None for a single column.

    ``sample`` holds physical lines with their ends; ``preferred`` wins when the file's suffix promises it and the
    header holds it. A character that the header lacks is never a delimiter: it is part of somebody's sentence.
    """
    scores: list[tuple[float, int, int, str]] = []
    for rank, delimiter in enumerate(DELIMITERS):
        counts = [len(record) for record in _lenient(sample, delimiter) if record]
        if not counts or counts[0] < 2:
            continue
        if delimiter == preferred:
            return delimiter
        agreeing = sum(count == counts[0] for count in counts[1:]) / max(1, len(counts) - 1)
        scores.append((round(agreeing, 1), counts[0], -rank, delimiter))
    return max(scores)[3] if scores else None


def _lenient(sample: list[str], delimiter: str) -> Iterator[list[str]]:
    """Yield the records of ``sample``; the last one may be cut off and is left out when there are others."""
    records: list[list[str]] = []
    with contextlib.suppress(csv.Error):
        records.extend(csv.reader(sample, delimiter=delimiter))
    yield from records[:-1] if len(records) > 2 else records
