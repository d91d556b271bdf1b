"""Scaling: what free, booting and permitted capacity covers of the waiting demand, and what is left to launch for."""

from __future__ import annotations

from collections import Counter

Size = tuple[int, int, int]
"""vCPUs, MiB, GPUs."""


class Rooms:
    """A multiset of rooms; jobs are packed into the smallest that fits. Equal rooms are counted, not listed."""

    def __init__(self) -> None:
        self._count: Counter[Size] = Counter()

    def add(self, vcpus: int, memory_mib: int, gpus: int, count: int = 1) -> None:
        """Add ``count`` equal rooms."""
        self._count[vcpus, memory_mib, gpus] += count

    def fits(self, vcpus: int, memory_mib: int, gpus: int) -> bool:
        """Whether some room takes one such job."""
        return any(v >= vcpus and m >= memory_mib and g >= gpus for v, m, g in self._count)

    def pack(self, vcpus: int, memory_mib: int, gpus: int, count: int) -> int:
        """Place up to ``count`` equal jobs; return how many found room."""
        placed = 0
        for size in sorted(self._count):
            if placed == count:
                break
            if size[0] >= vcpus and size[1] >= memory_mib and size[2] >= gpus:
                placed += self._fill(size, (vcpus, memory_mib, gpus), count - placed)
        return placed

    def _fill(self, size: Size, job: Size, count: int) -> int:
        """Fill rooms of one size with up to ``count`` jobs: whole rooms first, then one with the rest."""
        each = min(have // want for have, want in zip(size, job, strict=True) if want)
        whole = min(self._count[size], count // each)
        self._shrink(size, job, each, whole)
        rest = count - whole * each if self._count[size] else 0
        if rest:
            self._shrink(size, job, rest, 1)
        return whole * each + rest

    def _shrink(self, size: Size, job: Size, jobs: int, rooms: int) -> None:
        """Turn ``rooms`` rooms into what ``jobs`` jobs each leave of them."""
        if not rooms:
            return
        self._count[size] -= rooms
        if not self._count[size]:
            del self._count[size]
        left = (size[0] - jobs * job[0], size[1] - jobs * job[1], size[2] - jobs * job[2])
        if left[0]:
            self._count[left] += rooms


def may_launch(on_vcpus: int, max_vcpus: int, smallest_vcpus: int, may_exceed_max: bool) -> bool:
    """Whether one more instance may be launched (API, ComputeResource.maxvCpus).

    Below maxvCpus any; beyond it by one instance, except BEST_FIT on On-Demand.
    """
    if may_exceed_max:
        return on_vcpus < max_vcpus
    return on_vcpus + smallest_vcpus <= max_vcpus
