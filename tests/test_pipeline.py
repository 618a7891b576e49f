"""The whole way from a file to tagged themes, over SQLite and PostgreSQL, with the tests' encoder."""

from __future__ import annotations

import csv
import json
import logging
import random
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from feedback_nlp.errors import DiscoveryError, EncoderError
from feedback_nlp.language.reading.columns import ColumnFlags
from feedback_nlp.pipeline import discover_themes, ingest, load_codebook, run_pipeline, tag_statements
from feedback_nlp.pipeline.corpus import vectors_of
from feedback_nlp.resources import resource_path
from feedback_nlp.settings import Settings
from feedback_nlp.store import Store
from feedback_nlp.themes.tagging import FAR, JUST_BELOW, tag
from tests.fake_encoder import TopicEncoder
from tests.made_up import TOPICS, Row, rows, write_csv, write_plugin

ROOT = Path(__file__).resolve().parents[1]
SURVEY = resource_path("data/survey.csv")
SETTINGS = Settings()


def run(store: Store, path: Path, settings: Settings = SETTINGS, **how: Any) -> Any:
    how = {"encoder": TopicEncoder(), "rejects_file": path.with_suffix(".rejects.csv"), **how}
    return run_pipeline(store, path, how.pop("flags", ColumnFlags()), settings, **how)


def read_in(store: Store, path: Path, **how: Any) -> Any:
    how = {"encoder": TopicEncoder(), "rejects_file": path.with_suffix(".rejects.csv"), **how}
    return ingest(store, path, how.pop("flags", ColumnFlags()), SETTINGS, **how)


def state_of(store: Store) -> dict[str, Any]:
    """All that a reader of the database sees, as plain values; when things happened is left out."""
    frames = store.read_frames()
    return {name: frame.to_dicts() for name, frame in frames.items()} | {
        "vectors": {key: dict(zip(*_plain(store.vectors(key)), strict=True)) for key in store.encoders()},
        "lineage": [(row["version"], row["theme_id"], row["event"]) for row in store.lineage()],
    }


def _plain(found: tuple[list[str], np.ndarray]) -> tuple[list[str], list[bytes]]:
    return found[0], [row.tobytes() for row in found[1]]


def counted(summary: Any) -> tuple[int, int, int, int]:
    return summary.n_read, summary.n_added, summary.n_updated, summary.n_unchanged


# -- reading


def test_a_run_finds_the_planted_topics_and_a_second_one_adds_nothing(store_url: str, tmp_path: Path):
    path = write_csv(tmp_path / "answers.csv", rows(120))
    encoder = TopicEncoder()
    with Store.open(store_url) as store:
        first = run(store, path, encoder=encoder)
        assert counted(first.ingest) == (120, 120, 0, 0)
        assert (first.discovery.changed, first.discovery.n_themes) == (True, len(TOPICS))
        assert first.tagging.n_tagged == first.ingest.n_statements
        before = state_of(store)
        n_encoded = sum(encoder.calls)
        second = run(store, path, encoder=encoder)
        assert counted(second.ingest) == (120, 0, 0, 120)
        assert (second.discovery.changed, second.discovery.codebook_version) == (False, 1)
        assert (second.tagging.n_tagged, second.tagging.coverage) == (0, first.tagging.coverage)
        assert (second.ingest.n_encoded, sum(encoder.calls)) == (0, n_encoded)
        assert state_of(store) == before
        assert [row["version"] for row in store.codebook_versions()] == [1]
        assert [row["state"] for row in store.runs()] == ["done", "done"]


