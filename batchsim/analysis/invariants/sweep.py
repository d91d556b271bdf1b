"""Sweeps over time: running totals, steps of a step function, greatest values in a range; all vectorised and exact."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from batchsim.analysis.typed import Int64s


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """Running totals by group: after each event, sorted by group, instant and rank within the instant."""

    group: Int64s
    at_ms: Int64s
    row: Int64s
    """The event's position in the columns that were given."""
    level: Int64s

    def before(self) -> Int64s:
        """The total just before each event."""
        changed = np.zeros_like(self.level)
        changed[1:] = np.where(self.group[1:] == self.group[:-1], self.level[:-1], 0)
        return changed


def levels(group: Int64s, at_ms: Int64s, rank: Int64s, delta: Int64s) -> Levels:
    """Sum ``delta`` over time within each group; events of one instant count by ``rank``, then as given."""
    order = event_order(group, at_ms, rank)
    return levels_in(order, group, at_ms, delta)


def event_order(group: Int64s, at_ms: Int64s, rank: Int64s) -> Int64s:
    """Positions of events sorted by group, instant and rank."""
    order = time_order(at_ms, rank)
    return np.asarray(order[ascending(group[order])])


def time_order(at_ms: Int64s, rank: Int64s) -> Int64s:
    """Positions of events sorted by instant and rank; what has both in common stays in its order."""
    ranks = int(rank.max(initial=0)) + 1
    if at_ms.min(initial=0) < 0 or int(at_ms.max(initial=0)) >= 2**62 // ranks:
        return np.lexsort((rank, at_ms))
    return ascending(at_ms * ranks + rank)


def ascending(keys: Int64s) -> Int64s:
    """The stable order of keys; sorted together with their positions where both fit, which is far faster."""
    bits = len(keys).bit_length()
    if len(keys) == 0 or keys.min() < 0 or int(keys.max()) >> (62 - bits):
        return np.argsort(keys, kind="stable")
    packed = keys << bits
    packed |= np.arange(len(keys))
    packed.sort()
    packed &= (1 << bits) - 1
    return np.asarray(packed)


def combined(*columns: Int64s) -> Int64s:
    """One number for each combination of some columns' values that there is, from 0 on; at least one column."""
    number, size = np.zeros(len(columns[0]), np.int64), 1
    for each in columns:
        column, low = each, int(each.min(initial=0))
        width = int(each.max(initial=0)) - low + 1
        if size * width >= 2**62:
            (number, known), (column, values) = pd.factorize(number), pd.factorize(each)
            size, width, low = len(known), len(values), 0
        number = number * width
        number += column - low
        size *= width
    return np.asarray(pd.factorize(number)[0], np.int64)


def split(group: Int64s, groups: int) -> list[Int64s]:
    """The positions of each group, ascending."""
    order = ascending(group)
    return np.split(order, np.searchsorted(group[order], np.arange(1, groups)))


def commonest(group: Int64s, most: int) -> list[Int64s]:
    """The positions of each group, of so many that have the most."""
    if not len(group):
        return []
    there = (each for each in split(group, int(group.max()) + 1) if len(each))
    return sorted(there, key=len, reverse=True)[:most]


def levels_in(order: Int64s, group: Int64s, at_ms: Int64s, delta: Int64s) -> Levels:
    """Running totals of ``delta`` in an order that :func:`event_order` gave."""
    group, total = group[order], np.cumsum(delta[order])
    return Levels(group, at_ms[order], order, restarted(total, group))


def restarted(total: Int64s, group: Int64s) -> Int64s:
    """A running total that starts afresh at each new group."""
    if len(total) == 0:
        return total
    first = np.flatnonzero(np.append(True, group[1:] != group[:-1]))
    lengths = np.diff(np.append(first, len(group)))
    before: Int64s = np.where(first > 0, total[first - 1], 0)
    return total - before.repeat(lengths)


def last_at(times_ms: Int64s, wanted_ms: Int64s) -> Int64s:
    """Position of the last of the ascending ``times_ms`` at or before each wanted instant, -1 before the first."""
    return np.asarray(np.searchsorted(times_ms, wanted_ms, side="right") - 1, np.int64)


def value_at(times_ms: Int64s, values: Int64s, wanted_ms: Int64s, before: int = 0) -> Int64s:
    """A step function at the wanted instants; ``before`` ahead of its first step."""
    return np.asarray(np.append(values, np.int64(before))[last_at(times_ms, wanted_ms)])


def greatest_in(values: Int64s, low: Int64s, high: Int64s, empty: int) -> Int64s:
    """The greatest of ``values[low:high]`` for each pair, ``empty`` where it is empty; O(n log n), doubling windows."""
    width = high - low
    best = np.full(len(low), empty, np.int64)
    window, size = values, 1
    while size <= width.max(initial=0):
        mine = np.flatnonzero((width >= size) & (width < 2 * size))
        best[mine] = np.maximum(window[low[mine]], window[high[mine] - size])
        window = np.maximum(window[:-size], window[size:])
        size *= 2
    return best
