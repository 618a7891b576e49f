"""Cut a feedback into statements: one idea each, as exact offsets into the unchanged text.

spaCy tokenises and marks sentences; line breaks, bullets and numbering cut too. A sentence is then cut at a contrast
("the staff was kind, but the delivery took weeks"), because the two sides tend to have other themes and opposite
sentiment; sentences too small to mean anything alone join a neighbour; and text written without full stops is cut
at its commas and conjunctions. The word lists per language lie in ``data/clauses.json``.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from feedback_nlp.language.cleaning import fold
from feedback_nlp.language.stopwords import stop_words

if TYPE_CHECKING:
    from spacy.language import Language

_FILE = Path(__file__).parent / "data" / "clauses.json"

LEAST_WORDS = 4  # of a statement, unless it is a line or sentence of its own
LEAST_CLAUSE_WORDS = 3  # on each side of a contrast; 2 after a comma where "is" goes without saying,
LEAST_CLAUSES_WORDS = 7  # and on both sides together, unless a comma makes the contrast certain
MOST_WORDS = 60  # longer statements are cut
PIECE_WORDS = (15, 40)  # into pieces of about this many words

_SENTENCE_ENDS = [".", "!", "?", "..", "...", "....", "…", "؟", "؛", "۔", "。", "！", "？", "।", "‼", "⁉", "⁇", "⁈"]
_COMMAS = frozenset({",", "،", "，", "、", ";", "؛", "；", "-", "–", "—", "...", "…", "..", ":"})
_STRONG_MARKS = frozenset({";", "؛", "；", "–", "—", "…", "...", "..", ":"})
_TRIMMED = _COMMAS | {"--", "•", "·", "*", "/", "|", "\\", "‣", "▪", "●", "."}
_BULLET = re.compile(r"[ \t]*(?:[-*•·–—‣▪●○◦>+]+[ \t]+|[•‣▪●◦]|\(?(?:\d{1,2}[.)]|[^\W\d_]\))[ \t]+)")
_NUMBERING = re.compile(r"(?:^|(?<=\s))\(?(\d{1,2})[.)]\s")
_PLACEHOLDER = re.compile(r"[a-z]+_\d+")
_EMOTICON = re.compile(r"[:;=8xX][-'^o]?[()\[\]DPp3/|]|[()]{2,}|<3|\^_*\^")
_LONG_RUN = re.compile(r"[^\w\s]{40,}")
_WRAPPED_LINE = 60  # a line at least this long that ends in mid-sentence was broken by a program
_LETTER = r"[^\W\d_]"
_INFIXES = (  # sentences and clauses written without a space between them
    r"[!?؟؛…]+(?=\w)",
    rf"(?<={_LETTER}{_LETTER})[.,;:](?=[A-ZА-ЯЁȘȚĂÎÂŁŚŻŹĆ]{_LETTER})",
    rf"(?<={_LETTER})[,،](?={_LETTER})",
)
_SUFFIXES = (r"(?<=_\d)>", r"(?<=_\d\d)>", r"(?<=>)[.,;:!?؟،؛]")  # placeholders such as <EMAIL_1>
_CHARACTERS_ARE_WORDS = frozenset({"ja", "th", "lo", "km", "my"})  # no spaces, and spaCy's own need extra packages
_WITHOUT_COPULA = frozenset({"ru", "uk", "be", "ar", "he"})  # "staff polite, but ..." is a whole clause


class _Token(NamedTuple):
    start: int
    end: int
    norm: str  # the token folded, or its text when it is punctuation
    is_word: bool


@dataclass(frozen=True, slots=True)
class _Rules:
    """The word lists of one language; phrases are tuples of normalised tokens, by first token, longest first."""

    contrast: dict[str, list[tuple[str, ...]]]
    after_comma: dict[str, list[tuple[str, ...]]]
    concession: dict[str, list[tuple[str, ...]]]
    guards: dict[str, list[tuple[str, ...]]]
    links: dict[str, list[tuple[str, ...]]]
    abbreviations: frozenset[str]
    before_number: frozenset[str]
    without_content: frozenset[str]
    least_after_comma: int


_Piece = list[_Token]


def split_statements(text: str, language: str) -> list[tuple[int, int]]:
    """Return the (start, end) of each statement: ordered, apart, without white space at either end.

    What lies between two statements is white space, punctuation, bullets or the conjunction that joined them. A text
    without a word or emoji has no statement. ``language`` is an ISO 639-1 code; one without rules, "und" included,
    is cut at sentence ends and line breaks only.
    """
    if not text.strip():
        return []
    rules = _rules(language)
    spans: list[tuple[int, int]] = []
    blocks = [
        [piece for sentence in block for piece in _clauses(sentence, rules)] for block in _blocks(text, language, rules)
    ]
    for piece in _joined(blocks, text, rules):
        for part in _cut_long(piece, rules):
            trimmed = _trimmed(part)
            if trimmed:
                spans.append((trimmed[0].start, trimmed[-1].end))
    return spans


def _blocks(text: str, language: str, rules: _Rules) -> Iterator[list[_Piece]]:
    """Yield the sentences of each line, list item or paragraph."""
    starts, skipped = _block_starts(text)
    block: list[_Piece] = []
    number = 0
    for sentence in _sentences(text, language, rules):
        piece: _Piece = []
        for token in sentence:
            at = bisect_right(starts, token.start)
            if at != number:
                if piece:
                    block.append(piece)
                if block:
                    yield block
                piece, block, number = [], [], at
            if token.start not in skipped:
                piece.append(token)
        if piece:
            block.append(piece)
    if block:
        yield block


def _block_starts(text: str) -> tuple[list[int], set[int]]:
    """Return where lines and list items start, and the places of the bullets and numbers in front of them."""
    starts: list[int] = []
    skipped: set[int] = set()
    line_start = 0
    previous = ""
    for line in text.split("\n"):
        bullet = _BULLET.match(line)
        wrapped = len(previous) >= _WRAPPED_LINE and previous[-1] not in ".!?…:;" and line[:1].islower()
        if bullet or not wrapped:
            starts.append(line_start)
        if bullet and bullet.end() < len(line):
            skipped.update(range(line_start, line_start + bullet.end()))
        line_start += len(line) + 1
        previous = line.rstrip()
    numbers = list(_NUMBERING.finditer(text))
    if len(numbers) > 1 and [int(match[1]) for match in numbers] == list(range(1, len(numbers) + 1)):
        for match in numbers:
            starts.append(match.start())
            skipped.update(range(*match.span()))
    for place, character in enumerate(text):
        if character in "•‣▪●":
            starts.append(place)
            skipped.add(place)
    return sorted(set(starts)), skipped


def _sentences(text: str, language: str, rules: _Rules) -> Iterator[_Piece]:
    """Yield spaCy's sentences, joined again where the full stop belonged to an abbreviation or an ordinal."""
    held: _Piece = []
    for sentence in _spacy_sentences(text, language):
        if held and not _goes_on(held, sentence, text, rules):
            yield held
            held = []
        held = held + sentence
    if held:
        yield held


