"""A transformers classifier as the scorer: tiny ones with random weights, made here; labels, keys, errors."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from feedback_nlp.errors import EncoderError, SettingError
from feedback_nlp.sentiment import load_scorer
from feedback_nlp.sentiment.transformer import TransformerScorer, load_transformer, polarity_of_labels
from feedback_nlp.settings import Settings

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "app", "is", "slow", "good", "служба", "хорошо")
TEXTS = ("the app is slow", "good", "the app is good " * 40, "служба хорошо", "the app is slow")
CPU = Settings(device="cpu")


def make_model(folder: Path, labels: tuple[str, ...], seed: int = 0) -> Path:
    """Write a BERT of two layers with random weights, its vocabulary and its labels."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    folder.mkdir()
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(WORDS), encoding="utf-8")
    BertTokenizerFast(vocab={word: place for place, word in enumerate(WORDS)}, do_lower_case=True).save_pretrained(
        folder
    )
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
        initializer_range=0.8,
        num_labels=len(labels),
        id2label=dict(enumerate(labels)),
        label2id={label: place for place, label in enumerate(labels)},
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("models") / "three", ("Positive", "neutral", "NEG"))


def test_a_folder_in_the_setting_scores_by_its_own_labels(three: Path):
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    scorer = load_scorer(Settings(sentiment=str(three), device="cpu"), None)
    assert isinstance(scorer, TransformerScorer) and scorer.tone_key is None
    scores = scorer.score(np.zeros((5, 4)), TEXTS, ["en"] * 5)
    model, tokenizer = AutoModelForSequenceClassification.from_pretrained(three), AutoTokenizer.from_pretrained(three)
    for text, score in zip(TEXTS, scores, strict=True):
        with torch.inference_mode():
            logits = model(**tokenizer(text, truncation=True, max_length=32, return_tensors="pt")).logits
        positive, neutral, negative = torch.softmax(logits, dim=-1)[0].tolist()
        assert score.polarity == pytest.approx(positive - negative, abs=1e-4)
        assert score.confidence == pytest.approx(max(positive, neutral, negative), abs=1e-4)
        chances = {"negative": negative, "neutral": neutral, "positive": positive}
        assert score.label == max(chances, key=chances.__getitem__)
        assert score.emotions is None and score.intents is None
    assert scores[0] == scores[4]


def test_order_and_company_of_texts_change_nothing(three: Path):
    scorer = load_transformer(str(three), CPU)
    together = scorer.score(None, TEXTS, ["en"] * 5)
    assert scorer.score(None, TEXTS[::-1], ["en"] * 5) == together[::-1]
    assert [scorer.score(None, [text], ["en"])[0] for text in TEXTS] == together
    assert scorer.score(None, [], []) == []
    assert scorer.score(None, ["", "\ud800 app"], ["en", "en"])[0].label in ("negative", "neutral", "positive")


def test_the_key_names_the_weights_and_the_labels(three: Path, tmp_path: Path):
    again = make_model(tmp_path / "three", ("Positive", "neutral", "NEG"))
    others = make_model(tmp_path / "others", ("Positive", "neutral", "NEG"), seed=1)
    turned = make_model(tmp_path / "turned", ("NEG", "neutral", "Positive"))
    keys = [load_transformer(str(folder), CPU).key for folder in (three, again, others, turned)]
    assert keys[0] == keys[1]
    assert keys[0].partition("-")[2] != keys[2].partition("-")[2]
    assert keys[0].rpartition("-")[2] != keys[3].rpartition("-")[2]


def test_questions_are_not_looked_at(three: Path):
    assert load_transformer(str(three), CPU).question_leanings(["What do you love?"], np.zeros((1, 1))).tolist() == [0]


