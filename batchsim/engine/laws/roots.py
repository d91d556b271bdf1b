"""Where a rising or falling function crosses zero: the regula falsi of Illinois, in plain double arithmetic."""

from __future__ import annotations

from collections.abc import Callable

_MOST_STEPS = 200
_CLOSE = 2.0**-51
"""A step so small, relative to the zero or to 1, finds nothing more."""


def root(function: Callable[[float], float], low: float, high: float) -> float:
    """The zero of a monotone function between two points at which it has different signs, to the last bits.

    Where the signs are equal, the end at which the function is nearer to zero.
    """
    at_low, at_high = function(low), function(high)
    if (at_low > 0) == (at_high > 0):
        return low if abs(at_low) < abs(at_high) else high
    for _ in range(_MOST_STEPS):
        middle = high - at_high * (high - low) / (at_high - at_low)
        if not min(low, high) < middle < max(low, high):
            middle = (low + high) / 2
        if abs(middle - high) <= _CLOSE * max(abs(middle), 1.0):
            break
        at_middle = function(middle)
        if at_middle == 0:
            return middle
        if (at_middle > 0) == (at_high > 0):
            at_low /= 2  # the end that stays weighs less, or the bracket would shrink from one side alone
        else:
            low, at_low = high, at_high
        high, at_high = middle, at_middle
    return high
