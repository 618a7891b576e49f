"""Who represents whom among texts that are nearly the same, in memory and without knowing where they are kept.

New texts take turns in one order. Each becomes a duplicate of the first representative that it is nearly the same as,
or else a representative itself: every duplicate is like its representative, and nobody drifts along a chain of
likenesses (a greedy maximal independent set of the graph of likenesses). Whoever represents stays one: a new text asks
the representatives there are and displaces none, so that what is told once stays true, and a night's work depends on
the night's texts and not on all that were stored before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

# When something was said, those without a time last, and its id: the order of what comes together.
Turn = tuple[bool, datetime, str]
# Representatives that one key is asked for: boilerplate in 50,000 texts must not make each meet all.
MOST_PER_KEY = 32
READ_AT_ONCE = 1000


def turn(created_at: datetime | None, feedback_id: str) -> Turn:
    """Return when it is a feedback's turn."""
    return created_at is None, created_at or datetime.min, feedback_id


class Neighbourhood(Protocol):
    """What is asked of the place where the texts are kept."""

    def keys(self, ids: Sequence[str]) -> Mapping[str, Sequence[int]]:
        """Return the keys of texts."""

    def representatives(self, keys: Sequence[int], most: int) -> Mapping[int, Sequence[Turn]]:
        """Return representatives of earlier runs by key, for each key at most so many, and always the same ones."""

    def read(self, ids: Iterable[str]) -> None:
        """Say which texts will be compared next, instead of those said before."""

    def alike(self, first: str, second: str) -> bool:
        """Return whether two texts are nearly the same."""


def settle(new: Iterable[Turn], place: Neighbourhood) -> dict[str, str | None]:
    """Give each new text its turn, and return their representatives, None for those that represent themselves."""
    upcoming = sorted(new)
    keys = place.keys([one[2] for one in upcoming])
    sharing: dict[int, int] = defaultdict(int)
    for some in keys.values():
        for key in some:
            sharing[key] += 1
    stored = place.representatives(sorted(sharing), MOST_PER_KEY)
    # By key, who can be asked: (whether new, turn), those of earlier runs first.
    leading: dict[int, list[tuple[bool, Turn]]] = {
        key: [(False, other) for other in sorted(stored.get(key, ()))]
        for key, count in sharing.items()
        if count > 1 or key in stored
    }
    targets: dict[str, str | None] = {}
    for start in range(0, len(upcoming), READ_AT_ONCE):
        some_new = upcoming[start : start + READ_AT_ONCE]
        asked = {one[2]: [leading[key] for key in keys.get(one[2], ()) if key in leading] for one in some_new}
        place.read(
            {name for name, lists in asked.items() if lists}
            | {other[2] for lists in asked.values() for leaders in lists for _, other in leaders}
        )
        for one in some_new:
            name = one[2]
            candidates = sorted({candidate for leaders in asked[name] for candidate in leaders})
            targets[name] = next((other[2] for _, other in candidates if place.alike(other[2], name)), None)
            if targets[name] is None:
                for leaders in asked[name]:
                    if len(leaders) < MOST_PER_KEY:
                        leaders.append((True, one))
    return targets
