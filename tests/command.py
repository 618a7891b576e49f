"""The program's own commands, run in the process of the tests."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from feedback_nlp.cli import main
from tests.made_up import write_plugin


class Answer(NamedTuple):
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its stdout, which must be one JSON document."""
        return json.loads(self.out)


def run_command(capture: pytest.CaptureFixture[str], *words: object) -> Answer:
    """Run ``feedback-nlp WORDS`` and return what it said and how it ended."""
    capture.readouterr()
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    out, err = capture.readouterr()
    code = ended.value.code
    return Answer(code if isinstance(code, int) else 0, out, err)


def settle_in(monkeypatch: pytest.MonkeyPatch, folder: Path, *, plugin: Path | None = None) -> None:
    """Make ``folder`` the current one, with no settings from outside.

    With ``plugin``, a folder to write it to, the tests' encoder is at hand and chosen, and nothing scores sentiment.
    """
    for name in [name for name in os.environ if name.startswith("FEEDBACK_")]:
        monkeypatch.delenv(name)
    if plugin is not None:
        monkeypatch.syspath_prepend(str(write_plugin(plugin)))
        monkeypatch.setenv("FEEDBACK_ENCODER", "topic-encoder")
        monkeypatch.setenv("FEEDBACK_SENTIMENT", "off")  # it would load the bundled encoder for its tones
    folder.mkdir(exist_ok=True)
    monkeypatch.chdir(folder)
