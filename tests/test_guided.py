"""Guided themes: the starter codebook, what its phrases find in six languages, and how they join a codebook."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from feedback_nlp.encoding import load_encoder
from feedback_nlp.records import Theme, stable_hash
from feedback_nlp.settings import Settings
from feedback_nlp.themes.codebook import PROTOTYPE_KINDS, Codebook, Prototypes
from feedback_nlp.themes.discovery.discover import Corpus
from feedback_nlp.themes.guided.adding import (
    GuidedCodebook,
    GuidedTheme,
    Phrases,
    add_guided,
    empty_codebook,
    load_guided,
)
from feedback_nlp.themes.guided.codebook import theme_from_plain
from feedback_nlp.themes.guided.matching import _of_other_things, fit_matcher
from feedback_nlp.themes.space import PreparedSpace, load_projection, unit_rows
from feedback_nlp.themes.tagging import facets, tag
from tests.complaints_in_six_languages import COMPLAINTS, LANGUAGES

STARTER = load_guided("starter")


def corpus_of(texts: list[str], languages: list[str], vectors: np.ndarray) -> Corpus:
    ids = tuple(f"s{i}" for i in range(len(texts)))
    people = tuple(frozenset([name]) for name in ids)
    hashes = tuple(stable_hash(text) for text in texts)
    return Corpus(hashes, tuple(texts), tuple(languages), ids, ids, ids, people, vectors)


class Remembering:
    """The shipped encoder; a text that was encoded before is not encoded again."""

    def __init__(self) -> None:
        self.encoder = load_encoder(Settings())
        self.identity = self.encoder.identity
        self._known: dict[str, np.ndarray] = {}

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known.update(zip(new, self.encoder.encode(new), strict=True) if new else ())
        return np.stack([self._known[text] for text in texts])


@pytest.fixture(scope="module")
def encoder() -> Remembering:
    return Remembering()


@pytest.fixture(scope="module")
def complaints(encoder: Remembering) -> Corpus:
    """The complaints, and enough of other customers' words that there is a corpus to learn from."""
    said = [(text, code) for complaint in COMPLAINTS.values() for text, code in zip(complaint, LANGUAGES, strict=True)]
    said += [(text, code) for theme in STARTER.topics for code in LANGUAGES for text in theme.phrases[code].all[::2]]
    texts, languages = [text for text, _ in said], [code for _, code in said]
    return corpus_of(texts, languages, encoder.encode(texts))


@pytest.fixture(scope="module")
def empty(encoder: Remembering, complaints: Corpus) -> Codebook:
    space = PreparedSpace.fit(complaints.vectors, complaints.languages, load_projection(encoder.identity))
    return empty_codebook(encoder.identity.key, space)


@pytest.fixture(scope="module")
def taught(encoder: Remembering, empty: Codebook, complaints: Corpus) -> Codebook:
    return add_guided(empty, STARTER, encode=encoder.encode, reading_language="ro", corpus=complaints)


def test_the_starter_says_every_theme_in_every_language() -> None:
    assert STARTER.languages == tuple(sorted(LANGUAGES))
    assert [theme.theme_id for theme in STARTER.topics] == list(COMPLAINTS)
    for theme in STARTER.topics:
        for code in LANGUAGES:
            said = theme.phrases[code]
            english = theme.phrases["en"]
            assert (len(said.positive), len(said.negative)) == (len(english.positive), len(english.negative))
            assert len(said.positive) >= 7
            assert len(said.negative) >= 11
            assert not said.neutral
            assert len(theme.unlike[code]) == len(theme.unlike["en"]) >= 6
            assert theme.labels[code]
            assert theme.definitions[code].endswith(".")
    values = {(theme.facet, theme.theme_id) for theme in STARTER.facet_values}
    assert values == {
        ("journey_stage", f"journey_stage.{name}")
        for name in ("awareness", "purchase", "onboarding", "use", "support", "renewal", "exit")
    } | {
        ("touchpoint", f"touchpoint.{name}")
        for name in ("website", "app", "phone", "chat_bot", "e_mail", "store", "delivery", "social_media")
    }
    assert {len(value.phrases[code].neutral) for value in STARTER.facet_values for code in LANGUAGES} == {4}


