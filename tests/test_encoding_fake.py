"""The encoder that other tests use must have the structure that they rely on."""

from __future__ import annotations

import numpy as np

from tests.fake_encoder import TOPIC_WORDS, TopicEncoder, topic_of

PARALLEL = {
    "delivery": (
        "The parcel was delivered on Monday",
        "Coletul a fost livrat luni",
        "Посылку доставили в понедельник",
        "Il pacco è stato consegnato lunedì",
        "تم توصيل الطرد يوم الاثنين",
        "Paczka została dostarczona, dostawa w poniedziałek",
    ),
    "price": (
        "The price is too expensive",
        "Prețul este prea scump",
        "Цена слишком дорогая",
        "Il prezzo è troppo caro",
        "السعر غالي جدا",
        "Cena jest za droga",
    ),
}


def test_texts_of_one_topic_lie_close_in_every_language():
    encoder = TopicEncoder()
    groups = {topic: encoder.encode(texts) for topic, texts in PARALLEL.items()}
    within = min((vectors @ vectors.T).min() for vectors in groups.values())
    between = (groups["delivery"] @ groups["price"].T).max()
    assert within > 0.5 > 0.4 > between


def test_same_text_same_unit_vector_alone_or_among_others():
    encoder = TopicEncoder(dimensions=32)
    texts = [text for group in PARALLEL.values() for text in group]
    vectors = encoder.encode(texts)
    assert vectors.shape == (12, 32) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert all(np.array_equal(encoder.encode(text), vector) for text, vector in zip(texts, vectors, strict=True))
    assert encoder.encode([]).shape == (0, 32)


def test_every_topic_has_words_of_every_script():
    for topic, words in TOPIC_WORDS.items():
        joined = "".join(words)
        assert any("а" <= letter <= "я" for letter in joined), topic
        assert any("ء" <= letter <= "ي" for letter in joined), topic
        assert all(topic_of(word) is not None for word in words), topic
