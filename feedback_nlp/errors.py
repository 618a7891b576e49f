"""What can go wrong, as one tree.

FeedbackError                   exit code 1: something in the data, the files or the machine
├── ReadError                   a file that cannot be read at all
├── StoreError                  the database: unreachable, locked, of a newer schema
├── EncoderError                weights missing, wrong hash, wrong dimensions
├── InstallationError           a file that ships with the program is not there
├── DiscoveryError              too little text to find themes in
├── NothingToShow               a view without rows, or below the privacy minimum
└── UsageError                  exit code 2: a flag, setting or name that cannot mean what it says
    ├── SettingError            an unknown or malformed setting
    └── MappingError            a column, score or scale that does not fit the file

Every message gives the value, the rule and the next step. Verbatim text never appears in one: ids only.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class FeedbackError(Exception):
    """Base of every error that a person is meant to read."""

    exit_code = 1


class ReadError(FeedbackError):
    """A file that cannot be read at all; single bad rows go to the rejects file instead."""


class StoreError(FeedbackError):
    """The database cannot be reached, is locked, or has a schema newer than this program."""


class EncoderError(FeedbackError):
    """An encoder's weights are missing, altered, or of other dimensions than the stored vectors."""


class InstallationError(FeedbackError, FileNotFoundError):
    """A file that ships with the program is not there, or may not be read."""


class DiscoveryError(FeedbackError):
    """There is too little text, or too little variety, to find themes in."""


class NothingToShow(FeedbackError):
    """The view holds no rows, or fewer people than the privacy minimum."""


class UsageError(FeedbackError):
    """What was asked for cannot mean what it says."""

    exit_code = 2


class SettingError(UsageError):
    """A setting with an unknown name or a value outside its rule."""


class MappingError(UsageError):
    """A column, score or scale that does not fit the file."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``" Did you mean 'x'?"`` when a known name is nearly right, else the list of known names."""
    choices = list(known)
    folded = {choice.casefold(): choice for choice in choices}
    close = get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.6)
    if close:
        return f" Did you mean {folded[close[0]]!r}?"
    return f" Known: {', '.join(choices)}." if choices else ""
