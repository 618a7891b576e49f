"""The wheel holds all that travels with the program, and runs from it without the source tree."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.made_up import rows, write_csv, write_plugin

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("feedback_nlp", "models", ".streamlit", "app.py", "pyproject.toml", "README.md", "CHANGELOG.md")


def files_under(folder: Path) -> set[str]:
    return {
        path.relative_to(folder.parent).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy, so that nothing is left in the source tree."""
    folder = tmp_path_factory.mktemp("build")
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    command = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(folder / "dist"),
        str(folder),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    (built,) = (folder / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel by itself into a folder; its dependencies are those of this environment."""
    target = tmp_path_factory.mktemp("installed")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--quiet", "--target", target, wheel],
        check=True,
    )
    return target


def command(installed: Path, folder: Path, *words: str, plugin: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command of the installed wheel in ``folder``; the source tree is not on the path."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("FEEDBACK_", "PYTHON"))}
    env["PYTHONPATH"] = os.pathsep.join(str(path) for path in (installed, plugin) if path)
    return subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True)


def python(installed: Path, folder: Path, *words: str, plugin: Path | None = None) -> subprocess.CompletedProcess[str]:
    return command(installed, folder, sys.executable, *words, plugin=plugin)


def test_the_wheel_holds_the_package_the_app_and_the_artefacts(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    models = {f"feedback_nlp/{name}" for name in files_under(ROOT / "models")}
    expected = (
        files_under(ROOT / "feedback_nlp") | models | {"feedback_nlp/app.py", "feedback_nlp/.streamlit/config.toml"}
    )
    assert names == expected
    assert {"feedback_nlp/data/survey.csv", "feedback_nlp/data/survey_truths.json", "feedback_nlp/__main__.py"} <= names


def test_resources_are_found_inside_the_wheel(installed: Path, tmp_path: Path):
    code = (
        "from feedback_nlp.resources import resource_path\n"
        "for name in ('app.py', '.streamlit/config.toml', 'models', 'data/survey.csv', 'report/report.html.j2'):\n"
        "    print(resource_path(name))\n"
    )
    done = python(installed, tmp_path, "-c", code)
    package = installed / "feedback_nlp"
    assert (done.stderr, done.stdout.splitlines()) == (
        "",
        [
            str(package / name)
            for name in ("app.py", ".streamlit/config.toml", "models", "data/survey.csv", "report/report.html.j2")
        ],
    )


def test_the_script_and_the_module_run(installed: Path, tmp_path: Path):
    script = command(installed, tmp_path, sys.executable, str(installed / "bin" / "feedback-nlp"), "--version")
    module = python(installed, tmp_path, "-m", "feedback_nlp", "--version")
    assert (script.returncode, script.stdout) == (module.returncode, module.stdout)
    assert module.stdout.startswith("feedback-nlp, version ")
    settings = python(installed, tmp_path, "-m", "feedback_nlp", "settings", "--json")
    assert {row["source"] for row in json.loads(settings.stdout)} == {"default"}


def test_doctor_is_well(installed: Path, tmp_path: Path):
    done = python(installed, tmp_path, "-m", "feedback_nlp", "doctor", "--json")
    checks = {check["check"]: check["ok"] for check in json.loads(done.stdout)}
    assert (done.returncode, [name for name, ok in checks.items() if not ok]) == (0, [])
    assert {"encoder multilingual", "encoder english", "database"} <= set(checks)


def test_a_file_is_mined_from_another_folder(installed: Path, tmp_path: Path):
    write_csv(tmp_path / "answers.csv", rows(60))
    plugin = write_plugin(tmp_path / "plugin")
    # The tests' encoder without the source tree: just its two modules, in a package of their own.
    (plugin / "tests").mkdir()
    for name in ("__init__.py", "fake_encoder.py", "made_up.py"):
        shutil.copy(ROOT / "tests" / name, plugin / "tests" / name)
    words = ("-m", "feedback_nlp", "run", "answers.csv", "--json", "--set", "encoder=topic-encoder")
    done = python(installed, tmp_path, *words, plugin=plugin)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout)["ingest"]["n_added"] == 60
    assert (tmp_path / "feedback-report.html").stat().st_size > 10_000
    where = python(installed, tmp_path, "-c", "import feedback_nlp; print(feedback_nlp.__file__)")
    assert where.stdout.strip() == str(installed / "feedback_nlp" / "__init__.py")
