"""Scoring over the store: each statement by itself, with its question, once, whoever is killed meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from feedback_nlp.pipeline import scoring
from feedback_nlp.pipeline.ingest import encode_pending
from feedback_nlp.pipeline.scoring import score_pending
from feedback_nlp.records import SentimentScore, stable_hash
from feedback_nlp.settings import Settings
from feedback_nlp.store import Store, schema
from tests.fake_encoder import TopicEncoder
from tests.store_rows import feedback, ingest
from tests.topic_head import write_head

GOOD, BAD, OTHER = "What of our staff?", "Was it slow?", "Anything else?"
ANSWERS = {
    "f1": ("The price.", GOOD),
    "f2": ("The price.", BAD),
    "f3": ("The price.", OTHER),
    "f4": ("The price.", ""),
    "f5": ("I waited. Your staff was kind.", BAD),
    "f6": ("الموظف لطيف", GOOD),
    "f7": ("The app crashed. Cancel my invoice.", OTHER),
    "f8": ("Am așteptat la coadă.", ""),
    "f9": ("The price.", "What should we improve?"),
}
PLUGIN = """
from feedback_nlp.records import SentimentScore
class Scorer:
    def score(self, vectors, texts, languages, /):
        return [SentimentScore(len(text) / 100, "positive", 0.75) for text in texts]
def make(settings):
    return Scorer()
"""


def fill(store: Store, encoder: TopicEncoder | None = None) -> TopicEncoder:
    """Store and encode the answers, and return the encoder."""
    ingest(store, *(feedback(name, text, question=question) for name, (text, question) in ANSWERS.items()))
    encoder = encoder or TopicEncoder()
    encode_pending(store, encoder)
    return encoder


def scored(store: Store) -> dict[str, Any]:
    """Feedback and text of each statement with its label, polarity, emotions and intents."""
    columns = ("feedback_id", "text", "sentiment_label", "sentiment", "emotions", "intents")
    rows = store.read_frames()["statements"].select(columns).rows()
    return {f"{row[0]} {row[1]}": row[2:] for row in rows}


def labels(store: Store) -> dict[str, str]:
    return {name: row[0] for name, row in scored(store).items()}


def test_the_question_decides_where_the_words_do_not(store_url: str, tmp_path: Path) -> None:
    settings = Settings(sentiment=write_head(tmp_path))
    with Store.open(store_url) as store:
        encoder = fill(store)
        before = len(encoder.calls)
        heard: list[tuple[str, int, int]] = []
        assert score_pending(store, encoder, settings, lambda *told: heard.append(told)) == 11
        assert heard == [("sentiment", 11, 11)]
        assert encoder.calls[before:] == [3]  # questions whose wording is not listed, once; tones came with the vectors
        assert labels(store) == {
            "f1 The price.": "positive",
            "f2 The price.": "negative",
            "f3 The price.": "neutral",
            "f4 The price.": "neutral",
            "f5 I waited.": "negative",
            "f5 Your staff was kind.": "positive",
            "f6 الموظف لطيف": "positive",
            "f7 The app crashed.": "neutral",
            "f7 Cancel my invoice.": "neutral",
            "f8 Am așteptat la coadă.": "negative",
            "f9 The price.": "negative",
        }
        found = scored(store)
        assert found["f3 The price."][2:] == ("{}", "{}")
        assert found["f5 I waited."][2:] == ('{"anger":0.8858}', '{"complaint":0.8858}')
        assert found["f6 الموظف لطيف"][2:] == ('{"gratitude":0.9998}', '{"praise":0.9998}')
        assert [found[name][3] for name in found if name.startswith("f7")] == [
            '{"question":0.9998}',
            '{"churn":0.8858}',
        ]
        assert score_pending(store, encoder, settings) == 0
        assert encoder.calls[before:] == [3]


def test_off_scores_nothing_and_clears_nothing(store_url: str, tmp_path: Path) -> None:
    with Store.open(store_url) as store:
        encoder = fill(store)
        assert score_pending(store, encoder, Settings(sentiment="off")) == 0
        assert set(scored(store).values()) == {(None, None, None, None)}
        score_pending(store, encoder, Settings(sentiment=write_head(tmp_path)))
        before = scored(store)
        assert score_pending(store, encoder, Settings(sentiment="off")) == 0
        assert scored(store) == before
        assert score_pending(store, encoder, Settings()) == 0  # no bundled head reads such tones
        assert scored(store) == before


def test_another_scorer_scores_everything_anew_and_changes_nothing_else(store_url: str, tmp_path: Path) -> None:
    with Store.open(store_url) as store:
        encoder = fill(store)
        score_pending(store, encoder, Settings(sentiment=write_head(tmp_path)))
        before = everything(store)
        calm = Settings(sentiment=write_head(tmp_path, "calm", question_shift=0.0))
        assert score_pending(store, encoder, calm) == 11
        assert {labels(store)[name] for name in ("f1 The price.", "f2 The price.")} == {"neutral"}
        after = everything(store)
        assert {name for name in before if before[name] != after[name]} == {"statement"}
        assert [row[:7] for row in before["statement"]] == [row[:7] for row in after["statement"]]


def everything(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    with store._read() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(table.select())), key=repr)
            for table in schema.metadata.sorted_tables
            if table.name != "meta"
        }


def test_a_plug_in_is_asked_by_its_name_and_needs_no_tones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "made_up_scorer-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: made-up-scorer\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[feedback_nlp.sentiment]\nlength = made_up_scorer:make\n", "utf-8")
    (tmp_path / "made_up_scorer.py").write_text(PLUGIN, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with Store.open(f"sqlite:///{tmp_path / 'x.db'}") as store:
        encoder = fill(store)
        before = len(encoder.calls)
        assert score_pending(store, encoder, Settings(sentiment="length")) == 11
        assert score_pending(store, encoder, Settings(sentiment="length")) == 0
        assert len(encoder.calls) == before
        assert scored(store)["f1 The price."] == ("positive", 0.1, None, None)
        with store._read() as connection:
            keys = set(connection.execute(schema.statement.select()).scalars("sentiment_scorer"))
        assert keys == {"length-made_up_scorer.Scorer"}


class Toneless(TopicEncoder):
    """An encoder of one's own: it makes vectors and no tones."""

    tone_key = None
    tone_dimensions = None

    def encode_with_tone(self, texts: Sequence[str], /, **options: Any) -> tuple[np.ndarray, None]:
        return self.encode(texts), None


