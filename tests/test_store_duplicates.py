"""Duplicates in the store: who represents whom, whatever order rows come in, and what it costs."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any

import pytest
import sqlalchemy as sa

from feedback_nlp.language.cleaning.texts import text_key
from feedback_nlp.language.near_duplicates import near_keys, nearly_same
from feedback_nlp.records import Aside, Feedback, stable_hash
from feedback_nlp.store import Store, duplicates, representatives, schema
from tests.store_rows import feedback, ingest

COMPLAINT = {
    "en": "I have waited for my parcel since Monday morning and nobody in your shop can tell me where it is now.",
    "ro": "Aștept coletul de luni dimineață și nimeni din magazinul vostru nu îmi poate spune unde se află acum el.",
    "ru": "Жду свою посылку с утра понедельника, и никто в вашем магазине не может сказать мне, где она сейчас лежит.",
    "it": "Aspetto il mio pacco da lunedì mattina e nessuno nel vostro negozio sa dirmi dove si trova adesso.",
    "ar": "أنتظر طردي منذ صباح يوم الاثنين ولا أحد في متجركم يستطيع أن يخبرني أين هو الآن ولا متى سيصل إلى بيتي.",
    "pl": "Czekam na paczkę od poniedziałku rano i nikt w waszym sklepie nie potrafi powiedzieć, gdzie ona teraz jest.",
}
Roles = dict[str, tuple[str, str]]


def said(feedback_id: str, text: str, **values: Any) -> Feedback:
    """A feedback with the keys of its text."""
    return feedback(feedback_id, text, duplicate_key=stable_hash(text_key(text)), near_keys=near_keys(text), **values)


def refresh(store: Store) -> int:
    return store.refresh_duplicates(nearly_same)


def roles(store: Store) -> Roles:
    """Whom each duplicate repeats and how, by its id."""
    frame = store.read_frames()["feedback"].drop_nulls("duplicate_of")
    return {row["feedback_id"]: (row["duplicate_of"], row["duplicate_kind"]) for row in frame.iter_rows(named=True)}


def delete(store: Store, *ids: str) -> None:
    with store._write() as connection:
        connection.execute(schema.feedback.delete().where(schema.feedback.c.feedback_id.in_(ids)))


@pytest.mark.parametrize("language", COMPLAINT)
def test_the_same_again_with_a_word_more_or_forwarded_is_a_near_duplicate(store_url: str, language: str) -> None:
    text = COMPLAINT[language]
    first = text.split()[0]
    with Store.open(store_url) as store:
        ingest(
            store,
            said("a", text),
            said("b", f"Fwd: {text}"),
            said("c", f"{text} 12345 <EMAIL_1>"),
            said("d", text.upper()),
            said("e", text),
            said("f", text, question="Another question"),
            said("g", f"{first} {first} {COMPLAINT['en' if language != 'en' else 'pl']}"),
            said("h", first),
        )
        assert refresh(store) == 4
        assert roles(store) == {"b": ("a", "near"), "c": ("a", "near"), "d": ("a", "exact"), "e": ("a", "exact")}
        assert store.counts()["duplicates"] == 4


def test_who_is_stored_represents_and_nothing_read_later_displaces_it(store_url: str) -> None:
    monday = datetime(2026, 3, 2)
    text = COMPLAINT["en"]
    with Store.open(store_url) as store:
        ingest(store, said("m", text, created_at=monday), said("n", f"{text} Please.", created_at=monday))
        refresh(store)
        assert roles(store) == {"n": ("m", "near")}
        ingest(store, said("a", text, created_at=monday + timedelta(days=1)), said("b", f"Help! {text}"))
        refresh(store)
        assert roles(store) == {"a": ("m", "exact"), "b": ("m", "near"), "n": ("m", "near")}
        older = said("z", f"Re: {text} Please.", created_at=monday - timedelta(days=1))
        ingest(store, older, said("c", f"Help! {text}"))  # a copy of a near-duplicate, whose id comes first
        refresh(store)
        assert roles(store) == {"a": ("m", "exact"), **dict.fromkeys("bcnz", ("m", "near"))}


def test_of_what_comes_together_the_earliest_represents_and_the_smallest_id_without_times(store_url: str) -> None:
    monday = datetime(2026, 3, 2)
    text = COMPLAINT["it"]
    with Store.open(store_url) as store:
        ingest(
            store,
            said("a", text),
            said("m", text, created_at=monday),
            said("n", f"{text} Grazie.", created_at=monday - timedelta(days=1)),
            said("q", text, question="Altro?"),
            said("p", f"{text} Grazie.", question="Altro?"),
        )
        refresh(store)
        assert roles(store) == {"a": ("n", "near"), "m": ("n", "near"), "q": ("p", "near")}


def test_a_chain_of_likenesses_makes_no_group(store_url: str) -> None:
    words = [f"word{letter}" for letter in "abcdefghijklmnop"]
    chain = [" ".join(words[start : start + 11]) for start in range(6)]  # each drops a word and adds another
    assert [nearly_same(chain[0], other) for other in chain] == [True, True, False, False, False, False]
    with Store.open(store_url) as store:
        ingest(store, *(said(f"f{number}", text) for number, text in enumerate(chain)))
        refresh(store)
        assert roles(store) == {"f1": ("f0", "near"), "f3": ("f2", "near"), "f5": ("f4", "near")}


def test_a_group_is_mended_when_its_representative_goes_or_changes(store_url: str) -> None:
    text = COMPLAINT["pl"]
    with Store.open(store_url) as store:
        ingest(
            store, *(said(name, f"{text} {end}") for name, end in zip("abcd", ("", "Ola", "Ola", "Ela"), strict=True))
        )
        refresh(store)
        assert roles(store) == dict.fromkeys("bcd", ("a", "near"))
        delete(store, "a")
        refresh(store)
        assert roles(store) == {"c": ("b", "exact"), "d": ("b", "near")}
        ingest(store, said("b", "Wszystko w porządku, dziękuję."))
        refresh(store)
        assert roles(store) == {"d": ("c", "near")}
        delete(store, "d")
        assert refresh(store) == 0
        with store._read() as connection:
            left = connection.execute(sa.select(sa.func.count(sa.distinct(schema.near_key.c.feedback_id)))).scalar_one()
        assert left == 1  # the keys went with their feedback


def test_what_is_set_aside_is_not_compared(store_url: str) -> None:
    footer = "This message and all that is attached to it is confidential and meant only for those it is addressed to."
    texts = ["My invoice for March has never arrived here. ", "The courier was friendly and came on time. "]
    with Store.open(store_url) as store:
        for name, aside in (("plain", False), ("aside", True)):
            items = []
            for number, text in enumerate(texts):
                asides = (Aside(len(text), len(text + footer), "disclaimer"),) if aside else ()
                item = feedback(
                    f"{name}{number}", text + footer, question=name, asides=asides, near_keys=near_keys(text + footer)
                )
                items.append(item)
            ingest(store, *items)
        store.refresh_duplicates(lambda a, b: footer in a and footer in b)
        assert roles(store) == {"plain1": ("plain0", "near")}


def test_near_keys_need_somebody_to_decide(store_url: str) -> None:
    with Store.open(store_url) as store:
        ingest(store, feedback("f1"), feedback("f2"))
        assert store.refresh_duplicates() == 1
        ingest(store, said("f3", COMPLAINT["en"]))
        with pytest.raises(ValueError, match="pass nearly_same"):
            store.refresh_duplicates()


# -- the rule, over all pairs


def made_up(n: int, seed: int) -> list[Feedback]:
    """Families of texts that are alike to different degrees; some dated, some asked otherwise."""
    numbers = random.Random(seed)
    items = []
    for _ in range(n):
        words = [f"w{numbers.randrange(3)}x{place}" for place in range(14)] if numbers.random() < 0.1 else []
        words = words or [f"w{numbers.randrange(2)}base{place}" if place < 3 else f"base{place}" for place in range(14)]
        for _ in range(numbers.randrange(3)):
            words[numbers.randrange(14)] = f"own{numbers.randrange(4)}"
        created = datetime(2026, 1, 1 + numbers.randrange(20)) if numbers.random() < 0.5 else None
        text = " ".join(word.translate(str.maketrans("0123456789", "abcdefghij")) for word in words)
        items.append(
            said(f"f{numbers.randrange(10**6):06}", text, created_at=created, question=numbers.choice(("", "", "why")))
        )
    return items


def by_hand(there: dict[str, Feedback], compared: set[str], before: Roles) -> Roles:
    """The rule, word for word, over all pairs; ``compared`` are the unchanged ones of the last time."""
    found = {name: role for name, role in before.items() if name in compared and role[0] in compared}
    settled = {name for name in compared if name in found or name not in before}

    def in_turn(names: set[str]) -> list[Feedback]:
        first = datetime.min
        items = [there[name] for name in names]
        return sorted(items, key=lambda item: (item.created_at is None, item.created_at or first, item.feedback_id))

    leading = in_turn(settled - found.keys())
    decided = in_turn(settled)
    for item in in_turn(there.keys() - settled):
        same = [other for other in decided if other.question == item.question]
        copy = next((other for other in same if other.duplicate_key == item.duplicate_key), None)
        asked = {other.feedback_id for other in same if set(other.near_keys) & set(item.near_keys)}
        alike = (other for other in leading if other.feedback_id in asked and nearly_same(other.text, item.text))
        if copy:
            found[item.feedback_id] = found.get(copy.feedback_id, (copy.feedback_id, "exact"))
        elif other := next(alike, None):
            found[item.feedback_id] = (other.feedback_id, "near")
        else:
            leading.append(item)
        decided.append(item)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_with_every_batch_with_changes_and_losses_the_rule_holds_for_all(store_url: str, seed: int) -> None:
    numbers = random.Random(seed)
    there: dict[str, Feedback] = {}
    expected: Roles = {}
    with Store.open(store_url) as store:
        for batch in range(8):
            compared = set(there)
            items = made_up(numbers.choice((1, 20, 60)), 100 * seed + batch)
            if there:  # some come again with another text
                leaders = sorted({of for of, _ in expected.values()})
                changed = numbers.sample(sorted(there), min(len(there), 4)) + numbers.sample(leaders, bool(leaders))
                items += [
                    said(name, other.text, created_at=other.created_at, content_hash=f"{batch}")
                    for name, other in zip(changed, made_up(5, 1000 * seed + batch), strict=False)
                ]
                gone = numbers.sample(sorted(there), min(len(there), 4))
                delete(store, *gone)
                for name in gone:
                    del there[name]
            there |= {item.feedback_id: item for item in items}
            ingest(store, *items)
            expected = by_hand(there, (compared & there.keys()) - {item.feedback_id for item in items}, expected)
            assert refresh(store) == len(expected)
            assert roles(store) == expected
            with store._read() as connection:
                version = store.data_version()
                assert (
                    connection.execute(sa.select(sa.func.count()).where(~schema.feedback.c.is_compared)).scalar() == 0
                )
            assert refresh(store) == len(expected)
            assert (roles(store), store.data_version()) == (expected, version + 1)
        assert len(expected) > 30
    leading = [item for name, item in there.items() if name not in expected]
    for name, (of, kind) in expected.items():
        assert of not in expected
        assert kind == "exact" or nearly_same(there[name].text, there[of].text)
    for first, second in combinations(leading, 2):  # nobody who represents could be represented
        shared = set(first.near_keys) & set(second.near_keys) and first.question == second.question
        assert not (shared and nearly_same(first.text, second.text))


def in_batches(path: Any, items: Sequence[Feedback], size: int, shuffle: int = 0) -> Roles:
    """What becomes of the items when they come in batches, whose rows are shuffled."""
    with Store.open(f"sqlite:///{path / f'{size}-{shuffle}.db'}") as store:
        for start in range(0, len(items), size):
            batch = list(items[start : start + size])
            random.Random(shuffle).shuffle(batch)
            ingest(store, *batch)
            refresh(store)
        return roles(store)


def test_batches_in_the_order_of_time_end_as_one(tmp_path: Any) -> None:
    items = list({item.feedback_id: item for item in made_up(150, 5)}.values())
    monday = datetime(2026, 3, 2)
    items = [replace(item, created_at=monday + timedelta(minutes=minute)) for minute, item in enumerate(items)]
    found = [in_batches(tmp_path, items, size) for size in (150, 40, 13, 1)]
    assert found == [by_hand({item.feedback_id: item for item in items}, set(), {})] * 4
    assert len(found[0]) > 50


@pytest.mark.parametrize(("most", "few", "seed"), [(1, 0, 8), (2, 3, 3), (2, 256, 3)])
def test_the_order_of_rows_decides_nothing_even_where_very_many_share_a_key(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, most: int, few: int, seed: int
) -> None:
    monkeypatch.setattr(representatives, "MOST_PER_KEY", most)
    monkeypatch.setattr(representatives, "READ_AT_ONCE", 7)
    monkeypatch.setattr(duplicates, "_FEW", few)
    items = list({item.feedback_id: item for item in made_up(150, seed)}.values())
    texts = {item.feedback_id: item.text for item in items}
    for size in (150, 40, 13):
        found = [in_batches(tmp_path, items, size, shuffle) for shuffle in range(3)]
        assert found == found[:1] * 3
        assert len(found[0]) > 50
        assert not {of for of, _ in found[0].values()} & found[0].keys()
        assert all(kind == "exact" or nearly_same(texts[name], texts[of]) for name, (of, kind) in found[0].items())


def test_boilerplate_in_every_text_does_not_make_each_meet_all(tmp_path: Any) -> None:
    footer = " ".join(f"{word} and" for word in COMPLAINT["en"].split())
    numbers = random.Random(0)
    letters = "abcdefghijklmnoprstuvz"
    own = [" ".join("".join(numbers.choices(letters, k=6)) for _ in range(40)) for _ in range(3000)]
    asked = 0

    def counting(first: str, second: str) -> bool:
        nonlocal asked
        asked += 1
        return nearly_same(first, second)

    with Store.open(f"sqlite:///{tmp_path / 'f.db'}") as store:
        items = [said(f"f{number:05}", f"{text} {footer}") for number, text in enumerate(own)]
        ingest(store, *items)
        assert max(_bucket_sizes(store)) > 1000
        assert store.refresh_duplicates(counting) == 0
        assert 0 < asked < 10 * representatives.MOST_PER_KEY * len(items) / 3  # all pairs are 4.5 million
        asked = 0
        ingest(store, said("g", f"{own[2999]} {footer} Thank you."), said("h", f"{own[7]} changed {footer}"))
        assert store.refresh_duplicates(counting) == 2
        assert roles(store) == {"g": ("f02999", "near"), "h": ("f00007", "near")}
        assert asked < 2 * 10 * representatives.MOST_PER_KEY
        asked = 0
        before = roles(store)
        night = ["".join(numbers.choices(letters, k=240)) for _ in range(50)]
        night = [" ".join(text[start : start + 6] for start in range(0, 240, 6)) for text in night]
        ingest(store, *(said(f"a{number:02}", f"{text} {footer}") for number, text in enumerate(night)))
        assert store.refresh_duplicates(counting) == 2
        assert roles(store) == before
        assert 0 < asked < 10 * representatives.MOST_PER_KEY * len(night) / 3  # although their ids come first


def _bucket_sizes(store: Store) -> list[int]:
    with store._read() as connection:
        n = schema.near_key.c.near_key
        return list(connection.execute(sa.select(sa.func.count(n)).group_by(n)).scalars())


def test_keys_of_an_older_schema_s_rows_are_compared_after_the_step(store_url: str) -> None:
    from feedback_nlp.store.database import connect
    from feedback_nlp.store.migrations import MIGRATIONS

    with Store.open(store_url) as store:
        ingest(store, feedback("f1", scores={"nps": 9.0}), feedback("f2"), feedback("f3", "", non_answer="empty"))
        store.refresh_duplicates()
    engine = connect(store_url)
    later = {"feedback": {"duplicate_kind", "is_compared", "asides", "non_answer"}}
    later["meta"] = {column.name for column in schema.meta.columns} - {"id", "data_version"}
    with engine.begin() as connection:
        for index in ("feedback_not_compared", "feedback_duplicate_of"):
            connection.exec_driver_sql(f"DROP INDEX {index}")
        for table in ("near_key", "erased"):
            connection.exec_driver_sql(f"DROP TABLE {table}")
        for table, columns in later.items():
            for column in sorted(columns):
                connection.exec_driver_sql(f"ALTER TABLE {table} DROP COLUMN {column}")
    with engine.execution_options(store_writes=True).begin() as connection:
        MIGRATIONS[1].apply(connection)
    engine.dispose()
    with Store.open(store_url) as store:
        rows = store.read_frames()["feedback"].select("feedback_id", "duplicate_of", "duplicate_kind", "asides").rows()
        assert rows == [("f1", None, None, "[]"), ("f2", "f1", "exact", "[]"), ("f3", None, None, "[]")]
        ingest(store, said("f0", COMPLAINT["ru"]), said("f4", f"{COMPLAINT['ru']} Помогите!"))
        assert refresh(store) == 2
        assert roles(store) == {"f2": ("f1", "exact"), "f4": ("f0", "near")}
        indexes = {index["name"] for index in sa.inspect(store._engine).get_indexes("feedback")}
        assert {"feedback_duplicates", "feedback_not_compared", "feedback_duplicate_of"} <= indexes
