"""Read Markdown as it is shown, only where it is unmistakable: "2*3*4", "snake_case" and "* not great *" stay.

Quotes (">"), fenced code, bullets and numbers of lists, and lines of dashes stay too: they tell what is not the
writer's own, and where a statement begins. After CommonMark 0.31 and GitHub's additions, one line at a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from feedback_nlp.language.cleaning.offsets import Draft, Edit, Span, outside

_FENCE = re.compile(r"[`~](?:(?<=`)``+|(?<=~)~~+)(?P<info>[^\n]*+)")
_ANY = re.compile(r"[*_`~\[|<#]")

# A mark opens after white space or an opening mark, and closes before white space or punctuation.
_BEFORE = r"(?<![^\s(\[{\"'“”‘’„«»>|~*_—–,:;…])"
_EMPHASES = tuple(
    re.compile(_BEFORE + pattern)
    for pattern in (
        r"(?<!\*)(?P<mark>\*\*\*?)(?![\s*])(?=[^*\n]*\w)(?P<kept>[^*\n]++)(?<!\s)(?P=mark)(?![\w*])",
        r"(?<!\*)\*(?=[^\W_]|[\"'“‘„«(¿¡\[`])(?=[^*\n]*[^\W\d_]{2})(?P<kept>[^*\n]++)(?<!\s)\*(?![\w*])",
        r"(?<!_)__(?=[^\W_])(?=[^_\n]*\s)(?P<kept>[^_\n]++)(?<!\s)__(?!\w)",
        r"(?<!_)_(?=[^\W_]|[\"'“‘„«(¿¡])(?=[^_\n]*[^\W\d_]{2})(?P<kept>[^_\n]++)(?<!\s)_(?![\w/@]|\.\w)",
        r"(?<!~)~~(?=[^\s~])(?=[^~\n]*\w\w)(?P<kept>[^~\n]++)(?<!\s)~~(?![\w~])",
    )
)
_CODE = re.compile(r"(?<![\w`])(?P<mark>`{1,2})(?![`\s])(?=[^`\n]*\w)(?P<kept>[^`\n]++)(?<!\s)(?P=mark)(?![\w`])")

_ADDRESS = r"[^\s()<>]++(?:\([^\s()<>]*+\)[^\s()<>]*+)*+>?(?:\s++(?:\"[^\"\n]*+\"|'[^'\n]*+'))?+\s*+\)"
_FILE = r"(?=[^\s()<>]+\.(?:gif|html?|jpe?g|md|pdf|png|svg|txt)[\s>)#?])"
_IMAGE = re.compile(r"!\[(?P<kept>[^\[\]\n]*+)\]\(\s*+<?" + _ADDRESS)
_LINK = re.compile(
    r"(?<!!)\[(?P<kept>[^\[\]\n]*+)\]\(\s*+<?"
    rf"(?:(?=(?:https?|ftp|mailto|tel|file):|www\.|/|\.{{1,2}}/|#\w)|{_FILE}){_ADDRESS}"
)
# What phones, systems and GitHub name a picture by themselves says nothing.
_PICTURE_NAME = re.compile(
    r"(?:alt(?: text)?|image|img|picture|photo|screen ?shot|screen recording|imagine|captură(?: de ecran)?|immagine"
    r"|schermata|obraz|zdjęcie|zrzut ekranu|изображение|снимок(?: экрана)?|صورة|لقطة(?: شاشة| الشاشة)?)"
    r"(?:[\W\d_]|\b(?:at|am|pm|alle|la|o|в)\b)*+",
    re.I,
)
_DEFINITION = re.compile(r"^ {0,3}\[(?!\^)(?P<label>[^\[\]\n]+)\]: *+<?(?:https?://|mailto:|/|\./)\S++[^\n]*+$", re.M)
_REFERENCE = re.compile(r"\[(?P<kept>[^\[\]\n]++)\]\[(?P<label>[^\[\]\n]*+)\]")
_SHOWN_LINK = re.compile(r"<(?:https?://|mailto:)[^\s<>|]++\|(?P<kept>[^<>|\n]++)>")  # Slack's
_DOUBLED_LINK = re.compile(r"(?<=\w)(?:<mailto:[^\s<>]++>|<https?://[^\s<>]++>)")  # Outlook's: text<address>
_BARE_LINK = re.compile(r"<(?:mailto:)?(?P<kept>(?:https?|ftp)://[^\s<>]++|(?<=:)[^\s<>@]++@[^\s<>]++)>")

_HEADING = re.compile(r"^#{2,6} ++(?=[^\s#])", re.M)
_TITLE = re.compile(r"(?:\A|(?<=\n\n))# ++(?=(?P<first>[^\W\d_]))(?=[^\n]+\n)")
_RULE = re.compile(r"(?:(?<=\n\n)\*\*\*|(?<=\n)(?:\* \*(?: \*)++|_ _(?: _)++|- -(?: -)++))(?=\n|\Z)")
_TABLE_RULE = re.compile(r"^\|?[ :]*+-++[ :]*+(?:\|[ :]*+-++[ :]*+)*+\|?[ ]*+$", re.M)
_PROSE = re.compile(r"\b(?:[^\W\d_]++[,'’]?+ ){3}[^\W\d_]")  # four words in a row
_CELLS = re.compile(r"[ ]*+\|[ |]*+")


def fenced(text: str) -> list[Span]:
    """Return the spans of fenced code, fences and all; a fence that is never closed is none."""
    if "```" not in text and "~~~" not in text:
        return []
    spans: list[Span] = []
    opening: re.Match[str] | None = None
    for line in _FENCE.finditer(text):
        if line.start() and text[line.start() - 1] != "\n":
            continue
        if opening is None:
            if "`" not in line["info"]:
                opening = line
        elif line[0].rstrip().startswith(_marks(opening)) and not line["info"].strip():
            spans.append((opening.start(), line.end()))
            opening = None
    return spans


def _marks(fence: re.Match[str]) -> str:
    return fence[0][: fence.start("info") - fence.start()]


def read_markdown(draft: Draft) -> None:
    """Reduce headings, emphasis, inline code, links, images, tables and rules to what they show."""
    if not _ANY.search(draft.text):
        return
    _read_links(draft)
    _read_lines(draft)
    text = draft.text
    if "`" in text:
        draft.keep_group(_CODE, fenced(text))
    for pattern, mark in zip(_EMPHASES, ("**", "*", "__", "_", "~~"), strict=True):
        if mark in draft.text:
            draft.keep_group(pattern, fenced(draft.text))


def _read_links(draft: Draft) -> None:
    text = draft.text
    if "](" in text:
        draft.sub(_IMAGE, lambda match: "" if _PICTURE_NAME.fullmatch(match["kept"]) else match[0], fenced(text))
        draft.keep_group(_IMAGE, fenced(draft.text))
        draft.keep_group(_LINK, fenced(draft.text))
    if "]: " in text and "][" in text:
        _read_references(draft)
    if "<" in text and ("://" in text or "mailto:" in text):
        draft.sub(_DOUBLED_LINK, "", fenced(draft.text))
        for pattern in (_SHOWN_LINK, _BARE_LINK):
            draft.keep_group(pattern, fenced(draft.text))


def _read_references(draft: Draft) -> None:
    """Read [text][label] where a line says where the label leads, and drop that line."""
    defined = {match["label"].casefold() for match in _DEFINITION.finditer(draft.text)}
    used: set[str] = set()

    def label(match: re.Match[str]) -> str:
        return (match["label"] if "label" in match.groupdict() and match["label"] else match["kept"]).casefold()

    def shown(match: re.Match[str]) -> str:
        if label(match) not in defined:
            return match[0]
        used.add(label(match))
        return match["kept"]

    draft.sub(_REFERENCE, shown, fenced(draft.text))
    draft.sub(_DEFINITION, lambda match: "" if match["label"].casefold() in used else match[0], fenced(draft.text))


def _read_lines(draft: Draft) -> None:
    text = draft.text
    if "#" in text:
        is_document = _HEADING.search(text) is not None
        draft.sub(_HEADING, "", fenced(text))
        # "# of staff", "# 1 choice": a single one is a heading only over a text, and where it looks like one.
        draft.sub(
            _TITLE,
            lambda match: "" if match["first"].isupper() or is_document else match[0],
            fenced(draft.text),
        )
    if "\n" in text:
        draft.sub(_RULE, "", fenced(draft.text))
        if "|" in text and "-" in text:
            draft.edit(_tables(draft.text, fenced(draft.text)))


def _tables(text: str, kept: Sequence[Span]) -> Iterator[Edit]:
    """Give the edits that set the cells of tables with prose apart by semicolons, and drop their lines of dashes.

    A table of names, versions or numbers stays: its bars tell that it is data and not what somebody says.
    """
    done = 0
    for rule in outside(_TABLE_RULE.finditer(text), kept):
        header = text.rfind("\n", 0, max(0, rule.start() - 1)) + 1
        if "|" not in rule[0] or rule.start() == 0 or header < done or "|" not in text[header : rule.start()]:
            continue
        rows, done = [(header, rule.start() - 1)], rule.end()
        while done < len(text):
            end = text.find("\n", done + 1)
            end = len(text) if end < 0 else end
            if "|" not in text[done + 1 : end] or _TABLE_RULE.match(text, done + 1):
                break
            rows.append((done + 1, end))
            done = end
        if any(_PROSE.search(text, start, end) for start, end in rows[1:]):
            yield from _row(text, *rows[0])
            yield rule.start() - 1, rule.end(), ""
            for start, end in rows[1:]:
                yield from _row(text, start, end)


def _row(text: str, start: int, end: int) -> Iterator[Edit]:
    for bar in _CELLS.finditer(text, start, end):
        outer = bar.start() == start or bar.end() == end
        yield bar.start(), bar.end(), "" if outer else "; "
