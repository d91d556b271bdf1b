"""Failures by probability: drawn afresh for each attempt, striking at the end of the work or part of the way."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from batchsim.engine.laws import Millis, Sampler, whole_ms
from batchsim.engine.randomness import Stream


@dataclass(frozen=True, slots=True)
class Failure:
    """One way to fail.

    ``after`` is the part of the work that is done when it strikes (0 to 1), or a sampler of the time until then, cut at
    the end of the work; None is the end of the work.
    """

    exit_code: int
    reason: int
    after: float | Sampler | None = None

    def strike_ms(self, work_ms: Millis, jobs: NDArray[np.intp]) -> Millis:
        """Run times of the first attempts of the given jobs, whose works are given: int64 ms, shape as ``jobs``."""
        if self.after is None:
            return work_ms
        if isinstance(self.after, Sampler):
            cut_ms: Millis = np.minimum(self.after.pick_ms(jobs), work_ms)
            return cut_ms
        return whole_ms(work_ms.astype(np.float64) * self.after, least_ms=1)

    def strike_one_ms(self, work_ms: int, index: int, attempt: int) -> int:
        """The run time of one attempt: equal to what :meth:`strike_ms` gives for the first."""
        if self.after is None:
            return work_ms
        if isinstance(self.after, Sampler):
            return min(self.after.one_ms(index, attempt), work_ms)
        return max(round(work_ms * self.after), 1)


@dataclass(frozen=True, slots=True)
class Failures:
    """Ways to fail, of which at most one strikes an attempt; ``limits`` are their cumulative probabilities."""

    limits: tuple[float, ...]
    ways: tuple[Failure, ...]
    stream: Stream

    def first(self, jobs: int) -> NDArray[np.intp]:
        """The way in which each job's first attempt fails, ``len(ways)`` for none: shape (jobs,)."""
        return np.searchsorted(np.array(self.limits), self.stream.block(0, jobs), side="right")

    def one(self, index: int, attempt: int) -> Failure | None:
        """The way in which one attempt fails, if it does."""
        way = bisect_right(self.limits, self.stream.one(index, attempt))
        return self.ways[way] if way < len(self.ways) else None
