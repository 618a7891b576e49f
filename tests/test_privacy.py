"""The minimum number of people, and subtraction."""

from __future__ import annotations

import random
from dataclasses import replace

import polars as pl
import pytest

from feedback_nlp.analysis.frames import AnalysisFrames, apply_view, build_frames
from feedback_nlp.analysis.privacy import require_enough, suppress_small, suppress_split
from feedback_nlp.analysis.scores import summarise_scores
from feedback_nlp.analysis.segments import compare_segments, score_by_segment, theme_by_segment
from feedback_nlp.analysis.themes import theme_table
from feedback_nlp.analysis.trends import score_by_month, theme_by_month, themes_by_month
from feedback_nlp.analysis.verbatims import find_verbatims
from feedback_nlp.errors import NothingToShow
from feedback_nlp.records import View
from feedback_nlp.settings import Settings
from tests.sample import raw_frames

MINIMUM = 5


def small_plan(n_small: int) -> AnalysisFrames:
    """The sample, with ``n_small`` people of a plan of their own."""
    raw = raw_frames(200)
    few = raw["feedback"]["customer_id"].drop_nulls().unique().sort().head(n_small).implode()
    tiny = pl.col("customer_id").is_in(few).fill_null(False)
    raw["feedback"] = raw["feedback"].with_columns(
        pl.when(tiny).then(pl.lit('{"plan": "Founder", "region": "North"}')).otherwise("segments").alias("segments")
    )
    return build_frames(raw, Settings(privacy_minimum=MINIMUM))


def test_small_groups_are_dropped_or_blanked() -> None:
    df = pl.DataFrame({"g": ["a", "b", "c", "d"], "people": [3, 40, 0, 2], "x": [1.0, 2.0, 3.0, 4.0]})
    assert suppress_small(df, "people", MINIMUM)["g"].to_list() == ["b", "c"]
    blanked = suppress_small(df, "people", MINIMUM, None, blank=["x"])
    assert blanked.to_dict(as_series=False) == {
        "g": ["a", "b", "c", "d"],
        "people": [3, 40, 0, 2],
        "x": [None, 2.0, 3.0, None],
        "suppressed": [True, False, False, True],
    }


@pytest.mark.parametrize(
    ("people", "hidden"),
    [
        ([3, 40, 9, 12], [0, 2]),  # one small group: the next smallest goes too
        ([1, 1, 40, 9], [0, 1, 3]),  # two groups of together 2 people would be one group of 2 by subtraction
        ([3, 3, 40, 9], [0, 1]),  # together 6 people: enough
        ([3, 0, 40], [0, 2]),  # an empty group hides nobody
        ([3], [0]),
        ([6, 7, 8], []),
    ],
)
def test_complementary_groups_are_hidden(people: list[int], hidden: list[int]) -> None:
    marked = suppress_small(pl.DataFrame({"people": people}), "people", MINIMUM, blank=[])
    assert [i for i, flag in enumerate(marked["suppressed"]) if flag] == hidden


def test_each_partition_is_judged_by_itself() -> None:
    df = pl.DataFrame({"part": ["x", "x", "x", "y", "y"], "people": [2, 8, 30, 6, 7]})
    marked = suppress_small(df, "people", MINIMUM, ("part",), blank=[])
    assert marked["suppressed"].to_list() == [True, True, False, False, False]


def test_no_sum_of_visible_cells_gives_away_a_hidden_one() -> None:
    rng = random.Random(1)
    for _ in range(300):
        people = [rng.choice([0, 1, 2, 3, 4, 5, 6, 9, 30]) for _ in range(rng.randint(2, 7))]
        marked = suppress_small(pl.DataFrame({"people": people}), "people", MINIMUM, blank=[])["suppressed"]
        shown = [n for n, flag in zip(people, marked, strict=True) if not flag]
        hidden = [n for n, flag in zip(people, marked, strict=True) if flag]
        assert all(n == 0 or n >= MINIMUM for n in shown)
        # What subtraction from the total leaves is nobody, at least the minimum, or the whole.
        assert not hidden or sum(hidden) >= MINIMUM or not any(shown)
        assert len(hidden) != 1 or not any(shown)


