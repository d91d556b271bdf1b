"""Measuring demand: what waits in the queues and no environment before this one covers (model 2 and 3).

A measurement reads runs of jobs, at most :data:`MOST_RUNS` a queue, and counters by shape beyond; never jobs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby, islice
from operator import itemgetter

from batchsim.engine.consumables import Ledger
from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.ec2_cover import Ec2Cover
from batchsim.engine.environment import Environment, held_by
from batchsim.engine.job_queue import JobQueue
from batchsim.engine.quota import VcpuQuota
from batchsim.engine.share_demand import ShareDemand
from batchsim.engine.share_queue import ShareQueue
from batchsim.engine.tables import Tables
from batchsim.policies.allocation import Ask
from batchsim.policies.scaling import Rooms

MOST_RUNS = 1_000


class DemandMeter:
    """Reads the queues in the order in which a pass serves them."""

    def __init__(self, tables: Tables, environments: tuple[Environment, ...], *, thorough: bool = False) -> None:
        """``thorough`` measures all demand by the one rule for all queues."""
        self._thorough = thorough
        self.queues: list[JobQueue] = []
        """In serving order; the scheduler's own list."""
        self.quota: VcpuQuota | None = None
        self.ledger: Callable[[], Ledger] | None = None
        """Opens one for each measurement, in runs with consumable resources."""
        self._tables = tables
        self._shapes = tables.shapes
        self._environments = environments
        self._on_ec2 = {each.position: each for each in environments if isinstance(each, Ec2Environment)}
        """Queues that one of these can take from have no Fargate environment: the kinds do not mix in a queue."""
        self._neighbours: dict[int, frozenset[int]] = {}

    def uncovered(self, target: Ec2Environment) -> tuple[Ask, ...]:
        """Return the demand that ``target`` may grow for, in dispatch order; equal neighbours are one ask."""
        asks: list[Ask] = []
        for shape, count in self._uncovered(target, whole=True):
            want = self._shapes[shape]
            ask = Ask(want.vcpus, want.memory_mib, want.gpus, count)
            if asks and asks[-1][:3] == ask[:3]:
                ask = ask._replace(jobs=asks.pop().jobs + count)
            asks.append(ask)
        return tuple(asks)

    def is_unmet(self, target: Ec2Environment) -> bool:
        """Whether :meth:`uncovered` would return anything; it stops at the first job."""
        if not self.waits(target):
            return False
        quickly = None if self._thorough else self._is_quickly_unmet(target)
        return next(self._uncovered(target, whole=False), None) is not None if quickly is None else quickly

    def _is_quickly_unmet(self, target: Ec2Environment) -> bool | None:
        """The same where ``target`` alone serves all queues that reach it, and grows for whatever it does not cover.

        None where that is not so: then :meth:`_uncovered` tells. What is all covered asks for no growth, and while a
        fleet boots, that is the answer to each instance that becomes READY.
        """
        if self.ledger is not None or self.quota is not None:
            return None
        queues, rooms = self._related(target), target.rooms_on()
        if any(queue.environments != (target.position,) or queue.overtakers != "nobody" for queue in queues):
            return None
        for queue in queues:
            if isinstance(queue, ShareQueue) and (queue.holds is not None or queue.shares.reservation):
                return None
            if not all(target.takes(shape) for shape, count in queue.by_shape.items() if count):
                return None
        if self._wanted_vcpus(queues) <= rooms.vcpus and self._fit(queues, rooms):
            return False
        return True if target.may_grow_for_any() else None

    def _wanted_vcpus(self, queues: list[JobQueue]) -> int:
        """Return what all waiting jobs ask for: more than there is does not fit, in whatever order it is packed."""
        return sum(self._shapes[shape].vcpus * count for queue in queues for shape, count in queue.by_shape.items())

    def _fit(self, queues: list[JobQueue], rooms: Rooms) -> bool:
        """Whether all waiting jobs find room, one after the other; the rooms are used up."""
        for queue in queues:
            for _, shape, count in self._in_line(queue):
                want = self._shapes[shape]
                if rooms.pack(want.vcpus, want.memory_mib, want.gpus, count) < count:
                    return False
        return True

    def waits(self, target: Ec2Environment) -> bool:
        """Whether a job waits in a queue of ``target``."""
        return any(queue.waiting for queue in self.queues if target.position in queue.environments)

    def booting_room(self, target: Ec2Environment, ahead: list[JobQueue]) -> Rooms:
        """Return the booting room of ``target`` that the jobs of the queues ahead leave, each served where it is.

        By the rule of demand: what is free now covers them as well.
        """
        self._start_planning()
        left = target.free_and_booting()
        covers: dict[int, Ec2Cover] = {target.position: Ec2Cover(target, left)}
        ledger = self._open_ledger()
        for queue in ahead:
            if target.position in queue.environments or self._may_take_resources(queue):
                for _ in self._falls(queue, target, covers, ledger, whole=True):
                    pass
        return left.booting

    def _runs(
        self, queue: JobQueue, shares: ShareDemand | None, ledger: Ledger | None, *, whole: bool
    ) -> Iterator[tuple[int, int]]:
        """Yield (shape, count) of a queue's waiting jobs in line; beyond the first runs, the rest by shape.

        With a ``ledger``, up to the first that is short of a consumable resource, where that holds all behind it.
        Where all will be asked for and the first that finds nothing ends it all, equal neighbours are one: hundreds of
        arrays in line are looked at like one.
        """
        is_plain = shares is None and ledger is None and queue.overtakers == "nobody"
        if whole and is_plain and not self._thorough:
            yield from _joined((shape, count) for _, shape, count in self._in_line(queue))
            return
        for low, shape, count in self._in_line(queue) if shares is None else shares.runs(MOST_RUNS):
            granted = count if ledger is None else ledger.grant(self._shapes[shape], low, count)
            if granted:
                yield shape, granted
            if granted < count and queue.is_held_by_its_head:
                return
            if granted < count and shares is not None:
                shares.hold(count - granted)

    def _in_line(self, queue: JobQueue) -> Iterator[tuple[int | None, int, int]]:
        """Yield (first row, shape, count); the row is not known beyond the first runs."""
        rest = queue.by_shape.copy()
        for low, high in islice(queue.in_order(), MOST_RUNS):
            shape = self._tables.shape_code(low)
            rest[shape] -= high - low
            yield low, shape, high - low
        yield from ((None, shape, count) for shape, count in sorted(rest.items()) if count > 0)

    def _open_ledger(self) -> Ledger | None:
        return None if self.ledger is None else self.ledger()

    def _uncovered(self, target: Ec2Environment, *, whole: bool) -> Iterator[tuple[int, int]]:
        """Yield (shape, count) that falls to ``target`` and that its instances do not cover.

        A strict queue ends at the first job that no environment of it takes: what stands behind cannot start either.
        ``whole``: all of it will be asked for.
        """
        covers: dict[int, Ec2Cover] = {}
        self._start_planning()
        ledger = self._open_ledger()
        for queue in self._related(target):
            yield from self._falls(queue, target, covers, ledger, whole=whole)

    def _falls(
        self,
        queue: JobQueue,
        target: Ec2Environment,
        covers: dict[int, Ec2Cover],
        ledger: Ledger | None,
        *,
        whole: bool,
    ) -> Iterator[tuple[int, int]]:
        """Pass a queue's runs down its environments and yield (shape, count) of what ``target`` would grow for."""
        environments = queue.environments
        shares = ShareDemand(queue, self._tables) if isinstance(queue, ShareQueue) else None
        for shape, count in self._runs(queue, shares, ledger, whole=whole):
            fallen, left = self._fall(queue, environments, shape, count, target, covers)
            if fallen:
                yield shape, fallen
            if left and ledger is not None:
                ledger.take_back(self._shapes[shape], left)
            if left and shares is not None and not queue.is_held_by_its_head:
                shares.hold(left)
            elif left:
                environments = self._left_to_others(queue, environments, shape, left)
                if not environments:
                    return

    def _left_to_others(
        self, queue: JobQueue, environments: tuple[int, ...], shape: int, blocked: int
    ) -> tuple[int, ...]:
        """Return which of these environments may grow for jobs behind some that none of them takes.

        All where those are skipped; where they hold what they wait for, the others; else none.
        """
        if queue.overtakers == "all":
            return environments
        if queue.overtakers != "elsewhere":
            return ()
        left = list(environments)
        for _ in range(min(blocked, len(left))):
            held = held_by(self._environments, left, queue.environments, shape)
            if held not in left:
                break
            left.remove(held)
        return tuple(left)

    def _start_planning(self) -> None:
        if self.quota is not None:
            self.quota.start_planning()

    def _fall(
        self,
        queue: JobQueue,
        environments: tuple[int, ...],
        shape: int,
        count: int,
        target: Ec2Environment,
        covers: dict[int, Ec2Cover],
    ) -> tuple[int, int]:
        """Pass a run down these environments: (jobs that ``target`` would grow for, jobs that none of them takes)."""
        want, fallen = self._shapes[shape], 0
        for position in environments:
            if not count:
                break
            if position not in covers:
                covers[position] = self._on_ec2[position].cover()
            count -= covers[position].pack(shape, want, count)
            if not count:
                break  # a run that has room asks for no growth
            if position == queue.environments[-1]:
                grown = covers[position].keep(shape, want, count, _tried(queue, environments, count))
            else:
                grown = covers[position].grow(shape, want, count)
            count -= grown
            if position == target.position:
                fallen = grown
        return fallen, count

    def _related(self, target: Ec2Environment) -> list[JobQueue]:
        """Return, in serving order, the queues whose demand can reach ``target`` or use what covers it first."""
        reach = self._reached_from(target)
        return [
            queue
            for queue in self.queues
            if queue.waiting and (not reach.isdisjoint(queue.environments) or self._may_take_resources(queue))
        ]

    def _may_take_resources(self, queue: JobQueue) -> bool:
        """Whether jobs of a queue may take consumable resources before those of others, wherever they run.

        What Fargate's jobs will take is not reckoned with: they need not wait for instances.
        """
        return self.ledger is not None and self._on_ec2.keys() >= set(queue.environments)

    def _reached_from(self, target: Ec2Environment) -> frozenset[int]:
        if target.position not in self._neighbours:
            self._neighbours[target.position] = self._reach(target.position)
        return self._neighbours[target.position]

    def _reach(self, position: int) -> frozenset[int]:
        """Return the environments that stand together with this one in queues, directly or through others."""
        reach, grown = {position}, True
        while grown:
            linked = {e for queue in self.queues if reach & set(queue.environments) for e in queue.environments}
            grown = not linked <= reach
            reach |= linked
        return frozenset(reach)


def _joined(runs: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Join neighbours of the same shape."""
    for shape, equal in groupby(runs, key=itemgetter(0)):
        yield shape, sum(count for _, count in equal)


def _tried(queue: JobQueue, environments: tuple[int, ...], count: int) -> int:
    """How many of so many jobs, of which no environment takes one, come to be tried at all before they are passed."""
    if queue.overtakers == "all" and not isinstance(queue, ShareQueue):
        return count
    return min(count, len(environments) if queue.overtakers == "elsewhere" else 1)
