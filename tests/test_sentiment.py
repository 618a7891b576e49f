"""Sentiment heads: what they compute, which one is loaded, and everyday statements in six languages."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from feedback_nlp.encoding import LoadedEncoder, load_encoder, load_tone_encoder
from feedback_nlp.errors import EncoderError, SettingError
from feedback_nlp.plugins import SentimentScorer
from feedback_nlp.records import EMOTIONS, INTENTS, SentimentScore
from feedback_nlp.resources import resource_path
from feedback_nlp.sentiment import AnyScorer, Scorer, load_scorer, loading, read_head
from feedback_nlp.sentiment.plugin import PluginScorer
from feedback_nlp.sentiment.surface import N_SURFACE, SURFACE_FEATURES, surface_features
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

TONE_SHA256 = "ab" * 32
TONE_KEY = f"{TONE_SHA256[:12]}-0123456789abcdef"
TINY_EMOTIONS, TINY_INTENTS = ("anger", "joy"), ("urgent",)


def tiny_tensors(**changes: np.ndarray) -> dict[str, np.ndarray]:
    """A tone of three numbers: how negative, how positive, how angry. An emoji's rating adds to the second."""
    surface = np.zeros((N_SURFACE, 3), np.float32)
    surface[SURFACE_FEATURES.index("emoji mean"), 1] = 4
    out = np.zeros((3, 6), np.float32)
    out[0, 0] = out[1, 2] = out[2, 3] = out[1, 4] = out[2, 5] = 1
    tensors = {
        "surface.weight": surface,
        "surface.bias": np.zeros(3, np.float32),
        "out.weight": out,
        "out.bias": np.array([0, 1, 0, -2, -2, -4], np.float32),
        "question.weight": np.array([[1, 0, 0], [0, 0, 1], [0, 0, 0]], np.float32),
        "question.bias": np.zeros(3, np.float32),
    }
    return tensors | changes


def write_head(path: Path, tensors: Mapping[str, np.ndarray] | None = None, **changes: Any) -> Path:
    content = save(dict(tensors or tiny_tensors()))
    path.write_bytes(content)
    described = {
        "name": "tiny",
        "sha256": hashlib.sha256(content).hexdigest(),
        "tone": TONE_SHA256,
        "labels": ["negative", "neutral", "positive"],
        "emotions": TINY_EMOTIONS,
        "intents": TINY_INTENTS,
        "temperatures": {"en": 1.0, "other": 2.0},
        "calibration": {"anger": [1, 0], "joy": [2, -1], "urgent": [1, 0]},
        "thresholds": {"anger": 0.5, "joy": 0.9, "urgent": 1.0},
        "question_shift": 2.0,
    }
    path.with_suffix(".json").write_text(json.dumps(described | changes), encoding="utf-8")
    return path


@pytest.fixture
def tiny(tmp_path: Path) -> Scorer:
    return read_head(write_head(tmp_path / "tiny.safetensors"), tone_key=TONE_KEY)


def tones(*rows: tuple[float, float, float]) -> np.ndarray:
    return np.array(rows, np.float32).reshape(len(rows), 3)


def everyday(language: str) -> tuple[list[str], list[str]]:
    pairs = [(text, label) for label, texts in STATEMENTS[language].items() for text in texts]
    return [text for text, _ in pairs], [label for _, label in pairs]


@cache
def parts(encoder_name: str) -> tuple[LoadedEncoder, LoadedEncoder, AnyScorer]:
    """The encoder, what makes the tones, and the head, as the pipeline finds them."""
    settings = Settings(encoder=encoder_name, device="cpu")
    encoder = load_encoder(settings)
    toner = load_tone_encoder(settings, encoder)
    scorer = load_scorer(settings, toner.tone_key)
    assert scorer is not None
    return encoder, toner, scorer


def scored(
    texts: list[str], languages: list[str], question: str = "", *, encoder_name: str = "multilingual"
) -> list[SentimentScore]:
    encoder, toner, scorer = parts(encoder_name)
    asked = toner.encode_with_tone([question])[1]
    _, found = toner.encode_with_tone(texts)
    assert asked is not None
    leanings = np.repeat(scorer.question_leanings([question], asked), len(texts))
    return scorer.score(encoder.encode(texts), texts, languages, tones=found, leanings=leanings)


