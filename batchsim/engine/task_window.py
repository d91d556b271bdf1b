"""A window of ends of Fargate tasks, worked off in columns: hundreds end and start by a few dozen operations of numpy.

Tasks share nothing, so that what starts in a pass hangs on one sum: the vCPUs that were free, and what has ended since.
As long as no task that starts in a window ends before its last pass, all its ends are known beforehand. It stops short
of whatever is out of the ordinary: a task that does not succeed, the last one of a call, the end of the run of equal
jobs, the next event of SimPy's heap. From there the loop goes on that takes one end after the other
(``engine/task_turnover.py``): it is the plain twin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from batchsim.engine.columns import taken, written
from batchsim.engine.courses import Courses
from batchsim.engine.dependencies import Dependencies
from batchsim.engine.ends import KEY_BITS, TURN_MASK
from batchsim.engine.fargate import FargateEnvironment
from batchsim.engine.kernel import Kernel
from batchsim.engine.many_starts import open_first
from batchsim.engine.tables import Tables
from batchsim.engine.vocabulary import EXITED
from batchsim.records.tables import NEVER, Bools, Ints
from batchsim.records.vocabulary import JobState, Outcome

LEAST = 64
"""Windows of fewer ends cost more than the loop."""
MOST = 1 << 16
"""Ends of one window at most, so that what it takes in memory has a bound."""
_LAST = (1 << 62) - 1


@dataclass(frozen=True, slots=True)
class TaskLine:
    """The run of equal jobs at the head of the one queue that waits, and where they start."""

    environment: FargateEnvironment
    low: int
    high: int
    milli: int
    """What each takes, in thousandths of a vCPU."""


@dataclass(frozen=True, slots=True)
class _Ends:
    """Ends in order, shape of each column: (ends,); the first ``plain`` of them are ordinary."""

    at_ms: Ints
    row: Ints
    job: Ints
    submission: Ints
    plain: int


@dataclass(frozen=True, slots=True)
class _Plans:
    """What becomes of the next jobs in line, from their placement on. Shape of each column: (jobs,)."""

    provision_ms: Ints
    pull_ms: Ints
    run_ms: Ints

    @property
    def lasting_ms(self) -> Ints:
        """How long each lasts."""
        return self.provision_ms + self.pull_ms + self.run_ms


class TaskWindow:
    """Works off windows for the head of a :class:`TaskTurnover`."""

    def __init__(
        self, kernel: Kernel, tables: Tables, dependencies: Dependencies, courses: Courses, cycle_ms: int
    ) -> None:
        self._kernel = kernel
        self._tables = tables
        self._dependencies = dependencies
        self._courses = courses
        self._cycle_ms = cycle_ms

    def work_off(self, before: int, line: TaskLine) -> tuple[int, int, int]:
        """Work off ends below a key: (how many, how many jobs started, the clock); no ends where it cannot be."""
        nothing, ends = (0, 0, NEVER), self._kernel.ends
        if len(ends.due) + len(ends.late) <= LEAST:
            return nothing
        keys = ends.gather()
        keys = keys[: min(int(np.searchsorted(keys, min(before - ends.base, _LAST))), MOST)]
        found = self._ends(keys, line.environment.position) if len(keys) > LEAST else None
        if found is None or found.plain < LEAST:
            return nothing
        freed_milli, pass_at = self._freed_milli(found), self._pass_at(found.at_ms)
        startable = min(line.high - line.low - 1, self._room(line, int(freed_milli[-1])))
        plans = self._plans(line.low, startable)
        if plans is None:
            return nothing
        started = np.maximum(line.environment.room_milli() + freed_milli, 0) // line.milli
        within = int(np.searchsorted(started, len(plans.run_ms), side="right"))
        within = _foreseen(pass_at[:within], started[:within], plans.lasting_ms)
        count = _whole_passes(found.at_ms, pass_at, min(found.plain, within))
        if count < LEAST or not self._has_tokens(line, int(pass_at[0]), int(started[count - 1])):
            return nothing
        self._end(found, count)
        if started[count - 1]:
            self._start(line, plans, pass_at[:count], started[:count])
        line.environment.use(int(started[count - 1]) * line.milli - int(freed_milli[count - 1]))
        return count, int(started[count - 1]), int(pass_at[count - 1])

    # -- what ends

    def _ends(self, keys: Ints, own: int) -> _Ends:
        """Read ends by their keys."""
        tables, jobs, ends = self._tables, self._tables.jobs, self._kernel.ends
        at_ms = (ends.base >> KEY_BITS) + (keys >> KEY_BITS)
        planned_anew = keys & 1 == 0
        row = np.where(planned_anew, 0, (keys & TURN_MASK) >> 1)
        odd = planned_anew | (taken(tables.attempts.ended_at, row) != NEVER)
        odd |= taken(tables.attempts.outcome, row) != Outcome.SUCCEEDED
        odd |= taken(tables.attempts.environment, row) != own
        if self._courses.open:
            odd |= np.isin(row, list(self._courses.open))
        job = taken(tables.attempts.job, row)
        submission = taken(jobs.submission, job)
        return _Ends(at_ms, row, job, submission, self._ordinary(odd, submission))

    def _ordinary(self, odd: Bools, submission: Ints) -> int:
        """Return how many ends come before one that is not ordinary, or the last of a call."""
        total = _cut(len(odd), odd)
        left, dependencies = self._tables.submissions.left, self._dependencies
        of_calls, counts = np.unique(submission[:total], return_counts=True)
        for each, count in zip(of_calls.tolist(), counts.tolist(), strict=True):
            if dependencies.is_followed(each):
                total = min(total, int(np.argmax(submission == each)))
            elif count >= left[each]:
                total = min(total, int(np.flatnonzero(submission == each)[left[each] - 1]))
        return total

    def _freed_milli(self, found: _Ends) -> Ints:
        """Return what is given back by the end of each end's pass, of all that end in it, shape (ends,)."""
        milli = np.array([shape.vcpus_milli for shape in self._tables.shapes], dtype=np.int64)
        sums = np.cumsum(milli[taken(self._tables.submissions.shape, found.submission)])
        pass_at = self._pass_at(found.at_ms)
        return np.asarray(sums[np.searchsorted(pass_at, pass_at, side="right") - 1])

    def _pass_at(self, at_ms: Ints) -> Ints:
        """Return the instant of the pass that follows each end."""
        cycle = self._cycle_ms
        return -(-at_ms // cycle) * cycle if cycle else at_ms

    def _end(self, found: _Ends, count: int) -> None:
        tables, jobs, ends = self._tables, self._tables.jobs, self._kernel.ends
        row, job, at_ms = found.row[:count], found.job[:count], found.at_ms[:count]
        written(tables.attempts.ended_at, row, at_ms)
        written(jobs.ended_at, job, at_ms)
        written(jobs.state, job, int(JobState.SUCCEEDED))
        written(jobs.status_reason, job, EXITED)
        written(jobs.attempt_row, job, NEVER)
        of_calls, counts = np.unique(found.submission[:count], return_counts=True)
        for submission, ended in zip(of_calls.tolist(), counts.tolist(), strict=True):
            tables.submissions.left[submission] -= ended
        ends.pending -= count
        del ends.due[len(ends.due) - count :]

    # -- what starts

    def _room(self, line: TaskLine, freed_milli: int) -> int:
        return max(0, line.environment.room_milli() + freed_milli) // line.milli

    def _has_tokens(self, line: TaskLine, at_ms: int, jobs: int) -> bool:
        """Whether the launch rate lets all of them start, whenever that is from an instant on."""
        return line.environment.account.bucket.tokens(at_ms) >= jobs

    def _plans(self, low: int, count: int) -> _Plans | None:
        """Return what becomes of the next jobs, up to one that is not ordinary; None where there are none."""
        jobs, entry = self._tables.jobs, self._tables.entry(low)
        line, index = slice(low, low + count), low - entry.first_job
        run_ms, odd = taken(jobs.run, line), taken(jobs.attempts, line) > 0
        if entry.limit_ms != NEVER:
            odd |= run_ms > entry.limit_ms
        count = _cut(len(odd), odd)
        if not count:
            return None
        pull_ms = (
            entry.task_pulls.some_ms(index, count)
            if entry.pull is None
            else np.full(count, entry.pull.fargate_ms, dtype=np.int64)
        )
        return _Plans(entry.provision.some_ms(index, count), pull_ms, run_ms[:count])

    def _start(self, line: TaskLine, plans: _Plans, pass_at: Ints, started: Ints) -> None:
        """Open the attempts of the jobs next in line; ``started``: how many have come by the end of each one's pass."""
        count = int(started[-1])
        last = np.append(np.flatnonzero(np.diff(pass_at)), len(pass_at) - 1)
        instants, begun = pass_at[last], np.diff(started[last], prepend=0)
        at_ms = np.repeat(instants, begun)
        pull_at = at_ms + plans.provision_ms[:count]
        running_at = pull_at + plans.pull_ms[:count]
        row = open_first(
            self._tables,
            line.low,
            line.environment.position,
            instance=NEVER,
            starting_at=at_ms,
            pull_at=pull_at,
            pulled_at=running_at,
            running_at=running_at,
        )
        line.environment.account.bucket.take_over_time(instants[begun > 0].tolist(), begun[begun > 0].tolist())
        self._kernel.ends.put_exits(running_at + plans.run_ms[:count], row)


def _foreseen(pass_at: Ints, started: Ints, lasting_ms: Ints) -> int:
    """Return how many ends have their pass before any task ends that starts until then."""
    if not len(started) or not started[-1]:
        return len(pass_at)
    begun_at = pass_at[np.searchsorted(started, np.arange(started[-1]), side="right")]
    first_end = np.minimum.accumulate(begun_at + lasting_ms[: started[-1]])
    over = np.flatnonzero((started > 0) & (pass_at >= first_end[np.maximum(started, 1) - 1]))
    return int(over[0]) if len(over) else len(pass_at)


def _whole_passes(at_ms: Ints, pass_at: Ints, count: int) -> int:
    """Return how many of the first ends a pass comes behind before the next end, which must be known."""
    count = min(count, len(at_ms) - 1)
    whole = np.flatnonzero(pass_at[: max(count, 0)] < at_ms[1 : max(count, 0) + 1])
    return int(whole[-1]) + 1 if len(whole) else 0


def _cut(total: int, odd: Bools) -> int:
    """Return how many of the first so many come before the first that is odd."""
    first = np.flatnonzero(odd[:total])
    return int(first[0]) if len(first) else total
