"""In which order the shares of a queue have their turns, the least weighted usage first, and how long each lasts."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from heapq import heappop, heapreplace

from batchsim.engine.share import Turn
from batchsim.records.tables import NEVER


class Line:
    """A share's waiting runs, what it has used, and what that weighs: a copy, which is used up."""

    __slots__ = ("high", "runs", "usage", "weight")

    def __init__(self, runs: Iterator[tuple[int, int]], usage: float, weight: int) -> None:
        """``runs``: (first row, row behind the last), in line."""
        self.runs = runs
        self.usage = usage
        self.weight = weight
        self.high = NEVER
        """Row behind the last of the run that it is at, once it began."""


def in_turns(
    heap: list[Turn], lines: Mapping[int, Line], step_of: Callable[[int], int], created: Callable[[int], int]
) -> Iterator[tuple[int, int]]:
    """Yield the runs in the order in which their turns come, if room is never short; ``heap`` and lines are used up.

    ``step_of(row)`` is what a job adds to its share's usage.
    """
    while heap:
        _, created_ms, low, code = heap[0]
        line, step = lines[code], step_of(low)
        if line.high == NEVER:
            line.high = next(line.runs)[1]
        count = turn_length(line.usage, step, line.weight, (created_ms, low), line.high - low, rival(heap))
        yield low, low + count
        line.usage += count * step
        following = (low + count, line.high) if low + count < line.high else next(line.runs, None)
        if following is None:
            heappop(heap)
            continue
        line.high = following[1]
        heapreplace(heap, (line.usage * line.weight, created(following[0]), following[0], code))


def rival(heap: list[Turn]) -> Turn | None:
    """Return whose turn it is after the first one's."""
    return min(heap[1:3], default=None)


def turn_length(usage: float, step: int, weight: int, tie: tuple[int, int], most: int, rival: Turn | None) -> int:
    """Return how many jobs of a run are placed one by one, each adding ``step``, before it is the rival's turn."""
    if rival is None or most == 1:
        return most
    created_ms, low = tie

    def is_over(placed: int) -> bool:
        return ((usage + placed * step) * weight, created_ms, low + placed) > rival

    return 1 if is_over(1) else 1 + bisect_left(range(1, most), True, key=is_over)
