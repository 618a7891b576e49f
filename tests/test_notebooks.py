"""The notebooks run from the first cell to the last over a small database, and are kept without outputs."""

from __future__ import annotations

import ast
import json
import random
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import altair as alt
import numpy as np
import polars as pl
import pytest

import feedback_nlp
from feedback_nlp.language.reading.columns import ColumnFlags
from feedback_nlp.pipeline import ingest, run_pipeline, tag_statements
from feedback_nlp.settings import Settings
from feedback_nlp.store import Store
from tests.fake_encoder import TopicEncoder
from tests.made_up import TOPICS, rows, write_csv, write_plugin

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
NAMES = ("check_the_themes", "explore_themes", "what_moves_nps")


class PlainEncoder:
    """Vectors of the tests' topics and nothing else, so that the bundled encoder makes the tones for sentiment."""

    def encode(self, texts: Any, /, **_options: Any) -> np.ndarray:
        return TopicEncoder().encode(texts)

    def get_sentence_embedding_dimension(self) -> int:
        return 64


def make_plain_encoder(settings: Settings) -> PlainEncoder:
    return PlainEncoder()


def code_cells(name: str) -> list[dict[str, Any]]:
    cells = json.loads((NOTEBOOKS / f"{name}.ipynb").read_text("utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def run(name: str) -> SimpleNamespace:
    """Run the cells in one namespace; return its names, and what a notebook would show under each cell as HTML."""
    names: dict[str, Any] = {}
    shown: list[Any] = []
    for cell in code_cells(name):
        tree = ast.parse("".join(cell["source"]))
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "cell", "exec"), names)
        if last is not None:
            shown.append(eval(compile(ast.Expression(last.value), "cell", "eval"), names))
    names["store"].close()
    html = [item._repr_html_() for item in shown if hasattr(item, "_repr_html_")]
    charts = [item.to_dict() for item in shown if isinstance(item, alt.LayerChart)]
    return SimpleNamespace(**names, html=html, drawn_charts=charts)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Three topics to find themes in, and a fourth that came later, of which no theme knows."""
    folder = tmp_path_factory.mktemp("notebooks")
    dice = random.Random(5)
    first, later = rows(220, topics=TOPICS[:3]), rows(40, seed=1, topics=TOPICS[3:])
    for row in (*first, *later):
        row |= {"region": dice.choice(("East", "West")), "channel": dice.choice(("web", "phone"))}
        row["nps"] = str(min(10, max(0, int(row["nps"]) + dice.choice((-2, 0, 2, 5)))))
    patch = pytest.MonkeyPatch()
    patch.syspath_prepend(str(write_plugin(folder / "plugin", "plain", "tests.test_notebooks:make_plain_encoder")))
    url = f"sqlite:///{folder / 'feedback.db'}"
    settings = Settings(db=url, encoder="plain", workers=1)
    with Store.open(url) as store:
        run_pipeline(store, write_csv(folder / "first.csv", first), ColumnFlags(), settings)
        ingest(store, write_csv(folder / "later.csv", later), ColumnFlags(), settings)
        tag_statements(store, settings)
    patch.setenv("FEEDBACK_DB", url)
    patch.setenv("FEEDBACK_ENCODER", "plain")
    yield url
    patch.undo()


@pytest.fixture
def ran(request: pytest.FixtureRequest, database: str, tmp_path: Path) -> Iterator[SimpleNamespace]:
    """The notebook of the test's parameter, run in a folder without a feedback.toml."""
    before = alt.renderers.active, alt.theme.active
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        yield run(request.param)
    alt.renderers.enable(before[0])
    alt.theme.enable(before[1])


def test_the_notebooks_are_kept_without_outputs() -> None:
    assert sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb")) == list(NAMES)
    for name in NAMES:
        assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code_cells(name))


