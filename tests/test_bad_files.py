"""Bad files: whatever is in one, the answer is a clear message or a rejected row, and its neighbours survive."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import stat
import zipfile
from pathlib import Path
from random import Random

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feedback_nlp.errors import FeedbackError, MappingError, ReadError, UsageError
from feedback_nlp.language.reading.columns import ColumnFlags, map_columns
from feedback_nlp.language.reading.files import LINE, read_file
from feedback_nlp.language.reading.rejects import Reject
from feedback_nlp.language.reading.rows import RawFeedback, iter_rows
from tests.test_cli import Shell, shell  # noqa: F401 (a fixture)

FLAGS = ColumnFlags(text=("comment",), id="id", guess=False)
QUOTE = "a quote is never closed, or one inside a quoted field is not doubled"
NO_BYTES = "it holds bytes that the file's encoding cannot decode"
GOOD = [
    "the app is slow",
    "aplicația este lentă azi",
    "приложение работает медленно",
    "l'app è davvero lenta",
    "التطبيق بطيء اليوم",
    "aplikacja działa wolno",
]
FUZZ = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def outcome(path: Path, flags: ColumnFlags = FLAGS, **how: str) -> tuple[list[tuple[int, str]], list[Reject]]:
    """The texts with their lines, and every reject, of reading and of taking in."""
    table = read_file(path, **how)
    found = list(iter_rows(table, map_columns(table, flags)))
    texts = [(item.line, item.text) for item in found if isinstance(item, RawFeedback)]
    return texts, [*table.rejects, *(item for item in found if isinstance(item, Reject))]


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.csv", "id,comment\n1,slow\n")
    return out.getvalue()


def parquet() -> bytes:
    out = io.BytesIO()
    pl.DataFrame({"id": [1], "comment": ["the app is slow"]}).write_parquet(out)
    return out.getvalue()


def workbook() -> bytes:
    out = io.BytesIO()
    pl.DataFrame({"id": [1], "comment": ["the app is slow"]}).write_excel(out)
    return out.getvalue()


def damaged(content: bytes, place: float, other: bytes) -> bytes:
    """The content with some of its bytes replaced; ``place`` is a share of its length."""
    start = int(place * len(content))
    return content[:start] + other + content[start + len(other) :]


PARQUET, WORKBOOK = parquet(), workbook()


# -- files that cannot be read at all


@pytest.mark.parametrize("suffix", ["csv", "tsv", "txt", "jsonl", "csv.gz"])
@pytest.mark.parametrize("content", ["", " \n\t\n  \r\n", "\ufeff", "\ufeff \n\n", "\x1a"])
def test_nothing_in_a_file_is_said(tmp_path: Path, suffix: str, content: str) -> None:
    data = content.encode()
    path = write(tmp_path, f"a.{suffix}", gzip.compress(data, mtime=0) if suffix.endswith("gz") and data else data)
    with pytest.raises(ReadError, match="is empty"):
        read_file(path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", zipped(), "a workbook or a zip archive"),
        ("a.csv", parquet(), r"a Parquet file.*Name it \.parquet"),
        ("a.xlsx", parquet(), r"a Parquet file.*Name it \.parquet"),
        ("a.parquet", zipped(), "a workbook or a zip archive"),
        ("a.xlsx", b"\x89PNG\r\n\x1a\n" + bytes(range(200)), r"a picture.*it is no \.xlsx"),
        ("a.xlsx", b"id,comment\n1,slow\n", r"plain text.*Name it \.csv"),
        ("a.xlsx", zipped(), "cannot be read as a workbook"),
        ("a.parquet", parquet()[:-30], "cannot be read as Parquet"),
        ("a.csv", b"<!DOCTYPE html><html><table><tr><td>slow</td></tr></table></html>", r"a web page.*\.xlsx"),
        ("a.csv", b"<?xml version='1.0'?><a>slow</a>", r"an XML document.*\.csv"),
        ("a.csv.gz", gzip.compress(Random(1).randbytes(5000), mtime=0), "binary data"),
        ("a.csv.gz", Random(1).randbytes(300), "not a whole gzip file"),
        ("a.csv.gz", gzip.compress(b"id,comment\n" + b"1,slow app\n" * 1000, mtime=0)[:-10], "not a whole gzip file"),
        ("a.jsonl", b"{}\n{}\n", r"is empty\. One object with named fields is needed"),
        ("a.jsonl", b"[\n1]\n", "JSON array"),
        ("a.jsonl", b"slow\nslow\n", "none of its lines is a JSON object; the first problem: line 1"),
        ("a.csv", ",".join(["a"] * 20_000).encode(), "more than 16,384 columns"),
        ("a.jsonl", "\n".join(f'{{"k{i}": 1}}' for i in range(17_000)).encode(), "16,384 different field names"),
        ("a.csv", b'id,"comment\n1,slow\n', "Line 1 should hold the column names"),
    ],
)
def test_what_cannot_be_read_says_why_and_what_to_do(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    with pytest.raises(ReadError, match=message) as caught:
        read_file(write(tmp_path, name, content))
    assert "slow" not in str(caught.value)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "pipe.csv"
    os.mkfifo(path)
    with pytest.raises(ReadError, match=r"is a pipe or a device.*Save what comes out of it as a file"):
        read_file(path)


def test_a_device_and_a_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "zero.csv").symlink_to("/dev/zero")
    with pytest.raises(ReadError, match="is a pipe or a device"):
        read_file(tmp_path / "zero.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ReadError, match="is a folder"):
        read_file(tmp_path / "folder.csv")


def test_a_file_that_may_not_be_opened_is_said(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "id,comment\n1,slow\n")
    path.chmod(0)
    for folder in [tmp_path, *list(tmp_path.parents)[:3]]:
        if folder.stat().st_uid == os.getuid():
            folder.chmod(folder.stat().st_mode | stat.S_IXOTH)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:  # without root's right to read everything
        try:
            if os.getuid() == 0:
                os.setuid(65534)
            read_file(path)
            said = "it was read"
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        os.write(writer, said.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as handle:
        said = handle.read()
    os.waitpid(child, 0)
    assert said == f"ReadError: {path} cannot be read (Permission denied). Check that it may be opened."


@pytest.mark.parametrize("name", ["unicode_escape", "utf-7", "rot13", "base64", "x\0y", ""])
def test_an_encoding_that_no_file_has_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="is not a text encoding"):
        read_file(write(tmp_path, "a.csv", "id,comment\n1,slow\n"), encoding=name)


def test_only_a_header_is_no_error_and_says_so(tmp_path: Path) -> None:
    for name, content in (("a.csv", "id,comment"), ("a.tsv", "id\tcomment\n"), ("b.csv", "comment\n")):
        table = read_file(write(tmp_path, name, content))
        assert (table.n_rows, table.notes[-1]) == (0, "The file holds column names and no rows.")
        assert list(iter_rows(table, map_columns(table))) == []


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    lines = "".join(f"{i},the app is slow again\n" for i in range(25_000))
    path = write(tmp_path, "a.csv", "id,comment\n" + lines)
    table = read_file(path)
    batches = table.batches()
    next(batches)
    path.write_text("id,comment\n" + lines[:-100], encoding="utf-8")
    with pytest.raises(ReadError, match="was changed while it was being read"):
        list(batches)


# -- files of which most can be read


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16", "utf-8-sig"])
@pytest.mark.parametrize("text", GOOD)
def test_wide_encodings_without_a_mark_in_every_language(tmp_path: Path, encoding: str, text: str) -> None:
    content = "id,comment\n" + "".join(f"{i},{text}\n" for i in range(5))
    texts, rejects = outcome(write(tmp_path, "a.csv", content.encode(encoding)))
    assert (texts, rejects) == ([(i + 2, text) for i in range(5)], [])


def test_half_a_character_at_the_end_costs_one_row(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "id,comment\n1,slow app\n2,good app\n".encode("utf-16") + b"x")
    assert outcome(path) == ([(2, "slow app"), (3, "good app")], [Reject(4, NO_BYTES)])


def test_a_few_nul_bytes_do_not_make_a_wide_encoding(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", b"id,comment\n1,sl\0ow app\n2,good \0app again\n3,fine it is\n")
    assert outcome(path) == ([(4, "fine it is")], [Reject(2, "it holds NUL bytes"), Reject(3, "it holds NUL bytes")])


def test_bytes_of_another_encoding_cost_their_rows(tmp_path: Path) -> None:
    good = "".join(f"{i},{GOOD[i % 6]}\n" for i in range(30)).encode()
    path = write(tmp_path, "a.csv", b"id,comment\n" + good + "99,aplicaţia este lentă\n".encode("cp1250"))
    texts, rejects = outcome(path)
    assert texts == [(i + 2, GOOD[i % 6]) for i in range(30)]
    assert rejects == [Reject(32, NO_BYTES)]


def test_files_put_together_keep_marks_and_names_in_the_middle(tmp_path: Path) -> None:
    content = '\ufeffid,comment\n1,good app\n\ufeffid,comment\n2,slow app\n\ufeff3,"fine, it is"\n\x1a'
    assert outcome(write(tmp_path, "a.csv", content)) == (
        [(2, "good app"), (4, "slow app"), (5, "fine, it is")],
        [Reject(3, "it repeats the column names, as where files were put together")],
    )


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", 'id,comment\r1,good app\r2,"slow, app"\r'),
        ("a.txt", "id;comment\r1;good app\r2;slow, app\r"),
        ("a.jsonl", '{"id": 0, "comment": ""}\r{"id": 1, "comment": "good app"}\r{"id": 2, "comment": "slow, app"}\r'),
    ],
)
def test_line_ends_of_old_macs(tmp_path: Path, name: str, content: str) -> None:
    texts, _ = outcome(write(tmp_path, name, content))
    assert texts == [(2, "good app"), (3, "slow, app")]


def test_surrogates_depth_and_digits_in_json_cost_their_rows(tmp_path: Path) -> None:
    lines = [
        '{"id": 1, "comment": "half \\ud800"}',
        '{"id": 2, "comment": "whole \\ud83d\\ude00"}',
        '{"\\udc00": 3, "comment": "a name"}',
        '{"a":' * 5000 + "1" + "}" * 5000,
        '{"a":' + "[" * 100_000,
        '{"id": ' + "9" * 10_000 + "}",
        '{"id": 7, "comment": "good app", "__line__": 3}',
    ]
    texts, rejects = outcome(write(tmp_path, "a.jsonl", "\n".join(lines)))
    assert texts == [(2, "whole \U0001f600"), (7, "good app")]
    half, deep = "it holds half of a surrogate pair, which is no character", "it is JSON nested too deeply"
    assert [(reject.line, reject.reason[:28]) for reject in rejects] == [
        *((1, half[:28]), (3, half[:28])),
        *((line, deep[:28]) for line in (4, 5, 6)),
    ]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_a_cell_of_five_megabytes_is_a_cell(tmp_path: Path, name: str) -> None:
    cell = "word " * 1_000_000
    content = f"id,comment\n1,{cell}\n2,good app\n"
    if name == "a.jsonl":
        content = "".join(f"{json.dumps({'id': i, 'comment': text})}\n" for i, text in ((1, cell), (2, "good app")))
    texts, rejects = outcome(write(tmp_path, name, content))
    assert ([(len(text)) for _, text in texts], rejects) == ([len(cell) - 1, 8], [])


def test_an_unclosed_quote_on_every_line_costs_these_lines_in_linear_time(tmp_path: Path) -> None:
    n = 5000
    path = write(tmp_path, "a.csv", "id,comment\n" + "".join(f'"{i},slow app\n{i},fine {i}\n' for i in range(n)))
    texts, rejects = outcome(path)
    assert texts == [(2 * i + 3, f"fine {i}") for i in range(n)]
    assert [reject.line for reject in rejects] == [2 * i + 2 for i in range(n)]
    alone = write(tmp_path, "b.csv", 'id,comment\n"1,slow app\n' + "".join(f"{i},fine {i}\n" for i in range(n)))
    texts, rejects = outcome(alone)
    assert (len(texts), rejects) == (n, [Reject(2, "a quote is opened and never closed")])


def test_ragged_rows_are_rejected_alone(tmp_path: Path) -> None:
    lines = [f"{i},good {i}" + ",x" * (i % 4) for i in range(40)] + ["alone"]
    texts, rejects = outcome(write(tmp_path, "a.csv", "id,comment\n" + "\n".join(lines) + "\n"))
    assert texts == [(i + 2, f"good {i}") for i in range(0, 40, 4)]
    assert rejects == [
        *(Reject(i + 2, f"it has {2 + i % 4} fields where the header has 2") for i in range(40) if i % 4),
        Reject(42, "it has 1 fields where the header has 2"),
    ]


def test_five_thousand_columns_of_the_same_name(tmp_path: Path) -> None:
    head = ",".join(["a"] * 4999)
    body = "".join(",".join(["1"] * 4999) + f",{GOOD[i % 6]} {i}\n" for i in range(12))
    table = read_file(write(tmp_path, "a.csv", f"{head},comment\n{body}"))
    assert table.columns[:3] == ["a", "a_2", "a_3"]
    assert (table.columns[4998], table.notes[-1]) == ("a_4999", "4978 more columns are named in the same way.")
    mapping = map_columns(table)
    assert mapping.text_columns == ("comment",)
    assert mapping.explanation[-1] == "Left out: 4,959 more columns."
    with pytest.raises(MappingError, match=r"Columns: a, a_2.* and 4,960 more\.$"):
        map_columns(table, ColumnFlags(text=("zzz",)))


def test_names_of_columns_can_be_printed(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "id,\x1b[31mred\x1b[0m \u202ecomment," + "n" * 5000 + "\n1,x,y\n")
    assert read_file(path).columns == ["id", "[31mred[0m comment", "n" * 500 + "…"]


def test_what_is_drawn_as_nothing_is_no_text(tmp_path: Path) -> None:
    content = (
        "id,comment,nps\n1,\u200b\u200d,\n2,\u202e\u202c,7\n3,good app,9\n4,\u2800\u3164,\n5,\u200bslow app,3\n"
        "6,\u202eלא טוב\u202c,3\n7,\U0001f600,\n8,...,\n"
    )
    flags = ColumnFlags(text=("comment",), id="id", scores=("nps=nps",))
    texts, rejects = outcome(write(tmp_path, "a.csv", content), flags)
    assert [line for line, _ in texts] == [3, 4, 6, 7, 8, 9]
    assert texts[0] == (3, "")
    assert rejects == [Reject(line, "no text and no score") for line in (2, 5)]


def test_blank_lines_before_the_names_do_not_hide_them(tmp_path: Path) -> None:
    texts, _ = outcome(write(tmp_path, "a.csv", "\n" * 600 + "id;comment\n1;good app, here\n"))
    assert texts == [(602, "good app, here")]
    texts, _ = outcome(write(tmp_path, "b.csv", "\nsep=;\nid;comment\n1;good app, here\n"))
    assert texts == [(4, "good app, here")]


@pytest.mark.parametrize("name", ["csv", "jsonl", "parquet", "xlsx"])
def test_names_of_columns_are_no_patterns(tmp_path: Path, name: str) -> None:
    frame = pl.DataFrame({"*": ["r1"], "^c.*$": ["the app is slow"], "comment": [""], "{}": ["9"]})
    path = tmp_path / f"a.{name}"
    {
        "csv": frame.write_csv,
        "jsonl": frame.write_ndjson,
        "parquet": frame.write_parquet,
        "xlsx": frame.write_excel,
    }[name](path)
    assert read_file(path).columns == ["*", "c.*$", "comment", "{}"]
    texts, rejects = outcome(path, ColumnFlags(text=("^c.*$",), id="*", segments=("{}",), guess=False))
    assert ([text for _, text in texts], rejects) == (["the app is slow"], [])


@pytest.mark.parametrize("name", ["n[1]*.parquet", "n[1]?.csv", "*.jsonl"])
def test_a_name_with_wildcards_is_a_name(tmp_path: Path, name: str) -> None:
    other = {
        "parquet": parquet(),
        "csv": b"id,comment\n1,the app is slow\n",
        "jsonl": b'{"id":1,"comment":"the app is slow"}',
    }
    texts, _ = outcome(write(tmp_path, name, other[name.rpartition(".")[2]]))
    assert [text for _, text in texts] == ["the app is slow"]


# -- anything at all


@FUZZ
@given(
    suffix=st.sampled_from(["csv", "tsv", "txt", "jsonl", "parquet", "xlsx", "csv.gz"]),
    content=st.one_of(
        st.binary(max_size=300),
        st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")),
        st.text(alphabet="ab,;\"'\n\r\t\0\ufeff{}[]:\\", max_size=200).map(str.encode),
        st.text(max_size=100).map(lambda text: text.encode("utf-16", "surrogatepass")),
        st.binary(max_size=200).map(gzip.compress),
        st.tuples(st.sampled_from([PARQUET, WORKBOOK]), st.floats(0, 1), st.binary(min_size=1, max_size=20)).map(
            lambda damage: damaged(*damage)
        ),
    ),
)
def test_whatever_a_file_holds_the_answer_is_a_table_or_a_message(tmp_path: Path, suffix: str, content: bytes) -> None:
    try:
        table = read_file(write(tmp_path, f"a.{suffix}", content))
        n_batched = sum(frame.height for frame in table.batches(3))
        found = list(iter_rows(table, map_columns(table)))
    except FeedbackError as error:
        assert str(error).strip().endswith((".", "?"))
        return
    assert n_batched == table.n_rows == table.frame.height
    assert len({reject.line for reject in table.rejects} & set(table.frame[LINE])) == 0
    assert all(item.line in set(table.frame[LINE]) for item in found)


DAMAGES = {
    "width": b"x,y,z,a,b\n",
    "open": b'x,"never closed,3\n',
    "inner": b'x,"so "so" it is",3\n',
    "nul": b"x,a\0b,3\n",
    "bytes": b"x,a\xff\xfeb,3\n",
    "empty": b"\n,,\n \n",
}


@FUZZ
@given(
    rows=st.lists(
        st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1, max_size=30),
        min_size=1,
        max_size=8,
    ),
    damages=st.lists(st.tuples(st.integers(0, 8), st.sampled_from(sorted(DAMAGES))), max_size=4),
    ends=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_mangled_lines_never_cost_a_good_row(
    tmp_path: Path, rows: list[str], damages: list[tuple[int, str]], ends: str
) -> None:
    good = [[str(i), text, str(i % 11)] for i, text in enumerate(rows)]
    records: list[bytes] = []
    for row in good:
        out = io.StringIO(newline="")
        csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator=ends).writerow(row)
        records.append(out.getvalue().encode())
    for place, damage in damages:
        records.insert(min(place, len(records)), DAMAGES[damage])
    table = read_file(write(tmp_path, "a.csv", b"id,comment,nps\n" + b"".join(records)), encoding="utf-8")
    cells = [list(row) for row in table.frame.select(table.columns).iter_rows()]
    kept = {tuple(row[::2]): row[1] for row in cells}
    for number, text, score in good:
        # A line break and a byte order mark at its beginning are the file's as much as the writer's.
        assert kept[number, score].replace("\ufeff", "") == text.replace("\ufeff", "")
    n_bad = sum(damage != "empty" for _, damage in damages)
    assert (len(cells), len(table.rejects)) == (len(good), n_bad)


# -- on the command line


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("answers.csv", b"", "answers.csv is empty."),
        ("answers.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "answers.csv is a picture"),
        ("answers.xlsx", b"id,comment\n1,slow\n", "Name it .csv"),
        ("answers.csv.gz", gzip.compress(b"id,comment\n" * 50, mtime=0)[:-4], "not a whole gzip file"),
    ],
)
def test_ingest_refuses_with_one_line(shell: Shell, name: str, content: bytes, message: str) -> None:  # noqa: F811
    write(Path(), name, content)
    answer = shell("ingest", name)
    assert (answer.code, answer.out) == (1, "")
    assert message in answer.err
    assert "Traceback" not in answer.err


def test_ingest_takes_in_what_is_good_and_lists_the_rest(shell: Shell) -> None:  # noqa: F811
    content = (
        b'id,comment\n1,the app is slow\n2,"never closed\n3,sl\0ow\n4,caf\xff\n5,the queue is long\n6,\xe2\x80\x8b\n'
    )
    write(Path(), "answers.csv", content)
    answer = shell("ingest", "answers.csv", "--encoding", "utf-8", "--json")
    assert answer.code == 0
    assert (answer.json["n_added"], answer.json["n_rejected"]) == (2, 4)
    assert Path("answers.rejects.csv").read_text() == (
        f'file,line,kind,reason\nanswers.csv,3,row,"{QUOTE}"\n'.replace(
            QUOTE, "a quote is opened and never closed"
        ).replace('"', "")
        + "answers.csv,4,row,it holds NUL bytes\n"
        f"answers.csv,5,row,{NO_BYTES}\n"
        "answers.csv,7,row,no text and no score\n"
    )
