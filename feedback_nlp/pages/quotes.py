"""Customers' words as safe HTML: escaped, in their own direction, with the evidence marked.

What the customer did not say (signatures, logs, quoted messages) is small and grey, and folded away where it is long;
placeholders of personal data are chips: "person 1".
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from feedback_nlp.analysis.feeling_words import EMOTION_WORDS, INTENT_WORDS, TONE_SIGNS
from feedback_nlp.analysis.passages import ASIDE_WORDS, Passage, aside_size, passages, placeholder_pieces
from feedback_nlp.language_names import language_name
from feedback_nlp.pages.wording import dimension_name

if TYPE_CHECKING:
    from feedback_nlp.analysis.verbatims import Span, Verbatim
    from feedback_nlp.records import Aside

LONGEST_ASIDE = 160  # characters of an aside that is shown as it stands; a longer one is folded away
_TONES = ("negative", "neutral", "positive")
_BADGES = {"promoter": "good", "passive": "plain", "detractor": "bad"}


def verbatim_html(verbatim: Verbatim) -> str:
    """Return one verbatim as an ``<article>``; nothing in it is taken from the text unescaped."""
    lang = html.escape(verbatim.language or "und", quote=True)
    footer = [language_name(verbatim.language)]
    if verbatim.created_at is not None:
        footer.insert(0, f"{verbatim.created_at:%d %b %Y}")
    footer += [f"{dimension_name(name)}: {value}" for name, value in sorted(verbatim.segments.items()) if value]
    if verbatim.question:
        footer.append(f"\u201c{verbatim.question}\u201d")
    return (
        '<article class="fb-verbatim">'
        f'<div class="fb-badges">{"".join(_badges(verbatim))}</div>'
        f'<div class="fb-text" dir="auto" lang="{lang}">'
        f"{marked_text(verbatim.text, verbatim.spans, verbatim.asides, feelings=True)}</div>"
        '<div class="fb-meta">'
        + "".join(f'<span dir="auto">{html.escape(str(part))}</span>' for part in footer)
        + "</div></article>"
    )


def marked_text(text: str, spans: Sequence[Span], asides: Sequence[Aside] = (), *, feelings: bool = False) -> str:
    """Escape ``text``, wrap its evidence in ``<mark>``, coloured by its sentiment, and mute or fold its asides.

    With ``feelings`` a chip behind each marked statement says its sentiment, emotions and intents.
    """
    parts: list[str] = []
    joined = list(_neighbours_joined(passages(text, spans, asides), text))
    folded = [passage.kind is not None and passage.end - passage.start > LONGEST_ASIDE for passage in joined]
    for i, passage in enumerate(joined):
        piece = text[passage.start : passage.end]
        # What is folded stands on a line of its own, whatever line breaks are around it.
        piece = piece.lstrip() if i and folded[i - 1] else piece
        piece = piece.rstrip() if any(folded[i + 1 : i + 2]) else piece
        if passage.kind is not None:
            parts.append(_aside(piece, passage.kind, folded[i]))
        elif passage.span is not None:
            tone = passage.span.sentiment_label if passage.span.sentiment_label in _TONES else "unknown"
            hint = html.escape(", ".join(passage.span.theme_labels), quote=True)
            parts.append(f'<mark class="fb-{tone}" title="{hint}">{_escaped(piece)}</mark>')
            if feelings and all(later.span is not passage.span for later in joined[i + 1 :]):
                parts.append(_feelings_chip(passage.span))
        else:
            parts.append(_escaped(piece))
    return "".join(parts)


def _feelings_chip(span: Span) -> str:
    """Say how a statement sounds, what it feels and what it wants; left to right, in any text."""
    found = [EMOTION_WORDS[name] for name in span.emotions] + [INTENT_WORDS[name] for name in span.intents]
    words = [feeling.word for feeling in found]
    if span.sentiment_label in TONE_SIGNS:
        words.insert(0, f"{TONE_SIGNS[span.sentiment_label]} {span.sentiment_label}")
    if not words:
        return ""
    tone = span.sentiment_label if span.sentiment_label in TONE_SIGNS else "unknown"
    meaning = html.escape(" ".join(feeling.meaning for feeling in found), quote=True)
    said = html.escape(" \u00b7 ".join(words))
    return f' <bdi class="fb-feel fb-{tone}" dir="ltr" lang="en" title="{meaning}">{said}</bdi>'


def _neighbours_joined(found: Sequence[Passage], text: str) -> Iterator[Passage]:
    """Join asides with nothing but white space between them: a form, its fields and a log are folded as one.

    The kind of a joined one names all of theirs: "form, log".
    """
    at = 0
    while at < len(found):
        last, kinds = at, []
        for i in range(at, len(found)):
            kind = found[i].kind
            if kind is not None:
                last = i
                kinds.append(ASIDE_WORDS.get(kind, kind))
            elif i == at or text[found[i].start : found[i].end].strip():
                break
        if kinds:
            yield Passage(found[at].start, found[last].end, ", ".join(dict.fromkeys(kinds)))
        else:
            yield found[at]
        at = last + 1


def _aside(piece: str, names: str, folded: bool) -> str:
    # A direction of its own: it must not decide on which side the customer's words begin.
    names = html.escape(names)
    if not folded:
        return f'<span class="fb-aside" dir="auto" title="Set aside: {names}">{_escaped(piece)}</span>'
    return (
        f'<details class="fb-aside"><summary dir="ltr">\u2026 [{names}, {aside_size(piece)}]</summary>'
        f'<div dir="auto">{_escaped(piece)}</div></details>'
    )


def _escaped(text: str) -> str:
    parts = []
    for piece, is_placeholder in placeholder_pieces(text):
        if is_placeholder:
            parts.append(f'<bdi class="fb-hole" dir="ltr" title="Personal data, replaced">{html.escape(piece)}</bdi>')
        else:
            parts.append(html.escape(piece).replace("\n", "<br>"))
    return "".join(parts)


def chips_html(words: Sequence[str], language: str) -> str:
    """Return keywords as a row of chips in their own script and direction."""
    lang = html.escape(language, quote=True)
    chips = "".join(f'<span class="fb-chip" dir="auto">{html.escape(word)}</span>' for word in words)
    return f'<div class="fb-chips" dir="auto" lang="{lang}">{chips}</div>'


def score_badges(scores: Mapping[str, float], nps_segment: str | None) -> list[str]:
    """Return a badge a score: "NPS 9"."""
    badges = []
    for name, value in sorted(scores.items()):
        tone = _BADGES.get(nps_segment or "", "plain") if name == "nps" else "plain"
        label = "NPS" if name == "nps" else name.upper() if len(name) <= 4 else name
        badges.append(f'<span class="fb-badge fb-{tone}">{html.escape(f"{label} {float(value):g}")}</span>')
    return badges


def _badges(verbatim: Verbatim) -> list[str]:
    badges = score_badges(verbatim.scores, verbatim.nps_segment)
    tones = [span.sentiment_label for span in verbatim.spans if span.is_evidence and span.sentiment_label in _TONES]
    return badges + [f'<span class="fb-badge fb-{tone}">{tone}</span>' for tone in _TONES if tone in tones]


STYLE = """<style>
.fb-verbatim {border:1px solid #DDE0EA; border-left:4px solid #C9CDDC; border-radius:.5rem; padding:.75rem 1rem;
  background:#fff; margin-bottom:.6rem}
.fb-text {font-size:1rem; line-height:1.6; margin:.35rem 0 .45rem; overflow-wrap:anywhere; text-align:start}
.fb-aside {font-size:.8rem; line-height:1.45; color:#656C7E}
span.fb-aside {unicode-bidi:isolate}
details.fb-aside {margin:.2rem 0}
details.fb-aside summary {cursor:pointer; width:fit-content; text-align:start}
details.fb-aside > div {margin:.25rem 0 .35rem; padding-inline-start:.7rem; border-inline-start:2px solid #DDE0EA;
  max-height:16rem; overflow:auto; unicode-bidi:plaintext; text-align:start}
.fb-hole {font-size:.8em; padding:.05em .45em; border-radius:.3em; background:#ECEDF2; color:#3B4256;
  white-space:nowrap}
.fb-badges, .fb-meta, .fb-chips {display:flex; flex-wrap:wrap; gap:.35rem .5rem; align-items:center}
.fb-meta {font-size:.8rem; color:#5B6274; gap:.2rem .9rem}
.fb-badge {font-size:.75rem; line-height:1.5; padding:0 .5rem; border-radius:1rem; background:#EEF0F6; color:#3B4256}
.fb-badge.fb-bad, .fb-badge.fb-negative {background:#F9E4E1; color:#8C2B21}
.fb-badge.fb-good, .fb-badge.fb-positive {background:#DDF1EE; color:#0B5750}
.fb-badge[class*="fb-mark-"] {border:1px solid #8A91A5; background:#fff}
.fb-badge.fb-mark-candidate, .fb-badge.fb-mark-llm {border:1px dashed #9A5B00; background:#FFF6E5; color:#6B4000}
.fb-badge.fb-mark-emerging {border-color:#4338CA; color:#312E81; background:#EDECFB}
.fb-list.fb-key {list-style:none; padding-inline-start:0; margin-top:.4rem; font-size:.85rem; color:#3B4256}
.fb-said {border-inline-start:3px solid #DDE0EA; padding:.1rem .7rem; font-size:.92rem; overflow-wrap:anywhere}
.fb-note {color:#3B4256; font-size:.92rem; overflow-wrap:anywhere}
.fb-plain mark {color:inherit; padding:.05em .15em; border-radius:.2em; background:#E9E8FB;
  box-shadow:inset 0 -2px #4338CA; box-decoration-break:clone; -webkit-box-decoration-break:clone}
.fb-undone {color:#656C7E; text-decoration:line-through}
.fb-verbatim mark {color:inherit; padding:.05em .15em; border-radius:.2em; background:#E9E8FB;
  box-decoration-break:clone; -webkit-box-decoration-break:clone}
.fb-verbatim mark.fb-negative {background:#F9DDD9; box-shadow:inset 0 -2px #B23A2E}
.fb-verbatim mark.fb-positive {background:#D5EFEB; box-shadow:inset 0 -2px #0F766E}
.fb-verbatim mark.fb-neutral {background:#E9EBF2; box-shadow:inset 0 -2px #8A91A5}
.fb-feel {font-size:.72rem; line-height:1.5; padding:0 .45rem; border-radius:1rem; border:1px solid #8A91A5;
  color:#3B4256; background:#fff; white-space:nowrap; user-select:none; margin:0 .15rem}
.fb-feel.fb-negative {border-color:#B23A2E; color:#8C2B21}
.fb-feel.fb-positive {border-color:#0F766E; color:#0B5750}
.fb-why {font-size:.95rem; line-height:2; overflow-wrap:anywhere}
.fb-why .fb-for, .fb-why .fb-against {border-radius:.25em; padding:.1em .25em}
.fb-why .fb-for {background:#D5EFEB; box-shadow:inset 0 -2px #0F766E}
.fb-why .fb-against {background:#F9DDD9; box-shadow:inset 0 -2px #B23A2E}
.fb-why bdi {font-size:.72rem; margin-inline-start:.25em; color:#3B4256; user-select:none}
.fb-chip {font-size:.85rem; padding:.1rem .6rem; border-radius:1rem; background:#EDECFB; color:#312E81}
.fb-view {color:#3B4256; font-size:.95rem; padding:.45rem .8rem; border-left:4px solid #4338CA; background:#F4F5FA;
  border-radius:.25rem; overflow-wrap:anywhere}
[data-testid="stMainBlockContainer"] {padding-top:4.2rem; padding-bottom:3rem; max-width:1320px}
@media (min-width: 900px) {[data-testid="stMainBlockContainer"] {padding:2.6rem 3rem 3rem}}
.fb-list {margin:0; padding-inline-start:1.2rem; font-size:.92rem; line-height:1.6; overflow-wrap:anywhere}
.fb-title {margin:0; padding:0; font-size:1.85rem; line-height:1.25; overflow-wrap:anywhere}
[data-testid="stMetricValue"] {white-space:normal}
[data-testid="stMetricLabel"] * {white-space:normal; overflow:visible; text-overflow:clip}
</style>"""
