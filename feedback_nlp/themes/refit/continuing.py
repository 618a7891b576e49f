"""Identity across refits: a new fit proposes, the codebook remembers.

Themes of a new fit that are themes of the last codebook keep their ids; what people and guided codebooks shaped is
carried over with its prototypes; births, splits, merges and retirements are lineage rows with their figures. What no
longer fits a person's edit is reported as a conflict and left to people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from feedback_nlp.errors import EncoderError
from feedback_nlp.records import Conflict, Edit, Theme
from feedback_nlp.themes.codebook import Codebook
from feedback_nlp.themes.discovery.thresholds import thresholds_of
from feedback_nlp.themes.edits.drafting import FOUND, Draft, mean_direction
from feedback_nlp.themes.edits.fold import Examples, new_theme_id
from feedback_nlp.themes.refit.carrying import blended, memory, one_space
from feedback_nlp.themes.refit.holding import hold, is_steady
from feedback_nlp.themes.refit.lineage import conflicts_of, lineage_of
from feedback_nlp.themes.refit.matching import SURELY_SAME, Match, Members, jaccard, match_themes
from feedback_nlp.themes.refit.placing import (
    MOSTLY,
    drop_empty,
    keep_edited,
    keep_parents,
    mark_emerging,
    place_leaves,
)
from feedback_nlp.themes.refit.refit import Refit


@dataclass(frozen=True)
class Continued:
    """The next codebook to lay edits on, what became of each theme, and which edits it calls into question.

    ``lineage`` rows have theme_id, event (born, continued, retired, split, merged), other_theme_id and reason.
    ``conflicts`` are of the refit alone; those of laying the edits on it come from :func:`edits.apply_edits`.
    ``settled_on`` is how many statements the number of themes was learnt from: store it and give it to the next refit.
    None where nothing was learnt.
    """

    codebook: Codebook
    lineage: list[dict[str, str | None]]
    conflicts: tuple[Conflict, ...] = ()
    settled_on: int | None = None


def continue_codebook(
    new: Codebook,
    old_base: Codebook,
    edits: Sequence[Edit],
    examples: Mapping[int, Examples],
    vectors: np.ndarray,
    languages: Sequence[str],
    *,
    old_labels: np.ndarray | None = None,
    settled_on: int | None = None,
) -> Continued:
    """Return ``new`` as the next version of ``old_base``: an unedited codebook, to lay the edits on again.

    ``vectors`` (n, d) of the encoder in force and ``languages`` (n,) are the sample by whose members themes are
    compared: what ``new`` was learnt from. ``edits`` are the active ones in order, ``examples`` their statements'
    vectors. ``old_labels`` (n,), the row of each statement's best theme in ``old_base`` or -1, stands in for tagging
    where the encoder changed; without it another encoder raises :class:`EncoderError`.

    ``settled_on`` is :attr:`Continued.settled_on` of the last base, in statements. While ``vectors`` are fewer than 1.5
    times and more than a 1.5th of it, in the same space, the old themes are held and only themes that are new are added
    (see ``holding.py``); else, and with None (no base yet, or settings that decide how fine themes are have changed),
    the fit has its way: splits, merges and all.
    """
    if old_labels is None and new.encoder_key != old_base.encoder_key:
        raise EncoderError(
            f"The last codebook was made with encoder {old_base.encoder_key}, this one with {new.encoder_key}. Their "
            "vectors cannot be compared: give what the statements were tagged with (old_labels), or start anew."
        )
    refit = Refit.of(new, old_base, edits, examples, (vectors, languages), old_labels)
    matches = _matches(refit)
    same = new.encoder_key == old_base.encoder_key and one_space(new.space, old_base.space)
    steady = same and is_steady(settled_on, len(vectors))
    if steady:
        draft = hold(refit, matches)
    else:
        draft = _renamed(refit, matches)
        _carry_over(refit, draft)
        draft = keep_parents(refit, draft)
    place_leaves(refit, draft)
    keep_edited(refit, draft)
    drop_empty(refit, draft)
    _tell_names_apart(refit, draft)
    mark_emerging(draft)
    _fit_thresholds(refit, draft)
    guidance = new if new.guided else refit.old
    codebook = replace(draft.codebook(new), guided=guidance.guided, facets=guidance.facets)
    members = Members.by(codebook, vectors, languages)
    return Continued(
        counted(codebook, members),
        lineage_of(refit, codebook, members),
        conflicts_of(refit, codebook, examples),
        settled_on if steady else len(vectors),
    )


def counted(codebook: Codebook, members: Members) -> Codebook:
    """Return the codebook with each discovered theme's number of statements as it is tagged."""
    themes = tuple(
        replace(theme, n_statements=int(own.sum())) if theme.source == "discovered" else theme
        for theme, own in zip(codebook.themes, members.has, strict=True)
    )
    return replace(codebook, themes=themes)


