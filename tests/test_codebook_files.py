"""Codebooks as files: they come back whole, load anywhere, say what is wrong with them, and old ones keep loading."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save

from feedback_nlp.errors import ReadError, UsageError
from feedback_nlp.records import Theme
from feedback_nlp.themes.codebook import Codebook, Facets, Prototypes
from feedback_nlp.themes.files import ARRAYS, WORDS, load_codebook_files, save_codebook
from feedback_nlp.themes.space import PreparedSpace, unit_rows
from feedback_nlp.themes.tagging import facets, tag

GOLDEN = Path(__file__).parent / "codebook_files" / "schema-1"
LANGUAGES = ["en", "ar", "pl", "sw", "en", "ar"]


def codebook(dimensions: int = 8, kept: int = 6) -> Codebook:
    """Themes at both levels, every kind of prototype, a facet, a guided theme and a map."""
    numbers = np.random.default_rng(2026)
    themes = (
        Theme("t_delivery", "Delivery", 1, None, "active", 0.4, {"en": ("parcel", "courier"), "ar": ("الطرد",)}),
        Theme("t_late", "Parcels come late", 2, "t_delivery", "active", 0.4, quote_ids=("s1", "s2"), n_statements=40),
        Theme("t_lost", "Parcels get lost", 2, "t_delivery", "candidate", 0.35, stability=0.4, n_statements=12),
        Theme("waiting", "Oczekiwanie", 1, None, "active", 0.5, source="guided", label_source="codebook"),
        Theme("t_hand", "Ținut deoparte", 1, None, "retired", 0.5, definition="Set apart by hand", source="person"),
    )
    prototypes = Prototypes(
        unit_rows(numbers.normal(size=(6, kept))),
        np.array([0.4, 0.35, 0.5, 0.45, 0.5, 1.0]),
        np.array([1, 2, 3, 3, 4, 1]),
        np.array([0, 0, 1, 1, 2, 3], np.int8),
    )
    space = PreparedSpace(
        numbers.normal(size=dimensions).astype(np.float32) / 10,
        ("ar", "en"),
        numbers.normal(size=(2, dimensions)).astype(np.float32) / 10,
        numbers.normal(size=(dimensions, kept)).astype(np.float32),
    )
    facet = Facets(("stage", "stage"), ("use", "support"), unit_rows(numbers.normal(size=(2, kept))), np.full(2, 0.3))
    guided = ({"theme_id": "waiting", "labels": {"pl": "Oczekiwanie"}, "phrases": {"pl": {"neutral": ["za długo"]}}},)
    centroids = unit_rows(numbers.normal(size=(5, kept)))
    return Codebook("0f1e2d3c", themes, centroids, prototypes, space, facet, guided, 7, 5)


def statements(dimensions: int = 8) -> np.ndarray:
    return unit_rows(np.random.default_rng(5).normal(size=(6, dimensions)))


def same(one: Codebook, other: Codebook) -> None:
    assert one.themes == other.themes
    assert one.facts() == other.facts()
    assert (one.encoder_key, one.version, one.base_version) == (other.encoder_key, other.version, other.base_version)
    assert {n: (a.dtype, a.tolist()) for n, a in one.arrays().items()} == {
        n: (a.dtype, a.tolist()) for n, a in other.arrays().items()
    }


def test_a_codebook_comes_back_whole(tmp_path: Path):
    book = codebook()
    save_codebook(book, tmp_path / "new" / "folder")
    back = load_codebook_files(tmp_path / "new" / "folder")
    same(back, book)
    one, other = tag(book, statements(), LANGUAGES), tag(back, statements(), LANGUAGES)
    for name in ("nearest", "similarity", "rows", "themes", "confidence", "margin", "reason", "review"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert sorted(path.name for path in (tmp_path / "new" / "folder").iterdir()) == [WORDS, ARRAYS]


def test_without_a_map_facets_or_guided_themes_too(tmp_path: Path):
    full = codebook(6, 6)
    bare = replace(full, space=replace(full.space, projection=None), facets=Facets(), guided=(), version=None)
    save_codebook(bare, tmp_path)
    same(load_codebook_files(tmp_path), bare)


def test_the_same_codebook_gives_the_same_bytes_and_another_replaces_it(tmp_path: Path):
    for name in ("a", "b"):
        save_codebook(codebook(), tmp_path / name)
    for part in (WORDS, ARRAYS):
        assert (tmp_path / "a" / part).read_bytes() == (tmp_path / "b" / part).read_bytes()
    other = replace(codebook(), version=8)
    save_codebook(other, tmp_path / "a")
    same(load_codebook_files(tmp_path / "a"), other)


def test_the_words_can_be_read_by_people(tmp_path: Path):
    save_codebook(codebook(), tmp_path)
    said = (tmp_path / WORDS).read_text(encoding="utf-8")
    assert "الطرد" in said
    assert "Ținut deoparte" in said
    assert json.loads(said)["themes"][1]["quote_ids"] == ["s1", "s2"]


def test_a_file_in_the_way_is_said(tmp_path: Path):
    (tmp_path / "taken").write_text("x", encoding="utf-8")
    with pytest.raises(UsageError, match="taken is a file; a codebook is written into a folder"):
        save_codebook(codebook(), tmp_path / "taken")
    with pytest.raises(UsageError, match="cannot be written"):
        save_codebook(codebook(), tmp_path / "taken" / "below")


# -- what can be wrong


def rewrite(folder: Path, change: Callable[[dict], object]) -> None:
    """Change the words and give them the checksum that fits."""
    words = json.loads((folder / WORDS).read_text(encoding="utf-8"))
    change(words)
    words.pop("sha256", None)
    said = json.dumps(words, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    words["sha256"] = hashlib.sha256(said.encode()).hexdigest()
    (folder / WORDS).write_text(json.dumps(words), encoding="utf-8")


def with_arrays(folder: Path, change: Callable[[dict], object]) -> None:
    arrays = load_file(folder / ARRAYS)
    change(arrays)
    packed = save(arrays)
    (folder / ARRAYS).write_bytes(packed)
    rewrite(folder, lambda words: words.update(arrays_sha256=hashlib.sha256(packed).hexdigest()))


def refused(folder: Path) -> str:
    """Return why the files in a folder are refused; the folder is named first."""
    with pytest.raises(ReadError) as caught:
        load_codebook_files(folder)
    assert str(caught.value).startswith(f"{folder}: ")
    return str(caught.value)


@pytest.mark.parametrize("part", [WORDS, ARRAYS])
def test_a_missing_part_is_said(tmp_path: Path, part: str):
    save_codebook(codebook(), tmp_path)
    (tmp_path / part).unlink()
    with pytest.raises(ReadError, match=f"{part} is missing: a codebook is {WORDS} and {ARRAYS} in one folder"):
        load_codebook_files(tmp_path)


@pytest.mark.parametrize("part", [WORDS, ARRAYS])
@pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.99])
def test_a_part_cut_off_is_said(tmp_path: Path, part: str, kept: float):
    save_codebook(codebook(), tmp_path)
    whole = (tmp_path / part).read_bytes()
    (tmp_path / part).write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(ReadError, match="damaged"):
        load_codebook_files(tmp_path)


def test_any_changed_byte_of_the_arrays_is_noticed(tmp_path: Path):
    save_codebook(codebook(), tmp_path)
    whole = bytearray((tmp_path / ARRAYS).read_bytes())
    for place in range(0, len(whole), 37):
        changed = whole.copy()
        changed[place] ^= 1
        (tmp_path / ARRAYS).write_bytes(changed)
        with pytest.raises(ReadError, match="its checksum is not the one in codebook"):
            load_codebook_files(tmp_path)


def test_a_theme_changed_by_hand_is_noticed(tmp_path: Path):
    save_codebook(codebook(), tmp_path)
    said = (tmp_path / WORDS).read_text(encoding="utf-8")
    (tmp_path / WORDS).write_text(said.replace("Parcels come late", "Parcels come early"), encoding="utf-8")
    with pytest.raises(ReadError, match="changed after it was saved: its checksum does not fit"):
        load_codebook_files(tmp_path)


def test_laid_out_otherwise_it_is_the_same(tmp_path: Path):
    save_codebook(codebook(), tmp_path)
    rewrite(tmp_path, lambda words: None)
    same(load_codebook_files(tmp_path), codebook())


@pytest.mark.parametrize("content", ["[]", "{}", '{"format": "another"}', "null", "7"])
def test_another_file_of_that_name_is_said(tmp_path: Path, content: str):
    save_codebook(codebook(), tmp_path)
    (tmp_path / WORDS).write_text(content, encoding="utf-8")
    with pytest.raises(ReadError, match="is no codebook of this program"):
        load_codebook_files(tmp_path)


def test_a_newer_schema_is_said_before_anything_else(tmp_path: Path):
    save_codebook(codebook(), tmp_path)
    rewrite(tmp_path, lambda words: (words.update(schema=2, new="?"), words.pop("themes")))
    with pytest.raises(ReadError, match="schema 2, this program reads schemas up to 1: a newer one wrote it"):
        load_codebook_files(tmp_path)
    rewrite(tmp_path, lambda words: words.update(schema="one"))
    with pytest.raises(ReadError, match="schema 'one' is no number"):
        load_codebook_files(tmp_path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda words: words.pop("themes"), "no 'themes'"),
        (lambda words: words["themes"].pop(), "centroids are (5, 6); with its themes they are (4, 6)"),
        (lambda words: words["themes"][0].pop("label"), "label"),
        (lambda words: words["themes"][0].update(state="great"), "a state, source or level that does not exist"),
        (
            lambda words: words["themes"][1].update(parent_id="nobody"),
            "The parent 'nobody' of sub-theme 't_late' is not in the codebook",
        ),
        (lambda words: words["themes"][1].update(theme_id="t_delivery"), "'t_delivery' comes twice"),
        (
            lambda words: words["facts"].update(languages=["en"]),
            "language_means are (2, 8); with its themes they are (1, 8)",
        ),
        (lambda words: words["facts"].pop("facet_names"), "no 'facet_names'"),
        (lambda words: words.update(themes=3), "not iterable"),
    ],
)
def test_words_that_do_not_fit_are_said(tmp_path: Path, change: Callable[[dict], object], said: str):
    save_codebook(codebook(), tmp_path)
    rewrite(tmp_path, change)
    assert said in refused(tmp_path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda arrays: arrays.pop("centroids"), "without ['centroids']"),
        (lambda arrays: arrays.pop("projection"), "centroids are (5, 6); with its themes they are (5, 8)"),
        (
            lambda arrays: arrays.update(prototype_themes=np.array([0, 0, 0, 0, 0, 9])),
            "prototype_themes run from 0 to 9",
        ),
        (lambda arrays: arrays.update(prototype_kinds=np.full(6, 9, np.int8)), "prototype_kinds run from 9 to 9"),
        (
            lambda arrays: arrays.update(prototypes=np.ones((6, 5), np.float32)),
            "prototypes are (6, 5); with its themes they are (6, 6)",
        ),
        (lambda arrays: arrays.update(centroids=np.full((5, 6), np.nan, np.float32)), "values that are no numbers"),
        (lambda arrays: arrays.update(corpus_mean=np.ones((8, 1), np.float32)), "corpus_mean are (8, 1)"),
    ],
)
def test_arrays_that_do_not_fit_are_said(tmp_path: Path, change: Callable[[dict], object], said: str):
    save_codebook(codebook(), tmp_path)
    with_arrays(tmp_path, change)
    assert said in refused(tmp_path)


def test_a_part_of_a_theme_that_came_later_has_its_default(tmp_path: Path):
    save_codebook(codebook(), tmp_path)
    rewrite(tmp_path, lambda words: [theme.pop("is_emerging") for theme in words["themes"]])
    same(load_codebook_files(tmp_path), codebook())


# -- anywhere, and for long


ANYWHERE = """
import sys
BARRED = {"bertopic", "umap", "hdbscan", "numba", "evoc", "sklearn", "scipy", "torch", "polars", "sqlalchemy",
          "onnxruntime", "transformers", "sentence_transformers", "pandas", "streamlit"}
