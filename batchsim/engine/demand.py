"""Measuring demand: what waits in the queues and no environment before this one covers (model 2 and 3).

A measurement reads runs of jobs, at most :data:`MOST_RUNS` a queue, and counters by shape beyond; never jobs.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.fargate import FargateEnvironment
from batchsim.engine.job_queue import JobQueue
from batchsim.engine.plan import Shape
from batchsim.engine.tables import Tables
from batchsim.policies.allocation import Ask
from batchsim.policies.scaling import Rooms

MOST_RUNS = 1_000

Environment = Ec2Environment | FargateEnvironment


class Cover:
    """What one environment covers: room on running and booting instances, then what it may still grow by."""

    def __init__(self, environment: Ec2Environment) -> None:
        self.environment = environment
        self._rooms = environment.all_rooms() if environment.enabled else Rooms()
        self._headroom = environment.max_vcpus - environment.on_vcpus

    def pack(self, shape: int, want: Shape, count: int) -> int:
        """Return how many of ``count`` jobs room on instances takes."""
        if not self.environment.takes(shape):
            return 0
        return self._rooms.pack(want.vcpus, want.memory_mib, want.gpus, count)

    def grow(self, shape: int, want: Shape, count: int) -> int:
        """Return for how many of ``count`` jobs the environment may grow; the last may overshoot maxvCpus."""
        if not count or self._headroom <= 0 or not self.environment.may_grow_for(shape):
            return 0
        permitted = (
            -(-self._headroom // want.vcpus) if self.environment.plan.may_exceed_max else self._headroom // want.vcpus
        )
        taken = min(count, permitted)
        self._headroom -= taken * want.vcpus
        return taken


class FargateCover:
    """What a Fargate environment covers: what maxvCpus leaves."""

    def __init__(self, environment: FargateEnvironment) -> None:
        self._free_milli = environment.max_vcpus * 1000 - environment.used_milli if environment.enabled else 0

    def pack(self, shape: int, want: Shape, count: int) -> int:  # noqa: ARG002 (one signature for both)
        """Return how many of ``count`` tasks there is room for."""
        taken = 0 if want.gpus else max(0, min(count, self._free_milli // want.vcpus_milli))
        self._free_milli -= taken * want.vcpus_milli
        return taken

    def grow(self, shape: int, want: Shape, count: int) -> int:  # noqa: ARG002 (one signature for both)
        """Fargate does not grow: its room is all there is."""
        return 0


class DemandMeter:
    """Reads the queues in the order in which a pass serves them."""

    def __init__(self, tables: Tables, environments: tuple[Environment, ...]) -> None:
        self.queues: list[JobQueue] = []
        """In serving order; the scheduler's own list."""
        self._tables = tables
        self._shapes = tables.shapes
        self._environments = environments
        self._neighbours: dict[int, frozenset[int]] = {}

    def uncovered(self, target: Ec2Environment) -> tuple[Ask, ...]:
        """Return the demand that ``target`` may grow for, in dispatch order; equal neighbours are one ask."""
        asks: list[Ask] = []
        for shape, count in self._uncovered(target):
            want = self._shapes[shape]
            ask = Ask(want.vcpus, want.memory_mib, want.gpus, count)
            if asks and asks[-1][:3] == ask[:3]:
                ask = ask._replace(jobs=asks.pop().jobs + count)
            asks.append(ask)
        return tuple(asks)

    def is_unmet(self, target: Ec2Environment) -> bool:
        """Whether :meth:`uncovered` would return anything; it stops at the first job."""
        waiting = any(queue.waiting for queue in self.queues if target.position in queue.environments)
        return waiting and next(self._uncovered(target), None) is not None

    def runs(self, queue: JobQueue) -> Iterator[tuple[int, int]]:
        """Yield (shape, count) of a queue's waiting jobs in line; beyond the first runs, the rest by shape."""
        rest = queue.by_shape.copy()
        for low, high in islice(queue.in_order(), MOST_RUNS):
            shape = self._tables.shape_code(low)
            rest[shape] -= high - low
            yield shape, high - low
        yield from ((shape, count) for shape, count in sorted(rest.items()) if count > 0)

    def _uncovered(self, target: Ec2Environment) -> Iterator[tuple[int, int]]:
        """Yield (shape, count) that falls to ``target`` and that its instances do not cover.

        A queue ends at the first job that no environment of it takes: what stands behind cannot start either.
        """
        covers: dict[int, Cover | FargateCover] = {}
        for queue in self._related(target):
            for shape, count in self.runs(queue):
                fallen, left = self._fall(queue, shape, count, target, covers)
                if fallen:
                    yield shape, fallen
                if left:
                    break

    def _fall(
        self, queue: JobQueue, shape: int, count: int, target: Ec2Environment, covers: dict[int, Cover | FargateCover]
    ) -> tuple[int, int]:
        """Pass a run down the queue's environments: (jobs that ``target`` would grow for, jobs that none takes)."""
        want, fallen = self._shapes[shape], 0
        for position in queue.environments:
            if not count:
                break
            if position not in covers:
                covers[position] = self._cover(position)
            count -= covers[position].pack(shape, want, count)
            grown = covers[position].grow(shape, want, count)
            count -= grown
            if position == target.position:
                fallen = grown
        return fallen, count

    def _cover(self, position: int) -> Cover | FargateCover:
        environment = self._environments[position]
        return Cover(environment) if isinstance(environment, Ec2Environment) else FargateCover(environment)

    def _related(self, target: Ec2Environment) -> list[JobQueue]:
        """Return, in serving order, the queues whose demand can reach ``target`` or use what covers it first."""
        if target.position not in self._neighbours:
            self._neighbours[target.position] = self._reach(target.position)
        reach = self._neighbours[target.position]
        return [queue for queue in self.queues if queue.waiting and not reach.isdisjoint(queue.environments)]

    def _reach(self, position: int) -> frozenset[int]:
        """Return the environments that stand together with this one in queues, directly or through others."""
        reach, grown = {position}, True
        while grown:
            linked = {e for queue in self.queues if reach & set(queue.environments) for e in queue.environments}
            grown = not linked <= reach
            reach |= linked
        return frozenset(reach)
