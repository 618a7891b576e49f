"""How good a set of themes is, in numbers: pure functions over words, vectors and labels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

TOP_KEYWORDS = 10  # read of each theme, as is usual for coherence and diversity


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two groupings of the same n things agree. Every figure is at most 1, for "the same grouping".

    ``ami`` and ``ari`` are 0 on average for groupings that have nothing to do with one another, and can be below
    (Vinh et al. 2010, https://jmlr.org/papers/v11/vinh10a.html; Hubert & Arabie 1985). ``homogeneity`` is 1 when no
    theme mixes labels, ``completeness`` 1 when no label is spread over themes, ``v_measure`` their harmonic mean
    (Rosenberg & Hirschberg 2007, https://aclanthology.org/D07-1043); these three are not corrected for chance and rise
    with the number of themes.
    """

    n: int
    ami: float
    ari: float
    homogeneity: float
    completeness: float
    v_measure: float


@dataclass(frozen=True, slots=True)
class Spread:
    """Sizes of groups. ``effective`` is how many groups of equal size would be as varied: exp of Shannon's entropy
    (Hill 1973, https://doi.org/10.2307/1934352); ``largest_share`` (0..1) is of the members of all groups."""

    smallest: int
    median: float
    largest: int
    largest_share: float
    effective: float


@dataclass(frozen=True, slots=True)
class Leaning:
    """A group that one language dominates: ``group`` is its number, ``share`` (0..1) of its ``n`` members."""

    group: int
    language: str
    share: float
    n: int


def npmi_coherence(documents: Sequence[Sequence[str]], keywords: Sequence[Sequence[str]]) -> list[float | None]:
    """Return a coherence a theme, -1..1: the mean NPMI of its keywords' pairs over whole documents.

    ``documents`` are word lists, ``keywords`` the themes' words or word pairs ("too slow"), best first; the first ten
    are read. A word pair is in a document that has both words. Two keywords that never meet have -1, as is usual;
    keywords that no document has are left out, and a theme with fewer than two others has None (Bouma 2009; Lau et
    al. 2014, https://aclanthology.org/E14-1056).
    """
    wanted = [list(dict.fromkeys(words))[:TOP_KEYWORDS] for words in keywords]
    terms = sorted({term for words in wanted for term in words})
    present = _presence(documents, terms)
    column_of = {term: column for column, term in enumerate(terms)}
    result: list[float | None] = []
    for words in wanted:
        columns = [column_of[word] for word in words]
        own = present[:, columns]
        together = np.asarray((own.T @ own).todense(), dtype=np.float64)
        seen = np.flatnonzero(np.diag(together) > 0)
        result.append(_mean_npmi(together[np.ix_(seen, seen)], len(documents)) if len(seen) > 1 else None)
    return result


def _presence(documents: Sequence[Sequence[str]], terms: Sequence[str]):
    """Return a sparse 0/1 matrix (len(documents), len(terms)): which document has every word of which term."""
    from scipy.sparse import csc_matrix, hstack

    words = sorted({word for term in terms for word in term.split()})
    column_of = {word: column for column, word in enumerate(words)}
    pairs = [
        (row, column_of[word]) for row, document in enumerate(documents) for word in set(document) if word in column_of
    ]
    rows, columns = zip(*pairs, strict=True) if pairs else ((), ())
    has = csc_matrix((np.ones(len(pairs), np.int64), (rows, columns)), shape=(len(documents), len(words)))
    found = []
    for term in terms:
        parts = [column_of[word] for word in term.split()]
        column = has[:, [parts[0]]]
        for part in parts[1:]:
            column = column.multiply(has[:, [part]])
        found.append(column)
    return csc_matrix(hstack(found)) if found else csc_matrix((len(documents), 0), dtype=np.int64)


