"""The three labels of polarity as people and models write them: "neg", "-1", "отрицательный", "5 stars"."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from functools import lru_cache

from feedback_nlp.records import SENTIMENT_LABELS

NEGATIVE, NEUTRAL, POSITIVE = range(len(SENTIMENT_LABELS))  # places in SENTIMENT_LABELS
BY_SIGN = {-1.0: NEGATIVE, 0.0: NEUTRAL, 1.0: POSITIVE}


def _bare(text: str) -> str:
    """Return a text in lower case without accents, Arabic and Russian ones included."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in letters if not unicodedata.combining(char)).replace("ł", "l").replace("ى", "ي")


# How a word for a label begins once accents are off, in English, Romanian, Russian, Italian, Arabic, Polish and their
# neighbours. A whole word stands with "$".
_WRITTEN = {
    NEGATIVE: (
        *("negati", "neg$", "nega$", "bad$", "poor$", "dissatisf", "unhappy$", "unfavo", "rau$", "rea$"),
        *("nemultumit", "отрицат", "негатив", "плох", "нег$", "недовол", "cattiv", "insoddisf", "سلبي", "سيي", "سيء"),
        *("negatyw", "ujemn", "zly$", "zla$", "zle$", "niezadowol", "schlecht", "mauvais", "malo$", "mala$", "ruim$"),
    ),
    NEUTRAL: (
        *("neutr", "neu$", "objectiv", "нейтрал", "нейтр$", "محايد", "حيادي", "obojetn"),
    ),
    POSITIVE: (
        *("positi", "pos$", "posi$", "good$", "satisf", "happy$", "favo", "pozitiv", "bun$", "buna$", "multumit"),
        *("положит", "позитив", "поз$", "хорош", "довол", "buono$", "buona$", "soddisf", "ايجابي", "جيد"),
        *("pozytyw", "dodatni", "dobry$", "dobra$", "dobre$", "zadowol", "gut$", "bon$", "bueno$", "buena$", "bom$"),
    ),
}  # fmt: skip
_BEGINNINGS = {label: tuple(_bare(start) for start in starts) for label, starts in _WRITTEN.items()}
_SIGNS = {
    **dict.fromkeys(("-", "--", "−", "👎", "☹", "🙁", "😞", "😠", "😡"), NEGATIVE),
    **dict.fromkeys(("+-", "+/-", "-/+", "±", "😐"), NEUTRAL),
    **dict.fromkeys(("+", "++", "👍", "🙂", "😀", "😊"), POSITIVE),
}
# What may stand beside the word and changes how much, not which.
_DEGREES = frozenset(
    _bare(
        "very strongly strong weakly weak somewhat slightly rather mostly extremely clearly quite a the label class "
        "sentiment tone polarity foarte destul de sentiment очень скорее сильно слабо резко molto abbastanza piuttosto "
        "جدا bardzo raczej dosc silnie sehr eher tres muy plutot mai degraba"
    ).split()
)
# Answers of coders that are none of the three: rows left out, not rows that cannot be understood.
_NONE_OF_THEM = frozenset(
    _bare(
        "mixed conflict both ambivalent ambiguous unclear unknown unsure skip irrelevant other none na mixt смешанный "
        "неизвестно misto مختلط mieszany gemischt mixte mixto"
    ).split()
)
LEFT_OUT = "left out"


@lru_cache(maxsize=4096)
def label_named(raw: str) -> int | str | None:
    """Return the place in SENTIMENT_LABELS of the label that a cell names.

    :data:`LEFT_OUT` for an answer that is none of the three, such as "mixed"; None for what is not understood. Numbers
    other than those with a sign are not, since 0 is negative for one coder and neutral for another.
    """
    text = unicodedata.normalize("NFKC", raw).strip().strip("'\"")
    sign = text.replace("\ufe0f", "").replace(" ", "")
    if sign in _SIGNS:
        return _SIGNS[sign]
    words = [word for word in re.findall(r"\w+", _bare(text)) if word not in _DEGREES]
    if len(words) != 1:
        return None
    word = words[0].removeprefix("ال")
    if word in _NONE_OF_THEM:
        return LEFT_OUT
    for label, beginnings in _BEGINNINGS.items():
        for start in beginnings:
            if word == start[:-1] if start.endswith("$") else word.startswith(start):
                return label
    return None


def signed_labels(cells: Collection[str]) -> dict[str, int]:
    """Return the label of each number of a column that is written with signs: -1, 0 and 1; {} for any other column."""
    numbers = {cell: _number(cell) for cell in cells}
    found = {number for number in numbers.values() if number is not None}
    if -1.0 not in found or not found <= BY_SIGN.keys():
        return {}
    return {cell: BY_SIGN[number] for cell, number in numbers.items() if number is not None}


def _number(cell: str) -> float | None:
    text = unicodedata.normalize("NFKC", cell).strip().replace("−", "-")
    try:
        return float(text)
    except ValueError:
        return None
