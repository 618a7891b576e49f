"""Emotions and intents in the app: bars with their base, filters, chips, evidence, and lists that wait for somebody."""

from __future__ import annotations

import csv
import html
import io
import re
from pathlib import Path

import polars as pl
import pytest

from feedback_nlp.analysis.acting import to_act_on
from feedback_nlp.analysis.disagreement import disagreements
from feedback_nlp.analysis.feeling_words import EMOTION_WORDS, INTENT_WORDS
from feedback_nlp.analysis.feelings import feelings
from feedback_nlp.analysis.verbatims import Span, find_verbatims
from feedback_nlp.errors import NothingToShow
from feedback_nlp.pages import quotes, waiting, why
from feedback_nlp.pipeline.sentiment_explaining import Explanation
from feedback_nlp.records import EMOTIONS, INTENTS, SentimentScore
from feedback_nlp.sentiment.evidence import Evidence
from tests.app_data import HOSTILE, fill_store
from tests.app_driver import Open, articles, body, build_frames_of, frames_of, open_app, told, trouble

__all__ = ["open_app"]

THEME = "t-waiting"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database whose statements express emotions and intents, one text of it hostile."""
    return fill_store(tmp_path_factory.mktemp("feelings") / "feedback.db", 240)


@pytest.fixture(scope="module")
def without_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The same from a scorer that does not look for them."""
    return fill_store(tmp_path_factory.mktemp("without") / "feedback.db", 120, feelings=False)


def captions(app) -> str:
    return " ".join(element.value for element in app.caption)


def test_every_emotion_and_intent_has_a_word_and_a_meaning() -> None:
    assert list(EMOTION_WORDS) == [*EMOTIONS, "none"]
    assert list(INTENT_WORDS) == list(INTENTS)
    words = [feeling.word for feeling in (*EMOTION_WORDS.values(), *INTENT_WORDS.values())]
    assert len(set(words)) == len(words)


def test_the_overview_says_what_people_feel_and_want_and_how_many_wait(open_app: Open, url: str) -> None:
    app = open_app(url)
    assert trouble(app) == []
    assert "Feelings and intents" in [element.value for element in app.subheader]
    table = feelings(frames_of(url))
    none = table.filter(kind="emotion", name="none").row(0, named=True)
    said = f"Share of the {none['base']} answers that say something; one may express several. No emotion was found in "
    assert f"{said}{100 * none['share']:.0f}% (" in captions(app)
    assert f"; {none['n_feedback']})." in captions(app)
    labels = [link.proto.label for link in app.get("page_link")]
    for intent, word in (("urgent", "urgent"), ("churn", "may leave")):
        total = to_act_on(frames_of(url), intent=intent).total
        assert total > 0
        assert f"{total} statements: {word}" in labels


def test_pages_without_emotions_and_intents_say_nothing_of_them(open_app: Open, without_url: str) -> None:
    app = open_app(without_url)
    assert trouble(app) == []
    assert "Feelings and intents" not in [element.value for element in app.subheader]
    app = open_app(without_url, "theme", theme=THEME)
    assert trouble(app) == []
    assert not {"emotion", "intent"} & {pills.key for pills in app.pills}
    assert "Negative" not in body(app)
    app = open_app(without_url, "review", queue="Urgent")
    assert told(app) == ["Intents were not looked for in these texts: the scorer in force does not tell them."]


def test_a_button_beside_a_bar_filters_the_list_below(open_app: Open, url: str) -> None:
    app = open_app(url, "theme", theme=THEME)
    assert trouble(app) == []
    table = feelings(frames_of(url), theme_id=THEME).filter(kind="emotion", name="worry").row(0, named=True)
    button = app.button(key="read_emotion_worry")
    assert button.label == f"worry ({table['n_feedback']})"
    everything = articles(app)
    button.click().run()
    found = find_verbatims(frames_of(url), theme_id=THEME, emotion="worry", limit=10)
    assert found.total == table["n_feedback"]
    assert articles(app) == [quotes.verbatim_html(item) for item in found.items]
    assert articles(app) != everything
    app.pills(key="intent").select("urgent").run()
    found = find_verbatims(frames_of(url), theme_id=THEME, emotion="worry", intent="urgent", limit=10)
    assert 0 < found.total < table["n_feedback"]
    assert articles(app) == [quotes.verbatim_html(item) for item in found.items]


