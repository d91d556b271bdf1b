"""The agenda: SimPy's Environment on an integer clock, with light events in the same heap.

A *light event* is a function and its argument, without an ``Event`` object: it costs a third of a ``Timeout`` with
one callback. Light and SimPy events share one heap and one serial, so processes and light events interleave exactly
as two SimPy events would. The ends of attempts, of which there are most, have an agenda of their own beside the heap
(``engine/ends.py``), in its turn among them. This is the only file that knows how SimPy keeps its heap;
``tests/engine/test_kernel_as_simpy.py`` compares it with the stock Environment on every SimPy pattern.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from heapq import heappop, heappush
from typing import Any

from simpy import Environment, Event

from batchsim.engine.ends import FAR, KEY_BITS, TURN_BITS, Ends


class Rank(IntEnum):
    """The documented order within one instant (it starts behind SimPy's own priorities, URGENT 0 and NORMAL 1)."""

    EXIT = 2
    START_FAILURE = 3
    TIMEOUT = 4
    NOTICE = 5
    RECLAIM = 6
    READY = 7
    GATE = 8
    ACTION = 9
    EXPIRY = 10
    SUBMIT = 11
    SETTLE = 12
    PASS = 13
    TIME_LIMIT = 14
    SCALE_UP = 15
    SCALE_IN = 16


MOST_POSITIONS = 1 << 20
"""More environments than a file has."""


def in_turn(rank: Rank, position: int) -> float:
    """An environment's place within a rank: the first of the file comes first, whoever was put on the agenda first."""
    return rank + position / MOST_POSITIONS


def end_key(at_ms: int, rank: int, turn: int) -> int:
    """Where the end of an attempt stands among all: ``rank`` is EXIT, START_FAILURE or TIMEOUT."""
    return (at_ms << 2 | rank - Rank.EXIT) << TURN_BITS | turn


LIGHT = 5
"""Length of a light heap entry: (at, rank, serial, function, argument); SimPy's own have four fields."""


class Kernel(Environment):
    """SimPy's Environment with integer milliseconds, light events and a count of background entries.

    *Background* entries are those that alone give a run no reason to go on: a reclaim that may come, an event whose
    attempt ended early. The agenda is exhausted when nothing else is left.
    """

    def __init__(self) -> None:
        super().__init__(initial_time=0)
        self.ends = Ends()
        self.ended: Callable[[int], None] = _nobody
        """Hears of each end that has come, by its key."""
        self.turnover: Callable[[int], None] | None = None
        """Works off ends up to a key, as far as it can, and faster than one by one (``engine/turnover.py``)."""
        self.flow: Callable[[int], bool] | None = None
        """Works off arrivals, ends and passes before an instant (``engine/flow.py``); False where it did nothing."""
        self.agenda: list[Any] = self._queue
        """SimPy's heap; its first entry, if there is one, begins with (instant, rank)."""
        self.background = 0
        self.last = FAR
        """The key up to which the present :meth:`advance` goes at most."""
        self.now_ms = 0
        """The clock as an int: SimPy's ``now``, without the price of a property."""

    @property
    def exhausted(self) -> bool:
        """Whether only background entries are left."""
        return len(self._queue) + self.ends.pending <= self.background

    @property
    def is_amid_an_instant(self) -> bool:
        """Whether more is due at the present instant, be it in the background."""
        return self.peek() == self.now_ms

    def peek(self) -> float:
        """Return the instant of the next event, of the heap or an end; infinity when there is none."""
        return min(super().peek(), self.ends.first() >> KEY_BITS) if self.ends.pending else super().peek()

    def call_at(self, at_ms: int, rank: float, call: Callable[[Any], None], argument: Any = None) -> None:
        """Call ``call(argument)`` at ``at_ms``, in its rank's place among the events of that instant."""
        heappush(self._queue, (at_ms, rank, next(self._eid), call, argument))  # type: ignore[misc]

    def call_in_background(self, at_ms: int, rank: float, call: Callable[[Any], None], argument: Any = None) -> None:
        """As :meth:`call_at`, for an event that does not keep the run alive."""
        self.background += 1
        self.call_at(at_ms, rank, self._leave_background, (call, argument))

    def until(self, at_ms: int, rank: float, *, background: bool = False) -> Event:
        """Return an event for processes to yield: it fires at ``at_ms`` in its rank's place."""
        event = Event(self)
        event._ok, event._value = True, None
        if background:
            self.background += 1
            assert event.callbacks is not None
            event.callbacks.append(self._count_down)
        heappush(self._queue, (at_ms, rank, next(self._eid), event))  # type: ignore[misc]
        return event

    def step(self) -> None:
        """Process the next event, light, SimPy's or an end; raise ``EmptySchedule`` when there is none."""
        if self.ends.first() < self.ends_before():
            self.end_next()
        elif self._queue:
            self.process_next()
        else:
            super().step()

    def advance(self, before_ms: int, halted: Callable[[], bool], awaited: Callable[[], bool]) -> None:
        """Process every event before ``before_ms`` until ``halted()``, or until the agenda is exhausted.

        ``awaited()`` is asked when only background events are left: whether one of them still matters. Most events are
        ends: ``turnover`` works off those that come before the next event of the heap together.
        """
        queue, ends, self.last = self._queue, self.ends, before_ms << KEY_BITS
        last = self.last
        while True:
            before = self.ends_before()
            is_end = ends.first() < before
            if not (ends.first() < last if is_end else queue and queue[0][0] < before_ms):
                return
            if not (len(queue) + ends.pending > self.background or awaited()) or halted():
                return
            if is_end and self.turnover is not None:
                self.turnover(min(before, last))
                if ends.first() >= min(self.ends_before(), last):
                    continue
            if self.flow is not None and self.flow(before_ms):
                continue
            if is_end:
                self.end_next()
            else:
                self.process_next()

    def ends_before(self) -> int:
        """Return the key up to which ends come before the next event of the heap."""
        if not self._queue:
            return FAR
        at, rank = self._queue[0][:2]
        return int(at) + (rank > Rank.TIMEOUT) << KEY_BITS

    def ends_beyond(self) -> int:
        """Return the key up to which ends would come if the first event of the heap were not there."""
        second = min(self._queue[1:3], default=None)
        return FAR if second is None else int(second[0]) + (second[1] > Rank.TIMEOUT) << KEY_BITS

    def is_lively(self, ended: int) -> bool:
        """Whether there is more than background entries, so many ends apart that were taken off already."""
        return len(self._queue) + self.ends.pending - ended > self.background

    def set_clock(self, at_ms: int) -> None:
        """All up to an instant has been processed, by ``turnover``."""
        self._now = self.now_ms = at_ms

    def next_call(self) -> Any:
        """Return what the first entry of the heap calls, None where it is SimPy's or there is none."""
        return self.agenda[0][3] if self.agenda and len(self.agenda[0]) == LIGHT else None

    def next_in_background(self) -> tuple[Callable[[Any], None] | None, Any]:
        """Return what the first entry of the heap calls, and with what, if it is one in the background."""
        if self.next_call() != self._leave_background:
            return None, None
        return self.agenda[0][4]  # type: ignore[no-any-return]

    def take_off(self) -> None:
        """Take the first entry off the heap: somebody else will do what it stands for."""
        heappop(self._queue)

    def end_next(self) -> None:
        """Process the next end."""
        key = self.ends.pop()
        self._now = self.now_ms = key >> KEY_BITS
        self.ended(key)

    def process_next(self) -> None:
        """Process the next event of the heap."""
        self.now_ms = int(self._queue[0][0])
        if len(self._queue[0]) == LIGHT:
            entry: Any = heappop(self._queue)
            self._now = entry[0]
            entry[3](entry[4])
        else:
            self._simpy_step()

    def _simpy_step(self) -> None:
        """Process an event of SimPy's; what a process raises comes through itself, not as a copy without its notes."""
        event = self._queue[0][3]
        try:
            super().step()
        except Exception:
            if event._ok is False and isinstance(event._value, BaseException):
                raise event._value from None
            raise

    def _leave_background(self, call_and_argument: tuple[Callable[[Any], None], Any]) -> None:
        self.background -= 1
        call, argument = call_and_argument
        call(argument)

    def _count_down(self, _: Event) -> None:
        self.background -= 1


def _nobody(_: int) -> None:
    """Nobody listens yet."""
