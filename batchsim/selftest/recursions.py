"""Plain recursions that know each job's start from its arrival and its run time alone; whole milliseconds."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from heapq import heappop, heappush, heapreplace

import numpy as np

from batchsim.records.tables import NEVER
from batchsim.result import Result


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a run recorded of each job, in the order of submission: by instant, then by row."""

    came: list[int]
    work: list[int]
    started: list[int]
    """NEVER where it did not."""
    queue: list[int]
    entry: list[int]
    occurrence: list[int]


def recorded(result: Result) -> Recorded:
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
    """Starts on so many slots, first come first served (Kiefer and Wolfowitz 1955)."""
    free_at, starts = [0] * servers, list[int]()
    add = starts.append
    for came, work in zip(jobs.came, jobs.work, strict=True):  # of the longest queues 75 million: no call too many
        start = free_at[0]
        if start < came:  # noqa: PLR1730 (max would be such a call)
            start = came
        add(start)
        heapreplace(free_at, start + work)
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
