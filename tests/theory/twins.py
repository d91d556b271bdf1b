"""Slow, plain recursions that know each job's start from its arrival and its run time alone; whole milliseconds."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush, heapreplace
from typing import Any

import numpy as np

from batchsim.records.tables import NEVER


@dataclass(frozen=True)
class Recorded:
    """What a run recorded of each job, in the order of submission: by instant, then by row."""

    came: list[int]
    work: list[int]
    started: list[int]
    """NEVER where it did not."""
    queue: list[int]
    entry: list[int]
    occurrence: list[int]


def recorded(result: Any) -> Recorded:
    """The jobs of a run, each of one attempt."""
    records = result.records
    calls = records.jobs.submission
    came = records.submissions.created_at_ms[calls]
    started = np.full(len(calls), NEVER)
    started[records.attempts.job] = records.attempts.starting_at_ms
    order = np.argsort(came, kind="stable")
    order = order[came[order] != NEVER]
    columns = (
        came,
        records.jobs.work_ms,
        started,
        records.submissions.queue[calls],
        records.submissions.entry[calls],
        records.submissions.occurrence[calls],
    )
    return Recorded(*(column[order].tolist() for column in columns))


def first_come(jobs: Recorded, servers: int) -> list[int]:
    """Starts on so many slots, first come first served."""
    free_at, starts = [0] * servers, []
    for came, work in zip(jobs.came, jobs.work, strict=True):
        starts.append(max(came, free_at[0]))
        heapreplace(free_at, starts[-1] + work)
    return starts


def by_priority(jobs: Recorded) -> list[int]:
    """Starts on one slot where the first queue of the file goes before the second; nobody is interrupted."""
    starts, now, left = [0] * len(jobs.came), 0, list(range(len(jobs.came)))
    waiting: list[tuple[int, int]] = []
    arrivals = deque(left)
    while arrivals or waiting:
        if not waiting:
            now = max(now, jobs.came[arrivals[0]])
        while arrivals and jobs.came[arrivals[0]] <= now:
            row = arrivals.popleft()
            heappush(waiting, (jobs.queue[row], row))
        _, row = heappop(waiting)
        starts[row] = now
        now += jobs.work[row]
    return starts


def scaled_to_zero(jobs: Recorded, boots: Sequence[int], most: int) -> list[int]:
    """Starts where an instance boots for each that waits, at most so many in all, and goes the moment it idles."""
    starts = [0] * len(jobs.came)
    arrivals, waiting = deque(range(len(jobs.came))), deque[int]()
    busy: list[int] = []
    booting: list[int] = []
    launched = 0
    while arrivals or busy or booting:
        now = min([*busy, *booting, *([jobs.came[arrivals[0]]] if arrivals else [])])
        idle = busy.count(now) + booting.count(now)
        busy, booting = [end for end in busy if end != now], [ready for ready in booting if ready != now]
        while arrivals and jobs.came[arrivals[0]] == now:
            waiting.append(arrivals.popleft())
        while waiting and idle:
            row, idle = waiting.popleft(), idle - 1
            starts[row] = now
            busy.append(now + jobs.work[row])
        while len(booting) < len(waiting) and len(busy) + len(booting) < most:
            booting.append(now + boots[launched])
            launched += 1
    return starts


def two_sizes(jobs: Recorded) -> list[int]:
    """Starts on two slots, strictly in order; jobs of the file's second entry need both."""
    free, before, starts = [0, 0], 0, []
    for came, work, wide in zip(jobs.came, jobs.work, jobs.entry, strict=True):
        before = max(came, before, free[wide])
        starts.append(before)
        free = [before + work] * 2 if wide else sorted([before + work, free[1]])
    return starts


def impatient(jobs: Recorded, servers: int, patience_ms: int) -> list[int]:
    """Starts of those that need not wait so long; NEVER for the others."""
    free_at, starts = [0] * servers, []
    for came, work in zip(jobs.came, jobs.work, strict=True):
        start = max(came, free_at[0])
        starts.append(start if start - came < patience_ms else NEVER)
        if starts[-1] != NEVER:
            heapreplace(free_at, start + work)
    return starts


def users(jobs: Recorded, servers: int) -> dict[tuple[int, int], int]:
    """Starts by (entry, user) of jobs on the slots; entries alternate between thinking and working."""
    work = {(entry, user): took for entry, user, took in zip(jobs.entry, jobs.occurrence, jobs.work, strict=True)}
    turns = zip(jobs.entry, jobs.occurrence, jobs.came, strict=True)
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