def test_each_theme_holds_one_topic_in_all_languages(tmp_path: Path):
    path = write_csv(tmp_path / "answers.csv", [r for topic in TOPICS for r in rows(40, TOPICS.index(topic), [topic])])
    with Store.open(f"sqlite:///{tmp_path / 'f.db'}") as store:
        run(store, path)
        frames = store.read_frames()
    topic_of = {f"S{TOPICS.index(topic)}": topic for topic in TOPICS}
    themed = frames["statements"].join(
        frames["feedback"].select("feedback_id", pl.col("external_id").str.slice(0, 2).replace_strict(topic_of)),
        on="feedback_id",
    )
    pairs = themed.filter(pl.col("best_theme_id").is_not_null())
    assert pairs.height >= 0.85 * themed.height
    assert pairs.group_by("best_theme_id").agg(pl.col("external_id").n_unique())["external_id"].to_list() == [1] * 4
    assert pairs.group_by("best_theme_id").agg(pl.col("language").n_unique())["language"].to_list() == [6] * 4


def test_a_changed_row_with_an_id_updates_and_loses_its_old_statements(store_url: str, tmp_path: Path):
    made = rows(40)
    path = write_csv(tmp_path / "answers.csv", made)
    with Store.open(store_url) as store:
        run(store, path)
        changed = {**made[7], "language": "en", "nps": "10", "comment": "Your agent was so polite. The price is fair."}
        path = write_csv(tmp_path / "answers.csv", [*made[:7], changed, *made[8:]])
        again = run(store, path)
        assert counted(again.ingest) == (40, 0, 1, 39)
        frames = store.read_frames()
        assert frames["feedback"].height == 40
        row = frames["feedback"].filter(pl.col("external_id") == made[7]["response_id"]).to_dicts()[0]
        assert (row["text"], json.loads(row["scores"])) == (changed["comment"], {"nps": 10.0})
        said = frames["statements"].filter(pl.col("feedback_id") == row["feedback_id"])
        assert said["text"].to_list() == ["Your agent was so polite.", "The price is fair."]
        assert said["best_similarity"].null_count() == 0
        assert set(frames["mentions"]["statement_id"]) <= set(frames["statements"]["statement_id"])


@pytest.mark.parametrize("with_ids", [True, False])
def test_shuffled_rows_give_the_same_ids_themes_and_tags(tmp_path: Path, with_ids: bool):
    made = rows(120)
    made += [dict(made[3]), dict(made[3])]  # exact repeats
    if not with_ids:
        made = [{name: row[name] for name in ("date", "language", "nps", "comment")} for row in made]
    states = []
    for order in range(2):
        random.Random(order).shuffle(made)
        path = write_csv(tmp_path / f"answers{order}.csv", made)
        with Store.open(f"sqlite:///{tmp_path / f'{order}.db'}") as store:
            run(store, path, flags=ColumnFlags(id="response_id" if with_ids else None))
            states.append(state_of(store))
    assert states[0] == states[1]
    assert len(states[0]["feedback"]) == (120 if with_ids else 122)
    assert sum(row["duplicate_of"] is not None for row in states[0]["feedback"]) >= (0 if with_ids else 2)


def test_the_batch_size_decides_nothing(tmp_path: Path):
    path = write_csv(tmp_path / "answers.csv", rows(60))
    states = []
    for size in (1, 7, 1000):
        with Store.open(f"sqlite:///{tmp_path / f'{size}.db'}") as store:
            run(store, path, Settings(batch_size=size))
            states.append(state_of(store))
    assert states[0] == states[1] == states[2]


def test_what_cannot_be_read_is_listed_and_the_rest_goes_in(store_url: str, tmp_path: Path):
    made = rows(30)
    made[4]["nps"] = "11"
    made[9]["date"] = "soon"
    made[14] |= {"comment": " ", "nps": ""}
    made[19] |= {"comment": ""}  # a score without words counts for the score
    path = write_csv(tmp_path / "answers.csv", made)
    with Store.open(store_url) as store:
        summary = read_in(store, path, flags=ColumnFlags(scores=("nps=nps",)))
        frames = store.read_frames()
    assert (summary.n_read, summary.n_added, summary.n_rejected, summary.n_warnings) == (29, 29, 1, 2)
    with Path(summary.rejects_file).open(encoding="utf-8", newline="") as handle:
        listed = list(csv.DictReader(handle))
    assert [(row["file"], row["line"], row["kind"]) for row in listed] == [
        ("answers.csv", "6", "score"),
        ("answers.csv", "11", "date"),
        ("answers.csv", "16", "row"),
    ]
    stored = {row["external_id"]: row for row in frames["feedback"].to_dicts()}
    assert made[14]["response_id"] not in stored
    assert json.loads(stored[made[4]["response_id"]]["scores"]) == {}
    assert stored[made[9]["response_id"]]["created_at"] is None
    silent = stored[made[19]["response_id"]]
    assert (silent["text"], silent["n_statements"], json.loads(silent["scores"])) == (
        "",
        0,
        {"nps": float(made[19]["nps"])},
    )


