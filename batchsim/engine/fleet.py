"""The room of one compute environment's instances, indexed so that the best fit costs the same in any fleet.

Shelf ``f`` is a sorted list of ``free MiB << 32 | instance row`` of the instances with ``f`` free vCPUs; bit ``f`` of
the mask is set exactly when shelf ``f`` is not empty. The best fit is the first key at or above the wanted memory on
the lowest shelf that has one: least free vCPU, then least free memory, then the oldest. Other packings, and GPU jobs,
walk the instances. ``policies/packing.py`` is the plain twin; ``tests/engine/test_fleet.py`` holds the two together.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping
from heapq import heappop, heappush
from itertools import islice

import numpy as np

from batchsim.engine.columns import taken
from batchsim.engine.instance_table import InstanceTable
from batchsim.policies.packing import PACKINGS, Job, Packing, Room, Size
from batchsim.records.tables import Ints

ROW_BITS = 32
_ROW_MASK = (1 << ROW_BITS) - 1
Wanted = tuple[int, int]
"""vCPUs and memory of a job without GPUs."""
FEW = 8
"""So many instances are looked at one by one sooner than they are listed."""
FEW_CHANGED = 32
"""So are so many that changed since a search in vain: nobody else has room for a job that asks for as much."""


class Fleet:
    """Ready instances of one environment by the room they have; an instance without a free vCPU is not listed."""

    def __init__(
        self,
        instances: InstanceTable,
        packing: str = "best_fit",
        policy: Packing | None = None,
        *,
        indexed: bool = True,
    ) -> None:
        """``policy`` in place of the packing of that name; it is asked for each job, as any is without ``indexed``.

        ``indexed=False`` keeps to the plain packing policy, a job at a time: slower, with the same answers.
        """
        self._instances = instances
        self._by_index = indexed and packing == "best_fit" and policy is None
        self._packing: Packing = policy or PACKINGS[packing]
        self.fills = indexed and packing != "worst_fit" and policy is None
        """Whether an instance that took a job stays first choice for the next equal one."""
        self._shelves: list[list[int]] = []
        self._mask = 0
        self._key: dict[int, tuple[int, int]] = {}
        """Shelf and key under which each listed instance stands."""
        self._size_of: dict[int, Size] = {}
        """Room of each counted instance, as it was then."""
        self._sizes: dict[Size, int] = {}
        """Listed instances by the room that they had when they were last counted ..."""
        self._uncounted: dict[int, None] = {}
        """... and those that have changed since, each once: most changes come while nobody asks."""
        self._stale: dict[int, None] = {}
        """Instances whose room changed since they were listed, each once."""
        self._sought: tuple[int, int] | None = None
        """vCPUs and memory for which no instance had room when all were looked at ..."""
        self._unseen: dict[int, None] = {}
        """... and those that have changed since."""
        self._fitting: list[tuple[int, int, int]] = []
        """Heap of those of them that have room for such jobs: free vCPUs, free memory, row; some as they were once."""
        self._fitting_for = (0, 0)
        self._changed: list[int] = []
        """Instances that are not in it, or not as they are now."""
        self._closed: set[int] = set()
        self.news = 0
        """Instances listed anew since a look-up was in vain, or jobs were dealt out to all; many if room was left."""
        self._vain: Wanted | None = None
        """For what no instance had room that has not changed since, where that is known."""
        self._settled: dict[int, None] = {}
        """Instances that changed since they were listed, and have no room for that: nobody needs them listed yet."""

    @property
    def is_indexed(self) -> bool:
        """Whether jobs without GPUs are placed by the index."""
        return self._by_index

    def changed(self, row: int) -> None:
        """Note that the room of an instance changed; it is listed anew when a look-up needs the list."""
        if row not in self._closed:
            self._stale[row] = self._unseen[row] = None
            self._changed.append(row)

    def have_changed(self, rows: Iterable[int]) -> None:
        """As :meth:`changed`, of many."""
        if self._closed:
            rows = [row for row in rows if row not in self._closed]
        self._stale.update(dict.fromkeys(rows))
        self._unseen.update(dict.fromkeys(rows))
        self._changed += rows

    def close(self, row: int) -> None:
        """Take an instance that takes no further job off the shelves, for good."""
        self._closed.add(row)
        self.remove(row)

    def remove(self, row: int) -> None:
        """Take an instance that ended off the shelves."""
        for rows in (self._stale, self._settled, self._unseen):
            rows.pop(row, None)
        self._unlist(row)

    def find(self, vcpus: int, memory_mib: int, gpus: int) -> int:
        """Return the instance row that a job of this size goes to, or -1 when none has room."""
        if gpus or not self._by_index:
            self._refresh()
            return self._find_plainly(vcpus, memory_mib, gpus)
        sought = self._sought
        is_more = sought is not None and vcpus >= sought[0] and memory_mib >= sought[1]
        if is_more and self._is_soon_seen((vcpus, memory_mib)):
            found = next(self._walk_unseen(vcpus, memory_mib), -1)
        else:
            self._changed.clear()
            self._fitting_for = (0, 0)
            found = self.best(vcpus, memory_mib)
            self._sought = sought = None if found >= 0 else (vcpus, memory_mib)
        if found < 0 and sought == (vcpus, memory_mib):
            self._unseen.clear()
            self._changed.clear()
        return found

    def best_first(self, vcpus: int, memory_mib: int) -> Iterable[int]:
        """Return the instances that have room for a job of this size, without GPUs, the best fit first.

        For whoever fills one up before the next: the room of the others must not change until :meth:`seen`.
        """
        sought = self._sought
        is_more = sought is not None and vcpus >= sought[0] and memory_mib >= sought[1]
        if is_more and self._is_soon_seen((vcpus, memory_mib)):
            return self._walk_unseen(vcpus, memory_mib)
        self._refresh()
        return self._walk(vcpus, memory_mib)

    def seen(self, vcpus: int, memory_mib: int, *, is_full: bool) -> None:
        """All that :meth:`best_first` returned is full now; or else there were no more jobs to fill it up with."""
        wanted = vcpus, memory_mib
        if is_full:
            self._sought = wanted
            self._unseen.clear()
            self._changed.clear()
            self._fitting_for = (0, 0)
        elif not self._is_soon_seen(wanted):
            self._sought = None

    def _walk(self, vcpus: int, memory_mib: int) -> Iterator[int]:
        mask, wanted = self._mask >> vcpus << vcpus, memory_mib << ROW_BITS
        while mask:
            lowest = mask & -mask
            shelf = self._shelves[lowest.bit_length() - 1]
            for at in range(bisect_left(shelf, wanted), len(shelf)):
                yield shelf[at] & _ROW_MASK
            mask ^= lowest

    def with_room(self, vcpus: int, memory_mib: int, most: int) -> Ints:
        """Return the instances that have room for a job without GPUs, the best fit first, ``most`` at most."""
        vain = self._vain
        if vain is None or vcpus < vain[0] or memory_mib < vain[1]:
            self._refresh()
            return np.fromiter(islice(self._walk(vcpus, memory_mib), most), dtype=np.int64)
        rows = np.fromiter(self._stale, dtype=np.int64)
        free_vcpus, free_mib = taken(self._instances.free_vcpus, rows), taken(self._instances.free_mib, rows)
        fit = np.flatnonzero((free_vcpus >= vcpus) & (free_mib >= memory_mib))
        order = np.lexsort((rows[fit], free_mib[fit], free_vcpus[fit]))
        return rows[fit[order]][:most]

    def were_dealt(self, rows: list[int], wanted: Wanted, *, are_full: bool) -> None:
        """Instances of :meth:`with_room` got jobs: all of them, each as many as it holds, or not."""
        self._stale.update(dict.fromkeys(rows))
        if are_full:
            self._settle(wanted)
        else:
            self._refresh()
            self.news = len(self._key)

    def best(self, vcpus: int, memory_mib: int) -> int:
        """As :meth:`find` of a job without GPUs, by index; for a loop that lists changes by :meth:`ledger` itself."""
        vain = self._vain
        if vain is not None and vcpus >= vain[0] and memory_mib >= vain[1] and len(self._stale) <= FEW_CHANGED:
            return self._best_of_changed(vcpus, memory_mib)
        if self._stale or self._settled:
            self._refresh()
        mask = self._mask >> vcpus << vcpus
        wanted = memory_mib << ROW_BITS
        while mask:
            lowest = mask & -mask
            shelf = self._shelves[lowest.bit_length() - 1]
            at = bisect_left(shelf, wanted)
            if at < len(shelf):
                return shelf[at] & _ROW_MASK
            mask ^= lowest
        self._settle((vcpus, memory_mib))
        return -1

    def _best_of_changed(self, vcpus: int, memory_mib: int) -> int:
        """The best fit among those that changed since a search in vain for a job that asks for no more."""
        free_vcpus, free_mib = self._instances.free_vcpus, self._instances.free_mib
        best, least = -1, (0, 0, 0)
        for row in self._stale:
            room = free_vcpus[row], free_mib[row], row
            if room[0] >= vcpus and room[1] >= memory_mib and (best < 0 or room < least):
                best, least = row, room
        if best < 0:
            self._settle((vcpus, memory_mib))
        return best

    def _settle(self, wanted: Wanted) -> None:
        """No instance has room for a job of this size: whoever changed need not be listed before one changes again."""
        self._vain, self.news = wanted, 0
        self._settled.update(self._stale)
        self._stale.clear()

    def ledger(self) -> tuple[dict[int, None], set[int]]:
        """Return the instances to be listed anew, to be added to, and those that are closed, which must not be.

        Whoever adds to the first calls :meth:`forget_search` before anybody calls :meth:`find`.
        """
        return self._stale, self._closed

    def forget_search(self) -> None:
        """Let the next :meth:`find` look at all instances: some have changed that were not noted as :meth:`changed`."""
        self._sought = None
        self._fitting_for = (0, 0)

    def _is_soon_seen(self, wanted: tuple[int, int]) -> bool:
        """Whether it pays to look only at what changed: jobs of several sizes, by turns, would look at all."""
        return wanted in (self._sought, self._fitting_for) or len(self._unseen) <= FEW

    def _walk_unseen(self, vcpus: int, memory_mib: int) -> Iterator[int]:
        """Look only at what has changed since a job that asks for no more was sought room for in vain.

        Go on, the best fit first, when the one before was filled.
        """
        if self._fitting_for != (vcpus, memory_mib):
            self._fitting_for = (vcpus, memory_mib)
            self._fitting.clear()
            self._changed = list(self._unseen)
        free_vcpus, free_mib, fitting, unseen = (
            self._instances.free_vcpus,
            self._instances.free_mib,
            self._fitting,
            self._unseen,
        )
        for row in self._changed:
            if free_vcpus[row] >= vcpus and free_mib[row] >= memory_mib:
                heappush(fitting, (free_vcpus[row], free_mib[row], row))
        self._changed.clear()
        while fitting:
            free, mib, row = fitting[0]
            if free_vcpus[row] == free and free_mib[row] == mib and row in unseen:
                yield row
            else:
                heappop(fitting)

    def rooms(self) -> Iterator[Room]:
        """Yield the room of every listed instance, the oldest first."""
        self._refresh()
        return map(self._room, sorted(self._key))

    def sizes(self) -> Mapping[Size, int]:
        """Return how many listed instances have how much room."""
        self._refresh()
        self._count()
        return self._sizes

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
        table, job = self._instances, Job(vcpus, memory_mib, gpus)
        fitting = (
            row
            for row in sorted(self._key)
            if table.free_vcpus[row] >= vcpus and table.free_mib[row] >= memory_mib and table.free_gpus[row] >= gpus
        )
        rooms = tuple(map(self._room, fitting))
        return self._packing(job, rooms).age if rooms else -1

    def _room(self, row: int) -> Room:
        table = self._instances
        free = (table.free_vcpus[row], table.free_mib[row], table.free_gpus[row])
        whole = (table.vcpus[row], table.memory_mib[row], table.gpus[row])
        return Room(row, *free, *whole, len(table.residents[row]), table.zone[row], bool(table.spot[row]))

    def _refresh(self) -> None:
        """List the instances whose room changed; many changes of one instance cost one."""
        self._vain = None
        self.news += len(self._stale)
        changed = self._settled
        changed.update(self._stale)
        free_vcpus, free_mib, keys, shelves = (
            self._instances.free_vcpus,
            self._instances.free_mib,
            self._key,
            self._shelves,
        )
        for row in changed:
            if row in keys:
                number, key = keys.pop(row)
                shelf = shelves[number]
                del shelf[bisect_left(shelf, key)]
                if not shelf:
                    self._mask ^= 1 << number
            number = free_vcpus[row]
            if number > 0:
                key = free_mib[row] << ROW_BITS | row
                keys[row] = number, key
                while len(shelves) <= number:
                    shelves.append([])
                insort(shelves[number], key)
                self._mask |= 1 << number
        self._uncounted.update(changed)
        changed.clear()
        self._stale.clear()

    def _place(self, row: int) -> tuple[int, int]:
        return self._instances.free_vcpus[row], self._instances.free_mib[row] << ROW_BITS | row

    def _count(self) -> None:
        """Count by size the instances that were listed anew, or taken off, since the last time."""
        table, sizes, size_of = self._instances, self._sizes, self._size_of
        for row in self._uncounted:
            size = size_of.pop(row, None)
            if size is not None:
                if sizes[size] > 1:
                    sizes[size] -= 1
                else:
                    del sizes[size]
            if row in self._key:
                size = size_of[row] = table.free_vcpus[row], table.free_mib[row], table.free_gpus[row]
                sizes[size] = sizes.get(size, 0) + 1
        self._uncounted.clear()

    def _unlist(self, row: int) -> None:
        if row not in self._key:
            return
        self._uncounted[row] = None
        number, key = self._key.pop(row)
        shelf = self._shelves[number]
        del shelf[bisect_left(shelf, key)]
        if not shelf:
            self._mask ^= 1 << number