@pytest.mark.slow
@pytest.mark.parametrize("language", STATEMENTS)
def test_everyday_statements_come_out_right(language: str) -> None:
    texts, labels = everyday(language)
    scores = scored(texts, [language] * len(texts))
    wrong = [
        (text, label, score) for text, label, score in zip(texts, labels, scores, strict=True) if score.label != label
    ]
    assert len(wrong) <= (1 - LEAST_RIGHT) * len(texts), wrong


@pytest.mark.slow
def test_the_english_encoder_has_sentiment_too() -> None:
    texts, labels = everyday("en")
    scores = scored(texts, ["en"] * len(texts), encoder_name="english")
    right = [score.label == label for label, score in zip(labels, scores, strict=True)]
    assert sum(right) >= LEAST_RIGHT_ENGLISH_ENCODER * len(right)


@pytest.mark.slow
def test_a_question_decides_what_an_unclear_answer_means() -> None:
    unclear = ["the price", "prețul", "цена", "il prezzo", "السعر", "cena"]
    languages = ["en", "ro", "ru", "it", "ar", "pl"]
    praised = scored(unclear, languages, "What do you like most about us?")
    blamed = scored(unclear, languages, "What should we change?")
    assert all(good.polarity > bad.polarity + 0.2 for good, bad in zip(praised, blamed, strict=True)), (praised, blamed)
    clear = ["the price is outrageous and I am furious", "terrible service, I was treated like dirt"]
    against = scored(clear, ["en", "en"], "What do you like most about us?")
    assert [score.label for score in against] == ["negative", "negative"]


@pytest.mark.slow
def test_any_text_has_a_score_that_depends_on_nothing_else() -> None:
    texts = [
        "",
        " ",
        "\x00",
        "lone \ud800 surrogate",
        "😡😡😡",
        "🎉",
        "long " * 3000,
        "a" * 100_000,
        "?!",
        "\u200f",
        "太贵了",
    ]
    texts += [text for language in STATEMENTS for text in everyday(language)[0]]
    languages = (["en", "und", "xx", "", "tlh", "zh"] * len(texts))[: len(texts)]
    scores = scored(texts, languages)
    for score in scores:
        assert -1 <= score.polarity <= 1 and 1 / 3 <= score.confidence <= 1
        assert score.emotions is not None and score.emotions.keys() <= set(EMOTIONS)
        assert score.intents is not None and score.intents.keys() <= set(INTENTS)
    assert scored(texts[::-1], languages[::-1])[::-1] == scores
    assert [scored([texts[n]], [languages[n]])[0] for n in (0, 3, 12)] == [scores[n] for n in (0, 3, 12)]


def test_polarity_is_the_softmax_of_the_logits(tiny: Scorer) -> None:
    big = 20.0  # gelu(20) is 20
    found = tiny.score(None, ["a", "b", "c"], ["en"] * 3, tones=tones((big, 0, 0), (0, big, 0), (0, 0, 0)))
    assert [score.label for score in found] == ["negative", "positive", "neutral"]
    assert [(score.polarity, score.confidence) for score in found] == [
        (-1.0, 1.0),
        (1.0, 1.0),
        (0.0, round(np.e / (np.e + 2), 6)),
    ]
    np.testing.assert_allclose(
        tiny.logits(tones((1, -1, 0)), ["a"])[0],
        np.array([0.8413447461, 1, -0.1586552539, -2, -2 - 0.1586552539, -4]),  # x * Phi(x) of 1 and -1
        atol=1e-9,
    )


def test_languages_choose_the_temperature_and_nothing_else(tiny: Scorer) -> None:
    english, *others = tiny.score(None, ["a"] * 5, ["en", "mt", "und", "", "tlh"], tones=tones(*[(3, 0, 0)] * 5))
    assert len({score.confidence for score in others}) == 1 and {score.label for score in others} == {"negative"}
    assert english.label == "negative" and english.confidence > others[0].confidence


def test_emotions_and_intents_are_those_whose_probability_reaches_the_threshold(tiny: Scorer) -> None:
    found = tiny.score(
        None, ["a", "b", "c", "d"], ["en"] * 4, tones=tones((0, 0, 0), (0, 0, 2.2), (0, 3, 0), (0, 4, 9))
    )
    assert [score.intents for score in found] == [{}, {}, {}, {}]  # a threshold of 1 is never reached here
    assert [list(score.emotions or {}) for score in found] == [[], ["anger"], [], ["joy"]]
    assert found[1].emotions == {"anger": pytest.approx(1 / (1 + np.exp(2 - 2.2 * 0.98609655)), abs=1e-6)}
    assert found[3].polarity > 0.25  # so that it is not told as anger, likely as that looks
    assert found[3].emotions == {"joy": pytest.approx(1 / (1 + np.exp(-3)), abs=1e-4)}


