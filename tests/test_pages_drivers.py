"""Drivers, watch, actions and comparison in the app: the figures of the analysis, kept edits, nothing unescaped."""

from __future__ import annotations

import csv
import html
import io
import re
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from feedback_nlp.analysis.call_backs import call_backs
from feedback_nlp.analysis.distinctive import distinctive_words
from feedback_nlp.analysis.drivers import drivers
from feedback_nlp.analysis.drivers.changes import score_change
from feedback_nlp.analysis.outcomes import choose_outcome
from feedback_nlp.analysis.priorities import priorities
from feedback_nlp.analysis.scores_compared import scores_compared
from feedback_nlp.analysis.watching.alerts import alerts
from feedback_nlp.analysis.watching.follow_up import follow_up
from feedback_nlp.errors import UsageError
from feedback_nlp.pages import call_list, emerging, telling_words, waiting, wording
from feedback_nlp.pipeline.emerging import EmergingGroup
from feedback_nlp.records import View
from feedback_nlp.store import Store
from tests.app_data import HOSTILE, fill_store
from tests.app_driver import Open, body, build_frames_of, frames_of, go, open_app, told, trouble

__all__ = ["open_app"]

PAGES = ("drivers", "watch", "actions")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Two scores, twelve themes, six languages over nine months; themes of a hostile name among them."""
    return fill_store(tmp_path_factory.mktemp("moving") / "feedback.db", 300, marked=True)


@pytest.fixture
def own_url(tmp_path: Path) -> str:
    """A database that a test may write to."""
    return fill_store(tmp_path / "own.db", 240, hostile=False)


def words(app: AppTest) -> str:
    return " ".join(e.value for kind in ("markdown", "caption") for e in app.get(kind))


def moved(url: str, **more: object):
    found = drivers(frames_of(url), **more)
    assert found is not None
    return found


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    ("scores", "stars", "themes"),
    [(("nps", "csat"), False, True), (("csat",), True, True), ((), False, True), (("nps",), False, False)],
    ids=["nps", "stars", "sentiment", "no-themes"],
)
def test_every_page_works_with_every_kind_of_outcome(
    open_app: Open, tmp_path: Path, page: str, scores: tuple[str, ...], stars: bool, themes: bool
) -> None:
    app = open_app(fill_store(tmp_path / "x.db", 120, scores=scores, stars=stars, themes=themes), page)
    assert trouble(app) == []
    assert any("no themes yet" in text for text in told(app)) != themes


def test_drivers_are_those_of_the_analysis_and_sum_to_the_score(open_app: Open, url: str) -> None:
    app, found = open_app(url, "drivers"), moved(url)
    assert trouble(app) == []
    assert [e.value for e in app.subheader] == ["What moves NPS", "What to do first", "What changed the score"]
    table = app.dataframe[0].value
    assert table["theme"].to_list() == found.table["label"].to_list()
    for column, name in (("adds", "contribution"), ("removed", "shapley"), ("alone", "impact"), ("n", "n_with")):
        assert [v for v in table[column].to_list() if v == v] == found.table[name].drop_nulls().to_list()
    known = found.table.filter(pl.col("contribution").is_not_null())
    clear = ["\u2713" if q <= 0.1 else "could be chance" for q in known["contribution_q"]]
    assert [word for word in table["clear"].to_list() if isinstance(word, str)] == clear
    assert set(clear) == {"\u2713", "could be chance"}
    base, total = wording.number(found.baseline), float(known["contribution"].sum())
    sign = "+" if total >= 0 else wording.MINUS
    said = f"**Adds:** NPS {wording.number(found.score)} = {base} {sign} {wording.number(abs(total))}: the baseline"
    assert said in words(app)
    assert f"over {found.n} responses of {found.n_people} people." in words(app)
    assert "Associations, not effects" in words(app)


def test_unclear_drivers_are_grey(open_app: Open, url: str) -> None:
    app = open_app(url, "drivers")
    styles = app.dataframe[0].proto.arrow_data.styler.styles
    table = app.dataframe[0].value
    unclear = {place for place, word in enumerate(table["clear"].to_list()) if word != "\u2713"}
    assert 0 < len(unclear) < len(table)
    assert {int(row) for row in re.findall(r"row(\d+)_col0\b", styles)} == unclear


def test_nothing_else_is_held_constant_on_demand(open_app: Open, url: str) -> None:
    app = open_app(url, "drivers")
    assert "the other themes, and Channel" in words(app)
    app.toggle(key="plain").set_value(True).run()
    assert trouble(app) == []
    plain = moved(url, controlled=False)
    assert app.dataframe[0].value["adds"].dropna().to_list() == plain.table["contribution"].drop_nulls().to_list()
    assert "the other themes, nothing else" in words(app)


def test_priorities_are_factors_side_by_side_sorted_by_any(open_app: Open, url: str) -> None:
    app = open_app(url, "drivers")
    app.selectbox(key="first_by").select("reach").run()
    assert trouble(app) == []
    table = priorities(frames_of(url), moved(url), sort="reach")
    assert app.dataframe[1].value["theme"].to_list() == table["label"].to_list()
    assert app.dataframe[1].value["reach"].to_list() == [100 * v for v in table["reach"]]
    assert table["theme_id"].to_list() != priorities(frames_of(url), moved(url))["theme_id"].to_list()


def test_what_changed_the_score_is_told_for_a_day_and_too_few_people_are_not(open_app: Open, url: str) -> None:
    app, frames = open_app(url, "drivers"), frames_of(url)
    dates = frames.feedback["created_at"].drop_nulls().sort()
    day = dates[len(dates) // 2].date()
    assert app.date_input[0].value == day
    found = score_change(frames, View(until=day.isoformat()), View(since=day.isoformat()))
    assert found is not None
    assert f"NPS went from {wording.number(found.before)} (n = {found.n_before})" in words(app)
    assert app.dataframe[2].value["total"].to_list() == found.table["total"].to_list()
    app.date_input[0].set_value(dates[-1].date()).run()
    assert trouble(app) == []
    assert len(app.dataframe) == 2
    assert "NPS went from" not in words(app)


def test_hostile_names_are_text_on_every_page(open_app: Open, url: str) -> None:
    with Store.open(url) as store:
        store.add_action("t-delivery", HOSTILE, "ana", owner=HOSTILE, hypothesis=HOSTILE, since="2025-05-01")
    for page in (*PAGES, "compare"):
        app = open_app(url, page)
        assert trouble(app) == []
        assert "<script" not in body(app)
        assert not re.search(r"(?<!\\)(<script|\*\*bold)", words(app))
    assert "\\<script\\>" in words(open_app(url, "actions"))


def test_figures_of_too_few_people_are_withheld(open_app: Open, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEEDBACK_PRIVACY_MINIMUM", "40")
    app = open_app(url, "drivers")
    assert trouble(app) == []
    found = drivers(build_frames_of(url, privacy_minimum=40))
    assert found is not None
    few = found.table.filter("suppressed")["label"].to_list()
    assert few
    table = app.dataframe[0].value
    hidden = table[table["theme"].isin(few)]
    assert hidden[["adds", "damage", "removed", "alone"]].isna().all().all()
    assert set(hidden["interval"]) == {"fewer than 40 people"}
    assert not set(few) & set(app.dataframe[1].value["theme"])


def test_themes_stand_out_with_what_was_expected_and_lead_to_their_verbatims(
    open_app: Open, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = alerts(frames_of(url))
    loud = table.filter("judged").head(1)
    assert loud.height == 1
    from feedback_nlp.analysis.watching import alerts as module

    figures = {"n_feedback": 31, "base": 90, "expected": 10.4, "expected_low": 5.0, "expected_high": 17.0, "ratio": 3.0}
    rows = [row | {"alarm": False} for row in table.to_dicts()]
    rows[rows.index(loud.row(0, named=True) | {"alarm": False})] |= figures | {"q": 0.001, "alarm": True}
    marked = pl.DataFrame(rows, schema=table.schema)

    def outbreak(frames: object, *, unit: str, level: int) -> pl.DataFrame:
        return marked

    monkeypatch.setattr(module, "alerts", outbreak)
    app = open_app(url, "watch")
    assert trouble(app) == []
    assert (
        f"came up in 31 of 90 answers in the month from {loud['period'][0]}, **3.0 times** what was to be expected: "
        "10.4 (5 to 17 in 95% of such months), q 0.001." in words(app)
    )
    app.button(key=f"read_{loud['theme_id'][0]}_{loud['period'][0]}").click().run()
    assert trouble(app) == []
    assert app.query_params["theme"] in (loud["theme_id"][0], [loud["theme_id"][0]])


def test_nothing_stands_out_is_said_and_weeks_work(open_app: Open, url: str) -> None:
    app = open_app(url, "watch", unit="Week")
    assert trouble(app) == []
    app.segmented_control(key="unit").select("week").run()
    assert trouble(app) == []
    assert "NPS by week" in [e.value for e in app.subheader]


def test_an_emerging_group_is_read_and_accepted_with_a_label_and_an_author(
    open_app: Open, own_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from feedback_nlp.pipeline import emerging as pipeline

    frames = frames_of(own_url)
    ids = tuple(frames.statements["statement_id"].head(6))
    accepted: list[tuple[str, str, str]] = []

    def accept(store: object, settings: object, group: EmergingGroup, author: str, *, label: str):
        accepted.append((group.group_id, author, label))
        return SimpleNamespace(kind="create", edit_id=7, n_retagged=6, codebook_version=2, conflicts=())

    group = EmergingGroup("e_1", HOSTILE, {}, ids, 6, 6, 3, None, None, {"en": 6}, -0.5)
    monkeypatch.setattr(pipeline, "find_emerging", lambda store, settings, *, least_months: (group,))
    monkeypatch.setattr(pipeline, "accept_emerging", accept)
    app = open_app(own_url, "watch")
    assert not any(box.key == "label_e_1" for box in app.text_input)
    app.button(key="find_emerging").click().run()
    assert trouble(app) == []
    assert html.escape(HOSTILE) in body(app)
    assert "<script" not in body(app)
    said = frames.statements.row(0, named=True)["text"]
    assert f">{html.escape(said)}</div>" in body(app)
    app.text_input(key="author_emerging").set_value("ana").run()
    app.text_input(key="label_e_1").set_value("New pain")
    next(button for button in app.button if button.label == "Make it a theme").click().run()
    assert trouble(app) == []
    assert accepted == [("e_1", "ana", "New pain")]
    assert any("New pain" in e.value and "By ana" in e.value for e in app.success)
    assert any(button.key == "undo_last" for button in app.button)


def test_samples_differ_and_come_from_several_languages(url: str) -> None:
    frames = build_frames_of(url)
    ids = tuple(frames.statements["statement_id"])
    shown = emerging.samples_html(SimpleNamespace(loaded=SimpleNamespace(frames=frames)), ids)  # type: ignore[arg-type]
    texts, codes = re.findall(r">([^<]+)</div>", shown), re.findall(r'lang="(\w+)"', shown)
    assert len(set(texts)) == len(codes) == len(set(codes)) == emerging.SAMPLES


def test_an_action_is_registered_changed_and_says_that_it_is_too_early(open_app: Open, own_url: str) -> None:
    app = open_app(own_url, "actions")
    assert "No action is registered yet. Register one above, with the day from which it should show." in told(app)
    register = "Register"
    next(b for b in app.button if b.label == register).click().run()
    assert len(app.warning) == 1
    app.text_input(key="author_actions").set_value("ana").run()
    next(box for box in app.selectbox if box.label == "Theme").select("t-waiting")
    app.text_input(key="action_title").set_value("More people on the phone")
    app.date_input(key="action_since").set_value(date(2025, 6, 1))
    next(box for box in app.selectbox if box.label == "Effort").select(3)
    next(b for b in app.button if b.label == register).click().run()
    assert trouble(app) == []
    with Store.open(own_url) as store:
        (action,) = store.actions()
    assert (action.theme_id, action.title, action.author) == ("t-waiting", "More people on the phone", "ana")
    assert (action.since, action.effort, action.state) == ("2025-06-01", 3, "planned")
    assert "**Not enough data yet.**" in words(app)
    app.selectbox(key="state_1_planned").select("done").run()
    assert trouble(app) == []
    with Store.open(own_url) as store:
        assert store.action(1).state == "done"
        store.change_action(1, state="dropped")  # by somebody else, while the page is open
    app.run()
    with Store.open(own_url) as store:
        assert store.action(1).state == "dropped"


def test_an_action_that_touches_a_segment_is_compared_with_the_others(open_app: Open, own_url: str) -> None:
    with Store.open(own_url) as store:
        store.add_action("t-waiting", "Call centre", "ana", since="2025-05-01", segments={"plan": ("Pro",)})
        store.add_action("t-waiting", "No day yet", "ana")
    app = open_app(own_url, "actions")
    assert trouble(app) == []
    assert "touches Plan Pro" in words(app)
    assert "Before and after need the day from which it should show." in words(app)
    app.segmented_control(key="by").select("week").run()
    assert trouble(app) == []
    assert re.search(r"\*\*(Better|Worse|No clear change|Not enough data yet)\.\*\*", words(app))
    app.segmented_control(key="measure").select("score").run()
    assert trouble(app) == []
    with Store.open(own_url) as store:
        found = follow_up(frames_of(own_url), store.action(1), unit="week", measure="score")
    assert f"**{found.verdict[:1].upper()}{found.verdict[1:]}.** {wording.plain(found.reason)}" in words(app)


@pytest.fixture
def calls_url(own_url: str) -> str:
    """A database in which one segment says who asked to be called back, under a name that does not say so."""
    import sqlalchemy as sa

    engine = sa.create_engine(own_url)
    with engine.begin() as connection:
        connection.execute(sa.text("update feedback set segments = json_set(segments, '$.reach', 'Yes')"))
    engine.dispose()
    return own_url


def test_who_asked_is_chosen_listed_changed_and_written_without_formulas(open_app: Open, calls_url: str) -> None:
    app = open_app(calls_url, "actions")
    assert trouble(app) == []
    assert not [b for b in app.button if b.key == "save_calls"]
    app.selectbox(key="asked").select("reach").run()
    assert trouble(app) == []
    frames = frames_of(calls_url)
    table = call_backs(frames, asked="reach")
    assert table.height > 0
    assert f"{table.height} customers said yes" in words(app)
    everybody = call_backs(frames, asked="reach", everybody=True)
    assert everybody.height > table.height
    app.toggle(key="call_everybody").set_value(True).run()
    assert f"{everybody.height} customers said yes" in words(app)
    with Store.open(calls_url) as store:
        edited = {1: {"owner": "=cmd()", "due": "2025-12-24"}, 0: {"state": "reached", "due": None}}
        assert call_list.save_calls(store, "ana", table, edited) == 2
        after = call_backs(frames, asked="reach", calls=store.calls())
        with pytest.raises(UsageError):
            call_list.save_calls(store, "ana", table, {0: {"state": "gone"}})
    rows = {row["feedback_id"]: row for row in after.iter_rows(named=True)}
    first, second = (rows[i] for i in table["feedback_id"].head(2))
    assert (first["state"], first["due"]) == ("reached", table["due"][0])
    assert (second["owner"], second["due"], second["state"]) == ("=cmd()", "2025-12-24", "open")
    written = list(csv.DictReader(io.StringIO(waiting.csv_bytes(after).decode("utf-8-sig"))))
    assert {row["owner"] for row in written} == {"", "'=cmd()"}


def test_groups_are_compared_with_everybody_else(open_app: Open, url: str) -> None:
    app = open_app(url, "compare")
    assert trouble(app) == []
    by = app.segmented_control(key="by").value
    table = scores_compared(frames_of(url), by)
    shown = app.dataframe[0].value
    assert shown["segment"].to_list() == table["segment_value"].to_list()
    assert shown["difference"].dropna().to_list() == table["difference"].drop_nulls().to_list()
    assert shown["q"].dropna().to_list() == table["q"].drop_nulls().to_list()
    assert len(table["q"].drop_nulls()) > 1
    feeling = scores_compared(frames_of(url), by, choose_outcome(frames_of(url), "sentiment"))
    assert app.dataframe[1].value["value"].dropna().to_list() == feeling["value"].drop_nulls().to_list()
    app.segmented_control(key="by").select("nps_segment").run()
    assert trouble(app) == []
    said = distinctive_words(frames_of(url), "nps_segment")
    assert said.height > 0
    for word in said["word"]:
        assert f">{html.escape(word)}</bdi>" in body(app)


def test_words_are_escaped_and_right_to_left_where_they_are() -> None:
    schema = {"segment_value": pl.String, "language": pl.String, "word": pl.String}
    rows = [("<b>A</b>", "ar", "انتظار"), ("<b>A</b>", "en", "<i>wait</i>")]
    table = (
        pl.DataFrame(rows, schema=schema, orient="row")
        .with_columns(n_people=pl.lit(9), n_others=pl.lit(2))
        .vstack(
            pl.DataFrame(
                [("<b>A</b>", "it", "coda", 9, 12)],
                schema={**schema, "n_people": pl.Int32, "n_others": pl.Int32},
                orient="row",
            )
        )
    )
    shown = telling_words.words_html(table, {}, 5)
    assert "<b>A</b></b>" not in shown
    assert "&lt;i&gt;wait&lt;/i&gt;" in shown
    assert shown.count(">9 vs &lt;5</bdi>") == 2
    assert ">9 vs 12</bdi>" in shown
    assert '<span class="fb-chip"><bdi lang="ar">انتظار</bdi> <bdi dir="ltr"' in shown
    assert '<span class="fb-chip"><bdi lang="en">' in shown


def test_a_filter_holds_on_the_new_pages(open_app: Open, url: str) -> None:
    app = open_app(url, "overview", language="English")
    for page in PAGES:
        go(app, page)
        assert trouble(app) == []
        assert "in English" in body(app)
