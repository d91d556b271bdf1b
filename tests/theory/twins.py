"""Recursions beside those of the selftest: boots, two sizes of jobs, patience, closed networks."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from heapq import heappop, heappush, heapreplace

from batchsim.records.tables import NEVER, Ints
from batchsim.selftest.recursions import Recorded


def rows(*columns: Ints) -> Iterator[tuple[int, ...]]:
    """Columns as rows of plain numbers."""
    return zip(*(column.tolist() for column in columns), strict=True)


def scaled_to_zero(jobs: Recorded, boots: Sequence[int], most: int) -> list[int]:
    """Starts where an instance boots for each that waits, at most so many in all, and goes the moment it idles."""
    came, work = jobs.came.tolist(), jobs.work.tolist()
    starts = [0] * len(came)
    arrivals, waiting = deque(range(len(came))), deque[int]()
    busy: list[int] = []
    booting: list[int] = []
    launched = 0
    while arrivals or busy or booting:
        now = min([*busy, *booting, *([came[arrivals[0]]] if arrivals else [])])
        idle = busy.count(now) + booting.count(now)
        busy, booting = [end for end in busy if end != now], [ready for ready in booting if ready != now]
        while arrivals and came[arrivals[0]] == now:
            waiting.append(arrivals.popleft())
        while waiting and idle:
            row, idle = waiting.popleft(), idle - 1
            starts[row] = now
            busy.append(now + work[row])
        while len(booting) < len(waiting) and len(busy) + len(booting) < most:
            booting.append(now + boots[launched])
            launched += 1
    return starts


def two_sizes(jobs: Recorded) -> list[int]:
    """Starts on two slots, strictly in order; jobs of the file's second entry need both."""
    free, before, starts = [0, 0], 0, []
    for came, work, wide in rows(jobs.came, jobs.work, jobs.entry):
        before = max(came, before, free[wide])
        starts.append(before)
        free = [before + work] * 2 if wide else sorted([before + work, free[1]])
    return starts


def impatient(jobs: Recorded, servers: int, patience_ms: int) -> list[int]:
    """Starts of those that need not wait so long; NEVER for the others."""
    free_at, starts = [0] * servers, []
    for came, work in rows(jobs.came, jobs.work):
        start = max(came, free_at[0])
        starts.append(start if start - came < patience_ms else NEVER)
        if starts[-1] != NEVER:
            heapreplace(free_at, start + work)
    return starts


def users(jobs: Recorded, servers: int) -> dict[tuple[int, int], int]:
    """Starts by (entry, user) of jobs on the slots; entries alternate between thinking and working."""
    work = {(entry, user): took for entry, user, took in rows(jobs.entry, jobs.occurrence, jobs.work)}
    turns = rows(jobs.entry, jobs.occurrence, jobs.came)
    arrivals = sorted((came + work[0, user], 1, user) for entry, user, came in turns if entry == 0)
    free_at, starts = [0] * servers, {}
    while arrivals:
        came, entry, user = heappop(arrivals)
        start = starts[entry, user] = max(came, free_at[0])
        if (entry, user) not in work:
            continue
        end = start + work[entry, user]
        heapreplace(free_at, end)
        if (entry + 1, user) in work:
            heappush(arrivals, (end + work[entry + 1, user], entry + 2, user))
    return starts
