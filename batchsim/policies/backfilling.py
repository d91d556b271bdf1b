"""Backfilling: whether a job may start now on a host where room is promised to jobs ahead of it, by estimated times.

Aggressive is EASY backfilling (one promise, to the head), conservative promises room to every job ahead. Both are
what-ifs: AWS Batch does not backfill (User Guide, "Jobs stuck in RUNNABLE status").
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from batchsim.policies.packing import Size

FOREVER = 1 << 62

Freeing = tuple[int, Size]
"""An instant, and the room that comes free then; FOREVER for what nobody expects to end."""


class Profile:
    """The room that one host has free from now on, in steps: by what runs there and what is promised."""

    def __init__(self, free: Size, freeings: Iterable[Freeing], now_ms: int) -> None:
        """``free`` now; ``freeings`` in order of time, all of them after ``now_ms``."""
        self._at_ms = [now_ms]
        self._free = [free]
        for at_ms, size in freeings:
            if at_ms < FOREVER:
                self._step(at_ms)
                self._free[-1] = _more(self._free[-1], size, 1)

    def first(self, job: Size, length_ms: int) -> int | None:
        """Return the first instant from which there is room for a job of that length; None where there is none."""
        start: int | None = None
        for place, at_ms in enumerate(self._at_ms):
            if not _fits(self._free[place], job):
                start = None
            elif start is None:
                start = at_ms
            last = place + 1 == len(self._at_ms)
            if start is not None and (last or self._at_ms[place + 1] >= start + length_ms):
                return start
        return None

    def has_room_until(self, job: Size, until_ms: int) -> bool:
        """Whether there is room for a job from now to just before an instant."""
        steps = bisect_left(self._at_ms, until_ms)
        return all(_fits(free, job) for free in self._free[: max(1, steps)])

    def hold(self, job: Size, from_ms: int, to_ms: int) -> None:
        """Take room, from an instant on and up to another."""
        for at_ms in (from_ms, to_ms):
            if at_ms < FOREVER:
                self._step(at_ms)
        low, high = bisect_left(self._at_ms, from_ms), bisect_left(self._at_ms, to_ms)
        for place in range(low, high):
            self._free[place] = _more(self._free[place], job, -1)

    def _step(self, at_ms: int) -> None:
        """Let a step begin at an instant that is not before now."""
        place = bisect_left(self._at_ms, at_ms)
        if place == len(self._at_ms) or self._at_ms[place] != at_ms:
            self._at_ms.insert(place, at_ms)
            self._free.insert(place, self._free[place - 1])


def first_fit(free: Size, freeings: Iterable[Freeing], job: Size) -> int | None:
    """Return when a host has room for a job if nothing more starts there: NOW where it has, None where it never will.

    ``freeings`` in order of time.
    """
    if _fits(free, job):
        return NOW
    for at_ms, size in freeings:
        free = _more(free, size, 1)
        if _fits(free, job):
            return at_ms if at_ms < FOREVER else None
    return None


NOW = -1
"""Before every instant."""


def _fits(free: Size, job: Size) -> bool:
    return job[0] <= free[0] and job[1] <= free[1] and job[2] <= free[2]


def _more(free: Size, size: Size, sign: int) -> Size:
    return free[0] + sign * size[0], free[1] + sign * size[1], free[2] + sign * size[2]