def test_groups_hidden_before_count_as_hidden() -> None:
    df = pl.DataFrame({"people": [1, 20, 30], "before": [True, False, False]})
    marked = suppress_small(df, "people", MINIMUM, blank=[], flag="now", hidden="before")
    assert marked["now"].to_list() == [True, True, False]


def test_a_split_hides_both_halves() -> None:
    df = pl.DataFrame({"w": [4, 50, 50, 50], "o": [50, 4, 0, 50], "x": [1, 2, 3, 4]})
    assert suppress_split(df, "w", "o", MINIMUM, blank=["x"])["x"].to_list() == [None, None, 3, 4]
    marked = suppress_split(
        df.with_columns(f=pl.Series([False, False, True, False])), "w", "o", MINIMUM, blank=["x"], flag="f"
    )
    assert marked["x"].to_list() == [None, None, None, 4]


def test_a_view_of_too_few_people_is_refused() -> None:
    frames = small_plan(3)
    with pytest.raises(NothingToShow, match="fewer than 5 people"):
        apply_view(frames, View(segments={"plan": ("Founder",)}))
    with pytest.raises(NothingToShow, match="holds no feedback"):
        apply_view(frames, View(languages=("fi",)))
    one = frames.feedback["person_id"][0]
    with pytest.raises(NothingToShow):
        require_enough(replace(frames, feedback=frames.feedback.filter(pl.col("person_id") == one)))


def test_a_view_that_leaves_out_too_few_people_is_refused() -> None:
    everything_else = View(segments={"plan": ("Basic", "Plus", "Enterprise")})
    with pytest.raises(NothingToShow, match="filter by plan leaves out fewer than 5"):
        apply_view(small_plan(3), everything_else)
    assert apply_view(small_plan(12), everything_else).feedback.height > 0


def test_a_small_segment_takes_its_neighbour_along() -> None:
    frames = small_plan(3)
    for table in (score_by_segment(frames, "plan"), theme_by_segment(frames, "t-waiting", "plan")):
        hidden = set(table.filter("suppressed")["segment_value"])
        assert hidden == {"Founder", "Enterprise"}  # Enterprise is the next smallest
        figures = table.filter("suppressed").select(pl.exclude("segment_value", "suppressed", "low_base"))
        assert all(figures[column].null_count() == 2 for column in figures.columns)
    compared = compare_segments(frames, "plan")
    assert set(compared.filter(pl.col("share").is_not_null())["segment_value"]) == {"Basic", "Plus"}


def test_scores_by_segment_cannot_be_subtracted() -> None:
    frames = small_plan(3)
    table = score_by_segment(frames, "plan")
    nps = next(s for s in summarise_scores(frames) if s.name == "nps")
    shown = table.filter(~pl.col("suppressed"))
    values = frames.feedback.filter(pl.col("score.nps").is_not_null())
    rest = values.filter(~pl.col("segment.plan").is_in(shown["segment_value"].implode()))
    assert nps.n - shown["n"].sum() == rest["response_id"].n_unique()
    assert rest["person_id"].n_unique() >= MINIMUM
    assert rest["segment.plan"].n_unique() == 2


@pytest.mark.parametrize("minimum", [5, 12, 25])
@pytest.mark.parametrize("by", ["plan", "region", "language", "source"])
def test_subtracting_a_themes_segments_leaves_nobody_or_enough(minimum: int, by: str) -> None:
    frames = build_frames(raw_frames(), Settings(privacy_minimum=minimum))
    column = by if by in frames.feedback.columns else f"segment.{by}"
    meaningful = frames.feedback.filter("meaningful")
    hidden_somewhere = 0
    for theme_id in frames.themes["theme_id"]:
        table = theme_by_segment(frames, theme_id, by)
        said = frames.mentions.filter(pl.col("theme_id") == theme_id)
        scored = meaningful.join(said, on="feedback_id", how="semi").filter(pl.col("score.nps").is_not_null())
        shown = table.filter(pl.col("value_with").is_not_null())
        hidden_somewhere += len(table) - len(shown)
        for row in shown.iter_rows(named=True):
            cell = scored.filter(pl.col(column) == row["segment_value"])
            everybody = meaningful.filter((pl.col(column) == row["segment_value"]) & pl.col("score.nps").is_not_null())
            others = everybody.join(cell, on="response_id", how="anti")["person_id"].n_unique()
            assert cell["person_id"].n_unique() >= minimum
            assert others == 0 or others >= minimum
        rest = scored.filter(~pl.col(column).is_in(shown["segment_value"].implode()))
        if not shown.is_empty() and not rest.is_empty():
            assert rest["person_id"].n_unique() >= minimum
            assert rest[column].n_unique() >= 2
    assert hidden_somewhere > 0


