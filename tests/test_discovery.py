"""Discovery: statements in, a codebook of stable themes out, and what was measured on the way."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from feedback_nlp.errors import DiscoveryError, SettingError
from feedback_nlp.language.stopwords import stop_words
from feedback_nlp.records import stable_hash
from feedback_nlp.settings import Settings
from feedback_nlp.themes.codebook import Codebook
from feedback_nlp.themes.discovery.clustering import ConsensusClusterer, default_minimum
from feedback_nlp.themes.discovery.discover import Corpus, discover
from feedback_nlp.themes.discovery.found import Discovered
from feedback_nlp.themes.discovery.granularity import Candidate, choose, grid
from feedback_nlp.themes.discovery.hierarchy import cut, group_centroids, ward
from feedback_nlp.themes.discovery.kmeans import centroids_of, nearest, refine
from feedback_nlp.themes.discovery.stability import agreement_of, consensus, overlap, stability_of
from feedback_nlp.themes.labels.keywords import keywords_by_language, tokenize
from feedback_nlp.themes.space import unit_rows
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
    return discovered(corpus, settings).codebook


def discovered(corpus: Corpus, settings: Settings | None = None) -> Discovered:
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


# -- grouping


@pytest.mark.parametrize("each", [20, 60])  # below and above the size at which densities are estimated
def test_groups_that_are_there_are_found_and_the_same_each_time(each: int):
    vectors, truth = vectors_around(centres(6), each, spread=0.6)
    first = ConsensusClusterer(minimum_size=5, seed=0)
    labels = first.fit_predict(vectors)
    pairs = {(int(a), int(b)) for a, b in zip(labels, truth, strict=True)}
    assert (len(first.centroids_), len(pairs)) == (6, 6)
    again = ConsensusClusterer(minimum_size=5, seed=0)
    np.testing.assert_array_equal(again.fit_predict(vectors), labels)
    np.testing.assert_array_equal(again.centroids_, first.centroids_)
    np.testing.assert_allclose(np.linalg.norm(first.centroids_, axis=1), 1, atol=1e-5)


def test_another_seed_finds_the_same_themes():
    vectors, _ = vectors_around(centres(6), 60, spread=0.6)
    assert agreement_of([ConsensusClusterer(seed=seed).fit_predict(vectors) for seed in (0, 1)]) > 0.95


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


@pytest.mark.parametrize(("k", "groups"), [(1, 25), (3, 25), (40, 25), (40, 2), (120, 10)])
def test_there_are_as_many_groups_as_asked_for_or_as_there_are_centroids(k: int, groups: int):
    numbers = np.random.default_rng(k)
    found = group_centroids(unit_rows(numbers.normal(size=(k, 16))), numbers.integers(5, 50, size=k), groups)
    assert sorted(set(found.tolist())) == list(range(min(k, groups)))


def test_a_chain_is_cut_into_groups_of_like_size():
    angles = np.linspace(0, np.pi / 2, 60)  # each is near to the next, so that average or single linkage would chain
    chained = np.column_stack([np.cos(angles), np.sin(angles)])
    sizes = np.bincount(group_centroids(chained, np.full(60, 10), 6))
    assert sizes.tolist() == sorted(sizes.tolist(), key=lambda _: 0)
    assert (len(sizes), sizes.min() >= 5, sizes.max() <= 20) == (6, True, True)


def test_the_cheapest_merger_comes_first_and_weight_makes_it_dearer():
    points = np.array([[0.0, 0.0], [1.0, 0.0], [10.0, 0.0], [11.1, 0.0]])
    assert ward(points, np.ones(4)) == [(0, 1), (2, 3), (0, 2)]
    assert ward(points, np.array([9.0, 9.0, 1.0, 1.0])) == [(2, 3), (0, 1), (0, 2)]
    assert cut(ward(points, np.ones(4)), 2).tolist() == [0, 0, 1, 1]
    assert [cut(ward(points, np.ones(4)), k).max() + 1 for k in (1, 2, 3, 4, 9)] == [1, 2, 3, 4, 4]


def test_like_sub_themes_are_grouped():
    parents = centres(10)
    numbers = np.random.default_rng(5)
    subs = unit_rows(np.repeat(parents, 4, axis=0) + 0.05 * numbers.normal(size=(40, 32)))
    found = group_centroids(subs, np.full(40, 10), 10)
    assert len({(int(group), number // 4) for number, group in enumerate(found)}) == 10


def test_the_least_size_grows_with_the_corpus():
    assert [default_minimum(n) for n in (20, 300, 6_500, 100_000)] == [5, 5, 8, 32]


# -- stability and granularity


def test_a_theme_that_others_split_is_half_as_stable():
    labels = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    split = np.array([0, 0, 0, 0, 1, 1, 2, 2])
    assert overlap(labels, split, 2, 3).tolist() == [[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]]
    assert stability_of(labels, 2, [labels, split]).tolist() == [1.0, 0.75]
    assert stability_of(np.array([-1, 0]), 1, [np.array([0, 1])]).tolist() == [1.0]
    assert agreement_of([labels, labels]) == 1.0 > agreement_of([labels, split]) > 0


def test_what_most_fits_propose_is_agreed_and_what_one_proposes_is_not():
    one = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2, 2])
    other = np.array([1, 1, 1, 0, 0, 0, 2, 2, 2, 2])
    odd = np.array([0, 0, 0, 1, 1, 2, 3, 1, 2, 3])  # mixes the last two
    found = consensus([one, other, odd], [3, 3, 4])
    first, second, third = found.group_of[:3].tolist()
    assert sorted([first, second, third]) == [0, 1, 2]
    assert found.group_of[3:7].tolist() == [second, first, third, first]
    assert found.agreed.tolist() == [first] * 3 + [second] * 3 + [third] * 4


def division(n_themes: int, stability: float, separation: float = 0.3, held: float = 1.0) -> Candidate:
    return Candidate(n_themes, 5, 0.9, stability, held, 0.8, separation)


def test_themes_are_the_finest_that_hold_and_sub_themes_those_of_which_most_hold():
    tried = [division(*pair) for pair in ((6, 0.8), (8, 0.9), (16, 0.76), (23, 0.7))]
    tried += [division(45, 0.6, held=0.5), division(64, 0.7, held=0.5), division(90, 0.65, held=0.4)]
    found = choose(tried, 25, 2000)
    assert (found.top, found.leaf) == (2, 5)  # 64 / 2 is 32, the others 22 and 36 - 4.6
    assert [c.chosen for c in found.candidates] == ["", "", "themes", "", "", "sub-themes", ""]
    assert found.candidates[2].reason == "stability 0.76: the finest readable one that reaches 0.75"
    assert found.candidates[5].reason == "stability 0.70: 32 of 64 reach 0.6, and hardly more do in any"
    assert found.candidates[6].reason == "stability 0.65: 36 of 90 reach 0.6"
    assert found.candidates[5].to_dict()["n_themes"] == 64


@pytest.mark.parametrize(
    ("tried", "expected"),
    [
        ([(6, 0.9), (8, 0.7), (16, 0.8)], (2, 2)),  # fewer than eight hide what there is to read
        ([(6, 0.9, 0.6), (8, 0.7), (16, 0.6)], (0, 0)),  # six are all there is
        ([(6, 0.9), (8, 0.7), (16, 0.55)], (1, 2)),  # six are stable, but not clearly apart
        ([(6, 0.84), (8, 0.7), (16, 0.65), (64, 0.66)], (1, 3)),  # none is stable: the most stable one
        ([(8, 0.8), (14, 0.5), (28, 0.55), (50, 0.59)], (0, 2)),  # no division of them is a pattern
        ([(8, 0.8), (11, 0.6)], (0, 0)),  # eleven hardly divide eight
        ([(3, 0.4)], (0, 0)),
        ([(40, 0.9)], (0, 0)),
    ],
)
def test_when_little_holds(tried: list[tuple[float, ...]], expected: tuple[int, int]):
    found = choose([division(int(number), *figures) for number, *figures in tried], 25, 2000)
    assert (found.top, found.leaf) == expected


def test_what_few_statements_say_is_divided_only_where_that_is_stable():
    tried = [division(8, 0.8), division(16, 0.7)]
    assert [choose(tried, 25, n).leaf for n in (399, 400)] == [0, 1]
    assert choose([division(8, 0.8), division(16, 0.75)], 15, 399).leaf == 1


def test_candidates_go_up_to_what_can_be_read():
    assert grid(25, 300) == [4, 6, 8, 11, 16, 25, 32, 45, 64, 100]
    assert (grid(25, 3), grid(2, 300), grid(25, 1)) == ([3], [2, 4, 6, 8], [1])


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
    assert sum(theme.n_statements for theme in codebook.themes) == found.themed.sum()
    assert [theme.stability for theme in codebook.themes] == [1.0] * 4


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
    assert (len(tops), len(two.themes) - len(two.leaves)) == (2, 2)
    tagged = tag(two, corpus.vectors, corpus.languages, most=1).labels()
    topics = np.array(topics_of(corpus))
    assert {topic for row in two.leaves for topic in topics[tagged == row]} == set(TOPICS)
    assert all(len(set(topics[tagged == row])) == 1 for row in two.leaves)
    for top in tops:
        subs = [theme for theme in two.themes if theme.parent_id == top.theme_id]
        assert len(subs) >= 2 or top in [two.themes[row] for row in two.leaves]
        assert sum(sub.n_statements for sub in subs) == top.n_statements
    assert len({theme.label.casefold() for theme in two.themes}) == len(two.themes)


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
    plain = group_centroids(axes, np.full(10, 10), 8)
    told = group_centroids(axes, np.full(10, 10), 8, polarity)
    assert [bool(plain[row] == plain[row - 1]) for row in (1, 3, 5)] == [True, True, False]
    assert [bool(told[row] == told[row - 1]) for row in (1, 3, 5)] == [False, True, True]
