"""Rules for names in Arabic letters, which have no capitals: a name needs a second name, a title or a cue beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from feedback_nlp.language.redaction.name_cues import (
    ARABIC_BETWEEN,
    ARABIC_HONORIFICS,
    ARABIC_KIN,
    ARABIC_LINKS,
    ARABIC_NAMED,
    is_doubtful,
    is_name,
    is_surely_name,
    is_title,
    says_no,
    word_before,
)
from feedback_nlp.language.redaction.name_tokens import CUE, GIVEN, SURNAME, Token


def is_arabic(text: str) -> bool:
    """Whether a word begins with an Arabic letter."""
    return "\u0620" <= text[0] <= "\u06ff"


def announcer(region: Sequence[Token], index: int) -> Token | None:
    """Return the word that may announce a name here: the one before, over words such as "many" in "many thanks to"."""
    before = word_before(region, index)
    if before is not None and before.word.folded in ARABIC_BETWEEN:
        return word_before(region, index - 1)
    return before


def is_arabic_name(words: Sequence[Token], before: Token | None) -> bool:
    """Whether Arabic words may be a name: two listed names, or one that a title, a cue or a word of kin announces.

    A job ("الموظف") announces nothing: mostly a verb or an adjective follows it.
    """
    first = words[0]
    if any(says_no(token.word.lists) and token.word.folded not in ARABIC_LINKS for token in words):
        return False
    sure = sum(is_surely_name(token) for token in words)
    linked = any(token.word.folded in ARABIC_LINKS for token in words[:-1])
    named = sum(is_name(token) for token in words)
    if sure > 1 or (sure and linked) or (sure and named > 1):
        return True
    folded = _without_prefix(before) if before is not None else ""
    if folded in ARABIC_NAMED:
        return True
    if folded in ARABIC_HONORIFICS or folded in ARABIC_KIN:
        return is_name(first) or len(words) > 1
    return before is not None and (is_title(before) or CUE in before.word.lists) and bool(sure)


def listed_arabic(region: Sequence[Token], index: int) -> Iterator[Sequence[Token]]:
    """Yield the name that begins at ``index`` where the lists leave no doubt: announced, or followed by more names."""
    given, end = region[index], index + 1
    is_servant = given.word.folded == "عبد" and end < len(region) and region[end].text.startswith("ال")
    if is_servant:
        end += 1
    elif GIVEN not in given.word.lists or (is_doubtful(given) and not _is_followed(region, end)):
        return
    while end < len(region) and region[end].start == region[end - 1].end + 1:
        following = region[end]
        is_linked = following.word.folded in ARABIC_LINKS and end + 1 < len(region) and is_name(region[end + 1])
        is_family = following.text.startswith("ال") and is_name(following)
        if not is_linked and not is_family and (not is_surely_name(following) or is_doubtful(following)):
            break
        end += 2 if is_linked else 1
    before = announcer(region, index)
    is_announced = before is not None and (
        is_title(before)
        or CUE in before.word.lists
        or (given.text[0] == "و" and given.word.folded[0] == "و" and is_surely_name(before))
    )
    if end > index + 1 + is_servant or is_announced:
        yield region[index : min(end, len(region))]


def _is_followed(region: Sequence[Token], index: int) -> bool:
    """Whether a surname with its article stands here that is no other word: "سامي الغامدي"."""
    if index >= len(region) or region[index].start != region[index - 1].end + 1:
        return False
    token = region[index]
    return token.text.startswith("ال") and SURNAME in token.word.lists and not is_doubtful(token)


def _without_prefix(token: Token) -> str:
    folded = token.word.folded
    return f"ال{folded[2:]}" if folded.startswith("لل") else folded.removeprefix("و")
