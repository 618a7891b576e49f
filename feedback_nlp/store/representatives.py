"""Who represents whom among texts that are nearly the same, in memory and without knowing where they are kept.

Texts take turns in one order. Each becomes a duplicate of the first representative that it is nearly the same as, or
else a representative itself: every duplicate is like its representative, and nobody drifts along a chain of likenesses.
The outcome is that of the whole set, in whatever pieces it came (the lexicographically first maximal independent set,
kept up as in Assadi et al. 2018, https://doi.org/10.1145/3188745.3188922): a text whose role changes calls up again
just those after it that this can concern.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

# When something was said, those without a time last, and its id: who is first stays so when newer feedback comes.
Turn = tuple[bool, datetime, str]
# Representatives that one key is asked for, the first ones: boilerplate in 50,000 texts must not make each meet all.
MOST_PER_KEY = 32
READ_AT_ONCE = 1000


def turn(created_at: datetime | None, feedback_id: str) -> Turn:
    """Return when it is a feedback's turn."""
    return created_at is None, created_at or datetime.min, feedback_id


@dataclass(frozen=True, slots=True)
class Member:
    """A text under a key, as an earlier run left it. ``target`` is its representative's turn, None where it is one."""

    key: int
    turn: Turn
    target: Turn | None


class Neighbourhood(Protocol):
    """What is asked of the place where the texts are kept."""

    def load(self, ids: Sequence[str]) -> tuple[Mapping[str, Sequence[int]], Iterable[Member]]:
        """Return the keys of texts, as far as others share them, and all that earlier runs left under these keys."""

    def followers(self, name: str) -> Iterable[Turn]:
        """Return the texts that an earlier run made duplicates of this one."""

    def read(self, ids: Iterable[str], *, more: bool = False) -> None:
        """Say which texts will be compared next, instead of those said before or with them."""

    def alike(self, first: str, second: str) -> bool:
        """Return whether two texts are nearly the same."""


class Representatives:
    """Texts by their turns, and the roles they have now."""

    def __init__(self, neighbourhood: Neighbourhood) -> None:
        self._place = neighbourhood
        self._targets: dict[str, str | None] = {}  # of those who had their turn in this run
        self._before: dict[str, Turn | None] = {}  # what earlier runs decided
        self._keys: dict[str, Sequence[int]] = {}
        self._leading: dict[int, list[Turn]] = defaultdict(list)  # by key, in order
        self._following: dict[int, dict[Turn, Turn]] = defaultdict(dict)  # by key: duplicates of earlier runs
        self._known: set[int] = set()
        self._queue: list[Turn] = []
        self._queued: set[str] = set()

    def settle(self, new: Iterable[Turn]) -> dict[str, str | None]:
        """Give each new text its turn, and whoever that concerns; return their targets, None for representatives."""
        upcoming = sorted(new)
        self._load([one[2] for one in upcoming])
        for start in range(0, len(upcoming), READ_AT_ONCE):
            for one in upcoming[start : start + READ_AT_ONCE]:
                self._call(one)
            self._read([one[2] for one in self._queue])
            end = upcoming[start + READ_AT_ONCE : start + READ_AT_ONCE + 1]
            while self._queue and (not end or self._queue[0] < end[0]):
                self._decide(heapq.heappop(self._queue))
        return self._targets

    def _call(self, one: Turn) -> None:
        if one[2] not in self._queued:
            self._queued.add(one[2])
            heapq.heappush(self._queue, one)

    def _load(self, ids: Sequence[str]) -> None:
        found, members = self._place.load(ids)
        for name in ids:
            self._keys[name] = found.get(name, ())
        for member in members:
            name = member.turn[2]
            if member.key in self._known:
                continue
            self._before[name] = member.target
            if name in self._targets:
                if self._targets[name] is None:
                    insort(self._leading[member.key], member.turn)
            elif member.target is None:
                insort(self._leading[member.key], member.turn)
            else:
                self._following[member.key][member.turn] = member.target
        self._known.update(key for keys in found.values() for key in keys)

    def _read(self, ids: Iterable[str]) -> None:
        wanted = set()
        for name in ids:
            if keys := self._keys.get(name):
                wanted.add(name)
                wanted.update(other[2] for key in keys for other in self._leading[key][:MOST_PER_KEY])
        self._place.read(wanted)

    def _decide(self, one: Turn) -> None:
        name = one[2]
        if name not in self._keys:
            self._load([other[2] for other in (one, *self._queue) if other[2] not in self._keys])
        candidates: set[Turn] = set()
        for key in self._keys[name]:
            first = self._leading[key][:MOST_PER_KEY]
            candidates.update(first[: bisect_left(first, one)])
        target = next((other for other in sorted(candidates) if self._place.alike(other[2], name)), None)
        led = name in self._before and self._before[name] is None
        self._targets[name] = None if target is None else target[2]
        for key in self._keys[name]:
            self._following[key].pop(one, None)
        if target is None and not led:
            self._begin_to_lead(one)
        elif target is not None and led:
            self._cease_to_lead(one)

    def _begin_to_lead(self, one: Turn) -> None:
        for key in self._keys[one[2]]:
            leading = self._leading[key]
            insort(leading, one)
            place = bisect_left(leading, one)
            if place < MOST_PER_KEY:
                self._call_those_after(one, key)
                if len(leading) > MOST_PER_KEY:  # one is no longer asked for
                    self._call_followers(leading[MOST_PER_KEY])

    def _cease_to_lead(self, one: Turn) -> None:
        self._call_followers(one)
        for key in self._keys[one[2]]:
            leading = self._leading[key]
            place = bisect_left(leading, one)
            del leading[place]
            if place < MOST_PER_KEY <= len(leading):  # another is asked for from now on
                self._call_those_after(leading[MOST_PER_KEY - 1], key)

    def _call_followers(self, one: Turn) -> None:
        for other in self._place.followers(one[2]):
            self._call(other)

    def _call_those_after(self, one: Turn, key: int) -> None:
        """Call up who would now be a duplicate of this one: who follows somebody later, or leads."""
        leading = self._leading[key]
        after = leading[bisect_left(leading, one) + 1 :]
        after += [other for other, target in self._following[key].items() if one < other and one < target]
        after = [other for other in after if other[2] not in self._queued]
        for start in range(0, len(after), READ_AT_ONCE):
            some = after[start : start + READ_AT_ONCE]
            self._place.read([other[2] for other in some], more=True)
            for other in some:
                if self._place.alike(one[2], other[2]):
                    self._call(other)
