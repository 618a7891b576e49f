"""The app in a real browser: every page clicked through, without a single error or request to elsewhere."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from feedback_nlp.resources import resource_path
from feedback_nlp.store import Store
from tests import topic_store
from tests.app_data import HOSTILE, fill_store

# A browser on a busy machine may drop a click: once more, and only for what the browser itself says it did not see.
_NOT_SEEN = ["AssertionError: Locator", "TimeoutError: Locator"]
pytestmark = [pytest.mark.slow, pytest.mark.flaky(reruns=1, only_rerun=_NOT_SEEN)]

PAGES = {
    "Overview": "/",
    "Themes": "/themes",
    "Theme": "/theme",
    "Compare": "/compare",
    "Drivers": "/drivers",
    "Watch": "/watch",
    "Actions": "/actions",
    "Review": "/review",
    "Changes": "/changes",
    "Add feedback": "/add",
    "About this data": "/about",
}
LISTED = ":not(.fb-typical) > .fb-verbatim"  # answers of the list, without those that stand for praise and blame
# Streamlit asks for these beside the page first, then at the root; only the second is there.
EXPECTED_MISSES = ("/_stcore/health", "/_stcore/host-config")

expect.set_options(timeout=20_000)  # a machine with two cores may be busy with the other tests


@dataclass
class Watched:
    """A page and everything that went wrong on it."""

    page: Page
    site: str
    trouble: list[str] = field(default_factory=list)

    def go(self, path: str) -> Page:
        self.page.goto(self.site + path)
        self.settle()
        return self.page

    def settle(self) -> None:
        """Wait until the script has run and everything is drawn."""
        expect(self.page.locator("h1").first).to_be_visible(timeout=30_000)
        expect(self.page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=30_000)
        expect(self.page.locator("[data-stale='true']")).to_have_count(0, timeout=30_000)
        self.page.wait_for_timeout(400)  # charts draw after the run

    def click_link(self, name: str) -> None:
        self.page.get_by_test_id("stSidebarNavLink").filter(has_text=name).filter(
            has=self.page.get_by_text(name, exact=True)
        ).click()
        expect(self.page).to_have_url(re.compile(rf"^{re.escape(self.site + PAGES[name])}(\?.*)?$"))
        self.settle()

    def choose(self, box: Locator, option: str, then: Locator) -> None:
        """Choose from a box until `then` is seen: again, where the list closed or moved while the page was drawn."""
        wanted = self.page.get_by_role("option", name=option, exact=True)
        for left in range(4, -1, -1):
            self.settle()
            box.click()
            try:
                wanted.click(timeout=5_000)
                expect(then).to_be_visible(timeout=10_000)
            except (AssertionError, PlaywrightTimeout):
                if not left:
                    raise
                self.page.keyboard.press("Escape")
            else:
                break

    def sentence(self) -> str:
        return self.page.locator(".fb-view").inner_text()

    def check(self) -> None:
        assert self.trouble == []
        for box in ("stException", "stAlertContentError", "stAlertContentWarning"):
            expect(self.page.get_by_test_id(box)).to_have_count(0)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a database of made-up feedback."""
    return fill_store(tmp_path_factory.mktemp("data") / "feedback.db", 300)


