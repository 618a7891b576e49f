"""Themes: the space they live in, how they are found, named, continued and given to statements."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from feedback_nlp.errors import DiscoveryError, SettingError
from feedback_nlp.language.stopwords import stop_words
from feedback_nlp.records import stable_hash
from feedback_nlp.settings import Settings
from feedback_nlp.themes.clustering import (
    LARGEST_SHARE,
    ConsensusClusterer,
    centroids_of,
    default_minimum,
    group_centroids,
    nearest,
    refine,
)
from feedback_nlp.themes.codebook import Codebook
from feedback_nlp.themes.discovery import Corpus, discover
from feedback_nlp.themes.keywords import keywords_by_language, tokenize
from feedback_nlp.themes.space import SHRINKAGE, PreparedSpace, unit_rows
from feedback_nlp.themes.tagging import tag
from tests.fake_encoder import TopicEncoder, topic_of
from tests.made_up import ENDINGS, SENTENCES, TOPICS

ENCODER = TopicEncoder()


def vectors_around(centres: np.ndarray, each: int, spread: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """``each`` unit vectors around every centre, mixed, and which centre each belongs to."""
    numbers = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(centres)), each)
    noise = numbers.normal(size=(len(labels), centres.shape[1])) * spread / np.sqrt(centres.shape[1])
    vectors = unit_rows((centres[labels] + noise).astype(np.float32))
    order = numbers.permutation(len(labels))
    return vectors[order], labels[order]


def centres(k: int, dimensions: int = 32) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(7).normal(size=(dimensions, k)))[0].T.astype(np.float32)


def corpus_of(topics: tuple[str, ...] = TOPICS, languages: tuple[str, ...] = tuple(SENTENCES)) -> Corpus:
    """Every made-up sentence with every ending, encoded."""
    said = [
        (f"{sentence} {ending}.", language)
        for language in languages
        for topic in topics
        for sentence in SENTENCES[language][topic]
        for ending in ENDINGS[language]
    ]
    texts = tuple(text for text, _ in said)
    return Corpus(
        tuple(stable_hash(text) for text in texts),
        texts,
        tuple(language for _, language in said),
        tuple(f"s{number:04}" for number in range(len(said))),
        tuple(f"f{number:04}" for number in range(len(said))),
        tuple(f"p{number:04}" for number in range(len(said))),
        tuple(frozenset({f"p{number:04}"}) for number in range(len(said))),
        ENCODER.encode(texts),
    )


def learnt(corpus: Corpus, settings: Settings | None = None) -> Codebook:
    return discover(
        corpus,
        encoder_key=ENCODER.identity.key,
        encode=lambda texts: ENCODER.encode(list(texts)),
        stop_words=stop_words,
        settings=settings or Settings(),
    )


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return corpus_of()


@pytest.fixture(scope="module")
def codebook(corpus: Corpus) -> Codebook:
    return learnt(corpus)


def topics_of(corpus: Corpus) -> list[str]:
    """The topic of each text, by its own words."""
    return [next(found for word in tokenize(text) if (found := topic_of(word)) in TOPICS) for text in corpus.texts]


# -- the prepared space


def test_a_language_loses_its_mean_and_vectors_keep_length_one():
    numbers = np.random.default_rng(0)
    shift = {"en": 3 * np.eye(8)[0], "ar": 3 * np.eye(8)[1]}
    languages = ["en"] * 400 + ["ar"] * 400
    vectors = unit_rows(numbers.normal(size=(800, 8)) + np.stack([shift[code] for code in languages]))
    prepared = PreparedSpace.fit(vectors, languages).prepare(vectors, languages)
    np.testing.assert_allclose(np.linalg.norm(prepared, axis=1), 1, atol=1e-5)
    apart = prepared[:400].mean(axis=0) - prepared[400:].mean(axis=0)
    assert np.linalg.norm(apart) < 0.2 < 1 < np.linalg.norm(vectors[:400].mean(axis=0) - vectors[400:].mean(axis=0))
    assert prepared.dtype == np.float32


def test_a_small_language_s_mean_is_drawn_to_the_corpus_s():
    en, pl = np.array([[1.0, 0, 0]], np.float32), np.array([[0, 1.0, 0]], np.float32)
    space = PreparedSpace.fit(
        np.vstack([np.repeat(en, 100, axis=0), np.repeat(pl, 5, axis=0)]), ["en"] * 100 + ["pl"] * 5
    )
    middle = (en[0] + pl[0]) / 2  # languages weigh alike, however many statements they have
    np.testing.assert_allclose(space.corpus_mean, middle, atol=1e-6)
    assert space.languages == ("en", "pl")
    np.testing.assert_allclose(
        space.language_means,
        [(100 * en[0] + SHRINKAGE * middle) / (100 + SHRINKAGE), (5 * pl[0] + SHRINKAGE * middle) / (5 + SHRINKAGE)],
        atol=1e-6,
    )


def test_a_language_unseen_at_the_fit_gets_the_corpus_mean():
    numbers = np.random.default_rng(0)
    vectors = unit_rows(numbers.normal(size=(60, 8)))
    space = PreparedSpace.fit(vectors, ["en"] * 30 + ["ro"] * 30)
    one = vectors[:3]
    np.testing.assert_allclose(space.prepare(one, ["sw", "und", "sw"]), unit_rows(one - space.corpus_mean), atol=1e-6)
    assert not np.allclose(space.prepare(one, ["sw"] * 3), space.prepare(one, ["en"] * 3))


def test_when_no_language_is_known_the_mean_is_everybody_s():
    vectors = unit_rows(np.random.default_rng(1).normal(size=(20, 4)))
    space = PreparedSpace.fit(vectors, ["und"] * 20)
    assert (space.languages, space.language_means.shape) == ((), (0, 4))
    np.testing.assert_allclose(space.corpus_mean, vectors.mean(axis=0), atol=1e-6)


def test_a_row_of_nothing_stays_nothing():
    assert unit_rows(np.zeros((2, 3), np.float32)).tolist() == [[0, 0, 0]] * 2


# -- grouping


@pytest.mark.parametrize("each", [20, 60])  # below and above the size at which densities are estimated
def test_groups_that_are_there_are_found_and_the_same_each_time(each: int):
    vectors, truth = vectors_around(centres(6), each, spread=0.6)
    first = ConsensusClusterer(minimum_size=5, seed=0, runs=2)
    labels = first.fit_predict(vectors)
    pairs = {(int(a), int(b)) for a, b in zip(labels, truth, strict=True)}
    assert (len(first.centroids_), len(pairs)) == (6, 6)
    again = ConsensusClusterer(minimum_size=5, seed=0, runs=2)
    np.testing.assert_array_equal(again.fit_predict(vectors), labels)
    np.testing.assert_array_equal(again.centroids_, first.centroids_)
    np.testing.assert_allclose(np.linalg.norm(first.centroids_, axis=1), 1, atol=1e-5)


def test_another_seed_finds_the_same_themes():
    vectors, _ = vectors_around(centres(6), 60, spread=0.6)
    one, other = (ConsensusClusterer(minimum_size=5, seed=seed, runs=2).fit_predict(vectors) for seed in (0, 1))
    assert len({(int(a), int(b)) for a, b in zip(one, other, strict=True)}) == 6


def test_too_small_groups_are_no_themes():
    vectors, truth = vectors_around(centres(4), 30, spread=0.4)
    some = np.concatenate([np.flatnonzero(truth < 3), np.flatnonzero(truth == 3)[:2]])
    found = refine(vectors[some], centres(4), minimum_size=5)
    assert found.shape == (3, 32)
    assert np.bincount(nearest(vectors[some], found)).min() >= 5


def test_centroids_leave_out_noise():
    vectors = np.eye(3, dtype=np.float32)
    np.testing.assert_array_equal(centroids_of(vectors, np.array([1, -1, 0])), vectors[[2, 0]])
    assert centroids_of(vectors, np.array([-1, -1, -1])).shape == (0, 3)
    assert nearest(vectors[:0], vectors).shape == (0,)


@pytest.mark.parametrize(("k", "most"), [(1, 25), (3, 25), (40, 25), (40, 2), (120, 25), (120, 10)])
def test_top_level_groups_stay_within_their_bounds(k: int, most: int):
    numbers = np.random.default_rng(k)
    found = group_centroids(unit_rows(numbers.normal(size=(k, 16))), numbers.integers(5, 50, size=k), most)
    assert found.shape == (k,)
    assert sorted(set(found.tolist())) == list(range(found.max() + 1))
    assert found.max() + 1 <= min(most, k)
    assert found.max() + 1 >= min(most, k, 8)


def test_no_group_swallows_the_corpus_while_others_can_merge():
    base = centres(1, 16)[0]
    # A chain: each is near to the next, so that plain average linkage would make one of all.
    numbers = np.random.default_rng(3)
    chained = unit_rows(base + 0.3 * numbers.normal(size=(60, 16)))
    sizes = np.full(60, 10)
    found = group_centroids(chained, sizes, 25)
    assert np.bincount(found, weights=sizes).max() <= LARGEST_SHARE * sizes.sum()


def test_like_sub_themes_are_grouped():
    parents = centres(10)
    numbers = np.random.default_rng(5)
    subs = unit_rows(np.repeat(parents, 4, axis=0) + 0.05 * numbers.normal(size=(40, 32)))
    found = group_centroids(subs, np.full(40, 10), 10)
    assert len({(int(group), number // 4) for number, group in enumerate(found)}) == 10


def test_the_least_size_grows_with_the_corpus():
    assert [default_minimum(n) for n in (20, 300, 6_500, 100_000)] == [5, 5, 16, 63]


# -- words


def test_keywords_are_each_language_s_own_and_tell_themes_apart(corpus: Corpus):
    labels = np.array([TOPICS.index(topic) for topic in topics_of(corpus)])
    found = keywords_by_language(corpus.texts, corpus.languages, labels, len(TOPICS), stop_words)
    assert [sorted(words) for words in found] == [sorted(SENTENCES)] * 4
    app = found[TOPICS.index("app")]
    assert {"التطبيق"} <= set(app["ar"])
    assert any(word.startswith("приложен") for word in app["ru"])
    assert any(word.startswith("aplikacj") for word in app["pl"])
    for number, words in enumerate(found):
        for language, best in words.items():
            assert topic_of(best[0].split()[0]) in {TOPICS[number], None}
            assert not {word for phrase in best for word in phrase.split()} & stop_words(language)


@pytest.mark.parametrize(
    ("language", "letters"), [("ar", "\u0600-\u06ff"), ("ru", "\u0400-\u04ff"), ("pl", "ąćęłńóśźż")]
)
def test_letters_outside_a_to_z_survive_discovery(language: str, letters: str):
    """BERTopic's default preprocessing strips every letter outside A-Z, so that Arabic texts would be empty."""
    first, _, last = letters.partition("-")
    alone = learnt(corpus_of(languages=(language,)))
    words = "".join(word for theme in alone.themes for group in theme.keywords.values() for word in group)
    labels = "".join(theme.label for theme in alone.themes)
    assert len(alone.themes) == 4
    if last:
        assert all(first <= letter <= last for letter in (words + labels).replace(" ", "").replace(",", ""))
    else:
        assert set(words) & set(letters)
        assert set(labels) & set(letters)


