"""Put planned answers into words: sentences from the stocks, joined, dressed and roughened up, offsets kept."""

from __future__ import annotations

import json
import random
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.survey.identifiers import IDENTIFIERS, NOTES
from tests.survey.plan import BY_KEY, SEED, Answer

_END = ".!?…؟:"
_KEEP_CAPITAL = {"I", "I'm", "I've", "I'd", "I'll", "Norvia", "Norvi", "Netflix", "YouTube", "Wi-Fi", "Android"}
_SLOT = re.compile(r"\{(\w+)\}")
_LOOSE_PUNCTUATION = re.compile(r"(?<!\d)[.,!?;:…؟،؛]+|[.,!?;:…؟،؛]+(?!\d)")
_EMOJI = {
    "positive": ("👍", "😊", "❤️", "🙂", "⭐⭐⭐⭐⭐"),
    "negative": ("😡", "👎", "🤬", "😤", "🙄"),
    "": ("🤷", "😐"),
}
_HTML = ("<br>", "<br/>", "<p>", "&nbsp;")
DUPLICATES_OF_SINGLES = 0.11  # of the answers with one statement; three in a hundred of all
PLAIN = 0.6  # of the statements that name a theme: said in plain words, as most customers write
TOUCHED = 0.4  # of the statements: ended or begun another way where that can be; about a third do differ
_TYPO_ALPHABET = re.compile(r"[^\W\d_]{5,}")


@dataclass(slots=True)
class Stock:
    """The sentences of one language, handed out from shuffled decks so that none is used up too often."""

    language: str
    themes: dict[str, list[str]]
    neutral_general: list[str]
    openers: list[str]
    connectors: list[str]
    closers: list[str]
    non_answers: list[str]
    slots: dict[str, list[str]]
    plain: dict[str, list[str]] = field(default_factory=dict)
    _decks: dict[str, list[str]] = field(default_factory=dict)
    _rounds: dict[str, int] = field(default_factory=dict)

    def deal(self, theme: str | None, rng: random.Random) -> str:
        """Return the next sentence of a theme (None: a vague one), six in ten from its plain ones.

        Of the plain ones, and of the others, every one comes once before any comes again.
        """
        if theme is None:
            return self._next("neutral_general", self.neutral_general)
        if self.plain.get(theme) and rng.random() < PLAIN:
            return self._next(f"plain {theme}", self.plain[theme])
        return self._next(theme, self.themes[theme])

    def _next(self, pile: str, sentences: Sequence[str]) -> str:
        if not self._decks.get(pile):
            self._rounds[pile] = self._rounds.get(pile, 0) + 1
            deck = list(sentences)
            random.Random(f"{SEED}:{self.language}:{pile}:{self._rounds[pile]}").shuffle(deck)
            self._decks[pile] = deck
        return self._decks[pile].pop()

    def fill(self, sentence: str, rng: random.Random) -> str:
        return _SLOT.sub(lambda slot: rng.choice(self.slots[slot[1]]), sentence)


