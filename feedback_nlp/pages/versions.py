"""Codebook versions on the page of changes: a list, two of them compared, lineage, and how fine themes were cut."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from feedback_nlp.errors import FeedbackError
from feedback_nlp.pages.data import Loaded
from feedback_nlp.pages.wording import count, percent, plain
from feedback_nlp.store import Store

if TYPE_CHECKING:
    from feedback_nlp.themes.refit.comparing import Comparison

_KINDS = {"fit": "discovery", "import": "import", "edit": "edits"}
_OUTCOMES = {
    "born": "new",
    "split": "split off",
    "retired": "gone",
    "merged": "merged",
    "renamed": "renamed",
    "grown": "grown",
    "shrunk": "shrunk",
    "continued": "as before",
}


def draw_versions(store: Store, loaded: Loaded) -> None:
    """List the codebook versions, the newest first."""
    st.subheader("Versions")
    st.caption(
        "A discovery or an import publishes a version; edits that change what belongs to themes lie on it as further "
        "ones. Nothing is overwritten."
    )
    st.dataframe(
        [
            {
                "version": row["version"],
                "shown": "\u2713" if row["version"] == loaded.codebook_version else "",
                "from": _KINDS.get(row["kind"], row["kind"]),
                "base": row["base_version"],
                "themes": row["n_themes"],
                "when": row["created_at"],
                "reason": row["reason"],
            }
            for row in reversed(store.codebook_versions())
        ],
        hide_index=True,
        height="content",
        column_config={
            "version": st.column_config.NumberColumn("Version", width="small"),
            "shown": st.column_config.TextColumn("Shown", width="small", help="The one that all pages show."),
            "from": st.column_config.TextColumn("From"),
            "base": st.column_config.NumberColumn("Lies on", width="small", help="The version that edits lie on."),
            "themes": st.column_config.NumberColumn("Themes", width="small", help="Themes and sub-themes."),
            "when": st.column_config.DatetimeColumn("When (UTC)", format="D MMM YYYY, HH:mm", timezone="UTC"),
            "reason": st.column_config.TextColumn("Why", width="large"),
        },
    )


def compare_box(store: Store, loaded: Loaded) -> None:
    """Let the reader compare two versions on the statements that are stored now."""
    facts = store.codebook_versions()
    usable = [row["version"] for row in facts if row["kind"] != "edit" or row["version"] == loaded.codebook_version]
    if len(usable) < 2:
        return
    st.subheader("Compare two versions")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        old = st.selectbox("From version", usable, index=len(usable) - 2, key="compare_old", width=160)
        new = st.selectbox("To version", usable, index=len(usable) - 1, key="compare_new", width=160)
        asked = st.button("Compare", key="compare_versions", disabled=old == new)
    if asked:
        st.session_state["_compared"] = (old, new)
    if st.session_state.get("_compared") != (old, new) or old == new:
        st.caption("Both versions are tried on all statements that are stored now, as the model tags them.")
        return
    from feedback_nlp.pipeline.comparing import compare_versions

    try:
        with st.spinner("Tagging all statements with both \u2026", show_time=True):
            found = _compared(loaded.key, old, new, lambda: compare_versions(store, old, new))
    except FeedbackError as error:
        st.warning(plain(str(error)), icon=":material/error:")
        return
    _comparison(found, loaded.settings.privacy_minimum)


@st.cache_resource(max_entries=4, show_spinner=False)
def _compared(key: tuple[Any, ...], old: int, new: int, _compute: Any) -> Any:
    return _compute()


def _comparison(found: Comparison, minimum: int) -> None:
    st.caption(
        f"{count(found.n)} statements. {percent(found.surviving)} of the mentions are of a theme that is still there; "
        f"{percent(found.kept_surviving)} of those still have it, {percent(found.kept)} of all. Counts are statements; "
        f"a dash stands where fewer than {minimum} would show."
    )
    rows = []
    for change in sorted(found.changes, key=lambda c: (c.outcome == "continued", -max(c.n_old, c.n_new), c.theme_id)):
        counts = (change.n_old, change.n_new, change.n_kept)
        parts = (*counts, change.n_old - change.n_kept, change.n_new - change.n_kept)
        few = any(0 < part < minimum for part in parts)
        rows.append(
            {
                "theme": change.label,
                "became": _OUTCOMES.get(change.outcome, change.outcome),
                "other": next((c.label for c in found.changes if c.theme_id == change.other_id), change.other_id),
                "before": None if few else change.n_old,
                "now": None if few else change.n_new,
                "both": None if few else change.n_kept,
                "was": change.old_label if change.outcome == "renamed" else None,
            }
        )
    st.dataframe(
        rows,
        hide_index=True,
        height="content",
        placeholder="\u2013",
        column_config={
            "theme": st.column_config.TextColumn("Theme", width=230),
            "became": st.column_config.TextColumn("What became of it"),
            "other": st.column_config.TextColumn("From or into", help="Where most of its statements were or are."),
            "before": st.column_config.NumberColumn("Before", help="Statements in the first version."),
            "now": st.column_config.NumberColumn("Now", help="Statements in the second version."),
            "both": st.column_config.NumberColumn("In both", help="Statements that have it in both."),
            "was": st.column_config.TextColumn("Was called"),
        },
    )


def draw_lineage(store: Store, labels: Mapping[str, str]) -> None:
    """List what became of each theme when themes were learnt again, real changes first."""
    rows = store.lineage()
    if not rows:
        return
    st.subheader("What became of themes")
    st.caption("When themes are learnt, each is matched with those before by the statements that they share.")
    shown = sorted(rows, key=lambda row: (-row["version"], row["event"] == "continued", row["theme_id"]))
    with st.expander(f"{count(len(rows))} lines, the newest version first"):
        st.dataframe(
            [
                {
                    "version": row["version"],
                    "theme": labels.get(row["theme_id"], row["theme_id"]),
                    "event": row["event"],
                    "other": labels.get(row["other_theme_id"] or "", row["other_theme_id"]),
                    "reason": row["reason"],
                }
                for row in shown
            ],
            hide_index=True,
            placeholder="\u2013",
            column_config={
                "version": st.column_config.NumberColumn("Version", width="small"),
                "theme": st.column_config.TextColumn("Theme", width=230, help="An id where it is in no list any more."),
                "event": st.column_config.TextColumn("What happened", width="small"),
                "other": st.column_config.TextColumn("From or into"),
                "reason": st.column_config.TextColumn("Why", width="large"),
            },
        )


def draw_granularity(store: Store, loaded: Loaded) -> None:
    """Show how many themes were tried, what was measured of each, and which was chosen and why."""
    book = store.codebook(loaded.codebook_version, worded=False)
    rows = book.settings.get("candidates") or []
    if not rows:
        return
    st.subheader("How fine the themes are")
    for row in rows:
        if row.get("chosen"):
            st.markdown(f"- **{row['n_themes']}** for {plain(row['chosen'])}: {plain(row['reason'])}")
    notes = book.settings.get("notes") or []
    if notes:
        st.caption(" ".join(plain(note) for note in notes))
    with st.expander("Every division that was tried, from coarse to fine"):
        st.dataframe(
            [
                {
                    name: row.get(name)
                    for name in ("n_themes", "chosen", "stability", "held", "agreement", "coverage", "separation")
                }
                | {"smallest": row.get("smallest"), "reason": row.get("reason")}
                for row in rows
            ],
            hide_index=True,
            height="content",
            placeholder="\u2013",
            column_config={
                "n_themes": st.column_config.NumberColumn("Themes", width="small", help="How many were found."),
                "chosen": st.column_config.TextColumn("Chosen for", width="small"),
                "stability": _ratio(
                    "Stability",
                    "Mean over themes of how well fits of other samples find each again (Jaccard index, 0 to 1). From "
                    "0.75 a division holds, from 0.85 it is highly stable.",
                ),
                "held": _ratio("Held", "Share of its themes with a stability of 0.6 or more."),
                "agreement": _ratio("Agreement", "Of two fits on all statements (adjusted Rand index, \u22121 to 1)."),
                "coverage": _ratio("Coverage", "Share of statements that most fits put into the same theme."),
                "separation": _ratio(
                    "Separation",
                    "How much nearer statements are to their theme than to the next one (silhouette, 0 to 1); clear "
                    "from 0.5, which text seldom reaches.",
                ),
                "smallest": st.column_config.NumberColumn(
                    "Smallest", width="small", help="Statements of the smallest."
                ),
                "reason": st.column_config.TextColumn("Why", width="large"),
            },
        )
        st.caption(
            "The finest division that still holds when other statements are drawn is taken (prediction strength, "
            "Tibshirani & Walther 2005). A theme below 0.6 by itself is marked as a candidate."
        )


def _ratio(name: str, meaning: str) -> Any:
    return st.column_config.NumberColumn(name, format="%.2f", help=meaning)
