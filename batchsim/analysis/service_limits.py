"""Uses that a service's limits count: calls in a second, jobs SUBMITTED, a bucket of launches, shares active."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from batchsim.analysis.ceilings import Cap, ShareCap
from batchsim.analysis.exact import Int64s, int64, sum_by
from batchsim.analysis.steps import Steps, steps
from batchsim.records.tables import NEVER, Ints

if TYPE_CHECKING:
    from batchsim.analysis.run import Analysis

_SECOND_MS = 1000


def calls_in_a_second(run: Analysis) -> tuple[int, int | None]:
    """Return the most SubmitJob calls that came within a second, refused ones too, and when the last of them did."""
    created = int64(run.records.submissions.created_at_ms)
    at = np.sort(np.concatenate((created[created != NEVER], int64(run.records.rejections.at_ms))))
    return _highest(np.arange(1, len(at) + 1) - np.searchsorted(at, at - _SECOND_MS, side="right"), at)


def submitted_at_once(run: Analysis, cycle_ms: int) -> tuple[int, int | None]:
    """Return the most jobs that were SUBMITTED before the scheduler looked at them, and when it did."""
    calls = run.records.submissions
    taken = calls.created_at_ms != NEVER
    created, size = int64(calls.created_at_ms)[taken], int64(calls.size)[taken]
    looked = -(-created // cycle_ms) * cycle_ms if cycle_ms else created
    at, group = np.unique(looked, return_inverse=True)
    return _highest(sum_by(group, size, len(at)), at)


def launches_of_a_burst(run: Analysis, environments: Ints) -> tuple[float, int | None]:
    """Return the most tokens that were missing from the bucket of Fargate's launches, and when.

    In whole numbers: what is missing falls by the rate, never below 0, and rises by one at each launch (Lindley).
    """
    rate = run.rules.ceilings.fargate_rate_per_s / _SECOND_MS
    attempts = run.records.attempts
    at = np.sort(run.phases.starting_ms[np.isin(attempts.environment, environments)])
    if not len(at):
        return 0, None
    risen = np.arange(1, len(at) + 1, dtype=np.int64) * rate.denominator - at * rate.numerator
    missing = risen - np.minimum.accumulate(risen - rate.denominator)
    peak, when = _highest(missing, at)
    return peak / rate.denominator, when


def active_shares(run: Analysis, queue: int, window_ms: int) -> Steps:
    """Return how many shares of a queue are active: from a job's submission to a window after the last one's end."""
    calls, spans, horizon = run.records.submissions, run.spans, run.records.horizon_ms
    call = run.records.jobs.submission
    mine = np.flatnonzero(
        (calls.queue[call] == queue) & (calls.created_at_ms[call] != NEVER) & (calls.share[call] >= 0)
    )
    share, start = int64(calls.share[call[mine]]), spans.created_ms[mine]
    end = np.minimum(spans.end_ms[mine] + np.where(spans.censored[mine], 0, window_ms), horizon)
    order = np.lexsort((start, share))
    first, last = _merged(share[order], start[order], end[order])
    return steps(first, last, 1, horizon)


def _merged(group: Int64s, start: Int64s, end: Int64s) -> tuple[Int64s, Int64s]:
    """Spans of each group, which stand by group and start, with those that overlap or meet made one."""
    if not len(group):
        return start, end
    span = int(end.max()) + 1
    until = np.maximum.accumulate(group * span + end)
    fresh = np.r_[True, (group * span + start)[1:] > until[:-1]]
    fresh |= np.r_[True, np.diff(group) != 0]
    last = np.r_[np.flatnonzero(fresh)[1:] - 1, len(group) - 1]
    return start[fresh], until[last] - group[last] * span


def reserved_room(run: Analysis, queue: ShareCap, active: Steps) -> Cap | None:
    """Return the thousandths of vCPUs that a reservation lets a queue's jobs hold over time; None without one.

    M x (1 - (r/100)^A), with M the maxvCpus of its environments and A the active shares, at least one.
    """
    caps = [run.rules.ceilings.max_vcpus_of(code) for code in queue.environments]
    if not queue.reservation or any(cap is None for cap in caps):
        return None
    known = [cap for cap in caps if cap is not None]
    at = sorted({*active.at_ms.tolist(), *(since for cap in known for since, _ in cap)})
    shares = active.at(np.array(at)).tolist()
    return tuple(
        (since, _room_milli(sum(_at(cap, since) for cap in known), queue.reservation, count))
        for since, count in zip(at, shares, strict=True)
    )


def _room_milli(most: int, percent: int, shares: int) -> int:
    whole, kept = int(100**shares), int(percent**shares)
    return most * 1000 * (whole - kept) // whole


def _at(cap: Cap, at_ms: int) -> int:
    """The limit that holds at an instant."""
    return [limit for since, limit in cap if since <= at_ms][-1]


def _highest(level: Int64s, at_ms: Int64s) -> tuple[int, int | None]:
    """The highest level and the first instant that has it; nothing where there is none."""
    if not len(level):
        return 0, None
    best = int(np.argmax(level))
    return int(level[best]), int(at_ms[best])
