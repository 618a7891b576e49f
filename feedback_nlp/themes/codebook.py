"""The codebook: the published themes with all that tagging needs, and nothing of the clusterer that found them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from feedback_nlp.errors import EncoderError, ReadError
from feedback_nlp.records import Theme
from feedback_nlp.themes.space import PreparedSpace

# Where a prototype is from: a cluster's centre, a phrase of a guided theme, statements that a person gave as examples
# ("example"), or as what a theme is not ("against").
PROTOTYPE_KINDS = ("found", "phrase", "example", "against")


@dataclass(frozen=True)
class Prototypes:
    """Points of the prepared space by which statements are tagged; a theme has none, one or several.

    ``vectors`` is (m, p) of unit rows, ``thresholds`` (m,) the least cosine to each, ``theme_rows`` (m,) the row of its
    theme in ``Codebook.themes``, ``kinds`` (m,) an index into PROTOTYPE_KINDS. A statement nearer to an "against"
    prototype than to any other of the same theme does not mention that theme.
    """

    vectors: np.ndarray
    thresholds: np.ndarray
    theme_rows: np.ndarray
    kinds: np.ndarray

    @classmethod
    def found(
        cls, vectors: np.ndarray, thresholds: Sequence[float] | np.ndarray, theme_rows: Sequence[int]
    ) -> Prototypes:
        """Return prototypes that are clusters' centres."""
        return cls(
            np.asarray(vectors, dtype=np.float32),
            np.asarray(thresholds, dtype=np.float64),
            np.asarray(theme_rows, dtype=np.int64),
            np.zeros(len(theme_rows), dtype=np.int8),
        )

    def __len__(self) -> int:
        return len(self.theme_rows)


@dataclass(frozen=True)
class Facets:
    """What a statement is about beside its themes, such as the journey stage: one value a facet, or none.

    ``names`` and ``values`` (f,) name each prototype's facet and value; ``vectors`` (f, p) and ``thresholds`` (f,) are
    as in :class:`Prototypes`.
    """

    names: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    vectors: np.ndarray = field(default_factory=lambda: np.empty((0, 0), np.float32))
    thresholds: np.ndarray = field(default_factory=lambda: np.empty(0))


@dataclass(frozen=True)
class Codebook:
    """Themes at two levels, their centres (k, p) in the order of ``themes``, and the prototypes that tagging uses.

    A theme's centre is what it looks like in the prepared space, for labels and for how far themes lie apart.
    ``base_version`` is the version that a discovery or an import published and that people's edits are laid on.
    ``guided`` are the guided themes as they were written (see ``themes/guided/adding.py``), to be exported again.
    """

    encoder_key: str
    themes: tuple[Theme, ...]
    centroids: np.ndarray
    prototypes: Prototypes
    space: PreparedSpace
    facets: Facets = field(default_factory=Facets)
    guided: tuple[Mapping[str, Any], ...] = ()
    version: int | None = None
    base_version: int | None = None

    @property
    def leaves(self) -> tuple[int, ...]:
        """Rows of the themes that statements are tagged with: those that have a prototype.

        A theme that a person hid is tagged like any other, so that hiding it moves no statement to its neighbours.
        """
        return tuple(np.unique(self.prototypes.theme_rows).tolist())

    @property
    def row_of(self) -> dict[str, int]:
        """Row of each theme by its id."""
        return {theme.theme_id: row for row, theme in enumerate(self.themes)}

    def arrays(self) -> dict[str, np.ndarray]:
        """Return what is stored beside the theme rows; all but ``facets``' words, see :meth:`facts`."""
        arrays: dict[str, np.ndarray] = {
            "centroids": self.centroids.astype(np.float32),
            "prototypes": self.prototypes.vectors.astype(np.float32),
            "prototype_thresholds": self.prototypes.thresholds.astype(np.float64),
            "prototype_themes": self.prototypes.theme_rows.astype(np.int64),
            "prototype_kinds": self.prototypes.kinds.astype(np.int8),
            "corpus_mean": self.space.corpus_mean,
            "language_means": self.space.language_means,
        }
        if self.space.projection is not None:
            arrays["projection"] = self.space.projection
        if self.facets.names:
            arrays |= {"facets": self.facets.vectors, "facet_thresholds": self.facets.thresholds}
        return arrays

    def facts(self) -> dict[str, Any]:
        """Return what belongs to the arrays in plain types: languages of the means, facets' values, guided themes."""
        facts: dict[str, Any] = {"languages": list(self.space.languages)}
        if self.guided:
            facts["guided"] = [dict(theme) for theme in self.guided]
        if self.facets.names:
            facts |= {"facet_names": list(self.facets.names), "facet_values": list(self.facets.values)}
        return facts

    @classmethod
    def from_stored(
        cls,
        *,
        encoder_key: str,
        themes: Sequence[Theme],
        arrays: Mapping[str, np.ndarray],
        facts: Mapping[str, Any],
        version: int | None = None,
        base_version: int | None = None,
    ) -> Codebook:
        """Return the codebook that was stored as :meth:`arrays` and :meth:`facts`.

        Raises :class:`ReadError` when they are no codebook: see :meth:`check`.
        """
        missing = sorted({"centroids", "corpus_mean", "language_means"} - set(arrays))
        if missing or "languages" not in facts:
            raise ReadError(
                f"A codebook without {missing or ['languages']} cannot be read; it has {sorted(arrays)}. {_NEXT}"
            )
        space = PreparedSpace(
            arrays["corpus_mean"], tuple(facts["languages"]), arrays["language_means"], arrays.get("projection")
        )
        facets = Facets()
        if "facets" in arrays:
            facets = Facets(
                tuple(facts["facet_names"]), tuple(facts["facet_values"]), arrays["facets"], arrays["facet_thresholds"]
            )
        if "prototypes" in arrays:
            prototypes = Prototypes(
                arrays["prototypes"],
                arrays["prototype_thresholds"],
                arrays["prototype_themes"],
                arrays["prototype_kinds"],
            )
        else:  # written before themes could have several: the centre of each leaf
            parents = {theme.parent_id for theme in themes}
            rows = [row for row, theme in enumerate(themes) if theme.theme_id not in parents]
            prototypes = Prototypes.found(arrays["centroids"][rows], [themes[row].threshold for row in rows], rows)
        codebook = cls(
            encoder_key,
            tuple(themes),
            arrays["centroids"],
            prototypes,
            space,
            facets,
            tuple(facts.get("guided", ())),
            version,
            base_version,
        )
        codebook.check()
        return codebook

    def check(self) -> None:
        """Raise :class:`ReadError` unless all parts fit together, as those of a file from elsewhere may not.

        Every theme has one id, sub-themes have a parent of level 1 and themes of level 1 none, so that no theme is its
        own ancestor; arrays are finite and of one width; prototypes name themes and kinds that there are.
        """
        _check_themes(self.themes)
        k, (d, p), own = len(self.themes), _widths(self.space), self.prototypes
        languages, facets = len(self.space.languages), self.facets
        _check_array("centroids", self.centroids, (k, p))
        _check_array("prototypes", own.vectors, (len(own), p))
        _check_array("prototype_thresholds", own.thresholds, (len(own),))
        _check_array("prototype_themes", own.theme_rows, (len(own),), below=k)
        _check_array("prototype_kinds", own.kinds, (len(own),), below=len(PROTOTYPE_KINDS))
        _check_array("language_means", self.space.language_means, (languages, d))
        if facets.names or facets.values:
            _check_array("facets", facets.vectors, (len(facets.names), p))
            _check_array("facet_thresholds", facets.thresholds, (len(facets.values),))

    def require_encoder(self, encoder_key: str) -> None:
        """Raise :class:`EncoderError` unless the vectors to be tagged come from the codebook's own encoder."""
        if encoder_key != self.encoder_key:
            raise EncoderError(
                f"This codebook was made with encoder {self.encoder_key}, the vectors come from {encoder_key}. "
                "Vectors of two encoders cannot be compared: choose the codebook's encoder, or run 'discover' again."
            )


