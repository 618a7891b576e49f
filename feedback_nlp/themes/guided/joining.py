"""Guided themes into a codebook that stands, and out of it again: nothing that was found is learnt anew."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from feedback_nlp.errors import UsageError, did_you_mean
from feedback_nlp.records import Edit
from feedback_nlp.themes.codebook import Codebook, Facets
from feedback_nlp.themes.edits.drafting import Draft
from feedback_nlp.themes.edits.fold import Examples
from feedback_nlp.themes.refit.continuing import Continued
from feedback_nlp.themes.refit.lineage import conflicts_of, lineage_of
from feedback_nlp.themes.refit.placing import drop_empty, mark_emerging, place_leaves
from feedback_nlp.themes.refit.refit import Refit


def join_guided(
    new: Codebook,
    old_base: Codebook,
    edits: Sequence[Edit],
    examples: Mapping[int, Examples],
    vectors: np.ndarray,
    languages: Sequence[str],
) -> Continued:
    """Return ``new``, which is ``old_base`` with guided themes in it, as its next version.

    Themes that were found keep their prototypes and names. One with at least half of its members in a guided theme
    becomes a sub-theme of it; the others are emerging. ``vectors`` (n, d) and ``languages`` (n,) are the statements by
    which that is decided; ``edits`` the active ones in order and ``examples`` their statements' vectors.
    """
    refit = Refit.of(new, old_base, edits, examples, (vectors, languages), None)
    refit.fit_row = new.row_of
    before = old_base.row_of
    for theme in new.themes:
        if theme.theme_id in before:
            same = theme == old_base.themes[before[theme.theme_id]]
            refit.kept[theme.theme_id] = "as it was" if same else "imported again"
    draft = Draft.of(new)
    place_leaves(refit, draft)
    drop_empty(refit, draft)
    mark_emerging(draft)
    codebook = draft.codebook(new)
    lineage = [
        row
        if row["theme_id"] in before
        else {**row, "event": "born", "other_theme_id": None, "reason": "imported, as it was written"}
        for row in lineage_of(refit, codebook)
    ]
    return Continued(codebook, lineage, conflicts_of(refit, codebook, examples))


def without_guided(codebook: Codebook, theme_ids: Collection[str]) -> Codebook:
    """Return the codebook without some guided themes and their own guided sub-themes; none named is all, with facets.

    What was found under one goes to the top. Raises :class:`UsageError` for an id that is no guided theme.
    """
    guided = {theme.theme_id for theme in codebook.themes if theme.source == "guided"}
    for theme_id in theme_ids:
        if theme_id not in guided:
            known = theme_id in codebook.row_of
            what = "was found, not imported. Hide it instead" if known else "is not there"
            raise UsageError(f"Theme {theme_id!r} {what}.{'' if known else did_you_mean(theme_id, guided)}")
    gone = set(theme_ids) or guided
    gone |= {t.theme_id for t in codebook.themes if t.source == "guided" and t.parent_id in gone}
    draft = Draft.of(codebook)
    for theme in codebook.themes:
        if theme.theme_id not in gone and theme.parent_id in gone:
            draft.place(theme.theme_id, None)
    for theme_id in gone:
        draft.remove(theme_id)
    mark_emerging(draft)
    left = replace(
        draft.codebook(codebook), guided=tuple(row for row in codebook.guided if row["theme_id"] not in gone)
    )
    if theme_ids:
        return left
    return replace(left, facets=Facets(), guided=())


def replaced_lineage(new: Codebook, old: Codebook, reason: str) -> list[dict[str, str | None]]:
    """Return lineage rows where ids alone tell which theme is which: continued, born, retired, all for one reason."""
    rows = [(theme.theme_id, "continued" if theme.theme_id in old.row_of else "born") for theme in new.themes]
    rows += [(theme.theme_id, "retired") for theme in old.themes if theme.theme_id not in new.row_of]
    return [
        {"theme_id": theme_id, "event": event, "other_theme_id": None, "reason": reason} for theme_id, event in rows
    ]
