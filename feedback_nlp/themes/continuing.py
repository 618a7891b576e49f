"""Identity across refits: the themes of a new fit take the ids of the last codebook where they are the same ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from feedback_nlp.themes.codebook import Codebook

SAME_JACCARD = 0.25  # least overlap of members for a theme of the new fit to be the old one


def continue_ids(
    new: Codebook, new_labels: np.ndarray, old: Codebook, old_labels: np.ndarray
) -> tuple[Codebook, list[dict[str, str | None]]]:
    """Return ``new`` with the ids of ``old`` where a theme is the same one, and the lineage rows.

    ``new_labels`` and ``old_labels`` (n,) hold, for the same statements, the row of the leaf that each codebook tags
    them with, -1 for none. Themes are matched one to one by shared members (Hungarian assignment on the Jaccard
    index, as in Greene et al. 2014, https://arxiv.org/abs/1404.4606), level by level, never by their labels.
    """
    renamed: dict[str, str] = {}
    lineage: list[dict[str, str | None]] = []
    for level in (1, 2):
        new_rows = [row for row, theme in enumerate(new.themes) if theme.level == level]
        old_rows = [row for row, theme in enumerate(old.themes) if theme.level == level]
        overlap = _jaccard(_at_level(new, new_labels, new_rows), _at_level(old, old_labels, old_rows))
        kept = _assign(overlap)
        for i, row in enumerate(new_rows):
            theme = new.themes[row]
            j = kept.get(i)
            if j is None:
                lineage.append(_event(theme.theme_id, "born", None, "no theme of the last version shares its members"))
            else:
                theme_id = old.themes[old_rows[j]].theme_id
                renamed[theme.theme_id] = theme_id
                lineage.append(_event(theme_id, "continued", None, f"shares members, Jaccard {overlap[i, j]:.2f}"))
        for j in sorted(set(range(len(old_rows))) - set(kept.values())):
            theme_id = old.themes[old_rows[j]].theme_id
            shared = overlap[:, j]
            heir = new.themes[new_rows[int(shared.argmax())]].theme_id if shared.size and shared.max() > 0 else None
            lineage.append(
                _event(theme_id, "retired", renamed.get(heir or "", heir), "no theme of this version matches")
            )
    themes = tuple(
        replace(
            theme,
            theme_id=renamed.get(theme.theme_id, theme.theme_id),
            parent_id=None if theme.parent_id is None else renamed.get(theme.parent_id, theme.parent_id),
        )
        for theme in new.themes
    )
    return replace(new, themes=themes), lineage


def _event(theme_id: str, event: str, other: str | None, reason: str) -> dict[str, str | None]:
    return {"theme_id": theme_id, "event": event, "other_theme_id": other, "reason": reason}


def _at_level(codebook: Codebook, labels: np.ndarray, rows: Sequence[int]) -> np.ndarray:
    """Return a boolean matrix (len(rows), n): which statements belong to each theme, through its leaves."""
    ids = [theme.theme_id for theme in codebook.themes]
    result = np.zeros((len(rows), len(labels)), dtype=bool)
    for i, row in enumerate(rows):
        family = [r for r, theme in enumerate(codebook.themes) if r == row or theme.parent_id == ids[row]]
        result[i] = np.isin(labels, family)
    return result


def _jaccard(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    shared = a.astype(np.float32) @ b.astype(np.float32).T
    union = a.sum(axis=1)[:, None] + b.sum(axis=1)[None, :] - shared
    return np.divide(shared, union, out=np.zeros_like(shared, dtype=np.float64), where=union > 0)


def _assign(overlap: np.ndarray) -> dict[int, int]:
    if not overlap.size:
        return {}
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(-overlap)
    return {int(i): int(j) for i, j in zip(rows, columns, strict=True) if overlap[i, j] >= SAME_JACCARD}
