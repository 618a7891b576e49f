"""A tiny deterministic encoder for tests, put in at the plug-in door: no weights, real topic structure.

Texts about one topic lie close to one another in six languages, since a topic's words share one direction; the other
words add a small direction each, so that no two different texts have the same vector.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from feedback_nlp.records import EncoderIdentity

# Beginnings of words, so that inflected forms are met too.
TOPIC_WORDS: dict[str, tuple[str, ...]] = {
    "delivery": (
        *("deliver", "shipping", "shipment", "parcel", "courier", "package"),
        *("livr", "colet", "curier", "expedi"),
        *("достав", "посылк", "курьер"),
        *("consegn", "spedizion", "pacco", "corriere"),
        *("توصيل", "التوصيل", "شحن", "الشحن", "طرد", "الطرد"),
        *("dostaw", "przesyłk", "paczk", "kurier"),
    ),
    "price": (
        *("price", "expensive", "cheap", "cost", "fee", "overpriced"),
        *("preț", "pret", "scump", "ieftin", "tarif"),
        *("цен", "дорог", "дешев", "стоимост", "тариф"),
        *("prezz", "costos", "caro", "cara", "economic", "tariff"),
        *("سعر", "السعر", "أسعار", "الأسعار", "غالي", "غالية", "رخيص"),
        *("cen", "drog", "tani", "koszt", "opłat"),
    ),
    "staff": (
        *("staff", "employee", "agent", "polite", "rude", "friendly", "helpful"),
        *("personal", "angajat", "politic", "amabil", "nepoliticos"),
        *("персонал", "сотрудник", "вежлив", "груб", "приветлив"),
        *("commess", "impiegat", "cortes", "gentil", "scortes", "operator"),
        *("موظف", "الموظف", "موظفين", "الموظفين", "موظفون", "مهذب", "وقح", "لطيف"),
        *("obsług", "pracowni", "uprzejm", "niemił", "życzliw"),
    ),
    "app": (
        *("app", "crash", "login", "log", "update", "screen", "password"),
        *("aplicați", "aplicati", "blochează", "actualiz", "parol", "ecran"),
        *("приложен", "вылета", "вход", "обновлен", "парол", "экран"),
        *("applicazion", "blocca", "accesso", "aggiorna", "schermat"),
        *("تطبيق", "التطبيق", "يتعطل", "تحديث", "التحديث", "الدخول", "الشاشة"),
        *("aplikacj", "zawiesza", "logowani", "aktualizacj", "hasł", "ekran"),
    ),
    "quality": (
        *("quality", "broken", "broke", "durable", "defect", "faulty", "material"),
        *("calitat", "stricat", "defect", "rezistent", "material"),
        *("качеств", "слома", "брак", "прочн", "материал"),
        *("qualit", "rott", "difett", "resistent", "materiale"),
        *("جودة", "الجودة", "مكسور", "عيب", "متين", "خامة"),
        *("jakoś", "zepsu", "wad", "trwał", "materiał"),
    ),
    "billing": (
        *("bill", "invoice", "charge", "payment", "refund"),
        *("factur", "plat", "plăt", "ramburs"),
        *("счет", "счёт", "оплат", "списа", "возврат"),
        *("fattur", "pagament", "addebit", "rimbors"),
        *("فاتورة", "الفاتورة", "دفع", "الدفع", "استرداد"),
        *("faktur", "rachun", "płatnoś", "zwrot"),
    ),
    "waiting": (
        *("wait", "queue", "slow", "hold", "late", "delay"),
        *("aștept", "astept", "coad", "întârzi", "încet", "lent"),
        *("жда", "очеред", "медлен", "долго", "задерж", "ожидан"),
        *("attes", "aspett", "coda", "lent", "ritard"),
        *("انتظار", "الانتظار", "طابور", "بطيء", "تأخير", "تأخر"),
        *("czeka", "kolejk", "woln", "opóźni"),
    ),
    "connection": (
        *("internet", "network", "signal", "connection", "coverage", "wifi"),
        *("rețea", "retea", "semnal", "conexiun", "acoperir"),
        *("интернет", "сеть", "сети", "сигнал", "связ", "покрыти"),
        *("rete", "segnale", "connession", "copertura"),
        *("إنترنت", "الإنترنت", "شبكة", "الشبكة", "إشارة", "اتصال", "تغطية"),
        *("sieć", "sieci", "sygnał", "połączeni", "zasięg"),
    ),
}
WORD_WEIGHT = 0.25  # of a word outside every topic, where a topic's word weighs 1
TONE_SHA256 = hashlib.sha256(b"how often each topic is named").hexdigest()  # what a sentiment head says it reads


class TopicEncoder:
    """Has what :class:`feedback_nlp.encoding.LoadedEncoder` has; vectors are float32 unit rows.

    A tone counts the words of each topic, in the order of TOPIC_WORDS. No bundled sentiment head reads such tones, so
    that nothing is scored unless a test brings a head of its own.
    """

    tone_key = f"{TONE_SHA256[:12]}-topic-encoder"
    tone_dimensions = len(TOPIC_WORDS)

    def __init__(self, dimensions: int = 64) -> None:
        self.dimensions = dimensions
        self.identity = EncoderIdentity("topic-encoder", "1", "0" * 64, dimensions, "sum", "")
        self.calls: list[int] = []  # number of texts of each call, so that a test can see what was cached

    def get_sentence_embedding_dimension(self) -> int:
        return self.dimensions

    def encode(self, texts: str | Sequence[str], /, **_sentence_transformers: Any) -> np.ndarray:
        """Return shape (len(texts), d), or (d,) for a single str."""
        if isinstance(texts, str):
            return self._vector(texts)
        self.calls.append(len(texts))
        if not texts:
            return np.empty((0, self.dimensions), np.float32)
        return np.stack([self._vector(text) for text in texts])

    def encode_with_tone(self, texts: Sequence[str], /, **_options: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return the vectors of :meth:`encode`, and tones of shape (len(texts), number of topics)."""
        said = [[topic_of(word) for word in re.findall(r"\w+", text.casefold())] for text in texts]
        tones = [[topics.count(topic) for topic in TOPIC_WORDS] for topics in said]
        return self.encode(texts), np.array(tones, np.float32).reshape(len(texts), self.tone_dimensions)

    def _vector(self, text: str) -> np.ndarray:
        total = 0.01 * _direction("every text", self.dimensions)  # an empty text needs a direction as well
        for word in re.findall(r"\w+", text.casefold()):
            topic = topic_of(word)
            if topic is None:
                total = total + WORD_WEIGHT * _direction(f"word {word}", self.dimensions)
            else:
                total = total + _direction(f"topic {topic}", self.dimensions)
        return (total / np.linalg.norm(total)).astype(np.float32)


@cache
def topic_of(word: str) -> str | None:
    """Return the topic of a case-folded word, the longest matching beginning deciding, or None."""
    found = [
        (len(start), topic)
        for topic, starts in TOPIC_WORDS.items()
        for start in starts
        if word.startswith(start) and (len(start) > 3 or len(word) <= len(start) + 2)
    ]
    return max(found)[1] if found else None


@cache
def _direction(name: str, dimensions: int) -> np.ndarray:
    """Return the unit vector that belongs to a name, the same on every machine."""
    seed = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")
    vector = np.random.default_rng(seed).standard_normal(dimensions)
    return vector / np.linalg.norm(vector)