def _matches(refit: Refit) -> dict[str, Match]:
    """Return, by new id, the theme of the last codebook that a theme of the fit is."""
    made = {theme.theme_id for theme in refit.new.themes if theme.source != "discovered"}
    known = {theme_id: theme_id for theme_id in sorted(made & set(refit.old.row_of))}
    same_space = refit.new.centroids.shape[1] == refit.old.centroids.shape[1]
    overlap = jaccard(refit.new_members, refit.old_members)
    return {
        match.new_id: match for match in match_themes(refit.new, refit.old, overlap, known=known, same_space=same_space)
    }


def _renamed(refit: Refit, match_of: Mapping[str, Match]) -> Draft:
    """Return the new fit with the ids, and where they are surely the same the names, of the last codebook."""
    old_ids = refit.old.row_of
    taken = {*old_ids, *(e.theme_id for e in refit.edits), *(e.payload.get("new_theme_id", "") for e in refit.edits)}
    ids = {}
    for theme in refit.new.themes:
        found, own = match_of.get(theme.theme_id), theme.theme_id
        ids[own] = found.old_id if found else own if own not in taken else new_theme_id("born", own, {}, taken)
    fit, draft, settled = Draft.of(refit.new), Draft({}, {}, {}), _settled(refit, match_of)
    for row, theme in enumerate(refit.new.themes):
        own = theme.theme_id
        named = replace(theme, theme_id=ids[own], parent_id=ids[theme.parent_id] if theme.parent_id else None)
        refit.fit_row[named.theme_id] = row
        draft.put(named, fit.centroids[own], fit.points[own])
        if own in match_of:
            _remember(refit, draft, named, match_of[own], own in settled)
    return draft


def _settled(refit: Refit, match_of: Mapping[str, Match]) -> set[str]:
    """Return the new themes that match and took in no other old theme, whose place their old one does not cover."""
    new, old = refit.new_members, refit.old_members
    kept = {match.old_id for match in match_of.values()}
    lost = [column for column, theme_id in enumerate(old.ids) if theme_id not in kept]
    taken = new.shared(old)[:, lost] >= MOSTLY * np.maximum(1, old.has[lost].sum(axis=1))
    return {theme_id for theme_id, took in zip(new.ids, taken.any(axis=1), strict=True) if not took} & set(match_of)


def _remember(refit: Refit, draft: Draft, theme: Theme, match: Match, settled: bool) -> None:
    """Give a theme that continues what the last codebook knew of it: its words, and something of its place."""
    theme_id = theme.theme_id
    last, before = Draft.of(refit.old), refit.old.themes[refit.old.row_of[theme_id]]
    reason = f"shares members, Jaccard {match.jaccard:.2f}"
    if theme.source != "discovered":
        refit.kept[theme_id] = f"as it was written; {reason}"
        return
    if theme_id in refit.frozen or before.source != "discovered":
        kept = replace(before, level=theme.level, parent_id=theme.parent_id, n_statements=theme.n_statements)
        draft.put(kept, last.centroids[theme_id], last.points[theme_id])
        refit.kept[theme_id] = f"it keeps its shape, which people decided; {reason}"
        return
    weight = memory(before.n_statements, theme.n_statements) if settled else 0.0
    points = blended(draft.points[theme_id], last.points[theme_id], weight)
    centroid = mean_direction([draft.centroids[theme_id], last.centroids[theme_id]], [1 - weight, weight])
    if points:
        theme = replace(theme, threshold=min(point.threshold for point in points))
    if match.jaccard >= SURELY_SAME:
        refit.surely.add(theme_id)
    if match.jaccard >= SURELY_SAME or theme_id in refit.touched:
        definition = before.definition or theme.definition
        theme = replace(theme, label=before.label, label_source=before.label_source, definition=definition)
    elif theme.label != before.label:
        reason += f", below {SURELY_SAME}: it has changed so far that it has a new name"
    draft.put(theme, centroid, points)
    refit.kept[theme_id] = reason


