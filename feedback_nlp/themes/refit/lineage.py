"""What became of each theme from one codebook to the next, in words with figures, and what it means for edits."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from feedback_nlp.records import Conflict
from feedback_nlp.themes.codebook import Codebook
from feedback_nlp.themes.edits.fold import Examples, apply_edits
from feedback_nlp.themes.refit.matching import Members
from feedback_nlp.themes.refit.placing import MOSTLY
from feedback_nlp.themes.refit.refit import Refit

ELSEWHERE = 0.25  # share of an edited theme's members in one other theme from which people are told
FEWEST_ELSEWHERE = 5  # of them: fewer are chance


def lineage_of(refit: Refit, codebook: Codebook, now: Members | None = None) -> list[dict[str, str | None]]:
    """Return the lineage rows of ``codebook``: one for each of its themes, and for each theme that is no longer there.

    ``now`` are the sample's members by ``codebook``, where they are known already. Keys: theme_id, event (born,
    continued, retired, split, merged), other_theme_id, reason.
    """
    now, old = now or Members.by(codebook, *refit.sample), refit.old_members
    levels = {theme.theme_id: theme.level for theme in (*refit.old.themes, *codebook.themes)}
    rows = []
    for theme in codebook.themes:
        theme_id = theme.theme_id
        if theme_id in refit.kept:
            rows.append(_row(theme_id, "continued", None, refit.kept[theme_id]))
            continue
        mine = now.of_theme(theme_id)
        origin, share = _most(old, mine, levels, theme.level)
        if origin is not None and share >= MOSTLY:
            rows.append(_row(theme_id, "split", origin, f"{share:.0%} of its {mine.sum()} statements were there"))
        else:
            near = "" if origin is None else f"; the most that one of them had is {share:.0%}"
            rows.append(_row(theme_id, "born", None, f"no theme had most of its {mine.sum()} statements{near}"))
    present = codebook.row_of
    for theme in refit.old.themes:
        if theme.theme_id in present:
            continue
        had = old.of_theme(theme.theme_id)
        heir, share = _most(now, had, levels, theme.level)
        if heir is not None and share >= MOSTLY:
            rows.append(
                _row(theme.theme_id, "merged", heir, f"{share:.0%} of its {had.sum()} statements are there now")
            )
        else:
            where = f"no theme has most of its {had.sum()} statements now" if had.any() else "no statement has it now"
            rows.append(_row(theme.theme_id, "retired", heir, where))
    rows += [_row(gone, "merged", into, reason) for gone, (into, reason) in sorted(refit.absorbed.items())]
    return rows


def conflicts_of(refit: Refit, codebook: Codebook, examples: Mapping[int, Examples]) -> tuple[Conflict, ...]:
    """Return the edits that the refit calls into question: a good part of the theme they shaped is elsewhere now.

    One conflict for each theme, at the newest edit of it. The edit still applies; a person decides what to do.
    """
    after = apply_edits(codebook, refit.edits, examples)
    now = Members.by(after.codebook, *refit.sample)
    before, tops = refit.edited_members, {t.theme_id: t.parent_id or t.theme_id for t in after.codebook.themes}
    newest = {}
    for edit in refit.edits:
        if edit.kind not in ("assign", "unassign"):
            newest[refit.effective(edit.payload.get("new_theme_id") or edit.theme_id)] = edit
    conflicts = []
    for theme_id, edit in newest.items():
        row = after.codebook.row_of.get(theme_id)
        if theme_id not in before.ids or row is None:
            continue
        had = before.of_theme(theme_id)
        level = after.codebook.themes[row].level
        others = {
            other: count
            for other, count in now.common(had & ~now.has[row]).items()
            if other != theme_id and (other == tops[other] if level == 1 else other != tops[theme_id])
        }
        other = max(sorted(others), key=lambda key: others[key], default=None)
        if other is not None and others[other] >= max(FEWEST_ELSEWHERE, ELSEWHERE * had.sum()):
            share = others[other] / had.sum()
            conflicts.append(
                Conflict(
                    edit.edit_id,
                    edit.theme_id,
                    f"{share:.0%} of the {had.sum()} statements of {theme_id!r} are in {other!r} since themes were "
                    f"learnt again. Merge {other!r} into {theme_id!r}, or leave it as it is.",
                )
            )
    return tuple(sorted(conflicts, key=lambda conflict: conflict.edit_id))


def _most(members: Members, mine: np.ndarray, levels: Mapping[str, int], level: int) -> tuple[str | None, float]:
    """Return the theme that most of some statements have, and the share; one of the same level before another."""
    share = {theme_id: value for theme_id, value in members.share(mine).items() if value > 0}
    for wanted in ([level], [1, 2]):
        known = sorted(theme_id for theme_id in share if levels.get(theme_id) in wanted)
        best = max(known, key=lambda theme_id: share[theme_id], default=None)
        if best is not None and (share[best] >= MOSTLY or len(wanted) == 2):
            return best, share[best]
    return None, 0.0


def _row(theme_id: str, event: str, other: str | None, reason: str) -> dict[str, str | None]:
    return {"theme_id": theme_id, "event": event, "other_theme_id": other, "reason": reason}
