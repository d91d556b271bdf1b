"""What an environment had at an instant: vCPUs, what boots, what was refused, what its scaler did."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from batchsim.analysis.explain.tables import NOBODY, RunTables
from batchsim.analysis.typed import MISSING, Bools, Int64s


@dataclass(frozen=True, slots=True)
class Fleet:
    """Some instances, or tasks."""

    number: int
    vcpus_milli: int

    @property
    def vcpus(self) -> str:
        """vCPUs, as people write them."""
        return f"{self.vcpus_milli / 1000:g}"


class Capacity:
    """The capacity of a run's environments over time."""

    def __init__(self, run: RunTables) -> None:
        self._run = run

    def held(self, environment: str, at_ms: int) -> Fleet:
        """What runs and boots; on Fargate, the tasks."""
        run = self._run
        if run.settings.is_fargate(environment):
            return self._tasks(environment, at_ms)
        if not len(run.instances):
            return Fleet(0, 0)
        there = self._of(environment) & (run.instances.ms("launched_at_s") <= at_ms) & (self._ends_ms() > at_ms)
        return self._fleet(there)

    def booting(self, environment: str, at_ms: int) -> Fleet:
        """What was launched and takes no jobs yet."""
        instances = self._run.instances
        if not len(instances):
            return Fleet(0, 0)
        ready = instances.ms("ready_at_s")
        there = self._of(environment) & (instances.ms("launched_at_s") <= at_ms) & (self._ends_ms() > at_ms)
        return self._fleet(there & ((ready == MISSING) | (ready > at_ms)))

    def next_ready_ms(self, environment: str, at_ms: int) -> int | None:
        """When the next of those that boot at an instant is ready."""
        instances = self._run.instances
        if not len(instances):
            return None
        ready = instances.ms("ready_at_s")
        later = ready[self._of(environment) & (instances.ms("launched_at_s") <= at_ms) & (ready > at_ms)]
        return int(later.min()) if len(later) else None

    def refused(self, environment: str, start_ms: int, end_ms: int) -> int:
        """Launches that failed for want of capacity in ``[start, end]``."""
        scaling = self._run.scaling
        if not len(scaling):
            return 0
        at = scaling.ms("at_s")
        rows = scaling.among("environment", environment) & (at >= start_ms) & (at <= end_ms)
        return int(scaling.number("capacity_errors")[rows].sum())

    def launched(self, environment: str, start_ms: int, end_ms: int) -> int:
        """The last scaling decision in ``[start, end]`` that launched something: its row, else nobody's."""
        scaling = self._run.scaling
        if not len(scaling):
            return NOBODY
        at, more = scaling.ms("at_s"), scaling.number("instances") > 0
        rows = np.flatnonzero(scaling.among("environment", environment) & more & (at >= start_ms) & (at <= end_ms))
        return int(rows[-1]) if len(rows) else NOBODY

    def max_vcpus(self, environment: str, at_ms: int) -> int | None:
        """maxvCpus, where it is known."""
        return self._run.settings.max_vcpus(environment, at_ms)

    def consumables(self, at_ms: int) -> dict[str, tuple[int, int]]:
        """By name of each consumable resource, how many are in use, and of how many."""
        table = self._run.consumables
        if not len(table):
            return {}
        rows = np.flatnonzero(table.ms("at_s") <= at_ms)
        names = table.text_of("resource", rows)
        columns = table.number("in_use")[rows].tolist(), table.number("total")[rows].tolist()
        return {str(name): (used, total) for name, used, total in zip(names, *columns, strict=True)}

    def _tasks(self, environment: str, at_ms: int) -> Fleet:
        attempts = self._run.attempts
        if not len(attempts):
            return Fleet(0, 0)
        ended = attempts.ms("ended_at_s")
        there = attempts.among("environment", environment) & (attempts.ms("starting_at_s") <= at_ms)
        there &= (ended == MISSING) | (ended > at_ms)
        return Fleet(int(there.sum()), int(attempts.milli("vcpus")[there].sum()))

    def _of(self, environment: str) -> Bools:
        return self._run.instances.among("environment", environment)

    def _ends_ms(self) -> Int64s:
        ended = self._run.instances.ms("ended_at_s")
        return np.where(ended == MISSING, np.int64(2**62), ended)

    def _fleet(self, rows: Bools) -> Fleet:
        return Fleet(int(rows.sum()), 1000 * int(self._run.instances.number("vcpus")[rows].sum()))