@pytest.fixture(scope="module")
def site(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app over made-up feedback, at a free port."""
    with _served(database, tmp_path_factory.mktemp("browser")) as address:
        yield address


@contextmanager
def _served(database: str, folder: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "FEEDBACK_DB": database, "FEEDBACK_AUTHOR": "Ana", "OMP_NUM_THREADS": "1"}
    app = resource_path("app.py")
    command = [sys.executable, "-m", "streamlit", "run", str(app), "--server.port", str(port)]
    command += ["--server.address", "127.0.0.1"]
    log = (folder / "app.log").open("w")
    server = subprocess.Popen(command, env=environment, cwd=app.parent, stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait_for(f"http://127.0.0.1:{port}/_stcore/health", server, folder / "app.log")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=20)
        log.close()


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(240):
        try:
            with urllib.request.urlopen(address, timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            assert server.poll() is None, log.read_text()
            time.sleep(0.25)
    raise AssertionError(f"The app did not start:\n{log.read_text()}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        )
        yield found
        found.close()


@pytest.fixture(params=[(1440, 900)], ids=["wide"])
def watched(request: pytest.FixtureRequest, browser: Browser, site: str) -> Iterator[Watched]:
    with _watching(browser, site, request.param) as found:
        yield found


@contextmanager
def _watching(browser: Browser, site: str, size: tuple[int, int] = (1440, 900)) -> Iterator[Watched]:
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    page.set_default_timeout(30_000)
    found = Watched(page, site)

    def heard(message: object) -> None:
        if message.type == "error" and not message.text.startswith("Failed to load resource"):  # type: ignore[attr-defined]
            found.trouble.append(f"console: {message.text}")  # type: ignore[attr-defined]

    page.on("console", heard)
    page.on("pageerror", lambda error: found.trouble.append(f"page: {error}"))
    page.on("request", lambda r: None if _at_home(r.url, site) else found.trouble.append(f"elsewhere: {r.url}"))
    page.on(
        "response",
        lambda r: (
            found.trouble.append(f"{r.status}: {r.url}")
            if r.status >= 400 and not r.url.endswith(EXPECTED_MISSES)
            else None
        ),
    )
    yield found
    page.close()


def _at_home(url: str, site: str) -> bool:
    return url.startswith((site, "data:", "blob:"))


def test_every_page_can_be_clicked_through(watched: Watched) -> None:
    watched.go("/")
    for name in [*PAGES, "Overview"]:
        watched.click_link(name)
        watched.check()
    expect(watched.page.get_by_test_id("stAppDeployButton")).to_have_count(0)
    assert watched.page.evaluate("document.fonts.check('20px \"Material Symbols Rounded\"')")


@pytest.mark.parametrize("watched", [(420, 900)], indirect=True, ids=["narrow"])
def test_every_page_fits_a_telephone(watched: Watched) -> None:
    for path in PAGES.values():
        watched.go(path)
        watched.check()
        width, room = watched.page.get_by_test_id("stMain").evaluate("main => [main.scrollWidth, main.clientWidth]")
        assert width <= room, path


def test_filters_go_into_the_url_hold_on_every_page_and_can_be_shared(watched: Watched, browser: Browser) -> None:
    watched.go("/")
    before = watched.sentence()
    box = watched.page.get_by_test_id("stSidebar").get_by_label("Language").first
    watched.choose(box, "Polish", watched.page.locator(".fb-view").filter(has_text="in Polish"))
    watched.settle()
    filtered = watched.sentence()
    assert filtered != before
    for name in ("Themes", "Compare", "About this data", "Overview"):
        watched.click_link(name)
        assert parse_qs(urlsplit(watched.page.url).query) == {"language": ["Polish"]}, name
        assert watched.sentence() == filtered, name
    other = browser.new_page()
    other.goto(watched.page.url)
    expect(other.locator(".fb-view")).to_have_text(filtered, timeout=30_000)
    other.close()
    watched.page.get_by_role("button", name="Clear filters").click()
    expect(watched.page.locator(".fb-view")).to_have_text(before)
    assert parse_qs(urlsplit(watched.page.url).query) == {}
    watched.check()


def test_a_click_on_a_row_opens_the_theme_and_keeps_the_filters(watched: Watched) -> None:
    page = watched.go("/themes?segment.plan=Basic")
    table = page.get_by_test_id("stDataFrame").first
    table.scroll_into_view_if_needed()
    table.click(position={"x": 60, "y": 52})
    expect(page.locator("h1.fb-title")).to_be_visible()
    watched.settle()
    query = parse_qs(urlsplit(page.url).query)
    assert query["segment.plan"] == ["Basic"]
    assert query["theme"] == ["t-service"]
    assert "plan Basic" in watched.sentence()
    watched.check()


def test_sub_themes_open_and_lead_on(watched: Watched) -> None:
    page = watched.go("/themes")
    box = page.get_by_test_id("stExpander").first
    box.click()
    table = box.get_by_test_id("stDataFrame")
    expect(table).to_be_visible()
    watched.settle()
    table.scroll_into_view_if_needed()
    table.click(position={"x": 60, "y": 52})
    expect(page.locator("h1.fb-title")).to_have_text("Waiting time")
    watched.check()


def test_what_customers_wrote_never_runs_and_reads_in_its_own_direction(watched: Watched, database: str) -> None:
    with Store.open(database) as store:
        frames = store.read_frames()
    spoilt = frames["statements"].filter(frames["statements"]["text"].str.contains("<script>", literal=True))
    theme = frames["mentions"].filter(statement_id=spoilt["statement_id"][0])["theme_id"][0]
    page = watched.go(f"/theme?theme={theme}&search=document.title")
    expect(page.locator(f"{LISTED} .fb-text").first).to_contain_text(HOSTILE)
    assert page.title() != "taken"
    assert page.locator(".fb-verbatim script, .fb-verbatim img").count() == 0
    page = watched.go("/theme?theme=t-waiting&language=Arabic")
    shown = page.locator(f"{LISTED} .fb-text").first
    assert shown.get_attribute("lang") == "ar"
    assert shown.evaluate("e => getComputedStyle(e).direction") == "rtl"
    box, mark = shown.bounding_box(), shown.locator("mark").first.bounding_box()
    assert box is not None
    assert mark is not None
    assert abs((box["x"] + box["width"]) - (mark["x"] + mark["width"])) < 40
    watched.check()


def test_the_pager_and_the_sentiment_filter_change_what_is_read(watched: Watched) -> None:
    page = watched.go("/theme?theme=t-service")
    first = page.locator(LISTED).first.inner_text()
    page.get_by_role("button", name="Page 2", exact=True).click()
    expect(page.locator(LISTED).first).not_to_have_text(first)
    page.get_by_role("radio", name="positive", exact=True).click()
    expect(page.locator(f"{LISTED} mark.fb-positive").first).to_be_visible()
    watched.settle()
    assert parse_qs(urlsplit(page.url).query)["sentiment"] == ["positive"]
    watched.check()


def test_a_merge_is_made_seen_and_undone_while_somebody_else_edits(browser: Browser, tmp_path: Path) -> None:
    places = {"app": ("t-app", None), "staff": ("t-staff", None), "delivery": ("t-delivery", None), "price": None}
    with topic_store.fill(tmp_path / "topics.db") as store:
        topic_store.publish(store, lambda topic, language: places[topic])
        store.mark_ready(1)
    url = f"sqlite:///{tmp_path / 'topics.db'}"
    with (
        _served(url, tmp_path) as site,
        _watching(browser, site, (420, 900)) as mine,
        _watching(browser, site) as other,
    ):
        for watched, theme in ((mine, "t-app"), (other, "t-staff")):
            page = watched.go(f"/theme?theme={theme}")
            page.get_by_text("Edit this theme").click()
            page.get_by_role("radio", name="Merge", exact=True).click()
            planned = page.get_by_text("What will happen:")
            watched.choose(page.get_by_label("Merge into"), "About t-delivery", planned)
            watched.settle()
        for watched in (mine, other):
            watched.page.get_by_role("button", name="Merge", exact=True).last.click()
        for watched, theme in ((mine, "About t-app"), (other, "About t-staff")):
            said = watched.page.get_by_test_id("stAlertContentSuccess")
            expect(said).to_contain_text(f"“{theme}” is part of “About t-delivery” now. By Ana.")
            expect(watched.page.locator("h1.fb-title")).to_have_text("About t-delivery")
            watched.settle()
            watched.check()
        assert _mentions(url) == {"t-delivery": 108}
        mine.page.get_by_role("button", name=re.compile("Undo edit")).click()
        expect(mine.page.get_by_test_id("stAlertContentSuccess")).to_contain_text("is undone. By Ana.")
        assert _mentions(url) == {"t-app": 36, "t-delivery": 72}
        mine.go("/changes")
        expect(mine.page.get_by_role("button", name="Undo", exact=True)).to_have_count(1)
        mine.check()


def _mentions(url: str) -> dict[str, int]:
    with Store.open(url) as store:
        counts = store.read_frames()["mentions"]["theme_id"].value_counts().sort("theme_id")
    return dict(counts.iter_rows())


def test_feelings_filter_with_the_keyboard_and_their_chips_read_from_the_left(watched: Watched) -> None:
    page = watched.go("/theme?theme=t-service")
    everything = page.get_by_text(re.compile(r"of \d+ answers\. Marked")).first.inner_text()
    button = page.get_by_role("button", name=re.compile(r"^anger \(\d+\)"))
    n = re.search(r"\d+", button.inner_text())
    assert n is not None
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile(rf"of {n[0]} answers\. Marked")).first).to_be_visible()
    watched.settle()
    assert f"of {n[0]} answers" not in everything
    expect(page.get_by_role("radio", name="anger", exact=True)).to_be_checked()
    page = watched.go("/theme?theme=t-waiting&language=Arabic&emotion=anger")
    chip = page.locator(f"{LISTED} .fb-feel").first
    expect(chip).to_have_text(re.compile("^\u2212 negative \u00b7 anger \u00b7 "))
    assert chip.evaluate("e => [getComputedStyle(e).direction, getComputedStyle(e.parentElement).direction]") == [
        "ltr",
        "rtl",
    ]
    watched.check()


def test_who_waits_can_be_opened_from_the_overview_and_taken_along_as_a_file(watched: Watched) -> None:
    page = watched.go("/?language=Arabic")
    link = page.get_by_test_id("stPageLink").filter(has_text="statements: may leave")
    n = re.search(r"\d+", link.inner_text())
    assert n is not None
    link.locator("a").click()
    expect(page.get_by_text(re.compile(rf"^{n[0]} of the view.s \d+ statements")).first).to_be_visible()
    watched.settle()
    query = parse_qs(urlsplit(page.url).query)
    assert query == {"queue": ["May leave"], "language": ["Arabic"]}
    with page.expect_download() as started:
        page.get_by_role("button", name="Download all as CSV").click()
    lines = Path(started.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].startswith("statement_id,feedback_id,")
    assert len(lines) == int(n[0]) + 1
    watched.check()


def test_statements_are_chosen_with_the_keyboard_and_read_aloud(watched: Watched) -> None:
    page = watched.go("/theme?theme=t-waiting")
    page.get_by_test_id("stCheckbox").filter(has_text="Correct").locator("label").click()
    watched.settle()
    chosen = page.get_by_role("radio", name=re.compile("like it")).first
    chosen.focus()
    page.keyboard.press("Space")
    expect(page.get_by_text("1 statement marked as like, 0 statements as unlike")).to_be_visible()
    expect(page.get_by_role("radiogroup", name="Statement 1 as an example").first).to_be_visible()
    watched.settle()
    watched.check()
