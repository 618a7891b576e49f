"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from feedback_nlp.errors import FeedbackError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a file beside ``path`` that takes its place when all went well, and goes when it did not.

    Raises :class:`FeedbackError` when the disk refuses.
    """
    # In the same folder, so that the last step is one rename within a file system.
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(path)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise FeedbackError(f"{str(path)!r} could not be written ({reason}). Check the disk and the rights.") from None
    finally:
        part.unlink(missing_ok=True)
