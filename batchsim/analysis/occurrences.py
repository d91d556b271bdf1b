"""Each firing of what fires together (an entry, its workflow, all that follow it): when it was ready, its cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from batchsim.analysis.attribution import JobCosts
from batchsim.analysis.exact import Int64s, int64, sum_by
from batchsim.records.tables import NEVER, Bools, Records
from batchsim.records.vocabulary import JobState


@dataclass(frozen=True, slots=True, eq=False)
class Occurrences:
    """One row a firing of a group of entries, by group, then in order. Shape of each column: (rows,)."""

    entry: Int64s
    """The first entry of the group."""
    occurrence: Int64s
    """Number of the firing, from 0."""
    due_ms: Int64s
    """When its first call was due, or NEVER."""
    ended_ms: Int64s
    """When its last job ended; NEVER while one has not."""
    jobs: Int64s
    succeeded: Int64s
    failed: Int64s
    retried: Int64s
    """Jobs tried more than once."""
    own: Int64s
    """Nano-dollars of its jobs' own rows of the bill."""
    loaded: Int64s
    """The same, with their part of what their instances' attempts share."""

    @property
    def is_ready(self) -> Bools:
        """Whether all of its jobs have succeeded."""
        return np.asarray((self.jobs > 0) & (self.succeeded == self.jobs) & (self.due_ms != NEVER))

    @property
    def ready_after_ms(self) -> Int64s:
        """From due to the end of the last job; means something only where it is ready."""
        return self.ended_ms - self.due_ms


def occurrences(records: Records, costs: JobCosts) -> Occurrences:
    """Return all firings of a run."""
    group, firing, of_call = firings(records)
    size, of_job = len(group), of_call[records.jobs.submission]
    jobs, state = records.jobs, records.jobs.state
    return Occurrences(
        entry=group,
        occurrence=firing,
        due_ms=_earliest(of_call, int64(records.submissions.due_at_ms), size),
        ended_ms=_latest(of_job, int64(jobs.ended_at_ms), size),
        jobs=np.bincount(of_job, minlength=size),
        succeeded=np.bincount(of_job[state == JobState.SUCCEEDED], minlength=size),
        failed=np.bincount(of_job[state == JobState.FAILED], minlength=size),
        retried=np.bincount(of_job[jobs.attempts > 1], minlength=size),
        own=int64(sum_by(of_job, costs.own, size)),
        loaded=int64(sum_by(of_job, costs.loaded, size)),
    )


def groups(records: Records) -> Int64s:
    """Return, by entry, the first of the entries that fire together with it."""
    alone = np.arange(len(records.names.entries), dtype=np.int64)
    alone[: len(records.names.groups)] = records.names.groups
    return alone


def firings(records: Records) -> tuple[Int64s, Int64s, Int64s]:
    """Return the group and number of each firing, and the firing of each call."""
    calls = records.submissions
    group = groups(records)[calls.entry]
    most = int(calls.workflow_occurrence.max(initial=0)) + 1
    keys, of_call = np.unique(group * most + calls.workflow_occurrence, return_inverse=True)
    return keys // most, keys % most, of_call


def _earliest(row: Int64s, at_ms: Int64s, size: int) -> Int64s:
    """The first instant of each row that came; NEVER without one."""
    came = at_ms != NEVER
    first = np.full(size, np.iinfo(np.int64).max)
    np.minimum.at(first, row[came], at_ms[came])
    return np.where(first == np.iinfo(np.int64).max, NEVER, first)


def _latest(row: Int64s, at_ms: Int64s, size: int) -> Int64s:
    """The last instant of each row; NEVER while one is to come."""
    last = np.full(size, NEVER, dtype=np.int64)
    np.maximum.at(last, row, at_ms)
    last[row[at_ms == NEVER]] = NEVER
    return last
