"""Consumable resources: counters that all queues share (User Guide, "Resource-aware scheduling"; fact sheet 3.6).

They are looked at when a job at the head of its queue is about to be placed. If one is short the job waits there, in
RUNNABLE, and its queue behind it. A job takes them at STARTING; what is REPLENISHABLE comes back when the attempt ends,
or, with ``world.consumable_hold: job``, when the job does. A release is a gate that opens: it wakes the queues that
were refused, and no others. Runs without consumable resources have none of this.
"""

from __future__ import annotations

from batchsim.engine.columns import column, frozen
from batchsim.engine.dispatch import RatedEc2Environment
from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.fargate import FargateEnvironment
from batchsim.engine.job_queue import JobQueue
from batchsim.engine.kernel import Kernel
from batchsim.engine.plan import ConsumablePlan, Shape
from batchsim.engine.tables import Tables
from batchsim.policies.scaling import Rooms
from batchsim.records.tables import ConsumableUse
from batchsim.records.vocabulary import WaitReason


class Consumables:
    """What there is of each resource, what is in use, and who waits for it."""

    def __init__(
        self,
        kernel: Kernel,
        plans: tuple[ConsumablePlan, ...],
        tables: Tables,
        queues: list[JobQueue],
        *,
        held_by_job: bool,
    ) -> None:
        """``held_by_job``: a retried job keeps what it has while it waits."""
        self.totals = [plan.total for plan in plans]
        self.in_use = [0] * len(plans)
        """Held; of what is not returned, all that was ever taken."""
        self.names = tuple(plan.name for plan in plans)
        self.held_by_job = held_by_job
        self._is_returned = tuple(plan.is_returned for plan in plans)
        self._kernel = kernel
        self._tables = tables
        self._queues = queues
        self._waiting: list[set[int]] = [set() for _ in plans]
        """By resource, the positions of the queues that were refused since it was last released."""
        self._holders: set[int] = set()
        """Jobs that keep what they took between their attempts."""
        self._log = (column("q"), column("h"), column("q"), column("q"))
        self._last_row = [-1] * len(plans)
        for resource in range(len(plans)):
            self._write(resource)

    # -- looking

    def left(self, resource: int) -> int:
        """Return what may still be taken; less than nothing after the total was lowered."""
        return self.totals[resource] - self.in_use[resource]

    def holds(self, job: int) -> bool:
        """Whether a waiting job has what it needs from an earlier attempt."""
        return job in self._holders

    def is_short(self, shape: int) -> bool:
        """Whether one job of this shape could not take all that it needs."""
        return any(self.left(resource) < quantity for resource, quantity in self._tables.shapes[shape].consumables)

    def may_suffice(self, shape: int, job: int | None) -> bool:
        """Whether a job of this shape, or any of that shape that holds its own, has all that it needs."""
        if not self.is_short(shape):
            return True
        holders = self._holders if job is None else self._holders & {job}
        return any(self._tables.shape_code(each) == shape for each in holders)

    def shortage(self, shape: int) -> str:
        """Return the name of the first resource that a job of this shape finds too little of."""
        needs = self._tables.shapes[shape].consumables
        return next(self.names[resource] for resource, quantity in needs if self.left(resource) < quantity)

    def permitted(self, low: int, high: int) -> int:
        """How many of a run of equal jobs may start now; a queue that gets less than all hears of the next release."""
        needs, count = self._tables.shape(low).consumables, high - low
        if not needs or self.holds(low):
            return count
        for resource, quantity in needs:
            enough_for = max(0, self.left(resource)) // quantity
            if enough_for < high - low:
                submissions = self._tables.submissions
                self._waiting[resource].add(submissions.queue[self._tables.jobs.submission[low]])
            count = min(count, enough_for)
        return count

    # -- changing

    def take(self, low: int, high: int) -> None:
        """Jobs of one run were placed."""
        if self.held_by_job:
            if self.holds(low):
                return
            self._holders.update(range(low, high))
        for resource, quantity in self._tables.shape(low).consumables:
            self.in_use[resource] += quantity * (high - low)
            self._write(resource)

    def attempt_ended(self, attempt: int) -> None:
        """An attempt gave its capacity back."""
        if not self.held_by_job:
            self._give_back(self._tables.attempts.job[attempt])

    def job_ended(self, job: int) -> None:
        """A job reached its last state."""
        if job in self._holders:
            self._holders.discard(job)
            self._give_back(job)

    def set_total(self, resource: int, total: int) -> None:
        """UpdateConsumableResource: what is held is held on, even if that is more than there is now."""
        self.totals[resource] = total
        self._write(resource)
        self._wake(resource)

    def freeze(self) -> ConsumableUse:
        """Return the frozen record, in order of time."""
        at, resource, in_use, total = (frozen(values) for values in self._log)
        return ConsumableUse(at_ms=at, resource=resource, in_use=in_use, total=total)

    # -- within

    def _give_back(self, job: int) -> None:
        for resource, quantity in self._tables.shape(job).consumables:
            if self._is_returned[resource]:
                self.in_use[resource] -= quantity
                self._write(resource)
                self._wake(resource)

    def _wake(self, resource: int) -> None:
        """Let the next pass look at the queues that wait."""
        for position in self._waiting[resource]:
            self._queues[position].touched = True
        self._waiting[resource].clear()

    def _write(self, resource: int) -> None:
        """Note what holds from now on; of one instant the last counts."""
        at, row = self._log[0], self._last_row[resource]
        if row >= 0 and at[row] == self._kernel.now_ms:
            self._log[2][row], self._log[3][row] = self.in_use[resource], self.totals[resource]
            return
        self._last_row[resource] = len(at)
        values = (self._kernel.now_ms, resource, self.in_use[resource], self.totals[resource])
        for log, value in zip(self._log, values, strict=True):
            log.append(value)


