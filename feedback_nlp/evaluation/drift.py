"""Whether what people say now is still what the codebook was made for: the newest feedback against the older half."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import polars as pl

from feedback_nlp.analysis.intervals import share_difference
from feedback_nlp.evaluation.figures import UNTHEMED, Evidence, Figure

OLDER, NEWEST = 0.5, 0.8  # quantiles of the feedback's dates: up to the first is older, from the second on newest
FEWEST = 100  # statements on either side below which nothing could be told
DRAWS = 300  # of the same mix, to see how far chance alone parts two periods

UNTHEMED_MORE = 0.05  # of statements; over 5 points more without a theme than before
SIMILARITY_LESS = 0.02  # of cosine: about a third of what parts statements with a theme from those without
MIX_MUCH = 0.05  # of Jensen-Shannon divergence; two halves of one corpus of 1,000 statements have under 0.02


def drift(evidence: Evidence, seed: int) -> tuple[Figure, ...]:
    """Return how the newest fifth of the dated feedback differs from the older half; () without two such periods."""
    dated = evidence.statements.join(
        evidence.frames.feedback.select("feedback_id", "created_at"), on="feedback_id", how="left"
    ).filter(pl.col("created_at").is_not_null() & pl.col("best_similarity").is_not_null())
    if dated.is_empty():
        return ()
    moments = dated["created_at"].sort()
    until, since = moments[int(OLDER * (len(moments) - 1))], moments[int(NEWEST * (len(moments) - 1))]
    old, new = dated.filter(pl.col("created_at") <= until), dated.filter(pl.col("created_at") >= since)
    if since <= until or min(old.height, new.height) < FEWEST:
        return ()
    when = f"newest: from {since:%Y-%m-%d} on ({new.height:,} statements); older: to {until:%Y-%m-%d} ({old.height:,})"
    return (
        _unthemed(old, new, when),
        _similarity(old, new),
        _mix(
            "drift_theme_mix",
            old["top"].fill_null(UNTHEMED).to_list(),
            new["top"].fill_null(UNTHEMED).to_list(),
            "How far the mix of top-level themes moved: Jensen-Shannon divergence in bits less what chance alone "
            f"gives, 0 the same, 1 nothing in common. Over {MIX_MUCH} it moved much: news first, a fault perhaps.",
            seed,
        ),
        _mix(
            "drift_language_mix",
            old["language"].to_list(),
            new["language"].to_list(),
            "The same for languages. A language that came later has no centre of its own in this codebook.",
            seed,
        ),
    )


def refit_reasons(figures: Sequence[Figure]) -> tuple[str, ...]:
    """Return why to discover themes again, from the figures of :func:`drift`."""
    of = {figure.name: figure for figure in figures}
    reasons = []
    more = of.get("drift_unthemed")
    if more is not None and more.value is not None and more.value >= UNTHEMED_MORE and (more.low or 0) > 0:
        reasons.append(f"the newest feedback has {100 * more.value:.0f} points more unthemed statements than the older")
    less = of.get("drift_similarity")
    if less is not None and less.value is not None and less.value <= -SIMILARITY_LESS and (less.high or 0) < 0:
        reasons.append(f"it lies further from every theme (similarity {less.value:+.3f})")
    mix = of.get("drift_language_mix")
    if mix is not None and mix.value is not None and mix.value >= MIX_MUCH and mix.low is not None and mix.low > 0:
        reasons.append(f"its languages are others (divergence {mix.value:.2f})")
    return tuple(reasons)


def _unthemed(old: pl.DataFrame, new: pl.DataFrame, when: str) -> Figure:
    before, now = old["leaf"].null_count(), new["leaf"].null_count()
    low, high = share_difference(now, new.height, before, old.height)
    return Figure(
        "drift_unthemed",
        now / new.height - before / old.height,
        new.height,
        f"Unthemed share in the newest fifth of the feedback by date ({now / new.height:.2f}) minus that in the older "
        f"half ({before / old.height:.2f}); {when}. At {UNTHEMED_MORE} and more people say things that the themes do "
        "not know.",
        float(low),
        float(high),
    )


def _similarity(old: pl.DataFrame, new: pl.DataFrame) -> Figure:
    one, other = new["best_similarity"].to_numpy(), old["best_similarity"].to_numpy()
    gap = float(one.mean() - other.mean())
    half = 1.96 * float(np.sqrt(one.var(ddof=1) / len(one) + other.var(ddof=1) / len(other)))
    return Figure(
        "drift_similarity",
        gap,
        len(one),
        "Mean cosine to the nearest theme, newest minus older. Below 0 statements lie further from every theme; "
        f"-{SIMILARITY_LESS} is much.",
        gap - half,
        gap + half,
    )


def _mix(name: str, old: Sequence[str], new: Sequence[str], how_to_read: str, seed: int) -> Figure:
    """Return the divergence of two mixes less what chance alone gives: its mean, and for the ends its quantiles."""
    names = sorted({*old, *new})
    before, now = (np.array([counts[n] for n in names], float) for counts in (Counter(old), Counter(new)))
    value = float(_divergence(before[None, :], now[None, :])[0])
    pooled = (before + now) / (before + now).sum()
    rng = np.random.default_rng(seed)
    chance = _divergence(
        rng.multinomial(len(old), pooled, DRAWS).astype(float), rng.multinomial(len(new), pooled, DRAWS).astype(float)
    )
    low, high = (max(0.0, value - float(q)) for q in np.quantile(chance, [0.975, 0.025]))
    return Figure(name, max(0.0, value - float(chance.mean())), len(new), how_to_read, low, high)


def _divergence(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the Jensen-Shannon divergence in bits of rows of counts (Lin 1991, doi 10.1109/18.61115)."""
    p, q = one / one.sum(axis=1, keepdims=True), other / other.sum(axis=1, keepdims=True)
    middle = (p + q) / 2

    def away(part: np.ndarray) -> np.ndarray:
        ratio = np.divide(part, middle, out=np.ones_like(part), where=part > 0)
        return (part * np.log2(ratio)).sum(axis=1)

    return (away(p) + away(q)) / 2
