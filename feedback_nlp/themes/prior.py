"""What the last codebook gives to the next discovery, so that themes move as little as the statements ask for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from feedback_nlp.themes.codebook import Codebook

MUCH_LARGER = 1.5  # times the statements it was learnt from: a corpus so much larger may have finer themes


@dataclass(frozen=True)
class Prior:
    """The discovered themes of the last base codebook, as tagging knows them.

    ``centroids`` (k, p) are the prototypes of its finest themes and ``thresholds`` (k,) theirs; ``parents`` (k,)
    numbers the top-level theme of each from 0; ``n_statements`` is how many distinct statements it was learnt from.
    """

    encoder_key: str
    projection: np.ndarray | None
    centroids: np.ndarray
    thresholds: np.ndarray
    parents: np.ndarray
    n_statements: int

    @classmethod
    def of(cls, base: Codebook, n_statements: int) -> Prior:
        """Return what ``base``, without people's edits, says of the themes that were discovered."""
        points = base.prototypes
        own = [
            number
            for number, row in enumerate(points.theme_rows.tolist())
            if base.themes[row].source == "discovered" and points.kinds[number] == 0
        ]
        tops = [base.themes[row].parent_id or base.themes[row].theme_id for row in points.theme_rows[own].tolist()]
        return cls(
            base.encoder_key,
            base.space.projection,
            points.vectors[own],
            points.thresholds[own],
            np.asarray(np.unique(np.array(tops, dtype=str), return_inverse=True)[1], dtype=np.int64),
            n_statements,
        )

    @property
    def n_themes(self) -> int:
        """How many top-level themes there were."""
        return int(self.parents.max(initial=-1)) + 1

    def holds_for(self, n_statements: int, encoder_key: str, projection: np.ndarray | None) -> bool:
        """Return whether a corpus is of the same space and not so much larger that its themes may be finer."""
        same = encoder_key == self.encoder_key and (
            np.array_equal(projection, self.projection)
            if projection is not None and self.projection is not None
            else projection is self.projection
        )
        return same and len(self.centroids) > 0 and n_statements < MUCH_LARGER * self.n_statements
