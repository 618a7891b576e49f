"""Tagging: one matrix product and a threshold for each prototype. The same function for history and for one new row.

Which themes a statement mentions:

- Prototypes that discovery **found** compete. A statement mentions the nearest one's theme when it reaches that one's
  threshold, and further ones that it reaches within 0.05 of the nearest. Where it misses the nearest one's threshold it
  is unthemed, not handed to the next. A wider window buys recall on statements of several topics (NLU++: micro-F1 0.493
  without one, 0.497 at 0.05, 0.511 at 0.12; SemEval reviews 0.246, 0.262, 0.284) and costs precision on those of one
  (CLINC150 0.627, 0.619, 0.600; Banking77 0.614, 0.613, 0.603): 0.05 is where the two are in balance.
- Prototypes that a **person** gave, phrases of a guided theme and examples, do not compete: their own threshold is all.
  With eight statements a label as prototypes, macro-F1 on NLU++ is 0.38 so, 0.17 when they also have to be within 0.05
  of the nearest found one, and 0.34 within 0.2 (SemEval reviews 0.20, 0.13, 0.20): a cluster's centre is always nearer
  than a phrase. A window among the person's own gains nothing either.
- A statement nearer to an **against** prototype than to any other of the same theme does not mention that theme, and
  that theme does not stand in the way of others.
- At most ``most`` themes, the nearest first, one mention a theme.

All of it is computed in whole numbers (``fixed_point.py``): the batch, its order and the number of threads change
nothing, not in the last bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from feedback_nlp.errors import EncoderError
from feedback_nlp.themes.codebook import PROTOTYPE_KINDS, Codebook
from feedback_nlp.themes.fixed_point import STEPS, whole_units

SECOND_MARGIN = 0.05  # a further found theme must be this near to the nearest one, in cosine
BAND = 0.03  # of the margin: within it about one statement in three has the label that its theme stands for
HAIR = 5e-6  # thresholds are written with five decimals
BLOCK = 1_024  # rows whose similarities lie in a processor's cache

# Why a statement has no theme.
FAR = "far from every theme"
JUST_BELOW = "just below the threshold of its nearest theme"
SET_APART = "like what a person set apart from its nearest theme"
NO_THEMES = "the codebook has no theme to tag with"
UNTHEMED_REASONS = (FAR, JUST_BELOW, SET_APART, NO_THEMES)
# Why a person should look at a statement.
NEAR_THRESHOLD = "near the threshold"
BETWEEN_THEMES = "between two themes"
REVIEW_REASONS = (NEAR_THRESHOLD, BETWEEN_THEMES)

# Logistic in the margin. Fitted on Banking77 and CLINC150 (its out-of-scope rows included), two encoders, six fits,
# 21,630 mentions, half of the rows naming the themes and the other half judged: at 0.8 about 80 % have the label that
# most of the theme's statements have. On NLU++, which had no part in it, said 0.33, 0.50, 0.70, 0.86 and right 0.45,
# 0.56, 0.71, 0.80. Labels that are coarser or plainer than the themes are met more often than it says (Bitext), those
# that tell apart what the words do not are met less often (HINT3).
AT_NO_MARGIN, SLOPE = -0.82, 7.74

FOUND, AGAINST = (PROTOTYPE_KINDS.index(kind) for kind in ("found", "against"))


@dataclass(frozen=True)
class Tagging:
    """What each of n statements mentions. Rows are those of ``codebook.themes``.

    For each statement, (n,): ``themed``, whether it mentions any theme; ``nearest``, the nearest theme that it
    mentions, or when unthemed the nearest of all; ``prototype``, by which one, and ``similarity``, the cosine to it
    (five decimals); ``margin``, the cosine by which that outcome stands, to the threshold or to the next theme found by
    discovery that is neither its parent nor a part of it, whichever is less, never below 0; ``review``, one of
    REVIEW_REASONS where the margin is below 0.03, else None; ``reason``, one of UNTHEMED_REASONS, None where themed.
    Without any theme to tag with ``nearest`` and ``prototype`` are -1.

    ``rows``, ``themes`` and ``confidence`` (m,) list every mention by statement, the nearest theme first.
    ``confidence`` is 0..1 and read as a share: of mentions at 0.8, about 80 in 100 are right, when the themes are as
    fine as the distinctions that one cares for.
    """

    nearest: np.ndarray
    similarity: np.ndarray
    prototype: np.ndarray
    themed: np.ndarray
    rows: np.ndarray
    themes: np.ndarray
    confidence: np.ndarray
    margin: np.ndarray
    review: np.ndarray
    reason: np.ndarray

    def labels(self) -> np.ndarray:
        """Return the best theme's row for each statement, -1 where unthemed."""
        return np.where(self.themed, self.nearest, -1)


