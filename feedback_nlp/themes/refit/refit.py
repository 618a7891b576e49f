"""What is known when themes were learnt again: both codebooks, people's edits, and who has which statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from feedback_nlp.records import Edit
from feedback_nlp.themes.codebook import Codebook
from feedback_nlp.themes.edits.fold import Edited, Examples, apply_edits
from feedback_nlp.themes.refit.carrying import moved_into
from feedback_nlp.themes.refit.matching import Members
from feedback_nlp.themes.tagging import tag


@dataclass
class Refit:
    """A new fit, the last codebook in the new fit's space without and with edits, and the sample's members of each.

    ``touched`` are the themes of the last codebook that may not be lost, ``frozen`` those whose shape people pinned.
    ``kept`` fills up with the themes that continue and why, ``surely`` with those of them that have hardly changed,
    ``absorbed`` with new themes that became part of another: new id -> (id, why). ``fit_row`` is the row in ``new`` of
    what the next codebook calls by an id.
    """

    new: Codebook
    old: Codebook
    edited: Edited
    edits: Sequence[Edit]
    sample: tuple[np.ndarray, Sequence[str]]
    new_members: Members
    old_members: Members
    edited_members: Members
    touched: frozenset[str]
    frozen: frozenset[str]
    kept: dict[str, str] = field(default_factory=dict)
    surely: set[str] = field(default_factory=set)
    absorbed: dict[str, tuple[str, str]] = field(default_factory=dict)
    fit_row: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        new: Codebook,
        old_base: Codebook,
        edits: Sequence[Edit],
        examples: Mapping[int, Examples],
        sample: tuple[np.ndarray, Sequence[str]],
        old_labels: np.ndarray | None,
    ) -> Refit:
        """Tag the sample with all three codebooks; ``old_labels`` (n,) stand in for tagging with ``old_base``."""
        labels = tag(old_base, *sample, most=1).labels() if old_labels is None else np.asarray(old_labels)
        same = new.encoder_key == old_base.encoder_key
        old = moved_into(new.space, old_base, new.space.prepare(*sample), labels, same_encoder=same)
        edited = apply_edits(old, edits, examples)
        return cls(
            new,
            old,
            edited,
            edits,
            sample,
            Members.by(new, *sample),
            Members.of(old, labels),
            Members.by(edited.codebook, *sample),
            _touched(new, old, edits),
            _frozen(old, edited),
        )

    @property
    def shaped(self) -> frozenset[str]:
        """The themes of the edited last codebook whose extent people decided: no new theme grows inside them."""
        old, now = self.old.row_of, self.edited.codebook
        named = {self.effective(edit.theme_id) for edit in self.edits if edit.kind in ("example", "pin")}
        made = {theme.theme_id for theme in now.themes if theme.theme_id not in old or theme.source == "person"}
        return frozenset((named | made | set(self.edited.merged.values()) | self.frozen) & set(now.row_of))

    def effective(self, theme_id: str) -> str:
        """Return the theme that a theme's statements have once the edits are laid on."""
        return self.edited.merged.get(theme_id, theme_id)


def _touched(new: Codebook, old: Codebook, edits: Sequence[Edit]) -> frozenset[str]:
    """Edits name them, or people or guidance made them; a guided theme may leave with the codebook that it was in."""
    named: set[str] = set()
    for edit in edits:
        parts = edit.payload.get("sub_themes") or ()
        named |= {edit.theme_id, edit.payload.get("into") or "", edit.payload.get("parent") or "", *parts}
    made = {
        theme.theme_id
        for theme in old.themes
        if theme.source == "person" or (theme.source == "guided" and not new.guided)
    }
    return frozenset((named | made) & set(old.row_of))


def _frozen(old: Codebook, edited: Edited) -> frozenset[str]:
    """Pinned themes, with all that was merged into them or lies under them."""
    pinned = edited.pinned
    under = {t.theme_id for t in edited.codebook.themes if t.theme_id in pinned or t.parent_id in pinned}
    return frozenset((under | {gone for gone, into in edited.merged.items() if into in under}) & set(old.row_of))