# -- discovery


def test_discovery_finds_the_topics_across_languages(corpus: Corpus, codebook: Codebook):
    assert [(theme.level, theme.parent_id, theme.state) for theme in codebook.themes] == [(1, None, "active")] * 4
    found = tag(codebook, corpus.vectors, corpus.languages)
    pairs = {
        (codebook.themes[row].theme_id, topic)
        for row, topic in zip(found.labels(), topics_of(corpus), strict=True)
        if row >= 0
    }
    assert len(pairs) == 4
    assert found.themed.mean() > 0.85
    for theme in codebook.themes:
        assert sorted(theme.keywords) == sorted(SENTENCES)
        assert 0 < theme.threshold < 1
    assert sum(theme.n_statements for theme in codebook.themes) == len(corpus.texts)


def test_discovery_does_not_look_at_the_order(corpus: Corpus, codebook: Codebook):
    order = list(range(len(corpus.texts)))
    random.Random(3).shuffle(order)
    names = ("text_hashes", "texts", "languages", "statement_ids", "feedback_ids", "person_ids", "people")
    shuffled = Corpus(
        **{name: tuple(getattr(corpus, name)[i] for i in order) for name in names}, vectors=corpus.vectors[order]
    )
    again = learnt(shuffled)
    assert again.themes == codebook.themes
    np.testing.assert_array_equal(again.centroids, codebook.centroids)


