"""A small store of made-up answers about four topics in three languages, with vectors and codebooks made by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np

from feedback_nlp.pipeline.ingest import encode_pending
from feedback_nlp.records import Feedback, Mention, ScoreScale, Statement, Tag, Theme, stable_hash
from feedback_nlp.store import Store
from feedback_nlp.themes.space import PreparedSpace
from tests.fake_encoder import TopicEncoder

TOPICS = ("app", "delivery", "price", "staff")
PLACES = {"app": ("t-app", "t-tech"), "staff": ("t-staff", "t-tech"), "delivery": ("t-delivery", None), "price": None}
OPENINGS = {
    "en": ("I mean the", "My view on the", "What about your", "Please look at the"),
    "it": ("Parlo del vostro", "Ecco cosa penso del", "Vorrei dire del", "Guardate il"),
    "ru": ("Я говорю про", "Хочу сказать про", "Посмотрите на", "Вот что думаю про"),
}
THINGS = {
    "app": {
        "en": ("app", "login", "password"),
        "it": ("accesso", "applicazione", "schermata"),
        "ru": ("приложение", "пароль", "экран"),
    },
    "delivery": {
        "en": ("courier", "parcel", "shipment"),
        "it": ("corriere", "pacco", "spedizione"),
        "ru": ("доставку", "курьера", "посылку"),
    },
    "price": {
        "en": ("cost", "fee", "price"),
        "it": ("costoso", "prezzo", "tariffa"),
        "ru": ("стоимость", "тариф", "цену"),
    },
    "staff": {
        "en": ("agent", "employee", "staff"),
        "it": ("cortese", "impiegato", "operatore"),
        "ru": ("персонал", "приветливых", "сотрудника"),
    },
}


def fill(path: Path, *, languages: tuple[str, ...] = ("en", "it", "ru")) -> Store:
    """Return a store of 48 answers a language, each with its topic as a segment, encoded by the topic encoder."""
    store = Store.open(f"sqlite:///{path}")
    store.upsert_scales([ScoreScale("nps", "nps", 0, 10)])
    run = store.begin_run("made-up.csv", "hash", {})
    feedback, statements = [], {}
    for topic, language, opening, thing in product(TOPICS, languages, range(4), range(3)):
        text = f"{OPENINGS[language][opening]} {THINGS[topic][language][thing]}"
        key = f"{topic}-{language}-{opening}{thing}"
        feedback.append(
            Feedback(
                f"f-{key}",
                f"r-{key}",
                text,
                language=language,
                scores={"nps": float(TOPICS.index(topic) * 3)},
                segments={"topic": topic},
                duplicate_key=key,
                content_hash=key,
            )
        )
        statements[f"f-{key}"] = [Statement(f"s-{key}", f"f-{key}", 0, len(text), text, language, stable_hash(text))]
    store.upsert_feedback(feedback, statements, run)
    store.finish_run(run, {})
    encode_pending(store, TopicEncoder())
    return store


def fill_and_publish(path: Path) -> Store:
    """Return a filled store whose codebook has the themes of :data:`PLACES`, tagged and ready; "price" has none."""
    store = fill(path)
    publish(store, lambda topic, language: PLACES[topic])
    store.mark_ready(1)
    return store


def count_mentions(store: Store) -> dict[str, int]:
    """Return how many statements mention each theme, by theme id."""
    return dict(sorted(Counter(store.read_frames()["mentions"]["theme_id"]).items()))


def publish(store: Store, theme_of: Callable[[str, str], tuple[str, str | None] | None]) -> int:
    """Publish and tag a codebook; ``theme_of(topic, language)`` gives a leaf and its parent, or None for unthemed.

    Keywords are the things said about the topic. Centroids are the means of the members' prepared vectors.
    """
    encoder = TopicEncoder()
    waiting = store.statements_to_tag(0, only_new=False)
    hashes, vectors = store.vectors(encoder.identity.key)
    row_of = {text_hash: row for row, text_hash in enumerate(hashes)}
    raw = vectors[[row_of[text_hash] for text_hash in waiting["text_hash"]]]
    languages = waiting["language"].to_list()
    space = PreparedSpace.fit(raw, languages)
    prepared = space.prepare(raw, languages)
    said = [
        (statement_id.split("-")[1], language)
        for statement_id, language in zip(waiting["statement_id"], languages, strict=True)
    ]
    placed = [theme_of(topic, language) for topic, language in said]
    members: dict[str, list[int]] = {}
    parents: dict[str, str | None] = {}
    words: dict[str, dict[str, set[str]]] = {}
    for row, (place, (topic, language)) in enumerate(zip(placed, said, strict=True)):
        for theme_id, parent in ((place[0], place[1]), (place[1], None)) if place else ():
            if theme_id is not None:
                members.setdefault(theme_id, []).append(row)
                parents[theme_id] = parent
                words.setdefault(theme_id, {}).setdefault(language, set()).update(THINGS[topic][language])
    ids = sorted(members)
    means = np.array([prepared[members[theme_id]].mean(axis=0) for theme_id in ids])
    version = store.publish_codebook(
        encoder_key=encoder.identity.key,
        themes=[
            Theme(
                theme_id,
                f"About {theme_id}",
                2 if parents[theme_id] else 1,
                parents[theme_id],
                "active",
                0.5,
                {language: tuple(sorted(found)) for language, found in words[theme_id].items()},
            )
            for theme_id in ids
        ],
        arrays={
            "centroids": (means / np.linalg.norm(means, axis=1, keepdims=True)).astype(np.float32),
            "corpus_mean": space.corpus_mean,
            "language_means": space.language_means,
        },
        settings={"languages": list(space.languages)},
        reason="made by hand",
    )
    statement_ids = waiting["statement_id"].to_list()
    tags = [
        Tag(statement_id, place[0] if place else None, 0.75, None if place else "far from every theme")
        for statement_id, place in zip(statement_ids, placed, strict=True)
    ]
    mentions = [
        Mention(statement_id, theme_id, 0.75, version)
        for statement_id, place in zip(statement_ids, placed, strict=True)
        for theme_id in place or ()
        if theme_id is not None
    ]
    store.write_tags(version, tags, mentions)
    return version
