"""The app through its own door, ``app.py``, over a small made-up database."""

from __future__ import annotations

import html
import logging
import re
import tempfile
import time
from pathlib import Path

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from feedback_nlp.analysis import verbatims
from feedback_nlp.analysis.facets import theme_by_facet
from feedback_nlp.analysis.frames import apply_view, build_frames
from feedback_nlp.analysis.marks import theme_marks
from feedback_nlp.analysis.overview import overview
from feedback_nlp.analysis.replaced import replaced
from feedback_nlp.analysis.reviewing import statements_to_review
from feedback_nlp.analysis.scores import summarise_scores
from feedback_nlp.analysis.segments import compare_segments
from feedback_nlp.analysis.themes import theme_table
from feedback_nlp.analysis.verbatims import Span, find_verbatims
from feedback_nlp.errors import NothingToShow, UsageError
from feedback_nlp.pages import add, data, quotes, wording
from feedback_nlp.pipeline.editing import edit_theme
from feedback_nlp.records import Aside, Feedback, View
from feedback_nlp.settings import Settings
from feedback_nlp.store import Store
from tests import topic_store
from tests.app_data import HOSTILE, fill_store
from tests.app_driver import (
    Open,
    articles,
    body,
    build_frames_of,
    frames_of,
    go,
    open_app,
    sentence,
    told,
    trouble,
)
from tests.made_up import rows, write_csv, write_plugin

__all__ = ["open_app"]

