"""The minimum number of people, and subtraction."""

from __future__ import annotations

import random
from dataclasses import replace

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from feedback_nlp.analysis.frames import AnalysisFrames, apply_view, build_frames
from feedback_nlp.analysis.privacy import require_enough, suppress_small, suppress_split
from feedback_nlp.analysis.scores import summarise_scores
from feedback_nlp.analysis.segments import compare_segments, score_by_segment, theme_by_segment
from feedback_nlp.analysis.themes import theme_table, unthemed_row
from feedback_nlp.analysis.trends import changing_themes, score_by_month, theme_by_month, themes_by_month
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
    known |= {"source", "label_source", "is_emerging"}
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


@pytest.mark.parametrize(("n_say_it", "shown"), [(52, True), (57, False), (60, True)])
def test_the_rest_of_a_theme_is_protected_too(n_say_it: int, shown: bool) -> None:
    raw = raw_frames(60)
    keep = raw["feedback"]["response_id"].unique().sort().head(n_say_it).implode()
    chosen = raw["feedback"].filter(pl.col("response_id").is_in(keep))["feedback_id"].implode()
    said = raw["statements"].filter(pl.col("feedback_id").is_in(chosen))
    raw["mentions"] = said.select(
        "statement_id", "feedback_id", theme_id=pl.lit("t-money"), confidence=pl.lit(0.9), provenance=pl.lit("model")
    )
    row = theme_table(build_frames(raw, Settings())).row(by_predicate=pl.col("theme_id") == "t-money", named=True)
    assert [row[c] is not None for c in ("n_people", "n_feedback", "share", "net_sentiment")] == [shown] * 4
    assert row["suppressed"] is not shown


@pytest.mark.parametrize("third", [False, True])
def test_siblings_that_do_not_overlap_cannot_be_subtracted_from_their_parent(third: bool) -> None:
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
    if third:  # the next smallest hides the smallest; the largest can stay
        sub = pl.when(pl.col("i").is_between(3, 12)).then(pl.lit("t-crash")).otherwise(sub)
        moved = pl.when(pl.col("theme_id") == "t-crash").then(pl.lit("t-service")).otherwise("parent_id")
        raw["themes"] = raw["themes"].with_columns(moved.alias("parent_id"))
    leaf = few.select("statement_id", "feedback_id", theme_id=sub, confidence=pl.lit(0.9), provenance=pl.lit("model"))
    raw["mentions"] = pl.concat([leaf, leaf.with_columns(theme_id=pl.lit("t-service"))])
    frames = build_frames(raw, Settings())
    children = theme_table(frames, level=2, parent_id="t-service")
    hidden = set(children.filter("suppressed")["theme_id"])
    assert hidden == ({"t-waiting", "t-crash"} if third else {"t-waiting", "t-staff"})


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


People = dict[tuple[str, str], set[str]]


def few(people: set[str]) -> bool:
    return 0 < len(people) < MINIMUM


def thinned(seed: int) -> AnalysisFrames:
    """The sample with most mentions of some themes gone, customers who come back, and values that are not given."""
    rng = random.Random(seed)
    raw = raw_frames(rng.choice([150, 400, 700]), seed=seed)
    leaves = sorted(set(raw["mentions"]["theme_id"]))
    left = {theme_id: rng.choice([1.0, 1.0, 0.5, 0.2, 0.08]) for theme_id in leaves}
    # A theme goes with its statement at both levels, as the tagger writes it.
    rows = raw["mentions"].sort("statement_id", "theme_id").rows(named=True)
    lost = {row["statement_id"] for row in rows if rng.random() > left[row["theme_id"]]}
    raw["mentions"] = raw["mentions"].filter(~pl.col("statement_id").is_in(list(lost)))
    if seed % 3 == 0:  # a theme that all but a few mention, and one theme an answer, so that nothing overlaps
        said = raw["statements"].filter(pl.col("statement_id").hash(seed=seed) % 12 > 0)
        model = {"theme_id": pl.lit("t-money"), "confidence": pl.lit(0.9), "provenance": pl.lit("model")}
        everywhere = said.select("statement_id", "feedback_id", **model)
        other = raw["mentions"].filter(~pl.col("theme_id").is_in(["t-money", "t-bill", "t-price"]))
        one = other.unique("feedback_id", keep="first", maintain_order=True).select("statement_id")
        raw["mentions"] = pl.concat([other.join(one, on="statement_id", how="semi"), everywhere])
    repeat = {f"c{i:05d}": f"c{rng.randrange(60):05d}" for i in range(700) if rng.random() < 0.4}
    blank = pl.col("feedback_id").hash(seed=seed) % 40 == 0
    raw["feedback"] = raw["feedback"].with_columns(
        pl.col("customer_id").replace(repeat), pl.when(blank).then(pl.lit("{}")).otherwise("segments").alias("segments")
    )
    return build_frames(raw, Settings(privacy_minimum=MINIMUM))


