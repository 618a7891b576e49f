"""What moves the score: three views of each theme, side by side, that can be added up or say why they cannot."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import sparse

from feedback_nlp.analysis import intervals
from feedback_nlp.analysis.drivers.contributions import Contributions, fit_contributions
from feedback_nlp.analysis.drivers.leave_one_out import leave_one_out
from feedback_nlp.analysis.drivers.numbering import numbered
from feedback_nlp.analysis.drivers.removal import shapley_of_removal
from feedback_nlp.analysis.drivers.resampling import DRAWS, interval_of
from feedback_nlp.analysis.drivers.responses import LEAST_RESPONSES, ScoredResponses, require_people, scored_responses
from feedback_nlp.analysis.frames import AnalysisFrames
from feedback_nlp.analysis.outcomes import Outcome, choose_outcome

CLEAR_Q = 0.1  # of all themes called clear, about this share is called so by chance
KINDS = ("must-have", "satisfier", "delighter", "none clear")
_VIEWS = ("contribution", "damage", "lift", "shapley")


@dataclass(frozen=True, slots=True, eq=False)
class Drivers:
    """What moves an outcome in a view.

    ``table`` has one row a theme, most damaging contribution first, nulls last: theme_id, label, n_with (responses),
    share of meaningful feedback (0..1); gap and impact (leave-one-out) with intervals and impact_q; contribution,
    damage, lift and shapley, each with _low, _high (95 %) and _q (Benjamini-Hochberg over the table); kind (of
    :data:`KINDS`, null where it cannot be told), left_out (why there are no contributions, null where there are) and
    suppressed. All are in the outcome's unit, below 0 where the theme goes with a lower score: damage, unless less of
    the outcome is better, as of a churn rate. Associations, not effects.

    ``score`` is the mean over ``n`` meaningful responses of ``n_people``. ``baseline`` + contributions = ``score``;
    ``signed_baseline`` + damage + lift = ``score``; ``score`` - ``rest`` = the sum of shapley, where ``rest`` is the
    score of the ``n_rest`` responses that mention no theme of the table (None for too few). ``impact_total`` is the
    sum of the leave-one-out impacts, which equals none of these where themes overlap. ``controls`` are held constant
    in contributions. Scores, shares and all views go by the weights of a survey; n, n_people, n_rest and n_with are
    counts of what arrived.
    """

    outcome: Outcome
    table: pl.DataFrame
    score: float
    n: int
    n_people: int
    baseline: float
    baseline_low: float
    baseline_high: float
    signed_baseline: float
    rest: float | None
    n_rest: int
    impact_total: float
    controls: tuple[str, ...]
    ridge: float
    order_error: float


def drivers(
    frames: AnalysisFrames,
    *,
    outcome: Outcome | None = None,
    level: int = 1,
    controlled: bool = True,
    draws: int = DRAWS,
    seed: int = 0,
) -> Drivers:
    """Return what moves the outcome.

    ``controlled`` holds segments, channel, language, source, question and month constant in contributions, damage and
    lift. ``draws`` is the number of bootstrap draws. Raises NothingToShow when fewer people than the privacy minimum
    have the outcome.
    """
    outcome = outcome or choose_outcome(frames)
    numbers = numbered(frames)
    # Joins beside matrices. Fits stay one after the other: each uses all cores, and two at once would wait for theirs.
    with ThreadPoolExecutor(1) as beside:
        alone = beside.submit(leave_one_out, numbers, outcome, level)
        responses = scored_responses(numbers, outcome, level=level, controlled=controlled)
        require_people(frames, outcome, responses)
        presence = fit_contributions(
            *(responses.g, responses.columns(), responses.controls, responses.person),
            weight=responses.weight,
            seed=seed,
            draws=draws,
        )
        removal = shapley_of_removal(
            *(responses.g, responses.row, responses.theme, len(responses.theme_ids), responses.person),
            weight=responses.weight,
            seed=seed,
            draws=draws,
        )
        signed, said, damaging = _signed(responses, frames.privacy_minimum, seed, draws)
    whole = np.ones(len(responses.theme_ids), bool)
    views = pl.DataFrame({"theme_id": responses.theme_ids}, schema={"theme_id": pl.String})
    degrees = responses.degrees()
    views = views.hstack(_figures("contribution", whole, presence.parts, presence.draws[:, 1:], degrees))
    for name, kind in (("damage", "negative"), ("lift", "positive")):
        chosen = damaging == (kind == "negative")
        parts, drawn, known = np.zeros(len(whole)), np.zeros((draws, len(whole))), np.zeros(len(whole), bool)
        parts[said[chosen]] = signed.parts[chosen]
        drawn[:, said[chosen]] = signed.draws[:, 1:][:, chosen]
        known[said[chosen]] = True
        views = views.hstack(_figures(name, known, parts, drawn, responses.degrees(kind)))
    views = views.hstack(_figures("shapley", whole, removal.values, removal.draws, degrees))
    table = _side_by_side(frames, outcome, alone.result(), views, responses)
    low, high, _ = interval_of(
        np.array([presence.baseline]), presence.draws[:, :1], np.array([responses.effective_people - 1])
    )
    ends = sorted((outcome.sign * float(low[0]), outcome.sign * float(high[0])))
    return Drivers(
        outcome=outcome,
        table=table,
        score=outcome.sign * presence.score + 0.0,
        n=responses.n,
        n_people=responses.n_people,
        baseline=outcome.sign * presence.baseline,
        baseline_low=ends[0],
        baseline_high=ends[1],
        signed_baseline=outcome.sign * signed.baseline,
        rest=outcome.sign * removal.rest + 0.0 if removal.n_rest >= LEAST_RESPONSES else None,
        n_rest=removal.n_rest,
        impact_total=float(table["impact"].sum()),
        controls=responses.control_names,
        ridge=presence.ridge,
        order_error=float(removal.order_error.max(initial=0.0)),
    )


def _signed(
    responses: ScoredResponses, minimum: int, seed: int, draws: int
) -> tuple[Contributions, np.ndarray, np.ndarray]:
    """Fit negative and positive mentions apart; return the fit, and of each column its theme and whether negative."""
    columns, themes, negative = [], [], []
    for kind in ("negative", "positive"):
        found = responses.columns(kind)
        counts = np.asarray(found.sum(axis=0)).ravel()
        kept = np.flatnonzero((counts >= LEAST_RESPONSES) & (responses.n - counts >= LEAST_RESPONSES))
        kept = kept[responses.fewer_people(kind)[kept] >= minimum]
        columns.append(found[:, kept])
        themes.append(kept)
        negative.append(np.full(len(kept), kind == "negative"))
    fitted = fit_contributions(
        *(responses.g, sparse.hstack(columns, format="csr"), responses.controls, responses.person),
        weight=responses.weight,
        seed=seed,
        draws=draws,
    )
    return fitted, np.concatenate(themes), np.concatenate(negative)


def _figures(name: str, known: np.ndarray, parts: np.ndarray, draws: np.ndarray, degrees: np.ndarray) -> pl.DataFrame:
    low, high, p = interval_of(parts, draws, degrees)
    columns = {name: parts, f"{name}_low": low, f"{name}_high": high, f"{name}_q": np.where(known, p, np.nan)}
    columns[f"{name}_q"] = intervals.false_discovery(columns[f"{name}_q"])
    blanked = {key: np.where(known, values, np.nan) for key, values in columns.items()}
    return pl.DataFrame(blanked, schema=dict.fromkeys(blanked, pl.Float64)).fill_nan(None)


def _side_by_side(
    frames: AnalysisFrames, outcome: Outcome, alone: pl.DataFrame, views: pl.DataFrame, responses: ScoredResponses
) -> pl.DataFrame:
    clear = {
        name: (pl.col(f"{name}_q") <= CLEAR_Q) & (pl.col(name) < 0 if name == "damage" else pl.col(name) > 0)
        for name in ("damage", "lift")
    }
    damages, lifts = (clear[name].fill_null(False) for name in ("damage", "lift"))
    return (
        alone.join(views, on="theme_id", how="left")
        .with_columns(
            pl.when(pl.col("damage").is_null() & pl.col("lift").is_null())
            .then(None)
            .when(damages & lifts)
            .then(pl.lit(KINDS[1]))
            .when(damages)
            .then(pl.lit(KINDS[0]))
            .when(lifts)
            .then(pl.lit(KINDS[2]))
            .otherwise(pl.lit(KINDS[3]))
            .alias("kind"),
            pl.when(pl.col("contribution").is_not_null())
            .then(None)
            .when("suppressed")
            .then(pl.lit(f"fewer than {frames.privacy_minimum} people"))
            .when(pl.col("theme_id").is_in(list(responses.left_out)))
            .then(pl.lit(f"fewer than {LEAST_RESPONSES} scored responses, or too few beside it"))
            .otherwise(pl.lit("no scored response"))
            .alias("left_out"),
        )
        .sort("contribution", "theme_id", nulls_last=True)
        .pipe(outcome.as_counted, *_VIEWS)
    )
