"""Turnover where queues share fairly: ends of attempts worked off many at a time, up to the next event of SimPy's heap.

The fast twin of :meth:`Attempts.end` and what follows from it, for attempts on instances that succeed: their jobs end,
their room is free, their shares hold less. They are those up to the next pass, which is the scheduler's own. Anything
else stays where it is, for the kernel to process one by one. ``Simulation(thorough=True)`` does without, and so does a
run that is stepped from decision to decision.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from batchsim.engine.attempts import Attempts
from batchsim.engine.dependencies import Dependencies
from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.ends import KEY_BITS, TURN_MASK
from batchsim.engine.environment import Environment
from batchsim.engine.job_queue import JobQueue
from batchsim.engine.kernel import Kernel
from batchsim.engine.lifecycle import Lifecycle
from batchsim.engine.scale_in import ScaleIn
from batchsim.engine.scheduler import Scheduler
from batchsim.engine.share_queue import ShareQueue
from batchsim.engine.submit_job import SubmitJob
from batchsim.engine.tables import Tables
from batchsim.engine.vocabulary import EXITED
from batchsim.records.tables import NEVER
from batchsim.records.vocabulary import JobState, Outcome


class ShareTurnover:
    """Called by the kernel when an end comes next."""

    def __init__(
        self,
        kernel: Kernel,
        tables: Tables,
        attempts: Attempts,
        environments: Sequence[Environment],
        queues: Sequence[JobQueue],
        lifecycle: Lifecycle,
        submit_job: SubmitJob,
        dependencies: Dependencies,
        scheduler: Scheduler,
        scale_in: ScaleIn,
        is_stepping: Callable[[], bool],
    ) -> None:
        self._kernel = kernel
        self._tables = tables
        self._attempts = attempts
        self._environments = environments
        self._queues = queues
        self._lifecycle = lifecycle
        self._submit_job = submit_job
        self._dependencies = dependencies
        self._scheduler = scheduler
        self._scale_in = scale_in
        self._is_stepping = is_stepping
        self._work_off = worker(self)

    def __call__(self, before: int) -> None:
        """Work off ends whose key is below ``before``, as far as it goes."""
        if not self._attempts.stopping and self._scheduler.stalls is None and not self._is_stepping():
            self._work_off(before)

    def end_whole(self, submission: int, at_ms: int) -> None:
        """The last job of a call ended: it succeeded."""
        self._kernel.now_ms = at_ms
        self._lifecycle.end_submission(submission, JobState.SUCCEEDED, EXITED)
        self._submit_job.ended(submission)

    def fell_empty(self, environment: Ec2Environment, row: int, at_ms: int) -> None:
        """Nothing runs on an instance any more."""
        self._kernel.now_ms = at_ms
        environment.idle_since.setdefault(row, at_ms)
        self._scale_in.watch(environment, row)

    def request_pass(self, at_ms: int) -> None:
        """A job ended: let a pass follow."""
        self._kernel.set_clock(at_ms)
        self._scheduler.request_pass()


def worker(self: ShareTurnover) -> Callable[[int], None]:  # noqa: C901, PLR0915 (with its loop)
    """Return the loop over ends. It is one function, and looks nothing up twice: each call costs a job's 5 %."""
    kernel, tables, attempts, ends = self._kernel, self._tables, self._attempts, self._kernel.ends
    environments, queues, submit_job = self._environments, self._queues, self._submit_job
    jobs, table, instances, submissions = tables.jobs, tables.attempts, tables.instances, tables.submissions
    outcome_of, ended_at, job_of, host_of = table.outcome, table.ended_at, table.job, table.instance
    place_of, submission_of, left, shape_of = table.environment, jobs.submission, submissions.left, submissions.shape
    state_of, reason_of, job_ended_at, row_of = jobs.state, jobs.status_reason, jobs.ended_at, jobs.attempt_row
    free_vcpus, free_mib, free_gpus = instances.free_vcpus, instances.free_mib, instances.free_gpus
    whole, entry_of, queue_of = instances.vcpus, submissions.entry, submissions.queue
    shapes, entries, courses = tables.shapes, tables.entries, attempts.courses.open
    is_followed = self._dependencies.is_followed
    has_succeeded, has_exited = int(JobState.SUCCEEDED), int(Outcome.SUCCEEDED)

    def is_plain(key: int, row: int) -> bool:
        """Whether all that an end does is to let a job succeed, on an instance, that nobody waits for."""
        if not key & 1 or ended_at[row] != NEVER or outcome_of[row] != has_exited or host_of[row] < 0:
            return False
        if courses and row in courses:
            return False
        return not is_followed(submission_of[job_of[row]])

    def work_off(before: int) -> None:
        ended, now = 0, NEVER
        while (key := ends.first()) < before:
            row, at = (key & TURN_MASK) >> 1, key >> KEY_BITS
            if not is_plain(key, row):
                break
            ends.pop()
            job, host, environment = job_of[row], host_of[row], environments[place_of[row]]
            submission = submission_of[job]
            want, queue = shapes[shape_of[submission]], queues[queue_of[submission]]
            assert isinstance(environment, Ec2Environment)
            ended, now = ended + 1, at
            ended_at[row] = job_ended_at[job] = at
            state_of[job], reason_of[job], row_of[job] = has_succeeded, EXITED, NEVER
            environment.held_vcpus -= want.vcpus
            free_vcpus[host] += want.vcpus
            free_mib[host] += want.memory_mib
            free_gpus[host] += want.gpus
            environment.fleet.changed(host)
            environment.touched = True
            if isinstance(queue, ShareQueue):
                queue.let_go(entries[entry_of[submission]].share, want.vcpus_milli, at)
            left[submission] -= 1
            is_empty = free_vcpus[host] == whole[host] or (environment.draining and environment.is_empty(host))
            if is_empty or not left[submission]:
                if not left[submission]:
                    self.end_whole(submission, at)
                if is_empty:
                    self.fell_empty(environment, host, at)
                before = min(before, kernel.ends_before())
            if ended == 1:  # all that are worked off here end in time for the same pass
                self.request_pass(at)
                before = min(before, kernel.ends_before())
        if ended:
            submit_job.live_jobs -= ended
            kernel.set_clock(now)

    return work_off
