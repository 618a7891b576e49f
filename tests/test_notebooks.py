"""The notebooks run from the first cell to the last, and are kept without outputs."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from tests.app_data import fill_store

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.ipynb"))


def code_cells(notebook: Path) -> list[dict[str, Any]]:
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def run(cells: list[dict[str, Any]]) -> tuple[dict[str, Any], list[Any]]:
    """Run the cells in one namespace, and return it with the value that a notebook would show under each cell."""
    names: dict[str, Any] = {}
    shown = []
    for cell in cells:
        tree = ast.parse("".join(cell["source"]))
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "cell", "exec"), names)
        if isinstance(last, ast.Expr):
            shown.append(eval(compile(ast.Expression(last.value), "cell", "eval"), names))
    return names, shown


def test_there_is_a_notebook_and_none_holds_outputs() -> None:
    assert [notebook.name for notebook in NOTEBOOKS] == ["explore_themes.ipynb"]
    for notebook in NOTEBOOKS:
        assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code_cells(notebook))


def test_explore_themes_shows_tables_and_charts_of_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)  # no feedback.toml here
    monkeypatch.setenv("FEEDBACK_DB", fill_store(tmp_path / "made-up.db", 200))
    names, shown = run(code_cells(NOTEBOOKS[0]))
    said = capsys.readouterr().out
    assert f"{names['frames'].feedback.height} feedback of" in said
    assert names["themes"]["theme_id"].sort().to_list() == [
        "t-delivery",
        "t-legal",
        "t-money",
        "t-product",
        "t-service",
    ]
    assert names["theme"]["theme_id"] == names["themes"]["theme_id"][0]
    languages, overall, bars, inside, trend, verbatims = shown
    assert set(languages["language"]) == {"ar", "en", "it", "pl", "ro", "ru"}
    assert overall.height == 5
    assert (names["theme"]["label"], inside["label"].to_list()) == (
        "Customer service",
        ["Waiting time", "Friendly staff"],
    )
    assert verbatims.height == 5
    for chart in (bars, trend):
        assert "$schema" in chart.to_dict()
