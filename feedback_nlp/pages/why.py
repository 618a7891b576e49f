"""Why a statement was scored as it was: the words that moved it, worked out when the reader asks."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from feedback_nlp.errors import FeedbackError
from feedback_nlp.pages.correcting import Said
from feedback_nlp.pages.data import Slice, open_store
from feedback_nlp.pages.wording import number, plain
from feedback_nlp.settings import Settings

if TYPE_CHECKING:
    from feedback_nlp.encoding import LoadedEncoder
    from feedback_nlp.pipeline.sentiment_explaining import Explanation
    from feedback_nlp.sentiment.evidence import Evidence

WEAK = 0.2  # of the strongest contribution; many words move a score a little
HOW_TO_READ = (
    "Each number says how much the words speak for positive (+) or for negative (\u2212): by how much the log odds "
    "change when they are left out. 0.7 doubles the odds, 2.3 makes them ten times as large. They rank words; they do "
    "not add up. Words that move the score by less than a fifth of the strongest are not marked."
)


def show_why(part: Slice, statements: Sequence[Said], key: str) -> None:
    """Draw a fold below an answer that explains its statements, worked out when it is opened."""
    box = st.expander("Why this sentiment", key=f"why_{key}", on_change="rerun")
    with box:
        if not box.open:
            return
        for said in statements:
            try:
                explanation = _explained(part.loaded.key, said.statement_id, part.loaded.settings)
            except FeedbackError as error:
                st.caption(plain(str(error)))
                continue
            st.html(explanation_html(explanation))
        st.caption(HOW_TO_READ)


def explanation_html(explanation: Explanation) -> str:
    """Return a statement with the words that moved its score marked; nothing is taken from the text unescaped."""
    parts: list[str] = []
    at = 0
    strongest = max((abs(found.contribution) for found in explanation.evidence), default=0.0)
    telling = [found for found in explanation.evidence if abs(found.contribution) >= WEAK * strongest]
    for found in sorted(telling, key=lambda found: found.start):
        parts.append(html.escape(explanation.text[at : found.start]))
        parts.append(_marked(explanation.text, found))
        at = found.end
    parts.append(html.escape(explanation.text[at:]))
    language = html.escape(explanation.language or "und", quote=True)
    score = explanation.score
    asked = (
        ""
        if not explanation.leaning
        else f" The question asks for what is {'good' if explanation.leaning > 0 else 'bad'}, and that counts too."
    )
    nothing = "" if explanation.evidence else " No single word decided it."
    return (
        f'<div class="fb-why" dir="auto" lang="{language}">{"".join(parts)}</div>'
        f'<div class="fb-meta"><span>{html.escape(score.label)}, probability {score.confidence:.0%}.{asked}{nothing}'
        "</span></div>"
    )


def _marked(text: str, found: Evidence) -> str:
    side = "for" if found.contribution > 0 else "against"
    words = html.escape(text[found.start : found.end])
    return f'<span class="fb-{side}">{words}<bdi dir="ltr">{number(found.contribution, signed=True)}</bdi></span>'


@st.cache_resource(max_entries=200, show_spinner="Looking at each word \u2026")
def _explained(key: object, statement_id: str, _settings: Settings) -> Explanation:
    from feedback_nlp.pipeline.sentiment_explaining import explain_statement

    return explain_statement(open_store(_settings.db), statement_id, _settings, _encoder(_settings.encoder, _settings))


@st.cache_resource(max_entries=1, show_spinner=False)
def _encoder(name: str, _settings: Settings) -> LoadedEncoder:
    from feedback_nlp.encoding import load_encoder

    return load_encoder(_settings)
