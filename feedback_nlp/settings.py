"""Settings: one frozen table. Defaults, then ``feedback.toml``, then ``FEEDBACK_*``, then flags."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from feedback_nlp.errors import SettingError, did_you_mean

FILE_NAME = "feedback.toml"
ENV_PREFIX = "FEEDBACK_"


def _setting(default: Any, help_text: str, **rule: Any) -> Any:
    """A field with its help and its rule: ``low``/``high`` for numbers, ``choices`` for words."""
    return field(default=default, metadata={"help": help_text, **rule})


@dataclass(frozen=True, slots=True)
class Settings:
    """Every knob of the program. ``Settings()`` holds the defaults; see :func:`load_settings` for the rest."""

    db: str = _setting(
        "sqlite:///feedback.db", "Database URL: sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/NAME."
    )
    encoder: str = _setting(
        "multilingual",
        "Encoder: 'multilingual' or 'english' (bundled, offline), a plug-in, a folder, or a sentence-transformers id.",
    )
    encoder_prefix: str = _setting("", "Text put before each statement, for a model of one's own that wants one.")
    device: str = _setting("auto", "Where encoders run.", choices=("auto", "cpu", "cuda"))
    threads: int = _setting(0, "CPU threads for encoding; 0 uses every core.", low=0, high=1024)
    cache_dir: str = _setting("", "Folder for prepared encoder weights; empty means the user's cache folder.")
    batch_size: int = _setting(256, "Feedback read and stored in one transaction.", low=1, high=100_000)
    languages: tuple[str, ...] = _setting(
        (), "Languages the feedback can be in (ISO 639-1, comma-separated); empty means any the detector knows."
    )
    splitter: str = _setting(
        "rules",
        "How feedback is cut into statements: 'rules', a plug-in, or a trained spaCy pipeline's name or folder.",
    )
    workers: int = _setting(
        0,
        "Processes that clean, redact and split; 0 uses every core. The outcome does not depend on it.",
        low=0,
        high=64,
    )
    redact_names: str = _setting("on", "Whether names of people are replaced.", choices=("on", "off"))
    redact_deny: tuple[str, ...] = _setting((), "Words and phrases that are always replaced, such as project names.")
    redact_allow: tuple[str, ...] = _setting((), "Words and phrases that are never replaced, such as a product's name.")
    public_accounts: str = _setting(
        "keep",
        "Accounts such as @acme that 20 texts and 1 % of a file name: kept, or redacted.",
        choices=("keep", "redact"),
    )
    redact_recognizers: str = _setting("", "A YAML file of Presidio recognizers to add to the built-in ones.")
    originals: str = _setting(
        "", "Database URL for the texts as written, apart from the redacted ones; empty means they are not kept."
    )
    clusterer: str = _setting("evoc", "How statements are grouped: 'evoc', 'umap-hdbscan' or a plug-in's name.")
    min_theme_statements: int = _setting(
        0, "Least distinct statements in a sub-theme; 0 chooses by the size of the corpus.", low=0, high=100_000
    )
    max_themes: int = _setting(25, "Most top-level themes, so that a person can read them.", low=2, high=200)
    guided: str = _setting(
        "",
        "Codebook to look for beside discovered themes: 'starter', a CSV, XLSX, JSON or QDC file, or empty for none.",
    )
    sentiment: str = _setting(
        "bundled",
        "Sentiment: 'bundled', 'off', the file of a head that 'sentiment tune' wrote, a plug-in, or the folder or id "
        "of a transformers text-classification model.",
    )
    themes_per_statement: int = _setting(3, "Most themes that one statement can mention.", low=1, high=10)
    reading_language: str = _setting("en", "Language that theme labels prefer when a theme has several.")
    naming_url: str = _setting(
        "", "OpenAI-compatible endpoint that words theme labels, such as http://localhost:11434/v1; empty for none."
    )
    naming_model: str = _setting("", "Model to ask at naming_url.")
    naming_key_variable: str = _setting(
        "FEEDBACK_NAMING_API_KEY", "Environment variable that holds the key for naming_url, where it wants one."
    )
    discovery_sample: int = _setting(
        100_000, "Most distinct statements to learn themes from; the rest are tagged.", low=100, high=10_000_000
    )
    seed: int = _setting(0, "Seed of every random choice.", low=0, high=2**31 - 1)
    privacy_minimum: int = _setting(5, "Fewest people in a group whose figures may be shown.", low=1, high=1000)
    low_base: int = _setting(30, "Below this many scores, a score is marked as a low base.", low=1, high=10_000)
    author: str = _setting("", "Name written beside edits of themes; empty means the system's user name.")


def setting_fields() -> tuple[Field[Any], ...]:
    """The settings in the order in which they are shown; ``metadata['help']`` describes each."""
    return fields(Settings)


def load_settings(
    overrides: Mapping[str, Any] | None = None,
    *,
    folder: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> Settings:
    """Return the settings in force.

    ``overrides`` are flags (None means not given), ``folder`` is where ``feedback.toml`` may lie (default: the
    current one), ``env`` stands for ``os.environ``. Raises :class:`SettingError` for an unknown name or bad value.
    """
    return sourced_settings(overrides, folder=folder, env=env)[0]


def sourced_settings(
    overrides: Mapping[str, Any] | None = None,
    *,
    folder: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> tuple[Settings, dict[str, str]]:
    """Like :func:`load_settings`, with where each value comes from: default, the file, the variable or a flag."""
    env = os.environ if env is None else env
    sources = {f.name: "default" for f in setting_fields()}
    values: dict[str, Any] = {}
    path = (folder or Path.cwd()) / FILE_NAME
    if path.is_file():
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingError(f"{path} is not valid TOML ({error}). Mend that line or remove the file.") from None
        for name, value in table.items():
            values[name] = _checked(name, value, f"{FILE_NAME}")
            sources[name] = FILE_NAME
    for f in setting_fields():
        variable = ENV_PREFIX + f.name.upper()
        if env.get(variable):
            values[f.name] = _checked(f.name, env[variable], variable)
            sources[f.name] = variable
    for name, value in (overrides or {}).items():
        if value is not None:
            values[name] = _checked(name, value, f"--{name.replace('_', '-')}")
            sources[name] = "flag"
    return replace(Settings(), **values), sources


def _checked(name: str, value: Any, where: str) -> Any:
    """Return ``value`` as the setting's type, or raise with the value, the rule and the next step."""
    known = {f.name: f for f in setting_fields()}
    if name not in known:
        raise SettingError(f"{where}: there is no setting {name!r}.{did_you_mean(name, known)}")
    f = known[name]
    default = f.default if f.default is not MISSING else None
    rule = f.metadata
    try:
        if isinstance(default, tuple):
            parts = value.split(",") if isinstance(value, str) else value
            return tuple(str(part).strip() for part in parts if str(part).strip())
        if isinstance(default, int):
            if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
                raise ValueError(value)
            number = int(value)
            if not rule["low"] <= number <= rule["high"]:
                raise ValueError(value)
            return number
    except (TypeError, ValueError):
        if isinstance(default, int):
            raise SettingError(
                f"{where} = {value!r}: {name} is a whole number from {rule['low']} to {rule['high']}."
            ) from None
        raise SettingError(f"{where} = {value!r}: {name} is a list of words.") from None
    word = str(value)
    if "choices" in rule and word not in rule["choices"]:
        raise SettingError(f"{where} = {word!r}: {name} is one of {', '.join(rule['choices'])}.")
    return word