def load_stocks(folder: Path) -> dict[str, Stock]:
    """Read every ``stock_*.json`` of the folder, by language code."""
    read = [Stock(**json.loads(path.read_text(encoding="utf-8"))) for path in sorted(folder.glob("stock_*.json"))]
    return {stock.language: stock for stock in read}


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a comment: a statement of a theme, an identifier, or glue (``theme`` and ``identifier`` empty)."""

    text: str
    theme: str | None = None
    identifier: str | None = None


@dataclass(frozen=True, slots=True)
class Comment:
    """A finished comment with what is true of it; ``styles`` are words such as ``typos`` or ``lower``."""

    pieces: tuple[Piece, ...]
    styles: tuple[str, ...] = ()
    duplicate_of: str = ""

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)

    def spans(self) -> list[tuple[Piece, int, int]]:
        """Return the statements and identifiers with their start and end in :attr:`text`, in Python characters."""
        found, at = [], 0
        for piece in self.pieces:
            if piece.theme or piece.identifier:
                found.append((piece, at, at + len(piece.text)))
            at += len(piece.text)
        return found


def _lower_first(sentence: str) -> str:
    first = sentence.split(maxsplit=1)[0].rstrip(".,!?:;…")
    if first in _KEEP_CAPITAL or first[1:2].isupper() or first[1:2].isdigit():
        return sentence
    return sentence[0].lower() + sentence[1:]


def _polarity(theme: str | None) -> str:
    return BY_KEY[theme].polarity if theme else ""


def _misspell(text: str, rng: random.Random) -> str:
    words = list(_TYPO_ALPHABET.finditer(text))
    if not words:
        return text
    word = rng.choice(words)
    at = word.start() + rng.randrange(1, len(word[0]) - 2)
    slip = rng.choice(("swap", "drop", "double"))
    if slip == "swap" and text[at] != text[at + 1]:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text[:at] + text[at + 1 :] if slip == "drop" else text[:at] + text[at] + text[at:]


def _plain_letters(text: str) -> str:
    """Romanian or Polish as typed on an English keyboard."""
    bare = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return bare.translate(str.maketrans("łŁ", "lL"))


def _draw_styles(answer: Answer, rng: random.Random) -> list[str]:
    has_case = answer.language != "ar"
    odds = {
        "lower": 0.05 * has_case,
        "bare": 0.05,
        "shout": 0.015 * has_case,
        "plain_letters": {"ro": 0.25, "pl": 0.08}.get(answer.language, 0.0),
        "typos": 0.06 if any(answer.themes) else 0.0,
        "emoji": 0.045,
        "html": 0.01,
        "mixed": 0.02,
        "identifier": 0.017,
        "opener": 0.10,
        "closer": 0.08,
    }
    styles = [style for style, chance in odds.items() if rng.random() < chance]
    return [style for style in styles if style != "shout" or not {"lower", "bare"}.intersection(styles)]


def _join(sentences: Sequence[Piece], stock: Stock, styles: Sequence[str], rng: random.Random) -> list[Piece]:
    """Lay sentences one after another: contrasts by a connector, the rest as sentences of their own."""
    pieces: list[Piece] = []
    connected = False  # one contrast a comment: people do not write "but" three times in a row
    for index, sentence in enumerate(sentences):
        text = sentence.text
        if index:
            before = pieces[-1]
            contrast = {_polarity(before.theme), _polarity(sentence.theme)} == {"negative", "positive"}
            if contrast and not connected and before.text[-1] not in "?؟:" and rng.random() < 0.75:
                pieces[-1] = Piece(before.text.rstrip(_END), before.theme)
                glue = rng.choice(stock.connectors)
                connected = True
                pieces.append(Piece(glue))
                if not glue.rstrip().endswith("."):
                    text = _lower_first(text)
            else:
                if before.text[-1] not in _END:
                    pieces[-1] = Piece(before.text + ".", before.theme)
                glue = " "
                if "html" in styles:
                    glue = rng.choice(_HTML[:2])
                elif len(sentences) > 3 and rng.random() < 0.15:
                    glue = "\n"
                pieces.append(Piece(glue))
                if rng.random() < 0.85:
                    text = text[0].upper() + text[1:]
        pieces.append(Piece(text, sentence.theme))
    return pieces


def _touch(pieces: list[Piece], rng: random.Random) -> list[Piece]:
    """End or begin some statements another way, as people do: no full stop, an exclamation, a small first letter."""
    done = []
    for index, piece in enumerate(pieces):
        text = piece.text
        if piece.theme and rng.random() < TOUCHED:
            last = index == len(pieces) - 1
            if index == 0 and rng.random() < 0.4:
                text = _lower_first(text)
            if text[-1] == "." and text[-2:] != "..":
                text = text[:-1] + rng.choice(("", "", "", "!") if last else ("!", "!", "..."))
            elif last and text[-1] not in _END:
                text += rng.choice((".", "!"))
        done.append(Piece(text, piece.theme, piece.identifier))
    return done


def _dress(pieces: list[Piece], answer: Answer, stock: Stock, styles: list[str], rng: random.Random) -> list[Piece]:
    """Add what goes around the statements: lead-in, closing words, an identifier, an emoji, leftover markup."""
    first = pieces[0].text
    if "opener" in styles and len(first) > 12 and not first.endswith(("?", "؟")) and not first[0].isdigit():
        opener = rng.choice(stock.openers)
        text = first if opener.rstrip().endswith(tuple(".!?…؟")) else _lower_first(first)
        pieces = [Piece(opener), Piece(text, pieces[0].theme), *pieces[1:]]
    elif "opener" in styles:
        styles.remove("opener")
    tail = rng.choice(stock.closers) if "closer" in styles else ""
    if tail or "identifier" in styles:
        last = pieces[-1]
        if last.text[-1] not in _END:
            pieces[-1] = Piece(last.text + ".", last.theme)
        pieces += [Piece(" " + tail)] if tail else []
    if "identifier" in styles:
        kind = rng.choice(tuple(IDENTIFIERS))
        before, after = NOTES[stock.language][kind].split("{}")
        value = rng.choice(IDENTIFIERS[kind])
        pieces += [Piece(" " + before), Piece(value, identifier=kind), Piece(after)]
    if "emoji" in styles:
        pieces.append(
            Piece(" " + rng.choice(_EMOJI[_polarity(next((p.theme for p in reversed(pieces) if p.theme), None))]))
        )
    if "html" in styles:
        pieces.append(Piece(rng.choice(_HTML)))
    return pieces


def _roughen(pieces: list[Piece], styles: list[str], rng: random.Random) -> list[Piece]:
    """Change letters inside the pieces, never an identifier, so that offsets still fit."""
    done = []
    careless = {index for index, piece in enumerate(pieces) if piece.theme}
    misspelt = set(rng.sample(sorted(careless), k=min(2, len(careless)))) if "typos" in styles else set()
    for index, piece in enumerate(pieces):
        text = piece.text
        if not piece.identifier and not text.strip().startswith(("<", "&")):
            if "plain_letters" in styles:
                text = _plain_letters(text)
            if index in misspelt:
                text = _misspell(text, rng)
            if "lower" in styles or "bare" in styles:
                text = text.lower()
            if "bare" in styles:
                text = _LOOSE_PUNCTUATION.sub("", text)
            if "shout" in styles:
                text = text.upper()
            text = text.strip() if piece.theme else text
        done.append(Piece(text, piece.theme, piece.identifier))
    return done


def _write_answer(answer: Answer, stocks: dict[str, Stock]) -> Comment:
    rng = random.Random(f"{SEED}:{answer.response_id}")
    stock = stocks[answer.language]
    if answer.kind == "non_answer":
        return Comment((Piece(rng.choice(stock.non_answers)),))
    styles = _draw_styles(answer, rng)
    order = list(answer.themes)
    rng.shuffle(order)
    if "mixed" in styles and (len(order) < 2 or len(stocks) < 2):
        styles.remove("mixed")
    guests = [code for code in stocks if code != answer.language]
    guest = ("en" if "en" in guests and rng.random() < 0.8 else rng.choice(guests)) if guests else answer.language
    sentences = []
    for index, theme in enumerate(order):
        speaker = stocks[guest] if "mixed" in styles and index == len(order) - 1 else stock
        sentences.append(Piece(speaker.fill(speaker.deal(theme, rng), rng), theme))
    pieces = _dress(_touch(_join(sentences, stock, styles, rng), rng), answer, stock, styles, rng)
    if answer.kind == "rant":
        styles.append("rant")
    return Comment(tuple(_roughen(pieces, styles, rng)), tuple(sorted(styles)))


def write_comments(answers: Sequence[Answer], stocks: dict[str, Stock]) -> list[Comment]:
    """Write every answer's comment; about three in a hundred repeat an earlier short one word for word.

    A repeat is of the same single theme, so that scores and segments stay in keeping with the words.
    """
    comments: list[Comment] = []
    rng = random.Random(f"{SEED}:duplicates")
    short: dict[tuple[str, str], list[tuple[str, Comment]]] = {}
    for answer in answers:
        only = answer.themes[0] if len(answer.themes) == 1 else None
        known = short.setdefault((answer.language, only), []) if only else []
        if known and rng.random() < DUPLICATES_OF_SINGLES:
            original, comment = rng.choice(known)
            comments.append(Comment(comment.pieces, comment.styles, original))
            continue
        comment = _write_answer(answer, stocks)
        comments.append(comment)
        if only and len(comment.text) <= 45 and "identifier" not in comment.styles:
            known.append((answer.response_id, comment))
    return comments
