"""Drives the app through its own door, ``app.py``, and reads what stands on its pages."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from feedback_nlp.analysis.frames import AnalysisFrames, apply_view, build_frames
from feedback_nlp.records import View
from feedback_nlp.resources import resource_path
from feedback_nlp.settings import Settings
from feedback_nlp.store import Store

Open = Callable[..., AppTest]


@pytest.fixture
def open_app(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Open:
    """Open the app at a page, with query parameters, over a database."""
    monkeypatch.chdir(tmp_path)  # no feedback.toml of the developer's

    def opened(url: str, page: str = "overview", **parameters: str | list[str]) -> AppTest:
        monkeypatch.setenv("FEEDBACK_DB", url)
        app = AppTest.from_file(resource_path("app.py"), default_timeout=60)
        for name, value in parameters.items():
            app.query_params[name] = value
        app.run()
        return app if page == "overview" else go(app, page)

    return opened


def go(app: AppTest, page: str) -> AppTest:
    return app.switch_page(f"feedback_nlp/pages/{page}.py").run()


def frames_of(url: str, view: View | None = None) -> AnalysisFrames:
    return apply_view(build_frames_of(url), view or View())


def build_frames_of(url: str, **settings: object) -> AnalysisFrames:
    with Store.open(url) as store:
        return build_frames(store.read_frames(), Settings(**settings))


def sentence(app: AppTest) -> str:
    """The sentence that says the view, as text."""
    found = next(element.value for element in app.html if "fb-view" in element.value and "<style" not in element.value)
    return html.unescape(re.sub(r"<[^>]+>", "", found))


def trouble(app: AppTest) -> list[str]:
    return [element.value for kind in ("exception", "error", "warning") for element in app.get(kind)]


def told(app: AppTest) -> list[str]:
    return [element.value for element in app.info]


def articles(app: AppTest) -> list[str]:
    body = next(e.value for e in app.html if e.value.startswith("<article"))
    return re.findall(r"<article.*?</article>", body, flags=re.DOTALL)


def body(app: AppTest) -> str:
    """Everything that is put on the page as HTML, but for the style."""
    return "".join(element.value for element in app.html if not element.value.startswith("<style"))