def test_surface_features_take_part(tiny: Scorer) -> None:
    sad, plain, glad = tiny.score(None, ["ok 😡", "ok", "ok 😍"], ["en"] * 3, tones=tones(*[(0, 1, 0)] * 3))
    assert sad.polarity < plain.polarity < glad.polarity
    assert glad.label == "positive" and sad.label == "neutral"


def test_a_question_moves_what_is_unclear_and_fades_with_length(tiny: Scorer) -> None:
    unclear, clear, long = "the price", "the price", "the price " * 12
    texts, given = [unclear, clear, long], tones((0, 0, 0), (9, 0, 0), (0, 0, 0))

    def polarities(leaning: float) -> list[float]:
        return [s.polarity for s in tiny.score(None, texts, ["en"] * 3, tones=given, leanings=[leaning] * 3)]

    praise, none, blame = polarities(1), polarities(0), polarities(-1)
    assert none == [s.polarity for s in tiny.score(None, texts, ["en"] * 3, tones=given)]
    assert praise[0] == -blame[0] > 0.5 and none[0] == 0
    assert praise[1] < -0.98  # what is said clearly stays
    assert 0 < praise[2] < praise[0] / 2
    labels = [s.label for s in tiny.score(None, texts, ["en"] * 3, tones=given, leanings=[1, 1, 1])]
    assert labels == ["positive", "negative", "neutral"]


def test_leanings_are_what_the_question_asks_for(tiny: Scorer) -> None:
    asked = tiny.question_leanings(
        ["good?", "bad?", "any?", "", "  "], tones((0, 20, 0), (20, 0, 0), (0, 0, 0), (0, 20, 0), (0, 20, 0))
    )
    np.testing.assert_allclose(asked, [1, -1, 0, 0, 0], atol=1e-6)
    assert tiny.question_leanings([], np.empty((0, 3), np.float32)).shape == (0,)


def test_a_score_does_not_depend_on_the_batch(tiny: Scorer, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    given = rng.normal(size=(60, 3)).astype(np.float16).astype(np.float32)
    texts = [f"text {n} {'!' * (n % 4)} {'😡🎉'[n % 2]}" for n in range(60)]
    languages = (["en", "ro", "und"] * 20)[:60]
    leanings = rng.uniform(-1, 1, 60)
    whole = tiny.score(None, texts, languages, tones=given, leanings=leanings)
    alone = [
        tiny.score(None, [texts[n]], [languages[n]], tones=given[n : n + 1], leanings=leanings[n : n + 1])[0]
        for n in range(60)
    ]
    assert alone == whole
    assert tiny.score(None, texts[::-1], languages[::-1], tones=given[::-1], leanings=leanings[::-1])[::-1] == whole
    monkeypatch.setattr("feedback_nlp.sentiment.head._SLICE_ROWS", 7)
    assert tiny.score(None, texts, languages, tones=given, leanings=leanings) == whole
    assert tiny.score(None, [], [], tones=given[:0]) == []


def test_missing_tones_and_tones_of_another_length_are_refused(tiny: Scorer) -> None:
    with pytest.raises(EncoderError, match=r"got no tones for 1 texts; \(1, 3\) was expected"):
        tiny.score(np.ones((1, 384), np.float32), ["a"], ["en"])
    with pytest.raises(EncoderError, match=r"got tones of shape \(2, 3\) for 1 texts"):
        tiny.score(None, ["a"], ["en"], tones=tones((0, 0, 0), (0, 0, 0)))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("altered", r"tiny\.safetensors has the SHA-256 .* is expected: it is missing or damaged\. Ask again\."),
        ("missing", r"tiny\.safetensors has the SHA-256 .* is expected"),
        ("no json", r"tiny\.json is missing beside tiny\.safetensors, or is not a head's\. Ask again\."),
        ("bad json", r"tiny\.json is missing beside"),
        ("other json", r"tiny\.json is missing beside"),
        ("shape", r"are not a head of this version \(ValueError\)\. Ask again\."),
        ("threshold", r"are not a head of this version \(KeyError\)"),
        ("labels", r"are not a head of this version \(ValueError\)"),
    ],
)
def test_damaged_heads_are_told(damage: str, message: str, tmp_path: Path) -> None:
    path = write_head(tmp_path / "tiny.safetensors")
    described = path.with_suffix(".json")
    match damage:
        case "altered":
            path.write_bytes(path.read_bytes()[:-1] + b"\x7f")
        case "missing":
            path.unlink()
        case "no json":
            described.unlink()
        case "bad json":
            described.write_text("{", encoding="utf-8")
        case "other json":
            described.write_text("[1, 2]", encoding="utf-8")
        case "shape":
            write_head(path, tiny_tensors(**{"surface.weight": np.zeros((N_SURFACE + 1, 3), np.float32)}))
        case "threshold":
            write_head(path, thresholds={"anger": 0.5})
        case "labels":
            write_head(path, labels=["positive", "neutral", "negative"])
    with pytest.raises(EncoderError, match=message):
        read_head(path, advice="Ask again.")


