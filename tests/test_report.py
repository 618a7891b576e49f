"""The report: complete, honest, escaped, self-contained."""

from __future__ import annotations

import json
import re
from datetime import datetime
from html.parser import HTMLParser

import polars as pl
import pytest

from feedback_nlp.analysis.drivers import drivers
from feedback_nlp.analysis.feelings import feelings
from feedback_nlp.analysis.frames import AnalysisFrames, apply_view, build_frames
from feedback_nlp.analysis.outcomes import choose_outcome
from feedback_nlp.analysis.overview import overview
from feedback_nlp.analysis.themes import theme_table
from feedback_nlp.analysis.trends import theme_by_month
from feedback_nlp.analysis.verbatims import Span
from feedback_nlp.analysis.watching.alerts import alerts
from feedback_nlp.errors import NothingToShow
from feedback_nlp.records import Aside, View
from feedback_nlp.report import driving, render_report, wording
from feedback_nlp.report.quotes import LONGEST, choose_quotes, marked
from feedback_nlp.settings import Settings
from tests.sample import raw_frames, with_tickets

CREATED = datetime(2025, 9, 4)


class Page(HTMLParser):
    """Collects tags with attributes, and the text of each kind of element; fails on tags that do not match."""

    VOID = frozenset({"meta", "br", "link", "img"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(html)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in set(self._open):
            self.texts[tag][-1] += data

    def text(self) -> str:
        return " ".join(" ".join(self.texts["body"]).split())


@pytest.fixture(scope="module")
def frames() -> AnalysisFrames:
    return build_frames(raw_frames(), Settings())


def render(frames: AnalysisFrames, view: View | None = None, **more: object) -> str:
    given = {"title": "Spring survey", "codebook_version": 7, "created": CREATED, **more}
    return render_report(frames, view=view or View(), **given)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def html(frames: AnalysisFrames) -> str:
    return render(frames, notes=["Scored on a small model."])


def test_report_has_its_parts_in_order(frames: AnalysisFrames, html: str) -> None:
    page = Page(html)
    assert page.texts["h1"] == ["Spring survey"]
    assert page.texts["h2"] == [
        "Scores",
        "What goes with a higher or lower NPS",
        "What moves NPS",
        "Top pain points by damage to NPS",
        "What earns promoters",
        "Moving, and not yet covered",
        "How to read this report",
    ]
    text = page.text()
    table = theme_table(frames).filter(pl.col("impact") < 0)
    cards = [heading.strip() for heading in page.texts["h3"]]
    assert [c for c in cards if c in table["label"].to_list()] == table["label"].to_list()
    for row in table.iter_rows(named=True):
        assert f"{row['n_feedback']} of {row['base']}" in text
        assert wording.number(row["impact"], 1, signed=True) in text
        low, high = (wording.number(row[f"impact_{end}"], 1, signed=True) for end in ("low", "high"))
        assert f"{low} to {high} (95%)" in text
        assert f"{row['n_negative']} negative, {row['n_neutral']} neutral, {row['n_positive']} positive" in text
    worst = table.row(0, named=True)
    assert f"{worst['label']} is associated with the most damage: NPS is" in text
    assert f"a difference of {wording.number(worst['impact'], 1, signed=True)} NPS points (95% interval" in text
    assert "All feedback" in text
    assert "Codebook version 7" in text
    assert "4 Sep 2025" in text
    assert "Scored on a small model." in text
    assert "1 of 5 themes is not shown: fewer than 5 people mention it." in text
    assert "Contract terms" not in text


def test_chance_is_said_plainly_once_for_each_unsure_theme(frames: AnalysisFrames, html: str) -> None:
    unsure = theme_table(frames).filter((pl.col("impact_low") <= 0) & (pl.col("impact_high") >= 0)).height
    assert unsure > 0
    assert html.count("this could be chance") == unsure


def test_a_sub_theme_that_goes_the_other_way_stands_for_itself(html: str) -> None:
    page = Page(html)
    assert "Friendly staff in Customer service" in [" ".join(h.split()) for h in page.texts["h3"]]


def test_labels_keep_their_script_and_may_be_whole_statements() -> None:
    raw = raw_frames()
    labels = {
        "t-money": "\u0641\u0627\u062a\u0648\u0631\u0629 \u062e\u0627\u0637\u0626\u0629",
        "t-late": "Nu cumpara\u021bi, nici pe departe, coletul a venit dup\u0103 trei s\u0103pt\u0103m\u00e2ni <gol>",
    }
    renamed = pl.col("theme_id").replace_strict(labels, default=pl.col("label")).alias("label")
    raw["themes"] = raw["themes"].with_columns(renamed)
    html = render(build_frames(raw, Settings()))
    assert f'<h3><bdi dir="auto" lang="ar">{labels["t-money"]}</bdi></h3>' in html
    assert labels["t-late"].replace("<", "&lt;").replace(">", "&gt;") in html
    assert '<bdi dir="auto">Customer service</bdi>' in html


def test_marks_say_what_sets_themes_apart_and_how_stable_they_are(html: str) -> None:
    assert "Marks on themes" not in html
    assert "<dt>Stability" not in html
    raw = raw_frames()
    facts = {
        "t-service": {"source": "guided", "label_source": "codebook"},
        "t-waiting": {"state": "candidate", "stability": 0.598},
        "t-product": {"is_emerging": True, "label_source": "llm", "stability": 0.75},
    }
    names = {"source": "discovered", "label_source": "phrases", "stability": None, "is_emerging": False}
    rows = [names | row | facts.get(row["theme_id"], {}) for row in raw["themes"].to_dicts()]
    page = render(build_frames(raw | {"themes": pl.DataFrame(rows)}, Settings()))
    assert Page(page).text().count("stability 0.59, not stable") == page.count("stability 0.59")
    for sign, word, n in (
        ("◌", "candidate", 1),
        ("✦", "emerging", 1),
        ("▤", "from your codebook", 1),
        ("≈", "name not accepted yet", 1),
    ):
        assert f"<li>{sign} {word} ({n} of {len(rows)} themes and sub-themes): " in page
    assert 'class="chip mark-guided"' in page
    assert 'class="chip mark-candidate"' in page
    assert "Signs before a name: ◌ candidate, ✦ emerging, ≈ name not accepted yet; what they mean" in page
    assert "<dt>Stability</dt><dd>How much of the theme is found again" in page


def test_hidden_months_are_said_to_be_hidden(frames: AnalysisFrames, html: str) -> None:
    found = [int(n) for n in re.findall(r"; (\d+) months? left open \(fewer than 5 people\)", html)]
    hidden = []
    for row in theme_table(frames).filter(pl.col("impact") < 0).iter_rows(named=True):
        months = theme_by_month(frames, row["theme_id"])
        if months["share"].drop_nulls().len() >= 3 and months["suppressed"].any():
            hidden.append(int(months["suppressed"].sum()))
    assert hidden
    assert found[: len(hidden)] == hidden


def test_nothing_is_promised_or_fetched(html: str) -> None:
    page = Page(html)
    text = page.text().lower()
    assert "associated with" in text
    assert not re.search(r"will (raise|rise|increase|improve|gain)", text)
    assert {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe", "object", "form", "base"} == set()
    addresses = set(re.findall(r"(?:https?:)?//[\w.]+[^\"' )<]*", html))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert "@import" not in html
    assert not re.search(r"url\((?!#)", html)
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)


def test_quotes_carry_id_date_language_direction_and_evidence(frames: AnalysisFrames, html: str) -> None:
    page = Page(html)
    quoted = [attributes for tag, attributes in page.tags if tag == "p" and "lang" in attributes]
    assert len(quoted) == len(page.texts["blockquote"])
    assert {a["dir"] for a in quoted} == {"auto"}
    assert len({a["lang"] for a in quoted}) >= 4
    sentences = set(frames.statements["text"])
    marks = page.texts["mark"]
    assert len(marks) >= 12
    assert set(marks) <= sentences
    ids = dict(frames.feedback.select("feedback_id", "text").iter_rows())
    days = dict(frames.feedback.select("feedback_id", "created_at").iter_rows())
    for quote in page.texts["blockquote"]:
        found = re.search(r"f-r\d+-\d", quote)
        assert found
        assert ids[found[0]] in quote
        if days[found[0]] is not None:
            assert wording.day(days[found[0]]) in quote


def test_hostile_text_stays_text() -> None:
    raw = raw_frames(80)
    nasty = '<script>alert("x")</script><img src=http://evil.example/a.png onerror=1>&amp;'
    raw["themes"] = raw["themes"].with_columns(pl.lit(nasty).alias("label"))
    prefix = pl.lit(nasty + " ")
    raw["feedback"] = raw["feedback"].with_columns(
        pl.concat_str(prefix, "text").alias("text"), pl.lit(json.dumps({"plan": nasty})).alias("segments")
    )
    shift = len(nasty) + 1
    raw["statements"] = raw["statements"].with_columns(pl.col("start", "end") + shift)
    html = render(build_frames(raw, Settings()), title=nasty, notes=[nasty])
    page = Page(html)
    assert {tag for tag, _ in page.tags} & {"script", "img"} == set()
    assert page.texts["h1"] == [nasty]
    assert any(nasty in quote for quote in page.texts["blockquote"])


def test_view_is_spelled_out(frames: AnalysisFrames) -> None:
    view = View(
        segments={"plan": ("Basic", "Plus")},
        languages=("ro", "ar"),
        nps_segments=("detractor",),
        channels=("web",),
        facets={"touchpoint": ("app", "phone")},
        since="2025-02-01",
        until="2025-06-01",
    )
    assert wording.in_words(view) == [
        "Plan: Basic, Plus",
        "Language: Romanian, Arabic",
        "Channel: web",
        "NPS segment: detractor",
        "Touchpoint as said: app, phone",
        "From 1 Feb 2025",
        "To 31 May 2025",
    ]
    view = View(languages=("en", "ro"))
    assert "Language: English, Romanian" in Page(render(apply_view(frames, view), view)).text()


@pytest.mark.parametrize(
    ("name", "heading", "promoters"),
    [
        ("sentiment", "Top pain points by damage to net sentiment", "What goes with higher net sentiment"),
        ("csat", "Top pain points by damage to CSAT", "What goes with higher CSAT"),
    ],
)
def test_headings_follow_the_outcome(frames: AnalysisFrames, name: str, heading: str, promoters: str) -> None:
    headings = Page(render(frames, outcome=choose_outcome(frames, name))).texts["h2"]
    assert heading in headings
    assert promoters in headings
    assert not any("NPS" in h or "promoters" in h for h in headings)


def test_report_without_themes_says_so() -> None:
    raw = raw_frames(60)
    raw["mentions"], raw["themes"] = raw["mentions"].clear(), raw["themes"].clear()
    text = Page(render(build_frames(raw, Settings()))).text()
    assert "No theme in this view is mentioned by enough people" in text
    assert "100% of meaningful feedback" in text


def test_report_without_scores_or_dates() -> None:
    raw = raw_frames(60)
    raw["feedback"] = raw["feedback"].with_columns(
        pl.lit("{}").alias("scores"), pl.lit(None, dtype=pl.Datetime("us")).alias("created_at")
    )
    raw["scales"] = raw["scales"].clear()
    text = Page(render(build_frames(raw, Settings()))).text()
    assert "no dates" in text
    assert "damage to net sentiment" in text


def test_too_few_people_make_no_report() -> None:
    with pytest.raises(NothingToShow):
        render(build_frames(raw_frames(3), Settings()))


def test_same_input_gives_the_same_file(html: str) -> None:
    raw = {name: frame.sample(fraction=1, shuffle=True, seed=5) for name, frame in raw_frames().items()}
    assert render(build_frames(raw, Settings()), notes=["Scored on a small model."]) == html


def test_long_verbatims_are_cut_around_the_evidence() -> None:
    text = "word " * 100 + "The bill is <wrong>. " + "more " * 100
    start = text.index("The bill")
    html = str(marked(text, [Span(start, start + 20, ("t",), ("T",), "negative", True)]))
    assert "<mark>The bill is &lt;wrong&gt;.</mark>" in html
    assert html.startswith("[\u2026] word")
    assert html.endswith(" [\u2026]")
    assert len(html) < LONGEST + 60
    assert marked("short & sweet", []) == "short &amp; sweet"
    everything = "x" * 3000
    assert len(marked(everything, [Span(0, 3000, ("t",), ("T",), None, True)])) < 3 * LONGEST


def test_only_what_is_said_is_quoted() -> None:
    text = "Dear <PERSON_1>,\n\nthe app <crashes> when I call `pay()` at night.  \nThanks\n<PERSON_2>"
    start = text.index("the app")
    spans = [Span(start, text.index("night.") + 6, ("t",), ("T",), "negative", True)]
    asides = [
        Aside(0, text.index("\n"), "greeting"),
        Aside(text.index("`pay"), text.index(" at night"), "code"),
        Aside(text.index("Thanks"), len(text), "signature"),
    ]
    assert marked(text, spans, asides) == (
        "[…] <mark>the app &lt;crashes&gt; when I call</mark> […] <mark>at night.</mark> […]"
    )
    assert marked("Ask <PERSON_1>!", []) == 'Ask <bdi dir="ltr">[person 1]</bdi>!'
    assert marked("Hi all\n\nBye", [], [Aside(0, 2, "greeting"), Aside(3, 6, "quote")]) == "[…] Bye"
    assert marked("only a log", [], [Aside(0, 10, "log")]) == "[…]"
    many = "said `code` " * 20_000
    gaps = [Aside(12 * i + 5, 12 * i + 11, "code") for i in range(20_000)]
    assert marked(many, [], gaps).startswith("said […] said […]")


def test_quotes_of_tickets_leave_out_signatures_and_logs() -> None:
    html = render(build_frames(with_tickets(raw_frames()), Settings()))
    page = Page(html)
    assert any(quote.strip().startswith("[…]") for quote in page.texts["blockquote"])
    for left_out in ("timeout after", "Dear team", "Best regards", "PERSON_1"):
        assert left_out not in html
    text = page.text()
    assert "What was replaced" in text
    assert re.search(r"by type and language: person \d+ \((English|Russian) \d+, ", text)


def test_the_bases_say_what_was_answered(frames: AnalysisFrames, html: str) -> None:
    text, facts = Page(html).text(), overview(frames)
    assert f"{facts.n_answered} answered, {facts.n_meaningful} said something" in text
    nothing = facts.nothing_to_improve
    assert nothing is not None
    assert f"{nothing.n} of the {nothing.n_asked} answers about what to improve say “nothing”: a compliment." in text
    assert f"{facts.n_non_answers} of {facts.n_answered} answers say nothing" in text
    assert f"{facts.n_exact_duplicates} answers repeat another one word for word" in text


def test_few_who_say_nothing_are_not_told() -> None:
    raw = raw_frames()
    silent = pl.col("is_non_answer") & (pl.int_range(pl.len()).over("is_non_answer") >= 3)
    raw["feedback"] = raw["feedback"].filter(~silent)
    frames = build_frames(raw, Settings())
    facts = overview(frames)
    assert facts.n_answered is None
    text = Page(render(frames)).text()
    assert f"Meaningful answers{facts.n_meaningful} Period" in text
    assert "said something" not in text
    assert "answers say nothing" not in text


def test_quotes_differ_in_text_and_prefer_other_languages(frames: AnalysisFrames) -> None:
    quotes = choose_quotes(frames, theme_id="t-waiting", sentiment="negative")
    assert len(quotes) == 3
    assert len({quote.language for quote in quotes}) == 3
    again = choose_quotes(frames, theme_id="t-waiting", sentiment="negative", used={q.feedback_id for q in quotes})
    assert not {q.feedback_id for q in quotes} & {q.feedback_id for q in again}
    assert choose_quotes(frames, theme_id="t-legal") == ()


@pytest.mark.parametrize(
    ("value", "digits", "signed", "expected"),
    [(-0.04, 1, True, "0.0"), (-3.25, 1, True, "\u22123.2"), (1234.5, 0, False, "1,234"), (2.0, 1, True, "+2.0")],
)
def test_numbers_in_words(value: float, digits: int, signed: bool, expected: str) -> None:
    assert wording.number(value, digits, signed=signed) == expected


def with_feelings(raw: dict[str, pl.DataFrame], *, every: int = 3) -> dict[str, pl.DataFrame]:
    """Give every nth statement emotions and intents as a scorer would."""
    found = pl.int_range(pl.len()) % every == 0
    emotions, intents = '{"anger": 0.9, "worry": 0.6}', '{"complaint": 0.9, "urgent": 0.8}'
    columns = {"emotions": emotions, "intents": intents}
    statements = raw["statements"].with_columns(
        pl.when(found).then(pl.lit(said)).otherwise(pl.lit("{}")).alias(name) for name, said in columns.items()
    )
    return {**raw, "statements": statements}


def test_feelings_are_told_with_count_base_and_interval_and_those_who_wait_are_quoted() -> None:
    frames = build_frames(with_feelings(raw_frames()), Settings())
    table = feelings(frames)
    html = render(frames)
    page = Page(html)
    assert "How people feel, and what they want" in page.texts["h2"]
    assert [t for t in page.texts["h3"] if t.startswith("What they ")] == ["What they feel", "What they want"]
    none = table.filter(name="none").row(0, named=True)
    urgent = table.filter(name="urgent").row(0, named=True)
    said = f"Share of {none['base']:,} answers; no emotion was found in {100 * none['share']:.0f}% ("
    assert f"{said}{none['n_feedback']:,})." in page.texts["figcaption"]
    assert (
        f"{urgent['n_feedback']:,} answers need a person now (\u201curgent\u201d): {100 * urgent['share']:.0f}% of "
        f"{urgent['base']:,}; {100 * urgent['share_low']:.0f} to {100 * urgent['share_high']:.0f}%."
    ) in page.text()
    labels = [attributes["aria-label"] for tag, attributes in page.tags if tag == "svg"]
    share = f"{100 * table.filter(name='anger')['share'][0]:.0f}%"
    assert f"What they feel: \u2212 anger {share}; \u2212 worry {share}" in labels
    (quote,) = choose_quotes(frames, intent="urgent", limit=1)
    assert str(quote.html) in html
    ids = frames.statements.filter(pl.col("intents").list.contains("urgent"))["feedback_id"]
    assert quote.feedback_id in ids
    assert "have left, are leaving" not in page.text()  # nobody does


def test_a_report_without_emotions_and_intents_says_nothing_of_them(frames: AnalysisFrames) -> None:
    page = Page(render(frames))
    assert "How people feel, and what they want" not in page.texts["h2"]
    assert "Emotions and intents" not in page.texts["dt"]


def test_those_who_wait_are_not_counted_or_quoted_where_they_are_few() -> None:
    raw = with_feelings(raw_frames(), every=220)
    few = build_frames(raw, Settings())
    people = feelings(few).filter(name="urgent")["n_people"][0]
    assert people is None
    page = Page(render(few))
    assert "How people feel, and what they want" in page.texts["h2"]
    assert "need a person now" not in page.text()
    assert "left open: fewer than 5 people" in page.text()


def test_what_moves_the_score_sums_to_it_with_n_and_interval(frames: AnalysisFrames, html: str) -> None:
    found = drivers(frames)
    assert found is not None
    known = found.table.filter(pl.col("contribution").is_not_null())
    assert known.height > 1
    text = Page(html).text()
    total = float(known["contribution"].sum())
    score, base, added = (wording.number(value, 1) for value in (found.score, found.baseline, abs(total)))
    sign = "+" if total >= 0 else wording.MINUS
    assert f"NPS {score} = {base} {sign} {added}: the baseline" in text
    assert f"over {found.n} responses of {found.n_people} people" in text
    rows = re.findall(r"<tr[^>]*>(<td>.*?)</tr>", html)
    assert len(rows) == known.height
    for row, cells in zip(known.iter_rows(named=True), rows, strict=True):
        low, high = (wording.number(row[f"contribution_{end}"], 1, signed=True) for end in ("low", "high"))
        assert f">{row['label']}</bdi>" in cells
        assert f"<td>{low} to {high}</td>" in cells
        assert f"<td>{row['n_with']}</td>" in cells
        assert ("could be chance" in cells) == (row["contribution_q"] > 0.1)


def test_labels_in_what_moves_the_score_stay_text() -> None:
    raw = raw_frames()
    nasty = "</table><script>alert(1)</script>"
    raw["themes"] = raw["themes"].with_columns(pl.lit(nasty).alias("label"))
    page = render(build_frames(raw, Settings()))
    assert "<script" not in page
    assert Page(page).texts["td"].count(nasty) > 1


def test_an_outbreak_is_an_alarm_and_a_fall_of_the_score_is_told_with_its_parts() -> None:
    raw = raw_frames(900)
    calm = render(build_frames(raw, Settings()))
    assert "stands out in the month" not in calm
    assert "Largest parts:" not in calm
    feedback = raw["feedback"].sort("created_at")
    late = pl.col("created_at") >= feedback["created_at"][feedback.height // 2]
    fallen = pl.when(late).then(pl.lit('{"nps": 2}')).otherwise("scores").alias("scores")
    page = render(build_frames(raw | {"feedback": raw["feedback"].with_columns(fallen)}, Settings()))
    assert re.search(r"NPS went from .* Largest parts: .*Associations, not causes\.", Page(page).text())


def test_alarms_are_told_with_what_was_to_be_expected(frames: AnalysisFrames, monkeypatch: pytest.MonkeyPatch) -> None:
    row = (
        alerts(frames)
        .head(1)
        .with_columns(
            *(
                pl.lit(value).alias(name)
                for name, value in (("label", "<b>Billing</b>"), ("n_feedback", 31), ("base", 90))
            ),
            *(pl.lit(v).alias(n) for n, v in (("expected", 10.4), ("expected_low", 5.0), ("expected_high", 17.0))),
            *(pl.lit(v).alias(n) for n, v in (("ratio", 2.98), ("q", 0.001), ("alarm", True))),
        )
    )
    calm = row.with_columns(pl.lit(False).alias("alarm"), pl.lit("Calm").alias("label"))
    monkeypatch.setattr(driving, "alerts", lambda frames, level: pl.concat([row, calm]))
    text = Page(render(frames)).text()
    assert "<b>Billing</b> stands out in the month from" in text
    assert ": 31 of 90 answers, 3.0 times the 10.4 to be expected (5 to 17 in 95% of such months; q 0.001)." in text
    assert "Calm" not in text


def test_too_few_scores_leave_out_what_moves_the_score() -> None:
    raw = raw_frames(12)
    page = render(build_frames(raw, Settings()))
    assert "What moves NPS" not in Page(page).texts["h2"]
