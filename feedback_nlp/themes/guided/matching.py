"""From phrases to prototypes: which direction of the prepared space tells each guided theme, and from which cosine on.

No statement is labelled. Phrases alone match badly, as a corpus talks in its own words, so the corpus teaches:

1. Each statement is scored by each theme: cosine to the mean of its phrases plus the mean of its two nearest phrases,
   less what it has with all themes.
2. Statements that no theme is near to are background, and so are those that are more likely talk of other things
   (sentences about news, nature, everyday wishes) than of any theme. How much of a corpus is such talk is learnt from
   it: for customers' comments next to nothing, for encyclopaedias nearly all. For a theme that a statement is no nearer
   to than to what customers say about none ("I would buy again", or what the theme is not), it is background, too, if
   the codebook says what its themes are not. Of the others, those that one theme wins most clearly are taken for
   examples of it (self-training: Yarowsky 1995, https://doi.org/10.3115/981658.981684).
3. A ridge regression of themes and background on phrases and examples gives each theme a direction that also knows
   what the other themes look like; its scores choose the next examples. Three rounds.
4. The threshold of a theme is where it would be mentioned as often as it is won, times how many themes a statement
   mentions on average, or before that, where too few of those mentioned would be near its phrases and not as near to
   talk of none: the fewer are mentioned, the larger the share that must be, as chance weighs more (one standard error
   of a share). Few statements that would lower the threshold weigh against the phrases; few that raise it do not. So a
   theme that hardly anyone mentions does not live off its neighbours. And it is never so low that more than 2 in 100
   sentences about none would pass.

A linear score is a cosine to the direction: the statements are unit vectors. What the phrases say of a threshold is
their own scores, each left out in turn (closed form: Allen 1974, PRESS, https://doi.org/10.1080/00401706.1974.10489157).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from feedback_nlp.themes.space import unit_rows

ROUNDS = 3
RIDGE = 0.3  # times the mean eigenvalue
LEAST_NEAR = 0.6  # of ever so many statements that mention a theme, the share that must be near its phrases
LEAST_TOLD = 0.4  # the same where near also means no nearer to talk of none
SAYS_OTHER = 0.5  # base score from which a phrase that a theme is not says what it is: the nearest other theme
FALSE_ALARMS = 0.02  # of the sentences about none of the themes, how many may mention one
FEWEST_TO_JUDGE = 50  # sentences about none, below which that is not looked at
CLEAREST = 0.5  # of a theme's statements, the share that is taken for examples
PHRASE_WEIGHT = 3.0  # of a phrase, in statements
FEWEST_STATEMENTS = 200  # below which the corpus teaches nothing: a theme's examples would be two or three
EM_STEPS = 50
BLOCK = 4_096  # statements compared at a time
CLEARLY = 0.4  # the base score from which a statement is about a theme, whatever its talk is like
LEAN = 10  # of a theme: as many statements weigh as much as its phrases in its threshold


@dataclass(frozen=True)
class Reach:
    """How near is near.

    ``least`` is the base score (about -2..2) below which a statement is background, ``background`` the share of
    statements that is background at least, ``several`` how many themes a statement of any mentions, ``untaught`` the
    least score (1 is what a phrase is told to score) where only phrases set the threshold, ``doubt`` the cosine by
    which talk of none must be nearer than a theme's phrases to hide a statement from its theme (infinite: never).
    """

    least: float
    background: float
    several: float
    untaught: float
    doubt: float = 0.1


THEMES = Reach(least=0.2, background=0.2, several=1.2, untaught=0.25)
# Such a codebook is written for its corpus, in few phrases: what is nearer to talk of none than to those may well be
# the theme in the corpus's own words.
WITHOUT_UNLIKE = replace(THEMES, doubt=np.inf)
FACETS = Reach(least=0.35, background=0.6, several=1.0, untaught=0.6)  # most statements do not say where or when


@dataclass(frozen=True)
class Matcher:
    """One direction for each of k themes: unit ``vectors`` (k, p) and least cosines ``thresholds`` (k,)."""

    vectors: np.ndarray
    thresholds: np.ndarray


def fit_matcher(
    prepared: np.ndarray,
    phrases: np.ndarray,
    theme_of: np.ndarray,
    k: int,
    *,
    unlike: np.ndarray | None = None,
    unlike_of: np.ndarray | None = None,
    elsewhere: np.ndarray | None = None,
    beside: np.ndarray | None = None,
    reach: Reach = THEMES,
) -> Matcher:
    """Return a matcher of ``k`` themes from prepared statements (n, p), n may be 0, and ``phrases`` (m, p).

    ``theme_of`` (m,) is each phrase's theme, 0..k-1; ``unlike`` (u, p) are phrases that theme ``unlike_of`` (u,) is
    not; ``elsewhere`` (b, p) are sentences about none of the themes as far as one knows, and ``beside`` (c, p) such as
    customers write around their point. Every theme needs a phrase. The order of the statements must be fixed by the
    caller.
    """
    statements, spoken = prepared.astype(np.float64), phrases.astype(np.float64)
    points, labels = spoken, theme_of
    if unlike is not None and unlike_of is not None and len(unlike):
        others = _base_scores(unlike.astype(np.float64), spoken, theme_of, k)
        others[np.arange(len(unlike)), unlike_of] = -np.inf
        said = np.where(others.max(axis=1) >= SAYS_OTHER, others.argmax(axis=1), k)
        points, labels = np.vstack([points, unlike.astype(np.float64)]), np.concatenate([labels, said])
    # What is near to a theme after all, as a codebook may be about the news, says nothing.
    far, around = (
        _about_none(none, spoken, theme_of, k, reach.least) if none is not None else np.empty((0, points.shape[1]))
        for none in (elsewhere, beside)
    )
    points = np.vstack([points, far, around])
    labels = np.concatenate([labels, np.full(len(points) - len(labels), k)])
    own = np.full(len(points), PHRASE_WEIGHT)
    taught = len(statements) >= FEWEST_STATEMENTS
    scores = _base_scores(statements, spoken, theme_of, k)
    if not taught:  # too few to be examples of a theme, but not to show what is none
        other = statements[scores.max(axis=1) < reach.least] if len(scores) else statements
        points, labels = np.vstack([points, other]), np.concatenate([labels, np.full(len(other), k)])
        weights, bias, left_out = _ridge(points, labels, np.concatenate([own, np.ones(len(other))]), k)
        return _matcher(weights, bias, _phrase_thresholds(left_out, labels, k, reach.untaught))
    if unlike is not None and unlike_of is not None:
        scores = np.where(_set_apart(statements, spoken, theme_of, unlike, unlike_of, k), -1.0, scores)
    elsewhere_too = _of_other_things(statements, spoken, far) & (scores.max(axis=1) < CLEARLY)
    base, told, least_near = (
        np.where(elsewhere_too[:, None], -1.0, scores),
        np.ones_like(scores, dtype=bool),
        LEAST_NEAR,
    )
    if np.isfinite(reach.doubt) and (labels == k).sum() >= FEWEST_TO_JUDGE:
        near_none = _two_nearest(statements, points[labels == k])
        near_theme = _near_themes(statements, spoken, theme_of, k)
        base = np.where(near_theme >= near_none[:, None] - reach.doubt, base, -1.0)
        told, least_near = near_theme >= near_none[:, None], LEAST_TOLD
    scores = base
    share = float(np.clip((scores.max(axis=1) < reach.least).mean(), reach.background, 0.97))
    for _ in range(ROUNDS):
        won = _won(scores, share)
        chosen = np.flatnonzero(_clear(scores, won, k) | (won < 0))
        weights, bias, left_out = _ridge(
            np.vstack([points, statements[chosen]]),
            np.concatenate([labels, np.where(won[chosen] < 0, k, won[chosen])]),
            np.concatenate([own, np.ones(len(chosen))]),
            k,
        )
        scores = np.round(statements @ weights + bias, 6)
    sizes = np.bincount(_won(scores, share) + 1, minlength=k + 1)[1:]
    thresholds = _phrase_thresholds(left_out[: len(points)], labels, k, reach.untaught)
    for theme in np.flatnonzero(sizes):
        close = (base[:, theme] >= reach.least) & told[:, theme]
        often = min(max(round(reach.several * int(sizes[theme])), 1), len(scores))
        near = close[np.argsort(-scores[:, theme], kind="stable")[:often]]
        said = np.arange(1, often + 1)
        enough = np.flatnonzero(np.cumsum(near) >= least_near * said + 0.5 * np.sqrt(said))
        often = int(enough[-1]) + 1 if len(enough) else 0
        learnt = np.sort(scores[:, theme])[-often] if often else scores[:, theme].max() + 1e-4
        weight = 1.0 if learnt > thresholds[theme] else sizes[theme] / (sizes[theme] + LEAN)
        thresholds[theme] += weight * (learnt - thresholds[theme])
    of_none = labels == k
    if of_none.sum() >= FEWEST_TO_JUDGE:
        passing = np.quantile(left_out[: len(points)][of_none], 1 - FALSE_ALARMS, axis=0)
        thresholds = np.maximum(thresholds, passing)
    return _matcher(weights, bias, thresholds)


def _set_apart(
    statements: np.ndarray, phrases: np.ndarray, theme_of: np.ndarray, unlike: np.ndarray, unlike_of: np.ndarray, k: int
) -> np.ndarray:
    """Return (n, k): which statements are nearer to what a theme is not than to any phrase of it."""
    apart = np.zeros((len(statements), k), dtype=bool)
    for theme in np.unique(unlike_of):
        against, own = unlike[unlike_of == theme].astype(np.float64), phrases[theme_of == theme]
        if len(own):
            nearest = [np.round((statements @ points.T).max(axis=1), 6) for points in (against, own)]
            apart[:, theme] = nearest[0] > nearest[1]
    return apart


def _of_other_things(statements: np.ndarray, phrases: np.ndarray, far: np.ndarray) -> np.ndarray:
    """Return which statements, (n,), are more likely talk like ``far`` (b, p) than like any of the phrases.

    A ridge regression tells the two kinds apart; its scores of either, each left out in turn, are taken for normal. How
    many of the statements are of either kind is found by expectation-maximisation, since it is not what the counts of
    phrases and sentences say (Saerens et al. 2002, https://doi.org/10.1162/089976602753284446).
    """
    if len(far) < FEWEST_TO_JUDGE or len(phrases) < 2:
        return np.zeros(len(statements), dtype=bool)
    points = np.vstack([phrases, far])
    labels = np.repeat([1, 0], [len(phrases), len(far)])
    weights, bias, left_out = _ridge(points, labels, np.ones(len(points)), 1)
    own, other = left_out[labels == 1, 0], left_out[labels == 0, 0]
    scores = np.round(np.clip(statements @ weights[:, 0] + bias[0], own.mean(), other.mean()), 6)
    like_own, like_other = (
        np.exp(-0.5 * ((scores - kind.mean()) / max(kind.std(), 1e-3)) ** 2) / max(kind.std(), 1e-3)
        for kind in (own, other)
    )
    share = 0.5
    for _ in range(EM_STEPS):
        likely = share * like_other / (share * like_other + (1 - share) * like_own + 1e-12)
        share = float(likely.mean())
    return np.asarray(np.round(likely, 6) > 0.5)


def _about_none(sentences: np.ndarray, phrases: np.ndarray, theme_of: np.ndarray, k: int, least: float) -> np.ndarray:
    """Return those of ``sentences`` (b, p) that are not near to any theme."""
    said = sentences.astype(np.float64)
    return said[_base_scores(said, phrases, theme_of, k).max(axis=1, initial=-np.inf) < least]


def _near_themes(statements: np.ndarray, phrases: np.ndarray, theme_of: np.ndarray, k: int) -> np.ndarray:
    """Return (n, k): the mean cosine of each statement to the two nearest phrases of each theme."""
    return np.stack([_two_nearest(statements, phrases[theme_of == theme]) for theme in range(k)], axis=1)


def _base_scores(statements: np.ndarray, phrases: np.ndarray, theme_of: np.ndarray, k: int) -> np.ndarray:
    """Return (n, k): cosine to the mean of a theme's phrases plus the mean cosine to its two nearest ones.

    Less what all themes have in common: a text of another world may lie on the side where all phrases lie, and still be
    no nearer to one of them than to the others. Two themes of score 0 are thought of, so that one alone can be told.
    """
    means = [phrases[theme_of == theme].mean(axis=0) for theme in range(k)]
    scores = statements @ unit_rows(np.stack(means)).T.astype(np.float64)
    scores += _near_themes(statements, phrases, theme_of, k)
    return np.round(scores - scores.sum(axis=1, keepdims=True) / (k + 2), 6)


def _two_nearest(statements: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the mean cosine, (n,), to the two points of (m, p) that are nearest to each statement."""
    nearest = np.empty((len(statements), min(2, len(points))))
    for start in range(0, len(statements), BLOCK):
        rows = slice(start, start + BLOCK)
        near = statements[rows] @ points.astype(np.float64).T
        nearest[rows] = np.partition(near, -nearest.shape[1], axis=1)[:, -nearest.shape[1] :]
    return np.round(nearest.mean(axis=1), 6)


def _won(scores: np.ndarray, share: float) -> np.ndarray:
    """Return the best theme of each statement, (n,); -1 for the ``share`` of them that are nearest to none."""
    won = scores.argmax(axis=1)
    won[np.argsort(scores.max(axis=1), kind="stable")[: int(share * len(scores))]] = -1
    return won


def _clear(scores: np.ndarray, won: np.ndarray, k: int) -> np.ndarray:
    """Return which statements, (n,), their theme wins most clearly: the better half of each theme's."""
    clear = np.zeros(len(scores), dtype=bool)
    lead = np.full(len(scores), np.inf)
    if k > 1:
        best = np.sort(scores, axis=1)
        lead = np.round(best[:, -1] - best[:, -2], 6)
    for theme in range(k):
        mine = np.flatnonzero(won == theme)
        order = mine[np.argsort(-lead[mine], kind="stable")]
        clear[order[: int(np.ceil(CLEAREST * len(order)))]] = True
    return clear


def _ridge(
    points: np.ndarray, labels: np.ndarray, weights: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return directions (p, k), biases (k,) and each point's scores when it is left out itself (m, k).

    Label k is background. Themes weigh by the root of their size, so that large ones do not push small ones out.
    """
    totals = np.bincount(labels, weights, minlength=k + 1)
    weight = weights / np.sqrt(np.where(totals > 0, totals, 1.0))[labels]
    weight /= weight.mean()
    targets = (labels[:, None] == np.arange(k)).astype(np.float64)
    centre = weight @ points / weight.sum()
    mean = weight @ targets / weight.sum()
    moved = points - centre
    gram = (moved * weight[:, None]).T @ moved
    gram += RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram))
    inverse = np.linalg.inv(gram)
    slopes = inverse @ ((moved * weight[:, None]).T @ (targets - mean))
    scores = moved @ slopes + mean
    pull = weight * np.einsum("ij,jk,ik->i", moved, inverse, moved, optimize=True) + weight / weight.sum()
    left_out = targets - (targets - scores) / np.maximum(1.0 - pull, 0.05)[:, None]
    return slopes, mean - centre @ slopes, left_out


def _phrase_thresholds(left_out: np.ndarray, labels: np.ndarray, k: int, least: float) -> np.ndarray:
    """Return for each theme the score, (k,), that best parts its own phrases from the others', each left out in turn.

    Best by F1, midway between the two scores that it falls between, and never below ``least``.
    """
    thresholds = np.full(k, max(least, 0.5))
    for theme in range(k):
        order = np.argsort(-left_out[:, theme], kind="stable")
        hits = np.cumsum(labels[order] == theme)
        if not hits[-1]:
            continue
        best = int(np.argmax(2 * hits / (np.arange(1, len(order) + 1) + hits[-1])))
        after = left_out[order[min(best + 1, len(order) - 1)], theme]
        thresholds[theme] = max((left_out[order[best], theme] + after) / 2, least)
    return thresholds


def _matcher(slopes: np.ndarray, bias: np.ndarray, thresholds: np.ndarray) -> Matcher:
    """Return scores ``x @ slopes + bias >= thresholds`` as cosines to unit directions."""
    lengths = np.maximum(np.linalg.norm(slopes, axis=0), 1e-12)
    vectors = np.round((slopes / lengths).T, 6).astype(np.float32)
    return Matcher(vectors, np.round(np.clip((thresholds - bias) / lengths, -1.0, 1.0), 5))
