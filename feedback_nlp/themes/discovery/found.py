"""What discovery learns from and what it answers with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from feedback_nlp.records import Theme
from feedback_nlp.themes.codebook import Codebook
from feedback_nlp.themes.discovery.clustering import LARGEST_FIT, SMALL_CORPUS, WHOLE
from feedback_nlp.themes.discovery.granularity import Candidate
from feedback_nlp.themes.discovery.stability import PATTERN

ENOUGH = 60  # distinct statements; below it a theme of five is a twelfth of all that was said
# small: too few statements for densities, grouped by average linkage; whole: each fit reads four in five statements;
# sampled: each fit reads 8,000 of them; other: UMAP and HDBSCAN or a plug-in, once, on all of them.
MODES = ("small", "whole", "sampled", "other")
T = TypeVar("T")


@dataclass(frozen=True)
class Corpus:
    """Distinct statements to learn from; every field is aligned, ``vectors`` is (n, d) of unit rows.

    ``statement_ids`` names one statement for each distinct text, ``feedback_ids`` the feedback that it is from and
    ``person_ids`` who wrote that; ``people`` are all who said the same. ``polarity`` (n,) is each text's sentiment,
    -1..1, or None where nothing scores it. Themes are learnt from every text once; their sizes, words and names count
    its people.
    """

    text_hashes: tuple[str, ...]
    texts: tuple[str, ...]
    languages: tuple[str, ...]
    statement_ids: tuple[str, ...]
    feedback_ids: tuple[str, ...]
    person_ids: tuple[str, ...]
    people: tuple[frozenset[str], ...]
    vectors: np.ndarray
    polarity: np.ndarray | None = None

    @property
    def weights(self) -> np.ndarray:
        """How many people said each text, (n,)."""
        return np.array([len(people) for people in self.people], dtype=np.float64)

    def sorted(self) -> Corpus:
        """Return the corpus in the order of its hashes, so that nothing depends on the order of the file's rows."""
        order = sorted(range(len(self.text_hashes)), key=self.text_hashes.__getitem__)

        def put(column: tuple[T, ...]) -> tuple[T, ...]:
            return tuple(column[i] for i in order)

        return Corpus(
            text_hashes=put(self.text_hashes),
            texts=put(self.texts),
            languages=put(self.languages),
            statement_ids=put(self.statement_ids),
            feedback_ids=put(self.feedback_ids),
            person_ids=put(self.person_ids),
            people=put(self.people),
            vectors=self.vectors[order],
            polarity=None if self.polarity is None else self.polarity[order],
        )


@dataclass(frozen=True)
class Discovered:
    """What a discovery found. ``mode`` is one of MODES; ``notes`` say in words what a reader should know of it.

    ``candidates`` are the granularities that were measured, coarse to fine, with the one that was chosen; none where
    a clusterer other than EVōC found the themes.
    """

    codebook: Codebook
    candidates: tuple[Candidate, ...]
    mode: str
    notes: tuple[str, ...]


def mode_of(n: int, by_consensus: bool) -> str:
    """Return one of MODES for ``n`` distinct statements, grouped by the consensus of fits or by another clusterer."""
    if not by_consensus:
        return "other"
    return "small" if n < SMALL_CORPUS else "whole" if n <= WHOLE else "sampled"


def notes_of(mode: str, n: int, themes: Sequence[Theme], clusterer: str) -> tuple[str, ...]:
    """Return what a reader should know of the result, in whole sentences; none where all is as usual."""
    notes = []
    if n < ENOUGH:
        notes.append(
            f"{n} distinct statements, fewer than {ENOUGH}: read the themes as a reading aid and quote no shares."
        )
    if mode == "small":
        notes.append(
            f"Small corpus ({n} distinct statements, fewer than {SMALL_CORPUS}): statements were grouped by how alike "
            "they are on average, for there are too few to tell dense places from sparse ones."
        )
    if mode == "sampled":
        notes.append(
            f"Learnt from samples of {LARGEST_FIT:,} of {n:,} distinct statements, each language by its share; the "
            "themes were then settled on all of them."
        )
    if mode == "other":
        notes.append(f"clusterer = {clusterer}: stability and granularity are measured for 'evoc' only.")
    doubtful = sum(theme.state == "candidate" for theme in themes)
    if doubtful:
        notes.append(
            f"{doubtful} of {len(themes)} themes and sub-themes are candidates: resampled fits find less than "
            f"{PATTERN} of them again. Read them before you quote them, and pin those that you want to keep."
        )
    return tuple(notes)
