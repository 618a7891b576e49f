"""Rewrite a text step by step and, where asked, remember where each piece came from."""

from __future__ import annotations

import re
import unicodedata
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

Span = tuple[int, int]
Edit = tuple[int, int, str]  # what stood from start to end became this

_BEYOND_LATIN = re.compile(r"[^\x00-\u02ff]")
_ANCHORS = re.compile(r"[!->@-~]+")  # what mending a decoding leaves alone: ASCII without the space and "?"
_BYTE_ENCODINGS = (
    "latin-1", "sloppy-windows-1252", "sloppy-windows-1251", "sloppy-windows-1250", "sloppy-windows-1253",
    "sloppy-windows-1254", "sloppy-windows-1257", "iso-8859-2", "macroman", "cp437",
)  # fmt: skip


class Step:
    """The edits of one pass over a text, in order: where each stood before, and where it stands after."""

    __slots__ = ("new_ends", "new_starts", "old_ends", "old_starts")

    def __init__(self, edits: Iterable[tuple[int, int, int]]) -> None:
        """Take the start and end of each edit in the old text, and the length of what it became."""
        self.old_starts, self.old_ends, self.new_starts, self.new_ends = (array("q") for _ in range(4))
        shift = 0
        for start, end, length in edits:
            self.old_starts.append(start)
            self.old_ends.append(end)
            self.new_starts.append(start + shift)
            self.new_ends.append(start + shift + length)
            shift += length - (end - start)

    def before(self, position: int) -> Span:
        """Return what the character now at the position was made of: a span of the old text."""
        at = bisect_right(self.new_starts, position) - 1
        if at < 0:
            return position, position + 1
        if position < self.new_ends[at]:
            return self.old_starts[at], self.old_ends[at]
        old = position - self.new_ends[at] + self.old_ends[at]
        return old, old + 1


class Origins:
    """The way from a rewritten text back to the one it was made of."""

    __slots__ = ("_steps",)

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = tuple(steps)

    def origin(self, start: int, end: int) -> Span:
        """Return the smallest span of the original that made text[start:end].

        An empty span, and one of characters that stand for nothing in the original, gives an empty span.
        Each look-up takes a time that grows with the logarithm of the number of edits.
        """
        if not 0 <= start <= end:
            raise ValueError(f"span {start}:{end}: start and end must be 0 or more and in order; swap or clip them")
        for step in reversed(self._steps):
            if start < end:
                start, end = step.before(start)[0], step.before(end - 1)[1]
            else:  # between two characters: of one edit, which then made it, or of two
                start, end = step.before(start)[0], step.before(start - 1)[1] if start else 0
                end = max(start, end)
        return start, end


class Draft:
    """A text on its way through the steps of cleaning; remembers them only where asked."""

    __slots__ = ("steps", "text")

    def __init__(self, text: str, *, remember: bool = False) -> None:
        self.text = text
        self.steps: list[Step] | None = [] if remember else None

    def sub(
        self, pattern: re.Pattern[str], replacement: str | Callable[[re.Match[str]], str], kept: Sequence[Span] = ()
    ) -> None:
        """Replace each match that does not begin within a kept span; a replacement text is taken as it is."""
        if self.steps is None and not kept and not (isinstance(replacement, str) and "\\" in replacement):
            self.text = pattern.sub(replacement, self.text)
            return
        fixed = replacement if isinstance(replacement, str) else None
        self.edit(
            (match.start(), match.end(), replacement(match) if callable(replacement) else fixed or "")
            for match in outside(pattern.finditer(self.text), kept)
        )

    def keep_group(self, pattern: re.Pattern[str], kept: Sequence[Span] = ()) -> None:
        """Reduce each match that does not begin within a kept span to its group named "kept"."""
        if self.steps is None and not kept:
            self.text = pattern.sub(r"\g<kept>", self.text)
            return
        edits: list[Edit] = []
        for match in outside(pattern.finditer(self.text), kept):
            edits += (match.start(), match.start("kept"), ""), (match.end("kept"), match.end(), "")
        self.edit(edits)

    def translate(self, table: Mapping[int, str | int | None]) -> None:
        """Replace single characters, as str.translate does."""
        if self.steps is None:
            self.text = self.text.translate(table)
            return
        edits: list[Edit] = []
        for at, character in enumerate(self.text):
            new = table[ord(character)]
            if new != ord(character):
                edits.append((at, at + 1, chr(new) if isinstance(new, int) else new or ""))
        self.edit(edits)

    def compose(self) -> None:
        """Bring letters and their marks into NFC."""
        composed = unicodedata.normalize("NFC", self.text)
        if composed == self.text:
            return
        if self.steps is not None:
            edits = list(_compositions(self.text))
            if _edited(self.text, edits) == composed:
                self.edit(edits)
                return
        self.become(composed)

    def become(self, text: str) -> None:
        """Take another text, of which only what it begins and ends with is known to be the same."""
        self.edit([(0, len(self.text), text)])

    def mend(self, start: int, end: int, mended: str) -> Iterator[Edit]:
        """Give the edits of one line whose wrong decoding was mended, as fine as they can be told."""
        if self.steps is None:
            yield start, end, mended
        else:
            yield from _mended(self.text[start:end], mended, start)

    def edit(self, edits: Iterable[Edit]) -> None:
        """Apply edits that are in order and do not overlap."""
        edits = [edit for edit in edits if self.text[edit[0] : edit[1]] != edit[2]]
        if not edits:
            return
        if self.steps is not None:
            self.steps.append(Step(_trimmed(self.text, edit) for edit in edits))
        self.text = _edited(self.text, edits)