def test_labels_are_distinct_and_in_the_reading_language(corpus: Corpus, codebook: Codebook):
    labels = [theme.label for theme in codebook.themes]
    assert len({label.casefold() for label in labels}) == len(labels)
    assert "" not in labels
    english = {
        word for language in ("en",) for topic in TOPICS for s in SENTENCES[language][topic] for word in tokenize(s)
    }
    english |= {word for ending in ENDINGS["en"] for word in tokenize(ending)}
    assert {word for label in labels for word in tokenize(label)} <= english
    romanian = learnt(corpus, Settings(reading_language="ro"))
    words = {word for topic in TOPICS for s in SENTENCES["ro"][topic] for word in tokenize(s)}
    words |= {word for ending in ENDINGS["ro"] for word in tokenize(ending)}
    assert {word for theme in romanian.themes for word in tokenize(theme.label)} <= words
    assert [theme.theme_id for theme in romanian.themes] == [theme.theme_id for theme in codebook.themes]


def test_quotes_are_members_near_the_centroid_each_from_another_feedback(corpus: Corpus, codebook: Codebook):
    row_of = {statement_id: row for row, statement_id in enumerate(corpus.statement_ids)}
    topics = topics_of(corpus)
    found = tag(codebook, corpus.vectors, corpus.languages)
    for number, theme in enumerate(codebook.themes):
        rows = [row_of[statement_id] for statement_id in theme.quote_ids]
        assert len({corpus.feedback_ids[row] for row in rows}) == len(rows) == 5
        assert len({topics[row] for row in rows}) == 1
        assert found.nearest[rows].tolist() == [number] * 5


