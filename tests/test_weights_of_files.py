"""Survey weights from a column of a file to what people see: mapping, bad cells, storage, commands, report, app."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from feedback_nlp.analysis.weighting import effective_n
from feedback_nlp.errors import MappingError
from feedback_nlp.language.reading.columns import ColumnFlags, ColumnMapping, map_columns
from feedback_nlp.language.reading.files import read_file
from feedback_nlp.language.reading.rejects import Reject
from feedback_nlp.language.reading.rows import RawFeedback, iter_rows
from feedback_nlp.language.reading.tables import Table
from feedback_nlp.language.reading.weights import parse_weight
from feedback_nlp.store import Store
from feedback_nlp.store.migrations import MIGRATIONS
from tests.app_data import fill_store
from tests.app_driver import Open, frames_of, open_app, sentence, trouble
from tests.command import Answer, run_command, settle_in
from tests.made_up import rows, write_csv
from tests.store_rows import feedback, ingest

__all__ = ["open_app"]

Shell = Callable[..., Answer]
URL = "sqlite:///feedback.db"


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Run a command in an empty folder, with the tests' encoder."""
    settle_in(monkeypatch, tmp_path, plugin=tmp_path / "plugin")
    return partial(run_command, capsys)


def table_of(folder: Path, content: str) -> Table:
    path = folder / "survey.csv"
    path.write_text(content, encoding="utf-8")
    return read_file(path)


def mapped(folder: Path, content: str, **flags: str) -> ColumnMapping:
    return map_columns(table_of(folder, content), ColumnFlags(text=("comment",), **flags))


@pytest.mark.parametrize(
    ("cell", "weight"),
    [
        *(("1", 1.0), ("0.25", 0.25), (" 2,5 ", 2.5), (".5", 0.5), ("+3", 3.0), ("8e-1", 0.8), ("1e3", 1000.0)),
        *(("0", None), ("0.0", None), ("-1", None), ("", None), ("n/a", None), ("heavy", None), ("1/2", None)),
        *(("nan", None), ("inf", None), ("1e999", None), ("1 000", None), ("1,234.5", None), ("٣", 3.0)),
    ],
)
def test_a_weight_is_a_finite_number_above_0(cell: str, weight: float | None) -> None:
    assert parse_weight(cell) == weight


FILE = "id,comment,Weight (2024),nps\n" + "".join(
    f"{i},The queue was long {i}.,{1 + i % 3},{i % 11}\n" for i in range(40)
)


def test_a_column_is_a_weight_only_when_told(tmp_path: Path) -> None:
    assert mapped(tmp_path, FILE).weight is None
    assert mapped(tmp_path, FILE, weight="none").weight is None
    told = mapped(tmp_path, FILE, weight="weight_2024")
    assert told.weight == "Weight (2024)"
    assert "Weight: 'Weight (2024)', as told; 1 to 3." in told.explanation
    assert "Weight (2024)" not in told.segments


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"weight": "Weight 2024)x"}, r"--weight 'Weight 2024\)x': there is no such column. Did you mean"),
        ({"weight": "comment"}, "Column 'comment' is told as --text and --weight; a column has one role"),
        ({"weight": "id", "id": "id"}, "Column 'id' is told as --id and --weight"),
    ],
)
def test_a_weight_that_cannot_be_is_refused(tmp_path: Path, flags: dict[str, str], said: str) -> None:
    with pytest.raises(MappingError, match=said):
        mapped(tmp_path, FILE, **flags)


def test_a_column_of_words_is_no_weight(tmp_path: Path) -> None:
    content = "id,comment,size\n" + "".join(f"{i},Long wait {i}.,{'large' if i % 3 else 2}\n" for i in range(30))
    with pytest.raises(MappingError, match="--weight 'size': 33% of its values are numbers above 0"):
        mapped(tmp_path, content, weight="size")