def test_no_phrase_of_the_starter_stands_for_two_themes() -> None:
    said = Counter(
        (code, text.casefold())
        for theme in STARTER.topics
        for code, poles in theme.phrases.items()
        for text in poles.all
    )
    assert [text for text, times in said.items() if times > 1] == []


def test_a_theme_comes_back_from_its_plain_form() -> None:
    assert tuple(theme_from_plain(theme.plain()) for theme in STARTER.themes) == STARTER.themes


@pytest.mark.parametrize("with_corpus", [True, False])
def test_the_same_complaint_in_six_languages_has_the_same_theme(
    encoder: Remembering, empty: Codebook, complaints: Corpus, with_corpus: bool
) -> None:
    codebook = add_guided(
        empty, STARTER, encode=encoder.encode, reading_language="en", corpus=complaints if with_corpus else None
    )
    n = 6 * len(COMPLAINTS)
    tagging = tag(codebook, complaints.vectors[:n], complaints.languages[:n])
    found = [
        codebook.themes[row].theme_id if ok else None for row, ok in zip(tagging.nearest, tagging.themed, strict=True)
    ]
    right = dict.fromkeys(LANGUAGES, 0)
    same = 0
    for i, theme_id in enumerate(COMPLAINTS):
        mine = found[6 * i : 6 * i + 6]
        same += Counter(mine).most_common(1)[0][1] if any(mine) else 0
        for code, one in zip(LANGUAGES, mine, strict=True):
            right[code] += one == theme_id
    assert same / n >= 0.9
    assert min(right.values()) >= 14


def test_guided_themes_speak_the_reading_language(taught: Codebook, complaints: Corpus) -> None:
    waits = taught.themes[0]
    assert waits == replace(
        waits,
        theme_id="cx_waits",
        label="Timp de așteptare",
        level=1,
        parent_id=None,
        state="active",
        definition="Cât așteaptă clientul: la telefon, la coadă, un răspuns sau o programare.",
        source="guided",
        label_source="codebook",
    )
    assert set(waits.keywords) == set(LANGUAGES)
    assert waits.n_statements >= 5
    assert set(waits.quote_ids) <= set(complaints.statement_ids)
    assert GuidedCodebook("starter", tuple(theme_from_plain(row) for row in taught.guided)) == STARTER
    assert set(taught.facets.names) == {"journey_stage", "touchpoint"}


def test_the_order_of_the_corpus_changes_nothing(
    encoder: Remembering, empty: Codebook, taught: Codebook, complaints: Corpus
) -> None:
    order = list(reversed(range(len(complaints.texts))))
    mixed = corpus_of(
        [complaints.texts[i] for i in order], [complaints.languages[i] for i in order], complaints.vectors[order]
    )
    again = add_guided(empty, STARTER, encode=encoder.encode, reading_language="ro", corpus=mixed)
    for name, array in taught.arrays().items():
        assert np.array_equal(array, again.arrays()[name]), name


