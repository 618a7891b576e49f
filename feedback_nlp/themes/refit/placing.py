"""Where the leaves of a new fit go among the themes that people and guided codebooks shaped."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from feedback_nlp.records import Theme
from feedback_nlp.themes.codebook import PROTOTYPE_KINDS, Codebook
from feedback_nlp.themes.edits.drafting import Draft
from feedback_nlp.themes.refit.matching import Members
from feedback_nlp.themes.refit.refit import Refit

MOSTLY = 0.5  # share of a leaf's members from which it lies in another theme
SOME = 0.2  # where its centre lies in a guided theme
STILL_MOSTLY = 0.35  # where it lay in it before, so that it does not leave and come back from night to night
NEARLY_AS_MANY = 0.25


def keep_parents(refit: Refit, draft: Draft) -> Draft:
    """Return the draft with the themes that have hardly changed where they were in the tree.

    Which theme of level 1 a leaf falls to changes more easily than the leaf itself, and nobody's trend may jump for it.
    But how many themes there are at the top is the fit's word (a setting may have changed): where the old places would
    leave a quarter more or fewer of them, only moves from one old parent to another are held back.
    """
    wanted = sum(theme.level == 1 for theme in draft.themes.values())
    for between_old_only in (False, True):
        kept = draft.copy()
        for before in refit.old.themes:
            _put_back(refit, kept, before, between_old_only)
        tops = sum(theme.level == 1 and not kept.is_empty(theme.theme_id) for theme in kept.themes.values())
        if abs(tops - wanted) <= NEARLY_AS_MANY * wanted:
            break
    return kept


def _put_back(refit: Refit, draft: Draft, before: Theme, between_old_only: bool) -> None:
    theme, parent = draft.themes.get(before.theme_id), draft.themes.get(before.parent_id or "")
    if theme is None or before.theme_id not in refit.surely or draft.children(theme.theme_id):
        return
    if between_old_only and not (before.parent_id and theme.parent_id in refit.old.row_of):
        return
    if draft.live(theme.theme_id) and (before.parent_id is None or (parent is not None and parent.level == 1)):
        draft.place(theme.theme_id, before.parent_id)


def place_leaves(refit: Refit, draft: Draft) -> None:
    """Absorb new leaves that lie in what people shaped; put those that lie in a guided theme under it.

    A leaf with at least half of its members in a theme whose extent people decided is that theme's: its prototypes
    join a theme that was merged from several, and are left out where the theme is known by its own examples or was
    pinned. A discovered leaf with at least half of its members in a guided theme of level 1 becomes a sub-theme of it,
    and so does one whose centre reaches the guided theme when at least a fifth of its members do: short statements
    miss a threshold one by one that what they have in common reaches.
    """
    for theme in [theme for theme in draft.themes.values() if draft.live(theme.theme_id)]:
        if theme.theme_id in refit.kept or theme.source != "discovered":
            continue
        _absorb(refit, draft, theme)
        if theme.theme_id in draft.themes and theme.parent_id in refit.frozen:
            draft.place(theme.theme_id, None)
    _put_under_guided(refit, draft)


def keep_edited(refit: Refit, draft: Draft) -> None:
    """Undo what of the fit's tree would make an edit impossible that was possible in the last codebook's.

    What people put themes under stays at the top, what they moved under another has no sub-themes, what they merged
    into another has it not among its own sub-themes, and what belongs to a pinned theme stays where it was.
    """
    before = {theme.theme_id: theme.parent_id for theme in refit.old.themes}

    def free(theme_id: str) -> None:
        theme = draft.themes.get(theme_id)
        if theme is not None and theme.parent_id is not None and before.get(theme_id) != theme.parent_id:
            draft.place(theme_id, None)

    for theme_id in sorted(refit.frozen & set(draft.themes)):
        parent = draft.themes.get(before[theme_id] or "")
        if (before[theme_id] is None or (parent is not None and parent.level == 1)) and not draft.children(theme_id):
            draft.place(theme_id, before[theme_id])
    for edit in refit.edits:
        parent, into = edit.payload.get("parent"), edit.payload.get("into")
        for asked in {parent, refit.effective(parent)} if parent else ():
            free(asked)
        if edit.kind == "move" and parent:
            for child in draft.children(edit.theme_id):
                free(child.theme_id)
        if edit.kind == "merge" and into and (target := draft.themes.get(into)) and target.parent_id == edit.theme_id:
            free(into)


def _absorb(refit: Refit, draft: Draft, leaf: Theme) -> None:
    mine = refit.new_members.has[refit.fit_row[leaf.theme_id]]
    shaped = sorted(refit.shaped)
    if not mine.any() or not shaped:
        return
    share = refit.edited_members.share(mine)
    home = max(shaped, key=lambda theme_id: (share[theme_id], theme_id))
    if share[home] < MOSTLY:
        return
    parts = [
        theme.theme_id
        for theme in refit.old.themes
        if theme.theme_id in draft.themes
        and theme.theme_id not in refit.frozen
        and theme.source == "discovered"
        and home in (refit.effective(theme.theme_id), _parent_now(refit, theme.theme_id))
    ]
    points = draft.points[leaf.theme_id]
    draft.count(leaf.parent_id, -leaf.n_statements)
    draft.remove(leaf.theme_id)
    for child in draft.children(leaf.theme_id):
        draft.place(child.theme_id, None)
    if parts and home in refit.edited.merged.values():
        held = refit.old_members.share(mine)
        part = draft.themes[max(parts, key=lambda theme_id: (held[theme_id], theme_id))]
        draft.points[part.theme_id] += points
        draft.count(part.theme_id, leaf.n_statements)
    refit.absorbed[leaf.theme_id] = (
        home,
        f"{share[home]:.0%} of its {int(mine.sum())} statements lie in a theme that people shaped",
    )


def _parent_now(refit: Refit, theme_id: str) -> str | None:
    row = refit.edited.codebook.row_of.get(refit.effective(theme_id))
    return None if row is None else refit.edited.codebook.themes[row].parent_id


def _put_under_guided(refit: Refit, draft: Draft) -> None:
    guided = {theme.theme_id for theme in draft.themes.values() if theme.source == "guided"}
    tops = [theme_id for theme_id in guided if draft.themes[theme_id].level == 1]
    if not tops:
        return
    only = draft.copy()
    for theme_id in set(draft.themes) - guided:
        only.remove(theme_id)
    codebook = only.codebook(refit.new)
    members = Members.by(codebook, *refit.sample)
    before = {theme.theme_id: theme.parent_id for theme in refit.old.themes}
    for leaf in list(draft.themes.values()):
        row = refit.fit_row.get(leaf.theme_id)
        if row is None or leaf.source != "discovered" or leaf.parent_id in guided or draft.children(leaf.theme_id):
            continue
        mine = refit.new_members.has[row]
        if not mine.any() or not draft.live(leaf.theme_id):
            continue
        share = members.share(mine)
        home = max(sorted(tops), key=lambda theme_id: share[theme_id])
        if share[home] < (STILL_MOSTLY if before.get(leaf.theme_id) == home else MOSTLY):
            reached = _reached_by(codebook, refit.new.centroids[row])
            if reached is None or share[reached] < SOME:
                continue
            home = reached
        draft.place(leaf.theme_id, home)


def _reached_by(guided: Codebook, centre: np.ndarray) -> str | None:
    """Return the theme of level 1 that a prepared ``centre`` (p,) reaches by the widest margin, or one below it."""
    own = guided.prototypes
    live = np.flatnonzero(own.kinds != PROTOTYPE_KINDS.index("against"))
    if not len(live):
        return None
    margins = np.round(own.vectors[live].astype(np.float64) @ centre.astype(np.float64) - own.thresholds[live], 6)
    best = int(margins.argmax())
    theme = guided.themes[own.theme_rows[live[best]]]
    return (theme.parent_id or theme.theme_id) if margins[best] >= 0 else None


def drop_empty(refit: Refit, draft: Draft) -> None:
    """Drop themes of level 1 that have nothing left, or are new and have one sub-theme; not those that people made."""
    held = refit.touched | refit.frozen
    for theme in list(draft.themes.values()):
        needed = theme.level == 2 or theme.source != "discovered" or theme.theme_id in held
        parts = draft.children(theme.theme_id)
        alone = len(parts) == 1 and theme.theme_id not in refit.kept and not draft.live(theme.theme_id)
        if not needed and (alone or draft.is_empty(theme.theme_id)):
            for part in parts:
                draft.place(part.theme_id, None)
            draft.remove(theme.theme_id)
            refit.kept.pop(theme.theme_id, None)


def mark_emerging(draft: Draft) -> None:
    """Mark the discovered themes that lie outside every guided one, where there are guided ones."""
    any_guided = any(theme.source == "guided" for theme in draft.themes.values())
    for theme in list(draft.themes.values()):
        top = draft.themes[theme.parent_id] if theme.parent_id else theme
        emerging = any_guided and theme.source == top.source == "discovered"
        draft.themes[theme.theme_id] = replace(draft.themes[theme.theme_id], is_emerging=emerging)