def test_a_bad_weight_costs_only_itself(tmp_path: Path) -> None:
    cells = ["2.5", "0", "-2", "heavy", "", "3", "1"]
    content = "id,comment,w\n" + "".join(f"{i},The queue was long {i}.,{cell}\n" for i, cell in enumerate(cells))
    table = table_of(tmp_path, content)
    found = list(iter_rows(table, map_columns(table, ColumnFlags(text=("comment",), id="id", weight="w"))))
    assert [item.weight for item in found if isinstance(item, RawFeedback)] == [2.5, 1, 1, 1, 1, 3, 1]
    assert [item for item in found if isinstance(item, Reject)] == [
        Reject(3, "weight: '0' is not a number above 0; the row counts with weight 1", "weight"),
        Reject(4, "weight: '-2' is not a number above 0; the row counts with weight 1", "weight"),
        Reject(5, "weight: the value is not a number above 0; the row counts with weight 1", "weight"),
        Reject(6, "weight: there is none; the row counts with weight 1", "weight"),
    ]


def test_a_conversation_has_the_weight_that_its_customer_s_turns_say(tmp_path: Path) -> None:
    content = (
        "ticket_id,author_type,body,w\n7,customer,My parcel is late.,2\n7,agent,Let me look.,9\n7,customer,Thanks.,2\n"
        "8,customer,The app crashes.,0.5\n"
    )
    table = table_of(tmp_path, content)
    found = list(iter_rows(table, map_columns(table, ColumnFlags(id="ticket_id", speaker="author_type", weight="w"))))
    assert [(item.external_id, item.weight) for item in found if isinstance(item, RawFeedback)] == [
        ("7", 2),
        ("8", 0.5),
    ]


def test_an_older_database_gets_weights_of_1(store_url: str) -> None:
    with Store.open(store_url) as store:
        ingest(store, feedback("f1"), feedback("f2"))
        with store._write() as connection:
            connection.exec_driver_sql("ALTER TABLE feedback DROP COLUMN weight")
            assert (MIGRATIONS[5].number, MIGRATIONS[5].name) == (6, "survey weights")
            MIGRATIONS[5].apply(connection)
            columns = {column["name"]: column["nullable"] for column in sa.inspect(connection).get_columns("feedback")}
    assert columns["weight"] is False
    with Store.open(store_url) as store:
        ingest(store, feedback("f3", weight=0.125))
        assert store.read_frames()["feedback"]["weight"].to_list() == [1.0, 1.0, 0.125]


def stored() -> pl.DataFrame:
    with Store.open(URL) as store:
        return store.read_frames()["feedback"].sort("external_id").select("external_id", "feedback_id", "weight")


def test_a_survey_weighted_anew_keeps_its_ids(shell: Shell) -> None:
    made = [row | {"w": f"{1 + i % 4}"} for i, row in enumerate(rows(24))]
    write_csv(Path("survey.csv"), made)
    columns = ("--id", "response_id", "--score", "nps=nps")
    first = shell("ingest", "survey.csv", *columns, "--weight", "w", "--json")
    assert "Weight: 'w', as told; 1 to 4." in first.json["explanation"]
    before = stored()
    assert before["weight"].to_list() == [1.0 + i % 4 for i in range(24)]
    again = shell("ingest", "survey.csv", *columns, "--weight", "w", "--json").json
    assert (again["n_added"], again["n_updated"], again["n_unchanged"]) == (0, 0, 24)
    made[5]["w"], made[6]["w"], made[7]["w"], made[8]["w"] = "0", "-1", "", "much"
    write_csv(Path("survey.csv"), made)
    changed = shell("ingest", "survey.csv", *columns, "--weight", "w", "--rejects", "bad.csv")
    assert "0 rows could not be read and 4 went in without a score, date or weight: bad.csv" in changed.out
    assert pl.read_csv("bad.csv").select("kind", "line").rows() == [("weight", line) for line in (7, 8, 9, 10)]
    assert stored()["weight"].to_list()[4:10] == [1.0, 1.0, 1.0, 1.0, 1.0, 2.0]
    shell("ingest", "survey.csv", *columns)
    assert stored()["weight"].to_list() == [1.0] * 24
    assert stored()["feedback_id"].to_list() == before["feedback_id"].to_list()
    write_csv(Path("nameless.csv"), [{k: v for k, v in row.items() if not k.endswith("_id")} for row in made])
    shell("ingest", "nameless.csv", "--segment", "plan", "--weight", "w")
    shell("ingest", "nameless.csv", "--segment", "plan")
    assert stored().height == 48  # rows without an id are the same rows, too


