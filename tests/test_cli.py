"""The command line: what it prints where, its exit codes, and errors that tell the next step and quote nobody."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import polars as pl
import pytest

from feedback_nlp import __version__
from feedback_nlp.cli import cli
from tests.command import Answer, run_command, settle_in
from tests.made_up import TOPICS, rows, write_csv, write_plugin

ROOT = Path(__file__).resolve().parents[1]
SECRET = "Zanzibarquux"  # stands in every text that must not be quoted
DB = "sqlite:///feedback.db"


class Shell:
    """Runs commands in this process, in a folder of their own and with the tests' encoder as a plug-in."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capture = capture

    def __call__(self, *words: str) -> Answer:
        return run_command(self._capture, *words)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    folder = tmp_path / "here"
    settle_in(monkeypatch, folder, plugin=tmp_path / "plugin")
    return Shell(folder, capsys)


@pytest.fixture
def mined(shell: Shell) -> Shell:
    """A folder with a database in which 120 answers are mined."""
    write_csv(Path("answers.csv"), rows(120))
    assert shell("run", "answers.csv").code == 0
    return shell


def leaves(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from leaves(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = dict(leaves(cli))
THEME_COMMANDS = (
    *("list", "show", "rename", "define", "hide", "unhide", "merge", "split", "move", "pin", "unpin", "example"),
    *("create", "assign", "unassign", "undo", "statements", "review", "compare", "import", "export", "save", "load"),
    *("remove", "history", "conflicts", "candidates"),
)


# -- help


def test_the_commands_are_these():
    assert [" ".join(words) for words in COMMANDS] == [
        *("run", "ingest", "facts", "discover", "tag", "report"),
        *(f"themes {name}" for name in THEME_COMMANDS),
        *(f"sentiment {name}" for name in ("summary", "list", "urgent", "churn", "disagreements", "explain", "tune")),
        *("drivers", "priorities", "segments", "trends", "emerging"),
        *(f"actions {name}" for name in ("add", "edit", "list", "effect")),
        "callbacks",
        *("export", "evaluate", "redact", "erase", "original", "app", "settings", "doctor", "prepare"),
    ]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_and_option_has_help(words: tuple[str, ...], shell: Shell):
    answer = shell(*words, "--help")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith(f"Usage: feedback-nlp {' '.join(words)} ")
    assert COMMANDS[words].help
    options = [option for option in COMMANDS[words].params if isinstance(option, click.Option)]
    assert [option.name for option in options if not option.help] == []


def test_version_and_help_without_a_command(shell: Shell):
    assert shell("--version") == (0, f"feedback-nlp, version {__version__}\n", "")
    assert shell("-h").out.startswith("Usage: feedback-nlp [OPTIONS] COMMAND")
    nothing = shell()
    assert (nothing.code, nothing.out) == (2, "")
    assert nothing.err.startswith("Usage: feedback-nlp [OPTIONS] COMMAND")


# -- the way of a file


def test_run_says_what_it_did_and_what_to_do_next(shell: Shell):
    write_csv(Path("answers.csv"), rows(120))
    answer = shell("run", "answers.csv", "--report", "out.html")
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert lines[0] == "answers.csv: 120 rows read; feedback added 120, updated 0, unchanged 0."
    assert lines[1] == "120 answered, 120 said something."
    assert lines[2].startswith("Languages: ")
    assert lines[3].endswith(" answers in the database repeat another one, word for word or nearly so.")
    assert lines[4].startswith(f"Codebook 1: {len(TOPICS)} themes, 0 sub-themes from ")
    told = [line.split(" ")[0] for line in lines[5:]]
    assert "Note: Small corpus (" in answer.out
    assert "Tagged" in told
    assert lines[-2].startswith("Report: out.html (")
    assert lines[-1:] == ["Next: open the report in a browser, or run: feedback-nlp app"]
    assert answer.err.startswith("Reading answers.csv ...\n")
    assert "  Text: 'comment', by its name.\n" in answer.err
    report = Path("out.html").read_text(encoding="utf-8")
    assert report.startswith("<!doctype html>")
    again = shell("run", "answers.csv").out.splitlines()
    assert again[0] == "answers.csv: 120 rows read; feedback added 0, updated 0, unchanged 120."
    assert again[4] == f"Codebook 1 stands ({len(TOPICS)} themes, 0 sub-themes): nothing new to learn from."
    assert sorted(p.name for p in Path().iterdir()) == [
        *("answers.csv", "feedback-report.html", "feedback.db", "out.html")
    ]


def test_step_by_step_is_the_same_as_run(mined: Shell):
    steps = [
        mined("ingest", "answers.csv", "--db", "sqlite:///steps.db"),
        mined("discover", "--db", "sqlite:///steps.db"),
        mined("tag", "--db", "sqlite:///steps.db"),
    ]
    assert [step.code for step in steps] == [0, 0, 0]
    assert steps[0].out.endswith(
        "Next: feedback-nlp discover --db sqlite:///steps.db (new themes) or tag (the themes you have).\n"
    )
    assert steps[1].out.endswith("Next: feedback-nlp tag --db sqlite:///steps.db\n")
    one, other = (mined("themes", "list", "--json", "--db", db).json for db in (DB, "sqlite:///steps.db"))
    assert one == other
    assert len(one) == len(TOPICS)


def test_a_nightly_batch_is_ingested_and_tagged(mined: Shell):
    write_csv(Path("tonight.csv"), rows(20, seed=9))
    assert mined("ingest", "tonight.csv", "--json").json["n_added"] == 20
    tagged = mined("tag", "--json").json
    assert (tagged["codebook_version"], tagged["n_tagged"]) == (
        1,
        20 + sum("." in r["comment"][:-1] for r in rows(20, 9)),
    )
    assert mined("tag", "--json").json["n_tagged"] == 0


def test_flags_say_which_column_is_what(shell: Shell):
    made = [
        {"no": str(i), "who": f"P{i}", "when": f"0{i % 9 + 1}/05/2026", "ease": str(i % 7 + 1), "team": "AB"[i % 2]}
        | {"good": f"The staff on day {i} were kind", "bad": f"The app on day {i} was slow"}
        for i in range(40)
    ]
    write_csv(Path("odd.csv"), made)
    answer = shell(
        *("ingest", "odd.csv", "--json", "--text", "good", "--text", "bad", "--id", "no", "--customer", "who"),
        *("--date", "when:dmy", "--score", "ces=ease:1-7:lower", "--segment", "team", "--source", "ticket"),
    )
    assert answer.code == 0
    assert (answer.json["n_read"], answer.json["n_added"]) == (40, 80)
    assert shell("export", "feedback", "f.parquet").code == 0
    frame = pl.read_parquet("f.parquet")
    assert set(frame["source"]) == {"ticket"}
    assert set(frame["question"]) == {"good", "bad"}
    assert set(frame["team"]) == {"A", "B"}
    assert set(frame["external_id"]) == {row["no"] for row in made}
    assert frame["created_at"].dt.month().unique().to_list() == [5]
    assert frame["ces"].min() == 1


# -- JSON


def test_json_is_all_of_stdout(mined: Shell):
    theme = mined("themes", "list", "--json").json[0]["theme_id"]
    commands = {
        ("run", "answers.csv"): {"ingest", "discovery", "tagging", "seconds", "report", "db"},
        ("discover",): {
            *("codebook_version", "changed", "n_statements", "n_themes", "n_sub_themes", "n_candidate_themes"),
            *("n_emerging", "lineage", "mode", "notes", "candidates", "conflicts"),
        },
        ("tag",): {"codebook_version", "n_tagged", "n_themed", "coverage", "n_review"},
        ("report", "r.html"): {"report", "themes", "weighted", "effective_n"},
        ("themes", "show", theme): {"theme", "parts", "figures", "quotes", "lineage", "edits", "conflicts"},
        ("themes", "rename", theme, "Other words"): {
            *("edit_id", "theme_id", "kind", "label", "author", "created_at", "codebook_version", "n_retagged"),
            *("conflicts", "undo"),
        },
        ("themes", "undo", "1"): {
            *("undone", "undone_by", "undone_at", "codebook_version", "n_retagged", "conflicts"),
        },
        ("themes", "history"): {"codebooks", "edits"},
        ("export", "themes", "t.csv"): {"kind", "path", "n_rows", "n_columns", "columns", "notes"},
    }
    for words, keys in commands.items():
        answer = mined(*words, "--json")
        assert (words, answer.code) == (words, 0)
        assert (words, set(answer.json)) == (words, keys)
    assert isinstance(mined("evaluate", "--json").json, dict)
    assert [row["name"] for row in mined("settings", "--json").json][:2] == ["db", "encoder"]


def test_an_error_is_json_too_with_its_exit_code(shell: Shell):
    answer = shell("run", "nothing.csv", "--json")
    assert answer.code == 1
    assert answer.json == {
        "error": {"kind": "ReadError", "message": answer.err.splitlines()[-1].removeprefix("Error: "), "exit_code": 1}
    }
    assert shell("report", "--json", "--sinse", "2026").json["error"]["exit_code"] == 2


# -- themes, reports, exports


def test_themes_are_renamed_hidden_and_that_is_undone(mined: Shell):
    listed = mined("themes", "list", "--json").json
    theme, label = listed[0]["theme_id"], listed[0]["label"]
    renamed = mined("themes", "rename", theme, "Parcels", "--set", "author=Ana")
    assert renamed.out.startswith(f"Edit 1: rename {theme} to 'Parcels' by Ana, 2")
    assert renamed.out.endswith(" UTC. Undo it with: feedback-nlp themes undo 1\n")
    assert mined("themes", "show", theme).out.startswith(f"Parcels  ({theme}, level 1")
    assert mined("themes", "define", theme, "What the courier does").code == 0
    assert mined("themes", "hide", theme).code == 0
    assert theme not in [row["theme_id"] for row in mined("themes", "list", "--json").json]
    hidden = mined("themes", "list").out.splitlines()
    assert len(hidden) == 1 + len(TOPICS) - 1 + 2
    assert hidden[-1] == f"Hidden: {theme}. Show one again with: feedback-nlp themes unhide THEME_ID"
    assert mined("themes", "unhide", theme).code == 0
    assert "Parcels" in mined("themes", "list").out
    assert mined("themes", "undo", "1").out == "Edit 1 is undone.\n"
    assert mined("themes", "list", "--json").json[0]["label"] == label
    history = mined("themes", "history").out.splitlines()
    assert history[0].startswith(f"codebook 1: {len(TOPICS)} themes, ")
    assert history[1].startswith(f"edit 1: rename {theme} to 'Parcels' by Ana, 2")
    assert history[1].endswith(")")
    assert "UTC (undone by " in history[1]


def test_a_report_on_a_view(mined: Shell):
    assert (
        mined("report", "basic.html", "--where", "plan=Basic", "--since", "2026-02-01", "--title", "Basic only").code
        == 0
    )
    html = Path("basic.html").read_text(encoding="utf-8")
    assert "<title>Basic only" in html
    assert "<bdi>Plan: Basic</bdi><bdi>From 1 Feb 2026</bdi>" in html


@pytest.mark.parametrize("kind", ["statements", "feedback", "themes", "mentions"])
def test_exports_of_every_kind(mined: Shell, kind: str):
    count = {}
    for suffix in ("parquet", "csv", "json", "jsonl", "xlsx"):
        answer = mined("export", kind, f"{kind}.{suffix}", "--json")
        assert answer.code == 0
        count[suffix] = answer.json["n_rows"]
    table = pl.read_parquet(f"{kind}.parquet")
    assert set(count.values()) == {table.height}
    assert table.height >= len(TOPICS)
    assert set(table["codebook_version"]) == {1}
    lines = Path(f"{kind}.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(json.loads(Path(f"{kind}.json").read_text(encoding="utf-8"))) == table.height
    header = pl.read_csv(f"{kind}.csv", infer_schema=False)
    assert header.columns == table.columns
    key = {"statements": "statement_id", "feedback": "feedback_id", "themes": "theme_id", "mentions": "statement_id"}[
        kind
    ]
    assert header[key].to_list() == table[key].to_list()


# -- what goes wrong


def bad_files(folder: Path) -> None:
    said = [{"rating": str(i % 5 + 1), "comment": f"{SECRET} number {i} was fine with us"} for i in range(50)]
    write_csv(folder / "stars.csv", said)
    write_csv(folder / "numbers.csv", [{"x": str(i), "y": str(i * 2)} for i in range(50)])
    (folder / "empty.csv").write_bytes(b"")
    (folder / "binary.csv").write_bytes(bytes(range(256)) * 20 + SECRET.encode())
    (folder / "broken.xlsx").write_bytes(b"PK " + SECRET.encode())
    (folder / "broken.parquet").write_bytes(b"PAR1" + SECRET.encode())
    (folder / "broken.jsonl").write_text(f'{{"comment": {SECRET}\n', encoding="utf-8")
    (folder / "some.pdf").write_bytes(b"%PDF " + SECRET.encode())
    (folder / "folder.csv").mkdir()
    (folder / "taken").write_text(SECRET, encoding="utf-8")
    write_csv(folder / "few.csv", [{"comment": f"{SECRET} {i} was quite all right"} for i in range(6)])


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["rnu", "x.csv"], 2, "There is no command 'rnu'. Did you mean 'run'?"),
        (["run"], 2, "Missing argument 'FILE'."),
        (["run", "stars.cvs"], 1, "stars.cvs does not exist. Did you mean 'stars.csv'?"),
        (["run", "folder.csv"], 1, "folder.csv is a folder."),
        (["run", "empty.csv"], 1, "empty.csv is empty."),
        (["run", "binary.csv"], None, ""),
        (["run", "broken.xlsx"], 1, "broken.xlsx cannot be read as a workbook"),
        (["run", "broken.parquet"], 1, "broken.parquet cannot be read as Parquet"),
        (["run", "broken.jsonl"], 1, "none of its lines is a JSON object"),
        (["run", "some.pdf"], 1, "the suffix .pdf is not read."),
        (["run", "numbers.csv"], 2, "Tell which one it is with --text COLUMN. Columns: x, y."),
        (["run", "few.csv", "--text", "comment"], 1, "themes need at least 20"),
        (["run", "stars.csv", "--text", "coment"], 2, "there is no such column. Did you mean 'comment'?"),
        (["run", "stars.csv", "--score", "nps=rating"], 2, "has no NPS. Scores are never converted between scales."),
        (["run", "stars.csv", "--score", "nps"], 2, "it is NAME=COLUMN[:MIN-MAX][:higher|lower]"),
        (
            ["run", "stars.csv", "--set", "encoder=multilingul"],
            1,
            "no encoder 'multilingul'. Did you mean 'multilingual'?",
        ),
        (["run", "stars.csv", "--set", "max_themes=0"], 2, "max_themes is a whole number from 2 to 200."),
        (["run", "stars.csv", "--set", "max_theme=3"], 2, "Did you mean 'max_themes'?"),
        (["run", "stars.csv", "--set", "seed"], 2, "write it as NAME=VALUE"),
        (["run", "stars.csv", "--db", "feedback.db"], 2, "Did you mean 'sqlite:///feedback.db'?"),
        (["run", "stars.csv", "--db", "mysql://a/b"], 2, "there is no store for 'mysql'."),
        (["run", "stars.csv", "--db", "sqlite:///no/such.db"], 1, "There is no folder 'no' for the database"),
        (["run", "stars.csv", "--db", "sqlite:///taken"], 1, "taken"),
        (["run", "stars.csv", "--report", "no/such.html"], 2, "The folder no of the report does not exist."),
        (["run", "stars.csv", "--rejects", "no/such.csv"], 2, "The folder no of the rejects does not exist."),
        (["run", "stars.csv", "--report", "stars.csv"], 2, "stars.csv is the file that is read: the report would"),
        (["run", "stars.csv", "--rejects", "./stars.csv"], 2, "the rejects would overwrite it. Give the rejects"),
        (["run", "stars.csv", "--report", "feedback.db"], 2, "feedback.db is the database: the report would"),
        (["run", "stars.csv", "--report", "x" * 300 + ".html"], 2, "(File name too long). Choose another place."),
        (["run", "stars.csv", "--db", "sqlite:///" + "x" * 300], 1, "(File name too long). Name another file."),
        (["run", "stars.csv", "--delimiter", "xx"], 2, "is not one character"),
        (["run", "stars.csv", "--encoding", "klingon"], 2, "is not a text encoding"),
        (["discover"], 1, "There is no database feedback.db yet. Start with: feedback-nlp run FILE"),
        (["tag"], 1, "There is no database feedback.db yet."),
        (["report"], 1, "There is no database feedback.db yet."),
        (["themes", "list"], 1, "There is no database feedback.db yet."),
        (["export", "feedback", "f.csv"], 1, "There is no database feedback.db yet."),
        (["evaluate"], 1, "There is no database feedback.db yet."),
        (["export", "feedbak", "f.csv"], 2, "'feedbak' is not one of 'statements', 'feedback'"),
        (["app", "--port", "0"], 2, "--port"),
        (["settings", "--set", "sede=1"], 2, "Did you mean 'seed'?"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_errors_say_the_next_step_and_quote_nobody(shell: Shell, words: list[str], code: int | None, said: str):
    bad_files(shell.folder)
    answer = shell(*words)
    assert answer.code == code if code is not None else answer.code in (1, 2)
    last = answer.err.strip().splitlines()[-1]
    assert last.startswith("Error: ")
    assert said in last
    assert "fault of the program" not in last
    assert SECRET not in answer.out + answer.err
    assert answer.out == ""


def test_a_run_with_too_little_text_says_what_it_stored(shell: Shell):
    bad_files(shell.folder)
    answer = shell("run", "few.csv", "--text", "comment")
    assert answer.err.splitlines()[-4:-1] == [
        "few.csv: 6 rows read; feedback added 6, updated 0, unchanged 0.",
        "6 answered, 6 said something.",
        "Languages: en 6. New statements: 6.",
    ]


def test_a_run_over_non_answers_says_why_there_are_no_themes(shell: Shell):
    write_csv(Path("none.csv"), [{"comment": f"{i}"} for i in range(30)])
    answer = shell("run", "none.csv", "--text", "comment")
    assert answer.code == 1
    assert "the 30 feedback hold non-answers, numbers or emoji." in answer.err


def test_the_list_of_rejects_fits_the_longest_file_name(shell: Shell):
    name = "я" * 125 + ".csv"
    write_csv(Path(name), rows(60))
    with Path(name).open("a", encoding="utf-8") as handle:
        handle.write("too,few\n")
    assert shell("run", name).code == 0
    assert Path("я" * 100 + ".rejects.csv").is_file()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["report", "r.html", "--since", "soon"], 2, "since = 'soon' is not a date. Write it as YYYY-MM-DD."),
        (["report", "r.html", "--where", "plan"], 2, "write it as SEGMENT=VALUE"),
        (["report", "r.html", "--facet", "app"], 2, "--facet 'app': write it as FACET=VALUE"),
        (["report", "r.html", "--facet", "touchpoint=app"], 2, "No statement has a facet 'touchpoint'."),
        (["report", "r.html", "--where", "plna=Basic"], 2, "no segment 'plna' in this data. Did you mean 'plan'?"),
        (["report", "r.html", "--where", "plan=Gold"], 1, "The view holds no feedback."),
        (["report", "r.html", "--outcome", "npz"], 2, "There is no score 'npz'. Did you mean 'nps'?"),
        (["report", "no/r.html"], 2, "The folder no of the report does not exist."),
        (["themes", "show", "t_none"], 2, "There is no theme 't_none'."),
        (["themes", "rename", "t_none", "x"], 2, "There is no theme 't_none'"),
        (["themes", "rename", "t_none", " "], 2, "The label is empty."),
        (["themes", "undo", "99"], 2, "There is no edit 99"),
        (["tag", "--codebook", "99"], 2, "There is no codebook version 99; the newest is 1."),
        (["tag", "--set", "encoder=english"], 1, "Vectors of two encoders cannot be compared"),
        (["export", "feedback", "f.pdf"], 2, "'.pdf', which is no export format."),
        (["export", "feedback", "no/f.csv"], 2, "There is no folder 'no'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_errors_with_a_database(mined: Shell, words: list[str], code: int, said: str):
    answer = mined(*words)
    assert (answer.code, answer.out) == (code, "")
    assert said in answer.err.strip().splitlines()[-1]


def test_a_report_that_cannot_be_written_is_said_before_the_work(shell: Shell):
    write_csv(Path("answers.csv"), rows(40))
    assert shell("run", "answers.csv", "--report", "no/r.html").code == 2
    assert not Path("feedback.db").exists()


def test_an_unforeseen_error_does_not_quote(shell: Shell, monkeypatch: pytest.MonkeyPatch):
    write_csv(Path("answers.csv"), rows(40))

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(f"could not handle {SECRET}")

    monkeypatch.setattr("feedback_nlp.pipeline.run_pipeline", fail)
    answer = shell("run", "answers.csv")
    assert answer.code == 1
    assert answer.err.splitlines()[-1].startswith("Error: RuntimeError at process.py:")
    assert SECRET not in answer.err + answer.out
    monkeypatch.setenv("FEEDBACK_DEBUG", "1")
    assert SECRET in shell("run", "answers.csv").err


def test_a_password_is_never_shown(shell: Shell):
    url = "postgresql://me:hunter2@localhost:1/x"
    for words in (("settings", "--db", url), ("settings", "--json", "--db", url), ("discover", "--db", url)):
        answer = shell(*words)
        assert "hunter2" not in answer.out + answer.err
        assert "***" in answer.out + answer.err


# -- the machine


def test_settings_tell_where_each_value_comes_from(shell: Shell):
    Path("feedback.toml").write_text("low_base = 50\n", encoding="utf-8")
    listed = {row["name"]: (row["value"], row["source"]) for row in shell("settings", "--json", "--set", "seed=3").json}
    assert listed["low_base"] == (50, "feedback.toml")
    assert listed["encoder"] == ("topic-encoder", "FEEDBACK_ENCODER")
    assert listed["seed"] == (3, "flag")
    assert listed["device"] == ("auto", "default")


def test_doctor_is_well_here_and_says_what_is_not(mined: Shell):
    answer = mined("doctor", "--json")
    assert answer.code == 0
    checks = {check["check"]: check for check in answer.json}
    assert all(check["ok"] for check in checks.values())
    assert checks["encoder topic-encoder"]["detail"] == "topic-encoder, 64 dimensions"
    assert checks["text"]["detail"].endswith("a test text lost PERSON, PHONE")
    assert checks["database"]["detail"].startswith("120 feedback, ")
    Path("junk.db").write_bytes(b"this is no database, it is junk " * 200)
    ill = mined("doctor", "--db", "sqlite:///junk.db", "--set", "splitter=no-such")
    assert ill.code == 1
    assert [line.split()[1] for line in ill.out.splitlines() if line.startswith("BAD")] == ["text", "database"]


def test_prepare_prepares_the_named_encoder(shell: Shell):
    answer = shell("prepare", "--json")
    assert answer.code == 0
    assert answer.json[0] == "encoder topic-encoder: loaded, 64 dimensions"
    assert answer.json[1].startswith("Clusterer compiled in ")


def test_the_app_gets_the_settings_and_its_own_looks(shell: Shell, monkeypatch: pytest.MonkeyPatch):
    called: dict[str, Any] = {}

    def call(command: list[str], env: dict[str, str]) -> int:
        called.update(command=command, env=env)
        return 0

    monkeypatch.setattr("subprocess.call", call)
    assert shell("app", "--db", "sqlite:///x.db", "--port", "9000", "--set", "low_base=7").code == 0
    command = called["command"]
    assert command[:4] == [sys.executable, "-m", "streamlit", "run"]
    assert Path(command[4]).name == "app.py"
    assert Path(command[4]).is_file()
    assert {"--server.port=9000", "--server.address=localhost", "--browser.gatherUsageStats=false"} <= set(command)
    assert (called["env"]["FEEDBACK_DB"], called["env"]["FEEDBACK_LOW_BASE"]) == ("sqlite:///x.db", "7")


def test_as_a_program_of_its_own(tmp_path: Path):
    env = {name: value for name, value in os.environ.items() if not name.startswith("FEEDBACK_")}
    env |= {"PYTHONPATH": os.pathsep.join([str(ROOT), str(write_plugin(tmp_path / "plugin"))])}
    env |= {"FEEDBACK_ENCODER": "topic-encoder", "FEEDBACK_SENTIMENT": "off"}
    write_csv(tmp_path / "answers.csv", rows(60))

    def command(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "feedback_nlp", *words], cwd=tmp_path, env=env, capture_output=True, text=True
        )

    done = command("run", "answers.csv", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["ingest"]["n_added"] == 60
    assert done.stderr.startswith("Reading answers.csv ...\n")
    assert "Warning" not in done.stderr
    assert (
        command("discover", "--db", "nonsense").returncode,
        command("tag", "--db", "sqlite:///no.db").returncode,
    ) == (2, 1)