@pytest.mark.slow
def test_the_bundled_encoder_lends_its_tones_to_one_that_makes_none(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'x.db'}") as store:
        ingest(
            store,
            feedback("f1", "I love this, it works wonderfully. This is awful and I am furious."),
            feedback("f2", "Обслуживание ужасное, я очень зол.", language="ru"),
            feedback("f3", "The delivery times.", question="What did you like most about us?"),
            feedback("f4", "The delivery times.", question="What should we improve?"),
        )
        encoder = Toneless()
        encode_pending(store, encoder)
        heard: list[tuple[str, int, int]] = []
        assert score_pending(store, encoder, Settings(), lambda *told: heard.append(told)) == 5
        assert heard == [("encode", 4, 4), ("sentiment", 5, 5)]
        assert list(labels(store).values()) == ["positive", "negative", "negative", "positive", "negative"]
        assert score_pending(store, encoder, Settings()) == 0


def test_tones_that_an_old_database_lacks_are_made_in_chunks_and_a_killed_run_goes_on(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "TONES_AT_ONCE", 3)
    settings = Settings(sentiment=write_head(tmp_path))
    with Store.open(store_url) as store:
        encoder = fill(store)
        score_pending(store, encoder, settings)
        expected = scored(store)
        with store._write() as connection:
            connection.execute(schema.tone.delete())
            connection.execute(schema.statement.update().values(sentiment_scorer="old", sentiment=0.0))
        del encoder.calls[:]
        heard: list[tuple[str, int, int]] = []

        def stop(step: str, done: int, total: int) -> None:
            heard.append((step, done, total))
            if done == 3:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            score_pending(store, encoder, settings, stop)
        assert (heard, encoder.calls) == ([("encode", 3, 7)], [3])
        assert score_pending(store, encoder, settings, lambda *told: heard.append(told)) == 11
        assert heard[1:] == [("encode", 3, 4), ("encode", 4, 4), ("sentiment", 11, 11)]
        assert encoder.calls == [3, 3, 1, 3]
        assert scored(store) == expected


@pytest.mark.parametrize("size", [1, 3, 9])
def test_the_batch_decides_nothing_and_a_killed_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    settings = Settings(sentiment=write_head(tmp_path))
    with Store.open(f"sqlite:///{tmp_path / 'all.db'}") as store:
        score_pending(store, fill(store), settings)
        expected = scored(store)
    monkeypatch.setattr(scoring, "SCORE_AT_ONCE", size)

    def stop(step: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with Store.open(f"sqlite:///{tmp_path / 'parts.db'}") as store:
        encoder = fill(store)
        with pytest.raises(KeyboardInterrupt):
            score_pending(store, encoder, settings, stop)
        assert score_pending(store, encoder, settings) == 11 - size
        assert scored(store) == expected


def test_what_another_process_adds_meanwhile_is_left_to_it(tmp_path: Path) -> None:
    settings = Settings(sentiment=write_head(tmp_path))
    with Store.open(f"sqlite:///{tmp_path / 'x.db'}") as store:
        encoder = fill(store)
        ingest(store, feedback("g1", "Nobody encoded this."), feedback("g2", "The price."))
        assert score_pending(store, encoder, settings) == 12
        assert labels(store)["g1 Nobody encoded this."] is None
        assert labels(store)["g2 The price."] == "neutral"


def test_vectors_and_tones_of_a_chunk_are_stored_together(store_url: str) -> None:
    with Store.open(store_url) as store:
        encoder = fill(store)
        hashes, vectors = store.vectors(encoder.identity.key)
        assert (hashes, encoder.calls) == (sorted({stable_hash(row[1]) for row in texts(store)}), [7])
        toned, tones = store.tones(encoder.tone_key)
        assert toned == hashes
        by_text = {stable_hash(text): text for _, text in texts(store)}
        expected_vectors, expected = TopicEncoder().encode_with_tone([by_text[one] for one in hashes])
        np.testing.assert_array_equal(tones, expected)
        np.testing.assert_allclose(vectors, expected_vectors, atol=1e-3)


def texts(store: Store) -> list[tuple[str, str]]:
    return store.read_frames()["statements"].select("statement_id", "text").rows()


def test_a_score_of_a_deleted_statement_is_left_out(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'x.db'}") as store:
        fill(store)
        store.set_sentiment("made-up", ["gone"], [SentimentScore(0.5, "positive", 0.5)])
        assert set(scored(store).values()) == {(None, None, None, None)}
