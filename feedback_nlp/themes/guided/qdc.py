"""REFI-QDA codebooks (.qdc), the XML that NVivo, ATLAS.ti, MAXQDA and QualCoder exchange codes in.

The standard: REFI-QDA 1.0, https://www.qdasoftware.org/codebook-exchange/. A code has a GUID, one name, one
description, a colour and codes below it. It has no place for languages, phrases or poles: what is written here is the
label and the definition in one language, and ids become GUIDs (version 5, so the same id has the same GUID everywhere).
Facets are written as sets of codes. What is read from a .qdc file and written again is the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid5
from xml.etree import ElementTree
from xml.parsers import expat

from feedback_nlp.errors import ReadError
from feedback_nlp.records import UNDETERMINED
from feedback_nlp.themes.guided.codebook import GuidedCodebook, GuidedTheme

NAMESPACE = "urn:QDA-XML:codebook:1.0"
ORIGIN = "feedback-nlp"
DEEPEST = 50  # codes below codes
_IDS = UUID("6f2d2c1e-7a55-5b0e-9c39-1f0f6f5d9b11")  # of our theme ids
_GUID = re.compile(r"\{?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\}?")
_COLOUR = re.compile(r"#(?:[0-9a-fA-F]{6}|[0-9a-fA-F]{3})")
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # characters that XML 1.0 cannot hold


@dataclass
class _Code:
    guid: str
    name: str
    colour: str | None
    line: int
    description: list[str] = field(default_factory=list)
    codes: list[_Code] = field(default_factory=list)


@dataclass
class _Set:
    name: str
    members: list[str] = field(default_factory=list)


def read_qdc(data: bytes, source: str) -> GuidedCodebook:
    """Return the codes of a .qdc file as themes of an unknown language, ids being their GUIDs.

    Codes deeper than two levels go under their topmost code. A set of codes becomes a facet when the file is ours;
    other programs use sets for anything, and there they are left out. Raises :class:`ReadError` with the line.
    """
    reader = _Reader(source)
    reader.read(data)
    facet_of = {guid: group.name for group in reader.sets for guid in group.members} if reader.origin == ORIGIN else {}
    themes: list[GuidedTheme] = []

    def add(code: _Code, top: str | None) -> None:
        description = "".join(code.description).strip()
        themes.append(
            GuidedTheme(
                code.guid,
                {UNDETERMINED: code.name},
                {UNDETERMINED: description} if description else {},
                top,
                facet=facet_of.get(code.guid),
                colour=code.colour,
            )
        )
        for below in code.codes:
            add(below, top or code.guid)

    for code in reader.codes:
        add(code, None)
    return GuidedCodebook(Path(source).stem, tuple(themes)).checked(source)


class _Reader:
    """Reads with expat alone: a document type, and with it every entity of its own, is refused before it is parsed."""

    def __init__(self, source: str) -> None:
        self.codes: list[_Code] = []
        self.sets: list[_Set] = []
        self.origin = ""
        self._source = source
        self._path: list[str] = []
        self._open: list[_Code] = []
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text

    def read(self, data: bytes) -> None:
        try:
            self._parser.Parse(data, True)
        except expat.ExpatError as error:
            reason = expat.errors.messages.get(error.code, "not well formed")
            raise ReadError(
                f"{self._source}, line {error.lineno}: no XML that can be read ({reason}). "
                "Export the codebook again as REFI-QDA (.qdc)."
            ) from None
        except (LookupError, ValueError):
            raise ReadError(f"{self._source}: written in an encoding that is not known. Save it in UTF-8.") from None

    def _fail(self, what: str) -> ReadError:
        return ReadError(f"{self._source}, line {self._parser.CurrentLineNumber}: {what}")

    def _doctype(self, *_: object) -> None:
        raise self._fail("a document type (DTD). A REFI-QDA codebook has none; it is refused because it can do harm.")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        space, _, name = tag.rpartition(" ")
        if not self._path:
            if name != "CodeBook" or space not in (NAMESPACE, ""):
                raise self._fail(
                    f"the document is {name[:40]!r} of {space[:80]!r}, not CodeBook of {NAMESPACE!r}. "
                    "Export the codebook, not the project."
                )
            self.origin = attributes.get("origin", "")
        self._path.append(name)
        if name == "Code":
            self._start_code(attributes)
        elif name == "Set":
            self.sets.append(_Set(attributes.get("name", "")))
        elif name == "MemberCode" and self.sets:
            self.sets[-1].members.append(self._guid(attributes))

    def _start_code(self, attributes: dict[str, str]) -> None:
        if len(self._open) >= DEEPEST:
            raise self._fail(f"codes lie more than {DEEPEST} deep. Flatten the codebook.")
        name = attributes.get("name", "").strip()
        if not name:
            raise self._fail("a code without a name. Give it one.")
        colour = attributes.get("color", "")
        code = _Code(
            self._guid(attributes), name, colour if _COLOUR.fullmatch(colour) else None, self._parser.CurrentLineNumber
        )
        (self._open[-1].codes if self._open else self.codes).append(code)
        self._open.append(code)

    def _guid(self, attributes: dict[str, str]) -> str:
        found = _GUID.fullmatch(attributes.get("guid", "").strip())
        if found is None:
            raise self._fail("a guid is missing or malformed. It has 32 hexadecimal digits, as 8-4-4-4-12.")
        return found[1].lower()

    def _end(self, _tag: str) -> None:
        if self._path.pop() == "Code":
            self._open.pop()

    def _text(self, text: str) -> None:
        if self._path[-2:] == ["Code", "Description"] and self._open:
            self._open[-1].description.append(text)


def qdc_bytes(guided: GuidedCodebook, language: str) -> bytes:
    """Return the codebook as a .qdc file, labels and definitions in ``language`` or the nearest there is."""
    root = ElementTree.Element(
        "CodeBook",
        {
            "origin": ORIGIN,
            "xmlns": NAMESPACE,
            "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
            "xsi:schemaLocation": f"{NAMESPACE} Codebook.xsd",
        },
    )
    codes = ElementTree.SubElement(root, "Codes")
    written: dict[str, ElementTree.Element] = {}
    for theme in sorted(guided.themes, key=lambda theme: theme.parent is not None):  # parents first, else as written
        above = codes if theme.parent is None else written[theme.parent]
        attributes = {"guid": guid_of(theme.theme_id), "name": _plain(theme.label(language)), "isCodable": "true"}
        if theme.colour is not None and _COLOUR.fullmatch(theme.colour):
            attributes["color"] = theme.colour
        code = written[theme.theme_id] = ElementTree.SubElement(above, "Code", attributes)
        if theme.definition(language):
            ElementTree.SubElement(code, "Description").text = _plain(theme.definition(language))
    names = dict.fromkeys(theme.facet for theme in guided.facet_values if theme.facet is not None)
    if names:
        sets = ElementTree.SubElement(root, "Sets")
        for name in names:
            group = ElementTree.SubElement(sets, "Set", {"guid": guid_of(f"facet {name}"), "name": _plain(name)})
            for theme in guided.facet_values:
                if theme.facet == name:
                    ElementTree.SubElement(group, "MemberCode", {"guid": guid_of(theme.theme_id)})
    ElementTree.indent(root)
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def guid_of(theme_id: str) -> str:
    """Return the GUID of a theme: itself where it is one, else of version 5, made from it."""
    return theme_id.lower() if _GUID.fullmatch(theme_id) else str(uuid5(_IDS, theme_id))


def _plain(text: str) -> str:
    return _NO_XML.sub("", text)
