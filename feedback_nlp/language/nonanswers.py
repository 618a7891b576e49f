"""Tell answers that say nothing ("n/a", "nothing to add", "asdf", "7") from those that may hold a theme, and why.

Such answers lie so close together that they would become the densest theme of all; they are counted apart instead.
The rule: a non-answer gives no content, and no judgement beyond one generic word. "Good", "terrible" and "ok, thanks"
are non-answers; "very good", "it is okay I guess" and "no good" judge, and are answers. So is "everything": it names
nothing either, but to "what did you like?" it is the highest praise there is.

What a "nothing" means depends on the question. Asked what to improve it is a compliment ("nothing_to_improve"), asked
what was good a complaint ("nothing_good"); "I don't know" and "n/a" are neither. Asked "would you recommend us?", a
bare "no" is the answer.

The phrases per language lie in ``data/nonanswers.json``. An answer says nothing when listed phrases cover it from end
to end: something that denies or withholds, repeated or combined as one likes with the words that people put around it
("nothing really at this time, thanks"). A generic word stands alone, beside a courtesy, or before such an answer
("ok, nothing to add"): words around it would make it a judgement.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path

from feedback_nlp.language.cleaning.texts import text_key
from feedback_nlp.language.keyboard_mash import is_mash
from feedback_nlp.language.questions import Asked, Polarity, read_question
from feedback_nlp.records import UNDETERMINED

_FILE = Path(__file__).parent / "data" / "nonanswers.json"
_LONGEST = 120  # characters; whoever writes more says something
_TRIED_WHEN_UNDETERMINED = ("en", "ro", "ru", "it", "ar", "pl")

_PLACEHOLDER = re.compile(r"<[A-Z][A-Z_]*_\d+>")
_EMOJI = re.compile("[\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]")
_EMOTICON = re.compile(
    r"[:;=]['’]?[-^o]?[()\[\]DPp3/|*](?!\w)|<3|\){2,}|\({2,}|(?<!\w)[xX]D+(?!\w)|\^_*\^|(?<!\w)-_+-(?!\w)"
)
_SAID = re.compile(r"[^\W_]")
_SPREADSHEET_ERROR = re.compile(r"\s*#(?:N/A|NAME\?|REF!|VALUE!|NULL!|NUM!|DIV/0!)\s*", re.I)

# What a listed phrase does in an answer; the names are those of the lists.
_ROLES = (
    "denial", "no", "yes", "withheld", "not_applicable", "unchanged", "plain", "objects_improve", "objects_praise",
    "around", "generic", "courtesies", "noise", "units", "alone",
)  # fmt: skip
(
    _DENIAL, _NO, _YES, _WITHHELD, _ABSENT, _UNCHANGED, _PLAIN, _FAULT, _MERIT,
    _AROUND, _GENERIC, _COURTESY, _NOISE, _UNIT, _ALONE,
) = (1 << number for number in range(len(_ROLES)))  # fmt: skip
_ANYWHERE = _DENIAL | _NO | _YES | _WITHHELD | _ABSENT | _AROUND | _GENERIC | _COURTESY | _NOISE | _ALONE
# "Nothing special" and "I would change nothing" judge, unless they answer the question as a "nothing" would.
_ROLES_WHEN_ASKED: dict[Polarity | None, int] = {
    None: _ANYWHERE,
    "improve": _ANYWHERE | _PLAIN | _UNCHANGED | _FAULT,
    "praise": _ANYWHERE | _PLAIN | _MERIT,
}
_NOTHING_WHEN_ASKED: dict[Polarity | None, str] = {
    None: "nothing",
    "improve": "nothing_to_improve",
    "praise": "nothing_good",
}

# What an answer has said up to some word of it.
_START, _PADDED, _GREETED, _NOISY, _HELD, _JUDGED, _NOT_FOR_ME, _DENIED = (1 << number for number in range(8))
_BEFORE = _START | _PADDED | _GREETED
_SAYS_NOTHING = _NOISY | _HELD | _NOT_FOR_ME | _DENIED

_Phrases = dict[str, tuple[tuple[tuple[str, ...], int], ...]]  # by first word: (all words, roles)


def is_non_answer(text: str, language: str) -> bool:
    """Return whether a text holds nothing to analyse, whatever was asked: see :func:`non_answer_kind`."""
    return non_answer_kind(text, language) is not None


def non_answer_kind(text: str, language: str, question: str = "") -> str | None:
    """Return why a text holds nothing to analyse, one of ``records.NON_ANSWER_KINDS``, or None when it says something.

    ``text`` is a cleaned answer. Placeholders of what was redacted from it say nothing when they stand alone.
    ``language`` is an ISO 639-1 code, or undetermined: then the six main languages are tried. English stock phrases
    count in every language. ``question`` is the question's text or its column's name, in any language.

    Emoji and emoticons hold a sentiment: with them an answer says something, unless it is a plain "nothing" or "n/a".
    Texts of more than 120 characters say something, unless there is not a letter in them. The time is linear in the
    length of the text.
    """
    if len(text) > _LONGEST:
        return _kind_of_long(text)
    said = _EMOTICON.sub(" ", text if text.isascii() else _EMOJI.sub(" ", text))
    feels = said != text
    key = text_key(said)
    if not any(map(str.isalnum, key)) or ("<" in said and not _SAID.search(_PLACEHOLDER.sub(" ", said))):
        return None if feels else "empty"
    if _SPREADSHEET_ERROR.fullmatch(text):
        return "empty"
    asked = read_question(question)
    words = tuple(key.split())
    lexicons = _lexicons(language)
    if asked.yes_no and (bare := _yes_or_no(words, lexicons)):
        return _kind_of_yes_or_no(bare, asked)
    roles_allowed = _ROLES_WHEN_ASKED[asked.polarity] | (_PLAIN if asked.anything else 0)
    said_so_far = 0
    for phrases in lexicons:
        said_so_far |= _read(words, phrases, roles_allowed)
    if said_so_far & _DENIED:
        return _NOTHING_WHEN_ASKED[asked.polarity]
    if said_so_far & _NOT_FOR_ME:
        return "not_applicable"
    if feels:
        return None
    if said_so_far & _JUDGED:
        return "generic"
    if said_so_far & _HELD:
        return "nothing"
    if _is_number(words, lexicons):
        return "number"
    return "noise" if said_so_far & _NOISY or is_mash(words, language) else None


def _kind_of_long(text: str) -> str | None:
    """Return the kind of a text so long that no phrase is looked for in it."""
    if not _SAID.search(_PLACEHOLDER.sub(" ", text)):
        return None if _EMOJI.search(text) or _EMOTICON.search(text) else "empty"
    if text.lstrip()[:20].casefold().startswith("lorem ipsum") or len(set(text.casefold()) - {" ", "\n"}) == 1:
        return "noise"
    return None


def _yes_or_no(words: tuple[str, ...], lexicons: tuple[_Phrases, ...]) -> int:
    """Return whether a bare no (``_NO``) or a bare yes (``_YES``) was said, perhaps with thanks; 0 for neither."""
    for phrases in lexicons:
        if _read(words, phrases, _NO | _COURTESY) & _DENIED:
            return _NO
        if _read(words, phrases, _YES | _COURTESY) & _HELD:
            return _YES
    return 0


def _kind_of_yes_or_no(bare: int, asked: Asked) -> str | None:
    """Return what a bare yes or no to a question that can be answered by it is."""
    if asked.polarity == "improve":
        return "nothing_to_improve" if bare == _NO else None
    if not asked.anything:
        return None
    return _NOTHING_WHEN_ASKED[asked.polarity] if bare == _NO else "nothing"


def _is_number(words: tuple[str, ...], lexicons: tuple[_Phrases, ...]) -> bool:
    """Whether this is a number, or several, with nothing but a unit: "7", "4 out of 5", "5 stars"."""
    others = tuple(word for word in words if not word.isdecimal())
    if len(others) == len(words):
        return False
    return not others or any(_read(others, phrases, _UNIT, wanted=_PADDED) for phrases in lexicons)


def _read(words: tuple[str, ...], phrases: _Phrases, roles_allowed: int, wanted: int = _SAYS_NOTHING | _JUDGED) -> int:
    """Return what an answer says when listed phrases cover it from end to end, in every way they may; 0 if none does.

    Each word is met once, with all that may have been said before it, so that no answer can make this slow.
    """
    if words[0] not in phrases:
        return 0
    reached = [0] * (len(words) + 1)
    reached[0] = _START
    for place, word in enumerate(words):
        if before := reached[place]:
            for phrase, roles in phrases.get(word, ()):
                end = place + len(phrase)
                if roles & roles_allowed and words[place:end] == phrase:
                    if phrase == words and roles & roles_allowed & _WITHHELD:
                        return _HELD & wanted  # "no comment" is no "no" with a comment
                    reached[end] |= _after(before, roles & roles_allowed)
                    if phrase == words and roles & roles_allowed & _ALONE:  # "not" is a no, "not here" is more
                        reached[end] |= _DENIED
    return reached[-1] & wanted


@lru_cache(maxsize=4096)
def _after(before: int, roles: int) -> int:
    """Return what is said after a phrase with these roles, where one or more of ``before`` was said until then."""
    after = 0
    if roles & (_DENIAL | _UNCHANGED | _PLAIN) or (roles & _NO and before & ~_JUDGED):  # "good, no" may be "not good"
        after |= _DENIED
    if roles & _ABSENT:
        after |= (before & _DENIED) | (_NOT_FOR_ME if before & ~_DENIED else 0)
    if roles & (_WITHHELD | _YES):
        after |= before & (_DENIED | _NOT_FOR_ME | _JUDGED) | (_HELD if before & (_BEFORE | _NOISY | _HELD) else 0)
    if roles & (_AROUND | _FAULT | _MERIT):
        after |= before & _SAYS_NOTHING | (_PADDED if before & _BEFORE else 0)
    if roles & _COURTESY:
        after |= before & _JUDGED | (_GREETED if before & (_START | _GREETED) else 0)
    if roles & _GENERIC and before & (_START | _GREETED | _JUDGED):
        after |= _JUDGED
    if roles & _NOISE and before & (_START | _PADDED | _NOISY):
        after |= _NOISY
    if roles & _UNIT:
        after |= _PADDED
    return after


@lru_cache
def _lexicons(language: str) -> tuple[_Phrases, ...]:
    """Return the phrases that an answer in this language may consist of; those of two languages are not mixed."""
    if language == UNDETERMINED:
        return tuple(_phrases(("any", code)) for code in _TRIED_WHEN_UNDETERMINED)
    if language == "en":
        return (_phrases(("any", "en")),)
    # English words that judge are left out: "bad" is a bath in German, "fine" is the end in Italian.
    return _phrases(("any", language)), _phrases(("any", "en"), leave_out="generic")


def _phrases(languages: tuple[str, ...], leave_out: str = "") -> _Phrases:
    lists = stock_phrases()
    roles: dict[tuple[str, ...], int] = {}
    for language in languages:
        for name, phrases in lists.get(language, {}).items():
            if name == leave_out and language != "any":
                continue
            for phrase in phrases:
                if words := tuple(text_key(phrase).split()):
                    roles[words] = roles.get(words, 0) | (1 << _ROLES.index(name))
    found: dict[str, list[tuple[tuple[str, ...], int]]] = {}
    for words, role in roles.items():
        found.setdefault(words[0], []).append((words, role))
    return {word: tuple(phrases) for word, phrases in found.items()}


@lru_cache(maxsize=1)
def stock_phrases() -> dict[str, dict[str, list[str]]]:
    """Return the listed phrases: language (or "any") -> list's name -> phrases as people type them."""
    lists: dict[str, dict[str, list[str]]] = json.loads(_FILE.read_text(encoding="utf-8"))
    return lists
