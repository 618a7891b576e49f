"""What the rules for names look up and ask of a word: words that announce a name, stand beside one, or rule one out.

All words here are folded (small letters, no accents).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from feedback_nlp.language.redaction.name_tokens import BRAND, COMMON, GIVEN, PLACE, STREET, SURNAME, TITLE, Token


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LEARNT = _words("en ro ru it ar pl und")  # elsewhere only listed given names count
CAPITAL_NOUNS = _words("de lb nds gsw")  # languages in which every noun has a capital
NOT_INITIALS = _words("ps рs пс те тк тд тп тр гр")
PARTICLES = _words("van von der den de la del della di da do dos al el bin ben ibn lui ter y i e d o")
DEGREES = _words("md phd dds dvm mba esq")

# After these a name stands. Other titles ("agent", "сотрудник", "الموظف") are jobs, and much else follows them.
HONORIFICS = _words(
    "mr mrs ms miss mx mister herr frau monsieur madame senor senora dl dna domnul domnului doamna doamnei "
    "signor signora signore signorina sig господин госпожа гн гжа pan pana panu panem pani pania"
)
SURNAME_FOLLOWS = _words("mr mrs ms mister herr frau monsieur madame господин госпожа")  # whatever it looks like
ARABIC_HONORIFICS = _words("السيد السيده الاستاذ الاستاذه استاذ استاذه الدكتور الدكتوره دكتور دكتوره الحاج")
ARABIC_NAMED = _words("اسمي اسمه اسمها باسم الاسم")
ARABIC_KIN = _words("ابني ابنتي زوجي زوجتي اخي اختي صديقي صديقتي ابو ام")
ARABIC_BETWEEN = _words("خاص خاصه جزيلا الجزيل كبير كثيرا")  # "many thanks to"
ARABIC_LINKS = _words("بن ابن بنت ابو ال عبد ام")

INTRODUCES = _words(
    "hi hello hey dear thanks thank thankyou cheers regards named called ask asked told says tell meet met sincerely "
    "salut buna draga numesc cheama multumesc multumim ciao cara caro chiamo grazie saluti czesc drogi droga dziekuje "
    "pozdrawiam зовут привет здравствуйте уважением спасибо благодарю"
)
LINKING = _words("is was to : este e это")
PRONOUNS = _words("him her me it us")
AND = _words(", and & și si и e i oraz")
NAME_WORDS = _words("name names surname nickname nume numele prenume nome cognome imie nazwisko имя фамилия")

COMPANIES = _words(
    "grupa grupie grupy spoldzielnia spoldzielni stowarzyszenie stowarzyszenia fundacja fundacji pphu ppuh fpuh szkola "
    "szkole szkoly liceum uniwersytet uniwersytetu uniwersytecie politechnika politechniki group insurance university "
    "school college inc ltd llc plc gmbh srl spa ооо ип ао зао пао شركه موسسه مجموعه"
)
LEGAL_FORMS = _words("inc ltd llc plc gmbh srl spa sa sp group sons airlines")
PLACES_FOLLOW = _words("in at near to from via w we z ze do din в во из на al alla")
SPEAKS = _words("spoke speak speaking talk talked talking thanks thank lied listened wrote replied married kudos due")
SUFFIXES = {  # what most surnames end in
    "ru": re.compile(
        r"(?:[оеё]в|[иы]н|ск(?:ий|ой|ого|ому|им|ая|ую)|енко|ук|юк|ян|дзе|швили|бай|хан)(?:[аыуе]|ой|ым|ом)?$"
    ),
    "pl": re.compile(r"(?:[sc]k(?:i\w{0,3}|a|ą)|wicz\w{0,3}|czyk\w{0,3}|[aeiou]k(?:a|iem|owi|u|i|ę|ą)?)$"),
}


def is_large(token: Token) -> bool:
    """Whether a word of three letters or more has one capital, its first letter."""
    return len(token.text) > 2 and token.text[0].isupper() and token.text[1:].islower()


def is_doubtful(token: Token) -> bool:
    """Whether a word is on a list of other things than names."""
    return any(mark in token.word.lists for mark in (COMMON, PLACE, BRAND, TITLE, STREET))


def is_title(token: Token) -> bool:
    """Whether a word announces a name ("Mrs", "менеджер")."""
    return TITLE in token.word.lists


def word_before(region: Sequence[Token], index: int) -> Token | None:
    """Return the word before; over a colon, and over the full stop of a short word such as "Mr." or "sig."."""
    if not index:
        return None
    token = region[index - 1]
    if index > 1 and (token.text == ":" or (token.text == "." and len(region[index - 2].text) < 5)):
        return region[index - 2]
    return token


def is_name(token: Token) -> bool:
    """Whether a word is on a list of names."""
    return GIVEN in token.word.lists or SURNAME in token.word.lists


def is_surely_name(token: Token) -> bool:
    """Whether a word is on a list of names and no ordinary word."""
    return is_name(token) and COMMON not in token.word.lists


def says_no(lists: str) -> bool:
    """Whether a word is on a list of other things and on no list of names."""
    return bool(lists) and GIVEN not in lists and SURNAME not in lists


def touching(region: Sequence[Token], token: Token) -> Token | None:
    """Return the word before, if one blank is all that is between."""
    return next((other for other in region if other.end + 1 == token.start), None)
