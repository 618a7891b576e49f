"""Themes, sentiment and NPS drivers from open-ended customer feedback, offline and in any language.

One function a question, and the same ones that the app, the report and the command line call::

    import feedback_nlp as fb

    settings = fb.load_settings()
    with fb.Store.open(settings.db, read_only=True) as store:
        frames = fb.load_frames(store, settings)
    moved = fb.drivers(frames)
    fb.read_verbatims(frames, theme_id=moved.table["theme_id"][0])

Polars frames in, tidy frames out; each docstring says what the columns are. ``feedback_nlp.charts`` draws them. Nothing
is loaded before it is named.
"""

# ruff: noqa: F401  (type checkers read these imports; at run time __getattr__ makes them, one by one)
from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from feedback_nlp.analysis.acting import to_act_on
    from feedback_nlp.analysis.call_backs import call_backs
    from feedback_nlp.analysis.disagreement import disagreements
    from feedback_nlp.analysis.distinctive import distinctive_words
    from feedback_nlp.analysis.drivers.changes import score_change, score_change_on
    from feedback_nlp.analysis.drivers.reconciling import reconcile
    from feedback_nlp.analysis.drivers.table import drivers
    from feedback_nlp.analysis.facets import facet_names, theme_by_facet
    from feedback_nlp.analysis.feeling_words import named_feelings
    from feedback_nlp.analysis.feelings import feelings
    from feedback_nlp.analysis.frames import apply_view
    from feedback_nlp.analysis.loading import load_frames
    from feedback_nlp.analysis.outcomes import choose_outcome
    from feedback_nlp.analysis.overview import overview
    from feedback_nlp.analysis.priorities import priorities
    from feedback_nlp.analysis.reviewing import statements_to_review
    from feedback_nlp.analysis.scores import summarise_scores
    from feedback_nlp.analysis.scores_compared import scores_compared
    from feedback_nlp.analysis.segments import compare_segments, over_represented, score_by_segment, theme_by_segment
    from feedback_nlp.analysis.themes import theme_table, unthemed_row
    from feedback_nlp.analysis.trends import changing_themes, score_by_period, theme_by_period, themes_by_period
    from feedback_nlp.analysis.verbatims import find_verbatims
    from feedback_nlp.analysis.watching.alerts import alerts
    from feedback_nlp.analysis.watching.follow_up import follow_up
    from feedback_nlp.evaluation import draw_sample, evaluate
    from feedback_nlp.export import export_frame
    from feedback_nlp.pipeline.emerging import emerging_table, find_emerging
    from feedback_nlp.pipeline.sentiment_tuning import tune_sentiment
    from feedback_nlp.records import Action, View
    from feedback_nlp.report.reading import read_verbatims
    from feedback_nlp.report.tables import show_table
    from feedback_nlp.settings import Settings, load_settings
    from feedback_nlp.store import Store

__version__ = "0.1.0"

_HOMES = {
    "analysis.acting": ("to_act_on",),
    "analysis.call_backs": ("call_backs",),
    "analysis.disagreement": ("disagreements",),
    "analysis.distinctive": ("distinctive_words",),
    "analysis.drivers.changes": ("score_change", "score_change_on"),
    "analysis.drivers.reconciling": ("reconcile",),
    "analysis.drivers.table": ("drivers",),
    "analysis.facets": ("facet_names", "theme_by_facet"),
    "analysis.feeling_words": ("named_feelings",),
    "analysis.feelings": ("feelings",),
    "analysis.frames": ("apply_view",),
    "analysis.loading": ("load_frames",),
    "analysis.outcomes": ("choose_outcome",),
    "analysis.overview": ("overview",),
    "analysis.priorities": ("priorities",),
    "analysis.reviewing": ("statements_to_review",),
    "analysis.scores": ("summarise_scores",),
    "analysis.scores_compared": ("scores_compared",),
    "analysis.segments": ("compare_segments", "over_represented", "score_by_segment", "theme_by_segment"),
    "analysis.themes": ("theme_table", "unthemed_row"),
    "analysis.trends": ("changing_themes", "score_by_period", "theme_by_period", "themes_by_period"),
    "analysis.verbatims": ("find_verbatims",),
    "analysis.watching.alerts": ("alerts",),
    "analysis.watching.follow_up": ("follow_up",),
    "evaluation": ("draw_sample", "evaluate"),
    "export": ("export_frame",),
    "pipeline.emerging": ("emerging_table", "find_emerging"),
    "pipeline.sentiment_tuning": ("tune_sentiment",),
    "records": ("Action", "View"),
    "report.reading": ("read_verbatims",),
    "report.tables": ("show_table",),
    "settings": ("Settings", "load_settings"),
    "store": ("Store",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)


def __getattr__(name: str) -> Any:
    """Load a name from its home when it is first asked for (PEP 562)."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME_OF})
