"""Do intervals hold, are alarms true, do sums add up, and how long does it take? ``python benchmarks/drivers.py``

Simulates surveys with known truths (see ``tests/simulated_surveys.py``): no data needed. Prints, side by side:
coverage of 95 % intervals of contributions and Shapley removals, and the market's leave-one-out impact read as what a
theme does; false alarms and found outbreaks, beside the rule "more than twice the standard deviation above the mean";
coverage of what an action changed, and how often one without effect is praised when it follows a peak; then each
analysis on 1,000,000 mentions x 100 themes x 24 months (``--mentions`` for fewer), with memory.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from feedback_nlp.analysis import intervals
from feedback_nlp.analysis.drivers import drivers
from feedback_nlp.analysis.drivers.changes import score_change
from feedback_nlp.analysis.drivers.resampling import interval_of
from feedback_nlp.analysis.frames import AnalysisFrames, build_frames
from feedback_nlp.analysis.segments import compare_segments
from feedback_nlp.analysis.themes import theme_table
from feedback_nlp.analysis.trends import changing_themes, themes_by_month
from feedback_nlp.analysis.watching.alerts import alerts
from feedback_nlp.analysis.watching.counts import expect
from feedback_nlp.analysis.watching.interrupted import interrupt
from feedback_nlp.records import View
from feedback_nlp.settings import Settings
from tests.simulated_surveys import Population, contributions_of, people_behind, removals_of
from tests.test_watching import counted, growing, noisy


def coverage(surveys: int) -> None:
    """Print how often intervals hold the truth, over ``surveys`` surveys of five populations for each size."""
    print("themes  responses  contribution  Shapley  leave-one-out, taken for the contribution")
    for themes, responses in ((7, 300), (7, 1000), (15, 1000)):
        held: dict[str, list[np.ndarray]] = {"contribution": [], "shapley": [], "market": []}
        for number in range(5):
            population = Population(number, themes=themes)
            large = population.draw(400_000, seed=10**6)
            truth, removed = contributions_of(large)[0], removals_of(large)[0]
            for seed in range(surveys // 5):
                survey = population.draw(responses, seed)
                degrees = people_behind(survey)
                for name, found, true in (
                    ("contribution", contributions_of(survey, 400), truth),
                    ("shapley", removals_of(survey, 400), removed),
                ):
                    low, high, _ = interval_of(*found, degrees)
                    held[name].append((low <= true) & (true <= high))
                low, high = _leave_one_out(survey.g, survey.mentions)
                held["market"].append((low <= truth) & (truth <= high))
        shares = [f"{100 * np.mean(held[name]):5.1f} %" for name in ("contribution", "shapley", "market")]
        print(f"{themes:6d}  {responses:9d}  {shares[0]:>12}  {shares[1]:>7}  {shares[2]:>10}")


def _leave_one_out(g: np.ndarray, mentions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    n = len(g)
    without = [g[mentions[:, j] == 0] for j in range(mentions.shape[1])]
    impact = np.array([g.mean() - rest.mean() for rest in without])
    error = np.array(
        [
            np.sqrt((mentions[:, j] * (g - g.mean()) ** 2).sum()) / (n - mentions[:, j].sum())
            for j in range(len(without))
        ]
    )
    return impact - 1.96 * error, impact + 1.96 * error


def alarms(screens: int) -> None:
    """Print false alarms and found outbreaks of three times what is usual, over ``screens`` screens of 40 themes."""
    print("\nperiods  false screens: ours  2-sigma  found within two: ours  2-sigma")
    for periods, year, skip in ((24, 12.0, 1), (36, 12.0, 1), (104, 52.1775, 4)):
        false, false_naive, found, found_naive = [], [], [], []
        for seed in range(screens):
            counts, volume, mean = counted(seed, periods=periods, year=year)
            false.append(_ours(counts, volume, year, skip).any())
            false_naive.append(_two_sigma(counts, volume).any())
            rng = np.random.default_rng(10_000 + seed)
            theme = int(np.argsort(np.abs(mean[:, -1] - 15))[0])
            seen = seen_naive = False
            for _ in range(2):
                counts, volume = np.column_stack([counts, counts[:, -1]]), np.append(volume, volume[-1])
                counts[theme, -1] = rng.negative_binomial(3 * mean[theme, -1] / 0.5, 1 / 1.5)
                seen |= bool(_ours(counts, volume, year, skip)[theme])
                seen_naive |= bool(_two_sigma(counts, volume)[theme])
            found.append(seen)
            found_naive.append(seen_naive)
        shares = [f"{100 * np.mean(each):5.1f} %" for each in (false, false_naive, found, found_naive)]
        print(f"{periods:7d}  {shares[0]:>19}  {shares[1]:>7}  {shares[2]:>22}  {shares[3]:>7}")

    print("a survey that grows from 3 answers a period to 180, 25 themes, no outbreak")
    for periods, skip in ((14, 1), (24, 1), (60, 1)):
        false, false_naive = [], []
        for seed in range(screens):
            counts, volume = growing(seed, periods)
            false.append(_ours(counts, volume, 12.0, skip).any())
            false_naive.append(_two_sigma(counts, volume).any())
        print(f"{periods:7d}  {100 * np.mean(false):17.1f} %  {100 * np.mean(false_naive):5.1f} %")


def follow_ups(series: int) -> None:
    """Print, over ``series`` series without an effect, coverage of 95 % intervals and praise after a peak."""
    print("\ncarried  months either side  interval holds the truth")
    for carried in (0.0, 0.3, 0.5):
        for months in (8, 12, 24, 36):
            held = []
            for seed in range(series):
                found = interrupt(*noisy(np.random.default_rng([seed, months]), 2 * months, carried), months)
                held.append(found is not None and found.low <= 0 <= found.high)
            print(f"{carried:7.1f}  {months:18d}  {100 * np.mean(held):22.1f} %")
    print("carried  peaks  praised after the highest of 18 months: peak left in  left out (2.5 % is due)")
    for carried in (0.0, 0.3, 0.5):
        praised: tuple[list[bool], list[bool]] = [], []
        for seed in range(10 * series):
            y, weight = noisy(np.random.default_rng([seed, 1]), 30, carried)
            if np.argmax(y[:18]) != 17:
                continue
            for result, left_out in zip(praised, (18, 17), strict=True):
                weight[left_out:18] = 0
                found = interrupt(y, weight, 18)
                result.append(found is not None and found.high < 0)
        shares = [f"{100 * np.mean(each):5.1f} %" for each in praised]
        print(f"{carried:7.1f}  {len(praised[0]):5d}  {shares[0]:>51}  {shares[1]:>8}")


def _ours(counts: np.ndarray, volume: np.ndarray, year: float, skip: int) -> np.ndarray:
    return intervals.false_discovery(expect(counts, volume, year, skip).p_value) <= 0.05


def _two_sigma(counts: np.ndarray, volume: np.ndarray) -> np.ndarray:
    share = counts / volume
    past = share[:, :-1]
    return (share[:, -1] > past.mean(axis=1) + 2 * past.std(axis=1, ddof=1)) & (counts[:, -1] >= 5)


def speed(mentions: int) -> None:
    """Print seconds for each analysis on so many mentions of 100 themes in 24 months, and the peak of memory."""
    started = time.perf_counter()
    frames = large_frames(mentions)
    print(f"\n{frames.mentions.height:,} mentions, {frames.feedback.height:,} feedback; built in", end=" ")
    print(f"{time.perf_counter() - started:.1f} s")
    middle = "2025-01-01"
    timed: tuple[tuple[str, Callable[[], Any]], ...] = (
        ("themes with leave-one-out impact", lambda: theme_table(frames)),
        ("drivers, three views", lambda: drivers(frames, draws=0)),
        ("drivers, with 1,000 bootstrap draws", lambda: drivers(frames)),
        ("change between two years", lambda: score_change(frames, View(until=middle), View(since=middle), draws=0)),
        ("change, with 1,000 bootstrap draws", lambda: score_change(frames, View(until=middle), View(since=middle))),
        ("themes by segment", lambda: compare_segments(frames, "region")),
        ("themes by two segments crossed", lambda: compare_segments(frames, "region", across="language")),
        ("themes by month", lambda: themes_by_month(frames)),
        ("last months against before", lambda: changing_themes(frames)),
        ("alarms", lambda: alerts(frames)),
    )
    for name, run in timed:
        begun, cpu = time.perf_counter(), time.process_time()
        run()
        print(f"{name:38s} {time.perf_counter() - begun:6.2f} s wall {time.process_time() - cpu:6.2f} s CPU")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GB")


def large_frames(mentions: int, themes: int = 100) -> AnalysisFrames:
    """Return frames of about ``mentions`` mentions, two a feedback, of people of whom a tenth wrote twice."""
    rng = np.random.default_rng(0)
    n = mentions // 2
    ids = pl.Series([f"f{place:08d}" for place in range(n)])
    person = np.where(rng.random(n) < 0.1, rng.integers(0, n, n), np.arange(n))
    days = rng.integers(0, 730, n)
    says = rng.exponential(size=(themes,)).cumsum()
    chosen = np.searchsorted(says, rng.random(mentions) * says[-1]).astype(np.int64)
    where = np.repeat(np.arange(n), 2)
    effect = rng.normal(0, 1, themes)
    pleased = 7.5 + np.bincount(where, weights=effect[chosen], minlength=n) + rng.normal(0, 2, n)
    score = np.clip(np.round(pleased), 0, 10)
    polarity = np.clip((pleased - 6.5) / 4 + rng.normal(0, 0.3, n), -1, 1)
    label = np.where(polarity > 0.2, "positive", np.where(polarity < -0.2, "negative", "neutral"))
    regions = np.array(["north", "south", "east", "west"])[rng.integers(0, 4, n)]
    feedback = pl.DataFrame(
        {
            "feedback_id": ids,
            "response_id": ids,
            "external_id": ids,
            "customer_id": [f"c{place}" for place in person],
            "source": "survey",
            "channel": np.array(["web", "app"])[rng.integers(0, 2, n)],
            "question": "",
            "language": np.array(["en", "ro", "ru", "it", "ar", "pl"])[rng.integers(0, 6, n)],
            "created_at": [datetime(2024, 1, 1) + timedelta(days=int(day)) for day in days],
            "text": "x",
            "is_non_answer": False,
            "non_answer": None,
            "asides": "[]",
            "duplicate_of": None,
            "duplicate_kind": None,
            "scores": [f'{{"nps": {value:.0f}}}' for value in score],
            "segments": [f'{{"region": "{region}"}}' for region in regions],
            "n_statements": 1,
        },
        schema_overrides={
            "created_at": pl.Datetime("us"),
            **dict.fromkeys(("non_answer", "duplicate_of", "duplicate_kind"), pl.String),
        },
    )
    statement = "s" + ids
    statements = pl.DataFrame(
        {
            "statement_id": statement,
            "feedback_id": ids,
            "start": 0,
            "end": 1,
            "text": "x",
            "language": "en",
            "text_hash": "h",
            "sentiment": polarity,
            "sentiment_label": label,
            "best_theme_id": None,
            "best_similarity": 0.5,
            "unthemed_reason": None,
        },
        schema_overrides={"best_theme_id": pl.String, "unthemed_reason": pl.String},
    )
    said = pl.DataFrame(
        {
            "statement_id": statement.gather(where),
            "feedback_id": ids.gather(where),
            "theme_id": [f"t{theme:03d}" for theme in chosen],
            "confidence": 0.9,
            "provenance": "model",
        }
    ).unique(["statement_id", "theme_id"], maintain_order=True)
    named = [f"t{theme:03d}" for theme in range(themes)]
    described = pl.DataFrame(
        {
            "theme_id": named,
            "label": named,
            "level": 1,
            "parent_id": None,
            "state": "active",
            "threshold": 0.5,
            "keywords": "{}",
            "definition": "",
            "quote_ids": "[]",
            "n_statements": 0,
        },
        schema_overrides={"parent_id": pl.String, "level": pl.Int64},
    )
    scales = pl.DataFrame(
        {"name": ["nps"], "kind": ["nps"], "minimum": [0.0], "maximum": [10.0], "higher_is_better": [True]}
    )
    raw = {"feedback": feedback, "statements": statements, "mentions": said, "themes": described, "scales": scales}
    return build_frames(raw, Settings())


def main() -> None:
    """Run all parts, or some."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--surveys", type=int, default=200, help="simulated surveys for each size; 0 leaves them out")
    parser.add_argument("--screens", type=int, default=400, help="simulated screens of themes; 0 leaves them out")
    parser.add_argument("--series", type=int, default=300, help="simulated actions of each kind; 0 leaves them out")
    parser.add_argument("--mentions", type=int, default=1_000_000, help="mentions to time with; 0 leaves it out")
    options = parser.parse_args()
    if options.surveys:
        coverage(options.surveys)
    if options.screens:
        alarms(options.screens)
    if options.series:
        follow_ups(options.series)
    if options.mentions:
        speed(options.mentions)


if __name__ == "__main__":
    main()
