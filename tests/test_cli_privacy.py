"""redact, erase and original on the command line: what goes, what stays, and that nothing is quoted."""

from __future__ import annotations

import io
import json
import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from feedback_nlp.pipeline.prepare import safe_id
from feedback_nlp.pipeline.privacy import KEYWORDS, OUTSIDE
from feedback_nlp.store import Store
from feedback_nlp.store.originals import Originals
from tests.command import settle_in
from tests.made_up import rows, write_csv
from tests.store_rows import feedback, ingest
from tests.test_cli import Shell

DB = "sqlite:///feedback.db"
ORIGINALS = "sqlite:///originals.db"
MAIL = "ola.quibblewort@poczta.pl"


class Terminal(io.StringIO):
    """Somebody who types an answer."""

    def isatty(self) -> bool:
        """A person is there."""
        return True


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    settle_in(monkeypatch, tmp_path / "here", plugin=tmp_path / "plugin")
    return Shell(tmp_path / "here", capsys)


# -- redact

ROWS = [
    ("1", "c1", "9", "-5", "Call me on +40 722 123 456 or write to ana@firma.ro", "en", "EMAIL PHONE"),
    ("2", "c2", "3", "+1,5", "Scrieți-mi la ion@posta.ro\nmâine", "ro", "EMAIL"),
    ("3", "c3", "3", "=1+1", "Посылка опоздала, пишите на ivan@pochta.ru", "ru", "EMAIL"),
    ("4", "c4", "8", "", "Il pacco è in ritardo, scrivete a marco.rossi@posta.it", "it", "EMAIL"),
    ("5", "c5", "8", "@x", "لم يصل الطرد، اكتبوا إلى layla@barid.com شكرا", "ar", "EMAIL"),
    ("6", "c6", "8", "", "Proszę pisać na ola@poczta.pl, dziękuję", "pl", "EMAIL"),
    ("7", "c7", "8", "", "  All  is well,  thank you  ", "en", ""),
]
HEADER = ("id", "customer", "nps", "delta", "comment", "lang")
REDACTED = [
    "Call me on <PHONE_1> or write to <EMAIL_1>",
    "Scrieți-mi la <EMAIL_1>\nmâine",
    "Посылка опоздала, пишите на <EMAIL_1>",
    "Il pacco è in ritardo, scrivete a <EMAIL_1>",
    "لم يصل الطرد، اكتبوا إلى <EMAIL_1> شكرا",
    "Proszę pisać na <EMAIL_1>, dziękuję",
    "  All  is well,  thank you  ",
]
BY_LANGUAGE = {
    "ar": {"EMAIL": 1},
    "en": {"EMAIL": 1, "PHONE": 1},
    "it": {"EMAIL": 1},
    "pl": {"EMAIL": 1},
    "ro": {"EMAIL": 1},
    "ru": {"EMAIL": 1},
}


def frame() -> pl.DataFrame:
    return pl.DataFrame([row[:6] for row in ROWS], schema=list(HEADER), orient="row")


def redacted(file: str, out: str, shell: Shell, *words: str) -> Any:
    """Redact without names and return the JSON outcome."""
    answer = shell("redact", file, out, "--no-names", "--json", *words)
    assert answer.code == 0, answer.err
    return answer.json


def test_a_file_of_text_comes_back_with_nothing_changed_but_identifiers(shell: Shell):
    frame().write_csv("a.csv", separator=";")
    outcome = redacted("a.csv", "b.csv", shell, "--report", "report.json")
    assert outcome == {
        "file": "a.csv",
        "out": "b.csv",
        "n_rows": 7,
        "n_changed": 6,
        "n_rejected": 0,
        "columns": ["comment"],
        "names": False,
        "replaced": {"EMAIL": 6, "PHONE": 1},
        "by_language": BY_LANGUAGE,
        "by_column": {"comment": {"EMAIL": 6, "PHONE": 1}},
        "rejects_file": None,
    }
    assert json.loads(Path("report.json").read_text(encoding="utf-8")) == outcome
    assert Path("b.csv").read_bytes().startswith(b"\xef\xbb\xbfid;customer;nps;delta;comment;lang\n1;c1;9;-5;Call me")
    back = pl.read_csv("b.csv", separator=";", infer_schema=False)
    # A cell that a spreadsheet would run gets an apostrophe; a negative number is none.
    deltas = ["-5", "+1,5", "'=1+1", None, "'@x", None, None]
    assert back.equals(frame().with_columns(pl.Series("comment", REDACTED), pl.Series("delta", deltas)))
    assert sorted(path.name for path in Path().iterdir()) == ["a.csv", "b.csv", "report.json"]


