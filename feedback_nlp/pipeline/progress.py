"""How far a step is: told to whoever shows it, a bar on stderr or a bar in the app."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]  # step ("read", "encode", ...), done, total


def silent(step: str, done: int, total: int) -> None:
    """Show nothing."""