def _mean_npmi(together: np.ndarray, n: int) -> float:
    """Return the mean NPMI of all pairs; ``together`` (k, k) counts documents, its diagonal those of one keyword."""
    upper = np.triu_indices(len(together), 1)
    both = together[upper] / n
    single = np.diag(together) / n
    expected = np.outer(single, single)[upper]
    values = np.full(len(both), -1.0)
    always = both >= 1  # in every document, so that nothing can be learnt: as if by chance
    met = (both > 0) & ~always
    values[met] = np.log(both[met] / expected[met]) / -np.log(both[met])
    values[always] = 0.0
    return float(values.mean())


def keyword_diversity(keywords: Sequence[Sequence[str]]) -> float | None:
    """Return the share (0..1) of distinct keywords among the first ten of every theme; None without keywords.

    1 means that no two themes share one (Dieng, Ruiz & Blei 2020, https://doi.org/10.1162/tacl_a_00325).
    """
    listed = [word for words in keywords for word in words[:TOP_KEYWORDS]]
    return len(set(listed)) / len(listed) if listed else None


def separation(vectors: np.ndarray, own: np.ndarray, centroids: np.ndarray, block: int = 16_384) -> np.ndarray:
    """Return, for each member, its cosine to its own centroid minus that to the nearest other one, (n,), -2..2.

    ``vectors`` (n, d) and ``centroids`` (k, d) have length 1, ``own`` (n,) holds rows of ``centroids``; k is at least
    2. A simplified silhouette on cosines (Hruschka et al. 2004): above 0 where a member lies nearest to its own.
    """
    parts = []
    for start in range(0, len(vectors), block):
        similarity = vectors[start : start + block] @ centroids.T
        rows = np.arange(len(similarity))
        mine = own[start : start + block]
        to_own = similarity[rows, mine].copy()
        similarity[rows, mine] = -np.inf
        parts.append(to_own - similarity.max(axis=1))
    return np.concatenate(parts) if parts else np.empty(0)


def agreement(found: Sequence[str] | np.ndarray, reference: Sequence[str] | np.ndarray) -> Agreement:
    """Return how far the groups found agree with reference labels of the same things, by name or number."""
    from sklearn.metrics import (
        adjusted_mutual_info_score,
        adjusted_rand_score,
        homogeneity_completeness_v_measure,
    )

    homogeneity, completeness, v_measure = homogeneity_completeness_v_measure(reference, found)
    return Agreement(
        n=len(found),
        ami=float(adjusted_mutual_info_score(reference, found)),
        ari=float(adjusted_rand_score(reference, found)),
        homogeneity=float(homogeneity),
        completeness=float(completeness),
        v_measure=float(v_measure),
    )


def spread(sizes: Sequence[int]) -> Spread | None:
    """Return the spread of group sizes; None when no group has a member."""
    counts = np.asarray(sizes, dtype=np.float64)
    total = counts.sum()
    if not total:
        return None
    shares = counts[counts > 0] / total
    return Spread(
        smallest=int(counts.min()),
        median=float(np.median(counts)),
        largest=int(counts.max()),
        largest_share=float(counts.max() / total),
        effective=math.exp(float(-(shares * np.log(shares)).sum())),
    )


def leanings(
    groups: Sequence[int], languages: Sequence[str], *, least_share: float, fewest: int, chance: float
) -> list[Leaning]:
    """Return the groups of at least ``fewest`` members of which one language has ``least_share`` or more.

    Only where so many would be improbable (below ``chance``, one-sided binomial) were every group drawn from all
    members: a corpus that is nearly all in one language has such groups without any fault.
    """
    from scipy.stats import binom

    of_group, of_language = np.asarray(groups), np.asarray(languages)
    found = []
    for group in np.unique(of_group):
        members = of_language[of_group == group]
        names, counts = np.unique(members, return_counts=True)
        top = int(counts.argmax())
        n, most = len(members), int(counts[top])
        everywhere = float(np.mean(of_language == names[top]))
        if n >= fewest and most >= least_share * n and binom.sf(most - 1, n, everywhere) < chance:
            found.append(Leaning(int(group), str(names[top]), most / n, n))
    return found