def test_without_rejects_no_file_is_written(tmp_path: Path):
    path = write_csv(tmp_path / "answers.csv", rows(5))
    with Store.open(f"sqlite:///{tmp_path / 'f.db'}") as store:
        assert read_in(store, path).rejects_file is None
    assert sorted(p.name for p in tmp_path.iterdir()) == ["answers.csv", "f.db"]


def test_several_questions_share_a_response_and_its_score_counts_once(store_url: str, tmp_path: Path):
    made = [
        {
            "id": f"{i}",
            "nps": str(9 if i % 2 else 3),
            "liked": f"Polite staff on day {i}",
            "improve": f"The app, day {i}",
        }
        for i in range(40)
    ]
    made[0]["improve"] = ""
    path = write_csv(tmp_path / "answers.csv", made)
    from feedback_nlp.analysis.frames import build_frames
    from feedback_nlp.analysis.scores import summarise_scores

    with Store.open(store_url) as store:
        summary = read_in(store, path, flags=ColumnFlags(text=("liked", "improve"), id="id", scores=("nps=nps",)))
        frames = store.read_frames()
    assert (summary.n_read, summary.n_added) == (40, 79)
    feedback = frames["feedback"]
    assert (feedback.height, feedback["feedback_id"].n_unique(), feedback["response_id"].n_unique()) == (79, 79, 40)
    assert sorted(feedback["question"].value_counts().rows()) == [("improve", 39), ("liked", 40)]
    score = summarise_scores(build_frames(frames, SETTINGS))[0]
    assert (score.name, score.n, score.value) == ("nps", 40, 0.0)


def test_non_answers_are_kept_and_have_no_statements(tmp_path: Path):
    made = rows(10)
    for row, words in zip(made, ("n/a", "nothing", "-", "нет", "nimic"), strict=False):
        row |= {"comment": words, "language": ""}
    with Store.open(f"sqlite:///{tmp_path / 'f.db'}") as store:
        summary = read_in(store, write_csv(tmp_path / "answers.csv", made))
        feedback = store.read_frames()["feedback"]
    assert summary.n_non_answers == 5
    assert feedback.filter("is_non_answer")["n_statements"].to_list() == [0] * 5
    assert feedback.filter(~pl.col("is_non_answer"))["n_statements"].min() == 1


# -- privacy


def planted() -> list[tuple[str, str]]:
    """(kind, value) of every identifier planted in the bundled survey."""
    with SURVEY.open(encoding="utf-8", newline="") as handle:
        comments = {row["response_id"]: row["comment"] for row in csv.DictReader(handle)}
    with (ROOT / "tests/survey/truth_identifiers.csv").open(encoding="utf-8", newline="") as handle:
        truths = list(csv.DictReader(handle))
    return [(t["kind"], comments[t["response_id"]][int(t["start"]) : int(t["end"])]) for t in truths]


