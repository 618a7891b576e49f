"""The sentiment head: what it computes, which encoder it belongs to, and everyday statements in six languages."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from feedback_nlp.encoding import from_half, load_encoder, to_half
from feedback_nlp.encoding import sentiment as sentiment_module
from feedback_nlp.encoding.bundled import BUNDLED
from feedback_nlp.encoding.sentiment import Scorer, load_scorer
from feedback_nlp.errors import EncoderError
from feedback_nlp.plugins import SentimentScorer
from feedback_nlp.records import SentimentScore
from feedback_nlp.resources import resource_path
from feedback_nlp.settings import Settings

LEAST_RIGHT = 0.85  # of the statements of a language
LEAST_RIGHT_ENGLISH_ENCODER = 0.75  # its vectors say less about sentiment, see the card

# Everyday statements, labelled before any head had seen them; a complaint told as a plain fact is negative.
STATEMENTS: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "negative": (
            "Still no internet after 3 weeks",
            "Router arrived late",
            "The technician never showed up",
            "I was charged twice for the same month",
            "Nobody answers my emails",
            "Far too expensive for what you get",
            "the app crashes every time I open it",
        ),
        "neutral": (
            "I ordered the router on 12 March",
            "I have two lines on one contract",
            "My contract ends in June",
            "I pay by bank transfer",
        ),
        "positive": (
            "Very good service",
            "Friendly and patient staff",
            "Everything was set up in ten minutes",
            "easy to order online",
            "The new speed is great",
        ),
    },
    "ro": {
        "negative": (
            "Factura a fost greșită",
            "Aștept de două săptămâni și nu m-a sunat nimeni",
            "Internetul cade în fiecare seară",
            "Coletul a ajuns deteriorat",
            "nu mi-au returnat banii",
            "Preț prea mare",
            "Aplicația nu funcționează",
        ),
        "neutral": (
            "Am comandat telefonul în luna martie",
            "Locuiesc la etajul trei",
            "Am abonament și televizor de la ei",
            "Plătesc factura prin bancă",
        ),
        "positive": (
            "Personalul amabil",
            "Livrare rapidă, mulțumesc",
            "Sunt foarte mulțumită de servicii",
            "totul a mers perfect din prima zi",
            "Mi-au rezolvat problema în aceeași zi",
        ),
    },
    "ru": {
        "negative": (
            "Интернет не работает третий день",
            "Мастер так и не приехал",
            "Списали деньги дважды",
            "Жду ответа уже месяц",
            "Очень дорого",
            "оператор грубо разговаривал",
            "Посылка пришла повреждённой",
        ),
        "neutral": (
            "Я оформил заказ в марте",
            "У меня два номера на одном договоре",
            "Оплачиваю счёт через приложение банка",
            "Договор заканчивается в июне",
        ),
        "positive": (
            "Отличное обслуживание",
            "Вежливые сотрудники",
            "Всё подключили быстро и аккуратно",
            "спасибо, вопрос решили за один день",
            "Удобное приложение",
        ),
    },
    "it": {
        "negative": (
            "Il pacco è arrivato in ritardo",
            "Da tre settimane sono senza internet",
            "Nessuno risponde al telefono",
            "Mi hanno addebitato due volte lo stesso importo",
            "Troppo caro",
            "il tecnico non si è presentato",
            "L'applicazione si blocca sempre",
        ),
        "neutral": (
            "Ho ordinato il modem a marzo",
            "Il mio contratto scade a giugno",
            "Abito al terzo piano",
            "Pago la bolletta con bonifico",
        ),
        "positive": (
            "Servizio ottimo",
            "Personale gentile e disponibile",
            "Tutto risolto in un giorno",
            "consegna veloce, grazie",
            "Mi trovo molto bene con voi",
        ),
    },
    "ar": {
        "negative": (
            "الإنترنت مقطوع منذ ثلاثة أيام",
            "وصل الطلب متأخرا",
            "لا أحد يرد على الهاتف",
            "تم خصم المبلغ مرتين",
            "السعر مرتفع جدا",
            "الفني لم يحضر في الموعد",
            "التطبيق يتوقف باستمرار",
        ),
        "neutral": (
            "طلبت الجهاز في شهر مارس",
            "ينتهي عقدي في شهر يونيو",
            "أدفع الفاتورة عن طريق البنك",
            "أسكن في الطابق الثالث",
        ),
        "positive": (
            "خدمة ممتازة",
            "الموظفون لطفاء ومتعاونون",
            "تم حل المشكلة في نفس اليوم",
            "التوصيل سريع شكرا لكم",
            "أنا راض جدا عن السرعة",
        ),
    },
    "pl": {
        "negative": (
            "Internet nie działa od trzech dni",
            "Paczka przyszła z opóźnieniem",
            "Nikt nie odbiera telefonu",
            "Naliczono mi opłatę dwa razy",
            "Za drogo",
            "technik nie przyjechał na umówioną godzinę",
            "Aplikacja ciągle się zawiesza",
        ),
        "neutral": (
            "Zamówiłem router w marcu",
            "Umowa kończy się w czerwcu",
            "Płacę rachunek przelewem",
            "Mieszkam na trzecim piętrze",
        ),
        "positive": (
            "Bardzo dobra obsługa",
            "Miły i pomocny personel",
            "Wszystko załatwione w jeden dzień",
            "szybka dostawa, dziękuję",
            "Jestem bardzo zadowolona z usługi",
        ),
    },
}

IDENTITY = BUNDLED["multilingual"].identity


def shipped() -> Scorer:
    scorer = load_scorer(IDENTITY)
    assert scorer is not None
    return scorer


def unit_vectors(rows: int, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(rows, IDENTITY.dimensions)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def tiny_scorer() -> Scorer:
    """The first coordinate speaks for negative, the second for positive."""
    return Scorer(
        key="tiny-1",
        dimensions=2,
        temperatures={"en": 1.0, "other": 2.0},
        hidden_weight=np.eye(2, dtype=np.float32),
        hidden_bias=np.zeros(2, np.float32),
        out_weight=np.array([[2, 0, 0], [0, 0, 2]], np.float32),
        out_bias=np.zeros(3, np.float32),
    )


@pytest.mark.slow
@pytest.mark.parametrize("language", STATEMENTS)
def test_everyday_statements_come_out_right(language: str) -> None:
    expected = [(text, label) for label, texts in STATEMENTS[language].items() for text in texts]
    texts = [text for text, _ in expected]
    vectors = load_encoder(Settings()).encode(texts)
    scores = shipped().score(vectors, texts, [language] * len(texts))
    wrong = [
        (text, label, score) for (text, label), score in zip(expected, scores, strict=True) if score.label != label
    ]
    assert len(wrong) <= (1 - LEAST_RIGHT) * len(expected), wrong


@pytest.mark.slow
def test_the_english_encoder_has_a_head_of_its_own() -> None:
    expected = [(text, label) for label, texts in STATEMENTS["en"].items() for text in texts]
    encoder = load_encoder(Settings(encoder="english"))
    scorer = load_scorer(encoder.identity)
    assert scorer is not None
    texts = [text for text, _ in expected]
    scores = scorer.score(encoder.encode(texts), texts, ["en"] * len(texts))
    right = [score.label == label for (_, label), score in zip(expected, scores, strict=True)]
    assert sum(right) >= LEAST_RIGHT_ENGLISH_ENCODER * len(right)


@pytest.mark.slow
def test_half_precision_keeps_the_labels() -> None:
    texts = [text for texts in STATEMENTS["ro"].values() for text in texts]
    vectors = load_encoder(Settings()).encode(texts)
    stored = from_half(to_half(vectors), IDENTITY.dimensions)
    exact, halved = (shipped().probabilities(v, ["ro"] * len(texts)) for v in (vectors, stored))
    np.testing.assert_allclose(halved, exact, atol=5e-3)


def test_scores_are_softmax_of_the_logits() -> None:
    vectors = np.array([[1, 0], [0, 1], [0, 0]], np.float32)
    large, small = np.exp(2) / (np.exp(2) + 2), 1 / (np.exp(2) + 2)
    found = tiny_scorer().score(vectors, ["a", "b", "c"], ["en", "en", "en"])
    assert [score.label for score in found] == ["negative", "positive", "negative"]
    expected = [(small - large, large), (large - small, large), (0, 1 / 3)]
    assert [(score.polarity, score.confidence) for score in found] == [pytest.approx(pair) for pair in expected]


def test_languages_choose_the_temperature_and_nothing_else() -> None:
    vectors = np.array([[1, 0], [1, 0], [1, 0]], np.float32)
    english, maltese, unknown = tiny_scorer().score(vectors, ["a", "b", "c"], ["en", "mt", "und"])
    assert (
        maltese
        == unknown
        == SentimentScore(pytest.approx((1 - np.e) / (np.e + 2)), "negative", pytest.approx(np.e / (np.e + 2)))
    )
    assert english.label == "negative"
    assert english.confidence > maltese.confidence


def test_shipped_head_gives_probabilities_whatever_the_order() -> None:
    scorer, vectors = shipped(), unit_vectors(50)
    languages = ["en", "ro", "ru", "it", "ar", "pl", "und", "fi", "de", "fr"] * 5
    probabilities = scorer.probabilities(vectors, languages)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    backwards = scorer.probabilities(vectors[::-1], languages[::-1])[::-1]
    np.testing.assert_allclose(backwards, probabilities, atol=1e-6)
    assert isinstance(scorer, SentimentScorer)
    assert scorer.score(vectors[:0], [], []) == []


def test_slices_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, languages = unit_vectors(10), ["en"] * 10
    whole = shipped().probabilities(vectors, languages)
    monkeypatch.setattr(sentiment_module, "_SLICE_ROWS", 3)
    np.testing.assert_allclose(shipped().probabilities(vectors, languages), whole, atol=1e-6)


def test_a_head_serves_other_forms_of_its_model_only() -> None:
    float32 = replace(IDENTITY, revision="float32", weights_sha256="0" * 64)
    other = load_scorer(float32)
    assert other is not None
    assert other.key == shipped().key
    assert load_scorer(replace(IDENTITY, prefix="passage: ")) is None
    assert load_scorer(replace(IDENTITY, pooling="cls")) is None
    assert load_scorer(replace(IDENTITY, name="intfloat/multilingual-e5-large", dimensions=1024)) is None


def test_vectors_of_another_length_are_refused() -> None:
    with pytest.raises(EncoderError, match=r"shape \(1, 3\) and 1 languages; \(1, 2\) was expected"):
        tiny_scorer().score(np.ones((1, 3), np.float32), ["a"], ["en"])
    with pytest.raises(EncoderError, match=r"shape \(2, 2\) and 1 languages"):
        tiny_scorer().score(np.ones((2, 2), np.float32), ["a"], ["en"])


@pytest.mark.parametrize("damage", ["missing", "altered"])
def test_damaged_weights_are_told(damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("sentiment-multilingual.json", "sentiment-multilingual.safetensors"):
        shutil.copy(resource_path(f"models/{name}"), tmp_path / name)
    weights = tmp_path / "sentiment-multilingual.safetensors"
    if damage == "missing":
        weights.unlink()
    else:
        weights.write_bytes(weights.read_bytes()[:-1] + b"\x7f")
    monkeypatch.setattr(sentiment_module, "resource_path", lambda name: tmp_path)
    with pytest.raises(
        EncoderError, match=r"sentiment-multilingual\.safetensors has the SHA-256 .* Install feedback-nlp"
    ):
        load_scorer(IDENTITY)


def test_training_statements_are_not_the_tested_ones() -> None:
    lines = resource_path("models/sentiment_statements.tsv").read_text(encoding="utf-8").splitlines()
    learnt = {text.casefold().strip(" .!?") for line in lines[1:] for text in line.split("\t")[1:]}
    tested = {
        text.casefold().strip(" .!?") for labels in STATEMENTS.values() for texts in labels.values() for text in texts
    }
    assert learnt & tested == set()
    assert {len(line.split("\t")) for line in lines} == {7}
