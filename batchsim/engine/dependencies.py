"""Dependencies: plain, SEQUENTIAL and N_TO_N, with failures that cascade to a fixed point (fact sheet 3.1 to 3.3).

A plain dependency on an array is decided when its last child has ended; SEQUENTIAL and N_TO_N act child by child, at
once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from batchsim.engine.columns import column, frozen
from batchsim.engine.kernel import Kernel, Rank
from batchsim.engine.lifecycle import Lifecycle
from batchsim.engine.tables import Tables
from batchsim.engine.vocabulary import DEPENDENCY_FAILED
from batchsim.engine.workload.plans import DependencyKind
from batchsim.records.tables import Dependencies as DependencyRecord
from batchsim.records.vocabulary import JobState

PLAIN, N_TO_N = DependencyKind.PLAIN, DependencyKind.N_TO_N


class Dependencies:
    """Counts what each submission, and each child, still waits for. Submissions that nobody waits for cost nothing."""

    def __init__(
        self,
        kernel: Kernel,
        tables: Tables,
        lifecycle: Lifecycle,
        *,
        wait_for_cancel: bool,
        fail_delay_ms: int,
        thorough: bool,
    ) -> None:
        """``wait_for_cancel``: a cancelled PENDING job is finalised only when its dependencies have ended.

        ``fail_delay_ms``: how long after a failure the jobs fail that depend on it.
        ``thorough`` releases the jobs of an array one by one, where otherwise it is one run.
        """
        self.edges: tuple[list[int], list[int], list[int]] = ([], [], [])
        """(submission, parent, kind) of every dependency registered."""
        self._kernel = kernel
        self._submissions, self._jobs = tables.submissions, tables.jobs
        self._lifecycle = lifecycle
        self.release = lifecycle.release
        """Makes jobs RUNNABLE, rows from one up to another; :class:`Flow` has its own way while it settles."""
        self._wait_for_cancel = wait_for_cancel
        self._fail_delay_ms = fail_delay_ms
        self._doomed: set[tuple[bool, int]] = set()
        """With such a delay: the submissions, and the single children, whose failure is under way."""
        self._thorough = thorough
        self.dependents: dict[int, list[tuple[int, int]]] = {}
        """By parent: (submission, kind) of those that wait for it."""
        self._child_unmet: dict[int, bytearray] = {}
        """By submission with SEQUENTIAL or N_TO_N dependencies: what each child still waits for."""
        self.sequential: set[int] = set()
        self._cancelled: dict[int, int] = {}
        """PENDING jobs whose cancellation waits, with its status reason."""
        self._parents: dict[int, list[tuple[int, int]]] = {}
        """By submission: (parent, kind) of what it waits for; read from the edges when a PENDING job is cancelled."""
        self._edges_read = 0
        self._refused: set[int] = set()
        self._ended: deque[int] = deque()
        """Jobs, and submissions as :func:`_whole`, whose end is still to be followed."""
        self._settling = False

    def admit(self, submission: int, parents: list[tuple[int, int]], *, sequential: bool) -> None:
        """A submission was accepted: PENDING while it waits for ``parents``, (submission, kind); else RUNNABLE."""
        if not (parents or sequential or self._cancelled or self._thorough):
            self._admit_at_once(submission)
            return
        jobs = self._submissions.jobs_of(submission)
        self._jobs.state[jobs.start : jobs.stop] = bytes([JobState.PENDING]) * len(jobs)
        self._submissions.state[submission] = JobState.PENDING
        if sequential or any(kind == N_TO_N for _, kind in parents):
            self._child_unmet[submission] = bytearray(len(jobs))
        if self._cancelled and not self._wait_for_cancel:
            self._fail_cancelled(jobs)
        if sequential:
            self._watch_sequence(submission)
        for parent, kind in parents:
            self._watch(submission, parent, kind)
        for parent, kind in parents:
            self._catch_up(submission, parent, kind)
        self._release(submission)
        self._end_cancelled(submission)

    def is_followed(self, submission: int) -> bool:
        """Whether anything waits for a call, or for single jobs of it."""
        return submission in self.dependents or submission in self.sequential

    @property
    def has_followers(self) -> bool:
        """Whether anything waits for any call."""
        return bool(self.dependents or self.sequential)

    @property
    def has_cancelled(self) -> bool:
        """Whether jobs were cancelled that wait for their dependencies."""
        return bool(self._cancelled)

    def _admit_at_once(self, submission: int) -> None:
        """A call that waits for nothing: as :meth:`admit` would, without a look at each of its jobs."""
        first = self._submissions.first_job[submission]
        self._submissions.state[submission] = JobState.PENDING
        self.release(first, first + self._submissions.size[submission])

    def job_ended(self, job: int) -> None:
        """Note a job's end; what follows for others happens after the submissions of the same instant."""
        submission = self._jobs.submission[job]
        if self.is_followed(submission):
            self._ended.append(job)
            if not self._submissions.left[submission]:
                self._ended.append(_whole(submission))
            if not self._settling:
                self._settling = True
                self._kernel.call_at(self._kernel.now_ms, Rank.SETTLE, self.settle)

    def note(self, job: int) -> None:
        """As :meth:`job_ended`, for somebody who calls :meth:`settle` himself, after the submissions of the instant."""
        self._ended.append(job)
        submission = self._jobs.submission[job]
        if not self._submissions.left[submission]:
            self._ended.append(_whole(submission))
        self._settling = True

    def refused(self, submission: int) -> None:
        """A call was refused: nothing that waits for it can ever start."""
        self._refused.add(submission)
        for dependent, _ in self.dependents.get(submission, ()):
            self._fail_pending(dependent)
            self._end_cancelled(dependent)

    def cancel(self, job: int, status_reason: int) -> None:
        """Cancel a PENDING job: at once, or flagged until all that it depends on has ended (API, CancelJob).

        A job that is still SUBMITTED is flagged until its dependencies are evaluated.
        """
        if self._wait_for_cancel or self._jobs.state[job] == JobState.SUBMITTED:
            self._cancelled.setdefault(job, status_reason)
            self._read_parents()
            if self._jobs.state[job] == JobState.PENDING:  # what it waits for may be over: ``dep_fail_delay`` runs
                self._end_if_over(job)
        else:
            self._lifecycle.fail(job, status_reason)

    def freeze(self) -> DependencyRecord:
        """Return the frozen record."""
        columns = [column("i"), column("i"), column("b")]
        for values, added in zip(columns, self.edges, strict=True):
            values.extend(added)
        submission, parent, kind = (frozen(values) for values in columns)
        return DependencyRecord(submission=submission, parent=parent, kind=kind)

    # -- registering

    def _record(self, submission: int, parent: int, kind: int) -> None:
        for values, value in zip(self.edges, (submission, parent, kind), strict=True):
            values.append(value)

    def _watch_sequence(self, submission: int) -> None:
        self._record(submission, submission, DependencyKind.SEQUENTIAL)
        self.sequential.add(submission)
        unmet = self._child_unmet[submission]
        for index in range(1, len(unmet)):
            unmet[index] = 1

    def _watch(self, submission: int, parent: int, kind: int) -> None:
        """Wait for a parent."""
        self._record(submission, parent, kind)
        self.dependents.setdefault(parent, []).append((submission, kind))
        if kind == PLAIN:
            self._submissions.unmet[submission] += 1
        else:
            unmet = self._child_unmet[submission]
            unmet[:] = bytes(count + 1 for count in unmet)

    def _catch_up(self, submission: int, parent: int, kind: int) -> None:
        """Learn what has become of a parent before; what ended in this very instant is followed in its turn."""
        if kind == PLAIN:
            if not self._submissions.left[parent] and _whole(parent) not in self._ended:
                self._decide_plain(submission, parent)
            return
        for index, job in enumerate(self._submissions.jobs_of(parent)):
            if self._jobs.state[job] >= JobState.SUCCEEDED and job not in self._ended:
                self._decide_child(submission, index, self._has_succeeded(job))

    # -- settling

    def settle(self, _: None) -> None:
        """Work off the jobs that ended, and those that fail because of them, until nothing follows any more."""
        while self._ended:
            ended = self._ended.popleft()
            if self._thorough or ended < 0 or self._cancelled:
                self._follow(ended)
            else:
                self._follow_one(ended)
        self._settling = False

    def _follow_one(self, ended: int) -> None:
        """As :meth:`_follow` for a job, without a call for each that waits, where it is a success that is followed."""
        submission = self._jobs.submission[ended]
        state, first_job = self._jobs.state, self._submissions.first_job
        if state[ended] != JobState.SUCCEEDED or submission in self.sequential:
            self._follow(ended)
            return
        index = ended - first_job[submission]
        for dependent, kind in self.dependents.get(submission, ()):
            if kind != N_TO_N:
                continue
            job = first_job[dependent] + index
            if state[job] == JobState.PENDING:
                unmet = self._child_unmet[dependent]
                unmet[index] -= 1
                if not unmet[index] and not self._submissions.unmet[dependent]:
                    self.release(job, job + 1)

    def _follow(self, ended: int) -> None:
        """Tell those who wait for a job, or for a whole submission."""
        if ended < 0:
            submission = _whole(ended)
            for dependent, kind in self.dependents.get(submission, ()):
                if kind == PLAIN:
                    self._decide_plain(dependent, submission)
            return
        submission = self._jobs.submission[ended]
        index, succeeded = ended - self._submissions.first_job[submission], self._has_succeeded(ended)
        if submission in self.sequential and index + 1 < self._submissions.size[submission]:
            self._decide_child(submission, index + 1, succeeded)
        for dependent, kind in self.dependents.get(submission, ()):
            if kind == N_TO_N:
                self._decide_child(dependent, index, succeeded)

    def _decide_plain(self, submission: int, parent: int) -> None:
        """A whole parent has ended: one thing less to wait for, or everything fails."""
        if self._submissions.failed[parent]:
            self._doom(submission, self._fail_pending, whole=True)
        else:
            self._submissions.unmet[submission] -= 1
            self._release(submission)
        self._end_cancelled(submission)

    def _decide_child(self, submission: int, index: int, succeeded: bool) -> None:
        """What a child waited for has ended."""
        job = self._submissions.first_job[submission] + index
        if self._jobs.state[job] != JobState.PENDING:
            return
        if job in self._cancelled:
            self._end_if_over(job)
            return
        if not succeeded:
            self._doom(job, self._fail_one, whole=False)
            return
        unmet = self._child_unmet[submission]
        unmet[index] -= 1
        if not unmet[index] and not self._submissions.unmet[submission]:
            self.release(job, job + 1)

    def _release(self, submission: int) -> None:
        """Release the children that wait for nothing any more, in contiguous runs."""
        if self._submissions.unmet[submission]:
            return
        for low, high in self._free_runs(submission):
            self.release(low, high)

    def _free_runs(self, submission: int) -> Iterator[tuple[int, int]]:
        """Yield the runs of PENDING children without an unmet dependency; usually the array is one run."""
        jobs = self._submissions.jobs_of(submission)
        states = self._jobs.state[jobs.start : jobs.stop]
        unmet = self._child_unmet.get(submission, bytes(len(jobs)))
        flagged = self._cancelled and any(job in self._cancelled for job in jobs)
        if not (self._thorough or any(unmet) or flagged) and states.count(JobState.PENDING) == len(jobs):
            yield jobs.start, jobs.stop
            return
        for job, state, waits in zip(jobs, states, unmet, strict=True):
            if state == JobState.PENDING and not waits and job not in self._cancelled:
                yield job, job + 1

    def _doom(self, what: int, fail: Callable[[int], None], *, whole: bool) -> None:
        """Fail a whole submission, or one child: now, or once after ``dep_fail_delay``."""
        if not self._fail_delay_ms:
            fail(what)
        elif (whole, what) not in self._doomed:
            self._doomed.add((whole, what))
            self._kernel.call_at(self._kernel.now_ms + self._fail_delay_ms, Rank.SETTLE, fail, what)

    def _fail_pending(self, submission: int) -> None:
        """All of a call's jobs fail that were not cancelled before: these wait for the rest of their dependencies."""
        for job in self._submissions.jobs_of(submission):
            self._fail_one(job)

    def _fail_one(self, job: int) -> None:
        if self._jobs.state[job] == JobState.PENDING and job not in self._cancelled:
            self._lifecycle.fail(job, DEPENDENCY_FAILED)

    # -- cancelled before they were RUNNABLE

    def _fail_cancelled(self, jobs: range) -> None:
        """End those of a call's jobs that were cancelled while they were SUBMITTED."""
        for job in jobs:
            if job in self._cancelled:
                self._lifecycle.fail(job, self._cancelled.pop(job))

    def _read_parents(self) -> None:
        """Catch up with the edges that were registered since the last time."""
        kinds = self.edges[2]
        for at in range(self._edges_read, len(kinds)):
            submission, parent = self.edges[0][at], self.edges[1][at]
            self._parents.setdefault(submission, []).append((parent, kinds[at]))
        self._edges_read = len(kinds)

    def _end_cancelled(self, submission: int) -> None:
        """End the cancelled jobs of a call that wait for nothing any more."""
        if self._cancelled:
            self._read_parents()
            for job in [job for job in self._submissions.jobs_of(submission) if job in self._cancelled]:
                self._end_if_over(job)

    def _end_if_over(self, job: int) -> None:
        """End a cancelled job once all that it depends on has ended, however that ended."""
        submission = self._jobs.submission[job]
        if all(self._is_over(job, *parent) for parent in self._parents.get(submission, ())):
            self._lifecycle.fail(job, self._cancelled.pop(job))

    def _is_over(self, job: int, parent: int, kind: int) -> bool:
        """Whether what a job waits for has ended, or will never come to be."""
        if kind == PLAIN:
            return parent in self._refused or not self._submissions.left[parent]
        index = job - self._submissions.first_job[self._jobs.submission[job]]
        at = index - 1 if kind == DependencyKind.SEQUENTIAL else index
        return at < 0 or parent in self._refused or self._has_ended(self._submissions.first_job[parent] + at)

    def _has_ended(self, job: int) -> bool:
        return self._jobs.state[job] >= JobState.SUCCEEDED

    def _has_succeeded(self, job: int) -> bool:
        return self._jobs.state[job] == JobState.SUCCEEDED


def _whole(code: int) -> int:
    """Between a submission and the negative code under which its own end stands among ended jobs."""
    return -1 - code