def no_consumables() -> ConsumableUse:
    """Return the record of a run without consumable resources."""
    none = frozen(column("q"))
    return ConsumableUse(at_ms=none, resource=none, in_use=none, total=none)


class Ledger:
    """What a measurement of demand may still promise: jobs that are short of a resource ask for no instances."""

    def __init__(self, consumables: Consumables) -> None:
        self._consumables = consumables
        self._left = [consumables.left(resource) for resource in range(len(consumables.totals))]
        self._is_theirs = False
        """Whether the jobs of the last grant have held their resources before."""

    def grant(self, want: Shape, low: int | None, count: int) -> int:
        """Return for how many of ``count`` jobs there is enough, and count it as theirs.

        ``low``: the first of them, where that is known.
        """
        self._is_theirs = low is not None and self._consumables.holds(low)
        if self._is_theirs:
            return count
        for resource, quantity in want.consumables:
            count = min(count, max(0, self._left[resource]) // quantity)
        for resource, quantity in want.consumables:
            self._left[resource] -= quantity * count
        return count

    def take_back(self, want: Shape, count: int) -> None:
        """Some of the jobs of the last grant do not come to be tried, behind one that no environment takes."""
        if self._is_theirs:
            return
        for resource, quantity in want.consumables:
            self._left[resource] += quantity * count


class Gatekeeper:
    """Stands before one environment: it knows whether the job that was tried last holds its resources already."""

    def __init__(self, consumables: Consumables) -> None:
        self._consumables = consumables
        self._tried_a_holder = False

    def permitted(self, low: int, high: int) -> int:
        """See :meth:`Consumables.permitted`."""
        self._tried_a_holder = self._consumables.holds(low)
        return self._consumables.permitted(low, high)

    def took(self, low: int, high: int) -> None:
        """Jobs were placed."""
        if high > low:
            self._consumables.take(low, high)

    def gave_back(self, attempt: int) -> None:
        """An attempt ended."""
        self._consumables.attempt_ended(attempt)

    def is_shut(self, shape: int) -> bool:
        """Whether a head of this shape waits for a resource: that it would also wait for room matters less."""
        return not self._tried_a_holder and self._consumables.is_short(shape)

    def refusal(self, shape: int) -> str:
        """Return what a client without a queue is told."""
        return f"consumable resource {self._consumables.shortage(shape)} is used up"


class Rationed:
    """Before an environment in a run with consumable resources; to be mixed into one."""

    gate: Gatekeeper

    def place(self, low: int, high: int) -> int:
        """As without, for as many jobs as there are resources for."""
        permitted = self.gate.permitted(low, high)
        placed: int = super().place(low, low + permitted) if permitted else 0  # type: ignore[misc]  # a mixin
        self.gate.took(low, low + placed)
        return placed

    def has_room(self, shape: int, *, holds: bool = False) -> bool:
        """As without, where no resource is short."""
        return (holds or not self.gate.is_shut(shape)) and super().has_room(shape)  # type: ignore[misc]  # a mixin

    def release(self, attempt: int) -> None:
        """As without, and give the resources back."""
        super().release(attempt)  # type: ignore[misc]  # a mixin
        self.gate.gave_back(attempt)

    def stance(self, shape: int, booting: Rooms) -> WaitReason:
        """As without; a resource that is short comes first."""
        if self.gate.is_shut(shape):
            return WaitReason.CONSUMABLE_RESOURCE
        reason: WaitReason = super().stance(shape, booting)  # type: ignore[misc]  # a mixin
        return reason

    def serves(self, shape: int, booting: Rooms) -> bool:
        """As without; for a resource a head waits here, since the next environment has no more of it."""
        return self.gate.is_shut(shape) or super().serves(shape, booting)  # type: ignore[misc]  # a mixin

    def is_short(self, shape: int) -> bool:
        """Whether too little is left of a resource for what was tried last."""
        return self.gate.is_shut(shape)

    def refusal(self, shape: int) -> str:
        """As without, to a client without a queue."""
        if self.gate.is_shut(shape):
            return self.gate.refusal(shape)
        told: str = super().refusal(shape)  # type: ignore[misc]  # a mixin
        return told


class RationedEc2Environment(Rationed, Ec2Environment):
    """An environment on instances whose jobs may need consumable resources."""


class RationedRatedEc2Environment(Rationed, RatedEc2Environment):
    """The same where jobs also start at a rate only."""


class RationedFargateEnvironment(Rationed, FargateEnvironment):
    """A Fargate environment whose jobs may need consumable resources."""
