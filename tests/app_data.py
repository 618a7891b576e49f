"""Fills a store, through its own methods, with the made-up feedback of ``tests/sample.py``."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from feedback_nlp.records import (
    Aside,
    EncoderIdentity,
    Feedback,
    Mention,
    ScoreScale,
    Statement,
    Tag,
    Theme,
    stable_hash,
)
from feedback_nlp.store import Store
from tests.sample import raw_frames, with_tickets

ENCODER = EncoderIdentity("made-up", "1", "0" * 64, 4, "mean", "")
HOSTILE = (
    "<script>document.title='taken'</script> <img src=x onerror=\"document.title='taken'\"> **bold** [a](http://x)"
)

MARKED: dict[str, dict[str, Any]] = {
    "t-service": {"source": "guided", "label_source": "codebook"},
    "t-waiting": {"state": "candidate", "stability": 0.596, "label_source": "llm"},
    "t-product": {"is_emerging": True, "stability": 0.875},
    "t-delivery": {"source": "person", "label_source": "person", "label": HOSTILE, "definition": HOSTILE},
}
CANDIDATES = [
    {"n_themes": 4, "smallest": 9, "stability": 0.95, "chosen": "", "reason": "stability 0.95: coarser than need be"},
    {"n_themes": 8, "smallest": 5, "stability": 0.78, "chosen": "themes", "reason": "stability 0.78: the finest"},
]


def fill_store(
    path: Path,
    n: int = 120,
    *,
    scores: Sequence[str] = ("nps", "csat"),
    stars: bool = False,
    themes: bool = True,
    only_themes: Sequence[str] | None = None,
    hostile: bool = True,
    tickets: bool = False,
    marked: bool = False,
    feelings: bool = True,
    seed: int = 0,
) -> str:
    """Write ``n`` made-up responses to a SQLite file and return its URL.

    ``scores`` are kept; ``stars`` renames CSAT to stars; ``themes`` False leaves the codebook out; ``only_themes``
    keeps just these; ``hostile`` replaces one text with markup that must never run; ``tickets`` puts greetings,
    signatures and logs around the tickets; ``marked`` sets themes apart in every way there is (MARKED), gives
    feedback two channels and statements touchpoints, and makes every tenth tag a close call; ``feelings`` False is a
    scorer that looks for no emotions and intents.
    """
    raw = with_tickets(raw_frames(n, seed)) if tickets else raw_frames(n, seed)
    url = f"sqlite:///{path}"
    with Store.open(url) as store:
        run = store.begin_run("made-up.csv", stable_hash(str(n), str(seed)), {"encoder": "made-up"})
        store.upsert_scales(_scales(raw["scales"], scores, stars))
        feedback = list(_feedback(raw["feedback"], scores, stars))
        if marked:
            feedback = [replace(item, channel=("web", "phone")[i % 2]) for i, item in enumerate(feedback)]
        statements = _statements(raw["statements"])
        if hostile:
            themed = set(raw["mentions"]["statement_id"])
            place = next(
                i
                for i, f in enumerate(feedback)
                if any(s.statement_id in themed for s in statements.get(f.feedback_id, [])[-1:])
            )
            feedback[place], statements = _spoilt(feedback[place], statements)
        store.upsert_feedback(feedback, statements, run)
        store.refresh_duplicates()
        store.finish_run(run, {"rows": n, "added": len(feedback), "rejected": 2})
        _set_sentiment(store, raw["statements"], feelings)
        if themes:
            _publish(store, raw, only_themes, marked)
    return url


def _scales(frame: pl.DataFrame, scores: Sequence[str], stars: bool) -> list[ScoreScale]:
    scales = [ScoreScale(**row) for row in frame.iter_rows(named=True) if row["name"] in scores]
    return [ScoreScale("stars", "stars", 1, 5) if stars and scale.name == "csat" else scale for scale in scales]


def _feedback(frame: pl.DataFrame, scores: Sequence[str], stars: bool) -> Iterable[Feedback]:
    known = inspect.signature(Feedback).parameters
    for row in frame.iter_rows(named=True):
        kept = {name: value for name, value in json.loads(row["scores"]).items() if name in scores}
        if stars and "csat" in kept:
            kept["stars"] = kept.pop("csat")
        values: dict[str, Any] = {name: value for name, value in row.items() if name in known}
        values |= {"scores": kept, "segments": json.loads(row["segments"])}
        values["asides"] = tuple(Aside(*aside) for aside in json.loads(row["asides"]))
        text_key = stable_hash(row["text"].casefold())
        yield Feedback(
            **values, duplicate_key=text_key, content_hash=stable_hash(row["feedback_id"], text_key, json.dumps(kept))
        )


def _statements(frame: pl.DataFrame) -> dict[str, list[Statement]]:
    names = ("statement_id", "feedback_id", "start", "end", "text", "language", "text_hash")
    found: dict[str, list[Statement]] = {}
    for row in frame.select(names).iter_rows(named=True):
        found.setdefault(row["feedback_id"], []).append(Statement(**row))
    return found


def _spoilt(item: Feedback, statements: dict[str, list[Statement]]) -> tuple[Feedback, dict[str, list[Statement]]]:
    """Append hostile markup to a text, and to the last statement in it."""
    of_item = statements[item.feedback_id]
    last = replace(of_item[-1], end=of_item[-1].end + 1 + len(HOSTILE), text=f"{of_item[-1].text} {HOSTILE}")
    item = replace(item, text=f"{item.text} {HOSTILE}", content_hash=stable_hash(item.feedback_id, HOSTILE))
    return item, {**statements, item.feedback_id: [*of_item[:-1], last]}


def _found(number: int, label: str) -> tuple[dict[str, float], dict[str, float]]:
    """Return the emotions and intents of the statement of that number."""
    if label == "positive":
        return {"joy": 0.9}, {"praise": 0.8}
    if label != "negative":
        return {}, {}
    emotions = {"anger": 0.9} | ({"worry": 0.6} if number % 3 == 0 else {})
    return emotions, {"complaint": 0.8} | {
        name: 0.7 for name, nth in (("churn", 8), ("urgent", 20)) if number % nth == 0
    }


def _set_sentiment(store: Store, frame: pl.DataFrame, feelings: bool) -> None:
    from feedback_nlp.records import SentimentScore

    rows = frame.select(pl.col("sentiment", "sentiment_label").first().over("text_hash")).rows()
    scores = [
        SentimentScore(polarity, label, 0.9, *(_found(number, label) if feelings else (None, None)))
        for number, (polarity, label) in enumerate(rows)
    ]
    store.set_sentiment("made-up", frame["statement_id"].to_list(), scores)


def _publish(store: Store, raw: dict[str, pl.DataFrame], only: Sequence[str] | None, marked: bool) -> None:
    rows = [row for row in raw["themes"].iter_rows(named=True) if only is None or row["theme_id"] in only]
    themes = [
        Theme(
            **{
                **row,
                "keywords": {lang: tuple(words) for lang, words in json.loads(row["keywords"]).items()}
                | (
                    {"ar": ("انتظار", "دقيقة"), "pl": ("kolejka", "infolinia")}
                    if row["theme_id"] == "t-waiting"
                    else {}
                ),
                "quote_ids": tuple(json.loads(row["quote_ids"])),
            }
        )
        for row in rows
    ]
    if marked:
        themes = [replace(theme, **MARKED.get(theme.theme_id, {})) for theme in themes]
    key = store.register_encoder(ENCODER)
    arrays = {
        "centroids": np.ones((len(themes), 4), np.float32) / 2,
        "corpus_mean": np.zeros(4, np.float32),
        "language_means": np.zeros((0, 4), np.float32),
    }
    settings = {"clusterer": "evoc", "languages": [], **({"candidates": CANDIDATES} if marked else {})}
    version = store.publish_codebook(
        encoder_key=key, themes=themes, arrays=arrays, settings=settings, reason="first themes"
    )
    ids = {theme.theme_id for theme in themes}
    mentions = [
        Mention(row["statement_id"], row["theme_id"], row["confidence"], version)
        for row in raw["mentions"].iter_rows(named=True)
        if row["theme_id"] in ids
    ]
    close = {"margin": 0.0125, "review": "near the threshold"}
    places = ({}, {"touchpoint": "app"}, {"touchpoint": "phone", "journey_stage": "use"})
    tags = [
        Tag(
            *(row["statement_id"], row["best_theme_id"], row["best_similarity"], row["unthemed_reason"]),
            **({"facets": places[i % 3]} | (close if i % 10 == 0 else {}) if marked else {}),
        )
        for i, row in enumerate(raw["statements"].iter_rows(named=True))
        if row["best_theme_id"] in ids
    ]
    store.write_tags(version, tags, mentions)