PAGES = ("overview", "themes", "theme", "compare", "review", "changes", "add", "about")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database with two scores, twelve themes, six languages and one hostile text."""
    return fill_store(tmp_path_factory.mktemp("app") / "feedback.db", 240)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    ("scores", "stars", "outcome"),
    [(("nps", "csat"), False, "NPS"), (("csat",), True, "Star rating"), ((), False, "Net sentiment")],
    ids=["nps", "stars", "sentiment"],
)
def test_every_page_works_with_every_kind_of_outcome(
    open_app: Open,
    tmp_path_factory: pytest.TempPathFactory,
    page: str,
    scores: tuple[str, ...],
    stars: bool,
    outcome: str,
) -> None:
    folder = tmp_path_factory.getbasetemp() / f"outcome-{outcome.replace(' ', '-')}"
    if not folder.exists():
        folder.mkdir()
        fill_store(folder / "feedback.db", 120, scores=scores, stars=stars)
    app = open_app(f"sqlite:///{folder / 'feedback.db'}", page)
    assert trouble(app) == []
    words = " ".join([e.value for e in app.subheader] + [m.label for m in app.metric] + [c.value for c in app.caption])
    if page in ("overview", "theme", "compare"):
        assert outcome in words


def test_overview_shows_the_figures_of_the_analysis(open_app: Open, url: str) -> None:
    app, frames = open_app(url), frames_of(url)
    facts = overview(frames)
    expected = {
        "Responses": wording.count(facts.n_responses),
        "People": wording.count(facts.n_people),
        "Answers that say something": wording.count(facts.n_meaningful),
        "Statements": wording.count(facts.n_statements),
        "Statements with a theme": wording.percent(facts.coverage),
    }
    for summary in summarise_scores(frames):
        expected[summary.label] = wording.number(summary.value) + ("%" if summary.unit == "%" else "")
    assert {metric.label: metric.value for metric in app.metric} == expected
    assert sentence(app) == (
        "You are looking at all feedback (Jan 2025 to Sep 2025): 240 of 240 responses from "
        f"{facts.n_people} people; {facts.n_meaningful} of {facts.n_answered} answers say something, the base of every "
        "share."
    )
    nothing = facts.nothing_to_improve
    assert nothing is not None
    kinds = dict(facts.non_answers.iter_rows())
    assert set(kinds) == {"nothing_to_improve", "other"}
    said = next(caption.value for caption in app.caption if "say nothing" in caption.value)
    assert said == (
        f"{facts.n_non_answers} answers say nothing: {kinds['nothing_to_improve']} “nothing” to improve; "
        f"{kinds['other']} other kinds. {nothing.n} of the {nothing.n_asked} answers about what to improve say "
        f"“nothing”: a compliment. Answers that repeat another one: {facts.n_exact_duplicates} word for word; they "
        "count."
    )


def test_themes_are_listed_most_damage_first(open_app: Open, url: str) -> None:
    app = open_app(url, "themes")
    shown, table = app.dataframe[0].value, theme_table(frames_of(url))
    assert shown["theme"].tolist() == table["label"].to_list()
    assert shown["impact"].dropna().tolist() == table["impact"].drop_nulls().to_list()
    assert shown["share"].dropna().tolist() == [100 * x for x in table["share"].drop_nulls().to_list()]
    assert any("No theme" in c.value or c.value.startswith("Unthemed: ") for c in app.caption)
    assert [box.label for box in app.expander if "sub-theme" in box.label] == [
        "Customer service \u2013 2 sub-themes",
        "Delivery \u2013 1 sub-theme",
        "Price and billing \u2013 2 sub-themes",
        "Product \u2013 2 sub-themes",
    ]


def test_the_url_names_the_theme(open_app: Open, url: str) -> None:
    app = open_app(url, "theme", theme="t-waiting")
    row = theme_table(frames_of(url), level=2, parent_id="t-service").filter(theme_id="t-waiting").row(0, named=True)
    assert trouble(app) == []
    assert app.selectbox(key="theme_box").value == "t-waiting"
    assert [(m.label, m.value) for m in app.metric] == [
        ("Share of answers", wording.percent(row["share"])),
        ("NPS with it", wording.number(row["value_with"])),
        ("NPS without it", wording.number(row["value_without"])),
        ("Impact on NPS", wording.number(row["impact"], signed=True)),
        ("Net sentiment", wording.number(row["net_sentiment"], signed=True, digits=0)),
    ]
    app.selectbox(key="theme_box").select("t-crash").run()
    assert app.query_params["theme"] == "t-crash"
    assert "App crashes" in next(e.value for e in app.html if "fb-title" in e.value and "<style" not in e.value)


def test_an_unknown_theme_is_said_and_the_most_harmful_one_shown(open_app: Open, url: str) -> None:
    app = open_app(url, "theme", theme="t-nowhere")
    assert [w.value for w in app.warning] == [
        "There is no theme t-nowhere in codebook version 1; showing the one with the most damage."
    ]
    assert app.selectbox(key="theme_box").value == theme_table(frames_of(url))["theme_id"][0]


def test_a_theme_of_too_few_people_keeps_its_figures(open_app: Open, url: str) -> None:
    app = open_app(url, "theme", theme="t-legal")
    assert trouble(app) == []
    assert list(app.metric) == []
    assert told(app) == [
        "Too few people: in this view, or in what its filters leave out, fewer than 5 people mention this theme or one "
        "that it could be subtracted from. Take a filter away."
    ]


def test_tables_say_what_is_withheld(open_app: Open, url: str) -> None:
    app = open_app(url, "themes")
    table = theme_table(frames_of(url))
    shown = next(found.value for found in app.dataframe if "share_interval" in found.value.columns)
    assert table["suppressed"].any()
    assert [text == "too few people" for text in shown["share_interval"]] == table["suppressed"].to_list()
    note = "fewer than 5 people are behind the figure, or it would give so few away by subtraction."
    assert [caption.value for caption in app.caption if note in caption.value]


def test_filters_change_the_view_and_hold_on_every_page(open_app: Open, url: str) -> None:
    app = open_app(url)
    app.multiselect(key="language").select("pl").select("ro").run()
    app.multiselect(key="segment.plan").select("Basic").run()
    view = View(languages=("pl", "ro"), segments={"plan": ("Basic",)})
    facts = overview(frames_of(url, view))
    start = (
        "You are looking at feedback in Polish or Romanian, plan Basic (Jan 2025 to Aug 2025): "
        f"{facts.n_responses} of 240 responses from {facts.n_people} people"
    )
    for page in ("overview", "themes", "theme", "compare", "about"):
        go(app, page)
        assert trouble(app) == []
        assert sentence(app).startswith(start), page


def test_a_copied_url_reproduces_the_view(open_app: Open, url: str) -> None:
    app = open_app(
        url, language=["Polish", "Romanian"], **{"segment.plan": "Basic"}, period=["2025-02", "2025-05"], outcome="NPS"
    )
    view = View(languages=("pl", "ro"), segments={"plan": ("Basic",)}, since="2025-02-01", until="2025-06-01")
    facts = overview(frames_of(url, view))
    assert sentence(app) == (
        "You are looking at feedback in Polish or Romanian, from Feb 2025 to May 2025, plan Basic: "
        f"{facts.n_responses} of 240 responses from {facts.n_people} people; "
        + (
            f"shares are of the {facts.n_meaningful} answers that say something (the base)."
            if facts.n_answered is None
            else f"{facts.n_meaningful} of {facts.n_answered} answers say something, the base of every share."
        )
    )


def test_another_outcome_is_taken_from_the_url(open_app: Open, url: str) -> None:
    app = open_app(url, "theme", theme="t-waiting", outcome="Net sentiment")
    assert [m.label for m in app.metric][1:4] == [
        "Net sentiment with it",
        "Net sentiment without it",
        "Impact on Net sentiment",
    ]


def test_a_view_below_the_privacy_minimum_shows_nothing_but_a_way_back(
    open_app: Open, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEEDBACK_PRIVACY_MINIMUM", "60")
    app = open_app(url, language="Polish")
    assert trouble(app) == []
    assert list(app.metric) == []
    assert len(told(app)) == 1
    assert "fewer than 60 people" in told(app)[0]
    app.button(key="clear_on_Overview").click().run()
    assert sentence(app).startswith("You are looking at all feedback")


def test_without_a_database_the_app_says_how_to_begin_and_makes_none(open_app: Open, tmp_path: Path) -> None:
    place = tmp_path / "none.db"
    for page in PAGES:
        app = open_app(f"sqlite:///{place}", page)
        assert trouble(app) == []
        if page != "add":
            assert told(app) == [
                f"There is no database at sqlite:///{place} yet. Read a file of feedback in the terminal, or add a "
                "small one here."
            ]
            assert [c.value for c in app.code] == ["feedback-nlp run survey.csv"]
    assert not place.exists()


def test_an_empty_database_says_how_to_begin(open_app: Open, tmp_path: Path) -> None:
    Store.open(f"sqlite:///{tmp_path / 'empty.db'}").close()
    app = open_app(f"sqlite:///{tmp_path / 'empty.db'}")
    assert trouble(app) == []
    assert "holds no feedback yet" in told(app)[0]


def test_before_the_first_codebook_scores_are_shown_and_themes_asked_for(open_app: Open, tmp_path: Path) -> None:
    url = fill_store(tmp_path / "unthemed.db", 60, themes=False)
    app = open_app(url)
    assert {m.label for m in app.metric} >= {"Responses", "NPS", "Net sentiment"}
    for page in ("overview", "themes", "theme", "compare", "review", "changes", "about"):
        go(app, page)
        assert trouble(app) == []
        assert "feedback-nlp discover" in [c.value for c in app.code], page


def test_one_theme_is_enough(open_app: Open, tmp_path: Path) -> None:
    url = fill_store(tmp_path / "one.db", 120, only_themes=("t-service",))
    app = open_app(url)
    for page in ("overview", "themes", "theme", "review", "changes", "compare"):
        assert trouble(go(app, page)) == []
    assert app.dataframe[-1].value["theme"].unique().tolist() == ["Customer service"]


def test_a_database_that_is_not_one_is_a_message(open_app: Open, tmp_path: Path) -> None:
    (tmp_path / "broken.db").write_text("this is not a database, but it is long enough to be read as one" * 20)
    app = open_app(f"sqlite:///{tmp_path / 'broken.db'}")
    assert list(app.exception) == []
    assert "not a SQLite database" in app.warning[0].value


def test_an_unknown_error_shows_a_number_and_logs_no_verbatim(
    open_app: Open, url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "my invoice was wrong"

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(secret)

    monkeypatch.setattr(verbatims, "find_verbatims", broken)
    monkeypatch.setattr("feedback_nlp.pages.reading.find_verbatims", broken)
    with caplog.at_level(logging.ERROR):
        app = open_app(url, "theme", theme="t-waiting")
    assert list(app.exception) == []
    number = re.search(r"\*\*([0-9a-f]{8})\*\*", app.error[0].value)
    assert number is not None
    assert f"Error {number[1]} on page verbatims: RuntimeError" in caplog.text
    assert secret not in caplog.text + app.error[0].value


def test_verbatims_are_those_of_the_analysis_and_page_on(open_app: Open, url: str) -> None:
    app = open_app(url, "theme", theme="t-waiting")
    frames = frames_of(url)
    page = find_verbatims(frames, theme_id="t-waiting", limit=10)
    assert articles(app) == [quotes.verbatim_html(item) for item in page.items]
    app.pagination[0].select(2).run()
    second = find_verbatims(frames, theme_id="t-waiting", limit=10, offset=10)
    assert articles(app) == [quotes.verbatim_html(item) for item in second.items]
    app.text_input(key="search").input("kolejka").run()
    found = find_verbatims(frames, theme_id="t-waiting", search="kolejka", limit=10)
    assert found.total > 0
    assert articles(app) == [quotes.verbatim_html(item) for item in found.items]
    app.text_input(key="search").input("no such word").run()
    assert told(app) == ["Nothing fits. Choose another sentiment, emotion or intent, or other words."]


def test_hostile_text_is_shown_as_text(open_app: Open, url: str) -> None:
    frames = frames_of(url)
    spoilt = frames.statements.filter(frames.statements["text"].str.contains("<script>", literal=True))
    theme = frames.mentions.filter(statement_id=spoilt["statement_id"][0])["theme_id"][0]
    app = open_app(url, "theme", theme=theme, search="document.title")
    body = "".join(articles(app))
    assert html.escape(HOSTILE) in body
    assert "<script" not in body
    assert "<img" not in body


def test_marks_are_placed_by_offset_and_escaped() -> None:
    text = 'ok <b>"late"</b>\nand rude'
    spans = (
        Span(3, 16, ("t",), ('L "1"',), "negative", True),
        Span(5, 9, ("t",), ("inside",), "positive", True),
        Span(17, 25, ("u",), ("other",), None, False),
    )
    assert quotes.marked_text(text, spans) == (
        'ok <mark class="fb-negative" title="L &quot;1&quot;">&lt;b&gt;&quot;late&quot;&lt;/b&gt;</mark><br>and rude'
    )


def test_asides_are_muted_or_folded_and_marks_stay_where_they_are() -> None:
    log = "<pre>\n" + "ERROR <b>\n" * 33
    text = f"Hi <PERSON_1>,\nit fails at `x<y` always.\n{log}"
    first = text.index("it fails")
    last = text.index("always.") + 7
    asides = (
        Aside(0, 14, "greeting"),
        Aside(text.index("`x"), text.index("` always") + 1, "code"),
        Aside(text.index(log), len(text) - 1, "log"),
    )
    assert quotes.marked_text(text, (Span(first, last, ("t",), ("Crash",), "negative", True),), asides) == (
        '<span class="fb-aside" dir="auto" title="Set aside: greeting">Hi '
        '<bdi class="fb-hole" dir="ltr" title="Personal data, replaced">person 1</bdi>,</span><br>'
        '<mark class="fb-negative" title="Crash">it fails at </mark>'
        '<span class="fb-aside" dir="auto" title="Set aside: code">`x&lt;y`</span>'
        '<mark class="fb-negative" title="Crash"> always.</mark>'
        '<details class="fb-aside"><summary dir="ltr">… [log, 34 lines]</summary><div dir="auto">&lt;pre&gt;<br>'
        + "ERROR &lt;b&gt;<br>" * 32
        + "ERROR &lt;b&gt;</div></details>"
    )
    long = "word " * 40
    assert "… [disclaimer, 40 words]" in quotes.marked_text(long, (), (Aside(0, len(long), "disclaimer"),))


def test_neighbouring_asides_are_folded_as_one() -> None:
    form, log = "### Version\n\n2.1\n\n### Log", "ERROR 7\n" * 20
    text = f"It fails.\n\n{form}\n\n{log}\nHelp!\n\nBye\n"
    first, second = text.index(form), text.index(log)
    asides = (
        Aside(first, first + 11, "template"),
        Aside(first + 13, first + len(form), "template"),
        Aside(second, second + len(log) - 1, "log"),
        Aside(text.index("Bye"), len(text) - 1, "signature"),
    )
    assert quotes.marked_text(text, (), asides) == (
        "It fails."
        '<details class="fb-aside"><summary dir="ltr">… [form, log, 23 lines]</summary><div dir="auto">'
        + f"{form}\n\n{log[:-1]}".replace("\n", "<br>")
        + "</div></details>Help!<br><br>"
        '<span class="fb-aside" dir="auto" title="Set aside: signature">Bye</span><br>'
    )
    many = tuple(Aside(2 * i, 2 * i + 1, "code") for i in range(50_000))
    started = time.process_time()
    assert quotes.marked_text("x " * 50_000, (), many).startswith(
        '<details class="fb-aside"><summary dir="ltr">… [code,'
    )
    assert quotes.marked_text("xy" * 50_000, (), many).count("<span") == 50_000
    assert time.process_time() - started < 5


def test_about_says_what_was_replaced_and_never_what_it_was(open_app: Open, tmp_path: Path) -> None:
    url = fill_store(tmp_path / "tickets.db", 240, tickets=True)
    app = open_app(url, "about")
    assert trouble(app) == []
    table = replaced(frames_of(url))
    assert [row.kind for row in table.rows] == ["PERSON", "PHONE"]
    shown = next(found.value for found in app.dataframe if "places" in found.value.columns)
    assert shown.to_dict("records") == [
        {
            "type": words,
            "places": row.n,
            "answers": row.n_feedback,
            "languages": wording.replaced_languages(row),
        }
        for words, row in zip(("person", "phone"), table.rows, strict=True)
    ]
    assert shown["languages"][1] == f"English {table.rows[1].n}"
    assert "One more kind stands in the texts of fewer than 5 people." in [c.value for c in app.caption]


def test_the_bases_say_which_answers_say_nothing(open_app: Open, url: str) -> None:
    app = open_app(url, "about")
    facts = overview(frames_of(url))
    bases = dict(zip(app.dataframe[0].value["what"], app.dataframe[0].value["n"], strict=True))
    assert bases["Answers"] == facts.n_answered
    assert bases["Answers that say something"] + bases["Answers that say nothing"] == bases["Answers"]
    kinds = {name.strip(): n for name, n in bases.items() if name.startswith("\u2003")}
    assert sum(kinds.values()) == bases["Answers that say nothing"]
    assert set(kinds) == {"“nothing” to improve", "other kinds"}


def test_arabic_reads_right_to_left(open_app: Open, url: str) -> None:
    app = open_app(url, "theme", theme="t-waiting", language="Arabic")
    assert len(articles(app)) > 0
    for article in articles(app):
        assert '<div class="fb-text" dir="auto" lang="ar">' in article


def test_a_rename_is_kept_as_an_edit(open_app: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEEDBACK_AUTHOR", "Ana")
    url = fill_store(tmp_path / "rename.db", 80)
    app = open_app(url, "theme", theme="t-waiting")
    app.text_input(key="name_t-waiting").input("  Long   waits ")
    next(button for button in app.button if button.label == "Save").click().run()
    assert trouble(app) == []
    assert "Long waits" in next(e.value for e in app.html if e.value.startswith('<h1 class="fb-title"'))
    with Store.open(url) as store:
        edits = [(e["theme_id"], e["kind"], e["payload"], e["author"]) for e in store.edits()]
    assert edits == [("t-waiting", "rename", {"label": "Long waits"}, "Ana")]


def test_compare_lists_every_difference_clear_ones_first(open_app: Open, url: str) -> None:
    app = open_app(url, "compare", by="Plan")
    table = compare_segments(frames_of(url), "plan")
    shown = app.dataframe[-1].value
    assert len(shown) == table["difference"].drop_nulls().len()
    assert shown["clear"].tolist() == sorted(shown["clear"].tolist(), reverse=True)


def test_new_feedback_is_seen_while_the_app_is_open(open_app: Open, tmp_path: Path) -> None:
    url = fill_store(tmp_path / "grows.db", 60)
    app = open_app(url)
    before = {m.label: m.value for m in app.metric}["Responses"]
    with Store.open(url) as store:
        run = store.begin_run("more.csv", "0", {})
        store.upsert_feedback([Feedback("f-new", "r-new", "late again", content_hash="x")], {}, run)
    data.forget()
    app.run()
    after = {m.label: m.value for m in app.metric}["Responses"]
    assert (before, after) == ("60", "61")


def test_a_rising_version_is_not_read_again_at_once() -> None:
    reads = data._LastReads()
    stamp = ("sqlite:///x", 5, 30)
    assert reads.worth_reading(stamp, 7) == 7
    reads.note(stamp, 7, 3.0)
    assert reads.worth_reading(stamp, 8) == 7
    reads.versions[stamp] = (7, reads.versions[stamp][1] - 31, 3.0)
    assert reads.worth_reading(stamp, 8) == 8


def test_a_file_over_the_limit_is_sent_to_the_command_line(open_app: Open, tmp_path: Path) -> None:
    app = open_app(f"sqlite:///{tmp_path / 'new.db'}", "add")
    rows = b"text\n" + b"The queue is far too long.\n" * (add.MOST_ROWS + 1)
    app.file_uploader[0].set_value(("many.csv", rows, "text/csv")).run()
    assert [w.value for w in app.warning] == [
        "many.csv has 20,001 rows; this page takes up to 20,000. Read it in the terminal, which has no limit:"
    ]
    assert [c.value for c in app.code] == ["feedback-nlp run many.csv"]
    assert not (tmp_path / "new.db").exists()


@pytest.mark.parametrize(
    ("view", "words"),
    [
        (View(), "all feedback"),
        (View(since="2025-03-01", until="2025-04-01"), "feedback in Mar 2025"),
        (View(since="2024-12-01"), "feedback since Dec 2024"),
        (View(until="2025-01-01"), "feedback up to Dec 2024"),
        (
            View(nps_segments=("detractor", "passive"), languages=("ar", "pl", "xx"), segments={"plan": ("Basic",)}),
            "feedback of detractors or passives, in Arabic, Polish or xx, plan Basic",
        ),
        (View(questions=("Why?",), sources=("survey",)), "feedback answering “Why?”, from source survey"),
        (
            View(channels=("web", "phone"), facets={"journey_stage": ("first_use",), "touchpoint": ()}),
            "feedback by web or phone, journey stage (as said) First use",
        ),
    ],
)
def test_a_view_is_said_in_words(view: View, words: str) -> None:
    assert wording.view_words(view) == words


def test_numbers_are_written_one_way() -> None:
    assert [wording.number(x, signed=True) for x in (-4.25, 0.04, 3.0, None)] == ["\u22124.2", "0.0", "+3.0", "\u2013"]
    assert wording.interval(-1.0, 2.5, signed=True) == "\u22121.0 to +2.5"
    assert wording.interval(None, 2.5) == "no interval"
    assert [wording.percent(x) for x in (0.256, None)] == ["26%", "\u2013"]
    assert wording.percent_interval(0.1, 0.255) == "10\u201326%"
    assert [wording.month_after("2025-12"), wording.month_before("2025-01-01")] == ["2026-01", "2024-12"]
    assert [wording.clear_of_zero(*x) for x in ((-2, -1), (-1, 1), (0.1, 2), (None, 2))] == [True, False, True, False]


def test_a_database_that_was_removed_is_made_anew_and_not_written_to_unseen(tmp_path: Path) -> None:
    place = tmp_path / "gone.db"
    url = f"sqlite:///{place}"
    first = data.open_store(url)
    assert data.open_store(url) is first
    for left in tmp_path.glob("gone.db*"):
        left.unlink()
    assert data.database_exists(url) is False
    run = data.open_store(url).begin_run("a.csv", "0", {})
    with Store.open(url) as store:
        assert [(r["run_id"], r["file_name"]) for r in store.runs()] == [(run, "a.csv")]


@pytest.fixture
def topic_encoder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The tests' encoder as an installed plug-in; returns the only folder in which temporary files are made."""
    monkeypatch.syspath_prepend(write_plugin(tmp_path / "plugin"))
    monkeypatch.setenv("FEEDBACK_ENCODER", "topic-encoder")
    monkeypatch.setenv("FEEDBACK_SENTIMENT", "off")  # it would load the bundled encoder for its tones
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def upload(app: AppTest, name: str, content: bytes) -> AppTest:
    return app.file_uploader[0].set_value((name, content, "text/csv")).run()


