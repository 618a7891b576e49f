"""The few words of each language that a label needs told apart: "and", "I", "the" and "too".

Stop words alone do not tell which of them a name may begin with: "no technician came" and "too expensive" may begin so,
"I was charged" and "the price" may not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

_AND = {
    "ar": "و", "bg": "и", "bs": "i", "ca": "i", "cs": "a", "da": "og", "de": "und", "el": "και", "en": "and",
    "eo": "kaj", "es": "y", "et": "ja", "eu": "eta", "fa": "و", "fi": "ja", "fr": "et", "gl": "e", "he": "ו",
    "hi": "और", "hr": "i", "hu": "és", "hy": "և", "id": "dan", "is": "og", "it": "e", "ja": "と", "ka": "და",
    "kk": "және", "ko": "및", "lt": "ir", "lv": "un", "mk": "и", "ms": "dan", "nb": "og", "nl": "en", "no": "og",
    "pl": "i", "pt": "e", "ro": "și", "ru": "и", "sk": "a", "sl": "in", "sq": "dhe", "sr": "и", "sv": "och", "sw": "na",
    "th": "และ", "tl": "at", "tr": "ve", "uk": "і", "ur": "اور", "vi": "và", "zh": "和",
}  # fmt: skip
_WRITTEN_ONTO_THE_NEXT = {"ar", "he"}
_WITHOUT_SPACES = {"ja", "th", "zh"}

# Who speaks, in every form: a label says what is the matter, not whom it befell.
_FIRST_PERSON = {
    "en": "i i'm i've i'd i'll im ive me my mine myself we we're we've we'd we'll us our ours ourselves",
    "ro": "eu mie mine mi mă ma m-a m-am m-au mi-a mi-am mi-au mi-e noi nouă ne ne-a ne-am ne-au meu mea mei mele "
    "nostru noastră noștri noastre am",
    "ru": "я меня мне мной мною мы нас нам нами мой моя моё мое мои моего моей моих моему моим моими мою наш наша наше "
    "наши нашего нашей наших нашему нашим нашу",
    "it": "io mi me m'ha noi ci mio mia miei mie nostro nostra nostri nostre ho abbiamo sono",
    "ar": "أنا انا نحن إحنا احنا لي لنا عندي عندنا معي معنا مني منا وأنا وانا",
    "pl": "ja mnie mi mną my nas nam nami mój moja moje mojego mojej moim moją moich nasz nasza nasze naszego naszej "
    "naszym naszą naszych mam mamy jestem jesteśmy",
    "de": "ich mich mir mein meine meinen meinem meiner meines wir uns unser unsere unseren unserem unserer habe bin",
    "fr": "je j'ai me m'a moi mon ma mes nous notre nos j'étais suis ai",
    "es": "yo me mí mi mis mío mía nosotros nosotras nos nuestro nuestra nuestros nuestras he hemos",
    "pt": "eu me mim meu minha meus minhas nós nos nosso nossa nossos nossas tenho temos",
    "nl": "ik mij me mijn wij we ons onze heb ben",
    "tr": "ben beni bana benim biz bizi bize bizim",
    "uk": "я мене мені мною ми нас нам нами мій моя моє мої наш наша наше наші",
    "cs": "já mě mně mi mnou my nás nám námi můj moje má náš naše jsem jsme",
}
# Words that may open a label though they are stop words, beside negations: without them it says something else.
_DEGREE = {
    "en": "too so more less only always hard lack still nobody nothing none",
    "ro": "prea mai doar mereu nimeni nimic lipsa lipsă",
    "ru": "слишком очень более менее только всегда никто ничего нельзя невозможно",
    "it": "troppo troppa troppi troppe più meno solo sempre poco poca niente nulla",
    "ar": "جدا اكثر أكثر اقل أقل فقط دائما",
    "pl": "zbyt bardziej mniej tylko zawsze nic nikt",
    "de": "zu mehr weniger nur immer nichts niemand",
    "fr": "trop plus moins toujours rien personne peu",
    "es": "demasiado más menos solo siempre nada nadie poco",
    "pt": "demasiado muito mais menos só sempre nada ninguém pouco",
    "nl": "te meer minder alleen altijd niets niemand",
}
# Where nouns are declined, what follows a preposition or a quantity is no name: "po przesłaniu wyników" without "po"
# is not.
_PREPOSITIONS = {
    "ru": "в во на с со к ко у о об обо от ото до из изо за по под подо над надо при про для без безо через перед "
    "между около после кроме вместо из-за из-под среди ради против несколько пару много мало сколько столько",
    "pl": "w we na z ze do od ode o po pod pode nad nade przy przez przed za dla bez u ku między obok około oprócz "
    "podczas zamiast według wśród dzięki mimo poza kilka kilku parę wiele dużo mało ile tyle",
    "uk": "в у на з із зі до від о об по під над при про для без через перед між біля після крім замість за",
    "cs": "v ve na s se k ke u o od ode do z ze za po pod pode nad nade při pro bez přes před mezi kolem vedle "
    "kromě místo",
    "sk": "v vo na s so k ku u o od odo do z zo za po pod nad pri pre bez cez pred medzi okolo vedľa okrem",
    "hr": "u na s sa k ka o od do iz za po pod nad pri bez kroz prema pred između oko kod",
    "sr": "u na s sa k ka o od do iz za po pod nad pri bez kroz prema pred između oko kod у на с са о од до из за по "
    "под над при без кроз према пред између око код",
    "de": "in im ins an am ans auf aus bei beim mit nach von vom zu zum zur für über unter vor vorm hinter neben "
    "zwischen durch gegen ohne um seit trotz während wegen",
}
# What may belong to the verb before it: "cannot log" breaks off, "cannot log in" does not.
_PARTICLES = {"en": "in on up out off down back away through over to"}
# How words end that are declined or say "I": a name seldom begins with one.
_ENDINGS = {
    "ru": r"(?:ю|юсь|усь|емся|имся|ем|им|ём|ого|его|ому|ему|ыми|ими|ами|ями|ах|ях)$",
    "pl": r"(?:łam|łem|liśmy|łyśmy|ę|ego|emu|ami|ach|ymi|imi|ym)$",
    "uk": r"(?:ю|юсь|ємо|імо|ого|ому|ими|ами|ями|ах|ях)$",
    "cs": r"(?:ého|ému|ými|ami|ách|ích)$",
}
# How verbs end that say "I" or "we", where no pronoun needs to.
_SPEAKING = {"pl": r"(?:łam|łem|liśmy|łyśmy)$"}


def _words(table: dict[str, str], language: str) -> frozenset[str]:
    return frozenset(table.get(language, "").split())


@cache
def first_person(language: str) -> frozenset[str]:
    """Return a language's words for who speaks, lower-case; none for a language that nobody listed."""
    return _words(_FIRST_PERSON, language)