def _spacy_sentences(text: str, language: str) -> list[_Piece]:
    sentences: list[_Piece] = []
    starts = True
    for token in _pipeline(language)(_LONG_RUN.sub(_shortened, text)):
        written = token.text
        starts = starts or bool(token.is_sent_start)
        if not written.isspace():
            if starts:
                sentences.append([])
                starts = False
            sentences[-1].append(_Token(token.idx, token.idx + len(written), *_normalised(written)))
    return sentences


def _shortened(run: re.Match[str]) -> str:
    """Blank a long run of marks after its first three: spaCy takes marks off a token one by one, in quadratic time."""
    return run[0][:3] + " " * (len(run[0]) - 3)


def _goes_on(left: _Piece, right: _Piece, text: str, rules: _Rules) -> bool:
    """Whether the full stop between two sentences ended none."""
    if left[-1].norm != "." or len(left) < 2:
        return False
    before, after = left[-2], text[right[0].start]
    if before.end != left[-1].start:
        return False
    if before.norm in rules.before_number or before.norm.isdigit():
        return after.isdigit() if before.norm in rules.before_number else after.islower()
    initial = before.end - before.start == 1 and text[before.start].isupper()
    return (before.norm in rules.abbreviations and not (after.isupper() and before.norm == "etc")) or initial


