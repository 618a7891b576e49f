"""Two versions of a codebook side by side: what became of each theme, and how many mentions keep their id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from feedback_nlp.themes.codebook import Codebook
from feedback_nlp.themes.refit.matching import Members
from feedback_nlp.themes.refit.placing import MOSTLY

CHANGED = 1.2  # times as many statements, or a 1.2th of them, from which a theme has grown or shrunk
# What can become of a theme, the first that is true.
OUTCOMES = ("born", "split", "retired", "merged", "renamed", "grown", "shrunk", "continued")


@dataclass(frozen=True)
class ThemeChange:
    """One theme: ``n_old`` and ``n_new`` statements, ``n_kept`` in both; ``other_id`` is where it is from or went."""

    theme_id: str
    label: str
    old_label: str | None
    level: int
    outcome: str
    n_old: int
    n_new: int
    n_kept: int
    other_id: str | None


@dataclass(frozen=True)
class Flow:
    """``n`` statements whose best theme was ``old_id`` and is ``new_id``; None stands for unthemed."""

    old_id: str | None
    new_id: str | None
    n: int


@dataclass(frozen=True)
class Comparison:
    """Two versions on the same ``n`` statements.

    ``kept`` (0..1) is the share of the old version's mentions that have the same id in the new one, ``kept_surviving``
    the share among mentions of themes that are still there; each None without any mention to judge by. ``surviving``
    (0..1) is the share of mentions whose theme is still there. A mention is a statement and its best theme, and that
    theme's parent once more.
    """

    n: int
    changes: tuple[ThemeChange, ...]
    flows: tuple[Flow, ...]
    kept: float | None
    kept_surviving: float | None
    surviving: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return everything in plain types."""
        return asdict(self)

    def to_text(self) -> str:
        """Return a few lines for a person: the shares first, then each theme that is not simply continued."""
        counts = {outcome: sum(change.outcome == outcome for change in self.changes) for outcome in OUTCOMES}
        lines = [
            f"{self.n} statements. Of the old mentions {_percent(self.kept)} keep their theme's id; of those whose "
            f"theme is still there ({_percent(self.surviving)}), {_percent(self.kept_surviving)}.",
            ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count) or "no themes",
        ]
        for change in self.changes:
            if change.outcome != "continued":
                other = f" ({change.other_id})" if change.other_id else ""
                named = f", was {change.old_label!r}" if change.outcome == "renamed" else ""
                lines.append(
                    f"  {change.outcome:9} {change.theme_id} {change.label!r}{other}{named}: "
                    f"{change.n_old} -> {change.n_new} statements, {change.n_kept} in both"
                )
        return "\n".join(lines)


def compare(old: Codebook, new: Codebook, old_labels: np.ndarray, new_labels: np.ndarray) -> Comparison:
    """Compare two versions on the same statements.

    ``old_labels`` and ``new_labels`` (n,) are the row of each statement's best theme in ``old.themes`` and
    ``new.themes``, -1 for none. Whether a theme that is not in the other version was split off or merged is told by
    where at least half of its statements were or are.
    """
    before, after = Members.of(old, np.asarray(old_labels)), Members.of(new, np.asarray(new_labels))
    was = {theme.theme_id: theme for theme in old.themes}
    now = {theme.theme_id: theme for theme in new.themes}
    changes = []
    for theme_id in dict.fromkeys([*now, *was]):
        n_old = before.of_theme(theme_id) if theme_id in was else np.zeros(len(old_labels), bool)
        n_new = after.of_theme(theme_id) if theme_id in now else np.zeros(len(new_labels), bool)
        theme = now.get(theme_id) or was[theme_id]
        outcome, other = "continued", None
        if theme_id not in was:
            other = _home(before, n_new, was, theme.level)
            outcome = "split" if other else "born"
        elif theme_id not in now:
            other = _home(after, n_old, now, theme.level)
            outcome = "merged" if other else "retired"
        elif was[theme_id].label != now[theme_id].label:
            outcome = "renamed"
        elif n_new.sum() > CHANGED * n_old.sum():
            outcome = "grown"
        elif CHANGED * n_new.sum() < n_old.sum():
            outcome = "shrunk"
        both = int((n_old & n_new).sum())
        label_before = was[theme_id].label if theme_id in was else None
        changes.append(
            ThemeChange(
                theme_id,
                theme.label,
                label_before,
                theme.level,
                outcome,
                int(n_old.sum()),
                int(n_new.sum()),
                both,
                other,
            )
        )
    mentions = sum(change.n_old for change in changes)
    surviving = sum(change.n_old for change in changes if change.theme_id in now)
    kept = sum(change.n_kept for change in changes)
    return Comparison(
        n=len(old_labels),
        changes=tuple(changes),
        flows=_flows(old, new, np.asarray(old_labels), np.asarray(new_labels)),
        kept=kept / mentions if mentions else None,
        kept_surviving=kept / surviving if surviving else None,
        surviving=surviving / mentions if mentions else None,
    )


def _home(members: Members, mine: np.ndarray, themes: Mapping[str, Any], level: int) -> str | None:
    """Return the theme that at least half of some statements have in the other version, of the same level if any."""
    share = members.share(mine)
    for levels in ((level,), (1, 2)):
        known = sorted(theme_id for theme_id in share if themes[theme_id].level in levels)
        best = max(known, key=lambda theme_id: share[theme_id], default=None)
        if best is not None and share[best] >= MOSTLY:
            return best
    return None


def _flows(old: Codebook, new: Codebook, old_labels: np.ndarray, new_labels: np.ndarray) -> tuple[Flow, ...]:
    pairs, counts = np.unique(np.stack([old_labels, new_labels]), axis=1, return_counts=True)
    names = ([theme.theme_id for theme in old.themes] + [None], [theme.theme_id for theme in new.themes] + [None])
    flows = [Flow(names[0][a], names[1][b], int(n)) for a, b, n in zip(*pairs, counts, strict=True)]
    return tuple(sorted(flows, key=lambda flow: (-flow.n, str(flow.old_id), str(flow.new_id))))


def _percent(share: float | None) -> str:
    return "none" if share is None else f"{100 * share:.1f} %"
