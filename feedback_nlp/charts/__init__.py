"""Charts: each takes a table of :mod:`feedback_nlp.analysis` and returns an ``altair`` chart."""

from feedback_nlp.charts.composition import feeling_bars, nps_bar, sentiment_bar
from feedback_nlp.charts.figures import impact_bars, score_trend, segment_dots, share_trend, sparkline
from feedback_nlp.charts.svg import to_svg

__all__ = [
    "feeling_bars",
    "impact_bars",
    "nps_bar",
    "score_trend",
    "segment_dots",
    "sentiment_bar",
    "share_trend",
    "sparkline",
    "to_svg",
]