@cache
def openers(language: str) -> frozenset[str]:
    """Return the stop words that may open a label, lower-case, apart from negations."""
    return _words(_DEGREE, language)


@cache
def prepositions(language: str) -> frozenset[str]:
    """Return the prepositions of a language that declines its nouns, lower-case; none for any other."""
    return _words(_PREPOSITIONS, language)


def is_speaking(word: str, language: str) -> bool:
    """Return whether a word says who speaks, by itself or by its ending."""
    ending = _SPEAKING.get(language)
    return word in first_person(language) or (ending is not None and re.search(ending, word) is not None)


@cache
def particles(language: str) -> frozenset[str]:
    """Return the words that may be a part of the verb before them, lower-case."""
    return _words(_PARTICLES, language)


def is_declined(word: str, language: str) -> bool:
    """Return whether a word's ending is that of a declined noun or of a verb in the first person; a guess."""
    return language in _ENDINGS and re.search(_ENDINGS[language], word) is not None


def conjunction(language: str) -> str | None:
    """Return a language's word for "and", or None where it is not known."""
    return _AND.get(language)


def joined(parts: Sequence[str], language: str) -> str:
    """Return two names with the language's own "and" between them, or " & " where it is not known."""
    one, other = parts
    word = _AND.get(language)
    if word is None:
        return f"{one} & {other}"
    if language in _WRITTEN_ONTO_THE_NEXT:
        return f"{one} {word}{other}"
    return f"{one}{word}{other}" if language in _WITHOUT_SPACES else f"{one} {word} {other}"
