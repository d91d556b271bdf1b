"""Retries: attempts that succeed independently of one another, with a limit on their number."""

from __future__ import annotations

from math import expm1, log1p


def attempts(success: float, limit: int) -> float:
    """The mean number of attempts of a job: (1 - q^n) / p, a geometric law cut off at ``limit``."""
    return sum((1 - success) ** number for number in range(limit))


def success_within(success: float, limit: int) -> float:
    """The probability that one of at most ``limit`` attempts succeeds: 1 - q^n."""
    return 1 - float((1 - success) ** limit)


def array_success(success: float, limit: int, size: int) -> float:
    """The probability that all children of an array succeed: (1 - q^n)^size."""
    failure = (1 - success) ** limit
    return 1 + expm1(size * log1p(-failure)) if failure < 1 else 0.0


def used_exactly(success: float, limit: int, number: int) -> float:
    """The probability that a job makes ``number`` attempts."""
    before = float((1 - success) ** (number - 1))
    return before * success if number < limit else before
