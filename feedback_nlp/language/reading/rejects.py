"""What could not be read, and the file that says so."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from feedback_nlp.errors import ReadError

RejectKind = Literal["row", "score", "date", "weight"]


@dataclass(frozen=True, slots=True)
class Reject:
    """Something that was not taken in: ``line`` is the 1-based physical line (row of a sheet or Parquet file).

    ``kind`` is "row" when the whole row was left out, "score", "date" or "weight" when it went in without that value.
    ``reason`` never holds text from the file, except short numeric-looking values.
    """

    line: int
    reason: str
    kind: RejectKind = "row"


def write_rejects(path: Path, rejects: Sequence[Reject], source_file: Path) -> None:
    """Write ``rejects`` to ``path`` as CSV with the columns file, line, kind and reason, by line.

    The rows themselves are not copied: they are not redacted, so that names, addresses or card numbers would be
    left on the disk in a second place. ``source_file`` and the line number lead back to them. Raises
    :class:`ReadError` when ``path`` cannot be written.
    """
    try:
        with path.open("w", encoding="utf-8", newline="") as handle:
            writer = csv.writer(handle, lineterminator="\n")
            writer.writerow(("file", "line", "kind", "reason"))
            for reject in sorted(rejects, key=lambda r: (r.line, r.kind, r.reason)):
                writer.writerow((source_file.name, reject.line, reject.kind, reject.reason))
    except OSError as error:
        raise ReadError(
            f"{path} cannot be written ({error.strerror}). The list of rejected rows needs a writable folder."
        ) from None