def test_the_key_changes_with_weights_and_calibration(tmp_path: Path) -> None:
    keys = {
        read_head(write_head(tmp_path / "a.safetensors")).key,
        read_head(write_head(tmp_path / "b.safetensors")).key,  # the same again
        read_head(write_head(tmp_path / "c.safetensors", temperatures={"en": 1.1, "other": 2.0})).key,
        read_head(write_head(tmp_path / "d.safetensors", tiny_tensors(**{"out.bias": np.ones(6, np.float32)}))).key,
    }
    assert len(keys) == 3 and all(key.startswith("tiny-") for key in keys)


def test_off_and_bundled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_head(tmp_path / "sentiment-tiny.safetensors")
    (tmp_path / "sentiment-old.json").write_text('{"name": "of a former version"}', encoding="utf-8")
    monkeypatch.setattr(loading, "resource_path", lambda name: {"models": tmp_path}[name])
    assert load_scorer(Settings(sentiment="off"), TONE_KEY) is None
    found = load_scorer(Settings(), TONE_KEY)
    assert found is not None and (found.key.split("-")[0], found.tone_key) == ("tiny", TONE_KEY)
    assert load_scorer(Settings(), f"{'cd' * 6}-0123456789abcdef") is None
    assert load_scorer(Settings(), None) is None


def test_a_tuned_head_is_read_from_its_file(tmp_path: Path) -> None:
    path = write_head(tmp_path / "mine.safetensors", name="mine")
    found = load_scorer(Settings(sentiment=str(path)), TONE_KEY)
    assert isinstance(found, Scorer) and found.key.startswith("mine-") and found.tone_key == TONE_KEY
    for other in (None, f"{'cd' * 6}-0123456789abcdef"):
        with pytest.raises(EncoderError, match=r"mine\.safetensors was tuned over another encoder's tones"):
            load_scorer(Settings(sentiment=str(path)), other)
    with pytest.raises(
        SettingError, match=r"there is no such file\. Write it again with 'feedback-nlp sentiment tune'"
    ):
        load_scorer(Settings(sentiment=str(tmp_path / "gone.safetensors")), TONE_KEY)


class Everything:
    """A plug-in that finds everything fine."""

    def score(self, vectors: np.ndarray, texts: list[str], languages: list[str], /) -> list[SentimentScore]:
        return [SentimentScore(1.0, "positive", 0.9)] * len(vectors)


