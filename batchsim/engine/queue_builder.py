"""Which kind of queue each job queue is, and who serves those that let jobs pass a head."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from batchsim.engine.backfill import Backfill
from batchsim.engine.environment import Environment
from batchsim.engine.job_queue import JobQueue
from batchsim.engine.kernel import Kernel
from batchsim.engine.laned_queue import LanedQueue
from batchsim.engine.outlook import Estimates, Outlook
from batchsim.engine.overtaking import Elsewhere, Overtaking, Skipping
from batchsim.engine.plan import Plan, QueuePlan
from batchsim.engine.run_task import RunTaskClients
from batchsim.engine.share_queue import ShareQueue
from batchsim.engine.tables import Tables
from batchsim.engine.timeline import HeadTimeline


class QueueBuilder:
    """Builds the queues of one run."""

    def __init__(
        self,
        kernel: Kernel,
        plan: Plan,
        tables: Tables,
        timeline: HeadTimeline,
        estimates: Estimates,
        decided: Callable[[str, range], None],
        *,
        thorough: bool,
    ) -> None:
        """``decided(kind, rows)`` hears of each placement."""
        self._kernel = kernel
        self._plan = plan
        self._tables = tables
        self._timeline = timeline
        self._estimates = estimates
        self._decided = decided
        self._is_thorough = thorough
        self.holds: Callable[[int], bool] | None = None
        """Whether a waiting job has its consumable resources from an earlier attempt, where there are any."""

    def queues(self) -> list[JobQueue]:
        """Return all queues, by position."""
        return [self._queue(position, queue) for position, queue in enumerate(self._plan.queues)]

    def overtaking(self, environments: tuple[Environment, ...]) -> Overtaking | None:
        """Return who may start before a head that does not fit; None where nobody may."""
        rules = self._plan.rules
        if rules.overtaking == "nobody":
            return None
        if rules.overtaking in ("all", "elsewhere"):
            kind = Skipping if rules.overtaking == "all" else Elsewhere
            return kind(environments, self._tables, self._decided)
        outlook = Outlook(self._tables, self._plan.delays, rules, self._estimates, environments)
        return Backfill(
            environments,
            self._tables,
            self._decided,
            self._kernel,
            self._estimates,
            outlook,
            conservative=rules.overtaking == "conservative",
        )

    def _queue(self, position: int, plan: QueuePlan) -> JobQueue:
        rules, tables, kernel, timeline = self._plan.rules, self._tables, self._kernel, self._timeline
        if plan.shares is not None:
            return ShareQueue(position, plan, plan.shares, tables, kernel, timeline, thorough=self._is_thorough)
        if not plan.without_queue:
            if rules.overtaking == "nobody":
                return JobQueue(position, plan, tables)
            return LanedQueue(position, plan, tables, self._lane_of(), rules.overtaking)
        return RunTaskClients(position, plan, tables, kernel, rules.run_task, timeline, self._decided)

    def _lane_of(self) -> Callable[[int], Hashable]:
        """Return what tells waiting jobs apart for those who pass a head; ``thorough``: every run is by itself."""
        if self._is_thorough:
            return lambda row: row
        by_estimate = self._plan.rules.overtaking in ("conservative", "aggressive")
        alike = self._estimates.lane_of if by_estimate else self._tables.shape_code
        return self._apart_by_holding(alike) if self._plan.consumables else alike

    def _apart_by_holding(self, lane_of: Callable[[int], Hashable]) -> Callable[[int], Hashable]:
        """Tell apart as well who has its resources already: when others find none, it may still start."""
        return lambda row: (lane_of(row), self.holds is not None and self.holds(row))