def test_a_theme_that_is_there_already_is_replaced_and_what_was_found_stays(
    encoder: Remembering, empty: Codebook, taught: Codebook
) -> None:
    found = Theme("t1", "Parking", 1, None, "active", 0.5)
    vector = unit_rows(np.ones((1, empty.centroids.shape[1]), np.float32))
    base = replace(
        taught,
        themes=(*taught.themes, found),
        centroids=np.vstack([taught.centroids, vector]),
        prototypes=Prototypes(
            np.vstack([taught.prototypes.vectors, vector, vector]),
            np.append(taught.prototypes.thresholds, [0.5, 0.6]),
            np.append(taught.prototypes.theme_rows, [len(taught.themes), 0]),
            np.append(taught.prototypes.kinds, np.int8([0, PROTOTYPE_KINDS.index("example")])),
        ),
    )
    mine = GuidedCodebook(
        "mine",
        (
            GuidedTheme("cx_waits", {"und": "Waiting"}, phrases={"und": Phrases(neutral=("stood in a queue",))}),
            GuidedTheme("rooms", {"en": "Rooms"}),
            GuidedTheme("rooms_cold", {"en": "Cold rooms"}, parent="rooms"),
        ),
    ).checked("mine")
    joined = add_guided(base, mine, encode=encoder.encode, reading_language="en")
    assert [theme.theme_id for theme in joined.themes] == [*(t.theme_id for t in base.themes), "rooms", "rooms_cold"]
    assert joined.themes[0].label == "Waiting"
    assert joined.themes[1 : len(base.themes)] == base.themes[1:]
    kinds = Counter(
        (joined.themes[row].theme_id, PROTOTYPE_KINDS[kind])
        for row, kind in zip(joined.prototypes.theme_rows, joined.prototypes.kinds, strict=True)
    )
    expected = {(theme_id, "phrase"): 1 for theme_id in (*COMPLAINTS, "rooms_cold")}
    assert kinds == expected | {("t1", "found"): 1, ("cx_waits", "example"): 1}
    assert len(joined.guided) == len(base.guided) + 2
    child = joined.themes[-1]
    assert (child.level, child.parent_id) == (2, "rooms")
    assert np.array_equal(joined.centroids[-1], joined.centroids[-2])


def test_facets_say_where_and_when(encoder: Remembering, taught: Codebook) -> None:
    texts = [phrase for value in STARTER.facet_values for phrase in value.phrases["en"].neutral]
    told = facets(taught, encoder.encode(texts), ["en"] * len(texts))
    wanted = [(value.facet, value.theme_id.split(".")[1]) for value in STARTER.facet_values for _ in range(4)]
    right = sum(said.get(str(facet)) == value for said, (facet, value) in zip(told, wanted, strict=True))
    wrong = sum(said.get(str(facet), value) != value for said, (facet, value) in zip(told, wanted, strict=True))
    assert right >= 0.6 * len(texts)
    assert wrong <= 0.1 * len(texts)


def test_a_corpus_teaches_words_that_no_phrase_has() -> None:
    """Two themes; the corpus speaks of the first in a direction that its phrase only touches."""
    rng = np.random.default_rng(7)
    axes = np.eye(12)
    first = axes[0] + 2 * axes[1] + 0.2 * rng.standard_normal((80, 12))  # axis 1: the corpus's own word
    second = axes[2] + 2 * axes[3] + 0.2 * rng.standard_normal((80, 12))
    other = 0.6 * rng.standard_normal((80, 12)) - axes[0] - axes[2]
    statements = unit_rows(np.vstack([first, second, other]).astype(np.float32))
    phrases = unit_rows(np.stack([axes[0] + 0.1 * axes[5], axes[2] + 0.1 * axes[6]]).astype(np.float32))
    matcher = fit_matcher(statements, phrases, np.array([0, 1]), 2)
    mentioned = statements @ matcher.vectors.T >= matcher.thresholds
    assert np.round(np.linalg.norm(matcher.vectors, axis=1), 4).tolist() == [1.0, 1.0]
    assert matcher.vectors[0, 1] > 0.2
    assert mentioned[:80, 0].mean() > 0.9
    assert mentioned[80:160, 1].mean() > 0.9
    assert mentioned[:80, 1].mean() < 0.1
    assert mentioned[160:].any(axis=1).mean() < 0.4  # of noise about the themes' own axes


def test_what_a_theme_is_not_pushes_its_border() -> None:
    axes = np.eye(4, dtype=np.float32)
    phrases = unit_rows(np.stack([axes[0], axes[0] + 0.3 * axes[1], axes[2], axes[2] + 0.3 * axes[3]]))
    unlike = unit_rows((axes[0] + 1.5 * axes[3])[None, :])
    none = np.empty((0, 4), np.float32)
    theme_of = np.array([0, 0, 1, 1])
    plain = fit_matcher(none, phrases, theme_of, 2)
    pushed = fit_matcher(none, phrases, theme_of, 2, unlike=unlike, unlike_of=np.array([0]))

    def lead(matcher: object) -> float:
        return float(unlike[0] @ matcher.vectors[0] - matcher.thresholds[0])  # type: ignore[attr-defined]

    assert lead(pushed) < lead(plain)
    assert lead(pushed) < 0