def who(frames: AnalysisFrames, theme_id: str, column: str) -> tuple[People, People]:
    """Feedback of each value of a column as (feedback, value) -> person, of those who say the theme and who do not."""
    ids = set(frames.mentions.filter(pl.col("theme_id") == theme_id)["feedback_id"])
    said: People = {}
    unsaid: People = {}
    rows = frames.feedback.filter("meaningful").select("feedback_id", "person_id", column)
    for feedback_id, person, value in rows.iter_rows():
        cells = said if feedback_id in ids else unsaid
        cells.setdefault((theme_id, value if value is not None else "(not given)"), set()).add(person)
    return said, unsaid


def assert_nothing_leaks(table: pl.DataFrame, said: People, unsaid: People, theme_id: str, total: int) -> None:
    """No shown cell, and no total less shown cells, is about 1 to 4 people, or about one hidden cell alone."""
    shown = {row["segment_value"] for row in table.iter_rows(named=True) if row["n_feedback"] is not None}
    for row in table.iter_rows(named=True):
        hidden = [row[c] for c in ("n_feedback", "share", "share_low", "share_high")]
        assert hidden == [None] * 4 if row["suppressed"] else None not in hidden
    for side in (said, unsaid):
        for value in shown:
            assert not few(side.get((theme_id, value), set()))
        rest = [people for (_, value), people in side.items() if value not in shown]
        assert not few(set().union(*rest))
    assert len(table) - len(shown) != 1
    assert total == sum(n for n in table["n_feedback"] if n is not None) or len(shown) < len(table)


@pytest.mark.parametrize("seed", range(12))
def test_no_table_or_total_less_its_cells_is_about_a_few_people(seed: int) -> None:
    frames = thinned(seed)
    totals = {}
    for level in (1, 2):
        totals |= {row["theme_id"]: row["n_feedback"] for row in theme_table(frames, level=level).iter_rows(named=True)}
    n_hidden = n_shown = 0
    for by in ("plan", "region", "language", "nps_segment"):
        column = f"segment.{by}" if by in frames.segment_names else by
        compared = pl.concat([compare_segments(frames, by, level=level) for level in (1, 2)])
        assert set(compared["theme_id"]) == {theme_id for theme_id, n in totals.items() if n}
        for theme_id, total in totals.items():
            table = theme_by_segment(frames, theme_id, by)
            if total is None:
                assert table["suppressed"].all()
                assert table["n_feedback"].null_count() == table["share"].null_count() == len(table)
                continue
            said, unsaid = who(frames, theme_id, column)
            assert_nothing_leaks(table, said, unsaid, theme_id, total)
            figures = table.filter("suppressed").select("n_with", "value_with", "net_sentiment")
            assert all(figures[c].null_count() == len(figures) for c in figures.columns)
            same = compared.filter(pl.col("theme_id") == theme_id).select(
                "segment_value", "n_feedback", "base", "share", "suppressed"
            )
            if total:
                assert_frame_equal(same, table.select(same.columns))
            n_hidden += table["suppressed"].sum()
            n_shown += len(table) - table["suppressed"].sum()
    assert n_hidden > 0
    assert n_shown > 0


