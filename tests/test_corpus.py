"""What discovery learns from: distinct statements, and how many people said each."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from feedback_nlp.errors import DiscoveryError
from feedback_nlp.language.cleaning.texts import text_key
from feedback_nlp.language.near_duplicates import near_keys, nearly_same
from feedback_nlp.pipeline import discover_themes
from feedback_nlp.pipeline.corpus import corpus_of, fingerprint
from feedback_nlp.pipeline.ingest import encode_pending
from feedback_nlp.records import Feedback, SentimentScore, stable_hash
from feedback_nlp.settings import Settings
from feedback_nlp.store import Store
from feedback_nlp.themes.discovery.discover import Corpus
from tests.fake_encoder import TopicEncoder
from tests.made_up import rows
from tests.store_rows import feedback, ingest

ENCODER = TopicEncoder()
SETTINGS = Settings()


def said(feedback_id: str, text: str, customer: str | None = None, **values: Any) -> Feedback:
    """A feedback with the keys of its text."""
    keys = {"duplicate_key": stable_hash(text_key(text)), "near_keys": near_keys(text)}
    return feedback(feedback_id, text, customer_id=customer, **{**keys, **values})


def take_in(store: Store, *items: Feedback) -> Corpus:
    """Store, compare and encode the feedback, and return what would be learnt from."""
    ingest(store, *items)
    store.refresh_duplicates(nearly_same)
    encode_pending(store, ENCODER)
    return corpus_of(store, ENCODER.identity.key, SETTINGS)


def heard(corpus: Corpus) -> dict[str, list[str]]:
    """Who said what."""
    return {text: sorted(people) for text, people in zip(corpus.texts, corpus.people, strict=True)}


def test_a_statement_is_learnt_once_with_all_who_said_it(store_url: str) -> None:
    with Store.open(store_url) as store:
        corpus = take_in(
            store,
            *(said(f"a{number}", "The parcel came late. The price is fair.", f"c{number}") for number in range(10)),
            said("b1", "the PARCEL came late!!", "c3"),
            said("b2", "Parcel came late.", None),
            said("b3", "Посылка опоздала.", "", language="ru"),
            said("b4", "Посылка  опоздала", "c1", language="ru"),
            said("b5", "12 😀"),
        )
    everybody = sorted(f"c{number}" for number in range(10))
    assert {text_key(text): people for text, people in heard(corpus).items()} == {
        text_key("The parcel came late."): everybody,
        text_key("The price is fair."): everybody,
        text_key("Parcel came late."): ["r-b2"],
        text_key("Посылка опоздала."): ["c1", "r-b3"],
    }
    row = corpus.texts.index("The price is fair.")
    assert (corpus.feedback_ids[row], corpus.person_ids[row]) == ("a0", "c0")
    assert sorted(corpus.weights.tolist()) == [1, 2, 10, 10]
    assert corpus.vectors.shape == (4, ENCODER.identity.dimensions)


def test_near_duplicates_are_not_learnt_from_again_and_their_people_count(store_url: str) -> None:
    story = "The courier left my parcel in the rain. Nobody in your office answers the phone about it."
    with Store.open(store_url) as store:
        corpus = take_in(
            store,
            said("a", story, "c1"),
            said("b", f"Fwd: {story} Thanks", "c2"),
            said("c", story.replace("rain", "snow"), "c2"),
            said("d", story.upper(), "c3"),
        )
    first, second = story.split(". ")
    assert heard(corpus) == {f"{first}.": ["c1", "c2", "c3"], second: ["c1", "c2", "c3"]}
    assert set(corpus.feedback_ids) == {"a"}


def made_feedback() -> list[Feedback]:
    monday = datetime(2026, 3, 2)
    return [
        said(row["response_id"], row["comment"], row["customer_id"], language=row["language"], created_at=monday)
        for row in rows(120)
    ]


def test_ten_copies_by_the_same_customer_change_nothing(tmp_path: Path) -> None:
    items = made_feedback()
    with Store.open(f"sqlite:///{tmp_path / 'f.db'}") as store:
        before = take_in(store, *items)
        first = discover_themes(store, SETTINGS, encoder=ENCODER)
        themes = store.codebook().themes
        copies = [
            said(f"A{copy}-{item.feedback_id}", f"{text} ", item.customer_id, language=item.language)
            for item in items
            for copy, text in enumerate((item.text, item.text.upper(), f"{item.text}!!", *[item.text] * 7))
        ]
        after = take_in(store, *copies)
        assert store.counts()["feedback"] == 11 * len(items)
        again = discover_themes(store, SETTINGS, encoder=ENCODER)
        assert (first.changed, again.changed, again.codebook_version) == (True, False, 1)
        assert store.codebook().themes == themes
        assert heard(after) == heard(before)
        assert after.statement_ids == before.statement_ids
        # The same from ten other people is ten times the weight, and not a row more.
        others = [
            said(f"B{copy}-{item.feedback_id}", item.text, f"{copy}-{item.customer_id}", language=item.language)
            for item in items[:1]
            for copy in range(10)
        ]
        more = take_in(store, *others)
        assert more.texts == after.texts
        assert (more.weights - after.weights).tolist() == [
            10 * (items[0].customer_id in people) * any(text in items[0].text for text in [words])
            for words, people in zip(after.texts, after.people, strict=True)
        ]
        prints = {fingerprint(corpus, "k", None, SETTINGS) for corpus in (before, after, more)}
        assert len(prints) == 2
        assert discover_themes(store, SETTINGS, encoder=ENCODER).changed


def test_what_one_customer_says_in_many_ways_is_no_theme(tmp_path: Path) -> None:
    own = [f"Your invoice number {word} is wrong." for word in "abcdefghijklmnopqrst"]
    with Store.open(f"sqlite:///{tmp_path / 'f.db'}") as store:
        take_in(store, *made_feedback(), *(said(f"x{n}", text, "one customer") for n, text in enumerate(own)))
        found = discover_themes(store, SETTINGS, encoder=ENCODER)
        words = {word for theme in store.codebook().themes for word in theme.keywords["en"]}
    with Store.open(f"sqlite:///{tmp_path / 'g.db'}") as store:
        take_in(store, *made_feedback(), *(said(f"x{n}", text, f"customer {n}") for n, text in enumerate(own)))
        others = discover_themes(store, SETTINGS, encoder=ENCODER)
        # A theme has no keywords in a language that one or two of its people speak, as English of the courier here.
        more = {word for theme in store.codebook().themes for word in theme.keywords.get("en", ())}
    assert (found.n_themes, others.n_themes) == (4, 5)
    assert (any("invoice" in word for word in words), any("invoice" in word for word in more)) == (False, True)


def test_where_one_account_stands_for_everybody_themes_are_found_all_the_same(tmp_path: Path) -> None:
    items = [
        said(row["response_id"], row["comment"], f"account {number % 3}", language=row["language"])
        for number, row in enumerate(rows(120))
    ]
    with Store.open(f"sqlite:///{tmp_path / 'f.db'}") as store:
        take_in(store, *items)
        assert discover_themes(store, SETTINGS, encoder=ENCODER).n_themes == 4


def test_nothing_with_words_is_said(store_url: str) -> None:
    with Store.open(store_url) as store, pytest.raises(DiscoveryError, match="non-answers, numbers or emoji"):
        take_in(store, said("a", "12 😀"))


def test_the_same_words_feel_as_they_do_on_average_over_their_questions(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'f.db'}") as store:
        items = [said(f"a{n}", text, f"c{n}") for n, text in enumerate(("The price.", "the price", "The staff."))]
        assert take_in(store, *items).polarity is None
        polarity = {"The price.": 0.75, "the price": -0.25, "The staff.": 0.5}
        rows = store.read_frames()["statements"].select("statement_id", "text").rows()
        scores = [SentimentScore(polarity[text], "neutral", 0.5) for _, text in rows]
        store.set_sentiment("made-up", [statement_id for statement_id, _ in rows], scores)
        corpus = corpus_of(store, ENCODER.identity.key, SETTINGS)
    assert corpus.polarity is not None
    felt = dict(zip(map(text_key, corpus.texts), corpus.polarity.tolist(), strict=True))
    assert felt == {text_key("The price."): 0.25, text_key("The staff."): 0.5}