def test_notebooks_promise_no_effects() -> None:
    for name in NAMES:
        text = (NOTEBOOKS / f"{name}.ipynb").read_text("utf-8").casefold()
        assert [
            word for word in ("will raise", "will lower", "will improve", "causes ", "leads to") if word in text
        ] == []


def test_every_name_is_where_the_package_says() -> None:
    tree = ast.parse(Path(feedback_nlp.__file__).read_text("utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    told = {alias.name: node.module for node in block.body for alias in node.names}  # type: ignore[attr-defined]
    assert {name: f"feedback_nlp.{home}" for name, home in feedback_nlp._HOME_OF.items()} == told
    for name in feedback_nlp.__all__:
        assert getattr(feedback_nlp, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'driver'"):
        feedback_nlp.driver  # noqa: B018


@pytest.mark.slow
@pytest.mark.parametrize("ran", ["explore_themes"], indirect=True)
def test_explore_themes_shows_what_is_there(ran: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
    assert (ran.about.n_feedback, ran.about.n_people) == (260, 260)
    assert 0.5 < ran.about.coverage < 1
    assert set(ran.about.languages["language"]) == {"ar", "en", "it", "pl", "ro", "ru"}
    assert [score.name for score in ran.scores] == ["nps", "sentiment"]
    assert ran.theme["theme_id"] in ran.themes["theme_id"]
    assert ran.quotes.page.total > 0
    assert set(ran.theirs["sentiment_label"]) <= {"negative", "neutral", "positive"}
    assert set(ran.by_channel["segment_value"]) == {"web", "phone"}
    assert ran.quality.verdict in ("fit", "fit with warnings", "not fit to publish")
    assert (len(ran.drawn_charts), all("$schema" in chart for chart in ran.drawn_charts)) == (7, True)


@pytest.mark.slow
@pytest.mark.parametrize("ran", ["what_moves_nps"], indirect=True)
def test_what_moves_nps_adds_up_and_leads_to_what_was_written(ran: SimpleNamespace) -> None:
    sums = feedback_nlp.reconcile(ran.moved)
    assert sums["view"].to_list() == ["adds", "damage and lift", "removed", "alone"]
    assert sums["score"].to_list() == [ran.moved.score] * 4
    assert sums["off_by"].head(3).abs().to_list() == [0.0] * 3
    total = ran.changed.table.select(pl.col("mix", "effect").sum()).row(0)
    assert sum(total) + ran.changed.baseline == pytest.approx(ran.changed.after - ran.changed.before, abs=1e-9)
    assert [group.label for group in ran.found]
    assert ran.came.action.title.startswith("An example")
    assert ran.came.verdict in ("better", "worse", "no clear change", "not enough data yet")
    quoted = [html for html in ran.html if "fb-read" in html]
    assert len(quoted) == 6
    assert all("<mark>" in html or "0 of 0" in html or "too few" in html for html in quoted)
    assert (len(ran.drawn_charts), all("$schema" in chart for chart in ran.drawn_charts)) == (9, True)


@pytest.mark.slow
@pytest.mark.parametrize("ran", ["check_the_themes"], indirect=True)
def test_check_the_themes_compares_with_people_and_tunes(ran: SimpleNamespace) -> None:
    assert ran.figures["figure"].to_list()[0] == "coverage_statements"
    assert set(ran.coverage["language"]) == {"ar", "en", "it", "pl", "ro", "ru"}
    first, second = (ran.compared.figure(f"alpha_theme_coder{number}").value for number in (1, 2))
    assert 0 < second < first < 1  # the second stand-in slips more often
    assert ran.compared.figure("alpha_theme_coders").n == ran.drawn.n_statements
    assert ran.tuned.result.n > 150
    assert ran.tuned.table()["figure"].to_list() == ["macro_f1", "accuracy", "log_loss", "ece"]
    assert len(ran.answers) == 260
    assert pl.read_parquet(ran.folder / "statements.parquet").height == ran.statements.height
