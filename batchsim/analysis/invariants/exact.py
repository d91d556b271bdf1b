"""Whole-number money: products and quotients rounded half to even, with nothing lost; told figures held to it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from math import prod
from typing import Any

import numpy as np
import pandas as pd

from batchsim.analysis.typed import NO_ROWS, Int64s

NANO = 1_000_000_000

Figure = tuple[str, Any, Any]
"""A figure's path in the summary, what the summary says, what the tables say."""


def differing(figures: Iterable[Figure]) -> pd.DataFrame:
    """The figures of which summary and tables say different things."""
    wrong = [figure for figure in figures if figure[1] != figure[2]]
    return pd.DataFrame(wrong, columns=["figure", "summary", "tables"]) if wrong else NO_ROWS


def half_even(factors: tuple[Int64s, ...], divisor: int | Int64s) -> Int64s:
    """The factors' product over ``divisor`` (one, or one a row), each row rounded once.

    In Python's integers where int64 might overflow.
    """
    if prod(float(np.abs(factor).max(initial=0)) for factor in factors) < 2.0**62:
        numerator = np.prod(np.stack(np.broadcast_arrays(*factors)), axis=0)
        quotient, rest = np.divmod(numerator, divisor)
        return np.asarray(quotient + ((2 * rest > divisor) | ((2 * rest == divisor) & (quotient % 2 == 1))))
    columns = np.broadcast_arrays(*factors, np.asarray(divisor))
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return np.array([_half_even(prod(row[:-1]), row[-1]) for row in rows], np.int64)


def _half_even(numerator: int, divisor: int) -> int:
    quotient, rest = divmod(numerator, divisor)
    return quotient + (2 * rest > divisor or (2 * rest == divisor and quotient % 2 == 1))


def nano(value: Any) -> int | None:
    """A JSON number of dollars as whole nano-dollars; None where there is none."""
    if value is None:
        return None
    dollars = value if isinstance(value, Decimal) else Decimal(repr(value))
    return int((dollars * NANO).to_integral_value())


def total(column: Int64s) -> int:
    """A column's sum as a Python integer, empty cells left out."""
    known = column[column > -(2**61)]
    whole, rest = np.divmod(known, NANO)
    return int(whole.sum()) * NANO + int(rest.sum())
