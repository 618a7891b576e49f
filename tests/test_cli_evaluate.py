"""`feedback-nlp evaluate` as a person runs it: the report, a sample, coded files, and what is said when it fails."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from feedback_nlp.cli import main
from tests.topic_store import fill, publish

Run = Callable[..., tuple[int, str, str]]
CONFIDENTIAL = "The sample holds what customers wrote. Keep it as safe as the data, and delete it when it is coded.\n"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run a command on a database of made-up answers; return its exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    with fill(tmp_path / "feedback.db") as store:
        publish(store, lambda topic, language: (topic, None))

    def command(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main(["evaluate", *words])
        out, err = capfd.readouterr()
        return int(left.value.code or 0), out, err

    return command


def test_the_report_is_for_people_and_for_machines(run: Run):
    code, out, _ = run("--label", "topic")
    assert code == 0
    assert out.startswith("Codebook 1: fit\n\nCoverage\n")
    assert max(map(len, out.splitlines())) <= 100
    assert "Agreement with topic" in out
    code, out, _ = run("--label", "topic", "--json")
    report = json.loads(out)
    assert (code, report["verdict"], report["reasons"]) == (0, "fit", [])
    figures = {figure["name"]: figure for group in report["groups"].values() for figure in group}
    assert figures["f1_micro_theme"]["value"] == 1
    assert all(figure["how_to_read"] for figure in figures.values())
    assert {table["name"] for table in report["tables"]} == {
        *("coverage_by_language", "agreement_by_language", "f1_by_language", "labels_by_sub_themes"),
        *("sub_themes_against_labels", "themes_against_labels"),
    }
    assert all(table["rows"] and table["how_to_read"] for table in report["tables"])


def test_a_sample_goes_through_a_spreadsheet_and_comes_back(run: Run, tmp_path: Path):
    code, out, err = run("--sample", "s.xlsx", "--size", "40")
    assert (code, err) == (0, CONFIDENTIAL)
    assert out.splitlines()[0] == "Sample: 40 of 144 distinct statements in s.xlsx (en 14, ru 14, it 12)."
    book = openpyxl.load_workbook("s.xlsx")
    sheet = book["sample"]
    column = [cell.value for cell in sheet[1]].index("coder_themes") + 1
    for row in range(2, sheet.max_row + 1):
        sheet.cell(row, column).value = f"About {str(sheet.cell(row, 1).value).split('-')[1]}"
    sheet.cell(2, column).value = "the rude clerk of the counter"
    sheet.cell(3, column).value = None
    book.save("coded.xlsx")
    code, out, err = run("--coded", "coded.xlsx")
    assert code == 0
    assert "Coder 1: 38 statements coded, 1 left empty, 1 rows rejected (reasons in" in out
    assert "  alpha_theme_coder1                    1  1 to 1            (n = 38)" in out
    assert max(map(len, out.splitlines())) <= 100
    rejects = list(csv.DictReader(Path("coded.rejects.csv").read_text("utf-8").splitlines()))
    assert [(row["file"], row["line"]) for row in rejects] == [("coded.xlsx", "2")]
    assert "clerk" not in out + err + Path("coded.rejects.csv").read_text("utf-8")
    assert run("--coded", "coded.xlsx", "--rejects", "bad.csv")[0] == 0
    assert Path("bad.csv").exists()


def test_a_sample_as_csv_has_its_themes_beside_it_and_as_json_its_facts(run: Run):
    code, out, err = run("--sample", "s.csv", "--size", "9", "--json")
    facts = json.loads(out)
    assert (code, err) == (0, CONFIDENTIAL)
    assert (facts["path"], facts["themes_file"], facts["n_statements"], facts["codebook_version"]) == (
        *("s.csv", "s-themes.csv"),
        *(9, 1),
    )
    assert Path("s-themes.csv").exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--label", "topics"], 2, "There is no segment 'topics' in this data. Did you mean 'topic'?"),
        (["--parallel", "topics"], 2, "There is no segment 'topics' in this data."),
        (["--sample", "s.txt"], 2, "A sample is written as .csv or .xlsx; 's.txt' is neither."),
        (["--sample", "no/s.csv"], 2, "The folder no of the sample does not exist."),
        (["--sample", "feedback.db"], 2, "feedback.db is the database: the sample would overwrite it."),
        (["--sample", "there.csv"], 2, "there.csv is there already, and somebody may have coded in it."),
        (["--sample", "s.csv", "--label", "topic"], 2, "--sample only writes a sample."),
        (["--size", "5"], 2, "--size is for --sample."),
        (["--rejects", "r.csv"], 2, "--rejects is for the rows of --coded FILE."),
        (["--coded", "gone.csv"], 1, "gone.csv"),
        (["--coded", "there.csv", "--coded", "./there.csv"], 2, "--coded names the same file twice."),
        (["--coded", "there.csv", "--rejects", "there.csv"], 2, "there.csv is the file that is read"),
        (["--coded", "there.csv"], 2, "there.csv has no column 'statement_id'."),
        (["--second-encoder", "englich"], 1, "There is no encoder 'englich'. Did you mean 'english'?"),
        (["--codebook", "7"], 2, "There is no codebook version 7; the newest is 1."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_errors_say_the_next_step(run: Run, words: list[str], code: int, said: str):
    Path("there.csv").write_text("a,b\n1,2\n", "utf-8")
    left, out, err = run(*words)
    assert (left, out) == (code, "")
    assert said in err
    assert "fault of the program" not in err
