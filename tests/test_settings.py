"""Settings: which source wins, and what an unknown name or a bad value is answered with."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from feedback_nlp.errors import SettingError, did_you_mean
from feedback_nlp.settings import Settings, load_settings, setting_fields, sourced_settings


def refused(folder: Path, overrides: dict | None = None, env: dict[str, str] | None = None) -> str:
    with pytest.raises(SettingError) as caught:
        load_settings(overrides, folder=folder, env=env or {})
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_without_any_source_the_defaults_hold(tmp_path: Path):
    settings, sources = sourced_settings(folder=tmp_path, env={})
    assert settings == Settings()
    assert set(sources.values()) == {"default"}


def test_file_then_environment_then_flags(tmp_path: Path):
    (tmp_path / "feedback.toml").write_text(
        'encoder = "english"\nmax_themes = 10\nseed = 1\nlanguages = ["en", "ro"]\n', encoding="utf-8"
    )
    env = {"FEEDBACK_MAX_THEMES": "12", "FEEDBACK_SEED": "2", "FEEDBACK_AUTHOR": "Ana"}
    settings, sources = sourced_settings({"seed": 3, "db": None, "device": "cpu"}, folder=tmp_path, env=env)
    assert settings == Settings(
        encoder="english", max_themes=12, seed=3, languages=("en", "ro"), author="Ana", device="cpu"
    )
    assert {name: source for name, source in sources.items() if source != "default"} == {
        "encoder": "feedback.toml",
        "languages": "feedback.toml",
        "max_themes": "FEEDBACK_MAX_THEMES",
        "author": "FEEDBACK_AUTHOR",
        "seed": "flag",
        "device": "flag",
    }


def test_an_empty_variable_is_not_a_value(tmp_path: Path):
    assert load_settings(folder=tmp_path, env={"FEEDBACK_SEED": "", "FEEDBACK_DB": ""}) == Settings()


def test_the_current_folder_s_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "feedback.toml").write_text("low_base = 50\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert load_settings(env={}).low_base == 50


@pytest.mark.parametrize("given", ["en, ro,,ar", ["en", "ro", "ar"], ("en", "ro", "ar")])
def test_a_list_of_words_from_text_or_from_a_list(tmp_path: Path, given: object):
    assert load_settings({"languages": given}, folder=tmp_path, env={}).languages == ("en", "ro", "ar")


def test_an_unknown_name_in_each_source(tmp_path: Path):
    assert refused(tmp_path, {"enocder": "english"}) == (
        "--enocder: there is no setting 'enocder'. Did you mean 'encoder'?"
    )
    (tmp_path / "feedback.toml").write_text("max_theme = 3\n", encoding="utf-8")
    assert refused(tmp_path) == "feedback.toml: there is no setting 'max_theme'. Did you mean 'max_themes'?"


def test_a_name_like_no_other_is_answered_with_the_names_there_are(tmp_path: Path):
    names = ", ".join(field.name for field in setting_fields())
    assert refused(tmp_path, {"qqq": "1"}) == f"--qqq: there is no setting 'qqq'. Known: {names}."


@pytest.mark.parametrize("value", ["0", "101", "many", "2.5", "-1", 1.5, True])
def test_a_number_outside_its_rule(tmp_path: Path, value: object):
    field = next(field for field in setting_fields() if field.name == "themes_per_statement")
    assert (field.metadata["low"], field.metadata["high"]) == (1, 10)
    assert refused(tmp_path, {"themes_per_statement": value}) == (
        f"--themes-per-statement = {value!r}: themes_per_statement is a whole number from 1 to 10."
    )


def test_bounds_are_allowed(tmp_path: Path):
    for field in setting_fields():
        if "low" in field.metadata:
            for bound in (field.metadata["low"], field.metadata["high"]):
                assert getattr(load_settings({field.name: bound}, folder=tmp_path, env={}), field.name) == bound


def test_a_word_outside_its_choices(tmp_path: Path):
    assert refused(tmp_path, env={"FEEDBACK_DEVICE": "gpu"}) == (
        "FEEDBACK_DEVICE = 'gpu': device is one of auto, cpu, cuda."
    )


def test_a_number_is_not_a_list(tmp_path: Path):
    (tmp_path / "feedback.toml").write_text("languages = 3\n", encoding="utf-8")
    assert refused(tmp_path) == "feedback.toml = 3: languages is a list of words."


def test_a_broken_file_is_named_with_its_line(tmp_path: Path):
    (tmp_path / "feedback.toml").write_text("seed = 1\nencoder = english\n", encoding="utf-8")
    message = refused(tmp_path)
    assert message.startswith(f"{tmp_path / 'feedback.toml'} is not valid TOML (")
    assert "line 2" in message
    assert message.endswith("Mend that line or remove the file.")


def test_settings_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        Settings().seed = 3  # type: ignore[misc]


def test_every_setting_has_help_and_numbers_have_a_rule():
    assert [field.name for field in setting_fields() if not field.metadata["help"].endswith((".", "..."))] == []
    numbers = [field for field in setting_fields() if isinstance(field.default, int)]
    assert [
        field.name for field in numbers if not field.metadata["low"] <= field.default <= field.metadata["high"]
    ] == []


@pytest.mark.parametrize(
    ("name", "known", "said"),
    [
        ("NPS", ["nps", "csat"], " Did you mean 'nps'?"),
        ("coment", ["Comment", "date"], " Did you mean 'Comment'?"),
        ("zzz", ["nps", "csat"], " Known: nps, csat."),
        ("zzz", [], ""),
    ],
)
def test_did_you_mean(name: str, known: list[str], said: str):
    assert did_you_mean(name, known) == said