def test_no_planted_identifier_reaches_the_database_or_a_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
):
    values = planted()
    assert len(values) >= 20
    with SURVEY.open(encoding="utf-8", newline="") as handle:
        every = list(csv.DictReader(handle))
    with (ROOT / "tests/survey/truth_identifiers.csv").open(encoding="utf-8", newline="") as handle:
        named = {row["response_id"] for row in csv.DictReader(handle)}
    some = [row for row in every if row["response_id"] in named] + every[:60]
    path = write_csv(tmp_path / "survey.csv", {row["response_id"]: row for row in some}.values())
    with caplog.at_level(logging.DEBUG), Store.open(f"sqlite:///{tmp_path / 'f.db'}") as store:
        summary = run(store, path)
        # While it is open, the newest pages are in the write-ahead log.
        assert (tmp_path / "f.db-wal").stat().st_size > 0
        written = {p.name: p.read_bytes() for p in tmp_path.iterdir() if p != path}
        texts = "\n".join(store.read_frames()["feedback"]["text"])
    written["closed"] = (tmp_path / "f.db").read_bytes()
    said = caplog.text + "".join(capfd.readouterr()) + repr(summary)
    leaks = []
    for kind, value in values:
        bare = "".join(value.split())
        for name, data in written.items():
            if value.encode() in data or bare.encode() in data:
                leaks.append((kind, name))
        if value in said or value in texts:
            leaks.append((kind, "said"))
    assert leaks == []
    expected = {kind: sum(k == kind for k, _ in values) for kind in sorted({k for k, _ in values})}
    assert {
        kind: sum(kinds.get(kind.upper(), 0) for kinds in summary.ingest.redactions.values()) for kind in expected
    } == (expected)


def test_ids_that_are_addresses_are_pseudonyms_and_still_recognised(tmp_path: Path):
    made = rows(12)
    for number, row in enumerate(made):
        row |= {"response_id": f"person{number}@example.com", "customer_id": "+44 20 7946 0958"}
    path = write_csv(tmp_path / "answers.csv", made)
    with Store.open(f"sqlite:///{tmp_path / 'f.db'}") as store:
        assert counted(read_in(store, path)) == (12, 12, 0, 0)
        assert counted(read_in(store, path)) == (12, 0, 0, 12)
        feedback = store.read_frames()["feedback"]
    assert feedback["customer_id"].n_unique() == 1
    data = (tmp_path / "f.db").read_bytes()
    assert [word for word in (b"example.com", b"7946 0958", b"79460958") if word in data] == []


# -- killed


def test_killed_half_way_it_resumes_to_the_same_end(tmp_path: Path):
    path = write_csv(tmp_path / "answers.csv", rows(400))
    plugin = write_plugin(tmp_path / "plugin")
    database = tmp_path / "killed.db"
    settings = Settings(batch_size=10)
    code = (
        "import sys, time\n"
        f"sys.path[:0] = [{str(ROOT)!r}, {str(plugin)!r}]\n"
        "from feedback_nlp.store import Store\n"
        "upsert = Store.upsert_feedback\n"
        "def slowly(self, *args):\n"
        "    found = upsert(self, *args)\n"
        "    print('batch', flush=True)\n"
        "    time.sleep(0.02)\n"
        "    return found\n"
        "Store.upsert_feedback = slowly\n"
        "from feedback_nlp.cli import main\n"
        f"main(['ingest', {str(path)!r}, '--db', 'sqlite:///{database}', '--set', 'encoder=topic-encoder',\n"
        "      '--set', 'batch_size=10'])\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=tmp_path
    ) as child:
        assert child.stdout is not None
        for _ in range(15):
            assert child.stdout.readline() == "batch\n"
        child.send_signal(signal.SIGKILL)
    assert child.returncode == -signal.SIGKILL
    with sqlite3.connect(database) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()
    with Store.open(f"sqlite:///{database}") as store:
        there = store.counts()["feedback"]
        assert 150 <= there < 400
        summary = run(store, path, settings)
        assert counted(summary.ingest) == (400, 400 - there, 0, there)
        assert [row["state"] for row in store.runs()] == ["interrupted", "done"]
        resumed = state_of(store)
    with Store.open(f"sqlite:///{tmp_path / 'undisturbed.db'}") as store:
        run(store, path, settings)
        assert state_of(store) == resumed


