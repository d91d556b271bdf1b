"""A level over time, exactly: what holds at each instant, its peak, its integral, its mean over stretches of time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from batchsim.analysis.exact import Int64s, dot, int64

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """A whole-number level that holds from each instant to the next, the last one to ``end_ms``."""

    at_ms: Int64s
    """Ascending and distinct; the first is 0."""
    level: Int64s
    end_ms: int

    def at(self, instants_ms: ArrayLike) -> Int64s:
        """Return the level at each instant, that of a change included; instants are not negative."""
        return np.asarray(self.level[np.searchsorted(self.at_ms, instants_ms, side="right") - 1])

    def integral(self) -> int:
        """Return the level times the milliseconds that it holds, summed."""
        return dot(self.level, np.diff(self.at_ms, append=self.end_ms))

    def peak(self) -> tuple[int, int]:
        """Return the highest level, and the first instant that has it."""
        highest = int(np.argmax(self.level))
        return int(self.level[highest]), int(self.at_ms[highest])

    def means(self, edges_ms: Int64s) -> Floats:
        """Return the mean level between each edge and the next; exact where nothing changes in between."""
        before = np.concatenate(([0.0], np.cumsum(self.level[:-1] * np.diff(self.at_ms), dtype=np.float64)))
        row = np.searchsorted(self.at_ms, edges_ms[:-1], side="right") - 1
        same = row == np.searchsorted(self.at_ms, edges_ms[1:], side="left") - 1
        held = before[row] + self.level[row] * (edges_ms[:-1] - self.at_ms[row]).astype(np.float64)
        last = np.searchsorted(self.at_ms, edges_ms[1:], side="right") - 1
        until = before[last] + self.level[last] * (edges_ms[1:] - self.at_ms[last]).astype(np.float64)
        return np.where(same, self.level[row], (until - held) / np.diff(edges_ms))


def steps(start_ms: ArrayLike, end_ms: ArrayLike, size: ArrayLike, end_of_run_ms: int) -> Steps:
    """Return the sum of the ``size`` of all spans ``[start, end)`` over time; ``size`` may be one number for all."""
    start, end = int64(start_ms), int64(end_ms)
    change = np.broadcast_to(int64(size), start.shape)
    instants = np.concatenate(([0], start, end))
    order = np.argsort(instants, kind="stable")
    by_time = instants[order]
    last = np.flatnonzero(np.append(by_time[1:] != by_time[:-1], True))
    level = np.cumsum(np.concatenate(([0], change, -change))[order])
    return Steps(by_time[last], level[last], max(end_of_run_ms, int(by_time[-1])))


def distinct(instants_ms: Sequence[ArrayLike]) -> Int64s:
    """Return all instants of some columns, ascending, each once: ``np.unique`` hashes, which takes longer."""
    by_time = np.sort(np.concatenate([int64(each) for each in instants_ms]))
    return np.asarray(by_time[np.append(True, by_time[1:] != by_time[:-1])])


def edges(curves: Iterable[Steps], most: int) -> Int64s:
    """Return instants between which the curves are to be drawn: every change, or ``most`` equal stretches if fewer.

    They run from 0 to the end, which is at least a millisecond later.
    """
    found = list(curves)
    end = max([1, *(curve.end_ms for curve in found)])
    changes = distinct([[0, end], *(curve.at_ms for curve in found)])
    if len(changes) <= most + 1:
        return int64(changes)
    return np.unique(np.linspace(0, end, most + 1).round().astype(np.int64))
