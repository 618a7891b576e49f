"""Figures of quality: worked by hand on small inputs, then over a store with good and bad codebooks."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from feedback_nlp.errors import NothingToShow, UsageError
from feedback_nlp.evaluation import QualityReport, evaluate
from feedback_nlp.pipeline import discover_themes, tag_statements
from feedback_nlp.settings import Settings
from feedback_nlp.store import Store
from feedback_nlp.themes import quality
from tests.fake_encoder import TopicEncoder
from tests.topic_store import fill, publish

SETTINGS = Settings()


def test_npmi_is_one_for_words_that_always_meet_and_minus_one_for_words_that_never_do() -> None:
    documents = [["late", "parcel"], ["late", "parcel"], ["rude", "agent"], ["rude", "clerk"]]
    assert quality.npmi_coherence(documents, [["late", "parcel"], ["agent", "clerk"], ["late"], ["late", "gone"]]) == [
        pytest.approx(1.0),
        -1.0,
        None,
        None,
    ]


def test_npmi_is_zero_by_chance_and_as_its_formula_says_between() -> None:
    documents = [["a", "b", "c"], ["a", "c"], ["b"], []]
    by_chance, partly = quality.npmi_coherence(documents, [["a", "b"], ["a", "c", "b"]])
    assert by_chance == pytest.approx(0.0)
    # a and c meet in both of their documents (1), a and b by chance (0), c and b by chance (0).
    assert partly == pytest.approx(1 / 3)


def test_npmi_reads_a_pair_of_words_where_both_are_and_ten_keywords_at_most() -> None:
    documents = [["too", "very", "slow", "queue"], ["slow", "queue"], ["too"], ["good"]]
    pair = math.log((1 / 4) / (1 / 4 * 2 / 4)) / -math.log(1 / 4)
    assert quality.npmi_coherence(documents, [["too slow", "queue"]]) == [pytest.approx(pair)]
    many = [["slow", "queue", *(f"unseen{i}" for i in range(8)), "good"]]
    assert quality.npmi_coherence(documents, many) == [pytest.approx(1.0)]


def test_npmi_of_words_in_every_document_is_chance() -> None:
    assert quality.npmi_coherence([["a", "b"], ["a", "b"]], [["a", "b"]]) == [0.0]


def test_keyword_diversity_is_the_share_of_distinct_ones() -> None:
    assert quality.keyword_diversity([["a", "b"], ["b", "c"]]) == 0.75
    assert quality.keyword_diversity([]) is None
    assert quality.keyword_diversity([[str(i) for i in range(20)], ["10"]]) == 1.0


def test_separation_is_own_cosine_minus_the_nearest_other() -> None:
    vectors = np.array([[1.0, 0.0], [0.6, 0.8], [0.6, 0.8]], dtype=np.float32)
    centroids = np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32)
    margins = quality.separation(vectors, np.array([0, 1, 0]), centroids, block=2)
    assert margins == pytest.approx([1.0, 0.2, -0.2], abs=1e-6)


def test_agreement_of_the_same_groups_of_split_ones_and_of_one_group() -> None:
    assert quality.agreement(["x", "x", "y", "y"], ["1", "1", "2", "2"]) == quality.Agreement(4, 1, 1, 1, 1, 1)
    split = quality.agreement(["w", "x", "y", "z"], ["1", "1", "2", "2"])
    assert (split.homogeneity, split.completeness, split.v_measure) == pytest.approx((1.0, 0.5, 2 / 3))
    assert split.ari == 0.0
    alone = quality.agreement(["x", "x", "x", "x"], ["1", "1", "2", "2"])
    assert (alone.ami, alone.ari, alone.homogeneity, alone.completeness) == pytest.approx((0, 0, 0, 1), abs=1e-12)


def test_spread_of_even_and_of_uneven_groups() -> None:
    even = quality.spread([5, 5, 5, 5])
    assert even is not None
    assert even.effective == pytest.approx(4.0)
    assert (even.smallest, even.median, even.largest, even.largest_share) == (5, 5.0, 5, 0.25)
    uneven = quality.spread([0, 9, 1])
    assert uneven is not None
    assert (uneven.smallest, uneven.median, uneven.largest, uneven.largest_share) == (0, 1.0, 9, 0.9)
    assert uneven.effective == pytest.approx(math.exp(-(0.9 * math.log(0.9) + 0.1 * math.log(0.1))))
    assert quality.spread([0, 0]) is None


def test_a_group_leans_only_beyond_what_the_corpus_explains() -> None:
    limits = {"least_share": 0.9, "fewest": 10, "chance": 0.001}
    groups = [0] * 20 + [1] * 20 + [2] * 9
    languages = ["en"] * 19 + ["ru"] + ["en", "ru"] * 10 + ["ru"] * 9
    assert quality.leanings(groups, languages, **limits) == [quality.Leaning(0, "en", 0.95, 20)]
    mostly_english = ["en"] * 20 + (["en"] * 19 + ["ru"]) + ["en"] * 9
    assert quality.leanings(groups, mostly_english, **limits) == []


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with fill(tmp_path / "made-up.db") as opened:
        yield opened


def values(report: QualityReport) -> dict[str, float | None]:
    return {figure.name: figure.value for figures in report.groups.values() for figure in figures}


def test_themes_that_are_the_topics_are_fit(store: Store) -> None:
    publish(store, lambda topic, language: (topic, "things" if topic in ("app", "delivery") else "people"))
    report = evaluate(store, SETTINGS, label_column="topic")
    found = values(report)
    assert (report.codebook_version, report.one_language_themes) == (1, ())
    # Two themes of equal size: neither can be under a third.
    assert (report.verdict, report.reasons) == (
        "fit with warnings",
        ("One theme holds 50% of themed statements; read its sub-themes instead.",),
    )
    assert list(report.groups) == [
        *("Coverage", "Themes and their sizes", "Words", "Vectors", "Stability", "Languages", "Agreement with topic"),
    ]
    exact = {
        "coverage_statements": 1,
        "coverage_feedback": 1,
        "untagged_statements": 0,
        "themes": 2,
        "sub_themes": 4,
        "hidden_themes": 0,
        "largest_theme_share": 0.5,
        "effective_themes": 2,
        "smallest_sub_theme": 36,
        "median_sub_theme": 36,
        "largest_sub_theme": 36,
        "keyword_diversity_en": 1,
        "one_language_themes": 0,
        "ami_sub_theme": 1,
        "ari_sub_theme": 1,
        "homogeneity_sub_theme": 1,
        "completeness_sub_theme": 1,
        "v_measure_sub_theme": 1,
        "homogeneity_theme": 0.5,
        "completeness_theme": 1,
        "v_measure_theme": 2 / 3,
        "coherence_npmi_en": -1,
    }
    assert {name: found[name] for name in exact} == pytest.approx(exact)
    assert found["separation"] > 0.5
    assert found["language_leakage"] == pytest.approx(0, abs=0.02)
    assert report.figure("coverage_statements").n == 144
    assert report.figure("coherence_npmi_ru").n == 4
    assert 0.3 < found["ari_theme"] < 0.6


def test_four_topics_as_themes_without_sub_themes_are_fit(store: Store) -> None:
    publish(store, lambda topic, language: (topic, None))
    report = evaluate(store, SETTINGS)
    assert (report.verdict, report.reasons) == ("fit", ())
    assert (report.figure("themes").value, report.figure("sub_themes").value) == (4, 0)
    assert "Agreement with topic" not in report.groups


def test_themes_that_are_languages_are_said_to_be(store: Store) -> None:
    publish(store, lambda topic, language: (f"speaks {language}", None))
    report = evaluate(store, SETTINGS, label_column="topic")
    found = values(report)
    assert found["language_leakage"] == pytest.approx(1.0)
    assert found["ami_sub_theme"] == pytest.approx(0, abs=0.02)
    assert found["separation"] < 0.05
    assert [
        (theme.theme_id, theme.language, theme.share, theme.n_statements) for theme in report.one_language_themes
    ] == [
        ("speaks en", "en", 1.0, 48),
        ("speaks it", "it", 1.0, 48),
        ("speaks ru", "ru", 1.0, 48),
    ]
    assert report.verdict == "fit with warnings"
    assert report.reasons[1:] == (
        "Themes follow languages (adjusted mutual information 1.00).",
        "Themes that are nearly all in one language: 3.",
    )
    assert report.reasons[0].startswith("Sub-themes lie close together (separation ")


def test_one_theme_for_everything_is_not_fit(store: Store) -> None:
    publish(store, lambda topic, language: ("everything", None))
    report = evaluate(store, SETTINGS)
    assert (report.verdict, report.reasons) == (
        "not fit to publish",
        ("1 top-level themes in use; at least 2 are needed to tell anything apart.",),
    )
    assert report.figure("separation").value is None


def test_a_codebook_that_leaves_most_out_is_not_fit(store: Store) -> None:
    publish(
        store,
        lambda topic, language: (topic, None) if topic == "app" or (language == "ru" and topic == "price") else None,
    )
    report = evaluate(store, SETTINGS, label_column="topic")
    found = values(report)
    assert report.verdict == "not fit to publish"
    assert report.reasons[0] == "Only 33% of statements have a theme; at least 50% must."
    assert report.reasons[1] == "One theme holds 75% of themed statements; at most 60% may."
    assert found["coverage_feedback"] == pytest.approx(48 / 144)
    # Unthemed feedback is a class of its own, and counts.
    assert report.figure("ami_sub_theme").n == 144
    assert [theme.theme_id for theme in report.one_language_themes] == ["price"]
    assert found["one_language_themes"] == 1


def test_statements_that_came_later_are_counted(store: Store) -> None:
    version = publish(store, lambda topic, language: (topic, None))
    late = store.publish_codebook(
        encoder_key=store.codebook(version).encoder_key,
        themes=store.codebook(version).themes,
        arrays=store.codebook(version).arrays,
        settings=store.codebook(version).settings,
        reason="not tagged with",
    )
    report = evaluate(store, SETTINGS)
    assert (report.codebook_version, report.figure("untagged_statements").value) == (late, 144)
    assert report.verdict == "not fit to publish"
    assert "144 statements are not tagged yet; tag them first." in report.reasons
    assert evaluate(store, SETTINGS, codebook_version=version).verdict == "fit"


def test_one_language_has_no_figures_about_languages(tmp_path: Path) -> None:
    with fill(tmp_path / "one.db", languages=("ru",)) as store:
        publish(store, lambda topic, language: (topic, None))
        report = evaluate(store, SETTINGS)
    assert list(report.groups) == ["Coverage", "Themes and their sizes", "Words", "Vectors", "Stability"]
    assert report.verdict == "fit"


def test_the_report_reads_as_text_and_as_json(store: Store) -> None:
    publish(store, lambda topic, language: (f"speaks {language}", None))
    report = evaluate(store, SETTINGS)
    plain = json.loads(json.dumps(report.to_dict()))
    assert plain["verdict"] == "fit with warnings"
    assert plain["groups"]["Coverage"][0] == {
        "name": "coverage_statements",
        "value": 1.0,
        "n": 144,
        "how_to_read": report.figure("coverage_statements").how_to_read,
        "low": pytest.approx(0.974, abs=0.001),
        "high": 1.0,
    }
    lines = report.to_text().splitlines()
    assert lines[0] == "Codebook 1: fit with warnings"
    assert "  coverage_statements                   1  0.974 to 1        (n = 144)" in lines
    assert max(map(len, lines)) <= 100
    assert "  speaks ru  About speaks ru: 100% ru (n = 48)" in lines
    text = " ".join(report.to_text().split())
    assert {text.count(figure.how_to_read) for figures in report.groups.values() for figure in figures} == {1}


def test_a_database_without_themes_and_a_wrong_label_say_so(store: Store) -> None:
    with pytest.raises(NothingToShow, match="There is no codebook yet"):
        evaluate(store, SETTINGS)
    publish(store, lambda topic, language: (topic, None))
    with pytest.raises(UsageError, match=r"There is no segment 'topics' in this data\. Did you mean 'topic'"):
        evaluate(store, SETTINGS, label_column="topics")


def test_discovered_themes_agree_with_the_topics(store: Store) -> None:
    encoder = TopicEncoder()
    discover_themes(store, SETTINGS, encoder=encoder)
    tag_statements(store, SETTINGS, encoder=encoder)
    report = evaluate(store, SETTINGS, label_column="topic")
    assert report.figure("coverage_statements").value > 0.9
    assert report.figure("ami_sub_theme").value > 0.8
    assert report.figure("language_leakage").value < 0.1
    assert report.verdict != "not fit to publish"