def test_an_encoder_that_fails_keeps_the_rows_and_the_next_run_encodes_them(store_url: str, tmp_path: Path):
    path = write_csv(tmp_path / "answers.csv", rows(30))
    encoder = TopicEncoder()

    def broken(texts: Any, /, **_: Any) -> np.ndarray:
        raise EncoderError("made to fail")

    encoder.encode = broken  # type: ignore[method-assign]
    with Store.open(store_url) as store:
        with pytest.raises(EncoderError, match="made to fail"):
            read_in(store, path, encoder=encoder)
        assert [row["state"] for row in store.runs()] == ["failed"]
        summary = read_in(store, path)
        assert counted(summary) == (30, 0, 0, 30)
        assert summary.n_encoded == store.counts()["distinct_texts"]


# -- themes


def test_a_wrong_encoder_is_refused_until_themes_are_learnt_with_it(store_url: str, tmp_path: Path):
    path = write_csv(tmp_path / "answers.csv", rows(80))
    other = TopicEncoder(dimensions=48)
    with Store.open(store_url) as store:
        run(store, path)
        with pytest.raises(EncoderError) as caught:
            tag_statements(store, SETTINGS, encoder=other)
        keys = (TopicEncoder().identity.key, other.identity.key)
        assert str(caught.value) == (
            f"This codebook was made with encoder {keys[0]}, the vectors come from {keys[1]}. Vectors of two encoders "
            "cannot be compared: choose the codebook's encoder, or run 'discover' again."
        )
        found = discover_themes(store, SETTINGS, encoder=other)
        assert (found.changed, found.codebook_version) == (True, 2)
        assert store.codebook().reason == "learnt again with another encoder"
        assert tag_statements(store, SETTINGS, encoder=other).n_tagged == store.counts()["statements"]


def test_discovering_twice_on_the_same_statements_publishes_nothing(tmp_path: Path):
    path = write_csv(tmp_path / "answers.csv", rows(80))
    with Store.open(f"sqlite:///{tmp_path / 'f.db'}") as store:
        first = run(store, path).discovery
        again = discover_themes(store, SETTINGS, encoder=TopicEncoder())
        assert again == replace(first, changed=False)
        other = discover_themes(store, Settings(max_themes=2), encoder=TopicEncoder())
        assert (other.changed, other.codebook_version, other.n_themes) == (True, 2, 2)


def test_more_data_keeps_the_ids_and_a_new_topic_is_born(store_url: str, tmp_path: Path):
    known, more = TOPICS[:3], rows(60, seed=2, topics=TOPICS[3:])
    with Store.open(store_url) as store:
        run(store, write_csv(tmp_path / "first.csv", rows(120, seed=1, topics=known)))
        old = {theme.theme_id for theme in store.codebook().themes}
        assert len(old) == 3
        second = run(store, write_csv(tmp_path / "second.csv", more))
        assert second.discovery.lineage == {"born": 1, "continued": 3}
        assert old < {theme.theme_id for theme in store.codebook().themes}
        born = {row["theme_id"] for row in store.lineage() if (row["version"], row["event"]) == (2, "born")}
        frames = store.read_frames()
        new = frames["feedback"].filter(pl.col("external_id").str.starts_with("S2-"))["feedback_id"]
        mentions = frames["mentions"].filter(pl.col("feedback_id").is_in(new.implode()))
        assert mentions.filter(pl.col("theme_id").is_in(list(born))).height >= 0.9 * mentions.height
        third = run(store, write_csv(tmp_path / "third.csv", rows(60, seed=3)))
        assert third.discovery.lineage == {"continued": 4}
        # An older codebook is measured by what it tagged itself, not by what the newest one did.
        fourth = write_csv(tmp_path / "fourth.csv", rows(60, seed=4))
        ingest(store, fourth, ColumnFlags(), Settings(), encoder=TopicEncoder())
        first = tag_statements(store, Settings(), encoder=TopicEncoder(), version=1)
        statements = store.read_frames(1)["statements"]
        themed = statements["best_theme_id"].is_not_null().sum()
        assert store.count_tagged(1) == (statements.height, themed)
        assert (first.n_tagged > 0, first.n_themed, first.coverage) == (True, themed, themed / statements.height)


