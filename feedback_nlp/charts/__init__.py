"""Charts: each takes a table of :mod:`feedback_nlp.analysis` and returns an ``altair`` chart."""

from feedback_nlp.charts.composition import feeling_bars, nps_bar, sentiment_bar
from feedback_nlp.charts.driving import change_steps, contribution_bars, contribution_steps, steps_chart
from feedback_nlp.charts.figures import impact_bars, score_trend, segment_dots, share_trend, sparkline
from feedback_nlp.charts.notebooks import use_in_notebook
from feedback_nlp.charts.svg import to_svg
from feedback_nlp.charts.watching import alert_bands, follow_up_chart, follow_up_trend

__all__ = [
    "alert_bands",
    "change_steps",
    "contribution_bars",
    "contribution_steps",
    "feeling_bars",
    "follow_up_chart",
    "follow_up_trend",
    "impact_bars",
    "nps_bar",
    "score_trend",
    "segment_dots",
    "sentiment_bar",
    "share_trend",
    "sparkline",
    "steps_chart",
    "to_svg",
    "use_in_notebook",
]
