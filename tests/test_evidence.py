"""Which words moved a score: with a made-up scorer whose words are known, and with the bundled one in six languages."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from feedback_nlp.encoding import load_encoder
from feedback_nlp.errors import NothingToShow, SettingError
from feedback_nlp.pipeline.sentiment_explaining import explain_statement, explain_text, word_spans
from feedback_nlp.records import SentimentScore
from feedback_nlp.sentiment.evidence import MOST_VARIANTS, Evidence, find_evidence, log_odds
from feedback_nlp.settings import Settings
from tests.explained_sentences import NAMED
from tests.topic_store import fill

LEAST_NAMED = 0.75  # of all sentences, the word that a person would name is among the two strongest
LEAST_OF_A_LANGUAGE = 0.6
FEELINGS = {"good": 1.0, "slow": -2.0, "great": 3.0}


def odds_to_score(odds: float) -> SentimentScore:
    """Half of the probability is neutral's where the odds are even."""
    from math import exp

    positive = 0.6 * exp(odds) / (1 + exp(odds))
    negative = 0.6 - positive
    label, confidence = max(
        (("negative", negative), ("neutral", 0.4), ("positive", positive)), key=lambda pair: pair[1]
    )
    return SentimentScore(positive - negative, label, confidence)  # type: ignore[arg-type]


class LexiconScorer:
    """Adds up the words' feelings; "not" turns the word after it."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def __call__(self, texts: Sequence[str]) -> list[SentimentScore]:
        self.read += texts
        return [odds_to_score(self.odds(text)) for text in texts]

    def odds(self, text: str) -> float:
        words = re.findall(r"\w+", text)
        turned = [-1 if before == "not" else 1 for before in ["", *words]]
        return sum(FEELINGS.get(word, 0.0) * turn for word, turn in zip(words, turned, strict=False))


def shown(text: str, words: Sequence[tuple[int, int]] | None = None) -> list[tuple[str, float]]:
    spans = words or [match.span() for match in re.finditer(r"\S+", text)]
    _, evidence = find_evidence(text, spans, LexiconScorer())
    return [(text[item.start : item.end], round(item.contribution, 2)) for item in evidence]


def test_a_word_contributes_what_the_score_loses_without_it():
    assert shown("great app but slow") == [("great", 3.0), ("slow", -2.0)]


def test_a_negation_is_left_out_with_its_word():
    assert shown("the app is not good") == [("not good", -1.0)]
    assert shown("not slow") == [("not slow", 2.0)] and shown("slow not") == [("slow", -2.0)]


def test_one_word_is_its_own_evidence():
    assert shown("slow") == [("slow", -2.0)]


def test_words_that_move_nothing_are_not_shown():
    assert shown("the app is here") == []


def test_spaces_close_behind_what_is_left_out():
    scorer = LexiconScorer()
    find_evidence("a (b) c, d", [(0, 1), (3, 4), (6, 7), (9, 10)], scorer)
    assert scorer.read == ["a (b) c, d", "(b) c, d", "a () c, d", "a (b) , d", "a (b) c,"]


def test_a_long_text_costs_no_more_than_sixty_texts():
    words = ["so"] * 300 + ["great"] + ["so"] * 200
    scorer = LexiconScorer()
    text = " ".join(words)
    _, evidence = find_evidence(text, [match.span() for match in re.finditer(r"\S+", text)], scorer)
    assert len(scorer.read) <= MOST_VARIANTS
    assert len(evidence) == 1 and "great" in text[evidence[0].start : evidence[0].end]


@pytest.mark.parametrize("odds", [-4.0, -1.0, -0.1, 0.0, 0.3, 2.5])
def test_the_log_odds_are_in_the_score(odds: float):
    assert log_odds(odds_to_score(odds)) == pytest.approx(odds, abs=1e-9)


def test_certainty_stays_finite():
    assert log_odds(SentimentScore(1.0, "positive", 1.0)) == -log_odds(SentimentScore(-1.0, "negative", 1.0)) < 20


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        ("It isn't good, really 😡!", "en", ["It", "isn't", "good", "really", "😡"]),
        ("L'app è lenta", "it", ["L'app", "è", "lenta"]),
        ("الموقع غير واضح", "ar", ["الموقع", "غير", "واضح"]),
        ("非常慢", "zh", ["非常", "慢"]),
        ("??? !!!", "en", []),
        ("<PERSON_1> was rude, <EMAIL_12>", "en", ["was", "rude"]),
    ],
)
def test_words_of_a_text(text: str, language: str, words: list[str]):
    assert [text[start:end] for start, end in word_spans(text, language)] == words


def test_what_cannot_be_explained_is_said(tmp_path):
    with pytest.raises(SettingError, match="sentiment = 'off'"):
        explain_text("good", "en", "", Settings(sentiment="off"))
    with fill(tmp_path / "feedback.db") as store, pytest.raises(NothingToShow, match="no statement 's-nowhere'"):
        explain_statement(store, "s-nowhere", Settings())


@pytest.fixture(scope="module")
def encoder():
    return load_encoder(Settings())


@pytest.mark.slow
def test_the_word_that_a_person_would_name_is_among_the_two_strongest(encoder):
    found = {language: [named(encoder, language, *pair) for pair in pairs] for language, pairs in NAMED.items()}
    shares = {language: sum(right) / len(right) for language, right in found.items()}
    assert sum(map(sum, found.values())) / sum(map(len, found.values())) >= LEAST_NAMED, shares
    assert min(shares.values()) >= LEAST_OF_A_LANGUAGE, shares


def named(encoder, language: str, text: str, words: str) -> bool:
    explained = explain_text(text, language, "", Settings(redact_names="off"), encoder)
    strongest = {explained.text[item.start : item.end].casefold() for item in explained.evidence[:2]}
    return any(word.casefold() in re.findall(r"\w+", span) for word in words.split("|") for span in strongest)


@pytest.mark.slow
def test_an_explanation_is_the_same_each_time_and_redacted(encoder):
    text = "The app is slow, call me on 020 7946 0018"
    first = explain_text(text, None, "", Settings(), encoder)
    assert first == explain_text(text, None, "", Settings(), encoder)
    assert "7946" not in first.text and first.language == "en"
    assert [item for item in first.evidence if not 0 <= item.start < item.end <= len(first.text)] == []
    assert isinstance(first.evidence[0], Evidence) and first.score.label == "negative"


@pytest.mark.slow
def test_a_stored_statement_is_explained_under_its_question(encoder, tmp_path):
    with fill(tmp_path / "feedback.db") as store:
        found = explain_statement(store, "s-staff-en-01", Settings(), encoder)
    assert found.text == "I mean the employee" and found.statement_id == "s-staff-en-01"
    assert found.score == explain_text(found.text, "en", "", Settings(), encoder).score
