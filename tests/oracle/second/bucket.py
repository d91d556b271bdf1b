"""A token bucket, in exact fractions of a launch."""

from __future__ import annotations

from fractions import Fraction
from math import ceil


class Bucket:
    """Holds ``burst`` launches when it is full, as it is at 0, and gets ``rate`` a ms."""

    def __init__(self, burst: int, rate: Fraction) -> None:
        self.burst, self.rate = burst, rate
        self.level, self.at = Fraction(burst), 0
        self.is_awaited = False  # by a job that the last pass found

    def has(self, now: int) -> Fraction:
        return min(Fraction(self.burst), self.level + (now - self.at) * self.rate)

    def take(self, now: int) -> None:
        self.level, self.at = self.has(now) - 1, now

    def opens_at(self) -> int:
        """When there is, or was, a whole launch again."""
        return self.at + max(0, ceil((1 - self.level) / self.rate))
