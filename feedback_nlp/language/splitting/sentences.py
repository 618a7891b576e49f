"""Sentences: spaCy's, joined where its full stop ended none, and cut where a pause or an emoji ended one."""

from __future__ import annotations

from collections.abc import Iterator

from feedback_nlp.language.splitting.clauses import PLAIN_COMMAS
from feedback_nlp.language.splitting.tokens import MARK, SYMBOL, Tokens
from feedback_nlp.language.splitting.word_lists import WordLists

_PAUSES = frozenset({"..", "...", "....", "…"})
_CLOSERS = frozenset({")", "]", '"', "”", "»", "“", "'", "’"})
_OPENERS = {")": "(", "]": "[", "»": "«"}
_QUOTES = frozenset({'"', "“", "„", "”", "«", "'", "‘"})
_OPENING = frozenset({"(", "[", "«", "„", "“", "‘", '"', "'", "¡", "¿"})
_LEAST_PAUSED = 3  # words on either side of a pause that ends a sentence,
_LEAST_SMILED = 2  # or of an emoji
_UNIT = 4  # letters of an abbreviated unit after a number
_FAR = 60  # tokens: a quotation or an aside in brackets is no longer


def sentences(text: str, tokens: Tokens, lists: WordLists) -> list[int]:
    """Return the tokens at which sentences begin, in order; of an empty text there are none."""
    begins: list[int] = []
    for place in tokens.sentences:
        if place and tokens.kinds[place] == SYMBOL:
            place = _after_symbols(text, tokens, place)
        while place > 1 and _opens(text, tokens, place - 1):
            place -= 1
        if not begins or not _goes_on(text, tokens, lists, begins[-1], place):
            begins.append(place)
    if SYMBOL in tokens.kinds or ")" in tokens.norms:
        begins = sorted({*begins, *_after_emoji(text, tokens)})
    if not lists.ending_abbreviations.isdisjoint(tokens.norms):
        begins = sorted({*begins, *_after_abbreviations(text, tokens, lists)})
    return list(_without_short_pauses(text, tokens, begins))


def _after_symbols(text: str, tokens: Tokens, place: int) -> int:
    """Return the first token after the emoji at ``place``: after a full stop they belong to what was said before."""
    if "\n" in text[tokens.ends[place - 1] : tokens.starts[place]]:
        return place
    after = place
    while after < len(tokens.kinds) and tokens.kinds[after] == SYMBOL:
        after += 1
    return after if after < len(tokens.kinds) else place


def _opens(text: str, tokens: Tokens, place: int) -> bool:
    """Whether the token is a mark that belongs to what follows: "Really? (they never did)"."""
    start, end = tokens.starts[place], tokens.ends[place]
    return tokens.norms[place] in _OPENING and text[start - 1].isspace() and not text[end : end + 1].isspace()


def _goes_on(text: str, tokens: Tokens, lists: WordLists, first: int, place: int) -> bool:
    """Whether the mark before ``place`` ended no sentence."""
    norms = tokens.norms
    mark, after = norms[place - 1], text[tokens.starts[place]]
    if mark in PLAIN_COMMAS:
        return True
    if mark in _CLOSERS and not after.isupper():
        near = norms[max(first + 1, place - _FAR) : place - 1]
        return _OPENERS[mark] in near if mark in _OPENERS else not _QUOTES.isdisjoint(near)
    if mark != "." or place - first < 2:
        return False
    before = norms[place - 2]
    if tokens.ends[place - 2] != tokens.starts[place - 1]:  # text that was tokenised: "prof . Robert"
        return before in lists.abbreviations and before not in lists.ending_abbreviations and len(before) > 1
    start, length = tokens.starts[place - 2], tokens.ends[place - 2] - tokens.starts[place - 2]
    if tokens.ends[place - 1] == tokens.starts[place]:  # "19.30", "r.s"
        return (before.isdigit() and after.isdigit()) or length == 1 or tokens.ends[place] - tokens.starts[place] == 1
    if before in lists.before_number or before.isdigit():
        return after.isdigit() if before in lists.before_number else after.islower()
    if before in lists.ending_abbreviations and _may_end(tokens, place - 2):
        return not after.isupper()
    if length <= _UNIT and after.islower() and place > 2 and norms[place - 3].isdigit():  # "5000 тг. в месяц"
        return True
    return before in lists.abbreviations or (length == 1 and text[start].isupper())


def _after_emoji(text: str, tokens: Tokens) -> Iterator[int]:
    """Yield the words that follow an emoji, an emoticon or a smile without eyes: "))", or ")" before a capital."""
    kinds, norms = tokens.kinds, tokens.norms
    open_brackets = 0
    for place in range(1, len(kinds)):
        if norms[place - 1] == "(":
            open_brackets += 1
        elif norms[place - 1] == ")":
            open_brackets -= 1
        if kinds[place] != MARK and kinds[place] != SYMBOL:
            smile = norms[place - 1] == ")" and open_brackets < 0
            smile = smile and (text[tokens.starts[place]].isupper() or norms[max(0, place - 2)] == ")")
            if kinds[place - 1] == SYMBOL or smile:
                yield place
                open_brackets = 0


def _after_abbreviations(text: str, tokens: Tokens, lists: WordLists) -> Iterator[int]:
    """Yield the capitals after a full stop that spaCy counts as part of an abbreviation: "etc. The"."""
    for place in range(1, len(tokens.kinds)):
        ended = tokens.norms[place - 1] in lists.ending_abbreviations and text[tokens.ends[place - 1] - 1] == "."
        if ended and text[tokens.starts[place]].isupper() and _may_end(tokens, place - 1):
            yield place


def _may_end(tokens: Tokens, place: int) -> bool:
    """Whether an abbreviation can end a sentence: one of a letter after a number only, "2019 г.", not "г. Рязань"."""
    return len(tokens.norms[place]) > 1 or (place > 0 and tokens.norms[place - 1].isdigit())


def _without_short_pauses(text: str, tokens: Tokens, begins: list[int]) -> Iterator[int]:
    """Yield the starts of sentences, without those after a pause that only hesitates: "it is ... fine"."""
    held = 0
    for number, place in enumerate(begins):
        if place and _is_soft(text, tokens, place):
            after = begins[number + 1] if number + 1 < len(begins) else len(tokens.kinds)
            least = _LEAST_PAUSED if _paused(tokens, place) else _LEAST_SMILED
            if min(tokens.count(held, place), tokens.count(place, after)) < least:
                continue
        held = place
        yield place


def _is_soft(text: str, tokens: Tokens, place: int) -> bool:
    if text[tokens.starts[place]].isupper() and tokens.kinds[place - 1] != SYMBOL:
        return False
    return _paused(tokens, place) or tokens.kinds[place - 1] == SYMBOL or tokens.norms[place - 1] == ")"


def _paused(tokens: Tokens, place: int) -> bool:
    """Whether an ellipsis comes before this token; some of spaCy's languages make three full stops of it."""
    return tokens.norms[place - 1] in _PAUSES or tokens.norms[max(0, place - 2) : place] == [".", "."]
