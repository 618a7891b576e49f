"""Two segments crossed: figures as those of one segment, and no cell of few that anybody could work out."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportions_ztest

from feedback_nlp.analysis.crossed_privacy import Flags, Side, hide_more
from feedback_nlp.analysis.crossing_cells import cross
from feedback_nlp.analysis.crossings import crossed_scores
from feedback_nlp.analysis.frames import AnalysisFrames, apply_view, build_frames
from feedback_nlp.analysis.outcomes import choose_outcome
from feedback_nlp.analysis.scores_compared import scores_compared
from feedback_nlp.analysis.segments import compare_segments
from feedback_nlp.errors import UsageError
from feedback_nlp.records import View
from feedback_nlp.settings import Settings
from tests.sample import raw_frames

MINIMUM = 5
KEYS = ["segment_value", "across_value"]


def crossed_frames(n: int, seed: int, *, plans: int = 3, towns: int = 4, twice: float = 0.0) -> AnalysisFrames:
    """Frames of n answers, a person each but for the share ``twice``, with skewed plans, towns and themes."""
    rng = np.random.default_rng(seed)
    raw = raw_frames(n, seed)
    feedback = raw["feedback"].unique("response_id", keep="first", maintain_order=True).sort("feedback_id")
    chances = [np.sort(rng.dirichlet(np.full(k, 0.7))) for k in (plans, towns)]
    drawn = [rng.choice(len(p), feedback.height, p=p) for p in chances]
    town = np.where(rng.random(feedback.height) < 0.3, drawn[0] % towns, drawn[1])  # towns go with plans
    person = np.where(rng.random(feedback.height) < twice, rng.integers(0, n // 2, feedback.height), np.arange(n))
    segments = [json.dumps({"plan": f"p{a}", "town": f"t{b}"}) for a, b in zip(drawn[0], town, strict=True)]
    raw["feedback"] = feedback.with_columns(
        segments=pl.Series(segments),
        customer_id=pl.Series([f"c{number}" for number in person]),
        is_non_answer=pl.lit(False),
        n_statements=pl.lit(1, pl.Int64),
    )
    statements = feedback.select((pl.lit("s") + pl.col("feedback_id")).alias("statement_id"), "feedback_id", "text")
    first = raw["statements"].head(1).drop("statement_id", "feedback_id", "text")
    raw["statements"] = statements.join(first, how="cross").select(raw["statements"].columns)
    themes = raw["themes"].filter(pl.col("level") == 1)["theme_id"].to_list()
    by_plan = rng.choice([0.02, 0.1, 0.5, 0.97], (len(themes), plans))
    said = rng.random((len(themes), n)) < by_plan[:, drawn[0]]
    rows = [
        {"statement_id": row[0], "feedback_id": row[1], "theme_id": theme, "confidence": 0.9, "provenance": "model"}
        for theme, says in zip(themes, said, strict=True)
        for row in statements.filter(pl.Series(says)).select("statement_id", "feedback_id").iter_rows()
    ]
    raw["mentions"] = pl.DataFrame(rows, schema=raw["mentions"].schema)
    return build_frames(raw, Settings(privacy_minimum=MINIMUM))


@pytest.fixture(scope="module")
def frames() -> AnalysisFrames:
    return crossed_frames(1500, 3)


def test_cells_are_those_of_a_view_of_one_segment(frames: AnalysisFrames) -> None:
    table = compare_segments(frames, "plan", across="town")
    scores = scores_compared(frames, "plan", across="town")
    assert table.columns[:4] == ["theme_id", "label", *KEYS]
    assert scores.columns[:3] == [*KEYS, "n"]
    assert scores.height == 12
    assert table.height == 12 * table["theme_id"].n_unique()
    compared = 0
    for plan in ("p1", "p2"):
        view = apply_view(frames, View(segments={"plan": (plan,)}))
        inside = compare_segments(view, "town").rename({"segment_value": "across_value"})
        both = table.filter(pl.col("segment_value") == plan).join(
            inside, on=["theme_id", "across_value"], suffix="_view"
        )
        both = both.filter(~pl.col("suppressed"), ~pl.col("suppressed_view"))
        compared += both.height
        for name in ("n_feedback", "base", "share", "share_low", "share_high"):
            assert both[name].to_list() == both[f"{name}_view"].to_list()
    assert compared > 10


def test_a_score_is_set_against_everybody_else(frames: AnalysisFrames) -> None:
    scores = scores_compared(frames, "plan", across="town")
    values = frames.feedback.filter(pl.col("score.nps").is_not_null()).with_columns(
        g=pl.when(pl.col("score.nps") >= 9).then(100.0).when(pl.col("score.nps") >= 7).then(0.0).otherwise(-100.0)
    )
    shown = scores.filter(pl.col("difference").is_not_null())
    assert shown.height >= 4
    for row in shown.iter_rows(named=True):
        here = (pl.col("segment.plan") == row["segment_value"]) & (pl.col("segment.town") == row["across_value"])
        inside, outside = values.filter(here)["g"], values.filter(~here)["g"]
        assert row["n"] == len(inside)
        assert row["value"] == pytest.approx(inside.mean())
        assert row["difference"] == pytest.approx(inside.mean() - outside.mean())
        assert row["difference_low"] < row["difference"] < row["difference_high"]
    np.testing.assert_allclose(shown["q"], multipletests(shown["p"], method="fdr_bh")[1], atol=1e-12)


def test_q_is_over_the_whole_screen(frames: AnalysisFrames) -> None:
    for across in ("town", None):
        table = compare_segments(frames, "plan", across=across)
        shown = table.filter(pl.col("difference_low").is_not_null())
        total = int(frames.feedback["meaningful"].sum())
        p = []
        for row in shown.iter_rows(named=True):
            overall = round(row["overall_share"] * total)
            counts = [row["n_feedback"], overall - row["n_feedback"]]
            p.append(proportions_ztest(counts, [row["base"], total - row["base"]])[1])
        np.testing.assert_allclose(shown["q"], multipletests(p, method="fdr_bh")[1], atol=1e-9)
        assert table["q"].null_count() == table.height - shown.height


def test_a_crossing_needs_two_segments(frames: AnalysisFrames) -> None:
    with pytest.raises(UsageError, match="'plan' cannot be crossed with itself"):
        compare_segments(frames, "plan", across="plan")
    with pytest.raises(UsageError, match="Did you mean 'town'"):
        scores_compared(frames, "plan", across="twon")


def greatest(known: np.ndarray, sums: np.ndarray, at: int, most: list[Any]) -> float:
    """What an attacker can say at most of the unknown ``at``, who knows sums of unknowns and what bounds each."""
    target = np.zeros(known.shape[1])
    target[at] = -1
    found = linprog(target, A_eq=known, b_eq=sums, bounds=[(0, bound) for bound in most])
    assert found.status == 0, found.message
    return -float(found.fun)


def margins_of(hidden: Flags, rows: np.ndarray, columns: np.ndarray) -> tuple[list[tuple[int, int]], np.ndarray]:
    """The unknown cells, and a row a margin that says which of them it sums."""
    unknown = [(int(r), int(c)) for r, c in np.argwhere(hidden)]
    n_rows = int(rows.max()) + 1
    known = np.zeros((n_rows + int(columns.max()) + 1, len(unknown)))
    for place, (r, c) in enumerate(unknown):
        known[rows[r], place] = known[n_rows + columns[c], place] = 1
    return unknown, known


def tables(greatest_side: int = 5) -> st.SearchStrategy[np.ndarray]:
    sides = st.integers(2, greatest_side)
    cell = st.one_of(st.just(0), st.integers(1, 4), st.integers(0, 30))
    return st.tuples(sides, sides).flatmap(
        lambda shape: st.lists(cell, min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]).map(
            lambda cells: np.array(cells).reshape(shape)
        )
    )


def merged(sums: np.ndarray) -> np.ndarray:
    """Number margins as the one-way rule publishes them: the small ones, and the next until there are enough."""
    order = [int(i) for i in np.argsort(sums, kind="stable") if sums[i] > 0]
    hidden: list[int] = []
    if any(0 < total < MINIMUM for total in sums):
        for place in order:
            if 0 < sums[place] < MINIMUM or len(hidden) < 2 or sums[hidden].sum() < MINIMUM:
                hidden.append(place)
    numbers = np.arange(len(sums))
    numbers[hidden] = hidden[0] if hidden else 0
    return np.unique(numbers, return_inverse=True)[1]


@settings(max_examples=150, deadline=None)
@given(tables())
def test_who_solves_the_margins_finds_no_few_people(people: np.ndarray) -> None:
    if people.sum() < 2 * MINIMUM:
        people = people + MINIMUM
    rows, columns = merged(people.sum(axis=1)), merged(people.sum(axis=0))
    small = (people > 0) & (people < MINIMUM)
    hidden = hide_more([Side(people, people)], small, rows=rows, columns=columns, cost=people, minimum=MINIMUM)
    if hidden is None:
        # Only where the margins are no better: with everything hidden, one cell would still be known.
        hidden = np.ones_like(small)
        unknown, known = margins_of(hidden, rows, columns)
        sums = known @ people[hidden]
        told = [greatest(known, sums, place, [None] * len(unknown)) for place, at in enumerate(unknown) if small[at]]
        assert min(told) < MINIMUM
        return
    assert (hidden | ~small).all()
    unknown, known = margins_of(hidden, rows, columns)
    for place, at in enumerate(unknown):
        if small[at]:
            assert greatest(known, known @ people[hidden], place, [None] * len(unknown)) >= MINIMUM - 1e-6


@settings(max_examples=100, deadline=None)
@given(tables(4), st.integers(0, 2**32 - 1))
def test_who_knows_the_bases_too_finds_no_few_people(base: np.ndarray, seed: int) -> None:
    rng = np.random.default_rng(seed)
    base = np.where(base > 0, base + MINIMUM, 0) + MINIMUM * (base.sum() == 0)
    said = rng.binomial(base, rng.choice([0.05, 0.3, 0.95], base.shape))
    rows, columns = np.arange(base.shape[0]), np.arange(base.shape[1])
    sides = [Side(said, said), Side(base - said, base - said)]
    small = np.zeros(base.shape, bool)
    for side in sides:
        small |= (side.people > 0) & (side.people < MINIMUM)
    hidden = hide_more(sides, small, rows=rows, columns=columns, cost=base, minimum=MINIMUM)
    if hidden is None:
        return
    unknown, known = margins_of(hidden, rows, columns)
    most = [int(base[at]) for at in unknown]
    for side in sides:
        for place, at in enumerate(unknown):
            if 0 < side.people[at] < MINIMUM:
                assert greatest(known, known @ side.people[hidden], place, most) >= MINIMUM - 1e-6


def test_two_hidden_cells_in_every_row_and_column_are_not_enough() -> None:
    """Two squares of hidden cells that hang together by one small cell: the margins tell it."""
    people = np.array([[9, 8, 20, 30], [7, 9, 40, 20], [3, 30, 8, 9], [20, 40, 9, 7]])
    hidden = np.zeros((4, 4), bool)
    hidden[:2, :2] = hidden[2:, 2:] = True
    hidden[2, 0] = True
    lines = np.arange(4)
    unknown, known = margins_of(hidden, lines, lines)
    assert greatest(known, known @ people[hidden], unknown.index((2, 0)), [None] * 9) == pytest.approx(3)
    more = hide_more([Side(people, people)], hidden, rows=lines, columns=lines, cost=people, minimum=MINIMUM)
    assert more is not None
    unknown, known = margins_of(more, lines, lines)
    assert greatest(known, known @ people[more], unknown.index((2, 0)), [None] * len(unknown)) >= MINIMUM


def attacked(known: list[tuple[list[int], int]], n: int, weights: np.ndarray) -> float:
    """The most that ``weights`` times n counts and their n bases can come to, for all that is known of sums of them."""
    lines = np.zeros((len(known), 2 * n))
    for line, (places, _) in zip(lines, known, strict=True):
        line[places] = 1
    nobody_more = np.hstack([np.eye(n), -np.eye(n)])  # nobody mentions it who did not write
    found = linprog(
        -weights, A_eq=lines, b_eq=[total for _, total in known], A_ub=nobody_more, b_ub=np.zeros(n), bounds=(0, None)
    )
    assert found.status == 0, found.message
    return -float(found.fun)


@pytest.mark.parametrize("seed", range(12))
def test_tables_that_are_published_together_give_nobody_away(seed: int) -> None:
    frames = crossed_frames(260, seed)
    feedback = frames.feedback.select("feedback_id", plan="segment.plan", town="segment.town")
    one_way = {name: compare_segments(frames, name) for name in ("plan", "town")}
    table = compare_segments(frames, "plan", across="town")
    n_few = 0
    for theme in table["theme_id"].unique(maintain_order=True):
        cells = table.filter(pl.col("theme_id") == theme)
        n = cells.height
        saying = feedback.join(frames.mentions.filter(pl.col("theme_id") == theme), on="feedback_id", how="semi")
        said, wrote = (
            np.array([rows.filter(plan=plan, town=town).height for plan, town in cells.select(KEYS).iter_rows()])
            for rows in (saying, feedback)
        )
        margins, crossed = [], []
        for offset, column, truth in ((0, "n_feedback", said), (n, "base", wrote)):
            margins.append((list(range(offset, offset + n)), int(truth.sum())))
            crossed += [([i + offset], value) for i, value in enumerate(cells[column]) if value is not None]
            for axis, name in zip(KEYS, ("plan", "town"), strict=True):
                rows = one_way[name].filter(pl.col("theme_id") == theme, pl.col(column).is_not_null())
                margins += [
                    ([i + offset for i, given in enumerate(cells[axis]) if given == value], total)
                    for value, total in rows.select("segment_value", column).iter_rows()
                ]
        assert all(value == np.concatenate([said, wrote])[places[0]] for places, value in crossed)
        for place in range(n):
            for unsaid, few in ((False, said[place]), (True, wrote[place] - said[place])):
                if 0 < few < MINIMUM:
                    n_few += 1
                    weights = np.zeros(2 * n)
                    weights[place], weights[n + place] = (-1, 1) if unsaid else (1, 0)
                    alone = attacked(margins, n, weights)
                    together = attacked(margins + crossed, n, weights)
                    assert together >= min(MINIMUM, alone) - 1e-6, (theme, place, unsaid)
    assert n_few > 0


@pytest.mark.parametrize("twice", [0.0, 0.5])
def test_scores_of_few_are_not_the_rest_of_a_row(twice: float) -> None:
    n_small = 0
    for seed in range(6):
        frames = crossed_frames(200, seed, twice=twice)
        outcome = choose_outcome(frames)
        crossing = cross(frames, "plan", "town")
        table = crossed_scores(crossing, outcome)
        people = crossing.frames.feedback.filter(pl.col("score.nps").is_not_null()).group_by("crossing")
        counts = crossing.matrix(
            people.agg(pl.col("person_id").n_unique().alias("n")).rename({"crossing": "cell"}), "n"
        )
        hidden = crossing.matrix(table, "suppressed") > 0
        few = (counts > 0) & (counts < MINIMUM)
        n_small += int(few.sum())
        assert hidden[few].all()
        for axis, name in enumerate(("plan", "town")):
            margins = scores_compared(frames, name)
            for value, is_hidden in margins.select("segment_value", "suppressed").iter_rows():
                place = margins["segment_value"].to_list().index(value)
                line = hidden.take(place, axis=axis) & (counts.take(place, axis=axis) > 0)
                if not is_hidden and line.any():
                    assert counts.take(place, axis=axis)[line].sum() >= MINIMUM
    assert n_small > 0


def test_row_order_changes_nothing(frames: AnalysisFrames) -> None:
    from dataclasses import replace

    shuffled = replace(
        frames,
        feedback=frames.feedback.sample(fraction=1, shuffle=True, seed=1),
        mentions=frames.mentions.sample(fraction=1, shuffle=True, seed=2),
    )
    assert compare_segments(shuffled, "plan", across="town").equals(compare_segments(frames, "plan", across="town"))
