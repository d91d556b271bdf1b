"""One FIFO job queue: waiting jobs as half-open runs of rows in a heap, and before it a heap of retried jobs."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterator
from heapq import heappop, heappush, heapreplace
from itertools import islice
from typing import Any, TypeVar

from batchsim.engine.plan import Overtakers, QueuePlan
from batchsim.engine.tables import Tables
from batchsim.records.vocabulary import JobState

Place = tuple[Any, int, int]
"""A key in line: of the FIFO order's three whole numbers the last is a row. A policy's key is one tuple in their place:
``(key, 0, row)``."""
Run = tuple[Any, int, int, int]
"""A key, and the row behind the last."""
FEW = 1_000
"""So many runs are sorted in less time than it takes to walk down a heap of them."""
T = TypeVar("T", bound=tuple[Any, ...])


class JobQueue:
    """Strict FIFO. An array is one run, however large; ``waiting`` and ``by_shape`` count, nothing scans jobs."""

    is_restless = False
    """Whether every pass has to look at it while jobs wait: turns change with time, other queues take what it needs."""

    def __init__(self, position: int, plan: QueuePlan, tables: Tables, overtakers: Overtakers = "nobody") -> None:
        self.position = position
        self.name = plan.name
        self.priority = plan.priority
        self.enabled = plan.enabled
        self.environments = plan.environments
        self.waiting = 0
        self.by_shape: Counter[int] = Counter()
        self.overtakers = overtakers
        """Who may start before a head that does not fit."""
        self.touched = False
        """Whether something made a new head since the last pass."""
        self._tables = tables
        self.runs: list[Run] = []
        self.retried: list[Run] = []
        self.holes: list[int] = []
        """Rows in the heaps that were cancelled while they waited, sorted."""

    @property
    def is_held_by_its_head(self) -> bool:
        """Whether nobody may start while the head waits."""
        return self.overtakers != "all"

    @property
    def is_plain(self) -> bool:
        """Whether its head is its first run, cut by nothing, and stands for itself alone."""
        return type(self) is JobQueue and not self.is_restless and not self.holes

    def push(self, key: Place, high: int) -> None:
        """Put the rows from ``key[2]`` to ``high - 1``, all of one submission, in line."""
        heappush(self.runs, (*key, high))
        self._count(key[2], high - key[2])

    def push_front(self, key: Place) -> None:
        """Put a retried job before every job that has not been retried."""
        heappush(self.retried, (*key, key[2] + 1))
        self._count(key[2], 1)

    def head(self) -> tuple[int, int] | None:
        """Return the first run in line as (first row, row behind the last), or None when nothing waits."""
        if self.holes:
            self._drop_cancelled()
        heap = self.retried or self.runs
        return (heap[0][2], heap[0][3]) if heap else None

    def take(self, count: int) -> None:
        """Remove the first ``count`` jobs of the head run: they were placed."""
        heap = self.retried or self.runs
        first, second, low, high = heap[0]
        self._count(low, -count)
        if low + count == high:
            heappop(heap)
        else:
            heapreplace(heap, (first, second, low + count, high))

    def cancel(self, row: int) -> None:
        """Take a waiting job out of line; its place is dropped when it reaches the head."""
        self._count(row, -1)
        insort(self.holes, row)

    def in_order(self) -> Iterator[tuple[int, int]]:
        """Yield the waiting runs in line as (first row, row behind the last), cancelled jobs cut out."""
        for heap in (self.retried, self.runs):
            for _, _, low, high in sorted(heap) if len(heap) <= FEW else walk_heap(heap):
                yield from self._waiting_parts(low, high) if self.holes else ((low, high),)

    def _count(self, row: int, change: int) -> None:
        self.waiting += change
        self.by_shape[self._tables.shape_code(row)] += change
        self.touched = True

    def _drop_cancelled(self) -> None:
        """Cut cancelled jobs out of the head run, so that a waiting job is the head."""
        while heap := self.retried or self.runs:
            first, second, low, high = heap[0]
            at = bisect_left(self.holes, low)
            if at == len(self.holes) or self.holes[at] >= high:
                return
            hole = self.holes.pop(at)
            heappop(heap)
            for start, end in ((low, hole), (hole + 1, high)):
                if start < end:
                    heappush(heap, (first, second, start, end))

    def _waiting_parts(self, low: int, high: int) -> Iterator[tuple[int, int]]:
        """Cut a run into the parts whose jobs still wait."""
        state, start = self._tables.jobs.state, low
        while start < high:
            if state[start] != JobState.RUNNABLE:
                start += 1
                continue
            end = start
            while end < high and state[end] == JobState.RUNNABLE:
                end += 1
            yield (start, end)
            start = end


def first_rows(queue: JobQueue, most: int) -> list[int]:
    """Return the first ``most`` waiting job rows in line."""
    rows = (row for low, high in queue.in_order() for row in range(low, high))
    return list(islice(rows, most))


def walk_heap(heap: list[T]) -> Iterator[T]:
    """Yield a heap's runs in order and leave it alone; each costs O(log n) of what was read, whatever waits behind."""
    frontier = [(heap[0], 0)] if heap else []
    while frontier:
        run, at = heappop(frontier)
        yield run
        for child in (2 * at + 1, 2 * at + 2):
            if child < len(heap):
                heappush(frontier, (heap[child], child))
