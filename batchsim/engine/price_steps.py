"""Prices that change in steps: what holds at an instant, and the mean over a stretch of time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

Steps = Sequence[tuple[int, int]]
"""(instant in ms, nano-dollars an hour), from t = 0 on."""


def price_at(steps: Steps, at_ms: int) -> int:
    """The price at an instant; a step holds from its own instant on."""
    return steps[bisect_right(steps, at_ms, key=lambda step: step[0]) - 1][1]


def mean_price(steps: Steps, from_ms: int, to_ms: int) -> int:
    """The mean over a stretch of time, to the nano-dollar an hour, half to even; of no time the price at its start."""
    if to_ms <= from_ms:
        return price_at(steps, from_ms)
    cuts = [from_ms, *(at for at, _ in steps if from_ms < at < to_ms), to_ms]
    total, length = sum((end - start) * price_at(steps, start) for start, end in pairwise(cuts)), to_ms - from_ms
    whole, rest = divmod(total, length)
    return whole + (2 * rest > length or (2 * rest == length and whole % 2))
