"""The bundled survey through the whole program with the real encoder: what was planted in it comes out again.

The bounds are not what is reached but what has to be: well below, so that they only fail when something breaks.
"""

from __future__ import annotations

from collections import Counter

import polars as pl
import pytest

from feedback_nlp.analysis.overview import overview
from feedback_nlp.analysis.scores import summarise_scores
from feedback_nlp.analysis.segments import theme_by_segment
from feedback_nlp.analysis.themes import theme_table
from feedback_nlp.language.cleaning.texts import clean_text
from tests.mined import MinedSurvey

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def planted(mined_survey: MinedSurvey) -> pl.DataFrame:
    """(feedback_id, statement_id, theme_key, best_theme_id) for each planted statement that is found again."""
    texts = {row["external_id"]: row for row in mined_survey.raw["feedback"].to_dicts()}
    spans: dict[str, list[dict]] = {}
    for row in mined_survey.raw["statements"].to_dicts():
        spans.setdefault(row["feedback_id"], []).append(row)
    found = []
    for truth in mined_survey.statements.to_dicts():
        feedback = texts[truth["response_id"]]
        words = clean_text(mined_survey.comments[truth["response_id"]][truth["start"] : truth["end"]])
        start = feedback["text"].find(words)
        if start < 0:
            continue
        end = start + len(words)
        overlap = [
            (min(end, s["end"]) - max(start, s["start"]), s["statement_id"], s["best_theme_id"])
            for s in spans.get(feedback["feedback_id"], ())
        ]
        if overlap and max(overlap)[0] > 0:
            _, statement_id, theme_id = max(overlap, key=lambda o: o[0])
            found.append((feedback["feedback_id"], statement_id, truth["theme_key"], theme_id))
    columns = ("feedback_id", "statement_id", "theme_key", "best_theme_id")
    return pl.DataFrame(found, schema=dict.fromkeys(columns, pl.String), orient="row")


@pytest.fixture(scope="module")
def leaf_key(planted: pl.DataFrame) -> dict[str, tuple[str, float]]:
    """For each theme that statements are given to, the planted theme that most of them are, and their share."""
    result = {}
    for (theme_id,), rows in planted.drop_nulls().group_by("best_theme_id"):
        key, number = Counter(rows["theme_key"]).most_common(1)[0]
        result[str(theme_id)] = (key, number / rows.height)
    return result


def share_of(survey: MinedSurvey, planted: pl.DataFrame, key: str, by: str) -> dict[str, float]:
    """Share of meaningful feedback that mentions a theme of which ``key`` is at least a quarter, by a column."""
    about = planted.drop_nulls().group_by("best_theme_id").agg((pl.col("theme_key") == key).mean())
    themes = about.filter(pl.col("theme_key") >= 0.25)["best_theme_id"].to_list()
    who = survey.frames.mentions.filter(pl.col("theme_id").is_in(themes))["feedback_id"].unique()
    meaningful = survey.frames.feedback.filter("meaningful")
    named = meaningful.with_columns(pl.col("feedback_id").is_in(who.implode()).alias("named"))
    return dict(named.group_by(by).agg(pl.col("named").mean()).rows())


def test_every_response_is_in_and_planted_statements_are_found_again(mined_survey: MinedSurvey, planted: pl.DataFrame):
    ingest = mined_survey.summary.ingest
    assert (ingest.n_read, ingest.n_added, ingest.n_rejected) == (2400, 2400, 0)
    assert planted.height >= 0.95 * mined_survey.truths["counts"]["statements"]
    # Two planted ideas seldom end up in one statement.
    assert planted["statement_id"].n_unique() >= 0.9 * planted.height


def test_nps_is_the_truth_to_rounding(mined_survey: MinedSurvey):
    score = next(score for score in summarise_scores(mined_survey.frames) if score.name == "nps")
    assert score.value is not None
    assert round(score.value, 2) == mined_survey.truths["nps"]["all_responses"]
    assert score.low is not None
    assert score.high is not None
    assert score.low < score.value < score.high


def test_non_answers_and_duplicates_are_told(mined_survey: MinedSurvey):
    truths = mined_survey.truths["counts"]
    seen = overview(mined_survey.frames)
    planted = set(mined_survey.responses.filter(pl.col("kind") == "non_answer")["response_id"])
    told = set(mined_survey.raw["feedback"].filter("is_non_answer")["external_id"])
    assert len(planted & told) >= 0.97 * truths["non_answers"]
    # "It is okay I guess" judges mildly: that is an answer.
    assert len(told - planted) <= 0.002 * truths["meaningful"]
    assert seen.n_non_answers == len(told)
    assert seen.n_exact_duplicates >= truths["duplicates"]


def test_languages_are_right_also_where_the_file_is_silent(mined_survey: MinedSurvey):
    truth = mined_survey.responses.filter(pl.col("kind") != "non_answer").select(
        pl.col("response_id").alias("external_id"), pl.col("language").alias("truth")
    )
    both = mined_survey.raw["feedback"].join(truth, on="external_id")
    assert both.select((pl.col("language") == pl.col("truth")).mean()).item() >= 0.99


def test_no_planted_identifier_is_left(mined_survey: MinedSurvey):
    from tests.test_pipeline import planted as identifiers

    texts = "\n".join([*mined_survey.raw["feedback"]["text"], *mined_survey.raw["statements"]["text"]])
    assert [kind for kind, value in identifiers() if value in texts or "".join(value.split()) in texts] == []