def test_a_copied_address_brings_the_same_list(open_app: Open, url: str) -> None:
    app = open_app(url, "theme", theme=THEME, sentiment="negative", emotion="worry", intent="may leave")
    assert trouble(app) == []
    found = find_verbatims(frames_of(url), theme_id=THEME, sentiment="negative", emotion="worry", intent="churn")
    assert found.total > 0
    assert articles(app) == [quotes.verbatim_html(item) for item in found.items[:10]]
    app = open_app(url, "theme", theme=THEME, emotion="rage", intent="nothing")
    assert trouble(app) == []
    assert len(articles(app)) == 10


def test_a_theme_says_praise_and_blame_and_how_many_answers_hold_both(open_app: Open, url: str) -> None:
    app = open_app(url, "theme", theme="t-service")
    mixed = find_verbatims(frames_of(url), theme_id="t-service", sentiment="mixed", limit=1)
    answers = frames_of(url).mentions.filter(theme_id="t-service")["feedback_id"].n_unique()
    assert mixed.total > 0
    assert (
        f"{mixed.total} of the {answers} answers that mention the theme praise one thing in it and blame another."
        in captions(app)
    )
    for tone, word in (("positive", "Praise"), ("negative", "Blame")):
        page = find_verbatims(frames_of(url), theme_id="t-service", sentiment=tone, order=f"most_{tone}", limit=20)
        assert f"{word}: the clearest of {page.total} answers" in captions(app)
        typical = next(item for item in page.items if len(item.text) <= 420)
        assert f'<div class="fb-typical">{quotes.verbatim_html(typical)}</div>' in body(app)


def test_a_chip_behind_a_statement_says_its_feelings_left_to_right() -> None:
    text = "\u0627\u0646\u062a\u0638\u0631\u062a <b>. \u0634\u0643\u0631\u0627"
    spans = (
        Span(0, 11, ("t",), ("Wait",), "negative", True, ("anger",), ("complaint", "churn")),
        Span(12, 16, ("u",), ("Other",), "positive", False, ("joy",), ("praise",)),
    )
    meanings = "Anger or frustration. Says that something is wrong. Has left, is leaving or means to."
    assert quotes.marked_text(text, spans, feelings=True) == (
        f'<mark class="fb-negative" title="Wait">{html.escape(text[:11])}</mark>'
        f' <bdi class="fb-feel fb-negative" dir="ltr" lang="en" title="{meanings}">'
        "\u2212 negative \u00b7 anger \u00b7 complaint \u00b7 may leave</bdi>" + text[11:]
    )
    bare = Span(0, 11, ("t",), ("Wait",), None, True)
    assert quotes.marked_text(text, (bare,), feelings=True) == quotes.marked_text(text, (bare,))


def test_evidence_is_marked_by_sign_and_escaped() -> None:
    score = SentimentScore(-0.8, "negative", 0.875)
    text = "The <i>app is not good"
    evidence = (Evidence(14, 22, -1.97), Evidence(4, 10, 0.45), Evidence(0, 3, -0.3))
    told_so = why.explanation_html(Explanation(text, "en", "What is bad?", -0.6, score, evidence, "k"))
    assert told_so == (
        '<div class="fb-why" dir="auto" lang="en">The <span class="fb-for">&lt;i&gt;app<bdi dir="ltr">+0.5</bdi></span>'
        ' is <span class="fb-against">not good<bdi dir="ltr">\u22122.0</bdi></span></div>'
        '<div class="fb-meta"><span>negative, probability 88%. The question asks for what is bad, and that counts too.'
        "</span></div>"
    )
    assert "No single word decided it." in why.explanation_html(Explanation("Ok", "en", "", 0.0, score, (), "k"))