_NEXT = "Export the codebook again, or discover themes anew."


def _check_themes(themes: Sequence[Theme]) -> None:
    by_id = {theme.theme_id: theme for theme in themes}
    if len(by_id) < len(themes):
        ids = [theme.theme_id for theme in themes]
        twice = next(theme_id for theme_id in ids if ids.count(theme_id) > 1)
        raise ReadError(f"Theme {twice!r} comes twice in the codebook: an id names one theme. {_NEXT}")
    for theme in themes:
        parent = by_id.get(theme.parent_id or "")
        if theme.level not in (1, 2):
            raise ReadError(f"Theme {theme.theme_id!r} has level {theme.level}: it is 1 or 2. {_NEXT}")
        if theme.level == 1 and theme.parent_id is not None:
            raise ReadError(f"Theme {theme.theme_id!r} of level 1 has parent {theme.parent_id!r}: it has none. {_NEXT}")
        if theme.level == 2 and (parent is None or parent.level != 1):
            what = "not in the codebook" if parent is None else "a sub-theme itself"
            raise ReadError(
                f"The parent {theme.parent_id!r} of sub-theme {theme.theme_id!r} is {what}: it is a theme of level 1. "
                f"{_NEXT}"
            )


def _widths(space: PreparedSpace) -> tuple[int, int]:
    """Return how wide the encoder's vectors and the prepared ones are."""
    d = int(space.corpus_mean.shape[-1]) if space.corpus_mean.ndim else 0
    _check_array("corpus_mean", space.corpus_mean, (d,))
    if space.projection is None:
        return d, d
    p = int(space.projection.shape[-1])
    _check_array("projection", space.projection, (d, p))
    return d, p


def _check_array(name: str, array: np.ndarray, shape: tuple[int, ...], below: int | None = None) -> None:
    """Raise unless an array has the shape, holds finite numbers and, with ``below``, whole ones from 0 to it."""
    if array.shape != shape:
        raise ReadError(f"The codebook's {name} are {array.shape}; with its themes they are {shape}. {_NEXT}")
    if below is not None and not np.issubdtype(array.dtype, np.integer):
        raise ReadError(f"The codebook's {name} are {array.dtype}; they are whole numbers. {_NEXT}")
    if not np.isfinite(array).all():
        raise ReadError(f"The codebook's {name} hold values that are no numbers. {_NEXT}")
    if below is not None and len(array) and not 0 <= array.min() <= array.max() < below:
        raise ReadError(
            f"The codebook's {name} run from {array.min()} to {array.max()}; they go from 0 to {below - 1}. {_NEXT}"
        )
