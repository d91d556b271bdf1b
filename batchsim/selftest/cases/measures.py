"""What is measured in a result: waits and times of the jobs that came after the warm-up, numbers present over time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from batchsim.records.tables import NEVER, Ints
from batchsim.result import Result
from batchsim.selftest.recursions import Recorded

Floats = NDArray[np.floating]
MS = 1000


class Line(ABC):
    """Jobs that were submitted after the warm-up: instants in ms, one row a job, in order of submission."""

    from_s: float
    """The end of the warm-up."""

    @property
    @abstractmethod
    def came_ms(self) -> Ints:
        """When they were submitted."""

    @property
    @abstractmethod
    def started_ms(self) -> Ints:
        """When they got their capacity; NEVER of one that did not."""

    @property
    @abstractmethod
    def run_s(self) -> float:
        """Their mean run time, of those that ran."""

    @cached_property
    def waits_s(self) -> Floats:
        """From submission to start, of those that started."""
        started = self.started_ms != NEVER
        return np.asarray((self.started_ms - self.came_ms)[started] / MS)

    @property
    def window_s(self) -> tuple[float, float]:
        """From the end of the warm-up to the last submission."""
        return self.from_s, float(self.came_ms[-1]) / MS

    @property
    def rate(self) -> float:
        """Jobs submitted a second."""
        low, high = self.window_s
        return len(self.came_ms) / (high - low)


@dataclass(frozen=True)
class Steady(Line):
    """Those of a run, of one attempt each."""

    result: Result
    from_s: float
    """The end of the warm-up."""
    queue: int | None = None
    """Only jobs of this queue, by its place in the file."""

    @cached_property
    def rows(self) -> Ints:
        """Their rows in the table of jobs."""
        records = self.result.records
        came = records.submissions.created_at_ms[records.jobs.submission]
        kept = came >= self.from_s * MS
        if self.queue is not None:
            kept &= records.submissions.queue[records.jobs.submission] == self.queue
        return np.flatnonzero(kept)

    @cached_property
    def came_ms(self) -> Ints:
        """When they were submitted."""
        records = self.result.records
        return np.asarray(records.submissions.created_at_ms[records.jobs.submission[self.rows]], dtype=np.int64)

    @cached_property
    def started_ms(self) -> Ints:
        """When they got their capacity."""
        return self._of_attempt(self.result.records.attempts.starting_at_ms)

    @cached_property
    def ended_ms(self) -> Ints:
        """When their attempt ended."""
        return self._of_attempt(self.result.records.attempts.ended_at_ms)

    @cached_property
    def latencies_s(self) -> Floats:
        """From submission to end."""
        return (self.ended_ms - self.came_ms) / MS

    @property
    def run_s(self) -> float:
        """Their mean run time, of those that ran."""
        ran = self._of_attempt(self.result.records.attempts.running_at_ms)
        took_ms = (self.ended_ms - ran)[(ran != NEVER) & (self.ended_ms != NEVER)]
        return float(took_ms.mean()) / MS

    def _of_attempt(self, column: Ints) -> Ints:
        found = np.full(len(self.result.records.jobs.state), NEVER, np.int64)
        found[self.result.records.attempts.job] = column
        return found[self.rows]


@dataclass(frozen=True)
class SteadyByRecursion(Line):
    """Those that a recursion starts."""

    jobs: Recorded
    starts: Ints
    from_s: float
    queue: int | None = None
    """Only jobs of this queue, by its place in the file."""

    @cached_property
    def rows(self) -> Ints:
        """Their places in the order of submission."""
        kept = self.jobs.came >= self.from_s * MS
        return np.flatnonzero(kept if self.queue is None else kept & (self.jobs.queue == self.queue))

    @cached_property
    def came_ms(self) -> Ints:
        """When they were submitted."""
        return self.jobs.came[self.rows]

    @cached_property
    def started_ms(self) -> Ints:
        """When the recursion starts them."""
        return self.starts[self.rows]

    @property
    def run_s(self) -> float:
        """Their mean run time."""
        return float(self.jobs.work[self.rows].mean()) / MS


Source = Result | tuple[Recorded, Ints]
"""A run; or jobs, and the starts that a recursion gives them."""


def steady(source: Source, from_s: float, queue: int | None = None) -> Line:
    """The jobs after the warm-up, of a run or of a recursion."""
    return Steady(source, from_s, queue) if isinstance(source, Result) else SteadyByRecursion(*source, from_s, queue)


def time_average(from_ms: Ints, until_ms: Ints, window_s: tuple[float, float]) -> float:
    """How many of these spells last at a time, on average over the window."""
    low, high = window_s[0] * MS, window_s[1] * MS
    inside = np.clip(until_ms, low, high) - np.clip(from_ms, low, high)
    return float(inside.sum()) / (high - low)


def time_shares(from_ms: Ints, until_ms: Ints, window_s: tuple[float, float]) -> Floats:
    """The part of the window during which 0, 1, 2, ... of these spells last; shape (greatest number + 1,)."""
    low, high = round(window_s[0] * MS), round(window_s[1] * MS)
    at = np.clip(np.concatenate([from_ms, until_ms, [low, high]]), low, high)
    change = np.repeat([1, -1, 0], [len(from_ms), len(until_ms), 2])
    order = np.argsort(at, kind="stable")
    number = np.cumsum(change[order])[:-1]
    return np.bincount(number, weights=np.diff(at[order])) / (high - low)
