"""Find street addresses of the plain form: a street word, its name and a house number, in each language's order.

The name of a town or a country alone carries the complaint and stays. Addresses of other forms are for the trained
names pipeline.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from feedback_nlp.language.redaction.contexts import Found, amount

_CAP = r"[A-ZÀ-ÖØ-ÞĂĄĆĘŁŃŚŹŻȘȚŞŢ]"
_WORD = rf"{_CAP}(?:\w{{0,3}}\.|[\w'’-]*+)"  # a full stop ends only initials and short titles
_JOINING = r"(?:de|du|des|della|dei|del|delle|la|las|los)"
_WITHIN = rf"(?:{_WORD}|{_JOINING}|van|der|von|i|cel|și|si|\d{{1,2}}(?= {_CAP}))"
_NAME = rf"(?:\d{{1,2}} )?(?:{_JOINING} ){{0,2}}(?:{_WORD} ?)(?:{_WITHIN} ?){{0,4}}"
_NO_MORE = r"(?![\w%]|[.,]\d)"
_HOUSE = rf"\d{{1,5}}[A-Za-z]?{_NO_MORE}(?:[/-]\d{{1,4}}[A-Za-z]?)?(?![/-]\d)"

_ENGLISH_FLAT = r"(?:Apt|Apartment|Suite|Ste|Unit|Flat|#)\.? ?[\dA-Z]{1,5}(?!\w)"
_ENGLISH = re.compile(
    r"(?<![\w$€£.,])\d{1,5}[A-Za-z]?,? (?:(?:North|South|East|West|[NSEW])\.? )?"
    rf"(?:(?:{_CAP}[\w'’.-]*+|\d{{1,3}}(?:st|nd|rd|th)) ){{1,4}}"
    r"(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Place|Square|Sq|Terrace|Way|Close"
    r"|Crescent|Parkway|Pkwy|Highway|Hwy|Gardens|Grove|Mews|Alley|Circle|Crossing|Expressway|Freeway|Junction|Loop"
    r"|Path|Pike|Plaza|Row|Trail|Turnpike|Walk|Causeway|Parade)(?!\w)"
    rf"(?:\.?,? {_ENGLISH_FLAT})?"
    rf"|(?<![\w$€£.,])\d{{1,5}} (?:{_CAP}[\w'’.-]*+ ){{1,4}}{_ENGLISH_FLAT}"
)
_POST_BOX = re.compile(r"(?<!\w)P\.? ?O\.? Box \d{1,6}(?!\w)", re.I)
_ROMANIAN = re.compile(
    r"(?<!\w)(?:[Ss]tr\.|[Ss]trada|[Ss]trăzii|[Bb]d\.|[Bb]-dul|[Bb]ulevardul|[Cc]alea|[ȘșŞşSs]os\.|[ȘșŞşSs]oseaua"
    rf"|[Aa]leea|[Pp]iața|[Ii]ntrarea|[Ss]plaiul) ?{_NAME},? ?(?:nr\.? ?|numărul )?{_HOUSE}"
    r"(?:,? {0,2}(?i:bl|bloc|sc|scara|et|etaj|etajul|ap|apt|apartament|apartamentul|cam|sector|sectorul)\.? ?"
    r"\w{1,4}(?!\w))*"
    r"|(?<!\w)MD-\d{4}(?!\w)"
)
_POLISH = re.compile(
    r"(?<!\w)(?:[Uu]l\.|[Uu]lic[aeyęą]|[Aa]l\.|[Aa]le(?:j[aeąę]|i)|[Pp]l\.|[Pp]lac[ue]?|[Oo]s\.|[Oo]siedl[eua])"
    rf" ?{_NAME}{_HOUSE}(?: ?m\.? ?\d{{1,3}})?(?:,? \d{{2}}-\d{{3}}(?!\d))?"
)
_RUSSIAN_STREET = (
    r"(?:[Уу]л\.|[Уу]лиц[аеуы]|[Пп]р\.|[Пп]р-т|[Пп]р-кт|[Пп]роспект[еуа]?|[Пп]ер\.|[Пп]ереул[а-я]+|[Бб]ульвар[еуа]?"
    r"|[Бб]-р|[Шш]\.|[Шш]оссе|[Пп]л\.|[Пп]лощад[ьи]|[Нн]аб\.|[Нн]абережн[а-я]+|[Аа]лл\.|[Аа]лле[яеи]|[Бб]ул\.|[Мм]кр\.?|[Мм]икрорайон[еа]?)"
)
_RUSSIAN_HOUSE = (
    rf",? ?(?:д\.? ?|дом[еау]? ?|№ ?)?\d{{1,4}}(?:[а-я]| ?[А-Я])?{_NO_MORE}(?!-[а-я])(?:/\d{{1,3}})?"
    r"(?:,? ?(?:к|корп|корпус|стр|строение|кв|квартира|квартире|оф|офис|под|подъезд|эт|этаж|литер)\.? ?"
    r"\d{1,4}[а-я]?(?:/\d{1,3})?(?!\w))*"
)
_RUSSIAN = re.compile(
    rf"(?<!\w){_RUSSIAN_STREET} ?(?:\d{{1,3}}(?:-?[а-яА-Я]{{1,2}})? )?(?:[А-ЯЁ][\w.-]*+ ?){{1,4}}{_RUSSIAN_HOUSE}"
    r"|(?<!\w)(?:[А-ЯЁ][\w-]*+ ){1,3}(?:ул\.|улица|пр-т|проспект|переулок|бульвар|шоссе|набережная)"
    rf"{_RUSSIAN_HOUSE}"
)
_ITALIAN = re.compile(
    r"(?<!\w)(?:[Vv]ia|[Vv]iale|[Pp]iazza|[Pp]\.zza|[Pp]iazzale|[Cc]orso|[Cc]\.so|[Ll]argo|[Vv]icolo|[Ss]trada"
    r"|[Ll]ungomare|[Ll]ungotevere|[Cc]ontrada|[Bb]orgo|[Tt]raversa|[Ss]alita) "
    r"(?!(?:WhatsApp|Whatsapp|SMS|PEC|Email|Mail|E-mail|Web|Fax|App|Chat|Skype|Internet|Messenger"
    rf"|PayPal|Paypal)\b){_NAME},? ?(?:n\.? ?|n° ?|nr\.? ?|numero |civico )?{_HOUSE}"
    r"(?:,? ?(?i:int|interno|scala|piano|appartamento)\.? ?\w{1,4}(?!\w))*(?:,? (?:- )?\d{5}(?!\d))?"
)
_ARABIC = re.compile(
    r"(?<!\w)[وفبل]?(?:شارع|طريق|جادة|ميدان) (?:[\u0621-\u064a]{2,15} ){1,4}(?:رقم |مبنى |عمارة |منزل )?"
    rf"\d{{1,5}}{_NO_MORE}(?:[،,]? ?(?:شقة|مبنى|عمارة|الطابق|طابق|الدور|دور)(?: رقم)? \d{{1,4}}(?!\w))*"
    r"|(?<![\w.,])\d{1,4} (?:شارع|طريق) [\u0621-\u064a]{2,15}(?: [\u0621-\u064a]{2,15})?"
)
_OTHERS = re.compile(
    rf"(?<!\w){_CAP}[\w-]{{1,30}}?(?:straße|strasse|str\.|gasse|allee|weg|platz|damm|straat|laan|gracht|kade|plein)"
    rf" {_HOUSE}|(?<!\w){_CAP}[\w-]{{1,30}}+ (?:Straße|Strasse|Str\.|Allee|Platz|Weg) {_HOUSE}"
    rf"|(?<![\w.,])\d{{1,4}}(?: ?bis| ?ter)?,? (?:rue|avenue|boulevard|allée|chemin|impasse|quai) {_NAME}"
    rf"|(?<!\w)(?:[Cc]alle|[Cc]/|[Aa]venida|[Aa]vda\.|[Pp]aseo|[Rr]ua|[Tt]ravessa) {_NAME},? ?(?:n[.º°]? ?)?{_HOUSE}"
)
# A pattern, and what a text that it fits holds one of: far cheaper to look for. A space stands for a word's beginning.
_PATTERNS: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (
        _ENGLISH,
        (
            " st", " av", " road", " rd", " la", " ln", " dr", " bo", " bl", " co", " ct", " pl", " sq", " te",
            " wa", " cl", " cr", " pa", " pk", " hw", " hi", " ga", " gr", " me", " al", " ci", " ex", " fr", " ju",
            " lo", " pi", " ro", " tr", " tu", " ap", " su", " un", " fl", " #",
        ),
    ),
    (_POST_BOX, ("box ",)),
    (
        _ROMANIAN,
        (
            " str.", " strada", " străzii", " bd.", " b-dul", " bulevard", " calea", " sos.", " șos.", " şos.",
            " soseaua", " șoseaua", " şoseaua", " aleea", " piața", " intrarea", " splai", " md-",
        ),
    ),
    (_POLISH, (" ul.", " ulic", " al.", " ale", " pl.", " plac", " os.", " osiedl")),
    (
        _RUSSIAN,
        (
            " ул", " пр.", " пр-", " проспект", " пер.", " переул", " б-р", " бульв", " ш.", " шоссе", " пл.",
            " площад", " алл", " бул", " наб", " мкр", " микрор",
        ),
    ),
    (
        _ITALIAN,
        (" via", " piazza", " p.zza", " corso", " c.so", " largo", " vicolo", " strada", " lungo",
         " contrada", " borgo", " traversa", " salita"),
    ),
    (_ARABIC, ("شارع", "طريق", "جادة", "ميدان")),
    (
        _OTHERS,
        (
            "straße", "strasse", "str.", "gasse", "allee", "weg", "platz", "damm", "straat", "laan", "gracht",
            "kade", "plein", " rue ", " avenue ", " quai", " boulevard", " allée", " chemin", " impasse", " calle",
            " c/", " avenida", " avda.", " paseo", " rua ", " travessa",
        ),
    ),
)  # fmt: skip
_VIA = ("it", "und")  # elsewhere "via London 7" is a route
_WORD_START = str.maketrans(dict.fromkeys("\n\t\r(\"'«„“/:;,", " "))


def find_addresses(text: str, language: str) -> Iterator[Found]:
    """Yield street addresses with a house number, whatever the language of the words around them."""
    lowered = " " + text.lower().translate(_WORD_START)
    for pattern, beginnings in _PATTERNS:
        if (pattern is _ITALIAN and language not in _VIA) or not any(beginning in lowered for beginning in beginnings):
            continue
        for match in pattern.finditer(text):
            written = match[0].rstrip(" ,.")
            if amount().match(text, match.start() + len(written)):
                continue  # "the road is 1600 km long"
            yield Found(match.start(), match.start() + len(written), "ADDRESS", " ".join(written.casefold().split()))
