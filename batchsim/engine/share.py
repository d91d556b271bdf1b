"""One share of a fair-share queue: its waiting jobs, in a lane for each schedulingPriority, and what it uses."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterator
from typing import NamedTuple

from batchsim.engine.job_queue import JobQueue, Place
from batchsim.engine.usage import Usage
from batchsim.records.tables import NEVER

Turn = tuple[int | float, int, int, int]
"""A share's standing: its weighted usage, then, for ties, its head's createdAt and row; and its code."""


class Bound(NamedTuple):
    """Below this weighted usage a share is not, before an instant."""

    weighted: int | float
    until_ms: int
    code: int


class Share:
    """The higher a job's schedulingPriority, the sooner its turn within the share (API, SubmitJob); then FIFO.

    A lane is a FIFO queue of its own, so retried jobs stand before the others of their priority.
    """

    __slots__ = (
        "_lanes",
        "_line",
        "_make_lane",
        "bound",
        "code",
        "decayed",
        "entry",
        "fall_per_ms",
        "is_active",
        "leaves_at_ms",
        "line",
        "live",
        "placed",
        "taken_at_ms",
        "turn",
        "usage",
        "waiting",
        "weighed",
        "weight",
    )

    def __init__(self, code: int, entry: int, line: int, usage: Usage, make_lane: Callable[[], JobQueue]) -> None:
        """``entry``: of ``shareDistribution``, or NEVER; ``line``: its line in the heads' timeline."""
        self.code = code
        self.entry = entry
        self.line = line
        self.usage = usage
        self.weight = 0
        self.weighed: list[int] = []
        """The changes of weights and of activity that its weight holds."""
        self.decayed: int | float = 0
        """Its usage at ``taken_at_ms``, the last update of usage that it took part in."""
        self.fall_per_ms: int | float | None = None
        """How much of it may be gone, at most, each ms from then on; None where all may be at once."""
        self.placed = 0
        """What was placed since counts so much already."""
        self.taken_at_ms = NEVER
        self.turn: Turn | None = None
        """Its standing, where that is known at the last update (``engine/share_order.py``) ..."""
        self.bound: Bound | None = None
        """... or what it is not below, where that is all that is known; neither while it does not wait."""
        self.waiting = 0
        self.live = 0
        """Jobs from SUBMITTED to RUNNING."""
        self.is_active = False
        self.leaves_at_ms = NEVER
        """When it is inactive, unless jobs come."""
        self._make_lane = make_lane
        self._lanes: dict[int, JobQueue] = {}
        self._line: list[tuple[int, JobQueue]] = []
        """The lanes with waiting jobs, the highest priority first, as (-priority, lane)."""

    def push(self, priority: int, key: Place, high: int, *, front: bool = False) -> None:
        """Put rows in line; in front of their lane where they are retried."""
        lane = self._lanes.get(priority)
        if lane is None:
            lane = self._lanes[priority] = self._make_lane()
        if not lane.waiting:
            insort(self._line, (-priority, lane))
        if front:
            lane.push_front(key)
        else:
            lane.push(key, high)
        self.waiting += high - key[2]

    def head(self) -> tuple[int, int] | None:
        """Return the first run in line, None where nothing waits."""
        return self._line[0][1].head() if self._line else None

    def take(self, count: int) -> None:
        """Remove the first jobs of the head run."""
        lane = self._line[0][1]
        lane.take(count)
        self.waiting -= count
        if not lane.waiting:
            del self._line[0]

    def cancel(self, priority: int, row: int) -> None:
        """Take a waiting job out of line."""
        lane = self._lanes[priority]
        lane.cancel(row)
        self.waiting -= 1
        if not lane.waiting:
            self._line.remove((-priority, lane))

    def in_order(self) -> Iterator[tuple[int, int]]:
        """Yield the waiting runs in line."""
        for _, lane in self._line:
            yield from lane.in_order()
