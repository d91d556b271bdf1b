"""Draining: busy instances that an environment has not needed for a while take no further job, and go after the last.

Recorded runs of AWS Batch show it: instances with room for the jobs that waited took none for the rest of their lives.
How Batch chooses is not known; here an instance is closed when the environment could have done without its vCPUs, for
what ran and waited, at every check for as long as ``scale_down_idle``: the emptiest, then the youngest. After that the
surplus must last anew, as after the cool-down of an Auto Scaling group.
"""

from __future__ import annotations

from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.instance_table import CLOSED
from batchsim.engine.job_queue import JobQueue
from batchsim.engine.kernel import Kernel, Rank, in_turn
from batchsim.engine.plan import Rules
from batchsim.engine.tables import Tables

_LEAST_GRID_MS = 1_000
"""Between two looks where ``scale_down_check`` is 0."""


class Drain:
    """Looks at an environment at every check while it has jobs."""

    def __init__(self, kernel: Kernel, tables: Tables, queues: list[JobQueue], rules: Rules) -> None:
        self._kernel = kernel
        self._instances = tables.instances
        self._shapes = tables.shapes
        self._queues = queues
        self._is_on = rules.drain_surplus
        self._grid_ms = rules.scale_down_check_ms or _LEAST_GRID_MS
        self._patience_ms = rules.scale_down_idle_ms
        self._surplus: dict[int, list[tuple[int, int]]] = {}
        """By environment under watch: (instant, surplus vCPUs) of the checks that still count, the oldest first."""

    def watch(self, environment: Ec2Environment) -> None:
        """The environment got a job: look at it from the next check on, as long as it has any.

        Not at one with ``minScaleDownDelayMinutes``: its instances are to stay for jobs to come, long after their last.
        """
        patient = environment.plan.stands or environment.plan.min_scale_down_delay_ms > 0
        if self._is_on and not patient and environment.position not in self._surplus:
            self._surplus[environment.position] = []
            self._look_again(environment)

    def finds_nothing(self, environment: Ec2Environment, started_vcpus: int) -> bool:
        """Whether the next event is a look, and looks find no surplus as long as all that starts runs on.

        At most the whole fleet starts meanwhile, and as much will still wait. ``started_vcpus`` count as waiting yet.
        """
        if self._kernel.next_in_background() != (self._look, environment):
            return False
        return self._waiting_vcpus(environment) - started_vcpus >= 2 * environment.on_vcpus

    def look_away(self) -> int:
        """Take the next look off the agenda; return its instant."""
        at_ms = int(self._kernel.agenda[0][0])
        self._kernel.take_off()
        self._kernel.background -= 1
        return at_ms

    def look_back(self, environment: Ec2Environment, at_ms: int, now_ms: int) -> None:
        """Account for looks from ``at_ms`` on, before ``now_ms``, that found no surplus; put the next on the agenda."""
        while at_ms < now_ms:
            self._pass(environment, at_ms)
            at_ms += self._grid_ms
        self._put(environment, at_ms)

    def _pass(self, environment: Ec2Environment, at_ms: int) -> None:
        seen = self._surplus[environment.position]
        seen.append((at_ms, 0))
        if at_ms - seen[0][0] >= self._patience_ms:
            del seen[0]

    def _look_again(self, environment: Ec2Environment) -> None:
        self._put(environment, (self._kernel.now_ms // self._grid_ms + 1) * self._grid_ms)

    def _put(self, environment: Ec2Environment, at_ms: int) -> None:
        turn = in_turn(Rank.SCALE_IN, environment.position)
        self._kernel.call_in_background(at_ms, turn, self._look, environment)

    def _look(self, environment: Ec2Environment) -> None:
        if not environment.held_vcpus:
            del self._surplus[environment.position]
            return
        seen, now = self._surplus[environment.position], self._kernel.now_ms
        seen.append((now, self._surplus_of(environment)))
        if now - seen[0][0] >= self._patience_ms:
            if self._close(environment, min(surplus for _, surplus in seen)):
                seen.clear()
            else:
                del seen[0]
        self._look_again(environment)

    def _surplus_of(self, environment: Ec2Environment) -> int:
        """Return the vCPUs of busy and booting instances open to jobs beyond those that run on them or wait."""
        vcpus, shut = self._instances.vcpus, {*environment.closed, *environment.draining}
        idle = sum(vcpus[row] for row in environment.idle_since if row not in shut)
        busy_or_booting = environment.on_vcpus - idle - sum(vcpus[row] for row in shut)
        held = environment.held_vcpus - sum(self._held(environment, row) for row in shut)
        return busy_or_booting - held - self._waiting_vcpus(environment)

    def _held(self, environment: Ec2Environment, row: int) -> int:
        """Return the vCPUs that attempts hold on an instance."""
        free = self._instances.free_vcpus[row] + (CLOSED if row in environment.draining else 0)
        return self._instances.vcpus[row] - free

    def _waiting_vcpus(self, environment: Ec2Environment) -> int:
        """Return the vCPUs of the RUNNABLE jobs that may start here."""
        return sum(
            self._shapes[shape].vcpus * count
            for queue in self._queues
            if environment.position in queue.environments
            for shape, count in queue.by_shape.items()
            if count and environment.takes(shape)
        )

    def _close(self, environment: Ec2Environment, surplus: int) -> bool:
        """Close one busy instance whose vCPUs the surplus covers, if there is one and minvCpus permits it."""
        vcpus, shut = self._instances.vcpus, {*environment.closed, *environment.draining}
        spare = environment.on_vcpus - environment.min_vcpus - sum(vcpus[row] for row in shut)
        if min(surplus, spare) < environment.offers.least_vcpus:
            return False
        spared = [
            row
            for row in environment.ready
            if row not in environment.idle_since and row not in environment.closed and vcpus[row] <= min(surplus, spare)
        ]
        if not spared:
            return False
        environment.close(min(spared, key=lambda row: (self._held(environment, row), -row)))
        return True
