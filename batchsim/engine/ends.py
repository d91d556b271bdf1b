"""The agenda of attempt ends, beside SimPy's heap: a calendar of whole numbers, one for each planned end.

Events of a heap cost the logarithm of what is pending, and each is a tuple. An end is one integer here, its *key*:
instant, rank (own exit, failure to start, timeout), then its turn among those of the same instant and rank. Keys go
by days of about two minutes, a day is sorted when it comes, and its keys are taken off one by one (a calendar
queue: Brown 1988). So an end costs the same however many are pending. What is put into the present day goes into a
small heap. Within a day keys are counted from its beginning, so that a numpy column holds them.

The turn of an attempt's first end is twice its row and one; an end that is planned anew has twice the number of the
attempts opened so far: it comes after all of these, and before those that are opened later, as in one heap for all.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from itertools import pairwise

import numpy as np

from batchsim.records.tables import Ints

TURN_BITS = 32
KEY_BITS = TURN_BITS + 2
"""Below the instant: two bits for the rank, then the turn."""
LONG_BITS = 17
"""A day has 131,072 ms."""
DAY_BITS = KEY_BITS + LONG_BITS
TURN_MASK = (1 << TURN_BITS) - 1
DAY_MASK = (1 << DAY_BITS) - 1
FAR = 1 << 200
"""A key after all others."""


_NONE: Ints = np.zeros(0, dtype=np.int64)


class Ends:
    """Keys in order; equal ones are of ends that were planned anew, and stand in the order in which they were put."""

    def __init__(self) -> None:
        self.pending = 0
        """How many keys there are."""
        self.due: list[int] = []
        """Keys of the present day from its beginning on, the first to come last."""
        self.late: list[int] = []
        """Heap of such keys that were put into the present day, or, below 0, one before it."""
        self.days: dict[int, list[int]] = {}
        """Keys of days to come, from the beginning of each."""
        self.day = -1
        self.base = -1 << DAY_BITS
        """The key at which the present day begins."""
        self._columns: dict[int, list[Ints]] = {}
        """Those of them that were put many at a time."""
        self._sorted = _NONE
        """The keys of the present day as they were when it was last gathered, the first one first."""
        self._order: list[int] = []
        """Heap of the days to come."""

    def put(self, key: int) -> None:
        """Add a key, not before the present instant."""
        self.pending += 1
        day = key >> DAY_BITS
        if day <= self.day:
            heappush(self.late, key - self.base)
        elif day in self.days:
            self.days[day].append(key & DAY_MASK)
        else:
            self._open(day).append(key & DAY_MASK)

    def put_exits(self, at_ms: Ints, rows: Ints) -> None:
        """Add own exits of attempts: instants, and rows, shape (attempts,)."""
        self.pending += len(rows)
        keys = (at_ms & ((1 << LONG_BITS) - 1)) << KEY_BITS | rows << 1 | 1
        days = at_ms >> LONG_BITS
        order = np.argsort(days, kind="stable")
        keys, days = keys[order], days[order]
        bounds = [0, *(np.flatnonzero(np.diff(days)) + 1).tolist(), len(days)]
        for low, high in pairwise(bounds):
            day = int(days[low])
            if day > self.day:
                if day not in self.days:
                    self._open(day)
                self._columns.setdefault(day, []).append(keys[low:high])
            else:
                self.late.extend((keys[low:high] + (day - self.day << DAY_BITS)).tolist())
                heapify(self.late)

    def first(self) -> int:
        """Return the first key, or :data:`FAR`."""
        if not self.due and not self.late and not self.turn_page():
            return FAR
        if not self.due:
            return self.base + self.late[0]
        key = self.due[-1]
        return self.base + (self.late[0] if self.late and self.late[0] < key else key)

    def has_before(self, key: int, many: int) -> bool:
        """Whether more than so many keys of the present day are below one; of those that were put late, by number."""
        due = self.due
        return len(self.late) > many or (len(due) > many and due[-1 - many] < key - self.base)

    def pop(self) -> int:
        """Take the first key off; there must be one."""
        key = self.first()
        if self.late and self.base + self.late[0] == key:
            heappop(self.late)
        else:
            self.due.pop()
        self.pending -= 1
        return key

    def turn_page(self) -> bool:
        """Go on to the next day that has keys, when the present one has none left; return whether there is one."""
        if not self._order:
            return False
        self.day = heappop(self._order)
        self.base = self.day << DAY_BITS
        self.due, columns = self.days.pop(self.day), self._columns.pop(self.day, None)
        if columns is None:
            self.due.sort(reverse=True)
            self._sorted = _NONE
            return True
        self._sorted = np.concatenate([np.array(self.due, dtype=np.int64), *columns])
        self._sorted.sort()
        self.due = self._sorted[::-1].tolist()
        return True

    def gather(self) -> Ints:
        """Sort what was put late into the present day in among its keys, and return these, the first one first."""
        if self.late:
            self.due += self.late
            self.due.sort(reverse=True)
            self.late.clear()
            self._sorted = _NONE
        if len(self._sorted) < len(self.due):
            self._sorted = np.array(self.due[::-1], dtype=np.int64)
        return self._sorted[len(self._sorted) - len(self.due) :]

    def _open(self, day: int) -> list[int]:
        keys = self.days[day] = []
        heappush(self._order, day)
        return keys
