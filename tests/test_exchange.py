"""Codebooks in and out: what each format holds comes back, and what cannot be read is said with its line."""

from __future__ import annotations

import csv
import itertools
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest

from feedback_nlp.errors import ReadError, UsageError
from feedback_nlp.records import Theme
from feedback_nlp.themes.codebook import Codebook, Prototypes
from feedback_nlp.themes.guided.codebook import GuidedCodebook, GuidedTheme, Phrases, id_for, load_guided
from feedback_nlp.themes.guided.exchange import as_guided, read_codebook_file, write_codebook_file
from feedback_nlp.themes.guided.qdc import NAMESPACE, guid_of
from feedback_nlp.themes.space import PreparedSpace

AWKWARD = GuidedCodebook(
    "mine",
    (
        GuidedTheme(
            "waits",
            {"en": "=Waits", "ar": "الانتظار", "und": "'=quoted"},
            {"en": '-how long, "really"\nover two lines', "ru": "сколько ждут"},
            phrases={
                "en": Phrases(("quick | quicker", "back\\slash"), ("+slow", "@desk"), ("'=apostrophe", "a; b, c")),
                "ar": Phrases(negative=("انتظرت ساعة",)),
            },
            unlike={"en": ("the app is slow",), "pl": ("paczka się spóźniła",)},
            colour="#Ff8800",
        ),
        GuidedTheme("waits_phone", {"it": "Attesa al telefono"}, parent="waits"),
        GuidedTheme("stage.use", {"en": "Use"}, phrases={"en": Phrases(neutral=("I use it daily",))}, facet="stage"),
    ),
)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".json"])
@pytest.mark.parametrize("book", [AWKWARD, load_guided("starter")], ids=["awkward", "starter"])
def test_tables_and_json_hold_everything(tmp_path: Path, suffix: str, book: GuidedCodebook) -> None:
    path = tmp_path / f"{book.name}{suffix}"
    write_codebook_file(book, path)
    assert read_codebook_file(path) == book


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_nothing_in_a_table_runs_as_a_formula(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"book{suffix}"
    write_codebook_file(AWKWARD, path)
    cells = (
        [cell for row in csv.reader(path.read_text("utf-8-sig").splitlines()) for cell in row]
        if suffix == ".csv"
        else [str(cell) for row in pl.read_excel(path, has_header=False).rows() for cell in row]
    )
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t"))] == []


def test_a_qdc_file_holds_labels_definitions_parents_facets_and_colours_of_one_language(tmp_path: Path) -> None:
    path = tmp_path / "book.qdc"
    write_codebook_file(AWKWARD, path, language="en")
    read = read_codebook_file(path)
    assert read.themes == (
        GuidedTheme(
            guid_of("waits"),
            {"und": "=Waits"},
            {"und": '-how long, "really"\nover two lines'},
            colour="#Ff8800",
        ),
        GuidedTheme(guid_of("waits_phone"), {"und": "Attesa al telefono"}, parent=guid_of("waits")),
        GuidedTheme(guid_of("stage.use"), {"und": "Use"}, facet="stage"),
    )
    write_codebook_file(read, tmp_path / "again.qdc")
    assert (tmp_path / "again.qdc").read_bytes() == path.read_bytes()


def test_a_qdc_file_is_what_the_standard_asks_for(tmp_path: Path) -> None:
    path = tmp_path / "book.qdc"
    write_codebook_file(AWKWARD, path)
    root = ElementTree.fromstring(path.read_bytes())
    space = f"{{{NAMESPACE}}}"
    assert [child.tag for child in root] == [f"{space}Codes", f"{space}Sets"]
    assert [
        (code.get("name"), code.get("isCodable"), code.get("color"), [child.tag for child in code])
        for code in root.iter(f"{space}Code")
    ] == [
        ("=Waits", "true", "#Ff8800", [f"{space}Description", f"{space}Code"]),
        ("Attesa al telefono", "true", None, []),
        ("Use", "true", None, []),
    ]
    assert guid_of("waits") == "45792297-496f-5f4c-96c4-e24062f74f1d"


def test_a_qdc_file_keeps_to_the_structure_that_the_standard_describes(tmp_path: Path) -> None:
    """Elements, their order and attributes as REFI-QDA 1.0 describes them; its schema file itself is not at hand."""
    attributes = {
        "CodeBook": {"origin", "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"},
        "Codes": set(), "Code": {"guid", "name", "isCodable", "color"}, "Description": set(), "Sets": set(),
        "Set": {"guid", "name"}, "MemberCode": {"guid"},
    }  # fmt: skip
    children = {"CodeBook": ["Codes", "Sets"], "Codes": ["Code"], "Code": ["Description", "Code"], "Sets": ["Set"]}
    children |= {"Set": ["Description", "MemberCode"]}
    for book in (AWKWARD, load_guided("starter")):
        path = tmp_path / f"{book.name}.qdc"
        write_codebook_file(book, path)
        root = ElementTree.fromstring(path.read_bytes())
        codes = [code.get("guid") for code in root.iter(f"{{{NAMESPACE}}}Code")]
        assert len(set(codes)) == len(codes) == len(book.themes)
        for element in root.iter():
            space, name = element.tag[1:].split("}")
            assert space == NAMESPACE
            assert set(element.keys()) <= attributes[name]
            below = [child.tag.split("}")[1] for child in element]
            assert below == sorted(below, key=children.get(name, []).index)
            assert name != "Code" or below.count("Description") <= 1
            for key, pattern in {
                "guid": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
                "color": r"#[0-9A-Fa-f]{6}",
            }.items():
                assert element.get(key) is None or re.fullmatch(pattern, element.get(key, ""))
            if name == "Code":
                assert element.get("isCodable") in ("true", "false")
                assert element.get("name")
            assert name != "MemberCode" or element.get("guid") in codes


def qdc(inside: str, head: str = "") -> bytes:
    return f'<?xml version="1.0"?>{head}<CodeBook xmlns="{NAMESPACE}" origin="NVivo">{inside}</CodeBook>'.encode()


GUIDS = [f"0000000{i}-1111-4222-8333-444444444444" for i in range(4)]


def test_codes_of_other_programs_are_read(tmp_path: Path) -> None:
    path = tmp_path / "nvivo.qdc"
    path.write_bytes(
        qdc(
            f'<Codes><Code guid="{{{GUIDS[0].upper()}}}" name="Service" isCodable="false" color="#00f">'
            f'<Description> how they\nserve </Description><NoteRef targetGUID="{GUIDS[3]}"/>'
            f'<Code guid="{GUIDS[1]}" name="Phone"><Code guid="{GUIDS[2]}" name="Hold"/>'
            f'</Code></Code></Codes><Sets><Set guid="{GUIDS[3]}" name="x"><MemberCode guid="{GUIDS[1]}"/></Set></Sets>'
        )
    )
    assert read_codebook_file(path) == GuidedCodebook(
        "nvivo",
        (
            GuidedTheme(GUIDS[0], {"und": "Service"}, {"und": "how they\nserve"}, colour="#00f"),
            GuidedTheme(GUIDS[1], {"und": "Phone"}, parent=GUIDS[0]),
            GuidedTheme(GUIDS[2], {"und": "Hold"}, parent=GUIDS[0]),
        ),
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            qdc("", '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'),
            r"bad\.qdc, line 1: a document type \(DTD\)",
        ),
        (b'<?xml version="1.0" encoding="martian"?><CodeBook/>', "encoding"),
        (b"<Project xmlns='urn:QDA-XML:project:1.0'/>", "not CodeBook"),
        (
            qdc(
                f'<Codes><Code guid="{GUIDS[0]}" name="&j;"/></Codes>',
                '<!DOCTYPE x [<!ENTITY a "ha">'
                + "".join(
                    f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in itertools.pairwise("abcdefghij")
                )
                + "]>",
            ),
            r"a document type \(DTD\)",
        ),
        (qdc("", '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'), r"a document type \(DTD\)"),
        (qdc(f'<Codes><Code guid="{GUIDS[0]}" name="&a;"/></Codes>'), "no XML that can be read"),
        (qdc("<Codes>"), "no XML that can be read"),
        (qdc('<Codes><Code guid="12" name="a"/></Codes>'), "a guid is missing or malformed"),
        (qdc(f'<Codes><Code guid="{GUIDS[0]}" name=" "/></Codes>'), "a code without a name"),
        (qdc(f'<Codes><Code guid="{GUIDS[0]}" name="a"/><Code guid="{GUIDS[0]}" name="b"/></Codes>'), "two themes"),
        (qdc("<Codes>" + f'<Code guid="{GUIDS[0]}" name="a">' * 60 + "</Code>" * 60 + "</Codes>"), "50 deep"),
        (qdc("<Codes/>"), "holds no theme"),
    ],
)
def test_a_harmful_or_broken_qdc_file_is_refused(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "bad.qdc"
    path.write_bytes(data)
    with pytest.raises(ReadError, match=message):
        read_codebook_file(path)


@pytest.mark.parametrize(
    ("text", "themes"),
    [
        ("Waits\nPrices\n", (("Waits", None, ()), ("Prices", None, ()))),
        ("Theme\nWaits\n", (("Waits", None, ()),)),
        (
            "Code name;Category;Examples\nWaits;Service;on hold|in a queue\n",
            None,
        ),
        (
            "label,phrase\nWaits,on hold\nWaits,in a queue\nPrices,too dear\n",
            (("Waits", None, ("on hold", "in a queue")), ("Prices", None, ("too dear",))),
        ),
        (
            "Name\tParent theme\tKeywords\nPhone\tWaits\thold\nDesk\tWaits\tqueue\n",
            (("Waits", None, ()), ("Phone", "Waits", ("hold",)), ("Desk", "Waits", ("queue",))),
        ),
    ],
)
def test_tables_of_people_are_read(tmp_path: Path, text: str, themes: tuple[object, ...] | None) -> None:
    path = tmp_path / "mine.csv"
    path.write_bytes(text.encode("utf-8-sig"))
    if themes is None:
        with pytest.raises(ReadError, match="two columns mean 'label'"):
            read_codebook_file(path)
        return
    book = read_codebook_file(path)
    labels = {theme.theme_id: theme.label("en") for theme in book.themes}
    assert (
        tuple(
            (theme.label("en"), labels.get(theme.parent or ""), theme.phrases.get("und", Phrases()).neutral)
            for theme in book.themes
        )
        == themes
    )


def test_one_phrase_a_row_with_a_pole(tmp_path: Path) -> None:
    path = tmp_path / "poles.csv"
    rows = ("id,label,lang,pole,phrase", "w,Waits,en,neg,on hold", "w,,en,+,at once", "w,Așteptare,ro,,coadă")
    path.write_bytes("\n".join((*rows, "w,,en,not this,late parcel")).encode("utf-16"))
    assert read_codebook_file(path).themes == (
        GuidedTheme(
            "w",
            {"en": "Waits", "ro": "Așteptare"},
            phrases={"en": Phrases(("at once",), ("on hold",)), "ro": Phrases(neutral=("coadă",))},
            unlike={"en": ("late parcel",)},
        ),
    )


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"first,second\n1,2\n", "line 1: no column for the label; the first one is called 'first'"),
        ("a.csv", b"lable,second\n1,2\n", "Did you mean 'label'"),
        ("a.csv", b"label,language\nWaits,english please\n", "line 2, column 'language'"),
        ("a.csv", b"label,phrase,pole\nWaits,x,sad\n", "line 2, column 'pole': 'sad'"),
        ("a.csv", b"id,label\nw,Waits\nw,Waiting\n", "line 3, column 'label': another wording than in line 2"),
        ("a.csv", b"id,label,parent\nw,Waits,servise\ns,service,\n", "line 2, column 'parent'.*Did you mean 'service'"),
        ("a.csv", b"id,label\nw w,Waits\n", "an id is 1 to 80 characters without spaces"),
        ("a.csv", b"id,phrase\nw,x\n", "theme 'w' has no label"),
        ("a.csv", b'label,phrase\nWaits,"x\n', "line 2: unexpected end of data"),
        ("a.csv", b"id,label,parent\na,A,\nb,B,a\nc,C,b\n", "two levels"),
        ("a.csv", b"label,phrase\nWaits," + b"x" * 1001, "a phrase has 1001 characters"),
        ("a.xlsx", b"PK nothing", "no Excel workbook"),
        ("a.json", b"{", "line 1, column 2: no JSON"),
        ("a.json", b'{"themes": {}}', "no list of themes"),
        ("a.json", b'[{"label": "A", "phrase": []}]', r"themes\[0\]: the key 'phrase'.*Did you mean 'phrases'"),
        ("a.json", b'[{"label": "A", "phrases": {"en": {"sad": []}}}]', r"phrases\.en: 'sad' is no pole"),
        ("a.json", b'[{"label": 3}]', r"themes\[0\]\.labels\.und: a int"),
        ("a.json", b'{"version": 9, "themes": ["A"]}', "version 9"),
        ("a.json", b"[" * 100_000, "nested too deep|no JSON"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(ReadError, match=message):
        read_codebook_file(path)


def test_short_json_is_read(tmp_path: Path) -> None:
    path = tmp_path / "short.json"
    path.write_text('["Waits", {"label": "Price", "phrases": ["too dear"], "definition": "money"}]', encoding="utf-8")
    assert read_codebook_file(path).themes == (
        GuidedTheme(id_for("Waits"), {"und": "Waits"}),
        GuidedTheme(
            id_for("Price"), {"und": "Price"}, {"und": "money"}, phrases={"und": Phrases(neutral=("too dear",))}
        ),
    )


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no codebook format"):
        read_codebook_file(tmp_path / "book.docx")
    with pytest.raises(UsageError, match="cannot be read"):
        read_codebook_file(tmp_path / "book.csv")
    with pytest.raises(UsageError, match="in a folder that is there"):
        write_codebook_file(AWKWARD, tmp_path / "no" / "book.json")
    with pytest.raises(UsageError, match="Did you mean 'starter'"):
        load_guided("startr")


def test_a_discovered_codebook_is_written_down(tmp_path: Path) -> None:
    written = GuidedTheme("waits", {"en": "Waits", "pl": "Czekanie"}, phrases={"en": Phrases(negative=("on hold",))})
    themes = (
        Theme("waits", "Waits", 1, None, "active", 0.3, source="guided", label_source="codebook"),
        Theme("t1", "Room heating", 2, "waits", "active", 0.3, {"en": ("heating", "cold room")}, "What is said of it"),
        Theme("t2", "Old", 1, None, "retired", 0.3),
    )
    vectors = np.eye(3, dtype=np.float32)
    codebook = Codebook(
        "key",
        themes,
        vectors,
        Prototypes.found(vectors, [0.3] * 3, [0, 1, 2]),
        PreparedSpace(np.zeros(3, np.float32), (), np.empty((0, 3), np.float32)),
        guided=(written.plain(),),
    )
    book = as_guided(codebook, language="en")
    assert book.themes == (
        written,
        GuidedTheme(
            "t1",
            {"en": "Room heating"},
            {"en": "What is said of it"},
            "waits",
            {"en": Phrases(neutral=("heating", "cold room"))},
        ),
    )
    for suffix in (".csv", ".xlsx", ".json"):
        path = tmp_path / f"codebook{suffix}"
        write_codebook_file(book, path)
        assert read_codebook_file(path) == replace(book, name="codebook")
