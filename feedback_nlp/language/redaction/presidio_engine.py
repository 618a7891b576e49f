"""Our finders as Presidio recognizers, and users' own from a Presidio YAML file, behind Presidio's analyzer.

Presidio (https://github.com/data-privacy-stack/presidio) has the contract that others write recognizers for: entity
types, languages, scores, context words and thresholds. The analyzer runs without an NLP engine: names come from
:mod:`.person_names`, which works on batches. Presidio's own context enhancer needs lemmas and writes the words around a
value into its debug log; the one here needs neither. Nothing is traced, logged or fetched.

Importing this module takes a while, so :mod:`.redactor` does it when the first text needs it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import Any

import yaml
from presidio_analyzer import (
    AnalyzerEngine,
    EntityRecognizer,
    LocalRecognizer,
    PatternRecognizer,
    RecognizerRegistry,
    RecognizerResult,
    RemoteRecognizer,
)
from presidio_analyzer.app_tracer import AppTracer
from presidio_analyzer.context_aware_enhancers import ContextAwareEnhancer
from presidio_analyzer.nlp_engine import NlpArtifacts, NoOpNlpEngine
from presidio_analyzer.predefined_recognizers.generic import email_recognizer
from presidio_analyzer.recognizer_registry import RecognizerRegistryProvider

from feedback_nlp.errors import SettingError
from feedback_nlp.language.cleaning.texts import fold
from feedback_nlp.language.redaction.contexts import Found, words_of
from feedback_nlp.language.redaction.identifiers import FINDERS, Finder
from feedback_nlp.records import UNDETERMINED

LEAST_SCORE = 0.35  # of a user's recognizer: a pattern weaker than this counts only with its context words
_VALUE = "value"
_WORD = re.compile(r"[^\W_]+")
_WORDS_BEFORE = 5
_WINDOW = 120  # characters in front of a value in which those words are looked for


class FinderRecognizer(LocalRecognizer):
    """One of :data:`.identifiers.FINDERS` for one language (ISO 639-1), with its context words in that language."""

    def __init__(self, finder: Finder, language: str) -> None:
        self._finder = finder
        super().__init__(
            supported_entities=list(finder.kinds),
            name=finder.find.__name__,
            supported_language=language,
            context=[word for topic in finder.topics for word in words_of(topic, language)],
        )

    def load(self) -> None:
        """Do nothing: there is no model."""

    def analyze(
        self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts | None = None
    ) -> list[RecognizerResult]:
        """Return what the finder finds; it has read the context already, so the score stands."""
        return [
            RecognizerResult(
                found.kind,
                found.start,
                found.end,
                self._finder.score,
                recognition_metadata={
                    RecognizerResult.RECOGNIZER_NAME_KEY: self._finder.find.__name__,
                    RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: self.id,
                    RecognizerResult.IS_SCORE_ENHANCED_BY_CONTEXT_KEY: True,
                    _VALUE: found.value,
                },
            )
            for found in self._finder.find(text, self.supported_language)
        ]


class WordContextEnhancer(ContextAwareEnhancer):
    """Raises the score of a result when one of its recognizer's context words is among the five words before it.

    As Presidio's default does by lemmas: a context word counts where it begins a word, so that inflected forms do.
    """

    def __init__(self) -> None:
        super().__init__(
            context_similarity_factor=0.35,
            min_score_with_context_similarity=0.4,
            context_prefix_count=_WORDS_BEFORE,
            context_suffix_count=0,
        )

    def enhance_using_context(
        self,
        text: str,
        raw_results: list[RecognizerResult],
        nlp_artifacts: NlpArtifacts,
        recognizers: list[EntityRecognizer],
        context: list[str] | None = None,
    ) -> list[RecognizerResult]:
        """Return the results with raised scores."""
        by_id = {recognizer.id: recognizer for recognizer in recognizers}
        for result in raw_results:
            metadata = result.recognition_metadata or {}
            if metadata.get(RecognizerResult.IS_SCORE_ENHANCED_BY_CONTEXT_KEY):
                continue
            recognizer = by_id.get(metadata.get(RecognizerResult.RECOGNIZER_IDENTIFIER_KEY))
            words = [*(recognizer.context or ()), *(context or ())] if recognizer else []
            if words and _any_before(text, result.start, words):
                raised = max(result.score + self.context_similarity_factor, self.min_score_with_context_similarity)
                result.score = min(raised, self.MAX_SCORE)
        return raw_results


def _any_before(text: str, start: int, words: Sequence[str]) -> bool:
    before = [fold(word) for word in _WORD.findall(text[max(0, start - _WINDOW) : start])[-_WORDS_BEFORE:]]
    around = " " + " ".join(before)
    return any(f" {fold(word)}" in around for word in words)


class RecognizerEngine:
    """Runs the built-in recognizers and those of a Presidio YAML file over a text.

    ``recognizers`` is a file as Presidio documents it ("recognizers:" with patterns or deny lists, scores, context
    words and languages). A recognizer without a language, and any text of undetermined language, means every language.
    Raises SettingError when the file cannot be read, says nothing Presidio understands, or would send texts away.
    """

    def __init__(self, recognizers: Path | None = None) -> None:
        self._own, self._everywhere = _read_recognizers(recognizers) if recognizers else ([], [])
        self._engines: dict[str, AnalyzerEngine] = {}

    def registry(self, language: str) -> RecognizerRegistry:
        """Return the recognizers of one language (ISO 639-1 or ``und``), built-in ones first."""
        known = {recognizer.supported_language for recognizer in self._own}
        own = [r for r in self._own if r.supported_language == language or language == "und"]
        own += [r for r in self._everywhere if language not in known]
        built_in = [FinderRecognizer(finder, language) for finder in FINDERS]
        return RecognizerRegistry(recognizers=[*built_in, *_spoken(own, language)], supported_languages=[language])

    def find(self, text: str, language: str) -> list[Found]:
        """Return what the recognizers find, overlaps included, the surest first; a user's own come before ours."""
        language = language or UNDETERMINED
        results = self._engine(language).analyze(text, language)
        found = []
        for result in results:
            value = (result.recognition_metadata or {}).get(_VALUE)
            kind = result.entity_type if value is not None else kind_of(result.entity_type)
            item = Found(result.start, result.end, kind, value or text[result.start : result.end].casefold())
            found.append(((value is not None, -result.score, -(item.end - item.start), item), item))
        return [item for _, item in sorted(found)]

    def _engine(self, language: str) -> AnalyzerEngine:
        if language not in self._engines:
            self._engines[language] = AnalyzerEngine(
                registry=self.registry(language),
                nlp_engine=NoOpNlpEngine([{"lang_code": language, "model_name": ""}]),
                app_tracer=AppTracer(enabled=False),
                log_decision_process=False,
                default_score_threshold=LEAST_SCORE,
                supported_languages=[language],
                context_aware_enhancer=WordContextEnhancer(),
            )
        return self._engines[language]


