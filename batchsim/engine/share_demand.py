"""What the jobs of a fair-share queue ask capacity for, in the order of their turns.

What the reservation keeps from starting asks for no capacity, and neither does what stands in its share behind a job
that nobody takes.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from itertools import islice

from batchsim.engine.share_queue import ShareQueue
from batchsim.engine.tables import Tables
from batchsim.policies.fair_share import jobs_admitted
from batchsim.records.tables import NEVER


class ShareDemand:
    """One reading of a queue's demand."""

    def __init__(self, queue: ShareQueue, tables: Tables) -> None:
        self._queue = queue
        self._tables = tables
        self._held: set[int] = set()
        """Shares of whom nobody takes more."""
        self._asking = NEVER
        self._untaken = 0
        """The share asked about, and its jobs that nobody takes."""

    def runs(self, most: int) -> Iterator[tuple[int | None, int, int]]:
        """Yield (first row, shape, count) of what may start, in the order of turns; beyond ``most`` runs, by shape."""
        room, rest = self._queue.room_milli(), self._queue.by_shape.copy()
        for code, low, shape, count in self._runs_by_shape(most):
            rest[shape] -= count
            if code in self._held:
                continue
            admitted, room = yield from self._ask(code, low, shape, count, room)
            if admitted < count:
                if self._queue.is_strict:
                    return
                self._held.add(code)
        for shape, count in sorted(rest.items()):
            _, room = yield from self._ask(NEVER, None, shape, count, room)

    def hold(self, untaken: int) -> None:
        """So many jobs of what :meth:`runs` gave last take nothing: the rest of their share waits behind them."""
        self._held.add(self._asking)
        self._untaken += untaken

    def _ask(
        self, code: int, low: int | None, shape: int, count: int, room: int | None
    ) -> Generator[tuple[int | None, int, int], None, tuple[int, int | None]]:
        """Yield as many of some jobs as are admitted; return how many, and what the reservation leaves then."""
        milli = self._tables.shapes[shape].vcpus_milli
        admitted = count if room is None else jobs_admitted(room, milli, count)
        self._asking, self._untaken = code, 0
        if admitted > 0:
            yield low, shape, admitted
        taken = max(0, admitted) - self._untaken
        return admitted, None if room is None else room - taken * milli

    def _runs_by_shape(self, most: int) -> Iterator[tuple[int, int | None, int, int]]:
        """Yield (share, first row, shape, count) in the order of turns; who all are equal need not be told apart."""
        queue = self._queue
        kinds = [shape for shape, count in queue.by_shape.items() if count]
        if len(kinds) == 1 and queue.holds is None:
            yield NEVER, None, kinds[0], queue.by_shape[kinds[0]]
        else:
            for low, high in islice(queue.in_order(), most):
                yield self._tables.entry(low).share, low, self._tables.shape_code(low), high - low
