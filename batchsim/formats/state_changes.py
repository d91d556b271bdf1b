"""Every change of state that records imply, in time order: columns made of columns, before anybody gives them a shape.

AWS sends no event for the submission itself, so SUBMITTED is not here. Within an instant a job's own changes keep their
order; between jobs, what ended or began to run comes before what became RUNNABLE, and that before what was placed
(the order of the simulation), ties in the order of the job rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from batchsim.records.tables import NEVER, Records
from batchsim.records.vocabulary import JobState

Int64s = NDArray[np.int64]

_RUNS, _WAITS, _PLACED, _BLOCKED = 0, 1, 2, 3
"""Ranks within one instant."""
_STEP = 4
"""Places of an attempt's changes: RUNNABLE, found blocked, STARTING, RUNNING."""

_LAST = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """One row a change. Shape of each column: (changes,)."""

    at_ms: Int64s
    row: Int64s
    """Row in ``Jobs``; for an array parent, in ``Submissions``."""
    parent: NDArray[np.bool_]
    state: Int64s
    attempt: Int64s
    """Number of the attempt that the change belongs to, from 1; 0 = none."""
    blocked: Int64s
    """Row in ``BlockedHeads`` where the job stays RUNNABLE and is found to block its queue, else NEVER."""


@dataclass(slots=True, eq=False)
class _Part:
    """Changes of one kind, before they are merged; scalars stand for whole columns."""

    at_ms: Int64s
    row: Int64s
    state: Int64s | int
    place: Int64s | int
    """Place among the job's own changes."""
    rank: Int64s | int
    attempt: Int64s | int = 0
    blocked: Int64s | int = NEVER
    order: Int64s | None = None
    """Place among the jobs; by default the row. Parents stand before their first and after their last child."""
    parent: bool = False


def state_changes(records: Records) -> Changes:
    """All changes of single jobs, array children and array parents."""
    parts = [*_waiting(records), *_attempted(records), _blocked(records), _ended(records), *_parents(records)]
    whole = {name: _joined(parts, name) for name in ("at_ms", "row", "state", "place", "rank", "attempt", "blocked")}
    order = np.concatenate([2 * part.row if part.order is None else part.order for part in parts])
    parent = np.concatenate([np.full(len(part.row), part.parent) for part in parts])
    rank = _never_falling(whole["at_ms"], order, whole["place"], whole["rank"])
    by_time = np.lexsort((whole["place"], order, rank, whole["at_ms"]))
    return Changes(
        at_ms=whole["at_ms"][by_time],
        row=whole["row"][by_time],
        parent=parent[by_time],
        state=whole["state"][by_time],
        attempt=whole["attempt"][by_time],
        blocked=whole["blocked"][by_time],
    )


def _joined(parts: list[_Part], name: str) -> Int64s:
    columns = [np.broadcast_to(np.asarray(getattr(part, name), dtype=np.int64), part.row.shape) for part in parts]
    return np.concatenate(columns)


def _waiting(records: Records) -> list[_Part]:
    """PENDING of jobs that were not RUNNABLE at once, and the RUNNABLE that no attempt followed."""
    jobs = records.jobs
    created = np.asarray(records.submissions.created_at_ms, dtype=np.int64)[jobs.submission]
    evaluated = created + records.dep_eval_delay_ms
    waits = (jobs.runnable_at_ms != evaluated) & (jobs.state >= JobState.PENDING)
    pending = np.flatnonzero((created != NEVER) & waits)
    last = np.flatnonzero(jobs.waiting_since_ms != NEVER)
    attempts = np.asarray(jobs.attempts, dtype=np.int64)[last]
    return [
        _Part(evaluated[pending], pending, JobState.PENDING, 0, _WAITS),
        _Part(
            _int64(jobs.waiting_since_ms)[last],
            last,
            JobState.RUNNABLE,
            _STEP * (attempts + 1),
            _WAITS,
            attempts + 1,
        ),
    ]


def _attempted(records: Records) -> list[_Part]:
    """RUNNABLE, STARTING and RUNNING of each attempt."""
    table = records.attempts
    job, number = _int64(table.job), _int64(table.attempt)
    ran = np.flatnonzero(table.running_at_ms != NEVER)
    running_at = _int64(table.running_at_ms)[ran]
    return [
        _Part(_int64(table.runnable_at_ms), job, JobState.RUNNABLE, _STEP * number, _WAITS, number),
        _Part(_int64(table.starting_at_ms), job, JobState.STARTING, _STEP * number + 2, _PLACED, number),
        _Part(running_at, job[ran], JobState.RUNNING, _STEP * number[ran] + 3, _RUNS, number[ran]),
    ]


def _blocked(records: Records) -> _Part:
    """Heads that were found to block their queue: RUNNABLE still, with a statusReason."""
    table, number = records.blocked, _int64(records.blocked.attempt)
    row = np.arange(len(number))
    return _Part(_int64(table.at_ms), _int64(table.job), JobState.RUNNABLE, _STEP * number + 1, _BLOCKED, number, row)


def _ended(records: Records) -> _Part:
    """SUCCEEDED and FAILED; a job that never started ends with what became of those that it waited for."""
    jobs = records.jobs
    row = np.flatnonzero(jobs.ended_at_ms != NEVER)
    attempts = _int64(jobs.attempts)[row]
    rank = np.where(attempts > 0, _RUNS, _WAITS)
    return _Part(_int64(jobs.ended_at_ms)[row], row, _int64(jobs.state)[row], _LAST, rank, attempts)


def _parents(records: Records) -> list[_Part]:
    """PENDING and the end of array parents."""
    table = records.submissions
    first, size = _int64(table.first_job), _int64(table.size)
    pending_at = _int64(table.created_at_ms) + records.dep_eval_delay_ms
    made = np.flatnonzero(table.is_array & (table.created_at_ms != NEVER) & (pending_at <= records.horizon_ms))
    done = np.flatnonzero(table.is_array & (table.ended_at_ms != NEVER))
    before, after = 2 * first[made] - 1, 2 * (first + size)[done] - 1
    return [
        _Part(pending_at[made], made, JobState.PENDING, 0, _WAITS, order=before, parent=True),
        _Part(
            _int64(table.ended_at_ms)[done],
            done,
            _int64(table.state)[done],
            _LAST,
            _last_ranks(records)[done],
            order=after,
            parent=True,
        ),
    ]


def _last_ranks(records: Records) -> Int64s:
    """The rank at which each submission ends: that of its last child, which may have ended without ever starting."""
    jobs = records.jobs
    last = jobs.ended_at_ms == records.submissions.ended_at_ms[jobs.submission]
    ranks = np.full(len(records.submissions.ended_at_ms), _RUNS, dtype=np.int64)
    ranks[jobs.submission[last & (jobs.attempts == 0)]] = _WAITS
    return ranks


def _int64(column: NDArray[np.integer]) -> Int64s:
    return np.asarray(column, dtype=np.int64)


def _never_falling(at_ms: Int64s, order: Int64s, place: Int64s, rank: Int64s) -> Int64s:
    """Ranks raised so that a job's changes of one instant never fall behind one another."""
    by_job = np.lexsort((place, order))
    rank = rank[by_job]
    same = (np.diff(order[by_job]) == 0) & (np.diff(at_ms[by_job]) == 0)
    while np.any(behind := same & (rank[1:] < rank[:-1])):
        rank[1:][behind] = rank[:-1][behind]
    raised = np.empty_like(rank)
    raised[by_job] = rank
    return raised
