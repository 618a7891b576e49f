"""Reading files: every bad row is set aside with its line, and every good row is kept."""

from __future__ import annotations

import csv
import gzip
import io
import json
from datetime import datetime
from pathlib import Path
from random import Random

import polars as pl
import pytest
import xlsxwriter

from feedback_nlp.errors import ReadError, UsageError
from feedback_nlp.language.reading.files import LINE, Table, read_file
from feedback_nlp.language.reading.rejects import Reject, write_rejects

SENTENCES = {
    "cp1250": "Aplicaţia este bună însă se blochează când plătesc; aş vrea o soluţie mai rapidă",
    "iso8859-2": "Obsługa była świetna, ale paczka przyszła za późno i źle zapakowana",
    "cp1251": "Интернет постоянно пропадает, а оператор не отвечает на звонки",
    "koi8-r": "Доставка была быстрой, спасибо курьеру и магазину",
    "cp1252": "La qualità è ottima però la consegna è arrivata più tardi",
    "cp1256": "الخدمة سيئة والتطبيق لا يعمل منذ يومين",
}


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def rows(table: Table) -> list[tuple[object, ...]]:
    """Every row with its line first."""
    return table.frame.select(LINE, *table.columns).rows()


def test_csv_with_quoted_line_breaks_counts_physical_lines(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", 'id,comment,nps\n1,"first\nsecond, ""third""",9\n\n2,plain,0\n')
    table = read_file(path)
    assert table.columns == ["id", "comment", "nps"]
    assert rows(table) == [(2, "1", 'first\nsecond, "third"', "9"), (5, "2", "plain", "0")]
    assert (table.format, table.encoding, table.delimiter, table.rejects) == ("csv", "utf-8", ",", [])
    assert table.notes == (
        "Encoding: UTF-8.",
        "Delimiter: comma, sniffed from the first lines; --delimiter overrides it.",
    )


@pytest.mark.parametrize("encoding", SENTENCES)
def test_legacy_encodings_are_told_from_the_letters(tmp_path: Path, encoding: str) -> None:
    content = "id|comment\n" + "".join(f"{i}|{SENTENCES[encoding]}\n" for i in range(3))
    table = read_file(write(tmp_path, "a.csv", content.encode(encoding)))
    assert rows(table) == [(i + 2, str(i), SENTENCES[encoding]) for i in range(3)]
    assert table.rejects == []
    assert "--encoding overrides" in table.notes[0]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_encodings(tmp_path: Path, encoding: str) -> None:
    text = f"comment\tid\n{SENTENCES['cp1251']}\t1\n{SENTENCES['cp1256']}\t2\n"
    table = read_file(write(tmp_path, "a.tsv", text.encode(encoding)))
    assert rows(table) == [(2, SENTENCES["cp1251"], "1"), (3, SENTENCES["cp1256"], "2")]
    assert table.columns == ["comment", "id"]


@pytest.mark.parametrize(("delimiter", "name"), [(",", "comma"), (";", "semicolon"), ("\t", "tab"), ("|", "vertical")])
def test_delimiters_are_sniffed(tmp_path: Path, delimiter: str, name: str) -> None:
    lines = [delimiter.join(("id", "text", "nps")), delimiter.join(("1", '"a, b; c | d"', "9,5"))]
    if delimiter == ",":
        lines[1] = '1,"a, b; c | d","9,5"'
    table = read_file(write(tmp_path, "a.csv", "\n".join(lines)))
    assert rows(table) == [(2, "1", "a, b; c | d", "9,5")]
    assert table.delimiter == delimiter
    assert table.notes[1].startswith(f"Delimiter: {name}")


def test_single_column_keeps_commas_and_own_quotes(tmp_path: Path) -> None:
    table = read_file(write(tmp_path, "a.csv", 'comment\nslow, dear; but kind\n"Great" they said, twice\n'))
    assert rows(table) == [(2, "slow, dear; but kind"), (3, '"Great" they said, twice')]
    assert table.delimiter is None


def test_flags_override_detection(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "id;a,b\n1;è,x\n".encode("cp1252"))
    table = read_file(path, encoding="latin-1", delimiter=";")
    assert (table.columns, rows(table)) == (["id", "a,b"], [(2, "1", "è,x")])
    assert table.notes == ("Encoding: iso8859-1, as told.", "Delimiter: semicolon, as told.")


def test_bad_rows_are_rejected_alone(tmp_path: Path) -> None:
    content = (
        b"id,text,nps\n"
        b"1,good,9\n"
        b"2,too few\n"
        b"3,too,many,fields\n"
        b'4,"never closed,3\n'
        b'5,"good\nagain",8\n'
        b'7,"a "bad" quote",2\n'
        b"8,nul\0here,1\n"
        b"9,caf\xff\xfe,1\n"
        b"10,surplus,7,,\n"
        b",,\n"
        b"11,caf\xc3\xa9,10\n"
        b'12,"open to the end,1\n'
        b"13,last,4\n"
    )
    table = read_file(write(tmp_path, "a.csv", content), encoding="utf-8")
    assert rows(table) == [
        (2, "1", "good", "9"),
        (6, "5", "good\nagain", "8"),
        (11, "10", "surplus", "7"),
        (13, "11", "café", "10"),
        (15, "13", "last", "4"),
    ]
    unclosed = "a quote is never closed, or one inside a quoted field is not doubled"
    assert table.rejects == [
        Reject(3, "it has 2 fields where the header has 3"),
        Reject(4, "it has 4 fields where the header has 3"),
        Reject(5, unclosed),
        Reject(8, unclosed),
        Reject(9, "it holds NUL bytes"),
        Reject(10, "it holds bytes that the file's encoding cannot decode"),
        Reject(14, "a quote is opened and never closed"),
    ]
    assert table.notes[-1] == "1 rows with nothing in any column are ignored."


def test_a_few_bad_bytes_do_not_change_the_encoding(tmp_path: Path) -> None:
    good = "".join(f'{i},"{SENTENCES["cp1251"]}"\n' for i in range(20)).encode()
    table = read_file(write(tmp_path, "a.csv", b"id,text\n" + good + b"x,\xff\xfe\n"))
    assert table.encoding == "utf-8"
    assert table.frame.height == 20
    assert table.rejects == [Reject(22, "it holds bytes that the file's encoding cannot decode")]


def test_duplicate_missing_and_reserved_column_names(tmp_path: Path) -> None:
    table = read_file(write(tmp_path, "a.csv", "text,,text,__line__\na,b,c,d\n"))
    assert table.columns == ["text", "column_2", "text_2", "__line___2"]
    assert rows(table) == [(2, "a", "b", "c", "d")]
    assert table.notes[2:] == (
        "Column 2 has no name; it is called 'column_2'.",
        "The column name 'text' occurs again at position 3; that one is called 'text_2'.",
        "The column name '__line__' occurs again at position 4; that one is called '__line___2'.",
    )


def test_header_only_and_empty(tmp_path: Path) -> None:
    table = read_file(write(tmp_path, "a.csv", "id,text\n"))
    assert (table.columns, table.frame.height) == (["id", "text"], 0)
    assert table.notes[-1] == "The file holds column names and no rows."
    for content in ("", "\n \n"):
        with pytest.raises(ReadError, match="is empty"):
            read_file(write(tmp_path, "b.csv", content))


def test_a_file_of_bad_rows_only_says_so(tmp_path: Path) -> None:
    table = read_file(write(tmp_path, "a.csv", "id,text\n1,2,3\n"))
    assert table.frame.height == 0
    assert table.notes[-1] == "None of its rows can be read; the first: line 2, it has 3 fields where the header has 2."


@pytest.mark.parametrize("seed", range(40))
def test_one_damaged_row_never_costs_another(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    words = ["good", "bad, very", 'so "so"', "line\nbreak", "ok;fine", "caf\u00e9"]
    good = [[str(i), " ".join(random.choices(words, k=random.randint(1, 6))), str(i % 11)] for i in range(12)]
    quoting = random.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
    records = []
    for row in good:
        out = io.StringIO(newline="")
        csv.writer(out, quoting=quoting, lineterminator=random.choice(["\n", "\r\n"])).writerow(row)
        records.append(out.getvalue().encode())
    damages = [b"x,y\n", b"x,a,b,c\n", b'x,"never closed,3\n', b"x,a\0b,3\n", b"x,a\xffb,3\n"]
    place = random.randrange(len(good))
    records.insert(place, random.choice(damages))
    table = read_file(write(tmp_path, "a.csv", b"id,text,nps\n" + b"".join(records)), encoding="utf-8")
    assert [list(row[1:]) for row in rows(table)] == good
    assert [reject.line for reject in table.rejects] == [2 + sum(r.count(b"\n") for r in records[:place])]


def test_unreadable_paths_say_what_to_do(tmp_path: Path) -> None:
    write(tmp_path, "answers.csv", "a,b\n1,2\n")
    with pytest.raises(ReadError, match=r"does not exist\. Did you mean 'answers\.csv'\?"):
        read_file(tmp_path / "answer.csv")
    with pytest.raises(ReadError, match="is a folder"):
        read_file(tmp_path)
    with pytest.raises(ReadError, match=r"the suffix \.docx is not read\. Read are \.csv \.tsv"):
        read_file(write(tmp_path, "a.docx", "x"))
    with pytest.raises(ReadError, match=r"is plain text, whatever its name: it is no \.xlsx\. Name it \.csv"):
        read_file(write(tmp_path, "a.xlsx", "x"))
    with pytest.raises(ReadError, match="cannot be read as a workbook"):
        read_file(write(tmp_path, "b.xlsx", b"PK\x03\x04 and no more"))
    with pytest.raises(ReadError, match="cannot be read as Parquet"):
        read_file(write(tmp_path, "a.parquet", b"PAR1 and no more"))
    with pytest.raises(ReadError, match="not a whole gzip file"):
        read_file(write(tmp_path, "a.csv.gz", "x"))
    with pytest.raises(ReadError, match="Line 1 should hold the column names"):
        read_file(write(tmp_path, "c.csv", 'id,"text\n1,a\n'))


def test_a_name_that_no_file_can_have_is_said(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"cannot be read \(File name too long\)"):
        read_file(tmp_path / ("x" * 300 + ".csv"))


def test_flags_that_cannot_mean_what_they_say(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "a,b\n1,2\n")
    with pytest.raises(UsageError, match="--encoding 'utf-88' is not a text encoding"):
        read_file(path, encoding="utf-88")
    with pytest.raises(UsageError, match="--delimiter ';;' is not one character"):
        read_file(path, delimiter=";;")
    with pytest.raises(UsageError, match=r"only \.xlsx has sheets"):
        read_file(path, sheet="Data")


def test_excel_separator_line_and_gzip(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv.gz", gzip.compress(b"sep=;\r\nid;text\r\n1;a,b\r\n", mtime=0))
    table = read_file(path)
    assert rows(table) == [(3, "1", "a,b")]


def test_huge_cell(tmp_path: Path) -> None:
    cell = "word " * 100_000
    assert rows(read_file(write(tmp_path, "a.csv", f"id,text\n1,{cell}\n"))) == [(2, "1", cell)]


def test_tab_separated_without_quoting(tmp_path: Path) -> None:
    table = read_file(write(tmp_path, "a.tsv", 'id\ttext\n1\t"Great" they said\n2\t"open\n3\tplain\n'))
    assert rows(table) == [(2, "1", '"Great" they said'), (3, "2", '"open'), (4, "3", "plain")]
    quoted = read_file(write(tmp_path, "b.tsv", 'id\ttext\n1\t"one\ttwo\nthree"\n2\tplain\n'))
    assert rows(quoted) == [(2, "1", "one\ttwo\nthree"), (4, "2", "plain")]


def test_plain_text_is_one_answer_a_line(tmp_path: Path) -> None:
    assert rows(read_file(write(tmp_path, "a.txt", "Comment\nslow, but kind\n\nbroken again\n"))) == [
        (2, "slow, but kind"),
        (4, "broken again"),
    ]
    assert rows(read_file(write(tmp_path, "b.txt", "slow and dear\n"))) == [(1, "slow and dear")]


def test_json_lines(tmp_path: Path) -> None:
    lines = [
        json.dumps({"id": 1, "text": "a\nb", "scores": {"nps": 9}}),
        '{"id": 2, "text": ',
        "",
        "[1, 2]",
        '{"id": 3, "text": null, "tags": ["x"], "vip": true, "f": NaN}',
        '{"id": 4, "text": "\\ud800"}',
    ]
    table = read_file(write(tmp_path, "a.jsonl", "\n".join(lines)))
    assert table.columns == ["id", "text", "scores.nps", "tags", "vip", "f"]
    assert rows(table) == [(1, "1", "a\nb", "9", "", "", ""), (5, "3", "", "", '["x"]', "true", "")]
    assert table.rejects == [
        Reject(2, "it is not valid JSON (Expecting value at column 18)"),
        Reject(4, "it is JSON and not an object with named fields"),
        Reject(6, "it holds half of a surrogate pair, which is no character"),
    ]
    with pytest.raises(ReadError, match="is a JSON array"):
        read_file(write(tmp_path, "b.ndjson", '[{"a": 1}]'))


def test_xlsx_keeps_sheet_rows_and_exact_values(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("Cover")
        sheet = book.add_worksheet("Data")
        sheet.write_row(1, 0, ["id", "text", "nps", "when", "text"])
        sheet.write_row(3, 0, [12345678901234, "one\ntwo", 9])
        sheet.write_datetime(3, 3, datetime(2024, 3, 5, 14, 30), book.add_format({"num_format": "dd/mm/yyyy"}))
        sheet.write_string(4, 0, "007")
        sheet.write_number(4, 2, 9.5)
    table = read_file(path)
    assert table.columns == ["id", "text", "nps", "when", "text_2"]
    assert rows(table) == [
        (4, "12345678901234", "one\ntwo", "9", "2024-03-05 14:30:00", ""),
        (5, "007", "", "9.5", "", ""),
    ]
    assert table.notes[0] == "Sheet: 'Data' of 'Cover', 'Data'."
    with pytest.raises(UsageError, match="Did you mean 'Data'"):
        read_file(path, sheet="data ")


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_heading_over_the_table_is_left_out(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"t.{suffix}"
    table = [["Survey 2024", "", ""], ["id", "nps", "comment"], ["1", "9", "the app is slow"]]
    if suffix == "csv":
        path.write_text("".join(",".join(row) + "\n" for row in table), encoding="utf-8")
    else:
        with xlsxwriter.Workbook(path) as book:
            sheet = book.add_worksheet()
            sheet.merge_range(0, 0, 0, 2, "Survey 2024")
            for number, row in enumerate(table[1:], start=1):
                sheet.write_row(number, 0, row)
    read = read_file(path)
    assert (read.columns, rows(read)) == (["id", "nps", "comment"], [(3, "1", "9", "the app is slow")])
    assert read.notes[-1] == (
        "Row 1 is a heading over the whole table and is left out; the column names come below it."
    )


def test_one_name_over_a_narrow_or_empty_table_stays_a_name(tmp_path: Path) -> None:
    assert read_file(write(tmp_path, "a.csv", "comment,,\nslow app,,\n")).columns == ["comment", "column_2", "column_3"]
    assert read_file(write(tmp_path, "b.csv", "comment,,\n")).columns == ["comment", "column_2", "column_3"]
    damaged = read_file(write(tmp_path, "c.csv", b"comment,,\na\0b,,\nc,,\n"))
    assert (rows(damaged), damaged.rejects) == ([(3, "c", "", "")], [Reject(2, "it holds NUL bytes")])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"PK\x03\x04rest", "a workbook or a zip archive.*name it .xlsx"),
        ("a.csv", b"\xd0\xcf\x11\xe0rest", "before 2007.*save it as .xlsx"),
        ("a.txt", b"%PDF-1.7 rest", "a PDF document.*as .csv"),
        ("a.jsonl", b"PAR1\x15\x00", "a Parquet file.*Name it .parquet"),
        ("a.tsv", b"\x89PNG\r\n\x1a\n", "a picture"),
        ("a.csv", gzip.compress(b"a,b\n", mtime=0), "compressed by gzip.*Add .gz to its name"),
        ("a.csv", Random(0).randbytes(4000), "binary data.*as .csv"),
        ("a.csv.gz", gzip.compress(Random(0).randbytes(4000), mtime=0), "binary data"),
    ],
)
def test_what_is_no_text_says_what_it_is(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    with pytest.raises(ReadError, match=message):
        read_file(write(tmp_path, name, content))


@pytest.mark.parametrize(
    ("lines", "sign"),
    [
        (["2024-01-01,it was late", "2024-01-02,all was fine"], "position 1 holds a date"),
        (["it was late again,a@b.example", "all was fine here,c@d.example"], "position 2 holds an e-mail address"),
        (["T1,it was late again", "T22,all was fine here"], "position 1 holds a code"),
        (["9,it was very late again", "3,all was fine here"], "it holds a number and a sentence"),
    ],
)
def test_values_in_place_of_names_are_refused_unquoted(tmp_path: Path, lines: list[str], sign: str) -> None:
    with pytest.raises(ReadError, match=f"should hold column names, but {sign}") as caught:
        read_file(write(tmp_path, "a.csv", "\n".join(lines) + "\n"))
    assert "late" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        "1,2,3\n5,4,1\n3,2,2\n",
        "2024-01-01,2024-02-01,comment\n5,4,a slow app\n",
        "Q1,Please tell us why you chose it,10\nA1,the app is slow,9\n",
        "T1,T2\nyes,no\n",
    ],
)
def test_odd_names_are_names(tmp_path: Path, content: str) -> None:
    assert read_file(write(tmp_path, "a.csv", content)).columns == content.split("\n")[0].split(",")


def test_a_header_may_begin_like_a_known_format(tmp_path: Path) -> None:
    assert read_file(write(tmp_path, "a.csv", "PAR1,PK\nx,y\n")).columns == ["PAR1", "PK"]


def test_parquet_columns_become_text(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    moment = pl.Series([datetime(2024, 3, 5, 14, 30), None]).dt.replace_time_zone("Europe/Bucharest")
    pl.DataFrame(
        {"text": ["a", None], "nps": [9, 0], "when": moment, "tags": [["x"], None], "raw": [b"a", b"b"]},
    ).write_parquet(path)
    table = read_file(path)
    assert rows(table) == [(1, "a", "9", "2024-03-05T12:30:00.000000Z", '["x"]'), (2, "", "0", "", "")]
    assert table.columns == ["text", "nps", "when", "tags"]
    assert table.notes == ("Column 'raw' holds bytes and is left out.",)


def many(n: int) -> pl.DataFrame:
    """Rows of which only places and ids differ much."""
    return pl.DataFrame(
        {
            "id": [f"r{i}" for i in range(n)],
            "comment": [f"slow again {i}, and dear" for i in range(n)],
            "nps": [str(i % 11) for i in range(n)],
        }
    )


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet", "a.xlsx", "a.csv.gz"])
def test_a_large_file_is_a_sample_and_batches_of_the_same_rows(tmp_path: Path, name: str) -> None:
    n = 30_000
    frame, path = many(n), tmp_path / name
    if name.endswith("jsonl"):
        frame.write_ndjson(path)
    elif name.endswith("parquet"):
        frame.write_parquet(path, row_group_size=7000)
    elif name.endswith("xlsx"):
        frame.write_excel(path)
    else:
        path.write_bytes(
            gzip.compress(frame.write_csv().encode(), mtime=0) if name.endswith("gz") else frame.write_csv().encode()
        )
    table = read_file(path)
    first = 1 if name.endswith(("jsonl", "parquet")) else 2
    assert (table.n_rows, table.is_whole, table.columns) == (n, False, ["id", "comment", "nps"])
    assert table.frame.equals(frame.with_columns(pl.Series(LINE, range(first, n + first), dtype=pl.Int64)))
    places = [line - first for line in table.sample[LINE]]
    assert places[:5] == [0, 1, 2, 3, 4]
    assert places == sorted(set(places))
    assert [sum(place // 10_000 == third for place in places) for third in range(3)] == [4907, 5052, 4986]
    assert table.sample.equals(read_file(path).sample)
    assert table.sample["comment"].to_list() == [f"slow again {i}, and dear" for i in places]
    sizes = [batch.height for batch in table.batches(1000)]
    assert (sum(sizes), max(sizes)) == (n, 1000)


def test_a_column_that_comes_late_in_json_lines_is_a_column(tmp_path: Path) -> None:
    lines = [json.dumps({"text": f"slow again {i}"}) for i in range(25_000)]
    lines[24_000] = json.dumps({"nps": 3, "text": "late"})
    table = read_file(write(tmp_path, "a.jsonl", "\n".join(lines)))
    assert (table.columns, table.n_rows) == (["text", "nps"], 25_000)
    assert table.frame.filter(pl.col("nps") != "").rows() == [("late", "3", 24_001)]


def test_long_texts_are_sampled_by_their_size(tmp_path: Path) -> None:
    cell = "word " * 1_000_000
    path = tmp_path / "a.parquet"
    pl.DataFrame({"text": [cell] * 40}).write_parquet(path)  # 200 MB once it is read, and a few on the disk
    table = read_file(path)
    assert (table.n_rows, table.is_whole) == (40, False)
    lines = table.sample[LINE].to_list()
    assert lines[:5] == [1, 2, 3, 4, 5]
    assert 5 < len(lines) < 13


def test_rejects_file_holds_lines_and_reasons_only(tmp_path: Path) -> None:
    out = tmp_path / "a.rejects.csv"
    write_rejects(out, [Reject(9, "b", "score"), Reject(2, "a, quoted")], Path("/data/a.csv"))
    assert out.read_text() == 'file,line,kind,reason\na.csv,2,row,"a, quoted"\na.csv,9,score,b\n'
    with pytest.raises(ReadError, match="cannot be written"):
        write_rejects(tmp_path, [], Path("a.csv"))
