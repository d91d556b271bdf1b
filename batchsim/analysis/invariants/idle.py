"""When an instance was READY and held no job: the stretches before, between and after its attempts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from batchsim.analysis.invariants.sweep import event_order
from batchsim.analysis.typed import MISSING, Bools, Int64s


@dataclass(frozen=True, slots=True, eq=False)
class Gaps:
    """Stretches in which an instance was READY and held no job."""

    host: Int64s
    begin_ms: Int64s
    end_ms: Int64s
    fresh: Bools
    """Whether the instance had not run a job before."""


def idle_gaps(host: Int64s, start_ms: Int64s, end_ms: Int64s, ready_ms: Int64s, gone_ms: Int64s) -> Gaps:
    """Gaps of the instances, given ``host``, ``start_ms`` and ``end_ms`` of the attempts on them."""
    alive = np.flatnonzero((ready_ms != MISSING) & (ready_ms <= gone_ms))
    group, begin = np.concatenate((host, alive)), np.concatenate((start_ms, gone_ms[alive]))
    # The end of an instance stands behind its attempts that start in the same instant.
    order = event_order(group, begin, np.repeat((0, 1), (len(host), len(alive))))
    group, begin = group[order], begin[order]
    busy_until = _greatest_so_far(group, np.concatenate((end_ms, gone_ms[alive]))[order])
    fresh = np.append(True, group[1:] != group[:-1])[: len(group)]
    since = np.where(fresh, ready_ms[group], np.append(0, busy_until[:-1])[: len(group)])
    idle = np.flatnonzero((begin > since) & (since != MISSING))
    return Gaps(group[idle], since[idle], begin[idle], fresh[idle])


def _greatest_so_far(group: Int64s, values: Int64s) -> Int64s:
    """The greatest value so far within each group; groups are ascending, values at least 0 and below 2**40."""
    return np.maximum.accumulate((group << 40) + np.maximum(values, 0)) - (group << 40) if len(values) else values
