"""The learnt map of the prepared space: what ships, how it is learnt, and what it does to sentences it has not seen."""

from __future__ import annotations

import importlib.util
import json
import random
from dataclasses import replace
from types import ModuleType

import numpy as np
import polars as pl
import pytest

from feedback_nlp.encoding import load_encoder
from feedback_nlp.resources import resource_path
from feedback_nlp.settings import Settings
from feedback_nlp.themes.space import PreparedSpace, load_projection, unit_rows

SAID = {
    "parking": {
        "en": "There was nowhere to park the car.",
        "ro": "Nu am avut unde să parchez mașina.",
        "ru": "Машину было негде поставить.",
        "it": "Non c'era posto per parcheggiare.",
        "ar": "لم أجد مكانا لركن السيارة.",
        "pl": "Nie było gdzie zaparkować samochodu.",
    },
    "battery": {
        "en": "The battery is flat before lunch.",
        "ro": "Bateria se descarcă până la prânz.",
        "ru": "Батарея садится ещё до обеда.",
        "it": "La batteria si scarica prima di pranzo.",
        "ar": "البطارية تفرغ قبل الظهر.",
        "pl": "Bateria rozładowuje się przed obiadem.",
    },
    "refund": {
        "en": "I am still waiting for my money back.",
        "ro": "Încă aștept să-mi primesc banii înapoi.",
        "ru": "Мне до сих пор не вернули деньги.",
        "it": "Sto ancora aspettando il rimborso.",
        "ar": "ما زلت أنتظر استرجاع نقودي.",
        "pl": "Wciąż czekam na zwrot pieniędzy.",
    },
    "login": {
        "en": "I cannot log in to my account.",
        "ro": "Nu mă pot conecta la contul meu.",
        "ru": "Не могу войти в личный кабинет.",
        "it": "Non riesco ad accedere al mio account.",
        "ar": "لا أستطيع الدخول إلى حسابي.",
        "pl": "Nie mogę zalogować się na konto.",
    },
    "noise": {
        "en": "The room was loud all night.",
        "ro": "Camera a fost zgomotoasă toată noaptea.",
        "ru": "В номере всю ночь было шумно.",
        "it": "La camera era rumorosa tutta la notte.",
        "ar": "كانت الغرفة صاخبة طوال الليل.",
        "pl": "W pokoju było głośno przez całą noc.",
    },
    "food": {
        "en": "The soup was cold and bland.",
        "ro": "Supa era rece și fără gust.",
        "ru": "Суп был холодным и безвкусным.",
        "it": "La zuppa era fredda e insipida.",
        "ar": "كان الحساء باردا وبلا طعم.",
        "pl": "Zupa była zimna i bez smaku.",
    },
}


@pytest.fixture(scope="module")
def training() -> ModuleType:
    """The script that learns the map."""
    found = importlib.util.spec_from_file_location("train_theme_space", resource_path("models/train_theme_space.py"))
    module = importlib.util.module_from_spec(found)
    import sys

    sys.modules["train_theme_space"] = module  # dataclasses look their module up
    found.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["multilingual", "english"])
def test_a_bundled_encoder_has_a_map_that_its_card_describes(name, training):
    card = json.loads(resource_path(f"models/theme-space-{name}.json").read_text(encoding="utf-8"))
    identity = load_encoder(Settings(encoder=name)).identity
    projection = load_projection(identity)
    assert projection.shape == (identity.dimensions, card["kept"]) == (384, training.DIMENSIONS)
    assert projection.dtype == np.float32
    assert np.isfinite(projection).all()
    assert np.linalg.matrix_rank(projection) == card["kept"]
    recipe = training.RECIPES[name]
    assert (card["shrinkage"], card["within"], card["between"]) == (recipe.shrinkage, recipe.within, recipe.between)
    assert all(counted["licence"] for counted in card["sets"].values())


def test_another_encoder_has_no_map():
    identity = load_encoder(Settings()).identity
    assert load_projection(replace(identity, name="somebody/else")) is None
    assert load_projection(replace(identity, prefix="passage: ")) is None


