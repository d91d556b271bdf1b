"""A job queue whose line can be walked past jobs that wait: one lane for those that start, or cannot start, alike.

It stands in for the strict queue in the what-ifs that let jobs pass a head (``engine/overtaking.py``). When a pass
finds no room for one job of a lane it need not look at the others, so it costs what it starts, not the queue's length.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterator
from heapq import heapify, heappop, heappush, merge
from typing import Any

from batchsim.engine.job_queue import JobQueue, Place, walk_heap
from batchsim.engine.plan import Overtakers, QueuePlan
from batchsim.engine.tables import Tables

Entry = tuple[int, Any, int, int, int]
"""A run in a lane: 0 for a retried job at the front, else 1; its key, whose last part is its first row; the row behind
the last. No two are equal, so that nothing behind them in a heap is ever compared."""


class LanedQueue(JobQueue):
    """A FIFO queue by lanes; together they are in the order of the one line."""

    def __init__(
        self,
        position: int,
        plan: QueuePlan,
        tables: Tables,
        lane_of: Callable[[int], Hashable],
        overtakers: Overtakers,
    ) -> None:
        """``lane_of(row)``: equal for jobs of which, when one finds no room, those behind it find none either."""
        super().__init__(position, plan, tables, overtakers)
        self._lane_of = lane_of
        self.lanes: dict[Hashable, list[Entry]] = {}
        """Heaps of runs."""

    def push(self, key: Place, high: int) -> None:
        """Put the rows from ``key[2]`` to ``high - 1``, all of one submission, in line."""
        self._join((1, *key, high))

    def push_front(self, key: Place) -> None:
        """Put a retried job before every job that has not been retried."""
        self._join((0, *key, key[2] + 1))

    def head(self) -> tuple[int, int] | None:
        """Return the first run in line as (first row, row behind the last), or None when nothing waits."""
        firsts = [first for lane in self.lanes.values() if (first := self.first(lane)) is not None]
        return min(firsts)[3:] if firsts else None

    def take(self, count: int) -> None:
        """Remove the first ``count`` jobs of the head run: they were placed."""
        walk = Walk(self)
        run = walk.next()
        assert run is not None
        self.started(run[0], count)
        walk.keep(run[0] + count, run[1])
        walk.end()

    def in_order(self) -> Iterator[tuple[int, int]]:
        """Yield the waiting runs in line as (first row, row behind the last), cancelled jobs cut out."""
        for *_, low, high in merge(*map(walk_heap, self.lanes.values())):
            yield from self._waiting_parts(low, high) if self.holes else ((low, high),)

    def first(self, lane: list[Entry]) -> Entry | None:
        """Return the first run of a lane, cut so that its first job waits."""
        while lane and self.holes:
            low, high = lane[0][3:]
            at = bisect_left(self.holes, low)
            if at == len(self.holes) or self.holes[at] >= high:
                break
            key, hole = heappop(lane)[:3], self.holes.pop(at)
            for start, end in ((low, hole), (hole + 1, high)):
                if start < end:
                    heappush(lane, (*key, start, end))
        return lane[0] if lane else None

    def started(self, low: int, count: int) -> None:
        """Jobs left the line: they were placed."""
        self._count(low, -count)

    def _join(self, entry: Entry) -> None:
        low, high = entry[3:]
        heappush(self.lanes.setdefault(self._lane_of(low), []), entry)
        self._count(low, high - low)


class Walk:
    """One walk down a queue's line. Every job that it hands out was started, is kept, or is handed back.

    What is kept stays in line, but this walk does not come by it again.
    """

    def __init__(self, queue: LanedQueue) -> None:
        self._queue = queue
        firsts = ((queue.first(lane), name) for name, lane in queue.lanes.items())
        self._ahead = [(first, name) for first, name in firsts if first is not None]
        heapify(self._ahead)
        self._kept: list[tuple[Hashable, Entry]] = []
        self._entry: Entry | None = None
        self.lane: Hashable = None
        """That of the run handed out last."""

    def next(self) -> tuple[int, int] | None:
        """Return the next run in line as (first row, row behind the last), None at its end."""
        if self._entry is not None:
            self._queue_up(self.lane)
        if not self._ahead:
            self._entry = None
            return None
        self._entry, self.lane = heappop(self._ahead)
        heappop(self._queue.lanes[self.lane])
        return self._entry[3:]

    def keep(self, low: int, high: int) -> None:
        """Leave jobs of the last run in line."""
        if low < high:
            assert self._entry is not None
            self._kept.append((self.lane, (*self._entry[:3], low, high)))

    def hand_back(self, low: int, high: int) -> None:
        """Let the next run be what is left of this one."""
        assert self._entry is not None
        heappush(self._queue.lanes[self.lane], (*self._entry[:3], low, high))

    def close(self) -> None:
        """Look no further in the lane of the last run."""
        self._entry = None

    def end(self) -> None:
        """Put back what was kept."""
        for name, entry in self._kept:
            heappush(self._queue.lanes[name], entry)
        for name in [name for name, lane in self._queue.lanes.items() if not lane]:
            del self._queue.lanes[name]

    def _queue_up(self, name: Hashable) -> None:
        first = self._queue.first(self._queue.lanes[name])
        if first is not None:
            heappush(self._ahead, (first, name))