def test_with_few_top_themes_the_others_become_sub_themes(corpus: Corpus):
    two = learnt(corpus, Settings(max_themes=2))
    tops = [theme for theme in two.themes if theme.level == 1]
    assert (len(tops), len(two.themes), len(two.leaves)) == (2, 6, 4)
    for top in tops:
        subs = [theme for theme in two.themes if theme.parent_id == top.theme_id]
        assert len(subs) >= 2 or top in [two.themes[row] for row in two.leaves]
        assert sum(sub.n_statements for sub in subs) == top.n_statements
    assert len({theme.label.casefold() for theme in two.themes}) == 6


def test_umap_and_hdbscan_by_setting(corpus: Corpus):
    found = learnt(corpus, Settings(clusterer="umap-hdbscan"))
    tagged = tag(found, corpus.vectors, corpus.languages).labels()
    topics = topics_of(corpus)
    for row in found.leaves:
        assert len({topics[i] for i in np.flatnonzero(tagged == row)}) <= 1


def test_themes_are_sized_worded_and_quoted_by_people(corpus: Corpus, codebook: Codebook):
    topics = topics_of(corpus)
    crowd = frozenset(f"crowd{number}" for number in range(100))
    said = next(
        row for row, text in enumerate(corpus.texts) if topics[row] == "staff" and corpus.languages[row] == "it"
    )
    people = tuple(own | crowd if row == said else own for row, own in enumerate(corpus.people))
    one = {row: "p-one" for row, topic in enumerate(topics) if topic == "app" and row % 2}
    authors = tuple(one.get(row, name) for row, name in enumerate(corpus.person_ids))
    found = learnt(replace(corpus, people=people, person_ids=authors))
    assert {theme.theme_id for theme in found.themes} == {theme.theme_id for theme in codebook.themes}
    first = found.themes[0]
    assert topics[corpus.statement_ids.index(first.quote_ids[0])] == "staff"
    assert set(first.keywords["it"][0].split()) <= set(tokenize(corpus.texts[said]))
    for theme in found.themes:
        quoted = [authors[corpus.statement_ids.index(statement_id)] for statement_id in theme.quote_ids]
        assert len(set(quoted)) == len(quoted) == 5


