"""Names and definitions from a language model, where the settings name one; phrases stand in wherever it fails.

What is asked follows the literature on naming clusters with a model: keywords and 8 to 12 quotes, some of them from
the middle of the theme and not its centre, siblings beside it, and siblings that come out alike renamed together
(Toponymy, https://github.com/TutteInstitute/toponymy). What comes back is checked and never trusted: quotes may hold
instructions (prompt injection: Greshake et al. 2023, https://doi.org/10.1145/3605764.3623985).
"""

from __future__ import annotations

import json
import logging
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from feedback_nlp.plugins import Labeller
from feedback_nlp.records import stable_hash
from feedback_nlp.settings import Settings
from feedback_nlp.themes.labels.checks import Answer, Rejected, alike, answers_in, check
from feedback_nlp.themes.labels.endpoint import ChatEndpoint, EndpointError
from feedback_nlp.themes.labels.keywords import StopWords
from feedback_nlp.themes.labels.labelling import Feel, KeyphraseLabeller, LabelledTheme
from feedback_nlp.themes.labels.prompt import PROMPT_VERSION, messages_of, quotes_of

SIBLINGS = 12
GIVE_UP_AFTER = 3  # failures in a row, after which the endpoint is not asked again
LEAST_FIT = 0.4  # of the phrase label's cosine to the theme: what a name must have to be about the theme
MARGIN = 0.05  # cosine by which a name may be nearer to a sibling than to its own theme
ALIKE = 0.92  # cosine from which two names say the same
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class NamingReport:
    """How naming went: requests sent, answers taken from the cache, and themes kept under their phrases by reason."""

    calls: int
    cached: int
    named: int
    failures: Mapping[str, int]

    def __str__(self) -> str:
        """Return it as one line for a person."""
        why = "; ".join(f"{reason} ({n})" for reason, n in sorted(self.failures.items()))
        kept = f"; {sum(self.failures.values())} failed: {why}" if self.failures else ""
        return f"{self.named} themes named by the model, {self.calls} requests, {self.cached} from the cache{kept}."


class LLMLabeller:
    """Asks a model for each theme's name; has ``report_`` once :meth:`describe` was called."""

    report_: NamingReport

    def __init__(
        self,
        fallback: KeyphraseLabeller,
        url: str,
        model: str,
        key_variable: str = "",
        cache_dir: Path | str | None = None,
        *,
        timeout: float = 60.0,
        pause: float = 0.5,
    ) -> None:
        """With an empty ``url`` nothing is sent, and ``fallback`` names all themes.

        ``timeout`` is for one answer and ``pause`` before the second try, both in seconds. Raises SettingError for a
        URL that is none, or without a model.
        """
        self._fallback = fallback
        self._endpoint = ChatEndpoint(url, model, key_variable, timeout, pause) if url else None
        self._cache = Path(cache_dir) / "theme-names" if cache_dir else None

    def label(self, evidence: Sequence[Mapping[str, Any]], /) -> list[str]:
        """Return one label a theme, as :meth:`KeyphraseLabeller.label` does."""
        return [theme.label for theme in self.describe(evidence)]

    def describe(self, evidence: Sequence[Mapping[str, Any]], /) -> list[LabelledTheme]:
        """Return each theme's name with its definition and source; evidence is what :class:`KeyphraseLabeller` takes.

        A theme keeps its phrases where no answer comes, or one that is malformed, copied, about something else or the
        name of another theme. No failure is raised.
        """
        phrases = self._fallback.describe(evidence)
        if self._endpoint is None or not evidence:
            self.report_ = NamingReport(0, 0, 0, {})
            return phrases
        run = _Run(self._endpoint, self._cache, self._fallback, evidence, [theme.label for theme in phrases])
        answers = run.answers()
        self.report_ = run.report(len(answers))
        if self.report_.failures:
            _log.warning("Naming themes: %s Themes without a name keep their phrases.", self.report_)
        return [
            LabelledTheme(answers[row].name, answers[row].text, "llm") if row in answers else phrase
            for row, phrase in enumerate(phrases)
        ]