def test_a_rename_survives_learning_again(tmp_path: Path):
    with Store.open(f"sqlite:///{tmp_path / 'f.db'}") as store:
        run(store, write_csv(tmp_path / "first.csv", rows(100, seed=1)))
        chosen = store.codebook().themes[0].theme_id
        store.add_edit(chosen, "rename", {"label": "What people call it"}, "Ana")
        run(store, write_csv(tmp_path / "second.csv", rows(100, seed=2)))
        labels = {theme.theme_id: theme.label for theme in store.codebook(2).themes}
    assert labels[chosen] == "What people call it"


def test_tonight_s_batch_is_tagged_as_history_is(store_url: str, tmp_path: Path):
    with Store.open(store_url) as store:
        run(store, write_csv(tmp_path / "history.csv", rows(150)), Settings(max_themes=3))
        codebook = load_codebook(store)
        bulk = {row["statement_id"]: row for row in store.read_frames()["statements"].to_dicts()}
        mentions = store.read_frames()["mentions"]
        texts = list(bulk.values())
        vectors = vectors_of(store, codebook.encoder_key, [row["text_hash"] for row in texts])
        ids = [theme.theme_id for theme in codebook.themes]
        for number, row in enumerate(texts):
            one = tag(codebook, vectors[number : number + 1], [row["language"]], most=3)
            assert (ids[one.nearest[0]] if one.themed[0] else None) == row["best_theme_id"]
            # Sums of float32 depend on the batch in the last digits, and a cosine is rounded to five.
            assert one.similarity[0] == pytest.approx(row["best_similarity"], abs=1.1e-5)
            stored = mentions.filter(
                (pl.col("statement_id") == row["statement_id"])
                & pl.col("theme_id").is_in([ids[leaf] for leaf in codebook.leaves])
            )
            expected = {ids[t]: float(c) for t, c in zip(one.themes, one.confidence, strict=True)}
            assert dict(stored.select("theme_id", "confidence").rows()) == pytest.approx(expected, abs=1e-3)
        # A batch of one that comes later is the same again: the same words under another id.
        again = rows(150)[:1]
        again[0]["response_id"] = "late"
        late = read_in(store, write_csv(tmp_path / "late.csv", again))
        assert (late.n_added, late.n_encoded) == (1, 0)
        assert tag_statements(store, SETTINGS, encoder=TopicEncoder()).n_tagged == late.n_statements
        frames = store.read_frames()
        twins = frames["statements"].filter(
            pl.col("feedback_id").is_in(
                frames["feedback"].filter(pl.col("external_id").is_in(["late", "S0-0001"]))["feedback_id"].implode()
            )
        )
        same = twins.group_by("text").agg(pl.col("best_theme_id", "best_similarity", "unthemed_reason").n_unique())
        assert same.select(pl.exclude("text")).unique().rows() == [(1, 1, 1)]


def test_a_mention_of_a_sub_theme_is_one_of_its_theme(store_url: str, tmp_path: Path):
    with Store.open(store_url) as store:
        run(store, write_csv(tmp_path / "answers.csv", rows(150)), Settings(max_themes=2))
        frames = store.read_frames()
    themes = frames["themes"]
    assert sorted(themes["level"].value_counts().rows()) == [(1, 2), (2, 4)]
    assert themes["label"].n_unique() == themes.height
    mentions = frames["mentions"].join(themes.select("theme_id", "level", "parent_id"), on="theme_id")
    leaves = mentions.filter(pl.col("level") == 2)
    expected = (
        leaves.group_by("statement_id", "parent_id").agg(pl.col("confidence").max()).sort("statement_id", "parent_id")
    )
    parents = mentions.filter(pl.col("level") == 1).select("statement_id", "theme_id", "confidence")
    assert parents.sort("statement_id", "theme_id").rows() == expected.rows()
    assert set(frames["statements"]["best_theme_id"].drop_nulls()) <= set(
        themes.filter(pl.col("level") == 2)["theme_id"]
    )


