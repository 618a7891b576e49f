"""app, settings, doctor, prepare: the program and the machine that it runs on."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import click

from feedback_nlp.cli.shared import common_options, note, say, say_json, settings_from
from feedback_nlp.errors import FeedbackError
from feedback_nlp.settings import Settings, setting_fields, sourced_settings

PACKAGES = (
    "torch",
    "sentence-transformers",
    "bertopic",
    "evoc",
    "spacy",
    "presidio-analyzer",
    "scikit-learn",
    "streamlit",
    "polars",
)


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True, help="Port to listen on.")
@click.option("--host", default="localhost", show_default=True, help="Address to listen on.")
@click.option("--db", metavar="URL", help="Database (default: the setting).")
@click.option("--set", "overrides", multiple=True, metavar="NAME=VALUE", help="Change a setting for the app.")
def app(port: int, host: str, db: str | None, overrides: tuple[str, ...]) -> None:
    """Open the app in the browser."""
    from feedback_nlp.resources import resource_path

    settings = settings_from(db, overrides)
    env = dict(os.environ)
    for field in setting_fields():
        value = getattr(settings, field.name)
        env[f"FEEDBACK_{field.name.upper()}"] = ",".join(value) if isinstance(value, tuple) else str(value)
    note(f"The app is at http://{host}:{port} (stop it with Ctrl+C). Database: {without_password(settings.db)}")
    command = [sys.executable, "-m", "streamlit", "run", str(resource_path("app.py"))]
    command += [
        f"--server.port={port}",
        f"--server.address={host}",
        *_app_flags(resource_path(".streamlit/config.toml")),
    ]
    raise SystemExit(subprocess.call(command, env=env))


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print as JSON on stdout.")
@click.option("--db", metavar="URL", help="Database.")
@click.option("--set", "overrides", multiple=True, metavar="NAME=VALUE", help="Change a setting.")
def settings(as_json: bool, db: str | None, overrides: tuple[str, ...]) -> None:
    """List every setting, its value and where the value comes from.

    Values come from the defaults, then feedback.toml in this folder, then FEEDBACK_<NAME>, then flags.
    """
    settings_from(db, overrides)  # its errors name the flag
    flags: dict[str, Any] = {"db": db}
    flags |= {pair.partition("=")[0].strip().replace("-", "_"): pair.partition("=")[2] for pair in overrides}
    values, sources = sourced_settings(flags)
    rows = []
    for field in setting_fields():
        value = getattr(values, field.name)
        shown = ",".join(value) if isinstance(value, tuple) else value
        if field.name == "db":
            shown = without_password(str(shown))
        rows.append({"name": field.name, "value": shown, "source": sources[field.name], "help": field.metadata["help"]})
    if as_json:
        say_json(rows)
        return
    for row in rows:
        say(f"{row['name']:22} {row['value']!s:28} {row['source']:14} {row['help']}")


@click.command()
@common_options
def doctor(settings: Settings, as_json: bool) -> None:
    """Check the installation, the encoder and the database. Exit code 1 when something is wrong."""
    checks: list[dict[str, Any]] = [
        {"check": "python", "ok": sys.version_info >= (3, 11), "detail": platform.python_version()}
    ]
    for package in PACKAGES:
        try:
            checks.append({"check": package, "ok": True, "detail": version(package)})
        except PackageNotFoundError:
            checks.append(
                {"check": package, "ok": False, "detail": "not installed: run pip install feedback-nlp again"}
            )
    free = shutil.disk_usage(Path.cwd()).free / 2**30
    checks.append({"check": "disk", "ok": free > 1, "detail": f"{free:.1f} GiB free here"})
    from feedback_nlp.encoding import encoder_status

    checks += [{"check": name, "ok": ok, "detail": detail} for name, ok, detail in encoder_status(settings)]
    checks.append(_text_check(settings))
    checks.append(_database_check(settings))
    if as_json:
        say_json(checks)
    else:
        for check in checks:
            say(f"{'ok ' if check['ok'] else 'BAD'}  {check['check']:24} {check['detail']}")
    if not all(check["ok"] for check in checks):
        raise SystemExit(1)


@click.command()
@common_options
def prepare(settings: Settings, as_json: bool) -> None:
    """Do once what the first run would wait for: build the encoder's weights, compile the clusterer."""
    from feedback_nlp.encoding import prepare as prepare_encoder

    done = prepare_encoder(settings)
    note("Compiling the clusterer (once for this installation, about half a minute) ...")
    from feedback_nlp.themes.discovery.clustering import warm_up

    done.append(f"Clusterer compiled in {warm_up():.0f} s.")
    if as_json:
        say_json(done)
        return
    for line in done:
        say(line)


def without_password(url: str) -> str:
    """Return a database URL with its password hidden."""
    return re.sub(r"(://[^:/@]+):[^@]*@", r"\1:***@", url)


def _text_check(settings: Settings) -> dict[str, Any]:
    """Send one made-up text the whole way, so that every model and every setting about texts is tried."""
    from feedback_nlp.language.text_floor import TextFloor, WrittenText

    name = "text"
    try:
        (found,) = TextFloor(settings).prepare([WrittenText("Anna Smith is kind, but nobody answers 020 7946 0018.")])
    except FeedbackError as error:
        return {"check": name, "ok": False, "detail": str(error)}
    kinds = ", ".join(found.redactions) or "nothing"
    detail = f"languages, splitting ({settings.splitter}) and redaction work; a test text lost {kinds}"
    return {"check": name, "ok": True, "detail": detail}


def _database_check(settings: Settings) -> dict[str, Any]:
    from feedback_nlp.store import Store

    name = "database"
    file = settings.db.removeprefix("sqlite:///")
    if file != settings.db and not Path(file).exists():
        return {"check": name, "ok": True, "detail": f"{file} is not there yet; the first run makes it"}
    try:
        with Store.open(settings.db) as store:
            counts = store.counts()
    except FeedbackError as error:
        return {"check": name, "ok": False, "detail": str(error)}
    detail = f"{counts['feedback']:,} feedback, {counts['statements']:,} statements, {counts['themes']} themes"
    return {"check": name, "ok": True, "detail": detail}


def _app_flags(config: Path) -> list[str]:
    """Return the app's own config.toml as flags, so that it holds from whatever folder the app is started."""

    def flatten(table: dict[str, Any], prefix: str) -> list[str]:
        flags = []
        for name, value in table.items():
            if isinstance(value, dict):
                flags += flatten(value, f"{prefix}{name}.")
            elif isinstance(value, bool):
                flags.append(f"--{prefix}{name}={str(value).lower()}")
            elif isinstance(value, list):
                flags += [f"--{prefix}{name}={item}" for item in value]
            else:
                flags.append(f"--{prefix}{name}={value}")
        return flags

    return flatten(tomllib.loads(config.read_text(encoding="utf-8")), "")
