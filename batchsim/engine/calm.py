"""Calm: when a scheduling pass can do no more than hand the room that jobs gave back to the jobs next in line.

After a pass nothing that policy would let start can start (the blocked invariant). As long as nothing happens but ends
of attempts, a later pass therefore has only the instances to look at on which some ended, and only for the one queue
that waits for them; its head goes on waiting for the same reason; and no scaler has anything new to consider. Where
one of these is in doubt it is not calm, and the pass itself runs (``engine/scheduler.py``): the plain twin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from batchsim.engine.blocked import BlockDetector
from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.environment import Environment
from batchsim.engine.job_queue import JobQueue
from batchsim.engine.scale_up import Scaler
from batchsim.engine.scheduler import Scheduler
from batchsim.engine.tables import Tables
from batchsim.engine.timeline import HeadTimeline


class Line(NamedTuple):
    """The one queue that waits, and where its head would start."""

    queue: JobQueue | None
    """None: none waits."""
    environment: Ec2Environment | None


class Calm:
    """Tells whether it is calm, and for whom."""

    def __init__(
        self,
        scheduler: Scheduler,
        queues: Sequence[JobQueue],
        environments: Sequence[Environment],
        scalers: Mapping[int, Scaler],
        timeline: HeadTimeline,
        blocked: BlockDetector,
        tables: Tables,
    ) -> None:
        self._scheduler = scheduler
        self._queues = queues
        self._environments = environments
        self._scalers = scalers
        self._timeline = timeline
        self._blocked = blocked
        self._tables = tables

    def line(self) -> Line | None:
        """Return who waits where it is calm, else None."""
        if not self._scheduler.is_at_rest or any(environment.touched for environment in self._environments):
            return None
        waiting = [queue for queue in self._queues if queue.waiting]
        if any(queue.touched for queue in self._queues) or len(waiting) > 1:
            return None
        if not waiting:
            return Line(None, None) if all(map(self._is_settled, self._scalers.values())) else None
        queue = waiting[0]
        environment = self._environments[queue.environments[0]]
        if type(environment) is not Ec2Environment or not self._waits_here(queue, environment):
            return None
        return Line(queue, environment) if all(map(self._is_settled, self._scalers.values())) else None

    def _waits_here(self, queue: JobQueue, environment: Ec2Environment) -> bool:
        """Whether the head waits for room in its first environment, and would go on doing so if it were another."""
        if not queue.is_plain or not environment.in_service or not environment.fleet.is_indexed:
            return False
        head = queue.head()
        assert head is not None
        shape = self._tables.shape_code(head[0])
        if self._tables.shapes[shape].gpus or not environment.takes(shape):
            return False
        at = queue.environments.index(environment.position)
        reason = self._timeline.reason(queue.position)
        return at == 0 and self._blocked.is_quiet(queue.position, reason, environment.position, head[0])

    def _is_settled(self, scaler: Scaler) -> bool:
        """Whether a scaler would consider nothing, whatever attempts end and start."""
        environment = scaler.environment
        if scaler.is_deciding or not environment.in_service or environment.on_vcpus >= environment.max_vcpus:
            return True
        if environment.on_vcpus < environment.min_vcpus:
            return False
        waiting = (queue for queue in self._queues if queue.waiting and environment.position in queue.environments)
        shapes = {shape for queue in waiting for shape, count in queue.by_shape.items() if count}
        return not any(map(environment.may_grow_for, shapes))