@pytest.mark.parametrize(
    ("labels", "places"),
    [
        (("negative", "neutral", "positive"), [0, 1, 2]),
        (("POS", "NEU", "NEG"), [2, 1, 0]),
        (("отрицательный", "положительный"), [0, 2]),
        (("LABEL_0", "LABEL_1"), [0, 2]),
        (("LABEL_0", "LABEL_1", "LABEL_2"), [0, 1, 2]),
        (("1 star", "2 stars", "3 stars", "4 stars", "5 stars"), [0, 0, 1, 2, 2]),
        (("5 stars", "4 stars", "3 stars", "2 stars", "1 star"), [2, 2, 1, 0, 0]),
    ],
)
def test_labels_are_taken_for_what_they_say(labels: tuple[str, ...], places: list[int]):
    assert polarity_of_labels("m", dict(enumerate(labels))) == places


@pytest.mark.parametrize(
    "labels",
    [
        ("anger", "joy"),
        ("LABEL_0", "LABEL_1", "LABEL_2", "LABEL_3"),
        ("LABEL_0",),
        ("neutral", "positive"),
        ("negative", "negative", "positive"),
        ("1 star", "2 stars", "3 stars"),
        ("not positive", "positive"),
    ],
)
def test_other_labels_are_refused_with_their_list(labels: tuple[str, ...]):
    with pytest.raises(SettingError) as refused:
        polarity_of_labels("some/model", dict(enumerate(labels)))
    assert f"{len(labels)} labels ({', '.join(map(repr, labels))}) are no polarity" in str(refused.value)


def test_two_labels_leave_room_for_neutral(tmp_path: Path):
    from feedback_nlp.sentiment.transformer import _with_doubt

    found = _with_doubt(np.array([[0.9, 0, 0.1], [0.5, 0, 0.5], [0.3, 0, 0.7], [0.0, 0, 1.0]]))
    assert np.allclose(found, [[0.8, 0.2, 0.0], [0.0, 1.0, 0.0], [0.0, 0.6, 0.4], [0.0, 0.0, 1.0]])
    scorer = load_transformer(str(make_model(tmp_path / "two", ("LABEL_0", "LABEL_1"))), CPU)
    assert all(-1 <= score.polarity <= 1 for score in scorer.score(None, TEXTS, ["en"] * 5))


def test_what_is_not_there_is_said_with_the_next_step(tmp_path: Path):
    for name in ("somebody/no-such-model", "no-such-model", str(tmp_path / "nowhere")):
        with pytest.raises(SettingError, match="Nothing is fetched: download the model where there is a network"):
            load_transformer(name, CPU)


def test_a_misspelt_name_is_told_the_right_one():
    with pytest.raises(SettingError, match="Did you mean 'bundled'"):
        load_transformer("bundeld", CPU)


def test_pickles_are_not_read(three: Path, tmp_path: Path):
    folder = make_model(tmp_path / "pickled", ("neg", "pos"))
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(EncoderError, match="which is a pickle, are not read"):
        load_transformer(str(folder), CPU)


def test_an_encoder_without_a_classifier_is_refused(tmp_path: Path):
    from safetensors.torch import load_file, save_file

    folder = make_model(tmp_path / "headless", ("neg", "pos"))
    tensors = load_file(folder / "model.safetensors")
    kept = {name: values for name, values in tensors.items() if not name.startswith("classifier")}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(EncoderError, match=r"no weights for 'classifier\.(bias|weight)'"):
        load_transformer(str(folder), CPU)


def test_labels_of_a_folder_are_checked_when_it_is_loaded(three: Path, tmp_path: Path):
    folder = make_model(tmp_path / "topics", ("sports", "news"))
    with pytest.raises(SettingError, match="'sports', 'news'"):
        load_transformer(str(folder), CPU)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["id2label"] = {"0": "bad", "1": "good"}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    assert load_transformer(str(folder), CPU).score(None, ["good"], ["en"])[0].label in (
        "negative",
        "neutral",
        "positive",
    )


def test_a_gpu_that_is_not_there_is_said(three: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(EncoderError, match="torch sees no GPU here"):
        load_transformer(str(three), Settings(device="cuda"))
