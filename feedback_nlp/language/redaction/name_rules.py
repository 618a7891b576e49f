"""Rules that a proposed name or address must pass, and names that lists and titles leave no doubt of.

The model reads sentences and takes many capitalised words for people. These rules ask for a second witness: a list of
names, a title, an introduction ("my name is", "dear"), or the look of a name in a sentence written in plain case. Where
every noun has a capital (German), and in letters without capitals (Arabic), they ask for more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from feedback_nlp.language.redaction.arabic_names import announcer, is_arabic, is_arabic_name, listed_arabic
from feedback_nlp.language.redaction.name_cues import (
    AND,
    CAPITAL_NOUNS,
    COMPANIES,
    DEGREES,
    HONORIFICS,
    INTRODUCES,
    LEARNT,
    LEGAL_FORMS,
    LINKING,
    NAME_WORDS,
    NOT_INITIALS,
    PARTICLES,
    PLACES_FOLLOW,
    PRONOUNS,
    SPEAKS,
    SUFFIXES,
    SURNAME_FOLLOWS,
    is_doubtful,
    is_large,
    is_name,
    is_surely_name,
    is_title,
    says_no,
    touching,
    word_before,
)
from feedback_nlp.language.redaction.name_tokens import BRAND, COMMON, GIVEN, PLACE, STREET, SURNAME, TITLE, Token

PERSON, ADDRESS = "PERSON", "ADDRESS"

_STREET_END = re.compile(
    r"(?:stra(?:ß|ss)e|str|weg|platz|gasse|allee|gatan|vägen|gade|vej|straat|laan|katu|tie|utca)$", re.I
)
_LETTERS = re.compile(r"[^\W\d_]")


def kept(label: str, region: Sequence[Token], first: int, last: int, language: str) -> Sequence[Token]:
    """Return the tokens of what the model took for a name or an address, or () where the rules do not allow it."""
    if label == ADDRESS:
        return _kept_address(region[first:last], language in LEARNT)
    if label != PERSON:
        return ()
    while first < last and (is_title(region[first]) or not _is_word(region[first])):
        first += 1
    while first < last and (not _is_word(region[last - 1]) or region[last - 1].word.folded in DEGREES):
        last -= 1
    inside = region[first:last]
    words = [token for token in inside if _is_word(token)]
    if not words or any(token.text[0] in "<@#" for token in inside):
        return ()
    if is_arabic(words[0].text):
        return inside if is_arabic_name(words, announcer(region, first)) else ()
    if any(any(letter.isdigit() for letter in token.text[1:-1]) and not token.text[-1].islower() for token in words):
        return ()
    if _is_company(region, words):
        return ()
    before = word_before(region, first)
    is_titled = before is not None and is_title(before)
    if any(token.text[0].islower() and token.word.folded not in PARTICLES for token in words):
        return inside if language in LEARNT and _is_small_name(region, first, words, is_titled, language) else ()
    if language in CAPITAL_NOUNS and not (is_titled or (len(words) > 1 and _is_clear(words[0]))):
        return ()
    if len(words) == 1:
        return inside if _is_name_alone(region, first, is_titled, language) else ()
    return inside if is_titled or _are_names_together(region, words, language) else ()


def listed_names(region: Sequence[Token], language: str) -> Iterator[Sequence[Token]]:
    """Yield the names that lists and titles leave no doubt of, for where the model passed over them."""
    yield from _with_initials(region)
    for index, token in enumerate(region):
        before = word_before(region, index)
        if is_arabic(token.text):
            yield from listed_arabic(region, index)
            continue
        if not is_large(token) or (index and STREET in region[index - 1].word.lists):
            continue
        after = region[index + 1] if index + 1 < len(region) else None
        pair = after is not None and after.start == token.end + 1 and is_large(after)
        if before and before.word.folded in HONORIFICS and _may_follow(before, token):
            yield region[index : index + 1 + (pair and not is_doubtful(region[index + 1]))]
        elif (
            pair and GIVEN in token.word.lists and PLACE not in token.word.lists and _is_only_surname(region[index + 1])
        ):
            yield region[index : index + 2]
        elif not _is_clear(token):
            continue
        elif pair and (is_name(region[index + 1]) or not region[index + 1].word.lists):
            if not is_doubtful(region[index + 1]) or _is_only_common_surname(region[index + 1]):
                yield region[index : index + 2]
        elif language in LEARNT and is_calm(region) and not _is_chained(region, token, token):
            yield region[index : index + 1]


def _may_follow(honorific: Token, token: Token) -> bool:
    """Whether a word is a name after "Mrs" (any word that is nothing else) or "pani" (a listed name)."""
    if is_name(token) and BRAND not in token.word.lists:
        return True
    return honorific.word.folded in SURNAME_FOLLOWS and token.word.lists in ("", PLACE)


def _is_only_surname(token: Token) -> bool:
    return SURNAME in token.word.lists and COMMON not in token.word.lists and BRAND not in token.word.lists


def _is_only_common_surname(token: Token) -> bool:
    return SURNAME in token.word.lists and not any(mark in token.word.lists for mark in (PLACE, BRAND, TITLE, STREET))


def is_calm(region: Sequence[Token]) -> bool:
    """Whether capitals say something here: most words around are in small letters."""
    words = [token for token in region if _is_word(token)]
    return len(words) < 4 or sum(token.text[0].isupper() for token in words) * 2 <= len(words) + 2


def may_repeat(token: Token) -> bool:
    """Whether a word of a found name counts as that name elsewhere: written large or in Arabic, on no other list."""
    return not is_doubtful(token) and len(token.text) > 2 and _is_word(token) and not token.text[0].islower()


def _is_company(region: Sequence[Token], words: Sequence[Token]) -> bool:
    """Whether a word for a company, or the letters of its legal form, are among the words or right beside them."""
    if any(token.word.folded in COMPANIES for token in words):
        return True
    return any(
        (token.end + 1 == words[0].start and token.word.folded in COMPANIES)
        or (words[-1].end + 1 == token.start and token.word.folded in LEGAL_FORMS)
        for token in region
    )


def _is_small_name(region: Sequence[Token], first: int, words: Sequence[Token], is_titled: bool, language: str) -> bool:
    """Whether words in small letters may be a name: listed, and announced, or a given name with a surname."""
    small = [token for token in words if token.text[0].islower() and token.word.folded not in PARTICLES]
    if is_titled:
        return all(is_surely_name(token) for token in small)
    if any(is_doubtful(token) for token in words):
        return False
    if len(words) > 1 and first > 1 and region[first - 1].text == ":" and region[first - 2].word.folded in NAME_WORDS:
        return True
    if not _is_clear_given(words[0]):
        return False
    if len(words) == 1:
        return len(words[0].text) > 3 and (_is_introduced(region, first) or _is_beside_name(region, first))
    return all(is_name(token) or (language == "en" and len(token.text) > 4) for token in small)


def _is_introduced(region: Sequence[Token], index: int) -> bool:
    """Whether a name is to be expected here: after a greeting, "her name is", "named him", "I'm"."""
    before = [token.word.folded for token in reversed(region[max(0, index - 3) : index])] + ["", "", ""]
    if before[0] in INTRODUCES:
        return True
    if before[0] in LINKING and before[1] in NAME_WORDS:
        return True
    return (before[1] in ("named", "called") and before[0] in PRONOUNS) or before[:3] == ["m", "'", "i"]


def _is_beside_name(region: Sequence[Token], index: int) -> bool:
    """Whether a word is listed beside a word that is only a name: "Nadbath, Stanton and Anna"."""
    return any(
        0 <= other < len(region)
        and region[index + step].text in AND
        and (is_large(region[other]) if region[index].text[0].isupper() else len(region[other].text) > 3)
        and _is_clear_given(region[other])
        for step, other in ((-1, index - 2), (1, index + 2))
    )


def _is_name_alone(region: Sequence[Token], index: int, is_titled: bool, language: str) -> bool:
    """Whether one word may be a name by itself: a listed name, or an unlisted word that a title or cue announces."""
    token, lists = region[index], region[index].word.lists
    is_shouted = token.text.isupper() and len(token.text) < 5
    if is_titled:
        return not says_no(lists) and len(token.text) > 2 and (bool(lists) or not is_shouted)
    if language not in LEARNT:
        return _is_clear(token)
    before = touching(region, token)
    if before is not None and before.text[0].isupper() and PLACE in before.word.lists:  # San Diego
        return False
    if GIVEN in lists and is_large(token):  # Grace and Felice too, where the model takes them for people
        return PLACE not in lists and BRAND not in lists
    if len(token.text) > 2 and not is_doubtful(token) and is_name(token):
        return not is_shouted
    if not is_large(token) or BRAND in lists or says_no(lists) or not is_calm(region):
        return False
    if _is_beside_name(region, index):
        return True
    is_owner = [token.text for token in region[index + 1 : index + 3]] in (["'", "s"], ["’", "s"])
    return _is_introduced(region, index) or (is_owner and PLACE not in lists)


def _are_names_together(region: Sequence[Token], words: Sequence[Token], language: str) -> bool:
    """Whether several words may be a name: one is on a list of names, two are initials, or none is anything else."""
    is_home = language in LEARNT
    if any(BRAND in token.word.lists and not is_name(token) for token in words):
        return False
    if not is_home:
        return _is_clear(words[0]) and not any(says_no(token.word.lists) for token in words)
    if any(is_surely_name(token) for token in words):
        return True
    if any(GIVEN in token.word.lists and is_large(token) for token in words):  # Сила Интернета is nobody
        return language not in SUFFIXES or any(is_name(t) or SUFFIXES[language].search(t.text) for t in words[1:])
    initials = "".join(token.word.folded for token in words if len(token.text) == 1)
    if len(initials) == 2 and initials not in NOT_INITIALS and any(is_large(token) for token in words):
        return True
    if not is_calm(region) or _is_chained(region, words[0], words[-1]) or _is_place(region, words[0]):
        return False
    if language in SUFFIXES and not any(SUFFIXES[language].search(token.text) for token in words):
        return False
    if sum(is_large(token) for token in words) < 2 or len({token.text[0] > "\u03ff" for token in words}) > 1:
        return False
    return all(
        (is_large(token) and not is_doubtful(token)) or len(token.text) == 1 or token.word.folded in PARTICLES
        for token in words
    )


def _is_place(region: Sequence[Token], token: Token) -> bool:
    """Whether what stands before speaks of a place: "in", or "to" without a word of speaking."""
    before = touching(region, token)
    if before is None or before.word.folded not in PLACES_FOLLOW:
        return False
    earlier = touching(region, before)
    return before.word.folded != "to" or earlier is None or earlier.word.folded not in SPEAKS


def _is_chained(region: Sequence[Token], first: Token, last: Token) -> bool:
    """Whether another capitalised word stands right before or behind, as in "San Diego" or "Tube Snake Boogie"."""
    for index, token in enumerate(region):
        is_beside = token.end + 1 == first.start or last.end + 1 == token.start
        is_common = COMMON in token.word.lists and PLACE not in token.word.lists
        is_word = is_title(token) or (is_common and (not index or is_large(token)))
        if is_beside and token.text[0].isupper() and not is_word:
            return True
    return False


def _with_initials(region: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """Yield Russian surnames with one or two initials before or behind: "Петров И. И.", "И.И. Петров"."""
    for index, token in enumerate(region):
        if not (is_large(token) or token.text.isupper()) or not _is_russian_surname(token):
            continue
        end = index + 1
        while end + 1 < len(region) and end < index + 5 and _is_initial(region, end):
            end += 2
        start = index
        while start > 1 and start > index - 4 and _is_initial(region, start - 2):
            start -= 2
        if end > index + 1:
            yield region[index:end]
        elif start < index:
            yield region[start : index + 1]


def _is_initial(region: Sequence[Token], index: int) -> bool:
    token = region[index]
    return len(token.text) == 1 and "А" <= token.text <= "Я" and region[index + 1].text == "."


def _is_russian_surname(token: Token) -> bool:
    if len(token.text) < 4 or not "\u0400" <= token.text[0] <= "\u04ff":
        return False
    return SURNAME in token.word.lists or (not token.word.lists and bool(SUFFIXES["ru"].search(token.text.lower())))


def _kept_address(inside: Sequence[Token], is_home: bool) -> Sequence[Token]:
    """Return an address when it has a number, a name, and a word for a street or the look of a posted address."""
    numbers = [token for token in inside if token.text[0].isdigit()]
    named = [token for token in inside if _is_word(token) and STREET not in token.word.lists and len(token.text) > 2]
    large = [token for token in named if is_large(token) and COMMON not in token.word.lists]
    has_street = any(
        (STREET in token.word.lists and len(token.text) > 1) or _STREET_END.search(token.text) for token in inside
    )
    is_measured = len(numbers) > 4 or any(token.text == "/" for token in inside[1:3])  # percents, tyres, a date
    looks_posted = bool(large) and inside[0] in numbers[:1] and len(numbers) + len(large) > 2 and not is_measured
    is_latin = not any("\u0400" <= token.text[0] <= "\u06ff" for token in inside)
    return inside if numbers and named and (has_street or (looks_posted and is_latin and is_home)) else ()


def _is_word(token: Token) -> bool:
    return bool(_LETTERS.search(token.text))


def _is_clear_given(token: Token) -> bool:
    return GIVEN in token.word.lists and not is_doubtful(token)


def _is_clear(token: Token) -> bool:
    return _is_clear_given(token) and is_large(token)