class _Run:
    """One naming of one set of themes."""

    def __init__(
        self,
        endpoint: ChatEndpoint,
        cache: Path | None,
        fallback: KeyphraseLabeller,
        evidence: Sequence[Mapping[str, Any]],
        phrases: Sequence[str],
    ) -> None:
        self._endpoint, self._cache, self._fallback = endpoint, cache, fallback
        self._evidence, self._phrases = evidence, phrases
        self._quotes = [quotes_of(item) for item in evidence]
        self._parents = [item.get("parent") for item in evidence]
        self._calls = self._cached = self._in_a_row = 0
        self._failures = Counter[str]()

    def report(self, named: int) -> NamingReport:
        return NamingReport(self._calls, self._cached, named, dict(self._failures))

    def answers(self) -> dict[int, Answer]:
        """Return the accepted answers by row."""
        found: dict[int, Answer] = {}
        for row in range(len(self._evidence)):
            found.update(self._accepted([row], {}))
        for rows in self._groups_alike(found):
            others = {row: answer for row, answer in found.items() if row not in rows}
            renamed = self._accepted(rows, others)
            for row in rows:
                found.pop(row)
            found |= renamed
        return self._apart(found)

    def _accepted(self, rows: Sequence[int], others: Mapping[int, Answer]) -> dict[int, Answer]:
        """Ask for the names of ``rows`` together and return those that hold."""
        try:
            answers = self._asked(self._messages(rows, others), len(rows))
        except (EndpointError, Rejected) as problem:
            self._failures[str(problem)] += len(rows)
            return {}
        accepted = {}
        for row, answer in zip(rows, answers, strict=True):
            try:
                check(answer, self._quotes[row])
                self._check_fit(row, answer.name)
            except Rejected as problem:
                self._failures[str(problem)] += 1
            else:
                accepted[row] = answer
        return accepted

    def _asked(self, messages: list[dict[str, str]], n: int) -> list[Answer]:
        key = stable_hash(PROMPT_VERSION, self._endpoint.url, self._endpoint.model, json.dumps(messages), size=16)
        path = self._cache / f"{key}.json" if self._cache else None
        if path is not None and path.is_file():
            try:
                answers = answers_in(path.read_text(encoding="utf-8"), n)
            except (OSError, UnicodeDecodeError, Rejected):
                pass  # a damaged file is asked for again
            else:
                self._cached += 1
                return answers
        if self._in_a_row >= GIVE_UP_AFTER:
            raise EndpointError("not asked, as the endpoint kept failing")
        self._calls += 1
        try:
            content = self._endpoint.ask(messages)
        except EndpointError:
            self._in_a_row += 1
            raise
        self._in_a_row = 0
        answers = answers_in(content, n)
        if path is not None:
            _write(path, answers)
        return answers

    def _messages(self, rows: Sequence[int], others: Mapping[int, Answer]) -> list[dict[str, str]]:
        near = [r for row in rows for r in self._siblings(row) if r not in rows][:SIBLINGS]
        names = [others[r].name if r in others else self._phrases[r] for r in dict.fromkeys(near)]
        themes = []
        for row in rows:
            item = self._evidence[row]
            parts = [self._phrases[r] for r, parent in enumerate(self._parents) if parent == row]
            themes.append(
                {
                    "keywords": {code: list(words[:8]) for code, words in sorted(item["keywords"].items())},
                    "quotes": self._quotes[row],
                    **({"parts": parts[:SIBLINGS]} if parts else {}),
                }
            )
        return messages_of(themes, names, self._fallback.reading_language)

    def _siblings(self, row: int) -> list[int]:
        return [r for r, parent in enumerate(self._parents) if r != row and parent == self._parents[row]]

    def _check_fit(self, row: int, name: str) -> None:
        language = self._fallback.reading_language
        vectors = self._fallback.encode([name, self._phrases[row]], [language, language])
        own = float(vectors[0] @ self._evidence[row]["centroid"])
        usual = float(vectors[1] @ self._evidence[row]["centroid"])
        if own < LEAST_FIT * max(usual, 0.25):
            raise Rejected("a name that does not fit the theme")
        beside = [float(vectors[0] @ self._evidence[r]["centroid"]) for r in self._siblings(row)]
        if max(beside, default=-1.0) > own + MARGIN:
            raise Rejected("a name that fits a sibling better")

    def _groups_alike(self, found: Mapping[int, Answer]) -> list[list[int]]:
        """Return the sets of rows whose names say the same."""
        rows = sorted(found)
        keys = dict(zip(rows, alike([found[row].name for row in rows]), strict=True))
        language = self._fallback.reading_language
        vectors = self._fallback.encode([found[row].name for row in rows], [language] * len(rows)) if rows else None
        groups: list[list[int]] = []
        for i, row in enumerate(rows):
            for group in groups:
                first = group[0]
                assert vectors is not None
                same = self._parents[row] == self._parents[first]
                near = same and float(vectors[i] @ vectors[rows.index(first)]) >= ALIKE
                if keys[row] == keys[first] or near:
                    group.append(row)
                    break
            else:
                groups.append([row])
        return [group for group in groups if len(group) > 1]

    def _apart(self, found: Mapping[int, Answer]) -> dict[int, Answer]:
        """Return the answers whose name no other theme has, be it from the model or from phrases."""
        kept: dict[int, Answer] = {}
        names = [*self._phrases, *(found[row].name for row in sorted(found))]
        keys = alike(names)
        own = dict(zip(sorted(found), keys[len(self._phrases) :], strict=True))
        for row in sorted(found):
            phrases = {keys[r] for r in range(len(self._phrases)) if r != row}
            if own[row] in phrases or own[row] in {own[r] for r in kept}:
                self._failures["the name of another theme"] += 1
            else:
                kept[row] = found[row]
        return kept


def _write(path: Path, answers: Sequence[Answer]) -> None:
    """Keep what the model said; a cache that cannot be written is no reason to fail."""
    themes = [{"name": a.name, "definition": a.definition, "include": a.include, "exclude": a.exclude} for a in answers]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.part")
        partial.write_text(json.dumps({"themes": themes}, ensure_ascii=False), encoding="utf-8")
        partial.replace(path)
    except OSError:
        _log.warning("The answers for theme names could not be kept in the cache folder.")


def make_labeller(
    settings: Settings,
    encode: Callable[[Sequence[str], Sequence[str]], np.ndarray],
    stop_words: StopWords,
    negations: StopWords,
    cache_dir: Path | str | None = None,
    *,
    feel: Feel | None = None,
) -> Labeller:
    """Return the labeller that the settings ask for: phrases, or a model with phrases behind it.

    ``encode(phrases, languages)`` returns vectors (n, p) in the prepared space; ``feel`` reads phrases for their
    polarity. Raises SettingError where naming_url is no URL, or naming_model is empty beside it.
    """
    phrases = KeyphraseLabeller(encode, stop_words, settings.reading_language, negations, feel)
    if not settings.naming_url:
        return phrases
    return LLMLabeller(phrases, settings.naming_url, settings.naming_model, settings.naming_key_variable, cache_dir)
