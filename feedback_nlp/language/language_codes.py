"""Languages as columns name them, turned into ISO 639-1 codes."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_ISO_639_1 = """
aa ab af am ar as ay az ba be bg bh bi bn bo br bs ca co cs cy da de dz el en eo es et eu fa fi fj fo fr fy ga
gd gl gn gu ha he hi hr hu hy ia id ie ik is it iu ja jv ka kk kl km kn ko ks ku ky la lb lo lt lv mg mi mk ml
mn mr ms mt my nb ne nl nn no oc om or pa pl ps pt qu rm rn ro ru rw sa sd sg si sk sl sm sn so sq sr ss st su
sv sw ta te tg th ti tk tl tn to tr ts tt tw ug uk ur uz vi vo wo xh yi yo za zh zu
"""
_CODES = frozenset(_ISO_639_1.split())
# Three-letter codes (ISO 639-2 and -3), English names, own names, and names in the six languages.
_NAMES = {
    "ar": "ara arabic العربية عربي عربية arabă arabo арабский arabski",
    "bg": "bul bulgarian български bulgară bulgaro болгарский bułgarski",
    "cs": "ces cze czech čeština cehă ceco чешский czeski",
    "da": "dan danish dansk",
    "de": "deu ger german deutsch germană tedesco немецкий niemiecki الألمانية",
    "el": "ell gre greek ελληνικά greacă greco греческий grecki",
    "en": "eng english engleză inglese английский angielski الإنجليزية انجليزي",
    "es": "spa spanish español castellano spaniolă spagnolo испанский hiszpański الإسبانية",
    "et": "est estonian eesti",
    "fa": "fas per persian farsi فارسی",
    "fi": "fin finnish suomi",
    "fr": "fra fre french français franceză francese французский francuski الفرنسية",
    "he": "heb hebrew עברית",
    "hi": "hin hindi हिन्दी",
    "hr": "hrv croatian hrvatski",
    "hu": "hun hungarian magyar maghiară ungherese венгерский węgierski",
    "id": "ind indonesian",
    "it": "ita italian italiano italiană итальянский włoski الإيطالية",
    "ja": "jpn japanese 日本語",
    "kk": "kaz kazakh қазақ казахский",
    "ko": "kor korean 한국어",
    "lt": "lit lithuanian lietuvių",
    "lv": "lav latvian latviešu",
    "nl": "nld dut dutch nederlands olandeză olandese нидерландский голландский holenderski niderlandzki",
    "no": "nor nob nno norwegian norsk",
    "pl": "pol polish polski poloneză polacco польский البولندية",
    "pt": "por portuguese português portugheză portoghese португальский portugalski",
    "ro": "ron rum romanian română romana rumeno румынский rumuński الرومانية",
    "ru": "rus russian русский rusă russo rosyjski الروسية",
    "sk": "slk slo slovak slovenčina",
    "sl": "slv slovenian slovene slovenščina",
    "sr": "srp serbian srpski српски",
    "sv": "swe swedish svenska",
    "tr": "tur turkish türkçe turcă turco турецкий turecki التركية",
    "uk": "ukr ukrainian українська ucraineană ucraino украинский ukraiński",
    "vi": "vie vietnamese",
    "zh": "zho chi chinese mandarin 中文 chineză cinese китайский chiński",
}


def _bare(word: str) -> str:
    letters = unicodedata.normalize("NFKD", word.casefold())
    return "".join(char for char in letters if not unicodedata.combining(char)).replace("ł", "l")


_BY_NAME = {_bare(name): code for code, names in _NAMES.items() for name in names.split()}


@lru_cache(maxsize=4096)
def language_code(value: str) -> str | None:
    """Return the ISO 639-1 code of "EN", "pt_BR", "pol", "English", "limba română" or "русский"; None if unknown."""
    words = re.findall(r"[^\W\d_]+", value.strip())
    if not words:
        return None
    first = words[0].casefold()
    if first in _CODES and (len(words) == 1 or len(words[1]) in (2, 4)):
        return first
    return next((_BY_NAME[bare] for bare in map(_bare, words) if bare in _BY_NAME), None)
