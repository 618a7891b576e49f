"""What the letters themselves tell of a feeling: emoji, emoticons, punctuation, capitals, stretched words, negation.

An encoder's states say little of these, since its training data were clean. No feature depends on the language that
was detected: the words of negation are those of many languages together, less the ones that mean something else in
another of them (French *ne*, Polish *ani*, Romanian *ni*).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from functools import cache

import numpy as np

from feedback_nlp.resources import resource_path

# In this order in a row. "share" is of the words or letters, "is" is 0 or 1; a count is cut at three and divided by it.
SURFACE_FEATURES = (
    "emoji mean",  # of the ratings of emoji and emoticons, -1..1; 0 without any
    "emoji last",  # rating of the last one
    "emoji positive count",
    "emoji negative count",
    "emoji any count",  # also those without a rating
    "smile count",  # Russian "))"; "((" counts against
    "exclamation count",
    "question count",
    "is both ! and ?",
    "is question at the end",
    "is ellipsis",
    "is negated",
    "negation count",
    "negation share",
    "capitals share",
    "shouted share",  # words of three and more capitals
    "stretched count",  # "sooo": a letter three times in a row
    "is wordless",
    "length",  # log(1 + words) / 4
    "is link",
)
N_SURFACE = len(SURFACE_FEATURES)
_AT = {name: place for place, name in enumerate(SURFACE_FEATURES)}
_READ_CHARACTERS = 2000  # the encoder reads about as much; a longer text costs no more

# fmt: off
_NEGATIONS = frozenset(" ".join((
    "no not never none nothing nobody neither nor without cannot dont doesnt didnt isnt wasnt wont cant",  # en
    "havent hasnt couldnt wouldnt shouldnt arent werent hardly",
    "nu n niciodată niciodata nimic nimeni fără fara nici nicio niciun deloc",  # ro
    "не нет ни никогда ничего никто никак нельзя без нету ничем никого никакой никакого",  # ru
    "ні нема немає ніколи нічого ніхто не без няма нищо никой никога",  # uk, bg
    "non niente nulla nessuno nessuna senza né neanche nemmeno neppure",  # it
    "لا لم لن ليس ليست لست ليسوا ما بدون غير مش مو",  # ar
    "مب موب عدم ولا ولم ولن وليس مافي مافيش ماكو مفيش دون لايوجد فلا",  # ar
    "نیست نه هیچ بدون نمی نہیں نہ",  # fa, ur
    "nie nigdy nic nikt bez brak żaden żadna żadne żadnego żadnej niczego nikogo wcale",  # pl
    "není nikdy nikdo žádný žádná nejsou nemá není nije nema nikada ništa nitko",  # cs, sk, hr, sr
    "nicht kein keine keinen keiner keinem keinerlei nichts niemand ohne niemals nirgends weder",  # de
    "niet geen nooit niets niemand zonder",  # nl
    "pas jamais rien personne sans aucun aucune guère nul",  # fr
    "nunca nada nadie sin ningún ninguno ninguna tampoco jamás jamas",  # es
    "não nao ninguém ninguem sem nem nenhum nenhuma",  # pt
    "inte aldrig ingen inget inga utan ikke aldri uten ingenting emme eivät ilman koskaan",  # sv, no, da, fi
    "nem soha nincs nincsenek semmi senki nélkül",  # hu
    "değil degil yok hiç hiçbir asla",  # tr
    "δεν δε μην ποτέ τίποτα κανείς χωρίς όχι ούτε",  # el
    "לא אין בלי אף מעולם",  # he
    "không chưa chẳng tidak bukan belum jangan tanpa नहीं मत बिना ना",  # vi, id, hi
)).split())
# fmt: on
# Scripts that put no space between words, and Korean, whose negation is often an ending.
_UNSPACED_NEGATION = re.compile("不|没|沒|無|无|别|別|未|ない|なく|なかった|ません|なし|ไม่|안 |못|없|않|아니")
_FIRST_UNSPACED = "\u0e00"

_WORD = re.compile(r"\w+")
_NUMBERING = re.compile(r"(?:(?<=\s)|^)\w{1,2}\)")
_CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)
_MODIFIERS = (*range(0x1F3FB, 0x1F400), 0x2640, 0x2642)  # skin tones, woman and man signs
_PICTURES = (0x203C, 0x2049, *range(0x2600, 0x27C0), *range(0x2B00, 0x2C00), *range(0x1F300, 0x1FB00))
_EXCLAMATIONS = "!！‼⁉"
_QUESTIONS = "?？؟⁇⁉"
_SLICE_TEXTS = 2048

# What a character is; several may hold.
_LETTER, _CAPITAL, _EXCLAIMING, _ASKING, _PICTURE, _FACE = (1 << bit for bit in range(6))
_KINDS = (_LETTER, _CAPITAL, _EXCLAIMING, _ASKING, _PICTURE, _FACE)


def surface_features(texts: Sequence[str]) -> np.ndarray:
    """Return float32 features of shape (len(texts), :data:`N_SURFACE`), in the order of :data:`SURFACE_FEATURES`.

    All lie in -1..1 but for the length, which reaches about 1.5. Any text is taken, lone surrogates and empty ones
    too; only the first 2,000 characters are read.
    """
    features = np.zeros((len(texts), N_SURFACE), np.float32)
    for start in range(0, len(texts), _SLICE_TEXTS):
        part = [text[:_READ_CHARACTERS] for text in texts[start : start + _SLICE_TEXTS]]
        _fill(features[start : start + len(part)], part)
    return features


def count_words(text: str) -> int:
    """Return how many words :func:`surface_features` finds in the text."""
    return len(_WORD.findall(text[:_READ_CHARACTERS]))


def _fill(features: np.ndarray, texts: list[str]) -> None:
    letters, capitals, exclaimed, asked, pictures, faces, stretched = _counts(texts)
    told: list[tuple[float, ...]] = []
    marked = zip(texts, asked.tolist(), capitals.tolist(), strict=True)
    for text, questions, high in marked:
        lowered = text.lower()
        words = _WORD.findall(lowered)
        negations = sum(map(_NEGATIONS.__contains__, words)) + lowered.count("n't") + lowered.count("n’t")
        if not text.isascii() and max(text) >= _FIRST_UNSPACED:
            negations += len(_UNSPACED_NEGATION.findall(text))
        told.append(
            (
                len(words),
                negations,
                questions > 0 and text.rstrip(" \n\t\"'»”)!.")[-1:] in _QUESTIONS,
                sum(len(word) >= 3 and word.isupper() for word in _WORD.findall(text)) if high >= 3 else 0,
                "..." in text or "…" in text,
                "http" in text or "www." in text,
            )
        )
    words_, negations_, ends_asking, shouted, ellipsis, link = np.array(told, np.float64).T
    counts = np.maximum(words_, 1)
    features[:, _AT["is negated"]] = negations_ > 0
    features[:, _AT["negation count"]] = negations_
    features[:, _AT["negation share"]] = np.minimum(negations_ / counts, 1)
    features[:, _AT["is question at the end"]] = ends_asking
    features[:, _AT["shouted share"]] = shouted / counts
    features[:, _AT["is ellipsis"]] = ellipsis
    features[:, _AT["is link"]] = link
    features[:, _AT["length"]] = np.log1p(words_) / 4
    for row in np.flatnonzero(pictures + faces).tolist():
        features[row, : _AT["smile count"] + 1] = _feeling_signs(texts[row], int(pictures[row]))
    features[:, _AT["exclamation count"]] = exclaimed
    features[:, _AT["question count"]] = asked
    features[:, _AT["is both ! and ?"]] = (exclaimed > 0) & (asked > 0)
    features[:, _AT["capitals share"]] = capitals / np.maximum(letters, 1)
    features[:, _AT["stretched count"]] = stretched
    features[:, _AT["is wordless"]] = letters == 0
    for name in SURFACE_FEATURES:
        if name.endswith(" count"):
            features[:, _AT[name]] = np.clip(features[:, _AT[name]], -3, 3) / 3


def _counts(texts: list[str]) -> np.ndarray:
    """Return int64 counts of shape (7, len(texts)): the six kinds of characters, then letters three times in a row."""
    # The line feed in front of each text parts it from the one before, and leaves none empty.
    codes = np.frombuffer("".join(["\n" + text for text in texts]).encode("utf-32-le", "surrogatepass"), np.uint32)
    starts = np.cumsum([0, *(len(text) + 1 for text in texts[:-1])])
    kinds = _kinds()[codes]
    counts = [np.add.reduceat((kinds & kind) != 0, starts, dtype=np.int64) for kind in _KINDS]
    same = (codes[1:] == codes[:-1]) & ((kinds[1:] & _LETTER) != 0)
    begins = np.zeros(len(codes), bool)
    if len(codes) > 3:
        begins[1:-2] = same[1:-1] & same[2:] & ~same[:-2]
    return np.stack([*counts, np.add.reduceat(begins, starts, dtype=np.int64)])


@cache
def _kinds() -> np.ndarray:
    """Return what each code point is, uint8 of shape (0x110000,)."""
    kinds = np.zeros(0x110000, np.uint8)
    for code in (*range(0x10000), *range(0x1E900, 0x1E944), *range(0x20000, 0x2A6E0)):
        character = chr(code)
        kinds[code] = _LETTER * character.isalpha() | _CAPITAL * character.isupper()
    for signs, kind in ((_EXCLAMATIONS, _EXCLAIMING), (_QUESTIONS, _ASKING), (":;=()^_<D", _FACE)):
        kinds[[ord(sign) for sign in signs]] |= kind
    kinds[list(_PICTURES)] |= _PICTURE
    kinds[list(_MODIFIERS)] &= ~np.uint8(_PICTURE)
    return kinds


def _feeling_signs(text: str, pictures: int) -> tuple[float, ...]:
    """Return the features from "emoji mean" to "smile count", counts uncut."""
    emoji, emoticons, pattern = _ratings()
    ratings = [emoji[sign] for sign in text if sign in emoji] if pictures else []
    ratings += [emoticons[_told(found)] for found in pattern.findall(text)]
    if not ratings:
        return 0.0, 0.0, 0.0, 0.0, pictures, _smiles(text)
    positive = sum(rating > 0 for rating in ratings)
    mean = math.fsum(ratings) / len(ratings)
    return mean, ratings[-1], positive, len(ratings) - positive, max(pictures, len(ratings)), _smiles(text)


def _told(emoticon: str) -> str:
    """Return the emoticon as the table has it: without a nose, with one mouth."""
    if emoticon[0] in ":;=":
        emoticon = emoticon.replace("-", "")
        while len(emoticon) > 2 and emoticon[-1] == emoticon[-2]:
            emoticon = emoticon[:-1]
    return emoticon


def _smiles(text: str) -> float:
    """Count Russian smiles: brackets that close nothing, "спасибо)))"; "((" is the same in sorrow.

    A single bracket counts in Cyrillic text only: elsewhere it is what a cut through a parenthesis has left.
    """
    if "(" not in text and ")" not in text:
        return 0.0
    rest = _ratings()[2].sub("", _NUMBERING.sub("", text))
    surplus = rest.count(")") - rest.count("(")
    if surplus > 0 and ("))" in rest or _CYRILLIC.search(rest)):
        return float(surplus)
    return float(surplus) if surplus < 0 and "((" in rest else 0.0


@cache
def _ratings() -> tuple[dict[str, float], dict[str, float], re.Pattern[str]]:
    """Return emoji to rating, emoticon to rating, and what finds the emoticons."""
    table = json.loads(resource_path("data/emoji.json").read_text(encoding="utf-8"))
    emoji = {sign: float(rating) for rating, signs in table["emoji"].items() for sign in signs}
    emoticons = {sign: float(rating) for rating, signs in table["emoticons"].items() for sign in signs.split()}
    parts = []
    for sign in sorted(emoticons, key=len, reverse=True):
        if sign[0] in ":;=" and len(sign) == 2:
            pattern = f"{re.escape(sign[0])}-?{re.escape(sign[1])}" + "+" * (sign[1] not in "/|")
        else:
            pattern = re.escape(sign)
        before = r"(?<!\w)" if sign[0].isalpha() or sign[0] in "=-^(" else ""
        after = r"(?!\w)" if sign[-1].isalpha() or sign[-1] == "3" else r"(?!/)" if sign[-1] == "/" else ""
        parts.append(before + pattern + after)
    return emoji, emoticons, re.compile("|".join(parts))