def _clauses(sentence: _Piece, rules: _Rules) -> Iterator[_Piece]:
    """Cut a sentence at its contrasts where both sides are long enough to stand alone."""
    words = _words_before(sentence)
    first = 0
    opened = bool(_match(rules.concession, sentence, 0))  # "although it was late, ...": the comma is the contrast
    for place in range(1, len(sentence)):
        after_comma = sentence[place - 1].norm in _COMMAS
        if opened:
            length = int(sentence[place].norm in (",", "،"))
            after_comma = True
        else:
            length = _match(rules.contrast, sentence, place)
            if not length and after_comma:
                length = _match(rules.after_comma, sentence, place)
        if not length or _guarded(sentence, first, place + length, rules):
            continue
        left, right = words[place] - words[first], words[-1] - words[place + length]
        least = rules.least_after_comma if after_comma else LEAST_CLAUSE_WORDS
        if min(left, right) >= least and left + right >= (2 * least if after_comma else LEAST_CLAUSES_WORDS):
            yield sentence[first:place]
            first = place + length
            opened = False
    yield sentence[first:]


def _guarded(sentence: _Piece, first: int, last: int, rules: _Rules) -> bool:
    """Whether the contrast is none: "not only ... but also", "nothing but"."""
    return any(_match(rules.guards, sentence[:last], place) for place in range(first, last))


def _joined(blocks: Iterable[Sequence[_Piece]], text: str, rules: _Rules) -> Iterator[_Piece]:
    """Yield the pieces, those without an idea of their own joined to the one before, or else the one after."""
    held: _Piece = []
    for block in blocks:
        open_block = False  # whether what is held lies in this block
        for piece in block:
            if not held:
                held = list(piece)
            elif _joins(piece, rules, together=open_block, whole_block=len(block) == 1) or _joins(
                held, rules, together=open_block, whole_block=not open_block
            ):
                held += piece
            else:
                yield held
                held = list(piece)
            open_block = True
    if held and (any(token.is_word for token in held) or _has_symbol(text[held[0].start : held[-1].end])):
        yield held


def _joins(piece: _Piece, rules: _Rules, *, together: bool, whole_block: bool) -> bool:
    """Whether a piece joins its neighbour: one in the same block gladly, one in another only for want of content."""
    if _stands_alone(piece, rules, whole_block=whole_block):
        return False
    return together or not _has_content(piece, rules)


def _stands_alone(piece: _Piece, rules: _Rules, *, whole_block: bool) -> bool:
    words = sum(token.is_word for token in piece)
    if words >= LEAST_WORDS:
        return True
    return (words >= 2 or whole_block) and _has_content(piece, rules)


def _has_content(piece: _Piece, rules: _Rules) -> bool:
    return any(
        token.is_word and token.norm not in rules.without_content and not _PLACEHOLDER.fullmatch(token.norm)
        for token in piece
    )


def _has_symbol(text: str) -> bool:
    """Whether there is an emoji or emoticon, which says something without a word."""
    return any(
        character > "\u2190" and not character.isalnum() and character.isprintable() for character in text
    ) or bool(_EMOTICON.search(text))


def _cut_long(piece: _Piece, rules: _Rules) -> Iterator[_Piece]:
    """Cut a piece of more than ``MOST_WORDS`` words at the strongest marks, so that each part has 15 to 40."""
    words = _words_before(piece)
    first = 0
    low, high = PIECE_WORDS
    while words[-1] - words[first] > (high if first else MOST_WORDS):
        best, cut = (-1.0, 0.0), 0
        for place in range(first + 1, len(piece)):
            taken, left = words[place] - words[first], words[-1] - words[place]
            if taken > high or left < low:
                break
            if taken >= low:
                quality = (_mark_before(piece, place, rules), -abs(taken - (low + high) / 2))
                if quality > best:
                    best, cut = quality, place
        if not cut:
            break
        yield piece[first:cut]
        first = cut
    yield piece[first:]