def test_commands_and_report_say_that_figures_are_weighted(shell: Shell) -> None:
    made = [row | {"w": f"{0.5 + i % 3}"} for i, row in enumerate(rows(150))]
    write_csv(Path("survey.csv"), made)
    assert shell("run", "survey.csv", "--weight", "w", "--report", "run.html").code == 0
    n = effective_n([0.5 + i % 3 for i in range(150)])
    line = f"weighted; effective n = {n:.0f}"
    weights = [0.5 + i % 3 for i in range(150)]
    value = sum(w if row["nps"] == "9" else -w for w, row in zip(weights, made, strict=True)) * 100 / sum(weights)
    for words in (("drivers",), ("priorities",), ("segments", "--by", "plan"), ("trends",), ("themes", "list")):
        assert line in shell(*words).out
        if words[0] != "themes":
            found = shell(*words, "--json").json
            assert (found["weighted"], found["effective_n"]) == (True, pytest.approx(n))
    assert shell("drivers", "--json").json["score"] == pytest.approx(value, abs=1e-9)
    written = shell("report", "report.html", "--json").json
    assert (written["weighted"], written["effective_n"]) == (True, pytest.approx(n))
    assert line in Path("report.html").read_text(encoding="utf-8")
    assert shell("export", "feedback", "feedback.parquet").code == 0
    exported = pl.read_parquet("feedback.parquet")
    assert exported.columns[-1] == "weight"
    assert sorted(exported["weight"]) == sorted(weights)


def test_nothing_is_called_weighted_without_weights(shell: Shell) -> None:
    fill_store(Path("feedback.db"), 300, hostile=False)
    assert "weighted" not in shell("segments", "--by", "plan").out
    found = shell("segments", "--by", "plan", "--json").json
    assert (found["weighted"], found["effective_n"]) == (False, float(sum(row["n"] or 0 for row in found["scores"])))
    shell("report", "report.html")
    assert "effective n" not in Path("report.html").read_text(encoding="utf-8")


def test_the_app_says_it_and_asks_for_the_column(
    open_app: Open, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    app = open_app(url, "add")
    content = write_csv(tmp_path / "survey.csv", [row | {"w": f"{1 + i % 2}"} for i, row in enumerate(rows(150))])
    app.file_uploader[0].set_value(("survey.csv", content.read_bytes(), "text/csv")).run()
    box = next(box for box in app.selectbox if box.label == "Weight")
    assert box.value == "(none)"
    segments = next(box for box in app.multiselect if box.label == "Segments")
    segments.set_value([name for name in segments.value if name != "w"])
    box.select("w").run()
    next(button for button in app.button if button.label == "Read and find themes").click().run(timeout=120)
    assert trouble(app) == []
    weights = frames_of(url).feedback["weight"]
    assert sorted(weights) == [1.0] * 75 + [2.0] * 75
    assert f"weighted; effective n\u00a0=\u00a0{effective_n(weights):.0f}" in sentence(app)


def test_the_app_is_silent_about_weights_where_there_are_none(open_app: Open, tmp_path: Path) -> None:
    assert "weighted" not in sentence(open_app(fill_store(tmp_path / "feedback.db", 120)))
