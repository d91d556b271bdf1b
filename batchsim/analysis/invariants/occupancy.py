"""What the jobs on each instance hold, event by event: one sweep for every invariant that is about room."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from batchsim.analysis.invariants.sweep import ascending, time_order
from batchsim.analysis.typed import MISSING, Bools, Int64s, Table

READY, END, START = 0, 1, 2
"""Within an instant an instance is there before anything else; what ends frees its room before what starts takes it."""


@dataclass(frozen=True, eq=False)
class Occupancy:
    """All events of all instances: they become READY, and attempts on them end and start."""

    attempts: int
    """How many there are, wherever they run."""
    rows: Int64s
    """The attempts that are on an instance."""
    host: Int64s
    """Ascending."""
    at_ms: Int64s
    """Ascending within a host."""
    sequence: Int64s
    """The event's place among those of all instances; attempts that start in one instant do so row by row."""
    event: Int64s
    """The end of ``rows[event]``; from ``len(rows)`` on, its start; from twice as many on, an instance is READY."""
    lasts: Bools
    """Which of the attempts hold anything for any time: not those that end in the instant in which they start."""
    asks: Callable[[str], Int64s]
    _held: dict[str, Int64s] = field(default_factory=dict)

    def held(self, column: str) -> Int64s:
        """What the attempts on the host hold after each event, in thousandths."""
        if column not in self._held:
            asked = np.where(self.lasts, self.asks(column)[self.rows], 0)
            ready = np.zeros(len(self.event) - 2 * len(self.rows), np.int64)
            # Each attempt comes and goes, so that the next host begins with nothing held.
            self._held[column] = np.cumsum(np.concatenate((-asked, asked, ready))[self.event])
        return self._held[column]

    @cached_property
    def starts(self) -> Int64s:
        """Positions of the events in which an attempt starts."""
        return np.flatnonzero((self.event >= len(self.rows)) & (self.event < 2 * len(self.rows)))

    @cached_property
    def started(self) -> Int64s:
        """The attempt of each of them."""
        return self.rows[self.event[self.starts] - len(self.rows)]

    @cached_property
    def place(self) -> Int64s:
        """By attempt, the place of its start in the sequence; -1 where it is on no instance."""
        place = np.full(self.attempts, -1, np.int64)
        place[self.started] = self.sequence[self.starts]
        return place

    def ready_place(self, hosts: int) -> Int64s:
        """By instance, of so many, the place at which it became READY; -1 where it never did."""
        ready, place = np.flatnonzero(self.event >= 2 * len(self.rows)), np.full(hosts, -1, np.int64)
        place[self.host[ready]] = self.sequence[ready]
        return place


def occupancy(attempts: Table, host: Int64s, end_ms: Int64s, ready_ms: Int64s) -> Occupancy:
    """Sort the events of attempts on their hosts, and of hosts that ever became READY."""
    rows, hosts = np.flatnonzero(host >= 0), np.flatnonzero(ready_ms != MISSING)
    at = np.concatenate((end_ms[rows], attempts.ms("starting_at_s")[rows], ready_ms[hosts]))
    order = time_order(at, np.repeat((END, START, READY), (len(rows), len(rows), len(hosts))))
    of_event = np.concatenate((host[rows], host[rows], hosts))[order]
    sequence = ascending(of_event)
    event = order[sequence]
    lasts = end_ms[rows] > attempts.ms("starting_at_s")[rows]
    return Occupancy(len(attempts), rows, of_event[sequence], at[event], sequence, event, lasts, attempts.milli)