class Bar:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BARRED:
            raise ImportError(f"{name} must not be needed")
sys.meta_path.insert(0, Bar())
from pathlib import Path
import numpy as np
from feedback_nlp.themes.files import load_codebook_files
from feedback_nlp.themes.tagging import facets, tag
book = load_codebook_files(Path(sys.argv[1]))
rows = np.load(sys.argv[2])
languages = sys.argv[3].split(",")
found = tag(book, rows, languages)
print([book.themes[row].theme_id for row in found.themes], found.rows.tolist(), facets(book, rows, languages))
assert not BARRED & set(sys.modules)
"""


def test_it_loads_and_tags_without_what_found_it(tmp_path: Path):
    save_codebook(codebook(), tmp_path)
    np.save(tmp_path / "rows.npy", statements())
    command = [sys.executable, "-c", ANYWHERE, str(tmp_path), str(tmp_path / "rows.npy"), ",".join(LANGUAGES)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = tag(codebook(), statements(), LANGUAGES)
    ids = [codebook().themes[row].theme_id for row in found.themes]
    assert done.stdout.strip() == f"{ids} {found.rows.tolist()} {facets(codebook(), statements(), LANGUAGES)}"
    assert ids


def test_an_old_file_keeps_loading_and_tags_as_it_did():
    """The files were written when schema 1 was made. They are never written again: a change that fails here needs
    another schema."""
    book = load_codebook_files(GOLDEN)
    expected = json.loads((GOLDEN / "expected.json").read_text(encoding="utf-8"))
    rows = np.array(expected["vectors"], np.float32)
    found = tag(book, rows, expected["languages"])
    assert book.themes == codebook().themes
    assert book.facts() == codebook().facts()
    assert found.similarity.tolist() == expected["similarity"]
    assert found.labels().tolist() == expected["labels"]
    pairs = [[row, book.themes[number].theme_id] for row, number in zip(found.rows.tolist(), found.themes, strict=True)]
    assert pairs == expected["mentions"]
    assert facets(book, rows, expected["languages"]) == expected["facets"]