def press(app: AppTest) -> AppTest:
    return next(button for button in app.button if button.label == "Read and find themes").click().run(timeout=120)


def test_a_file_is_read_from_upload_to_themes(open_app: Open, topic_encoder: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    made = rows(150)
    app = open_app(url, "add")
    upload(app, "../answers.csv", write_csv(tmp_path / "answers.csv", made).read_bytes())
    assert trouble(app) == []
    assert {box.label: box.value for box in app.selectbox} == {
        "Date": "date",
        "Language": "language",
        "Id": "response_id",
        "Customer": "customer_id",
        "Question": add.NONE,
        "Source": add.NONE,
        "Channel": add.NONE,
        "Speaker": add.NONE,
        "Weight": add.NONE,
        "Kind": "nps",
        "Best is": "higher",
    }
    assert [(box.label, box.value) for box in app.multiselect] == [
        ("Text", ["comment"]),
        ("Segments", ["plan"]),
        ("Scores", ["nps"]),
    ]
    press(app)
    assert trouble(app) == []
    assert app.success[0].value.startswith(
        "answers.csv: 150 rows read; 150 answers added, 0 updated, 0 known already, 0 rows left out. Codebook version 1"
    )
    assert {m.label: m.value for m in app.metric}["Responses"] == "150"
    assert list(topic_encoder.glob("feedback-*")) == []
    assert sorted(path.suffix for path in tmp_path.glob("*") if path.is_file() and "db" not in path.name) == [".csv"]
    frames = frames_of(url)
    assert frames.segment_names == ("plan",)
    assert frames.feedback["score.nps"].drop_nulls().sort().to_list() == sorted(float(row["nps"]) for row in made)


def test_the_reader_can_overrule_the_guessed_columns(open_app: Open, topic_encoder: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    app = open_app(url, "add")
    upload(app, "answers.csv", write_csv(tmp_path / "answers.csv", rows(120)).read_bytes())
    next(box for box in app.multiselect if box.label == "Segments").set_value([])
    next(box for box in app.selectbox if box.label == "Date").select(add.NONE)
    next(box for box in app.selectbox if box.label == "Kind").select("likely").run()
    next(box for box in app.number_input if box.label == "To").set_value(10.0)
    press(app)
    assert trouble(app) == []
    frames = frames_of(url)
    assert frames.segment_names == ()
    assert frames.feedback["created_at"].null_count() == 120
    assert frames.scales.select("name", "kind", "minimum", "maximum").rows() == [("likely", "likely", 1.0, 10.0)]


def test_facts_of_tickets_are_read_with_their_unit_and_what_is_good(
    open_app: Open, topic_encoder: Path, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    made = [
        {
            **row,
            "Churn": ("Yes", "No")[i % 2],
            "resolution_minutes": str(60 * (i + 1)),
            "Escalated": ("да", "нет")[i % 2],
        }
        for i, row in enumerate(rows(120))
    ]
    app = open_app(url, "add")
    upload(app, "answers.csv", write_csv(tmp_path / "answers.csv", made).read_bytes())
    assert trouble(app) == []
    scores = next(box for box in app.multiselect if box.label == "Scores")
    assert scores.value == ["nps", "Churn", "resolution_minutes"]
    scores.set_value([*scores.value, "Escalated"]).run()
    next(box for box in app.multiselect if box.label == "Segments").set_value(["plan"])
    [box for box in app.selectbox if box.label == "Kind"][-1].select("flag").run()
    next(box for box in app.selectbox if box.label == "Good is").select("no").run()
    assert next(box for box in app.selectbox if box.label == "Plain numbers are").value == "minutes"
    press(app)
    assert trouble(app) == []
    frames = frames_of(url)
    assert frames.scales.select("name", "kind", "higher_is_better").rows() == [
        ("churn", "churn", False),
        ("escalated", "flag", False),
        ("nps", "nps", True),
        ("resolution", "resolution", False),
    ]
    assert sorted(frames.feedback["score.resolution"]) == [float(i + 1) for i in range(120)]


def test_too_little_text_is_stored_and_said(open_app: Open, topic_encoder: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    app = open_app(url, "add")
    upload(app, "few.csv", write_csv(tmp_path / "few.csv", rows(6)).read_bytes())
    press(app)
    assert list(app.error) + list(app.exception) == []
    assert len(app.warning) == 1
    assert frames_of(url).feedback.height == 6
    assert list(topic_encoder.glob("feedback-*")) == []


def test_a_file_without_text_lets_the_reader_choose(open_app: Open, tmp_path: Path) -> None:
    app = open_app(f"sqlite:///{tmp_path / 'new.db'}", "add")
    upload(app, "numbers.csv", b"a,b\n1,2\n3,4\n5,6\n")
    assert trouble(app) == []
    assert told(app) == ["Choose at least one text column to go on."]
    assert next(box for box in app.multiselect if box.label == "Text").options == ["a", "b"]


def test_a_broken_file_is_a_message(open_app: Open, topic_encoder: Path, tmp_path: Path) -> None:
    app = open_app(f"sqlite:///{tmp_path / 'new.db'}", "add")
    app.file_uploader[0].set_value(("book.xlsx", b"PK not a workbook", "application/octet-stream")).run()
    assert list(app.error) + list(app.exception) == []
    assert len(app.warning) == 1
    assert app.warning[0].value.startswith("book.xlsx cannot be read as a workbook")
    assert list(topic_encoder.glob("feedback-*")) == []


# -- what sets themes apart


@pytest.fixture(scope="module")
def marked_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database whose themes have every mark there is, with hostile names, facets and close calls."""
    return fill_store(tmp_path_factory.mktemp("marked") / "feedback.db", 240, marked=True)


def test_tables_and_pages_say_what_sets_a_theme_apart(open_app: Open, marked_url: str) -> None:
    app = open_app(marked_url, "themes")
    shown = dict(zip(app.dataframe[0].value["theme"], app.dataframe[0].value["marks"], strict=True))
    assert {name: marks for name, marks in shown.items() if isinstance(marks, str)} == {
        "Customer service": "▤ from your codebook",
        "Product": "✦ emerging",
        HOSTILE: "✎ made by a person",
    }
    stability = dict(zip(app.dataframe[0].value["theme"], app.dataframe[0].value["stability"], strict=True))
    assert stability["Product"] == 0.87  # cut, not rounded up
    assert "<b>Emerging</b> (1 of 5): Found in the texts, outside all themes of your codebook." in body(app)
    go(app, "overview")
    assert trouble(app) == []
    assert "<b>From your codebook</b> (1 of 5)" in body(app)
    app = open_app(marked_url, "theme", theme="t-waiting")
    for words in ("◌ candidate</span>", "≈ name not accepted yet</span>", "stability 0.59, not stable</span>"):
        assert words in body(app)
    assert "<b>Candidate.</b> Not established yet" in body(app)


def test_an_ordinary_theme_has_no_mark(open_app: Open, url: str) -> None:
    assert theme_marks({"state": "active", "source": "discovered", "label_source": "phrases"}) == ()
    app = open_app(url, "themes")
    assert {"marks", "stability"} & set(app.dataframe[0].value.columns) == set()
    assert "fb-key" not in body(app)


def test_hostile_names_and_definitions_are_shown_as_text(open_app: Open, marked_url: str) -> None:
    for page in ("overview", "themes", "review", "changes", "theme"):
        app = open_app(marked_url, page, theme="t-delivery")
        assert trouble(app) == []
        assert "<script" not in body(app)
        assert "<img" not in body(app)
        words = [e.value for kind in ("markdown", "caption", "info", "success") for e in app.get(kind)]
        words += [box.label for box in [*app.expander, *app.button]]
        assert [text for text in words if re.search(r"(?<!\\)(\[a|\*\*b|<img)", text)] == [], page
    assert html.escape(HOSTILE) in body(app)


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("Price and billing", "Price and billing"),
        ("**a** [b](http://x)", "\\*\\*a\\*\\* \\[b\\]\\(http\\:\u2060\\/\\/x\\)"),
        ("see www.x.org\n\n# 1", "see www\u2060\\.x\\.org \\# 1"),
        ("a@b :smile:", "a\\@\u2060b \\:\u2060smile\\:"),
        ("\u0627\u0644\u0633\u0639\u0631", "\u0627\u0644\u0633\u0639\u0631"),
    ],
)
def test_words_of_others_are_no_markdown(text: str, safe: str) -> None:
    assert wording.plain(text) == safe


def test_a_theme_is_split_by_what_its_statements_say(open_app: Open, marked_url: str, url: str) -> None:
    app = open_app(marked_url, "theme", theme="t-service", split="Touchpoint (as said)")
    assert trouble(app) == []
    table = theme_by_facet(frames_of(marked_url), "t-service", "touchpoint")
    shown = next(f.value for f in app.dataframe if "segment" in f.value.columns)
    assert shown["segment"].tolist() == ["App", "Phone", "Not said"]
    assert shown["n_feedback"].tolist() == table["n_feedback"].to_list()
    options = next(box.options for box in app.segmented_control if box.label == "Split by")
    assert options[-2:] == ["Journey stage (as said)", "Touchpoint (as said)"]
    app = open_app(url, "theme", theme="t-service")
    assert not any("as said" in name for box in app.segmented_control for name in box.options)


def test_feedback_is_filtered_by_channel_and_by_what_its_statements_say(open_app: Open, marked_url: str) -> None:
    everything = frames_of(marked_url)
    said = everything.statements.filter(
        pl.col("facets").str.json_path_match("$.touchpoint") == "app",
    )["feedback_id"]
    kept = everything.feedback.filter(pl.col("feedback_id").is_in(said.implode()), pl.col("channel") == "web")
    view = View(channels=("web",), facets={"touchpoint": ("app",)})
    assert frames_of(marked_url, view).feedback["feedback_id"].to_list() == kept["feedback_id"].to_list()
    assert 0 < kept.height < everything.feedback.height / 2
    app = open_app(marked_url, channel="web", **{"facet.touchpoint": "App"})
    assert trouble(app) == []
    assert sentence(app).startswith("You are looking at feedback by web, touchpoint (as said) App (")
    assert f": {kept['response_id'].n_unique()} of 240 responses" in sentence(app)
    app.button(key="clear_in_sidebar").click().run()
    assert sentence(app).startswith("You are looking at all feedback (")
    with pytest.raises(UsageError, match=r"No statement has a facet 'touchpiont'\. Did you mean 'touchpoint'\?"):
        frames_of(marked_url, View(facets={"touchpiont": ("app",)}))
    with pytest.raises(NothingToShow):  # few would be left out
        apply_view(
            build_frames_of(marked_url, privacy_minimum=everything.feedback["person_id"].n_unique() // 2),
            View(facets={"touchpoint": ("app", "phone")}),
        )


def test_facets_of_few_people_are_withheld(marked_url: str) -> None:
    with Store.open(marked_url) as store:
        raw = store.read_frames()
    for minimum in (5, 30, 1000):
        frames = build_frames(raw, Settings(privacy_minimum=minimum))
        said = frames.mentions.filter(theme_id="t-service").join(
            frames.feedback.select("feedback_id", "person_id"), on="feedback_id"
        )
        everybody = said["person_id"].n_unique()
        table = theme_by_facet(frames, "t-service", "touchpoint")
        assert set(table["segment_value"]) == {"app", "phone", "(not given)"}
        for row in table.iter_rows(named=True):
            with_value = frames.statements.filter(
                frames.statements["facets"].str.json_path_match("$.touchpoint").fill_null("(not given)")
                == row["segment_value"]
            )
            people = said.join(with_value.select("statement_id"), on="statement_id")["person_id"].n_unique()
            if row["n_feedback"] is not None:
                assert people >= minimum
                assert everybody - people >= minimum or everybody == people
            if minimum == 1000:
                assert (row["n_feedback"], row["share"], row["suppressed"]) == (None, None, True)


# -- correcting themes


@pytest.fixture
def topics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database of four topics with vectors, so that edits can be carried out; "price" has no theme."""
    monkeypatch.setenv("FEEDBACK_AUTHOR", "Ana")
    monkeypatch.setenv("FEEDBACK_ENCODER", "there-is-no-such-encoder")  # nothing here may need one
    topic_store.fill_and_publish(tmp_path / "topics.db").close()
    return f"sqlite:///{tmp_path / 'topics.db'}"


def counts(url: str) -> dict[str, int]:
    """How many statements mention each theme."""
    with Store.open(url) as store:
        return topic_store.count_mentions(store)


def edits(url: str) -> list[tuple[str, str, bool]]:
    with Store.open(url) as store:
        return [(row["kind"], row["author"], row["undone_at"] is not None) for row in store.edits()]


def editing(open_app: Open, url: str, theme: str, action: str) -> AppTest:
    """Open a theme's edit area at an action."""
    app = open_app(url, "theme", theme=theme)
    app.session_state[f"edit_{theme}"] = True
    app.run()
    app.pills(key=f"action_{theme}").select(action).run()
    assert trouble(app) == []
    return app


def will(app: AppTest) -> str:
    return next(text.replace("\\", "") for text in told(app) if text.startswith("**What will happen:**"))


def succeeded(app: AppTest) -> str:
    assert trouble(app) == []
    return app.success[0].value.replace("\\", "")


def test_a_merge_says_what_will_happen_is_carried_out_and_undone(open_app: Open, topics: str) -> None:
    app = editing(open_app, topics, "t-app", "Merge")
    assert not [text for text in told(app) if "What will happen" in text]
    app.selectbox(key="into_t-app").select("t-delivery").run()
    assert will(app) == (
        "**What will happen:** Every statement of “About t-app” is tagged with “About t-delivery” instead, which keeps "
        "its name. “About t-app” is in no list any more. All statements are tagged again, which takes some seconds."
    )
    app.text_input(key="author_t-app").input("Omar").run()
    app.button(key="do_merge_t-app").click().run()
    assert succeeded(app) == (
        "“About t-app” is part of “About t-delivery” now. By Omar. 36 statements have other themes than before "
        "(codebook version 2)."
    )
    assert app.selectbox(key="theme_box").value == "t-delivery"
    assert counts(topics) == {"t-delivery": 72, "t-staff": 36, "t-tech": 36}
    app.button(key="undo_last").click().run()
    assert succeeded(app).startswith("Edit 1 is undone. By Omar. 36 statements")
    assert counts(topics) == {"t-app": 36, "t-delivery": 36, "t-staff": 36, "t-tech": 72}
    assert edits(topics) == [("merge", "Omar", True)]
    app.button(key="close_outcome").click().run()
    assert list(app.success) == []


@pytest.mark.parametrize(
    ("theme", "action", "fill", "kind", "after"),
    [
        ("t-app", "Keep as it is", {}, "pin", {}),
        ("t-app", "Describe", {"define_t-app": "All of the app."}, "define", {}),
        ("t-app", "Hide", {}, "hide", {}),
        ("t-app", "Move", {"to_t-app": ""}, "move", {"t-tech": 36}),
        ("t-delivery", "Move", {"to_t-delivery": "t-tech"}, "move", {"t-tech": 108}),
        ("t-tech", "Split", {"parts_t-tech": ["t-app"], "split_t-tech": "Apps"}, "split", {"t-tech": 36}),
    ],
)
def test_every_edit_of_a_theme_can_be_made(
    open_app: Open, topics: str, theme: str, action: str, fill: dict[str, object], kind: str, after: dict[str, int]
) -> None:
    before = counts(topics)
    app = editing(open_app, topics, theme, action)
    for key, value in fill.items():
        boxes = [box for name in ("selectbox", "multiselect", "text_input", "text_area") for box in app.get(name)]
        box = next(box for box in boxes if box.key == key)
        box.set_value(value).run()
    assert will(app)
    app.button(key=f"do_{kind}_{theme}").click().run()
    assert succeeded(app)
    assert edits(topics) == [(kind, "Ana", False)]
    assert before.items() | after.items() >= (before | after).items() <= counts(topics).items()


def test_what_cannot_be_done_is_said_kindly(open_app: Open, topics: str) -> None:
    app = editing(open_app, topics, "t-tech", "Split")
    app.multiselect(key="parts_t-tech").set_value(["t-app", "t-staff"])
    app.text_input(key="split_t-tech").input("All").run()
    app.button(key="do_split_t-tech").click().run()
    assert [w.value.replace("\\", "") for w in app.warning] == [
        "That is every sub-theme of 't-tech': nothing would be left. Rename it instead."
    ]
    assert list(app.error) + list(app.exception) == []
    assert edits(topics) == []


@pytest.mark.parametrize("lagging", [False, True])
def test_an_edit_of_a_theme_that_somebody_else_merged_meanwhile_is_a_message(
    open_app: Open, topics: str, lagging: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = editing(open_app, topics, "t-app", "Hide")
    # The page reads the newest data, or what it read last when that took long.
    monkeypatch.setattr(
        data._LastReads, "worth_reading", lambda self, stamp, newest: self.versions[stamp][0] if lagging else newest
    )
    with Store.open(topics) as store:
        edit_theme(store, Settings(encoder="no-such"), "merge", "t-app", {"into": "t-delivery"}, "Omar")
    app.button(key="do_hide_t-app").click().run()
    assert list(app.error) + list(app.exception) == []
    (said,) = (w.value.replace("\\", "") for w in app.warning)
    told = "There is no theme 't-app'." if lagging else "There is no theme t-app in codebook version 2;"
    assert said.startswith(told)
    assert edits(topics) == [("merge", "Omar", False)]


def choosing(open_app: Open, url: str, theme: str, **sides: list[str]) -> AppTest:
    """Open the list of what people wrote for correction, and mark statements as like or unlike the theme."""
    app = open_app(url, "theme", theme=theme)
    app.toggle(key="correct").set_value(True).run()
    keys = [box.key or "" for box in app.segmented_control]
    shown = [key.removeprefix(f"pick_{theme}_") for key in keys if key.startswith("pick_")]
    assert len(shown) == 10
    for side, places in sides.items():
        for place in places:
            app.segmented_control(key=f"pick_{theme}_{shown[int(place)]}").set_value(side).run()
    assert trouble(app) == []
    return app


def test_statements_show_by_example_and_make_new_themes(open_app: Open, topics: str) -> None:
    app = choosing(open_app, topics, "t-delivery", like=["0", "1"], unlike=["2"])
    assert "**2 statements marked as like, 1 statement as unlike**" in [m.value for m in app.markdown]
    assert will(app) == (
        "**What will happen:** Statements like the 2 marked so are tagged with “About t-delivery”; those nearer to the "
        "1 marked as unlike lose it. All statements are tagged again, which takes some seconds."
    )
    third = [box for box in app.segmented_control if (box.key or "").startswith("pick_")][2]
    third.set_value(None).run()
    app.segmented_control(key="with_t-delivery").set_value("New theme").run()
    app.text_input(key="made_t-delivery").input("Parcels").run()
    assert "tagged with a new theme, “Parcels”, too" in will(app)
    app.button(key="carry_t-delivery").click().run()
    assert succeeded(app).startswith("“Parcels” is a theme now. By Ana.")
    with Store.open(topics) as store:
        made = store.active_edits()[0]
    assert (made.kind, len(made.payload["like"]), len(made.payload["unlike"])) == ("create", 2, 0)
    assert app.selectbox(key="theme_box").value == made.theme_id
    assert not [m for m in app.markdown if "marked as like" in m.value]


def test_a_single_statement_is_put_right(open_app: Open, topics: str) -> None:
    app = choosing(open_app, topics, "t-delivery")
    off = next(button for button in app.button if (button.key or "").startswith("off_t-delivery"))
    statement = off.key.rpartition("t-delivery_")[2]
    off.click().run()
    assert succeeded(app) == "A statement is not tagged with “About t-delivery” any more. By Ana."
    assert counts(topics)["t-delivery"] == 35
    with Store.open(topics) as store:
        assert store.active_edits()[0].payload == {"statement": statement}
    also = next(box for box in app.selectbox if (box.key or "").startswith("also_"))
    also.select("t-staff").run()
    next(button for button in app.button if (button.key or "").startswith("add_t-delivery")).click().run()
    assert succeeded(app) == "A statement is tagged with “About t-tech › About t-staff”, too. By Ana."
    assert counts(topics)["t-staff"] == 37


def test_nothing_can_be_chosen_where_verbatims_are_withheld(
    open_app: Open, topics: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEEDBACK_PRIVACY_MINIMUM", "40")
    app = open_app(topics, "theme", theme="t-delivery")
    assert [box.key for box in app.segmented_control if (box.key or "").startswith("pick_")] == []
    assert [toggle.key for toggle in app.toggle] == []
    assert [box.label for box in app.expander if "Edit" in box.label] == ["Edit this theme"]


def test_changes_lists_edits_conflicts_versions_and_hidden_themes(open_app: Open, topics: str) -> None:
    with Store.open(topics) as store:
        settings = Settings(encoder="no-such")
        edit_theme(store, settings, "hide", "t-staff", {}, "Omar")
        edit_theme(store, settings, "move", "t-app", {"parent": "t-delivery"}, "Omar")
        edit_theme(store, settings, "rename", "t-tech", {"label": "<b>Tech</b>"}, "<i>Eve</i>")
    app = open_app(topics, "changes")
    assert trouble(app) == []
    for words in (
        "“<bdi>About t-staff</bdi>” was hidden",
        "“<bdi>About t-app</bdi>” was moved under “<bdi>About t-delivery</bdi>”",
        "was named “<bdi>&lt;b&gt;Tech&lt;/b&gt;</bdi>”",
        "<bdi>&lt;i&gt;Eve&lt;/i&gt;</bdi>",
    ):
        assert words in body(app)
    assert app.dataframe[0].value[["version", "from", "base"]].values.tolist() == [[2, "edits", 1], [1, "discovery", 1]]
    app.button(key="unhide_t-staff").click().run()
    assert succeeded(app) == "“About t-staff” is shown again. By Ana."
    app.button(key="undo_edit_2").click().run()
    assert succeeded(app).startswith("Edit 2 is undone. By Ana. 36 statements")
    app.button(key="compare_versions").click().run()
    assert trouble(app) == []
    compared = next(found.value for found in app.dataframe if "became" in found.value.columns)
    assert compared[["became", "before", "now", "both"]].values.tolist() == [
        ["as before", 72, 72, 72],
        *[["as before", 36, 36, 36]] * 3,
    ]


def test_changes_explains_how_fine_the_themes_are(open_app: Open, marked_url: str) -> None:
    app = open_app(marked_url, "changes")
    table = next(found.value for found in app.dataframe if "stability" in found.value.columns)
    assert table[["n_themes", "chosen", "stability"]].values.tolist() == [[4, "", 0.95], [8, "themes", 0.78]]
    assert "- **8** for themes\\:\u2060" not in [m.value for m in app.markdown]
    assert "- **8** for themes: stability 0\\.78\\: the finest" in [m.value for m in app.markdown]


def test_close_calls_are_settled_one_by_one_and_taken_back(open_app: Open, marked_url: str, tmp_path: Path) -> None:
    url = fill_store(tmp_path / "review.db", 240, marked=True)
    waiting = statements_to_review(frames_of(url))
    assert waiting.height > 8
    app = open_app(url, "review")
    assert trouble(app) == []
    shown = [button.key.removeprefix("yes_") for button in app.button if (button.key or "").startswith("yes_")]
    assert shown[0] == waiting["statement_id"][0]
    assert len(shown) == 8
    row = waiting.row(0, named=True)
    same = waiting.filter(text_hash=row["text_hash"], best_theme_id=row["best_theme_id"])
    app.button(key=f"no_{shown[0]}").click().run()
    assert trouble(app) == []
    with Store.open(url) as store:
        said = [(e.kind, e.theme_id, e.payload["statement"]) for e in store.active_edits()]
    assert said == [("unassign", row["best_theme_id"], statement) for statement in same["statement_id"]]
    assert shown[0] not in [(button.key or "").removeprefix("yes_") for button in app.button]
    app.button(key=f"skip_{shown[1]}").click().run()
    assert shown[1] not in [(button.key or "").removeprefix("yes_") for button in app.button]
    app.button(key="undo_last").click().run()
    assert trouble(app) == []
    with Store.open(url) as store:
        assert store.active_edits() == []
    assert shown[0] in [(button.key or "").removeprefix("yes_") for button in app.button]


def test_review_shows_nothing_of_withheld_themes(marked_url: str) -> None:
    with Store.open(marked_url) as store:
        raw = store.read_frames()
    for minimum in (5, 20, 60, 1000):
        frames = build_frames(raw, Settings(privacy_minimum=minimum))
        found = statements_to_review(frames)
        said = frames.mentions.join(found.select("feedback_id"), on="feedback_id", how="semi")
        assert not frames.withheld & set(said["theme_id"])
        if minimum == 1000:
            assert found.is_empty()
