"""Cut a feedback into statements: one idea each, as exact offsets into the unchanged text.

spaCy tokenises and marks sentences; line breaks, bullets and numbering cut too. A sentence is then cut at a contrast
("the staff was kind, but the delivery took weeks"), because the two sides tend to have other themes and opposite
sentiment; sentences too small to mean anything alone join a neighbour; and text written without full stops is cut
at its commas and conjunctions. The word lists per language lie in ``data/clauses.json``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from feedback_nlp.errors import SettingError
from feedback_nlp.language.splitting.blocks import blocks
from feedback_nlp.language.splitting.clauses import COMMAS, MOST_WORDS, Piece, clauses, cut_long
from feedback_nlp.language.splitting.sentences import sentences
from feedback_nlp.language.splitting.tokens import SENTENCE_ENDS, SYMBOL, WORD, Tokens, tokenize
from feedback_nlp.language.splitting.trained_pipelines import load_pipeline
from feedback_nlp.language.splitting.word_lists import WordLists, word_lists
from feedback_nlp.plugins import Splitter, find_plugin
from feedback_nlp.settings import Settings

if TYPE_CHECKING:
    from spacy.language import Language

__all__ = ["LEAST_WORDS", "MOST_WORDS", "load_splitter", "split_statements"]

LEAST_WORDS = 4  # of a statement, unless it is a line or sentence of its own

_TRIMMED = COMMAS | {"--", "•", "·", "*", "/", "|", "\\", "‣", "▪", "●", "◦", "."}
_KEPT_AT_THE_END = frozenset(SENTENCE_ENDS) - {";", "؛", "；"}
_PLACEHOLDER = re.compile(r"[a-z]+_\d+")


def split_statements(text: str, language: str) -> list[tuple[int, int]]:
    """Return the (start, end) of each statement: ordered, apart, without white space at either end.

    What lies between two statements is white space, punctuation, bullets or the conjunction that joined them. A text
    without a word or emoji has no statement. ``language`` is an ISO 639-1 code; one without rules, "und" included,
    is cut at sentence ends and line breaks only.
    """
    return _split(text, language, None)


def load_splitter(name: str, settings: Settings | None = None) -> Callable[[str, str], list[tuple[int, int]]]:
    """Return a function that does what :func:`split_statements` does, as the setting ``splitter`` names it.

    ``name`` is ``"rules"``, a plug-in of the group ``feedback_nlp.splitters`` (made with the settings), or a spaCy
    pipeline by name or folder. Such a pipeline judges where sentences end in texts of its own language, in any
    language when it is a multi-language one ("xx"); line breaks, contrasts and long sentences stay with the rules,
    and so do texts in other languages.

    Raises :class:`SettingError` when there is no such splitter or it does not load, and so does the function returned
    when a plug-in gives spans that are not ordered, apart and within the text.
    """
    if name == "rules":
        return split_statements
    make = find_plugin("splitters", name)
    if make is not None:
        return partial(_checked, make(settings or Settings()), name)
    return partial(_split_with, load_pipeline(name))


def _split_with(pipeline: Language, text: str, language: str) -> list[tuple[int, int]]:
    return _split(text, language, pipeline if pipeline.lang in (language, "xx") else None)


def _checked(splitter: Splitter, name: str, text: str, language: str) -> list[tuple[int, int]]:
    spans = [(int(start), int(end)) for start, end in splitter.split(text, language)]
    before = 0
    for start, end in spans:
        if not before <= start < end <= len(text):
            raise SettingError(
                f"Splitter {name!r} gave the span ({start}, {end}) after offset {before} in a text of {len(text)} "
                f"characters; spans must be ordered, apart and within the text. Mend the plug-in, or set splitter to "
                f"'rules'."
            )
        before = end
    return spans


def _split(text: str, language: str, pipeline: Language | None) -> list[tuple[int, int]]:
    if not text or text.isspace():
        return []
    tokens = tokenize(text, language, pipeline)
    lists = word_lists(language)
    spans: list[tuple[int, int]] = []
    for piece in _joined(_pieces(text, tokens, lists), tokens, lists):
        for first, last in cut_long(tokens, lists, piece):
            first, last = _trimmed(tokens, first, last)
            if first < last:
                spans.append((tokens.starts[first], tokens.ends[last - 1]))
    return spans


def _pieces(text: str, tokens: Tokens, lists: WordLists) -> Iterator[list[Piece]]:
    """Yield the clauses of each line, list item or paragraph."""
    begins = sentences(text, tokens, lists)
    number = 0
    for first, last in blocks(text, tokens):
        pieces: list[Piece] = []
        while number < len(begins) and begins[number] <= first:
            number += 1
        while first < last:
            after = min(begins[number], last) if number < len(begins) else last
            pieces += clauses(tokens, lists, first, after)
            first = after
            number += 1
        number -= 1
        yield pieces


def _joined(blocks: Iterable[Sequence[Piece]], tokens: Tokens, lists: WordLists) -> Iterator[Piece]:
    """Yield the pieces, those without an idea of their own joined to the one before, or else the one after."""
    held: Piece | None = None
    for block in blocks:
        open_block = False  # whether what is held lies in this block
        for piece in block:
            if held is None:
                held = piece
            elif _joins(piece, tokens, lists, together=open_block, whole_block=len(block) == 1) or _joins(
                held, tokens, lists, together=open_block, whole_block=not open_block
            ):
                held = held[0], piece[1]
            else:
                yield held
                held = piece
            open_block = True
    if held and (tokens.count(*held) or not {WORD, SYMBOL}.isdisjoint(tokens.kinds[held[0] : held[1]])):
        yield held


def _joins(piece: Piece, tokens: Tokens, lists: WordLists, *, together: bool, whole_block: bool) -> bool:
    """Whether a piece joins its neighbour: one in the same block gladly, one in another only for want of content."""
    words = tokens.count(*piece)
    if words >= LEAST_WORDS:
        return False
    if not _has_content(piece, tokens, lists):
        return True
    return together and not (words >= 2 or whole_block)


def _has_content(piece: Piece, tokens: Tokens, lists: WordLists) -> bool:
    return any(
        tokens.kinds[place] == WORD
        and tokens.norms[place] not in lists.without_content
        and not _PLACEHOLDER.fullmatch(tokens.norms[place])
        for place in range(*piece)
    )


def _trimmed(tokens: Tokens, first: int, last: int) -> Piece:
    """Drop marks that belong to neither side: leading ones, and trailing ones other than sentence ends and brackets."""
    norms = tokens.norms
    while first < last and norms[first] in _TRIMMED:
        first += 1
    while last > first and norms[last - 1] in _TRIMMED and norms[last - 1] not in _KEPT_AT_THE_END:
        last -= 1
    return first, last
