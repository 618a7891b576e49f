"""Agreement with people and labels, samples for coders and drift: by hand where it can be, over made-up stores else."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import combinations
from pathlib import Path

import numpy as np
import openpyxl
import polars as pl
import pytest

from feedback_nlp.errors import NothingToShow, UsageError
from feedback_nlp.evaluation import draw_sample, evaluate
from feedback_nlp.evaluation.apartness import second_separation
from feedback_nlp.evaluation.coded_files import read_coded, version_of
from feedback_nlp.evaluation.drift import refit_reasons
from feedback_nlp.evaluation.figures import Figure, own_mentions, share_figure
from feedback_nlp.evaluation.label_agreement import labels_of
from feedback_nlp.evaluation.reliability import krippendorff_alpha, masi_distance, reading
from feedback_nlp.evaluation.sample import _allocation
from feedback_nlp.evaluation.scoring import Estimate, set_scores
from feedback_nlp.pipeline import load_codebook
from feedback_nlp.records import EncoderIdentity, Feedback, Statement, stable_hash
from feedback_nlp.settings import Settings
from feedback_nlp.store import Store
from tests.fake_encoder import TopicEncoder
from tests.topic_store import THINGS, TOPICS, fill, publish

SETTINGS = Settings()
OF_TOPIC = {"app": "things", "delivery": "things", "price": "money", "staff": "people"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with fill(tmp_path / "made-up.db") as opened:
        publish(opened, lambda topic, language: (topic, OF_TOPIC[topic]))
        yield opened


# -- Krippendorff's alpha -------------------------------------------------------------------------------------------

# The examples of Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability": binary, nominal, and with gaps.
BINARY = ("0100000010", "1110010000")
NOMINAL = ("aabbdcccedda", "babbbccceddd")


def test_alpha_is_that_of_the_published_examples():
    binary = krippendorff_alpha(list(zip(*BINARY, strict=True)))
    nominal = krippendorff_alpha(list(zip(*NOMINAL, strict=True)))
    assert (round(binary.value or 0, 3), binary.n_units) == (0.095, 10)
    assert (round(nominal.value or 0, 3), nominal.n_units) == (0.692, 12)
    rows = (
        (1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None),
        (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3),
        (None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None),
        (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None),
    )
    units = list(zip(*rows, strict=True))
    gaps = krippendorff_alpha(units)
    assert (round(gaps.value or 0, 3), gaps.n_units) == (0.743, 11)  # the unit with one value says nothing
    interval = krippendorff_alpha(units, lambda one, other: float((one - other) ** 2))
    assert round(interval.value or 0, 3) == 0.849
    assert gaps.low is not None and gaps.high is not None
    assert gaps.low < 0.743 < gaps.high <= 1


def test_alpha_of_sets_is_one_minus_observed_over_expected_disagreement():
    a, b, ab, none = frozenset("a"), frozenset("b"), frozenset("ab"), frozenset()
    units = [(a, a), (a, ab), (b, ab), (none, none), (b, b), (ab, None)]
    values = [value for unit in units[:5] for value in unit]
    observed = sum(masi_distance(*unit) for unit in units[:5]) / 5
    expected = np.mean([masi_distance(one, other) for one, other in combinations(values, 2)])
    found = krippendorff_alpha(units, masi_distance)
    assert found.value == pytest.approx(1 - observed / expected)
    assert found.n_units == 5


def test_masi_counts_shared_and_contained_themes():
    a, ab, bc = frozenset("a"), frozenset("ab"), frozenset("bc")
    assert masi_distance(ab, frozenset("ba")) == 0
    assert masi_distance(frozenset("ab"), frozenset("abcd")) == pytest.approx(1 - 2 / 4 * 2 / 3)
    assert masi_distance(ab, bc) == pytest.approx(1 - 1 / 3 * 1 / 3)
    assert (masi_distance(a, bc), masi_distance(a, frozenset()), masi_distance(frozenset(), frozenset())) == (1, 1, 0)


def test_alpha_is_undefined_without_two_values_and_one_when_all_agree():
    assert krippendorff_alpha([("a", "a"), ("a", "a")]).value is None
    assert krippendorff_alpha([("a", None), (None, "b")]).n_units == 0
    assert krippendorff_alpha([("a", "a"), ("b", "b")]).value == 1
    assert [reading(value) for value in (0.8, 0.7, 0.6)] == ["reliable", "tentative conclusions only", "not reliable"]


# -- F1 -------------------------------------------------------------------------------------------------------------


def test_f1_is_that_of_the_field():
    from sklearn.metrics import f1_score

    rng = np.random.default_rng(3)
    truth, found = rng.random((60, 4)) < 0.3, rng.random((60, 4)) < 0.4
    sets = [[frozenset("abcd"[i] for i in np.flatnonzero(row)) for row in flags] for flags in (truth, found)]
    people = [f"p{number // 2}" for number in range(60)]
    scores = set_scores(*sets, people, seed=1)
    for name in ("micro", "macro", "weighted"):
        assert getattr(scores, name).value == pytest.approx(f1_score(truth, found, average=name))
    assert [score.f1.value for score in scores.classes] == pytest.approx(list(f1_score(truth, found, average=None)))
    assert (scores.n, scores.n_people) == (60, 30)
    assert scores.micro.low is not None and scores.micro.high is not None
    assert scores.micro.low < scores.micro.value < scores.micro.high


def test_f1_does_not_depend_on_the_order_of_rows_and_counts_weights():
    true = [frozenset("a"), frozenset("a"), frozenset("b"), frozenset()]
    found = [frozenset("a"), frozenset("b"), frozenset("b"), frozenset()]
    people = ["p", "q", "r", "s"]
    assert set_scores(true, found, people) == set_scores(true[::-1], found[::-1], people[::-1])
    heavy = set_scores(true, found, people, weights=np.array([3.0, 1, 1, 1]))
    assert heavy.micro.value == pytest.approx(4 / 5)  # hits 3 + 1, one false alarm, one miss
    a = heavy.classes[0]
    assert (a.name, a.n_true, a.n_found, a.precision, a.recall) == ("a", 2, 1, 1.0, 0.75)
    nothing = set_scores([frozenset()], [frozenset()], ["p"])
    assert (nothing.micro, nothing.classes) == (Estimate(None, None, None), ())


def test_a_share_of_alike_rows_of_few_people_is_less_certain():
    hits = pl.Series([True] * 50 + [False] * 50)
    alone = share_figure("x", hits, pl.Series([f"p{i}" for i in range(100)]), "")
    together = share_figure("x", hits, pl.Series([f"p{i // 10}" for i in range(100)]), "")
    assert (alone.value, together.value) == (0.5, 0.5)
    assert (round(alone.low or 0, 2), round(alone.high or 0, 2)) == (0.4, 0.6)
    assert (together.low or 0) < 0.3
    assert (together.high or 0) > 0.7
    assert share_figure("x", hits.head(0), pl.Series([], dtype=pl.String), "").value is None


# -- Which theme a statement counts for -----------------------------------------------------------------------------


def test_a_theme_that_owns_a_statement_counts_and_one_that_its_sub_theme_implies_does_not():
    themes = pl.DataFrame({"theme_id": ["t", "s", "u"], "parent_id": [None, "t", None]})
    mentions = pl.DataFrame(
        {
            "statement_id": ["1", "1", "2", "3"],
            "theme_id": ["t", "s", "t", "u"],
            "confidence": [0.9, 0.5, 0.8, 0.7],
        }
    )
    own = own_mentions(mentions, themes).select("statement_id", "leaf", "top").rows()
    assert own == [("1", "s", "t"), ("2", "t", "t"), ("3", "u", "u")]


# -- Labels ---------------------------------------------------------------------------------------------------------


def test_a_cell_holds_one_label_several_or_none():
    assert labels_of(" price ") == {"price"}
    assert labels_of("price | staff|") == {"price", "staff"}
    assert labels_of('["price", "staff, rude"]') == {"price", "staff, rude"}
    assert labels_of("[]") == frozenset()
    assert labels_of("[1, 2]") == {"1", "2"}
    assert labels_of("[not json") == {"[not json"}


def test_labels_that_are_the_sub_themes_get_a_full_score_on_the_other_half(store: Store):
    report = evaluate(store, SETTINGS, label_column="topic")
    assert [report.figure(f"f1_{name}_sub_theme").value for name in ("micro", "macro", "weighted")] == [1, 1, 1]
    assert report.figure("f1_micro_sub_theme").n < 144  # one half is scored
    assert report.figure("f1_micro_theme").value < 1  # "things" is two topics and can only be taken for one
    rows = report.table("sub_themes_against_labels").rows
    assert {(row["theme_id"], row["taken_for"], row["precision"], row["recall"]) for row in rows} == {
        (topic, topic, 1.0, 1.0) for topic in TOPICS
    }
    assert {row["language"]: row["micro_sub_theme"] for row in report.table("f1_by_language").rows} == {
        "en": 1.0,
        "it": 1.0,
        "ru": 1.0,
    }
    assert report.figure("ami_sub_theme").low == 1


def two_topics(path: Path) -> Store:
    """A store in which half of the feedback has two statements, about two topics, and cells with two labels."""
    store = Store.open(f"sqlite:///{path}")
    run = store.begin_run("made-up.csv", "hash", {})
    feedback, statements = [], {}
    for number in range(120):
        topics = [TOPICS[number % 4], TOPICS[(number + 1) % 4]][: 1 + number % 2]
        parts = [f"Number {number} is about the {THINGS[topic]['en'][number % 3]}." for topic in topics]
        text = " ".join(parts)
        feedback.append(
            Feedback(
                f"f{number}",
                f"r{number}",
                text,
                language="en",
                segments={"codes": "|".join(topics)},
                created_at=datetime(2026, 1, 1) + timedelta(days=number),
                duplicate_key=str(number),
                content_hash=str(number),
            )
        )
        statements[f"f{number}"] = [
            Statement(
                f"s{place}-{topic}-{number}", f"f{number}", text.index(part), text.index(part) + len(part), part, "en",
                stable_hash(part),
            )
            for place, (topic, part) in enumerate(zip(topics, parts, strict=True))
        ]  # fmt: skip
    store.upsert_feedback(feedback, statements, run)
    store.finish_run(run, {})
    from feedback_nlp.pipeline.ingest import encode_pending

    encode_pending(store, TopicEncoder())
    return store


def test_several_labels_are_compared_with_all_themes_of_a_feedback(tmp_path: Path):
    with two_topics(tmp_path / "two.db") as store:
        publish(store, lambda topic, language: (topic, None))
        report = evaluate(store, SETTINGS, label_column="codes")
        assert report.figure("f1_micro_theme").value == 1
        assert report.figure("f1_macro_theme").value == 1
        assert report.figure("ami_theme").n == 60  # those with exactly one label
        assert "the 60 of 120 with exactly one label" in report.figure("ami_theme").how_to_read
        publish(store, lambda topic, language: (topic, None) if topic != "price" else None)
        lost = evaluate(store, SETTINGS, label_column="codes")
    rows = {row["label"]: (row["recall"], row["n_found"]) for row in lost.table("labels_by_sub_themes").rows}
    assert rows["price"] == (0.0, 0)
    assert rows["app"][0] == 1.0


# -- Languages ------------------------------------------------------------------------------------------------------


def paired(path: Path) -> Store:
    """A store of the made-up answers with a pair id that translations share."""
    store = fill(path)
    frames = store.read_frames()
    feedback = [
        Feedback(
            row["feedback_id"],
            row["response_id"],
            row["text"],
            language=row["language"],
            scores={"nps": 5.0},
            segments={"pair": row["feedback_id"].replace(f"-{row['language']}-", "-")},
            duplicate_key=row["feedback_id"],
            content_hash=f"paired {row['feedback_id']}",
        )
        for row in frames["feedback"].iter_rows(named=True)
    ]
    said = {
        row["feedback_id"]: [
            Statement(row["statement_id"], row["feedback_id"], 0, len(row["text"]), row["text"], row["language"],
                      row["text_hash"])
        ]
        for row in frames["statements"].iter_rows(named=True)
    }  # fmt: skip
    run = store.begin_run("pairs.csv", "pairs", {})
    store.upsert_feedback(feedback, said, run)
    store.finish_run(run, {})
    return store


def test_translations_with_the_same_theme_agree_and_themes_of_languages_do_not(tmp_path: Path):
    with paired(tmp_path / "pairs.db") as store:
        publish(store, lambda topic, language: (topic, None))
        same = evaluate(store, SETTINGS, parallel_column="pair")
        publish(store, lambda topic, language: (f"{topic} {language}", None))
        apart = evaluate(store, SETTINGS, parallel_column="pair")
        with pytest.raises(
            NothingToShow, match=r"No two feedback in different languages share a value of 'language'\."
        ):
            evaluate(store, SETTINGS, parallel_column="language")
    assert (same.figure("same_theme_translated").value, same.figure("alpha_theme_translated").value) == (1, 1)
    assert same.figure("same_theme_translated").n == 48 * 3
    assert same.figure("alpha_theme_translated").n == 48
    assert apart.figure("same_theme_translated").value == 0
    assert apart.figure("alpha_theme_translated").value < 0
    table = apart.table("theme_by_language").rows
    assert table[0] == {"theme_id": "app en", "label": "About app en", "en": 12, "it": 0, "ru": 0}
    assert table[-1] == {"theme_id": "", "label": "all themes", "en": 48, "it": 48, "ru": 48}


# -- A second encoder -----------------------------------------------------------------------------------------------


class OtherEncoder(TopicEncoder):
    """The same idea in other dimensions, or no idea at all: a direction for each text."""

    def __init__(self, blind: bool = False) -> None:
        super().__init__(32)
        self.identity = EncoderIdentity("other-encoder", str(blind), "1" * 64, 32, "sum", "")
        self.blind = blind

    def encode(self, texts, /, **kwargs):
        if not self.blind:
            return super().encode(texts)
        rows = np.stack([np.random.default_rng(int(stable_hash(t, size=6), 16)).standard_normal(32) for t in texts])
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_a_second_encoder_sees_themes_that_are_there_and_none_that_are_not(store: Store):
    seen = evaluate(store, SETTINGS, second_encoder="other", encoder=OtherEncoder())
    assert seen.figure("separation_second").value > 0.3
    assert seen.figure("nearest_second").value == 1
    assert "among 4 for that encoder" in seen.figure("nearest_second").how_to_read
    blind = evaluate(store, SETTINGS, second_encoder="other", encoder=OtherEncoder(blind=True))
    assert blind.figure("separation_second").value < 0
    assert any("For the second encoder sub-themes do not lie apart" in reason for reason in blind.reasons)
    with pytest.raises(UsageError, match="is the encoder that the themes were found with"):
        evaluate(store, SETTINGS, second_encoder="topic", encoder=TopicEncoder())
    assert second_separation.__doc__


# -- Samples --------------------------------------------------------------------------------------------------------


def test_cells_get_by_the_root_of_their_size_and_never_more_than_they_have():
    sizes = {("en", "a"): 900, ("en", "b"): 100, ("ru", "a"): 4}
    assert _allocation(sizes, 42) == {("en", "a"): 30, ("en", "b"): 10, ("ru", "a"): 2}
    assert sum(_allocation(sizes, 41).values()) == 41
    assert _allocation(sizes, 5_000) == sizes
    assert _allocation({("en", "a"): 3}, 1) == {("en", "a"): 1}


def test_a_sample_is_random_by_seed_spread_over_cells_and_says_nothing_of_the_model(store: Store, tmp_path: Path):
    drawn = draw_sample(store, SETTINGS, tmp_path / "one.csv", size=60)
    assert (drawn.n_statements, drawn.n_population, drawn.n_cells) == (60, 144, 9)
    assert drawn.languages == {"en": 20, "it": 20, "ru": 20}
    draw_sample(store, SETTINGS, tmp_path / "same.csv", size=60)
    draw_sample(store, replace(SETTINGS, seed=1), tmp_path / "other.csv", size=60)
    one, same, other = ((tmp_path / f"{name}.csv").read_text("utf-8-sig") for name in ("one", "same", "other"))
    assert one == same != other
    rows = list(csv.DictReader(one.splitlines()))
    assert list(rows[0]) == [
        *("statement_id", "feedback_id", "codebook_version", "language", "channel", "question", "text"),
        *("coder_themes", "comment"),
    ]
    assert {row["coder_themes"] for row in rows} == {""}
    # Neither the order nor a column gives the theme away.
    assert len({row["statement_id"].split("-")[1] for row in rows[:12]}) > 2
    themes = list(csv.DictReader((tmp_path / "one-themes.csv").read_text("utf-8-sig").splitlines()))
    assert [row["theme_id"] for row in themes][-1] == "none"
    assert {row["theme_id"] for row in themes} == {*TOPICS, "things", "money", "people", "none"}


def test_a_workbook_has_the_themes_on_a_second_sheet_and_no_formula(tmp_path: Path):
    with fill(tmp_path / "made-up.db") as store:
        publish(store, lambda topic, language: (topic, "=1+1" if topic == "app" else "rest"))
        draw_sample(store, SETTINGS, tmp_path / "s.xlsx", size=30)
    book = openpyxl.load_workbook(tmp_path / "s.xlsx")
    assert book.sheetnames == ["sample", "themes", "how to code"]
    assert {cell.data_type for row in book["themes"].iter_rows() for cell in row} <= {"s", "n"}
    assert "'=1+1" in [row[0].value for row in book["themes"].iter_rows()]
    assert book["sample"].max_row == 31


def test_a_sample_needs_a_place_a_suffix_and_a_codebook(store: Store, tmp_path: Path):
    with pytest.raises(UsageError, match=r"A sample is written as \.csv or \.xlsx; 's\.txt' is neither"):
        draw_sample(store, SETTINGS, tmp_path / "s.txt")
    with pytest.raises(UsageError, match="There is no folder"):
        draw_sample(store, SETTINGS, tmp_path / "no" / "s.xlsx")
    with fill(tmp_path / "new.db") as empty, pytest.raises(NothingToShow, match="There is no codebook yet"):
        draw_sample(empty, SETTINGS, tmp_path / "s.csv")


# -- Coded files ----------------------------------------------------------------------------------------------------


def code(path: Path, out: Path, answer, **changes: str) -> Path:
    """Fill in a CSV sample by ``answer(row)``; ``changes`` are other texts of the file, such as a delimiter."""
    rows = list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))
    for row in rows:
        row["coder_themes"] = answer(row)
    with out.open("w", encoding=changes.get("encoding", "utf-8"), newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]), delimiter=changes.get("delimiter", ","))
        writer.writeheader()
        writer.writerows(rows)
    return out


def topic(row: dict[str, str]) -> str:
    return row["statement_id"].split("-")[1]


def test_a_coder_who_says_what_the_model_says_agrees_fully(store: Store, tmp_path: Path):
    draw_sample(store, SETTINGS, tmp_path / "s.csv", size=60)
    coded = code(tmp_path / "s.csv", tmp_path / "c.csv", lambda row: f"about  {topic(row).upper()}", delimiter=";")
    report = evaluate(store, SETTINGS, coded=[coded])
    for level in ("theme", "sub_theme"):
        assert report.figure(f"f1_weighted_{level}_coder1").value == 1
        assert report.figure(f"alpha_{level}_coder1").value == 1
        assert report.figure(f"alpha_{level}_coder1").n == 60
    assert "one theme or none each, nominal" in report.figure("alpha_theme_coder1").how_to_read
    assert "This one: reliable." in report.figure("alpha_theme_coder1").how_to_read
    assert report.notes == ("Coder 1: 60 statements coded, 0 left empty.",)
    assert [row["language"] for row in report.table("languages_against_coder_1").rows] == ["en", "it", "ru"]
    assert "Agreement of the coders with one another" not in report.groups


def test_the_figures_of_one_wrong_theme_are_weighted_back_to_all_statements(store: Store, tmp_path: Path):
    """The coder finds that "money" is nothing; it is a quarter of the statements and a larger share of the sample."""
    draw_sample(store, SETTINGS, tmp_path / "s.csv", size=60)
    coded = code(tmp_path / "s.csv", tmp_path / "c.csv", lambda row: "none" if topic(row) == "price" else topic(row))
    report = evaluate(store, SETTINGS, coded=[coded])
    # Hits: three quarters of 144; false alarms: one quarter; no misses.
    assert report.figure("f1_micro_theme_coder1").value == pytest.approx(2 * 108 / (2 * 108 + 36))
    rows = {row["theme_id"]: row for row in report.table("themes_against_coder_1").rows}
    assert (rows["money"]["n_coder"], rows["money"]["precision"], rows["money"]["recall"]) == (0, 0.0, None)
    assert (rows["people"]["precision"], rows["people"]["recall"], rows["people"]["f1"]) == (1, 1, 1)


def test_two_coders_are_compared_with_one_another_and_with_the_model(store: Store, tmp_path: Path):
    draw_sample(store, SETTINGS, tmp_path / "s.csv", size=80)
    first = code(tmp_path / "s.csv", tmp_path / "a.csv", topic)
    second = code(
        tmp_path / "s.csv", tmp_path / "b.csv", lambda row: "price|staff" if topic(row) == "staff" else "none"
    )
    report = evaluate(store, SETTINGS, coded=[first, second])
    assert report.figure("alpha_theme_coder1").value == 1
    assert report.figure("alpha_theme_coder2").value < 0.5
    assert "sets of themes, MASI distance" in report.figure("alpha_theme_coder2").how_to_read
    assert report.figure("alpha_theme_coders").value == pytest.approx(report.figure("alpha_theme_coder2").value)
    assert report.verdict != "fit"
    assert any("coder 2" in reason for reason in report.reasons)
    assert any("The two coders agree too little" in reason for reason in report.reasons)
    with pytest.raises(UsageError, match="3 coded files were given"):
        evaluate(store, SETTINGS, coded=[first, second, second])


def test_a_theme_without_its_sub_theme_counts_for_themes_only(store: Store, tmp_path: Path):
    draw_sample(store, SETTINGS, tmp_path / "s.csv", size=60)
    coded = code(
        tmp_path / "s.csv",
        tmp_path / "c.csv",
        lambda row: OF_TOPIC[topic(row)] if "-en-" in row["statement_id"] else topic(row),
    )
    report = evaluate(store, SETTINGS, coded=[coded])
    assert (report.figure("alpha_theme_coder1").value, report.figure("alpha_theme_coder1").n) == (1, 60)
    assert (report.figure("alpha_sub_theme_coder1").value, report.figure("alpha_sub_theme_coder1").n) == (1, 40)


THEMES = pl.DataFrame(
    {
        "theme_id": ["t1", "t2", "t3", "t4", "t5"],
        "label": ["Price, value", "Staff", "Rude; cold", "Other", "Other"],
        "parent_id": [None, None, "t2", "t1", "t2"],
    }
)


def answers_of(tmp_path: Path, *cells: str) -> tuple[dict[str, frozenset[str]], list[str]]:
    path = tmp_path / "coded.csv"
    with path.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows(
            [("Statement ID", "Coder themes"), *((f"s{number}", cell) for number, cell in enumerate(cells))]
        )
    found = read_coded(path, THEMES, frozenset(f"s{number}" for number in range(len(cells))))
    if found.rejects_file is None:
        return dict(found.answers), []
    rejects = list(csv.DictReader(found.rejects_file.read_text("utf-8").splitlines()))
    return dict(found.answers), [f"{row['line']}: {row['reason']}" for row in rejects]


def test_answers_are_read_as_people_and_spreadsheets_write_them(tmp_path: Path):
    cells = (
        *("t1", " T1 | t2", "price,  VALUE", "'Staff; rude; cold'", "t1\nt3", "NONE", "-", "Rude; cold", "t1, t2", ""),
        *("staff > other", "t3|t3"),
    )
    answers, rejects = answers_of(tmp_path, *cells)
    assert rejects == ["5: answer 1 of 1 is no theme_id and no label of this codebook"]
    assert {key: sorted(value) for key, value in answers.items()} == {
        "s0": ["t1"],
        "s1": ["t1", "t2"],
        "s2": ["t1"],
        "s4": ["t1", "t3"],
        "s5": [],
        "s6": [],
        "s7": ["t3"],
        "s8": ["t1", "t2"],
        "s10": ["t5"],
        "s11": ["t3"],
    }


def test_rejects_say_why_and_quote_nothing(tmp_path: Path):
    answers, rejects = answers_of(tmp_path, "t1", "Other", "t1 | she was so rude", "none | t1", "t9")
    assert list(answers) == ["s0"]
    assert rejects == [
        "3: answer 1 of 1 is the label of 2 themes; write the theme_id",
        "4: answer 2 of 2 is no theme_id and no label of this codebook",
        "5: 'none' stands beside a theme",
        "6: answer 1 of 1 is no theme_id and no label of this codebook",
    ]


def test_unknown_and_doubled_statements_are_rejected(tmp_path: Path):
    path = tmp_path / "coded.csv"
    path.write_text("statement_id,coder_themes\ns0,t1\ns0,t2\ns1,t1\ns1,t1\ngone,t1\n's2,t2\n", "utf-8")
    found = read_coded(path, THEMES, frozenset(("s0", "s1", "s2")), tmp_path / "bad.csv")
    assert (dict(found.answers), found.n_rejected) == ({"s1": frozenset({"t1"}), "s2": frozenset({"t2"})}, 2)
    assert (tmp_path / "bad.csv").exists()


def test_a_file_that_is_no_coded_sample_says_what_it_needs(tmp_path: Path):
    path = tmp_path / "other.csv"
    path.write_text("statement_id,coder_theme\ns0,t1\n", "utf-8")
    with pytest.raises(UsageError, match=r"has no column 'coder_themes'\. Did you mean 'coder_theme'\?"):
        read_coded(path, THEMES, frozenset({"s0"}))
    path.write_text("statement_id,coder_themes\ns0,\ns1,\n", "utf-8")
    with pytest.raises(UsageError, match=r"No row of other\.csv has a theme or 'none'"):
        read_coded(path, THEMES, frozenset({"s0"}))


def test_a_sample_is_judged_with_the_codebook_that_it_was_drawn_for(store: Store, tmp_path: Path):
    draw_sample(store, SETTINGS, tmp_path / "s.csv", size=30)
    coded = code(tmp_path / "s.csv", tmp_path / "c.csv", topic)
    publish(store, lambda topic, language: (f"other {topic}", None))
    assert version_of(coded) == 1
    assert evaluate(store, SETTINGS, coded=[coded]).codebook_version == 1
    assert evaluate(store, SETTINGS).codebook_version == 2


# -- Drift and the verdict ------------------------------------------------------------------------------------------


def test_drift_is_small_in_steady_data_and_advises_a_refit_when_new_things_are_said(tmp_path: Path):
    with long_run(tmp_path / "steady.db", new_topic=False) as store:
        publish(store, lambda topic, language: (topic, None))
        steady = evaluate(store, SETTINGS)
    with long_run(tmp_path / "moved.db", new_topic=True) as store:
        publish(store, lambda topic, language: None if topic == "staff" else (topic, None))
        moved = evaluate(store, SETTINGS)
    assert steady.figure("drift_unthemed").value == 0
    assert steady.figure("drift_theme_mix").value < 0.02
    assert not any("refit" in reason for reason in steady.reasons)
    assert moved.figure("drift_unthemed").value > 0.3
    assert moved.figure("drift_theme_mix").value > 0.05
    assert any(reason.startswith("A refit is advised (feedback-nlp discover): the newest") for reason in moved.reasons)


def long_run(path: Path, *, new_topic: bool) -> Store:
    """A store of 800 short answers over 400 days; with ``new_topic`` nobody speaks of staff before day 300."""
    store = Store.open(f"sqlite:///{path}")
    run = store.begin_run("made-up.csv", "hash", {})
    feedback, statements = [], {}
    for number in range(800):
        day = number // 2
        spoken = TOPICS if not new_topic else TOPICS[:3] if day < 300 else ("app", "staff")
        said = spoken[number % len(spoken)]
        text = f"Case {number}: the {THINGS[said]['en'][number % 3]}"
        feedback.append(
            Feedback(f"f{number}", f"r{number}", text, language="en", duplicate_key=str(number),
                     created_at=datetime(2025, 1, 1) + timedelta(days=day), content_hash=str(number))
        )  # fmt: skip
        statements[f"f{number}"] = [
            Statement(f"s-{said}-{number}", f"f{number}", 0, len(text), text, "en", stable_hash(text))
        ]
    store.upsert_feedback(feedback, statements, run)
    store.finish_run(run, {})
    from feedback_nlp.pipeline.ingest import encode_pending

    encode_pending(store, TopicEncoder())
    return store


def test_each_reason_to_refit_needs_size_and_certainty():
    def figure(name: str, value: float, low: float, high: float) -> Figure:
        return Figure(name, value, 500, "", low, high)

    assert refit_reasons([]) == ()
    assert (
        refit_reasons([figure("drift_unthemed", 0.06, -0.01, 0.1), figure("drift_similarity", -0.01, -0.02, -0.001)])
        == ()
    )
    assert refit_reasons(
        [
            figure("drift_unthemed", 0.08, 0.02, 0.1),
            figure("drift_similarity", -0.05, -0.06, -0.04),
            figure("drift_language_mix", 0.2, 0.1, 0.2),
        ]
    ) == (
        "the newest feedback has 8 points more unthemed statements than the older",
        "it lies further from every theme (similarity -0.050)",
        "its languages are others (divergence 0.20)",
    )


def test_unstable_themes_are_a_reason(store: Store):
    from feedback_nlp.evaluation.contents import least_stable, stability
    from feedback_nlp.evaluation.figures import gather
    from feedback_nlp.evaluation.verdict import judge

    codebook = load_codebook(store)
    from feedback_nlp.analysis.frames import build_frames

    evidence = gather(build_frames(store.read_frames(), SETTINGS))
    themes = [
        replace(theme, stability=0.3 if theme.level == 2 else 0.9, state="candidate" if theme.level == 2 else "active")
        for theme in codebook.themes
    ]
    figures = {figure.name: figure for figure in stability(evidence, themes, {"stability": {"ari": 0.7}})}
    assert figures["theme_stability"].value == pytest.approx((4 * 0.3 + 3 * 0.9) / 7)
    assert (figures["least_stable_theme"].value, figures["candidate_themes"].value) == (0.3, pytest.approx(4 / 7))
    assert (figures["statements_in_candidates"].value, figures["corpus_stability"].value) == (1, 0.7)
    shaky = least_stable(evidence, themes).rows
    assert [(row["theme_id"], row["stability"], row["statements"]) for row in shaky][:5] == [
        *((topic, 0.3, 36) for topic in TOPICS),
        ("money", 0.9, 36),
    ]
    assert least_stable(evidence, codebook.themes).rows == ()
    groups = evaluate(store, SETTINGS).groups
    verdict, reasons = judge({**groups, "Stability": tuple(figures.values())}, evidence)
    assert verdict == "fit with warnings"
    assert "Stability is low (0.56); another sample of the same people would give other themes." in reasons
    assert "57% of the themes are candidates, too unstable to count on." in reasons
    unmeasured = {figure.name: figure for figure in stability(evidence, codebook.themes, {})}
    assert (unmeasured["theme_stability"].value, unmeasured["corpus_stability"].value) == (None, None)


def test_few_people_are_a_reason(tmp_path: Path):
    with fill(tmp_path / "few.db", languages=("en",)) as store:
        publish(store, lambda topic, language: (topic, None))
        few = evaluate(store, replace(SETTINGS, low_base=100))
        fewer = evaluate(store, replace(SETTINGS, privacy_minimum=60))
    assert few.reasons == ("Only 48 people wrote something meaningful; themes of so few are anecdotes.",)
    assert fewer.verdict == "not fit to publish"
    assert fewer.reasons[0] == "48 people wrote something meaningful; figures need at least 60."
