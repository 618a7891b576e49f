"""What ingest keeps of people: originals apart and only when told, nothing of those who were erased for good."""

from __future__ import annotations

import json
from pathlib import Path

from feedback_nlp.language.columns import ColumnFlags
from feedback_nlp.pipeline import ingest
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
