"""What ingest keeps of people: originals apart and only when told, nothing of those who were erased for good."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from feedback_nlp.language.reading.columns import ColumnFlags
from feedback_nlp.pipeline import ingest
from feedback_nlp.pipeline.prepare import safe_id
from feedback_nlp.pipeline.privacy import carry_out, plan_erasure
from feedback_nlp.settings import Settings
from feedback_nlp.store import Store
from feedback_nlp.store.originals import Originals
from tests.fake_encoder import TopicEncoder
from tests.made_up import write_csv

ROWS = [
    {"id": "1", "customer": "C-1", "comment": "  Call me on 020 7946 0018, the delivery was late &amp; cold. "},
    {"id": "2", "customer": "C-2", "comment": "The courier was friendly but the parcel was open."},
    {"id": "3", "customer": "zoe@example.com", "comment": "I waited two weeks for a refund."},
]


def read_in(store: Store, folder: Path, settings: Settings):
    path = write_csv(folder / "answers.csv", ROWS)
    flags = ColumnFlags(text=("comment",), id="id", customer="customer")
    return ingest(store, path, flags, settings, encoder=TopicEncoder(), rejects_file=folder / "rejects.csv")


def test_originals_are_kept_apart_and_only_when_told(tmp_path: Path):
    apart = f"sqlite:///{tmp_path / 'originals.db'}"
    with Store.open(f"sqlite:///{tmp_path / 'f.db'}") as store:
        read_in(store, tmp_path, Settings())
        assert not (tmp_path / "originals.db").exists()
        settings = Settings(originals=apart)
        read_in(store, tmp_path, settings)
        texts = dict(store.read_frames()["feedback"].select("external_id", "text").iter_rows())
        ids = dict(store.read_frames()["feedback"].select("external_id", "feedback_id").iter_rows())
        kept = [run["settings"]["originals_kept"] for run in store.runs()]
        assert "originals" not in store.runs()[-1]["settings"]
    assert texts["1"] == "Call me on <PHONE_1>, the delivery was late & cold."
    assert kept == [False, True]
    with Originals.open(apart) as originals:
        assert originals.get([ids["1"]]) == {ids["1"]: ROWS[0]["comment"].strip()}
        assert originals.count() == 3


def test_who_was_erased_for_good_does_not_come_back_with_an_old_file(store_url: str, tmp_path: Path):
    settings = Settings()
    with Store.open(store_url) as store:
        read_in(store, tmp_path, settings)
        plan = plan_erasure(store, settings, ["C-2", "zoe@example.com"], [])
        carry_out(store, settings, plan, keep_out=True)
        again = read_in(store, tmp_path, settings)
        assert (again.n_read, again.n_added, again.n_unchanged, again.n_kept_out) == (3, 0, 1, 2)
        assert store.read_frames()["feedback"]["external_id"].to_list() == ["1"]


def test_words_to_hide_are_not_kept_with_the_run(tmp_path: Path):
    with Store.open(f"sqlite:///{tmp_path / 'f.db'}") as store:
        read_in(store, tmp_path, Settings(redact_deny=("Quibblewort", "courier")))
        assert "Quibblewort" not in json.dumps([run["settings"] for run in store.runs()])
        texts = dict(store.read_frames()["feedback"].select("external_id", "text").iter_rows())
    assert texts["2"] == "The <DENIED_1> was friendly but the parcel was open."


@pytest.mark.parametrize(
    "value",
    ["C-1042", "Ticket 1234567", "2025550123", "North East", "12 Oak Street", "order 48213", "ORD-20260315-7781"],
)
def test_an_id_stays_what_other_systems_know(value: str):
    assert safe_id(value) == value


@pytest.mark.parametrize(
    "value",
    ["zoe@example.com", "+44 20 7946 0018", "4111 1111 1111 1111", "GB82 WEST 1234 5698 7654 32", "44051401359"],
)
def test_an_id_that_names_a_person_becomes_a_pseudonym(value: str):
    assert str(safe_id(value)).startswith("p_")
    assert value not in str(safe_id(value))


def test_an_account_that_everybody_names_is_public_and_stays(tmp_path: Path):
    texts = [f"@AcmeTelecom my line {number} is down again, @kim_{number} has the same" for number in range(40)]
    path = write_csv(tmp_path / "tweets.csv", [{"comment": text} for text in texts])
    with Store.open(f"sqlite:///{tmp_path / 'f.db'}") as store:
        first = ingest(store, path, ColumnFlags(), Settings(), encoder=TopicEncoder())
        assert first.public_accounts == ("@acmetelecom",)
        stored = store.read_frames()["feedback"]["text"].to_list()
        assert all(text.startswith("@AcmeTelecom my line ") for text in stored)
        assert all("@kim" not in text and "<HANDLE_1> has the same" in text for text in stored)
        # A night with three rows tells nothing by itself; what is known stays known.
        few = write_csv(
            tmp_path / "night.csv", [{"comment": f"@acmetelecom thanks, bill {n} is fine"} for n in range(3)]
        )
        ingest(store, few, ColumnFlags(text=("comment",)), Settings(), encoder=TopicEncoder())
        assert sum("@acmetelecom thanks" in text for text in store.read_frames()["feedback"]["text"]) == 3


def test_a_setting_hides_every_account(tmp_path: Path):
    path = write_csv(tmp_path / "tweets.csv", [{"comment": f"@AcmeTelecom line {n} is down again"} for n in range(40)])
    with Store.open(f"sqlite:///{tmp_path / 'f.db'}") as store:
        summary = ingest(store, path, ColumnFlags(), Settings(public_accounts="redact"), encoder=TopicEncoder())
        assert summary.public_accounts == ()
        assert not any("@" in text for text in store.read_frames()["feedback"]["text"])
