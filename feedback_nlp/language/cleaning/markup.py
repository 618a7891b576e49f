"""Read HTML as a browser would show it; leave alone what only looks like it ("<3", "a < b", "<name>")."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from feedback_nlp.language.cleaning.markdown import fenced
from feedback_nlp.language.cleaning.offsets import Draft, Edit, outside

_BREAKING = """
    address article aside blockquote br center dd details dialog div dl dt fieldset figcaption figure footer form h1
    h2 h3 h4 h5 h6 header hgroup hr legend main menu nav ol p pre section summary table tbody tfoot thead tr ul
""".split()  # noqa: SIM905 (names read better one beside the other)
_INLINE = """
    a abbr acronym area audio b base bdi bdo big body button canvas cite code col colgroup data del em embed font
    head html i iframe img input ins kbd label link map mark meta nobr noscript object param picture q rp rt ruby s
    samp select slot small source span strike strong sub sup svg template textarea time track tt u var video wbr
""".split()  # noqa: SIM905 (names read better one beside the other)
_READ = (
    dict.fromkeys(_BREAKING, "\n") | dict.fromkeys(_INLINE, "") | {"li": "\n- "}
    | dict.fromkeys(("td", "th", "caption", "option", "optgroup"), " ")
)  # fmt: skip
# What people also write to mean "put the address here": a tag only with an attribute, or where it is closed too.
_WORDS = """
    address area article aside audio base body button canvas caption center cite code data details dialog embed
    figure font footer form head header input label legend link main map mark menu meta object option param picture
    section select slot small source strike strong summary table template time track var video
""".split()  # noqa: SIM905 (names read better one beside the other)
_TAG = re.compile(
    r"<(?P<closes>/?)(?P<name>[a-z][a-z0-9]*+(?::[a-z][a-z0-9]*+)?+)"
    # An attribute must have a value or be one that needs none, so that "a <b and c> d" stays.
    r"(?P<attributes>(?:\s++(?:[\w:.-]++\s*+=\s*+(?:\"[^\"<>]*+\"|'[^'<>]*+'|[^\s\"'<>]++)"
    r"|(?:allowfullscreen|async|checked|controls|defer|disabled|hidden|multiple|nowrap|open|readonly|required"
    r"|reversed|selected)\b(?!\s*+=)))*+)\s*+/?>",
    re.I,
)
_PREFIXES = frozenset({"o", "v", "w", "x", "m", "st1"})  # Office's own tags
_CLOSED = re.compile(r"</([a-z][a-z0-9]*)", re.I)
_UNSEEN_START = re.compile(r"<!--|<(?P<name>script|style|title)\b[^<>]*+>", re.I)
_UNSEEN_END = {name: re.compile(rf"</{name}\s*+>", re.I) for name in ("script", "style", "title")} | {
    "": re.compile("-->")
}
_DECLARATION = re.compile(r"<!doctype[^<>]*+>|<!\[[^<>]*\]>|<\?xml[^<>]*+>", re.I)
_CODE_START = re.compile(r"<pre(?:\s[^<>]*+)?>\s*+<code(?:\s[^<>]*+)?>", re.I)
_CODE_END = re.compile(r"</code\s*+>\s*+</pre\s*+>", re.I)
_QUOTE_START = re.compile(r"<blockquote(?:\s[^<>]*+)?>", re.I)
_QUOTE_END = re.compile(r"</blockquote\s*+>", re.I)
# Where a quote begins and ends, until its lines are marked. Cleaned text holds no character for private use.
_OPEN, _CLOSE = "\ue000", "\ue001"
_QUOTE_MARK = re.compile(rf"[{_OPEN}{_CLOSE}]|\n(?=[^\S\n]*+[^\s{_OPEN}{_CLOSE}])")
_DEEPEST = 3
# One step for all the times an ampersand was escaped, or a long chain of them would take one pass each.
_AMPERSANDS = re.compile(r"&(?:(?:amp|AMP|#0{0,9}38|#[xX]0{0,9}26);)+")
ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});", re.I)


def read_html(draft: Draft) -> None:
    """Turn tags into line breaks or nothing, quotes into lines with ">", code into fences, entities into characters.

    What stands in fenced code stays as it is.
    """
    if "<" in draft.text:
        _drop_unseen(draft)
        _mark_quotes_and_code(draft)
        _read_tags(draft)
    if "&" in draft.text:
        draft.sub(_AMPERSANDS, "&", fenced(draft.text))
        draft.sub(ENTITY, lambda match: html.unescape(match[0]), fenced(draft.text))


def _drop_unseen(draft: Draft) -> None:
    """Drop comments, scripts, styles and declarations."""

    def edits() -> Iterator[Edit]:
        text, kept = draft.text, fenced(draft.text)
        done, unclosed = 0, set()
        for match in outside(_UNSEEN_START.finditer(text), kept):
            name = (match["name"] or "").lower()
            if match.start() < done or name in unclosed:
                continue
            end = _UNSEEN_END[name].search(text, match.end())
            if end is None:
                unclosed.add(name)  # searched once: none is closed further on either
            else:
                done = end.end()
                yield match.start(), done, " "

    draft.edit(edits())
    draft.sub(_DECLARATION, "", fenced(draft.text))


def _mark_quotes_and_code(draft: Draft) -> None:
    text = draft.text.lower()
    if "<blockquote" in text and len(_QUOTE_START.findall(text)) == len(_QUOTE_END.findall(text)):
        draft.sub(_QUOTE_START, f"{_OPEN}\n", fenced(draft.text))
        draft.sub(_QUOTE_END, f"{_CLOSE}\n", fenced(draft.text))
    if "<pre" in text and len(_CODE_START.findall(text)) == len(_CODE_END.findall(text)):
        draft.sub(_CODE_START, "\n```\n", fenced(draft.text))
        draft.sub(_CODE_END, "\n```\n", fenced(draft.text))


def _read_tags(draft: Draft) -> None:
    closed = {match[1].lower() for match in _CLOSED.finditer(draft.text)}

    def shown(tag: re.Match[str]) -> str:
        name = tag["name"].lower()
        if ":" in name:
            return "" if name.partition(":")[0] in _PREFIXES else tag[0]
        if name not in _READ or (name in _WORDS and not tag["attributes"] and name not in closed):
            return tag[0]
        return "" if name == "li" and tag["closes"] else _READ[name]

    draft.sub(_TAG, shown, fenced(draft.text))
    if _OPEN in draft.text or _CLOSE in draft.text:
        draft.edit(_quoted(draft.text))


def _quoted(text: str) -> Iterator[Edit]:
    """Put ">" before each line of a quote, as in mail."""
    depth = 0
    for mark in _QUOTE_MARK.finditer(text):
        if mark[0] != "\n":
            depth = max(0, depth + (1 if mark[0] == _OPEN else -1))
            yield mark.start(), mark.end(), ""
        elif depth:
            yield mark.end(), mark.end(), "> " * min(depth, _DEEPEST)