def test_talk_of_other_things_has_no_theme(encoder: Remembering, empty: Codebook, complaints: Corpus) -> None:
    """None of these sentences ships with the program."""
    other = {
        "en": ("The comet can be seen at night in the western sky", "Which mountain is the highest in Africa"),
        "it": ("La squadra ha vinto la finale ai rigori", "I dinosauri si estinsero milioni di anni fa"),
        "pl": ("Parlament przyjął nową ustawę o wyborach", "Bocian buduje gniazdo na dachu stodoły"),
        "ro": ("Dunărea se varsă în Marea Neagră", "Compozitorul a scris nouă simfonii"),
        "ru": ("Учёные открыли новую планету", "Поэт родился в маленькой деревне"),
        "ar": ("اكتشف العلماء نجماً جديداً", "فاز الفريق بكأس العالم"),
    }
    texts, languages = [text for said in other.values() for text in said], [code for code in other for _ in range(2)]
    for corpus in (complaints, None):
        codebook = add_guided(empty, STARTER, encode=encoder.encode, reading_language="en", corpus=corpus)
        assert tag(codebook, encoder.encode(texts), languages).themed.mean() <= 0.25


def test_a_theme_that_nobody_mentions_takes_hardly_a_statement() -> None:
    """Everybody talks of the first theme; the second one's phrase is far from all of them."""
    rng = np.random.default_rng(5)
    axes = np.eye(16)
    first = unit_rows((axes[0] + 0.15 * rng.standard_normal((300, 16))).astype(np.float32))
    phrases = unit_rows(np.stack([axes[0], axes[5]]).astype(np.float32))
    matcher = fit_matcher(first, phrases, np.array([0, 1]), 2)
    mentioned = first @ matcher.vectors.T >= matcher.thresholds
    assert mentioned[:, 0].mean() > 0.5
    assert mentioned[:, 1].sum() <= 3


def test_how_much_is_talk_of_other_things_is_learnt_from_the_corpus() -> None:
    """Halfway statements are of a theme where all others are, too, and talk of other things among such talk."""
    rng = np.random.default_rng(2)
    axes = np.eye(20)

    def about(axis: int, n: int, spread: float = 0.35) -> np.ndarray:
        return unit_rows((axes[axis] + spread * rng.standard_normal((n, 20))).astype(np.float32)).astype(np.float64)

    phrases, far = np.vstack([about(0, 12), about(1, 12)]), about(2, 60)
    halfway = unit_rows((0.5 * axes[0] + 0.5 * axes[2] + 0.15 * rng.standard_normal((40, 20))).astype(np.float32))
    among_comments = _of_other_things(np.vstack([halfway, about(0, 400)]), phrases, far)
    among_other_talk = _of_other_things(np.vstack([halfway, about(2, 400)]), phrases, far)
    assert among_comments[:40].mean() <= 0.5
    assert among_other_talk[:40].all()
    assert among_comments[40:].mean() <= 0.05
    assert among_other_talk[40:].all()


def test_talk_of_customers_about_nothing_teaches_no_theme() -> None:
    """Half of the statements lie between the first theme and what customers say about none, nearer to that."""
    rng = np.random.default_rng(11)
    axes = np.eye(20)

    def about(direction: np.ndarray, n: int) -> np.ndarray:
        return unit_rows((direction + 0.1 * rng.standard_normal((n, 20))).astype(np.float32))

    phrases = np.vstack([about(axes[0], 12), about(axes[1], 12)])
    theme_of = np.repeat([0, 1], 12)
    statements = np.vstack([about(axes[0], 150), about(0.6 * axes[0] + axes[2], 150)])
    beside = about(axes[2], 200)

    def mentioned(**none: np.ndarray) -> tuple[float, float]:
        matcher = fit_matcher(statements, phrases, theme_of, 2, **none)
        first = statements @ matcher.vectors[0] >= matcher.thresholds[0]
        return float(first[:150].mean()), float(first[150:].mean())

    assert mentioned()[1] > 0.5
    of_theme, of_none = mentioned(beside=beside)
    assert of_theme > 0.9
    assert of_none < 0.3


