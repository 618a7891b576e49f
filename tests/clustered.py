"""Made-up vectors in clusters, and codebooks of them: what a fit would find, without a fit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from feedback_nlp.records import Edit, Theme, stable_hash
from feedback_nlp.themes.codebook import Codebook, Prototypes
from feedback_nlp.themes.space import PreparedSpace, unit_rows

DIMENSIONS = 24
CENTRES = np.linalg.qr(np.random.default_rng(7).normal(size=(DIMENSIONS, DIMENSIONS)))[0].astype(np.float32)
LANGUAGES = ("en", "ar", "pl")


def around(clusters: Sequence[int], each: int = 12, seed: int = 0) -> tuple[np.ndarray, list[str], np.ndarray]:
    """Unit vectors around some centres, their languages, and the cluster of each."""
    numbers = np.random.default_rng(seed)
    labels = np.repeat(np.asarray(clusters), each)
    noise = numbers.normal(size=(len(labels), DIMENSIONS)) * 0.45 / np.sqrt(DIMENSIONS)
    vectors = unit_rows((CENTRES[labels] + noise).astype(np.float32))
    return vectors, [LANGUAGES[i % 3] for i in range(len(labels))], labels


def plain_space() -> PreparedSpace:
    return PreparedSpace(np.zeros(DIMENSIONS, np.float32), (), np.zeros((0, DIMENSIONS), np.float32))


def book_of(
    groups: Sequence[Sequence[Sequence[int]]],
    space: PreparedSpace | None = None,
    prefix: str = "",
    encoder_key: str = "key",
    each: int = 12,
) -> Codebook:
    """A codebook with a theme for each group; a group of one leaf has no sub-themes. A leaf is a list of centres."""
    space = space or plain_space()
    themes: list[Theme] = []
    centroids: list[np.ndarray] = []
    points: list[tuple[np.ndarray, int]] = []

    def add(name: str, centres: Sequence[int], parent: str | None, has_point: bool) -> str:
        theme_id = prefix + "t" + stable_hash(name, size=4) if prefix else name
        centre = unit_rows(CENTRES[list(centres)].mean(axis=0, keepdims=True))
        centre = space.prepare(centre, ["und"])[0]
        if has_point:
            points.append((centre, len(themes)))
        words = {"en": tuple(f"word{c}" for c in centres)}
        themes.append(
            Theme(
                theme_id,
                f"About {name}",
                2 if parent else 1,
                parent,
                "active",
                0.5,
                words,
                n_statements=each * len(centres),
            )
        )
        centroids.append(centre)
        return theme_id

    def named(level: str, centres: Sequence[int]) -> str:
        return level + "-".join(map(str, sorted(centres)))

    for group in groups:
        every = [c for leaf in group for c in leaf]
        top = add(named("T", every), every, None, len(group) == 1)
        if len(group) > 1:
            for leaf in group:
                add(named("s", leaf), leaf, top, True)
    prototypes = Prototypes.found(
        np.array([vector for vector, _ in points]).reshape(-1, DIMENSIONS),
        np.full(len(points), 0.5),
        [row for _, row in points],
    )
    return Codebook(encoder_key, tuple(themes), np.array(centroids).reshape(-1, DIMENSIONS), prototypes, space)


def edit(edit_id: int, theme_id: str, kind: str, **payload: Any) -> Edit:
    return Edit(edit_id, theme_id, kind, payload, "ana", datetime(2026, 1, 1, tzinfo=UTC))