def test_what_it_says_counts_and_quotes_nobody(shell: Shell):
    frame().write_csv("a.csv")
    answer = shell("redact", "a.csv", "b.csv", "--no-names", "--language", "lang")
    assert answer.code == 0
    assert answer.out.splitlines() == [
        "b.csv: 7 rows, 6 of them with something replaced.",
        "Replaced: EMAIL 6, PHONE 1.",
        "  ar: EMAIL 1",
        "  en: EMAIL 1, PHONE 1",
        "  it: EMAIL 1",
        "  pl: EMAIL 1",
        "  ro: EMAIL 1",
        "  ru: EMAIL 1",
        "Names of people were not looked for.",
    ]
    assert "@" not in answer.out + answer.err
    assert answer.err.splitlines()[-1] == "  Redacted columns: 'comment'."


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet", ".xlsx"])
def test_every_format_is_written_and_read_again_to_the_same(suffix: str, shell: Shell):
    from feedback_nlp.language.reading.files import read_file

    frame().write_csv("a.csv")
    first = redacted("a.csv", f"b{suffix}", shell)
    assert first["by_language"] == BY_LANGUAGE
    again = redacted(f"b{suffix}", f"c{suffix}", shell)
    assert (again["n_changed"], again["replaced"]) == (0, {})
    table = read_file(Path(f"c{suffix}")).frame
    assert table["comment"].to_list() == REDACTED
    assert table.select("id", "customer", "nps", "lang").equals(frame().select("id", "customer", "nps", "lang"))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Write to ana&#64;firma.ro &amp; wait", "Write to <EMAIL_1> &amp; wait"),
        ("<p>Call <b>+40 722</b> 123 456</p>", "<p>Call <b><PHONE_1></b></p>"),
        ('<a href="mailto:ana@firma.ro">write</a>', '<a href="mailto:<EMAIL_1>">write</a>'),
        ('<a href="mailto:ana&#64;firma.ro">write &lt;3</a>', '<a href="mailto:<EMAIL_1>">write &lt;3</a>'),
        ("MÃ¼ller e-mail mueller@post.de", "MÃ¼ller e-mail <EMAIL_1>"),
        ("\u200bMail\u00a0 ana@firma.ro \r\n\r\n\r\n*now*", "\u200bMail\u00a0 <EMAIL_1> \r\n\r\n\r\n*now*"),
        ("<EMAIL_1> said ana@firma.ro", "<EMAIL_1> said <EMAIL_2>"),
        ("&#1059;&#1078;&#1072;&#1089;&#1085;&#1086;", "&#1059;&#1078;&#1072;&#1089;&#1085;&#1086;"),
        ("AT&T & R&D; 5 < 6 > 4", "AT&T & R&D; 5 < 6 > 4"),
    ],
)
def test_markup_mojibake_and_white_space_stay_as_they_were(written: str, expected: str, shell: Shell):
    texts = [written, "A second sentence that holds nothing at all."]
    Path("a.jsonl").write_text("".join(json.dumps({"comment": text}) + "\n" for text in texts), encoding="utf-8")
    redacted("a.jsonl", "b.jsonl", shell, "--text", "comment")
    lines = Path("b.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["comment"] for line in lines] == [expected, texts[1]]


def test_objects_keep_their_types_and_bad_lines_are_listed(shell: Shell):
    objects = [
        {"id": 1, "n": {"score": 7.5, "to": "ola@poczta.pl"}, "tags": ["a", 2], "none": None, "text": REDACTED[3]},
        {"id": 2, "text": ROWS[0][4], "flag": True, "big": 12345678901234567890, "tags": ["ola@poczta.pl"]},
    ]
    lines = [json.dumps(objects[0]), "[1]", "", "{", json.dumps(objects[1])]
    Path("a.jsonl").write_text("\n".join(lines), encoding="utf-8")
    outcome = redacted("a.jsonl", "b.jsonl", shell, "--all-columns")
    assert (outcome["n_rows"], outcome["n_rejected"], outcome["rejects_file"]) == (2, 2, "a.rejects.csv")
    assert outcome["by_column"]["n.to"] == {"EMAIL": 1}
    objects[0]["n"]["to"] = "<EMAIL_1>"  # type: ignore[index]
    objects[1] |= {"text": REDACTED[0], "tags": '["<EMAIL_1>"]'}
    written = [json.loads(line) for line in Path("b.jsonl").read_text(encoding="utf-8").splitlines()]
    assert written == objects
    assert Path("a.rejects.csv").read_text(encoding="utf-8").splitlines()[1].startswith("a.jsonl,2,row,")


def test_fields_of_another_name_than_their_column_are_redacted_too(shell: Shell):
    Path("a.jsonl").write_text('{"te  xt": "Mail ola@poczta.pl now, please", "n": 1}\n', encoding="utf-8")
    redacted("a.jsonl", "b.jsonl", shell, "--text", "te xt")
    assert json.loads(Path("b.jsonl").read_text(encoding="utf-8")) == {"te xt": "Mail <EMAIL_1> now, please", "n": "1"}


def test_parquet_keeps_its_types(shell: Shell):
    table = pl.DataFrame(
        {
            "phone": [40722123456, None, 40722123457],
            "nps": pl.Series([9, None, 3], dtype=pl.Int8),
            "when": [datetime(2024, 1, 1), None, datetime(2024, 1, 3)],
            "ok": [True, None, False],
            "parts": [["a"], None, []],
            "comment": [ROWS[0][4], None, ""],
        }
    )
    table.write_parquet("a.parquet")
    redacted("a.parquet", "b.parquet", shell, "--text", "comment")
    expected = table.with_columns(pl.Series("comment", [REDACTED[0], None, ""]))
    assert pl.read_parquet("b.parquet").equals(expected)
    assert redacted("a.parquet", "c.parquet", shell, "--all-columns")["columns"] == ["phone", "parts", "comment"]
    every = pl.read_parquet("c.parquet")
    assert every.schema == table.schema | {"phone": pl.String(), "parts": pl.String()}
    kept = ["nps", "when", "ok", "comment"]
    assert every.select(kept).equals(expected.select(kept))


def test_all_columns_takes_ids_and_segments_that_are_identifiers(shell: Shell):
    rows = frame().with_columns(pl.Series("customer", [*["ola@poczta.pl"] * 2, "c3", "c4", "c5", "c6", "c7"]))
    rows.write_csv("a.csv")
    some, every = redacted("a.csv", "b.csv", shell), redacted("a.csv", "c.csv", shell, "--all-columns")
    assert some["replaced"]["EMAIL"] == 6
    assert every["by_column"] == {"customer": {"EMAIL": 2}, "comment": {"EMAIL": 6, "PHONE": 1}}
    kept = pl.read_csv("c.csv", infer_schema=False)
    assert kept["customer"].to_list() == ["<EMAIL_1>", "<EMAIL_1>", "c3", "c4", "c5", "c6", "c7"]
    assert kept.select("id", "nps", "lang").equals(frame().select("id", "nps", "lang"))


def test_a_file_without_text_can_be_redacted_by_all_its_columns(shell: Shell):
    pl.DataFrame({"id": ["1", "2"], "to": ["ola@poczta.pl", "none"]}).write_csv("a.csv")
    assert shell("redact", "a.csv", "b.csv", "--no-names").code == 2
    assert redacted("a.csv", "b.csv", shell, "--all-columns")["replaced"] == {"EMAIL": 1}


def test_rows_keep_their_order_over_many_batches(shell: Shell):
    texts = [f"Sentence number {n} is long enough, mail user{n}@firma.com" for n in range(1_500)]
    pl.DataFrame({"n": range(1_500), "comment": texts}).write_csv("a.csv")
    pl.DataFrame({"n": range(1_500), "comment": texts}).write_parquet("a.parquet", row_group_size=100)
    for suffix in (".csv", ".parquet"):
        assert redacted(f"a{suffix}", f"b{suffix}", shell, "--text", "comment")["n_changed"] == 1_500
    expected = [f"Sentence number {n} is long enough, mail <EMAIL_1>" for n in range(1_500)]
    for back in (pl.read_csv("b.csv"), pl.read_parquet("b.parquet")):
        assert back["n"].to_list() == list(range(1_500))
        assert back["comment"].to_list() == expected


def test_names_are_replaced_unless_told_otherwise(shell: Shell):
    texts = [
        "<p>My name is <b>Anna</b>&nbsp;Kowalska and the parcel never came.</p>",
        "Mă numesc Ion Popescu și coletul nu a ajuns.",
        "Меня зовут Иван Петров, посылка не пришла.",
        "Mi chiamo Marco Rossi e il pacco non è arrivato.",
        "اسمي أحمد حسن ولم يصل الطرد.",
        "Nazywam się Piotr Nowak, a paczka nie dotarła.",
    ]
    pl.DataFrame({"comment": texts}).write_csv("a.csv")
    told = shell("redact", "a.csv", "b.csv", "--text", "comment", "--json").json
    assert (told["names"], told["replaced"]) == (True, {"PERSON": 6})
    assert pl.read_csv("b.csv")["comment"].to_list() == [
        "<p>My name is <b><PERSON_1></b> and the parcel never came.</p>",
        "Mă numesc <PERSON_1> și coletul nu a ajuns.",
        "Меня зовут <PERSON_1>, посылка не пришла.",
        "Mi chiamo <PERSON_1> e il pacco non è arrivato.",
        "اسمي <PERSON_1> ولم يصل الطرد.",
        "Nazywam się <PERSON_1>, a paczka nie dotarła.",
    ]
    for words in (("--no-names",), ("--set", "redact_names=off")):
        answer = shell("redact", "a.csv", "b.csv", "--text", "comment", *words)
        assert answer.out.splitlines()[-1] == "Names of people were not looked for."
        assert pl.read_csv("b.csv")["comment"].to_list() == texts


def test_words_of_one_s_own_are_replaced_or_kept(shell: Shell):
    pl.DataFrame({"comment": ["Project Falcon is late, mail help@firma.com"]}).write_csv("a.csv")
    lists = ("--set", "redact_deny=falcon", "--set", "redact_allow=help@firma.com", "--text", "comment")
    assert redacted("a.csv", "b.csv", shell, *lists)["replaced"] == {"DENIED": 1}
    assert pl.read_csv("b.csv")["comment"].to_list() == ["Project <DENIED_1> is late, mail help@firma.com"]


def test_a_file_without_rows_gives_one_without_rows(shell: Shell):
    Path("a.csv").write_text("id,comment\n", encoding="utf-8")
    for suffix in (".csv", ".jsonl", ".parquet", ".xlsx"):
        assert redacted("a.csv", f"b{suffix}", shell, "--text", "comment")["n_rows"] == 0
    assert Path("b.csv").read_bytes() == b"\xef\xbb\xbfid,comment\n"
    assert pl.read_parquet("b.parquet").schema == {"id": pl.String, "comment": pl.String}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["a.csv", "a.csv"], 2, "a.csv is the file that is read: the redacted file would overwrite it."),
        (["a.csv", "./link.csv"], 2, "link.csv is the file that is read"),
        (["a.csv", "b.pdf"], 2, "'b.pdf' ends in '.pdf', which cannot be written. Known: .csv, .tsv, .jsonl,"),
        (["a.csv", "no/b.csv"], 2, "The folder no of the redacted file does not exist."),
        (["a.csv", "b.csv", "--report", "b.csv"], 2, "b.csv is named twice. Give the report a place of its own."),
        (["a.csv", "b.csv", "--text", "coment"], 2, "Did you mean 'comment'?"),
        (["a.csv", "b.csv", "--sheet", "1"], 2, "only .xlsx has sheets"),
        (["a.csv", "b.csv", "--set", "redact_recognizers=none.yaml"], 2, "none.yaml"),
        (["none.csv", "b.csv"], 1, "none.csv does not exist."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_leaves_everything_as_it_was(words: list[str], code: int, said: str, shell: Shell):
    frame().write_csv("a.csv")
    Path("link.csv").symlink_to("a.csv")
    Path("b.csv").write_text("before", encoding="utf-8")
    before = sorted(path.name for path in Path().iterdir())
    answer = shell("redact", *words, "--no-names")
    assert (answer.code, answer.out) == (code, "")
    assert said in answer.err.splitlines()[-1]
    assert sorted(path.name for path in Path().iterdir()) == before
    assert Path("b.csv").read_text(encoding="utf-8") == "before"
    assert pl.read_csv("a.csv", infer_schema=False).height == 7


# -- erase


def fill(*, customer: str = "c1", originals: bool = False) -> None:
    """Store five answers, of which a person with this id gave two; one of another's is a copy of them."""
    with Store.open(DB) as store:
        ingest(
            store,
            feedback("f1", "Same words. The Quibblewort broke.", customer_id=safe_id(customer), external_id="e1"),
            feedback("f2", "Other words.", customer_id=safe_id(customer), external_id="e2"),
            feedback("f3", "Same words. The Quibblewort broke.", customer_id="c2", external_id="e3"),
            feedback("f4", "Same words. The Quibblewort broke.", customer_id="c3"),
            feedback("f5", "Nothing else.", external_id="e5"),
        )
        store.refresh_duplicates()
        if originals:
            store.finish_run(store.begin_run("a.csv", "0", {"originals_kept": True}), {})
            with Originals.open(ORIGINALS, apart_from=DB) as kept:
                kept.put([("f1", "I am Ola Quibblewort."), ("f3", "I am Ben."), ("f9", "Who knows")])


def stored() -> dict[str, str | None]:
    """Which feedback is stored, and whose duplicate it is."""
    with Store.open(DB) as store:
        return dict(store.read_frames()["feedback"].select("feedback_id", "duplicate_of").iter_rows())


def test_a_person_is_erased_and_a_copy_of_theirs_stays(shell: Shell):
    fill()
    assert stored() == {"f1": None, "f2": None, "f3": "f1", "f4": "f1", "f5": None}
    answer = shell("erase", "--customer", "c1", "--yes")
    assert answer.code == 0
    assert answer.err.splitlines() == [
        "Found: 2 feedback, 3 statements, 0 vectors of texts that nobody else wrote, 0 quotes in codebooks, "
        "0 originals."
    ]
    assert answer.out.splitlines() == [
        "Erased: 2 feedback, 3 statements, 0 vectors of texts that nobody else wrote, 0 quotes in codebooks, "
        "0 originals.",
        "In the database's files no byte is left.",
        KEYWORDS,
        OUTSIDE,
    ]
    assert stored() == {"f3": None, "f4": "f3", "f5": None}
    again = shell("erase", "--customer", "c1", "--yes")
    assert (again.code, again.out) == (1, "")
    assert again.err.startswith("Error: Nobody in this database has that id, so that nothing was erased.")
    with Store.open(DB) as store:
        assert store.is_erased(["c1"]) == set()


def test_an_address_is_found_by_its_pseudonym_and_kept_out(shell: Shell):
    fill(customer=MAIL)
    pseudonym = safe_id(MAIL)
    assert pseudonym is not None
    assert pseudonym.startswith("p_")
    answer = shell("erase", "--customer", f" {MAIL} ", "--keep-out", "--yes", "--json")
    assert answer.code == 0
    assert answer.json == {
        "n_feedback": 2,
        "n_statements": 3,
        "n_vectors": 0,
        "n_quotes": 0,
        "n_originals": 0,
        "kept_out": True,
        "wiped": True,
        "not_found": [],
        "notes": [KEYWORDS, OUTSIDE],
    }
    assert MAIL not in answer.err
    with Store.open(DB) as store:
        assert store.is_erased([pseudonym, "c2"]) == {pseudonym}
        assert store.is_erased([MAIL]) == {MAIL}
    held = b"".join(path.read_bytes() for path in Path().iterdir())
    assert [word for word in (MAIL, pseudonym, "Other words") if word.encode() in held] == []


def test_a_response_without_a_customer_is_erased_by_its_id(shell: Shell):
    fill()
    answer = shell("erase", "--id", "e5", "--id", "e2", "--yes")
    assert answer.code == 0
    assert answer.err.splitlines()[-1] == (
        "The same customers have 1 more feedback, which stays: --customer takes it too."
    )
    assert sorted(stored()) == ["f1", "f3", "f4"]


def test_who_is_not_found_is_told_by_place_and_the_others_go(shell: Shell):
    fill()
    answer = shell("erase", "--customer", "C1", "--customer", "c1", "--id", "c1", "--keep-out", "--yes")
    assert answer.code == 1
    assert "Nobody has the id given as --customer 1, --id 1." in answer.out.splitlines()
    assert sorted(stored()) == ["f3", "f4", "f5"]
    with Store.open(DB) as store:
        assert store.is_erased(["C1", "c1"]) == {"c1"}
        assert store.is_erased(["c1"], "external") == set()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--customer", "c1"], 2, "There is nobody to ask whether to erase. Say --yes to erase without asking."),
        (["--customer", "c1", "--json"], 2, "There is nobody to ask whether to erase."),
        (["--yes"], 2, "Nobody is named. Tell who with --customer ID or --id ID."),
        (["--customer", " ", "--yes"], 2, "--customer ' ' is empty."),
        (["--customer", "c", "--yes"], 1, "Nobody in this database has that id"),
        (["--customer", "c1", "--yes", "--db", "sqlite:///none.db"], 1, "There is no database none.db yet."),
        (["--customer", "c1", "--yes", "--set", f"originals={DB}"], 2, "is the database of the redacted feedback"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_nothing_is_erased_by_a_slip(words: list[str], code: int, said: str, shell: Shell):
    fill()
    answer = shell("erase", *words)
    assert answer.code == code
    assert said in answer.err.splitlines()[-1]
    assert "c2" not in answer.err
    assert len(stored()) == 5
    assert [path.name for path in Path().iterdir()] == ["feedback.db"]


@pytest.mark.parametrize(("typed", "code", "left"), [("y\n", 0, 3), ("n\n", 1, 5), ("\n", 1, 5), ("", 130, 5)])
def test_a_person_at_a_terminal_is_asked(
    typed: str, code: int, left: int, shell: Shell, monkeypatch: pytest.MonkeyPatch
):
    fill()
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    answer = shell("erase", "--customer", "c1")
    assert answer.code == code
    assert answer.err.startswith("Found: 2 feedback, ")
    assert "Erase for good? [y/N]: " in answer.err
    assert len(stored()) == left


def test_an_erasure_is_finished_when_the_reader_is_gone(shell: Shell, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("feedback_nlp.store.database.BUSY_SECONDS", 0)
    fill()
    reader = sqlite3.connect("feedback.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM feedback").fetchone()
    answer = shell("erase", "--customer", "c1", "--yes")
    assert answer.code == 1
    assert "bytes may be left: another program is reading the database" in answer.out
    reader.close()
    again = shell("erase", "--customer", "c1", "--yes")
    assert (again.code, again.out) == (0, "Nobody has that id. Of who was erased before, no byte is left.\n")
    assert shell("erase", "--customer", "c1", "--yes").code == 1


def test_nothing_of_a_person_is_left_of_a_whole_run(shell: Shell):
    made = rows(120)
    word = "Quibblewort"
    person = "customer-Xylophilia"
    for row in made[3:6]:
        row.update(customer_id=person, language="en", comment=f"The parcel did not arrive, {word} {row['nps']}.")
    write_csv(Path("answers.csv"), made)
    assert shell("run", "answers.csv").code == 0
    Path("answers.csv").unlink()
    with Store.open(DB) as store:
        before = store.counts()
        found = store.traces([person])
        frame = store.read_frames()["statements"].filter(pl.col("feedback_id").is_in(found.feedback_ids))
        hashes = frame["text_hash"].to_list()
        key = next(iter(before["vectors"]))
        vectors = [row.astype("<f2").tobytes() for row in store.vectors(key, hashes)[1]]
    assert len(vectors) == found.n_vectors >= 1
    sought = [word.encode(), person.encode(), *found.feedback_ids[0:3], *vectors]
    sought = [item if isinstance(item, bytes) else item.encode() for item in sought]

    def held(item: bytes) -> bool:
        return any(item in path.read_bytes() for path in Path().glob("feedback.db*"))

    assert [held(item) for item in sought] == [True] * len(sought)
    assert shell("erase", "--customer", person, "--yes").code == 0
    assert [held(item) for item in sought] == [False] * len(sought)
    with Store.open(DB) as store:
        after = store.counts()
    for name, lost in (("feedback", 3), ("statements", found.n_statements), ("distinct_texts", found.n_vectors)):
        assert after[name] == before[name] - lost
    assert shell("tag").code == 0
    assert shell("report", "again.html").code == 0


# -- originals


def test_originals_go_with_the_person(shell: Shell):
    fill(originals=True)
    answer = shell("erase", "--customer", "c1", "--yes", "--json", "--set", f"originals={ORIGINALS}")
    assert answer.code == 0
    assert answer.json["n_originals"] == 1
    with Originals.open(ORIGINALS) as kept:
        assert kept.get(["f1", "f3", "f9"]) == {"f3": "I am Ben.", "f9": "Who knows"}
    assert b"Ola Quibblewort" not in Path("originals.db").read_bytes()


def test_originals_that_were_kept_and_are_not_named_are_warned_about(shell: Shell):
    fill(originals=True)
    missing = shell("erase", "--customer", "c1", "--yes", "--set", "originals=sqlite:///gone.db")
    assert (missing.code, len(stored())) == (1, 5)
    assert "There are no originals at 'sqlite:///gone.db'." in missing.err
    answer = shell("erase", "--customer", "c1", "--yes")
    assert answer.code == 0
    warning = "Originals were kept when feedback was read, and the setting 'originals' does not say where"
    assert warning in answer.err
    assert warning in answer.out


def test_an_original_is_shown_as_written(shell: Shell, monkeypatch: pytest.MonkeyPatch):
    with Originals.open(ORIGINALS) as kept:
        kept.put([("f1", "Mă numesc Ștefan,\n0722 123 456"), ("f2", "\x1b[2Jred\x07")])
    where = ("--set", f"originals={ORIGINALS}")
    assert shell("original", "f1", *where) == (0, "Mă numesc Ștefan,\n0722 123 456\n", "")
    assert shell("original", "f2", "--json", *where).json == {"feedback_id": "f2", "text": "\x1b[2Jred\x07"}
    missing = shell("original", "f3", *where)
    assert (missing.code, missing.err.splitlines()[0][:35]) == (1, "Error: There is no original of 'f3'")
    assert shell("original", "f1").code == 2
    assert shell("original", "f1", "--set", "originals=sqlite:///none.db").code == 1
    assert not Path("none.db").exists()