def test_a_theme_of_too_few_people_is_none(corpus: Corpus):
    topics = topics_of(corpus)
    few = tuple(
        frozenset({f"few{row % 4}"}) if topic == "price" else own
        for row, (topic, own) in enumerate(zip(topics, corpus.people, strict=True))
    )
    found = learnt(replace(corpus, people=few))
    assert len(found.themes) == 3
    assert sum(theme.n_statements for theme in found.themes) == sum(topic != "price" for topic in topics)
    several = tuple(own if topic != "price" else own | {"few4"} for topic, own in zip(topics, few, strict=True))
    assert len(learnt(replace(corpus, people=several)).themes) == 4


def part_of(corpus: Corpus, n: int) -> Corpus:
    names = ("text_hashes", "texts", "languages", "statement_ids", "feedback_ids", "person_ids", "people")
    return Corpus(**{name: getattr(corpus, name)[:n] for name in names}, vectors=corpus.vectors[:n])


def test_too_little_is_said(corpus: Corpus):
    with pytest.raises(DiscoveryError) as caught:
        learnt(part_of(corpus, 19))
    assert str(caught.value) == (
        "19 distinct statements: themes need at least 20. Add feedback, or read these few directly."
    )


def test_nothing_alike_is_said(corpus: Corpus):
    lonely = replace(part_of(corpus, 40), vectors=np.eye(40, 64, dtype=np.float32))
    with pytest.raises(DiscoveryError, match="No group of at least 5 statements among 40 is alike enough"):
        learnt(lonely)


def test_an_unknown_clusterer_is_said(corpus: Corpus):
    with pytest.raises(SettingError) as wrong:
        learnt(corpus, Settings(clusterer="evok"))
    assert str(wrong.value) == "clusterer = 'evok': no such clusterer. Did you mean 'evoc'?"


def test_praise_and_blame_of_one_thing_are_kept_apart() -> None:
    axes = np.eye(10, dtype=np.float32)
    for row, alike in ((1, 0.25), (3, 0.2), (5, 0.1)):  # each pair of neighbours is less alike than the one before
        axes[row] = alike * axes[row - 1] + np.sqrt(1 - alike**2) * axes[row]
    polarity = np.zeros(10)
    polarity[:2] = 0.9, -0.9  # one thing, praised and blamed
    plain = group_centroids(axes, np.full(10, 10), 10)
    told = group_centroids(axes, np.full(10, 10), 10, polarity)
    assert [bool(plain[row] == plain[row - 1]) for row in (1, 3, 5)] == [True, True, False]
    assert [bool(told[row] == told[row - 1]) for row in (1, 3, 5)] == [False, True, True]