def test_themes_are_readable_and_cover_what_was_said(mined_survey: MinedSurvey):
    themes = mined_survey.frames.themes
    tops = themes.filter(pl.col("level") == 1)
    assert 8 <= tops.height <= mined_survey.settings.max_themes
    assert themes["label"].str.to_lowercase().n_unique() == themes.height
    assert mined_survey.summary.tagging.coverage >= 0.85
    assert len({row["theme_id"] for row in theme_table(mined_survey.frames).to_dicts()}) == tops.height


def test_themes_are_mostly_one_planted_theme_and_not_one_language(
    mined_survey: MinedSurvey, planted: pl.DataFrame, leaf_key: dict[str, tuple[str, float]]
):
    themed = planted.drop_nulls()
    right = sum(leaf_key[row["best_theme_id"]][0] == row["theme_key"] for row in themed.to_dicts())
    planted_keys = {theme["key"] for theme in mined_survey.truths["themes"]}
    found = {key for key, purity in leaf_key.values() if purity >= 0.6}
    print(f"statement purity {right / themed.height:.3f}; {len(leaf_key)} themes stand for {len(found)} planted ones")
    print(f"no theme of their own: {sorted(planted_keys - found)}")
    assert right >= 0.7 * themed.height
    assert len(planted_keys) == 17
    assert len(found) >= 14, planted_keys - found
    statements = mined_survey.raw["statements"].drop_nulls("best_theme_id")
    many = statements.group_by("best_theme_id").agg(
        pl.len(),
        pl.col("language").n_unique().alias("n"),
        pl.col("language").value_counts(sort=True).first().alias("top"),
    )
    large = many.filter(pl.col("len") >= 30)
    alone = large.filter(pl.col("top").struct.field("count") > 0.8 * pl.col("len"))
    assert alone.height <= 0.1 * large.height


def test_most_statements_of_a_planted_theme_come_together(
    planted: pl.DataFrame, leaf_key: dict[str, tuple[str, float]]
):
    """Recall: the part of a planted theme's statements that are in themes which are mostly about it."""
    mostly = {theme_id: key for theme_id, (key, _) in leaf_key.items()}
    recall = {
        str(key): sum(mostly.get(theme_id) == key for theme_id in rows["best_theme_id"]) / rows.height
        for (key,), rows in planted.group_by("theme_key")
    }
    print("\n".join(f"{key} {value:.2f}" for key, value in sorted(recall.items())))
    assert len(recall) == 17
    assert sum(value >= 0.5 for value in recall.values()) >= 12, recall


def test_billing_hurts_in_business(mined_survey: MinedSurvey, planted: pl.DataFrame):
    share = share_of(mined_survey, planted, "billing_errors", "segment.plan")
    assert share["Business"] > 2 * max(share["Basic"], share["Family"])


def test_outages_sit_in_the_east(mined_survey: MinedSurvey, planted: pl.DataFrame):
    share = share_of(mined_survey, planted, "outages_slow_internet", "segment.region")
    assert share["East"] > 1.7 * max(value for region, value in share.items() if region != "East")


def test_login_problems_start_in_march(mined_survey: MinedSurvey, planted: pl.DataFrame):
    share = share_of(mined_survey, planted, "app_login_problems", "month")
    before = [value for month, value in share.items() if month < "2026-03"]
    since = [value for month, value in share.items() if month >= "2026-03"]
    assert (len(before), len(since)) == (5, 7)
    assert sum(since) / 7 > 3 * sum(before) / 5


def test_friendly_staff_is_named_in_the_shop(mined_survey: MinedSurvey, planted: pl.DataFrame):
    share = share_of(mined_survey, planted, "friendly_staff", "channel")
    assert share["shop"] > 1.5 * max(value for channel, value in share.items() if channel != "shop")


def test_the_worst_theme_is_about_waiting_and_praise_lifts(mined_survey: MinedSurvey, planted: pl.DataFrame):
    polarity = {theme["key"]: theme["polarity"] for theme in mined_survey.truths["themes"]}
    themes = mined_survey.frames.themes
    parent = dict(themes.filter(pl.col("level") == 2).select("theme_id", "parent_id").rows())
    table = theme_table(mined_survey.frames)
    of_top: dict[str, Counter[str]] = {}
    moods: dict[str, Counter[str]] = {}
    for key, theme_id in planted.drop_nulls().select("theme_key", "best_theme_id").rows():
        top = parent.get(theme_id) or theme_id
        of_top.setdefault(top, Counter())[key] += 1
        moods.setdefault(top, Counter())[polarity[key]] += 1
    largest = [of_top[theme_id].most_common(1)[0][0] for theme_id in table["theme_id"][:3] if theme_id in of_top]
    assert "wait_for_support" in largest
    ends = [table.head(2), table.drop_nulls("impact").tail(2)]
    signs = [{moods[t].most_common(1)[0][0] for t in end["theme_id"]} for end in ends]
    assert signs == [{"negative"}, {"positive"}]
    assert (ends[0]["impact_high"] < 0).all()
    assert (ends[1]["impact_low"] > 0).all()


def test_every_share_stands_on_the_people_it_names(mined_survey: MinedSurvey):
    top = theme_table(mined_survey.frames)
    for theme_id in top["theme_id"][:3]:
        by_plan = theme_by_segment(mined_survey.frames, theme_id, "plan")
        row = top.filter(pl.col("theme_id") == theme_id).to_dicts()[0]
        assert by_plan["n_feedback"].sum() == row["n_feedback"]
        assert by_plan["base"].sum() == row["base"]