def test_a_plug_in_keeps_the_protocol_that_it_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def find(group: str, name: str) -> Any:
        asked.append((group, name))
        return lambda settings: Everything()

    monkeypatch.setattr(loading, "find_plugin", find)
    found = load_scorer(Settings(sentiment="fine"), TONE_KEY)
    assert asked == [("sentiment", "fine")]
    assert isinstance(found, PluginScorer) and isinstance(found, SentimentScorer)
    assert found.tone_key is None and found.key.startswith("fine-") and found.key.endswith("Everything")
    vectors = np.ones((2, 4), np.float32)
    scores = found.score(vectors, ["a", "b"], ["en", "en"], tones=None, leanings=np.ones(2))
    assert scores == [SentimentScore(1.0, "positive", 0.9)] * 2 and scores[0].emotions is None
    assert found.question_leanings(["a"], np.ones((1, 3))).tolist() == [0]
    with pytest.raises(EncoderError, match="'fine' returned 2 scores for 1 statements"):
        found.score(vectors, ["a"], ["en"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ok", {}),
        ("not good, isn't it", {"is negated": 1, "negation count": 2 / 3, "negation share": 2 / 5}),
        ("nu merge", {"is negated": 1, "negation count": 1 / 3, "negation share": 1 / 2}),
        ("لا يعمل", {"is negated": 1, "negation count": 1 / 3, "negation share": 1 / 2}),
        ("不好", {"is negated": 1, "negation count": 1 / 3, "negation share": 1}),
        ("great 😍", {"emoji mean": 0.9, "emoji last": 0.9, "emoji positive count": 1 / 3, "emoji any count": 1 / 3}),
        ("hm 👎🏽", {"emoji mean": -0.7, "emoji last": -0.7, "emoji negative count": 1 / 3, "emoji any count": 1 / 3}),
        ("fine :-)))", {"emoji mean": 0.6, "emoji last": 0.6, "emoji positive count": 1 / 3, "emoji any count": 1 / 3}),
        ("спасибо))", {"smile count": 2 / 3}),
        ("спасибо)", {"smile count": 1 / 3}),
        ("ну((", {"smile count": -2 / 3}),
        ("(see above) ok", {}),
        ("and so on) ok", {}),  # what a cut leaves
        ("a) slow b) pricey", {}),
        ("see https://x.org/a", {"is link": 1}),
        ("لماذا؟", {"question count": 1 / 3, "is question at the end": 1}),
        ("太贵了！", {"exclamation count": 1 / 3}),
        (
            "what?!",
            {"exclamation count": 1 / 3, "question count": 1 / 3, "is both ! and ?": 1, "is question at the end": 1},
        ),
        ("soooo slow...", {"stretched count": 1 / 3, "is ellipsis": 1}),
        ("VERY slow", {"capitals share": 4 / 8, "shouted share": 1 / 2}),
        ("!!!", {"exclamation count": 1, "is wordless": 1}),
        ("", {"is wordless": 1}),
        ("\ud800", {"is wordless": 1}),
    ],
)  # fmt: skip
def test_surface_features(text: str, expected: Mapping[str, float]) -> None:
    (row,) = surface_features([text])
    found = {name: float(value) for name, value in zip(SURFACE_FEATURES, row, strict=True) if value}
    assert found.pop("length", 0) >= 0
    assert found == pytest.approx(expected)


def test_surface_features_of_one_text_do_not_depend_on_its_neighbours() -> None:
    texts = ["sooo", "ooo", "", "!", "A", "aaa", "x" * 100_000, "😡" * 100_000] * 100
    features = surface_features(texts)
    assert features.shape == (800, N_SURFACE) and features.dtype == np.float32 and np.abs(features).max() < 2
    np.testing.assert_array_equal(features, np.concatenate([surface_features([text]) for text in texts[:8]] * 100))
    assert surface_features([]).shape == (0, N_SURFACE)


def test_the_shipped_head_knows_the_names_of_this_version() -> None:
    path = resource_path("models/sentiment-multilingual.safetensors")
    head = read_head(path)
    assert (head.emotions, head.intents) == (EMOTIONS, INTENTS)
    described = json.loads(resource_path("models/tone-multilingual.json").read_text(encoding="utf-8"))
    assert head.tone_sha256 == described["sha256"] and len(head.out_weight) == described["dimensions"]


def test_training_statements_are_not_the_tested_ones() -> None:
    def written(name: str) -> list[list[str]]:
        lines = resource_path(f"models/{name}.tsv").read_text(encoding="utf-8").splitlines()
        return [line.split("\t") for line in lines]

    def bare(texts: Iterable[str]) -> set[str]:
        return {text.casefold().strip(" .!?؟") for text in texts}

    polarities, intents = written("sentiment_statements"), written("intent_statements")
    apart = written("intent_statements_held_out")
    everyday_ = {text for labels in STATEMENTS.values() for texts in labels.values() for text in texts}
    learnt = bare(text for line in polarities[1:] + intents[1:] for text in line[1:])
    assert learnt & bare(everyday_) == set()
    assert learnt & bare(text for line in apart[1:] for text in line[1:]) == set()
    assert {len(line) for line in polarities + intents + apart} == {7}
