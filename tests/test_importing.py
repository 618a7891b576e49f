"""Codebooks from outside into a database: guided themes beside found ones, whole codebooks, and out of it again."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from feedback_nlp.cli import main
from feedback_nlp.errors import DiscoveryError, EncoderError, NothingToShow, ReadError, UsageError
from feedback_nlp.pipeline import discovering, importing
from feedback_nlp.pipeline.codebooks import load_codebook
from feedback_nlp.pipeline.editing import edit_theme
from feedback_nlp.pipeline.importing import guided_in_force, import_guided, load_portable, remove_guided
from feedback_nlp.settings import Settings
from feedback_nlp.store import Store
from feedback_nlp.themes.files import save_codebook
from feedback_nlp.themes.guided.exchange import read_codebook_file
from tests.fake_encoder import TopicEncoder
from tests.topic_store import count_mentions, fill, fill_and_publish

SETTINGS = Settings()
MINE = """theme_id,language,label,phrases
g-price,en,Prices,the price is high|what a cost|the fee is too much|the prices went up
g-people,en,People,the staff was there|an agent called|the employee|our agent
"""
KILLED = """
import sys
from pathlib import Path
from feedback_nlp.pipeline.importing import import_guided
from feedback_nlp.store import Store
from tests.fake_encoder import TopicEncoder
from tests.test_importing import SETTINGS
with Store.open(sys.argv[1]) as store:
    stall(store, sys.argv[3], sys.argv[4])
    import_guided(store, SETTINGS, sys.argv[2], encoder=TopicEncoder())
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Four topics in three languages; "price" has no theme. Published, tagged and ready."""
    with fill_and_publish(tmp_path / "x.db") as store:
        yield store


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Store]:
    """The same answers, and no codebook."""
    with fill(tmp_path / "bare.db") as store:
        yield store


@pytest.fixture
def mine(tmp_path: Path) -> str:
    path = tmp_path / "mine.csv"
    path.write_text(MINE, encoding="utf-8")
    return str(path)


def tree(store: Store) -> dict[str, tuple[str | None, str, bool]]:
    return {t.theme_id: (t.parent_id, t.source, t.is_emerging) for t in store.codebook().themes}


def facts(store: Store) -> list[tuple[int, str, int, bool]]:
    return [(row["version"], row["kind"], row["base_version"], row["is_ready"]) for row in store.codebook_versions()]


def snapshot(store: Store) -> tuple[Any, ...]:
    frames = store.read_frames()
    return frames["themes"].rows(), frames["mentions"].rows(), frames["statements"].rows()


def test_guided_themes_join_what_was_found(store: Store, mine: str) -> None:
    summary = import_guided(store, SETTINGS, mine, encoder=TopicEncoder())
    assert (summary.codebook_version, summary.changed, summary.n_guided) == (2, True, 2)
    assert (summary.n_themes, summary.n_sub_themes) == (4, 2)
    assert summary.lineage == {"born": 2, "continued": 4}
    assert (summary.tagging.n_tagged, summary.tagging.coverage, summary.conflicts) == (144, 1.0, ())
    # What was found about staff lies in the guided theme of people; the rest is outside of every guided theme.
    assert tree(store) == {
        "t-delivery": (None, "discovered", True),
        "t-tech": (None, "discovered", True),
        "t-app": ("t-tech", "discovered", True),
        "g-price": (None, "guided", False),
        "g-people": (None, "guided", False),
        "t-staff": ("g-people", "discovered", False),
    }
    assert count_mentions(store) == {
        "g-people": 36,
        "g-price": 36,
        "t-app": 36,
        "t-delivery": 36,
        "t-staff": 36,
        "t-tech": 36,
    }
    assert facts(store)[-1] == (2, "import", 2, True)


def test_importing_again_replaces_by_id_and_the_same_again_changes_nothing(store: Store, mine: str) -> None:
    import_guided(store, SETTINGS, mine, encoder=TopicEncoder())
    before, told = snapshot(store), count_mentions(store)
    again = import_guided(store, SETTINGS, mine, encoder=TopicEncoder())
    assert (again.codebook_version, again.changed, again.tagging.n_tagged) == (2, False, 0)
    assert snapshot(store) == before
    Path(mine).write_text(MINE.replace("Prices", "What it costs"), encoding="utf-8")
    other = import_guided(store, SETTINGS, mine, encoder=TopicEncoder())
    assert (other.codebook_version, other.changed, other.n_guided, other.lineage) == (3, True, 2, {"continued": 6})
    assert {t.theme_id: t.label for t in store.codebook().themes}["g-price"] == "What it costs"
    assert count_mentions(store) == told


def test_edits_are_laid_on_the_import(store: Store, mine: str) -> None:
    edit_theme(store, SETTINGS, "merge", "t-app", {"into": "t-delivery"}, "ana")
    edit_theme(store, SETTINGS, "rename", "t-delivery", {"label": "Parcels"}, "ana")
    summary = import_guided(store, SETTINGS, mine, encoder=TopicEncoder())
    assert (summary.codebook_version, summary.conflicts) == (4, ())
    assert [row[:3] for row in facts(store)] == [(1, "fit", 1), (2, "edit", 1), (3, "import", 3), (4, "edit", 3)]
    assert count_mentions(store)["t-delivery"] == 72
    assert {t.theme_id: t.label for t in store.codebook().themes}["t-delivery"] == "Parcels"


def test_without_a_codebook_the_guided_themes_are_one(bare: Store, mine: str) -> None:
    summary = import_guided(bare, SETTINGS, mine, encoder=TopicEncoder())
    assert (summary.codebook_version, summary.n_guided, summary.n_themes, summary.lineage) == (1, 2, 2, {"born": 2})
    assert count_mentions(bare) == {"g-people": 36, "g-price": 36}
    assert summary.tagging.coverage == 0.5


def test_keywords_leave_out_stop_words(bare: Store, mine: str) -> None:
    import_guided(bare, SETTINGS, mine, encoder=TopicEncoder())
    people = next(theme for theme in bare.codebook().themes if theme.theme_id == "g-people")
    assert set(people.keywords) == {"en"}
    assert set(people.keywords["en"]) == {"agent", "staff", "employee", "called"}


def test_a_later_discovery_keeps_what_was_imported(
    bare: Store, mine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_guided(bare, SETTINGS, mine, encoder=TopicEncoder())
    discovering.discover_themes(bare, SETTINGS, encoder=TopicEncoder())
    guided = {theme_id for theme_id, (_, source, _) in tree(bare).items() if source == "guided"}
    assert guided == {"g-people", "g-price"}
    assert len(tree(bare)) > 2
    in_force = guided_in_force(bare, SETTINGS)
    assert in_force is not None
    assert in_force.themes == read_codebook_file(Path(mine)).themes
    other = tmp_path / "other.csv"
    other.write_text("theme_id,label\ng-price,Money\ng-app,The app\n", encoding="utf-8")
    both = guided_in_force(bare, Settings(guided=str(other)))
    assert both is not None
    assert [(theme.theme_id, theme.label("en")) for theme in both.themes] == [
        ("g-price", "Money"),
        ("g-app", "The app"),
        ("g-people", "People"),
    ]


def test_nothing_is_in_force_where_nothing_was_imported(store: Store, bare: Store) -> None:
    assert (guided_in_force(store, SETTINGS), guided_in_force(bare, SETTINGS)) == (None, None)


def test_removing_guided_themes_brings_back_what_was_there(store: Store, mine: str) -> None:
    before = count_mentions(store)
    import_guided(store, SETTINGS, mine, encoder=TopicEncoder())
    summary = remove_guided(store, SETTINGS, ["g-price"])
    assert (summary.codebook_version, summary.n_guided, summary.lineage) == (3, 1, {"continued": 5, "retired": 1})
    assert "g-price" not in count_mentions(store)
    assert tree(store)["t-staff"] == ("g-people", "discovered", False)
    summary = remove_guided(store, SETTINGS)
    assert (summary.n_guided, summary.lineage) == (0, {"continued": 4, "retired": 1})
    assert tree(store) == {
        name: (parent, "discovered", False)
        for name, parent in (("t-delivery", None), ("t-tech", None), ("t-app", "t-tech"), ("t-staff", None))
    }
    # What was put under a guided theme stays at the top: the next discovery places it anew.
    assert count_mentions(store) == {**before, "t-tech": 36}
    assert store.codebook().settings.get("guided") is None
    with pytest.raises(NothingToShow, match=r"no imported themes.*themes import starter"):
        remove_guided(store, SETTINGS)
    with pytest.raises(UsageError, match=r"'t-app' was found, not imported. Hide it instead"):
        remove_guided(store, SETTINGS, ["t-app"])
    with pytest.raises(UsageError, match="'nope' is not there"):
        remove_guided(store, SETTINGS, ["nope"])


def test_an_edit_of_a_removed_theme_is_a_conflict(store: Store, mine: str) -> None:
    import_guided(store, SETTINGS, mine, encoder=TopicEncoder())
    edit_theme(store, SETTINGS, "merge", "t-delivery", {"into": "g-price"}, "ana")
    assert count_mentions(store)["g-price"] == 72
    summary = remove_guided(store, SETTINGS, ["g-price"])
    assert [(conflict.edit_id, conflict.theme_id) for conflict in summary.conflicts] == [(1, "t-delivery")]
    assert count_mentions(store)["t-delivery"] == 36


def test_without_statements_the_error_says_what_to_do(tmp_path: Path, mine: str) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'empty.db'}") as empty:
        with pytest.raises(DiscoveryError, match=r"No feedback is stored yet. Ingest a file"):
            import_guided(empty, SETTINGS, mine, encoder=TopicEncoder())
        with pytest.raises(NothingToShow, match="There is no codebook yet"):
            remove_guided(empty, SETTINGS)
        assert empty.codebook_versions() == []


def test_a_base_of_another_encoder_is_refused(store: Store, mine: str) -> None:
    with pytest.raises(EncoderError, match="run 'discover' again"):
        import_guided(store, SETTINGS, mine, encoder=TopicEncoder(dimensions=32))
    assert facts(store) == [(1, "fit", 1, True)]


@pytest.mark.parametrize(
    ("method", "when"), [("publish_codebook", "before"), ("publish_codebook", "after"), ("write_tags", "after")]
)
def test_an_import_that_was_killed_is_completed_by_the_same_command(
    store: Store, mine: str, tmp_path: Path, method: str, when: str
) -> None:
    seen = snapshot(store)
    killed = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(store.url), mine, method, when], stdout=subprocess.PIPE, text=True
    )
    assert killed.stdout is not None
    killed.stdout.readline()
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert snapshot(store) == seen
    import_guided(store, SETTINGS, mine, encoder=TopicEncoder())
    assert facts(store)[-1] == (2, "import", 2, True)
    assert count_mentions(store)["g-price"] == 36


def test_a_saved_codebook_tags_the_same_elsewhere(store: Store, bare: Store, mine: str, tmp_path: Path) -> None:
    import_guided(store, SETTINGS, mine, encoder=TopicEncoder())
    edit_theme(store, SETTINGS, "rename", "t-delivery", {"label": "Parcels"}, "ana")
    save_codebook(load_codebook(store), tmp_path / "saved")
    summary = load_portable(bare, SETTINGS, tmp_path / "saved", encoder=TopicEncoder())
    assert (summary.codebook_version, summary.n_themes, summary.n_sub_themes) == (1, 4, 2)
    assert (summary.lineage, summary.tagging.n_tagged) == ({"born": 6}, 144)
    there, here = (one.read_frames()["mentions"].sort("statement_id", "theme_id").rows() for one in (store, bare))
    assert here == there
    assert {t.theme_id: t.label for t in bare.codebook().themes}["t-delivery"] == "Parcels"
    again = load_portable(bare, SETTINGS, tmp_path / "saved", encoder=TopicEncoder())
    assert (again.codebook_version, again.changed) == (1, False)


def test_loading_takes_the_place_of_other_themes(store: Store, bare: Store, mine: str, tmp_path: Path) -> None:
    import_guided(bare, SETTINGS, mine, encoder=TopicEncoder())
    save_codebook(load_codebook(bare), tmp_path / "saved")
    edit_theme(store, SETTINGS, "pin", "t-app", {}, "ana")
    summary = load_portable(store, SETTINGS, tmp_path / "saved", encoder=TopicEncoder())
    assert summary.lineage == {"born": 2, "retired": 4}
    assert count_mentions(store) == {"g-people": 36, "g-price": 36}
    assert [(conflict.edit_id, conflict.theme_id) for conflict in summary.conflicts] == [(1, "t-app")]


def test_loading_checks_the_encoder_and_the_folder(store: Store, bare: Store, tmp_path: Path) -> None:
    save_codebook(load_codebook(store), tmp_path / "saved")
    with pytest.raises(EncoderError, match="made with encoder"):
        load_portable(bare, SETTINGS, tmp_path / "saved", encoder=TopicEncoder(dimensions=32))
    with pytest.raises(ReadError, match="is missing"):
        load_portable(bare, SETTINGS, tmp_path / "nowhere", encoder=TopicEncoder())
    assert bare.codebook_versions() == []


def test_a_codebook_loads_before_the_first_answer(store: Store, tmp_path: Path) -> None:
    save_codebook(load_codebook(store), tmp_path / "saved")
    with Store.open(f"sqlite:///{tmp_path / 'empty.db'}") as empty:
        summary = load_portable(empty, SETTINGS, tmp_path / "saved", encoder=TopicEncoder())
        assert (summary.codebook_version, summary.n_themes, summary.tagging.n_tagged) == (1, 2, 0)


def test_the_commands(
    store: Store, mine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("feedback_nlp.encoding.load_encoder", lambda settings: TopicEncoder())

    def run(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["themes", *words, "--db", "sqlite:///x.db"])
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    assert run("import", mine)[:2] == (
        0,
        "Codebook 2: 4 themes, 2 sub-themes, 2 of them guided (2 born, 4 continued).\n"
        "Tagged 144 statements; 100% of all statements have a theme.\n",
    )
    assert run("rename", "t-app", "Application")[0] == 0
    for name in ("out.csv", "out.xlsx", "out.json", "out.qdc"):
        assert run("export", name)[:2] == (0, f"{name}: 6 themes, 0 values of facets.\n")
        read = read_codebook_file(tmp_path / name)
        assert {theme.label("en") for theme in read.themes} == {
            *("Application", "Prices", "People"),
            *("About t-staff", "About t-delivery", "About t-tech"),
        }
    assert run("export", "out.doc")[0] == 2
    assert run("export", "x.db")[0] == 2
    assert json.loads(run("save", "saved", "--json")[1]) == {"folder": "saved", "codebook_version": 2, "n_themes": 6}
    assert run("load", "saved")[1].startswith("Codebook 3: 4 themes, 2 sub-themes, loaded (6 continued).\n")
    assert run("remove")[0] == 2
    assert run("remove", "Prices")[1].startswith("Codebook 4: 3 themes, 2 sub-themes, 1 of them guided (")
    told = run("remove", "--guided", "--set", "guided=starter")[1]
    assert told.endswith(
        "The setting guided is 'starter': the next discovery adds its themes again unless it is empty.\n"
    )
    code, _, err = run("import", "startr")
    assert code == 2
    assert "'starter'" in err
    with pytest.raises(SystemExit) as ended:
        main(["themes", "import", "starter", "--db", "sqlite:///nowhere.db"])
    assert ended.value.code == 1
    assert "There is no database" in capsys.readouterr().err


def test_the_mode_of_an_imported_codebook_says_so(bare: Store, mine: str) -> None:
    import_guided(bare, SETTINGS, mine, encoder=TopicEncoder())
    assert bare.codebook().settings["mode"] == importing.MODE
