"""The program's own commands, run in the process of the tests."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from feedback_nlp.cli import main


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