def _carry_over(refit: Refit, draft: Draft) -> None:
    """Put back what people and guidance shaped and no theme of the fit matches, parents first, with its prototypes."""
    last = Draft.of(refit.old)
    held = refit.touched | refit.frozen
    parents = {
        t.theme_id for t in refit.old.themes if t.level == 1 and t.theme_id in held and t.theme_id not in draft.themes
    }
    lost = [
        theme
        for theme in sorted(refit.old.themes, key=lambda theme: theme.level)
        if theme.theme_id not in draft.themes and (theme.theme_id in held or theme.parent_id in parents)
    ]
    for theme in lost:
        parent = draft.themes.get(theme.parent_id or "")
        if parent is None or parent.level != 1:
            theme = replace(theme, parent_id=None, level=1)
        draft.put(theme, last.centroids[theme.theme_id], last.points[theme.theme_id])
        refit.kept[theme.theme_id] = "carried over: people or guidance shaped it, and no theme of this fit matches it"
    for theme in refit.old.themes:  # a parent that was put back has its sub-themes back
        if theme.parent_id in parents and not draft.children(theme.theme_id):
            draft.place(theme.theme_id, theme.parent_id)


def _fit_thresholds(refit: Refit, draft: Draft) -> None:
    """Set the thresholds of found prototypes anew where they lie now, so that no statement is lost to their moving.

    What people pinned keeps its thresholds; nothing becomes stricter than the fit and the last codebook had it.
    """
    owners = [
        (theme_id, number)
        for theme_id, own in draft.points.items()
        for number, point in enumerate(own)
        if point.kind == FOUND and draft.themes[theme_id].source == "discovered"
    ]
    if not owners:
        return
    places = np.stack([draft.points[theme_id][number].vector for theme_id, number in owners])
    prepared = refit.new.space.prepare(*refit.sample)
    thresholds = thresholds_of(prepared, (prepared @ places.T).argmax(axis=1), places)
    for (theme_id, number), threshold in zip(owners, thresholds, strict=True):
        if theme_id not in refit.frozen:
            point = draft.points[theme_id][number]
            eased = round(min(point.threshold, float(threshold)), 5)
            draft.points[theme_id][number] = point._replace(threshold=eased)
            theme = draft.themes[theme_id]
            draft.themes[theme_id] = replace(theme, threshold=min(theme.threshold, eased))


def _tell_names_apart(refit: Refit, draft: Draft) -> None:
    """Give a theme another name where an older one kept the same: its own, with a keyword that tells it apart."""
    older_first = sorted(draft.themes.values(), key=lambda theme: theme.theme_id not in refit.old.row_of)
    used: set[str] = set()
    for theme in older_first:
        label = theme.label
        words = dict.fromkeys(word for own in theme.keywords.values() for word in own)
        others = [f"{theme.label} · {word}" for word in words if word.casefold() not in theme.label.casefold()]
        numbered = (f"{theme.label} ({number})" for number in range(2, len(draft.themes) + 2))
        if label.casefold() in used and theme.label:
            label = next(name for name in (*others, *numbered) if name.casefold() not in used)
        used.add(label.casefold())
        if label != theme.label:
            draft.themes[theme.theme_id] = replace(draft.themes[theme.theme_id], label=label)