def test_the_map_brings_translations_together_and_keeps_topics_apart():
    """In six languages, complaints of one kind are nearer than those of another by more with the map than without."""
    encoder = load_encoder(Settings())
    kinds = [kind for kind, said in SAID.items() for _ in said]
    languages = [code for said in SAID.values() for code in said]
    vectors = encoder.encode([text for said in SAID.values() for text in said.values()])
    same = np.equal.outer(kinds, kinds)

    def told_apart(projection: np.ndarray | None) -> tuple[float, float]:
        """How many rows are nearest to their own kind; mean cosine within a kind less that between, over its spread."""
        prepared = PreparedSpace.fit(vectors, languages, projection).prepare(vectors, languages)
        cosines = prepared @ prepared.T
        within = cosines[same & ~np.eye(len(kinds), dtype=bool)]
        apart = (within.mean() - cosines[~same].mean()) / np.sqrt(within.var() + cosines[~same].var())
        np.fill_diagonal(cosines, -1)
        return float(same[np.arange(len(kinds)), cosines.argmax(axis=1)].mean()), float(apart)

    found_without, apart_without = told_apart(None)
    found_with, apart_with = told_apart(load_projection(encoder.identity))
    assert found_with == 1.0 >= found_without
    assert apart_with > apart_without


def test_directions_that_tell_classes_apart_are_kept_and_those_within_are_damped(training):
    numbers = np.random.default_rng(0)
    classes = np.repeat(np.arange(40), 20)
    means = np.zeros((40, 6))
    means[:, :2] = numbers.normal(size=(40, 2))
    spread = np.array([0.1, 0.1, 1.0, 0.1, 0.1, 0.1])
    vectors = means[classes] + numbers.normal(size=(800, 6)) * spread
    within, between = training.scatter(vectors, [str(c) for c in classes])
    assert np.trace(within) == pytest.approx(1)
    assert np.trace(between) == pytest.approx(1)
    projection = training.discriminants(within, between, 0.1, kept=2)
    assert projection.shape == (6, 2)
    weights = np.abs(projection).max(axis=1)
    assert weights[2:].max() < 0.05 * weights[:2].min()


def test_a_class_of_one_row_says_nothing(training):
    vectors = np.array([[0.0, 1], [0, 3], [2, 0], [4, 0], [9, 9]])
    alone = training.scatter(vectors, ["a", "a", "b", "b", "c"])
    without = training.scatter(vectors[:4], ["a", "a", "b", "b"])
    np.testing.assert_allclose(alone[0], without[0])
    np.testing.assert_allclose(alone[1], without[1])


def test_a_text_is_written_otherwise_in_the_same_way_each_time(training):
    text = "The parcel came two weeks late and nobody told us why."
    first, again = (training.written_otherwise(text, random.Random(3)) for _ in range(2))
    assert first == again
    assert first[:3] == [text, text.lower().rstrip("."), text.upper()]
    assert first[4] == "parcel came weeks late nobody told why."
    assert len(first) == 6
    assert len(first[3].split()) == len(text.split())
    assert {other[3] for other in (training.written_otherwise(text, random.Random(i)) for i in range(9))} != {text}
    assert set(first[5].split()) <= set(text.split())
    rows = training.rewritten([pl.DataFrame({"text": [text, " ", "Fine."], "lang": ["en", "en", "en"]})])
    assert rows["label"].to_list() == ["0"] * 6 + ["2"] * 6


def test_half_of_the_translated_sentences_is_left_for_validation(training, tmp_path):
    ids = [f"made-up-{i}" for i in range(400)]
    frame = pl.DataFrame(
        {
            "text": [f"{name} {code}" for name in ids for code in ("en", "hr", "ar")],
            "lang": ["en", "hr", "ar"] * 400,
            "domain": ["hotel"] * 1200,
            "labels": ["Room Price", None, "room;food"] * 400,
            "parallel_id": [name for name in ids for _ in range(3)],
        }
    )
    frame.write_parquet(tmp_path / "rows.parquet")
    rows = training.translated(tmp_path / "rows.parquet")
    assert 160 < rows["sentence"].n_unique() < 240
    assert rows["lang"].unique().sort().to_list() == ["ar", "en"]
    assert rows.filter(pl.col("lang") == "en")["label"].unique().to_list() == ["hotel/room price"]
    assert rows.filter(pl.col("lang") == "ar")["label"].null_count() == rows["sentence"].n_unique()
    shuffled = frame.sample(fraction=1.0, shuffle=True, seed=1)
    shuffled.write_parquet(tmp_path / "shuffled.parquet")
    assert training.translated(tmp_path / "shuffled.parquet").equals(rows)


def test_a_map_is_laid_on_after_the_means_are_taken_away():
    numbers = np.random.default_rng(0)
    vectors = unit_rows(numbers.normal(size=(50, 8)))
    projection = numbers.normal(size=(8, 3)).astype(np.float32)
    languages = ["en"] * 25 + ["ar"] * 25
    bare = PreparedSpace.fit(vectors, languages)
    mapped = PreparedSpace.fit(vectors, languages, projection)
    np.testing.assert_allclose(
        mapped.prepare(vectors, languages), unit_rows(bare.prepare(vectors, languages) @ projection), atol=1e-6
    )