def outside(matches: Iterable[re.Match[str]], kept: Sequence[Span]) -> Iterator[re.Match[str]]:
    """Give the matches that do not begin within a kept span; both come in order."""
    at = 0
    for match in matches:
        while at < len(kept) and kept[at][1] <= match.start():
            at += 1
        if at == len(kept) or match.start() < kept[at][0]:
            yield match


def _edited(text: str, edits: Iterable[Edit]) -> str:
    pieces: list[str] = []
    done = 0
    for start, end, new in edits:
        pieces += text[done:start], new
        done = end
    return "".join((*pieces, text[done:]))


def _trimmed(text: str, edit: Edit) -> tuple[int, int, int]:
    """Leave out what an edit begins and ends with and does not change."""
    start, end, new = edit
    head, most = 0, min(end - start, len(new))
    while head < most and text[start + head] == new[head]:
        head += 1
    tail = 0
    while tail < most - head and text[end - 1 - tail] == new[-1 - tail]:
        tail += 1
    return start + head, end - tail, len(new) - head - tail


def _compositions(text: str) -> Iterator[Edit]:
    """Give what becomes of each letter with the marks that follow it."""
    start, last = 0, -1
    for at in [match.start() for match in _BEYOND_LATIN.finditer(text)]:
        joins = _joins(text[at])
        if not joins or last < at - 1:  # a piece begins here, or with the Latin letter before this mark
            first = at - 1 if joins and at else at
            yield start, first, unicodedata.normalize("NFC", text[start:first])
            start = first
        last = at
    yield start, len(text), unicodedata.normalize("NFC", text[start:])


def _joins(character: str) -> bool:
    """Whether a character may melt into the one before it: a mark, or a vowel or final of Hangul."""
    return unicodedata.category(character)[0] == "M" or "\u1160" <= character <= "\u11ff"


def _mended(old: str, new: str, offset: int) -> Iterator[Edit]:
    """Line up a text with its mended form by the ASCII that mending leaves alone, in one pass over both."""
    old_runs, new_runs = ([match.span() for match in _ANCHORS.finditer(text)] for text in (old, new))
    if "".join(old[a:b] for a, b in old_runs) != "".join(new[a:b] for a, b in new_runs):
        yield offset, offset + len(old), new
        return
    old_at = new_at = 0  # all before is lined up
    for (old_start, old_end), (new_start, new_end) in _lined_up(old_runs, new_runs):
        yield from _gap(old[old_at:old_start], new[new_at:new_start], offset + old_at)
        old_at, new_at = old_end, new_end
    yield from _gap(old[old_at:], new[new_at:], offset + old_at)


def _lined_up(old: list[Span], new: list[Span]) -> Iterator[tuple[Span, Span]]:
    """Cut two lists of runs with the same characters in all so that their pieces are equally long."""
    old, new = old[::-1], new[::-1]
    while old and new:
        (old_start, old_end), (new_start, new_end) = old.pop(), new.pop()
        length = min(old_end - old_start, new_end - new_start)
        yield (old_start, old_start + length), (new_start, new_start + length)
        if old_start + length < old_end:
            old.append((old_start + length, old_end))
        if new_start + length < new_end:
            new.append((new_start + length, new_end))


def _gap(old: str, new: str, offset: int) -> Iterator[Edit]:
    """Give the edits that turn what stood between two runs of ASCII into what stands there now."""
    if old == new:
        return
    old_words, new_words = old.split(" "), new.split(" ")
    if len(old_words) != len(new_words):
        yield offset, offset + len(old), new
        return
    for old_word, new_word in zip(old_words, new_words, strict=True):
        if old_word != new_word:
            yield from _letters(old_word, new_word, offset)
        offset += len(old_word) + 1


def _letters(old: str, new: str, offset: int) -> Iterator[Edit]:
    """Give one edit a letter where the old word is the new one's UTF-8 read in a one-byte encoding."""
    expected = new.encode("utf-8", "surrogatepass")
    if len(expected) == len(old):
        for encoding in _BYTE_ENCODINGS:
            try:
                as_bytes = old.encode(encoding)
            except UnicodeEncodeError:
                continue
            if as_bytes == expected:
                for letter in new:
                    length = len(letter.encode("utf-8", "surrogatepass"))
                    yield offset, offset + length, letter
                    offset += length
                return
    yield offset, offset + len(old), new
