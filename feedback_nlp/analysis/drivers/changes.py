"""What changed a score between two periods: more or fewer people who mention a theme, or another effect of it.

With g = a + sum_j w_j b_j in each period, the change of the score is the change of a, plus for each theme the mix
(w2 - w1)(b1 + b2)/2 and the effect (b2 - b1)(w1 + w2)/2: the twofold decomposition of Oaxaca (1973) and Blinder (1973)
with equal weights, which is exact and does not depend on which period is called the first.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import polars as pl

from feedback_nlp.analysis import intervals
from feedback_nlp.analysis.drivers.contributions import Contributions, fit_periods
from feedback_nlp.analysis.drivers.numbering import numbered, numbers_among
from feedback_nlp.analysis.drivers.resampling import DRAWS, interval_of
from feedback_nlp.analysis.drivers.responses import ScoredResponses, require_people, scored_responses
from feedback_nlp.analysis.frames import AnalysisFrames, apply_view
from feedback_nlp.analysis.outcomes import Outcome, choose_outcome
from feedback_nlp.records import View


@dataclass(frozen=True, slots=True, eq=False)
class ScoreChange:
    """What changed an outcome from one period to the next.

    ``change`` = ``after`` - ``before`` = ``baseline`` + the sums of mix and effect over ``table``, which has one row a
    theme, largest total first: theme_id, label, n_before, n_after (responses), share_before, share_after (0..1), mix,
    effect and total, each with _low and _high (95 %), and total_q (Benjamini-Hochberg). All in the outcome's unit;
    ``n_before`` and ``n_after`` count meaningful responses; all else goes by the weights of a survey, each period's by
    themselves. ``baseline`` is what no theme accounts for. Associations, not causes.
    """

    outcome: Outcome
    before: float
    after: float
    n_before: int
    n_after: int
    change: float
    change_low: float
    change_high: float
    baseline: float
    baseline_low: float
    baseline_high: float
    table: pl.DataFrame


def score_change(
    frames: AnalysisFrames,
    before: View,
    after: View,
    *,
    outcome: Outcome | None = None,
    level: int = 1,
    draws: int = DRAWS,
    seed: int = 0,
) -> ScoreChange:
    """Return what changed the outcome between two views.

    Raises NothingToShow where either has too few people with the outcome, and what
    :func:`~feedback_nlp.analysis.frames.apply_view` raises.
    """
    outcome = outcome or choose_outcome(frames)
    numbers = numbered(frames, statements=bool(before.facets or after.facets))
    with ThreadPoolExecutor(2) as beside:
        found = list(
            beside.map(
                lambda view: scored_responses(apply_view(numbers, view), outcome, level=level),
                (before, after),
            )
        )
    for responses, period in zip(found, ("before", "after"), strict=True):
        require_people(frames, outcome, responses, f" {period}")
    shared = sorted(set(found[0].theme_ids) & set(found[1].theme_ids))
    # The same people in both periods are drawn together, so they are numbered over both.
    _, people = numbers_among(np.concatenate([responses.people for responses in found]))
    fits = fit_periods(
        [
            (
                responses.g,
                responses.columns()[:, [responses.theme_ids.index(theme) for theme in shared]],
                responses.controls,
                numbers[responses.person],
                responses.weight,
            )
            for responses, numbers in zip(found, np.split(people, [found[0].n_people]), strict=True)
        ],
        seed=seed,
        draws=draws,
    )
    return _decomposed(frames, outcome, shared, found, fits)


def score_change_on(
    frames: AnalysisFrames, day: str, *, outcome: Outcome | None = None, level: int = 1, seed: int = 0
) -> ScoreChange:
    """Return what changed the outcome from before the ISO date ``day`` to the time since, as :func:`score_change`."""
    return score_change(frames, View(until=day), View(since=day), outcome=outcome, level=level, seed=seed)


def _decomposed(
    frames: AnalysisFrames,
    outcome: Outcome,
    themes: list[str],
    found: list[ScoredResponses],
    fits: list[Contributions],
) -> ScoreChange:
    first, second = fits
    labels = dict(frames.themes.select("theme_id", "label").iter_rows())
    degrees = np.minimum(
        *(responses.degrees()[[responses.theme_ids.index(theme) for theme in themes]] for responses in found)
    )
    mix = (second.shares - first.shares) * (first.effects + second.effects) / 2
    effect = (second.effects - first.effects) * (first.shares + second.shares) / 2
    effects = [_effects(fit) for fit in fits]
    drawn_mix = (second.drawn_shares - first.drawn_shares) * (effects[0] + effects[1]) / 2
    drawn_effect = (effects[1] - effects[0]) * (first.drawn_shares + second.drawn_shares) / 2
    columns: dict[str, np.ndarray] = {}
    for name, value, drawn in (
        ("mix", mix, drawn_mix),
        ("effect", effect, drawn_effect),
        ("total", mix + effect, drawn_mix + drawn_effect),
    ):
        low, high, p = interval_of(value, drawn, degrees)
        columns |= {name: value, f"{name}_low": low, f"{name}_high": high}
        if name == "total":
            columns["total_q"] = intervals.false_discovery(p)
    table = pl.DataFrame(
        {
            "theme_id": themes,
            "label": [labels[theme] for theme in themes],
            "n_before": _counts(found[0], themes),
            "n_after": _counts(found[1], themes),
            "share_before": first.shares,
            "share_after": second.shares,
            **columns,
        },
        schema_overrides={"theme_id": pl.String, "label": pl.String},
    ).with_columns(pl.selectors.float().fill_nan(None))
    baseline = second.baseline - first.baseline
    everybody = np.array([min(responses.effective_people for responses in found) - 1])
    drawn_baseline = (second.draws[:, 0] - first.draws[:, 0])[:, None]
    drawn_change = second.draws.sum(axis=1)[:, None] - first.draws.sum(axis=1)[:, None]
    sign, table = outcome.sign, outcome.as_counted(table, "mix", "effect", "total")
    change = second.score - first.score
    (low,), (high,), _ = interval_of(np.array([change]), drawn_change, everybody)
    (base_low,), (base_high,), _ = interval_of(np.array([baseline]), drawn_baseline, everybody)
    low, high = sorted((sign * low, sign * high))
    base_low, base_high = sorted((sign * base_low, sign * base_high))
    return ScoreChange(
        outcome=outcome,
        before=sign * first.score,
        after=sign * second.score,
        n_before=found[0].n,
        n_after=found[1].n,
        change=sign * change,
        change_low=float(low),
        change_high=float(high),
        baseline=sign * baseline,
        baseline_low=float(base_low),
        baseline_high=float(base_high),
        table=table.sort(pl.col("total").abs(), "theme_id", descending=[True, False]),
    )


def _effects(fit: Contributions) -> np.ndarray:
    """Return the effects of each draw, (n_draws, k); 0 where a draw holds nobody who mentions the theme."""
    shares = fit.drawn_shares
    return np.where(shares > 0, fit.draws[:, 1:] / np.where(shares > 0, shares, 1), 0)


def _counts(responses: ScoredResponses, themes: list[str]) -> np.ndarray:
    counts = np.bincount(responses.theme, minlength=len(responses.theme_ids))
    return counts[[responses.theme_ids.index(theme) for theme in themes]]
