"""Verbatims as the report quotes them, for a notebook: what stands behind a figure, one call away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl
from markupsafe import Markup

from feedback_nlp.analysis.frames import AnalysisFrames, theme_label
from feedback_nlp.analysis.verbatims import VerbatimPage, find_verbatims
from feedback_nlp.charts import palette
from feedback_nlp.report.quotes import as_quote

_QUOTE = Markup('<blockquote dir="auto"><p lang="{}">{}</p><footer dir="ltr">{}</footer></blockquote>')
_STYLE = Markup(
    "<style>.fb-read{{max-width:46rem;font-family:{font};font-size:14px;line-height:1.55}}"
    ".fb-read blockquote{{margin:0 0 10px;padding:1px 14px;border:0;border-inline-start:3px solid {line}}}"
    ".fb-read p{{margin:0;text-align:start;white-space:pre-line;overflow-wrap:anywhere}}"
    ".fb-read mark{{background:{tint};color:{ink};padding:0 2px;font-weight:600}}"
    ".fb-read footer,.fb-read header{{font-size:12px;color:{muted};margin-bottom:6px}}"
    ".fb-read blockquote:dir(rtl) footer{{text-align:right}}"
    ".fb-read bdi+bdi::before{{content:'\\00b7';margin:0 .4em}}</style>"
).format(font=Markup(palette.FONT), line=palette.LINE, tint=palette.TINT, ink=palette.INK, muted=palette.MUTED)


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A page of verbatims that a notebook shows as quotes, the evidence marked and each in its own direction.

    ``heading`` says what they are of; ``page`` holds them.
    """

    heading: str
    page: VerbatimPage

    def table(self) -> pl.DataFrame:
        """Return the verbatims as :meth:`~feedback_nlp.analysis.verbatims.VerbatimPage.table` does."""
        return self.page.table()

    def __repr__(self) -> str:
        return f"<{self._counted()}>"

    def _repr_html_(self) -> str:
        quotes = []
        for item in self.page.items:
            quote = as_quote(item)
            feels = [span.sentiment_label for span in item.spans if span.is_evidence and span.sentiment_label]
            facts = [*quote.facts, *dict.fromkeys(feels), item.feedback_id]
            said = Markup("").join(Markup("<bdi>{}</bdi>").format(fact) for fact in facts)
            quotes.append(_QUOTE.format(quote.language, quote.html, said))
        body = Markup("").join(quotes)
        return str(Markup('<div class="fb-read">{}<header>{}</header>{}</div>').format(_STYLE, self._counted(), body))

    def _counted(self) -> str:
        if self.page.suppressed:
            return f"{self.heading}: too few people to show what they wrote"
        return f"{self.heading}: {len(self.page.items):,} of {self.page.total:,} answers"


def read_verbatims(frames: AnalysisFrames, *, theme_id: str | None = None, limit: int = 5, **which: Any) -> Reading:
    """Return what customers wrote, ready to be shown by a notebook.

    ``which`` are further arguments of :func:`~feedback_nlp.analysis.verbatims.find_verbatims`, such as
    ``order="most_negative"``, ``sentiment="negative"`` or ``search="refund"``; the privacy minimum is held as there.
    Raises UsageError as it does.
    """
    page = find_verbatims(frames, theme_id=theme_id, limit=limit, **which)
    words = [theme_label(frames, theme_id)] if theme_id is not None else []
    words += [
        "no theme" if name == "unthemed" else str(value)
        for name, value in sorted(which.items())
        if value and name != "offset"
    ]
    return Reading(", ".join(word.replace("_", " ") for word in words) or "All", page)
