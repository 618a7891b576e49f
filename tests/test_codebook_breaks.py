"""A new codebook tags tonight's feedback while the history keeps the old one's tags: trends say so and ring no bell."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from feedback_nlp import charts
from feedback_nlp.analysis.codebook_breaks import codebook_breaks, one_run, period_versions
from feedback_nlp.analysis.frames import AnalysisFrames, build_frames
from feedback_nlp.analysis.trends import changing_themes, theme_by_month, themes_by_period
from feedback_nlp.analysis.watching.alerts import alerts
from feedback_nlp.analysis.watching.follow_up import follow_up
from feedback_nlp.pipeline import tag_statements
from feedback_nlp.pipeline.ingest import encode_pending
from feedback_nlp.records import Action, Feedback, Statement, stable_hash
from feedback_nlp.settings import Settings
from feedback_nlp.store import Store
from tests import topic_store
from tests.fake_encoder import TopicEncoder
from tests.sample import raw_frames

THEME = "t-service"


def switched(month: int | None, *, jump: float = 0.9, months: int = 14, mixed: int | None = None) -> AnalysisFrames:
    """Frames over so many months whose codebook 2 tags from ``month`` on, and finds the theme much more often.

    Half of the month ``mixed`` is tagged by codebook 2.
    """
    n = 1400
    raw = raw_frames(n)
    feedback = raw["feedback"].sort("feedback_id").with_row_index("place")
    place = feedback["place"].to_numpy() % months
    dates = [datetime(2024 + m // 12, m % 12 + 1, 10) for m in place.tolist()]
    new = place >= (months if month is None else month)
    if mixed is not None:
        new |= (place == mixed) & (np.arange(len(place)) // months % 2 == 0)
    raw["feedback"] = feedback.drop("place").with_columns(pl.Series("created_at", dates, dtype=pl.Datetime("us")))
    of_feedback = pl.DataFrame({"feedback_id": raw["feedback"]["feedback_id"], "new": new})
    first = raw["statements"].unique("feedback_id", keep="first", maintain_order=True)
    first = first.join(of_feedback, on="feedback_id", maintain_order="left")
    rng = np.random.default_rng(0)
    says = rng.random(first.height) < np.where(first["new"].to_numpy(), jump, 0.2)
    raw["mentions"] = first.filter(pl.Series(says)).select(
        "statement_id",
        "feedback_id",
        pl.lit(THEME).alias("theme_id"),
        pl.lit(0.9).alias("confidence"),
        pl.lit("model").alias("provenance"),
    )
    raw["statements"] = (
        raw["statements"]
        .join(of_feedback, on="feedback_id", maintain_order="left")
        .with_columns(pl.when("new").then(2).otherwise(1).cast(pl.Int64).alias("codebook_version"))
        .drop("new")
    )
    raw["codebooks"] = pl.DataFrame({"version": [1, 2], "reason": ["first themes", "a finer one"]})
    return build_frames(raw, Settings())


def test_a_history_of_one_codebook_has_no_break() -> None:
    frames = switched(None)
    assert codebook_breaks(frames).is_empty()
    assert theme_by_month(frames, THEME)["codebook_versions"].to_list() == [[1]] * 14
    judged = alerts(frames)
    assert judged["judged"].all()
    assert judged["reason"].null_count() == judged.height
    assert changing_themes(frames).height > 0


def test_a_break_is_where_another_codebook_takes_over() -> None:
    frames = switched(9, mixed=8)
    assert codebook_breaks(frames).to_dicts() == [
        {"period": "2024-09", "codebook_version": 2, "previous_version": 1, "reason": "a finer one"}
    ]
    months = theme_by_month(frames, THEME)
    assert months["codebook_versions"].to_list() == [[1]] * 8 + [[1, 2]] + [[2]] * 5
    told = period_versions(frames)
    assert told["whole"].to_list() == [True] * 8 + [False] + [True] * 5
    by_week = themes_by_period(frames, "week").filter(pl.col("theme_id") == THEME)
    assert by_week.filter(pl.col("base") == 0)["codebook_versions"].list.len().sum() == 0
    assert codebook_breaks(frames, "week").height == 1


def test_a_jump_at_a_break_is_no_alarm() -> None:
    jumped = alerts(switched(None), latest=1).filter(pl.col("theme_id") == THEME).row(0, named=True)
    assert not jumped["alarm"]
    alone = switched(13)
    same = replace(alone, statements=alone.statements.with_columns(codebook_version=pl.lit(1, pl.Int64)))
    assert alerts(same, latest=1).filter(pl.col("theme_id") == THEME)["alarm"].to_list() == [True]
    row = alerts(alone, latest=1).filter(pl.col("theme_id") == THEME).row(0, named=True)
    assert (row["alarm"], row["judged"]) == (False, False)
    assert "another codebook took over on 2025-02-01" in row["reason"]
    part = alerts(switched(None, mixed=13), latest=1).filter(pl.col("theme_id") == THEME).row(0, named=True)
    assert (part["alarm"], part["judged"]) == (False, False)
    assert "Several codebooks tagged this month" in part["reason"]


def test_what_came_after_the_break_is_judged_by_itself() -> None:
    row = alerts(switched(5), latest=1).filter(pl.col("theme_id") == THEME).row(0, named=True)
    assert row["judged"]
    assert not row["alarm"]
    assert row["expected"] / row["base"] == pytest.approx(0.9, abs=0.1)


def test_last_months_are_not_set_against_another_codebook() -> None:
    assert changing_themes(switched(12)).is_empty()
    change = changing_themes(switched(8)).row(by_predicate=pl.col("theme_id") == THEME, named=True)
    assert abs(change["change"]) < 0.1
    assert change["base_before"] < changing_themes(switched(None))["base_before"][0] / 2


def test_periods_without_tags_go_with_those_before() -> None:
    told = pl.DataFrame({"codebook_version": [None, 1, None, 1, 2, None, 2]}, schema={"codebook_version": pl.Int64})
    assert one_run(told, 0).tolist() == [True] * 4 + [False] * 3
    assert one_run(told, 5).tolist() == [False] * 4 + [True] * 3


def test_tonight_is_tagged_by_the_new_codebook_and_the_history_is_left(tmp_path: Path) -> None:
    with topic_store.fill_and_publish(tmp_path / "kept.db") as store:
        before = store.read_frames()
        assert set(before["statements"]["codebook_version"]) == {1}
        assert (
            topic_store.publish(store, lambda topic, language: None if topic == "staff" else topic_store.PLACES[topic])
            == 2
        )
        clear(store, 2)
        add_tonight(store)
        summary = tag_statements(store, Settings(), encoder=TopicEncoder(), keep_history=True)
        assert (summary.codebook_version, summary.n_tagged) == (2, 4)
        after = store.read_frames()
        counted = dict(after["statements"].group_by("codebook_version").len().iter_rows())
        assert counted == {1: before["statements"].height, 2: 4}
        old = after["statements"].filter(pl.col("codebook_version") == 1)
        gone = old.filter(pl.col("unthemed_reason") == "its theme of codebook 1 is no more")
        assert gone.height == before["mentions"].filter(pl.col("theme_id") == "t-staff").height
        assert "t-staff" not in set(after["mentions"]["theme_id"])
        kept = before["mentions"].filter(pl.col("theme_id") == "t-delivery")
        tonight = after["statements"].filter(pl.col("codebook_version") == 2)["statement_id"].implode()
        delivery = after["mentions"].filter(pl.col("theme_id") == "t-delivery", ~pl.col("statement_id").is_in(tonight))
        assert delivery.equals(kept)
        again = tag_statements(store, Settings(), encoder=TopicEncoder())
        assert again.n_tagged == before["statements"].height
        assert set(store.read_frames()["statements"]["codebook_version"]) == {2}


def clear(store: Store, version: int) -> None:
    """Take back what the helper tagged: the new codebook has tagged nothing yet."""
    import sqlalchemy as sa

    from feedback_nlp.store import schema

    with store._write() as connection:
        for table in (schema.tag, schema.mention):
            connection.execute(sa.delete(table).where(table.c.codebook_version == version))


def add_tonight(store: Store) -> None:
    """Four new answers about delivery."""
    run = store.begin_run("tonight.csv", "tonight", {})
    texts = [f"{opening} parcel, again" for opening in topic_store.OPENINGS["en"]]
    feedback = [
        Feedback(
            f"n{i}", f"n{i}", text, language="en", created_at=datetime(2026, 1, 1) + timedelta(i), content_hash=text
        )
        for i, text in enumerate(texts)
    ]
    statements = {
        f"n{i}": [Statement(f"sn{i}", f"n{i}", 0, len(t), t, "en", stable_hash(t))] for i, t in enumerate(texts)
    }
    store.upsert_feedback(feedback, statements, run)
    store.finish_run(run, {})
    encode_pending(store, TopicEncoder())


def test_a_trend_shows_the_break_with_its_reason() -> None:
    frames = switched(9)
    drawn = charts.share_trend(theme_by_month(frames, THEME), breaks=codebook_breaks(frames)).to_dict()
    marks = [layer for layer in drawn["layer"] if layer["mark"].get("strokeDash") == [3, 3]]
    assert len(marks) == 1
    assert marks[0]["data"]["values"] == [
        {"month": "2024-10", "word": "codebook v2 from here", "before": "v1", "reason": "a finer one", "late": True}
    ]
    assert {tooltip["field"] for tooltip in marks[0]["encoding"]["tooltip"]} == {"month", "word", "before", "reason"}
    assert "codebook v2 from here" in charts.to_svg(
        charts.share_trend(theme_by_month(frames, THEME), breaks=codebook_breaks(frames))
    )
    none = switched(None)
    plain = charts.share_trend(theme_by_month(none, THEME), breaks=codebook_breaks(none)).to_dict()
    assert all(layer["mark"].get("strokeDash") is None for layer in plain["layer"])
    spark = charts.sparkline(theme_by_month(frames, THEME), breaks=codebook_breaks(frames)).to_dict()
    assert [layer["mark"].get("strokeDash") for layer in spark["layer"]].count([3, 3]) == 1


def test_an_action_is_not_judged_across_a_break() -> None:
    action = Action(1, THEME, "Call back", "ana", datetime(2024, 11, 1, tzinfo=UTC), since="2025-01-01")
    kept = follow_up(switched(None, months=24), action, measure="mention")
    assert kept.found is not None
    assert "another codebook" not in kept.reason
    broken = follow_up(switched(12, months=24), action, measure="mention")
    assert (broken.verdict, broken.found) == ("not enough data yet", None)
    assert "Left out: months that another codebook tagged" in broken.reason
    late = follow_up(switched(2, months=24), action, measure="mention")
    assert late.found is not None
    assert late.verdict == "no clear change"
    assert "Left out: months that another codebook tagged" in late.reason
