"""Where the files that travel with the program lie: inside an installed wheel, or at the top of the source tree."""

from __future__ import annotations

from pathlib import Path

from feedback_nlp.errors import InstallationError

_PACKAGE = Path(__file__).resolve().parent


def resource_path(name: str) -> Path:
    """Return the path of a shipped file or folder such as ``models/sentiment.json``, ``app.py`` or ``data/survey.csv``.

    Raises InstallationError when the installation lacks it.
    """
    for root in (_PACKAGE, _PACKAGE.parent):
        if (root / name).exists():
            return root / name
    raise InstallationError(f"{name} is not part of this installation. Install feedback-nlp again.")
