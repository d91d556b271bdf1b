"""Jobs packed into lanes of their instances, for a Gantt chart: what runs at one time never shares a lane.

Records say on which instance an attempt ran, not on which of its vCPUs. Lanes are chosen here, first come first
served: the lowest stretch that holds the whole attempt, or, where the free lanes lie apart, the lowest free ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from math import gcd

import numpy as np

from batchsim.analysis.exact import Int64s, int64
from batchsim.analysis.run import Analysis
from batchsim.analysis.throughput import asked
from batchsim.records.tables import Ints

_ALL_FREE = -1
"""Python's integers have no end: every bit of -1 is set."""


@dataclass(frozen=True, slots=True, eq=False)
class Lanes:
    """Boxes: an attempt holds ``height_milli`` thousandths of a vCPU from ``bottom_milli`` up. Shape: (pieces,)."""

    attempt: Ints
    """Row in the records; an attempt whose lanes lie apart has several pieces."""
    instance: Ints
    bottom_milli: Int64s
    height_milli: Int64s


def lanes(run: Analysis, instances: Ints) -> Lanes:
    """Pack the attempts of the given instances; those that held their instance for no time have no piece."""
    attempts, phases = run.records.attempts, run.phases
    size = asked(run, run.records.submissions.vcpus_milli)
    lasting = np.flatnonzero((phases.end_ms > phases.starting_ms) & np.isin(attempts.instance, instances) & (size > 0))
    order = lasting[np.lexsort((lasting, phases.starting_ms[lasting], attempts.instance[lasting]))]
    room = (1000 * int64(run.records.instances.vcpus)).tolist()
    owners, first = np.unique(attempts.instance[order], return_index=True)
    blocks = zip(owners.tolist(), first.tolist(), [*first.tolist()[1:], len(order)], strict=False)
    pieces = [
        (row, owner, bottom, height)
        for owner, low, high in blocks
        for row, bottom, height in _pack(order[low:high], phases.starting_ms, phases.end_ms, size, room[owner])
    ]
    columns = int64(pieces).reshape(-1, 4).T
    return Lanes(*columns)


def _pack(rows: Ints, start_ms: Int64s, end_ms: Int64s, size: Int64s, room: int) -> Iterator[tuple[int, int, int]]:
    """Yield (attempt, bottom, height) for the attempts of one instance, which stand in order of their start."""
    unit = gcd(room, *size[rows].tolist())
    free, ends = _ALL_FREE, list[tuple[int, int]]()
    for row in rows.tolist():
        while ends and ends[0][0] <= start_ms[row]:
            free |= heappop(ends)[1]
        taken = _lowest(free, int(size[row]) // unit, room // unit)
        free ^= taken
        heappush(ends, (int(end_ms[row]), taken))
        yield from ((row, bottom * unit, height * unit) for bottom, height in _stretches(taken))


def _lowest(free: int, wanted: int, room: int) -> int:
    """Return ``wanted`` of the free lanes as bits: below ``room`` in one stretch, below it in several, or anywhere.

    The last is for records that gave an instance more than it has: its jobs stand out above it, but do not overlap.
    """
    inside = free & ((1 << room) - 1)
    whole = _lowest_stretch(inside, wanted)
    return whole or _lowest_lanes(inside if inside.bit_count() >= wanted else free, wanted)


def _lowest_stretch(free: int, wanted: int) -> int:
    """Return the lowest ``wanted`` neighbouring bits, 0 where there are none: shifts that double find their start."""
    fits, length = free, 1
    while length < wanted:
        step = min(length, wanted - length)
        fits &= fits >> step
        length += step
    return (fits & -fits) * ((1 << wanted) - 1)


def _lowest_lanes(free: int, wanted: int) -> int:
    """Return the lowest ``wanted`` bits."""
    taken = 0
    for _ in range(wanted):
        lane = free & -free
        taken |= lane
        free ^= lane
    return taken


def _stretches(taken: int) -> Iterator[tuple[int, int]]:
    """Yield (bottom, height) of each stretch of bits."""
    bottom = 0
    while taken:
        gap = (taken & -taken).bit_length() - 1
        taken >>= gap
        bottom += gap
        height = (~taken & -~taken).bit_length() - 1
        yield bottom, height
        taken >>= height
        bottom += height
