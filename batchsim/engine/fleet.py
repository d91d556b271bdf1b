"""The room of one compute environment's instances, indexed so that the best fit costs the same in any fleet.

Shelf ``f`` is a sorted list of ``free MiB << 32 | instance row`` of the instances with ``f`` free vCPUs; bit ``f`` of
the mask is set exactly when shelf ``f`` is not empty. The best fit is the first key at or above the wanted memory on
the lowest shelf that has one: least free vCPU, then least free memory, then the oldest. Other packings, and GPU jobs,
walk the shelves. ``policies/packing.py`` is the plain twin; ``tests/engine/test_fleet.py`` holds the two together.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator

from batchsim.engine.instance_table import InstanceTable
from batchsim.policies.packing import PACKINGS, Packing, Room

ROW_BITS = 32
_ROW_MASK = (1 << ROW_BITS) - 1


class Fleet:
    """Ready instances of one environment by the room they have; an instance without a free vCPU is not listed."""

    def __init__(self, instances: InstanceTable, packing: str = "best_fit", *, indexed: bool = True) -> None:
        """``indexed=False`` keeps to the plain packing policy, a job at a time: slower, with the same answers."""
        self._instances = instances
        self._packing: Packing | None = None if indexed and packing == "best_fit" else PACKINGS[packing]
        self.fills = indexed and packing != "worst_fit"
        """Whether an instance that took a job stays first choice for the next equal one."""
        self._shelves: list[list[int]] = []
        self._mask = 0
        self._key: dict[int, tuple[int, int]] = {}
        """Shelf and key under which each listed instance stands."""
        self._stale: dict[int, None] = {}
        """Instances whose room changed since they were listed, each once."""

    def changed(self, row: int) -> None:
        """Note that the room of an instance changed; it is listed anew before the next look-up."""
        self._stale[row] = None

    def remove(self, row: int) -> None:
        """Take an instance that ended off the shelves."""
        self._stale.pop(row, None)
        self._unlist(row)

    def find(self, vcpus: int, memory_mib: int, gpus: int) -> int:
        """Return the instance row that a job of this size goes to, or -1 when none has room."""
        if self._stale:
            self._refresh()
        if self._packing is not None or gpus:
            return self._find_plainly(vcpus, memory_mib, gpus)
        mask = self._mask >> vcpus << vcpus
        wanted = memory_mib << ROW_BITS
        while mask:
            lowest = mask & -mask
            shelf = self._shelves[lowest.bit_length() - 1]
            at = bisect_left(shelf, wanted)
            if at < len(shelf):
                return shelf[at] & _ROW_MASK
            mask ^= lowest
        return -1

    def rooms(self) -> Iterator[Room]:
        """Yield the room of every listed instance."""
        self._refresh()
        instances = self._instances
        for row in self._key:
            yield Room(row, instances.free_vcpus[row], instances.free_mib[row], instances.free_gpus[row])

    def check(self) -> None:
        """Raise AssertionError where the shelves, the mask and the instances' room disagree; used by tests."""
        self._refresh()
        for number, shelf in enumerate(self._shelves):
            assert shelf == sorted(shelf)
            assert bool(self._mask >> number & 1) == bool(shelf)
            for key in shelf:
                assert self._key[key & _ROW_MASK] == (number, key)
                assert self._place(key & _ROW_MASK) == (number, key)
        assert sum(map(len, self._shelves)) == len(self._key)

    def _find_plainly(self, vcpus: int, memory_mib: int, gpus: int) -> int:
        fitting = (
            room for room in self.rooms() if room.vcpus >= vcpus and room.memory_mib >= memory_mib and room.gpus >= gpus
        )
        chosen = (self._packing or PACKINGS["best_fit"])(fitting)
        return -1 if chosen is None else chosen.age

    def _refresh(self) -> None:
        """List the instances whose room changed; many changes of one instance cost one."""
        for row in self._stale:
            self._unlist(row)
            if self._instances.free_vcpus[row]:
                self._list(row)
        self._stale.clear()

    def _place(self, row: int) -> tuple[int, int]:
        return self._instances.free_vcpus[row], self._instances.free_mib[row] << ROW_BITS | row

    def _list(self, row: int) -> None:
        self._key[row] = number, key = self._place(row)
        while len(self._shelves) <= number:
            self._shelves.append([])
        insort(self._shelves[number], key)
        self._mask |= 1 << number

    def _unlist(self, row: int) -> None:
        if row not in self._key:
            return
        number, key = self._key.pop(row)
        shelf = self._shelves[number]
        del shelf[bisect_left(shelf, key)]
        if not shelf:
            self._mask ^= 1 << number
