"""Means and percentiles of whole milliseconds, peaks of what holds at one time; too few jobs have no percentile."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchsim.analysis.exact import Int64s

PERCENTILES = (50, 95, 99)
NANO_PER_USD = 1_000_000_000

Statistics = dict[str, Any]
"""``n, mean, p50, p95, p99, max, note``: seconds or dollars, None where not defined."""


def enough_for(percentile: int) -> int:
    """Return how many jobs a percentile q needs to be shown: 10 / (1 - q) (validation plan, section 2)."""
    return 1000 // (100 - percentile)


def percentile(ascending: Int64s, percent: int) -> int:
    """Return the nearest-rank percentile: the smallest value that ``percent`` % of the values do not exceed.

    It is always a value that occurred; nothing is interpolated.
    """
    rank = -(-len(ascending) * percent // 100)
    return int(ascending[max(rank, 1) - 1])


def statistics_s(values_ms: Int64s) -> Statistics:
    """Return statistics in seconds of durations in ms. Percentiles of too few values are None, and ``note`` says so."""
    return _statistics(values_ms, 1000, mean_s(int(values_ms.sum()), len(values_ms)))


def statistics_usd(values_nano_usd: Int64s) -> Statistics:
    """Return the same in dollars of amounts in nano-dollars."""
    count = len(values_nano_usd)
    mean_usd = round(int(values_nano_usd.sum()) / count) / NANO_PER_USD if count else None
    return _statistics(values_nano_usd, NANO_PER_USD, mean_usd)


def _statistics(values: Int64s, per_unit: int, mean: float | None) -> Statistics:
    ascending = np.sort(values)
    count = len(ascending)
    shown = {f"p{q}": percentile(ascending, q) / per_unit if count >= enough_for(q) else None for q in PERCENTILES}
    hidden = [q for q in PERCENTILES if count < enough_for(q)]
    needs = ", ".join(f"p{q} needs {enough_for(q)}" for q in hidden)
    return {
        "n": count,
        "mean": mean,
        **shown,
        "max": int(ascending[-1]) / per_unit if count else None,
        "note": f"too few values for some percentiles ({needs}; there are {count})" if hidden and count else "",
    }


def distribution(values_ms: Int64s, most: int) -> tuple[Int64s, NDArray[np.float64]]:
    """Return the empirical distribution: values in ascending order, and the share that does not exceed each.

    Of more than ``most`` distinct values, the nearest-rank quantiles at ``most`` equal shares, the least value first.
    """
    ascending = np.sort(values_ms)
    count = len(ascending)
    last = np.flatnonzero(np.append(np.diff(ascending) != 0, np.ones(min(1, count), np.bool_)))
    if len(last) > most:
        last = np.unique(np.append(last[0], -(-np.arange(1, most + 1) * count // most) - 1))
        last = np.unique(np.searchsorted(ascending, ascending[last], side="right") - 1)
    return ascending[last], (last + 1) / max(count, 1)


def mean_s(total_ms: int, count: int) -> float | None:
    """Return a mean in seconds, rounded to the microsecond; None of nothing."""
    return round(total_ms / count / 1000, 6) if count else None


def ratio(part: int, whole: int) -> float | None:
    """Return ``part / whole``, rounded to nine decimals; None when there is no whole."""
    return round(part / whole, 9) if whole else None


def peak(start_ms: Int64s, end_ms: Int64s, size: Int64s) -> tuple[int, int]:
    """Return the most that holds at one time, and when first, if each of ``size`` holds in ``[start, end)``."""
    if len(start_ms) == 0:
        return 0, 0
    at = np.concatenate((start_ms, end_ms))
    instants, position = np.unique(at, return_inverse=True)
    change = np.zeros(len(instants), np.int64)
    np.add.at(change, position, np.concatenate((size, -size)))
    level = np.cumsum(change)
    highest = int(np.argmax(level))
    return (int(level[highest]), int(instants[highest])) if level[highest] > 0 else (0, 0)