def test_why_is_worked_out_for_the_statements_of_the_theme(
    open_app: Open, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def explain(store, statement_id, settings, encoder):
        asked.append(statement_id)
        if len(asked) > 1:
            raise NothingToShow("The text holds no word.")
        return Explanation("Bad", "en", "", 0.0, SentimentScore(-0.8, "negative", 0.9), (Evidence(0, 3, -2.3),), "k")

    monkeypatch.setattr("feedback_nlp.pipeline.sentiment_explaining.explain_statement", explain)
    monkeypatch.setattr("feedback_nlp.encoding.load_encoder", lambda settings: None)
    frames = frames_of(url)
    page = find_verbatims(frames, theme_id=THEME, limit=10)
    ids = [item.feedback_id for item in page.items]
    app = open_app(url, "theme", theme=THEME)
    app.session_state["why"] = True
    for feedback_id in ids[:2]:
        app.session_state[f"why_{feedback_id}"] = True
    app.run()
    assert trouble(app) == []
    said = frames.mentions.filter(theme_id=THEME).select("statement_id")
    own = frames.statements.join(said, on="statement_id", how="semi")
    assert asked == [i for f in ids[:2] for i in own.filter(feedback_id=f).sort("start")["statement_id"]]
    assert 'Bad<bdi dir="ltr">\u22122.3</bdi>' in body(app)
    assert "The text holds no word\\." in captions(app)
    assert why.HOW_TO_READ in captions(app)


@pytest.mark.parametrize(("queue", "intent"), [("Urgent", "urgent"), ("May leave", "churn")])
def test_who_waits_is_listed_with_count_and_base(open_app: Open, url: str, queue: str, intent: str) -> None:
    frames = frames_of(url)
    found = to_act_on(frames, intent=intent, limit=10)
    app = open_app(url, "review", queue=queue)
    assert trouble(app) == []
    share = f"{100 * found.total / frames.statements.height:.1f}%"
    assert f"{found.total} of the view\u2019s {frames.statements.height} statements ({share})." in captions(app)
    texts = [re.search(r"<mark[^>]*>(.*?)</mark>", card)[1] for card in articles(app)]
    shown = [html.escape(text).replace("\n", "<br>") for text in found.items["text"]]
    assert texts == shown
    assert all(INTENT_WORDS[intent].word in card for card in articles(app))
    if found.total > 10:
        app.pagination[0].select(2).run()
        assert len(articles(app)) == min(10, found.total - 10)
        assert articles(app)[0] not in body(open_app(url, "review", queue=queue))


def test_scores_that_contradict_their_text_are_listed_widest_gap_first(open_app: Open, url: str) -> None:
    found = disagreements(frames_of(url), limit=10)
    assert found.total > 0
    app = open_app(url, "review", queue="Score and text disagree")
    assert trouble(app) == []
    assert f"{found.total} of the {found.base} answers that were compared (" in captions(app)
    reasons = [re.search(r"<b>(.*?)</b>", card)[1] for card in articles(app)]
    assert reasons == [html.escape(reason) for reason in found.items["reason"]]


def test_close_calls_are_what_the_page_opens_with(open_app: Open, url: str) -> None:
    app = open_app(url, "review")
    assert trouble(app) == []
    assert "Statements whose theme is in doubt." in captions(app)
    assert app.segmented_control(key="queue").value == "Close calls"


def test_a_file_of_the_list_holds_all_of_it_and_no_formula(url: str) -> None:
    table = pl.DataFrame({"text": ["=1+1", "fine"], "themes": [["a", "-b"], []], "n": [-1, 2]})
    data = waiting.csv_bytes(table)
    assert data.startswith(b"\xef\xbb\xbf")
    assert list(csv.reader(io.StringIO(data.decode("utf-8-sig")))) == [
        ["text", "themes", "n"],
        ["'=1+1", "a|-b", "-1"],
        ["fine", "", "2"],
    ]


def test_lists_of_too_few_people_are_withheld(open_app: Open, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEEDBACK_PRIVACY_MINIMUM", "60")
    hidden = feelings(build_frames_of(url, privacy_minimum=60)).filter(kind="intent", name="urgent").row(0, named=True)
    assert (hidden["n_feedback"], hidden["suppressed"]) == (None, True)
    app = open_app(url)
    assert trouble(app) == []
    assert "too few people: fewer than 60 people" in captions(app)


def test_hostile_text_is_text_on_a_card() -> None:
    feedback = {"text": f"{HOSTILE}.", "asides": "[]", "language": '"><b', "created_at": None, "question": HOSTILE}
    feedback |= {"external_id": HOSTILE, "feedback_id": "f", "nps_segment": None, "score.<b>": 3.0}
    said = {"start": 0, "end": len(HOSTILE), "sentiment_label": "negative", "emotions": ["anger"], "intents": None}
    card = waiting._card(feedback, (waiting._span(said),), [])
    assert card.count(html.escape(HOSTILE)) == 3
    assert '<span class="fb-badge fb-plain">&lt;B&gt; 3</span>' in card
    assert set(re.findall(r"<(\w+)", card)) == {"article", "div", "span", "mark", "bdi"}


def test_a_file_names_the_feedback_and_the_customer(url: str, tmp_path: Path) -> None:
    class Part:
        frames = frames_of(url)

    items = to_act_on(Part.frames, intent="urgent", limit=1000).items
    table = waiting.with_contact(Part, items)  # type: ignore[arg-type]
    assert table["statement_id"].to_list() == items["statement_id"].to_list()
    assert table.columns[-4:] == ["external_id", "customer_id", "source", "channel"]
    assert table["external_id"].null_count() == 0
