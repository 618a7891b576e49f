"""What a guided codebook says, made ready to be compared: its phrases, what they are not, and talk of no theme."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from feedback_nlp.records import UNDETERMINED
from feedback_nlp.resources import resource_path
from feedback_nlp.themes.guided.codebook import GuidedTheme
from feedback_nlp.themes.guided.matching import Matcher, Reach, fit_matcher
from feedback_nlp.themes.space import PreparedSpace

Encode = Callable[[Sequence[str]], np.ndarray]


@dataclass(frozen=True)
class Said:
    """Phrases of themes as rows of the prepared space.

    ``vectors`` (m, p) are of themes ``theme_of`` (m,), ``unlike`` (u, p) are what themes ``unlike_of`` (u,) are not;
    ``elsewhere`` (b, p) and ``beside`` (c, p) are about no theme, as :func:`fit_matcher` takes them.
    """

    vectors: np.ndarray
    theme_of: np.ndarray
    unlike: np.ndarray
    unlike_of: np.ndarray
    elsewhere: np.ndarray
    beside: np.ndarray

    def matcher(self, sample: np.ndarray, rows: np.ndarray, reach: Reach) -> Matcher:
        """Return the matcher of themes ``rows``, those that have a phrase, numbered from 0 in that order."""
        return fit_matcher(
            sample,
            self.vectors,
            np.searchsorted(rows, self.theme_of),
            len(rows),
            unlike=self.unlike,
            unlike_of=np.searchsorted(rows, self.unlike_of),
            elsewhere=self.elsewhere,
            beside=self.beside,
            reach=reach,
        )


def said_of(
    space: PreparedSpace, themes: Sequence[GuidedTheme], phrases: Sequence[Mapping[str, Sequence[str]]],
    encode: Encode, reading_language: str,
) -> Said:  # fmt: skip
    """Return what ``phrases``, by theme and language, and the themes' ``unlike`` say, and talk of none, prepared.

    ``encode`` gives unit vectors (n, d); what has no language is in ``reading_language``. A theme without phrases says
    nothing, not even what it is not.
    """
    rows = [(i, code, text) for i, said in enumerate(phrases) for code, texts in said.items() for text in texts]
    other = [
        (i, code, text)
        for i, theme in enumerate(themes)
        if phrases[i]
        for code, texts in theme.unlike.items()
        for text in texts
    ]
    far, beside = (
        [(code, text) for name in names for code, texts in _talk(name).items() for text in texts]
        for names in (("other_talk",), ("customer_talk", "talk_without_object"))
    )
    codes = [code for _, code, _ in rows + other] + [code for code, _ in far + beside]
    texts = [text for _, _, text in rows + other] + [text for _, text in far + beside]
    vectors = np.asarray(encode(texts), dtype=np.float32)
    languages = [reading_language if code == UNDETERMINED else code for code in codes]
    prepared = space.prepare(vectors, languages)
    spoken = len(rows) + len(other)
    return Said(
        prepared[: len(rows)],
        np.array([i for i, _, _ in rows], dtype=np.int64),
        prepared[len(rows) : spoken],
        np.array([i for i, _, _ in other], dtype=np.int64),
        prepared[spoken : spoken + len(far)],
        prepared[spoken + len(far) :],
    )


@lru_cache
def _talk(name: str) -> dict[str, list[str]]:
    """Return sentences by language that are about no theme.

    "other_talk" is about no customer's experience: news, nature, everyday wishes; "customer_talk" and
    "talk_without_object" are what customers write around their point.
    """
    said: dict[str, list[str]] = json.loads(resource_path(f"data/{name}.json").read_text(encoding="utf-8"))
    return said


def phrases_of(theme: GuidedTheme, is_parent: bool) -> dict[str, tuple[str, ...]]:
    """Return what is matched, by language: phrases and label; without phrases the definition too.

    A parent without phrases of its own is mentioned through its sub-themes.
    """
    if not theme.phrases:
        if is_parent:
            return {}
        return {
            code: tuple(filter(None, (label, theme.definitions.get(code, "")))) for code, label in theme.labels.items()
        }
    return {
        code: tuple(dict.fromkeys(filter(None, (theme.labels.get(code, ""), *poles.all))))
        for code, poles in theme.phrases.items()
    }