def kind_of(entity_type: str) -> str:
    """Return a Presidio entity type as the letters of a placeholder: ``EMPLOYEE_ID`` becomes ``EMPLOYEEID``."""
    return re.sub(r"[^A-Z]", "", entity_type.upper()) or "CUSTOM"


def _spoken(recognizers: Sequence[EntityRecognizer], language: str) -> list[EntityRecognizer]:
    """Return copies that count for ``language``, whatever language they were written for."""
    spoken = []
    for recognizer in recognizers:
        recognizer = copy(recognizer)
        recognizer.supported_language = language
        spoken.append(recognizer)
    return spoken


def _read_recognizers(path: Path) -> tuple[list[EntityRecognizer], list[EntityRecognizer]]:
    """Return the recognizers of the languages that the file names, and those it means for every language."""
    try:
        read = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingError(
            f"redact_recognizers = {str(path)!r}: not a readable YAML file ({type(error).__name__}). "
            "Give a file of Presidio recognizers."
        ) from None
    entries = read.get("recognizers") if isinstance(read, dict) else None
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise SettingError(
            f"redact_recognizers = {str(path)!r}: no list of recognizers in it. Write one under 'recognizers:', each "
            "with a name, a supported_entity, and patterns or a deny_list."
        )
    named: list[EntityRecognizer] = []
    everywhere: list[EntityRecognizer] = []
    for number, entry in enumerate(entries, start=1):
        languages = _languages_of(entry)
        made = _make(path, number, entry, languages or ["en"])
        (named if languages else everywhere).extend(made)
    return named, everywhere


def _languages_of(entry: dict[str, Any]) -> list[str]:
    several = entry.get("supported_languages") or []
    named = [language["language"] if isinstance(language, dict) else language for language in several]
    return sorted({*named, *([entry["supported_language"]] if entry.get("supported_language") else [])})


def _make(path: Path, number: int, entry: dict[str, Any], languages: list[str]) -> list[EntityRecognizer]:
    """Return Presidio's recognizers for one entry of the file, tried out once so that a bad pattern shows at once."""
    _keep_offline()
    place = f"redact_recognizers = {str(path)!r}: recognizer {number}"
    try:
        registry = RecognizerRegistryProvider(
            registry_configuration={"recognizers": [entry], "supported_languages": languages}
        ).create_recognizer_registry()
        recognizers = list({id(recognizer): recognizer for recognizer in registry.recognizers}.values())
        for recognizer in recognizers:
            if isinstance(recognizer, PatternRecognizer):
                recognizer.analyze("", recognizer.supported_entities)
    except (
        Exception
    ) as error:  # Presidio raises what its parts raise: KeyError, TypeError, regex.error, ValidationError
        raise SettingError(
            f"{place} is none that Presidio takes ({type(error).__name__}). It needs a name, a supported_entity, and "
            "patterns (name, regex, score) or a deny_list."
        ) from error
    if any(isinstance(recognizer, RemoteRecognizer) for recognizer in recognizers):
        raise SettingError(f"{place} would send texts to another machine. Take one that works here.")
    return recognizers


def _keep_offline() -> None:
    """Make Presidio's e-mail and URL recognizers use the list of domains that came with tldextract, not fetch one."""
    library = email_recognizer.tldextract.tldextract
    if library.TLD_EXTRACTOR.suffix_list_urls:
        library.TLD_EXTRACTOR = library.TLDExtract(suffix_list_urls=(), cache_dir=None)
