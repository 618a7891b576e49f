"""The bundled multilingual encoder as it is shipped, on a few made-up sentences."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from feedback_nlp.encoding import LoadedEncoder, encoder_status, load_encoder, load_tone_encoder, loading, prepare
from feedback_nlp.encoding.bundled import BUNDLED
from feedback_nlp.encoding.torch_backend import bundled_backend
from feedback_nlp.records import EncoderIdentity
from feedback_nlp.settings import Settings
from tests.fake_encoder import TopicEncoder

LANGUAGES = ("en", "ro", "ru", "it", "ar", "pl")
PARALLEL = (
    (
        "The technician never came to the appointment.",
        "Tehnicianul nu a venit niciodată la programare.",
        "Техник так и не пришёл в назначенное время.",
        "Il tecnico non è mai venuto all'appuntamento.",
        "لم يأت الفني إلى الموعد أبدا.",
        "Technik nigdy nie przyszedł na umówioną wizytę.",
    ),
    (
        "I love how easy it is to pay in the app.",
        "Îmi place cât de ușor se plătește în aplicație.",
        "Мне нравится, как легко платить в приложении.",
        "Mi piace quanto sia facile pagare nell'app.",
        "أحب سهولة الدفع في التطبيق.",
        "Uwielbiam, jak łatwo płaci się w aplikacji.",
    ),
    (
        "The coffee machine on the second floor is broken.",
        "Aparatul de cafea de la etajul doi este stricat.",
        "Кофемашина на втором этаже сломана.",
        "La macchina del caffè al secondo piano è rotta.",
        "آلة القهوة في الطابق الثاني معطلة.",
        "Ekspres do kawy na drugim piętrze jest zepsuty.",
    ),
)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(cache_dir=str(tmp_path_factory.mktemp("cache")), device="cpu", threads=1)


@pytest.fixture(scope="module")
def encoder(settings: Settings) -> LoadedEncoder:
    return load_encoder(settings)


def test_a_sentence_is_nearest_to_its_own_translations(encoder: LoadedEncoder):
    vectors = encoder.encode([text for group in PARALLEL for text in group]).reshape(len(PARALLEL), len(LANGUAGES), -1)
    for a, language in enumerate(LANGUAGES):
        for b, other in enumerate(LANGUAGES):
            similarity = vectors[:, a] @ vectors[:, b].T
            nearest = similarity.argmax(axis=1).tolist()
            assert nearest == [0, 1, 2], f"{language} to {other}"
            assert similarity.diagonal().min() > 0.85


def test_identity_and_shape(encoder: LoadedEncoder):
    assert encoder.identity.name == "intfloat/multilingual-e5-small"
    assert encoder.identity.prefix == "query: " and encoder.identity.pooling == "mean"
    assert encoder.identity.weights_sha256.startswith("1571fc982750")
    assert encoder.dimensions == encoder.get_sentence_embedding_dimension() == 384
    vectors = encoder.encode(list(PARALLEL[0]), batch_size=2, convert_to_numpy=True, normalize_embeddings=True)
    assert vectors.shape == (6, 384) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert encoder.encode([]).shape == (0, 384)


def test_a_batch_of_one_equals_a_batch_of_many(encoder: LoadedEncoder, settings: Settings):
    """Also in any order and with any number of threads."""
    texts = [f"{text} {'and more ' * n}" for n in range(6) for group in PARALLEL for text in group]
    many = encoder.encode(texts)
    alone = np.stack([encoder.encode(text) for text in texts])
    np.testing.assert_allclose(alone, many, rtol=0, atol=1e-6)
    np.testing.assert_allclose(encoder.encode(texts[::-1])[::-1], many, rtol=0, atol=1e-6)
    two_threads = load_encoder(Settings(cache_dir=settings.cache_dir, device="cpu", threads=2))
    np.testing.assert_allclose(two_threads.encode(texts), many, rtol=0, atol=1e-6)


def test_awkward_texts_have_vectors(encoder: LoadedEncoder):
    texts = ["", " ", "\x00", "lone \ud800 surrogate", "👍🏽👍🏽", "long " * 3000, "مرحبا\u200f"]
    vectors = encoder.encode(texts)
    assert np.isfinite(vectors).all()
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_eight_bits_stay_close_to_float32(encoder: LoadedEncoder):
    texts = [text for group in PARALLEL for text in group]
    float32 = encoder.as_sentence_transformer().encode(texts, prompt=encoder.identity.prefix)
    similarity = (float32 * encoder.encode(texts)).sum(axis=1)
    assert similarity.mean() > 0.998 and similarity.min() > 0.997


def test_a_text_has_one_tone_whatever_lies_around_it(encoder: LoadedEncoder, settings: Settings):
    """To the last bit, in any batch, order and number of threads, and whatever the text holds."""
    starts = ("The app is slow", "Îmi place", "Очень дорого", "Servizio ottimo", "خدمة ممتازة", "Za drogo", "太贵了")
    awkward = ("", " ", "\x00", "lone \ud800 surrogate", "👍🏽😡", "long " * 3000, "a" * 100_000)
    texts = [f"{start}{' and more' * n}" for n in range(6) for start in starts] + list(awkward)
    vectors, tones = encoder.encode_with_tone(texts)
    assert tones is not None and tones.shape == (len(texts), encoder.tone_dimensions) and np.isfinite(tones).all()
    np.testing.assert_array_equal(vectors, encoder.encode(texts))
    order = np.random.default_rng(0).permutation(len(texts))
    for threads, batch_size in ((1, None), (1, 1), (1, 2), (2, 3), (3, 7), (2, None)):
        other = load_encoder(replace(settings, threads=threads))
        shuffled, found = other.encode_with_tone([texts[row] for row in order], batch_size=batch_size)
        assert found is not None
        np.testing.assert_array_equal(found, tones[order], err_msg=f"{threads} threads, batches of {batch_size}")
        np.testing.assert_array_equal(shuffled, vectors[order])


def test_torch_makes_nearly_the_same_tones(encoder: LoadedEncoder, settings: Settings):
    texts = [*PARALLEL[0], "great", "slow " * 30]
    float32 = LoadedEncoder(bundled_backend(BUNDLED["multilingual"], settings, "cpu"))
    vectors, tones = float32.encode_with_tone(texts, batch_size=3)
    np.testing.assert_array_equal(vectors, float32.encode(texts, batch_size=3))
    _, eight_bits = encoder.encode_with_tone(texts)
    assert encoder.tone_key == float32.tone_key is not None
    assert tones is not None and eight_bits is not None and tones.shape == eight_bits.shape
    cosines = (tones * eight_bits).sum(axis=1) / np.linalg.norm(tones, axis=1) / np.linalg.norm(eight_bits, axis=1)
    assert cosines.min() > 0.99


class Bare:
    """A backend from elsewhere, without tones."""

    identity = EncoderIdentity("made-up/bare", "1", "0" * 64, 2, "mean", "about: ")

    def encode_distinct(self, texts: list[str], batch_size: int | None, advance: object) -> np.ndarray:
        return np.ones((len(texts), 2), np.float32)

    def as_sentence_transformer(self) -> object:
        return self


def test_an_encoder_without_tones_borrows_the_multilingual_one_s(encoder: LoadedEncoder, settings: Settings):
    assert load_tone_encoder(settings, encoder) is encoder
    bare = LoadedEncoder(Bare())
    assert bare.encode_with_tone(["a", "b"])[1] is None
    borrowed = load_tone_encoder(replace(settings, encoder="bare", encoder_prefix="about: "), bare)
    assert borrowed.identity == encoder.identity and borrowed.tone_key == encoder.tone_key is not None


def test_encoding_needs_no_torch(settings: Settings, encoder: LoadedEncoder):
    """Torch takes seconds to import; a nightly batch of ten rows should not pay for it."""
    code = (
        "import sys\n"
        "import feedback_nlp.encoding as e\n"
        "assert not {'onnxruntime', 'numpy', 'tokenizers'} & set(sys.modules)\n"
        "from feedback_nlp.settings import Settings\n"
        f"v = e.load_encoder(Settings(cache_dir={settings.cache_dir!r}, device='cpu')).encode(['a'])\n"
        "assert v.shape == (1, 384)\n"
        "assert not {'torch', 'transformers', 'sentence_transformers', 'onnx'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_prepare_says_what_it_found(settings: Settings, encoder: LoadedEncoder, monkeypatch: pytest.MonkeyPatch):
    (line,) = prepare(settings)
    monkeypatch.setattr(loading, "find_plugin", lambda group, name: lambda settings: TopicEncoder(32))
    own = "encoder topic-encoder: loaded, 32 dimensions"
    assert prepare(replace(settings, encoder="mine")) == [own, f"{line}, for sentiment"]
    assert prepare(replace(settings, encoder="mine", sentiment="off")) == [own]
    assert line.startswith("encoder multilingual: already prepared in ")
    assert Path(line.rpartition(" in ")[2]).parent == Path(settings.cache_dir)
    name, well, detail = encoder_status(settings)[0]
    assert (name, well) == ("encoder multilingual", True) and "prepared in" in detail
    assert encoder_status(settings)[1][1] is True