def _mark_before(piece: _Piece, place: int, rules: _Rules) -> float:
    """Return how well a piece can be cut before this token, 0 (amid words) to 4 (after a semicolon)."""
    before = piece[place - 1].norm
    link = bool(_match(rules.links, piece, place) or _match(rules.contrast, piece, place))
    if piece[place].norm in _COMMAS:
        return 0.0
    if before in _STRONG_MARKS or before in _SENTENCE_ENDS:
        return 4.0
    if before in _COMMAS:
        return 3.0 if link else 2.0
    return 1.0 if link else 0.0


def _trimmed(piece: _Piece) -> _Piece:
    """Drop marks that belong to neither side: leading ones, and trailing ones other than sentence ends and brackets."""
    first, last = 0, len(piece)
    while first < last and piece[first].norm in _TRIMMED:
        first += 1
    while last > first and piece[last - 1].norm in _TRIMMED and piece[last - 1].norm not in _SENTENCE_ENDS:
        last -= 1
    return piece[first:last]


def _words_before(piece: _Piece) -> list[int]:
    """Return the number of words before each token, and of all as the last item."""
    counts = [0]
    for token in piece:
        counts.append(counts[-1] + token.is_word)
    return counts


def _match(phrases: dict[str, list[tuple[str, ...]]], piece: _Piece, place: int) -> int:
    """Return the number of tokens of the longest phrase that starts at ``place``, or 0."""
    for phrase in phrases.get(piece[place].norm, ()):
        if all(
            place + further < len(piece) and piece[place + further].norm == word for further, word in enumerate(phrase)
        ):
            return len(phrase)
    return 0


@lru_cache(maxsize=65536)
def _normalised(token: str) -> tuple[str, bool]:
    """Return a token's key and whether it counts as a word; "n't", "'s" and a lone "L'" are parts of words."""
    norm = fold(token) if token[0].isalnum() else ""
    is_word = bool(norm) and not any(mark in token for mark in "'’") and not token.endswith("-")
    if "_" in token:
        norm = token.lower()
    return norm.replace(" ", "-") or token, is_word


@lru_cache
def _rules(language: str) -> _Rules:
    lists = json.loads(_FILE.read_text(encoding="utf-8")).get(language, {})

    def phrases(name: str) -> dict[str, list[tuple[str, ...]]]:
        found: dict[str, list[tuple[str, ...]]] = {}
        for phrase in sorted(lists.get(name, ()), key=len, reverse=True):
            words = tuple(_normalised(word)[0] for word in phrase.split())
            found.setdefault(words[0], []).append(words)
        return found

    def words(name: str) -> frozenset[str]:
        return frozenset(_normalised(word)[0] for word in lists.get(name, ()))

    return _Rules(
        contrast=phrases("contrast"),
        after_comma=phrases("after_comma"),
        concession=phrases("concession"),
        guards=phrases("guards"),
        links=phrases("links"),
        abbreviations=words("abbreviations"),
        before_number=words("before_number"),
        without_content=words("small_talk") | {_normalised(word)[0] for word in stop_words(language)},
        least_after_comma=2 if language in _WITHOUT_COPULA else LEAST_CLAUSE_WORDS,
    )


@lru_cache
def _pipeline(language: str) -> Language:
    """Return spaCy's tokeniser for the language, or its language-neutral one, and a sentencizer."""
    import spacy
    from spacy.tokenizer import Tokenizer
    from spacy.util import compile_infix_regex, compile_suffix_regex

    try:
        nlp = spacy.blank("zh" if language in _CHARACTERS_ARE_WORDS else language)
    except ImportError:  # no such language, or one whose tokeniser is another package
        nlp = spacy.blank("xx")
    if isinstance(nlp.tokenizer, Tokenizer):
        infixes, suffixes = nlp.Defaults.infixes or (), nlp.Defaults.suffixes or ()
        nlp.tokenizer.infix_finditer = compile_infix_regex([*infixes, *_INFIXES]).finditer
        nlp.tokenizer.suffix_search = compile_suffix_regex([*suffixes, *_SUFFIXES]).search
    nlp.add_pipe("sentencizer", config={"punct_chars": _SENTENCE_ENDS})
    nlp.max_length = 10**9
    return nlp
