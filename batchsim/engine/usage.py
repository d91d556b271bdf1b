"""What a share has used of late, kept up to date: steps of the vCPUs that it holds, and cursors that integrate them.

The plain twin of all of this is :func:`batchsim.policies.fair_share.decayed_usage`. A change costs O(1), and a look
O(1) for each change since the last one.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from typing import Protocol

from batchsim.engine.columns import column
from batchsim.policies.fair_share import DecayKernel, decayed_usage, fade

_COMPACT = 4_096
"""Steps that no window reaches any more are dropped once there are so many."""


class Usage(Protocol):
    """One share's usage. Instants asked for never go back."""

    steps: Steps

    def at(self, at_ms: int) -> int | float:
        """Return the usage at an instant, in the units of ``policies/fair_share.py``."""

    def fall_per_ms(self) -> int | float | None:
        """Return how much of it may be gone, at most, each ms after the last look; None where all may be at once."""


class Steps:
    """How many thousandths of a vCPU are held, over time."""

    def __init__(self) -> None:
        self.since: array[int] = column("q")
        self.level: array[int] = column("q")
        self.held = 0
        """Now."""
        self.most = 0
        """At any time."""

    def change(self, at_ms: int, by_milli: int) -> None:
        """More, or less, is held from now on."""
        self.held += by_milli
        self.most = max(self.most, self.held)
        if self.since and self.since[-1] == at_ms:
            self.level[-1] = self.held
        else:
            self.since.append(at_ms)
            self.level.append(self.held)

    def before(self, number: int) -> int:
        """Return what is held when ``number`` steps lie behind; the last of them may still change in its instant."""
        return self.level[number - 1] if number else 0

    def forget(self, number: int) -> None:
        """Drop the first steps."""
        del self.since[:number], self.level[:number]

    @property
    def last_ms(self) -> int:
        """The instant of the last change; -1 before any."""
        return self.since[-1] if self.since else -1


class _Cursor:
    """Integrates steps up to an instant, once and twice."""

    __slots__ = ("_steps", "area", "at_ms", "next", "twice")

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self.next = 0
        """The first step that lies ahead."""
        self.at_ms = 0
        self.area = 0
        """The integral of what was held."""
        self.twice = 0
        """Two times the integral of that, which is whole."""

    def advance(self, to_ms: int) -> None:
        """Go on to an instant, step by step. In local names: every share that waits comes by here at each update."""
        since, level, number = self._steps.since, self._steps.level, self.next
        at_ms, area, twice, held = self.at_ms, self.area, self.twice, level[number - 1] if number else 0
        while number < len(since) and since[number] <= to_ms:
            length = since[number] - at_ms
            twice, area = twice + length * (2 * area + held * length), area + held * length
            at_ms, held, number = since[number], level[number], number + 1
        length = to_ms - at_ms
        self.twice, self.area = twice + length * (2 * area + held * length), area + held * length
        self.at_ms, self.next = to_ms, number


class WindowUsage:
    """The linear and the rectangular kernel: a cursor at the window's end, another at its beginning."""

    def __init__(self, window_ms: int, *, linear: bool) -> None:
        self.steps = Steps()
        self._window_ms = window_ms
        self._linear = linear
        self._end, self._begin = _Cursor(self.steps), _Cursor(self.steps)

    def at(self, at_ms: int) -> int:
        """Return the usage: by parts, the weighted integral over the window is one of integrals."""
        end, begin = self._end, self._begin
        end.advance(at_ms)
        begin.advance(max(0, at_ms - self._window_ms))
        if begin.next > _COMPACT:
            gone = begin.next - 1
            self.steps.forget(gone)
            begin.next, end.next = begin.next - gone, end.next - gone
        if self._linear:
            return 2 * self._window_ms * end.area - end.twice + begin.twice
        return end.area - begin.area

    def fall_per_ms(self) -> int:
        """See :class:`Usage`: what leaves the rectangle; linearly, all in the window weighs two less each ms."""
        return 2 * (self._end.area - self._begin.area) if self._linear else self.steps.most


class FadingUsage:
    """The exponential kernel: what was used at the last step, faded since."""

    def __init__(self, window_ms: int) -> None:
        self.steps = Steps()
        self._window_ms = window_ms
        self._usage, self._since_ms, self._next = 0.0, 0, 0
        self._looked = 0.0

    def at(self, at_ms: int) -> float:
        """Return the usage. Kept at steps only: so it does not hang on when it was asked for."""
        since = self.steps.since
        while self._next < len(since) and since[self._next] <= at_ms:
            self._usage = self._faded_to(since[self._next])
            self._since_ms = since[self._next]
            self._next += 1
        if self._next > _COMPACT:
            self.steps.forget(self._next - 1)
            self._next = 1
        self._looked = self._faded_to(at_ms)
        return self._looked

    def fall_per_ms(self) -> float:
        """See :class:`Usage`: the slope at the last look, which is the steepest; a little more, since it is rounded."""
        return self._looked * (1.4 / self._window_ms)

    def _faded_to(self, at_ms: int) -> float:
        return fade(self._usage, self.steps.before(self._next), at_ms - self._since_ms, self._window_ms)


class CurrentUsage:
    """No window: what is held at the instant."""

    def __init__(self) -> None:
        self.steps = Steps()

    def at(self, at_ms: int) -> int:
        """Return what was held."""
        number = bisect_right(self.steps.since, at_ms)
        if number > _COMPACT:
            self.steps.forget(number - 1)
            number = 1
        return self.steps.before(number)

    def fall_per_ms(self) -> None:
        """See :class:`Usage`."""


class PlainUsage:
    """The plain twin: every step is kept, and summed anew at each look."""

    def __init__(self, kernel: DecayKernel, window_ms: int) -> None:
        self.steps = Steps()
        self._kernel: DecayKernel = kernel
        self._window_ms = window_ms

    def at(self, at_ms: int) -> int | float:
        """Return the usage."""
        steps = list(zip(self.steps.since, self.steps.level, strict=True))
        return decayed_usage(self._kernel, self._window_ms, steps, at_ms)

    def fall_per_ms(self) -> None:
        """See :class:`Usage`; nobody asks."""


def usage_of(kernel: DecayKernel, window_ms: int, *, thorough: bool = False) -> Usage:
    """Return what keeps a share's usage."""
    if thorough:
        return PlainUsage(kernel, window_ms)
    if not window_ms:
        return CurrentUsage()
    return FadingUsage(window_ms) if kernel == "exponential" else WindowUsage(window_ms, linear=kernel == "linear")
