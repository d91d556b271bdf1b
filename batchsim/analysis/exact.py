"""Whole-number arithmetic that never rounds in between: multiply-divide, and shares of an amount that add up to it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Int64s = NDArray[np.int64]
Exact = NDArray[Any]
"""Integers as int64 or, where they may not fit, as Python ints in an object array."""

SAFE_BITS = 62
"""Products that are proven to stay below 2**62 are kept in int64."""

_SLOW_BITS = 56
_CHUNK = 1 << 16


def mul_div(factor: ArrayLike, weight: ArrayLike, divisor: ArrayLike) -> Int64s:
    """Return ``factor * weight / divisor``, rounded once, half to even; exact however large the product is.

    All are non-negative integers (``divisor`` positive) that broadcast; each result must fit int64. int64 input is
    divided by hand, digit by digit: with ``weight, divisor < 2**k``, digits of ``62 - k`` bits keep each step below
    ``2**63``.
    """
    a, b, c = np.broadcast_arrays(np.asarray(factor), np.asarray(weight), np.asarray(divisor))
    if a.size == 0:
        return np.zeros(a.shape, np.int64)
    largest = max(int(b.max()), int(c.max()))
    if object in (a.dtype, b.dtype, c.dtype) or largest.bit_length() > _SLOW_BITS:
        return _mul_div_slowly(a, b, c)
    return _mul_div_int64(a.astype(np.int64), b.astype(np.int64), c.astype(np.int64), SAFE_BITS - largest.bit_length())


def _mul_div_int64(a: Int64s, b: Int64s, c: Int64s, digit_bits: int) -> Int64s:
    """Long division of ``a * b`` by ``c``, feeding ``a`` in digits of ``digit_bits`` from the left."""
    digits = -(-int(a.max()).bit_length() // digit_bits)
    quotient, rest = np.zeros_like(a), np.zeros_like(a)
    for position in reversed(range(digits)):
        digit = (a >> (position * digit_bits)) & ((1 << digit_bits) - 1)
        rest = (rest << digit_bits) + digit * b
        step = rest // c
        rest -= step * c
        quotient = (quotient << digit_bits) + step
    return quotient + _rounds_up(quotient, rest, c)


def _rounds_up(quotient: Int64s, rest: Int64s, divisor: Int64s) -> NDArray[np.bool_]:
    """Whether half-even rounding takes the next integer."""
    twice = 2 * rest
    return np.asarray((twice > divisor) | ((twice == divisor) & (quotient & 1 == 1)))


def _mul_div_slowly(a: Exact, b: Exact, c: Exact) -> Int64s:
    """The same with Python's integers, in chunks so that memory stays flat."""
    result = np.empty(a.size, np.int64)
    flat = a.reshape(-1), b.reshape(-1), c.reshape(-1)
    for start in range(0, a.size, _CHUNK):
        part = (column[start : start + _CHUNK].tolist() for column in flat)
        result[start : start + _CHUNK] = [_round_half_even(x * y, z) for x, y, z in zip(*part, strict=True)]
    return result.reshape(a.shape)


def _round_half_even(numerator: int, divisor: int) -> int:
    quotient, rest = divmod(numerator, divisor)
    return quotient + (2 * rest > divisor or (2 * rest == divisor and quotient & 1))


def apportion(amount: Int64s, weight: Exact, group: NDArray[np.integer], total: Exact) -> Int64s:
    """Split ``amount[g]`` over the rows of each group ``g`` by ``weight``, cumulatively rounded, in row order.

    ``group`` is ascending; ``total[g]`` is what the group's weights should add up to: it is *given*, not summed here,
    so that weights which do not add up show as parts that do not. Groups with a zero total get nothing.
    """
    if len(weight) == 0:
        return np.zeros(0, np.int64)
    bound = np.asarray(total)[group]
    cumulative = _restart(np.cumsum(weight), group)
    upto = mul_div(np.where(bound > 0, amount[group], 0), cumulative, np.where(bound > 0, bound, 1))
    before = np.zeros_like(upto)
    before[1:] = np.where(group[1:] == group[:-1], upto[:-1], 0)
    return upto - before


def _restart(cumulative: Exact, group: NDArray[np.integer]) -> Exact:
    """A running sum that starts again at each group; int64 wrap-around of the whole sum cancels in the difference."""
    first = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
    lengths = np.diff(np.r_[first, len(group)])
    start = np.concatenate((np.zeros(1, cumulative.dtype), cumulative[first[1:] - 1]))
    return np.asarray(cumulative - np.repeat(start, lengths))


def sum_by(code: NDArray[np.integer], value: Exact, size: int) -> Exact:
    """Return the sums of ``value`` by ``code`` in ``0 .. size-1``, in whole numbers."""
    sums: Exact = np.zeros(size, object if np.asarray(value).dtype == object else np.int64)
    np.add.at(sums, code, value)
    return sums


def dot(size: ArrayLike, length: ArrayLike) -> int:
    """Return the exact sum of the products of two columns: in Python's integers where int64 might not hold it."""
    a, b = int64(size), int64(length)
    bound = int(a.max(initial=0)) * int(b.max(initial=0)) * max(len(a), 1)
    return int(np.dot(a, b)) if bound < 1 << SAFE_BITS else int(np.dot(a.astype(object), b.astype(object)))


def int64(column: ArrayLike) -> Int64s:
    """Return a column widened to int64, so that products of narrow columns cannot wrap."""
    return np.asarray(column).astype(np.int64)
