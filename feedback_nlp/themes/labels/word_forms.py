"""Forms of one word: grouped without a dictionary, in any script, so that no inflection is read as another word.

A light stemmer in the spirit of truncation (McNamee & Mayfield 2004, https://doi.org/10.1023/B:INRT.0000009441.78971.be)
for scripts with endings, and of Light10 (Larkey et al. 2007, https://doi.org/10.1007/978-1-4020-6046-5_12) for Arabic,
where articles and particles are written onto the word.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile

_ARABIC = re.compile(r"[\u0600-\u06ff]")
_ARABIC_LETTERS = str.maketrans("ٱىة", "ايه")
_ARABIC_FRONTS = ("وال", "بال", "كال", "فال", "لل", "ال", "و")
_ARABIC_ENDS = ("ها", "ان", "ات", "ون", "ين", "يه", "ه", "ي")
_SENTENCE_BEFORE = frozenset('.!?:;\n…"“«(')
_VOWELS = frozenset("aeiouyаеёиоуыэюяьй")
# How many letters two forms of a word may have after those that they share: longer stems bear longer endings.
_ENDINGS = {3: 1, 4: 2, 5: 3, 6: 3}
_LONGEST_ENDING = 4


@lru_cache(maxsize=100_000)
def folded(word: str) -> str:
    """Return a word without case, accents and Arabic vowel signs: ``Aplicația`` and ``aplicatia`` are one."""
    decomposed = unicodedata.normalize("NFKD", word.casefold().replace("ł", "l"))
    return "".join(c for c in decomposed if not unicodedata.combining(c) and c != "ـ").replace("’", "'")


@lru_cache(maxsize=100_000)
def bare(word: str) -> str:
    """Return a folded word without what Arabic writes onto it (article, "and", endings); others as they are."""
    key = folded(word)
    if not _ARABIC.search(key):
        return key
    key = key.translate(_ARABIC_LETTERS)
    for front in _ARABIC_FRONTS:
        if key.startswith(front) and len(key) - len(front) >= 3:
            key = key[len(front) :]
            break
    for end in _ARABIC_ENDS:
        if key.endswith(end) and len(key) - len(end) >= 3:
            return key[: -len(end)]
    return key


def are_forms(one: str, other: str) -> bool:
    """Return whether two bare words differ by their endings only, so that they are likely forms of one word."""
    if one == other:
        return True
    if _ARABIC.search(one):
        return False  # its endings are off already, and its roots are too short to guess more
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
    rest = (one[shared:], other[shared:])
    longest = max(map(len, rest))
    if shared == 3:  # "цена" and "цены", but never "care" and "card"
        return longest == 1 and set("".join(rest)) <= _VOWELS
    return longest <= _ENDINGS.get(shared, _LONGEST_ENDING if shared > 6 else 0)


def stems_of(words: Mapping[str, float]) -> dict[str, str]:
    """Return, for each word, the bare form that stands for its group: the commonest of those that are forms of it.

    ``words`` tells how often each occurs. Each group is built around its commonest word, so that a chain of small
    differences never makes one group of words that have little in common.
    """
    counts = Counter[str]()
    for word, count in words.items():
        counts[bare(word)] += count  # type: ignore[assignment]
    head_of: dict[str, str] = {}  # by shared beginning: the commonest word that has so short an ending after it
    stem_of: dict[str, str] = {}
    rank = {key: place for place, key in enumerate(sorted(counts, key=lambda k: (-counts[k], k)))}
    for key in rank:
        beginnings = _beginnings(key)
        head = min((head_of[b] for b in beginnings if b in head_of), key=rank.__getitem__, default=key)
        stem_of[key] = head
        if head == key:
            for beginning in beginnings:
                head_of.setdefault(beginning, key)
    return {word: stem_of[bare(word)] for word in words}


def _beginnings(key: str) -> list[str]:
    """Return the beginnings of a bare word; two words that have one in common are forms of one word.

    It says what :func:`are_forms` does without comparing every two words: longer beginnings bear longer endings, so
    that words with a beginning in common may differ by what is left.
    """
    if _ARABIC.search(key):
        return []
    lengths = range(max(3, len(key) - _LONGEST_ENDING), len(key) + 1)
    return [
        key[:shared]
        for shared in lengths
        if len(key) - shared <= _ENDINGS.get(shared, _LONGEST_ENDING) and (shared > 3 or set(key[3:]) <= _VOWELS)
    ]


@dataclass(frozen=True)
class Spelling:
    """How people write a language: ``natural`` by lower-case word, ``proper`` the words that only have capitals."""

    natural: Mapping[str, str]
    proper: frozenset[str]


def spelling_of(texts: Iterable[str], token: re.Pattern[str]) -> Spelling:
    """Return how people mostly write each word where it does not begin a sentence.

    Accents that some leave out are put back ("aplicatie" becomes "aplicație") where those who write accents write the
    word so, and so are capitals that a word has within a sentence ("Wi-Fi"). Texts in capitals tell nothing.
    """
    forms_within: list[str] = []
    said: list[str] = []
    said_carefully: list[str] = []
    pieces = _pieces(token)
    for text in texts:
        capitals = 0 if text.islower() else sum(map(str.isupper, text))
        if 3 * capitals > len(text) and capitals > sum(map(str.islower, text)):
            continue
        found, begun = [], False
        for piece in pieces.findall(text):
            if piece in _SENTENCE_BEFORE:
                begun = False
                continue
            if begun or piece.islower():
                forms_within.append(piece)
            found.append(piece.lower())
            begun = True
        said += found
        if not text.isascii() and any(folded(word) != word for word in found):
            said_carefully += found
    forms: dict[str, Counter[str]] = defaultdict(Counter)
    for form, count in Counter(forms_within).items():
        forms[form.lower()][form] = count
    careful: dict[str, Counter[str]] = defaultdict(Counter)  # by folded form, in texts that have accents
    for word, count in Counter(said_carefully).items():
        careful[folded(word)][word] = count
    everywhere, total = Counter(said), Counter[str]()
    for word, count in everywhere.items():
        total[folded(word)] += count
    natural: dict[str, str] = {}
    for word in everywhere:
        form = _accented(word, careful[folded(word)], total[folded(word)]) if folded(word) in careful else word
        natural[word] = _capitals(form, forms[form]) if form in forms else form
    return Spelling(natural, frozenset(word for word, found in forms.items() if all(map(_has_capital, found))))


@lru_cache(maxsize=8)
def _pieces(token: re.Pattern[str]) -> re.Pattern[str]:
    """Return a pattern of words and of the signs that a sentence begins after."""
    return re.compile(f"{token.pattern}|[{re.escape(''.join(sorted(_SENTENCE_BEFORE)))}]", token.flags)


def _has_capital(word: str) -> bool:
    return any(map(str.isupper, word))  # a script without capitals has no lower case either


def _accented(word: str, careful: Counter[str], everywhere: int) -> str:
    if folded(word) != word or not careful:
        return word
    best = min(careful, key=lambda form: (-careful[form], form))
    # A few foreign or mistyped accents are no spelling, where nearly everybody writes the word without.
    return best if careful[word] < 0.2 * careful[best] and careful[best] >= 0.1 * everywhere else word


def _capitals(word: str, within: Counter[str]) -> str:
    """Return the word with the capitals that it mostly has within a sentence; one person's emphasis is not enough."""
    forms = Counter({form: n for form, n in within.items() if _has_capital(form)})
    if not forms or sum(forms.values()) < max(2, within[word]):
        return word
    return min(forms, key=lambda form: (-forms[form], form))