def test_a_theme_of_too_few_people_shows_nothing() -> None:
    frames = build_frames(raw_frames(), Settings(privacy_minimum=MINIMUM))
    row = theme_table(frames).row(by_predicate=pl.col("theme_id") == "t-legal", named=True)
    known = {"theme_id", "label", "level", "state", "base", "outcome", "unit", "low_base", "suppressed"}
    assert {name for name, value in row.items() if value is not None} == known
    page = find_verbatims(frames, theme_id="t-legal")
    assert (page.total, page.suppressed, page.items) == (0, True, ())
    assert theme_by_month(frames, "t-legal")["n_feedback"].drop_nulls().sum() == 0
    assert theme_by_segment(frames, "t-legal", "plan")["n_feedback"].null_count() == 3
    assert "t-legal" not in set(themes_by_month(frames)["theme_id"])
    assert "t-legal" not in set(compare_segments(frames, "plan")["theme_id"])
    # Not in the margin of somebody else's list either.
    listed = find_verbatims(frames, limit=1000)
    assert not any("t-legal" in span.theme_ids for item in listed.items for span in item.spans)


def test_the_rest_of_a_theme_is_protected_too() -> None:
    raw = raw_frames(60)
    keep = raw["feedback"]["response_id"].unique().sort().head(57).implode()
    chosen = raw["feedback"].filter(pl.col("response_id").is_in(keep))["feedback_id"].implode()
    said = raw["statements"].filter(pl.col("feedback_id").is_in(chosen))
    raw["mentions"] = said.select(
        "statement_id", "feedback_id", theme_id=pl.lit("t-money"), confidence=pl.lit(0.9), provenance=pl.lit("model")
    )
    row = theme_table(build_frames(raw, Settings())).row(by_predicate=pl.col("theme_id") == "t-money", named=True)
    assert row["n_people"] > 40  # enough people say it; fewer than 5 do not
    assert [row[c] for c in ("n_with", "value_with", "n_without", "value_without", "gap", "impact")] == [None] * 6


def test_siblings_that_do_not_overlap_cannot_be_subtracted_from_their_parent() -> None:
    raw = raw_frames(120)
    singles = raw["statements"].unique("feedback_id", keep="first", maintain_order=True)["statement_id"]
    ids = raw["feedback"].unique("response_id").select("feedback_id")
    few = (
        raw["statements"]
        .filter(pl.col("statement_id").is_in(singles.implode()))
        .join(ids, on="feedback_id", how="semi")
    )
    few = few.sort("statement_id").with_row_index("i")
    sub = pl.when(pl.col("i") < 3).then(pl.lit("t-waiting")).otherwise(pl.lit("t-staff"))
    leaf = few.select("statement_id", "feedback_id", theme_id=sub, confidence=pl.lit(0.9), provenance=pl.lit("model"))
    raw["mentions"] = pl.concat([leaf, leaf.with_columns(theme_id=pl.lit("t-service"))])
    frames = build_frames(raw, Settings())
    children = theme_table(frames, level=2, parent_id="t-service")
    assert children["suppressed"].to_list() == [True, True]


def test_undated_people_are_not_found_by_subtracting_months() -> None:
    raw = raw_frames(300)
    undated = raw["feedback"].filter(pl.col("created_at").is_null())
    raw["feedback"] = raw["feedback"].filter(
        pl.col("created_at").is_not_null() | pl.col("feedback_id").is_in(undated["feedback_id"].head(1).implode())
    )
    frames = build_frames(raw, Settings())
    table = score_by_month(frames)
    nps = next(s for s in summarise_scores(frames) if s.name == "nps")
    assert nps.n - table["n"].drop_nulls().sum() >= MINIMUM


def test_a_minimum_of_one_shows_everything() -> None:
    frames = build_frames(raw_frames(), Settings(privacy_minimum=1))
    assert not theme_table(frames)["suppressed"].any()
    assert find_verbatims(frames, theme_id="t-legal").total == 1
    assert score_by_month(frames)["n"].null_count() == 0