def test_a_codebook_that_does_not_say_what_its_themes_are_not_hears_its_theme_in_the_words_of_none() -> None:
    """Every statement of the theme is also near to talk of none: only a codebook with ``unlike`` lets that hide it.

    What is told is of another theme, so that it says nothing about the first one itself.
    """
    rng = np.random.default_rng(3)
    axes = np.eye(32)

    def about(direction: np.ndarray, n: int) -> np.ndarray:
        return unit_rows((direction + 0.06 * rng.standard_normal((n, 32))).astype(np.float32))

    said = {"Parking": axes[0], "parked the car": axes[0], "Lifts": axes[1], "rode the lift": axes[1]}
    said |= {"not the stairs": axes[3]}
    vectors = {text: about(direction, 1)[0] for text, direction in said.items()}

    def encode(texts: Sequence[str]) -> np.ndarray:
        none = about(axes[2], len(texts))  # whatever the program says of none
        return np.stack([vectors.get(text, row) for text, row in zip(texts, none, strict=True)])

    statements = np.vstack([about(0.5 * axes[0] + axes[2], 150), about(axes[1], 150), about(-axes[1] - axes[0], 100)])
    texts = [f"said {i}" for i in range(len(statements))]
    corpus = corpus_of(texts, ["en"] * len(texts), statements)
    space = PreparedSpace(np.zeros(32, np.float32), (), np.empty((0, 32), np.float32))

    def heard(*unlike: str) -> float:
        mine = GuidedCodebook(
            "mine",
            (
                GuidedTheme("parking", {"en": "Parking"}, phrases={"en": Phrases(neutral=("parked the car",))}),
                GuidedTheme(
                    "lifts",
                    {"en": "Lifts"},
                    phrases={"en": Phrases(neutral=("rode the lift",))},
                    unlike={"en": unlike} if unlike else {},
                ),
            ),
        ).checked("mine")
        codebook = add_guided(empty_codebook("toy", space), mine, encode=encode, reading_language="en", corpus=corpus)
        tagging = tag(codebook, statements, corpus.languages)
        return float(np.isin(np.arange(150), tagging.rows[tagging.themes == 0]).mean())

    assert heard() > 0.5
    assert heard("not the stairs") < 0.1


def test_few_sentences_of_other_things_judge_nothing() -> None:
    statements = np.eye(4)
    assert not _of_other_things(statements, statements[:2], statements[2:]).any()


def test_praise_without_a_subject_has_no_theme_of_the_starter(taught: Codebook, encoder: Remembering) -> None:
    """Sentences that are no phrase of the starter: what everybody writes, and who else has one."""
    said = {
        "en": (
            "Thanks a lot to all of you",
            "I would gladly recommend this firm",
            "My neighbour has one too",
        ),
        "it": ("Grazie di tutto", "La consiglio volentieri", "Ce l'ha anche il mio vicino"),
        "ro": ("Vă mulțumesc din suflet", "O recomand cu drag", "Are și vecinul meu unul"),
        "ru": ("Спасибо вам за всё", "С удовольствием рекомендую", "У соседа такой же"),
        "pl": ("Dziękuję za wszystko", "Polecam z przyjemnością", "Sąsiad ma taki sam"),
        "ar": ("شكرا لكم على كل شيء", "أنصح بها بكل سرور", "جاري لديه واحد مثله"),
    }
    texts, languages = [text for three in said.values() for text in three], [code for code in said for _ in range(3)]
    tagging = tag(taught, encoder.encode(texts), languages)
    heard = Counter(taught.themes[row].theme_id for row in tagging.themes)
    assert heard.total() <= 2
