"""What the README says is so: its commands parse, its files exist, its settings and defaults are the program's."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from feedback_nlp.cli import cli
from feedback_nlp.language.reading.scales import parse_score_flag
from feedback_nlp.records import NON_ANSWER_KINDS
from feedback_nlp.settings import load_settings, setting_fields

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TEXTS = [README, (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), (ROOT / "Makefile").read_text(encoding="utf-8")]
SETTINGS = {field.name: field for field in setting_fields()}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def commands() -> Iterator[str]:
    """Every feedback-nlp command line in a code block, lines that go on joined."""
    for block in blocks("bash"):
        for line in block.replace("\\\n", " ").splitlines():
            for part in re.split(r"&&|\|\||;|>>", line):
                start = re.search(r"(?:^|\s)(feedback-nlp .*)", part)
                if start:
                    yield " ".join(start[1].split())


def parse(words: list[str]) -> click.Context:
    """Parse a command line as click does, without running it."""
    command: click.Command = cli
    context = click.Context(cli, info_name="feedback-nlp")
    while isinstance(command, click.Group):
        name, *words = words
        assert name in command.commands, f"there is no command {name!r}"
        command = command.commands[name]
        context = command.make_context(name, [], parent=context, resilient_parsing=True)
        context = context if isinstance(command, click.Group) else context.parent  # type: ignore[assignment]
    return command.make_context(command.name, words, parent=context)


@pytest.mark.parametrize("line", sorted(set(commands())))
def test_a_command_parses(line: str):
    context = parse(shlex.split(line)[1:])
    for pair in context.params.get("overrides", ()):
        name, _, value = pair.partition("=")
        load_settings({name: value}, folder=ROOT / "tests", env={})
    for raw in context.params.get("scores", ()):
        parse_score_flag(raw, [raw.partition("=")[2].partition(":")[0]])


def test_the_main_commands_are_shown():
    shown = {" ".join(word for word in line.split()[1:3] if word.isalpha()) for line in commands()}
    assert {"run", "ingest", "discover", "tag", "app", "settings", "themes list", "themes rename"} <= shown
    assert {"report", "export statements", "evaluate"} <= shown


def test_a_command_that_does_not_exist_would_be_seen():
    with pytest.raises(click.UsageError):
        parse(["run", "answers.csv", "--no-such-flag"])
    with pytest.raises(AssertionError):
        parse(["themes", "renam"])


def test_commands_named_in_passing_exist():
    named = {words for text in TEXTS for words in re.findall(r"`feedback-nlp ([a-z]+)", text)}
    assert named <= set(cli.commands)
    assert "doctor" in named


def test_every_flag_named_in_passing_exists():
    known = {opt for command in every_command(cli) for param in command.params for opt in param.opts}
    prose = re.sub(r"```.*?```", "", README, flags=re.DOTALL)
    assert set(re.findall(r"`(--[a-z-]+)", prose)) - known == set()


def every_command(group: click.Group) -> Iterator[click.Command]:
    for command in group.commands.values():
        yield command
        if isinstance(command, click.Group):
            yield from every_command(command)


def test_every_make_target_exists():
    targets = set(re.findall(r"^([a-z]+):", TEXTS[2], re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z]+)", "\n".join(blocks("bash")) + "".join(re.findall(r"`[^`\n]*`", README))))
    assert {"demo", "test", "check"} <= named <= targets


def test_every_link_leads_to_a_file():
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert len(links) >= 6
    assert [link for link in links if "://" not in link and not (ROOT / link).exists()] == []


def test_every_path_named_exists():
    quoted = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", README, flags=re.DOTALL))
    paths = [words for words in quoted if re.fullmatch(r"[\w./-]*(?:/[\w.-]+|\.py|\.toml|\.md)", words)]
    made_by_the_user = {"feedback.toml", "demo/report.html"}
    assert ".ci/run" in paths
    assert [path for path in paths if path not in made_by_the_user and not (ROOT / path).exists()] == []


def test_settings_shown_are_the_defaults():
    table = tomllib.loads("\n".join(blocks("toml")))
    defaults = {name: SETTINGS[name].default for name in table}
    assert {name: list(value) if isinstance(value, tuple) else value for name, value in defaults.items()} == table


def test_settings_named_in_passing_exist():
    prose = re.sub(r"```.*?```", "", README, flags=re.DOTALL)
    named = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", prose))
    assert named <= {*SETTINGS, *NON_ANSWER_KINDS}
    assert {"privacy_minimum", "low_base"} <= named
    variables = set(re.findall(r"FEEDBACK_([A-Z_]+)", README))
    assert {name.lower() for name in variables} <= set(SETTINGS)


def test_formats_and_limits_are_the_program_s():
    from feedback_nlp.errors import ReadError
    from feedback_nlp.export_files import WRITERS
    from feedback_nlp.language.reading.files import read_file
    from feedback_nlp.themes.discovery.discover import FEWEST

    (written,) = re.findall(r"`customers` as ([^;]*);", README)
    assert set(re.findall(r"\.[a-z]+", written)) == set(WRITERS)
    (read,) = re.findall(r"^Read are (.*?);", README, re.MULTILINE)
    with pytest.raises(ReadError) as refused:
        read_file(ROOT / "README.md")
    assert set(re.findall(r"\.[a-z]+", read)) <= set(
        re.findall(r"\.[a-z]+", str(refused.value).partition("Read are")[2])
    )
    assert f"at least {FEWEST} distinct statements" in README


def test_the_score_table_is_what_flags_accept():
    rows = re.findall(r"^\| `([a-zA-Z]+=COLUMN[^`]*)` \|", README, re.MULTILINE)
    assert [row.partition("=")[0] for row in rows] == [
        *("nps", "csat", "stars", "likely", "ces", "NAME"),
        *("churn", "fcr", "resolution", "NAME"),
    ]
    for row in rows:
        parse_score_flag(row.replace("MIN-MAX", "0-3"), ["COLUMN"])


def test_the_languages_are_the_six():
    assert "English, Romanian, Russian, Italian, Arabic and Polish are equals" in README


def test_the_size_of_the_bundled_survey():
    lines = (ROOT / "feedback_nlp/data/survey.csv").read_text(encoding="utf-8").count("\nR")
    assert f"{lines:,} answers" in README
