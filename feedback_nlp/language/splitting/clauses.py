"""Clauses: a sentence cut at its contrasts, and text too long for one idea cut where it takes breath."""

from __future__ import annotations

from collections.abc import Iterator

from feedback_nlp.language.splitting.tokens import MARK, SENTENCE_ENDS, Tokens
from feedback_nlp.language.splitting.word_lists import WordLists

LEAST_LEFT = 2  # words before a contrast; those after it are in the word lists
LEAST_CLAUSES_WORDS = 6  # on both sides together, and one less when a comma makes the contrast certain
LONG_WORDS = 40  # longer statements are cut at commas and conjunctions
MOST_WORDS = 60  # and longer ones anywhere,
PIECE_WORDS = (10, 30)  # into pieces of about this many words

COMMAS = frozenset({",", "،", "，", "、", ";", "؛", "；", "-", "–", "—", "...", "…", "..", ":"})
PLAIN_COMMAS = frozenset({",", "،", "，"})
_STRONG_MARKS = frozenset({";", "؛", "；", "–", "—", "…", "...", "..", ":", *SENTENCE_ENDS})
_DASHES = frozenset({"-", "–", "—", ":"})  # amid a word or a time when no space follows

Piece = tuple[int, int]  # its first token, and the one after its last


def clauses(tokens: Tokens, lists: WordLists, first: int, last: int) -> Iterator[Piece]:
    """Yield the clauses of the sentence from token ``first`` up to ``last``; joining words lie between them."""
    norms = tokens.norms
    if lists.triggers.isdisjoint(norms[first:last]):
        yield first, last
        return
    opened = bool(lists.concession.at(norms, first, last))  # "although it was late, ...": the comma is the contrast
    guarded = False
    place = begin = first
    while place < last:
        guard = lists.guards.at(norms, place, last)
        guarded = guarded or guard > 0
        skipped = guard or lists.fixed.at(norms, place, last)
        length, kept = (0, False) if skipped or place == begin else _contrast(tokens, lists, place, last, opened=opened)
        if not length:
            place += skipped or 1
            continue
        after_comma = norms[place - 1] in COMMAS or norms[place] in PLAIN_COMMAS
        begins = place if kept else place + length
        if guarded and not opened:
            guarded = False
        elif _parts(tokens.count(first, place), tokens.count(place + length * (not kept), last), lists, after_comma):
            yield first, place
            first = begins
            opened = False
        place += length
    yield first, last


def _contrast(tokens: Tokens, lists: WordLists, place: int, last: int, *, opened: bool) -> tuple[int, bool]:
    """Return the number of tokens of the contrast at ``place``, 0 for none, and whether it stays in the text."""
    norms = tokens.norms
    if opened and norms[place] in PLAIN_COMMAS:
        return 1, False
    if norms[place] not in lists.triggers:
        return 0, False
    length = lists.contrast.at(norms, place, last)
    if not length and norms[place - 1] in COMMAS:
        length = lists.after_comma.at(norms, place, last)
        turn = lists.turns.at(norms, place, last)
        if turn > length:
            return turn, True
    return length, False


def _parts(left: float, right: float, lists: WordLists, after_comma: bool) -> bool:
    """Whether both sides of a contrast are long enough to stand alone."""
    if after_comma:
        return left >= LEAST_LEFT and right >= lists.least_right and left + right >= lists.least_right + LEAST_LEFT
    return left >= LEAST_LEFT and right >= 3 and left + right >= LEAST_CLAUSES_WORDS


def cut_long(tokens: Tokens, lists: WordLists, piece: Piece) -> Iterator[Piece]:
    """Cut a piece of more than ``LONG_WORDS`` words at the strongest marks, so that each part has 10 to 30.

    Amid words without a mark or a conjunction, only a piece of more than ``MOST_WORDS`` is cut.
    """
    words = tokens.words
    first, last = piece
    low, high = PIECE_WORDS
    while words[last] - words[first] > (high if first > piece[0] else LONG_WORDS):
        best, cut = (-1.0, 0.0), 0
        for place in range(first + 1, last):
            taken, left = words[place] - words[first], words[last] - words[place]
            if taken > high or left < low:
                break
            if taken >= low:
                quality = (_mark_before(tokens, lists, place, last), -abs(taken - (low + high) / 2))
                if quality > best:
                    best, cut = quality, place
        if not cut or (best[0] == 0 and words[last] - words[first] <= MOST_WORDS):
            break
        yield first, cut
        first = cut
    yield first, last


def _mark_before(tokens: Tokens, lists: WordLists, place: int, last: int) -> float:
    """Return how well a piece can be cut before this token, 0 (amid words) to 4 (after a semicolon)."""
    norms = tokens.norms
    before = norms[place - 1]
    if tokens.kinds[place] == MARK or (before in _DASHES and tokens.ends[place - 1] == tokens.starts[place]):
        return 0.0
    if before in _STRONG_MARKS:
        return 4.0
    link = bool(lists.links.at(norms, place, last) or lists.contrast.at(norms, place, last))
    if before in COMMAS:
        return 3.0 if link else 2.0
    if link:
        return 1.0
    return 0.5 if lists.link_prefix and norms[place].startswith(lists.link_prefix) and len(norms[place]) > 3 else 0.0
