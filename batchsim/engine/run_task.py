"""ECS RunTask without a queue: a task that finds no room at the instant of the call fails, and its client tries again.

The calls of an instant come where AWS Batch would run its scheduling pass, in the order of the job rows; each takes
what room there is, with no regard for those who tried before (ECS API, RunTask: ``failures``, ``RESOURCE:*``). Between
its calls a client backs off: the k-th time up to ``base * 2**(k - 1)``, at most ``cap``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from math import ceil

from batchsim.engine.environment import Environment
from batchsim.engine.job_queue import JobQueue
from batchsim.engine.kernel import Kernel, Rank
from batchsim.engine.plan import QueuePlan, RunTaskRules
from batchsim.engine.tables import Tables
from batchsim.engine.timeline import HeadTimeline
from batchsim.records.vocabulary import WaitReason


class RunTaskClients(JobQueue):
    """The jobs of a queue that is none: each has a client of its own. ``waiting`` counts those without room."""

    def __init__(
        self,
        position: int,
        plan: QueuePlan,
        tables: Tables,
        kernel: Kernel,
        rules: RunTaskRules,
        timeline: HeadTimeline,
        decided: Callable[[str, range], None],
    ) -> None:
        """``decided(kind, rows)`` hears of each placement."""
        super().__init__(position, plan, tables)
        self.give_up: Callable[[int, int], None] = _nobody
        """Hears of each job that was tried often enough, with the code of its status reason."""
        self.hosts: tuple[Environment, ...] = ()
        """All environments, by position."""
        self._kernel = kernel
        self._rules = rules
        self._timeline = timeline
        self._decided = decided
        self._calls: list[tuple[int, int, int]] = []
        """Heap of (instant, first row, row behind the last) of the calls to come."""
        self._instants: set[int] = set()
        """Those that have an event."""
        self._failures: dict[int, int] = {}
        """Failed calls of the present wait, by waiting job."""

    # -- what a queue does

    def push(self, key: tuple[int, int, int], high: int) -> None:
        """Call RunTask for the rows from ``key[2]`` to ``high - 1``, in this instant."""
        self._count(key[2], high - key[2])
        self._call_at(self._kernel.now_ms, key[2], high)

    def push_front(self, key: tuple[int, int, int]) -> None:
        """A job is retried: there is no line to go to the front of."""
        self.push(key, key[2] + 1)

    def cancel(self, row: int) -> None:
        """A job stops waiting; its next call finds it gone."""
        self._leave(row)
        self._tell()

    def in_order(self) -> Iterator[tuple[int, int]]:
        """Yield the waiting rows by their next calls."""
        for _, low, high in sorted(self._calls):
            yield from self._waiting_parts(low, high)

    # -- calls

    def _call_at(self, at_ms: int, low: int, high: int) -> None:
        heappush(self._calls, (at_ms, low, high))
        if at_ms not in self._instants:
            self._instants.add(at_ms)
            self._kernel.call_in_background(at_ms, Rank.PASS, self._due)

    def _due(self, _: None) -> None:
        """Make the calls of this instant."""
        now = self._kernel.now_ms
        self._instants.discard(now)
        while self._calls and self._calls[0][0] <= now:
            low, high = heappop(self._calls)[1:]
            for start, end in list(self._waiting_parts(low, high)):
                self._try(start, end)
        self._tell()

    def _try(self, low: int, high: int) -> None:
        """Place what finds room of equal jobs; when one does not, neither do those behind it."""
        calls = self._tables.jobs.run_task_calls
        for row in range(low, high):
            calls[row] += 1
        while low < high and (placed := self._place(low, high)):
            for row in range(low, low + placed):
                self._leave(row)
            self._decided("placement", range(low, low + placed))
            low += placed
        for row in range(low, high):
            self._fail(row)

    def _place(self, low: int, high: int) -> int:
        for position in self.environments:
            if placed := self.hosts[position].place(low, high):
                return placed
        return 0

    def _fail(self, row: int) -> None:
        """A call found no room: back off, or give up."""
        failures = self._failures.get(row, 0) + 1
        if failures < self._rules.attempts:
            self._failures[row] = failures
            self._call_at(self._kernel.now_ms + self._back_off_ms(row, failures), row, row + 1)
            return
        host = self.hosts[self.environments[-1]]
        refusal = host.refusal(self._tables.shape_code(row))
        self.give_up(row, self._tables.status_reasons.code(f"RunTask failed: {refusal}"))

    def _back_off_ms(self, row: int, failures: int) -> int:
        longest = min(self._rules.cap_ms, self._rules.base_ms << min(failures - 1, 40))
        entry = self._tables.entry(row)
        if entry.back_offs is None:
            return max(1, longest)
        return max(1, ceil(longest * entry.back_offs.one(row - entry.first_job, self._tables.jobs.run_task_calls[row])))

    def _leave(self, row: int) -> None:
        self._count(row, -1)
        self._failures.pop(row, None)

    def _tell(self) -> None:
        """Note in the timeline that jobs wait for their clients, or that none does."""
        reason, now = self._timeline.reason(self.position), self._kernel.now_ms
        if self._failures and reason == WaitReason.EMPTY:
            first, tried_last = min(self._failures), self.environments[-1]
            self._timeline.write(self.position, now, WaitReason.CLIENT_BACKOFF, tried_last, first)
        elif not self.waiting and reason != WaitReason.EMPTY:
            self._timeline.write(self.position, now, WaitReason.EMPTY)


def _nobody(_: int, __: int) -> None:
    """Nobody listens yet."""