def confidence_of(margin: np.ndarray) -> np.ndarray:
    """Return the confidence, 0..1, at a ``margin``: cosine above the threshold or beyond the next theme, the lesser.

    The margin of a further theme is negative, by how much the nearest one is nearer. 0.31 at 0, 0.5 at 0.11, 0.8 at
    0.29.
    """
    values: np.ndarray = 1 / (1 + np.exp(-(AT_NO_MARGIN + SLOPE * margin)))
    return values


def tag(
    codebook: Codebook, vectors: np.ndarray, languages: Sequence[str], *, most: int = 3, block: int = BLOCK
) -> Tagging:
    """Tag unit ``vectors`` (n, d) straight from the codebook's encoder, one language code each.

    ``most`` themes a statement at the most; ``block`` rows at a time are worked on, which bounds memory and changes
    nothing else. Raises EncoderError for vectors of other dimensions or with values that are no numbers.
    """
    _check(codebook, vectors, languages)
    n = len(vectors)
    if not (codebook.prototypes.kinds != AGAINST).any():
        return _nothing(n)
    points = _Points.of(codebook)
    parts = [
        points.tag(_similarity(codebook, points.columns, vectors, languages, slice(start, start + block)), most, start)
        for start in range(0, max(n, 1), block)
    ]
    return Tagging(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def facets(codebook: Codebook, vectors: np.ndarray, languages: Sequence[str]) -> list[dict[str, str]]:
    """Return facet -> value for each of ``vectors`` (n, d): the nearest value whose threshold is reached, if any."""
    own = codebook.facets
    found: list[dict[str, str]] = [{} for _ in range(len(vectors))]
    if not own.names or not found:
        return found
    _check(codebook, vectors, languages)
    columns = np.ascontiguousarray(whole_units(own.vectors).T)
    names = np.array(own.names)
    for start in range(0, len(vectors), BLOCK):
        similarity = _similarity(codebook, columns, vectors, languages, slice(start, start + BLOCK))
        reached = np.where(similarity >= own.thresholds - HAIR, similarity, -np.inf)
        for name in dict.fromkeys(own.names):
            values = np.flatnonzero(names == name)
            best = reached[:, values].argmax(axis=1)
            for row in np.flatnonzero(reached[:, values].max(axis=1) > -np.inf):
                found[start + row][name] = own.values[values[best[row]]]
    return found


def _check(codebook: Codebook, vectors: np.ndarray, languages: Sequence[str]) -> None:
    wanted = len(codebook.space.corpus_mean)
    if vectors.ndim != 2 or vectors.shape[1] != wanted:
        raise EncoderError(
            f"Vectors of shape {vectors.shape}: this codebook was made from vectors of {wanted} dimensions. "
            "Encode the statements with the codebook's encoder."
        )
    if len(languages) != len(vectors):
        raise ValueError(f"{len(languages)} languages for {len(vectors)} vectors. Give one language code each.")


def _similarity(
    codebook: Codebook, columns: np.ndarray, vectors: np.ndarray, languages: Sequence[str], part: slice
) -> np.ndarray:
    """Return exact cosines of a part of the vectors to the ``columns`` (p, m) in steps."""
    prepared = codebook.space.prepare(vectors[part], languages[part])
    similarity: np.ndarray = np.rint(prepared * STEPS, dtype=np.float64) @ columns
    similarity *= STEPS**-2
    if np.isnan(similarity[:, :1]).any():
        raise EncoderError(
            "Some vectors hold values that are no numbers. Encode the statements again, or erase the vector cache."
        )
    return similarity


def _nothing(n: int) -> Tagging:
    none, empty = np.full(n, -1), np.empty(0, np.int64)
    unsaid, reason = np.full(n, None, object), np.full(n, NO_THEMES, object)
    return Tagging(none, np.zeros(n), none, np.zeros(n, bool), empty, empty, np.empty(0), np.zeros(n), unsaid, reason)


@dataclass(frozen=True)
class _Points:
    """A codebook's prototypes, ready for tagging: the live ones first, in their order, then those against a theme.

    ``columns`` is (p, m) in steps; ``limits``, ``theme`` and ``found`` are of the live ones, (l,), ``number`` is their
    place in the codebook. ``against`` has, for each theme with such, the columns of its live and its against
    prototypes. ``family`` (l, f) has the found columns that do not compete with a column: those of its theme, of the
    theme's parent and of its parts, filled up with the column itself.
    """

    columns: np.ndarray
    limits: np.ndarray
    theme: np.ndarray
    found: np.ndarray
    number: np.ndarray
    against: tuple[tuple[np.ndarray, np.ndarray], ...]
    family: np.ndarray

    @classmethod
    def of(cls, codebook: Codebook) -> _Points:
        own = codebook.prototypes
        live = np.flatnonzero(own.kinds != AGAINST)
        judged = np.flatnonzero((own.kinds == AGAINST) & np.isin(own.theme_rows, own.theme_rows[live]))
        theme, barring = own.theme_rows[live], own.theme_rows[judged]
        found = own.kinds[live] == FOUND
        row_of = codebook.row_of
        parent = np.array([row_of.get(theme.parent_id or "", -1) for theme in codebook.themes])
        kin = [
            np.flatnonzero(found & ((theme == own_row) | (theme == parent[own_row]) | (parent[theme] == own_row)))
            for own_row in theme
        ]
        family = np.tile(np.arange(len(live))[:, None], max([1, *map(len, kin)]))
        for column, others in enumerate(kin):
            family[column, : len(others)] = others
        return cls(
            columns=np.ascontiguousarray(whole_units(own.vectors[np.concatenate([live, judged])]).T),
            limits=own.thresholds[live] - HAIR,
            theme=theme,
            found=found,
            number=live,
            against=tuple(
                (np.flatnonzero(theme == row), len(live) + np.flatnonzero(barring == row)) for row in np.unique(barring)
            ),
            family=family,
        )

    def tag(self, similarity: np.ndarray, most: int, offset: int) -> tuple[np.ndarray, ...]:
        """Return the fields of :class:`Tagging` for a block of exact cosines (b, m) to all prototypes."""
        live, barred = self._barred(similarity)
        every = np.arange(len(live))
        found = live if self.found.all() else np.where(self.found, live, -np.inf)
        first = found.argmax(axis=1)
        best = found[every, first]
        rows, columns = self._candidates(live, first, best)
        with np.errstate(invalid="ignore"):  # no found prototype at all: nothing competes
            gap = best - self._next(found, first)
        rows, columns = self._mentions(live, rows, columns, most)
        lead = np.ones(len(rows), bool)
        lead[1:] = rows[1:] != rows[:-1]
        themed = np.zeros(len(live), bool)
        themed[rows] = True
        chosen = first.copy() if found is similarity else similarity[:, : len(self.theme)].argmax(axis=1)
        chosen[rows[lead]] = columns[lead]
        reached = np.round(similarity[every, chosen], 5)
        to_threshold = np.abs(reached - self.limits[chosen] - HAIR)
        to_next = np.where(self.found[chosen] & (chosen == first), gap, np.inf)
        margin = np.round(np.minimum(to_threshold, to_next), 5)
        review = np.full(len(live), None, object)
        review[margin < BAND] = NEAR_THRESHOLD
        review[(margin < BAND) & (to_next < to_threshold)] = BETWEEN_THEMES
        reason = np.full(len(live), None, object)
        reason[~themed] = np.where(to_threshold < BAND, JUST_BELOW, FAR)[~themed]
        reason[~themed & barred[every, chosen] & (reached >= self.limits[chosen])] = SET_APART
        above = live[rows, columns] - self.limits[columns] - HAIR
        ahead = np.where(columns == first[rows], gap[rows], live[rows, columns] - best[rows])
        stands = np.where(self.found[columns], np.minimum(above, ahead), above)
        confidence = np.round(confidence_of(stands), 5)
        fields = (self.theme[chosen], reached, self.number[chosen], themed, rows + offset, self.theme[columns])
        return (*fields, confidence, margin, review, reason)

    def _barred(self, similarity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the cosines to the live prototypes, -inf where a person set the statement apart, and where."""
        if not self.against:
            return similarity, np.broadcast_to(np.zeros((), bool), similarity.shape)
        live = similarity[:, : len(self.theme)]
        barred = np.zeros(live.shape, bool)
        for own, against in self.against:
            barred[:, own] = (similarity[:, against].max(axis=1) > similarity[:, own].max(axis=1))[:, None]
        return np.where(barred, -np.inf, live), barred

    def _candidates(self, live: np.ndarray, first: np.ndarray, best: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return (row, column) of every prototype by which a statement may mention a theme."""
        least = np.where(best >= self.limits[first], best - SECOND_MARGIN - HAIR, np.inf)
        near = live >= self.limits
        near &= (live >= least[:, None]) | ~self.found
        rows, columns = np.divmod(np.flatnonzero(near), live.shape[1])
        return rows, columns

    def _mentions(
        self, live: np.ndarray, rows: np.ndarray, columns: np.ndarray, most: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the candidates by row, nearest first, each theme once and at most ``most`` of them."""
        order = np.lexsort((columns, -live[rows, columns], rows))
        rows, columns = rows[order], columns[order]
        themes = len(self.theme) and int(self.theme.max()) + 1
        _, kept = np.unique(rows * themes + self.theme[columns], return_index=True)
        kept.sort()
        rows, columns = rows[kept], columns[kept]
        starts = np.searchsorted(rows, rows)
        within = np.arange(len(rows)) - starts < most
        return rows[within], columns[within]

    def _next(self, found: np.ndarray, first: np.ndarray) -> np.ndarray:
        """Return the cosine to the nearest found prototype of another family than the nearest one's, (b,)."""
        every = np.arange(len(found))[:, None]
        kin = self.family[first]
        kept = found[every, kin]
        found[every, kin] = -np.inf
        rival: np.ndarray = found.max(axis=1)
        found[every, kin] = kept
        return rival