@pytest.mark.parametrize("seed", range(12))
def test_no_theme_and_no_theme_less_its_sub_themes_is_about_a_few_people(seed: int) -> None:
    frames = thinned(seed)
    rows = pl.concat([theme_table(frames, level=1), theme_table(frames, level=2)]).rows(named=True)
    person = dict(frames.feedback.filter("meaningful").select("feedback_id", "person_id").iter_rows())
    said: dict[str, set[str]] = {row["theme_id"]: set() for row in rows}
    for theme_id, feedback_id in frames.mentions.select("theme_id", "feedback_id").iter_rows():
        said[theme_id].add(feedback_id)

    def people(feedback: set[str]) -> set[str]:
        return {person[feedback_id] for feedback_id in feedback}

    shown = {row["theme_id"]: row["parent_id"] for row in rows if not row["suppressed"]}
    for theme_id, parent in shown.items():
        assert not few(people(said[theme_id]))
        assert not few(people(set(person) - said[theme_id]))
        assert parent is None or parent in shown or not said[theme_id]
        if parent is not None and said[theme_id]:
            assert not few(people(said[parent] - said[theme_id]))
    for parent in [theme_id for theme_id, above in shown.items() if above is None]:
        children = [theme_id for theme_id, above in shown.items() if above == parent]
        union = set().union(*(said[theme_id] for theme_id in children))
        if len(union) == sum(len(said[theme_id]) for theme_id in children):
            assert not few(people(said[parent] - union))
    for row in rows:
        listed = find_verbatims(frames, theme_id=row["theme_id"])
        assert (listed.total, listed.suppressed) == ((0, True) if row["suppressed"] else (row["n_feedback"], False))
    few_without = people(set(person) - set().union(*said.values()))
    assert unthemed_row(frames)["n_feedback"].null_count() == few(few_without)


@pytest.mark.parametrize("seed", range(12))
def test_months_and_the_two_periods_cannot_be_subtracted_from_each_other(seed: int) -> None:
    frames = thinned(seed)
    changes = changing_themes(frames)
    months = themes_by_month(frames)
    recent = sorted(set(months["month"]))[-2:]
    for change in changes.iter_rows(named=True):
        theme_id = change["theme_id"]
        said, unsaid = who(frames, theme_id, "month")
        table = theme_by_month(frames, theme_id)
        mine = months.filter(pl.col("theme_id") == theme_id)
        assert_frame_equal(mine.drop("theme_id", "label"), table.drop("value_with", "n_with"))
        shown = set(table.filter(pl.col("n_feedback").is_not_null())["month"])
        for late in (True, False):
            for side in (said, unsaid):
                of_period = {v: people for (_, v), people in side.items() if (v in recent) == late}
                assert not few(set().union(*of_period.values()))
                assert not few(set().union(*(people for v, people in of_period.items() if v not in shown)))
            values = {v for _, v in (*said, *unsaid) if (v in recent) == late}  # "(not given)" is never shown
            assert len(values - shown) != 1 or values - shown == {"(not given)"}
        assert (
            change["n_recent"] + change["n_before"]
            == theme_table(frames).filter(pl.col("theme_id") == theme_id)["n_feedback"].item()
        )


@pytest.mark.parametrize(
    "view",
    [
        View(nps_segments=("detractor",)),
        View(languages=("en", "ro")),
        View(segments={"plan": ("Basic",)}),
        View(segments={"plan": ("Basic", "Plus")}, languages=("en", "ar", "pl")),
    ],
)
def test_two_views_cannot_be_subtracted(view: View) -> None:
    compared = withheld = 0
    for seed in range(8):
        frames = thinned(seed)
        try:
            part = apply_view(frames, view)
        except NothingToShow:
            continue
        left = frames.feedback.filter("meaningful").join(part.feedback, on="feedback_id", how="anti")
        withheld += len(part.withheld)
        for level in (1, 2):
            for row in theme_table(part, level=level).filter(pl.col("n_feedback") > 0).iter_rows(named=True):
                said = frames.mentions.filter(pl.col("theme_id") == row["theme_id"])
                assert not few(set(left.join(said, on="feedback_id", how="semi")["person_id"]))
                compared += 1
    assert compared > 0
    assert withheld > 0


def test_what_is_hidden_is_said_not_zero() -> None:
    frames = thinned(3)
    table = pl.concat([compare_segments(frames, by) for by in ("plan", "region", "language")]).filter("suppressed")
    assert len(table) > 0
    for column in ("n_feedback", "share", "share_low", "share_high", "difference", "difference_low"):
        assert table[column].null_count() == len(table), column


def test_one_person_in_several_groups_counts_once() -> None:
    df = pl.DataFrame({"people": [3, 3, 9, 30], "all": [36] * 4})  # the first two can be the same three people
    marked = suppress_small(df, "people", MINIMUM, blank=[], distinct="all")["suppressed"].to_list()
    assert marked == [True, True, True, False]
    assert suppress_small(df.with_columns(all=45), "people", MINIMUM, blank=[], distinct="all")[
        "suppressed"
    ].to_list() == [True, True, False, False]
