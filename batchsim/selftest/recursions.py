"""Plain recursions that know each job's start from its arrival and its run time alone; whole milliseconds."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from heapq import heappop, heappush, heapreplace

import numpy as np

from batchsim.analysis.exact import Int64s
from batchsim.records.tables import NEVER
from batchsim.result import Result


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a run recorded of each job, in the order of submission: by instant, then by row."""

    came: Int64s
    work: Int64s
    started: Int64s
    """NEVER where it did not."""
    queue: Int64s
    entry: Int64s
    occurrence: Int64s


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
    return Recorded(*(column[order].astype(np.int64) for column in columns))


def first_come(jobs: Recorded, servers: int) -> Int64s:
    """Starts on so many slots, first come first served (Kiefer and Wolfowitz 1955; of one slot, Lindley 1952)."""
    if servers == 1:
        before_ms = np.cumsum(jobs.work) - jobs.work
        started: Int64s = np.maximum.accumulate(jobs.came - before_ms) + before_ms
        return started
    free_at, starts = [0] * servers, list[int]()
    add = starts.append
    # of the longest queues 75 million: no call too many
    for came, work in zip(jobs.came.tolist(), jobs.work.tolist(), strict=True):
        start = free_at[0]
        if start < came:  # noqa: PLR1730 (max would be such a call)
            start = came
        add(start)
        heapreplace(free_at, start + work)
    return np.array(starts, np.int64)


def by_priority(jobs: Recorded) -> Int64s:
    """Starts on one slot where the first queue of the file goes before the second; nobody is interrupted."""
    came, work, queue = jobs.came.tolist(), jobs.work.tolist(), jobs.queue.tolist()
    starts, now, waiting = [0] * len(came), 0, list[tuple[int, int]]()
    arrivals = deque(range(len(came)))
    while arrivals or waiting:
        if not waiting:
            now = max(now, came[arrivals[0]])
        while arrivals and came[arrivals[0]] <= now:
            row = arrivals.popleft()
            heappush(waiting, (queue[row], row))
        _, row = heappop(waiting)
        starts[row] = now
        now += work[row]
    return np.array(starts, np.int64)
