"""Scaling: what free, booting and permitted capacity covers of the waiting demand, and how much is launched for it."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable
from dataclasses import dataclass

from batchsim.policies.allocation.base import Ask
from batchsim.policies.packing import Size, count_that_fit


@dataclass(frozen=True, slots=True)
class Need:
    """What a scale-up decision of one compute environment is about."""

    environment: str
    spot: bool
    asks: tuple[Ask, ...]
    """Waiting jobs that no free or booting capacity covers, in the order in which they are served; never empty."""
    running_vcpus: int
    """On instances that are ready."""
    booting_vcpus: int
    min_vcpus: int
    max_vcpus: int

    @property
    def vcpus(self) -> int:
        """Uncovered vCPUs."""
        return sum(ask.vcpus * ask.jobs for ask in self.asks)

    @property
    def memory_mib(self) -> int:
        """Uncovered memory."""
        return sum(ask.memory_mib * ask.jobs for ask in self.asks)

    @property
    def headroom_vcpus(self) -> int:
        """What maxvCpus leaves: at least 1."""
        return self.max_vcpus - self.running_vcpus - self.booting_vcpus


Scaling = Callable[[Need], int]
"""Given an unmet need: the vCPUs that this decision may launch at most, from 0 to ``headroom_vcpus``.

Instances are launched one after the other until the need is covered or so many vCPUs are launched; the last may go
beyond by a part of itself, where it may go beyond maxvCpus. What minvCpus asks for is launched in any case. While need
is left, the next decision falls due after ``world.scale_up_delay``; after one for nothing, when the need changes.
"""


def as_needed(need: Need) -> int:
    """Launch for all waiting jobs at once, as far as maxvCpus permits: what AWS Batch does."""
    return need.headroom_vcpus


class Rooms:
    """A multiset of rooms; jobs are packed into the smallest that fits. Equal rooms are counted, not listed."""

    def __init__(self) -> None:
        self._count: dict[Size, int] = {}
        self._sizes: list[Size] = []
        """The sizes there are, sorted."""

    def add(self, vcpus: int, memory_mib: int, gpus: int, count: int = 1) -> None:
        """Add ``count`` equal rooms, or, below 0, take so many away."""
        size = (vcpus, memory_mib, gpus)
        if size not in self._count:
            insort(self._sizes, size)
        self._count[size] = self._count.get(size, 0) + count
        if not self._count[size]:
            self._forget(size)

    def copy(self) -> Rooms:
        """Return the same rooms, to be packed on their own."""
        other = Rooms()
        other._count, other._sizes = self._count.copy(), self._sizes.copy()
        return other

    @property
    def vcpus(self) -> int:
        """vCPUs of all rooms together."""
        return sum(size[0] * count for size, count in self._count.items())

    def fits(self, vcpus: int, memory_mib: int, gpus: int) -> bool:
        """Whether some room takes one such job."""
        return self.smallest((vcpus, memory_mib, gpus)) is not None

    def pack(self, vcpus: int, memory_mib: int, gpus: int, count: int) -> int:
        """Place up to ``count`` equal jobs; return how many found room."""
        if count == 1:
            return int(self._pack_one(vcpus, memory_mib, gpus))
        job, placed = (vcpus, memory_mib, gpus), 0
        while placed < count and (size := self.smallest(job)) is not None:
            placed += self.fill(size, job, count - placed)
        return placed

    def _pack_one(self, vcpus: int, memory_mib: int, gpus: int) -> bool:
        """As :meth:`pack`, for the single jobs of which there may be a thousand in a measurement."""
        sizes, counts = self._sizes, self._count
        at, end = bisect_left(sizes, (vcpus, 0, 0)), len(sizes)
        while at < end and (sizes[at][1] < memory_mib or sizes[at][2] < gpus):
            at += 1
        if at == end:
            return False
        size = sizes[at]
        if counts[size] == 1:
            del counts[size], sizes[at]
        else:
            counts[size] -= 1
        if size[0] > vcpus:
            left = size[0] - vcpus, size[1] - memory_mib, size[2] - gpus
            if left in counts:
                counts[left] += 1
            else:
                counts[left] = 1
                insort(sizes, left)
        return True

    def smallest(self, job: Size) -> Size | None:
        """Return the smallest room that takes a job; those with fewer vCPUs are skipped without a look."""
        for at in range(bisect_left(self._sizes, (job[0], 0, 0)), len(self._sizes)):
            _, memory_mib, gpus = self._sizes[at]
            if memory_mib >= job[1] and gpus >= job[2]:
                return self._sizes[at]
        return None

    def fill(self, size: Size, job: Size, count: int) -> int:
        """Fill rooms of one size with up to ``count`` jobs: whole rooms first, then one with the rest."""
        each, rooms = count_that_fit(size, job), self._count[size]
        whole, rest = divmod(count, each)
        if whole >= rooms:
            whole, rest = rooms, 0
        if whole:
            self._shrink(size, job, each, whole)
        if rest:
            self._shrink(size, job, rest, 1)
        return whole * each + rest

    def _shrink(self, size: Size, job: Size, jobs: int, rooms: int) -> None:
        """Turn ``rooms`` rooms, at least one, into what ``jobs`` jobs each leave of them."""
        counts = self._count
        counts[size] -= rooms
        if not counts[size]:
            self._forget(size)
        vcpus = size[0] - jobs * job[0]
        if vcpus:
            left = (vcpus, size[1] - jobs * job[1], size[2] - jobs * job[2])
            if left in counts:
                counts[left] += rooms
            else:
                counts[left] = rooms
                insort(self._sizes, left)

    def _forget(self, size: Size) -> None:
        del self._count[size]
        del self._sizes[bisect_left(self._sizes, size)]


@dataclass(frozen=True, slots=True)
class FreeAndBooting:
    """Room on instances that are ready, and on those that boot: a job takes the smallest, of equals what is free."""

    free: Rooms
    booting: Rooms

    def pack(self, vcpus: int, memory_mib: int, gpus: int, count: int) -> int:
        """See :meth:`Rooms.pack`."""
        job, placed = (vcpus, memory_mib, gpus), 0
        while placed < count and (found := self._smallest(job)) is not None:
            rooms, size = found
            placed += rooms.fill(size, job, count - placed)
        return placed

    def _smallest(self, job: Size) -> tuple[Rooms, Size] | None:
        free, booting = self.free.smallest(job), self.booting.smallest(job)
        if free is not None and (booting is None or free <= booting):
            return self.free, free
        return None if booting is None else (self.booting, booting)


def may_launch(on_vcpus: int, max_vcpus: int, smallest_vcpus: int, may_exceed_max: bool) -> bool:
    """Whether one more instance may be launched (API, ComputeResource.maxvCpus).

    Below maxvCpus any; beyond it by one instance, except BEST_FIT on On-Demand.
    """
    if may_exceed_max:
        return on_vcpus < max_vcpus
    return on_vcpus + smallest_vcpus <= max_vcpus
