"""What the commands share: flags, settings, progress bars on stderr, words or JSON on stdout."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from feedback_nlp.errors import FeedbackError, SettingError, UsageError
from feedback_nlp.records import NPS_SEGMENTS, View
from feedback_nlp.settings import Settings, load_settings

if TYPE_CHECKING:
    from feedback_nlp.store import Store

F = TypeVar("F", bound=Callable[..., Any])

STEPS = {
    "read": "Reading",
    "encode": "Encoding",
    "sentiment": "Scoring sentiment",
    "discover": "Discovering themes",
    "tag": "Tagging",
}


def common_options(command: F) -> F:
    """Add --db, --set and --json, and pass ``settings`` and ``as_json`` to the command."""

    def with_settings(*args: Any, db: str | None, overrides: tuple[str, ...], **kwargs: Any) -> Any:
        return command(*args, settings=settings_from(db, overrides), **kwargs)

    with_settings.__name__ = command.__name__
    with_settings.__doc__ = command.__doc__
    with_settings.__click_params__ = getattr(command, "__click_params__", [])  # type: ignore[attr-defined]
    decorated: Any = with_settings
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON on stdout."),
        click.option(
            "--set",
            "overrides",
            multiple=True,
            metavar="NAME=VALUE",
            help="Change a setting for this command; `feedback-nlp settings` lists them.",
        ),
        click.option("--db", metavar="URL", help="Database (default: the setting, sqlite:///feedback.db)."),
    ):
        decorated = option(decorated)
    return decorated


def settings_from(db: str | None, overrides: tuple[str, ...]) -> Settings:
    """Return the settings in force with ``--db`` and every ``--set NAME=VALUE`` on top."""
    flags: dict[str, Any] = {"db": db}
    for pair in overrides:
        name, sign, value = pair.partition("=")
        if not sign:
            raise SettingError(f"--set {pair!r}: write it as NAME=VALUE, such as --set encoder=english.")
        flags[name.strip().replace("-", "_")] = value.strip()
    return load_settings(flags)


@contextmanager
def open_store(settings: Settings, *, must_exist: bool = False) -> Iterator[Store]:
    """Open the database of the settings; with ``must_exist`` an SQLite file is not made by looking at it."""
    from feedback_nlp.errors import NothingToShow
    from feedback_nlp.store import Store

    file = settings.db.removeprefix("sqlite:///")
    if must_exist and file != settings.db and not Path(file).exists():
        raise NothingToShow(f"There is no database {file} yet. Start with: feedback-nlp run FILE")
    with Store.open(settings.db) as store:
        yield store


@contextmanager
def progress_bars(quiet: bool = False) -> Iterator[Callable[[str, int, int], None]]:
    """Yield a progress function that draws a bar on stderr for every step that takes over two seconds."""
    from tqdm import tqdm

    bars: dict[str, Any] = {}

    def show(step: str, done: int, total: int) -> None:
        if quiet:
            return
        if step not in bars:
            for bar in bars.values():
                bar.close()
            bars[step] = tqdm(total=total, desc=STEPS.get(step, step), file=sys.stderr, delay=2, leave=False)
        bar = bars[step]
        bar.total = total
        bar.update(done - bar.n)

    try:
        yield show
    finally:
        for bar in bars.values():
            bar.close()


def require_place(file: Path, what: str, settings: Settings, source: Path | None = None) -> None:
    """Raise before the work, not after it, when ``file`` cannot be written or is ``source`` or the database."""
    try:
        file.exists()
    except OSError as error:  # a name too long, or a folder that may not be looked into
        raise UsageError(f"The {what} cannot be {file} ({error.strerror}). Choose another place.") from None
    if not file.parent.is_dir():
        raise UsageError(f"The folder {file.parent} of the {what} does not exist. Make it, or choose another place.")
    database = Path(settings.db.removeprefix("sqlite:///"))
    for other, name in ((source, "the file that is read"), (database, "the database")):
        if other is not None and file.resolve() == other.resolve():
            raise UsageError(f"{file} is {name}: the {what} would overwrite it. Give the {what} another name.")
    if not os.access(file if file.exists() else file.parent, os.W_OK):
        raise FeedbackError(f"The {what} {file} may not be written. Check the rights, or choose another place.")


def say(text: str = "") -> None:
    """Print a line for a person on stdout."""
    click.echo(text)


def note(text: str) -> None:
    """Print a line for a person on stderr: what goes on, not the outcome."""
    click.echo(text, err=True)


def say_json(value: Any) -> None:
    """Print a value on stdout as one JSON document; dates as ISO strings, dataclasses as objects."""

    def plain(item: Any) -> Any:
        if is_dataclass(item) and not isinstance(item, type):
            return asdict(item)
        if isinstance(item, Mapping):
            return dict(item)
        if hasattr(item, "isoformat"):
            return item.isoformat()
        if hasattr(item, "item"):
            return item.item()
        return str(item)

    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=plain))


def view_options(command: F) -> F:
    """Add the flags that make a View: --where, --facet, --since, --until, --only-language, --only-nps."""
    decorated: Any = command
    for option in (
        click.option("--only-nps", multiple=True, type=click.Choice(NPS_SEGMENTS), help="Keep an NPS segment."),
        click.option("--only-language", multiple=True, metavar="CODE", help="Keep a language, such as 'ro'."),
        click.option("--until", metavar="DATE", help="Keep feedback before this ISO date."),
        click.option("--since", metavar="DATE", help="Keep feedback from this ISO date on."),
        click.option(
            "--facet",
            multiple=True,
            metavar="FACET=VALUE",
            help="Keep what a guided codebook's facet was told for, such as touchpoint=app; repeatable.",
        ),
        click.option("--where", multiple=True, metavar="SEGMENT=VALUE", help="Keep a segment's value; repeatable."),
    ):
        decorated = option(decorated)
    return decorated


def view_from(
    where: tuple[str, ...],
    facet: tuple[str, ...],
    since: str | None,
    until: str | None,
    only_language: tuple[str, ...],
    only_nps: tuple[str, ...],
) -> View:
    """Return the View that the flags of :func:`view_options` spell out."""
    segments = named_values(where, "where", "SEGMENT=VALUE, such as --where plan=Basic")
    facets = named_values(facet, "facet", "FACET=VALUE, such as --facet touchpoint=app")
    return View(
        segments=segments, facets=facets, languages=only_language, nps_segments=only_nps, since=since, until=until
    )


def named_values(words: tuple[str, ...], flag: str, form: str) -> dict[str, tuple[str, ...]]:
    """Return NAME=VALUE words by name, the values in their order. Raises UsageError for a word that is none."""
    found: dict[str, tuple[str, ...]] = {}
    for pair in words:
        name, sign, value = pair.partition("=")
        if not sign:
            raise UsageError(f"--{flag} {pair!r}: write it as {form}.")
        found[name] = (*found.get(name, ()), value)
    return found