def test_what_has_no_theme_says_so_and_is_given_to_none(store_url: str, tmp_path: Path):
    strange = {
        **rows(1)[0],
        "response_id": "strange",
        "language": "en",
        "comment": "Zebras juggle violins beneath purple volcanoes.",
    }
    with Store.open(store_url) as store:
        run(store, write_csv(tmp_path / "answers.csv", rows(120)))
        read_in(store, write_csv(tmp_path / "strange.csv", [strange]))
        before = store.read_frames()["statements"].filter(pl.col("text") == strange["comment"])
        assert before.select("best_theme_id", "best_similarity", "unthemed_reason").rows() == [(None, None, None)]
        summary = tag_statements(store, SETTINGS, encoder=TopicEncoder())
        assert summary.n_tagged == 1
        statements, mentions = (store.read_frames()[name] for name in ("statements", "mentions"))
    row = statements.filter(pl.col("text") == strange["comment"]).to_dicts()[0]
    assert (row["best_theme_id"], row["unthemed_reason"]) == (None, FAR)
    assert row["best_similarity"] < 0.5
    assert row["statement_id"] not in set(mentions["statement_id"])
    unthemed = statements.filter(pl.col("best_theme_id").is_null())
    assert set(unthemed["unthemed_reason"]) <= {FAR, JUST_BELOW}
    assert set(statements["statement_id"]) - set(mentions["statement_id"]) == set(unthemed["statement_id"])
    assert summary.coverage == pytest.approx(1 - unthemed.height / statements.height)


def test_a_codebook_published_meanwhile_is_continued_and_not_repeated(store_url: str, tmp_path: Path):
    with Store.open(store_url) as store, Store.open(store_url) as other:
        read_in(store, write_csv(tmp_path / "answers.csv", rows(120)))

        def another_run(step: str, done: int, total: int) -> None:
            if step == "discover" and done == 0:
                discover_themes(other, SETTINGS, encoder=TopicEncoder())

        same = discover_themes(store, SETTINGS, encoder=TopicEncoder(), progress=another_run)
        assert (same.codebook_version, same.changed) == (1, False)
        read_in(store, write_csv(tmp_path / "more.csv", rows(160)[120:]))

        def another_reading(step: str, done: int, total: int) -> None:
            if step == "discover" and done == 0:
                discover_themes(other, replace(SETTINGS, seed=7), encoder=TopicEncoder())

        after = discover_themes(store, SETTINGS, encoder=TopicEncoder(), progress=another_reading)
        assert (after.codebook_version, after.changed) == (3, True)
        assert set(after.lineage) == {"continued"}


def test_too_little_text_is_said_and_nothing_is_published(store_url: str, tmp_path: Path):
    with Store.open(store_url) as store:
        with pytest.raises(DiscoveryError, match="No feedback is stored yet"):
            discover_themes(store, SETTINGS, encoder=TopicEncoder())
        read_in(store, write_csv(tmp_path / "answers.csv", rows(5)))
        with pytest.raises(DiscoveryError, match="distinct statements: themes need at least 20"):
            discover_themes(store, SETTINGS, encoder=TopicEncoder())
        assert store.latest_codebook_version() is None


def test_vectors_are_kept_by_text_and_shared(store_url: str, tmp_path: Path):
    made = rows(20)
    twins: list[Row] = [*made, *({**row, "response_id": f"twin-{row['response_id']}"} for row in made)]
    encoder = TopicEncoder()
    with Store.open(store_url) as store:
        summary = read_in(store, write_csv(tmp_path / "answers.csv", twins), encoder=encoder)
        counts = store.counts()
    assert summary.n_encoded == sum(encoder.calls) == counts["distinct_texts"] <= counts["statements"] / 2
    assert counts["duplicates"] >= 20


def test_no_password_and_no_text_is_kept_with_a_run(tmp_path: Path):
    path = write_csv(tmp_path / "answers.csv", rows(5))
    with Store.open(f"sqlite:///{tmp_path / 'f.db'}") as store:
        settings = Settings(db="postgresql://me:hunter2@localhost/x")
        ingest(store, path, ColumnFlags(), settings, encoder=TopicEncoder())
        (kept,) = store.runs()
    assert "hunter2" not in repr(kept)
    assert "db" not in kept["settings"]
